/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Randomised quasi-Monte Carlo: independent randomisations of one net or lattice, of the kind that
 * suits the integrand. Internal to fc_mc. */
#ifndef FC_NETS_H
#define FC_NETS_H

#include "fc_mc.h"

FC_MUST_CHECK fc_status fc_nets(fc_sampler *sampler, const fc_mc_options *options,
                                fc_mc_result *result);

#endif
