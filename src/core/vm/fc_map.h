/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Elementwise application of a program to arrays of any shape and strides, on all cores. */
#ifndef FC_MAP_H
#define FC_MAP_H

#include "fc_pool.h"
#include "fc_vm.h"

#define FC_MAP_MAX_DIMS 64

/* An array or a scalar, already broadcast: an axis along which it does not vary has stride 0. */
typedef struct fc_map_operand {
    fc_operand base; /* FC_ARRAY: dtype and data of element (0, ..., 0); FC_SCALAR; FC_RAMP if n_dim
                        is 1 */
    const ptrdiff_t *strides; /* FC_ARRAY: n_dim of them, in bytes */
} fc_map_operand;

/* outputs[o][index] = program(inputs[i][index] ...) for every index of an n_dim-dimensional array
 * of `shape`. Small arrays run on the calling thread, in no more than the time of the arithmetic
 * and some 100 ns. Aliasing   an output may be the same elements, in the same order, as an input;
 * any other overlap of an output with an input or an output gives unspecified values. Errors what
 * fc_vm_run gives; fault->element is the lowest failing index, counted in row-major order. After an
 *            error the outputs hold unspecified values. */
FC_MUST_CHECK fc_status fc_map(const fc_run *run, fc_program *program, unsigned n_dim,
                               const size_t *shape, const fc_map_operand *inputs,
                               const fc_map_operand *outputs, const fc_table *tables,
                               uint64_t max_iterations, fc_fault *fault);

/* Will fc_map take some microseconds at most, and on the calling thread alone? */
bool fc_map_is_short(const fc_program *program, size_t n);

#endif
