/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_mc.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

static const double pi = 3.14159265358979323846;

/* A Gaussian of width .1 about .4 in each coordinate, and with it the sum of the coordinates. */
static fc_status peak(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)worker;
    const fc_integrand *f = context;
    for (size_t i = 0; i < n; i++) {
        double square = 0, sum = 0;
        for (unsigned d = 0; d < f->n_dim; d++) {
            double t = (x[d][i] - 0.4) / 0.1;
            square += t * t;
            sum += x[d][i];
        }
        y[0][i] = exp(-square);
        if (f->n_out > 1) {
            y[1][i] = sum;
        }
    }
    return FC_OK;
}

static double peak_exact(unsigned n_dim)
{
    return pow(0.1 * sqrt(pi) / 2 * (erf(4) + erf(6)), n_dim);
}

static fc_status bell(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)context, (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = exp(-x[0][i] * x[0][i] - fabs(x[1][i]));
    }
    return FC_OK;
}

static fc_status holes(void *context, unsigned worker, size_t n, const double *const *x,
                       double *const *y)
{
    (void)context, (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = sqrt(x[0][i] - 0.001);
    }
    return FC_OK;
}

static fc_status zero(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)context, (void)worker, (void)x;
    memset(y[0], 0, n * sizeof *y[0]);
    return FC_OK;
}

static const double zeros[50],
    ones[50] = {
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
        1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1,
};

static fc_mc_result integrate(const fc_integrand *f, fc_mc_options options, unsigned width,
                              double *integral, double *error)
{
    fc_run run = {.width = width};
    fc_domain domain = {.n_dim = f->n_dim, .lower = zeros, .upper = ones};
    fc_mc_result result = {.integral = integral, .error = error};
    CHECK(fc_mcquad(&run, f, &domain, &options, &result) == FC_OK);
    CHECK(result.n_eval <= options.n && result.n_eval >= options.n / 2);
    return result;
}

static void same_bits_for_any_width(void)
{
    for (unsigned d = 1; d <= 50; d += d < 4 ? 1 : 23) {
        for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
            fc_integrand f = {.eval = peak, .context = &f, .n_dim = d, .n_out = 2};
            fc_mc_options options = {
                .method = (fc_mc_method)method, .n = 30011, .seed = 5, .adapt = true};
            double first[4], again[4];
            fc_mc_result a = integrate(&f, options, 1, first, first + 2);
            static const unsigned widths[] = {2, 3, 7};
            for (int i = 0; i < 3; i++) {
                fc_mc_result b = integrate(&f, options, widths[i], again, again + 2);
                CHECK(memcmp(first, again, sizeof first) == 0);
                CHECK(a.n_eval == b.n_eval && a.outcome == b.outcome && a.chi2 == b.chi2);
            }
            options.seed = 6;
            integrate(&f, options, 2, again, again + 2);
            CHECK(d == 1 || again[0] != first[0]); /* one dimension: right to the last digit */
        }
    }
}

/* Pulls of 100 seeds: two standard errors cover 95.4 % (the count has a standard deviation of 2.1),
 * six all. Hundreds are drawn by tests/python/test_mcquad.py, thousands by
 * benchmarks/mc_profile.py. */
static void errors_are_honest(void)
{
    enum { seeds = SANITIZED ? 10 : 100 };
    for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
        fc_integrand f = {.eval = peak, .context = &f, .n_dim = 3, .n_out = 1};
        int within = 0;
        double worst = 0, square = 0, claimed = 0;
        for (unsigned seed = 0; seed < seeds; seed++) {
            fc_mc_options options = {
                .method = (fc_mc_method)method, .n = 20000, .seed = seed, .adapt = true};
            double integral, error;
            integrate(&f, options, 2, &integral, &error);
            double pull = fabs(integral - peak_exact(3)) / error;
            within += pull <= 2;
            worst = fmax(worst, pull);
            square += (integral - peak_exact(3)) * (integral - peak_exact(3)) / seeds;
            claimed += error * error / seeds;
        }
        printf("method %d: %.1f %% within 2, worst %.2f, rms %.2e, claimed %.2e\n", method,
               100.0 * within / seeds, worst, sqrt(square), sqrt(claimed));
        CHECK(worst < 6);
        CHECK(SANITIZED || (within >= 89 && claimed > 0.7 * square && claimed < 1.6 * square));
    }
}

