/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every function of every table this processor can run, against the C library in long double:
 * errors in ULP on points in hard regions, special values after C99 Annex F, any n, in place, and
 * bits that depend neither on an element's neighbours nor on the width of the vectors. */
#include "fc_vmath.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"

#if LDBL_MANT_DIG > DBL_MANT_DIG
#define MAX_ULP 2.0
#else
#define MAX_ULP 3.5 /* the reference is itself a double */
#endif
#define N 4096

static long double lgamma_reference(long double x)
{
    return lgammal(x);
}
#define lgammal lgamma_reference

typedef long double unary_ld(long double);
typedef long double binary_ld(long double, long double);
typedef struct unary_case {
    const char *name;
    unary_ld *reference;
    size_t d, f;
} unary_case;
typedef struct binary_case {
    const char *name;
    binary_ld *reference;
    size_t d, f;
} binary_case;
#define CASE(name) {#name, name##l, offsetof(fc_vmath, name##_d), offsetof(fc_vmath, name##_f)},
static const unary_case unary[] = {FC_VMATH_UNARY(CASE)};
static const binary_case binary[] = {FC_VMATH_BINARY(CASE)};
#define N_UNARY (sizeof unary / sizeof unary[0])
#define N_BINARY (sizeof binary / sizeof binary[0])
#define ENTRY(table, offset, type)                                                                 \
    (*(type *const *)(const void *)((const char *)(table) + (offset)))

#if FC_X86
extern const fc_vmath fc_vmath_table_wide;
#endif

static uint64_t random_state = 0x9e3779b97f4a7c15;

static uint64_t random_bits(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}
static double uniform(double a, double b)
{
    return a + (b - a) * (double)(random_bits() >> 11) * 0x1p-53;
}
static double number(unsigned kind)
{
    const uint64_t bits = random_bits();
    double x;
    switch (kind % 12) {
    case 0:
        memcpy(&x, &bits, sizeof x);
        return x;
    case 1:
        return uniform(-1, 1);
    case 2:
        return uniform(-40, 40);
    case 3:
        return uniform(-800, 800);
    case 4:
        return 1 + uniform(-1e-3, 1e-3);
    case 5:
        return uniform(0.5, 2);
    case 6:
        return round(uniform(-1e6, 1e6)) * 1.5707963267948966;
    case 7:
        return ldexp(uniform(-1, 1), (int)uniform(-60, 10));
    case 8:
        return ldexp(uniform(-1, 1), -1022 - (int)uniform(0, 40));
    case 9:
        return uniform(0, 180);
    case 10:
        return uniform(-30, 30);
    default:
        return round(uniform(-20, 20)) + uniform(-1e-6, 1e-6) * (double)(bits & 1);
    }
}
static float number_f(unsigned kind)
{
    if (kind % 12 == 0 || kind % 12 == 8) {
        const uint32_t bits = (uint32_t)random_bits();
        float x;
        memcpy(&x, &bits, sizeof x);
        return x;
    }
    return (float)number(kind);
}

static double ulps(double got, long double want, int digits, int min_exponent, long double max)
{
    if (isnan(want) || isnan(got)) {
        return isnan(want) && isnan(got) ? 0 : INFINITY;
    }
    const bool infinite = fabsl(want) >= max;
    if (isinf(got)) {
        /* an overflow is early by the error allowed at the largest number */
        return infinite || fabsl(want) >= max * (1 - ldexpl(1, 1 - digits)) ? 0 : INFINITY;
    }
    if (isinf(want)) {
        return INFINITY;
    }
    if (got == 0 && want == 0) {
        return !signbit(got) == !signbit(want) ? 0 : INFINITY;
    }
    int e;
    frexpl(want, &e);
    e = e < min_exponent ? min_exponent : e;
    return (double)(fabsl((long double)got - want) / ldexpl(1, e - digits));
}
static double ulps_d(double got, long double want)
{
    return ulps(got, want, DBL_MANT_DIG, DBL_MIN_EXP, (long double)DBL_MAX);
}
static double ulps_f(float got, long double want)
{
    return ulps(got, want, FLT_MANT_DIG, FLT_MIN_EXP, (long double)FLT_MAX);
}

static _Alignas(64) double xd[N], yd[N], zd[N], wd[N];
static _Alignas(64) float xf[N], yf[N], zf[N], wf[N];

