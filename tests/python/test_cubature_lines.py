# SPDX-License-Identifier: BSD-3-Clause
"""Kinks and jumps along lines and planes: the range is cut along them, and each part is proved."""

import itertools
import math
import random
from fractions import Fraction

import fastconc
import pytest
from fastconc import cubature, nquad, tplquad

FEW = 6200  # evaluations: what can be proved takes no more


def within(result, exact, most=FEW):
    assert result.converged and result.neval <= most
    assert abs(result.integral - exact) <= result.error + 1e-14 * abs(exact)


@pytest.mark.parametrize(
    ("f", "exact"),
    [
        (lambda x, y: max(x, y), 2 / 3),
        (lambda x, y: min(x, y), 1 / 3),
        (lambda x, y: abs(x - y), 1 / 3),
        (lambda x, y: abs(x - 0.3) + abs(y - 0.7), 0.58),
        (lambda x, y: 1.0 if x + y < 1 else 0.0, 0.5),
        (lambda x, y: math.floor(3 * x) + y, 1.5),
        (lambda x, y: float(round(2 * x - y)), 0.5),
        (lambda x, y: math.exp(-abs(x - y)), 2 / math.e),
        (lambda x, y: max(0.0, x - 2 * y + 0.25) ** 2, None),
        (lambda x, y: x if x > y else (y if y > 0.5 else -y), 7 / 12),
        (lambda x, y: 2.0 if x < y or x > 0.75 else 1.0, 1.5 + 0.25 * 0.75 + 0.03125),
    ],
)
def test_lines_in_a_square(f, exact):
    if exact is None:  # of (x - 2y + 1/4)^2 where that is positive, over y and then x
        exact = (1.25**4 - 0.25**4) / 24
    for tolerance in (1e-5, 1e-10):
        within(cubature(f, [0, 0], [1, 1], epsabs=0, epsrel=tolerance), exact)
        within(cubature(f, [1, 0], [0, 1], epsabs=0, epsrel=tolerance), -exact)
    within(nquad(f, [(0, 1), (0, 1)]), exact)


def test_planes_in_more_dimensions():
    within(cubature(lambda x, y, z: max(x, y, z), [0] * 3, [1] * 3), 0.75)
    within(cubature(lambda x, y, z: abs(x + y + z - 1.5), [0] * 3, [1] * 3), 13 / 32)
    within(cubature(lambda x, y, z, t: abs(x - t) + y * z, [0] * 4, [1] * 4), 1 / 3 + 0.25)


def test_limits_and_lines_together():
    within(nquad(lambda x, y: abs(x - y), [lambda y: (0, 1 - y), (0, 1)]), 1 / 6)
    within(nquad(lambda x, y: 1.0 if x > 0.5 else 0.0, [lambda y: (y, 1), (0, 1)]), 0.375)
    # The ends change places inside: there the integral counts as negative.
    within(nquad(lambda x, y: 1.0, [lambda y: (0, 1 - 2 * y), (0, 1)]), 0)
    tetrahedron = (0, 1, 0, lambda x: 1 - x, 0, lambda x, y: 1 - x - y)
    within(tplquad(lambda z, y, x: abs(z - y) * x, *tetrahedron), 1 / 240 * 2)


def test_lines_through_what_is_not_affine_are_left_to_bisection():
    result = cubature(lambda x, y: abs(x * y - 0.3), [0, 0], [1, 1], epsrel=1e-4)
    a = 0.3
    exact = 0.25 - a + 2 * (a * a * (1 - math.log(a)) - a * a / 4 * (1 - 2 * math.log(a)))
    assert result.converged and abs(result.integral - exact) <= result.error


def test_lines_next_to_corners():
    """Where rounding errors decide which side a point is on, nothing much may depend on it."""
    for shift in (0.0, 1e-17, 1e-16, 1e-14, 1e-12, 1e-9, 1e-6):
        for sign in (1, -1):
            c = 2 - sign * shift

            def f(x, y, c=c):
                return 1.0 if x + y < c else 100.0

            result = cubature(f, [0, 0], [1, 1], epsrel=1e-6)
            true = 1 + 99 * max(2 - c, 0) ** 2 / 2
            assert abs(result.integral - true) <= result.error + 1e-15


