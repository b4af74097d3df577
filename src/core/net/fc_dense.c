/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Dense layers and 1x1 convolutions: out (rows, n) = act(in (rows, k) @ weights (k, n) + bias +
 * residual (rows, n)). The rows of all items of a chunk lie behind each other and are multiplied
 * together. */
#include "fc_layer.h"

#include "fc_alloc.h"

#define ROW_BLOCK 96 /* rows of a unit, at most */

typedef struct dense {
    fc_gemm *gemm;
    size_t rows, k, n;
    size_t weights_at, bias_at; /* for export */
    bool has_bias;
    bool has_residual;
    fc_gemm_tail tail;
} dense;

static void dense_destroy(void *params)
{
    dense *layer = params;
    if (layer != NULL) {
        fc_gemm_destroy(layer->gemm);
        fc_free(layer);
    }
}

/* Inputs: x, and the residual if there is one. Parameters: rows k n weights bias act act_first. */
static fc_status dense_build(fc_build *build, fc_step *step)
{
    dense *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->rows = fc_build_size(build, 1, FC_MAX_NUMEL);
    layer->k = fc_build_size(build, 1, INT32_MAX);
    layer->n = fc_build_size(build, 1, INT32_MAX);
    size_t weight_count = fc_build_product(build, (size_t[]){layer->k, layer->n}, 2);
    size_t in_numel = fc_build_product(build, (size_t[]){layer->rows, layer->k}, 2);
    size_t out_numel = fc_build_product(build, (size_t[]){layer->rows, layer->n}, 2);
    const float *weights = fc_build_weights(build, weight_count, false, &layer->weights_at);
    const float *bias = fc_build_weights(build, layer->n, true, &layer->bias_at);
    layer->has_bias = bias != NULL;
    layer->tail.act = fc_build_act(build);
    layer->tail.act_first = fc_build_int(build) != 0;
    layer->has_residual = step->n_in == 2;
    layer->tail.ld_residual = layer->n;
    fc_build_require(build, step->in_numel[0] == in_numel);
    fc_build_require(build, step->out_numel == out_numel);
    fc_build_require(build, !step->in_const[0] && !step->in_const[1]); /* rows of all items */
    fc_build_require(build, !layer->has_residual || step->in_numel[1] == out_numel);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    step->flops = 2.0 * (double)layer->rows * (double)weight_count;
    size_t m = layer->rows * build->chunk_hint;
    return fc_gemm_create(build->engine, m < ROW_BLOCK ? m : ROW_BLOCK, layer->k, layer->n, weights,
                          layer->n, bias, &layer->gemm);
}

/* How the product is cut into units: blocks of rows of about the same size, a multiple of the 6
 * rows of a tile, times blocks of columns. */
typedef struct cut {
    size_t rows, columns, row_blocks, column_blocks;
} cut;

static cut cut_of(const dense *layer, size_t m)
{
    cut c;
    size_t blocks = (m + ROW_BLOCK - 1) / ROW_BLOCK;
    c.rows = ((m + blocks - 1) / blocks + 5) / 6 * 6;
    c.row_blocks = (m + c.rows - 1) / c.rows;
    c.columns = fc_gemm_columns(layer->n, c.row_blocks);
    c.column_blocks = (layer->n + c.columns - 1) / c.columns;
    return c;
}

static size_t dense_units(const fc_step *step, size_t items)
{
    const dense *layer = step->params;
    cut c = cut_of(layer, items * layer->rows);
    return c.row_blocks * c.column_blocks;
}

static fc_status dense_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                           float *scratch)
{
    const dense *layer = step->params;
    const float *in = frame->data[step->in[0]];
    float *out = frame->data[step->out];
    size_t m = frame->items * layer->rows;
    cut c = cut_of(layer, m);
    (void)scratch;
    for (size_t unit = begin; unit < end; unit++) {
        size_t row = unit / c.column_blocks * c.rows, column = unit % c.column_blocks * c.columns;
        size_t rows = m - row < c.rows ? m - row : c.rows;
        size_t to = layer->n - column < c.columns ? layer->n : column + c.columns;
        fc_gemm_tail tail = layer->tail;
        tail.residual = layer->has_residual ? frame->data[step->in[1]] + row * layer->n : NULL;
        fc_gemm_rows(layer->gemm, rows, in + row * layer->k, layer->k, out + row * layer->n,
                     layer->n, column, to, &tail);
    }
    return FC_OK;
}

