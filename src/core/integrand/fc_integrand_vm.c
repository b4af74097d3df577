/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs as integrands; contract in fc_integrand_vm.h. */
#include "fc_integrand_vm.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"
#include "fc_decay.h"
#include "fc_disc.h"
#include "fc_bounds.h"
#include "fc_polynomial.h"

#define FEW 16
#define MANY 32 /* instructions */

static fc_status vm_of(fc_integrand_vm *self, unsigned worker, fc_vm **out)
{
    fc_vm **slot = &self->vm;
    if (worker > 0) { /* most integrals are too short for more than one */
        fc_vm **others = atomic_load_explicit(&self->others, memory_order_acquire);
        if (others == NULL) {
            fc_vm **made = fc_calloc(FC_MAX_WIDTH, sizeof(fc_vm *));
            if (made == NULL) {
                return FC_ERR_NOMEM;
            }
            if (atomic_compare_exchange_strong_explicit(
                    &self->others, &others, made, memory_order_acq_rel, memory_order_acquire)) {
                others = made;
            } else {
                fc_free(made);
            }
        }
        slot = &others[worker];
    }
    if (*slot == NULL) {
        fc_status status = fc_vm_take(self->program, slot);
        if (status != FC_OK) {
            return status;
        }
    }
    *out = *slot;
    return FC_OK;
}

