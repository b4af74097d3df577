/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Numbers in a reader of code objects: types, operators, comparisons, choices. The rules, and the
 * order in which instructions are made, are those of _compile/arith.py; what is not here is left to
 * it. Contract in read_code.h. */
#include "read_code.h"

#include <string.h>

enum { STATUS_OVERFLOW = 9 }; /* of arith.STATUS */

/* ---- instructions ---- */

PyObject *read_keep(reader *r, PyObject *object)
{
    if (object == NULL || PyList_Append(r->kept, object) < 0) {
        Py_XDECREF(object);
        return NULL;
    }
    Py_DECREF(object);
    return object;
}

static PyObject *type_name(const reader *r, char type)
{
    return ir_name(r->state, type == 'D' ? IR_D : type == 'I' ? IR_I : IR_B);
}

PyObject *read_emit(reader *r, const char *op, char type, PyObject *x, PyObject *y, PyObject *z)
{
    PyObject *name = x != NULL ? PyUnicode_InternFromString(op) : NULL, *val = NULL;
    PyObject *args = name == NULL ? NULL
                     : y == NULL  ? PyTuple_Pack(1, x)
                     : z == NULL  ? PyTuple_Pack(2, x, y)
                                  : PyTuple_Pack(3, x, y, z);
    if (args != NULL) {
        PyObject *mask = is_val(r->state, r->mask) ? r->mask : Py_None;
        val = read_keep(r, ir_emit(r->b, r->state, name, type_name(r, type), args, 0, mask));
    }
    Py_XDECREF(args);
    Py_XDECREF(name);
    return val;
}

static PyObject *constant(reader *r, double number)
{
    PyObject *value = read_keep(r, PyFloat_FromDouble(number));
    return value != NULL ? read_keep(r, ir_const(r->b, r->state, value, ir_name(r->state, IR_D)))
                         : NULL;
}

static bool has_op(const reader *r, PyObject *value, const char *op)
{
    return is_val(r->state, value) &&
           PyUnicode_CompareWithASCIIString(((ValObject *)value)->op, op) == 0;
}

static PyObject *first_arg(PyObject *val)
{
    return PyTuple_GET_ITEM(((ValObject *)val)->args, 0);
}

/* ---- types ---- */

bool read_is_number(PyObject *object)
{
    return object != NULL &&
           (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object));
}

char read_type(const reader *r, PyObject *value)
{
    if (value == NULL) {
        return 0;
    }
    if (is_val(r->state, value)) {
        PyObject *type = ((ValObject *)value)->type;
        return type == ir_name(r->state, IR_D)   ? 'D'
               : type == ir_name(r->state, IR_I) ? 'I'
               : type == ir_name(r->state, IR_B) ? 'B'
                                                 : 0;
    }
    return PyFloat_CheckExact(value)  ? 'D'
           : PyBool_Check(value)      ? 'B'
           : PyLong_CheckExact(value) ? 'I'
                                      : 0;
}

static bool is_whole(char type)
{
    return type == 'I' || type == 'B';
}

/* An int of at most 53 bits: a float holds it, and so does the VM. */
static bool is_small(PyObject *value)
{
    int overflow;
    const long long whole = PyLong_AsLongLongAndOverflow(value, &overflow);
    return overflow == 0 && whole <= (1LL << 53) && whole >= -(1LL << 53);
}

/* Of an int at run time that is the int of a float. */
static PyObject *float_of_rounded(reader *r, PyObject *val)
{
    static const char *const whole[] = {"FLOOR_D", "CEIL_D", "TRUNC_D", "RINT_D"};
    PyObject *inner = first_arg(val);
    bool is_rounded = false;
    for (int i = 0; i < 4; i++) {
        is_rounded = is_rounded || has_op(r, inner, whole[i]);
    }
    inner = is_rounded ? inner : read_emit(r, "TRUNC_D", 'D', inner, NULL, NULL);
    PyObject *zero = inner != NULL ? constant(r, 0.0) : NULL;
    return zero != NULL ? read_emit(r, "ADD_D", 'D', inner, zero, NULL) : NULL;
}

