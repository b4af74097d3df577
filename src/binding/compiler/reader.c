/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core._read_code and what goes with it: the quick way of learning a function's program, for
 * fastconc._integrand. */
#include "read_code.h"

#include <math.h>
#include <stdlib.h>

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

PyDoc_STRVAR(
    read_code_doc,
    "_read_code($module, function, n, args=None, point=False, /)\n--\n\n"
    "(bytes of the program of n floats, what it depends on, whether nothing in it may\n"
    "warn, whether small ints may be passed as floats, the number of results), or None for\n"
    "a function that the compiler in Python must read. `args` (a tuple of floats) are\n"
    "compiled in; `point`: the n floats are a tuple.");

/* function, n, args, point; false with an exception where they are something else. */
static bool read_wish(reader_wish *wish, PyObject *const *args, Py_ssize_t count)
{
    *wish = (reader_wish){.function = count > 0 ? args[0] : NULL};
    const long n = count > 1 && PyLong_Check(args[1]) ? PyLong_AsLong(args[1]) : 0;
    wish->args = count > 2 && args[2] != Py_None ? args[2] : NULL;
    wish->point = count > 3 && PyObject_IsTrue(args[3]) > 0;
    wish->n = n < -MAX_INPUTS || n > MAX_INPUTS ? 0 : (int)n;
    if (count < 2 || count > 4 || !PyLong_Check(args[1]) ||
        (wish->args != NULL && !PyTuple_CheckExact(wish->args))) {
        PyErr_Format(PyExc_TypeError, "a function, a number, a tuple and a bool are wanted");
        return false;
    }
    PyErr_Clear(); /* a number that is too large for a long */
    return true;
}

static PyObject *read_code(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    reader_wish wish;
    if (!read_wish(&wish, args, count)) {
        return NULL;
    }
    if (!PyFunction_Check(wish.function)) {
        return PyErr_Format(PyExc_TypeError, "_read_code takes a function");
    }
    PyObject *tables = fc_state_kept(&state->reader);
    if (wish.n < 1 || tables == NULL) {
        return nothing();
    }
    PyObject *result = read_program(state, tables, &wish);
    return result != NULL ? result : nothing();
}

/* ---- comparison with plain Python ---- */

static bool agrees(PyObject *got, PyObject *expected)
{
    if (PyTuple_CheckExact(got)) {
        PyObject *items = PySequence_Tuple(expected);
        bool same = items != NULL && PyTuple_GET_SIZE(items) == PyTuple_GET_SIZE(got);
        for (Py_ssize_t i = 0; same && i < PyTuple_GET_SIZE(got); i++) {
            same = agrees(PyTuple_GET_ITEM(got, i), PyTuple_GET_ITEM(items, i));
        }
        Py_XDECREF(items);
        return same;
    }
    if (PyComplex_Check(expected)) {
        return isnan(PyFloat_AsDouble(got)); /* a root of what is negative */
    }
    double a = PyFloat_AsDouble(got), b = PyFloat_AsDouble(expected);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    const double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return a == b || (isnan(a) && isnan(b)) ||
           fabs(a - b) <= 1e-9 * (size > 1e-300 ? size : 1e-300);
}

static PyObject *numbers_at(double sample, int n)
{
    PyObject *numbers = PyTuple_New(n);
    for (int k = 0; numbers != NULL && k < n; k++) {
        PyObject *number = PyFloat_FromDouble(sample * (1.0 + k / 8.0));
        if (number == NULL) {
            Py_CLEAR(numbers);
        } else {
            PyTuple_SET_ITEM(numbers, k, number);
        }
    }
    return numbers;
}

/* What the function gives for these numbers, called as it is wished. */
static PyObject *call_python(const reader_wish *wish, PyObject *numbers)
{
    PyObject *given = wish->point ? PyTuple_Pack(1, numbers) : Py_NewRef(numbers), *result = NULL;
    if (given != NULL && wish->args != NULL) {
        Py_SETREF(given, PySequence_Concat(given, wish->args));
    }
    if (given != NULL) {
        result = PyObject_Call(wish->function, given, NULL);
        Py_DECREF(given);
    }
    return result;
}

/* Whether the program gives about what the function gives, where that is a number and no exception:
 * 1 or 0, -1 with an exception that is none (an interrupt). The abscissae are check.py's; one of
 * them is likely to be where the function is defined. */
static int agrees_with_python(fc_state *state, const reader_wish *wish, PyObject *program)
{
    static const double samples[] = {0.6180339887498949, 2.414213562373095, -0.7320508075688772};
    Py_buffer views[MAX_INPUTS] = {0};
    for (int i = 0; i < 3; i++) {
        PyObject *numbers = numbers_at(samples[i], wish->n);
        PyObject *expected = numbers != NULL ? call_python(wish, numbers) : NULL, *got = NULL;
        int same = 1;
        if (expected != NULL) {
            got = fc_program_call(program, state, &PyTuple_GET_ITEM(numbers, 0), views);
            same = got == NULL || agrees(got, expected); /* raising is never a wrong number */
        } else if (!PyErr_ExceptionMatches(PyExc_Exception)) {
            same = -1;
        }
        if (same >= 0) {
            PyErr_Clear();
        }
        Py_XDECREF(got);
        Py_XDECREF(expected);
        Py_XDECREF(numbers);
        if (same != 1) {
            return same;
        }
    }
    return 1;
}

