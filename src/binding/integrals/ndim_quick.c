/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The short ways through fastconc.cubature and its kin, for what most calls are: a compiled
 * function over a range whose limits are numbers or compiled functions. As in quad_quick.c,
 * whatever is out of the ordinary is left to the long way through _cubature.py. */
#include "ndim.h"
#include "quick.h"

#include <stdlib.h>

#include "fc_cubature.h"
#include "kernel_type.h"

#define MAX_DIM 8
#define MAX_OUT 16
#define N_RECENT QUICK_N_RECENT

/* As _cubature.py and _nquad.py have them. */
#define EPSABS 1e-10
#define EPSREL 1e-6
#define MAX_EVAL 10000000
#define NESTED_TOLERANCE 1.49e-8
#define NESTED_AIM 5e-10
#define MOST_TO_AIM 200000
static const unsigned probes[] = {0, 512, 512, 3072}; /* by dimension, the last beyond */

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

/* The entry of f, made now if f is easily read. A function with defaults may be called in another
 * way, which _ndim.py finds out. */
static PyObject *entry_of(fc_state *state, PyObject *f, long n_inputs, PyObject *args)
{
    PyObject *entries = fc_state_kept(&state->quick_ndim_entries);
    PyObject *entry = quick_entry(state, entries, f, n_inputs, args);
    if (entry != NULL || PyErr_Occurred() || !PyFunction_Check(f)) {
        return entry;
    }
    const PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(f);
    const long n_args = args != NULL ? (long)PyTuple_GET_SIZE(args) : 0, n = labs(n_inputs);
    const bool point = code->co_argcount != n + n_args;
    if (PyFunction_GET_DEFAULTS(f) != NULL || (code->co_flags & CO_VARARGS) != 0 ||
        (point && (n_inputs < 2 || code->co_argcount != 1 + n_args))) {
        return NULL;
    }
    return reader_learn(state, entries, f, n_inputs, args, point) == 1
               ? quick_entry(state, entries, f, n_inputs, args)
               : NULL;
}

/* The entry of `f` for so many variables or, negative, outer ones of a limit. */
static PyObject *find(fc_state *state, PyObject *f, long n_inputs, PyObject *args)
{
#ifndef Py_GIL_DISABLED
    /* The last ones found lie where their functions' addresses say: without a key to be made. */
    if (state->quick_recent != NULL && (args == NULL || PyTuple_GET_SIZE(args) == 0)) {
        const size_t way = ((uintptr_t)f >> 5 ^ (uintptr_t)f >> 11) % N_RECENT;
        const Py_ssize_t at = (Py_ssize_t)(n_inputs < 0 ? N_RECENT + way : way);
        PyObject *entry = PyList_GET_ITEM(state->quick_recent, at);
        if (entry != Py_None &&
            fc_program_n_inputs(fc_program_of(state, PyTuple_GET_ITEM(entry, ENTRY_PROGRAM))) ==
                (unsigned)(n_inputs < 0 ? -n_inputs : n_inputs)) {
            Py_INCREF(entry); /* looking attributes up may run code */
            const int holds = quick_entry_holds(state, entry, f);
            if (holds == 1) {
                return entry;
            }
            Py_DECREF(entry);
            if (holds < 0) {
                return NULL;
            }
        }
        entry = entry_of(state, f, n_inputs, args);
        if (entry != NULL && PyList_SetItem(state->quick_recent, at, Py_NewRef(entry)) < 0) {
            Py_CLEAR(entry);
        }
        return entry;
    }
#endif
    return entry_of(state, f, n_inputs, args);
}

/* A range, as it is read from arguments: limits of what it holds own their `function`. */
typedef struct Range {
    fc_state *state;
    PyObject *args; /* that limits take, or NULL */
    unsigned n_dim;
    bool turned; /* limits of coordinate 0 take their two variables the other way round */
    LimitSpec limits[2 * MAX_DIM];
} Range;

static void range_release(Range *self)
{
    for (unsigned i = 0; i < 2 * self->n_dim; i++) {
        Py_CLEAR(self->limits[i].function);
    }
}

/* The program of a limit of coordinate k, of so many outputs: a new reference, or NULL. */
static PyObject *limit_program(Range *self, unsigned k, PyObject *function, long n_out)
{
    const unsigned n_outer = self->n_dim - 1 - k;
    PyObject *entry = n_outer != 0 && PyFunction_Check(function)
                          ? find(self->state, function, -(long)n_outer, self->args)
                          : NULL;
    if (entry == NULL) {
        return NULL;
    }
    PyObject *program = NULL;
    if (PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT)) == n_out) {
        program = Py_NewRef(PyTuple_GET_ITEM(entry, ENTRY_PROGRAM));
    }
    Py_DECREF(entry);
    return program;
}

