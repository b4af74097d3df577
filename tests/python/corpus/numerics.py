# SPDX-License-Identifier: BSD-3-Clause
"""Root finding, quadrature, series, interpolation, differential equations."""

import math


def lecture(x):
    return x**2


def runge(x):
    """Runge's example for equidistant interpolation."""
    return 1 / (1 + 25 * x**2)


def newton_sqrt(a):
    x = a
    while abs(x * x - a) > 1e-12 * a:
        x = 0.5 * (x + a / x)
    return x


def heron(a, n=20):
    x = a
    for _ in range(n):
        x = (x + a / x) / 2
    return x


def cube_root_newton(a):
    x = a
    for i in range(60):
        x_new = x - (x**3 - a) / (3 * x**2)
        if abs(x_new - x) < 1e-15 * abs(x_new):
            break
        x = x_new
    return x


def bisection(c):
    """Root of x**3 - x - c in [1, 3]."""
    lo, hi = 1.0, 3.0
    while hi - lo > 1e-10:
        mid = (lo + hi) / 2
        if mid**3 - mid - c > 0:
            hi = mid
        else:
            lo = mid
    return (lo + hi) / 2


def secant(c):
    x0, x1 = 0.0, 1.0
    f0 = math.cos(x0) - c * x0
    for _ in range(30):
        f1 = math.cos(x1) - c * x1
        if f1 == f0:
            return x1
        x0, x1, f0 = x1, x1 - f1 * (x1 - x0) / (f1 - f0), f1
        if abs(x1 - x0) < 1e-13:
            break
    return x1


def false_position(c):
    def f(x):
        return x * x - c

    a, b = 0.0, c + 1.0
    fa, fb = f(a), f(b)
    for _ in range(40):
        m = (a * fb - b * fa) / (fb - fa)
        fm = f(m)
        if fm < 0:
            a, fa = m, fm
        else:
            b, fb = m, fm
    return a


def fixed_point_cos(x):
    count = 0
    while abs(math.cos(x) - x) > 1e-9 and count < 200:
        x = math.cos(x)
        count = count + 1
    return x


def halley(a):
    x = 1.0
    for _ in range(12):
        f = x * x - a
        x = x - 2 * f * 2 * x / (2 * (2 * x) ** 2 - f * 2)
    return x


def taylor_exp(x):
    term, total = 1.0, 1.0
    for n in range(1, 30):
        term *= x / n
        total += term
    return total


def taylor_sin(x):
    return sum((-1) ** k * x ** (2 * k + 1) / math.factorial(2 * k + 1) for k in range(9))


def taylor_cos_until(x):
    term = 1.0
    total = 0.0
    n = 0
    while abs(term) > 1e-16:
        total += term
        n += 2
        term *= -x * x / (n * (n - 1))
    return total


def leibniz_pi(n):
    total = 0.0
    for k in range(n):
        if k % 2 == 0:
            total += 1 / (2 * k + 1)
        else:
            total -= 1 / (2 * k + 1)
    return 4 * total


def harmonic(n):
    return sum(1 / k for k in range(1, n + 1))


def zeta_partial(s):
    total = 0.0
    for k in range(1, 101):
        total += k**-s
    return total


def geometric_series(q, n):
    s = 0
    p = 1
    for i in range(n):
        s += p
        p *= q
    return s


def horner(x):
    coefficients = [2.0, -6.0, 2.0, -1.0]
    result = 0
    for c in coefficients:
        result = result * x + c
    return result


def polynomial_enumerate(x):
    coeffs = (1, 0.5, 0.25, 0.125, 0.0625)
    return sum(c * x**i for i, c in enumerate(coeffs))


def chebyshev(x):
    t0, t1 = 1, x
    for _ in range(2, 9):
        t0, t1 = t1, 2 * x * t1 - t0
    return t1


def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    p0, p1 = 1.0, x
    for k in range(2, n + 1):
        p0, p1 = p1, ((2 * k - 1) * x * p1 - (k - 1) * p0) / k
    return p1


def hermite(x, n=6):
    a, b = 1.0, 2 * x
    for k in range(1, n):
        a, b = b, 2 * x * b - 2 * k * a
    return b


def clenshaw(x):
    c = [0.5, 0.3, -0.2, 0.1]
    b1 = b2 = 0.0
    for k in range(len(c) - 1, 0, -1):
        b1, b2 = 2 * x * b1 - b2 + c[k], b1
    return x * b1 - b2 + c[0]


