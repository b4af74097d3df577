# SPDX-License-Identifier: BSD-3-Clause
"""Integrals whose error is proved from the program: that they are right, and that nothing is proved
which is not so. A break point (`points=`) makes quad go the long way, which is the reference."""

import math
import random
import warnings

import fastconc
import numpy as np
import pytest

INF = math.inf
FEW = 16 * 21
FUNCTIONS = [
    lambda x, p, q: p * x * x + q * x + 1,
    lambda x, p, q: math.exp(-p * x * x) * math.sin(q * x),
    lambda x, p, q: 1 / (1 + p * p * x * x),
    lambda x, p, q: math.sqrt(x * x + p) * math.cos(q + x),
    lambda x, p, q: math.log(2 + p + math.sin(q * x)),
    lambda x, p, q: math.tanh(p * x) + math.atan(q * x),
    lambda x, p, q: (3 + p + x) ** q,
    lambda x, p, q: math.erf(p * x) - math.exp(q * x / 4),
    lambda x, p, q: abs(x + 7) * max(p + 3, math.cos(x)),
    lambda x, p, q: (x**3 if x > -9 else q) / (p + 6 + x),
    lambda x, p, q: math.sinh(x / 2) * math.cosh(x / p) / (x * x + q * q + 1),
    lambda x, p, q: 2.0 ** (p * x) - math.expm1(-q * x),
]


@pytest.mark.parametrize("f", FUNCTIONS, ids=range(len(FUNCTIONS)))
@pytest.mark.parametrize("epsrel", [1e-6, 1e-11])
def test_what_is_proved_is_right(f, epsrel):
    r, proved = random.Random(6), 0
    for _ in range(60):
        a = r.uniform(-2, 2)
        b = a + 10 ** r.uniform(-3, 0.5)
        parameters = r.uniform(0.2, 3), r.uniform(0.2, 3)
        few = fastconc.quad(f, a, b, parameters, epsabs=0, epsrel=epsrel)
        many = fastconc.quad(f, a, b, parameters, epsabs=0, epsrel=1e-13, points=[(a + b) / 2])
        proved += few.neval <= FEW
        assert few.converged
        assert abs(few.integral - many.integral) <= few.error + many.error
    assert proved > 30


@pytest.mark.parametrize(
    "f, a, b, exact",
    [
        (lambda x: 1 / (1 + x * x), -INF, INF, math.pi),
        (lambda x: 1 / (1 + x * x), 1, INF, math.pi / 4),
        (lambda x: 1 / (2 + x**4), -INF, INF, None),
        (lambda x: x**-2, 2, INF, 0.5),
        (lambda x: x**-3.0, -INF, -2, -0.125),
        (lambda x: 1 / (x * x * math.sqrt(1 + 1 / (x * x))), 1, INF, math.asinh(1)),
        (lambda x: (2 + x) / (x**4 + 3 * x**2 + 2), 0, INF, None),
    ],
)
def test_infinite_ranges(f, a, b, exact):
    result = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-10)
    assert result.converged and result.neval <= FEW
    inside = a + 1 if math.isfinite(a) else min(b, 0.0) - 1
    long = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-12, points=[inside])
    assert long.neval > FEW and abs(result.integral - long.integral) <= result.error + long.error
    if exact is not None:
        assert abs(result.integral - exact) <= result.error + 4e-16


@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.exp(-(((x - 0.6180339887) / 1e-3) ** 2)),
        lambda x: 1.0 + math.exp(-(((x - 0.6180339887) / 1e-3) ** 2)),
        lambda x: abs(x - 0.6180339887),
        lambda x: 1.0 if x > 0.6180339887 else 0.0,
        lambda x: max(x, 0.6180339887),
        lambda x: math.floor(7.3 * x) + x,
        lambda x: math.sqrt(x),
        lambda x: 1 / (1e-6 + (x - 0.6180339887) ** 2),
    ],
)
def test_nothing_is_proved_of_needles_kinks_and_poles(f):
    assert fastconc.quad(f, 0, 1).neval > FEW


def test_rounding_errors_are_part_of_the_proof():
    def f(x):
        return (x + 1e8) - 1e8

    loose = fastconc.quad(f, 0, 1, epsabs=0, epsrel=1e-6)
    assert loose.converged and abs(loose.integral - 0.5) <= loose.error
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        tight = fastconc.quad(f, 0, 1, epsabs=0, epsrel=1e-12)
        lost = fastconc.quad(lambda x: (x + 1e17) - 1e17, 0, 1)
    assert tight.neval > FEW
    assert lost.neval > FEW or lost.error > 1


def test_sweeps_have_the_same_bits_for_every_number_of_workers():
    p = np.linspace(0, 90, 1003)
    f = lambda x, p: math.cos(p * math.sin(x)) + abs(x - p)  # noqa: E731
    results = [fastconc.quad(f, 0, 3, args=(p,), workers=w) for w in (1, 2, 3, 7)]
    assert results[0].converged.all()
    assert (results[0].neval <= FEW).any() and (results[0].neval > FEW).any()
    for other in results[1:]:
        assert np.array_equal(results[0].integral, other.integral)
        assert np.array_equal(results[0].error, other.error)
        assert np.array_equal(results[0].neval, other.neval)
