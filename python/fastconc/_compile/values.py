# SPDX-License-Identifier: BSD-3-Clause
"""What the evaluator knows besides numbers: lists, tables, iterables, functions and the frames they
run in.

Any Python object that is not one of these (nor a ``Val``) stands for itself: it is known at compile
time. A tuple may hold anything; a list is a reference (``ListRef``) into the evaluator's heap, so
that aliases see each other's changes.
"""

from __future__ import annotations

import ast
from collections.abc import Callable
from types import CodeType, FunctionType
from typing import Any

from .errors import Unsupported
from .ir import Mask
from .source import Body, body_of


class Unbound:
    """A local name that is not assigned (on some lanes, or at all), or cannot be followed.

    ``value`` is what some lanes have, if it is of interest.
    """

    __slots__ = ("reason", "value")

    def __init__(self, reason: str, value: Any = None) -> None:
        self.reason = reason
        self.value = value


class ListRef:
    __slots__ = ()


class Table:
    """An array that is read by index: an argument, or a large constant.

    With one dimension its length is asked for at run time; with more, the shape is known now, and
    ``offset`` counts the rows that earlier indices have passed.
    """

    __slots__ = ("index", "name", "offset", "shape", "type")

    def __init__(
        self,
        index: int,
        type: str,
        name: str,
        shape: tuple[int, ...] | None = None,
        offset: Any = 0,
    ) -> None:
        self.index = index
        self.type = type
        self.name = name
        self.shape = shape
        self.offset = offset


class Vector(tuple[Any, ...]):
    """A NumPy array of known length: its operators work element by element."""

    __slots__ = ()


class LocalDict(dict[Any, Any]):
    """A dict made inside the kernel: its keys are known now, and it does not change."""


class Iterable:
    """Something a ``for`` runs over: get(k) for k in 0 .. length; length may be known only at run
    time. ``lists`` are those that must keep their lengths until the end."""

    __slots__ = ("get", "length", "lists")

    def __init__(
        self,
        length: Any,
        get: Callable[[Any], Any],
        lists: tuple[tuple[ListRef, int], ...] = (),
    ) -> None:
        self.length = length
        self.get = get
        self.lists = lists


class Range:
    """``range`` with a bound known only at run time."""

    __slots__ = ("start", "step", "stop")

    def __init__(self, start: Any, stop: Any, step: Any) -> None:
        self.start = start
        self.stop = stop
        self.step = step


class Generator:
    """A generator expression or list comprehension, not yet run."""

    __slots__ = ("frame", "node")

    def __init__(self, node: ast.GeneratorExp | ast.ListComp | ast.SetComp, frame: Frame) -> None:
        self.node = node
        self.frame = frame


class Parameters:
    """How a function's arguments bind."""

    __slots__ = ("defaults", "keyword_only", "n_positional_only", "positional", "vararg", "varkw")

    def __init__(
        self,
        positional: list[str],
        n_positional_only: int,
        keyword_only: list[str],
        vararg: str | None,
        varkw: str | None,
        defaults: dict[str, Any],
    ) -> None:
        self.positional = positional
        self.n_positional_only = n_positional_only
        self.keyword_only = keyword_only
        self.vararg = vararg
        self.varkw = varkw
        self.defaults = defaults

    @property
    def names(self) -> list[str]:
        return [*self.positional, *self.keyword_only]

    def bind(self, name: str, args: list[Any], kwargs: dict[str, Any]) -> dict[str, Any]:
        env: dict[str, Any] = dict(zip(self.positional, args, strict=False))
        if len(args) > len(self.positional):
            if self.vararg is None:
                raise Unsupported(
                    f"{name}() takes {len(self.positional)} positional arguments but "
                    f"{len(args)} were given"
                )
        if self.vararg is not None:
            env[self.vararg] = tuple(args[len(self.positional) :])
        extra: dict[str, Any] = {}
        allowed = {*self.positional[self.n_positional_only :], *self.keyword_only}
        for key, value in kwargs.items():
            if key in env:
                raise Unsupported(f"{name}() got multiple values for argument {key!r}")
            if key in allowed:
                env[key] = value
            elif self.varkw is not None:
                extra[key] = value
            else:
                raise Unsupported(f"{name}() got an unexpected keyword argument {key!r}")
        if self.varkw is not None:
            env[self.varkw] = extra
        for key in self.names:
            if key not in env:
                if key not in self.defaults:
                    raise Unsupported(f"{name}() misses the argument {key!r}")
                env[key] = self.defaults[key]
        return env


