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

#endif
