# SPDX-License-Identifier: BSD-3-Clause
"""Adaptive integration: known integrals, trouble that must be told, the API and bad input."""

import cmath
import math
import pickle
import threading
import types
import warnings

import fastconc
import numpy as np
import pytest
from fastconc import IntegrationWarning, quad

INF = math.inf


def powered(p):
    return lambda x: x**p


@pytest.mark.parametrize("epsrel", [1e-6, 1e-10])
@pytest.mark.parametrize(
    "f, a, b, exact",
    [
        (lambda x: x * x, 0, 1, 1 / 3),
        (lambda x: math.sqrt(x), 0, 1, 2 / 3),
        (lambda x: 1 / math.sqrt(x), 0, 1, 2),
        (lambda x: 1 / math.sqrt(1 - x), 0, 1, 2),
        (lambda x: x**-0.9, 0, 1, 10),
        (lambda x: x**-0.99, 0, 1, 100),
        (lambda x: math.log(x), 0, 1, -1),
        (lambda x: math.log(x) / math.sqrt(x), 0, 1, -4),
        (lambda x: 1.0 if x > math.pi / 4 else 0.0, 0, 1, 1 - math.pi / 4),
        (lambda x: abs(x - 0.3), 0, 1, 0.29),
        (lambda x: abs(x - math.pi / 4) ** -0.5, 0, 1, math.pi**0.5 + (4 - math.pi) ** 0.5),
        (lambda x: math.exp(-x * x), -INF, INF, math.sqrt(math.pi)),
        (lambda x: math.exp(-((x - 1000) ** 2)), -INF, INF, math.sqrt(math.pi)),
        (lambda x: math.exp(-((x - 20000) ** 2)), -INF, INF, math.sqrt(math.pi)),
        (lambda x: 1 / (1 + x * x), -INF, INF, math.pi),
        (lambda x: x**-1.5, 1, INF, 2),
        (lambda x: x**-1.1, 1, INF, 10),
        (lambda x: math.exp(x), -INF, 0, 1),
        (lambda x: math.exp(x) / (1 + math.exp(x)) ** 2, -INF, INF, 1),
        (lambda x: math.cos(1000 * x), 0, 1, math.sin(1000) / 1000),
        (lambda x: math.exp(-(((x - 0.7123) / 1e-4) ** 2)), 0, 1, math.sqrt(math.pi) * 1e-4),
        (lambda x: 1e-5 / (1e-10 + (x - 0.4) ** 2), 0, 1, math.atan(6e4) + math.atan(4e4)),
    ],
)  # fmt: skip
def test_known_integrals(f, a, b, exact, epsrel):
    result = quad(f, a, b, epsabs=0, epsrel=epsrel)
    assert result.converged and result.status == "converged"
    assert result.error <= epsrel * abs(result.integral)
    assert abs(result.integral - exact) <= result.error
    back = quad(f, b, a, epsabs=0, epsrel=epsrel)
    assert back.integral == -result.integral and back.error == result.error


@pytest.mark.parametrize(
    "f, a, b, status",
    [
        (lambda x: 1 / x, 0, 1, "divergent"),
        (lambda x: x**-1.5, 0, 1, "divergent"),
        (lambda x: 1 / x, 1, INF, "divergent"),
        (lambda x: 1.0, 0, INF, "divergent"),
        (lambda x: x, -INF, INF, "divergent"),
        (lambda x: math.exp(x), 0, INF, "divergent"),
        (lambda x: 1 / (x - 0.3) ** 2, 0, 1, None),
        (lambda x: 1 / (x - 0.3), 0, 1, None),
        (lambda x: math.tan(x), 0, 2, None),
        (lambda x: 1 / (1 - x), 0, 1, "divergent"),
        (lambda x: 1 / (x * math.log(x)), 0, 0.5, None),
        (lambda x: math.sin(x), 0, INF, None),
        (lambda x: math.sin(x) / x, 0, INF, None),
        (lambda x: math.nan if x > 0.5 else 1.0, 0, 1, "nonfinite"),
        (lambda x: math.nan, 0, 1, "nonfinite"),
        (lambda x: math.nan, -INF, INF, "nonfinite"),
        (lambda x: math.log(x), -1, 1, "nonfinite"),
        (lambda x: math.inf, 0, 1, None),
    ],
)
def test_trouble_is_told(f, a, b, status):
    with pytest.warns(IntegrationWarning):
        result = quad(f, a, b)
    assert not result.converged
    assert result.status == status or (status is None and result.status != "converged")
    assert result.message.strip()


