/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Arguments of elementwise calls; contract in array_args.h. */
#include "array_args_impl.h"

#include <string.h>

const char *const fc_dtype_names[FC_N_DTYPES] = {
    [FC_F64] = "float64", [FC_F32] = "float32", [FC_I64] = "int64", [FC_I32] = "int32",
    [FC_I16] = "int16",   [FC_I8] = "int8",     [FC_U8] = "uint8",  [FC_U16] = "uint16",
    [FC_U32] = "uint32",  [FC_U64] = "uint64",  [FC_BOOL] = "bool",
};
const char *const fc_type_names[4] = {"float64", "float32", "int64", "bool"};

/* The element type of a buffer, from its format (struct module) and size; -1 for others. */
int fc_dtype_of_view(const Py_buffer *view)
{
    const char *format = view->format != NULL ? view->format : "B";
    const union {
        uint16_t number;
        char first;
    } order = {1};
    if (*format == '@' || *format == '=' || *format == (order.first != 0 ? '<' : '>')) {
        format++;
    }
    if (format[0] == 0 || format[1] != 0) {
        return -1;
    }
    static const fc_dtype of_int[9] = {[1] = FC_I8, [2] = FC_I16, [4] = FC_I32, [8] = FC_I64};
    static const fc_dtype of_unsigned[9] = {[1] = FC_U8, [2] = FC_U16, [4] = FC_U32, [8] = FC_U64};
    Py_ssize_t size = view->itemsize;
    bool whole = size == 1 || size == 2 || size == 4 || size == 8;
    if (strchr("bhilqn", format[0]) != NULL && whole) {
        return (int)of_int[size];
    }
    if (strchr("BHILQN", format[0]) != NULL && whole) {
        return (int)of_unsigned[size];
    }
    switch (format[0]) {
    case '?':
        return FC_BOOL;
    case 'd':
        return FC_F64;
    case 'f':
        return FC_F32;
    default:
        return -1;
    }
}

/* ---- numbers
 * -----------------------------------------------------------------------------------------------
 */

static int int64_of(PyObject *number, int64_t *out, int index)
{
    PyObject *whole = PyNumber_Index(number);
    if (whole == NULL) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Format(PyExc_TypeError, "argument %d must be an int, not %.200s", index + 1,
                         Py_TYPE(number)->tp_name);
        }
        return -1;
    }
    int overflow;
    long long value = PyLong_AsLongLongAndOverflow(whole, &overflow);
    Py_DECREF(whole);
    if (overflow != 0) {
        PyErr_Format(PyExc_OverflowError, "argument %d does not fit in 64 bits", index + 1);
        return -1;
    }
    *out = value;
    return value == -1 && PyErr_Occurred() ? -1 : 0;
}

int fc_scalar_of(PyObject *number, unsigned type, fc_operand *out, int index)
{
    out->kind = FC_SCALAR;
    if (type == FC_TYPE_I) {
        return int64_of(number, &out->scalar.i, index);
    }
    if (type == FC_TYPE_B) {
        int truth = PyObject_IsTrue(number);
        out->scalar.i = truth;
        return truth < 0 ? -1 : 0;
    }
    out->scalar.d = PyFloat_AsDouble(number);
    if (out->scalar.d == -1.0 && PyErr_Occurred()) {
        if (PyErr_ExceptionMatches(PyExc_TypeError)) {
            PyErr_Format(PyExc_TypeError, "argument %d must be a number, not %.200s", index + 1,
                         Py_TYPE(number)->tp_name);
        }
        return -1;
    }
    return 0;
}

void fc_scalar_output(fc_scalar *value, unsigned type, fc_map_operand *out)
{
    static const fc_dtype dtypes[4] = {FC_F64, FC_F32, FC_I64, FC_BOOL};
    out->base = (fc_operand){.kind = FC_ARRAY, .dtype = dtypes[type], .data = value};
    out->strides = NULL;
}

