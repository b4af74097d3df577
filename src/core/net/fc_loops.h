/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inner loops of layers other than matrix products, one table per instruction set. */
#ifndef FC_LOOPS_H
#define FC_LOOPS_H

#include <stdbool.h>
#include <stddef.h>

typedef enum fc_binary_op {
    FC_BINARY_ADD,
    FC_BINARY_SUB,
    FC_BINARY_MUL,
    FC_BINARY_DIV,
    FC_BINARY_MIN, /* NaN if either is */
    FC_BINARY_MAX,
    FC_BINARY_POW,
    FC_BINARY_PRELU, /* a < 0 ? a b : a */
    FC_BINARY_EQUAL, /* 1 or 0 */
    FC_BINARY_GREATER,
    FC_BINARY_GREATER_EQUAL,
    FC_BINARY_KEEP, /* b != 0 ? a : 0 */
    FC_BINARY_DROP, /* b != 0 ? 0 : a */
    FC_BINARY_FMOD, /* the remainder, with the sign of a */
    FC_BINARY_MOD,  /* the remainder, with the sign of b */
    FC_N_BINARY
} fc_binary_op;

/* Depthwise convolution of m pixels: out[i][c] = clip(bias[c] + sum over t of rows[t m + i][c]
 * weights[t][c]
 * + residual[i][c]); rows of out and residual are `channels` apart. bias is never NULL, residual
 * may be. */
typedef struct fc_depthwise_block {
    size_t m, taps, channels;
    const float *const *rows;
    const float *weights, *bias, *residual;
    float *out;
    bool clip;
    float lo, hi;
} fc_depthwise_block;

/* A tile of 2 x 2 pixels of a Winograd convolution (fc_winograd.h): out[i] = clip(A' m A + bias +
 * residual[i]). Product p has its n floats at m + p m_step. out[i] is NULL for a pixel that does
 * not exist; residual[i] may be. n >= 16. */
typedef struct fc_winograd_tile {
    size_t n, m_step;
    const float *m, *bias, *residual[4];
    float *out[4];
    bool clip;
    float lo, hi;
} fc_winograd_tile;

typedef struct fc_loops {
    void (*depthwise)(const fc_depthwise_block *job);
    /* out[i][c] = max over t of rows[t m + i][c] */
    void (*pool_max)(size_t m, size_t taps, size_t channels, const float *const *rows, float *out);
    /* out[i][c] = scale[i] * sum over t of rows[t m + i][c] */
    void (*pool_sum)(size_t m, size_t taps, size_t channels, const float *const *rows,
                     const float *scale, float *out);
    /* Element p of B' d B at v + p v_step, d being 4 x 4 pixels; channels >= 16. */
    void (*winograd_in)(size_t channels, const float *const *pixels, float *v, size_t v_step);
    void (*winograd_out)(const fc_winograd_tile *job);
    /* y[i] = a[i a_step] op b[i b_step], steps 0 or 1; y may be a or b. */
    void (*binary)(fc_binary_op op, size_t n, const float *a, size_t a_step, const float *b,
                   size_t b_step, float *y);
    /* `rounds` times 24 independent multiply-adds on vectors; returns the operations done (2 per
     * element). Only for timing what the processor can do. */
    double (*multiply_adds)(size_t rounds);
} fc_loops;

/* Of the instruction set in use. Threads: any. */
const fc_loops *fc_loops_get(void);

extern const fc_loops fc_loops_baseline, fc_loops_avx2, fc_loops_avx512;

#endif
