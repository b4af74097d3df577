/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_disc: what the ways to bound a program have in common.
 *
 *     fc_disc.c          the walk through a program
 *     fc_disc_rules.c    the arithmetic of discs
 *     fc_disc_series.c   the same by series about p = 0
 *     fc_disc_taylor.c   the arithmetic of these */
#ifndef FC_DISC_IMPL_H
#define FC_DISC_IMPL_H

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "fc_code.h"
#include "fc_disc.h"

#define FC_DISC_REGISTERS 96
#define FC_DISC_STEPS 2000
#define FC_DISC_SLACK (1 + 1e-12)
#define FC_DISC_MAX_POWER 64               /* of p */
#define FC_DISC_ROUNDING (2 * DBL_EPSILON) /* of an operation; of a mathematical function twice */

#define FC_DISC_LOG_ROOT 4  /* p^3 log(p) is smooth enough */
#define FC_DISC_NEARLY 0.99 /* a disc that reaches further towards a pole proves nothing */

/* ---- fc_disc_rules.c ---- */

/* A register: values p^power times those of a disc. One of type I or B is a number known exactly,
 * with radius 0. */
typedef struct fc_disc_value {
    double centre, radius;
    double spread, noise; /* at real points, as above; of the disc's numbers */
    int power;
    double least; /* all of the values are at least so large, if that says more than the disc */
} fc_disc_value;

typedef struct fc_disc_variable {
    fc_disc_value p, over_p; /* p, and 1/p: 0 where that is not bounded */
} fc_disc_variable;

/* ---- sums and products, of which programs have most ---- */

/* x as p^power times a disc. For a power above x's, 0 must not be in the disc of p. */
bool fc_disc_lower(const fc_disc_variable *s, fc_disc_value *d, const fc_disc_value *x, int power);

static inline bool fc_disc_set(fc_disc_value *d, double centre, double change, double spread,
                               double noise, int power)
{
    noise += DBL_MIN;
    *d = (fc_disc_value){
        centre, FC_DISC_SLACK * change + noise, FC_DISC_SLACK * spread, noise, power, 0};
    return d->radius < INFINITY && abs(power) < FC_DISC_MAX_POWER; /* neither inf nor nan */
}

/* A lower bound of |x| p^-power on the disc. */
static inline double fc_disc_least_of(const fc_disc_value *x)
{
    return fmax(fabs(x->centre) - x->radius, x->least);
}

static inline double fc_disc_at_least(double bound)
{
    return bound > 0 ? bound * (1 - 1e-12) : 0;
}

static inline double fc_disc_size_of(const fc_disc_value *x) /* at the real points that matter */
{
    return fabs(x->centre) + x->spread;
}

/* Each computes *d and may have it as an operand; false if nothing is proved. The mathematical
 * functions, and by_quotient, take no other instruction than those of one operand. */
static inline bool fc_disc_multiply(fc_disc_value *d, const fc_disc_value *a,
                                    const fc_disc_value *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre), sa = fc_disc_size_of(a),
           sb = fc_disc_size_of(b);
    double change = ma * b->radius + mb * a->radius + a->radius * b->radius;
    double spread = ma * b->spread + mb * a->spread + a->spread * b->spread;
    double noise = sa * b->noise + sb * a->noise + a->noise * b->noise + FC_DISC_ROUNDING * sa * sb;
    double least = 0;
    if (a->least > 0 || b->least > 0) {
        const double of_a = fc_disc_least_of(a), of_b = fc_disc_least_of(b);
        least = of_a > 0 && of_b > 0 ? fc_disc_at_least(of_a * of_b) : 0;
    }
    bool proved = fc_disc_set(d, a->centre * b->centre, change, spread, noise, a->power + b->power);
    d->least = least;
    return proved;
}

static inline bool fc_disc_add(const fc_disc_variable *s, fc_disc_value *d, const fc_disc_value *a,
                               const fc_disc_value *b, double sign)
{
    fc_disc_value left, right;
    if (a->power != b->power) {
        int least = a->power < b->power ? a->power : b->power;
        if (!fc_disc_lower(s, &left, a, least) || !fc_disc_lower(s, &right, b, least)) {
            return false;
        }
        a = &left;
        b = &right;
    }
    double centre = a->centre + sign * b->centre, spread = a->spread + b->spread;
    double noise = a->noise + b->noise + FC_DISC_ROUNDING * (fabs(centre) + spread);
    /* |x + k| >= |x| - |k| says more where k is a number and x is known to be large */
    const double least = a->least > 0 && b->radius == 0   ? a->least - fabs(b->centre)
                         : b->least > 0 && a->radius == 0 ? b->least - fabs(a->centre)
                                                          : 0;
    bool proved = fc_disc_set(d, centre, a->radius + b->radius, spread, noise, a->power);
    d->least = fc_disc_at_least(least);
    return proved;
}

bool fc_disc_divide(fc_disc_value *d, const fc_disc_value *a, const fc_disc_value *b);
bool fc_disc_square(fc_disc_value *d, const fc_disc_value *x);
bool fc_disc_power(fc_disc_value *d, const fc_disc_value *x, double q); /* q: the same everywhere */
bool fc_disc_function(fc_disc_value *d, const fc_disc_value *x, unsigned op); /* of power 0 */

/* g of `x`, whose power of p is above 0, as a power times a disc; false where it is not known so.
 */
bool fc_disc_by_quotient(const fc_disc_variable *s, fc_disc_value *d, const fc_disc_value *x,
                         unsigned op);

/* Comparisons and logic, whatever stands for numbers: 1 or 0, or -1 where that is not known or `op`
 * is neither. `order` of the operands: -1 less, 1 greater, 2 equal, 0 not known; only comparisons
 * look at it, and only logic at its operands `so` and `other`. */
bool fc_disc_compares(unsigned op);
int fc_disc_truth(unsigned op, int order, bool so, bool other);

/* ---- fc_disc.c ---- */

/* The number in a constant register; false for one that a double does not hold. */
bool fc_disc_constant(const fc_program *p, const fc_reg_info *reg, double *value);

/* Follows a program whose registers are known to `state`. */
typedef struct fc_disc_walk {
    bool (*compute)(void *state, const fc_instruction *ins); /* false if nothing is proved */
    bool (*is_true)(const void *state, uint16_t index);      /* of a bool, which is known */
} fc_disc_walk;

/* Walks from the first instruction to the end, or to the `wanted`-th step (0: none). Returns how
 * many steps were taken and where it stopped: at FC_OP_END, at the step wanted, or at an
 * instruction that was not proved. */
uint32_t fc_disc_follow(const fc_program *p, void *state, const fc_disc_walk *walk, uint32_t wanted,
                        const fc_instruction **stopped);

/* ---- fc_disc_series.c ---- */

/* fc_disc_of for a place with `series`, where *doubt has no step. */
bool fc_disc_of_series(const fc_program *p, const fc_disc_place *place, const double *rest,
                       fc_disc *out, fc_doubt *doubt);

#endif