PyObject *fc_scalar_object(const fc_scalar *value, unsigned type)
{
    switch (type) {
    case FC_TYPE_D:
        return PyFloat_FromDouble(value->d);
    case FC_TYPE_F:
        return PyFloat_FromDouble(value->f);
    case FC_TYPE_I:
        return PyLong_FromLongLong(value->i);
    default:
        return PyBool_FromLong(value->b);
    }
}

PyObject *fc_reduced_object(const fc_reduced *value)
{
    if (value->type == FC_TYPE_D) {
        return PyFloat_FromDouble(value->d);
    }
    if (value->type == FC_TYPE_B) {
        return PyBool_FromLong(value->low != 0);
    }
    if (value->high == (value->low > INT64_MAX ? -1 : 0)) {
        return PyLong_FromLongLong((int64_t)value->low);
    }
    /* high * 2^64 + low */
    PyObject *high = PyLong_FromLongLong(value->high),
             *low = PyLong_FromUnsignedLongLong(value->low);
    PyObject *shift = PyLong_FromLong(64), *top = NULL, *sum = NULL;
    if (high != NULL && low != NULL && shift != NULL) {
        top = PyNumber_Lshift(high, shift);
        sum = top != NULL ? PyNumber_Add(top, low) : NULL;
    }
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(shift);
    Py_XDECREF(top);
    return sum;
}

/* ---- inputs
 * ------------------------------------------------------------------------------------------------
 */

static void *room(size_t count, size_t size, void *few, size_t n_few)
{
    if (count <= n_few) {
        memset(few, 0, count * size);
        return few;
    }
    return PyMem_Calloc(count, size);
}

int fc_array_take_view(PyObject *object, Py_buffer *view, fc_dtype *dtype, int flags,
                       const char *role, unsigned index)
{
    if (PyObject_GetBuffer(object, view, PyBUF_STRIDES | PyBUF_FORMAT | flags) < 0) {
        view->obj = NULL;
        return -1;
    }
    int found = fc_dtype_of_view(view);
    if (found < 0) {
        PyErr_Format(PyExc_TypeError, "%s %u: elements of format '%s' are not supported", role,
                     index + 1, view->format != NULL ? view->format : "B");
        return -1;
    }
    *dtype = (fc_dtype)found;
    return 0;
}

/* One element, as the number of a uniform register. */
static int uniform_of(fc_array_args *call, unsigned i, const Py_buffer *view, fc_dtype dtype)
{
    const fc_program *p = call->program;
    const unsigned type = p->regs[p->inputs[i]].type;
    fc_operand *out = &call->inputs[i].base;
    fc_scalar value = {0};
    size_t bad;
    if (view->len != view->itemsize) {
        PyErr_Format(PyExc_TypeError, "argument %u must be a number, not an array of %zd elements",
                     i + 1, view->len / view->itemsize);
        return -1;
    }
    if (p->handlers->load[type][dtype](1, view->buf, 0, &value, &bad) != FC_OK) {
        PyErr_Format(PyExc_OverflowError, "argument %u does not fit in 64 bits", i + 1);
        return -1;
    }
    out->kind = FC_SCALAR;
    if (type == FC_TYPE_D || type == FC_TYPE_F) {
        out->scalar.d = type == FC_TYPE_D ? value.d : value.f;
    } else {
        out->scalar.i = type == FC_TYPE_I ? value.i : value.b;
    }
    return 0;
}

/* Makes the held view of input i its operand. */
static int use_view(fc_array_args *call, unsigned i, fc_dtype dtype)
{
    const fc_program *p = call->program;
    const fc_reg_info *reg = &p->regs[p->inputs[i]];
    fc_operand *out = &call->inputs[i].base;
    const Py_buffer *view = &call->views[i];
    if (p->handlers->load[reg->type][dtype] == NULL) {
        PyErr_Format(PyExc_TypeError, "argument %u: elements are %s where the program takes %s",
                     i + 1, fc_dtype_names[dtype], fc_type_names[reg->type]);
        return -1;
    }
    call->all_numbers = call->all_numbers && view->ndim == 0;
    if (reg->kind == FC_KIND_UNIFORM) {
        return uniform_of(call, i, view, dtype);
    }
    *out = (fc_operand){.kind = FC_ARRAY, .dtype = dtype, .data = view->buf};
    return 0;
}

