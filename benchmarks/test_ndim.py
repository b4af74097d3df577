# SPDX-License-Identifier: BSD-3-Clause
"""cubature against SciPy's cubature and nquad, mcquad against SciPy's Sobol points and vegas.

Each answer is checked before it is timed. Peers get their fastest form: arrays where they take
arrays. `python -m pytest benchmarks/test_ndim.py -s` also prints errors at equal evaluations.
"""

import math
import os
import random
import statistics
import sys
import warnings
from pathlib import Path

import fastconc
import numpy as np
import pytest

integrate = pytest.importorskip("scipy.integrate")
qmc = pytest.importorskip("scipy.stats").qmc

# ---- cubature: the Python function that all take, to 1e-8 ----


def f2(x, y):
    return math.exp(-x * y) * math.sin(x + 2 * y)


def f3(x, y, z):
    return math.exp(-x * x - y * z) * math.cos(x + z)


def f2_rows(points):
    x, y = points.T
    return np.exp(-x * y) * np.sin(x + 2 * y)


def f3_rows(points):
    x, y, z = points.T
    return np.exp(-x * x - y * z) * np.cos(x + z)


def exact(f, n_dim):
    return fastconc.cubature(f, [0] * n_dim, [1] * n_dim, epsabs=0, epsrel=1e-12).integral


def by_fastconc(f, _, n_dim):
    return fastconc.cubature(f, [0] * n_dim, [1] * n_dim, epsabs=0, epsrel=1e-8).integral


def by_nquad(f, _, n_dim):
    return integrate.nquad(f, [[0, 1]] * n_dim, opts={"epsabs": 0, "epsrel": 1e-8})[0]


def by_cubature(_, rows, n_dim):
    return integrate.cubature(rows, [0] * n_dim, [1] * n_dim, rtol=1e-8, atol=0).estimate


def by_cubature_pointwise(f, _, n_dim):
    def rows(points):
        return np.array([f(*p) for p in points])

    return integrate.cubature(rows, [0] * n_dim, [1] * n_dim, rtol=1e-8, atol=0).estimate


CUBATURE = {
    "fastconc.cubature": by_fastconc,
    "scipy.nquad": by_nquad,
    "scipy.cubature, same function": by_cubature_pointwise,
    "scipy.cubature, NumPy": by_cubature,
}


@pytest.mark.parametrize("name", list(CUBATURE))
@pytest.mark.parametrize(("f", "rows", "n_dim"), [(f2, f2_rows, 2), (f3, f3_rows, 3)])
def test_cubature(benchmark, name, f, rows, n_dim):
    benchmark.group = f"cubature, {n_dim} dimensions, 1e-8"
    if not hasattr(integrate, "cubature") and name.startswith("scipy.cubature"):
        pytest.skip("this SciPy has no cubature")
    assert CUBATURE[name](f, rows, n_dim) == pytest.approx(exact(f, n_dim), rel=1e-7)
    benchmark.pedantic(CUBATURE[name], (f, rows, n_dim), rounds=5, iterations=1)


# ---- nquad, dblquad, tplquad: SciPy's calls, with SciPy's tolerances and the same functions ----


def peaked2(x, y):
    return math.exp(-50 * ((x - 0.4) ** 2 + (y - 0.6) ** 2))


def kinked2(x, y):
    return abs(x - 0.3) + abs(y - 0.7)


def polynomial3(x, y, z):
    return x * x * y + z**3


def product2(x, y):
    return x * y


def largest2(x, y):
    return max(x, y)


def jump2(x, y):
    return x if x + 2 * y < 1 else 0.0


SQUARE, CUBE = [(0, 1)] * 2, [(0, 1)] * 3
NESTED = {
    "2 dimensions, product": ("nquad", (product2, SQUARE)),
    "2 dimensions, smooth": ("nquad", (f2, SQUARE)),
    "2 dimensions, peaked": ("nquad", (peaked2, SQUARE)),
    "2 dimensions, kinked": ("nquad", (kinked2, SQUARE)),
    "2 dimensions, maximum": ("nquad", (largest2, SQUARE)),
    "2 dimensions, jump": ("nquad", (jump2, SQUARE)),
    "2 dimensions, triangle": ("nquad", (f2, [lambda y: (0, 1 - y), (0, 1)])),
    "triangle": ("dblquad", (f2, 0, 1, lambda x: 0.0, lambda x: 1 - x)),
    "3 dimensions, smooth": ("nquad", (f3, CUBE)),
    "3 dimensions, polynomial": ("nquad", (polynomial3, CUBE)),
    "tetrahedron": (
        "tplquad",
        (f3, 0, 1, lambda x: 0.0, lambda x: 1 - x, lambda x, y: 0.0, lambda x, y: 1 - x - y),
    ),
}
# The ones over the unit cube as scipy.integrate.cubature takes them.
NUMPY = {
    "2 dimensions, product": lambda p: p[:, 0] * p[:, 1],
    "2 dimensions, smooth": f2_rows,
    "2 dimensions, peaked": lambda p: np.exp(-50 * ((p[:, 0] - 0.4) ** 2 + (p[:, 1] - 0.6) ** 2)),
    "2 dimensions, kinked": lambda p: np.abs(p[:, 0] - 0.3) + np.abs(p[:, 1] - 0.7),
    "2 dimensions, maximum": lambda p: np.maximum(p[:, 0], p[:, 1]),
    "2 dimensions, jump": lambda p: np.where(p[:, 0] + 2 * p[:, 1] < 1, p[:, 0], 0),
    "3 dimensions, smooth": f3_rows,
    "3 dimensions, polynomial": lambda p: p[:, 0] ** 2 * p[:, 1] + p[:, 2] ** 3,
}


