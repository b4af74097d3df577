/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Python tasks: the future that is its own queue node, the queue with its workers, the waits.
 *
 *     submit --> FutureObject --(linked)--> TaskQueue --pop--> a worker calls it --> future_finish
 *                                                                                      |
 *     result(), wait(), as_completed():   Waiter <--WaitLink-- FutureObject.extra <----+
 *
 * With a GIL it guards everything here: no Python code runs between a test and the change that
 * relies on it. A free-threaded build has the mutexes named beside the fields; their order is
 * graph, future, waiter, queue (take them left to right, never two of one kind, but for the search
 * in future_wait.c). No destructor and no other Python code runs under a mutex.
 *
 * The standard library's readers of a future (`concurrent.futures.wait` and the like) lock its
 * `_condition`. It is made when somebody asks; from then on every transition that they may see
 * happens under it. */
#ifndef TASKS_H
#define TASKS_H

#include "fc_baton.h"
#include "state.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef Py_GIL_DISABLED
typedef PyMutex fc_mutex;
enum { HAS_GIL = 0 };
#else
enum { HAS_GIL = 1 };
typedef struct fc_mutex {
    uint8_t unused;
} fc_mutex;
#endif

static inline void fc_lock(fc_mutex *mutex)
{
#ifdef Py_GIL_DISABLED
    PyMutex_Lock(mutex);
#else
    (void)mutex;
#endif
}

static inline void fc_unlock(fc_mutex *mutex)
{
#ifdef Py_GIL_DISABLED
    PyMutex_Unlock(mutex);
#else
    (void)mutex;
#endif
}

/* How long a thread without work looks for it before it sleeps. Never with a GIL: whoever looks
 * there keeps it from those who work, or waits for it in any case. */
enum { SPIN_NS = HAS_GIL ? 0 : 20 * 1000 };

/* ---- futures ---- */

typedef struct FutureObject FutureObject;
typedef struct MapObject MapObject;
typedef struct TaskQueue TaskQueue;
typedef struct Worker Worker;
typedef struct Waiter Waiter;

typedef struct ListLink { /* member of a circular list with a sentinel; next is NULL outside of one
                           */
    struct ListLink *next, *prev;
} ListLink;

enum { /* FutureObject.state */
       FUTURE_PENDING,
       FUTURE_RUNNING,
       FUTURE_CANCELLED, /* from here on result() does not wait */
       FUTURE_CANCELLED_AND_NOTIFIED,
       FUTURE_FINISHED,
       FUTURE_N_STATES
};

enum {                         /* FutureObject.flags */
       FUTURE_HAS_ERROR = 1,   /* finished: value is an exception */
       FUTURE_PACKED = 2,      /* pending: args[0] is a PackedArgs */
       FUTURE_MAP = 4,         /* this is a MapObject */
       FUTURE_SET_BY_HAND = 8, /* somebody assigned _state; he may still hold the condition */
};

enum { INLINE_ARGS = 3 };

typedef struct PackedArgs { /* the arguments of a call with keywords or more than INLINE_ARGS
                               positions */
    PyObject *kwnames;      /* tuple or NULL */
    Py_ssize_t n_positional;
    Py_ssize_t n_items;
    PyObject *items[]; /* items[0] is left free for PY_VECTORCALL_ARGUMENTS_OFFSET */
} PackedArgs;

typedef struct WaitLink { /* a waiter's membership in one future's list */
    struct WaitLink *next, *prev;
    Waiter *waiter;
    FutureObject *future; /* strong while the link is in use */
    struct WaitLink *next_done;
} WaitLink;

typedef struct FutureExtra { /* what few futures need; made on demand */
    PyObject *condition;     /* threading.Condition; set once, under the future's mutex */
    PyObject *waiters;       /* list of the standard library's waiters */
    PyObject *callbacks;     /* list */
    ListLink links;          /* of WaitLink */
    uint32_t generation;     /* of the process (forks) that made the links */
} FutureExtra;

