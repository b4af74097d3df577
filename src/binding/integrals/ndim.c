/* SPDX-License-Identifier: BSD-3-Clause
 *
 * cubature and mcquad for fastconc._ndim: objects apart, the core called without the GIL, numbers
 * back. These functions are private; defaults, messages about types and documentation live in the
 * Python layer. */
#include "ndim.h"

#include <stddef.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature.h"
#include "fc_disc.h"
#include "fc_mc.h"
#include "fc_platform.h"

#define PROGRESS_INTERVAL_NS 50000000
#define MAX_OUTER 63 /* variables that a limit may depend on, as fc_domain.c has it */
#define CHUNK 128

void problem_release(Problem *self)
{
    integrand_release(&self->f);
    for (unsigned i = 0; self->limits != NULL && i < 2 * self->n_dim; i++) {
        if (self->limits[i].f.base.eval != NULL) {
            integrand_release(&self->limits[i].f);
        }
    }
    if (self->limits != self->few_limits) {
        PyMem_Free(self->limits);
        PyMem_Free(self->limit_pointers);
    }
    if (self->numbers != self->few_numbers) {
        PyMem_Free(self->numbers);
    }
}

/* Room for limits that are functions; 0, or -1 with an exception. */
static int make_limits(Problem *self)
{
    const unsigned n = 2 * self->n_dim;
    if (n <= FEW_LIMITS) {
        self->limits = self->few_limits;
        self->limit_pointers = self->few_pointers;
        for (unsigned i = 0; i < n; i++) {
            self->limits[i].f.base.eval = NULL;
            self->limit_pointers[i] = NULL;
        }
    } else {
        self->limits = PyMem_Calloc(n, sizeof *self->limits);
        self->limit_pointers = PyMem_Calloc(n, sizeof *self->limit_pointers);
        if (self->limits == NULL || self->limit_pointers == NULL) {
            PyErr_NoMemory();
            return -1;
        }
    }
    self->domain.lower_fn = self->limit_pointers;
    self->domain.upper_fn = self->limit_pointers + self->n_dim;
    return 0;
}

/* The fc_eval_fn of a Limit whose f gives both ends of a range, or takes y before x. */
static fc_status eval_end(void *context, unsigned worker, size_t n, const double *const *x,
                          double *const *y)
{
    Limit *self = context;
    const fc_integrand *f = &self->f.base;
    _Alignas(FC_CACHE_LINE) double other[CHUNK];
    const double *at[MAX_OUTER];
    fc_status status = FC_OK;
    for (size_t begin = 0; status == FC_OK && begin < n; begin += CHUNK) {
        double *both[2] = {other, other};
        both[self->which > 0 ? 1 : 0] = y[0] + begin;
        for (unsigned d = 0; d < f->n_dim; d++) {
            at[d] = x[self->turned ? 1 - d : d] + begin;
        }
        status = f->eval(f->context, worker, n - begin < CHUNK ? n - begin : CHUNK, at, both);
    }
    return status;
}

/* Its fc_disc_box_fn. */
static bool disc_of_end(void *context, const fc_disc_range *x, fc_disc_frame *frame,
                        fc_disc_range *out)
{
    Limit *self = context;
    const fc_integrand *f = &self->f.base;
    const int which = self->which > 0 ? 1 : 0;
    fc_disc_range both[2], turned[2];
    fc_affine inputs[2], outputs[2];
    fc_disc_frame own;
    if (frame != NULL) {
        own = *frame;
        own.outputs = outputs;
    }
    if (self->turned) {
        turned[0] = x[1];
        turned[1] = x[0];
        x = turned;
        if (frame != NULL) {
            inputs[0] = frame->inputs[1];
            inputs[1] = frame->inputs[0];
            own.inputs = inputs;
        }
    }
    if (!f->disc_box(f->context, x, frame != NULL ? &own : NULL, both)) {
        return false;
    }
    if (frame != NULL && frame->outputs != NULL) {
        *frame->outputs = outputs[which];
    }
    *out = both[which];
    return true;
}

