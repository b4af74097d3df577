/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the Monte Carlo methods share: blocks of points in the unit cube, mapped (by VEGAS's map, if
 * there is one, and by the range) and evaluated; statistics that are combined in a fixed order. */
#ifndef FC_SAMPLER_H
#define FC_SAMPLER_H

#include "fc_domain.h"
#include "fc_pool.h"
#include "fc_vegas_map.h"

/* Mean, sum of squared deviations and extremes of n numbers (Welford; Chan, Golub, LeVeque). */
typedef struct fc_moments {
    uint64_t n;
    double mean, m2, least, greatest;
} fc_moments;

fc_moments fc_moments_of(const double *values, size_t n);
void fc_moments_merge(fc_moments *total, const fc_moments *part);
/* Of the mean: sqrt(m2 / (n (n-1))); infinite when n < 2. */
double fc_moments_error(const fc_moments *moments);

/* Is one number's squared deviation a good part of the sum of all? Then that sum is a guess. */
bool fc_moments_is_dominated(const fc_moments *moments);
bool fc_moments_is_zero(const fc_moments *moments);

/* A worker's arrays, `block` points long (rows of y, u, x: aligned and padded as fc_integrand.h
 * asks). */
typedef struct fc_scratch {
    void *memory;
    double **u, **x, **y; /* x[d] is u[d] where the range is the unit interval */
    double *weight;       /* the Jacobian of map and range, afterwards */
    double *density;      /* the map's part of it, if the sampler keeps it */
    uint16_t **bin;       /* where the map put a coordinate */
} fc_scratch;

typedef struct fc_sampler {
    const fc_integrand *f;
    const fc_domain *domain;
    fc_run run;              /* width 1 where f or the limits are serial */
    const fc_vegas_map *map; /* NULL: none */
    bool keep_density;
    const double *scale; /* what each output's values are multiplied by, or NULL */
    bool weighted;       /* the points come with weights of their own, in scratch->weight */
    size_t block;        /* points at once, a power of two; depends on the dimension alone */
    fc_scratch scratch[FC_MAX_WIDTH];
    atomic_uint_least64_t n_bad; /* nan and inf met; they count as 0. Relaxed: a count */
} fc_sampler;

void fc_sampler_init(fc_sampler *sampler, const fc_run *run, const fc_integrand *f,
                     const fc_domain *domain);
void fc_sampler_release(fc_sampler *sampler);

/* The worker's scratch memory, made at its first call. */
FC_MUST_CHECK fc_status fc_sampler_scratch(fc_sampler *sampler, unsigned worker, fc_scratch **out);

/* From scratch->u (n points) to scratch->y: the integrand times scale and scratch->weight. */
FC_MUST_CHECK fc_status fc_sampler_evaluate(fc_sampler *sampler, fc_scratch *scratch,
                                            unsigned worker, size_t n);

#endif
