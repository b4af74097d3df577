# SPDX-License-Identifier: BSD-3-Clause
"""cubature: answers, honesty of the error, every kind of integrand and range, bad input."""

import ctypes
import math
import os
import pickle
import random
import warnings

import fastconc
import genz
import numpy as np
import pytest
import rough
from fastconc import IntegrationWarning, cubature

LONG = bool(os.environ.get("FASTCONC_LONG_TESTS"))
INF = math.inf


def unpickled_product(x, y):
    return x * y


# ---- answers ----


def test_result_unpacks_and_says_how_it_went():
    result = cubature(lambda x, y: math.exp(-x * y), [0, 0], [1, 2])
    integral, error = result
    assert (integral, error) == (result.integral, result.error)
    assert integral == pytest.approx(1.31926335616954, rel=1e-13)
    assert result.converged and result.status == "converged" and result.neval > 0
    assert pickle.loads(pickle.dumps(result)) == result


@pytest.mark.parametrize("n_dim", [1, 2, 3, 4, 6, 8, 12])
@pytest.mark.parametrize("rule", ["auto", "genz-malik-7", "genz-malik-9"])
def test_polynomials_in_all_dimensions(n_dim, rule):
    if n_dim == 1 and rule != "auto":
        pytest.skip("from 2 dimensions")

    def f(x):
        s = 0.0
        for k in range(n_dim):
            s += (k + 1) * x[k] ** 4
        return s

    if n_dim == 1:
        result = cubature(lambda x: x**4, 0, 2, epsrel=1e-9)
    else:
        result = cubature(f, [0] * n_dim, [2] * n_dim, rule=rule, epsrel=1e-9)
    exact = 2.0**n_dim * 16 / 5 * n_dim * (n_dim + 1) / 2
    assert abs(result.integral - exact) <= result.error <= 1e-9 * exact


@pytest.mark.parametrize("family", genz.SMOOTH)
@pytest.mark.parametrize("n_dim", [2, 3, 5, 7])
def test_smooth_families_are_solved(family, n_dim):
    for seed in range(20 if LONG else 4):
        f, args, exact = genz.problem(family, n_dim, seed)
        result = cubature(f, [0] * n_dim, [1] * n_dim, args=args, epsabs=0, epsrel=1e-5)
        assert result.converged, (family, n_dim, seed)
        assert result.error <= 1e-5 * abs(result.integral)
        assert abs(result.integral - exact) <= 1.01 * result.error + 1e-15


def test_honesty_over_all_families(capsys):
    """True error <= claimed error, printed as a table and asserted; converged: within tolerance."""
    rows, n, honest, silent, gross = [], 0, 0, 0, 0
    for family in genz.DIFFICULTY:
        for n_dim in (2, 3, 4, 5, 7, 10):
            solved = kept = converged = 0
            trials = 20 if LONG else 5
            for seed in range(trials):
                f, args, exact = genz.problem(family, n_dim, 100 + seed)
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", IntegrationWarning)
                    result = cubature(
                        f, [0] * n_dim, [1] * n_dim, args=args, epsabs=0, epsrel=1e-4,
                        max_eval=200_000,
                    )  # fmt: skip
                true = abs(result.integral - exact)
                solved += true <= 1e-4 * abs(exact)
                kept += true <= 1.01 * result.error + 1e-15
                converged += result.converged
                silent += result.converged and true > 1.01e-4 * abs(exact)
                gross += result.converged and true > 0.01 * abs(exact)
            rows.append(f"{family:14} {n_dim:2} solved {solved}/{trials} converged {converged} "
                        f"true<=claimed {kept}")  # fmt: skip
            n += trials
            honest += kept
    with capsys.disabled():
        print("\n" + "\n".join(rows))
        print(f"honest {honest}/{n}, silently beyond the tolerance {silent}, gross {gross}")
    assert honest >= 0.98 * n
    assert gross == 0
    assert silent <= 0.005 * n


