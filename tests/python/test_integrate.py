# SPDX-License-Identifier: BSD-3-Clause
"""Fixed rules: the sums they promise, batches, every kind of callable, bad input."""

import cmath
import ctypes
import ctypes.util
import math
import time
import traceback

import fastconc
import mpmath
import numpy as np
import pytest

RULES = ["left", "right", "midpoint", "trapezoid", "simpson", "boole", "gauss"]


def exact_sum(rule, f, a, b, n):
    """Return the rule's sum in 40 digits."""
    with mpmath.workdps(40):
        a, b = mpmath.mpf(a), mpmath.mpf(b)
        h = (b - a) / n
        third, ninety = mpmath.mpf(1) / 6, mpmath.mpf(1) / 90
        table = {
            "left": ([0], [1]),
            "right": ([1], [1]),
            "midpoint": ([0.5], [1]),
            "trapezoid": ([0, 1], [0.5, 0.5]),
            "simpson": ([0, 0.5, 1], [third, 4 * third, third]),
            "boole": ([0, 0.25, 0.5, 0.75, 1], [k * ninety for k in (7, 32, 12, 32, 7)]),
        }
        t, w = table[rule]
        return h * mpmath.fsum(
            weight * f(a + (i + node) * h)
            for i in range(n)
            for node, weight in zip(t, w, strict=True)
        )


@pytest.mark.parametrize("rule", RULES[:-1])
@pytest.mark.parametrize("n", [1, 3, 7, 101, 1009])
@pytest.mark.parametrize("limits", [(0.25, 3.5), (3.5, 0.25)])
def test_the_sum_is_the_rules_own(rule, n, limits):
    got = fastconc.integrate(lambda x: 1 / (1 + x * x), *limits, n, rule=rule)
    want = exact_sum(rule, lambda x: 1 / (1 + x * x), *limits, n)
    assert abs(got - want) <= 1e-14 * abs(want)


@pytest.mark.parametrize("n", [10**5, 1299709, 10**7])
def test_long_sums_lose_no_digits(n):
    got = fastconc.integrate(np.square, 0, 10, n, vectorized=True)
    with mpmath.workdps(40):
        want = mpmath.mpf(1000) * (n - 1) * (2 * n - 1) / (6 * mpmath.mpf(n) ** 2)
    assert abs(got - want) <= 1e-14 * want


def test_a_constant_sums_without_bias():
    assert fastconc.integrate(
        lambda x: np.full_like(x, 0.1), 0, 1, 10**7, vectorized=True
    ) == pytest.approx(0.1, rel=3e-16)


def test_the_lectures_line():
    assert f"{fastconc.integrate(np.square, 0, 10, 10**7, vectorized=True):.6f}" == "333.333283"


@pytest.mark.parametrize("rule", RULES)
def test_same_bits_for_any_number_of_workers(rule):
    sin = libm("sin")
    got = {fastconc.integrate(sin, 0, 3, 300_007, rule=rule, workers=w) for w in (1, 2, 3, 7)}
    assert len(got) == 1


@pytest.mark.parametrize(
    "rule, order, expected",
    [
        ("left", 5, 1),
        ("right", 5, 1),
        ("midpoint", 5, 2),
        ("trapezoid", 5, 2),
        ("simpson", 5, 4),
        ("boole", 5, 6),
        ("gauss", 1, 2),
        ("gauss", 2, 4),
        ("gauss", 3, 6),
    ],
)
def test_order_of_convergence(rule, order, expected):
    exact = math.e - 1
    errors = [
        abs(fastconc.integrate(math.exp, 0, 1, n, rule=rule, order=order) - exact) for n in (8, 16)
    ]
    assert math.log2(errors[0] / errors[1]) == pytest.approx(expected, abs=0.1)


