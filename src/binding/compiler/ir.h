/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The compiler's values and what makes them (python/fastconc/_compile/ir.py tells what they are). A
 * function is compiled in as much time as a short integral takes, most of it spent making and
 * finding these; so they are in C. */
#ifndef IR_H
#define IR_H

#include "state.h"

/* An instruction, and the value it computes. Every object is set, to None where there is none. */
typedef struct ValObject {
    PyObject_HEAD PyObject *op, *type; /* str */
    PyObject *args;                    /* tuple of Vals */
    PyObject *mask, *payload, *home, *assigns;
    int imm, line;
    char uniform;
} ValObject;

static inline bool is_val(const fc_state *state, PyObject *object)
{
    return Py_IS_TYPE(object, (PyTypeObject *)state->val_type);
}

/* In state->ir_names: interned strings. Those from IR_ADD on are there once more for "F". */
enum {
    IR_ANY,
    IR_ALL,
    IR_B,
    IR_CONST,
    IR_D,
    IR_F,
    IR_I,
    IR_INPUT,
    IR_I_B,
    IR_D_I,
    IR_NEG,
    IR_POW,
    IR_MOD,
    IR_FLOORDIV,
    IR_SQRT,
    IR_ABS,
    IR_SELECT,
    IR_SELECT_B,
    IR_B_D,
    IR_AND,
    IR_OR,
    IR_NOT,
    IR_ANDN,
    IR_ADD,
    IR_SUB,
    IR_MUL,
    IR_DIV,
    IR_SQUARE,
    IR_CUBE,
    IR_LT,
    IR_LE,
    IR_EQ,
    IR_NE,
    IR_N_NAMES,
    IR_FLOAT32 = IR_N_NAMES - IR_ADD,
};

static inline PyObject *ir_name(const fc_state *state, int name)
{
    return PyTuple_GET_ITEM(state->ir_names, name);
}

typedef struct BuilderObject {
    PyObject_HEAD PyObject *fl;      /* "D" or "F", the type of floats */
    PyObject *masked;                /* set of opcodes that take a mask */
    PyObject *body, *block;          /* lists; block is the innermost open one */
    PyObject *home;                  /* Skip, Loop or None */
    PyObject *scope, *scopes;        /* dict of values to be found again; list of such dicts */
    PyObject *consts;                /* dict */
    int line, n_instructions, limit; /* limit of n_instructions */
} BuilderObject;

/* A builder of float64s, as ir.Builder() is, but without its methods. */
BuilderObject *ir_new_builder(fc_state *state);

/* All give a new reference, or NULL with an exception; ir_float and ir_binary also without one,
 * or None, where the operands are none of theirs. */

ValObject *ir_new_val(fc_state *state, PyObject *op, PyObject *type, PyObject *args);

/* The value of op on args (a tuple of Vals), or an equal one that dominates this place. */
PyObject *ir_emit(BuilderObject *b, fc_state *state, PyObject *op, PyObject *type, PyObject *args,
                  int imm, PyObject *mask);
/* A constant: a float of a type of floats, an int of the others. */
PyObject *ir_const(BuilderObject *b, fc_state *state, PyObject *value, PyObject *type);
/* Where `value` is a float, or an int that is one exactly: the Val of it. */
PyObject *ir_float(BuilderObject *b, fc_state *state, PyObject *value);
/* p op q of Vals that are floats: what Python computes with doubles, to the bit. */
PyObject *ir_binary(BuilderObject *b, fc_state *state, const char *op, PyObject *p, PyObject *q);

/* Raise the status (of arith.STATUS) in the lanes of mask where the condition holds; both True,
 * False or a Val. -1 with an exception. */
int ir_raise_if(BuilderObject *b, fc_state *state, PyObject *condition, int status, PyObject *mask);

/* Logic of bools, each True, False or a Val of type B; ir_logic.c. `and not` of x and y. */
PyObject *ir_and(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y);
PyObject *ir_or(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y);
PyObject *ir_not(BuilderObject *b, fc_state *state, PyObject *x);
PyObject *ir_andn(BuilderObject *b, fc_state *state, PyObject *x, PyObject *y);

/* (bytes of the program, list of its instructions' Vals), or None for a body with jumps or too
 * large; pack.c. `opcodes` is emit.py's table, `end` the END among them. */
PyObject *ir_pack(fc_state *state, PyObject *body, PyObject *inputs, PyObject *outputs,
                  PyObject *tables, PyObject *opcodes, long flags, long end);

#endif
