/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The packed matrix product with vectors of 16 floats. */
#include "fc_cpu.h"

#if FC_X86
#define VEC 16
#define GEMM_NAME fc_gemm_block_avx512
#define GEMM_LINES_NAME fc_gemm_lines_avx512
#include "fc_gemm_impl.h"
#endif
