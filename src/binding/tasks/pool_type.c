/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The types that Python builds pools from: TaskQueue, which the worker threads share, and TaskPool,
 * the base class of Pool and PoolExecutor, which owns a queue and submits to it. The rest of a pool
 * is not hot and written in Python (fastconc._workers, _executor, _pool). */
#include "tasks.h"

#include "fc_platform.h"

#include <string.h>

#define FASTCALL (METH_FASTCALL | METH_KEYWORDS)
#define WITH_KEYWORDS(function) ((PyCFunction)(void (*)(void))(function))

/* ---- TaskQueue ---- */

static PyObject *Queue_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"width", "caller_runs", "copy_context", "async_results", NULL};
    unsigned width;
    int caller_runs = 0, copy_context = 0, async_results = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "I|ppp:TaskQueue", names, &width, &caller_runs,
                                     &copy_context, &async_results)) {
        return NULL;
    }
    TaskQueue *self = (TaskQueue *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->state = fc_state_of_type(type);
    self->tasks.next = self->tasks.prev = &self->tasks;
    self->width = width;
    self->caller_runs = caller_runs;
    self->copy_context = copy_context;
    self->started_ns = fc_now_ns();
    if (self->state == NULL) {
        Py_DECREF(self);
        return NULL;
    }
    bool is_pool = async_results && self->state->map_result_type != NULL;
    self->future_type = is_pool ? self->state->async_result_type : self->state->future_type;
    self->map_type = is_pool ? self->state->map_result_type : self->state->map_type;
    return (PyObject *)self;
}

static int Queue_traverse(PyObject *op, visitproc visit, void *arg)
{
    TaskQueue *self = (TaskQueue *)op;
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->spawn);
    Py_VISIT(self->refuse);
    return 0;
}

static int Queue_clear(PyObject *op)
{
    TaskQueue *self = (TaskQueue *)op;
    Py_CLEAR(self->spawn);
    Py_CLEAR(self->refuse);
    return 0;
}

/* Takes out all pending futures: a list, or NULL with an exception (then some stay). */
static PyObject *take_all(TaskQueue *self)
{
    PyObject *taken = PyList_New(0);
    while (taken != NULL) {
        FutureObject *future = NULL;
        fc_lock(&self->mutex);
        ListLink *list = &self->tasks;
        for (Level *level = self->levels; list->next == list && level != NULL;
             level = level->next) {
            list = &level->tasks;
        }
        if (list->next != list) {
            future = (FutureObject *)(void *)((char *)list->next - offsetof(FutureObject, link));
            list->next = future->link.next;
            list->next->prev = list;
            future->link.next = future->link.prev = NULL;
            self->n_pending--;
        }
        fc_unlock(&self->mutex);
        if (future == NULL) {
            break;
        }
        if (PyList_Append(taken, (PyObject *)future) < 0) {
            Py_CLEAR(taken);
        }
        Py_DECREF(future);
    }
    return taken;
}

static void Queue_dealloc(PyObject *op)
{
    TaskQueue *self = (TaskQueue *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)Queue_clear(op);
    /* A future in the queue owns the queue, so none is left. */
    while (self->levels != NULL) {
        Level *level = self->levels;
        self->levels = level->next;
        PyMem_RawFree(level);
    }
    type->tp_free(op);
    Py_DECREF(type);
}

static PyObject *Queue_work(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return queue_work((TaskQueue *)self) < 0 ? NULL : Py_NewRef(Py_None);
}

static PyObject *Queue_qsize(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    TaskQueue *self = (TaskQueue *)op;
    fc_lock(&self->mutex);
    size_t n = self->n_pending;
    fc_unlock(&self->mutex);
    return PyLong_FromSize_t(n);
}

static PyObject *Queue_empty(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    TaskQueue *self = (TaskQueue *)op;
    fc_lock(&self->mutex);
    bool empty = self->n_pending == 0;
    fc_unlock(&self->mutex);
    return PyBool_FromLong(empty);
}

static PyObject *Queue_connect(PyObject *op, PyObject *args)
{
    TaskQueue *self = (TaskQueue *)op;
    PyObject *spawn, *refuse;
    if (!PyArg_ParseTuple(args, "OO:connect", &spawn, &refuse)) {
        return NULL;
    }
    Py_XSETREF(self->spawn, Py_NewRef(spawn));
    Py_XSETREF(self->refuse, Py_NewRef(refuse));
    Py_RETURN_NONE;
}

