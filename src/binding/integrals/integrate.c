/* SPDX-License-Identifier: BSD-3-Clause
 *
 * integrate and quad for fastconc._integrate: objects apart, the core called without the GIL,
 * numbers back. These functions are private; defaults, messages about types and documentation live
 * in the Python layer. */
#include "integrand.h"

#include <string.h>

#include "fc_platform.h"
#include "fc_quad.h"
#include "fc_rules.h"
#include "fc_samples.h"
#include "fc_tanhsinh.h"

/* A float, or `count` floats behind the buffer protocol. */
typedef struct Doubles {
    Py_buffer view; /* view.obj is NULL for a single float */
    double one;
    const double *data;
    Py_ssize_t count; /* -1: a single float */
} Doubles;

static int doubles_init(Doubles *self, PyObject *object, const char *name)
{
    *self = (Doubles){.count = -1};
    if (PyFloat_CheckExact(object)) {
        self->one = PyFloat_AS_DOUBLE(object);
        self->data = &self->one;
        return 0;
    }
    if (PyObject_GetBuffer(object, &self->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT) < 0) {
        return -1;
    }
    if (self->view.format == NULL || strcmp(self->view.format, "d") != 0) {
        PyErr_Format(PyExc_TypeError, "%s must hold float64 numbers", name);
        PyBuffer_Release(&self->view);
        return -1;
    }
    self->data = self->view.buf;
    self->count = self->view.len / (Py_ssize_t)sizeof(double);
    return 0;
}

static void doubles_release(Doubles *self)
{
    if (self->view.obj != NULL) {
        PyBuffer_Release(&self->view);
    }
}

/* What integrate and quad have in common. */
typedef struct Job {
    BoundIntegrand f;
    Doubles a, b, params;
    fc_integrals in;
    fc_native native;
    int64_t deadline_ns; /* from now; 0: none */
} Job;

static void job_release(Job *job)
{
    integrand_release(&job->f);
    doubles_release(&job->a);
    doubles_release(&job->b);
    doubles_release(&job->params);
}

static int64_t deadline_ns(double seconds)
{
    return (int64_t)(seconds < 1e9 ? seconds * 1e9 : 1e18);
}

/* `params` is None or an array (m, n_params); a and b are floats (m is 1) or arrays of m. */
static int job_init(Job *job, fc_state *state, PyObject *f, PyObject *a, PyObject *b,
                    PyObject *args, PyObject *params, unsigned n_params, unsigned n_out, int flags,
                    double deadline)
{
    memset(job, 0, sizeof *job);
    if (doubles_init(&job->a, a, "a") < 0 || doubles_init(&job->b, b, "b") < 0 ||
        (params != Py_None && doubles_init(&job->params, params, "params") < 0) ||
        integrand_bind(&job->f, state, f, args, 1 + n_params, n_out, flags) < 0) {
        job_release(job);
        return -1;
    }
    job->in = (fc_integrals){.m = job->a.count < 0 ? 1 : (size_t)job->a.count,
                             .a = job->a.data,
                             .b = job->b.data,
                             .params = job->params.data,
                             .n_params = n_params};
    if (job->a.count != job->b.count ||
        (n_params > 0 &&
         (job->params.data == NULL || (size_t)job->params.count != job->in.m * n_params))) {
        PyErr_SetString(PyExc_ValueError, "limits and parameters differ in length");
        job_release(job);
        return -1;
    }
    job->deadline_ns = deadline > 0 ? deadline_ns(deadline) : 0;
    return 0;
}

/* As fc_native_begin, with the deadline set and the integrand told where its thread is. */
static int job_begin(Job *job, PyObject *workers)
{
    if (fc_native_begin(&job->native, workers) < 0) {
        return -1;
    }
    integrand_set_native(&job->f, &job->native);
    if (job->deadline_ns != 0) {
        job->native.cancel.deadline_ns = fc_now_ns() + job->deadline_ns;
    }
    return 0;
}

/* The writable float64 array `out` of `count` numbers; its data, or NULL with an exception set. */
static double *out_buffer(PyObject *out, size_t count, Py_buffer *view)
{
    if (PyObject_GetBuffer(out, view, PyBUF_C_CONTIGUOUS | PyBUF_WRITABLE) < 0) {
        return NULL;
    }
    if ((size_t)view->len != count * sizeof(double)) {
        PyErr_SetString(PyExc_ValueError, "out has the wrong size");
        PyBuffer_Release(view);
        return NULL;
    }
    return view->buf;
}

