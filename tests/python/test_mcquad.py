# SPDX-License-Identifier: BSD-3-Clause
"""mcquad: pulls, reproducibility, many dimensions, what must not be trusted, bad input."""

import math
import os
import pickle
import random
import threading
import warnings

import fastconc
import genz
import numpy as np
import pytest
from fastconc import IntegrationWarning, mcquad

LONG = bool(os.environ.get("FASTCONC_LONG_TESTS"))
METHODS = ("mc", "sobol", "vegas")
INF = math.inf


def smooth(x, y, z):
    return math.exp(-x * y) + z * z


EXACT_SMOOTH = 0.796599599297053134 + 1 / 3


def peak(x, y, z, s):
    return math.exp(-((x - 0.4) ** 2 + (y - 0.4) ** 2 + (z - 0.4) ** 2) / s**2)


def exact_peak(s):
    return (s * math.sqrt(math.pi) / 2 * (math.erf(0.6 / s) + math.erf(0.4 / s))) ** 3


# ---- answers and their errors ----


@pytest.mark.parametrize("method", METHODS)
def test_result(method):
    result = mcquad(smooth, [0] * 3, [1] * 3, 50_000, method=method, seed=1)
    integral, error = result
    assert (integral, error) == (result.integral, result.error)
    assert abs(integral - EXACT_SMOOTH) < 5 * error
    assert result.converged and result.status == "converged" and result.seed == 1
    assert 25_000 <= result.neval <= 50_000
    assert result.dof >= 9 and result.chi2_dof < 4
    again = pickle.loads(pickle.dumps(result))
    assert again == result and again.chi2 == result.chi2 and again.seed == 1
    assert "chi2" in repr(result)


@pytest.mark.parametrize("method", METHODS)
def test_pulls(method, capsys):
    """Over many seeds: 93 to 97 % of the pulls within 2 standard errors, none beyond 6."""
    seeds = 2000 if LONG else 400
    pulls = []
    for name, f, args, exact in [
        ("smooth", smooth, (), EXACT_SMOOTH),
        ("peak", peak, (0.1,), exact_peak(0.1)),
    ]:
        own = []
        for seed in range(seeds):
            result = mcquad(f, [0] * 3, [1] * 3, 16_000, method=method, seed=seed, args=args)
            own.append(abs(result.integral - exact) / result.error)
        pulls += own
        with capsys.disabled():
            within = 100 * sum(p <= 2 for p in own) / len(own)
            print(f"\n{method} {name}: {within:.1f} % within 2, largest {max(own):.2f}", end="")
    share = sum(p <= 2 for p in pulls) / len(pulls)
    assert 0.93 <= share <= 0.975
    assert max(pulls) < 6


@pytest.mark.parametrize("n", [2**12, 2**14, 16_000, 20_000, 2**16, 100_000])
def test_an_error_rests_on_many_replicates(n):
    """With 13 of them Student's tails put one pull in 45,000 beyond 6, with 25 one in 700,000."""
    result = mcquad(peak, [0] * 3, [1] * 3, n, seed=1, args=(0.3,))
    assert 24 <= result.dof < 50


def test_control_variates_do_not_hide_a_narrow_peak():
    """Polynomials of more terms than the points determine once gave pulls of 5 among these."""
    pulls = []
    for seed in [1189, *range(2_000_000, 2_000_000 + (2000 if LONG else 150))]:
        r = mcquad(peak, [0] * 3, [1] * 3, 20_000, seed=seed, args=(0.1,))
        pulls.append(abs(r.integral - exact_peak(0.1)) / r.error)
    assert max(pulls) < 6 and sum(p <= 2 for p in pulls) > 0.9 * len(pulls)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("family", genz.DIFFICULTY)
def test_genz_families(family, method):
    for n_dim in (2, 5, 10):
        f, args, exact = genz.problem(family, n_dim, 7)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IntegrationWarning)
            result = mcquad(f, [0] * n_dim, [1] * n_dim, 50_000, method=method, seed=2, args=args)
        assert abs(result.integral - exact) < 6 * result.error + 1e-14
        if method == "sobol" and family in genz.SMOOTH:
            assert result.error < 0.02 * abs(exact) + 1e-6


