/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The short way through fastconc.quad, for what most calls are: one integral of a compiled function
 * of floats, which converges. An easy one takes few microseconds, less than looking at every
 * argument in Python would. Whatever is out of the ordinary gives None, and the long way through
 * _quad.py then tells what it is. */
#include "quick.h"

#include <math.h>

#include "fc_quad.h"
#include "fc_tanhsinh.h"

#define MAX_ARGS 16
#define MAX_OUT 16

PyDoc_STRVAR(
    quick_doc,
    "_quad_quick($module, entries, f, a, b, args, epsabs, epsrel, limit, density, workers,\n"
    "            result_type, tanh_sinh, /)\n--\n\n"
    "The result of fastconc.quad if the integral is an ordinary one that converges, or "
    "None.");

static PyObject *quick(PyObject *module, PyObject *const *argument, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    double a, b, params[MAX_ARGS], values[MAX_OUT];
    fc_quad_options options = {0};
    if (count != 12) {
        return PyErr_Format(PyExc_TypeError, "_quad_quick takes 12 arguments, not %zd", count);
    }
    PyObject *args = argument[4];
    long limit = PyLong_AsLong(argument[7]), density = PyLong_AsLong(argument[8]);
    if ((limit == -1 || density == -1) && PyErr_Occurred()) {
        return NULL;
    }
    if (!PyTuple_CheckExact(args) || PyTuple_GET_SIZE(args) > MAX_ARGS ||
        !quick_number(argument[2], &a) || !quick_number(argument[3], &b) ||
        !quick_tolerance(argument[5], &options.epsabs) ||
        !quick_tolerance(argument[6], &options.epsrel)) {
        Py_RETURN_NONE;
    }
    const unsigned n_args = (unsigned)PyTuple_GET_SIZE(args);
    bool ints = false;
    for (unsigned i = 0; i < n_args; i++) {
        PyObject *arg = PyTuple_GET_ITEM(args, i);
        bool whole = PyLong_CheckExact(arg);
        if (!(whole || PyFloat_CheckExact(arg)) || !quick_number(arg, &params[i]) ||
            (whole && fabs(params[i]) > QUICK_SMALL)) {
            Py_RETURN_NONE;
        }
        ints |= whole;
    }
    options.limit = (size_t)limit;
    options.density = (unsigned)density;
    PyObject *entry = quick_entry(state, argument[0], argument[1], 1 + n_args, NULL);
    if (entry == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    const long n_out = PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT));
    if (n_out < 1 || n_out > MAX_OUT ||
        (ints && PyTuple_GET_ITEM(entry, ENTRY_TAKES_INTS) != Py_True)) {
        Py_DECREF(entry);
        Py_RETURN_NONE;
    }
    BoundIntegrand f;
    int bound = integrand_bind(&f, state, PyTuple_GET_ITEM(entry, ENTRY_PROGRAM), NULL, 1 + n_args,
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
        fc_status status = (argument[11] == Py_True ? fc_tanhsinh : fc_quad)(
            &native.run, &f.base, &options, &one, values, &result);
        if (fc_native_end(&native, status) == 0) {
            answer = result.state == FC_QUAD_CONVERGED
                         ? quick_result(state, (PyTypeObject *)argument[10],
                                        integrand_value(values, (unsigned)n_out, 0),
                                        PyFloat_FromDouble(result.error), result.n_eval)
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
    static const char *const names[QUICK_N_NAMES] = {"integral", "error", "neval", "global",
                                                     "attribute"};
    fc_state *state = fc_state_of_module(module);
    state->quad_names = PyTuple_New(QUICK_N_NAMES);
    state->quad_template = PyDict_New();
    for (int i = 0; state->quad_names != NULL && i < QUICK_N_NAMES; i++) {
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
