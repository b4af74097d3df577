# SPDX-License-Identifier: BSD-3-Clause
"""Loops under masks; see statements.py.

    phi = values at the entry; L = mask
    loop:  c = condition under L;  L &= c;  leave if no lane of L
           body under L; the lanes that arrive at its end (or at `continue`) are the next L
           phi = on those lanes: what the body assigned; on lanes that broke out: what they had

The types and uniformity of phi are guessed from the entry and corrected by running the body again.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from .arith import is_number, join
from .errors import NeedUnroll, Unsupported
from .ir import Loop, Mask, Skip, Val
from .maybe import Maybe, lift, lift_all, may_lift
from .plan import Plan, State, assigned_names
from .statements import NOTHING, UNSET, Statements
from .values import Escape, Iterable, Range, Unbound

UNROLL_RANGE = 12  # a constant range up to this length is expanded
UNROLL_MOST = 4096
MAX_ROUNDS = 12


class _NeverRuns(Exception):
    """The condition of a loop is false, and known now."""


class Loops(Statements):
    def s_While(self, node: ast.While) -> None:
        if isinstance(node.test, ast.Constant) and not node.test.value:
            self.exec_block(node.orelse)
            return
        if any(isinstance(inner, ast.NamedExpr) for inner in ast.walk(node.test)):
            node = leaving_inside(node)
        self.loop(
            node,
            lambda: self.truth(self.plain(self.eval_maybe(node.test))),
            lambda: self.exec_block(node.body),
            None,
            node.orelse,
        )

    def s_For(self, node: ast.For) -> None:
        value = self.eval(node.iter)
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
        self.unrolled(node, self.turns(it))

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
            turns = iter(values)
            # What comes next is asked for only now: the body may have changed the list.
            while self.mask is not False and (value := next(turns, turns)) is not turns:
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
        flags: dict[str, Any] = {}

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

        if not node.orelse:
            # The targets are assigned where the loop runs at all: no flag need change in it.
            for name in assigned_names(node.target):
                if frame.env.get("?" + name, True) is not True:
                    flags["?" + name] = self.b.or_(frame.env["?" + name], self.truth(head()))
                    frame.env["?" + name] = True
        self.loop(node, head, body, advance, node.orelse, counter)
        frame.env.update(flags)
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
        plan = Plan(self, node, counter)
        before = State(self)
        try:
            for _ in range(MAX_ROUNDS):
                if self.loop_round(plan, head, body, advance):
                    break
                before.restore(self)
            else:
                raise Unsupported("the types of this loop's variables do not settle")
        except _NeverRuns:
            before.restore(self)
            head()  # for what it may raise
            self.exec_block(orelse)
            return
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
        plan: Plan,
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

        entry_env.update(plan.shapes)
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
                raise _NeverRuns
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
                at_end = (end_env if in_env else end_heap).get(key, UNSET)
                exits = [(e.mask, (e.env if in_env else e.heap).get(key, UNSET)) for e in breaks]
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
            b.assign(target, self.as_joined(source, target.type, entry_mask))
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
        plan: Plan,
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
        values = [at_end] if stay is not False else []
        values += [v for _, v in exits]
        if type(phi) is Maybe:
            at_end = lift(at_end, phi)
            exits = [(m, lift(v, phi)) for m, v in exits]
        elif isinstance(key, str) and may_lift(entry, *values):
            return plan.may_be_none(key, entry, values)
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
        letter, uniform = phi.type, phi.uniform
        for value in values:
            if not is_number(value):
                return plan.drop(key, value)
            letter = join(letter, self.type_of(value))
        if letter != phi.type:
            return plan.widen(key, letter)
        carried: Val = phi
        live = plan.is_live_after(key)
        for mask, value in exits:
            source = self.as_joined(value, letter, mask)
            if source is not phi and live:
                carried = self.b.select(self.b.as_bool(self.b.as_val(mask)), source, carried)
        if stay is not False:
            end = self.as_joined(at_end, letter, stay)
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
        plan: Plan,
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
            old = entry_env.get(name, UNSET)
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
        plan: Plan,
        pairs: list[tuple[Val, Val]],
        initial: list[tuple[Val, Any]],
    ) -> Any:
        if may_lift(*[v for _, v in values]) and (name != "the result" or self.frames[1:]):
            lifted = lift_all([v for _, v in values])
            values = [(m, v) for (m, _), v in zip(values, lifted, strict=True)]
        first = values[0][1]
        if isinstance(first, tuple) and all(
            isinstance(v, tuple) and len(v) == len(first) for _, v in values
        ):
            parts = [
                self.make_final(name, [(m, v[k]) for m, v in values], plan, pairs, initial)
                for k in range(len(first))
            ]
            return tuple.__new__(first.__class__, parts)
        if not all(is_number(v) for _, v in values):
            if all(v is first for _, v in values):
                return first
            return Unbound("cannot be followed out of the loop")
        type = "B"
        for _, value in values:
            type = join(type, self.type_of(value))
        vals = [(mask, self.as_joined(value, type, mask)) for mask, value in values]
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
        plan: Plan,
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
            if any(v is None for _, v in real) and not self.frames[1:]:
                value = None
            else:
                value = self.make_final("the result", real, plan, pairs, initial)
        return Escape(gone, value=value)


def leaving_inside(node: ast.While) -> ast.While:
    """`while test: ...` whose test assigns, as `while True: if not test: break; ...`: the lanes
    that leave keep what the test has assigned."""
    here: dict[str, Any] = {"lineno": node.lineno, "col_offset": node.col_offset}
    here |= {"end_lineno": node.end_lineno or 0, "end_col_offset": node.end_col_offset or 0}
    leave = ast.If(
        ast.UnaryOp(ast.Not(), node.test, **here), [*node.orelse, ast.Break(**here)], [], **here
    )
    return ast.While(ast.Constant(True, **here), [leave, *node.body], [], **here)


def _uniform_mask(mask: Mask) -> bool:
    return not isinstance(mask, Val) or mask.uniform
