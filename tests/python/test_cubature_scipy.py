# SPDX-License-Identifier: BSD-3-Clause
"""cubature and quad called as SciPy's are: names, arrays of points, native functions."""

import ctypes
import math

import fastconc
import numpy as np
import pytest
from fastconc import cubature, mcquad, nquad, quad

GAUSS = math.pi / 4 * math.erf(1) ** 2

# ---- names ----


def test_names_of_arguments():
    def f(x, y):
        return math.exp(-x * x - y * y)

    for keywords in (
        {"a": [0, 0], "b": [1, 1]},
        {"lower": [0, 0], "upper": [1, 1], "rtol": 1e-9},
        {"a": np.zeros(2), "b": np.ones(2), "rtol": 1e-9, "atol": 1e-12, "workers": -1},
        {"a": [0, 0], "b": [1, 1], "max_subdivisions": None, "points": None},
    ):
        result = cubature(f, **keywords)
        assert result.estimate == result.integral == pytest.approx(GAUSS, rel=1e-9)
        assert result.status == "converged" and result.subdivisions >= 0


def test_either_tolerance_sets_both_as_there():
    def f(x, y):
        return 1e-3 * abs(x - 0.3) * abs(y - 0.6)

    exact = 1e-3 * 0.29 * 0.26
    result = cubature(f, [0, 0], [1, 1], rtol=1e-7)  # no absolute tolerance
    assert abs(result.estimate - exact) <= result.error <= 1e-7 * exact
    loose = cubature(f, [0, 0], [1, 1], atol=1e-6)
    assert loose.neval < result.neval


@pytest.mark.parametrize("rule", ["gk21", "gk15", "gauss-kronrod", "genz-malik", "genz-malik-9"])
def test_names_of_rules(rule):
    for n_dim in (2, 3):
        result = cubature(lambda x: x[0] * x[-1] ** 2, [0] * n_dim, [1] * n_dim, rule=rule)
        assert result.estimate == pytest.approx(1 / 6, rel=1e-6)


def test_max_subdivisions():
    def f(x, y):
        return abs(x * y - 0.3)

    with pytest.warns(fastconc.IntegrationWarning):
        few = cubature(f, [0, 0], [1, 1], rtol=1e-12, max_subdivisions=3)
    assert few.status == "limit" and few.subdivisions <= 3 * 4
    with pytest.warns(fastconc.IntegrationWarning):
        none = cubature(f, [0, 0], [1, 1], rtol=1e-12, max_subdivisions=0)
    assert none.subdivisions == 0


@pytest.mark.parametrize(
    ("keywords", "error", "match"),
    [
        ({"a": [0], "b": [1], "lower": [0]}, TypeError, "lower and a"),
        ({"a": [0]}, TypeError, "limits"),
        ({"a": [0], "b": [1], "rtol": 1e-3, "epsrel": 1e-3}, TypeError, "rtol and epsrel"),
        ({"a": [0], "b": [1], "rtol": -1}, ValueError, "rtol"),
        ({"a": [0], "b": [1], "atol": "x"}, TypeError, "atol"),
        ({"a": [0], "b": [1], "max_subdivisions": -1}, ValueError, "max_subdivisions"),
        ({"a": [0], "b": [1], "points": [[0.5, 0.5]]}, ValueError, r"points\[0\]"),
        ({"a": [0], "b": [1], "points": ["x"]}, TypeError, r"points\[0\]"),
        ({"a": [0], "b": [1], "rule": object()}, ValueError, "rule"),
        ({"a": [0, 0], "b": [lambda y: y, 1], "points": [[0, 0]]}, ValueError, "functions"),
    ],
)
def test_bad_names(keywords, error, match):
    with pytest.raises(error, match=match):
        cubature(lambda *x: 1.0, **keywords)


# ---- break points ----


def test_points_cut_the_range():
    result = cubature(lambda x: np.sin(x) / x, [-1], [2], points=[[0]], vectorized=True)
    assert result.estimate == pytest.approx(2.551496047169878, rel=1e-8)
    near = cubature(lambda x, y: 1 / math.hypot(x, y), [-1, -1], [1, 1], points=[(0, 0)], rtol=1e-6)
    assert near.estimate == pytest.approx(8 * math.log(1 + math.sqrt(2)), rel=1e-6)
    turned = cubature(lambda x: x, [2], [-1], points=[[0], [1]])
    assert turned.estimate == pytest.approx(-1.5)
    tail = cubature(lambda x: abs(x - 1) * math.exp(-x), [0], [math.inf], points=[1.0])
    assert tail.estimate == pytest.approx(2 / math.e, rel=1e-6)
    outside = cubature(lambda x: x, [0], [1], points=[[7.0]])
    assert outside.estimate == pytest.approx(0.5)


