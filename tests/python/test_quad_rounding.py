# SPDX-License-Identifier: BSD-3-Clause
"""Integrands whose own rounding errors, not the rule's, limit what can be known: of 1 + c/x**2 far
out nothing is left but 1, and differences of large numbers lose their digits. No claim may be
smaller than the error, and no budget is spent on noise."""

import math
import random
from math import atan, cos, exp, log, sin, sqrt

import fastconc
import mpmath
import pytest
from mpmath import mpf

pytestmark = pytest.mark.filterwarnings("ignore")
mpmath.mp.dps = 40


def log_tail(r):
    c, a = 10 ** r.uniform(-2, 2), 10 ** r.uniform(-1, 1)
    C, A = mpf(c), mpf(a)
    root = mpmath.sqrt(C)
    exact = 2 * root * mpmath.acot(A / root) - A * mpmath.log1p(C / A**2)
    return (lambda x: log(1 + c / x**2)), a, math.inf, exact


def log_from_0(r):
    c = 10 ** r.uniform(-2, 2)
    return (lambda x: log(1 + c / x**2)), 0, math.inf, mpmath.pi * mpmath.sqrt(mpf(c))


def root_tail(r):
    c, a = 10 ** r.uniform(-2, 2), r.uniform(0, 5)
    exact = mpmath.sqrt(mpf(a) ** 2 + mpf(c)) - mpf(a)
    return (lambda x: 1 - x / sqrt(x * x + c)), a, math.inf, exact


def arc_step(r):
    c = 10 ** r.uniform(-1, 1)
    return (lambda x: atan(x + c) - atan(x)), -math.inf, math.inf, mpmath.pi * mpf(c)


def wave_tail(r):
    c, a = 10 ** r.uniform(-1, 1), r.uniform(1, 5)
    u = mpf(c) / mpf(a)
    exact = mpf(c) * (mpmath.si(u) - (1 - mpmath.cos(u)) / u)
    return (lambda x: 1 - cos(c / x)), a, math.inf, exact


def exponential_tail(r):
    c, a = 10 ** r.uniform(-1, 1), r.uniform(1, 5)
    C, A = mpf(c), mpf(a)
    root = mpmath.sqrt(C)
    exact = mpmath.sqrt(mpmath.pi) * root * mpmath.erfi(root / A) - A * mpmath.expm1(C / A**2)
    return (lambda x: exp(c / x**2) - 1), a, math.inf, exact


def cubic(r):
    b = 10 ** r.uniform(0, 4)
    h = b + 10 ** r.uniform(-1, 1)
    exact = (mpf(h) - mpf(b)) ** 4 / 4
    return (lambda x: x**3 - 3 * b * x * x + 3 * b * b * x - b**3), b, h, exact


def removable(r):
    b = r.uniform(0.5, 5)
    terms = (
        (-1) ** k * mpf(b) ** (2 * k + 1) / (mpmath.factorial(2 * k + 3) * (2 * k + 1))
        for k in range(40)
    )
    return (lambda x: (x - sin(x)) / x**3), 0, b, mpmath.fsum(terms)


FAMILIES = [
    log_tail,
    log_from_0,
    root_tail,
    arc_step,
    wave_tail,
    exponential_tail,
    cubic,
    removable,
]
TOLERANCES = [{}, {"epsabs": 0, "epsrel": 1e-6}, {"epsabs": 0, "epsrel": 1e-10}]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda f: f.__name__)
def test_rounding_errors_of_the_integrand_are_claimed(family):
    rounding = 4e-16
    for seed in range(30):
        f, a, b, exact = family(random.Random(f"{seed} {family.__name__}"))
        for tolerance in TOLERANCES:
            result = fastconc.quad(f, a, b, **tolerance)
            off = abs(result.integral - exact)
            wanted = max(
                tolerance.get("epsabs", 1.49e-8), tolerance.get("epsrel", 1.49e-8) * abs(exact)
            )
            text = f"seed {seed}, {tolerance}: off by {mpmath.nstr(off, 3)}, {result}"
            assert not result.converged or off <= wanted + rounding * abs(exact), text
            assert off <= result.error * 1.2 + 3 * rounding * abs(exact), text
            assert result.neval < 60_000, text


def test_clean_part_of_a_tail_tells_of_the_rest():
    result = fastconc.quad(lambda x: log(1 + 2 / x**2), 1, math.inf)
    exact = 2 * math.sqrt(2) * math.atan(math.sqrt(2)) - math.log(3)
    assert result.converged
    assert abs(result.integral - exact) < 2e-9