@pytest.mark.parametrize("package", [fastconc, integrate], ids=["fastconc", "scipy"])
@pytest.mark.parametrize("problem", list(NESTED))
def test_nested(benchmark, problem, package):
    """Warm: what a script pays that integrates often."""
    benchmark.group = f"nested integrals, {problem}"
    name, arguments = NESTED[problem]
    other = integrate if package is fastconc else fastconc
    run = getattr(package, name)
    assert run(*arguments)[0] == pytest.approx(getattr(other, name)(*arguments)[0], abs=1e-7)
    benchmark.pedantic(run, arguments, rounds=20, iterations=1, warmup_rounds=2)


# ---- Monte Carlo: a peak in 4 dimensions, evaluations per second ----

N = 400_000
WIDTH = 0.1


def peak(x, y, z, t):
    return math.exp(-((x - 0.4) ** 2 + (y - 0.4) ** 2 + (z - 0.4) ** 2 + (t - 0.4) ** 2) / 0.01)


def peak_rows(points):
    return np.exp(-((points - 0.4) ** 2).sum(axis=1) / 0.01)


EXACT_PEAK = (WIDTH * math.sqrt(math.pi) / 2 * (math.erf(6) + math.erf(4))) ** 4


def mc_by_fastconc(method):
    def run(seed):
        return fastconc.mcquad(peak, [0] * 4, [1] * 4, N, method=method, seed=seed).integral

    return run


def mc_by_sobol(seed):
    return peak_rows(qmc.Sobol(4, seed=seed).random(1 << 18)).mean()


def mc_by_vegas(seed):
    vegas = pytest.importorskip("vegas")
    import gvar

    gvar.ranseed(seed)
    integrator = vegas.Integrator([[0, 1]] * 4)
    f = vegas.lbatchintegrand(peak_rows)
    integrator(f, nitn=5, neval=N // 20)
    return integrator(f, nitn=10, neval=N * 3 // 40).mean


MONTE_CARLO = {
    "fastconc.mcquad, mc": mc_by_fastconc("mc"),
    "fastconc.mcquad, sobol": mc_by_fastconc("sobol"),
    "fastconc.mcquad, vegas": mc_by_fastconc("vegas"),
    "scipy.stats.qmc.Sobol, NumPy": mc_by_sobol,
    "vegas, NumPy batches": mc_by_vegas,
}


@pytest.mark.parametrize("name", list(MONTE_CARLO))
@pytest.mark.benchmark(group=f"Monte Carlo, 4 dimensions, {N} evaluations")
def test_monte_carlo(benchmark, name):
    run = MONTE_CARLO[name]
    results = [run(seed) for seed in range(5)]
    error = math.sqrt(statistics.mean((r - EXACT_PEAK) ** 2 for r in results)) / EXACT_PEAK
    assert error < 0.1
    print(f"\n{name}: relative error {error:.1e} (rms of 5)")
    benchmark.pedantic(run, (1,), rounds=5, iterations=1)


# ---- Genz's families: share solved against evaluations (Lyness and Kaganove's profiles) ----


@pytest.mark.skipif("FASTCONC_PROFILES" not in os.environ, reason="opt-in: set FASTCONC_PROFILES")
def test_profiles(capsys):
    """For 1e-3 and 1e-6: problems of 20 that are right, and that converged, by max_eval."""
    sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "python"))
    import genz
    import rough

    makers = {
        name: lambda n_dim, rng, name=name: genz.problem(name, n_dim, rng.randrange(1 << 30))
        for name in genz.DIFFICULTY
    }
    makers.update(rough.FAMILIES)
    budgets = (3_000, 10_000, 30_000, 100_000, 300_000, 1_000_000)
    wrong = n = 0
    with capsys.disabled():
        print(f"\n{'solved/converged of 20 by max_eval':40}", *(f"{b:>9,}" for b in budgets))
        for epsrel in (1e-3, 1e-6):
            for name, make in makers.items():
                for n_dim in (2, 3, 5, 8):
                    row = []
                    for budget in budgets:
                        solved = converged = 0
                        for seed in range(20):
                            f, args, exact = make(n_dim, random.Random(f"{name} {n_dim} {seed}"))
                            with warnings.catch_warnings():
                                warnings.simplefilter("ignore")
                                result = fastconc.cubature(
                                    f, [0] * n_dim, [1] * n_dim, args=args, epsabs=0,
                                    epsrel=epsrel, max_eval=budget,
                                )  # fmt: skip
                            true = abs(result.integral - exact)
                            solved += true <= epsrel * abs(exact)
                            converged += result.converged
                            n += 1
                            wrong += result.converged and true > 10 * epsrel * abs(exact)
                        row.append(f"{solved:>6}/{converged:<2}")
                    print(f"{name:16} {n_dim} dimensions, {epsrel:.0e}      ", *row)
        print(f"converged and wrong by ten tolerances: {wrong} of {n}")
    assert wrong <= 0.005 * n
