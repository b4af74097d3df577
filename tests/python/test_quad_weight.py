# SPDX-License-Identifier: BSD-3-Clause
"""quad with a weight: beside closed forms and SciPy, singular places kept exact, trouble told."""

import math
import warnings

import fastconc
import mpmath as mp
import numpy as np
import pytest
from fastconc import IntegrationWarning, quad

INF = math.inf
EULER = 0.5772156649015329


def check(result, exact, slack=2e-15):
    assert result.converged, result
    assert abs(result.integral - exact) <= max(result.error, slack)


@pytest.mark.parametrize(
    "f, a, b, c, exact",
    [
        (lambda x: 1.0, -1, 2, 0, math.log(2)),
        (lambda x: math.exp(x), -1, 1, 0, 2.1145017507514570),
        (lambda x: x * x, 0, 3, 1, 7.5 + math.log(2)),
        (lambda x: x * x, 3, 0, 1, -7.5 - math.log(2)),
        (lambda x: 1.0, 0, 1, 2, -math.log(2)),
        (lambda x: 1 / (1 + x * x), -INF, INF, 1, -math.pi / 2),
        (lambda x: math.exp(-x), 0, INF, 1, -0.69717488323507),
    ],
)
def test_cauchy(f, a, b, c, exact):
    check(quad(f, a, b, weight="cauchy", wvar=c), exact, 1e-12)


@pytest.mark.parametrize("weight", ["alg", "alg-loga", "alg-logb", "alg-log"])
@pytest.mark.parametrize("powers", [(-0.5, -0.5), (0.5, -0.3), (-0.9, 0), (2, 3), (-0.95, 0.2)])
@pytest.mark.parametrize("a, b", [(0, 1), (2, 5), (-7, -6.5)])
def test_algebraic(weight, powers, a, b):
    scipy = pytest.importorskip("scipy.integrate")
    expected, _ = scipy.quad(lambda x: math.exp(-x), a, b, weight=weight, wvar=powers, epsrel=1e-12)
    result = quad(lambda x: math.exp(-x), a, b, weight=weight, wvar=powers, epsrel=1e-9, epsabs=0)
    check(result, expected, 1e-11 * abs(expected))


def test_beta_function():
    for p, q in ((-0.8, -0.9), (-0.5, 3), (0, 0)):
        exact = math.gamma(p + 1) * math.gamma(q + 1) / math.gamma(p + q + 2)
        result = quad(lambda x: 1.0, 10, 11, weight="alg", wvar=(p, q), epsabs=0, epsrel=1e-10)
        check(result, exact, 1e-13 * exact)


@pytest.mark.parametrize("frequency", [0.1, 1, -3, 50, 1000])
def test_finite_fourier(frequency):
    w = frequency
    z = (1 - np.exp((1j * w - 1) * 4)) / (1 - 1j * w)
    for weight, exact in (("cos", z.real), ("sin", z.imag)):
        check(quad(lambda x: math.exp(-x), 0, 4, weight=weight, wvar=w), exact, 1e-14)


@pytest.mark.parametrize("frequency", [0.1, 1, -3, 50, 1000])
def test_infinite_fourier(frequency):
    w = frequency
    side = math.copysign(1, w)
    cases = [
        (lambda x: 1 / (1 + x * x), 0, INF, "cos", math.pi / 2 * math.exp(-abs(w))),
        (lambda x: 1 / (1 + x * x), -INF, 0, "cos", math.pi / 2 * math.exp(-abs(w))),
        (lambda x: 1 / (1 + x * x), INF, -INF, "cos", -math.pi * math.exp(-abs(w))),
        (lambda x: 1 / x, 0, INF, "sin", side * math.pi / 2),
        (lambda x: x**-0.5, 0, INF, "cos", math.sqrt(math.pi / 2 / abs(w))),
        (lambda x: x**-0.5, 0, INF, "sin", side * math.sqrt(math.pi / 2 / abs(w))),
        (lambda x: math.exp(-x / 3), 0, INF, "sin", w / (1 / 9 + w * w)),
        (lambda x: math.exp(-x * x), -INF, INF, "cos", math.sqrt(math.pi) * math.exp(-w * w / 4)),
        (lambda x: math.exp(-x * x), -INF, INF, "sin", 0.0),
    ]  # fmt: skip
    for f, a, b, weight, exact in cases:
        check(quad(f, a, b, weight=weight, wvar=w), exact, 1e-13)


