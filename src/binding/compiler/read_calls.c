/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Calls of functions that are known by identity, in a reader of code objects. Contract in
 * read_code.h; what each gives is what its handler in _compile/functions.py, builtin_functions.py
 * or numpy_functions.py makes. Most are one instruction: a row of _simple() in _compile/quick.py is
 * all there is of them. The others have a number there and a case here. */
#include "read_code.h"

#include <string.h>

/* The numbers of quick.py's _SPECIAL. */
enum {
    CALL_RANGE,
    CALL_LEN,
    CALL_SUM,
    CALL_MIN,
    CALL_MAX,
    CALL_PROD,
    CALL_ANY,
    CALL_ALL,
    CALL_ENUMERATE,
    CALL_ZIP,
    CALL_REVERSED,
    CALL_TUPLE,
    CALL_LIST,
    CALL_BOOL,
    CALL_INT,
    CALL_FLOOR,
    CALL_CEIL,
    CALL_TRUNC,
    CALL_ROUND,
    CALL_DIVMOD,
    CALL_LOG,
    CALL_DEGREES,
    CALL_RADIANS,
    CALL_ISNAN,
    CALL_ISINF,
    CALL_ISFINITE,
    CALL_ABS,
    CALL_FLOAT,
    CALL_POW,
    CALL_MATH_POW,
    CALL_HYPOT,
    CALL_MAXIMUM,
    CALL_MINIMUM,
    CALL_WHERE,
    CALL_SIGN,
    CALL_SQUARE,
    CALL_HEAVISIDE,
    CALL_SINC,
    CALL_CLIP,
    CALL_COMBINATORIAL, /* math.factorial and others, of what is known */
    N_CALLS
};

typedef struct arguments {
    const item *items;
    int n;
    bool looped;
} arguments;

/* Which of the first two are looped. */
static unsigned looped_of(const arguments *a)
{
    return (a->n > 0 && a->items[0].looped ? LOOPED_X : 0) |
           (a->n > 1 && a->items[1].looped ? LOOPED_Y : 0);
}

static PyObject *arg(const arguments *a, int i)
{
    return i < a->n ? a->items[i].object : NULL;
}

static PyObject *is_nan(reader *r, PyObject *x)
{
    return read_test(r, "ISNAN_D", x);
}

static PyObject *number(reader *r, double value)
{
    return read_keep(r, PyFloat_FromDouble(value));
}

/* ---- functions that are one instruction ---- */

/* A function of x, or of x and y: `op` of them at run time, else what it gives itself (`folds`: 0
 * never, 1 as a float, but for what changes in loops). */
static PyObject *apply(reader *r, PyObject *function, PyObject *op, long folds, PyObject *x,
                       PyObject *y, bool looped)
{
    if (folds == 1 && !looped && read_is_number(x) && (y == NULL || read_is_number(y))) {
        PyObject *value =
            read_keep(r, PyObject_CallFunctionObjArgs(function, x, y, NULL)); /* y ends the list */
        return value != NULL ? read_keep(r, PyNumber_Float(value)) : NULL;
    }
    const char *text = PyUnicode_AsUTF8(op);
    PyObject *p = text != NULL ? read_as(r, x, 'D') : NULL;
    PyObject *q = p != NULL && y != NULL ? read_as(r, y, 'D') : NULL;
    return p == NULL || (y != NULL && q == NULL) ? NULL : read_emit(r, text, 'D', p, q, NULL);
}

