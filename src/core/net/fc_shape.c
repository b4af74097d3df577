/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers that move numbers: strided copies (transposing, slicing, concatenating, expanding,
 * interleaving), filling, maps along one axis (gathering, reflecting, resizing), and gathering by
 * computed indices. */
#include "fc_layer.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"

typedef struct copy {
    size_t ndim, dims[FC_MAX_DIMS];
    int64_t in_at, out_at, in_stride[FC_MAX_DIMS], out_stride[FC_MAX_DIMS];
    size_t rows;        /* product of all dims but the last two */
    size_t part, parts; /* of the last dim but one, in a unit; how many such there are */
} copy;

#define PART_NUMEL 8192 /* of a unit, about: a few microseconds */

/* Does every index at + sum(i_d stride_d), 0 <= i_d < dims_d, lie within [0, numel)? Factors are at
 * most 2^40 and the products are kept below 2^41 each, so that nothing overflows. */
static bool indices_fit(size_t ndim, const size_t *dims, int64_t at, const int64_t *stride,
                        size_t numel)
{
    int64_t low = at, high = at;
    for (size_t d = 0; d < ndim; d++) {
        int64_t reach;
        if (__builtin_mul_overflow((int64_t)(dims[d] - 1), stride[d], &reach) ||
            reach > (int64_t)FC_MAX_NUMEL || reach < -(int64_t)FC_MAX_NUMEL) {
            return false;
        }
        *(reach < 0 ? &low : &high) += reach;
    }
    return low >= 0 && high < (int64_t)numel;
}

static void read_strides(fc_build *build, size_t ndim, int64_t *stride)
{
    for (size_t d = 0; d < ndim; d++) {
        stride[d] = fc_build_int(build);
    }
}

static size_t read_dims(fc_build *build, size_t *dims)
{
    size_t ndim = fc_build_size(build, 1, FC_MAX_DIMS);
    for (size_t d = 0; d < ndim; d++) {
        dims[d] = fc_build_size(build, 1, FC_MAX_NUMEL);
    }
    return ndim;
}

static void plan_parts(copy *layer)
{
    layer->part = layer->parts = 1;
    if (layer->ndim > 1) {
        size_t n = layer->dims[layer->ndim - 2], line = layer->dims[layer->ndim - 1];
        size_t most = line < PART_NUMEL / 16 ? PART_NUMEL / line / 16 * 16 : 16;
        layer->parts = (n + most - 1) / most;
        layer->part = (n + layer->parts - 1) / layer->parts;
        layer->parts = (n + layer->part - 1) / layer->part;
    }
}

/* out[out_at + i . out_stride] = in[in_at + i . in_stride] for all i in dims.
 * Parameters: ndim dims in_at in_strides out_at out_strides. */
