/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packed matrix product with vectors of 4 floats: SSE2, NEON, or what the compiler makes of
 * them. */
#define VEC 4
#define GEMM_NAME fc_gemm_block_baseline
#define GEMM_LINES_NAME fc_gemm_lines_baseline
#include "fc_gemm_impl.h"
