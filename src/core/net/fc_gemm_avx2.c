/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packed matrix product with vectors of 8 floats. */
#include "fc_cpu.h"

#if FC_X86
#define VEC 8
#define GEMM_NAME fc_gemm_block_avx2
#define GEMM_LINES_NAME fc_gemm_lines_avx2
#include "fc_gemm_impl.h"
#endif
