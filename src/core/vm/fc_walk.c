/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Walks over strided arrays; contract in fc_walk.h. */
#include "fc_walk.h"

#include <stdlib.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"

/* Along an innermost axis shorter than this, elements are collected; a VM's call costs as much as
 * some dozens. */
#define SHORT_AXIS 64
#define COLLECTED 1024

void fc_walk_clear(fc_walk *plan)
{
    if (plan->operands != plan->few) {
        fc_free(plan->operands);
    }
    if (plan->strides != plan->few_strides) {
        fc_free(plan->strides);
    }
}

static ptrdiff_t *strides_of(const fc_walk *plan, unsigned operand)
{
    return plan->strides + (size_t)operand * plan->n_dim;
}

/* The axes that are longer than 1, longest strides of output 0 first if `reorder`. */
static unsigned choose_axes(unsigned *axes, unsigned n_dim, const size_t *shape,
                            const fc_map_operand *by)
{
    unsigned n = 0;
    for (unsigned axis = 0; axis < n_dim; axis++) {
        if (shape[axis] == 1) {
            continue;
        }
        unsigned at = n++;
        if (by != NULL) { /* insertion sort, stable */
            ptrdiff_t stride = by->strides[axis] < 0 ? -by->strides[axis] : by->strides[axis];
            for (; at > 0; at--) {
                ptrdiff_t before = by->strides[axes[at - 1]];
                if ((before < 0 ? -before : before) >= stride) {
                    break;
                }
                axes[at] = axes[at - 1];
            }
        }
        axes[at] = axis;
    }
    return n;
}

static bool mergeable(const fc_map_operand *const *operands, unsigned n, unsigned outer,
                      unsigned inner, size_t inner_length)
{
    for (unsigned i = 0; i < n; i++) {
        if (operands[i]->base.kind == FC_ARRAY &&
            operands[i]->strides[outer] != operands[i]->strides[inner] * (ptrdiff_t)inner_length) {
            return false;
        }
    }
    return true;
}

fc_status fc_walk_init(fc_walk *plan, fc_program *program, unsigned n_dim, const size_t *shape,
                       const fc_map_operand *inputs, const fc_map_operand *outputs,
                       unsigned n_outputs, bool reorder)
{
    const unsigned n_operands = program->n_inputs + n_outputs;
    const fc_map_operand *few[8], **all = few;
    unsigned axes[FC_MAP_MAX_DIMS];
    plan->program = program;
    plan->n = 1;
    plan->n_inputs = program->n_inputs;
    plan->n_operands = n_operands;
    plan->operands = plan->few;
    plan->strides = plan->few_strides;
    plan->reordered = false;
    for (unsigned axis = 0; axis < n_dim; axis++) {
        plan->n *= shape[axis]; /* fits: arrays of this shape exist */
    }
    if (n_operands > 8) {
        all = fc_malloc(n_operands, sizeof *all);
        plan->operands = fc_malloc(n_operands, sizeof *plan->operands);
        if (all == NULL || plan->operands == NULL) {
            fc_free(all);
            return FC_ERR_NOMEM;
        }
    }
    for (unsigned i = 0; i < n_operands; i++) {
        all[i] = i < program->n_inputs ? &inputs[i] : &outputs[i - program->n_inputs];
        plan->operands[i] = all[i]->base;
    }
    unsigned n_axes =
        choose_axes(axes, n_dim, shape, reorder && n_outputs != 0 ? &outputs[0] : NULL);
    for (unsigned i = 1; i < n_axes; i++) {
        plan->reordered |= axes[i] < axes[i - 1];
    }
    /* Merge from the outermost inwards; `axes` and `shape` then tell the innermost member of each
     * group. */
    unsigned merged = 0;
    for (unsigned i = 0; i < n_axes; i++) {
        if (merged != 0 && mergeable(all, n_operands, axes[merged - 1], axes[i], shape[axes[i]])) {
            plan->shape[merged - 1] *= shape[axes[i]];
            axes[merged - 1] = axes[i];
        } else {
            plan->shape[merged] = shape[axes[i]];
            axes[merged++] = axes[i];
        }
    }
    if (merged == 0) {
        plan->shape[0] = 1;
    }
    plan->n_dim = merged != 0 ? merged : 1;
    fc_status status = FC_OK;
    if ((size_t)n_operands * plan->n_dim > sizeof plan->few_strides / sizeof plan->few_strides[0]) {
        plan->strides = fc_malloc((size_t)n_operands * plan->n_dim, sizeof *plan->strides);
        status = plan->strides != NULL ? FC_OK : FC_ERR_NOMEM;
    }
    for (unsigned i = 0; i < n_operands && status == FC_OK; i++) {
        ptrdiff_t *to = strides_of(plan, i);
        for (unsigned axis = 0; axis < plan->n_dim; axis++) {
            to[axis] =
                merged != 0 && all[i]->base.kind == FC_ARRAY ? all[i]->strides[axes[axis]] : 0;
        }
        plan->operands[i].stride = to[plan->n_dim - 1];
        if (merged == 0 && all[i]->base.kind == FC_ARRAY) {
            plan->operands[i].stride = (ptrdiff_t)fc_dtype_size(all[i]->base.dtype);
        }
    }
    if (all != few) {
        fc_free(all);
    }
    return status;
}

