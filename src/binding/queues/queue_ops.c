/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Methods of Queue, LifoQueue and PriorityQueue. The standard library's queue module is the
 * specification; how items, hooks and locks are kept is told in queue.h. */
#include "queue.h"

static int is_true(PyObject *result)
{
    if (result == NULL) {
        return -1;
    }
    int truth = PyObject_IsTrue(result);
    Py_DECREF(result);
    return truth;
}

static void raise_from_queue_module(PyObject **slot, const char *name)
{
    PyObject *cls = fc_state_kept(slot);
    if (cls == NULL) {
        /* fastconc._sync takes them from the module queue, and has a ShutDown of its own
         * before 3.13. */
        PyObject *module = PyImport_ImportModule("fastconc._sync");
        if (module == NULL) {
            return;
        }
        cls = PyObject_GetAttrString(module, name);
        Py_DECREF(module);
        if (cls == NULL) {
            return;
        }
        cls = fc_state_keep(slot, cls);
    }
    PyErr_SetNone(cls);
}

/* ---- one attempt ----
 * try_put and try_get are called inside queue_enter ... queue_leave. In bare mode they must not
 * raise, so they tell what happened and fail_with() raises after leaving. */

typedef enum outcome { DONE, WOULD_BLOCK, SHUT_DOWN, BAD_TIMEOUT, NO_MEMORY, RAISED } outcome;

/* Of _qsize() where it is overridden; compares as Python does. */
static PyObject *size_object(QueueObject *self)
{
    if (self->hooks & HOOK_QSIZE) {
        return PyObject_CallMethodNoArgs((PyObject *)self, queue_name_of(self, NAME_QSIZE));
    }
    Py_ssize_t size = store_size(self);
    return size < 0 ? NULL : PyLong_FromSsize_t(size);
}

/* 1 when there is an item, 0 when not, -1 with an exception set. */
static int has_items(QueueObject *self)
{
    if (self->hooks & HOOK_QSIZE) {
        return is_true(size_object(self));
    }
    Py_ssize_t size = store_size(self);
    return size < 0 ? -1 : size > 0;
}

/* A new reference: a comparison runs Python code, which may assign another. */
static PyObject *maxsize_of(QueueObject *self)
{
    fc_guard_lock(&self->guard);
    PyObject *maxsize = Py_NewRef(self->maxsize);
    fc_guard_unlock(&self->guard);
    return maxsize;
}

/* `self.maxsize > 0`; -1 with an exception set. */
static int is_bounded(QueueObject *self)
{
    if (self->limit != LIMIT_ASK) {
        return self->limit > 0;
    }
    PyObject *zero = PyLong_FromLong(0);
    if (zero == NULL) {
        return -1;
    }
    PyObject *maxsize = maxsize_of(self);
    int bounded = PyObject_RichCompareBool(maxsize, zero, Py_GT);
    Py_DECREF(maxsize);
    Py_DECREF(zero);
    return bounded;
}

/* `self._qsize() >= self.maxsize`; -1 with an exception set. */
static int reaches_limit(QueueObject *self)
{
    if (self->limit != LIMIT_ASK && !(self->hooks & HOOK_QSIZE)) {
        Py_ssize_t size = store_size(self);
        return size < 0 ? -1 : size >= self->limit;
    }
    PyObject *size = size_object(self);
    if (size == NULL) {
        return -1;
    }
    PyObject *maxsize = maxsize_of(self);
    int full = PyObject_RichCompareBool(size, maxsize, Py_GE);
    Py_DECREF(maxsize);
    Py_DECREF(size);
    return full;
}

static outcome try_put_bare(QueueObject *self, PyObject *item, bool bad_timeout)
{
    if (self->is_shutdown) {
        return SHUT_DOWN;
    }
    if (self->limit > 0) {
        if (bad_timeout) {
            return BAD_TIMEOUT;
        }
        if (self->ring.count >= (size_t)self->limit) {
            return WOULD_BLOCK;
        }
    }
    if (!fc_ring_push(&self->ring, item)) {
        return NO_MEMORY;
    }
    Py_INCREF(item);
    self->unfinished++;
    fc_waiters_notify(&self->waiting[LOCK_NOT_EMPTY], 1);
    return DONE;
}