PyDoc_STRVAR(
    integrate_doc,
    "_integrate($module, f, a, b, n, rule, order, args, params, n_params, n_out, flags, out,\n"
    "           workers, deadline, /)\n--\n\n"
    "The composite sum of a rule; fastconc.integrate is the public form.");

static PyObject *integrate(PyObject *module, PyObject *arguments)
{
    PyObject *f, *a, *b, *args, *params, *out, *workers;
    unsigned long long n;
    unsigned rule, order, n_params, n_out;
    int flags;
    double deadline;
    if (!PyArg_ParseTuple(arguments, "OOOKIIOOIIiOOd", &f, &a, &b, &n, &rule, &order, &args,
                          &params, &n_params, &n_out, &flags, &out, &workers, &deadline)) {
        return NULL;
    }
    Job job;
    if (job_init(&job, fc_state_of_module(module), f, a, b, args, params, n_params, n_out, flags,
                 deadline) < 0) {
        return NULL;
    }
    double few[16], *result = few;
    Py_buffer view = {0};
    PyObject *answer = NULL;
    if (out != Py_None) {
        result = out_buffer(out, job.in.m * n_out, &view);
    } else if (n_out > 16) {
        result = PyMem_Calloc(n_out, sizeof *result);
        if (result == NULL) {
            PyErr_NoMemory();
        }
    }
    if (result != NULL && job_begin(&job, workers) == 0) {
        fc_status status =
            fc_integrate(&job.native.run, &job.f.base, (fc_rule)rule, order, n, &job.in, result);
        if (fc_native_end(&job.native, status) == 0) {
            answer = out != Py_None ? Py_NewRef(Py_None) : integrand_value(result, n_out, flags);
        }
    }
    if (view.obj != NULL) {
        PyBuffer_Release(&view);
    } else if (result != few) {
        PyMem_Free(result);
    }
    job_release(&job);
    return answer;
}

PyDoc_STRVAR(
    quad_doc,
    "_quad($module, f, a, b, epsabs, epsrel, limit, density, points, args, params, n_params, "
    "n_out,\n"
    "      flags, out, workers, deadline, weight, tanh_sinh, /)\n--\n\n"
    "Adaptive integration; fastconc.quad is the public form. Gives (value, error, n_eval, "
    "n_panels,\n"
    "state, where); for a batch None, and out[k] holds the values followed by these five.");

/* Numbers of a result that follow the values in a batch's row. */
#define N_INFO 5

static PyObject *quad_single(const fc_quad_result *result, const double *values, unsigned n_out,
                             int flags)
{
    PyObject *value = integrand_value(values, n_out, flags);
    if (value == NULL) {
        return NULL;
    }
    return Py_BuildValue("(NdKKid)", value, result->error, (unsigned long long)result->n_eval,
                         (unsigned long long)result->n_panels, (int)result->state, result->where);
}

static void quad_rows(const fc_quad_result *results, const double *values, size_t m, unsigned n_out,
                      double *out)
{
    for (size_t k = 0; k < m; k++) {
        double *row = out + k * (n_out + N_INFO);
        memcpy(row, values + k * n_out, n_out * sizeof *row);
        row[n_out] = results[k].error;
        row[n_out + 1] = (double)results[k].n_eval;
        row[n_out + 2] = (double)results[k].n_panels;
        row[n_out + 3] = (double)results[k].state;
        row[n_out + 4] = results[k].where;
    }
}

/* None, or (kind, c, alpha, beta, log_a, log_b); kinds as in fc_weight.h. */
static int weight_init(fc_weight *weight, PyObject *object)
{
    int kind, log_a, log_b;
    if (!PyTuple_Check(object)) {
        PyErr_Format(PyExc_TypeError, "a weight is a tuple, not %.200s", Py_TYPE(object)->tp_name);
        return -1;
    }
    if (!PyArg_ParseTuple(object, "idddpp", &kind, &weight->c, &weight->alpha, &weight->beta,
                          &log_a, &log_b)) {
        return -1;
    }
    if (kind < FC_WEIGHT_COS || kind > FC_WEIGHT_CAUCHY) {
        PyErr_Format(PyExc_ValueError, "no such weight: %d", kind);
        return -1;
    }
    weight->kind = (fc_weight_kind)kind;
    weight->log_a = log_a;
    weight->log_b = log_b;
    return 0;
}

