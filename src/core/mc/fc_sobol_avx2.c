/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cpu.h"

#if FC_X86
#include "fc_sobol_kernel.h"

void fc_sobol_block_avx2(uint32_t base, const uint32_t *columns, unsigned n_columns,
                         const uint32_t key[4], double *out)
{
    sobol_block(base, columns, n_columns, key, out);
}
#else
typedef int fc_sobol_avx2_is_for_x86;
#endif
