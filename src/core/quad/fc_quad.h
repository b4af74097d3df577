/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adaptive integration over a finite or infinite range, with an error estimate that is meant to be
 * believed. */
#ifndef FC_QUAD_H
#define FC_QUAD_H

#include <stddef.h>
#include <stdint.h>

#include "fc_integrand.h"
#include "fc_pool.h"
#include "fc_rules.h"
#include "fc_status.h"
#include "fc_weight.h"

/* Why an integration ended. Only FC_QUAD_CONVERGED promises anything. */
typedef enum fc_quad_state {
    FC_QUAD_CONVERGED,
    FC_QUAD_LIMIT,     /* `limit` panels did not do */
    FC_QUAD_ROUNDOFF,  /* the tolerance is below the rounding errors of f */
    FC_QUAD_SINGULAR,  /* a singularity, or an oscillation, that could not be resolved */
    FC_QUAD_DIVERGENT, /* contributions do not shrink towards a point or towards infinity */
    FC_QUAD_NONFINITE, /* f was nan, or infinite at more than isolated points */
} fc_quad_state;

typedef struct fc_quad_options {
    double epsabs, epsrel; /* wanted: error <= max(epsabs, epsrel |integral|); >= 0 */
    size_t limit;          /* panels that may be added to those of the start */
    unsigned
        density; /* panels at the start: 96 see whatever is as wide as a thousandth of the range */
    const double *points; /* where f is rough: strictly inside the range, ascending; shared by all
                             integrals */
    size_t n_points;
    const fc_weight *weight; /* or NULL. The range of ALG is finite; the points are x as well */
} fc_quad_options;

typedef struct fc_quad_result {
    double
        error; /* estimate of the norm of the error (2-norm over the outputs); inf if divergent */
    double where;    /* x that the state is about, nan if it is about none */
    uint64_t n_eval; /* evaluations of f */
    uint64_t n_panels;
    fc_quad_state state;
} fc_quad_result;

/* The integrals of f->n_out functions over [a, b], m times; limits may be infinite or reversed, not
 * nan. values[k * f->n_out + o], results[k]. Each is the same whatever the width of the run: m
 * integrals are spread over the threads, and a single one evaluates its panels in parallel where
 * that pays.
 *
 * Method   Where f->disc proves that few Gauss-Kronrod panels do, these (fc_quad_proven.c). Else
 * globally adaptive Gauss-Kronrod (Piessens et al., QUADPACK, 1983), many panels at once: all
 * panels too bad for the tolerance are split in one sweep (Gladwell 1987). A panel's error is
 * |K - G|, less only when a split confirms it. Ends where f is singular, and infinity, get a ladder
 * of panels graded four-fold, whose remainder is extrapolated (fc_epsilon.h). An interior
 * singularity is bisected down to a few ulp and becomes a break point. Jumps that hide between the
 * nodes at a panel's edge are looked for, and towards infinity needles between the nodes.
 * Errors   FC_ERR_INVALID for negative or nan tolerances, limit or density of 0, nan limits;
 * FC_ERR_NOMEM; whatever the integrand or the run returns. Numerical trouble is a state, not an
 * error. */
FC_MUST_CHECK fc_status fc_quad(const fc_run *run, const fc_integrand *f,
                                const fc_quad_options *options, const fc_integrals *integrals,
                                double *values, fc_quad_result *results);

#endif
