# SPDX-License-Identifier: BSD-3-Clause
"""Make fc_vmath_coef.h: minimax polynomials and split constants of the vector functions.

    python tools/vmath_coefficients.py | clang-format > src/core/vmath/fc_vmath_coef.h

Each polynomial is found by Remez' exchange (E. Remez, 1934; told in J.-M. Muller, "Elementary
Functions", 3rd ed., chapter 3) with mpmath. It minimises max |w(t) (p(t) - g(t))|, where g is what
stands behind the leading terms that the C code adds by itself and w makes the error relative to the
function's value. The comment above each table gives the error with and without the rounding of the
coefficients. Takes some seconds.
"""

import sys
from collections.abc import Callable

from mpmath import mp, mpf

mp.dps = 50
Real = Callable[[mpf], mpf]


def nodes(lo: mpf, hi: mpf, n: int) -> list[mpf]:
    """Extrema of a Chebyshev polynomial on [lo, hi]."""
    return [(lo + hi) / 2 - (hi - lo) / 2 * mp.cos(mp.pi * i / (n - 1)) for i in range(n)]


def remez(g: Real, w: Real, lo: mpf, hi: mpf, n: int) -> tuple[list[mpf], mpf]:
    """Minimax sum of c[j] t**j, j < n, and its largest weighted error."""
    # The first guess keeps off the zeros of w, which are 0 or the middle of [lo, hi].
    first, *others = nodes(lo, hi, n + 1)
    away = (hi - lo) / 997
    points = [first + away, *(t - away for t in others)]
    grid = nodes(lo, hi, 24 * n + 1)
    values = [(g(t), w(t)) for t in grid]
    for _ in range(12):
        rows = [[w(t) * t**j for j in range(n)] + [mpf((-1) ** i)] for i, t in enumerate(points)]
        solution = mp.lu_solve(mp.matrix(rows), mp.matrix([w(t) * g(t) for t in points]))
        c = [solution[j] for j in range(n)]
        errors = [
            wt * (mp.polyval(c[::-1], t) - gt) for t, (gt, wt) in zip(grid, values, strict=True)
        ]
        # One extremum for each run of equal sign; of too many, drop the smaller end.
        extrema: list[int] = []
        for i, e in enumerate(errors):
            if extrema and mp.sign(errors[extrema[-1]]) == mp.sign(e):
                if abs(e) > abs(errors[extrema[-1]]):
                    extrema[-1] = i
            else:
                extrema.append(i)
        while len(extrema) > n + 1:
            extrema.pop(0 if abs(errors[extrema[0]]) < abs(errors[extrema[-1]]) else -1)
        top = max(abs(e) for e in errors)
        if len(extrema) < n + 1 or top < abs(solution[n]) * mpf("1.01"):
            break
        points = [grid[i] for i in extrema]
    return c, top


def rounded(x: mpf, bits: int) -> mpf:
    with mp.workprec(bits):
        return +x


def fit(
    name: str, g: Real, lo, hi, n: int, w: Real = lambda t: mpf(1), bits: int = 53, low: int = 0
) -> None:
    """Print the polynomial of n coefficients, lowest first, the first `low` in two parts."""
    lo, hi = mpf(lo), mpf(hi)
    c, best = remez(g, w, lo, hi, n)
    done = []
    samples = [(t, w(t)) for t in nodes(lo, hi, 2 * n + 3)]
    for i in range(n):
        done.append(rounded(c[i], bits))
        if i < low:
            print(f"#define {name}_{i}_LOW {float(c[i] - done[i]).hex()}")
            done[i] = c[i]
        elif i < n - 1:  # the higher powers take over what rounding took away
            rows = mp.matrix([[wt * t**j for j in range(i + 1, n)] for t, wt in samples])
            lost = mp.matrix([wt * t**i * (c[i] - done[i]) for t, wt in samples])
            for j, d in enumerate(mp.lu_solve(rows, lost)):  # least squares
                c[i + 1 + j] += d
    grid = nodes(lo, hi, 400)
    error = max(abs(w(t) * (mp.polyval(done[::-1], t) - g(t))) for t in grid)
    kind, suffix = ("double", "") if bits == 53 else ("float", "f")
    print(f"/* error 2^{float(mp.log(error, 2)):.1f} (minimax 2^{float(mp.log(best, 2)):.1f}) on "
          f"[{float(lo):.6g}, {float(hi):.6g}] */")  # fmt: skip
    print(f"static const {kind} {name}[{len(done)}] = {{")
    for v in done:
        print(f"    {float(rounded(v, bits)).hex()}{suffix},")
    print("};")
    sys.stdout.flush()


