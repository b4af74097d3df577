# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive integration in one dimension: `quad`."""

from __future__ import annotations

import math
import time
import warnings
from array import array
from collections.abc import Callable
from typing import Any

from fastconc import _core, _weight
from fastconc._errors import IntegrationWarning
from fastconc._integrand import COMPLEX, Job, integer, learn, shortcut
from fastconc._integrate import CONVERGED, QuadResult

_LIMIT, _MAX_LIMIT = 10_000, 1 << 24
_NUMBERS = (float, int)
_STATUS = ("converged", "limit", "roundoff", "singular", "divergent", "nonfinite")
_N_INFO = 5  # error, n_eval, n_panels, state, where; as in src/binding/integrals/integrate.c
# Panels of the first pass, 21 points each: 48 meet whatever is as wide as a thousandth of the
# range or so. Python functions are slower, and get fewer.
_DENSITY, _DENSITY_PYTHON = 48, 32
# A sweep of many integrals starts with fewer each: that is where its time goes.
_SWEEP, _DENSITY_SWEEP = 64, 32


@shortcut
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
    weight: str | None = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    complex_func: bool = False,
    *,
    method: str = "auto",
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
        Not 0: return a plain tuple ``(integral, error, infodict[, message[, explain]])`` and never
        warn. The infodict has the keys that SciPy documents, for the parts between break points;
        their arrays have the length `limit` (50, if not given). With `complex_func` it is
        ``{"real": (infodict,), "imag": (infodict,)}``; in a batch it has "neval" and "last".
    epsabs, epsrel
        Tolerances: wanted is an error of at most ``max(epsabs, epsrel * abs(integral))``.
    limit
        Most panels that may be added to those of the first pass.
    points
        Break points, where `f` is rough; those that are not between the limits do not count.
    weight, wvar
        As in `scipy.integrate.quad`: "cos", "sin" with a frequency: `f` times ``cos(wvar * x)``,
        also towards infinity, where `f` may decay slowly; "alg", "alg-loga", "alg-logb", "alg-log"
        with two powers: `f` times ``(x - a)**wvar[0] * (b - x)**wvar[1]``, and ``log(x - a)``,
        ``log(b - x)`` or both; "cauchy" with a place: the principal value of ``f(x)/(x - wvar)``.
        An array of frequencies or places makes a batch.
    wopts, maxp1, limlst
        For `scipy.integrate.quad` has them; the last two are lengths of arrays of full_output.
    complex_func
        `f` returns complex numbers (found out without, except when `vectorized`).
    method
        "auto": adaptive Gauss-Kronrod panels. "tanh-sinh": double-exponential integration, for `f`
        that is smooth inside the range however singular at its ends; some 100 to 400 evaluations,
        which see no peak narrower than about a twentieth of the range. No weight; `limit` is for
        pieces of 21 evaluations then.
    vectorized
        `f` takes an array of abscissae and returns as many values.
    workers
        None (all cores), a number of threads, or a pool. The result is the same for every number.
    deadline
        Seconds after which TimeoutError is raised.

    Returns a `QuadResult`, which unpacks as ``(integral, error)``. Warns with IntegrationWarning
    when it has not converged. Raises ValueError for nan limits, negative tolerances, limit < 1;
    what `f` raises. The GIL is released, except while Python code runs as
    integrand. Method: see docs/integration.md.

    >>> import fastconc, math
    >>> integral, error = fastconc.quad(lambda x: math.exp(-x * x), -math.inf, math.inf)
    >>> abs(integral - math.sqrt(math.pi)) <= error < 1e-8
    True
    """
    learned: bool | None = None
    if (
        points is weight is wvar is deadline is None
        and limit == _LIMIT
        and not (full_output or complex_func or vectorized)
        and type(args) is tuple
        and type(a) in _NUMBERS
        and type(b) in _NUMBERS
    ):
        # The short way was tried before: perhaps it only lacks the program.
        learned = learn(f, args, "quad")
        if learned:
            found = quad._short(  # type: ignore[attr-defined]
                f, a, b, args, epsabs=epsabs, epsrel=epsrel, method=method, workers=workers
            )
            if found is not None:
                return found
    return _quad(
        f, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar, maxp1, limlst,
        complex_func, vectorized, workers, deadline, learned is not False, method,
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
    maxp1: int,
    limlst: int,
    complex_func: bool,
    vectorized: bool,
    workers: Any,
    deadline: float | None,
    compiles: bool,
    method: str,
) -> Any:
    """Do what `quad` does, for any arguments."""
    result, job, n_panels = _integral(
        f, a, b, args, epsabs, epsrel, limit, points, weight, wvar, complex_func, vectorized,
        workers, deadline, compiles, method,
    )  # fmt: skip
    if full_output:
        return result.integral, result.error, *_more_output(
            result, job, n_panels, limit, points, weight, maxp1, limlst, complex_func,
            lambda c, d: _integral(
                f, c, d, args, epsabs, epsrel, _LIMIT, None, weight, wvar, complex_func,
                vectorized, workers, deadline,
            )[0],
        )  # fmt: skip
    if result.converged is not True and (job.shape is None or not result.converged.all()):
        warnings.warn(result.message, IntegrationWarning, stacklevel=3)
    return result


def _more_output(
    result: QuadResult, job: Job, n_panels: Any, limit: int, points: Any, weight: Any, maxp1: int,
    limlst: int, complex_func: bool, part: Callable[[float, float], QuadResult],
) -> tuple[Any, ...]:  # fmt: skip
    if job.shape is not None:
        return ({"neval": result.neval, "last": n_panels},)
    try:
        from fastconc import _infodict
    except ImportError:  # no NumPy
        info = {"neval": result.neval, "last": n_panels}
        return (info,) if result.converged else (info, result.message)

    breaks = None if points is None else list(_breaks(points))
    found = _infodict.of_range(
        part, job.a, job.b, result, _STATUS.index(result.status), 50 if limit == _LIMIT else limit,
        breaks, weight, maxp1, limlst,
    )  # fmt: skip
    return _infodict.of_complex(found) if complex_func else found


def quietly(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any,
    *,
    epsabs: float = 1.49e-8,
    epsrel: float = 1.49e-8,
    points: Any = None,
    weight: Any = None,
    wvar: Any = None,
    wopts: Any = None,
    maxp1: int = 50,
    limlst: int = 50,
    workers: Any = None,
    deadline: float | None = None,
) -> QuadResult:
    """Integrate as `quad` does one function over one range, and never warn."""
    return _integral(
        f, a, b, args, epsabs, epsrel, _LIMIT, points, weight, wvar, False, False, workers,
        deadline,
    )[0]  # fmt: skip


def _integral(
    f: Callable[..., Any],
    a: Any,
    b: Any,
    args: Any,
    epsabs: float,
    epsrel: float,
    limit: int,
    points: Any,
    weight: Any,
    wvar: Any,
    complex_func: bool,
    vectorized: bool,
    workers: Any,
    deadline: float | None,
    compiles: bool = True,
    method: str = "auto",
) -> tuple[QuadResult, Job, Any]:
    tanh_sinh = _is_tanh_sinh(method, weight)
    epsabs, epsrel = _tolerance("epsabs", epsabs), _tolerance("epsrel", epsrel)
    more = integer("limit", limit, 1, _MAX_LIMIT)
    places = _weight.several(weight, wvar)
    if places is not None:
        a, places = _weight.spread(a, places)
        wvar = places.flat[0] if places.size else 1.0
    job = Job(
        "quad", f, a, b, args, vectorized, deadline, bool(complex_func), _N_INFO, compiles
    )  # fmt: skip
    _check_limits(job)
    weighted = _weight.parse(weight, wvar)
    if weighted is not None:
        if places is not None or _weight.needs_each(weighted, job.a, job.b):
            result, n_panels = _each(
                job, places, f, epsabs, epsrel, limit, points, weight, wvar, complex_func,
                vectorized, workers,
            )  # fmt: skip
            return result, job, n_panels
        _weight.check_range(weighted, job.a, job.b)
    density = _DENSITY_PYTHON if job.serial else _DENSITY
    if job.shape is not None and job.out.shape[0] >= _SWEEP:
        density = _DENSITY_SWEEP
    breaks = None if points is None else _breaks(points)
    if weighted is not None and job.shape is None and math.isinf(job.a - job.b):
        raw = job.run(
            lambda: _fourier(job, weighted, epsabs, epsrel, more, density, breaks, workers)
        )
    else:
        raw = job.run(
            lambda: _core._quad(
                job.target, job.a, job.b, epsabs, epsrel, more, density, breaks, job.args,
                job.params, job.n_params, job.n_out, job.flags, job.out, workers, job.seconds,
                weighted, tanh_sinh,
            )
        )  # fmt: skip
    if job.shape is not None:
        result, n_panels = _batch(job)
    else:
        value, error, neval, n_panels, state, where = raw
        result = QuadResult(
            value, error, neval, state == 0, _STATUS[state], _message(state, where, more, tanh_sinh)
        )
    return result, job, n_panels


def _each(
    job: Job, places: Any, f: Any, epsabs: float, epsrel: float, limit: int, points: Any,
    weight: Any, wvar: Any, complex_func: bool, vectorized: bool, workers: Any,
) -> tuple[QuadResult, Any]:  # fmt: skip
    """Compute the integrals of a batch one by one, each with a weight of its own, or to infinity.

    These are of many parts each, which are computed in parallel.
    """
    import numpy as np

    assert job.shape is not None
    if places is not None:
        places = np.broadcast_to(places, job.shape).ravel()
    end = time.monotonic() + job.seconds
    for k in range(len(job.out)):
        left = end - time.monotonic() if job.seconds else None
        if left is not None and left <= 0:
            raise TimeoutError("the deadline has passed")
        own = () if job.params is None else tuple(map(float, job.params[k]))
        one, _, n_panels = _integral(
            f, float(job.a[k]), float(job.b[k]), own, epsabs, epsrel, limit, points, weight,
            wvar if places is None else float(places[k]), complex_func, vectorized, workers, left,
        )  # fmt: skip
        value = one.integral
        values = value if type(value) is tuple else (value,)
        if job.flags & COMPLEX:
            values = (value.real, value.imag)
        state = _STATUS.index(one.status)
        job.out[k] = (*values, one.error, one.neval, n_panels, state, math.nan)
    return _batch(job)


def _fourier(
    job: Job, weight: _weight.Weight, epsabs: float, epsrel: float, limit: int, density: int,
    breaks: array[float] | None, workers: Any,
) -> Any:  # fmt: skip
    """Integrate over an infinite range with the weight; the result is as _core._quad's."""
    if weight[0] == _weight.CAUCHY or (weight[0] == _weight.COS and weight[1] == 0):
        return _core._quad(
            job.target, job.a, job.b, epsabs, epsrel, limit, density, breaks, job.args, job.params,
            job.n_params, job.n_out, job.flags, None, workers, job.seconds,
            weight if weight[0] == _weight.CAUCHY else None, False,
        )  # fmt: skip
    n_out, end = job.n_out, time.monotonic() + job.seconds

    def arrays(count: int) -> tuple[Any, float]:
        if job.seconds and time.monotonic() >= end:
            raise TimeoutError("the deadline has passed")
        params = None if job.params is None else job.params * count
        return params, end - time.monotonic() if job.seconds else 0.0

    def integrate(lows: list[float], highs: list[float], smooth: bool) -> list[_weight.Part]:
        count, width = len(lows), n_out + _N_INFO
        params, seconds = arrays(count)
        out = array("d", bytes(8 * count * width))
        panels = 4 if smooth else density
        if count == 1:
            value, error, neval, used, state, _ = _core._quad(
                job.target, lows[0], highs[0], 0.02 * epsabs, 0.1 * epsrel, limit, panels, breaks,
                job.args, params, job.n_params, n_out, job.flags, None, workers, seconds, weight,
                False,
            )  # fmt: skip
            if job.flags & COMPLEX:
                value = (value.real, value.imag)
            return [([value] if n_out == 1 else list(value), error, neval, used, state)]
        _core._quad(
            job.target, array("d", lows), array("d", highs), 0.02 * epsabs, 0.1 * epsrel, limit,
            panels, breaks, job.args, params, job.n_params, n_out, job.flags, out, workers,
            seconds, weight, False,
        )  # fmt: skip
        rows = [out[k * width : (k + 1) * width].tolist() for k in range(count)]
        return [
            (row[:n_out], row[n_out], int(row[n_out + 1]), int(row[n_out + 2]), int(row[n_out + 3]))
            for row in rows
        ]

    def sample(places: list[float]) -> list[float]:
        params, seconds = arrays(len(places))
        out = array("d", bytes(8 * len(places) * n_out))
        lows = array("d", [x - abs(x) * 2.0**-20 for x in places])
        highs = array("d", [x + abs(x) * 2.0**-20 for x in places])
        _core._integrate(
            job.target, lows, highs, 1, 2, 5, job.args, params, job.n_params, n_out, job.flags,
            out, workers, seconds,
        )  # fmt: skip
        return [
            math.hypot(*out[k * n_out : (k + 1) * n_out]) / (highs[k] - lows[k])
            for k in range(len(places))
        ]

    low, high = min(job.a, job.b), max(job.a, job.b)
    flip = 1.0 if job.a < job.b else -1.0
    parts: list[tuple[float, float, float]] = []  # start, direction, sign of the contribution
    if math.isinf(high):
        parts.append((0.0 if math.isinf(low) else low, 1.0, flip))
    if math.isinf(low):
        parts.append((0.0 if math.isinf(high) else high, -1.0, -flip))
    values, error, neval, panels, state = [0.0] * n_out, 0.0, 0, 0, 0
    for start, direction, sign in parts if weight[1] != 0 else ():
        least = 2 * max((abs(x - start) for x in breaks or ()), default=0.0)
        found = _weight.fourier_tail(
            integrate, sample, weight, start, direction, least, epsabs / len(parts), epsrel
        )
        values = [v + sign * w for v, w in zip(values, found[0], strict=True)]
        error, neval, panels = error + found[1], neval + found[2], panels + found[3]
        state = state or found[4]
    value: Any = values[0] if n_out == 1 else tuple(values)
    if job.flags & COMPLEX:
        value = complex(*values)
    return value, error, neval, panels, state, math.nan


def _is_tanh_sinh(method: Any, weight: Any) -> bool:
    if method not in ("auto", "tanh-sinh"):
        raise ValueError(f'method must be "auto" or "tanh-sinh", not {method!r}')
    if method == "tanh-sinh" and weight is not None:
        raise ValueError('method="tanh-sinh" takes no weight; write it into f')
    return bool(method == "tanh-sinh")


def _message(state: int, where: float, limit: int, tanh_sinh: bool = False) -> str:
    if state == 0:
        return CONVERGED
    near = "" if math.isnan(where) else f" near x = {where:.17g}"
    if math.isinf(where):
        near = " towards infinity" if where > 0 else " towards minus infinity"
    if tanh_sinh and state == 1:
        return (
            "The tanh-sinh rule does not converge: f is not smooth inside the range. Give points= "
            'where it is not, or leave method= at "auto".'
        )
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


def _breaks(points: Any) -> array[float]:
    try:
        breaks = sorted({float(x) for x in points})
    except (TypeError, ValueError):
        raise TypeError(f"points must be a sequence of floats, not {points!r}") from None
    if any(x != x for x in breaks):
        raise ValueError("points must not hold nan")
    return array("d", [x for x in breaks if math.isfinite(x)])
