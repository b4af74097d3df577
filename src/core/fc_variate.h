/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Control variates: a function h like the integrand f, whose integral H is known. The mean of
 * f - h + H over random points is as unbiased as that of f, whatever h is, and its error is that of
 * f - h. Here h is a tensor train,
 *
 *     h(x) = A_1(x_1) A_2(x_2) ... A_d(x_d),      the entries of the small matrices A polynomials
 *
 * (Oseledets, SIAM J. Sci. Comput. 33, 2011; functions from samples: Gorodetsky and Jakeman, J.
 * Comput. Phys. 374, 2018): products of functions of one variable have rank 1, waves and sums rank
 * 2, and most smooth functions of many variables a low one. */
#ifndef FC_VARIATE_H
#define FC_VARIATE_H

#include "fc_pool.h"

#define FC_VARIATE_MAX_DIM 32
#define FC_VARIATE_MAX_RANK 3
#define FC_VARIATE_MAX_TERMS 32    /* of a polynomial */
#define FC_VARIATE_MAX_UNKNOWNS 96 /* coefficients of one matrix */

/* Values at points of the unit cube, kept to learn from. */
typedef struct fc_points {
    unsigned n_dim, n_out;
    size_t capacity, n; /* multiples of 64 */
    double **x, **y;    /* n_dim and n_out rows of n numbers, 64-byte aligned */
    double *weight;     /* what a point counts: 1 / density */
    void *memory;
} fc_points;

/* Room for at least `capacity` points. fc_points_destroy takes NULL. */
FC_MUST_CHECK fc_status fc_points_create(unsigned n_dim, unsigned n_out, size_t capacity,
                                         fc_points **out);
void fc_points_destroy(fc_points *points);

/* One matrix: entry (a, b) is the polynomial sum over k of c[(a * right + b) * terms + k] T_k(2x -
 * 1), T_k Chebyshev's polynomials. */
typedef struct fc_variate_core {
    unsigned left, right, terms;
    double c[FC_VARIATE_MAX_UNKNOWNS];
} fc_variate_core;

typedef struct fc_variate {
    unsigned n_dim, rank;
    double integral; /* H */
    double residual; /* share of f's variance that f - h has at points not learnt from */
    fc_variate_core cores[];
} fc_variate;

/* Fits h to output `out` of the points, on at most `effort` multiplications. *variate is NULL, with
 * FC_OK, if that does not take away half of the variance: too rough, too few points, more
 * dimensions than FC_VARIATE_MAX_DIM. A function of its arguments alone, whatever the run's width.
 * Release with fc_free. Errors: FC_ERR_NOMEM; those of the run. */
FC_MUST_CHECK fc_status fc_variate_fit(const fc_run *run, const fc_points *points, unsigned out,
                                       double effort, fc_variate **variate);

/* The mean of weight * h over n points, less H; `weight` may be NULL. The rows of x are aligned and
 * padded as fc_integrand.h asks. Same bits for every instruction set. Threads: any. */
double fc_variate_mean(const fc_variate *variate, const double *const *x, const double *weight,
                       size_t n);

#endif