def test_parts_that_cancel_are_known_to_the_sum_s_digits():
    def f(x):
        return (1 + abs(x - 0.3) * 1e-3) if x > 0 else -1.0

    result = cubature(f, [-1], [1], points=[[0]], epsabs=0, epsrel=1e-6)
    exact = 1e-3 * (0.3**2 + 0.7**2) / 2
    assert result.converged
    assert abs(result.integral - exact) <= result.error <= 1e-6 * exact


# ---- functions of arrays of points, (n, n_dim) ----


def rows(x, alphas):
    assert x.ndim == 2
    return np.exp(-np.sum(alphas[np.newaxis] * x.reshape(len(x), 1, 1, -1), axis=-1))


@pytest.mark.parametrize("vectorized", [False, True])
def test_values_have_the_shape_that_a_point_gives(vectorized):
    alphas = np.random.default_rng(1).random((2, 3, 3))
    result = cubature(rows, [0] * 3, [1] * 3, args=(alphas,), rtol=1e-9, vectorized=vectorized)
    exact = np.prod((1 - np.exp(-alphas)) / alphas, axis=-1)
    assert result.estimate.shape == result.error.shape == (2, 3)
    assert (abs(result.estimate - exact) <= 1e-9 * exact).all()
    assert (abs(result.estimate - exact) <= result.error).all()


def test_one_value_a_point():
    def gaussian(x):
        return np.exp(-np.sum(x**2, axis=-1))

    result = cubature(gaussian, [-np.inf] * 2, [np.inf] * 2)
    assert result.estimate == pytest.approx(math.pi, rel=1e-6)
    assert result.estimate.shape == ()
    product = cubature(lambda x: x[:, 0] * x[:, 1] ** 2, [0, 0], [1, 2])
    assert product.estimate == pytest.approx(4 / 3)
    limited = cubature(lambda x: x[:, 0] * x[:, 1], [0, 0], [lambda y: y, 1])
    assert limited.estimate == pytest.approx(1 / 8)


def test_one_dimension():
    n = np.arange(5)
    result = cubature(lambda x, n: x[:, np.newaxis] ** n, [0], [2], args=(n,))
    assert result.estimate.shape == (1, 5) or result.estimate.shape == (5,)
    assert result.estimate.ravel() == pytest.approx(2.0 ** (n + 1) / (n + 1))


def test_complex_rows():
    result = cubature(
        lambda x: np.exp(1j * x.sum(axis=1))[:, np.newaxis] * [1, 2], [0] * 2, [1] * 2
    )
    exact = ((np.exp(1j) - 1) / 1j) ** 2
    assert result.estimate == pytest.approx(np.array([exact, 2 * exact]), rel=1e-6)
    assert result.error.dtype == np.float64


def test_mcquad_takes_rows_too():
    result = mcquad(lambda x: x[:, 0] * x[:, 1], [0, 0], [1, 2], 20_000, seed=3)
    assert result.integral == pytest.approx(1.0, abs=6 * result.error)


def test_the_usual_arrays_stay_as_they_are():
    assert cubature(lambda x, y: x * y, [0, 0], [1, 2], vectorized=True).integral == pytest.approx(
        1
    )
    assert cubature(lambda x: x[0] * x[1], [0, 0], [1, 2], vectorized=True)[0] == pytest.approx(1)
    pair = cubature(lambda x: (x[0], x[1]), [0, 0], [1, 2], vectorized=True).integral
    assert pair == pytest.approx((1, 2))


def test_neither_points_nor_arrays():
    with pytest.raises(AttributeError, match="nothing"):
        cubature(lambda x: x.nothing, [0, 0], [1, 1])
    with pytest.raises(ZeroDivisionError):
        cubature(lambda x: len(x) / 0 + np.sum(x, axis=-1), [0, 0], [1, 1])
    with pytest.raises((TypeError, ValueError)):
        cubature(lambda x: np.ones((1, 2, 3)), [0, 0], [1, 1])


def test_an_array_function_that_changes_its_mind():
    calls = []

    def f(x):
        calls.append(len(x))
        return np.sum(x[:, :], axis=1) if len(calls) < 3 else np.ones((len(x), 2))

    with pytest.raises(ValueError, match="shape"):
        cubature(f, [0, 0], [1, 1])


# ---- native functions, as LowLevelCallable and ctypes have them ----

D, P, N, V = ctypes.c_double, ctypes.POINTER(ctypes.c_double), ctypes.c_int, ctypes.c_void_p


def callbacks():
    """sin x, by the signatures that SciPy's documentation lists, and the one before them."""
    forms = {
        "double (double)": ctypes.CFUNCTYPE(D, D)(math.sin),
        "double (double, void *)": ctypes.CFUNCTYPE(D, D, V)(lambda x, data: math.sin(x)),
        "double (int, double *)": ctypes.CFUNCTYPE(D, N, P)(lambda n, x: math.sin(x[0])),
        "double (int, double *, void *)": ctypes.CFUNCTYPE(D, N, P, V)(
            lambda n, x, data: math.sin(x[0])
        ),
    }
    old = ctypes.cast(forms["double (int, double *)"], ctypes.CFUNCTYPE(D, N, D))
    return forms, old