/* As agrees_with_python, while NumPy warns of nothing. */
static int agrees_quietly(fc_state *state, const reader_wish *wish, PyObject *program)
{
    PyObject *context = PyObject_CallNoArgs(PyTuple_GET_ITEM(state->reader, READER_QUIET));
    PyObject *entered = context != NULL ? PyObject_CallMethod(context, "__enter__", NULL) : NULL;
    int same = entered != NULL ? agrees_with_python(state, wish, program) : -1;
    if (entered != NULL) {
        PyObject *type, *value, *traceback;
        PyErr_Fetch(&type, &value, &traceback);
        PyObject *left = PyObject_CallMethod(context, "__exit__", "OOO", Py_None, Py_None, Py_None);
        if (left == NULL || type != NULL) {
            PyErr_Restore(type, value, traceback);
            same = -1;
        }
        Py_XDECREF(left);
    }
    Py_XDECREF(entered);
    Py_XDECREF(context);
    return same;
}

/* ---- entries ---- */

static int keep_entry(PyObject *entries, const reader_wish *wish, long n_inputs, PyObject *code,
                      PyObject *defaults, PyObject *program, PyObject *found)
{
    enum { MAX_ENTRIES = 512 }; /* as in _integrand.py */
    if (PyDict_GET_SIZE(entries) >= MAX_ENTRIES) {
        PyDict_Clear(entries);
    }
    PyObject *ref = PyWeakref_NewRef(wish->function, NULL), *empty = PyTuple_New(0);
    PyObject *entry = NULL, *key = NULL;
    if (ref != NULL && empty != NULL) {
        entry = PyTuple_Pack(ENTRY_SIZE, ref, code, defaults, empty, Py_None,
                             PyTuple_GET_ITEM(found, 1), program, PyTuple_GET_ITEM(found, 4),
                             wish->n > 1 ? PyTuple_GET_ITEM(found, 3) : Py_False);
        PyObject *address = PyLong_FromVoidPtr(wish->function);
        key = wish->args == NULL || PyTuple_GET_SIZE(wish->args) == 0
                  ? Py_BuildValue("Nl", address, n_inputs)
                  : Py_BuildValue("NlO", address, n_inputs, wish->args);
    }
    const int kept = entry != NULL && key != NULL ? PyDict_SetItem(entries, key, entry) : -1;
    Py_XDECREF(key);
    Py_XDECREF(entry);
    Py_XDECREF(empty);
    Py_XDECREF(ref);
    return kept;
}

int reader_learn(fc_state *state, PyObject *entries, PyObject *function, long n_inputs,
                 PyObject *args, bool point)
{
    PyObject *tables = fc_state_kept(&state->reader);
    const reader_wish wish = {
        .function = function, .n = (int)labs(n_inputs), .args = args, .point = point};
    if (tables == NULL || entries == NULL || n_inputs == 0 || labs(n_inputs) > MAX_INPUTS ||
        !PyFunction_Check(function) || ((PyFunctionObject *)function)->func_kwdefaults != NULL) {
        return 0;
    }
    PyObject *code = Py_NewRef(PyFunction_GET_CODE(function));
    PyObject *defaults = PyFunction_GET_DEFAULTS(function), *program = NULL;
    defaults = Py_NewRef(defaults != NULL ? defaults : Py_None);
    PyObject *found = read_program(state, tables, &wish);
    int same = 0;
    if (found != NULL) {
        program = PyObject_CallOneArg(state->program_type, PyTuple_GET_ITEM(found, 0));
    }
    if (program != NULL) {
        same = (PyTuple_GET_ITEM(found, 2) == Py_True ? agrees_with_python
                                                      : agrees_quietly)(state, &wish, program);
    }
    if (same == 1 && keep_entry(entries, &wish, n_inputs, code, defaults, program, found) < 0) {
        same = -1;
    }
    Py_XDECREF(program);
    Py_XDECREF(found);
    Py_DECREF(defaults);
    Py_DECREF(code);
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
        same = 0;
    }
    return PyErr_Occurred() ? -1 : same == 1;
}

PyDoc_STRVAR(learn_doc,
             "_learn($module, entries, function, n, args=None, point=False, /)\n--\n\n"
             "Read the function of n floats for an integrator's entries, as _read_code does; a\n"
             "negative n is that of a limit. Whether there is an entry now.");

static PyObject *learn(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    reader_wish wish;
    if (count < 1 || !PyDict_CheckExact(args[0])) {
        return PyErr_Format(PyExc_TypeError, "_learn takes entries and a function");
    }
    if (!read_wish(&wish, args + 1, count - 1)) {
        return NULL;
    }
    const int learned = reader_learn(fc_state_of_module(module), args[0], wish.function, wish.n,
                                     wish.args, wish.point);
    return learned < 0 ? NULL : PyBool_FromLong(learned);
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
        !PyAnySet_Check(PyTuple_GET_ITEM(tables, READER_INEXACT)) ||
        !PyAnySet_Check(PyTuple_GET_ITEM(tables, READER_MASKED)) ||
        !PyType_Check(PyTuple_GET_ITEM(tables, READER_VECTOR)) ||
        !PyType_Check(PyTuple_GET_ITEM(tables, READER_ITERATOR)) ||
        !PyLong_CheckExact(PyTuple_GET_ITEM(tables, READER_END))) {
        return PyErr_Format(PyExc_TypeError, "these are no tables of a reader");
    }
    (void)fc_state_keep(&fc_state_of_module(module)->reader, Py_NewRef(tables));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_read_code", (PyCFunction)(void (*)(void))read_code, METH_FASTCALL, read_code_doc},
    {"_learn", (PyCFunction)(void (*)(void))learn, METH_FASTCALL, learn_doc},
    {"_quick_holds", (PyCFunction)(void (*)(void))quick_holds, METH_FASTCALL, holds_doc},
    {"_set_reader", set_reader, METH_O, tables_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_reader(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