struct FutureObject {
    PyObject_HEAD
#if PY_VERSION_HEX < 0x030b0000
        PyObject
            *base_dict; /* where concurrent.futures.Future keeps its __dict__ and weak references */
#endif
#if PY_VERSION_HEX < 0x030c0000
    PyObject *base_weakrefs;
#endif
    ListLink link;    /* in the queue; guarded by the queue's mutex */
    TaskQueue *queue; /* strong while pending or running there, else NULL */
    PyObject *value;  /* pending: the callable; finished: the result or exception */
    union {
        PyObject *args[INLINE_ARGS]; /* pending */
        PackedArgs *packed;          /* pending, FUTURE_PACKED */
        struct {                     /* running */
            Worker *worker;          /* or NULL */
            atomic_bool *stop;       /* tells the integrator that runs to end; NULL: none does */
        } run;
    } u;
    FutureExtra *extra;
    uint8_t state; /* fc_mutex mutex; read without it by future_state() */
    uint8_t flags;
    uint8_t n_args;
    fc_mutex mutex;
};

typedef struct Task { /* a claimed call, moved out of its future */
    PyObject *function;
    PackedArgs *packed; /* or NULL: then the arguments are args[1 .. n_args] */
    Py_ssize_t n_args;
    PyObject *args[1 + INLINE_ARGS];
} Task;

static inline uint8_t future_state(const FutureObject *self)
{
#ifdef Py_GIL_DISABLED
    return __atomic_load_n(&self->state,
                           __ATOMIC_ACQUIRE); /* pairs with future_set_state: value is visible */
#else
    return self->state;
#endif
}

static inline void future_set_state(FutureObject *self, uint8_t state)
{
#ifdef Py_GIL_DISABLED
    __atomic_store_n(&self->state, state, __ATOMIC_RELEASE);
#else
    self->state = state;
#endif
}

static inline bool future_is_done(const FutureObject *self)
{
    return future_state(self) >= FUTURE_CANCELLED;
}

extern const char *const fc_state_names[FUTURE_N_STATES];
extern PyGetSetDef fc_future_getset[];

/* tp_traverse and tp_clear; a map has more to do. */
int future_traverse(PyObject *self, visitproc visit, void *arg);
int future_clear(PyObject *self);

/* A new pending future, unknown to the cyclic collector. */
FutureObject *future_new(PyTypeObject *type);

/* Let the cyclic collector see it: it may be part of a cycle from now on. */
void future_track(FutureObject *self);

/* The extra part, made when missing; NULL with MemoryError. The future's mutex is held. */
FutureExtra *future_extra_locked(FutureObject *self);

/* Pending -> running, for `runner` (NULL: not a worker): the call is moved to *task. False when the
 * future is not pending (any more); *task is untouched. */
bool future_claim(FutureObject *self, Worker *runner, Task *task);

/* Calls it; a new reference, or NULL with an exception. task_clear drops what the task holds. */
PyObject *task_call(Task *task);
void task_clear(Task *task);

/* Pending or running -> finished. Steals `value`. Wakes and notifies whoever waits, then runs the
 * callbacks. 0; 1 when it was done before (nothing happens); -1 with the BaseException of a
 * callback or a lock. */
int future_finish(FutureObject *self, PyObject *value, bool is_error);

/* cancelled -> cancelled and notified, for a future that leaves the queue unrun. Same results. */
int future_notify_cancelled(FutureObject *self);

/* Pending -> cancelled, or running -> cancelled for an integrator, which ends soon: 1 it is
 * cancelled, 0 it is running or finished, -1 with an exception. */
int future_cancel(FutureObject *self);

/* The exception that is set, taken off and complete with traceback. Never NULL. */
PyObject *exception_take(void);

/* logging.getLogger("concurrent.futures").<method>(format, *args, exc_info=<the exception that is
 * set>); the exception is consumed. A failure of the log itself goes to sys.unraisablehook. */
void log_exception(fc_state *state, const char *method, const char *format, PyObject *arg);

/* ---- waiting ---- */

struct Waiter {
    fc_baton baton;     /* passed by whoever wakes the waiter */
    fc_mutex mutex;     /* guards all below */
    bool on_cancel;     /* a future that is merely cancelled counts as done: result() */
    bool on_error;      /* the first failed future wakes: FIRST_EXCEPTION */
    bool asleep;        /* so a wake-up is due; who takes this back owes the baton */
    Waiter *next_woken; /* written by whoever owes the baton */
    Worker *worker;     /* sleeping worker that gave its place in its pool away, or NULL */
    size_t wanted;      /* more completions until the wake-up */
    WaitLink *done, **done_tail;
};

void waiter_init(Waiter *self);
void waiter_destroy(Waiter *self);

