# SPDX-License-Identifier: BSD-3-Clause
"""Python as people write it: closures, patterns, records, lists, loops of every kind."""

import collections
import enum
import math
from dataclasses import dataclass
from typing import NamedTuple

COEF = (1.0, -2.0, 3.0)


def horner3(x, a, b, c):
    return (a * x + b) * x + c


def va(*args):
    s = 0.0
    for a in args:
        s += a
    return s


def kwf(x, **kw):
    return x * kw.get("scale", 1.0) + kw["off"]


def kwonly(x, *, s=2.0):
    return x * s


ADD = {"a": lambda x: x + 1, "b": lambda x: x * 2}

FS = [lambda x: x + 1, lambda x: x * 2, lambda x: x**2]


@dataclass
class P:
    x: float
    y: float = 2.0

    def norm(self):
        return math.hypot(self.x, self.y)

    @property
    def area(self):
        return self.x * self.y

    @staticmethod
    def sm(a):
        return a * 2

    @classmethod
    def cm(cls, a):
        return a * 3


PT = P(1.0)


class NT(NamedTuple):
    a: float
    b: float


NTI = NT(1.5, 2.5)

PTT = collections.namedtuple("PTT", "u v")


def mk(x):
    return PTT(x, x * x)


class Color(enum.IntEnum):
    RED = 1
    BLUE = 2


class Op(enum.Enum):
    A = "a"
    B = "b"


MODE = Op.A


def walrus(a, b, c):
    if (d := b * b - 4 * a * c) < 0:
        return 0.0
    return (y := math.sqrt(d)) + y / 2


def walrus_while(x):
    n = 0
    while (x := x / 2) > 0.1:
        n += 1
    return n, x


def match1(n):
    match n:
        case 0:
            return 10
        case 1 | 2:
            return 20
        case _ if n < 0:
            return -1
        case k:
            return k * 2


def match2(a, b):
    match (a, b):
        case (0, 0):
            return 0
        case (0, y):
            return y
        case (x, 0):
            return x * 100
        case _:
            return a * b


def match3(x):
    match x > 0, x > 1:
        case True, True:
            r = 2
        case True, False:
            r = 1
        case _:
            r = 0
    return r


def star(x):
    return horner3(x, *COEF)


def varargs(x, y):
    return va(x, y, 1.0) + va()


def kwargs_(x):
    return kwf(x, scale=2.0, off=1.0)


def kwo(x):
    return kwonly(x) + kwonly(x, s=3)


def dict_lambda(x):
    return ADD["a"](x) + ADD["b"](x)


def list_lambda(x):
    for f in FS:
        x = f(x)
    return x


def attr(x):
    return x * PT.x + PT.y + PT.norm()


def prop(x):
    return x * PT.area


def static(x):
    return PT.sm(x) + P.sm(x) + P.cm(x)


def nt(x):
    return x * NTI.a + NTI.b + NTI[0]


def nt_make(x):
    p = NT(x, 2.0)
    return p.a + p.b


def nt_unpack(x):
    a, b = NT(b=x, a=2.0)
    return a - b


def nt_ret(x):
    q = mk(x)
    return q.u + q.v


def ienum(n):
    return 5 if n == Color.RED else n + Color.BLUE


def enum_(x):
    return x if MODE is Op.A else -x


def enumval(x):
    return x * Color.RED.value


def nested_default(x):
    k = 3.0

    def g(v, s=k):
        return v * s

    k = 5.0
    return g(x) + k


def nested_closure_late(x):
    k = 3.0

    def g(v):
        return v * k

    k = 5.0
    return g(x)


def lam_in_loop(x):
    fs = []
    for i in range(3):
        fs.append(lambda v, i=i: v * i)
    return sum(f(x) for f in fs)


def returns_fn(x):
    def make(n):
        def inner(v):
            return v + n

        return inner

    return make(3)(x)


def compose(x):
    def comp(f, g):
        return lambda v: f(g(v))

    return comp(math.sin, math.cos)(x)


def early2(n):
    for i in range(5):
        for j in range(5):
            if i * j == n:
                return i * 10 + j
    return -1


def loop_else(n):
    for i in range(3):
        if i == n:
            break
    else:
        return 100
    return i


def while_else(n):
    k = 0
    while k < 5:
        if k == n:
            break
        k += 1
    else:
        k = -1
    return k


def cont(n):
    s = 0
    for i in range(n):
        if i % 3 == 0:
            continue
        s += i
    return s


def nestedloops(n):
    c = 0
    for i in range(n):
        for j in range(i, n):
            if (i + j) % 2:
                continue
            if j > 10:
                break
            c += i * j
    return c


def loopvar_after(n):
    for i in range(n + 1):
        pass
    return i


def rng_neg(n):
    return sum(i for i in range(n, 0, -2))


def rng3(a, b):
    return sum(i * i for i in range(a, b))


def rng_step(a, b):
    s = 0
    for i in range(0, 20, b if b else 1):
        s += i + a
    return s


def len_range(n):
    return len(range(n)), len(range(0, n, 2))


