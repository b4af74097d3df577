/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Waiting for many futures: one Waiter linked into all of them, which collects them as they finish.
 * wait() makes one for a call; as_completed() keeps one in a Completions object between its yields.
 */
#include "tasks.h"

#include "fc_platform.h"

#include <math.h>
#include <string.h>

typedef struct Gang {
    Waiter waiter;
    WaitLink *links; /* one a future; link.future is NULL once it was handed out */
    Py_ssize_t n;
    Py_ssize_t n_taken;
    bool needs_all;      /* the wait ends when all have finished, else maybe before */
    Py_ssize_t helped;   /* links before this one need no help any more */
    uint32_t generation; /* of the process (forks) that made the links */
} Gang;

static bool
is_settled(const FutureObject *future) /* merely cancelled is not, for wait() and as_completed() */
{
    return future_state(future) >= FUTURE_CANCELLED_AND_NOTIFIED;
}

static void gang_destroy(Gang *self)
{
    for (Py_ssize_t i = 0; i < self->n; i++) {
        WaitLink *link = &self->links[i];
        if (link->future != NULL) {
            fc_lock(&link->future->mutex);
            future_unlink_locked(link->future, link);
            fc_unlock(&link->future->mutex);
        }
    }
    for (Py_ssize_t i = 0; i < self->n; i++) {
        Py_CLEAR(self->links[i].future);
    }
    PyMem_Free(self->links);
    self->links = NULL;
    self->n = 0;
    waiter_destroy(&self->waiter);
}

/* Enters the link into its future's list, or among those that are done; -1 with MemoryError. */
static int gang_join(Gang *self, WaitLink *link)
{
    FutureObject *future = link->future;
    bool linked = true;
    fc_lock(&future->mutex);
    if (is_settled(future)) {
        fc_lock(&self->waiter.mutex);
        *self->waiter.done_tail = link;
        self->waiter.done_tail = &link->next_done;
        fc_unlock(&self->waiter.mutex);
    } else {
        linked = future_link_locked(future, link);
    }
    fc_unlock(&future->mutex);
    return linked ? 0 : -1;
}

/* In a forked child: whatever finished the futures told the links of the parent. -1 with
 * MemoryError. */
static int gang_join_again(Gang *self)
{
    self->generation = fc_fork_generation;
    memset(&self->waiter.mutex, 0, sizeof self->waiter.mutex);
    self->waiter.done = NULL;
    self->waiter.done_tail = &self->waiter.done;
    for (Py_ssize_t i = 0; i < self->n; i++) {
        WaitLink *link = &self->links[i];
        link->next = link->prev = link->next_done = NULL;
        if (link->future != NULL && gang_join(self, link) < 0) {
            return -1;
        }
    }
    return 0;
}

