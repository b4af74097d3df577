/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_tanhsinh.h"

#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "quad_checks.h"

/* A slow one, so that its levels are evaluated in parallel; a root, an exponential, and zero. */
static fc_status eval_three(void *context, unsigned worker, size_t n, const double *const *x,
                            double *const *y)
{
    (void)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        volatile double slow = 0;
        for (int k = 0; k < 300; k++) {
            slow = slow + sin(k * x[0][i]);
        }
        y[0][i] = 1 / sqrt(x[0][i]) + 0 * slow;
        y[1][i] = exp(40 * cos(60 * x[0][i]) - 40);
        y[2][i] = 0;
    }
    return FC_OK;
}

static double power(double x, double p)
{
    return pow(x, p);
}
static double far_power(double x, double p)
{
    return pow(3 - x, p);
}
static double far_logarithm(double x, double p)
{
    return log(3 - x) * pow(3 - x, p);
}
static double gauss(double x, double p)
{
    return exp(-(x - p) * (x - p));
}
static double essential(double x, double p)
{
    return exp(-p / x) / (x * x);
}
static double interior(double x, double p)
{
    return 1 / sqrt(fabs(x - p));
}
static double kink(double x, double p)
{
    return fabs(x - p);
}
static double undefined(double x, double p)
{
    return x > p ? NAN : 1;
}
static double wave(double x, double p)
{
    return sin(p * x) / x;
}
static double nothing(double x, double p)
{
    return 0 * x * p;
}

static fc_quad_result integrate(function *f, double p, double a, double b, double *value)
{
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_quad_result result;
    *value = NAN;
    CHECK(fc_tanhsinh(NULL, &integrand, &options, &in, value, &result) == FC_OK);
    return result;
}

static void check_value(function *f, double p, double a, double b, double exact)
{
    double value, back;
    fc_quad_result result = integrate(f, p, a, b, &value);
    CHECK(result.state == FC_QUAD_CONVERGED);
    CHECK(result.error <= 1e-10 * fabs(value));
    CHECK(fabs(value - exact) <= result.error);
    CHECK(result.n_eval > 0 && result.n_eval < 2000);
    integrate(f, p, b, a, &back);
    CHECK(back == -value);
}

static void test_values(void)
{
    check_value(power, 2, 0, 1, 1 / 3.);
    check_value(power, 2, -1, 2, 3);
    check_value(power, -0.5, 0, 1, 2);
    check_value(power, -0.5, 0, 1e300, 2e150);
    check_value(power, -0.99, 0, 2, 100 * pow(2, 0.01));
    check_value(power, -1.05, 1, INFINITY, 20);
    check_value(far_power, -0.5, 0, 3, 2 * sqrt(3));
    check_value(far_power, -0.95, 0, 3, 20 * pow(3, 0.05));
    check_value(far_logarithm, -0.5, 2, 3, -4);
    check_value(gauss, 1, -INFINITY, INFINITY, sqrt(acos(-1)));
    check_value(gauss, 0, -INFINITY, 0, sqrt(acos(-1)) / 2);
    check_value(gauss, -40, -50, INFINITY, sqrt(acos(-1)));
    check_value(essential, 0.5, 0, 1, 2 * exp(-0.5));
}

