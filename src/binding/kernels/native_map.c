/* SPDX-License-Identifier: BSD-3-Clause
 *
 * fastconc.map of a native function (ctypes, cffi, Numba's @cfunc, LowLevelCallable): its pointer
 * called for every element by all workers, without the GIL. The caller in Python has made the
 * arrays contiguous float64. */
#include "integrand.h"

#include <string.h>

#include "fc_pool.h"

#define MAX_INPUTS 16
#define BLOCK 256
#define GRAIN (16 * BLOCK)

typedef struct job {
    BoundIntegrand f;
    Py_buffer views[MAX_INPUTS + 1]; /* inputs, then the output */
    unsigned n_views, n_inputs;
} job;

static fc_status run_range(void *context, size_t begin, size_t end, unsigned worker)
{
    job *j = context;
    _Alignas(64) double x[MAX_INPUTS][BLOCK], y[BLOCK];
    const double *xs[MAX_INPUTS];
    double *ys[] = {y};
    for (unsigned i = 0; i < j->n_inputs; i++) {
        xs[i] = x[i];
    }
    for (size_t at = begin; at < end; at += BLOCK) {
        size_t n = end - at < BLOCK ? end - at : BLOCK;
        for (unsigned i = 0; i < j->n_inputs; i++) {
            const double *from = (const double *)j->views[i].buf + at;
            memcpy(x[i], from, n * sizeof *from);
            for (size_t k = n; k % 16 != 0; k++) {
                x[i][k] = from[n - 1];
            }
        }
        fc_status status = j->f.base.eval(j->f.base.context, worker, n, xs, ys);
        if (status != FC_OK) {
            return status;
        }
        memcpy((double *)j->views[j->n_inputs].buf + at, y, n * sizeof *y);
    }
    return FC_OK;
}

/* Takes the views of inputs and output; -1 with an exception set. */
static int job_views(job *j, PyObject *inputs, PyObject *out)
{
    j->n_inputs = (unsigned)PyTuple_GET_SIZE(inputs);
    for (unsigned i = 0; i <= j->n_inputs; i++) {
        bool is_out = i == j->n_inputs;
        PyObject *object = is_out ? out : PyTuple_GET_ITEM(inputs, i);
        int flags = PyBUF_C_CONTIGUOUS | PyBUF_FORMAT | (is_out ? PyBUF_WRITABLE : 0);
        if (PyObject_GetBuffer(object, &j->views[i], flags) < 0) {
            return -1;
        }
        j->n_views++;
        const char *format = j->views[i].format;
        if (format == NULL || strcmp(format, "d") != 0 || j->views[i].len != j->views[0].len) {
            PyErr_SetString(PyExc_ValueError, "arrays must be contiguous float64 of one size");
            return -1;
        }
    }
    return 0;
}

PyDoc_STRVAR(
    map_native_doc,
    "_map_native($module, f, inputs, out, workers, /)\n--\n\n"
    "out[i] = f(inputs[0][i], ...) for a native function as _native.integrand_form gives it;\n"
    "the buffers are contiguous float64 of one length. Releases the GIL.");

static PyObject *map_native(PyObject *module, PyObject *args)
{
    PyObject *f, *inputs, *out, *workers, *result = NULL;
    job j;
    if (!PyArg_ParseTuple(args, "OO!OO:_map_native", &f, &PyTuple_Type, &inputs, &out, &workers)) {
        return NULL;
    }
    Py_ssize_t n_inputs = PyTuple_GET_SIZE(inputs);
    if (n_inputs < 1 || n_inputs > MAX_INPUTS) {
        return PyErr_Format(PyExc_ValueError, "a native function takes 1 to %d arrays, not %zd",
                            MAX_INPUTS, n_inputs);
    }
    memset(&j, 0, sizeof j);
    if (integrand_bind(&j.f, fc_state_of_module(module), f, NULL, (unsigned)n_inputs, 1, 0) < 0) {
        return NULL;
    }
    if (job_views(&j, inputs, out) == 0) {
        size_t n = (size_t)j.views[0].len / sizeof(double);
        fc_native native;
        if (fc_native_begin(&native, workers) == 0) {
            integrand_set_native(&j.f, &native);
            fc_status status = n > 0 ? fc_pool_for(&native.run, run_range, &j, n, GRAIN) : FC_OK;
            if (fc_native_end(&native, status) == 0) {
                result = Py_NewRef(out);
            }
        }
    }
    for (unsigned i = 0; i < j.n_views; i++) {
        PyBuffer_Release(&j.views[i]);
    }
    integrand_release(&j.f);
    return result;
}

static PyMethodDef methods[] = {
    {"_map_native", map_native, METH_VARARGS, map_native_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_native_map(PyObject *module)
{
    return PyModule_AddFunctions(module, methods);
}
