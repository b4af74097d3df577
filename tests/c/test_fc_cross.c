/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cross.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_random.h"

typedef double function(const double *x, unsigned n_dim);

static double of_sum(const double *x, unsigned n_dim)
{
    double sum = 0;
    for (unsigned d = 0; d < n_dim; d++) {
        sum += x[d] / (d + 1);
    }
    return sum;
}

static double exponential(const double *x, unsigned n_dim) /* rank 1 */
{
    return exp(-of_sum(x, n_dim));
}

static double wave(const double *x, unsigned n_dim) /* rank 2 */
{
    return cos(1 + 2 * of_sum(x, n_dim));
}

static double additive(const double *x, unsigned n_dim) /* rank 2 */
{
    double sum = 0;
    for (unsigned d = 0; d < n_dim; d++) {
        sum += x[d] * x[d];
    }
    return sum;
}

static double pole(const double *x, unsigned n_dim)
{
    return 1 / (1 + of_sum(x, n_dim));
}

static double kinked(const double *x, unsigned n_dim) /* rank 1, in pieces */
{
    double sum = 0;
    for (unsigned d = 0; d < n_dim; d++) {
        sum += 3 * fabs(x[d] - 0.3 - 0.4 * d / n_dim);
    }
    return exp(-sum);
}

static double cornered(const double *x, unsigned n_dim) /* the same, most of it 0 */
{
    return x[0] > 0.3 || x[n_dim - 1] < 0.2 ? 0 : exp(2 * of_sum(x, n_dim));
}

static double slanting(const double *x, unsigned n_dim) /* hardly */
{
    return x[0] + 1e-7 * x[n_dim - 1] < 0.4 ? 1 : 0;
}

static double one(const double *x, unsigned n_dim)
{
    (void)x, (void)n_dim;
    return 1;
}

/* Nonzero at few points. */
static double slit(const double *x, unsigned n_dim)
{
    (void)n_dim;
    return fabs(x[0] - x[1]) < 1e-3 ? 1 : 0;
}

static double noise(const double *x, unsigned n_dim)
{
    const double v = of_sum(x, n_dim) * 1e9;
    return v - floor(v) - 0.5;
}

static double huge(const double *x, unsigned n_dim)
{
    return 1e308 * exponential(x, n_dim);
}

typedef struct subject {
    function *f;
    unsigned n_dim;
} subject;

static fc_status evaluate(void *context, unsigned worker, size_t n, const double *const *x,
                          double *const *y)
{
    (void)worker;
    subject *s = context;
    for (size_t i = 0; i < n; i++) {
        double point[FC_VARIATE_MAX_DIM + 1];
        for (unsigned d = 0; d < s->n_dim; d++) {
            point[d] = x[d][i];
            CHECK(point[d] > 0 && point[d] < 1);
        }
        y[0][i] = s->f(point, s->n_dim);
    }
    return FC_OK;
}

/* Weighted points: densities 1/2 and 3/2 on the halves of the first coordinate. */
static fc_points *make(function *f, unsigned n_dim, size_t n, bool weighted)
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
        double point[FC_VARIATE_MAX_DIM + 1];
        for (unsigned d = 0; d < n_dim; d++) {
            point[d] = points->x[d][i];
        }
        points->y[0][i] = f(point, n_dim);
    }
    return points;
}

static fc_status fit_status(function *f, const fc_points *points, const fc_run *run,
                            uint64_t budget, uint64_t *n_eval, fc_variate **h)
{
    double zeros[FC_VARIATE_MAX_DIM + 1] = {0}, ones[FC_VARIATE_MAX_DIM + 1];
    for (unsigned d = 0; d <= FC_VARIATE_MAX_DIM; d++) {
        ones[d] = 1;
    }
    subject s = {.f = f, .n_dim = points->n_dim};
    const fc_integrand integrand = {
        .eval = evaluate, .context = &s, .n_dim = points->n_dim, .n_out = 1};
    const fc_domain domain = {.n_dim = points->n_dim, .lower = zeros, .upper = ones};
    fc_sampler *sampler = fc_malloc(1, sizeof *sampler);
    if (sampler == NULL) {
        *h = NULL;
        return FC_ERR_NOMEM;
    }
    fc_sampler_init(sampler, run, &integrand, &domain);
    const fc_status status = fc_cross_fit(sampler, points, 0, budget, n_eval, h);
    fc_sampler_release(sampler);
    fc_free(sampler);
    return status;
}

static fc_variate *fit(function *f, const fc_points *points, unsigned width, uint64_t budget)
{
    const fc_run run = {.width = width};
    fc_variate *h;
    uint64_t n_eval = 0;
    CHECK(fit_status(f, points, &run, budget, &n_eval, &h) == FC_OK);
    CHECK(n_eval <= budget);
    return h;
}

