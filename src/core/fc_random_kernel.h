/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_random: one instance per instruction set. Group g (16 numbers) comes from counters
 * 8g .. 8g+7: number j < 8 from words 0 and 1 of counter 8g+j, number 8+j from its words 2 and 3.
 */
#ifndef FC_RANDOM_KERNEL_H
#define FC_RANDOM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define FC_PHILOX_M0 UINT32_C(0xD2511F53)
#define FC_PHILOX_M1 UINT32_C(0xCD9E8D57)
#define FC_PHILOX_W0 UINT32_C(0x9E3779B9)
#define FC_PHILOX_W1 UINT32_C(0xBB67AE85)
#define FC_PHILOX_ROUNDS 10

typedef void fc_random_groups_fn(uint64_t seed, uint64_t stream, uint64_t group, size_t n_groups,
                                 double *out);
fc_random_groups_fn fc_random_groups_avx2;

#endif
