/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_lattice: the loops over points, instantiated per instruction set (plain C that
 * compilers vectorise, without contraction: all instances agree to the bit). A coordinate before
 * folding is a fraction of 64 binary digits, and wraps as unsigned numbers do. */
#ifndef FC_LATTICE_KERNEL_H
#define FC_LATTICE_KERNEL_H

#include <float.h>

#include "fc_random.h"

typedef void fc_lattice_tent_fn(uint64_t start, uint64_t step, size_t n, double *out);
typedef void fc_lattice_power_fn(uint64_t start, uint64_t step, size_t n, double *out,
                                 double *weight);
fc_lattice_tent_fn fc_lattice_tent_avx2;
fc_lattice_power_fn fc_lattice_power_avx2;

static inline void lattice_tent(uint64_t start, uint64_t step, size_t n, double *out)
{
    for (size_t i = 0; i < n; i++) {
        const uint64_t u = start + i * step;
        out[i] = fc_unit_of_bits((u ^ (0 - (u >> 63))) << 1);
    }
}

/* By symmetry from the nearer end, where x is exact to the last digit; so near 1 that it rounds to
 * it, it stays below. */
static inline void lattice_power(uint64_t start, uint64_t step, size_t n, double *out,
                                 double *weight)
{
    for (size_t i = 0; i < n; i++) {
        const double u = fc_unit_of_bits(start + i * step), rest = 1 - u;
        const double s = u < rest ? u : rest, s2 = s * s;
        const double near = s2 * s2 * (35 + s * (-84 + s * (70 - 20 * s)));
        const double far = 1 - near, most = 1 - DBL_EPSILON / 2;
        const double x = u < rest ? near : far;
        out[i] = x < most ? x : most;
        const double p = s * (1 - s);
        weight[i] *= 140 * (p * p * p);
    }
}

#endif
