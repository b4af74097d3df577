/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the packed matrix product; the including file defines VEC, GEMM_NAME
 * and GEMM_LINES_NAME. A tile is up
 * to 6 rows by NP panels of NR = 2 VEC columns: 12 accumulators, 2 vectors of b and a broadcast
 * element of a fill the 16 vector registers of AVX2. Few rows take more panels, so that enough
 * independent chains hide the latency of FMA; where few columns are left, a tile has more rows. */
#include "fc_gemm_kernel.h"

#include "fc_simd.h"

#define NR (2 * VEC)
/* A chain of multiply-adds is ended where it has this many, and the sums of chains are added:
 * rounding errors grow with the length of a chain. */
#define CHAIN 64

/* memcpy of n < 32 floats in pieces of fixed sizes: a call would take longer than the tile's row.
 */
INLINE void copy_few(float *to, const float *from, size_t n)
{
#if VEC > 8
    if (n & 16) {
        memcpy(to, from, 16 * sizeof *to);
        to += 16;
        from += 16;
    }
#endif
    if (n & 8) {
        memcpy(to, from, 8 * sizeof *to);
        to += 8;
        from += 8;
    }
    if (n & 4) {
        memcpy(to, from, 4 * sizeof *to);
        to += 4;
        from += 4;
    }
    if (n & 2) {
        memcpy(to, from, 2 * sizeof *to);
        to += 2;
        from += 2;
    }
    if (n & 1) {
        *to = *from;
    }
}

INLINE void finish(const fc_gemm_block *job, vf *acc, size_t row, size_t column, size_t n_left)
{
    float edge[NR];
    float *c = job->c + row * job->ldc + column;
    vf lo = splat(job->lo), hi = splat(job->hi);
    if (job->residual != NULL) {
        const float *residual = job->residual + row * job->ld_residual + column;
        if (n_left < NR) {
            memset(edge, 0, sizeof edge);
            copy_few(edge, residual, n_left);
            residual = edge;
        }
        acc[0] += load(residual);
        acc[1] += load(residual + VEC);
    }
    if (job->clip) {
        for (int j = 0; j < 2; j++) {
            acc[j] = at_most(at_least(acc[j], lo), hi);
        }
    }
    if (n_left >= NR) {
        store(c, acc[0]);
        store(c + VEC, acc[1]);
    } else {
        store(edge, acc[0]);
        store(edge + VEC, acc[1]);
        copy_few(c, edge, n_left);
    }
}

/* Rows [row, row + MR), panels [panel, panel + NP). */
INLINE void tile(const fc_gemm_block *job, const int MR, const int NP, size_t row, size_t panel)
{
    vf acc[6][4][2], sum[6][4][2];
    const size_t depth = job->taps * job->run;
    const float *b = job->panels + panel * depth * NR;
    for (int p = 0; p < NP; p++) {
        const float *bias = job->bias + (panel + (size_t)p) * NR;
        for (int i = 0; i < MR; i++) {
            for (int j = 0; j < 2; j++) {
                sum[i][p][j] = load(bias + j * VEC);
                acc[i][p][j] = splat(0.0F);
            }
        }
    }
    size_t since = 0; /* steps in acc */
    for (size_t t = 0; t < job->taps; t++) {
        const float *a[6];
        for (int i = 0; i < MR; i++) {
            a[i] = job->rows[t * job->m + row + (size_t)i];
        }
        for (size_t k = 0; k < job->run;) {
            size_t end = job->run - k > CHAIN ? k + CHAIN : job->run;
            since += end - k;
            for (; k < end; k++) {
                vf b0[4], b1[4];
                for (int p = 0; p < NP; p++) {
                    b0[p] = load(b + (size_t)p * depth * NR);
                    b1[p] = load(b + (size_t)p * depth * NR + VEC);
                }
                for (int i = 0; i < MR; i++) {
                    vf ai = splat(a[i][k]);
                    for (int p = 0; p < NP; p++) {
                        acc[i][p][0] = fma_vf(ai, b0[p], acc[i][p][0]);
                        acc[i][p][1] = fma_vf(ai, b1[p], acc[i][p][1]);
                    }
                }
                b += NR;
            }
            if (since >= CHAIN) {
                for (int i = 0; i < MR; i++) {
                    for (int p = 0; p < NP; p++) {
                        for (int j = 0; j < 2; j++) {
                            sum[i][p][j] += acc[i][p][j];
                            acc[i][p][j] = splat(0.0F);
                        }
                    }
                }
                since = 0;
            }
        }
    }
    for (int i = 0; i < MR; i++) {
        for (int p = 0; p < NP; p++) {
            acc[i][p][0] += sum[i][p][0];
            acc[i][p][1] += sum[i][p][1];
        }
    }
    for (int i = 0; i < MR; i++) {
        for (int p = 0; p < NP; p++) {
            size_t column = (panel + (size_t)p) * NR;
            finish(job, acc[i][p], row + (size_t)i, column, job->n - column);
        }
    }
}