static void dense_export(const fc_step *step, float *weights)
{
    const dense *layer = step->params;
    fc_gemm_unpack(layer->gemm, weights + layer->weights_at,
                   layer->has_bias ? weights + layer->bias_at : NULL);
}

const fc_layer fc_layer_dense = {
    .name = "Dense",
    .min_in = 1,
    .max_in = 2,
    .build = dense_build,
    .units = dense_units,
    .run = dense_run,
    .export = dense_export,
    .destroy = dense_destroy,
};

typedef struct matmul {
    size_t m, k, n, ndim, dims[FC_MAX_DIMS], stride[2][FC_MAX_DIMS], total;
} matmul;

/* Inputs: a b, matrices contiguous. Parameters: m k n ndim dims a_strides b_strides (of the axes
 * before the matrices, in matrices; 0: repeated). */
static fc_status matmul_build(fc_build *build, fc_step *step)
{
    matmul *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    layer->m = fc_build_size(build, 1, INT32_MAX);
    layer->k = fc_build_size(build, 1, INT32_MAX);
    layer->n = fc_build_size(build, 1, INT32_MAX);
    layer->ndim = fc_build_size(build, 0, FC_MAX_DIMS);
    for (size_t d = 0; d < layer->ndim; d++) {
        layer->dims[d] = fc_build_size(build, 1, FC_MAX_NUMEL);
    }
    layer->total = fc_build_product(build, layer->dims, layer->ndim);
    size_t reach[2] = {1, 1};
    for (int side = 0; side < 2; side++) {
        for (size_t d = 0; d < layer->ndim; d++) {
            size_t stride = fc_build_size(build, 0, FC_MAX_NUMEL);
            layer->stride[side][d] = stride;
            reach[side] += fc_build_product(build, (size_t[]){layer->dims[d] - 1, stride}, 2);
        }
    }
    size_t a_numel = fc_build_product(build, (size_t[]){reach[0], layer->m, layer->k}, 3);
    size_t b_numel = fc_build_product(build, (size_t[]){reach[1], layer->k, layer->n}, 3);
    size_t out_numel = fc_build_product(build, (size_t[]){layer->total, layer->m, layer->n}, 3);
    fc_build_require(build, step->in_numel[0] >= a_numel);
    fc_build_require(build, step->in_numel[1] >= b_numel);
    fc_build_require(build, step->out_numel == out_numel);
    step->scratch = fc_gemm_scratch(layer->k, layer->n);
    step->flops = 2.0 * (double)layer->k * (double)out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static size_t matmul_units(const fc_step *step, size_t items)
{
    return items * ((const matmul *)step->params)->total;
}

static fc_status matmul_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                            float *scratch)
{
    const matmul *layer = step->params;
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / layer->total, left = unit % layer->total, at[2] = {0, 0};
        float *out = fc_frame_item(frame, step->out, item) + left * layer->m * layer->n;
        for (size_t d = layer->ndim; d-- > 0;) {
            at[0] += left % layer->dims[d] * layer->stride[0][d];
            at[1] += left % layer->dims[d] * layer->stride[1][d];
            left /= layer->dims[d];
        }
        fc_gemm_once(layer->m, layer->k, layer->n,
                     fc_frame_item(frame, step->in[0], item) + at[0] * layer->m * layer->k,
                     fc_frame_item(frame, step->in[1], item) + at[1] * layer->k * layer->n, out,
                     scratch);
    }
    return FC_OK;
}

const fc_layer fc_layer_matmul = {
    .name = "MatMul",
    .min_in = 2,
    .max_in = 2,
    .build = matmul_build,
    .units = matmul_units,
    .run = matmul_run,
};
