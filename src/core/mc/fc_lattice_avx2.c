/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cpu.h"

#if FC_X86
#include "fc_lattice_kernel.h"

void fc_lattice_tent_avx2(uint64_t start, uint64_t step, size_t n, double *out)
{
    lattice_tent(start, step, n, out);
}

void fc_lattice_power_avx2(uint64_t start, uint64_t step, size_t n, double *out, double *weight)
{
    lattice_power(start, step, n, out, weight);
}
#else
typedef int fc_lattice_avx2_is_for_x86;
#endif