static void report(const char *isa, const char *name, const char *type, double u, double x,
                   double y, double got, long double want)
{
    CHECK(u <= MAX_ULP);
    if (u > MAX_ULP) {
        fprintf(stderr, "  %s %s_%s(%a, %a) = %a, want %La: %g ULP\n", isa, name, type, x, y, got,
                want, u);
    }
}

static void check_errors(const char *isa, const fc_vmath *table)
{
    for (size_t k = 0; k < N_UNARY; k++) {
        for (unsigned i = 0; i < N; i++) {
            xd[i] = number(i);
            xf[i] = number_f(i);
        }
        ENTRY(table, unary[k].d, fc_unary_d)(N, xd, yd);
        ENTRY(table, unary[k].f, fc_unary_f)(N, xf, yf);
        size_t worst = 0, worst_f = 0;
        double u = 0, uf = 0;
        for (size_t i = 0; i < N; i++) {
            const double v = ulps_d(yd[i], unary[k].reference((long double)xd[i]));
            const double vf = ulps_f(yf[i], unary[k].reference((long double)xf[i]));
            worst = v > u ? i : worst;
            u = v > u ? v : u;
            worst_f = vf > uf ? i : worst_f;
            uf = vf > uf ? vf : uf;
        }
        report(isa, unary[k].name, "d", u, xd[worst], 0, yd[worst],
               unary[k].reference((long double)xd[worst]));
        report(isa, unary[k].name, "f", uf, (double)xf[worst_f], 0, (double)yf[worst_f],
               unary[k].reference((long double)xf[worst_f]));
    }
    for (size_t k = 0; k < N_BINARY; k++) {
        for (unsigned i = 0; i < N; i++) {
            xd[i] = number(i);
            yd[i] = number((unsigned)random_bits());
            xf[i] = number_f(i);
            yf[i] = number_f((unsigned)random_bits());
        }
        ENTRY(table, binary[k].d, fc_binary_d)(N, xd, yd, zd);
        ENTRY(table, binary[k].f, fc_binary_f)(N, xf, yf, zf);
        size_t worst = 0, worst_f = 0;
        double u = 0, uf = 0;
        for (size_t i = 0; i < N; i++) {
            const double v =
                ulps_d(zd[i], binary[k].reference((long double)xd[i], (long double)yd[i]));
            const double vf =
                ulps_f(zf[i], binary[k].reference((long double)xf[i], (long double)yf[i]));
            worst = v > u ? i : worst;
            u = v > u ? v : u;
            worst_f = vf > uf ? i : worst_f;
            uf = vf > uf ? vf : uf;
        }
        report(isa, binary[k].name, "d", u, xd[worst], yd[worst], zd[worst],
               binary[k].reference((long double)xd[worst], (long double)yd[worst]));
        report(isa, binary[k].name, "f", uf, (double)xf[worst_f], (double)yf[worst_f],
               (double)zf[worst_f],
               binary[k].reference((long double)xf[worst_f], (long double)yf[worst_f]));
    }
}

