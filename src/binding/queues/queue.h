/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the files of the queue types share: queue_store.c (items, hooks, locks), queue_ops.c
 * (methods) and queue_type.c (attributes, specs).
 *
 * The specification is the standard library's queue module, attributes included: programs subclass
 * Queue and override _put, lock q.mutex, wait on q.not_empty, read q.queue. A queue that nobody has
 * treated so needs none of those objects, so it is in one of three modes, and goes only downwards
 * until __init__ is called again:
 *
 *     bare        items in a ring; a few C statements under the guard are one operation; waiters
 * are native locked      `mutex` exists and every operation holds it, because somebody may see it
 * held: hooks are overridden, items compare themselves (PriorityQueue), `queue` or `mutex` was
 * asked for conditions  not_empty, not_full and all_tasks_done exist too, and the threads wait
 * there
 *
 * An operation is entered and left in one way whatever the mode:
 *
 *     queue_enter  ->  bare: guard locked, *held NULL.   else: *held is the lock taken, guard free
 *     queue_leave  */
#ifndef QUEUE_H
#define QUEUE_H

#include "guard.h"
#include "ring.h"
#include "state.h"
#include "waiters.h"

typedef enum queue_kind { KIND_FIFO, KIND_LIFO, KIND_PRIORITY } queue_kind;

/* The lock and its three conditions: indices of the arrays below and closures of the attributes. */
typedef enum queue_lock {
    LOCK_MUTEX,
    LOCK_NOT_EMPTY,
    LOCK_NOT_FULL,
    LOCK_ALL_DONE,
    N_LOCKS
} queue_lock;

/* What a subclass or an instance overrides. The first three are called with the mutex held. */
enum {
    HOOK_QSIZE = 1,
    HOOK_PUT = 2,
    HOOK_GET = 4,
    HOOK_ITEMS = 7,
    HOOK_PUBLIC_PUT = 8,  /* put_nowait calls put() */
    HOOK_PUBLIC_GET = 16, /* get_nowait calls get() */
};

#define LIMIT_ASK (-1) /* maxsize is no integer: compare the object itself, as Python would */

typedef struct QueueObject {
    PyObject_HEAD PyObject *dict, *weakrefs;
    fc_state *state;
    PyObject *names; /* interned strings, NAME_* */
    queue_kind kind;
    unsigned hooks; /* of the type when its version was hooks_version, and of the instance */
    unsigned instance_hooks; /* set as attributes of the instance */
    unsigned hooks_version;  /* 0: look again */
    fc_guard guard;
    /* Guarded; in bare mode the guard is held for the whole operation. */
    fc_ring ring;
    PyObject *store;          /* NULL: the items are in the ring */
    PyObject *locks[N_LOCKS]; /* NULL: nobody asked yet */
    fc_waiters waiting[N_LOCKS];
    PyObject *maxsize;
    Py_ssize_t limit; /* of maxsize; 0 is none; or LIMIT_ASK */
    Py_ssize_t unfinished;
    bool is_shutdown;
} QueueObject;

/* Names used often, kept interned in one tuple of the module's state. */
#define QUEUE_NAMES(X)                                                                             \
    X(ACQUIRE, "acquire")                                                                          \
    X(RELEASE, "release")                                                                          \
    X(WAIT, "wait")                                                                                \
    X(NOTIFY, "notify")                                                                            \
    X(NOTIFY_ALL, "notify_all")                                                                    \
    X(QSIZE, "_qsize")                                                                             \
    X(PUT, "_put")                                                                                 \
    X(GET, "_get")                                                                                 \
    X(INIT, "_init")                                                                               \
    X(PUBLIC_PUT, "put")                                                                           \
    X(PUBLIC_GET, "get")                                                                           \
    X(APPEND, "append")                                                                            \
    X(POP, "pop")                                                                                  \
    X(POPLEFT, "popleft")                                                                          \
    X(BLOCK, "block")                                                                              \
    X(TIMEOUT, "timeout")                                                                          \
    X(ITEM, "item")
typedef enum queue_name {
#define QUEUE_NAME(name, text) NAME_##name,
    QUEUE_NAMES(QUEUE_NAME)
#undef QUEUE_NAME
        N_NAMES
} queue_name;

static inline PyObject *queue_name_of(const QueueObject *self, queue_name name)
{
    return PyTuple_GET_ITEM(self->names, name);
}

/* ---- queue_store.c ---- */

/* Bring self->hooks up to date; -1 with an exception set. queue_enter does it, too. */
int queue_look_for_hooks(QueueObject *self);

/* Enter an operation that Python would begin with `with self.<which>:`. -1 with an exception set
 * (Ctrl-C while waiting for the lock); then nothing is held. */
int queue_enter(QueueObject *self, queue_lock which, PyObject **held);
/* Returns `result`, or NULL with an exception set when the lock could not be released. */
PyObject *queue_leave(QueueObject *self, PyObject *held, PyObject *result);

/* Wait inside an operation for a notification of `which`; the lock is given up meanwhile. */
typedef enum queue_waited {
    WAIT_AGAIN,     /* look again; entered as before */
    WAIT_TIMED_OUT, /* the time was over already; entered as before */
    WAIT_FAILED,    /* exception set; no longer entered */
} queue_waited;
queue_waited queue_wait(QueueObject *self, queue_lock which, PyObject **held, fc_timeout *timeout);
/* Wake one waiter, or all. -1 with an exception set (never in bare mode). */
int queue_notify(QueueObject *self, PyObject *held, queue_lock which, bool all);

/* The storage itself, as the methods _qsize, _put and _get of the base class see it. Run Python
 * code, unless the items are in the ring. The mutex is the caller's business. */
Py_ssize_t store_size(QueueObject *self);
int store_put(QueueObject *self, PyObject *item);
PyObject *store_get(QueueObject *self);
/* `_init`: an empty storage. Also in bare mode; the guard must be free. */
int store_reset(QueueObject *self);

/* Attributes. The getters make what is missing; all return new references. */
PyObject *queue_expose_store(QueueObject *self);
int queue_replace_store(QueueObject *self, PyObject *store);
PyObject *queue_expose_lock(QueueObject *self, queue_lock which);
int queue_replace_lock(QueueObject *self, queue_lock which, PyObject *lock);

/* ---- queue_ops.c ---- */

extern PyMethodDef queue_methods[];
/* The C functions behind the hooks, to tell whether they are overridden. */
extern const PyCFunction queue_hook_functions[5];

#endif
