/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What this processor can do, found once per process. Code for an instruction set stands in files
 * named
 * *_<isa>.c (setup.py gives them their flags) and is called only through tables chosen with
 * fc_cpu_isa(). */
#ifndef FC_CPU_H
#define FC_CPU_H

typedef enum fc_isa {
    FC_ISA_BASELINE = 0, /* SSE2 on x86-64, NEON on aarch64, plain C elsewhere */
    FC_ISA_AVX2 = 1,     /* AVX2 + FMA + BMI2 */
    FC_ISA_AVX512 = 2,   /* F, DQ, BW, VL */
} fc_isa;
#define FC_N_ISA 3

#if defined(__x86_64__)
#define FC_X86 1
#else
#define FC_X86 0
#endif

/* The best instruction set that processor and operating system support, lowered by the environment
 * variable FASTCONC_ISA ("baseline", "avx2", "avx512") if that names a lesser one. Threads: any. */
fc_isa fc_cpu_isa(void);
const char *fc_isa_name(fc_isa isa);

#endif
