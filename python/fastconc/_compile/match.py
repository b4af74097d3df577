# SPDX-License-Identifier: BSD-3-Clause
"""The `match` statement: each pattern is a condition and the names it binds."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .arith import describe
from .errors import Unsupported
from .statements import UNSET, Statements
from .values import Given, ListRef

_KINDS = {"int": (int,), "float": (float,), "bool": (bool,)}


class Match(Statements):
    compare_op: Callable[[ast.cmpop, Any, Any], Any]

    def s_Match(self, node: ast.Match) -> None:
        self.match_cases(self.eval(node.subject), node.cases)

    def match_cases(self, subject: Any, cases: list[ast.match_case]) -> None:
        if not cases:
            return
        case, rest = cases[0], cases[1:]
        names: dict[str, Any] = {}
        cond = self.pattern(case.pattern, subject, names)
        if cond is False:
            self.match_cases(subject, rest)
            return
        env, outer = self.frame.env, self.mask
        for name, value in names.items():
            old = env.get(name, UNSET)
            env[name] = value if cond is True else self.merge_values(cond, name, value, old)
            if "?" + name in env:
                env["?" + name] = self.b.or_(env["?" + name], cond)
        if case.guard is not None:
            self.mask = self.b.mask_and(outer, cond)
            try:
                guard = self.truth(self.plain(self.eval(case.guard)))
            finally:
                self.mask = outer
            cond = self.b.and_(cond, guard)
        if isinstance(cond, bool):
            if cond:
                self.exec_block(case.body)
            else:
                self.match_cases(subject, rest)
            return
        self.branches(cond, case.body, lambda: self.match_cases(subject, rest))

    def pattern(self, node: ast.pattern, subject: Any, names: dict[str, Any]) -> Any:
        """Whether the subject matches (a Bool); what it binds goes to names."""
        try:
            return self.pattern_here(node, subject, names)
        except Unsupported as error:
            error.at(node, self.frame.body.source)
            raise

    def pattern_here(self, node: ast.pattern, subject: Any, names: dict[str, Any]) -> Any:
        if isinstance(node, ast.MatchValue):
            return self.compare_op(ast.Eq(), subject, self.eval(node.value))
        if isinstance(node, ast.MatchSingleton):
            return self.compare_op(ast.Is(), subject, node.value)
        if isinstance(node, ast.MatchAs):
            matched: Any = True
            if node.pattern is not None:
                matched = self.pattern(node.pattern, subject, names)
            if node.name is not None:
                names[node.name] = subject
            return matched
        if isinstance(node, ast.MatchOr):
            matched = False
            for part in node.patterns:
                inner: dict[str, Any] = {}
                matched = self.b.or_(matched, self.pattern(part, subject, inner))
                if inner:
                    raise Unsupported("names in alternatives of a pattern are not supported")
            return matched
        if isinstance(node, ast.MatchSequence):
            return self.sequence_pattern(node, subject, names)
        if isinstance(node, ast.MatchClass) and isinstance(node.cls, ast.Name):
            kinds = _KINDS.get(node.cls.id)
            if kinds is not None and len(node.patterns) <= 1 and not node.kwd_attrs:
                matched = self.eval(
                    ast.copy_location(
                        ast.Call(
                            ast.copy_location(ast.Name("isinstance", ast.Load()), node),
                            [Given(subject, node), node.cls],
                            [],
                        ),
                        node,
                    )
                )
                if node.patterns and matched:
                    matched = self.b.and_(matched, self.pattern(node.patterns[0], subject, names))
                return matched
        raise Unsupported(
            f"the pattern {type(node).__name__[5:].lower()} is not supported", "use if/elif/else"
        )

    def sequence_pattern(self, node: ast.MatchSequence, subject: Any, names: dict[str, Any]) -> Any:
        if not isinstance(subject, (tuple, ListRef)):
            if isinstance(subject, (int, float)) or self.type_of(subject):
                return False
            raise Unsupported(f"matching {describe(subject)} with a sequence is not supported")
        items = self.sequence(subject)
        starred = [k for k, p in enumerate(node.patterns) if isinstance(p, ast.MatchStar)]
        parts = list(node.patterns)
        if starred:
            k = starred[0]
            rest = len(parts) - k - 1
            if len(items) < len(parts) - 1:
                return False
            star = parts.pop(k)
            assert isinstance(star, ast.MatchStar)
            middle = items[k : len(items) - rest]
            items = [*items[:k], *items[len(items) - rest :]]
            if star.name is not None:
                names[star.name] = tuple(middle)
        if len(items) != len(parts):
            return False
        matched: Any = True
        for part, item in zip(parts, items, strict=True):
            matched = self.b.and_(matched, self.pattern(part, item, names))
        return matched
