/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The type fastconc.Future: the methods of concurrent.futures.Future with their texts, and those of
 * multiprocessing.pool.AsyncResult. The attributes are in future_attributes.c. */
#include "tasks.h"

#include <string.h>

const char *const fc_state_names[FUTURE_N_STATES] = {
    "PENDING", "RUNNING", "CANCELLED", "CANCELLED_AND_NOTIFIED", "FINISHED",
};
static const char *const state_words[FUTURE_N_STATES] = {
    "pending", "running", "cancelled", "cancelled", "finished",
};

static FutureObject *as_future(PyObject *self)
{
    return (FutureObject *)self;
}

/* ---- life ---- */

static PyObject *Future_new(PyTypeObject *type, PyObject *Py_UNUSED(args),
                            PyObject *Py_UNUSED(kwargs))
{
    return type->tp_alloc(type, 0); /* zeroed and tracked: this one may be a subclass's */
}

static int Future_init(PyObject *Py_UNUSED(self), PyObject *args, PyObject *kwargs)
{
    Py_ssize_t position = 0;
    PyObject *name;
    if (kwargs != NULL && PyDict_Next(kwargs, &position, &name, NULL)) {
        PyErr_Format(PyExc_TypeError, "Future.__init__() got an unexpected keyword argument '%U'",
                     name);
        return -1;
    }
    if (PyTuple_GET_SIZE(args) > 0) {
        PyErr_Format(PyExc_TypeError,
                     "Future.__init__() takes 1 positional argument but %zd were given",
                     PyTuple_GET_SIZE(args) + 1);
        return -1;
    }
    return 0;
}

static int visit_dict(PyObject *self, visitproc visit, void *arg)
{
#if PY_VERSION_HEX >= 0x030d0000
    return PyObject_VisitManagedDict(self, visit, arg);
#elif PY_VERSION_HEX >= 0x030c0000
    return _PyObject_VisitManagedDict(self, visit, arg);
#else
    /* On 3.11 as well: futures are made without the attribute array that only object.__new__ gives.
     */
    PyObject **dict = _PyObject_GetDictPtr(self);
    if (dict != NULL) {
        Py_VISIT(*dict);
    }
    return 0;
#endif
}

static void clear_dict(PyObject *self)
{
#if PY_VERSION_HEX >= 0x030d0000
    PyObject_ClearManagedDict(self);
#elif PY_VERSION_HEX >= 0x030c0000
    _PyObject_ClearManagedDict(self);
#else
    PyObject **dict = _PyObject_GetDictPtr(self);
    if (dict != NULL) {
        Py_CLEAR(*dict);
    }
#endif
}

int future_traverse(PyObject *op, visitproc visit, void *arg)
{
    FutureObject *self = as_future(op);
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->value);
    Py_VISIT(self->queue);
    if (self->flags & FUTURE_PACKED) {
        Py_VISIT(self->u.packed->kwnames);
        for (Py_ssize_t i = 1; i <= self->u.packed->n_items; i++) {
            Py_VISIT(self->u.packed->items[i]);
        }
    }
    for (int i = 0; i < self->n_args; i++) {
        Py_VISIT(self->u.args[i]);
    }
    if (self->extra != NULL) {
        Py_VISIT(self->extra->condition);
        Py_VISIT(self->extra->waiters);
        Py_VISIT(self->extra->callbacks);
    }
    return visit_dict(op, visit, arg);
}

int future_clear(PyObject *op)
{
    FutureObject *self = as_future(op);
    Task task;
    if (self->state == FUTURE_PENDING && future_claim(self, NULL, &task)) {
        future_set_state(self, FUTURE_PENDING);
        task_clear(&task);
    }
    Py_CLEAR(self->value);
    Py_CLEAR(self->queue);
    if (self->extra != NULL) {
        Py_CLEAR(self->extra->condition);
        Py_CLEAR(self->extra->waiters);
        Py_CLEAR(self->extra->callbacks);
    }
    clear_dict(op);
    return 0;
}

