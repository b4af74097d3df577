# SPDX-License-Identifier: BSD-3-Clause
"""Integrals whose error is proved from the program: that they are right, and that nothing is proved
which is not so. A break point (`points=`) makes quad go the long way, which is the reference."""

import math
import os
import random
import warnings

import fastconc
import mpmath as mp
import numpy as np
import pytest

INF = math.inf
FEW = 20 * 21
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
        lambda x: x**0.31459,
        lambda x: 1 / (1e-6 + (x - 0.6180339887) ** 2),
        lambda x: math.floor(73 * x) + x,
        lambda x: 1.0 if math.sin(300 * x) > 0.3 else 0.0,
        lambda x: abs(math.sqrt(abs(x - 0.6180339887)) - 0.1),
    ],
)
def test_nothing_is_proved_of_needles_and_poles_and_many_jumps(f):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert fastconc.quad(f, 0, 1).neval > FEW


@pytest.mark.parametrize(
    "f, exact",
    [
        (lambda x, c: abs(x - c), lambda c: (c * c + (1 - c) ** 2) / 2),
        (lambda x, c: 1.0 if x > c else 0.0, lambda c: 1 - c),
        (lambda x, c: 1.0 if x >= c else x, lambda c: 1 - c + c * c / 2),
        (lambda x, c: max(x, c), lambda c: (1 + c * c) / 2),
        (lambda x, c: min(x * x, c * c), lambda c: c**3 / 3 + c * c * (1 - c)),
        (lambda x, c: abs(math.sin(math.pi * (x - c))), lambda c: 2 / math.pi),
        (lambda x, c: math.floor(3 * x + c), lambda c: 1 + c),
        (lambda x, c: round(2 * x + c) - 2 * x, lambda c: c),
        (lambda x, c: math.ceil(x - c), lambda c: 1 - c),
        (lambda x, c: abs(math.exp(x) - math.exp(c)),
         lambda c: math.e + 1 + math.exp(c) * (2 * c - 3)),
        (lambda x, c: x if x < c else 2.0 if x < (1 + c) / 2 else x * x,
         lambda c: c * c / 2 + (1 - c) + (1 - ((1 + c) / 2) ** 3) / 3),
    ],
)  # fmt: skip
def test_the_range_is_cut_where_the_program_decides(f, exact):
    r = random.Random(3)
    curved = any(name in f.__code__.co_names for name in ("sin", "exp", "min"))
    proved = 0
    for c in [r.random() for _ in range(100)] + [1e-3, 0.5, 0.25, 0.999]:
        result = fastconc.quad(f, 0, 1, (c,), epsabs=0, epsrel=1e-10)
        assert result.converged
        proved += result.neval <= FEW
        if not curved:
            assert abs(result.integral - exact(c)) <= result.error + 1e-15
        else:  # no disc tells the sign next to a root: the long way, to what was asked for
            assert abs(result.integral - exact(c)) <= 1e-10 * abs(result.integral)
    assert curved or proved >= 100


def test_a_decision_at_an_end_or_never():
    for f, a, b, exact in (
        (lambda x: abs(x), -1, 1, 1.0),
        (lambda x: abs(x), 0, 1, 0.5),
        (lambda x: abs(x), -1, 0, 0.5),
        (lambda x: 1.0 if x < 1 else 7.0, 0, 1, 1.0),
        (lambda x: 1.0 if x <= 0 else 7.0, 0, 1, 7.0),
        (lambda x: math.floor(x), -2, 3, 0.0),
        (lambda x: math.floor(x), 0, 8, 28.0),
        (lambda x: x * abs(x), -1, 1, 0.0),
    ):
        result = fastconc.quad(f, a, b)
        assert result.converged and abs(result.integral - exact) <= result.error + 1e-15
        assert result.neval <= FEW


# How many of 8 are proved at least, the integrand, and the same for mpmath.
TAILS = [
    (8, lambda t, p, q: math.exp(-p * t), lambda t, p, q: mp.exp(-p * t)),
    (8, lambda t, p, q: t * t * math.exp(-p * t * t), lambda t, p, q: t * t * mp.exp(-p * t * t)),
    (6, lambda t, p, q: math.exp(-p * t) * math.cos(q * t),
     lambda t, p, q: mp.exp(-p * t) * mp.cos(q * t)),
    (8, lambda t, p, q: math.exp(-0.5 * ((t - q) / p) ** 2) / p,
     lambda t, p, q: mp.exp(-0.5 * ((t - q) / p) ** 2) / p),
    (0, lambda t, p, q: math.erfc(p * t + q), lambda t, p, q: mp.erfc(p * t + q)),
    (0, lambda t, p, q: 1 / (math.exp(p * t) + q), lambda t, p, q: 1 / (mp.exp(p * t) + q)),
    (0, lambda t, p, q: 1 / math.cosh(p * t) ** 2, lambda t, p, q: 1 / mp.cosh(p * t) ** 2),
    (0, lambda t, p, q: t / math.expm1(p * t), lambda t, p, q: t / mp.expm1(p * t)),
    (8, lambda t, p, q: math.log1p(q * math.exp(-p * t - q)),
     lambda t, p, q: mp.log1p(q * mp.exp(-p * t - q))),
    (8, lambda t, p, q: 2.0 ** (-p * t) * (1 + t), lambda t, p, q: 2 ** (-p * t) * (1 + t)),
    (4, lambda t, p, q: math.exp(-p * math.sqrt(1 + t * t)),
     lambda t, p, q: mp.exp(-p * mp.sqrt(1 + t * t))),
    (5, lambda t, p, q: math.tanh(t) * math.exp(-p * abs(t - q)),
     lambda t, p, q: mp.tanh(t) * mp.exp(-p * abs(t - q))),
    (4, lambda t, p, q: math.exp(-math.exp(p * t) + t), lambda t, p, q: mp.exp(-mp.exp(p * t) + t)),
]  # fmt: skip


