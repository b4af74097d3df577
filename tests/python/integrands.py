# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: B905
"""Integrands as users of NumPy and SciPy write them: FUNCTIONS has (function, number of floats).

For the quick reader (test_read_code.py): which of them it reads, and whether as the compiler does.
"""

import math
import math as m
from functools import partial
from math import cos, exp, log, pi, sin, sqrt

import numpy as np

A, B, MU, SIGMA = 1.5, -0.5, 0.25, 2
H, K_B, C, T = 6.62607015e-34, 1.380649e-23, 2.99792458e8, 5778
COEFFS = (1.0, -0.5, 0.25, 2.0)
LIST = [0.5, 1.5, -2.0]
PAIRS = ((0.5, 1.0), (1.5, 2.0), (0.25, 3))
ARRAY = np.array([1.0, 0.5, 0.25])
NODES = [-0.7745966692414834, 0.0, 0.7745966692414834]
RATE = np.float64(0.75)
DEBUG = False
PARAMS = {"a": 1.5, "b": 2.0}


def gauss(x, mu=0.0, sigma=1.0):
    return np.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * np.sqrt(2 * np.pi))


def polynomial(x, coeffs):
    result = 0.0
    for c in coeffs:
        result = result * x + c
    return result


def power_sum(x, coeffs):
    return sum(c * x**i for i, c in enumerate(coeffs))


def dispersion(k):
    return math.sqrt(1 + k * k)


def horner(x):
    return polynomial(x, COEFFS)


def horner_list(x):
    c = [1.0, 2.0, -0.5]
    return polynomial(x, c)


def horner_reversed(x):
    y = 0.0
    for c in reversed(COEFFS):
        y = y * x + c
    return y


def horner_index(x):
    c = [1.0, 2.0, 3.0]
    s = 0.0
    for i in range(len(c)):
        s += c[i] * x**i
    return s


def horner_global_index(x):
    s = 0.0
    for i in range(len(COEFFS)):
        s += COEFFS[i] * x**i
    return s


def series(x):
    total = 0.0
    for n in range(1, 10):
        total += math.sin(n * x) / n**2
    return total


def series_long(x):
    total = 0.0
    for n in range(1, 200):
        total += math.cos(n * x) / (n * n)
    return total


def taylor(x):
    term, total = 1.0, 1.0
    for n in range(1, 20):
        term *= x / n
        total += term
    return total


def factorial_series(x):
    return sum(x**k / math.factorial(k) for k in range(8))


def fourier(x):
    a = (1.0, 0.5, 0.25)
    b = (0.3, 0.2, 0.1)
    s = 0.0
    for k, (p, q) in enumerate(zip(a, b)):
        s += p * math.cos(k * x) + q * math.sin(k * x)
    return s


def mixture(x):
    s = 0.0
    for w, mean in PAIRS:
        s += w * math.exp(-((x - mean) ** 2))
    return s


def mixture_items(x):
    s = 0.0
    for pair in PAIRS:
        s += pair[0] * math.exp(-((x - pair[1]) ** 2))
    return s


def zipped(x):
    return sum(w * math.cos(x * t) for w, t in zip((0.5, 0.25), (1.0, 2.0)))


def piecewise(x):
    if x < 0:
        return 0.0
    elif x < 1:
        return x
    return 1.0


def piecewise_ints(x):
    if x < 0.25:
        return 0
    if x < 0.75:
        return 1
    return 0


def step(x):
    return 1 if x > 0.5 else 0


def indicator(x):
    return x > 0.3 and x < 0.7


def between(x):
    return 1.0 if 0.2 < x < 0.8 else 0.0


def between_value(x):
    return math.sin(x) if -1 <= x <= 1 else 0.0


def chained(x):
    if 0 < x <= 0.5:
        y = x * x
    else:
        y = 0.25
    return y


def either(x):
    if x < 0.2 or x > 0.8:
        return 0.0
    return 1.0 - x


def clipped(x):
    return max(0.0, min(1.0, x * 2 - 0.5))


