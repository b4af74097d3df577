/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrals of functions of which only samples are known. */
#ifndef FC_SAMPLES_H
#define FC_SAMPLES_H

#include <stdbool.h>
#include <stddef.h>

#include "fc_pool.h"
#include "fc_status.h"

/* m rows of n samples each: y[k * n + i]. Abscissae are x[i] for all rows, x[k * n + i] where each
 * row has its own, or dx apart where x is NULL. They may stand in any order, as the rules have it.
 */
typedef struct fc_samples {
    size_t m, n;
    const double *y, *x;
    bool own_x;
    double dx;
} fc_samples;

typedef enum fc_samples_rule {
    FC_SAMPLES_TRAPEZOID,
    FC_SAMPLES_SIMPSON, /* over pairs of intervals; a last single one by Cartwright's parabola
                           (2017, J. Math. Sci. Math. Educ. 12), of 2 samples the trapezoid */
} fc_samples_rule;

/* out[k] = the rule's sum for row k; 0 for less than two samples. Unequal spacings are taken as
 * they are; where abscissae coincide, terms divided by their distance are left out. Sums are
 * pairwise within blocks and compensated between them, in an order that depends on n alone.
 * Errors: FC_ERR_NOMEM; what the run returns. */
FC_MUST_CHECK fc_status fc_integrate_samples(const fc_run *run, fc_samples_rule rule,
                                             const fc_samples *samples, double *out);

#endif
