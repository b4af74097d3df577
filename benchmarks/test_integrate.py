# SPDX-License-Identifier: BSD-3-Clause
"""The lecture's sum and a harder integrand with fixed rules, beside NumPy, numexpr and Numba.

Each answer is checked before it is timed.
"""

import math
import os

import fastconc
import pytest

N = 10**7
WORKERS = sorted({1, 2, os.cpu_count() or 1})
LECTURE = 333.33328333335


def square(x):
    return x**2


def hard(x):
    return math.sin(x) * math.exp(-x * x) + 1 / (1 + x * x)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.benchmark(group="left sum of x**2, n = 10**7")
def test_lecture(benchmark, workers):
    assert fastconc.integrate(square, 0, 10, N, workers=workers) == pytest.approx(
        LECTURE, rel=1e-12
    )
    benchmark(fastconc.integrate, square, 0, 10, N, workers=workers)


@pytest.mark.benchmark(group="left sum of x**2, n = 10**7")
def test_lecture_numpy(benchmark):
    np = pytest.importorskip("numpy")

    def run():
        x = np.arange(N) * (10 / N)
        return (x**2).sum() * (10 / N)

    assert run() == pytest.approx(LECTURE, rel=1e-12)
    benchmark(run)


@pytest.mark.benchmark(group="left sum of x**2, n = 10**7")
def test_lecture_numba(benchmark):
    numba = pytest.importorskip("numba")

    @numba.njit(parallel=True, fastmath=True)
    def run(n):
        total, h = 0.0, 10 / n
        for i in numba.prange(n):
            total += (i * h) ** 2
        return total * h

    assert run(N) == pytest.approx(LECTURE, rel=1e-12)
    benchmark(run, N)


@pytest.mark.parametrize("workers", WORKERS)
@pytest.mark.benchmark(group="sin(x) exp(-x^2) + 1/(1 + x^2), n = 10**7")
def test_hard(benchmark, workers):
    got = fastconc.integrate(hard, 0, 10, N, workers=workers, rule="midpoint")
    assert got == pytest.approx(fastconc.quad(hard, 0, 10, epsrel=1e-13).integral, rel=1e-10)
    benchmark(fastconc.integrate, hard, 0, 10, N, workers=workers)


@pytest.mark.benchmark(group="sin(x) exp(-x^2) + 1/(1 + x^2), n = 10**7")
def test_hard_numexpr(benchmark):
    np = pytest.importorskip("numpy")
    numexpr = pytest.importorskip("numexpr")

    def run():
        x = np.arange(N) * (10 / N)
        return numexpr.evaluate(
            "sum(sin(x) * exp(-x * x) + 1 / (1 + x * x))", local_dict={"x": x}
        ) * (10 / N)

    assert float(run()) == pytest.approx(fastconc.integrate(hard, 0, 10, N), rel=1e-10)
    benchmark(run)


@pytest.mark.benchmark(group="sin(x) exp(-x^2) + 1/(1 + x^2), n = 10**7")
def test_hard_numba(benchmark):
    numba = pytest.importorskip("numba")

    @numba.njit(parallel=True)
    def run(n):
        total, h = 0.0, 10 / n
        for i in numba.prange(n):
            x = i * h
            total += math.sin(x) * math.exp(-x * x) + 1 / (1 + x * x)
        return total * h

    assert run(N) == pytest.approx(fastconc.integrate(hard, 0, 10, N), rel=1e-10)
    benchmark(run, N)
