/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_quad.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

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

static fc_status eval_pair(void *context, unsigned worker, size_t n, const double *const *x,
                           double *const *y)
{
    (void)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = sqrt(x[0][i]);
        y[1][i] = exp(-x[0][i]);
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

static double power(double x, double p)
{
    return pow(x, p);
}
static double jump(double x, double p)
{
    return x > p;
}
static double interior(double x, double p)
{
    return 1 / sqrt(fabs(x - p));
}
static double gauss(double x, double p)
{
    return exp(-(x - p) * (x - p));
}
static double undefined(double x, double p)
{
    return x > p ? NAN : 1;
}
static double overflow(double x, double p)
{
    return p * exp(x) / ((1 + exp(x)) * (1 + exp(x)));
}
static double chirp(double x, double p)
{
    return sin(p / x);
}

static const fc_quad_options options = {.epsabs = 0, .epsrel = 1e-10, .limit = 2000, .density = 48};

static fc_quad_result integrate(function *f, double p, double a, double b, double *value)
{
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_quad_result result;
    *value = NAN;
    CHECK(fc_quad(NULL, &integrand, &options, &in, value, &result) == FC_OK);
    return result;
}

static void check_value(function *f, double p, double a, double b, double exact)
{
    double value;
    fc_quad_result result = integrate(f, p, a, b, &value);
    CHECK(result.state == FC_QUAD_CONVERGED);
    CHECK(result.error <= 1e-10 * fabs(value));
    CHECK(fabs(value - exact) <= result.error);
}

static void test_values(void)
{
    check_value(power, 2, 0, 1, 1 / 3.);
    check_value(power, 2, 1, 0, -1 / 3.);
    check_value(power, -0.5, 0, 1, 2);
    check_value(power, -0.95, 0, 1, 20);
    check_value(power, -1.2, 1, INFINITY, 5);
    check_value(jump, 0.3, 0, 1, 0.7);
    check_value(interior, 1 / 3., 0, 1, 2 * (sqrt(1 / 3.) + sqrt(2 / 3.)));
    check_value(gauss, 0, -INFINITY, INFINITY, sqrt(acos(-1)));
    check_value(gauss, -700, -INFINITY, INFINITY, sqrt(acos(-1)));
    check_value(overflow, 1, -INFINITY, INFINITY, 1);
}

static void test_trouble(void)
{
    double value;
    CHECK(integrate(power, -1, 0, 1, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(power, -1, 1, INFINITY, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(power, -2, 0, 1, &value).state == FC_QUAD_DIVERGENT);
    fc_quad_result result = integrate(undefined, 0.5, 0, 1, &value);
    CHECK(result.state == FC_QUAD_NONFINITE && result.where > 0.5 && isinf(result.error));
    CHECK(integrate(chirp, 1, 0, 1, &value).state != FC_QUAD_CONVERGED);
    result = integrate(power, 2, 5, 5, &value);
    CHECK(result.state == FC_QUAD_CONVERGED && value == 0 && result.n_eval == 0);
    /* Nothing lies between the limits, or too little for a panel to have a width. */
    CHECK(isfinite(integrate(power, 2, 0, 5e-324, &value).error) && value == 0);
    CHECK(isfinite(integrate(jump, 0, -1e-320, 1e-320, &value).error) && fabs(value) <= 2e-320);
}

static void test_endless_limit(void)
{
    function *f = interior;
    double a = 0, b = 1, p = 0.3, value;
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_quad_result result;
    fc_quad_options endless = options;
    endless.limit = SIZE_MAX;
    CHECK(fc_quad(NULL, &integrand, &endless, &in, &value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_CONVERGED);
}

static void test_bad_arguments(void)
{
    function *f = power;
    double a = 0, b = 1, p = 1, value;
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_quad_result result;
    fc_quad_options bad[5] = {options, options, options, options, options};
    bad[0].epsabs = -1;
    bad[1].epsrel = NAN;
    bad[2].limit = 0;
    bad[3].density = 0;
    for (int k = 0; k < 4; k++) {
        CHECK(fc_quad(NULL, &integrand, &bad[k], &in, &value, &result) == FC_ERR_INVALID);
    }
    b = NAN;
    CHECK(fc_quad(NULL, &integrand, &options, &in, &value, &result) == FC_ERR_INVALID);
}

/* Two outputs at once; many integrals; the same bits for every width. */
static void test_vector_and_batch(void)
{
    double a = 0, b = 1, value[2];
    fc_integrand pair = {.eval = eval_pair, .n_dim = 1, .n_out = 2};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    fc_quad_result result;
    CHECK(fc_quad(NULL, &pair, &options, &in, value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_CONVERGED);
    CHECK(hypot(value[0] - 2 / 3., value[1] - (1 - exp(-1))) <= result.error);

    enum { M = 41 };
    function *f = interior;
    double lower[M], upper[M], p[M], first[M], out[M];
    fc_quad_result first_results[M], results[M];
    for (int k = 0; k < M; k++) {
        lower[k] = k % 3;
        upper[k] = 2.5;
        p[k] = 0.05 * k;
    }
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals many = {.m = M, .a = lower, .b = upper, .params = p, .n_params = 1};
    for (unsigned width = 1; width <= 7; width += 2) {
        fc_run run = {.width = width};
        bool is_first = width == 1;
        CHECK(fc_quad(&run, &integrand, &options, &many, is_first ? first : out,
                      is_first ? first_results : results) == FC_OK);
        for (int k = 0; k < M && !is_first; k++) {
            CHECK(memcmp(&first[k], &out[k], sizeof(double)) == 0);
            CHECK(first_results[k].error == results[k].error);
            CHECK(first_results[k].n_eval == results[k].n_eval);
        }
    }
}

static void test_failures(void)
{
    int calls = 0;
    double a = 0, b = 1, value;
    fc_integrand f = {.eval = eval_fails, .context = &calls, .n_dim = 1, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    fc_quad_result result;
    CHECK(fc_quad(NULL, &f, &options, &in, &value, &result) == FC_ERR_CALLBACK);
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    calls = -1000000;
    CHECK(fc_quad(&(fc_run){.cancel = &cancel}, &f, &options, &in, &value, &result) ==
          FC_ERR_CANCELLED);

    function *g = interior;
    double p[2] = {0.3, 0.6}, lower[2] = {0, 0}, upper[2] = {1, 1}, out[2];
    fc_quad_result results[2];
    for (size_t m = 1; m <= 2; m++) {
        fc_integrand integrand = {.eval = eval_function, .context = &g, .n_dim = 2, .n_out = 1};
        fc_integrals pair = {.m = m, .a = lower, .b = upper, .params = p, .n_params = 1};
        fc_status status = FC_ERR_NOMEM;
        for (long allowed = 0; status != FC_OK && allowed < 200; allowed++) {
            fc_alloc_fail_after(allowed);
            status = fc_quad(&(fc_run){.width = 2}, &integrand, &options, &pair, out, results);
            CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        }
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK && results[0].state == FC_QUAD_CONVERGED);
    }
}

int main(void)
{
    test_values();
    test_trouble();
    test_endless_limit();
    test_bad_arguments();
    test_vector_and_batch();
    test_failures();
    fc_pool_stop();
    return check_report();
}