static void set_function(Range *self, unsigned at, PyObject *program, int which)
{
    self->limits[at] = (LimitSpec){
        .function = program, .which = which, .turned = self->turned && at % self->n_dim == 0};
}

/* Limit `at` (the upper ones from n_dim on) from a number, or a function of the outer variables. */
static bool set_limit(Range *self, unsigned at, PyObject *object)
{
    if (quick_number(object, &self->limits[at].value)) {
        return true;
    }
    PyObject *program = limit_program(self, at % self->n_dim, object, 1);
    if (program != NULL) {
        set_function(self, at, program, -1);
    }
    return program != NULL;
}

/* Both limits of coordinate k from a pair, or a function that gives one. */
static bool set_pair(Range *self, unsigned k, PyObject *range)
{
    if (PyFunction_Check(range)) {
        PyObject *program = limit_program(self, k, range, 2);
        if (program != NULL) {
            set_function(self, k, program, 0);
            set_function(self, self->n_dim + k, Py_NewRef(program), 1);
        }
        return program != NULL;
    }
    return (PyTuple_CheckExact(range) || PyList_CheckExact(range)) &&
           PySequence_Fast_GET_SIZE(range) == 2 &&
           quick_number(PySequence_Fast_GET_ITEM(range, 0), &self->limits[k].value) &&
           quick_number(PySequence_Fast_GET_ITEM(range, 1), &self->limits[self->n_dim + k].value);
}

/* The items of a list or tuple of at most MAX_DIM, *n; NULL, and *n 0, of anything else. */
static PyObject **items_of(PyObject *sequence, unsigned *n)
{
    *n = 0;
    if (!PyTuple_CheckExact(sequence) && !PyList_CheckExact(sequence)) {
        return NULL;
    }
    const Py_ssize_t size = PySequence_Fast_GET_SIZE(sequence);
    if (size < 1 || size > MAX_DIM) {
        return NULL;
    }
    *n = (unsigned)size;
    return PySequence_Fast_ITEMS(sequence);
}

/* What is asked of an integral. */
typedef struct Wish {
    PyObject *f, *args, *epsabs, *epsrel, *workers; /* the last four may be NULL */
    fc_cubature_options options;                    /* n_probe excepted; tolerances by default */
    PyObject *finish; /* makes a result of one that has not converged; NULL: that is left alone */
} Wish;

static PyObject *unfinished(const Wish *wish, PyObject *integral, PyObject *error,
                            const fc_cubature_result *result)
{
    PyObject *answer = NULL;
    if (wish->finish != NULL && integral != NULL && error != NULL) {
        answer = PyObject_CallFunction(
            wish->finish, "(OOKiKOK)", integral, error, (unsigned long long)result->n_eval,
            (int)result->outcome, (unsigned long long)result->n_bad,
            result->zero ? Py_True : Py_False, (unsigned long long)result->n_boxes);
    }
    Py_XDECREF(integral);
    Py_XDECREF(error);
    return answer;
}

/* The integral of a function whose program is `entry`'s. */
static PyObject *integrate(const Range *range, Wish *wish, PyObject *entry)
{
    fc_cubature_options *options = &wish->options;
    const long n_out = PyLong_AsLong(PyTuple_GET_ITEM(entry, ENTRY_N_OUT));
    const unsigned n_dim = range->n_dim;
    const uint64_t least = fc_cubature_points(FC_CUBATURE_AUTO, n_dim);
    if (n_out < 1 || n_out > MAX_OUT || options->max_eval < least) {
        return NULL;
    }
    options->n_probe = probes[n_dim < 3 ? n_dim : 3];
    if ((options->max_eval - least) / 4 < options->n_probe) {
        options->n_probe = (unsigned)((options->max_eval - least) / 4);
    }
    Problem problem;
    PyObject *answer = NULL;
    if (problem_init_native(&problem, range->state, PyTuple_GET_ITEM(entry, ENTRY_PROGRAM),
                            range->limits, n_dim, (unsigned)n_out) < 0) {
        return NULL;
    }
    fc_cubature_result result = {.integral = problem.integral, .error = problem.error};
    if (problem_begin_short(&problem, wish->workers) == 0) {
        fc_status status =
            fc_cubature(&problem.native.run, &problem.f.base, &problem.domain, options, &result);
        if (fc_native_end(&problem.native, status) == 0) {
            PyObject *integral = integrand_value(problem.integral, problem.n_out, 0);
            PyObject *error = integrand_value(problem.error, problem.n_out, 0);
            answer = result.outcome == FC_CUBATURE_CONVERGED && !result.zero
                         ? quick_result(range->state, integral, error, result.n_eval,
                                        result.n_boxes > 0 ? result.n_boxes - 1 : 0)
                         : unfinished(wish, integral, error, &result);
        }
    }
    problem_release(&problem);
    return answer;
}

