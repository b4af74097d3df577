/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sampled integrals; contract in fc_samples.h. A row's terms (one an interval, or one a pair of
 * intervals) are cut into blocks; each block's sum is an item of work. */
#include "fc_samples.h"

#include "fc_alloc.h"
#include "fc_rules.h"

#define BLOCK 2048 /* terms: what a worker sums at once, on its stack */

typedef struct work {
    const fc_samples *in;
    fc_samples_rule rule;
    size_t n_terms, n_blocks; /* of a row */
    double *partial;          /* [m][n_blocks] */
} work;

/* a / b, or 0 where the abscissae coincide. */
static double quotient(double a, double b)
{
    return b != 0 ? a / b : 0;
}

static double trapezoid_term(const double *y, const double *x)
{
    return 0.5 * (x[1] - x[0]) * (y[0] + y[1]);
}

/* The parabola through three points, over both intervals. */
static double simpson_term(const double *y, const double *x)
{
    double h0 = x[1] - x[0], h1 = x[2] - x[1], h = h0 + h1;
    double left = 2 - quotient(h1, h0), right = 2 - quotient(h0, h1);
    return h / 6 * (y[0] * left + y[1] * (h * quotient(h, h0 * h1)) + y[2] * right);
}

/* The parabola through the last three points, over the last interval. */
static double last_term(const double *y, double h0, double h1)
{
    double a = quotient(2 * h1 * h1 + 3 * h0 * h1, 6 * (h0 + h1));
    double b = quotient(h1 * h1 + 3 * h0 * h1, 6 * h0);
    double c = quotient(h1 * h1 * h1, 6 * h0 * (h0 + h1));
    return a * y[2] + b * y[1] - c * y[0];
}

static fc_status run_blocks(void *context, size_t begin, size_t end, unsigned worker)
{
    const work *w = context;
    const fc_samples *in = w->in;
    double terms[BLOCK];
    (void)worker;
    for (size_t item = begin; item < end; item++) {
        size_t row = item / w->n_blocks, first = item % w->n_blocks * BLOCK;
        size_t count = w->n_terms - first < BLOCK ? w->n_terms - first : BLOCK;
        size_t step = w->rule == FC_SAMPLES_SIMPSON ? 2 : 1;
        const double *y = in->y + row * in->n + first * step;
        const double *x =
            in->x == NULL ? NULL : in->x + (in->own_x ? row * in->n : 0) + first * step;
        for (size_t i = 0; i < count; i++) {
            const double *v = y + i * step;
            if (step == 1) {
                terms[i] = x != NULL ? trapezoid_term(v, x + i) : 0.5 * (v[0] + v[1]);
            } else {
                terms[i] = x != NULL ? simpson_term(v, x + 2 * i) : (v[0] + 4 * v[1] + v[2]) / 3;
            }
        }
        w->partial[item] = fc_sum_pairwise(terms, count);
    }
    return FC_OK;
}

/* What Simpson's pairs leave over of an even number of samples. */
static double rest_of(const fc_samples *in, size_t row)
{
    const double *y = in->y + row * in->n + in->n - 1;
    const double *x = in->x == NULL ? NULL : in->x + (in->own_x ? row * in->n : 0) + in->n - 1;
    double h1 = x != NULL ? x[0] - x[-1] : 1;
    if (in->n == 2) {
        return 0.5 * h1 * (y[-1] + y[0]);
    }
    return last_term(y - 2, x != NULL ? x[-1] - x[-2] : 1, h1);
}

fc_status fc_integrate_samples(const fc_run *run, fc_samples_rule rule, const fc_samples *in,
                               double *out)
{
    fc_run local = run != NULL ? *run : (fc_run){0};
    work w = {.in = in, .rule = rule};
    size_t n_items;
    w.n_terms = in->n < 2 ? 0 : rule == FC_SAMPLES_SIMPSON ? (in->n - 1) / 2 : in->n - 1;
    w.n_blocks = (w.n_terms + BLOCK - 1) / BLOCK;
    if (!fc_size_mul(in->m, w.n_blocks, &n_items)) {
        return FC_ERR_NOMEM;
    }
    w.partial = fc_malloc(n_items, sizeof *w.partial);
    if (w.partial == NULL) {
        return FC_ERR_NOMEM;
    }
    /* So few items a turn that short rows, of which there may be many, are not one task each. */
    size_t terms = w.n_terms < BLOCK ? w.n_terms : BLOCK;
    fc_status status =
        fc_pool_for(&local, run_blocks, &w, n_items, terms > 0 ? 4 * BLOCK / terms : 1);
    for (size_t row = 0; row < in->m && status == FC_OK; row++) {
        fc_sum total = {0, 0};
        for (size_t b = 0; b < w.n_blocks; b++) {
            fc_sum_add(&total, w.partial[row * w.n_blocks + b]);
        }
        if (rule == FC_SAMPLES_SIMPSON && in->n > 0 && in->n % 2 == 0) {
            fc_sum_add(&total, rest_of(in, row));
        }
        out[row] = fc_sum_value(&total) * (in->x == NULL ? in->dx : 1);
    }
    fc_free(w.partial);
    return status;
}
