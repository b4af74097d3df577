# SPDX-License-Identifier: BSD-3-Clause
"""Corners of the language that kernels take: names assigned in conditions, recursion, tables of
several dimensions, arrays as values, powers, and numbers that meet at a join."""

import math
import pickle
import warnings

import fastconc
import numpy as np
import pytest
from fastconc import KernelError, kernel
from fastconc._compile import check
from fastconc._kernel import compile_or_none

GRID = np.arange(12.0).reshape(3, 4)
SQUARES = np.arange(5000.0) ** 2
CUBES = [k**3 for k in range(1000)]
WEIGHTS = np.array([0.5, 1.5, 2.5])
BYTES = bytes(range(255, -1, -1))


def equal(f, *columns, **options):
    got = kernel(f, **options)(*columns)
    rows = zip(*(c.tolist() for c in columns), strict=True)
    expected = [f(*row) for row in rows]
    assert got.tolist() == expected


X = np.array([-3.5, -1.0, -0.25, 0.0, 0.5, 2.0, 9.0])
N = np.array([-7, -2, -1, 0, 1, 2, 11])


# Assignment expressions


def test_walrus_keeps_its_lanes():
    def in_while(x):
        while (x := x / 2) > 0.1:
            pass
        return x

    def in_conditional(x):
        y = 1.0
        z = (y := x * 2) if x > 0 else 0.0
        return y + z

    def in_and(x):
        y = 5.0
        if x > 0 and (y := x * x) > 1:
            return y
        return y + 100

    def in_or(x):
        y = 5.0
        return y + 1 if x > 0 or (y := x * 3) < -4 else y

    def with_else(x):
        while (y := x * 0.5) > 1:
            x = y
        else:
            y = y + 10
        return x + y

    def in_any(x):
        return w if any((w := v * x) > 1 for v in (1.0, 2.0, 3.0)) else -w

    for f in (in_while, in_conditional, in_and, in_or, with_else, in_any):
        equal(f, X)


def test_lists_change_under_conditions_or_not_at_all():
    def f(x):
        v = [1.0]
        _ = x > 0 and (v.append(x) or True)
        return sum(v)

    with pytest.raises(KernelError, match="append"):
        kernel(f)


# Recursion


def gcd(a, b):
    return a if b == 0 else gcd(b, a % b)


