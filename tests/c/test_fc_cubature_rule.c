/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cubature_rule.h"

#include <math.h>

#include "check.h"
#include "fc_alloc.h"

static double f[1 << 21], xs[FC_CUBATURE_MAX_DIM][4096];

/* Mean over the box [-1,1]^n of x1^k1 ... xn^kn, by the rule. */
static fc_cubature_estimate moment(const fc_cubature_rule *rule, const unsigned *k)
{
    double centre[FC_CUBATURE_MAX_DIM] = {0}, half[FC_CUBATURE_MAX_DIM], *x[FC_CUBATURE_MAX_DIM];
    double score[FC_CUBATURE_MAX_DIM] = {0};
    for (unsigned d = 0; d < rule->n_dim; d++) {
        half[d] = 1;
        x[d] = xs[d];
    }
    for (size_t first = 0; first < rule->n_points; first += 1000) {
        size_t n = rule->n_points - first < 1000 ? rule->n_points - first : 1000;
        fc_cubature_rule_points(rule, centre, half, first, n, x);
        for (size_t i = 0; i < n; i++) {
            f[first + i] = 1;
            for (unsigned d = 0; d < rule->n_dim; d++) {
                f[first + i] *= pow(x[d][i], k[d]);
            }
        }
    }
    fc_cubature_estimate estimate;
    fc_cubature_rule_apply(rule, f, 1, &estimate, score);
    return estimate;
}

static double exact(unsigned n_dim, const unsigned *k)
{
    double value = 1;
    for (unsigned d = 0; d < n_dim; d++) {
        value *= k[d] % 2 != 0 ? 0 : 1.0 / (k[d] + 1);
    }
    return value;
}

static void all_moments(fc_cubature_kind kind, unsigned n_dim, unsigned degree, size_t n_points)
{
    fc_cubature_rule *rule;
    CHECK(fc_cubature_rule_create(kind, n_dim, &rule) == FC_OK);
    CHECK(rule->n_core == n_points && rule->n_points == n_points + 2 * n_dim);
    const double tolerance = 1e-13 * n_dim * n_dim;
    unsigned k[FC_CUBATURE_MAX_DIM] = {0};
    for (k[0] = 0; k[0] <= degree; k[0]++) {
        for (k[n_dim - 1] = n_dim == 1 ? k[0] : 0; k[0] + k[n_dim - 1] <= degree || n_dim == 1;
             k[n_dim - 1]++) {
            unsigned left = degree - k[0] - (n_dim == 1 ? 0 : k[n_dim - 1]);
            for (unsigned third = 0; third <= (n_dim > 2 ? left : 0); third++) {
                for (unsigned fourth = 0; fourth <= (n_dim > 3 ? left - third : 0); fourth++) {
                    if (n_dim > 2) {
                        k[1] = third;
                    }
                    if (n_dim > 3) {
                        k[2] = fourth;
                    }
                    fc_cubature_estimate estimate = moment(rule, k);
                    CHECK(fabs(estimate.value - exact(n_dim, k)) < tolerance);
                }
            }
            if (n_dim == 1) {
                break;
            }
        }
    }
    /* The error is nothing for low degrees, and something when the degree is passed. */
    unsigned low[FC_CUBATURE_MAX_DIM] = {1, 0}, high[FC_CUBATURE_MAX_DIM] = {0};
    CHECK(moment(rule, low).error < tolerance);
    high[n_dim - 1] = degree + 1;
    fc_cubature_estimate estimate = moment(rule, high);
    double error = fabs(estimate.value - exact(n_dim, high));
    CHECK(error > 1e-12 && estimate.error > error);
    fc_cubature_rule_destroy(rule);
}

int main(void)
{
    fc_cubature_rule *rule;
    CHECK(fc_cubature_rule_create(FC_CUBATURE_GK15, 3, &rule) == FC_ERR_INVALID && rule == NULL);
    CHECK(fc_cubature_rule_create(FC_CUBATURE_GM7, 1, &rule) == FC_ERR_INVALID && rule == NULL);
    CHECK(fc_cubature_rule_create(FC_CUBATURE_AUTO, 0, &rule) == FC_ERR_INVALID && rule == NULL);
    CHECK(fc_cubature_rule_create(FC_CUBATURE_AUTO, 21, &rule) == FC_ERR_INVALID && rule == NULL);
    for (long fail = 0; fail < 2; fail++) {
        fc_alloc_fail_after(fail);
        CHECK(fc_cubature_rule_create(FC_CUBATURE_GM9, 4, &rule) == FC_ERR_NOMEM && rule == NULL);
    }
    fc_alloc_fail_after(-1);
    all_moments(FC_CUBATURE_GK15, 1, 23, 15);
    all_moments(FC_CUBATURE_GK15, 2, 23, 225);
    all_moments(FC_CUBATURE_GM7, 2, 7, 17);
    all_moments(FC_CUBATURE_GM7, 3, 7, 33);
    all_moments(FC_CUBATURE_GM7, 5, 7, 93);
    all_moments(FC_CUBATURE_GM7, 10, 7, 1245);
    all_moments(FC_CUBATURE_GM9, 2, 9, 29);
    all_moments(FC_CUBATURE_GM9, 3, 9, 71);
    all_moments(FC_CUBATURE_GM9, 4, 9, 145);
    all_moments(FC_CUBATURE_GM9, 7, 9, 703);
    return check_report();
}
