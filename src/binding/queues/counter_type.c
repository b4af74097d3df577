/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Counter: an integer that threads change without a lock. The value is one 64-bit atomic; each
 * method is one indivisible step, with and without the GIL, and usable from native code later on.
 * It holds no Python int, so that it cannot grow: a step out of the 64-bit range raises
 * OverflowError and changes nothing. */
#include "state.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <string.h>
#include <structmember.h>

typedef struct CounterObject {
    PyObject_HEAD PyObject *weakrefs;
    /* Sequentially consistent: a counter also orders what threads did before they counted. */
    _Atomic int64_t value;
} CounterObject;

static_assert(sizeof(long long) == sizeof(int64_t), "values pass through PyLong_AsLongLong");

/* An int of `object` (__index__ counts), or -1 with TypeError or OverflowError that names the
 * argument. */
static int parse_int(PyObject *object, const char *name, int64_t *value)
{
    if (!PyIndex_Check(object)) {
        PyErr_Format(PyExc_TypeError, "%s must be an int, not %.200s", name,
                     Py_TYPE(object)->tp_name);
        return -1;
    }
    PyObject *number = PyNumber_Index(object);
    if (number == NULL) {
        return -1;
    }
    int overflow;
    *value = PyLong_AsLongLongAndOverflow(number, &overflow);
    if (overflow != 0) {
        PyErr_Format(PyExc_OverflowError, "%s must fit in 64 bits, not %R", name, number);
    }
    Py_DECREF(number);
    return overflow != 0 || (*value == -1 && PyErr_Occurred()) ? -1 : 0;
}

/* Adds n, or subtracts it, and gives the new value; -1 with OverflowError set, the value unchanged.
 */
static int step(CounterObject *self, int64_t n, bool subtract, int64_t *result)
{
    int64_t before = atomic_load(&self->value);
    do {
        if (subtract ? __builtin_sub_overflow(before, n, result)
                     : __builtin_add_overflow(before, n, result)) {
            PyErr_Format(PyExc_OverflowError,
                         "the counter at %lld cannot be changed by %s%lld: it has 64 bits",
                         (long long)before, subtract ? "-" : "", (long long)n);
            return -1;
        }
    } while (!atomic_compare_exchange_weak(&self->value, &before, *result));
    return 0;
}

static PyObject *step_by_argument(CounterObject *self, const char *method, PyObject *const *args,
                                  Py_ssize_t n_args, PyObject *kwnames, bool subtract)
{
    int64_t n = 1, result;
    Py_ssize_t n_keywords = kwnames == NULL ? 0 : PyTuple_GET_SIZE(kwnames);
    if (n_args + n_keywords > 1) {
        return PyErr_Format(PyExc_TypeError, "%s() takes at most 1 argument (%zd given)", method,
                            n_args + n_keywords);
    }
    if (n_keywords == 1 &&
        PyUnicode_CompareWithASCIIString(PyTuple_GET_ITEM(kwnames, 0), "n") != 0) {
        return PyErr_Format(PyExc_TypeError, "%s() got an unexpected keyword argument '%U'", method,
                            PyTuple_GET_ITEM(kwnames, 0));
    }
    if (n_args + n_keywords == 1 && parse_int(args[0], "n", &n) < 0) {
        return NULL;
    }
    return step(self, n, subtract, &result) < 0 ? NULL : PyLong_FromLongLong(result);
}

PyDoc_STRVAR(increment_doc,
             "increment($self, /, n=1)\n--\n\n"
             "Add n and return the new value, in one indivisible step.\n\n"
             "Raises OverflowError, and changes nothing, when that leaves the 64-bit range.");

static PyObject *Counter_increment(CounterObject *self, PyObject *const *args, Py_ssize_t n_args,
                                   PyObject *kwnames)
{
    return step_by_argument(self, "increment", args, n_args, kwnames, false);
}

PyDoc_STRVAR(decrement_doc,
             "decrement($self, /, n=1)\n--\n\n"
             "Subtract n and return the new value, in one indivisible step.\n\n"
             "Raises OverflowError, and changes nothing, when that leaves the 64-bit range.");

static PyObject *Counter_decrement(CounterObject *self, PyObject *const *args, Py_ssize_t n_args,
                                   PyObject *kwnames)
{
    return step_by_argument(self, "decrement", args, n_args, kwnames, true);
}

