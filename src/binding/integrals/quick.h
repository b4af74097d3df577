/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What the short ways through fastconc.quad and fastconc.cubature share: a function's program, if
 * it is known and still right, and the result object, both without a detour through Python code. */
#ifndef QUICK_H
#define QUICK_H

#include "integrand.h"

/* In state->quick_names. */
enum {
    NAME_NEVAL,
    NAME_SUBDIVISIONS,
    NAME_GLOBAL,
    NAME_ATTRIBUTE,
    NAME_CELL,
    NAME_CODE,
    NAME_DEFAULTS,
    NAME_LIST,
    NAME_ARRAY,
    QUICK_N_NAMES
};

#define QUICK_N_RECENT 16     /* entries in state->quick_recent, of integrands and of limits each */
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

/* In `entries` (a dict, or NULL) the entry of `f` for so many inputs and `args` (a tuple or NULL)
 * compiled in, if nothing that it depends on has changed: a new reference, or NULL, with an
 * exception or without. */
PyObject *quick_entry(fc_state *state, PyObject *entries, PyObject *f, Py_ssize_t n_inputs,
                      PyObject *args);

/* Is the entry `f`'s, and still right? 1 or 0, -1 with an exception. */
int quick_entry_holds(fc_state *state, PyObject *entry, PyObject *f);

/* Make an entry in `entries` (a dict, or NULL) for a function that has none there, if it is easily
 * read (reader.c): of so many floats, or of a point of them, and then of `args` (a tuple of floats,
 * or NULL). n_inputs is negative for a limit. 1 or 0, -1 with an exception. */
int reader_learn(fc_state *state, PyObject *entries, PyObject *function, long n_inputs,
                 PyObject *args, bool point);

/* A float or an int, both exactly, that is not nan; 0 when it is something else. */
int quick_number(PyObject *object, double *value);
int quick_tolerance(PyObject *object, double *value); /* nor negative */

/* A QuadResult that has converged, of a range cut so often, without a call of its __new__. Steals
 * `integral` and `error`, which may be NULL with an exception set. */
PyObject *quick_result(fc_state *state, PyObject *integral, PyObject *error, uint64_t n_eval,
                       uint64_t n_cuts);

/* ---- short ways: of a call with ordinary arguments ---- */

#define QUICK_PARAMETERS 12

/* given[i] is parameter i as the table in shortcut.c has them, or NULL (and all behind the last).
 * Returns the call's result; NULL with an exception; NULL without if the long way must be taken.
 * `finish` is what the Python function that is the long way brought along, or NULL. */
typedef PyObject *quick_way(fc_state *state, PyObject *const *given, PyObject *finish);

quick_way quick_quad;                                                /* quad_quick.c */
quick_way quick_cubature, quick_nquad, quick_dblquad, quick_tplquad; /* ndim_quick.c */

#endif