/* Its fc_polynomial_fn. */
static const fc_polynomial *polynomial_of_end(void *context)
{
    Limit *self = context;
    const fc_integrand *f = &self->f.base;
    const fc_polynomial *both = f->polynomial(f->context);
    if (both == NULL) {
        return NULL;
    }
    fc_affine *form = &self->polynomial.affine[0];
    self->polynomial = *both;
    *form = both->affine[self->which > 0 ? 1 : 0];
    if (self->turned) {
        const uint8_t degree = both->degree[0];
        const double slope = form->c[1];
        self->polynomial.degree[0] = both->degree[1];
        self->polynomial.degree[1] = degree;
        form->c[1] = form->c[2];
        form->c[2] = slope;
    }
    return &self->polynomial;
}

/* Limit number i, lower ones first. */
static int bind_limit(Problem *self, fc_state *state, const LimitSpec *spec, unsigned i)
{
    if (spec->function == NULL) {
        self->numbers[i] = spec->value;
        return 0;
    }
    const unsigned n_outer = self->n_dim - 1 - i % self->n_dim;
    if (n_outer > MAX_OUTER || (spec->turned && n_outer != 2)) {
        PyErr_Format(PyExc_ValueError, "a limit may not depend on %u outer variables", n_outer);
        return -1;
    }
    if (self->limits == NULL && make_limits(self) < 0) {
        return -1;
    }
    Limit *limit = &self->limits[i];
    if (integrand_bind(&limit->f, state, spec->function, spec->args, n_outer,
                       spec->which < 0 ? 1 : 2, 0) < 0) {
        limit->f.base.eval = NULL;
        return -1;
    }
    limit->one = limit->f.base;
    if (spec->which >= 0 || spec->turned) {
        limit->which = spec->which;
        limit->turned = spec->turned;
        limit->one.eval = eval_end;
        limit->one.context = limit;
        limit->one.n_out = 1;
        limit->one.sum_ramp = NULL;
        limit->one.disc = NULL;
        limit->one.decay = NULL;
        limit->one.bounds = NULL;
        limit->one.polynomial = limit->f.base.polynomial != NULL ? polynomial_of_end : NULL;
        limit->one.disc_box = limit->f.base.disc_box != NULL ? disc_of_end : NULL;
    }
    self->limit_pointers[i] = &limit->one;
    return 0;
}

/* A float, or a tuple (function, its further arguments) and, if the function is a program that
 * gives both ends of the range or takes its two variables the other way round, which end it is (or
 * -1), and whether it does. References are borrowed from the object. */
static int read_limit(PyObject *object, LimitSpec *spec)
{
    *spec = (LimitSpec){.which = -1};
    if (PyFloat_Check(object)) {
        spec->value = PyFloat_AS_DOUBLE(object);
        return 0;
    }
    int turned = 0;
    if (!PyArg_ParseTuple(object, "OO!|ip", &spec->function, &PyTuple_Type, &spec->args,
                          &spec->which, &turned)) {
        return -1;
    }
    spec->turned = turned != 0;
    return 0;
}

/* The limits are `specs`, or if that is NULL in `limits`. */
static int init(Problem *self, fc_state *state, PyObject *f, PyObject *args, PyObject *limits,
                const LimitSpec *specs, unsigned n_dim, unsigned n_out, int flags, double deadline)
{
    memset(self, 0, offsetof(Problem, few_numbers));
    self->n_dim = n_dim;
    self->n_out = n_out;
    self->flags = flags;
    const size_t n_limits = 2 * (size_t)n_dim, n_numbers = n_limits + 2 * (size_t)n_out;
    self->numbers = n_numbers <= FEW_NUMBERS ? self->few_numbers : PyMem_New(double, n_numbers);
    if (self->numbers == NULL) {
        PyErr_NoMemory();
        goto fail;
    }
    memset(self->numbers, 0, n_numbers * sizeof *self->numbers);
    self->lower = self->numbers;
    self->upper = self->lower + n_dim;
    self->integral = self->upper + n_dim;
    self->error = self->integral + n_out;
    self->domain = (fc_domain){.n_dim = n_dim, .lower = self->lower, .upper = self->upper};
    for (unsigned i = 0; i < n_limits; i++) {
        LimitSpec read;
        if (specs == NULL && read_limit(PyTuple_GET_ITEM(limits, i), &read) < 0) {
            goto fail;
        }
        if (bind_limit(self, state, specs != NULL ? &specs[i] : &read, i) < 0) {
            goto fail;
        }
    }
    if (integrand_bind(&self->f, state, f, args, n_dim, n_out, flags) < 0) {
        goto fail;
    }
    self->deadline_ns = deadline > 0 ? (int64_t)(deadline < 1e9 ? deadline * 1e9 : 1e18) : 0;
    return 0;
fail:
    self->f =
        (BoundIntegrand){0}; /* nothing is held when integrand_bind failed or was not reached */
    problem_release(self);
    return -1;
}

