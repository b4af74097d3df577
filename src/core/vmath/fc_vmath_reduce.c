/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reduction of huge angles; contract in fc_vmath_libm.h. M. Payne and R. Hanek, "Radian reduction
 * for trigonometric functions", SIGNUM Newsletter 18, 1983: of the product of x and 2/pi only the
 * bits around the binary point count, so that 192 bits of 2/pi, taken where x's exponent says, are
 * enough.
 *
 * x = M 2^e with an integer M < 2^53. Of 2^(e-2) 2/pi the integer part contributes whole turns: F =
 * the fraction of M times its fraction, to within 2^-139, tells the turn. x lies no closer to a
 * multiple of pi/2 than 2^-62, so that the result is good to 2^-75 of itself. */
#include "fc_vmath_coef.h"
#include "fc_vmath_libm.h"

#include <math.h>
#include <string.h>

/* Bits [at, at + 64) of the binary fraction 2/pi; before the point there are zeros */
static uint64_t bits_of_two_over_pi(int at)
{
    if (at < 0) {
        return at <= -64 ? 0 : TWO_OVER_PI_BITS[0] >> -at;
    }
    const int word = at / 64, shift = at % 64;
    const uint64_t high = TWO_OVER_PI_BITS[word] << shift;
    return shift == 0 ? high : high | TWO_OVER_PI_BITS[word + 1] >> (64 - shift);
}

static double product_error(double a, double b, double p) /* a b - p exactly (Dekker) */
{
    const double s = a * 134217729.0, ah = s - (s - a), al = a - ah;
    const double t = b * 134217729.0, bh = t - (t - b), bl = b - bh;
    return ((ah * bh - p) + ah * bl + al * bh) + al * bl;
}

int64_t fc_reduce_pio2(double x, double *hi, double *lo)
{
    if (!isfinite(x)) {
        *hi = *lo = x - x;
        return 0;
    }
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    const int e = (int)(bits >> 52 & 0x7ff) - 1075;
    const uint64_t m = (bits & 0x000fffffffffffff) | 0x0010000000000000;

    /* F = f[0] f[1] f[2] / 2^192 = frac(M frac(2^(e-2) 2/pi)), most significant word first */
    typedef unsigned __int128 u128;
    uint64_t f[3], carry = 0;
    for (int i = 2; i >= 0; i--) {
        const u128 p = (u128)m * bits_of_two_over_pi(e - 2 + 64 * i) + carry;
        f[i] = (uint64_t)p;
        carry = (uint64_t)(p >> 64);
    }
    /* The nearest quarter turn, and what is left of it as sign and magnitude below 2^-3 */
    int64_t n = (int64_t)((f[0] + ((uint64_t)1 << 61)) >> 62);
    f[0] -= (uint64_t)n << 62;
    const int negative = (int)(f[0] >> 63);
    if (negative) {
        f[2] = ~f[2] + 1;
        f[1] = ~f[1] + (f[2] == 0);
        f[0] = ~f[0] + (f[2] == 0 && f[1] == 0);
    }
    int exponent = 0;
    while (f[0] < (uint64_t)1 << 63 && exponent > -128) {
        f[0] = f[0] << 1 | f[1] >> 63;
        f[1] = f[1] << 1 | f[2] >> 63;
        f[2] <<= 1;
        exponent--;
    }
    /* 53 bits and the next 53, times 2 pi */
    const double high = ldexp((double)(f[0] >> 11), exponent - 53);
    const double low = ldexp((double)(f[0] << 53 >> 11 | f[1] >> 22), exponent - 106);
    const double two_pi = 4 * PIO2_FMA_1, two_pi_low = 4 * PIO2_FMA_2;
    const double p = high * two_pi;
    const double rest = product_error(high, two_pi, p) + (high * two_pi_low + low * two_pi);
    *hi = p + rest;
    *lo = rest - (*hi - p);
    if (negative != (x < 0)) {
        *hi = -*hi;
        *lo = -*lo;
    }
    return x < 0 ? -n : n;
}
