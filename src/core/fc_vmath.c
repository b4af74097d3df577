/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Choice of the table for an instruction set; contract in fc_vmath.h. */
#include "fc_vmath.h"

const fc_vmath *fc_vmath_get(fc_isa isa)
{
    (void)isa;
    return fc_vmath_exact();
}