static void test_trouble(void)
{
    double value;
    CHECK(integrate(power, -1, 0, 1, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(power, -2, 0, 1, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(power, -1, 1, INFINITY, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(power, 0, 0, INFINITY, &value).state == FC_QUAD_DIVERGENT);
    CHECK(integrate(far_power, -1, 0, 3, &value).state == FC_QUAD_DIVERGENT);
    CHECK(isinf(integrate(far_power, -1.5, 0, 3, &value).error));
    CHECK(integrate(kink, 0.3, 0, 1, &value).state != FC_QUAD_CONVERGED);
    CHECK(fabs(value - 0.29) < 1e-6);
    CHECK(integrate(interior, 0.3, 0, 1, &value).state == FC_QUAD_LIMIT);
    CHECK(integrate(wave, 1, 1, INFINITY, &value).state == FC_QUAD_SINGULAR);
    /* Not a number beyond p, where the sum could have been continued. */
    for (double p = 0.05; p < 1; p += 0.09) {
        fc_quad_result result = integrate(undefined, p, 0, 1, &value);
        CHECK(result.state == FC_QUAD_NONFINITE && result.where > p && isinf(result.error));
    }
    fc_quad_result result = integrate(power, 2, 5, 5, &value);
    CHECK(result.state == FC_QUAD_CONVERGED && value == 0 && result.n_eval == 0);
    result = integrate(nothing, 1, -2, 7, &value);
    CHECK(result.state == FC_QUAD_CONVERGED && value == 0 && result.error == 0);
    /* Zero at all nodes: looked at more closely. */
    result = integrate(gauss, 700, -INFINITY, INFINITY, &value);
    CHECK(result.state == FC_QUAD_CONVERGED && fabs(value - sqrt(acos(-1))) < 1e-9);
    /* Too narrow for nodes to be told from the limits. */
    CHECK(integrate(power, 0, 1, nextafter(1, 2), &value).error > 0);
    CHECK(isfinite(integrate(power, 0, 0, 5e-324, &value).error));
}

static void test_points(void)
{
    function *f = interior;
    double a = 0, b = 2, p = 0.5, value, points[3] = {-1, 0.5, 1};
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_quad_options pointed = options;
    fc_quad_result result;
    pointed.points = points;
    pointed.n_points = 3;
    CHECK(fc_tanhsinh(NULL, &integrand, &pointed, &in, &value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_CONVERGED && result.n_panels == 3);
    CHECK(fabs(value - 2 * (sqrt(0.5) + sqrt(1.5))) <= result.error);
    pointed.limit = 1; /* no level after the first */
    f = kink;
    p = 0.3;
    CHECK(fc_tanhsinh(NULL, &integrand, &pointed, &in, &value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_LIMIT && result.n_eval < 500);
    a = -1e308;
    b = 1e308;
    f = power;
    p = 0;
    CHECK(fc_tanhsinh(NULL, &integrand, &options, &in, &value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_NONFINITE); /* beyond the greatest number */
    a = -0.8e308;
    b = 0.8e308;
    CHECK(fc_tanhsinh(NULL, &integrand, &options, &in, &value, &result) == FC_OK);
    CHECK(result.state == FC_QUAD_CONVERGED && fabs(value / 1.6e308 - 1) < 1e-10);
}

static void test_bad_arguments(void)
{
    function *f = power;
    double a = 0, b = 1, p = 1, value;
    fc_integrand integrand = {.eval = eval_function, .context = &f, .n_dim = 2, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    fc_weight weight = {.kind = FC_WEIGHT_COS, .c = 1};
    fc_quad_result result;
    fc_quad_options bad[4] = {options, options, options, options};
    bad[0].epsabs = -1;
    bad[1].epsrel = NAN;
    bad[2].limit = 0;
    bad[3].weight = &weight;
    for (int k = 0; k < 4; k++) {
        CHECK(fc_tanhsinh(NULL, &integrand, &bad[k], &in, &value, &result) == FC_ERR_INVALID);
    }
    b = NAN;
    CHECK(fc_tanhsinh(NULL, &integrand, &options, &in, &value, &result) == FC_ERR_INVALID);
}

/* Several outputs at once; many integrals; the same bits for every width. */
static void test_vector_and_batch(void)
{
    double a = 0, b = 1, value[3], first_value[3];
    fc_integrand three = {.eval = eval_three, .n_dim = 1, .n_out = 3};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    fc_quad_result result, first_result = {0};
    for (unsigned width = 1; width <= 3; width++) {
        CHECK(fc_tanhsinh(&(fc_run){.width = width}, &three, &options, &in, value, &result) ==
              FC_OK);
        CHECK(result.state == FC_QUAD_CONVERGED && result.n_eval > 1000);
        CHECK(fabs(value[0] - 2) <= result.error && value[2] == 0);
        if (width == 1) {
            memcpy(first_value, value, sizeof value);
            first_result = result;
        }
        CHECK(memcmp(value, first_value, sizeof value) == 0);
        CHECK(result.error == first_result.error && result.n_eval == first_result.n_eval);
    }

    double first[M];
    fc_quad_result first_results[M];
    check_widths(fc_tanhsinh, far_power, 3, -0.02, first, first_results);
    for (int k = 0; k < M; k++) {
        double exact = pow(3 - k % 3, 1 - 0.02 * k) / (1 - 0.02 * k);
        CHECK(fabs(first[k] - exact) <= first_results[k].error + 1e-15 * exact);
    }
}

int main(void)
{
    check_failures(fc_tanhsinh, power, (double[]){-0.3, -0.6}); /* first: grids are made once */
    test_values();
    test_trouble();
    test_points();
    test_bad_arguments();
    test_vector_and_batch();
    fc_pool_stop();
    return check_report();
}
