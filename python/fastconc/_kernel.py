# SPDX-License-Identifier: BSD-3-Clause
"""Kernels: Python functions of numbers, compiled and applied to whole arrays on every core."""

from __future__ import annotations

import contextlib
import sys
import types
import warnings
import weakref
from collections.abc import Callable
from typing import Any, overload

from fastconc import _core
from fastconc._compile.call import Call, fast_signature
from fastconc._compile.deps import comparable, still_valid
from fastconc._compile.errors import Unsupported, to_kernel_error
from fastconc._compile.unit import (
    DEFAULTS,
    Compiled,
    Constant,
    Options,
    Target,
    Unit,
    python_of,
    unit_of,
)
from fastconc._errors import KernelError, PerformanceWarning
from fastconc._masked import refuse_masked


class Kernel(_core.KernelBase):
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
        self._offered: set[Any] = set()
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
        for n_dim in (1, 2, 3):
            for choice in range(2 ** min(n, 4)):
                signature: list[Any] = []
                for k, name in enumerate(required):
                    type = "I" if k < 4 and choice >> k & 1 else "D"
                    if name not in tables:
                        signature.append(type)
                    else:
                        shape = (17, 19, 23)[:n_dim]
                        signature.append("T" + type if n_dim == 1 else ("table", type, shape))
                try:
                    self._unit.get(tuple(signature))
                    return
                except KernelError as error:
                    # What other argument types may cure is the lesser complaint.
                    for cure in ("needs_dimensions", "needs_integer"):
                        if first is None or (getattr(first, cure) and not getattr(error, cure)):
                            first = error
            if not tables:
                break
        if target.parameters.vararg is not None:
            for size in (1, 2, 3, 4, 6):
                with contextlib.suppress(KernelError):
                    self._unit.get(("D",) * (n + size))
                    return
        for size in (2, 3, 1, 4, 6):  # functions of one sequence, as integrators call them
            if n != 1 or required[0] not in tables:
                break
            with contextlib.suppress(KernelError):
                self._unit.get((("point", size),))
                return
        if required and required[0] == "self":
            return  # a method in its class: what self is, the calls tell
        if first is not None:
            raise first

    def _current(self) -> Unit:
        unit = self._unit
        if not self._target.is_current():
            self._target = Target(self.__wrapped__)
            unit = self._unit = unit_of(self._target, self._options)
            self._checked = set()
        if unit.deps and not unit.valid():
            unit = self._unit = unit_of(self._target, self._options)
            self._checked = set()
        return unit

    def _slow_call(self, *args: Any, **kwargs: Any) -> Any:
        """A call whose argument types the base class has not been told of."""
        out = workers = None
        names = self._target.names
        if kwargs:
            if "out" in kwargs and "out" not in names:
                out = kwargs.pop("out")
            if "workers" in kwargs and "workers" not in names:
                workers = kwargs.pop("workers")
        return self._apply(args, kwargs, out, workers)

    def _apply(self, args: tuple[Any, ...], kwargs: dict[str, Any], out: Any, workers: Any) -> Any:
        call = Call(self, args, kwargs)
        try:
            values = self._run(call, out, workers)
        except (ArithmeticError, ValueError, IndexError, AssertionError) as error:
            if not self._has_float_powers(call, error):
                raise _as_python_raises(call, error, out) from None
            try:
                values = self._run(call, out, workers)
            except (ArithmeticError, ValueError, IndexError, AssertionError) as again:
                raise _as_python_raises(call, again, out) from None
        if out is not None:
            return out
        if not kwargs and workers is None and self.max_iterations is None:
            self._offer(call)
        return call.compiled.assemble(values)

    def _run(self, call: Call, out: Any, workers: Any) -> Any:
        compiled = call.compiled
        outputs = call.outputs(out)
        self._check(call)
        return compiled.program.map(
            tuple(call.inputs),
            outputs,
            (*call.tables, *compiled.tables),
            workers,
            self.max_iterations or 0,
        )

    def _has_float_powers(self, call: Call, error: BaseException) -> bool:
        """After int ** a negative int: whether there is a program for which such powers are floats,
        as they are in Python; the call is given it."""
        fault = getattr(error, "fastconc_fault", None)
        instructions = call.compiled.emitted.instructions
        if fault is None or not 0 <= fault[1] < len(instructions):
            return False
        if instructions[fault[1]].op != "POW_I" or not isinstance(error, ValueError):
            return False
        old = self._options
        call.unit = unit_of(self._target, Options(old.raising, old.exact, old.fastmath, True))
        try:
            call.compiled = call.unit.get(*call.key)
        except KernelError:
            return False  # the power must be an int, for example to be an index
        return True

    def _offer(self, call: Call) -> None:
        """Let further calls with these types go straight to the program, if they are simple."""
        compiled = call.compiled
        flat = compiled.structure in (0, (0, 1))
        tables = call.tables or compiled.tables
        special = tables or call.unit.options.float_powers
        if call.names is not self._target.names or special or not flat:
            return
        signature = fast_signature(call.given)
        if signature is None or (signature, compiled.program) in self._offered:
            return
        self._offered.add((signature, compiled.program))
        deps = [*self._target.deps(), *call.unit.deps]
        self._remember(signature, compiled.program, comparable(deps))

    def _reduce(self, kind: str, args: tuple[Any, ...], workers: Any) -> Any:
        call = Call(self, args, {})
        if call.compiled.n_outputs != 1:
            raise ValueError(
                f"{kind}() needs a function of one result, {self.__name__} has "
                f"{call.compiled.n_outputs}"
            )
        try:
            return self._fold(call, kind, workers)
        except (ArithmeticError, ValueError, IndexError, AssertionError) as error:
            if self._has_float_powers(call, error):
                return self._fold(call, kind, workers)
            raise _as_python_raises(call, error, None) from None

    def _fold(self, call: Call, kind: str, workers: Any) -> Any:
        self._check(call)
        return call.compiled.program.reduce(
            kind,
            tuple(call.inputs),
            (*call.tables, *call.compiled.tables),
            workers,
            self.max_iterations or 0,
        )

    def _check(self, call: Call) -> None:
        key = (call.key, call.unit.options.float_powers)
        if key not in self._checked:
            from fastconc._compile.check import self_check

            self_check(call)
            self._checked.add(key)

    def _shown(self) -> tuple[Any, Compiled]:
        """The signature and program to show: that of the last first call, else the one tried
        first."""
        unit = self._current()
        key = next(reversed(unit.programs))
        return key[0], unit.programs[key]

    @property
    def ir(self) -> str:
        """The program, disassembled."""
        return str(self._shown()[1].program.disassemble())

    def explain(self) -> str:
        """What the function became: types, instructions of each source line, predicted cost."""
        from fastconc._compile.explain import explain

        signature, compiled = self._shown()
        return explain(self._target, signature, compiled)

    def low_level_callable(self, form: str | None = None) -> Any:
        """The kernel as a ``scipy.LowLevelCallable``, for scipy.integrate, ndimage and others.

        form : "data" for double(double, ..., void *), "vector" for double(int, double *, void *),
            "plain" for double(double, ...); None: "data" for one argument, else "vector".
        Arguments and result are float64; an error (an integer overflow, a failed assert) gives nan.
        """
        from scipy import LowLevelCallable  # type: ignore[import-untyped, unused-ignore]

        from fastconc._compile.export import capsule_of

        return LowLevelCallable(capsule_of(self, form))

    @property
    def ctypes(self) -> Any:
        """The kernel as a ctypes function double(double, ...) of up to 3 arguments."""
        from fastconc._compile.export import ctypes_function

        return ctypes_function(self)

    def c_source(self, name: str | None = None) -> str:
        """C11 source of ``int name(double, ..., double *result)``, 0 or a status; see docs."""
        from fastconc._compile.export import c_source

        return c_source(self, name)

    def __reduce__(self) -> Any:
        from fastconc._compile.pickling import pack_function

        state: dict[str, Any] = {
            "errors": self.errors,
            "accuracy": self.accuracy,
            "fastmath": self.fastmath,
            "max_iterations": self.max_iterations,
            "args": self._target.args,
            "kwargs": self._target.kwargs,
            "function": pack_function(self._target.function),
        }
        return _unpickle, (state,)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method of a class: the instance becomes the first argument."""
        if instance is None:
            return self
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


def _as_python_raises(call: Call, error: BaseException, out: Any) -> BaseException:
    if getattr(error, "fastconc_fault", None) is None:
        return error
    from fastconc._compile.check import python_error

    overwritten = False
    if out is not None:
        # Inputs that are also outputs hold unspecified values now.
        numpy = sys.modules.get("numpy")
        outs = out if isinstance(out, tuple) else (out,)
        overwritten = numpy is None or any(
            numpy.may_share_memory(x, y)
            for x in call.inputs
            for y in outs
            if not isinstance(x, (int, float))
        )
    return python_error(call, error, overwritten)


def _unpickle(state: dict[str, Any]) -> Kernel:
    import functools

    from fastconc._compile.pickling import unpack_function

    f = unpack_function(state["function"])
    if state["args"] or state["kwargs"]:
        f = functools.partial(f, *state["args"], **state["kwargs"])
    return Kernel(
        f,
        errors=state["errors"],
        accuracy=state["accuracy"],
        fastmath=state["fastmath"],
        max_iterations=state["max_iterations"],
    )


def _native(f: Any) -> Any:
    """A NativeKernel if f is one, or a C function from elsewhere; else None."""
    if isinstance(f, (types.FunctionType, Kernel)):
        return None
    from fastconc._native_kernel import NativeKernel, native_kernel

    return f if isinstance(f, NativeKernel) else native_kernel(f)


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

    A C function (ctypes, cffi, Numba's @cfunc, LowLevelCallable) of doubles is taken as it is.
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
    native = _native(f)
    return Kernel(f, **options) if native is None else native


def map(f: Callable[..., Any], *arrays: Any, out: Any = None, workers: Any = None) -> Any:
    """Apply f to every element of the broadcast arrays, on native threads if it can be compiled.

    f : a `Kernel`, or any callable; one that cannot be compiled runs as plain Python, with one
    PerformanceWarning. arrays : NumPy arrays, buffers, sequences of numbers, or numbers. out : an
    array (or tuple of arrays, one per result) to write to. workers : number of threads, or a Pool;
    None for all cores.
    """
    if not arrays:
        raise TypeError("map() needs at least one array")
    native = _native(f)
    if native is not None:
        return native(*arrays, out=out, workers=workers)
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

    for k, a in enumerate(arrays):
        refuse_masked(f"argument {k + 1}", a)
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


# By address, which is used anew once the code or callable has gone: hence the weak values.
_warned: weakref.WeakValueDictionary[tuple[int, str], Any] = weakref.WeakValueDictionary()


def _warn(f: Callable[..., Any], error: KernelError, caller: str) -> None:
    function = getattr(f, "__func__", f)
    code = getattr(function, "__code__", f)
    key = (id(code), caller)
    if key in _warned:
        return
    with contextlib.suppress(TypeError):  # some callables cannot be referred to weakly
        _warned[key] = code
    level = 1
    frame = sys._getframe(0)
    while frame.f_back is not None and frame.f_globals.get("__name__", "").startswith("fastconc."):
        frame = frame.f_back
        level += 1
    text = str(error)
    warnings.warn(
        f"{caller}() runs this function as plain Python: {text}",
        PerformanceWarning,
        stacklevel=level,
    )


def _kernel_or_none(f: Callable[..., Any], caller: str) -> Kernel | None:
    if isinstance(f, Kernel):
        return f
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    try:
        return Kernel(python_of(f))
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
    warn: bool = True,
) -> Any:
    """A ``_core.Program`` for ``f(x1, ..., xn, *args)``: n float64 inputs, float64 outputs; or
    None.

    What cannot be compiled is warned about once, if ``warn`` (PerformanceWarning, with line and
    reason); a `Kernel` that does not fit raises its KernelError. ``point``: f takes one sequence of
    n numbers instead. ``args`` are compiled in; programs are cached by code and captured values, so
    calling this again is cheap.
    """
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}")
    found = program_and_unit(f, n_args, args, caller, point=point, warn=warn)
    return None if found is None else found[0]


class Read:
    """What stands for the unit of a program that the quick reader made."""

    def __init__(self, deps: list[tuple[str, Any, Any, Any]]) -> None:
        self.deps = deps

    def valid(self) -> bool:
        return still_valid(self.deps)


def _read_quickly(
    f: Any, n_args: int, args: tuple[Any, ...], point: bool
) -> tuple[Any, Read] | None:
    """The program of a plain function that is read in no time, and what stands for its unit."""
    if type(f) is not types.FunctionType or not all(type(arg) is float for arg in args):
        return None
    from fastconc._compile import quick

    quick.prepare()
    entries: dict[tuple[Any, ...], tuple[Any, ...]] = {}  # as those of _integrand.py
    if not _core._learn(entries, f, n_args, args, point):
        return None
    (entry,) = entries.values()
    return entry[6], Read(entry[5])


def program_and_unit(
    f: Callable[..., Any],
    n_args: int,
    args: tuple[Any, ...],
    caller: str,
    *,
    point: bool = False,
    warn: bool = True,
) -> tuple[Any, Unit | Read] | None:
    """As compile_or_none, with the unit that the program belongs to."""
    found = _read_quickly(f, n_args, args, point)
    if found is not None:
        return found
    options = f._options if isinstance(f, Kernel) else DEFAULTS
    try:
        try:
            target = f._target if isinstance(f, Kernel) else Target(f, in_python=True)
        except Unsupported as error:
            raise to_kernel_error(error, getattr(f, "__name__", type(f).__name__)) from None
        unit = unit_of(target, options)
        signature = (("point", n_args),) if point else ("D",) * n_args
        constants = tuple(Constant(a) for a in args)
        n_names = len(target.names)
        if len(signature) + len(constants) > n_names and target.parameters.vararg is None:
            return None  # calling it raises Python's own TypeError
        key = ((*signature, *constants), "D", True)
        compiled = unit.get_or_fail_again(*key)
        if key not in unit.checked:
            from fastconc._compile.check import check_integrand

            plain = f.__wrapped__ if isinstance(f, Kernel) else f
            check_integrand(plain, unit, key, compiled, n_args, args)
        return compiled.program, unit
    except KernelError as error:
        if isinstance(f, Kernel):
            raise
        if warn:
            _warn(f, error, caller)
        return None
