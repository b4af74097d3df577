/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inner loops with vectors of 8 floats. */
#include "fc_cpu.h"

#if FC_X86
#define VEC 8
#define LOOPS_NAME fc_loops_avx2
#include "fc_loops_impl.h"
#endif