def test_the_map_helps_on_peaks_and_nets_on_smooth_functions():
    errors = {
        method: mcquad(peak, [0] * 3, [1] * 3, 100_000, method=method, seed=3, args=(0.05,)).error
        for method in METHODS
    }
    assert errors["sobol"] < errors["vegas"] < errors["mc"] / 5
    plain = mcquad(peak, [0] * 3, [1] * 3, 100_000, seed=3, args=(0.05,), adapt=False)
    assert not plain.mapped and plain.error > errors["sobol"]
    errors = [mcquad(smooth, [0] * 3, [1] * 3, n, seed=3).error for n in (10**4, 10**6)]
    assert errors[1] < errors[0] / 50  # plain Monte Carlo: a tenth


def test_better_than_one_scrambled_net_on_a_peak():
    from scipy.stats import qmc

    def f(x):
        s = 0.0
        for k in range(5):
            s += (x[k] - 0.4) ** 2
        return math.exp(-s / 0.0025)

    exact, n = exact_peak(0.05) ** (5 / 3), 2**16
    ours = [mcquad(f, [0] * 5, [1] * 5, n, seed=s).integral - exact for s in range(10)]
    theirs = []
    for s in range(10):
        u = qmc.Sobol(5, seed=s).random(n)
        theirs.append(np.exp(-((u - 0.4) ** 2).sum(axis=1) / 0.0025).mean() - exact)
    assert np.std(ours) < 0.5 * np.std(theirs)


@pytest.mark.parametrize(
    ("family", "n_dim", "most"),
    [
        ("corner_peak", 5, 0.2),
        ("corner_peak", 8, 0.5),
        ("oscillatory", 2, 1e-4),
        ("gaussian", 2, 0.05),
        ("corner_peak", 2, 0.01),
        ("oscillatory", 3, 1.0),
        ("corner_peak", 3, 1.0),
        ("oscillatory", 5, 0.01),
        ("product_peak", 5, 0.05),
        ("gaussian", 5, 0.05),
        ("gaussian", 8, 0.05),
        ("product_peak", 16, 0.01),
        ("gaussian", 16, 0.01),
        ("oscillatory", 16, 0.1),
    ],
)
def test_replicates_do_not_cost_smooth_integrands_their_accuracy(family, n_dim, most):
    """Errors against those of one scrambled net of n points, whose error nothing tells."""
    from scipy.stats import qmc

    f, (a, w), exact = genz.problem(family, n_dim, 7)
    n, a, w = 2**14, np.array(a), np.array(w)
    rows = {
        "oscillatory": lambda x: np.cos(2 * math.pi * w[0] + x @ a),
        "product_peak": lambda x: np.prod(1 / (1 / a**2 + (x - w) ** 2), axis=1),
        "corner_peak": lambda x: (1 + x @ a) ** -(n_dim + 1.0),
        "gaussian": lambda x: np.exp(-((x - w) ** 2 @ a**2)),
    }[family]
    theirs = [rows(qmc.Sobol(n_dim, seed=s).random(n)).mean() - exact for s in range(20)]
    results = [
        mcquad(f, [0] * n_dim, [1] * n_dim, n, seed=s, args=(tuple(a), tuple(w))) for s in range(20)
    ]
    ours = [r.integral - exact for r in results]
    assert np.std(ours) < most * np.sqrt(np.mean(np.square(theirs)))
    assert {r.net for r in results} <= {"tent", "power", "sobol"}
    assert all(r.variate for r in results)


@pytest.mark.parametrize("family", genz.SMOOTH)
def test_few_points_suffice_for_control_variates(family):
    """From 1,024 points on: n / 25 points a net alone would have up to 25 times the error."""
    from scipy.stats import qmc

    n_dim, n = 5, 2**11
    nets = [qmc.Sobol(n_dim, seed=s).random(n) for s in range(6)]
    for parameters in range(4):
        f, args, exact = genz.problem(family, n_dim, parameters)
        theirs = [np.mean([f(x, *args) for x in net]) - exact for net in nets]
        results = [
            mcquad(f, [0] * n_dim, [1] * n_dim, n, seed=s, args=args) for s in range(12)
        ]  # fmt: skip
        ours = [r.integral - exact for r in results]
        assert np.mean(np.square(ours)) < np.mean(np.square(theirs))
        assert all(r.variate for r in results)


