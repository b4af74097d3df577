/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the packed matrix product; the including file defines VEC and GEMM_NAME. A tile is up
 * to 6 rows by NP panels of NR = 2 VEC columns: 12 accumulators, 2 vectors of b and a broadcast
 * element of a fill the 16 vector registers of AVX2. Few rows take more panels, so that enough
 * independent chains hide the latency of FMA. */
#include "fc_gemm_kernel.h"

#include "fc_simd.h"

#define NR (2 * VEC)

INLINE void finish(const fc_gemm_block *job, vf *acc, size_t row, size_t column, size_t n_left)
{
    float edge[NR];
    float *c = job->c + row * job->ldc + column;
    vf lo = splat(job->lo), hi = splat(job->hi);
    if (job->residual != NULL) {
        const float *residual = job->residual + row * job->ld_residual + column;
        if (n_left < NR) {
            memset(edge, 0, sizeof edge);
            memcpy(edge, residual, n_left * sizeof *edge);
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
        memcpy(c, edge, n_left * sizeof *c);
    }
}

/* Rows [row, row + MR), panels [panel, panel + NP). */
INLINE void tile(const fc_gemm_block *job, const int MR, const int NP, size_t row, size_t panel)
{
    vf acc[6][4][2];
    const size_t depth = job->taps * job->run;
    const float *b = job->panels + panel * depth * NR;
    for (int p = 0; p < NP; p++) {
        const float *bias = job->bias + (panel + (size_t)p) * NR;
        for (int i = 0; i < MR; i++) {
            acc[i][p][0] = load(bias);
            acc[i][p][1] = load(bias + VEC);
        }
    }
    for (size_t t = 0; t < job->taps; t++) {
        const float *a[6];
        for (int i = 0; i < MR; i++) {
            a[i] = job->rows[t * job->m + row + (size_t)i];
        }
        for (size_t k = 0; k < job->run; k++) {
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
    }
    for (int i = 0; i < MR; i++) {
        for (int p = 0; p < NP; p++) {
            size_t column = (panel + (size_t)p) * NR;
            finish(job, acc[i][p], row + (size_t)i, column, job->n - column);
        }
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
