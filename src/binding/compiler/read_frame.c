/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions in a reader of code objects: their arguments, jumps, loops, returns. Contract in
 * read_code.h.
 *
 * Loops are unrolled. The compiler in Python does that with short ones and with those over
 * sequences; of the others it makes loops at run time, where a name that changes is not known. So
 * that both compute the same bits, such a name is marked here (item.looped), and an operation on it
 * is one at run time if its result could differ. Whether a long `for` is unrolled after all, for it
 * indexes a sequence, is known only when that is met: then the reader begins again (r->unrolls). */
#include "read_code.h"

#include <string.h>

enum { MAX_DEPTH = 12, MAX_STEPS = 20000, MAX_TURNS = 1000, MAX_VALUES = 2000 };

/* ---- jumps ---- */

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
    const bool back = kind >= K_JUMP_BACK && kind <= K_BACK_TRUE;
    return place + 2 + 2 * sizes[SIZE_JUMP_CACHES] + 2 * (back ? -argument : argument);
}

static bool is_conditional(int kind)
{
    return (kind >= K_JUMP_FALSE && kind <= K_TRUE_OR_POP && kind != K_JUMP) ||
           kind == K_BACK_FALSE || kind == K_BACK_TRUE || kind == K_JUMP_NONE ||
           kind == K_JUMP_NOT_NONE;
}

static bool is_jump(int kind)
{
    return kind == K_JUMP || kind == K_JUMP_BACK || is_conditional(kind);
}

static bool tests_none(int kind)
{
    return kind == K_JUMP_NONE || kind == K_JUMP_NOT_NONE;
}

static bool is_known(PyObject *object)
{
    return read_is_number(object) ||
           (object != NULL && (PyTuple_Check(object) || PyList_CheckExact(object)));
}

static bool is_jump_known(const reader *r, int kind)
{
    return !is_conditional(kind) || tests_none(kind) || is_known(r->items[r->n_items - 1].object);
}

/* Where the jump at `place` leads; -1 where that is not for us. */
static Py_ssize_t jump(reader *r, const frame *f, Py_ssize_t place, int kind, Py_ssize_t argument)
{
    const Py_ssize_t target = target_of(r, f, place, kind, argument);
    if (target <= place && ++r->turns > MAX_TURNS) {
        return -1;
    }
    if (!is_conditional(kind)) {
        return target;
    }
    PyObject *top = r->items[r->n_items - 1].object;
    if (top == NULL) {
        return -1;
    }
    const int is_true = tests_none(kind) ? top == Py_None : PyObject_IsTrue(top);
    const bool on =
        kind == K_JUMP_TRUE || kind == K_TRUE_OR_POP || kind == K_BACK_TRUE || kind == K_JUMP_NONE;
    const bool keeps = kind == K_FALSE_OR_POP || kind == K_TRUE_OR_POP;
    const bool jumps = on == (is_true != 0);
    if (is_true < 0) {
        return -1;
    }
    if (!(keeps && jumps)) {
        read_drop_to(r, r->n_items - 1);
    }
    return jumps ? target : place + 2;
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
    if (!is_conditional(kind)) {
        *place += 2;
        *alive = false;
        return read_jump(r, ways, target, f->locals);
    }
    if (tests_none(kind)) { /* a number at run time is not None */
        item *top = &r->items[r->n_items - 1];
        if (top->object == NULL) {
            return false;
        }
        Py_SETREF(top->object, Py_NewRef(top->object == Py_None ? Py_True : Py_False));
    }
    *place += 2;
    const bool on =
        kind == K_JUMP_TRUE || kind == K_TRUE_OR_POP || kind == K_BACK_TRUE || kind == K_JUMP_NONE;
    return read_split(r, ways, on, target, f->locals,
                      kind == K_FALSE_OR_POP || kind == K_TRUE_OR_POP, alive);
}

/* ---- loops ---- */

