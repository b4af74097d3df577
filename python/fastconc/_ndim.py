# SPDX-License-Identifier: BSD-3-Clause
"""What `cubature` and `mcquad` share: the integrand and its range, made ready for `_core`."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable
from types import FunctionType
from typing import Any

from fastconc._integrand import COMPLEX, POINT, VECTORIZED, ndim_entries, remember_program

_MAX_INPUTS = 1000  # more than a program takes run as plain Python
_N_PROBE = 3  # points given to a function of arrays at first
_SHAPE = "f must return one value, or a list of values, for each point"
_PROBE_AT = 0.3819660112501051  # not the middle, where functions like to be special


class End:
    """One side of a range that is a function of the outer variables, as nquad has it."""

    compiles = True

    def __init__(self, function: Callable[..., Any], side: int, args: tuple[Any, ...]) -> None:
        self.function, self.side, self.args = function, side, args

    def __call__(self, *outer: float) -> Any:
        low, high = self.function(*outer, *self.args)
        return high if self.side else low


class Turned:
    """A limit f(x, y) of z, where the outer variables come as y, x."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.function = function

    def __call__(self, y: float, x: float) -> Any:
        return self.function(x, y)


def _remember(f: Any, n_inputs: int, args: tuple[Any, ...], program: Any, unit: Any) -> None:
    if all(type(arg) is float for arg in args):
        remember_program(f, n_inputs, program, unit, args, ndim_entries)


