/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrands from Python objects; contract in integrand.h. The loops over points here are calls of
 * user code, one by one; there is no arithmetic to vectorise. */
#include "integrand.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_platform.h"
#include "kernel_type.h"

#define MAX_NATIVE_ARGS 64

/* ---- native functions ---- */

/* The forms of fastconc._native: what C signature stands behind the address. */
enum {
    FORM_SCALARS = 0, /* double (double, ..., double): one parameter per coordinate and argument */
    FORM_SCALARS_USER_DATA = 1, /* the same with a last parameter void * */
    FORM_VECTOR = 2,            /* double (int, double *) */
    FORM_VECTOR_USER_DATA = 3,  /* double (int, double *, void *) */
};

static fc_status eval_scalar(void *context, unsigned Py_UNUSED(worker), size_t n,
                             const double *const *x, double *const *y)
{
    double (*f)(double) = (double (*)(double))((BoundIntegrand *)context)->address;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = f(x[0][i]);
    }
    return FC_OK;
}

static fc_status eval_scalar_user_data(void *context, unsigned Py_UNUSED(worker), size_t n,
                                       const double *const *x, double *const *y)
{
    BoundIntegrand *self = context;
    double (*f)(double, void *) = (double (*)(double, void *))self->address;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = f(x[0][i], self->user_data);
    }
    return FC_OK;
}

/* Two to six doubles, one case each: C cannot build a call with a number of arguments known at run
 * time. */
static fc_status eval_scalars(void *context, unsigned Py_UNUSED(worker), size_t n,
                              const double *const *x, double *const *y)
{
    BoundIntegrand *self = context;
    unsigned n_dim = self->base.n_dim, total = n_dim + self->n_args;
    double p[6] = {0};
    for (unsigned j = n_dim; j < total; j++) {
        p[j] = self->arg_values[j - n_dim];
    }
    for (size_t i = 0; i < n; i++) {
        for (unsigned d = 0; d < n_dim; d++) {
            p[d] = x[d][i];
        }
        switch (total) {
        case 2:
            y[0][i] = ((double (*)(double, double))self->address)(p[0], p[1]);
            break;
        case 3:
            y[0][i] = ((double (*)(double, double, double))self->address)(p[0], p[1], p[2]);
            break;
        case 4:
            y[0][i] =
                ((double (*)(double, double, double, double))self->address)(p[0], p[1], p[2], p[3]);
            break;
        case 5:
            y[0][i] = ((double (*)(double, double, double, double, double))self->address)(
                p[0], p[1], p[2], p[3], p[4]);
            break;
        default:
            y[0][i] = ((double (*)(double, double, double, double, double, double))self->address)(
                p[0], p[1], p[2], p[3], p[4], p[5]);
            break;
        }
    }
    return FC_OK;
}

static fc_status eval_vector(void *context, unsigned Py_UNUSED(worker), size_t n,
                             const double *const *x, double *const *y)
{
    BoundIntegrand *self = context;
    unsigned n_dim = self->base.n_dim;
    double point[MAX_NATIVE_ARGS]; /* bind checked that it is enough */
    for (size_t i = 0; i < n; i++) {
        for (unsigned d = 0; d < n_dim; d++) {
            point[d] = x[d][i];
        }
        for (unsigned j = 0; j < self->n_args; j++) {
            point[n_dim + j] =
                self->arg_values[j]; /* afresh: the function may write to its array */
        }
        int count = (int)(n_dim + self->n_args);
        y[0][i] =
            !self->has_user_data
                ? ((double (*)(int, double *))self->address)(count, point)
                : ((double (*)(int, double *, void *))self->address)(count, point, self->user_data);
    }
    return FC_OK;
}

