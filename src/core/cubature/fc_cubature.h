/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Globally adaptive cubature over an n-dimensional range, many boxes at once. */
#ifndef FC_CUBATURE_H
#define FC_CUBATURE_H

#include <stdint.h>

#include "fc_cubature_rule.h"
#include "fc_domain.h"
#include "fc_pool.h"

typedef enum fc_cubature_outcome {
    FC_CUBATURE_CONVERGED = 0, /* every output's error is within max(epsabs, epsrel |integral|) */
    FC_CUBATURE_MAX_EVAL,      /* the evaluations allowed were used up */
    FC_CUBATURE_ROUNDOFF,      /* no box is left whose cutting could lower the error */
    FC_CUBATURE_NONFINITE, /* nan or inf where cutting does not get away from it; the errors are inf
                            */
    FC_CUBATURE_MAX_BOXES, /* more boxes than memory should hold */
} fc_cubature_outcome;

typedef struct fc_cubature_options {
    double epsabs, epsrel; /* >= 0 */
    uint64_t max_eval;
    fc_cubature_kind kind;
    unsigned n_probe; /* independent points that look for what the rule misses; 0: none */
} fc_cubature_options;

typedef struct fc_cubature_result {
    double *integral, *error; /* the caller's arrays, n_out each */
    uint64_t n_eval, n_boxes;
    uint64_t n_bad; /* evaluations that gave nan or inf */
    bool zero;      /* nothing but 0 was seen (in more than 2 dimensions), or lost again: so is the
                       integral, or its support was not found */
    fc_cubature_outcome outcome;
} fc_cubature_result;

/* Evaluations that one box takes: the least sensible max_eval is this many for the first box, and
 * the probes. */
uint64_t fc_cubature_points(fc_cubature_kind kind, unsigned n_dim);

/* Integrate every output of f over the domain. The result's bits do not depend on the run's width.
 * Errors     FC_ERR_INVALID: domain (fc_domain_check), options, dimension beyond
 * FC_CUBATURE_MAX_DIM; those of f, of the limits, of the run; FC_ERR_NOMEM. The result is then
 * unspecified. Threads    any; f is called on the calling thread alone if it or a limit function is
 * serial. */
FC_MUST_CHECK fc_status fc_cubature(const fc_run *run, const fc_integrand *f,
                                    const fc_domain *domain, const fc_cubature_options *options,
                                    fc_cubature_result *result);

#endif
