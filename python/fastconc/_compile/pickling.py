# SPDX-License-Identifier: BSD-3-Clause
"""Python functions as data, for kernels that travel to other processes, machines and Python
versions.

A function goes as the text of its AST with the values it reads from outside (closure, defaults,
those globals that its code names); functions among these go the same way, modules by name, all else
by pickle. A function without source goes as the programs that were made of it.
"""

from __future__ import annotations

import ast
import builtins
import hashlib
import importlib
import linecache
import types
from typing import Any

from .errors import Unsupported
from .source import Body, body_of
from .values import parameters_of

_MISSING = "missing"


def pack_function(f: types.FunctionType, memo: dict[int, dict[str, Any]] | None = None) -> Any:
    """A picklable description of f; Unsupported if it has no source."""
    memo = {} if memo is None else memo
    found = memo.get(id(f))
    if found is not None:
        return found
    state: dict[str, Any] = {"name": f.__name__}
    memo[id(f)] = state  # before its globals: functions may call each other
    body = body_of(f.__code__)
    state["source"] = _text(f, body)
    state["filename"] = body.source.filename
    state["line"] = f.__code__.co_firstlineno
    state["doc"] = f.__doc__
    state["free"] = f.__code__.co_freevars
    state["defaults"] = tuple(_pack(v, memo) for v in f.__defaults__ or ())
    state["kwdefaults"] = {k: _pack(v, memo) for k, v in (f.__kwdefaults__ or {}).items()}
    cells = []
    for cell in f.__closure__ or ():
        try:
            cells.append(_pack(cell.cell_contents, memo))
        except ValueError:
            cells.append((_MISSING, None))
    state["cells"] = cells
    names: set[str] = set()
    stack = [f.__code__]
    while stack:
        code = stack.pop()
        names.update(code.co_names)
        stack.extend(c for c in code.co_consts if isinstance(c, types.CodeType))
    state["globals"] = {
        n: _pack(f.__globals__[n], memo) for n in sorted(names) if n in f.__globals__
    }
    return state


def _pack(value: Any, memo: dict[int, dict[str, Any]]) -> tuple[str, Any]:
    if isinstance(value, types.ModuleType):
        return ("module", value.__name__)
    if getattr(value, "_is_kernel", False) and isinstance(value.__wrapped__, types.FunctionType):
        value = value.__wrapped__  # called from a kernel, it is its function
    if isinstance(value, types.FunctionType):
        try:
            return ("function", pack_function(value, memo))
        except Unsupported:
            memo.pop(id(value), None)
            return ("value", value)
    if isinstance(value, (tuple, list)) and any(callable(v) for v in value):
        return (type(value).__name__, [_pack(v, memo) for v in value])
    return ("value", value)


def _text(f: types.FunctionType, body: Body) -> str:
    parameters = parameters_of(f)
    n = parameters.n_positional_only

    def arg(name: str) -> ast.arg:
        return ast.arg(name, None)

    positional = [arg(p) for p in parameters.positional]
    none = ast.Constant(None)
    arguments = ast.arguments(
        posonlyargs=positional[:n],
        args=positional[n:],
        vararg=arg(parameters.vararg) if parameters.vararg else None,
        kwonlyargs=[arg(k) for k in parameters.keyword_only],
        kw_defaults=[none if k in parameters.defaults else None for k in parameters.keyword_only],
        kwarg=arg(parameters.varkw) if parameters.varkw else None,
        defaults=[none for _ in f.__defaults__ or ()],
    )
    if body.expression is not None:
        statements: list[ast.stmt] = [ast.Return(body.expression)]
    else:
        statements = list(body.statements or [])
    name = f.__name__ if f.__name__.isidentifier() else "_lambda"
    inner = ast.FunctionDef(name, arguments, statements, [])
    if hasattr(inner, "type_params"):
        inner.type_params = []
    return ast.unparse(ast.fix_missing_locations(ast.Module([inner], []))) + "\n"


def unpack_function(state: dict[str, Any], memo: dict[int, Any] | None = None) -> Any:
    memo = {} if memo is None else memo
    if id(state) in memo:
        return memo[id(state)]
    source = state["source"]
    digest = hashlib.sha256(source.encode()).hexdigest()[:12]
    filename = f"<kernel {state['name']} {digest}>"
    free = state["free"]
    text = source
    if free:
        indented = "".join("    " + line + "\n" for line in source.splitlines())
        name = state["name"] if state["name"].isidentifier() else "_lambda"
        text = f"def _outer({', '.join(free)}):\n{indented}    return {name}\n"
    linecache.cache[filename] = (len(text), None, text.splitlines(keepends=True), filename)
    namespace: dict[str, Any] = {"__builtins__": builtins, "__name__": "fastconc.unpickled"}
    exec(compile(text, filename, "exec"), namespace)
    name = state["name"] if state["name"].isidentifier() else "_lambda"
    f = namespace["_outer"](*(None for _ in free)) if free else namespace[name]
    assert isinstance(f, types.FunctionType)
    namespace.pop("_outer", None)
    if not free:
        namespace.pop(name, None)
    memo[id(state)] = f
    f.__doc__ = state["doc"]
    f.__defaults__ = tuple(_unpack(v, memo) for v in state["defaults"]) or None
    f.__kwdefaults__ = {k: _unpack(v, memo) for k, v in state["kwdefaults"].items()} or None
    contents = dict(zip(free, state["cells"], strict=True))
    for cell_name, cell in zip(f.__code__.co_freevars, f.__closure__ or (), strict=True):
        packed = contents[cell_name]
        if packed[0] == _MISSING:
            del cell.cell_contents
        else:
            cell.cell_contents = _unpack(packed, memo)
    for key, packed in state["globals"].items():
        namespace[key] = _unpack(packed, memo)
    return f


def _unpack(packed: tuple[str, Any], memo: dict[int, Any]) -> Any:
    kind, value = packed
    if kind == "module":
        return importlib.import_module(value)
    if kind == "function":
        return unpack_function(value, memo)
    if kind in ("tuple", "list"):
        items = [_unpack(v, memo) for v in value]
        return tuple(items) if kind == "tuple" else items
    return value
