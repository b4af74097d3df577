/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_sobol: the loops over points, instantiated per instruction set (plain C that
 * compilers vectorise; integers only until the last line, so that all instances agree to the bit).
 *
 * Digits are kept reversed, the most significant in bit 0: there an addition, a multiplication by
 * an odd number and x ^= x * even are permutations in which a bit depends on itself and on lower
 * bits alone, which is what nested scrambling of base-2 digits means (Laine and Karras, "Stratified
 * sampling for stochastic transparency", 2011; Burley, "Practical hash-based Owen scrambling", JCGT
 * 9(4), 2020). Keyed additions and multiplications between the mixing steps (Burley has one seed of
 * 32 bits, we four) make replicates independent. */
#ifndef FC_SOBOL_KERNEL_H
#define FC_SOBOL_KERNEL_H

#include <stddef.h>
#include <stdint.h>

/* out[i] = the scrambled coordinate of point base ^ (combination i of the n_columns reversed
 * `columns`). */
typedef void fc_sobol_block_fn(uint32_t base, const uint32_t *columns, unsigned n_columns,
                               const uint32_t key[4], double *out);
fc_sobol_block_fn fc_sobol_block_avx2;

#define FC_SOBOL_CHUNK 4 /* log2 of the points handled at once, on the stack */

static inline uint32_t sobol_reverse(uint32_t x)
{
    x = (x >> 1 & UINT32_C(0x55555555)) | (x & UINT32_C(0x55555555)) << 1;
    x = (x >> 2 & UINT32_C(0x33333333)) | (x & UINT32_C(0x33333333)) << 2;
    x = (x >> 4 & UINT32_C(0x0f0f0f0f)) | (x & UINT32_C(0x0f0f0f0f)) << 4;
    x = (x >> 8 & UINT32_C(0x00ff00ff)) | (x & UINT32_C(0x00ff00ff)) << 8;
    return x >> 16 | x << 16;
}

static inline uint32_t sobol_scramble(uint32_t x, const uint32_t key[4])
{
    x += key[0];
    x ^= x * UINT32_C(0x6c50b47c);
    x *= key[1] | 1;
    x ^= x * UINT32_C(0xb82f1e52);
    x += key[2];
    x ^= x * UINT32_C(0xc7afe638);
    x *= key[3] | 1;
    x ^= x * UINT32_C(0x8d22f6e6);
    return x;
}

/* Digits 33 to 52, uniform and different for every point: nested scrambling draws each of them
 * afresh below a node that holds one point only. (A 32-bit mixer in the manner of Wellons's hash
 * prospector.) */
static inline uint32_t sobol_tail(uint32_t x, uint32_t key)
{
    x ^= key;
    x ^= x >> 16;
    x *= UINT32_C(0x7feb352d);
    x ^= x >> 15;
    x *= UINT32_C(0x846ca68b);
    return x >> 12;
}

static inline void sobol_block(uint32_t base, const uint32_t *columns, unsigned n_columns,
                               const uint32_t key[4], double *out)
{
    enum { n = 1 << FC_SOBOL_CHUNK };
    uint32_t low[n] = {0};
    for (unsigned k = 0; k < FC_SOBOL_CHUNK; k++) {
        for (unsigned i = 0; i < 1u << k; i++) {
            low[(1u << k) + i] = low[i] ^ columns[k];
        }
    }
    unsigned n_high = n_columns > FC_SOBOL_CHUNK ? n_columns - FC_SOBOL_CHUNK : 0;
    for (size_t c = 0; c < (size_t)1 << n_high; c++) {
        uint32_t high = base;
        for (unsigned k = 0; k < n_high; k++) {
            high ^= (c >> k & 1) != 0 ? columns[FC_SOBOL_CHUNK + k] : 0;
        }
        double *chunk = out + (c << FC_SOBOL_CHUNK);
        for (unsigned i = 0; i < n; i++) {
            uint32_t x = sobol_scramble(low[i] ^ high, key);
            uint64_t bits = (uint64_t)sobol_reverse(x) << 20 | sobol_tail(x, key[1] ^ key[2]);
            union {
                uint64_t u;
                double d;
            } one_to_two = {.u = bits | UINT64_C(0x3ff0000000000000)};
            chunk[i] = one_to_two.d - (1.0 - 0x1p-53);
        }
    }
}

#endif