static outcome try_put_locked(QueueObject *self, PyObject *held, PyObject *item, bool bad_timeout)
{
    if (self->is_shutdown) {
        return SHUT_DOWN;
    }
    int bounded = is_bounded(self);
    if (bounded < 0) {
        return RAISED;
    }
    if (bounded) {
        if (bad_timeout) {
            return BAD_TIMEOUT;
        }
        int full = reaches_limit(self);
        if (full != 0) {
            return full < 0 ? RAISED : WOULD_BLOCK;
        }
    }
    int status;
    if (self->hooks & HOOK_PUT) {
        PyObject *result =
            PyObject_CallMethodOneArg((PyObject *)self, queue_name_of(self, NAME_PUT), item);
        status = result == NULL ? -1 : 0;
        Py_XDECREF(result);
    } else {
        status = store_put(self, item);
    }
    if (status < 0) {
        return RAISED;
    }
    self->unfinished++;
    return queue_notify(self, held, LOCK_NOT_EMPTY, false) < 0 ? RAISED : DONE;
}

static outcome try_get_bare(QueueObject *self, PyObject **item, bool bad_timeout)
{
    if (self->is_shutdown && self->ring.count == 0) {
        return SHUT_DOWN;
    }
    if (bad_timeout) {
        return BAD_TIMEOUT;
    }
    if (self->ring.count == 0) {
        return WOULD_BLOCK;
    }
    *item = fc_ring_pop(&self->ring, self->kind == KIND_LIFO);
    fc_waiters_notify(&self->waiting[LOCK_NOT_FULL], 1);
    return DONE;
}

/* What `self._get()` gives. */
static PyObject *take_item(QueueObject *self)
{
    return self->hooks & HOOK_GET
               ? PyObject_CallMethodNoArgs((PyObject *)self, queue_name_of(self, NAME_GET))
               : store_get(self);
}

static outcome try_get_locked(QueueObject *self, PyObject *held, PyObject **item, bool bad_timeout)
{
    int any = has_items(self);
    if (any < 0) {
        return RAISED;
    }
    if (self->is_shutdown && !any) {
        return SHUT_DOWN;
    }
    if (bad_timeout) {
        return BAD_TIMEOUT;
    }
    if (!any) {
        return WOULD_BLOCK;
    }
    *item = take_item(self);
    if (*item == NULL) {
        return RAISED;
    }
    if (queue_notify(self, held, LOCK_NOT_FULL, false) < 0) {
        Py_CLEAR(*item);
        return RAISED;
    }
    return DONE;
}

static PyObject *fail_with(QueueObject *self, outcome failure, bool putting)
{
    switch (failure) {
    case WOULD_BLOCK:
        if (putting) {
            raise_from_queue_module(&self->state->queue_full, "Full");
        } else {
            raise_from_queue_module(&self->state->queue_empty, "Empty");
        }
        break;
    case SHUT_DOWN:
        raise_from_queue_module(&self->state->queue_shutdown, "ShutDown");
        break;
    case BAD_TIMEOUT:
        PyErr_SetString(PyExc_ValueError, "'timeout' must be a non-negative number");
        break;
    case NO_MEMORY:
        PyErr_NoMemory();
        break;
    case DONE:
    case RAISED:
        break;
    }
    return NULL;
}

