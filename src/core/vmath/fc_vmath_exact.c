/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The functions of Python's math module, bit for bit where they return: the C library's, except for
 * those that CPython computes itself. Single precision is the double result rounded, which is what
 * Python gives for a number that came from a float32.
 *
 * gamma, lgamma   Lanczos' approximation in the form of G. Pugh, "An Analysis of the Lanczos Gamma
 * Approximation" (2004), rational as in Boost.Math: N = 13, g = 6.0246800407767296; reflection for
 * x < 0. hypot           square root of a compensated sum of exact squares, with one Newton
 * correction of the root (C. F. Borges, "An Improved Algorithm for hypot(a,b)", arXiv:1904.09481,
 * 2019). */
#include "fc_vmath.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define G 6.024680040776729583740234375
#define G_MINUS_HALF 5.524680040776729583740234375
#define N_LANCZOS 13
#define PI 3.141592653589793238462643
#define LOG_PI 1.144729885849400174143427

/* Rising powers of x. The denominator is x (x + 1) ... (x + 11). */
static const double lanczos_num[N_LANCZOS] = {
    23531376880.410759688572,
    42919803642.649098768958,
    35711959237.355668049440,
    17921034426.037209699920,
    6039542586.3520280050643,
    1439720407.3117216736632,
    248874557.86205415651146,
    31426415.585400194380614,
    2876370.6289353724412254,
    186056.26539522349504030,
    8071.6720023658162106380,
    210.82427775157934587251,
    2.5066282746310002701649081771338373386,
};
static const double lanczos_den[N_LANCZOS] = {
    0,       39916800, 120543840, 150917976, 105258076, 45995730, 13339535,
    2637558, 357423,   32670,     1925,      66,        1,
};
static const double factorials[] = {
    1,
    1,
    2,
    6,
    24,
    120,
    720,
    5040,
    40320,
    362880,
    3628800,
    39916800,
    479001600,
    6227020800,
    87178291200,
    1307674368000,
    20922789888000,
    355687428096000,
    6402373705728000,
    121645100408832000,
    2432902008176640000,
    51090942171709440000.,
    1124000727777607680000.,
};
#define N_FACTORIALS (int)(sizeof factorials / sizeof factorials[0])

/* Numerator and denominator by Horner, in 1/x where powers of x would lose accuracy or overflow. */
static double lanczos_sum(double x)
{
    double num = 0, den = 0;
    if (x < 5) {
        for (int i = N_LANCZOS - 1; i >= 0; i--) {
            num = num * x + lanczos_num[i];
            den = den * x + lanczos_den[i];
        }
    } else {
        for (int i = 0; i < N_LANCZOS; i++) {
            num = num / x + lanczos_num[i];
            den = den / x + lanczos_den[i];
        }
    }
    return num / den;
}

/* sin(pi x) of a finite x, accurate near every integer. */
static double sinpi(double x)
{
    double y = fmod(fabs(x), 2), r;
    switch ((int)round(2 * y)) {
    case 0:
        r = sin(PI * y);
        break;
    case 1:
        r = cos(PI * (y - 0.5));
        break;
    case 2:
        r = sin(PI * (1 - y));
        break;
    case 3:
        r = -cos(PI * (y - 1.5));
        break;
    default:
        r = sin(PI * (y - 2));
    }
    return copysign(1, x) * r;
}

static double exact_tgamma(double x)
{
    if (!isfinite(x)) {
        return x == -INFINITY ? NAN : x;
    }
    if (x == 0) {
        return copysign(INFINITY, x);
    }
    if (x == floor(x)) {
        if (x < 0) {
            return NAN;
        }
        if (x <= N_FACTORIALS) {
            return factorials[(int)x - 1];
        }
    }
    const double a = fabs(x);
    if (a < 1e-20) {
        return 1 / x;
    }
    if (a > 200) {
        return x < 0 ? 0.0 / sinpi(x) : INFINITY;
    }
    /* y = a + g - 1/2 with rounding error -error; the factor that it causes is 1 + error * g / y.
     */
    const double y = a + G_MINUS_HALF;
    const double error = a > G_MINUS_HALF ? (y - a) - G_MINUS_HALF : (y - G_MINUS_HALF) - a;
    const double correction = error * G / y;
    const bool whole_power = a < 140; /* beyond, the power alone would overflow */
    const double power = whole_power ? pow(y, a - 0.5) : pow(y, a / 2 - 0.25);
    double r;
    if (x < 0) {
        r = -PI / sinpi(a) / a * exp(y) / lanczos_sum(a);
        r -= correction * r;
        r /= power;
        return whole_power ? r : r / power;
    }
    r = lanczos_sum(a) / exp(y);
    r += correction * r;
    r *= power;
    return whole_power ? r : r * power;
}