int problem_init(Problem *self, fc_state *state, PyObject *f, PyObject *args, PyObject *limits,
                 unsigned n_out, int flags, double deadline)
{
    return init(self, state, f, args, limits, NULL, (unsigned)(PyTuple_GET_SIZE(limits) / 2), n_out,
                flags, deadline);
}

int problem_init_native(Problem *self, fc_state *state, PyObject *program, const LimitSpec *limits,
                        unsigned n_dim, unsigned n_out)
{
    return init(self, state, program, NULL, NULL, limits, n_dim, n_out, 0, 0);
}

int problem_begin_short(Problem *self, PyObject *workers)
{
    if (fc_native_begin_short(&self->native, workers) < 0) {
        return -1;
    }
    integrand_set_native(&self->f, &self->native);
    for (unsigned i = 0; self->limits != NULL && i < 2 * self->n_dim; i++) {
        if (self->limits[i].f.base.eval != NULL) {
            integrand_set_native(&self->limits[i].f, &self->native);
        }
    }
    if (self->deadline_ns != 0) {
        self->native.cancel.deadline_ns = fc_now_ns() + self->deadline_ns;
    }
    return 0;
}

int problem_begin(Problem *self, PyObject *workers)
{
    if (problem_begin_short(self, workers) < 0) {
        return -1;
    }
    fc_run_is_long(&self->native.run);
    return 0;
}

PyDoc_STRVAR(
    cubature_doc,
    "_cubature($module, f, args, limits, n_out, flags, epsabs, epsrel, max_eval, kind,\n"
    "          n_probe, workers, deadline, /)\n--\n\n"
    "Adaptive cubature; fastconc.cubature is the public form. Gives (integral, error, n_eval,\n"
    "outcome, n_bad, zero, n_boxes).");

static PyObject *cubature(PyObject *module, PyObject *arguments)
{
    PyObject *f, *args, *limits, *workers, *answer = NULL;
    unsigned long long max_eval;
    unsigned n_out, kind, n_probe;
    int flags;
    double epsabs, epsrel, deadline;
    if (!PyArg_ParseTuple(arguments, "OO!O!IiddKIIOd", &f, &PyTuple_Type, &args, &PyTuple_Type,
                          &limits, &n_out, &flags, &epsabs, &epsrel, &max_eval, &kind, &n_probe,
                          &workers, &deadline)) {
        return NULL;
    }
    Problem problem;
    if (problem_init(&problem, fc_state_of_module(module), f, args, limits, n_out, flags,
                     deadline) < 0) {
        return NULL;
    }
    fc_cubature_options options = {.epsabs = epsabs,
                                   .epsrel = epsrel,
                                   .max_eval = max_eval,
                                   .kind = (fc_cubature_kind)kind,
                                   .n_probe = n_probe};
    fc_cubature_result result = {.integral = problem.integral, .error = problem.error};
    if (problem_begin(&problem, workers) == 0) {
        fc_status status =
            fc_cubature(&problem.native.run, &problem.f.base, &problem.domain, &options, &result);
        if (fc_native_end(&problem.native, status) == 0) {
            PyObject *integral = integrand_value(problem.integral, problem.n_out, problem.flags);
            PyObject *error = integrand_value(problem.error, problem.n_out, problem.flags);
            if (integral != NULL && error != NULL) {
                answer = Py_BuildValue(
                    "(OOKiKOK)", integral, error, (unsigned long long)result.n_eval,
                    (int)result.outcome, (unsigned long long)result.n_bad,
                    result.zero ? Py_True : Py_False, (unsigned long long)result.n_boxes);
            }
            Py_XDECREF(integral);
            Py_XDECREF(error);
        }
    }
    problem_release(&problem);
    return answer;
}

