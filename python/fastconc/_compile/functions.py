# SPDX-License-Identifier: BSD-3-Clause
"""What calls of known functions become: `math`, the builtins and `operator` here, NumPy in
numpy_functions.py.

A handler takes the evaluator, the arguments and the keyword arguments, and gives the value. A
function is known by identity, whatever name it goes by in the user's code.
"""

from __future__ import annotations

import builtins
import math
import operator
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .arith import STATUS, describe, is_number
from .errors import Unsupported
from .ir import Val
from .values import Closure, Generator, Iterable, ListRef, Range, Table

if TYPE_CHECKING:
    from .evaluate import Evaluator

Handler = Callable[["Evaluator", list[Any], dict[str, Any]], Any]

_known: dict[Any, Handler] = {}
_numpy_done = False


def lookup(function: Any) -> Handler | None:
    try:
        handler = _known.get(function)
    except TypeError:  # not hashable
        return None
    if handler is None:
        global _numpy_done
        if not _numpy_done and "numpy" in sys.modules:
            from . import numpy_functions

            numpy_functions.register(_known)
            _numpy_done = True
            return _known.get(function)
    return handler


def known(*functions: Any) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        for function in functions:
            if function is not None:
                _known[function] = handler
        return handler

    return add


def take(
    name: str, args: list[Any], kwargs: dict[str, Any], names: str, defaults: tuple[Any, ...] = ()
) -> list[Any]:
    """Arguments by name as a Python signature would bind them; `names` separated by spaces."""
    wanted = names.split()
    if len(args) > len(wanted):
        raise Unsupported(f"{name}() takes at most {len(wanted)} arguments, {len(args)} were given")
    values = dict(zip(wanted, args, strict=False))
    for key, value in kwargs.items():
        if key not in wanted or key in values:
            raise Unsupported(f"{name}(): the argument {key!r} is not supported")
        values[key] = value
    first_default = len(wanted) - len(defaults)
    for k, key in enumerate(wanted):
        if key not in values:
            if k < first_default:
                raise Unsupported(f"{name}() misses the argument {key!r}")
            values[key] = defaults[k - first_default]
    return [values[key] for key in wanted]


# Float functions of one and two arguments

# op -> (where a finite argument makes Python raise "math domain error", where it overflows)
_DOMAIN: dict[str, Callable[[Evaluator, Any], Any]] = {
    "LOG": lambda ev, x: ev.compare("<=", x, 0.0),
    "LOG2": lambda ev, x: ev.compare("<=", x, 0.0),
    "LOG10": lambda ev, x: ev.compare("<=", x, 0.0),
    "LOG1P": lambda ev, x: ev.compare("<=", x, -1.0),
    "SQRT": lambda ev, x: ev.compare("<", x, 0.0),
    "ASIN": lambda ev, x: ev.compare(">", magnitude(ev, x), 1.0),
    "ACOS": lambda ev, x: ev.compare(">", magnitude(ev, x), 1.0),
    "ACOSH": lambda ev, x: ev.compare("<", x, 1.0),
    "ATANH": lambda ev, x: ev.compare(">=", magnitude(ev, x), 1.0),
    "SIN": lambda ev, x: ev.test("ISINF", x),
    "COS": lambda ev, x: ev.test("ISINF", x),
    "TAN": lambda ev, x: ev.test("ISINF", x),
}
_OVERFLOWS = {"EXP", "EXP2", "EXPM1", "SINH", "COSH", "TGAMMA", "LGAMMA"}


def magnitude(ev: Evaluator, x: Any) -> Any:
    return ev.b.emit(f"ABS_{ev.b.fl}", ev.b.fl, (ev.as_float(x),))


