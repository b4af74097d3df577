/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The trust boundary of networks: a plan of any words at all becomes a sound fc_net or a refusal.
 *
 *   1. the header, then the tensors: kinds, sizes, ranges of the weights;
 *   2. each step: its inputs exist and were written before, its output is memory of the run; the
 *      layer's build checks every size it will touch against the tensors' numel;
 *   3. memory: tensors whose lifetimes do not overlap share it. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_net_impl.h"

#define MAX_TENSORS 16384 /* planning memory compares each with each */
#define MAX_STEPS 65536
#define MAX_INPUTS 64
#define ALIGN_FLOATS 16
#define CHUNK_BYTES (384 << 10) /* a chunk's activations stay in the second-level cache */
#define MAX_CHUNK 64

static const fc_layer *const layers[] = {
    &fc_layer_dense,     &fc_layer_unary,     &fc_layer_softmax,  &fc_layer_matmul,
    &fc_layer_conv,      &fc_layer_depthwise, &fc_layer_pool,     &fc_layer_binary,
    &fc_layer_copy,      &fc_layer_fill,      &fc_layer_axis_map, &fc_layer_gather,
    &fc_layer_normalise, &fc_layer_response,  &fc_layer_argument, &fc_layer_reduce,
    &fc_layer_top_k,     &fc_layer_cumulate,  &fc_layer_pick,
};
#define N_LAYERS (sizeof layers / sizeof *layers)

int64_t fc_build_int(fc_build *build)
{
    if (build->at >= build->end) {
        fc_build_refuse(build, "a step has too few parameters");
        return 0;
    }
    return build->words[build->at++];
}

size_t fc_build_size(fc_build *build, size_t lowest, size_t highest)
{
    int64_t value = fc_build_int(build);
    if (build->problem == NULL &&
        (value < 0 || (uint64_t)value < lowest || (uint64_t)value > highest)) {
        fc_build_refuse(build, "a size is out of range");
    }
    return build->problem == NULL ? (size_t)value : 1;
}

double fc_build_real(fc_build *build)
{
    int64_t bits = fc_build_int(build);
    double value;
    memcpy(&value, &bits, sizeof value);
    return value;
}

fc_act fc_build_act(fc_build *build)
{
    fc_act act = {.kind = (fc_act_kind)fc_build_size(build, 0, FC_N_ACT - 1)};
    act.p = (float)fc_build_real(build);
    act.q = (float)fc_build_real(build);
    return act;
}

const float *fc_build_weights(fc_build *build, size_t n, bool optional, size_t *offset)
{
    int64_t at = fc_build_int(build);
    if (offset != NULL) {
        *offset = 0;
    }
    if (build->problem != NULL || (optional && at == -1)) {
        return NULL;
    }
    if (at < 0 || (uint64_t)at > build->n_weights || n > build->n_weights - (size_t)at) {
        fc_build_refuse(build, "weights lie outside those given");
        return NULL;
    }
    if (offset != NULL) {
        *offset = (size_t)at;
    }
    return build->weights + at;
}

size_t fc_build_product(fc_build *build, const size_t *sizes, size_t n)
{
    size_t product = 1;
    for (size_t i = 0; i < n; i++) {
        if (!fc_size_mul(product, sizes[i], &product) || product > FC_MAX_NUMEL) {
            fc_build_refuse(build, "a product of sizes is too large");
            return 1;
        }
    }
    return product;
}

void fc_build_refuse(fc_build *build, const char *problem)
{
    if (build->problem == NULL) {
        build->problem = problem;
    }
}

static void read_tensor(fc_build *build, fc_net *net, fc_tensor *tensor, size_t index)
{
    tensor->kind = (fc_tensor_kind)fc_build_size(build, 0, 2);
    tensor->numel = fc_build_size(build, 0, FC_MAX_NUMEL);
    tensor->offset = fc_build_size(build, 0, FC_MAX_NUMEL);
    tensor->first = SIZE_MAX;
    tensor->written = tensor->kind != FC_TENSOR_ARENA;
    if (build->problem != NULL) {
        return;
    }
    if (tensor->kind == FC_TENSOR_CONST) {
        fc_build_require(build, tensor->offset <= build->n_weights &&
                                    tensor->numel <= build->n_weights - tensor->offset);
    } else if (tensor->kind == FC_TENSOR_INPUT) {
        fc_build_require(build, tensor->offset < net->n_inputs);
        fc_build_require(build,
                         build->problem != NULL || net->input_tensor[tensor->offset] == SIZE_MAX);
        if (build->problem == NULL) {
            net->input_tensor[tensor->offset] = index;
        }
    }
    net->stride[index] = tensor->kind == FC_TENSOR_CONST ? 0 : tensor->numel;
}