/* Joins all futures of a list; -1 with an exception (gang_destroy is due in any case). */
static int gang_init(Gang *self, PyObject *futures)
{
    memset(self, 0, sizeof *self);
    self->generation = fc_fork_generation;
    waiter_init(&self->waiter);
    Py_ssize_t n = PyList_GET_SIZE(futures);
    self->links = PyMem_Calloc((size_t)(n > 0 ? n : 1), sizeof *self->links);
    if (self->links == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (; self->n < n; self->n++) {
        WaitLink *link = &self->links[self->n];
        link->waiter = &self->waiter;
        link->future = (FutureObject *)Py_NewRef(PyList_GET_ITEM(futures, self->n));
        if (gang_join(self, link) < 0) {
            self->n++;
            return -1;
        }
    }
    return 0;
}

/* The next finished future, or NULL. */
static FutureObject *gang_take(Gang *self)
{
    FutureObject *future = NULL;
    fc_lock(&self->waiter.mutex);
    WaitLink *link = self->waiter.done;
    if (link != NULL) {
        self->waiter.done = link->next_done;
        if (self->waiter.done == NULL) {
            self->waiter.done_tail = &self->waiter.done;
        }
        future = link->future;
        link->future = NULL;
        self->n_taken++;
    }
    fc_unlock(&self->waiter.mutex);
    return future;
}

/* As a worker: run futures of the own pool that are pending, until `wanted` of the gang have
 * finished. Whether some of the own pool are left that others run. -1 with an exception. */
static int gang_help(Gang *self, Worker *worker, bool may_run)
{
    int own = 0;
    for (Py_ssize_t i = self->helped; i < self->n; i++) {
        WaitLink *link = &self->links[i];
        FutureObject *future = link->future;
        if (future == NULL || is_settled(future)) {
            self->helped += i == self->helped;
            continue;
        }
        fc_lock(&future->mutex);
        bool is_own = future->queue == worker->queue;
        fc_unlock(&future->mutex);
        own |= is_own;
        if (is_own && may_run) {
            (void)queue_run_inline(future, worker);
            if (PyErr_Occurred()) {
                return -1;
            }
            fc_lock(&self->waiter.mutex);
            bool enough = self->waiter.wanted == 0;
            fc_unlock(&self->waiter.mutex);
            if (enough) {
                break;
            }
        }
    }
    return own;
}

/* Sleep until `wanted` more have finished (or one failed, if the waiter asks): 1, 0 at the
 * deadline, -1. */
static int gang_wait(Gang *self, size_t wanted, int64_t deadline)
{
    Waiter *waiter = &self->waiter;
    Worker *worker = current_worker();
    int own = 0;
    fc_lock(&waiter->mutex);
    waiter->wanted = wanted;
    fc_unlock(&waiter->mutex);
    if (worker != NULL && (own = gang_help(self, worker, deadline == FOREVER)) < 0) {
        return -1;
    }
    bool in_graph = worker != NULL && deadline == FOREVER;
    if (in_graph) {
        fc_lock(&waiter->mutex);
        size_t left = waiter->wanted;
        fc_unlock(&waiter->mutex);
        if (left == 0) {
            in_graph = false;
        } else if (graph_enter_many(worker, self->links, self->n, self->needs_all) < 0) {
            return -1;
        }
    }
    int result = 1;
    bool spawns = false;
    fc_lock(&waiter->mutex);
    bool sleeps = waiter->wanted > 0;
    if (sleeps && waiter->on_error) { /* one may have failed before we were asleep */
        for (WaitLink *link = waiter->done; sleeps && link != NULL; link = link->next_done) {
            sleeps = !(link->future->flags & FUTURE_HAS_ERROR);
        }
    }
    waiter->asleep = sleeps;
    waiter->worker = own ? worker : NULL;
    if (sleeps && own) {
        spawns = queue_block(worker);
    }
    fc_unlock(&waiter->mutex);
    if (sleeps) {
        result = spawns ? queue_spawn(worker->queue) : 0;
        if (result == 0) {
            result = waiter_sleep(waiter, deadline);
        } else {
            (void)waiter_withdraw(waiter);
        }
    }
    if (own) {
        queue_unblock(worker);
    }
    if (in_graph) {
        graph_leave(worker);
    }
    return result;
}

/* ---- wait ---- */

enum { WAIT_ALL, WAIT_FIRST, WAIT_ERROR };

static bool has_failed(const FutureObject *future)
{
    return future_state(future) == FUTURE_FINISHED && (future->flags & FUTURE_HAS_ERROR);
}

/* How many more must finish; 0 when the wait is over. */
static size_t still_wanted(PyObject *futures, int mode)
{
    size_t n_pending = 0;
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(futures); i++) {
        FutureObject *future = (FutureObject *)PyList_GET_ITEM(futures, i);
        if (!is_settled(future)) {
            n_pending++;
        } else if (mode == WAIT_FIRST || (mode == WAIT_ERROR && has_failed(future))) {
            return 0;
        }
    }
    return n_pending;
}

static PyObject *split(PyObject *futures)
{
    PyObject *done = PySet_New(NULL), *not_done = PySet_New(NULL);
    for (Py_ssize_t i = 0; done != NULL && not_done != NULL && i < PyList_GET_SIZE(futures); i++) {
        PyObject *future = PyList_GET_ITEM(futures, i);
        if (PySet_Add(is_settled((FutureObject *)future) ? done : not_done, future) < 0) {
            Py_CLEAR(done);
        }
    }
    if (done == NULL || not_done == NULL) {
        Py_XDECREF(done);
        Py_XDECREF(not_done);
        return NULL;
    }
    return Py_BuildValue("NN", done, not_done);
}

