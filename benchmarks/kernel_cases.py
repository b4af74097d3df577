# SPDX-License-Identifier: BSD-3-Clause
"""The expressions of test_kernels.py and kernel_summary.py, each as a Python function of one
element (fastconc, Numba), in NumPy, in numexpr and in C, with the arrays it is applied to.

The forms are what a user of each tool would write; where one has none (numexpr knows no erf), the
case has no such peer.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np


# ---- one element, in Python
def polynomial(x):
    return (
        ((((((0.1 * x + 0.2) * x - 0.3) * x + 0.4) * x + 0.5) * x - 0.6) * x + 0.7) * x + 0.8
    ) * x - 0.9


def black_scholes(s, k, t):
    """Price of a European call; rate 3 %, volatility 25 %."""
    width = 0.25 * math.sqrt(t)
    d1 = (math.log(s / k) + (0.03 + 0.5 * 0.25**2) * t) / width
    d2 = d1 - width
    n1 = 0.5 * (1.0 + math.erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * (1.0 + math.erf(d2 / math.sqrt(2.0)))
    return s * n1 - k * math.exp(-0.03 * t) * n2


def haversine(lat1, lon1, lat2, lon2):
    """Kilometres between two points on the Earth, given in degrees."""
    p1 = math.radians(lat1)
    p2 = math.radians(lat2)
    u = math.sin((p2 - p1) / 2)
    v = math.sin(math.radians(lon2 - lon1) / 2)
    return 12742.0 * math.asin(math.sqrt(u * u + math.cos(p1) * math.cos(p2) * v * v))


def logistic_map(x):
    for _ in range(100):
        x = 3.9 * x * (1.0 - x)
    return x


def mandelbrot(cr, ci):
    """Steps to escape, 100 at most."""
    zr = 0.0
    zi = 0.0
    for n in range(100):
        if zr * zr + zi * zi > 4.0:
            return n
        zr, zi = zr * zr - zi * zi + cr, 2.0 * zr * zi + ci
    return 100


def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def gamma_correction(p):
    return round(255.0 * (p / 255.0) ** (1.0 / 2.2))


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


def piecewise(x):
    if x < -1.0:
        return -2.0 * x - 1.0
    elif x < 1.0:
        return x * x
    else:
        return math.sqrt(x)


# ---- arrays, in NumPy
def numpy_erf(x):
    from scipy.special import erf

    return erf(x)


def numpy_black_scholes(s, k, t):
    width = 0.25 * np.sqrt(t)
    d1 = (np.log(s / k) + (0.03 + 0.5 * 0.25**2) * t) / width
    d2 = d1 - width
    n1 = 0.5 * (1.0 + numpy_erf(d1 / math.sqrt(2.0)))
    n2 = 0.5 * (1.0 + numpy_erf(d2 / math.sqrt(2.0)))
    return s * n1 - k * np.exp(-0.03 * t) * n2


def numpy_haversine(lat1, lon1, lat2, lon2):
    p1 = np.radians(lat1)
    p2 = np.radians(lat2)
    u = np.sin((p2 - p1) / 2)
    v = np.sin(np.radians(lon2 - lon1) / 2)
    return 12742.0 * np.arcsin(np.sqrt(u * u + np.cos(p1) * np.cos(p2) * v * v))


def numpy_mandelbrot(cr, ci):
    """Points that have escaped leave the arrays."""
    count = np.full(cr.shape, 100)
    zr = np.zeros(cr.size)
    zi = np.zeros(cr.size)
    left = np.arange(cr.size)
    for n in range(100):
        zr2, zi2 = zr * zr, zi * zi
        out = zr2 + zi2 > 4.0
        if out.any():
            count[left[out]] = n
            stay = ~out
            left, zr, zi, zr2, zi2, cr, ci = (a[stay] for a in (left, zr, zi, zr2, zi2, cr, ci))
        zr, zi = zr2 - zi2 + cr, 2.0 * zr * zi + ci
    return count


def numpy_newton(a):
    x = a
    while True:
        wrong = np.abs(x * x - a) > 1e-12 * a
        if not wrong.any():
            return x
        x = np.where(wrong, 0.5 * (x + a / x), x)


def numpy_gamma(p):
    return np.rint(255.0 * (p / 255.0) ** (1.0 / 2.2)).astype(np.uint8)


def numpy_softplus(x):
    return np.maximum(x, 0.0) + np.log1p(np.exp(-np.abs(x)))


def numpy_piecewise(x):
    with np.errstate(invalid="ignore"):
        return np.where(x < -1.0, -2.0 * x - 1.0, np.where(x < 1.0, x * x, np.sqrt(x)))


# ---- in numexpr, of whose functions a loop is made where the expression is one
def _evaluate(text: str) -> Callable[..., Any]:
    return lambda **arrays: sys.modules["numexpr"].evaluate(text, arrays)


def numexpr_logistic(x):
    step = _evaluate("3.9 * x * (1.0 - x)")
    for _ in range(100):
        x = step(x=x)
    return x


def numexpr_mandelbrot(cr, ci):
    zr, zi, count = np.zeros_like(cr), np.zeros_like(cr), np.zeros_like(cr)
    inside = _evaluate("where(zr * zr + zi * zi > 4.0, 0.0, 1.0)")
    real = _evaluate("where(more > 0.0, zr * zr - zi * zi + cr, zr)")
    imaginary = _evaluate("where(more > 0.0, 2.0 * zr * zi + ci, zi)")
    for _ in range(100):
        more = inside(zr=zr, zi=zi)
        count += more
        zr, zi = (
            real(more=more, zr=zr, zi=zi, cr=cr),
            imaginary(more=more, zr=zr, zi=zi, ci=ci),
        )
    return count


def numexpr_newton(a):
    wrong = _evaluate("sum(where(abs(x * x - a) > 1e-12 * a, 1.0, 0.0))")
    step = _evaluate("where(abs(x * x - a) > 1e-12 * a, 0.5 * (x + a / x), x)")
    x = a
    while wrong(x=x, a=a) > 0:
        x = step(x=x, a=a)
    return x


def numexpr_gamma(p):
    out = np.empty(p.shape, np.uint8)
    text = "floor(255.0 * (p / 255.0) ** (1.0 / 2.2) + 0.5)"
    sys.modules["numexpr"].evaluate(text, {"p": p}, out=out, casting="unsafe")
    return out


NUMEXPR_POLYNOMIAL = "(((((((0.1*x+0.2)*x-0.3)*x+0.4)*x+0.5)*x-0.6)*x+0.7)*x+0.8)*x-0.9"
NUMEXPR_HAVERSINE = (
    "12742.0 * arcsin(sqrt(sin((lat2 - lat1) * 0.5 * r) ** 2"
    " + cos(lat1 * r) * cos(lat2 * r) * sin((lon2 - lon1) * 0.5 * r) ** 2))"
).replace("r)", f"{math.pi / 180!r})")
NUMEXPR_SOFTPLUS = "where(x > 0.0, x, 0.0) + log1p(exp(-abs(x)))"
NUMEXPR_PIECEWISE = "where(x < -1.0, -2.0 * x - 1.0, where(x < 1.0, x * x, sqrt(x)))"

# ---- in C: the body of a loop over i; `y` is the result
C_BODIES = {
    polynomial: """double v = x[i], p = 0.1;
        p = p * v + 0.2; p = p * v - 0.3; p = p * v + 0.4; p = p * v + 0.5;
        p = p * v - 0.6; p = p * v + 0.7; p = p * v + 0.8; y[i] = p * v - 0.9;""",
    black_scholes: """double width = 0.25 * sqrt(t[i]);
        double d1 = (log(s[i] / k[i]) + (0.03 + 0.5 * 0.25 * 0.25) * t[i]) / width;
        double n1 = 0.5 * (1.0 + erf(d1 * 0.70710678118654752440));
        double n2 = 0.5 * (1.0 + erf((d1 - width) * 0.70710678118654752440));
        y[i] = s[i] * n1 - k[i] * exp(-0.03 * t[i]) * n2;""",
    haversine: """const double r = 0.017453292519943295769;
        double p1 = lat1[i] * r, p2 = lat2[i] * r;
        double u = sin((p2 - p1) / 2), v = sin((lon2[i] - lon1[i]) * r / 2);
        y[i] = 12742.0 * asin(sqrt(u * u + cos(p1) * cos(p2) * v * v));""",
    logistic_map: """double v = x[i];
        for (int j = 0; j < 100; j++) v = 3.9 * v * (1.0 - v);
        y[i] = v;""",
    mandelbrot: """double zr = 0, zi = 0;
        int n = 0;
        for (; n < 100 && zr * zr + zi * zi <= 4.0; n++) {
            double next = zr * zr - zi * zi + cr[i];
            zi = 2.0 * zr * zi + ci[i];
            zr = next;
        }
        y[i] = n;""",
    newton_sqrt: """double v = a[i];
        while (fabs(v * v - a[i]) > 1e-12 * a[i]) v = 0.5 * (v + a[i] / v);
        y[i] = v;""",
    gamma_correction: "y[i] = (unsigned char)rint(255.0 * pow(p[i] / 255.0, 1.0 / 2.2));",
    softplus: "y[i] = fmax(x[i], 0.0) + log1p(exp(-fabs(x[i])));",
    piecewise: """double v = x[i];
        y[i] = v < -1.0 ? -2.0 * v - 1.0 : v < 1.0 ? v * v : sqrt(v);""",
}


@dataclass(frozen=True)
class Case:
    function: Callable[..., Any]
    numpy: Callable[..., Any]
    numexpr: Callable[..., Any] | str | None
    result: str = "float64"  # element type
    element: str = "float64"
    fast_math: bool = True  # lets GCC use libmvec; where the C has none to use, it would not help

    @property
    def name(self) -> str:
        return self.function.__name__

    @property
    def names(self) -> tuple[str, ...]:
        code = self.function.__code__
        return code.co_varnames[: code.co_argcount]

    def arrays(self, n: int) -> tuple[Any, ...]:
        random = np.random.default_rng(1)
        if self.function is mandelbrot:  # an image, row by row
            width = max(1, round(math.sqrt(n)))
            at = np.arange(n)
            return -2.0 + 2.6 * (at % width) / width, -1.2 + 2.4 * (at // width) / width
        ranges = {
            black_scholes: ((50, 150), (50, 150), (0.1, 2.0)),
            haversine: ((-89, 89), (-180, 180), (-89, 89), (-180, 180)),
            logistic_map: ((0.01, 0.99),),
            newton_sqrt: ((0.5, 100.0),),
            softplus: ((-20, 20),),
            polynomial: ((-1.5, 1.5),),
            piecewise: ((-3, 3),),
        }
        if self.element == "uint8":
            return (random.integers(0, 256, n, dtype=np.uint8),)
        return tuple(random.uniform(lo, hi, n) for lo, hi in ranges[self.function])


CASES = [
    Case(polynomial, polynomial, NUMEXPR_POLYNOMIAL),
    Case(black_scholes, numpy_black_scholes, None),
    Case(haversine, numpy_haversine, NUMEXPR_HAVERSINE),
    Case(logistic_map, logistic_map, numexpr_logistic),
    Case(mandelbrot, numpy_mandelbrot, numexpr_mandelbrot, result="int64"),
    Case(newton_sqrt, numpy_newton, numexpr_newton),
    Case(gamma_correction, numpy_gamma, numexpr_gamma, result="uint8", element="uint8"),
    Case(softplus, numpy_softplus, NUMEXPR_SOFTPLUS),
    Case(piecewise, numpy_piecewise, NUMEXPR_PIECEWISE),
]


# ---- each tool's way to apply a case to arrays; None where it has none
def fastconc_runner(case: Case) -> Callable[..., Any] | None:
    from fastconc import kernel

    k = kernel(case.function)
    if case.result == "uint8":  # Python's round gives an int; an image wants its bytes back
        return lambda p: k(p, out=np.empty(p.shape, np.uint8))
    return k


def numpy_runner(case: Case) -> Callable[..., Any] | None:
    return case.numpy


def numexpr_runner(case: Case) -> Callable[..., Any] | None:
    try:
        import numexpr
    except ImportError:
        return None
    if not isinstance(case.numexpr, str):
        return case.numexpr
    text = case.numexpr
    return lambda *arrays: numexpr.evaluate(text, dict(zip(case.names, arrays, strict=True)))


def numba_runner(case: Case) -> Callable[..., Any] | None:
    try:
        import numba
    except ImportError:
        return None
    signature = f"{case.result}({', '.join([case.element] * len(case.names))})"
    return numba.vectorize([signature], target="parallel")(case.function)


def c_runner(case: Case) -> Callable[..., Any] | None:
    import kernel_c

    return kernel_c.build(case)


RUNNERS = {
    "fastconc": fastconc_runner,
    "numpy": numpy_runner,
    "numexpr": numexpr_runner,
    "numba": numba_runner,
    "c": c_runner,
}


def check(case: Case, run: Callable[..., Any]) -> None:
    """Compares a runner's answer with plain Python."""
    arrays = tuple(a[::7][:300].copy() for a in case.arrays(20_000))
    expected = [case.function(*row) for row in zip(*(a.tolist() for a in arrays), strict=True)]
    if case.function is logistic_map:
        # The map doubles an error each step, and peers contract a * b + c: only the range is sure.
        assert np.all(np.abs(run(*arrays) - 0.5) <= 0.5)
        return
    np.testing.assert_allclose(run(*arrays), expected, rtol=1e-9, atol=1e-12)
