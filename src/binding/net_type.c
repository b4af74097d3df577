/* SPDX-License-Identifier: BSD-3-Clause
 *
 * _core.Net, the base of fastconc.Classifier: holds an fc_net and runs it on arrays.
 *
 * predict() has two ways. A float32, C-contiguous array of the right shape goes straight to the
 * core, since for a small network everything else would cost more than the answer. Whatever else
 * comes goes to the method _predict_any (written in Python), which converts it or says what is
 * wrong with it. */
#include "run.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_blas.h"
#include "fc_loops.h"
#include "fc_moment.h"
#include "fc_net.h"
#include "fc_platform.h"

#define MAX_NDIM 16

typedef struct NetObject {
    PyObject_HEAD bool was_set_up; /* fc_moment_enter() guards this and the next three */
    fc_net *net;                   /* NULL before setup and after close */
    size_t users;                  /* calls under way: the last one after close() frees `closing` */
    fc_net *closing;
    PyObject *workers;     /* None, int or pool */
    bool fast;             /* one input whose first axis is the batch, float32 output */
    int in_ndim, out_ndim; /* with the batch */
    Py_ssize_t in_shape[MAX_NDIM], out_shape[MAX_NDIM];
} NetObject;

static PyObject *Net_new(PyTypeObject *type, PyObject *Py_UNUSED(args), PyObject *Py_UNUSED(kwargs))
{
    NetObject *self = (NetObject *)type->tp_alloc(type, 0);
    if (self != NULL) {
        self->workers = Py_NewRef(Py_None);
    }
    return (PyObject *)self;
}

static int Net_traverse(PyObject *op, visitproc visit, void *arg)
{
    Py_VISIT(Py_TYPE(op));
    Py_VISIT(((NetObject *)op)->workers);
    return 0;
}

static int Net_clear(PyObject *op)
{
    Py_CLEAR(((NetObject *)op)->workers);
    return 0;
}

static void Net_dealloc(PyObject *op)
{
    NetObject *self = (NetObject *)op;
    PyTypeObject *type = Py_TYPE(op);
    PyObject_GC_UnTrack(op);
    Net_clear(op);
    fc_net_destroy(self->net);
    type->tp_free(op);
    Py_DECREF(type);
}

/* The net for the length of a call; NULL with ValueError set when there is none. */
static fc_net *net_enter(NetObject *self)
{
    fc_moment_enter();
    fc_net *net = self->net;
    self->users += net != NULL;
    fc_moment_leave();
    if (net == NULL) {
        PyErr_SetString(PyExc_ValueError, "the classifier is closed");
    }
    return net;
}

static void net_leave(NetObject *self)
{
    fc_net *unused = NULL;
    fc_moment_enter();
    if (--self->users == 0) {
        unused = self->closing;
        self->closing = NULL;
    }
    fc_moment_leave();
    fc_net_destroy(unused);
}

static int shape_of(PyObject *tuple, const char *name, int *ndim, Py_ssize_t *shape)
{
    if (!PyTuple_Check(tuple) || PyTuple_GET_SIZE(tuple) > MAX_NDIM) {
        PyErr_Format(PyExc_TypeError, "%s must be a tuple of at most %d ints", name, MAX_NDIM);
        return -1;
    }
    *ndim = (int)PyTuple_GET_SIZE(tuple);
    for (int i = 0; i < *ndim; i++) {
        shape[i] = PyLong_AsSsize_t(PyTuple_GET_ITEM(tuple, i));
        if (shape[i] == -1 && PyErr_Occurred()) {
            return -1;
        }
    }
    return 0;
}

/* Does `shape` without its first axis hold `numel` elements? */
static bool shape_holds(int ndim, const Py_ssize_t *shape, size_t numel)
{
    size_t product = 1;
    for (int i = 1; i < ndim; i++) {
        if (shape[i] < 0 || !fc_size_mul(product, (size_t)shape[i], &product)) {
            return false;
        }
    }
    return ndim >= 1 && product == numel;
}

