/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_random.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_cpu.h"
#include "fc_random_kernel.h"

/* The known-answer vectors that the authors publish with Random123 (kat_vectors, philox4x32 10). */
static void known_answers(void)
{
    static const uint32_t ones = UINT32_C(0xffffffff);
    static const struct {
        uint32_t counter[4], key[2], want[4];
    } vectors[] = {
        {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
        {{ones, ones, ones, ones}, {ones, ones}, {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
        {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
         {0xa4093822, 0x299f31d0},
         {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
    };
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        uint32_t got[4];
        fc_philox4x32(vectors[i].counter, vectors[i].key, got);
        CHECK(memcmp(got, vectors[i].want, sizeof got) == 0);
    }
}

int main(void)
{
    known_answers();

    /* Each number is what the bijection gives at its position, wherever a block begins and however
     * wide we are. */
    static double all[4096], part[64];
    const uint64_t seed = UINT64_C(0x123456789abcdef0), stream = UINT64_C(0xfedcba9876543210);
    const uint64_t first =
        (UINT64_C(1) << 37) - 1024; /* crosses a carry into the second counter word */
    fc_random_uniform(seed, stream, first, 4096, all);
    for (size_t k = 0; k < 4096; k++) {
        uint64_t position = (first + k) / 32 * 8 + k % 8;
        uint32_t counter[4] = {(uint32_t)position, (uint32_t)(position >> 32), (uint32_t)stream,
                               (uint32_t)(stream >> 32)};
        uint32_t key[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)}, word[4];
        fc_philox4x32(counter, key, word);
        const unsigned w = k % 32 / 8;
        CHECK(all[k] == fc_unit_of_bits((uint64_t)word[w] << 32 | word[w ^ 1]));
    }
    fc_random_uniform(seed, stream, first + 64, 37, part);
    CHECK(memcmp(part, all + 64, 37 * sizeof *part) == 0);

    CHECK(fc_unit_of_bits(0) == 0x1p-53 && fc_unit_of_bits(UINT64_MAX) == 1.0 - 0x1p-53);

    /* Mean 1/2 and variance 1/12 of 16 * 4096 numbers, within 5 standard errors. */
    double sum = 0, square = 0;
    for (uint64_t s = 0; s < 16; s++) {
        fc_random_uniform(7, s, 0, 4096, all);
        for (size_t k = 0; k < 4096; k++) {
            double d = all[k] - 0.5;
            CHECK(all[k] > 0 && all[k] < 1);
            sum += d;
            square += d * d;
        }
    }
    const double n = 16 * 4096;
    CHECK(fabs(sum / n) < 5 * sqrt(1 / 12.0 / n));
    CHECK(fabs(square / n - 1 / 12.0) < 5 * sqrt(1 / 180.0 / n));
    return check_report();
}