/* put (item not NULL) or get. `timeout` is that of a blocking call; NULL: do not block. */
static PyObject *put_or_get(QueueObject *self, PyObject *item, fc_timeout *timeout)
{
    bool putting = item != NULL;
    queue_lock which = putting ? LOCK_NOT_FULL : LOCK_NOT_EMPTY;
    bool bad_timeout = timeout != NULL && timeout->negative;
    PyObject *held, *taken = NULL;
    if (queue_enter(self, which, &held) < 0) {
        return NULL;
    }
    outcome result;
    for (;;) {
        if (putting) {
            result = held == NULL ? try_put_bare(self, item, bad_timeout)
                                  : try_put_locked(self, held, item, bad_timeout);
        } else {
            result = held == NULL ? try_get_bare(self, &taken, bad_timeout)
                                  : try_get_locked(self, held, &taken, bad_timeout);
        }
        if (result != WOULD_BLOCK || timeout == NULL) {
            break;
        }
        queue_waited waited = queue_wait(self, which, &held, timeout);
        if (waited == WAIT_FAILED) {
            return NULL;
        }
        if (waited == WAIT_TIMED_OUT) {
            break;
        }
    }
    if (result == DONE) {
        return queue_leave(self, held, putting ? Py_NewRef(Py_None) : taken);
    }
    if (result == RAISED) {
        return queue_leave(self, held, NULL);
    }
    PyObject *left = queue_leave(self, held, Py_NewRef(Py_None));
    Py_XDECREF(left);
    return left == NULL ? NULL : fail_with(self, result, putting);
}

/* ---- put and get: arguments ---- */

/* Parse (names[0], ..., names[n - 1]) given by position or keyword into values, which the caller
 * presets. */
static int parse_args(QueueObject *self, const char *method, const queue_name *names, Py_ssize_t n,
                      Py_ssize_t required, PyObject *const *args, Py_ssize_t n_args,
                      PyObject *kwnames, PyObject **values)
{
    if (n_args > n) {
        if (required == n) {
            PyErr_Format(PyExc_TypeError,
                         "Queue.%s() takes %zd positional arguments but %zd were given", method,
                         n + 1, n_args + 1);
        } else {
            PyErr_Format(PyExc_TypeError,
                         "Queue.%s() takes from %zd to %zd positional arguments but %zd were given",
                         method, required + 1, n + 1, n_args + 1);
        }
        return -1;
    }
    for (Py_ssize_t i = 0; i < n_args; i++) {
        values[i] = args[i];
    }
    Py_ssize_t n_keywords = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    for (Py_ssize_t k = 0; k < n_keywords; k++) {
        PyObject *keyword = PyTuple_GET_ITEM(kwnames, k);
        Py_ssize_t i = 0;
        while (i < n && keyword != queue_name_of(self, names[i]) &&
               PyUnicode_Compare(keyword, queue_name_of(self, names[i])) != 0) {
            i++;
        }
        if (i == n || i < n_args) {
            PyErr_Format(PyExc_TypeError,
                         i == n ? "Queue.%s() got an unexpected keyword argument '%U'"
                                : "Queue.%s() got multiple values for argument '%U'",
                         method, keyword);
            return -1;
        }
        values[i] = args[n_args + k];
    }
    for (Py_ssize_t i = 0; i < required; i++) {
        if (values[i] == NULL) {
            PyErr_Format(PyExc_TypeError, "Queue.%s() missing 1 required positional argument: '%U'",
                         method, queue_name_of(self, names[i]));
            return -1;
        }
    }
    return 0;
}

/* `block` and `timeout` of a call; *given is what put_or_get wants. */
static int parse_wait(PyObject *block, PyObject *timeout, fc_timeout *storage, fc_timeout **given)
{
    *given = NULL;
    int blocks = block == NULL ? 1 : PyObject_IsTrue(block);
    if (blocks <= 0) {
        return blocks;
    }
    *given = storage;
    return fc_timeout_parse(timeout, storage);
}

PyDoc_STRVAR(
    put_doc,
    "put($self, /, item, block=True, timeout=None)\n--\n\n"
    "Put an item into the queue.\n\n"
    "If the queue is full, wait for a free slot: for ever (timeout None) or at most `timeout`\n"
    "seconds. With block false do not wait.\n\n"
    "Raises Full when there was no free slot in time, ShutDown when the queue was shut down,\n"
    "ValueError for a negative timeout. The GIL is released while waiting.");

