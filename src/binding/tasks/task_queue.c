/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The queue of Python tasks and the loop of its workers. Contract in tasks.h.
 *
 * Who runs a task is visible to it, so only workers run tasks, and never more of them at once than
 * the queue is wide. A worker that has the GIL drains the queue; it gives the GIL up only to sleep
 * (handing it over per task costs more than the task). Of the idle workers one at most is being
 * woken; it wakes the next when it finds more than it can take. */
#include "tasks.h"

#include "fc_platform.h"
#include "run.h"

#include <string.h>

enum {
    SAMPLE_EVERY = 64, /* tasks between measured ones */
};

static FutureObject *future_of_link(ListLink *link)
{
    return (FutureObject *)(void *)((char *)link - offsetof(FutureObject, link));
}

/* ---- lists; the queue's mutex is held ---- */

static ListLink *list_of_priority_locked(TaskQueue *self, long priority)
{
    if (priority == 0) {
        return &self->tasks;
    }
    Level **at = &self->levels;
    while (*at != NULL && (*at)->priority > priority) {
        at = &(*at)->next;
    }
    if (*at == NULL || (*at)->priority != priority) {
        Level *level = PyMem_RawMalloc(sizeof *level);
        if (level == NULL) {
            return NULL;
        }
        level->priority = priority;
        level->tasks.next = level->tasks.prev = &level->tasks;
        level->next = *at;
        *at = level;
    }
    return &(*at)->tasks;
}

static ListLink *first_locked(TaskQueue *self)
{
    Level *level = self->levels;
    for (; level != NULL && level->priority > 0; level = level->next) {
        if (level->tasks.next != &level->tasks) {
            return level->tasks.next;
        }
    }
    if (self->tasks.next != &self->tasks) {
        return self->tasks.next;
    }
    for (; level != NULL; level = level->next) {
        if (level->tasks.next != &level->tasks) {
            return level->tasks.next;
        }
    }
    return NULL;
}

static void unlink_locked(TaskQueue *self, FutureObject *future)
{
    future->link.prev->next = future->link.next;
    future->link.next->prev = future->link.prev;
    future->link.next = future->link.prev = NULL;
    self->n_pending--;
}

/* ---- workers come and go ---- */

static unsigned n_active_locked(const TaskQueue *self)
{
    return self->n_threads - self->n_starting - self->n_idle - self->n_blocked;
}

/* An idle worker that is to be woken, or NULL: none, or it is not needed. The caller passes it the
 * parker once the mutex is free, or it would run into it. */
static Worker *choose_idle_locked(TaskQueue *self)
{
    Worker *worker = self->idle;
    if (worker == NULL || self->waking || n_active_locked(self) >= self->width) {
        return NULL;
    }
    self->idle = worker->next_idle;
    self->n_idle--;
    self->waking = true;
    return worker;
}

static void wake(Worker *worker)
{
    if (worker != NULL) {
        fc_baton_pass(&worker->parker);
    }
}

/* After tasks were added or a worker blocked: whom to wake, and true when one more thread must be
 * started (it is counted already). */
static bool summon_locked(TaskQueue *self, Worker **chosen)
{
    *chosen = choose_idle_locked(self);
    size_t coming = (size_t)self->n_idle + self->n_starting + self->waking;
    bool grows = self->n_threads < self->width || self->n_threads == self->n_blocked;
    if (self->n_pending <= coming || !grows || self->spawn == NULL) {
        return false;
    }
    self->n_threads++;
    self->n_starting++;
    return true;
}

int queue_spawn(TaskQueue *self) /* summon_locked has counted the thread */
{
    PyObject *none = PyObject_CallNoArgs(self->spawn);
    if (none != NULL) {
        Py_DECREF(none);
        return 0;
    }
    fc_lock(&self->mutex);
    self->n_threads--;
    self->n_starting--;
    bool helpless = self->n_threads == self->n_blocked;
    fc_unlock(&self->mutex);
    if (helpless || !PyErr_ExceptionMatches(PyExc_RuntimeError)) {
        return -1;
    }
    PyErr_Clear(); /* the workers that there are will do */
    return 0;
}

