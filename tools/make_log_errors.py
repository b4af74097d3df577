# SPDX-License-Identifier: BSD-3-Clause
"""Print the errors of the Gauss-Kronrod rule next to a logarithm, for quad/fc_quad_proven.c.

For g analytic in the ellipse around (0, 1) whose semi-axes add up to rho / 2, and at most 1 there,
the Chebyshev coefficients of g are at most 2 rho^-j (1 for j = 0). So the errors of a rule for
log(t) t^k g(t) are at most the sum of these times its errors for log(t) t^k T_j(2 t - 1).
"""

import mpmath as mp
from make_kronrod import kronrod

mp.mp.dps = 50


def chebyshev(j: int) -> list[mp.mpf]:
    """Return the coefficients of T_j(2 t - 1), constant term first."""
    a, b = [mp.mpf(1)], [mp.mpf(-1), mp.mpf(2)]
    for _ in range(j):
        c = [mp.mpf(0)] * (len(b) + 1)
        for i, v in enumerate(b):
            c[i + 1] += 4 * v
            c[i] -= 2 * v
        for i, v in enumerate(a):
            c[i] -= v
        a, b = b, c
    return a


def bounds(k: int, rho: int, terms: int) -> tuple[mp.mpf, mp.mpf]:
    """Return what is proved of Kronrod's 21 points, and of Gauss's 10."""
    total = [mp.mpf(0), mp.mpf(0)]
    nodes = [((1 + x) / 2, wk / 2, wg / 2) for x, wk, wg in kronrod(10)]
    for j in range(terms):
        exact = sum(-v / (i + k + 1) ** 2 for i, v in enumerate(chebyshev(j)))
        for rule in (0, 1):
            value = mp.mpf(0)
            for t, *weights in nodes:
                value += weights[rule] * mp.log(t) * t**k * mp.cos(j * mp.acos(2 * t - 1))
            total[rule] += (1 if j == 0 else 2) * mp.mpf(rho) ** -j * abs(value - exact)
    return total[0], total[1]


if __name__ == "__main__":
    for rho, terms in ((3, 45), (5, 35)):
        for k in range(3, 13):
            print(rho, k, *(mp.nstr(b, 4) for b in bounds(k, rho, terms)))