PyObject *read_as(reader *r, PyObject *value, char type)
{
    const char have = read_type(r, value);
    if (have == 0 || (type == 'B' && have != 'B') || (type == 'I' && have == 'D')) {
        return NULL;
    }
    if (!is_val(r->state, value)) {
        if (have != 'D' && !is_small(value)) {
            return NULL;
        }
        if (type == 'D') {
            return constant(r, PyFloat_AsDouble(value));
        }
        PyObject *whole = read_keep(r, PyLong_FromLongLong(PyLong_AsLongLong(value)));
        return whole != NULL ? read_keep(r, ir_const(r->b, r->state, whole, type_name(r, type)))
                             : NULL;
    }
    if (have == type) {
        return value;
    }
    if (have == 'B') {
        value = read_emit(r, "I_B", 'I', value, NULL, NULL);
    } else if (has_op(r, value, "I_D")) {
        return float_of_rounded(r, value);
    }
    return type == 'I' || value == NULL ? value : read_emit(r, "D_I", 'D', value, NULL, NULL);
}

PyObject *read_truth(reader *r, PyObject *value)
{
    if (value == NULL) {
        return NULL;
    }
    if (!is_val(r->state, value)) {
        const int is_true =
            read_is_number(value) || PyTuple_Check(value) || PyList_CheckExact(value)
                ? PyObject_IsTrue(value)
                : -1;
        return is_true < 0 ? NULL : is_true ? Py_True : Py_False;
    }
    switch (read_type(r, value)) {
    case 'B': {
        const ValObject *val = (const ValObject *)value;
        return val->op != ir_name(r->state, IR_CONST) ? value
               : PyObject_IsTrue(val->payload) > 0    ? Py_True
                                                      : Py_False;
    }
    case 'D':
        return read_emit(r, "B_D", 'B', value, NULL, NULL);
    default:
        return read_emit(r, "B_I", 'B', value, NULL, NULL);
    }
}

PyObject *read_and(reader *r, PyObject *x, PyObject *y)
{
    return x != NULL && y != NULL ? read_keep(r, ir_and(r->b, r->state, x, y)) : NULL;
}

PyObject *read_or(reader *r, PyObject *x, PyObject *y)
{
    return x != NULL && y != NULL ? read_keep(r, ir_or(r->b, r->state, x, y)) : NULL;
}

PyObject *read_andn(reader *r, PyObject *x, PyObject *y)
{
    return x != NULL && y != NULL ? read_keep(r, ir_andn(r->b, r->state, x, y)) : NULL;
}

PyObject *read_not(reader *r, PyObject *x)
{
    return x != NULL ? read_keep(r, ir_not(r->b, r->state, x)) : NULL;
}

/* Whether the float is nan (or whatever ISNAN_D and its like ask): True, False or a Val. */
PyObject *read_test(reader *r, const char *op, PyObject *value)
{
    const char type = read_type(r, value);
    if (type == 0) {
        return NULL;
    }
    if (!is_val(r->state, value)) {
        const double number = PyFloat_AsDouble(value);
        if (number == -1 && PyErr_Occurred()) {
            return NULL;
        }
        const bool finite = number - number == 0, nan = number != number;
        return (op[2] == 'N' ? nan : op[2] == 'I' ? !finite && !nan : finite) ? Py_True : Py_False;
    }
    if (type != 'D') {
        return strcmp(op, "ISFINITE_D") == 0 ? Py_True : Py_False;
    }
    return read_emit(r, op, 'B', value, NULL, NULL);
}

/* ---- operators ---- */

/* base ** 0.5, as Arithmetic.power_const has it */
static PyObject *root_of(reader *r, PyObject *base)
{
    PyObject *zero = constant(r, 0.0);
    PyObject *sum = zero != NULL ? read_emit(r, "ADD_D", 'D', base, zero, NULL) : NULL;
    PyObject *root = sum != NULL ? read_emit(r, "SQRT_D", 'D', sum, NULL, NULL) : NULL;
    PyObject *low = root != NULL ? constant(r, -Py_HUGE_VAL) : NULL;
    PyObject *infinite = low != NULL ? read_emit(r, "EQ_D", 'B', base, low, NULL) : NULL;
    PyObject *high = infinite != NULL ? constant(r, Py_HUGE_VAL) : NULL;
    return high != NULL ? read_choose(r, infinite, high, root) : NULL;
}

