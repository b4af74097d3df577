# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive integration in several dimensions: `cubature`."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

from fastconc import _core
from fastconc._errors import IntegrationWarning
from fastconc._integrand import integer
from fastconc._integrate import QuadResult
from fastconc._ndim import Problem

_RULES = {"auto": 0, "gauss-kronrod": 1, "genz-malik-7": 2, "genz-malik-9": 3}
_MAX_DIM = 20
_PROBES = (0, 512, 1024, 4096)  # points that look for what the rule misses, by dimension
_STATUS = ("converged", "limit", "roundoff", "nonfinite", "limit")
_MOST_EVALUATIONS = (1 << 63) - 1


def cubature(
    f: Callable[..., Any],
    lower: Any,
    upper: Any,
    *,
    epsabs: float = 1e-10,
    epsrel: float = 1e-6,
    max_eval: int = 10_000_000,
    args: tuple[Any, ...] = (),
    rule: str = "auto",
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
) -> QuadResult:
    """Integrate `f` over an n-dimensional range adaptively, with an error estimate.

    Parameters
    ----------
    f
        The integrand, called as ``f(x, y, ..., *args)`` with a float for each dimension, or as
        ``f(x, *args)`` with one parameter that is indexed (``x[0]``, ``x[1]``, ...); the signature
        tells which. A kernel, a plain function (compiled if it can be), a native function
        (``double (int, double *)``, ...), or any other callable. It may return a complex number,
        or several floats, whose integrals are computed together.
    lower, upper
        Limits, one per dimension (1 to 20; for more use `mcquad`). They may be infinite; reversed
        limits change the sign. An entry may be a function of the variables after its own, as in
        `scipy.integrate.nquad`: in ``upper=[lambda y: y, 1.0]`` x runs up to y.
    epsabs, epsrel
        Tolerances: wanted is an error of at most ``max(epsabs, epsrel * abs(integral))`` for each
        value.
    max_eval
        Most evaluations of `f`; at least what one box takes.
    args
        Further arguments of `f`.
    rule
        "gauss-kronrod" (15 points a dimension, 1 or 2 dimensions), "genz-malik-7", "genz-malik-9"
        (fully symmetric rules of degree 7 and 9, from 2 dimensions), or "auto": the first up to 2
        dimensions, the last beyond.
    vectorized
        `f` takes arrays (one per dimension, or one of shape ``(n_dim, n)``) and returns n values.
    workers
        None (all cores), a number of threads, or a pool. The result is the same to the bit for
        every number.
    deadline
        Seconds after which TimeoutError is raised.

    Returns a `QuadResult`, which unpacks as ``(integral, error)``. Its status is "converged",
    "limit", "roundoff", "nonfinite" (nan or inf: the error is inf) or "zero" (all values were 0 in
    3 dimensions or more, or nearly all: nothing, or something small that was missed). Warns with
    IntegrationWarning when it has not converged. Raises ValueError for nan limits, limits of
    different lengths, negative tolerances, max_eval too small; TypeError for a wrong number of
    parameters; what `f` raises. The GIL is released, except while Python code runs.
    Method: see docs/integration-nd.md.

    >>> import fastconc, math
    >>> result = fastconc.cubature(lambda x, y: math.exp(-x * y), [0, 0], [1, 2])
    >>> abs(result.integral - 1.3192633561) < 1e-6
    True
    """
    kind = _RULES.get(rule, -1) if isinstance(rule, str) else -1
    if kind < 0:
        raise ValueError(f"rule must be one of {', '.join(_RULES)}, not {rule!r}")
    absolute, relative = _tolerance("epsabs", epsabs), _tolerance("epsrel", epsrel)
    problem = Problem("cubature", f, lower, upper, args, vectorized, deadline)
    _check_dimension(problem.n_dim, rule)
    least = _core._cubature_points(kind, problem.n_dim)
    most = integer("max_eval", max_eval, 1, 1 << 1024)
    if most < least:
        raise ValueError(
            f"max_eval must be at least {least}, the points of one box in {problem.n_dim} "
            f"dimensions, not {most}"
        )
    most = min(most, _MOST_EVALUATIONS)

    def call() -> Any:
        probes = 512 if problem.serial else _PROBES[min(problem.n_dim, 3)]
        n_probe = min(probes, (most - least) // 4)
        return _core._cubature(
            problem.target, problem.args, problem.limits, problem.n_out, problem.flags, absolute,
            relative, most, kind, n_probe, workers, problem.seconds,
        )  # fmt: skip

    integral, error, neval, outcome, n_bad, zero = problem.run(call)
    status = _STATUS[outcome]
    if status == "converged" and zero:
        status = "zero"
    result = QuadResult(
        integral, problem.error(error), neval, status == "converged", status,
        _message(status, neval, n_bad, outcome),
    )  # fmt: skip
    if status != "converged":
        warnings.warn(result.message, IntegrationWarning, stacklevel=2)
    return result


def _message(status: str, neval: int, n_bad: int, outcome: int) -> str:
    if status == "converged":
        return "The error estimate is within the tolerance."
    if status == "roundoff":
        return "Rounding errors prevent the tolerance from being reached."
    if status == "nonfinite":
        return (
            f"The integrand was nan or inf at {n_bad} of {neval} points, left out of the integral."
        )
    if status == "zero":
        return (
            f"The integrand was 0 at all, or all but a few, of {neval} points. If it is not 0 "
            "everywhere, its support is too small to be found: narrow the range, or try mcquad "
            "with a large n."
        )
    if outcome == 4:
        return "The tolerance needs more boxes than memory should hold; try mcquad, or relax it."
    return (
        f"max_eval is reached after {neval} evaluations. The integrand is rough, or has many "
        "dimensions: raise max_eval, relax the tolerances, or use mcquad."
    )


def _tolerance(name: str, value: Any) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        raise TypeError(f"{name} must be a float, not {value!r}") from None
    if not number >= 0:
        raise ValueError(f"{name} must be at least 0, not {value!r}")
    return number


def _check_dimension(n_dim: int, rule: str) -> None:
    if n_dim > _MAX_DIM:
        raise ValueError(f"cubature takes at most {_MAX_DIM} dimensions, not {n_dim}: use mcquad")
    if rule == "gauss-kronrod" and n_dim > 2:
        raise ValueError(f"rule 'gauss-kronrod' is for 1 or 2 dimensions, not {n_dim}")
    if rule.startswith("genz-malik") and n_dim < 2:
        raise ValueError(f"rule {rule!r} needs at least 2 dimensions")
