# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive integration in several dimensions: `cubature`."""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from fastconc import _core
from fastconc._errors import IntegrationWarning
from fastconc._integrand import integer, shortcut
from fastconc._integrate import CONVERGED, QuadResult
from fastconc._ndim import Problem

_RULES = {
    "auto": 0,
    "gauss-kronrod": 1,
    "genz-malik-7": 2,
    "genz-malik-9": 3,
    # As scipy.integrate.cubature names them.
    "gk15": 1,
    "gk21": 1,
    "genz-malik": 2,
}
_MAX_DIM = 20
_PROBES = (0, 512, 512, 3072)  # points that look for what the rule misses, by dimension
# As fc_cubature_outcome; the last: parts of a range that cancel each other.
_STATUS = ("converged", "limit", "roundoff", "nonfinite", "limit", "roundoff")
_SEVERITY = (0, 2, 1, 4, 3)  # of parts, that of the worst counts
_EPSABS, _EPSREL, _MAX_EVAL = 1e-10, 1e-6, 10_000_000
_MAX_PIECES = 4096
MOST_TO_AIM = 200_000
_MOST_EVALUATIONS = (1 << 63) - 1


def _finish(*found: Any) -> QuadResult:
    """Return what the short way found as `cubature` does."""
    result = _result(found)
    if not result.converged:
        warnings.warn(result.message, IntegrationWarning, stacklevel=2)
    return result


