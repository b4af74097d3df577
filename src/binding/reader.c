/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core._read_code and what goes with it: the quick way of learning a function's program, for
 * fastconc._integrand. */
#include "read_code.h"

#include <math.h>

#include "kernel_type.h"
#include "quick.h"

enum { MAX_INPUTS = 16 };

/* None after an exception that only says that the function is not for us. */
static PyObject *nothing(void)
{
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(read_code_doc,
             "_read_code($module, function, n, /)\n--\n\n"
             "(bytes of the program of n floats, what it depends on, whether nothing in it may\n"
             "warn), or None for a function that the compiler in Python must read.");

static PyObject *read_code(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    if (count != 2 || !PyFunction_Check(args[0]) || !PyLong_Check(args[1])) {
        return PyErr_Format(PyExc_TypeError, "_read_code takes a function and a number");
    }
    const long n = PyLong_AsLong(args[1]);
    PyObject *tables = fc_state_kept(&state->reader);
    if (n < 1 || n > MAX_INPUTS || tables == NULL) {
        return nothing();
    }
    PyObject *result = read_function(state, tables, args[0], (int)n);
    return result != NULL ? result : nothing();
}

/* ---- comparison with plain Python ---- */

static bool agrees(PyObject *got, PyObject *expected)
{
    double a = PyFloat_AsDouble(got), b = PyFloat_AsDouble(expected);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    const double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return a == b || (isnan(a) && isnan(b)) ||
           fabs(a - b) <= 1e-9 * (size > 1e-300 ? size : 1e-300);
}

PyDoc_STRVAR(agrees_doc, "_agrees_with_python($module, function, program, samples, /)\n--\n\n"
                         "Whether the program gives about what the function gives, where that is a"
                         "\nnumber and no exception, for each tuple of floats in samples.");

static PyObject *agrees_with_python(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    Py_buffer views[MAX_INPUTS] = {0};
    if (count != 3 || !PyTuple_Check(args[2])) {
        return PyErr_Format(PyExc_TypeError, "_agrees_with_python takes three arguments");
    }
    fc_program *program = fc_program_of(state, args[1]);
    if (program == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[2]); i++) {
        PyObject *sample = PyTuple_GET_ITEM(args[2], i);
        if (!PyTuple_CheckExact(sample) || PyTuple_GET_SIZE(sample) > MAX_INPUTS ||
            PyTuple_GET_SIZE(sample) != (Py_ssize_t)fc_program_n_inputs(program)) {
            return PyErr_Format(PyExc_ValueError, "samples must be tuples of the inputs");
        }
        PyObject *expected = PyObject_Call(args[0], sample, NULL);
        if (expected == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_Exception)) {
                return NULL;
            }
            PyErr_Clear();
            continue;
        }
        PyObject *got = fc_program_call(args[1], state, &PyTuple_GET_ITEM(sample, 0), views);
        const bool same = got != NULL && agrees(got, expected);
        Py_DECREF(expected);
        Py_XDECREF(got);
        if (!same) {
            return PyErr_Occurred() ? NULL : Py_NewRef(Py_False);
        }
    }
    Py_RETURN_TRUE;
}

PyDoc_STRVAR(holds_doc, "_quick_holds($module, entries, f, n_inputs, /)\n--\n\n"
                        "Whether there is an entry for f and nothing it depends on has changed.");

static PyObject *quick_holds(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    const Py_ssize_t n = count == 3 ? PyLong_AsSsize_t(args[2]) : -1;
    if (n < 0 || !PyDict_CheckExact(args[0])) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "_quick_holds takes entries, f and a number");
    }
    PyObject *entry = quick_entry(fc_state_of_module(module), args[0], args[1], n, NULL);
    if (entry == NULL && PyErr_Occurred()) {
        return NULL;
    }
    const bool holds = entry != NULL;
    Py_XDECREF(entry);
    return PyBool_FromLong(holds);
}

PyDoc_STRVAR(tables_doc, "_set_reader($module, tables, /)\n--\n\n"
                         "Take the tables of _read_code, made by fastconc._compile.quick.");

static PyObject *set_reader(PyObject *module, PyObject *tables)
{
    if (!PyTuple_CheckExact(tables) || PyTuple_GET_SIZE(tables) != READER_N_TABLES ||
        !PyBytes_CheckExact(PyTuple_GET_ITEM(tables, READER_KINDS)) ||
        PyBytes_GET_SIZE(PyTuple_GET_ITEM(tables, READER_KINDS)) != 256 ||
        !PyBytes_CheckExact(PyTuple_GET_ITEM(tables, READER_SIZES)) ||
        PyBytes_GET_SIZE(PyTuple_GET_ITEM(tables, READER_SIZES)) != READ_N_SIZES ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_TEXTS)) ||
        PyTuple_GET_SIZE(PyTuple_GET_ITEM(tables, READER_TEXTS)) != 256 ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_OPERATORS)) ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_COMPARISONS)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_KNOWN)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_SIMPLE)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_BUILTINS)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_OPCODES)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_COSTS)) ||
        !PyLong_CheckExact(PyTuple_GET_ITEM(tables, READER_END))) {
        return PyErr_Format(PyExc_TypeError, "these are no tables of a reader");
    }
    (void)fc_state_keep(&fc_state_of_module(module)->reader, Py_NewRef(tables));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_read_code", (PyCFunction)(void (*)(void))read_code, METH_FASTCALL, read_code_doc},
    {"_agrees_with_python", (PyCFunction)(void (*)(void))agrees_with_python, METH_FASTCALL,
     agrees_doc},
    {"_quick_holds", (PyCFunction)(void (*)(void))quick_holds, METH_FASTCALL, holds_doc},
    {"_set_reader", set_reader, METH_O, tables_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_reader(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
