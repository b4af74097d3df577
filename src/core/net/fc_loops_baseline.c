/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inner loops with vectors of 4 floats. */
#define VEC 4
#define LOOPS_NAME fc_loops_baseline
#include "fc_loops_impl.h"
