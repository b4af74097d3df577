/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers that work on one element at a time. */
#include "fc_layer.h"

#include "fc_alloc.h"
#include "fc_loops.h"

#define BLOCK 16384 /* floats of a unit */

/* out[i] = act(in[i]). Parameters: act. */
static fc_status unary_build(fc_build *build, fc_step *step)
{
    fc_act *act = fc_calloc(1, sizeof *act);
    if (act == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = act;
    *act = fc_build_act(build);
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    step->flops = 4.0 * (double)step->out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static size_t block_units(const fc_step *step, size_t items)
{
    return (items * step->out_numel + BLOCK - 1) / BLOCK;
}

static fc_status unary_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                           float *scratch)
{
    const fc_act act = *(const fc_act *)step->params;
    size_t from = begin * BLOCK, n = frame->items * step->out_numel;
    size_t to = end * BLOCK < n ? end * BLOCK : n;
    (void)scratch;
    if (!step->in_const[0]) {
        fc_act_apply(act, to - from, frame->data[step->in[0]] + from,
                     frame->data[step->out] + from);
        return FC_OK;
    }
    while (from < to) { /* the same numbers for every item */
        size_t at = from % step->out_numel, left = step->out_numel - at;
        size_t take = left < to - from ? left : to - from;
        fc_act_apply(act, take, frame->data[step->in[0]] + at, frame->data[step->out] + from);
        from += take;
    }
    return FC_OK;
}

const fc_layer fc_layer_unary = {
    .name = "Unary",
    .min_in = 1,
    .max_in = 1,
    .build = unary_build,
    .units = block_units,
    .run = unary_run,
};

typedef struct binary {
    fc_binary_op op;
    size_t ndim, dims[FC_MAX_DIMS];
    size_t stride[2][FC_MAX_DIMS];
    size_t rows; /* lines of the last axis in an item */
    bool plain;  /* both operands contiguous and of the output's size: all items at once */
    fc_act act;
} binary;

/* out (dims) = act(a op b), operands with strides of their own (0: repeated).
 * Inputs: a b. Parameters: op ndim dims a_strides b_strides act; the last strides are 0 or 1. */
static fc_status binary_build(fc_build *build, fc_step *step)
{
    binary *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->op = (fc_binary_op)fc_build_size(build, 0, FC_N_BINARY - 1);
    layer->ndim = fc_build_size(build, 1, FC_MAX_DIMS);
    for (size_t d = 0; d < layer->ndim; d++) {
        layer->dims[d] = fc_build_size(build, 1, FC_MAX_NUMEL);
    }
    size_t numel = fc_build_product(build, layer->dims, layer->ndim);
    fc_build_require(build, numel == step->out_numel);
    for (int side = 0; side < 2; side++) {
        size_t reach = 0;
        for (size_t d = 0; d < layer->ndim; d++) {
            size_t stride = fc_build_size(build, 0, FC_MAX_NUMEL);
            layer->stride[side][d] = stride;
            reach += fc_build_product(build, (size_t[]){stride, layer->dims[d] - 1}, 2);
        }
        fc_build_require(build, layer->stride[side][layer->ndim - 1] <= 1);
        fc_build_require(build, build->problem != NULL || reach < step->in_numel[side]);
    }
    layer->act = fc_build_act(build);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->rows = numel / layer->dims[layer->ndim - 1];
    layer->plain = !step->in_const[0] && !step->in_const[1] && layer->ndim == 1 &&
                   layer->stride[0][0] == 1 && layer->stride[1][0] == 1 &&
                   step->in_numel[0] == numel && step->in_numel[1] == numel;
    step->flops = 4.0 * (double)numel;
    return FC_OK;
}

static size_t line_block(const binary *layer)
{
    size_t length = layer->dims[layer->ndim - 1];
    return length >= BLOCK ? 1 : BLOCK / length;
}

static size_t binary_units(const fc_step *step, size_t items)
{
    const binary *layer = step->params;
    return items * ((layer->rows + line_block(layer) - 1) / line_block(layer));
}

static void binary_lines(const binary *layer, const float *a, const float *b, float *out,
                         size_t from, size_t to)
{
    const fc_loops *loops = fc_loops_get();
    size_t last = layer->ndim - 1, length = layer->dims[last];
    for (size_t row = from; row < to; row++) {
        size_t left = row, at[2] = {0, 0};
        for (size_t d = last; d-- > 0;) {
            at[0] += left % layer->dims[d] * layer->stride[0][d];
            at[1] += left % layer->dims[d] * layer->stride[1][d];
            left /= layer->dims[d];
        }
        float *y = out + row * length;
        loops->binary(layer->op, length, a + at[0], layer->stride[0][last], b + at[1],
                      layer->stride[1][last], y);
    }
    fc_act_apply(layer->act, (to - from) * length, out + from * length, out + from * length);
}

static fc_status binary_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                            float *scratch)
{
    const binary *layer = step->params;
    size_t block = line_block(layer), per_item = (layer->rows + block - 1) / block;
    (void)scratch;
    if (layer->plain && begin == 0 && end == per_item * frame->items) {
        size_t n = step->out_numel * frame->items;
        float *out = frame->data[step->out];
        fc_loops_get()->binary(layer->op, n, frame->data[step->in[0]], 1, frame->data[step->in[1]],
                               1, out);
        fc_act_apply(layer->act, n, out, out);
        return FC_OK;
    }
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / per_item, from = unit % per_item * block;
        size_t to = layer->rows - from < block ? layer->rows : from + block;
        binary_lines(layer, fc_frame_item(frame, step->in[0], item),
                     fc_frame_item(frame, step->in[1], item), fc_frame_item(frame, step->out, item),
                     from, to);
    }
    return FC_OK;
}

const fc_layer fc_layer_binary = {
    .name = "Binary",
    .min_in = 2,
    .max_in = 2,
    .build = binary_build,
    .units = binary_units,
    .run = binary_run,
};