@pytest.mark.parametrize("family", ["continuous", "discontinuous"])
def test_kinks_and_jumps_across_the_axes(family):
    """Found and cut at, then no harder than smooth: a net alone has errors of 1e-5 to 1e-2."""
    for n_dim in (2, 4, 8):
        for parameters in range(4):
            f, args, exact = genz.problem(family, n_dim, parameters)
            results = [
                mcquad(f, [0] * n_dim, [1] * n_dim, 20_000, seed=s, args=args) for s in range(6)
            ]  # fmt: skip
            pulls = [abs(r.integral - exact) / r.error for r in results]
            assert max(pulls) < 6
            errors = sorted(abs(r.integral / exact - 1) for r in results)
            assert errors[3] < 1e-6, (n_dim, parameters, errors)


def test_breaks_that_slant_a_little():
    """Found on one line each, where points hardly meet what is left: still no false precision."""

    def jump(x, y, slope):
        return 1.0 if x + slope * y < 0.37 else 0.0

    def kink(x, y, slope):
        return abs(x + slope * y - 0.37)

    for slope in (1e-3, 1e-5, 1e-7, 1e-10, 1e-13, 0.0):
        for f, exact in (
            (jump, 0.37 - slope / 2),
            (kink, (0.37**2 + 0.63**2 + slope * (0.63 - 0.37)) / 2 + slope**2 / 3),
        ):
            results = [
                mcquad(f, [0, 0], [1, 1], 10_000, seed=seed, args=(slope,)) for seed in range(6)
            ]  # fmt: skip
            pulls = [abs(r.integral - exact) / r.error for r in results]
            assert max(pulls) < 6, (f, slope)


def test_control_variates():
    """Subtracted where they help, for every output of its own, unbiased, under any fold."""

    def both(x):
        s = 0.0
        for k in range(6):
            s += x[k] / (k + 1)
        return math.exp(-s), math.cos(3 * s)

    a = [1 / (k + 1) for k in range(6)]
    wave = 1.0
    for v in a:
        wave *= complex(math.sin(3 * v), 1 - math.cos(3 * v)) / (3 * v)
    exact = math.prod(-math.expm1(-v) / v for v in a), wave.real
    pulls = []
    for seed in range(40):
        r = mcquad(both, [0] * 6, [1] * 6, 20_000, seed=seed)
        assert r.variate and r.converged
        assert r.error[0] < 1e-7 and r.error[1] < 2e-4
        pulls += [abs(v - e) / s for v, e, s in zip(r.integral, exact, r.error, strict=True)]
    assert sum(p <= 2 for p in pulls) >= 68 and max(pulls) < 6

    plain = mcquad(both, [0] * 6, [1] * 6, 20_000, seed=1, adapt=False)
    assert not plain.variate and plain.error[0] > 1e-6
    rough = mcquad(lambda x: 1.0 if x[0] + x[1] > 1 else 0.0, [0] * 3, [1] * 3, 20_000, seed=1)
    assert not rough.variate
    half = mcquad(
        lambda x, y, z: math.exp(-x - y - z), [0] * 3, [INF, INF, 1], 100_000, seed=1
    )  # fmt: skip
    assert abs(half.integral + math.expm1(-1)) < 6 * half.error < 1e-4


def test_control_variates_where_the_integrand_is_a_constant_or_rounding():
    for value in (0.0, 1.0, 1e-300, 1e300):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", IntegrationWarning)
            r = mcquad(lambda x, y, z, v=value: v, [0] * 3, [1] * 3, 20_000, seed=3)
        assert abs(r.integral - value) <= 1e-14 * value
    pulls = []
    for seed in range(50):
        r = mcquad(lambda x: 1 + 1e-9 * x[0] * x[5], [0] * 16, [1] * 16, 20_000, seed=seed)
        pulls.append(abs(r.integral - 1 - 0.25e-9) / r.error)
    assert max(pulls) < 6


