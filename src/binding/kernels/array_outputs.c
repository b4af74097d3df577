/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Outputs of elementwise calls: arrays made or given, their shape, and inputs that they would
 * overwrite; contract in array_args.h. */
#include "array_args_impl.h"

static PyObject *common_shape(const fc_array_args *call)
{
    Py_ssize_t lengths[FC_MAP_MAX_DIMS];
    for (unsigned axis = 0; axis < call->n_dim; axis++) {
        lengths[axis] = (Py_ssize_t)call->shape[axis];
    }
    return fc_shape_tuple(call->n_dim, lengths);
}

static PyObject *new_array(fc_array_args *call, fc_state *state, unsigned type)
{
    if (fc_state_kept(&state->numpy_dtypes) == NULL) {
        PyObject *numpy = PyImport_ImportModule("numpy");
        if (numpy == NULL) {
            return NULL;
        }
        PyObject *dtypes = PyTuple_New(4);
        for (int i = 0; dtypes != NULL && i < 4; i++) {
            PyObject *dtype = PyObject_CallMethod(numpy, "dtype", "s", fc_type_names[i]);
            if (dtype == NULL) {
                Py_CLEAR(dtypes);
            } else {
                PyTuple_SET_ITEM(dtypes, i, dtype);
            }
        }
        PyObject *empty = dtypes != NULL ? PyObject_GetAttrString(numpy, "empty") : NULL;
        PyObject *ndarray = empty != NULL ? PyObject_GetAttrString(numpy, "ndarray") : NULL;
        Py_DECREF(numpy);
        if (ndarray == NULL) {
            Py_XDECREF(empty);
            Py_XDECREF(dtypes);
            return NULL;
        }
        (void)fc_state_keep(&state->numpy_ndarray, ndarray);
        (void)fc_state_keep(&state->numpy_empty, empty);
        (void)fc_state_keep(&state->numpy_dtypes, dtypes); // last: who sees it sees the others
    }
    PyObject *shape;
    if (call->n_dim == 1) {
        shape = PyLong_FromSize_t(call->shape[0]);
    } else {
        shape = common_shape(call);
    }
    if (shape == NULL) {
        return NULL;
    }
    PyObject *args[3] = {NULL, shape, PyTuple_GET_ITEM(state->numpy_dtypes, type)};
    PyObject *array =
        PyObject_Vectorcall(state->numpy_empty, args + 1, 2 | PY_VECTORCALL_ARGUMENTS_OFFSET, NULL);
    Py_DECREF(shape);
    return array;
}

static int take_output(fc_array_args *call, fc_state *state, PyObject *object, unsigned o)
{
    const fc_program *p = call->program;
    const unsigned type = p->regs[p->outputs[o]].type;
    Py_buffer *view = &call->views[p->n_inputs + o];
    fc_dtype dtype;
    bool ours = object == NULL;
    if (ours) {
        if (call->all_numbers) {
            fc_scalar_output(&call->scalars[o], type, &call->outputs[o]);
            return 0;
        }
        object = new_array(call, state, type);
        if (object == NULL) {
            return -1;
        }
        call->kept[o] = object;
    } else {
        call->kept[o] = Py_NewRef(object);
    }
    if (fc_array_take_view(object, view, &dtype, PyBUF_WRITABLE, "output", o) < 0) {
        return -1;
    }
    if (p->handlers->store[type][dtype] == NULL) {
        PyErr_Format(PyExc_TypeError, "output %u: elements are %s where the program gives %s",
                     o + 1, fc_dtype_names[dtype], fc_type_names[type]);
        return -1;
    }
    call->outputs[o].base = (fc_operand){.kind = FC_ARRAY, .dtype = dtype, .data = view->buf};
    return 0;
}

/* The outputs decide the shape; the inputs must broadcast to it. */
static int check_output_shape(fc_array_args *call, unsigned o)
{
    const Py_buffer *view = &call->views[call->program->n_inputs + o];
    bool same = (unsigned)view->ndim == call->n_dim;
    for (unsigned axis = 0; same && axis < call->n_dim; axis++) {
        same = (size_t)view->shape[axis] == call->shape[axis];
    }
    for (int axis = 0; axis < view->ndim; axis++) {
        if (view->shape[axis] > 1 && view->strides[axis] == 0) {
            PyErr_Format(PyExc_ValueError, "output %u has elements that share memory", o + 1);
            return -1;
        }
    }
    if (same) {
        return 0;
    }
    bool wider = o == 0 && (unsigned)view->ndim >= call->n_dim && view->ndim <= FC_MAP_MAX_DIMS;
    unsigned missing = (unsigned)view->ndim - call->n_dim;
    for (unsigned axis = 0; wider && axis < call->n_dim; axis++) {
        wider = call->shape[axis] == 1 || call->shape[axis] == (size_t)view->shape[axis + missing];
    }
    if (!wider) {
        PyObject *wanted = common_shape(call);
        PyObject *given = fc_shape_tuple((unsigned)view->ndim, view->shape);
        if (wanted != NULL && given != NULL) {
            PyErr_Format(PyExc_ValueError,
                         "output %u does not have the shape that the arguments broadcast to: "
                         "%R, not %R",
                         o + 1, given, wanted);
        }
        Py_XDECREF(wanted);
        Py_XDECREF(given);
        return -1;
    }
    call->n_dim = (unsigned)view->ndim;
    for (unsigned axis = 0; axis < call->n_dim; axis++) {
        call->shape[axis] = (size_t)view->shape[axis];
    }
    return fc_array_count_elements(call);
}