def relu(x):
    return max(0, x - 0.5)


def hat(x):
    return max(1 - abs(x), 0)


def sinc(x):
    if x == 0:
        return 1.0
    return math.sin(x) / x


def sinc_int(x):
    return 1 if x == 0 else math.sin(x) / x


def sinc_small(x):
    return 1.0 - x * x / 6 if abs(x) < 1e-4 else math.sin(x) / x


def planck(nu):
    return 2 * H * nu**3 / C**2 / (math.exp(H * nu / (K_B * T)) - 1)


def fermi(e, mu=0.5, beta=10):
    return 1 / (math.exp(beta * (e - mu)) + 1)


def bose(x):
    return x**3 / math.expm1(x)


def maxwell(v):
    a = math.sqrt(2.0)
    return math.sqrt(2 / math.pi) * v**2 * math.exp(-(v**2) / (2 * a**2)) / a**3


def lennard_jones(r, eps=1.0, sigma=1.0):
    s6 = (sigma / r) ** 6
    return 4 * eps * (s6**2 - s6)


def debye(t):
    return t**4 * np.exp(t) / (np.exp(t) - 1) ** 2


def black_scholes(x):
    d1 = (math.log(x) + 0.5 * 0.2**2) / 0.2
    d2 = d1 - 0.2
    return x * 0.5 * (1 + math.erf(d1 / math.sqrt(2))) - 0.5 * (1 + math.erf(d2 / math.sqrt(2)))


def payoff(x):
    s = 100 * math.exp(0.05 + 0.2 * x)
    return max(s - 100, 0) * math.exp(-x * x / 2)


def hubble(z):
    return 1 / math.sqrt(0.3 * (1 + z) ** 3 + 0.7)


def arc(x):
    dy = 2 * x
    return (1 + dy**2) ** 0.5


def ellipse(t):
    a, b = 3, 2
    return np.sqrt((a * np.sin(t)) ** 2 + (b * np.cos(t)) ** 2)


def logistic(x):
    r"""A documented function."""
    # and commented
    k: float = 2.5
    return 1.0 / (1.0 + math.exp(-k * x))


def nested(x):
    def inner(t):
        return t * t + 1

    return inner(x) * inner(2 * x)


def nested_closure(x):
    k = 2.0

    def inner(t):
        return t * k

    return inner(x)


def nested_lambda(x):
    g = lambda t: math.exp(-t)  # noqa: E731
    return g(x) + g(2 * x)


def newton(x):
    y = x
    for _ in range(5):
        y = y - (y * y - x) / (2 * y)
    return y


def while_known(x):
    n, s = 5, 0.0
    while n > 0:
        s += x**n
        n -= 1
    return s


def while_run(x):
    y = x
    while y > 1:
        y /= 2
    return y


def agm(x):
    a, b = 1.0, math.cos(x)
    for _ in range(6):
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def midpoint(x):
    n, s = 20, 0.0
    h = x / n
    for i in range(n):
        s += math.exp(-(((i + 0.5) * h) ** 2)) * h
    return s


def gauss_legendre(x):
    s = 0.0
    for node, w in zip(NODES, (5 / 9, 8 / 9, 5 / 9), strict=False):
        s += w * math.exp(x * node)
    return s


def augmented(x):
    y = x
    y += 1
    y *= 2
    y -= 0.5
    y /= 3
    y **= 2
    y //= 1
    y %= 3
    return y


def early(x):
    if DEBUG:
        print(x)
    return x * x


def keyword(x):
    return gauss(x, sigma=2.0, mu=0.5)


def keyword_only(x, *, k=2.0):
    return x * k


def star(x, *rest):
    return x * x


def spread(x):
    p = (0.5, 2.0)
    return gauss(x, *p)


def from_dict(x):
    return PARAMS["a"] * x + PARAMS["b"]


def unpacked(x):
    a, b, c = COEFFS[:3]
    return a * x * x + b * x + c


def unpacked_list(x):
    a, b, c = LIST
    return a * x * x + b * x + c


