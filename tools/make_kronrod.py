# SPDX-License-Identifier: BSD-3-Clause
"""Print a Gauss-Kronrod rule as the C tables of src/core/quad/fc_kronrod.c.

The Kronrod nodes are the zeros of the Stieltjes polynomial E, which is orthogonal with weight P_n
to all polynomials of degree <= n (Kronrod 1965; Piessens et al., QUADPACK, 1983, section 2.2.1.1).
All in 60 digits.
"""

import sys

import mpmath as mp

mp.mp.dps = 60


def legendre(k: int) -> list[mp.mpf]:
    """Return the coefficients of P_k, constant term first."""
    p, q = [mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]
    if k == 0:
        return p
    for j in range(1, k):
        r = [mp.mpf(0)] * (j + 2)
        for i, c in enumerate(q):
            r[i + 1] += (2 * j + 1) * c / (j + 1)
        for i, c in enumerate(p):
            r[i] -= j * c / (j + 1)
        p, q = q, r
    return q


def moment(*polynomials: list[mp.mpf]) -> mp.mpf:
    """Return the integral over [-1, 1] of the product."""
    product = [mp.mpf(1)]
    for p in polynomials:
        longer = [mp.mpf(0)] * (len(product) + len(p) - 1)
        for i, a in enumerate(product):
            for j, b in enumerate(p):
                longer[i + j] += a * b
        product = longer
    return sum(2 * c / (i + 1) for i, c in enumerate(product) if i % 2 == 0)


def kronrod(n: int) -> list[tuple[mp.mpf, mp.mpf, mp.mpf]]:
    """Return (node, Kronrod weight, Gauss weight or 0), ascending, 2n + 1 of them."""
    p = legendre(n)
    # E = P_{n+1} + sum over j < n + 1 of the same parity of e_j P_j, from orthogonality.
    e = list(legendre(n + 1))
    basis = [j for j in range(n + 1) if (n + 1 - j) % 2 == 0]
    rows = [k for k in range(n + 1) if (n + (n + 1) + k) % 2 == 0]
    matrix = mp.matrix(len(rows), len(basis))
    right = mp.matrix(len(rows), 1)
    for r, k in enumerate(rows):
        for c, j in enumerate(basis):
            matrix[r, c] = moment(p, legendre(j), legendre(k))
        right[r] = -moment(p, legendre(n + 1), legendre(k))
    solution = mp.lu_solve(matrix, right)
    for c, j in enumerate(basis):
        for i, a in enumerate(legendre(j)):
            e[i] += solution[c] * a
    gauss = sorted(mp.re(z) for z in mp.polyroots(p[::-1], maxsteps=500, extraprec=400))
    other = sorted(mp.re(z) for z in mp.polyroots(e[::-1], maxsteps=500, extraprec=400))
    nodes = sorted(gauss + other)
    # Interpolatory weights, from the moments of Legendre polynomials (only P_0 has one).
    system = mp.matrix(len(nodes), len(nodes))
    target = mp.matrix(len(nodes), 1)
    for k in range(len(nodes)):
        for i, x in enumerate(nodes):
            system[k, i] = mp.legendre(k, x)
    target[0] = 2
    weights = mp.lu_solve(system, target)
    rule = []
    for x, w in zip(nodes, weights, strict=True):
        g = mp.mpf(0)
        if x in gauss:
            slope = n * (mp.legendre(n - 1, x) - x * mp.legendre(n, x)) / (1 - x * x)
            g = 2 / ((1 - x * x) * slope**2)
        rule.append((x, w, g))
    return rule


def null_rules(rule: list[tuple[mp.mpf, mp.mpf, mp.mpf]], degrees: range) -> list[list[mp.mpf]]:
    """Return, for each degree d, weights that give 0 for all polynomials of degree < d.

    They are orthogonal to each other and as long as Kronrod's weights (Berntsen and Espelid 1991,
    ACM TOMS 17): the orthogonal polynomials of the discrete inner product over the nodes.
    """
    nodes = [x for x, _, _ in rule]
    length = mp.sqrt(sum(w * w for _, w, _ in rule))
    basis: list[list[mp.mpf]] = []
    for k in range(degrees.stop):
        v = [mp.legendre(k, x) for x in nodes]
        for _ in range(2):
            for b in basis:
                dot = mp.fsum(p * q for p, q in zip(v, b, strict=True))
                v = [p - dot * q for p, q in zip(v, b, strict=True)]
        size = mp.sqrt(mp.fsum(p * p for p in v))
        basis.append([p / size for p in v])
    return [[length * p for p in basis[d]] for d in degrees]


if __name__ == "__main__":
    n = int(sys.argv[1]) if len(sys.argv) > 1 else 10
    rule = kronrod(n)
    for name, column in (("x", 0), ("wk", 1), ("wg", 2)):
        print(f"const double fc_gk{2 * n + 1}_{name}[] = {{")
        for row in rule:
            print(f"    {mp.nstr(row[column] if abs(row[column]) > 1e-40 else mp.mpf(0), 25)},")
        print("};")
    print(f"const double fc_gk{2 * n + 1}_null[][FC_GK{2 * n + 1}] = {{")
    for null in null_rules(rule, range(2 * n - 7, 2 * n + 1)):
        print("    {")
        for weight in null:
            print(f"        {mp.nstr(weight if abs(weight) > 1e-40 else mp.mpf(0), 20)},")
        print("    },")
    print("};")
