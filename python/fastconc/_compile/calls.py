# SPDX-License-Identifier: BSD-3-Clause
"""Calls: what is called is found out now, and its body evaluated in place."""

from __future__ import annotations

import ast
import builtins
import functools
import operator
import types
from collections.abc import Callable
from typing import Any

from .arith import STATUS, describe, is_number
from .bytecode import NO_BODY, is_readable, read
from .errors import NeedUnroll, NoSource, Unsupported
from .functions import lookup
from .ir import Mask, Val
from .maybe import Maybe, lift_all, may_lift
from .recursion import tail_loop
from .statements import NOTHING, Statements
from .values import Closure, Escape, Frame, Generator, Method, Table, parameters_of

COMPLEX_HINT = "use real arithmetic: carry the real and the imaginary part as two numbers"
_FOLDS = (sum, min, max, any, all)
MAX_DEPTH = 40
MAX_CALLS = 3000


class Calls(Statements):
    n_calls: int
    reads_code = True  # whether functions without branches may be read from their code
    has_read_code: bool
    deps: list[tuple[str, Any, Any, Any]]

    # These live in evaluate.py and sequences.py
    admit: Callable[[Any], Any]
    elements: Callable[..., list[Any]]
    eval_maybe: Callable[[ast.expr], Any]
    attribute: Callable[[Any, str], Any]
    subscript: Callable[[Any, Any], Any]
    method: Callable[[Method, list[Any], dict[str, Any]], Any]

    def x_Call(self, node: ast.Call) -> Any:
        function = self.eval(node.func)
        if len(node.args) >= 1 and isinstance(node.args[0], ast.ListComp) and function in _FOLDS:
            # a list that is only folded need not be stored
            args = [Generator(node.args[0], self.frame), *self.elements(node.args[1:])]
        else:
            in_python = isinstance(function, Closure) or (
                isinstance(function, types.FunctionType) and lookup(function) is None
            )
            args = self.elements(node.args, in_python)
        kwargs: dict[str, Any] = {}
        for keyword in node.keywords:
            if keyword.arg is None:
                spread = self.eval(keyword.value)
                if not isinstance(spread, dict):
                    raise Unsupported("`**` of something that is not a known dict is not supported")
                kwargs.update({k: self.admit(v) for k, v in spread.items()})
            else:
                kwargs[keyword.arg] = self.eval(keyword.value)
        self.b.line = node.lineno + self.frame.body.source.line_shift
        return self.call_maybe(function, args, kwargs)

    def call(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        """The value of a call, as a number or whatever it is; see maybe.py."""
        result = self.call_maybe(function, args, kwargs)
        return self.present(result) if type(result) is Maybe else result

    def call_maybe(self, function: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:
        if type(function) is types.BuiltinFunctionType:
            handler = lookup(function)
            if handler is not None:
                return handler(self, args, kwargs)  # type: ignore[arg-type]
        if isinstance(function, Closure):
            env = function.parameters.bind(function.name, args, kwargs)
            frame = Frame(
                function.name, function.body, env, function.frame.globals, {}, function.frame, None
            )
            return self.run_frame(frame)
        if isinstance(function, Method):
            return self.method(function, args, kwargs)
        if isinstance(function, Val):
            raise Unsupported(f"{describe(function)} is called as if it were a function")
        handler = lookup(function)
        if handler is not None:
            return handler(self, args, kwargs)  # type: ignore[arg-type]
        if isinstance(function, types.FunctionType):
            return self.call_function(function, args, kwargs)
        if isinstance(function, types.MethodType):
            return self.call(function.__func__, [function.__self__, *args], kwargs)
        if isinstance(function, functools.partial):
            given = [self.admit(a) for a in function.args]
            named = {k: self.admit(v) for k, v in function.keywords.items()}
            return self.call(function.func, [*given, *args], {**named, **kwargs})
        wrapped = getattr(function, "__wrapped__", None)
        if wrapped is not None and not isinstance(function, type):
            return self.call(
                wrapped, args, kwargs
            )  # functools.lru_cache, Kernel, Numba's dispatchers
        python = getattr(function, "py_func", None)
        if isinstance(python, types.FunctionType):
            return self.call(python, args, kwargs)
        if type(function) in (operator.itemgetter, operator.attrgetter):
            return self.getter(function, args)
        if function in (operator.itemgetter, operator.attrgetter):
            return function(*args)
        if isinstance(function, type) and issubclass(function, tuple) and function is not tuple:
            if hasattr(function, "_fields"):
                try:
                    return function(*args, **kwargs)
                except TypeError as error:
                    raise Unsupported(str(error)) from None
        if isinstance(function, type):
            raise Unsupported(
                f"making a {function.__name__} object is not supported",
                COMPLEX_HINT if function is complex else "use numbers, tuples and lists",
            )
        call = next(
            (vars(c)["__call__"] for c in type(function).__mro__ if "__call__" in vars(c)), None
        )
        if isinstance(call, types.FunctionType):
            return self.call(call, [function, *args], kwargs)
        name = getattr(function, "__qualname__", None) or repr(function)
        module = getattr(function, "__module__", None)
        label = f"{module}.{name}" if module and module != "builtins" else str(name)
        if function is builtins.print:
            raise Unsupported(
                "print() is not supported", "print the results after the kernel has run"
            )
        if module and (
            module == "random" or str(module).startswith("numpy.random") or "Random" in label
        ):
            raise Unsupported(
                f"random numbers ({label}) are not supported", "pass an array of random numbers"
            )
        raise Unsupported(f"the function {label}() is not supported")

    def getter(self, function: Any, args: list[Any]) -> Any:
        """operator.itemgetter(...)(x) and attrgetter."""
        (value,) = args
        wanted = function.__reduce__()[1]
        if isinstance(function, operator.itemgetter):
            found = [self.subscript(value, index) for index in wanted]
        else:
            found = [functools.reduce(self.attribute, name.split("."), value) for name in wanted]
        return found[0] if len(found) == 1 else tuple(found)

    def unary_call(self, function: Any, x: Any) -> Any:
        return self.call(function, [x], {})

    def call_function(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        code = function.__code__
        if code.co_flags & 0x2A0:  # generator, coroutine, async generator
            raise Unsupported(f"{function.__name__} is a generator or coroutine", "return a value")
        if (function.__module__ or "").split(".")[0] in ("numpy", "scipy"):
            return self.call_library(function, args, kwargs)
        return self.call_user(function, args, kwargs)

    def call_library(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        """A library's function in Python compiles if it is simple; its insides are no one's
        concern if not."""
        try:
            return self.call_user(function, args, kwargs)
        except NeedUnroll:
            raise
        except Unsupported:
            name = f"{function.__module__.split('.')[0]}.{function.__name__}"
            raise Unsupported(f"the function {name}() is not supported") from None

    def call_user(
        self, function: types.FunctionType, args: list[Any], kwargs: dict[str, Any]
    ) -> Any:
        self.deps.append(("code", function, None, function.__code__))
        if function.__defaults__:
            self.deps.append(("defaults", function, None, function.__defaults__))
        code = function.__code__
        if len(args) == code.co_argcount and not (
            kwargs or code.co_kwonlyargcount or code.co_flags & 0x0C
        ):
            return self.run_function(function, dict(zip(code.co_varnames, args, strict=False)))
        parameters = parameters_of(function)
        env = parameters.bind(function.__name__, args, kwargs)
        for name in parameters.names:
            if name in parameters.defaults and env[name] is parameters.defaults[name]:
                env[name] = self.admit(env[name])
        return self.run_function(function, env)

    def run_function(self, function: types.FunctionType, env: dict[str, Any]) -> Any:
        has_maybe = any([type(value) is Maybe for value in env.values()])
        if self.reads_code and not has_maybe and is_readable(function.__code__):
            self.has_read_code = True
            return self.run_frame(Frame.of_code(function, NO_BODY, env))
        try:
            frame = Frame.of_function(function, env)
        except NoSource:
            from .trace import trace

            env = {name: self.present(value) for name, value in env.items()}
            return trace(self, function, env)  # type: ignore[arg-type]
        if any(isinstance(value, (Val, Table)) for value in env.values()):
            loop = tail_loop(function, frame.body, parameters_of(function))
            if loop is not None:
                frame.body = loop
        return self.run_frame(frame)

    def run_frame(self, frame: Frame) -> Any:
        self.n_calls += 1
        if len(self.frames) >= MAX_DEPTH or self.n_calls > MAX_CALLS:
            raise Unsupported(
                f"the recursion of {frame.name}() has no bound known at compile time",
                "write it as a loop, or bound its depth by a constant argument",
            )
        outer_mask = self.mask
        saved_unrollable, self.unrollable = self.unrollable, self.unrollable
        line = self.b.line
        self.frames.append(frame)
        try:
            if frame.body is NO_BODY:
                return read(self, frame)  # type: ignore[arg-type]
            if frame.body.expression is not None:
                inner = len(self.frames) > 1
                return (self.eval_maybe if inner else self.eval)(frame.body.expression)
            assert frame.body.statements is not None
            self.flag_unsure(frame)
            self.exec_block(frame.body.statements)
            return self.finish_returns(frame)
        finally:
            self.frames.pop()
            self.mask = outer_mask
            self.unrollable = saved_unrollable
            self.b.line = line

    def finish_returns(self, frame: Frame) -> Any:
        """The value of a call: that of each return on its own lanes."""
        returns = frame.returns
        if not returns:
            return None
        returns = [r for r in returns if r.value is not NOTHING]
        if not returns:
            return None
        value = returns[-1].value
        lanes = returns[-1].mask
        if self.mask is not False:
            # Some lanes may run off the end, where Python returns None.
            if len(self.frames) > 1 and may_lift(None, *[r.value for r in returns]):
                returns.append(Escape(self.mask, value=None))
                value, lanes = None, self.mask
            elif any(r.value is not None for r in returns):
                self.b.raise_if(True, STATUS["INVALID"], self.mask)
        values = [r.value for r in returns]
        if len(self.frames) > 1 and may_lift(*values):
            for escape, lifted in zip(returns, lift_all(values), strict=True):
                escape.value = lifted
            value = returns[-1].value
        conds = _conditions([escape.mask for escape in returns[:-1]])
        for escape, cond in zip(reversed(returns[:-1]), reversed(conds), strict=True):
            self.mask = lanes = self.b.mask_or(lanes, escape.mask)
            if isinstance(cond, Val) and not self.can_choose_by(cond, escape.value, value):
                cond = escape.mask
            value = self.choose(
                self.b.as_bool(self.b.as_val(cond)), escape.value, value, "the return statements"
            )
        return value

    def can_choose_by(self, cond: Val, x: Any, y: Any) -> bool:
        """Whether a wider condition than the mask may select: not where an int that no float holds
        is an error on the lanes selected."""
        if isinstance(x, tuple) and isinstance(y, tuple) and len(x) == len(y):
            return all(self.can_choose_by(cond, p, q) for p, q in zip(x, y, strict=True))
        return is_number(x) and is_number(y) and self.type_of(x) == self.type_of(y)


def _conditions(masks: list[Mask]) -> list[Mask]:
    """For a chain of selections, the first mask first: the masks without what the earlier ones
    tell. `not p and q` is q where p has been asked before: a comparison, often, that the selection
    can take with it."""
    false: set[int] = set()

    def shorter(cond: Val) -> Val | None:
        """What is left of cond where everything in `false` is false; None if it is true."""
        if cond.op == "NOT_B":
            return None if id(cond.args[0]) in false else cond
        if cond.op == "AND_B":
            parts = [part for part in map(shorter, cond.args) if part is not None]
            if len(parts) == 2:
                return cond
            return parts[0] if parts else None
        if cond.op == "ANDN_B" and id(cond.args[1]) in false:
            return shorter(cond.args[0])
        return cond

    result: list[Mask] = []
    for mask in masks:
        short = shorter(mask) if isinstance(mask, Val) else None
        # One made in a branch that may have been jumped over must not stand alone.
        if isinstance(mask, Val) and short is not None and short.home is mask.home:
            result.append(short)
            false.update((id(mask), id(short)))
            work = [short]
            while work:  # where `p or q` is false, both are
                cond = work.pop()
                if cond.op == "OR_B":
                    false.update(map(id, cond.args))
                    work.extend(cond.args)
        else:
            result.append(mask)
            false.add(id(mask))
    return result
