# SPDX-License-Identifier: BSD-3-Clause
"""One Python function with its captured values, compiled for each signature it is called with.

A signature is a tuple, one item per parameter:

    "D" "F" "I" "B"    an array of floats, float32s, ints, bools: one element at a time
    "d" "f" "i" "b"    a number
    "TD" "TF" ...      an array of one dimension that the function reads by index
    ("table", "D", s)  one of more dimensions, with its shape s
    ("point", n)       a sequence of n floats (the points of integrators)
    Constant(obj)      anything else, known at compile time
"""

from __future__ import annotations

import contextlib
import functools
import linecache
import types
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from fastconc import _core
from fastconc._errors import KernelError

from .arith import describe, is_number
from .deps import still_valid
from .emit import Emitted, emit
from .errors import NeedsAllBits, Unsupported, to_kernel_error
from .evaluate import Evaluator
from .functions import lookup
from .ir import Builder, Val
from .low_bits import keep_low_bits
from .tables import table_parameters
from .values import ListRef, Parameters, Table, Unbound, parameters_of


class Constant:
    """An argument that is no number; the program is made for this object."""

    __slots__ = ("value",)

    def __init__(self, value: Any) -> None:
        self.value = value

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Constant) and bool(
            self.value is other.value
            or (
                isinstance(self.value, (str, bytes, int, float))
                and type(self.value) is type(other.value)
                and self.value == other.value
                and (self.value or str(self.value) == str(other.value))  # 0.0 is not -0.0
            )
        )

    def __hash__(self) -> int:
        if isinstance(self.value, (str, bytes, int, float)):
            return hash(self.value)
        return id(self.value)


class Options:
    __slots__ = ("exact", "fastmath", "float_powers", "raising")

    def __init__(
        self,
        raising: bool = False,
        exact: bool = False,
        fastmath: bool = False,
        float_powers: bool = False,
    ) -> None:
        self.float_powers = float_powers  # int ** int is a float, for negative exponents
        self.raising = raising
        self.exact = exact
        self.fastmath = fastmath

    def key(self) -> tuple[bool, ...]:
        return self.raising, self.exact, self.fastmath, self.float_powers


DEFAULTS = Options()


class Compiled:
    """A program and how its outputs make up the function's result."""

    __slots__ = ("emitted", "n_outputs", "outputs", "program", "structure", "tables")

    def __init__(
        self,
        program: Any,
        emitted: Emitted,
        structure: Any,
        outputs: str,
        tables: tuple[Any, ...] = (),
    ) -> None:
        self.program = program
        self.tables = tables  # constant ones; the program takes them after those of the call
        self.emitted = emitted
        self.structure = structure  # None for one number, else a nest of tuples of output indices
        self.outputs = outputs
        self.n_outputs = len(outputs)

    def assemble(self, values: tuple[Any, ...]) -> Any:
        return _assemble(self.structure, values)


def _assemble(structure: Any, values: tuple[Any, ...]) -> Any:
    if isinstance(structure, int):
        return values[structure]
    return tuple(_assemble(part, values) for part in structure)