/* Where element `flat` is: its coordinates, and each operand's address. */
static void seek(const fc_walk *plan, size_t flat, size_t *index, fc_operand *operands)
{
    for (unsigned axis = plan->n_dim; axis-- > 0;) {
        index[axis] = flat % plan->shape[axis];
        flat /= plan->shape[axis];
    }
    for (unsigned i = 0; i < plan->n_operands; i++) {
        if (operands[i].kind != FC_ARRAY) {
            operands[i].first = plan->operands[i].first + index[0]; /* a ramp has one axis */
            continue;
        }
        char *data = plan->operands[i].data;
        for (unsigned axis = 0; axis < plan->n_dim; axis++) {
            data += (ptrdiff_t)index[axis] * strides_of(plan, i)[axis];
        }
        operands[i].data = data;
    }
}

static void copy_element(char *to, const char *from, size_t size)
{
    switch (size) {
    case 8:
        memcpy(to, from, 8);
        break;
    case 4:
        memcpy(to, from, 4);
        break;
    case 2:
        memcpy(to, from, 2);
        break;
    default:
        *to = *from;
    }
}

/* Copies elements [first, first + n) of operand i to (or from) contiguous memory. */
static void collect(const fc_walk *plan, unsigned i, size_t first, size_t n, char *memory,
                    bool back)
{
    const unsigned inner = plan->n_dim - 1;
    const ptrdiff_t *strides = strides_of(plan, i);
    const size_t size = fc_dtype_size(plan->operands[i].dtype);
    size_t index[FC_MAP_MAX_DIMS], flat = first;
    char *data = plan->operands[i].data;
    for (unsigned axis = plan->n_dim; axis-- > 0;) {
        index[axis] = flat % plan->shape[axis];
        flat /= plan->shape[axis];
        data += (ptrdiff_t)index[axis] * strides[axis];
    }
    while (n != 0) {
        size_t run = plan->shape[inner] - index[inner];
        run = run < n ? run : n;
        for (size_t k = 0; k < run; k++, data += strides[inner], memory += size) {
            copy_element(back ? data : memory, back ? memory : data, size);
        }
        n -= run;
        index[inner] += run;
        for (unsigned axis = inner; axis > 0 && index[axis] == plan->shape[axis]; axis--) {
            data += strides[axis - 1] - (ptrdiff_t)index[axis] * strides[axis];
            index[axis] = 0;
            index[axis - 1]++;
        }
    }
}

static fc_status walk_short(const fc_walk *plan, fc_vm *vm, size_t begin, size_t end,
                            fc_walk_fn *fn, void *context, fc_operand *operands, fc_fault *fault)
{
    const size_t room = COLLECTED * sizeof(double);
    char *memory = fc_calloc_aligned(FC_CACHE_LINE, plan->n_operands, room);
    if (memory == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_status status = FC_OK;
    for (size_t at = begin; at < end && status == FC_OK; at += COLLECTED) {
        size_t n = end - at < COLLECTED ? end - at : COLLECTED;
        for (unsigned i = 0; i < plan->n_operands; i++) {
            if (operands[i].kind == FC_ARRAY) {
                operands[i].data = memory + i * room;
                operands[i].stride = (ptrdiff_t)fc_dtype_size(operands[i].dtype);
                if (i < plan->n_inputs) {
                    collect(plan, i, at, n, operands[i].data, false);
                }
            }
        }
        status = fn(context, vm, at, n, operands, fault);
        for (unsigned i = plan->n_inputs; i < plan->n_operands && status == FC_OK; i++) {
            collect(plan, i, at, n, operands[i].data, true);
        }
    }
    fc_free(memory);
    return status;
}

fc_status fc_walk_range(const fc_walk *plan, fc_vm *vm, size_t begin, size_t end, fc_walk_fn *fn,
                        void *context, fc_fault *fault)
{
    const unsigned inner = plan->n_dim - 1;
    size_t index[FC_MAP_MAX_DIMS];
    fc_operand few[8], *operands = few;
    fc_status status = FC_OK;
    if (plan->n_operands > 8) {
        operands = fc_malloc(plan->n_operands, sizeof *operands);
        if (operands == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    memcpy(operands, plan->operands, plan->n_operands * sizeof *operands);
    if (plan->n_dim > 1 && plan->shape[inner] < SHORT_AXIS) {
        status = walk_short(plan, vm, begin, end, fn, context, operands, fault);
    } else {
        while (begin < end && status == FC_OK) {
            seek(plan, begin, index, operands);
            size_t run = plan->shape[inner] - index[inner];
            run = run < end - begin ? run : end - begin;
            status = fn(context, vm, begin, run, operands, fault);
            begin += run;
        }
    }
    if (operands != few) {
        fc_free(operands);
    }
    return status;
}

double fc_walk_cost(const fc_program *program, size_t n)
{
    double each = 0.5; /* loads and stores */
    for (unsigned i = 0; i < program->n_code; i++) {
        each += program->code[i].math.unary_d != NULL ? 3.0 : 0.3;
    }
    return each * (program->loops ? 20.0 : 1.0) * (double)n;
}
