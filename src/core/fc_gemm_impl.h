/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the packed matrix product; the including file defines VEC and GEMM_NAME. A tile is up
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

/* As tile, for a panel of which no more than VEC columns are used: one vector a row, so that twice
 * the rows fit. */
INLINE void narrow_tile(const fc_gemm_block *job, const int MR, size_t row, size_t panel)
{
    vf acc[12], sum[12];
    const size_t column = panel * NR;
    const float *b = job->panels + panel * job->taps * job->run * NR;
    for (int i = 0; i < MR; i++) {
        sum[i] = load(job->bias + column);
        acc[i] = splat(0.0F);
    }
    size_t since = 0;
    for (size_t t = 0; t < job->taps; t++) {
        const float *const *rows = job->rows + t * job->m + row;
        for (size_t k = 0; k < job->run;) {
            size_t end = job->run - k > CHAIN ? k + CHAIN : job->run;
            since += end - k;
            for (; k < end; k++, b += NR) {
                vf bk = load(b);
                for (int i = 0; i < MR; i++) {
                    acc[i] = fma_vf(splat(rows[i][k]), bk, acc[i]);
                }
            }
            if (since >= CHAIN) {
                for (int i = 0; i < MR; i++) {
                    sum[i] += acc[i];
                    acc[i] = splat(0.0F);
                }
                since = 0;
            }
        }
    }
    for (int i = 0; i < MR; i++) {
        vf pair[2] = {acc[i] + sum[i], splat(0.0F)};
        finish(job, pair, row + (size_t)i, column, job->n - column);
    }
}

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
TILE(3, 1)
TILE(4, 1)
TILE(5, 1)
TILE(6, 1)

#define NARROW_TILE(MR)                                                                            \
    __attribute__((noinline)) static void narrow_##MR(const fc_gemm_block *job, size_t row,        \
                                                      size_t panel)                                \
    {                                                                                              \
        narrow_tile(job, MR, row, panel);                                                          \
    }
NARROW_TILE(1)
NARROW_TILE(4)
NARROW_TILE(12)

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