/* The names that are assigned between two places, by bit. */
static uint64_t names_assigned(const reader *r, const frame *f, Py_ssize_t from, Py_ssize_t to)
{
    uint64_t names = 0;
    for (Py_ssize_t place = from; place < to && place + 1 < f->size; place += 2) {
        const int kind = r->kinds[f->raw[place]], argument = f->raw[place + 1];
        if (f->raw[place] == 0) {
            continue;
        }
        if (kind == K_STORE && argument < 64) {
            names |= (uint64_t)1 << argument;
        } else if (kind == K_STORE_LOAD || kind == K_STORE_STORE) {
            names |= (uint64_t)1 << (argument >> 4);
            names |= kind == K_STORE_STORE ? (uint64_t)1 << (argument & 15) : 0;
        }
    }
    return names;
}

/* Names that change in `while` loops: where a jump leads back, but not to a FOR_ITER. */
static uint64_t names_of_while(const reader *r, const frame *f)
{
    uint64_t names = 0;
    Py_ssize_t argument = 0;
    for (Py_ssize_t place = 0; place + 1 < f->size; place += 2) {
        const int kind = r->kinds[f->raw[place]];
        argument = argument << 8 | f->raw[place + 1];
        if (f->raw[place] != 0 && kind == K_EXTENDED) {
            continue;
        }
        if (f->raw[place] != 0 && is_jump(kind)) {
            Py_ssize_t target = target_of(r, f, place, kind, argument);
            Py_ssize_t head = target;
            while (head >= 0 && head + 1 < f->size && r->kinds[f->raw[head]] == K_EXTENDED) {
                head += 2;
            }
            if (target >= 0 && target <= place && r->kinds[f->raw[head]] != K_FOR_ITER) {
                names |= names_assigned(r, f, target, place);
            }
        }
        argument = 0;
    }
    return names;
}

/* At each turn of a loop that the compiler does not write out: what changes in it is not known. */
static void begin_turn(reader *r, frame *f, Py_ssize_t place, Py_ssize_t end)
{
    int i = 0;
    while (i < f->n_loops && f->loops[i].place != place) {
        i++;
    }
    if (i == f->n_loops && i < MAX_LOOPS) {
        f->loops[f->n_loops].names = names_assigned(r, f, place, end);
        f->loops[f->n_loops++].place = place;
    }
    const uint64_t names = i < MAX_LOOPS ? f->loops[i].names : ~(uint64_t)0;
    for (int k = 0; k < 64 && f->locals + k < f->stack; k++) {
        item *name = &r->items[f->locals + k];
        name->looped = name->looped || (name->object != NULL && (names >> k & 1) != 0);
    }
}

/* The next item of the loop's sequence: 1, or 0 at its end, -1 where it is not for us. */
static int next_item(reader *r, frame *f, Py_ssize_t place, Py_ssize_t end)
{
    const item *top = &r->items[r->n_items - 1];
    if (top->object == NULL || !PyIter_Check(top->object) || ++r->turns > MAX_TURNS) {
        return -1;
    }
    if (top->looped) {
        begin_turn(r, f, place, end);
    }
    PyObject *value = PyIter_Next(top->object);
    if (value == NULL) {
        return PyErr_Occurred() ? -1 : 0;
    }
    return read_push(r, value, top->looped) ? 1 : -1;
}

/* ---- frames ---- */

static bool leave(reader *r, const frame *f, read_ways *ways, bool waits, bool *done)
{
    if (f->yields != NULL) { /* what a generator returns is lost */
        *done = true;
        return !waits && !read_has_returned(ways);
    }
    if (!waits && !read_has_returned(ways)) {
        *done = true;
        return r->items[r->n_items - 1].object != NULL;
    }
    return read_return(r, ways);
}