static PyObject *Queue_close(PyObject *op, PyObject *arg)
{
    TaskQueue *self = (TaskQueue *)op;
    long reasons = PyLong_AsLong(arg);
    if (reasons == -1 && PyErr_Occurred()) {
        return NULL;
    }
    fc_lock(&self->mutex);
    self->closed |= (uint8_t)reasons;
    fc_unlock(&self->mutex);
    queue_wake_all(self);
    Py_RETURN_NONE;
}

static PyObject *Queue_hold(PyObject *op, PyObject *arg)
{
    TaskQueue *self = (TaskQueue *)op;
    long change = PyLong_AsLong(arg);
    if (change == -1 && PyErr_Occurred()) {
        return NULL;
    }
    fc_lock(&self->mutex);
    self->n_holds += (unsigned)change;
    bool released = self->n_holds == 0 && self->closed;
    fc_unlock(&self->mutex);
    if (released) {
        queue_wake_all(self);
    }
    Py_RETURN_NONE;
}

static PyObject *Queue_take_all(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    return take_all((TaskQueue *)self);
}

static PyObject *Queue_add_thread(PyObject *op, PyObject *arg)
{
    TaskQueue *self = (TaskQueue *)op;
    long change = PyLong_AsLong(arg);
    if (change == -1 && PyErr_Occurred()) {
        return NULL;
    }
    fc_lock(&self->mutex);
    self->n_threads += (unsigned)change;
    self->n_starting += (unsigned)change;
    fc_unlock(&self->mutex);
    Py_RETURN_NONE;
}

static PyObject *Queue_in_worker(PyObject *self, PyObject *Py_UNUSED(ignored))
{
    Worker *worker = fc_current_worker;
    return PyBool_FromLong(worker != NULL && worker->queue == (TaskQueue *)self);
}

/* In a forked child: no thread of the parent is here, and what it had to do is the parent's.
 * Returns the futures that can never finish here. */
static PyObject *Queue_after_fork(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    TaskQueue *self = (TaskQueue *)op;
    memset(&self->mutex, 0, sizeof self->mutex);
    PyObject *lost = take_all(self);
    for (Worker *worker = self->workers; lost != NULL && worker != NULL; worker = worker->next) {
        for (Frame *frame = worker->frames; worker != fc_current_worker && frame != NULL;
             frame = frame->below) {
            memset(&frame->future->mutex, 0, sizeof frame->future->mutex);
            if (PyList_Append(lost, (PyObject *)frame->future) < 0) {
                Py_CLEAR(lost);
                break;
            }
        }
    }
    self->n_threads = self->n_starting = self->n_idle = self->n_blocked = self->n_holds = 0;
    self->idle = NULL;
    self->workers = NULL;
    self->waking = false;
    return lost;
}

static PyObject *Queue_stats(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    TaskQueue *self = (TaskQueue *)op;
    fc_lock(&self->mutex);
    int64_t now = fc_now_ns();
    uint64_t n_tasks = self->n_tasks, n_samples = self->n_samples;
    int64_t busy = self->busy_ns, gil = self->gil_ns, call = self->call_ns,
            overhead = self->overhead_ns;
    for (Worker *worker = self->workers; worker != NULL; worker = worker->next) {
        bool idle = false;
        for (Worker *other = self->idle; other != NULL; other = other->next_idle) {
            idle |= other == worker;
        }
        n_tasks += worker->n_tasks;
        n_samples += worker->n_samples;
        busy += worker->busy_ns + (idle ? 0 : now - worker->awake_ns);
        gil += worker->gil_ns;
        call += worker->call_ns;
        overhead += worker->overhead_ns;
    }
    PyObject *result = NULL;
    unsigned threads = self->n_threads, idle = self->n_idle, blocked = self->n_blocked;
    size_t pending = self->n_pending;
    int64_t lifetime = now - self->started_ns;
    fc_unlock(&self->mutex);
    result = Py_BuildValue("{s:K,s:n,s:I,s:I,s:I,s:L,s:L,s:L,s:K,s:L,s:L}", "tasks",
                           (unsigned long long)n_tasks, "pending", (Py_ssize_t)pending, "threads",
                           threads, "idle", idle, "blocked", blocked, "busy_ns", (long long)busy,
                           "gil_wait_ns", (long long)gil, "lifetime_ns", (long long)lifetime,
                           "samples", (unsigned long long)n_samples, "call_ns", (long long)call,
                           "overhead_ns", (long long)overhead);
    return result;
}

static PyObject *get_width(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLong(((TaskQueue *)op)->width);
}

static PyObject *get_closed(PyObject *op, void *Py_UNUSED(closure))
{
    return PyLong_FromLong(((TaskQueue *)op)->closed);
}