static void Future_dealloc(PyObject *op)
{
    FutureObject *self = as_future(op);
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Py_TRASHCAN_BEGIN(op, Future_dealloc) PyObject_ClearWeakRefs(op);
    (void)future_clear(op);
    PyMem_Free(self->extra);
    type->tp_free(op);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

static PyObject *Future_repr(PyObject *op)
{
    FutureObject *self = as_future(op);
    fc_lock(&self->mutex);
    uint8_t state = self->state;
    bool failed = self->flags & FUTURE_HAS_ERROR;
    PyObject *value = state == FUTURE_FINISHED ? Py_XNewRef(self->value) : NULL;
    fc_unlock(&self->mutex);
    PyObject *name = PyObject_GetAttrString((PyObject *)Py_TYPE(op), "__name__");
    PyObject *text = NULL;
    if (name != NULL && state == FUTURE_FINISHED) {
        PyTypeObject *type = value == NULL ? Py_TYPE(Py_None) : Py_TYPE(value);
        PyObject *type_name = PyObject_GetAttrString((PyObject *)type, "__name__");
        if (type_name != NULL) {
            text = PyUnicode_FromFormat("<%S at %p state=finished %s %S>", name, op,
                                        failed ? "raised" : "returned", type_name);
            Py_DECREF(type_name);
        }
    } else if (name != NULL) {
        text = PyUnicode_FromFormat("<%S at %p state=%s>", name, op, state_words[state]);
    }
    Py_XDECREF(name);
    Py_XDECREF(value);
    return text;
}

static int Future_setattro(PyObject *self, PyObject *name, PyObject *value)
{
    future_track(as_future(self)); /* the attribute may close a cycle */
    return PyObject_GenericSetAttr(self, name, value);
}

/* ---- questions ---- */

static PyObject *Future_cancelled(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    uint8_t state = future_state(as_future(self));
    return PyBool_FromLong(state == FUTURE_CANCELLED || state == FUTURE_CANCELLED_AND_NOTIFIED);
}

static PyObject *Future_running(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(future_state(as_future(self)) == FUTURE_RUNNING);
}

static PyObject *Future_done(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyBool_FromLong(future_is_done(as_future(self)));
}

static PyObject *Future_successful(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    FutureObject *self = as_future(op);
    if (!future_is_done(self)) {
        return PyErr_Format(PyExc_ValueError, "%R not ready", op);
    }
    return PyBool_FromLong(future_state(self) == FUTURE_FINISHED &&
                           !(self->flags & FUTURE_HAS_ERROR));
}

/* ---- outcome ---- */

static void raise_named(PyObject *self, const char *name)
{
    fc_state *state = fc_state_of_type(Py_TYPE(self));
    PyObject *error = state == NULL ? NULL : PyObject_GetAttrString(state->futures_base, name);
    if (error != NULL) {
        PyErr_SetNone(error);
        Py_DECREF(error);
    }
}

static void raise_timeout_error(PyObject *self)
{
    raise_named(self, "TimeoutError");
}

/* multiprocessing.TimeoutError and the built-in one at once, as get() must serve users of both. */
static void raise_pool_timeout(PyObject *Py_UNUSED(self))
{
    PyObject *module = PyImport_ImportModule("fastconc._future");
    PyObject *error =
        module == NULL ? NULL : PyObject_CallMethod(module, "pool_timeout_error", NULL);
    Py_XDECREF(module);
    if (error != NULL) {
        PyErr_SetNone(error);
        Py_DECREF(error);
    }
}

static PyObject *raise_error(PyObject *error)
{
    if (PyExceptionInstance_Check(error)) {
        PyErr_SetObject((PyObject *)Py_TYPE(error), error);
    } else if (PyExceptionClass_Check(error)) {
        PyErr_SetNone(error);
    } else {
        PyErr_SetString(PyExc_TypeError, "exceptions must derive from BaseException");
    }
    Py_DECREF(error);
    return NULL;
}

/* Who assigns _state under the condition, as the standard library's code does, may assign the
 * outcome after it: wait until he has left. -1 with an exception. */
static int let_setter_finish(FutureObject *self)
{
    fc_lock(&self->mutex);
    PyObject *condition = self->extra == NULL ? NULL : Py_XNewRef(self->extra->condition);
    fc_unlock(&self->mutex);
    if (condition == NULL) {
        return 0;
    }
    PyObject *acquired = PyObject_CallMethod(condition, "acquire", NULL);
    PyObject *released = acquired == NULL ? NULL : PyObject_CallMethod(condition, "release", NULL);
    int result = released == NULL ? -1 : 0;
    Py_XDECREF(acquired);
    Py_XDECREF(released);
    Py_DECREF(condition);
    return result;
}

/* The result or exception of a future that is done: a new reference and whether it is an exception;
 * or NULL with CancelledError. */
static PyObject *outcome(FutureObject *self, bool *is_error)
{
    if ((self->flags & FUTURE_SET_BY_HAND) && let_setter_finish(self) < 0) {
        return NULL;
    }
    fc_lock(&self->mutex);
    bool finished = self->state == FUTURE_FINISHED;
    *is_error = self->flags & FUTURE_HAS_ERROR;
    PyObject *value = finished ? Py_NewRef(self->value != NULL ? self->value : Py_None) : NULL;
    fc_unlock(&self->mutex);
    if (!finished) {
        raise_named((PyObject *)self, "CancelledError");
    }
    return value;
}

/* (timeout=None, *, caller_runs=None) */
static int parse_wait(const char *method, PyObject *const *args, Py_ssize_t n_args,
                      PyObject *kwnames, PyObject **timeout, bool *caller_runs)
{
    *timeout = n_args > 0 ? args[0] : NULL;
    if (n_args > 1) {
        PyErr_Format(PyExc_TypeError,
                     "Future.%s() takes from 1 to 2 positional arguments but %zd were given",
                     method, n_args + 1);
        return -1;
    }
    for (Py_ssize_t i = 0; kwnames != NULL && i < PyTuple_GET_SIZE(kwnames); i++) {
        PyObject *name = PyTuple_GET_ITEM(kwnames, i);
        PyObject *value = args[n_args + i];
        if (PyUnicode_CompareWithASCIIString(name, "timeout") == 0) {
            if (*timeout != NULL) {
                PyErr_Format(PyExc_TypeError,
                             "Future.%s() got multiple values for argument 'timeout'", method);
                return -1;
            }
            *timeout = value;
        } else if (PyUnicode_CompareWithASCIIString(name, "caller_runs") == 0) {
            int truth = PyObject_IsTrue(value);
            if (truth < 0) {
                return -1;
            }
            *caller_runs = truth;
        } else {
            PyErr_Format(PyExc_TypeError, "Future.%s() got an unexpected keyword argument '%U'",
                         method, name);
            return -1;
        }
    }
    return 0;
}

/* 1 done, 0 timed out, -1 with an exception. */
static int parse_and_wait(const char *method, FutureObject *self, PyObject *const *args,
                          Py_ssize_t n_args, PyObject *kwnames)
{
    PyObject *timeout = NULL;
    bool caller_runs = false;
    if ((n_args > 0 || kwnames != NULL) &&
        parse_wait(method, args, n_args, kwnames, &timeout, &caller_runs) < 0) {
        return -1;
    }
    if (future_is_done(self)) {
        return 1; /* as in the standard library, the time-out is not looked at */
    }
    int64_t deadline;
    if (deadline_from(timeout, &deadline) < 0) {
        return -1;
    }
    return future_wait(self, deadline, caller_runs);
}

/* The outcome once it is there: a new reference and whether it is an exception; or NULL with an
 * exception, which raise_timeout() sets at the deadline. */
static PyObject *await_outcome(const char *method, PyObject *op, PyObject *const *args,
                               Py_ssize_t n_args, PyObject *kwnames, bool *is_error,
                               void (*raise_timeout)(PyObject *self))
{
    int done = parse_and_wait(method, as_future(op), args, n_args, kwnames);
    if (done == 0) {
        raise_timeout(op);
    }
    return done <= 0 ? NULL : outcome(as_future(op), is_error);
}

static PyObject *Future_result(PyObject *op, PyObject *const *args, Py_ssize_t n_args,
                               PyObject *kwnames)
{
    bool is_error;
    PyObject *value =
        await_outcome("result", op, args, n_args, kwnames, &is_error, raise_timeout_error);
    return value != NULL && is_error ? raise_error(value) : value;
}

static PyObject *Future_get(PyObject *op, PyObject *const *args, Py_ssize_t n_args,
                            PyObject *kwnames)
{
    bool is_error;
    PyObject *value =
        await_outcome("get", op, args, n_args, kwnames, &is_error, raise_pool_timeout);
    return value != NULL && is_error ? raise_error(value) : value;
}

static PyObject *Future_exception(PyObject *op, PyObject *const *args, Py_ssize_t n_args,
                                  PyObject *kwnames)
{
    bool is_error;
    PyObject *value =
        await_outcome("exception", op, args, n_args, kwnames, &is_error, raise_timeout_error);
    if (value == NULL || is_error) {
        return value;
    }
    Py_DECREF(value);
    Py_RETURN_NONE;
}

static PyObject *Future_wait(PyObject *op, PyObject *const *args, Py_ssize_t n_args,
                             PyObject *kwnames)
{
    if (parse_and_wait("wait", as_future(op), args, n_args, kwnames) < 0) {
        return NULL;
    }
    Py_RETURN_NONE;
}

static PyObject *Future_await(PyObject *self)
{
    PyObject *module = PyImport_ImportModule("fastconc._future");
    PyObject *iterator =
        module == NULL ? NULL : PyObject_CallMethod(module, "await_future", "O", self);
    Py_XDECREF(module);
    return iterator;
}

/* ---- changes ---- */

static PyObject *Future_cancel(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    int cancelled = future_cancel(as_future(self));
    return cancelled < 0 ? NULL : PyBool_FromLong(cancelled);
}

/* The only argument of a method, borrowed; it may be given by name, as in the standard library. */
static PyObject *only_argument(const char *method, const char *name, PyObject *const *args,
                               Py_ssize_t n_args, PyObject *kwnames)
{
    Py_ssize_t n_named = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (n_args + n_named == 0) {
        PyErr_Format(PyExc_TypeError, "Future.%s() missing 1 required positional argument: '%s'",
                     method, name);
        return NULL;
    }
    if (n_args > 1) {
        PyErr_Format(PyExc_TypeError, "Future.%s() takes 2 positional arguments but %zd were given",
                     method, n_args + 1);
        return NULL;
    }
    for (Py_ssize_t i = 0; i < n_named; i++) {
        PyObject *given = PyTuple_GET_ITEM(kwnames, i);
        bool known = PyUnicode_CompareWithASCIIString(given, name) == 0;
        if (!known || n_args > 0) {
            PyErr_Format(PyExc_TypeError,
                         known ? "Future.%s() got multiple values for argument '%U'"
                               : "Future.%s() got an unexpected keyword argument '%U'",
                         method, given);
            return NULL;
        }
    }
    return args[0];
}

static PyObject *Future_add_done_callback(PyObject *op, PyObject *const *args, Py_ssize_t n_args,
                                          PyObject *kwnames)
{
    FutureObject *self = as_future(op);
    PyObject *fn = only_argument("add_done_callback", "fn", args, n_args, kwnames);
    if (fn == NULL) {
        return NULL;
    }
    int result = 0;
    PyObject *fresh = PyList_New(0); /* made before the mutex is taken */
    if (fresh == NULL) {
        return NULL;
    }
    future_track(self);
    fc_lock(&self->mutex);
    bool waits = self->state < FUTURE_CANCELLED;
    if (waits) {
        FutureExtra *extra = future_extra_locked(self);
        if (extra == NULL) {
            result = -1;
        } else {
            if (extra->callbacks == NULL) {
                extra->callbacks = Py_NewRef(fresh);
            }
            result = PyList_Append(extra->callbacks, fn);
        }
    }
    fc_unlock(&self->mutex);
    Py_DECREF(fresh);
    if (waits) {
        return result < 0 ? NULL : Py_NewRef(Py_None);
    }
    PyObject *none = PyObject_CallOneArg(fn, op);
    if (none == NULL) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            return NULL;
        }
        fc_state *state = fc_state_of_type(Py_TYPE(op));
        if (state == NULL) {
            return NULL;
        }
        log_exception(state, "exception", "exception calling callback for %r", op);
    }
    Py_XDECREF(none);
    Py_RETURN_NONE;
}

