/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Double-exponential integration: for integrands that are analytic inside the range, however
 * singular at its ends. */
#ifndef FC_TANHSINH_H
#define FC_TANHSINH_H

#include "fc_quad.h"

/* The integrals that fc_quad computes, with its conventions, results and states (n_panels counts
 * the pieces between break points). Of the options, `weight` must be NULL; 21 limit evaluations are
 * made at most, but for the first level. What is 0 at all nodes goes to fc_quad, which looks
 * closer, unless `density` is 0.
 *
 * Method   A substitution x(t) makes the integrand fall double-exponentially, and the trapezoidal
 * rule with step 2^-L sums it, L = 4, 5, ... (Takahasi and Mori 1974, Publ. RIMS 9; Mori and
 * Sugihara 2001, J. Comput. Appl. Math. 127; levels as in Bailey, Jeyabalan and Li 2005, Exp.
 * Math. 14): tanh-sinh between finite limits, exp-sinh towards one infinity, sinh-sinh on the line.
 *
 *     x counts from the nearest limit: base +- d, d down to 1e-300 where base is 0
 *     elsewhere x is rounded: d is then taken as |x - base|, which is exact, and f brought to the
 *         node by its local power of d; nothing nearer than 2^10 ulp is evaluated
 *     beyond the last node used f is continued by its last power of d (of 1/x towards infinity)
 *
 * Errors   Of the trapezoidal rule: the sums over every eighth node are the values of a periodic
 * function of the offset, whose Fourier coefficients are the integrand's spectrum up to half the
 * sampling rate; their decay is continued. (Two levels that agree by chance do not mislead it, for
 * the coefficients are complex.) Of the continued part: by how much the power still changes. What
 * is not finite is never continued. What lies between the nodes stays unseen: a peak narrower than
 * about a twentieth of the range is fc_quad's business. */
FC_MUST_CHECK fc_status fc_tanhsinh(const fc_run *run, const fc_integrand *f,
                                    const fc_quad_options *options, const fc_integrals *integrals,
                                    double *values, fc_quad_result *results);

#endif