def test_what_lies_far_out_is_not_missed():
    for w in (0.3, 2.0, 40.0):
        exact = math.sqrt(math.pi) * math.exp(-w * w / 4) * math.cos(1000 * w)
        box = math.sin(1000 * w) / w
        for f, value in (
            (lambda x: math.exp(-((x - 1000) ** 2)), exact),
            (lambda x: 1.0 if x < 1000 else 0.0, box),
        ):
            with warnings.catch_warnings():
                warnings.simplefilter("ignore", IntegrationWarning)
                result = quad(f, 0, INF, weight="cos", wvar=w)
            assert not result.converged or abs(result.integral - value) <= result.error


def test_divergent_fourier_integrals_do_not_converge():
    for f in (lambda x: x, lambda x: math.exp(x)):
        with pytest.warns(IntegrationWarning):
            assert not quad(f, 0, INF, weight="sin", wvar=1.0).converged


def test_frequency_zero():
    check(quad(lambda x: math.exp(-x), 0, INF, weight="cos", wvar=0), 1)
    assert quad(lambda x: math.exp(-x), 0, INF, weight="sin", wvar=0) == (0, 0)


def test_values_arguments_and_points():
    result = quad(lambda x, k: (1.0, k * x), 0, 1, (2.0,), weight="alg", wvar=(-0.5, 0))
    assert result.integral == pytest.approx((2, 4 / 3), abs=result.error)
    result = quad(lambda x: 1j + math.exp(-x), 0, 1, weight="cauchy", wvar=0.5, complex_func=True)
    assert result.integral.imag == pytest.approx(0, abs=1e-12)
    a = np.array([0.5, 1.0, 2.0])
    result = quad(lambda x, a: math.exp(-a * x), 0, 3, (a,), weight="sin", wvar=2.0)
    exact = [(2 - math.exp(-3 * s) * (s * math.sin(6) + 2 * math.cos(6))) / (s * s + 4) for s in a]
    assert result.integral == pytest.approx(exact, abs=1e-9)
    f = lambda x: abs(x - 0.7)  # noqa: E731
    one = quad(f, 0, 2, weight="cauchy", wvar=1, points=[0.7])
    assert one.converged and one.integral == pytest.approx(
        quad(f, 0, 2, weight="cauchy", wvar=1).integral, abs=1e-8
    )
    result = quad(lambda x, k: k / (1 + x * x), 0, INF, (3.0,), weight="cos", wvar=1)
    assert result.integral == pytest.approx(1.5 * math.pi / math.e, abs=1e-8)
    plain = quad(lambda x: str(x) and math.exp(-x), 0, INF, weight="cos", wvar=1)
    assert plain.integral == pytest.approx(0.5, abs=1e-8)
    both = quad(np.cos, 0, 1, weight="cos", wvar=1, vectorized=True)
    assert both.integral == pytest.approx(0.5 + math.sin(2) / 4)


def test_same_bits_for_any_number_of_workers():
    def run(**weight):
        results = {quad(lambda x: 1 / (1 + x), 0, b, workers=n, **weight) for n in (1, 2, 3, 7)}
        assert len(results) == 1

    for b in (1.5, INF):
        run(weight="cos", wvar=3.0)
        run(weight="cauchy", wvar=0.5)
        b = 4
        run(weight="alg-log", wvar=(-0.5, 0.5))


