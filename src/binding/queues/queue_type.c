/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The types Queue, LifoQueue and PriorityQueue: attributes, life and death, specs. The methods are
 * in queue_ops.c. */
#include "queue.h"

#include <stddef.h>
#include <structmember.h>

/* ---- attributes ---- */

static int cannot_delete(PyObject *value, const char *name)
{
    if (value == NULL) {
        PyErr_Format(PyExc_AttributeError, "attribute '%s' of a queue cannot be deleted", name);
        return -1;
    }
    return 0;
}

static PyObject *Queue_get_maxsize(QueueObject *self, void *Py_UNUSED(closure))
{
    fc_guard_lock(&self->guard);
    PyObject *maxsize = Py_NewRef(self->maxsize);
    fc_guard_unlock(&self->guard);
    return maxsize;
}

static int Queue_set_maxsize(QueueObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (cannot_delete(value, "maxsize") < 0) {
        return -1;
    }
    Py_ssize_t limit = LIMIT_ASK;
    if (PyIndex_Check(value)) {
        limit = PyNumber_AsSsize_t(value, NULL); /* clipped: more than memory holds is no limit */
        if (limit == -1 && PyErr_Occurred()) {
            return -1;
        }
        limit = limit < 0 ? 0 : limit;
    }
    Py_INCREF(value);
    fc_guard_lock(&self->guard);
    PyObject *previous = self->maxsize;
    self->maxsize = value;
    self->limit = limit;
    fc_guard_unlock(&self->guard);
    Py_XDECREF(previous);
    return 0;
}

static PyObject *Queue_get_unfinished(QueueObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromSsize_t(self->unfinished);
}

static int Queue_set_unfinished(QueueObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    if (cannot_delete(value, "unfinished_tasks") < 0) {
        return -1;
    }
    Py_ssize_t unfinished = PyNumber_AsSsize_t(value, PyExc_OverflowError);
    if (unfinished == -1 && PyErr_Occurred()) {
        return -1;
    }
    self->unfinished = unfinished;
    return 0;
}

static PyObject *Queue_get_is_shutdown(QueueObject *self, void *Py_UNUSED(closure))
{
    return PyBool_FromLong(self->is_shutdown);
}

static int Queue_set_is_shutdown(QueueObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    int truth = cannot_delete(value, "is_shutdown") < 0 ? -1 : PyObject_IsTrue(value);
    if (truth >= 0) {
        self->is_shutdown = truth;
    }
    return truth < 0 ? -1 : 0;
}

static PyObject *Queue_get_store(QueueObject *self, void *Py_UNUSED(closure))
{
    return queue_expose_store(self);
}

static int Queue_set_store(QueueObject *self, PyObject *value, void *Py_UNUSED(closure))
{
    return cannot_delete(value, "queue") < 0 ? -1 : queue_replace_store(self, value);
}

static PyObject *Queue_get_lock(QueueObject *self, void *which)
{
    return queue_expose_lock(self, (queue_lock)(intptr_t)which);
}

static int Queue_set_lock(QueueObject *self, PyObject *value, void *which)
{
    return cannot_delete(value, "mutex") < 0
               ? -1
               : queue_replace_lock(self, (queue_lock)(intptr_t)which, value);
}

/* `q._put = function` on an instance overrides the hook, as it does with a class written in Python.
 */
static int Queue_setattro(QueueObject *self, PyObject *name, PyObject *value)
{
    static const queue_name hooks[5] = {NAME_QSIZE, NAME_PUT, NAME_GET, NAME_PUBLIC_PUT,
                                        NAME_PUBLIC_GET};
    if (PyObject_GenericSetAttr((PyObject *)self, name, value) < 0) {
        return -1;
    }
    for (unsigned i = 0; i < 5; i++) {
        PyObject *hook = queue_name_of(self, hooks[i]);
        if (name == hook || (PyUnicode_Check(name) && PyUnicode_Compare(name, hook) == 0)) {
            self->instance_hooks |= 1u << i; /* for good: calling by name is right in any case */
            __atomic_store_n(&self->hooks_version, 0, __ATOMIC_RELEASE);
        }
    }
    return 0;
}

/* ---- the types ---- */

