# SPDX-License-Identifier: BSD-3-Clause
"""What `integrate` and `quad` share: the integrand and its arguments, made ready for `_core`."""

from __future__ import annotations

import math
import operator
from array import array
from collections.abc import Callable
from contextlib import suppress
from functools import update_wrapper
from types import FunctionType
from typing import Any, TypeVar, cast
from weakref import ref

from fastconc import _core
from fastconc._errors import KernelError

_Function = TypeVar("_Function", bound=Callable[..., Any])

VECTORIZED, COMPLEX, POINT = 1, 2, 4  # as in src/binding/integrals/integrand.h


# By the function's address, the number of float arguments and what is compiled in: the function's
# program, and what tells whether it still is its program, read by integrals/quick.c. A short
# integral takes less time than looking a program up by all it depends on. Last in an entry: whether
# ints of up to _SMALL may be passed as floats.
entries: dict[tuple[Any, ...], tuple[Any, ...]] = {}
# The same of integrands of several variables; and, with a negative number of inputs, of limits.
ndim_entries: dict[tuple[Any, ...], tuple[Any, ...]] = {}
_MAX_ENTRIES = 512
_SMALL = 1 << 20  # as in src/binding/integrals/quick.h
# Where floats of exact ints are as good as the ints: no instruction tells a rounding error.
INEXACT = ("MOD_D", "FLOORDIV_D", "EQ_D", "NE_D", "FLOOR_D", "CEIL_D", "TRUNC_D", "RINT_D", "I_D")


def remember_program(
    f: Any, n_inputs: int, program: Any, unit: Any, args: tuple[Any, ...] = (), known: Any = entries
) -> None:
    """Keep in `known` that `program` is what `f` makes of so many inputs, `args` compiled in."""
    if type(f) is not FunctionType or f.__kwdefaults__:
        return
    with suppress(ValueError):  # an empty cell
        cells = tuple((cell, cell.cell_contents) for cell in f.__closure__ or ())
        if len(known) >= _MAX_ENTRIES:
            known.clear()
        known[(id(f), n_inputs, args) if args else (id(f), n_inputs)] = (
            ref(f), f.__code__, f.__defaults__, cells, unit, unit.deps, program,
            len(program.outputs), n_inputs > 1 and takes_ints(program),
        )  # fmt: skip


def learn(f: Any, args: tuple[Any, ...], caller: str) -> bool | None:
    """Compile a function of floats that is not known yet, for `entries`: whether there is a program
    now, or None if that is not known."""
    if type(f) is not FunctionType or f.__kwdefaults__:
        return None
    n_inputs = 1 + len(args)
    entry = entries.get((id(f), n_inputs))
    if entry is not None and entry[0]() is f and _core._quick_holds(entries, f, n_inputs):
        return None  # it is known; the reason is another one
    for arg in args:
        if type(arg) is not float:
            return None
    from fastconc._compile import quick

    if quick.prepare() and _core._learn(entries, f, n_inputs):  # else the short way has tried that
        return True
    from fastconc._kernel import program_and_unit

    found = program_and_unit(f, n_inputs, (), caller)
    if found is None:
        return False
    remember_program(f, n_inputs, *found)
    return True


def takes_ints(program: Any) -> bool:
    """Tell whether `program`, which takes floats, does the same with small ints as floats."""
    text = program.disassemble()
    return not any(f" {op} " in text for op in INEXACT)


def _floats(args: tuple[Any, ...]) -> bool:
    """Tell whether the arguments are floats, or ints of which floats can be made."""
    return all(
        type(arg) is float or (type(arg) is int and -_SMALL <= arg <= _SMALL) for arg in args
    )


def shortcut(function: _Function, finish: Callable[..., Any] | None = None) -> _Function:
    """Return what does the same, without Python code for most calls (integrals/shortcut.c).

    That is an integrator, whose calls in a pool can be cancelled while they run.

    finish: what makes a result of that of `_core._cubature` where it has not converged.
    """
    short: Any = _core._Shortcut(function, finish)
    return cast(_Function, update_wrapper(short, function))