/* An exponent that changes in a loop (`looped`) is none that is known, to the compiler. */
static PyObject *power(reader *r, PyObject *x, PyObject *y, bool looped)
{
    if (is_whole(read_type(r, x)) && is_whole(read_type(r, y))) {
        if (is_val(r->state, y) || looped || PyBool_Check(y)) {
            PyObject *base = read_as(r, x, 'I'),
                     *exponent = base != NULL ? read_as(r, y, 'I') : NULL;
            return exponent != NULL ? read_emit(r, "POW_I", 'I', base, exponent, NULL) : NULL;
        }
        const long exponent = PyLong_AsLong(y);
        if (exponent >= 0) {
            PyObject *base = read_as(r, x, 'I');
            if (base == NULL || exponent == 1) {
                return base;
            }
            if (exponent == 0) {
                return read_keep(r, PyLong_FromLong(1));
            }
            y = exponent == 2 ? base : read_as(r, y, 'I');
            return y != NULL ? read_emit(r, exponent == 2 ? "MUL_I" : "POW_I", 'I', base, y, NULL)
                             : NULL;
        }
        if (PyErr_Occurred()) {
            return NULL;
        }
    }
    PyObject *base = read_as(r, x, 'D'), *exponent = base != NULL ? read_as(r, y, 'D') : NULL;
    if (exponent == NULL) {
        return NULL;
    }
    if (!looped && ((ValObject *)exponent)->op == ir_name(r->state, IR_CONST)) {
        const double number = PyFloat_AsDouble(((ValObject *)exponent)->payload);
        if (number == 0) {
            return read_keep(r, PyFloat_FromDouble(1.0));
        }
        if (number == 1) {
            return base;
        }
        if (number == 2 || number == 3) {
            return read_emit(r, number == 2 ? "SQUARE_D" : "CUBE_D", 'D', base, NULL, NULL);
        }
        if (number == 0.5) {
            return root_of(r, base);
        }
        if (number == -1) {
            PyObject *one = constant(r, 1.0);
            return one != NULL ? read_emit(r, "DIV_D", 'D', one, base, NULL) : NULL;
        }
    }
    return read_emit(r, "POW_D", 'D', base, exponent, NULL);
}

/* An int of a loop at run time must be one of 64 bits. */
static PyObject *in_range(PyObject *result, unsigned looped)
{
    int overflow = 0;
    if (result != NULL && looped != 0 && PyLong_CheckExact(result)) {
        (void)PyLong_AsLongLongAndOverflow(result, &overflow);
    }
    return overflow == 0 ? result : NULL;
}

/* Python's own answer; *done is unset where it is to be computed at run time. */
static PyObject *fold(reader *r, const char *op, PyObject *x, PyObject *y, unsigned looped,
                      bool *done)
{
    static const char *const comparisons[] = {"<", "<=", "==", "!=", ">", ">="}; /* Py_LT ... */
    for (int i = 0; i < 6; i++) {
        if (strcmp(op, comparisons[i]) == 0) {
            return read_keep(r, PyObject_RichCompare(x, y, i));
        }
    }
    if (strcmp(op, "**") == 0) {
        const bool whole = !PyFloat_CheckExact(x) && !PyFloat_CheckExact(y);
        const long most = whole ? PyLong_AsLong(y) : 0; /* an error is one of ours too */
        if ((!whole && looped != 0) || (whole && most < 0 && looped == LOOPED_X)) {
            *done = PyErr_Occurred() != NULL; /* not to the bit what the loop computes */
            return NULL;
        }
        if (most > 64 || most < (looped != 0 ? 0 : -64)) {
            return NULL;
        }
        PyObject *result = read_keep(r, PyNumber_Power(x, y, Py_None));
        return read_is_number(result) ? in_range(result, looped) : NULL; /* or complex */
    }
    static const struct {
        const char *text;
        binaryfunc apply;
    } others[] = {
        {"+", PyNumber_Add},        {"-", PyNumber_Subtract},  {"*", PyNumber_Multiply},
        {"/", PyNumber_TrueDivide}, {"%", PyNumber_Remainder}, {"//", PyNumber_FloorDivide},
        {"&", PyNumber_And},        {"|", PyNumber_Or},        {"^", PyNumber_Xor}};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++) {
        if (strcmp(op, others[i].text) == 0) {
            return in_range(read_keep(r, others[i].apply(x, y)), looped);
        }
    }
    return NULL;
}

static PyObject *logic_of_bools(reader *r, char op, PyObject *x, PyObject *y)
{
    PyObject *p = read_as(r, x, 'B'), *q = p != NULL ? read_as(r, y, 'B') : NULL;
    if (q == NULL) {
        return NULL;
    }
    if (op == '^') {
        return read_emit(r, "XOR_B", 'B', p, q, NULL);
    }
    p = read_truth(r, p);
    q = read_truth(r, q);
    return op == '&' ? read_and(r, p, q) : read_or(r, p, q);
}