static PyObject *simple_call(reader *r, PyObject *function, PyObject *entry, const arguments *a)
{
    PyObject *op = PyTuple_GET_ITEM(entry, 0);
    const long arity = PyLong_AsLong(PyTuple_GET_ITEM(entry, 1)),
               folds = PyLong_AsLong(PyTuple_GET_ITEM(entry, 2));
    if (a->n != arity || PyUnicode_GET_LENGTH(op) == 0) {
        return NULL;
    }
    if (arity == 2 && !Py_UNICODE_ISALPHA(PyUnicode_READ_CHAR(op, 0))) { /* an operator */
        const char *text = PyUnicode_AsUTF8(op);
        return text != NULL && read_type(r, arg(a, 0)) != 0 && read_type(r, arg(a, 1)) != 0
                   ? read_binary(r, text, arg(a, 0), arg(a, 1), looped_of(a))
                   : NULL;
    }
    if (folds == 2 && read_type(r, arg(a, 0)) != 'D') {
        return NULL; /* rounding of what is whole */
    }
    return apply(r, function, op, folds, arg(a, 0), arg(a, 1), a->looped);
}

/* ---- the others ---- */

static PyObject *rounded(reader *r, PyObject *function, const char *op, PyObject *x)
{
    const char type = read_type(r, x);
    if (type == 0) {
        return NULL;
    }
    if (!is_val(r->state, x)) {
        return read_keep(r, PyObject_CallOneArg(function, x));
    }
    if (type != 'D') {
        return read_as(r, x, 'I');
    }
    x = op != NULL ? read_emit(r, op, 'D', x, NULL, NULL) : x;
    return x != NULL ? read_emit(r, "I_D", 'I', x, NULL, NULL) : NULL;
}

static PyObject *absolute(reader *r, PyObject *x)
{
    const char type = read_type(r, x);
    if (type == 0 || !is_val(r->state, x)) {
        return type != 0 ? read_keep(r, PyNumber_Absolute(x)) : NULL;
    }
    x = type == 'D' ? x : read_as(r, x, 'I');
    return x != NULL ? read_emit(r, type == 'D' ? "ABS_D" : "ABS_I", type == 'D' ? 'D' : 'I', x,
                                 NULL, NULL)
                     : NULL;
}

/* min or max of two, in Python's order */
static PyObject *extreme(reader *r, bool least, PyObject *x, PyObject *y)
{
    const char tx = read_type(r, x), ty = read_type(r, y);
    if (tx == 0 || ty == 0) {
        return NULL;
    }
    const bool x_is_val = is_val(r->state, x), y_is_val = is_val(r->state, y);
    if (!x_is_val && !y_is_val) {
        const int better = PyObject_RichCompareBool(y, x, least ? Py_LT : Py_GT);
        return better < 0 ? NULL : better ? y : x;
    }
    if (tx == 'B' && ty == 'B') {
        PyObject *p = read_truth(r, x), *q = p != NULL ? read_truth(r, y) : NULL;
        return least ? read_and(r, p, q) : read_or(r, p, q);
    }
    if ((tx == 'D') != (ty == 'D') && (tx == 'D' ? y_is_val : x_is_val)) {
        return read_choose(r, read_compare(r, least ? "<" : ">", y, x), y, x);
    }
    const char type = tx == 'D' || ty == 'D' ? 'D' : 'I';
    PyObject *p = read_as(r, x, type), *q = p != NULL ? read_as(r, y, type) : NULL;
    const char *op = type == 'D' ? (least ? "MIN_D" : "MAX_D") : (least ? "MIN_I" : "MAX_I");
    return q != NULL ? read_emit(r, op, type, p, q, NULL) : NULL;
}

static PyObject *extreme_of_all(reader *r, bool least, const arguments *a)
{
    PyObject *items = a->n == 1 ? read_items(r, arg(a, 0)) : NULL, *result = NULL;
    const Py_ssize_t n = a->n != 1 ? a->n : items != NULL ? PyTuple_GET_SIZE(items) : 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        PyObject *next = a->n == 1 ? PyTuple_GET_ITEM(items, i) : arg(a, (int)i);
        result = i == 0 ? (read_type(r, next) != 0 ? next : NULL) : extreme(r, least, result, next);
        if (result == NULL) {
            return NULL;
        }
    }
    return result;
}

