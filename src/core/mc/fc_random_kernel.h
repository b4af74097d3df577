/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_random: one instance per instruction set. Group g (32 numbers) comes from counters
 * 8g .. 8g+7: of the words w0 to w3 of counter 8g+j, number j is w0 with w1 after it, 8+j w1 with
 * w0, 16+j w2 with w3, 24+j w3 with w2. */
#ifndef FC_RANDOM_KERNEL_H
#define FC_RANDOM_KERNEL_H

#include <stddef.h>
#include <stdint.h>

#define FC_PHILOX_M0 UINT32_C(0xD2511F53)
#define FC_PHILOX_M1 UINT32_C(0xCD9E8D57)
#define FC_PHILOX_W0 UINT32_C(0x9E3779B9)
#define FC_PHILOX_W1 UINT32_C(0xBB67AE85)
#define FC_PHILOX_ROUNDS 10
#define FC_RANDOM_GROUP 32

typedef void fc_random_groups_fn(uint64_t seed, uint64_t stream, uint64_t group, size_t n_groups,
                                 double *out);
fc_random_groups_fn fc_random_groups_avx2;

#endif
