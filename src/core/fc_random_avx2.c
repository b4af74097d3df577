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
static inline __m256d unit_of_words(__m256i low, __m256i high)
{
    /* The even words from `low`, the odd ones from `high`; above them nothing is looked at. */
    __m256i bits = _mm256_blend_epi32(low, _mm256_slli_epi64(high, 32), 0xaa);
    __m256i one_to_two =
        _mm256_or_si256(_mm256_srli_epi64(bits, 12), _mm256_set1_epi64x(0x3ff0000000000000));
    return _mm256_sub_pd(_mm256_castsi256_pd(one_to_two), _mm256_set1_pd(1.0 - 0x1p-53));
}

static inline lanes lanes_of_position(uint64_t position, uint64_t stream)
{
    const __m256i low = _mm256_set1_epi64x(0xffffffff);
    __m256i p =
        _mm256_add_epi64(_mm256_set1_epi64x((long long)position), _mm256_set_epi64x(3, 2, 1, 0));
    lanes v;
    v.c0 = _mm256_and_si256(p, low);
    v.c1 = _mm256_srli_epi64(p, 32);
    v.c2 = _mm256_set1_epi64x((long long)(stream & 0xffffffff));
    v.c3 = _mm256_set1_epi64x((long long)(stream >> 32));
    return v;
}

void fc_random_groups_avx2(uint64_t seed, uint64_t stream, uint64_t group, size_t n_groups,
                           double *out)
{
    const __m256i first_key0 = _mm256_set1_epi64x((uint32_t)seed);
    const __m256i first_key1 = _mm256_set1_epi64x((long long)(seed >> 32));
    const __m256i w0 = _mm256_set1_epi64x(FC_PHILOX_W0), w1 = _mm256_set1_epi64x(FC_PHILOX_W1);
    for (size_t g = 0; g < n_groups; g++, out += 16) {
        uint64_t position = (group + g) * 8;
        lanes a = lanes_of_position(position, stream), b = lanes_of_position(position + 4, stream);
        __m256i key0 = first_key0, key1 = first_key1;
        for (int round = 0; round < FC_PHILOX_ROUNDS; round++) {
            a = philox_round(a, key0, key1);
            b = philox_round(b, key0, key1);
            key0 = _mm256_add_epi32(key0, w0);
            key1 = _mm256_add_epi32(key1, w1);
        }
        _mm256_storeu_pd(out, unit_of_words(a.c0, a.c1));
        _mm256_storeu_pd(out + 4, unit_of_words(b.c0, b.c1));
        _mm256_storeu_pd(out + 8, unit_of_words(a.c2, a.c3));
        _mm256_storeu_pd(out + 12, unit_of_words(b.c2, b.c3));
    }
}

#else
typedef int fc_random_avx2_is_for_x86;
#endif
