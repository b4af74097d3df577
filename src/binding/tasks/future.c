/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a future goes through: made, claimed, finished or cancelled. Contract in tasks.h. */
#include "tasks.h"

#include <string.h>

FutureObject *future_new(PyTypeObject *type)
{
    FutureObject *self = PyObject_GC_New(FutureObject, type);
    if (self == NULL) {
        return NULL;
    }
    memset((char *)self + sizeof(PyObject), 0, (size_t)type->tp_basicsize - sizeof(PyObject));
#ifdef Py_GIL_DISABLED
    PyObject_GC_Track(self); /* costs no list there, and tracking later would race */
#endif
    return self;
}

void future_track(FutureObject *self)
{
    if (!PyObject_GC_IsTracked((PyObject *)self)) {
        PyObject_GC_Track(self);
    }
}

FutureExtra *future_extra_locked(FutureObject *self)
{
    if (self->extra == NULL) {
        FutureExtra *extra = PyMem_Calloc(1, sizeof *extra);
        if (extra == NULL) {
            PyErr_NoMemory();
            return NULL;
        }
        extra->links.next = extra->links.prev = &extra->links;
        extra->generation = fc_fork_generation;
        self->extra = extra;
    }
    return self->extra;
}

/* ---- the call ---- */

static void packed_free(PackedArgs *packed)
{
    Py_XDECREF(packed->kwnames);
    for (Py_ssize_t i = 1; i <= packed->n_items; i++) {
        Py_XDECREF(packed->items[i]);
    }
    PyMem_Free(packed);
}

void task_clear(Task *task)
{
    Py_CLEAR(task->function);
    if (task->packed != NULL) {
        packed_free(task->packed);
        task->packed = NULL;
    }
    for (Py_ssize_t i = 1; i <= task->n_args; i++) {
        Py_DECREF(task->args[i]);
    }
    task->n_args = 0;
}