def unary_op(ev: Evaluator, op: str, x: Any, python: Callable[..., Any] | None = None) -> Any:
    """op on x; computed now where x is known and `python` does not raise."""
    if not is_number(x):
        raise Unsupported(f"{op.lower()}() of {describe(ev.plain(x))} is not supported")
    if not isinstance(x, Val) and python is not None and ev.b.fl == "D":
        try:
            return float(python(x))
        except (ValueError, OverflowError, ZeroDivisionError, TypeError):
            pass
    fl = ev.b.fl
    value = ev.as_float(x)
    if ev.raising and op in _DOMAIN:
        ev.raise_where(_DOMAIN[op](ev, value), "DOMAIN")
    result = ev.b.emit(f"{op}_{fl}", fl, (value,))
    if ev.raising and op in _OVERFLOWS:
        finite = ev.test("ISFINITE", value)
        infinite = ev.b.and_(finite, ev.test("ISINF", result))
        if op in ("TGAMMA", "LGAMMA"):
            # The poles, at 0 and the negative integers
            pole = ev.b.and_(
                ev.compare("<=", value, 0.0),
                ev.compare("==", ev.b.emit(f"FLOOR_{fl}", fl, (value,)), value),
            )
            ev.raise_where(ev.b.and_(pole, finite), "DOMAIN")
        ev.raise_where(infinite, "RANGE")
    return result


def _math_unary(op: str, function: Any) -> None:
    if function is None:
        return

    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        (x,) = take(function.__name__, args, kwargs, "x")
        return unary_op(ev, op, x, function)

    _known[function] = handler


for _op, _name in {
    **{op: op.lower() for op in ("EXP", "EXP2", "EXPM1", "LOG2", "LOG10", "LOG1P", "SIN", "COS")},
    **{op: op.lower() for op in ("TAN", "ASIN", "ACOS", "ATAN", "SINH", "COSH", "TANH", "ASINH")},
    **{op: op.lower() for op in ("ACOSH", "ATANH", "CBRT", "ERF", "ERFC", "LGAMMA", "SQRT")},
    "TGAMMA": "gamma",
    "ABS": "fabs",
}.items():
    _math_unary(_op, getattr(math, _name, None))


def binary_op(
    ev: Evaluator, op: str, x: Any, y: Any, python: Callable[..., Any] | None = None
) -> Any:
    for value in (x, y):
        if not is_number(value):
            raise Unsupported(f"{op.lower()}() of {describe(ev.plain(value))} is not supported")
    if not isinstance(x, Val) and not isinstance(y, Val) and python is not None and ev.b.fl == "D":
        try:
            return float(python(x, y))
        except (ValueError, OverflowError, ZeroDivisionError):
            pass
    fl = ev.b.fl
    p, q = ev.as_float(x), ev.as_float(y)
    if ev.raising and op in ("FMOD", "REMAINDER"):
        bad = ev.b.or_(
            ev.b.and_(ev.compare("==", q, 0.0), ev.b.not_(ev.test("ISNAN", p))),
            ev.b.and_(ev.test("ISINF", p), ev.b.not_(ev.test("ISNAN", q))),
        )
        ev.raise_where(bad, "DOMAIN")
    result = ev.b.emit(f"{op}_{fl}", fl, (p, q))
    return result


def _math_binary(op: str, function: Any) -> None:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(function.__name__, args, kwargs, "x y")
        return binary_op(ev, op, x, y, function)

    _known[function] = handler


for _op in ("ATAN2", "FMOD", "REMAINDER", "COPYSIGN"):
    _math_binary(_op, getattr(math, _op.lower()))


