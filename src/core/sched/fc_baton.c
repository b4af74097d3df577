/* SPDX-License-Identifier: BSD-3-Clause
 *
 * One wake-up from thread to thread; contract and picture in fc_baton.h. */
#include "fc_baton.h"

#include <errno.h>
#include <pthread.h>
#include <time.h>

#include "fc_platform.h"

#if FC_BATON_FUTEX
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

enum { EMPTY, PASSED, ASLEEP };

/* ---- looking before the sleep ---- */

static bool has_one_core;

static void count_cores(void)
{
    has_one_core = fc_cpu_count() == 1;
}

/* Take it if it is there. Acquire: pairs with the exchange of fc_baton_pass. */
static bool try_take(fc_baton *self)
{
    int passed = PASSED;
    return atomic_compare_exchange_strong_explicit(&self->state, &passed, EMPTY,
                                                   memory_order_acquire, memory_order_relaxed);
}

static bool spin_and_take(fc_baton *self, int64_t spin_ns)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, count_cores);
    if (has_one_core) {
        return false;
    }
    for (int64_t end = fc_now_ns() + spin_ns; fc_now_ns() < end;) {
        for (int i = 0; i < 8; i++) {
            if (atomic_load_explicit(&self->state, memory_order_relaxed) == PASSED) {
                return try_take(self);
            }
            fc_pause();
        }
    }
    return false;
}

#if FC_BATON_FUTEX

/* ---- sleep in the kernel ---- */

void fc_baton_init(fc_baton *self)
{
    atomic_init(&self->state, EMPTY);
}

void fc_baton_destroy(fc_baton *self)
{
    (void)self;
}

void fc_baton_pass(fc_baton *self)
{
    if (atomic_exchange_explicit(&self->state, PASSED, memory_order_release) == ASLEEP) {
        /* The baton may be gone by now; a wake-up at its address then finds nobody, or somebody who
         * looks again. */
        (void)syscall(SYS_futex, &self->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
    }
}

fc_baton_end fc_baton_take(fc_baton *self, int64_t deadline, int64_t spin_ns, bool signals)
{
    if (try_take(self) || (spin_ns > 0 && spin_and_take(self, spin_ns))) {
        return FC_BATON_TAKEN;
    }
    const struct timespec until = {.tv_sec = deadline / 1000000000,
                                   .tv_nsec = deadline % 1000000000};
    for (;;) {
        int empty = EMPTY;
        if (!atomic_compare_exchange_strong_explicit(&self->state, &empty, ASLEEP,
                                                     memory_order_relaxed, memory_order_relaxed)) {
            if (try_take(self)) {
                return FC_BATON_TAKEN;
            }
            continue;
        }
        int error = 0;
        if (deadline != FC_BATON_FOREVER && fc_now_ns() >= deadline) {
            error = ETIMEDOUT; /* also one before the clock began, which the kernel refuses */
        } else if (syscall(SYS_futex, &self->state, FUTEX_WAIT_BITSET_PRIVATE, ASLEEP,
                           deadline == FC_BATON_FOREVER ? NULL : &until, NULL,
                           FUTEX_BITSET_MATCH_ANY) != 0) {
            error = errno;
        }
        int asleep = ASLEEP;
        if (!atomic_compare_exchange_strong_explicit(&self->state, &asleep, EMPTY,
                                                     memory_order_relaxed, memory_order_relaxed)) {
            (void)try_take(self); /* it was passed, whatever ended the sleep */
            return FC_BATON_TAKEN;
        }
        if (error == ETIMEDOUT) {
            return FC_BATON_LATE;
        }
        if (error == EINTR && signals) {
            return FC_BATON_SIGNAL;
        }
    }
}

#else

/* ---- sleep on a condition variable ---- */

enum { SLICE_NS = 50 * 1000 * 1000 }; /* a signal does not end the sleep, so look now and then */

void fc_baton_init(fc_baton *self)
{
    atomic_init(&self->state, EMPTY);
    pthread_mutex_init(&self->lock, NULL);
    pthread_cond_init(&self->passed, NULL);
}

void fc_baton_destroy(fc_baton *self)
{
    pthread_mutex_lock(&self->lock); /* until the passer has left */
    pthread_mutex_unlock(&self->lock);
    pthread_cond_destroy(&self->passed);
    pthread_mutex_destroy(&self->lock);
}

void fc_baton_pass(fc_baton *self)
{
    pthread_mutex_lock(&self->lock);
    atomic_store_explicit(&self->state, PASSED, memory_order_release);
    pthread_cond_signal(&self->passed);
    pthread_mutex_unlock(&self->lock);
}

fc_baton_end fc_baton_take(fc_baton *self, int64_t deadline, int64_t spin_ns, bool signals)
{
    if (spin_ns > 0 && spin_and_take(self, spin_ns)) {
        return FC_BATON_TAKEN;
    }
    pthread_mutex_lock(&self->lock);
    bool taken, late = false, looked = false;
    while (!(taken = try_take(self)) && !late && !looked) {
        int64_t now = fc_now_ns();
        if (deadline == FC_BATON_FOREVER && !signals) {
            pthread_cond_wait(&self->passed, &self->lock);
        } else if (now < deadline) {
            int64_t left = deadline - now < SLICE_NS ? deadline - now : SLICE_NS;
            struct timespec until;
            clock_gettime(CLOCK_REALTIME, &until);
            until.tv_sec += (until.tv_nsec + left) / 1000000000;
            until.tv_nsec = (until.tv_nsec + left) % 1000000000;
            looked = pthread_cond_timedwait(&self->passed, &self->lock, &until) != 0 && signals &&
                     left == SLICE_NS;
        } else {
            late = true;
        }
    }
    pthread_mutex_unlock(&self->lock);
    return taken ? FC_BATON_TAKEN : late ? FC_BATON_LATE : FC_BATON_SIGNAL;
}

#endif