PyDoc_STRVAR(setup_doc,
             "_setup($self, plan, weights, in_shape, out_shape, workers, engine, /)\n--\n\n"
             "Build the network from a plan (bytes-like, 64-bit words) and its weights "
             "(bytes-like, float32).\n\n"
             "in_shape and out_shape, with a 0 for the batch, open the fast way of predict(); both "
             "are None where the\n"
             "plan has several inputs, another dtype or no batch axis. engine is 0 (auto), 1 "
             "(packed), 2 (openblas).");

static PyObject *Net_setup(PyObject *op, PyObject *args)
{
    NetObject *self = (NetObject *)op;
    Py_buffer plan, weights;
    PyObject *in_shape, *out_shape, *workers, *result = NULL;
    int engine;
    unsigned width;
    if (!PyArg_ParseTuple(args, "y*y*OOOi", &plan, &weights, &in_shape, &out_shape, &workers,
                          &engine)) {
        return NULL;
    }
    fc_net *net = NULL;
    char message[160];
    int in_ndim = 0, out_ndim = 0;
    Py_ssize_t in_sizes[MAX_NDIM] = {0}, out_sizes[MAX_NDIM] = {0};
    if ((uintptr_t)plan.buf % sizeof(int64_t) != 0 || (uintptr_t)weights.buf % sizeof(float) != 0) {
        PyErr_SetString(PyExc_ValueError, "plan or weights are not aligned");
        goto done;
    }
    if (fc_width_of(workers, &width) < 0) {
        goto done;
    }
    fc_status status;
    Py_BEGIN_ALLOW_THREADS status = fc_net_create(
        plan.buf, (size_t)plan.len / sizeof(int64_t), weights.buf,
        (size_t)weights.len / sizeof(float), (fc_gemm_engine)engine, &net, message, sizeof message);
    Py_END_ALLOW_THREADS if (status != FC_OK)
    {
        if (status == FC_ERR_FORMAT) {
            PyErr_Format(PyExc_ValueError, "malformed plan: %s", message);
        } else {
            fc_raise(status, "network");
        }
        goto done;
    }
    bool fast = in_shape != Py_None && out_shape != Py_None;
    if (fast) {
        if (shape_of(in_shape, "in_shape", &in_ndim, in_sizes) < 0 ||
            shape_of(out_shape, "out_shape", &out_ndim, out_sizes) < 0) {
            goto done;
        }
        if (fc_net_n_inputs(net) != 1 ||
            !shape_holds(in_ndim, in_sizes, fc_net_input_numel(net, 0)) ||
            !shape_holds(out_ndim, out_sizes, fc_net_output_numel(net))) {
            PyErr_SetString(PyExc_ValueError, "in_shape or out_shape does not fit the plan");
            goto done;
        }
    }
    fc_moment_enter();
    if (!self->was_set_up) { /* once for all: calls read the shapes without the mutex */
        self->was_set_up = true;
        self->in_ndim = in_ndim;
        self->out_ndim = out_ndim;
        memcpy(self->in_shape, in_sizes, sizeof in_sizes);
        memcpy(self->out_shape, out_sizes, sizeof out_sizes);
        self->fast = fast;
        self->net = net;
        net = NULL;
    }
    fc_moment_leave();
    if (net != NULL) {
        PyErr_SetString(PyExc_ValueError, "the network is set up already");
        goto done;
    }
    Py_XSETREF(self->workers, Py_NewRef(workers));
    result = Py_NewRef(Py_None);
done:
    fc_net_destroy(net);
    PyBuffer_Release(&plan);
    PyBuffer_Release(&weights);
    return result;
}

/* Runs the net on buffers whose sizes have been checked. */
static int net_run(NetObject *self, fc_net *net, size_t items, const float *const *inputs,
                   float *output)
{
    if (fc_net_is_tiny(net, items)) { /* microseconds: letting the GIL go would take longer */
        fc_status status = fc_net_run(net, NULL, items, inputs, output);
        if (status != FC_OK) {
            fc_raise(status, NULL);
            return -1;
        }
        return 0;
    }
    fc_native native;
    if (fc_native_begin(&native, self->workers) < 0) {
        return -1;
    }
    fc_status status = fc_net_run(net, &native.run, items, inputs, output);
    return fc_native_end(&native, status);
}

