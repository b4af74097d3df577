/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loops that follow each other closely, each shared by threads that stay together from the first to
 * the last: the layers of a network on one image. Between two loops stands a barrier that costs
 * some atomic operations, where a call of fc_pool_for for each would cost waking and leave-taking.
 *
 *     ticket = (leg, next block)   one word: a thread claims a block by adding 1
 *
 * Who ends the last block of a leg opens the next one and keeps its first block; legs of one block
 * it runs at once, so that what is small stays with one thread and its cache. */
#ifndef FC_RELAY_H
#define FC_RELAY_H

#include "fc_pool.h"

typedef struct fc_relay_leg {
    size_t n, grain; /* items; those of a block, at least 1; n / grain < 2^31 */
} fc_relay_leg;

/* Works on items [begin, end) of a leg. `worker` is as in fc_range_fn. */
typedef fc_status fc_relay_fn(void *context, size_t leg, size_t begin, size_t end, unsigned worker);

/* Does what these loops do
 *
 *     for (size_t i = 0; i < n_legs; i++)
 *         for (size_t b = 0; b < legs[i].n; b += legs[i].grain)
 *             fn(context, i, b, min(b + grain, n), worker);
 *
 * the blocks of a leg on many threads; a leg begins when all blocks of the one before have ended.
 * Ownership  all is borrowed until the return.
 * Threads    any; the caller works too, and needs nobody to join. n_legs < 2^31.
 * Errors     the status of a block that failed, FC_ERR_CANCELLED, FC_ERR_DEADLINE, FC_ERR_THREAD
 * (as fc_pool_for); what has not begun is skipped. */
FC_MUST_CHECK fc_status fc_relay_run(const fc_run *run, fc_relay_fn *fn, void *context,
                                     const fc_relay_leg *legs, size_t n_legs);

#endif