def test_the_chosen_points():
    choose = lambda f, n_dim, **kw: mcquad(f, [0] * n_dim, [1] * n_dim, 2**16, seed=1, **kw).net  # noqa: E731
    assert choose(lambda x: x[0] * x[1], 2) in ("tent", "power")
    entangled = lambda x: 1 / (1 + x[0] * x[2] + x[1] * x[3] + x[0] * x[3])  # noqa: E731
    assert choose(entangled, 4) == "tent"
    assert choose(entangled, 4, adapt=False) == "sobol"
    assert choose(lambda x: x[0] + x[64], 65) == "sobol"
    assert choose(lambda x, y: x + y, 2, method="vegas") == ""
    exact = mcquad(lambda x: math.exp(x), 0, 1, 2**14, seed=1)  # to the last digits
    assert exact.net == "power" and abs(exact.integral - math.expm1(1)) <= 4 * exact.error < 1e-11


def test_jumps_do_not_hide_from_vegas():
    """Its map once left no points where the integrand was 0 nearly everywhere."""
    f, args, exact = genz.problem("discontinuous", 2, 7)
    pulls, errors = [], []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        for seed in range(100):
            r = mcquad(f, [0, 0], [1, 1], 20_000, method="vegas", seed=seed, args=args)
            pulls.append(abs(r.integral - exact) / r.error)
            errors.append(r.integral - exact)
    assert sum(p <= 2 for p in pulls) >= 90 and max(pulls) < 6
    assert np.std(errors) < 0.01 * exact


@pytest.mark.parametrize(("n_dim", "most"), [(4, 1.9e-3), (6, 7.5e-3)])
def test_vegas_on_peaks(n_dim, most):
    """Relative errors that the vegas package has at 200,000 evaluations: 1.7e-3 and 6.6e-3."""

    def two(x):
        s = t = 0.0
        for k in range(n_dim):
            s += (x[k] - 0.3) ** 2
            t += (x[k] - 0.7) ** 2
        return math.exp(-s / 0.02) + math.exp(-t / 0.02)

    c = 0.02**0.5
    one = c * math.sqrt(math.pi) / 2 * (math.erf(0.7 / c) + math.erf(0.3 / c))
    exact = 2 * one**n_dim
    runs = [
        mcquad(two, [0] * n_dim, [1] * n_dim, 200_000, method="vegas", seed=s) for s in range(12)
    ]
    assert np.sqrt(np.mean([(r.integral / exact - 1) ** 2 for r in runs])) < most
    assert all(r.neval > 195_000 for r in runs)


# ---- reproducibility ----


@pytest.mark.parametrize("method", METHODS)
def test_same_seed_same_bits_for_any_number_of_workers(method):
    results = [
        mcquad(smooth, [0] * 3, [1] * 3, 77_777, method=method, seed=11, workers=w)
        for w in (1, 2, 3, 7)
    ]
    assert len({(r.integral, r.error, r.chi2, r.neval) for r in results}) == 1
    other = mcquad(smooth, [0] * 3, [1] * 3, 77_777, method=method, seed=12)
    assert other.integral != results[0].integral


def test_compiled_vectorized_and_python_give_the_same_points():
    def python(x, y):
        return float(repr(x * y))

    with pytest.warns(fastconc.PerformanceWarning):
        a = mcquad(python, [0, 0], [1, 2], 3000, seed=5)
    b = mcquad(lambda x, y: x * y, [0, 0], [1, 2], 3000, seed=5)
    c = mcquad(lambda x, y: x * y, [0, 0], [1, 2], 3000, seed=5, vectorized=True)
    assert tuple(a) == tuple(b) == tuple(c)


def test_a_drawn_seed_gives_the_result_again():
    first = mcquad(smooth, [0] * 3, [1] * 3, 5000)
    again = mcquad(smooth, [0] * 3, [1] * 3, 5000, seed=first.seed)
    assert tuple(first) == tuple(again)
    assert mcquad(smooth, [0] * 3, [1] * 3, 5000).seed != first.seed