PyObject *task_call(Task *task)
{
    if (task->function == NULL) { /* somebody assigned _state = "PENDING" to one that ran */
        PyErr_SetString(PyExc_RuntimeError, "this future has no call to make");
        return NULL;
    }
    if (task->packed != NULL) {
        return PyObject_Vectorcall(task->function, task->packed->items + 1,
                                   (size_t)task->packed->n_positional |
                                       PY_VECTORCALL_ARGUMENTS_OFFSET,
                                   task->packed->kwnames);
    }
    return PyObject_Vectorcall(task->function, task->args + 1,
                               (size_t)task->n_args | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

/* Moves the call out of a pending future; the mutex is held. One that was made by hand has none,
 * but may have its result already. */
static void call_take_locked(FutureObject *self, Task *task)
{
    task->function = NULL;
    task->packed = NULL;
    task->n_args = 0;
    if (self->queue == NULL) {
        return;
    }
    task->function = self->value;
    self->value = NULL;
    if (self->flags & FUTURE_PACKED) {
        task->packed = self->u.packed;
        self->flags &= (uint8_t)~FUTURE_PACKED;
    } else {
        task->n_args = self->n_args;
        for (int i = 0; i < self->n_args; i++) {
            task->args[1 + i] = self->u.args[i];
        }
    }
    self->n_args = 0;
    memset(&self->u, 0, sizeof self->u);
}

bool future_claim(FutureObject *self, Worker *runner, Task *task)
{
    fc_lock(&self->mutex);
    bool pending = self->state == FUTURE_PENDING;
    if (pending) {
        call_take_locked(self, task);
        self->u.run.worker = runner;
        future_set_state(self, FUTURE_RUNNING);
    }
    fc_unlock(&self->mutex);
    return pending;
}

/* ---- exceptions and the log ---- */

PyObject *exception_take(void)
{
#if PY_VERSION_HEX >= 0x030c0000
    return PyErr_GetRaisedException();
#else
    PyObject *type, *value, *traceback;
    PyErr_Fetch(&type, &value, &traceback);
    PyErr_NormalizeException(&type, &value, &traceback);
    if (traceback != NULL) {
        PyException_SetTraceback(value, traceback);
        Py_DECREF(traceback);
    }
    Py_XDECREF(type);
    return value;
#endif
}

void log_exception(fc_state *state, const char *method, const char *format, PyObject *arg)
{
    PyObject *error = exception_take();
    PyObject *logger = NULL, *log = NULL, *args = NULL, *kwargs = NULL, *result = NULL;
    if ((logger = PyObject_GetAttrString(state->futures_base, "LOGGER")) != NULL &&
        (log = PyObject_GetAttrString(logger, method)) != NULL &&
        (args = arg != NULL ? Py_BuildValue("(sO)", format, arg) : Py_BuildValue("(s)", format)) !=
            NULL &&
        (kwargs = Py_BuildValue("{s:O}", "exc_info", error)) != NULL) {
        result = PyObject_Call(log, args, kwargs);
    }
    if (result == NULL) {
        PyErr_WriteUnraisable(arg);
    }
    Py_XDECREF(logger);
    Py_XDECREF(log);
    Py_XDECREF(args);
    Py_XDECREF(kwargs);
    Py_XDECREF(result);
    Py_DECREF(error);
}

/* Each callback in turn, as the standard library does: an Exception is logged, a BaseException ends
 * it. Steals the list. */
static int callbacks_run(FutureObject *self, PyObject *callbacks)
{
    int result = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(callbacks); i++) {
        PyObject *callback = PyList_GET_ITEM(callbacks, i);
        Py_INCREF(callback);
        PyObject *none = PyObject_CallOneArg(callback, (PyObject *)self);
        Py_DECREF(callback);
        if (none == NULL) {
            fc_state *state =
                PyErr_ExceptionMatches(PyExc_Exception) ? fc_state_of_type(Py_TYPE(self)) : NULL;
            if (state == NULL) {
                result = -1;
                break;
            }
            log_exception(state, "exception", "exception calling callback for %r",
                          (PyObject *)self);
        }
        Py_XDECREF(none);
    }
    Py_DECREF(callbacks);
    return result;
}

/* ---- transitions ---- */

/* What a change of state has to do once the mutex is free. */
typedef struct After {
    Task task;           /* a call that will not be made */
    PyObject *callbacks; /* or NULL */
    TaskQueue *queue;
} After;

/* The future leaves its pending or running life; the mutex is held. */
static void retire_locked(FutureObject *self, After *after)
{
    if (self->state == FUTURE_PENDING) {
        call_take_locked(self, &after->task);
    } else {
        memset(&self->u, 0, sizeof self->u);
    }
    if (self->value != NULL) { /* _result was set by hand before */
        after->task.function = self->value;
        self->value = NULL;
    }
    if (self->extra != NULL) {
        after->callbacks = self->extra->callbacks;
        self->extra->callbacks = NULL;
    }
}

/* `result` is that of the change; where it is -1, the exception that is set waits until Python code
 * has run, and is set again unless that raised one of its own. */
static int after_run(FutureObject *self, After *after, int result)
{
    PyObject *error = result < 0 ? exception_take() : NULL;
    task_clear(&after->task);
    Py_XDECREF(after->queue);
    if (after->callbacks != NULL && callbacks_run(self, after->callbacks) < 0) {
        result = -1;
    }
    if (error != NULL && !PyErr_Occurred()) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    }
    Py_XDECREF(error);
    return result;
}

