/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tables for programs of one 8-bit array; contract in fc_lookup.h.
 *
 * At first the program runs on all 256 values. If one of them fails, or if the program has loops
 * (which for a value that does not occur might never end), it runs on those that do occur. */
#include "fc_lookup.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"

#define N_VALUES 256
#define WORTH_A_TABLE 768 /* elements */
#define SURVEY_PART 65536

struct fc_lookup {
    unsigned input, n_inputs, n_outputs;
    unsigned char *tables; /* by output: N_VALUES entries of 8 bytes each */
};

static unsigned char *table_of(const fc_lookup *lookup, unsigned output)
{
    return lookup->tables + (size_t)output * N_VALUES * sizeof(double);
}

/* The one array among the inputs, if it is of bytes; n_inputs if that is not so. */
static unsigned find_input(const fc_walk *plan)
{
    unsigned found = plan->n_inputs;
    for (unsigned i = 0; i < plan->n_inputs; i++) {
        const fc_operand *x = &plan->operands[i];
        if (x->kind == FC_SCALAR) {
            continue;
        }
        if (found != plan->n_inputs || x->kind != FC_ARRAY || fc_dtype_size(x->dtype) != 1) {
            return plan->n_inputs;
        }
        found = i;
    }
    return found;
}

typedef struct survey {
    unsigned input;
    bool *present;
    fc_cancel *cancel;
} survey;

static fc_status mark_present(void *context, fc_vm *vm, size_t first, size_t n,
                              const fc_operand *operands, fc_fault *fault)
{
    const survey *s = context;
    const fc_operand *x = &operands[s->input];
    const unsigned char *data = x->data;
    fc_status status = FC_OK;
    (void)vm, (void)first, (void)fault;
    for (size_t at = 0; at < n && status == FC_OK; at += SURVEY_PART) {
        const size_t end = n - at < SURVEY_PART ? n : at + SURVEY_PART;
        for (size_t i = at; i < end; i++) {
            s->present[data[(ptrdiff_t)i * x->stride]] = true;
        }
        status = fc_cancel_check(s->cancel);
    }
    return status;
}

/* Runs the program on the values that are present, and spreads the results. */
static fc_status evaluate(const fc_walk *plan, const fc_lookup *lookup, const bool *present)
{
    unsigned char values[N_VALUES];
    size_t n = 0;
    for (int value = 0; value < N_VALUES; value++) {
        values[n] = (unsigned char)value;
        n += present[value];
    }
    fc_operand *operands = fc_malloc(plan->n_operands, sizeof *operands);
    if (operands == NULL) {
        return FC_ERR_NOMEM;
    }
    memcpy(operands, plan->operands, plan->n_operands * sizeof *operands);
    operands[lookup->input].data = values;
    operands[lookup->input].stride = 1;
    for (unsigned o = 0; o < lookup->n_outputs; o++) {
        fc_operand *y = &operands[plan->n_inputs + o];
        y->data = table_of(lookup, o);
        y->stride = (ptrdiff_t)fc_dtype_size(y->dtype);
    }
    fc_vm *vm;
    fc_fault fault;
    fc_status status = fc_vm_take(plan->program, &vm);
    if (status == FC_OK) {
        status = fc_vm_run(vm, n, operands, operands + plan->n_inputs, plan->tables, plan->cancel,
                           plan->max_iterations, &fault);
        fc_vm_put(vm);
    }
    for (unsigned o = 0; o < lookup->n_outputs && status == FC_OK; o++) {
        const size_t size = fc_dtype_size(operands[plan->n_inputs + o].dtype);
        unsigned char *table = table_of(lookup, o);
        for (size_t i = n; i-- > 0;) { /* values[i] >= i: nothing is overwritten unread */
            memmove(table + values[i] * size, table + i * size, size);
        }
    }
    fc_free(operands);
    return status;
}