static void functions_of_low_rank_are_found(void)
{
    static const struct {
        function *f;
        unsigned rank;
        double most;
    } cases[] = {{exponential, 1, 1e-20}, {wave, 2, 1e-16}, {additive, 2, 1e-20}, {pole, 8, 1e-6}};
    for (unsigned n_dim = 1; n_dim <= 12; n_dim = n_dim < 3 ? n_dim + 1 : 4 * n_dim) {
        for (unsigned k = 0; k < 4; k++) {
            for (int weighted = 0; weighted < 2; weighted++) {
                fc_points *points = make(cases[k].f, n_dim, 1000, weighted != 0);
                fc_variate *h = fit(cases[k].f, points, 2, 4000);
                CHECK(h != NULL);
                if (h != NULL) {
                    CHECK(h->residual < cases[k].most && h->rank <= cases[k].rank);
                    CHECK(h->n_dim == n_dim && h->cores[0].left == 1);
                    CHECK(h->cores[n_dim - 1].right == 1);
                }
                if (h != NULL && n_dim == 2 && cases[k].f == wave) {
                    CHECK(fabs(h->integral - ((cos(1) - cos(3) - cos(2) + cos(4)) / -2)) < 1e-12);
                }
                fc_free(h);
                fc_points_destroy(points);
            }
        }
    }
}

static void breaks_across_the_axes_are_found(void)
{
    function *const broken[] = {kinked, cornered};
    for (unsigned n_dim = 2; n_dim <= 8; n_dim *= 2) {
        for (unsigned k = 0; k < 2; k++) {
            fc_points *points = make(broken[k], n_dim, 1000, k == 1);
            fc_variate *h = fit(broken[k], points, 2, 3000);
            CHECK(h != NULL && h->residual < 1e-9);
            CHECK(h != NULL && h->cores[0].n_pieces == 2 && h->cores[n_dim - 1].n_pieces == 2);
            CHECK(h != NULL && fabs(h->cores[0].edges[1] - 0.3) < 1e-12);
            fc_free(h);
            fc_points_destroy(points);
        }
    }
    /* What points would not meet and the integral would miss. */
    fc_points *points = make(slanting, 2, 1000, false);
    CHECK(fit(slanting, points, 1, 3000) == NULL);
    fc_points_destroy(points);
}

/* More evaluations, more digits. */
static void residuals_fall(void)
{
    fc_points *points = make(pole, 5, 1000, false);
    double last = 1;
    for (uint64_t budget = 500; budget <= 8000; budget *= 4) {
        fc_variate *h = fit(pole, points, 1, budget);
        CHECK(h != NULL && h->residual < 1e-3 * last);
        last = h->residual;
        fc_free(h);
    }
    fc_points_destroy(points);
}

static void same_bits(void)
{
    fc_points *points = make(pole, 6, 1024, true);
    fc_variate *first = NULL;
    for (unsigned width = 1; width <= 4; width++) {
        fc_variate *h = fit(pole, points, width, 5000);
        CHECK(h != NULL);
        if (first == NULL) {
            first = h;
            continue;
        }
        CHECK(h->integral == first->integral && h->residual == first->residual);
        for (unsigned d = 0; d < 6; d++) {
            const fc_variate_core *a = &h->cores[d], *b = &first->cores[d];
            CHECK(a->left == b->left && a->right == b->right && a->terms == b->terms);
            CHECK(memcmp(a->c, b->c, (size_t)a->left * a->right * a->terms * sizeof *a->c) == 0);
        }
        fc_free(h);
    }
    fc_free(first);
    fc_points_destroy(points);
}

static void nothing_to_be_gained(void)
{
    function *const hopeless[] = {noise, one, slit};
    for (int i = 0; i < 3; i++) {
        fc_points *points = make(hopeless[i], 3, 2000, false);
        CHECK(fit(hopeless[i], points, 1, 10000) == NULL);
        fc_points_destroy(points);
    }
    fc_points *points = make(wave, 3, 2000, false);
    CHECK(fit(wave, points, 1, 15) == NULL); /* too few */
    points->y[0][5] = NAN;
    fc_variate *h = fit(wave, points, 1, 1000);
    CHECK(h == NULL || isfinite(h->integral));
    fc_free(h);
    points->n = 0;
    CHECK(fit(wave, points, 1, 1000) == NULL);
    fc_points_destroy(points);
    points = make(exponential, FC_VARIATE_MAX_DIM + 1, 2000, false);
    CHECK(fit(exponential, points, 1, 1000) == NULL);
    fc_points_destroy(points);
    points = make(huge, 3, 2000, false); /* squares overflow */
    h = fit(huge, points, 1, 1000);
    CHECK(h == NULL || isfinite(h->integral));
    fc_free(h);
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
    points = make(wave, 3, 2000, false);
    status = FC_ERR_NOMEM;
    fc_variate *h = NULL;
    fc_run run = {.width = 1};
    uint64_t n_eval = 0;
    for (long fail = 0; status != FC_OK && fail < 50; fail++) {
        fc_alloc_fail_after(fail);
        status = fit_status(wave, points, &run, 1000, &n_eval, &h);
        CHECK(status == FC_OK || (status == FC_ERR_NOMEM && h == NULL));
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK && h != NULL);
    fc_free(h);
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    run = (fc_run){.width = 2, .cancel = &cancel};
    CHECK(fit_status(wave, points, &run, 1000, &n_eval, &h) == FC_ERR_CANCELLED && h == NULL);
    fc_points_destroy(points);
}

int main(void)
{
    functions_of_low_rank_are_found();
    breaks_across_the_axes_are_found();
    residuals_fall();
    same_bits();
    nothing_to_be_gained();
    failures();
    return check_report();
}
