/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The loops of adaptive integration for any processor; and the choice among all. */
#define GK_NAME fc_gk_loops_baseline
#include "fc_gk_impl.h"

#include "fc_cpu.h"

const fc_gk_loops *fc_gk_loops_get(void)
{
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        return &fc_gk_loops_avx2;
    }
#endif
    return &fc_gk_loops_baseline;
}
