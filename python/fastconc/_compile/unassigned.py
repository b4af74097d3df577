# SPDX-License-Identifier: BSD-3-Clause
"""Where a local variable may be read before it is assigned.

Python raises UnboundLocalError there, at run time. The reads in question are marked (``unsure``);
for their variables the evaluator carries a flag, ``?name`` among the frame's variables, which says
on which lanes the variable is assigned, and a marked read asks it. A loop that assigns such a
variable in some of its iterations must also carry it from one to the next (``carries``). Few
functions have such reads, and those that have are mostly innocent (``for k in range(n): ...;
return k``): the flag is then known, or cheap.

This is the definite assignment of Java and C#: the set of variables that are assigned on every
path.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Sequence

State = frozenset[str] | None  # None: no path leads here
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.GeneratorExp, ast.DictComp)


def mark_unsure(statements: Sequence[ast.stmt], parameters: Iterable[str]) -> frozenset[str]:
    """Mark the reads; the names of the variables read so."""
    if all(isinstance(s, ast.Return | ast.Expr) for s in statements):
        return frozenset()
    names = frozenset(_local_names(statements))
    analysis = _Analysis(names)
    analysis.block(statements, names.intersection(parameters))
    for loop, names_of_loop in analysis.carries:
        if carries := names_of_loop & analysis.unsure:
            loop.carries = carries  # type: ignore[union-attr]
    return frozenset(analysis.unsure)


def _local_names(nodes: Iterable[ast.AST]) -> Iterator[str]:
    for node in nodes:
        if isinstance(node, _SCOPES):
            if isinstance(node, ast.FunctionDef):
                yield node.name
        elif isinstance(node, _COMPREHENSIONS):
            for inner in ast.walk(node):
                if isinstance(inner, ast.NamedExpr):
                    yield from _local_names([inner.target])
        else:
            if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
                yield node.id
            elif isinstance(node, ast.MatchAs | ast.MatchStar) and node.name is not None:
                yield node.name
            yield from _local_names(ast.iter_child_nodes(node))


def _meet(a: State, b: State) -> State:
    if a is None or b is None:
        return b if a is None else a
    return a & b


class _Loop:
    def __init__(self) -> None:
        self.unsure: set[str] = set()
        self.breaks: State = None
        self.continues: State = None


class _Analysis:
    def __init__(self, names: frozenset[str]) -> None:
        self.names = names
        self.unsure: set[str] = set()
        self.loops: list[_Loop] = []
        self.carries: list[tuple[ast.While | ast.For, set[str]]] = []

    def block(self, statements: Sequence[ast.stmt], state: State) -> State:
        for statement in statements:
            if state is None:
                break
            state = self.statement(statement, state)
        return state

    def statement(self, node: ast.stmt, state: frozenset[str]) -> State:
        if isinstance(node, ast.If):
            yes, no = self.condition(node.test, state)
            return _meet(self.block(node.body, yes), self.block(node.orelse, no))
        if isinstance(node, ast.While | ast.For):
            return self.loop(node, state)
        if isinstance(node, ast.Match):
            return self.match(node, state)
        if isinstance(node, ast.Break | ast.Continue):
            if self.loops:
                loop = self.loops[-1]
                if isinstance(node, ast.Break):
                    loop.breaks = _meet(loop.breaks, state)
                else:
                    loop.continues = _meet(loop.continues, state)
            return None
        if isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
            self.read(node.target, state)
            return self.expression(node.value, state) | {node.target.id}
        if isinstance(node, ast.AnnAssign) and node.value is None:
            return state
        if isinstance(node, ast.FunctionDef):
            for default in (*node.args.defaults, *node.args.kw_defaults):
                if default is not None:
                    state = self.expression(default, state)
            # It may run once more is assigned: what it reads of this function is known then.
            self.inner(node, node.body, state | {node.name})
            return state | {node.name}
        value = getattr(node, "value", None)
        if isinstance(value, ast.expr):  # before the targets
            state = self.expression(value, state)
        for child in ast.iter_child_nodes(node):
            if child is not value:
                state = self.expression(child, state)
        return None if isinstance(node, ast.Return | ast.Raise) else state

    def loop(self, node: ast.While | ast.For, state: frozenset[str]) -> State:
        loop = _Loop()
        surely = False
        done: State
        if isinstance(node, ast.For):
            state = self.expression(node.iter, state)
            surely = _surely_runs(node.iter)
        self.loops.append(loop)
        if isinstance(node, ast.For):
            inside: State = self.expression(node.target, state)
            done = state
        else:
            inside, done = self.condition(node.test, state)
        assigned = set(_local_names([node])) - state
        end = _meet(self.block(node.body, inside), loop.continues)
        self.loops.pop()
        always = _meet(end, loop.breaks)
        partly = set() if always is None else assigned - always
        self.carries.append((node, partly | loop.unsure & assigned))
        if surely:
            done = end
        return _meet(self.block(node.orelse, done), loop.breaks)

    def match(self, node: ast.Match, state: frozenset[str]) -> State:
        state = self.expression(node.subject, state)
        result: State = None
        for case in node.cases:
            here: State = state.union(_local_names([case.pattern]))
            if case.guard is not None and here is not None:
                here, _ = self.condition(case.guard, here)
            result = _meet(result, self.block(case.body, here))
            pattern = case.pattern
            if isinstance(pattern, ast.MatchAs) and pattern.pattern is None and case.guard is None:
                return result
        return _meet(result, state)

    def condition(self, node: ast.expr, state: frozenset[str]) -> tuple[State, State]:
        """What is assigned where node is true, and where it is false."""
        if isinstance(node, ast.Constant):
            return (state, None) if node.value else (None, state)
        if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.Not):
            yes, no = self.condition(node.operand, state)
            return no, yes
        if isinstance(node, ast.BoolOp):
            is_and = isinstance(node.op, ast.And)
            on: State = state
            off: State = None
            for value in node.values:
                if on is None:
                    break
                yes, no = self.condition(value, on)
                on, leaves = (yes, no) if is_and else (no, yes)
                off = _meet(off, leaves)
            return (on, off) if is_and else (off, on)
        state = self.expression(node, state)
        return state, state

    def expression(self, node: ast.AST, state: frozenset[str]) -> frozenset[str]:
        if isinstance(node, ast.Name):
            if isinstance(node.ctx, ast.Load):
                self.read(node, state)
                return state
            return state | {node.id}
        if isinstance(node, ast.NamedExpr):
            return self.expression(node.value, state) | {node.target.id}
        if isinstance(node, ast.BoolOp):
            yes, no = self.condition(node, state)
            met = _meet(yes, no)
            return state if met is None else met
        if isinstance(node, ast.IfExp):
            yes, no = self.condition(node.test, state)
            if yes is not None:
                yes = self.expression(node.body, yes)
            if no is not None:
                no = self.expression(node.orelse, no)
            met = _meet(yes, no)
            return state if met is None else met
        if isinstance(node, ast.Lambda):
            self.inner(node, [node.body], state)
            return state
        if isinstance(node, _COMPREHENSIONS):
            targets = {n for c in node.generators for n in _local_names([c.target])}
            for child in ast.iter_child_nodes(node):
                self.expression(child, state | targets)
            return state
        for child in ast.iter_child_nodes(node):
            state = self.expression(child, state)
        return state

    def inner(
        self, node: ast.FunctionDef | ast.Lambda, body: Sequence[ast.AST], state: frozenset[str]
    ) -> None:
        """A function inside reads variables of this one."""
        own = {a.arg for a in ast.walk(node.args) if isinstance(a, ast.arg)}
        own.update(_local_names(body))
        for part in body:
            for inner in ast.walk(part):
                if isinstance(inner, ast.Name) and isinstance(inner.ctx, ast.Load):
                    self.read(inner, state | own)

    def read(self, node: ast.Name, state: frozenset[str]) -> None:
        if node.id in self.names and node.id not in state:
            node.unsure = True  # type: ignore[attr-defined]
            self.unsure.add(node.id)
            for loop in self.loops:
                loop.unsure.add(node.id)


def _surely_runs(node: ast.expr) -> bool:
    """Whether a loop over this runs at least once, as far as the text tells."""
    if isinstance(node, ast.Tuple | ast.List):
        return any(not isinstance(e, ast.Starred) for e in node.elts)
    if (
        isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id == "range"
        and not node.keywords
        and 0 < len(node.args) <= 2
        and all(isinstance(a, ast.Constant) and type(a.value) is int for a in node.args)
    ):
        bounds = [a.value for a in node.args if isinstance(a, ast.Constant)]
        return len(range(*bounds)) > 0  # type: ignore[arg-type]
    return False