PyObject *fc_tasks_wait(PyObject *Py_UNUSED(module), PyObject *args)
{
    PyObject *futures, *timeout;
    int mode;
    if (!PyArg_ParseTuple(args, "O!Oi:_wait", &PyList_Type, &futures, &timeout, &mode)) {
        return NULL;
    }
    if (still_wanted(futures, mode) == 0) {
        return split(futures);
    }
    int64_t deadline;
    if (deadline_from(timeout, &deadline) < 0) {
        return NULL;
    }
    Gang gang;
    int result = gang_init(&gang, futures);
    if (result == 0) {
        gang.waiter.on_error = mode == WAIT_ERROR;
        gang.needs_all = mode == WAIT_ALL;
        size_t n_done = 0;
        fc_lock(&gang.waiter.mutex);
        bool failed = false;
        for (WaitLink *link = gang.waiter.done; link != NULL; link = link->next_done) {
            n_done++;
            failed |= has_failed(link->future);
        }
        fc_unlock(&gang.waiter.mutex);
        size_t left = (size_t)gang.n - n_done;
        bool over =
            left == 0 || (mode == WAIT_FIRST && n_done > 0) || (mode == WAIT_ERROR && failed);
        result = over ? 1 : gang_wait(&gang, mode == WAIT_FIRST ? 1 : left, deadline);
    }
    gang_destroy(&gang);
    return result < 0 ? NULL : split(futures);
}

/* ---- as_completed ---- */

typedef struct Completions {
    PyObject_HEAD Gang gang;
} Completions;

static PyObject *Completions_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    PyObject *futures;
    static char *names[] = {"futures", NULL};
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!:Completions", names, &PyList_Type,
                                     &futures)) {
        return NULL;
    }
    Completions *self = (Completions *)type->tp_alloc(type, 0);
    if (self != NULL && gang_init(&self->gang, futures) < 0) {
        Py_CLEAR(self);
    }
    return (PyObject *)self;
}

static int Completions_traverse(PyObject *op, visitproc visit, void *arg)
{
    Completions *self = (Completions *)op;
    Py_VISIT(Py_TYPE(op));
    for (Py_ssize_t i = 0; i < self->gang.n; i++) {
        Py_VISIT(self->gang.links[i].future);
    }
    return 0;
}

static void Completions_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    gang_destroy(&((Completions *)op)->gang);
    type->tp_free(op);
    Py_DECREF(type);
}

/* next(end): the next finished future; `end` is None or a time of time.monotonic(). */
static PyObject *Completions_next(PyObject *op, PyObject *end)
{
    Gang *gang = &((Completions *)op)->gang;
    if (gang->generation != fc_fork_generation && gang_join_again(gang) < 0) {
        return NULL;
    }
    for (;;) {
        FutureObject *future = gang_take(gang);
        if (future != NULL) {
            return (PyObject *)future;
        }
        int64_t deadline = FOREVER;
        if (end != Py_None) {
            double seconds = PyFloat_AsDouble(end);
            if (seconds == -1.0 && PyErr_Occurred()) {
                return NULL;
            }
            double left = seconds - (double)fc_now_ns() * 1e-9;
            if (left * 1e6 > (double)PY_TIMEOUT_MAX) {
                PyObject *timeout = PyFloat_FromDouble(left);
                if (timeout != NULL) {
                    raise_bad_timeout(timeout);
                    Py_DECREF(timeout);
                }
                return NULL;
            }
            if (!isnan(seconds)) { /* with nan, the standard library waits for ever */
                deadline = seconds <= 0    ? 0
                           : seconds < 9e9 ? (int64_t)(seconds * 1e9)
                                           : FOREVER - 1; /* in 285 years */
            }
        }
        int result = gang_wait(gang, 1, deadline);
        if (result < 0) {
            return NULL;
        }
        if (result == 0) {
            fc_state *state = fc_state_of_type(Py_TYPE(op));
            PyObject *error =
                state == NULL ? NULL : PyObject_GetAttrString(state->futures_base, "TimeoutError");
            if (error != NULL) {
                PyErr_Format(error, "%zd (of %zd) futures unfinished", gang->n - gang->n_taken,
                             gang->n);
                Py_DECREF(error);
            }
            return NULL;
        }
    }
}

static PyObject *get_left(PyObject *op, void *Py_UNUSED(closure))
{
    Gang *gang = &((Completions *)op)->gang;
    return PyLong_FromSsize_t(gang->n - gang->n_taken);
}

static PyMethodDef Completions_methods[] = {
    {"next", Completions_next, METH_O, "next(end): the next future that has finished."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef Completions_getset[] = {
    {"left", get_left, NULL, "Futures not handed out yet.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot Completions_slots[] = {
    {Py_tp_doc,
     (void *)"Completions(futures)\n--\n\nFutures of a list, in the order in which they finish."},
    {Py_tp_new, Completions_new},
    {Py_tp_traverse, Completions_traverse},
    {Py_tp_dealloc, Completions_dealloc},
    {Py_tp_methods, Completions_methods},
    {Py_tp_getset, Completions_getset},
    {0, NULL},
};

PyType_Spec fc_completions_spec = {
    .name = "fastconc._core.Completions",
    .basicsize = sizeof(Completions),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = Completions_slots,
};