static int take_input(fc_array_args *call, PyObject *object, unsigned i)
{
    const fc_program *p = call->program;
    const fc_reg_info *reg = &p->regs[p->inputs[i]];
    fc_operand *out = &call->inputs[i].base;
    if (PyFloat_Check(object) || PyLong_Check(object) || !PyObject_CheckBuffer(object)) {
        return fc_scalar_of(object, reg->type, out, (int)i);
    }
    fc_dtype dtype;
    return fc_array_take_view(object, &call->views[i], &dtype, 0, "argument", i) < 0
               ? -1
               : use_view(call, i, dtype);
}

static int take_table(fc_array_args *call, PyObject *object, unsigned i)
{
    Py_buffer *view = &call->views[call->n_operands + i];
    const unsigned type = call->program->table_types[i];
    fc_dtype dtype;
    if (fc_array_take_view(object, view, &dtype, 0, "table", i) < 0) {
        return -1;
    }
    if (view->ndim != 1) {
        PyErr_Format(PyExc_ValueError, "table %u must have one dimension, not %d", i + 1,
                     view->ndim);
        return -1;
    }
    bool is_float = dtype == FC_F64 || dtype == FC_F32;
    if ((type == FC_TYPE_B && dtype != FC_BOOL) || (type == FC_TYPE_I && is_float)) {
        PyErr_Format(PyExc_TypeError, "table %u: elements are %s where the program takes %s", i + 1,
                     fc_dtype_names[dtype], fc_type_names[type]);
        return -1;
    }
    call->tables[i] = (fc_table){.data = view->buf,
                                 .dtype = dtype,
                                 .stride = view->strides[0],
                                 .length = (size_t)view->shape[0]};
    return 0;
}

bool fc_array_is_array(const fc_array_args *call, unsigned i)
{
    return call->views[i].obj != NULL && call->inputs[i].base.kind == FC_ARRAY;
}

PyObject *fc_shape_tuple(unsigned n_dim, const Py_ssize_t *lengths)
{
    PyObject *shape = PyTuple_New(n_dim);
    for (unsigned axis = 0; shape != NULL && axis < n_dim; axis++) {
        PyObject *length = PyLong_FromSsize_t(lengths[axis]);
        if (length == NULL) {
            Py_CLEAR(shape);
        } else {
            PyTuple_SET_ITEM(shape, axis, length);
        }
    }
    return shape;
}

static int shape_error(const fc_array_args *call)
{
    PyObject *text = PyUnicode_FromString("arguments cannot be broadcast together: shapes");
    for (unsigned i = 0; text != NULL && i < call->program->n_inputs; i++) {
        const Py_buffer *view = &call->views[i];
        if (!fc_array_is_array(call, i)) {
            continue;
        }
        PyObject *shape = fc_shape_tuple((unsigned)view->ndim, view->shape), *longer = NULL;
        if (shape != NULL) {
            longer = PyUnicode_FromFormat("%U %R", text, shape);
            Py_DECREF(shape);
        }
        Py_SETREF(text, longer);
    }
    if (text != NULL) {
        PyErr_SetObject(PyExc_ValueError, text);
        Py_DECREF(text);
    }
    return -1;
}