@partial(shortcut, finish=_finish)
def cubature(
    f: Callable[..., Any],
    lower: Any = None,
    upper: Any = None,
    *,
    epsabs: float = 1e-10,
    epsrel: float = 1e-6,
    max_eval: int = 10_000_000,
    args: tuple[Any, ...] = (),
    rule: str = "auto",
    vectorized: bool = False,
    workers: Any = None,
    deadline: float | None = None,
    a: Any = None,
    b: Any = None,
    rtol: float | None = None,
    atol: float | None = None,
    max_subdivisions: int | None = None,
    points: Any = None,
) -> QuadResult:
    """Integrate `f` over an n-dimensional range adaptively, with an error estimate.

    Parameters
    ----------
    f
        The integrand, called as ``f(x, y, ..., *args)`` with a float for each dimension, or as
        ``f(x, *args)`` with one parameter that is indexed (``x[0]``, ``x[1]``, ...); the signature
        tells which. A kernel, a plain function (compiled if it can be), a native function
        (``double (int, double *)``, ...), or any other callable. It may return a complex number,
        or several floats, whose integrals are computed together. A function of one parameter that
        cannot be called with one point is called as `scipy.integrate.cubature` does: with an array
        of points, one a row; the integral then has the shape of one value.
    lower, upper (or a, b)
        Limits, one per dimension (1 to 20; for more use `mcquad`). They may be infinite; reversed
        limits change the sign. An entry may be a function of the variables after its own, as in
        `scipy.integrate.nquad`: in ``upper=[lambda y: y, 1.0]`` x runs up to y.
    epsabs, epsrel
        Tolerances: wanted is an error of at most ``max(epsabs, epsrel * abs(integral))`` for each
        value.
    max_eval
        Most evaluations of `f`; at least what one box takes.
    rtol, atol, max_subdivisions
        What `scipy.integrate.cubature` calls `epsrel` and `epsabs`: where one is given, the other
        is 1e-8 or 0 as there. And as many cuts as are allowed, instead of `max_eval`.
    points
        Points (n_dim floats each) where `f` is rough or singular: the range is cut there at first.
    args
        Further arguments of `f`.
    rule
        "gauss-kronrod" (a tensor product of 15 points a dimension, in 1 or 2 dimensions; in more
        it would take too many, and the next but one is used), "genz-malik-7", "genz-malik-9"
        (fully symmetric rules of degree 7 and 9, from 2 dimensions), or "auto": the first in 1
        dimension, the last beyond. SciPy's names "gk15", "gk21" and "genz-malik" (degree 7) do.
    vectorized
        `f` takes arrays (one per dimension, or one of shape ``(n_dim, n)``, or SciPy's
        ``(n, n_dim)`` if it does not give n values otherwise) and returns n values.
    workers
        None or -1 (all cores), a number of threads, or a pool. The result is the same to the bit
        for every number.
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
    if rtol is not None or atol is not None:
        epsabs, epsrel = _scipy_tolerances(epsabs, epsrel, rtol, atol)
    if a is not None or b is not None:
        if lower is not None or upper is not None:
            raise TypeError("lower and a, upper and b are the same: give one of each")
        lower, upper = a, b
    if lower is None or upper is None:
        raise TypeError("cubature() needs the limits lower and upper")
    if type(workers) is int and workers == -1:
        workers = None
    result = integral_of(
        "cubature", f, lower, upper, args, epsabs, epsrel, max_eval, max_subdivisions, rule,
        vectorized, workers, deadline, points,
    )  # fmt: skip
    if not result.converged:
        warnings.warn(result.message, IntegrationWarning, stacklevel=2)
    return result


def integral_of(
    caller: str,
    f: Any,
    lower: Any,
    upper: Any,
    args: Any,
    epsabs: Any,
    epsrel: Any,
    max_eval: Any = _MAX_EVAL,
    max_subdivisions: Any = None,
    rule: Any = "auto",
    vectorized: bool = False,
    workers: Any = None,
    deadline: Any = None,
    points: Any = None,
    more: Sequence[tuple[Any, Any]] = (),
    aim: float | None = None,
) -> QuadResult:
    """Do what `cubature` does, and do not warn.

    more: limits of further parts of the range. aim: a relative tolerance that is tried first, but
    need not be reached.
    """
    kind = _RULES.get(rule, -1) if isinstance(rule, str) else -1
    if kind < 0:
        raise ValueError(f"rule must be one of {', '.join(_RULES)}, not {rule!r}")
    absolute, relative = _tolerance("epsabs", epsabs), _tolerance("epsrel", epsrel)
    problem = Problem(caller, f, lower, upper, args, vectorized, deadline)
    _check_dimension(caller, problem.n_dim, rule)
    kind = 0 if kind == 1 and problem.n_dim > 2 else kind
    least = _core._cubature_points(kind, problem.n_dim)
    most = _most_evaluations(max_eval, max_subdivisions, least, problem.n_dim)
    ranges = [problem.limits, *(problem.range_of(*part) for part in more)]
    if points is not None:
        ranges = _cut_at(points, problem)

    def one(limits: Any, epsabs: float, epsrel: float, most: int) -> Any:
        probes = _PROBES[min(problem.n_dim, 3)]
        if problem.serial and problem.n_dim > 1:
            probes = 256 if problem.n_dim == 2 else 384
        return _core._cubature(
            problem.target, problem.args, limits, problem.n_out, problem.flags, epsabs, epsrel,
            most, kind, min(probes, (most - least) // 4), workers, problem.seconds,
        )  # fmt: skip

    def of_all(relative: float, most: int) -> Any:
        if len(ranges) == 1:
            return one(ranges[0], absolute, relative, most)
        return _of_parts(ranges, one, absolute, relative, most, least)

    def call() -> Any:
        if aim is not None and aim < relative:
            found = of_all(aim, max(least, min(most, MOST_TO_AIM)))
            pairs = zip(_columns(found[0]), _columns(found[1]), strict=True)
            if all(e <= max(absolute, relative * abs(i)) for i, e in pairs):
                return (*found[:3], 0 if found[3] != 3 else 3, *found[4:])
        return of_all(relative, most)

    found = problem.run(call)
    return _result(found, problem)


def _result(found: Any, problem: Problem | None = None) -> QuadResult:
    """Return what _core._cubature found as the user sees it."""
    integral, error, neval, outcome, n_bad, zero, n_boxes = found
    status = _STATUS[outcome]
    if status == "converged" and zero:
        status = "zero"
    if problem is not None:
        integral, error = problem.shaped(integral), problem.error(error)
    result = QuadResult(
        integral, error, neval, status == "converged", status,
        _message(status, neval, n_bad, outcome),
    )  # fmt: skip
    result.subdivisions = max(n_boxes - 1, 0)
    return result


def _scipy_tolerances(epsabs: Any, epsrel: Any, rtol: Any, atol: Any) -> tuple[Any, Any]:
    """Return epsabs and epsrel, where one at least has SciPy's name."""
    for name, theirs, other, own, default in (
        ("rtol", rtol, "epsrel", epsrel, _EPSREL),
        ("atol", atol, "epsabs", epsabs, _EPSABS),
    ):
        if theirs is not None:
            _tolerance(name, theirs)
            if own != default:
                raise TypeError(f"{name} and {other} are the same: give one of them")
    if rtol is None:
        rtol = 1e-8 if epsrel == _EPSREL else epsrel
    if atol is None:
        atol = 0.0 if epsabs == _EPSABS else epsabs
    return atol, rtol


