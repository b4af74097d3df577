# SPDX-License-Identifier: BSD-3-Clause
"""Integrands that are not smooth, or only just, over the unit cube, with closed forms.

Each maker takes (n_dim, rng) and returns (f(x, *args), args, integral).
"""

import math


def _kink_across(x, c):
    return abs(x[0] - c)


def kink_across(n_dim, rng):
    c = rng.random()
    return _kink_across, (c,), (c * c + (1 - c) ** 2) / 2


def _kinks(x, c):
    s = 0.0
    for k in range(len(c)):
        s += abs(x[k] - c[k])
    return s


def kinks(n_dim, rng):
    c = tuple(rng.random() for _ in range(n_dim))
    return _kinks, (c,), sum((v * v + (1 - v) ** 2) / 2 for v in c)


def _jump(x, c):
    return 1.0 if x[0] < c else 0.0


def jump(n_dim, rng):
    c = rng.random()
    return _jump, (c,), c


def _box(x, low, high):
    inside = 1.0
    for k in range(len(low)):
        inside *= 1.0 if low[k] < x[k] and x[k] < high[k] else 0.0
    return inside


def box(n_dim, rng):
    ends = [sorted((rng.random(), rng.random())) for _ in range(n_dim)]
    low, high = (tuple(e[i] for e in ends) for i in range(2))
    return _box, (low, high), math.prod(b - a for a, b in ends)


def _largest(x, n_dim):
    m = x[0]
    for k in range(1, n_dim):
        m = m if m > x[k] else x[k]
    return m


def largest(n_dim, rng):
    """A kink on every diagonal."""
    return _largest, (n_dim,), n_dim / (n_dim + 1)


def _ridge(x, w, last):
    return (1 + x[last]) / (1 + ((x[0] - x[1]) / w) ** 2)


def ridge(n_dim, rng):
    """Along the diagonal, a tenth to a thousandth wide."""
    w = 10 ** rng.uniform(-3, -1)
    return _ridge, (w, n_dim - 1), 1.5 * (2 * w * math.atan(1 / w) - w * w * math.log1p(1 / w**2))


def _ball(x, c, r):
    s = 0.0
    for k in range(len(c)):
        s += (x[k] - c[k]) ** 2
    return 1.0 if s < r * r else 0.0


def ball(n_dim, rng):
    r = rng.uniform(0.15, 0.35)
    c = tuple(rng.uniform(r, 1 - r) for _ in range(n_dim))
    return _ball, (c, r), math.pi ** (n_dim / 2) * r**n_dim / math.gamma(n_dim / 2 + 1)


def _peak(x, c, w):
    s = 0.0
    for k in range(len(c)):
        s += ((x[k] - c[k]) / w) ** 2
    return math.exp(-s)


def peak(n_dim, rng):
    """A tenth to three thousandths wide, anywhere."""
    w = 10 ** rng.uniform(-2.5, -1)
    c = tuple(rng.random() for _ in range(n_dim))
    sides = (math.erf((1 - v) / w) + math.erf(v / w) for v in c)
    return _peak, (c, w), math.prod(w * math.sqrt(math.pi) / 2 * s for s in sides)


def _power(x, p, n_dim):
    s = 1.0
    for k in range(n_dim):
        s *= x[k] ** p
    return s


def power(n_dim, rng):
    """Singular on faces: of the function itself or of a derivative."""
    p = rng.uniform(-0.6, 0.7)
    return _power, (p, n_dim), (1 + p) ** -n_dim


FAMILIES = {
    f.__name__: f
    for f in (kink_across, kinks, jump, box, largest, ridge, ball, peak, power)
}  # fmt: skip