def in_range(n):
    return n in range(3), n in (1, 2), n not in [5, 6], n in {1, -1}


def any_all(n):
    return any(n % k == 0 for k in range(2, n)), all(n % k for k in range(2, n))


def unpack_star(x):
    a, *b, c = x, x + 1, x + 2, x + 3
    return a + b[0] * b[1] - c


def chain_assign(x):
    a = b = c = x * 2
    a += 1
    b *= 2
    c -= 3
    c /= 2
    b //= 3
    a %= 4
    b **= 2
    return a, b, c


def aug_int(n):
    n += 1
    n <<= 2
    n |= 1
    n ^= 3
    n &= 0xFF
    n >>= 1
    n //= 2
    n %= 7
    n **= 2
    n -= 1
    return n


def lists(x):
    a = [0.0] * 4
    for i in range(4):
        a[i] = x * i
    a[-1] += 1
    a.append(x)
    b = a[1:3]
    b.extend([1.0, 2.0])
    b.insert(0, 5.0)
    return sum(a) + len(b) + b[0]


def listcomp(x):
    v = [x * k for k in range(5) if k % 2]
    m = [[i * j for j in range(2)] for i in range(2)]
    return sum(v) + m[1][1]


def matvec(x):
    A = [[2.0, 1.0], [1.0, 3.0]]
    b = [x, 1.0]
    y = [sum(A[i][j] * b[j] for j in range(2)) for i in range(2)]
    return y[0], y[1]


def gauss(a, b):
    A = [[4.0, 1.0, a], [1.0, 3.0, b]]
    for i in range(2):
        p = A[i][i]
        for j in range(3):
            A[i][j] /= p
        for k in range(2):
            if k != i:
                f = A[k][i]
                for j in range(3):
                    A[k][j] -= f * A[i][j]
    return A[0][2], A[1][2]


def dp_list(n):
    d = [0] * 31
    d[0] = 1
    for c in (1, 5, 10):
        for j in range(c, 31):
            d[j] += d[j - c]
    return d[n]


def dp2(n):
    f = [0, 1] + [0] * 29
    for i in range(2, 31):
        f[i] = f[i - 1] + f[i - 2]
    return f[n]


def enumz(x):
    return sum(i * a + b for i, (a, b) in enumerate(zip([1, 2], [x, 3.0]), 1))


def revd(x):
    s = 0
    for c in reversed([1, 2, 3]):
        s = s * x + c
    return s


def slices(x):
    t = (x, 1.0, 2.0, 3.0)
    return t[::-1][0] + t[1:][0] + t[-2] + len(t[:2])


def mins(x):
    return (
        min([x, 1.0]),
        max((x, 2.0, 3.0)),
        min(x, 1, 2, key=abs),
        max([x, -x], key=lambda v: v * v),
    )


def double_gen(x):
    return sum(x * i + j for i in range(3) for j in range(i))


def ternchain(x):
    return 1 if x > 5 else 2 if x > 0 else 3 if x > -5 else 4


def dict_runtime(n):
    return {0: 5, 1: 7, 2: 9}[n % 3]


def dict_runtime_get(n):
    return {0: 5, 1: 7}.get(n, -1)


def tuple_idx(n):
    return (10, 20, 30, 40)[n % 4]


def bool_idx(n):
    return (1.0, 2.0)[n > 0]


M = (-10.0, 10.0)
Z = range(-9, 10)
S = range(0, 31)

CASES = {
    walrus: (M, M, M),
    walrus_while: (M,),
    match1: (Z,),
    match2: (Z, Z),
    match3: ((-2.0, 3.0),),
    star: (M,),
    varargs: (M, M),
    kwargs_: (M,),
    kwo: (M,),
    dict_lambda: (M,),
    list_lambda: (M,),
    attr: (M,),
    prop: (M,),
    static: (M,),
    nt: (M,),
    nt_make: (M,),
    nt_unpack: (M,),
    nt_ret: (M,),
    ienum: (Z,),
    enum_: (M,),
    enumval: (M,),
    nested_default: (M,),
    nested_closure_late: (M,),
    lam_in_loop: (M,),
    returns_fn: (M,),
    compose: (M,),
    early2: (Z,),
    loop_else: (Z,),
    while_else: (Z,),
    cont: (S,),
    nestedloops: (S,),
    loopvar_after: (S,),
    rng_neg: (S,),
    rng3: (Z, Z),
    rng_step: (Z, Z),
    len_range: (Z,),
    in_range: (Z,),
    any_all: (range(2, 31),),
    unpack_star: (M,),
    chain_assign: (M,),
    aug_int: (S,),
    lists: (M,),
    listcomp: (M,),
    matvec: (M,),
    gauss: (M, M),
    dp_list: (S,),
    dp2: (S,),
    enumz: (M,),
    revd: (M,),
    slices: (M,),
    mins: (M,),
    double_gen: (M,),
    ternchain: (M,),
    dict_runtime: (Z,),
    dict_runtime_get: (Z,),
    tuple_idx: (Z,),
    bool_idx: (Z,),
}