def _most_evaluations(max_eval: Any, max_subdivisions: Any, least: int, n_dim: int) -> int:
    most = integer("max_eval", max_eval, 1, 1 << 1024)
    if most < least:
        raise ValueError(
            f"max_eval must be at least {least}, the points of one box in {n_dim} dimensions, "
            f"not {most}"
        )
    if max_subdivisions is not None and max_subdivisions != math.inf:
        cuts = integer("max_subdivisions", max_subdivisions, 0, 1 << 1024)
        # There a box is cut into 2**n_dim, here into 2. What probes for peaks comes before.
        boxes = least * (cuts << n_dim)
        most = min(most, least + boxes + min(boxes // 4, _PROBES[min(n_dim, 3)]))
    return min(most, _MOST_EVALUATIONS)


def _cut_at(points: Any, problem: Problem) -> list[tuple[Any, ...]]:
    """Return the limits of the boxes that the range is cut into at some points."""
    n_dim, limits = problem.n_dim, problem.limits
    if any(type(limit) is not float for limit in limits):
        raise ValueError("points are for limits that are numbers, not functions")
    boxes = [limits]
    for k, point in enumerate(points):
        entries = list(point) if hasattr(point, "__iter__") else [point]
        try:
            at = [float(x) for x in entries]
        except (TypeError, ValueError):
            raise TypeError(f"points[{k}] must be {n_dim} floats, not {point!r}") from None
        if len(at) != n_dim or any(x != x for x in at):
            raise ValueError(f"points[{k}] must be {n_dim} floats, not {point!r}")
        for b, box in enumerate(boxes):
            ends = [
                (min(box[d], box[n_dim + d]), max(box[d], box[n_dim + d])) for d in range(n_dim)
            ]
            if all(low <= x <= high for x, (low, high) in zip(at, ends, strict=True)):
                boxes[b : b + 1] = _halves(box, at)
                break
        if len(boxes) > _MAX_PIECES:
            raise ValueError(
                f"points cut the range into more than {_MAX_PIECES} boxes: give fewer of them"
            )
    return boxes


def _halves(box: tuple[Any, ...], at: list[float]) -> list[tuple[Any, ...]]:
    """Cut a box at a point across every axis where it is inside."""
    n_dim = len(at)
    sides = []
    for d, x in enumerate(at):
        low, high = box[d], box[n_dim + d]
        sides.append([(low, high)] if x in (low, high) else [(low, x), (x, high)])
    return [
        (*(side[0] for side in sides), *(side[1] for side in sides))
        for sides in itertools.product(*sides)
    ]


def _of_parts(
    ranges: list[Any], one: Callable[..., Any], absolute: float, relative: float, most: int,
    least: int,
) -> Any:  # fmt: skip
    """Add up the integrals over the parts of a range; as _core._cubature has results."""
    epsabs, epsrel, used = absolute / len(ranges), relative, 0
    reserve = most // (8 * len(ranges))  # for each of the parts to come
    for again in (True, False):
        outcomes = []
        for n_later, limits in zip(range(len(ranges))[::-1], ranges, strict=True):
            left = most - used - n_later * reserve
            outcomes.append(one(limits, epsabs, epsrel, max(left, least)))
            used += outcomes[-1][2]
        sums = [_columns(o[0]) for o in outcomes], [_columns(o[1]) for o in outcomes]
        integral, error = ([math.fsum(c) for c in zip(*s, strict=True)] for s in sums)
        allowed = [max(absolute, relative * abs(i)) for i in integral]
        worst = max((o[3] for o in outcomes), key=_SEVERITY.__getitem__)
        if all(e <= a for e, a in zip(error, allowed, strict=True)):
            worst = 0  # a small part need not be known to as many digits as the whole
        elif worst == 0:
            # The parts cancel each other in some value: all must be known to its digits.
            epsabs, epsrel, worst = min(allowed) / len(ranges), 0.0, 5
            if again and used < most:
                continue
        break
    n_bad, zero = sum(o[4] for o in outcomes), all(o[5] for o in outcomes)
    kind, n_boxes = outcomes[0][0], sum(o[6] for o in outcomes)
    return _like(kind, integral), _like(kind, error), used, worst, n_bad, zero, n_boxes


def _columns(value: Any) -> tuple[float, ...]:
    if isinstance(value, complex):
        return value.real, value.imag
    return value if isinstance(value, tuple) else (value,)


def _like(kind: Any, values: list[float]) -> Any:
    if isinstance(kind, complex):
        return complex(*values)
    return tuple(values) if isinstance(kind, tuple) else values[0]


def _message(status: str, neval: int, n_bad: int, outcome: int) -> str:
    if status == "converged":
        return CONVERGED
    if status == "roundoff" and outcome != 5:
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
    if outcome == 5:
        return "The parts of the range cancel each other: relax the tolerances."
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


def _check_dimension(caller: str, n_dim: int, rule: str) -> None:
    if n_dim > _MAX_DIM:
        raise ValueError(f"{caller} takes at most {_MAX_DIM} dimensions, not {n_dim}: use mcquad")
    if rule.startswith("genz-malik") and n_dim < 2:
        raise ValueError(f"rule {rule!r} needs at least 2 dimensions")
