# SPDX-License-Identifier: BSD-3-Clause
"""Kernels: Python functions of numbers, compiled and applied to whole arrays on every core."""

from __future__ import annotations

import array
import contextlib
import math
import sys
import warnings
from collections.abc import Callable
from typing import Any, overload

from fastconc._compile.errors import Unsupported, to_kernel_error
from fastconc._compile.unit import Compiled, Constant, Options, Target, Unit, unit_of
from fastconc._errors import KernelError, PerformanceWarning

_BUFFER_TYPES = {
    "d": "D",
    "f": "F",
    "?": "B",
    **dict.fromkeys("bBhHiIlLqQnN", "I"),
}
_ARRAY_CODES = {"D": "d", "F": "f", "I": "q"}


class Kernel:
    """A compiled Python function of numbers.

    Call it as the function: with numbers it returns Python numbers, with arrays (NumPy or anything
    with the buffer protocol; any strides, broadcast against each other) it computes every element
    on native threads, with the GIL released. It pickles, and any number of threads may call it.

    A program is made for each combination of argument types; when a global or closure variable that
    the function reads has changed, the next call compiles anew.
    """

    _is_kernel = True

    def __init__(
        self,
        f: Callable[..., Any],
        *,
        errors: str = "ieee",
        accuracy: str = "fast",
        fastmath: bool = False,
        max_iterations: int | None = None,
    ) -> None:
        if not callable(f):
            raise TypeError(f"f must be callable, not {type(f).__name__}")
        if errors not in ("ieee", "raise"):
            raise ValueError(f"errors must be 'ieee' or 'raise', not {errors!r}")
        if accuracy not in ("fast", "exact"):
            raise ValueError(f"accuracy must be 'fast' or 'exact', not {accuracy!r}")
        if max_iterations is not None and (
            not isinstance(max_iterations, int) or max_iterations < 1
        ):
            raise ValueError(f"max_iterations must be an int >= 1 or None, not {max_iterations!r}")
        self.errors = errors
        self.accuracy = accuracy
        self.fastmath = bool(fastmath)
        self.max_iterations = max_iterations
        try:
            self._target = Target(f)
        except Unsupported as error:
            name = getattr(f, "__name__", type(f).__name__)
            raise to_kernel_error(error, name) from None
        self.__wrapped__ = f
        self.__name__ = self._target.name
        self.__doc__ = getattr(f, "__doc__", None)
        self.__module__ = getattr(f, "__module__", __name__)
        self._options = Options(errors == "raise", accuracy == "exact", self.fastmath)
        self._unit = unit_of(self._target, self._options)
        self._checked: set[Any] = set()
        self._try()

    def _try(self) -> None:
        """Compile for plausible argument types, so that what cannot be compiled is told now."""
        target = self._target
        required = [n for n in target.names if n not in target.parameters.defaults]
        if any(code for code in self._unit.programs):
            return
        tables = target.table_names()
        first: KernelError | None = None
        n = len(required)
        for choice in range(2 ** min(n, 4)):
            signature = []
            for k, name in enumerate(required):
                type = "I" if k < 4 and choice >> k & 1 else "D"
                signature.append("T" + type if name in tables else type)
            try:
                self._unit.get(tuple(signature))
                return
            except KernelError as error:
                first = first or error
        for size in (2, 3, 1, 4, 6):  # functions of one sequence, as integrators call them
            if n != 1 or required[0] not in tables:
                break
            with contextlib.suppress(KernelError):
                self._unit.get((("point", size),))
                return
        if first is not None:
            raise first

    def _current(self) -> Unit:
        unit = self._unit
        if unit.deps and not unit.valid():
            unit = self._unit = unit_of(self._target, self._options)
            self._checked = set()
        return unit

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        out = workers = None
        names = self._target.names
        if kwargs:
            if "out" in kwargs and "out" not in names:
                out = kwargs.pop("out")
            if "workers" in kwargs and "workers" not in names:
                workers = kwargs.pop("workers")
        return self._apply(args, kwargs, out, workers)

    def _apply(self, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, workers: Any) -> Any:
        call = _Call(self, args, kwargs)
        compiled = call.compiled
        max_iterations = self.max_iterations or 0
        if workers is not None:
            workers = getattr(workers, "_workers", workers)
        try:
            if call.scalar and out is None and not call.tables:
                values = compiled.program.map(tuple(call.inputs), None, (), workers, max_iterations)
            else:
                outputs = call.outputs(out)
                values = compiled.program.map(
                    tuple(call.inputs), outputs, tuple(call.tables), workers, max_iterations
                )
        except (ArithmeticError, ValueError, IndexError, AssertionError) as error:
            if getattr(error, "fastconc_fault", None) is None:
                raise
            raise call.python_error(error) from None
        if call.key not in self._checked:
            self._checked.add(call.key)
            if not (sys.flags.optimize and False):
                call.self_check(values)
        if out is not None:
            return out
        return compiled.assemble(values)

    def map(self, *arrays: Any, out: Any = None, workers: Any = None) -> Any:
        return self._apply(arrays, {}, out, workers)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of a class: the instance becomes the first argument."""
        if instance is None:
            return self
        import types

        return types.MethodType(self, instance)

    def __repr__(self) -> str:
        options = []
        if self.errors != "ieee":
            options.append(f"errors={self.errors!r}")
        if self.accuracy != "fast":
            options.append(f"accuracy={self.accuracy!r}")
        if self.fastmath:
            options.append("fastmath=True")
        code = self._target.function.__code__
        where = f"{code.co_filename}:{code.co_firstlineno}"
        parameters = ", ".join(self._target.names)
        extra = "".join(", " + o for o in options)
        return f"<fastconc.Kernel {self.__name__}({parameters}){extra} from {where}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Kernel):
            return NotImplemented
        return (
            self._options.key() == other._options.key()
            and self.max_iterations == other.max_iterations
            and self._target.key() == other._target.key()
        )

    def __hash__(self) -> int:
        return hash((id(self._target.function.__code__), self._options.key()))


class _Call:
    """One call: arguments bound and classified, the program for their types."""

    __slots__ = (
        *("compiled", "given", "inputs", "kernel", "key", "names", "numpy", "scalar", "shapes"),
        *("tables", "unit"),
    )

    def __init__(self, kernel: Kernel, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        target = kernel._target
        names = target.names
        if kwargs or len(args) != len(names):
            names, args = _bind(target, args, kwargs)
        self.kernel = kernel
        self.names = names
        self.given = args
        self.inputs: list[Any] = []
        self.tables: list[Any] = []
        self.numpy = False
        self.scalar = True
        table_names = target.table_names()
        signature: list[Any] = []
        floats: set[str] = set()
        for name, value in zip(names, args, strict=True):
            kind = type(value)
            if kind is float:
                signature.append("d")
                self.inputs.append(value)
            elif kind is int:
                signature.append("i")
                self.inputs.append(value)
            elif kind is bool:
                signature.append("b")
                self.inputs.append(value)
            else:
                self.classify(name, value, name in table_names, signature, floats)
        float_type = "F" if "F" in floats and "D" not in floats else "D"
        self.key = (tuple(signature), float_type)
        self.unit = kernel._current()
        self.compiled: Compiled = self.unit.get(self.key[0], float_type)

    def classify(
        self, name: str, value: Any, table: bool, signature: list[Any], floats: set[str]
    ) -> None:
        if isinstance(value, (list, tuple)) and (not value or not callable(value[0])):
            value = _sequence_array(name, value, self)
        if hasattr(value, "dtype") and hasattr(value, "shape"):  # NumPy, without importing it
            dtype = value.dtype
            letter = {"f": "D", "i": "I", "u": "I", "b": "B"}.get(dtype.kind)
            if letter is None or dtype.itemsize > 8:
                raise TypeError(
                    f"argument {name!r}: arrays of {dtype} are not supported, "
                    "only bool, integers and floats of at most 64 bits"
                )
            if dtype.kind == "f" and dtype.itemsize < 8:
                letter = "F"
                floats.add("F")
                if dtype.itemsize == 2:
                    value = value.astype("float32")
            elif dtype.kind == "f" or (letter == "I" and dtype.itemsize >= 4 and value.shape):
                floats.add("D")
            if not dtype.isnative:
                value = value.astype(dtype.newbyteorder("="))
            if table:
                self.add_table(name, value, value.ndim, letter, signature)
            elif value.shape == ():
                signature.append(letter.lower())
                self.inputs.append(value.item())
            else:
                self.scalar = False
                self.numpy = True
                signature.append(letter)
                self.inputs.append(value)
            return
        try:
            view = memoryview(value)
        except TypeError:
            self.other(name, value, signature)
            return
        letter = _BUFFER_TYPES.get(view.format.lstrip("@="), None)
        if letter is None:
            raise TypeError(
                f"argument {name!r}: buffers of format {view.format!r} are not supported"
            )
        if letter in "DF":
            floats.add(letter)
        elif letter == "I" and view.itemsize >= 4:
            floats.add("D")
        if table:
            self.add_table(name, view, view.ndim, letter, signature)
            return
        self.scalar = False
        signature.append(letter)
        self.inputs.append(value)

    def add_table(
        self, name: str, value: Any, ndim: int, letter: str, signature: list[Any]
    ) -> None:
        if ndim != 1:
            raise TypeError(
                f"argument {name!r} is read by index and must have one dimension, not {ndim}"
            )
        signature.append("T" + letter)
        self.tables.append(value)

    def other(self, name: str, value: Any, signature: list[Any]) -> None:
        if isinstance(value, (int, float)):  # subclasses: enums and the like
            number = float(value) if isinstance(value, float) else int(value)
            signature.append("d" if isinstance(number, float) else "i")
            self.inputs.append(number)
        elif isinstance(value, complex):
            raise TypeError(f"argument {name!r}: complex numbers are not supported")
        elif hasattr(value, "__float__") and not callable(value):
            signature.append("d")
            self.inputs.append(float(value))
        else:
            signature.append(Constant(value))

    def outputs(self, out: Any) -> tuple[Any, ...] | None:
        n = self.compiled.n_outputs
        if out is not None:
            if isinstance(out, tuple):
                if len(out) != n:
                    raise ValueError(f"out must have {n} arrays, not {len(out)}")
                return out
            if n != 1:
                raise ValueError(f"out must be a tuple of {n} arrays")
            return (out,)
        if self.numpy or self.scalar:
            return None
        shape = self.shape()
        return tuple(_new_buffer(letter, shape) for letter in self.compiled.outputs)

    def shape(self) -> tuple[int, ...]:
        """The broadcast shape of buffers that are not NumPy's."""
        result: tuple[int, ...] = ()
        for value in self.inputs:
            if isinstance(value, (int, float)):
                continue
            shape = memoryview(value).shape
            n = max(len(result), len(shape))
            a = (1,) * (n - len(result)) + result
            b = (1,) * (n - len(shape)) + tuple(shape)
            merged = []
            for p, q in zip(a, b, strict=True):
                if p != q and 1 not in (p, q):
                    raise ValueError(
                        f"arguments of shapes {result} and {tuple(shape)} do not broadcast"
                    )
                merged.append(q if p == 1 else p)
            result = tuple(merged)
        return result

    # What plain Python says

    def element(self, index: int) -> tuple[list[Any], tuple[int, ...]]:
        """The function's arguments at one element, as Python numbers."""
        import itertools

        shapes = [
            getattr(v, "shape", None) or memoryview(v).shape
            for v in self.inputs
            if not isinstance(v, (int, float))
        ]
        n = max((len(s) for s in shapes), default=0)
        shape = [1] * n
        for s in shapes:
            for k, length in enumerate(s):
                position = n - len(s) + k
                if length != 1:
                    shape[position] = length
        position_list = []
        rest = index
        for length in reversed(shape):
            position_list.append(rest % max(length, 1))
            rest //= max(length, 1)
        position = tuple(reversed(position_list))
        inputs, tables = iter(self.inputs), iter(self.tables)
        values: list[Any] = []
        for item, original in zip(self.key[0], self.given, strict=True):
            if isinstance(item, Constant):
                values.append(original)
            elif item[0] == "T":
                values.append(next(tables))
            else:
                value = next(inputs)
                if not isinstance(value, (int, float)):
                    s = getattr(value, "shape", None) or memoryview(value).shape
                    local = tuple(
                        0 if length == 1 else p
                        for p, length in zip(
                            itertools.islice(position, n - len(s), None), s, strict=True
                        )
                    )
                    value = value[local] if hasattr(value, "dtype") else memoryview(value)[local]
                    value = value.item() if hasattr(value, "item") else value
                values.append(value)
        return values, position

    def python(self, values: list[Any]) -> Any:
        target = self.kernel._target
        named = dict(zip(self.names, values, strict=True))
        positional = target.parameters.positional[: target.parameters.n_positional_only]
        args = [named.pop(n) for n in positional if n in named]
        return (
            target.original.__wrapped__(*args, **named)
            if isinstance(target.original, Kernel)
            else target.original(*args, **named)
        )

    def python_error(self, error: BaseException) -> BaseException:
        """The exception that plain Python raises at the element that failed, if it does."""
        element, _ = error.fastconc_fault  # type: ignore[attr-defined]
        try:
            values, position = self.element(element)
        except Exception:
            return error
        try:
            result = self.python(values)
        except Exception as real:
            place = position[0] if len(position) == 1 else position
            if position:
                _add_note(real, f"at element {place}")
            real.fastconc_fault = error.fastconc_fault  # type: ignore[attr-defined]
            return real
        if result is None:
            return TypeError(
                f"{self.kernel.__name__} returned None at element {position}: "
                "not every path ends with a `return`"
            )
        return error

    def self_check(self, values: tuple[Any, ...]) -> None:
        """Compare a few elements with plain Python; raise rather than pass wrong numbers on."""
        if self.compiled.program is None or "F" in self.compiled.outputs or self.key[1] == "F":
            return
        n = 1
        if not self.scalar:
            first = values[0]
            n = getattr(first, "size", None)
            if n is None:
                n = math.prod(memoryview(first).shape)
        if n == 0:
            return
        loops = any(i.op == "JUMP" for i in self.compiled.emitted.instructions)
        for index in sorted({0, n // 2, n - 1}):
            arguments, position = self.element(index)
            try:
                with _Budget(loops), _quiet():
                    expected = self.python(arguments)
            except _OutOfBudget:
                return
            except Exception:
                continue  # the policy on exceptions is a documented difference
            got = self.compiled.assemble(
                tuple(_item(v, position) if not self.scalar else v for v in values)
            )
            if not _agrees(got, expected) and not self.exact_agrees(index, expected):
                raise KernelError(
                    f"{self.kernel.__name__}: the compiled function gives {got!r} where plain "
                    f"Python "
                    f"gives {expected!r}, for the arguments {arguments!r}. This is a bug of "
                    f"fastconc; "
                    "please report it with the function."
                )

    def exact_agrees(self, index: int, expected: Any) -> bool:
        """Functions that magnify the last bit (chaos, cancellation) agree once libm's functions are
        used."""
        if self.kernel.fastmath or self.kernel.accuracy == "exact":
            return self.kernel.fastmath
        target = self.kernel._target
        unit = unit_of(target, Options(self.kernel.errors == "raise", True, False))
        compiled = unit.get(*self.key)
        arguments, _ = self.element(index)
        inputs = [
            a
            for a, item in zip(arguments, self.key[0], strict=True)
            if not isinstance(item, Constant) and item[0] != "T"
        ]
        values = compiled.program.map(
            tuple(inputs), None, tuple(self.tables), None, self.kernel.max_iterations or 0
        )
        return _agrees(compiled.assemble(values), expected)


class _OutOfBudget(Exception):
    pass


class _Budget:
    """Stops plain Python after some thousand lines; only then may a self-check run a loop."""

    LINES = 20_000

    def __init__(self, active: bool) -> None:
        self.active = active
        self.left = self.LINES

    def __enter__(self) -> None:
        if self.active:
            if sys.gettrace() is not None:
                raise _OutOfBudget  # a debugger or coverage is at work
            sys.settrace(self.trace)

    def __exit__(self, *exc: object) -> None:
        if self.active:
            sys.settrace(None)

    def trace(self, frame: Any, event: str, arg: Any) -> Any:
        self.left -= 1
        if self.left < 0:
            raise _OutOfBudget
        return self.trace


def _quiet() -> Any:
    numpy = sys.modules.get("numpy")
    return numpy.errstate(all="ignore") if numpy is not None else contextlib.nullcontext()


def _add_note(error: BaseException, text: str) -> None:
    if hasattr(error, "add_note"):
        error.add_note(text)
    elif error.args and isinstance(error.args[0], str):
        error.args = (f"{error.args[0]} ({text})", *error.args[1:])


def _item(value: Any, position: tuple[int, ...]) -> Any:
    item = value[position] if hasattr(value, "dtype") else memoryview(value)[position]
    return item.item() if hasattr(item, "item") else item


def _agrees(got: Any, expected: Any) -> bool:
    if isinstance(got, tuple):
        try:
            parts = tuple(expected)
        except TypeError:
            return False
        return len(parts) == len(got) and all(
            _agrees(g, e) for g, e in zip(got, parts, strict=True)
        )
    if isinstance(expected, complex):
        return got != got
    try:
        if got == expected or (got != got and expected != expected):
            return True
        return abs(got - expected) <= 1e-9 * max(abs(got), abs(expected), 1e-300)
    except TypeError:
        return False


def _sequence_array(name: str, value: Any, call: _Call) -> Any:
    numpy = sys.modules.get("numpy")
    if numpy is not None:
        result = numpy.asarray(value)
        if result.dtype.kind not in "fiub":
            raise TypeError(f"argument {name!r}: the sequence does not hold numbers only")
        return result
    try:
        if all(isinstance(v, int) for v in value):
            return array.array("q", value)
        return array.array("d", value)
    except (TypeError, OverflowError):
        raise TypeError(f"argument {name!r}: the sequence does not hold numbers only") from None


def _new_buffer(letter: str, shape: tuple[int, ...]) -> Any:
    if len(shape) == 1 and letter in _ARRAY_CODES:
        code = _ARRAY_CODES[letter]
        return array.array(code, bytes(array.array(code).itemsize * shape[0]))
    code = "?" if letter == "B" else _ARRAY_CODES[letter]
    size = {"d": 8, "f": 4, "q": 8, "?": 1}[code]
    raw = memoryview(bytearray(size * math.prod(shape)))
    return raw.cast(code, shape) if math.prod(shape) else raw.cast(code)


def _bind(
    target: Target, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[list[str], tuple[Any, ...]]:
    names = target.names
    bound_positional = [n for n in target.parameters.positional if n in set(names)]
    if len(args) > len(bound_positional) and target.parameters.vararg is None:
        raise TypeError(
            f"{target.name}() takes {len(bound_positional)} positional arguments but "
            f"{len(args)} were given"
        )
    values = dict(zip(bound_positional, args, strict=False))
    for key, value in kwargs.items():
        if key not in names:
            raise TypeError(f"{target.name}() got an unexpected keyword argument {key!r}")
        if key in values:
            raise TypeError(f"{target.name}() got multiple values for argument {key!r}")
        values[key] = value
    missing = [n for n in names if n not in values and n not in target.parameters.defaults]
    if missing:
        raise TypeError(f"{target.name}() missing required arguments: {', '.join(missing)}")
    # Parameters left to their defaults are constants of the program, unless one before is given
    # later.
    found = [n for n in names if n in values]
    if found != names[: len(found)]:
        for n in names[: names.index(found[-1]) + 1]:
            values.setdefault(n, target.parameters.defaults.get(n))
        found = [n for n in names if n in values]
    return found, tuple(values[n] for n in found)


@overload
def kernel(f: Callable[..., Any], **options: Any) -> Kernel: ...
@overload
def kernel(f: None = None, **options: Any) -> Callable[[Callable[..., Any]], Kernel]: ...


def kernel(f: Callable[..., Any] | None = None, **options: Any) -> Any:
    """Compile a Python function of numbers; use it as a function or a decorator.

    f : a function, lambda, method, ``functools.partial`` or callable object written in Python. It
    is described
        for one element; the kernel applies it to whole arrays.
    errors : "ieee" (floats give inf and nan where Python raises) or "raise" (Python's exceptions).
    accuracy : "fast" (mathematical functions within 2 ULP) or "exact" (the C library's, as in
    CPython). fastmath : allow a*b+c to be rounded once. max_iterations : raise RuntimeError when a
    loop runs longer (None: no limit).

    Returns a `Kernel`. Raises KernelError, with file, line, reason and a hint, if f cannot be
    compiled.

    >>> from fastconc import kernel
    >>> square = kernel(lambda x: x * x)
    >>> square(3), square(1.5)
    (9, 2.25)
    """
    if f is None:
        return lambda g: kernel(g, **options)
    if isinstance(f, Kernel):
        if not options:
            return f
        f = f.__wrapped__
    return Kernel(f, **options)


def map(f: Callable[..., Any], *arrays: Any, out: Any = None, workers: Any = None) -> Any:
    """Apply f to every element of the broadcast arrays, on native threads if it can be compiled.

    f : a `Kernel`, or any callable; one that cannot be compiled runs as plain Python, with one
    PerformanceWarning. arrays : NumPy arrays, buffers, sequences of numbers, or numbers. out : an
    array (or tuple of arrays, one per result) to write to. workers : number of threads, or a Pool;
    None for all cores.
    """
    if not arrays:
        raise TypeError("map() needs at least one array")
    if isinstance(f, Kernel):
        return f._apply(arrays, {}, out, workers)
    k = _kernel_or_none(f, "map")
    if k is not None:
        try:
            return k._apply(arrays, {}, out, workers)
        except KernelError as error:
            _warn(f, error, "map")
    return _map_python(f, arrays, out)


def _map_python(f: Callable[..., Any], arrays: tuple[Any, ...], out: Any) -> Any:
    import numpy

    plain = [numpy.asarray(a) for a in arrays]
    shape = numpy.broadcast_shapes(*(a.shape for a in plain))
    columns = [numpy.broadcast_to(a, shape).ravel().tolist() for a in plain]
    results = [f(*row) for row in zip(*columns, strict=True)]
    several = bool(results) and isinstance(results[0], tuple)
    parts = list(zip(*results, strict=True)) if several else [results]
    arrays_out = tuple(numpy.asarray(p).reshape(shape) for p in parts)
    if out is not None:
        targets = out if isinstance(out, tuple) else (out,)
        for target, part in zip(targets, arrays_out, strict=True):
            numpy.asarray(target)[...] = part
        return out
    if shape == ():
        arrays_out = tuple(a.item() for a in arrays_out)
    return arrays_out if several else arrays_out[0]


_warned: set[Any] = set()


def _warn(f: Callable[..., Any], error: KernelError, caller: str) -> None:
    function = getattr(f, "__func__", f)
    code = getattr(function, "__code__", None)
    key = (id(code) if code is not None else id(f), caller)
    if key in _warned:
        return
    _warned.add(key)
    depth = 2
    frame = sys._getframe(1)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fastconc."):
        frame = frame.f_back
        depth += 1
    text = str(error)
    warnings.warn(
        f"{caller}() runs this function as plain Python: {text}",
        PerformanceWarning,
        stacklevel=depth - 1,
    )


def _kernel_or_none(f: Callable[..., Any], caller: str) -> Kernel | None:
    if isinstance(f, Kernel):
        return f
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    try:
        return Kernel(f)
    except KernelError as error:
        _warn(f, error, caller)
        return None


def compile_or_none(
    f: Callable[..., Any],
    n_args: int,
    args: tuple[Any, ...] = (),
    *,
    point: bool = False,
    caller: str = "integrate",
) -> Any:
    """A ``_core.Program`` for ``f(x1, ..., xn, *args)``: n float64 inputs, float64 outputs; or
    None.

    What cannot be compiled is warned about once (PerformanceWarning, with line and reason); a
    `Kernel` that does not fit raises its KernelError. ``point``: f takes one sequence of n numbers
    instead. ``args`` are compiled in; programs are cached by code and captured values, so calling
    this again is cheap.
    """
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    options = f._options if isinstance(f, Kernel) else Options()
    try:
        try:
            target = f._target if isinstance(f, Kernel) else Target(f)
        except Unsupported as error:
            raise to_kernel_error(error, getattr(f, "__name__", type(f).__name__)) from None
        unit = unit_of(target, options)
        signature = (("point", n_args),) if point else ("D",) * n_args
        constants = tuple(Constant(a) for a in args)
        n_names = len(target.names)
        if len(signature) + len(constants) > n_names and target.parameters.vararg is None:
            return None  # calling it raises Python's own TypeError
        return unit.get((*signature, *constants), "D", True).program
    except KernelError as error:
        if isinstance(f, Kernel):
            raise
        _warn(f, error, caller)
        return None
