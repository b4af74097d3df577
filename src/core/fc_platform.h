/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What differs between operating systems: cores, clock. */
#ifndef FC_PLATFORM_H
#define FC_PLATFORM_H

#include <stdint.h>

/* Cores this process may use: the affinity mask, lowered by the cgroup's CPU quota (rounded up);
 * >= 1. */
unsigned fc_cpu_count(void);

/* Monotonic time in nanoseconds; differences only. */
int64_t fc_now_ns(void);

#endif
