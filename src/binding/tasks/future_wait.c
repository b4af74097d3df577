/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Waiting for a future without its condition: a Waiter on the waiting thread's stack, linked into
 * the future. And what a worker does before it sleeps: run the awaited task itself, or see that
 * nobody could ever finish it. Contract in tasks.h. */
#include "tasks.h"

#include "fc_platform.h"

#include <math.h>
#include <string.h>

_Thread_local Worker *fc_current_worker;
uint32_t fc_fork_generation;

/* Guards Worker.waits_for of all workers: one search for cycles at a time. */
static fc_mutex graph;

/* ---- waiters ---- */

void waiter_init(Waiter *self)
{
    memset(self, 0, sizeof *self);
    self->done_tail = &self->done;
    fc_baton_init(&self->baton);
}

void waiter_destroy(Waiter *self)
{
    fc_baton_destroy(&self->baton);
}

bool waiter_withdraw(Waiter *self)
{
    fc_lock(&self->mutex);
    bool owed = !self->asleep;
    self->asleep = false;
    fc_unlock(&self->mutex);
    if (owed) {
        Py_BEGIN_ALLOW_THREADS(void) fc_baton_take(&self->baton, FOREVER, SPIN_NS, false);
        Py_END_ALLOW_THREADS
    }
    return owed;
}

int waiter_sleep(Waiter *self, int64_t deadline)
{
    fc_baton_end end;
    do {
        Py_BEGIN_ALLOW_THREADS end = fc_baton_take(&self->baton, deadline, SPIN_NS, true);
        Py_END_ALLOW_THREADS
    } while (end == FC_BATON_SIGNAL && PyErr_CheckSignals() == 0);
    if (end == FC_BATON_TAKEN) {
        return 1;
    }
    bool woken = waiter_withdraw(self);
    return end == FC_BATON_SIGNAL ? -1 : woken;
}

/* A list made before a fork has members on stacks that are gone. */
static void links_refresh_locked(FutureExtra *extra)
{
    if (extra->generation != fc_fork_generation) {
        extra->generation = fc_fork_generation;
        extra->links.next = extra->links.prev = &extra->links;
    }
}

bool future_link_locked(FutureObject *self, WaitLink *link)
{
    FutureExtra *extra = future_extra_locked(self);
    if (extra == NULL) {
        return false;
    }
    links_refresh_locked(extra);
    ListLink *list = &extra->links;
    ListLink *member = (ListLink *)link;
    member->next = list;
    member->prev = list->prev;
    list->prev->next = member;
    list->prev = member;
    return true;
}

void future_unlink_locked(FutureObject *self, WaitLink *link)
{
    ListLink *member = (ListLink *)link;
    if (member->next == NULL) {
        return;
    }
    /* A future that was abandoned in a forked child has forgotten its links altogether. */
    if (self->extra != NULL && self->extra->generation == fc_fork_generation) {
        member->prev->next = member->next;
        member->next->prev = member->prev;
    }
    member->next = member->prev = NULL;
}

Waiter *future_wake_locked(FutureObject *self, bool final)
{
    Waiter *woken = NULL, **woken_tail = &woken;
    links_refresh_locked(self->extra);
    ListLink *list = &self->extra->links;
    ListLink *member = list->next;
    while (member != list) {
        ListLink *next = member->next;
        WaitLink *link = (WaitLink *)member;
        Waiter *waiter = link->waiter;
        if (final || waiter->on_cancel) {
            future_unlink_locked(self, link);
            fc_lock(&waiter->mutex);
            link->next_done = NULL;
            *waiter->done_tail = link;
            waiter->done_tail = &link->next_done;
            if (waiter->wanted > 0) {
                waiter->wanted--;
            }
            bool failed = waiter->on_error && (self->flags & FUTURE_HAS_ERROR);
            if (waiter->asleep && (waiter->wanted == 0 || failed)) {
                waiter->asleep = false;
                if (waiter->worker != NULL) {
                    queue_unblock(waiter->worker);
                }
                waiter->next_woken = NULL;
                *woken_tail = waiter;
                woken_tail = &waiter->next_woken;
            }
            fc_unlock(&waiter->mutex);
        }
        member = next;
    }
    return woken;
}