/* Special values: the C library follows Annex F; each in the company of ordinary numbers. */
static const double specials[] = {
    0.0,
    -0.0,
    1,
    -1,
    2,
    -2,
    0.5,
    -0.5,
    3,
    -3,
    INFINITY,
    -INFINITY,
    NAN,
    DBL_MIN,
    -DBL_MIN,
    0x1p-1074,
    -0x1p-1074,
    DBL_MAX,
    -DBL_MAX,
    1e22,
    -1e22,
    1e300,
    -1e300,
    709.7827,
    709.7828,
    710.4758,
    710.4759,
    -745.13,
    -745.14,
    1023.9999,
    1024,
    -1074,
    -1075,
    -1075.5,
    0x1p52,
    0x1p53,
    0x1p53 + 2,
    -0x1p53 - 2,
    4503599627370495.5,
    1e-5,
    -1e-5,
    20,
    -20,
    -37,
    -38,
    171.6,
    171.7,
    -170.5,
    -171.5,
    -184.5,
    26.5,
    27.3,
    0x1.fffffffffffffp-1,
    0x1.0000000000001p0,
    -0x1.fffffffffffffp-1,
    -0x1.0000000000001p0,
    1e-320,
    1e-200,
    1e200,
    2.5,
    -2.5,
    1e9,
    1e10,
    3.14159265358979,
    0x1.6ac5b262ca1ffp849,
    /* where one way of computing gives over to another */
    0x1p20,
    0x1.0000000000001p20,
    -0x1p20,
    0x1p30,
    0x1.0000000000001p30,
    0.55,
    -0.55,
    22.000001,
    10.000001,
    4.0000005,
    708.0,
    -708.0000001,
    1021.0,
    1021.5,
    -1021.5,
    0x1.921fb54442d18p0,
    0x1.921fb54442d18p1,
    -0x1.921fb54442d18p20,
    0x1.921fb54442d18p19,
    0x1.6a09e667f3bcdp-1,
    0x1.6a09e667f3bccp-1,
    0x1.fdp-1,
    0x1.008p0,
    0x1p-126,
    0x1.fffffcp-127,
    /* the same for gamma: borders, the last finite value, subnormal values, zeros and poles */
    0x1p-60,
    -0x1.fffffffffffffp-61,
    8.0,
    0x1.fffffffffffffp2,
    -8.25,
    0.8,
    1.2,
    1.8,
    2.2,
    0x1.573fae561f647p7,
    0x1.573fae561f648p7,
    172.0,
    172.5,
    -170.6,
    -177.7,
    -178.5,
    -189.5,
    -190.5,
    -1001.5,
    -1000.25,
    -2.4570247382208006,
    -2.7476826467274127,
    -3.9552942848585979,
    -10.000000275573,
    -0x1.fffffffffffffp51,
    -0x1.ffffffffffffep50,
    -0x1p51,
    0x1p899,
    0x1.8p900,
    -0x1.8p900,
    0x1.74c9ac5d33c2p1014,
};
#define N_SPECIALS (sizeof specials / sizeof specials[0])

static void check_specials(const char *isa, const fc_vmath *table)
{
    for (size_t k = 0; k < N_UNARY; k++) {
        for (size_t i = 0; i < N_SPECIALS; i++) {
            for (size_t lane = 0; lane < 16; lane++) {
                xd[lane] = lane == i % 16 ? specials[i] : uniform(0, 1);
                xf[lane] = (float)xd[lane];
            }
            const double x = specials[i];
            ENTRY(table, unary[k].d, fc_unary_d)(16, xd, yd);
            ENTRY(table, unary[k].f, fc_unary_f)(16, xf, yf);
            const long double want = unary[k].reference((long double)x);
            const long double want_f = unary[k].reference((long double)(float)x);
            report(isa, unary[k].name, "d", ulps_d(yd[i % 16], want), x, 0, yd[i % 16], want);
            report(isa, unary[k].name, "f", ulps_f(yf[i % 16], want_f), x, 0, (double)yf[i % 16],
                   want_f);
        }
    }
    for (size_t k = 0; k < N_BINARY; k++) {
        for (size_t i = 0; i < N_SPECIALS; i++) {
            for (size_t j = 0; j < N_SPECIALS; j++) {
                xd[j] = specials[i];
                yd[j] = specials[j];
                xf[j] = (float)xd[j];
                yf[j] = (float)yd[j];
            }
            ENTRY(table, binary[k].d, fc_binary_d)(N_SPECIALS, xd, yd, zd);
            ENTRY(table, binary[k].f, fc_binary_f)(N_SPECIALS, xf, yf, zf);
            for (size_t j = 0; j < N_SPECIALS; j++) {
                const long double want =
                    binary[k].reference((long double)xd[j], (long double)yd[j]);
                const long double want_f =
                    binary[k].reference((long double)xf[j], (long double)yf[j]);
                report(isa, binary[k].name, "d", ulps_d(zd[j], want), xd[j], yd[j], zd[j], want);
                report(isa, binary[k].name, "f", ulps_f(zf[j], want_f), xd[j], yd[j], (double)zf[j],
                       want_f);
            }
        }
    }
}

/* nans may differ in sign and payload */
static bool same_d(const double *a, const double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
            return false;
        }
    }
    return true;
}
static bool same_f(const float *a, const float *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (memcmp(&a[i], &b[i], sizeof *a) != 0 && !(isnan(a[i]) && isnan(b[i]))) {
            return false;
        }
    }
    return true;
}

