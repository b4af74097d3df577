/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions, channels last.
 *
 *   conv       a matrix product per block of output pixels. The rows of the left matrix are not
 *              built: the product takes a pointer per pixel and tap (fc_gemm_taps). OpenBLAS wants
 *              them in one piece: for it they are gathered per block (im2col by tiles). Where
 *              pixels have few channels the image is read in lines (fc_lines.h). 3x3 kernels
 *              with steps of 1 need fewer multiplications (fc_winograd.h).
 *   depthwise  one filter per channel: a multiply-add per tap, vectorised over channels. */
#include <string.h>

#include "fc_alloc.h"
#include "fc_lines.h"
#include "fc_loops.h"
#include "fc_window.h"
#include "fc_winograd.h"

typedef struct conv {
    fc_window window;
    size_t groups, k, n; /* of a group: taps * channels in, channels out */
    size_t columns;      /* of a unit */
    fc_gemm **gemms;     /* one per group; all NULL where there is `winograd` */
    fc_winograd *winograd;
    fc_lines *lines; /* not NULL: one group, whose product reads the image in lines */
    bool gather, has_residual, has_bias;
    fc_gemm_tail tail;
    float *padding; /* zeros, as many as a pixel has channels */
    size_t weights_at, bias_at;
} conv;

static void conv_destroy(void *params)
{
    conv *layer = params;
    if (layer != NULL) {
        for (size_t g = 0; layer->gemms != NULL && g < layer->groups; g++) {
            fc_gemm_destroy(layer->gemms[g]);
        }
        fc_winograd_destroy(layer->winograd);
        fc_lines_destroy(layer->lines);
        fc_free(layer->gemms);
        fc_free(layer->padding);
        fc_free(layer);
    }
}

/* Inputs: x, and the residual if there is one. Parameters: window groups out_channels weights bias
 * act act_first; weights (groups, taps, channels / groups, out_channels / groups), bias
 * (out_channels) or -1. */
static fc_status conv_build(fc_build *build, fc_step *step)
{
    conv *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    fc_window *window = &layer->window;
    fc_window_read(build, step, true, window);
    size_t groups = fc_build_size(build, 1, INT32_MAX),
           out_channels = fc_build_size(build, 1, INT32_MAX);
    fc_build_require(build, window->channels % groups == 0 && out_channels % groups == 0);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    size_t run = window->channels / groups;
    layer->n = out_channels / groups;
    layer->k = fc_build_product(build, (size_t[]){window->taps, run}, 2);
    size_t weight_count = fc_build_product(build, (size_t[]){groups, layer->k, layer->n}, 3);
    size_t numel =
        fc_build_product(build, (size_t[]){window->images, window->out_pixels, out_channels}, 3);
    const float *weights = fc_build_weights(build, weight_count, false, &layer->weights_at);
    const float *bias = fc_build_weights(build, out_channels, true, &layer->bias_at);
    layer->has_bias = bias != NULL;
    layer->tail.act = fc_build_act(build);
    layer->tail.act_first = fc_build_int(build) != 0;
    layer->tail.ld_residual = out_channels;
    layer->has_residual = step->n_in == 2;
    fc_build_require(build, step->out_numel == numel);
    fc_build_require(build, !layer->has_residual || step->in_numel[1] == numel);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->gemms = fc_calloc(groups, sizeof(fc_gemm *));
    layer->padding = fc_calloc_aligned(FC_CACHE_LINE, window->channels, sizeof *layer->padding);
    if (layer->gemms == NULL || layer->padding == NULL) {
        return FC_ERR_NOMEM;
    }
    layer->groups = groups;
    step->flops = 2.0 * (double)layer->k * (double)numel;
    if (groups == 1 && fc_gemm_choose(build->engine, window->block) == FC_GEMM_PACKED &&
        fc_winograd_fits(window, layer->n)) {
        fc_status status = fc_winograd_create(window, layer->n, weights, bias, &layer->winograd);
        step->scratch = status == FC_OK ? fc_winograd_scratch(layer->winograd) : 0;
        return status;
    }
    layer->columns = fc_gemm_columns(layer->n, window->images * fc_window_blocks(window));
    for (size_t g = 0; g < groups; g++) {
        fc_status status = fc_gemm_create(
            build->engine, window->block, layer->k, layer->n, weights + g * layer->k * layer->n,
            layer->n, bias != NULL ? bias + g * layer->n : NULL, &layer->gemms[g]);
        if (status != FC_OK) {
            return status;
        }
    }
    layer->gather = fc_gemm_engine_of(layer->gemms[0]) != FC_GEMM_PACKED;
    if (!layer->gather && fc_lines_fits(window, groups)) {
        fc_status status = fc_lines_create(window, &layer->lines);
        step->scratch = status == FC_OK ? fc_lines_scratch(layer->lines) : 0;
        return status;
    }
    step->scratch = fc_window_scratch(window) + (layer->gather ? window->block * layer->k : 0);
    return FC_OK;
}

