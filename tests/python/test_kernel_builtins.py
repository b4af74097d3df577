# SPDX-License-Identifier: BSD-3-Clause
"""Builtins, `itertools` and sequences in kernels, one expression a test, each against CPython."""

import bisect
import itertools
import math
import operator
import random
import warnings
from collections import namedtuple

import fastconc
import numpy as np
import pytest
from fastconc import KernelError, kernel

Point = namedtuple("Point", "x y")

FLOATS = {
    "next_default": lambda x, y: next((v for v in (1, 2, 3) if v > x), 0.0),
    "next_two_loops": lambda x, y: next(
        (i + j / 10 for i in range(4) for j in range(20) if i + j > x + y), -1.0
    ),
    "next_iter": lambda x, y: next(iter((x, y))),
    "chain": lambda x, y: sum(itertools.chain((x,), [y, 1.0])),
    "product": lambda x, y: sum(a * b for a, b in itertools.product((x, y), repeat=2)),
    "combinations": lambda x, y: sum(a * b for a, b in itertools.combinations((x, y, 2.0), 2)),
    "accumulate": lambda x, y: tuple(itertools.accumulate([x, y, 3.0], operator.mul)),
    "pairwise": lambda x, y: max(b - a for a, b in itertools.pairwise([x, y, x * y])),
    "starmap": lambda x, y: sum(itertools.starmap(lambda a, b: a - b, [(x, 2.0), (y, 3.0)])),
    "repeat": lambda x, y: sum(v * y for v in itertools.repeat(x, 3)),
    "zip_longest": lambda x, y: sum(
        a * b for a, b in itertools.zip_longest([x], [y, 1.0], fillvalue=2.0)
    ),
    "type": lambda x, y: (type(x) is float, type(y) in (int, bool)),
    "ordered_tuples": lambda x, y: ((x, y) < (y, x), (x, y) >= (y, x), (x,) > (x, y)),
    "extreme_of_tuples": lambda x, y: (max((x, 1), (y, 2))[1], min([(y, x), (x, y)])[1]),
    "sorted_tuples": lambda x, y: sorted([(x, 1), (y, 2), (x, 0)])[1],
    "key_of_tuples": lambda x, y: max([(x, y), (y, x)], key=lambda p: (p[1] > 0, p[0]))[0],
    "identity_in_containers": lambda x, y: (x in (y, x), (x, y) == (x, y), [x] == [y]),
    "list_is_no_tuple": lambda x, y: [x, y] == (x, y),
    "replaced_field": lambda x, y: Point(x, y)._replace(y=2.0).y + Point(x, y)._replace(x=y).x,
    "bisect_from": lambda x, y: bisect.bisect_left([1, 2, 3, 4], x, 1),
    "bisect_between": lambda x, y: bisect.bisect((1, 2, 3, 4), y, lo=1, hi=3),
    "is_none": lambda x, y: operator.is_not(x, None),
    "int_of_text": lambda x, y: int("12") + int("ff", 16) * x,
    "hypot_of_five": lambda x, y: math.hypot(x, y, 1.0, x, y),
}


def same(x, y):
    if isinstance(x, tuple):
        return len(x) == len(y) and all(map(same, x, y))
    return x == y or (x != x and y != y)


@pytest.mark.parametrize("name", FLOATS)
def test_as_python(name):
    f = FLOATS[name]
    values = [-2.5, -0.0, 0.0, 0.5, 1.0, 2.0, 3.5, math.inf]
    k = kernel(f, accuracy="exact")
    for x, y in itertools.product(values, values):
        assert same(k(x, y), f(x, y)), (x, y)
    nan = math.nan
    if name in ("ordered_tuples", "extreme_of_tuples", "identity_in_containers"):
        assert repr(k(nan, 1.0)) == repr(f(nan, 1.0))
    columns = np.meshgrid(values, values)
    results = k(*columns)
    if not isinstance(results, tuple):
        results = (results,)
    for at in np.ndindex(columns[0].shape):
        expected = f(columns[0][at].item(), columns[1][at].item())
        got = tuple(r[at].item() for r in results)
        assert same(got, expected if isinstance(expected, tuple) else (expected,)), at


def test_round_to_digits_of_run_time():
    rng = random.Random(3)
    k = kernel(lambda x, n: round(x, n))
    for _ in range(3000):
        x = rng.choice([rng.uniform(-1e3, 1e3), rng.randint(-4000, 4000) / 8, 2.675, -0.5, 0.0])
        n = rng.randint(-4, 22)
        assert k(x, n).hex() == round(x, n).hex(), (x, n)
        whole = rng.randint(-(10**15), 10**15)
        assert k(whole, -n) == round(whole, -n), (whole, -n)
    assert k(1.5, 200) == 1.5
    assert math.isnan(k(math.nan, 3))
    with pytest.raises((ValueError, OverflowError)):
        k(1e-9, 200)


