/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_weight.h"

#include <math.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_quad.h"

/* f(x) = p + x and 1, two outputs. */
static fc_status eval_line(void *context, unsigned worker, size_t n, const double *const *x,
                           double *const *y)
{
    (void)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = x[1][i] + x[0][i];
        y[1][i] = 1;
    }
    return FC_OK;
}

static const fc_integrand line = {.eval = eval_line, .n_dim = 2, .n_out = 2};

static fc_status integrate(const fc_weight *weight, double a, double b, const double *points,
                           size_t n_points, double *values, fc_quad_result *result)
{
    double p = 2;
    fc_quad_options options = {.epsrel = 1e-10,
                               .limit = 2000,
                               .density = 48,
                               .points = points,
                               .n_points = n_points,
                               .weight = weight};
    fc_integrals in = {.m = 1, .a = &a, .b = &b, .params = &p, .n_params = 1};
    return fc_quad(&(fc_run){.width = 2}, &line, &options, &in, values, result);
}

static void check_integral(const fc_weight *weight, double a, double b, double first, double second)
{
    static const double points[] = {0.1, 0.25, 0.5, 0.75};
    for (size_t n = 0; n <= 4; n++) {
        double values[2];
        fc_quad_result result;
        CHECK(integrate(weight, a, b, points, n, values, &result) == FC_OK);
        CHECK(result.state == FC_QUAD_CONVERGED);
        CHECK(hypot(values[0] - first, values[1] - second) <= result.error + 1e-14);
    }
}

static void test_values(void)
{
    const double pi = acos(-1);
    fc_weight cauchy = {.kind = FC_WEIGHT_CAUCHY, .c = 0.25};
    check_integral(&cauchy, 0, 1, 1 + 2.25 * log(3), log(3));
    check_integral(&cauchy, 1, 0, -1 - 2.25 * log(3), -log(3));
    check_integral(&cauchy, 0.5, 1, 0.5 + 2.25 * log(3), log(3));
    fc_weight root = {.kind = FC_WEIGHT_ALG, .alpha = -0.5, .beta = -0.5};
    check_integral(&root, 0, 1, 2.5 * pi, pi);
    check_integral(&root, -1, 1, 2 * pi, pi);
    fc_weight steep = {.kind = FC_WEIGHT_ALG, .alpha = -0.99, .log_a = true};
    check_integral(&steep, 0, 1, -20000 - 1 / (1.01 * 1.01), -10000);
    fc_weight logarithm = {.kind = FC_WEIGHT_ALG, .log_a = true};
    check_integral(&logarithm, 0, 1, -2.25, -1);
    fc_weight wave = {.kind = FC_WEIGHT_COS, .c = pi};
    check_integral(&wave, 0, 1, -2 / (pi * pi), 0);
    wave.kind = FC_WEIGHT_SIN;
    check_integral(&wave, 0, 1, 5 / pi, 2 / pi);
}

/* Break points become distances: ascending, different, inside. */
static void test_range(void)
{
    fc_weight cauchy = {.kind = FC_WEIGHT_CAUCHY, .c = 2};
    fc_weighted weighted;
    CHECK(fc_weighted_init(&weighted, &line, &cauchy, 1, 16) == FC_OK);
    double a = 0, b = 5, points[5 + FC_WEIGHT_POINTS] = {0.5, 1, 1.5, 2, 3};
    CHECK(fc_weighted_set_range(&weighted, &a, &b, points, 5) == 4);
    CHECK(a == 0 && b == 3);
    CHECK(points[0] == 0.5 && points[1] == 1 && points[2] == 1.5 && points[3] == 2);
    CHECK(fc_weighted_origin(&weighted, 0) == 2 && isnan(fc_weighted_origin(&weighted, 1)));
    a = 3, b = 4;
    CHECK(fc_weighted_set_range(&weighted, &a, &b, points, 0) == 0);
    CHECK(a == 3 && b == 4 && fc_weighted_origin(&weighted, 3.5) == 3.5);
    fc_weighted_clear(&weighted);
    /* Of powers near to -1 most of the variable is next to the end: f is seen further off as well.
     */
    fc_weight steep = {.kind = FC_WEIGHT_ALG, .alpha = -0.99, .beta = -0.99};
    CHECK(fc_weighted_init(&weighted, &line, &steep, 1, 16) == FC_OK);
    a = 0, b = 2, points[0] = 0.5, points[1] = 1, points[2] = 1.5;
    size_t n = fc_weighted_set_range(&weighted, &a, &b, points, 3);
    CHECK(n >= 8 && n < 5 + FC_WEIGHT_POINTS && a == 0 && b == 1);
    for (size_t i = 0; i < n; i++) {
        CHECK(points[i] > (i > 0 ? points[i - 1] : 0) && points[i] < b);
    }
    fc_weighted_clear(&weighted);
    fc_weighted_clear(&weighted);
}

static void test_memory_failures(void)
{
    fc_weight root = {.kind = FC_WEIGHT_ALG, .alpha = -0.5, .beta = -0.5};
    double values[2];
    fc_quad_result result;
    fc_status status = FC_ERR_NOMEM;
    for (long allowed = 0; status != FC_OK && allowed < 200; allowed++) {
        fc_alloc_fail_after(allowed);
        status = integrate(&root, 0, 1, NULL, 0, values, &result);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        fc_alloc_fail_after(-1);
    }
    CHECK(status == FC_OK);
}

int main(void)
{
    test_values();
    test_range();
    test_memory_failures();
    return check_report();
}