static size_t conv_columns(const conv *layer)
{
    return (layer->n + layer->columns - 1) / layer->columns;
}

static size_t units_of_image(const conv *layer)
{
    return layer->winograd != NULL ? fc_winograd_units(layer->winograd)
           : layer->lines != NULL  ? fc_lines_units(layer->lines)
                                   : fc_window_blocks(&layer->window) * conv_columns(layer);
}

static size_t conv_units(const fc_step *step, size_t items)
{
    const conv *layer = step->params;
    return items * layer->window.images * units_of_image(layer);
}

/* The rows of the left matrix: m times the taps' runs of one group. */
static void gather_rows(const conv *layer, size_t m, size_t group, const float *const *rows,
                        float *to)
{
    const fc_window *window = &layer->window;
    size_t run = window->channels / layer->groups, offset = group * run;
    for (size_t i = 0; i < m; i++) {
        for (size_t t = 0; t < window->taps; t++) {
            const float *from = rows[t * m + i] + offset;
            for (size_t c = 0; c < run; c++) {
                *to++ = from[c];
            }
        }
    }
}

/* Output pixels [first, first + m) of one image, columns [n0, n1) of every group. */
static void conv_block(const conv *layer, const float *in, float *out, const float *residual,
                       size_t first, size_t m, size_t n0, size_t n1, float *scratch)
{
    const fc_window *window = &layer->window;
    const float **rows = (const float **)(void *)scratch;
    float *gathered = scratch + fc_window_scratch(window);
    size_t run = window->channels / layer->groups, out_channels = layer->groups * layer->n;
    fc_window_rows(window, in, layer->padding, first, m, rows);
    for (size_t g = 0; g < layer->groups; g++) {
        fc_gemm_tail tail = layer->tail;
        size_t at = first * out_channels + g * layer->n;
        tail.residual = residual != NULL ? residual + at : NULL;
        if (layer->gather) {
            gather_rows(layer, m, g, rows, gathered);
            fc_gemm_rows(layer->gemms[g], m, gathered, layer->k, out + at, out_channels, n0, n1,
                         &tail);
            continue;
        }
        fc_gemm_taps(layer->gemms[g], m, window->taps, run, rows, out + at, out_channels, n0, n1,
                     &tail);
        for (size_t i = 0; i < window->taps * m && g + 1 < layer->groups; i++) {
            rows[i] +=
                rows[i] >= layer->padding && rows[i] < layer->padding + window->channels ? 0 : run;
        }
    }
}

