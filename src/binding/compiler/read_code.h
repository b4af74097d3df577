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
    READER_MASKED,
    READER_VECTOR,   /* the class of _compile/values.py */
    READER_SUM,      /* builtins.sum */
    READER_ITERATOR, /* of tuples: the type */
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
    SIZE_CELLS_FOLLOW, /* cells are numbered among the names, and are made by an instruction */
    SIZE_FOR_CACHES,
    SIZE_FOR_SKIPS,      /* instructions that a loop's end leaves out */
    SIZE_POSITIVE,       /* of CALL_INTRINSIC_1 */
    SIZE_TO_TUPLE,       /* of CALL_INTRINSIC_1 */
    SIZE_FUNCTION_NAMED, /* MAKE_FUNCTION takes a name from the stack */
    SIZE_SPREAD_NULL,    /* CALL_FUNCTION_EX finds NULL for keywords on top of the tuple */
    READ_N_SIZES
};

/* What a name or a place of the stack holds, owned: a Val, or an object known now (what kinds there
 * are of sequences tells read_sequences.c). NULL: nothing, or what calls push beside the function.
 */
typedef struct item {
    PyObject *object;
    bool looped; /* from a name that changes in a loop: the compiler may have a Val there */
    int order;   /* of a name: when it was first assigned */
} item;

/* What the values go to that a generator expression yields. */
enum { FOLD_SUM, FOLD_PRODUCT, FOLD_ITEMS };

typedef struct reader_fold {
    int kind;
    PyObject *total, *low; /* borrowed; low is what rounding has lost of a sum, or NULL */
    bool looped;
} reader_fold;

enum { READ_MAX_CELLS = 32 };

typedef struct reader {
    fc_state *state;
    BuilderObject *b;
    PyObject *deps;       /* list, as Evaluator.deps */
    PyObject *kept;       /* list: all objects that reading makes live until its end */
    PyObject *made;       /* list: functions that the function makes */
    PyObject *sum;        /* borrowed: builtins.sum */
    bool silent;          /* nothing of what was looked at may warn */
    bool unrolls;         /* long loops are written out by the compiler, too */
    bool wants_unrolling; /* it would be so; the reader begins again */
    PyObject *mask;       /* owned: of the lanes that are followed; True: all, False: none */
    int depth, steps, turns, n_orders, n_long_loops;
    item items[READ_MAX_ITEMS]; /* of each frame its names, then its stack */
    int n_items;
    item cells[READ_MAX_CELLS]; /* borrowed: those of functions that are read */
    int n_cells;
    /* borrowed from state->reader */
    const unsigned char *kinds, *sizes;
    PyObject *texts, *operators, *comparisons, *known, *simple, *missing, *builtins, *costs,
        *vector;
    PyTypeObject *iterator; /* of tuples */
} reader;

/* ---- the stack, and what is outside (read_values.c) ---- */

/* Steals object, which is NULL where making it failed. */
bool read_push(reader *r, PyObject *object, bool looped);
bool read_push_null(reader *r);
bool read_push_copy(reader *r, const item *from);
void read_drop_to(reader *r, int n);
void read_pop_to(reader *r, item *to); /* the top goes to `to` */

/* Note what the program depends on, as Evaluator.deps does. */
bool read_depend(reader *r, const char *kind, PyObject *container, PyObject *name, PyObject *value);
/* Evaluator.admit, of what can be used here; steals value. */
bool read_push_outside(reader *r, PyObject *value);
bool read_global(reader *r, PyObject *globals, PyObject *name);
bool read_cell(reader *r, PyObject *cell);
bool read_make_cell(reader *r, item *name);      /* with what it holds */
bool read_store_cell(reader *r, PyObject *cell); /* the top */
bool read_attribute(reader *r, PyObject *name);  /* of the module on top, or a list's `append` */

/* ---- numbers (read_numbers.c) ----
 * Values are borrowed, given and returned: they are kept. NULL, with an exception or without, where
 * it is not for us; most take NULL and then return it. */

PyObject *read_keep(reader *r, PyObject *object); /* steals it */
bool read_is_number(PyObject *object);            /* known now */
char read_type(const reader *r, PyObject *value); /* 'D', 'I' or 'B'; 0 of what is no number */
PyObject *read_emit(reader *r, const char *op, char type, PyObject *x, PyObject *y, PyObject *z);
PyObject *read_as(reader *r, PyObject *value, char type); /* a Val of that or of a narrower type */
PyObject *read_truth(reader *r, PyObject *value);         /* True, False or a Val */
PyObject *read_and(reader *r, PyObject *x, PyObject *y);  /* of such */
PyObject *read_or(reader *r, PyObject *x, PyObject *y);
PyObject *read_andn(reader *r, PyObject *x, PyObject *y);
PyObject *read_not(reader *r, PyObject *x);
PyObject *read_test(reader *r, const char *op, PyObject *value); /* ISNAN_D, ISINF_D, ISFINITE_D */
enum { LOOPED_X = 1, LOOPED_Y = 2 };                             /* which of two is (item.looped) */
PyObject *read_binary(reader *r, const char *op, PyObject *x, PyObject *y, unsigned looped);
PyObject *read_unary(reader *r, const char *op, PyObject *x);
PyObject *read_compare(reader *r, const char *op, PyObject *x, PyObject *y); /* one is a Val */
/* x where the condition (True, False or a Val) holds, else y */
PyObject *read_choose(reader *r, PyObject *condition, PyObject *x, PyObject *y);

