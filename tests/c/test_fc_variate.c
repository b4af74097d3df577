/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_variate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_random.h"

typedef double function(const fc_points *points, size_t i);

static double of_sum(const fc_points *points, size_t i)
{
    double sum = 0;
    for (unsigned d = 0; d < points->n_dim; d++) {
        sum += points->x[d][i] / (d + 1);
    }
    return sum;
}

static double exponential(const fc_points *points, size_t i) /* rank 1 */
{
    return exp(-of_sum(points, i));
}

static double wave(const fc_points *points, size_t i) /* rank 2 */
{
    return cos(1 + 2 * of_sum(points, i));
}

static double additive(const fc_points *points, size_t i) /* rank 2 */
{
    double sum = 0;
    for (unsigned d = 0; d < points->n_dim; d++) {
        sum += points->x[d][i] * points->x[d][i];
    }
    return sum;
}

static double pole(const fc_points *points, size_t i)
{
    return 1 / (1 + of_sum(points, i));
}

static double one(const fc_points *points, size_t i)
{
    (void)points, (void)i;
    return 1;
}

/* Independent points: what no function has in common. */
static double noise(const fc_points *points, size_t i)
{
    double v = points->x[0][i] * 1e9;
    return v - floor(v) - 0.5;
}

/* Weighted points: densities 1/2 and 3/2 on the halves of the first coordinate. */
static fc_points *make(unsigned n_dim, size_t n, function *f, bool weighted)
{
    fc_points *points;
    CHECK(fc_points_create(n_dim, 1, n, &points) == FC_OK);
    points->n = points->capacity;
    for (unsigned d = 0; d < n_dim; d++) {
        fc_random_uniform(7, d, 0, points->n, points->x[d]);
    }
    for (size_t i = 0; i < points->n; i++) {
        const double u = points->x[0][i];
        points->weight[i] = !weighted ? 1 : u < 0.25 ? 2 : 2.0 / 3;
        if (weighted) {
            points->x[0][i] = u < 0.25 ? 2 * u : 0.5 + (u - 0.25) * 2 / 3;
        }
    }
    for (size_t i = 0; i < points->n; i++) {
        points->y[0][i] = f(points, i);
    }
    return points;
}

static fc_variate *fit(const fc_points *points, unsigned width, double effort)
{
    fc_run run = {.width = width};
    fc_variate *h;
    CHECK(fc_variate_fit(&run, points, 0, effort, &h) == FC_OK);
    return h;
}

static void functions_of_low_rank_are_found(void)
{
    static const struct {
        function *f;
        unsigned rank;
        double most;
    } cases[] = {{exponential, 2, 2e-6}, {wave, 2, 1e-4}, {additive, 2, 1e-5}, {pole, 3, 1e-2}};
    for (unsigned n_dim = 1; n_dim <= 12; n_dim = n_dim < 3 ? n_dim + 1 : 4 * n_dim) {
        for (unsigned k = 0; k < 4; k++) {
            for (int weighted = 0; weighted < 2; weighted++) {
                fc_points *points = make(n_dim, 6000, cases[k].f, weighted != 0);
                fc_variate *h = fit(points, 2, 1e9);
                CHECK(h != NULL);
                if (h != NULL) {
                    CHECK(h->residual < cases[k].most && h->rank <= cases[k].rank);
                    CHECK(h->n_dim == n_dim && h->cores[0].left == 1);
                    CHECK(h->cores[n_dim - 1].right == 1);
                }
                fc_free(h);
                fc_points_destroy(points);
            }
        }
    }
}

