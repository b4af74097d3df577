/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The short way through fastconc.quad, for what most calls are: one integral of a compiled function
 * of floats, which converges. An easy one takes few microseconds, less than looking at every
 * argument in Python would. Whatever is out of the ordinary gives None, and the long way through
 * _quad.py then tells what it is. */
#include "integrand.h"

#include <math.h>

#include "fc_quad.h"

#define MAX_ARGS 16
#define MAX_OUT 16

/* ---- which program a function has ---- */

/* In state->quad_names, behind the attributes of a result that are not always the same. */
enum { NAME_GLOBAL = 3, NAME_ATTRIBUTE, N_NAMES };

/* dict[key] as a new reference, or NULL, with an exception or without. */
static PyObject *dict_get(PyObject *dict, PyObject *key)
{
#if PY_VERSION_HEX >= 0x030D0000
    PyObject *value;
    return PyDict_GetItemRef(dict, key, &value) > 0 ? value : NULL;
#else
    return Py_XNewRef(PyDict_GetItemWithError(dict, key));
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

/* Is what the compiler looked at (kind, container, name, value) still so? 1 yes, 0 not known here.
 */
static int dependency_holds(fc_state *state, PyObject *dependency)
{
    if (!PyTuple_CheckExact(dependency) || PyTuple_GET_SIZE(dependency) != 4) {
        return 0;
    }
    PyObject *kind = PyTuple_GET_ITEM(dependency, 0), *found = NULL;
    PyObject *container = PyTuple_GET_ITEM(dependency, 1), *name = PyTuple_GET_ITEM(dependency, 2);
    if (kind == PyTuple_GET_ITEM(state->quad_names, NAME_GLOBAL) && PyDict_CheckExact(container)) {
        found = dict_get(container, name);
    } else if (kind == PyTuple_GET_ITEM(state->quad_names, NAME_ATTRIBUTE) &&
               PyModule_CheckExact(container)) {
        found = PyObject_GetAttr(container, name);
    }
    bool same = found != NULL && found == PyTuple_GET_ITEM(dependency, 3);
    Py_XDECREF(found);
    PyErr_Clear();
    return same;
}

/* An entry is what _integrand.py remembers of a function. */
enum { REF, CODE, DEFAULTS, CELLS, UNIT, DEPS, PROGRAM, N_OUT, N_ENTRY };

static int entry_holds(fc_state *state, PyObject *entry, PyObject *f)
{
    if (!PyTuple_CheckExact(entry) || PyTuple_GET_SIZE(entry) != N_ENTRY || !PyFunction_Check(f) ||
        !refers_to(PyTuple_GET_ITEM(entry, REF), f) ||
        PyFunction_GET_CODE(f) != PyTuple_GET_ITEM(entry, CODE)) {
        return 0;
    }
    PyObject *defaults = PyFunction_GET_DEFAULTS(f), *cells = PyTuple_GET_ITEM(entry, CELLS);
    if ((defaults != NULL ? defaults : Py_None) != PyTuple_GET_ITEM(entry, DEFAULTS)) {
        return 0;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(cells); i++) {
        PyObject *cell = PyTuple_GET_ITEM(cells, i); /* (cell, what it held) */
        if (PyCell_GET(PyTuple_GET_ITEM(cell, 0)) != PyTuple_GET_ITEM(cell, 1)) {
            return 0;
        }
    }
    PyObject *deps = PyTuple_GET_ITEM(entry, DEPS); /* the unit's own list, which may grow */
    bool holds = true;
    for (Py_ssize_t i = 0; holds && i < PyList_GET_SIZE(deps); i++) {
        holds = dependency_holds(state, PyList_GET_ITEM(deps, i));
    }
    if (holds) {
        return 1;
    }
    PyObject *answer = PyObject_CallMethod(PyTuple_GET_ITEM(entry, UNIT), "valid", NULL);
    int truth = answer != NULL ? PyObject_IsTrue(answer) : -1;
    Py_XDECREF(answer);
    return truth;
}

/* The entry of `f` for so many float inputs, if nothing that it depends on has changed: a new
 * reference, or NULL, with an exception or without. */
static PyObject *find_entry(fc_state *state, PyObject *entries, PyObject *f, Py_ssize_t n_inputs)
{
    PyObject *address = PyLong_FromVoidPtr(f), *number = PyLong_FromSsize_t(n_inputs);
    PyObject *key = NULL, *entry = NULL;
    if (address != NULL && number != NULL) {
        key = PyTuple_Pack(2, address, number);
        entry = key != NULL ? dict_get(entries, key) : NULL;
    }
    Py_XDECREF(key);
    Py_XDECREF(address);
    Py_XDECREF(number);
    if (entry != NULL && entry_holds(state, entry, f) != 1) {
        Py_CLEAR(entry);
    }
    return entry;
}

/* ---- arguments and result ---- */

/* A float or an int, both exactly, that is not nan; 0 when it is something else. */
static int number_of(PyObject *object, double *value)
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

static int tolerance_of(PyObject *object, double *value)
{
    return number_of(object, value) && *value >= 0;
}

/* type(integral, error, neval, True, "converged", message), without a call of its __new__. */
static PyObject *result_of(fc_state *state, PyTypeObject *type, const double *values,
                           unsigned n_out, const fc_quad_result *result)
{
    PyObject *names = state->quad_names, *self = NULL;
    PyObject *integral = integrand_value(values, n_out, 0),
             *error = PyFloat_FromDouble(result->error);
    PyObject *neval = PyLong_FromUnsignedLongLong(result->n_eval), *pair = NULL, *arguments = NULL;
    /* Copying a dict is quicker than filling one. */
    PyObject *dict = PyDict_Copy(state->quad_template);
    if (integral != NULL && error != NULL && neval != NULL && dict != NULL &&
        PyDict_SetItem(dict, PyTuple_GET_ITEM(names, 0), integral) == 0 &&
        PyDict_SetItem(dict, PyTuple_GET_ITEM(names, 1), error) == 0 &&
        PyDict_SetItem(dict, PyTuple_GET_ITEM(names, 2), neval) == 0) {
        pair = PyTuple_Pack(2, integral, error);
        arguments = pair != NULL ? PyTuple_Pack(1, pair) : NULL;
        self = arguments != NULL ? PyTuple_Type.tp_new(type, arguments, NULL) : NULL;
    }
    if (self != NULL && PyObject_GenericSetDict(self, dict, NULL) < 0) {
        Py_CLEAR(self);
    }
    Py_XDECREF(arguments);
    Py_XDECREF(pair);
    Py_XDECREF(dict);
    Py_XDECREF(neval);
    Py_XDECREF(error);
    Py_XDECREF(integral);
    return self;
}

PyDoc_STRVAR(
    quick_doc,
    "_quad_quick($module, entries, f, a, b, args, epsabs, epsrel, limit, density, workers,\n"
    "            result_type, /)\n--\n\n"
    "The result of fastconc.quad if the integral is an ordinary one that converges, or "
    "None.");

static PyObject *quick(PyObject *module, PyObject *const *argument, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    double a, b, params[MAX_ARGS], values[MAX_OUT];
    fc_quad_options options = {0};
    if (count != 11) {
        return PyErr_Format(PyExc_TypeError, "_quad_quick takes 11 arguments, not %zd", count);
    }
    PyObject *args = argument[4];
    long limit = PyLong_AsLong(argument[7]), density = PyLong_AsLong(argument[8]);
    if ((limit == -1 || density == -1) && PyErr_Occurred()) {
        return NULL;
    }
    if (!PyTuple_CheckExact(args) || PyTuple_GET_SIZE(args) > MAX_ARGS ||
        !number_of(argument[2], &a) || !number_of(argument[3], &b) ||
        !tolerance_of(argument[5], &options.epsabs) ||
        !tolerance_of(argument[6], &options.epsrel)) {
        Py_RETURN_NONE;
    }
    const unsigned n_args = (unsigned)PyTuple_GET_SIZE(args);
    for (unsigned i = 0; i < n_args; i++) {
        PyObject *arg = PyTuple_GET_ITEM(args, i);
        if (!PyFloat_CheckExact(arg)) { /* an int is compiled as an int */
            Py_RETURN_NONE;
        }
        params[i] = PyFloat_AS_DOUBLE(arg);
    }
    options.limit = (size_t)limit;
    options.density = (unsigned)density;
    PyObject *entry = find_entry(state, argument[0], argument[1], 1 + n_args);
    if (entry == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    const long n_out = PyLong_AsLong(PyTuple_GET_ITEM(entry, N_OUT));
    if (n_out < 1 || n_out > MAX_OUT) {
        Py_DECREF(entry);
        Py_RETURN_NONE;
    }
    BoundIntegrand f;
    int bound = integrand_bind(&f, state, PyTuple_GET_ITEM(entry, PROGRAM), NULL, 1 + n_args,
                               (unsigned)n_out, 0);
    Py_DECREF(entry);
    if (bound < 0) {
        return NULL;
    }
    fc_native native;
    fc_quad_result result;
    PyObject *answer = NULL;
    if (fc_native_begin(&native, argument[9]) == 0) {
        integrand_set_native(&f, &native);
        fc_integrals one = {.m = 1, .a = &a, .b = &b, .params = params, .n_params = n_args};
        fc_status status = fc_quad(&native.run, &f.base, &options, &one, values, &result);
        if (fc_native_end(&native, status) == 0) {
            answer = result.state == FC_QUAD_CONVERGED
                         ? result_of(state, (PyTypeObject *)argument[10], values, (unsigned)n_out,
                                     &result)
                         : Py_NewRef(Py_None);
        }
    }
    integrand_release(&f);
    return answer;
}

PyDoc_STRVAR(template_doc, "_quad_template($module, attributes, /)\n--\n\n"
                           "Take the dict of attributes that every result of _quad_quick has.");

static PyObject *set_template(PyObject *module, PyObject *attributes)
{
    if (!PyDict_CheckExact(attributes)) {
        return PyErr_Format(PyExc_TypeError, "a dict is wanted, not %.200s",
                            Py_TYPE(attributes)->tp_name);
    }
    Py_XSETREF(fc_state_of_module(module)->quad_template, Py_NewRef(attributes));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_quad_quick", (PyCFunction)(void (*)(void))quick, METH_FASTCALL, quick_doc},
    {"_quad_template", set_template, METH_O, template_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_quad_quick(PyObject *module)
{
    static const char *const names[N_NAMES] = {"integral", "error", "neval", "global", "attribute"};
    fc_state *state = fc_state_of_module(module);
    state->quad_names = PyTuple_New(N_NAMES);
    state->quad_template = PyDict_New();
    for (int i = 0; state->quad_names != NULL && i < N_NAMES; i++) {
        PyObject *name = PyUnicode_InternFromString(names[i]);
        if (name == NULL) {
            return -1;
        }
        PyTuple_SET_ITEM(state->quad_names, i, name);
    }
    return state->quad_names != NULL && state->quad_template != NULL
               ? PyModule_AddFunctions(module, functions)
               : -1;
}
