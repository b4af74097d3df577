/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions of few channels by lines: equal to the plain sums in double precision, the same bits
 * however the units are divided, nothing written beyond the output. */
#include "fc_lines.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

#define GUARD 1234.5F

static unsigned seed = 1;

static size_t number(size_t low, size_t high)
{
    seed = seed * 1664525 + 1013904223;
    return low + (seed >> 8) % (high - low + 1);
}

static float *values(size_t n)
{
    float *x = malloc((n + 1) * sizeof *x);
    for (size_t i = 0; i < n; i++) {
        x[i] = (float)number(0, 1 << 20) / (1 << 19) - 1.0F;
    }
    x[n] = GUARD;
    return x;
}

static double plain(const fc_window *w, size_t n, const float *in, const float *weights, size_t y,
                    size_t x, size_t column)
{
    double sum = 0;
    for (size_t t = 0; t < w->taps; t++) {
        size_t row = y * w->stride[1] + t / w->kernel[2] * w->dilation[1] - w->pad[1];
        size_t at = x * w->stride[2] + t % w->kernel[2] * w->dilation[2] - w->pad[2];
        for (size_t c = 0; c < w->channels && row < w->in[1] && at < w->in[2]; c++) {
            sum += (double)in[(row * w->in[2] + at) * w->channels + c] *
                   (double)weights[(t * w->channels + c) * n + column];
        }
    }
    return sum;
}

/* Windows may begin in the padding before and end beyond the image. */
static fc_window window_of(size_t out_height, size_t out_width, size_t channels)
{
    fc_window w = {.images = 1, .channels = channels, .block = 6};
    w.in[0] = w.out[0] = w.kernel[0] = w.stride[0] = w.dilation[0] = 1;
    w.out[1] = out_height;
    w.out[2] = out_width;
    const bool padded = number(0, 2) != 0;
    for (int i = 1; i < 3; i++) {
        w.kernel[i] = number(i, 7);
        w.stride[i] = number(1, 3);
        w.dilation[i] = number(1, 2);
        const size_t reach = (w.out[i] - 1) * w.stride[i] + (w.kernel[i] - 1) * w.dilation[i] + 1;
        w.pad[i] = padded ? number(0, w.kernel[i]) : 0;
        w.in[i] = padded ? number(1, reach) : reach + number(0, 2);
    }
    w.in_pixels = w.in[1] * w.in[2];
    w.out_pixels = w.out[1] * w.out[2];
    w.taps = w.kernel[1] * w.kernel[2];
    return w;
}

static void test_against_plain(size_t height, size_t width, size_t channels, size_t n, int residual,
                               fc_act act)
{
    fc_window w = window_of(height, width, channels);
    const size_t numel = w.out_pixels * n, k = w.taps * channels;
    float *in = values(w.in_pixels * channels), *weights = values(k * n), *bias = values(n);
    float *added = values(numel), *whole = values(numel), *parts = values(numel);
    fc_gemm *gemm;
    fc_lines *lines;
    CHECK(fc_lines_fits(&w, 1) && !fc_lines_fits(&w, 2));
    CHECK(fc_gemm_create(FC_GEMM_PACKED, 96, k, n, weights, n, bias, &gemm) == FC_OK);
    CHECK(fc_lines_create(&w, &lines) == FC_OK);
    float *scratch = malloc((fc_lines_scratch(lines) + 1) * sizeof *scratch);
    fc_gemm_tail tail = {.residual = residual ? added : NULL,
                         .ld_residual = n,
                         .act = act,
                         .act_first = residual == 2};
    const size_t units = fc_lines_units(lines);
    fc_lines_run(lines, gemm, n, in, whole, &tail, 0, units, scratch);
    CHECK(whole[numel] == GUARD);
    for (size_t unit = units; unit-- > 0;) {
        fc_lines_run(lines, gemm, n, in, parts, &tail, unit, unit + 1, scratch);
    }
    CHECK(memcmp(parts, whole, (numel + 1) * sizeof *whole) == 0);
    double scale = sqrt((double)k);
    size_t wrong = 0;
    for (size_t i = 0; i < numel; i++) {
        double want = plain(&w, n, in, weights, i / n / width, i / n % width, i % n);
        want += (double)bias[i % n] + (residual == 1 ? (double)added[i] : 0);
        float y = (float)want;
        fc_act_reference(act, 1, &y, &y);
        want = (double)y + (residual == 2 ? (double)added[i] : 0);
        wrong += !(fabs((double)whole[i] - want) <= 2e-6 * scale);
    }
    CHECK(wrong == 0);
    if (residual == 1) { /* the sum may replace what was added */
        tail.residual = added;
        fc_lines_run(lines, gemm, n, in, added, &tail, 0, units, scratch);
        CHECK(memcmp(added, whole, numel * sizeof *whole) == 0);
    }
    fc_lines_destroy(lines);
    fc_gemm_destroy(gemm);
    free(in), free(weights), free(bias), free(added), free(whole), free(parts), free(scratch);
}

static void test_what_fits(void)
{
    fc_window w = window_of(5, 5, 16);
    CHECK(fc_lines_fits(&w, 1));
    w.channels = 17;
    CHECK(!fc_lines_fits(&w, 1));
    w.channels = 3;
    w.stride[2] = (size_t)1 << 31; /* lines longer than any memory */
    CHECK(!fc_lines_fits(&w, 1));
    w.stride[2] = 1;
    w.dilation[1] = (size_t)1 << 31;
    CHECK(!fc_lines_fits(&w, 1));
    fc_lines_destroy(NULL);
}

int main(void)
{
    const fc_act none = {FC_ACT_NONE, 0, 0}, relu = {FC_ACT_CLIP, 0, INFINITY};
    const fc_act leaky = {FC_ACT_LEAKY, 0.25F, 0};
    for (int i = 0; i < 300; i++) {
        const fc_act act = i % 3 == 0 ? none : i % 3 == 1 ? relu : leaky;
        test_against_plain(number(1, 9), number(1, 40), number(1, 5), number(1, 40), i % 4 % 3,
                           act);
    }
    for (size_t width = 1; width < 30; width++) { /* all rests of the tiles */
        test_against_plain(2, width, 1, 6, 0, relu);
        test_against_plain(2, width, 1, 10, 0, none);
    }
    test_against_plain(40, 60, 3, 8, 0, relu);  /* several units */
    test_against_plain(2, 2500, 1, 5, 1, relu); /* lines in pieces */
    test_what_fits();
    return check_report();
}