static bool view_is_ready(const NetObject *self, const Py_buffer *view)
{
    const char *format = view->format;
    if (view->ndim != self->in_ndim || view->itemsize != sizeof(float) || format == NULL ||
        !((format[0] == 'f' && format[1] == '\0') ||
          (format[0] == '=' && format[1] == 'f' && format[2] == '\0')) ||
        (uintptr_t)view->buf % sizeof(float) != 0) {
        return false;
    }
    for (int i = 1; i < view->ndim; i++) {
        if (view->shape[i] != self->in_shape[i]) {
            return false;
        }
    }
    return true;
}

/* numpy.empty((items, *out_shape[1:]), numpy.float32) */
static PyObject *new_output(NetObject *self, fc_state *state, Py_ssize_t items)
{
    /* Kernels keep numpy.empty too, and may have come first: each is looked up on its own. */
    if (fc_state_kept(&state->numpy_empty) == NULL ||
        fc_state_kept(&state->numpy_float32) == NULL) {
        PyObject *numpy = PyImport_ImportModule("numpy");
        if (numpy == NULL) {
            return NULL;
        }
        PyObject *empty = PyObject_GetAttrString(numpy, "empty");
        PyObject *float32 = PyObject_GetAttrString(numpy, "float32");
        Py_DECREF(numpy);
        if (empty == NULL || float32 == NULL) {
            Py_XDECREF(empty);
            Py_XDECREF(float32);
            return NULL;
        }
        (void)fc_state_keep(&state->numpy_empty, empty);
        (void)fc_state_keep(&state->numpy_float32, float32);
    }
    PyObject *shape = PyTuple_New(self->out_ndim);
    if (shape == NULL) {
        return NULL;
    }
    for (int i = 0; i < self->out_ndim; i++) {
        PyObject *n = PyLong_FromSsize_t(i == 0 ? items : self->out_shape[i]);
        if (n == NULL) {
            Py_DECREF(shape);
            return NULL;
        }
        PyTuple_SET_ITEM(shape, i, n);
    }
    PyObject *args[] = {shape, state->numpy_float32};
    PyObject *output = PyObject_Vectorcall(state->numpy_empty, args, 2, NULL);
    Py_DECREF(shape);
    return output;
}

static PyObject *predict_fast(NetObject *self, fc_state *state, const Py_buffer *in)
{
    PyObject *output = new_output(self, state, in->shape[0]);
    if (output == NULL) {
        return NULL;
    }
    Py_buffer out;
    if (PyObject_GetBuffer(output, &out, PyBUF_WRITABLE | PyBUF_ND) < 0) {
        Py_DECREF(output);
        return NULL;
    }
    int failed = -1;
    fc_net *net = net_enter(self);
    if (net != NULL) {
        const float *inputs[] = {in->buf};
        failed = net_run(self, net, (size_t)in->shape[0], inputs, out.buf);
        net_leave(self);
    }
    PyBuffer_Release(&out);
    if (failed) {
        Py_CLEAR(output);
    }
    return output;
}

PyDoc_STRVAR(
    predict_doc,
    "predict($self, batch, /, *more)\n--\n\n"
    "Run the network on a batch and return its first output, one row per image.\n\n"
    "batch is an array of shape (n, ...) as input_shape says, float32 or anything that converts to "
    "it (float64,\n"
    "uint8, any strides and byte order); it is not changed. n may be 0. A network of several "
    "inputs takes as\n"
    "many arrays. The result is a new NumPy array.\n\n"
    "A row depends on its own image alone; the bits do not depend on the number of workers. The "
    "GIL is released\n"
    "while the network runs, and any number of threads may call at once.\n\n"
    "Raises ValueError for a wrong shape, TypeError for what is no numeric array, MemoryError.");

