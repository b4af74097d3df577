# SPDX-License-Identifier: BSD-3-Clause
"""Variables that are None until they are assigned (`if best is None or v > best`)."""

from __future__ import annotations

import math
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastconc import KernelError, kernel


def while_(x):
    last = None
    k = 0
    while last is None or abs(x - last) > 1e-9:
        last = x
        x = math.cos(x)
        k += 1
        if k > 100:
            break
    return x, k


def cond(x):
    y = None
    if x > 0:
        y = x * 2
    if y is None:
        return -1.0
    return y


def cond2(x):
    y = None if x < 0 else x
    return 0 if y is None else y + 1


def helper(x):
    def find(x):
        if x > 1:
            return x
        return None

    r = find(x)
    return r if r is not None else -x


def off_end(x):
    def find(x):
        for i in range(20):
            if i * i > x:
                return i

    r = find(x)
    return -1 if r is None else r


def poly(x):
    root = None
    for k in (1.0, -1.0, 2.0, -2.0):
        if abs(k * k - x) < 1e-6:
            root = k
            break
    if root:
        return root
    return 0.0


def eqnone(x):
    b = None
    for i in range(30):
        if i > x and b == None:  # noqa: E711
            b = i
    return b if b != None else -5  # noqa: E711


def second(x):
    m1 = m2 = None
    for i in range(15):
        v = (x * (i + 3)) % 17
        if m1 is None or v < m1:
            m1, m2 = v, m1
        elif m2 is None or v < m2:
            m2 = v
    return m1 + m2


def reset(x):
    prev = 1.0
    n = 0
    for i in range(20):
        v = (x * i) % 5
        if v < 1:
            prev = None
        elif prev is None:
            prev = v
        else:
            n += 1
            prev = prev + v
    return n, -1.0 if prev is None else prev


def better(best, v):
    return best is None or v > best


def passes(x):
    best = None
    for i in range(20):
        v = (x * i) % 7
        if better(best, v):
            best = v
    return best


def pair(x):
    best = None
    for i in range(20):
        v = (x * i) % 7
        if best is None or (v, i) > best:
            best = (v, i)
    return best[0] + 100 * best[1]


def orr(x):
    b = None
    for i in range(14):
        if i > x:
            b = b or i
    return b or 0


def notn(x):
    b = None
    for i in range(14):
        if not b and i > x:
            b = i
    return -1 if b is None else b


def useless(x):
    b = None
    if x > 3:
        b = x
    return b + 1


def aug(x):
    t = None
    for i in range(20):
        if i > x:
            if t is None:
                t = 0
            t += i
    return 0 if t is None else t


def lo_hi(x, lo=None, hi=None):
    if lo is not None and x < lo:
        return lo
    if hi is not None and x > hi:
        return hi
    return x


def intfloat(x):
    b = None
    for i in range(13):
        if i > x:
            b = i if i % 2 else i + 0.5
    return -1 if b is None else b


FUNCTIONS = [
    *(while_, cond, cond2, helper, off_end, poly, eqnone, second, reset, passes, pair, orr),
    *(notn, aug, lo_hi, intfloat),
]
_RANDOM = random.Random(3)
FLOATS = [0.0, 1.0, 2.0, -1.0, -3.5, 4.0, 25.0, *(_RANDOM.uniform(-30, 30) for _ in range(30))]
INTS = [0, 1, -1, 5, 12, 13, 14, 100, *(_RANDOM.randrange(-40, 40) for _ in range(20))]


def outcome(f: Callable[..., Any], x: Any) -> Any:
    try:
        return f(x)
    except TypeError as error:
        return type(error), str(error)


@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
@pytest.mark.parametrize("values", [FLOATS, INTS], ids=["floats", "ints"])
def test_none_is_followed(f: Callable[..., Any], values: list[Any]) -> None:
    k = kernel(f)
    expected = [f(x) for x in values]
    for x, e in zip(values, expected, strict=True):
        assert k(x) == pytest.approx(e, rel=1e-12)
    got = k(np.array(values))
    if isinstance(got, tuple):
        got = np.stack(got, axis=1)
    assert np.allclose(got, np.array(expected, float), rtol=1e-12, atol=0)


def unset(x):
    b = None
    if x > 3:
        b = x
    return b + 1


def test_none_in_arithmetic_raises_as_python_does() -> None:
    k = kernel(unset)
    for x in FLOATS:
        assert outcome(k, x) == outcome(unset, x)
    with pytest.raises(TypeError, match="NoneType"):
        k(np.array(FLOATS))
    assert np.array_equal(k(np.array([4.0, 5.0])), [5.0, 6.0])


def largest(t, n):
    best = None
    for i in range(n):
        if best is None or t[i] > best:
            best = t[i]
    return best


def test_none_as_the_result_is_a_type_error() -> None:
    table = np.array([3.0, -1.0, 7.0, 2.0])
    k = kernel(largest)
    assert k(table, 4) == 7.0
    assert np.array_equal(k(table, np.arange(1, 5)), [3.0, 3.0, 7.0, 7.0])
    with pytest.raises(TypeError, match="returned None"):
        k(table, 0)
    with pytest.raises(TypeError, match="returned None at element 1"):
        k(table, np.array([2, 0]))

    def explicit(x: float) -> float | None:
        return x if x > 0 else None

    with pytest.raises(KernelError, match="None"):
        kernel(explicit)(1.0)
