# SPDX-License-Identifier: BSD-3-Clause
"""Genz's six families ("Testing multidimensional integration routines", 1984), closed forms."""

import math
import random
from collections.abc import Callable

# Sums of the difficulty parameters, as usual for these families.
DIFFICULTY = {
    "oscillatory": 9.0,
    "product_peak": 7.25,
    "corner_peak": 1.85,
    "gaussian": 7.03,
    "continuous": 20.4,
    "discontinuous": 4.3,
}
SMOOTH = ("oscillatory", "product_peak", "corner_peak", "gaussian")


def problem(
    family: str, n_dim: int, seed: int
) -> tuple[Callable[..., float], tuple[float, ...], float]:
    """(f(x, a, w), (a, w), integral over the unit cube); f takes one indexed parameter."""
    rng = random.Random(f"{family} {n_dim} {seed}")
    a = [rng.random() for _ in range(n_dim)]
    scale = DIFFICULTY[family] / sum(a)
    a = [scale * v for v in a]
    w = [rng.random() for _ in range(n_dim)]
    return _FUNCTIONS[family], (tuple(a), tuple(w)), _exact(family, a, w)


def _oscillatory(x, a, w):
    s = 2 * math.pi * w[0]
    for k in range(len(a)):
        s += a[k] * x[k]
    return math.cos(s)


def _product_peak(x, a, w):
    p = 1.0
    for k in range(len(a)):
        p *= 1 / (1 / a[k] ** 2 + (x[k] - w[k]) ** 2)
    return p


def _corner_peak(x, a, w):
    s = 1.0
    for k in range(len(a)):
        s += a[k] * x[k]
    return s ** -(len(a) + 1)


def _gaussian(x, a, w):
    s = 0.0
    for k in range(len(a)):
        s += a[k] ** 2 * (x[k] - w[k]) ** 2
    return math.exp(-s)


def _continuous(x, a, w):
    s = 0.0
    for k in range(len(a)):
        s += a[k] * abs(x[k] - w[k])
    return math.exp(-s)


def _discontinuous(x, a, w):
    s = 0.0
    for k in range(len(a)):
        s += a[k] * x[k]
    return 0.0 if x[0] > w[0] or x[1] > w[1] else math.exp(s)


_FUNCTIONS = {
    "oscillatory": _oscillatory,
    "product_peak": _product_peak,
    "corner_peak": _corner_peak,
    "gaussian": _gaussian,
    "continuous": _continuous,
    "discontinuous": _discontinuous,
}


def _exact(family, a, w):
    if family == "oscillatory":
        s = 2 * math.pi * w[0] + sum(a) / 2
        return math.cos(s) * math.prod(math.sin(v / 2) / (v / 2) for v in a)
    if family == "product_peak":
        return math.prod(
            v * (math.atan(v * (1 - c)) + math.atan(v * c)) for v, c in zip(a, w, strict=True)
        )
    if family == "corner_peak":
        import mpmath  # 2**n terms of alternating sign

        with mpmath.workdps(60):
            total = mpmath.mpf(0)
            for mask in range(1 << len(a)):
                s = 1 + sum(mpmath.mpf(v) for k, v in enumerate(a) if mask >> k & 1)
                total += (-1) ** mask.bit_count() / s
            return float(total / (mpmath.factorial(len(a)) * mpmath.fprod(a)))
    if family == "gaussian":
        return math.prod(
            math.sqrt(math.pi) / (2 * v) * (math.erf(v * (1 - c)) + math.erf(v * c))
            for v, c in zip(a, w, strict=True)
        )
    if family == "continuous":
        return math.prod(
            (2 - math.exp(-v * c) - math.exp(-v * (1 - c))) / v for v, c in zip(a, w, strict=True)
        )
    return math.prod(math.expm1(v * (w[k] if k < 2 else 1)) / v for k, v in enumerate(a))