void waiters_wake(Waiter *woken)
{
    while (woken != NULL) {
        Waiter *next = woken->next_woken; /* it may be gone once it has the baton */
        fc_baton_pass(&woken->baton);
        woken = next;
    }
}

void waiters_wake_soon(FutureObject *future, Waiter *woken)
{
    Worker *worker = fc_current_worker;
    /* Not those of other futures, which its callbacks finish: a callback may wait for who is woken,
     * and there is room for one list only. */
    if (worker != NULL && worker->finishing == future) {
        worker->owed = woken;
    } else {
        waiters_wake(woken);
    }
}

/* ---- deadlocks ---- */

enum { CYCLE_NAMES = 8, SEARCH_DEPTH = 100, MAP_RUNNERS = 64 };

typedef struct Cycle { /* the tasks on it, strong references; the first CYCLE_NAMES of them */
    PyObject *functions[CYCLE_NAMES];
    int n;
} Cycle;

static void cycle_add(Cycle *cycle, Worker *worker, FutureObject *future)
{
    for (Frame *frame = worker->frames; frame != NULL; frame = frame->below) {
        if (frame->future == future && cycle->n < CYCLE_NAMES) {
            cycle->functions[cycle->n++] = Py_NewRef(frame->function);
            return;
        }
    }
}

/* Does the end of `future` wait for `me`? The graph mutex is held. Every worker on the way sleeps
 * in future_wait, which it cannot leave without that mutex, so that its frames and what it waits
 * for stay. Here, and only here, are mutexes of several futures held at once; as searches exclude
 * each other, no order between them is needed. */
static bool reaches(FutureObject *future, Worker *me, Cycle *cycle, int depth)
{
    Worker *runners[MAP_RUNNERS];
    int n = 0;
    bool found = false;
    fc_lock(&future->mutex);
    if (depth < SEARCH_DEPTH && future->state == FUTURE_RUNNING) {
        if (future->flags & FUTURE_MAP) {
            TaskQueue *queue = future->queue;
            if (queue != NULL) {
                fc_lock(&queue->mutex);
                for (Frame *claim = ((MapObject *)future)->claims; claim != NULL && n < MAP_RUNNERS;
                     claim = claim->next_claim) {
                    if (claim->worker == me || claim->worker->waits_for != NULL) {
                        runners[n++] = claim->worker;
                    }
                }
                fc_unlock(&queue->mutex);
            }
        } else if (future->u.run.worker != NULL) {
            runners[n++] = future->u.run.worker;
        }
        for (int i = 0; i < n && !found; i++) {
            found = runners[i] == me || (runners[i]->waits_for != NULL &&
                                         reaches(runners[i]->waits_for, me, cycle, depth + 1));
            if (found) {
                cycle_add(cycle, runners[i], future);
            }
        }
    }
    fc_unlock(&future->mutex);
    return found;
}

static PyObject *name_of(PyObject *function)
{
    PyObject *name = PyObject_GetAttrString(function, "__qualname__");
    if (name == NULL || !PyUnicode_Check(name)) {
        PyErr_Clear();
        Py_XSETREF(name, PyObject_Repr(function));
    }
    return name;
}