def test_seeds_of_other_kinds():
    def seed_of(seed):
        return mcquad(smooth, [0] * 3, [1] * 3, 1000, seed=seed).seed

    assert seed_of(np.uint64(2**63)) == 2**63
    assert seed_of(np.random.SeedSequence(5)) == seed_of(np.random.SeedSequence(5))
    generator = np.random.default_rng(5)
    first, second = seed_of(generator), seed_of(generator)
    assert first != second and first == seed_of(np.random.default_rng(5))
    assert seed_of(random.Random(5)) == random.Random(5).getrandbits(64)
    for seed in (np.random.RandomState(5), "5", [5], 5.0):
        with pytest.raises(TypeError, match="seed must be"):
            seed_of(seed)


# ---- ranges and integrands ----


@pytest.mark.parametrize("method", METHODS)
def test_infinite_and_reversed_and_dependent_ranges(method):
    f = lambda x, y: math.exp(-x * x - y * y)  # noqa: E731
    plane = mcquad(f, [-INF, -INF], [INF, INF], 100_000, method=method, seed=1)
    assert abs(plane.integral - math.pi) < 6 * plane.error
    half = mcquad(f, [INF, -INF], [0, INF], 100_000, method=method, seed=1)
    assert abs(half.integral + math.pi / 2) < 6 * half.error
    disc = mcquad(
        lambda x, y: 1.0, [lambda y: -math.sqrt(1 - y * y), -1],
        [lambda y: math.sqrt(1 - y * y), 1], 100_000, method=method, seed=1,
    )  # fmt: skip
    assert abs(disc.integral - math.pi) < 6 * disc.error
    assert tuple(mcquad(f, [1, 0], [1, 2], method=method)) == (0.0, 0.0)


@pytest.mark.parametrize("n_dim", [50, 300, 1111])
@pytest.mark.parametrize("method", METHODS)
def test_many_dimensions(n_dim, method):
    def f(x):
        s = 0.0
        for k in range(8):
            s += x[k] * x[k]
        return s + x[n_dim - 1]

    result = mcquad(f, [0] * n_dim, [1] * n_dim, 20_000, method=method, seed=4)
    assert result.converged and abs(result.integral - (8 / 3 + 0.5)) < 6 * result.error


def test_values_that_are_complex_or_several():
    result = mcquad(lambda x, y: (x, y, x * y), [0, 0], [1, 2], 30_000, seed=1)
    for value, error, exact in zip(*result, (1, 2, 1), strict=True):
        assert abs(value - exact) < 6 * error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastconc.PerformanceWarning)
        z = mcquad(lambda x, y: complex(x, -y), [0, 0], [1, 1], 3000, seed=1)
    assert abs(z.integral - (0.5 - 0.5j)) < 6 * z.error and isinstance(z.error, float)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("n", [2, 3, 17, 100, 999])
def test_few_points(method, n):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", IntegrationWarning)
        result = mcquad(lambda x, y: x + y, [0, 0], [1, 1], n, method=method, seed=n)
    assert result.neval <= n and 0 < result.integral < 2 and result.error > 0


# ---- what must not be trusted ----


@pytest.mark.parametrize("method", METHODS)
def test_not_a_number_is_never_converged(method):
    root = fastconc.kernel(lambda x, y: math.sqrt(x - 0.01) + y)
    with pytest.warns(IntegrationWarning, match="nan or inf"):
        result = mcquad(root, [0, 0], [1, 1], 20_000, method=method, seed=1)
    assert not result.converged and result.status == "nonfinite" and result.error == INF


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e150, 1e300])
def test_values_whose_squares_vanish_or_overflow(method, size):
    """Likelihoods are that small: their errors once were 0 or inf, and trusted."""
    f = fastconc.kernel(lambda x, y, z: z * math.exp(-x * y))
    plain = mcquad(f, [0, 0], [1, 1], 20_000, method=method, seed=1, args=(1.0,))
    other = mcquad(f, [0, 0], [1, 1], 20_000, method=method, seed=1, args=(size,))
    assert other.converged and 19_000 < other.neval <= 20_000
    assert abs(other.integral / size - plain.integral) < 6 * plain.error
    assert other.error / size == pytest.approx(plain.error, rel=0.3)