PyDoc_STRVAR(reset_doc, "reset($self, /, value=0)\n--\n\n"
                        "Set the value and return the one before, in one indivisible step.");

static PyObject *Counter_reset(CounterObject *self, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"value", NULL};
    PyObject *object = NULL;
    int64_t value = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:reset", keywords, &object) ||
        (object != NULL && parse_int(object, "value", &value) < 0)) {
        return NULL;
    }
    return PyLong_FromLongLong(atomic_exchange(&self->value, value));
}

static PyObject *Counter_int(CounterObject *self)
{
    return PyLong_FromLongLong(atomic_load(&self->value));
}

static PyObject *Counter_get_value(CounterObject *self, void *Py_UNUSED(closure))
{
    return Counter_int(self);
}

static int Counter_set_value(CounterObject *self, PyObject *object, void *Py_UNUSED(closure))
{
    int64_t value;
    if (object == NULL) {
        PyErr_SetString(PyExc_AttributeError, "attribute 'value' of a Counter cannot be deleted");
        return -1;
    }
    if (parse_int(object, "value", &value) < 0) {
        return -1;
    }
    atomic_store(&self->value, value);
    return 0;
}

static PyObject *Counter_float(CounterObject *self)
{
    return PyFloat_FromDouble((double)atomic_load(&self->value));
}

static int Counter_bool(CounterObject *self)
{
    return atomic_load(&self->value) != 0;
}

/* counter += n: the same object comes back, so that the statement is one step and rebinds to the
 * same counter. */
static PyObject *step_in_place(PyObject *self, PyObject *other, bool subtract)
{
    int64_t n, result;
    if (!PyIndex_Check(other)) {
        Py_RETURN_NOTIMPLEMENTED;
    }
    if (parse_int(other, "n", &n) < 0 || step((CounterObject *)self, n, subtract, &result) < 0) {
        return NULL;
    }
    return Py_NewRef(self);
}

static PyObject *Counter_inplace_add(PyObject *self, PyObject *other)
{
    return step_in_place(self, other, false);
}

static PyObject *Counter_inplace_subtract(PyObject *self, PyObject *other)
{
    return step_in_place(self, other, true);
}

static PyObject *Counter_richcompare(CounterObject *self, PyObject *other, int op)
{
    fc_state *state = fc_state_of_type(Py_TYPE(self));
    if (state == NULL) {
        return NULL;
    }
    PyObject *left = Counter_int(self);
    PyObject *right = PyObject_TypeCheck(other, (PyTypeObject *)state->counter_type)
                          ? Counter_int((CounterObject *)other)
                          : Py_NewRef(other);
    PyObject *result = NULL;
    if (left != NULL && right != NULL) {
        result =
            PyLong_Type.tp_richcompare(left, right, op); /* NotImplemented when other is no int */
    }
    Py_XDECREF(left);
    Py_XDECREF(right);
    return result;
}

static const char *type_name(PyTypeObject *type)
{
    const char *dot = strrchr(type->tp_name, '.');
    return dot != NULL ? dot + 1 : type->tp_name;
}

static PyObject *Counter_repr(CounterObject *self)
{
    return PyUnicode_FromFormat("%s(%lld)", type_name(Py_TYPE(self)),
                                (long long)atomic_load(&self->value));
}

static PyObject *Counter_str(CounterObject *self)
{
    return PyUnicode_FromFormat("%lld", (long long)atomic_load(&self->value));
}

PyDoc_STRVAR(format_doc, "__format__($self, format_spec, /)\n--\n\nFormat the value as an int.");

static PyObject *Counter_format(CounterObject *self, PyObject *spec)
{
    PyObject *value = Counter_int(self);
    PyObject *text = value == NULL ? NULL : PyObject_Format(value, spec);
    Py_XDECREF(value);
    return text;
}

/* object's own way of copying asks for this, and takes a subclass's attributes along. */
static PyObject *Counter_getnewargs(CounterObject *self, PyObject *Py_UNUSED(ignored))
{
    return Py_BuildValue("(L)", (long long)atomic_load(&self->value));
}