/* Every n up to 40, in place, and each element the same as in other company. */
static void check_shape(const fc_vmath *table)
{
    for (size_t k = 0; k < N_UNARY + N_BINARY; k++) {
        const bool two = k >= N_UNARY;
        for (size_t n = 0; n <= 40; n++) {
            for (size_t i = 0; i < 48; i++) {
                xd[i] = i < n ? number((unsigned)random_bits()) : NAN;
                yd[i] = i < n ? number((unsigned)random_bits()) : 1e300;
                xf[i] = i < n ? number_f((unsigned)random_bits()) : -INFINITY;
                yf[i] = i < n ? number_f((unsigned)random_bits()) : NAN;
            }
            if (two) {
                const binary_case *c = &binary[k - N_UNARY];
                ENTRY(table, c->d, fc_binary_d)(n, xd, yd, zd);
                ENTRY(table, c->f, fc_binary_f)(n, xf, yf, zf);
                for (size_t i = 0; i < n; i++) {
                    wd[16] = xd[i];
                    wd[32] = yd[i];
                    wf[16] = xf[i];
                    wf[32] = yf[i];
                    ENTRY(table, c->d, fc_binary_d)(1, wd + 16, wd + 32, wd);
                    ENTRY(table, c->f, fc_binary_f)(1, wf + 16, wf + 32, wf);
                    CHECK(same_d(wd, zd + i, 1) && same_f(wf, zf + i, 1));
                }
                ENTRY(table, c->d, fc_binary_d)(n, xd, yd, yd);
                ENTRY(table, c->f, fc_binary_f)(n, xf, yf, xf);
                CHECK(same_d(yd, zd, n) && same_f(xf, zf, n));
            } else {
                ENTRY(table, unary[k].d, fc_unary_d)(n, xd, zd);
                ENTRY(table, unary[k].f, fc_unary_f)(n, xf, zf);
                for (size_t i = 0; i < n; i++) {
                    wd[16] = xd[i];
                    wf[16] = xf[i];
                    ENTRY(table, unary[k].d, fc_unary_d)(1, wd + 16, wd);
                    ENTRY(table, unary[k].f, fc_unary_f)(1, wf + 16, wf);
                    CHECK(same_d(wd, zd + i, 1) && same_f(wf, zf + i, 1));
                }
                ENTRY(table, unary[k].d, fc_unary_d)(n, xd, xd);
                ENTRY(table, unary[k].f, fc_unary_f)(n, xf, xf);
                CHECK(same_d(xd, zd, n) && same_f(xf, zf, n));
            }
        }
    }
}

/* Instances of one template that both have FMA give the same bits whatever their width. */
static void check_same_bits(const fc_vmath *a, const fc_vmath *b)
{
    for (size_t k = 0; k < N_UNARY + N_BINARY; k++) {
        for (unsigned i = 0; i < N; i++) {
            xd[i] = number(i);
            yd[i] = number((unsigned)random_bits());
            xf[i] = number_f(i);
            yf[i] = number_f((unsigned)random_bits());
        }
        if (k < N_UNARY) {
            ENTRY(a, unary[k].d, fc_unary_d)(N, xd, zd);
            ENTRY(b, unary[k].d, fc_unary_d)(N, xd, wd);
            ENTRY(a, unary[k].f, fc_unary_f)(N, xf, zf);
            ENTRY(b, unary[k].f, fc_unary_f)(N, xf, wf);
        } else {
            const binary_case *c = &binary[k - N_UNARY];
            ENTRY(a, c->d, fc_binary_d)(N, xd, yd, zd);
            ENTRY(b, c->d, fc_binary_d)(N, xd, yd, wd);
            ENTRY(a, c->f, fc_binary_f)(N, xf, yf, zf);
            ENTRY(b, c->f, fc_binary_f)(N, xf, yf, wf);
        }
        CHECK(same_d(zd, wd, N) && same_f(zf, wf, N));
    }
}

int main(void)
{
    for (int isa = 0; isa <= (int)fc_cpu_isa(); isa++) {
        const fc_vmath *table = fc_vmath_get((fc_isa)isa);
        check_errors(fc_isa_name((fc_isa)isa), table);
        check_specials(fc_isa_name((fc_isa)isa), table);
        check_shape(table);
    }
    check_shape(fc_vmath_exact());
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        const fc_vmath *avx2 = fc_vmath_get(FC_ISA_AVX2);
        check_specials("wide", &fc_vmath_table_wide);
        check_same_bits(avx2, &fc_vmath_table_wide);
        if (fc_cpu_isa() >= FC_ISA_AVX512) {
            check_same_bits(avx2, fc_vmath_get(FC_ISA_AVX512));
        }
    }
#endif
    return check_report();
}
