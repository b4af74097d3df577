/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between fc_net.c and the layers: what a step is, how a layer reads its parameters, what it
 * computes on. Each layer is an fc_layer in the table of fc_net.c, written in the file of its
 * family. */
#ifndef FC_LAYER_H
#define FC_LAYER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_act.h"
#include "fc_gemm.h"

#define FC_MAX_IN 4
#define FC_MAX_DIMS 8
#define FC_MAX_NUMEL                                                                               \
    ((size_t)1 << 40) /* so that sums of a few products of sizes cannot overflow 64 bits */

typedef struct fc_layer fc_layer;

typedef struct fc_step {
    const fc_layer *layer;
    size_t n_in;
    size_t in[FC_MAX_IN], out; /* tensors */
    size_t in_numel[FC_MAX_IN], out_numel;
    bool in_const[FC_MAX_IN]; /* the same floats serve every item */
    size_t scratch;           /* floats a worker needs beside; set by build */
    double flops;      /* of one item; set by build, for profile() and to decide whether to split */
    size_t begin_word; /* where it stands in the plan, for messages */
    void *params;      /* owned; destroyed by the layer's destroy, else fc_free */
} fc_step;

/* Tensors of a chunk: data[t] are `items` times stride[t] floats (stride 0: a constant). */
typedef struct fc_frame {
    float **data;
    const size_t *stride;
    size_t items;
} fc_frame;

static inline float *fc_frame_item(const fc_frame *frame, size_t tensor, size_t item)
{
    return frame->data[tensor] + item * frame->stride[tensor];
}

/* The parameters of the step being built. Every read is checked; after a bad one `problem` is set,
 * reads give 0 (or 1 for sizes) and the step is refused. */
typedef struct fc_build {
    const int64_t *words;
    size_t at, end;
    const float *weights;
    size_t n_weights;
    fc_gemm_engine engine;
    size_t chunk_hint;   /* items that will be in a chunk, roughly */
    const char *problem; /* NULL while all is well */
} fc_build;

int64_t fc_build_int(fc_build *build);
size_t fc_build_size(fc_build *build, size_t lowest, size_t highest);
double fc_build_real(fc_build *build);
fc_act fc_build_act(fc_build *build);
/* The next word is an offset into the weights, of `n` floats; -1 where optional gives NULL.
 * `offset` may be NULL. */
const float *fc_build_weights(fc_build *build, size_t n, bool optional, size_t *offset);
/* The product of sizes, refused when above FC_MAX_NUMEL. */
size_t fc_build_product(fc_build *build, const size_t *sizes, size_t n);
void fc_build_refuse(fc_build *build, const char *problem);
#define fc_build_require(build, condition)                                                         \
    ((condition) ? (void)0 : fc_build_refuse(build, #condition))

struct fc_layer {
    const char *name;
    size_t min_in, max_in;
    /* May write only part of `out`, which other steps fill. */
    bool partial;
    /* Reads and checks the parameters, sets scratch, flops and params. FC_ERR_FORMAT needs
     * build->problem. */
    fc_status (*build)(fc_build *build, fc_step *step);
    /* In how many parts the work on `items` items may be done, independent of each other; NULL: one
     * per item. */
    size_t (*units)(const fc_step *step, size_t items);
    /* Does the units [begin, end). */
    fc_status (*run)(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                     float *scratch);
    void (*export)(const fc_step *step, float *weights); /* NULL: it has no weights of its own */
    void (*destroy)(void *params);                       /* NULL: fc_free */
};

extern const fc_layer fc_layer_dense, fc_layer_matmul, fc_layer_conv, fc_layer_depthwise,
    fc_layer_pool, fc_layer_unary, fc_layer_binary, fc_layer_copy, fc_layer_fill, fc_layer_axis_map,
    fc_layer_gather, fc_layer_softmax, fc_layer_normalise, fc_layer_response, fc_layer_argument,
    fc_layer_reduce, fc_layer_top_k, fc_layer_cumulate, fc_layer_pick;

#endif
