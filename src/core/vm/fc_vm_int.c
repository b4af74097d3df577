/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integer functions of the VM that are loops or need 128 bits: exact, or the error that Python
 * raises. They are also called on lanes that a mask switches off, so each must end quickly for any
 * arguments. */
#include "fc_code.h"

#include <math.h>

static uint64_t magnitude(int64_t a)
{
    return a < 0 ? 0 - (uint64_t)a : (uint64_t)a;
}

/* Correctly rounded a / b. Up to 2^53 the hardware does that. Beyond, the quotient of the
 * normalised dividend has at least 64 bits; the remainder goes into a sticky last bit, and one
 * conversion rounds. */
fc_status fc_int_truediv(int64_t a, int64_t b, double *out)
{
    const uint64_t limit = (uint64_t)1 << 53;
    if (b == 0) {
        *out = 0.0;
        return FC_ERR_ZERODIV;
    }
    uint64_t ua = magnitude(a), ub = magnitude(b);
    if (ua <= limit && ub <= limit) {
        *out = (double)a / (double)b;
        return FC_OK;
    }
    if (ua == 0) {
        *out = 0.0; /* Python: 0 / -n is 0.0, or -0.0 for small n as well: int 0 has no sign */
        if (b < 0) {
            *out = -0.0;
        }
        return FC_OK;
    }
    int shift = __builtin_clzll(ua);
    unsigned __int128 numerator = (unsigned __int128)(ua << shift) << 63;
    unsigned __int128 quotient = numerator / ub;
    bool sticky = quotient * ub != numerator;
    int length =
        (uint64_t)(quotient >> 64) != 0 ? 128 - __builtin_clzll((uint64_t)(quotient >> 64)) : 64;
    int drop = length - 64;
    uint64_t top = (uint64_t)(quotient >> drop);
    sticky |= ((unsigned __int128)top << drop) != quotient;
    double value = ldexp((double)(top | sticky), drop - shift - 63);
    *out = (a < 0) != (b < 0) ? -value : value;
    return FC_OK;
}

fc_status fc_int_pow(int64_t a, int64_t b, int64_t *out)
{
    *out = 1;
    if (b < 0) {
        return FC_ERR_DOMAIN;
    }
    if (b == 0 || a == 1) {
        return FC_OK;
    }
    if (a == 0 || a == -1) {
        *out = a == 0 ? 0 : (b & 1) != 0 ? -1 : 1;
        return FC_OK;
    }
    int64_t result = 1, square = a;
    for (;;) {
        if ((b & 1) != 0 && __builtin_mul_overflow(result, square, &result)) {
            return FC_ERR_OVERFLOW;
        }
        b >>= 1;
        if (b == 0) {
            *out = result;
            return FC_OK;
        }
        if (__builtin_mul_overflow(square, square, &square)) {
            return FC_ERR_OVERFLOW;
        }
    }
}

fc_status fc_int_gcd(int64_t a, int64_t b, int64_t *out)
{
    uint64_t x = magnitude(a), y = magnitude(b);
    while (y != 0) {
        uint64_t r = x % y;
        x = y;
        y = r;
    }
    *out = (int64_t)x;
    return x > INT64_MAX ? FC_ERR_OVERFLOW : FC_OK;
}

/* The product at least doubles each step, so there are at most 63. */
fc_status fc_int_comb(int64_t n, int64_t k, int64_t *out)
{
    *out = 0;
    if (n < 0 || k < 0) {
        return FC_ERR_DOMAIN;
    }
    if (k > n) {
        return FC_OK;
    }
    k = k < n - k ? k : n - k;
    unsigned __int128 result = 1;
    for (int64_t i = 1; i <= k; i++) {
        result = result * (uint64_t)(n - k + i) / (uint64_t)i; /* exact: a binomial coefficient */
        if (result > INT64_MAX) {
            return FC_ERR_OVERFLOW;
        }
    }
    *out = (int64_t)result;
    return FC_OK;
}

fc_status fc_int_factorial(int64_t a, int64_t *out)
{
    *out = 1;
    if (a < 0) {
        return FC_ERR_DOMAIN;
    }
    if (a > 20) {
        return FC_ERR_OVERFLOW;
    }
    for (int64_t i = 2; i <= a; i++) {
        *out *= i;
    }
    return FC_OK;
}

fc_status fc_int_isqrt(int64_t a, int64_t *out)
{
    *out = 0;
    if (a < 0) {
        return FC_ERR_DOMAIN;
    }
    uint64_t root = (uint64_t)sqrt((double)a); /* off by one at most */
    while (root * root > (uint64_t)a) {
        root--;
    }
    while ((root + 1) * (root + 1) <= (uint64_t)a) {
        root++;
    }
    *out = (int64_t)root;
    return FC_OK;
}
