/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How fc_map and fc_reduce walk broadcast strided arrays: axes of length 1 dropped, neighbours that
 * lie like one merged, and the rest cut into runs along the innermost axis that a VM can take at
 * once. */
#ifndef FC_WALK_H
#define FC_WALK_H

#include "fc_map.h"

typedef struct fc_walk {
    fc_program *program;
    const fc_table *tables;
    fc_cancel *cancel;
    uint64_t max_iterations;
    size_t n;       /* elements */
    unsigned n_dim; /* after merging, at least 1 */
    unsigned n_inputs, n_operands;
    size_t shape[FC_MAP_MAX_DIMS];
    fc_operand *operands; /* inputs, then outputs; stride is that of the innermost axis */
    ptrdiff_t *strides;   /* [operand][FC_MAP_MAX_DIMS] */
    bool reordered;       /* axes were swapped: elements are not in row-major order */
    fc_operand few[8];    /* room for small calls */
    ptrdiff_t few_strides[8];
} fc_walk;

/* What to do with the run of n elements that begins at flat element `first`, whose operands are
 * given. */
typedef fc_status fc_walk_fn(void *context, fc_vm *vm, size_t first, size_t n,
                             const fc_operand *operands, fc_fault *fault);

/* outputs may be NULL (n_outputs 0). `reorder`: axes may be sorted by the first output's strides.
 */
FC_MUST_CHECK fc_status fc_walk_init(fc_walk *plan, fc_program *program, unsigned n_dim,
                                     const size_t *shape, const fc_map_operand *inputs,
                                     const fc_map_operand *outputs, unsigned n_outputs,
                                     bool reorder);
void fc_walk_clear(fc_walk *plan);

/* Calls fn for the runs that make up elements [begin, end), in order, until one fails. Runs along a
 * short innermost axis are collected in contiguous memory first. */
FC_MUST_CHECK fc_status fc_walk_range(const fc_walk *plan, fc_vm *vm, size_t begin, size_t end,
                                      fc_walk_fn *fn, void *context, fc_fault *fault);

/* Time that n elements take, in nanoseconds, roughly: to decide whether threads are worth their
 * while. */
double fc_walk_cost(const fc_program *program, size_t n);

#endif
