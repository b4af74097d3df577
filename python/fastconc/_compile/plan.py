# SPDX-License-Identifier: BSD-3-Clause
"""Guesses about a loop, and how to take a wrong one back."""

from __future__ import annotations

import ast
import sys
from typing import TYPE_CHECKING, Any

from .arith import is_number
from .errors import Unsupported
from .ir import Val
from .maybe import Maybe, lift
from .values import Escape, ListRef, Unbound

if TYPE_CHECKING:
    from .statements import Statements


class State:
    """Where the builder stood, to take a wrong guess back."""

    def __init__(self, ev: Statements) -> None:
        b = ev.b
        self.block = b.block
        self.length = len(b.block)
        self.n_instructions = b.n_instructions
        self.scope = dict(b.scope)
        self.env = dict(ev.frame.env)
        self.heap = dict(ev.heap)
        self.mask = ev.mask
        self.frame = ev.frame

    def restore(self, ev: Statements) -> None:
        b = ev.b
        assert b.block is self.block
        del b.block[self.length :]
        b.n_instructions = self.n_instructions
        b.scope.clear()
        b.scope.update(self.scope)
        self.frame.env = dict(self.env)
        ev.heap = dict(self.heap)
        ev.mask = self.mask


class Plan:
    """Guesses about a loop: which variables it carries, with which types, and whether its lanes
    part."""

    def __init__(self, ev: Statements, node: ast.While | ast.For, counter: str | None) -> None:
        self.ev = ev
        self.node = node
        self.counter = counter
        self.divergent = False
        self.lanes_uniform = ev.mask is None or (isinstance(ev.mask, Val) and ev.mask.uniform)
        self.types: dict[Any, str] = {}
        self.varying: set[Any] = set()
        self.carried: set[Any] = set()
        self.broke: Val | None = None
        self.escaped: Escape | None = None
        self.wants_broke = bool(node.orelse)
        env = ev.frame.env
        assigned = assigned_names(node)
        self.stand_ins: set[str] = set()
        self.shapes: dict[str, Any] = {}  # of stand-ins that are tuples
        for name in getattr(node, "carries", ()):
            if env.get("?" + name) is False:
                # Something to carry; who reads it is told by the flag.
                env[name] = False
                self.stand_ins.add(name)
        assigned.update(["?" + name for name in assigned if env.get("?" + name, True) is not True])
        self.keys: list[Any] = [
            name
            for name in env
            if (name in assigned or name == counter) and not isinstance(env[name], Unbound)
        ]
        self.simple_keys = set(self.keys)
        self.dropped: set[str] = set()

    def make_phi(self, key: Any, value: Any) -> Any:
        if isinstance(value, tuple):
            parts = [self.make_phi((key, k), v) for k, v in enumerate(value)]
            return tuple.__new__(value.__class__, parts)
        if not is_number(value):
            return value
        type = self.types.get(key) or self.ev.type_of(value)
        uniform = key not in self.varying and (not isinstance(value, Val) or value.uniform)
        return self.ev.b.var(type, uniform)

    def diverge(self) -> bool:
        self.divergent = True
        return False

    def widen(self, key: Any, type: str) -> bool:
        self.types[key] = type
        return False

    def vary(self, key: Any) -> bool:
        self.varying.add(key)
        return False

    def may_be_none(self, key: str, entry: Any, values: list[Any]) -> bool:
        """The variable is None on some lanes: it is carried as a Maybe."""
        like = next(v for v in (entry, *values) if v is not None)
        inner = like[1] if type(like) is Maybe else like
        self.shapes[key] = lift(entry, _stand_in_like(inner))
        return False

    def drop(self, key: Any, value: Any = None) -> bool:
        """The variable changes its kind: what it was before the loop cannot be seen in it."""
        if isinstance(value, Unbound):
            value = value.value
        if key in self.stand_ins and isinstance(value, tuple) and key not in self.shapes:
            self.shapes[key] = _stand_in_like(value)
            return False
        while isinstance(key, tuple):
            key = key[0]
        if not isinstance(key, str):
            raise Unsupported(
                "a list changes its length or the kind of its elements in the loop",
                "make it of fixed length first",
            )
        if key not in self.dropped:  # by another part of the same tuple
            self.keys.remove(key)
            self.dropped.add(key)
        return False

    def settle(
        self,
        env: dict[str, Any],
        heap: dict[ListRef, tuple[Any, ...]],
        breaks: list[Escape],
        entry_env: dict[str, Any],
        entry_heap: dict[ListRef, tuple[Any, ...]],
    ) -> bool:
        """Lists of the outside that the body changed must be carried too."""
        ok = True
        for ref, items in entry_heap.items():
            if ref in self.simple_keys:
                continue
            changed = heap.get(ref, items) is not items or any(
                e.heap.get(ref, items) is not items for e in breaks
            )
            if changed:
                self.keys.append(ref)
                self.simple_keys.add(ref)
                ok = False
        return ok

    def is_live_after(self, key: Any) -> bool:
        """Whether a variable may be read after the loop (yes, when in doubt)."""
        while isinstance(key, tuple):
            key = key[0]
        if not isinstance(key, str):
            return True
        if key.startswith("."):
            return key != self.counter
        key = key.removeprefix("?")
        frame = self.ev.frame
        if frame.loop_depth > 1 or frame.body.statements is None:
            return True
        if frame.body.live is None:
            frame.body.live = last_reads(frame.body.statements)
        last = frame.body.live.get(key)
        end = (self.node.end_lineno or 0, self.node.end_col_offset or 0)
        if self.node.orelse:
            end = (self.node.lineno, self.node.col_offset)
        return last is not None and last > end


def _stand_in_like(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple.__new__(type(value), [_stand_in_like(v) for v in value])
    return False


def assigned_names(node: ast.AST) -> set[str]:
    return {
        n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    }


def last_reads(statements: list[ast.stmt]) -> dict[str, tuple[int, int]]:
    """The last place where each name is read; nested functions may read any time later."""
    last: dict[str, tuple[int, int]] = {}
    for statement in statements:
        for node in ast.walk(statement):
            if isinstance(node, ast.FunctionDef | ast.Lambda):
                for inner in ast.walk(node):
                    if isinstance(inner, ast.Name):
                        last[inner.id] = (sys.maxsize, 0)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                place = (node.lineno, node.col_offset)
                if place > last.get(node.id, (0, 0)):
                    last[node.id] = place
            elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
                place = (node.lineno, node.col_offset)
                if place > last.get(node.target.id, (0, 0)):
                    last[node.target.id] = place
    return last
