/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The range of an n-dimensional integral, as a map of the unit cube onto it: finite, infinite and
 * half-infinite limits, reversed limits (the integral changes its sign), and limits that are
 * functions of outer variables.
 *
 *     integral of f over the range = integral over u in (0, 1)^n of f(x(u)) * jacobian(u)
 *
 * Finite limits map linearly. An infinite one maps rationally (as QUADPACK's qagi does): [a, inf)
 * by x = a + u / (1 - u), the whole line by x = t / (1 - t^2) with t = 2u - 1. */
#ifndef FC_DOMAIN_H
#define FC_DOMAIN_H

#include "fc_integrand.h"

typedef struct fc_domain {
    unsigned n_dim;
    const double *lower, *upper; /* n_dim each; nan is refused */
    /* NULL, or n_dim pointers of which any may be NULL: limits of coordinate k as a function of the
     * outer ones, k+1,
     * ..., n_dim-1 in this order (scipy.integrate.nquad's convention), of one output. They take
     * precedence. */
    const fc_integrand *const *lower_fn, *const *upper_fn;
} fc_domain;

/* FC_ERR_INVALID for a nan limit, a limit function whose n_dim is not that of the outer variables
 * (at least one), or limit functions in more than 64 dimensions. */
FC_MUST_CHECK fc_status fc_domain_check(const fc_domain *domain);

/* Some coordinate's limits coincide: the integral is 0, whatever the integrand. */
bool fc_domain_is_empty(const fc_domain *domain);

/* Must the limit functions run on the calling thread alone? */
bool fc_domain_is_serial(const fc_domain *domain);

/* One coordinate by itself, between the limits `low` and `high`: x, and *jacobian is multiplied by
 * dx/du. u may be 0 or 1, too. */
double fc_domain_map_point(double low, double high, double u, double *jacobian);

/* Map n points u (each coordinate in the open unit interval) to x, and multiply jacobian[i] by each
 * one's Jacobian. All arrays as in fc_integrand.h; u and x may be the same arrays. Errors: those of
 * the limit functions. */
FC_MUST_CHECK fc_status fc_domain_map(const fc_domain *domain, unsigned worker, size_t n,
                                      const double *const *u, double *const *x, double *jacobian);

#endif