static queue_kind kind_of(fc_state *state, PyTypeObject *type)
{
    PyObject *mro = type->tp_mro;
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(mro); i++) {
        PyObject *base = PyTuple_GET_ITEM(mro, i);
        if (base == state->lifo_queue_type) {
            return KIND_LIFO;
        }
        if (base == state->priority_queue_type) {
            return KIND_PRIORITY;
        }
    }
    return KIND_FIFO;
}

static PyObject *Queue_new(PyTypeObject *type, PyObject *Py_UNUSED(args),
                           PyObject *Py_UNUSED(kwargs))
{
    fc_state *state = fc_state_of_type(type);
    if (state == NULL) {
        return NULL;
    }
    QueueObject *self = (QueueObject *)type->tp_alloc(type, 0);
    if (self == NULL) {
        return NULL;
    }
    self->state = state;
    self->names = Py_NewRef(state->queue_names);
    self->kind = kind_of(state, type);
    self->maxsize = PyLong_FromLong(0);
    if (self->maxsize == NULL || store_reset(self) < 0) {
        Py_DECREF(self);
        return NULL;
    }
    return (PyObject *)self;
}

static int Queue_init(QueueObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"maxsize", NULL};
    PyObject *maxsize = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Queue", keywords, &maxsize)) {
        return -1;
    }
    maxsize = maxsize == NULL ? PyLong_FromLong(0) : Py_NewRef(maxsize);
    if (maxsize == NULL || Queue_set_maxsize(self, maxsize, NULL) < 0) {
        Py_XDECREF(maxsize);
        return -1;
    }
    PyObject *old_locks[N_LOCKS];
    fc_guard_lock(&self->guard);
    for (int i = 0; i < N_LOCKS; i++) {
        old_locks[i] = self->locks[i];
        self->locks[i] = NULL;
    }
    self->unfinished = 0;
    self->is_shutdown = false;
    fc_guard_unlock(&self->guard);
    for (int i = 0; i < N_LOCKS; i++) {
        Py_XDECREF(old_locks[i]);
    }
    PyObject *result =
        PyObject_CallMethodOneArg((PyObject *)self, queue_name_of(self, NAME_INIT), maxsize);
    Py_DECREF(maxsize);
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

static int Queue_traverse(QueueObject *self, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(self));
    Py_VISIT(self->dict);
    Py_VISIT(self->store);
    Py_VISIT(self->maxsize);
    for (int i = 0; i < N_LOCKS; i++) {
        Py_VISIT(self->locks[i]);
    }
    for (size_t i = 0; i < self->ring.count; i++) {
        Py_VISIT(fc_ring_at(&self->ring, i));
    }
    return 0;
}

static int Queue_clear(QueueObject *self)
{
    fc_ring ring = self->ring;
    self->ring = (fc_ring){0};
    fc_ring_free(&ring);
    Py_CLEAR(self->dict);
    Py_CLEAR(self->store);
    for (int i = 0; i < N_LOCKS; i++) {
        Py_CLEAR(self->locks[i]);
    }
    return 0; /* names and maxsize stay: they make no cycle worth breaking, and methods rely on them
               */
}