class Target:
    """A callable taken apart: the Python function behind partials, methods and callable objects."""

    __slots__ = (
        *("args", "function", "has_keyword_only", "kwargs", "name", "names", "original"),
        *("parameters", "tables", "written"),
    )

    def __init__(self, f: Callable[..., Any], *, in_python: bool = False) -> None:
        """``in_python``: whether a function of `math` or NumPy may stand for a lambda calling
        it."""
        args: list[Any] = []
        kwargs: dict[str, Any] = {}
        g: Any = f
        for _ in range(32):
            if isinstance(g, types.FunctionType):
                break
            if isinstance(g, functools.partial):
                args = [*g.args, *args]
                kwargs = {**g.keywords, **kwargs}
                g = g.func
            elif isinstance(g, types.MethodType):
                args = [g.__self__, *args]
                g = g.__func__
            elif getattr(g, "_is_kernel", False) or hasattr(g, "__wrapped__"):
                g = g.__wrapped__
            elif isinstance(getattr(g, "py_func", None), types.FunctionType):  # Numba's dispatchers
                g = g.py_func
            elif isinstance(_call_of(g), types.FunctionType):
                args = [g, *args]
                g = _call_of(g)
            else:
                break
        if not isinstance(g, types.FunctionType) and in_python:
            g = python_of(g)
        if not isinstance(g, types.FunctionType):
            raise Unsupported(
                f"{describe(f)} is not written in Python, so it has no source to compile",
                "wrap it: lambda x: f(x), if it is one of math, numpy or operator",
            )
        self.original = f
        self.function: types.FunctionType = g
        self.args = args
        self.kwargs = kwargs
        self.name = g.__name__
        parameters = parameters_of(g)
        self.parameters = parameters
        if g.__code__.co_flags & 0x2A0:
            raise Unsupported(
                f"{g.__name__} is a generator or coroutine function", "return a value"
            )
        bound = set(parameters.positional[: len(args)]) | set(kwargs)
        #: what is left to give, in order
        self.names = [n for n in parameters.names if n not in bound]
        self.written = (g.__code__, g.__defaults__, g.__kwdefaults__)
        self.has_keyword_only = any(n in parameters.keyword_only for n in self.names)
        self.tables: frozenset[str] | None = None

    def table_names(self) -> frozenset[str]:
        """Parameters that are read by index or iterated, and so are whole arrays to the
        function."""
        if self.tables is None:
            found = table_parameters(self.function)
            self.tables = frozenset(n for n in self.names if n in found)
        return self.tables

    def is_current(self) -> bool:
        """Whether the function still has the code and defaults that it had."""
        g = self.function
        code, defaults, keyword_defaults = self.written
        return (
            g.__code__ is code
            and g.__defaults__ is defaults
            and g.__kwdefaults__ is keyword_defaults
        )

    def deps(self) -> list[tuple[str, Any, Any, Any]]:
        """What is_current() looks at, as dependencies of programs."""
        g = self.function
        code, defaults, _ = self.written
        found: list[tuple[str, Any, Any, Any]] = [("code", g, None, code)]
        if defaults is not None:
            found.append(("defaults", g, None, defaults))
        return found

    def key(self) -> tuple[Any, ...]:
        """Equal keys: same code and same captured values (by identity, numbers by value)."""
        f = self.function
        cells = []
        for cell in f.__closure__ or ():
            try:
                cells.append(_value_key(cell.cell_contents))
            except ValueError:
                cells.append(None)
        return (
            id(f.__code__),
            id(f.__globals__),
            tuple(cells),
            tuple(map(_value_key, f.__defaults__ or ())),
            tuple((k, _value_key(v)) for k, v in (f.__kwdefaults__ or {}).items()),
            tuple(map(_value_key, self.args)),
            tuple((k, _value_key(v)) for k, v in self.kwargs.items()),
        )


_standing_for: dict[Any, types.FunctionType | None] = {}


def python_of(f: Any) -> Any:
    """A lambda that calls f, if f is a function that kernels know (`math.sin`, `np.exp`, `abs`);
    else f itself."""
    try:
        found = _standing_for.get(f)
        if found is not None or lookup(f) is None:
            return found or f
    except TypeError:  # not hashable
        return f
    import inspect  # takes milliseconds, and few need it

    n = getattr(f, "nin", 0)  # of a NumPy ufunc
    more = not n
    if more:
        with contextlib.suppress(TypeError, ValueError):
            parameters = inspect.signature(f).parameters.values()
            given = [p for p in parameters if p.kind not in (p.KEYWORD_ONLY, p.VAR_KEYWORD)]
            n = sum(p.default is p.empty and p.kind is not p.VAR_POSITIONAL for p in given)
            more = n < len(given)
    names = ", ".join([f"x{k + 1}" for k in range(n)] + ["*rest"] * more)
    name = getattr(f, "__name__", "function")
    text = f"lambda {names}: function({names})\n"
    filename = f"<{name} as a kernel {len(_standing_for)}>"
    linecache.cache[filename] = (len(text), None, [text], filename)
    made = eval(compile(text, filename, "eval"), {"function": f})
    made.__name__ = name
    _standing_for[f] = made
    return made


def _call_of(value: Any) -> Any:
    """The Python function behind value(...), None if there is none."""
    return next((vars(c)["__call__"] for c in type(value).__mro__ if "__call__" in vars(c)), None)


def _value_key(value: Any) -> Any:
    if isinstance(value, float):
        return ("f", value.hex())
    if isinstance(value, (int, str)):
        return (type(value), value)
    if isinstance(value, types.FunctionType) and value.__closure__ is None:
        return (id(value.__code__), id(value.__globals__))
    return id(value)