def unpacked_all(x):
    a, b, c, d = COEFFS
    return a + b * x + c * x**2 + d * x**3


def array_item(x):
    return ARRAY[0] + ARRAY[1] * x + ARRAY[2] * x * x


def list_item(x):
    return LIST[0] + LIST[1] * x + LIST[-1] * x * x


def np_poly(x):
    return np.polyval([1.0, 2.0, 3.0], x)


def floor_part(x):
    return x - math.floor(x)


def int_part(x):
    return int(x * 4) % 2


def sawtooth(x):
    return x % 1.0


def square_wave(x):
    return 1.0 if math.sin(2 * math.pi * x) >= 0 else -1.0


def sign(x):
    return (x > 0) - (x < 0)


def heaviside(x):
    return 1.0 * (x > 0.5)


def np_where(x):
    return np.where(x < 0.5, x, 1 - x)


def np_heaviside(x):
    return np.heaviside(x - 0.5, 0.5)


def np_sign(x):
    return np.sign(x - 0.5) * x


def np_max(x):
    return np.maximum(x, 0.5) + np.minimum(x, 0.25)


def np_abs(x):
    return np.abs(x - 0.5) + np.fabs(x)


def np_mixed(x):
    return np.log(x + 1) * np.cos(x) ** 2 + np.tanh(x) - np.arctan(x) + np.sinc(x)


def np_power(x):
    return np.power(x, 1.5) + np.square(x) + np.float64(x) + np.cbrt(x)


def np_sum(x):
    return np.sum(ARRAY * x)


def np_dot(x):
    return np.dot(ARRAY, [1, x, x * x])


def returns_bool(x):
    return x > 0.5


def returns_int(x):
    return 1


def returns_pair(x):
    return x, x * x


def returns_list(x):
    return [math.sin(x), math.cos(x)]


def ternaries(x):
    return x if x < 0.3 else (0.3 if x < 0.6 else 1 - x)


def not_equal(x):
    return 0.0 if x != x else x


def is_nan(x):
    return 0.0 if math.isnan(x) else x


def safe_log(x):
    return math.log(x) if x > 0 else -math.inf


def log_base(x):
    return math.log(x + 1, 2) + math.log10(x + 1)


def degrees(x):
    return math.sin(math.radians(x)) + math.degrees(x)


def complex_abs(x):
    return math.hypot(math.cos(x) - 1, math.sin(x))


def gamma_pdf(x, k=2.5, theta=1.0):
    return x ** (k - 1) * math.exp(-x / theta) / (math.gamma(k) * theta**k)


def beta_pdf(x, a=2, b=3):
    return x ** (a - 1) * (1 - x) ** (b - 1) * math.gamma(a + b) / (math.gamma(a) * math.gamma(b))


def student(t, nu=4):
    c = math.gamma((nu + 1) / 2) / (math.sqrt(nu * math.pi) * math.gamma(nu / 2))
    return c * (1 + t**2 / nu) ** (-(nu + 1) / 2)


def bessel(t, n, z):
    return np.cos(n * t - z * np.sin(t)) / np.pi


def legendre(x):
    p0, p1 = 1.0, x
    for n in range(1, 6):
        p0, p1 = p1, ((2 * n + 1) * x * p1 - n * p0) / (n + 1)
    return p1


def chebyshev(x):
    a, b = 1, x
    for _ in range(4):
        a, b = b, 2 * x * b - a
    return b


def hermite(x):
    if x is None:
        return 0.0
    h0, h1 = 1.0, 2 * x
    for n in range(1, 5):
        h0, h1 = h1, 2 * x * h1 - 2 * n * h0
    return h1 * math.exp(-x * x / 2)


def product(x):
    p = 1.0
    for r in (0.1, 0.5, 0.9):
        p *= x - r
    return p


def math_prod(x):
    return math.prod(x - r for r in (0.1, 0.5, 0.9))


def list_built(x):
    values = [x**k for k in range(4)]
    return sum(values)


