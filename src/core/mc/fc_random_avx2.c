/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Philox4x32-10, eight counters at once: each 32-bit word lives in a 64-bit lane, where vpmuludq
 * gives the whole product. Two independent vectors hide the latency of the ten dependent rounds. */
#include "fc_cpu.h"

#if FC_X86
#include <immintrin.h>

#include "fc_random_kernel.h"

typedef struct lanes {
    __m256i c0, c1, c2, c3;
} lanes;

/* Above their 32 bits c1 and c3 carry what the product left there, and c0 and c2 what that makes of
 * them; the products do not look at it. */
static inline lanes philox_round(lanes v, __m256i k0, __m256i k1)
{
    __m256i p0 = _mm256_mul_epu32(v.c0, _mm256_set1_epi64x(FC_PHILOX_M0));
    __m256i p1 = _mm256_mul_epu32(v.c2, _mm256_set1_epi64x(FC_PHILOX_M1));
    lanes next;
    next.c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), _mm256_xor_si256(v.c1, k0));
    next.c1 = p1;
    next.c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), _mm256_xor_si256(v.c3, k1));
    next.c3 = p0;
    return next;
}

/* (0, 1) from 64 bits given as two words; see fc_unit_of_bits. */
static inline __m256d unit_of_words(__m256i high, __m256i low)
{
    /* The even words from `low`, the odd ones from `high`; above them nothing is looked at. */
    __m256i bits = _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xaa);
    __m256i one_to_two =
        _mm256_or_si256(_mm256_srli_epi64(bits, 12), _mm256_set1_epi64x(0x3ff0000000000000));
    return _mm256_sub_pd(_mm256_castsi256_pd(one_to_two), _mm256_set1_pd(1.0 - 0x1p-53));
}

/* What the first two rounds make of the words that all counters of a group share: c1, c2 and c3. */
typedef struct opening {
    __m256i second_c0, second_c2, second_c3; /* to be completed with what c0 gives */
    __m256i first_c2;
} opening;

static inline opening opening_of(uint32_t c1, uint64_t stream, const uint32_t (*key)[2])
{
    const uint64_t p1 = (uint64_t)FC_PHILOX_M1 * (uint32_t)stream;
    const uint32_t c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key[0][0];
    const uint64_t p0 = (uint64_t)FC_PHILOX_M0 * c0;
    opening o;
    o.first_c2 = _mm256_set1_epi64x((uint32_t)(stream >> 32) ^ key[0][1]);
    o.second_c0 = _mm256_set1_epi64x((uint32_t)p1 ^ key[1][0]);
    o.second_c2 = _mm256_set1_epi64x((uint32_t)(p0 >> 32) ^ key[1][1]);
    o.second_c3 = _mm256_set1_epi64x((uint32_t)p0);
    return o;
}

/* Four counters after two rounds. */
static inline lanes two_rounds(const opening *o, __m256i c0)
{
    const __m256i p0 = _mm256_mul_epu32(c0, _mm256_set1_epi64x(FC_PHILOX_M0));
    const __m256i c2 = _mm256_xor_si256(_mm256_srli_epi64(p0, 32), o->first_c2);
    const __m256i p1 = _mm256_mul_epu32(c2, _mm256_set1_epi64x(FC_PHILOX_M1));
    lanes v;
    v.c0 = _mm256_xor_si256(_mm256_srli_epi64(p1, 32), o->second_c0);
    v.c1 = p1;
    v.c2 = _mm256_xor_si256(p0, o->second_c2);
    v.c3 = o->second_c3;
    return v;
}

void fc_random_groups_avx2(uint64_t seed, uint64_t stream, uint64_t group, size_t n_groups,
                           double *out)
{
    uint32_t key[FC_PHILOX_ROUNDS][2];
    __m256i keys[FC_PHILOX_ROUNDS][2];
    for (unsigned r = 0; r < FC_PHILOX_ROUNDS; r++) {
        key[r][0] = (uint32_t)seed + r * FC_PHILOX_W0;
        key[r][1] = (uint32_t)(seed >> 32) + r * FC_PHILOX_W1;
        keys[r][0] = _mm256_set1_epi64x(key[r][0]);
        keys[r][1] = _mm256_set1_epi64x(key[r][1]);
    }
    const __m256i steps = _mm256_set_epi64x(3, 2, 1, 0);
    opening o = opening_of((uint32_t)(group * 8 >> 32), stream, key);
    for (size_t g = 0; g < n_groups; g++, out += FC_RANDOM_GROUP) {
        const uint64_t position = (group + g) * 8;
        if ((uint32_t)position == 0) { /* a carry never falls into a group */
            o = opening_of((uint32_t)(position >> 32), stream, key);
        }
        const __m256i low = _mm256_set1_epi64x((uint32_t)position);
        const __m256i c0 = _mm256_add_epi64(low, steps);
        lanes a = two_rounds(&o, c0);
        lanes b = two_rounds(&o, _mm256_add_epi64(c0, _mm256_set1_epi64x(4)));
        for (unsigned r = 2; r < FC_PHILOX_ROUNDS; r++) {
            a = philox_round(a, keys[r][0], keys[r][1]);
            b = philox_round(b, keys[r][0], keys[r][1]);
        }
        _mm256_storeu_pd(out, unit_of_words(a.c0, a.c1));
        _mm256_storeu_pd(out + 4, unit_of_words(b.c0, b.c1));
        _mm256_storeu_pd(out + 8, unit_of_words(a.c1, a.c0));
        _mm256_storeu_pd(out + 12, unit_of_words(b.c1, b.c0));
        _mm256_storeu_pd(out + 16, unit_of_words(a.c2, a.c3));
        _mm256_storeu_pd(out + 20, unit_of_words(b.c2, b.c3));
        _mm256_storeu_pd(out + 24, unit_of_words(a.c3, a.c2));
        _mm256_storeu_pd(out + 28, unit_of_words(b.c3, b.c2));
    }
}

#else
typedef int fc_random_avx2_is_for_x86;
#endif
