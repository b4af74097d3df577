# SPDX-License-Identifier: BSD-3-Clause
"""Python's builtins on numbers and sequences."""

from __future__ import annotations

import bisect
import builtins
import contextlib
import functools
import math
import operator
import sys
from typing import TYPE_CHECKING, Any

from .arith import describe, is_number
from .errors import Unsupported
from .functions import Handler, known, register, take
from .ir import Val
from .values import Closure, Generator, Iterable, ListRef, Range, Table

if TYPE_CHECKING:
    from .evaluate import Evaluator


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
        items = ev.plain(result), ev.plain(value)
        if isinstance(items[0], tuple) and isinstance(items[1], tuple):
            better = ev.compare_any("<" if name == "MIN" else ">", value, result)
            result = ev.choose(better, items[1], items[0], f"the arguments of {name.lower()}()")
            continue
        if not isinstance(result, Val) and not isinstance(value, Val):
            try:
                result = python(result, value)
            except TypeError as error:
                raise Unsupported(f"{name.lower()}(): {error}") from None
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
        if len(args) == 1 and key is None:
            items = ev.plain(args[0])
            if _run_time_length(ev, items):
                return ev.fold_loop(name, items, None if default is _NO_DEFAULT else default)
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
            better = ev.truth(ev.compare_any("<" if name == "MIN" else ">", score, best))
            result = ev.choose(better, value, result)
            best = ev.choose(better, score, best)
        return result

    return handler


_NO_DEFAULT = object()
register(min, _min_max("MIN"))
register(max, _min_max("MAX"))


def _run_time_length(ev: Evaluator, items: Any) -> bool:
    """Whether an iterable must be looped over when the kernel runs."""
    if isinstance(items, Table):
        return items.shape is None
    if isinstance(items, Iterable):
        return isinstance(items.length, Val)
    if isinstance(items, Generator):
        with contextlib.suppress(Unsupported):
            first = ev.plain(ev.eval_in(items.frame, items.node.generators[0].iter))
            return isinstance(first, Range) or _run_time_length(ev, first)
    return isinstance(items, Range)


def extreme_step(name: str, total: Any, seen: Any, item: Any) -> Any:
    """Stands for one step of min() or max() in loops that the compiler writes."""
    raise NotImplementedError


