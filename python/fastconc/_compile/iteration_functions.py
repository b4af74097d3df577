# SPDX-License-Identifier: BSD-3-Clause
"""`next`, `type` and the functions of `itertools`, on sequences whose length is known."""

from __future__ import annotations

import builtins
import itertools
from typing import TYPE_CHECKING, Any

from .errors import Unsupported
from .functions import known, register, take
from .ir import Val
from .values import Closure, Generator, Iterable, ListRef

if TYPE_CHECKING:
    from .evaluate import Evaluator

MOST = 4096  # combinations that are written out


@known(builtins.iter)
def _iter(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    """Only inside of next(iter(x)) and the like: what has been taken is not remembered."""
    (items,) = args
    return items if isinstance(items, Generator) else ev.iterable(items)


@known(builtins.next)
def _next(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, default = take("next", args, kwargs, "iterator default", (None,))
    items = ev.plain(items)
    if not isinstance(items, (Generator, Iterable)):
        raise Unsupported("next() needs a generator expression or iter(...)")
    return ev.fold_loop("next", items, default)


@known(builtins.type)
def _type(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    (value,) = args
    if isinstance(value, Val):
        return {"B": bool, "I": int}.get(value.type, float)
    if isinstance(value, ListRef):
        return list
    return type(value)


def _counted(items: Any) -> tuple[Any, ...]:
    made = tuple(itertools.islice(items, MOST + 1))
    if len(made) > MOST:
        raise Unsupported(f"more than {MOST} combinations are too many to write out")
    return made


def _combining(function: Any) -> None:
    """A function whose arguments are sequences, then numbers known now."""

    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if any(isinstance(a, Val) for a in (*args, *kwargs.values())):
            raise Unsupported(
                f"itertools.{function.__name__}() of numbers known only at run time is not "
                "supported"
            )
        plain = [a if isinstance(a, int) else ev.sequence(a) for a in args]
        return _counted(function(*plain, **kwargs))

    register(function, handler)


for _function in (
    itertools.chain,
    itertools.combinations,
    itertools.combinations_with_replacement,
    itertools.islice,
    itertools.pairwise,
    itertools.permutations,
    itertools.product,
    itertools.zip_longest,
):
    _combining(_function)


@known(itertools.chain.from_iterable)
def _chain_from_iterable(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return tuple(v for part in ev.sequence(args[0]) for v in ev.sequence(part))


@known(itertools.repeat)
def _repeat(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    value, times = take("repeat", args, kwargs, "object times")
    return Iterable(ev.as_known_int(times), lambda k: value)


@known(itertools.accumulate)
def _accumulate(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, function, initial = take("accumulate", args, kwargs, "i func initial", (None, None))
    values = ev.sequence(items)
    if initial is not None:
        values = [initial, *values]
    made = values[:1]
    for value in values[1:]:
        if function is None:
            made.append(ev.binary("+", made[-1], value))
        else:
            made.append(ev.call(function, [made[-1], value], {}))
    return tuple(made)


@known(itertools.starmap)
def _starmap(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    function, items = args
    if not (callable(function) or isinstance(function, Closure)):
        raise Unsupported("starmap() needs a function")
    return tuple(ev.call(function, ev.sequence(row), {}) for row in ev.sequence(items))
