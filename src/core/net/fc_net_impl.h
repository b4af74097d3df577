/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inside of fc_net, shared by fc_plan.c (which builds it) and fc_net.c (which runs it). */
#ifndef FC_NET_IMPL_H
#define FC_NET_IMPL_H

#include "fc_layer.h"
#include "fc_net.h"

typedef enum fc_tensor_kind {
    FC_TENSOR_ARENA = 0,
    FC_TENSOR_CONST = 1,
    FC_TENSOR_INPUT = 2
} fc_tensor_kind;

typedef struct fc_tensor {
    fc_tensor_kind kind;
    size_t numel;
    size_t offset; /* of the weights; number of the input; while running: floats in a chunk of one
                      item */
    size_t source; /* of a constant: where the plan's weights had it */
    size_t first, last; /* steps that touch it; first > last: none does */
    bool written;
} fc_tensor;

/* Memory that one worker uses for one chunk. */
typedef struct fc_arena {
    struct fc_arena *next; /* free list */
    float *memory;         /* chunk * arena_numel floats; NULL: only `scratch` was wanted so far */
    float *scratch;
    float **data; /* n_tensors */
} fc_arena;

struct fc_net {
    size_t n_tensors, n_steps, n_inputs, output;
    fc_tensor *tensors;
    size_t *stride; /* of a tensor, from item to item */
    fc_step *steps;
    float *constants;     /* those that steps read at run time */
    size_t *input_tensor; /* n_inputs */
    size_t arena_numel;   /* floats a chunk of one item needs */
    size_t scratch_numel;
    size_t chunk;
    size_t n_weights;
    double flops;
    fc_arena *free_arenas; /* fc_moment_enter() guards it */
};

/* Reads and validates the plan into a zeroed net; what is built so far is left to fc_net_destroy.
 */
fc_status fc_plan_read(fc_net *net, const int64_t *plan, size_t n_words, const float *weights,
                       size_t n_weights, fc_gemm_engine engine, char *message, size_t message_size);

#endif