@known(extreme_step)
def _extreme_step(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    name, total, seen, item = args
    return ev.choose(ev.truth(seen), extreme(ev, name, [total, item]), item)


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
        return modular_power(ev, base, exponent, modulus)
    return ev.binary("**", base, exponent)


def modular_power(ev: Evaluator, base: Any, exponent: Any, modulus: Any) -> Any:
    """pow(a, n, m) as the loop that squares; the inverse where n < 0."""
    for value in (base, exponent, modulus):
        ev.as_int(value)
    return ev.call(_modular_power, [base, exponent, modulus], {})


def _modular_power(base: int, exponent: int, modulus: int) -> int:
    result = 1 % modulus
    base = base % modulus
    if exponent < 0:
        base = _inverse(base, modulus)
        exponent = -exponent
    while exponent > 0:
        if exponent & 1:
            result = result * base % modulus
        exponent >>= 1
        if exponent > 0:
            base = base * base % modulus
    return result


def _inverse(a: int, modulus: int) -> int:
    """By Euclid's algorithm; of Python's sign."""
    r, s = abs(modulus), a % abs(modulus)
    t, u = 0, 1
    while s != 0:
        q = r // s
        r, s = s, r - q * s
        t, u = u, t - q * u
    if r != 1:
        raise ValueError("base is not invertible for the given modulus")
    return t % modulus


@known(functools.reduce)
def _reduce(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, *rest = args
    items = ev.sequence(rest[0])
    if len(rest) > 1:
        items = [rest[1], *items]
    if not items:
        raise Unsupported("reduce() of an empty sequence")
    result = items[0]
    for item in items[1:]:
        result = ev.call(function, [result, item], {})
    return result


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
    return Iterable(it.length, lambda k: (ev.binary("+", k, start), it.get(k)), it.lists)


@known(builtins.zip)
def _zip(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    strict = kwargs.pop("strict", False)
    its = [ev.iterable(a) for a in args]
    if not its:
        return ()
    if ev.truth(ev.plain(strict)) is not False:
        for it in its[1:]:
            if not isinstance(it.length, Val) and not isinstance(its[0].length, Val):
                if it.length != its[0].length:
                    raise Unsupported(
                        "zip(strict=True) of sequences of different lengths: "
                        f"{its[0].length} and {it.length}"
                    )
                continue
            ev.raise_where(ev.compare("!=", it.length, its[0].length), "INVALID")
    return Iterable(
        extreme(ev, "MIN", [it.length for it in its]),
        lambda k: tuple(it.get(k) for it in its),
        tuple(pair for it in its for pair in it.lists),
    )


@known(builtins.reversed)
def _reversed(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    if isinstance(args[0], range):
        return args[0][::-1]
    it = ev.iterable(args[0])
    last = ev.binary("-", it.length, 1)
    return Iterable(it.length, lambda k: it.get(ev.binary("-", last, k)), it.lists)


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
    key = kwargs.pop("key", None)
    if kwargs:
        raise Unsupported(f"sorted() has no argument {next(iter(kwargs))!r}")
    items = ev.sequence(args[0])
    keys = list(items) if key is None else [ev.call(key, [item], {}) for item in items]
    if key is None and all(isinstance(v, (int, float, str)) for v in items):
        try:
            return ev.new_list(tuple(sorted(items, reverse=reverse)))
        except TypeError as error:
            raise Unsupported(f"sorted(): {error}") from None
    if len(items) > 32:
        raise Unsupported(f"sorted() of {len(items)} values is not supported", "use at most 32")
    for end in range(len(items) - 1, 0, -1):
        for k in range(end):
            x, y = items[k], items[k + 1]
            p, q = keys[k], keys[k + 1]
            swap = ev.truth(ev.compare_any(">" if reverse else "<", q, p))
            items[k], items[k + 1] = ev.choose(swap, y, x), ev.choose(swap, x, y)
            keys[k], keys[k + 1] = ev.choose(swap, q, p), ev.choose(swap, p, q)
    return ev.new_list(tuple(items))


@known(builtins.filter)
def _filter(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, items = args
    kept = []
    for item in ev.sequence(items):
        cond = ev.truth(item if function is None else ev.call(function, [item], {}))
        if not isinstance(cond, bool):
            raise Unsupported("a sequence whose length depends on the data is not supported")
        if cond:
            kept.append(item)
    return tuple(kept)


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


def _wants_a_loop(items: Any) -> bool:
    """Whether its length is known only at run time, or too great to write every step out."""
    if isinstance(items, range):
        return len(items) > 16
    return isinstance(items, (Generator, Table, Range, Iterable))


@known(builtins.sum)
def _sum(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, start = take("sum", args, kwargs, "iterable start", (0,))
    items = ev.plain(items)
    if _wants_a_loop(items):
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
    result = compensate(ev, total, low)
    if ev.raising:
        # -inf + inf, or an overflow on the way
        given = [ev.truth(ev.test("ISFINITE", item)) for item in items]
        finite: Any = True
        undefined: Any = ev.test("ISNAN", result)
        for value in given:
            finite = ev.b.and_(finite, value)
        for item in items:
            undefined = ev.b.andn(undefined, ev.truth(ev.test("ISNAN", item)))
        ev.raise_where(ev.b.and_(finite, ev.b.not_(ev.test("ISFINITE", result))), "RANGE")
        ev.raise_where(undefined, "DOMAIN")
    return result


@known(math.prod)
def _prod(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, start = take("prod", args, kwargs, "iterable start", (1,))
    items = ev.plain(items)
    if _wants_a_loop(items):
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


register(any, _any_all("any"))
register(all, _any_all("all"))


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


# bisect


def _bisect(function: Any, left: bool) -> None:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        name = function.__name__
        items, x, low, high, key = take(name, args, kwargs, "a x lo hi key", (0, None, None))
        if key is not None:
            raise Unsupported(f"{name}(): the argument 'key' is not supported")
        if high is None and not isinstance(low, Val) and low == 0:
            return search_sorted(ev, items, x, left)
        high = ev.length(items) if high is None else high
        return ev.call(_bisect_left if left else _bisect_right, [items, x, low, high], {})

    register(function, handler)


def search_sorted(ev: Evaluator, items: Any, x: Any, left: bool) -> Any:
    """Where x belongs in sorted items: a count for a few, else the binary search."""
    items = ev.plain(items)
    if isinstance(items, tuple) and len(items) <= 16:
        place: Any = 0
        for item in items:
            # as the comparisons of the binary search fall, nan included
            before = (
                ev.compare("<", item, x) if left else ev.b.not_(ev.truth(ev.compare("<", x, item)))
            )
            place = ev.binary("+", place, before)
        return place
    search = _bisect_left if left else _bisect_right
    return ev.call(search, [items, x, 0, ev.length(items)], {})


def _bisect_left(items: Any, x: Any, low: int, high: int) -> int:
    if low < 0:
        raise ValueError("lo must be non-negative")
    while low < high:
        middle = (low + high) // 2
        if items[middle] < x:
            low = middle + 1
        else:
            high = middle
    return low


def _bisect_right(items: Any, x: Any, low: int, high: int) -> int:
    if low < 0:
        raise ValueError("lo must be non-negative")
    while low < high:
        middle = (low + high) // 2
        if x < items[middle]:
            high = middle
        else:
            low = middle + 1
    return low


_bisect(bisect.bisect_left, True)
_bisect(bisect.bisect_right, False)
