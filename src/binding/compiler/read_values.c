/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Values in a reader of code objects: the stack, operations on floats, what is outside of the
 * function, and calls of known functions. Contract in read_code.h; the rules are arith.py's. */
#include "read_code.h"

#include <string.h>

bool read_is_float(const reader *r, PyObject *object)
{
    return object != NULL && is_val(r->state, object) &&
           ((ValObject *)object)->type == ir_name(r->state, IR_D);
}

bool read_is_number(PyObject *object)
{
    return object != NULL &&
           (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object));
}

/* ---- the stack ---- */

/* Steals object, which is NULL where making it failed. */
bool read_push(reader *r, PyObject *object, bool looped)
{
    if (object == NULL || r->n_items == READ_MAX_ITEMS) {
        Py_XDECREF(object);
        return false;
    }
    r->items[r->n_items++] = (item){object, looped, 0};
    return true;
}

bool read_push_null(reader *r)
{
    if (r->n_items == READ_MAX_ITEMS) {
        return false;
    }
    r->items[r->n_items++] = (item){0};
    return true;
}

void read_drop_to(reader *r, int n)
{
    while (r->n_items > n) {
        r->n_items--;
        Py_CLEAR(r->items[r->n_items].object);
    }
}

bool read_push_copy(reader *r, const item *from)
{
    return from->object != NULL && read_push(r, Py_NewRef(from->object), from->looped);
}

/* The top goes to `to`. */
void read_pop_to(reader *r, item *to)
{
    if (to->object == NULL) {
        to->order = ++r->n_orders;
    }
    r->n_items--;
    Py_XSETREF(to->object, r->items[r->n_items].object);
    to->looped = r->items[r->n_items].looped;
}

/* ---- operations ---- */

