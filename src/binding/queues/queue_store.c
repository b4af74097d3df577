/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Storage, hooks and locks of the queue types; the three modes are told in queue.h. */
#include "queue.h"

/* ---- calls by interned name ---- */

static PyObject *call_0(const QueueObject *self, PyObject *object, queue_name name)
{
    PyObject *args[2] = {NULL, object};
    return PyObject_VectorcallMethod(queue_name_of(self, name), args + 1,
                                     1 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

static PyObject *call_1(const QueueObject *self, PyObject *object, queue_name name, PyObject *arg)
{
    PyObject *args[3] = {NULL, object, arg};
    return PyObject_VectorcallMethod(queue_name_of(self, name), args + 1,
                                     2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
}

static int drop_result(PyObject *result)
{
    Py_XDECREF(result);
    return result == NULL ? -1 : 0;
}

/* Borrowed attribute `name` of `module_name`, kept in *slot. */
static PyObject *imported(PyObject **slot, const char *module_name, const char *name)
{
    PyObject *value = fc_state_kept(slot);
    if (value != NULL) {
        return value;
    }
    PyObject *module = PyImport_ImportModule(module_name);
    if (module == NULL) {
        return NULL;
    }
    value = PyObject_GetAttrString(module, name);
    Py_DECREF(module);
    return value == NULL ? NULL : fc_state_keep(slot, value);
}

/* ---- hooks ---- */

/* The version changes whenever the type or a base of it does; 0 when it has none at present. */
static unsigned version_of(PyTypeObject *type)
{
#if PY_VERSION_HEX < 0x030c0000
    if (!PyType_HasFeature(type, Py_TPFLAGS_VALID_VERSION_TAG)) {
        return 0;
    }
#endif
    return __atomic_load_n(&type->tp_version_tag, __ATOMIC_RELAXED);
}

/* Is `attribute` of the type the C function `function` still? */
static bool is_ours(PyObject *attribute, PyCFunction function)
{
    return Py_IS_TYPE(attribute, &PyMethodDescr_Type) &&
           ((PyMethodDescrObject *)attribute)->d_method->ml_meth == function;
}

static int hooks_look(QueueObject *self)
{
    static const queue_name names[5] = {NAME_QSIZE, NAME_PUT, NAME_GET, NAME_PUBLIC_PUT,
                                        NAME_PUBLIC_GET};
    PyTypeObject *type = Py_TYPE(self);
    unsigned hooks = self->instance_hooks;
    unsigned before = 0;
    for (unsigned i = 0; i < 5; i++) {
        PyObject *attribute = PyObject_GetAttr((PyObject *)type, queue_name_of(self, names[i]));
        if (attribute == NULL) {
            return -1;
        }
        if (!is_ours(attribute, queue_hook_functions[i])) {
            hooks |= 1u << i;
        }
        Py_DECREF(attribute);
        if (i == 0) {
            before = version_of(type); /* the look-up gave it one */
        }
    }
    unsigned version = version_of(type) == before ? before : 0;
    self->hooks = hooks;
    /* Release: who sees the version sees the hooks. */
    __atomic_store_n(&self->hooks_version, version, __ATOMIC_RELEASE);
    return 0;
}

int queue_look_for_hooks(QueueObject *self)
{
    unsigned version = version_of(Py_TYPE(self));
    bool known = version != 0 && version == __atomic_load_n(&self->hooks_version, __ATOMIC_ACQUIRE);
    return known ? 0 : hooks_look(self);
}

/* ---- locks ---- */

static PyObject *new_mutex(fc_state *state)
{
    PyObject *allocate = imported(&state->queue_allocate_lock, "_thread", "allocate_lock");
    return allocate == NULL ? NULL : PyObject_CallNoArgs(allocate);
}

/* Puts `lock` (a new reference, taken over) where none is yet. */
static void install_lock(QueueObject *self, queue_lock which, PyObject *lock)
{
    fc_guard_lock(&self->guard);
    if (self->locks[which] == NULL) {
        self->locks[which] = lock;
        lock = NULL;
    }
    fc_guard_unlock(&self->guard);
    Py_XDECREF(lock);
}

static int make_mutex(QueueObject *self)
{
    PyObject *mutex = new_mutex(self->state);
    if (mutex == NULL) {
        return -1;
    }
    install_lock(self, LOCK_MUTEX, mutex);
    return 0;
}

static PyObject *current_lock(QueueObject *self, queue_lock which)
{
    fc_guard_lock(&self->guard);
    PyObject *lock = self->locks[which];
    Py_XINCREF(lock);
    fc_guard_unlock(&self->guard);
    return lock;
}

static void wake_native_waiters(QueueObject *self)
{
    fc_guard_lock(&self->guard);
    for (int i = 0; i < N_LOCKS; i++) {
        fc_waiters_notify(&self->waiting[i], SIZE_MAX);
    }
    fc_guard_unlock(&self->guard);
}

static int make_conditions(QueueObject *self)
{
    PyObject *mutex = queue_expose_lock(self, LOCK_MUTEX);
    if (mutex == NULL) {
        return -1;
    }
    PyObject *condition = imported(&self->state->queue_condition, "threading", "Condition");
    for (int which = LOCK_NOT_EMPTY; condition != NULL && which < N_LOCKS; which++) {
        PyObject *made = PyObject_CallOneArg(condition, mutex);
        if (made == NULL) {
            condition = NULL;
            break;
        }
        install_lock(self, which, made);
    }
    Py_DECREF(mutex);
    if (condition == NULL) {
        return -1;
    }
    wake_native_waiters(self); /* they look again, and then wait on the conditions */
    return 0;
}

PyObject *queue_expose_lock(QueueObject *self, queue_lock which)
{
    PyObject *lock = current_lock(self, which);
    if (lock != NULL) {
        return lock;
    }
    if ((which == LOCK_MUTEX ? make_mutex(self) : make_conditions(self)) < 0) {
        return NULL;
    }
    return current_lock(self, which);
}

int queue_replace_lock(QueueObject *self, queue_lock which, PyObject *lock)
{
    /* Never only one of them: the others would be missing or on another mutex without anyone's
     * wish. */
    PyObject *existing = which == LOCK_MUTEX ? NULL : queue_expose_lock(self, which);
    if (which != LOCK_MUTEX && existing == NULL) {
        return -1;
    }
    Py_XDECREF(existing);
    Py_INCREF(lock);
    fc_guard_lock(&self->guard);
    PyObject *previous = self->locks[which];
    self->locks[which] = lock;
    fc_guard_unlock(&self->guard);
    Py_XDECREF(previous);
    return 0;
}

static inline bool needs_mutex(const QueueObject *self)
{
    return (self->hooks & HOOK_ITEMS) || self->store != NULL || self->limit == LIMIT_ASK ||
           self->kind == KIND_PRIORITY;
}

int queue_enter(QueueObject *self, queue_lock which, PyObject **held)
{
    *held = NULL;
    if (queue_look_for_hooks(self) < 0) {
        return -1;
    }
    for (;;) {
        fc_guard_lock(&self->guard);
        PyObject *mutex = self->locks[LOCK_MUTEX];
        if (mutex == NULL && !needs_mutex(self)) {
            return 0; /* with the guard */
        }
        PyObject *lock = self->locks[which] != NULL ? self->locks[which] : mutex;
        Py_XINCREF(lock);
        fc_guard_unlock(&self->guard);
        if (lock == NULL) {
            if (make_mutex(self) < 0) {
                return -1;
            }
            continue;
        }
        if (drop_result(call_0(self, lock, NAME_ACQUIRE)) < 0) {
            Py_DECREF(lock);
            return -1;
        }
        *held = lock;
        return 0;
    }
}

PyObject *queue_leave(QueueObject *self, PyObject *held, PyObject *result)
{
    if (held == NULL) {
        fc_guard_unlock(&self->guard);
        return result;
    }
    PyObject *type = NULL, *value = NULL, *traceback = NULL;
    if (result == NULL) {
        PyErr_Fetch(&type, &value, &traceback);
    }
    if (drop_result(call_0(self, held, NAME_RELEASE)) < 0) {
        if (type != NULL) {
            PyErr_WriteUnraisable(held); /* the first exception says more */
        }
        Py_CLEAR(result);
    }
    Py_DECREF(held);
    if (type != NULL) {
        PyErr_Restore(type, value, traceback);
    }
    return result;
}

/* ---- waiting ---- */

static queue_waited wait_on_condition(QueueObject *self, PyObject *condition, PyObject **held,
                                      bool forever, double left)
{
    PyObject *result;
    if (forever) {
        result = call_0(self, condition, NAME_WAIT);
    } else {
        PyObject *seconds = PyFloat_FromDouble(left);
        result = seconds == NULL ? NULL : call_1(self, condition, NAME_WAIT, seconds);
        Py_XDECREF(seconds);
    }
    if (result == NULL) {
        queue_leave(self, *held, NULL);
        return WAIT_FAILED;
    }
    Py_DECREF(result);
    return WAIT_AGAIN;
}

/* For one that was notified and goes without looking. */
static void hand_on(QueueObject *self, queue_lock which)
{
    fc_guard_lock(&self->guard);
    fc_waiters_notify(&self->waiting[which], 1);
    fc_guard_unlock(&self->guard);
}

queue_waited queue_wait(QueueObject *self, queue_lock which, PyObject **held, fc_timeout *timeout)
{
    double left = -1;
    if (!timeout->forever) {
        if (!fc_timeout_left(timeout, &left)) {
            queue_leave(self, *held, NULL);
            fc_timeout_raise(timeout);
            return WAIT_FAILED;
        }
        if (left <= 0) {
            return WAIT_TIMED_OUT;
        }
    }
    if (*held != NULL) {
        fc_guard_lock(&self->guard);
    }
    PyObject *condition = self->locks[which];
    Py_XINCREF(condition);
    fc_waiter *me = condition != NULL ? NULL : fc_waiters_join(&self->waiting[which]);
    fc_guard_unlock(&self->guard);
    if (condition != NULL) {
        queue_waited waited = wait_on_condition(self, condition, held, timeout->forever, left);
        Py_DECREF(condition);
        return waited;
    }
    int woken = -1;
    if (me == NULL) {
        if (*held != NULL) {
            queue_leave(self, *held, NULL);
        }
        PyErr_NoMemory();
        return WAIT_FAILED;
    }
    if (*held == NULL || drop_result(queue_leave(self, *held, Py_NewRef(Py_None))) == 0) {
        woken = fc_waiter_sleep(me, left);
    }
    fc_guard_lock(&self->guard);
    bool notified = fc_waiters_leave(&self->waiting[which], me);
    fc_guard_unlock(&self->guard);
    if (woken < 0 || queue_enter(self, which, held) < 0) {
        if (notified) {
            hand_on(self, which);
        }
        return WAIT_FAILED;
    }
    return WAIT_AGAIN;
}

int queue_notify(QueueObject *self, PyObject *held, queue_lock which, bool all)
{
    if (held == NULL) {
        fc_waiters_notify(&self->waiting[which], all ? SIZE_MAX : 1);
        return 0;
    }
    fc_guard_lock(&self->guard);
    PyObject *condition = self->locks[which];
    Py_XINCREF(condition);
    if (condition == NULL) {
        fc_waiters_notify(&self->waiting[which], all ? SIZE_MAX : 1);
    }
    fc_guard_unlock(&self->guard);
    if (condition == NULL) {
        return 0;
    }
    int status = drop_result(call_0(self, condition, all ? NAME_NOTIFY_ALL : NAME_NOTIFY));
    Py_DECREF(condition);
    return status;
}

/* ---- storage ---- */

static PyObject *new_container(QueueObject *self)
{
    if (self->kind != KIND_FIFO) {
        return PyList_New(0);
    }
    PyObject *deque = imported(&self->state->queue_deque, "collections", "deque");
    return deque == NULL ? NULL : PyObject_CallNoArgs(deque);
}

static int append(QueueObject *self, PyObject *container, PyObject *item)
{
    return PyList_CheckExact(container) ? PyList_Append(container, item)
                                        : drop_result(call_1(self, container, NAME_APPEND, item));
}

/* The container if there is one (a new reference); else NULL, with the guard locked. */
static PyObject *store_or_guard(QueueObject *self)
{
    fc_guard_lock(&self->guard);
    PyObject *store = self->store;
    if (store != NULL) {
        Py_INCREF(store);
        fc_guard_unlock(&self->guard);
    }
    return store;
}

int store_reset(QueueObject *self)
{
    PyObject *store = NULL;
    if (self->kind == KIND_PRIORITY && (store = PyList_New(0)) == NULL) {
        return -1;
    }
    fc_guard_lock(&self->guard);
    PyObject *old_store = self->store;
    fc_ring old_ring = self->ring;
    self->store = store;
    self->ring = (fc_ring){0};
    fc_guard_unlock(&self->guard);
    fc_ring_free(&old_ring);
    Py_XDECREF(old_store);
    return 0;
}

Py_ssize_t store_size(QueueObject *self)
{
    PyObject *store = store_or_guard(self);
    if (store == NULL) {
        Py_ssize_t size = (Py_ssize_t)self->ring.count;
        fc_guard_unlock(&self->guard);
        return size;
    }
    Py_ssize_t size = PyObject_Size(store);
    Py_DECREF(store);
    return size;
}

int store_put(QueueObject *self, PyObject *item)
{
    PyObject *store = store_or_guard(self);
    if (store == NULL) {
        Py_INCREF(item);
        bool pushed = fc_ring_push(&self->ring, item);
        fc_guard_unlock(&self->guard);
        if (!pushed) {
            Py_DECREF(item);
            PyErr_NoMemory();
        }
        return pushed ? 0 : -1;
    }
    int status = -1;
    if (self->kind != KIND_PRIORITY) {
        status = append(self, store, item);
    } else {
        PyObject *push = imported(&self->state->queue_heappush, "heapq", "heappush");
        if (push != NULL) {
            PyObject *args[2] = {store, item};
            status = drop_result(PyObject_Vectorcall(push, args, 2, NULL));
        }
    }
    Py_DECREF(store);
    return status;
}

PyObject *store_get(QueueObject *self)
{
    PyObject *store = store_or_guard(self);
    if (store == NULL) {
        bool empty = self->ring.count == 0;
        PyObject *item = empty ? NULL : fc_ring_pop(&self->ring, self->kind == KIND_LIFO);
        fc_guard_unlock(&self->guard);
        if (empty) {
            PyErr_SetString(PyExc_IndexError, self->kind == KIND_FIFO ? "pop from an empty deque"
                                                                      : "pop from empty list");
        }
        return item;
    }
    PyObject *item = NULL;
    if (self->kind != KIND_PRIORITY) {
        item = call_0(self, store, self->kind == KIND_FIFO ? NAME_POPLEFT : NAME_POP);
    } else {
        PyObject *pop = imported(&self->state->queue_heappop, "heapq", "heappop");
        if (pop != NULL) {
            item = PyObject_CallOneArg(pop, store);
        }
    }
    Py_DECREF(store);
    return item;
}

/* From now on the items are in a container that everyone sees, and the mutex guards it. */
PyObject *queue_expose_store(QueueObject *self)
{
    PyObject *store = store_or_guard(self);
    if (store != NULL) {
        return store;
    }
    fc_guard_unlock(&self->guard);
    PyObject *mutex = queue_expose_lock(self, LOCK_MUTEX);
    PyObject *container = mutex == NULL ? NULL : new_container(self);
    Py_XDECREF(mutex);
    if (container == NULL) {
        return NULL;
    }
    store = store_or_guard(self);
    if (store != NULL) { /* another thread was faster */
        Py_DECREF(container);
        return store;
    }
    /* Appending allocates plain memory only: nothing here collects garbage or runs Python code. */
    int status = 0;
    for (size_t i = 0; i < self->ring.count && status == 0; i++) {
        status = append(self, container, fc_ring_at(&self->ring, i));
    }
    fc_ring old_ring = {0};
    if (status == 0) {
        old_ring = self->ring;
        self->ring = (fc_ring){0};
        self->store = container;
        Py_INCREF(container);
    }
    fc_guard_unlock(&self->guard);
    fc_ring_free(&old_ring);
    if (status < 0) {
        Py_CLEAR(container);
    }
    return container;
}

int queue_replace_store(QueueObject *self, PyObject *store)
{
    PyObject *mutex = queue_expose_lock(self, LOCK_MUTEX);
    if (mutex == NULL) {
        return -1;
    }
    Py_DECREF(mutex);
    Py_INCREF(store);
    fc_guard_lock(&self->guard);
    PyObject *old_store = self->store;
    fc_ring old_ring = self->ring;
    self->store = store;
    self->ring = (fc_ring){0};
    fc_guard_unlock(&self->guard);
    fc_ring_free(&old_ring);
    Py_XDECREF(old_store);
    return 0;
}
