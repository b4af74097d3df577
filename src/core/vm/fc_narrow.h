/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lanes of a loop end at different times. When many of a block's have, those still under way move
 * together into fewer lanes, and spread again when the loop is left.
 *
 *     lanes      0 1 2 3 4 5 6 7        mask at the loop's test: 0 0 1 0 0 1 0 1
 *     narrowed   2 5 7 7                the last is repeated up to a multiple of FC_LANES
 *
 * A lane's result does not depend on the others of its block; one whose mask is off at the test
 * would leave the loop here, were it alone. So what it holds now is what it holds after the loop.
 */
#ifndef FC_NARROW_H
#define FC_NARROW_H

#include "fc_code.h"
#include "fc_flow.h"

/* A test of a loop, JUMP_NONE out of it. All registers named here are varying. */
struct fc_loop {
    const fc_code *head, *last; /* the loop's code */
    unsigned cost;              /* instructions of the loop: the cost of a useless lane */
    unsigned n_inside, n_after;
    const uint16_t *inside; /* alive at the test, and used in the loop */
    const uint16_t *after;  /* written in the loop, and alive where it may be left to */
};

/* Finds the loops whose tests may narrow, once the code is in place: `start` maps an instruction to
 * its code. Where memory is short there are none. */
void fc_find_loops(fc_program *program, const fc_flow *flow, const uint32_t *start);

/* At a test that some, but few lanes of the block pass: narrows if that pays. */
void fc_narrow(fc_vm *vm, const fc_loop *loop, const uint8_t *mask, size_t n_active);

/* Back to all lanes of the block. `whole`: with what the loop has written. */
void fc_widen(fc_vm *vm, bool whole);

#endif