/* + - * // % of ints, of which one is one at run time */
static PyObject *whole_binary(reader *r, const char *op, PyObject *x, PyObject *y)
{
    const char kind = op[0] == '/' ? 'd' : op[0]; /* `//` */
    if ((kind == 'd' || kind == '%') && PyLong_CheckExact(y)) {
        const long divisor = PyLong_AsLong(y);
        if (divisor > 1 && (divisor & (divisor - 1)) == 0) {
            return NULL; /* bits */
        }
    }
    PyObject *p = read_as(r, x, 'I'), *q = p != NULL ? read_as(r, y, 'I') : NULL;
    if (q == NULL) {
        return NULL;
    }
    PyObject *konst = ir_name(r->state, IR_CONST);
    const ValObject *a = (ValObject *)p, *b = (ValObject *)q;
    const long left = a->op == konst ? PyLong_AsLong(a->payload) : -1,
               right = b->op == konst ? PyLong_AsLong(b->payload) : -1;
    if ((right == 0 && (kind == '+' || kind == '-')) ||
        (right == 1 && (kind == '*' || kind == 'd'))) {
        return p;
    }
    if ((left == 0 && kind == '+') || (left == 1 && kind == '*')) {
        return q;
    }
    return read_emit(r,
                     kind == '+'   ? "ADD_I"
                     : kind == '-' ? "SUB_I"
                     : kind == '*' ? "MUL_I"
                     : kind == 'd' ? "FLOORDIV_I"
                                   : "MOD_I",
                     'I', p, q, NULL);
}

static PyObject *divide(reader *r, PyObject *x, PyObject *y)
{
    if (is_whole(read_type(r, x)) && is_whole(read_type(r, y))) {
        if (has_op(r, x, "I_D") && PyLong_CheckExact(y) && PyObject_IsTrue(y) > 0 && is_small(y)) {
            x = read_as(r, x, 'D');
            return x != NULL ? divide(r, x, y) : NULL;
        }
        PyObject *p = read_as(r, x, 'I'), *q = p != NULL ? read_as(r, y, 'I') : NULL;
        return q != NULL ? read_emit(r, "TRUEDIV_I", 'D', p, q, NULL) : NULL;
    }
    PyObject *p = read_as(r, x, 'D'), *q = p != NULL ? read_as(r, y, 'D') : NULL;
    return q != NULL ? read_keep(r, ir_binary(r->b, r->state, "/", p, q)) : NULL;
}

/* Builder.binary: the same of floats, or ints that are floats exactly; Py_None if it is not. */
static PyObject *of_floats(reader *r, const char *op, PyObject *x, PyObject *y)
{
    PyObject *p = read_keep(r, ir_float(r->b, r->state, x));
    PyObject *q = p != NULL ? read_keep(r, ir_float(r->b, r->state, y)) : NULL;
    if (q == NULL) {
        return PyErr_Occurred() ? NULL : Py_None;
    }
    return read_keep(r, ir_binary(r->b, r->state, op, p, q));
}

static bool is_comparison(const char *op)
{
    return strchr("<>=!", op[0]) != NULL && strcmp(op, "<<") != 0 && strcmp(op, ">>") != 0;
}

PyObject *read_binary(reader *r, const char *op, PyObject *x, PyObject *y, unsigned looped)
{
    const bool x_is_val = x != NULL && is_val(r->state, x),
               y_is_val = y != NULL && is_val(r->state, y);
    const char tx = read_type(r, x), ty = read_type(r, y);
    if (tx == 0 || ty == 0) {
        return x != NULL && y != NULL ? read_join(r, op, x, y) : NULL;
    }
    if (!x_is_val && !y_is_val) {
        bool done = true;
        PyObject *folded = fold(r, op, x, y, looped, &done);
        if (done || PyErr_Occurred()) {
            return folded;
        }
    }
    const bool is_power = strcmp(op, "**") == 0;
    if (is_comparison(op)) {
        return read_compare(r, op, x, y);
    }
    if ((x_is_val || y_is_val) && (is_power ? (looped & LOOPED_Y) == 0 || y_is_val
                                            : op[1] == 0 && strchr("+-*/", op[0]) != NULL)) {
        PyObject *done = of_floats(r, op, x, y);
        if (done != Py_None) {
            return done;
        }
    }
    if (is_power) {
        return power(r, x, y, (looped & LOOPED_Y) != 0 && !y_is_val);
    }
    if (strcmp(op, "/") == 0) {
        return divide(r, x, y);
    }
    if (op[1] == 0 && strchr("&|^", op[0]) != NULL) {
        return tx == 'B' && ty == 'B' ? logic_of_bools(r, op[0], x, y) : NULL;
    }
    const bool floors = strcmp(op, "//") == 0;
    if (!floors && (op[1] != 0 || strchr("+-*%", op[0]) == NULL)) {
        return NULL;
    }
    if (is_whole(tx) && is_whole(ty)) {
        return whole_binary(r, op, x, y);
    }
    PyObject *p = read_as(r, x, 'D'), *q = p != NULL ? read_as(r, y, 'D') : NULL;
    if (q == NULL) {
        return NULL;
    }
    if (floors || op[0] == '%') {
        return read_emit(r, floors ? "FLOORDIV_D" : "MOD_D", 'D', p, q, NULL);
    }
    return read_keep(r, ir_binary(r->b, r->state, op, p, q));
}

