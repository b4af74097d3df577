/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What differs between operating systems and processors: cores, clock, the pause of a spinning
 * loop. */
#ifndef FC_PLATFORM_H
#define FC_PLATFORM_H

#include <stdint.h>

/* Cores this process may use: the affinity mask, lowered by the cgroup's CPU quota (rounded up);
 * >= 1. */
unsigned fc_cpu_count(void);

/* Monotonic time in nanoseconds; differences only. */
int64_t fc_now_ns(void);

/* Monotonic time of the system's last tick, a few milliseconds ago at most: a quarter of the cost
 * where there is such a clock. Not to be compared with fc_now_ns(). */
int64_t fc_tick_ns(void);

/* Tells the processor that this loop waits for another thread. */
static inline void fc_pause(void)
{
#if defined(__x86_64__) || defined(__i386__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
}

#endif