static PyObject *Net_predict(PyObject *op, PyTypeObject *cls, PyObject *const *args,
                             Py_ssize_t n_args, PyObject *names)
{
    NetObject *self = (NetObject *)op;
    if (n_args == 1 && (names == NULL || PyTuple_GET_SIZE(names) == 0) && self->fast) {
        Py_buffer in;
        if (!PyObject_CheckBuffer(args[0])) {
            goto any;
        }
        if (PyObject_GetBuffer(args[0], &in, PyBUF_ND | PyBUF_FORMAT) < 0) {
            if (!PyErr_ExceptionMatches(PyExc_Exception)) { /* Ctrl-C in a __buffer__ */
                return NULL;
            }
            PyErr_Clear(); /* not contiguous, say: the other way copies it or tells */
            goto any;
        }
        if (view_is_ready(self, &in)) {
            PyObject *output = predict_fast(self, PyType_GetModuleState(cls), &in);
            PyBuffer_Release(&in);
            return output;
        }
        PyBuffer_Release(&in);
    }
any:;
    PyObject *method = PyObject_GetAttrString(op, "_predict_any");
    if (method == NULL) {
        return NULL;
    }
    PyObject *result = PyObject_Vectorcall(method, args, (size_t)n_args, names);
    Py_DECREF(method);
    return result;
}

/* The arrays of _run and _profile: views of inputs and output that fit `items`. */
typedef struct views {
    Py_buffer in[64], out;
    const float *inputs[64];
    size_t n_in;
    bool has_out;
} views;

static void views_release(views *v)
{
    for (size_t i = 0; i < v->n_in; i++) {
        PyBuffer_Release(&v->in[i]);
    }
    if (v->has_out) {
        PyBuffer_Release(&v->out);
    }
}

static bool view_fits(const Py_buffer *view, size_t items, size_t numel)
{
    size_t bytes;
    return fc_size_mul(items, numel, &bytes) && fc_size_mul(bytes, sizeof(float), &bytes) &&
           (size_t)view->len == bytes && (uintptr_t)view->buf % sizeof(float) == 0;
}

static int views_take(views *v, const fc_net *net, size_t items, PyObject *inputs, PyObject *output)
{
    v->n_in = 0;
    v->has_out = false;
    if (!PyTuple_Check(inputs) || (size_t)PyTuple_GET_SIZE(inputs) != fc_net_n_inputs(net)) {
        PyErr_Format(PyExc_ValueError, "inputs must be a tuple of %zu arrays",
                     fc_net_n_inputs(net));
        return -1;
    }
    for (size_t i = 0; i < fc_net_n_inputs(net); i++) {
        if (PyObject_GetBuffer(PyTuple_GET_ITEM(inputs, (Py_ssize_t)i), &v->in[i], PyBUF_ND) < 0) {
            goto fail;
        }
        v->n_in++;
        v->inputs[i] = v->in[i].buf;
        if (!view_fits(&v->in[i], items, fc_net_input_numel(net, i))) {
            PyErr_Format(PyExc_ValueError, "input %zu does not hold %zu items", i, items);
            goto fail;
        }
    }
    if (PyObject_GetBuffer(output, &v->out, PyBUF_WRITABLE | PyBUF_ND) < 0) {
        goto fail;
    }
    v->has_out = true;
    if (!view_fits(&v->out, items, fc_net_output_numel(net))) {
        PyErr_SetString(PyExc_ValueError, "output has the wrong size");
        goto fail;
    }
    return 0;
fail:
    views_release(v);
    return -1;
}

PyDoc_STRVAR(run_doc, "_run($self, items, inputs, output, /)\n--\n\n"
                      "Run on contiguous float32 arrays; output is written.");

static PyObject *Net_run(PyObject *op, PyObject *args)
{
    NetObject *self = (NetObject *)op;
    Py_ssize_t items;
    PyObject *inputs, *output;
    if (!PyArg_ParseTuple(args, "nOO", &items, &inputs, &output)) {
        return NULL;
    }
    fc_net *net = net_enter(self);
    if (net == NULL) {
        return NULL;
    }
    views v;
    int failed = items < 0 ? -1 : views_take(&v, net, (size_t)items, inputs, output);
    if (!failed) {
        failed = net_run(self, net, (size_t)items, v.inputs, v.out.buf);
        views_release(&v);
    } else if (items < 0) {
        PyErr_SetString(PyExc_ValueError, "items must not be negative");
    }
    net_leave(self);
    return failed ? NULL : Py_NewRef(Py_None);
}