@pytest.mark.parametrize("least, f, exactly", TAILS, ids=range(len(TAILS)))
@pytest.mark.parametrize("epsrel", [1e-6, 1e-10])
def test_exponential_tails(least, f, exactly, epsrel):
    r, proved = random.Random(7), 0
    for _ in range(8):
        p, q = r.uniform(0.2, 3), r.uniform(0.2, 3)
        few = fastconc.quad(f, 0, INF, (p, q), epsabs=0, epsrel=epsrel)
        with mp.workdps(20):
            cuts = [0, q, 2, 5, 10, 20, 40, 100, 400]
            exact = mp.quad(lambda t, p=p, q=q: exactly(t, p, q), sorted(cuts), maxdegree=7)
        assert few.converged and abs(few.integral - float(exact)) <= few.error
        assert few.error <= epsrel * few.integral
        proved += few.neval <= FEW
        mirrored = fastconc.quad(
            lambda t, p, q: f(-t, p, q), -INF, 0, (p, q), epsabs=0, epsrel=epsrel
        )
        assert abs(mirrored.integral - few.integral) <= mirrored.error + few.error
    assert proved >= least


@pytest.mark.parametrize(
    "f",
    [
        lambda x: math.exp(-x) + 1e-3 * math.exp(-((x - 300) ** 2)),
        lambda x: math.exp(-x) if x < 40 else math.exp(-((x - 700) ** 2)),
        lambda x: (math.exp(-x) + 1e6) - 1e6 + math.exp(-x),
        lambda x: math.exp(-x) + 1 / (1 + x) ** 3,
        lambda x: math.exp(-(math.log(2 + x) ** 2)),
    ],
)
def test_no_tail_is_cut_off_that_is_there(f):
    result = fastconc.quad(f, 0, INF, epsabs=0, epsrel=1e-8)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        long = fastconc.quad(f, 0, INF, epsabs=0, epsrel=1e-9, points=[1.5, 40, 300, 700])
    assert abs(result.integral - long.integral) <= result.error + long.error


def test_places_of_decisions_are_breaks_of_the_long_way():
    for f, a, b, exact in (
        (lambda x: 1.0 if x > 1 - 1e-6 else 0.0, 0, 1, 1e-6),
        (lambda x: math.sqrt(abs(x - 0.123)), 0, 1, (0.123**1.5 + 0.877**1.5) * 2 / 3),
        (lambda x: abs(x - 0.7) ** -0.9, 0, 1, 10 * (0.7**0.1 + 0.3**0.1)),
        (lambda x: 1.0 if abs(x - 0.777) < 1e-7 else 0.0, 0, 1, 2e-7),
        (lambda x: math.log(abs(x - 0.3)), 0, 1, 0.3 * math.log(0.3) + 0.7 * math.log(0.7) - 1),
    ):
        result = fastconc.quad(f, a, b, epsabs=0, epsrel=1e-7)
        assert result.converged and abs(result.integral - exact) <= 1e-7 * abs(exact)


def test_quotients_at_zero():
    for f, b, exact in (
        (lambda x: math.sin(x) / x, 10, 1.6583475942188740),
        (lambda x: math.expm1(-x) / x, 1, -0.79659959929705313),
        (lambda x: math.atan(x) / x, 0.5, 0.48722235829452235),
        (lambda x: math.sin(x) ** 2 / x**2, 2, 1.3447922337331501),
        (lambda x: math.erf(x) / x, 1, 1.0222443601107397),
        (lambda x: math.tanh(2 * x) / math.sin(x), 1, None),
    ):
        result = fastconc.quad(f, 0, b, epsabs=0, epsrel=1e-10)
        assert result.converged and result.neval <= FEW
        if exact is None:
            long = fastconc.quad(f, 0, b, epsabs=0, epsrel=1e-13, points=[b / 3])
            exact = long.integral
        assert abs(result.integral - exact) <= result.error
        back = fastconc.quad(f, b, 0, epsabs=0, epsrel=1e-10)
        assert back.integral == -result.integral
        left = fastconc.quad(lambda x, f=f: f(-x), -b, 0, epsabs=0, epsrel=1e-10)
        assert abs(left.integral - exact) <= left.error


