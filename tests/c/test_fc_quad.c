/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_quad.h"

#include <math.h>
#include <string.h>

#include "quad_checks.h"

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

    double first[M];
    fc_quad_result first_results[M];
    check_widths(fc_quad, interior, 2.5, 0.05, first, first_results);
}

int main(void)
{
    test_values();
    test_trouble();
    test_endless_limit();
    test_bad_arguments();
    test_vector_and_batch();
    check_failures(fc_quad, interior, (double[]){0.3, 0.6});
    fc_pool_stop();
    return check_report();
}