static void view_extent(const Py_buffer *view, uintptr_t *low, uintptr_t *high)
{
    *low = *high = (uintptr_t)view->buf;
    for (int axis = 0; axis < view->ndim; axis++) {
        if (view->shape[axis] == 0) {
            *high = *low;
            return;
        }
        ptrdiff_t reach = (view->shape[axis] - 1) * view->strides[axis];
        *(reach < 0 ? low : high) += (uintptr_t)reach;
    }
    *high += (uintptr_t)view->itemsize;
}

static bool views_overlap(const Py_buffer *a, const Py_buffer *b)
{
    uintptr_t a_low, a_high, b_low, b_high;
    view_extent(a, &a_low, &a_high);
    view_extent(b, &b_low, &b_high);
    return a_low < b_high && b_low < a_high;
}

static bool same_elements(const fc_array_args *call, unsigned i, unsigned j)
{
    const fc_map_operand *a = &call->inputs[i], *b = &call->inputs[j];
    if (a->base.data != b->base.data || call->views[i].itemsize != call->views[j].itemsize) {
        return false;
    }
    for (unsigned axis = 0; axis < call->n_dim; axis++) {
        if (call->shape[axis] > 1 && a->strides[axis] != b->strides[axis]) {
            return false;
        }
    }
    return true;
}

/* Inputs that an output would overwrite before they are read are copied; outputs must not overlap
 * each other. */
static int resolve_overlaps(fc_array_args *call)
{
    const unsigned n_inputs = call->program->n_inputs;
    for (unsigned o = n_inputs; o < call->n_operands; o++) {
        const Py_buffer *out = &call->views[o];
        if (out->obj == NULL) {
            continue;
        }
        for (unsigned other = n_inputs; other < o + call->n_tables; other++) {
            unsigned at = other < o ? other : call->n_operands + (other - o);
            if (call->views[at].obj != NULL && views_overlap(&call->views[at], out)) {
                PyErr_Format(PyExc_ValueError, "output %u overlaps %s", o - n_inputs + 1,
                             other < o ? "another output" : "a table");
                return -1;
            }
        }
        for (unsigned i = 0; i < n_inputs; i++) {
            Py_buffer *in = &call->views[i];
            if (!fc_array_is_array(call, i) || call->copies[i] != NULL || !views_overlap(in, out) ||
                same_elements(call, i, o)) {
                continue;
            }
            call->copies[i] = PyMem_Malloc((size_t)(in->len > 0 ? in->len : 1));
            if (call->copies[i] == NULL) {
                PyErr_NoMemory();
                return -1;
            }
            if (PyBuffer_ToContiguous(call->copies[i], in, in->len, 'C') < 0) {
                return -1;
            }
            call->inputs[i].base.data = call->copies[i];
            ptrdiff_t stride = in->itemsize;
            ptrdiff_t *strides =
                call->strides + (size_t)i * call->n_dim + (call->n_dim - (unsigned)in->ndim);
            for (int axis = in->ndim - 1; axis >= 0; axis--) {
                strides[axis] = in->shape[axis] == 1 ? 0 : stride;
                stride *= in->shape[axis];
            }
        }
    }
    return 0;
}

int fc_array_args_outputs(fc_array_args *call, fc_state *state, PyObject *outputs)
{
    const fc_program *p = call->program;
    const unsigned n = p->n_outputs;
    bool none = outputs == NULL || outputs == Py_None;
    if (!none && (!PyTuple_Check(outputs) || PyTuple_GET_SIZE(outputs) != (Py_ssize_t)n)) {
        PyErr_Format(PyExc_TypeError, "outputs must be None or a tuple of %u", n);
        return -1;
    }
    call->n_kept = n;
    bool given = false;
    for (unsigned pass = 0; pass < 2; pass++) { /* those given first: they decide the shape */
        for (unsigned o = 0; o < n; o++) {
            PyObject *object = none ? NULL : PyTuple_GET_ITEM(outputs, o);
            object = object == Py_None ? NULL : object;
            if ((object == NULL) == (pass == 0)) {
                continue;
            }
            if (take_output(call, state, object, o) < 0) {
                return -1;
            }
            if (object != NULL) {
                given = true;
                call->all_numbers = false;
                if (check_output_shape(call, o) < 0) {
                    return -1;
                }
            }
        }
    }
    if (fc_array_args_strides(call) < 0) {
        return -1;
    }
    return given ? resolve_overlaps(call) : 0;
}
