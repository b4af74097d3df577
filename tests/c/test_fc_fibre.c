/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_fibre.h"

#include <math.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_random.h"

typedef struct line {
    double at, slope; /* of the break, of the rest */
    double (*f)(const struct line *line, double x);
} line;

static double kink(const line *l, double x)
{
    return exp(-l->slope * fabs(x - l->at));
}

static double ramp(const line *l, double x)
{
    return x > l->at ? l->slope * (x - l->at) : 0;
}

static double jump(const line *l, double x)
{
    return x < l->at ? exp(l->slope * x) : 0;
}

static double box(const line *l, double x)
{
    return x >= l->at / 2 && x < l->at ? l->slope : 0;
}

static double wave(const line *l, double x)
{
    return cos(l->slope * (x - l->at));
}

static double noise(const line *l, double x)
{
    const double v = sin((x - l->at) * 1e6) * 1e4;
    return v - floor(v);
}

static double none(const line *l, double x)
{
    (void)l, (void)x;
    return 0;
}

static fc_status evaluate(void *context, size_t n, const unsigned *dims, const double *at,
                          double *values)
{
    const line *lines = context;
    for (size_t i = 0; i < n; i++) {
        CHECK(at[i] > 0 && at[i] < 1);
        values[i] = lines[dims[i]].f(&lines[dims[i]], at[i]);
    }
    return FC_OK;
}

static fc_status fail(void *context, size_t n, const unsigned *dims, const double *at,
                      double *values)
{
    (void)context, (void)n, (void)dims, (void)at, (void)values;
    return FC_ERR_CANCELLED;
}

/* How many of 400 lines have all their breaks found, and no other. */
static unsigned found(double (*f)(const line *, double), size_t samples, double tolerance)
{
    enum { n = 400 };
    static line lines[n];
    static fc_fibre fibres[n];
    double u[2 * n + 16];
    fc_random_uniform(5, 0, 0, 2 * n, u);
    for (unsigned i = 0; i < n; i++) {
        const double at = i % 10 == 0   ? (1 + i / 10 % 9) / 10.0 /* as people type them */
                          : i % 10 == 1 ? (1 + i / 10 % 15) / 16.0
                                        : 0.05 + 0.9 * u[i];
        lines[i] = (line){.at = at, .slope = 1 + 7 * u[n + i], .f = f};
        fibres[i].dim = i;
    }
    uint64_t n_eval = 7;
    CHECK(fc_fibre_search(evaluate, lines, fibres, n, samples, 100000, &n_eval) == FC_OK);
    CHECK(n_eval >= 7 + n * samples && n_eval <= 7 + 100000);
    unsigned n_found = 0;
    for (unsigned i = 0; i < n; i++) {
        const fc_fibre *b = &fibres[i];
        const double at = lines[i].at;
        if (f == box) {
            n_found += b->n_breaks == 2 && fabs(b->breaks[0] - at / 2) <= tolerance &&
                       fabs(b->breaks[1] - at) <= tolerance;
        } else if (f == kink || f == ramp || f == jump) {
            n_found += b->n_breaks == 1 && fabs(b->breaks[0] - at) <= tolerance;
        } else {
            n_found += b->n_breaks == 0;
        }
    }
    return n_found;
}

static void breaks_are_found(void)
{
    for (size_t samples = FC_FIBRE_LEAST_SAMPLES; samples <= FC_FIBRE_MOST_SAMPLES; samples *= 2) {
        CHECK(found(jump, samples, 0x1p-52) >= 396);
        CHECK(found(ramp, samples, 1e-12) == 400);
        CHECK(found(kink, samples, 1e-12) >= (samples == 16 ? 380 : 392));
        CHECK(found(wave, samples, 0) >= 396);
        CHECK(found(none, samples, 0) == 400);
    }
    CHECK(found(box, FC_FIBRE_MOST_SAMPLES, 0x1p-52) >= 320);
    (void)found(noise, 64, 0);
}

static void budgets_and_failures(void)
{
    line lines[2] = {{.at = 0.3, .slope = 2, .f = jump}, {.at = 0.6, .slope = 2, .f = jump}};
    fc_fibre fibres[2] = {{.dim = 0}, {.dim = 1}};
    uint64_t n_eval = 0; /* not enough to locate them */
    CHECK(fc_fibre_search(evaluate, lines, fibres, 2, 32, 90, &n_eval) == FC_OK);
    CHECK(n_eval <= 90 && fibres[0].n_breaks == 0 && fibres[1].n_breaks == 0);
    CHECK(fc_fibre_search(evaluate, lines, fibres, 0, 32, 90, &n_eval) == FC_OK);
    CHECK(fc_fibre_search(fail, NULL, fibres, 2, 32, 900, &n_eval) == FC_ERR_CANCELLED);
    fc_status status = FC_ERR_NOMEM;
    for (long k = 0; status != FC_OK && k < 10; k++) {
        fc_alloc_fail_after(k);
        status = fc_fibre_search(evaluate, lines, fibres, 2, 32, 900, &n_eval);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK && fibres[0].n_breaks == 1 && fibres[1].n_breaks == 1);
}

int main(void)
{
    breaks_are_found();
    budgets_and_failures();
    return check_report();
}