PyDoc_STRVAR(cubature_points_doc, "_cubature_points($module, kind, n_dim, /)\n--\n\n"
                                  "Evaluations that a box takes.");

static PyObject *cubature_points(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    unsigned kind, n_dim;
    if (!PyArg_ParseTuple(arguments, "II", &kind, &n_dim)) {
        return NULL;
    }
    return PyLong_FromUnsignedLongLong(fc_cubature_points((fc_cubature_kind)kind, n_dim));
}

/* On the calling thread, between waves of evaluations; the GIL is not held. */
static void report_progress(void *context, uint64_t done, uint64_t n)
{
    Problem *self = context;
    const int64_t now = fc_now_ns();
    if (now < self->next_progress_ns && done < n) {
        return;
    }
    self->next_progress_ns = now + PROGRESS_INTERVAL_NS;
    PyEval_RestoreThread(self->native.thread);
    if (!PyErr_Occurred()) {
        PyObject *result = PyObject_CallFunction(self->progress, "KK", (unsigned long long)done,
                                                 (unsigned long long)n);
        if (result == NULL) {
            fc_cancel_request(&self->native.cancel); /* fc_native_end reports the exception */
        }
        Py_XDECREF(result);
    }
    self->native.thread = PyEval_SaveThread();
}

PyDoc_STRVAR(
    mcquad_doc,
    "_mcquad($module, f, args, limits, n_out, flags, n, method, seed, adapt, progress,\n"
    "        workers, deadline, /)\n--\n\n"
    "Monte Carlo integration; fastconc.mcquad is the public form. Gives (integral, error,\n"
    "n_eval, outcome, n_bad, chi2, dof, net, variate).");

static PyObject *mcquad(PyObject *module, PyObject *arguments)
{
    PyObject *f, *args, *limits, *progress, *workers, *answer = NULL;
    unsigned long long n, seed;
    unsigned n_out, method;
    int flags, adapt;
    double deadline;
    if (!PyArg_ParseTuple(arguments, "OO!O!IiKIKpOOd", &f, &PyTuple_Type, &args, &PyTuple_Type,
                          &limits, &n_out, &flags, &n, &method, &seed, &adapt, &progress, &workers,
                          &deadline)) {
        return NULL;
    }
    Problem problem;
    if (problem_init(&problem, fc_state_of_module(module), f, args, limits, n_out, flags,
                     deadline) < 0) {
        return NULL;
    }
    fc_mc_options options = {
        .method = (fc_mc_method)method, .n = n, .seed = seed, .adapt = adapt != 0};
    if (progress != Py_None) {
        problem.progress = progress;
        options.progress = report_progress;
        options.progress_context = &problem;
    }
    fc_mc_result result = {.integral = problem.integral, .error = problem.error};
    if (problem_begin(&problem, workers) == 0) {
        fc_status status =
            fc_mcquad(&problem.native.run, &problem.f.base, &problem.domain, &options, &result);
        if (fc_native_end(&problem.native, status) == 0) {
            PyObject *integral = integrand_value(problem.integral, problem.n_out, problem.flags);
            PyObject *error = integrand_value(problem.error, problem.n_out, problem.flags);
            if (integral != NULL && error != NULL) {
                answer = Py_BuildValue("(OOKiKdIiO)", integral, error,
                                       (unsigned long long)result.n_eval, (int)result.outcome,
                                       (unsigned long long)result.n_bad, result.chi2, result.dof,
                                       (int)result.net, result.variate ? Py_True : Py_False);
            }
            Py_XDECREF(integral);
            Py_XDECREF(error);
        }
    }
    problem_release(&problem);
    return answer;
}

static PyMethodDef functions[] = {
    {"_cubature", cubature, METH_VARARGS, cubature_doc},
    {"_cubature_points", cubature_points, METH_VARARGS, cubature_points_doc},
    {"_mcquad", mcquad, METH_VARARGS, mcquad_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_ndim(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
