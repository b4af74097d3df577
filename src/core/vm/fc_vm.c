/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The block VM; contract in fc_vm.h. For each block:
 *
 *     bind    an input that lies in memory as its register would is used where it lies, others are
 * loaded and converted; an output that can be written in place becomes its register run     handler
 * after handler store   the outputs that were not written in place
 *
 * A fault at lane i proves only that element i fails: a lower one may fail at a later instruction,
 * which this block never reached. So the lanes below are run again, alone, until they pass. */
#include "fc_code.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_narrow.h"

#define MAX_BOUND 64 /* operands whose binding is remembered in a call; those beyond are copied */

/* How the operands of one call are bound. */
typedef struct binding {
    size_t n;
    const fc_operand *inputs, *outputs; /* outputs may be NULL: they are summed or thrown away */
    uint64_t direct_inputs, direct_outputs; /* bit sets of operands used in place */
} binding;

static const fc_dtype native_dtype[4] = {FC_F64, FC_F32, FC_I64, FC_BOOL};

size_t fc_dtype_size(fc_dtype dtype)
{
    static const unsigned char sizes[FC_N_DTYPES] = {
        [FC_F64] = 8, [FC_F32] = 4, [FC_I64] = 8, [FC_I32] = 4, [FC_I16] = 2,  [FC_I8] = 1,
        [FC_U8] = 1,  [FC_U16] = 2, [FC_U32] = 4, [FC_U64] = 8, [FC_BOOL] = 1,
    };
    return sizes[dtype];
}

fc_status fc_vm_create(fc_program *program, fc_vm **out)
{
    *out = NULL;
    fc_vm *vm = fc_calloc(1, sizeof *vm);
    if (vm == NULL) {
        return FC_ERR_NOMEM;
    }
    vm->reg = fc_calloc((size_t)program->n_registers + 1, sizeof *vm->reg);
    vm->memory = fc_calloc_aligned(FC_CACHE_LINE, 1, program->vm_size);
    if (program->narrows) {
        vm->wide = fc_calloc(program->n_registers, sizeof *vm->wide);
        vm->narrow = fc_calloc_aligned(FC_CACHE_LINE, 1, program->vm_size);
        vm->lane_of = fc_calloc(program->block, sizeof *vm->lane_of);
    }
    if (vm->reg == NULL || vm->memory == NULL ||
        (program->narrows && (vm->wide == NULL || vm->narrow == NULL || vm->lane_of == NULL))) {
        fc_vm_destroy(vm);
        return FC_ERR_NOMEM;
    }
    vm->program = program;
    for (unsigned i = 0; i < program->n_registers; i++) {
        const fc_reg_info *reg = &program->regs[i];
        vm->reg[i] =
            (reg->kind == FC_KIND_CONSTANT ? program->constants : vm->memory) + reg->offset;
    }
    for (size_t i = 0; i < sizeof vm->scratch / sizeof vm->scratch[0]; i++) {
        vm->scratch[i] = (double *)(vm->memory + program->scratch) + i * program->block;
    }
    *out = vm;
    return FC_OK;
}

void fc_vm_destroy(fc_vm *vm)
{
    if (vm != NULL) {
        fc_free(vm->reg);
        fc_free(vm->memory);
        fc_free(vm->wide);
        fc_free(vm->narrow);
        fc_free(vm->lane_of);
        fc_free(vm);
    }
}

fc_status fc_vm_take(fc_program *program, fc_vm **out)
{
    for (int i = 0; i < FC_N_SPARE_VMS; i++) {
        if (atomic_load_explicit(&program->spare[i], memory_order_relaxed) != NULL) {
            /* Acquire: pairs with the release of fc_vm_put, so that this thread sees the memory as
             * left there. */
            *out = atomic_exchange_explicit(&program->spare[i], NULL, memory_order_acquire);
            if (*out != NULL) {
                return FC_OK;
            }
        }
    }
    return fc_vm_create(program, out);
}

void fc_vm_put(fc_vm *vm)
{
    if (vm == NULL) {
        return;
    }
    fc_program *program = (fc_program *)vm->program;
    if (atomic_load_explicit(&program->n_puts, memory_order_relaxed) < FC_PUTS_TO_SPARE) {
        atomic_fetch_add_explicit(&program->n_puts, 1, memory_order_relaxed);
        fc_vm_destroy(vm);
        return;
    }
    for (int i = 0; i < FC_N_SPARE_VMS; i++) {
        fc_vm *none = NULL;
        if (atomic_compare_exchange_strong_explicit(&program->spare[i], &none, vm,
                                                    memory_order_release, memory_order_relaxed)) {
            return;
        }
    }
    fc_vm_destroy(vm);
}