static fc_status copy_build(fc_build *build, fc_step *step)
{
    copy *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->ndim = read_dims(build, layer->dims);
    layer->in_at = (int64_t)fc_build_size(build, 0, FC_MAX_NUMEL);
    read_strides(build, layer->ndim, layer->in_stride);
    layer->out_at = (int64_t)fc_build_size(build, 0, FC_MAX_NUMEL);
    read_strides(build, layer->ndim, layer->out_stride);
    size_t numel = fc_build_product(build, layer->dims, layer->ndim);
    if (build->problem == NULL) {
        fc_build_require(build, indices_fit(layer->ndim, layer->dims, layer->in_at,
                                            layer->in_stride, step->in_numel[0]));
        fc_build_require(build, indices_fit(layer->ndim, layer->dims, layer->out_at,
                                            layer->out_stride, step->out_numel));
        fc_build_require(build, numel <= step->out_numel); /* bounds the work */
    }
    layer->rows = fc_build_product(build, layer->dims, layer->ndim > 2 ? layer->ndim - 2 : 0);
    plan_parts(layer);
    step->flops = 4.0 * (double)numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static void copy_line(size_t n, const float *in, int64_t in_stride, float *out, int64_t out_stride)
{
    if (in_stride == 1 && out_stride == 1) {
        memcpy(out, in, n * sizeof *out);
        return;
    }
    for (size_t i = 0; i < n; i++) {
        out[(int64_t)i * out_stride] = in[(int64_t)i * in_stride];
    }
}

/* Two dims. Where the inner one strides through one side and the outer through the other, in tiles
 * that stay in the first-level cache. */
static void copy_plane(size_t n0, size_t n1, const float *in, int64_t in0, int64_t in1, float *out,
                       int64_t out0, int64_t out1)
{
    enum { SIDE = 16 };
    if (in1 == 1 || out1 != 1 || n1 < 4) {
        if (in1 != 1 && n1 < 4) { /* a few channels: long lines the other way */
            for (size_t j = 0; j < n1; j++) {
                copy_line(n0, in + (int64_t)j * in1, in0, out + (int64_t)j * out1, out0);
            }
            return;
        }
        for (size_t i = 0; i < n0; i++) {
            copy_line(n1, in + (int64_t)i * in0, in1, out + (int64_t)i * out0, out1);
        }
        return;
    }
    for (size_t i0 = 0; i0 < n0; i0 += SIDE) {
        size_t i1 = n0 - i0 < SIDE ? n0 : i0 + SIDE;
        for (size_t j0 = 0; j0 < n1; j0 += SIDE) {
            size_t j1 = n1 - j0 < SIDE ? n1 : j0 + SIDE;
            for (size_t i = i0; i < i1; i++) {
                for (size_t j = j0; j < j1; j++) {
                    out[(int64_t)i * out0 + (int64_t)j] = in[(int64_t)i * in0 + (int64_t)j * in1];
                }
            }
        }
    }
}

static size_t copy_units(const fc_step *step, size_t items)
{
    const copy *layer = step->params;
    return items * layer->rows * layer->parts;
}

static fc_status copy_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                          float *scratch)
{
    const copy *layer = step->params;
    const size_t *dims = layer->dims;
    size_t outer = layer->ndim > 2 ? layer->ndim - 2 : 0;
    (void)scratch;
    for (size_t unit = begin; unit < end; unit++) {
        size_t part = unit % layer->parts * layer->part, left = unit / layer->parts % layer->rows;
        size_t item = unit / layer->parts / layer->rows;
        const float *in = fc_frame_item(frame, step->in[0], item) + layer->in_at;
        float *out = fc_frame_item(frame, step->out, item) + layer->out_at;
        for (size_t d = outer; d-- > 0;) {
            int64_t i = (int64_t)(left % dims[d]);
            left /= dims[d];
            in += i * layer->in_stride[d];
            out += i * layer->out_stride[d];
        }
        if (layer->ndim == 1) {
            copy_line(dims[0], in, layer->in_stride[0], out, layer->out_stride[0]);
        } else {
            size_t n = dims[outer] - part < layer->part ? dims[outer] - part : layer->part;
            copy_plane(n, dims[outer + 1], in + (int64_t)part * layer->in_stride[outer],
                       layer->in_stride[outer], layer->in_stride[outer + 1],
                       out + (int64_t)part * layer->out_stride[outer], layer->out_stride[outer],
                       layer->out_stride[outer + 1]);
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_copy = {
    .name = "Copy",
    .min_in = 1,
    .max_in = 1,
    .partial = true,
    .build = copy_build,
    .units = copy_units,
    .run = copy_run,
};

/* Every element of out becomes one number. Parameters: value. */
static fc_status fill_build(fc_build *build, fc_step *step)
{
    float *value = fc_calloc(1, sizeof *value);
    if (value == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = value;
    *value = (float)fc_build_real(build);
    step->flops = (double)step->out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status fill_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                          float *scratch)
{
    const float value = *(const float *)step->params;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t i = 0; i < step->out_numel; i++) {
            out[i] = value;
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_fill = {
    .name = "Fill",
    .partial = true,
    .build = fill_build,
    .run = fill_run,
};

typedef struct axis_map {
    size_t outer, n_in, inner, n_out, taps;
    int32_t *index; /* (n_out, taps): -1 stands for `outside` */
    float *weight;  /* (n_out, taps), NULL: a plain gather, taps is 1 */
    float outside;
    size_t weight_at;
} axis_map;

static void axis_map_destroy(void *params)
{
    axis_map *layer = params;
    if (layer != NULL) {
        fc_free(layer->index);
        fc_free(layer->weight);
        fc_free(layer);
    }
}

/* out[o, j, i] = sum over t of weight[j, t] in[o, index[j, t], i], with `outside` where the index
 * is -1. Parameters: outer n_in inner n_out taps outside weights index (n_out taps words). */
static fc_status axis_map_build(fc_build *build, fc_step *step)
{
    axis_map *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->outer = fc_build_size(build, 1, FC_MAX_NUMEL);
    layer->n_in = fc_build_size(build, 1, INT32_MAX);
    layer->inner = fc_build_size(build, 1, FC_MAX_NUMEL);
    layer->n_out = fc_build_size(build, 1, INT32_MAX);
    layer->taps = fc_build_size(build, 1, INT32_MAX);
    layer->outside = (float)fc_build_real(build);
    size_t count = fc_build_product(build, (size_t[]){layer->n_out, layer->taps}, 2);
    const float *weight = fc_build_weights(build, count, true, &layer->weight_at);
    size_t in_numel =
        fc_build_product(build, (size_t[]){layer->outer, layer->n_in, layer->inner}, 3);
    size_t out_numel =
        fc_build_product(build, (size_t[]){layer->outer, layer->n_out, layer->inner}, 3);
    fc_build_require(build, step->in_numel[0] == in_numel);
    fc_build_require(build, step->out_numel == out_numel);
    fc_build_require(build, weight != NULL || layer->taps == 1);
    fc_build_require(build, build->problem != NULL || count <= build->end - build->at);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->index = fc_malloc(count, sizeof *layer->index);
    layer->weight = weight != NULL ? fc_malloc(count, sizeof *weight) : NULL;
    if (layer->index == NULL || (weight != NULL && layer->weight == NULL)) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        int64_t index = fc_build_int(build);
        fc_build_require(build, index >= -1 && index < (int64_t)layer->n_in);
        layer->index[i] = (int32_t)index;
    }
    if (weight != NULL) {
        memcpy(layer->weight, weight, count * sizeof *weight);
    }
    step->flops = 2.0 * (double)layer->taps * (double)out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static size_t axis_map_units(const fc_step *step, size_t items)
{
    return items * ((const axis_map *)step->params)->outer;
}

static void axis_map_line(const axis_map *layer, const float *in, float *out, size_t j)
{
    const int32_t *index = layer->index + j * layer->taps;
    if (layer->weight == NULL) {
        if (index[0] >= 0) {
            memcpy(out, in + (size_t)index[0] * layer->inner, layer->inner * sizeof *out);
        }
        for (size_t i = 0; i < layer->inner && index[0] < 0; i++) {
            out[i] = layer->outside;
        }
        return;
    }
    for (size_t i = 0; i < layer->inner; i++) {
        out[i] = 0;
    }
    for (size_t t = 0; t < layer->taps; t++) {
        float weight = layer->weight[j * layer->taps + t];
        const float *from = in + (index[t] < 0 ? 0 : (size_t)index[t]) * layer->inner;
        if (index[t] < 0) {
            for (size_t i = 0; i < layer->inner; i++) {
                out[i] += weight * layer->outside;
            }
        } else {
            for (size_t i = 0; i < layer->inner; i++) {
                out[i] += weight * from[i];
            }
        }
    }
}

static fc_status axis_map_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                              float *scratch)
{
    const axis_map *layer = step->params;
    (void)scratch;
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / layer->outer, o = unit % layer->outer;
        const float *in = fc_frame_item(frame, step->in[0], item) + o * layer->n_in * layer->inner;
        float *out = fc_frame_item(frame, step->out, item) + o * layer->n_out * layer->inner;
        for (size_t j = 0; j < layer->n_out; j++) {
            axis_map_line(layer, in, out + j * layer->inner, j);
        }
    }
    return FC_OK;
}

static void axis_map_export(const fc_step *step, float *weights)
{
    const axis_map *layer = step->params;
    if (layer->weight != NULL) {
        memcpy(weights + layer->weight_at, layer->weight,
               layer->n_out * layer->taps * sizeof *weights);
    }
}

const fc_layer fc_layer_axis_map = {
    .name = "AxisMap",
    .min_in = 1,
    .max_in = 1,
    .build = axis_map_build,
    .units = axis_map_units,
    .run = axis_map_run,
    .export = axis_map_export,
    .destroy = axis_map_destroy,
};

typedef struct gather {
    size_t outer, n, inner, count;
} gather;

/* in[0] (outer, n, inner), in[1] (count) of whole numbers, negative ones counted from the end:
 * out[o, j, i] = in[0][o, in[1][j], i]. Parameters: outer n inner count. */
static fc_status gather_build(fc_build *build, fc_step *step)
{
    gather *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->outer = fc_build_size(build, 1, FC_MAX_NUMEL);
    layer->n = fc_build_size(build, 1, (size_t)1 << 24);
    layer->inner = fc_build_size(build, 1, FC_MAX_NUMEL);
    layer->count = fc_build_size(build, 1, FC_MAX_NUMEL);
    size_t in_numel = fc_build_product(build, (size_t[]){layer->outer, layer->n, layer->inner}, 3);
    size_t out_numel =
        fc_build_product(build, (size_t[]){layer->outer, layer->count, layer->inner}, 3);
    fc_build_require(build, step->in_numel[0] == in_numel);
    fc_build_require(build, step->in_numel[1] == layer->count);
    fc_build_require(build, step->out_numel == out_numel);
    step->flops = 4.0 * (double)out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status gather_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                            float *scratch)
{
    const gather *layer = step->params;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        const float *in = fc_frame_item(frame, step->in[0], item),
                    *at = fc_frame_item(frame, step->in[1], item);
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t j = 0; j < layer->count; j++) {
            float index = at[j] < 0 ? at[j] + (float)layer->n : at[j];
            if (!(index >= 0 && index < (float)layer->n)) {
                return FC_ERR_INDEX;
            }
            for (size_t o = 0; o < layer->outer; o++) {
                memcpy(out + (o * layer->count + j) * layer->inner,
                       in + (o * layer->n + (size_t)index) * layer->inner,
                       layer->inner * sizeof *out);
            }
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_gather = {
    .name = "Gather",
    .min_in = 2,
    .max_in = 2,
    .build = gather_build,
    .run = gather_run,
};
