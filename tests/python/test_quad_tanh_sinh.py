# SPDX-License-Identifier: BSD-3-Clause
"""quad(method="tanh-sinh"): values against closed forms and mpmath, honesty, trouble, the API."""

import ctypes
import math
import random
import time
import warnings

import fastconc
import numpy as np
import pytest
from fastconc import IntegrationWarning
from quad_families import FAMILIES

INF = math.inf


def quad(*args, **kwargs):
    return fastconc.quad(*args, method="tanh-sinh", **kwargs)


@pytest.mark.parametrize("epsrel", [1e-6, 1e-10, 1e-13])
@pytest.mark.parametrize(
    "f, a, b, exact",
    [
        (lambda x: x * x, 0, 1, 1 / 3),
        (lambda x: math.exp(x), -1, 2, math.exp(2) - math.exp(-1)),
        (lambda x: x**-0.5, 0, 1, 2),
        (lambda x: x**-0.9, 0, 1, 10),
        (lambda x: x**-0.99, 0, 2, 100 * 2**0.01),
        (lambda x: math.log(x) ** 5, 0, 1, -120),
        (lambda x: x**-0.99 * math.log(x), 0, 1, -10_000),
        (lambda x: 1 / math.sqrt(x * (1 - x)), 0, 1, math.pi),
        (lambda x: math.exp(-1 / x) / (x * x), 0, 1, math.exp(-1)),
        (lambda x: (1 - x) ** -0.5, 0, 1, 2),
        (lambda x: (1 - x) ** -0.9, 0, 1, 10),
        (lambda x: math.log(1 - x), 0, 1, -1),
        (lambda x: (x - 7) ** -0.5, 7, 8, 2),
        (lambda x: math.exp(-x), 0, INF, 1),
        (lambda x: x * x * math.exp(-x), 0, INF, 2),
        (lambda x: x**-0.9 * math.exp(-x), 0, INF, math.gamma(0.1)),
        (lambda x: 1 / (math.sqrt(x) * (1 + x)), 0, INF, math.pi),
        (lambda x: x**-1.1, 1, INF, 10),
        (lambda x: math.exp(x), -INF, 1, math.e),
        (lambda x: math.exp(-x * x), -INF, INF, math.sqrt(math.pi)),
        (lambda x: 1 / (1 + x * x), -INF, INF, math.pi),
        (lambda x: math.exp(x) / (1 + math.exp(x)) ** 2, -INF, INF, 1),
    ],
)  # fmt: skip
def test_known_integrals(f, a, b, exact, epsrel):
    result = quad(f, a, b, epsabs=0, epsrel=epsrel)
    assert result.converged and result.error <= epsrel * abs(result.integral)
    assert abs(result.integral - exact) <= result.error + 2e-16 * abs(exact)
    assert result.neval < 600
    assert quad(f, b, a, epsabs=0, epsrel=epsrel).integral == -result.integral


def random_problems():
    """x^p (b - x)^q cos(k x) log(x)^m on [0, b]: the m-th derivative of a known integral by p."""
    mpmath = pytest.importorskip("mpmath")
    r = random.Random(1974)
    for _ in range(40):
        p, q, k = r.uniform(-0.9, 2), r.uniform(-0.85, 1), r.uniform(0, 8)
        b, m = 10 ** r.uniform(-1, 1), r.choice([0, 0, 1, 2])

        def known(p, q=q, k=k, b=b):
            series = mpmath.hyp1f1(p + 1, p + q + 2, 1j * k * b).real
            return mpmath.mpf(b) ** (p + q + 1) * mpmath.beta(p + 1, q + 1) * series

        with mpmath.workdps(40):
            exact = mpmath.diff(known, p, m) if m else known(mpmath.mpf(p))
        yield (p, q, k, b, float(m)), 0.0, b, float(exact)


def test_random_integrals_against_mpmath():
    def f(x, p, q, k, b, m):
        return x**p * (b - x) ** q * math.cos(k * x) * math.log(x) ** m

    solved = honest = 0
    problems = list(random_problems())
    for args, a, b, exact in problems:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            result = quad(f, a, b, args=args, epsabs=0, epsrel=1e-9)
        error = abs(result.integral - exact)
        honest += error <= result.error + 4e-15 * abs(exact)
        solved += result.converged
        assert not result.converged or error <= 1e-9 * abs(exact) * (1 + 1e-4)
    assert honest == len(problems)
    assert solved >= len(problems) - 2


# Families of smooth functions and of singularities at the ends. What lies between nodes is not
# seen, so needles are not among them.
ENDS = ["end_power", "far_end_power", "end_power_logarithm", "gamma_function", "algebraic_tail"]
OTHERS = ["kink", "jump", "interior_root", "interior_singularity", "interior_logarithm", "steps",
          "oscillation", "damped_oscillation", "lorentz_peak", "rectified_wave"]  # fmt: skip