/* The common shape of the input arrays. */
static int find_shape(fc_array_args *call)
{
    call->n_dim = 0;
    for (unsigned i = 0; i < call->program->n_inputs; i++) {
        if (fc_array_is_array(call, i)) {
            unsigned n_dim = (unsigned)call->views[i].ndim;
            if (n_dim > FC_MAP_MAX_DIMS) {
                PyErr_Format(PyExc_ValueError,
                             "argument %u has %u dimensions; at most %d are supported", i + 1,
                             n_dim, FC_MAP_MAX_DIMS);
                return -1;
            }
            call->n_dim = n_dim > call->n_dim ? n_dim : call->n_dim;
        }
    }
    for (unsigned axis = 0; axis < call->n_dim; axis++) {
        call->shape[axis] = 1;
    }
    for (unsigned i = 0; i < call->program->n_inputs; i++) {
        const Py_buffer *view = &call->views[i];
        for (int axis = 0; fc_array_is_array(call, i) && axis < view->ndim; axis++) {
            size_t *common = &call->shape[call->n_dim - (unsigned)view->ndim + (unsigned)axis];
            size_t length = (size_t)view->shape[axis];
            if (length != *common && length != 1 && *common != 1) {
                return shape_error(call);
            }
            *common = *common == 1 ? length : *common;
        }
    }
    return 0;
}

int fc_array_count_elements(fc_array_args *call)
{
    size_t n = 1;
    bool empty = false;
    for (unsigned axis = 0; axis < call->n_dim; axis++) {
        empty = empty || call->shape[axis] == 0;
    }
    for (unsigned axis = 0; axis < call->n_dim && !empty; axis++) {
        if (__builtin_mul_overflow(n, call->shape[axis], &n) || n > PY_SSIZE_T_MAX) {
            PyErr_SetString(PyExc_ValueError, "arguments broadcast to too large a shape");
            return -1;
        }
    }
    call->n = empty ? 0 : n;
    return 0;
}

static int set_up(fc_array_args *call, fc_program *program)
{
    call->program = program;
    call->n_operands = program->n_inputs + program->n_outputs;
    call->n_tables = program->n_tables;
    call->n_kept = 0;
    call->all_numbers = true;
    call->strides = call->few_strides;
    call->views = room((size_t)call->n_operands + call->n_tables, sizeof *call->views,
                       call->few.views, FC_FEW_OPERANDS);
    call->inputs =
        room(call->n_operands, sizeof *call->inputs, call->few.operands, FC_FEW_OPERANDS);
    call->kept = room(program->n_outputs, sizeof *call->kept, call->few.kept, FC_FEW_OPERANDS);
    call->copies = room(program->n_inputs, sizeof *call->copies, call->few.copies, FC_FEW_OPERANDS);
    call->scalars =
        room(program->n_outputs, sizeof *call->scalars, call->few.scalars, FC_FEW_OPERANDS);
    call->tables = call->n_tables != 0 ? PyMem_Calloc(call->n_tables, sizeof *call->tables) : NULL;
    if (call->views == NULL || call->inputs == NULL || call->kept == NULL || call->copies == NULL ||
        call->scalars == NULL || (call->n_tables != 0 && call->tables == NULL)) {
        PyErr_NoMemory();
        return -1;
    }
    call->outputs = call->inputs + program->n_inputs;
    return 0;
}

int fc_array_args_init_views(fc_array_args *call, fc_program *program, PyObject *const *inputs,
                             Py_buffer *views)
{
    int failed = set_up(call, program);
    for (unsigned i = 0; i < program->n_inputs; i++) {
        if (failed) {
            PyBuffer_Release(&views[i]);
        } else if (views[i].obj != NULL) {
            call->views[i] = views[i];
        }
    }
    for (unsigned i = 0; i < program->n_inputs && !failed; i++) {
        failed = call->views[i].obj == NULL
                     ? take_input(call, inputs[i], i)
                     : use_view(call, i, (fc_dtype)fc_dtype_of_view(&call->views[i]));
    }
    return failed || find_shape(call) < 0 || fc_array_count_elements(call) < 0
               ? -1
               : fc_array_args_strides(call);
}