def parameters_of(function: FunctionType) -> Parameters:
    code = function.__code__
    n, k = code.co_argcount, code.co_kwonlyargcount
    names = code.co_varnames
    positional = list(names[:n])
    keyword_only = list(names[n : n + k])
    index = n + k
    vararg = varkw = None
    if code.co_flags & 0x04:
        vararg = names[index]
        index += 1
    if code.co_flags & 0x08:
        varkw = names[index]
    defaults: dict[str, Any] = {}
    given = function.__defaults__ or ()
    if given:
        defaults.update(zip(positional[-len(given) :], given, strict=True))
    defaults.update(function.__kwdefaults__ or {})
    return Parameters(positional, code.co_posonlyargcount, keyword_only, vararg, varkw, defaults)


class Closure:
    """A lambda or def inside the compiled function."""

    __slots__ = ("body", "frame", "name", "parameters")

    def __init__(self, name: str, parameters: Parameters, body: Body, frame: Frame) -> None:
        self.name = name
        self.parameters = parameters
        self.body = body
        self.frame = frame


class Escape:
    """Lanes that left by break, continue or return, with what they saw."""

    __slots__ = ("env", "heap", "mask", "value")

    def __init__(
        self,
        mask: Mask,
        env: dict[str, Any] | None = None,
        heap: dict[ListRef, tuple[Any, ...]] | None = None,
        value: Any = None,
    ) -> None:
        self.mask = mask
        self.env = env if env is not None else {}
        self.heap = heap if heap is not None else {}
        self.value = value


class Frame:
    """One activation of a function that is being inlined."""

    __slots__ = (
        *(
            "body",
            "breaks",
            "cells",
            "code",
            "continues",
            "env",
            "function",
            "globals",
            "loop_depth",
        ),
        *("name", "parent", "returns"),
    )

    def __init__(
        self,
        name: str,
        body: Body,
        env: dict[str, Any],
        globals: dict[str, Any],
        cells: dict[str, Any],
        parent: Frame | None,
        code: CodeType | None,
    ) -> None:
        self.name = name
        self.body = body
        self.env = env
        self.globals = globals
        self.cells = cells  # free variable -> cell
        self.parent = parent  # of a Closure: the frame that defined it
        self.code = code
        self.returns: list[Escape] = []
        self.breaks: list[Escape] = []
        self.continues: list[Escape] = []
        self.loop_depth = 0

    @staticmethod
    def of_function(function: FunctionType, env: dict[str, Any]) -> Frame:
        return Frame.of_code(function, body_of(function.__code__), env)

    @staticmethod
    def of_code(function: FunctionType, body: Body, env: dict[str, Any]) -> Frame:
        code = function.__code__
        cells = dict(zip(code.co_freevars, function.__closure__ or (), strict=True))
        return Frame(function.__name__, body, env, function.__globals__, cells, None, code)


class Method:
    """A method of a number, list, tuple or table, looked up but not yet called."""

    __slots__ = ("name", "target")

    def __init__(self, name: str, target: Any) -> None:
        self.name = name
        self.target = target


class Given(ast.expr):
    """A value that is evaluated already, as a node."""

    def __init__(self, value: Any, place: ast.AST) -> None:
        super().__init__()
        self.value = value
        ast.copy_location(self, place)
