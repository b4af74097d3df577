# SPDX-License-Identifier: BSD-3-Clause
# ruff: noqa: B007, B023, B905, E721, E741, RUF015
"""Statements and scopes as Python has them: loops with else, late binding, walrus, unpacking,
keyword arguments, shadowed names. Every function is compared with plain Python, value by value."""

from __future__ import annotations

import functools
import itertools
import math
import operator
import random
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from fastconc import kernel


def whileelse(x):
    n = 0
    while x > 1:
        x /= 2
        n += 1
        if n > 6:
            break
    else:
        return n * 10
    return n


def forelse(x):
    for i in range(2, 20):
        if i * i > x:
            break
        if int(x) % i == 0 and x == int(x):
            return -i
    else:
        return 0
    return i


def forelse_cont(x):
    t = 0
    for i in range(15):
        if i % 2:
            continue
        if i > x:
            break
        t += i
    else:
        t = -t
    return (t, i)


def nestedbreak(x):
    c = 0
    for i in range(14):
        for j in range(14):
            if i * j > x:
                break
            c += 1
        else:
            continue
        if c > 30:
            break
    return (c, i, j)


def closures(x):
    a = 1

    def f(y):
        return a * y

    r = f(x)
    a = 5
    return r + f(x)


def latebind(x):
    fs = [lambda y: y * i for i in range(3)]
    return fs[0](x) + fs[1](x)


def latebind2(x):
    fs = [lambda y, i=i: y * i for i in range(3)]
    return fs[1](x) + fs[2](x)


def walrus(x):
    if (y := (x * 2)) > 5 and (z := (y - 5)) > 1:
        return y + z
    return y


def walrus_while(x):
    n = 0
    while (x := (x / 2)) > 0.1 and n < 50:
        n += 1
    return (n, x)


def unpack(x):
    a, *b, c = (x, x + 1, x + 2, x + 3)
    (d, e), f = ((a, c), sum(b))
    a, c = (c, a)
    return (a, c, d, e, f)


def swaps(x):
    a, b = (x, x + 1)
    for _ in range(13):
        a, b = (b, a + b if a < 100 else a)
    return (a, b)


def aug(x):
    s = x
    s += 1
    s *= 2
    s -= 3
    s /= 4
    s **= 2
    s //= 1
    s %= 7
    return s


def listops(x):
    l = [x] * 4
    for i in range(4):
        l[i] += i
    l[-1] = l[0]
    l[1], l[2] = (l[2], l[1])
    l.append(x) if False else None
    return (sum(l), l[1:3][0], l[::-1][0], min(l), max(l), len(l), sorted(l)[0])


def alias(x):
    a = [x, 1.0]
    b = a
    b[0] = 5.0
    c = a[:]
    c[1] = 9.0
    return a[0] + a[1] + c[1]


def enumzip(x):
    s = 0.0
    for i, (a, b) in enumerate(zip((1, 2, 3), (x, 4, 5)), start=2):
        s += i * a * b
    for a in reversed((1, 2, x)):
        s = s * 0.5 + a
    return s


def ranges(x):
    s = 0
    n = int(abs(x)) % 13
    for i in range(n, -5, -2):
        s += i
    for i in range(-3, n, 3):
        s -= i * i
    for i in range(0):
        s += 1000
    for i in range(5, 5):
        s += 1000
    for i in range(n, n + 20, 7):
        s += i
    return s


def loopvar(x):
    for i in range(int(abs(x)) % 7 + 1):
        pass
    return i


def unbound(x):
    for i in range(int(abs(x)) % 3):
        y = i
    return y


def changeloop(x):
    t = 0
    for i in range(6):
        t += i
        i = 100
    return t + i


def chained(x):
    return (0 <= x < 1) + 2 * (x == x != 1) + 4 * (1 < x > 0) + 8 * (not 0 < x <= 3)


def shortc(x):
    return x and 1 / x if x else x or -1