/* ---- sequences (read_sequences.c); borrowed as numbers are ---- */

PyObject *read_join(reader *r, const char *op, PyObject *x, PyObject *y); /* + and * */
PyObject *read_items(reader *r, PyObject *value); /* a tuple of what can be iterated over */
bool read_unpack(reader *r, int n);               /* the top */
PyObject *read_subscript(reader *r, PyObject *value, PyObject *index, bool looped);
bool read_store_item(reader *r, PyObject *list, PyObject *index, PyObject *value, bool looped);
bool read_append(reader *r, PyObject *list, PyObject *value);
/* What sum() or math.prod() gives; *looped is set if an item is. */
PyObject *read_fold(reader *r, int kind, PyObject *value, PyObject *start, bool *looped);
bool read_fold_item(reader *r, reader_fold *f, PyObject *item, bool looped);
PyObject *read_generator(reader *r, PyObject *generator); /* a tuple of what it yields */
PyObject *read_enumerate(reader *r, PyObject *value, PyObject *start);
PyObject *read_zip(reader *r, const item *args, int n);
PyObject *read_reversed(reader *r, PyObject *value);

/* ---- calls of known functions (read_calls.c) ---- */

/* Pushes the function's value for the n items from `first` on, by what quick.py tells of it. */
bool read_call_known(reader *r, PyObject *function, PyObject *entry, int first, int n,
                     PyObject *keywords);

/* ---- branches at run time (read_ways.c, read_returns.c) ---- */

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
void read_free_ways(read_ways *w); /* NULL is fine */

/* ---- functions (read_frame.c) and their instructions (read_code.c) ---- */

/* How an instruction is carried out; the numbers of _compile/bytecode.py, then those that only
 * quick.py knows. */
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
    K_LIST,
    K_LIST_EXTEND,
    K_LIST_APPEND,
    K_LIST_TO_TUPLE,
    K_STORE_ITEM,
    K_SLICE,
    K_BUILD_SLICE,
    K_MAKE_CELL,
    K_STORE_CELL,
    K_CLOSURE,
    K_FUNCTION,
    K_FUNCTION_ATTRIBUTE,
    K_YIELD,
    K_LOAD_CLEAR,
    K_CALL_SPREAD,
    K_IS,
    K_JUMP_NONE,
    K_JUMP_NOT_NONE,
};

enum { MAX_LOOPS = 8 };

typedef struct frame {
    PyObject *function;
    PyCodeObject *code;
    const unsigned char *raw;
    Py_ssize_t size;
    int locals, stack;   /* indices of items: the first name, the bottom of the stack */
    PyObject *keywords;  /* borrowed: names of the next call's arguments, or NULL */
    reader_fold *yields; /* where what is yielded goes, or NULL */
    uint64_t in_while;   /* names that change in `while` loops, by bit */
    struct {
        Py_ssize_t place;
        uint64_t names; /* that change in it */
    } loops[MAX_LOOPS]; /* `for` loops met so far that the compiler does not write out */
    int n_loops;
} frame;

/* One instruction that goes on to the next (read_code.c). */
bool read_step(reader *r, frame *f, int op, int kind, int argument);
/* How many items an instruction takes from the stack at least. */
int read_needs(const reader *r, int kind, int argument);
bool read_is_sound(const reader *r, const frame *f, int kind, int argument);
bool read_push_constant(reader *r, PyObject *value);

/* Pushes the value of the function, one of the user's, for the n items from `first` on; the last of
 * them have names if there are `keywords` (a tuple, or NULL). */
bool read_run_function(reader *r, PyObject *function, int first, int n, PyObject *keywords,
                       reader_fold *yields);
/* A method that stands for a generator expression (read_sequences.c); its iterator's items are
 * looped if yields->looped. */
bool read_run_generator(reader *r, PyObject *generator, reader_fold *yields);
/* Whether the function that is read made this one. */
bool read_is_own(const reader *r, PyObject *function);

/* ---- programs (read_program.c) ---- */

/* What is wanted of a function: of n floats, or of a point of n, and then of `args`. */
typedef struct reader_wish {
    PyObject *function;
    int n;
    bool point;
    PyObject *args; /* a tuple of floats, or NULL */
} reader_wish;

/* What _core._read_code gives. */
PyObject *read_program(fc_state *state, PyObject *tables, const reader_wish *wish);

#endif
