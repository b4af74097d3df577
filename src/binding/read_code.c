/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quick way from a function of floats to its program, for the first call of an integrator: what
 * _compile/bytecode.py does, for the part of the language that most integrands keep to. Its rules
 * are those of ir.c and of arith.py; the program has the same bytes (tests/python/
 * test_read_code.py). The evaluator in Python takes some 50 to 100 us, most of them on set-up and
 * on paths that are cold in a first call; this takes about five.
 *
 *     numbers     floats, and ints and bools known now: + - * / // % ** and comparisons
 *     functions   those of math and NumPy that are one instruction; plain ones of the user, inlined
 *     jumps       where the condition is known now
 *     loops       over ranges and tuples known now, of few turns, unrolled
 *
 * Anything else is left to the compiler in Python, which knows the whole language: this reader
 * gives up without a trace. What instructions there are and how they are written down differs by
 * version; _compile/quick.py makes the tables. */
#include "read_code.h"

#include <string.h>

#include "kernel_type.h"
#include "quick.h"

enum { MAX_DEPTH = 12, MAX_STEPS = 4000, MAX_TURNS = 64, MAX_VALUES = 1000, MAX_INPUTS = 16 };

/* How an instruction is carried out; the numbers of _compile/bytecode.py, then those of loops. */
enum {
    K_LOAD,
    K_CONST,
    K_BINARY,
    K_GLOBAL,
    K_ATTRIBUTE,
    K_METHOD,
    K_CALL,
    K_NOTHING,
    K_STORE,
    K_COMPARE,
    K_UNARY,
    K_RETURN,
    K_CELL,
    K_NULL,
    K_LOAD_LOAD,
    K_STORE_LOAD,
    K_STORE_STORE,
    K_TUPLE,
    K_UNPACK,
    K_SUBSCRIPT,
    K_POP,
    K_COPY,
    K_SWAP,
    K_RETURN_CONST,
    K_SMALL_INT,
    K_NAMES,
    K_CALL_METHOD,
    K_CALL_KW,
    K_INTRINSIC,
    K_EXTENDED,
    K_ROTATE_3,
    K_JUMP_FALSE,
    K_JUMP_TRUE,
    K_JUMP,
    K_FALSE_OR_POP,
    K_TRUE_OR_POP,
    K_GET_ITER,
    K_FOR_ITER,
    K_JUMP_BACK,
    K_BACK_FALSE,
    K_BACK_TRUE,
};

/* Numbers that differ by version: state->reader's second item. */
enum {
    SIZE_GLOBAL_SHIFT,
    SIZE_ATTRIBUTE_SHIFT,
    SIZE_HAS_DEPTH,
    SIZE_CALL_TAKES_TWO,
    SIZE_COMPARE_SHIFT,
    SIZE_COMPARE_MASK,
    SIZE_JUMPS_ABSOLUTE,
    SIZE_JUMP_FORWARD, /* the instruction whose argument is never absolute */
    SIZE_JUMP_CACHES,
    SIZE_CELLS_FOLLOW, /* free variables are numbered behind the names */
    SIZE_FOR_CACHES,
    SIZE_FOR_SKIPS, /* instructions that a loop's end leaves out */
    SIZE_POSITIVE,  /* of CALL_INTRINSIC_1 */
    N_SIZES
};

static bool is_float_val(const reader *r, PyObject *object)
{
    return object != NULL && is_val(r->state, object) &&
           ((ValObject *)object)->type == ir_name(r->state, IR_D);
}

static bool is_known_number(PyObject *object)
{
    return object != NULL &&
           (PyFloat_CheckExact(object) || PyLong_CheckExact(object) || PyBool_Check(object));
}

/* ---- the stack ---- */

/* Steals object, which is NULL where making it failed. */
static bool push(reader *r, PyObject *object, bool looped)
{
    if (object == NULL || r->n_items == READ_MAX_ITEMS) {
        Py_XDECREF(object);
        return false;
    }
    r->items[r->n_items++] = (item){object, looped};
    return true;
}

static bool push_null(reader *r)
{
    if (r->n_items == READ_MAX_ITEMS) {
        return false;
    }
    r->items[r->n_items++] = (item){0};
    return true;
}

static void drop_to(reader *r, int n)
{
    while (r->n_items > n) {
        r->n_items--;
        Py_CLEAR(r->items[r->n_items].object);
    }
}

static bool push_copy(reader *r, const item *from)
{
    return from->object != NULL && push(r, Py_NewRef(from->object), from->looped);
}

/* The top goes to `to`. */
static void pop_to(reader *r, item *to)
{
    Py_XSETREF(to->object, r->items[--r->n_items].object);
    to->looped = r->items[r->n_items].looped;
}

/* ---- operations ---- */

