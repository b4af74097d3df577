# SPDX-License-Identifier: BSD-3-Clause
"""Needles of any width: bounds of what the compiled function computes lead to them."""

import math
import random
from math import cosh, exp

import fastconc
import pytest

pytestmark = pytest.mark.filterwarnings("ignore")
INF = math.inf
ROOT_PI = math.sqrt(math.pi)


def gauss(x, c, w):
    return exp(-(((x - c) / w) ** 2))


def triangle(x, c, w):
    return max(0.0, 1 - abs(x - c) / w)


ALONE = {
    "line": (gauss, -INF, INF, ROOT_PI),
    "half": (gauss, 0, INF, ROOT_PI),
    "wide": (gauss, -1e6, 1e7, ROOT_PI),
    "sech": (lambda x, c, w: 1 / cosh((x - c) / w), -INF, INF, math.pi),
    "triangle": (triangle, -INF, INF, 1.0),
    "cusp": (lambda x, c, w: exp(-abs(x - c) / w), 0, 20, 2.0),
    "pair": (lambda x, c, w: (gauss(x, c, w), 2 * gauss(x, c, w)), 0, 20, ROOT_PI),
}


@pytest.mark.parametrize("name", list(ALONE))
def test_a_needle_alone_is_found(name):
    f, a, b, area = ALONE[name]
    for seed in range(20):
        r = random.Random(f"{seed}{name}")
        c, w = r.uniform(0.5, 19), 10 ** r.uniform(-7, -2)
        result = fastconc.quad(f, a, b, args=(c, w), epsabs=0, epsrel=1e-6)
        integral = result.integral[0] if name == "pair" else result.integral
        off = abs(integral / (area * w) - 1)
        assert off <= 1e-6 or not result.converged, (c, w, result)
        assert off < 1e-4 or (name == "cusp" and off < 0.5), (c, w, result)
        assert name == "pair" or off * area * w <= result.error + 1e-9 * w, (c, w, result)
        assert result.neval < 100_000


BESIDE = {
    "tall": (lambda x, c, w: exp(-x * x) + gauss(x, c, w) / w, -INF, INF, 2 * ROOT_PI, 0.0),
    "low": (lambda x, c, w: exp(-x * x) + gauss(x, c, w), -INF, INF, ROOT_PI, ROOT_PI),
    "tail": (lambda x, c, w: exp(-x) + gauss(x, c, w), 0, INF, 1.0, ROOT_PI),
    "wave": (lambda x, c, w: math.cos(x) + 3 * triangle(x, c, w), 0, 2, math.sin(2), 3.0),
    "black": (lambda x, c, w: 1 / (1 + x * x) + 1 / cosh((x - c) / w), 0, 2, math.atan(2), math.pi),
}


@pytest.mark.parametrize("name", list(BESIDE))
def test_a_needle_beside_something_is_found(name):
    f, a, b, wide, area = BESIDE[name]
    for seed in range(30):
        r = random.Random(f"{seed}{name}")
        c, w = r.uniform(0.2, 1.8), 10 ** r.uniform(-6, -2)
        result = fastconc.quad(f, a, b, args=(c, w))
        off = abs(result.integral - wide - area * w)
        assert result.converged and off <= 1.49e-8 * max(1, abs(result.integral)), (c, w, result)
        assert off <= result.error + 1e-15, (c, w, result)
        assert result.neval < 100_000


def test_two_needles():
    def f(x):
        return exp(-x * x) + gauss(x, 0.7, 1e-4) / 1e-4 + 2 * gauss(x, -1.3, 1e-5) / 1e-5

    result = fastconc.quad(f, -INF, INF)
    assert result.converged
    assert abs(result.integral - 4 * ROOT_PI) < 1e-7


@pytest.mark.parametrize("scale", [1e-3, 1e-9, 1e-50, 1e-150, 1e-290])
def test_a_function_that_is_over_next_to_its_limit_is_found(scale):
    result = fastconc.quad(lambda x: exp(-x / scale) / scale, 0, INF)
    assert result.converged
    assert abs(result.integral - 1) < 1e-8
    result = fastconc.quad(lambda x: exp(-abs(x) / scale) / scale, -INF, INF)
    assert result.converged
    assert abs(result.integral - 2) < 1e-7


def test_what_is_0_is_0():
    for f in (lambda x: 0.0, lambda x: max(0.0, -x - 1), lambda x: 0 * math.sin(x)):
        result = fastconc.quad(f, 0, INF)
        assert result.converged
        assert result.integral == 0


def test_with_batches_and_workers_alike():
    np = pytest.importorskip("numpy")
    c, w = np.linspace(1, 9, 70), np.logspace(-6, -3, 70)
    results = [
        fastconc.quad(gauss, -INF, INF, args=(c, w), epsabs=0, epsrel=1e-6, workers=n)
        for n in (1, 2, 3)
    ]
    assert np.all(np.abs(results[0].integral / (ROOT_PI * w) - 1) < 1e-6)
    for other in results[1:]:
        assert np.array_equal(results[0].integral, other.integral)
