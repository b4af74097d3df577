# SPDX-License-Identifier: BSD-3-Clause
"""Kernel as an object: arguments, results, types, options, caching, pickling, threads."""

import array
import concurrent.futures
import functools
import math
import operator
import pickle
import subprocess
import sys

import fastconc
import numpy as np
import pytest
from fastconc import Kernel, KernelError, PerformanceWarning, kernel

scale = 2.0


def square(x):
    return x * x


def scaled(x):
    return scale * x


# Scalars


@pytest.mark.parametrize("x", [3, 2.5, True, -0.0, math.inf, math.nan])
def test_scalars_give_python_numbers(x):
    k = kernel(lambda x: x + x)
    got, expected = k(x), x + x
    assert type(got) is type(expected)
    assert got == expected or got != got


def test_scalar_types():
    k = kernel(lambda a, b: (a / b, a // b, a % b, a == b, a * b))
    assert k(7, 2) == (3.5, 3, 1, False, 14)
    assert [type(v) for v in k(7, 2)] == [float, int, int, bool, int]
    assert k(7.0, 2) == (3.5, 3.0, 1.0, False, 14.0)


def test_numpy_scalars():
    assert kernel(square)(np.float64(3.0)) == 9.0
    assert kernel(square)(np.int32(3)) == 9


# Arrays


@pytest.mark.parametrize(
    ("dtype", "result"),
    [
        ("f8", "f8"),
        ("f4", "f4"),
        ("i8", "i8"),
        ("i4", "i8"),
        ("i2", "i8"),
        ("i1", "i8"),
        ("u1", "i8"),
        ("u2", "i8"),
        ("u4", "i8"),
        ("?", "i8"),
        ("f2", "f4"),
        (">f8", "f8"),
    ],
)
def test_dtypes(dtype, result):
    x = np.array([0, 1, 1, 0], dtype=dtype)
    got = kernel(lambda x: x * x + x)(x)
    assert got.dtype == np.dtype(result)
    assert got.tolist() == [0, 2, 2, 0]


def test_float32_is_computed_in_float32():
    x = np.linspace(0, 3, 100, dtype="f4")
    got = kernel(lambda x: x * 0.1 + 1)(x)
    assert got.dtype == np.float32
    np.testing.assert_array_equal(got, x * np.float32(0.1) + np.float32(1))
    assert kernel(lambda x, y: x + y)(x, np.ones(100)).dtype == np.float64
    assert kernel(lambda x, y: x + y)(x, 2.0).dtype == np.float32


def test_strides_and_broadcasting():
    k = kernel(lambda x, y: x - 2 * y)
    x = np.arange(24.0).reshape(4, 6)
    y = np.arange(6.0)
    np.testing.assert_array_equal(k(x, y), x - 2 * y)
    np.testing.assert_array_equal(k(x[::2, ::-1], y[::-1]), x[::2, ::-1] - 2 * y[::-1])
    np.testing.assert_array_equal(k(x.T, 1.0), x.T - 2)
    np.testing.assert_array_equal(k(x[:, :1], y), x[:, :1] - 2 * y)
    assert k(np.empty((0, 3)), 1.0).shape == (0, 3)
    with pytest.raises(ValueError, match="broadcast"):
        k(np.ones(3), np.ones(4))


def test_out():
    x = np.arange(5.0)
    out = np.empty(5)
    assert kernel(square)(x, out=out) is out
    assert out.tolist() == [0, 1, 4, 9, 16]
    assert kernel(square)(out, out=out) is out  # in place
    assert out.tolist() == [0, 1, 16, 81, 256]
    with pytest.raises((ValueError, TypeError)):
        kernel(square)(x, out=np.empty(4))
    frozen = np.empty(5)
    frozen.flags.writeable = False
    with pytest.raises((ValueError, TypeError, BufferError)):
        kernel(square)(x, out=frozen)
    a, b = np.empty(5), np.empty(5)
    kernel(lambda x: (x, -x))(x, out=(a, b))
    assert b.tolist() == (-x).tolist()


def test_overlapping_out():
    x = np.arange(10.0)
    expected = x[:-1] * 2
    kernel(lambda x: x * 2)(x[:-1], out=x[1:])
    np.testing.assert_array_equal(x[1:], expected)


def test_buffers_without_numpy_arrays():
    got = kernel(square)(array.array("d", [1, 2, 3]))
    assert type(got) is array.array and got.tolist() == [1, 4, 9]
    assert kernel(square)(array.array("i", [1, 2, 3])).tolist() == [1, 4, 9]
    assert kernel(lambda x: x > 1)(array.array("d", [1, 2, 3])).tolist() == [False, True, True]


def test_lists():
    assert kernel(square)([1.0, 2.0]).tolist() == [1, 4]


@pytest.mark.parametrize(
    "bad", [np.array([object()]), np.array(["a"]), np.array([1j]), 1j, "text", None, object()]
)
def test_wrong_arguments(bad):
    with pytest.raises((TypeError, KernelError)):
        kernel(square)(bad)


def test_calling_conventions():
    def f(x, y=2.0, *, z=1.0):
        return x + 10 * y + 100 * z

    k = kernel(f)
    assert k(1.0) == f(1.0)
    assert k(1.0, 3.0) == f(1.0, 3.0)
    assert k(1.0, z=5.0) == f(1.0, z=5.0)
    assert k(y=0.5, x=2.0) == f(y=0.5, x=2.0)
    for call in (lambda: k(), lambda: k(1, 2, 3), lambda: k(1, w=3), lambda: k(1, x=3)):
        with pytest.raises(TypeError):
            call()


def test_constants_as_arguments():
    def f(x, mode, offset=None):
        if offset is None:
            offset = 1.0
        return x * x + offset if mode == "square" else x + offset

    k = kernel(f)
    assert k(3.0, "square") == 10.0
    assert k(3.0, "other") == 4.0
    assert k(3.0, "square", 5.0) == 14.0


# Functions of every kind


def test_kinds_of_callables():
    class Model:
        gain = 3.0

        def __init__(self):
            self.offset = 0.5

        def apply(self, x):
            return self.gain * x + self.offset

        def __call__(self, x):
            return self.apply(x) * 2

    m = Model()
    assert kernel(m.apply)(2.0) == 6.5
    assert kernel(m)(2.0) == 13.0
    assert kernel(functools.partial(lambda a, x: a * x, 4.0))(2.0) == 8.0
    functions = [lambda x: x + 1, lambda x: x * 10]
    assert [kernel(f)(2.0) for f in functions] == [3.0, 20.0]
    first, second = (lambda x: x - 1), (lambda x: x - 2)
    assert (kernel(first)(0.0), kernel(second)(0.0)) == (-1.0, -2.0)
    assert kernel(kernel(square))(3.0) == 9.0
    assert kernel(functools.lru_cache(square))(3.0) == 9.0


def test_decorator():
    @kernel
    def f(x):
        return x + 1

    @kernel(errors="raise")
    def g(x):
        return 1 / x

    assert isinstance(f, Kernel) and f(1.0) == 2.0
    assert f.__name__ == "f"
    with pytest.raises(ZeroDivisionError):
        g(0.0)


def test_kernels_call_kernels():
    @kernel
    def inner(x):
        return x * x

    assert kernel(lambda x: inner(x) + 1)(3.0) == 10.0


def test_operator_functions():
    f = kernel(lambda a, b: operator.add(operator.mul(a, b), operator.neg(a)))
    assert f(3, 4) == 9


# Captured values


def test_changed_global_recompiles():
    global scale
    k = kernel(scaled)
    try:
        assert k(3.0) == 6.0
        scale = 5.0
        assert k(3.0) == 15.0
    finally:
        scale = 2.0
    assert k(3.0) == 6.0


def test_changed_closure_recompiles():
    a = 1.0

    def f(x):
        return a * x

    k = kernel(f)
    assert k(2.0) == 2.0
    a = 10.0
    assert k(2.0) == 20.0


def test_changed_attribute_and_list_recompile():
    class Box:
        value = 2.0

    box, coefficients = Box(), [1.0, 2.0]
    k = kernel(lambda x: box.value * x + coefficients[0])
    assert k(1.0) == 3.0
    box.value = 7.0
    assert k(1.0) == 8.0
    coefficients[0] = 0.5
    assert k(1.0) == 7.5


def test_a_module_function_exchanged_later_is_noticed(monkeypatch):
    k = kernel(lambda x: math.sin(x) + 1)
    assert k(0.5) == math.sin(0.5) + 1
    monkeypatch.setattr(math, "sin", lambda x: 5.0 * x)
    assert k(0.5) == 3.5
    monkeypatch.undo()
    assert k(0.5) == math.sin(0.5) + 1


def test_lambdas_in_a_loop_are_their_own():
    assert [kernel(lambda x, a=a: a * x)(2.0) for a in (1.0, 2.0, 3.0)] == [2, 4, 6]
    made = [lambda x: a * x for a in (1.0, 2.0)]  # noqa: B023
    assert [kernel(f)(1.0) for f in made] == [f(1.0) for f in made]


# Errors of values


def test_ieee_is_the_default():
    assert kernel(lambda x: 1 / x)(0.0) == math.inf
    assert math.isnan(kernel(lambda x: math.log(x))(-1.0))
    assert math.isnan(kernel(lambda x: x**0.5)(-1.0))
    assert math.isnan(kernel(lambda x, y: math.fmod(x, y))(1.0, 0.0))
    assert kernel(lambda x: 0.0**x)(-1.0) == math.inf
    assert math.isnan(kernel(lambda x: x % 0.0)(1.0))
    assert kernel(lambda x: math.exp(x))(1000.0) == math.inf


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (lambda x: 1 / x, (0.0,)),
        (lambda x: 1 // x, (0.0,)),
        (lambda x: 1 % x, (0.0,)),
        (lambda x: math.log(x), (0.0,)),
        (lambda x: math.log(x), (-1.0,)),
        (lambda x: math.sqrt(x), (-1.0,)),
        (lambda x: math.exp(x), (1000.0,)),
        (lambda x: math.cosh(x), (1000.0,)),
        (lambda x: math.asin(x), (2.0,)),
        (lambda x: math.sin(x), (math.inf,)),
        (lambda x: math.gamma(x), (-1.0,)),
        (lambda x: math.gamma(x), (200.0,)),
        (lambda x: math.fmod(x, 0.0), (1.0,)),
        (lambda x: math.atanh(x), (1.0,)),
        (lambda x: x**-1, (0.0,)),
        (lambda x: x**-2.5, (0.0,)),
        (lambda x: x**2, (1e200,)),
        (lambda x: x**100.5, (1e200,)),
        (lambda x: 10.0**x, (1000.0,)),
        (lambda x: int(x), (math.nan,)),
        (lambda x: int(x), (math.inf,)),
        (lambda x: math.floor(x), (math.nan,)),
        (lambda x: round(x), (math.inf,)),
        (lambda n: 1 / n, (0,)),
        (lambda n: 1 // n, (0,)),
        (lambda n: 1 % n, (0,)),
        (lambda n: 1 << n, (-1,)),
        (lambda n: math.factorial(n), (-1,)),
        (lambda n: math.isqrt(n), (-1,)),
        (lambda n: (1, 2, 3)[n], (5,)),
        (lambda x: math.pow(x, 0.5), (-1.0,)),
        (lambda x: math.log1p(x), (-1.0,)),
        (lambda x: math.acosh(x), (0.5,)),
        (lambda x: math.remainder(1.0, x), (0.0,)),
        (lambda x: math.expm1(x), (1000.0,)),
    ],
)
def test_errors_raise_as_python_does(f, args):
    with pytest.raises(Exception) as expected:
        f(*args)
    k = kernel(f, errors="raise")
    with pytest.raises(type(expected.value)) as got:
        k(*args)
    assert str(got.value).startswith(str(expected.value))
    columns = [np.array([2 if isinstance(a, int) else 0.75, a]) for a in args]
    try:
        [f(c[0].item()) for c in columns[:1]]
    except Exception:
        return
    with pytest.raises(type(expected.value)) as got:
        k(*columns)
    notes = getattr(got.value, "__notes__", [str(got.value)])
    if hasattr(got.value, "add_note"):  # Python 3.10 has no notes, and some texts stay as they are
        assert any("element 1" in note for note in notes)


def test_errors_raise_leaves_good_values_alone():
    x = np.linspace(0.1, 3, 50)
    f = lambda x: math.log(x) / x + x**1.5 + math.exp(x) % x  # noqa: E731
    np.testing.assert_allclose(kernel(f, errors="raise")(x), [f(v) for v in x], rtol=1e-14)


@pytest.mark.parametrize(
    ("f", "n", "error"),
    [
        (lambda n: n * n, 2**40, OverflowError),
        (lambda n: n + 1, 2**63 - 1, OverflowError),
        (lambda n: n**20, 1000, OverflowError),
        (lambda n: n << 60, 100, OverflowError),
        (lambda n: -n, -(2**63), OverflowError),
        (lambda n: abs(n), -(2**63), OverflowError),
        (lambda n: math.factorial(n), 25, OverflowError),
        (lambda n: int(n * 1e300), 5, OverflowError),
        (lambda n: 5 // n, 0, ZeroDivisionError),
        (lambda n: 5 / n, 0, ZeroDivisionError),
    ],
)
def test_ints_are_exact_or_raise(f, n, error):
    with pytest.raises(error):
        kernel(f)(n)
    with pytest.raises(error):
        kernel(f)(np.array([1, 2, n]))


def test_masked_errors_do_not_fire():
    k = kernel(lambda n: 10 // n if n != 0 else -1)
    assert k(np.array([0, 1, 2, 0])).tolist() == [-1, 10, 5, -1]
    k = kernel(lambda n: n != 0 and 10 // n > 4)
    assert k(np.array([0, 1, 2, 5])).tolist() == [False, True, True, False]


def test_assert_and_raise():
    def f(x):
        assert x >= 0, "negative"
        if x > 100:
            raise ValueError("too large")
        return math.sqrt(x)

    k = kernel(f)
    assert k(4.0) == 2.0
    with pytest.raises(AssertionError, match="negative"):
        k(np.array([1.0, -1.0]))
    with pytest.raises(ValueError, match="too large"):
        k(np.array([1.0, 101.0]))


def test_falling_off_the_end():
    def f(x):
        if x > 0:
            return 1.0
        elif x <= 0:
            return -1.0

    k = kernel(f)
    assert k(np.array([1.0, -2.0])).tolist() == [1.0, -1.0]
    with pytest.raises(TypeError, match="returned None"):
        k(np.array([1.0, math.nan]))


def test_index_out_of_bounds():
    def f(i, table):
        return table[i]

    k = kernel(f)
    table = np.array([1.0, 2.0, 3.0])
    assert k(np.array([0, -1]), table).tolist() == [1.0, 3.0]
    with pytest.raises(IndexError):
        k(np.array([0, 3]), table)


def test_max_iterations():
    def forever(x):
        while x > 0:
            x = x + 1
        return x

    k = kernel(forever, max_iterations=1000)
    with pytest.raises(RuntimeError):
        k(np.ones(4))


# The object


def test_repr_hash_eq():
    k = kernel(square, errors="raise")
    assert "square(x)" in repr(k) and "errors='raise'" in repr(k)
    assert kernel(square) == kernel(square)
    assert hash(kernel(square)) == hash(kernel(square))
    assert kernel(square) != kernel(scaled)
    assert k != kernel(square)
    assert len({kernel(square), kernel(square)}) == 1


def test_explain_and_ir():
    def f(x):
        if x > 0:
            return math.sqrt(x)
        return x * x

    k = kernel(f)
    k(np.ones(3))
    text = k.explain()
    assert "SQRT_D" in text and "return math.sqrt(x)" in text and "float64" in text
    assert "SQRT_D" in k.ir


@pytest.mark.parametrize("options", [{"errors": "x"}, {"accuracy": 1}, {"max_iterations": 0}])
def test_wrong_options(options):
    with pytest.raises(ValueError):
        kernel(square, **options)
    with pytest.raises(TypeError):
        kernel(3)


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol):
    a, table = 3.0, [1.0, 2.0]
    helper = lambda x: x + a  # noqa: E731
    for f, x in (
        (square, 3.0),
        (scaled, 3.0),
        (lambda x: helper(x) * table[1] + math.sin(x), 0.5),
        (functools.partial(lambda p, x: p * x, 5.0), 2.0),
    ):
        k = kernel(f, accuracy="exact")
        copy = pickle.loads(pickle.dumps(k, protocol))
        assert copy(x) == k(x) == f(x)
        assert copy.accuracy == "exact"
        again = pickle.loads(pickle.dumps(copy, protocol))
        assert again(x) == f(x)


def test_pickle_in_another_process(tmp_path):
    b = 4.0

    def f(x):
        """Doc."""
        for _ in range(3):
            x = x + b if x < 10 else x - scale
        return x

    path = tmp_path / "kernel.pickle"
    path.write_bytes(pickle.dumps(kernel(f)))
    code = f"import pickle; print(pickle.load(open({str(path)!r}, 'rb'))(1.0))"
    shown = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=250, check=True
    )
    assert float(shown.stdout) == f(1.0)


def test_threads():
    k = kernel(lambda x: math.sin(x) + x * x)
    arrays = [np.linspace(0, n, 1000 * n) for n in range(1, 9)]
    expected = [k(a) for a in arrays]

    def work(i):
        fresh = kernel(lambda x: x * i + 1)
        return k(arrays[i % 8]), fresh(2.0)

    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        for i, (got, small) in enumerate(pool.map(work, range(64))):
            np.testing.assert_array_equal(got, expected[i % 8])
            assert small == 2.0 * i + 1


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers(workers):
    x = np.linspace(0, 1, 100_003)
    k = kernel(lambda x: math.exp(x) * 3)
    np.testing.assert_array_equal(k(x, workers=workers), k(x))


# map and compile_or_none


def test_map():
    x = np.arange(6.0)
    assert fastconc.map(lambda x, y: x * y, x, 2.0).tolist() == (x * 2).tolist()
    out = np.empty(6)
    assert fastconc.map(square, x, out=out) is out
    with pytest.raises(TypeError):
        fastconc.map(square)
    with pytest.raises(TypeError):
        fastconc.map(3, x)


def test_map_runs_what_cannot_be_compiled():
    def f(x):
        return float(str(x)) + 1

    with pytest.warns(PerformanceWarning, match=r"str.*(\n.*)*line|line") as caught:
        assert fastconc.map(f, np.arange(3.0)).tolist() == [1, 2, 3]
    assert len(caught) == 1
    assert caught[0].filename == __file__
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fastconc.map(f, np.arange(3.0))  # warned once


# Reductions


def test_reductions():
    x = np.linspace(-1, 2, 1001)
    f = lambda x: x * x - 0.5  # noqa: E731
    y = f(x)
    assert fastconc.sum(f, x) == pytest.approx(math.fsum(y), rel=1e-15)
    assert fastconc.mean(f, x) == pytest.approx(math.fsum(y) / 1001, rel=1e-15)
    assert fastconc.min(f, x) == y.min()
    assert fastconc.max(f, x) == y.max()
    assert fastconc.any(lambda x: x > 1.999, x) is True
    assert fastconc.all(lambda x: x > 0, x) is False
    assert fastconc.count(lambda x: x > 0, x) == int((x > 0).sum())
    assert fastconc.prod(lambda n: n, np.arange(1, 11)) == math.factorial(10)
    assert fastconc.sum(lambda n: n, np.arange(5)) == 10
    assert fastconc.sum(f, np.empty(0)) == 0
    with pytest.raises(ValueError):
        fastconc.min(f, np.empty(0))
    with pytest.raises(ValueError):
        fastconc.mean(f, np.empty(0))
    with pytest.raises(TypeError):
        fastconc.sum(f)


def test_reductions_do_not_depend_on_workers():
    x = np.random.default_rng(1).normal(size=300_001)
    f = kernel(lambda x: math.sin(x) * 1e3)
    assert len({fastconc.sum(f, x, workers=w) for w in (1, 2, 3, 7)}) == 1


def test_ranges_and_containers_that_offer_an_array():
    class Series:
        def __array__(self, dtype=None, copy=None):
            return np.array([1.0, 2.0])

    k = fastconc.kernel(lambda x: x**2)
    assert k(range(4)).tolist() == [0, 1, 4, 9]
    assert k(Series()).tolist() == [1.0, 4.0]
    assert fastconc.sum(k, range(4)) == 14 and fastconc.sum(k, Series()) == 5.0


def test_numpy_ints_of_no_dimension_widen_float32_as_arrays_do():
    add = kernel(lambda x, y: x + y)
    ones = np.ones(3, np.float32)
    for x in (np.int64(5), np.array(5, np.uint32), np.array([5])):
        assert add(x, ones).dtype == np.float64
    for x in (5, 5.0, np.int16(5), np.float32(5)):
        assert add(x, ones).dtype == np.float32


def test_mean_of_nested_lists_and_ranges():
    assert fastconc.mean(lambda x: x, [[1, 2], [3, 4]]) == 2.5
    assert fastconc.mean(lambda x, y: x + y, [[1], [3]], [1, 2, 3]) == 4.0
    assert fastconc.mean(lambda x: x, range(5)) == 2.0


@pytest.mark.filterwarnings("ignore::fastconc.PerformanceWarning")
def test_reductions_of_plain_python_treat_nan_and_inf_as_native_ones_do():
    def plain(x):
        try:
            return x
        finally:
            pass

    for f in (plain, lambda x: x):
        assert math.isnan(fastconc.max(f, [1.0, math.nan, 3.0]))
        assert math.isnan(fastconc.min(f, [1.0, math.nan, 3.0]))
        assert math.isnan(fastconc.sum(f, [math.inf, -math.inf]))
        assert fastconc.sum(f, [1e308, 1e308]) == math.inf