# What a program that fails may raise; TimeoutError and CancelledError are none of it.
FAILURES = (ArithmeticError, AssertionError, LookupError, ValueError, RuntimeError)


class InPython:
    """A function of our own that runs as plain Python, which nobody need be told."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, *args: Any) -> Any:
        return self.function(*args)


class Job:
    """The arguments that `integrate` and `quad` share, checked and in the form `_core` takes."""

    def __init__(
        self,
        caller: str,
        f: Any,
        a: Any,
        b: Any,
        args: Any,
        vectorized: bool,
        deadline: float | None,
        complex_func: bool = False,
        extra: int = 0,
        compiles: bool = True,
    ) -> None:
        if not isinstance(args, tuple):
            args = (args,)  # as scipy.integrate.quad has it
        self.seconds = seconds_of(deadline)
        self.a: Any = _limit("a", a)
        self.b: Any = _limit("b", b)
        self.args: tuple[Any, ...] = args
        self.params: Any = None
        self.n_params = 0
        self.shape: tuple[int, ...] | None = None
        if (
            type(self.a) is not float
            or type(self.b) is not float
            or any(_is_array(arg) for arg in args)
        ):
            self._make_batch()
        self.flags = VECTORIZED if vectorized else 0
        self.n_out = 1
        self.serial = False
        self.target: Any = None
        self._python: tuple[Any, Any, Any, int] | None = None  # what a program was made from
        self._resolve(caller, f, complex_func, compiles)
        self.out: Any = None
        if self.shape is not None:
            import numpy as np

            self.out = np.empty((math.prod(self.shape), self.n_out + extra))

    def _resolve(self, caller: str, f: Any, complex_func: bool, compiles: bool) -> None:
        """Find what runs `f`: a native function, a compiled program (unless it is known that there
        is none), or Python."""
        from fastconc import _native

        native = _native.resolve(f)
        if native is not None:
            self.target = _native.integrand_form(native)
            return
        if not callable(f):
            raise TypeError(f"f must be callable, not {type(f).__name__}: {f!r}")
        if self.flags & VECTORIZED:
            self.n_out = 2 if complex_func else 1
            self.flags |= COMPLEX if complex_func else 0
        elif compiles and not complex_func and type(f) is not InPython and self._compile(caller, f):
            return
        else:
            self._probe(f, complex_func)
        self.target = f
        self.serial = not self.flags & VECTORIZED

    def _compile(self, caller: str, f: Any) -> bool:
        from fastconc._kernel import program_and_unit

        args, found = self.args, None
        if self.params is None and args and all(type(arg) is float for arg in args):
            # As inputs rather than constants: one program serves every value.
            n_params, constants = len(args), ()
        else:
            n_params, constants = self.n_params, args
            if self.params is None and args and _floats(args):
                # So are ints, where it is all the same: or each n of a loop would be compiled.
                with suppress(KernelError):
                    found = program_and_unit(f, 1 + len(args), (), caller, warn=False)
                if found is not None and takes_ints(found[0]):
                    n_params, constants = len(args), ()
                else:
                    found = None
        if found is None:
            found = program_and_unit(f, 1 + n_params, constants, caller)
        if found is None:
            return False
        program, unit = found
        if not constants:
            remember_program(f, 1 + n_params, program, unit)
        self._python = (f, self.args, self.params, self.n_params)
        if n_params > self.n_params:
            self.params = array("d", args)
            self.n_params = n_params
        self.args = ()
        self.target = program
        self.n_out = len(program.outputs)
        return True

    def _make_batch(self) -> None:
        import numpy as np

        floats = []
        for i, arg in enumerate(self.args):
            try:
                floats.append(np.asarray(arg, dtype=np.float64))
            except (TypeError, ValueError):
                raise TypeError(
                    f"args[{i}] must be a float or an array in a batch, not {arg!r}"
                ) from None
        try:
            arrays = np.broadcast_arrays(self.a, self.b, *floats)
        except ValueError:
            shapes = ", ".join(str(np.shape(v)) for v in (self.a, self.b, *floats))
            raise ValueError(
                f"limits and args do not broadcast together: shapes {shapes}"
            ) from None
        self.shape = arrays[0].shape
        self.a, self.b = (np.array(v, dtype=np.float64).ravel() for v in arrays[:2])
        self.n_params = len(floats)
        if floats:
            self.params = np.stack([v.ravel() for v in arrays[2:]], axis=-1)
        self.args = ()

    def run(self, call: Callable[[], Any]) -> Any:
        """Return call(); where the compiled function fails, let plain Python tell why.

        A program that executes a `raise` or an `assert`, or divides by zero under errors="raise",
        only has a status: the function itself has the exception, its message and its traceback.
        """
        if self._python is None:
            return call()
        try:
            return call()
        except FAILURES:
            self.target, self.args, self.params, self.n_params = self._python
            self._python = None
            self.serial = True
            return call()

    def _probe(self, f: Any, complex_func: bool) -> None:
        """Call a Python function once: are its values floats, complex, or sequences?"""
        if complex_func:
            self.flags |= COMPLEX
            self.n_out = 2
            return
        if self.shape is None:
            a, b, own = self.a, self.b, self.args
        elif self.a.size:
            a, b, own = (
                self.a[0],
                self.b[0],
                () if self.params is None else tuple(map(float, self.params[0])),
            )
        else:
            return
        value = f(_inner_point(a, b), *own)
        if type(value) is float or isinstance(value, (int, float)):
            return
        if isinstance(value, complex):
            self.flags |= COMPLEX
            self.n_out = 2
        elif hasattr(value, "__len__") and not (hasattr(value, "shape") and value.shape == ()):
            if len(value) < 1 or isinstance(value, (str, bytes)):
                raise TypeError(
                    f"f must return a float, a complex number or several floats, not {value!r}"
                )
            self.n_out = len(value)

    def batch(self, out: Any) -> Any:
        """Return the array `out` (m, n_out) in the batch's shape."""
        assert self.shape is not None
        if self.flags & COMPLEX:
            return out.view("complex128").reshape(self.shape)
        return out.reshape(self.shape if self.n_out == 1 else (*self.shape, self.n_out))


