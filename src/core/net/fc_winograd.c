/* SPDX-License-Identifier: BSD-3-Clause
 *
 * 3x3 convolutions in fewer multiplications; the method stands in fc_winograd.h. A block of tiles
 * at a time: its inputs are transformed, 16 matrix products follow, their results are transformed
 * back with bias, residual and activation. The more tiles a block has the fewer times the weights
 * pass by; the fewer, the more of it stays in the cache. */
#include "fc_winograd.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_loops.h"

#define PRODUCTS 16
#define MIN_CHANNELS 16 /* in and out: below, the transformations cost more than they save */
#define MIN_TILES 25    /* below, the weights, which grow by 16 / 9, pass by for too few rows */
#define UNIT_TILES                                                                                 \
    72 /* of a unit, at most; about UNIT_TILES_LOW at least, if there are so many                  \
        */
#define UNIT_TILES_LOW 12
#define UNITS_STEP 4          /* units are a multiple of this: they divide evenly among threads */
#define BLOCK_BYTES (1 << 20) /* of transformed inputs and products */
#define MAX_BLOCK_TILES 96

struct fc_winograd {
    fc_window window;
    size_t n, tiles[2], unit, block; /* channels out; down, across; tiles of a unit, of a block */
    fc_gemm *products[PRODUCTS];
    float *weights, *bias; /* as given, for export; zeros when there is none */
    float *padding;
};

static size_t round_up(size_t n, size_t step)
{
    return (n + step - 1) / step * step;
}

bool fc_winograd_fits(const fc_window *window, size_t n)
{
    bool flat = window->in[0] == 1 && window->out[0] == 1 && window->kernel[0] == 1;
    bool ours = true;
    for (int axis = 1; axis < 3; axis++) {
        ours = ours && window->kernel[axis] == 3 && window->stride[axis] == 1 &&
               window->dilation[axis] == 1;
    }
    return flat && ours && window->pad[0] == 0 && window->channels >= MIN_CHANNELS &&
           n >= MIN_CHANNELS &&
           ((window->out[1] + 1) / 2) * ((window->out[2] + 1) / 2) >= MIN_TILES;
}

/* u = G g G' in double precision: it is rounded once. */
static void transform_kernel(const float *weights, size_t stride, double u[4][4])
{
    double half[4][3];
    for (int j = 0; j < 3; j++) {
        double g0 = (double)weights[(size_t)j * stride],
               g1 = (double)weights[(size_t)(3 + j) * stride],
               g2 = (double)weights[(size_t)(6 + j) * stride];
        half[0][j] = g0;
        half[1][j] = (g0 + g1 + g2) / 2;
        half[2][j] = (g0 - g1 + g2) / 2;
        half[3][j] = g2;
    }
    for (int i = 0; i < 4; i++) {
        u[i][0] = half[i][0];
        u[i][1] = (half[i][0] + half[i][1] + half[i][2]) / 2;
        u[i][2] = (half[i][0] - half[i][1] + half[i][2]) / 2;
        u[i][3] = half[i][2];
    }
}

static fc_status make_products(fc_winograd *w, const float *weights)
{
    const size_t numel = w->window.channels * w->n;
    float *all = fc_malloc(numel, PRODUCTS * sizeof *all);
    fc_status status = all != NULL ? FC_OK : FC_ERR_NOMEM;
    for (size_t i = 0; i < numel && status == FC_OK; i++) {
        double u[4][4];
        transform_kernel(weights + i, numel, u);
        for (size_t p = 0; p < PRODUCTS; p++) {
            all[p * numel + i] = (float)u[p / 4][p % 4];
        }
    }
    for (size_t p = 0; p < PRODUCTS && status == FC_OK; p++) {
        status = fc_gemm_create(FC_GEMM_PACKED, w->block, w->window.channels, w->n, all + p * numel,
                                w->n, NULL, &w->products[p]);
    }
    fc_free(all);
    return status;
}

fc_status fc_winograd_create(const fc_window *window, size_t n, const float *weights,
                             const float *bias, fc_winograd **out)
{
    *out = NULL;
    fc_winograd *w = fc_calloc(1, sizeof *w);
    if (w == NULL) {
        return FC_ERR_NOMEM;
    }
    w->window = *window;
    w->n = n;
    w->tiles[0] = (window->out[1] + 1) / 2;
    w->tiles[1] = (window->out[2] + 1) / 2;
    size_t tiles = w->tiles[0] * w->tiles[1], channels = window->channels;
    size_t units = round_up((tiles + UNIT_TILES - 1) / UNIT_TILES, UNITS_STEP);
    size_t most = (tiles + UNIT_TILES_LOW - 1) / UNIT_TILES_LOW;
    units = units < most ? units : most;
    w->unit = (tiles + units - 1) / units;
    w->block = BLOCK_BYTES / sizeof(float) / PRODUCTS / (channels + n) / w->unit * w->unit;
    w->block = w->block > MAX_BLOCK_TILES ? MAX_BLOCK_TILES / w->unit * w->unit : w->block;
    w->block = w->block < w->unit ? w->unit : w->block;
    fc_status status = FC_ERR_NOMEM;
    w->weights = fc_malloc(9 * channels, n * sizeof *w->weights);
    w->bias = fc_calloc_aligned(FC_CACHE_LINE, n, sizeof *w->bias);
    w->padding = fc_calloc_aligned(FC_CACHE_LINE, channels, sizeof *w->padding);
    if (w->weights != NULL && w->bias != NULL && w->padding != NULL) {
        memcpy(w->weights, weights, 9 * channels * n * sizeof *weights);
        if (bias != NULL) {
            memcpy(w->bias, bias, n * sizeof *bias);
        }
        status = make_products(w, weights);
    }
    if (status != FC_OK) {
        fc_winograd_destroy(w);
        return status;
    }
    *out = w;
    return FC_OK;
}

