/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_rules.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

static fc_status eval_power(void *context, unsigned worker, size_t n, const double *const *x,
                            double *const *y)
{
    int p = *(int *)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = 1;
        for (int k = 0; k < p; k++) {
            y[0][i] *= x[0][i];
        }
    }
    return FC_OK;
}

static fc_status eval_wave(void *context, unsigned worker, size_t n, const double *const *x,
                           double *const *y)
{
    (void)context;
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = sin(x[1][i] * x[0][i]);
        y[1][i] = cos(x[1][i] * x[0][i]);
    }
    return FC_OK;
}

static fc_status eval_fails(void *context, unsigned worker, size_t n, const double *const *x,
                            double *const *y)
{
    (void)context;
    (void)worker;
    (void)n;
    y[0][0] = x[0][0];
    return FC_ERR_CALLBACK;
}

static double power_integral(int p, fc_rule rule, unsigned order, uint64_t n, double a, double b)
{
    fc_integrand f = {.eval = eval_power, .context = &p, .n_dim = 1, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    double out = NAN;
    CHECK(fc_integrate(NULL, &f, rule, order, n, &in, &out) == FC_OK);
    return out;
}

/* Each rule is exact up to its degree and no further. */
static void test_degrees(void)
{
    static const struct {
        fc_rule rule;
        unsigned order;
        int degree;
    } rules[] = {{FC_RULE_LEFT, 0, 0},      {FC_RULE_RIGHT, 0, 0},   {FC_RULE_MIDPOINT, 0, 1},
                 {FC_RULE_TRAPEZOID, 0, 1}, {FC_RULE_SIMPSON, 0, 3}, {FC_RULE_BOOLE, 0, 5},
                 {FC_RULE_GAUSS, 1, 1},     {FC_RULE_GAUSS, 2, 3},   {FC_RULE_GAUSS, 5, 9}};
    static const uint64_t counts[] = {1, 2, 3, 7, 100, 4097};
    for (size_t r = 0; r < sizeof rules / sizeof *rules; r++) {
        for (int p = 0; p <= rules[r].degree; p++) {
            for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
                double got = power_integral(p, rules[r].rule, rules[r].order, counts[k], -1, 3);
                double want = (pow(3, p + 1) - pow(-1, p + 1)) / (p + 1);
                CHECK(fabs(got - want) <= 1e-14 * pow(3, p + 1));
                double back = power_integral(p, rules[r].rule, rules[r].order, counts[k], 3, -1);
                CHECK(fabs(got + back) <= 1e-14 * pow(3, p + 1));
            }
        }
        int p = rules[r].degree + 1;
        double want = (pow(3, p + 1) - pow(-1, p + 1)) / (p + 1);
        CHECK(fabs(power_integral(p, rules[r].rule, rules[r].order, 2, -1, 3) - want) >
              1e-9 * want);
    }
}

/* The left sum of x^2 over n panels of [0, 10] is known in closed form. */
static void test_left_sum(void)
{
    static const uint64_t counts[] = {1, 2, 3, 1000, 4095, 4096, 4097, 65536, 1000003};
    for (size_t k = 0; k < sizeof counts / sizeof *counts; k++) {
        long double n = (long double)counts[k];
        double want = (double)(1000 * (n - 1) * (2 * n - 1) / (6 * n * n));
        CHECK(fabs(power_integral(2, FC_RULE_LEFT, 0, counts[k], 0, 10) - want) <= 1e-14 * want);
    }
}

static void test_gauss_legendre(void)
{
    double x[1000], w[1000];
    CHECK(fc_gauss_legendre(0, x, w) == FC_ERR_INVALID);
    CHECK(fc_gauss_legendre(FC_MAX_GAUSS_ORDER + 1, x, w) == FC_ERR_INVALID);
    CHECK(fc_gauss_legendre(2, x, w) == FC_OK);
    CHECK(fabs(x[1] - 0.57735026918962576451) < 2e-16 && x[0] == -x[1] && w[0] == 1 && w[1] == 1);
    CHECK(fc_gauss_legendre(3, x, w) == FC_OK);
    CHECK(x[1] == 0 && fabs(w[1] - 8 / 9.) < 2e-16 && fabs(x[2] - 0.77459666924148337704) < 2e-16);
    for (unsigned order = 1; order <= 1000; order += order < 20 ? 1 : 97) {
        CHECK(fc_gauss_legendre(order, x, w) == FC_OK);
        CHECK(fabs(fc_sum_pairwise(w, order) - 2) < 2e-15);
        for (unsigned i = 1; i < order; i++) {
            CHECK(x[i] > x[i - 1] && w[i] > 0);
        }
    }
}

/* Parameters, two outputs, an empty range, and the same bits for any width. */
static void test_batch(void)
{
    fc_integrand f = {.eval = eval_wave, .n_dim = 2, .n_out = 2};
    double a[] = {0, 0, 1, 2, -1}, b[] = {1, 3, 0, 2, 1}, p[] = {1, 2, 3, 4, 5}, first[10], out[10];
    fc_integrals in = {.m = 5, .a = a, .b = b, .params = p, .n_params = 1};
    for (unsigned width = 1; width <= 7; width++) {
        fc_run run = {.width = width};
        CHECK(fc_integrate(&run, &f, FC_RULE_SIMPSON, 0, 100001, &in, width == 1 ? first : out) ==
              FC_OK);
        CHECK(width == 1 || memcmp(first, out, sizeof out) == 0);
    }
    for (int k = 0; k < 5; k++) {
        CHECK(fabs(first[2 * k] - (cos(p[k] * a[k]) - cos(p[k] * b[k])) / p[k]) < 1e-14);
        CHECK(fabs(first[2 * k + 1] - (sin(p[k] * b[k]) - sin(p[k] * a[k])) / p[k]) < 1e-14);
    }
    CHECK(first[6] == 0 && first[7] == 0);
}

static void test_failures(void)
{
    int p = 1;
    double a = 0, b = 1, out = 0;
    fc_integrand f = {.eval = eval_power, .context = &p, .n_dim = 1, .n_out = 1};
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    CHECK(fc_integrate(NULL, &f, FC_RULE_LEFT, 0, 0, &in, &out) == FC_ERR_INVALID);
    CHECK(fc_integrate(NULL, &f, (fc_rule)99, 0, 1, &in, &out) == FC_ERR_INVALID);
    CHECK(fc_integrate(NULL, &f, FC_RULE_GAUSS, 0, 1, &in, &out) == FC_ERR_INVALID);
    f.eval = eval_fails;
    CHECK(fc_integrate(NULL, &f, FC_RULE_LEFT, 0, 10, &in, &out) == FC_ERR_CALLBACK);
    f.eval = eval_power;
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    CHECK(fc_integrate(&(fc_run){.cancel = &cancel}, &f, FC_RULE_LEFT, 0, 10, &in, &out) ==
          FC_ERR_CANCELLED);
    fc_status status = FC_ERR_NOMEM;
    for (long allowed = 0; status != FC_OK && allowed < 100; allowed++) {
        fc_alloc_fail_after(allowed);
        status = fc_integrate(&(fc_run){.width = 2}, &f, FC_RULE_GAUSS, 5, 100000, &in, &out);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK && fabs(out - 0.5) < 1e-15);
}

int main(void)
{
    test_degrees();
    test_left_sum();
    test_gauss_legendre();
    test_batch();
    test_failures();
    return check_report();
}
