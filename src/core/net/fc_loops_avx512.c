/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inner loops with vectors of 16 floats. */
#include "fc_cpu.h"

#if FC_X86
#define VEC 16
#define LOOPS_NAME fc_loops_avx512
#include "fc_loops_impl.h"
#endif
