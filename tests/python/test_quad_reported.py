# SPDX-License-Identifier: BSD-3-Clause
"""Integrals with which users of scipy.integrate.quad had trouble (issues 17443, 11571, 15990,
12684, 7555, 7968, 18142 and 14101), written anew; values in closed form, or from mpmath."""

import math

import fastconc
import pytest

INF = math.inf


def normal(x, mean, sigma):
    return math.exp(-(((x - mean) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


REPORTED = {
    "17443": (lambda x: normal(x, 116.0, 3.81), 0, INF, 1.0, {}),
    "11571": (lambda x: normal(x, 0.64449662, 0.19), -1000, 0.5, 0.22347533732644606, {}),
    "15990": (lambda x: normal(x, 0.0, 5e-4), 0.0015, INF, 0.0013498980316300946, {}),
    "12684": (lambda t: math.exp(-t), 0, INF, 1 / (1 + 1e-8), {"weight": "cos", "wvar": 1e-4}),
    "12684 long": (lambda t: math.exp(-t), 0, 1e4, 1 / (1 + 1e-8), {"weight": "cos", "wvar": 1e-4}),
    "7555": (lambda x: 1 / math.sqrt(1 - x**2), -1, 1, math.pi, {"points": [-1, 1]}),
    "7968": (lambda x: math.exp(-x * x), INF, -INF, -math.sqrt(math.pi), {}),
    "18142": (lambda x: x**-0.5, 0, 0, 0.0, {}),
}


@pytest.mark.parametrize("issue", list(REPORTED))
def test_reported(issue):
    f, a, b, exact, options = REPORTED[issue]
    result = fastconc.quad(f, a, b, **options)
    assert result.converged
    assert abs(result.integral - exact) <= max(result.error, 4e-15 * abs(exact))
    assert result.error <= 1.5e-8


def stability(x, r1, r2):
    """Two colloidal particles that repel and attract: huge next to 2, and next to nothing at 2."""
    a, b = r1 + r2, r1 * r2
    r = a * x / 2
    p, q = r**2 - a**2, r**2 - (r1 - r2) ** 2
    attraction = -7e-21 * (2 * b / p + 2 * b / q + math.log(p / q))
    repulsion = 7.8e-12 * b / a * math.log(1 + math.exp(-328774227 * (r - a)))
    return math.exp((attraction + repulsion) / 4.11447e-21) / x**2


@pytest.mark.parametrize(
    "n, exact", [(22143, 11769447037392.71), (22144, 11772040939352.95), (22145, 11774635265405.86)]
)
def test_reported_stability_ratio(n, exact):  # 14101: every other size came out as 0
    radii = (1.05e-8 * 5010 ** (1 / 1.8), 1.05e-8 * n ** (1 / 1.8))
    result = fastconc.quad(stability, 2, INF, args=radii)
    assert result.converged and result.error <= 1.5e-8 * exact
    assert abs(result.integral - exact) <= result.error
