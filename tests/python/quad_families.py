# SPDX-License-Identifier: BSD-3-Clause
"""Families of integrals with random parameters and known values, after Lyness and Kaganove
(1976, ACM TOMS 2), Piessens et al. (QUADPACK, 1983) and the needles, jumps and far peaks that users
of other integrators have reported as silently wrong.

A family is a function of x and its parameters, and a generator of (parameters, a, b, exact value).
"""

import math
from math import atan, cos, erf, exp, gamma, inf, log, pi, sin, sqrt

FAMILIES = {}


def family(f):
    """Register f(x, *parameters); the decorated function yields the problems."""

    def register(problem):
        FAMILIES[problem.__name__] = (f, problem)
        return problem

    return register


@family(lambda x, c, p: abs(x - c) ** p)
def interior_singularity(r):
    c, p = r.uniform(0, 1), r.choice([-0.7, -0.5, -0.25, -0.1])
    return (c, p), 0, 1, (c ** (p + 1) + (1 - c) ** (p + 1)) / (p + 1)


@family(lambda x, c, p: abs(x - c) ** p)
def interior_root(r):
    c, p = r.uniform(0, 1), r.choice([0.25, 0.5, 0.75, 1.5])
    return (c, p), 0, 1, (c ** (p + 1) + (1 - c) ** (p + 1)) / (p + 1)


@family(lambda x, c: log(abs(x - c)))
def interior_logarithm(r):
    c = r.uniform(0, 1)
    return (c,), 0, 1, c * log(c) + (1 - c) * log(1 - c) - 1


@family(lambda x, c: exp(x) if x > c else 0.0)
def jump(r):
    c = r.uniform(0, 1)
    return (c,), 0, 1, math.e - exp(c)


@family(lambda x, c, w: 1.0 if abs(x - c) < w / 2 else 0.0)
def box(r):
    w = 10 ** r.uniform(-2.5, -0.5)
    c = r.uniform(w, 1 - w)
    return (c, w), 0, 1, (c + w / 2) - (c - w / 2)


@family(lambda x, c, s: exp(-s * abs(x - c)))
def kink(r):
    c, s = r.uniform(0, 1), 10 ** r.uniform(0, 2)
    return (c, s), 0, 1, (2 - exp(-s * c) - exp(-s * (1 - c))) / s


@family(lambda x, k: math.floor(k * x))
def steps(r):
    k = r.uniform(2, 20)
    return (k,), 0, 1, math.floor(k) - sum(range(1, math.floor(k) + 1)) / k


@family(lambda x: x % 1.0)
def sawtooth(r):
    # Panels and teeth fall in step: jumps lie symmetrically in a panel, where K and G agree.
    b = r.randint(2, 120) + r.choice([0.25, 0.5])
    return (), 0, b, math.floor(b) / 2 + (b % 1) ** 2 / 2


@family(lambda x, k: math.floor(k * x) * 1.0)
def staircase(r):
    k, b = r.choice([0.5, 1, 2, 3.3]), 10 ** r.uniform(0, 2)
    n = math.floor(k * b)
    return (float(k),), 0, b, n * b - n * (n + 1) / (2 * k)


@family(lambda x, k: abs(sin(k * x)))
def rectified_wave(r):
    k = 10 ** r.uniform(0, 2)
    n = math.floor(k / pi)
    return (k,), 0, 1, (2 * n + 1 - cos(k - n * pi)) / k


def lorentz(c, w):
    return atan((1 - c) / w) + atan(c / w)


@family(lambda x, c, w: w / ((x - c) ** 2 + w * w))
def lorentz_peak(r):
    c, w = r.uniform(0, 1), 10 ** r.uniform(-5, -1)
    return (c, w), 0, 1, lorentz(c, w)