/* args as doubles, for native functions; -1 with an exception set. */
static int convert_args(BoundIntegrand *self)
{
    Py_ssize_t n = PyTuple_GET_SIZE(self->args);
    if (n == 0) {
        return 0;
    }
    self->arg_values = fc_malloc((size_t)n, sizeof *self->arg_values);
    if (self->arg_values == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    self->n_args = (unsigned)n;
    for (Py_ssize_t i = 0; i < n; i++) {
        self->arg_values[i] = PyFloat_AsDouble(PyTuple_GET_ITEM(self->args, i));
        if (self->arg_values[i] == -1 && PyErr_Occurred()) {
            if (PyErr_ExceptionMatches(PyExc_TypeError)) {
                PyErr_Format(PyExc_TypeError,
                             "args[%zd] must be a float for a native function, not %.200s", i,
                             Py_TYPE(PyTuple_GET_ITEM(self->args, i))->tp_name);
            }
            return -1;
        }
    }
    return 0;
}

static int bind_native(BoundIntegrand *self)
{
    /* (address, form, number of doubles a scalar form takes, user_data, keep_alive) */
    int form, n_doubles;
    unsigned long long address, user_data;
    PyObject *keep_alive;
    if (!PyArg_ParseTuple(self->object, "KiiKO:native function", &address, &form, &n_doubles,
                          &user_data, &keep_alive) ||
        convert_args(self) < 0) {
        return -1;
    }
    if (self->base.n_out != 1) {
        PyErr_Format(PyExc_TypeError,
                     "a native function gives one float a point, but %u are wanted",
                     self->base.n_out);
        return -1;
    }
    unsigned total = self->base.n_dim + self->n_args;
    self->address = (void *)(uintptr_t)address;
    self->user_data = (void *)(uintptr_t)user_data;
    switch (form) {
    case FORM_SCALARS:
        if (total != (unsigned)n_doubles || total > 6) {
            PyErr_Format(
                PyExc_TypeError,
                "the native function takes %d floats, but %u coordinates and %u args are given "
                "(at most 6 together)",
                n_doubles, self->base.n_dim, self->n_args);
            return -1;
        }
        self->base.eval = total == 1 ? eval_scalar : eval_scalars;
        return 0;
    case FORM_SCALARS_USER_DATA:
        if (total != 1 || n_doubles != 1) {
            PyErr_Format(
                PyExc_TypeError,
                "a native function double (double, void *) takes one coordinate and no args, "
                "but %u coordinates and %u args are given",
                self->base.n_dim, self->n_args);
            return -1;
        }
        self->base.eval = eval_scalar_user_data;
        return 0;
    case FORM_VECTOR:
    case FORM_VECTOR_USER_DATA:
        if (total > MAX_NATIVE_ARGS) {
            PyErr_Format(PyExc_ValueError,
                         "a native function takes at most %d coordinates and args, not %u",
                         MAX_NATIVE_ARGS, total);
            return -1;
        }
        self->has_user_data = form == FORM_VECTOR_USER_DATA;
        self->base.eval = eval_vector;
        return 0;
    default:
        PyErr_Format(PyExc_ValueError, "unknown form %d of a native function", form);
        return -1;
    }
}

/* ---- Python callables, called on the calling thread under the GIL ---- */

/* One output value; -1 with TypeError set when `value` is no float. */
static int store_float(PyObject *value, double *target)
{
    *target = PyFloat_AsDouble(value);
    if (*target != -1 || !PyErr_Occurred()) {
        return 0;
    }
    if (PyErr_ExceptionMatches(PyExc_TypeError)) {
        PyErr_Clear();
        PyErr_Format(PyExc_TypeError, "the integrand must return a float, not %.200s",
                     Py_TYPE(value)->tp_name);
    }
    return -1;
}

static int store_complex(PyObject *value, double *const *y, size_t i)
{
    Py_complex z = PyComplex_AsCComplex(value);
    if (z.real == -1 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Clear();
            PyErr_Format(PyExc_TypeError, "the integrand must return a complex number, not %.200s",
                         Py_TYPE(value)->tp_name);
        }
        return -1;
    }
    y[0][i] = z.real;
    y[1][i] = z.imag;
    return 0;
}