static PyObject *any_or_all(reader *r, bool all, PyObject *value)
{
    PyObject *items = value != NULL && !PyMethod_Check(value) && !PyIter_Check(value)
                          ? read_items(r, value)
                          : NULL;
    PyObject *result = all ? Py_True : Py_False;
    for (Py_ssize_t i = 0; items != NULL && result != NULL && i < PyTuple_GET_SIZE(items); i++) {
        PyObject *truth = read_truth(r, PyTuple_GET_ITEM(items, i));
        result = all ? read_and(r, result, truth) : read_or(r, result, truth);
    }
    return items != NULL ? result : NULL;
}

/* np.maximum and np.minimum: a nan of either passes */
static PyObject *np_extreme(reader *r, bool least, PyObject *x, PyObject *y)
{
    if (x == NULL || y == NULL) {
        return NULL;
    }
    if (read_type(r, x) != 'D' && read_type(r, y) != 'D') {
        return extreme(r, least, x, y);
    }
    x = read_as(r, x, 'D');
    y = x != NULL ? read_as(r, y, 'D') : NULL;
    PyObject *first = y != NULL ? read_compare(r, least ? "<=" : ">=", x, y) : NULL;
    first = read_truth(r, first);
    PyObject *nan = first != NULL ? is_nan(r, x) : NULL;
    return read_choose(r, read_or(r, first, nan), x, y);
}

static PyObject *np_sign(reader *r, PyObject *x)
{
    PyObject *zero = number(r, 0.0);
    if (read_type(r, x) != 'D' || zero == NULL) {
        return NULL;
    }
    PyObject *below = read_truth(r, read_binary(r, "<", x, zero, 0));
    PyObject *negative = below != NULL ? read_choose(r, below, number(r, -1.0), zero) : NULL;
    PyObject *above = negative != NULL ? read_truth(r, read_binary(r, ">", x, zero, 0)) : NULL;
    PyObject *sign = above != NULL ? read_choose(r, above, number(r, 1.0), negative) : NULL;
    return sign != NULL ? read_choose(r, is_nan(r, x), x, sign) : NULL;
}

static PyObject *np_heaviside(reader *r, PyObject *x, PyObject *at_zero)
{
    x = read_as(r, x, 'D');
    at_zero = x != NULL ? read_as(r, at_zero, 'D') : NULL;
    PyObject *zero = at_zero != NULL ? number(r, 0.0) : NULL;
    PyObject *below = zero != NULL ? read_truth(r, read_binary(r, "<", x, zero, 0)) : NULL;
    PyObject *step = below != NULL ? read_choose(r, below, zero, number(r, 1.0)) : NULL;
    PyObject *there = step != NULL ? read_truth(r, read_binary(r, "==", x, zero, 0)) : NULL;
    step = there != NULL ? read_choose(r, there, at_zero, step) : NULL;
    return step != NULL ? read_choose(r, is_nan(r, x), x, step) : NULL;
}

static PyObject *np_sinc(reader *r, PyObject *x)
{
    x = read_as(r, x, 'D');
    PyObject *zero = x != NULL ? number(r, 0.0) : NULL;
    PyObject *there = zero != NULL ? read_truth(r, read_binary(r, "==", x, zero, 0)) : NULL;
    PyObject *other = there != NULL ? read_choose(r, there, number(r, 1.0e-20), x) : NULL;
    PyObject *y = other != NULL ? read_binary(r, "*", number(r, Py_MATH_PI), other, 0) : NULL;
    y = y != NULL ? read_as(r, y, 'D') : NULL;
    PyObject *sine = y != NULL ? read_emit(r, "SIN_D", 'D', y, NULL, NULL) : NULL;
    return sine != NULL ? read_binary(r, "/", sine, y, 0) : NULL;
}