@pytest.mark.parametrize("epsrel", [1e-3, 1e-6, 1e-9])
def test_honesty_on_rough_integrands(epsrel, capsys):
    """Kinks, jumps, ridges, narrow peaks: what is claimed to have converged has."""
    trials = 100 if LONG else 12
    rows, n, over, silent = [], 0, 0, 0
    for name, make in rough.FAMILIES.items():
        for n_dim in (2, 3, 5) if LONG else (2, 3):
            converged = solved = wrong = 0
            for seed in range(trials):
                f, args, exact = make(n_dim, random.Random(f"{name} {n_dim} {seed}"))
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore", IntegrationWarning)
                    result = cubature(
                        f, [0] * n_dim, [1] * n_dim, args=args, epsabs=0, epsrel=epsrel,
                        max_eval=400_000,
                    )  # fmt: skip
                true = abs(result.integral - exact)
                converged += result.converged
                solved += true <= epsrel * abs(exact)
                wrong += result.converged and true > 1.01 * result.error + 1e-14 * abs(exact)
                silent += result.converged and true > 10 * epsrel * abs(exact)
            rows.append(f"{name:14} {n_dim} {epsrel:.0e} converged {converged}/{trials} "
                        f"solved {solved} overclaimed {wrong}")  # fmt: skip
            n += trials
            over += wrong
    with capsys.disabled():
        print("\n" + "\n".join(rows))
    assert over <= 0.01 * n
    assert silent == 0


def test_a_jump_at_a_dyadic_place_is_found():
    """Where boxes meet, neither sees it; the one asks the other."""
    for c in (0.5, 0.25, 0.8125):
        result = cubature(lambda x, y, z, c: 1.0 if y < c else 0.0, [0] * 3, [1] * 3, args=(c,))
        assert result.converged and abs(result.integral - c) <= result.error <= 1e-6


def test_smooth_functions_need_few_evaluations():
    """The price of the doubts on top is small: nothing is refined that need not be."""
    for n_dim, most in [(2, 1500), (3, 5000), (5, 7000), (8, 200_000)]:
        result = cubature(
            lambda x, n: math.exp(-sum([x[k] for k in range(n)])), [0] * n_dim, [1] * n_dim,
            args=(n_dim,), epsabs=0,
        )  # fmt: skip
        exact = (1 - math.exp(-1)) ** n_dim
        assert result.converged and result.neval <= most
        assert abs(result.integral - exact) <= result.error <= 1e-6 * exact


def test_peaks_in_many_dimensions_are_not_claimed():
    with pytest.warns(IntegrationWarning, match="mcquad"):
        result = cubature(
            lambda x: 1.0 if x[0] + x[1] + x[2] + x[3] + x[4] + x[5] + x[6] + x[7] < 1 else 0.0,
            [0] * 8, [1] * 8, max_eval=500_000,
        )  # fmt: skip
    assert not result.converged and result.status == "limit"

    def needle(x):
        inside = 1.0
        for k in range(8):
            inside *= 1.0 if abs(x[k] - 0.77) < 0.001 else 0.0
        return inside

    with pytest.warns(IntegrationWarning, match="mcquad"):
        result = cubature(needle, [0] * 8, [1] * 8)
    assert not result.converged and result.status == "zero"


def test_what_was_met_once_is_not_lost():
    """Few points meet a small support, none after the first cuts: they are remembered."""
    f, args, exact = rough.box(5, random.Random("box 5 14"))
    with pytest.warns(IntegrationWarning, match="max_eval"):
        result = cubature(f, [0] * 5, [1] * 5, args=args, epsabs=0, max_eval=400_000)
    assert exact > 0 and not result.converged
    assert abs(result.integral - exact) <= min(result.error, 0.1 * exact)


@pytest.mark.parametrize("half", [1e3, 1e6, 1e9])
def test_a_peak_in_the_middle_of_a_huge_range(half):
    """It stands where all the first cuts meet, and is narrower than any box sees for long."""
    result = cubature(lambda x, y: math.exp(-abs(x) - abs(y)), [-half] * 2, [half] * 2)
    assert result.converged and abs(result.integral - 4) <= result.error <= 4e-6