fc_status fc_lookup_create(const fc_walk *plan, fc_lookup **out)
{
    const unsigned input = find_input(plan);
    *out = NULL;
    if (plan->n < WORTH_A_TABLE || input == plan->n_inputs) {
        return FC_OK;
    }
    fc_lookup *lookup = fc_calloc(1, sizeof *lookup);
    if (lookup == NULL) {
        return FC_ERR_NOMEM;
    }
    lookup->input = input;
    lookup->n_inputs = plan->n_inputs;
    lookup->n_outputs = plan->n_operands - plan->n_inputs;
    lookup->tables = fc_calloc(lookup->n_outputs, N_VALUES * sizeof(double));
    fc_status status = lookup->tables != NULL ? FC_OK : FC_ERR_NOMEM;
    bool present[N_VALUES], all = !plan->program->loops;
    memset(present, all, sizeof present);
    if (status == FC_OK && all) {
        status = evaluate(plan, lookup, present);
        all = status == FC_OK || status == FC_ERR_NOMEM || status == FC_ERR_CANCELLED ||
              status == FC_ERR_DEADLINE;
    }
    if (!all) {
        survey s = {.input = input, .present = present, .cancel = plan->cancel};
        fc_fault fault;
        memset(present, false, sizeof present);
        status = fc_walk_range(plan, NULL, 0, plan->n, mark_present, &s, &fault);
        status = status == FC_OK ? evaluate(plan, lookup, present) : status;
    }
    if (status == FC_OK) {
        *out = lookup;
        return FC_OK;
    }
    fc_lookup_destroy(lookup);
    return status == FC_ERR_NOMEM || status == FC_ERR_CANCELLED || status == FC_ERR_DEADLINE
               ? status
               : FC_OK;
}

void fc_lookup_destroy(fc_lookup *lookup)
{
    if (lookup != NULL) {
        fc_free(lookup->tables);
        fc_free(lookup);
    }
}

#define LOOK_UP(T)                                                                                 \
    for (size_t i = 0; i < n; i++) {                                                               \
        memcpy(to + (ptrdiff_t)i * step_to, table + sizeof(T) * from[(ptrdiff_t)i * step_from],    \
               sizeof(T));                                                                         \
    }

/* With the strides known, the compiler has no multiplications to do. */
static inline __attribute__((always_inline)) void
look_up(size_t size, size_t n, const unsigned char *table, const unsigned char *from,
        ptrdiff_t step_from, unsigned char *to, ptrdiff_t step_to)
{
    switch (size) {
    case 8:
        LOOK_UP(uint64_t)
        break;
    case 4:
        LOOK_UP(uint32_t)
        break;
    case 2:
        LOOK_UP(uint16_t)
        break;
    default:
        LOOK_UP(uint8_t)
    }
}

fc_status fc_lookup_run(void *context, fc_vm *vm, size_t first, size_t n,
                        const fc_operand *operands, fc_fault *fault)
{
    enum { STRIP = 4096 }; /* elements */
    const fc_lookup *lookup = context;
    const fc_operand *x = &operands[lookup->input];
    (void)vm, (void)first, (void)fault;
    for (size_t at = 0; at < n; at += STRIP) {
        const size_t count = n - at < STRIP ? n - at : STRIP;
        unsigned char copy[STRIP];
        const unsigned char *from = (unsigned char *)x->data + (ptrdiff_t)at * x->stride;
        ptrdiff_t step = x->stride;
        if (lookup->n_outputs > 1) { /* the first output may be the input */
            for (size_t i = 0; i < count; i++) {
                copy[i] = from[(ptrdiff_t)i * step];
            }
            from = copy;
            step = 1;
        }
        for (unsigned o = 0; o < lookup->n_outputs; o++) {
            const fc_operand *y = &operands[lookup->n_inputs + o];
            const size_t size = fc_dtype_size(y->dtype);
            unsigned char *to = (unsigned char *)y->data + (ptrdiff_t)at * y->stride;
            if (step == 1 && y->stride == (ptrdiff_t)size) {
                switch (size) {
                case 8:
                    look_up(8, count, table_of(lookup, o), from, 1, to, 8);
                    break;
                case 4:
                    look_up(4, count, table_of(lookup, o), from, 1, to, 4);
                    break;
                case 2:
                    look_up(2, count, table_of(lookup, o), from, 1, to, 2);
                    break;
                default:
                    look_up(1, count, table_of(lookup, o), from, 1, to, 1);
                }
            } else {
                look_up(size, count, table_of(lookup, o), from, step, to, y->stride);
            }
        }
    }
    return FC_OK;
}
