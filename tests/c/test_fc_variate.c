/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_variate.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_random.h"

/* Matrices of all sizes with random coefficients. */
static fc_variate *make(unsigned n_dim, unsigned rank, unsigned terms)
{
    fc_variate *h = fc_variate_create(n_dim);
    for (unsigned d = 0; d < n_dim; d++) {
        fc_variate_core *core = &h->cores[d];
        core->left = d == 0 ? 1 : rank;
        core->right = d + 1 == n_dim ? 1 : rank;
        core->terms = terms;
        const unsigned n = core->left * core->right * terms;
        double u[FC_VARIATE_MAX_COEFFICIENTS + 16];
        fc_random_uniform(3, d, 0, n, u);
        for (unsigned i = 0; i < n; i++) {
            core->c[i] = u[i] - 0.5;
        }
    }
    fc_variate_complete(h);
    return h;
}

/* By the definition, cos(k acos t) and all. */
static double reference(const fc_variate *h, const double *const *x, size_t i)
{
    double row[FC_VARIATE_MAX_RANK] = {1};
    for (unsigned d = 0; d < h->n_dim; d++) {
        const fc_variate_core *core = &h->cores[d];
        double next[FC_VARIATE_MAX_RANK] = {0};
        for (unsigned a = 0; a < core->left; a++) {
            for (unsigned b = 0; b < core->right; b++) {
                for (unsigned k = 0; k < core->terms; k++) {
                    next[b] += row[a] * core->c[(a * core->right + b) * core->terms + k] *
                               cos(k * acos(2 * x[d][i] - 1));
                }
            }
        }
        memcpy(row, next, sizeof row);
    }
    return row[0];
}

static void values_are_those_of_the_definition(void)
{
    enum { n = 96, most = 5 };
    double *memory = fc_malloc_aligned(FC_CACHE_LINE, (most + 1) * n, sizeof *memory);
    const double *x[most];
    for (unsigned d = 0; d < most; d++) {
        fc_random_uniform(1, d, 0, n, memory + d * n);
        x[d] = memory + d * n;
    }
    double *out = memory + most * n;
    for (unsigned n_dim = 1; n_dim <= most; n_dim++) {
        for (unsigned rank = 1; rank <= FC_VARIATE_MAX_RANK; rank++) {
            for (unsigned terms = 1; terms <= FC_VARIATE_MAX_TERMS; terms += 5) {
                if (rank * rank * terms > FC_VARIATE_MAX_COEFFICIENTS) {
                    continue;
                }
                fc_variate *h = make(n_dim, rank, terms), *same = fc_variate_create(n_dim);
                fc_variate_copy(same, h);
                CHECK(same->rank == h->rank && same->integral == h->integral);
                CHECK(h->rank == (n_dim == 1 ? 1 : rank));
                fc_variate_values(same, x, n, out);
                for (size_t i = 0; i < n; i++) {
                    const double exact = reference(h, x, i);
                    CHECK(fabs(out[i] - exact) < 1e-11 * (1 + fabs(exact)));
                }
                fc_free(h);
                fc_free(same);
            }
        }
    }
    fc_free(memory);
}

/* Mean and H against Gauss's points, four a dimension: exact for six terms and more. */
static void the_integral_is_known(void)
{
    static const double node[] = {0.069431844202973712, 0.33000947820757187, 0.66999052179242813,
                                  0.93056815579702629};
    static const double weight[] = {0.17392742256872693, 0.32607257743127307, 0.32607257743127307,
                                    0.17392742256872693};
    enum { n = 64 };
    double *x = fc_malloc_aligned(FC_CACHE_LINE, 4 * n, sizeof *x), *w = x + 3 * n;
    const double *rows[] = {x, x + n, x + 2 * n};
    for (size_t i = 0; i < n; i++) {
        x[i] = node[i / 16];
        x[n + i] = node[i / 4 % 4];
        x[2 * n + i] = node[i % 4];
        w[i] = n * weight[i / 16] * weight[i / 4 % 4] * weight[i % 4];
    }
    for (unsigned rank = 1; rank < 5; rank++) {
        fc_variate *h = make(3, rank, 8);
        CHECK(fabs(fc_variate_mean(h, rows, w, n)) < 1e-14);
        for (size_t i = 0; i < n; i++) {
            w[i] += 1;
        }
        const double with = fc_variate_mean(h, rows, w, n) + h->integral;
        for (size_t i = 0; i < n; i++) {
            w[i] -= 1;
        }
        const double more = fc_variate_mean(h, rows, NULL, n) + h->integral;
        CHECK(fabs(with - more - h->integral) < 1e-14);
        double whole = fc_variate_mean(h, rows, NULL, 50), parts = 0;
        for (size_t i = 0; i < 50; i += 16) { /* aligned, and short at the end */
            const double *part[] = {x + i, x + n + i, x + 2 * n + i};
            const size_t m = 50 - i < 16 ? 50 - i : 16;
            parts += (fc_variate_mean(h, part, NULL, m) + h->integral) * (double)m;
        }
        CHECK(fabs(whole - (parts / 50 - h->integral)) < 1e-14);
        fc_free(h);
    }
    fc_free(x);
}

int main(void)
{
    values_are_those_of_the_definition();
    the_integral_is_known();
    fc_alloc_fail_after(0);
    CHECK(fc_variate_create(3) == NULL);
    fc_alloc_fail_after(-1);
    return check_report();
}
