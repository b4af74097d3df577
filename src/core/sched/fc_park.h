/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where threads without work sleep. A waker that finds nobody asleep pays one load; no wake-up is
 * lost:
 *
 *     sleeper                                    waker
 *     sleepers += 1           (seq_cst)          publish the work        (seq_cst)
 *     look for work once more (seq_cst)          read sleepers           (seq_cst)
 *     none: wait for a new epoch                 not 0: new epoch, signal
 *
 * In the one total order of these accesses either the sleeper's second look comes after the
 * publication and finds the work, or its increment comes before the waker's read, which then
 * signals. */
#ifndef FC_PARK_H
#define FC_PARK_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

typedef struct fc_park {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    uint64_t epoch;       /* under lock; each wake-up begins a new one */
    atomic_uint sleepers; /* seq_cst, see above */
} fc_park;

/* Also in a forked child, where the old state belongs to threads that are gone. */
void fc_park_init(fc_park *park);
/* Sleeps until woken, unless has_work(context) is true at the second look. May return early. */
void fc_park_sleep(fc_park *park, bool (*has_work)(void *context), void *context);
/* Wakes up to n of the sleepers; call after the work is visible. */
void fc_park_wake(fc_park *park, unsigned n);

#endif