PyObject *read_unary(reader *r, const char *op, PyObject *x)
{
    const char type = read_type(r, x);
    if (strcmp(op, "not") == 0) {
        return read_not(r, read_truth(r, x));
    }
    if (type == 0 || (op[0] != '-' && op[0] != '+')) {
        return NULL;
    }
    if (!is_val(r->state, x)) {
        return read_keep(r, op[0] == '-' ? PyNumber_Negative(x) : PyNumber_Positive(x));
    }
    if (op[0] == '+') {
        return type == 'B' ? read_as(r, x, 'I') : x;
    }
    if (type != 'D') {
        x = read_as(r, x, 'I');
        return x != NULL ? read_emit(r, "NEG_I", 'I', x, NULL, NULL) : NULL;
    }
    return has_op(r, x, "NEG_D") ? first_arg(x) : read_emit(r, "NEG_D", 'D', x, NULL, NULL);
}

/* ---- comparisons ---- */

static PyObject *compare_same(reader *r, const char *name, char type, PyObject *x, PyObject *y)
{
    char op[8];
    PyOS_snprintf(op, sizeof op, "%s_%c", name, type);
    PyObject *p = read_as(r, x, type), *q = p != NULL ? read_as(r, y, type) : NULL;
    return q != NULL ? read_emit(r, op, 'B', p, q, NULL) : NULL;
}

PyObject *read_compare(reader *r, const char *op, PyObject *x, PyObject *y)
{
    if (!is_val(r->state, x) && !is_val(r->state, y)) {
        bool done = true;
        return read_is_number(x) && read_is_number(y) ? fold(r, op, x, y, 0, &done) : NULL;
    }
    PyObject *done = of_floats(r, op, x, y);
    if (done != Py_None) {
        return done;
    }
    if (op[0] == '>') {
        return read_compare(r, op[1] == 0 ? "<" : "<=", y, x);
    }
    if (op[0] == '!') {
        PyObject *equal = read_compare(r, "==", x, y);
        if (equal != NULL && has_op(r, equal, "EQ_D")) {
            PyObject *args = ((ValObject *)equal)->args;
            return read_emit(r, "NE_D", 'B', PyTuple_GET_ITEM(args, 0), PyTuple_GET_ITEM(args, 1),
                             NULL);
        }
        return read_not(r, equal);
    }
    const char tx = read_type(r, x), ty = read_type(r, y);
    const char *name = op[0] == '=' ? "EQ" : op[1] == 0 ? "LT" : "LE";
    if (tx == 0 || ty == 0 || has_op(r, x, "I_D") || has_op(r, y, "I_D")) {
        return NULL; /* int() of nan raises */
    }
    if (is_whole(tx) && is_whole(ty)) {
        if (tx == 'B' && ty == 'B' && op[0] == '=') {
            PyObject *p = read_as(r, x, 'B'), *q = p != NULL ? read_as(r, y, 'B') : NULL;
            return q != NULL ? read_not(r, read_emit(r, "XOR_B", 'B', p, q, NULL)) : NULL;
        }
        return compare_same(r, name, 'I', x, y);
    }
    PyObject *integer = is_whole(tx) ? x : y;
    if ((tx == 'D' && ty == 'D') || !is_val(r->state, integer) || has_op(r, integer, "I_B") ||
        read_type(r, integer) == 'B') {
        return compare_same(r, name, 'D', x, y);
    }
    return NULL; /* an int at run time beside a float */
}

/* ---- choices ---- */