static PyObject *step_list(const fc_net *net, const int64_t *ns)
{
    PyObject *list = PyList_New(0);
    for (size_t i = 0; list != NULL && i < fc_net_n_steps(net); i++) {
        PyObject *entry =
            Py_BuildValue("(sdL)", fc_net_step_name(net, i), fc_net_step_flops(net, i),
                          ns != NULL ? (long long)ns[i] : 0LL);
        if (entry == NULL || PyList_Append(list, entry) < 0) {
            Py_CLEAR(list);
        }
        Py_XDECREF(entry);
    }
    return list;
}

PyDoc_STRVAR(profile_doc,
             "_profile($self, items, inputs, output, /)\n--\n\n"
             "As _run on one thread; returns a list of (kind, operations per item, nanoseconds).");

static PyObject *Net_profile(PyObject *op, PyObject *args)
{
    NetObject *self = (NetObject *)op;
    Py_ssize_t items;
    PyObject *inputs, *output, *result = NULL;
    if (!PyArg_ParseTuple(args, "nOO", &items, &inputs, &output)) {
        return NULL;
    }
    fc_net *net = net_enter(self);
    if (net == NULL) {
        return NULL;
    }
    views v;
    int64_t *ns = fc_calloc(fc_net_n_steps(net), sizeof *ns);
    if (ns == NULL) {
        PyErr_NoMemory();
    } else if (items < 0) {
        PyErr_SetString(PyExc_ValueError, "items must not be negative");
    } else if (views_take(&v, net, (size_t)items, inputs, output) == 0) {
        fc_status status;
        Py_BEGIN_ALLOW_THREADS status = fc_net_profile(net, (size_t)items, v.inputs, v.out.buf, ns);
        Py_END_ALLOW_THREADS views_release(&v);
        result = status == FC_OK ? step_list(net, ns) : fc_raise(status, NULL);
    }
    fc_free(ns);
    net_leave(self);
    return result;
}

PyDoc_STRVAR(steps_doc, "_steps($self, /)\n--\n\nThe steps as (kind, operations per item, 0), and "
                        "(arena bytes, chunk).");

static PyObject *Net_steps(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    NetObject *self = (NetObject *)op;
    fc_net *net = net_enter(self);
    if (net == NULL) {
        return NULL;
    }
    PyObject *list = step_list(net, NULL);
    PyObject *result = list == NULL
                           ? NULL
                           : Py_BuildValue("(Nnn)", list, (Py_ssize_t)fc_net_arena_bytes(net),
                                           (Py_ssize_t)fc_net_chunk(net));
    net_leave(self);
    return result;
}

PyDoc_STRVAR(
    export_doc,
    "_export($self, weights, /)\n--\n\nWrite the weights back into a float32 buffer laid out as\n"
    "the one that _setup had.");

