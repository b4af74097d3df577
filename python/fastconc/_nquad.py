# SPDX-License-Identifier: BSD-3-Clause
"""`nquad`, `dblquad` and `tplquad`: integrals in several variables as SciPy writes them.

Of nested integrals, one over a range in n dimensions is made, for `cubature`. What only a nested
integral can have (a weight, a `limit` ...) is integrated as one, by `quad` of `quad`.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable, Sequence
from typing import Any

from fastconc._cubature import integral_of
from fastconc._errors import IntegrationWarning
from fastconc._integrand import shortcut
from fastconc._integrate import QuadResult
from fastconc._ndim import End, Turned, between

_TOLERANCE = 1.49e-8  # SciPy's, absolute and relative
# There nested rules of 21 points reach far more digits than that, if the integrand is not rough,
# and scripts rely on it. So, where nothing else is asked for, these are tried first.
_AIM = 5e-10
_PLAIN = {"epsabs", "epsrel", "limit", "points"}
_NESTED = {"weight", "wvar", "wopts", "maxp1", "limlst"}
_MAX_PIECES = 64


@shortcut
def nquad(
    func: Callable[..., Any],
    ranges: Sequence[Any],
    args: Any = None,
    opts: Any = None,
    full_output: bool = False,
    *,
    workers: Any = None,
    deadline: float | None = None,
) -> Any:
    """Integrate over several variables, as `scipy.integrate.nquad` does.

    Parameters
    ----------
    func
        The integrand, called as ``func(x0, ..., xn, t0, ..., tm)`` with floats and `args`. As for
        `cubature`: a kernel, a plain function, a native function, or any other callable.
    ranges
        For each variable, the innermost first, a pair of limits, or a function of the variables
        after it and `args` that returns one: ``ranges[0]`` is called as
        ``ranges[0](x1, ..., xn, t0, ..., tm)``. Limits may be infinite.
    args
        Further arguments.
    opts
        Options of `quad`: a dict for all variables, or for each a dict or a function with the
        parameters of its range that returns one. `epsabs` and `epsrel` (1.49e-8; the least of all
        variables counts), `points` (where the integrand is rough; they may depend on the outer
        variables), `limit` (without effect), and `weight` and `wvar`, which make a nested integral
        of it: slow in more than 2 dimensions.
    full_output
        Return a tuple ``(integral, error, {"neval": evaluations})``, and never warn.
    workers, deadline
        As for `cubature`.

    Returns a `QuadResult`, which unpacks as ``(integral, error)``: the error of the whole integral.
    Warns with IntegrationWarning when it has not converged.

    >>> import fastconc, math
    >>> result = fastconc.nquad(lambda x, y: math.exp(-x * y), [lambda y: (0, y), (0, 2)])
    >>> abs(result.integral - 1.4057790335) < 1e-8
    True
    """
    try:
        n_dim = len(ranges)
    except TypeError:
        raise TypeError(f"ranges must be a sequence of ranges, not {ranges!r}") from None
    if n_dim == 0:
        raise ValueError("ranges must have at least one entry")
    own = () if args is None else args if isinstance(args, tuple) else (args,)
    result = _integral(func, list(ranges), own, _options(opts, n_dim), workers, deadline)
    if full_output:
        return result.integral, result.error, {"neval": result.neval}
    if not result.converged:
        warnings.warn(result.message, IntegrationWarning, stacklevel=2)
    return result


@shortcut
def dblquad(
    func: Callable[..., Any],
    a: float,
    b: float,
    gfun: Any,
    hfun: Any,
    args: tuple[Any, ...] = (),
    epsabs: float = _TOLERANCE,
    epsrel: float = _TOLERANCE,
    *,
    workers: Any = None,
    deadline: float | None = None,
) -> QuadResult:
    """Integrate ``func(y, x, *args)`` for x from `a` to `b` and y from ``gfun(x)`` to ``hfun(x)``.

    As `scipy.integrate.dblquad` does: `gfun` and `hfun` are floats or functions. Returns a
    `QuadResult`, which unpacks as ``(integral, error)``; see `nquad` and `cubature`.

    >>> import fastconc
    >>> round(fastconc.dblquad(lambda y, x: x * y, 0, 1, lambda x: x, lambda x: 2 - x).integral, 9)
    0.333333333
    """
    return _integral_of_limits(
        "dblquad", func, [gfun, a], [hfun, b], args, epsabs, epsrel, workers, deadline
    )


@shortcut
def tplquad(
    func: Callable[..., Any],
    a: float,
    b: float,
    gfun: Any,
    hfun: Any,
    qfun: Any,
    rfun: Any,
    args: tuple[Any, ...] = (),
    epsabs: float = _TOLERANCE,
    epsrel: float = _TOLERANCE,
    *,
    workers: Any = None,
    deadline: float | None = None,
) -> QuadResult:
    """Integrate ``func(z, y, x, *args)`` over a range in three dimensions.

    As `scipy.integrate.tplquad` does: x runs from `a` to `b`, y from ``gfun(x)`` to ``hfun(x)``, z
    from ``qfun(x, y)`` to ``rfun(x, y)``, each a float or a function. Returns a `QuadResult`, which
    unpacks as ``(integral, error)``; see `nquad` and `cubature`.

    >>> import fastconc
    >>> result = fastconc.tplquad(lambda z, y, x: x * y * z, 1, 2, 2, 3, 0, lambda x, y: x - y + 3)
    >>> round(result.integral, 9)
    14.28125
    """
    return _integral_of_limits(
        "tplquad", func, [qfun, gfun, a], [rfun, hfun, b], args, epsabs, epsrel, workers, deadline
    )


def _integral_of_limits(
    caller: str, func: Any, lower: list[Any], upper: list[Any], args: Any, epsabs: Any,
    epsrel: Any, workers: Any, deadline: float | None,
) -> QuadResult:  # fmt: skip
    """Integrate for `dblquad` and `tplquad`: z's limits, if there is a z, are functions of x, y."""
    has_z = len(lower) == 3
    aim = _AIM if epsrel == _TOLERANCE else None
    if has_z:
        lower, upper = [_turned(lower[0]), *lower[1:]], [_turned(upper[0]), *upper[1:]]
    result = integral_of(
        caller, func, lower, upper, args, epsabs, epsrel, workers=workers, deadline=deadline,
        aim=aim,
    )  # fmt: skip
    if not result.converged:
        warnings.warn(result.message, IntegrationWarning, stacklevel=3)
    return result


