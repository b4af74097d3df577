/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_sparse.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

/* The mean of x^power with the family's weight, and that of its size. */
static double moment(fc_sparse_family family, unsigned power)
{
    if (family == FC_SPARSE_PATTERSON) {
        return 1.0 / (power + 1);
    }
    double mean = power % 2 == 0;
    for (unsigned k = 1; mean != 0 && k < power; k += 2) {
        mean *= 0.5 * k;
    }
    return mean;
}

/* The rules on a line: exact to the degree that the papers give, interlacing is not needed. */
static void lines(void)
{
    static const unsigned degree[2][6] = {{1, 5, 11, 23, 47, 95}, {1, 5, 15, 29, 51}};
    for (fc_sparse_family family = FC_SPARSE_PATTERSON; family <= FC_SPARSE_HERMITE; family++) {
        const unsigned n_codes =
            family == FC_SPARSE_HERMITE ? FC_SPARSE_HERMITE_CODES : FC_SPARSE_CODES;
        for (unsigned k = 0; k < (family == FC_SPARSE_HERMITE ? 5 : 6); k++) {
            for (unsigned power = 0; power <= degree[family][k]; power++) {
                double sum = 0, size = 0;
                for (unsigned code = 0; code < n_codes; code++) {
                    const double x = fc_sparse_node(family, code);
                    CHECK(family == FC_SPARSE_HERMITE ? fabs(x) < 6.4 : x > 0 && x < 1);
                    sum += fc_sparse_line_weight(family, k, code) * pow(x, power);
                    size += fabs(fc_sparse_line_weight(family, k, code) * pow(x, power));
                }
                CHECK(fabs(sum - moment(family, power)) <= 1e-14 * size);
            }
        }
    }
}

typedef struct level_sums {
    /* Of 1, of a monomial of degree 2 l + 1 over axes (2 l for Hermite's rules, whose odd ones are
     * 0), of a power of x0; and of their sizes. */
    double one, product, high, product_size, high_size;
} level_sums;

/* The integrals that levels 0 .. level give, from the points' weights. */
static level_sums integrate(fc_sparse_family family, unsigned n_dim, unsigned level,
                            unsigned degree)
{
    level_sums sums = {0};
    for (unsigned t = 0; t <= level; t++) {
        const size_t n = (size_t)fc_sparse_count(family, n_dim, t);
        const size_t n_orbits = fc_sparse_orbits(family, n_dim, t);
        uint8_t *codes = fc_malloc(n, n_dim);
        size_t *begin = fc_malloc(n_orbits + 1, sizeof *begin);
        CHECK(codes != NULL && begin != NULL);
        fc_sparse_list(family, n_dim, t, codes, begin);
        CHECK(begin[0] == 0 && begin[n_orbits] == n);
        for (size_t k = 0; k < n_orbits; k++) {
            double weight[FC_SPARSE_MAX_LEVEL + 1], total = 0;
            fc_sparse_weights(family, n_dim, codes + begin[k] * n_dim, level, weight);
            for (unsigned u = 0; u <= level; u++) {
                CHECK(u >= t || weight[u] == 0); /* a level's points say nothing of lower ones */
                total += weight[u];
            }
            for (size_t i = begin[k]; i < begin[k + 1]; i++) {
                double product = 1;
                for (unsigned p = 0; p < degree; p++) {
                    product *= fc_sparse_node(family, codes[i * n_dim + p / 2 % n_dim]);
                }
                const double high = pow(fc_sparse_node(family, codes[i * n_dim]), degree);
                sums.one += total;
                sums.product += total * product;
                sums.high += total * high;
                sums.product_size += fabs(total * product);
                sums.high_size += fabs(total * high);
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
    for (fc_sparse_family family = FC_SPARSE_PATTERSON; family <= FC_SPARSE_HERMITE; family++) {
        for (size_t k = 0; k < sizeof levels / sizeof levels[0]; k++) {
            const unsigned n_dim = levels[k][0];
            for (unsigned level = 0; level <= levels[k][1]; level++) {
                const unsigned degree = 2 * level + (family == FC_SPARSE_PATTERSON);
                const level_sums sums = integrate(family, n_dim, level, degree);
                double product = 1;
                for (unsigned d = 0; d < n_dim; d++) {
                    unsigned power = 0;
                    for (unsigned p = 0; p < degree; p++) {
                        power += p / 2 % n_dim == d;
                    }
                    product *= moment(family, power);
                }
                CHECK(fabs(sums.one - 1) < 1e-11);
                CHECK(fabs(sums.product - product) < 1e-13 * sums.product_size + 1e-9 * product);
                CHECK(fabs(sums.high - moment(family, degree)) < 1e-13 * sums.high_size + 1e-11);
            }
        }
    }
}

/* No point twice, on any level. */
static void points_differ(fc_sparse_family family)
{
    static uint8_t seen[1 << 18]; /* three codes below 64 */
    memset(seen, 0, sizeof seen);
    for (unsigned level = 0; level <= 12; level++) {
        const size_t n = (size_t)fc_sparse_count(family, 3, level);
        const size_t n_orbits = fc_sparse_orbits(family, 3, level);
        uint8_t *codes = fc_malloc(n, 3);
        size_t *begin = fc_malloc(n_orbits + 1, sizeof *begin);
        CHECK(codes != NULL && begin != NULL);
        fc_sparse_list(family, 3, level, codes, begin);
        for (size_t i = 0; i < n; i++) {
            uint8_t *at = &seen[(codes[3 * i] * 64 + codes[3 * i + 1]) * 64 + codes[3 * i + 2]];
            CHECK(*at == 0);
            *at = 1;
        }
        fc_free(codes);
        fc_free(begin);
    }
    CHECK(fc_sparse_count(family, 20, 23) == UINT64_MAX ||
          fc_sparse_count(family, 20, 23) > 1000000);
}

int main(void)
{
    lines();
    grids();
    points_differ(FC_SPARSE_PATTERSON);
    points_differ(FC_SPARSE_HERMITE);
    return check_report();
}