@pytest.mark.parametrize("epsrel", [1e-6, 1e-10])
def test_honesty(epsrel):
    counts = {}
    for name in ENDS + OTHERS:
        f, problem = FAMILIES[name]
        r = random.Random(f"{name} tanh-sinh")
        right = silent = honest = 0
        for _ in range(25):
            args, a, b, exact = problem(r)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                result = quad(f, a, b, args=args, epsabs=0, epsrel=epsrel)
            error, slack = abs(result.integral - exact), 4e-16 * abs(exact)
            within = error <= epsrel * abs(exact) + slack
            right += result.converged and within
            silent += result.converged and not within
            honest += not result.converged or error <= result.error + slack
        counts[name] = right, silent, honest
        print(f"{name:24} {right:4} {silent:4} {honest:4}")
    assert all(counts[name][0] == 25 for name in ENDS)
    assert sum(silent for _, silent, _ in counts.values()) == 0
    assert sum(honest for *_, honest in counts.values()) >= 0.99 * 25 * len(counts)


@pytest.mark.parametrize(
    "f, a, b, status",
    [
        (lambda x: 1 / x, 0, 1, {"divergent"}),
        (lambda x: x**-1.5, 0, 1, {"divergent"}),
        (lambda x: 1 / (1 - x), 0, 1, {"divergent"}),
        (lambda x: 1 / x, 1, INF, {"divergent"}),
        (lambda x: 1.0, 0, INF, {"divergent"}),
        (lambda x: 1 / (x * -math.log(x)), 0, 0.5, {"divergent", "singular"}),
        (lambda x: 1 / (x * math.log(x) ** 2), 0, 0.5, {"singular"}),
        (lambda x: math.sin(x) / x, 1, INF, {"singular"}),
        (lambda x: 1.0 if x > 0.3 else 0.0, 0, 1, {"limit"}),
        (lambda x: abs(x - 0.3) ** -0.5, 0, 1, {"limit"}),
        (lambda x: math.sin(1 / x), 0, 1, {"limit"}),
        (lambda x: (1 - x * x) ** -0.9, -1, 1, {"roundoff", "singular"}),
        (lambda x: math.nan if x > 0.97 else 1.0, 0, 1, {"nonfinite"}),
        (lambda x: math.log(x), -1, 1, {"nonfinite"}),
        (lambda x: math.inf, 0, 1, {"nonfinite"}),
    ],
)
def test_trouble_is_told(f, a, b, status):
    with pytest.warns(IntegrationWarning):
        result = quad(f, a, b, epsabs=0, epsrel=1e-12)
    assert not result.converged and result.status in status
    assert result.message.strip()
    if result.status in ("divergent", "nonfinite"):
        assert result.error == INF


def test_points_are_singularities():
    result = quad(lambda x: abs(x - 0.3) ** -0.5, 0, 1, points=[0.3], epsabs=0, epsrel=1e-12)
    assert result.converged
    assert abs(result.integral - 2 * (0.3**0.5 + 0.7**0.5)) <= result.error
    result = quad(lambda x: math.exp(-abs(x)), -INF, INF, points=[0], epsabs=0, epsrel=1e-12)
    assert result.converged and abs(result.integral - 2) <= result.error
    integral, _, info = quad(lambda x: abs(x), -1, 1, points=[0], full_output=1)
    assert integral == pytest.approx(1) and info["last"] == 2 and info["pts"].tolist() == [-1, 0, 1]


def test_complex_vectors_and_batches():
    result = quad(lambda x: complex(x**-0.5, math.log(x)), 0, 1)
    assert result.converged and result.integral == pytest.approx(2 - 1j, abs=1e-12)
    result = quad(lambda x: [x**-0.5, 1.0, (1 - x) ** -0.5], 0, 1)
    assert result.integral == pytest.approx((2, 1, 2), abs=1e-12)
    p = np.linspace(-0.9, 2, 50)
    b = np.array([[1.0], [4.0]])
    first = None
    for workers in (1, 2, 3):
        result = quad(lambda x, p: x**p, 0, b, args=(p,), workers=workers, epsabs=0, epsrel=1e-12)
        assert result.integral.shape == (2, 50) and result.converged.all()
        assert np.allclose(result.integral, b ** (p + 1) / (p + 1), rtol=1e-12, atol=0)
        first = result.integral if first is None else first
        assert (result.integral == first).all()