def test_result_unpacks_pickles_and_prints():
    result = quad(lambda x: x, 0, 1)
    integral, error = result
    assert (integral, error) == (result.integral, result.error) == (result[0], result[1])
    assert len(result) == 2 and result.neval > 0 and result.converged is True
    assert pickle.loads(pickle.dumps(result)).message == result.message
    assert "converged=True" in repr(result)


def test_empty_and_degenerate_ranges():
    assert quad(lambda x: 1 / x, 0, 0) == (0, 0)
    assert quad(lambda x: x, INF, INF) == (0, 0)
    tiny = quad(lambda x: 1.0, 1.0, math.nextafter(1.0, 2), epsabs=0)
    assert tiny.integral == pytest.approx(2.0**-52) and tiny.converged
    huge = quad(lambda x: 1.0, -0.8e308, 0.8e308, epsabs=0, epsrel=1e-10)
    assert huge.integral == pytest.approx(1.6e308, rel=1e-10) and huge.converged
    with pytest.warns(IntegrationWarning):
        assert not quad(lambda x: 1.0, -1e308, 1e308).converged


def test_break_points():
    f = lambda x: math.exp(-(((x - 0.5) / 1e-7) ** 2))  # noqa: E731
    assert quad(f, 0, 1, points=[0.5], epsabs=0).integral == pytest.approx(
        1e-7 * math.sqrt(math.pi), rel=1e-7
    )
    result = quad(lambda x: math.log(abs(x)), -1, 2, points=[0], epsabs=0, epsrel=1e-10)
    assert result.integral == pytest.approx(2 * math.log(2) - 3, rel=1e-10)
    result = quad(lambda x: math.exp(-abs(x - 3)), -INF, INF, points=[3], epsrel=1e-10)
    assert result.integral == pytest.approx(2, rel=1e-10)
    assert quad(lambda x: x, 0, 1, points=[0, 0.5, 0.5, 1]).integral == pytest.approx(0.5)
    assert quad(lambda x: x, 0, 1, points=[]).integral == pytest.approx(0.5)
    # As SciPy has it: the same points serve whatever range is wanted.
    for b, exact in ((0.2, 0.08), (0.5, 0.125), (1, 0.25)):
        result = quad(lambda x: abs(x - 0.5), 0, b, points=[0.5, 7, -1, INF])
        assert result.integral == pytest.approx(exact, rel=1e-14)


def test_complex_values():
    exact = (cmath.exp(1j) - 1) / 1j
    for keywords in ({}, {"complex_func": True}):
        result = quad(lambda x: cmath.exp(1j * x), 0, 1, epsabs=0, epsrel=1e-12, **keywords)
        assert abs(result.integral - exact) <= result.error < 1e-12
    result = quad(lambda x: np.exp(1j * x), 0, 1, complex_func=True, vectorized=True)
    assert abs(result.integral - exact) <= result.error
    assert quad(lambda x: x, 0, 1, complex_func=True).integral == pytest.approx(0.5 + 0j)


def test_vector_values():
    for f in (lambda x: (x, x * x, math.sqrt(x)), lambda x: [x, x * x, str(x) and x**0.5]):
        result = quad(f, 0, 1, epsabs=0, epsrel=1e-10)
        assert result.integral == pytest.approx((1 / 2, 1 / 3, 2 / 3), abs=result.error)
        assert result.converged and isinstance(result.error, float)


def test_arguments_of_the_integrand():
    assert quad(lambda x, a: a * x, 0, 1, (3.0,)).integral == pytest.approx(1.5)
    assert quad(lambda x, a: a * x, 0, 1, 3).integral == pytest.approx(1.5)  # as SciPy has it
    assert quad(lambda x, a, n: a * x**n, 0, 1, args=(3.0, 2)).integral == pytest.approx(1)
    with pytest.raises(TypeError):
        quad(lambda x: x, 0, 1, args=(1.0,))
    with pytest.raises(TypeError):
        quad(lambda x, a: x, 0, 1)