int queue_push(TaskQueue *self, FutureObject *future, long priority, bool is_internal)
{
    fc_lock(&self->mutex);
    if (self->closed && (!is_internal || (self->closed & QUEUE_TERMINATED))) {
        fc_unlock(&self->mutex);
        PyObject *none = self->refuse == NULL ? NULL : PyObject_CallNoArgs(self->refuse);
        if (none != NULL || !PyErr_Occurred()) {
            Py_XDECREF(none);
            PyErr_SetString(PyExc_RuntimeError, "cannot schedule new futures after shutdown");
        }
        return -1;
    }
    ListLink *list = list_of_priority_locked(self, priority);
    if (list == NULL) {
        fc_unlock(&self->mutex);
        PyErr_NoMemory();
        return -1;
    }
    Py_INCREF(future);
    future->link.next = list;
    future->link.prev = list->prev;
    list->prev->next = &future->link;
    list->prev = &future->link;
    self->n_pending++;
    Worker *chosen;
    bool spawns = summon_locked(self, &chosen);
    fc_unlock(&self->mutex);
    wake(chosen);
    if (spawns && queue_spawn(self) < 0) {
        queue_unlink(future);
        return -1;
    }
    return 0;
}

void queue_unlink(FutureObject *future)
{
    TaskQueue *queue = future->queue;
    if (queue == NULL) {
        return;
    }
    fc_lock(&queue->mutex);
    bool linked = future->link.next != NULL;
    if (linked) {
        unlink_locked(queue, future);
    }
    fc_unlock(&queue->mutex);
    if (linked) {
        Py_DECREF(future);
    }
}

bool queue_block(Worker *worker)
{
    TaskQueue *self = worker->queue;
    fc_lock(&self->mutex);
    worker->blocked = true;
    self->n_blocked++;
    Worker *chosen = NULL;
    bool spawns = self->n_pending > 0 && summon_locked(self, &chosen);
    fc_unlock(&self->mutex);
    wake(chosen);
    return spawns;
}

void queue_unblock(Worker *worker)
{
    TaskQueue *self = worker->queue;
    fc_lock(&self->mutex);
    if (worker->blocked) {
        worker->blocked = false;
        self->n_blocked--;
    }
    fc_unlock(&self->mutex);
}

void queue_wake_all(TaskQueue *self)
{
    fc_lock(&self->mutex);
    Worker *worker = self->idle;
    self->idle = NULL;
    self->n_idle = 0;
    self->waking |= worker != NULL;
    fc_unlock(&self->mutex);
    while (worker != NULL) {
        Worker *next = worker->next_idle; /* it may leave as soon as it is awake */
        wake(worker);
        worker = next;
    }
}

/* ---- running ---- */

/* A callback's BaseException, or a broken condition: the task is done, the worker stays. */
static void report_failure(TaskQueue *self)
{
    log_exception(self->state, "critical", "Exception in worker", NULL);
}

/* Wake whom the last task was to wake. With a GIL that waits until the worker gives it up or has
 * something else to do: who is woken before would only wake up to wait for the GIL. */
static void settle(Worker *worker)
{
    Waiter *owed = worker->owed;
    worker->owed = NULL;
    waiters_wake(owed);
}

/* Not PyEval_SaveThread() and PyEval_RestoreThread(): the GIL would be ours again before a thread
 * that waits for it has woken up, and that thread begins to count the switch interval anew whenever
 * the GIL was free for a moment. It would never get to ask for it. The evaluation loop, which every
 * Python function enters, hands the GIL over when it was asked, and otherwise keeps it. */
bool worker_breathe(Worker *worker)
{
    int64_t tick = fc_tick_ns();
    if (tick == worker->tick_ns) {
        return false;
    }
    worker->tick_ns = tick;
    settle(worker);
    PyObject *none = PyObject_CallNoArgs(worker->queue->state->tasks_breath);
    if (none == NULL) { /* PyThreadState_SetAsyncExc() */
        report_failure(worker->queue);
    }
    Py_XDECREF(none);
    return true;
}

/* A future that was cancelled, or finished by somebody else, before its turn or meanwhile. */
static void discard(TaskQueue *self, FutureObject *future)
{
    if (future_state(future) == FUTURE_CANCELLED && future_notify_cancelled(future) < 0) {
        report_failure(self);
    }
    fc_lock(&future->mutex);
    TaskQueue *queue = NULL;
    if (future->state >= FUTURE_CANCELLED) {
        queue = future->queue;
        future->queue = NULL;
    }
    fc_unlock(&future->mutex);
    Py_XDECREF(queue);
}

/* Calls it. An integrator can be stopped meanwhile: future_cancel() sets `stop`. */
static PyObject *call_claimed(TaskQueue *self, FutureObject *future, Task *task)
{
    atomic_bool stop = false;
    const atomic_bool *outer = fc_stop_asked; /* of the task that waits for this one */
    bool stoppable =
        task->function != NULL && (PyObject *)Py_TYPE(task->function) == self->state->shortcut_type;
    fc_stop_asked = NULL;
    if (stoppable) {
        fc_stop_asked = &stop;
        fc_lock(&future->mutex);
        if (future->state == FUTURE_RUNNING) {
            future->u.run.stop = &stop;
        }
        fc_unlock(&future->mutex);
    }
    PyObject *value = task_call(task);
    if (stoppable) {
        fc_lock(&future->mutex);
        if (future->u.run.stop == &stop) {
            future->u.run.stop = NULL;
        }
        fc_unlock(&future->mutex);
    }
    fc_stop_asked = outer;
    return value;
}

