# SPDX-License-Identifier: BSD-3-Clause
"""Functions of integers."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from .errors import Unsupported
from .functions import known, lookup, register
from .ir import Val

if TYPE_CHECKING:
    from .evaluate import Evaluator


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

    register(function, handler)


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
        result = lookup(abs)(ev, [product], {})  # type: ignore[misc]
    return result


@known(math.perm)
def _perm(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if not any(isinstance(a, Val) for a in args):
        return math.perm(*args)
    if len(args) == 1 or args[1] is None:
        return ev.b.emit("FACTORIAL_I", "I", (ev.as_int(args[0]),), mask=ev.mask)
    n, k = args
    if isinstance(k, Val) or k > 20:
        # comb(n, k) * k!, with a k whose factorial fits where the result is 0 anyway
        ev.raise_where(ev.b.or_(ev.compare("<", n, 0), ev.compare("<", k, 0)), "DOMAIN")
        few = ev.choose(ev.truth(ev.compare(">", k, n)), 0, k)
        ways = ev.b.emit("COMB_I", "I", (ev.as_int(n), ev.as_int(k)), mask=ev.mask)
        orders = ev.b.emit("FACTORIAL_I", "I", (ev.as_int(few),), mask=ev.mask)
        return ev.binary("*", ways, orders)
    ev.raise_where(ev.compare("<", n, 0), "DOMAIN")
    result: Any = 1
    for j in range(k):
        result = ev.binary("*", result, ev.binary("-", n, j))
    return ev.choose(ev.truth(ev.compare("<", n, k)), 0, result)