/* Do the pointers stand at even distances? */
INLINE bool evenly(const float *const *rows, const int n)
{
    uintptr_t step = (uintptr_t)rows[1] - (uintptr_t)rows[0], uneven = 0;
    for (int i = 2; i < n; i++) {
        uneven |= ((uintptr_t)rows[i] - (uintptr_t)rows[i - 1]) ^ step;
    }
    return uneven == 0;
}

/* It will be written before it is read, which the compiler cannot see. */
#define LATER(array) __asm__("" : "=m"(array))

/* The tiles that do most of the work have a variable for each accumulator: of arrays the compiler
 * keeps copies in memory, which cost more than the products where k is small. Sums of chains lie in
 * `sum` from the first that is full on, the bias among them. */
#define ROWS_1(X) X(0)
#define ROWS_3(X) X(0) X(1) X(2)
#define ROWS_4(X) ROWS_3(X) X(3)
#define ROWS_5(X) ROWS_4(X) X(4)
#define ROWS_6(X) ROWS_5(X) X(5)
#define ROWS_12(X) ROWS_6(X) X(6) X(7) X(8) X(9) X(10) X(11)

#define PAIR_DECLARE(i)                                                                            \
    vf lo##i = splat(0.0F), hi##i = splat(0.0F);                                                   \
    const float *a##i;
