/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The matrix product of all layers; contract in fc_gemm.h. */
#include "fc_gemm.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_blas.h"
#include "fc_cpu.h"
#include "fc_gemm_kernel.h"

#define MAX_ROWS 96            /* of a block: its pointers stand on the stack */
#define BLOCK_BYTES (96 << 10) /* of a's rows in a block: they stay in the second-level cache */

#define MAX_COLUMNS 256 /* of a unit */
#define MIN_UNITS 16    /* of a product, if it has as many panels */

struct fc_gemm {
    fc_gemm_engine engine;
    size_t k, n;
    float *panels; /* PACKED: (n_panels, k, panel) */
    float *bias;   /* as long as n rounded up to panels, zeros when there is none */
    bool has_bias;
    float *b; /* BLAS: (k, n) */
};

static fc_gemm_block_fn *block_fn(void)
{
#if FC_X86
    switch (fc_cpu_isa()) {
    case FC_ISA_AVX512:
        return fc_gemm_block_avx512;
    case FC_ISA_AVX2:
        return fc_gemm_block_avx2;
    default:
        break;
    }
#endif
    return fc_gemm_block_baseline;
}

static fc_gemm_lines_fn *lines_fn(void)
{
#if FC_X86
    switch (fc_cpu_isa()) {
    case FC_ISA_AVX512:
        return fc_gemm_lines_avx512;
    case FC_ISA_AVX2:
        return fc_gemm_lines_avx2;
    default:
        break;
    }
#endif
    return fc_gemm_lines_baseline;
}

size_t fc_gemm_panel(void)
{
    static const size_t panel[FC_N_ISA] = {8, 16, 32};
    return panel[fc_cpu_isa()];
}

size_t fc_gemm_columns(size_t n, size_t row_blocks)
{
    const size_t panel = fc_gemm_panel(), n_panels = (n + panel - 1) / panel;
    size_t wanted = MIN_UNITS / (row_blocks != 0 ? row_blocks : 1) + 1;
    size_t columns = (n_panels + wanted - 1) / wanted * panel;
    return columns > MAX_COLUMNS ? MAX_COLUMNS / panel * panel : columns;
}

/* Columns beyond n are left as they are. */
static void pack(const fc_gemm *gemm, const float *b, size_t ldb)
{
    const size_t panel = fc_gemm_panel();
    float *to = gemm->panels;
    for (size_t j = 0; j < gemm->n; j += panel) {
        size_t width = gemm->n - j < panel ? gemm->n - j : panel;
        for (size_t k = 0; k < gemm->k; k++, to += panel) {
            memcpy(to, b + k * ldb + j, width * sizeof *to);
        }
    }
}

/* With AVX2 the packed kernels won at every size measured (1.02 for 1024 x 1024 x 1024, 1.1 to 2.2
 * for layers of networks, 5 for one row), since OpenBLAS packs b anew in each call. Compiled for
 * the baseline they do not use the processor's widest vectors, OpenBLAS does; only for few rows its
 * packing costs more than that gains. */
fc_gemm_engine fc_gemm_choose(fc_gemm_engine engine, size_t m_hint)
{
    bool blas = fc_cpu_isa() == FC_ISA_BASELINE && fc_blas_available() && m_hint >= 16;
    return engine != FC_GEMM_AUTO ? engine : blas ? FC_GEMM_BLAS : FC_GEMM_PACKED;
}