static double exact_lgamma(double x)
{
    if (!isfinite(x)) {
        return isnan(x) ? x : INFINITY;
    }
    if (x == floor(x) && x <= 2) {
        return x <= 0 ? INFINITY : 0;
    }
    const double a = fabs(x);
    if (a < 1e-20) {
        return -log(a);
    }
    double r = log(lanczos_sum(a)) - G;
    r += (a - 0.5) * (log(a + G - 0.5) - 1);
    return x < 0 ? LOG_PI - log(fabs(sinpi(a))) - log(a) - r : r;
}

/* x * x = high + low exactly, by Veltkamp's splitting. */
static double square(double x, double *low)
{
    const double t = x * 134217729.0, h = t - (t - x), l = x - h, p = x * x;
    *low = ((h * h - p) + 2 * h * l) + l * l;
    return p;
}

static double exact_hypot(double a, double b)
{
    a = fabs(a);
    b = fabs(b);
    const double max = a > b ? a : b;
    if (isinf(a) || isinf(b)) {
        return INFINITY;
    }
    if (isnan(a) || isnan(b)) {
        return NAN;
    }
    if (max == 0) {
        return max;
    }
    int exponent;
    frexp(max, &exponent);
    if (exponent < -1023) { /* 1/scale would overflow: bring subnormals into the normal range */
        return DBL_MIN * exact_hypot(a / DBL_MIN, b / DBL_MIN);
    }
    const double scale = ldexp(1, -exponent), x[2] = {a * scale, b * scale};
    double sum = 1, low_squares = 0,
           low_sums = 0; /* from 1, so that every partial sum is >= its addend */
    for (int i = 0; i < 2; i++) {
        double low, high = square(x[i], &low), before = sum;
        sum += high;
        low_squares += low;
        low_sums += (before - sum) + high;
    }
    double h = sqrt(sum - 1 + (low_squares + low_sums));
    double low, high = square(h, &low), before = sum;
    sum -= high;
    low_squares -= low;
    low_sums += (before - sum) - high;
    const double rest = sum - 1 + (low_squares + low_sums);
    return (h + rest / (2 * h)) / scale;
}

static double exact_log1p(double x)
{
    return x == 0 ? x : log1p(x);
}

#define exact_exp exp
#define exact_exp2 exp2
#define exact_expm1 expm1
#define exact_log log
#define exact_log2 log2
#define exact_log10 log10
#define exact_sin sin
#define exact_cos cos
#define exact_tan tan
#define exact_asin asin
#define exact_acos acos
#define exact_atan atan
#define exact_sinh sinh
#define exact_cosh cosh
#define exact_tanh tanh
#define exact_asinh asinh
#define exact_acosh acosh
#define exact_atanh atanh
#define exact_cbrt cbrt
#define exact_erf erf
#define exact_erfc erfc
#define exact_pow pow
#define exact_atan2 atan2
#define exact_fmod fmod
#define exact_remainder remainder

#define LOOPS(name)                                                                                \
    static void name##_d(size_t n, const double *x, double *y)                                     \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = exact_##name(x[i]);                                                             \
        }                                                                                          \
    }                                                                                              \
    static void name##_f(size_t n, const float *x, float *y)                                       \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = (float)exact_##name((double)x[i]);                                              \
        }                                                                                          \
    }
FC_VMATH_UNARY(LOOPS)
#undef LOOPS
#define LOOPS(name)                                                                                \
    static void name##_d(size_t n, const double *a, const double *b, double *y)                    \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = exact_##name(a[i], b[i]);                                                       \
        }                                                                                          \
    }                                                                                              \
    static void name##_f(size_t n, const float *a, const float *b, float *y)                       \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = (float)exact_##name((double)a[i], (double)b[i]);                                \
        }                                                                                          \
    }
FC_VMATH_BINARY(LOOPS)
#undef LOOPS

#define ENTRY(name) .name##_d = name##_d, .name##_f = name##_f,
static const fc_vmath table = {FC_VMATH_UNARY(ENTRY) FC_VMATH_BINARY(ENTRY)};

const fc_vmath *fc_vmath_exact(void)
{
    return &table;
}
