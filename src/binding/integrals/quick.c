/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Short ways through the integrators; contract in quick.h. */
#include "quick.h"

#include <math.h>
#include <string.h>

#include "read_code.h"

/* ---- which program a function has ---- */

/* list[i] as a new reference, or NULL beyond its end: another thread may change the list. */
static PyObject *list_item(PyObject *list, Py_ssize_t i)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *item = PyList_GetItemRef(list, i);
    if (item == NULL) {
        PyErr_Clear(); /* an IndexError */
    }
    return item;
#else
    return i < PyList_GET_SIZE(list) ? Py_NewRef(PyList_GET_ITEM(list, i)) : NULL;
#endif
}

static bool refers_to(PyObject *ref, PyObject *object)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *target;
    bool same = PyWeakref_GetRef(ref, &target) > 0 && target == object;
    Py_XDECREF(target);
    return same;
#else
    return PyWeakref_GetObject(ref) == object;
#endif
}

/* What a name has that is not among the globals: deps.MISSING. */
static bool is_missing(fc_state *state, PyObject *value)
{
    PyObject *tables = fc_state_kept(&state->reader);
    return tables != NULL && value == PyTuple_GET_ITEM(tables, READER_MISSING);
}

/* Does the list hold these objects? */
static bool holds_these(PyObject *list, PyObject *tuple)
{
    bool same = PyList_CheckExact(list) && PyTuple_CheckExact(tuple) &&
                PyList_GET_SIZE(list) == PyTuple_GET_SIZE(tuple);
    for (Py_ssize_t i = 0; same && i < PyTuple_GET_SIZE(tuple); i++) {
        PyObject *item = list_item(list, i);
        same = item == PyTuple_GET_ITEM(tuple, i);
        Py_XDECREF(item);
    }
    return same;
}

/* Does the array hold what its copy does? */
static bool equals_copy(PyObject *array, PyObject *copy)
{
    Py_buffer x, y;
    if (PyObject_GetBuffer(array, &x, PyBUF_FULL_RO) < 0) {
        PyErr_Clear();
        return false;
    }
    if (PyObject_GetBuffer(copy, &y, PyBUF_FULL_RO) < 0) {
        PyBuffer_Release(&x);
        PyErr_Clear();
        return false;
    }
    bool same = x.ndim == y.ndim && x.len == y.len && strcmp(x.format, y.format) == 0 &&
                PyBuffer_IsContiguous(&x, 'C') && PyBuffer_IsContiguous(&y, 'C');
    for (int i = 0; same && i < x.ndim; i++) {
        same = x.shape[i] == y.shape[i];
    }
    same = same && memcmp(x.buf, y.buf, (size_t)x.len) == 0;
    PyBuffer_Release(&y);
    PyBuffer_Release(&x);
    return same;
}

/* Is what the compiler looked at (kind, container, name, value) still so? 1 yes, 0 not known here,
 * -1 with an exception: looking an attribute up may run code, which may be interrupted. */
static int dependency_holds(fc_state *state, PyObject *dependency)
{
    if (!PyTuple_CheckExact(dependency) || PyTuple_GET_SIZE(dependency) != 4) {
        return 0;
    }
    PyObject *kind = PyTuple_GET_ITEM(dependency, 0), *found = NULL, *names = state->quick_names;
    PyObject *container = PyTuple_GET_ITEM(dependency, 1), *name = PyTuple_GET_ITEM(dependency, 2);
    PyObject *value = PyTuple_GET_ITEM(dependency, 3);
    if (kind == PyTuple_GET_ITEM(names, NAME_GLOBAL) && PyDict_CheckExact(container)) {
        found = fc_dict_get(container, name);
        if (found == NULL && !PyErr_Occurred() && is_missing(state, value)) {
            return 1;
        }
    } else if (kind == PyTuple_GET_ITEM(names, NAME_ATTRIBUTE) && PyModule_CheckExact(container)) {
        found = fc_dict_get(PyModule_GetDict(container), name); /* most attributes are there */
        if (found == NULL && !PyErr_Occurred()) {
            found = PyObject_GetAttr(container, name);
        }
    } else if (kind == PyTuple_GET_ITEM(names, NAME_CELL) && PyCell_Check(container)) {
        found = PyCell_Get(container);
    } else if (kind == PyTuple_GET_ITEM(names, NAME_LIST)) {
        return holds_these(container, value);
    } else if (kind == PyTuple_GET_ITEM(names, NAME_ARRAY)) {
        return equals_copy(container, value);
    } else if (PyFunction_Check(container)) {
        if (kind == PyTuple_GET_ITEM(names, NAME_CODE)) {
            found = Py_NewRef(PyFunction_GET_CODE(container));
        } else if (kind == PyTuple_GET_ITEM(names, NAME_DEFAULTS)) {
            found = Py_XNewRef(PyFunction_GET_DEFAULTS(container));
        }
    }
    if (found == NULL && PyErr_Occurred()) {
        if (!PyErr_ExceptionMatches(PyExc_Exception)) { /* KeyboardInterrupt, SystemExit */
            return -1;
        }
        PyErr_Clear();
    }
    bool same = found != NULL && found == value;
    Py_XDECREF(found);
    return same;
}

