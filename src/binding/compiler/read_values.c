/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The stack of a reader of code objects, and what is outside of the function: globals, cells,
 * attributes. Contract in read_code.h; the rules are Evaluator.admit's. */
#include "read_code.h"

#include <string.h>

/* ---- the stack ---- */

/* Steals object, which is NULL where making it failed. */
bool read_push(reader *r, PyObject *object, bool looped)
{
    if (object == NULL || r->n_items == READ_MAX_ITEMS) {
        Py_XDECREF(object);
        return false;
    }
    r->items[r->n_items++] = (item){object, looped, 0};
    return true;
}

bool read_push_null(reader *r)
{
    if (r->n_items == READ_MAX_ITEMS) {
        return false;
    }
    r->items[r->n_items++] = (item){0};
    return true;
}

void read_drop_to(reader *r, int n)
{
    while (r->n_items > n) {
        r->n_items--;
        Py_CLEAR(r->items[r->n_items].object);
    }
}

bool read_push_copy(reader *r, const item *from)
{
    return from->object != NULL && read_push(r, Py_NewRef(from->object), from->looped);
}

/* The top goes to `to`. */
void read_pop_to(reader *r, item *to)
{
    if (to->object == NULL) {
        to->order = ++r->n_orders;
    }
    r->n_items--;
    Py_XSETREF(to->object, r->items[r->n_items].object);
    to->looped = r->items[r->n_items].looped;
}

/* ---- what is outside ---- */

bool read_depend(reader *r, const char *kind, PyObject *container, PyObject *name, PyObject *value)
{
    for (Py_ssize_t i = PyList_GET_SIZE(r->deps); i-- > 0;) {
        PyObject *old = PyList_GET_ITEM(r->deps, i);
        if (PyTuple_GET_ITEM(old, 1) == container && PyTuple_GET_ITEM(old, 2) == name &&
            PyTuple_GET_ITEM(old, 3) == value) {
            return true;
        }
    }
    PyObject *word = PyUnicode_InternFromString(kind);
    PyObject *made = word != NULL ? PyTuple_Pack(4, word, container, name, value) : NULL;
    int done = made != NULL ? PyList_Append(r->deps, made) : -1;
    Py_XDECREF(word);
    Py_XDECREF(made);
    return done == 0;
}

static bool is_known_function(const reader *r, PyObject *value)
{
    const int found = PyDict_Contains(r->simple, value);
    if (found < 0) {
        PyErr_Clear(); /* it has no hash */
    }
    return found > 0;
}

enum { MAX_NESTED = 8, MAX_OUTSIDE = 512 };

static PyObject *admit(reader *r, PyObject *value, int depth);

/* A tuple (of type Vector if it is an array's) of what the sequence holds, admitted. */
static PyObject *admit_items(reader *r, PyObject *sequence, bool vector, int depth)
{
    PyObject *items = PySequence_Tuple(sequence); /* of its own: a hash may run code */
    const Py_ssize_t n = items != NULL ? PyTuple_GET_SIZE(items) : 0;
    PyObject *made =
        items != NULL && depth < MAX_NESTED && n <= MAX_OUTSIDE ? PyTuple_New(n) : NULL;
    for (Py_ssize_t i = 0; made != NULL && i < n; i++) {
        PyObject *item = PyTuple_GET_ITEM(items, i);
        PyObject *admitted = vector && PyList_CheckExact(item)
                                 ? admit_items(r, item, true, depth + 1)
                                 : admit(r, Py_NewRef(item), depth + 1);
        if (admitted == NULL) {
            Py_CLEAR(made);
        } else {
            PyTuple_SET_ITEM(made, i, admitted);
        }
    }
    if (made != NULL && vector) {
        Py_SETREF(made, PyObject_CallOneArg(r->vector, made));
    }
    Py_XDECREF(items);
    return made;
}

static PyObject *admit_list(reader *r, PyObject *list)
{
    PyObject *copy = PyList_GET_SIZE(list) <= MAX_OUTSIDE ? PyList_AsTuple(list) : NULL,
             *made = NULL;
    if (copy != NULL && read_depend(r, "list", list, Py_None, copy)) {
        made = admit_items(r, copy, false, 0);
    }
    Py_XDECREF(copy);
    Py_DECREF(list);
    return made;
}

/* A NumPy array of at least one dimension. */
static PyObject *admit_array(reader *r, PyObject *array)
{
    PyObject *size = PyObject_GetAttrString(array, "size"), *made = NULL;
    const bool small = size != NULL && PyLong_Check(size) && PyLong_AsLong(size) <= MAX_OUTSIDE;
    PyObject *copy = small ? PyObject_CallMethod(array, "copy", NULL) : NULL;
    PyObject *content = copy != NULL ? PyObject_CallMethod(copy, "tolist", NULL) : NULL;
    r->silent = false;
    if (content != NULL && PyList_CheckExact(content) &&
        read_depend(r, "array", array, Py_None, copy)) {
        made = admit_items(r, content, true, 0);
    }
    Py_XDECREF(content);
    Py_XDECREF(copy);
    Py_XDECREF(size);
    Py_DECREF(array);
    return made;
}

