# SPDX-License-Identifier: BSD-3-Clause
"""Distributions, and statistics of a table."""

import math


def normpdf(x, mu, sigma):
    return math.exp(-(((x - mu) / sigma) ** 2) / 2) / (sigma * math.sqrt(2 * math.pi))


def gumbel(x, beta):
    z = x / beta
    return math.exp(-(z + math.exp(-z))) / beta


def pareto_cdf(x, alpha, xm=1.0):
    return 1 - (xm / x) ** alpha if x >= xm else 0.0


def lognorm_pdf(x, mu, s):
    if x <= 0:
        return 0.0
    return math.exp(-((math.log(x) - mu) ** 2) / (2 * s * s)) / (x * s * math.sqrt(2 * math.pi))


def logcosh(x):
    return math.log(math.cosh(x))


def neg_binom(k, r, p):
    return math.comb(k + r - 1, k) * p**r * (1 - p) ** k


def hypergeom(k, K, n, N=40):
    return math.comb(K, k) * math.comb(N - K, n - k) / math.comb(N, n)


def incomplete_gamma(a, x):
    """series"""
    if x <= 0:
        return 0.0
    term = 1 / a
    total = term
    n = 1
    while abs(term) > 1e-15 * abs(total) and n < 500:
        term *= x / (a + n)
        total += term
        n += 1
    return total * math.exp(-x + a * math.log(x) - math.lgamma(a))


def betacf(x, a, b):
    MAXIT = 100
    EPS = 3e-14
    FPMIN = 1e-300
    qab = a + b
    qap = a + 1.0
    qam = a - 1.0
    c = 1.0
    d = 1.0 - qab * x / qap
    if abs(d) < FPMIN:
        d = FPMIN
    d = 1.0 / d
    h = d
    for m in range(1, MAXIT + 1):
        m2 = 2 * m
        aa = m * (b - m) * x / ((qam + m2) * (a + m2))
        d = 1.0 + aa * d
        if abs(d) < FPMIN:
            d = FPMIN
        c = 1.0 + aa / c
        if abs(c) < FPMIN:
            c = FPMIN
        d = 1.0 / d
        h *= d * c
        aa = -(a + m) * (qab + m) * x / ((a + m2) * (qap + m2))
        d = 1.0 + aa * d
        if abs(d) < FPMIN:
            d = FPMIN
        c = 1.0 + aa / c
        if abs(c) < FPMIN:
            c = FPMIN
        d = 1.0 / d
        dl = d * c
        h *= dl
        if abs(dl - 1.0) <= EPS:
            break
    return h


def probit(p):
    if not 0 < p < 1:
        raise ValueError("p out of range")
    t = math.sqrt(-2 * math.log(min(p, 1 - p)))
    c0, c1, c2 = 2.515517, 0.802853, 0.010328
    d1, d2, d3 = 1.432788, 0.189269, 0.001308
    x = t - ((c2 * t + c1) * t + c0) / (((d3 * t + d2) * t + d1) * t + 1)
    return -x if p < 0.5 else x


def median3(a, b, c):
    return sorted([a, b, c])[1]


def trimmed(a, b, c, d):
    v = sorted((a, b, c, d))
    return sum(v[1:-1]) / 2


def zscore(x, data):
    m = sum(data) / len(data)
    s = math.sqrt(sum((d - m) ** 2 for d in data) / (len(data) - 1))
    return (x - m) / s


def rank(x, data):
    return sum(1 for d in data if d < x)


def rank2(x, data):
    return sum(d < x for d in data)


def tmax(x, data):
    return max(data) + x


def tmin(x, data):
    return min(data) * x


U = (0.0, 1.0)
M = (-10.0, 10.0)
TABLE = [3.0, 1.0, 2.0, 7.5, -4.0]

CASES = {
    normpdf: ((-3.0, 3.0), (-1.0, 1.0), (0.5, 2.0)),
    gumbel: ((-3.0, 6.0), (0.5, 2.0)),
    pareto_cdf: ((0.5, 6.0), (0.5, 3.0)),
    lognorm_pdf: ((-0.5, 6.0), (0.0, 1.0), (0.3, 1.0)),
    logcosh: ((-9.0, 9.0),),
    neg_binom: (range(0, 12), range(1, 12), U),
    hypergeom: (range(0, 9), range(9, 20), range(9, 15)),
    incomplete_gamma: ((0.5, 5.0), (0.1, 9.0)),
    betacf: ((0.1, 0.6), (0.5, 3.0), (0.5, 3.0)),
    probit: ((0.01, 0.99),),
    median3: (M, M, M),
    trimmed: (M, M, M, M),
    zscore: (M, TABLE),
    rank: (M, TABLE),
    rank2: (M, TABLE),
    tmax: (M, TABLE),
    tmin: (M, TABLE),
}