@pytest.mark.parametrize("n_dim", [2, 3, 4, 5])
def test_smooth_functions_to_many_digits(n_dim):
    """The degree is raised over the whole range; the boxes alone would take 100 times as many."""

    def f(x, n):
        return math.cos(sum([(k + 2) * x[k] for k in range(n)]))

    exact = np.prod([np.expm1(1j * (k + 2)) / (1j * (k + 2)) for k in range(n_dim)]).real
    result = cubature(f, [0] * n_dim, [1] * n_dim, args=(n_dim,), epsabs=0, epsrel=1e-9)
    assert result.converged and result.neval <= (0, 0, 5_000, 15_000, 60_000, 400_000)[n_dim]
    assert abs(result.integral - exact) <= result.error <= 1e-9 * abs(exact)


def test_smooth_vectors_share_the_evaluations():
    result = cubature(
        lambda x, y, z: (math.cos(5 * x + 4 * y + 3 * z), 1e-9 * math.exp(x * y - z)),
        [0] * 3, [1] * 3, epsabs=0, epsrel=1e-9,
    )  # fmt: skip
    e = [np.expm1(1j * k) / (1j * k) for k in (5, 4, 3)]
    assert result.integral[0] == pytest.approx(np.prod(e).real, rel=1e-9)
    # The integral of exp(x y) is Ei(1) - Euler's constant.
    assert result.integral[1] == pytest.approx(
        1e-9 * 1.3179021514544038 * -math.expm1(-1), rel=1e-9
    )
    assert result.converged and result.neval < 30_000


@pytest.mark.parametrize("width", [0.1, 0.03, 0.01])
def test_peaks_are_found(width):
    for centre in np.linspace(0.05, 0.95, 7):
        result = cubature(
            lambda x, y, c, w: math.exp(-((x - c) ** 2 + (y - 0.4) ** 2) / w**2), [0, 0], [1, 1],
            args=(float(centre), width), epsabs=0,
        )  # fmt: skip
        ends = [(1 - centre) / width, centre / width, 0.6 / width, 0.4 / width]
        e = [math.erf(t) for t in ends]
        exact = math.pi * width**2 / 4 * (e[0] + e[1]) * (e[2] + e[3])
        assert result.converged and abs(result.integral - exact) <= result.error


# ---- ranges ----


def test_infinite_ranges():
    f = lambda x, y: math.exp(-x * x - y * y)  # noqa: E731
    for lower, upper, exact in [
        ([-INF, -INF], [INF, INF], math.pi),
        ([0, -INF], [INF, INF], math.pi / 2),
        ([0, -INF], [INF, 0], math.pi / 4),
        ([INF, 0], [-INF, INF], -math.pi / 2),
    ]:
        result = cubature(f, lower, upper, epsrel=1e-8)
        assert result.integral == pytest.approx(exact, rel=1e-8)


def test_reversed_limits_change_the_sign_and_equal_limits_give_nothing():
    f = lambda x, y: x + y * y  # noqa: E731
    forward = cubature(f, [0, 0], [1, 2]).integral
    assert cubature(f, [1, 0], [0, 2]).integral == pytest.approx(-forward, rel=1e-14)
    assert cubature(f, [1, 2], [0, 0]).integral == pytest.approx(forward, rel=1e-14)
    for lower, upper in [([1, 0], [1, 2]), ([0, INF], [1, INF])]:
        result = cubature(f, lower, upper)
        assert tuple(result) == (0.0, 0.0) and result.converged and result.neval == 0


def test_limits_that_depend_on_outer_variables():
    disc = cubature(
        lambda x, y: 1.0, [lambda y: -math.sqrt(1 - y * y), -1], [lambda y: math.sqrt(1 - y * y), 1]
    )
    assert disc.integral == pytest.approx(math.pi, rel=1e-6)
    # A simplex: x from 0 to 1 - y - z, y from 0 to 1 - z.
    simplex = cubature(
        lambda x, y, z: x * y * z, [0, 0, 0], [lambda y, z: 1 - y - z, lambda z: 1 - z, 1]
    )
    assert simplex.integral == pytest.approx(1 / 720, rel=1e-6)
    # Functions that cannot be compiled, with args, and an infinite end.
    with pytest.warns(fastconc.PerformanceWarning):
        wedge = cubature(
            lambda x, y, c: c * math.exp(-x - y), [lambda y, c: float(repr(y)), 0], [INF, INF],
            args=(2.0,),
        )  # fmt: skip
    assert wedge.integral == pytest.approx(1.0, rel=1e-6)


