/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Mathematical functions on blocks of numbers, at most 2 ULP from the true value over all
 * arguments, special values as C99 Annex F. One table per instruction set; the best is chosen at
 * run time. */
#ifndef FC_VMATH_H
#define FC_VMATH_H

#include <stddef.h>

#include "fc_cpu.h"

/* x and y (and a, b) are 64-byte aligned and have room for n rounded up to a multiple of 16
 * elements, which may be read and overwritten: no instance needs a tail loop. Output may be the
 * same array as an input. */
typedef void fc_unary_d(size_t n, const double *x, double *y);
typedef void fc_unary_f(size_t n, const float *x, float *y);
typedef void fc_binary_d(size_t n, const double *a, const double *b, double *y);
typedef void fc_binary_f(size_t n, const float *a, const float *b, float *y);

/* Names as in C's math.h; fmod and remainder are exact. */
#define FC_VMATH_UNARY(X)                                                                          \
    X(exp)                                                                                         \
    X(exp2)                                                                                        \
    X(expm1)                                                                                       \
    X(log)                                                                                         \
    X(log2)                                                                                        \
    X(log10)                                                                                       \
    X(log1p)                                                                                       \
    X(sin)                                                                                         \
    X(cos)                                                                                         \
    X(tan)                                                                                         \
    X(asin)                                                                                        \
    X(acos)                                                                                        \
    X(atan)                                                                                        \
    X(sinh) X(cosh) X(tanh) X(asinh) X(acosh) X(atanh) X(cbrt) X(erf) X(erfc) X(tgamma) X(lgamma)
#define FC_VMATH_BINARY(X) X(pow) X(atan2) X(hypot) X(fmod) X(remainder)

typedef struct fc_vmath {
#define FC_VMATH_FIELDS(name)                                                                      \
    fc_unary_d *name##_d;                                                                          \
    fc_unary_f *name##_f;
    FC_VMATH_UNARY(FC_VMATH_FIELDS)
#undef FC_VMATH_FIELDS
#define FC_VMATH_FIELDS(name)                                                                      \
    fc_binary_d *name##_d;                                                                         \
    fc_binary_f *name##_f;
    FC_VMATH_BINARY(FC_VMATH_FIELDS)
#undef FC_VMATH_FIELDS
} fc_vmath;

/* The fastest table for an instruction set, every entry filled. Never fails, never freed. Threads:
 * any. */
const fc_vmath *fc_vmath_get(fc_isa isa);
/* The C library's scalar functions in loops: CPython's own bits (accuracy="exact"), and the
 * reference in tests. */
const fc_vmath *fc_vmath_exact(void);

#endif