/* Pushes what the frame's function returns. */
static bool run_frame(reader *r, frame *f, read_ways **ways)
{
    Py_ssize_t high = 0;
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
        if (place < 0 || place + 1 >= f->size) {
            return false;
        }
        const int op = f->raw[place], kind = r->kinds[op];
        const Py_ssize_t argument = f->raw[place + 1] | high;
        high = 0;
        if (op == 0) { /* room for the interpreter's caches */
            place += 2;
            continue;
        }
        if (++r->steps > MAX_STEPS || r->b->n_instructions > MAX_VALUES || argument > 0xFFFF ||
            r->n_items - f->stack < read_needs(r, kind, (int)argument) ||
            !read_is_sound(r, f, kind, (int)argument)) {
            return false;
        }
        const bool waits = read_next_way(*ways) >= 0;
        if (kind == K_EXTENDED) {
            high = argument << 8;
        } else if (kind == K_RETURN || kind == K_RETURN_CONST) {
            bool done = false;
            if ((kind == K_RETURN_CONST &&
                 !read_push_constant(r, PyTuple_GET_ITEM(f->code->co_consts, argument))) ||
                !leave(r, f, *ways, waits, &done)) {
                return false;
            }
            if (done) {
                return true;
            }
            alive = false;
        } else if (kind == K_FOR_ITER) {
            const Py_ssize_t last = target_of(r, f, place, kind, argument);
            const int more = next_item(r, f, place, last);
            if (more < 0) {
                return false;
            }
            if (more == 0) {
                const Py_ssize_t end = last + 2 * (Py_ssize_t)r->sizes[SIZE_FOR_SKIPS];
                read_drop_to(r, r->n_items - 1);
                if (waits && !read_jump(r, ways, end, f->locals)) {
                    return false;
                }
                alive = !waits;
                place = end;
                continue;
            }
        } else if (is_jump(kind)) {
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
        } else if ((kind == K_YIELD && waits) || !read_step(r, f, op, kind, (int)argument)) {
            return false;
        }
        place += 2;
    }
    return !alive && read_finish(r, *ways);
}

static PyObject *code_bytes(PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return PyCode_GetCode(code);
#else
    return Py_NewRef(code->co_code);
#endif
}

/* ---- names ---- */

static int count_names(const PyCodeObject *code)
{
#if PY_VERSION_HEX >= 0x030B0000
    return code->co_nlocalsplus;
#else
    return (int)(code->co_nlocals + PyTuple_GET_SIZE(code->co_cellvars) +
                 PyTuple_GET_SIZE(code->co_freevars));
#endif
}

/* The frame's names from those of its arguments on, and its cells. */
static bool push_names(reader *r, PyObject *function, const frame *f)
{
    const PyCodeObject *code = f->code;
    PyObject *closure = PyFunction_GET_CLOSURE(function);
    const int n = count_names(code);
    const int n_free = closure != NULL ? (int)PyTuple_GET_SIZE(closure) : 0;
    while (r->n_items - f->locals < n) {
        if (!read_push_null(r)) {
            return false;
        }
    }
    for (int i = 0; i < n_free; i++) {
        item *name = &r->items[r->n_items - n_free + i];
        if (n_free > n) {
            return false;
        }
        Py_XSETREF(name->object, Py_NewRef(PyTuple_GET_ITEM(closure, i)));
    }
#if PY_VERSION_HEX < 0x030B0000
    for (Py_ssize_t i = 0; i < PyTuple_GET_SIZE(code->co_cellvars); i++) {
        item *name = &r->items[f->locals + code->co_nlocals + i];
        const Py_ssize_t own =
            code->co_cell2arg != NULL ? code->co_cell2arg[i] : CO_CELL_NOT_AN_ARG;
        if (own != CO_CELL_NOT_AN_ARG) {
            const item *given = &r->items[f->locals + own];
            *name = (item){Py_XNewRef(given->object), given->looped, 0};
        }
        if (!read_make_cell(r, name)) {
            return false;
        }
    }
#endif
    return true;
}

/* The index of the parameter of that name, or -1. */
static int parameter(const PyCodeObject *code, PyObject *name)
{
#if PY_VERSION_HEX >= 0x030B0000
    PyObject *names = code->co_localsplusnames;
#else
    PyObject *names = code->co_varnames;
#endif
    for (int i = code->co_posonlyargcount; i < code->co_argcount + code->co_kwonlyargcount; i++) {
        if (PyUnicode_Compare(PyTuple_GET_ITEM(names, i), name) == 0) {
            return i;
        }
    }
    return -1;
}