static PyGetSetDef Queue_getset[] = {
    {"width", get_width, NULL, "Tasks that may run at once.", NULL},
    {"closed", get_closed, NULL, "Reasons (bits) to take no more tasks.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMethodDef Queue_methods[] = {
    {"work", Queue_work, METH_NOARGS,
     "Run tasks on this thread until the queue is closed and empty."},
    {"qsize", Queue_qsize, METH_NOARGS, "Pending tasks; a map counts once."},
    {"empty", Queue_empty, METH_NOARGS, "Whether no task is pending."},
    {"connect", Queue_connect, METH_VARARGS,
     "connect(spawn, refuse): how to start a worker, how to refuse a task."},
    {"close", Queue_close, METH_O, "close(reasons): take no more tasks; idle workers leave."},
    {"hold", Queue_hold, METH_O, "hold(change): count those who will still add tasks."},
    {"take_all", Queue_take_all, METH_NOARGS, "Take out and return all pending futures."},
    {"add_thread", Queue_add_thread, METH_O,
     "add_thread(change): count a worker thread that starts, or failed to."},
    {"in_worker", Queue_in_worker, METH_NOARGS, "Whether this thread is one of the workers."},
    {"after_fork", Queue_after_fork, METH_NOARGS,
     "Empty the queue in a forked child; returns what was in it."},
    {"stats", Queue_stats, METH_NOARGS, "What the workers did, as a dict."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Queue_slots[] = {
    {Py_tp_doc, (void *)"TaskQueue(width, caller_runs=False, copy_context=False, "
                        "async_results=False)\n--\n\nWhat the workers of a pool share."},
    {Py_tp_new, Queue_new},
    {Py_tp_traverse, Queue_traverse},
    {Py_tp_clear, Queue_clear},
    {Py_tp_dealloc, Queue_dealloc},
    {Py_tp_methods, Queue_methods},
    {Py_tp_getset, Queue_getset},
    {0, NULL},
};

PyType_Spec fc_queue_spec = {
    .name = "fastconc._core.TaskQueue",
    .basicsize = sizeof(TaskQueue),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC,
    .slots = Queue_slots,
};

/* ---- TaskPool ---- */

typedef struct TaskPool {
    PyObject_HEAD TaskQueue *queue;
} TaskPool;

static int Pool_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((TaskPool *)op)->queue);
    return 0;
}

static void orphan(TaskPool *self)
{
    TaskQueue *queue = self->queue;
    if (queue != NULL) { /* the workers finish what is there, then leave */
        fc_lock(&queue->mutex);
        queue->closed |= QUEUE_ORPHAN;
        fc_unlock(&queue->mutex);
        queue_wake_all(queue);
    }
}

static int Pool_clear(PyObject *op)
{
    orphan((TaskPool *)op);
    Py_CLEAR(((TaskPool *)op)->queue);
    return 0;
}

static void Pool_dealloc(PyObject *op)
{
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    (void)Pool_clear(op);
    type->tp_free(op);
    Py_DECREF(type);
}

static TaskQueue *queue_of(PyObject *op)
{
    TaskQueue *queue = ((TaskPool *)op)->queue;
    if (queue == NULL) {
        PyErr_Format(PyExc_RuntimeError, "%s.__init__() has not been called", Py_TYPE(op)->tp_name);
    }
    return queue;
}

/* Store the call; `args` holds n positional arguments, then the values of kwnames. -1 with
 * MemoryError. */
static int set_call(FutureObject *future, PyObject *function, PyObject *const *args, Py_ssize_t n,
                    PyObject *kwnames)
{
    future->value = Py_NewRef(function);
    if (n <= INLINE_ARGS && kwnames == NULL) {
        for (Py_ssize_t i = 0; i < n; i++) {
            future->u.args[i] = Py_NewRef(args[i]);
        }
        future->n_args = (uint8_t)n;
        return 0;
    }
    Py_ssize_t n_items = n + (kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames));
    PackedArgs *packed = PyMem_Malloc(sizeof *packed + (size_t)(n_items + 1) * sizeof(PyObject *));
    if (packed == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    packed->kwnames = Py_XNewRef(kwnames);
    packed->n_positional = n;
    packed->n_items = n_items;
    packed->items[0] = NULL;
    for (Py_ssize_t i = 0; i < n_items; i++) {
        packed->items[i + 1] = Py_NewRef(args[i]);
    }
    future->u.packed = packed;
    future->flags |= FUTURE_PACKED;
    return 0;
}

static PyObject *push_or_drop(TaskQueue *queue, FutureObject *future, long priority,
                              bool is_internal)
{
    future->queue = (TaskQueue *)Py_NewRef(queue);
    if (queue_push(queue, future, priority, is_internal) < 0) {
        Py_DECREF(future);
        return NULL;
    }
    return (PyObject *)future;
}

/* function(*args) -> context.run(function, *args) in a copy of the current context. */
static PyObject *submit_in_context(TaskQueue *queue, PyObject *const *args, Py_ssize_t n_args,
                                   PyObject *kwnames, long priority, bool is_internal)
{
    PyObject *context = PyContext_CopyCurrent();
    PyObject *run = context == NULL ? NULL : PyObject_GetAttrString(context, "run");
    Py_XDECREF(context);
    FutureObject *future = run == NULL ? NULL : future_new((PyTypeObject *)queue->future_type);
    if (future != NULL && set_call(future, run, args, n_args, kwnames) < 0) {
        Py_CLEAR(future);
    }
    Py_XDECREF(run);
    return future == NULL ? NULL : push_or_drop(queue, future, priority, is_internal);
}

/* args[0] is the function. */
static PyObject *submit(TaskQueue *queue, PyObject *const *args, Py_ssize_t n_args,
                        PyObject *kwnames, long priority, bool is_internal)
{
    if (queue->copy_context) {
        return submit_in_context(queue, args, n_args, kwnames, priority, is_internal);
    }
    FutureObject *future = future_new((PyTypeObject *)queue->future_type);
    if (future == NULL) {
        return NULL;
    }
    if (set_call(future, args[0], args + 1, n_args - 1, kwnames) < 0) {
        Py_DECREF(future);
        return NULL;
    }
    return push_or_drop(queue, future, priority, is_internal);
}

PyDoc_STRVAR(submit_doc, "submit($self, fn, /, *args, **kwargs)\n--\n\n"
                         "Schedule fn(*args, **kwargs) and return a Future of its result.\n\n"
                         "Every keyword goes to fn. Raises RuntimeError after shutdown, "
                         "BrokenExecutor when an initializer "
                         "failed.");

static PyObject *Pool_submit(PyObject *self, PyObject *const *args, Py_ssize_t n_args,
                             PyObject *kwnames)
{
    TaskQueue *queue = queue_of(self);
    if (queue == NULL) {
        return NULL;
    }
    if (n_args < 1) {
        PyErr_Format(PyExc_TypeError, "%s.submit() missing 1 required positional argument: 'fn'",
                     Py_TYPE(self)->tp_name);
        return NULL;
    }
    return submit(queue, args, n_args, kwnames, 0, false);
}

PyDoc_STRVAR(submit_as_doc, "_submit_as($self, priority, is_internal, fn, /, *args, "
                            "**kwargs)\n--\n\nsubmit() with a priority; an "
                            "internal one is taken by a closed queue too.");

static PyObject *Pool_submit_as(PyObject *self, PyObject *const *args, Py_ssize_t n_args,
                                PyObject *kwnames)
{
    if (n_args < 3) {
        PyErr_SetString(PyExc_TypeError, "_submit_as() takes priority, is_internal and fn");
        return NULL;
    }
    long priority = PyLong_AsLong(args[0]);
    if (priority == -1 && PyErr_Occurred()) {
        return NULL;
    }
    int is_internal = PyObject_IsTrue(args[1]);
    TaskQueue *queue = is_internal < 0 ? NULL : queue_of(self); /* after Python code has run */
    return queue == NULL ? NULL
                         : submit(queue, args + 2, n_args - 2, kwnames, priority, is_internal);
}

PyDoc_STRVAR(submit_each_doc, "_submit_each($self, fn, arguments, /)\n--\n\n"
                              "Submit fn(*args) for each tuple of an iterable; a list of futures.");

static PyObject *Pool_submit_each(PyObject *self, PyObject *const *args, Py_ssize_t n_args)
{
    TaskQueue *queue = queue_of(self);
    if (queue == NULL || n_args != 2) {
        return queue == NULL
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "_submit_each() takes fn and arguments");
    }
    Py_INCREF(queue); /* the iterable may call __init__ again, which opens another one */
    PyObject *iterator = PyObject_GetIter(args[1]);
    PyObject *futures = iterator == NULL ? NULL : PyList_New(0);
    PyObject *item;
    while (futures != NULL && (item = PyIter_Next(iterator)) != NULL) {
        FutureObject *future = NULL;
        PyObject *stack[1 + INLINE_ARGS] = {args[0]};
        Py_ssize_t n = PyTuple_Check(item) ? PyTuple_GET_SIZE(item) : -1;
        if (n >= 0 && n <= INLINE_ARGS) {
            memcpy(stack + 1, ((PyTupleObject *)item)->ob_item, (size_t)n * sizeof *stack);
            future = (FutureObject *)submit(queue, stack, n + 1, NULL, 0, false);
        } else if (n > 0) {
            PyObject **many = PyMem_Malloc((size_t)(n + 1) * sizeof *many);
            if (many == NULL) {
                PyErr_NoMemory();
            } else {
                many[0] = args[0];
                memcpy(many + 1, ((PyTupleObject *)item)->ob_item, (size_t)n * sizeof *many);
                future = (FutureObject *)submit(queue, many, n + 1, NULL, 0, false);
                PyMem_Free(many);
            }
        } else {
            PyErr_SetString(PyExc_TypeError, "_submit_each() takes tuples");
        }
        Py_DECREF(item);
        if (future == NULL || PyList_Append(futures, (PyObject *)future) < 0) {
            Py_CLEAR(futures);
        }
        Py_XDECREF(future);
    }
    Py_XDECREF(iterator);
    Py_DECREF(queue);
    if (futures != NULL && PyErr_Occurred()) {
        Py_CLEAR(futures);
    }
    return futures;
}

