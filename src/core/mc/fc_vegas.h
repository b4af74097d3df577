/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS+ (Lepage 2021): importance sampling by an adaptive map, and adaptive stratified sampling in
 * the mapped variables. Internal to fc_mc. */
#ifndef FC_VEGAS_H
#define FC_VEGAS_H

#include "fc_cross.h"
#include "fc_mc.h"

/* Iterations of a map's training on scrambled Sobol points, n evaluations in all. *flat is the
 * variance of the integrand without the map, *gain that with the map over *flat, as far as the last
 * iteration knows; 0 and 1 if n is too small for any. `record`, unless NULL, takes what is
 * evaluated first, as far as it has room. */
FC_MUST_CHECK fc_status fc_vegas_train(fc_sampler *sampler, fc_vegas_map *map, uint64_t n,
                                       const fc_mc_options *options, uint64_t *n_eval, double *gain,
                                       double *flat, fc_points *record);

/* The whole method. */
FC_MUST_CHECK fc_status fc_vegas(fc_sampler *sampler, const fc_mc_options *options,
                                 fc_mc_result *result);

/* Pieces of a map that is trained on n points an iteration; 1 when they are too few to learn from.
 */
unsigned fc_vegas_bins(unsigned n_dim, uint64_t n);

#endif
