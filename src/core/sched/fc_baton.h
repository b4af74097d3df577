/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One thread waits for one wake-up of another: a binary semaphore that costs no allocation and,
 * when the two meet, no system call.
 *
 *     taker                                      passer
 *     baton_take: PASSED? -> EMPTY, go on        write what the taker shall see
 *                 else EMPTY -> ASLEEP, sleep    baton_pass: -> PASSED; it was ASLEEP: wake it
 *
 * The passer's last access to the baton is that one exchange (the wake-up that may follow uses its
 * address alone), so the taker may free the baton as soon as it has taken it. */
#ifndef FC_BATON_H
#define FC_BATON_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#if defined(__linux__) && defined(__LP64__)
#define FC_BATON_FUTEX 1
#else
#include <pthread.h>
#define FC_BATON_FUTEX 0
#endif

typedef struct fc_baton {
    atomic_int state;
#if !FC_BATON_FUTEX
    pthread_mutex_t lock;
    pthread_cond_t passed;
#endif
} fc_baton;

typedef enum fc_baton_end {
    FC_BATON_TAKEN,
    FC_BATON_LATE,   /* the deadline came first */
    FC_BATON_SIGNAL, /* a signal handler ran on this thread, or may have */
} fc_baton_end;

/* The deadline that never comes. */
#define FC_BATON_FOREVER INT64_MAX

void fc_baton_init(fc_baton *self);
void fc_baton_destroy(fc_baton *self);

/* Wake the taker, now or when it comes. What this thread wrote before is visible to it. To be
 * called once for each take. */
void fc_baton_pass(fc_baton *self);

/* Wait until the baton is passed or fc_now_ns() reaches `deadline`; one thread at a time. It looks
 * for up to `spin_ns` before it sleeps (not at all where there is a single core). `signals`: return
 * for them too. After LATE and SIGNAL the baton may still be passed; if it is under way, it must be
 * taken before the baton is destroyed. */
fc_baton_end fc_baton_take(fc_baton *self, int64_t deadline, int64_t spin_ns, bool signals);

#endif