PyDoc_STRVAR(
    submit_map_doc,
    "_submit_map($self, fn, items, chunk, star, return_exceptions, before, priority, /)\n--\n\n"
    "One future for fn of each item of a list, which is the callee's from now on. chunk 0: "
    "automatic.");

static PyObject *Pool_submit_map(PyObject *self, PyObject *args)
{
    PyObject *function, *items, *before;
    Py_ssize_t chunk;
    int star, return_exceptions;
    long priority;
    if (!PyArg_ParseTuple(args, "OO!nppOl:_submit_map", &function, &PyList_Type, &items, &chunk,
                          &star, &return_exceptions, &before, &priority)) {
        return NULL;
    }
    TaskQueue *queue = queue_of(self); /* after Python code has run */
    if (queue == NULL) {
        return NULL;
    }
    MapObject *map = (MapObject *)future_new((PyTypeObject *)queue->map_type);
    if (map == NULL) {
        return NULL;
    }
    future_track(&map->future);
    map->future.flags |= FUTURE_MAP;
    map->queue = (TaskQueue *)Py_NewRef(queue);
    map->function = Py_NewRef(function);
    map->items = Py_NewRef(items);
    map->before = before == Py_None ? NULL : Py_NewRef(before);
    map->n_items = PyList_GET_SIZE(items);
    map->chunk = chunk;
    map->star = star;
    map->return_exceptions = return_exceptions;
    map->results = PyList_New(map->n_items);
    if (map->results == NULL) {
        Py_DECREF(map);
        return NULL;
    }
    /* Both lists have holes until the map is finished, so the collector must not show them to
     * anybody. */
    PyObject_GC_UnTrack(map->results);
    PyObject_GC_UnTrack(items);
    return push_or_drop(queue, &map->future, priority, false);
}