/* ---- what a call may do
 * ------------------------------------------------------------------------------------ */

static bool input_fits(const fc_program *p, unsigned i, const fc_operand *x)
{
    const fc_reg_info *reg = &p->regs[p->inputs[i]];
    switch (x->kind) {
    case FC_SCALAR:
        return true;
    case FC_RAMP:
        return reg->kind == FC_KIND_VARYING && reg->type == FC_TYPE_D;
    case FC_ARRAY:
        return reg->kind == FC_KIND_VARYING && (unsigned)x->dtype < FC_N_DTYPES &&
               p->handlers->load[reg->type][x->dtype] != NULL;
    }
    return false;
}

static bool output_fits(const fc_program *p, unsigned i, const fc_operand *x)
{
    const fc_reg_info *reg = &p->regs[p->outputs[i]];
    return x->kind == FC_ARRAY && (unsigned)x->dtype < FC_N_DTYPES &&
           p->handlers->store[reg->type][x->dtype] != NULL;
}

static bool table_fits(unsigned type, const fc_table *table)
{
    bool is_float = table->dtype == FC_F64 || table->dtype == FC_F32;
    if ((unsigned)table->dtype >= FC_N_DTYPES || table->length > INT64_MAX) {
        return false;
    }
    return type == FC_TYPE_B ? table->dtype == FC_BOOL : type != FC_TYPE_I || !is_float;
}

static bool call_fits(const fc_program *p, const binding *b, const fc_table *tables)
{
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (!input_fits(p, i, &b->inputs[i])) {
            return false;
        }
    }
    for (unsigned i = 0; b->outputs != NULL && i < p->n_outputs; i++) {
        if (!output_fits(p, i, &b->outputs[i])) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_tables; i++) {
        if (!table_fits(p->table_types[i], &tables[i])) {
            return false;
        }
    }
    return true;
}

/* In memory as it would be in the register `reg`? */
static bool lies_ready(const fc_reg_info *reg, const fc_operand *x)
{
    size_t size = fc_type_size(reg->type);
    return x->kind == FC_ARRAY && reg->kind == FC_KIND_VARYING &&
           x->dtype == native_dtype[reg->type] && x->stride == (ptrdiff_t)size &&
           (uintptr_t)x->data % (reg->aligned ? FC_CACHE_LINE : size) == 0;
}

static void extent(const void *data, ptrdiff_t stride, size_t n, size_t size, uintptr_t *low,
                   uintptr_t *high)
{
    uintptr_t first = (uintptr_t)data, last = first + (uintptr_t)((ptrdiff_t)(n - 1) * stride);
    *low = first < last ? first : last;
    *high = (first < last ? last : first) + size;
}

static bool overlap(const fc_operand *x, size_t n, const fc_operand *y)
{
    uintptr_t x_low, x_high, y_low, y_high;
    extent(x->data, x->stride, n, fc_dtype_size(x->dtype), &x_low, &x_high);
    extent(y->data, y->stride, n, fc_dtype_size(y->dtype), &y_low, &y_high);
    return x_low < y_high && y_low < x_high;
}

/* May output o be its register? Not if the register is an input or another output as well, nor if
 * writing it would change what is still to be read. */
static bool may_write_in_place(const fc_program *p, const binding *b, const fc_table *tables,
                               unsigned o)
{
    const uint16_t reg = p->outputs[o];
    const fc_operand *out = &b->outputs[o];
    if (!lies_ready(&p->regs[reg], out)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        const fc_operand *in = &b->inputs[i];
        if (p->inputs[i] == reg || (in->kind == FC_ARRAY && overlap(in, b->n, out))) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_outputs; i++) {
        if (i != o && (p->outputs[i] == reg || overlap(&b->outputs[i], b->n, out))) {
            return false;
        }
    }
    for (unsigned i = 0; i < p->n_tables; i++) {
        const fc_table *t = &tables[i];
        fc_operand whole = {.data = (void *)t->data, .stride = t->stride, .dtype = t->dtype};
        uintptr_t low, high, out_low, out_high;
        if (t->length == 0) {
            continue;
        }
        extent(whole.data, whole.stride, t->length, fc_dtype_size(t->dtype), &low, &high);
        extent(out->data, out->stride, b->n, fc_dtype_size(out->dtype), &out_low, &out_high);
        if (low < out_high && out_low < high) {
            return false;
        }
    }
    return true;
}

