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
 *     jumps       forward; those whose condition is known only at run time in read_ways.c
 *     loops       over ranges and tuples known now, of few turns, unrolled
 *
 * Anything else is left to the compiler in Python, which knows the whole language: this reader
 * gives up without a trace. What instructions there are and how they are written down differs by
 * version; _compile/quick.py makes the tables. */
#include "read_code.h"

#include <stddef.h>
#include <string.h>

enum { MAX_DEPTH = 12, MAX_STEPS = 4000, MAX_TURNS = 64, MAX_VALUES = 1000 };

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
        done = read_call_known(r, function, entry, first, n);
    } else if (!PyErr_Occurred() && PyFunction_Check(function) &&
               PyDict_Contains(r->known, function) == 0) {
        PyObject *code = PyFunction_GET_CODE(function),
                 *defaults = PyFunction_GET_DEFAULTS(function);
        done = read_depend(r, "code", function, Py_None, code) &&
               (defaults == NULL || read_depend(r, "defaults", function, Py_None, defaults)) &&
               run_function(r, function, first, n);
    }
    if (done) {
        const item value = r->items[--r->n_items];
        read_drop_to(r, place);
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
    return read_push_copy(r, from);
}

/* The next item of the loop's sequence: 1, or 0 at its end, -1 where it is not for us. */
static int next_item(reader *r)
{
    PyObject *iterator = r->items[r->n_items - 1].object;
    PyObject *value = PyIter_Next(iterator);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    if (!read_is_number(value)) {
        Py_DECREF(value);
        return -1;
    }
    return read_push(r, value, true) ? 1 : -1;
}

static bool is_jump_known(const reader *r, int kind)
{
    return kind == K_JUMP || kind == K_JUMP_BACK || read_is_number(r->items[r->n_items - 1].object);
}

static bool push_constant(reader *r, PyObject *value)
{
    return (read_is_number(value) || PyTuple_CheckExact(value)) &&
           read_push(r, Py_NewRef(value), false);
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
    const int is_true = PyObject_IsTrue(r->items[r->n_items - 1].object);
    const bool on = kind == K_JUMP_TRUE || kind == K_TRUE_OR_POP || kind == K_BACK_TRUE;
    const bool keeps = kind == K_FALSE_OR_POP || kind == K_TRUE_OR_POP;
    const bool jumps = on == (is_true != 0);
    if (!(keeps && jumps)) {
        read_drop_to(r, r->n_items - 1);
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
    case K_CONST:
        return push_constant(r, PyTuple_GET_ITEM(code->co_consts, argument));
    case K_SMALL_INT:
        return read_push(r, PyLong_FromLong(argument), false);
    case K_BINARY: {
        PyObject *text = PyTuple_GET_ITEM(r->texts, op);
        if (PyUnicode_GET_LENGTH(text) == 0) {
            const Py_ssize_t n = PyTuple_GET_SIZE(r->operators);
            if (argument >= 2 * n) {
                return false;
            }
            text = PyTuple_GET_ITEM(r->operators, argument % n);
        }
        return read_binary(r, text);
    }
    case K_COMPARE: {
        const int which = argument >> sizes[SIZE_COMPARE_SHIFT] & sizes[SIZE_COMPARE_MASK];
        return which < PyTuple_GET_SIZE(r->comparisons) &&
               read_binary(r, PyTuple_GET_ITEM(r->comparisons, which));
    }
    case K_UNARY:
        return read_unary(r, PyTuple_GET_ITEM(r->texts, op));
    case K_INTRINSIC:
        return argument == sizes[SIZE_POSITIVE] &&
               (read_is_number(top[-1].object)
                    ? read_push(r, PyNumber_Positive(top[-1].object), top[-1].looped) &&
                          (read_pop_to(r, &top[-1]), true)
                    : read_is_float(r, top[-1].object));
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
        return read_cell(r, f->function,
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
        read_drop_to(r, r->n_items - 1);
        return read_push(r, iterator, false);
    }
    default:
        return false;
    }
}

/* Behind `place`, the last that jumps to `target` in any case: where a loop's turn ends for the
 * lanes of all ways; -1 if there is none. (Jumps behind an EXTENDED_ARG are not found.) */
static Py_ssize_t last_jump_to(const reader *r, const frame *f, Py_ssize_t place, Py_ssize_t target)
{
    for (Py_ssize_t last = (f->size - 2) & ~(Py_ssize_t)1; last > place; last -= 2) {
        const int kind = r->kinds[f->raw[last]];
        if (f->raw[last] != 0 && (kind == K_JUMP || kind == K_JUMP_BACK) &&
            target_of(r, f, last, kind, f->raw[last + 1]) == target) {
            return last;
        }
    }
    return -1;
}

/* A place behind the code, for lanes that begin the next turn of the loop at `target` when all
 * others have left it: those of inner loops before those of outer ones, which share their
 * iterators. */
static Py_ssize_t behind_all(const frame *f, Py_ssize_t target)
{
    return 2 * f->size - target;
}

