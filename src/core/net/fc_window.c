/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sliding windows, contract in fc_window.h, and the pooling layer. */
#include "fc_window.h"

#include <math.h>

#include "fc_alloc.h"
#include "fc_loops.h"

#define MAX_BLOCK 96
#define MIN_BLOCKS 12 /* of an image, if it has pixels enough for blocks of a few */
#define MAX_POINTERS ((size_t)1 << 16)
#define MAX_SIZE ((size_t)1 << 31) /* of an axis, kernel, stride: products of two fit 64 bits */

static void read_three(fc_build *build, size_t *sizes, size_t lowest)
{
    for (int i = 0; i < 3; i++) {
        sizes[i] = fc_build_size(build, lowest, MAX_SIZE);
    }
}

void fc_window_read(fc_build *build, const fc_step *step, bool few, fc_window *window)
{
    window->images = fc_build_size(build, 1, MAX_SIZE);
    window->channels = fc_build_size(build, 1, MAX_SIZE);
    read_three(build, window->in, 1);
    read_three(build, window->out, 1);
    read_three(build, window->kernel, 1);
    read_three(build, window->stride, 1);
    read_three(build, window->dilation, 1);
    read_three(build, window->pad, 0);
    window->in_pixels = fc_build_product(build, window->in, 3);
    window->out_pixels = fc_build_product(build, window->out, 3);
    window->taps = fc_build_product(build, window->kernel, 3);
    size_t numel =
        fc_build_product(build, (size_t[]){window->images, window->in_pixels, window->channels}, 3);
    fc_build_require(build, step->in_numel[0] == numel);
    fc_build_require(build, window->taps <= MAX_POINTERS / 6);
    if (build->problem != NULL) {
        return;
    }
    /* Blocks of about the same size, a multiple of the 6 rows of a product's tile. */
    size_t most = MAX_POINTERS / window->taps;
    most = most > MAX_BLOCK ? MAX_BLOCK : most;
    size_t blocks = (window->out_pixels + most - 1) / most;
    blocks = few || blocks >= MIN_BLOCKS ? blocks : MIN_BLOCKS;
    size_t block = (window->out_pixels + blocks - 1) / blocks;
    block = (block + 5) / 6 * 6;
    window->block = block > most ? most : block;
}

size_t fc_window_scratch(const fc_window *window)
{
    return window->block * window->taps * (sizeof(void *) / sizeof(float));
}

size_t fc_window_blocks(const fc_window *window)
{
    return (window->out_pixels + window->block - 1) / window->block;
}

/* The image's coordinate that tap k of output o meets, or false. */
static bool meets(const fc_window *window, int axis, size_t o, size_t k, size_t *at)
{
    size_t padded = o * window->stride[axis] + k * window->dilation[axis];
    *at = padded - window->pad[axis];
    return padded >= window->pad[axis] && *at < window->in[axis];
}

/* m output pixels from column ow of one row of the output, for one tap: (image_row + w * channels)
 * or padding. */
static void row_of_tap(const fc_window *window, const float *image_row, const float *padding,
                       size_t kw, size_t ow, size_t m, const float **rows)
{
    const size_t step = window->stride[2] * window->channels;
    size_t i = 0;
    for (size_t at; i < m && !meets(window, 2, ow + i, kw, &at); i++) {
        rows[i] = padding;
    }
    size_t at;
    if (i < m && meets(window, 2, ow + i, kw, &at)) {
        const float *pointer = image_row + at * window->channels;
        size_t left = (window->in[2] - 1 - at) / window->stride[2] + 1; /* that stay inside */
        size_t end = left < m - i ? i + left : m;
        for (; i < end; i++, pointer += step) {
            rows[i] = pointer;
        }
    }
    for (; i < m; i++) {
        rows[i] = padding;
    }
}

void fc_window_rows(const fc_window *window, const float *image, const float *padding, size_t first,
                    size_t m, const float **rows)
{
    for (size_t done = 0; done < m;) {
        size_t pixel = first + done;
        size_t ow = pixel % window->out[2], oh = pixel / window->out[2] % window->out[1];
        size_t od = pixel / window->out[2] / window->out[1];
        size_t run = window->out[2] - ow < m - done ? window->out[2] - ow : m - done;
        size_t tap = 0;
        for (size_t kd = 0; kd < window->kernel[0]; kd++) {
            size_t d, h;
            bool inside = meets(window, 0, od, kd, &d);
            for (size_t kh = 0; kh < window->kernel[1]; kh++) {
                bool row_inside = meets(window, 1, oh, kh, &h) && inside;
                const float *image_row =
                    row_inside ? image + (d * window->in[1] + h) * window->in[2] * window->channels
                               : NULL;
                for (size_t kw = 0; kw < window->kernel[2]; kw++, tap++) {
                    const float **to = rows + tap * m + done;
                    if (row_inside) {
                        row_of_tap(window, image_row, padding, kw, ow, run, to);
                    } else {
                        for (size_t i = 0; i < run; i++) {
                            to[i] = padding;
                        }
                    }
                }
            }
        }
        done += run;
    }
}

