/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The loops of adaptive integration with vectors of 4 doubles. */
#include "fc_cpu.h"

#if FC_X86
#define GK_NAME fc_gk_loops_avx2
#include "fc_gk_impl.h"
#endif