/* Where lanes may part: *place and *alive afterwards. */
static bool jump_at_run_time(reader *r, const frame *f, read_ways **ways, Py_ssize_t *place,
                             int kind, Py_ssize_t argument, bool *alive)
{
    Py_ssize_t target = target_of(r, f, *place, kind, argument);
    if (target <= *place) {
        const Py_ssize_t last = last_jump_to(r, f, *place, target);
        target = last >= 0 ? last : behind_all(f, target);
    }
    *place += 2;
    if (kind == K_JUMP || kind == K_JUMP_BACK) {
        *alive = false;
        return read_jump(r, ways, target, f->locals);
    }
    const bool on = kind == K_JUMP_TRUE || kind == K_TRUE_OR_POP || kind == K_BACK_TRUE;
    return read_split(r, ways, on, target, f->locals,
                      kind == K_FALSE_OR_POP || kind == K_TRUE_OR_POP, alive);
}

/* Pushes what the frame's function returns. */
static bool run_frame(reader *r, const frame *f, read_ways **ways)
{
    int high = 0;
    bool alive = true;
    for (Py_ssize_t place = 0; !alive || place + 1 < f->size;) {
        const Py_ssize_t next = read_next_way(*ways);
        if (!alive) {
            if (next < 0) {
                break;
            }
            place = next;
        }
        if (place == next) {
            if (!read_meet(r, *ways, place, f->locals, f->stack, alive)) {
                return false;
            }
            alive = true;
            if (place >= f->size) {
                place = behind_all(f, place);
                if (++r->turns > MAX_TURNS) {
                    return false;
                }
            }
        }
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
        const bool waits = read_next_way(*ways) >= 0;
        if (kind == K_EXTENDED) {
            high = argument << 8;
        } else if (kind == K_RETURN || kind == K_RETURN_CONST) {
            if (kind == K_RETURN_CONST &&
                !push_constant(r, PyTuple_GET_ITEM(f->code->co_consts, argument))) {
                return false;
            }
            if (!waits && !read_has_returned(*ways)) {
                return r->items[r->n_items - 1].object != NULL;
            }
            if (!read_return(r, *ways)) {
                return false;
            }
            alive = false;
        } else if (kind == K_FOR_ITER) {
            const int more = next_item(r);
            if (more < 0) {
                return false;
            }
            if (more == 0) {
                const Py_ssize_t end = target_of(r, f, place, kind, argument) +
                                       2 * (Py_ssize_t)r->sizes[SIZE_FOR_SKIPS];
                read_drop_to(r, r->n_items - 1);
                if (waits && !read_jump(r, ways, end, f->locals)) {
                    return false;
                }
                alive = !waits;
                place = end;
                continue;
            }
        } else if ((kind >= K_JUMP_FALSE && kind <= K_TRUE_OR_POP) ||
                   (kind >= K_JUMP_BACK && kind <= K_BACK_TRUE)) {
            if (waits || !is_jump_known(r, kind)) {
                if (!jump_at_run_time(r, f, ways, &place, kind, argument, &alive)) {
                    return false;
                }
                continue;
            }
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
    return !alive && read_finish(r, *ways);
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
        if (!read_push_copy(r, &r->items[first + i])) {
            return false;
        }
    }
    for (Py_ssize_t i = n_defaults - missing; i < n_defaults; i++) {
        if (!read_push_outside(r, Py_NewRef(PyTuple_GET_ITEM(defaults, i)))) {
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
        if (!read_push_null(r)) {
            return false;
        }
    }
    f.stack = r->n_items;
    for (int i = f.locals; i < f.stack; i++) {
        r->items[i].order = r->items[i].object != NULL ? ++r->n_orders : 0;
    }
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
    read_ways *ways = NULL;
    PyObject *mask = Py_NewRef(r->mask);
    const bool done = run_frame(r, &f, &ways);
    Py_SETREF(r->mask, mask);
    read_free_ways(ways);
    r->depth--;
    Py_DECREF(code);
    Py_DECREF(function);
    Py_DECREF(raw);
    if (done) {
        const item value = r->items[--r->n_items];
        read_drop_to(r, f.locals);
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
    if (read_is_float(r, value)) {
        return Py_NewRef(value);
    }
    if (is_val(state, value)) {
        return read_float_of_bool(r, value);
    }
    if (!read_is_number(value)) {
        return NULL;
    }
    const double number = PyFloat_AsDouble(value);
    return number == -1 && PyErr_Occurred() ? NULL : read_constant(r, number);
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
        good = input != NULL && read_push(r, Py_NewRef(input), false);
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

/* As takes_ints of _integrand.py. */
static bool takes_ints(const reader *r, PyObject *tables)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(r->b->body); i++) {
        const ValObject *val = (ValObject *)PyList_GET_ITEM(r->b->body, i);
        if (PySet_Contains(PyTuple_GET_ITEM(tables, READER_INEXACT), val->op) != 0) {
            return false;
        }
    }
    return true;
}

PyObject *read_function(fc_state *state, PyObject *tables, PyObject *function, int n)
{
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
    r.costs = PyTuple_GET_ITEM(tables, READER_COSTS);
    r.mask = Py_NewRef(Py_True);
    r.deps = PyList_New(0);
    r.b = ir_new_builder(state);
    PyObject *bytes = r.deps != NULL && r.b != NULL ? read_program(&r, function, n) : NULL;
    PyObject *result = NULL;
    if (bytes != NULL) {
        result = Py_BuildValue("NOOO", bytes, r.deps, r.silent ? Py_True : Py_False,
                               takes_ints(&r, tables) ? Py_True : Py_False);
    }
    read_drop_to(&r, 0);
    Py_DECREF(r.mask);
    Py_XDECREF(r.deps);
    Py_XDECREF(r.b);
    return result;
}