/* Call a claimed task and finish its future. Consumes the task. */
static void run_claimed(TaskQueue *self, FutureObject *future, Task *task, Worker *worker)
{
    Frame frame = {.future = future, .function = task->function, .worker = worker};
    bool sampled = false;
    int64_t begun = 0, called = 0;
    if (worker != NULL) {
        frame.below = worker->frames;
        worker->frames = &frame;
        sampled = worker->n_tasks++ % SAMPLE_EVERY == 0;
        if (sampled) {
            begun = fc_now_ns();
        }
    }
    PyObject *value = call_claimed(self, future, task);
    bool is_error = value == NULL;
    if (is_error) {
        value = exception_take();
    }
    if (sampled) {
        called = fc_now_ns();
    }
    /* Dropping the arguments may run code that waits, and whose deadlock names the function. */
    PyObject *function = task->function;
    task->function = NULL;
    task_clear(task);
    if (worker != NULL) {
        worker->frames = frame.below;
    }
    Py_XDECREF(function);
    if (worker != NULL) {
        worker->finishing = HAS_GIL && frame.below == NULL ? future : NULL;
    }
    int finished = future_finish(future, value, is_error);
    if (finished < 0) {
        report_failure(self);
    } else if (finished == 1) {
        discard(self, future);
    }
    if (worker != NULL) {
        worker->finishing = NULL;
    }
    if (sampled) {
        int64_t ended = fc_now_ns();
        worker->n_samples++;
        worker->call_ns += called - begun;
        worker->overhead_ns += ended - called;
    }
}

static void run_popped(TaskQueue *self, FutureObject *future, Worker *worker)
{
    Task task;
    if (future_claim(future, worker, &task)) {
        run_claimed(self, future, &task, worker);
    } else {
        discard(self, future);
    }
    Py_DECREF(future);
}

/* The next thing to do, or NULL: none, or more workers are awake than the queue is wide. A map (the
 * reference is the caller's as well) stays in the queue while it has items. */
static FutureObject *pop(TaskQueue *self, Py_ssize_t *start, Py_ssize_t *stop)
{
    FutureObject *future = NULL, *emptied = NULL;
    Worker *chosen = NULL;
    fc_lock(&self->mutex);
    if (self->n_pending > 0 && n_active_locked(self) <= self->width) {
        future = future_of_link(first_locked(self));
        if (future->flags & FUTURE_MAP) {
            MapObject *map = (MapObject *)future;
            bool taken = map_take_locked(map, start, stop);
            if (map->cursor >= map->n_items) {
                unlink_locked(self, future);
                emptied = future; /* the queue's reference, dropped below */
            }
            if (taken) {
                Py_INCREF(future);
            } else { /* it was finished by force; only its place was left */
                future = NULL;
            }
        } else {
            unlink_locked(self, future);
        }
        if (self->n_pending > 0) {
            chosen = choose_idle_locked(self);
        }
    }
    fc_unlock(&self->mutex);
    wake(chosen);
    if (emptied != NULL) {
        discard(self, emptied); /* one that was cancelled before its turn: tell who waits for it */
        Py_DECREF(emptied);
    }
    return future;
}

/* All chunks of a map that are left, on this thread. */
static bool run_map_inline(TaskQueue *self, MapObject *map, Worker *worker)
{
    Py_ssize_t start, stop;
    for (bool ran = false;; ran = true) {
        fc_lock(&self->mutex);
        bool taken = map_take_locked(map, &start, &stop);
        bool emptied = map->cursor >= map->n_items && map->future.link.next != NULL;
        if (emptied) {
            unlink_locked(self, &map->future);
        }
        fc_unlock(&self->mutex);
        if (emptied) {
            discard(self, &map->future);
            Py_DECREF(map);
        }
        if (!taken) {
            return ran;
        }
        map_run(map, worker, start, stop);
    }
}

static bool run_single_inline(TaskQueue *self, FutureObject *future, Worker *worker)
{
    Task task;
    if (!future_claim(future, worker, &task)) {
        return false;
    }
    queue_unlink(future);
    run_claimed(self, future, &task, worker);
    return true;
}

