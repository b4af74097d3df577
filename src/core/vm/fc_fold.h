/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reductions fused with an elementwise map: nothing is stored between. */
#ifndef FC_FOLD_H
#define FC_FOLD_H

#include "fc_map.h"

/* Of floats: FC_REDUCE_SUM is compensated, MIN and MAX give nan if any element is nan. Of ints: SUM
 * is exact in 128 bits; PROD, like MIN and MAX, is an int64, or FC_ERR_OVERFLOW. ANY, ALL, COUNT
 * take elements as truth values. */
typedef enum fc_reduction {
    FC_REDUCE_SUM,
    FC_REDUCE_PROD,
    FC_REDUCE_MIN,
    FC_REDUCE_MAX,
    FC_REDUCE_ANY,
    FC_REDUCE_ALL,
    FC_REDUCE_COUNT,
    FC_N_REDUCTIONS
} fc_reduction;

typedef struct fc_reduced {
    fc_type type; /* D: d; I: high * 2^64 + low; B: low != 0 */
    double d;
    uint64_t low;
    int64_t high;
} fc_reduced;

/* Reduces output 0 over all elements. The order of operations depends on the shapes and the program
 * alone, so that any number of workers gives the same bits: elements in row-major order are cut
 * into chunks of fixed size, whose partial results are combined pairwise. Of no elements: 0, 1,
 * false, true, 0; MIN and MAX FC_ERR_INVALID. Errors as fc_map. */
FC_MUST_CHECK fc_status fc_fold(const fc_run *run, fc_program *program, fc_reduction kind,
                                unsigned n_dim, const size_t *shape, const fc_map_operand *inputs,
                                const fc_table *tables, uint64_t max_iterations, fc_reduced *out,
                                fc_fault *fault);

#endif