fc_status fc_gemm_create(fc_gemm_engine engine, size_t m_hint, size_t k, size_t n, const float *b,
                         size_t ldb, const float *bias, fc_gemm **out)
{
    *out = NULL;
    engine = fc_gemm_choose(engine, m_hint);
    if (k == 0 || n == 0 || k > INT_MAX || n > INT_MAX || ldb > INT_MAX || ldb < n ||
        (engine == FC_GEMM_BLAS && !fc_blas_available())) {
        return FC_ERR_INVALID;
    }
    fc_gemm *gemm = fc_calloc(1, sizeof *gemm);
    if (gemm == NULL) {
        return FC_ERR_NOMEM;
    }
    size_t panel = fc_gemm_panel(), n_panels = (n + panel - 1) / panel, depth;
    gemm->engine = engine;
    gemm->k = k;
    gemm->n = n;
    gemm->bias = fc_calloc_aligned(FC_CACHE_LINE, n_panels * panel, sizeof *gemm->bias);
    if (gemm->bias == NULL || !fc_size_mul(k, n_panels * panel, &depth)) {
        goto fail;
    }
    if (bias != NULL) {
        memcpy(gemm->bias, bias, n * sizeof *bias);
        gemm->has_bias = true;
    }
    if (engine == FC_GEMM_BLAS) {
        gemm->b = fc_malloc(k, n * sizeof *gemm->b);
        if (gemm->b == NULL) {
            goto fail;
        }
        for (size_t i = 0; i < k; i++) {
            memcpy(gemm->b + i * n, b + i * ldb, n * sizeof *b);
        }
    } else {
        gemm->panels = fc_calloc_aligned(FC_CACHE_LINE, depth, sizeof *gemm->panels);
        if (gemm->panels == NULL) {
            goto fail;
        }
        pack(gemm, b, ldb);
    }
    *out = gemm;
    return FC_OK;
fail:
    fc_gemm_destroy(gemm);
    return FC_ERR_NOMEM;
}

void fc_gemm_destroy(fc_gemm *gemm)
{
    if (gemm != NULL) {
        fc_free(gemm->panels);
        fc_free(gemm->bias);
        fc_free(gemm->b);
        fc_free(gemm);
    }
}

fc_gemm_engine fc_gemm_engine_of(const fc_gemm *gemm)
{
    return gemm->engine;
}

void fc_gemm_unpack(const fc_gemm *gemm, float *b, float *bias)
{
    const size_t panel = fc_gemm_panel();
    for (size_t k = 0; k < gemm->k; k++) {
        for (size_t j = 0; j < gemm->n; j += panel) {
            size_t width = gemm->n - j < panel ? gemm->n - j : panel;
            const float *from = gemm->engine == FC_GEMM_BLAS
                                    ? gemm->b + k * gemm->n + j
                                    : gemm->panels + (j * gemm->k) + k * panel;
            memcpy(b + k * gemm->n + j, from, width * sizeof *b);
        }
    }
    if (bias != NULL) {
        memcpy(bias, gemm->bias, gemm->n * sizeof *bias);
    }
}

/* What the packed kernels do not do in registers: functions other than clipping, and a residual
 * after them. */
static void finish_rows(const fc_gemm_tail *tail, size_t m, float *c, size_t ldc, size_t n0,
                        size_t n1)
{
    for (size_t i = 0; i < m; i++) {
        float *row = c + i * ldc;
        fc_act_apply(tail->act, n1 - n0, row + n0, row + n0);
        if (tail->act_first && tail->residual != NULL) {
            const float *residual = tail->residual + i * tail->ld_residual;
            for (size_t j = n0; j < n1; j++) {
                row[j] += residual[j];
            }
        }
    }
}

/* What all blocks of a product have in common; taps, run and rows are left to the caller. */
static fc_gemm_block block_of(const fc_gemm *gemm, size_t m, float *c, size_t ldc, size_t n0,
                              size_t n1, const fc_gemm_tail *tail)
{
    const bool residual_inside = tail->residual != NULL && !tail->act_first;
    const size_t panel = fc_gemm_panel();
    return (fc_gemm_block){
        .m = m,
        .n = gemm->n,
        .panels = gemm->panels,
        .bias = gemm->bias,
        .panel0 = n0 / panel,
        .panel1 = (n1 + panel - 1) / panel,
        .c = c,
        .ldc = ldc,
        .residual = residual_inside ? tail->residual : NULL,
        .ld_residual = tail->ld_residual,
        .clip = tail->act.kind == FC_ACT_CLIP,
        .lo = tail->act.p,
        .hi = tail->act.q,
    };
}

/* What of the tail the kernels have left. */
static void finish_block(const fc_gemm_block *job, const fc_gemm_tail *tail, size_t n0, size_t n1)
{
    const bool clip = job->clip;
    if ((tail->act.kind != FC_ACT_NONE && !clip) || (tail->residual != NULL && tail->act_first)) {
        fc_gemm_tail rest = *tail;
        rest.act.kind = clip ? FC_ACT_NONE : rest.act.kind;
        finish_rows(&rest, job->m, job->c, job->ldc, n0, n1);
    }
}

