/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The activations with vectors of 4 floats. */
#define VEC 4
#define ACT_NAME fc_act_apply_baseline
#include "fc_act_impl.h"
