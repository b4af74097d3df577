/* SPDX-License-Identifier: BSD-3-Clause
 *
 * OpenBLAS, found at run time: the only file that knows CBLAS. Nothing is linked; Python says where
 * the library lies (the package scipy-openblas32, or what FASTCONC_OPENBLAS names) and how its
 * symbols begin. */
#ifndef FC_BLAS_H
#define FC_BLAS_H

#include <stdbool.h>
#include <stddef.h>

#include "fc_status.h"

/* Open the library at `path` and take the functions <prefix>cblas_sgemm and
 * <prefix>openblas_set_num_threads (both required) and <prefix>openblas_get_config. OpenBLAS' own
 * threads are switched off: our workers call it side by side. The first success holds for the life
 * of the process; later calls return FC_OK and change nothing.
 * Threads    any.
 * Errors     FC_ERR_LIBRARY: no such file, or it lacks a function; FC_ERR_INVALID: a
 *            prefix of over 32 characters. */
FC_MUST_CHECK fc_status fc_blas_load(const char *path, const char *prefix);

bool fc_blas_available(void);

/* OpenBLAS' description of itself ("OpenBLAS 0.3.27 ... Haswell"), or NULL while none is loaded. */
const char *fc_blas_config(void);

/* c (m, n) = a (m, k) @ b (k, n), all row-major with rows lda, ldb, ldc floats apart. On the
 * calling thread alone. The caller has seen fc_blas_available(); every size is >= 1 and <= INT_MAX.
 */
void fc_blas_sgemm(size_t m, size_t n, size_t k, const float *a, size_t lda, const float *b,
                   size_t ldb, float *c, size_t ldc);

#endif
