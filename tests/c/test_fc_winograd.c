/* SPDX-License-Identifier: BSD-3-Clause
 *
 * 3x3 convolutions through transformations: equal to the plain sums in double precision, the same
 * bits however the units are divided, nothing written beyond the output, no leak when memory fails.
 */
#include "fc_winograd.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

#define GUARD 1234.5F

static float value(unsigned *seed)
{
    *seed = *seed * 1664525 + 1013904223;
    return (float)(*seed >> 8) / (1 << 23) - 1.0F;
}

static float *values(size_t n, unsigned *seed)
{
    float *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = value(seed);
    }
    x[n] = GUARD;
    return x;
}

static double plain(const fc_window *w, size_t n, const float *in, const float *weights, size_t y,
                    size_t x, size_t column)
{
    double sum = 0;
    for (size_t t = 0; t < 9; t++) {
        size_t row = y + t / 3 - w->pad[1], at = x + t % 3 - w->pad[2];
        for (size_t c = 0; c < w->channels && row < w->in[1] && at < w->in[2]; c++) {
            sum += (double)in[(row * w->in[2] + at) * w->channels + c] *
                   (double)weights[(t * w->channels + c) * n + column];
        }
    }
    return sum;
}

static fc_window window_of(size_t height, size_t width, size_t channels, size_t pad)
{
    fc_window w = {.images = 1, .channels = channels, .block = 6};
    for (int i = 0; i < 3; i++) {
        w.stride[i] = w.dilation[i] = 1;
        w.kernel[i] = i == 0 ? 1 : 3;
        w.pad[i] = i == 0 ? 0 : pad;
    }
    w.in[0] = w.out[0] = 1;
    w.in[1] = height;
    w.in[2] = width;
    w.out[1] = height + 2 * pad - 2;
    w.out[2] = width + 2 * pad - 2;
    w.in_pixels = height * width;
    w.out_pixels = w.out[1] * w.out[2];
    w.taps = 9;
    return w;
}

static void test_against_plain(size_t height, size_t width, size_t channels, size_t n, size_t pad,
                               bool with_bias, int residual, fc_act act)
{
    unsigned seed = 1;
    fc_window w = window_of(height, width, channels, pad);
    size_t numel = w.out_pixels * n;
    float *in = values(w.in_pixels * channels, &seed), *weights = values(9 * channels * n, &seed);
    float *bias = values(n, &seed), *added = values(numel, &seed);
    float *whole = values(numel, &seed), *parts = values(numel, &seed);
    fc_winograd *winograd;
    CHECK(fc_winograd_fits(&w, n));
    CHECK(fc_winograd_create(&w, n, weights, with_bias ? bias : NULL, &winograd) == FC_OK);
    float *scratch = malloc(fc_winograd_scratch(winograd) * sizeof *scratch);
    fc_gemm_tail tail = {.residual = residual ? added : NULL,
                         .ld_residual = n,
                         .act = act,
                         .act_first = residual == 2};
    size_t units = fc_winograd_units(winograd);
    fc_winograd_run(winograd, in, whole, &tail, 0, units, scratch);
    for (size_t unit = units; unit-- > 0;) {
        fc_winograd_run(winograd, in, parts, &tail, unit, unit + 1, scratch);
    }
    CHECK(memcmp(whole, parts, numel * sizeof *whole) == 0);
    CHECK(whole[numel] == GUARD && parts[numel] == GUARD);
    double worst = 0;
    for (size_t i = 0; i < numel; i++) {
        size_t pixel = i / n;
        double y = plain(&w, n, in, weights, pixel / w.out[2], pixel % w.out[2], i % n);
        float z = (float)(y + (with_bias ? (double)bias[i % n] : 0) +
                          (residual == 1 ? (double)added[i] : 0));
        fc_act_reference(act, 1, &z, &z);
        z += residual == 2 ? added[i] : 0;
        worst = fmax(worst, fabs((double)(z - whole[i])));
    }
    CHECK(worst < 2e-6 * sqrt((double)channels * 9));
    float *back = values(9 * channels * n, &seed), *back_bias = values(n, &seed);
    fc_winograd_export(winograd, back, with_bias ? back_bias : NULL);
    CHECK(memcmp(back, weights, 9 * channels * n * sizeof *back) == 0);
    CHECK(!with_bias || memcmp(back_bias, bias, n * sizeof *bias) == 0);
    fc_winograd_destroy(winograd);
    free(scratch);
    free(in);
    free(weights);
    free(bias);
    free(added);
    free(whole);
    free(parts);
    free(back);
    free(back_bias);
}

static void test_refusals(void)
{
    fc_window w = window_of(20, 20, 16, 1);
    CHECK(fc_winograd_fits(&w, 16) && !fc_winograd_fits(&w, 15));
    w.channels = 15;
    CHECK(!fc_winograd_fits(&w, 16));
    w = window_of(20, 20, 16, 1);
    w.stride[2] = 2;
    CHECK(!fc_winograd_fits(&w, 16));
    w = window_of(20, 20, 16, 1);
    w.dilation[1] = 2;
    CHECK(!fc_winograd_fits(&w, 16));
    w = window_of(20, 20, 16, 1);
    w.kernel[1] = 5;
    CHECK(!fc_winograd_fits(&w, 16));
    w = window_of(4, 4, 16, 1);
    CHECK(!fc_winograd_fits(&w, 16));
}

static void test_failing_memory(void)
{
    unsigned seed = 5;
    fc_window w = window_of(12, 12, 16, 1);
    float *weights = values((size_t)9 * 16 * 16, &seed);
    fc_status status = FC_ERR_NOMEM;
    for (long allowed = 0; status != FC_OK && allowed < 200; allowed++) {
        fc_winograd *winograd;
        fc_alloc_fail_after(allowed);
        status = fc_winograd_create(&w, 16, weights, NULL, &winograd);
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || (status == FC_ERR_NOMEM && winograd == NULL));
        fc_winograd_destroy(winograd);
    }
    CHECK(status == FC_OK);
    free(weights);
}

int main(void)
{
    const fc_act none = {FC_ACT_NONE, 0, 0}, relu = {FC_ACT_CLIP, 0, INFINITY};
    const fc_act silu = {FC_ACT_SILU, 1, 0};
    test_against_plain(10, 10, 16, 16, 1, true, 0, none);
    test_against_plain(11, 13, 19, 21, 1, true, 0, relu);
    test_against_plain(30, 17, 32, 40, 1, false, 1, relu);
    test_against_plain(15, 14, 33, 16, 0, true, 2, relu);
    test_against_plain(12, 29, 17, 64, 2, true, 1, silu);
    test_against_plain(41, 40, 24, 24, 1, true, 2, silu);
    test_refusals();
    test_failing_memory();
    return check_report();
}