def scval(x):
    return (x > 3 and x) or -x


def sc2(x):
    return (x > 3 or 7) + (x < 0 and 5)


def nesttern(x):
    return 1 if x < 0 else 2 if x < 1 else 3 if x < 2 else x


def defaults(x, a=2, *, b=3):
    return x * a + b


def kwcall(x):

    def g(p, q=1, *r, s=4, **t):
        return p + 10 * q + sum(r) + s + len(r)

    return g(x) + g(q=x, p=1) + g(1, 2, 3, x, s=5)


def rec(x):

    def fact(n):
        return 1 if n <= 1 else n * fact(n - 1)

    return fact(6) * x


def tail(x):

    def go(n, acc):
        return acc if n <= 0 else go(n - 1, acc + n * x)

    return go(10, 0)


def gens(x):
    return (
        sum(i * x for i in range(6) if i % 2 == 0),
        any(x > i for i in (5, 6)),
        all(x < i for i in (5, 6)),
        max((i * x for i in range(3)), default=0),
        min(abs(x - i) for i in range(4)),
    )


def nestgen(x):
    return sum(i * j for i in range(4) for j in range(i) if i != j) * x


def listcomp(x):
    return ([i * x for i in range(5) if i != 2][3], [[a * b for a in (1, 2)] for b in (x, 3)][0][1])


def reduces(x):
    return (
        functools.reduce(operator.add, [x, 1, 2]),
        functools.reduce(lambda a, b: a * b, (x, 2, 3), 10),
        list(itertools.accumulate([x, 1, 2]))[-1],
    )


def dicts(x):
    d = {0: 1.5, 1: 2.5, 2: -1.0}
    return d[int(abs(x)) % 3] + d.get(int(x), 9.0)


def matchs(x):
    match int(x) % 4:
        case 0:
            return 10
        case 1 | 2:
            return 20 + x
        case n if n > 2 and x > 0:
            return n
        case _:
            return -1


def asserts(x):
    assert x > -10, "low"
    return x


def raises(x):
    if x > 20:
        raise ValueError("big")
    if x < -20:
        raise ZeroDivisionError("neg")
    return x


def newton(x):
    if x < 0:
        return math.nan
    r = x or 1.0
    for _ in range(60):
        n = 0.5 * (r + x / r)
        if n == r:
            break
        r = n
    return r


def collatz(x):
    n = int(abs(x)) + 1
    c = 0
    while n != 1:
        n = n // 2 if n % 2 == 0 else 3 * n + 1
        c += 1
    return c


def f_gcd(x):
    a, b = (int(abs(x)) * 6, 84)
    while b:
        a, b = (b, a % b)
    return a


def f_isprime(x):
    n = int(abs(x))
    if n < 2:
        return False
    i = 2
    while i * i <= n:
        if n % i == 0:
            return False
        i += 1
    return True


def binsearch(x):
    t = (1, 3, 5, 7, 9, 11, 13)
    lo, hi = (0, len(t))
    while lo < hi:
        m = (lo + hi) // 2
        if t[m] < x:
            lo = m + 1
        else:
            hi = m
    return lo


def digits(x):
    n = int(abs(x))
    s = 0
    while n:
        n, d = divmod(n, 10)
        s += d
    return s


def f_fizz(x):
    return (int(x) % 3 == 0) * 1 + (int(x) % 5 == 0) * 2


def floats(x):
    return float("inf") if x > 50 else float("-1.5e3") + x


def boolar(x):
    return (
        True + x,
        True * x,
        (x > 1) - (x < 1),
        -True + x,
        (x > 0) * 3.5,
        ~(x > 0),
        (x > 0) & 1,
        (x > 0) | 2,
        (x > 0) << 2,
    )


