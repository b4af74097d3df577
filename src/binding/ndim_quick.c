/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The short way through fastconc.cubature and its kin, for what most calls are: a compiled function
 * over a range whose limits are numbers or compiled functions. As in quad_quick.c, whatever is out
 * of the ordinary gives None, and the long way through _cubature.py tells what it is. */
#include "ndim.h"
#include "quick.h"

#include "fc_cubature.h"

#define MAX_DIM 8
#define MAX_OUT 16

/* Floats of which each is another number than any other object: what is compiled in for one of them
 * is right for it alone. 0.0 == -0.0, and nan is not itself. */
static bool are_floats(PyObject *args)
{
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args); i++) {
        PyObject *arg = PyTuple_GET_ITEM(args, i);
        if (!PyFloat_CheckExact(arg) || PyFloat_AS_DOUBLE(arg) == 0 ||
            PyFloat_AS_DOUBLE(arg) != PyFloat_AS_DOUBLE(arg)) {
            return false;
        }
    }
    return true;
}

/* A limit that is a function, as problem_init takes it; NULL with an exception or without. */
static PyObject *limit_function(fc_state *state, PyObject *entries, PyObject *function,
                                unsigned n_outer, PyObject *args, int which, bool turned)
{
    if (n_outer == 0 || !PyFunction_Check(function)) {
        return NULL;
    }
    PyObject *entry = quick_entry(state, entries, function, -(Py_ssize_t)n_outer, args);
    if (entry == NULL) {
        return NULL;
    }
    PyObject *limit = NULL;
    if (PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT)) == (which < 0 ? 1 : 2)) {
        limit = Py_BuildValue("(O()iO)", PyTuple_GET_ITEM(entry, ENTRY_PROGRAM), which,
                              turned ? Py_True : Py_False);
    }
    Py_DECREF(entry);
    return limit;
}

/* limits[k] and limits[n_dim + k] from a pair, or a function that gives one. */
static bool add_range(fc_state *state, PyObject *entries, PyObject *range, unsigned k,
                      unsigned n_dim, PyObject *args, PyObject *limits)
{
    for (unsigned side = 0; side < 2; side++) {
        PyObject *limit;
        if (PyFunction_Check(range)) {
            limit = limit_function(state, entries, range, n_dim - 1 - k, args, (int)side, false);
        } else {
            double value;
            bool pair = PyTuple_CheckExact(range) || PyList_CheckExact(range);
            if (!pair || PySequence_Fast_GET_SIZE(range) != 2 ||
                !quick_number(PySequence_Fast_GET_ITEM(range, side), &value)) {
                return false;
            }
            limit = PyFloat_FromDouble(value);
        }
        if (limit == NULL) {
            return false;
        }
        PyTuple_SET_ITEM(limits, side * n_dim + k, limit);
    }
    return true;
}

/* limits[at] from a number or a function of the outer variables alone. */
static bool add_limit(fc_state *state, PyObject *entries, PyObject *object, unsigned at,
                      unsigned n_dim, bool turned, PyObject *limits)
{
    double value;
    const unsigned k = at % n_dim;
    PyObject *limit =
        quick_number(object, &value)
            ? PyFloat_FromDouble(value)
            : limit_function(state, entries, object, n_dim - 1 - k, NULL, -1, turned && k == 0);
    if (limit == NULL) {
        return false;
    }
    PyTuple_SET_ITEM(limits, at, limit);
    return true;
}

/* The tuple that problem_init takes, of lists or tuples `lower` and `upper`, or with upper None of
 * ranges as nquad has them; NULL with an exception or without. */
static PyObject *limits_of(fc_state *state, PyObject *entries, PyObject *lower, PyObject *upper,
                           PyObject *args, bool turned)
{
    const bool ranges = upper == Py_None;
    if ((!PyTuple_CheckExact(lower) && !PyList_CheckExact(lower)) ||
        (!ranges && !PyTuple_CheckExact(upper) && !PyList_CheckExact(upper))) {
        return NULL;
    }
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(lower);
    if (size < 1 || size > MAX_DIM || (!ranges && PySequence_Fast_GET_SIZE(upper) != size)) {
        return NULL;
    }
    const unsigned n_dim = (unsigned)size;
    PyObject *limits = PyTuple_New(2 * size);
    bool good = limits != NULL;
    for (unsigned k = 0; good && k < n_dim; k++) {
        PyObject *low = PySequence_Fast_GET_ITEM(lower, k);
        good = ranges ? add_range(state, entries, low, k, n_dim, args, limits)
                      : add_limit(state, entries, low, k, n_dim, turned, limits) &&
                            add_limit(state, entries, PySequence_Fast_GET_ITEM(upper, k), n_dim + k,
                                      n_dim, turned, limits);
    }
    if (!good) {
        Py_CLEAR(limits);
    }
    return limits;
}