def lagrange(x):
    xs = [0.0, 1.0, 2.0, 4.0]
    ys = [1.0, 3.0, 2.0, 5.0]
    total = 0.0
    for i in range(len(xs)):
        term = ys[i]
        for j in range(len(xs)):
            if i != j:
                term = term * (x - xs[j]) / (xs[i] - xs[j])
        total += term
    return total


def newton_divided(x):
    nodes = (0.0, 1.0, 3.0)
    values = [1.0, 2.0, 10.0]
    c = values.copy()
    for level in range(1, 3):
        for i in range(2, level - 1, -1):
            c[i] = (c[i] - c[i - 1]) / (nodes[i] - nodes[i - level])
    return c[0] + (x - nodes[0]) * (c[1] + (x - nodes[1]) * c[2])


def linear_table(x, table):
    i = int(x)
    frac = x - i
    return table[i] * (1 - frac) + table[i + 1] * frac


def trapezoid_of_sine(b):
    n = 50
    h = b / n
    s = 0.5 * (math.sin(0) + math.sin(b))
    for i in range(1, n):
        s += math.sin(i * h)
    return s * h


def simpson(b):
    n = 20
    h = b / n
    f = lambda t: t**3 + t
    s = f(0) + f(b)
    for i in range(1, n):
        s += f(i * h) * (4 if i % 2 else 2)
    return s * h / 3


def gauss3(a, b):
    nodes = (-math.sqrt(3 / 5), 0, math.sqrt(3 / 5))
    weights = (5 / 9, 8 / 9, 5 / 9)
    mid, half = (a + b) / 2, (b - a) / 2
    return half * sum(w * math.exp(-((mid + half * x) ** 2)) for x, w in zip(nodes, weights))


def central_difference(x, h=1e-5):
    def f(t):
        return math.sin(t) * math.exp(t)

    return (f(x + h) - f(x - h)) / (2 * h)


def richardson(x):
    def d(h):
        return (math.atan(x + h) - math.atan(x - h)) / (2 * h)

    return (4 * d(0.05) - d(0.1)) / 3


def euler_decay(k):
    y, dt = 1.0, 0.01
    for step in range(100):
        y += dt * (-k * y)
    return y


def rk4_logistic(y):
    def f(y):
        return y * (1 - y)

    h = 0.1
    for _ in range(20):
        k1 = f(y)
        k2 = f(y + h / 2 * k1)
        k3 = f(y + h / 2 * k2)
        k4 = f(y + h * k3)
        y += h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return y


def rk4_pendulum(theta):
    omega, h = 0.0, 0.05
    for i in range(40):
        k1t, k1o = omega, -math.sin(theta)
        k2t, k2o = omega + h / 2 * k1o, -math.sin(theta + h / 2 * k1t)
        k3t, k3o = omega + h / 2 * k2o, -math.sin(theta + h / 2 * k2t)
        k4t, k4o = omega + h * k3o, -math.sin(theta + h * k3t)
        theta = theta + h / 6 * (k1t + 2 * k2t + 2 * k3t + k4t)
        omega = omega + h / 6 * (k1o + 2 * k2o + 2 * k3o + k4o)
    return theta


def verlet(x0):
    x, v, dt = x0, 0.0, 0.01
    a = -x
    for _ in range(200):
        x += v * dt + 0.5 * a * dt * dt
        new = -x
        v += 0.5 * (a + new) * dt
        a = new
    return x, v


def logistic_map(r):
    x = 0.5
    for _ in range(100):
        x = r * x * (1 - x)
    return x


def mandelbrot(cr, ci, max_iter=60):
    zr, zi = 0.0, 0.0
    for n in range(max_iter):
        if zr * zr + zi * zi > 4.0:
            return n
        zr, zi = zr * zr - zi * zi + cr, 2 * zr * zi + ci
    return max_iter


def julia(x, y):
    n = 0
    while x * x + y * y <= 4 and n < 80:
        x, y = x**2 - y**2 - 0.7, 2 * x * y + 0.27015
        n += 1
    return n


def agm(a, b):
    while abs(a - b) > 1e-14 * abs(a):
        a, b = (a + b) / 2, math.sqrt(a * b)
    return a


def continued_fraction(x):
    value = 1.0
    for k in range(20, 0, -1):
        value = 1 + x / (k + value)
    return value


def kahan_sum(x):
    s = c = 0.0
    for i in range(50):
        y = x * i * 0.1 - c
        t = s + y
        c = (t - s) - y
        s = t
    return s


def quadratic_roots(a, b, c):
    d = b * b - 4 * a * c
    if d < 0:
        return 0, 0.0, 0.0
    elif d == 0:
        return 1, -b / (2 * a), -b / (2 * a)
    r = math.sqrt(d)
    q = -(b + math.copysign(r, b)) / 2
    return 2, q / a, c / q


