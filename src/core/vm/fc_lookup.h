/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs of one 8-bit array, done by table: the program runs once on the values that occur, 256
 * at most, and each element is looked up. */
#ifndef FC_LOOKUP_H
#define FC_LOOKUP_H

#include "fc_walk.h"

typedef struct fc_lookup fc_lookup; /* immutable once made; any number of threads may read it */

/* Makes the table for the walk's program, outputs and scalars. *out is NULL, with FC_OK, where a
 * table does not apply or pay (see the .c), or where an element fails: the ordinary way then finds
 * out which one. Runs on the calling thread. */
FC_MUST_CHECK fc_status fc_lookup_create(const fc_walk *plan, fc_lookup **out);
void fc_lookup_destroy(fc_lookup *lookup); /* NULL is fine */

/* An fc_walk_fn whose context is the fc_lookup; needs no VM, cannot fail. An output may be the
 * input. */
fc_status fc_lookup_run(void *context, fc_vm *vm, size_t first, size_t n,
                        const fc_operand *operands, fc_fault *fault);

#endif
