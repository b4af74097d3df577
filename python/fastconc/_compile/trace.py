# SPDX-License-Identifier: BSD-3-Clause
"""Functions without source (exec, standard input): run with symbolic numbers instead of read.

The function is called with ``Tracer`` arguments, in globals where known functions stand for their
handlers. Where it asks for the truth of a number known only at run time, it is run once for each
answer, and the results are merged by SELECT: so branches work, and loops whose length is known. A
loop that depends on data never ends this way, and is refused. So is whatever could have an effect
outside, as it would happen once, at compile time, and with tracers in place of numbers.
"""

from __future__ import annotations

import array
import builtins
import dis
import types
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .arith import STATUS
from .builtin_functions import accumulate
from .errors import NoSource, Unsupported
from .functions import lookup
from .ir import Val
from .values import Iterable, ListRef, Range, Table

if TYPE_CHECKING:
    from .evaluate import Evaluator

MAX_DECISIONS = 48
MAX_PATHS = 512
_MISSING = object()
_EFFECTS = {
    "STORE_GLOBAL", "DELETE_GLOBAL", "STORE_ATTR", "DELETE_ATTR", "IMPORT_NAME",
}  # fmt: skip
# What stands for itself: it cannot be changed, or not to hold a tracer
_DATA = (int, float, complex, str, bytes, range, type(None), array.array)
# Builtins that work on Python's own iterables, and do so with tracers inside
_NATIVE = {len, enumerate, zip, reversed, tuple, list, map, any, all, sorted, callable}


class _State:
    """One evaluation of a function: its decisions so far on the current path."""

    def __init__(self, ev: Evaluator, function: types.FunctionType) -> None:
        self.ev = ev
        self.function = function
        self.choices: list[bool] = []
        self.conds: list[Val] = []
        self.n_paths = 0

    def decide(self, cond: Any) -> bool:
        if isinstance(cond, bool):
            return cond
        k = len(self.conds)
        if k >= MAX_DECISIONS:
            raise _no_source(self.function, "loops on data cannot be traced")
        choice = self.choices[k] if k < len(self.choices) else True
        if k >= len(self.choices):
            self.choices.append(True)
        self.conds.append(cond)
        ev = self.ev
        mask = ev.b.mask_and(ev.mask, cond) if choice else ev.b.mask_andn(ev.mask, cond)
        ev.mask = mask
        return choice


class Tracer:
    """A number known at run time only, to which Python's operators apply."""

    __slots__ = ("state", "value")
    __array_ufunc__ = None  # NumPy's own numbers leave the operation to us

    def __init__(self, state: _State, value: Any) -> None:
        self.state = state
        self.value = value

    def __bool__(self) -> bool:
        return self.state.decide(self.state.ev.truth(self.value))

    def __getitem__(self, index: Any) -> Any:
        return wrap(self.state, self.state.ev.subscript(self.value, unwrap(index)))

    def __hash__(self) -> int:
        return id(self)

    def _refuse(self, *args: Any) -> Any:
        raise NoSource(
            f"{self.state.function.__name__} has no source, and this use of a number cannot be "
            f"traced",
            "define the function in a file, where its source can be read",
        )

    __index__ = __int__ = __float__ = __len__ = __iter__ = __complex__ = _refuse

    def __round__(self, digits: Any = None) -> Any:
        return _call(self.state, round, (self, digits), {})

    def __getattr__(self, name: str) -> Any:
        found = self.state.ev.number_attribute(self.value, name)
        if isinstance(found, (Val, int, float)):
            return wrap(self.state, found)
        return lambda *args: wrap(
            self.state, self.state.ev.call(found, list(map(unwrap, args)), {})
        )


