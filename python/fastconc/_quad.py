# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive integration in one dimension: `quad`."""

from __future__ import annotations

import math
import warnings
from array import array
from collections.abc import Callable
from typing import Any

from fastconc import _core
from fastconc._errors import IntegrationWarning
from fastconc._integrand import FAILURES, Job, entries, integer
from fastconc._integrate import QuadResult

_LIMIT, _MAX_LIMIT = 10_000, 1 << 24
_CONVERGED = "The error estimate is within the tolerance."
_STATUS = ("converged", "limit", "roundoff", "singular", "divergent", "nonfinite")
_N_INFO = 5  # error, n_eval, n_panels, state, where; as in src/binding/integrate.c
# Panels of the first pass, 21 points each: 48 meet whatever is as wide as a thousandth of the
# range or so. Python functions are slower, and get fewer.
_DENSITY, _DENSITY_PYTHON = 48, 32
# A sweep of many integrals starts with fewer each: that is where its time goes.
_SWEEP, _DENSITY_SWEEP = 64, 16

_core._quad_template(
    {
        "integral": None,
        "error": None,
        "neval": None,
        "converged": True,
        "status": "converged",
        "message": _CONVERGED,
    }
)


def quad(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any = (),
    full_output: int = 0,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    limit: int = _LIMIT,
    points: Any = None,
    weight: None = None,
    wvar: None = None,
    wopts: None = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
    *,
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
) -> Any:
    """Integrate `f` from `a` to `b` adaptively, with an error estimate.

    Parameters
    ----------
    f
        The integrand, called as ``f(x, *args)`` with floats: a kernel, a plain function (compiled
        if it can be), a native function pointer, or any other callable. It may return complex
        numbers, or a sequence of floats whose integrals are computed together (the tolerance is
        for the 2-norm of the error).
    a, b
        Limits, which may be infinite; reversed limits change the sign. Arrays make a batch.
    args
        Further arguments of `f`. NumPy arrays among them (broadcast with the limits) make a batch:
        an array of integrals, computed in one parallel call.
    full_output
        Not 0: return a plain tuple ``(integral, error, infodict[, message])`` and never warn.
    epsabs, epsrel
        Tolerances: wanted is an error of at most ``max(epsabs, epsrel * abs(integral))``.
    limit
        Most panels that may be added to those of the first pass.
    points
        Break points inside the range, where `f` is rough.
    weight, wvar, wopts
        Not supported: anything but None raises NotImplementedError.
    maxp1, limlst
        Without effect, for `scipy.integrate.quad` has them.
    complex_func
        `f` returns complex numbers (found out without, except when `vectorized`).
    vectorized
        `f` takes an array of abscissae and returns as many values.
    workers
        None (all cores), a number of threads, or a pool. The result is the same for every number.
    deadline
        Seconds after which TimeoutError is raised.

    Returns a `QuadResult`, which unpacks as ``(integral, error)``. Warns with IntegrationWarning
    when it has not converged. Raises ValueError for nan limits, negative tolerances, limit < 1,
    points outside; what `f` raises. The GIL is released, except while Python code runs as
    integrand. Method: see docs/integration.md.

    >>> import fastconc, math
    >>> integral, error = fastconc.quad(lambda x: math.exp(-x * x), -math.inf, math.inf)
    >>> abs(integral - math.sqrt(math.pi)) <= error < 1e-8
    True
    """
    if (
        points is weight is wvar is wopts is deadline is None
        and limit == _LIMIT
        and not (full_output or complex_func or vectorized)
        and type(args) is tuple
    ):
        # What most calls are like, without the checks that would find nothing.
        try:
            found = _core._quad_quick(
                entries, f, a, b, args, epsabs, epsrel, limit, _DENSITY, workers, QuadResult
            )
        except FAILURES:
            found = None
        if found is not None:
            return found
    return _quad(
        f, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar, wopts,
        complex_func, vectorized, workers, deadline,
    )  # fmt: skip