static PyObject *logarithm(reader *r, PyObject *function, const arguments *a)
{
    PyObject *op = read_keep(r, PyUnicode_InternFromString("LOG_D"));
    PyObject *top = op != NULL && (a->n == 1 || (a->n == 2 && read_is_number(arg(a, 1))))
                        ? apply(r, function, op, 1, arg(a, 0), NULL, a->looped)
                        : NULL;
    if (top == NULL || a->n == 1) {
        return top;
    }
    PyObject *bottom = apply(r, function, op, 1, arg(a, 1), NULL, a->looped);
    return bottom != NULL ? read_binary(r, "/", top, bottom, looped_of(a)) : NULL;
}

static PyObject *distance(reader *r, PyObject *function, const arguments *a)
{
    PyObject *result = arg(a, 0), *op;
    bool known = !a->looped;
    for (int i = 0; i < a->n; i++) {
        known = known && read_is_number(arg(a, i));
    }
    if (known) {
        return read_keep(r, PyObject_CallFunctionObjArgs(function, arg(a, 0), arg(a, 1), arg(a, 2),
                                                         arg(a, 3), NULL));
    }
    op = read_keep(r, PyUnicode_InternFromString("HYPOT_D"));
    for (int i = 1; op != NULL && result != NULL && i < a->n; i++) {
        result = apply(r, function, op, 1, result, arg(a, i), a->looped);
    }
    return op != NULL ? result : NULL;
}

static PyObject *range_of(reader *r, PyObject *function, const arguments *a)
{
    for (int i = 0; i < a->n; i++) {
        if (arg(a, i) == NULL || !PyLong_CheckExact(arg(a, i))) {
            return NULL;
        }
    }
    return a->n >= 1 && a->n <= 3
               ? read_keep(r, PyObject_CallFunctionObjArgs(function, arg(a, 0), arg(a, 1),
                                                           arg(a, 2), NULL))
               : NULL;
}

static PyObject *length_of(reader *r, PyObject *value)
{
    PyObject *items = value != NULL && !PyMethod_Check(value) && !PyIter_Check(value)
                          ? read_items(r, value)
                          : NULL;
    return items != NULL ? read_keep(r, PyLong_FromSsize_t(PyTuple_GET_SIZE(items))) : NULL;
}

static PyObject *divided(reader *r, const arguments *a)
{
    PyObject *x = arg(a, 0), *y = arg(a, 1);
    PyObject *q = read_type(r, x) != 0 && read_type(r, y) != 0
                      ? read_binary(r, "//", x, y, looped_of(a))
                      : NULL;
    PyObject *rest = q != NULL ? read_binary(r, "%", x, y, looped_of(a)) : NULL;
    return rest != NULL ? read_keep(r, PyTuple_Pack(2, q, rest)) : NULL;
}

static PyObject *combinatorial(reader *r, PyObject *function, const arguments *a)
{
    for (int i = 0; i < a->n; i++) {
        if (!PyLong_CheckExact(arg(a, i)) || PyLong_AsLong(arg(a, i)) > 100 ||
            PyLong_AsLong(arg(a, i)) < 0) {
            return NULL;
        }
    }
    return a->n == 1 || a->n == 2
               ? read_keep(r, PyObject_CallFunctionObjArgs(function, arg(a, 0), arg(a, 1), NULL))
               : NULL;
}

static PyObject *as_float(reader *r, PyObject *x)
{
    return read_is_number(x) ? read_keep(r, PyNumber_Float(x)) : read_as(r, x, 'D');
}

static PyObject *folded(reader *r, int kind, arguments *a)
{
    PyObject *start = a->n == 2          ? arg(a, 1)
                      : kind == FOLD_SUM ? read_keep(r, PyLong_FromLong(0))
                                         : read_keep(r, PyLong_FromLong(1));
    return start != NULL ? read_fold(r, kind, arg(a, 0), start, &a->looped) : NULL;
}