def _turned(limit: Any) -> Any:
    """Return a limit of z as a function of y and x, as the variables come here."""
    return Turned(limit) if callable(limit) else limit


def _options(opts: Any, n_dim: int) -> list[Any]:
    if opts is None:
        return [{}] * n_dim
    if isinstance(opts, dict) or callable(opts):
        return [opts] * n_dim
    if len(opts) != n_dim:
        raise ValueError(f"opts must have one entry per range, {n_dim}, not {len(opts)}")
    return list(opts)


def _pair(k: int, value: Any) -> tuple[float, float]:
    try:
        low, high = value
        return float(low), float(high)
    except (TypeError, ValueError):
        raise TypeError(f"ranges[{k}] must be two floats or a function, not {value!r}") from None


def _integral(
    func: Any, ranges: list[Any], args: tuple[Any, ...], opts: list[Any], workers: Any,
    deadline: float | None,
) -> QuadResult:  # fmt: skip
    n_dim = len(ranges)
    ranges = [r if callable(r) else _pair(k, r) for k, r in enumerate(ranges)]
    known: list[dict[str, Any]] = [{}] * n_dim  # options at some place inside
    if any(callable(o) for o in opts):
        point: list[float] = []
        for k in reversed(range(n_dim)):
            low, high = ranges[k](*point, *args) if callable(ranges[k]) else ranges[k]
            known[k] = opts[k](*point, *args) if callable(opts[k]) else opts[k]
            point.insert(0, between(float(low), float(high)))
    else:
        known = opts
    for options in known:
        for name in options:
            if name not in _PLAIN and name not in _NESTED:
                raise TypeError(f"opts: quad() has no option {name!r} here")
    if any(options.get("weight") is not None for options in known):
        from fastconc._nested import nested

        return nested(func, ranges, args, opts, workers, deadline)
    epsabs, epsrel = (
        min(options.get(name, _TOLERANCE) for options in known) for name in ("epsabs", "epsrel")
    )
    pieces = [
        _pieces(r, args, o, options) for r, o, options in zip(ranges, opts, known, strict=True)
    ]
    if math.prod(map(len, pieces)) > _MAX_PIECES:
        raise ValueError(f"points cut the range into more than {_MAX_PIECES} parts")
    parts: list[Any] = [list(zip(*part, strict=True)) for part in itertools.product(*pieces)]
    lower, upper = parts[0]
    return integral_of(
        "nquad", func, lower, upper, args, epsabs, epsrel, workers=workers,
        deadline=deadline, more=parts[1:], aim=_AIM if epsrel == _TOLERANCE else None,
    )  # fmt: skip


class _Part(End):
    """One side of the part of a range between two of its points."""

    compiles = False

    def __init__(
        self, ends: Any, points: Any, args: tuple[Any, ...], number: int, side: int, last: bool
    ) -> None:
        super().__init__(ends, side, args)
        self.points, self.number = points, math.inf if last and side else number + side

    def __call__(self, *outer: float) -> Any:
        low, high = self.function(*outer, *self.args) if callable(self.function) else self.function
        edges = _edges(low, high, self.points(*outer, *self.args).get("points", ()))
        return edges[int(min(self.number, len(edges) - 1))]


def _edges(low: float, high: float, points: Any) -> list[float]:
    low, high = float(low), float(high)
    least, most = min(low, high), max(low, high)
    inside = sorted({x for x in map(float, points) if least < x < most}, reverse=low > high)
    return [low, *inside, high]


def _pieces(ends: Any, args: tuple[Any, ...], opt: Any, known: dict[str, Any]) -> list[Any]:
    """Return the limits of the parts that a range is cut into by its points."""
    points = known.get("points")
    if points is None:
        return [(End(ends, 0, args), End(ends, 1, args))] if callable(ends) else [ends]
    if not callable(ends) and not callable(opt):
        edges = _edges(ends[0], ends[1], points)
        return list(itertools.pairwise(edges)) if edges[0] != edges[-1] else [ends]
    at = opt if callable(opt) else lambda *_: opt
    return [
        tuple(_Part(ends, at, args, k, side, k == len(points)) for side in (0, 1))
        for k in range(len(points) + 1)
    ]