/* As conv_run, where an image is cut by who computes it. */
static fc_status run_by_image(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                              float *scratch)
{
    const conv *layer = step->params;
    const fc_window *window = &layer->window;
    const size_t units = units_of_image(layer);
    for (size_t unit = begin; unit < end;) {
        size_t image = unit / units, first = unit % units;
        size_t last = end - unit < units - first ? first + (end - unit) : units;
        size_t item = image / window->images;
        image %= window->images;
        size_t out_at = image * window->out_pixels * layer->n;
        fc_gemm_tail tail = layer->tail;
        tail.residual =
            layer->has_residual ? fc_frame_item(frame, step->in[1], item) + out_at : NULL;
        const float *in =
            fc_frame_item(frame, step->in[0], item) + image * window->in_pixels * window->channels;
        float *out = fc_frame_item(frame, step->out, item) + out_at;
        if (layer->winograd != NULL) {
            fc_winograd_run(layer->winograd, in, out, &tail, first, last, scratch);
        } else {
            fc_lines_run(layer->lines, layer->gemms[0], layer->n, in, out, &tail, first, last,
                         scratch);
        }
        unit += last - first;
    }
    return FC_OK;
}

static fc_status conv_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                          float *scratch)
{
    const conv *layer = step->params;
    const fc_window *window = &layer->window;
    if (layer->winograd != NULL || layer->lines != NULL) {
        return run_by_image(step, frame, begin, end, scratch);
    }
    size_t blocks = fc_window_blocks(window), columns = conv_columns(layer);
    for (size_t unit = begin; unit < end; unit++) {
        size_t n0 = unit % columns * layer->columns;
        size_t n1 = layer->n - n0 < layer->columns ? layer->n : n0 + layer->columns;
        size_t first = unit / columns % blocks * window->block, image = unit / columns / blocks;
        size_t item = image / window->images;
        image %= window->images;
        size_t m =
            window->out_pixels - first < window->block ? window->out_pixels - first : window->block;
        size_t in_at = image * window->in_pixels * window->channels;
        size_t out_at = image * window->out_pixels * layer->groups * layer->n;
        conv_block(layer, fc_frame_item(frame, step->in[0], item) + in_at,
                   fc_frame_item(frame, step->out, item) + out_at,
                   layer->has_residual ? fc_frame_item(frame, step->in[1], item) + out_at : NULL,
                   first, m, n0, n1, scratch);
    }
    return FC_OK;
}

static void conv_export(const fc_step *step, float *weights)
{
    const conv *layer = step->params;
    if (layer->winograd != NULL) {
        fc_winograd_export(layer->winograd, weights + layer->weights_at,
                           layer->has_bias ? weights + layer->bias_at : NULL);
    }
    for (size_t g = 0; g < layer->groups && layer->winograd == NULL; g++) {
        fc_gemm_unpack(layer->gemms[g], weights + layer->weights_at + g * layer->k * layer->n,
                       layer->has_bias ? weights + layer->bias_at + g * layer->n : NULL);
    }
}

const fc_layer fc_layer_conv = {
    .name = "Conv",
    .min_in = 1,
    .max_in = 2,
    .build = conv_build,
    .units = conv_units,
    .run = conv_run,
    .export = conv_export,
    .destroy = conv_destroy,
};

typedef struct depthwise {
    fc_window window;
    float *weights, *bias, *padding; /* (taps, channels), (channels), (channels) */
    bool has_bias, has_residual;
    fc_act act;
    bool act_first;
    size_t weights_at, bias_at;
} depthwise;

static void depthwise_destroy(void *params)
{
    depthwise *layer = params;
    if (layer != NULL) {
        fc_free(layer->weights);
        fc_free(layer->bias);
        fc_free(layer->padding);
        fc_free(layer);
    }
}

/* Inputs: x, and the residual if there is one. Parameters: window weights bias act act_first;
 * weights (taps, channels). */
