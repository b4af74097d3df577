# SPDX-License-Identifier: BSD-3-Clause
"""Finance, probability, statistics, machine learning and special functions."""

import math
from functools import partial
from math import exp, log, sqrt

SQRT_2PI = math.sqrt(2 * math.pi)


def norm_pdf(x, mu=0.0, sigma=1.0):
    return math.exp(-0.5 * ((x - mu) / sigma) ** 2) / (sigma * SQRT_2PI)


def norm_cdf(x):
    return 0.5 * (1 + math.erf(x / math.sqrt(2)))


def black_scholes_call(s, k, t, r=0.02, sigma=0.3):
    d1 = (log(s / k) + (r + sigma**2 / 2) * t) / (sigma * sqrt(t))
    d2 = d1 - sigma * sqrt(t)
    return s * norm_cdf(d1) - k * exp(-r * t) * norm_cdf(d2)


def black_scholes(s, k, t, r, sigma, put=False):
    d1 = (math.log(s / k) + (r + 0.5 * sigma * sigma) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    call = s * norm_cdf(d1) - k * math.exp(-r * t) * norm_cdf(d2)
    if put:
        return call - s + k * math.exp(-r * t)
    return call


def vega(s, k, t):
    d1 = (math.log(s / k) + 0.045 * t) / (0.3 * math.sqrt(t))
    return s * norm_pdf(d1) * math.sqrt(t)


def binomial_option(s, k):
    """Cox, Ross and Rubinstein with eight steps."""
    n = 8
    u = math.exp(0.3 * math.sqrt(1 / n))
    d = 1 / u
    p = (math.exp(0.02 / n) - d) / (u - d)
    values = [max(s * u**j * d ** (n - j) - k, 0.0) for j in range(n + 1)]
    for step in range(n, 0, -1):
        for j in range(step):
            values[j] = (p * values[j + 1] + (1 - p) * values[j]) * math.exp(-0.02 / n)
    return values[0]


def compound_interest(principal, rate, years):
    for _ in range(years):
        principal *= 1 + rate
    return principal


def annuity(rate, n, payment=100.0):
    if rate == 0:
        return payment * n
    return payment * (1 - (1 + rate) ** -n) / rate


def mortgage(principal, annual_rate):
    r = annual_rate / 12
    n = 360
    return principal * r * (1 + r) ** n / ((1 + r) ** n - 1)


def npv(rate):
    flows = [-1000.0, 300.0, 420.0, 680.0]
    return sum(cf / (1 + rate) ** t for t, cf in enumerate(flows))


def irr(first):
    flows = (-1000.0, first, 420.0, 680.0)
    lo, hi = -0.5, 1.0
    while hi - lo > 1e-9:
        mid = (lo + hi) / 2
        value = 0.0
        for t, cf in enumerate(flows):
            value += cf / (1 + mid) ** t
        if value > 0:
            lo = mid
        else:
            hi = mid
    return mid


def tax(income):
    """A progressive tariff."""
    brackets = [(11000, 0.10), (44725, 0.12), (95375, 0.22), (182100, 0.24)]
    due, previous = 0.0, 0
    for limit, rate in brackets:
        if income > limit:
            due += (limit - previous) * rate
            previous = limit
        else:
            due += (income - previous) * rate
            break
    else:
        due += (income - previous) * 0.32
    return due


def logistic(x):
    return 1 / (1 + math.exp(-x))


def logit(p):
    return math.log(p / (1 - p))


def softplus(x):
    return max(x, 0) + math.log1p(math.exp(-abs(x)))


def relu(x):
    return max(0, x)


def leaky_relu(x, alpha=0.01):
    return x if x > 0 else alpha * x


def elu(x):
    return x if x >= 0 else math.exp(x) - 1


def gelu(x):
    return 0.5 * x * (1 + math.tanh(math.sqrt(2 / math.pi) * (x + 0.044715 * x**3)))


def swish(x):
    return x * logistic(x)


def mish(x):
    return x * math.tanh(softplus(x))


def softmax3(a, b, c):
    m = max(a, b, c)
    ea, eb, ec = math.exp(a - m), math.exp(b - m), math.exp(c - m)
    s = ea + eb + ec
    return ea / s, eb / s, ec / s


def cross_entropy(p, q):
    eps = 1e-12
    return -p * math.log(q + eps) - (1 - p) * math.log(1 - q + eps)


def huber(r, delta=1.0):
    if abs(r) <= delta:
        return 0.5 * r * r
    return delta * (abs(r) - 0.5 * delta)


def entropy(p):
    return -sum(q * math.log2(q) if q > 0 else 0.0 for q in (p, 1 - p))


def binomial_pmf(k, p):
    n = 12
    return math.comb(n, k) * p**k * (1 - p) ** (n - k)


def binomial_cdf(k, p, n=10):
    return sum(math.comb(n, i) * p**i * (1 - p) ** (n - i) if i <= k else 0.0 for i in range(n + 1))


def poisson_pmf(k, lam):
    return lam**k * math.exp(-lam) / math.factorial(k)


def poisson_log(k, lam):
    return math.exp(k * math.log(lam) - lam - math.lgamma(k + 1))


def geometric_pmf(k, p):
    return p * (1 - p) ** (k - 1)


def exponential_cdf(x, rate=1.5):
    return 1 - math.exp(-rate * x) if x >= 0 else 0.0


def weibull(x, k=1.5, lam=2.0):
    if x < 0:
        return 0.0
    return k / lam * (x / lam) ** (k - 1) * math.exp(-((x / lam) ** k))


def gamma_pdf(x, a=2.5):
    return x ** (a - 1) * math.exp(-x) / math.gamma(a)


def beta_function(a, b):
    return math.gamma(a) * math.gamma(b) / math.gamma(a + b)


def beta_pdf(x, a=2.0, b=3.0):
    return x ** (a - 1) * (1 - x) ** (b - 1) / beta_function(a, b)


def student_t(x, nu=5):
    c = math.gamma((nu + 1) / 2) / (math.sqrt(nu * math.pi) * math.gamma(nu / 2))
    return c * (1 + x * x / nu) ** (-(nu + 1) / 2)


def cauchy(x, x0=0.0, gamma=1.0):
    return 1 / (math.pi * gamma * (1 + ((x - x0) / gamma) ** 2))


def laplace_cdf(x):
    return 0.5 * math.exp(x) if x < 0 else 1 - 0.5 * math.exp(-x)


def triangular(x, a=0.0, b=3.0, c=1.0):
    if x < a or x > b:
        return 0.0
    if x < c:
        return 2 * (x - a) / ((b - a) * (c - a))
    return 2 * (b - x) / ((b - a) * (b - c))


def chi2_3(x):
    return math.erf(math.sqrt(x / 2)) - math.sqrt(2 * x / math.pi) * math.exp(-x / 2)


def normal_quantile(p):
    """Beasley and Springer's rational approximation, in the central part."""
    q = p - 0.5
    r = q * q
    a = [2.50662823884, -18.61500062529, 41.39119773534, -25.44106049637]
    b = [-8.47351093090, 23.08336743743, -21.06224101826, 3.13082909833]
    num = q * (((a[3] * r + a[2]) * r + a[1]) * r + a[0])
    den = (((b[3] * r + b[2]) * r + b[1]) * r + b[0]) * r + 1
    return num / den


def erf_series(x):
    total, term, n = x, x, 0
    while abs(term) > 1e-17 * abs(total):
        n += 1
        term *= -x * x / n
        total += term / (2 * n + 1)
    return 2 / math.sqrt(math.pi) * total


def bessel_j0(x):
    total = 0.0
    term = 1.0
    k = 0
    while abs(term) > 1e-17:
        total += term
        k += 1
        term *= -(x * x / 4) / (k * k)
    return total


def bessel_quadrature(x):
    n = 40
    return sum(math.cos(x * math.sin(math.pi * (i + 0.5) / n)) for i in range(n)) / n


def lanczos_gamma(z):
    g = 7
    p = [
        0.99999999999980993, 676.5203681218851, -1259.1392167224028, 771.32342877765313,
        -176.61502916214059, 12.507343278686905, -0.13857109526572012, 9.9843695780195716e-6,
        1.5056327351493116e-7,
    ]  # fmt: skip
    z -= 1
    x = p[0]
    for i in range(1, g + 2):
        x += p[i] / (z + i)
    t = z + g + 0.5
    return math.sqrt(2 * math.pi) * t ** (z + 0.5) * math.exp(-t) * x


def digamma(x):
    result = 0.0
    while x < 6:
        result -= 1 / x
        x += 1
    f = 1 / (x * x)
    return result + math.log(x) - 0.5 / x - f * (1 / 12 - f * (1 / 120 - f / 252))


def stirling(n):
    return n * math.log(n) - n + 0.5 * math.log(2 * math.pi * n)


def lambert_w(x):
    w = math.log1p(x)
    for _ in range(12):
        e = math.exp(w)
        w -= (w * e - x) / (e * (w + 1))
    return w


def elliptic_k(k):
    a, b = 1.0, math.sqrt(1 - k * k)
    for _ in range(8):
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return math.pi / (2 * a)


def sinc(x):
    return 1.0 if x == 0 else math.sin(math.pi * x) / (math.pi * x)


def dilog(x):
    s = 0.0
    for k in range(1, 200):
        t = x**k / k**2
        s += t
        if abs(t) < 1e-16:
            break
    return s


def z_score(x, mean=5.0, std=2.0):
    return (x - mean) / std


def pearson_weight(x, y):
    return (x - 0.5) * (y - 0.25) / math.sqrt((x - 0.5) ** 2 + (y - 0.25) ** 2 + 1e-9)


def ewma(x):
    data = [1.0, 2.0, 1.5, 3.0]
    s = data[0]
    for value in data[1:]:
        s = x * value + (1 - x) * s
    return s


def variance_of_table(x, data):
    n = len(data)
    mean = sum(data) / n
    return sum((v - mean) ** 2 for v in data) / (n - 1) + x


def kernel_density(x, data):
    h = 0.4
    return sum(math.exp(-0.5 * ((x - d) / h) ** 2) for d in data) / (len(data) * h * SQRT_2PI)


def empirical_cdf(x, data):
    below = 0
    for d in data:
        if d <= x:
            below += 1
    return below / len(data)


def nearest(x, data):
    best, where = math.inf, -1
    for i, d in enumerate(data):
        if abs(d - x) < best:
            best, where = abs(d - x), i
    return where


def f_ratio(x):
    fs = [math.sin, math.cos, lambda t: t * t]
    return sum(f(x) for f in fs)


standard_pdf = partial(norm_pdf, mu=1.0, sigma=2.0)

TABLE = [0.3, 1.7, 0.9, 2.4, 1.1, 3.3]

CASES = {
    norm_pdf: ((-4.0, 4.0),),
    norm_cdf: ((-5.0, 5.0),),
    black_scholes_call: ((50.0, 150.0), (50.0, 150.0), (0.1, 2.0)),
    black_scholes: ((50.0, 150.0), (50.0, 150.0), (0.1, 2.0), (0.0, 0.1), (0.1, 0.5)),
    vega: ((50.0, 150.0), (50.0, 150.0), (0.1, 2.0)),
    binomial_option: ((50.0, 150.0), (50.0, 150.0)),
    compound_interest: ((1.0, 1e4), (0.0, 0.1), range(0, 30)),
    annuity: ((0.0, 0.1), range(1, 30)),
    mortgage: ((1e4, 1e6), (0.01, 0.1)),
    npv: ((0.0, 0.3),),
    irr: ((200.0, 500.0),),
    tax: ((0.0, 250000.0),),
    logistic: ((-30.0, 30.0),),
    logit: ((0.01, 0.99),),
    softplus: ((-30.0, 30.0),),
    relu: ((-3.0, 3.0),),
    leaky_relu: ((-3.0, 3.0),),
    elu: ((-3.0, 3.0),),
    gelu: ((-4.0, 4.0),),
    swish: ((-10.0, 10.0),),
    mish: ((-10.0, 10.0),),
    softmax3: ((-5.0, 5.0), (-5.0, 5.0), (-5.0, 5.0)),
    cross_entropy: ((0.0, 1.0), (0.01, 0.99)),
    huber: ((-4.0, 4.0),),
    entropy: ((0.0, 1.0),),
    binomial_pmf: (range(0, 13), (0.01, 0.99)),
    binomial_cdf: (range(0, 11), (0.01, 0.99)),
    poisson_pmf: (range(0, 18), (0.1, 10.0)),
    poisson_log: (range(0, 18), (0.1, 10.0)),
    geometric_pmf: (range(1, 15), (0.01, 0.99)),
    exponential_cdf: ((-1.0, 5.0),),
    weibull: ((-1.0, 6.0),),
    gamma_pdf: ((0.01, 10.0),),
    beta_function: ((0.5, 5.0), (0.5, 5.0)),
    beta_pdf: ((0.01, 0.99),),
    student_t: ((-5.0, 5.0),),
    cauchy: ((-5.0, 5.0),),
    laplace_cdf: ((-5.0, 5.0),),
    triangular: ((-1.0, 4.0),),
    chi2_3: ((0.01, 15.0),),
    normal_quantile: ((0.1, 0.9),),
    erf_series: ((0.01, 2.0),),
    bessel_j0: ((0.0, 8.0),),
    bessel_quadrature: ((0.0, 8.0),),
    lanczos_gamma: ((0.5, 10.0),),
    digamma: ((0.1, 12.0),),
    stirling: ((1.0, 100.0),),
    lambert_w: ((0.01, 20.0),),
    elliptic_k: ((0.0, 0.99),),
    sinc: ((-5.0, 5.0),),
    dilog: ((-0.9, 0.9),),
    z_score: ((0.0, 10.0),),
    pearson_weight: ((0.0, 1.0), (0.0, 1.0)),
    ewma: ((0.0, 1.0),),
    variance_of_table: ((0.0, 1.0), TABLE),
    kernel_density: ((0.0, 4.0), TABLE),
    empirical_cdf: ((0.0, 4.0), TABLE),
    nearest: ((0.0, 4.0), TABLE),
    f_ratio: ((-3.0, 3.0),),
    standard_pdf: ((-4.0, 4.0),),
}