static void few_points(void)
{
    for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
        for (uint64_t n = 2; n < 700; n += n < 70 ? 1 : 11) {
            fc_integrand f = {
                .eval = peak, .context = &f, .n_dim = 1 + (unsigned)n % 2, .n_out = 2};
            fc_mc_options options = {
                .method = (fc_mc_method)method, .n = n, .seed = n, .adapt = true};
            double integral[2], error[2];
            integrate(&f, options, 2, integral, error);
            CHECK(isfinite(integral[0]) && error[1] > 0);
        }
    }
}

static void infinite_range(void)
{
    const double lower[2] = {-INFINITY, 0}, upper[2] = {INFINITY, -INFINITY};
    fc_integrand f = {.eval = bell, .n_dim = 2, .n_out = 1};
    fc_domain domain = {.n_dim = 2, .lower = lower, .upper = upper};
    for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
        double integral, error;
        fc_mc_options options = {
            .method = (fc_mc_method)method, .n = 100000, .seed = 1, .adapt = true};
        fc_mc_result result = {.integral = &integral, .error = &error};
        CHECK(fc_mcquad(NULL, &f, &domain, &options, &result) == FC_OK);
        CHECK(result.outcome == FC_MC_TRUSTED && result.n_bad == 0);
        CHECK(fabs(integral + sqrt(pi)) < 6 * error && error < 0.02);
    }
}

static void what_must_not_be_trusted(void)
{
    double integral, error;
    fc_integrand f = {.eval = holes, .n_dim = 1, .n_out = 1};
    fc_integrand narrow = {.eval = peak, .context = &narrow, .n_dim = 9, .n_out = 1};
    fc_integrand nothing = {.eval = zero, .n_dim = 1, .n_out = 1};
    for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
        fc_mc_options options = {
            .method = (fc_mc_method)method, .n = 20000, .seed = 1, .adapt = true};
        fc_mc_result result = integrate(&f, options, 2, &integral, &error);
        CHECK(result.outcome == FC_MC_NONFINITE && isinf(error) && result.n_bad > 0);
        CHECK(integrate(&nothing, options, 2, &integral, &error).outcome == FC_MC_ZERO);
    }
    fc_mc_options options = {.method = FC_MC_PLAIN, .n = 3000, .seed = 1};
    CHECK(integrate(&narrow, options, 2, &integral, &error).outcome == FC_MC_DOMINATED);
}

static void failures(void)
{
    double integral[2], error[2];
    fc_integrand f = {.eval = peak, .context = &f, .n_dim = 3, .n_out = 2};
    fc_domain domain = {.n_dim = 3, .lower = zeros, .upper = ones};
    fc_mc_result result = {.integral = integral, .error = error};
    fc_mc_options options = {.n = 1};
    CHECK(fc_mcquad(NULL, &f, &domain, &options, &result) == FC_ERR_INVALID);
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    fc_run run = {.cancel = &cancel};
    options.n = 1000;
    CHECK(fc_mcquad(&run, &f, &domain, &options, &result) == FC_ERR_CANCELLED);
    run = (fc_run){.width = 1};
    for (int method = FC_MC_PLAIN; method <= FC_MC_VEGAS; method++) {
        options = (fc_mc_options){.method = (fc_mc_method)method, .n = 20000, .adapt = true};
        fc_status status = FC_ERR_NOMEM;
        for (long fail = 0; status != FC_OK && fail < 200; fail++) {
            fc_alloc_fail_after(fail);
            status = fc_mcquad(&run, &f, &domain, &options, &result);
            CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        }
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK);
    }
    CHECK(fabs(fc_student_factor(15) - 2.18123 / 2) < 1e-3 && fc_student_factor(1000) < 1.002);
}

int main(void)
{
    same_bits_for_any_width();
    errors_are_honest();
    few_points();
    infinite_range();
    what_must_not_be_trusted();
    failures();
    return check_report();
}
