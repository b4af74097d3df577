/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrands with a weight that a quadrature should know about, as others without: the weight is
 * multiplied where it is smooth, and a range with singular points is folded so that the variable
 * counts from them and is exact there.
 *
 *     COS, SIN   f(x) cos(c x), f(x) sin(c x)
 *     ALG        f(x) (x - a)^alpha (b - x)^beta, times log(x - a), log(b - x) where asked: both
 *                halves at once, at a + t and at b - t, 0 < t <= (b - a)/2; a power below -0.9 is
 *                taken away by t = s^(1 / (1 + power)), for nearly all is next to the end then
 *     CAUCHY     f(x)/(x - c), the principal value: (f(c + t) - f(c - t))/t, 0 < t; beyond the
 *                nearer end without the term that lies outside */
#ifndef FC_WEIGHT_H
#define FC_WEIGHT_H

#include <stdbool.h>
#include <stddef.h>

#include "fc_integrand.h"

#define FC_WEIGHT_POINTS 17

typedef enum fc_weight_kind {
    FC_WEIGHT_COS,
    FC_WEIGHT_SIN,
    FC_WEIGHT_ALG,
    FC_WEIGHT_CAUCHY,
} fc_weight_kind;

typedef struct fc_weight {
    fc_weight_kind kind;
    double c;           /* COS, SIN, CAUCHY */
    double alpha, beta; /* ALG: > -1 */
    bool log_a, log_b;
} fc_weight;

typedef struct fc_weighted {
    fc_integrand base; /* what to integrate; base.context is this struct: it must not move */
    const fc_integrand *f;
    const fc_weight *weight;
    double a, b;       /* of the range at hand */
    bool folded;       /* ... which is folded */
    double stretch[2]; /* ALG: 1 / (1 + power) at a, at b; 1 where the power is left as it is */
    unsigned n_slots;
    double *doubles;   /* scratch: a copy of x[0], and n_out values, per slot */
    double **pointers; /* n_dim + n_out per slot */
} fc_weighted;

/* `width` slots for as many workers; a single slot serves whichever worker calls. Evaluation is for
 * at most `room` points (a multiple of 16). `f` and `weight` are borrowed. Errors: FC_ERR_NOMEM;
 * clear copes with what there is, and with a struct of zeros. */
FC_MUST_CHECK fc_status fc_weighted_init(fc_weighted *self, const fc_integrand *f,
                                         const fc_weight *weight, unsigned width, size_t room);
void fc_weighted_clear(fc_weighted *self);

/* The range and the n points inside it become those of the integrand as it will be evaluated;
 * a < b. Returns the number of points, which are then ascending and different. They have room for
 * FC_WEIGHT_POINTS more than n. ALG wants a finite range. */
size_t fc_weighted_set_range(fc_weighted *self, double *a, double *b, double *points, size_t n);

/* Where in the original range a point is, nan where there are two such places. */
double fc_weighted_origin(const fc_weighted *self, double t);

#endif
