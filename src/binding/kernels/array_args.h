/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The arguments of an elementwise call: numbers and buffers of any strides, broadcast to one shape,
 * as the core's operands. */
#ifndef ARRAY_ARGS_H
#define ARRAY_ARGS_H

#include "state.h"

#include "fc_map.h"
#include "fc_fold.h"

typedef union fc_scalar {
    double d;
    float f;
    int64_t i;
    uint8_t b;
} fc_scalar;

#define FC_FEW_OPERANDS 8
#define FC_FEW_STRIDES 24

typedef struct fc_array_args {
    fc_program *program;
    unsigned n_dim;
    size_t n; /* elements of the broadcast shape */
    size_t shape[FC_MAP_MAX_DIMS];
    fc_map_operand *inputs, *outputs;
    fc_table *tables;
    bool all_numbers; /* no input is an array of at least one dimension */
    unsigned n_operands, n_tables, n_kept;
    Py_buffer *views;   /* by operand, then by table; held where obj is not NULL */
    PyObject **kept;    /* the objects of the outputs, owned; NULL: a number */
    void **copies;      /* by input: memory of those that had to be copied, or NULL */
    fc_scalar *scalars; /* by output: when there are no arrays */
    ptrdiff_t *strides; /* [operand][n_dim] */
    /* Room for small calls; larger ones allocate. */
    struct fc_few_args {
        fc_map_operand operands[FC_FEW_OPERANDS];
        Py_buffer views[FC_FEW_OPERANDS];
        PyObject *kept[FC_FEW_OPERANDS];
        void *copies[FC_FEW_OPERANDS];
        fc_scalar scalars[FC_FEW_OPERANDS];
    } few;
    ptrdiff_t few_strides[FC_FEW_STRIDES];
} fc_array_args;

/* Takes the inputs (a tuple) and the tables (a tuple, or NULL) apart. -1 with TypeError or
 * ValueError set. In any case fc_array_args_clear must be called afterwards. */
int fc_array_args_init(fc_array_args *call, fc_state *state, fc_program *program, PyObject *inputs,
                       PyObject *tables);
/* As fc_array_args_init without tables, for inputs[i] of which views[i] is held already where its
 * obj is not NULL; the views are taken over in any case. */
int fc_array_args_init_views(fc_array_args *call, fc_program *program, PyObject *const *inputs,
                             Py_buffer *views);
/* The fc_dtype of a buffer's elements; -1 for other types. */
int fc_dtype_of_view(const Py_buffer *view);
/* The operands' strides for the shape; called by the two around it. */
int fc_array_args_strides(fc_array_args *call);
/* Outputs: NULL, None or a tuple; makes NumPy arrays for those missing. */
int fc_array_args_outputs(fc_array_args *call, fc_state *state, PyObject *outputs);
/* The tuple of outputs. */
PyObject *fc_array_args_result(fc_array_args *call);
void fc_array_args_clear(fc_array_args *call);

/* A number for a register of the type; `index` names the argument in errors. */
int fc_scalar_of(PyObject *number, unsigned type, fc_operand *out, int index);
/* Lets an operand write to `value`. */
void fc_scalar_output(fc_scalar *value, unsigned type, fc_map_operand *out);
PyObject *fc_scalar_object(const fc_scalar *value, unsigned type);
PyObject *fc_reduced_object(const fc_reduced *value);

#endif
