/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside of vector math: reduction of huge angles, loops over the C library's functions for table
 * entries that have no vector version and for rare arguments of those that have one, and the tables
 * of the instances. */
#ifndef FC_VMATH_LIBM_H
#define FC_VMATH_LIBM_H

#include <stdint.h>

#include "fc_vmath.h"

fc_unary_d fc_libm_tgamma_d, fc_libm_lgamma_d;
#define FC_LIBM_DECLARE(name)                                                                      \
    fc_binary_d fc_libm_##name##_d;                                                                \
    fc_binary_f fc_libm_##name##_f;
FC_LIBM_DECLARE(fmod)
FC_LIBM_DECLARE(remainder)
#undef FC_LIBM_DECLARE

/* x = n pi/2 + hi + lo for |x| >= 2^20 and the returned n modulo 4; |hi| <= pi/4, |lo| <=
 * ulp(hi)/2. inf and nan give nan. */
int64_t fc_reduce_pio2(double x, double *hi, double *lo);

extern const fc_vmath fc_vmath_table_baseline;
#if FC_X86
extern const fc_vmath fc_vmath_table_avx2, fc_vmath_table_avx512;
#endif

#endif
