# SPDX-License-Identifier: BSD-3-Clause
"""Statements under masks.

A branch on a condition known only at run time runs both sides, each under its mask, and merges what
they assigned by SELECT. `break`, `continue` and `return` take lanes out of the mask and keep what
these lanes saw (``Escape``) until the place where they go on. A loop runs until its mask is empty:

    phi = values at the entry; L = mask
    loop:  c = condition under L;  L &= c;  leave if no lane of L
           body under L; the lanes that arrive at its end (or at `continue`) are the next L
           phi = on those lanes: what the body assigned; on lanes that broke out: what they had

The types and uniformity of phi are guessed from the entry and corrected by running the body again.
"""

from __future__ import annotations

import ast
import sys
from collections.abc import Callable
from typing import Any

from .arith import STATUS, Arithmetic, describe, is_number, join, same_constant
from .errors import NeedUnroll, Unsupported
from .ir import Loop, Mask, Skip, Val, cost_of
from .source import Body
from .values import Closure, Escape, Frame, Iterable, ListRef, Range, Table, Unbound

UNROLL_RANGE = 12  # a constant range up to this length is expanded
UNROLL_MOST = 4096
SKIP_COST = 24.0  # a branch that costs more is jumped over when no lane takes it
MAX_ROUNDS = 12

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
    "Match": ("`match`", "use if/elif/else"),
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
    plain: Callable[[Any], Any]
    sequence: Callable[[Any], list[Any]]
    iterable: Callable[[Any], Iterable]

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
                escape.mask = self.b.mask_and(escape.mask, mask)
        if self.mask is not entry and isinstance(self.mask, Val):
            self.mask = self.b.mask_and(self.mask, mask)
        return result

    # Simple statements

    def s_Pass(self, node: ast.Pass) -> None:
        pass

    def s_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # a docstring
            self.eval(node.value)

    def s_Return(self, node: ast.Return) -> None:
        value = None if node.value is None else self.eval(node.value)
        value = self.plain_deep(value)
        self.frame.returns.append(Escape(self.mask, value=value))
        self.mask = False

    def plain_deep(self, value: Any) -> Any:
        return value if not isinstance(value, ListRef) or self.frames[1:] else self.heap[value]

    def s_Assign(self, node: ast.Assign) -> None:
        value = self.eval(node.value)
        for target in node.targets:
            self.store(target, value)

    def s_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self.store(node.target, self.eval(node.value))

    def s_AugAssign(self, node: ast.AugAssign) -> None:
        from .evaluate import BINARY

        target = node.target
        op = BINARY[type(node.op)]
        if isinstance(target, ast.Name):
            old = self.eval(ast.copy_location(ast.Name(target.id, ast.Load()), target))
        elif isinstance(target, ast.Subscript):
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
            self.frame.env[target.id] = value
        elif isinstance(target, ast.Tuple | ast.List):
            items = self.sequence(value)
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

    # Branches

    def s_If(self, node: ast.If) -> None:
        cond = self.truth(self.plain(self.eval(node.test)))
        if isinstance(cond, bool):
            self.exec_block(node.body if cond else node.orelse)
            return
        self.branches(cond, node.body, node.orelse)

    def branches(self, cond: Val, body: list[ast.stmt], orelse: list[ast.stmt]) -> None:
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
            self.region(else_mask, lambda: self.exec_block(orelse))
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
            x, y = a.get(name, _UNSET), b.get(name, _UNSET)
            merged[name] = x if x is y else self.merge_values(cond, name, x, y)
        return merged

    def merge_values(self, cond: Any, name: str, x: Any, y: Any) -> Any:
        # Where Python would raise UnboundLocalError, the value of the other branch stands in.
        if isinstance(x, Unbound) or isinstance(y, Unbound):
            return y if isinstance(x, Unbound) else x
        try:
            return self.choose(cond, x, y, f"the branches that assign {name!r}")
        except Unsupported as error:
            if is_number(x) and is_number(y):
                raise
            if not is_number(x) and not is_number(y) and same_constant(x, y):
                return x
            return Unbound(f"cannot be followed: {error.reason}")

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

    # Loops

    def s_While(self, node: ast.While) -> None:
        if isinstance(node.test, ast.Constant) and not node.test.value:
            self.exec_block(node.orelse)
            return
        self.loop(
            node,
            lambda: self.truth(self.plain(self.eval(node.test))),
            lambda: self.exec_block(node.body),
            None,
            node.orelse,
        )

    def s_For(self, node: ast.For) -> None:
        value = self.plain(self.eval(node.iter))
        if isinstance(value, range):
            if len(value) > UNROLL_RANGE:
                self.constant_range(node, value)
            else:
                self.unrolled(node, value)
            return
        if isinstance(value, Range):
            self.counted(node, value.start, value.stop, value.step, None)
            return
        it = self.iterable(value)
        if isinstance(it.length, Val):
            self.counted(node, 0, it.length, 1, it)
            return
        if it.length > UNROLL_MOST:
            raise Unsupported(
                f"a loop over a sequence of {it.length} elements is too long to expand",
                "pass the sequence as an array argument",
            )
        self.unrolled(node, [it.get(k) for k in range(it.length)])

    def constant_range(self, node: ast.For, value: range) -> None:
        b = self.b
        frame = self.frame
        mark = len(b.block), b.n_instructions
        scope = dict(b.scope)
        saved = dict(frame.env), dict(self.heap), self.mask
        counts = len(frame.returns)
        self.unrollable += 1
        try:
            self.counted(node, value.start, value.stop, value.step, None)
            return
        except NeedUnroll:
            if len(value) > UNROLL_MOST:
                raise
        finally:
            self.unrollable -= 1
        del b.block[mark[0] :]
        b.n_instructions = mark[1]
        b.scope.clear()
        b.scope.update(scope)
        frame.env, self.heap, self.mask = saved
        del frame.returns[counts:]
        self.unrolled(node, value)

    def unrolled(self, node: ast.For, values: Any) -> None:
        frame = self.frame
        outer_breaks, outer_continues = frame.breaks, frame.continues
        breaks: list[Escape] = []
        frame.loop_depth += 1
        try:
            for value in values:
                if self.mask is False:
                    break
                frame.breaks, frame.continues = breaks, []
                self.store(node.target, value)
                self.exec_block(node.body)
                self.join_escapes(frame.continues)
        finally:
            frame.loop_depth -= 1
            frame.breaks, frame.continues = outer_breaks, outer_continues
        if node.orelse and self.mask is not False:
            mask = self.mask
            self.region(mask, lambda: self.exec_block(node.orelse))
        self.join_escapes(breaks)

    def join_escapes(self, escapes: list[Escape]) -> None:
        """Lanes that left come back here, with the values they had."""
        frame = self.frame
        for escape in escapes:
            if escape.mask is False:
                continue
            if self.mask is False:
                frame.env, self.heap, self.mask = escape.env, escape.heap, escape.mask
                continue
            cond = self.b.as_bool(self.b.as_val(escape.mask))
            frame.env = self.merge_envs(cond, escape.env, frame.env)
            self.heap = self.merge_heaps(cond, escape.heap, self.heap)
            self.mask = self.b.mask_or(self.mask, escape.mask)

    def s_Break(self, node: ast.Break) -> None:
        frame = self.frame
        frame.breaks.append(Escape(self.mask, dict(frame.env), dict(self.heap)))
        self.mask = False

    def s_Continue(self, node: ast.Continue) -> None:
        frame = self.frame
        frame.continues.append(Escape(self.mask, dict(frame.env), dict(self.heap)))
        self.mask = False

    def counted(self, node: ast.For, start: Any, stop: Any, step: Any, it: Iterable | None) -> None:
        """for k in range(start, stop, step) with a hidden counter; the target is it.get(k), or
        k."""
        frame = self.frame
        for value in (start, stop, step):
            self.as_int(value)
        if isinstance(step, Val):
            self.raise_where(self.compare("==", step, 0), "INVALID")
        counter = f".{id(node)}"
        frame.env[counter] = start

        def head() -> Any:
            k = frame.env[counter]
            if not isinstance(step, Val):
                return self.compare("<", k, stop) if step > 0 else self.compare(">", k, stop)
            forwards = self.b.and_(self.compare(">", step, 0), self.compare("<", k, stop))
            backwards = self.b.and_(self.compare("<", step, 0), self.compare(">", k, stop))
            return self.b.or_(forwards, backwards)

        def body() -> None:
            k = frame.env[counter]
            self.store(node.target, k if it is None else it.get(k))
            self.exec_block(node.body)

        def advance() -> None:
            frame.env[counter] = self.binary("+", frame.env[counter], step)

        self.loop(node, head, body, advance, node.orelse, counter)
        frame.env.pop(counter, None)

    def loop(
        self,
        node: ast.While | ast.For,
        head: Callable[[], Any],
        body: Callable[[], None],
        advance: Callable[[], None] | None,
        orelse: list[ast.stmt],
        counter: str | None = None,
    ) -> None:
        if isinstance(self.mask, Val) and not (
            isinstance(self.b.home, Skip) and self.b.home.mask is self.mask
        ):
            # Where no lane is, the bounds of the loop may be stale: jump over it.
            mask = self.mask
            self.region(mask, lambda: self.loop_here(node, head, body, advance, orelse, counter))
        else:
            self.loop_here(node, head, body, advance, orelse, counter)

    def loop_here(
        self,
        node: ast.While | ast.For,
        head: Callable[[], Any],
        body: Callable[[], None],
        advance: Callable[[], None] | None,
        orelse: list[ast.stmt],
        counter: str | None,
    ) -> None:
        frame = self.frame
        plan = _Plan(self, node, counter)
        before = _State(self)
        for _ in range(MAX_ROUNDS):
            if self.loop_round(plan, head, body, advance):
                break
            before.restore(self)
        else:
            raise Unsupported("the types of this loop's variables do not settle")
        escaped = plan.escaped
        if orelse:
            broke = plan.broke
            mask = self.mask
            if broke is None:
                self.exec_block(orelse)
            elif mask is not False:
                self.branches(self.b.as_val(self.b.not_(broke)), orelse, [])
        if escaped is not None:
            frame.returns.append(escaped)

    def loop_round(
        self,
        plan: _Plan,
        head: Callable[[], Any],
        body: Callable[[], None],
        advance: Callable[[], None] | None,
    ) -> bool:
        """Emit the loop under the plan's guesses; False (with better guesses) if they proved
        wrong."""
        b, frame = self.b, self.frame
        entry_mask, entry_env, entry_heap = self.mask, dict(frame.env), dict(self.heap)
        outer = frame.breaks, frame.continues, frame.returns
        frame.breaks, frame.continues, frame.returns = [], [], []
        frame.loop_depth += 1
        branch, self.branch = self.branch, object()

        phis: dict[Any, Any] = {}
        for key in plan.keys:
            value = entry_env[key] if isinstance(key, str) else entry_heap[key]
            phis[key] = plan.make_phi(key, value)
            if isinstance(key, str):
                frame.env[key] = phis[key]
            else:
                self.heap[key] = phis[key]
        for name in plan.dropped:
            frame.env[name] = entry_env[name] = Unbound("changes its kind in a loop")
        lanes = b.var("B", plan.lanes_uniform) if plan.divergent else None
        if lanes is not None:
            b.assign(lanes, b.as_val(entry_mask))
        # Set below, once the first values are known; emitted before the loop.
        place, place_home = b.block, b.home
        at = len(place)

        node = Loop(None)
        b.open(node)
        result: bool = True
        try:
            self.mask = lanes if lanes is not None else entry_mask
            cond = head()
            if not plan.divergent and isinstance(cond, Val) and not cond.uniform:
                return plan.diverge()
            if cond is False:
                raise Unsupported("the condition of this loop is never true")
            if isinstance(cond, Val):
                if cond.uniform:
                    b.exit_loop("JUMP_UNLESS", cond)
                elif lanes is not None:
                    self.mask = b.mask_and(lanes, cond)
            if lanes is not None:
                assert isinstance(self.mask, Val)
                b.exit_loop("JUMP_NONE", self.mask)
            inside = self.mask
            body()
            if not plan.divergent and (frame.breaks or frame.returns or self.mask is not inside):
                partial = frame.breaks or frame.returns
                if partial:
                    return plan.diverge()
            self.join_escapes(frame.continues)
            stay = self.mask
            end_env, end_heap = frame.env, self.heap
            if advance is not None and stay is not False:
                advance()
                end_env = frame.env
            breaks = [e for e in frame.breaks if e.mask is not False]
            returns = [e for e in frame.returns if e.mask is not False]

            # What changed and must be carried; new keys mean another round.
            if not plan.settle(end_env, end_heap, breaks, entry_env, entry_heap):
                return False
            pairs: list[tuple[Val, Val]] = []
            initial: list[tuple[Val, Any]] = []
            for key, phi in phis.items():
                in_env = isinstance(key, str)
                at_end = (end_env if in_env else end_heap).get(key, _UNSET)
                exits = [(e.mask, (e.env if in_env else e.heap).get(key, _UNSET)) for e in breaks]
                entry = entry_env[key] if in_env else entry_heap[key]
                if not self.phi_pairs(plan, key, phi, entry, at_end, stay, exits, pairs, initial):
                    result = False
            # Names first assigned in the loop, seen after it
            finals = self.final_vars(plan, phis, entry_env, end_env, stay, breaks, pairs, initial)
            escaped = self.carry_returns(plan, returns, pairs, initial)
            broke: Val | None = None
            if plan.wants_broke and breaks:
                broke = b.var("B", all(_uniform_mask(e.mask) for e in breaks))
                mask: Mask = broke
                for e in breaks:
                    mask = b.mask_or(mask, e.mask)
                pairs.append((broke, b.as_val(mask)))
                initial.append((broke, False))
            if lanes is not None:
                target = b.as_val(stay)
                if lanes.uniform and not target.uniform:
                    plan.lanes_uniform = False
                    result = False
                pairs.append((lanes, target))
            if not result:
                return False
            b.assign_all(pairs)
        finally:
            frame.loop_depth -= 1
            self.branch = branch
            frame.breaks, frame.continues, frame.returns = outer
            while b.home is not node:  # an exception or a failed guess inside an inner region
                assert b.home is not None
                b.close(b.home)
            b.close(node)
        # The entry values go before the loop.
        tail = place[at:]
        del place[at:]
        assert place_home is b.home
        for target, source in initial:
            b.assign(target, self.as_type(source, target.type))
        place.extend(tail)
        place.append(node)

        frame.env = dict(entry_env)
        self.heap = dict(entry_heap)
        for key, phi in phis.items():
            if isinstance(key, str):
                frame.env[key] = phi
            else:
                self.heap[key] = phi
        frame.env.update(finals)
        plan.broke = broke
        plan.escaped = escaped
        # Lanes that returned inside are gone.
        self.mask = entry_mask
        if escaped is not None:
            self.mask = b.mask_andn(entry_mask, b.as_bool(b.as_val(escaped.mask)))
        return True

    def phi_pairs(
        self,
        plan: _Plan,
        key: Any,
        phi: Any,
        entry: Any,
        at_end: Any,
        stay: Mask,
        exits: list[tuple[Mask, Any]],
        pairs: list[tuple[Val, Val]],
        initial: list[tuple[Val, Any]],
    ) -> bool:
        """Plan the assignments that carry one variable into the next iteration and out of the
        loop."""
        if isinstance(phi, tuple):
            ok = True
            for k, part in enumerate(phi):
                parts = [(m, v[k] if isinstance(v, tuple) else v) for m, v in exits]
                ends = at_end[k] if isinstance(at_end, tuple) else at_end
                if not self.phi_pairs(
                    plan, (key, k), part, entry[k], ends, stay, parts, pairs, initial
                ):
                    ok = False
            return ok
        if not isinstance(phi, Val) or phi.op != "VAR":
            if stay is not False and at_end is not phi:
                return plan.drop(key)
            return True
        type, uniform = phi.type, phi.uniform
        values = [at_end] if stay is not False else []
        values += [v for _, v in exits]
        for value in values:
            if not is_number(value):
                return plan.drop(key)
            type = join(type, self.type_of(value))
        if type != phi.type:
            return plan.widen(key, type)
        carried: Val = phi
        live = plan.is_live_after(key)
        for mask, value in exits:
            source = self.as_type(value, type)
            if source is not phi and live:
                carried = self.b.select(self.b.as_bool(self.b.as_val(mask)), source, carried)
        if stay is not False:
            end = self.as_type(at_end, type)
            if end is not phi:
                if plan.divergent and live:
                    carried = self.b.select(self.b.as_bool(self.b.as_val(stay)), end, carried)
                else:
                    carried = end
        if carried is not phi and not carried.uniform and uniform:
            return plan.vary(key)
        pairs.append((phi, carried))
        initial.append((phi, entry))
        return True

    def final_vars(
        self,
        plan: _Plan,
        phis: dict[Any, Any],
        entry_env: dict[str, Any],
        end_env: dict[str, Any],
        stay: Mask,
        breaks: list[Escape],
        pairs: list[tuple[Val, Val]],
        initial: list[tuple[Val, Any]],
    ) -> dict[str, Any]:
        """Variables that the loop is the first to assign, for their readers after the loop."""
        finals: dict[str, Any] = {}
        names = [n for n in end_env if stay is not False]
        for e in breaks:
            names += [n for n in e.env if n not in names]
        for name in names:
            old = entry_env.get(name, _UNSET)
            if name in phis or not isinstance(old, Unbound) or name.startswith("."):
                continue
            if not plan.is_live_after(name):
                continue
            values = [(e.mask, e.env[name]) for e in breaks if name in e.env]
            if stay is not False and name in end_env:
                values.append((stay if plan.divergent else None, end_env[name]))
            values = [(m, v) for m, v in values if not isinstance(v, Unbound)]
            if not values:
                continue
            finals[name] = self.make_final(name, values, plan, pairs, initial)
        return finals

    def make_final(
        self,
        name: str,
        values: list[tuple[Mask, Any]],
        plan: _Plan,
        pairs: list[tuple[Val, Val]],
        initial: list[tuple[Val, Any]],
    ) -> Any:
        first = values[0][1]
        if isinstance(first, tuple) and all(
            isinstance(v, tuple) and len(v) == len(first) for _, v in values
        ):
            return tuple(
                self.make_final(name, [(m, v[k]) for m, v in values], plan, pairs, initial)
                for k in range(len(first))
            )
        if not all(is_number(v) for _, v in values):
            if all(v is first for _, v in values):
                return first
            return Unbound("cannot be followed out of the loop")
        type = "B"
        for _, value in values:
            type = join(type, self.type_of(value))
        vals = [(mask, self.as_type(value, type)) for mask, value in values]
        uniform = all(v.uniform and _uniform_mask(m) for m, v in vals)
        final = self.b.var(type, uniform)
        carried = final
        for mask, val in vals:
            carried = self.b.select(self.b.as_bool(self.b.as_val(mask)), val, carried)
        pairs.append((final, carried))
        initial.append((final, False))
        return final

    def carry_returns(
        self,
        plan: _Plan,
        returns: list[Escape],
        pairs: list[tuple[Val, Val]],
        initial: list[tuple[Val, Any]],
    ) -> Escape | None:
        if not returns:
            return None
        b = self.b
        gone = b.var("B", all(_uniform_mask(e.mask) for e in returns))
        mask: Mask = gone
        for e in returns:
            mask = b.mask_or(mask, e.mask)
        pairs.append((gone, b.as_val(mask)))
        initial.append((gone, False))
        real = [(e.mask, e.value) for e in returns if e.value is not NOTHING]
        value: Any = NOTHING
        if real:
            if any(v is None for _, v in real):
                value = None
            else:
                value = self.make_final("the result", real, plan, pairs, initial)
        return Escape(gone, value=value)


class _Unset(Unbound):
    pass


_UNSET = _Unset("may be used before it is assigned")
NOTHING = Unbound("is raised, not returned")


def _uniform_mask(mask: Mask) -> bool:
    return not isinstance(mask, Val) or mask.uniform


def _label(key: Any) -> str:
    if isinstance(key, tuple):
        return f"{_label(key[0])}[{key[1]}]"
    return repr(key) if isinstance(key, str) else "a list"


class _State:
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


class _Plan:
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
        self.keys: list[Any] = [
            name
            for name in env
            if (name in assigned or name == counter) and not isinstance(env[name], Unbound)
        ]
        self.simple_keys = set(self.keys)
        self.dropped: set[str] = set()

    def make_phi(self, key: Any, value: Any) -> Any:
        if isinstance(value, tuple):
            return tuple(self.make_phi((key, k), v) for k, v in enumerate(value))
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

    def drop(self, key: Any) -> bool:
        """The variable changes its kind: what it was before the loop cannot be seen in it."""
        while isinstance(key, tuple):
            key = key[0]
        if not isinstance(key, str):
            raise Unsupported(
                "a list changes its length or the kind of its elements in the loop",
                "make it of fixed length first",
            )
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
