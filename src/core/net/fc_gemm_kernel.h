/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between fc_gemm.c and the instances of fc_gemm_impl.h: one block of rows times a range of panels.
 */
#ifndef FC_GEMM_KERNEL_H
#define FC_GEMM_KERNEL_H

#include <stdbool.h>
#include <stddef.h>

/* c (m, n) [:, panels] = clip(bias + a b + residual); panels is (n / NR rounded up, taps * run,
 * NR), zero beyond n; bias as long as the panels are wide together. Columns at or beyond n are not
 * written. */
typedef struct fc_gemm_block {
    size_t m, n, taps, run;
    const float *const *rows; /* (taps, m) pointers to `run` floats */
    const float *panels, *bias;
    size_t panel0, panel1;
    float *c;
    size_t ldc;
    const float *residual; /* NULL: none */
    size_t ld_residual;
    bool clip;
    float lo, hi;
} fc_gemm_block;

typedef void fc_gemm_block_fn(const fc_gemm_block *job);
fc_gemm_block_fn fc_gemm_block_baseline, fc_gemm_block_avx2, fc_gemm_block_avx512;

/* The same where rows overlap: element k of row i is base[offsets[k] + i * step], k < block.run;
 * block.taps and block.rows are not used. */
typedef struct fc_gemm_lines_block {
    fc_gemm_block block;
    const float *base;
    const ptrdiff_t *offsets;
    ptrdiff_t step;
} fc_gemm_lines_block;

typedef void fc_gemm_lines_fn(const fc_gemm_lines_block *job);
fc_gemm_lines_fn fc_gemm_lines_baseline, fc_gemm_lines_avx2, fc_gemm_lines_avx512;

#endif
