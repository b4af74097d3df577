# SPDX-License-Identifier: BSD-3-Clause
"""round(x, digits), as CPython rounds."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .arith import describe, is_number
from .errors import Unsupported
from .ir import Val

if TYPE_CHECKING:
    from .evaluate import Evaluator

MOST = 22  # 10**22 is the largest power of ten that a float holds exactly


def round_digits(ev: Evaluator, x: Any, digits: Any) -> Any:
    """x with so many decimal digits, a half to even, by the decimal expansion of x.

    x * 10**d is s + e without error (e by FMA), so the integer nearest to it is known exactly, and
    one division by a power of ten that is exact rounds correctly. (For d < 0 with the quotient's
    remainder.)
    """
    for value in (x, digits):
        if not is_number(value):
            raise Unsupported(f"round() of {describe(ev.plain(value))} is not supported")
    if not isinstance(digits, Val) and not isinstance(digits, int):
        raise Unsupported("round() needs an int for the number of digits, not a float")
    if not isinstance(x, Val) and not isinstance(digits, Val):
        return round(x, digits)
    if ev.type_of(x) in "IB":
        return _round_int(ev, x, digits)
    if isinstance(digits, Val):
        ev.raise_where(ev.compare("<", digits, -MOST), "INVALID")
        # To more digits only the smallest change; the others stay as they are.
        tiny = ev.truth(ev.compare("<", ev.unary_call(abs, x), 2.0**53 / 10.0**MOST))
        tiny = ev.b.and_(tiny, ev.truth(ev.compare("!=", x, 0.0)))
        many = ev.truth(ev.compare(">", digits, MOST))
        ev.raise_where(ev.b.and_(many, tiny), "INVALID")
        size = ev.unary_call(abs, digits)
        size = ev.choose(ev.truth(ev.compare(">", size, MOST)), MOST, size)
        power = ev.as_type(ev.subscript(tuple(10.0**k for k in range(MOST + 1)), size), "D")
        scale = ev.truth(ev.compare(">=", digits, 0))
    elif -MOST <= digits <= MOST:
        power = ev.b.const(10.0 ** abs(digits), "D")
        scale = digits >= 0
    else:
        raise Unsupported(
            f"round() to {digits} digits is not supported", f"use -{MOST} to {MOST} digits"
        )
    x = ev.as_float(x)
    if x.type == "F":
        wide = ev.b.emit("D_F", "D", (x,))
        return ev.b.emit("F_D", "F", (_round_float(ev, wide, power, scale),))
    return _round_float(ev, x, power, scale)


def _round_float(ev: Evaluator, x: Val, power: Val, scale: Any) -> Val:
    """x rounded to multiples of 1 / power where scale, else of power."""
    b = ev.b

    def either(up: Any, down: Any) -> Any:
        """What scale decides: one of them, or a selection."""
        if isinstance(scale, bool):
            return up() if scale else down()
        return b.select(scale, up(), down())

    def negated(value: Val) -> Val:
        return b.emit("NEG_D", "D", (value,))

    s = either(lambda: b.emit("MUL_D", "D", (x, power)), lambda: b.emit("DIV_D", "D", (x, power)))
    e = either(
        lambda: b.emit("FMA_D", "D", (x, power, negated(s))),
        lambda: b.emit("FMA_D", "D", (negated(s), power, x)),
    )
    r = b.emit("RINT_D", "D", (s,))
    d = b.emit("SUB_D", "D", (s, r))
    zero, one = b.const(0.0, "D"), b.const(1.0, "D")
    half, minus_half = b.const(0.5, "D"), b.const(-0.5, "D")
    # s lies in the middle of two integers, and what was lost of it (e) tells to which x is nearer
    up = b.and_(b.emit("EQ_D", "B", (d, half)), b.emit("LT_D", "B", (zero, e)))
    down = b.and_(b.emit("EQ_D", "B", (d, minus_half)), b.emit("LT_D", "B", (e, zero)))
    r = b.select(up, b.emit("ADD_D", "D", (r, one)), r)
    r = b.select(down, b.emit("SUB_D", "D", (r, one)), r)
    result = either(
        lambda: b.emit("DIV_D", "D", (r, power)), lambda: b.emit("MUL_D", "D", (r, power))
    )
    result = b.emit("COPYSIGN_D", "D", (result, x))
    # Where x has no digits to lose (or is no number), it stays.
    # From 2**53 units on, neighbouring floats are a unit or more apart.
    limit = b.const(2.0**53, "D")
    small = b.emit("LT_D", "B", (b.emit("ABS_D", "D", (s,)), limit))
    return b.select(small, result, x)


def _round_int(ev: Evaluator, x: Any, digits: Any) -> Any:
    if not isinstance(digits, Val) and digits >= 0:
        return ev.as_int(x)
    if isinstance(digits, Val):
        # 10**18 is the largest that an int of 64 bits holds; to more digits less, x is 0 or too big
        few = ev.truth(ev.compare("<", digits, -18))
        big = ev.compare(">=", ev.as_float(x), 5e18)
        big = ev.b.or_(ev.truth(big), ev.truth(ev.compare("<=", ev.as_float(x), -5e18)))
        ev.raise_where(ev.b.and_(few, big), "OVERFLOW")
        x = ev.choose(few, 0, x)
        drop = ev.unary("-", ev.choose(ev.truth(ev.compare("<", digits, 0)), digits, 0))
        drop = ev.choose(few, 0, drop)
        unit = ev.subscript(tuple(10**k for k in range(19)), drop)
    else:
        unit = 10 ** (-digits)
    quotient = ev.binary("//", x, unit)
    low = ev.binary("*", quotient, unit)
    rest = ev.binary("-", x, low)
    beyond = ev.binary("-", unit, rest)
    odd = ev.truth(ev.compare("==", ev.binary("&", quotient, 1), 1))
    even_up = ev.b.and_(ev.truth(ev.compare("==", rest, beyond)), odd)
    up = ev.b.or_(ev.truth(ev.compare(">", rest, beyond)), even_up)
    whole = isinstance(digits, Val) and ev.truth(ev.compare("==", unit, 1))
    up = up if whole is False else ev.b.andn(up, whole)
    return ev.binary("+", low, ev.choose(up, unit, 0))
