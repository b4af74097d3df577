/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cpu.h"

#if FC_X86
#include "fc_vegas_strata_kernel.h"

void fc_strata_place_avx2(const fc_strata *strata, double *const *u, uint64_t cube, uint64_t first,
                          size_t n)
{
    strata_place(strata, u, cube, first, n);
}
uint64_t fc_strata_finish_avx2(const fc_strata *strata, const fc_strata_row *row, uint64_t cube,
                               size_t *begin, fc_strata_sums *sums)
{
    return strata_finish(strata, row, cube, begin, sums);
}

#else
typedef int fc_vegas_strata_avx2_is_for_x86;
#endif
