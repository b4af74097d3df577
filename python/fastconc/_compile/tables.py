# SPDX-License-Identifier: BSD-3-Clause
"""Which parameters of a function are whole arrays to it: those that it, or a function it passes
them to, reads by index, iterates over or asks for their length."""

from __future__ import annotations

import ast
import types
from typing import Any

from .bytecode import _SUBSCRIPT, BINARY, SUBSCRIPT, _kind, _text, is_readable
from .errors import Unsupported
from .source import body_of
from .values import parameters_of

_BUILTINS = ("len", "enumerate", "zip", "sum", "reversed", "any", "all", "sorted", "list", "tuple")
_ATTRIBUTES = ("shape", "size", "ndim", "sum", "mean", "min", "max", "prod", "tolist", "dot")
# Library functions, by name: the positions of their arguments that are arrays
_LIBRARY = {
    **dict.fromkeys(("sum", "mean", "prod", "amin", "amax", "fsum", "polyval"), (0,)),
    **dict.fromkeys(("searchsorted", "bisect", "bisect_left", "bisect_right"), (0,)),
    **dict.fromkeys(("sumprod", "dot"), (0, 1)),
    "interp": (1, 2),
}
_DEPTH = 6


_WORDS = frozenset((*_BUILTINS, *_ATTRIBUTES, *_LIBRARY, "min", "max"))


def table_parameters(function: types.FunctionType, depth: int = 0) -> frozenset[str]:
    if _has_none(function):
        return frozenset()
    try:
        body = body_of(function.__code__)
    except Unsupported:
        return frozenset()
    if body.subscripted is None:
        roots = [body.expression] if body.expression is not None else body.statements or []
        body.subscripted = _subscripted(roots)
        body.passed_on = _passed_on(roots)
    if not body.passed_on or depth >= _DEPTH:
        return body.subscripted
    found = set(body.subscripted)
    for name, position, keyword, argument in body.passed_on:
        callee = _resolve(function, name)
        if callee is None or callee is function or argument in found:
            continue
        parameters = parameters_of(callee)
        if keyword is None:
            if position >= len(parameters.positional):
                continue
            keyword = parameters.positional[position]
        if keyword in table_parameters(callee, depth + 1):
            found.add(argument)
    return frozenset(found)


def _has_none(function: types.FunctionType) -> bool:
    """Whether the code object tells at once that there are none: finding and walking the source
    takes longer than all the rest of a compilation."""
    code = function.__code__
    if not is_readable(code) or not _WORDS.isdisjoint(code.co_names):
        return False  # what is readable has no loop, no `in` and no inner function
    raw = code.co_code
    for op, argument in zip(raw[::2], raw[1::2], strict=True):
        kind = _kind[op]
        if kind == SUBSCRIPT or (kind == BINARY and argument == _SUBSCRIPT and not _text[op]):
            return False
    return not any(_resolve(function, name) for name in (*code.co_names, *code.co_freevars))


def _resolve(function: types.FunctionType, name: str) -> types.FunctionType | None:
    """The Python function that a global or closure name stands for."""
    value: Any = function.__globals__.get(name)
    if name in function.__code__.co_freevars:
        cell = (function.__closure__ or ())[function.__code__.co_freevars.index(name)]
        try:
            value = cell.cell_contents
        except ValueError:
            return None
    value = getattr(value, "__wrapped__", value)
    return value if isinstance(value, types.FunctionType) else None


def _subscripted(roots: list[Any]) -> frozenset[str]:
    names: set[str] = set()
    inner = {
        node.name: node
        for root in roots
        for node in ast.walk(root)
        if isinstance(node, ast.FunctionDef)
    }
    for root in roots:
        for node in ast.walk(root):
            owner: Any = None
            if isinstance(node, ast.Subscript):
                owner = node.value
            elif isinstance(node, ast.For | ast.comprehension):
                owner = node.iter
            elif isinstance(node, ast.Attribute) and node.attr in _ATTRIBUTES:
                owner = node.value
            elif isinstance(node, ast.Compare):
                for op, right in zip(node.ops, node.comparators, strict=True):
                    if isinstance(op, ast.In | ast.NotIn) and isinstance(right, ast.Name):
                        names.add(right.id)
            elif isinstance(node, ast.Call):
                names.update(_given_whole(node, inner))
            while isinstance(owner, ast.Subscript):
                owner = owner.value
            if isinstance(owner, ast.Name):
                names.add(owner.id)
    return frozenset(names)


def _given_whole(node: ast.Call, inner: dict[str, ast.FunctionDef]) -> list[str]:
    """Names that a call takes as whole arrays."""
    given = [a.id if isinstance(a, ast.Name) else "" for a in node.args]
    found: list[str] = []
    name = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    if isinstance(node.func, ast.Name):
        name = node.func.id
        if name in _BUILTINS:
            found = given if name == "zip" else given[:1]  # sum and enumerate take a start
        elif name in ("min", "max") and len(given) == 1:
            found = given
        elif name in inner:  # a function defined in this one
            local = _subscripted(list(inner[name].body))
            wanted = [a.arg for a in inner[name].args.args]
            found = [a for a, p in zip(given, wanted, strict=False) if p in local]
    elif name in ("min", "max") and len(given) == 1:
        found = given
    if not found:
        found = [given[k] for k in _LIBRARY.get(name, ()) if k < len(given)]
    return [a for a in found if a]


def _passed_on(roots: list[Any]) -> list[tuple[str, int, str | None, str]]:
    """(function, position, keyword, argument) of the names given to functions by name."""
    found: list[tuple[str, int, str | None, str]] = []
    for root in roots:
        for node in ast.walk(root):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                for position, argument in enumerate(node.args):
                    if isinstance(argument, ast.Name):
                        found.append((node.func.id, position, None, argument.id))
                for keyword in node.keywords:
                    if isinstance(keyword.value, ast.Name) and keyword.arg is not None:
                        found.append((node.func.id, 0, keyword.arg, keyword.value.id))
    return found