class Unit:
    """All programs of one target under one set of options, for captured values as they were."""

    def __init__(self, target: Target, options: Options) -> None:
        self.target = target
        self.options = options
        self.programs: dict[Any, Compiled] = {}
        self.checked: set[Any] = set()  # integrands that were compared with plain Python
        self.failures: dict[Any, KernelError] = {}
        self.deps: list[tuple[str, Any, Any, Any]] = []
        self.own_cells = {id(c) for c in target.function.__closure__ or ()}
        self.shared_deps: list[tuple[str, Any, Any, Any]] = []

    def valid(self) -> bool:
        return not self.deps or still_valid(self.deps)

    def get(
        self, signature: tuple[Any, ...], float_type: str = "D", force_float: bool = False
    ) -> Compiled:
        key = (signature, float_type, force_float)
        found = self.programs.get(key)
        if found is None:
            found = compile_target(
                self.target, signature, self.options, float_type, force_float, self.note
            )
            self.programs[key] = found
        return found

    def get_or_fail_again(
        self, signature: tuple[Any, ...], float_type: str, force_float: bool
    ) -> Compiled:
        """As get; what failed is not tried again while all that was looked at stays as it is."""
        key = (signature, float_type, force_float)
        failure = self.failures.get(key)
        if failure is None or not self.valid():
            try:
                return self.get(*key)
            except KernelError as error:
                if not error.looked_in_vain:  # type: ignore[attr-defined]
                    self.failures[key] = _copy_of(error)
                raise
        raise _copy_of(failure)

    def note(self, deps: list[tuple[str, Any, Any, Any]]) -> None:
        seen = {(k, id(c), n if isinstance(n, str) else None) for k, c, n, _ in self.deps}
        for dep in deps:
            kind, container, name, _ = dep
            mark = (kind, id(container), name if isinstance(name, str) else None)
            if kind == "item" or mark not in seen:
                seen.add(mark)
                self.deps.append(dep)
                if kind != "cell" or id(container) not in self.own_cells:
                    self.shared_deps.append(dep)


def _copy_of(error: KernelError) -> KernelError:
    """Without a traceback, which would keep frames alive."""
    made = KernelError(*error.args)
    made.__dict__.update(error.__dict__)
    return made


_MAX_UNITS = 2048
_units: dict[Any, Unit] = {}


def unit_of(target: Target, options: Options) -> Unit:
    """The unit for a target as it is now; compiled programs are shared by equal functions."""
    key = (target.key(), options.key())
    unit = _units.get(key)
    if unit is not None and (not unit.shared_deps or still_valid(unit.shared_deps)):
        return unit
    unit = Unit(target, options)
    if len(_units) >= _MAX_UNITS:
        _units.clear()
    _units[key] = unit
    return unit


def compile_target(
    target: Target,
    signature: tuple[Any, ...],
    options: Options,
    float_type: str,
    force_float: bool,
    note: Callable[[list[tuple[str, Any, Any, Any]]], None],
) -> Compiled:
    """One program. Raises KernelError; never lets an internal error out."""
    arguments = (target, signature, options, float_type, force_float, note)
    try:
        try:
            return _compile(*arguments)
        except RecursionError:
            # The caller's stack is deep already; a thread begins a new one.
            with ThreadPoolExecutor(1) as fresh:
                return fresh.submit(_compile, *arguments).result()
    except Unsupported as error:
        raise to_kernel_error(error, target.name) from None
    except RecursionError:
        raise to_kernel_error(
            Unsupported("the expressions are nested too deeply"), target.name
        ) from None


def _compile(
    target: Target,
    signature: tuple[Any, ...],
    options: Options,
    float_type: str,
    force_float: bool,
    note: Callable[[list[tuple[str, Any, Any, Any]]], None],
) -> Compiled:
    ev = _evaluator(options, float_type)
    takes_wide = True
    try:
        return _compile_by(ev, target, signature, options, force_float, note)
    except Unsupported as error:
        takes_wide = not isinstance(error, NeedsAllBits)
        if takes_wide and not ev.has_read_code:
            raise
    # What is refused is refused by the source, which can show where.
    ev = _evaluator(options, float_type)
    ev.reads_code = False
    ev.b.takes_wide = takes_wide
    return _compile_by(ev, target, signature, options, force_float, note)


def _evaluator(options: Options, float_type: str) -> Evaluator:
    ev = Evaluator(
        Builder(float_type),
        raising=options.raising,
        exact=options.exact,
        fastmath=options.fastmath,
    )
    ev.float_powers = options.float_powers
    return ev


