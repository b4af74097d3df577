/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The block VM: runs a program on blocks of elements that stay in the first-level cache. */
#ifndef FC_VM_H
#define FC_VM_H

#include <stddef.h>
#include <stdint.h>

#include "fc_pool.h"
#include "fc_program.h"

/* Element types of arrays in memory; the VM converts to and from its registers' types on load and
 * store. */
typedef enum fc_dtype {
    FC_F64,
    FC_F32,
    FC_I64,
    FC_I32,
    FC_I16,
    FC_I8,
    FC_U8,
    FC_U16,
    FC_U32,
    FC_U64,
    FC_BOOL
} fc_dtype;

/* Where elements come from or go to. */
typedef struct fc_operand {
    enum { FC_ARRAY, FC_SCALAR, FC_RAMP } kind;
    fc_dtype dtype;   /* FC_ARRAY */
    void *data;       /* FC_ARRAY: element 0 of this block */
    ptrdiff_t stride; /* FC_ARRAY: bytes from one element to the next; any, also 0 and negative */
    union {
        double d;
        int64_t i;
    } scalar; /* FC_SCALAR, for uniform registers */
    double start,
        step; /* FC_RAMP: element i is start + (first + i) * step, each operation rounded once */
    uint64_t first;
} fc_operand;

typedef struct fc_table {
    const void *data;
    fc_dtype dtype;
    ptrdiff_t stride;
    size_t length;
} fc_table;

/* What went wrong at which element; filled when fc_vm_run returns an error. */
typedef struct fc_fault {
    size_t element;       /* index within the call's n elements */
    uint32_t instruction; /* index in the program, for the line in the source; FC_NO_INSTRUCTION:
                           * the element itself does not fit the type it is loaded or stored as */
} fc_fault;

#define FC_NO_INSTRUCTION UINT32_MAX

typedef struct fc_vm fc_vm; /* registers of one worker for one program; not shared by threads */

FC_MUST_CHECK fc_status fc_vm_create(fc_program *program, fc_vm **out);
void fc_vm_destroy(fc_vm *vm); /* NULL is fine */

/* Runs the program on n elements (any n: cut into blocks inside). `cancel` (may be NULL) is checked
 * (fc_cancel_check) at each block and backward jump; max_iterations bounds the backward jumps a
 * block takes (0: no bound, FC_ERR_ITERATIONS). */
FC_MUST_CHECK fc_status fc_vm_run(fc_vm *vm, size_t n, const fc_operand *inputs,
                                  const fc_operand *outputs, const fc_table *tables,
                                  fc_cancel *cancel, uint64_t max_iterations, fc_fault *fault);

/* As fc_vm_run, but sums output 0 (type D) instead of storing it: the sum of n elements in a fixed
 * order that depends on n alone, compensated: *sum + *correction is the result. Nothing is
 * materialised. */
FC_MUST_CHECK fc_status fc_vm_sum(fc_vm *vm, size_t n, const fc_operand *inputs,
                                  const fc_table *tables, fc_cancel *cancel,
                                  uint64_t max_iterations, double *sum, double *correction,
                                  fc_fault *fault);

#endif