/* Mean and H against a midpoint rule of the variate itself. */
static void the_integral_is_known(void)
{
    enum { side = 200, n = side * side };
    fc_points *points = make(2, 3000, wave, false);
    fc_variate *h = fit(points, 1, 1e9);
    double *x = fc_malloc_aligned(FC_CACHE_LINE, 3 * n, sizeof *x), *ones = x + 2 * n;
    const double *rows[] = {x, x + n};
    for (size_t i = 0; i < n; i++) {
        x[i] = ((double)(i / side) + 0.5) / side;
        x[n + i] = ((double)(i % side) + 0.5) / side;
        ones[i] = 1;
    }
    CHECK(fabs(fc_variate_mean(h, rows, NULL, n)) < 1e-4);
    CHECK(fabs(h->integral - ((cos(1) - cos(3) - cos(2) + cos(4)) / -2)) < 1e-4);
    CHECK(fc_variate_mean(h, rows, ones, n) == fc_variate_mean(h, rows, NULL, n));
    double whole = fc_variate_mean(h, rows, NULL, 100), parts = 0;
    for (size_t i = 0; i < 100; i += 16) { /* aligned, and short at the end */
        const double *part[] = {x + i, x + n + i};
        const size_t m = 100 - i < 16 ? 100 - i : 16;
        parts += (fc_variate_mean(h, part, NULL, m) + h->integral) * (double)m;
    }
    CHECK(fabs(whole - (parts / 100 - h->integral)) < 1e-14);
    fc_free(x);
    fc_free(h);
    fc_points_destroy(points);
}

static void same_bits(void)
{
    fc_points *points = make(6, 8192, pole, true);
    fc_variate *first = NULL;
    for (unsigned width = 1; width <= 4; width++) {
        fc_variate *h = fit(points, width, 1e9);
        const size_t size = sizeof *h + 6 * sizeof h->cores[0];
        CHECK(h != NULL && (first == NULL || memcmp(first, h, size) == 0));
        if (first == NULL) {
            first = h;
        } else {
            fc_free(h);
        }
    }
    fc_free(first);
    fc_points_destroy(points);
}

static void nothing_to_be_gained(void)
{
    fc_points *points = make(3, 2000, noise, false);
    CHECK(fit(points, 1, 1e9) == NULL);
    fc_points_destroy(points);
    points = make(3, 2000, one, false);
    CHECK(fit(points, 1, 1e9) == NULL);
    fc_points_destroy(points);
    points = make(3, 2000, wave, false);
    CHECK(fit(points, 1, 10) == NULL); /* too little effort */
    points->y[0][5] = NAN;
    CHECK(fit(points, 1, 1e9) == NULL);
    points->n = 0;
    CHECK(fit(points, 1, 1e9) == NULL);
    fc_points_destroy(points);
    points = make(FC_VARIATE_MAX_DIM + 1, 2000, exponential, false);
    CHECK(fit(points, 1, 1e9) == NULL);
    fc_points_destroy(points);
    points = make(20, 128, exponential, false); /* fewer points than coefficients */
    CHECK(fit(points, 1, 1e9) == NULL);
    fc_points_destroy(points);
}

static void failures(void)
{
    fc_points *points = NULL;
    fc_status status = FC_ERR_NOMEM;
    for (long fail = 0; status != FC_OK && fail < 50; fail++) {
        fc_alloc_fail_after(fail);
        status = fc_points_create(3, 1, 100, &points);
        CHECK(status == FC_OK ? points->capacity == 128 : points == NULL);
    }
    fc_alloc_fail_after(-1);
    fc_points_destroy(points);
    fc_points_destroy(NULL);
    points = make(3, 2000, wave, false);
    status = FC_ERR_NOMEM;
    fc_variate *h = NULL;
    fc_run run = {.width = 1};
    for (long fail = 0; status != FC_OK && fail < 50; fail++) {
        fc_alloc_fail_after(fail);
        status = fc_variate_fit(&run, points, 0, 1e9, &h);
        CHECK(status == FC_OK || (status == FC_ERR_NOMEM && h == NULL));
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK && h != NULL);
    fc_free(h);
    fc_points_destroy(points);
    points = make(8, 8192, wave, false);
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    run = (fc_run){.width = 2, .cancel = &cancel};
    CHECK(fc_variate_fit(&run, points, 0, 1e9, &h) == FC_ERR_CANCELLED && h == NULL);
    fc_points_destroy(points);
}

int main(void)
{
    functions_of_low_rank_are_found();
    the_integral_is_known();
    same_bits();
    nothing_to_be_gained();
    failures();
    return check_report();
}