static fc_status depthwise_build(fc_build *build, fc_step *step)
{
    depthwise *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    fc_window *window = &layer->window;
    fc_window_read(build, step, false, window);
    size_t weight_count = fc_build_product(build, (size_t[]){window->taps, window->channels}, 2);
    size_t numel = fc_build_product(
        build, (size_t[]){window->images, window->out_pixels, window->channels}, 3);
    const float *weights = fc_build_weights(build, weight_count, false, &layer->weights_at);
    const float *bias = fc_build_weights(build, window->channels, true, &layer->bias_at);
    layer->has_bias = bias != NULL;
    layer->act = fc_build_act(build);
    layer->act_first = fc_build_int(build) != 0;
    layer->has_residual = step->n_in == 2;
    fc_build_require(build, step->out_numel == numel);
    fc_build_require(build, !layer->has_residual || step->in_numel[1] == numel);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->weights = fc_calloc_aligned(FC_CACHE_LINE, weight_count, sizeof(float));
    layer->bias = fc_calloc_aligned(FC_CACHE_LINE, window->channels, sizeof(float));
    layer->padding = fc_calloc_aligned(FC_CACHE_LINE, window->channels, sizeof(float));
    if (layer->weights == NULL || layer->bias == NULL || layer->padding == NULL) {
        return FC_ERR_NOMEM;
    }
    memcpy(layer->weights, weights, weight_count * sizeof *weights);
    if (bias != NULL) {
        memcpy(layer->bias, bias, window->channels * sizeof *bias);
    }
    step->scratch = fc_window_scratch(window);
    step->flops = 2.0 * (double)window->taps * (double)numel;
    return FC_OK;
}

static size_t depthwise_units(const fc_step *step, size_t items)
{
    const depthwise *layer = step->params;
    return items * layer->window.images * fc_window_blocks(&layer->window);
}

static fc_status depthwise_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                               float *scratch)
{
    const depthwise *layer = step->params;
    const fc_window *window = &layer->window;
    const fc_loops *loops = fc_loops_get();
    const float **rows = (const float **)(void *)scratch;
    size_t blocks = fc_window_blocks(window), channels = window->channels;
    bool clip = layer->act.kind == FC_ACT_CLIP,
         residual_inside = layer->has_residual && !layer->act_first;
    for (size_t unit = begin; unit < end; unit++) {
        size_t image = unit / blocks, first = unit % blocks * window->block,
               item = image / window->images;
        image %= window->images;
        size_t m =
            window->out_pixels - first < window->block ? window->out_pixels - first : window->block;
        size_t at = (image * window->out_pixels + first) * channels;
        const float *in =
            fc_frame_item(frame, step->in[0], item) + image * window->in_pixels * channels;
        float *out = fc_frame_item(frame, step->out, item) + at;
        const float *residual =
            layer->has_residual ? fc_frame_item(frame, step->in[1], item) + at : NULL;
        fc_window_rows(window, in, layer->padding, first, m, rows);
        fc_depthwise_block job = {
            .m = m,
            .taps = window->taps,
            .channels = channels,
            .rows = rows,
            .weights = layer->weights,
            .bias = layer->bias,
            .residual = residual_inside ? residual : NULL,
            .out = out,
            .clip = clip,
            .lo = layer->act.p,
            .hi = layer->act.q,
        };
        loops->depthwise(&job);
        if (layer->act.kind != FC_ACT_NONE && !clip) {
            fc_act_apply(layer->act, m * channels, out, out);
        }
        if (residual != NULL && !residual_inside) {
            loops->binary(FC_BINARY_ADD, m * channels, out, 1, residual, 1, out);
        }
    }
    return FC_OK;
}

static void depthwise_export(const fc_step *step, float *weights)
{
    const depthwise *layer = step->params;
    const fc_window *window = &layer->window;
    memcpy(weights + layer->weights_at, layer->weights,
           window->taps * window->channels * sizeof *weights);
    if (layer->has_bias) {
        memcpy(weights + layer->bias_at, layer->bias, window->channels * sizeof *weights);
    }
}

const fc_layer fc_layer_depthwise = {
    .name = "Depthwise",
    .min_in = 1,
    .max_in = 2,
    .build = depthwise_build,
    .units = depthwise_units,
    .run = depthwise_run,
    .export = depthwise_export,
    .destroy = depthwise_destroy,
};