static PyObject *Queue_put(QueueObject *self, PyObject *const *args, Py_ssize_t n_args,
                           PyObject *kwnames)
{
    static const queue_name names[] = {NAME_ITEM, NAME_BLOCK, NAME_TIMEOUT};
    PyObject *values[3] = {NULL};
    fc_timeout storage = {.forever = true}, *timeout = &storage;
    if (n_args == 1 && kwnames == NULL) {
        values[0] = args[0];
    } else if (parse_args(self, "put", names, 3, 1, args, n_args, kwnames, values) < 0) {
        return NULL;
    } else if (parse_wait(values[1], self->limit == 0 ? NULL : values[2], &storage, &timeout) < 0) {
        return NULL; /* without a limit the time-out is not even looked at */
    }
    return put_or_get(self, values[0], timeout);
}

PyDoc_STRVAR(get_doc, "get($self, /, block=True, timeout=None)\n--\n\n"
                      "Remove and return an item from the queue.\n\n"
                      "If the queue is empty, wait for an item: for ever (timeout None) or at most "
                      "`timeout` seconds.\n"
                      "With block false do not wait.\n\n"
                      "Raises Empty when there was no item in time, ShutDown when the queue was "
                      "shut down and is empty,\n"
                      "ValueError for a negative timeout. The GIL is released while waiting.");

static PyObject *Queue_get(QueueObject *self, PyObject *const *args, Py_ssize_t n_args,
                           PyObject *kwnames)
{
    static const queue_name names[] = {NAME_BLOCK, NAME_TIMEOUT};
    PyObject *values[2] = {NULL};
    fc_timeout storage = {.forever = true}, *timeout = &storage;
    if ((n_args > 0 || kwnames != NULL) &&
        (parse_args(self, "get", names, 2, 0, args, n_args, kwnames, values) < 0 ||
         parse_wait(values[0], values[1], &storage, &timeout) < 0)) {
        return NULL;
    }
    return put_or_get(self, NULL, timeout);
}

/* An overridden put() or get() is called as the standard library calls it. */
static PyObject *call_without_block(QueueObject *self, queue_name method, PyObject *item)
{
    PyObject *bound = PyObject_GetAttr((PyObject *)self, queue_name_of(self, method));
    if (bound == NULL) {
        return NULL;
    }
    PyObject *args[3] = {NULL, item, Py_False};
    PyObject *keywords = PyTuple_Pack(1, queue_name_of(self, NAME_BLOCK));
    PyObject *result = NULL;
    if (keywords != NULL) {
        size_t n = item != NULL ? 1 : 0;
        if (n == 0) {
            args[1] = Py_False;
        }
        result = PyObject_Vectorcall(bound, args + 1, n | PY_VECTORCALL_ARGUMENTS_OFFSET, keywords);
        Py_DECREF(keywords);
    }
    Py_DECREF(bound);
    return result;
}

PyDoc_STRVAR(put_nowait_doc, "put_nowait($self, /, item)\n--\n\n"
                             "Equivalent to put(item, block=False).");

static PyObject *Queue_put_nowait(QueueObject *self, PyObject *const *args, Py_ssize_t n_args,
                                  PyObject *kwnames)
{
    static const queue_name names[] = {NAME_ITEM};
    PyObject *item = NULL;
    if (parse_args(self, "put_nowait", names, 1, 1, args, n_args, kwnames, &item) < 0) {
        return NULL;
    }
    if (queue_look_for_hooks(self) < 0) {
        return NULL;
    }
    if (self->hooks & HOOK_PUBLIC_PUT) {
        return call_without_block(self, NAME_PUBLIC_PUT, item);
    }
    return put_or_get(self, item, NULL);
}

PyDoc_STRVAR(get_nowait_doc, "get_nowait($self, /)\n--\n\n"
                             "Equivalent to get(block=False).");

static PyObject *Queue_get_nowait(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    if (queue_look_for_hooks(self) < 0) {
        return NULL;
    }
    if (self->hooks & HOOK_PUBLIC_GET) {
        return call_without_block(self, NAME_PUBLIC_GET, NULL);
    }
    return put_or_get(self, NULL, NULL);
}

/* ---- the other methods ---- */

PyDoc_STRVAR(
    task_done_doc,
    "task_done($self, /)\n--\n\n"
    "Say that the work on an item taken with get() is done.\n\n"
    "When as many calls were made as items were put, join() returns. Raises ValueError when\n"
    "called more often than that.");