static PyObject *finish_or_raise(PyObject *op, PyObject *value, bool is_error)
{
    FutureObject *self = as_future(op);
    int result = future_finish(self, Py_NewRef(value), is_error);
    if (result == 1) {
        fc_state *state = fc_state_of_type(Py_TYPE(op));
        PyObject *error =
            state == NULL ? NULL : PyObject_GetAttrString(state->futures_base, "InvalidStateError");
        if (error != NULL) {
            PyErr_Format(error, "%s: %R", fc_state_names[future_state(self)], op);
            Py_DECREF(error);
        }
        return NULL;
    }
    return result < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *Future_set_result(PyObject *self, PyObject *const *args, Py_ssize_t n_args,
                                   PyObject *kwnames)
{
    PyObject *result = only_argument("set_result", "result", args, n_args, kwnames);
    return result == NULL ? NULL : finish_or_raise(self, result, false);
}

static PyObject *Future_set_exception(PyObject *self, PyObject *const *args, Py_ssize_t n_args,
                                      PyObject *kwnames)
{
    PyObject *exception = only_argument("set_exception", "exception", args, n_args, kwnames);
    return exception == NULL ? NULL : finish_or_raise(self, exception, exception != Py_None);
}

static PyObject *Future_set_running_or_notify_cancel(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    FutureObject *self = as_future(op);
    Task task;
    if (future_claim(self, NULL, &task)) {
        task_clear(&task);
        Py_RETURN_TRUE;
    }
    int notified = future_notify_cancelled(self);
    if (notified == 0) {
        Py_RETURN_FALSE;
    }
    if (notified < 0) {
        return NULL;
    }
    fc_state *state = fc_state_of_type(Py_TYPE(op));
    PyObject *logger = state == NULL ? NULL : PyObject_GetAttrString(state->futures_base, "LOGGER");
    PyObject *none =
        logger == NULL
            ? NULL
            : PyObject_CallMethod(logger, "critical", "sNs", "Future %s in unexpected state: %s",
                                  PyLong_FromVoidPtr(op), fc_state_names[future_state(self)]);
    Py_XDECREF(logger);
    if (none != NULL) {
        Py_DECREF(none);
        PyErr_SetString(PyExc_RuntimeError, "Future in unexpected state");
    }
    return NULL;
}

/* In a forked child: whoever was to finish this is in the parent. Nobody is told, as the waiters
 * and callbacks are the parent's too. */
static PyObject *Future_abandon(PyObject *op, PyObject *error)
{
    FutureObject *self = as_future(op);
    Task task;
    if (future_claim(self, NULL, &task)) {
        task_clear(&task);
    }
    if (!future_is_done(self)) {
        FutureExtra *extra = self->extra;
        self->extra = NULL;
        self->value = Py_NewRef(error);
        self->flags |= FUTURE_HAS_ERROR;
        memset(&self->u, 0, sizeof self->u);
        future_set_state(self, FUTURE_FINISHED);
        future_track(self);
        Py_CLEAR(self->queue);
        if (extra != NULL) {
            Py_XDECREF(extra->condition);
            Py_XDECREF(extra->waiters);
            Py_XDECREF(extra->callbacks);
            PyMem_Free(extra);
        }
    }
    Py_RETURN_NONE;
}

static PyObject *Future_reduce(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return PyErr_Format(PyExc_TypeError, "cannot pickle '%s' object", Py_TYPE(self)->tp_name);
}

/* ---- documentation and table ---- */

PyDoc_STRVAR(
    Future_doc,
    "Future()\n--\n\n"
    "The outcome of a call that a pool runs: a concurrent.futures.Future that costs a tenth.\n\n"
    "It is also an AsyncResult (get, ready, successful, wait) and can be awaited in asyncio.\n"
    "Pools make it; call it only in tests and executors.");
PyDoc_STRVAR(cancel_doc,
             "cancel($self, /)\n--\n\n"
             "Cancel the call unless it runs or has finished; return whether it is cancelled.\n\n"
             "An integrator that runs (quad, integrate, cubature, nquad, mcquad ...) is cancelled "
             "as well: it ends within milliseconds,\n"
             "or when the Python integrand that it has called returns.");
PyDoc_STRVAR(cancelled_doc, "cancelled($self, /)\n--\n\nReturn True if the call was cancelled.");
PyDoc_STRVAR(running_doc, "running($self, /)\n--\n\nReturn True if the call is being executed.");
PyDoc_STRVAR(done_doc,
             "done($self, /)\n--\n\nReturn True if the call was cancelled or has finished.");
PyDoc_STRVAR(ready_doc, "ready($self, /)\n--\n\nReturn whether the call has completed.");
PyDoc_STRVAR(
    successful_doc,
    "successful($self, /)\n--\n\n"
    "Return whether the call completed without raising. Raises ValueError while it is not ready.");
PyDoc_STRVAR(result_doc, "result($self, /, timeout=None, *, caller_runs=False)\n--\n\n"
                         "Return the call's result, or raise its exception.\n\n"
                         "Waits up to `timeout` seconds (None: as long as it takes), without the "
                         "GIL. In a worker of the same\n"
                         "pool, and with caller_runs=True in any thread, an awaited call that is "
                         "pending and has no time-out\n"
                         "is run by the waiting thread. Raises CancelledError, TimeoutError, or "
                         "DeadlockError when the wait\n"
                         "could never end.");
PyDoc_STRVAR(
    exception_doc,
    "exception($self, /, timeout=None, *, caller_runs=False)\n--\n\n"
    "Return the exception that the call raised, None if it raised none. Waits as result() does.");
PyDoc_STRVAR(get_doc, "get($self, /, timeout=None, *, caller_runs=False)\n--\n\n"
                      "result() whose time-out is a multiprocessing.TimeoutError as well.");
PyDoc_STRVAR(wait_doc,
             "wait($self, /, timeout=None, *, caller_runs=False)\n--\n\n"
             "Wait until the call is done or `timeout` seconds have passed; return None.");
PyDoc_STRVAR(add_done_callback_doc,
             "add_done_callback($self, /, fn)\n--\n\n"
             "Call fn(self) when the call is done or cancelled: at once if it is already, else in "
             "the thread that\n"
             "completes it, in the order of addition. What it raises is logged.");
PyDoc_STRVAR(set_result_doc,
             "set_result($self, /, result)\n--\n\nFor executors: finish with a result.");
PyDoc_STRVAR(set_exception_doc,
             "set_exception($self, /, exception)\n--\n\nFor executors: finish with an exception.");
PyDoc_STRVAR(
    set_running_doc,
    "set_running_or_notify_cancel($self, /)\n--\n\n"
    "For executors: True and the future is running; False if it was cancelled (waiters are told).");

#define FASTCALL (METH_FASTCALL | METH_KEYWORDS)
#define WITH_KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))

static PyMethodDef Future_methods[] = {
    {"cancel", Future_cancel, METH_NOARGS, cancel_doc},
    {"cancelled", Future_cancelled, METH_NOARGS, cancelled_doc},
    {"running", Future_running, METH_NOARGS, running_doc},
    {"done", Future_done, METH_NOARGS, done_doc},
    {"ready", Future_done, METH_NOARGS, ready_doc},
    {"successful", Future_successful, METH_NOARGS, successful_doc},
    {"result", WITH_KEYWORDS(Future_result), FASTCALL, result_doc},
    {"exception", WITH_KEYWORDS(Future_exception), FASTCALL, exception_doc},
    {"get", WITH_KEYWORDS(Future_get), FASTCALL, get_doc},
    {"wait", WITH_KEYWORDS(Future_wait), FASTCALL, wait_doc},
    {"add_done_callback", WITH_KEYWORDS(Future_add_done_callback), FASTCALL, add_done_callback_doc},
    {"set_result", WITH_KEYWORDS(Future_set_result), FASTCALL, set_result_doc},
    {"set_exception", WITH_KEYWORDS(Future_set_exception), FASTCALL, set_exception_doc},
    {"set_running_or_notify_cancel", Future_set_running_or_notify_cancel, METH_NOARGS,
     set_running_doc},
    {"_abandon", Future_abandon, METH_O, NULL},
    {"__reduce__", Future_reduce, METH_NOARGS, NULL},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Future_slots[] = {
    {Py_tp_doc, (void *)Future_doc}, {Py_tp_new, Future_new},
    {Py_tp_init, Future_init},       {Py_tp_traverse, future_traverse},
    {Py_tp_clear, future_clear},     {Py_tp_dealloc, Future_dealloc},
    {Py_tp_repr, Future_repr},       {Py_tp_setattro, Future_setattro},
    {Py_tp_methods, Future_methods}, {Py_tp_getset, fc_future_getset},
    {Py_am_await, Future_await},     {0, NULL},
};

PyType_Spec fc_future_spec = {
    .name = "fastconc.Future",
    .basicsize = sizeof(FutureObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = Future_slots,
};

static PyType_Slot AsyncResult_slots[] = {
    {Py_tp_doc,
     (void *)"The Future of a call that a Pool runs; a multiprocessing.pool.AsyncResult."},
    {Py_tp_traverse, future_traverse},
    {Py_tp_clear, future_clear},
    {Py_tp_dealloc, Future_dealloc},
    {0, NULL},
};

PyType_Spec fc_async_result_spec = {
    .name = "fastconc.AsyncResult",
    .basicsize = sizeof(FutureObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = AsyncResult_slots,
};