PyObject *read_emit_1(reader *r, PyObject *op, PyObject *x)
{
    PyObject *args = PyTuple_Pack(1, x), *val = NULL;
    if (args != NULL) {
        val = ir_emit(r->b, r->state, op, ir_name(r->state, IR_D), args, 0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

PyObject *read_emit_2(reader *r, PyObject *op, PyObject *x, PyObject *y)
{
    PyObject *args = PyTuple_Pack(2, x, y), *val = NULL;
    if (args != NULL) {
        val = ir_emit(r->b, r->state, op, ir_name(r->state, IR_D), args, 0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

PyObject *read_constant(reader *r, double number)
{
    PyObject *value = PyFloat_FromDouble(number), *val = NULL;
    if (value != NULL) {
        val = ir_const(r->b, r->state, value, ir_name(r->state, IR_D));
        Py_DECREF(value);
    }
    return val;
}

PyObject *read_float_of_bool(reader *r, PyObject *val)
{
    fc_state *state = r->state;
    PyObject *args = PyTuple_Pack(1, val), *whole = NULL, *result = NULL;
    if (((ValObject *)val)->type == ir_name(state, IR_B) && args != NULL) {
        whole =
            ir_emit(r->b, state, ir_name(state, IR_I_B), ir_name(state, IR_I), args, 0, Py_None);
        result = whole != NULL ? read_emit_1(r, ir_name(state, IR_D_I), whole) : NULL;
    }
    Py_XDECREF(whole);
    Py_XDECREF(args);
    return result;
}

/* base ** 0.5, as Arithmetic.power_const has it */
static PyObject *emit_root(reader *r, PyObject *base)
{
    fc_state *state = r->state;
    PyObject *zero = read_constant(r, 0.0), *low = read_constant(r, -Py_HUGE_VAL),
             *high = read_constant(r, Py_HUGE_VAL), *sum = NULL, *root = NULL, *result = NULL;
    if (zero != NULL && low != NULL && high != NULL) {
        sum = read_emit_2(r, ir_name(state, IR_ADD), base, zero);
        root = sum != NULL ? read_emit_1(r, ir_name(state, IR_SQRT), sum) : NULL;
    }
    PyObject *infinite = root != NULL ? ir_binary(r->b, state, "==", base, low) : NULL;
    PyObject *args = infinite != NULL ? PyTuple_Pack(3, high, root, infinite) : NULL;
    if (args != NULL) {
        result =
            ir_emit(r->b, state, ir_name(state, IR_SELECT), ir_name(state, IR_D), args, 0, Py_None);
    }
    Py_XDECREF(args);
    Py_XDECREF(infinite);
    Py_XDECREF(root);
    Py_XDECREF(sum);
    Py_XDECREF(high);
    Py_XDECREF(low);
    Py_XDECREF(zero);
    return result;
}

/* Arithmetic.power of floats, beyond what ir_binary knows */
static PyObject *power(reader *r, PyObject *base, PyObject *exponent)
{
    const ValObject *val = (const ValObject *)exponent;
    if (val->op == ir_name(r->state, IR_CONST)) {
        const double number = PyFloat_AS_DOUBLE(val->payload);
        if (number == 0) {
            return PyFloat_FromDouble(1.0);
        }
        if (number == 1) {
            return Py_NewRef(base);
        }
        if (number == 0.5) {
            return emit_root(r, base);
        }
        if (number == -1) {
            PyObject *one = read_constant(r, 1.0);
            PyObject *result =
                one != NULL ? read_emit_2(r, ir_name(r->state, IR_DIV), one, base) : NULL;
            Py_XDECREF(one);
            return result;
        }
    }
    return read_emit_2(r, ir_name(r->state, IR_POW), base, exponent);
}

/* Arithmetic.as_float. */
static PyObject *as_float(reader *r, PyObject *object)
{
    if (PyBool_Check(object)) {
        return read_constant(r, object == Py_True);
    }
    if (!is_val(r->state, object) || read_is_float(r, object)) {
        return ir_float(r->b, r->state, object);
    }
    return read_float_of_bool(r, object);
}

/* x op y where both are floats at run time, or numbers that become such. */
static PyObject *binary_of_floats(reader *r, const char *op, PyObject *x, PyObject *y)
{
    const bool compares = strchr("<>=!", op[0]) != NULL;
    if (!compares && !read_is_float(r, x) && !read_is_float(r, y) && !PyFloat_CheckExact(x) &&
        !PyFloat_CheckExact(y)) {
        return NULL; /* ints and bools: an int */
    }
    PyObject *p = compares ? ir_float(r->b, r->state, x) : as_float(r, x), *result = NULL;
    PyObject *q = p == NULL ? NULL : compares ? ir_float(r->b, r->state, y) : as_float(r, y);
    if (q != NULL) {
        if (strcmp(op, "**") == 0) {
            result = ir_binary(r->b, r->state, op, p, q);
            if (result == Py_None) {
                Py_DECREF(result);
                result = power(r, p, q);
            }
        } else if (strcmp(op, "//") == 0 || op[0] == '%') {
            result = read_emit_2(r, ir_name(r->state, op[0] == '%' ? IR_MOD : IR_FLOORDIV), p, q);
        } else if (strchr("+-*/<>=!", op[0]) != NULL && strcmp(op, "<<") != 0 &&
                   strcmp(op, ">>") != 0) {
            result = ir_binary(r->b, r->state, op, p, q);
        }
    }
    Py_XDECREF(p);
    Py_XDECREF(q);
    return result;
}

/* Python's own answer. */
static PyObject *fold(const char *op, const item *x, const item *y)
{
    static const char *const comparisons[] = {"<", "<=", "==", "!=", ">", ">="}; /* Py_LT ... */
    PyObject *a = x->object, *b = y->object;
    for (int i = 0; i < 6; i++) {
        if (strcmp(op, comparisons[i]) == 0) {
            return PyObject_RichCompare(a, b, i);
        }
    }
    if (strcmp(op, "//") == 0) {
        return PyNumber_FloorDivide(a, b);
    }
    if (strcmp(op, "**") == 0) {
        const bool whole = !PyFloat_CheckExact(a) && !PyFloat_CheckExact(b);
        const long most = whole ? PyLong_AsLong(b) : 0; /* an error is one of ours too */
        if (most > 64 || most < -64 || (!whole && (x->looped || y->looped))) {
            return NULL; /* long; or not to the bit what the loop would compute at run time */
        }
        PyObject *result = PyNumber_Power(a, b, Py_None);
        if (result != NULL && !read_is_number(result)) {
            Py_CLEAR(result); /* complex */
        }
        return result;
    }
    switch (op[1] == 0 ? op[0] : 0) {
    case '+':
        return PyNumber_Add(a, b);
    case '-':
        return PyNumber_Subtract(a, b);
    case '*':
        return PyNumber_Multiply(a, b);
    case '/':
        return PyNumber_TrueDivide(a, b);
    case '%':
        return PyNumber_Remainder(a, b);
    default:
        return NULL;
    }
}

/* The two upper items become the result. */
bool read_binary(reader *r, PyObject *text)
{
    const char *op = PyUnicode_AsUTF8(text);
    const item *x = &r->items[r->n_items - 2], *y = x + 1;
    const bool looped = x->looped || y->looped;
    PyObject *result = NULL;
    if (op == NULL || x->object == NULL || y->object == NULL) {
        return false;
    }
    if (read_is_number(x->object) && read_is_number(y->object)) {
        result = fold(op, x, y);
    } else if (!(strcmp(op, "**") == 0 && y->looped && !is_val(r->state, y->object))) {
        /* (a power that the loop's turn tells would be rounded in another way) */
        result = binary_of_floats(r, op, x->object, y->object);
    }
    read_drop_to(r, r->n_items - 2);
    return read_push(r, result, looped);
}

bool read_unary(reader *r, PyObject *text)
{
    const item x = r->items[r->n_items - 1];
    const char *op = PyUnicode_AsUTF8(text);
    PyObject *result = NULL;
    if (op == NULL || x.object == NULL) {
        return false;
    }
    if (op[1] != 0) {
        return read_not(r);
    }
    if (read_is_number(x.object)) {
        result = op[0] == '-'   ? PyNumber_Negative(x.object)
                 : op[0] == '+' ? PyNumber_Positive(x.object)
                                : NULL;
    } else if (read_is_float(r, x.object) && op[0] == '-') {
        const ValObject *val = (const ValObject *)x.object;
        result = val->op == ir_name(r->state, IR_NEG)
                     ? Py_NewRef(PyTuple_GET_ITEM(val->args, 0))
                     : read_emit_1(r, ir_name(r->state, IR_NEG), x.object);
    } else if (read_is_float(r, x.object) && op[0] == '+') {
        result = Py_NewRef(x.object);
    }
    read_drop_to(r, r->n_items - 1);
    return read_push(r, result, x.looped);
}

/* ---- what is outside ---- */

bool read_depend(reader *r, const char *kind, PyObject *container, PyObject *name, PyObject *value)
{
    for (Py_ssize_t i = PyList_GET_SIZE(r->deps); i-- > 0;) {
        PyObject *old = PyList_GET_ITEM(r->deps, i);
        if (PyTuple_GET_ITEM(old, 1) == container && PyTuple_GET_ITEM(old, 2) == name &&
            PyTuple_GET_ITEM(old, 3) == value) {
            return true;
        }
    }
    PyObject *word = PyUnicode_InternFromString(kind);
    PyObject *made = word != NULL ? PyTuple_Pack(4, word, container, name, value) : NULL;
    int done = made != NULL ? PyList_Append(r->deps, made) : -1;
    Py_XDECREF(word);
    Py_XDECREF(made);
    return done == 0;
}

static bool is_known_function(const reader *r, PyObject *value)
{
    const int found = PyDict_Contains(r->simple, value);
    if (found < 0) {
        PyErr_Clear(); /* it has no hash */
    }
    return found > 0;
}

/* Evaluator.admit, of what can be used here; steals value. */
bool read_push_outside(reader *r, PyObject *value)
{
    if (value == NULL) {
        return false;
    }
    if (PyModule_CheckExact(value)) {
        const char *name = PyModule_GetName(value);
        if (name == NULL) {
            PyErr_Clear();
        }
        r->silent = r->silent && name != NULL && strcmp(name, "math") == 0;
    } else if (PyFloat_Check(value) && !PyFloat_CheckExact(value)) { /* NumPy's */
        const double number = PyFloat_AsDouble(value);
        r->silent = false;
        Py_SETREF(value, number == -1 && PyErr_Occurred() ? NULL : PyFloat_FromDouble(number));
    } else if (!read_is_number(value) && !PyFunction_Check(value) && !PyTuple_CheckExact(value)) {
        if (!is_known_function(r, value)) {
            Py_DECREF(value);
            return false;
        }
        r->silent = r->silent && PyCFunction_CheckExact(value);
    }
    return read_push(r, value, false);
}

bool read_global(reader *r, PyObject *globals, PyObject *name)
{
    PyObject *value = fc_dict_get(globals, name);
    if (value != NULL) {
        return read_depend(r, "global", globals, name, value) ? read_push_outside(r, value)
                                                              : (Py_DECREF(value), false);
    }
    value = PyErr_Occurred() ? NULL : fc_dict_get(r->builtins, name);
    return value != NULL && read_depend(r, "global", globals, name, r->missing)
               ? read_push_outside(r, value)
               : (Py_XDECREF(value), false);
}

bool read_cell(reader *r, PyObject *function, Py_ssize_t i)
{
    PyObject *cells = PyFunction_GET_CLOSURE(function);
    if (cells == NULL || i < 0 || i >= PyTuple_GET_SIZE(cells)) {
        return false;
    }
    PyObject *cell = PyTuple_GET_ITEM(cells, i), *value = PyCell_Get(cell);
    return value != NULL && read_depend(r, "cell", cell, Py_None, value)
               ? read_push_outside(r, value)
               : (Py_XDECREF(value), false);
}

bool read_attribute(reader *r, PyObject *name)
{
    PyObject *module = r->items[r->n_items - 1].object;
    if (module == NULL || !PyModule_CheckExact(module)) {
        return false;
    }
    PyObject *value = PyObject_GetAttr(module, name);
    const bool done = value != NULL && read_depend(r, "attribute", module, name, value);
    read_drop_to(r, r->n_items - 1);
    return done ? read_push_outside(r, value) : (Py_XDECREF(value), false);
}

/* ---- calls ---- */

/* A known function of x, or of x and y: `op` of them at run time, else what it gives itself. */
static PyObject *apply(reader *r, PyObject *function, PyObject *op, long folds, const item *x,
                       const item *y)
{
    PyObject *a = x->object, *b = y != NULL ? y->object : NULL;
    if (a == NULL || (y != NULL && b == NULL)) {
        return NULL;
    }
    if (folds != 0 && read_is_number(a) && (y == NULL || read_is_number(b))) {
        if (folds == 1 && (x->looped || (y != NULL && y->looped))) {
            return NULL; /* not to the bit what the loop would compute at run time */
        }
        PyObject *value = PyObject_CallFunctionObjArgs(function, a, b, NULL);
        if (value != NULL && folds == 1) {
            Py_SETREF(value, PyNumber_Float(value));
        }
        return value;
    }
    PyObject *p = ir_float(r->b, r->state, a), *result = NULL;
    if (p != NULL && y == NULL) {
        result = PyUnicode_GET_LENGTH(op) != 0 ? read_emit_1(r, op, p) : Py_NewRef(p);
    } else if (p != NULL) {
        PyObject *q = ir_float(r->b, r->state, b);
        result = q != NULL ? read_emit_2(r, op, p, q) : NULL;
        Py_XDECREF(q);
    }
    Py_XDECREF(p);
    return result;
}

/* The function's value for the n items from `first` on, by what quick.py tells of it. */
bool read_call_known(reader *r, PyObject *function, PyObject *entry, int first, int n)
{
    PyObject *op = PyTuple_GET_ITEM(entry, 0);
    const long arity = PyLong_AsLong(PyTuple_GET_ITEM(entry, 1)),
               folds = PyLong_AsLong(PyTuple_GET_ITEM(entry, 2));
    bool looped = false;
    for (int i = first; i < first + n; i++) {
        looped = looped || r->items[i].looped;
    }
    if (arity == 0) { /* range */
        PyObject *args[3] = {NULL, NULL, NULL};
        for (int i = 0; i < n && i < 3; i++) {
            args[i] = r->items[first + i].object;
            if (args[i] == NULL || !PyLong_CheckExact(args[i])) {
                return false;
            }
        }
        return n >= 1 && n <= 3 &&
               read_push(r, PyObject_CallFunctionObjArgs(function, args[0], args[1], args[2], NULL),
                         looped);
    }
    if (arity < 0 ? n < 2 : n != arity) {
        return false;
    }
    if (PyUnicode_CompareWithASCIIString(op, "**") == 0) {
        return !read_is_number(r->items[first].object) ||
                       !read_is_number(r->items[first + 1].object)
                   ? read_push_copy(r, &r->items[first]) &&
                         read_push_copy(r, &r->items[first + 1]) && read_binary(r, op)
                   : false;
    }
    if (n == 1) {
        return read_push(r, apply(r, function, op, folds, &r->items[first], NULL), looped);
    }
    item result = {Py_XNewRef(r->items[first].object), looped, 0};
    for (int i = 1; i < n && result.object != NULL; i++) {
        Py_SETREF(result.object, apply(r, function, op, folds, &result, &r->items[first + i]));
    }
    return read_push(r, result.object, looped);
}
