/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The type _core.Program: a verified program of the block VM as a Python object. */
#ifndef KERNEL_TYPE_H
#define KERNEL_TYPE_H

#include "state.h"

#include "fc_program.h"

/* The program inside a _core.Program, borrowed from it; NULL with TypeError set for any other
 * object. */
fc_program *fc_program_of(fc_state *state, PyObject *object);

/* Program.map for inputs of which views[i] is held already where its obj is not NULL (taken over);
 * the result itself if there is one output, else a tuple. */
PyObject *fc_program_call(PyObject *program, fc_state *state, PyObject *const *inputs,
                          Py_buffer *views);

#endif
