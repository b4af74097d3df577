/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cores and clock; contract in fc_platform.h. */
#include "fc_platform.h"

#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The quota of control group version 2, else 1, as a number of cores rounded up; 0: no limit. */
static unsigned quota_cores(void)
{
    double quota = -1, period = 0;
    FILE *file = fopen("/sys/fs/cgroup/cpu.max", "re");
    if (file != NULL) {
        if (fscanf(file, "%lf %lf", &quota, &period) != 2) { /* "max 100000": no number first */
            quota = -1;
        }
        fclose(file);
    } else {
        static const char *const paths[2] = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
                                             "/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
        double values[2] = {-1, 0};
        for (int i = 0; i < 2; i++) {
            file = fopen(paths[i], "re");
            if (file == NULL || fscanf(file, "%lf", &values[i]) != 1) {
                values[0] = -1;
            }
            if (file != NULL) {
                fclose(file);
            }
        }
        quota = values[0];
        period = values[1];
    }
    if (quota <= 0 || period <= 0) {
        return 0;
    }
    double cores = quota / period;
    unsigned whole = (unsigned)cores;
    return whole + (cores > whole);
}

static unsigned affinity_cores(void)
{
#ifdef __linux__
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) {
        int count = CPU_COUNT(&set);
        if (count > 0) {
            return (unsigned)count;
        }
    }
#endif
    long online = sysconf(_SC_NPROCESSORS_ONLN);
    return online > 0 ? (unsigned)online : 1;
}

unsigned fc_cpu_count(void)
{
    unsigned cores = affinity_cores();
    unsigned quota = quota_cores();
    return quota != 0 && quota < cores ? quota : cores;
}

static int64_t read_clock(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (int64_t)now.tv_sec * 1000000000 + now.tv_nsec;
}

int64_t fc_now_ns(void)
{
    return read_clock(CLOCK_MONOTONIC);
}

int64_t fc_tick_ns(void)
{
#ifdef CLOCK_MONOTONIC_COARSE
    return read_clock(CLOCK_MONOTONIC_COARSE);
#else
    return read_clock(CLOCK_MONOTONIC) >> 22 << 22;
#endif
}