class Problem:
    """An integrand of several variables over a range, checked and in the form `_core` takes."""

    def __init__(
        self,
        caller: str,
        f: Any,
        lower: Any,
        upper: Any,
        args: Any,
        vectorized: bool,
        deadline: Any,
    ) -> None:
        self.caller = caller
        self.args: tuple[Any, ...] = args if isinstance(args, tuple) else (args,)
        self.seconds = _seconds(deadline)
        self.serial = False
        self.n_dim = 0
        self._ends: list[Any] = []  # the limits as they came: floats, (function, arguments)
        self.limits = self.range_of(lower, upper)
        self.flags = VECTORIZED if vectorized else 0
        self.n_out = 1
        self.rows_shape: tuple[int, ...] | None = None  # of a value, where f takes points as rows
        self.rows_complex = False
        self._python: tuple[Any, tuple[Any, ...]] | None = None  # what a program was made from
        self.target = self._resolve(f)

    # ---- the range ----

    def range_of(self, lower: Any, upper: Any) -> tuple[Any, ...]:
        """Check limits; the lower ones, then the upper ones, as `_core` takes them."""
        low, high = _sequence("lower", lower), _sequence("upper", upper)
        if len(low) != len(high):
            raise ValueError(
                f"lower and upper must have the same length, not {len(low)} and {len(high)}"
            )
        if not low:
            raise ValueError("lower and upper must have at least one entry each")
        self.n_dim = len(low)
        return tuple(
            self._limit(name, k, value)
            for name, values in (("lower", low), ("upper", high))
            for k, value in enumerate(values)
        )

    def _limit(self, name: str, k: int, value: Any) -> Any:
        """A float, or (function of the outer variables, its further arguments)."""
        where = f"{name}[{k}]"
        if isinstance(value, End):
            return self._range_end(name, k, value)
        if not callable(value):
            try:
                number = float(value)
            except (TypeError, ValueError):
                raise TypeError(f"{where} must be a float or a function, not {value!r}") from None
            if math.isnan(number):
                raise ValueError(f"{where} must not be nan")
            self._ends.append(number)
            return number
        n_outer = self.n_dim - 1 - k
        extra = _arguments_wanted(value, n_outer, self.args)
        if extra is None:
            hint = " (limits depend on the variables after theirs, as in scipy.integrate.nquad)"
            raise TypeError(
                f"{where} must take {n_outer} parameters, the variables after number {k}: "
                f"{value!r} does not{hint}"
            )
        if n_outer == 0:
            return self._limit(name, k, value(*extra))
        self._ends.append((value, extra))
        from fastconc._kernel import program_and_unit

        turned = type(value) is Turned
        plain = value.function if turned else value
        program, unit = program_and_unit(plain, n_outer, extra, self.caller) or (None, None)
        if program is not None and len(program.inputs) == n_outer and len(program.outputs) == 1:
            _remember(plain, -n_outer, extra, program, unit)
            return program, (), -1, turned
        self.serial = True
        return value, extra

    def _range_end(self, name: str, k: int, end: End) -> Any:
        n_outer = self.n_dim - 1 - k
        if n_outer == 0:
            return self._limit(name, k, end())
        self._ends.append((end, ()))
        if not end.compiles:
            self.serial = True
            return end, ()
        from fastconc._kernel import program_and_unit

        program, unit = program_and_unit(end.function, n_outer, end.args, self.caller) or (
            None,
            None,
        )
        if program is not None and len(program.inputs) == n_outer and len(program.outputs) == 2:
            _remember(end.function, -n_outer, end.args, program, unit)
            return program, (), end.side
        self.serial = True
        return end, ()

    def _inner_point(self) -> list[float]:
        """Some point inside the range."""
        point = [0.0] * self.n_dim
        for k in reversed(range(self.n_dim)):
            ends = []
            for end in (self._ends[k], self._ends[self.n_dim + k]):
                if isinstance(end, float):
                    ends.append(end)
                else:
                    function, extra = end
                    ends.append(float(function(*point[k + 1 :], *extra)))
            point[k] = between(*ends)
        return point

    # ---- the integrand ----

    def _resolve(self, f: Any) -> Any:
        """Find what runs `f`: a native function, a compiled program, or Python."""
        from fastconc import _native

        native = _native.resolve(f)
        if native is not None:
            return _native.integrand_form(native)
        if not callable(f):
            raise TypeError(f"f must be callable, not {type(f).__name__}: {f!r}")
        point = _takes_a_point(f, self.n_dim, len(self.args))
        self.flags |= POINT if point else 0
        if self.flags & VECTORIZED:
            return self._probe_vectorized(f)
        from fastconc._kernel import program_and_unit

        # A function of one parameter may turn out to take arrays: then nothing is amiss.
        quiet, program, unit = point or self.n_dim == 1, None, None
        compiles = self.n_dim <= _MAX_INPUTS
        if compiles:
            program, unit = program_and_unit(
                f, self.n_dim, self.args, self.caller, point=point, warn=not quiet
            ) or (None, None)
        if program is not None and len(program.inputs) == self.n_dim:
            _remember(f, self.n_dim, self.args, program, unit)
            self._python = f, self.args
            self.args = ()
            self.n_out = len(program.outputs)
            return program
        if quiet:
            rows = self._probe_point(f)
            if rows is not None:
                return rows
            if compiles:
                program_and_unit(f, self.n_dim, self.args, self.caller, point=point)
        else:
            self._probe(f)
        self.serial = True
        return f

    def _probe_point(self, f: Any) -> Any:
        """Like _probe; a function that wants arrays instead is returned in a form that does."""
        try:
            if self._probe(f) < 2:
                return None
            error = None
        except (TypeError, AttributeError, LookupError, ValueError) as reason:
            error = reason
        try:
            return self._probe_rows(f)
        except Exception:
            # It does not take arrays either, so what it said of a point is what matters.
            raise (error or TypeError(_SHAPE)) from None

    def _call(self, f: Any, coordinates: list[Any]) -> Any:
        if self.flags & POINT:
            return f(tuple(coordinates), *self.args)
        return f(*coordinates, *self.args)

    def _probe(self, f: Any) -> int:
        """Call a Python function once: are its values floats, complex, or sequences?

        Returns how many axes they have.
        """
        value = self._call(f, self._inner_point())
        if isinstance(value, (int, float)):
            return 0
        if isinstance(value, complex):
            self.flags |= COMPLEX
            self.n_out = 2
        elif hasattr(value, "__len__") and not (hasattr(value, "shape") and value.shape == ()):
            if len(value) < 1 or isinstance(value, (str, bytes)):
                raise TypeError(
                    f"f must return a float, a complex number or several floats, not {value!r}"
                )
            self.n_out = len(value)
            return int(getattr(value, "ndim", 1))
        return 0

    def _probe_vectorized(self, f: Any) -> Any:
        """Call a function of arrays once: one value a point, complex ones, or rows of values?

        Returns what is to be called: where coordinates as rows do not do, points as rows may.
        """
        import numpy as np

        n = _N_PROBE if self.n_dim != _N_PROBE else _N_PROBE + 1
        rows = np.repeat(np.array(self._inner_point())[:, np.newaxis], n, axis=1)
        try:
            value = np.asarray(f(rows, *self.args) if self.flags & POINT else f(*rows, *self.args))
            if value.ndim > 0 and value.shape[-1] != n:
                raise ValueError(
                    f"f must return an array whose last axis has one entry a point: given {n} "
                    f"points it returned the shape {value.shape}"
                )
            if value.ndim > 2:
                raise ValueError(_SHAPE)
        except Exception as error:
            if not (self.flags & POINT or self.n_dim == 1):
                raise
            try:
                return self._probe_rows(f)
            except Exception:
                raise error from None
        if value.dtype.kind == "c":
            self.flags |= COMPLEX
            self.n_out = 2
        elif value.ndim == 2:
            self.n_out = value.shape[0]
        return f

    def _probe_rows(self, f: Any) -> Any:
        """Is `f` as scipy.integrate.cubature wants it: of an array (points, n_dim)?

        Returns it in the form that is called with an array (n_dim, points).
        """
        import numpy as np

        n = _N_PROBE if self.n_dim != _N_PROBE else _N_PROBE + 1
        point = np.repeat(np.array([self._inner_point()]), n, axis=0)
        value = np.asarray(f(point, *self.args))
        if value.ndim == 0 or value.shape[0] != n or value.dtype.kind not in "fiubc":
            raise ValueError(_SHAPE)
        shape = tuple(value.shape[1:])
        if math.prod(shape) == 0:
            raise ValueError(_SHAPE)
        self.rows_shape, self.rows_complex = shape, value.dtype.kind == "c"
        self.n_out = math.prod(shape) * (2 if self.rows_complex else 1)
        self.flags |= POINT | VECTORIZED
        dtype = np.complex128 if self.rows_complex else np.float64

        def columns(x: Any, *args: Any) -> Any:
            value = np.asarray(f(np.ascontiguousarray(x.T), *args), dtype)
            if value.shape != (x.shape[1], *shape):
                raise ValueError(
                    f"the vectorized integrand must return an array of the shape "
                    f"{(x.shape[1], *shape)}, not {value.shape}"
                )
            flat = np.ascontiguousarray(value).view(np.float64).reshape(x.shape[1], self.n_out)
            return flat[:, 0] if self.n_out == 1 else flat.T

        return columns

    def shaped(self, value: Any) -> Any:
        """Return values of a function of points as rows in the shape that it gave them."""
        if self.rows_shape is None:
            return value
        import numpy as np

        array = np.array(value, dtype=np.float64).reshape(-1)
        if self.rows_complex:
            array = array.view(np.complex128)
        return array.reshape(self.rows_shape)[()]

    def error(self, error: Any) -> Any:
        """Return the error as the user sees it: of a complex value one number."""
        if self.rows_shape is not None:
            return abs(self.shaped(error))
        return abs(error) if self.flags & COMPLEX else error

    def run(self, call: Callable[[], Any]) -> Any:
        """Return call(); where the compiled function fails, let plain Python tell why."""
        if self._python is None:
            return call()
        try:
            return call()
        except TimeoutError:
            raise
        except (ArithmeticError, AssertionError, LookupError, ValueError, RuntimeError):
            self.target, self.args = self._python
            self._python = None
            self.serial = True
            return call()