def test_far_from_the_origin():
    far = 1e6

    def f(x, y):
        return abs(x - y)

    result = cubature(f, [far, far], [far + 1, far + 1], epsrel=1e-6)
    assert abs(result.integral - 1 / 3) <= result.error and result.neval <= FEW


# ---- random piecewise affine functions, their integrals in fractions ----


def clipped(polygon, a, b, c):
    """The part of a convex polygon where a x + b y + c >= 0."""
    out = []
    for p, q in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        here, there = a * p[0] + b * p[1] + c, a * q[0] + b * q[1] + c
        if here >= 0:
            out.append(p)
        if here * there < 0:
            t = here / (here - there)
            out.append((p[0] + t * (q[0] - p[0]), p[1] + t * (q[1] - p[1])))
    return out


def moment(polygon, a, b, c):
    """The integral of a x + b y + c over a convex polygon."""
    total = Fraction(0)
    for p, q in itertools.pairwise(polygon[1:]):
        o = polygon[0]
        area = ((p[0] - o[0]) * (q[1] - o[1]) - (q[0] - o[0]) * (p[1] - o[1])) / 2
        x, y = (o[0] + p[0] + q[0]) / 3, (o[1] + p[1] + q[1]) / 3
        total += area * (a * x + b * y + c)
    return total


@pytest.mark.parametrize("seed", range(4))
def test_random_piecewise_affine_functions(seed):
    rng = random.Random(seed)

    def eighths():
        return Fraction(rng.randint(-24, 24), 8)

    few = 0
    for _ in range(20):
        x0, y0 = eighths(), eighths()
        x1, y1 = x0 + Fraction(rng.randint(1, 16), 8), y0 + Fraction(2) ** rng.randint(-3, 1)
        if rng.random() < 0.5:
            polygon = [(x0, y0), (x1, y0), (x1, y1), (x0, y1)]
            ranges = [(float(x0), float(x1)), (float(y0), float(y1))]
        else:  # a triangle
            polygon = [(x0, y0), (x1, y0), (x0, y1)]
            slope = float((x1 - x0) / (y1 - y0))
            ranges = [
                lambda y, a=float(x0), s=slope, t=float(y1): (a, a + s * (t - y)),
                (float(y0), float(y1)),
            ]
        terms, exact = [], Fraction(0)
        for _ in range(rng.randint(1, 2)):
            g, p, q = ([eighths() for _ in range(3)] for _ in range(3))
            if g[:2] == [0, 0] or p == q:
                continue
            text = ["({}*x + {}*y + {})".format(*map(float, form)) for form in (g, p, q)]
            if rng.random() < 0.5:
                terms.append(f"({text[1]} if {text[0]} > 0 else {text[2]})")
            else:
                terms.append(f"max({text[1]}, {text[2]})")
                g = [u - v for u, v in zip(p, q, strict=True)]
            exact += moment(clipped(polygon, *g), *p)
            exact += moment(clipped(polygon, *(-c for c in g)), *q)
        if not terms:
            continue
        f = eval("lambda x, y: " + " + ".join(terms))
        result = nquad(f, ranges)
        assert result.converged
        assert abs(result.integral - float(exact)) <= result.error + 1e-13 * abs(float(exact))
        few += result.neval <= FEW
    assert few >= 17


def test_peaks_that_are_not_too_narrow_are_proved():
    for width in (0.1, 0.2, 0.4):

        def f(x, y, s=1 / width**2):
            return math.exp(-s * ((x - 0.4) ** 2 + (y - 0.6) ** 2))

        one = math.erf(0.6 / width) + math.erf(0.4 / width)
        within(nquad(f, [(0, 1), (0, 1)]), math.pi / 4 * (width * one) ** 2)


def test_staircases():
    within(cubature(lambda x, y: math.floor(10 * x + 7 * y), [0, 0], [1, 1]), 8)
    within(cubature(lambda x, y: math.floor(9 * x) * math.floor(11 * y), [0, 0], [1, 1]), 20)
    # Too many steps to cut along; then all goes as for any function.
    many = cubature(lambda x, y: math.floor(900 * x + y), [0, 0], [1, 1], epsrel=1e-2)
    assert abs(many.integral - 450) <= many.error


def test_nan_on_one_side_of_a_line_is_not_proved():
    with pytest.warns(fastconc.IntegrationWarning):
        result = cubature(lambda x, y: math.nan if x > y else 1.0, [0, 0], [1, 1], max_eval=20_000)
    assert not result.converged
