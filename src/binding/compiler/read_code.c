/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The quick way from a function of floats to its program, for the first call of an integrator: what
 * _compile/bytecode.py does, and the evaluator for loops and inner functions, for the part of the
 * language that most integrands keep to. Its rules are those of ir.c and of arith.py; the program
 * has the same bytes (tests/python/test_read_code.py). The compiler in Python takes some 100 to
 * 500 us, most of them on set-up and on paths that are cold in a first call; this takes a few.
 *
 *     numbers     of all types, at run time or known now              read_numbers.c
 *     sequences   tuples, lists, what folds and joins them            read_sequences.c
 *     functions   those of Python, math and NumPy                     read_calls.c
 *                 plain ones of the user, inlined; loops, unrolled    read_frame.c
 *     branches    whose condition is known only at run time           read_ways.c, read_returns.c
 *     outside     globals, cells, attributes; the stack               read_values.c
 *     programs    inputs and outputs                                  read_program.c
 *
 * Anything else is left to the compiler in Python, which knows the whole language: this reader
 * gives up without a trace. What instructions there are and how they are written down differs by
 * version; _compile/quick.py makes the tables.
 *
 * This file has the instructions: a new one gets a kind in read_code.h and in quick.py, and here a
 * case (jumps, loops and returns: in read_frame.c's run_frame). */
#include "read_code.h"

#include <string.h>

/* How many items an instruction takes from the stack at least. */
int read_needs(const reader *r, int kind, int argument)
{
    const int two = r->sizes[SIZE_CALL_TAKES_TWO] ? 2 : 1;
    switch (kind) {
    case K_BINARY:
    case K_COMPARE:
    case K_SUBSCRIPT:
    case K_STORE_STORE:
    case K_IS:
    case K_FUNCTION_ATTRIBUTE:
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
    case K_LIST_TO_TUPLE:
    case K_STORE_CELL:
    case K_YIELD:
    case K_JUMP_NONE:
    case K_JUMP_NOT_NONE:
        return 1;
    case K_ROTATE_3:
    case K_STORE_ITEM:
    case K_SLICE:
        return 3;
    case K_TUPLE:
    case K_LIST:
    case K_BUILD_SLICE:
        return argument;
    case K_LIST_EXTEND:
    case K_LIST_APPEND:
        return argument + 1;
    case K_CALL:
        return argument + two;
    case K_CALL_METHOD:
        return argument + 2;
    case K_CALL_KW:
        return argument + two + 1;
    case K_CALL_SPREAD:
        return two + 1 + r->sizes[SIZE_SPREAD_NULL];
    case K_FUNCTION:
        return 1 + r->sizes[SIZE_FUNCTION_NAMED];
    default:
        return 0;
    }
}

/* Whether the names and constants that the instruction speaks of are there: a code object may have
 * been made by anybody. */
bool read_is_sound(const reader *r, const frame *f, int kind, int argument)
{
    const unsigned char *sizes = r->sizes;
    const int n_names = f->stack - f->locals;
    PyObject *consts = f->code->co_consts;
    switch (kind) {
    case K_LOAD:
    case K_STORE:
    case K_MAKE_CELL:
    case K_LOAD_CLEAR:
        return argument < n_names;
    case K_LOAD_LOAD:
    case K_STORE_LOAD:
    case K_STORE_STORE:
        return argument >> 4 < n_names && (argument & 15) < n_names;
    case K_CELL:
    case K_CLOSURE:
    case K_STORE_CELL:
        return argument + (sizes[SIZE_CELLS_FOLLOW] ? 0 : f->code->co_nlocals) < n_names;
    case K_CONST:
    case K_RETURN_CONST:
        return argument < PyTuple_GET_SIZE(consts);
    case K_NAMES:
        return argument < PyTuple_GET_SIZE(consts) &&
               PyTuple_CheckExact(PyTuple_GET_ITEM(consts, argument));
    case K_GLOBAL:
        return argument >> sizes[SIZE_GLOBAL_SHIFT] < PyTuple_GET_SIZE(f->code->co_names);
    case K_ATTRIBUTE:
        return argument >> sizes[SIZE_ATTRIBUTE_SHIFT] < PyTuple_GET_SIZE(f->code->co_names);
    case K_METHOD:
        return argument < PyTuple_GET_SIZE(f->code->co_names);
    default:
        return true;
    }
}

/* ---- calls ---- */

static bool is_append(PyObject *function)
{
    return PyCFunction_CheckExact(function) && PyCFunction_GET_SELF(function) != NULL &&
           PyList_CheckExact(PyCFunction_GET_SELF(function));
}

static bool call_object(reader *r, PyObject *function, int first, int n, PyObject *keywords)
{
    if (is_append(function)) { /* read_attribute gives no other method */
        return n == 1 && keywords == NULL &&
               read_append(r, PyCFunction_GET_SELF(function), r->items[first].object) &&
               read_push(r, Py_NewRef(Py_None), false);
    }
    if (PyFunction_Check(function) && read_is_own(r, function)) {
        if ((((PyCodeObject *)PyFunction_GET_CODE(function))->co_flags & CO_GENERATOR) == 0) {
            if (n == 1 && r->items[first].object != NULL && PyIter_Check(r->items[first].object)) {
                r->items[first].looped = false; /* a comprehension is written out */
            }
            return read_run_function(r, function, first, n, keywords, NULL);
        }
        PyObject *iterator = n == 1 ? r->items[first].object : NULL;
        return iterator != NULL &&
               read_push(r, PyMethod_New(function, iterator), r->items[first].looped);
    }
    PyObject *entry = PyDict_GetItemWithError(r->simple, function);
    if (entry != NULL) {
        return read_call_known(r, function, entry, first, n, keywords);
    }
    if (PyErr_Occurred() || !PyFunction_Check(function) ||
        PyDict_Contains(r->known, function) != 0) {
        return false;
    }
    PyObject *code = PyFunction_GET_CODE(function), *defaults = PyFunction_GET_DEFAULTS(function);
    return read_depend(r, "code", function, Py_None, code) &&
           (defaults == NULL || read_depend(r, "defaults", function, Py_None, defaults)) &&
           read_run_function(r, function, first, n, keywords, NULL);
}

/* The items from `place` on are a function and n arguments; they become the value. */
static bool call(reader *r, int place, int first, int n, PyObject *keywords)
{
    PyObject *function = r->items[place].object;
    const item *lower = &r->items[place], *upper = &r->items[first - 1];
    if (lower != upper) { /* NULL is above or below the function; or a first argument is above */
        function = lower->object == NULL ? upper->object : lower->object;
        if (lower->object != NULL && upper->object != NULL) {
            first--;
            n++;
        }
    }
    if (function == NULL || !call_object(r, function, first, n, keywords)) {
        return false;
    }
    const item value = r->items[--r->n_items];
    read_drop_to(r, place);
    r->items[r->n_items++] = value;
    return true;
}

static bool call_instruction(reader *r, frame *f, int kind, int argument)
{
    PyObject *keywords = f->keywords;
    f->keywords = NULL;
    if (kind == K_CALL_KW) {
        keywords = read_keep(r, Py_XNewRef(r->items[r->n_items - 1].object));
        read_drop_to(r, r->n_items - 1);
        if (keywords == NULL || !PyTuple_CheckExact(keywords)) {
            return false;
        }
    }
    const int first = r->n_items - argument;
    const bool one = kind != K_CALL_METHOD && !r->sizes[SIZE_CALL_TAKES_TWO];
    return call(r, first - (one ? 1 : 2), first, argument, keywords);
}

/* f(*args): the tuple becomes items */
static bool call_spread(reader *r, int argument)
{
    const unsigned char *sizes = r->sizes;
    if (sizes[SIZE_SPREAD_NULL]) { /* keywords, or NULL */
        if (r->items[r->n_items - 1].object != NULL) {
            return false;
        }
        read_drop_to(r, r->n_items - 1);
    } else if ((argument & 1) != 0) {
        return false;
    }
    PyObject *items = read_items(r, r->items[r->n_items - 1].object);
    read_drop_to(r, r->n_items - 1);
    if (items == NULL) {
        return false;
    }
    const int first = r->n_items, n = (int)PyTuple_GET_SIZE(items);
    for (int i = 0; i < n; i++) {
        if (!read_push(r, Py_NewRef(PyTuple_GET_ITEM(items, i)), false)) {
            return false;
        }
    }
    return call(r, first - (sizes[SIZE_CALL_TAKES_TWO] ? 2 : 1), first, n, NULL);
}

/* ---- inner functions ---- */

static bool set_attribute(reader *r, PyObject *function, int which, PyObject *value)
{
    (void)r;
    return value != NULL && PyFunction_Check(function) && PyTuple_CheckExact(value) &&
           (which == 8   ? PyFunction_SetClosure(function, value) == 0
            : which == 1 ? PyFunction_SetDefaults(function, value) == 0
                         : false);
}

static bool make_function(reader *r, frame *f, int flags)
{
    if (r->sizes[SIZE_FUNCTION_NAMED]) {
        read_drop_to(r, r->n_items - 1);
    }
    PyObject *code = r->items[r->n_items - 1].object;
    PyObject *function =
        code != NULL && PyCode_Check(code) && (flags & ~9) == 0
            ? read_keep(r, PyFunction_New(code, PyFunction_GET_GLOBALS(f->function)))
            : NULL;
    if (function == NULL || PyList_Append(r->made, function) < 0) {
        return false;
    }
    read_drop_to(r, r->n_items - 1);
    for (int which = 8; which > 0; which -= 7) {
        if ((flags & which) != 0) {
            if (r->n_items <= f->stack ||
                !set_attribute(r, function, which, r->items[r->n_items - 1].object)) {
                return false;
            }
            read_drop_to(r, r->n_items - 1);
        }
    }
    return read_push(r, Py_NewRef(function), false);
}

/* ---- names and the stack ---- */

static item *local(reader *r, const frame *f, int i)
{
    return &r->items[f->locals + i];
}

static bool load_local(reader *r, const frame *f, int i)
{
    item *from = local(r, f, i);
    from->looped = from->looped || (i < 64 && (f->in_while >> i & 1) != 0);
    return read_push_copy(r, from);
}

bool read_push_constant(reader *r, PyObject *value)
{
    return (read_is_number(value) || PyTuple_CheckExact(value) || value == Py_None ||
            PyCode_Check(value) || PySlice_Check(value) || PyUnicode_CheckExact(value)) &&
           read_push(r, Py_NewRef(value), false);
}

/* The n upper items become the value. */
static bool replace(reader *r, int n, PyObject *value, bool looped)
{
    if (value == NULL) {
        return false;
    }
    Py_INCREF(value);
    read_drop_to(r, r->n_items - n);
    return read_push(r, value, looped);
}

static bool any_looped(const reader *r, int n)
{
    for (int i = r->n_items - n; i < r->n_items; i++) {
        if (r->items[i].looped) {
            return true;
        }
    }
    return false;
}

/* The operator's text is that of an assignment, as in `+=`, where `assigns`. */
static bool binary(reader *r, PyObject *text, bool assigns)
{
    char op[8] = "";
    const char *given = PyUnicode_AsUTF8(text);
    const item *x = &r->items[r->n_items - 2], *y = x + 1;
    const unsigned looped = (x->looped ? LOOPED_X : 0) | (y->looped ? LOOPED_Y : 0);
    if (given == NULL || strlen(given) >= sizeof op || x->object == NULL || y->object == NULL) {
        return false;
    }
    strcpy(op, given);
    if (assigns && op[strlen(op) - 1] == '=') {
        op[strlen(op) - 1] = 0;
        if (PyList_CheckExact(x->object)) {
            return false; /* it would change */
        }
    }
    return replace(r, 2,
                   op[0] == '[' ? read_subscript(r, x->object, y->object, y->looped)
                                : read_binary(r, op, x->object, y->object, looped),
                   looped != 0);
}

static bool build(reader *r, int n, bool list)
{
    const bool looped = any_looped(r, n);
    PyObject *made = read_keep(r, list ? PyList_New(n) : PyTuple_New(n));
    for (int i = 0; made != NULL && i < n; i++) {
        PyObject *part = r->items[r->n_items - n + i].object;
        if (part == NULL) {
            return false;
        }
        if (list) {
            PyList_SET_ITEM(made, i, Py_NewRef(part));
        } else {
            PyTuple_SET_ITEM(made, i, Py_NewRef(part));
        }
    }
    return replace(r, n, made, looped);
}

static bool extend(reader *r, int depth)
{
    PyObject *items = read_items(r, r->items[r->n_items - 1].object);
    PyObject *list = r->items[r->n_items - 1 - depth].object;
    bool done = items != NULL && list != NULL && PyList_CheckExact(list);
    for (Py_ssize_t i = 0; done && i < PyTuple_GET_SIZE(items); i++) {
        done = PyList_Append(list, PyTuple_GET_ITEM(items, i)) == 0;
    }
    read_drop_to(r, r->n_items - 1);
    return done;
}

/* The n upper items are bounds: of a slice, or of what is below them. */
static bool slice(reader *r, int n, bool of_below)
{
    const item *upper = &r->items[r->n_items - n];
    if (upper[0].object == NULL || upper[1].object == NULL || any_looped(r, n)) {
        return false; /* bounds that change in loops are for the compiler */
    }
    for (int i = 0; i < n; i++) {
        if (upper[i].object != Py_None && !PyLong_CheckExact(upper[i].object)) {
            return false;
        }
    }
    PyObject *made =
        read_keep(r, PySlice_New(upper[0].object, upper[1].object, n > 2 ? upper[2].object : NULL));
    if (!of_below) {
        return replace(r, n, made, false);
    }
    const item *below = upper - 1;
    return replace(r, n + 1, made != NULL ? read_subscript(r, below->object, made, false) : NULL,
                   below->looped);
}

static bool get_iter(reader *r)
{
    enum { WRITTEN_OUT = 12, MOST_TURNS = 400 }; /* the former is loops.UNROLL_RANGE */
    const item top = r->items[r->n_items - 1];
    bool looped = top.looped && top.object != NULL && PyRange_Check(top.object);
    if (top.object == NULL ||
        !(PyRange_Check(top.object) || PyTuple_Check(top.object) || PyList_CheckExact(top.object) ||
          Py_IS_TYPE(top.object, r->iterator))) {
        return false;
    }
    if (PyRange_Check(top.object)) {
        const Py_ssize_t n = PyObject_Size(top.object);
        if (n < 0 || n > MOST_TURNS) {
            return false;
        }
        if (!r->unrolls && n > WRITTEN_OUT) {
            looped = true;
            r->n_long_loops++;
        }
    }
    PyObject *iterator = read_keep(r, PyObject_GetIter(top.object));
    return replace(r, 1, iterator, looped);
}

static bool is_none(reader *r, int argument)
{
    const item *x = &r->items[r->n_items - 2], *y = x + 1;
    if (x->object == NULL || y->object == NULL || (x->object != Py_None && y->object != Py_None)) {
        return false;
    }
    const bool same = x->object == y->object;
    return replace(r, 2, same != (argument != 0) ? Py_True : Py_False, false);
}

static bool intrinsic(reader *r, int argument)
{
    const item *top = &r->items[r->n_items - 1];
    const bool looped = top->looped;
    if (argument == r->sizes[SIZE_POSITIVE]) {
        return replace(r, 1, read_unary(r, "+", top->object), looped);
    }
    return argument == r->sizes[SIZE_TO_TUPLE] && replace(r, 1, read_items(r, top->object), looped);
}

static bool swap(reader *r, const frame *f, int argument)
{
    item *top = &r->items[r->n_items];
    const int depth = r->sizes[SIZE_HAS_DEPTH] ? argument : 2;
    if (depth < 1 || r->n_items - depth < f->stack) {
        return false;
    }
    const item other = top[-depth];
    top[-depth] = top[-1];
    top[-1] = other;
    return true;
}

/* One instruction that goes on to the next. */
bool read_step(reader *r, frame *f, int op, int kind, int argument)
{
    const unsigned char *sizes = r->sizes;
    item *top = &r->items[r->n_items]; /* one above */
    PyCodeObject *code = f->code;
    switch (kind) {
    case K_LOAD:
        return load_local(r, f, argument);
    case K_LOAD_LOAD:
        return load_local(r, f, argument >> 4) && load_local(r, f, argument & 15);
    case K_LOAD_CLEAR: { /* a comprehension takes the name for its own, and is written out */
        item *name = local(r, f, argument);
        if (r->n_items > f->stack && top[-1].object != NULL && PyIter_Check(top[-1].object)) {
            top[-1].looped = false;
        }
        const item held = *name;
        *name = (item){0};
        r->items[r->n_items] = held;
        return ++r->n_items < READ_MAX_ITEMS;
    }
    case K_CONST:
        return read_push_constant(r, PyTuple_GET_ITEM(code->co_consts, argument));
    case K_SMALL_INT:
        return read_push(r, PyLong_FromLong(argument), false);
    case K_BINARY: {
        PyObject *text = PyTuple_GET_ITEM(r->texts, op);
        if (PyUnicode_GET_LENGTH(text) == 0) {
            text = argument < PyTuple_GET_SIZE(r->operators)
                       ? PyTuple_GET_ITEM(r->operators, argument)
                       : NULL;
        }
        return text != NULL && PyUnicode_GET_LENGTH(text) > 0 && binary(r, text, true);
    }
    case K_SUBSCRIPT:
        return top[-2].object != NULL && top[-1].object != NULL &&
               replace(r, 2, read_subscript(r, top[-2].object, top[-1].object, top[-1].looped),
                       top[-2].looped);
    case K_COMPARE: {
        const int which = argument >> sizes[SIZE_COMPARE_SHIFT] & sizes[SIZE_COMPARE_MASK];
        return which < PyTuple_GET_SIZE(r->comparisons) &&
               binary(r, PyTuple_GET_ITEM(r->comparisons, which), false);
    }
    case K_UNARY: {
        const char *text = PyUnicode_AsUTF8(PyTuple_GET_ITEM(r->texts, op));
        const bool looped = top[-1].looped;
        return text != NULL && top[-1].object != NULL &&
               replace(r, 1, read_unary(r, text, top[-1].object), looped);
    }
    case K_INTRINSIC:
        return intrinsic(r, argument);
    case K_IS:
        return is_none(r, argument);
    case K_GLOBAL:
        if (sizes[SIZE_GLOBAL_SHIFT] != 0 && (argument & 1) != 0 && !read_push_null(r)) {
            return false;
        }
        return read_global(r, PyFunction_GET_GLOBALS(f->function),
                           PyTuple_GET_ITEM(code->co_names, argument >> sizes[SIZE_GLOBAL_SHIFT]));
    case K_ATTRIBUTE:
    case K_METHOD: {
        const int shift = kind == K_ATTRIBUTE ? sizes[SIZE_ATTRIBUTE_SHIFT] : 0;
        if (!read_attribute(r, PyTuple_GET_ITEM(code->co_names, argument >> shift))) {
            return false;
        }
        return (kind == K_ATTRIBUTE && (shift == 0 || (argument & 1) == 0)) || read_push_null(r);
    }
    case K_CELL:
        return read_cell(
            r, local(r, f, argument + (sizes[SIZE_CELLS_FOLLOW] ? 0 : code->co_nlocals))->object);
    case K_CLOSURE:
        return read_push_copy(
            r, local(r, f, argument + (sizes[SIZE_CELLS_FOLLOW] ? 0 : code->co_nlocals)));
    case K_MAKE_CELL:
        return read_make_cell(r, local(r, f, argument));
    case K_STORE_CELL:
        return read_store_cell(
            r, local(r, f, argument + (sizes[SIZE_CELLS_FOLLOW] ? 0 : code->co_nlocals))->object);
    case K_FUNCTION:
        return make_function(r, f, argument);
    case K_FUNCTION_ATTRIBUTE: {
        PyObject *function = top[-1].object;
        return function != NULL && set_attribute(r, function, argument, top[-2].object) &&
               replace(r, 2, function, false);
    }
    case K_CALL:
    case K_CALL_METHOD:
    case K_CALL_KW:
        return call_instruction(r, f, kind, argument);
    case K_NAMES:
        f->keywords = PyTuple_GET_ITEM(code->co_consts, argument);
        return true;
    case K_CALL_SPREAD:
        return call_spread(r, argument);
    case K_YIELD: {
        const item value = top[-1];
        return f->yields != NULL && value.object != NULL &&
               read_fold_item(r, f->yields, value.object, value.looped) &&
               replace(r, 1, Py_None, false);
    }
    case K_NOTHING:
        return true;
    case K_NULL:
        return read_push_null(r);
    case K_STORE:
        read_pop_to(r, local(r, f, argument));
        return true;
    case K_STORE_LOAD:
        read_pop_to(r, local(r, f, argument >> 4));
        return load_local(r, f, argument & 15);
    case K_STORE_STORE:
        read_pop_to(r, local(r, f, argument >> 4));
        read_pop_to(r, local(r, f, argument & 15));
        return true;
    case K_POP:
        read_drop_to(r, r->n_items - 1);
        return true;
    case K_COPY: {
        const int depth = sizes[SIZE_HAS_DEPTH] ? argument : 1;
        return r->n_items - depth >= f->stack && read_push_copy(r, top - depth);
    }
    case K_SWAP:
        return swap(r, f, argument);
    case K_ROTATE_3: {
        const item upper = top[-1];
        top[-1] = top[-2];
        top[-2] = top[-3];
        top[-3] = upper;
        return true;
    }
    case K_TUPLE:
    case K_LIST:
        return build(r, argument, kind == K_LIST);
    case K_LIST_EXTEND:
        return extend(r, argument);
    case K_LIST_APPEND:
        if (!read_append(r, top[-1 - argument].object, top[-1].object)) {
            return false;
        }
        read_drop_to(r, r->n_items - 1);
        return true;
    case K_LIST_TO_TUPLE:
        return replace(r, 1, read_items(r, top[-1].object), top[-1].looped);
    case K_UNPACK:
        return read_unpack(r, argument);
    case K_STORE_ITEM:
        if (!read_store_item(r, top[-2].object, top[-1].object, top[-3].object, top[-1].looped)) {
            return false;
        }
        read_drop_to(r, r->n_items - 3);
        return true;
    case K_SLICE:
        return slice(r, 2, true);
    case K_BUILD_SLICE:
        return slice(r, argument, false);
    case K_GET_ITER:
        return get_iter(r);
    default:
        return false;
    }
}
