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
    READER_N_TABLES,
};

/* What a name or a place of the stack holds, owned: a Val, or an object known now. NULL: nothing,
 * or what calls push beside the function. */
typedef struct item {
    PyObject *object;
    bool looped; /* from a name, in a function with loops: the compiler may have a Val there */
} item;

typedef struct reader {
    fc_state *state;
    BuilderObject *b;
    PyObject *deps; /* list, as Evaluator.deps */
    bool silent;    /* nothing of what was looked at may warn */
    bool loops;     /* one of the functions has any */
    int depth, steps, turns;
    item items[READ_MAX_ITEMS]; /* of each frame its names, then its stack */
    int n_items;
    /* borrowed from state->reader */
    const unsigned char *kinds, *sizes;
    PyObject *texts, *operators, *comparisons, *known, *simple, *missing, *builtins;
} reader;

#endif