static PyObject *Net_export(PyObject *op, PyObject *weights)
{
    NetObject *self = (NetObject *)op;
    fc_net *net = net_enter(self);
    if (net == NULL) {
        return NULL;
    }
    Py_buffer view;
    int failed = PyObject_GetBuffer(weights, &view, PyBUF_WRITABLE | PyBUF_ND);
    if (!failed) {
        failed = !view_fits(&view, 1, fc_net_n_weights(net));
        if (failed) {
            PyErr_SetString(PyExc_ValueError, "weights has the wrong size");
        } else {
            fc_net_export(net, view.buf);
        }
        PyBuffer_Release(&view);
    }
    net_leave(self);
    return failed ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(
    close_doc,
    "close($self, /)\n--\n\n"
    "Free the network; calls under way finish, later ones raise ValueError. May be called again.");

static PyObject *Net_close(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    NetObject *self = (NetObject *)op;
    fc_moment_enter();
    fc_net *unused = self->net;
    self->net = NULL;
    if (unused != NULL && self->users != 0) {
        self->closing = unused;
        unused = NULL;
    }
    fc_moment_leave();
    fc_net_destroy(unused);
    Py_RETURN_NONE;
}

PyDoc_STRVAR(trim_doc, "trim($self, /)\n--\n\nFree the memory that is kept between calls; the next "
                       "call takes it anew.");

static PyObject *Net_trim(PyObject *op, PyObject *Py_UNUSED(ignored))
{
    NetObject *self = (NetObject *)op;
    fc_net *net = net_enter(self);
    if (net == NULL) {
        return NULL;
    }
    fc_net_trim(net);
    net_leave(self);
    Py_RETURN_NONE;
}

static PyMethodDef Net_methods[] = {
    {"predict", (PyCFunction)(void (*)(void))Net_predict,
     METH_METHOD | METH_FASTCALL | METH_KEYWORDS, predict_doc},
    {"close", Net_close, METH_NOARGS, close_doc},
    {"trim", Net_trim, METH_NOARGS, trim_doc},
    {"_setup", Net_setup, METH_VARARGS, setup_doc},
    {"_run", Net_run, METH_VARARGS, run_doc},
    {"_profile", Net_profile, METH_VARARGS, profile_doc},
    {"_steps", Net_steps, METH_NOARGS, steps_doc},
    {"_export", Net_export, METH_O, export_doc},
    {NULL, NULL, 0, NULL},
};

PyDoc_STRVAR(
    Net_doc,
    "Net()\n--\n\nA network planned in Python and run in C; the base of fastconc.Classifier.");

static PyType_Slot Net_slots[] = {
    {Py_tp_doc, (void *)Net_doc},
    {Py_tp_new, Net_new},
    {Py_tp_dealloc, Net_dealloc},
    {Py_tp_traverse, Net_traverse},
    {Py_tp_clear, Net_clear},
    {Py_tp_methods, Net_methods},
    {0, NULL},
};

static PyType_Spec Net_spec = {
    .name = "fastconc._core.Net",
    .basicsize = sizeof(NetObject),
    .flags = Py_TPFLAGS_DEFAULT | Py_TPFLAGS_BASETYPE | Py_TPFLAGS_HAVE_GC,
    .slots = Net_slots,
};

PyDoc_STRVAR(blas_load_doc,
             "blas_load($module, path, prefix, /)\n--\n\n"
             "Open an OpenBLAS library whose symbols begin with prefix; the first success stays.");

static PyObject *blas_load(PyObject *Py_UNUSED(module), PyObject *args)
{
    const char *path, *prefix;
    if (!PyArg_ParseTuple(args, "ss", &path, &prefix)) {
        return NULL;
    }
    fc_status status;
    Py_BEGIN_ALLOW_THREADS status = fc_blas_load(path, prefix);
    Py_END_ALLOW_THREADS if (status != FC_OK)
    {
        return fc_raise(status, path);
    }
    Py_RETURN_NONE;
}

PyDoc_STRVAR(blas_config_doc,
             "blas_config($module, /)\n--\n\n"
             "How the loaded OpenBLAS describes itself; None while none is loaded.");

static PyObject *blas_config(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    const char *config = fc_blas_config();
    return config != NULL ? PyUnicode_FromString(config) : Py_NewRef(Py_None);
}

PyDoc_STRVAR(
    fma_peak_doc,
    "fma_peak($module, /)\n--\n\n"
    "GFLOP/s of fused multiply-adds in registers on this thread, measured now (about 10 ms).");

static PyObject *fma_peak(PyObject *Py_UNUSED(module), PyObject *Py_UNUSED(ignored))
{
    double best = 0;
    Py_BEGIN_ALLOW_THREADS for (int i = 0; i < 20; i++)
    {
        int64_t begin = fc_now_ns();
        double operations = fc_loops_get()->multiply_adds(20000);
        int64_t ns = fc_now_ns() - begin;
        double rate = operations / (double)(ns > 0 ? ns : 1);
        best = rate > best ? rate : best;
    }
    Py_END_ALLOW_THREADS return PyFloat_FromDouble(best);
}

static PyMethodDef functions[] = {
    {"fma_peak", fma_peak, METH_NOARGS, fma_peak_doc},
    {"blas_load", blas_load, METH_VARARGS, blas_load_doc},
    {"blas_config", blas_config, METH_NOARGS, blas_config_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_net(PyObject *module)
{
    PyObject *type = PyType_FromModuleAndSpec(module, &Net_spec, NULL);
    if (type == NULL) {
        return -1;
    }
    int failed = PyModule_AddType(module, (PyTypeObject *)type);
    Py_DECREF(type);
    return failed < 0 ? -1 : PyModule_AddFunctions(module, functions);
}
