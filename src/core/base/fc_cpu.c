/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Detection of the instruction set; contract in fc_cpu.h. */
#include "fc_cpu.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[FC_N_ISA] = {"baseline", "avx2", "avx512"};
static pthread_once_t once = PTHREAD_ONCE_INIT;
static fc_isa best; /* written once, under `once` */

static fc_isa detect(void)
{
#if FC_X86
    __builtin_cpu_init();
    if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512dq") &&
        __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl")) {
        return FC_ISA_AVX512;
    }
    if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") &&
        __builtin_cpu_supports("bmi2")) {
        return FC_ISA_AVX2;
    }
#endif
    return FC_ISA_BASELINE;
}

static void init(void)
{
    best = detect();
    const char *wanted = getenv("FASTCONC_ISA");
    for (int isa = 0; wanted != NULL && isa < (int)best; isa++) {
        if (strcmp(wanted, names[isa]) == 0) {
            best = (fc_isa)isa;
        }
    }
}

fc_isa fc_cpu_isa(void)
{
    pthread_once(&once, init);
    return best;
}

const char *fc_isa_name(fc_isa isa)
{
    return names[isa];
}