def test_native_forms_of_one_variable():
    forms, old = callbacks()
    for f in (*forms.values(), old):
        for integral in (
            quad(f, 0, math.pi)[0],
            nquad(f, [(0, math.pi)])[0],
            cubature(f, [0], [math.pi])[0],
            fastconc.integrate(f, 0, math.pi, 200, rule="gauss"),
        ):
            assert integral == pytest.approx(2)


def test_low_level_callables():
    low = pytest.importorskip("scipy").LowLevelCallable
    forms, old = callbacks()
    for signature, f in forms.items():
        assert quad(low(f), 0, math.pi)[0] == pytest.approx(2), signature
        assert cubature(low(f), [0], [math.pi])[0] == pytest.approx(2), signature
    for error in (ValueError, TypeError):  # SciPy's and Python's idea of it
        with pytest.raises(error, match="signature|native integrand"):
            quad(low(old), 0, math.pi)


def test_user_data_and_args():
    low = pytest.importorskip("scipy").LowLevelCallable
    number = ctypes.c_double(3.0)
    data = ctypes.cast(ctypes.pointer(number), V)

    def scaled(x, data):
        return x * ctypes.cast(data, P)[0]

    def scaled_sum(n, x, data):
        return sum(x[i] for i in range(n)) * ctypes.cast(data, P)[0]

    one = ctypes.CFUNCTYPE(D, D, V)(scaled)
    many = ctypes.CFUNCTYPE(D, N, P, V)(scaled_sum)
    assert quad(low(one, data), 0, 2)[0] == pytest.approx(6)
    assert quad(low(many, data), 0, 2, args=(1.0, 0.5))[0] == pytest.approx(3 * 5)
    assert cubature(low(many, data), [0, 0], [1, 1])[0] == pytest.approx(3)
    assert nquad(low(many, data), [(0, 1)] * 2, args=(1.0,))[0] == pytest.approx(6)
    limited = nquad(low(many, data), [lambda y: (0, y), (0, 1)])
    assert limited[0] == pytest.approx(3 * 0.5)


def test_old_ctypes_form_of_many_variables():
    f = ctypes.CFUNCTYPE(D, N, P)(
        lambda n, x: math.cos(x[1] * x[0] - x[2] * math.sin(x[0])) / math.pi
    )
    old = ctypes.cast(f, ctypes.CFUNCTYPE(D, N, D))
    assert quad(old, 0, math.pi, (2, 1.8))[0] == pytest.approx(0.30614353532540296)


def test_native_functions_with_a_python_call_inside_nest():
    _, old = callbacks()

    def outer(y):
        return y + quad(old, 0, 1)[0]

    assert quad(outer, 0, 1)[0] == pytest.approx(0.5 + 1 - math.cos(1))


def test_capsules():
    """What LowLevelCallable.from_cython makes of a function's signature."""
    low = pytest.importorskip("scipy").LowLevelCallable
    new = ctypes.pythonapi.PyCapsule_New
    new.restype, new.argtypes = ctypes.py_object, (V, ctypes.c_char_p, V)
    forms, _ = callbacks()
    for signature, f in forms.items():
        name = signature.encode()
        capsule = new(ctypes.cast(f, V), name, None)
        assert quad(low(capsule), 0, math.pi)[0] == pytest.approx(2)
    name = b"double (double, int __pyx_skip_dispatch)"
    with pytest.raises(ValueError, match="skip_dispatch"):
        quad(low(new(ctypes.cast(f, V), name, None), signature=name.decode()), 0, 1)


def test_cffi_pointers():
    ffi = pytest.importorskip("cffi").FFI()
    one = ffi.callback("double(double)", math.sin)
    many = ffi.callback("double(int, double *)", lambda n, x: math.sin(x[0]))
    low = pytest.importorskip("scipy").LowLevelCallable
    for f in (one, many, low(many)):
        assert quad(f, 0, math.pi)[0] == pytest.approx(2)
    assert cubature(many, [0, 0], [math.pi, 2])[0] == pytest.approx(4)


def test_numba_functions():
    numba = pytest.importorskip("numba")
    from numba import types

    @numba.cfunc(types.double(types.double, types.double))
    def scalars(x, y):
        return x * y

    @numba.cfunc(types.double(types.intc, types.CPointer(types.double)))
    def vector(n, x):
        return x[0] * x[n - 1]

    low = pytest.importorskip("scipy").LowLevelCallable
    for f in (scalars, vector, low(vector.ctypes)):
        assert nquad(f, [(0, 1), (0, 2)])[0] == pytest.approx(1)
    assert quad(vector, 0, 1, args=(3.0,))[0] == pytest.approx(1.5)
