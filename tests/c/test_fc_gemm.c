/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Matrix products and activations: every size around the tiles' edges, in buffers that end where
 * they must (AddressSanitizer tells), compared with plain loops in double. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_gemm.h"
#include "fc_loops.h"

static unsigned long state = 1;

static float number(void)
{
    state = state * 6364136223846793005UL + 1442695040888963407UL;
    return (float)(state >> 40) / (float)(1 << 23) - 1.0F;
}

static float *numbers(size_t n)
{
    float *x = malloc(n * sizeof *x + 1);
    for (size_t i = 0; i < n; i++) {
        x[i] = number();
    }
    return x;
}

static void check_product(size_t m, size_t k, size_t n, bool act_first)
{
    float *a = numbers(m * k), *b = numbers(k * n), *bias = numbers(n), *residual = numbers(m * n);
    float *c = numbers(m * n), *back = numbers(k * n);
    fc_gemm *gemm;
    CHECK(fc_gemm_create(FC_GEMM_PACKED, m, k, n, b, n, bias, &gemm) == FC_OK);
    fc_gemm_tail tail = {
        .residual = residual, .ld_residual = n, .act = {FC_ACT_CLIP, 0, 1}, .act_first = act_first};
    size_t half = n / 2 / fc_gemm_panel() * fc_gemm_panel(); /* in two ranges of columns */
    if (half != 0) {
        fc_gemm_rows(gemm, m, a, k, c, n, 0, half, &tail);
    }
    fc_gemm_rows(gemm, m, a, k, c, n, half, n, &tail);
    double worst = 0;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = (double)bias[j], r = (double)residual[i * n + j];
            for (size_t l = 0; l < k; l++) {
                sum += (double)a[i * k + l] * (double)b[l * n + j];
            }
            sum += act_first ? 0 : r;
            sum = fmin(fmax(sum, 0), 1) + (act_first ? r : 0);
            worst = fmax(worst, fabs(sum - (double)c[i * n + j]));
        }
    }
    CHECK(worst < 1e-5 * (double)(k + 10));
    fc_gemm_unpack(gemm, back, NULL);
    CHECK(memcmp(back, b, k * n * sizeof *b) == 0);
    /* A row alone has the same bits. */
    float *row = numbers(n);
    tail.residual = residual + (m - 1) * n;
    fc_gemm_rows(gemm, 1, a + (m - 1) * k, k, row, n, 0, n, &tail);
    CHECK(memcmp(row, c + (m - 1) * n, n * sizeof *row) == 0);
    fc_gemm_destroy(gemm);
    free(a), free(b), free(bias), free(residual), free(c), free(back), free(row);
}

static void test_products(void)
{
    static const size_t rows[] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 11, 13, 97};
    static const size_t depths[] = {1, 2, 7, 64, 301};
    static const size_t columns[] = {1, 7, 8, 9, 15, 16, 17, 31, 32, 33, 64, 65, 130};
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        for (size_t j = 0; j < sizeof depths / sizeof *depths; j++) {
            for (size_t l = 0; l < sizeof columns / sizeof *columns; l++) {
                check_product(rows[i], depths[j], columns[l], (i + j + l) % 2 != 0);
            }
        }
    }
}

static void test_bad_sizes(void)
{
    float b[4] = {0};
    fc_gemm *gemm;
    CHECK(fc_gemm_create(FC_GEMM_PACKED, 1, 0, 2, b, 2, NULL, &gemm) == FC_ERR_INVALID);
    CHECK(fc_gemm_create(FC_GEMM_PACKED, 1, 2, 0, b, 2, NULL, &gemm) == FC_ERR_INVALID);
    CHECK(fc_gemm_create(FC_GEMM_PACKED, 1, 2, 2, b, 1, NULL, &gemm) == FC_ERR_INVALID);
    CHECK(fc_gemm_create(FC_GEMM_BLAS, 1, 2, 2, b, 2, NULL, &gemm) == FC_ERR_INVALID);
    fc_gemm_destroy(NULL);
}

static void test_activations(void)
{
    for (int kind = 0; kind < FC_N_ACT; kind++) {
        for (size_t n = 0; n < 40; n++) {
            fc_act act = {(fc_act_kind)kind, kind == FC_ACT_WRAP ? 256 : 0.3F,
                          kind == FC_ACT_WRAP ? -128 : 1.5F};
            float *x = numbers(n), *y = numbers(n), *want = numbers(n);
            for (size_t i = 0; i < n; i++) {
                x[i] *= i % 3 == 0 ? 100 : i % 3 == 1 ? 5 : 0.1F;
                if (i == 20) {
                    x[i] = NAN;
                }
            }
            fc_act_apply(act, n, x, y);
            fc_act_reference(act, n, x, want);
            for (size_t i = 0; i < n; i++) {
                double gap = fabs((double)y[i] - (double)want[i]);
                CHECK((isnan(y[i]) && isnan(want[i])) || y[i] == want[i] ||
                      gap <= 2e-6 * fabs((double)want[i]) + 1e-37);
                const bool tests =
                    kind == FC_ACT_BOOL || kind == FC_ACT_ISNAN || kind == FC_ACT_ISINF;
                CHECK(i != 20 || tests || isnan(y[i]));
            }
            fc_act_apply(act, n, x, x); /* in place */
            CHECK(memcmp(x, y, n * sizeof *x) == 0);
            free(x), free(y), free(want);
        }
    }
}

static void test_pooling(void)
{
    for (size_t channels = 1; channels < 70; channels += channels < 20 ? 1 : 13) {
        enum { M = 5, TAPS = 4 };
        float *in = numbers(M * TAPS * channels), *out = numbers(M * channels), scale[M];
        const float *rows[TAPS * M];
        for (size_t i = 0; i < TAPS * M; i++) {
            rows[i] = in + i * channels;
        }
        for (size_t i = 0; i < M; i++) {
            scale[i] = 0.25F;
        }
        const fc_loops *loops = fc_loops_get();
        for (int kind = 0; kind < 2; kind++) {
            if (kind == 0) {
                loops->pool_max(M, TAPS, channels, rows, out);
            } else {
                loops->pool_sum(M, TAPS, channels, rows, scale, out);
            }
            for (size_t i = 0; i < M; i++) {
                for (size_t c = 0; c < channels; c++) {
                    double want = kind == 0 ? -INFINITY : 0;
                    for (size_t t = 0; t < TAPS; t++) {
                        double x = (double)rows[t * M + i][c];
                        want = kind == 0 ? fmax(want, x) : want + x / 4;
                    }
                    CHECK(fabs(want - (double)out[i * channels + c]) < 1e-6);
                }
            }
        }
        free(in), free(out);
    }
}

int main(void)
{
    test_products();
    test_bad_sizes();
    test_activations();
    test_pooling();
    return check_report();
}