static PyObject *quad(PyObject *module, PyObject *arguments)
{
    PyObject *f, *a, *b, *points, *args, *params, *out, *workers, *weighted, *answer = NULL;
    unsigned long long limit;
    fc_weight weight;
    unsigned density, n_params, n_out;
    int flags, tanh_sinh;
    double epsabs, epsrel, deadline;
    if (!PyArg_ParseTuple(arguments, "OOOddKIOOOIIiOOdOp", &f, &a, &b, &epsabs, &epsrel, &limit,
                          &density, &points, &args, &params, &n_params, &n_out, &flags, &out,
                          &workers, &deadline, &weighted, &tanh_sinh) ||
        (weighted != Py_None && weight_init(&weight, weighted) < 0)) {
        return NULL;
    }
    Doubles breaks = {0};
    if (points != Py_None && doubles_init(&breaks, points, "points") < 0) {
        return NULL;
    }
    Job job;
    if (job_init(&job, fc_state_of_module(module), f, a, b, args, params, n_params, n_out, flags,
                 deadline) < 0) {
        doubles_release(&breaks);
        return NULL;
    }
    fc_quad_options options = {.epsabs = epsabs,
                               .epsrel = epsrel,
                               .limit = (size_t)limit,
                               .density = density,
                               .points = breaks.data,
                               .n_points = breaks.count > 0 ? (size_t)breaks.count : 0,
                               .weight = weighted != Py_None ? &weight : NULL};
    size_t m = job.in.m;
    double few[16], *values = m * n_out <= 16 ? few : PyMem_Calloc(m * n_out, sizeof *values);
    fc_quad_result one, *results = m == 1 ? &one : PyMem_Calloc(m, sizeof *results);
    Py_buffer view = {0};
    double *rows = out != Py_None ? out_buffer(out, m * (n_out + N_INFO), &view) : few;
    if (values == NULL || results == NULL) {
        PyErr_NoMemory();
    } else if (rows != NULL && job_begin(&job, workers) == 0) {
        fc_status status = (tanh_sinh ? fc_tanhsinh : fc_quad)(&job.native.run, &job.f.base,
                                                               &options, &job.in, values, results);
        if (fc_native_end(&job.native, status) == 0) {
            if (out == Py_None) {
                answer = quad_single(results, values, n_out, flags);
            } else {
                quad_rows(results, values, m, n_out, rows);
                answer = Py_NewRef(Py_None);
            }
        }
    }
    if (view.obj != NULL) {
        PyBuffer_Release(&view);
    }
    if (values != few) {
        PyMem_Free(values);
    }
    if (results != &one) {
        PyMem_Free(results);
    }
    doubles_release(&breaks);
    job_release(&job);
    return answer;
}

PyDoc_STRVAR(samples_doc,
             "_integrate_samples($module, rule, y, x, n, dx, out, workers, deadline, /)"
             "\n--\n\n"
             "Trapezoid (0) or Simpson (1) of rows of n samples each, into out; x is "
             "None, n\nabscissae, or as many as y.");