static void find_direct(const fc_program *p, binding *b, const fc_table *tables)
{
    for (unsigned i = 0; i < p->n_inputs && i < MAX_BOUND; i++) {
        const fc_reg_info *reg = &p->regs[p->inputs[i]];
        /* A boolean's byte in foreign memory may be neither 0 nor 1. */
        if (!reg->assigned && reg->type != FC_TYPE_B && lies_ready(reg, &b->inputs[i])) {
            b->direct_inputs |= (uint64_t)1 << i;
        }
    }
    for (unsigned i = 0; b->outputs != NULL && i < p->n_outputs && i < MAX_BOUND; i++) {
        if (may_write_in_place(p, b, tables, i)) {
            b->direct_outputs |= (uint64_t)1 << i;
        }
    }
}

/* ---- one block
 * --------------------------------------------------------------------------------------------- */

static char *home(const fc_vm *vm, uint16_t reg)
{
    return vm->memory + vm->program->regs[reg].offset;
}

/* Repeats element n - 1 in lanes n to lanes - 1. */
static void pad(void *reg, unsigned type, size_t n, size_t lanes)
{
    const size_t size = fc_type_size(type);
    for (size_t i = n; i < lanes; i++) {
        memcpy((char *)reg + i * size, (char *)reg + (n - 1) * size, size);
    }
}

static void fill(void *reg, unsigned type, const fc_operand *x, size_t lanes)
{
    for (size_t i = 0; i < lanes; i++) {
        switch (type) {
        case FC_TYPE_D:
            ((double *)reg)[i] = x->scalar.d;
            break;
        case FC_TYPE_F:
            ((float *)reg)[i] = (float)x->scalar.d;
            break;
        case FC_TYPE_I:
            ((int64_t *)reg)[i] = x->scalar.i;
            break;
        default:
            ((uint8_t *)reg)[i] = x->scalar.i != 0;
        }
    }
}

static void set_fault(fc_vm *vm, fc_status status, size_t lane)
{
    if (vm->status == FC_OK || lane < vm->fault_lane) {
        vm->status = status;
        vm->fault_lane = lane;
        vm->fault_at = FC_NO_INSTRUCTION;
    }
}

static void bind_input(fc_vm *vm, const binding *b, unsigned i, size_t first, size_t n)
{
    const fc_program *p = vm->program;
    const fc_operand *x = &b->inputs[i];
    const uint16_t r = p->inputs[i];
    const fc_reg_info *reg = &p->regs[r];
    char *lanes = vm->reg[r] = home(vm, r);
    size_t bad;
    if (x->kind == FC_SCALAR) {
        fill(lanes, reg->type, x, reg->kind == FC_KIND_VARYING ? vm->lanes : FC_LANES);
        return;
    }
    if (x->kind == FC_RAMP) {
        p->handlers->ramp(vm->lanes, x->start, x->step, (double)(x->first + first),
                          (double *)lanes);
    } else {
        char *data = (char *)x->data + (ptrdiff_t)first * x->stride;
        if (n == vm->lanes && i < MAX_BOUND && (b->direct_inputs >> i & 1) != 0) {
            vm->reg[r] = data;
            return;
        }
        fc_status status = p->handlers->load[reg->type][x->dtype](n, data, x->stride, lanes, &bad);
        if (status != FC_OK) {
            set_fault(vm, status, bad);
        }
    }
    pad(lanes, reg->type, n, vm->lanes);
}

/* Runs the program on elements [first, first + n); the outcome is in vm->status. */
static void run_lanes(fc_vm *vm, const binding *b, size_t first, size_t n)
{
    const fc_program *p = vm->program;
    vm->lanes = (n + FC_LANES - 1) / FC_LANES * FC_LANES;
    vm->status = FC_OK;
    vm->iterations = 0;
    vm->lost = 0;
    for (unsigned i = 0; i < p->n_inputs; i++) {
        bind_input(vm, b, i, first, n);
    }
    for (unsigned o = 0; b->outputs != NULL && o < p->n_outputs; o++) {
        const uint16_t r = p->outputs[o];
        if (o < MAX_BOUND && (b->direct_outputs >> o & 1) != 0) {
            bool in_place = n == vm->lanes;
            vm->reg[r] = in_place
                             ? (char *)b->outputs[o].data + (ptrdiff_t)first * b->outputs[o].stride
                             : home(vm, r);
        }
    }
    for (unsigned i = 0; i < p->n_zeroed; i++) {
        const fc_reg_info *reg = &p->regs[p->zeroed[i]];
        size_t lanes = reg->kind == FC_KIND_VARYING ? vm->lanes : FC_LANES;
        memset(vm->reg[p->zeroed[i]], 0, lanes * fc_type_size(reg->type));
    }
    if (vm->status == FC_OK) {
        const fc_code *ins = p->code;
        do {
            ins = ins->run(vm, ins);
        } while (ins != NULL);
    }
    if (vm->loop != NULL) { /* it has failed in a loop */
        vm->fault_lane = vm->lane_of[vm->fault_lane];
        fc_widen(vm, false);
    }
}