@known(math.hypot)
def _hypot(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return 0.0
    if len(args) == 1:
        return unary_op(ev, "ABS", args[0], math.fabs)
    if not any(isinstance(a, Val) for a in args) and ev.b.fl == "D":
        return math.hypot(*args)
    result = args[0]
    for arg in args[1:]:
        result = binary_op(ev, "HYPOT", result, arg, math.hypot)
    return result


@known(math.dist)
def _dist(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    p, q = (ev.sequence(a) for a in take("dist", args, kwargs, "p q"))
    if len(p) != len(q):
        raise Unsupported("both points must have the same number of dimensions")
    return _hypot(ev, [ev.binary("-", x, y) for x, y in zip(p, q, strict=True)], {})


@known(math.log)
def _log(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, base = take("log", args, kwargs, "x base", (None,))
    top = unary_op(ev, "LOG", x, math.log)
    if base is None:
        return top
    return ev.binary("/", top, unary_op(ev, "LOG", base, math.log))


@known(math.pow)
def _pow(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("pow", args, kwargs, "x y")
    return ev.binary("**", ev.as_float(x), ev.as_float(y))


@known(math.degrees)
def _degrees(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("degrees", args, kwargs, "x")
    return ev.binary("*", ev.as_float(x), 180.0 / math.pi)


@known(math.radians)
def _radians(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("radians", args, kwargs, "x")
    return ev.binary("*", ev.as_float(x), math.pi / 180.0)


@known(getattr(math, "fma", None))
def _fma(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fl = ev.b.fl
    x, y, z = (ev.as_float(a) for a in take("fma", args, kwargs, "x y z"))
    return ev.b.emit(f"FMA_{fl}", fl, (x, y, z))


@known(math.ldexp)
def _ldexp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, i = take("ldexp", args, kwargs, "x i")
    if isinstance(i, Val) or not -1000 <= i <= 1000:
        raise Unsupported("ldexp() with this exponent is not supported", "multiply by 2.0**i")
    return ev.binary("*", ev.as_float(x), 2.0**i)


@known(math.modf)
def _modf(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    fl = ev.b.fl
    (x,) = take("modf", args, kwargs, "x")
    x = ev.as_float(x)
    whole = ev.b.emit(f"TRUNC_{fl}", fl, (x,))
    rest = ev.b.emit(f"SUB_{fl}", fl, (x, whole))
    zero = ev.b.const(0.0, fl)
    part = ev.b.select(ev.truth(ev.test("ISINF", x)), zero, rest)
    return ev.b.emit(f"COPYSIGN_{fl}", fl, (part, x)), whole


for _name in ("isnan", "isinf", "isfinite"):

    def _test(ev: Evaluator, args: list[Any], kwargs: dict[str, Any], name: str = _name) -> Any:
        (x,) = take(name, args, kwargs, "x")
        if not is_number(x):
            raise Unsupported(f"{name}() of {describe(ev.plain(x))} is not supported")
        return ev.test(name.upper(), x)

    _known[getattr(math, _name)] = _test


@known(math.isclose)
def _isclose(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    a, b, rel, absolute = take("isclose", args, kwargs, "a b rel_tol abs_tol", (1e-9, 0.0))
    a, b = ev.as_float(a), ev.as_float(b)
    apart = magnitude(ev, ev.binary("-", a, b))
    near = ev.b.or_(
        ev.b.or_(
            ev.compare("<=", apart, magnitude(ev, ev.binary("*", rel, b))),
            ev.compare("<=", apart, magnitude(ev, ev.binary("*", rel, a))),
        ),
        ev.compare("<=", apart, absolute),
    )
    infinite = ev.b.or_(ev.test("ISINF", a), ev.test("ISINF", b))
    return ev.b.or_(ev.compare("==", a, b), ev.b.andn(near, infinite))


# Rounding to integers


def to_int(ev: Evaluator, op: str, x: Any, python: Callable[..., Any]) -> Any:
    if not is_number(x):
        raise Unsupported(f"{python.__name__}() of {describe(ev.plain(x))} is not supported")
    if not isinstance(x, Val):
        try:
            return python(x)
        except (ValueError, OverflowError):
            pass
    if ev.type_of(x) in "IB":
        return ev.as_int(x)
    fl = ev.b.fl
    x = ev.as_float(x)
    if op != "TRUNC":
        x = ev.b.emit(f"{op}_{fl}", fl, (x,))
    if fl == "F":
        x = ev.b.emit("D_F", "D", (x,))
    return ev.b.emit("I_D", "I", (x,), mask=ev.mask)


for _op, _function in (("FLOOR", math.floor), ("CEIL", math.ceil), ("TRUNC", math.trunc)):

    def _to_int(
        ev: Evaluator,
        args: list[Any],
        kwargs: dict[str, Any],
        op: str = _op,
        function: Any = _function,
    ) -> Any:
        (x,) = take(function.__name__, args, kwargs, "x")
        return to_int(ev, op, x, function)

    _known[_function] = _to_int


@known(builtins.int)
def _int(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return 0
    (x,) = take("int", args, kwargs, "x")
    return to_int(ev, "TRUNC", x, int)


@known(operator.index)
def _index(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.as_int(args[0])


@known(builtins.float)
def _float(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not args:
        return 0.0
    (x,) = take("float", args, kwargs, "x")
    if isinstance(x, (int, float, str)):
        return float(x)
    return ev.as_float(x)


@known(builtins.bool, operator.truth)
def _bool(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.truth(ev.plain(args[0])) if args else False


@known(builtins.round)
def _round(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, digits = take("round", args, kwargs, "number ndigits", (None,))
    if digits is None:
        return to_int(ev, "RINT", x, round)
    return round_digits(ev, x, digits)


def round_digits(ev: Evaluator, x: Any, digits: Any) -> Any:
    """round(x, digits) exactly as CPython rounds: the decimal expansion of x, half to even.

    x * 10**d is s + e without error (e by FMA), so the integer nearest to it is known exactly, and
    one division by a power of ten that is exact rounds correctly. (For d < 0 with the quotient's
    remainder.)
    """
    if isinstance(digits, Val):
        raise Unsupported("round() to a number of digits known only at run time is not supported")
    if not is_number(x):
        raise Unsupported(f"round() of {describe(ev.plain(x))} is not supported")
    if not isinstance(x, Val):
        return round(x, digits)
    if x.type in "IB":
        if digits >= 0:
            return ev.as_int(x)
        unit = 10 ** (-digits)
        low = ev.binary("*", ev.binary("//", x, unit), unit)
        rest = ev.binary("-", x, low)
        twice = ev.binary("*", rest, 2)
        odd = ev.compare("==", ev.binary("%", ev.binary("//", x, unit), 2), 1)
        up = ev.b.or_(ev.compare(">", twice, unit), ev.b.and_(ev.compare("==", twice, unit), odd))
        return ev.choose(up, ev.binary("+", low, unit), low)
    narrow = x.type == "F"
    if not -15 <= digits <= 15:
        raise Unsupported(f"round() to {digits} digits is not supported", "use -15 to 15 digits")
    b = ev.b
    if narrow:
        x = b.emit("D_F", "D", (x,))
    power = b.const(10.0 ** abs(digits), "D")
    if digits >= 0:
        s = b.emit("MUL_D", "D", (x, power))
        e = b.emit("FMA_D", "D", (x, power, b.emit("NEG_D", "D", (s,))))
    else:
        s = b.emit("DIV_D", "D", (x, power))
        e = b.emit("FMA_D", "D", (b.emit("NEG_D", "D", (s,)), power, x))
    r = b.emit("RINT_D", "D", (s,))
    d = b.emit("SUB_D", "D", (s, r))
    half, zero = b.const(0.5, "D"), b.const(0.0, "D")

    def both(p: Val, q: Val) -> Any:
        return b.and_(p, q)

    up = both(b.emit("EQ_D", "B", (d, half)), b.emit("LT_D", "B", (zero, e)))
    down = both(b.emit("EQ_D", "B", (d, b.const(-0.5, "D"))), b.emit("LT_D", "B", (e, zero)))
    one = b.const(1.0, "D")
    r = b.select(up, b.emit("ADD_D", "D", (r, one)), r)
    r = b.select(down, b.emit("SUB_D", "D", (r, one)), r)
    result = b.emit("DIV_D" if digits >= 0 else "MUL_D", "D", (r, power))
    result = b.emit("COPYSIGN_D", "D", (result, x))
    # Where x has no digits to lose (or is no number), it stays.
    limit = b.const(2.0**52, "D")
    small = b.emit("LT_D", "B", (b.emit("ABS_D", "D", (s,)), limit))
    result = b.select(small, result, x)
    if digits < 0:
        pass
    return b.emit("F_D", "F", (result,)) if narrow else result


# Builtins on numbers and sequences


@known(builtins.abs, operator.abs)
def _abs(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("abs", args, kwargs, "x")
    if not is_number(x):
        raise Unsupported(f"abs() of {describe(ev.plain(x))} is not supported")
    if not isinstance(x, Val):
        return abs(x)
    if x.type in "IB":
        return ev.b.emit("ABS_I", "I", (ev.as_int(x),), mask=ev.mask)
    return ev.b.emit(f"ABS_{x.type}", x.type, (x,))


def extreme(ev: Evaluator, name: str, values: list[Any]) -> Any:
    """min or max in Python's order: the first of equals, and a nan as the comparisons fall."""
    python = min if name == "MIN" else max
    result = values[0]
    for value in values[1:]:
        if not isinstance(result, Val) and not isinstance(value, Val):
            result = python(result, value)
            continue
        if not (is_number(result) and is_number(value)):
            raise Unsupported(f"{name.lower()}() of {describe(ev.plain(value))} is not supported")
        tx, ty = ev.type_of(result), ev.type_of(value)
        if tx == ty == "B":
            result = (
                ev.b.and_(ev.truth(result), ev.truth(value))
                if name == "MIN"
                else ev.b.or_(ev.truth(result), ev.truth(value))
            )
            continue
        if (tx in "IB") != (ty in "IB"):
            integer = result if tx in "IB" else value
            if isinstance(integer, Val) and ev.b.fl == "D":
                # int against float is compared exactly
                first = ev.compare("<" if name == "MIN" else ">", value, result)
                result = ev.choose(first, value, result, f"the arguments of {name.lower()}()")
                continue
        p, q, type = ev.unify(result, value)
        result = ev.b.emit(f"{name}_{type}", type, (p, q))
    return result


def _min_max(name: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        key = kwargs.pop("key", None)
        default = kwargs.pop("default", _NO_DEFAULT)
        if kwargs:
            raise Unsupported(
                f"{name.lower()}(): the argument {next(iter(kwargs))!r} is not supported"
            )
        if len(args) == 1 and isinstance(ev.plain(args[0]), Table):
            return fold_table(ev, name, ev.plain(args[0]))
        values = ev.sequence(args[0]) if len(args) == 1 else args
        if not values:
            if default is not _NO_DEFAULT:
                return default
            raise Unsupported(f"{name.lower()}() of an empty sequence")
        if key is None:
            return extreme(ev, name, values)
        result, best = values[0], ev.call(key, [values[0]], {})
        for value in values[1:]:
            score = ev.call(key, [value], {})
            better = ev.truth(ev.compare("<" if name == "MIN" else ">", score, best))
            result = ev.choose(better, value, result)
            best = ev.choose(better, score, best)
        return result

    return handler


_NO_DEFAULT = object()
_known[min] = _min_max("MIN")
_known[max] = _min_max("MAX")


def fold_table(ev: Evaluator, name: str, table: Table) -> Any:
    raise Unsupported(
        f"{name.lower()}() of an array argument is not supported", "loop over its elements"
    )


@known(builtins.divmod)
def _divmod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("divmod", args, kwargs, "x y")
    return ev.binary("//", x, y), ev.binary("%", x, y)


@known(builtins.pow)
def _builtin_pow(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    base, exponent, modulus = take("pow", args, kwargs, "base exp mod", (None,))
    if modulus is not None:
        if not any(isinstance(v, Val) for v in (base, exponent, modulus)):
            return pow(base, exponent, modulus)
        raise Unsupported("pow() with three arguments is not supported", "write the loop")
    return ev.binary("**", base, exponent)


@known(builtins.len)
def _len(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.length(args[0])


@known(builtins.range)
def _range(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not 1 <= len(args) <= 3:
        raise Unsupported(f"range() takes 1 to 3 arguments, {len(args)} were given")
    if not any(isinstance(a, Val) for a in args):
        try:
            return range(*args)
        except (TypeError, ValueError) as error:
            raise Unsupported(str(error)) from None
    start, stop, step = (0, args[0], 1) if len(args) == 1 else (*args, 1)[:3]
    return Range(ev.as_known_int(start), ev.as_known_int(stop), ev.as_known_int(step))


@known(builtins.enumerate)
def _enumerate(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, start = take("enumerate", args, kwargs, "iterable start", (0,))
    it = ev.iterable(items)
    return Iterable(it.length, lambda k: (ev.binary("+", k, start), it.get(k)))


@known(builtins.zip)
def _zip(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    kwargs.pop("strict", None)
    its = [ev.iterable(a) for a in args]
    if not its:
        return ()
    return Iterable(
        extreme(ev, "MIN", [it.length for it in its]), lambda k: tuple(it.get(k) for it in its)
    )


@known(builtins.reversed)
def _reversed(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = ev.plain(args[0])
    if isinstance(value, range):
        return value[::-1]
    it = ev.iterable(value)
    last = ev.binary("-", it.length, 1)
    return Iterable(it.length, lambda k: it.get(ev.binary("-", last, k)))


@known(builtins.tuple)
def _tuple(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(ev.sequence(args[0])) if args else ()


@known(builtins.list)
def _list(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.new_list(tuple(ev.sequence(args[0])) if args else ())


@known(builtins.sorted)
def _sorted(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """A bubble sort of values known at run time; stable, as many exchanges as needed for any
    order."""
    reverse = bool(kwargs.pop("reverse", False))
    if kwargs:
        raise Unsupported("sorted() with a key is not supported")
    items = ev.sequence(args[0])
    if not any(isinstance(v, Val) for v in items):
        return ev.new_list(tuple(sorted(items, reverse=reverse)))
    if len(items) > 32:
        raise Unsupported(f"sorted() of {len(items)} values is not supported", "use at most 32")
    for end in range(len(items) - 1, 0, -1):
        for k in range(end):
            x, y = items[k], items[k + 1]
            swap = ev.truth(ev.compare(">" if reverse else "<", y, x))
            items[k], items[k + 1] = ev.choose(swap, y, x), ev.choose(swap, x, y)
    return ev.new_list(tuple(items))


@known(builtins.map)
def _map(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    columns = [ev.sequence(a) for a in args[1:]]
    return tuple(ev.call(args[0], list(row), {}) for row in zip(*columns, strict=False))


def accumulate(ev: Evaluator, items: list[Any], start: Any) -> Any:
    """sum() as this Python computes it: from 3.12 on, floats are added with compensation."""
    total = start
    k = 0
    if sys.version_info < (3, 12) or ev.fastmath:
        for item in items:
            total = ev.binary("+", total, item)
        return total
    while k < len(items) and not (is_number(total) and ev.type_of(total) in "DF"):
        total = ev.binary("+", total, items[k])
        k += 1
    if k == len(items) or not is_number(total):
        return total
    if not any(isinstance(v, Val) for v in (total, *items[k:])):
        return sum(items[k:], total)
    low: Any = 0.0
    for item in items[k:]:
        total, low = _sum_step(ev, [total, low, item], {})
    return compensate(ev, total, low)


def sum_step(total: Any, low: Any, item: Any) -> Any:
    """Stands for one step of sum() in loops that the compiler writes."""
    raise NotImplementedError


@known(sum_step)
def _sum_step(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    total, low, item = args
    plain = sys.version_info < (3, 12) or ev.fastmath or not (is_number(total) and is_number(item))
    if plain or ev.type_of(total) in "IB" or ev.type_of(item) in "IB":
        return ev.binary("+", total, item), low
    total, error = two_sum(ev, ev.as_float(total), ev.as_float(item))
    return total, ev.binary("+", low, error)


def two_sum(ev: Evaluator, x: Val, y: Val) -> tuple[Val, Val]:
    """x + y and its rounding error (Knuth 1969, The Art of Computer Programming 2, 4.2.2)."""
    b, fl = ev.b, ev.b.fl
    s = b.emit(f"ADD_{fl}", fl, (x, y))
    t = b.emit(f"SUB_{fl}", fl, (s, x))
    u = b.emit(f"SUB_{fl}", fl, (s, t))
    e = b.emit(
        f"ADD_{fl}",
        fl,
        (b.emit(f"SUB_{fl}", fl, (x, u)), b.emit(f"SUB_{fl}", fl, (y, t))),
    )
    return s, e


def compensate(ev: Evaluator, total: Any, low: Any) -> Any:
    if not isinstance(low, Val) and low == 0:
        return total
    return ev.choose(ev.truth(ev.test("ISFINITE", low)), ev.binary("+", total, low), total)


@known(builtins.sum)
def _sum(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, start = take("sum", args, kwargs, "iterable start", (0,))
    items = ev.plain(items)
    if isinstance(items, (Generator, Table, Range, Iterable)) or (
        isinstance(items, range) and len(items) > 16
    ):
        return ev.fold_loop("sum", items, start)
    return accumulate(ev, ev.sequence(items), start)


@known(math.fsum)
def _fsum(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items = [ev.as_float(v) for v in ev.sequence(args[0])]
    if not items:
        return 0.0
    total, low = items[0], ev.b.const(0.0, ev.b.fl)
    for item in items[1:]:
        total, error = two_sum(ev, total, item)
        low, _rest = two_sum(ev, low, error)
    return compensate(ev, total, low)


@known(math.prod)
def _prod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, start = take("prod", args, kwargs, "iterable start", (1,))
    items = ev.plain(items)
    if isinstance(items, (Generator, Table, Range, Iterable)) or (
        isinstance(items, range) and len(items) > 16
    ):
        return ev.fold_loop("prod", items, start)
    total = start
    for item in ev.sequence(items):
        total = ev.binary("*", total, item)
    return total


@known(getattr(math, "sumprod", None))
def _sumprod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    p, q = (ev.sequence(a) for a in args)
    return accumulate(ev, [ev.binary("*", x, y) for x, y in zip(p, q, strict=True)], 0)


def _any_all(name: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        items = ev.plain(args[0])
        if isinstance(items, (Generator, Table, Range, Iterable)):
            return ev.fold_loop(name, items, None)
        result: Any = name == "all"
        for item in ev.sequence(items):
            cond = ev.truth(ev.plain(item))
            result = ev.b.and_(result, cond) if name == "all" else ev.b.or_(result, cond)
        return result

    return handler


_known[any] = _any_all("any")
_known[all] = _any_all("all")


@known(builtins.isinstance)
def _isinstance(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value, types = args
    value = ev.plain(value)
    kind: type = type(value)
    if isinstance(value, Val):
        kind = {"B": bool, "I": int}.get(value.type, float)
    elif isinstance(args[0], ListRef):
        kind = list
    types = types if isinstance(types, tuple) else (types,)
    return any(isinstance(t, type) and issubclass(kind, t) for t in types)


@known(builtins.callable)
def _callable(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return isinstance(args[0], Closure) or callable(args[0])


# Integers


def _int_op(op: str, function: Any, n: int) -> None:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if not any(isinstance(a, Val) for a in args):
            try:
                return function(*args)
            except (ValueError, OverflowError, TypeError) as error:
                raise Unsupported(f"{function.__name__}(): {error}") from None
        if len(args) != n:
            raise Unsupported(f"{function.__name__}() with {len(args)} arguments is not supported")
        return ev.b.emit(f"{op}_I", "I", tuple(ev.as_int(a) for a in args), mask=ev.mask)

    _known[function] = handler


_int_op("COMB", math.comb, 2)
_int_op("FACTORIAL", math.factorial, 1)
_int_op("ISQRT", math.isqrt, 1)


@known(math.gcd)
def _gcd(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    result: Any = 0
    for arg in args:
        if isinstance(result, Val) or isinstance(arg, Val):
            pair = (ev.as_int(result), ev.as_int(arg))
            result = ev.b.emit("GCD_I", "I", pair, mask=ev.mask)
        else:
            result = math.gcd(result, arg)
    return result


@known(math.lcm)
def _lcm(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not any(isinstance(a, Val) for a in args):
        return math.lcm(*args)
    result: Any = 1
    for arg in args:
        if not isinstance(result, Val) and not isinstance(arg, Val):
            result = math.lcm(result, arg)
            continue
        divisor = _gcd(ev, [result, arg], {})
        safe = ev.choose(ev.truth(ev.compare("==", divisor, 0)), 1, divisor)
        product = ev.binary("*", ev.binary("//", result, safe), arg)
        result = _abs(ev, [product], {})
    return result


@known(math.perm)
def _perm(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not any(isinstance(a, Val) for a in args):
        return math.perm(*args)
    if len(args) == 1 or args[1] is None:
        return ev.b.emit("FACTORIAL_I", "I", (ev.as_int(args[0]),), mask=ev.mask)
    n, k = args
    if isinstance(k, Val) or k > 64:
        raise Unsupported("perm(n, k) needs a constant k", "write the product as a loop")
    ev.raise_where(ev.compare("<", n, 0), "DOMAIN")
    result: Any = 1
    for j in range(k):
        result = ev.binary("*", result, ev.binary("-", n, j))
    return ev.choose(ev.truth(ev.compare("<", n, k)), 0, result)


# operator


def _operator(function: Any, op: str) -> None:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(function.__name__, args, kwargs, "a b")
        return ev.binary(op, ev.plain(x), ev.plain(y))

    _known[function] = handler


_OPERATORS: tuple[tuple[Any, str], ...] = (
    (operator.add, "+"),
    (operator.sub, "-"),
    (operator.mul, "*"),
    (operator.truediv, "/"),
    (operator.floordiv, "//"),
    (operator.mod, "%"),
    (operator.pow, "**"),
    (operator.and_, "&"),
    (operator.or_, "|"),
    (operator.xor, "^"),
    (operator.lshift, "<<"),
    (operator.rshift, ">>"),
    (operator.lt, "<"),
    (operator.le, "<="),
    (operator.gt, ">"),
    (operator.ge, ">="),
    (operator.eq, "=="),
    (operator.ne, "!="),
    (operator.iadd, "+"),
    (operator.isub, "-"),
    (operator.imul, "*"),
    (operator.itruediv, "/"),
)
for _callable_operator, _text in _OPERATORS:
    _operator(_callable_operator, _text)


@known(operator.neg)
def _neg(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.unary("-", args[0])


@known(operator.pos)
def _pos(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.unary("+", args[0])


@known(operator.invert, operator.inv)
def _invert(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.unary("~", args[0])


@known(operator.not_)
def _not(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.b.not_(ev.truth(ev.plain(args[0])))


@known(operator.getitem)
def _getitem(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.subscript(args[0], args[1])


__all__ = ["STATUS", "Handler", "lookup"]
