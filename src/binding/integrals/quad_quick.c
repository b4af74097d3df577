/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The short way through fastconc.quad, for what most calls are: one integral of a compiled function
 * of floats, which converges. An easy one takes few microseconds, less than looking at every
 * argument in Python would. Whatever is out of the ordinary is left to the long way through
 * _quad.py, which tells what it is. */
#include "quick.h"

#include <math.h>

#include "fc_quad.h"
#include "fc_tanhsinh.h"

#define MAX_ARGS 16
#define MAX_OUT 16

/* As _quad.py has them. */
#define TOLERANCE 1.49e-8
#define LIMIT 10000
#define DENSITY 48

/* Is it the tanh-sinh rule that is wanted: 1, 0, or -1 for some other word? */
static int is_tanh_sinh(PyObject *method)
{
    if (method == NULL || !PyUnicode_CheckExact(method)) {
        return method == NULL ? 0 : -1;
    }
    return PyUnicode_CompareWithASCIIString(method, "tanh-sinh") == 0 ? 1
           : PyUnicode_CompareWithASCIIString(method, "auto") == 0    ? 0
                                                                      : -1;
}

PyObject *quick_quad(fc_state *state, PyObject *const *given, PyObject *Py_UNUSED(finish))
{
    enum { F, A, B, ARGS, EPSABS, EPSREL, METHOD, WORKERS };
    double a, b, params[MAX_ARGS], values[MAX_OUT];
    fc_quad_options options = {
        .epsabs = TOLERANCE, .epsrel = TOLERANCE, .limit = LIMIT, .density = DENSITY};
    const int tanh_sinh = is_tanh_sinh(given[METHOD]);
    PyObject *args = given[ARGS];
    if (tanh_sinh < 0 || (args != NULL && !PyTuple_CheckExact(args)) ||
        (args != NULL && PyTuple_GET_SIZE(args) > MAX_ARGS) || !quick_number(given[A], &a) ||
        !quick_number(given[B], &b) ||
        (given[EPSABS] != NULL && !quick_tolerance(given[EPSABS], &options.epsabs)) ||
        (given[EPSREL] != NULL && !quick_tolerance(given[EPSREL], &options.epsrel))) {
        return NULL;
    }
    const unsigned n_args = args != NULL ? (unsigned)PyTuple_GET_SIZE(args) : 0;
    bool ints = false;
    for (unsigned i = 0; i < n_args; i++) {
        PyObject *arg = PyTuple_GET_ITEM(args, i);
        bool whole = PyLong_CheckExact(arg);
        if (!(whole || PyFloat_CheckExact(arg)) || !quick_number(arg, &params[i]) ||
            (whole && fabs(params[i]) > QUICK_SMALL)) {
            return NULL;
        }
        ints |= whole;
    }
    PyObject *entries = fc_state_kept(&state->quick_entries);
    PyObject *entry = quick_entry(state, entries, given[F], 1 + n_args, NULL);
    if (entry == NULL && !PyErr_Occurred() && !ints &&
        reader_learn(state, entries, given[F], 1 + (long)n_args, NULL, false) == 1) {
        entry = quick_entry(state, entries, given[F], 1 + n_args, NULL);
    }
    if (entry == NULL) {
        return NULL;
    }
    const long n_out = PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT));
    if (n_out < 1 || n_out > MAX_OUT ||
        (ints && PyTuple_GET_ITEM(entry, ENTRY_TAKES_INTS) != Py_True)) {
        Py_DECREF(entry);
        return NULL;
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
    if (fc_native_begin(&native, given[WORKERS]) == 0) {
        integrand_set_native(&f, &native);
        fc_integrals one = {.m = 1, .a = &a, .b = &b, .params = params, .n_params = n_args};
        fc_status status = (tanh_sinh ? fc_tanhsinh : fc_quad)(&native.run, &f.base, &options, &one,
                                                               values, &result);
        if (fc_native_end(&native, status) == 0) {
            if (result.state == FC_QUAD_CONVERGED) {
                answer = quick_result(state, integrand_value(values, (unsigned)n_out, 0),
                                      PyFloat_FromDouble(result.error), result.n_eval, 0);
            }
        }
    }
    integrand_release(&f);
    return answer;
}