static void Queue_dealloc(QueueObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    PyObject_GC_UnTrack(self);
    Py_TRASHCAN_BEGIN(self, Queue_dealloc) /* queues in queues, a million deep */
        if (self->weakrefs != NULL)
    {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    Queue_clear(self);
    Py_XDECREF(self->maxsize);
    Py_XDECREF(self->names);
    type->tp_free(self);
    Py_DECREF(type);
    Py_TRASHCAN_END
}

#define LOCK_ATTRIBUTE(name, which, doc)                                                           \
    {name, (getter)Queue_get_lock, (setter)Queue_set_lock, doc, (void *)(intptr_t)(which)}

static PyGetSetDef Queue_getset[] = {
    {"__dict__", PyObject_GenericGetDict, PyObject_GenericSetDict, NULL, NULL},
    {"maxsize", (getter)Queue_get_maxsize, (setter)Queue_set_maxsize,
     "The number of items at which put() blocks; 0 or less: none. May be changed.", NULL},
    {"unfinished_tasks", (getter)Queue_get_unfinished, (setter)Queue_set_unfinished,
     "Items put and not yet reported done.", NULL},
    {"is_shutdown", (getter)Queue_get_is_shutdown, (setter)Queue_set_is_shutdown,
     "True after shutdown().", NULL},
    {"queue", (getter)Queue_get_store, (setter)Queue_set_store,
     "The items: a deque, or a list for LifoQueue and PriorityQueue. Lock `mutex` to change it.",
     NULL},
    LOCK_ATTRIBUTE("mutex", LOCK_MUTEX, "The lock that guards the queue."),
    LOCK_ATTRIBUTE("not_empty", LOCK_NOT_EMPTY, "Condition on `mutex`: an item was put."),
    LOCK_ATTRIBUTE("not_full", LOCK_NOT_FULL, "Condition on `mutex`: an item was taken."),
    LOCK_ATTRIBUTE("all_tasks_done", LOCK_ALL_DONE, "Condition on `mutex`: no task is unfinished."),
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef Queue_members[] = {
    {"__dictoffset__", T_PYSSIZET, offsetof(QueueObject, dict), READONLY, NULL},
    {"__weaklistoffset__", T_PYSSIZET, offsetof(QueueObject, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(
    Queue_doc,
    "Queue(maxsize=0)\n--\n\n"
    "First in, first out queue for many producers and consumers: queue.Queue, written in C.\n\n"
    "put() blocks while maxsize items are in it; 0 or less means no limit.\n\n"
    ">>> import fastconc\n"
    ">>> q = fastconc.Queue()\n"
    ">>> q.put('egg')\n"
    ">>> q.get()\n"
    "'egg'");
PyDoc_STRVAR(LifoQueue_doc, "LifoQueue(maxsize=0)\n--\n\n"
                            "A Queue that gives the newest item first.");
PyDoc_STRVAR(PriorityQueue_doc,
             "PriorityQueue(maxsize=0)\n--\n\n"
             "A Queue that gives the smallest item first, typically a tuple (priority, data).");

static PyType_Slot Queue_slots[] = {
    {Py_tp_doc, (void *)Queue_doc},
    {Py_tp_new, Queue_new},
    {Py_tp_init, Queue_init},
    {Py_tp_dealloc, Queue_dealloc},
    {Py_tp_traverse, Queue_traverse},
    {Py_tp_clear, Queue_clear},
    {Py_tp_setattro, Queue_setattro},
    {Py_tp_methods, queue_methods},
    {Py_tp_getset, Queue_getset},
    {Py_tp_members, Queue_members},
    {0, NULL},
};

static PyType_Slot LifoQueue_slots[] = {{Py_tp_doc, (void *)LifoQueue_doc}, {0, NULL}};
static PyType_Slot PriorityQueue_slots[] = {{Py_tp_doc, (void *)PriorityQueue_doc}, {0, NULL}};

#define QUEUE_FLAGS (Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC)
static PyType_Spec Queue_spec = {"fastconc._core.Queue", sizeof(QueueObject), 0, QUEUE_FLAGS,
                                 Queue_slots};
static PyType_Spec LifoQueue_spec = {"fastconc._core.LifoQueue", sizeof(QueueObject), 0,
                                     Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, LifoQueue_slots};
static PyType_Spec PriorityQueue_spec = {"fastconc._core.PriorityQueue", sizeof(QueueObject), 0,
                                         Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE,
                                         PriorityQueue_slots};

static PyObject *make_names(void)
{
    static const char *const texts[] = {
#define QUEUE_NAME(name, text) text,
        QUEUE_NAMES(QUEUE_NAME)
#undef QUEUE_NAME
    };
    PyObject *names = PyTuple_New(N_NAMES);
    for (Py_ssize_t i = 0; names != NULL && i < N_NAMES; i++) {
        PyObject *name = PyUnicode_InternFromString(texts[i]);
        if (name == NULL) {
            Py_CLEAR(names);
        } else {
            PyTuple_SET_ITEM(names, i, name);
        }
    }
    return names;
}

static int add_type(PyObject *module, PyType_Spec *spec, PyObject *base, PyObject **slot)
{
    *slot = PyType_FromModuleAndSpec(module, spec, base);
    return *slot == NULL ? -1 : PyModule_AddType(module, (PyTypeObject *)*slot);
}

int fc_init_queue_type(PyObject *module)
{
    fc_state *state = fc_state_of_module(module);
    state->queue_names = make_names();
    if (state->queue_names == NULL || add_type(module, &Queue_spec, NULL, &state->queue_type) < 0 ||
        add_type(module, &LifoQueue_spec, state->queue_type, &state->lifo_queue_type) < 0 ||
        add_type(module, &PriorityQueue_spec, state->queue_type, &state->priority_queue_type) < 0) {
        return -1;
    }
    return 0;
}