static PyObject *Queue_task_done(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *held;
    if (queue_enter(self, LOCK_ALL_DONE, &held) < 0) {
        return NULL;
    }
    bool too_often = self->unfinished <= 0;
    int status = 0;
    if (!too_often && --self->unfinished == 0) {
        status = queue_notify(self, held, LOCK_ALL_DONE, true);
    }
    PyObject *left = queue_leave(self, held, status < 0 ? NULL : Py_NewRef(Py_None));
    if (left != NULL && too_often) {
        Py_CLEAR(left);
        PyErr_SetString(PyExc_ValueError, "task_done() called too many times");
    }
    return left;
}

PyDoc_STRVAR(join_doc, "join($self, /)\n--\n\n"
                       "Wait until task_done() was called for every item that was put.");

static PyObject *Queue_join(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    fc_timeout forever = {.forever = true};
    PyObject *held;
    if (queue_enter(self, LOCK_ALL_DONE, &held) < 0) {
        return NULL;
    }
    while (self->unfinished != 0) {
        if (queue_wait(self, LOCK_ALL_DONE, &held, &forever) == WAIT_FAILED) {
            return NULL;
        }
    }
    return queue_leave(self, held, Py_NewRef(Py_None));
}

PyDoc_STRVAR(qsize_doc, "qsize($self, /)\n--\n\n"
                        "Items in the queue; other threads may change that at any moment.");

static PyObject *Queue_qsize(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *held;
    if (queue_enter(self, LOCK_MUTEX, &held) < 0) {
        return NULL;
    }
    if (held == NULL) {
        size_t count = self->ring.count;
        queue_leave(self, held, NULL);
        return PyLong_FromSize_t(count);
    }
    return queue_leave(self, held, size_object(self));
}

PyDoc_STRVAR(empty_doc, "empty($self, /)\n--\n\n"
                        "True if the queue is empty; other threads may change that at any moment.");

static PyObject *Queue_empty(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *held;
    if (queue_enter(self, LOCK_MUTEX, &held) < 0) {
        return NULL;
    }
    int any = held == NULL ? self->ring.count > 0 : has_items(self);
    return queue_leave(self, held, any < 0 ? NULL : PyBool_FromLong(!any));
}

PyDoc_STRVAR(full_doc,
             "full($self, /)\n--\n\n"
             "True if the queue holds maxsize items; other threads may change that at any moment.");

static PyObject *Queue_full(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    PyObject *held;
    if (queue_enter(self, LOCK_MUTEX, &held) < 0) {
        return NULL;
    }
    int full;
    if (held == NULL) {
        full = self->limit > 0 && self->ring.count >= (size_t)self->limit;
    } else {
        full = is_bounded(self);
        if (full > 0) {
            full = reaches_limit(self);
        }
    }
    return queue_leave(self, held, full < 0 ? NULL : PyBool_FromLong(full));
}

/* Items are dropped by their rules (`_get`), which may raise or be slow; inside queue_enter, with a
 * lock. */
static int drop_items(QueueObject *self)
{
    for (;;) {
        int any = has_items(self);
        if (any <= 0) {
            return any;
        }
        PyObject *item = take_item(self);
        if (item == NULL) {
            return -1;
        }
        Py_DECREF(item);
        if (self->unfinished > 0) {
            self->unfinished--;
        }
    }
}

PyDoc_STRVAR(
    shutdown_doc,
    "shutdown($self, /, immediate=False)\n--\n\n"
    "Shut the queue down: put() raises ShutDown, and so does get() once the queue is empty.\n\n"
    "With immediate=True drop the items that are left, each counted as done, so that get() raises "
    "at\n"
    "once. Threads blocked in put(), get() and join() wake up. The standard library has this "
    "method from\n"
    "3.13 on; here it is there on every version.");

