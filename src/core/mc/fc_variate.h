/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control variates: a function h like the integrand f, whose integral H is known. The mean of
 * f - h + H over random points is as unbiased as that of f, whatever h is, and its error is that of
 * f - h. Here h is a tensor train (fitted by fc_cross.h),
 *
 *     h(x) = A_1(x_1) A_2(x_2) ... A_d(x_d),      the entries of the small matrices A polynomials
 *
 * (Oseledets, SIAM J. Sci. Comput. 33, 2011): products of functions of one variable have rank 1,
 * waves and sums rank 2, and most smooth functions of many variables a low one. */
#ifndef FC_VARIATE_H
#define FC_VARIATE_H

#include "fc_pool.h"

#define FC_VARIATE_MAX_DIM 32
#define FC_VARIATE_MAX_RANK 8
#define FC_VARIATE_MAX_TERMS 32          /* of a polynomial */
#define FC_VARIATE_MAX_COEFFICIENTS 1024 /* of one matrix */

/* One matrix: entry (a, b) is the polynomial sum over k of c[(a * right + b) * terms + k] T_k(2x -
 * 1), T_k Chebyshev's polynomials. */
typedef struct fc_variate_core {
    unsigned left, right, terms;
    double *c;
} fc_variate_core;

typedef struct fc_variate {
    unsigned n_dim, rank;
    double integral; /* H */
    double residual; /* share of f's variance that f - h has at points not learnt from */
    fc_variate_core cores[];
} fc_variate;

/* One with room for FC_VARIATE_MAX_COEFFICIENTS in each matrix, all 0; NULL if there is no memory.
 * Release with fc_free. */
fc_variate *fc_variate_create(unsigned n_dim);

/* `to` has as many dimensions. */
void fc_variate_copy(fc_variate *to, const fc_variate *from);

/* Sets rank and integral from the matrices. */
void fc_variate_complete(fc_variate *variate);

/* Multiplications that one value of h takes, about. */
double fc_variate_work(const fc_variate *variate);

/* h at n points. The rows of x are aligned and padded as fc_integrand.h asks; `out` has room for n
 * rounded up to a multiple of 16. Same bits for every instruction set. Threads: any. */
void fc_variate_values(const fc_variate *variate, const double *const *x, size_t n, double *out);

/* The mean of weight * h over n points, less H; `weight` may be NULL. Rows, bits, threads: as
 * above. */
double fc_variate_mean(const fc_variate *variate, const double *const *x, const double *weight,
                       size_t n);

#endif
