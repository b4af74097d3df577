# SPDX-License-Identifier: BSD-3-Clause
"""Integration of functions of one variable: fixed rules (`integrate`)."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from typing import Any

from fastconc import _core

_VECTORIZED, _COMPLEX, _POINT = 1, 2, 4  # as in src/binding/integrand.h
_RULES = {
    "left": 0,
    "right": 1,
    "midpoint": 2,
    "trapezoid": 3,
    "simpson": 4,
    "boole": 5,
    "gauss": 6,
}
_MAX_GAUSS_ORDER = 10_000
_MAX_PANELS = 1 << 53


def integrate(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    n: int = 10**7,
    *,
    rule: str = "left",
    order: int = 5,
    args: tuple[Any, ...] = (),
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
) -> Any:
    """Integrate `f` from `a` to `b` with a fixed rule on `n` panels of equal width.

    Parameters
    ----------
    f
        The integrand, called as ``f(x, *args)`` with floats: a kernel, a plain function, a native
        function
        pointer (ctypes, cffi, Numba ``@cfunc``, SciPy ``LowLevelCallable``) or any other callable.
        A complex result gives a complex integral, a sequence of floats a tuple of integrals.
    a, b
        Finite limits; reversed limits change the sign. Arrays (with `args`, broadcast together)
        give an array of integrals, computed in one parallel call.
    n
        Panels, at least 1.
    rule
        "left", "right", "midpoint", "trapezoid", "simpson", "boole", or "gauss" (Gauss-Legendre
        with `order` points a panel, 1 to 10,000).
    args
        Further arguments of `f`. NumPy arrays among them make a batch, as arrays of limits do.
    vectorized
        `f` takes an array of abscissae and returns as many values.
    workers
        None (all cores), a number of threads, or a pool. The result has the same bits for every
        number.
    deadline
        Seconds after which TimeoutError is raised.

    Returns the rule's sum, rounded to within 1e-14 of its exact value (relative to that of
    ``abs(f)``).
    Raises ValueError for n < 1, an unknown rule or limits that are not finite; what `f` raises.
    The GIL is released, except while Python code runs as integrand.

    >>> import fastconc
    >>> round(fastconc.integrate(lambda x: x**2, 0, 10, 1000, rule="simpson"), 9)
    333.333333333
    """
    try:
        rule_code = _RULES[rule]
    except (KeyError, TypeError):
        raise ValueError(f"rule must be one of {', '.join(_RULES)}, not {rule!r}") from None
    count = _integer("n", n, 1, _MAX_PANELS)
    points = _integer("order", order, 1, _MAX_GAUSS_ORDER)
    job = _Job(f, a, b, args, vectorized, deadline)
    for name, limit in (("a", job.a), ("b", job.b)):
        _check_finite(name, limit)
    result = _core._integrate(
        job.target, job.a, job.b, count, rule_code, points, job.args, job.params, job.n_params,
        job.n_out, job.flags, job.out, workers, job.seconds,
    )  # fmt: skip
    return result if job.shape is None else job.batch(job.out)


class _Job:
    """The arguments that `integrate` and `quad` share, checked and in the form `_core` takes."""

    def __init__(
        self, f: Any, a: Any, b: Any, args: Any, vectorized: bool, deadline: float | None
    ) -> None:
        if not isinstance(args, tuple):
            args = (args,)  # as scipy.integrate.quad has it
        self.seconds = _seconds(deadline)
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
        self.flags = _VECTORIZED if vectorized else 0
        self.n_out = 1
        self.target = target(f)
        if not vectorized and not isinstance(self.target, tuple):
            self._probe(f)
        self.out: Any = None
        if self.shape is not None:
            import numpy as np

            self.out = np.empty((math.prod(self.shape), self.n_out))

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

    def _probe(self, f: Any) -> None:
        """Call a Python function once: are its values floats, complex, or sequences?"""
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
            self.flags |= _COMPLEX
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
        if self.flags & _COMPLEX:
            return out.view("complex128").reshape(self.shape)
        return out.reshape(self.shape if self.n_out == 1 else (*self.shape, self.n_out))


def target(f: Any) -> Any:
    """Return what integrand.c takes for `f`: a native function's tuple, or a callable."""
    from fastconc import _native

    native = _native.resolve(f)
    if native is not None:
        return _native.integrand_form(native)
    if not callable(f):
        raise TypeError(f"f must be callable, not {type(f).__name__}: {f!r}")
    return f


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

    array = np.asarray(value)
    if array.dtype.kind not in "fiub":
        raise TypeError(f"{name} must be a float or an array of floats, not {value!r}")
    return array.astype(np.float64)


def _check_finite(name: str, limit: Any) -> None:
    if type(limit) is float:
        if not math.isfinite(limit):
            raise ValueError(f"{name} must be finite for a fixed rule, not {limit}")
        return
    import numpy as np

    bad = limit[~np.isfinite(limit)]
    if bad.size:
        raise ValueError(f"{name} must be finite for a fixed rule, not {bad[0]}")


def _integer(name: str, value: Any, low: int, high: int) -> int:
    try:
        number = operator.index(value)
    except TypeError:
        raise TypeError(f"{name} must be an int, not {value!r}") from None
    if not low <= number <= high:
        bound = f"at least {low}" if number < low else f"at most {high}"
        raise ValueError(f"{name} must be {bound}, not {number}")
    return number


def _seconds(deadline: float | None) -> float:
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
