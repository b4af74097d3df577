/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cpu.h"

#if FC_X86
#include "fc_vegas_strata_kernel.h"

void fc_strata_place_avx2(const fc_strata *strata, double *const *u, uint64_t cube, uint64_t first,
                          size_t n)
{
    strata_place(strata, u, cube, first, n);
}
#else
typedef int fc_vegas_strata_avx2_is_for_x86;
#endif
