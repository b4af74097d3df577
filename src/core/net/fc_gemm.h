/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The matrix product of all layers: c = act(a @ b + bias + residual), b constant and prepared once.
 * One interface in front of who multiplies:
 *
 *   packed    our own kernels. b lies in panels of `fc_gemm_panel` columns, each k-major; a tile of
 *             6 rows times one panel stays in registers; bias, residual and clipping are applied
 *             there. a's rows are given as pointers, so that a convolution needs no im2col: a row
 *             is the concatenation of `taps` runs of `run` floats, each with a pointer of its own
 *             ("indirect convolution", M. Dukhan 2019). Every element is the sum of chains of
 *             multiply-adds over k in ascending order: its bits depend on nothing but its row.
 *   OpenBLAS  (fc_blas.h) rows contiguous only; the bits may depend on m. */
#ifndef FC_GEMM_H
#define FC_GEMM_H

#include <stdbool.h>
#include <stddef.h>

#include "fc_act.h"
#include "fc_status.h"

typedef enum fc_gemm_engine {
    FC_GEMM_AUTO = 0, /* whichever was measured to win; never OpenBLAS while none is loaded */
    FC_GEMM_PACKED = 1,
    FC_GEMM_BLAS = 2,
} fc_gemm_engine;

/* What follows the product, per element: y = product + bias; y += residual (rows ld_residual floats
 * apart, may be NULL); y = act(y); all in this order, or, with act_first, y = act(product + bias) +
 * residual. */
typedef struct fc_gemm_tail {
    const float *residual;
    size_t ld_residual;
    fc_act act;
    bool act_first;
} fc_gemm_tail;

typedef struct fc_gemm fc_gemm;

/* Prepare b (k, n), rows ldb floats apart, and bias (n) or NULL. Both are copied. The engine is
 * fixed here; `m_hint` is the number of rows typically multiplied at once (for AUTO).
 * Errors     FC_ERR_NOMEM; FC_ERR_INVALID: a size of 0 or over INT_MAX, or BLAS wanted
 *            and not loaded. */
FC_MUST_CHECK fc_status fc_gemm_create(fc_gemm_engine engine, size_t m_hint, size_t k, size_t n,
                                       const float *b, size_t ldb, const float *bias,
                                       fc_gemm **out);
void fc_gemm_destroy(fc_gemm *gemm); /* NULL is fine */

/* Whom `engine` means for products of about m_hint rows: PACKED or BLAS. */
fc_gemm_engine fc_gemm_choose(fc_gemm_engine engine, size_t m_hint);
fc_gemm_engine fc_gemm_engine_of(const fc_gemm *gemm);

/* Copies the weights back: b (k, n), contiguous, and the bias unless that is NULL. */
void fc_gemm_unpack(const fc_gemm *gemm, float *b, float *bias);

/* Columns that are computed together: a range of columns begins at a multiple of this. */
size_t fc_gemm_panel(void);

/* Columns of a unit of work where a product of n columns is cut into `row_blocks` blocks of rows:
 * so few that there are units for several threads, but no more than 256. */
size_t fc_gemm_columns(size_t n, size_t row_blocks);

/* c[0..m, n0..n1) from a (m, k), rows lda and ldc floats apart; n0 a multiple of fc_gemm_panel(),
 * n1 too or n. residual is indexed as c is. On the calling thread; many threads may use one gemm.
 */
void fc_gemm_rows(const fc_gemm *gemm, size_t m, const float *a, size_t lda, float *c, size_t ldc,
                  size_t n0, size_t n1, const fc_gemm_tail *tail);

/* Row i of a is the runs rows[t * m + i][0..run) for t in [0, taps), taps * run == k. PACKED only.
 */
void fc_gemm_taps(const fc_gemm *gemm, size_t m, size_t taps, size_t run, const float *const *rows,
                  float *c, size_t ldc, size_t n0, size_t n1, const fc_gemm_tail *tail);

/* Element j of row i of a is base[offsets[j] + i * step]; all columns. PACKED only. */
void fc_gemm_lines(const fc_gemm *gemm, size_t m, const float *base, const ptrdiff_t *offsets,
                   size_t step, float *c, size_t ldc, const fc_gemm_tail *tail);

/* c (m, n) = a (m, k) @ b (k, n), all contiguous, b not prepared: by the packed kernels, with
 * fc_gemm_scratch(k, n) floats of scratch memory aligned to a cache line. */
size_t fc_gemm_scratch(size_t k, size_t n);
void fc_gemm_once(size_t m, size_t k, size_t n, const float *a, const float *b, float *c,
                  float *scratch);

#endif
