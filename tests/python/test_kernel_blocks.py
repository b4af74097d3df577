# SPDX-License-Identifier: BSD-3-Clause
"""Kernels on arrays whose elements go different ways: lanes that leave loops early, faults among
them, and bytes that are looked up instead of computed."""

import numpy as np
import pytest
from fastconc import kernel

RNG = np.random.default_rng(11)


def collatz(n):
    steps = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        steps += 1
    return steps


def gcd(a, b):
    while b:
        a, b = b, a % b
    return a


def nested(n, m):
    total = 0
    i = 0
    while i < n:
        j = i
        while j < m:
            if j % 7 == 3:
                j += 2
                continue
            total += j
            j += 3
        i += 1
    return total


def leaves_early(x):
    for i in range(200):
        x = x * 1.01 + 0.1
        if x > 50:
            return i
        if x < -1000:
            break
    else:
        return -1
    return -2


def power_of_three(n):
    x = 1
    while n > 0:
        x *= 3
        n -= 1
    return x


def table_walk(i, table):
    steps = 0
    while table[i] != i and steps < 100:
        i = table[i]
        steps += 1
    return steps


@pytest.mark.parametrize("n", [1, 15, 16, 33, 5000])
def test_lanes_that_leave_loops_at_different_times(n):
    large = RNG.integers(1, 10**6, n)
    other = RNG.integers(0, 10**6, n)
    assert kernel(collatz)(large).tolist() == [collatz(v) for v in large.tolist()]
    assert kernel(gcd)(large, other).tolist() == np.gcd(large, other).tolist()
    a, b = RNG.integers(0, 30, n), RNG.integers(0, 60, n)
    expected = [nested(p, q) for p, q in zip(a.tolist(), b.tolist(), strict=True)]
    assert kernel(nested)(a, b).tolist() == expected
    x = RNG.uniform(-500, 60, n)
    assert kernel(leaves_early)(x).tolist() == [leaves_early(v) for v in x.tolist()]
    table = RNG.integers(0, 50, 50)
    i = RNG.integers(0, 50, n)
    expected = [table_walk(v, table.tolist()) for v in i.tolist()]
    assert kernel(table_walk)(i, table).tolist() == expected


@pytest.mark.parametrize("bad", [0, 17, 1500, 2999])
def test_a_fault_in_a_loop_names_the_lowest_element(bad):
    n = RNG.integers(0, 39, 3000)
    k = kernel(power_of_three)
    assert k(n).tolist() == [3**v for v in n.tolist()]
    n[bad] = 41  # overflows late
    n[min(bad + 1, 2999) :: 100] = 60  # overflow as well
    n[bad] = 41
    with pytest.raises(OverflowError, match=f"element {bad}:"):
        k(n)


def test_the_iteration_limit_holds_for_narrowed_blocks():
    n = np.zeros(1000, np.int64)
    n[700] = 10**9
    with pytest.raises(RuntimeError):
        kernel(collatz, max_iterations=1000)(np.where(n > 0, 0, 1))  # 0 never becomes 1
    assert kernel(power_of_three, max_iterations=50)(np.arange(30))[29] == 3**29


def forever_on_zero(p):
    while p == 0:
        p = p * 2
    return p


@pytest.mark.parametrize("dtype", ["u1", "i1", "?"])
def test_bytes_give_what_other_integers_give(dtype):
    bytes_ = RNG.integers(0, 256, 20_000).astype("u1").view("i1").astype(dtype)
    wide = bytes_.astype("i8") if dtype != "?" else bytes_
    k = kernel(lambda p, g: ((p * 3 + 1) / g, p > g, p * p))
    for x, y in ((bytes_, wide), (bytes_[::-3], wide[::-3]), (bytes_[::2], wide[::2])):
        for a, b in zip(k(x, 2.5), k(y, 2.5), strict=True):
            assert a.dtype == b.dtype and a.tobytes() == b.tobytes()
    image = bytes_[:19_980].reshape(180, 111)
    assert (k(image.T, 0.5)[0] == k(wide[:19_980].reshape(180, 111).T, 0.5)[0]).all()


def test_only_bytes_that_occur_may_fail():
    p = RNG.integers(1, 256, 20_000).astype("u1")
    k = kernel(lambda p: 255 // p)
    assert (k(p) == 255 // p).all()
    assert (kernel(forever_on_zero)(p) == p).all()
    p[7777] = 0
    with pytest.raises(ZeroDivisionError):
        k(p)


def test_bytes_in_place():
    p = RNG.integers(0, 256, 20_000).astype("u1")
    expected = 255 - p
    k = kernel(lambda p: 255 - p)
    assert k(p[::-1], out=p[::-1]) is not None
    assert (p == expected).all()
    with pytest.raises(OverflowError):
        kernel(lambda p: p + 1)(np.full(5000, 255, "u1"), out=np.empty(5000, "u1"))


def test_constant_outputs_fill_any_layout():
    for n in (1, 15, 16, 17, 1023, 5000):
        out = np.full((3, n), -1.0)
        k = kernel(lambda x: (2.5, x))
        k(np.arange(n), out=(out[1], np.empty(n, np.int64)))
        assert (out[1] == 2.5).all() and (out[[0, 2]] == -1.0).all()
        strided = np.full(2 * n, 7, np.int16)
        kernel(lambda x: 300)(np.zeros(n), out=strided[::-2])
        assert (strided[1::2] == 300).all() and (strided[::2] == 7).all()
    with pytest.raises(OverflowError):
        kernel(lambda x: 300)(np.zeros(5), out=np.zeros(5, np.uint8))


def test_chains_of_returns_keep_their_order():
    def grade(x, y):
        if x < 1:
            return 10.0
        if y < 1 and x < 3:
            return x
        if x < 2:
            return y * y
        if not y > x:
            return 5.0
        if x < 4 or y < 4:
            return x + y
        return -x

    grid = np.array([-1.0, 0.0, 0.5, 1.0, 1.5, 2.0, 2.5, 3.0, 3.5, 4.0, 9.0, np.nan, np.inf])
    x, y = np.meshgrid(grid, grid)
    expected = [grade(*row) for row in zip(x.ravel().tolist(), y.ravel().tolist(), strict=True)]
    np.testing.assert_array_equal(kernel(grade)(x, y).ravel(), expected)
    np.testing.assert_array_equal(
        kernel(lambda x, y: grade(x, y) + 1.0)(x, y).ravel() - 1.0, expected
    )