def _compile_by(
    ev: Evaluator,
    target: Target,
    signature: tuple[Any, ...],
    options: Options,
    force_float: bool,
    note: Callable[[list[tuple[str, Any, Any, Any]]], None],
) -> Compiled:
    builder = ev.b
    inputs: list[Val] = []
    tables: list[str] = []
    given: dict[str, Any] = {}
    names = target.names
    if target.parameters.vararg is not None:
        names = [n for n in names if n not in target.parameters.keyword_only][: len(signature)]
    for name, item in zip(names, signature, strict=False):
        given[name] = _argument(builder, inputs, tables, name, item)
    extra: list[Any] = []
    if target.parameters.vararg is not None:
        extra = [_argument(builder, inputs, tables, "", item) for item in signature[len(names) :]]
    ev.wants_lines = not force_float  # what integrators run is shown to no one
    if not force_float:  # programs for C callers have no tables
        ev.constant_tables = []
        ev.first_constant_table = len(tables)
    try:
        env = _bind(ev, target, given, extra)
        result = ev.run_function(target.function, env)
    finally:
        note(ev.deps)
    outputs: list[Val] = []
    result = _plain(ev, result)
    structure = _flatten(ev, result, outputs, force_float, target.name)
    constants = ev.constant_tables or []
    tables.extend([letter for letter, _, _ in constants])
    if builder.drops_bits:
        keep_low_bits(builder.body, outputs)
    data = emit(builder.body, inputs, outputs, tables, options.exact)
    try:
        program = _core.Program(data.data)
    except ValueError as error:  # more inputs or outputs than the VM takes
        raise Unsupported(f"{target.name} is too large: {error}") from None
    types = "".join([v.type for v in outputs])
    return Compiled(program, data, structure, types, tuple([buffer for _, _, buffer in constants]))


def _argument(builder: Builder, inputs: list[Val], tables: list[str], name: str, item: Any) -> Any:
    if isinstance(item, Constant):
        return item.value
    if isinstance(item, tuple) and item[0] == "table":
        tables.append(item[1])
        return Table(len(tables) - 1, item[1], name, item[2])
    if isinstance(item, tuple):  # a point
        coordinates = tuple(Val("INPUT", builder.fl) for _ in range(item[1]))
        inputs.extend(coordinates)
        return coordinates
    if item[0] == "T":
        tables.append(item[1])
        return Table(len(tables) - 1, item[1], name)
    type = item.upper()
    if type in "DF":
        type = builder.fl
    val = Val("INPUT", type, (), item.islower())
    inputs.append(val)
    return val


def _bind(ev: Evaluator, target: Target, given: dict[str, Any], extra: list[Any]) -> dict[str, Any]:
    parameters: Parameters = target.parameters
    if (
        len(given) == len(parameters.names)
        and not (target.args or target.kwargs or extra)
        and parameters.vararg is parameters.varkw is None
    ):
        return given  # as most are: every parameter given, none bound
    args = [ev.admit(a) for a in target.args]
    kwargs = {k: ev.admit(v) for k, v in target.kwargs.items()}
    positional = parameters.positional[len(args) :]
    for name in positional:
        if name not in given:
            break
        args.append(given.pop(name))
    env = parameters.bind(target.name, [*args, *extra], {**kwargs, **given})
    for name in parameters.names:
        if name in parameters.defaults and env[name] is parameters.defaults[name]:
            env[name] = ev.admit(env[name])
    return env


def _plain(ev: Evaluator, value: Any) -> Any:
    if isinstance(value, ListRef):
        value = ev.heap[value]
    if isinstance(value, tuple):
        return tuple(_plain(ev, v) for v in value)
    return value


def _flatten(ev: Evaluator, value: Any, outputs: list[Val], force_float: bool, name: str) -> Any:
    if isinstance(value, tuple):
        if not value:
            raise Unsupported(f"{name} returns an empty sequence")
        return tuple(_flatten(ev, v, outputs, force_float, name) for v in value)
    if not is_number(value):
        if value is None:
            hint = "add a `return`"
            raise Unsupported(f"{name} returns None", hint)
        if isinstance(value, Table):
            rows = len(value.shape or (0,))
            raise Unsupported(
                f"{name} returns {value.name!r}, an array of {rows} dimension(s), not a number",
                "read one element of it, with an index for each dimension",
            )
        if isinstance(value, Unbound):
            raise Unsupported(f"the result of {name} {value.reason}")
        raise Unsupported(
            f"{name} returns {describe(value)}, which is not a number", "return numbers"
        )
    type = "D" if force_float else ev.type_of(value)
    outputs.append(ev.as_type(value, type))
    return len(outputs) - 1