def _install() -> None:
    for name, op in {
        **{"add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%"},
        **{"pow": "**", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>"},
    }.items():

        def forward(self: Tracer, other: Any, op: str = op) -> Any:
            return wrap(self.state, self.state.ev.binary(op, self.value, unwrap(other)))

        def reflected(self: Tracer, other: Any, op: str = op) -> Any:
            return wrap(self.state, self.state.ev.binary(op, unwrap(other), self.value))

        setattr(Tracer, f"__{name}__", forward)
        setattr(Tracer, f"__r{name}__", reflected)
    for name, op in {"lt": "<", "le": "<=", "gt": ">", "ge": ">=", "eq": "==", "ne": "!="}.items():

        def compare(self: Tracer, other: Any, op: str = op) -> Any:
            return wrap(self.state, self.state.ev.compare(op, self.value, unwrap(other)))

        setattr(Tracer, f"__{name}__", compare)
    for name, op in {"neg": "-", "pos": "+", "invert": "~"}.items():

        def unary(self: Tracer, op: str = op) -> Any:
            return wrap(self.state, self.state.ev.unary(op, self.value))

        setattr(Tracer, f"__{name}__", unary)
    import math

    for name, function in {
        **{"abs": abs, "floor": math.floor, "ceil": math.ceil, "trunc": math.trunc},
    }.items():

        def call(self: Tracer, function: Any = function) -> Any:
            return _call(self.state, function, (self,), {})

        setattr(Tracer, f"__{name}__", call)

    def divmod_(self: Tracer, other: Any) -> Any:
        return _call(self.state, divmod, (self, other), {})

    setattr(Tracer, "__divmod__", divmod_)  # noqa: B010


_install()


def wrap(state: _State, value: Any) -> Any:
    if isinstance(value, (Range, Iterable)):
        raise _no_source(state.function, "loops on data cannot be traced")
    if isinstance(value, ListRef):
        return [wrap(state, v) for v in state.ev.heap[value]]
    if isinstance(value, tuple):
        return tuple(wrap(state, v) for v in value)
    return Tracer(state, value) if isinstance(value, (Val, Table)) else value


def unwrap(value: Any) -> Any:
    if isinstance(value, Tracer):
        return value.value
    if isinstance(value, (tuple, list)):
        return tuple(unwrap(v) for v in value)
    return value


def _call(state: _State, function: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    ev = state.ev
    plain = [unwrap(a) for a in args]
    named = {k: unwrap(v) for k, v in kwargs.items()}
    return wrap(state, ev.call(function, plain, named))


def _stand_in(state: _State, value: Any) -> Any:
    """What the traced function sees instead of an outside object."""
    if value is sum:

        def total(items: Any, start: Any = 0) -> Any:
            return wrap(state, accumulate(state.ev, [unwrap(v) for v in items], unwrap(start)))

        return total
    if isinstance(value, types.FunctionType) or (
        callable(value) and lookup(value) is not None and value not in _NATIVE
    ):
        if value in (min, max):

            def extreme(*args: Any, **kwargs: Any) -> Any:
                items = tuple(args[0]) if len(args) == 1 else args
                return _call(state, value, items, kwargs) if len(items) > 1 else items[0]

            return extreme

        def stand_in(*args: Any, **kwargs: Any) -> Any:
            return _call(state, value, args, kwargs)

        return stand_in
    if isinstance(value, (list, tuple)):  # a list as something that has no append()
        return tuple(_stand_in(state, v) for v in value)
    if isinstance(value, dict):
        return types.MappingProxyType({k: _stand_in(state, v) for k, v in value.items()})
    if isinstance(value, _DATA) or hasattr(type(value), "dtype"):
        return value
    if isinstance(value, (type, types.BuiltinFunctionType)) and value in _NATIVE:
        return value
    return _Outside(state, value)


class _Outside:
    """A module, or an object whose attributes may be read."""

    __slots__ = ("_state", "_value")

    def __init__(self, state: _State, value: Any) -> None:
        self._state = state
        self._value = value

    def __getattr__(self, name: str) -> Any:
        return _stand_in(self._state, getattr(self._value, name))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        name = getattr(self._value, "__name__", type(self._value).__name__)
        raise _no_source(self._state.function, f"what {name}() does is not known")


def _no_source(function: Callable[..., Any], reason: str) -> NoSource:
    return NoSource(
        f"{function.__name__} has no source, and {reason}",
        "define the function in a file, where its source can be read",
    )


def _refuse_effects(function: types.FunctionType, code: types.CodeType) -> None:
    for instruction in dis.get_instructions(code):
        name = instruction.opname
        if name in _EFFECTS or (
            name == "STORE_DEREF" and instruction.argval in function.__code__.co_freevars
        ):
            raise _no_source(function, f"it changes {instruction.argval!r} outside of itself")
    for inner in code.co_consts:
        if isinstance(inner, types.CodeType):
            _refuse_effects(function, inner)


def _rebuilt(state: _State, function: types.FunctionType) -> Callable[..., Any]:
    """The same code in globals and cells that hold stand-ins."""
    ev, code = state.ev, function.__code__
    names: set[str] = set()
    stack = [code]
    while stack:
        inner = stack.pop()
        names.update(inner.co_names)
        stack.extend(c for c in inner.co_consts if isinstance(c, types.CodeType))
    space: dict[str, Any] = {"__builtins__": builtins}
    for name in names:
        value = function.__globals__.get(name, _MISSING)
        if value is _MISSING:
            value = getattr(builtins, name, _MISSING)
            if value is _MISSING:
                continue
        else:
            ev.deps.append(("global", function.__globals__, name, value))
        space[name] = _stand_in(state, value)
    cells = []
    for cell in function.__closure__ or ():
        try:
            value = cell.cell_contents
        except ValueError:
            cells.append(cell)
            continue
        ev.deps.append(("cell", cell, "", value))
        cells.append(types.CellType(_stand_in(state, value)))
    made = types.FunctionType(code, space, function.__name__, None, tuple(cells) or None)
    return made


def trace(ev: Evaluator, function: types.FunctionType, env: dict[str, Any]) -> Any:
    """The value of function(**env)."""
    _refuse_effects(function, function.__code__)
    state = _State(ev, function)
    made = _rebuilt(state, function)
    code = function.__code__
    if code.co_flags & 0x0C:
        raise NoSource(f"{function.__name__} takes *args or **kwargs, and has no source")
    n = code.co_argcount
    args = [wrap(state, env[name]) for name in code.co_varnames[:n]]
    named = {
        name: wrap(state, env[name]) for name in code.co_varnames[n : n + code.co_kwonlyargcount]
    }
    mask = ev.mask

    def explore(prefix: list[bool]) -> Any:
        state.n_paths += 1
        if state.n_paths > MAX_PATHS:
            raise _no_source(function, "too many paths to trace")
        state.choices, state.conds, ev.mask = list(prefix), [], mask
        try:
            value = unwrap(made(*args, **named))
        except Unsupported:
            raise
        except (AssertionError, ValueError, ArithmeticError):
            ev.b.raise_if(True, STATUS["INVALID"], ev.mask)
            value = _MISSING
        except Exception as error:
            raise _no_source(function, f"tracing it failed: {error!r}") from None
        choices, conds = list(state.choices), list(state.conds)
        for k in range(len(conds) - 1, len(prefix) - 1, -1):
            other = explore([*choices[:k], False])
            if value is _MISSING or other is _MISSING:
                value = other if value is _MISSING else value
            else:
                value = ev.choose(conds[k], value, other, "the branches")
        return value

    try:
        value = explore([])
    finally:
        ev.mask = mask
    return None if value is _MISSING else value