def test_any_callable():
    table = {}

    def remembered(x):
        table[x] = True
        return x**-0.5

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert quad(remembered, 0, 1).integral == pytest.approx(2, rel=1e-12)
    assert all(0 < x < 1 for x in table)
    result = quad(lambda x: np.log(x), 0, 1, vectorized=True)
    assert result.integral == pytest.approx(-1, rel=1e-12)
    sin = ctypes.CDLL(None).sin
    sin.argtypes, sin.restype = [ctypes.c_double], ctypes.c_double
    assert quad(sin, 0, math.pi).integral == pytest.approx(2, rel=1e-12)

    def fails(x):
        table.clear()
        raise LookupError("no such thing")

    with warnings.catch_warnings(), pytest.raises(LookupError, match="no such thing"):
        warnings.simplefilter("ignore")
        quad(fails, 0, 1)


def test_deadline_and_bad_arguments():
    def slow(x):
        time.sleep(0.01)
        return 1.0 if x > 0.3 else 0.0

    with warnings.catch_warnings(), pytest.raises(TimeoutError):
        warnings.simplefilter("ignore")
        quad(slow, 0, 1, deadline=0.2)
    with pytest.raises(ValueError, match="method must be"):
        fastconc.quad(math.sin, 0, 1, method="gauss")
    with pytest.raises(ValueError, match="takes no weight"):
        quad(math.sin, 0, 1, weight="cos", wvar=1)
    with pytest.raises(ValueError, match="a must not be nan"):
        quad(math.sin, math.nan, 1)
    assert quad(math.sin, 0, 1, points=[2, -1]) == quad(math.sin, 0, 1)
    assert quad(lambda x: 1 / x, 0, 0) == (0, 0)
    with pytest.warns(IntegrationWarning):
        assert quad(lambda x: abs(x - 0.3), 0, 1, epsabs=0, epsrel=1e-9, limit=1).neval < 300


def test_what_is_zero_at_all_nodes_is_looked_at_again():
    result = quad(lambda x: math.exp(-((x - 700) ** 2)), -INF, INF)
    assert result.converged and result.integral == pytest.approx(math.sqrt(math.pi))
    assert quad(lambda x: 0.0, -1, 1) == (0, 0)


@pytest.mark.parametrize("p", [-0.93, -0.9, -0.8])
def test_panels_that_fail_for_rounded_ends_ask_for_it(p):
    result = fastconc.quad(lambda x, p: (1 - x) ** p, 0, 1, args=(p,), epsabs=0, epsrel=1e-10)
    assert result.converged and abs(result.integral * (1 + p) - 1) <= 1e-12
    points = np.array([p, p, p])
    batch = fastconc.quad(
        lambda x, p: (1 - x) ** p, 0, 1, args=(points,), epsabs=0, epsrel=1e-10, workers=2
    )
    assert batch.converged.all() and np.allclose(batch.integral * (1 + p), 1, rtol=1e-12)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("epsrel", [1e-6, 1e-10])
def test_kinks_and_slow_tails_are_claimed_as_they_are(epsrel):
    r = random.Random(12)
    for _ in range(40):
        c, d, q = r.uniform(0.05, 0.5), r.uniform(0.5, 0.95), r.uniform(1.2, 4)
        primitive = [x**3 / 3 - (c + d) * x * x / 2 + c * d * x for x in (0, c, d, 1)]
        exact = primitive[1] - (primitive[2] - primitive[1]) + primitive[3] - primitive[2]
        for f, b, parameters, value in (
            (lambda x, c, d: abs(x - c) * abs(x - d), (0, 1), (c, d), exact),
            (
                lambda x, q: 1 / (x * math.log(x) ** q),
                (2, math.inf),
                (q,),
                math.log(2) ** (1 - q) / (q - 1),
            ),
        ):
            result = fastconc.quad(f, *b, parameters, epsabs=0, epsrel=epsrel, method="tanh-sinh")
            off = abs(result.integral - value)
            assert not result.converged or off <= epsrel * value
            assert off <= 1.05 * result.error + 1e-15


def test_panels_ask_it_about_an_end_that_is_not_0():
    for q in (-0.5, -0.8, -0.9, -0.95):
        result = fastconc.quad(lambda x, q: (1 - x) ** q * math.log(1 - x), 0, 1, args=q)
        off = abs(result.integral + 1 / (1 + q) ** 2)
        assert result.converged, q
        assert off <= min(result.error, 1.49e-8 / (1 + q) ** 2)


@pytest.mark.parametrize("q", [-0.97, -0.99])
def test_contributions_that_grow_for_now_are_not_called_divergent(q):
    with pytest.warns(IntegrationWarning):
        result = fastconc.quad(lambda x: (1 - x) ** q * math.log(1 - x), 0, 1)
    assert result.status == "singular"
    with pytest.warns(IntegrationWarning):
        result = fastconc.quad(lambda x: math.log(1 - x) / (1 - x), 0, 1)
    assert result.status == "divergent"
