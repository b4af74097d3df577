/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_sparse.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

/* The rules on a line: exact to the degree Patterson gives, interlacing is not needed. */
static void lines(void)
{
    static const unsigned degree[6] = {1, 5, 11, 23, 47, 95};
    for (unsigned k = 0; k < 6; k++) {
        for (unsigned power = 0; power <= degree[k]; power++) {
            double sum = 0;
            for (unsigned code = 0; code < FC_SPARSE_CODES; code++) {
                const double x = fc_sparse_node(code);
                CHECK(x > 0 && x < 1);
                sum += fc_sparse_line_weight(k, code) * pow(x, power);
            }
            CHECK(fabs(sum * (power + 1) - 1) < 1e-14);
        }
    }
}

typedef struct level_sums {
    double one, product,
        high; /* of 1, of a monomial of degree 2 l + 1 over axes, of x0^(2 l + 1) */
} level_sums;

/* The integrals that levels 0 .. level give, from the points' weights. */
static level_sums integrate(unsigned n_dim, unsigned level)
{
    level_sums sums = {0};
    for (unsigned t = 0; t <= level; t++) {
        const size_t n = (size_t)fc_sparse_count(n_dim, t), n_orbits = fc_sparse_orbits(n_dim, t);
        uint8_t *codes = fc_malloc(n, n_dim);
        size_t *begin = fc_malloc(n_orbits + 1, sizeof *begin);
        CHECK(codes != NULL && begin != NULL);
        fc_sparse_list(n_dim, t, codes, begin);
        CHECK(begin[0] == 0 && begin[n_orbits] == n);
        for (size_t k = 0; k < n_orbits; k++) {
            double weight[FC_SPARSE_MAX_LEVEL + 1], total = 0;
            fc_sparse_weights(n_dim, codes + begin[k] * n_dim, level, weight);
            for (unsigned u = 0; u <= level; u++) {
                CHECK(u >= t || weight[u] == 0); /* a level's points say nothing of lower ones */
                total += weight[u];
            }
            for (size_t i = begin[k]; i < begin[k + 1]; i++) {
                double product = 1;
                for (unsigned p = 0; p < 2 * level + 1; p++) {
                    product *= fc_sparse_node(codes[i * n_dim + p % n_dim]);
                }
                sums.one += total;
                sums.product += total * product;
                sums.high += total * pow(fc_sparse_node(codes[i * n_dim]), 2 * level + 1);
            }
        }
        fc_free(codes);
        fc_free(begin);
    }
    return sums;
}

static void grids(void)
{
    static const unsigned levels[][2] = {{1, 23}, {2, 23}, {3, 14}, {4, 9},
                                         {6, 6},  {10, 4}, {20, 2}};
    for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++) {
        const unsigned n_dim = levels[k][0];
        for (unsigned level = 0; level <= levels[k][1]; level++) {
            const level_sums sums = integrate(n_dim, level);
            double product = 1;
            for (unsigned d = 0; d < n_dim; d++) {
                unsigned power = 0;
                for (unsigned p = 0; p < 2 * level + 1; p++) {
                    power += p % n_dim == d;
                }
                product /= power + 1;
            }
            CHECK(fabs(sums.one - 1) < 1e-11);
            CHECK(fabs(sums.product / product - 1) < 1e-9);
            CHECK(fabs(sums.high * (2 * level + 2) - 1) < 1e-11);
        }
    }
}

/* No point twice, on any level. */
static void points_differ(void)
{
    static uint8_t seen[1 << 15]; /* three codes below 31 */
    for (unsigned level = 0; level <= 12; level++) {
        const size_t n = (size_t)fc_sparse_count(3, level), n_orbits = fc_sparse_orbits(3, level);
        uint8_t *codes = fc_malloc(n, 3);
        size_t *begin = fc_malloc(n_orbits + 1, sizeof *begin);
        CHECK(codes != NULL && begin != NULL);
        fc_sparse_list(3, level, codes, begin);
        for (size_t i = 0; i < n; i++) {
            uint8_t *at = &seen[(codes[3 * i] * 32 + codes[3 * i + 1]) * 32 + codes[3 * i + 2]];
            CHECK(*at == 0);
            *at = 1;
        }
        fc_free(codes);
        fc_free(begin);
    }
    CHECK(fc_sparse_count(20, 23) == UINT64_MAX || fc_sparse_count(20, 23) > 1000000);
}

int main(void)
{
    lines();
    grids();
    points_differ();
    return check_report();
}
