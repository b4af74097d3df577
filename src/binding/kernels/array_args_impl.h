/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What array_args.c and array_outputs.c share. */
#ifndef ARRAY_ARGS_IMPL_H
#define ARRAY_ARGS_IMPL_H

#include "array_args.h"

#include "fc_code.h"

extern const char *const fc_dtype_names[FC_N_DTYPES];
extern const char *const fc_type_names[4]; /* by fc_type */

/* Holds the buffer of object and tells its element type; `role` and `index` name it in errors. -1
 * with an exception set; the view is to be released where its obj is not NULL. */
int fc_array_take_view(PyObject *object, Py_buffer *view, fc_dtype *dtype, int flags,
                       const char *role, unsigned index);
/* Is operand i an array (and not a number)? */
bool fc_array_is_array(const fc_array_args *call, unsigned i);
/* Sets n from the shape. -1 with ValueError if that is too large. */
int fc_array_count_elements(fc_array_args *call);
PyObject *fc_shape_tuple(unsigned n_dim, const Py_ssize_t *lengths);

#endif