def _quad(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any,
    full_output: int,
    epsabs: float,
    epsrel: float,
    limit: int,
    points: Any,
    weight: Any,
    wvar: Any,
    wopts: Any,
    complex_func: bool,
    vectorized: bool,
    workers: Any,
    deadline: float | None,
) -> Any:
    """Do what `quad` does, for any arguments."""
    for name, value in (("weight", weight), ("wvar", wvar), ("wopts", wopts)):
        if value is not None:
            raise NotImplementedError(f"{name}={value!r}: weighted integrals are not supported")
    tolerances = [_tolerance("epsabs", epsabs), _tolerance("epsrel", epsrel)]
    more = integer("limit", limit, 1, _MAX_LIMIT)
    job = Job("quad", f, a, b, args, vectorized, deadline, bool(complex_func), _N_INFO)
    _check_limits(job)
    density = _DENSITY_PYTHON if job.serial else _DENSITY
    if job.shape is not None and job.out.shape[0] >= _SWEEP:
        density = _DENSITY_SWEEP
    breaks = None if points is None else _breaks(points, job)
    raw = job.run(
        lambda: _core._quad(
            job.target, job.a, job.b, tolerances[0], tolerances[1], more, density, breaks,
            job.args, job.params, job.n_params, job.n_out, job.flags, job.out, workers, job.seconds,
        )
    )  # fmt: skip
    if job.shape is not None:
        result, n_panels = _batch(job)
    else:
        value, error, neval, n_panels, state, where = raw
        converged = state == 0
        result = QuadResult(
            value, error, neval, converged, _STATUS[state], _message(state, where, more)
        )
        if converged and not full_output:
            return result
    if full_output:
        info = {"neval": result.neval, "last": n_panels}
        if job.shape is None and not result.converged:
            return result.integral, result.error, info, result.message
        return result.integral, result.error, info
    if job.shape is None or not result.converged.all():
        warnings.warn(result.message, IntegrationWarning, stacklevel=3)
    return result


def _message(state: int, where: float, limit: int) -> str:
    if state == 0:
        return _CONVERGED
    near = "" if math.isnan(where) else f" near x = {where:.17g}"
    if math.isinf(where):
        near = " towards infinity" if where > 0 else " towards minus infinity"
    return (
        "",
        f"The limit of {limit} added panels is reached; the worst are{near or ' everywhere'}. "
        "The integrand oscillates or is rough there; give points=, raise limit=, or relax the "
        "tolerances.",
        "Rounding errors prevent the tolerance from being reached.",
        f"The integrand behaves badly{near}: contributions do not settle. Give points= or "
        "transform it.",
        f"The integral is probably divergent{near}.",
        f"The integrand is nan or infinite{near}.",
    )[state]


def _batch(job: Job) -> tuple[QuadResult, Any]:
    import numpy as np

    assert job.shape is not None
    info = job.out[:, job.n_out :]
    values = np.ascontiguousarray(job.out[:, : job.n_out])
    state = info[:, 3].astype(int)
    converged = (state == 0).reshape(job.shape)
    status = np.array(_STATUS, dtype=object)[state].reshape(job.shape)
    message = _message(0, math.nan, 0)
    if not converged.all():
        names = [s for s in _STATUS[1:] if (status == s).any()]
        count = int((state != 0).sum())
        message = f"{count} of {state.size} integrals did not converge: {', '.join(names)}."
    neval, panels = (info[:, k].astype(np.int64).reshape(job.shape) for k in (1, 2))
    error = info[:, 0].copy().reshape(job.shape)
    return QuadResult(job.batch(values), error, neval, converged, status, message), panels


def _tolerance(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a float, not {value!r}") from None
    if not number >= 0:
        raise ValueError(f"{name} must not be negative or nan, not {value!r}")
    return number


def _check_limits(job: Job) -> None:
    for name, limit in (("a", job.a), ("b", job.b)):
        if type(limit) is float:
            if limit != limit:
                raise ValueError(f"{name} must not be nan")
        elif (limit != limit).any():
            raise ValueError(f"{name} must not be nan, but holds one")


def _breaks(points: Any, job: Job) -> array[float]:
    try:
        breaks = sorted({float(x) for x in points})
    except (TypeError, ValueError):
        raise TypeError(f"points must be a sequence of floats, not {points!r}") from None
    if job.shape is None:
        low, high = min(job.a, job.b), max(job.a, job.b)
        for x in breaks:
            if not low <= x <= high:
                raise ValueError(
                    f"points must lie between the limits {low} and {high}, but {x} does not"
                )
    elif any(x != x for x in breaks):
        raise ValueError("points must not hold nan")
    return array("d", [x for x in breaks if math.isfinite(x)])