def intdiv(x):
    n = int(x)
    return (n // 3, n % 3, n // -3, n % -3, -n // 3, divmod(n, -4), -n % 7, n / 3)


def shifts(x):
    n = int(x)
    return (n << 2, n >> 1, n >> 100, (n & 7) << n % 5)


def idx(x):
    return (10, 20, 30)[int(x) % 5]


def idxneg(x):
    return (10, 20, 30)[-int(abs(x)) % 4 - 2]


def minmaxnan(x):
    return (
        min(x, math.nan, 1) if x > 0 else max(x, math.nan),
        min(math.nan, x),
        max(x, -0.0),
        min(0.0, -0.0, x),
    )


def powers(x):
    n = int(x) % 5
    return (x**2, x**3, n**3, 2**n, x**n if x else 0.0, (-2) ** n, 2 ** (-n), (x * x) ** 0.5)


def rounding(x):
    return (
        round(x),
        round(x, 1),
        round(x, -1),
        round(-x, 2),
        int(x),
        math.floor(x),
        math.ceil(x),
        math.trunc(x),
        round(x + 0.5),
    )


def mixedcmp(x):
    return (int(x) == x, int(x) < x, x < 2**53 + 1, int(x) * 10**15 < x * 1000000000000000.0)


def early(x):
    s = 0
    for i in range(100):
        s += i
        if s > x * 10:
            return s
        if i > 50:
            return -1
    return s


def cond_assign(x):
    if x > 0:
        y = 1
    elif x < -5:
        y = 2.5
    else:
        y = True
    return y * 2


def intfloatloop(x):
    t = 0
    for i in range(15):
        if i > x:
            t += 0.5
        else:
            t += i
    return t


def infwhile(x):
    i = 0
    while True:
        i += 1
        if i > x or i > 40:
            return i


def contwhile(x):
    i = 0
    s = 0
    while i < 20:
        i += 1
        if i % 3 == 0:
            continue
        if i > x + 10:
            break
        s += i
    else:
        s += 1000
    return s


def horner(x):
    r = 0
    for c in (3, -2, 0.5, 1):
        r = r * x + c
    return r


def sums(x):
    return (
        sum((x, x, 1)),
        sum([], 5.0),
        sum((i for i in (x,)), x),
        math.fsum((x, 1e16, -1e16)),
        math.prod((x, 2), start=3),
    )


def mathy(x):
    a = abs(x)
    return (
        math.hypot(x, 3, 4),
        math.dist((x, 1), (0, 0)),
        math.isqrt(int(a)),
        math.comb(int(a) % 20, 3),
        math.perm(int(a) % 10, 2),
        math.gcd(int(x), 12, 18),
        math.lcm(int(a) % 9 + 1, 4),
        math.ldexp(x, 5),
        math.copysign(x, -1.0),
        math.fmod(x, 3),
        math.remainder(x, 3),
        math.factorial(int(a) % 15),
    )


def delold(x):
    t = x
    t: float = t + 1
    return t


def globalstuff(x):
    return G * x + GT[1] + GD["a"]


G = 3


GT = (1, 2.5)


GD = {"a": 7}


def tupcmp(x):
    return ((x, 1) < (2, 0), (x,) == (x,), (1, x) >= (1, 2), max((x, 2), (2, x))[0])


def inlist(x):
    return (x in (1, 2, 3), x not in [1.0, 5], int(x) in range(5), int(x) in {1, 2})


def typechecks(x):
    return (isinstance(x, int), isinstance(x, (int, float)), isinstance(x, bool), type(x) == float)


def sortedk(x):
    return (
        sorted([x, -x, 3], key=abs)[0],
        sorted((x, 2, 5), reverse=True)[1],
        max([x, -2, 1], key=lambda v: v * v),
    )


def nonlocalish(x):

    def outer(a):

        def inner(b):
            return a + b * x

        return inner(2)

    return outer(1)


def doublebreak(x):
    found = -1
    for i in range(20):
        if found >= 0:
            break
        for j in range(i):
            if i * j > x:
                found = i * 100 + j
                break
    return found


FUNCTIONS = [
    value
    for value in list(globals().values())
    if getattr(value, "__module__", "") == __name__ and callable(value)
]
# Endless, or long ints, at infinities; sorted() among nans differs by version
NO_SPECIAL = ("collatz", "f_gcd", "f_isprime", "digits", "sortedk")
_RANDOM = random.Random(5)
VALUES: dict[str, list[Any]] = {
    "floats": [
        *(0.0, -0.0, 1.0, -1.0, 0.5, 2.5, 3.5, -2.5, 3.0, 5.0, 7.25, 12.0, 25.0, -7.0, 49.0, 99.5),
        *(_RANDOM.uniform(-30, 30) for _ in range(20)),
    ],
    "ints": [*range(-8, 9), 12, 19, 25, -15, -25, 49, 60, 99],
    "bools": [True, False],
    "special": [math.inf, -math.inf, math.nan, 1e300, -1e300, 2.0**63, 1e16],
}


def outcome(f: Callable[..., Any], x: Any) -> Any:
    try:
        return f(x)
    except Exception as error:
        return error


def flat(value: Any) -> list[Any]:
    return [v for part in value for v in flat(part)] if isinstance(value, tuple) else [value]


def same(got: Any, expected: Any) -> bool:
    if isinstance(expected, (tuple, list)):
        return len(got) == len(expected) and all(map(same, got, expected))
    if expected != expected or got == expected:
        return bool(got != got or got == expected)
    return not isinstance(expected, int) and abs(got - expected) <= 1e-14 * abs(expected)


@pytest.mark.parametrize("errors", ["ieee", "raise"])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_as_in_python(f: Callable[..., Any], errors: str) -> None:
    k = kernel(f, errors=errors)
    for kind, values in VALUES.items():
        if kind == "special" and f.__name__ in NO_SPECIAL:
            continue
        raised = False
        for x in values:
            got, expected = outcome(k, x), outcome(f, x)
            if isinstance(expected, Exception):
                raised = True
                if isinstance(got, Exception):
                    assert type(got) is type(expected)
                else:  # floats: inf or nan instead
                    assert errors == "ieee"
                    assert not all(math.isfinite(v) for v in flat(got))
            elif isinstance(got, Exception):
                raised = True
                assert kind == "special" and isinstance(got, OverflowError), got
            else:
                assert same(got, expected), (x, got, expected)
        if not raised:
            results = k(np.array(values * 30))
            for i in range(0, 30 * len(values), 7):
                expected = f(values[i % len(values)])
                assert same(_element(results, i), expected)


def _element(results: Any, i: int) -> Any:
    if isinstance(results, tuple):
        return tuple(_element(part, i) for part in results)
    return results[i].item()


def test_ints_of_large_floats_meet_floats() -> None:
    """Where Python goes through an int beyond 64 bits, but the answer needs none."""
    big = [1e22, -1e22, 2.0**63, -(2.0**63), 1e300, 2.0**80, 4.99, 5.0, -0.5, 0.005, 0.015]
    for f in (
        lambda x: round(x * 100) / 100,
        lambda x: int(x) == x,
        lambda x: int(x) > x,
        lambda x: math.floor(x) < 5,
        lambda x: math.floor(x) != math.ceil(x),
        lambda x: x < 10**30,
        lambda x: 10**30 <= x,
        lambda x: x == 10**30,
        lambda x: x > 2**80 - 1,
        lambda x: x >= 2**80 + 1,
        lambda x: x > -(10**400),
    ):
        k = kernel(f)
        expected = [f(x) for x in big]
        assert [k(x) for x in big] == expected
        assert k(np.array(big)).tolist() == expected
    for bad, error in ((math.nan, ValueError), (math.inf, OverflowError)):
        with pytest.raises(error):
            kernel(lambda x: int(x) == x)(bad)