/* Raises DeadlockError; "a waits for b, b waits for a". Consumes the cycle. */
static void cycle_raise(FutureObject *future, Cycle *cycle)
{
    fc_state *state = fc_state_of_type(Py_TYPE(future));
    PyObject *error = state == NULL ? NULL : fc_error_class(state, "DeadlockError");
    PyObject *names = PyList_New(0);
    for (int i = cycle->n - 1; i >= 0; i--) {
        PyObject *name = names == NULL ? NULL : name_of(cycle->functions[i]);
        if (name == NULL || PyList_Append(names, name) < 0) {
            Py_CLEAR(names);
        }
        Py_XDECREF(name);
        Py_DECREF(cycle->functions[i]);
    }
    if (error == NULL || names == NULL) {
        Py_XDECREF(names);
        return;
    }
    PyObject *text = NULL;
    Py_ssize_t n = PyList_GET_SIZE(names);
    if (n == 1) {
        text = PyUnicode_FromFormat("deadlock: the task %U waits for its own result",
                                    PyList_GET_ITEM(names, 0));
    } else if (n > 1) {
        /* innermost runner first: the task that waits now is the last of the search */
        PyObject *arrow = PyUnicode_FromString(", which waits for ");
        PyObject *last = Py_NewRef(PyList_GET_ITEM(names, 0));
        if (arrow != NULL && PyList_Append(names, last) == 0) {
            PyObject *chain = PyUnicode_Join(arrow, names);
            text = chain == NULL ? NULL : PyUnicode_FromFormat("deadlock: %U", chain);
            Py_XDECREF(chain);
        }
        Py_DECREF(last);
        Py_XDECREF(arrow);
    } else {
        text = PyUnicode_FromString("deadlock: tasks wait for each other");
    }
    if (text != NULL) {
        PyErr_SetObject(error, text);
        Py_DECREF(text);
    }
    Py_DECREF(names);
}

/* The worker waits for the future from now on; -1 with DeadlockError when that can never end. */
static int graph_enter(Worker *worker, FutureObject *future)
{
    Cycle cycle = {.n = 0};
    fc_lock(&graph);
    bool deadlock = reaches(future, worker, &cycle, 0);
    if (!deadlock) {
        worker->waits_for = future;
    }
    fc_unlock(&graph);
    if (deadlock) {
        cycle_raise(future, &cycle);
    }
    return deadlock ? -1 : 0;
}

int graph_enter_many(Worker *worker, WaitLink *links, Py_ssize_t n, bool all)
{
    Cycle cycle = {.n = 0}, others = {.n = 0};
    FutureObject *awaited = NULL, *stuck = NULL;
    bool deadlock = false;
    fc_lock(&graph);
    for (Py_ssize_t i = 0; i < n && !(all && deadlock); i++) {
        FutureObject *future = links[i].future;
        if (future == NULL) {
            continue;
        }
        bool settled = future_state(future) >= FUTURE_CANCELLED_AND_NOTIFIED;
        if (settled && all) {
            continue;
        }
        deadlock = !settled && reaches(future, worker, stuck == NULL ? &cycle : &others, 0);
        if (deadlock) {
            stuck = stuck == NULL ? future : stuck;
        } else {
            awaited = future;
            if (!all) { /* one that may finish is enough */
                break;
            }
        }
    }
    if (!deadlock && all) {
        worker->waits_for = awaited; /* any of them stands for all */
    }
    fc_unlock(&graph);
    for (int i = 0; i < others.n; i++) {
        Py_DECREF(others.functions[i]);
    }
    if (deadlock) {
        cycle_raise(stuck, &cycle);
        return -1;
    }
    for (int i = 0; i < cycle.n; i++) {
        Py_DECREF(cycle.functions[i]);
    }
    return 0;
}

void graph_leave(Worker *worker)
{
    fc_lock(&graph);
    worker->waits_for = NULL;
    fc_unlock(&graph);
}

/* ---- waiting for one ---- */

static int sleep_until_done(FutureObject *self, int64_t deadline, Worker *own)
{
    Waiter waiter;
    WaitLink link = {.waiter = &waiter, .future = self};
    waiter_init(&waiter);
    waiter.on_cancel = true;
    waiter.wanted = 1;
    waiter.asleep = true;
    waiter.worker = own;
    int result = 1;
    bool spawns = false;
    fc_lock(&self->mutex);
    bool waits = self->state < FUTURE_CANCELLED;
    if (waits && !future_link_locked(self, &link)) {
        result = -1;
    } else if (waits && own != NULL) {
        spawns = queue_block(own);
    }
    fc_unlock(&self->mutex);
    if (waits && result > 0) {
        result = spawns ? queue_spawn(own->queue) : 0;
        if (result == 0) {
            result = waiter_sleep(&waiter, deadline);
        } else {
            (void)waiter_withdraw(&waiter);
        }
        fc_lock(&self->mutex);
        future_unlink_locked(self, &link);
        if (result == 0 && self->state >= FUTURE_CANCELLED) {
            result = 1; /* it came with the deadline */
        }
        fc_unlock(&self->mutex);
    }
    waiter_destroy(&waiter);
    return result;
}