bool queue_run_inline(FutureObject *future, Worker *worker)
{
    fc_lock(&future->mutex);
    TaskQueue *self = future->queue;
    Py_XINCREF(self);
    fc_unlock(&future->mutex);
    if (self == NULL) {
        return false;
    }
    if (Py_EnterRecursiveCall(" while running an awaited task")) {
        Py_DECREF(self);
        return false;
    }
    /* The task must not see the exception that the waiting code is handling. */
#if PY_VERSION_HEX >= 0x030b0000
    PyObject *handled = PyErr_GetHandledException();
    PyErr_SetHandledException(NULL);
#else
    PyObject *type, *handled, *traceback;
    PyErr_GetExcInfo(&type, &handled, &traceback);
    PyErr_SetExcInfo(NULL, NULL, NULL);
#endif
    bool ran = future->flags & FUTURE_MAP ? run_map_inline(self, (MapObject *)future, worker)
                                          : run_single_inline(self, future, worker);
#if PY_VERSION_HEX >= 0x030b0000
    PyErr_SetHandledException(handled);
    Py_XDECREF(handled);
#else
    PyErr_SetExcInfo(type, handled, traceback);
#endif
    Py_LeaveRecursiveCall();
    Py_DECREF(self);
    return ran;
}

/* ---- the worker's loop ---- */

/* Sleep until there may be work; false when the worker is to leave. */
static bool rest(TaskQueue *self, Worker *worker)
{
    fc_lock(&self->mutex);
    bool surplus = n_active_locked(self) > self->width;
    bool ends = self->closed && (self->n_holds == 0 || (self->closed & QUEUE_TERMINATED));
    bool leaves = surplus || (ends && self->n_pending == 0);
    if (leaves || self->n_pending > 0) {
        fc_unlock(&self->mutex);
        return !leaves;
    }
    worker->next_idle = self->idle;
    self->idle = worker;
    self->n_idle++;
    fc_unlock(&self->mutex);

    worker->busy_ns += fc_now_ns() - worker->awake_ns;
    PyThreadState *thread = PyEval_SaveThread();
    settle(worker);
    (void)fc_baton_take(&worker->parker, FOREVER, SPIN_NS, false);
    int64_t woken = fc_now_ns();
    PyEval_RestoreThread(thread);
    worker->awake_ns = fc_now_ns();
    worker->gil_ns += worker->awake_ns - woken;

    fc_lock(&self->mutex);
    self->waking = false;
    fc_unlock(&self->mutex);
    return true;
}

static void enlist(TaskQueue *self, Worker *worker)
{
    fc_lock(&self->mutex);
    self->n_starting--;
    worker->next = self->workers;
    worker->prev = NULL;
    if (self->workers != NULL) {
        self->workers->prev = worker;
    }
    self->workers = worker;
    fc_unlock(&self->mutex);
}

static void retire(TaskQueue *self, Worker *worker)
{
    fc_lock(&self->mutex);
    if (worker->generation == fc_fork_generation) {
        self->n_threads--;
        self->n_tasks += worker->n_tasks;
        self->n_samples += worker->n_samples;
        self->busy_ns += worker->busy_ns;
        self->gil_ns += worker->gil_ns;
        self->call_ns += worker->call_ns;
        self->overhead_ns += worker->overhead_ns;
        if (worker->next != NULL) {
            worker->next->prev = worker->prev;
        }
        *(worker->prev != NULL ? &worker->prev->next : &self->workers) = worker->next;
    }
    fc_unlock(&self->mutex);
}

int queue_work(TaskQueue *self)
{
    Worker worker = {
        .queue = self, .interpreter = PyInterpreterState_Get(), .generation = fc_fork_generation};
    if (fc_current_worker != NULL) {
        PyErr_SetString(PyExc_RuntimeError, "this thread is a worker already");
        return -1;
    }
    fc_baton_init(&worker.parker);
    worker.awake_ns = fc_now_ns();
    enlist(self, &worker);
    fc_current_worker = &worker;
    /* In the child of a fork that a task made, the loop ends with that task. */
    while (worker.generation == fc_fork_generation) {
        Py_ssize_t start, stop;
        FutureObject *future = pop(self, &start, &stop);
        if (future == NULL) {
            if (!rest(self, &worker)) {
                break;
            }
            continue;
        }
        settle(&worker);
        if (future->flags & FUTURE_MAP) {
            map_run((MapObject *)future, &worker, start, stop);
            Py_DECREF(future);
        } else {
            run_popped(self, future, &worker);
        }
        (void)worker_breathe(&worker);
    }
    settle(&worker);
    fc_current_worker = NULL;
    worker.busy_ns += fc_now_ns() - worker.awake_ns;
    retire(self, &worker);
    fc_baton_destroy(&worker.parker);
    return 0;
}