static void packed_block(const fc_gemm *gemm, size_t m, size_t taps, size_t run,
                         const float *const *rows, float *c, size_t ldc, size_t n0, size_t n1,
                         const fc_gemm_tail *tail)
{
    fc_gemm_block job = block_of(gemm, m, c, ldc, n0, n1, tail);
    job.taps = taps;
    job.run = run;
    job.rows = rows;
    block_fn()(&job);
    finish_block(&job, tail, n0, n1);
}

static void blas_rows(const fc_gemm *gemm, size_t m, const float *a, size_t lda, float *c,
                      size_t ldc, size_t n0, size_t n1, const fc_gemm_tail *tail)
{
    fc_blas_sgemm(m, n1 - n0, gemm->k, a, lda, gemm->b + n0, gemm->n, c + n0, ldc);
    for (size_t i = 0; i < m; i++) {
        float *row = c + i * ldc;
        if (gemm->has_bias) {
            for (size_t j = n0; j < n1; j++) {
                row[j] += gemm->bias[j];
            }
        }
        if (tail->residual != NULL && !tail->act_first) {
            const float *residual = tail->residual + i * tail->ld_residual;
            for (size_t j = n0; j < n1; j++) {
                row[j] += residual[j];
            }
        }
    }
    finish_rows(tail, m, c, ldc, n0, n1);
}

void fc_gemm_rows(const fc_gemm *gemm, size_t m, const float *a, size_t lda, float *c, size_t ldc,
                  size_t n0, size_t n1, const fc_gemm_tail *tail)
{
    if (gemm->engine == FC_GEMM_BLAS) {
        blas_rows(gemm, m, a, lda, c, ldc, n0, n1, tail);
        return;
    }
    size_t step = BLOCK_BYTES / sizeof(float) / gemm->k / 6 * 6;
    step = step < 12 ? 12 : step > MAX_ROWS ? MAX_ROWS : step;
    for (size_t i = 0; i < m; i += step) {
        const float *rows[MAX_ROWS];
        size_t take = m - i < step ? m - i : step;
        for (size_t r = 0; r < take; r++) {
            rows[r] = a + (i + r) * lda;
        }
        fc_gemm_tail part = *tail;
        part.residual = tail->residual != NULL ? tail->residual + i * tail->ld_residual : NULL;
        packed_block(gemm, take, 1, gemm->k, rows, c + i * ldc, ldc, n0, n1, &part);
    }
}

void fc_gemm_taps(const fc_gemm *gemm, size_t m, size_t taps, size_t run, const float *const *rows,
                  float *c, size_t ldc, size_t n0, size_t n1, const fc_gemm_tail *tail)
{
    packed_block(gemm, m, taps, run, rows, c, ldc, n0, n1, tail);
}

void fc_gemm_lines(const fc_gemm *gemm, size_t m, const float *base, const ptrdiff_t *offsets,
                   size_t step, float *c, size_t ldc, const fc_gemm_tail *tail)
{
    fc_gemm_lines_block job = {
        .block = block_of(gemm, m, c, ldc, 0, gemm->n, tail),
        .base = base,
        .offsets = offsets,
        .step = (ptrdiff_t)step,
    };
    job.block.taps = 1;
    job.block.run = gemm->k;
    lines_fn()(&job);
    finish_block(&job.block, tail, 0, gemm->n);
}

static size_t padded(size_t n)
{
    return (n + fc_gemm_panel() - 1) / fc_gemm_panel() * fc_gemm_panel();
}

size_t fc_gemm_scratch(size_t k, size_t n)
{
    return (k + 1) * padded(n);
}

void fc_gemm_once(size_t m, size_t k, size_t n, const float *a, const float *b, float *c,
                  float *scratch)
{
    fc_gemm gemm = {
        .engine = FC_GEMM_PACKED, .k = k, .n = n, .bias = scratch, .panels = scratch + padded(n)};
    memset(scratch, 0, fc_gemm_scratch(k, n) * sizeof *scratch);
    pack(&gemm, b, n);
    fc_gemm_tail tail = {.act = {FC_ACT_NONE, 0, 0}};
    fc_gemm_rows(&gemm, m, a, k, c, n, 0, n, &tail);
}
