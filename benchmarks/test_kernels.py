# SPDX-License-Identifier: BSD-3-Clause
"""Kernels over arrays beside NumPy, numexpr and Numba: one group per expression and size.

    pytest benchmarks/test_kernels.py --benchmark-group-by=group

Every answer is compared with plain Python before it is timed. FASTCONC_BENCH_LARGE=1 adds
10**7 elements.
"""

import math
import os

import numpy as np
import pytest
from fastconc import kernel

SIZES = [1_000, 100_000] + ([10_000_000] if os.environ.get("FASTCONC_BENCH_LARGE") else [])


def polynomial(x):
    r = 0.1
    for c in (0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9):
        r = r * x + c
    return r


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def haversine(x):
    a = math.sin(x / 2) ** 2 + math.cos(x) * math.cos(0.3) * math.sin((x - 0.3) / 2) ** 2
    return 12742 * math.asin(math.sqrt(min(1.0, abs(a) / 2)))


def black_scholes(s):
    d1 = (math.log(s / 5.0) + 0.065) / 0.3
    d2 = d1 - 0.3
    n1 = 0.5 * (1 + math.erf(d1 / 1.4142135623730951))
    n2 = 0.5 * (1 + math.erf(d2 / 1.4142135623730951))
    return s * n1 - 5.0 * 0.98 * n2


def logistic_map(x):
    x = x / 10
    for _ in range(100):
        x = 3.5 * x * (1 - x)
    return x


def newton_sqrt(a):
    x = a
    for _ in range(20):
        x = 0.5 * (x + a / x)
    return x


def piecewise(x):
    if x < 2:
        return x * x
    elif x < 5:
        return 4 * x - 4
    return 16 + math.sqrt(x - 5)


def mandelbrot(x):
    zr = zi = 0.0
    for n in range(50):
        if zr * zr + zi * zi > 4:
            return n
        zr, zi = zr * zr - zi * zi + (x / 4 - 2), 2 * zr * zi + 0.1
    return 50


NUMEXPR = {
    polynomial: "(((((((0.1*x+0.2)*x-0.3)*x+0.4)*x+0.5)*x-0.6)*x+0.7)*x+0.8)*x-0.9",
    softplus: "where(x>0,x,0)+log1p(exp(-abs(x)))",
    piecewise: "where(x<2,x*x,where(x<5,4*x-4,16+sqrt(abs(x-5))))",
}


def numpy_polynomial(x):
    r = 0.1
    for c in (0.2, -0.3, 0.4, 0.5, -0.6, 0.7, 0.8, -0.9):
        r = r * x + c
    return r


def numpy_haversine(x):
    a = np.sin(x / 2) ** 2 + np.cos(x) * np.cos(0.3) * np.sin((x - 0.3) / 2) ** 2
    return 12742 * np.arcsin(np.sqrt(np.minimum(1.0, np.abs(a) / 2)))


def numpy_logistic(x):
    x = x / 10
    for _ in range(100):
        x = 3.5 * x * (1 - x)
    return x


def numpy_newton(a):
    x = a
    for _ in range(20):
        x = 0.5 * (x + a / x)
    return x


NUMPY = {
    polynomial: numpy_polynomial,
    softplus: lambda x: np.maximum(x, 0) + np.log1p(np.exp(-np.abs(x))),
    haversine: numpy_haversine,
    logistic_map: numpy_logistic,
    newton_sqrt: numpy_newton,
    piecewise: lambda x: np.where(
        x < 2, x * x, np.where(x < 5, 4 * x - 4, 16 + np.sqrt(np.abs(x - 5)))
    ),
}
FUNCTIONS = [
    *(polynomial, softplus, haversine, black_scholes, logistic_map, newton_sqrt, piecewise),
    mandelbrot,
]


def fastconc_peer(f):
    return kernel(f)


def numpy_peer(f):
    return NUMPY.get(f) or pytest.skip("no NumPy form")


def numexpr_peer(f):
    numexpr = pytest.importorskip("numexpr")
    text = NUMEXPR.get(f) or pytest.skip("no numexpr form")
    return lambda x: numexpr.evaluate(text, {"x": x})


def numba_peer(f):
    numba = pytest.importorskip("numba")
    result = "int64" if f is mandelbrot else "float64"
    return numba.vectorize([f"{result}(float64)"], target="parallel")(f)


@pytest.mark.parametrize("peer", [fastconc_peer, numpy_peer, numexpr_peer, numba_peer])
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.parametrize("f", FUNCTIONS)
def test_map(benchmark, f, n, peer):
    x = np.random.default_rng(0).uniform(0.5, 9.5, n)
    run = peer(f)
    check = x[:200]
    expected = [f(v) for v in check.tolist()]
    np.testing.assert_allclose(run(check), expected, rtol=1e-9, atol=1e-12)
    benchmark.group = f"{f.__name__} {n}"
    benchmark(run, x)
