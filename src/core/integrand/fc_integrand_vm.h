/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A compiled program as an integrand: native, on as many threads as call it. */
#ifndef FC_INTEGRAND_VM_H
#define FC_INTEGRAND_VM_H

#include <stdatomic.h>

#include "fc_integrand.h"
#include "fc_pool.h"
#include "fc_vm.h"

typedef struct fc_integrand_vm {
    fc_integrand base;               /* base.context is this struct: it must not move */
    fc_cancel *cancel;               /* may be NULL; may be set later, before the integrator runs */
    uint64_t max_iterations;         /* 0: no bound */
    fc_program *program;             /* retained */
    fc_operand *args;                /* inputs n_dim, n_dim + 1, ... */
    const fc_table *tables;          /* borrowed */
    struct fc_vm *vm;                /* of worker 0, made when first used */
    _Atomic(struct fc_vm **) others; /* of the other workers: NULL, or room for FC_MAX_WIDTH; made
                                        (release) by the first that comes, found by acquire */
} fc_integrand_vm;

/* Inputs 0 to n_dim - 1 of the program are the coordinates, which must be float registers; the
 * others are given by `args` (FC_SCALAR each; copied). Outputs of any type are taken as float64.
 * Workers up to FC_MAX_WIDTH may call. Errors  FC_ERR_INVALID if the program has fewer inputs, or a
 * coordinate of another type; FC_ERR_NOMEM. On an error nothing is held. Evaluation gives what
 * fc_vm_run gives. */
FC_MUST_CHECK fc_status fc_integrand_vm_init(fc_integrand_vm *self, fc_program *program,
                                             unsigned n_dim, const fc_operand *args,
                                             const fc_table *tables);
void fc_integrand_vm_clear(fc_integrand_vm *self); /* all zero is fine */

/* The fc_sum_ramp_fn of a program: base.sum_ramp, where coordinate 0 and the first output are
 * float64. Its bits depend on the arguments alone, not on `worker`. Gives what fc_vm_sum gives. */
FC_MUST_CHECK fc_status fc_integrand_vm_sum(void *context, unsigned worker, size_t n, double start,
                                            double step, uint64_t first, const double *rest,
                                            double *sum, double *correction);

#endif