def list_appended(x):
    values = []
    for k in range(4):
        values.append(x * k)
    return values[-1] + values[1]


def list_filled(x):
    t = [0.0] * 4
    t[0] = 1.0
    for k in range(1, 4):
        t[k] = t[k - 1] * x
    return t[3]


def list_sum(x):
    c = [x, 2 * x, 3.0]
    return sum(c)


def tuple_max(x):
    return max((x, 1 - x)) + min([x, 0.5])


def abs_sum(x):
    return sum(abs(x - r) for r in (0.25, 0.5))


def any_of(x):
    return 1.0 if any(x < r for r in (0.1, 0.2)) else 0.0


def divmods(x):
    q, r = divmod(x, 0.25)
    return q + r


def rounded(x):
    return round(x * 4) / 4


def rounded_digits(x):
    return round(x, 2)


def asserted(x):
    assert x >= 0
    return math.sqrt(x)


def raising(x):
    if x < 0:
        raise ValueError("negative")
    return math.sqrt(x)


def deep_helpers(x):
    return gauss(dispersion(x), 0.5) + hubble(x)


def mutual(x):
    return helper_one(x) + 1


def helper_one(x):
    return helper_two(x) * 2


def helper_two(x):
    return 1 / (1 + x * x) if x > 0 else 1.0


def oscillator(t):
    w, g = 5.0, 0.1
    return math.exp(-g * t) * math.cos(w * t) ** 2


def default_args(x, a=2, b=3.0, n=4):
    return a * x**n + b


def default_tuple(x, p=(1.0, 2.0)):
    return p[0] * x + p[1]


def default_function(x, f=math.sin):
    return f(x) ** 2


def many_names(x):
    alpha = 0.5 * x
    beta = alpha * alpha
    gamma = beta + alpha
    delta = gamma / (1 + beta)
    return delta if delta > 0 else -delta


def make_power(n):
    return lambda x: x**n


def make_scaled(f, k):
    return lambda x: k * f(x)


def make_poly(*coeffs):
    return lambda x: sum(c * x**i for i, c in enumerate(coeffs))


def make_horner(coeffs):
    def f(x):
        s = 0
        for c in coeffs:
            s = s * x + c
        return s

    return f


def make_gauss(mu, sigma):
    def pdf(x):
        z = (x - mu) / sigma
        return math.exp(-z * z / 2) / (sigma * math.sqrt(2 * math.pi))

    return pdf


def make_compose(*functions):
    def f(x):
        for g in functions:
            x = g(x)
        return x

    return f


def make_product(f, g):
    return lambda x: f(x) * g(x)


# Of several variables


def rosenbrock(x, y):
    return (1 - x) ** 2 + 100 * (y - x**2) ** 2


def disc(x, y):
    return 1.0 if x * x + y * y < 1 else 0.0


def disc_bool(x, y):
    return x * x + y * y <= 1


def sphere(x, y, z):
    r2 = x**2 + y**2 + z**2
    return math.exp(-r2) if r2 < 1 else 0


def genz(x, y, z):
    return math.cos(2 * math.pi * 0.3 + 5 * x + 3 * y + z)


def quadratic(x, y):
    return 3 * x**2 + 2 * x * y - y


def np_gauss(x, y):
    return np.exp(-(x**2) - y**2) * np.sin(x) * np.cos(y)


def distance(x, y, z):
    return 1 / math.sqrt((x - 0.5) ** 2 + (y + 1) ** 2 + z * z)


def triangle(x, y):
    if x + y > 1:
        return 0.0
    return x * y


def with_args(x, y, a, b):
    return a * x + b * y