def _is_array(value: object) -> bool:
    return getattr(value, "ndim", 0) != 0


def _limit(name: str, value: Any) -> Any:
    if type(value) is float:
        return value
    if not hasattr(value, "__len__") or getattr(value, "shape", None) == ():
        try:
            return float(value)
        except (TypeError, ValueError):
            raise TypeError(
                f"{name} must be a float or an array of floats, not {value!r}"
            ) from None
    import numpy as np

    values = np.asarray(value)
    if values.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be a float or an array of floats, not {value!r}")
    return values.astype(np.float64)


def integer(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {value!r}") from None
    if not low <= number <= high:
        bound = f"at least {low}" if number < low else f"at most {high}"
        raise ValueError(f"{name} must be {bound}, not {number}")
    return number


def seconds_of(deadline: float | None) -> float:
    if deadline is None:
        return 0.0
    seconds = float(deadline)
    if not seconds > 0:
        raise ValueError(f"deadline must be a positive number of seconds, not {deadline!r}")
    return seconds


def _inner_point(a: float, b: float) -> float:
    """Return a point between the limits, not the middle (where functions like to be special)."""
    t = 0.3819660112501051
    if math.isfinite(a) and math.isfinite(b):
        return (1 - t) * a + t * b
    if math.isfinite(a):
        return a + math.copysign(t, b)
    return b - math.copysign(t, b - a) if math.isfinite(b) else t
