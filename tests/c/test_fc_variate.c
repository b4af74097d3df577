/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_variate.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_random.h"

/* Matrices of all sizes with random coefficients; dimension d has `most_pieces` - d % 2 pieces. */
static fc_variate *make_in_pieces(unsigned n_dim, unsigned rank, unsigned terms,
                                  unsigned most_pieces)
{
    fc_variate *h = fc_variate_create(n_dim);
    for (unsigned d = 0; d < n_dim; d++) {
        fc_variate_core *core = &h->cores[d];
        core->left = d == 0 ? 1 : rank;
        core->right = d + 1 == n_dim ? 1 : rank;
        core->terms = terms;
        core->n_pieces = most_pieces - (most_pieces > 1 && d % 2 == 1);
        for (unsigned p = 1; p < core->n_pieces; p++) {
            core->edges[p] = sqrt((double)p / core->n_pieces);
        }
        core->edges[core->n_pieces] = 1;
        const unsigned n = core->left * core->right * fc_variate_functions(core);
        double u[FC_VARIATE_MAX_COEFFICIENTS + 16];
        fc_random_uniform(3, d, 0, n, u);
        for (unsigned i = 0; i < n; i++) {
            core->c[i] = u[i] - 0.5;
        }
    }
    fc_variate_complete(h);
    return h;
}

static fc_variate *make(unsigned n_dim, unsigned rank, unsigned terms)
{
    return make_in_pieces(n_dim, rank, terms, 1);
}

/* By the definition, cos(k acos t) and all. */
static double reference(const fc_variate *h, const double *const *x, size_t i)
{
    double row[FC_VARIATE_MAX_RANK] = {1};
    for (unsigned d = 0; d < h->n_dim; d++) {
        const fc_variate_core *core = &h->cores[d];
        double next[FC_VARIATE_MAX_RANK] = {0};
        unsigned p = 0;
        while (x[d][i] >= core->edges[p + 1]) {
            p++;
        }
        const double t = 2 * (x[d][i] - core->edges[p]) / (core->edges[p + 1] - core->edges[p]) - 1;
        for (unsigned a = 0; a < core->left; a++) {
            for (unsigned b = 0; b < core->right; b++) {
                for (unsigned k = 0; k < core->terms; k++) {
                    const unsigned entry = a * core->right + b;
                    next[b] += row[a] * core->c[(entry * core->n_pieces + p) * core->terms + k] *
                               cos(k * acos(t));
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
            for (unsigned k = 0; k < FC_VARIATE_MAX_PIECES * 7; k++) {
                const unsigned n_pieces = 1 + k / 7, terms = 1 + k % 7 * 5;
                if (rank * rank * terms * n_pieces > FC_VARIATE_MAX_COEFFICIENTS ||
                    terms * n_pieces > FC_VARIATE_MAX_FUNCTIONS) {
                    continue;
                }
                fc_variate *h = make_in_pieces(n_dim, rank, terms, n_pieces);
                fc_variate *same = fc_variate_create(n_dim);
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

static double mean_of(const fc_variate *h, const double *const *x, const double *weight, size_t n)
{
    double y[64] = {0}, sum = 0;
    fc_variate_subtract(h, x, weight, n, y);
    for (size_t i = 0; i < n; i++) {
        sum -= y[i];
    }
    return sum / (double)n - h->integral;
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
        CHECK(fabs(mean_of(h, rows, w, n)) < 1e-14);
        for (size_t i = 0; i < n; i++) {
            w[i] += 1;
        }
        const double with = mean_of(h, rows, w, n) + h->integral;
        for (size_t i = 0; i < n; i++) {
            w[i] -= 1;
        }
        const double more = mean_of(h, rows, NULL, n) + h->integral;
        CHECK(fabs(with - more - h->integral) < 1e-14);
        double whole = mean_of(h, rows, NULL, 50), parts = 0;
        for (size_t i = 0; i < 50; i += 16) { /* aligned, and short at the end */
            const double *part[] = {x + i, x + n + i, x + 2 * n + i};
            const size_t m = 50 - i < 16 ? 50 - i : 16;
            parts += (mean_of(h, part, NULL, m) + h->integral) * (double)m;
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
