# SPDX-License-Identifier: BSD-3-Clause
"""frexp, ldexp, nextafter, ulp: functions of a float's bits; and the bits of ints."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .arith import describe, is_number
from .errors import Unsupported
from .functions import known, take
from .ir import INT_MIN, Val

if TYPE_CHECKING:
    from .evaluate import Evaluator

_EXPONENT = 0x7FF << 52
_HALF = 1022 << 52  # the bits of 0.5


def _double(ev: Evaluator, x: Any, name: str) -> Val:
    if not is_number(x):
        raise Unsupported(f"{name}() of {describe(ev.plain(x))} is not supported")
    if ev.b.fl == "F":
        raise Unsupported(
            f"{name}() of float32 numbers is not supported", "pass float64 arrays to this kernel"
        )
    return ev.as_float(x)


def _bits(ev: Evaluator, x: Val) -> Val:
    return ev.b.emit("IBITS_D", "I", (x,))


def _of_bits(ev: Evaluator, bits: Any) -> Val:
    return ev.b.emit("DBITS_I", "D", (ev.as_int(bits),))


def frexp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("frexp", args, kwargs, "x")
    if isinstance(x, (int, float)):
        return math.frexp(x)
    x = _double(ev, x, "frexp")
    # Subnormal numbers are made normal first.
    low = ev.truth(ev.compare("<", ev.b.emit("ABS_D", "D", (x,)), 2.0**-1022))
    normal = ev.as_float(ev.choose(low, ev.binary("*", x, 2.0**54), x))
    bits = _bits(ev, normal)
    exponent = ev.binary("&", ev.binary(">>", bits, 52), 0x7FF)
    exponent = ev.binary("-", exponent, ev.choose(low, 1022 + 54, 1022))
    mantissa = _of_bits(ev, ev.binary("|", ev.binary("&", bits, ~_EXPONENT), _HALF))
    plain = ev.b.or_(ev.truth(ev.compare("==", x, 0.0)), ev.b.not_(ev.test("ISFINITE", x)))
    return ev.choose(plain, x, mantissa), ev.choose(plain, 0, exponent)


def ldexp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, i = take("ldexp", args, kwargs, "x i")
    if isinstance(x, (int, float)) and isinstance(i, int):
        try:
            return math.ldexp(x, i)
        except OverflowError:
            pass
    if not isinstance(i, Val) and -1000 <= i <= 1000:
        result = ev.binary("*", ev.as_float(x), 2.0**i)
    else:
        result = _double(ev, x, "ldexp")
        left: Any = ev.as_int(i)
        # Three factors reach every exponent. One that makes the product subnormal, and so rounds
        # it, must be the last that is not 1, unless the result is 0 anyway.
        for _ in range(3):
            over, under = ev.compare(">", left, 1023), ev.compare("<", left, -1022)
            part = ev.choose(ev.truth(over), 1023, ev.choose(ev.truth(under), -969, left))
            result = ev.binary(
                "*", result, _of_bits(ev, ev.binary("<<", ev.binary("+", part, 1023), 52))
            )
            rest = ev.choose(
                ev.b.or_(ev.truth(over), ev.truth(under)), ev.binary("-", left, part), 0
            )
            left = rest
    if ev.raising:
        infinite = ev.b.andn(ev.truth(ev.test("ISINF", result)), ev.truth(ev.test("ISINF", x)))
        ev.raise_where(infinite, "RANGE")
    return result


def nextafter(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    x, y = take("nextafter", args, kwargs, "x y")
    if isinstance(x, (int, float)) and isinstance(y, (int, float)):
        return math.nextafter(x, y)
    x, y = _double(ev, x, "nextafter"), _double(ev, y, "nextafter")
    equal = ev.truth(ev.compare("==", x, y))
    undefined = ev.b.or_(ev.test("ISNAN", x), ev.test("ISNAN", y))
    zero = ev.truth(ev.compare("==", x, 0.0))
    tiny = ev.b.emit("COPYSIGN_D", "D", (ev.b.const(5e-324, "D"), y))
    # Away from zero, the next number has the next bits.
    outwards = ev.truth(ev.compare("==", ev.compare("<", x, y), ev.compare(">", x, 0.0)))
    bits = _bits(ev, ev.as_float(ev.choose(ev.b.or_(undefined, zero), 1.0, x)))
    step = ev.choose(outwards, 1, -1)
    result = _of_bits(ev, ev.binary("+", bits, step))
    result = ev.choose(zero, tiny, result)
    result = ev.choose(equal, y, result)
    return ev.choose(undefined, ev.binary("+", x, y), result)


def ulp(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (x,) = take("ulp", args, kwargs, "x")
    if isinstance(x, (int, float)):
        return math.ulp(x)
    size = ev.b.emit("ABS_D", "D", (_double(ev, x, "ulp"),))
    finite = ev.test("ISFINITE", size)
    largest = ev.truth(ev.compare("==", size, 1.7976931348623157e308))
    bits = _bits(ev, ev.as_float(ev.choose(finite, size, 1.0)))
    above = _of_bits(ev, ev.binary("+", bits, 1))
    unit = ev.choose(largest, 2.0**971, ev.binary("-", above, size))
    return ev.choose(ev.truth(finite), unit, size)


def spacing(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """np.spacing: the distance to the next number away from zero."""
    (x,) = take("np.spacing", args, kwargs, "x")
    x = _double(ev, x, "np.spacing")
    unit = ulp(ev, [x], {})
    unit = ev.choose(ev.truth(ev.compare("<", x, 0.0)), ev.unary("-", unit), unit)
    return ev.choose(ev.truth(ev.test("ISFINITE", x)), unit, math.nan)


for _function, _handler in (
    (math.frexp, frexp),
    (math.ldexp, ldexp),
    (math.nextafter, nextafter),
    (math.ulp, ulp),
):
    known(_function)(_handler)


@known(int.bit_length)
def _bit_length(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (n,) = take("bit_length", args, kwargs, "n")
    if not isinstance(n, Val):
        return n.bit_length()
    # Of -2**63 the absolute value is no int64; its bits are 64.
    lowest = ev.truth(ev.compare("==", n, INT_MIN))
    left = ev.unary_call(abs, ev.choose(lowest, 0, n))
    length: Any = 0
    for width in (32, 16, 8, 4, 2, 1):
        wide = ev.truth(ev.compare(">=", left, 1 << width))
        length = ev.binary("+", length, ev.choose(wide, width, 0))
        left = ev.choose(wide, ev.binary(">>", left, width), left)
    length = ev.binary("+", length, ev.compare(">", left, 0))
    return ev.choose(lowest, 64, length)


@known(int.bit_count)
def _bit_count(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Pairs, nibbles and bytes are counted in parallel (Warren 2012, Hacker's Delight, 5-1)."""
    (n,) = take("bit_count", args, kwargs, "n")
    if not isinstance(n, Val):
        return n.bit_count()
    lowest = ev.truth(ev.compare("==", n, INT_MIN))
    left = ev.unary_call(abs, ev.choose(lowest, 1, n))

    def halves(value: Any, shift: int, mask: int) -> Any:
        high = ev.binary("&", ev.binary(">>", value, shift), mask)
        return ev.binary("+", ev.binary("&", value, mask), high)

    for shift, mask in (
        (1, 0x5555555555555555),
        (2, 0x3333333333333333),
        (4, 0x0F0F0F0F0F0F0F0F),
        (8, 0x00FF00FF00FF00FF),
        (16, 0x0000FFFF0000FFFF),
        (32, 0x00000000FFFFFFFF),
    ):
        left = halves(left, shift, mask)
    return left