static fc_status read_tensors(fc_build *build, fc_net *net)
{
    net->tensors = fc_calloc(net->n_tensors, sizeof *net->tensors);
    net->stride = fc_calloc(net->n_tensors, sizeof *net->stride);
    net->input_tensor = fc_malloc(net->n_inputs, sizeof *net->input_tensor);
    if (net->tensors == NULL || net->stride == NULL || net->input_tensor == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < net->n_inputs; i++) {
        net->input_tensor[i] = SIZE_MAX;
    }
    for (size_t i = 0; i < net->n_tensors && build->problem == NULL; i++) {
        read_tensor(build, net, &net->tensors[i], i);
    }
    for (size_t i = 0; i < net->n_inputs; i++) {
        fc_build_require(build, net->input_tensor[i] != SIZE_MAX);
    }
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static void touch(fc_tensor *tensor, size_t step)
{
    tensor->first = step < tensor->first ? step : tensor->first;
    tensor->last = step;
}

static void read_operands(fc_build *build, fc_net *net, fc_step *step, size_t index)
{
    step->n_in = fc_build_size(build, step->layer->min_in, step->layer->max_in);
    for (size_t i = 0; i < step->n_in && build->problem == NULL; i++) {
        step->in[i] = fc_build_size(build, 0, net->n_tensors - 1);
        if (build->problem != NULL) {
            return;
        }
        fc_tensor *tensor = &net->tensors[step->in[i]];
        fc_build_require(build, tensor->written);
        step->in_numel[i] = tensor->numel;
        step->in_const[i] = tensor->kind == FC_TENSOR_CONST;
        touch(tensor, index);
    }
    step->out = fc_build_size(build, 0, net->n_tensors - 1);
    if (build->problem != NULL) {
        return;
    }
    fc_tensor *out = &net->tensors[step->out];
    fc_build_require(build, out->kind == FC_TENSOR_ARENA);
    fc_build_require(build, step->layer->partial || !out->written);
    for (size_t i = 0; i < step->n_in && build->problem == NULL; i++) {
        fc_build_require(build, step->in[i] != step->out);
    }
    step->out_numel = out->numel;
    out->written = true;
    touch(out, index);
}

static fc_status read_step(fc_build *build, fc_net *net, size_t index, size_t n_words)
{
    fc_step *step = &net->steps[index];
    size_t begin = build->at;
    build->end = n_words;
    size_t op = fc_build_size(build, 0, N_LAYERS - 1);
    size_t length = fc_build_size(build, 3, n_words);
    if (build->problem != NULL || length > n_words - begin) {
        fc_build_refuse(build, "a step is cut short");
        return FC_ERR_FORMAT;
    }
    build->end = begin + length;
    step->layer = layers[op];
    step->begin_word = begin;
    read_operands(build, net, step, index);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    fc_status status = step->layer->build(build, step);
    if (status == FC_OK && build->at != build->end) {
        fc_build_refuse(build, "a step has too many parameters");
        status = FC_ERR_FORMAT;
    }
    if (status == FC_OK) {
        net->scratch_numel =
            step->scratch > net->scratch_numel ? step->scratch : net->scratch_numel;
        net->flops += step->flops;
    }
    return status;
}

/* Tensors that the run reads but no step makes. */
static fc_status copy_constants(fc_net *net, const float *weights)
{
    size_t total = 0;
    for (size_t i = 0; i < net->n_tensors; i++) {
        fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_CONST && tensor->first != SIZE_MAX) {
            total += (tensor->numel + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        }
    }
    net->constants = fc_calloc_aligned(FC_CACHE_LINE, total, sizeof *net->constants);
    if (net->constants == NULL) {
        return FC_ERR_NOMEM;
    }
    total = 0;
    for (size_t i = 0; i < net->n_tensors; i++) {
        fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_CONST && tensor->first != SIZE_MAX) {
            memcpy(net->constants + total, weights + tensor->offset,
                   tensor->numel * sizeof *weights);
            tensor->source = tensor->offset;
            tensor->offset = total;
            total += (tensor->numel + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
        }
    }
    return FC_OK;
}

typedef struct slot {
    size_t tensor, numel, offset, first, last;
} slot;

static int larger_first(const void *left, const void *right)
{
    const slot *a = left, *b = right;
    if (a->numel != b->numel) {
        return a->numel > b->numel ? -1 : 1;
    }
    return a->tensor < b->tensor ? -1 : 1;
}

/* The lowest offset at which `slots[i]` fits beside the slots already placed, which are sorted by
 * offset. */
static size_t lowest_offset(const slot *new, const slot *placed, size_t n_placed)
{
    size_t offset = 0;
    for (size_t i = 0; i < n_placed; i++) {
        const slot *other = &placed[i];
        bool together = other->first <= new->last &&new->first <= other->last;
        if (together &&
            other->offset < offset + new->numel &&offset < other->offset + other->numel) {
            offset = other->offset + other->numel;
        }
    }
    return offset;
}

/* Greedy by size (Pisarchyk and Lee 2020): the largest tensors first, each as low as its lifetime
 * allows. */
static fc_status plan_memory(fc_net *net)
{
    slot *slots = fc_malloc(2 * net->n_tensors + 1, sizeof *slots);
    if (slots == NULL) {
        return FC_ERR_NOMEM;
    }
    slot *placed = slots + net->n_tensors;
    size_t n = 0;
    for (size_t i = 0; i < net->n_tensors; i++) {
        const fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_ARENA && tensor->first != SIZE_MAX && i != net->output) {
            size_t numel = (tensor->numel + ALIGN_FLOATS - 1) / ALIGN_FLOATS * ALIGN_FLOATS;
            slots[n++] = (slot){i, numel, 0, tensor->first, tensor->last};
        }
    }
    qsort(slots, n, sizeof *slots, larger_first);
    for (size_t i = 0; i < n; i++) {
        slots[i].offset = lowest_offset(&slots[i], placed, i);
        size_t end = slots[i].offset + slots[i].numel, at = i;
        for (; at > 0 && placed[at - 1].offset > slots[i].offset; at--) {
            placed[at] = placed[at - 1];
        }
        placed[at] = slots[i];
        net->tensors[slots[i].tensor].offset = slots[i].offset;
        net->arena_numel = end > net->arena_numel ? end : net->arena_numel;
    }
    fc_free(slots);
    return FC_OK;
}