def split_float(name: str, x: mpf, *bits: int) -> None:
    """Print x as a sum of floats of so many bits each, the last of 24."""
    for i, b in enumerate([*bits, 24]):
        part = rounded(x, b)
        print(f"#define {name}_{i + 1} {float(part).hex()}f")
        x -= part


def split(name: str, x: mpf, *bits: int) -> None:
    """Print x as a sum of doubles of so many bits each, the last of 53."""
    for i, b in enumerate([*bits, 53]):
        part = rounded(x, b)
        print(f"#define {name}_{i + 1} {float(part).hex()}")
        x -= part


def series(f: Real, terms: Callable[[int], mpf], t: mpf) -> mpf:
    """f(t), or its power series where f(t) would cancel."""
    if abs(t) > mpf("1e-6"):
        return f(t)
    return sum(terms(k) * t**k for k in range(8))


def exp_tail(r: mpf) -> mpf:  # (e^r - 1 - r) / r^2
    return series(lambda r: (mp.expm1(r) - r) / r**2, lambda k: 1 / mp.factorial(k + 2), r)


def atanh_tail(first: int) -> Real:
    """2 (atanh(s) - s - ... ) / s^first as a function of z = s^2."""

    def g(z: mpf) -> mpf:
        def direct(z: mpf) -> mpf:
            s = mp.sqrt(z)
            return 2 * (mp.atanh(s) - sum(s**k / k for k in range(1, first, 2))) / s**first

        return series(direct, lambda k: mpf(2) / (2 * k + first), z)

    return g


def log1p_tail(r: mpf) -> mpf:  # -2 (log(1 + r) - r + r^2/2) / r^3
    return series(
        lambda r: -2 * (mp.log1p(r) - r + r * r / 2) / r**3,
        lambda k: mpf(2) * (-1) ** (k + 1) / (k + 3),
        r,
    )


def log_table() -> None:
    first, one = 0x3FE6A09E667F3BCD, 0x3FF0000000000000
    heads, lows = [], []
    for i in range(128):
        ends = []
        for j in (i, i + 1):
            bits = first + (j << 45)
            ends.append(mpf(2) ** ((bits >> 52) - 1023) * (1 + mpf(bits % 2**52) / 2**52))
        near = first + (i << 45) < one + (1 << 45) and first + ((i + 1) << 45) > one - (1 << 45)
        inverse = mpf(1) if near else rounded(2 / (ends[0] + ends[1]), 53)
        head = mp.nint(-mp.log(inverse) * 2**40) / 2**40
        heads.append((inverse, head))
        lows.append(-mp.log(inverse) - head)
    print("static const double LOG_TABLE[128][2] = {")
    for inverse, head in heads:
        print(f"    {{{float(inverse).hex()}, {float(head).hex()}}},")
    print("};")
    print("static const double LOG_TABLE_LOW[128] = {")
    for low in lows:
        print(f"    {float(low).hex()},")
    print("};")


def sin_tail(z: mpf) -> mpf:  # (sin r - r) / r^3
    return series(
        lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
        lambda k: (-1) ** (k + 1) / mp.factorial(2 * k + 3),
        z,
    )


def cos_tail(z: mpf) -> mpf:  # (cos r - 1 + r^2/2) / r^4
    return series(
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2) / z**2,
        lambda k: (-1) ** k / mp.factorial(2 * k + 4),
        z,
    )


