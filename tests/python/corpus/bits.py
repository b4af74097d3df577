# SPDX-License-Identifier: BSD-3-Clause
"""Recursion, number theory, bits of ints and floats."""

import functools
import operator
from math import comb, frexp, ldexp, nextafter, perm, ulp


def gcd_rec(a, b):
    return a if b == 0 else gcd_rec(b, a % b)


def sieve_like(n):
    return sum(1 for d in range(1, int(n**0.5) + 1) if n % d == 0)


def aliquot(n):
    return sum(d for d in range(1, n // 2 + 1) if n % d == 0)


def goldbach(n):
    def prime(k):
        if k < 2:
            return False
        i = 2
        while i * i <= k:
            if k % i == 0:
                return False
            i += 1
        return True

    for p in range(2, n):
        if prime(p) and prime(n - p):
            return p
    return -1


def mobius(n):
    result = 1
    p = 2
    while p * p <= n:
        if n % p == 0:
            n //= p
            if n % p == 0:
                return 0
            result = -result
        else:
            p += 1
    return -result if n > 1 else result


def modinv(a, mod):
    t, newt = 0, 1
    r, newr = mod, a % mod
    while newr:
        q = r // newr
        t, newt = newt, t - q * newt
        r, newr = newr, r - q * newr
    if r > 1:
        return -1
    return t % mod


def pow3(a, b, c):
    return pow(a, b, c)


def bit_length(n):
    return n.bit_length()


def bitcount(n):
    return n.bit_count()


def ipow2(n):
    return 2**n


def neg1pow(n):
    return (-1) ** n


def combs(n, k):
    return (
        comb(n, k),
        perm(n, k),
    )


def frexp_(x):
    return frexp(x)


def ldexp_(x, n):
    return ldexp(x, n)


def nextafter_(x, y):
    return nextafter(x, y)


def ulp_(x):
    return ulp(x)


def reduce_(x, y):
    return functools.reduce(lambda a, b: a * 0.5 + b, [x, y, 1.0])


def reduce2(x, y):
    return functools.reduce(operator.add, (x, y), 3)


N = range(1, 400)
M = (-10.0, 10.0)

CASES = {
    gcd_rec: (N, N),
    sieve_like: (N,),
    aliquot: (range(1, 200),),
    goldbach: (range(4, 60),),
    mobius: (N,),
    modinv: (range(1, 97), N),
    pow3: (N, range(0, 50), N),
    bit_length: (range(-(10**9), 10**9),),
    bitcount: (range(-(10**9), 10**9),),
    ipow2: (range(-9, 30),),
    neg1pow: (range(-9, 9),),
    combs: (range(0, 18), range(0, 12)),
    frexp_: ((-99.0, 99.0),),
    ldexp_: ((-9.0, 9.0), range(-1080, 1000)),
    nextafter_: ((-9.0, 9.0), (-9.0, 9.0)),
    ulp_: ((-1e9, 1e9),),
    reduce_: (M, M),
    reduce2: (M, M),
}
