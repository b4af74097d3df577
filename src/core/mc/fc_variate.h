/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control variates: a function h like the integrand f, whose integral H is known. The mean of
 * f - h + H over random points is as unbiased as that of f, whatever h is, and its error is that of
 * f - h. Here h is a tensor train (fitted by fc_cross.h),
 *
 *     h(x) = A_1(x_1) A_2(x_2) ... A_d(x_d),      the entries of the small matrices A polynomials,
 *                                                 in pieces where the integrand breaks
 *
 * (Oseledets, SIAM J. Sci. Comput. 33, 2011): products of functions of one variable have rank 1,
 * waves and sums rank 2, and most smooth functions of many variables a low one. */
#ifndef FC_VARIATE_H
#define FC_VARIATE_H

#include "fc_pool.h"

#define FC_VARIATE_MAX_DIM 32
#define FC_VARIATE_MAX_RANK 8
#define FC_VARIATE_MAX_TERMS 32 /* of a polynomial */
#define FC_VARIATE_MAX_PIECES 4
#define FC_VARIATE_MAX_FUNCTIONS 64      /* terms of all pieces */
#define FC_VARIATE_MAX_COEFFICIENTS 1024 /* of one matrix */

/* One matrix: in piece p, edges[p] <= x < edges[p + 1], entry (a, b) is the polynomial sum over k
 * of c[((a * right + b) * n_pieces + p) * terms + k] T_k(t), t from -1 to 1 over the piece, T_k
 * Chebyshev's polynomials. */
typedef struct fc_variate_core {
    unsigned left, right, terms, n_pieces;
    double edges[FC_VARIATE_MAX_PIECES + 1]; /* from 0 to 1 */
    double *c;
} fc_variate_core;

typedef struct fc_variate {
    unsigned n_dim, rank;
    double integral; /* H */
    double residual; /* share of f's variance that f - h has at points not learnt from */
    fc_variate_core cores[];
} fc_variate;

/* How many coefficients an entry has: n_pieces * terms, at most FC_VARIATE_MAX_FUNCTIONS. */
unsigned fc_variate_functions(const fc_variate_core *core);

/* One with room for FC_VARIATE_MAX_COEFFICIENTS in each matrix, all 0, and of one piece; NULL if
 * there is no memory. Release with fc_free. */
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

/* y less weight * h at n points; `weight` may be NULL. Rows, bits, threads: as above. */
void fc_variate_subtract(const fc_variate *variate, const double *const *x, const double *weight,
                         size_t n, double *y);

#endif
