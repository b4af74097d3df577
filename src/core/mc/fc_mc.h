/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Monte Carlo integration over an n-dimensional range: plain, randomised quasi-Monte Carlo, VEGAS.
 */
#ifndef FC_MC_H
#define FC_MC_H

#include <stdint.h>

#include "fc_sampler.h"

typedef enum fc_mc_method {
    FC_MC_PLAIN = 0,
    FC_MC_SOBOL, /* randomised quasi-Monte Carlo: independent randomisations of one net or lattice
                  */
    FC_MC_VEGAS, /* VEGAS+: adaptive map and adaptive stratification */
} fc_mc_method;

typedef enum fc_mc_outcome {
    FC_MC_TRUSTED = 0,
    FC_MC_NONFINITE,    /* nan or inf somewhere: left out of the integral, errors are inf */
    FC_MC_DOMINATED,    /* a single point makes up much of the variance: the error is a guess */
    FC_MC_INCONSISTENT, /* VEGAS: iterations differ more than their errors allow; the error is
                           scaled up */
    FC_MC_ZERO,         /* every value was 0: a support too small to be found, or none */
} fc_mc_outcome;

/* Where the points of randomised quasi-Monte Carlo lie; see fc_nets.c. */
typedef enum fc_mc_net {
    FC_NET_SOBOL = 0, /* scrambled Sobol points */
    FC_NET_TENT,      /* a shifted lattice, folded by the tent */
    FC_NET_POWER,     /* a shifted lattice, folded by a polynomial */
    FC_NET_MAPPED,    /* scrambled Sobol points through a VEGAS map */
    FC_N_NETS,
    FC_NET_NONE = FC_N_NETS, /* other methods */
} fc_mc_net;

typedef struct fc_mc_options {
    fc_mc_method method;
    uint64_t n; /* evaluations, at least 2; about as many are made (n_eval tells), never more */
    uint64_t seed;
    bool adapt; /* Sobol: spend 3/16 of n, of few points up to 7/16, on fitting a control variate,
                   on a map and on choosing the net */
    /* Called on the calling thread now and then, with evaluations done of n; may be NULL. */
    void (*progress)(void *context, uint64_t done, uint64_t n);
    void *progress_context;
} fc_mc_options;

typedef struct fc_mc_result {
    double *integral, *error; /* the caller's arrays, n_out each; error is one standard error, which
                                 is widened by Student's factor where it comes from few batches, so
                                 that two of them cover 95.4 % */
    double chi2;  /* of the batches (iterations, replicates) about their mean, output 0, ... */
    unsigned dof; /* ... and its degrees of freedom */
    uint64_t n_eval, n_bad;
    fc_mc_net net; /* Sobol: what was chosen */
    bool variate;  /* Sobol: was a control variate subtracted? */
    fc_mc_outcome outcome;
} fc_mc_result;

/* Same seed, same bits, for any width of the run; memory does not grow with n.
 * Errors     FC_ERR_INVALID: domain, n < 2, more dimensions than FC_SOBOL_MAX_DIM for Sobol; those
 * of f, of the limits, of the run; FC_ERR_NOMEM. The result is then unspecified. Threads    any; f
 * is called on the calling thread alone if it or a limit function is serial. */
FC_MUST_CHECK fc_status fc_mcquad(const fc_run *run, const fc_integrand *f, const fc_domain *domain,
                                  const fc_mc_options *options, fc_mc_result *result);

/* t such that Student's distribution with dof degrees of freedom covers as much within +-t as the
 * normal one within
 * +-2, over 2. */
double fc_student_factor(unsigned dof);

#endif
