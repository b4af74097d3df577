/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_cubature_proven: products of Gauss's rules over a piece of the range, and the check of
 * every value against what was proved of it. */
#ifndef FC_CUBATURE_GAUSS_H
#define FC_CUBATURE_GAUSS_H

#include "fc_affine.h"
#include "fc_domain.h"
#include "fc_rules.h"

#define FC_GAUSS_MAX_OUT 4
#define FC_GAUSS_MAX_ORDER 48

/* The orders of the rules, ascending: Gauss-Legendre on [0, 1], weights adding up to 1. */
enum { FC_GAUSS_N_ORDERS = 18 };
extern const uint8_t fc_gauss_orders[FC_GAUSS_N_ORDERS];

/* Makes them, once; false if that failed. Threads: any. */
bool fc_gauss_prepare(void);

/* What is to be summed over a piece: an affine image of the unit cube or, if `in_cube`, a box of
 * the unit cube that `domain` maps to the range. */
typedef struct fc_gauss_job {
    const fc_integrand *f;
    const fc_domain *domain;
    bool in_cube;
    unsigned n_out;
    const fc_piece *piece;
    const uint8_t *rule; /* of the orders, by axis */
    /* For each output: values times the Jacobian must be within `reach` of `middle`. */
    double middle[FC_GAUSS_MAX_OUT], reach[FC_GAUSS_MAX_OUT];
} fc_gauss_job;

/* Adds f's integral, and that of |f|, by output; *agree is cleared if some value is out of reach.
 * The sums' order depends on the job alone. Threads: any. */
FC_MUST_CHECK fc_status fc_gauss_sum(const fc_gauss_job *job, fc_cancel *cancel, fc_sum *sums,
                                     double *magnitude, bool *agree);

#endif