/* Evaluator.admit, of what can be used here; steals value. */
static PyObject *admit(reader *r, PyObject *value, int depth)
{
    if (PyModule_CheckExact(value)) {
        const char *name = PyModule_GetName(value);
        if (name == NULL) {
            PyErr_Clear();
        }
        r->silent = r->silent && name != NULL && strcmp(name, "math") == 0;
    } else if (PyFloat_Check(value) && !PyFloat_CheckExact(value)) { /* NumPy's */
        const double number = PyFloat_AsDouble(value);
        r->silent = false;
        Py_SETREF(value, number == -1 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(number));
    } else if (PyTuple_CheckExact(value)) {
        Py_SETREF(value, admit_items(r, value, false, depth));
    } else if (PyList_CheckExact(value) && depth == 0) {
        value = admit_list(r, value);
    } else if (strcmp(Py_TYPE(value)->tp_name, "numpy.ndarray") == 0) {
        value = depth == 0 ? admit_array(r, value) : (Py_DECREF(value), NULL);
    } else if (!read_is_number(value) && !PyFunction_Check(value)) {
        if (!is_known_function(r, value)) {
            Py_DECREF(value);
            return NULL;
        }
        r->silent = r->silent && (PyCFunction_CheckExact(value) || PyType_Check(value));
    }
    return value;
}

bool read_push_outside(reader *r, PyObject *value)
{
    return value != NULL && read_push(r, admit(r, value, 0), false);
}

bool read_global(reader *r, PyObject *globals, PyObject *name)
{
    PyObject *value = fc_dict_get(globals, name);
    if (value != NULL) {
        return read_depend(r, "global", globals, name, value) ? read_push_outside(r, value)
                                                              : (Py_DECREF(value), false);
    }
    value = PyErr_Occurred() ? NULL : fc_dict_get(r->builtins, name);
    return value != NULL && read_depend(r, "global", globals, name, r->missing)
               ? read_push_outside(r, value)
               : (Py_XDECREF(value), false);
}

/* ---- cells ---- */

static item *own_cell(reader *r, const PyObject *cell)
{
    for (int i = 0; i < r->n_cells; i++) {
        if (r->cells[i].object == cell) {
            return &r->cells[i];
        }
    }
    return NULL;
}

bool read_cell(reader *r, PyObject *cell)
{
    if (cell == NULL || !PyCell_Check(cell)) {
        return false;
    }
    PyObject *value = PyCell_Get(cell);
    const item *own = own_cell(r, cell);
    if (own != NULL) {
        return value != NULL && read_push(r, value, own->looped);
    }
    return value != NULL && read_depend(r, "cell", cell, Py_None, value)
               ? read_push_outside(r, value)
               : (Py_XDECREF(value), false);
}

bool read_make_cell(reader *r, item *name)
{
    PyObject *cell = r->n_cells < READ_MAX_CELLS ? read_keep(r, PyCell_New(name->object)) : NULL;
    if (cell == NULL) {
        return false;
    }
    r->cells[r->n_cells++] = (item){cell, name->looped, 0};
    Py_XSETREF(name->object, Py_NewRef(cell));
    name->looped = false;
    return true;
}

bool read_store_cell(reader *r, PyObject *cell)
{
    const item *top = &r->items[r->n_items - 1];
    item *own = cell != NULL ? own_cell(r, cell) : NULL;
    if (own == NULL || top->object == NULL || r->mask != Py_True ||
        PyCell_Set(cell, top->object) < 0) {
        return false;
    }
    own->looped = own->looped || top->looped;
    read_drop_to(r, r->n_items - 1);
    return true;
}

/* ---- attributes ---- */

bool read_attribute(reader *r, PyObject *name)
{
    PyObject *owner = r->items[r->n_items - 1].object;
    if (owner == NULL) {
        return false;
    }
    if (PyList_CheckExact(owner) && PyUnicode_CompareWithASCIIString(name, "append") == 0) {
        PyObject *method = PyObject_GetAttr(owner, name);
        read_drop_to(r, r->n_items - 1);
        return read_push(r, method, false);
    }
    if (!PyModule_CheckExact(owner)) {
        return false;
    }
    PyObject *value = PyObject_GetAttr(owner, name);
    const bool done = value != NULL && read_depend(r, "attribute", owner, name, value);
    read_drop_to(r, r->n_items - 1);
    return done ? read_push_outside(r, value) : (Py_XDECREF(value), false);
}