/* Protocols 0 and 1 know no types written in C. */
static PyObject *Counter_reduce_ex(PyObject *self, PyObject *arg)
{
    long protocol = PyLong_AsLong(arg);
    if (protocol == -1 && PyErr_Occurred()) {
        return NULL;
    }
    return PyObject_CallMethod((PyObject *)&PyBaseObject_Type, "__reduce_ex__", "Ol", self,
                               protocol > 2 ? protocol : 2L);
}

static PyObject *Counter_new(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *keywords[] = {"value", NULL};
    PyObject *object = NULL;
    int64_t value = 0;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "|O:Counter", keywords, &object) ||
        (object != NULL && parse_int(object, "value", &value) < 0)) {
        return NULL;
    }
    CounterObject *self = (CounterObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        atomic_init(&self->value, value);
    }
    return (PyObject *)self;
}

static void Counter_dealloc(CounterObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    if (self->weakrefs != NULL) {
        PyObject_ClearWeakRefs((PyObject *)self);
    }
    type->tp_free(self);
    Py_DECREF(type);
}

#define FASTCALL(function) (PyCFunction)(void (*)(void))(function), METH_FASTCALL | METH_KEYWORDS

static PyMethodDef Counter_methods[] = {
    {"increment", FASTCALL(Counter_increment), increment_doc},
    {"decrement", FASTCALL(Counter_decrement), decrement_doc},
    {"reset", (PyCFunction)(void (*)(void))Counter_reset, METH_VARARGS | METH_KEYWORDS, reset_doc},
    {"__format__", (PyCFunction)Counter_format, METH_O, format_doc},
    {"__getnewargs__", (PyCFunction)(void (*)(void))Counter_getnewargs, METH_NOARGS, NULL},
    {"__reduce_ex__", Counter_reduce_ex, METH_O, NULL},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef Counter_getset[] = {
    {"value", (getter)Counter_get_value, (setter)Counter_set_value,
     "The value at this moment, an int.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyMemberDef Counter_members[] = {
    {"__weaklistoffset__", T_PYSSIZET, offsetof(CounterObject, weakrefs), READONLY, NULL},
    {NULL, 0, 0, 0, NULL},
};

PyDoc_STRVAR(Counter_doc, "Counter(value=0)\n--\n\n"
                          "An integer that threads count with: `counter += 1` needs no lock.\n\n"
                          "increment(), decrement(), reset(), `+=` and `-=` are indivisible, also "
                          "on free-threaded builds. The\n"
                          "value has 64 bits; a step beyond raises OverflowError and changes "
                          "nothing. It compares and formats as\n"
                          "its int, converts with int(), serves as an index, pickles and copies by "
                          "value, and is not hashable.\n"
                          "There is no `counter + 1`: `counter = counter + 1` is the race that a "
                          "Counter is there to avoid.\n\n"
                          ">>> import fastconc\n"
                          ">>> counter = fastconc.Counter()\n"
                          ">>> counter += 2\n"
                          ">>> counter.increment()\n"
                          "3\n"
                          ">>> counter\n"
                          "Counter(3)");

static PyType_Slot Counter_slots[] = {
    {Py_tp_doc, (void *)Counter_doc},
    {Py_tp_new, Counter_new},
    {Py_tp_dealloc, Counter_dealloc},
    {Py_tp_repr, Counter_repr},
    {Py_tp_str, Counter_str},
    {Py_tp_hash, PyObject_HashNotImplemented},
    {Py_tp_richcompare, Counter_richcompare},
    {Py_tp_methods, Counter_methods},
    {Py_tp_getset, Counter_getset},
    {Py_tp_members, Counter_members},
    {Py_nb_int, Counter_int},
    {Py_nb_index, Counter_int},
    {Py_nb_float, Counter_float},
    {Py_nb_bool, Counter_bool},
    {Py_nb_inplace_add, Counter_inplace_add},
    {Py_nb_inplace_subtract, Counter_inplace_subtract},
    {0, NULL},
};

static PyType_Spec Counter_spec = {"fastconc.Counter", sizeof(CounterObject), 0,
                                   Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE, Counter_slots};

int fc_init_counter_type(PyObject *module)
{
    fc_state *state = fc_state_of_module(module);
    state->counter_type = PyType_FromModuleAndSpec(module, &Counter_spec, NULL);
    return state->counter_type == NULL
               ? -1
               : PyModule_AddType(module, (PyTypeObject *)state->counter_type);
}