def between(a: float, b: float) -> float:
    if math.isfinite(a) and math.isfinite(b):
        return (1 - _PROBE_AT) * a + _PROBE_AT * b
    if math.isfinite(a):
        return a + math.copysign(_PROBE_AT, b)
    return b - math.copysign(_PROBE_AT, b) if math.isfinite(b) else _PROBE_AT


def _sequence(name: str, value: Any) -> list[Any]:
    if callable(value) or not hasattr(value, "__iter__"):
        return [value]
    if isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be a float or a sequence of floats, not {value!r}")
    entries = list(value)
    for k, entry in enumerate(entries):
        if hasattr(entry, "__len__"):
            raise TypeError(f"{name}[{k}] must be a float or a function, not {entry!r}")
    return entries


def _parameters(f: Any) -> tuple[int, float] | None:
    """(positional parameters without a default, positional parameters in all); None: unknown."""
    if type(f) is FunctionType and not f.__dict__:  # the common case, ten times as fast
        code = f.__code__
        most = math.inf if code.co_flags & inspect.CO_VARARGS else code.co_argcount
        return code.co_argcount - len(f.__defaults__ or ()), most
    try:
        parameters = inspect.signature(f).parameters.values()
    except (TypeError, ValueError):
        return None
    least, most = 0, 0.0
    for p in parameters:
        if p.kind is p.VAR_POSITIONAL:
            most = math.inf
        elif p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD):
            most += 1
            least += p.default is p.empty
    return least, most


def _takes_a_point(f: Any, n_dim: int, n_args: int) -> bool:
    """f(x) with one parameter that is indexed, rather than one for every dimension?"""
    known = _parameters(f)
    if known is None or n_dim == 1:
        return False
    least, most = known
    if least == n_dim + n_args or most == n_dim + n_args:
        return False
    if least == 1 + n_args or (most == 1 + n_args and least <= most):
        return True
    if least <= n_dim + n_args <= most:
        return False
    if least <= 1 + n_args <= most:
        return True
    takes = f"{least}" if least == most else f"{least} to {most}"
    more = f" and {n_args} args" if n_args else ""
    raise TypeError(
        f"f must take one parameter for each of the {n_dim} dimensions{more}, or one that is "
        f"indexed: {getattr(f, '__name__', f)!r} takes {takes} positional parameters"
    )


def _arguments_wanted(f: Any, n_outer: int, args: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """What a limit function takes after the outer variables: nothing, or `args`; None: neither."""
    known = _parameters(f)
    if known is None:
        return ()
    least, most = known
    if least <= n_outer <= most:
        return ()
    return args if args and least <= n_outer + len(args) <= most else None


def _seconds(deadline: Any) -> float:
    if deadline is None:
        return 0.0
    seconds = float(deadline)
    if not seconds > 0:
        raise ValueError(f"deadline must be a positive number of seconds, not {deadline!r}")
    return seconds
