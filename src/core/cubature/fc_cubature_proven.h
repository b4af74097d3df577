/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrals over a range whose error can be proved beforehand. */
#ifndef FC_CUBATURE_PROVEN_H
#define FC_CUBATURE_PROVEN_H

#include "fc_cubature.h"

/* The integral of f over a finite range, if f can prove (fc_disc.h) that few points suffice for the
 * tolerances: then *done, and the result is as fc_cubature's, with n_boxes the boxes that the range
 * was cut into. Otherwise nothing is written but *done. Much quicker than fc_cubature, whose rules
 * must look for what they may have missed. All on the calling thread.
 * Errors     those of f, of the limits, of the run; FC_ERR_INVALID never. */
FC_MUST_CHECK fc_status fc_cubature_prove(const fc_run *run, const fc_integrand *f,
                                          const fc_domain *domain,
                                          const fc_cubature_options *options,
                                          fc_cubature_result *result, bool *done);

#endif