def test_batches():
    a = np.array([0.5, 1.0, 2.0])
    result = quad(lambda x, a: math.exp(-a * x), 0, INF, args=(a,), epsabs=0, epsrel=1e-10)
    assert result.integral == pytest.approx(1 / a, rel=1e-10)
    assert result.error.shape == result.neval.shape == result.status.shape == (3,)
    assert result.converged.all() and (abs(result.integral - 1 / a) <= result.error).all()
    result = quad(lambda x: x, 0, [[1, 2], [3, 4]])
    assert result.integral == pytest.approx(np.array([[0.5, 2], [4.5, 8]]))
    with pytest.warns(IntegrationWarning, match="1 of 2 integrals did not converge: divergent"):
        result = quad(lambda x, p: x**p, 0, 1, args=(np.array([-2.0, 2.0]),))
    assert result.converged.tolist() == [False, True]
    result = quad(lambda x, a: cmath.exp(1j * a * x), 0, 1, args=(a,))
    assert result.integral == pytest.approx((np.exp(1j * a) - 1) / (1j * a))
    result = quad(lambda x, a: (a, x), 0, 1, args=(a,))
    assert result.integral == pytest.approx(np.stack([a, a * 0 + 0.5], axis=-1))
    assert quad(lambda x: x, 0, np.zeros(0)).integral.shape == (0,)


@pytest.mark.parametrize("width", [2, 3, 7])
def test_same_bits_for_any_number_of_workers(width):
    def f(x):
        return math.sin(1 / (x + 1e-4)) + abs(x - 0.3)

    one = quad(f, 0, 1, epsabs=0, epsrel=1e-9, workers=1)
    many = quad(f, 0, 1, epsabs=0, epsrel=1e-9, workers=width)
    assert one == many and one.neval == many.neval
    p = np.linspace(0.1, 2, 30)
    one = quad(lambda x, p: x ** (p - 1), 0, 1, args=(p,), workers=1)
    many = quad(lambda x, p: x ** (p - 1), 0, 1, args=(p,), workers=width)
    assert (one.integral == many.integral).all() and (one.error == many.error).all()


def test_scipys_keywords():
    f = lambda x: math.cos(x)  # noqa: E731
    result = quad(f, 0, 1, (), 0, 1e-9, 1e-9, 50, None, None, None, None, 50, 50)
    assert result.integral == pytest.approx(math.sin(1), abs=1e-9)
    integral, error, info = quad(f, 0, 1, full_output=1)
    assert integral == pytest.approx(math.sin(1)) and error < 1e-8 and info["neval"] > 0
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        *_, message = quad(lambda x: 1 / x, 0, 1, full_output=1)
    assert "divergent" in message
    assert quad(f, 0, 1, wopts=(1, 2), maxp1=9, limlst=9).integral == pytest.approx(math.sin(1))


@pytest.mark.parametrize(
    "keywords, error, text",
    [
        ({"a": math.nan}, ValueError, "a must not be nan"),
        ({"b": math.nan}, ValueError, "b must not be nan"),
        ({"b": [1, math.nan]}, ValueError, "b must not be nan"),
        ({"a": "x"}, TypeError, "a must be a float"),
        ({"b": None}, TypeError, "b must be a float"),
        ({"epsabs": -1}, ValueError, "epsabs"),
        ({"epsrel": -1e-3}, ValueError, "epsrel"),
        ({"epsrel": math.nan}, ValueError, "epsrel"),
        ({"epsabs": "small"}, TypeError, "epsabs"),
        ({"limit": 0}, ValueError, "limit must be at least 1"),
        ({"limit": 2.5}, TypeError, "limit"),
        ({"points": [math.nan]}, ValueError, "points"),
        ({"points": 3}, TypeError, "points"),
        ({"workers": 0}, ValueError, "workers"),
        ({"deadline": -1}, ValueError, "deadline"),
        ({"f": 3}, TypeError, "callable"),
    ],
)
def test_bad_arguments(keywords, error, text):
    with pytest.raises(error, match=text):
        quad(**{"f": math.sin, "a": 0, "b": 1, **keywords})