def smoothstep(x, lo=0.0, hi=1.0):
    t = min(max((x - lo) / (hi - lo), 0.0), 1.0)
    return t * t * (3 - 2 * t)


def golden_section(p):
    phi = (math.sqrt(5) - 1) / 2
    a, b = 0.0, 4.0
    for _ in range(40):
        c, d = b - phi * (b - a), a + phi * (b - a)
        if (c - p) ** 2 < (d - p) ** 2:
            b = d
        else:
            a = c
    return (a + b) / 2


def piecewise(x):
    if x < -1:
        return -1.0
    elif x < 1:
        return x
    else:
        return 1.0


def median_of_three(a, b, c):
    if a > b:
        a, b = b, a
    if b > c:
        b, c = c, b
    if a > b:
        a, b = b, a
    return b


def power_by_squaring(x, n):
    result = 1.0
    while n > 0:
        if n & 1:
            result *= x
        x *= x
        n >>= 1
    return result


def det3(a, b, c):
    m = [[a, b, c], [b, c, a], [c, a, b]]
    return (
        m[0][0] * (m[1][1] * m[2][2] - m[1][2] * m[2][1])
        - m[0][1] * (m[1][0] * m[2][2] - m[1][2] * m[2][0])
        + m[0][2] * (m[1][0] * m[2][1] - m[1][1] * m[2][0])
    )


def cramer(a, b, c, d):
    det = a * d - b * c
    if abs(det) < 1e-12:
        return 0.0, 0.0
    return (d - b) / det, (a - c) / det


CASES = {
    lecture: ((-10.0, 10.0),),
    runge: ((-1.0, 1.0),),
    newton_sqrt: ((1e-3, 1e3),),
    heron: ((0.1, 100.0),),
    cube_root_newton: ((0.1, 100.0),),
    bisection: ((0.5, 20.0),),
    secant: ((0.5, 2.0),),
    false_position: ((0.5, 5.0),),
    fixed_point_cos: ((-1.0, 1.0),),
    halley: ((0.5, 5.0),),
    taylor_exp: ((-2.0, 2.0),),
    taylor_sin: ((-3.0, 3.0),),
    taylor_cos_until: ((-3.0, 3.0),),
    leibniz_pi: (range(1, 60),),
    harmonic: (range(1, 60),),
    zeta_partial: ((1.5, 6.0),),
    geometric_series: ((-1.5, 1.5), range(0, 20)),
    horner: ((-3.0, 3.0),),
    polynomial_enumerate: ((-3.0, 3.0),),
    chebyshev: ((-1.0, 1.0),),
    legendre: (range(0, 9), (-1.0, 1.0)),
    hermite: ((-2.0, 2.0),),
    clenshaw: ((-1.0, 1.0),),
    lagrange: ((0.0, 4.0),),
    newton_divided: ((0.0, 3.0),),
    linear_table: ((0.0, 4.99), [1.0, 3.0, 2.0, 5.0, 4.0, 0.5]),
    trapezoid_of_sine: ((0.1, 6.0),),
    simpson: ((0.1, 6.0),),
    gauss3: ((-1.0, 0.0), (0.0, 2.0)),
    central_difference: ((-2.0, 2.0),),
    richardson: ((-2.0, 2.0),),
    euler_decay: ((0.0, 5.0),),
    rk4_logistic: ((0.01, 2.0),),
    rk4_pendulum: ((-2.0, 2.0),),
    verlet: ((-2.0, 2.0),),
    logistic_map: ((2.5, 4.0),),
    mandelbrot: ((-2.0, 1.0), (-1.5, 1.5)),
    julia: ((-1.5, 1.5), (-1.5, 1.5)),
    agm: ((0.1, 10.0), (0.1, 10.0)),
    continued_fraction: ((0.0, 5.0),),
    kahan_sum: ((-2.0, 2.0),),
    quadratic_roots: ((0.5, 2.0), (-5.0, 5.0), (-2.0, 2.0)),
    smoothstep: ((-0.5, 1.5),),
    golden_section: ((0.5, 3.5),),
    piecewise: ((-3.0, 3.0),),
    median_of_three: ((-1.0, 1.0), (-1.0, 1.0), (-1.0, 1.0)),
    power_by_squaring: ((-2.0, 2.0), range(0, 20)),
    det3: ((-2.0, 2.0), (-2.0, 2.0), (-2.0, 2.0)),
    cramer: ((0.5, 2.0), (-2.0, 2.0), (-2.0, 0.4), (0.5, 2.0)),
}