/* How many arguments each takes: at least, at most. */
static const signed char wanted[N_CALLS][2] = {
    [CALL_RANGE] = {1, 3},         [CALL_LEN] = {1, 1},      [CALL_SUM] = {1, 2},
    [CALL_MIN] = {1, 99},          [CALL_MAX] = {1, 99},     [CALL_PROD] = {1, 1},
    [CALL_ANY] = {1, 1},           [CALL_ALL] = {1, 1},      [CALL_ENUMERATE] = {1, 2},
    [CALL_ZIP] = {1, 8},           [CALL_REVERSED] = {1, 1}, [CALL_TUPLE] = {0, 1},
    [CALL_LIST] = {0, 1},          [CALL_BOOL] = {1, 1},     [CALL_INT] = {1, 1},
    [CALL_FLOOR] = {1, 1},         [CALL_CEIL] = {1, 1},     [CALL_TRUNC] = {1, 1},
    [CALL_ROUND] = {1, 1},         [CALL_DIVMOD] = {2, 2},   [CALL_LOG] = {1, 2},
    [CALL_DEGREES] = {1, 1},       [CALL_RADIANS] = {1, 1},  [CALL_ISNAN] = {1, 1},
    [CALL_ISINF] = {1, 1},         [CALL_ISFINITE] = {1, 1}, [CALL_ABS] = {1, 1},
    [CALL_FLOAT] = {1, 1},         [CALL_POW] = {2, 2},      [CALL_MATH_POW] = {2, 2},
    [CALL_HYPOT] = {2, 4},         [CALL_MAXIMUM] = {2, 2},  [CALL_MINIMUM] = {2, 2},
    [CALL_WHERE] = {3, 3},         [CALL_SIGN] = {1, 1},     [CALL_SQUARE] = {1, 1},
    [CALL_HEAVISIDE] = {2, 2},     [CALL_SINC] = {1, 1},     [CALL_CLIP] = {3, 3},
    [CALL_COMBINATORIAL] = {1, 2},
};

static PyObject *special_call(reader *r, PyObject *function, long which, arguments *a)
{
    PyObject *x = arg(a, 0), *y = arg(a, 1);
    if (which < 0 || which >= N_CALLS || a->n < wanted[which][0] || a->n > wanted[which][1]) {
        return NULL;
    }
    for (int i = 0; i < a->n; i++) {
        if (arg(a, i) == NULL) {
            return NULL;
        }
    }
    switch (which) {
    case CALL_RANGE:
        return range_of(r, function, a);
    case CALL_LEN:
        return length_of(r, x);
    case CALL_SUM:
        return folded(r, FOLD_SUM, a);
    case CALL_PROD:
        return folded(r, FOLD_PRODUCT, a);
    case CALL_MIN:
    case CALL_MAX:
        return extreme_of_all(r, which == CALL_MIN, a);
    case CALL_ANY:
    case CALL_ALL:
        return any_or_all(r, which == CALL_ALL, x);
    case CALL_ENUMERATE:
        return read_enumerate(r, x, y);
    case CALL_ZIP:
        return read_zip(r, a->items, a->n);
    case CALL_REVERSED:
        return read_reversed(r, x);
    case CALL_TUPLE:
        return a->n == 0 ? read_keep(r, PyTuple_New(0)) : read_items(r, x);
    case CALL_LIST:
        x = a->n == 0 ? NULL : read_items(r, x);
        return x != NULL || a->n == 0 ? read_keep(r, x != NULL ? PySequence_List(x) : PyList_New(0))
                                      : NULL;
    case CALL_BOOL:
        return read_truth(r, x);
    case CALL_INT:
    case CALL_TRUNC:
        return rounded(r, function, NULL, x);
    case CALL_FLOOR:
        return rounded(r, function, "FLOOR_D", x);
    case CALL_CEIL:
        return rounded(r, function, "CEIL_D", x);
    case CALL_ROUND:
        return rounded(r, function, "RINT_D", x);
    case CALL_DIVMOD:
        return divided(r, a);
    case CALL_LOG:
        return logarithm(r, function, a);
    case CALL_DEGREES:
    case CALL_RADIANS: {
        const double factor = which == CALL_DEGREES ? 180.0 / Py_MATH_PI : Py_MATH_PI / 180.0;
        x = read_as(r, x, 'D');
        return x != NULL ? read_binary(r, "*", x, number(r, factor), 0) : NULL;
    }
    case CALL_ISNAN:
        return is_nan(r, x);
    case CALL_ISINF:
        return read_test(r, "ISINF_D", x);
    case CALL_ISFINITE:
        return read_test(r, "ISFINITE_D", x);
    case CALL_ABS:
        return absolute(r, x);
    case CALL_FLOAT:
        return as_float(r, x);
    case CALL_POW:
        return read_type(r, x) != 0 && read_type(r, y) != 0
                   ? read_binary(r, "**", x, y, looped_of(a))
                   : NULL;
    case CALL_MATH_POW:
        x = read_as(r, x, 'D');
        y = x != NULL ? read_as(r, y, 'D') : NULL;
        return y != NULL ? read_binary(r, "**", x, y, looped_of(a)) : NULL;
    case CALL_HYPOT:
        return distance(r, function, a);
    case CALL_MAXIMUM:
    case CALL_MINIMUM:
        return np_extreme(r, which == CALL_MINIMUM, x, y);
    case CALL_WHERE:
        return read_type(r, y) != 0 && read_type(r, arg(a, 2)) != 0
                   ? read_choose(r, read_truth(r, x), y, arg(a, 2))
                   : NULL;
    case CALL_SIGN:
        return np_sign(r, x);
    case CALL_SQUARE:
        return read_type(r, x) != 0 ? read_binary(r, "*", x, x, looped_of(a)) : NULL;
    case CALL_HEAVISIDE:
        return np_heaviside(r, x, y);
    case CALL_SINC:
        return np_sinc(r, x);
    case CALL_CLIP:
        return np_extreme(r, true, np_extreme(r, false, x, y), arg(a, 2));
    case CALL_COMBINATORIAL:
        return combinatorial(r, function, a);
    default:
        return NULL;
    }
}

