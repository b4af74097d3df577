/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Python threads that wait for something, first come first served: what threading.Condition is,
 * without its Python code. The owner keeps the list under a guard of its own and uses it so:
 *
 *     lock the guard
 *     while nothing is there:
 *         me = fc_waiters_join(list)
 *         unlock the guard; woken = fc_waiter_sleep(me, ...); lock the guard
 *         was_notified = fc_waiters_leave(list, me)
 *     take it, unlock the guard
 *
 * The thread is in the list before the guard is unlocked, so no notification in between is lost.
 * One that is notified and then does not look (because a signal handler raised) must hand the
 * notification on. */
#ifndef WAITERS_H
#define WAITERS_H

#include "state.h"

#include <stdbool.h>
#include <sys/types.h>

typedef struct fc_waiter fc_waiter;

typedef struct fc_waiters {
    fc_waiter *first, *last;
    pid_t process; /* whose threads these are: after fork the child forgets its parent's */
} fc_waiters;

/* Put the calling thread at the end of the list. NULL when memory is short, without an exception
 * set (the guard is held). */
fc_waiter *fc_waiters_join(fc_waiters *list);

/* Sleep without the GIL until notified (1), or `seconds` have passed (0; negative: never), or a
 * signal handler raised (-1). The guard must not be held. */
int fc_waiter_sleep(fc_waiter *waiter, double seconds);

/* Take the thread out and free `waiter`; true when it had been notified. */
bool fc_waiters_leave(fc_waiters *list, fc_waiter *waiter);

/* Wake up to n threads, those that wait longest. */
void fc_waiters_notify(fc_waiters *list, size_t n);

static inline bool fc_waiters_any(const fc_waiters *list)
{
    return list->first != NULL;
}

/* A time-out as the standard library takes it. */
typedef struct fc_timeout {
    bool forever;    /* None */
    bool negative;   /* the caller decides when that is an error */
    double seconds;  /* else */
    double deadline; /* on fc_seconds_now's clock; 0 until the first wait */
} fc_timeout;

/* Read `timeout` (NULL and None: forever). -1 with TypeError or OverflowError set. Runs Python
 * code. */
int fc_timeout_parse(PyObject *timeout, fc_timeout *out);

/* Seconds left, <= 0 when none are; starts the clock at the first call. False when locks do not
 * wait so long (more than threading.TIMEOUT_MAX, or nan); fc_timeout_raise then sets the
 * OverflowError or ValueError that they raise. Not for `forever`. */
bool fc_timeout_left(fc_timeout *timeout, double *left);
void fc_timeout_raise(const fc_timeout *timeout);

#endif
