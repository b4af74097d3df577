# SPDX-License-Identifier: BSD-3-Clause
"""cubature over R^n: Gaussians and their like converge; what decays otherwise is not claimed."""

import math
import random
import warnings

import pytest
from fastconc import IntegrationWarning, cubature

INF = math.inf


def _solve(f, n_dim, args=(), **keywords):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        return cubature(
            f,
            [-INF] * n_dim,
            [INF] * n_dim,
            args=args,
            epsabs=0,
            **{"max_eval": 500_000} | keywords,
        )


def _gaussian(x, n):
    s = 0.0
    for k in range(n):
        s += x[k] ** 2
    return math.exp(-s)


def _shifted(x, n):
    s = 0.0
    for k in range(n):
        s += ((x[k] - 3 - 0.37 * k) / 0.5) ** 2
    return math.exp(-s)


def _moments(x, n):
    s = 0.0
    p = 1.0
    for k in range(n):
        s += x[k] ** 2
        p *= x[k] ** 2
    return p * math.exp(-s / 2)


def _waves(x, n):
    s = 0.0
    t = 0.0
    for k in range(n):
        s += x[k] ** 2
        t += x[k]
    return math.cos(t) * math.exp(-s)


@pytest.mark.parametrize(
    ("f", "each", "n_dim"),
    [
        *((_gaussian, math.sqrt(math.pi), n) for n in (3, 4, 5, 6, 7, 8)),
        *((_shifted, math.sqrt(math.pi) / 2, n) for n in (3, 4)),
        *((_moments, math.sqrt(2 * math.pi), n) for n in (3, 4, 5)),
        *((_waves, math.sqrt(math.pi) * math.exp(-0.25), n) for n in (3, 4, 5)),
    ],
)
def test_gaussians_converge(f, each, n_dim):
    result = _solve(f, n_dim, (n_dim,))
    exact = each**n_dim
    assert result.converged
    assert abs(result.integral - exact) <= result.error + 1e-13 * exact
    assert result.error <= 1e-6 * exact


def test_correlated_reversed_and_several_values():
    f = lambda x, y, z: math.exp(-x * x - y * y - z * z - 0.5 * x * y)  # noqa: E731
    exact = math.pi**1.5 / math.sqrt(1 - 1 / 16)
    assert _solve(f, 3).integral == pytest.approx(exact, rel=1e-7)
    reversed_ = cubature(f, [INF, -INF, -INF], [-INF, INF, INF])
    assert reversed_.integral == pytest.approx(-exact, rel=1e-6)
    several = _solve(lambda x, y, z: (math.exp(-x * x - y * y - z * z), math.exp(-x * x - 2 * (y * y + z * z))), 3)  # fmt: skip  # noqa: E501
    assert several.integral == pytest.approx((math.pi**1.5, math.pi**1.5 / 2), rel=1e-6)


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda x, y, z: 1 / ((1 + x * x) * (1 + y * y) * (1 + z * z)), math.pi**3),
        (lambda x, y, z: math.exp(-abs(x) - abs(y) - abs(z)), 8.0),
        (
            lambda x, y, z: math.exp(-x * x - y * y - z * z) * (1.5 if x < 0.3 else 1.0),
            math.pi**1.5 * (1.25 + 0.25 * math.erf(0.3)),
        ),
        (
            lambda x, y, z: (
                math.exp(-x * x - y * y - z * z) + math.exp(-((x - 6) ** 2) - y * y - z * z)
            ),
            2 * math.pi**1.5,
        ),
        (lambda x, y, z: math.exp(-((x * x + y * y + z * z) ** 2)), 3.8497600953),
    ],
)
@pytest.mark.parametrize("epsrel", [1e-3, 1e-6])
def test_what_is_no_gaussian_is_told_apart(f, exact, epsrel):
    result = _solve(f, 3, epsrel=epsrel)
    assert abs(result.integral - exact) <= 1.01 * result.error + 1e-9 * exact
    assert not result.converged or result.error <= 1.01 * epsrel * exact


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_same_bits_over_the_whole_space(workers):
    one, other = (_solve(_shifted, 4, (4,), workers=w) for w in (1, workers))
    assert tuple(one) == tuple(other) and one.neval == other.neval and one.converged


@pytest.mark.parametrize("distance", [4, 6, 8, 12, 20])
@pytest.mark.parametrize("width", [0.5, 1.0, 2.0])
def test_a_second_bell_far_away(distance, width):
    def f(x, y):
        near = math.exp(-x * x - y * y)
        return near + math.exp(-((x - distance) ** 2 + (y + distance) ** 2) / width**2)

    result = cubature(f, [-INF] * 2, [INF] * 2)
    exact = math.pi * (1 + width**2)
    assert not result.converged or abs(result.integral - exact) <= result.error <= 1e-6 * exact


@pytest.mark.parametrize("lower", [-INF, 0.0])
def test_a_second_bell_in_three_dimensions(lower):
    result = cubature(
        lambda x, y, z: (
            math.exp(-((x - 2) ** 2) - (y - 3) ** 2 - z * z)
            + math.exp(-((x - 15) ** 2) - (y - 20) ** 2 - (z - 1) ** 2)
        ),
        [lower, 0, -INF], [INF] * 3, epsrel=1e-4,
    )  # fmt: skip
    sides = [math.erfc(-c) for c in (2, 15, 3, 20)]
    x = [math.sqrt(math.pi) / 2 * (2 if lower else s) for s in sides[:2]]
    y = [math.sqrt(math.pi) / 2 * s for s in sides[2:]]
    exact = math.sqrt(math.pi) * (x[0] * y[0] + x[1] * y[1])
    assert result.converged and abs(result.integral - exact) <= 1e-4 * exact


def _correlated(x, c, a):
    s = 0.0
    n = len(c)
    for i in range(n):
        for j in range(n):
            s += a[i * n + j] * (x[i] - c[i]) * (x[j] - c[j])
    return math.exp(-s / 2)


def correlated(n_dim, rng):
    """Its axes in random directions, 0.1 to 100 long, in ratios up to 5."""
    axes = []
    for _ in range(n_dim):  # Gram and Schmidt
        v = [rng.gauss(0, 1) for _ in range(n_dim)]
        for other in axes:
            dot = sum(p * q for p, q in zip(v, other, strict=True))
            v = [p - dot * q for p, q in zip(v, other, strict=True)]
        size = math.hypot(*v)
        axes.append([p / size for p in v])
    size = 10 ** rng.uniform(-1, 1.3)
    sigma = [size * 10 ** rng.uniform(0, 0.7) for _ in range(n_dim)]
    a = [
        sum(v[i] * v[j] / s**2 for v, s in zip(axes, sigma, strict=True))
        for i in range(n_dim)
        for j in range(n_dim)
    ]
    c = tuple(size * rng.gauss(0, 1) for _ in range(n_dim))
    return (c, tuple(a)), math.prod(math.sqrt(2 * math.pi) * s for s in sigma)


@pytest.mark.parametrize("n_dim", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("epsrel", [1e-3, 1e-7])
def test_gaussians_whose_axes_are_not_the_coordinates(n_dim, epsrel):
    converged = 0
    for seed in range(4):
        args, exact = correlated(n_dim, random.Random(f"correlated {n_dim} {seed}"))
        result = _solve(_correlated, n_dim, args, epsrel=epsrel)
        assert not result.converged or abs(result.integral - exact) <= epsrel * exact
        converged += result.converged
    assert converged >= 3