PyDoc_STRVAR(quick_doc,
             "_cubature_quick($module, entries, f, lower, upper, args, epsabs, epsrel, max_eval,\n"
             "                probes, turned, workers, result_type, /)\n--\n\n"
             "The result of fastconc.cubature if the integral is an ordinary one that converges;\n"
             "what _cubature gives if it does not; or None. With upper None, lower holds ranges.");

static PyObject *quick(PyObject *module, PyObject *const *argument, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    fc_cubature_options options = {0};
    if (count != 12) {
        return PyErr_Format(PyExc_TypeError, "_cubature_quick takes 12 arguments, not %zd", count);
    }
    PyObject *entries = argument[0], *args = argument[4];
    const long max_eval = PyLong_AsLong(argument[7]);
    if (max_eval == -1 && PyErr_Occurred()) {
        return NULL;
    }
    if (!PyTuple_CheckExact(args) || !are_floats(args) || !PyFunction_Check(argument[1]) ||
        !quick_tolerance(argument[5], &options.epsabs) ||
        !quick_tolerance(argument[6], &options.epsrel) || !PyTuple_CheckExact(argument[8])) {
        Py_RETURN_NONE;
    }
    PyObject *limits =
        limits_of(state, entries, argument[2], argument[3], args, argument[9] == Py_True);
    if (limits == NULL) {
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    const unsigned n_dim = (unsigned)(PyTuple_GET_SIZE(limits) / 2);
    PyObject *entry = quick_entry(state, entries, argument[1], n_dim, args), *answer = NULL;
    const long n_out = entry != NULL ? PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT)) : 0;
    const uint64_t least = fc_cubature_points(FC_CUBATURE_AUTO, n_dim);
    if (n_out < 1 || n_out > MAX_OUT || max_eval < (long)least) {
        Py_XDECREF(entry);
        Py_DECREF(limits);
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    }
    const Py_ssize_t last = PyTuple_GET_SIZE(argument[8]) - 1;
    const long probes =
        PyLong_AsLong(PyTuple_GET_ITEM(argument[8], n_dim < last ? (Py_ssize_t)n_dim : last));
    options.max_eval = (uint64_t)max_eval;
    options.n_probe = (unsigned)probes;
    if ((options.max_eval - least) / 4 < (uint64_t)probes) {
        options.n_probe = (unsigned)((options.max_eval - least) / 4);
    }
    Problem problem;
    int made = problem_init(&problem, state, PyTuple_GET_ITEM(entry, ENTRY_PROGRAM), NULL, limits,
                            (unsigned)n_out, 0, 0);
    Py_DECREF(entry);
    Py_DECREF(limits);
    if (made < 0) {
        return NULL;
    }
    fc_cubature_result result = {.integral = problem.integral, .error = problem.error};
    if (problem_begin(&problem, argument[10]) == 0) {
        fc_status status =
            fc_cubature(&problem.native.run, &problem.f.base, &problem.domain, &options, &result);
        if (fc_native_end(&problem.native, status) == 0) {
            PyObject *integral = integrand_value(problem.integral, problem.n_out, 0);
            PyObject *error = integrand_value(problem.error, problem.n_out, 0);
            if (result.outcome == FC_CUBATURE_CONVERGED && !result.zero && result.n_boxes <= 1) {
                answer = quick_result(state, (PyTypeObject *)argument[11], integral, error,
                                      result.n_eval);
            } else if (integral != NULL && error != NULL) {
                answer = Py_BuildValue(
                    "(NNKiKOK)", integral, error, (unsigned long long)result.n_eval,
                    (int)result.outcome, (unsigned long long)result.n_bad,
                    result.zero ? Py_True : Py_False, (unsigned long long)result.n_boxes);
            } else {
                Py_XDECREF(integral);
                Py_XDECREF(error);
            }
        }
    }
    problem_release(&problem);
    return answer;
}

static PyMethodDef functions[] = {
    {"_cubature_quick", (PyCFunction)(void (*)(void))quick, METH_FASTCALL, quick_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_ndim_quick(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
