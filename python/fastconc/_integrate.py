# SPDX-License-Identifier: BSD-3-Clause
"""Integration with fixed rules, `integrate`; the result of the adaptive integrators."""

from __future__ import annotations

import math
from collections.abc import Callable
from operator import itemgetter
from typing import Any

from fastconc import _core
from fastconc._integrand import Job, entries, integer, ndim_entries, shortcut
from fastconc._samples import integrate_samples

_RULES = {
    "left": 0,
    "right": 1,
    "midpoint": 2,
    "trapezoid": 3,
    "simpson": 4,
    "boole": 5,
    "gauss": 6,
}
CONVERGED = "The error estimate is within the tolerance."
_MAX_GAUSS_ORDER = 10_000
_MAX_PANELS = 1 << 53
_N = 10**7


@shortcut
def integrate(
    f: Callable[..., Any] | None = None,
    a: Any = None,
    b: Any = None,
    n: int = _N,
    *,
    rule: str | None = None,
    order: int = 5,
    args: tuple[Any, ...] = (),
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
    y: Any = None,
    x: Any = None,
    dx: float | None = None,
    axis: int = -1,
) -> Any:
    """Integrate `f` from `a` to `b`, or samples `y`, with a fixed rule.

    A function is evaluated on `n` panels of equal width: ``integrate(f, a, b, n)``. Samples are
    taken as they are: ``integrate(y=y, x=x)`` or ``integrate(y=y, dx=0.1)``.

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
        "left" (the default), "right", "midpoint", "trapezoid", "simpson", "boole", or "gauss"
        (Gauss-Legendre with `order` points a panel, 1 to 10,000). For samples "trapezoid" (the
        default) or "simpson", as `scipy.integrate` has them.
    args
        Further arguments of `f`. NumPy arrays among them make a batch, as arrays of limits do.
    vectorized
        `f` takes an array of abscissae and returns as many values.
    workers
        None (all cores), a number of threads, or a pool. The result has the same bits for every
        number.
    deadline
        Seconds after which TimeoutError is raised.
    y, x, dx, axis
        Samples, along `axis` of an array; where they lie (an array as long as the axis, or one that
        broadcasts to `y`), or how far they are apart (1). The result has one axis less.

    Returns the rule's sum, rounded to within 1e-14 of its exact value (relative to that of
    ``abs(f)``).
    Raises ValueError for n < 1, an unknown rule or limits that are not finite; what `f` raises.
    The GIL is released, except while Python code runs as integrand.

    >>> import fastconc
    >>> round(fastconc.integrate(lambda x: x**2, 0, 10, 1000, rule="simpson"), 9)
    333.333333333
    >>> fastconc.integrate(y=[0, 1, 4, 9, 16], dx=0.5, rule="simpson")
    10.666666666666666
    """
    if y is not None or f is None:
        if f is not None or a is not None or b is not None or n != _N or args != () or vectorized:
            raise TypeError("integrate() takes a function with limits or samples y, not both")
        if y is None:
            raise TypeError("integrate() needs a function f with limits a and b, or samples y")
        return integrate_samples(y, x, dx, axis, rule or "trapezoid", workers, deadline)
    if x is not None or dx is not None:
        raise TypeError("x and dx tell where samples lie: they need y instead of a function")
    if rule is None:
        rule = "left"
    try:
        rule_code = _RULES[rule]
    except (KeyError, TypeError):
        raise ValueError(f"rule must be one of {', '.join(_RULES)}, not {rule!r}") from None
    count = integer("n", n, 1, _MAX_PANELS)
    points = integer("order", order, 1, _MAX_GAUSS_ORDER)
    job = Job("integrate", f, a, b, args, vectorized, deadline)
    for name, limit in (("a", job.a), ("b", job.b)):
        _check_finite(name, limit)
    result = job.run(
        lambda: _core._integrate(
            job.target, job.a, job.b, count, rule_code, points, job.args, job.params,
            job.n_params, job.n_out, job.flags, job.out, workers, job.seconds,
        )
    )  # fmt: skip
    return result if job.shape is None else job.batch(job.out)


def _check_finite(name: str, limit: Any) -> None:
    if type(limit) is float:
        if not math.isfinite(limit):
            raise ValueError(f"{name} must be finite for a fixed rule, not {limit}")
        return
    import numpy as np

    bad = limit[~np.isfinite(limit)]
    if bad.size:
        raise ValueError(f"{name} must be finite for a fixed rule, not {bad[0]}")


class QuadResult(tuple[Any, Any]):
    """What the adaptive integrators return; unpacks as ``(integral, error)``.

    Attributes
    ----------
    integral
        The estimate: a float, a complex number, a tuple (vector-valued integrand), or an array.
    error
        Estimate of its error; ``inf`` when nothing can be promised.
    neval
        Evaluations of the integrand.
    converged
        Whether the error is believed to be within the tolerance.
    status
        "converged", or why not: "limit", "roundoff", "singular", "divergent", "nonfinite".
    message
        The status in words.
    estimate
        The same as `integral`, as `scipy.integrate.cubature` calls it.
    subdivisions
        How often `cubature` cut its range; 0 for other integrators.

    In a batch all but `message` are arrays.
    """

    # As nearly all are: the results of integrals/quick.c have nothing of their own but neval.
    neval: Any
    converged: Any = True
    status: Any = "converged"
    message: str = CONVERGED
    subdivisions: int = 0

    def __new__(
        cls, integral: Any, error: Any, neval: Any, converged: Any, status: Any, message: str
    ) -> QuadResult:
        self = tuple.__new__(cls, (integral, error))
        self.neval = neval
        self.converged = converged
        self.status = status
        self.message = message
        return self

    integral: Any = property(itemgetter(0))
    error: Any = property(itemgetter(1))
    estimate: Any = property(itemgetter(0))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return (
            self.integral, self.error, self.neval, self.converged, self.status, self.message
        )  # fmt: skip

    def __repr__(self) -> str:
        return (
            f"QuadResult(integral={self.integral!r}, error={self.error!r}, neval={self.neval!r}, "
            f"converged={self.converged!r}, status={self.status!r}, message={self.message!r})"
        )


_core._quick_setup(entries, ndim_entries, QuadResult)
