# SPDX-License-Identifier: BSD-3-Clause
"""Comparisons: chains, `in`, `is`, and sequences against each other."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .arith import FOLD, Arithmetic
from .errors import Unsupported
from .ir import Val
from .maybe import Maybe
from .values import ListRef, Table, Vector

COMPARE: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}


class Comparisons(Arithmetic):
    # These live in evaluate.py, sequences.py and calls.py
    eval: Callable[[ast.expr], Any]
    eval_maybe: Callable[[ast.expr], Any]
    plain: Callable[[Any], Any]
    elements: Callable[..., list[Any]]
    sequence: Callable[[Any], list[Any]]
    call: Callable[[Any, list[Any], dict[str, Any]], Any]

    def x_Compare(self, node: ast.Compare) -> Any:
        left = self.eval_maybe(node.left)
        outer = self.mask
        result: Any = True
        try:
            for op, right_node in zip(node.ops, node.comparators, strict=True):
                if result is not True and _assigns(right_node):
                    raise Unsupported(
                        "an assignment in a chained comparison is not supported",
                        "assign before the comparison",
                    )
                right = self.member_list(op, right_node)
                result = self.b.and_(result, self.known_bool(self.compare_op(op, left, right)))
                if result is False:
                    return False
                self.mask = self.b.mask_and(outer, result)
                left = right
        finally:
            self.mask = outer
        return result

    def known_bool(self, part: Any) -> Any:
        """The outcome of a comparison; True or False if it is known now."""
        if isinstance(part, Val):
            return self.b.as_bool(part)
        return bool(part)

    def compare_once(self, op: str, left: Any, right: Any) -> Any:
        """A comparison that is no chain."""
        return self.known_bool(self.compare_any(op, left, right))

    def member_list(self, op: ast.cmpop, node: ast.expr) -> Any:
        """The right side of a comparison; a set display is as good as a tuple to `in`."""
        if isinstance(op, ast.In | ast.NotIn) and isinstance(node, ast.Set):
            return tuple(self.elements(node.elts))
        return self.eval_maybe(node)

    def compare_op(self, op: ast.cmpop, left: Any, right: Any) -> Any:
        if isinstance(left, Maybe) or isinstance(right, Maybe):
            none = left is None or right is None
            if isinstance(op, ast.Eq | ast.NotEq) or (none and isinstance(op, ast.Is | ast.IsNot)):
                equal = self.compare_maybe(left, right)
                return self.b.not_(equal) if isinstance(op, ast.NotEq | ast.IsNot) else equal
            left, right = self.present(left), self.present(right)
        if isinstance(op, ast.In | ast.NotIn):
            found = self.contains(left, right)
            return self.b.not_(found) if isinstance(op, ast.NotIn) else found
        if isinstance(op, ast.Is | ast.IsNot):
            same: Any
            if isinstance(left, Val) or isinstance(right, Val):
                if (
                    left is not None
                    and right is not None
                    and not (isinstance(left, bool) or isinstance(right, bool))
                ):
                    raise Unsupported("`is` between numbers is not supported", "compare with ==")
                other = right if isinstance(left, Val) else left
                val = left if isinstance(left, Val) else right
                if isinstance(other, bool) and val.type == "B":
                    same = self.compare("==", left, right)
                else:
                    same = False
            else:
                same = left is right
            return self.b.not_(same) if isinstance(op, ast.IsNot) else same
        text = COMPARE[type(op)]
        return self.compare_any(text, left, right)

    def compare_any(self, op: str, left: Any, right: Any) -> Any:
        """Numbers, or sequences of them."""
        lists = isinstance(left, ListRef), isinstance(right, ListRef)
        left, right = self.plain(left), self.plain(right)
        if isinstance(left, Vector) or isinstance(right, Vector):
            raise Unsupported("comparing arrays is not supported", "compare their elements")
        if not (isinstance(left, tuple) and isinstance(right, tuple)):
            return self.compare(op, left, right)
        if lists[0] != lists[1]:
            if op in ("==", "!="):
                return op == "!="  # a list never equals a tuple
            raise Unsupported("a list and a tuple cannot be ordered")
        return self.compare_tuples(op, left, right)

    def compare_tuples(self, op: str, left: tuple[Any, ...], right: tuple[Any, ...]) -> Any:
        """As Python's: by the first pair that differs, else by the lengths."""
        lengths = len(left), len(right)
        if op in ("==", "!="):
            same: Any = lengths[0] == lengths[1]
            if same:
                for x, y in zip(left, right, strict=True):
                    same = self.b.and_(same, self.same_item(x, y))
            return self.b.not_(same) if op == "!=" else same
        result: Any = FOLD[op](*lengths)
        for x, y in reversed(list(zip(left, right, strict=False))):
            same = self.same_item(x, y)
            if same is not True:
                differ = self.truth(self.compare_any(op, x, y))
                result = self.b.or_(self.b.and_(same, result), self.b.andn(differ, same))
        return result

    def same_item(self, x: Any, y: Any) -> Any:
        """Whether containers take x and y for equal: one object is, even a nan."""
        if isinstance(x, Val) and x is y:
            return True
        if isinstance(x, float) and x is y:
            return True
        return self.truth(self.compare_any("==", x, y))

    def contains(self, value: Any, items: Any) -> Any:
        if isinstance(items, (dict, set, frozenset)) and not isinstance(value, Val):
            return value in items
        if isinstance(items, Table):
            return self.call(_is_member, [value, items], {})
        if isinstance(items, str) and isinstance(value, str):
            return value in items
        if isinstance(items, range) and isinstance(value, Val) and len(items) > 64:
            raise Unsupported(
                "`in range(...)` of this length is not supported", "compare the bounds"
            )
        found: Any = False
        for item in self.sequence(tuple(items) if isinstance(items, (set, frozenset)) else items):
            found = self.b.or_(found, self.same_item(value, item))
        return found


def _is_member(value: Any, items: Any) -> bool:
    return any(value == item for item in items)


def _assigns(node: ast.expr) -> bool:
    return any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node))
