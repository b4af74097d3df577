/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cores and clock; contract in fc_platform.h. */
#include "fc_platform.h"

#include <math.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* The quota that the file of a group of version 2 tells, in cores; infinite: "max", or no file. */
static double quota_of(const char *path)
{
    double quota, period, cores = INFINITY;
    FILE *file = fopen(path, "re");
    if (file != NULL) {
        if (fscanf(file, "%lf %lf", &quota, &period) == 2 && quota > 0 && period > 0) {
            cores = quota / period;
        }
        fclose(file);
    }
    return cores;
}

/* The least quota of this process's group and those around it. In a container the group is the root
 * that it sees; under systemd it is a scope or a service deep in the tree. */
static double quota_version_2(void)
{
    static const char root[] = "/sys/fs/cgroup";
    char line[4096], path[sizeof root + sizeof line + sizeof "/cpu.max"];
    size_t length = 0;
    FILE *file = fopen("/proc/self/cgroup", "re");
    while (file != NULL && length == 0 && fgets(line, sizeof line, file) != NULL) {
        if (strncmp(line, "0::/", 4) == 0) {
            length = strcspn(line, "\n") - 3;
        }
    }
    if (file != NULL) {
        fclose(file);
    }
    double least = INFINITY;
    for (;;) { /* from the group to the root, whose name is empty */
        while (length > 0 && line[3 + length - 1] == '/') {
            length--;
        }
        snprintf(path, sizeof path, "%s%.*s/cpu.max", root, (int)length, line + 3);
        least = fmin(least, quota_of(path));
        if (length == 0) {
            return least;
        }
        while (length > 0 && line[3 + length - 1] != '/') {
            length--;
        }
    }
}

static double quota_version_1(void)
{
    static const char *const paths[2] = {"/sys/fs/cgroup/cpu/cpu.cfs_quota_us",
                                         "/sys/fs/cgroup/cpu/cpu.cfs_period_us"};
    double values[2] = {-1, 0};
    for (int i = 0; i < 2; i++) {
        FILE *file = fopen(paths[i], "re");
        if (file == NULL || fscanf(file, "%lf", &values[i]) != 1) {
            values[0] = -1;
        }
        if (file != NULL) {
            fclose(file);
        }
    }
    return values[0] > 0 && values[1] > 0 ? values[0] / values[1] : INFINITY;
}

/* The quota of control groups as a number of cores rounded up; 0: no limit. */
static unsigned quota_cores(void)
{
    double cores = ceil(fmin(quota_version_2(), quota_version_1()));
    return cores < 1e6 ? (unsigned)cores : 0;
}

static unsigned affinity_cores(void)
{
#ifdef __linux__
    /* Not a cpu_set_t: the kernel refuses a set that is smaller than its own, which is made for all
     * CPUs there could be. */
    unsigned long set[65536 / (8 * sizeof(unsigned long))] = {0};
    if (sched_getaffinity(0, sizeof set, (cpu_set_t *)(void *)set) == 0) {
        unsigned count = 0;
        for (size_t i = 0; i < sizeof set / sizeof set[0]; i++) {
            count += (unsigned)__builtin_popcountl(set[i]);
        }
        if (count > 0) {
            return count;
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