/* As run_lanes, and when it fails, finds the lowest element that does. */
static fc_status run_block(fc_vm *vm, const binding *b, size_t first, size_t n, fc_fault *fault)
{
    /* A look at the clock costs as much as a short block; one at the cancel flag costs nothing. */
    fc_status status = FC_OK;
    if (fc_cancel_requested(vm->cancel) || first / vm->program->block % 16 == 15) {
        status = fc_cancel_check(vm->cancel);
    }
    if (status != FC_OK) {
        return status;
    }
    run_lanes(vm, b, first, n);
    status = vm->status;
    if (status == FC_OK) {
        return FC_OK;
    }
    do {
        status = vm->status;
        *fault = (fc_fault){.element = first + vm->fault_lane, .instruction = vm->fault_at};
        if (status == FC_ERR_CANCELLED || status == FC_ERR_DEADLINE || vm->fault_lane == 0) {
            break;
        }
        run_lanes(vm, b, first, vm->fault_lane);
    } while (vm->status != FC_OK);
    return status;
}

/* Copies the first of n elements over the others. */
static void repeat_first(char *data, ptrdiff_t stride, size_t size, size_t n)
{
    if (stride != (ptrdiff_t)size) {
        for (size_t i = 1; i < n; i++) {
            memcpy(data + (ptrdiff_t)i * stride, data, size);
        }
        return;
    }
    for (size_t done = 1; done < n; done *= 2) {
        memcpy(data + done * size, data, (done < n - done ? done : n - done) * size);
    }
}

static fc_status store_block(fc_vm *vm, const binding *b, size_t first, size_t n, fc_fault *fault)
{
    const fc_program *p = vm->program;
    for (unsigned o = 0; o < p->n_outputs; o++) {
        const fc_operand *y = &b->outputs[o];
        const fc_reg_info *reg = &p->regs[p->outputs[o]];
        char *data = (char *)y->data + (ptrdiff_t)first * y->stride;
        size_t bad;
        if (vm->reg[p->outputs[o]] == (void *)data) {
            continue;
        }
        fc_status status;
        if (reg->kind == FC_KIND_VARYING) {
            status = p->handlers->store[reg->type][y->dtype](n, vm->reg[p->outputs[o]], data,
                                                             y->stride, &bad);
        } else {
            status = p->handlers->store[reg->type][y->dtype](1, vm->reg[p->outputs[o]], data,
                                                             y->stride, &bad);
            repeat_first(data, y->stride, fc_dtype_size(y->dtype), n);
        }
        if (status != FC_OK) {
            set_fault(vm, status, bad);
        }
    }
    if (vm->status != FC_OK) {
        *fault = (fc_fault){.element = first + vm->fault_lane, .instruction = vm->fault_at};
    }
    return vm->status;
}

static void begin_call(fc_vm *vm, const fc_table *tables, fc_cancel *cancel,
                       uint64_t max_iterations)
{
    vm->tables = tables;
    vm->cancel = cancel;
    vm->max_iterations = max_iterations;
}

/* Registers that were bound to the caller's memory come home. */
static void end_call(fc_vm *vm)
{
    const fc_program *p = vm->program;
    for (unsigned i = 0; i < p->n_inputs; i++) {
        vm->reg[p->inputs[i]] = home(vm, p->inputs[i]);
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        if (p->regs[p->outputs[o]].kind != FC_KIND_CONSTANT) {
            vm->reg[p->outputs[o]] = home(vm, p->outputs[o]);
        }
    }
    vm->tables = NULL;
    vm->cancel = NULL;
}

