/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the short ways through fastconc.quad and fastconc.cubature share: a function's program, if
 * it is known and still right, and the result object, both without a detour through Python code. */
#ifndef QUICK_H
#define QUICK_H

#include "integrand.h"

/* In state->quad_names, behind the attributes of a result that are not always the same. */
enum { NAME_GLOBAL = 3, NAME_ATTRIBUTE, QUICK_N_NAMES };

#define QUICK_SMALL (1 << 20) /* as _integrand.py has it */

/* An entry is what _integrand.py remembers of a function: a tuple. */
enum {
    ENTRY_REF,
    ENTRY_CODE,
    ENTRY_DEFAULTS,
    ENTRY_CELLS,
    ENTRY_UNIT,
    ENTRY_DEPS,
    ENTRY_PROGRAM,
    ENTRY_N_OUT,
    ENTRY_TAKES_INTS, /* of up to QUICK_SMALL, as floats */
    ENTRY_SIZE
};

/* The entry of `f` for so many inputs and `args` (a tuple or NULL) compiled in, if nothing that it
 * depends on has changed: a new reference, or NULL, with an exception or without. */
PyObject *quick_entry(fc_state *state, PyObject *entries, PyObject *f, Py_ssize_t n_inputs,
                      PyObject *args);

/* A float or an int, both exactly, that is not nan; 0 when it is something else. */
int quick_number(PyObject *object, double *value);
int quick_tolerance(PyObject *object, double *value); /* nor negative */

/* type(integral, error, n_eval, True, "converged", message), without a call of its __new__. Steals
 * `integral` and `error`, which may be NULL with an exception set. */
PyObject *quick_result(fc_state *state, PyTypeObject *type, PyObject *integral, PyObject *error,
                       uint64_t n_eval);

#endif
