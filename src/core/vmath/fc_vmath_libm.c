/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The C library's functions in loops; contract in fc_vmath_libm.h.
 *
 * glibc's tgamma and lgamma are off by up to 10 ULP: they are computed in long double,
 * which has at least eleven bits more on x86-64 (and is what double is where the platform has no
 * more). */
#include "fc_vmath_libm.h"

#include <math.h>

static double tgamma_ld(double x)
{
    return (double)tgammal(x);
}

static double lgamma_ld(double x)
{
#if defined(__GLIBC__)
    int sign;
    return (double)lgammal_r(x, &sign); /* lgammal writes a global: a data race */
#else
    return (double)lgammal(x);
#endif
}

#define LOOPS(name, f)                                                                             \
    void fc_libm_##name##_d(size_t n, const double *x, double *y)                                  \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = f(x[i]);                                                                        \
        }                                                                                          \
    }
LOOPS(tgamma, tgamma_ld)
LOOPS(lgamma, lgamma_ld)
#undef LOOPS
#define LOOPS(name, f)                                                                             \
    void fc_libm_##name##_d(size_t n, const double *a, const double *b, double *y)                 \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = f(a[i], b[i]);                                                                  \
        }                                                                                          \
    }                                                                                              \
    void fc_libm_##name##_f(size_t n, const float *a, const float *b, float *y)                    \
    {                                                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            y[i] = (float)f((double)a[i], (double)b[i]);                                           \
        }                                                                                          \
    }
LOOPS(fmod, fmod)
LOOPS(remainder, remainder)
