/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Lists of waiting Python threads; contract in waiters.h.
 *
 * Each waiter owns a lock that is locked from birth; to notify it is to unlock that. Waiters stand
 * on the heap: after a fork the stacks of the parent's threads are reused in the child, where the
 * list still points at them. */
#include "waiters.h"

#include <math.h>
#include <unistd.h>

#include "fc_platform.h"

struct fc_waiter {
    fc_waiter *previous, *next;
    PyThread_type_lock lock;
    bool notified; /* then it is no longer in the list */
};

/* The longest a lock can wait, threading.TIMEOUT_MAX: also the range of CPython's clock, in
 * nanoseconds. */
static double timeout_max(void)
{
    double in_microseconds = (double)PY_TIMEOUT_MAX * 1e-6;
    double in_nanoseconds = 9223372036.0;
    return in_microseconds < in_nanoseconds ? in_microseconds : in_nanoseconds;
}

static double seconds_now(void)
{
    return (double)fc_now_ns() * 1e-9;
}

/* Called when the list is not empty or about to be: rare enough for a system call. */
static void forget_parents_threads(fc_waiters *list)
{
    pid_t process = getpid();
    if (list->process != process) {
        list->first = list->last =
            NULL; /* leaked: a few bytes for each thread that did not survive the fork */
        list->process = process;
    }
}

static void unlink_waiter(fc_waiters *list, fc_waiter *waiter)
{
    if (waiter->previous != NULL) {
        waiter->previous->next = waiter->next;
    } else {
        list->first = waiter->next;
    }
    if (waiter->next != NULL) {
        waiter->next->previous = waiter->previous;
    } else {
        list->last = waiter->previous;
    }
}

fc_waiter *fc_waiters_join(fc_waiters *list)
{
    fc_waiter *waiter = PyMem_RawCalloc(1, sizeof *waiter);
    if (waiter == NULL) {
        return NULL;
    }
    waiter->lock = PyThread_allocate_lock();
    if (waiter->lock == NULL) {
        PyMem_RawFree(waiter);
        return NULL;
    }
    PyThread_acquire_lock(waiter->lock, NOWAIT_LOCK);
    forget_parents_threads(list);
    waiter->previous = list->last;
    if (list->last != NULL) {
        list->last->next = waiter;
    } else {
        list->first = waiter;
    }
    list->last = waiter;
    return waiter;
}

int fc_waiter_sleep(fc_waiter *waiter, double seconds)
{
    double deadline = seconds < 0 ? 0 : seconds_now() + seconds;
    PY_TIMEOUT_T microseconds = -1;
    for (;;) {
        if (seconds >= 0) {
            /* Rounded up: to wake early would be to spin until the deadline. */
            microseconds = seconds > 0 ? (PY_TIMEOUT_T)ceil(seconds * 1e6) : 0;
        }
        PyLockStatus status;
        Py_BEGIN_ALLOW_THREADS status = PyThread_acquire_lock_timed(waiter->lock, microseconds, 1);
        Py_END_ALLOW_THREADS if (status != PY_LOCK_INTR)
        {
            return status == PY_LOCK_ACQUIRED;
        }
        if (Py_MakePendingCalls() < 0) { /* a signal arrived; its handler may raise */
            return -1;
        }
        if (seconds >= 0) {
            seconds = fmax(deadline - seconds_now(), 0);
        }
    }
}

bool fc_waiters_leave(fc_waiters *list, fc_waiter *waiter)
{
    bool notified = waiter->notified;
    if (notified) {
        /* It may not have been taken, if the sleep ended otherwise at that moment; free wants it
         * unlocked. */
        PyThread_acquire_lock(waiter->lock, NOWAIT_LOCK);
    } else {
        unlink_waiter(list, waiter);
    }
    PyThread_release_lock(waiter->lock);
    PyThread_free_lock(waiter->lock);
    PyMem_RawFree(waiter);
    return notified;
}

void fc_waiters_notify(fc_waiters *list, size_t n)
{
    if (list->first == NULL) {
        return;
    }
    forget_parents_threads(list);
    for (; n > 0 && list->first != NULL; n--) {
        fc_waiter *waiter = list->first;
        unlink_waiter(list, waiter);
        waiter->notified = true;
        /* The waiter frees itself only under the guard that we hold. */
        PyThread_release_lock(waiter->lock);
    }
}

int fc_timeout_parse(PyObject *timeout, fc_timeout *out)
{
    *out = (fc_timeout){.forever = timeout == NULL || timeout == Py_None};
    if (out->forever) {
        return 0;
    }
    if (PyFloat_CheckExact(timeout)) {
        out->seconds = PyFloat_AS_DOUBLE(timeout);
        out->negative = out->seconds < 0;
        return 0;
    }
    PyObject *zero =
        PyLong_FromLong(0); /* the same comparison, and so the same TypeError, as in Python */
    if (zero == NULL) {
        return -1;
    }
    int negative = PyObject_RichCompareBool(timeout, zero, Py_LT);
    Py_DECREF(zero);
    if (negative < 0) {
        return -1;
    }
    out->negative = negative;
    if (!negative) {
        out->seconds = PyFloat_AsDouble(timeout);
        if (out->seconds == -1.0 && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

bool fc_timeout_left(fc_timeout *timeout, double *left)
{
    double now = seconds_now();
    if (timeout->deadline == 0) {
        timeout->deadline = now + timeout->seconds;
    }
    *left = timeout->deadline - now;
    return *left <= timeout_max(); /* nan is not */
}

void fc_timeout_raise(const fc_timeout *timeout)
{
    if (isnan(timeout->seconds)) {
        PyErr_SetString(PyExc_ValueError, "Invalid value NaN (not a number)");
    } else {
        PyErr_SetString(PyExc_OverflowError, "timeout value is too large");
    }
}
