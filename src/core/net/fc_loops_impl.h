/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the inner loops; the including file defines VEC and LOOPS_NAME. Channels that fill no
 * vector at the end of a row are done with the row's last full vector again, or one by one where
 * the row is shorter than a vector. */
#include "fc_loops.h"

#include <math.h>

#include "fc_simd.h"

#define TILE 4 /* pixels of a depthwise tile: they share the loads of the weights */

INLINE float clip_one(const fc_depthwise_block *job, float x)
{
    if (!job->clip) {
        return x;
    }
    x = x < job->lo ? job->lo : x;
    return x > job->hi ? job->hi : x;
}

/* Pixels [i, i + N), NV vectors of channels from c. */
INLINE void depthwise_tile(const fc_depthwise_block *job, const int N, const int NV, size_t i,
                           size_t c)
{
    vf acc[TILE][2];
    for (int j = 0; j < N; j++) {
        for (int v = 0; v < NV; v++) {
            acc[j][v] = load(job->bias + c + (size_t)v * VEC);
        }
    }
    const float *weights = job->weights + c;
    const float *const *rows = job->rows + i;
    for (size_t t = 0; t < job->taps; t++, rows += job->m, weights += job->channels) {
        vf w[2];
        for (int v = 0; v < NV; v++) {
            w[v] = load(weights + (size_t)v * VEC);
        }
        for (int j = 0; j < N; j++) {
            for (int v = 0; v < NV; v++) {
                acc[j][v] = fma_vf(load(rows[j] + c + (size_t)v * VEC), w[v], acc[j][v]);
            }
        }
    }
    for (int j = 0; j < N; j++) {
        for (int v = 0; v < NV; v++) {
            size_t at = (i + (size_t)j) * job->channels + c + (size_t)v * VEC;
            vf y = acc[j][v];
            if (job->residual != NULL) {
                y += load(job->residual + at);
            }
            if (job->clip) {
                y = at_most(at_least(y, splat(job->lo)), splat(job->hi));
            }
            store(job->out + at, y);
        }
    }
}

INLINE void depthwise_pixels(const fc_depthwise_block *job, const int N, size_t i)
{
    size_t c = 0, channels = job->channels;
    for (; c + 2 * VEC <= channels; c += 2 * VEC) {
        depthwise_tile(job, N, 2, i, c);
    }
    for (; c + VEC <= channels; c += VEC) {
        depthwise_tile(job, N, 1, i, c);
    }
    if (c < channels && channels >= VEC) {
        depthwise_tile(job, N, 1, i, channels - VEC);
        return;
    }
    for (; c < channels; c++) {
        for (int j = 0; j < N; j++) {
            float sum = job->bias[c];
            for (size_t t = 0; t < job->taps; t++) {
                sum += job->rows[t * job->m + i + (size_t)j][c] * job->weights[t * channels + c];
            }
            size_t at = (i + (size_t)j) * channels + c;
            sum += job->residual != NULL ? job->residual[at] : 0.0F;
            job->out[at] = clip_one(job, sum);
        }
    }
}

static void depthwise(const fc_depthwise_block *job)
{
#if VEC > 4
    if (job->channels < VEC) { /* shorter vectors still fit */
        fc_loops_baseline.depthwise(job);
        return;
    }
#endif
    size_t i = 0;
    for (; i + TILE <= job->m; i += TILE) {
        depthwise_pixels(job, TILE, i);
    }
    for (; i < job->m; i++) {
        depthwise_pixels(job, 1, i);
    }
}

/* The larger; NaN if either is. */
INLINE vf max_vf(vf a, vf b)
{
    return select_vf(a != a, a, at_least(b, a)); /* at_least gives b where b is NaN */
}

static void pool_max(size_t m, size_t taps, size_t channels, const float *const *rows, float *out)
{
#if VEC > 4
    if (channels < VEC) { /* shorter vectors still fit */
        fc_loops_baseline.pool_max(m, taps, channels, rows, out);
        return;
    }
#endif
    for (size_t i = 0; i < m; i++, out += channels) {
        size_t c = 0;
        while (channels >= VEC && c < channels) {
            size_t at = c + VEC <= channels ? c : channels - VEC;
            vf y = load(rows[i] + at);
            for (size_t t = 1; t < taps; t++) {
                y = max_vf(y, load(rows[t * m + i] + at));
            }
            store(out + at, y);
            c = at + VEC;
        }
        for (; c < channels; c++) {
            float y = rows[i][c];
            for (size_t t = 1; t < taps; t++) {
                float x = rows[t * m + i][c];
                y = x > y || x != x ? x : y;
            }
            out[c] = y;
        }
    }
}

