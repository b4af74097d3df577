/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Start and end of a native call; contract in run.h. */
#include "run.h"

#include <sys/syscall.h>
#include <unistd.h>

_Thread_local const atomic_bool *fc_stop_asked;

int fc_width_of(PyObject *workers, unsigned *width)
{
    *width = 0;
    if (workers == NULL || workers == Py_None) {
        return 0;
    }
    PyObject *number;
    if (PyIndex_Check(workers)) {
        number = PyNumber_Index(workers);
    } else {
        number = PyObject_GetAttrString(workers, "_workers"); /* Pool and PoolExecutor have it */
        if (number == NULL && PyErr_ExceptionMatches(PyExc_AttributeError)) {
            PyErr_Format(PyExc_TypeError,
                         "workers must be None, an int or a fastconc pool, not %.200s",
                         Py_TYPE(workers)->tp_name);
        }
    }
    if (number == NULL) {
        return -1;
    }
    int overflow;
    long value = PyLong_AsLongAndOverflow(number, &overflow);
    if (value == -1 && overflow == 0 && PyErr_Occurred()) {
        Py_DECREF(number);
        return -1;
    }
    if (overflow < 0 || (overflow == 0 && value < 1)) {
        PyErr_Format(PyExc_ValueError, "workers must be at least 1, not %S", number);
        Py_DECREF(number);
        return -1;
    }
    Py_DECREF(number);
    *width = overflow > 0 || value > FC_MAX_WIDTH ? FC_MAX_WIDTH : (unsigned)value;
    return 0;
}

/* Only the main thread runs Python's signal handlers; elsewhere a look would cost the GIL for
 * nothing. */
static bool may_see_signals(void)
{
#ifdef __linux__
    return getpid() == (pid_t)syscall(SYS_gettid);
#else
    return true;
#endif
}

static bool is_stopped(const fc_native *native)
{
    return native->stop != NULL && atomic_load_explicit(native->stop, memory_order_relaxed);
}

/* On the calling thread, every few milliseconds: was its future cancelled, did a signal (Ctrl-C)
 * arrive? The signal's handler runs here. */
static bool poll(void *context)
{
    fc_native *native = context;
    if (is_stopped(native)) {
        return true;
    }
    if (!native->asked) { /* not at the start: short calls never get here */
        native->asked = true;
        native->on_main_thread = may_see_signals();
    }
    if (!native->on_main_thread) {
        return false;
    }
    if (native->thread == NULL) {
        return PyErr_Occurred() || PyErr_CheckSignals() < 0;
    }
    PyEval_RestoreThread(native->thread);
    bool stop = PyErr_Occurred() || PyErr_CheckSignals() < 0; /* the first exception counts */
    native->thread = PyEval_SaveThread();
    return stop;
}

static void let_go(void *context)
{
    fc_native *native = context;
    native->run.long_begins = NULL;
    native->thread = PyEval_SaveThread();
}

int fc_native_begin_short(fc_native *native, PyObject *workers)
{
    *native = (fc_native){0};
    if (fc_width_of(workers, &native->run.width) < 0) {
        return -1;
    }
    native->run.cancel = &native->cancel;
    native->cancel.poll = poll;
    native->cancel.poll_context = native;
    native->cancel.owner = pthread_self();
    native->stop = fc_stop_asked;
    if (is_stopped(native)) {
        fc_cancel_request(&native->cancel);
    }
    native->run.long_begins = let_go;
    native->run.long_context = native;
    return 0;
}

int fc_native_begin(fc_native *native, PyObject *workers)
{
    if (fc_native_begin_short(native, workers) < 0) {
        return -1;
    }
    let_go(native);
    return 0;
}

int fc_native_end(fc_native *native, fc_status status)
{
    if (native->thread != NULL) {
        PyEval_RestoreThread(native->thread);
    }
    if (status == FC_OK) {
        return PyErr_Occurred() ? -1 : 0;
    }
    fc_raise(status, NULL);
    return -1;
}