void fc_winograd_destroy(fc_winograd *winograd)
{
    if (winograd != NULL) {
        for (size_t p = 0; p < PRODUCTS; p++) {
            fc_gemm_destroy(winograd->products[p]);
        }
        fc_free(winograd->weights);
        fc_free(winograd->bias);
        fc_free(winograd->padding);
        fc_free(winograd);
    }
}

size_t fc_winograd_units(const fc_winograd *winograd)
{
    return (winograd->tiles[0] * winograd->tiles[1] + winograd->unit - 1) / winograd->unit;
}

size_t fc_winograd_scratch(const fc_winograd *winograd)
{
    return PRODUCTS * winograd->block * (winograd->window.channels + winograd->n);
}

/* The 16 pixels that a tile meets; padding where they lie outside. */
static void pixels_of(const fc_winograd *w, const float *in, size_t tile, const float *pixels[16])
{
    const fc_window *window = &w->window;
    const size_t top = tile / w->tiles[1] * 2, left = tile % w->tiles[1] * 2;
    for (size_t i = 0; i < 4; i++) {
        size_t y = top + i - window->pad[1]; /* beyond the image where it would be negative */
        for (size_t j = 0; j < 4; j++) {
            size_t x = left + j - window->pad[2];
            pixels[4 * i + j] = y < window->in[1] && x < window->in[2]
                                    ? in + (y * window->in[2] + x) * window->channels
                                    : w->padding;
        }
    }
}

static void finish_tile(const fc_winograd *w, const fc_loops *loops, size_t tile, const float *m,
                        size_t m_step, float *out, const fc_gemm_tail *tail)
{
    const size_t top = tile / w->tiles[1] * 2, left = tile % w->tiles[1] * 2;
    const bool clip = tail->act.kind == FC_ACT_CLIP, first = tail->act_first;
    fc_winograd_tile job = {
        .n = w->n,
        .m = m,
        .m_step = m_step,
        .bias = w->bias,
        .clip = clip,
        .lo = tail->act.p,
        .hi = tail->act.q,
    };
    size_t at[4];
    for (size_t i = 0; i < 4; i++) {
        size_t y = top + i / 2, x = left + i % 2;
        at[i] = (y * w->window.out[2] + x) * w->n;
        if (y < w->window.out[1] && x < w->window.out[2]) {
            job.out[i] = out + at[i];
            job.residual[i] = tail->residual != NULL && !first ? tail->residual + at[i] : NULL;
        }
    }
    loops->winograd_out(&job);
    for (size_t i = 0; i < 4; i++) {
        if (job.out[i] == NULL) {
            continue;
        }
        if (tail->act.kind != FC_ACT_NONE && !clip) {
            fc_act_apply(tail->act, w->n, job.out[i], job.out[i]);
        }
        if (tail->residual != NULL && first) {
            loops->binary(FC_BINARY_ADD, w->n, job.out[i], 1, tail->residual + at[i], 1,
                          job.out[i]);
        }
    }
}

void fc_winograd_run(const fc_winograd *winograd, const float *in, float *out,
                     const fc_gemm_tail *tail, size_t begin, size_t end, float *scratch)
{
    const fc_winograd *w = winograd;
    const fc_loops *loops = fc_loops_get();
    const fc_gemm_tail plain = {.act = {FC_ACT_NONE, 0, 0}};
    const size_t channels = w->window.channels, n = w->n, tiles = w->tiles[0] * w->tiles[1];
    size_t last = end * w->unit < tiles ? end * w->unit : tiles;
    float *v = scratch, *m = scratch + PRODUCTS * w->block * channels;
    for (size_t tile = begin * w->unit; tile < last; tile += w->block) {
        size_t count = last - tile < w->block ? last - tile : w->block;
        for (size_t i = 0; i < count; i++) {
            const float *pixels[16];
            pixels_of(w, in, tile + i, pixels);
            loops->winograd_in(channels, pixels, v + i * channels, count * channels);
        }
        for (size_t p = 0; p < PRODUCTS; p++) {
            fc_gemm_rows(w->products[p], count, v + p * count * channels, channels,
                         m + p * count * n, n, 0, n, &plain);
        }
        for (size_t i = 0; i < count; i++) {
            finish_tile(w, loops, tile + i, m + i * n, count * n, out, tail);
        }
    }
}

void fc_winograd_export(const fc_winograd *winograd, float *weights, float *bias)
{
    memcpy(weights, winograd->weights,
           9 * winograd->window.channels * winograd->n * sizeof *weights);
    if (bias != NULL) {
        memcpy(bias, winograd->bias, winograd->n * sizeof *bias);
    }
}