# ---- integrands ----


def test_native_pointer():
    libm = ctypes.CDLL(None)
    power = libm.pow
    power.argtypes, power.restype = [ctypes.c_double, ctypes.c_double], ctypes.c_double
    result = cubature(power, [1, 1], [2, 2])
    python = cubature(lambda x, y: x**y, [1, 1], [2, 2])
    assert result.integral == pytest.approx(python.integral, rel=1e-9)


def test_kernel_and_vectorized_and_python_agree():
    f = lambda x, y: math.sin(x) * y + x  # noqa: E731
    by_kernel = cubature(fastconc.kernel(f), [0, 0], [1, 2])
    by_numpy = cubature(lambda x, y: np.sin(x) * y + x, [0, 0], [1, 2], vectorized=True)
    by_rows = cubature(lambda x: np.sin(x[0]) * x[1] + x[0], [0, 0], [1, 2], vectorized=True)
    exact = (1 - math.cos(1)) * 2 + 1
    for result in (by_kernel, by_numpy, by_rows):
        assert result.integral == pytest.approx(exact, rel=1e-12)


def test_values_that_are_complex_or_several():
    result = cubature(lambda x, y: (x, y, x * y), [0, 0], [1, 2])
    assert result.integral == pytest.approx((1.0, 2.0, 1.0), rel=1e-12)
    assert len(result.error) == 3
    several = cubature(lambda x, y: np.stack([x, y]), [0, 0], [1, 2], vectorized=True)
    assert several.integral == pytest.approx((1.0, 2.0), rel=1e-12)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", fastconc.PerformanceWarning)
        z = cubature(lambda x, y: complex(x, y) ** 2, [0, 0], [1, 1])
    assert z.integral == pytest.approx(0.5j, abs=1e-12) and isinstance(z.error, float)


def test_one_indexed_parameter_or_one_for_each_dimension():
    for f in (
        lambda x, y: x * y,
        lambda x: x[0] * x[1],
        lambda *x: x[0] * x[1],
        unpickled_product,
        lambda x, y, k=1.0: k * x * y,
    ):
        assert cubature(f, [0, 0], [1, 1]).integral == pytest.approx(0.25)
    assert cubature(lambda x, c: c * x[0], [0, 0], [1, 1], args=(3,)).integral == pytest.approx(1.5)


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_same_bits_of_smooth_functions(workers):
    f = lambda x, y, z, t: math.cos(3 * x + 2 * y * z - t)  # noqa: E731
    one, other = (
        cubature(f, [0] * 4, [1] * 4, epsabs=0, epsrel=1e-10, workers=w) for w in (1, workers)
    )
    assert tuple(one) == tuple(other) and one.neval == other.neval and one.converged


@pytest.mark.parametrize("workers", [2, 3, 7])
def test_same_bits_for_any_number_of_workers(workers):
    f = lambda x, y, z: math.exp(-abs(x - 0.3) - 5 * y * y + z)  # noqa: E731
    one = cubature(f, [0, 0, -INF], [1, 1, 1], max_eval=10**6, workers=1, epsrel=1e-5)
    other = cubature(f, [0, 0, -INF], [1, 1, 1], max_eval=10**6, workers=workers, epsrel=1e-5)
    assert tuple(one) == tuple(other) and one.neval == other.neval


# ---- what goes wrong ----


def test_not_a_number_is_never_converged():
    for f in (
        lambda x, y: math.sqrt(x - 0.5),
        lambda x, y: x / (y - y),
        lambda x, y: math.nan,
    ):
        kernel = fastconc.kernel(f)
        with pytest.warns(IntegrationWarning, match="nan or inf"):
            result = cubature(kernel, [0, 0], [1, 1])
        assert not result.converged and result.status == "nonfinite" and result.error == INF


@pytest.mark.parametrize("hole", [math.nan, INF])
def test_a_hole_that_only_probes_meet_is_not_passed_over(hole):
    def f(x, y):
        return math.exp(x) if (x - 0.4) ** 2 + (y - 0.6) ** 2 > 0.0025 else hole

    with pytest.warns(IntegrationWarning, match="nan or inf"):
        result = cubature(f, [0, 0], [1, 1], max_eval=100_000)
    assert result.status == "nonfinite" and result.error == INF


