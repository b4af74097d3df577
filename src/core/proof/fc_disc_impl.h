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

#include "fc_code.h"
#include "fc_disc.h"

#define FC_DISC_REGISTERS 96
#define FC_DISC_STEPS 2000
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

/* Each computes *d and may have it as an operand; false if nothing is proved. The mathematical
 * functions, and by_quotient, take no other instruction than those of one operand. */
bool fc_disc_add(const fc_disc_variable *s, fc_disc_value *d, const fc_disc_value *a,
                 const fc_disc_value *b, double sign);
bool fc_disc_multiply(fc_disc_value *d, const fc_disc_value *a, const fc_disc_value *b);
bool fc_disc_divide(fc_disc_value *d, const fc_disc_value *a, const fc_disc_value *b);
bool fc_disc_square(fc_disc_value *d, const fc_disc_value *x);
bool fc_disc_power(fc_disc_value *d, const fc_disc_value *x, double q); /* q: the same everywhere */
bool fc_disc_function(fc_disc_value *d, const fc_disc_value *x, unsigned op); /* of power 0 */

/* x as p^power times a disc. For a power above x's, 0 must not be in the disc of p. */
bool fc_disc_lower(const fc_disc_variable *s, fc_disc_value *d, const fc_disc_value *x, int power);

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