int quick_entry_holds(fc_state *state, PyObject *entry, PyObject *f)
{
    if (!PyTuple_CheckExact(entry) || PyTuple_GET_SIZE(entry) != ENTRY_SIZE ||
        !PyFunction_Check(f) || !refers_to(PyTuple_GET_ITEM(entry, ENTRY_REF), f) ||
        PyFunction_GET_CODE(f) != PyTuple_GET_ITEM(entry, ENTRY_CODE)) {
        return 0;
    }
    PyObject *defaults = PyFunction_GET_DEFAULTS(f), *cells = PyTuple_GET_ITEM(entry, ENTRY_CELLS);
    if ((defaults != NULL ? defaults : Py_None) != PyTuple_GET_ITEM(entry, ENTRY_DEFAULTS)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cells); i++) {
        PyObject *cell = PyTuple_GET_ITEM(cells, i); /* (cell, what it held) */
        if (PyCell_GET(PyTuple_GET_ITEM(cell, 0)) != PyTuple_GET_ITEM(cell, 1)) {
            return 0;
        }
    }
    PyObject *deps = PyTuple_GET_ITEM(entry, ENTRY_DEPS); /* the unit's own list, which may grow */
    bool holds = true;
    for (Py_ssize_t i = 0; holds; i++) {
        PyObject *dependency = list_item(deps, i);
        if (dependency == NULL) {
            break;
        }
        int so = dependency_holds(state, dependency);
        Py_DECREF(dependency);
        if (so < 0) {
            return -1;
        }
        holds = so != 0;
    }
    if (holds) {
        return 1;
    }
    if (PyTuple_GET_ITEM(entry, ENTRY_UNIT) == Py_None) {
        return 0; /* it is read anew in no time */
    }
    PyObject *answer = PyObject_CallMethod(PyTuple_GET_ITEM(entry, ENTRY_UNIT), "valid", NULL);
    int truth = answer != NULL ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return truth;
}

PyObject *quick_entry(fc_state *state, PyObject *entries, PyObject *f, Py_ssize_t n_inputs,
                      PyObject *args)
{
    if (entries == NULL || !PyFunction_Check(f)) {
        return NULL;
    }
    PyObject *address = PyLong_FromVoidPtr(f), *number = PyLong_FromSsize_t(n_inputs);
    PyObject *key = NULL, *entry = NULL;
    if (address != NULL && number != NULL) {
        key = args == NULL || PyTuple_GET_SIZE(args) == 0 ? PyTuple_Pack(2, address, number)
                                                          : PyTuple_Pack(3, address, number, args);
        entry = key != NULL ? fc_dict_get(entries, key) : NULL;
    }
    Py_XDECREF(key);
    Py_XDECREF(address);
    Py_XDECREF(number);
    if (entry != NULL && quick_entry_holds(state, entry, f) != 1) {
        Py_CLEAR(entry);
    }
    return entry;
}

/* ---- arguments and result ---- */

int quick_number(PyObject *object, double *value)
{
    if (PyFloat_CheckExact(object)) {
        *value = PyFloat_AS_DOUBLE(object);
        return !isnan(*value);
    }
    if (!PyLong_CheckExact(object)) {
        return 0;
    }
    *value = PyLong_AsDouble(object);
    if (*value == -1 && PyErr_Occurred()) {
        PyErr_Clear(); /* too large for a float: the long way says so */
        return 0;
    }
    return 1;
}

int quick_tolerance(PyObject *object, double *value)
{
    return quick_number(object, value) && *value >= 0;
}

static bool set_count(fc_state *state, PyObject *self, int name, uint64_t value)
{
    PyObject *count = PyLong_FromUnsignedLongLong(value);
    bool good = count != NULL && PyObject_GenericSetAttr(
                                     self, PyTuple_GET_ITEM(state->quick_names, name), count) == 0;
    Py_XDECREF(count);
    return good;
}

PyObject *quick_result(fc_state *state, PyObject *integral, PyObject *error, uint64_t n_eval,
                       uint64_t n_cuts)
{
    PyTypeObject *type = (PyTypeObject *)fc_state_kept(&state->quick_result_type);
    PyObject *self = NULL;
    if (integral != NULL && error != NULL) {
        self = type->tp_alloc(type, 2); /* as tuple.__new__ does */
    }
    if (self == NULL) {
        Py_XDECREF(integral);
        Py_XDECREF(error);
        return NULL;
    }
    PyTuple_SET_ITEM(self, 0, integral);
    PyTuple_SET_ITEM(self, 1, error);
    if (!set_count(state, self, NAME_NEVAL, n_eval) ||
        (n_cuts != 0 && !set_count(state, self, NAME_SUBDIVISIONS, n_cuts))) {
        Py_CLEAR(self);
    }
    return self;
}