@pytest.mark.parametrize("order", [1, 2, 3, 5, 21, 100, 1001])
def test_gauss_nodes_to_the_last_digit(order):
    def legendre(x):
        p, q = mpmath.mpf(1), x
        for k in range(1, order):
            p, q = q, ((2 * k + 1) * x * q - k * p) / (k + 1)
        return q, order * (p - x * q) / (1 - x * x)

    nodes, weights = fastconc._core._gauss_legendre(order)
    with mpmath.workdps(50):
        for i in {0, order // 3, order // 2, order - 1}:
            x = mpmath.mpf(nodes[i])
            for _ in range(3):
                value, derivative = legendre(x)
                x -= value / derivative
            derivative = legendre(x)[1]
            assert abs(nodes[i] - x) <= 1.2e-16 * abs(x) + 1e-40
            assert abs(weights[i] * (1 - x * x) * derivative**2 / 2 - 1) < 2.3e-16


def test_empty_range_is_zero_and_reversed_limits_change_the_sign():
    assert fastconc.integrate(lambda x: 1 / 3 + x, 2, 2, 10) == 0
    forward = fastconc.integrate(math.cos, 0, 1, 1000, rule="gauss")
    assert fastconc.integrate(math.cos, 1, 0, 1000, rule="gauss") == pytest.approx(
        -forward, rel=1e-15
    )


def test_trapezoid_evaluates_the_upper_limit_itself():
    assert math.isfinite(
        fastconc.integrate(lambda x: math.sqrt(0.3 - x), 0, 0.3, 7, rule="trapezoid")
    )
    assert math.isfinite(fastconc.integrate(lambda x: math.sqrt(0.3 - x), 0, 0.3, 7, rule="right"))


def test_complex_and_vector_values():
    got = fastconc.integrate(lambda x: cmath.exp(1j * x), 0, 1, 50, rule="gauss")
    assert got == pytest.approx((cmath.exp(1j) - 1) / 1j, rel=1e-14)
    got = fastconc.integrate(lambda x: (x, x * x, 1), 0, 3, 50, rule="simpson")
    assert got == pytest.approx((4.5, 9, 3), rel=1e-14)


def test_batches_of_limits_and_parameters():
    got = fastconc.integrate(lambda x: x, [0, 1, 2], 3, 100, rule="midpoint")
    assert isinstance(got, np.ndarray) and got == pytest.approx([4.5, 4, 2.5])
    p = np.array([[1.0], [2.0]])
    got = fastconc.integrate(
        lambda x, p: x**p, 0, np.array([1, 2, 3]), 100, rule="gauss", args=(p,)
    )
    assert got == pytest.approx(np.array([1, 2, 3]) ** (p + 1) / (p + 1), rel=1e-13)
    one = fastconc.integrate(lambda x, p: x**p, 0, 2.0, 100, rule="gauss", args=(2.0,))
    assert one == got[1, 1]
    assert fastconc.integrate(lambda x: x, np.zeros(0), 1, 10).shape == (0,)
    got = fastconc.integrate(
        lambda x, p: cmath.exp(1j * p * x), 0, 1, 50, rule="gauss", args=(np.array([1.0, 2.0]),)
    )
    assert got == pytest.approx(np.array([(cmath.exp(1j * p) - 1) / (1j * p) for p in (1, 2)]))
    got = fastconc.integrate(lambda x: (1, x), 0, np.array([1.0, 2.0]), 5, rule="gauss")
    assert got == pytest.approx(np.array([[1, 0.5], [2, 2]]))


def libm(name, *argtypes):
    function = getattr(ctypes.CDLL(ctypes.util.find_library("m")), name)
    function.argtypes = argtypes or (ctypes.c_double,)
    function.restype = ctypes.c_double
    return function


def test_native_functions():
    want = 1 - math.cos(1)
    assert fastconc.integrate(libm("sin"), 0, 1, 100, rule="gauss") == pytest.approx(
        want, rel=1e-14
    )
    power = libm("pow", ctypes.c_double, ctypes.c_double)
    assert fastconc.integrate(power, 0, 1, 100, rule="gauss", args=(3,)) == pytest.approx(
        0.25, rel=1e-14
    )
    got = fastconc.integrate(power, 0, 1, 100, rule="gauss", args=(np.array([1.0, 3.0]),))
    assert got == pytest.approx([0.5, 0.25], rel=1e-14)
    with pytest.raises(TypeError, match="takes 2 floats"):
        fastconc.integrate(power, 0, 1, 100)
    with pytest.raises(TypeError, match=r"not double \(int\)"):
        fastconc.integrate(libm("sin", ctypes.c_int), 0, 1, 100)
    untyped = ctypes.CDLL(ctypes.util.find_library("m")).cos
    with pytest.raises(TypeError, match="argtypes"):
        fastconc.integrate(untyped, 0, 1, 100)
    null = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double)(0)
    with pytest.raises(TypeError, match="null"):
        fastconc.integrate(null, 0, 1, 100)


def test_low_level_callable():
    from scipy import LowLevelCallable

    got = fastconc.integrate(LowLevelCallable(libm("sin")), 0, 1, 100, rule="gauss")
    assert got == pytest.approx(1 - math.cos(1), rel=1e-14)

    # The forms with arrays and user data, made with ctypes so that the test needs no compiler.
    vector = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double))(
        lambda n, p: p[0] * p[1] * n
    )
    assert fastconc.integrate(vector, 0, 1, 100, rule="gauss", args=(3,)) == pytest.approx(
        3, rel=1e-14
    )
    data = ctypes.c_double(2.5)
    with_data = ctypes.CFUNCTYPE(ctypes.c_double, ctypes.c_double, ctypes.c_void_p)(
        lambda x, p: x * ctypes.cast(p, ctypes.POINTER(ctypes.c_double))[0]
    )
    callable_with_data = LowLevelCallable(
        with_data, ctypes.cast(ctypes.pointer(data), ctypes.c_void_p)
    )
    assert fastconc.integrate(callable_with_data, 0, 2, 100, rule="gauss") == pytest.approx(
        5, rel=1e-14
    )
    both = ctypes.CFUNCTYPE(
        ctypes.c_double, ctypes.c_int, ctypes.POINTER(ctypes.c_double), ctypes.c_void_p
    )(lambda n, x, p: x[0] * ctypes.cast(p, ctypes.POINTER(ctypes.c_double))[0])
    callable_with_data = LowLevelCallable(both, ctypes.cast(ctypes.pointer(data), ctypes.c_void_p))
    assert fastconc.integrate(callable_with_data, 0, 2, 100, rule="gauss") == pytest.approx(
        5, rel=1e-14
    )


