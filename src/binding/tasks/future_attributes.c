/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Descriptors of fastconc.Future that stand for the instance attributes of
 * concurrent.futures.Future, so that whoever reads, locks or sets those finds them: the standard
 * library's wait(), methods of the base class called by its name, tests. */
#include "tasks.h"

static PyObject *get_state(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_InternFromString(fc_state_names[future_state(((FutureObject *)self))]);
}

static int set_state(PyObject *op, PyObject *value, void *Py_UNUSED(closure))
{
    FutureObject *self = (FutureObject *)op;
    for (uint8_t i = 0; value != NULL && PyUnicode_Check(value) && i < FUTURE_N_STATES; i++) {
        if (PyUnicode_CompareWithASCIIString(value, fc_state_names[i]) == 0) {
            Task task;
            if (i != FUTURE_PENDING && future_claim(self, NULL, &task)) {
                task_clear(&task);
            }
            Waiter *woken = NULL;
            fc_lock(&self->mutex);
            self->flags |= FUTURE_SET_BY_HAND;
            future_set_state(self, i);
            if (i >= FUTURE_CANCELLED && self->extra != NULL) {
                woken = future_wake_locked(self, i > FUTURE_CANCELLED);
            }
            fc_unlock(&self->mutex);
            waiters_wake(woken);
            return 0;
        }
    }
    PyErr_Format(PyExc_ValueError, "_state must be the name of a state, not %R",
                 value == NULL ? Py_None : value);
    return -1;
}

/* closure: NULL for _result, else for _exception */
static PyObject *get_value(PyObject *op, void *closure)
{
    FutureObject *self = (FutureObject *)op;
    fc_lock(&self->mutex);
    bool is_asked = self->state == FUTURE_FINISHED && self->value != NULL &&
                    (closure != NULL) == ((self->flags & FUTURE_HAS_ERROR) != 0);
    PyObject *value = Py_NewRef(is_asked ? self->value : Py_None);
    fc_unlock(&self->mutex);
    return value;
}

/* Set by the base class's methods, when called by its name, by tests and by debuggers. A pending
 * future in a pool keeps its call in that place. */
static int set_value(PyObject *op, PyObject *value, void *closure)
{
    FutureObject *self = (FutureObject *)op;
    if (value == NULL) {
        PyErr_SetString(PyExc_AttributeError, "cannot delete this attribute of a Future");
        return -1;
    }
    PyObject *old = NULL;
    future_track(self);
    fc_lock(&self->mutex);
    bool is_kept = value == Py_None && (closure != NULL) != ((self->flags & FUTURE_HAS_ERROR) != 0);
    if (!is_kept && (self->queue == NULL || self->state != FUTURE_PENDING)) {
        old = self->value;
        self->value = Py_NewRef(value);
        self->flags &= (uint8_t)~FUTURE_HAS_ERROR;
        self->flags |= closure != NULL && value != Py_None ? FUTURE_HAS_ERROR : 0;
    }
    fc_unlock(&self->mutex);
    Py_XDECREF(old);
    return 0;
}

/* Store `fresh` in a field of the extra part unless there is something already; steals it; returns
 * the field's content. */
static PyObject *extra_default(FutureObject *self, size_t offset, PyObject *fresh)
{
    if (fresh == NULL) {
        return NULL;
    }
    PyObject *found = NULL;
    future_track(self);
    fc_lock(&self->mutex);
    FutureExtra *extra = future_extra_locked(self);
    if (extra != NULL) {
        PyObject **field = (PyObject **)(void *)((char *)extra + offset);
        if (*field == NULL) {
            *field = Py_NewRef(fresh);
        }
        found = Py_NewRef(*field);
    }
    fc_unlock(&self->mutex);
    Py_DECREF(fresh);
    return found;
}

static PyObject *get_condition(PyObject *op, void *Py_UNUSED(closure))
{
    FutureObject *self = (FutureObject *)op;
    fc_lock(&self->mutex);
    PyObject *condition = self->extra == NULL ? NULL : Py_XNewRef(self->extra->condition);
    fc_unlock(&self->mutex);
    if (condition != NULL) {
        return condition;
    }
    fc_state *state = fc_state_of_type(Py_TYPE(op));
    return state == NULL ? NULL
                         : extra_default(self, offsetof(FutureExtra, condition),
                                         PyObject_CallNoArgs(state->condition_type));
}

static PyObject *get_waiters(PyObject *self, void *Py_UNUSED(closure))
{
    return extra_default(((FutureObject *)self), offsetof(FutureExtra, waiters), PyList_New(0));
}

static PyObject *get_callbacks(PyObject *self, void *Py_UNUSED(closure))
{
    return extra_default(((FutureObject *)self), offsetof(FutureExtra, callbacks), PyList_New(0));
}

static PyObject *get_dict(PyObject *self, void *closure)
{
    future_track(((FutureObject *)self));
    return PyObject_GenericGetDict(self, closure);
}

PyGetSetDef fc_future_getset[] = {
    {"_state", get_state, set_state, NULL, NULL},
    {"_result", get_value, set_value, NULL, NULL},
    {"_exception", get_value, set_value, NULL, (void *)1},
    {"_condition", get_condition, NULL, NULL, NULL},
    {"_waiters", get_waiters, NULL, NULL, NULL},
    {"_done_callbacks", get_callbacks, NULL, NULL, NULL},
    {"__dict__", get_dict, PyObject_GenericSetDict, NULL, NULL},
    {NULL, NULL, NULL, NULL, NULL},
};