def test_batches_of_frequencies_and_places():
    w = np.array([0.0, 1e-5, 1e-3, 0.5, 2.0, 30.0])
    cosines = quad(lambda t: math.exp(-t), 0, INF, weight="cos", wvar=w)
    sines = quad(lambda t: math.exp(-t), INF, 0, weight="sin", wvar=w)
    assert cosines.converged.all() and sines.converged.all()
    assert np.abs(cosines.integral - 1 / (1 + w * w)).max() <= 1.5e-8
    assert np.abs(sines.integral + w / (1 + w * w)).max() <= 1.5e-8
    decay = np.array([[1.0], [3.0]])
    both = quad(lambda t, a: math.exp(-a * t), 0, INF, (decay,), weight="cos", wvar=w)
    assert both.integral.shape == both.error.shape == (2, 6) and both.converged.all()
    assert np.abs(both.integral - decay / (decay**2 + w * w)).max() <= 1.5e-8
    limits = quad(math.cos, 0, np.array([1.0, 2.0, 3.0]), weight="cos", wvar=np.array([2, 3, 4]))
    for k, (b, wvar) in enumerate(((1.0, 2.0), (2.0, 3.0), (3.0, 4.0))):
        one = quad(math.cos, 0, b, weight="cos", wvar=wvar)
        assert one.integral == limits.integral[k] and one.error == limits.error[k]
    ends = quad(lambda t: math.exp(-t), 0, np.array([1.0, INF]), weight="sin", wvar=2.0)
    assert abs(ends.integral[1] - 0.4) < 1.5e-8
    places = np.array([0.25, 0.5, 3.0])
    values = quad(lambda x: x * x, 0, 1, weight="cauchy", wvar=places)
    exact = 0.5 + places + places**2 * np.log(np.abs((1 - places) / places))
    assert np.abs(values.integral - exact).max() <= 2e-8
    empty = quad(math.exp, 0, 1, weight="cos", wvar=np.array([]))
    assert empty.integral.shape == (0,)
    with pytest.raises(ZeroDivisionError):
        quad(lambda x: 1 // 0, 0, INF, weight="cos", wvar=w)


@pytest.mark.parametrize("alpha, beta", [(-0.99, 0), (-0.99, -0.99), (0.5, -0.999), (-0.95, 2)])
@pytest.mark.parametrize("weight", ["alg", "alg-loga", "alg-logb", "alg-log"])
def test_powers_next_to_minus_one(weight, alpha, beta):
    p, q = mp.mpf(alpha) + 1, mp.mpf(beta) + 1
    with mp.workdps(30):
        orders = {"alg": (0, 0), "alg-loga": (1, 0), "alg-logb": (0, 1), "alg-log": (1, 1)}
        exact = float(mp.diff(mp.beta, (p, q), orders[weight]))
    for epsrel in (1e-6, 1e-10):
        result = quad(
            lambda x: 1.0 + 0 * x, 0, 1, epsabs=0, epsrel=epsrel, weight=weight, wvar=(alpha, beta)
        )
        check(result, exact, 1e-14 * abs(exact))
    # What f does far from the end is seen, though next to nothing of the weight is there.
    peak = quad(
        lambda x: math.exp(-(((x - 0.37) / 0.01) ** 2)), 0, 1, epsabs=0, epsrel=1e-8,
        weight="alg", wvar=(alpha, 0.0),
    )  # fmt: skip
    plain = quad(
        lambda x: math.exp(-(((x - 0.37) / 0.01) ** 2)) * x**alpha, 0.2, 0.6, epsabs=0, epsrel=1e-9
    )
    assert abs(peak.integral - plain.integral) <= 2e-8 * plain.integral


def test_reversed_limits_change_the_sign_and_leave_the_weight():
    forth = fastconc.quad(math.exp, 0, 2, weight="alg-loga", wvar=(-0.5, 0.3))
    back = fastconc.quad(math.exp, 2, 0, weight="alg-loga", wvar=(-0.5, 0.3))
    assert back.converged and back.integral == -forth.integral and back.error == forth.error


@pytest.mark.parametrize(
    "keywords, error, text",
    [
        ({"weight": "tan", "wvar": 1}, ValueError, "weight must be one of cos, sin"),
        ({"weight": 3, "wvar": 1}, ValueError, "weight"),
        ({"wvar": 1}, ValueError, "wvar"),
        ({"weight": "cos"}, TypeError, "wvar must be a float"),
        ({"weight": "cos", "wvar": math.nan}, ValueError, "wvar must be finite"),
        ({"weight": "alg", "wvar": 1}, TypeError, "two floats"),
        ({"weight": "alg", "wvar": (-1, 0)}, ValueError, "alpha must be above -1"),
        ({"weight": "alg", "wvar": (0, math.nan)}, ValueError, "beta"),
        ({"weight": "alg", "wvar": (0, 0), "b": INF}, ValueError, "b must be finite"),
        ({"weight": "cauchy", "wvar": 0}, ValueError, "must not equal the limit a"),
        ({"weight": "cauchy", "wvar": 1}, ValueError, "must not equal the limit b"),
        ({"weight": "cos", "wvar": [1, math.nan]}, ValueError, "finite"),
        ({"weight": "cos", "wvar": ["x"]}, TypeError, "wvar must be a float or an array"),
        ({"weight": "cos", "wvar": [1, 2], "a": np.zeros(3)}, ValueError, "broadcast"),
        ({"weight": "cauchy", "wvar": [0.5, 1.0]}, ValueError, "must not equal the limit b"),
    ],
)
def test_bad_weights(keywords, error, text):
    with pytest.raises(error, match=text):
        fastconc.quad(**{"f": math.exp, "a": 0, "b": 1, **keywords})
