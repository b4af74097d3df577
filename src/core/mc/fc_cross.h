/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fits control variates (fc_variate.h) by cross approximation: values of the integrand on fibres,
 * where all variables but one stand still, make a tensor train that agrees with it there. */
#ifndef FC_CROSS_H
#define FC_CROSS_H

#include "fc_sampler.h"
#include "fc_variate.h"

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

/* Fits h to output `out` of the sampler's integrand (no map, no weights), from at most `budget`
 * evaluations (*n_eval grows by what was spent) and the given points. *variate is NULL, with FC_OK,
 * if that does not take away half of the variance: too rough, too many dimensions. A function of
 * its arguments alone, whatever the run's width. Release with fc_free.
 * Errors: FC_ERR_NOMEM; those of the integrand and of the run. */
FC_MUST_CHECK fc_status fc_cross_fit(fc_sampler *sampler, const fc_points *points, unsigned out,
                                     uint64_t budget, uint64_t *n_eval, fc_variate **variate);

#endif