static PyObject *Queue_shutdown(QueueObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"immediate", NULL};
    int immediate = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|p:shutdown", keywords, &immediate)) {
        return NULL;
    }
    PyObject *held;
    fc_ring dropped = {0};
    int status = 0;
    if (queue_enter(self, LOCK_MUTEX, &held) < 0) {
        return NULL;
    }
    self->is_shutdown = true;
    if (immediate) {
        if (held == NULL) {
            dropped = self->ring;
            self->ring = (fc_ring){0};
            Py_ssize_t n = (Py_ssize_t)dropped.count;
            self->unfinished = self->unfinished > n ? self->unfinished - n : 0;
        } else {
            status = drop_items(self);
        }
        status = status < 0 ? status : queue_notify(self, held, LOCK_ALL_DONE, true);
    }
    for (queue_lock which = LOCK_NOT_EMPTY; status == 0 && which <= LOCK_NOT_FULL; which++) {
        status = queue_notify(self, held, which, true);
    }
    PyObject *left = queue_leave(self, held, status < 0 ? NULL : Py_NewRef(Py_None));
    fc_ring_free(&dropped);
    return left;
}

PyDoc_STRVAR(
    init_hook_doc,
    "_init($self, maxsize, /)\n--\n\n"
    "Make an empty storage. Override this and the three below for another order of items.");

static PyObject *Queue__init(QueueObject *self, PyObject *Py_UNUSED(maxsize))
{
    return store_reset(self) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(qsize_hook_doc,
             "_qsize($self, /)\n--\n\nItems in the storage. Called with the mutex held.");

static PyObject *Queue__qsize(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    Py_ssize_t size = store_size(self);
    return size < 0 ? NULL : PyLong_FromSsize_t(size);
}

PyDoc_STRVAR(put_hook_doc,
             "_put($self, item, /)\n--\n\nStore an item. Called with the mutex held.");

static PyObject *Queue__put(QueueObject *self, PyObject *item)
{
    return store_put(self, item) < 0 ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(get_hook_doc,
             "_get($self, /)\n--\n\nRemove and return an item. Called with the mutex held.");

static PyObject *Queue__get(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    return store_get(self);
}

static PyObject *Queue_sizeof(QueueObject *self, PyObject *Py_UNUSED(ignored))
{
    fc_guard_lock(&self->guard);
    size_t capacity = self->ring.capacity;
    fc_guard_unlock(&self->guard);
    return PyLong_FromSize_t((size_t)Py_TYPE(self)->tp_basicsize + capacity * sizeof(PyObject *));
}

/* In the order of hooks_look(). */
const PyCFunction queue_hook_functions[5] = {
    (PyCFunction)(void (*)(void))Queue__qsize, (PyCFunction)(void (*)(void))Queue__put,
    (PyCFunction)(void (*)(void))Queue__get,   (PyCFunction)(void (*)(void))Queue_put,
    (PyCFunction)(void (*)(void))Queue_get,
};

#define FASTCALL(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS
#define NOARGS(function) (PyCFunction)(void (*)(void))(function), METH_NOARGS

PyMethodDef queue_methods[] = {
    {"put", FASTCALL(Queue_put), put_doc},
    {"get", FASTCALL(Queue_get), get_doc},
    {"put_nowait", FASTCALL(Queue_put_nowait), put_nowait_doc},
    {"get_nowait", NOARGS(Queue_get_nowait), get_nowait_doc},
    {"task_done", NOARGS(Queue_task_done), task_done_doc},
    {"join", NOARGS(Queue_join), join_doc},
    {"qsize", NOARGS(Queue_qsize), qsize_doc},
    {"empty", NOARGS(Queue_empty), empty_doc},
    {"full", NOARGS(Queue_full), full_doc},
    {"shutdown", (PyCFunction)(void (*)(void))Queue_shutdown, METH_VARARGS | METH_KEYWORDS,
     shutdown_doc},
    {"_init", (PyCFunction)Queue__init, METH_O, init_hook_doc},
    {"_qsize", NOARGS(Queue__qsize), qsize_hook_doc},
    {"_put", (PyCFunction)Queue__put, METH_O, put_hook_doc},
    {"_get", NOARGS(Queue__get), get_hook_doc},
    {"__sizeof__", NOARGS(Queue_sizeof), NULL},
    {"__class_getitem__", Py_GenericAlias, METH_O | METH_CLASS, "Queue[int], for annotations."},
    {NULL, NULL, 0, NULL},
};