/* Deadlines are fc_now_ns() values; FOREVER never comes. */
#define FOREVER FC_BATON_FOREVER

/* Sleeps, with `asleep` set before, until woken (1), the deadline (0), or a signal whose handler
 * raised (-1). Nobody owes the baton afterwards. Releases the GIL. */
int waiter_sleep(Waiter *self, int64_t deadline);

/* No longer asleep, though not woken. If the wake-up is under way all the same, await it and return
 * true. */
bool waiter_withdraw(Waiter *self);

/* Both with the future's mutex held. A link that a fork left behind is forgotten, not touched. */
bool future_link_locked(FutureObject *self, WaitLink *link); /* false with MemoryError */
void future_unlink_locked(FutureObject *self, WaitLink *link);

/* Tell the waiters of a future that changed; the mutex is held. `final`: more than just cancelled.
 * Returns those that are due to wake up: waiters_wake() does it once the mutex is free, or they
 * would run into it. */
FC_MUST_CHECK Waiter *future_wake_locked(FutureObject *self, bool final);
void waiters_wake(Waiter *woken);
void waiters_wake_soon(FutureObject *future, Waiter *woken); /* but see Worker.owed */

/* Wait until result() need not wait: 1; 0 at the deadline; -1 with an exception (signal,
 * DeadlockError, out of memory). A worker waiting for its own pool without a deadline runs a
 * pending task itself. `caller_runs`: so does any other thread. */
int future_wait(FutureObject *self, int64_t deadline, bool caller_runs);

/* The worker is about to wait without a deadline for all of these futures, or for any one. -1 with
 * DeadlockError when that can never end; else graph_leave() is due after the wait. */
int graph_enter_many(Worker *worker, WaitLink *links, Py_ssize_t n, bool all);
void graph_leave(Worker *worker);

/* The standard library's reading of a time-out: None is FOREVER, not positive is now. -1 with the
 * exception that lock.acquire() raises. */
int deadline_from(PyObject *timeout, int64_t *deadline);

/* Sets the exception of lock.acquire(True, timeout), whose text depends on the version. */
void raise_bad_timeout(PyObject *timeout);

/* ---- the queue and its workers ---- */

typedef struct Frame { /* one for every task on a worker's stack */
    FutureObject *future;
    PyObject *function; /* borrowed; for the text of a DeadlockError */
    struct Frame *below;
    struct Frame *next_claim; /* of the same map */
    Worker *worker;
} Frame;

struct Worker { /* lives on the stack of its thread */
    TaskQueue *queue;
    PyInterpreterState *interpreter;
    fc_baton parker;         /* passed to wake an idle worker */
    Waiter *owed;            /* whom its last task woke, if that waits until it gives the GIL up */
    FutureObject *finishing; /* it may, if they wait for this one: the last task's, being ended */
    Worker *next_idle;
    Worker *next, *prev;     /* all workers of the queue */
    Frame *frames;           /* the tasks that it runs, innermost first */
    FutureObject *waits_for; /* guarded by the graph mutex */
    uint32_t generation;
    bool blocked;     /* counted in n_blocked; guarded by the queue's mutex */
    int64_t tick_ns;  /* of the last chance for other threads */
    int64_t awake_ns; /* end of its last sleep */
    uint64_t n_tasks, n_samples;
    int64_t busy_ns, gil_ns, call_ns, overhead_ns; /* the last two of the samples */
};

typedef struct Level { /* the tasks of one priority other than 0 */
    struct Level *next;
    long priority;
    ListLink tasks;
} Level;

enum { /* TaskQueue.closed: reasons to take no more tasks */
       QUEUE_SHUTDOWN = 1,
       QUEUE_BROKEN = 2,
       QUEUE_EXITING = 4,
       QUEUE_ORPHAN = 8,      /* the pool was dropped */
       QUEUE_TERMINATED = 16, /* not even internal ones */
};