FUNCTIONS = [
    *((f, 1) for f in (
        lambda x: x, lambda x: x**2, lambda x: x * x, lambda x: x**3 + 2 * x - 1,
        lambda x: 1 / (1 + x**2), lambda x: 1 / x, lambda x: 1.0 / (x + 1) ** 2,
        lambda x: np.exp(-(x**2)), lambda x: math.exp(-x * x / 2) / math.sqrt(2 * math.pi),
        lambda x: np.sin(x), lambda x: np.sin(x) / x, lambda x: np.cos(x) ** 2,
        lambda x: sin(x) * exp(-x), lambda x: sqrt(1 - x**2), lambda x: m.log(1 + x),
        lambda x: m.tan(x) + m.e, lambda x: pi * x**2, lambda x: x * log(x),
        lambda x: np.sqrt(x), lambda x: np.sqrt(1 - x * x), lambda x: x**0.5, lambda x: x**-0.5,
        lambda x: x ** (1 / 3), lambda x: x**x, lambda x: 2**x, lambda x: math.e**-x,
        lambda x: abs(x - 0.5), lambda x: np.abs(x), lambda x: math.fabs(x), lambda x: -x,
        lambda x: A * x + B, lambda x: A * math.exp(B * x), lambda x: (x - MU) / SIGMA,
        lambda x: gauss(x), lambda x: gauss(x, MU, SIGMA), lambda x: gauss(x, 1, 2) * x,
        lambda x: gauss(x) * x**2, lambda x: x * dispersion(x), lambda x: float(x > 0.5),
        lambda x: 1 if x < 0.5 else 2, lambda x: 1.0 if x < 0.5 else 2, lambda x: int(x > 0.5),
        lambda x: x if x > 0 else 0, lambda x: x * (x > 0.5), lambda x: 0.0, lambda x: 1,
        lambda x: cos(x) + 1j.imag, lambda x: RATE * x, lambda x: np.float64(2.0) * x,
        lambda x: COEFFS[0] + COEFFS[1] * x, lambda x: LIST[1] * x, lambda x: ARRAY[1] * x,
        lambda x: sum(COEFFS) * x, lambda x: len(COEFFS) * x, lambda x: max(COEFFS) * x,
        lambda x: sum([x, x**2, 1.0]), lambda x: sum(c * x for c in COEFFS),
        lambda x: sum(c * x**i for i, c in enumerate(LIST)), lambda x: polynomial(x, COEFFS),
        lambda x: polynomial(x, [1, 2, 3]), lambda x: polynomial(x, LIST),
        lambda x: power_sum(x, COEFFS), lambda x: min(x, 1 - x), lambda x: max(x, 0.0),
        lambda x: x and 1 / x, lambda x: x > 0.5 or x < 0.25, lambda x: not x > 0.5,
        lambda x: (x > 0.2) & (x < 0.6), lambda x: (x > 0.2) * (x < 0.6) * x, lambda x: x == 0.5,
        lambda x: math.pow(x, 2), lambda x: pow(x, 3), lambda x: math.exp(math.sin(x)),
        lambda x: np.log(np.sin(x)), lambda x: np.exp(-x) * np.log(x), lambda x: np.tan(x),
        lambda x: np.arcsin(x) + np.arccos(x), lambda x: np.sinh(x) - np.cosh(x),
        lambda x: math.floor(10 * x), lambda x: math.ceil(x) - x, lambda x: math.trunc(x),
        lambda x: x - int(x), lambda x: x // 0.25, lambda x: math.fmod(x, 0.3),
        lambda x: math.copysign(1, x - 0.5), lambda x: round(x), lambda x: math.gamma(x + 1),
        lambda x: math.erf(x), lambda x: math.lgamma(x + 1), lambda x: math.factorial(3) * x,
        lambda x: math.comb(4, 2) * x**2 * (1 - x) ** 2, lambda x: math.dist((x, 0), (0, 1)),
        lambda x: np.exp(-np.abs(x)) * np.cos(10 * x), lambda x: np.power(x, 2) + np.pi,
        lambda x: 1 / np.cosh(x) ** 2, lambda x: np.hypot(x, 1), lambda x: np.arctan2(1, x),
        lambda x: np.log1p(x) - np.expm1(x), lambda x: np.exp(1j * x).real,
        lambda x, k=3: x**k, lambda x, f=gauss: f(x) * 2, lambda x, a=1, b=2: a * x + b,
        lambda x: [x, x * x][1], lambda x: (x, 1.0)[0], lambda x: x.real, lambda x: +x,
        lambda x: PARAMS["a"] * x, lambda x: (lambda t: t * t)(x),
        horner, horner_list, horner_reversed, horner_index, horner_global_index, series,
        series_long, taylor, factorial_series, fourier, mixture, mixture_items, zipped, piecewise,
        piecewise_ints, step, indicator, between, between_value, chained, either, clipped, relu,
        hat, sinc, sinc_int, sinc_small, planck, fermi, bose, maxwell, lennard_jones, debye,
        black_scholes, payoff, hubble, arc, ellipse, logistic, nested, nested_closure,
        nested_lambda, newton, while_known, while_run, agm, midpoint, gauss_legendre, augmented,
        early, keyword, keyword_only, star, spread, from_dict, unpacked, unpacked_list,
        unpacked_all, array_item, list_item, np_poly, floor_part, int_part, sawtooth, square_wave,
        sign, heaviside, np_where, np_heaviside, np_sign, np_max, np_abs, np_mixed, np_power,
        np_sum, np_dot, returns_bool, returns_int, returns_pair, returns_list, ternaries,
        not_equal, is_nan, safe_log, log_base, degrees, complex_abs, gamma_pdf, beta_pdf, student,
        legendre, chebyshev, hermite, product, math_prod, list_built, list_appended, list_filled,
        list_sum, tuple_max, abs_sum, any_of, divmods, rounded, rounded_digits, asserted, raising,
        deep_helpers, mutual, oscillator, default_args, default_tuple, default_function,
        many_names, make_power(2), make_power(3), make_power(2.5), make_power(-1), make_power(0),
        make_scaled(math.sin, 2.0), make_scaled(gauss, 3), make_scaled(np.exp, 0.5),
        make_poly(1.0, 2.0, 3.0), make_poly(1, 2), make_horner((1.0, 2.0)), make_horner([3, 2, 1]),
        make_gauss(0.5, 1), make_gauss(0, 0.25), make_compose(math.sin, math.exp),
        make_product(math.sin, math.cos), make_product(gauss, dispersion),
    )),
    *((f, 2) for f in (
        lambda x, y: x * y, lambda x, y: x**2 + y**2, lambda x, y: math.exp(-x * y),
        lambda x, y: np.sin(x) * np.cos(y), lambda y, x: x * y**2, lambda x, y: 1,
        lambda x, y: np.exp(-(x**2 + y**2)), lambda x, a: math.exp(-a * x), lambda x, n: x**n,
        lambda x, a: a * x**2, lambda x, y: abs(x - y), lambda x, y: max(x, y),
        rosenbrock, disc, disc_bool, quadratic, np_gauss, triangle, gauss, fermi,
    )),
    *((f, 3) for f in (
        lambda x, y, z: x * y * z, lambda x, y, z: x + y + z, lambda x, a, b: a * x + b,
        lambda x, y, z: math.sqrt(x * x + y * y + z * z), sphere, genz, distance, bessel, gauss,
        lennard_jones,
    )),
    *((f, 4) for f in (with_args, lambda a, b, c, d: a * b - c * d)),
]  # fmt: skip

# Of a point, and what is no function
POINTS = [
    (lambda x: x[0] * x[1], 2), (lambda x: math.exp(-x[0] * x[0] - x[1] ** 2), 2),
    (lambda x: sum(x), 3), (lambda x: sum(t * t for t in x), 3), (lambda p: p[0] + 2 * p[-1], 2),
    (lambda x: math.sqrt(x[0] ** 2 + x[1] ** 2 + x[2] ** 2), 3), (lambda x: max(x), 3),
    (lambda x: math.prod(x), 3), (lambda x: math.cos(sum(x)), 4), (lambda x: np.sum(x), 2),
]  # fmt: skip
PARTIALS = [partial(gauss, sigma=2.0), partial(fermi, mu=0.25)]