def atan_tail(z: mpf) -> mpf:  # (atan t - t) / t^3
    return series(
        lambda z: (mp.atan(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
        lambda k: mpf((-1) ** (k + 1)) / (2 * k + 3),
        z,
    )


def asin_tail(z: mpf) -> mpf:  # (asin t - t) / t^3
    return series(
        lambda z: (mp.asin(mp.sqrt(z)) / mp.sqrt(z) - 1) / z,
        lambda k: mp.binomial(2 * k + 2, k + 1) / mpf(4) ** (k + 1) / (2 * k + 3),
        z,
    )


def tan_tail(z: mpf) -> mpf:  # (tan t - t) / t^3
    return mp.re(-tanh_tail(-z))


def tanh_tail(z: mpf) -> mpf:  # (tanh t - t) / t^3
    return series(
        lambda z: (mp.re(mp.tanh(mp.sqrt(z)) / mp.sqrt(z)) - 1) / z,
        lambda k: 2 ** (2 * k + 4) * (2 ** (2 * k + 4) - 1) * mp.bernoulli(2 * k + 4)
        / mp.factorial(2 * k + 4),
        z,
    )  # fmt: skip


def erf_tail(z: mpf) -> mpf:  # erf(x)/x - 1
    return series(
        lambda z: mp.erf(mp.sqrt(z)) / mp.sqrt(z) - 1,
        lambda k: 2 / mp.sqrt(mp.pi) * (-1) ** k / (mp.factorial(k) * (2 * k + 1)) - (k == 0),
        z,
    )


def scaled_erfc(t: mpf) -> mpf:  # exp(x^2) erfc(x) (x + 3)
    x = 8 / (1 - t) - 3
    return mp.exp(x * x) * mp.erfc(x) * (x + 3)


def stirling_rest(z: mpf) -> mpf:  # x (log gamma(x) - (x - 1/2) log x + x - log(2 pi)/2), z = 1/x^2
    def direct(z: mpf) -> mpf:
        x = 1 / mp.sqrt(z)
        return x * (mp.loggamma(x) - (x - mpf(1) / 2) * mp.log(x) + x - mp.log(2 * mp.pi) / 2)

    return series(direct, lambda k: mp.bernoulli(2 * k + 2) / ((2 * k + 1) * (2 * k + 2)), z)


def log_gamma_terms(zero: int) -> Callable[[int], mpf]:
    """log(gamma(zero + d)) = sum of terms(k) d^k, k > 0, for zero = 1 and 2."""

    def terms(k: int) -> mpf:
        if k == 1:
            return zero - 1 - mp.euler
        return (-1) ** k * (mp.zeta(k) - (zero - 1)) / k

    return terms


def log_gamma_tail(zero: int) -> Real:  # what follows the first two terms, / d^3
    terms = log_gamma_terms(zero)
    return lambda d: series(
        lambda d: (mp.loggamma(zero + d) - terms(1) * d - terms(2) * d**2) / d**3,
        lambda k: terms(k + 3),
        d,
    )


def main() -> None:
    print("/* SPDX-License-Identifier: BSD-3-Clause")
    print(" *")
    print(" * Constants of the vector functions, made by tools/vmath_coefficients.py. */")
    print("#ifndef FC_VMATH_COEF_H")
    print("#define FC_VMATH_COEF_H")
    print("\n#include <stdint.h>\n")
    ln2, pi = mp.ln(2), +mp.pi
    half = ln2 / 2 * mpf("1.0001")
    z_log = ((mp.sqrt(2) - 1) / (mp.sqrt(2) + 1)) ** 2 * mpf("1.0001")
    quarter = pi / 4 * mpf("1.0001")
    tan8 = mp.tan(pi / 8) * mpf("1.0001")

    print("\n/* ln 2, 1/ln 2, 1/ln 10, log10(2): multiples of the first part are exact */")
    split("LN2", ln2, 38)
    split("INV_LN2", 1 / ln2, 21)
    split("INV_LN10", 1 / mp.ln(10), 21)
    split("LOG10_2", mp.log10(2), 38)
    print("/* ln 2 and 1/ln 2 to 106 bits */")
    split("LN2_DD", ln2, 53)
    split("INV_LN2_DD", 1 / ln2, 53)
    split("THIRD_DD", mpf(1) / 3, 53)
    print("/* pi/2 in three parts of 53 bits (with FMA) and in four of 33 (without); 2/pi */")
    split("PIO2_FMA", pi / 2, 53, 53)
    split("PIO2_CW", pi / 2, 33, 33, 33)
    print(f"#define TWO_OVER_PI {float(2 / pi).hex()}")

    print("/* the first bits of 2/pi's fraction, most significant word first */")
    with mp.workprec(1400):
        words = int(mp.floor(2 / mp.pi * mpf(2) ** 1280))
    print("static const uint64_t TWO_OVER_PI_BITS[20] = {")
    for i in range(20):
        print(f"    {words >> 64 * (19 - i) & (2**64 - 1):#018x},")
    print("};")

    print("\n/* e^r = 1 + r + r^2 EXP(r) */")
    fit("EXP", exp_tail, -half, half, 10, lambda r: r * r / mp.exp(r))
    print("/* log((1 + s)/(1 - s)) = 2 s + s z LOG(z), z = s^2 */")
    fit("LOG", atanh_tail(3), 0, z_log, 7)
    print("/* the same = 2 s (1 + z/3 + z^2 LOG_DD(z)) */")
    fit("LOG_DD", lambda z: atanh_tail(5)(z) / 2, 0, z_log, 8)
    print("/* log(1 + r) = r - r^2/2 - r^3/2 LOG1P(r), and for the logarithm of m of the")
    print(" * 128 parts of [sqrt(1/2), sqrt(2)): 1/c and -log(1/c), whose multiple of 2^-40 stands")
    print(" * beside 1/c; c is 1 where that is near */")
    fit("LOG1P", log1p_tail, mpf("-0.0081"), mpf("0.0081"), 7, lambda r: r * r)
    log_table()
    print("/* sin r = r + r z SIN(z), cos r = 1 - z/2 + z^2 COS(z), z = r^2 */")
    fit("SIN", sin_tail, 0, quarter**2, 6, lambda z: z)
    fit("COS", cos_tail, 0, quarter**2, 6, lambda z: z * z)
    print("/* atan t = t + t z ATAN(z), z = t^2 */")
    fit("ATAN", atan_tail, 0, tan8**2, 11, lambda z: z)
    print("/* asin t = t + t z ASIN(z), z = t^2 */")
    fit("ASIN", asin_tail, 0, mpf("0.25001"), 13, lambda z: z)

    print("/* sinh r = r + r z SINH(z), cosh r = 1 + z/2 + z^2 COSH(z), z = r^2 */")
    fit("SINH", lambda z: -mp.re(sin_tail(-z)), 0, half**2, 5, lambda z: z)
    fit("COSH", lambda z: mp.re(cos_tail(-z)), 0, half**2, 4, lambda z: z * z)
    print("/* erf x = x + x ERF(z), z = x^2, on [0, 3/4] */")
    fit("ERF", erf_tail, 0, mpf("0.5626"), 11)
    print("/* erfc x = exp(-x^2) u ERFC(t), u = 1/(x + 3), t = 1 - 8 u */")
    fit(
        "ERFC",
        scaled_erfc,
        mpf("-1.1334"),
        mpf("0.7420"),
        21,
        lambda t: 1 / scaled_erfc(t),
        low=2,
    )
    print("/* erf(i/64), erf'(i/64) */")
    print("static const double ERF_TABLE[385][2] = {")
    for i in range(385):
        c = mpf(i) / 64
        e, d = mp.erf(c), 2 / mp.sqrt(mp.pi) * mp.exp(-c * c)
        print(f"    {{{float(e).hex()}, {float(d).hex()}}},")
    print("};")
    print("/* m^(-1/3), a first guess */")
    fit("CBRT", lambda m: 1 / mp.cbrt(m), 1, 8, 6, mp.cbrt)
    print("/* tanh t = t + t z TANH(z), z = t^2 */")
    fit("TANH", tanh_tail, 0, mpf("0.55") ** 2 * mpf("1.0001"), 11, lambda z: z)
    print("/* log gamma(x) = (x - 1/2) log x - x + log(2 pi)/2 + STIRLING(1/x^2)/x, x >= 8 */")
    split("PI_DD", pi, 53)
    split("HALF_LOG_2PI", mp.log(2 * pi) / 2, 53)
    fit("STIRLING", stirling_rest, 0, mpf(1) / 64, 8, mp.sqrt)
    print("/* e^r = 1 + r + r^2/2 + r^3/6 + r^4 EXP_DD(r) */")
    fit("EXP_DD", lambda r: series(
        lambda r: (mp.expm1(r) - r - r * r / 2 - r**3 / 6) / r**4,
        lambda k: 1 / mp.factorial(k + 4), r,
    ), -half, half, 9, lambda r: r**4 / mp.exp(r))  # fmt: skip
    print("/* sin r = r - r^3/6 + r^5/120 + r^7 SIN_DD(z), z = r^2 */")
    split("FIFTEENTH_DD", mpf(1) / 15, 53)
    fit("SIN_DD", lambda z: series(
        lambda z: (mp.sin(mp.sqrt(z)) / mp.sqrt(z) - 1 + z / 6 - z**2 / 120) / z**3,
        lambda k: (-1) ** (k + 1) / mp.factorial(2 * k + 7), z,
    ), 0, (mpf("0.3001") * pi) ** 2, 6, lambda z: z**3)  # fmt: skip
    print("/* cos r = 1 - z/2 + z^2/24 + z^3 COS_DD(z) */")
    fit("COS_DD", lambda z: series(
        lambda z: (mp.cos(mp.sqrt(z)) - 1 + z / 2 - z**2 / 24) / z**3,
        lambda k: (-1) ** (k + 1) / mp.factorial(2 * k + 6), z,
    ), 0, (mpf("0.2001") * pi) ** 2, 5, lambda z: z**3)  # fmt: skip
    for zero, n in (1, 12), (2, 9):
        print(f"/* log gamma({zero} + d) = d (LGAMMA{zero}_A + d (LGAMMA{zero}_B + "
              f"d LGAMMA{zero}(d))) */")  # fmt: skip
        split(f"LGAMMA{zero}_A", log_gamma_terms(zero)(1), 53)
        split(f"LGAMMA{zero}_B", log_gamma_terms(zero)(2), 53)
        fit(f"LGAMMA{zero}", log_gamma_tail(zero), mpf("-0.1001"), mpf("0.1001"), n,
            lambda d: d * d)  # fmt: skip

    print("\n/* The same to the accuracy of single precision, for double lanes. */")
    fit("EXP_S", exp_tail, -half, half, 6, lambda r: r * r / mp.exp(r))
    fit("LOG_S", atanh_tail(3), 0, z_log, 4, lambda z: z)
    fit("SIN_S", sin_tail, 0, quarter**2, 4, lambda z: z)
    fit("COS_S", cos_tail, 0, quarter**2, 4, lambda z: z * z)
    fit("ATAN_S", atan_tail, 0, tan8**2, 6, lambda z: z)
    fit("ASIN_S", asin_tail, 0, mpf("0.25001"), 7, lambda z: z)
    fit("ERF_S", erf_tail, 0, 1, 8)
    fit("ERFC_S", scaled_erfc, mpf("-1.0001"), mpf("0.4287"), 12, lambda t: 1 / scaled_erfc(t))
    print("\n/* The same for float lanes. */")
    split_float("LN2_F", ln2, 15)
    split_float("PIO2_F", pi / 2, 24, 24)
    fit("EXP_F", exp_tail, -half, half, 5, lambda r: r * r / mp.exp(r), bits=24)
    fit("LOG_F", atanh_tail(3), 0, z_log, 3, lambda z: z, bits=24)
    fit("SIN_F", sin_tail, 0, quarter**2, 3, lambda z: z, bits=24)
    fit("COS_F", cos_tail, 0, quarter**2, 3, lambda z: z * z, bits=24)
    split_float("INV_LN2_F", 1 / ln2, 24)
    split_float("INV_LN10_F", 1 / mp.ln(10), 24)
    split_float("LOG10_2_F", mp.log10(2), 15)
    fit("TAN_F", tan_tail, 0, quarter**2, 7, lambda z: z, bits=24)
    fit("ATAN_F", atan_tail, 0, 1, 9, lambda z: z, bits=24)
    fit("ASIN_F", asin_tail, 0, mpf("0.25001"), 5, lambda z: z, bits=24)
    fit("TANH_F", tanh_tail, 0, mpf("0.55") ** 2 * mpf("1.0001"), 5, lambda z: z, bits=24)
    fit("ERF_F", erf_tail, 0, 1, 7, bits=24)
    print("/* log erfc(1 + t) */")
    fit("LOG_ERFC_F", lambda t: mp.log(mp.erfc(1 + t)), 0, 3, 8,
        lambda t: mp.erfc(1 + t) / mp.erf(1 + t), bits=24)  # fmt: skip
    print("\n#endif")


if __name__ == "__main__":
    main()