/* The items of what an integrand returned, as a tuple of our own: to convert one runs Python code,
 * which could change a list under our hands. */
static PyObject *items_of(PyObject *value, const char *wanted)
{
    PyObject *items = PySequence_Fast(value, wanted);
    if (items != NULL && !PyTuple_CheckExact(items)) {
        Py_SETREF(items, PySequence_Tuple(items));
    }
    return items;
}

static int store_result(const BoundIntegrand *self, PyObject *value, double *const *y, size_t i)
{
    unsigned n_out = self->base.n_out;
    if (self->flags & FC_INTEGRAND_COMPLEX) {
        return store_complex(value, y, i);
    }
    if (n_out == 1) {
        return store_float(value, &y[0][i]);
    }
    PyObject *items = items_of(value, "the integrand must return a sequence of floats");
    if (items == NULL) {
        return -1;
    }
    int result = -1;
    if (PyTuple_GET_SIZE(items) != (Py_ssize_t)n_out) {
        PyErr_Format(PyExc_ValueError, "the integrand returned %zd values here, %u elsewhere",
                     PyTuple_GET_SIZE(items), n_out);
    } else {
        result = 0;
        for (unsigned o = 0; o < n_out && result == 0; o++) {
            result = store_float(PyTuple_GET_ITEM(items, o), &y[o][i]);
        }
    }
    Py_DECREF(items);
    return result;
}

/* A new tuple of the coordinates of point i. */
static PyObject *point_tuple(unsigned n_dim, const double *const *x, size_t i)
{
    PyObject *point = PyTuple_New(n_dim);
    for (unsigned d = 0; point != NULL && d < n_dim; d++) {
        PyObject *value = PyFloat_FromDouble(x[d][i]);
        if (value == NULL) {
            Py_CLEAR(point);
        } else {
            PyTuple_SET_ITEM(point, d, value);
        }
    }
    return point;
}

/* stack[0] is kept free for the callee (PY_VECTORCALL_ARGUMENTS_OFFSET). */
static int call_point(BoundIntegrand *self, PyObject **stack, const double *const *x,
                      double *const *y, size_t i)
{
    unsigned n_dim = self->base.n_dim, n_own = self->flags & FC_INTEGRAND_POINT ? 1 : n_dim,
             made = 0;
    PyObject *value = NULL;
    for (; made < n_own; made++) {
        PyObject *argument = self->flags & FC_INTEGRAND_POINT ? point_tuple(n_dim, x, i)
                                                              : PyFloat_FromDouble(x[made][i]);
        if (argument == NULL) {
            break;
        }
        stack[1 + made] = argument;
    }
    if (made == n_own) {
        size_t count = n_own + (size_t)PyTuple_GET_SIZE(self->args);
        value = PyObject_Vectorcall(self->object, stack + 1, count | PY_VECTORCALL_ARGUMENTS_OFFSET,
                                    NULL);
    }
    for (unsigned d = 0; d < made; d++) {
        Py_DECREF(stack[1 + d]);
    }
    if (value == NULL) {
        return -1;
    }
    int result = store_result(self, value, y, i);
    Py_DECREF(value);
    return result;
}