int fc_array_args_init(fc_array_args *call, fc_state *Py_UNUSED(state), fc_program *program,
                       PyObject *inputs, PyObject *tables)
{
    if (set_up(call, program) < 0) {
        return -1;
    }
    if (PyTuple_GET_SIZE(inputs) != (Py_ssize_t)program->n_inputs) {
        PyErr_Format(PyExc_TypeError, "the program takes %u inputs, not %zd", program->n_inputs,
                     PyTuple_GET_SIZE(inputs));
        return -1;
    }
    Py_ssize_t given = tables == NULL || tables == Py_None ? 0 : PySequence_Size(tables);
    if (given != (Py_ssize_t)program->n_tables) {
        if (given >= 0) {
            PyErr_Format(PyExc_TypeError, "the program takes %u tables, not %zd", program->n_tables,
                         given);
        }
        return -1;
    }
    for (unsigned i = 0; i < program->n_inputs; i++) {
        if (take_input(call, PyTuple_GET_ITEM(inputs, i), i) < 0) {
            return -1;
        }
    }
    for (unsigned i = 0; i < program->n_tables; i++) {
        PyObject *table = PySequence_GetItem(tables, i);
        int failed = table == NULL || take_table(call, table, i) < 0;
        Py_XDECREF(table); /* the view keeps it */
        if (failed) {
            return -1;
        }
    }
    if (find_shape(call) < 0 || fc_array_count_elements(call) < 0) {
        return -1;
    }
    return fc_array_args_strides(call);
}

int fc_array_args_strides(fc_array_args *call)
{
    size_t wanted = (size_t)call->n_operands * call->n_dim;
    if (call->strides != call->few_strides) {
        PyMem_Free(call->strides);
        call->strides = call->few_strides;
    }
    if (wanted > FC_FEW_STRIDES) {
        call->strides = PyMem_Malloc(wanted * sizeof *call->strides);
        if (call->strides == NULL) {
            call->strides = call->few_strides;
            PyErr_NoMemory();
            return -1;
        }
    }
    for (unsigned i = 0; i < call->n_operands; i++) {
        const Py_buffer *view = &call->views[i];
        ptrdiff_t *strides = call->strides + (size_t)i * call->n_dim;
        call->inputs[i].strides = strides;
        if (!fc_array_is_array(call, i)) {
            continue;
        }
        unsigned missing = call->n_dim - (unsigned)view->ndim;
        for (unsigned axis = 0; axis < call->n_dim; axis++) {
            bool broadcast = axis < missing || view->shape[axis - missing] == 1;
            strides[axis] = broadcast ? 0 : view->strides[axis - missing];
        }
    }
    return 0;
}

PyObject *fc_array_args_result(fc_array_args *call)
{
    const fc_program *p = call->program;
    PyObject *result = PyTuple_New(p->n_outputs);
    for (unsigned o = 0; result != NULL && o < p->n_outputs; o++) {
        PyObject *item = call->kept[o] != NULL
                             ? Py_NewRef(call->kept[o])
                             : fc_scalar_object(&call->scalars[o], p->regs[p->outputs[o]].type);
        if (item == NULL) {
            Py_CLEAR(result);
        } else {
            PyTuple_SET_ITEM(result, o, item);
        }
    }
    return result;
}

void fc_array_args_clear(fc_array_args *call)
{
    for (unsigned i = 0; call->views != NULL && i < call->n_operands + call->n_tables; i++) {
        if (call->views[i].obj != NULL) {
            PyBuffer_Release(&call->views[i]);
        }
    }
    for (unsigned o = 0; call->kept != NULL && o < call->n_kept; o++) {
        Py_XDECREF(call->kept[o]);
    }
    for (unsigned i = 0; call->copies != NULL && i < call->program->n_inputs; i++) {
        PyMem_Free(call->copies[i]);
    }
    if (call->views != call->few.views) {
        PyMem_Free(call->views);
    }
    if (call->inputs != call->few.operands) {
        PyMem_Free(call->inputs);
    }
    if (call->kept != call->few.kept) {
        PyMem_Free(call->kept);
    }
    if (call->copies != call->few.copies) {
        PyMem_Free(call->copies);
    }
    if (call->scalars != call->few.scalars) {
        PyMem_Free(call->scalars);
    }
    if (call->strides != call->few_strides) {
        PyMem_Free(call->strides);
    }
    PyMem_Free(call->tables);
}
