/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Philox4x32-10; contract in fc_random.h. Counter words: 0 and 1 the position, 2 and 3 the stream.
 */
#include "fc_random.h"

#include "fc_cpu.h"
#include "fc_random_kernel.h"

void fc_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3];
    uint32_t k0 = key[0], k1 = key[1];
    for (int round = 0; round < FC_PHILOX_ROUNDS; round++) {
        uint64_t p0 = (uint64_t)FC_PHILOX_M0 * c0, p1 = (uint64_t)FC_PHILOX_M1 * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c3 = (uint32_t)p0;
        k0 += FC_PHILOX_W0;
        k1 += FC_PHILOX_W1;
    }
    out[0] = c0;
    out[1] = c1;
    out[2] = c2;
    out[3] = c3;
}

static void random_groups_baseline(uint64_t seed, uint64_t stream, uint64_t group, size_t n_groups,
                                   double *out)
{
    const uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    for (size_t g = 0; g < n_groups; g++, out += FC_RANDOM_GROUP) {
        for (unsigned j = 0; j < 8; j++) {
            uint64_t position = (group + g) * 8 + j;
            uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)stream,
                                   (uint32_t)(stream >> 32)};
            uint32_t word[4];
            fc_philox4x32(counter, key, word);
            for (unsigned k = 0; k < 4; k++) {
                out[8 * k + j] = fc_unit_of_bits((uint64_t)word[k] << 32 | word[k ^ 1]);
            }
        }
    }
}

void fc_random_uniform(uint64_t seed, uint64_t stream, uint64_t first, size_t n, double *out)
{
    fc_random_groups_fn *groups = random_groups_baseline;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        groups = fc_random_groups_avx2;
    }
#endif
    groups(seed, stream, first / FC_RANDOM_GROUP, (n + FC_RANDOM_GROUP - 1) / FC_RANDOM_GROUP, out);
}