enum { POOL_MAX, POOL_SUM, POOL_LP, N_POOL };

typedef struct pool {
    fc_window window;
    size_t kind;
    double p;       /* LP: (sum |x|^p)^(1/p) */
    float *padding; /* a row of what lies outside: -inf for MAX, else 0 */
    float *scale;   /* SUM: per output pixel, the reciprocal count of an average */
    size_t scale_at;
} pool;

static void pool_destroy(void *params)
{
    pool *layer = params;
    if (layer != NULL) {
        fc_free(layer->padding);
        fc_free(layer->scale);
        fc_free(layer);
    }
}

/* Parameters: window kind p scale. scale: weights (out_pixels) for SUM, else -1. */
static fc_status pool_build(fc_build *build, fc_step *step)
{
    pool *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    fc_window *window = &layer->window;
    fc_window_read(build, step, false, window);
    layer->kind = fc_build_size(build, 0, N_POOL - 1);
    layer->p = fc_build_real(build);
    const float *scale =
        fc_build_weights(build, window->out_pixels, layer->kind != POOL_SUM, &layer->scale_at);
    size_t numel = fc_build_product(
        build, (size_t[]){window->images, window->out_pixels, window->channels}, 3);
    fc_build_require(build, step->out_numel == numel);
    fc_build_require(build, layer->kind != POOL_SUM || scale != NULL);
    fc_build_require(build, layer->kind != POOL_LP || layer->p > 0);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->padding = fc_calloc_aligned(FC_CACHE_LINE, window->channels, sizeof *layer->padding);
    layer->scale =
        fc_malloc(layer->kind == POOL_SUM ? window->out_pixels : 0, sizeof *layer->scale);
    if (layer->padding == NULL || layer->scale == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t c = 0; c < window->channels && layer->kind == POOL_MAX; c++) {
        layer->padding[c] = -INFINITY;
    }
    for (size_t i = 0; i < window->out_pixels && layer->kind == POOL_SUM; i++) {
        layer->scale[i] = scale[i];
    }
    step->scratch = fc_window_scratch(window);
    step->flops = (double)window->taps * (double)numel;
    return FC_OK;
}

static size_t pool_units(const fc_step *step, size_t items)
{
    const pool *layer = step->params;
    return items * layer->window.images * fc_window_blocks(&layer->window);
}

static void pool_lp(const pool *layer, size_t m, const float *const *rows, float *out)
{
    const fc_window *window = &layer->window;
    for (size_t i = 0; i < m; i++) {
        for (size_t c = 0; c < window->channels; c++) {
            double sum = 0;
            for (size_t t = 0; t < window->taps; t++) {
                double x = fabs((double)rows[t * m + i][c]);
                sum += layer->p == 2 ? x * x : layer->p == 1 ? x : pow(x, layer->p);
            }
            double y = layer->p == 2 ? sqrt(sum) : layer->p == 1 ? sum : pow(sum, 1 / layer->p);
            out[i * window->channels + c] = (float)y;
        }
    }
}

static fc_status pool_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                          float *scratch)
{
    const pool *layer = step->params;
    const fc_window *window = &layer->window;
    const fc_loops *loops = fc_loops_get();
    const float **rows = (const float **)(void *)scratch;
    size_t blocks = fc_window_blocks(window);
    for (size_t unit = begin; unit < end; unit++) {
        size_t image = unit / blocks, first = unit % blocks * window->block;
        size_t item = image / window->images;
        image %= window->images;
        size_t m =
            window->out_pixels - first < window->block ? window->out_pixels - first : window->block;
        const float *in =
            fc_frame_item(frame, step->in[0], item) + image * window->in_pixels * window->channels;
        float *out = fc_frame_item(frame, step->out, item) +
                     (image * window->out_pixels + first) * window->channels;
        fc_window_rows(window, in, layer->padding, first, m, rows);
        if (layer->kind == POOL_MAX) {
            loops->pool_max(m, window->taps, window->channels, rows, out);
        } else if (layer->kind == POOL_SUM) {
            loops->pool_sum(m, window->taps, window->channels, rows, layer->scale + first, out);
        } else {
            pool_lp(layer, m, rows, out);
        }
    }
    return FC_OK;
}

static void pool_export(const fc_step *step, float *weights)
{
    const pool *layer = step->params;
    for (size_t i = 0; i < layer->window.out_pixels && layer->kind == POOL_SUM; i++) {
        weights[layer->scale_at + i] = layer->scale[i];
    }
}

const fc_layer fc_layer_pool = {
    .name = "Pool",
    .min_in = 1,
    .max_in = 1,
    .build = pool_build,
    .units = pool_units,
    .run = pool_run,
    .export = pool_export,
    .destroy = pool_destroy,
};
