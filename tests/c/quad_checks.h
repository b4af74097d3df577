/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the tests of the integrators with fc_quad's interface share. */
#ifndef QUAD_CHECKS_H
#define QUAD_CHECKS_H

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_quad.h"

typedef fc_status integrator(const fc_run *run, const fc_integrand *f,
                             const fc_quad_options *options, const fc_integrals *integrals,
                             double *values, fc_quad_result *results);
typedef double function(double x, double p);

static fc_status eval_function(void *context, unsigned worker, size_t n, const double *const *x,
                               double *const *y)
{
    function *f = *(function **)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = f(x[0][i], x[1][i]);
    }
    return FC_OK;
}

static fc_status eval_fails(void *context, unsigned worker, size_t n, const double *const *x,
                            double *const *y)
{
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = fabs(x[0][i] - 0.3);
    }
    return ++*(int *)context > 2 ? FC_ERR_CALLBACK : FC_OK;
}

static const fc_quad_options options = {.epsabs = 0, .epsrel = 1e-10, .limit = 2000, .density = 48};

/* M integrals of f from 0, 1 or 2 to `upper` with parameters `step` apart: the same bits for every
 * width. Those of one worker are left in `first` and `results`. */
enum { M = 41 };

static inline void check_widths(integrator *integrate, function *f, double upper, double step,
                                double *first, fc_quad_result *first_results)
{
    double a[M], b[M], p[M], out[M];
    fc_quad_result results[M];
    for (int k = 0; k < M; k++) {
        a[k] = k % 3;
        b[k] = upper;
        p[k] = step * k;
    }
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals many = {.m = M, .a = a, .b = b, .params = p, .n_params = 1};
    for (unsigned width = 1; width <= 7; width += 2) {
        fc_run run = {.width = width};
        bool is_first = width == 1;
        CHECK(integrate(&run, &integrand, &options, &many, is_first ? first : out,
                        is_first ? first_results : results) == FC_OK);
        for (int k = 0; k < M && !is_first; k++) {
            CHECK(memcmp(&first[k], &out[k], sizeof(double)) == 0);
            CHECK(first_results[k].error == results[k].error);
            CHECK(first_results[k].n_eval == results[k].n_eval);
        }
    }
}

/* An integrand that fails, a call that is cancelled, memory that ends at each place in turn. */
static inline void check_failures(integrator *integrate, function *g, const double p[2])
{
    int calls = 0;
    double a = 0, b = 1, value;
    fc_integrand f = {.eval = eval_fails, .context = &calls, .n_dim = 1, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    fc_quad_result result;
    CHECK(integrate(NULL, &f, &options, &in, &value, &result) == FC_ERR_CALLBACK);
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    calls = -1000000;
    CHECK(integrate(&(fc_run){.cancel = &cancel}, &f, &options, &in, &value, &result) ==
          FC_ERR_CANCELLED);

    double lower[2] = {0, 0}, upper[2] = {1, 1}, out[2];
    fc_quad_result results[2];
    for (size_t m = 1; m <= 2; m++) {
        fc_integrand integrand = {.eval = eval_function, .context = &g, .n_dim = 2, .n_out = 1};
        fc_integrals pair = {.m = m, .a = lower, .b = upper, .params = p, .n_params = 1};
        fc_status status = FC_ERR_NOMEM;
        for (long allowed = 0; status != FC_OK && allowed < 200; allowed++) {
            fc_alloc_fail_after(allowed);
            status = integrate(&(fc_run){.width = 2}, &integrand, &options, &pair, out, results);
            CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        }
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK && results[0].state == FC_QUAD_CONVERGED);
    }
}

#endif
