# SPDX-License-Identifier: BSD-3-Clause
"""Variables that are None on some lanes and a number on others, as `best` in

    best = None
    for v in values:
        if best is None or v > best:
            best = v

Such a value is a pair (``Maybe``): whether it is there, and the number. Branches and loops carry
the pair as they carry any tuple. `is`, `==` and the truth value ask the first part; assignments,
calls and returns hand the pair on; whatever else reads it raises on the lanes where it is None, as
Python does.
"""

from __future__ import annotations

from typing import Any

from .ir import Val


class Maybe(tuple[Any, ...]):
    """(present, value): None on the lanes where `present`, a bool, is false."""

    __slots__ = ()


def _is_number(value: Any) -> bool:
    return isinstance(value, (Val, int, float))


def may_lift(*values: Any) -> bool:
    """Whether these can be one variable's values: some None or a Maybe, and some not None."""
    some = False
    there = False
    for value in values:
        some = some or value is None or type(value) is Maybe
        there = there or value is not None
        if not (value is None or isinstance(value, tuple) or _is_number(value)):
            return False
    return some and there


def lift(value: Any, like: Any) -> Any:
    """A value as a Maybe; where it is None the number is `like`, for no one looks at it."""
    if value is None:
        return Maybe((False, like[1] if type(like) is Maybe else like))
    if type(value) is Maybe or not (isinstance(value, tuple) or _is_number(value)):
        return value
    return Maybe((True, value))


def lift_all(values: list[Any]) -> list[Any]:
    like = next(v for v in values if v is not None)
    return [lift(v, like) for v in values]