def test_hardly_found_peaks_are_flagged():
    def needle(x):
        s = 0.0
        for k in range(9):
            s += (x[k] - 0.5) ** 2
        return math.exp(-s / 0.02)

    with pytest.warns(IntegrationWarning, match="peak"):
        result = mcquad(needle, [0] * 9, [1] * 9, 5000, method="mc", seed=1)
    assert result.status == "dominated" and not result.converged
    with pytest.warns(IntegrationWarning, match="0 at all"):
        result = mcquad(
            lambda x, y: 1.0 if x > 0.9999 and y > 0.9999 else 0.0, [0, 0], [1, 1], 1000, seed=1
        )
    assert result.status == "zero" and not result.converged


# ---- running ----


def test_progress_is_reported_and_its_exceptions_arrive():
    seen = []
    mcquad(smooth, [0] * 3, [1] * 3, 3_000_000, seed=1, progress=lambda *p: seen.append(p))
    assert seen and all(0 < done <= n == 3_000_000 for done, n in seen)
    assert [done for done, _ in seen] == sorted(done for done, _ in seen)

    def stop(done, n):
        assert done < n / 1000  # at once, not after a pilot or an iteration
        raise RuntimeError("enough")

    for method in METHODS:
        with pytest.raises(RuntimeError, match="enough"):
            mcquad(smooth, [0] * 3, [1] * 3, 10**10, method=method, seed=1, progress=stop)


@pytest.mark.parametrize("method", METHODS)
def test_huge_n_needs_no_memory_and_keeps_the_deadline(method):
    with pytest.raises(TimeoutError):
        mcquad(smooth, [0] * 3, [1] * 3, 10**11, method=method, seed=1, deadline=0.5)


def test_exceptions_arrive_as_they_are():
    def f(x, y):
        if x > 0.5:
            raise LookupError(f"no value at {x}")
        return x

    with pytest.raises(LookupError, match="no value at"):
        mcquad(f, [0, 0], [1, 1], 1000, seed=1)


def test_many_threads_at_once():
    expected = tuple(mcquad(smooth, [0] * 3, [1] * 3, 20_000, seed=9))
    got = []

    def run():
        got.append(tuple(mcquad(smooth, [0] * 3, [1] * 3, 20_000, seed=9)))

    threads = [threading.Thread(target=run) for _ in range(6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert got == [expected] * 6


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"n": 1}, ValueError, "n must be at least 2"),
        ({"n": -5}, ValueError, "n must be at least 2"),
        ({"n": 1e6}, TypeError, "n must be an int"),
        ({"n": 10**30}, ValueError, "n must be at most"),
        ({"method": "metropolis"}, ValueError, "method"),
        ({"method": 3}, ValueError, "method"),
        ({"seed": -1}, ValueError, "seed"),
        ({"seed": 2**64}, ValueError, "seed"),
        ({"seed": 1.5}, TypeError, "seed"),
        ({"workers": 0}, ValueError, "workers"),
        ({"progress": 3}, TypeError, "progress"),
        ({"deadline": 0}, ValueError, "deadline"),
    ],
)
def test_bad_arguments(keywords, error, match):
    with pytest.raises(error, match=match):
        mcquad(lambda x, y: x + y, [0, 0], [1, 1], **keywords)


def test_bad_ranges():
    f = lambda x: x[0]  # noqa: E731
    with pytest.raises(ValueError, match="nan"):
        mcquad(f, [0, math.nan], [1, 1])
    with pytest.raises(ValueError, match="same length"):
        mcquad(f, [0, 0], [1])
    with pytest.raises(ValueError, match="1111"):
        mcquad(f, [0] * 1112, [1] * 1112)
    assert mcquad(f, [0] * 1112, [1] * 1112, 1000, method="mc", seed=1).converged


@pytest.mark.parametrize("method", ["sobol", "mc"])
def test_constants_are_known_but_for_rounding_errors(method):
    for value, lower, upper in ((0.1, [0], [0.3]), (3.3, [-1, 2], [5.7, 8.1]), (1.0, [1.2], [1.3])):
        result = mcquad(
            lambda *x, value=value: value, lower, upper, 20_000, method=method, seed=3,
            vectorized=False,
        )  # fmt: skip
        exact = value * math.prod(b - a for a, b in zip(lower, upper, strict=True))
        assert result.converged and 0 < result.error < 1e-14 * exact
        assert abs(result.integral - exact) <= 3 * result.error