static fc_status call_points(BoundIntegrand *self, size_t n, const double *const *x,
                             double *const *y)
{
    Py_ssize_t n_args = PyTuple_GET_SIZE(self->args);
    PyObject *few[16], **stack = few;
    size_t needed = 1 + self->base.n_dim + (size_t)n_args;
    if (needed > 16) {
        stack = fc_malloc(needed, sizeof *stack);
        if (stack == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    unsigned n_own = self->flags & FC_INTEGRAND_POINT ? 1 : self->base.n_dim;
    for (Py_ssize_t j = 0; j < n_args; j++) {
        stack[1 + n_own + j] = PyTuple_GET_ITEM(self->args, j);
    }
    const fc_cancel *cancel = self->native->run.cancel;
    fc_status status = FC_OK;
    for (size_t i = 0; i < n && status == FC_OK; i++) {
        if (call_point(self, stack, x, y, i) < 0) {
            status = FC_ERR_CALLBACK;
        } else if (i % 16 == 15 && cancel->deadline_ns != 0 && fc_now_ns() > cancel->deadline_ns) {
            status = FC_ERR_DEADLINE; /* user code may be slow: a whole block could take minutes */
        } else if (fc_cancel_requested(cancel)) {
            status = FC_ERR_CANCELLED;
        }
    }
    if (stack != few) {
        fc_free(stack);
    }
    return status;
}

/* The GIL was released by fc_native_begin; a serial integrand runs on that very thread. */
static fc_status eval_python(void *context, unsigned Py_UNUSED(worker), size_t n,
                             const double *const *x, double *const *y)
{
    BoundIntegrand *self = context;
    PyEval_RestoreThread(self->native->thread);
    fc_status status = call_points(self, n, x, y);
    self->native->thread = PyEval_SaveThread();
    return status;
}

/* ---- vectorised NumPy functions ---- */

/* A new float64 array with a copy of `n_rows` arrays of n: the function may keep or change what it
 * is given. */
static PyObject *array_of(BoundIntegrand *self, const double *const *rows, unsigned n_rows,
                          size_t n)
{
    PyObject *bytes =
        PyByteArray_FromStringAndSize(NULL, (Py_ssize_t)(n_rows * n * sizeof(double)));
    if (bytes == NULL) {
        return NULL;
    }
    for (unsigned d = 0; d < n_rows; d++) {
        memcpy(PyByteArray_AS_STRING(bytes) + d * n * sizeof(double), rows[d], n * sizeof(double));
    }
    PyObject *array = PyObject_CallFunctionObjArgs(self->frombuffer, bytes, NULL);
    Py_DECREF(bytes);
    return array;
}

/* Whether `value` is an array of complex numbers, whose imaginary parts a conversion would drop. */
static bool is_complex_array(PyObject *value)
{
    PyObject *dtype = PyObject_GetAttrString(value, "dtype"), *kind = NULL;
    if (dtype != NULL) {
        kind = PyObject_GetAttrString(dtype, "kind");
    }
    bool is =
        kind != NULL && PyUnicode_Check(kind) && PyUnicode_CompareWithASCIIString(kind, "c") == 0;
    Py_XDECREF(kind);
    Py_XDECREF(dtype);
    PyErr_Clear(); /* not an array at all */
    return is;
}

/* Copies `value` (an array of n, or one number) to n_parts targets: 1 for floats, 2 for complex
 * numbers. */
static int store_array(BoundIntegrand *self, PyObject *value, size_t n, double *const *targets,
                       unsigned n_parts)
{
    if (n_parts == 1 && is_complex_array(value)) {
        PyErr_SetString(PyExc_TypeError,
                        "the vectorized integrand returned complex numbers where floats are "
                        "wanted: integrate both parts, or give quad complex_func=True");
        return -1;
    }
    PyObject *array =
        PyObject_CallFunction(self->asarray, "Os", value, n_parts == 2 ? "complex128" : "float64");
    if (array == NULL) {
        return -1;
    }
    Py_buffer view;
    if (PyObject_GetBuffer(array, &view, PyBUF_ND | PyBUF_STRIDES) < 0) {
        Py_DECREF(array);
        return -1;
    }
    size_t length = view.ndim == 1 ? (size_t)view.shape[0] : 1;
    bool one = (size_t)view.len == n_parts * sizeof(double);
    int result = -1;
    if (!one && (view.ndim != 1 || length != n)) {
        PyErr_Format(
            PyExc_ValueError,
            "the vectorized integrand was given %zu points and must return as many values, "
            "not an array of %zd dimensions with %zd values",
            n, (Py_ssize_t)view.ndim, view.len / (Py_ssize_t)(n_parts * sizeof(double)));
    } else {
        Py_ssize_t stride = one ? 0 : view.strides[0];
        for (unsigned p = 0; p < n_parts; p++) {
            const char *source = (const char *)view.buf + p * sizeof(double);
            for (size_t i = 0; i < n; i++) {
                memcpy(&targets[p][i], source + (Py_ssize_t)i * stride, sizeof(double));
            }
        }
        result = 0;
    }
    PyBuffer_Release(&view);
    Py_DECREF(array);
    return result;
}

static int store_arrays(BoundIntegrand *self, PyObject *value, size_t n, double *const *y)
{
    unsigned n_out = self->base.n_out;
    if (self->flags & FC_INTEGRAND_COMPLEX) {
        return store_array(self, value, n, y, 2);
    }
    if (n_out == 1) {
        return store_array(self, value, n, y, 1);
    }
    PyObject *items = items_of(value, "the vectorized integrand must return one array per value");
    if (items == NULL) {
        return -1;
    }
    int result = 0;
    if (PyTuple_GET_SIZE(items) != (Py_ssize_t)n_out) {
        PyErr_Format(PyExc_ValueError, "the vectorized integrand must return %u arrays, not %zd",
                     n_out, PyTuple_GET_SIZE(items));
        result = -1;
    }
    for (unsigned o = 0; o < n_out && result == 0; o++) {
        result = store_array(self, PyTuple_GET_ITEM(items, o), n, &y[o], 1);
    }
    Py_DECREF(items);
    return result;
}

/* The new tuple of arguments for a block of n points. */
static PyObject *block_arguments(BoundIntegrand *self, size_t n, const double *const *x)
{
    unsigned n_dim = self->base.n_dim, n_own = self->flags & FC_INTEGRAND_POINT ? 1 : n_dim;
    Py_ssize_t n_args = PyTuple_GET_SIZE(self->args);
    PyObject *arguments = PyTuple_New(n_own + n_args);
    for (unsigned d = 0; arguments != NULL && d < n_own; d++) {
        PyObject *array = array_of(self, &x[d], self->flags & FC_INTEGRAND_POINT ? n_dim : 1, n);
        if (array != NULL && (self->flags & FC_INTEGRAND_POINT)) {
            Py_SETREF(array, PyObject_CallMethod(array, "reshape", "nn", (Py_ssize_t)n_dim,
                                                 (Py_ssize_t)n));
        }
        if (array == NULL) {
            Py_CLEAR(arguments);
        } else {
            PyTuple_SET_ITEM(arguments, d, array);
        }
    }
    for (Py_ssize_t j = 0; arguments != NULL && j < n_args; j++) {
        PyTuple_SET_ITEM(arguments, n_own + j, Py_NewRef(PyTuple_GET_ITEM(self->args, j)));
    }
    return arguments;
}

static fc_status eval_vectorized(void *context, unsigned Py_UNUSED(worker), size_t n,
                                 const double *const *x, double *const *y)
{
    BoundIntegrand *self = context;
    fc_status status = FC_ERR_CALLBACK;
    PyEval_RestoreThread(self->native->thread);
    PyObject *arguments = block_arguments(self, n, x);
    PyObject *value = arguments != NULL ? PyObject_CallObject(self->object, arguments) : NULL;
    if (value != NULL && store_arrays(self, value, n, y) == 0) {
        status = FC_OK;
    }
    Py_XDECREF(value);
    Py_XDECREF(arguments);
    self->native->thread = PyEval_SaveThread();
    return status;
}

static int bind_callable(BoundIntegrand *self)
{
    if (!PyCallable_Check(self->object)) {
        PyErr_Format(PyExc_TypeError, "f must be callable, not %.200s",
                     Py_TYPE(self->object)->tp_name);
        return -1;
    }
    self->base.serial = true;
    if (!(self->flags & FC_INTEGRAND_VECTORIZED)) {
        self->base.eval = eval_python;
        return 0;
    }
    self->base.eval = eval_vectorized;
    PyObject *numpy = PyImport_ImportModule("numpy");
    if (numpy == NULL) {
        return -1;
    }
    self->asarray = PyObject_GetAttrString(numpy, "asarray");
    self->frombuffer = PyObject_GetAttrString(numpy, "frombuffer");
    Py_DECREF(numpy);
    return self->asarray != NULL && self->frombuffer != NULL ? 0 : -1;
}

/* ---- compiled programs ---- */

static int bind_program(BoundIntegrand *self, fc_program *program)
{
    unsigned n_inputs = fc_program_n_inputs(program), n_outputs = fc_program_n_outputs(program);
    if (n_inputs != self->base.n_dim || n_outputs != self->base.n_out ||
        fc_program_n_tables(program) != 0 || PyTuple_GET_SIZE(self->args) != 0) {
        PyErr_Format(
            PyExc_TypeError,
            "the program has %u inputs and %u outputs, but %u coordinates and %u values are wanted",
            n_inputs, n_outputs, self->base.n_dim, self->base.n_out);
        return -1;
    }
    fc_status status = fc_integrand_vm_init(&self->vm, program, n_inputs, NULL, NULL);
    if (status != FC_OK) {
        fc_raise(status, "program");
        return -1;
    }
    self->base = self->vm.base;
    return 0;
}

/* ---- public ---- */

int integrand_bind(BoundIntegrand *self, fc_state *state, PyObject *object, PyObject *args,
                   unsigned n_dim, unsigned n_out, int flags)
{
    *self = (BoundIntegrand){.base = {.n_dim = n_dim, .n_out = n_out}, .flags = flags};
    self->base.context = self;
    self->object = Py_NewRef(object);
    if (args == NULL || args == Py_None) {
        self->args = PyTuple_New(0);
    } else if (PyTuple_Check(args)) {
        self->args = Py_NewRef(args);
    } else {
        PyErr_Format(PyExc_TypeError, "args must be a tuple, not %.200s", Py_TYPE(args)->tp_name);
    }
    int result = -1;
    if (self->args == NULL) {
        /* the exception is set */
    } else if (state->program_type != NULL &&
               PyObject_TypeCheck(object, (PyTypeObject *)state->program_type)) {
        result = bind_program(self, fc_program_of(state, object));
    } else if (PyTuple_CheckExact(object)) {
        result = bind_native(self);
    } else {
        result = bind_callable(self);
    }
    if (result < 0) {
        integrand_release(self);
    }
    return result;
}

void integrand_set_native(BoundIntegrand *self, fc_native *native)
{
    self->native = native;
    self->vm.cancel = &native->cancel;
}

void integrand_release(BoundIntegrand *self)
{
    if (self->vm.program != NULL) {
        fc_integrand_vm_clear(&self->vm);
    }
    Py_CLEAR(self->object);
    Py_CLEAR(self->args);
    Py_CLEAR(self->asarray);
    Py_CLEAR(self->frombuffer);
    fc_free(self->arg_values);
    self->arg_values = NULL;
}

PyObject *integrand_value(const double *values, unsigned n_out, int flags)
{
    if (flags & FC_INTEGRAND_COMPLEX) {
        return PyComplex_FromDoubles(values[0], values[1]);
    }
    if (n_out == 1) {
        return PyFloat_FromDouble(values[0]);
    }
    PyObject *tuple = PyTuple_New(n_out);
    for (unsigned o = 0; tuple != NULL && o < n_out; o++) {
        PyObject *value = PyFloat_FromDouble(values[o]);
        if (value == NULL) {
            Py_CLEAR(tuple);
        } else {
            PyTuple_SET_ITEM(tuple, o, value);
        }
    }
    return tuple;
}
