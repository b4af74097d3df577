# SPDX-License-Identifier: BSD-3-Clause
"""The weights of `quad`: what SciPy's names mean, and Fourier integrals over infinite ranges."""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise
from typing import Any

COS, SIN, ALG, CAUCHY = range(4)  # as in src/core/quad/fc_weight.h
Weight = tuple[int, float, float, float, bool, bool]
_ALGEBRAIC = {
    "alg": (False, False),
    "alg-loga": (True, False),
    "alg-logb": (False, True),
    "alg-log": (True, True),
}
NAMES = ("cos", "sin", *_ALGEBRAIC, "cauchy")


def parse(weight: Any, wvar: Any) -> Weight | None:
    """Return what `_core` takes for `weight`; None when there is none."""
    if weight is None:
        if wvar is not None:
            raise ValueError(f"wvar={wvar!r} belongs to a weight, but weight is None")
        return None
    if weight not in NAMES:
        raise ValueError(f"weight must be one of {', '.join(NAMES)}, not {weight!r}")
    if weight in _ALGEBRAIC:
        try:
            alpha, beta = map(float, wvar)
        except (TypeError, ValueError):
            raise TypeError(
                f"wvar must be two floats (alpha, beta) for the weight {weight!r}, not {wvar!r}"
            ) from None
        for name, power in (("alpha", alpha), ("beta", beta)):
            if not (power > -1 and math.isfinite(power)):
                raise ValueError(f"wvar: {name} must be above -1 and finite, not {power}")
        return (ALG, 0.0, alpha, beta, *_ALGEBRAIC[weight])
    try:
        number = float(wvar)
    except (TypeError, ValueError):
        raise TypeError(f"wvar must be a float for the weight {weight!r}, not {wvar!r}") from None
    if not math.isfinite(number):
        raise ValueError(f"wvar must be finite, not {number}")
    kind = {"cos": COS, "sin": SIN, "cauchy": CAUCHY}[weight]
    return (kind, number, 0.0, 0.0, False, False)


def check_range(weight: Weight, a: Any, b: Any) -> None:
    """Raise ValueError where the weight makes no sense on [a, b] (floats or arrays)."""
    kind = weight[0]
    if kind == ALG:
        for name, limit in (("a", a), ("b", b)):
            if not _all_finite(limit):
                raise ValueError(f"{name} must be finite for an algebraic weight, not {limit}")
    elif kind == CAUCHY:
        for name, limit in (("a", a), ("b", b)):
            if not _all(limit != weight[1]):
                raise ValueError(f"wvar must not equal the limit {name}, {weight[1]}: it diverges")


def several(weight: Any, wvar: Any) -> Any:
    """Return the frequencies or places as an array if there are several; else None."""
    if weight not in ("cos", "sin", "cauchy") or not hasattr(wvar, "__len__"):
        return None
    import numpy as np

    try:
        places = np.asarray(wvar, dtype=np.float64)
    except (TypeError, ValueError):
        raise TypeError(f"wvar must be a float or an array of floats, not {wvar!r}") from None
    if not np.isfinite(places).all():
        raise ValueError("wvar must be finite, but holds nan or infinity")
    return places if places.ndim else None


def spread(a: Any, places: Any) -> tuple[Any, Any]:
    """Return limits and places in their common shape."""
    import numpy as np

    try:
        limits, places = np.broadcast_arrays(np.asarray(a, dtype=np.float64), places)
    except ValueError:
        raise ValueError(
            f"a and wvar do not broadcast together: shapes {np.shape(a)} and {places.shape}"
        ) from None
    return np.array(limits), places


def needs_each(weight: Weight, a: Any, b: Any) -> bool:
    """Tell whether a batch holds Fourier integrals to infinity."""
    one = type(a) is float and type(b) is float
    return weight[0] in (COS, SIN) and not one and not (_all_finite(a) and _all_finite(b))


def _all(truth: Any) -> bool:
    return bool(truth.all()) if hasattr(truth, "all") else bool(truth)


def _all_finite(limit: Any) -> bool:
    return _all(abs(limit) < math.inf)


# ---- Fourier integrals towards infinity ----

_PERIODS = 24  # half-periods beyond the finite part, whose integrals are extrapolated
_OCTAVES, _PER_OCTAVE = 48, 24
_STRETCHES = 5

# (value, error, neval, panels, state) of integrals over the ranges a[k], b[k] with the weight;
# whether f is known to be smooth there
Part = tuple[list[float], float, int, int, int]
Integrate = Callable[[list[float], list[float], bool], list[Part]]
Sample = Callable[[list[float]], list[float]]  # the norm of f at some places


