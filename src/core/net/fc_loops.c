/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which inner loops to use; contract in fc_loops.h. */
#include "fc_loops.h"

#include "fc_cpu.h"

const fc_loops *fc_loops_get(void)
{
#if FC_X86
    switch (fc_cpu_isa()) {
    case FC_ISA_AVX512:
        return &fc_loops_avx512;
    case FC_ISA_AVX2:
        return &fc_loops_avx2;
    default:
        break;
    }
#endif
    return &fc_loops_baseline;
}