/* Items of a chunk: many when they are small, so that matrix products have rows enough. */
static size_t chunk_of(size_t item_numel)
{
    size_t chunk = CHUNK_BYTES / sizeof(float) / (item_numel != 0 ? item_numel : 1);
    return chunk < 1 ? 1 : chunk > MAX_CHUNK ? MAX_CHUNK : chunk;
}

static fc_status read_all(fc_build *build, fc_net *net, const float *weights, size_t n_words)
{
    fc_build_require(build, fc_build_int(build) == FC_PLAN_MAGIC);
    fc_build_require(build, fc_build_int(build) == FC_PLAN_VERSION);
    net->n_tensors = fc_build_size(build, 1, MAX_TENSORS);
    size_t n_steps = fc_build_size(build, 1, MAX_STEPS);
    net->n_inputs = fc_build_size(build, 0, MAX_INPUTS);
    net->output = fc_build_size(build, 0, net->n_tensors - 1);
    /* No more is allocated than the words given can describe. */
    fc_build_require(build, net->n_tensors <= n_words / 3 && n_steps <= n_words / 3);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    fc_status status = read_tensors(build, net);
    if (status != FC_OK) {
        return status;
    }
    /* grows with the steps begun: fc_net_destroy frees their parameters */
    net->steps = fc_calloc(n_steps, sizeof *net->steps);
    if (net->steps == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < n_steps; i++) {
        net->n_steps++;
        status = read_step(build, net, i, n_words);
        if (status != FC_OK) {
            return status;
        }
    }
    const fc_tensor *output = &net->tensors[net->output];
    fc_build_require(build, build->at == n_words);
    fc_build_require(build, output->kind == FC_TENSOR_ARENA && output->written);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    status = plan_memory(net);
    return status == FC_OK ? copy_constants(net, weights) : status;
}

fc_status fc_plan_read(fc_net *net, const int64_t *plan, size_t n_words, const float *weights,
                       size_t n_weights, fc_gemm_engine engine, char *message, size_t message_size)
{
    fc_build build = {
        .words = plan,
        .end = n_words,
        .weights = weights,
        .n_weights = n_weights,
        .engine = engine,
        .chunk_hint = 1,
    };
    net->n_weights = n_weights;
    fc_status status = read_all(&build, net, weights, n_words);
    if (status == FC_ERR_FORMAT) {
        const fc_step *step =
            net->steps != NULL && net->n_steps != 0 ? &net->steps[net->n_steps - 1] : NULL;
        if (step != NULL && step->layer != NULL) {
            snprintf(message, message_size, "step %zu (%s): %s", net->n_steps - 1,
                     step->layer->name, build.problem);
        } else {
            snprintf(message, message_size, "%s", build.problem);
        }
    }
    net->chunk = chunk_of(net->arena_numel);
    return status;
}
