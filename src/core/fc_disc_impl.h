/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_disc: what the ways to bound a program have in common.
 *
 *     fc_disc.c          discs, and the walk through a program
 *     fc_disc_series.c   series about p = 0 */
#ifndef FC_DISC_IMPL_H
#define FC_DISC_IMPL_H

#include "fc_disc.h"

#define FC_DISC_REGISTERS 96
#define FC_DISC_STEPS 2000
#define FC_DISC_ROUNDING (2 * DBL_EPSILON) /* of an operation; of a mathematical function twice */

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

/* fc_disc_of for a place with `series`, where *doubt has no step. */
bool fc_disc_of_series(const fc_program *p, const fc_disc_place *place, const double *rest,
                       fc_disc *out, fc_doubt *doubt);

#endif