static void pool_sum(size_t m, size_t taps, size_t channels, const float *const *rows,
                     const float *scale, float *out)
{
#if VEC > 4
    if (channels < VEC) { /* shorter vectors still fit */
        fc_loops_baseline.pool_sum(m, taps, channels, rows, scale, out);
        return;
    }
#endif
    for (size_t i = 0; i < m; i++, out += channels) {
        size_t c = 0;
        while (channels >= VEC && c < channels) {
            size_t at = c + VEC <= channels ? c : channels - VEC;
            vf y = load(rows[i] + at);
            for (size_t t = 1; t < taps; t++) {
                y += load(rows[t * m + i] + at);
            }
            store(out + at, y * splat(scale[i]));
            c = at + VEC;
        }
        for (; c < channels; c++) {
            float y = rows[i][c];
            for (size_t t = 1; t < taps; t++) {
                y += rows[t * m + i][c];
            }
            out[c] = y * scale[i];
        }
    }
}

#include "fc_winograd_impl.h"

#define BINARY_LOOP(expression)                                                                    \
    if (a_step == 1 && b_step == 1) {                                                              \
        for (size_t i = 0; i < n; i++) {                                                           \
            float p = a[i], q = b[i];                                                              \
            y[i] = (expression);                                                                   \
        }                                                                                          \
    } else if (a_step == 1) {                                                                      \
        float q = b[0];                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            float p = a[i];                                                                        \
            y[i] = (expression);                                                                   \
        }                                                                                          \
    } else {                                                                                       \
        float p = a[0];                                                                            \
        for (size_t i = 0; i < n; i++) {                                                           \
            float q = b[i * b_step];                                                               \
            y[i] = (expression);                                                                   \
        }                                                                                          \
    }                                                                                              \
    break

static float modulo(float a, float b)
{
    float r = fmodf(a, b);
    return r != 0 && (r < 0) != (b < 0) ? r + b : r;
}

static void binary(fc_binary_op op, size_t n, const float *a, size_t a_step, const float *b,
                   size_t b_step, float *y)
{
    switch (op) {
    case FC_BINARY_ADD:
        BINARY_LOOP(p + q);
    case FC_BINARY_SUB:
        BINARY_LOOP(p - q);
    case FC_BINARY_MUL:
        BINARY_LOOP(p * q);
    case FC_BINARY_DIV:
        BINARY_LOOP(p / q);
    case FC_BINARY_MIN:
        BINARY_LOOP(p < q || p != p ? p : q);
    case FC_BINARY_MAX:
        BINARY_LOOP(p > q || p != p ? p : q);
    case FC_BINARY_PRELU:
        BINARY_LOOP(p < 0 ? p * q : p);
    case FC_BINARY_EQUAL:
        BINARY_LOOP(p == q ? 1.0F : 0.0F);
    case FC_BINARY_GREATER:
        BINARY_LOOP(p > q ? 1.0F : 0.0F);
    case FC_BINARY_GREATER_EQUAL:
        BINARY_LOOP(p >= q ? 1.0F : 0.0F);
    case FC_BINARY_KEEP:
        BINARY_LOOP(q != 0 ? p : 0.0F);
    case FC_BINARY_DROP:
        BINARY_LOOP(q != 0 ? 0.0F : p);
    case FC_BINARY_FMOD:
        BINARY_LOOP(fmodf(p, q));
    case FC_BINARY_MOD:
        BINARY_LOOP(modulo(p, q));
    default:
        BINARY_LOOP(powf(p, q));
    }
}

/* Twelve chains hide the latency of the multiply-add; each round does two steps of each. */
static double multiply_adds(size_t rounds)
{
    vf acc[12], factor = splat(0.999F), term = splat(1e-3F);
    for (int i = 0; i < 12; i++) {
        acc[i] = splat((float)i);
    }
    for (size_t r = 0; r < rounds; r++) {
        for (int i = 0; i < 12; i++) {
            acc[i] = fma_vf(acc[i], factor, term);
        }
        for (int i = 0; i < 12; i++) {
            acc[i] = fma_vf(acc[i], factor, term);
        }
    }
    for (int i = 1; i < 12; i++) {
        acc[0] += acc[i];
    }
    __asm__ volatile("" : : "m"(acc[0])); /* the result counts as used */
    return (double)rounds * 24 * 2 * VEC;
}

const fc_loops LOOPS_NAME = {depthwise,    pool_max, pool_sum,     winograd_in,
                             winograd_out, binary,   multiply_adds};