static int call_ignoring(PyObject *object, const char *method)
{
    PyObject *result = PyObject_CallMethod(object, method, NULL);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Begin a change of state that others may wait for: 0 with the mutex held, and the condition too if
 * there is one
 * (*condition, else NULL). It cannot appear meanwhile: its maker needs the mutex. -1 with an
 * exception. */
static int change_begin(FutureObject *self, PyObject **condition)
{
    *condition = NULL;
    fc_lock(&self->mutex);
    if (self->extra == NULL || self->extra->condition == NULL) {
        return 0;
    }
    PyObject *found = Py_NewRef(self->extra->condition);
    fc_unlock(&self->mutex);
    if (call_ignoring(found, "acquire") < 0) {
        Py_DECREF(found);
        return -1;
    }
    *condition = found;
    fc_lock(&self->mutex);
    return 0;
}

/* Under the condition: tell the standard library's waiters (`method` of each, if any), then
 * everybody. */
static int condition_notify(FutureObject *self, PyObject *condition, const char *method)
{
    fc_lock(&self->mutex);
    PyObject *waiters = self->extra->waiters;
    Py_XINCREF(waiters);
    fc_unlock(&self->mutex);
    int result = 0;
    if (method != NULL && waiters != NULL) {
        for (Py_ssize_t i = 0; result == 0 && i < PyList_GET_SIZE(waiters); i++) {
            PyObject *waiter = PyList_GET_ITEM(waiters, i);
            Py_INCREF(waiter);
            PyObject *none = PyObject_CallMethod(waiter, method, "O", self);
            result = none == NULL ? -1 : 0;
            Py_XDECREF(none);
            Py_DECREF(waiter);
        }
    }
    Py_XDECREF(waiters);
    return result < 0 ? -1 : call_ignoring(condition, "notify_all");
}

/* Leave the condition whatever happened, and keep the exception that is set. */
static int condition_leave(PyObject *condition, int result)
{
#if PY_VERSION_HEX >= 0x030c0000
    PyObject *error = PyErr_GetRaisedException();
#else
    PyObject *type, *error, *traceback;
    PyErr_Fetch(&type, &error, &traceback);
#endif
    if (call_ignoring(condition, "release") < 0) {
        PyErr_WriteUnraisable(condition);
    }
    Py_DECREF(condition);
#if PY_VERSION_HEX >= 0x030c0000
    PyErr_SetRaisedException(error);
#else
    PyErr_Restore(type, error, traceback);
#endif
    return result;
}

int future_finish(FutureObject *self, PyObject *value, bool is_error)
{
    After after = {0};
    Waiter *woken = NULL;
    PyObject *condition;
    if (change_begin(self, &condition) < 0) {
        Py_DECREF(value);
        return -1;
    }
    int result = self->state >= FUTURE_CANCELLED ? 1 : 0;
    if (result == 0) {
        retire_locked(self, &after);
        self->value = value;
        self->flags |= is_error ? FUTURE_HAS_ERROR : 0;
        future_set_state(self, FUTURE_FINISHED);
        if (self->extra != NULL) {
            woken = future_wake_locked(self, true);
        }
        if (self->link.next ==
            NULL) { /* one that is still queued keeps its queue until it is popped */
            after.queue = self->queue;
            self->queue = NULL;
        }
    }
    fc_unlock(&self->mutex);
    if (condition == NULL && after.callbacks == NULL) {
        waiters_wake_soon(self, woken);
    } else {
        waiters_wake(woken);
    }
    if (condition != NULL) {
        if (result == 0) {
            result = condition_notify(self, condition, is_error ? "add_exception" : "add_result");
        }
        result = condition_leave(condition, result);
    }
    if (result == 1) {
        Py_DECREF(value);
        return 1;
    }
#ifndef Py_GIL_DISABLED
    if (PyObject_IS_GC(value)) {
        future_track(self);
    }
#endif
    /* Where a foreign waiter failed, the future is finished all the same. */
    return after_run(self, &after, result);
}

int future_notify_cancelled(FutureObject *self)
{
    Waiter *woken = NULL;
    PyObject *condition;
    if (change_begin(self, &condition) < 0) {
        return -1;
    }
    int result = self->state == FUTURE_CANCELLED ? 0 : 1;
    if (result == 0) {
        future_set_state(self, FUTURE_CANCELLED_AND_NOTIFIED);
        if (self->extra != NULL) {
            woken = future_wake_locked(self, true);
        }
    }
    fc_unlock(&self->mutex);
    waiters_wake(woken);
    if (condition != NULL) {
        if (result == 0) {
            result = condition_notify(self, condition, "add_cancelled");
        }
        result = condition_leave(condition, result);
    }
    return result;
}

int future_cancel(FutureObject *self)
{
    After after = {0};
    Waiter *woken = NULL;
    PyObject *condition;
    if (change_begin(self, &condition) < 0) {
        return -1;
    }
    bool stops = self->state == FUTURE_RUNNING && self->u.run.stop != NULL;
    bool ends = self->state == FUTURE_PENDING || stops;
    int result =
        ends || self->state == FUTURE_CANCELLED || self->state == FUTURE_CANCELLED_AND_NOTIFIED;
    if (ends) {
        if (stops) { /* what it returns or raises, once it has ended, nobody sees */
            atomic_store_explicit(self->u.run.stop, true, memory_order_relaxed);
        }
        retire_locked(self, &after);
        future_set_state(self, FUTURE_CANCELLED);
        if (self->extra != NULL) {
            woken = future_wake_locked(self, false);
        }
    }
    fc_unlock(&self->mutex);
    waiters_wake(woken);
    if (condition != NULL) {
        if (ends && condition_notify(self, condition, NULL) < 0) {
            result = -1;
        }
        result = condition_leave(condition, result);
    }
    return after_run(self, &after, result);
}