@family(
    lambda x, c, w, d, v: (
        w / ((x - c) * (x - c) + w * w)
        + v / ((x - d) * (x - d) + v * v)
        + w / ((x - d + 0.1) * (x - d + 0.1) + w * w)
    )
)
def three_peaks(r):
    c, w, d, v = (
        r.uniform(0, 1),
        10 ** r.uniform(-4, -1),
        r.uniform(0.2, 1),
        10 ** r.uniform(-4, -1),
    )
    return (c, w, d, v), 0, 1, lorentz(c, w) + lorentz(d, v) + lorentz(d - 0.1, w)


@family(lambda x, c, w: exp(-(((x - c) / w) ** 2)))
def needle(r):
    c, w = r.uniform(0, 1), 10 ** r.uniform(-3, -1)
    return (c, w), 0, 1, sqrt(pi) / 2 * w * (erf((1 - c) / w) + erf(c / w))


@family(lambda x, c, w: cos(x) + exp(-(((x - c) / w) ** 2)) / w)
def needle_on_background(r):
    c, w = r.uniform(0, 1), 10 ** r.uniform(-3, -1)
    return (c, w), 0, 1, sin(1) + sqrt(pi) / 2 * (erf((1 - c) / w) + erf(c / w))


@family(lambda x, c, w: 1.0 + (max(0.0, 1 - abs(x - c) / w)) / w)
def triangle_on_background(r):
    w = 10 ** r.uniform(-3, -1)
    c = r.uniform(w, 1 - w)
    return (c, w), 0, 1, 2.0


@family(lambda x, k, c: cos(k * x + c))
def oscillation(r):
    k, c = 10 ** r.uniform(0.5, 3), r.uniform(0, 6)
    return (k, c), 0, 1, (sin(k + c) - sin(c)) / k


@family(lambda x, p: x**p)
def end_power(r):
    p = r.uniform(-0.98, 3)
    return (p,), 0, 1, 1 / (p + 1)


@family(lambda x, p: (1 - x) ** p)
def far_end_power(r):
    p = r.uniform(-0.7, 3)
    return (p,), 0, 1, 1 / (p + 1)


@family(lambda x, p: x**p * log(1 / x))
def end_power_logarithm(r):
    p = r.uniform(-0.9, 2)
    return (p,), 0, 1, 1 / (p + 1) ** 2


@family(lambda x, c, w: exp(-(((x - c) / w) ** 2)))
def gauss_on_the_line(r):
    c, w = r.choice([-1, 1]) * 10 ** r.uniform(-1, 3), 10 ** r.uniform(-0.5, 1.5)
    return (c, w), -inf, inf, sqrt(pi) * w


@family(lambda x, c, w: w / ((x - c) ** 2 + w * w))
def lorentz_on_the_line(r):
    c, w = r.choice([-1, 1]) * 10 ** r.uniform(-1, 3), 10 ** r.uniform(-0.5, 1.5)
    return (c, w), -inf, inf, pi


@family(lambda x, s: x ** (s - 1) * exp(-x))
def gamma_function(r):
    s = r.uniform(0.2, 12)
    return (s,), 0, inf, gamma(s)


@family(lambda x, p: (1 + x) ** -p)
def algebraic_tail(r):
    p = r.uniform(1.1, 6)
    return (p,), 0, inf, 1 / (p - 1)


@family(lambda x, k, s: cos(k * x) * exp(-s * x))
def damped_oscillation(r):
    k, s = 10 ** r.uniform(-1, 1.5), 10 ** r.uniform(-1, 1)
    return (k, s), 0, inf, s / (s * s + k * k)


@family(lambda x, c, s: s * exp(s * (x - c)) / (1 + exp(s * (x - c))) ** 2)
def logistic_density(r):
    c, s = r.uniform(-20, 20), 10 ** r.uniform(-1, 1)
    return (c, s), -inf, inf, 1.0


@family(lambda x, c, s: 1 / (1 + exp(-s * (x - c))))
def steep_rise(r):
    c, s = r.uniform(0, 1), 10 ** r.uniform(0, 2.8)
    return (c, s), 0, 1, (log1pexp(s * (1 - c)) - log1pexp(-s * c)) / s


def log1pexp(z):
    return z + math.log1p(exp(-z)) if z > 0 else math.log1p(exp(z))