def fourier_tail(
    integrate: Integrate, sample: Sample, weight: Weight, start: float, sign: float, least: float,
    epsabs: float, epsrel: float,
) -> Part:  # fmt: skip
    """Integrate f times cos or sin from `start` to sign * infinity.

    Up to a zero of the weight, at least so far as `least`, as usual; then half-period by
    half-period, whose integrals alternate and are summed by the epsilon algorithm (as Piessens et
    al., QUADPACK's QAWF, 1983). That is right if f goes on as smoothly as it looks there, so it
    is looked at far out as well: while it jumps or rises, the finite part is stretched.
    """
    kind, omega = weight[:2]
    half = math.pi / abs(omega)
    length = max(8 * half, min(8.0, 2000 * half), least)
    value, error, neval, panels, state = [0.0], math.inf, 0, 0, 3
    for attempt in range(_STRETCHES):
        first = math.ceil((start + sign * length) * sign / half) + 1
        shift = 0.5 if kind == COS else 0.0
        zeros = [sign * half * (first + k + shift) for k in range(_PERIODS + 1)]
        plain, empty = _is_plain(sample, start, zeros[0], sign)
        neval += _OCTAVES * _PER_OCTAVE
        if plain or attempt == _STRETCHES - 1:
            parts = integrate([start], [zeros[0]], False)
            tails = integrate(zeros[:-1], zeros[1:], True) if plain and not empty else []
            neval += sum(part[2] for part in parts + tails)
            panels += sum(part[3] for part in parts + tails)
            value, tail_error = list(parts[0][0]), 0.0 if plain else math.inf
            for o in range(len(value) if tails else 0):
                tail, uncertain = epsilon([part[0][o] for part in tails])
                value[o] += tail
                tail_error = math.hypot(tail_error, uncertain)
            error = sum(part[1] for part in parts + tails) + tail_error
            if error <= max(epsabs, epsrel * math.hypot(*value)):
                return value, error, neval, panels, 0
            state = next((part[4] for part in parts + tails if part[4]), 3)
        length *= 8
    return value, error, neval, panels, state


def _is_plain(sample: Sample, start: float, beyond: float, sign: float) -> tuple[bool, bool]:
    """Tell whether f only falls beyond, without jumps, and whether it is 0 there.

    Its values on a geometric grid tell, so far.
    """
    reach = abs(beyond - start)
    grid = [start + sign * reach * 2.0 ** (k / _PER_OCTAVE) for k in range(_OCTAVES * _PER_OCTAVE)]
    values = [abs(v) for v in sample(grid)]
    top = values[0]
    if top == 0:
        empty = not any(v != 0 for v in values if math.isfinite(v))
        return empty, empty
    floor = 1e-15 * top
    steps = []
    for v, w in pairwise(values):
        if not (v > floor and w > floor):  # nan as well, far out where f is long negligible
            break
        if w > v * (1 + 1e-12):
            return False, False
        steps.append(math.log(v / w))
    n = len(steps)
    if n == 0 or any(v > 2 * floor for v in values[n + 1 :]):
        return False, False
    if any(now > 1.5 * before + 0.05 for before, now in pairwise(steps)):
        return False, False  # a fall that is none of exp's or a power's
    if n + 1 == len(values):
        return values[-1] < 0.7 * top, False
    # Nor may f end within one step: an exponential falls faster and faster before it does.
    last = math.log(values[n] / values[n + 1]) if values[n + 1] > 0 else math.inf
    return steps[-1] > 0.1 or last < 1.5 * steps[-1] + 0.05, False


def epsilon(terms: list[float]) -> tuple[float, float]:
    """Return the sum of an alternating series by Wynn's epsilon algorithm, and its uncertainty."""
    partial, total = [], 0.0
    for term in terms:
        total += term
        partial.append(total)
    largest = max(map(abs, terms))
    if largest == 0:
        return 0.0, 0.0
    before, now = [0.0] * (len(partial) + 1), partial
    estimates = []
    for column in range(1, len(partial)):
        after = []
        for k in range(len(now) - 1):
            difference = now[k + 1] - now[k]
            if difference == 0:
                return now[k], 1e-15 * largest
            after.append(before[k + 1] + 1 / difference)
        before, now = now, after
        if column % 2 == 0:
            estimates.append((now[-1], now[-2] if len(now) > 1 else now[-1]))
    best, error = total, math.inf
    for (last, _), (value, beside) in pairwise(estimates):
        change = abs(value - last) + abs(value - beside)
        if change < error:
            best, error = value, change
    return best, 5 * error + 1e-15 * largest