#define PAIR_POINT(i) a##i = rows[i];
#define PAIR_STEP(i)                                                                               \
    ai = splat(a##i[k]);                                                                           \
    lo##i = fma_vf(ai, b0, lo##i);                                                                 \
    hi##i = fma_vf(ai, b1, hi##i);
#define PAIR_FLUSH(i)                                                                              \
    store(sum[i], (summed ? load(sum[i]) : bias0) + lo##i);                                        \
    store(sum[i] + VEC, (summed ? load(sum[i] + VEC) : bias1) + hi##i);                            \
    lo##i = hi##i = splat(0.0F);
#define PAIR_FINISH(i)                                                                             \
    {                                                                                              \
        vf pair[2] = {lo##i + (summed ? load(sum[i]) : bias0),                                     \
                      hi##i + (summed ? load(sum[i] + VEC) : bias1)};                              \
        finish(job, pair, row + i, column, job->n - column);                                       \
    }

/* Rows [row, row + MR) of one panel. */
#define PAIR_TILE(MR)                                                                              \
    __attribute__((noinline)) static void tile_##MR##_1(const fc_gemm_block *job, size_t row,      \
                                                        size_t panel)                              \
    {                                                                                              \
        float sum[MR][NR];                                                                         \
        LATER(sum);                                                                                \
        bool summed = false;                                                                       \
        const size_t column = panel * NR;                                                          \
        const float *b = job->panels + column * job->taps * job->run;                              \
        const vf bias0 = load(job->bias + column), bias1 = load(job->bias + column + VEC);         \
        size_t since = 0; /* steps in the accumulators */                                          \
        ROWS_##MR(PAIR_DECLARE);                                                                   \
        for (size_t t = 0; t < job->taps; t++) {                                                   \
            const float *const *rows = job->rows + t * job->m + row;                               \
            ROWS_##MR(PAIR_POINT);                                                                 \
            for (size_t k = 0; k < job->run;) {                                                    \
                size_t end = job->run - k > CHAIN ? k + CHAIN : job->run;                          \
                since += end - k;                                                                  \
                for (; k < end; k++, b += NR) {                                                    \
                    vf b0 = load(b), b1 = load(b + VEC), ai;                                       \
                    ROWS_##MR(PAIR_STEP);                                                          \
                }                                                                                  \
                if (since >= CHAIN) {                                                              \
                    ROWS_##MR(PAIR_FLUSH);                                                         \
                    summed = true;                                                                 \
                    since = 0;                                                                     \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        ROWS_##MR(PAIR_FINISH);                                                                    \
    }
/* clang-format off */
PAIR_TILE(3)
PAIR_TILE(4)
PAIR_TILE(5)
PAIR_TILE(6)
/* clang-format on */

#define LONE_DECLARE(i) vf acc##i = splat(0.0F);
#define LONE_STEP(i) acc##i = fma_vf(splat(rows[i][k]), bk, acc##i);
#define LONE_EVEN_STEP(i)                                                                          \
    acc##i = fma_vf(splat(even[i / 3][(ptrdiff_t)k + i % 3 * step]), bk, acc##i);
#define LONE_FLUSH(i)                                                                              \
    store(sum[i], (summed ? load(sum[i]) : bias) + acc##i);                                        \
    acc##i = splat(0.0F);
#define LONE_FINISH(i)                                                                             \
    acc##i += summed ? load(sum[i]) : bias;                                                        \
    finish_narrow(job, acc##i, row + i, column, over);

INLINE void finish_narrow(const fc_gemm_block *job, vf y, size_t row, size_t column, bool over)
{
    if (over) {
        vf clipped = at_most(at_least(y, splat(job->lo)), splat(job->hi));
        store(job->c + row * job->n, job->clip ? clipped : y);
    } else {
        vf pair[2] = {y, splat(0.0F)};
        finish(job, pair, row, column, job->n - column);
    }
}

/* As the tiles above, for a panel of which no more than VEC columns are used: one vector a row, so
 * that twice the rows fit. Where the rows stand at even distances, as pixels of a line do, their
 * addresses come from few registers, else each from memory at each step. Rows come in ascending
 * order: where c has no other columns and no gaps, a whole vector may be stored, whose end the next
 * row overwrites. */
#define NARROW_TILE(MR)                                                                            \
    __attribute__((noinline)) static void narrow_##MR(const fc_gemm_block *job, size_t row,        \
                                                      size_t panel)                                \
    {                                                                                              \
        float sum[MR][VEC];                                                                        \
        LATER(sum);                                                                                \
        bool summed = false;                                                                       \
        const size_t column = panel * NR;                                                          \
        const float *b = job->panels + column * job->taps * job->run;                              \
        const vf bias = load(job->bias + column);                                                  \
        const bool over = job->n <= VEC && job->ldc == job->n && job->residual == NULL &&          \
                          (row + MR - 1) * job->n + VEC <= job->m * job->n;                        \
        size_t since = 0;                                                                          \
        ROWS_##MR(LONE_DECLARE);                                                                   \
        for (size_t t = 0; t < job->taps; t++) {                                                   \
            const float *const *rows = job->rows + t * job->m + row;                               \
            const bool is_even = MR == 12 && evenly(rows, MR);                                     \
            const float *even[4] = {rows[0], rows[MR / 12 * 3], rows[MR / 12 * 6],                 \
                                    rows[MR / 12 * 9]};                                            \
            const ptrdiff_t step = is_even ? rows[1] - rows[0] : 0;                                \
            for (size_t k = 0; k < job->run;) {                                                    \
                size_t end = job->run - k > CHAIN ? k + CHAIN : job->run;                          \
                since += end - k;                                                                  \
                if (is_even) {                                                                     \
                    for (; k < end; k++, b += NR) {                                                \
                        vf bk = load(b);                                                           \
                        ROWS_##MR(LONE_EVEN_STEP);                                                 \
                    }                                                                              \
                }                                                                                  \
                for (; k < end; k++, b += NR) {                                                    \
                    vf bk = load(b);                                                               \
                    ROWS_##MR(LONE_STEP);                                                          \
                }                                                                                  \
                if (since >= CHAIN) {                                                              \
                    ROWS_##MR(LONE_FLUSH);                                                         \
                    summed = true;                                                                 \
                    since = 0;                                                                     \
                }                                                                                  \
            }                                                                                      \
        }                                                                                          \
        ROWS_##MR(LONE_FINISH);                                                                    \
    }
/* clang-format off */
NARROW_TILE(1)
NARROW_TILE(4)
NARROW_TILE(12)
/* clang-format on */

#define TILE(MR, NP)                                                                               \
    __attribute__((noinline)) static void tile_##MR##_##NP(const fc_gemm_block *job, size_t row,   \
                                                           size_t panel)                           \
    {                                                                                              \
        tile(job, MR, NP, row, panel);                                                             \
    }
TILE(1, 1)
TILE(1, 4)
TILE(2, 1)
TILE(2, 2)

static void narrow_panel(const fc_gemm_block *job, size_t panel)
{
    size_t row = 0;
    for (; row + 12 <= job->m; row += 12) {
        narrow_12(job, row, panel);
    }
    for (; row + 4 <= job->m; row += 4) {
        narrow_4(job, row, panel);
    }
    for (; row < job->m; row++) {
        narrow_1(job, row, panel);
    }
}

void GEMM_NAME(const fc_gemm_block *job)
{
    size_t panel = job->panel0;
    if (job->m == 1) {
        for (; panel + 4 <= job->panel1; panel += 4) {
            tile_1_4(job, 0, panel);
        }
    } else if (job->m == 2) {
        for (; panel + 2 <= job->panel1; panel += 2) {
            tile_2_2(job, 0, panel);
        }
    }
    for (; panel < job->panel1; panel++) {
        size_t row = 0, left = job->m;
        if (job->n - panel * NR <= VEC && job->m > 2) {
            narrow_panel(job, panel);
            continue;
        }
        while (left != 0) {
            size_t take = left >= 9 || left == 6 ? 6 : left >= 7 ? 4 : left; /* no lone last row */
            switch (take) {
            case 1:
                tile_1_1(job, row, panel);
                break;
            case 2:
                tile_2_1(job, row, panel);
                break;
            case 3:
                tile_3_1(job, row, panel);
                break;
            case 4:
                tile_4_1(job, row, panel);
                break;
            case 5:
                tile_5_1(job, row, panel);
                break;
            default:
                tile_6_1(job, row, panel);
                break;
            }
            row += take;
            left -= take;
        }
    }
}

#include "fc_gemm_lines.inc"
