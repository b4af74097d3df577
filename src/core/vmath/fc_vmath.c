/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Choice of the table for an instruction set; contract in fc_vmath.h. */
#include "fc_vmath.h"
#include "fc_vmath_libm.h"

const fc_vmath *fc_vmath_get(fc_isa isa)
{
#if FC_X86
    if (isa == FC_ISA_AVX512) {
        return &fc_vmath_table_avx512;
    }
    if (isa == FC_ISA_AVX2) {
        return &fc_vmath_table_avx2;
    }
#endif
    (void)isa;
    return &fc_vmath_table_baseline;
}