def collatz(n, steps=0):
    if n == 1:
        return steps
    if n % 2 == 0:
        return collatz(n // 2, steps + 1)
    return collatz(3 * n + 1, steps=steps + 1)


def endless(x):
    return endless(x + 1)


def deep(n):
    return 0 if n <= 0 else deep(n - 1)


def test_tail_recursion_is_a_loop():
    equal(gcd, np.array([12, 17, 360, 0]), np.array([18, 5, 84, 7]))
    equal(collatz, np.array([1, 6, 7, 97]))

    @kernel
    def digits(n, total=0):
        return total if n == 0 else digits(n // 10, total + n % 10)

    assert digits(98765) == 35
    with pytest.raises(KernelError, match="no bound"):
        kernel(endless)
    assert kernel(deep)(100) == 0
    with pytest.raises(RecursionError):
        kernel(deep)(10**6)


def test_recursive_kernels_pickle():
    @kernel
    def fold(n, total=0):
        return total if n == 0 else fold(n // 10, total + n % 10)

    for k in (fold, kernel(gcd), kernel(lambda n, m: fold(gcd(n, m)))):
        row = (98765,) if k is fold else (98, 42)
        assert pickle.loads(pickle.dumps(k))(*row) == k(*row)


def test_kernels_as_methods():
    class Spring:
        def __init__(self, stiffness):
            self.stiffness = stiffness

        @kernel
        def energy(self, x):
            return 0.5 * self.stiffness * x * x

    soft, hard = Spring(2.0), Spring(8.0)
    assert (soft.energy(3.0), hard.energy(3.0)) == (9.0, 36.0)
    soft.stiffness = 4.0
    assert soft.energy(np.array([1.0, 2.0])).tolist() == [2.0, 8.0]


# Tables


def test_tables_of_two_dimensions():
    i, j = np.array([0, 1, 2, -1, -3]), np.array([0, 3, -4, 2, 1])
    expected = [GRID[a, b] for a, b in zip(i, j, strict=True)]
    assert kernel(lambda i, j, t: t[i, j])(i, j, GRID).tolist() == expected
    assert kernel(lambda i, j, t: t[i][j])(i, j, GRID).tolist() == expected
    assert kernel(lambda i, j, t: t[i, j])(i, j, GRID.tolist()).tolist() == expected
    assert kernel(lambda i, j: GRID[i, j])(i, j).tolist() == expected
    transposed = np.asfortranarray(GRID).T[::-1]
    assert kernel(lambda i, j, t: t[j, i])(i, j, transposed).tolist() == [
        transposed[b, a] for a, b in zip(i, j, strict=True)
    ]
    k = kernel(lambda i, j, t: t[i, j])
    for bad in ((3, 0), (-4, 0), (0, 4), (0, -5)):
        with pytest.raises(IndexError):
            k(*bad, GRID)
    assert k(1, 1, np.arange(6, dtype="i4").reshape(2, 3)) == 4
    cube = np.arange(24.0).reshape(2, 3, 4)
    assert kernel(lambda i, t: t[i, 2, 1] + t[i][0][3])(1, cube) == cube[1, 2, 1] + cube[1, 0, 3]


def test_small_integers_in_tables_do_not_wrap():
    image = np.full((3, 3), 255, dtype="u1")
    assert kernel(lambda i, j, image: image[i, j] + image[j, i])(0, 1, image) == 510
    assert kernel(lambda i, row: row[i] * 2)(0, image[0]) == 510


def test_shape_and_rows():
    def blur(i, j, image):
        h, w = image.shape
        total, count = 0.0, 0
        for a in range(max(i - 1, 0), min(i + 2, h)):
            for b in range(max(j - 1, 0), min(j + 2, w)):
                total += image[a, b]
                count += 1
        return total / count

    rows, columns = np.indices(GRID.shape)
    got = kernel(blur)(rows, columns, GRID)
    expected = [[blur(i, j, GRID) for j in range(4)] for i in range(3)]
    assert got.tolist() == expected

    def total(x, t):
        s = x
        for row in t:
            s += sum(row) * len(row)
        return s + t.size + t.ndim

    assert kernel(total)(1.0, GRID) == total(1.0, GRID)


def test_tables_go_to_helpers_and_are_sliced():
    def at(table, i):
        return table[i % len(table)]

    def f(i, table):
        return at(table, i) + sum(table[1:]) - max(table[:2]) + min(table)

    table = np.array([3.0, 5.0, -2.0, 8.0])
    k = kernel(f)
    assert [k(i, table) for i in range(6)] == [f(i, table.tolist()) for i in range(6)]
    assert kernel(lambda x, t: max((v * x for v in t), default=0.0))(2.0, table) == 16.0
    assert kernel(lambda x, t: x in t)(5.0, table) is True


def test_large_constants_are_tables():
    i = np.array([0, 1, 4999, -1, 77])
    assert kernel(lambda i: SQUARES[i])(i).tolist() == SQUARES[i].tolist()
    assert kernel(lambda i: CUBES[i % 1000] + BYTES[i % 256])(i).tolist() == [
        CUBES[v % 1000] + BYTES[v % 256] for v in i.tolist()
    ]
    with pytest.raises(IndexError):
        kernel(lambda i: SQUARES[i])(5000)
    k = kernel(lambda i: SQUARES[i])
    SQUARES[3] = -1.0
    try:
        assert k(3) == -1.0
    finally:
        SQUARES[3] = 9.0
    assert fastconc.sum(lambda i: SQUARES[i], i) == SQUARES[i].sum()


def test_arrays_are_no_tuples():
    assert kernel(lambda x: (WEIGHTS * 2)[1] * x)(1.0) == 3.0
    assert kernel(lambda x: (WEIGHTS + WEIGHTS)[2] * x)(1.0) == 5.0
    assert kernel(lambda x: np.sum(WEIGHTS * x))(2.0) == 9.0
    assert kernel(lambda x: (-np.array([x, 1.0]))[0])(2.0) == -2.0
    with pytest.raises(KernelError):
        kernel(lambda x: x * np.sum(WEIGHTS > x))


# Numbers


def test_orders_and_places():
    equal(lambda x: sorted([x, 1.0, -2.0], key=abs)[1], X)
    equal(lambda x: [x, 2.0, x + 1, x].count(x) * 10 + [abs(x), x, 0.0].index(x), X)
    equal(lambda x: sum(filter(lambda v: v > 1, (1, 2, 3))) * x, X)
    assert kernel(lambda x: np.argmin([x, 1.0, x * x]))(X).tolist() == [
        np.argmin([x, 1.0, x * x]) for x in X.tolist()
    ]
    assert kernel(lambda x: np.argmax([1.0, x, x]))(math.nan) == 1
    with pytest.raises(ValueError):
        kernel(lambda x: [1.0, 2.0].index(x))(3.0)


def test_functions_of_numpy_are_refused_where_they_are_called():
    with pytest.raises(KernelError, match=r"numpy\.median\(\) is not supported") as caught:
        kernel(lambda x: np.median([x, 1.0]))
    assert __file__ in str(caught.value)


def test_round_keeps_every_digit():
    for x in (70053021259405.195, 45035996273704.965, 4503599627370497.5, 1e15 + 0.125, 2.675):
        for digits in range(-3, 6):
            assert kernel(lambda x, d=digits: round(x, d))(x) == round(x, digits)


def test_powers_of_ints():
    k = kernel(lambda n: 2**n)
    assert k(np.array([0, 3, 10])).dtype == np.int64
    assert k(np.array([-1, 3])).tolist() == [0.5, 8.0]
    assert k(3) == 8 and type(k(3)) is int  # a float before does not make it one for ever
    assert k(-2) == 0.25
    with pytest.raises(ZeroDivisionError):
        kernel(lambda a, n: a**n)(0, -1)
    assert kernel(lambda a, n, m: pow(a, n, m))(7, 100, 13) == pow(7, 100, 13)


def test_an_int_that_becomes_a_float_is_exact_or_an_error():
    f = kernel(lambda n, x: n if x > 0 else x)
    assert f(2**53, 1.0) == 2**53
    with pytest.raises(OverflowError):
        f(2**53 + 1, 1.0)
    assert f(2**53 + 1, -1.0) == -1.0  # where the float is taken, nothing is rounded


def test_reductions_of_negative_powers():
    assert fastconc.sum(lambda n: 2**n, np.array([-1, 2])) == 4.5


def test_bits_of_numbers():
    x = np.array([0.0, -0.0, 1.0, -3.7, 5e-324, 2.0**-1022, 1.7e308, math.inf, -math.inf])
    m, e = kernel(lambda x: math.frexp(x))(x)
    assert list(zip(m.tolist(), e.tolist(), strict=True)) == [math.frexp(v) for v in x.tolist()]
    equal(lambda x: math.ulp(x), x)
    for y in (0.0, 1.0, math.inf, -math.inf, -0.0):
        got = kernel(lambda x, y: math.nextafter(x, y))(x, y).tolist()
        expected = [math.nextafter(v, y) for v in x.tolist()]
        assert [v.hex() for v in got] == [v.hex() for v in expected]
    finite = x[:-2]
    for n in (-2200, -1080, -1074, -1023, -52, 0, 60, 1020):
        got = kernel(lambda x, n: math.ldexp(x, n))(finite, n)
        with np.errstate(over="ignore"):
            assert got.tolist() == np.ldexp(finite, n).tolist()
    with pytest.raises(OverflowError):
        kernel(lambda x, n: math.ldexp(x, n), errors="raise")(1.0, 5000)
    equal(lambda n: n.bit_length() * 100 + n.bit_count(), N)
    assert kernel(lambda n: (n.bit_length(), n.bit_count()))(-(2**63)) == (64, 1)


def test_raising_sees_integers_that_go_back_to_floats():
    k = kernel(lambda x: x - math.floor(x), errors="raise")
    assert k(2.25) == 0.25
    with pytest.raises(ValueError):
        k(math.nan)
    with pytest.raises(OverflowError):
        k(math.inf)


def test_numpy_never_raises():
    with np.errstate(all="ignore"):
        for f in (np.divide, np.power, np.fmod, np.floor_divide):
            k = kernel(lambda x, y, f=f: f(x, y), errors="raise")
            for row in ((1.0, 0.0), (-8.0, 0.5), (0.0, -1.0), (1e300, 5.0)):
                assert k(*row) == f(*row) or math.isnan(f(*row))


def test_any_number_of_arguments():
    k = kernel(lambda *x: sum(x) / len(x))
    assert k(1.0, 2.0, 6.0) == 3.0
    assert k(np.array([1.0, 2.0]), 4.0).tolist() == [2.5, 3.0]
    assert kernel(lambda a, *rest: a - sum(rest))(5, 1, 2) == 2


# Integrands


def test_integrands_are_compared_with_python(monkeypatch):
    f = lambda x: x * x + int("17")  # noqa: E731  (read in Python, and compared there)
    monkeypatch.setattr(check, "agrees", lambda got, expected: False)
    with pytest.warns(fastconc.PerformanceWarning, match="bug of fastconc"):
        assert compile_or_none(f, 1) is None


def test_too_many_inputs_are_refused_clearly():
    with pytest.warns(fastconc.PerformanceWarning, match="cannot compile"):
        assert compile_or_none(lambda x: x[0] + x[4999], 5000, point=True) is None
    with pytest.warns(fastconc.PerformanceWarning, match="cannot compile"):
        assert compile_or_none(lambda x: x[0] + x[1099], 1100, point=True) is None


def test_returns_inside_branches_that_are_jumped_over():
    """The mask of such a return is made in the branch, and stale where no lane took it."""

    def f(x, y, n):
        a = x
        b = y
        if (n < sorted([a, -1.5, 2.0])[-1] <= x) ^ n:
            if not any(q > b for q in (0.0, x, 1.0)):
                if math.atan2(math.sin(b), math.cos(a)) < (a := [y, y][a <= b]) + 9.0:
                    return a
        return a

    rows = [(x, y, n) for x in (8.9, 0.5, -3.0) for y in (-6.2, 0.5, 7.0) for n in (3, 0, -2)]
    k = kernel(f)
    assert [k(*row) for row in rows] == [f(*row) for row in rows]
    columns = [np.array(column) for column in zip(*rows, strict=True)]
    for at in range(len(rows)):  # blocks of one element are jumped over most
        assert k(*(c[at : at + 1] for c in columns)).tolist() == [f(*rows[at])]
    assert k(*columns).tolist() == [f(*row) for row in rows]


def test_folds_inside_of_folds():
    equal(lambda n: sum(w for w in range(abs(n) + sum(v for v in range(abs(n))))), N)
    equal(lambda x: max(sum(x * r for r in range(20)) for q in range(30)), X)
    equal(lambda n: (3).bit_length() + n.bit_length(), N)


@pytest.mark.parametrize(
    "f", [math.sin, math.exp, math.sqrt, abs, np.cosh, np.floor, float], ids=str
)
def test_functions_that_are_not_written_in_python(f):
    """Those that kernels know are taken as they are by map and the integrators."""
    x = np.linspace(-2, 2, 9)[4:]
    assert fastconc.map(f, x) == pytest.approx([f(v) for v in x.tolist()], rel=1e-15)
    with warnings.catch_warnings():
        warnings.simplefilter("error", fastconc.PerformanceWarning)
        in_python = fastconc.quad(lambda x: f(x), 0, 2)
        assert fastconc.quad(f, 0, 2) == in_python


def test_loops_that_never_run():
    def f(n, x):
        while False and n > 0:
            n -= 1
        while n > 100 and x is None:
            n -= 1
            break
        else:
            n += 2
        c = 0
        for _ in range(n % 5):
            while c < 3 and 1 > 2:
                c += 1
            else:
                c += 10
        return n + c + x

    k = kernel(f)
    for n in range(6):
        assert k(n, 0.5) == f(n, 0.5)
    n = np.arange(6)
    assert k(n, np.full(6, 2.0)).tolist() == [f(v, 2.0) for v in range(6)]