/* Takes the only keyword that is known here from the arguments: zip(strict=), or the start of what
 * counts or adds, which may as well come last without its name. */
static bool take_keyword(reader *r, PyObject *entry, PyObject *keywords, arguments *a)
{
    const long which = PyLong_CheckExact(entry) ? PyLong_AsLong(entry) : -1;
    if (PyTuple_GET_SIZE(keywords) != 1) {
        return false;
    }
    PyObject *name = PyTuple_GET_ITEM(keywords, 0);
    if (which == CALL_ZIP && PyUnicode_CompareWithASCIIString(name, "strict") == 0) {
        a->n--;
        if (a->items[a->n].object == Py_False) {
            return true;
        }
        for (int k = 1; a->items[a->n].object == Py_True && k < a->n; k++) {
            PyObject *x = read_items(r, a->items[0].object),
                     *y = x != NULL ? read_items(r, a->items[k].object) : NULL;
            if (y == NULL || PyTuple_GET_SIZE(x) != PyTuple_GET_SIZE(y)) {
                return false;
            }
        }
        return a->items[a->n].object == Py_True;
    }
    return (which == CALL_ENUMERATE || which == CALL_SUM) && a->n == 2 &&
           PyUnicode_CompareWithASCIIString(name, "start") == 0;
}

bool read_call_known(reader *r, PyObject *function, PyObject *entry, int first, int n,
                     PyObject *keywords)
{
    arguments a = {.items = &r->items[first], .n = n};
    if (keywords != NULL && !take_keyword(r, entry, keywords, &a)) {
        return false;
    }
    for (int i = 0; i < a.n; i++) {
        if (a.items[i].object == NULL) {
            return false;
        }
        a.looped = a.looped || a.items[i].looped;
    }
    PyObject *value = PyLong_CheckExact(entry) ? special_call(r, function, PyLong_AsLong(entry), &a)
                                               : simple_call(r, function, entry, &a);
    return value != NULL && read_push(r, Py_NewRef(value), a.looped);
}
