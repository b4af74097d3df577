# SPDX-License-Identifier: BSD-3-Clause
"""Statements under masks.

A branch on a condition known only at run time runs both sides, each under its mask, and merges what
they assigned by SELECT. `break`, `continue` and `return` take lanes out of the mask and keep what
these lanes saw (``Escape``) until the place where they go on. Loops are in loops.py.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable, Iterator
from typing import Any

from .arith import STATUS, Arithmetic, describe, is_number, same_constant
from .errors import NeedUnroll, Unsupported
from .ir import Mask, Skip, Val, cost_of
from .maybe import lift_all, may_lift
from .source import Body
from .unassigned import mark_unsure
from .values import Closure, Escape, Frame, Given, Iterable, ListRef, Table, Unbound

SKIP_COST = 24.0  # a branch that costs more is jumped over when no lane takes it

STATEMENT_HINTS = {
    "Try": ("`try`", 'test the condition first, or call the kernel with errors="raise"'),
    "TryStar": ("`try`", "test the condition first"),
    "With": ("`with`", "move it outside of the kernel"),
    "AsyncWith": ("`async with`", "move it outside of the kernel"),
    "AsyncFor": ("`async for`", "use a plain `for`"),
    "ClassDef": ("a class definition", "use numbers, tuples and functions"),
    "AsyncFunctionDef": ("`async def`", "use a plain `def`"),
    "Import": ("`import` inside a kernel", "import at the top of the file"),
    "ImportFrom": ("`import` inside a kernel", "import at the top of the file"),
    "Delete": ("`del`", "assign another value"),
    "Global": ("`global`", "return the value instead of assigning a global"),
    "Nonlocal": ("`nonlocal`", "return the value instead of assigning an outer variable"),
    "TypeAlias": ("a type alias", "move it outside of the kernel"),
}

_RAISES = {
    "ZeroDivisionError": "ZERODIV",
    "OverflowError": "OVERFLOW",
    "IndexError": "INDEX",
    "AssertionError": "ASSERT",
}


class Statements(Arithmetic):
    frames: list[Frame]
    heap: dict[ListRef, tuple[Any, ...]]
    unrollable: int
    branch: object = None

    # These live in evaluate.py
    eval: Callable[[ast.expr], Any]
    eval_maybe: Callable[[ast.expr], Any]
    elements: Callable[..., list[Any]]
    load: Callable[..., Any]
    plain: Callable[[Any], Any]
    sequence: Callable[[Any], list[Any]]
    iterable: Callable[[Any], Iterable]
    turns: Callable[[Iterable], Iterator[Any]]

    @property
    def frame(self) -> Frame:
        return self.frames[-1]

    def exec_block(self, statements: list[ast.stmt]) -> None:
        for statement in statements:
            if self.mask is False:
                return
            self.exec(statement)

    def exec(self, node: ast.stmt) -> None:
        method = getattr(self, "s_" + type(node).__name__, None)
        try:
            if method is None:
                kind = type(node).__name__
                text, hint = STATEMENT_HINTS.get(kind, (kind, ""))
                raise Unsupported(f"{text} is not supported", hint)
            self.b.line = node.lineno + self.frame.body.source.line_shift
            method(node)
        except Unsupported as error:
            error.at(node, self.frame.body.source)
            raise

    def region(self, mask: Mask, run: Callable[[], Any]) -> Any:
        """Emit what run() emits; jumped over, if long, when no lane of mask needs it."""
        if mask is False or mask is None:
            return run()
        assert isinstance(mask, Val)
        frame = self.frame
        counts = (len(frame.returns), len(frame.breaks), len(frame.continues))
        skip = Skip(mask, None)
        entry = self.mask
        self.b.open(skip)
        branch, self.branch = self.branch, object()
        try:
            result = run()
        finally:
            self.branch = branch
            while self.b.home is not skip:  # an exception inside an inner region
                assert self.b.home is not None
                self.b.close(self.b.home)
            scope = self.b.close(skip)
        if cost_of(skip) < SKIP_COST:
            self.b.inline(skip, scope)
            return result
        self.b.block.append(skip)
        # When the region was jumped over, masks made in it are stale: no lane of theirs counts
        # then.
        for escapes, count in zip(
            (frame.returns, frame.breaks, frame.continues), counts, strict=True
        ):
            for escape in escapes[count:]:
                escape.mask = self.b.confine(escape.mask, mask)
        if self.mask is not entry:
            self.mask = self.b.confine(self.mask, mask)
        return result

    # Simple statements

    def s_Pass(self, node: ast.Pass) -> None:
        pass

    def s_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.eval(node.value)

    def s_Return(self, node: ast.Return) -> None:
        evaluate = self.eval_maybe if self.frames[1:] else self.eval
        value = None if node.value is None else evaluate(node.value)
        value = self.plain_deep(value)
        self.frame.returns.append(Escape(self.mask, value=value))
        self.mask = False

    def plain_deep(self, value: Any) -> Any:
        return value if not isinstance(value, ListRef) or self.frames[1:] else self.heap[value]

    def s_Assign(self, node: ast.Assign) -> None:
        given = node.value
        if isinstance(given, ast.Tuple) and isinstance(node.targets[0], ast.Tuple):
            value: Any = tuple(self.elements(given.elts, True))
        else:
            value = self.eval_maybe(given)
        for target in node.targets:
            self.store(target, value)

    def s_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.eval_maybe(node.value))

    def s_AugAssign(self, node: ast.AugAssign) -> None:
        from .evaluate import BINARY

        target = node.target
        op = BINARY[type(node.op)]
        if isinstance(target, ast.Name):
            old = self.present(self.load(target.id, hasattr(target, "unsure")))
        elif isinstance(target, ast.Subscript):
            if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(target)):
                # What has an effect is evaluated once.
                owner = Given(self.eval(target.value), target)
                index = Given(self.eval(target.slice), target)
                target = ast.copy_location(ast.Subscript(owner, index, target.ctx), target)
            old = self.eval(
                ast.copy_location(ast.Subscript(target.value, target.slice, ast.Load()), target)
            )
        else:
            raise Unsupported("assigning to an attribute is not supported", "use a local variable")
        value = self.eval(node.value)
        if isinstance(old, ListRef) and op == "+":
            self.heap[old] = (*self.heap[old], *self.sequence(value))
            return
        self.store(target, self.binary(op, old, value))

    def store(self, target: ast.expr, value: Any) -> None:
        if isinstance(target, ast.Name):
            env = self.frame.env
            env[target.id] = value
            if "?" + target.id in env:
                env["?" + target.id] = True
        elif isinstance(target, ast.Tuple | ast.List):
            items = self.sequence(self.present(value))
            starred = [k for k, t in enumerate(target.elts) if isinstance(t, ast.Starred)]
            if starred:
                k = starred[0]
                rest = len(target.elts) - k - 1
                if len(items) < len(target.elts) - 1:
                    raise Unsupported("not enough values to unpack").at(
                        target, self.frame.body.source
                    )
                middle = tuple(items[k : len(items) - rest])
                items = [*items[:k], middle, *items[len(items) - rest :]]
            if len(items) != len(target.elts):
                raise Unsupported(
                    f"{len(items)} values cannot be unpacked into {len(target.elts)} names"
                ).at(target, self.frame.body.source)
            for part, item in zip(target.elts, items, strict=True):
                self.store(part.value if isinstance(part, ast.Starred) else part, item)
        elif isinstance(target, ast.Subscript):
            self.store_item(target, value)
        else:
            raise Unsupported(
                "assigning to an attribute is not supported", "use a local variable"
            ).at(target, self.frame.body.source)

    def store_item(self, target: ast.Subscript, value: Any) -> None:
        owner = self.eval(target.value)
        if isinstance(owner, Table):
            raise Unsupported(
                f"the array argument {owner.name!r} is assigned to", "return the values instead"
            ).at(target, self.frame.body.source)
        if not isinstance(owner, ListRef):
            raise Unsupported(
                f"assigning to an element of {describe(owner)} is not supported",
                "only lists made inside the kernel can change",
            ).at(target, self.frame.body.source)
        if isinstance(target.slice, ast.Slice):
            raise Unsupported("assigning to a slice is not supported").at(
                target, self.frame.body.source
            )
        index = self.eval(target.slice)
        items = list(self.heap[owner])
        if isinstance(index, Val):
            if index.uniform and self.unrollable:
                raise NeedUnroll("a list is assigned at an index known only at run time")
            n = len(items)
            position = self.as_int(index)
            inside = self.b.and_(self.compare("<=", -n, position), self.compare("<", position, n))
            self.raise_where(self.b.not_(inside), "INDEX")
            for k in range(n):
                here = self.b.or_(
                    self.compare("==", position, k), self.compare("==", position, k - n)
                )
                items[k] = self.choose(here, value, items[k], "the elements of the list")
        else:
            try:
                items[index] = value
            except (IndexError, TypeError) as error:
                raise Unsupported(str(error)).at(target, self.frame.body.source) from None
        self.heap[owner] = tuple(items)

    def s_FunctionDef(self, node: ast.FunctionDef) -> None:
        if node.decorator_list:
            raise Unsupported("decorators inside a kernel are not supported")
        parameters = self.parameters(node.args)  # type: ignore[attr-defined]
        body = Body(self.frame.body.source, node.body, None)
        self.frame.env[node.name] = Closure(node.name, parameters, body, self.frame)

    def s_Assert(self, node: ast.Assert) -> None:
        if sys.flags.optimize:
            return
        cond = self.truth(self.plain(self.eval(node.test)))
        self.b.raise_if(self.b.not_(cond), STATUS["ASSERT"], self.mask)
        if cond is False:
            self.mask = False

    def s_Raise(self, node: ast.Raise) -> None:
        exc = node.exc.func if isinstance(node.exc, ast.Call) else node.exc
        name = exc.id if isinstance(exc, ast.Name) else ""
        status = _RAISES.get(name, "INVALID")
        self.b.raise_if(True, STATUS[status], self.mask)
        self.frame.returns.append(Escape(self.mask, value=NOTHING))
        self.mask = False

    def flag_unsure(self, frame: Frame) -> None:
        """Begin the flags of the variables that may be read before they are assigned."""
        body = frame.body
        if body.unsure is None:
            body.unsure = mark_unsure(body.statements or [], frame.env)
        for name in body.unsure:
            if name not in frame.env:
                frame.env["?" + name] = False

    # Branches

    def s_If(self, node: ast.If) -> None:
        cond = self.truth(self.plain(self.eval_maybe(node.test)))
        if isinstance(cond, bool):
            self.exec_block(node.body if cond else node.orelse)
            return
        self.branches(cond, node.body, node.orelse)

    def branches(
        self, cond: Val, body: list[ast.stmt], orelse: list[ast.stmt] | Callable[[], None]
    ) -> None:
        b, frame = self.b, self.frame
        outer = self.mask
        env, heap = frame.env, self.heap

        self.mask = then_mask = b.mask_and(outer, cond)
        frame.env, self.heap = dict(env), dict(heap)
        if then_mask is not False:
            self.region(then_mask, lambda: self.exec_block(body))
        then_env, then_heap, then_out = frame.env, self.heap, self.mask

        self.mask = else_mask = b.mask_andn(outer, cond)
        frame.env, self.heap = dict(env), dict(heap)
        if orelse and else_mask is not False:
            self.region(else_mask, orelse if callable(orelse) else lambda: self.exec_block(orelse))
        else_env, else_heap, else_out = frame.env, self.heap, self.mask

        if then_out is False:
            self.mask = else_out
            return
        if else_out is False:
            frame.env, self.heap, self.mask = then_env, then_heap, then_out
            return
        if then_out is then_mask and else_out is else_mask:
            self.mask = outer
        else:
            self.mask = b.mask_or(then_out, else_out)
        frame.env = self.merge_envs(cond, then_env, else_env)
        self.heap = self.merge_heaps(cond, then_heap, else_heap)

    def merge_envs(self, cond: Any, a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
        merged = {}
        for name in {**b, **a}:
            x, y = a.get(name, UNSET), b.get(name, UNSET)
            merged[name] = x if x is y else self.merge_values(cond, name, x, y)
        return merged

    def merge_values(self, cond: Any, name: str, x: Any, y: Any) -> Any:
        # Where Python would raise UnboundLocalError, the value of the other branch stands in: a
        # read that may meet it asks the flag first (unassigned.py).
        if isinstance(x, Unbound) or isinstance(y, Unbound):
            if isinstance(x, _Unset) or isinstance(y, _Unset):
                return y if isinstance(x, _Unset) else x
            return x if isinstance(x, Unbound) else y
        if may_lift(x, y):
            x, y = lift_all([x, y])
        try:
            return self.choose(cond, x, y, f"the branches that assign {name!r}")
        except Unsupported as error:
            if is_number(x) and is_number(y):
                raise
            if not is_number(x) and not is_number(y) and same_constant(x, y):
                return x
            value = x if isinstance(x, tuple) else y
            return Unbound(f"cannot be followed: {error.reason}", value)

    def merge_heaps(
        self, cond: Any, a: dict[ListRef, tuple[Any, ...]], b: dict[ListRef, tuple[Any, ...]]
    ) -> dict[ListRef, tuple[Any, ...]]:
        merged = dict(a)
        for ref, y in b.items():
            x = a.get(ref)
            if x is None:
                merged[ref] = y
            elif x is not y:
                merged[ref] = self.choose(cond, x, y, "the branches that change a list")
        return merged


class _Unset(Unbound):
    pass


UNSET = _Unset("may be used before it is assigned")
NOTHING = Unbound("is raised, not returned")