/* Arguments for all that the function takes: the n items from `first` on, of which the last have
 * names, and defaults. */
static bool push_arguments(reader *r, PyObject *function, int first, int n, PyObject *keywords)
{
    const PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    PyObject *defaults = PyFunction_GET_DEFAULTS(function);
    const int n_defaults = defaults != NULL ? (int)PyTuple_GET_SIZE(defaults) : 0,
              n_named = keywords != NULL ? (int)PyTuple_GET_SIZE(keywords) : 0, given = n - n_named,
              places = code->co_argcount, all = places + code->co_kwonlyargcount,
              locals = r->n_items;
    const bool takes_more = (code->co_flags & CO_VARARGS) != 0;
    if (given < 0 || (given > places && !takes_more)) {
        return false;
    }
    for (int i = 0; i < all; i++) {
        if (!(i < given && i < places ? read_push_copy(r, &r->items[first + i])
                                      : read_push_null(r))) {
            return false;
        }
    }
    for (int k = 0; k < n_named; k++) {
        const int i = parameter(code, PyTuple_GET_ITEM(keywords, k));
        const item *value = &r->items[first + given + k];
        if (i < 0 || r->items[locals + i].object != NULL || value->object == NULL) {
            return false;
        }
        r->items[locals + i] = (item){Py_NewRef(value->object), value->looped, 0};
    }
    for (int i = 0; i < all; i++) {
        const int k = i - (places - n_defaults);
        if (r->items[locals + i].object != NULL) {
            continue;
        }
        if (i >= places || k < 0 ||
            !(read_is_own(r, function)
                  ? read_push(r, Py_NewRef(PyTuple_GET_ITEM(defaults, k)), false)
                  : read_push_outside(r, Py_NewRef(PyTuple_GET_ITEM(defaults, k))))) {
            return false;
        }
        read_pop_to(r, &r->items[locals + i]);
    }
    if (takes_more) {
        const int n_more = given > places ? given - places : 0;
        PyObject *more = PyTuple_New(n_more);
        for (int i = 0; more != NULL && i < n_more; i++) {
            PyObject *value = r->items[first + places + i].object;
            if (value == NULL) {
                Py_CLEAR(more);
                break;
            }
            PyTuple_SET_ITEM(more, i, Py_NewRef(value));
        }
        return read_push(r, more, false);
    }
    return true;
}

bool read_is_own(const reader *r, PyObject *function)
{
    for (Py_ssize_t i = 0; i < PyList_GET_SIZE(r->made); i++) {
        if (PyList_GET_ITEM(r->made, i) == function) {
            return true;
        }
    }
    return false;
}

bool read_run_function(reader *r, PyObject *function, int first, int n, PyObject *keywords,
                       reader_fold *yields)
{
    PyCodeObject *code = (PyCodeObject *)PyFunction_GET_CODE(function);
    const int odd = 0x280 | (yields == NULL ? CO_GENERATOR : 0) | CO_VARKEYWORDS;
    if (r->depth >= MAX_DEPTH || (code->co_flags & odd) != 0) {
        return false;
    }
    frame f = {.function = function, .code = code, .locals = r->n_items, .yields = yields};
    if (!push_arguments(r, function, first, n, keywords) || !push_names(r, function, &f)) {
        return false;
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
    f.in_while = names_of_while(r, &f);
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

bool read_run_generator(reader *r, PyObject *generator, reader_fold *yields)
{
    PyObject *iterator = PyMethod_GET_SELF(generator);
    const int first = r->n_items;
    if (!read_push(r, Py_NewRef(iterator), yields->looped) ||
        !read_run_function(r, PyMethod_GET_FUNCTION(generator), first, 1, NULL, yields)) {
        return false;
    }
    read_drop_to(r, first);
    return true;
}
