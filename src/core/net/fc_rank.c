/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers along an axis, in (outer, n, inner), whose output is not one number an axis: the k largest
 * elements, cumulative sums, elements picked by index. */
#include <math.h>
#include <stdlib.h>

#include "fc_alloc.h"
#include "fc_layer.h"

enum { TOP_VALUES, TOP_INDICES, TOP_SMALLEST = 2, N_TOP = 4 };

typedef struct top_k {
    size_t outer, n, inner, k, kind;
} top_k;

static void read_axis(fc_build *build, fc_step *step, size_t *outer, size_t *n, size_t *inner)
{
    *outer = fc_build_size(build, 1, FC_MAX_NUMEL);
    *n = fc_build_size(build, 1, (size_t)1 << 24); /* every index is a float */
    *inner = fc_build_size(build, 1, FC_MAX_NUMEL);
    size_t numel = fc_build_product(build, (size_t[]){*outer, *n, *inner}, 3);
    fc_build_require(build, step->in_numel[0] == numel);
    step->flops = 8.0 * (double)numel;
}

/* The k largest (kind + 2: smallest) elements along the axis, best first, of equal ones that with
 * the lower index; or their indices (kind 1). NaN is larger than all numbers, as NumPy and the
 * standard's reference sort it. Parameters: outer n inner k kind. */
static fc_status top_k_build(fc_build *build, fc_step *step)
{
    top_k *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    read_axis(build, step, &layer->outer, &layer->n, &layer->inner);
    layer->k = fc_build_size(build, 1, layer->n);
    layer->kind = fc_build_size(build, 0, N_TOP - 1);
    size_t numel = fc_build_product(build, (size_t[]){layer->outer, layer->k, layer->inner}, 3);
    fc_build_require(build, step->out_numel == numel);
    step->scratch = 2 * layer->n;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

typedef struct ranked {
    float key; /* sorted downwards; never NaN */
    float index;
} ranked;

static int by_rank(const void *left, const void *right)
{
    const ranked *a = left, *b = right;
    if (a->key != b->key) {
        return a->key > b->key ? -1 : 1;
    }
    return a->index < b->index ? -1 : 1;
}

/* Does b come before a? */
static bool worse(ranked a, ranked b)
{
    return a.key < b.key || (a.key == b.key && a.index > b.index);
}

/* The element at `root` of a heap whose worst element is first sinks to its place. */
static void sink(ranked *heap, size_t n, size_t root)
{
    for (;;) {
        size_t child = 2 * root + 1;
        if (child >= n) {
            return;
        }
        child += child + 1 < n && worse(heap[child + 1], heap[child]);
        if (!worse(heap[child], heap[root])) {
            return;
        }
        ranked swap = heap[root];
        heap[root] = heap[child];
        heap[child] = swap;
        root = child;
    }
}

static void top_k_line(const top_k *layer, const float *in, float *out, ranked *heap)
{
    const size_t n = layer->n, k = layer->k, inner = layer->inner;
    const bool smallest = layer->kind >= TOP_SMALLEST;
    for (size_t j = 0; j < n; j++) {
        float x = in[j * inner];
        float key = x != x ? INFINITY : x;
        const ranked item = {smallest ? -key : key, (float)j};
        if (j < k) {
            heap[j] = item;
            for (size_t root = k / 2; j + 1 == k && root-- > 0;) {
                sink(heap, k, root);
            }
        } else if (worse(heap[0], item)) {
            heap[0] = item;
            sink(heap, k, 0);
        }
    }
    qsort(heap, k, sizeof *heap, by_rank);
    for (size_t j = 0; j < k; j++) {
        size_t index = (size_t)heap[j].index;
        out[j * inner] = layer->kind % 2 == TOP_INDICES ? heap[j].index : in[index * inner];
    }
}

static size_t top_k_units(const fc_step *step, size_t items)
{
    return items * ((const top_k *)step->params)->outer;
}

static fc_status top_k_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                           float *scratch)
{
    const top_k *layer = step->params;
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / layer->outer, o = unit % layer->outer;
        const float *in = fc_frame_item(frame, step->in[0], item) + o * layer->n * layer->inner;
        float *out = fc_frame_item(frame, step->out, item) + o * layer->k * layer->inner;
        for (size_t i = 0; i < layer->inner; i++) {
            top_k_line(layer, in + i, out + i, (ranked *)(void *)scratch);
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_top_k = {
    .name = "TopK",
    .min_in = 1,
    .max_in = 1,
    .build = top_k_build,
    .units = top_k_units,
    .run = top_k_run,
};

typedef struct cumulate {
    size_t outer, n, inner;
    bool exclusive, reverse;
} cumulate;

/* out[j] = the sum of in[0..j] along the axis; exclusive: without in[j]; reverse: from the end.
 * Parameters: outer n inner exclusive reverse. */
static fc_status cumulate_build(fc_build *build, fc_step *step)
{
    cumulate *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    read_axis(build, step, &layer->outer, &layer->n, &layer->inner);
    layer->exclusive = fc_build_int(build) != 0;
    layer->reverse = fc_build_int(build) != 0;
    fc_build_require(build, step->out_numel == step->in_numel[0]);
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status cumulate_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                              float *scratch)
{
    const cumulate *layer = step->params;
    const size_t size = layer->n * layer->inner;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        const float *in = fc_frame_item(frame, step->in[0], item);
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t line = 0; line < layer->outer * layer->inner; line++) {
            size_t at = line / layer->inner * size + line % layer->inner;
            double sum = 0;
            for (size_t j = 0; j < layer->n; j++) {
                size_t place = at + (layer->reverse ? layer->n - 1 - j : j) * layer->inner;
                double with = sum + (double)in[place];
                out[place] = (float)(layer->exclusive ? sum : with);
                sum = with;
            }
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_cumulate = {
    .name = "CumSum",
    .min_in = 1,
    .max_in = 1,
    .build = cumulate_build,
    .run = cumulate_run,
};

typedef struct pick {
    size_t outer, n, inner, count;
} pick;

/* in[0] (outer, n, inner), in[1] (outer, count, inner) of whole numbers, negative ones counted from
 * the end: out[o, j, i] = in[0][o, in[1][o, j, i], i]. Parameters: outer n inner count. */
static fc_status pick_build(fc_build *build, fc_step *step)
{
    pick *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    read_axis(build, step, &layer->outer, &layer->n, &layer->inner);
    layer->count = fc_build_size(build, 1, FC_MAX_NUMEL);
    size_t numel = fc_build_product(build, (size_t[]){layer->outer, layer->count, layer->inner}, 3);
    fc_build_require(build, step->in_numel[1] == numel);
    fc_build_require(build, step->out_numel == numel);
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status pick_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                          float *scratch)
{
    const pick *layer = step->params;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        const float *in = fc_frame_item(frame, step->in[0], item),
                    *at = fc_frame_item(frame, step->in[1], item);
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t e = 0; e < step->out_numel; e++) {
            float index = at[e] < 0 ? at[e] + (float)layer->n : at[e];
            if (!(index >= 0 && index < (float)layer->n)) {
                return FC_ERR_INDEX;
            }
            size_t o = e / layer->inner / layer->count;
            out[e] = in[(o * layer->n + (size_t)index) * layer->inner + e % layer->inner];
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_pick = {
    .name = "Pick",
    .min_in = 2,
    .max_in = 2,
    .build = pick_build,
    .run = pick_run,
};