static PyObject *Pool_open(PyObject *self, PyObject *queue)
{
    fc_state *state = fc_state_of_type(Py_TYPE(self));
    if (state == NULL || !PyObject_TypeCheck(queue, (PyTypeObject *)state->task_queue_type)) {
        return state == NULL ? NULL : PyErr_Format(PyExc_TypeError, "_open() takes a TaskQueue");
    }
    orphan((TaskPool *)self); /* __init__ called again */
    Py_XSETREF(((TaskPool *)self)->queue, (TaskQueue *)Py_NewRef(queue));
    Py_RETURN_NONE;
}

static PyMethodDef Pool_methods[] = {
    {"submit", WITH_KEYWORDS(Pool_submit), FASTCALL, submit_doc},
    {"_submit_as", WITH_KEYWORDS(Pool_submit_as), FASTCALL, submit_as_doc},
    {"_submit_each", WITH_KEYWORDS(Pool_submit_each), METH_FASTCALL, submit_each_doc},
    {"_submit_map", Pool_submit_map, METH_VARARGS, submit_map_doc},
    {"_open", Pool_open, METH_O, "_open(queue): the queue to submit to."},
    {NULL, NULL, 0, NULL},
};

static PyType_Slot Pool_slots[] = {
    {Py_tp_doc, (void *)"The base class of Pool and PoolExecutor."},
    {Py_tp_traverse, Pool_traverse},
    {Py_tp_clear, Pool_clear},
    {Py_tp_dealloc, Pool_dealloc},
    {Py_tp_methods, Pool_methods},
    {0, NULL},
};

PyType_Spec fc_tasks_spec = {
    .name = "fastconc._core.TaskPool",
    .basicsize = sizeof(TaskPool),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_BASETYPE,
    .slots = Pool_slots,
};