@pytest.mark.parametrize(
    "f, a, b, exact",
    [
        (lambda x: math.log(x), 0, 1, -1.0),
        (lambda x: x**3 * math.log(x), 0, 2, 4 * math.log(2) - 1),
        (lambda x: math.log(x) / math.sqrt(x), 0, 1, -4.0),
        (lambda x: math.log2(5 - x), 0, 5, (5 * math.log(5) - 5) / math.log(2)),
        (lambda x: math.log(x) / (1 + x * x), 0, INF, 0.0),
        (lambda x: math.log(x) * math.log(1 - x), 0, 1, 2 - math.pi**2 / 6),
        (lambda x: math.log(math.sin(x)), 0, math.pi / 2, -math.pi / 2 * math.log(2)),
        (lambda x: x**-0.9, 0, 1, 10.0),
        (lambda x: (1 - x) ** 0.25, 0, 1, 0.8),
        (lambda x: x ** (1 / 3) * math.log(x), 0, 1, -9 / 16),
        (lambda x: x**-0.6 / (1 + x), 0, INF, math.pi / math.sin(0.4 * math.pi)),
        (lambda x: math.lgamma(x), 0, 1, math.log(2 * math.pi) / 2),
        (lambda x: 1 / math.gamma(x), 0, 4, 2.6900626741803161),
        (lambda x: math.gamma(x), 1, 3, 2.3080273328273281),
        (lambda x: x * math.gamma(x), 0, 1, 0.92274595068063057),
    ],
)
def test_logarithms_roots_and_gamma_functions_at_the_ends(f, a, b, exact):
    for epsrel in (1e-6, 1e-9):
        result = fastconc.quad(f, a, b, epsabs=1e-12 * (exact == 0), epsrel=epsrel)
        assert result.converged and abs(result.integral - exact) <= result.error + 4e-16
    assert fastconc.quad(f, a, b).neval <= FEW


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
    f = lambda x, p: math.cos(p * math.sin(x)) + abs(math.sin(x) - p)  # noqa: E731
    results = [fastconc.quad(f, 0, 3, args=(p,), workers=w) for w in (1, 2, 3, 7)]
    assert results[0].converged.all()
    assert (results[0].neval <= FEW).any() and (results[0].neval > FEW).any()
    for other in results[1:]:
        assert np.array_equal(results[0].integral, other.integral)
        assert np.array_equal(results[0].error, other.error)
        assert np.array_equal(results[0].neval, other.neval)


UNARY = (
    "sin(%s) cos(%s) exp(%s) log(1+%s) sqrt(%s) tan(%s) atan(%s) asin(%s) tanh(%s) expm1(%s) "
    "exp(-1/(%s)) sqrt(1-(%s)**2) (%s)**1.5 (%s)**-0.5 cosh(%s) acos(1-%s) exp(-(%s)) erf(%s) "
    "log(%s) log(%s) (%s)**0.3 (%s)**(1/3) (%s)**-0.6 gamma(%s) 1/gamma(%s) gamma(1+%s) log10(%s)"
).split()
LEAVES = ["x", "x", "x", "(1-x)", "2*x", "x*x", "x/2", "(x-1)"]


def expression(r, depth):
    kind = r.random()
    if depth == 0 or kind < 0.15:
        return r.choice(LEAVES)
    if kind < 0.55:
        return r.choice(UNARY) % expression(r, depth - 1)
    left, right = expression(r, depth - 1), expression(r, depth - 1)
    return f"({left} {r.choice('+-**//')} {right})"


@pytest.mark.filterwarnings("ignore")
def test_random_expressions_next_to_their_singularities():
    r, proved = random.Random(18), 0
    for _ in range(1000 if os.environ.get("FASTCONC_LONG_TESTS") else 100):
        text = expression(r, r.choice([2, 3]))
        b = r.choice([1, 0.5, 0.3, INF])
        f = eval("lambda x: " + text, vars(math))
        try:
            f(0.21)
            result = fastconc.quad(f, 0, b, epsabs=0, epsrel=r.choice([1e-6, 1e-8, 1e-10]))
        except (ArithmeticError, ValueError, TypeError):
            continue
        if result.neval > FEW or not result.converged:
            continue
        proved += 1
        with mp.workdps(25):
            exact = eval("lambda x: " + text, {**vars(mp)})
            grid = [0, b / 4, b / 2, b] if b < INF else [0, 0.5, 1, 3, 8, 20, 60, INF]
            try:
                reference, off = mp.quad(exact, grid, error=True, maxdegree=8)
            except (ZeroDivisionError, ValueError):  # its nodes reach the end, rounded
                continue
        slack = result.error + 4e-16 * abs(reference) + 100 * off
        assert abs(reference - result.integral) <= slack, (text, b, result, reference)
    assert proved > 30