def test_cffi():
    cffi = pytest.importorskip("cffi")
    ffi = cffi.FFI()
    ffi.cdef("double sin(double x); int abs(int x);")
    lib = ffi.dlopen(ctypes.util.find_library("m"))
    assert fastconc.integrate(lib.sin, 0, 1, 100, rule="gauss") == pytest.approx(
        1 - math.cos(1), rel=1e-14
    )


def test_numba_cfunc():
    numba = pytest.importorskip("numba")
    square = numba.cfunc("float64(float64)")(lambda x: x * x)
    for f in (square, square.ctypes):
        assert fastconc.integrate(f, 0, 3, 100, rule="gauss") == pytest.approx(9, rel=1e-14)


def test_exceptions_arrive_with_their_traceback():
    def inner(x):
        if x > 0.5:
            raise RuntimeError("beyond a half")
        return x

    with pytest.raises(RuntimeError, match="beyond a half") as caught:
        fastconc.integrate(inner, 0, 1, 1000)
    assert "inner" in [frame.name for frame in traceback.extract_tb(caught.value.__traceback__)]


@pytest.mark.parametrize(
    "value, error", [("text", TypeError), (None, TypeError), ((), TypeError), ({}, TypeError)]
)
def test_wrong_values(value, error):
    with pytest.raises(error, match="integrand|must return"):
        fastconc.integrate(lambda x: value, 0, 1, 10)


def test_values_that_change_their_length():
    with pytest.raises(ValueError, match="elsewhere"):
        fastconc.integrate(lambda x: (1, 2) if x < 0.5 else (1, 2, 3), 0, 1, 10)


def test_vectorized_functions_of_the_wrong_length():
    with pytest.raises(ValueError, match="as many values"):
        fastconc.integrate(lambda x: x[:-1], 0, 1, 10, vectorized=True)
    assert fastconc.integrate(lambda x: 2, 0, 1, 10, vectorized=True) == pytest.approx(2, rel=1e-15)


@pytest.mark.parametrize(
    "arguments, keywords, error, text",
    [
        ((3, 0, 1), {}, TypeError, "callable"),
        ((math.sin, 0, 1, 0), {}, ValueError, "n must be at least 1, not 0"),
        ((math.sin, 0, 1, -5), {}, ValueError, "n must"),
        ((math.sin, 0, 1, 1.5), {}, TypeError, "n must be an int"),
        ((math.sin, 0, 1, 2**60), {}, ValueError, "n must be at most"),
        ((math.sin, math.nan, 1, 10), {}, ValueError, "a must be finite"),
        ((math.sin, 0, math.inf, 10), {}, ValueError, "b must be finite"),
        ((math.sin, [0, math.inf], 1, 10), {}, ValueError, "a must be finite"),
        ((math.sin, "0", 1, 10), {}, TypeError, "a must be a float"),
        ((math.sin, None, 1, 10), {}, TypeError, "a must be a float"),
        ((math.sin, 0, ["x"], 10), {}, TypeError, "b must be a float"),
        ((math.sin, [0, 1], [1, 2, 3], 10), {}, ValueError, "broadcast"),
        ((math.sin, 0, 1, 10), {"rule": "romberg"}, ValueError, "rule must be one of"),
        ((math.sin, 0, 1, 10), {"rule": ["left"]}, ValueError, "rule must be one of"),
        ((math.sin, 0, 1, 10), {"rule": "gauss", "order": 0}, ValueError, "order"),
        ((math.sin, 0, 1, 10), {"rule": "gauss", "order": 10**6}, ValueError, "order"),
        ((math.sin, 0, 1, 10), {"workers": 0}, ValueError, "workers"),
        ((math.sin, 0, 1, 10), {"workers": "two"}, TypeError, "workers"),
        ((math.sin, 0, 1, 10), {"deadline": 0}, ValueError, "deadline"),
        ((math.sin, 0, 1, 10), {"deadline": math.nan}, ValueError, "deadline"),
    ],
)
def test_bad_arguments(arguments, keywords, error, text):
    with pytest.raises(error, match=text):
        fastconc.integrate(*arguments, **keywords)


def test_deadline():
    def slow(x):
        time.sleep(0.001)
        return x

    with pytest.raises(TimeoutError):  # without one it takes 1000 s
        fastconc.integrate(slow, 0, 1, 10**6, deadline=0.1)
    with pytest.raises(TimeoutError):
        fastconc.integrate(libm("sin"), 0, 1, 10**11, deadline=0.1)


def test_complex_arrays_are_not_cut_to_their_real_parts():
    with pytest.raises(TypeError, match="complex numbers where floats are wanted"):
        fastconc.integrate(lambda x: np.exp(1j * x), 0, 1, n=100, vectorized=True)
    with pytest.raises(TypeError, match="complex_func=True"):
        fastconc.quad(lambda x: np.exp(1j * x), 0, 1, vectorized=True)
