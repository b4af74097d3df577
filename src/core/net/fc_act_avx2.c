/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The activations with vectors of 8 floats. */
#include "fc_cpu.h"

#if FC_X86
#define VEC 8
#define ACT_NAME fc_act_apply_avx2
#include "fc_act_impl.h"
#endif
