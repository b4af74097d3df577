# SPDX-License-Identifier: BSD-3-Clause
"""Integrals of sampled data: equal to SciPy's, more accurate, bad input told."""

import math

import numpy as np
import pytest
from fastconc import integrate

RULES = ["trapezoid", "simpson"]


def scipys(rule):
    scipy = pytest.importorskip("scipy.integrate")
    return getattr(scipy, rule)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 6, 7, 10, 101, 1000, 2049, 4096, 4097, 4098, 10_001])
def test_equals_scipy(rule, n):
    r = np.random.default_rng(n)
    y, x = r.normal(size=n), np.cumsum(r.uniform(0.1, 1, size=n))
    size = np.abs(y).sum()
    peer = scipys(rule)
    assert integrate(y=y, rule=rule) == pytest.approx(peer(y), abs=1e-14 * size)
    assert integrate(y=y, dx=0.3, rule=rule) == pytest.approx(peer(y, dx=0.3), abs=1e-14 * size)
    for places in (x, x[::-1], r.permutation(x)):
        expected = peer(y, x=places)
        weight = abs(peer(np.abs(y), x=places)) + size * 100 * np.abs(np.diff(places)).max(
            initial=0
        )
        assert integrate(y=y, x=places, rule=rule) == pytest.approx(expected, abs=1e-14 * weight)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("axis", [0, 1, 2, -1, -2])
def test_axes(rule, axis):
    r = np.random.default_rng(1)
    y = r.normal(size=(4, 5, 6))
    n = y.shape[axis]
    one, own = np.sort(r.normal(size=n)), np.sort(r.normal(size=y.shape), axis=axis)
    peer = scipys(rule)
    got = integrate(y=y, dx=2, axis=axis, rule=rule)
    np.testing.assert_allclose(got, peer(y, dx=2, axis=axis), rtol=1e-12, atol=1e-12)
    for x in (one, own):
        got = integrate(y=y, x=x, axis=axis, rule=rule)
        np.testing.assert_allclose(got, peer(y, x=x, axis=axis), rtol=1e-11, atol=1e-12)
        got = integrate(y=y[:, ::-1], x=x if x is one else x[:, ::-1], axis=axis, rule=rule)
        expected = peer(y[:, ::-1], x=x if x is one else x[:, ::-1], axis=axis)
        np.testing.assert_allclose(got, expected, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("rule", RULES)
@pytest.mark.parametrize("n", [3, 4])
def test_abscissae_that_coincide(rule, n):
    y, x = [1.0, 4.0, 2.0, 7.0][:n], [0.0, 0.0, 1.0, 1.0][:n]
    assert integrate(y=y, x=x, rule=rule) == pytest.approx(scipys(rule)(y, x=x))


def test_kinds_of_numbers():
    assert integrate(y=[1, 2, 3]) == 4 and type(integrate(y=[1, 2, 3])) is float
    assert integrate(y=[True, False, True], rule="simpson") == pytest.approx(2 / 3)
    assert integrate(y=np.float32([1, 2, 3])) == 4
    value = integrate(y=[1j, 2 + 1j, 3])
    assert type(value) is complex and value == 3.5 + 1.5j
    assert integrate(y=[], rule="trapezoid") == 0 == integrate(y=[5.0])
    assert integrate(y=np.zeros((3, 0))).tolist() == [0, 0, 0]
    assert integrate(y=np.zeros((0, 3))).shape == (0,)
    assert math.isnan(integrate(y=[1.0, math.nan]))
    assert integrate(y=np.arange(10.0)[::2]) == 16


def test_sums_are_compensated():
    fractions = pytest.importorskip("fractions")
    y = np.random.default_rng(3).normal(size=300_001) * 10.0 ** np.arange(300_001) ** 0.1
    exact = sum(map(fractions.Fraction, y.tolist())) - fractions.Fraction((y[0] + y[-1]) / 2)
    assert abs(integrate(y=y) - float(exact)) <= 2e-15 * np.abs(y).sum()


@pytest.mark.parametrize("rule", RULES)
def test_same_bits_for_any_number_of_workers(rule):
    y = np.random.default_rng(5).normal(size=(3, 50_000))
    x = np.sort(np.random.default_rng(6).normal(size=50_000))
    one = integrate(y=y, x=x, rule=rule, workers=1)
    for width in (2, 3, 7):
        assert (integrate(y=y, x=x, rule=rule, workers=width) == one).all()


@pytest.mark.parametrize(
    "keywords, error, text",
    [
        ({}, TypeError, "needs a function f with limits a and b, or samples y"),
        ({"f": abs, "y": [1, 2]}, TypeError, "not both"),
        ({"a": 1, "y": [1, 2]}, TypeError, "not both"),
        ({"y": [1, 2], "n": 5}, TypeError, "not both"),
        ({"f": abs, "a": 0}, TypeError, "b must be a float"),
        ({"f": abs, "a": 0, "b": 1, "x": [1]}, TypeError, "x and dx"),
        ({"y": [1, 2], "rule": "gauss"}, ValueError, "rule must be one of trapezoid, simpson"),
        ({"y": [1, 2], "rule": 3}, ValueError, "rule"),
        ({"y": 3.0}, ValueError, "y must hold samples"),
        ({"y": ["a", "b"]}, TypeError, "y must hold numbers"),
        ({"y": [1, 2], "x": [1j, 2]}, TypeError, "x must hold numbers"),
        ({"y": [1, 2], "x": [1, 2, 3]}, ValueError, "3 abscissae, 2 samples"),
        ({"y": [1, 2], "x": [[1, 2, 3]] * 2}, ValueError, "does not broadcast"),
        ({"y": [1, 2], "x": [1, 2], "dx": 1}, ValueError, "give one of them"),
        ({"y": [1, 2], "dx": "far"}, TypeError, "dx must be a float"),
        ({"y": [1, 2], "axis": 1}, ValueError, "axis 1"),
        ({"y": [1, 2], "workers": 0}, ValueError, "workers"),
        ({"y": [1, 2], "deadline": -1}, ValueError, "deadline"),
    ],
)
def test_bad_arguments(keywords, error, text):
    with pytest.raises(error, match=text):
        integrate(**keywords)
