/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The state of a reader of code objects (read_code.c). Its functions give false (or NULL) where the
 * function is not for us, with an exception or without: _compile/bytecode.py then reads it, or the
 * compiler its source. */
#ifndef READ_CODE_H
#define READ_CODE_H

#include "ir.h"

#define READ_MAX_ITEMS 512

/* state->reader is a tuple of these, made by _compile/quick.py. */
enum {
    READER_KINDS,
    READER_SIZES,
    READER_TEXTS,
    READER_OPERATORS,
    READER_COMPARISONS,
    READER_KNOWN,
    READER_SIMPLE,
    READER_MISSING,
    READER_BUILTINS,
    READER_OPCODES,
    READER_END,
    READER_COSTS,
    READER_INEXACT,
    READER_QUIET,
    READER_N_TABLES,
};

/* Numbers that differ by version: its second item. */
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
    READ_N_SIZES
};

/* What a name or a place of the stack holds, owned: a Val, or an object known now. NULL: nothing,
 * or what calls push beside the function. */
typedef struct item {
    PyObject *object;
    bool looped; /* from a name, in a function with loops: the compiler may have a Val there */
    int order;   /* of a name: when it was first assigned */
} item;

typedef struct reader {
    fc_state *state;
    BuilderObject *b;
    PyObject *deps; /* list, as Evaluator.deps */
    bool silent;    /* nothing of what was looked at may warn */
    bool loops;     /* one of the functions has any */
    PyObject *mask; /* owned: of the lanes that are followed; True: all, False: none */
    int depth, steps, turns, n_orders;
    item items[READ_MAX_ITEMS]; /* of each frame its names, then its stack */
    int n_items;
    /* borrowed from state->reader */
    const unsigned char *kinds, *sizes;
    PyObject *texts, *operators, *comparisons, *known, *simple, *missing, *builtins, *costs;
} reader;

/* ---- values (read_values.c) ---- */

bool read_is_float(const reader *r, PyObject *object); /* at run time */
bool read_is_number(PyObject *object);                 /* known now */

/* Steals object, which is NULL where making it failed. */
bool read_push(reader *r, PyObject *object, bool looped);
bool read_push_null(reader *r);
bool read_push_copy(reader *r, const item *from);
void read_drop_to(reader *r, int n);
void read_pop_to(reader *r, item *to); /* the top goes to `to` */

PyObject *read_emit_1(reader *r, PyObject *op, PyObject *x); /* op's value on floats */
PyObject *read_emit_2(reader *r, PyObject *op, PyObject *x, PyObject *y);
PyObject *read_float_of_bool(reader *r, PyObject *val);
PyObject *read_constant(reader *r, double number);

/* The upper items become the result of the operator. */
bool read_binary(reader *r, PyObject *text);
bool read_unary(reader *r, PyObject *text);

/* Note what the program depends on, as Evaluator.deps does. */
bool read_depend(reader *r, const char *kind, PyObject *container, PyObject *name, PyObject *value);
/* Evaluator.admit, of what can be used here; steals value. */
bool read_push_outside(reader *r, PyObject *value);
bool read_global(reader *r, PyObject *globals, PyObject *name);
bool read_cell(reader *r, PyObject *function, Py_ssize_t i);
bool read_attribute(reader *r, PyObject *name); /* of the module on top */

/* Pushes the function's value for the n items from `first` on, by what quick.py tells of it. */
bool read_call_known(reader *r, PyObject *function, PyObject *entry, int first, int n);

/* ---- branches at run time (read_ways.c) ---- */

/* The ways through a function, from its first branch on; NULL before. `locals` and `stack` are the
 * indices of its first name and of the bottom of its stack. */
typedef struct read_ways read_ways;

Py_ssize_t read_next_way(const read_ways *w); /* the first place where one waits, or -1 */
bool read_has_returned(const read_ways *w);

/* All lanes go to target. */
bool read_jump(reader *r, read_ways **ways, Py_ssize_t target, int locals);
/* Lanes where what is on top is `on` go to target, and it with them if the jump `keeps` it; the
 * others go on without. *alive is unset if there are none. */
bool read_split(reader *r, read_ways **ways, bool on, Py_ssize_t target, int locals, bool keeps,
                bool *alive);
/* Those that wait at `place` go on from there, with those that are followed if any are (`alive`).
 */
bool read_meet(reader *r, read_ways *w, Py_ssize_t place, int locals, int stack, bool alive);
/* The lanes that are followed return what is on top. */
bool read_return(reader *r, read_ways *w);
/* Pushes the function's value when all have returned. */
bool read_finish(reader *r, read_ways *w);
bool read_not(reader *r);          /* `not` of what is on top */
void read_free_ways(read_ways *w); /* NULL is fine */

/* ---- functions (read_code.c) ---- */

/* What _core._read_code gives. */
PyObject *read_function(fc_state *state, PyObject *tables, PyObject *function, int n);

#endif
