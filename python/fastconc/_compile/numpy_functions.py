# SPDX-License-Identifier: BSD-3-Clause
"""NumPy's functions of numbers; registered once NumPy is in the process (we never import it first).

They keep NumPy's own semantics where these differ from Python's: `np.maximum` passes nan on,
`np.floor` gives a float, `np.round` scales, `np.sign(nan)` is nan.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from . import builtin_functions as builtin
from . import float_bits
from . import functions as f
from .arith import describe, is_number
from .errors import Unsupported
from .functions import Handler, take
from .ir import Val
from .values import ListRef, Table, Vector

if TYPE_CHECKING:
    from .evaluate import Evaluator

_UNARY = {
    **{n: n.upper() for n in ("exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt")},
    **{n: n.upper() for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh", "cbrt")},
    **{"arc" + n: "A" + n.upper() for n in ("sin", "cos", "tan", "sinh", "cosh", "tanh")},
    "fabs": "ABS",
    "floor": "FLOOR",
    "ceil": "CEIL",
    "trunc": "TRUNC",
    "fix": "TRUNC",
    "rint": "RINT",
}
_BINARY = {"arctan2": "ATAN2", "hypot": "HYPOT", "copysign": "COPYSIGN"}
_OPERATORS = {
    **{"add": "+", "subtract": "-", "multiply": "*", "divide": "/", "true_divide": "/"},
    **{"floor_divide": "//", "mod": "%", "remainder": "%", "bitwise_and": "&", "bitwise_or": "|"},
    **{"bitwise_xor": "^", "left_shift": "<<", "right_shift": ">>", "less": "<", "greater": ">"},
    **{"less_equal": "<=", "greater_equal": ">=", "equal": "==", "not_equal": "!="},
}


def register(known: dict[Any, Handler]) -> None:
    np = sys.modules["numpy"]

    def add(name: str, handler: Handler) -> None:
        function = getattr(np, name, None)
        if function is not None:
            known[function] = _silent(handler)

    for name, op in _UNARY.items():
        add(name, _unary(name, op))
    for name, op in _BINARY.items():
        add(name, _binary(name, op))
    for name, text in _OPERATORS.items():
        add(name, _operator(name, text))
    for name, handler in _SPECIAL.items():
        add(name, handler)
    for name in ("float64", "float32", "float16"):
        add(name, _to_float(name))
    for name in ("int64", "int32", "int16", "int8", "intp", "uint8", "uint16", "uint32"):
        add(name, _to_int(np.dtype(getattr(np, name))))
    add("bool_", _to_bool)


def _silent(handler: Handler) -> Handler:
    """NumPy never raises for floats, so its functions do not with errors="raise" either."""

    def call(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        raising, ev.raising = ev.raising, False
        try:
            return handler(ev, args, kwargs)
        finally:
            ev.raising = raising

    return call


def _number(ev: Evaluator, value: Any, name: str) -> Any:
    if not is_number(value):
        raise Unsupported(f"np.{name}() of {describe(ev.plain(value))} is not supported")
    return value


def _unary(name: str, op: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        (x,) = take(f"np.{name}", args, kwargs, "x")
        _number(ev, x, name)
        if op in ("FLOOR", "CEIL", "TRUNC", "RINT"):
            if ev.type_of(x) in "IB":
                return ev.as_int(x) if name in ("floor", "ceil", "trunc") else ev.as_float(x)
            return ev.b.emit(f"{op}_{ev.b.fl}", ev.b.fl, (ev.as_float(x),))
        return f.unary_op(ev, op, x)

    return handler


def _binary(name: str, op: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(f"np.{name}", args, kwargs, "x1 x2")
        return f.binary_op(ev, op, x, y)

    return handler


def _operator(name: str, text: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(f"np.{name}", args, kwargs, "x1 x2")
        return ev.binary(text, _number(ev, x, name), _number(ev, y, name))

    return handler


def _to_float(name: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        (x,) = take(f"np.{name}", args, kwargs, "x", (0.0,))
        if not isinstance(_number(ev, x, name), Val):
            return float(getattr(sys.modules["numpy"], name)(x))
        if name == "float16":
            raise Unsupported("np.float16() is not supported", "np.float32() is")
        value = ev.as_float(x)
        if name == "float32" and value.type == "D":
            return ev.b.emit("D_F", "D", (ev.b.emit("F_D", "F", (value,)),))
        return value

    return handler


def _to_int(dtype: Any) -> Handler:
    bits = 8 * dtype.itemsize
    low, high = (0, 2**bits - 1) if dtype.kind == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)

    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        (x,) = take(f"np.{dtype}", args, kwargs, "x", (0,))
        value = f.to_int(ev, "TRUNC", x, int)
        if bits < 64 and isinstance(value, Val):
            # NumPy would wrap, or leave the result undefined; here it is an error.
            outside = ev.b.or_(ev.compare("<", value, low), ev.compare(">", value, high))
            ev.raise_where(outside, "OVERFLOW")
        return value

    return handler


def _to_bool(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.truth(args[0])


def _special(*names: str) -> Callable[[Handler], Handler]:
    def add(handler: Handler) -> Handler:
        for name in names:
            _SPECIAL[name] = handler
        return handler

    return add


_SPECIAL: dict[str, Handler] = {}


@_special("absolute", "abs")
def _absolute(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("np.abs", args, kwargs, "x")
    return f.lookup(abs)(ev, [x], {})  # type: ignore[misc]


@_special("negative")
def _negative(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.unary("-", _number(ev, args[0], "negative"))


@_special("positive", "ascontiguousarray")
def _positive(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return args[0]


@_special("square")
def _square(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = _number(ev, args[0], "square")
    return ev.binary("*", x, x)


@_special("reciprocal")
def _reciprocal(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = _number(ev, args[0], "reciprocal")
    if ev.type_of(x) in "IB":
        raise Unsupported("np.reciprocal() of an integer is not supported", "write 1 / x")
    return ev.binary("/", 1.0, x)


@_special("power", "pow")
def _power(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("np.power", args, kwargs, "x1 x2")
    return ev.binary("**", _number(ev, x, "power"), _number(ev, y, "power"))


@_special("float_power")
def _float_power(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("np.float_power", args, kwargs, "x1 x2")
    return ev.binary("**", ev.as_float(x), ev.as_float(y))


@_special("fmod")
def _fmod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("np.fmod", args, kwargs, "x1 x2")
    if is_number(x) and is_number(y) and ev.type_of(x) in "IB" and ev.type_of(y) in "IB":
        rest = ev.binary("%", x, y)  # has the sign of y; wanted is that of x
        below = ev.truth(ev.compare("<", ev.binary("^", x, y), 0))
        turn = ev.b.and_(below, ev.truth(ev.compare("!=", rest, 0)))
        return ev.binary("-", rest, ev.choose(turn, y, 0))
    return f.binary_op(ev, "FMOD", x, y)


@_special("divmod")
def _divmod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("np.divmod", args, kwargs, "x1 x2")
    return ev.binary("//", x, y), ev.binary("%", x, y)


def _extreme(name: str, keep_nan: bool) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(f"np.{name}", args, kwargs, "x1 x2")
        _number(ev, x, name)
        _number(ev, y, name)
        if ev.type_of(x) in "IB" and ev.type_of(y) in "IB":
            return builtin.extreme(ev, "MAX" if "max" in name else "MIN", [x, y])
        x, y = ev.as_float(x), ev.as_float(y)
        op = ">=" if "max" in name else "<="
        first = ev.truth(ev.compare(op, x, y))
        other = x if keep_nan else y
        return ev.choose(ev.b.or_(first, ev.test("ISNAN", other)), x, y)

    return handler


_SPECIAL["maximum"] = _extreme("maximum", True)
_SPECIAL["minimum"] = _extreme("minimum", True)
_SPECIAL["fmax"] = _extreme("fmax", False)
_SPECIAL["fmin"] = _extreme("fmin", False)


@_special("clip")
def _clip(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, low, high = take("np.clip", args, kwargs, "a a_min a_max", (None, None))
    if low is not None:
        x = _SPECIAL["maximum"](ev, [x, low], {})
    if high is not None:
        x = _SPECIAL["minimum"](ev, [x, high], {})
    return x


@_special("where")
def _where(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    cond, x, y = take("np.where", args, kwargs, "condition x y")
    return ev.choose(ev.truth(cond), _number(ev, x, "where"), _number(ev, y, "where"))


@_special("select")
def _select(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    conds, values, default = take("np.select", args, kwargs, "condlist choicelist default", (0,))
    result = default
    pairs = list(zip(ev.sequence(conds), ev.sequence(values), strict=True))
    for cond, value in reversed(pairs):
        result = ev.choose(ev.truth(cond), value, result)
    return result


@_special("sign")
def _sign(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = _number(ev, args[0], "sign")
    zero: Any = 0 if ev.type_of(x) in "IB" else 0.0
    negative = ev.choose(ev.truth(ev.compare("<", x, 0)), zero - 1, zero)
    signed = ev.choose(ev.truth(ev.compare(">", x, 0)), zero + 1, negative)
    if ev.type_of(x) in "IB":
        return signed
    return ev.choose(ev.truth(ev.test("ISNAN", x)), x, signed)


@_special("heaviside")
def _heaviside(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, at_zero = (ev.as_float(a) for a in take("np.heaviside", args, kwargs, "x1 x2"))
    step = ev.choose(ev.truth(ev.compare("<", x, 0.0)), 0.0, 1.0)
    step = ev.choose(ev.truth(ev.compare("==", x, 0.0)), at_zero, step)
    return ev.choose(ev.truth(ev.test("ISNAN", x)), x, step)


@_special("deg2rad", "radians")
def _deg2rad(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.binary("*", ev.as_float(args[0]), math.pi / 180.0)


@_special("rad2deg", "degrees")
def _rad2deg(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.binary("*", ev.as_float(args[0]), 180.0 / math.pi)


@_special("sinc")
def _sinc(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = ev.as_float(_number(ev, args[0], "sinc"))
    y = ev.binary("*", math.pi, ev.choose(ev.truth(ev.compare("==", x, 0.0)), 1.0e-20, x))
    return ev.binary("/", f.unary_op(ev, "SIN", y), y)


@_special("logaddexp")
def _logaddexp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = (ev.as_float(a) for a in take("np.logaddexp", args, kwargs, "x1 x2"))
    apart = ev.binary("-", x, y)
    top = ev.choose(ev.truth(ev.compare(">", apart, 0.0)), x, y)
    low = ev.unary("-", f.magnitude(ev, apart))
    total = ev.binary("+", top, f.unary_op(ev, "LOG1P", f.unary_op(ev, "EXP", low)))
    same = ev.binary("+", x, math.log(2.0))
    result = ev.choose(ev.truth(ev.compare("==", x, y)), same, total)
    return ev.choose(
        ev.truth(ev.test("ISNAN", apart)),
        ev.choose(ev.truth(ev.compare("==", x, y)), same, apart),
        result,
    )


@_special("round", "around")
def _round(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, decimals = take("np.round", args, kwargs, "a decimals", (0,))
    _number(ev, x, "round")
    if ev.type_of(x) in "IB":
        return ev.as_int(x)
    if isinstance(decimals, Val):
        raise Unsupported("np.round() to a number of decimals known only at run time")
    fl = ev.b.fl
    if decimals == 0:
        return ev.b.emit(f"RINT_{fl}", fl, (ev.as_float(x),))
    power = 10.0 ** abs(decimals)
    scaled = ev.binary("*" if decimals > 0 else "/", x, power)
    whole = ev.b.emit(f"RINT_{fl}", fl, (ev.as_float(scaled),))
    return ev.b.emit(
        f"DIV_{fl}" if decimals > 0 else f"MUL_{fl}", fl, (whole, ev.b.const(power, fl))
    )


for _name in ("isnan", "isinf", "isfinite"):

    def _test(ev: Evaluator, args: list[Any], kwargs: dict[str, Any], name: str = _name) -> Any:
        return ev.test(name.upper(), _number(ev, args[0], name))

    _SPECIAL[_name] = _test


@_special("signbit")
def _signbit(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = _number(ev, args[0], "signbit")
    if ev.type_of(x) in "IB":
        return ev.compare("<", x, 0)
    x = ev.as_float(x)
    if x.type == "F":
        x = ev.b.emit("D_F", "D", (x,))
    return ev.b.emit("SIGNBIT_D", "B", (x,))


@_special("nan_to_num")
def _nan_to_num(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, _, nan, above, below = take(
        "np.nan_to_num", args, kwargs, "x copy nan posinf neginf", (True, 0.0, None, None)
    )
    if ev.type_of(x) in "IB":
        return x
    largest = 1.7976931348623157e308 if ev.b.fl == "D" else 3.4028234663852886e38
    above = largest if above is None else above
    below = -largest if below is None else below
    result = ev.choose(ev.truth(ev.test("ISNAN", x)), nan, x)
    result = ev.choose(ev.truth(ev.compare("==", x, math.inf)), above, result)
    return ev.choose(ev.truth(ev.compare("==", x, -math.inf)), below, result)


def _logical(name: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        truths = [ev.truth(_number(ev, a, name)) for a in args]
        if name == "logical_not":
            return ev.b.not_(truths[0])
        if name == "logical_and":
            return ev.b.and_(truths[0], truths[1])
        if name == "logical_or":
            return ev.b.or_(truths[0], truths[1])
        return ev.b.andn(ev.b.or_(truths[0], truths[1]), ev.b.and_(truths[0], truths[1]))

    return handler


for _name in ("logical_and", "logical_or", "logical_xor", "logical_not"):
    _SPECIAL[_name] = _logical(_name)


@_special("invert", "bitwise_not")
def _invert(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x = args[0]
    return ev.b.not_(ev.truth(x)) if ev.type_of(x) == "B" else ev.unary("~", x)


@_special("isposinf")
def _isposinf(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.compare("==", _number(ev, args[0], "isposinf"), math.inf)


@_special("isneginf")
def _isneginf(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.compare("==", _number(ev, args[0], "isneginf"), -math.inf)


@_special("isclose")
def _isclose(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    a, b, rel, absolute, equal_nan = take(
        "np.isclose", args, kwargs, "a b rtol atol equal_nan", (1e-5, 1e-8, False)
    )
    a, b = ev.as_float(_number(ev, a, "isclose")), ev.as_float(_number(ev, b, "isclose"))
    bound = ev.binary("+", absolute, ev.binary("*", rel, f.magnitude(ev, b)))
    near = ev.truth(ev.compare("<=", f.magnitude(ev, ev.binary("-", a, b)), bound))
    near = ev.b.and_(near, ev.test("ISFINITE", b))
    result = ev.b.or_(near, ev.truth(ev.compare("==", a, b)))
    if equal_nan:
        result = ev.b.or_(result, ev.b.and_(ev.test("ISNAN", a), ev.test("ISNAN", b)))
    return result


@_special("modf")
def _modf(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return f.lookup(math.modf)(ev, args, kwargs)  # type: ignore[misc]


@_special("logaddexp2")
def _logaddexp2(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = (ev.as_float(a) for a in take("np.logaddexp2", args, kwargs, "x1 x2"))
    same = ev.truth(ev.compare("==", x, y))
    apart = ev.binary("-", x, y)
    top = ev.choose(ev.truth(ev.compare(">", apart, 0.0)), x, y)
    low = f.unary_op(ev, "EXP2", ev.unary("-", f.magnitude(ev, apart)))
    rest = ev.binary("*", f.unary_op(ev, "LOG1P", low), 1.0 / math.log(2.0))
    result = ev.choose(same, ev.binary("+", x, 1.0), ev.binary("+", top, rest))
    undefined = ev.b.andn(ev.truth(ev.test("ISNAN", apart)), same)
    return ev.choose(undefined, apart, result)


_SPECIAL["frexp"] = float_bits.frexp
_SPECIAL["ldexp"] = float_bits.ldexp
_SPECIAL["nextafter"] = float_bits.nextafter
_SPECIAL["spacing"] = float_bits.spacing


@_special("gcd")
def _gcd(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return f.lookup(math.gcd)(ev, args, kwargs)  # type: ignore[misc]


@_special("lcm")
def _lcm(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return f.lookup(math.lcm)(ev, args, kwargs)  # type: ignore[misc]


# Short sequences


@_special("array", "asarray")
def _array(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value = ev.plain(args[0])
    if is_number(value):
        return value
    if len(args) > 1 or kwargs.keys() - {"dtype"}:
        raise Unsupported("np.array() with these arguments is not supported")
    items = ev.sequence(value)
    return Vector(Vector(ev.sequence(v)) if not is_number(v) else v for v in items)


@_special("sum")
def _sum(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return f.lookup(sum)(ev, [_listed(ev, args, kwargs, "sum")], {})  # type: ignore[misc]


@_special("prod")
def _prod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return f.lookup(math.prod)(ev, [_listed(ev, args, kwargs, "prod")], {})  # type: ignore[misc]


@_special("mean")
def _mean(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    listed = _listed(ev, args, kwargs, "mean")
    return ev.binary("/", f.lookup(sum)(ev, [listed], {}), ev.length(listed))  # type: ignore[misc]


@_special("max", "amax")
def _max(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _fold(ev, _listed(ev, args, kwargs, "max"), "maximum")


@_special("min", "amin")
def _min(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return _fold(ev, _listed(ev, args, kwargs, "min"), "minimum")


def _fold(ev: Evaluator, items: Any, name: str) -> Any:
    if isinstance(items, Table):
        return ev.call(_largest if name == "maximum" else _smallest, [items], {})
    values = ev.sequence(items)
    if not values:
        raise Unsupported(f"np.{name[:3]}() of an empty sequence")
    result = values[0]
    for value in values[1:]:
        result = _SPECIAL[name](ev, [result, value], {})
    return result


def _listed(ev: Evaluator, args: list[Any], kwargs: dict[str, Any], name: str) -> Any:
    if len(args) != 1 or kwargs:
        raise Unsupported(f"np.{name}() with an axis or other options is not supported")
    value = args[0]
    return (value,) if is_number(value) else value


def _largest(items: Any) -> Any:
    best = items[0]
    for value in items:
        if value != value:
            return value
        if value > best:
            best = value
    return best


def _smallest(items: Any) -> Any:
    best = items[0]
    for value in items:
        if value != value:
            return value
        if value < best:
            best = value
    return best


@_special("dot", "vdot", "inner")
def _dot(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("np.dot", args, kwargs, "a b")
    if is_number(x) and is_number(y):
        return ev.binary("*", x, y)
    p, q = ev.sequence(x), ev.sequence(y)
    if len(p) != len(q):
        raise Unsupported(f"np.dot() of {len(p)} and {len(q)} elements")
    total: Any = 0
    for a, b in zip(p, q, strict=True):
        total = ev.binary("+", total, ev.binary("*", a, b))
    return total


@_special("polyval")
def _polyval(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    coefficients, x = take("np.polyval", args, kwargs, "p x")
    if isinstance(ev.plain(coefficients), Table):
        return ev.call(_horner, [coefficients, x], {})
    result: Any = 0.0
    for c in ev.sequence(coefficients):
        result = ev.binary("+", ev.binary("*", result, x), c)
    return result


def _arg_extreme(name: str) -> Handler:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        items = ev.sequence(_listed(ev, args, kwargs, name))
        if not items:
            raise Unsupported(f"np.{name}() of an empty sequence")
        best, place = items[0], 0
        for k, item in enumerate(items[1:], 1):
            better = ev.truth(ev.compare("<" if name == "argmin" else ">", item, best))
            first_nan = ev.b.andn(ev.test("ISNAN", item), ev.test("ISNAN", best))
            better = ev.b.or_(ev.b.andn(better, ev.test("ISNAN", best)), first_nan)
            best, place = ev.choose(better, item, best), ev.choose(better, k, place)
        return place

    return handler


_SPECIAL["argmin"] = _arg_extreme("argmin")
_SPECIAL["argmax"] = _arg_extreme("argmax")


@_special("searchsorted")
def _searchsorted(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, x, side = take("np.searchsorted", args, kwargs, "a v side", ("left",))
    return builtin.search_sorted(ev, items, _number(ev, x, "searchsorted"), side == "left")


def _horner(coefficients: Any, x: Any) -> Any:
    result = 0.0
    for c in coefficients:
        result = result * x + c
    return result


@_special("interp")
def _interp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, xp, fp, left, right = take("np.interp", args, kwargs, "x xp fp left right", (None, None))
    xp, fp = ev.plain(xp), ev.plain(fp)
    if isinstance(xp, Table) or isinstance(fp, Table) or len(xp) > 64:
        return ev.call(_interpolated, [x, xp, fp, left, right], {})
    xs, ys = ev.sequence(xp), ev.sequence(fp)
    if len(xs) != len(ys) or not xs or len(xs) > 256:
        raise Unsupported("np.interp() needs up to 256 constant nodes, as many xp as fp")
    x = ev.as_float(_number(ev, x, "interp"))
    result: Any = ys[-1] if right is None else right
    at_end = ev.truth(ev.compare("<=", x, xs[-1]))
    for k in range(len(xs) - 2, -1, -1):
        slope = ev.binary("/", ev.binary("-", ys[k + 1], ys[k]), ev.binary("-", xs[k + 1], xs[k]))
        value = ev.binary("+", ev.binary("*", slope, ev.binary("-", x, xs[k])), ys[k])
        if k == len(xs) - 2:
            last = ev.truth(ev.compare("<", x, xs[-1]))
            result = ev.choose(at_end, ys[-1], result)
            result = ev.choose(last, value, result)
        else:
            result = ev.choose(ev.truth(ev.compare("<", x, xs[k + 1])), value, result)
    result = ev.choose(ev.truth(ev.compare("<", x, xs[0])), ys[0] if left is None else left, result)
    return ev.choose(ev.truth(ev.test("ISNAN", x)), x, result)


def _interpolated(x: Any, xp: Any, fp: Any, left: Any, right: Any) -> Any:
    n = len(xp)
    if x != x:
        return x
    if x < xp[0]:
        return fp[0] if left is None else left
    if x > xp[n - 1]:
        return fp[n - 1] if right is None else right
    low, high = 0, n
    while low < high:
        middle = (low + high) // 2
        if x < xp[middle]:
            high = middle
        else:
            low = middle + 1
    if low == n:
        return fp[n - 1]
    k = low - 1
    if x == xp[k]:
        return fp[k]
    return (fp[k + 1] - fp[k]) / (xp[k + 1] - xp[k]) * (x - xp[k]) + fp[k]


@_special("zeros", "ones", "empty")
def _zeros(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> ListRef:
    raise Unsupported("making an array inside a kernel is not supported", "use a list: [0.0] * n")
