# SPDX-License-Identifier: BSD-3-Clause
"""The functions of `operator`."""

from __future__ import annotations

import ast
import operator
from typing import TYPE_CHECKING, Any

from .functions import known, register, take

if TYPE_CHECKING:
    from .evaluate import Evaluator


def _operator(function: Any, op: str) -> None:
    def handler(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
        x, y = take(function.__name__, args, kwargs, "a b")
        return ev.binary(op, ev.plain(x), ev.plain(y))

    register(function, handler)


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
    (operator.ifloordiv, "//"),
    (operator.imod, "%"),
    (operator.ipow, "**"),
    (operator.iand, "&"),
    (operator.ior, "|"),
    (operator.ixor, "^"),
    (operator.ilshift, "<<"),
    (operator.irshift, ">>"),
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


@known(operator.is_)
def _is(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.compare_op(ast.Is(), *args)


@known(operator.is_not)
def _is_not(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.compare_op(ast.IsNot(), *args)


@known(operator.getitem)
def _getitem(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    return ev.subscript(args[0], args[1])


@known(operator.contains)
def _contains(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, value = args
    return ev.contains(value, items)


@known(operator.countOf)
def _count_of(ev: Evaluator, args: list[Any], kwargs: dict[str, Any]) -> Any:
    items, value = args
    count: Any = 0
    for item in ev.sequence(items):
        count = ev.binary("+", count, ev.compare("==", item, value))
    return count