int future_wait(FutureObject *self, int64_t deadline, bool caller_runs)
{
    if (future_is_done(self)) {
        return 1;
    }
    Worker *worker = current_worker();
    fc_lock(&self->mutex);
    bool is_own = worker != NULL && worker->queue == self->queue;
    bool helps = deadline == FOREVER && self->queue != NULL &&
                 (is_own || caller_runs || self->queue->caller_runs);
    fc_unlock(&self->mutex);
    if (helps && queue_run_inline(self, is_own ? worker : NULL) && future_is_done(self)) {
        return 1;
    }
    if (PyErr_Occurred()) {
        return -1; /* the stack is too deep for one more task */
    }
    if (deadline != FOREVER && fc_now_ns() >= deadline) {
        return future_is_done(self);
    }
    bool in_graph = worker != NULL && deadline == FOREVER;
    if (in_graph && graph_enter(worker, self) < 0) {
        return -1;
    }
    int result = sleep_until_done(self, deadline, is_own ? worker : NULL);
    if (is_own) {
        queue_unblock(worker);
    }
    if (in_graph) {
        graph_leave(worker);
    }
    return result;
}

/* ---- time-outs ---- */

void raise_bad_timeout(PyObject *timeout)
{
    PyObject *module = PyImport_ImportModule("_thread");
    PyObject *lock = module == NULL ? NULL : PyObject_CallMethod(module, "allocate_lock", NULL);
    PyObject *got =
        lock == NULL ? NULL : PyObject_CallMethod(lock, "acquire", "OO", Py_True, timeout);
    if (got != NULL) {
        Py_DECREF(got);
        PyErr_SetString(PyExc_OverflowError, "timeout value is too large");
    }
    Py_XDECREF(lock);
    Py_XDECREF(module);
}

int deadline_from(PyObject *timeout, int64_t *deadline)
{
    *deadline = FOREVER;
    if (timeout == NULL || timeout == Py_None) {
        return 0;
    }
    PyObject *zero = PyLong_FromLong(0);
    if (zero == NULL) {
        return -1;
    }
#if PY_VERSION_HEX >= 0x030e0000 /* nan is neither */
    int over = PyObject_RichCompareBool(timeout, zero, Py_LE);
#else
    int positive = PyObject_RichCompareBool(timeout, zero, Py_GT);
    int over = positive < 0 ? -1 : !positive;
#endif
    Py_DECREF(zero);
    if (over < 0) {
        return -1;
    }
    if (over) {
        *deadline = INT64_MIN;
        return 0;
    }
    PyObject *seconds;
    if (PyFloat_Check(timeout)) {
        seconds = Py_NewRef(timeout);
    } else {
        PyObject *index = PyNumber_Index(timeout);
        seconds = index == NULL ? NULL : PyNumber_Float(index);
        Py_XDECREF(index);
    }
    if (seconds == NULL) {
        PyErr_Clear();
        raise_bad_timeout(timeout);
        return -1;
    }
    double value = PyFloat_AS_DOUBLE(seconds);
    Py_DECREF(seconds);
    if (!(value * 1e6 <= (double)PY_TIMEOUT_MAX)) {
        raise_bad_timeout(timeout);
        return -1;
    }
    double nanoseconds = ceil(value * 1e9);
    int64_t now = fc_now_ns();
    *deadline =
        nanoseconds >= (double)(FOREVER - now - 1) ? FOREVER - 1 : now + (int64_t)nanoseconds;
    return 0;
}
