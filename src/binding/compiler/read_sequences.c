/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sequences in a reader of code objects, and what folds them; the rules are those of
 * _compile/sequences.py and builtin_functions.py. Contract in read_code.h.
 *
 *     tuple       of numbers known now, Vals, tuples, functions
 *     list        one made by the function: it alone may change, where all lanes are
 *     Vector      a NumPy array from outside (_compile/values.py): no arithmetic here
 *     range       known now
 *     iterator    of a tuple: what zip(), enumerate() and reversed() give
 *     method      of an iterator: a generator expression not yet run (the function is bound to it)
 */
#include "read_code.h"

#include <string.h>

enum {
    MOST_ITEMS = 4096,
    MOST_ADDED = 16,
    COMPENSATES = PY_VERSION_HEX >= 0x030C0000, /* sum() adds what rounding has lost */
};

static bool is_vector(const reader *r, PyObject *value)
{
    return Py_IS_TYPE(value, (PyTypeObject *)r->vector);
}

static bool is_tuple_iterator(const reader *r, PyObject *value)
{
    return Py_IS_TYPE(value, (PyTypeObject *)r->iterator);
}

/* x op y of sequences */
PyObject *read_join(reader *r, const char *op, PyObject *x, PyObject *y)
{
    if (strcmp(op, "+") == 0 && Py_TYPE(x) == Py_TYPE(y) &&
        (PyTuple_CheckExact(x) || PyList_CheckExact(x))) {
        return read_keep(r, PySequence_Concat(x, y));
    }
    if (strcmp(op, "*") == 0) {
        PyObject *items = PyLong_CheckExact(x) ? y : x, *count = items == x ? y : x;
        const long n = PyLong_CheckExact(count) ? PyLong_AsLong(count) : -1;
        if (n >= 0 && n <= MOST_ITEMS && (PyTuple_CheckExact(items) || PyList_CheckExact(items)) &&
            PySequence_Size(items) * n <= MOST_ITEMS) {
            return read_keep(r, PySequence_Repeat(items, n));
        }
    }
    return NULL;
}

PyObject *read_items(reader *r, PyObject *value)
{
    if (value == NULL) {
        return NULL;
    }
    if (PyTuple_CheckExact(value)) {
        return read_keep(r, Py_NewRef(value));
    }
    if (PyMethod_Check(value)) {
        return read_generator(r, value);
    }
    if (PyRange_Check(value) && PyObject_Size(value) > MOST_ITEMS) {
        return NULL;
    }
    if (is_vector(r, value) || PyList_CheckExact(value) || PyRange_Check(value) ||
        is_tuple_iterator(r, value)) {
        return read_keep(r, PySequence_Tuple(value));
    }
    return NULL;
}

bool read_unpack(reader *r, int n)
{
    const bool looped = r->items[r->n_items - 1].looped;
    PyObject *items = read_items(r, r->items[r->n_items - 1].object);
    read_drop_to(r, r->n_items - 1);
    bool done = items != NULL && PyTuple_GET_SIZE(items) == n;
    for (int i = n; done && i-- > 0;) {
        done = read_push(r, Py_NewRef(PyTuple_GET_ITEM(items, i)), looped);
    }
    return done;
}

PyObject *read_subscript(reader *r, PyObject *value, PyObject *index, bool looped)
{
    if (value == NULL || index == NULL ||
        !(PyTuple_CheckExact(value) || is_vector(r, value) || PyList_CheckExact(value) ||
          PyRange_Check(value))) {
        return NULL;
    }
    if (looped && !r->unrolls) { /* then the compiler writes the loop's turns out */
        r->wants_unrolling = true;
        return NULL;
    }
    if (PySlice_Check(index)) {
        return is_vector(r, value) || PyRange_Check(value)
                   ? NULL
                   : read_keep(r, PyObject_GetItem(value, index));
    }
    return PyLong_CheckExact(index) || PyBool_Check(index)
               ? read_keep(r, PyObject_GetItem(value, index))
               : NULL;
}