/* Block by block; `visit` NULL: stores the outputs. */
static fc_status run_blocks(fc_vm *vm, binding *b, const fc_table *tables, fc_cancel *cancel,
                            uint64_t max_iterations, fc_visit_fn *visit, void *context,
                            fc_fault *fault)
{
    const fc_program *p = vm->program;
    fc_status status = FC_OK;
    *fault = (fc_fault){.instruction = FC_NO_INSTRUCTION};
    if (!call_fits(p, b, tables)) {
        return FC_ERR_INVALID;
    }
    if (b->n == 0) {
        return FC_OK;
    }
    find_direct(p, b, tables);
    begin_call(vm, tables, cancel, max_iterations);
    for (size_t first = 0; first < b->n && status == FC_OK; first += p->block) {
        const size_t count = b->n - first < p->block ? b->n - first : p->block;
        status = run_block(vm, b, first, count, fault);
        if (status == FC_OK && visit == NULL) {
            status = store_block(vm, b, first, count, fault);
        } else if (status == FC_OK) {
            visit(context, vm, vm->reg[p->outputs[0]], count);
        }
    }
    end_call(vm);
    return status;
}

fc_status fc_vm_run(fc_vm *vm, size_t n, const fc_operand *inputs, const fc_operand *outputs,
                    const fc_table *tables, fc_cancel *cancel, uint64_t max_iterations,
                    fc_fault *fault)
{
    binding b = {.n = n, .inputs = inputs, .outputs = outputs};
    return run_blocks(vm, &b, tables, cancel, max_iterations, NULL, NULL, fault);
}

fc_status fc_vm_visit(fc_vm *vm, size_t n, const fc_operand *inputs, const fc_table *tables,
                      fc_cancel *cancel, uint64_t max_iterations, fc_visit_fn *visit, void *context,
                      fc_fault *fault)
{
    binding b = {.n = n, .inputs = inputs};
    return run_blocks(vm, &b, tables, cancel, max_iterations, visit, context, fault);
}

void fc_add_exactly(double x, double *sum, double *correction)
{
    double s = *sum, t = s + x, part = t - s;
    double lost = (s - (t - part)) + (x - part);
    *sum = t;
    *correction += isfinite(t) ? lost : 0.0;
}

typedef struct sums {
    double sum, correction;
} sums;

static void add_block(void *context, const fc_vm *vm, const void *lanes, size_t n)
{
    const fc_program *p = vm->program;
    const double *y = lanes;
    sums *to = context;
    if (p->regs[p->outputs[0]].kind == FC_KIND_VARYING) {
        size_t whole = n / FC_LANES * FC_LANES;
        fc_add_exactly(p->handlers->sum(whole, y), &to->sum, &to->correction);
        for (size_t i = whole; i < n; i++) {
            fc_add_exactly(y[i], &to->sum, &to->correction);
        }
        return;
    }
    double product = y[0] * (double)n;
    fc_add_exactly(product, &to->sum, &to->correction);
    to->correction += isfinite(product) ? fma(y[0], (double)n, -product) : 0.0;
}

/* A ramp's sum in registers alone. The blocks are those of the general way, and so are the bits. */
static fc_status sum_ramp(const fc_program *p, const fc_operand *x, size_t n, fc_cancel *cancel,
                          sums *to)
{
    for (size_t first = 0; first < n; first += p->block) {
        size_t count = n - first < p->block ? n - first : p->block,
               whole = count / FC_LANES * FC_LANES;
        if (first / p->block % 64 == 63) {
            fc_status status = fc_cancel_check(cancel);
            if (status != FC_OK) {
                return status;
            }
        }
        const double at = (double)(x->first + first);
        fc_add_exactly(p->handlers->sum_ramp[p->sum_ramp](whole, x->start, x->step, at), &to->sum,
                       &to->correction);
        for (size_t i = whole; i < count; i++) {
            double value = x->start + (at + (double)i) * x->step;
            fc_add_exactly(p->sum_ramp == 0 ? value : value * value, &to->sum, &to->correction);
        }
    }
    return FC_OK;
}

fc_status fc_vm_sum(fc_vm *vm, size_t n, const fc_operand *inputs, const fc_table *tables,
                    fc_cancel *cancel, uint64_t max_iterations, double *sum, double *correction,
                    fc_fault *fault)
{
    const fc_program *p = vm->program;
    sums to = {0};
    fc_status status = FC_ERR_INVALID;
    *fault = (fc_fault){.instruction = FC_NO_INSTRUCTION};
    if (p->sum_ramp >= 0 && inputs[0].kind == FC_RAMP) {
        status = sum_ramp(p, &inputs[0], n, cancel, &to);
    } else if (p->regs[p->outputs[0]].type == FC_TYPE_D) {
        status = fc_vm_visit(vm, n, inputs, tables, cancel, max_iterations, add_block, &to, fault);
    }
    *sum = to.sum;
    *correction = isfinite(to.sum) ? to.correction : 0.0;
    return status;
}
