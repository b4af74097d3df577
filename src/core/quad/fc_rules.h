/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Quadrature rules: nodes and weights, and the composite sum of a rule over n panels of equal
 * width. */
#ifndef FC_RULES_H
#define FC_RULES_H

#include <stddef.h>
#include <stdint.h>

#include "fc_integrand.h"
#include "fc_pool.h"
#include "fc_status.h"

/* Per panel [l, r] of width h:  LEFT h f(l);  RIGHT h f(r);  MIDPOINT h f((l+r)/2);  TRAPEZOID h
 * (f(l)+f(r))/2; SIMPSON h (f(l) + 4 f(m) + f(r))/6;  BOOLE h (7, 32, 12, 32, 7)/90;  GAUSS
 * Gauss-Legendre with `order` nodes. */
typedef enum fc_rule {
    FC_RULE_LEFT,
    FC_RULE_RIGHT,
    FC_RULE_MIDPOINT,
    FC_RULE_TRAPEZOID,
    FC_RULE_SIMPSON,
    FC_RULE_BOOLE,
    FC_RULE_GAUSS,
} fc_rule;

#define FC_MAX_GAUSS_ORDER 10000
/* Panels are counted in double precision, so their number must be exact there. */
#define FC_MAX_PANELS ((uint64_t)1 << 53)

/* Nodes (ascending, inside (-1, 1)) and weights of the Gauss-Legendre rule with `order` nodes, each
 * within an ulp or so: Newton's method on the three-term recurrence in long double, from Tricomi's
 * approximation of the zeros. Time O(order^2). Errors: FC_ERR_INVALID unless 1 <= order <=
 * FC_MAX_GAUSS_ORDER. */
FC_MUST_CHECK fc_status fc_gauss_legendre(unsigned order, double *x, double *w);

/* The Gauss-Kronrod pair of 10 and 21 nodes (Kronrod 1965): nodes ascending, Kronrod's weights,
 * Gauss's weights with 0 where a node is Kronrod's alone. */
#define FC_GK21 21
extern const double fc_gk21_x[FC_GK21], fc_gk21_wk[FC_GK21], fc_gk21_wg[FC_GK21];
/* Null rules on the same nodes, of degrees 13 to 20: 0 for polynomials below that degree,
 * orthogonal to each other, as long as fc_gk21_wk (Berntsen and Espelid 1991, ACM TOMS 17). */
#define FC_GK21_NULLS 8
extern const double fc_gk21_null[FC_GK21_NULLS][FC_GK21];

/* m integrals of one integrand. Coordinate 0 of a point is the variable of integration, coordinates
 * 1 .. n_params are the parameters of the integral: params[k * n_params + j] for integral k. */
typedef struct fc_integrals {
    size_t m;
    const double *a, *b;  /* m limits each, finite */
    const double *params; /* may be NULL when n_params is 0 */
    unsigned n_params;    /* f->n_dim - 1 */
} fc_integrals;

/* out[k * f->n_out + o] = the rule's sum over n panels for output o of integral k. The abscissae
 * are (a + t h) + i h with h = (b - a) / n, so LEFT sums f(a + i h) h; a rule that uses b evaluates
 * there exactly. Sums     pairwise within blocks of about 4,096 abscissae, compensated between
 * them, combined in an order that depends on n alone: the same bits for any number of threads,
 * within 1e-14 of the exact sum of |f| h. Errors   FC_ERR_INVALID for n of 0 or above
 * FC_MAX_PANELS, an unknown rule or order; FC_ERR_NOMEM; what the integrand or the run returns. */
FC_MUST_CHECK fc_status fc_integrate(const fc_run *run, const fc_integrand *f, fc_rule rule,
                                     unsigned order, uint64_t n, const fc_integrals *integrals,
                                     double *out);

/* Sum of n numbers in a fixed pairwise order, error about (4 + log2 n) ulp of the sum of
 * magnitudes. */
double fc_sum_pairwise(const double *values, size_t n);

/* A running compensated sum (Neumaier 1974, ZAMM 54): sum + carry is exact to about one ulp. */
typedef struct fc_sum {
    double sum, carry;
} fc_sum;

static inline void fc_sum_add(fc_sum *total, double value)
{
    double sum = total->sum + value;
    double big = total->sum, small = value;
    if ((big < 0 ? -big : big) < (small < 0 ? -small : small)) {
        big = value;
        small = total->sum;
    }
    double lost = (big - sum) + small;
    total->sum = sum;
    if (lost - lost == 0) { /* else the sum is infinite, and itself the answer */
        total->carry += lost;
    }
}

static inline double fc_sum_value(const fc_sum *total)
{
    return total->sum + total->carry;
}

#endif