bool read_store_item(reader *r, PyObject *list, PyObject *index, PyObject *value, bool looped)
{
    if (looped && !r->unrolls) {
        r->wants_unrolling = true;
        return false;
    }
    return list != NULL && index != NULL && value != NULL && PyList_CheckExact(list) &&
           PyLong_CheckExact(index) && r->mask == Py_True &&
           PyObject_SetItem(list, index, value) == 0;
}

bool read_append(reader *r, PyObject *list, PyObject *value)
{
    return list != NULL && value != NULL && PyList_CheckExact(list) && r->mask == Py_True &&
           PyList_GET_SIZE(list) < MOST_ITEMS && PyList_Append(list, value) == 0;
}

/* ---- sums and the like ---- */

void read_begin_fold(reader_fold *f, int kind, PyObject *start)
{
    *f = (reader_fold){.kind = kind, .total = start};
}

/* total + item, its rounding error to *error (Knuth 1969, The Art of Computer Programming 2) */
static PyObject *two_sum(reader *r, PyObject *x, PyObject *y, PyObject **error)
{
    x = read_as(r, x, 'D');
    y = x != NULL ? read_as(r, y, 'D') : NULL;
    PyObject *s = y != NULL ? read_emit(r, "ADD_D", 'D', x, y, NULL) : NULL;
    PyObject *t = s != NULL ? read_emit(r, "SUB_D", 'D', s, x, NULL) : NULL;
    PyObject *u = t != NULL ? read_emit(r, "SUB_D", 'D', s, t, NULL) : NULL;
    PyObject *p = u != NULL ? read_emit(r, "SUB_D", 'D', x, u, NULL) : NULL;
    PyObject *q = p != NULL ? read_emit(r, "SUB_D", 'D', y, t, NULL) : NULL;
    *error = q != NULL ? read_emit(r, "ADD_D", 'D', p, q, NULL) : NULL;
    return *error != NULL ? s : NULL;
}

bool read_fold_item(reader *r, reader_fold *f, PyObject *item, bool looped)
{
    f->looped = f->looped || looped;
    if (f->kind == FOLD_ITEMS) {
        return PyList_Append(f->total, item) == 0;
    }
    if (f->kind == FOLD_PRODUCT) {
        f->total = read_binary(r, "*", f->total, item, 0);
        return f->total != NULL;
    }
    if (COMPENSATES && read_type(r, f->total) == 'D' && read_type(r, item) == 'D') {
        PyObject *error;
        if (f->low == NULL) {
            f->low = read_keep(r, PyFloat_FromDouble(0.0));
        }
        f->total = f->low != NULL ? two_sum(r, f->total, item, &error) : NULL;
        f->low = f->total != NULL ? read_binary(r, "+", f->low, error, 0) : NULL;
        return f->low != NULL;
    }
    f->total = read_binary(r, "+", f->total, item, 0);
    return f->total != NULL;
}

PyObject *read_end_fold(reader *r, const reader_fold *f)
{
    if (f->low == NULL || !is_val(r->state, f->low)) {
        return f->total;
    }
    PyObject *finite = read_test(r, "ISFINITE_D", f->low);
    PyObject *sum = finite != NULL ? read_binary(r, "+", f->total, f->low, 0) : NULL;
    return sum != NULL ? read_choose(r, finite, sum, f->total) : NULL;
}

static bool all_known(reader *r, PyObject *items)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(items); i++) {
        if (!read_is_number(PyTuple_GET_ITEM(items, i))) {
            return false;
        }
    }
    (void)r;
    return true;
}

PyObject *read_fold(reader *r, int kind, PyObject *value, PyObject *start, bool *looped)
{
    reader_fold f;
    read_begin_fold(&f, kind, start);
    f.looped = *looped;
    bool done = true;
    if (value != NULL && PyMethod_Check(value)) {
        done = read_run_generator(r, value, &f);
    } else {
        PyObject *items = read_items(r, value);
        done = items != NULL && !(PyRange_Check(value) && PyTuple_GET_SIZE(items) > MOST_ADDED);
        if (done && kind == FOLD_SUM && !is_tuple_iterator(r, value) && all_known(r, items) &&
            read_is_number(start)) {
            return read_keep(r, PyObject_CallFunctionObjArgs(r->sum, items, start, NULL));
        }
        for (Py_ssize_t i = 0; done && i < PyTuple_GET_SIZE(items); i++) {
            done = read_fold_item(r, &f, PyTuple_GET_ITEM(items, i), f.looped);
        }
    }
    *looped = f.looped;
    return done ? read_end_fold(r, &f) : NULL;
}