def test_isolated_singular_points_are_avoided():
    result = cubature(lambda x, y: math.sin(x * y) / (x * y), [-1, -1], [1, 1], epsrel=1e-9)
    assert result.converged
    root = cubature(lambda x, y: (x * x + y * y) ** -0.25, [-1, -1], [1, 1], epsrel=1e-4)
    assert root.integral == pytest.approx(4.99994533732, rel=1e-4)


def test_boxes_blamed_before_their_chords_are_drawn():
    # More boxes object to a face here than have chords to draw afterwards.
    with pytest.warns(IntegrationWarning):
        result = cubature(
            lambda x, y, z: (1 - x * y * z) ** -3, [0] * 3, [1] * 3, epsabs=0, max_eval=2_000_000
        )
    assert result.status == "limit" and result.neval <= 2_000_000


def test_exceptions_arrive_as_they_are():
    def f(x, y):
        if x > 0.5:
            raise LookupError(f"no value at {x}")
        return x

    with pytest.raises(LookupError, match="no value at") as caught:
        cubature(f, [0, 0], [1, 1])
    assert caught.traceback[-1].name == "f"
    assert cubature(lambda x, y: x, [0, 0], [1, 1]).integral == pytest.approx(0.5)


def test_deadline():
    with pytest.raises(TimeoutError):
        cubature(
            lambda x: math.sin(1 / (x[0] * x[1] * x[2])), [0] * 3, [1] * 3, epsrel=1e-13, epsabs=0,
            max_eval=10**15, deadline=0.3,
        )  # fmt: skip


def test_absurd_max_eval():
    assert cubature(lambda x, y: x, [0, 0], [1, 1], max_eval=10**30).converged
    with pytest.raises(ValueError, match="max_eval must be at least"):
        cubature(lambda x, y: x, [0, 0], [1, 1], max_eval=10)
    with pytest.warns(IntegrationWarning, match="max_eval"):
        result = cubature(
            lambda x, y: abs(x - y) ** 0.1, [0, 0], [1, 1], max_eval=5000, epsrel=1e-12
        )
    assert result.neval <= 5000


@pytest.mark.parametrize(
    ("arguments", "keywords", "error", "match"),
    [
        (([], []), {}, ValueError, "at least one"),
        (([0, 0], [1]), {}, ValueError, "same length"),
        (([0, math.nan], [1, 1]), {}, ValueError, r"lower\[1\] must not be nan"),
        (([0, "a"], [1, 1]), {}, TypeError, r"lower\[1\]"),
        (([0, 0], [1, [1]]), {}, TypeError, r"upper\[1\]"),
        (([0, 0], [1, 1]), {"epsrel": -1}, ValueError, "epsrel"),
        (([0, 0], [1, 1]), {"epsabs": math.nan}, ValueError, "epsabs"),
        (([0, 0], [1, 1]), {"epsabs": None}, TypeError, "epsabs must be a float"),
        (([0, 0], [1, 1]), {"epsrel": "small"}, TypeError, "epsrel must be a float"),
        (([0, 0], [1, 1]), {"max_eval": 0}, ValueError, "max_eval"),
        (([0, 0], [1, 1]), {"max_eval": 1.5}, TypeError, "max_eval"),
        (([0, 0], [1, 1]), {"rule": "simpson"}, ValueError, "rule"),
        (([0, 0], [1, 1]), {"workers": 0}, ValueError, "workers"),
        (([0, 0], [1, 1]), {"deadline": -1}, ValueError, "deadline"),
        (([0] * 3, [1] * 3), {}, TypeError, "3 dimensions"),
        (([0, 0], [1, lambda x: x]), {}, TypeError, "nquad"),
    ],
)
def test_bad_arguments(arguments, keywords, error, match):
    with pytest.raises(error, match=match):
        cubature(lambda x, y: x + y, *arguments, **keywords)


def test_too_many_dimensions_point_to_mcquad():
    with pytest.raises(ValueError, match="mcquad"):
        cubature(lambda x: x[0], [0] * 21, [1] * 21)
    with pytest.raises(TypeError, match="f must be callable"):
        cubature(3, [0], [1])