static PyObject *integrate_samples(PyObject *Py_UNUSED(module), PyObject *arguments)
{
    PyObject *y_object, *x_object, *out, *workers, *answer = NULL;
    int rule;
    Py_ssize_t n;
    double dx, deadline;
    Doubles y, x = {0};
    Py_buffer view = {0};
    if (!PyArg_ParseTuple(arguments, "iOOndOOd", &rule, &y_object, &x_object, &n, &dx, &out,
                          &workers, &deadline) ||
        doubles_init(&y, y_object, "y") < 0) {
        return NULL;
    }
    if (x_object != Py_None && doubles_init(&x, x_object, "x") < 0) {
        doubles_release(&y);
        return NULL;
    }
    if (n < 1 || y.count < 0 || y.count % n != 0 ||
        (x.data != NULL && x.count != n && x.count != y.count)) {
        PyErr_SetString(PyExc_ValueError, "samples and abscissae differ in length");
    } else {
        fc_samples samples = {.m = (size_t)(y.count / n),
                              .n = (size_t)n,
                              .y = y.data,
                              .x = x.data,
                              .own_x = x.data != NULL && x.count != n,
                              .dx = dx};
        double *result = out_buffer(out, samples.m, &view);
        fc_native native;
        if (result != NULL && fc_native_begin(&native, workers) == 0) {
            if (deadline > 0) {
                native.cancel.deadline_ns = fc_now_ns() + deadline_ns(deadline);
            }
            fc_status status = fc_integrate_samples(
                &native.run, rule == 0 ? FC_SAMPLES_TRAPEZOID : FC_SAMPLES_SIMPSON, &samples,
                result);
            if (fc_native_end(&native, status) == 0) {
                answer = Py_NewRef(Py_None);
            }
        }
    }
    if (view.obj != NULL) {
        PyBuffer_Release(&view);
    }
    doubles_release(&x);
    doubles_release(&y);
    return answer;
}

PyDoc_STRVAR(gauss_legendre_doc, "_gauss_legendre($module, order, /)\n--\n\n"
                                 "Nodes and weights on (-1, 1), as two tuples.");

static PyObject *gauss_legendre(PyObject *Py_UNUSED(module), PyObject *order_object)
{
    unsigned long order = PyLong_AsUnsignedLong(order_object);
    if (order == (unsigned long)-1 && PyErr_Occurred()) {
        return NULL;
    }
    if (order < 1 || order > FC_MAX_GAUSS_ORDER) {
        return PyErr_Format(PyExc_ValueError, "order must be 1 to %d, not %lu", FC_MAX_GAUSS_ORDER,
                            order);
    }
    PyObject *answer = NULL;
    double *x = PyMem_Calloc(2 * order, sizeof *x);
    if (x == NULL) {
        return PyErr_NoMemory();
    }
    fc_status status = fc_gauss_legendre((unsigned)order, x, x + order);
    if (status != FC_OK) {
        fc_raise(status, "order");
    } else {
        PyObject *nodes = PyTuple_New((Py_ssize_t)order), *weights = PyTuple_New((Py_ssize_t)order);
        bool failed = nodes == NULL || weights == NULL;
        for (unsigned long i = 0; !failed && i < order; i++) {
            PyObject *node = PyFloat_FromDouble(x[i]), *weight = PyFloat_FromDouble(x[order + i]);
            failed = node == NULL || weight == NULL;
            PyTuple_SET_ITEM(nodes, (Py_ssize_t)i, node);
            PyTuple_SET_ITEM(weights, (Py_ssize_t)i, weight);
        }
        answer = failed ? NULL : PyTuple_Pack(2, nodes, weights);
        Py_XDECREF(nodes);
        Py_XDECREF(weights);
    }
    PyMem_Free(x);
    return answer;
}

PyDoc_STRVAR(capsule_doc, "_capsule($module, capsule, /)\n--\n\n"
                          "(address, name, context) of a PyCapsule, for fastconc._native.");

static PyObject *capsule(PyObject *Py_UNUSED(module), PyObject *object)
{
    if (!PyCapsule_CheckExact(object)) {
        return PyErr_Format(PyExc_TypeError, "a PyCapsule is wanted, not %.200s",
                            Py_TYPE(object)->tp_name);
    }
    const char *name = PyCapsule_GetName(object);
    void *address = PyCapsule_GetPointer(object, name);
    if (address == NULL) {
        return NULL;
    }
    void *context = PyCapsule_GetContext(object);
    if (context == NULL && PyErr_Occurred()) {
        return NULL;
    }
    return Py_BuildValue("(KzK)", (unsigned long long)(uintptr_t)address, name,
                         (unsigned long long)(uintptr_t)context);
}

static PyMethodDef functions[] = {
    {"_integrate", integrate, METH_VARARGS, integrate_doc},
    {"_integrate_samples", integrate_samples, METH_VARARGS, samples_doc},
    {"_quad", quad, METH_VARARGS, quad_doc},
    {"_gauss_legendre", gauss_legendre, METH_O, gauss_legendre_doc},
    {"_capsule", capsule, METH_O, capsule_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_integrate(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