/* The same of wish->f, over a range that was read well or not; releases the range. */
static PyObject *answer(Range *range, Wish *wish, bool good)
{
    PyObject *result = NULL;
    if (good &&
        (wish->args == NULL || (PyTuple_CheckExact(wish->args) && are_floats(wish->args)))) {
        PyObject *entry = find(range->state, wish->f, (long)range->n_dim, wish->args);
        if (entry != NULL) {
            result = integrate(range, wish, entry);
            Py_DECREF(entry);
        }
    }
    range_release(range);
    return result;
}

static bool read_tolerances(Wish *wish)
{
    return (wish->epsabs == NULL || quick_tolerance(wish->epsabs, &wish->options.epsabs)) &&
           (wish->epsrel == NULL || quick_tolerance(wish->epsrel, &wish->options.epsrel));
}

PyObject *quick_cubature(fc_state *state, PyObject *const *given, PyObject *finish)
{
    Wish wish = {.f = given[0],
                 .args = given[6],
                 .epsabs = given[3],
                 .epsrel = given[4],
                 .workers = given[7],
                 .options = {.epsabs = EPSABS, .epsrel = EPSREL, .max_eval = MAX_EVAL},
                 .finish = finish};
    Range range = {.state = state};
    unsigned n;
    if (given[5] != NULL) {
        const long long most = PyLong_CheckExact(given[5]) ? PyLong_AsLongLong(given[5]) : 0;
        if (most <= 0) {
            PyErr_Clear(); /* too large */
            return NULL;
        }
        wish.options.max_eval = (uint64_t)most;
    }
    PyObject **lower = items_of(given[1], &n), **upper = items_of(given[2], &range.n_dim);
    bool good = lower != NULL && upper != NULL && n == range.n_dim && read_tolerances(&wish);
    for (unsigned k = 0; good && k < n; k++) {
        good = set_limit(&range, k, lower[k]) && set_limit(&range, n + k, upper[k]);
    }
    return answer(&range, &wish, good);
}

PyObject *quick_nquad(fc_state *state, PyObject *const *given, PyObject *Py_UNUSED(finish))
{
    PyObject *args = given[2] == Py_None ? NULL : given[2];
    Wish wish = {
        .f = given[0],
        .args = args,
        .workers = given[3],
        .options = {.epsabs = NESTED_TOLERANCE, .epsrel = NESTED_AIM, .max_eval = MOST_TO_AIM}};
    Range range = {.state = state, .args = args};
    if (args != NULL && !PyTuple_CheckExact(args)) {
        return NULL;
    }
    PyObject **ranges = items_of(given[1], &range.n_dim);
    bool good = ranges != NULL;
    for (unsigned k = 0; good && k < range.n_dim; k++) {
        good = set_pair(&range, k, ranges[k]);
    }
    return answer(&range, &wish, good);
}

/* Of y from gfun(x) to hfun(x), and perhaps z from qfun(x, y) to rfun(x, y), then args, epsabs,
 * epsrel and workers, as from given[1] on. */
static PyObject *nested(fc_state *state, PyObject *const *given, unsigned n_dim)
{
    PyObject *const *rest = given + 1 + 2 * n_dim;
    Wish wish = {.f = given[0],
                 .args = rest[0],
                 .epsabs = rest[1],
                 .epsrel = rest[2],
                 .workers = rest[3],
                 .options = {.epsabs = NESTED_TOLERANCE,
                             .epsrel = NESTED_TOLERANCE,
                             .max_eval = MOST_TO_AIM}};
    Range range = {.state = state, .n_dim = n_dim, .turned = n_dim == 3};
    bool good = read_tolerances(&wish);
    if (wish.options.epsrel == NESTED_TOLERANCE) {
        wish.options.epsrel = NESTED_AIM;
    }
    for (unsigned k = 0; good && k < n_dim; k++) { /* the outermost comes first */
        PyObject *const *pair = given + 1 + 2 * (n_dim - 1 - k);
        good = set_limit(&range, k, pair[0]) && set_limit(&range, n_dim + k, pair[1]);
    }
    return answer(&range, &wish, good);
}

PyObject *quick_dblquad(fc_state *state, PyObject *const *given, PyObject *Py_UNUSED(finish))
{
    return nested(state, given, 2);
}

PyObject *quick_tplquad(fc_state *state, PyObject *const *given, PyObject *Py_UNUSED(finish))
{
    return nested(state, given, 3);
}
