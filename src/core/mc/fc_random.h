/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random numbers that are a function of their position: Philox4x32-10 (Salmon, Moraes, Dror, Shaw,
 * "Parallel random numbers: as easy as 1, 2, 3", SC 2011). Number k of stream s under seed z never
 * depends on who draws it or what was drawn before, so any worker can make any block and the
 * results are the same bits. */
#ifndef FC_RANDOM_H
#define FC_RANDOM_H

#include <stddef.h>
#include <stdint.h>

/* The bijection itself: ten rounds on a 128-bit counter under a 64-bit key. */
void fc_philox4x32(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4]);

/* Numbers first .. first+n-1 of a stream, uniform in the open interval (0, 1): odd multiples of
 * 2^-53, so that neither 0 nor 1 ever comes and 1 - u is exact. 32 of a number's digits are its
 * own; the 20 after them it shares with another of its group of 32, whose first digits they are: a
 * dependence of 2^-32, at half the work. `first` is a multiple of 32; `out` has room for n rounded
 * up to a multiple of 32, which is overwritten. Every instruction set gives the same bits. Threads:
 * any. */
void fc_random_uniform(uint64_t seed, uint64_t stream, uint64_t first, size_t n, double *out);

/* 53 random bits above, as (0, 1). */
static inline double fc_unit_of_bits(uint64_t bits)
{
    union {
        uint64_t u;
        double d;
    } one_to_two = {.u = (bits >> 12) | UINT64_C(0x3ff0000000000000)};
    return one_to_two.d - (1.0 - 0x1p-53);
}

#endif
