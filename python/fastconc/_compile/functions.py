# SPDX-License-Identifier: BSD-3-Clause
"""What calls of known functions become: `math` and conversions here, NumPy in
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

from .arith import describe, is_number
from .errors import Unsupported
from .ir import Val
from .rounding import round_digits

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


def register(function: Any, handler: Handler) -> None:
    _known[function] = handler


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
            below = ev.compare("==", value, -math.inf)
            if op == "TGAMMA":
                ev.raise_where(below, "DOMAIN")
        ev.raise_where(infinite, "RANGE")
    return result


def _math_unary(op: str, function: Any) -> None:
    if function is None:
        return

    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if kwargs or len(args) != 1:
            (x,) = take(function.__name__, args, kwargs, "x")
        else:
            x = args[0]
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
    if len(args) > 4 or (ev.exact and len(args) > 2):
        return _norm(ev, [ev.as_float(a) for a in args])
    result = args[0]
    for arg in args[1:]:
        result = binary_op(ev, "HYPOT", result, arg, math.hypot)
    return result


def _norm(ev: Evaluator, values: list[Val]) -> Val:
    """The root of the sum of squares, rounded correctly but for rare ties, as CPython's: squares
    scaled by a power of two and summed with their errors, the root corrected once."""
    b = ev.b
    narrow = b.fl == "F"
    if narrow:
        values = [b.emit("D_F", "D", (v,)) for v in values]

    def op(name: str, *args: Val) -> Val:
        return b.emit(f"{name}_D", "D", args)

    sizes = [op("ABS", v) for v in values]
    largest, total = sizes[0], sizes[0]
    for size in sizes[1:]:
        largest, total = op("MAX", largest, size), op("ADD", total, size)
    # The exponent's bits alone are a power of two; 0 and subnormals are scaled as the least normal
    bits = b.emit("IBITS_D", "I", (op("MAX", largest, b.const(2.0**-1021, "D")),))
    bits = b.emit("AND_I", "I", (bits, b.const(0x7FF << 52, "I")))
    unit = b.emit("DBITS_I", "D", (bits,))
    high = low = b.const(0.0, "D")
    for size in sizes:
        y = op("DIV", size, unit)
        square = op("MUL", y, y)
        low = op("ADD", low, op("FMA", y, y, op("NEG", square)))
        total_, t = op("ADD", high, square), high
        u = op("SUB", total_, t)
        error = op("ADD", op("SUB", t, op("SUB", total_, u)), op("SUB", square, u))
        high, low = total_, op("ADD", low, error)
    root = op("SQRT", high)
    rest = op("ADD", op("FMA", op("NEG", root), root, high), low)
    root = op("ADD", root, op("DIV", rest, op("ADD", root, root)))
    result = op("MUL", root, unit)
    zero = b.emit("EQ_D", "B", (largest, b.const(0.0, "D")))
    result = b.select(zero, largest, result)
    plain = b.emit("ISFINITE_D", "B", (total,))
    finite = b.emit("ISFINITE_D", "B", (largest,))
    # An infinity wins over nan; a sum that only overflowed is no infinity.
    result = b.select(b.as_bool(b.as_val(b.or_(plain, finite))), result, largest)
    for size in sizes:
        result = b.select(b.emit("ISNAN_D", "B", (size,)), size, result)
    for size in sizes:
        result = b.select(b.emit("ISINF_D", "B", (size,)), size, result)
    return b.emit("F_D", "F", (result,)) if narrow else result


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
    if isinstance(base, Val) and not ev.raising:
        # log(x, 0) is an error in Python: not x / -inf, which is 0
        base = ev.choose(ev.truth(ev.compare("==", base, 0)), math.nan, base)
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
    for tolerance in (rel, absolute):
        ev.raise_where(ev.compare("<", tolerance, 0.0), "DOMAIN")
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
    if ev.raising:  # also where the integer goes straight back to a float, and is never made
        ev.raise_where(ev.test("ISNAN", x), "DOMAIN")
        ev.raise_where(ev.test("ISINF", x), "OVERFLOW")
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
    if isinstance(args[0], (str, bytes)) and not any(isinstance(a, Val) for a in args):
        try:
            return int(*args, **kwargs)
        except (TypeError, ValueError) as error:
            raise Unsupported(f"int(): {error}") from None
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


@known(float.is_integer)
def _is_integer(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("is_integer", args, kwargs, "x")
    return ev.call(ev.attribute(x, "is_integer"), [], {})