static PyObject *emit_1(reader *r, PyObject *op, PyObject *x)
{
    PyObject *args = PyTuple_Pack(1, x), *val = NULL;
    if (args != NULL) {
        val = ir_emit(r->b, r->state, op, ir_name(r->state, IR_D), args, 0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

static PyObject *emit_2(reader *r, PyObject *op, PyObject *x, PyObject *y)
{
    PyObject *args = PyTuple_Pack(2, x, y), *val = NULL;
    if (args != NULL) {
        val = ir_emit(r->b, r->state, op, ir_name(r->state, IR_D), args, 0, Py_None);
        Py_DECREF(args);
    }
    return val;
}

static PyObject *constant(reader *r, double number)
{
    PyObject *value = PyFloat_FromDouble(number), *val = NULL;
    if (value != NULL) {
        val = ir_const(r->b, r->state, value, ir_name(r->state, IR_D));
        Py_DECREF(value);
    }
    return val;
}

/* base ** 0.5, as Arithmetic.power_const has it */
static PyObject *emit_root(reader *r, PyObject *base)
{
    fc_state *state = r->state;
    PyObject *zero = constant(r, 0.0), *low = constant(r, -Py_HUGE_VAL),
             *high = constant(r, Py_HUGE_VAL), *sum = NULL, *root = NULL, *result = NULL;
    if (zero != NULL && low != NULL && high != NULL) {
        sum = emit_2(r, ir_name(state, IR_ADD), base, zero);
        root = sum != NULL ? emit_1(r, ir_name(state, IR_SQRT), sum) : NULL;
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
            PyObject *one = constant(r, 1.0);
            PyObject *result = one != NULL ? emit_2(r, ir_name(r->state, IR_DIV), one, base) : NULL;
            Py_XDECREF(one);
            return result;
        }
    }
    return emit_2(r, ir_name(r->state, IR_POW), base, exponent);
}

/* x op y where both are floats at run time, or numbers that become such. */
static PyObject *binary_of_floats(reader *r, const char *op, PyObject *x, PyObject *y)
{
    PyObject *p = ir_float(r->b, r->state, x);
    PyObject *q = p != NULL ? ir_float(r->b, r->state, y) : NULL, *result = NULL;
    if (q != NULL) {
        if (strcmp(op, "**") == 0) {
            result = ir_binary(r->b, r->state, op, p, q);
            if (result == Py_None) {
                Py_DECREF(result);
                result = power(r, p, q);
            }
        } else if (strcmp(op, "//") == 0 || op[0] == '%') {
            result = emit_2(r, ir_name(r->state, op[0] == '%' ? IR_MOD : IR_FLOORDIV), p, q);
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
        if (result != NULL && !is_known_number(result)) {
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
static bool binary(reader *r, PyObject *text)
{
    const char *op = PyUnicode_AsUTF8(text);
    const item *x = &r->items[r->n_items - 2], *y = x + 1;
    const bool looped = x->looped || y->looped;
    PyObject *result = NULL;
    if (op == NULL || x->object == NULL || y->object == NULL) {
        return false;
    }
    if (is_known_number(x->object) && is_known_number(y->object)) {
        result = fold(op, x, y);
    } else if (!(strcmp(op, "**") == 0 && y->looped && !is_val(r->state, y->object))) {
        /* (a power that the loop's turn tells would be rounded in another way) */
        result = binary_of_floats(r, op, x->object, y->object);
    }
    drop_to(r, r->n_items - 2);
    return push(r, result, looped);
}

static bool unary(reader *r, PyObject *text)
{
    const item x = r->items[r->n_items - 1];
    const char *op = PyUnicode_AsUTF8(text);
    PyObject *result = NULL;
    if (op == NULL || op[1] != 0 || x.object == NULL) {
        return false;
    }
    if (is_known_number(x.object)) {
        result = op[0] == '-'   ? PyNumber_Negative(x.object)
                 : op[0] == '+' ? PyNumber_Positive(x.object)
                                : NULL;
    } else if (is_float_val(r, x.object) && op[0] == '-') {
        const ValObject *val = (const ValObject *)x.object;
        result = val->op == ir_name(r->state, IR_NEG)
                     ? Py_NewRef(PyTuple_GET_ITEM(val->args, 0))
                     : emit_1(r, ir_name(r->state, IR_NEG), x.object);
    } else if (is_float_val(r, x.object) && op[0] == '+') {
        result = Py_NewRef(x.object);
    }
    drop_to(r, r->n_items - 1);
    return push(r, result, x.looped);
}

/* ---- what is outside ---- */

static bool depend(reader *r, const char *kind, PyObject *container, PyObject *name,
                   PyObject *value)
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
static bool push_outside(reader *r, PyObject *value)
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
    } else if (!is_known_number(value) && !PyFunction_Check(value) && !PyTuple_CheckExact(value)) {
        if (!is_known_function(r, value)) {
            Py_DECREF(value);
            return false;
        }
        r->silent = r->silent && PyCFunction_CheckExact(value);
    }
    return push(r, value, false);
}

static bool load_global(reader *r, PyObject *globals, PyObject *name)
{
    PyObject *value = fc_dict_get(globals, name);
    if (value != NULL) {
        return depend(r, "global", globals, name, value) ? push_outside(r, value)
                                                         : (Py_DECREF(value), false);
    }
    value = PyErr_Occurred() ? NULL : fc_dict_get(r->builtins, name);
    return value != NULL && depend(r, "global", globals, name, r->missing)
               ? push_outside(r, value)
               : (Py_XDECREF(value), false);
}

static bool load_cell(reader *r, PyObject *function, Py_ssize_t i)
{
    PyObject *cells = PyFunction_GET_CLOSURE(function);
    if (cells == NULL || i < 0 || i >= PyTuple_GET_SIZE(cells)) {
        return false;
    }
    PyObject *cell = PyTuple_GET_ITEM(cells, i), *value = PyCell_Get(cell);
    return value != NULL && depend(r, "cell", cell, Py_None, value) ? push_outside(r, value)
                                                                    : (Py_XDECREF(value), false);
}

static bool load_attribute(reader *r, PyObject *name)
{
    PyObject *module = r->items[r->n_items - 1].object;
    if (module == NULL || !PyModule_CheckExact(module)) {
        return false;
    }
    PyObject *value = PyObject_GetAttr(module, name);
    const bool done = value != NULL && depend(r, "attribute", module, name, value);
    drop_to(r, r->n_items - 1);
    return done ? push_outside(r, value) : (Py_XDECREF(value), false);
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
    if (folds != 0 && is_known_number(a) && (y == NULL || is_known_number(b))) {
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
        result = PyUnicode_GET_LENGTH(op) != 0 ? emit_1(r, op, p) : Py_NewRef(p);
    } else if (p != NULL) {
        PyObject *q = ir_float(r->b, r->state, b);
        result = q != NULL ? emit_2(r, op, p, q) : NULL;
        Py_XDECREF(q);
    }
    Py_XDECREF(p);
    return result;
}

/* The function's value for the n items from `first` on, by what quick.py tells of it. */
static bool call_known(reader *r, PyObject *function, PyObject *entry, int first, int n)
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
               push(r, PyObject_CallFunctionObjArgs(function, args[0], args[1], args[2], NULL),
                    looped);
    }
    if (arity < 0 ? n < 2 : n != arity) {
        return false;
    }
    if (PyUnicode_CompareWithASCIIString(op, "**") == 0) {
        return !is_known_number(r->items[first].object) ||
                       !is_known_number(r->items[first + 1].object)
                   ? push_copy(r, &r->items[first]) && push_copy(r, &r->items[first + 1]) &&
                         binary(r, op)
                   : false;
    }
    if (n == 1) {
        return push(r, apply(r, function, op, folds, &r->items[first], NULL), looped);
    }
    item result = {Py_XNewRef(r->items[first].object), looped};
    for (int i = 1; i < n && result.object != NULL; i++) {
        Py_SETREF(result.object, apply(r, function, op, folds, &result, &r->items[first + i]));
    }
    return push(r, result.object, looped);
}

static bool run_function(reader *r, PyObject *function, int first, int n);

/* The items from `place` on are a function and n arguments; they become the value. */
static bool call(reader *r, int place, int first, int n)
{
    PyObject *function = r->items[place].object;
    const item *lower = &r->items[place], *upper = &r->items[first - 1];
    if (lower != upper) { /* NULL is above or below the function */
        function = lower->object == NULL ? upper->object : lower->object;
        if (lower->object != NULL && upper->object != NULL) {
            return false;
        }
    }
    if (function == NULL) {
        return false;
    }
    bool done = false;
    PyObject *entry = PyDict_GetItemWithError(r->simple, function);
    if (entry != NULL) {
        done = call_known(r, function, entry, first, n);
    } else if (!PyErr_Occurred() && PyFunction_Check(function) &&
               PyDict_Contains(r->known, function) == 0) {
        PyObject *code = PyFunction_GET_CODE(function),
                 *defaults = PyFunction_GET_DEFAULTS(function);
        done = depend(r, "code", function, Py_None, code) &&
               (defaults == NULL || depend(r, "defaults", function, Py_None, defaults)) &&
               run_function(r, function, first, n);
    }
    if (done) {
        const item value = r->items[--r->n_items];
        drop_to(r, place);
        r->items[r->n_items++] = value;
    }
    return done;
}

/* ---- the instructions ---- */

typedef struct frame {
    PyObject *function;
    PyCodeObject *code;
    const unsigned char *raw;
    Py_ssize_t size;
    int locals, stack; /* indices of items: the first name, the bottom of the stack */
} frame;

static item *local(reader *r, const frame *f, int i)
{
    return &r->items[f->locals + i];
}

static bool load_local(reader *r, const frame *f, int i)
{
    item *from = local(r, f, i);
    from->looped = from->looped || r->loops;
    return push_copy(r, from);
}

/* The next item of the loop's sequence: 1, or 0 at its end, -1 where it is not for us. */
static int next_item(reader *r)
{
    PyObject *iterator = r->items[r->n_items - 1].object;
    PyObject *value = PyIter_Next(iterator);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (!is_known_number(value)) {
        Py_DECREF(value);
        return -1;
    }
    return push(r, value, true) ? 1 : -1;
}

/* Whether the known number on top is true: it stays. -1 where it is not known. */
static int truth(const reader *r)
{
    PyObject *value = r->items[r->n_items - 1].object;
    return is_known_number(value) ? PyObject_IsTrue(value) : -1;
}

static Py_ssize_t target_of(const reader *r, const frame *f, Py_ssize_t place, int kind,
                            Py_ssize_t argument)
{
    const unsigned char *sizes = r->sizes;
    if (kind == K_FOR_ITER) {
        return place + 2 + 2 * (argument + sizes[SIZE_FOR_CACHES]);
    }
    if (f->raw[place] == sizes[SIZE_JUMP_FORWARD]) {
        return place + 2 + 2 * argument;
    }
    if (sizes[SIZE_JUMPS_ABSOLUTE]) {
        return 2 * argument;
    }
    return place + 2 + 2 * sizes[SIZE_JUMP_CACHES] +
           2 * (kind >= K_JUMP_BACK ? -argument : argument);
}

/* Where the jump at `place` leads; -1 where that is not for us. */
static Py_ssize_t jump(reader *r, const frame *f, Py_ssize_t place, int kind, Py_ssize_t argument)
{
    const Py_ssize_t target = target_of(r, f, place, kind, argument);
    if (target <= place && ++r->turns > MAX_TURNS) {
        return -1;
    }
    if (kind == K_JUMP || kind == K_JUMP_BACK) {
        return target;
    }
    const int is_true = truth(r);
    if (is_true < 0) {
        return -1;
    }
    const bool on = kind == K_JUMP_TRUE || kind == K_TRUE_OR_POP || kind == K_BACK_TRUE;
    const bool keeps = kind == K_FALSE_OR_POP || kind == K_TRUE_OR_POP;
    const bool jumps = on == (is_true != 0);
    if (!(keeps && jumps)) {
        drop_to(r, r->n_items - 1);
    }
    return jumps ? target : place + 2;
}

/* How many items an instruction takes from the stack at least. */
static int needs(int kind, int argument)
{
    switch (kind) {
    case K_BINARY:
    case K_COMPARE:
    case K_SUBSCRIPT:
    case K_STORE_STORE:
        return 2;
    case K_ATTRIBUTE:
    case K_METHOD:
    case K_STORE:
    case K_UNARY:
    case K_RETURN:
    case K_STORE_LOAD:
    case K_POP:
    case K_UNPACK:
    case K_INTRINSIC:
    case K_JUMP_FALSE:
    case K_JUMP_TRUE:
    case K_FALSE_OR_POP:
    case K_TRUE_OR_POP:
    case K_GET_ITER:
    case K_FOR_ITER:
    case K_BACK_FALSE:
    case K_BACK_TRUE:
        return 1;
    case K_ROTATE_3:
        return 3;
    case K_CALL:
    case K_CALL_METHOD:
        return argument + 2;
    default:
        return 0;
    }
}

/* One instruction that goes on to the next. */
static bool step(reader *r, const frame *f, int op, int kind, int argument)
{
    const unsigned char *sizes = r->sizes;
    item *top = &r->items[r->n_items]; /* one above */
    PyCodeObject *code = f->code;
    switch (kind) {
    case K_LOAD:
        return load_local(r, f, argument);
    case K_LOAD_LOAD:
        return load_local(r, f, argument >> 4) && load_local(r, f, argument & 15);
    case K_CONST: {
        PyObject *value = PyTuple_GET_ITEM(code->co_consts, argument);
        return (is_known_number(value) || PyTuple_CheckExact(value)) &&
               push(r, Py_NewRef(value), false);
    }
    case K_SMALL_INT:
        return push(r, PyLong_FromLong(argument), false);
    case K_BINARY: {
        PyObject *text = PyTuple_GET_ITEM(r->texts, op);
        if (PyUnicode_GET_LENGTH(text) == 0) {
            const Py_ssize_t n = PyTuple_GET_SIZE(r->operators);
            if (argument >= 2 * n) {
                return false;
            }
            text = PyTuple_GET_ITEM(r->operators, argument % n);
        }
        return binary(r, text);
    }
    case K_COMPARE: {
        const int which = argument >> sizes[SIZE_COMPARE_SHIFT] & sizes[SIZE_COMPARE_MASK];
        return which < PyTuple_GET_SIZE(r->comparisons) &&
               binary(r, PyTuple_GET_ITEM(r->comparisons, which));
    }
    case K_UNARY:
        return unary(r, PyTuple_GET_ITEM(r->texts, op));
    case K_INTRINSIC:
        return argument == sizes[SIZE_POSITIVE] &&
               (is_known_number(top[-1].object)
                    ? push(r, PyNumber_Positive(top[-1].object), top[-1].looped) &&
                          (pop_to(r, &top[-1]), true)
                    : is_float_val(r, top[-1].object));
    case K_GLOBAL:
        if (sizes[SIZE_GLOBAL_SHIFT] != 0 && (argument & 1) != 0 && !push_null(r)) {
            return false;
        }
        return load_global(r, PyFunction_GET_GLOBALS(f->function),
                           PyTuple_GET_ITEM(code->co_names, argument >> sizes[SIZE_GLOBAL_SHIFT]));
    case K_ATTRIBUTE:
    case K_METHOD: {
        const int shift = kind == K_ATTRIBUTE ? sizes[SIZE_ATTRIBUTE_SHIFT] : 0;
        if (!load_attribute(r, PyTuple_GET_ITEM(code->co_names, argument >> shift))) {
            return false;
        }
        return (kind == K_ATTRIBUTE && (shift == 0 || (argument & 1) == 0)) || push_null(r);
    }
    case K_CELL:
        return load_cell(r, f->function,
                         argument - (sizes[SIZE_CELLS_FOLLOW] ? code->co_nlocals : 0));
    case K_CALL:
    case K_CALL_METHOD: {
        const int first = r->n_items - argument;
        return call(r, first - (kind == K_CALL && !sizes[SIZE_CALL_TAKES_TWO] ? 1 : 2), first,
                    argument);
    }
    case K_NOTHING:
        return true;
    case K_NULL:
        return push_null(r);
    case K_STORE:
        pop_to(r, local(r, f, argument));
        return true;
    case K_STORE_LOAD:
        pop_to(r, local(r, f, argument >> 4));
        return load_local(r, f, argument & 15);
    case K_STORE_STORE:
        pop_to(r, local(r, f, argument >> 4));
        pop_to(r, local(r, f, argument & 15));
        return true;
    case K_POP:
        drop_to(r, r->n_items - 1);
        return true;
    case K_COPY: {
        const int depth = sizes[SIZE_HAS_DEPTH] ? argument : 1;
        return r->n_items - depth >= f->stack && push_copy(r, top - depth);
    }
    case K_SWAP: {
        const int depth = sizes[SIZE_HAS_DEPTH] ? argument : 2;
        if (depth < 1 || r->n_items - depth < f->stack) {
            return false;
        }
        const item other = top[-depth];
        top[-depth] = top[-1];
        top[-1] = other;
        return true;
    }
    case K_ROTATE_3: {
        const item upper = top[-1];
        top[-1] = top[-2];
        top[-2] = top[-3];
        top[-3] = upper;
        return true;
    }
    case K_GET_ITER: {
        PyObject *sequence = top[-1].object;
        if (sequence == NULL || !(PyRange_Check(sequence) || PyTuple_CheckExact(sequence))) {
            return false;
        }
        PyObject *iterator = PyObject_GetIter(sequence);
        drop_to(r, r->n_items - 1);
        return push(r, iterator, false);
    }
    default:
        return false;
    }
}

/* Pushes what the frame's function returns. */
static bool run_frame(reader *r, const frame *f)
{
    int high = 0;
    for (Py_ssize_t place = 0; place + 1 < f->size;) {
        const int op = f->raw[place], argument = f->raw[place + 1] | high, kind = r->kinds[op];
        high = 0;
        if (op == 0) { /* room for the interpreter's caches */
            place += 2;
            continue;
        }
        if (++r->steps > MAX_STEPS || r->b->n_instructions > MAX_VALUES ||
            r->n_items - f->stack <
                needs(kind, argument) - (kind == K_CALL && !r->sizes[SIZE_CALL_TAKES_TWO])) {
            return false;
        }
        if (kind == K_EXTENDED) {
            high = argument << 8;
        } else if (kind == K_RETURN) {
            return r->items[r->n_items - 1].object != NULL;
        } else if (kind == K_RETURN_CONST) {
            PyObject *value = PyTuple_GET_ITEM(f->code->co_consts, argument);
            return is_known_number(value) && push(r, Py_NewRef(value), false);
        } else if (kind == K_FOR_ITER) {
            const int more = next_item(r);
            if (more < 0) {
                return false;
            }
            if (more == 0) {
                drop_to(r, r->n_items - 1);
                place = target_of(r, f, place, kind, argument) +
                        2 * (Py_ssize_t)r->sizes[SIZE_FOR_SKIPS];
                continue;
            }
        } else if ((kind >= K_JUMP_FALSE && kind <= K_TRUE_OR_POP) ||
                   (kind >= K_JUMP_BACK && kind <= K_BACK_TRUE)) {
            place = jump(r, f, place, kind, argument);
            if (place < 0) {
                return false;
            }
            continue;
        } else if (!step(r, f, op, kind, argument)) {
            return false;
        }
        place += 2;
    }
    return false;
}

/* Whether a jump may lead back. (EXTENDED_ARG is left out: it makes targets larger.) */
static bool has_loops(const reader *r, const frame *f)
{
    for (Py_ssize_t place = 0; place + 1 < f->size; place += 2) {
        const int kind = r->kinds[f->raw[place]];
        const bool jumps = kind >= K_JUMP_FALSE && kind <= K_TRUE_OR_POP;
        if (f->raw[place] != 0 &&
            ((kind >= K_FOR_ITER && kind <= K_BACK_TRUE) ||
             (jumps && target_of(r, f, place, kind, f->raw[place + 1]) <= place))) {
            return true;
        }
    }
    return false;
}

static PyObject *code_bytes(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyCode_GetCode(code);
#else
    return Py_NewRef(code->co_code);
#endif
}

static bool has_cells(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return code->co_ncellvars != 0;
#else
    return PyTuple_GET_SIZE(code->co_cellvars) != 0;
#endif
}

/* Arguments for all that the function takes: the n items from `first` on, and defaults. */
static bool push_arguments(reader *r, PyObject *function, int first, int n)
{
    const PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    PyObject *defaults = PyFunction_GET_DEFAULTS(function);
    const Py_ssize_t n_defaults = defaults != NULL ? PyTuple_GET_SIZE(defaults) : 0;
    const Py_ssize_t missing = code->co_argcount - n;
    if (missing < 0 || missing > n_defaults) {
        return false;
    }
    for (int i = 0; i < n; i++) {
        if (!push_copy(r, &r->items[first + i])) {
            return false;
        }
    }
    for (Py_ssize_t i = n_defaults - missing; i < n_defaults; i++) {
        if (!push_outside(r, Py_NewRef(PyTuple_GET_ITEM(defaults, i)))) {
            return false;
        }
    }
    return true;
}

/* Pushes the value for the n items from `first` on. */
static bool run_function(reader *r, PyObject *function, int first, int n)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    const int odd = 0x2A0 | CO_VARARGS | CO_VARKEYWORDS; /* also generators and coroutines */
    if (r->depth >= MAX_DEPTH || (code->co_flags & odd) != 0 || code->co_kwonlyargcount != 0 ||
        has_cells(code)) {
        return false;
    }
    frame f = {.function = function, .code = code, .locals = r->n_items};
    if (!push_arguments(r, function, first, n)) {
        return false;
    }
    for (int i = code->co_argcount; i < code->co_nlocals; i++) {
        if (!push_null(r)) {
            return false;
        }
    }
    f.stack = r->n_items;
    PyObject *raw = code_bytes(code);
    if (raw == NULL) {
        return false;
    }
    f.raw = (const unsigned char *)PyBytes_AS_STRING(raw);
    f.size = PyBytes_GET_SIZE(raw);
    Py_INCREF(function);
    Py_INCREF(code); /* nothing that runs here could change the function; other threads could */
    r->loops = r->loops || has_loops(r, &f);
    r->depth++;
    const bool done = run_frame(r, &f);
    r->depth--;
    Py_DECREF(code);
    Py_DECREF(function);
    Py_DECREF(raw);
    if (done) {
        const item value = r->items[--r->n_items];
        drop_to(r, f.locals);
        r->items[r->n_items++] = value;
    }
    return done;
}

/* ---- programs ---- */

/* The value on top as a float64 at run time. */
static PyObject *output_of(reader *r)
{
    fc_state *state = r->state;
    PyObject *value = r->items[r->n_items - 1].object;
    if (is_float_val(r, value)) {
        return Py_NewRef(value);
    }
    if (is_val(state, value)) { /* a bool */
        PyObject *args = PyTuple_Pack(1, value), *whole = NULL, *result = NULL;
        if (args != NULL) {
            whole = ir_emit(r->b, state, ir_name(state, IR_I_B), ir_name(state, IR_I), args, 0,
                            Py_None);
            result = whole != NULL ? emit_1(r, ir_name(state, IR_D_I), whole) : NULL;
        }
        Py_XDECREF(whole);
        Py_XDECREF(args);
        return result;
    }
    if (!is_known_number(value)) {
        return NULL;
    }
    const double number = PyFloat_AsDouble(value);
    return number == -1 && PyErr_Occurred() ? NULL : constant(r, number);
}

/* The program's bytes, or NULL with an exception or without. */
static PyObject *read_program(reader *r, PyObject *function, int n)
{
    fc_state *state = r->state;
    PyObject *inputs = PyList_New(n), *outputs = PyList_New(1), *empty = PyTuple_New(0),
             *none = PyBytes_FromStringAndSize(NULL, 0), *bytes = NULL;
    bool good = inputs != NULL && outputs != NULL && empty != NULL && none != NULL;
    for (int i = 0; good && i < n; i++) {
        PyObject *input =
            (PyObject *)ir_new_val(state, ir_name(state, IR_INPUT), ir_name(state, IR_D), empty);
        good = input != NULL && push(r, Py_NewRef(input), false);
        PyList_SET_ITEM(inputs, i, input);
    }
    if (good && run_function(r, function, 0, n)) {
        PyObject *output = output_of(r), *packed = NULL;
        PyList_SET_ITEM(outputs, 0, output);
        if (output != NULL) {
            packed = ir_pack(state, r->b->body, inputs, outputs, none,
                             PyTuple_GET_ITEM(state->reader, READER_OPCODES), 0,
                             PyLong_AsLong(PyTuple_GET_ITEM(state->reader, READER_END)));
        }
        if (packed != NULL && PyTuple_Check(packed)) {
            bytes = Py_NewRef(PyTuple_GET_ITEM(packed, 0));
        }
        Py_XDECREF(packed);
    }
    Py_XDECREF(none);
    Py_XDECREF(empty);
    Py_XDECREF(outputs);
    Py_XDECREF(inputs);
    return bytes;
}

/* None after an exception that only says that the function is not for us. */
static PyObject *nothing(void)
{
    if (PyErr_Occurred() && PyErr_ExceptionMatches(PyExc_Exception)) {
        PyErr_Clear();
    }
    return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
}

PyDoc_STRVAR(read_code_doc,
             "_read_code($module, function, n, /)\n--\n\n"
             "(bytes of the program of n floats, what it depends on, whether nothing in it may\n"
             "warn), or None for a function that the compiler in Python must read.");

static PyObject *read_code(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    if (count != 2 || !PyFunction_Check(args[0]) || !PyLong_Check(args[1])) {
        return PyErr_Format(PyExc_TypeError, "_read_code takes a function and a number");
    }
    const long n = PyLong_AsLong(args[1]);
    PyObject *tables = fc_state_kept(&state->reader);
    if (n < 1 || n > MAX_INPUTS || tables == NULL) {
        return nothing();
    }
    reader r;
    memset(&r, 0, offsetof(reader, items));
    r.n_items = 0;
    r.state = state;
    r.silent = true;
    r.kinds = (const unsigned char *)PyBytes_AS_STRING(PyTuple_GET_ITEM(tables, READER_KINDS));
    r.sizes = (const unsigned char *)PyBytes_AS_STRING(PyTuple_GET_ITEM(tables, READER_SIZES));
    r.texts = PyTuple_GET_ITEM(tables, READER_TEXTS);
    r.operators = PyTuple_GET_ITEM(tables, READER_OPERATORS);
    r.comparisons = PyTuple_GET_ITEM(tables, READER_COMPARISONS);
    r.known = PyTuple_GET_ITEM(tables, READER_KNOWN);
    r.simple = PyTuple_GET_ITEM(tables, READER_SIMPLE);
    r.missing = PyTuple_GET_ITEM(tables, READER_MISSING);
    r.builtins = PyTuple_GET_ITEM(tables, READER_BUILTINS);
    r.deps = PyList_New(0);
    r.b = ir_new_builder(state);
    PyObject *bytes = r.deps != NULL && r.b != NULL ? read_program(&r, args[0], (int)n) : NULL;
    PyObject *result =
        bytes != NULL ? Py_BuildValue("NOO", bytes, r.deps, r.silent ? Py_True : Py_False) : NULL;
    drop_to(&r, 0);
    Py_XDECREF(r.deps);
    Py_XDECREF(r.b);
    return result != NULL ? result : nothing();
}

/* ---- comparison with plain Python ---- */

static bool agrees(PyObject *got, PyObject *expected)
{
    double a = PyFloat_AsDouble(got), b = PyFloat_AsDouble(expected);
    if (PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    const double size = fabs(a) > fabs(b) ? fabs(a) : fabs(b);
    return a == b || (isnan(a) && isnan(b)) ||
           fabs(a - b) <= 1e-9 * (size > 1e-300 ? size : 1e-300);
}

PyDoc_STRVAR(agrees_doc, "_agrees_with_python($module, function, program, samples, /)\n--\n\n"
                         "Whether the program gives about what the function gives, where that is a"
                         "\nnumber and no exception, for each tuple of floats in samples.");

static PyObject *agrees_with_python(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    fc_state *state = fc_state_of_module(module);
    Py_buffer views[MAX_INPUTS] = {0};
    if (count != 3 || !PyTuple_Check(args[2])) {
        return PyErr_Format(PyExc_TypeError, "_agrees_with_python takes three arguments");
    }
    fc_program *program = fc_program_of(state, args[1]);
    if (program == NULL) {
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(args[2]); i++) {
        PyObject *sample = PyTuple_GET_ITEM(args[2], i);
        if (!PyTuple_CheckExact(sample) || PyTuple_GET_SIZE(sample) > MAX_INPUTS ||
            PyTuple_GET_SIZE(sample) != (Py_ssize_t)fc_program_n_inputs(program)) {
            return PyErr_Format(PyExc_ValueError, "samples must be tuples of the inputs");
        }
        PyObject *expected = PyObject_Call(args[0], sample, NULL);
        if (expected == NULL) {
            if (!PyErr_ExceptionMatches(PyExc_Exception)) {
                return NULL;
            }
            PyErr_Clear();
            continue;
        }
        PyObject *got = fc_program_call(args[1], state, &PyTuple_GET_ITEM(sample, 0), views);
        const bool same = got != NULL && agrees(got, expected);
        Py_DECREF(expected);
        Py_XDECREF(got);
        if (!same) {
            return PyErr_Occurred() ? NULL : Py_NewRef(Py_False);
        }
    }
    Py_RETURN_TRUE;
}

PyDoc_STRVAR(holds_doc, "_quick_holds($module, entries, f, n_inputs, /)\n--\n\n"
                        "Whether there is an entry for f and nothing it depends on has changed.");

static PyObject *quick_holds(PyObject *module, PyObject *const *args, Py_ssize_t count)
{
    const Py_ssize_t n = count == 3 ? PyLong_AsSsize_t(args[2]) : -1;
    if (n < 0 || !PyDict_CheckExact(args[0])) {
        return PyErr_Occurred()
                   ? NULL
                   : PyErr_Format(PyExc_TypeError, "_quick_holds takes entries, f and a number");
    }
    PyObject *entry = quick_entry(fc_state_of_module(module), args[0], args[1], n, NULL);
    if (entry == NULL && PyErr_Occurred()) {
        return NULL;
    }
    const bool holds = entry != NULL;
    Py_XDECREF(entry);
    return PyBool_FromLong(holds);
}

PyDoc_STRVAR(tables_doc, "_set_reader($module, tables, /)\n--\n\n"
                         "Take the tables of _read_code, made by fastconc._compile.quick.");

static PyObject *set_reader(PyObject *module, PyObject *tables)
{
    if (!PyTuple_CheckExact(tables) || PyTuple_GET_SIZE(tables) != READER_N_TABLES ||
        !PyBytes_CheckExact(PyTuple_GET_ITEM(tables, READER_KINDS)) ||
        PyBytes_GET_SIZE(PyTuple_GET_ITEM(tables, READER_KINDS)) != 256 ||
        !PyBytes_CheckExact(PyTuple_GET_ITEM(tables, READER_SIZES)) ||
        PyBytes_GET_SIZE(PyTuple_GET_ITEM(tables, READER_SIZES)) != N_SIZES ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_TEXTS)) ||
        PyTuple_GET_SIZE(PyTuple_GET_ITEM(tables, READER_TEXTS)) != 256 ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_OPERATORS)) ||
        !PyTuple_CheckExact(PyTuple_GET_ITEM(tables, READER_COMPARISONS)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_KNOWN)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_SIMPLE)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_BUILTINS)) ||
        !PyDict_CheckExact(PyTuple_GET_ITEM(tables, READER_OPCODES)) ||
        !PyLong_CheckExact(PyTuple_GET_ITEM(tables, READER_END))) {
        return PyErr_Format(PyExc_TypeError, "these are no tables of a reader");
    }
    (void)fc_state_keep(&fc_state_of_module(module)->reader, Py_NewRef(tables));
    Py_RETURN_NONE;
}

static PyMethodDef functions[] = {
    {"_read_code", (PyCFunction)(void (*)(void))read_code, METH_FASTCALL, read_code_doc},
    {"_agrees_with_python", (PyCFunction)(void (*)(void))agrees_with_python, METH_FASTCALL,
     agrees_doc},
    {"_quick_holds", (PyCFunction)(void (*)(void))quick_holds, METH_FASTCALL, holds_doc},
    {"_set_reader", set_reader, METH_O, tables_doc},
    {NULL, NULL, 0, NULL},
};

int fc_init_read_code(PyObject *module)
{
    return PyModule_AddFunctions(module, functions);
}
