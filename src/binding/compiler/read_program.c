/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs of a reader of code objects: what goes in and what comes out. Contract in read_code.h.
 */
#include "read_code.h"

#include <stddef.h>
#include <string.h>

enum { MAX_OUTPUTS = 16 };

/* Appends the value as float64s at run time: one, or those of a tuple or list, as they are nested.
 */
static bool add_outputs(reader *r, PyObject *value, PyObject *outputs, int depth)
{
    if (value != NULL && (PyTuple_CheckExact(value) || PyList_CheckExact(value))) {
        PyObject *items = read_items(r, value);
        bool done = items != NULL && PyTuple_GET_SIZE(items) > 0 && depth == 0;
        for (Py_ssize_t i = 0; done && i < PyTuple_GET_SIZE(items); i++) {
            done = add_outputs(r, PyTuple_GET_ITEM(items, i), outputs, depth + 1);
        }
        return done;
    }
    PyObject *number = read_as(r, value, 'D');
    return number != NULL && PyList_GET_SIZE(outputs) < MAX_OUTPUTS &&
           PyList_Append(outputs, number) == 0;
}

/* Pushes the n inputs, and what else the function is called with; how many items that is, or -1. */
static int push_inputs(reader *r, const reader_wish *wish, PyObject *inputs)
{
    fc_state *state = r->state;
    PyObject *empty = PyTuple_New(0), *point = wish->point ? PyTuple_New(wish->n) : NULL;
    bool done = empty != NULL && (point != NULL || !wish->point);
    for (int i = 0; done && i < wish->n; i++) {
        PyObject *input =
            (PyObject *)ir_new_val(state, ir_name(state, IR_INPUT), ir_name(state, IR_D), empty);
        done = input != NULL && PyList_Append(inputs, input) == 0;
        if (done && point != NULL) {
            PyTuple_SET_ITEM(point, i, input);
            continue;
        }
        done = done && read_push(r, Py_NewRef(input), false);
        Py_XDECREF(input);
    }
    Py_XDECREF(empty);
    if (point != NULL) {
        done = done ? read_push(r, point, false) : (Py_DECREF(point), false);
    }
    for (Py_ssize_t i = 0; done && wish->args != NULL && i < PyTuple_GET_SIZE(wish->args); i++) {
        done = read_push(r, Py_NewRef(PyTuple_GET_ITEM(wish->args, i)), false);
    }
    return done ? r->n_items : -1;
}

/* (bytes of the program, number of outputs), or NULL with an exception or without. */
static PyObject *make_program(reader *r, const reader_wish *wish)
{
    PyObject *inputs = PyList_New(0), *outputs = PyList_New(0),
             *none = PyBytes_FromStringAndSize(NULL, 0), *packed = NULL, *result = NULL;
    const int n =
        inputs != NULL && outputs != NULL && none != NULL ? push_inputs(r, wish, inputs) : -1;
    if (n >= 0 && read_run_function(r, wish->function, 0, n, NULL, NULL) &&
        add_outputs(r, r->items[r->n_items - 1].object, outputs, 0)) {
        packed = ir_pack(r->state, r->b->body, inputs, outputs, none,
                         PyTuple_GET_ITEM(r->state->reader, READER_OPCODES), 0,
                         PyLong_AsLong(PyTuple_GET_ITEM(r->state->reader, READER_END)));
    }
    if (packed != NULL && PyTuple_Check(packed)) {
        result = Py_BuildValue("On", PyTuple_GET_ITEM(packed, 0), PyList_GET_SIZE(outputs));
    }
    Py_XDECREF(packed);
    Py_XDECREF(none);
    Py_XDECREF(outputs);
    Py_XDECREF(inputs);
    return result;
}

/* As takes_ints of _integrand.py. */
static bool takes_ints(const reader *r, PyObject *tables)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(r->b->body); i++) {
        const ValObject *val = (ValObject *)PyList_GET_ITEM(r->b->body, i);
        if (PySet_Contains(PyTuple_GET_ITEM(tables, READER_INEXACT), val->op) != 0) {
            return false;
        }
    }
    return true;
}

static void init(reader *r, fc_state *state, PyObject *tables)
{
    memset(r, 0, offsetof(reader, items));
    r->n_items = r->n_cells = 0;
    r->state = state;
    r->silent = true;
    r->kinds = (const unsigned char *)PyBytes_AS_STRING(PyTuple_GET_ITEM(tables, READER_KINDS));
    r->sizes = (const unsigned char *)PyBytes_AS_STRING(PyTuple_GET_ITEM(tables, READER_SIZES));
    r->texts = PyTuple_GET_ITEM(tables, READER_TEXTS);
    r->operators = PyTuple_GET_ITEM(tables, READER_OPERATORS);
    r->comparisons = PyTuple_GET_ITEM(tables, READER_COMPARISONS);
    r->known = PyTuple_GET_ITEM(tables, READER_KNOWN);
    r->simple = PyTuple_GET_ITEM(tables, READER_SIMPLE);
    r->missing = PyTuple_GET_ITEM(tables, READER_MISSING);
    r->builtins = PyTuple_GET_ITEM(tables, READER_BUILTINS);
    r->costs = PyTuple_GET_ITEM(tables, READER_COSTS);
    r->vector = PyTuple_GET_ITEM(tables, READER_VECTOR);
    r->sum = PyTuple_GET_ITEM(tables, READER_SUM);
    r->iterator = (PyTypeObject *)PyTuple_GET_ITEM(tables, READER_ITERATOR);
    r->mask = Py_NewRef(Py_True);
    r->deps = PyList_New(0);
    r->kept = PyList_New(0);
    r->made = PyList_New(0);
    r->b = ir_new_builder(state);
    if (r->b != NULL) {
        Py_SETREF(r->b->masked, Py_NewRef(PyTuple_GET_ITEM(tables, READER_MASKED)));
    }
}

/* Cells and functions that the function made refer to each other. */
static void clear(reader *r)
{
    read_drop_to(r, 0);
    for (int i = 0; i < r->n_cells; i++) {
        PyCell_Set(r->cells[i].object, NULL);
    }
    Py_DECREF(r->mask);
    Py_XDECREF(r->deps);
    Py_XDECREF(r->made);
    Py_XDECREF(r->kept);
    Py_XDECREF(r->b);
}

PyObject *read_program(fc_state *state, PyObject *tables, const reader_wish *wish)
{
    reader r;
    PyObject *made = NULL, *result = NULL;
    for (int again = 0; again < 2; again++) {
        init(&r, state, tables);
        r.unrolls = again != 0;
        if (r.deps != NULL && r.kept != NULL && r.made != NULL && r.b != NULL) {
            made = make_program(&r, wish);
        }
        if (made != NULL || again != 0 || !r.wants_unrolling || r.n_long_loops > 1 ||
            PyErr_Occurred()) {
            break;
        }
        clear(&r);
    }
    if (made != NULL) {
        result =
            Py_BuildValue("OOOOO", PyTuple_GET_ITEM(made, 0), r.deps, r.silent ? Py_True : Py_False,
                          takes_ints(&r, tables) ? Py_True : Py_False, PyTuple_GET_ITEM(made, 1));
        Py_DECREF(made);
    }
    clear(&r);
    return result;
}