def test_exceptions_of_the_integrand():
    def fails(x):
        if x > 0.9:
            raise RuntimeError(f"not here: {x}")
        return x

    with pytest.raises(RuntimeError, match="not here"):
        quad(fails, 0, 1)


def test_zero_everywhere_is_zero():
    result = quad(lambda x: 0.0, -INF, INF, epsabs=0)
    assert result == (0, 0) and result.converged


def test_huge_values_are_no_reason_to_fail():
    with pytest.warns(IntegrationWarning):
        result = quad(lambda x: (1 + math.sin(1 / x)) / x, 0, 1)
    assert not result.converged
    for scale in (1e200, 1e-200):
        result = quad(lambda x, s: s * abs(x - 0.3), 0, 1, (scale,), epsabs=0, epsrel=1e-9)
        assert result.converged and result.integral == pytest.approx(0.29 * scale, rel=1e-9)


def test_limit_is_told():
    with pytest.warns(IntegrationWarning, match="limit of 10"):
        result = quad(lambda x: math.sin(1 / x), 0, 1, epsabs=0, epsrel=1e-12, limit=10)
    assert result.status == "limit" and not result.converged


@pytest.mark.parametrize(
    "f",
    [
        lambda x, n, z: math.cos(n * x - z * math.sin(x)) / math.pi,
        lambda x, n, z: (x + n) ** z,
        lambda x, n, z: x if n % 2 == 0 else z,
        lambda x, n, z: x * (n // 3) + z,
        lambda x, n, z: (x + x * x) * math.factorial(n) + z,
        lambda x, n, z: n**9 % 7 + x * z,
    ],
)
def test_ints_are_arguments_as_floats_are(f):
    for _ in range(2):  # the first call compiles, the second finds what was compiled
        for n in (0, 1, 2, 5, 2):
            for z in (2, 1.5, 3):
                result = quad(f, 0, 1, (n, z))
                expected = quad(f, 0, 1, (n, z), points=[0.5])
                assert abs(result.integral - expected.integral) <= 2e-8 * abs(expected.integral)
                plain = f(0.25, n, z)
                got = quad(f, 0.25, 0.25 + 1e-9, (n, z), epsabs=0, epsrel=1e-5).integral * 1e9
                assert abs(got - plain) <= 1e-5 * abs(plain) + 1e-7


def test_large_ints_stay_exact():
    f = lambda x, n: (n % 10) + 0 * x  # noqa: E731
    assert abs(quad(f, 0, 1, (7.0,)).integral - 7) < 1e-13
    assert abs(quad(f, 0, 1, (2**53 + 1,)).integral - (2**53 + 1) % 10) < 1e-13
    assert abs(quad(f, 0, 1, (True,)).integral - 1) < 1e-13


def test_an_interrupt_while_names_are_looked_up_arrives():
    module = types.ModuleType("settings")
    module.scale = 2.0
    f = lambda x: module.scale * x  # noqa: E731
    kernel = fastconc.kernel(f)

    def interrupt(name):
        raise KeyboardInterrupt

    for call in (lambda: quad(f, 0, 1).integral, lambda: kernel(0.5)):
        assert call() == call() == 1.0
    del module.scale
    module.__getattr__ = interrupt
    for call in (lambda: quad(f, 0, 1), lambda: kernel(0.5)):
        with pytest.raises(KeyboardInterrupt):
            call()
    module.scale = 4.0
    assert quad(f, 0, 1).integral == kernel(0.5) == 2.0


def test_programs_are_found_by_many_threads_while_names_change():
    scope = {"scale": 2.0, "math": math}
    exec("f = lambda x: scale * x + math.sin(0 * x)", scope)
    f, stop, wrong = scope["f"], threading.Event(), []

    def integrate():
        while not stop.is_set():
            value = quad(f, 0, 1).integral
            if value not in (1.0, 2.0):
                wrong.append(value)

    threads = [threading.Thread(target=integrate) for _ in range(3)]
    for thread in threads:
        thread.start()
    for k in range(60):
        scope["scale"] = 2.0 if k % 2 else 4.0
        quad(f, 0, 1)
    stop.set()
    for thread in threads:
        thread.join()
    assert not wrong
