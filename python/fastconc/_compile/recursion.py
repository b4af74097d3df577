# SPDX-License-Identifier: BSD-3-Clause
"""A function that calls itself in tail position, as a loop.

    def gcd(a, b):                          while True:
        if b == 0:                              if b == 0:
            return a               becomes          return a
        return gcd(b, a % b)                    a, b = b, a % b
                                                continue

Any other recursion is inlined, and so needs a depth known at compile time.
"""

from __future__ import annotations

import ast
import copy
import sys
import types
from typing import Any

from .source import Body
from .values import Parameters

DEPTH = ".depth"
_MISSING = object()


class _NotTail(Exception):
    pass


def tail_loop(function: types.FunctionType, body: Body, parameters: Parameters) -> Body | None:
    """The body as a loop, if every call of the function inside it is a `return` of that call."""
    if body.tail is not False:
        return body.tail  # type: ignore[return-value]
    body.tail = None
    if parameters.vararg or parameters.varkw:
        return None
    names = _own_names(function, set(parameters.names))
    if not names:
        return None
    if body.expression is not None:
        here = _place(body.expression)
        statements: list[ast.stmt] = [ast.Return(body.expression, **here)]
    else:
        statements = list(body.statements or [])
    if not any(_calls(statement, names) for statement in statements):
        return None
    rewriter = _Rewriter(names, parameters)
    try:
        inside = rewriter.block([copy.deepcopy(statement) for statement in statements])
    except _NotTail:
        return None
    if not rewriter.ends:
        return None  # every path calls again
    here = _place(statements[0])
    inside.append(ast.Raise(ast.Name("ValueError", ast.Load(), **here), None, **here))
    loop = ast.While(ast.Constant(True, **here), inside, [], **here)
    start = ast.Assign([ast.Name(DEPTH, ast.Store(), **here)], ast.Constant(0, **here), **here)
    body.tail = Body(body.source, [start, loop], None)
    return body.tail


def _own_names(function: types.FunctionType, taken: set[str]) -> set[str]:
    """The names by which the function knows itself."""
    code = function.__code__
    found = set()
    for name in code.co_names:
        value = function.__globals__.get(name, _MISSING)
        if getattr(value, "__wrapped__", value) is function:
            found.add(name)
        elif value is _MISSING and name == function.__name__:
            found.add(name)  # a decorator is at work, and the name is not bound yet
    for name, cell in zip(code.co_freevars, function.__closure__ or (), strict=True):
        try:
            value = cell.cell_contents
        except ValueError:
            value = function if name == function.__name__ else None
        if getattr(value, "__wrapped__", value) is function:
            found.add(name)
    return found - taken


def _place(node: ast.AST) -> dict[str, Any]:
    keys = ("lineno", "col_offset", "end_lineno", "end_col_offset")
    return {key: getattr(node, key) for key in keys}


def _is_call(node: ast.AST | None, names: set[str]) -> bool:
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names


def _calls(node: ast.AST, names: set[str]) -> bool:
    return any(isinstance(inner, ast.Name) and inner.id in names for inner in ast.walk(node))


class _Rewriter:
    def __init__(self, names: set[str], parameters: Parameters) -> None:
        self.names = names
        self.parameters = parameters
        self.ends = False  # whether a path returns

    def block(self, statements: list[ast.stmt]) -> list[ast.stmt]:
        return [made for statement in statements for made in self.statement(statement)]

    def statement(self, node: ast.stmt) -> list[ast.stmt]:
        if isinstance(node, ast.Return):
            return self.leave(node.value, node)
        if isinstance(node, ast.If):
            if _calls(node.test, self.names):
                raise _NotTail
            node.body, node.orelse = self.block(node.body), self.block(node.orelse)
            return [node]
        if _calls(node, self.names):
            raise _NotTail  # in a loop, or not in tail position
        if any(isinstance(inner, ast.Return) for inner in ast.walk(node)):
            self.ends = True
        return [node]

    def leave(self, value: ast.expr | None, node: ast.Return) -> list[ast.stmt]:
        here = _place(node)
        if isinstance(value, ast.IfExp):
            if _calls(value.test, self.names):
                raise _NotTail
            return [
                ast.If(
                    value.test, self.leave(value.body, node), self.leave(value.orelse, node), **here
                )
            ]
        if not _is_call(value, self.names):
            if value is not None and _calls(value, self.names):
                raise _NotTail
            self.ends = True
            return [ast.Return(value, **here)]
        assert isinstance(value, ast.Call)
        given = self.bind(value)
        targets: list[ast.expr] = [ast.Name(name, ast.Store(), **here) for name in given]
        assign = ast.Assign(
            [ast.Tuple(targets, ast.Store(), **here)],
            ast.Tuple(list(given.values()), ast.Load(), **here),
            **here,
        )
        one = ast.AugAssign(
            ast.Name(DEPTH, ast.Store(), **here), ast.Add(), ast.Constant(1, **here), **here
        )
        deep = ast.Compare(
            ast.Name(DEPTH, ast.Load(), **here),
            [ast.Gt()],
            [ast.Constant(sys.getrecursionlimit(), **here)],
            **here,
        )
        error = ast.Raise(ast.Name("RecursionError", ast.Load(), **here), None, **here)
        return [assign, one, ast.If(deep, [error], [], **here), ast.Continue(**here)]

    def bind(self, call: ast.Call) -> dict[str, ast.expr]:
        parameters = self.parameters
        if any(isinstance(a, ast.Starred) for a in call.args) or any(
            k.arg is None for k in call.keywords
        ):
            raise _NotTail
        if any(_calls(a, self.names) for a in (*call.args, *(k.value for k in call.keywords))):
            raise _NotTail
        given = dict(zip(parameters.positional, call.args, strict=False))
        given |= {k.arg: k.value for k in call.keywords if k.arg is not None}
        if len(call.args) > len(parameters.positional) or set(given) - set(parameters.names):
            raise _NotTail
        for name in parameters.names:
            if name not in given:
                default = parameters.defaults.get(name, _MISSING)
                if not isinstance(default, (int, float)):
                    raise _NotTail
                given[name] = ast.Constant(default, **_place(call))
        return given