static fc_status eval(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    fc_integrand_vm *self = context;
    const unsigned n_inputs = self->program->n_inputs, n_outputs = self->program->n_outputs;
    fc_operand few[FEW], *operands = few;
    fc_fault fault;
    fc_vm *vm;
    fc_status status = vm_of(self, worker, &vm);
    if (status != FC_OK) {
        return status;
    }
    if (n_inputs + n_outputs > FEW) {
        operands = fc_malloc((size_t)n_inputs + n_outputs, sizeof *operands);
        if (operands == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    const fc_operand array = {.kind = FC_ARRAY, .dtype = FC_F64, .stride = sizeof(double)};
    for (unsigned i = 0; i < n_inputs; i++) {
        bool coordinate = i < self->base.n_dim;
        operands[i] = coordinate ? array : self->args[i - self->base.n_dim];
        if (coordinate) {
            operands[i].data = (void *)x[i]; /* inputs are only read */
        }
    }
    for (unsigned o = 0; o < n_outputs; o++) {
        operands[n_inputs + o] = array;
        operands[n_inputs + o].data = y[o];
    }
    status = fc_vm_run(vm, n, operands, operands + n_inputs, self->tables, self->cancel,
                       self->max_iterations, &fault);
    if (operands != few) {
        fc_free(operands);
    }
    return status;
}

/* Can a program be summed over a ramp: is the first coordinate a float64, and the first output? */
static bool can_sum(const fc_program *p)
{
    return p->regs[p->inputs[0]].type == FC_TYPE_D && p->regs[p->outputs[0]].type == FC_TYPE_D;
}

fc_status fc_integrand_vm_sum(void *context, unsigned worker, size_t n, double start, double step,
                              uint64_t first, const double *rest, double *sum, double *correction)
{
    fc_integrand_vm *self = context;
    const unsigned n_dim = self->base.n_dim;
    const unsigned n_inputs = self->program->n_inputs;
    fc_operand few[FEW], *operands = few;
    fc_fault fault;
    fc_vm *vm;
    fc_status status = vm_of(self, worker, &vm);
    if (status != FC_OK) {
        return status;
    }
    if (n_inputs > FEW) {
        operands = fc_malloc(n_inputs, sizeof *operands);
        if (operands == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    operands[0] = (fc_operand){.kind = FC_RAMP, .start = start, .step = step, .first = first};
    for (unsigned d = 1; d < n_dim;
         d++) { /* one number for all points: an array that stands still */
        operands[d] = (fc_operand){.kind = FC_ARRAY, .dtype = FC_F64, .data = (void *)&rest[d - 1]};
    }
    if (n_inputs > n_dim) {
        memcpy(operands + n_dim, self->args, (n_inputs - n_dim) * sizeof *operands);
    }
    status = fc_vm_sum(vm, n, operands, self->tables, self->cancel, self->max_iterations, sum,
                       correction, &fault);
    if (operands != few) {
        fc_free(operands);
    }
    return status;
}

static bool disc(void *context, const fc_disc_place *place, const double *rest, fc_disc *out,
                 fc_doubt *doubt)
{
    const fc_integrand_vm *self = context;
    return self->program->n_inputs == self->base.n_dim &&
           fc_disc_of(self->program, place, rest, out, doubt);
}

static bool decay(void *context, double base, double sign, double from, const double *rest,
                  fc_decay *out)
{
    const fc_integrand_vm *self = context;
    return self->program->n_inputs == self->base.n_dim &&
           fc_decay_of(self->program, base, sign, from, rest, out);
}

static bool disc_box(void *context, const fc_disc_range *x, fc_disc_frame *frame,
                     fc_disc_range *out)
{
    const fc_integrand_vm *self = context;
    return self->program->n_inputs == self->base.n_dim &&
           fc_disc_of_box(self->program, x, frame, out);
}

static bool bounds(void *context, const fc_bounds *x, fc_bounds *out)
{
    const fc_integrand_vm *self = context;
    return self->program->n_inputs == self->base.n_dim && fc_bounds_of(self->program, x, out);
}

static const fc_polynomial *polynomial(void *context)
{
    const fc_integrand_vm *self = context;
    return self->program->n_inputs == self->base.n_dim ? fc_polynomial_of(self->program) : NULL;
}

void fc_integrand_vm_clear(fc_integrand_vm *self)
{
    fc_vm **others = atomic_load_explicit(&self->others, memory_order_relaxed); /* all is over */
    for (unsigned i = 0; others != NULL && i < FC_MAX_WIDTH; i++) {
        if (others[i] != NULL) {
            fc_vm_put(others[i]);
        }
    }
    fc_free(others);
    if (self->vm != NULL) {
        fc_vm_put(self->vm);
    }
    fc_free(self->args);
    fc_program_release(self->program);
    memset(self, 0, sizeof *self);
}

fc_status fc_integrand_vm_init(fc_integrand_vm *self, fc_program *program, unsigned n_dim,
                               const fc_operand *args, const fc_table *tables)
{
    memset(self, 0, sizeof *self);
    if (n_dim == 0 || program->n_inputs < n_dim) {
        return FC_ERR_INVALID;
    }
    for (unsigned i = 0; i < n_dim; i++) {
        const fc_reg_info *reg = &program->regs[program->inputs[i]];
        if (reg->kind != FC_KIND_VARYING || (reg->type != FC_TYPE_D && reg->type != FC_TYPE_F)) {
            return FC_ERR_INVALID;
        }
    }
    const size_t n_args = program->n_inputs - n_dim;
    if (n_args != 0) {
        self->args = fc_malloc(n_args, sizeof *self->args);
        if (self->args == NULL) {
            return FC_ERR_NOMEM;
        }
        memcpy(self->args, args, n_args * sizeof *args);
    }
    fc_program_retain(program);
    self->program = program;
    self->tables = tables;
    self->base = (fc_integrand){.eval = eval,
                                .disc = disc,
                                .decay = decay,
                                .disc_box = disc_box,
                                .bounds = bounds,
                                .polynomial = polynomial,
                                .sum_ramp = can_sum(program) ? fc_integrand_vm_sum : NULL,
                                .context = self,
                                .n_dim = n_dim,
                                .n_out = program->n_outputs,
                                .slow = program->loops || program->n_instructions > MANY ||
                                        (program->flags & FC_PROGRAM_EXACT) != 0};
    return FC_OK;
}