static bool are_same(PyObject *x, PyObject *y)
{
    if (Py_TYPE(x) != Py_TYPE(y) || !read_is_number(x)) {
        return false;
    }
    if (PyFloat_CheckExact(x)) {
        const double a = PyFloat_AS_DOUBLE(x), b = PyFloat_AS_DOUBLE(y);
        return memcmp(&a, &b, sizeof a) == 0 || (a != a && b != b);
    }
    return PyObject_RichCompareBool(x, y, Py_EQ) == 1;
}

/* Builder.select of Vals of one type */
static PyObject *select_val(reader *r, PyObject *condition, PyObject *x, PyObject *y)
{
    PyObject *konst = ir_name(r->state, IR_CONST);
    const char type = read_type(r, x);
    if (x == y) {
        return x;
    }
    if (type == 'B') {
        const ValObject *a = (ValObject *)x, *b = (ValObject *)y;
        PyObject *result = NULL;
        if (a->op == konst) {
            const bool on = PyObject_IsTrue(a->payload) > 0;
            PyObject *other = read_truth(r, y);
            result = on ? read_or(r, condition, y) : read_andn(r, other, condition);
        } else if (b->op == konst && PyObject_IsTrue(b->payload) == 0) {
            result = read_and(r, condition, x);
        }
        if (result != NULL || a->op == konst) {
            return result != NULL && PyBool_Check(result) ? read_as(r, result, 'B') : result;
        }
    }
    const char *op = type == 'D' ? "SELECT_D" : type == 'I' ? "SELECT_I" : "SELECT_B";
    if (has_op(r, condition, "NOT_B")) {
        return read_emit(r, op, type, y, x, first_arg(condition));
    }
    return read_emit(r, op, type, x, y, condition);
}

/* Arithmetic.as_joined: an int that becomes a float must be one, in these lanes. */
static PyObject *as_joined(reader *r, PyObject *value, char type, PyObject *lanes)
{
    PyObject *result = read_as(r, value, type);
    if (result == NULL || type != 'D' || !is_val(r->state, value) || read_type(r, value) != 'I' ||
        has_op(r, value, "I_B") || has_op(r, value, "I_D") || lanes == Py_False) {
        return result;
    }
    PyObject *inexact = read_not(r, read_emit(r, "EQ_DI", 'B', result, value, NULL));
    return inexact != NULL && ir_raise_if(r->b, r->state, inexact, STATUS_OVERFLOW, lanes) == 0
               ? result
               : NULL;
}

static PyObject *choose_tuples(reader *r, PyObject *condition, PyObject *x, PyObject *y)
{
    const Py_ssize_t n = PyTuple_GET_SIZE(x);
    PyObject *made = n == PyTuple_GET_SIZE(y) ? read_keep(r, PyTuple_New(n)) : NULL;
    for (Py_ssize_t i = 0; made != NULL && i < n; i++) {
        PyObject *part = read_choose(r, condition, PyTuple_GET_ITEM(x, i), PyTuple_GET_ITEM(y, i));
        if (part == NULL) {
            return NULL;
        }
        PyTuple_SET_ITEM(made, i, Py_NewRef(part));
    }
    return made;
}

PyObject *read_choose(reader *r, PyObject *condition, PyObject *x, PyObject *y)
{
    if (condition == NULL || x == NULL || y == NULL) {
        return NULL;
    }
    if (x == y || condition == Py_True) {
        return x;
    }
    if (condition == Py_False) {
        return y;
    }
    const bool x_is_val = is_val(r->state, x), y_is_val = is_val(r->state, y);
    const char tx = read_type(r, x), ty = read_type(r, y);
    if (x_is_val && y_is_val && tx == ty) {
        return select_val(r, condition, x, y);
    }
    if (PyTuple_CheckExact(x) && PyTuple_CheckExact(y)) {
        return choose_tuples(r, condition, x, y);
    }
    if (tx == 0 || ty == 0) {
        return NULL;
    }
    if (!x_is_val && !y_is_val && are_same(x, y)) {
        return x;
    }
    const char wide = tx == 'D' || ty == 'D' ? 'D' : tx == 'I' || ty == 'I' ? 'I' : 'B';
    PyObject *yes = read_and(r, r->mask, condition);
    PyObject *p = yes != NULL ? as_joined(r, x, wide, yes) : NULL;
    PyObject *no = p != NULL ? read_andn(r, r->mask, condition) : NULL;
    PyObject *q = no != NULL ? as_joined(r, y, wide, no) : NULL;
    return q != NULL ? select_val(r, condition, p, q) : NULL;
}