struct TaskQueue {
    PyObject_HEAD fc_state *state;
    PyObject *spawn;  /* spawn(): starts one more worker thread; NULL once cleared */
    PyObject *refuse; /* refuse(): raises why no task is taken */
    PyObject *future_type, *map_type; /* borrowed from the state: what submit and map return */
    fc_mutex mutex;                   /* guards all below */
    uint8_t closed;
    bool waking;       /* a wake-up is under way: one at a time, the woken worker wakes the next */
    bool caller_runs;  /* default of result(caller_runs=) */
    bool copy_context; /* tasks run in a copy of the submitter's context */
    ListLink tasks;    /* of priority 0 */
    Level *levels;     /* all others, highest first; empty ones stay */
    size_t n_pending;  /* linked futures */
    unsigned width;    /* no more workers than that run at once */
    unsigned n_threads, n_starting, n_idle,
        n_blocked;    /* starting, idle and blocked ones are among the threads */
    unsigned n_holds; /* feeders that will add tasks even though the queue is closed */
    Worker *idle;     /* last in, first out */
    Worker *workers;
    uint64_t n_tasks, n_samples; /* of workers that left */
    int64_t busy_ns, gil_ns, call_ns, overhead_ns, started_ns;
};

/* The worker that runs on this thread, or NULL. Its task may run code in another interpreter, which
 * has other locks: waits ask current_worker(). */
extern _Thread_local Worker *fc_current_worker;

static inline Worker *current_worker(void)
{
    Worker *worker = fc_current_worker;
    return worker != NULL && worker->interpreter == PyInterpreterState_Get() ? worker : NULL;
}

/* Grows in each forked child: workers and waits of an older generation do not exist here. */
extern uint32_t fc_fork_generation;

/* Append a pending future and see to it that a worker comes. The queue takes a reference. -1 with
 * an exception, and the future not in the queue, when the queue is closed (`is_internal` ignores
 * that) or has no worker and none can be started. */
int queue_push(TaskQueue *self, FutureObject *future, long priority, bool is_internal);

/* Take a future out that is not to be run from the queue (run elsewhere); no-op when it is not in
 * it. */
void queue_unlink(FutureObject *future);

/* Run a pending task of the queue on this thread: false when it is not pending. `worker` may be
 * NULL. */
bool queue_run_inline(FutureObject *future, Worker *worker);

/* A worker goes to sleep waiting for a task of its pool, which may replace it meanwhile: true when
 * queue_spawn() must be called to that end. Called with the mutex of what it waits for held, when
 * the wake-up is arranged: were the task finished in between, worker and replacement would both
 * run. */
bool queue_block(Worker *worker);

/* Start the thread that was announced. -1 with an exception when that fails and no worker is left.
 */
int queue_spawn(TaskQueue *self);

/* It is awake. Whoever wakes it does this on its behalf, so that a replacement retires in time;
 * idempotent. */
void queue_unblock(Worker *worker);

/* Wake every idle worker, so that it sees that the queue was closed. */
void queue_wake_all(TaskQueue *self);

/* The loop of a worker thread: returns when the queue is closed and drained, or the worker is
 * surplus. */
int queue_work(TaskQueue *self);

/* For a loop that may never enter Python's evaluation loop: do what that does between two calls
 * when the time has come, which is to hand the GIL over to a thread that asked for it, to let the
 * collector run or the world stop. True when it had come (every few milliseconds). */
bool worker_breathe(Worker *worker);

/* ---- maps ---- */

struct MapObject {
    FutureObject future;
    TaskQueue *queue; /* strong; future.queue goes when the map is finished, this stays */
    /* set when made */
    PyObject *function;
    PyObject *items; /* private list; an item is taken out when its turn comes */
    PyObject
        *before; /* before(succeeded, value) is called just before the future finishes, or NULL */
    Py_ssize_t n_items, chunk; /* chunk 0: chosen as the map goes, from the time that items take */
    bool star, return_exceptions;
    /* guarded by the queue's mutex */
    PyObject *results; /* private list until finished */
    PyObject *error;
    Py_ssize_t cursor, n_done;
    int64_t item_ns; /* estimate for automatic chunks */
    Frame *claims;   /* workers that run items of it */
};

/* The next chunk [*start, *stop); false when none is left. The queue's mutex is held. */
bool map_take_locked(MapObject *self, Py_ssize_t *start, Py_ssize_t *stop);

/* Run a chunk that was taken; `worker` may be NULL. */
void map_run(MapObject *self, Worker *worker, Py_ssize_t start, Py_ssize_t stop);

/* ---- set-up ---- */

extern PyType_Spec fc_future_spec, fc_map_spec, fc_queue_spec, fc_tasks_spec, fc_completions_spec;
extern PyType_Spec fc_async_result_spec, fc_map_result_spec;

PyObject *fc_tasks_wait(PyObject *module, PyObject *args);

#endif
