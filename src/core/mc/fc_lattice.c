/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Shifted lattices; contract in fc_lattice.h, the loops in fc_lattice_kernel.h. */
#include "fc_lattice.h"

#include "fc_cpu.h"
#include "fc_lattice_kernel.h"
#include "fc_lattice_table.inc"

void fc_lattice_fill(unsigned log2_points, fc_fold fold, uint64_t seed, uint32_t replicate,
                     unsigned dim, uint64_t first, size_t n, double *out, double *weight)
{
    /* A vector of more points is one of fewer, too: of the least size there is none of its own. */
    const unsigned row = log2_points > LATTICE_LEAST_LOG2 ? log2_points - LATTICE_LEAST_LOG2 : 0;
    const uint64_t z = lattice_vectors[row][dim];
    const uint64_t step = log2_points == 0 ? 0 : z << (64 - log2_points);
    /* Philox gives the shift, at a place of its counter that neither fc_random_uniform's streams
     * nor the keys of fc_sobol reach. */
    const uint32_t counter[4] = {dim, UINT32_C(0xffffffff), replicate, UINT32_C(0x4c617474)};
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t word[4];
    fc_philox4x32(counter, key, word);
    const uint64_t start = ((uint64_t)word[1] << 32 | word[0]) + first * step;
    fc_lattice_tent_fn *tent = lattice_tent;
    fc_lattice_power_fn *power = lattice_power;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        tent = fc_lattice_tent_avx2;
        power = fc_lattice_power_avx2;
    }
#endif
    if (fold == FC_FOLD_TENT) {
        tent(start, step, n, out);
    } else {
        power(start, step, n, out, weight);
    }
}