PyObject *read_generator(reader *r, PyObject *generator)
{
    reader_fold f;
    PyObject *list = read_keep(r, PyList_New(0));
    read_begin_fold(&f, FOLD_ITEMS, list);
    return list != NULL && read_run_generator(r, generator, &f) ? read_keep(r, PyList_AsTuple(list))
                                                                : NULL;
}

/* ---- tuples of the items of others ---- */

static PyObject *iterator_of(reader *r, PyObject *tuple)
{
    return tuple != NULL ? read_keep(r, PyObject_GetIter(tuple)) : NULL;
}

PyObject *read_enumerate(reader *r, PyObject *value, PyObject *start)
{
    PyObject *items = read_items(r, value);
    PyObject *made = items != NULL ? read_keep(r, PyTuple_New(PyTuple_GET_SIZE(items))) : NULL;
    long first = start != NULL ? (PyLong_CheckExact(start) ? PyLong_AsLong(start) : -1) : 0;
    if (first < 0 || first > MOST_ITEMS) {
        return NULL;
    }
    for (Py_ssize_t i = 0; made != NULL && i < PyTuple_GET_SIZE(items); i++) {
        PyObject *pair = Py_BuildValue("nO", first + i, PyTuple_GET_ITEM(items, i));
        if (pair == NULL) {
            return NULL;
        }
        PyTuple_SET_ITEM(made, i, pair);
    }
    return iterator_of(r, made);
}

PyObject *read_zip(reader *r, const item *args, int n)
{
    enum { MOST_ZIPPED = 8 };
    PyObject *columns[MOST_ZIPPED], *made = NULL;
    Py_ssize_t length = MOST_ITEMS;
    if (n < 1 || n > MOST_ZIPPED) {
        return NULL;
    }
    for (int k = 0; k < n; k++) {
        columns[k] = read_items(r, args[k].object);
        if (columns[k] == NULL) {
            return NULL;
        }
        length = PyTuple_GET_SIZE(columns[k]) < length ? PyTuple_GET_SIZE(columns[k]) : length;
    }
    made = read_keep(r, PyTuple_New(length));
    for (Py_ssize_t i = 0; made != NULL && i < length; i++) {
        PyObject *row = PyTuple_New(n);
        if (row == NULL) {
            return NULL;
        }
        for (int k = 0; k < n; k++) {
            PyTuple_SET_ITEM(row, k, Py_NewRef(PyTuple_GET_ITEM(columns[k], i)));
        }
        PyTuple_SET_ITEM(made, i, row);
    }
    return iterator_of(r, made);
}

PyObject *read_reversed(reader *r, PyObject *value)
{
    if (value != NULL && PyRange_Check(value)) {
        PyObject *step = PyLong_FromLong(-1);
        PyObject *slice = step != NULL ? PySlice_New(NULL, NULL, step) : NULL;
        PyObject *turned = slice != NULL ? PyObject_GetItem(value, slice) : NULL;
        Py_XDECREF(slice);
        Py_XDECREF(step);
        return read_keep(r, turned);
    }
    PyObject *items = read_items(r, value);
    const Py_ssize_t n = items != NULL ? PyTuple_GET_SIZE(items) : 0;
    PyObject *made = items != NULL ? read_keep(r, PyTuple_New(n)) : NULL;
    for (Py_ssize_t i = 0; made != NULL && i < n; i++) {
        PyTuple_SET_ITEM(made, i, Py_NewRef(PyTuple_GET_ITEM(items, n - 1 - i)));
    }
    return iterator_of(r, made);
}