def test_powers_with_a_modulus():
    k = kernel(lambda a, n, m: pow(a, n, m))
    for a, n, m in itertools.product(range(-9, 10), range(-3, 5), (-12, -7, -1, 1, 2, 7, 12)):
        try:
            expected = pow(a, n, m)
        except ValueError as error:
            with pytest.raises(ValueError, match=str(error)):
                k(a, n, m)
        else:
            assert k(a, n, m) == expected


def test_lengths_and_tolerances_are_checked():
    with pytest.raises(KernelError, match="different lengths: 2 and 3"):
        kernel(lambda x: sum(a * b for a, b in zip((x, x), (1, 2, 3), strict=True)))
    k = kernel(lambda table, w, x: sum(a * b * x for a, b in zip(table, w, strict=True)))
    assert k(np.ones(3), np.ones(3), 2.0) == 6.0
    with pytest.raises(ValueError):
        k(np.ones(3), np.ones(4), 2.0)
    with pytest.raises(ValueError, match="non-negative"):
        kernel(lambda x: math.isclose(x, 1.0, rel_tol=-x))(1.0)
    with pytest.raises((StopIteration, ValueError)):
        kernel(lambda x: next(v for v in (1, 2) if v > x))(5.0)


def test_norms_neither_overflow_nor_vanish():
    k = kernel(lambda x, y, z: math.hypot(x, y, z), accuracy="exact")
    rng = random.Random(1)
    for _ in range(2000):
        row = [rng.uniform(-1, 1) * 10.0 ** rng.randint(-320, 307) for _ in range(3)]
        assert abs(k(*row) - math.hypot(*row)) <= math.ulp(math.hypot(*row)), row
    for row in [(math.inf, math.nan, 1.0), (math.nan, 1.0, 2.0), (0.0, -0.0, 0.0), (5e-324,) * 3]:
        assert repr(k(*row)) == repr(math.hypot(*row))


def test_new_code_and_defaults_are_seen():
    def f(x, y=1.0):
        return x + y

    k = kernel(f)
    assert [k(2.0), k(2.0)] == [3.0, 3.0]
    f.__defaults__ = (50.0,)
    assert k(2.0) == 52.0
    f.__code__ = (lambda x, y=0: x * y).__code__
    assert [k(2.0), k(2.0), k(3.0, 4.0)] == [100.0, 100.0, 12.0]
    assert k(np.ones(2)).tolist() == [50.0, 50.0]


@pytest.mark.parametrize("f", [math.sin, np.exp, abs, round, math.log, max, np.maximum, math.gcd])
def test_known_functions_map_natively(f):
    two = f in (max, np.maximum, math.gcd)
    columns = [np.arange(1, 6)] * 2 if two else [np.linspace(0.5, 9, 7)]
    expected = [f(*row) for row in zip(*(c.tolist() for c in columns), strict=True)]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        got = fastconc.map(f, *columns)
        assert got.tolist() == pytest.approx(expected, rel=1e-15)
        if not two:
            assert fastconc.sum(f, *columns) == pytest.approx(sum(expected))
            assert fastconc.map(round, columns[0], 1).tolist() == [
                round(v, 1) for v in columns[0].tolist()
            ]
            fastconc.integrate(f, 1, 2, 100)


def test_loops_without_source_are_refused_clearly():
    with pytest.raises(KernelError, match="loops on data cannot be traced"):
        kernel(eval("lambda n: sum(k for k in range(n))"))


def test_np_fmod_of_ints_is_exact():
    a = np.array([7, -7, 7, -7, 2**53 + 1, -(2**63), -(2**63), 6, -6])
    b = np.array([3, 3, -3, -3, 2**31, -1, 7, -3, 3])
    assert kernel(lambda x, y: np.fmod(x, y))(a, b).tolist() == np.fmod(a, b).tolist()


def test_np_float32_rounds():
    x = np.array([0.1, 2.675, 1e300, -0.0, math.nan])
    with np.errstate(over="ignore"):
        expected = x.astype(np.float32).astype(float)
    np.testing.assert_array_equal(kernel(lambda v: np.float32(v))(x), expected)
    with pytest.raises(KernelError, match="float16"):
        kernel(lambda v: np.float16(v))


def test_logarithm_to_base_zero_is_no_number():
    assert np.isnan(kernel(lambda x, b: math.log(x, b))(np.full(3, 2.0), np.zeros(3))).all()
    with pytest.raises(ValueError, match="domain|positive"):
        kernel(lambda x, b: math.log(x, b), errors="raise")(2.0, 0.0)


def test_zero_to_minus_infinity_is_infinite():
    power = kernel(lambda x, y: x**y, errors="raise")
    assert power(0.0, -math.inf) == power(-0.0, -math.inf) == math.inf
    with pytest.raises(ZeroDivisionError):
        power(0.0, -1e300)
