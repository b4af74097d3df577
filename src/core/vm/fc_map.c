/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Elementwise map; contract in fc_map.h. The elements, in the order of the plan, are cut on
 * multiples of a grain that is a whole number of pages of doubles, so that two threads seldom write
 * the same cache line. Where a table of 256 entries stands for the program, elements are looked
 * up. */
#include "fc_map.h"

#include "fc_alloc.h"
#include "fc_code.h"
#include "fc_lookup.h"
#include "fc_walk.h"

#define GRAIN 16384       /* elements */
#define WORTH_THREADS 3e4 /* nanoseconds */

#define FEW_LOOKUPS 65536 /* elements */

typedef struct map_job {
    fc_walk plan;
    fc_lookup *lookup; /* NULL: run the program */
    struct slot {
        fc_vm *vm;
        char separate[FC_CACHE_LINE - sizeof(fc_vm *)];
    } *slots;         /* by worker; VMs are made by the worker that needs one */
    fc_fault *faults; /* by worker */
} map_job;

static fc_status run_part(void *context, fc_vm *vm, size_t first, size_t n,
                          const fc_operand *operands, fc_fault *fault)
{
    const fc_walk *plan = context;
    fc_status status = fc_vm_run(vm, n, operands, operands + plan->n_inputs, plan->tables,
                                 plan->cancel, plan->max_iterations, fault);
    fault->element += first;
    return status;
}

static fc_status run_range(void *context, size_t begin, size_t end, unsigned worker)
{
    map_job *job = context;
    fc_fault fault = {0};
    if (job->lookup != NULL) {
        return fc_walk_range(&job->plan, NULL, begin, end, fc_lookup_run, job->lookup, &fault);
    }
    struct slot *slot = &job->slots[worker];
    if (slot->vm == NULL) {
        fc_status status = fc_vm_take(job->plan.program, &slot->vm);
        if (status != FC_OK) {
            return status;
        }
    }
    fc_status status =
        fc_walk_range(&job->plan, slot->vm, begin, end, run_part, &job->plan, &fault);
    if (status != FC_OK) {
        /* A worker takes blocks in ascending order and stops at its first failure: it writes here
         * once. */
        job->faults[worker] = fault;
    }
    return status;
}

static fc_status run_threads(map_job *job, const fc_run *run, fc_fault *fault)
{
    const unsigned width = fc_run_width(run);
    const fc_run fixed = {.width = width, .cancel = job->plan.cancel}; /* the default may change */
    fc_status status = FC_ERR_NOMEM;
    job->slots = fc_calloc_aligned(FC_CACHE_LINE, width, sizeof *job->slots);
    job->faults = fc_calloc(width, sizeof *job->faults);
    if (job->slots != NULL && job->faults != NULL) {
        for (unsigned i = 0; i < width; i++) {
            job->faults[i].element = SIZE_MAX;
        }
        status = fc_pool_for(&fixed, run_range, job, job->plan.n, GRAIN);
        for (unsigned i = 0; i < width; i++) {
            if (job->faults[i].element < fault->element) {
                *fault = job->faults[i];
            }
            fc_vm_put(job->slots[i].vm);
        }
    }
    fc_free(job->slots);
    fc_free(job->faults);
    return status;
}

static fc_status run_here(map_job *job, fc_fault *fault)
{
    if (job->lookup != NULL) {
        return fc_walk_range(&job->plan, NULL, 0, job->plan.n, fc_lookup_run, job->lookup, fault);
    }
    fc_vm *vm;
    fc_status status = fc_vm_take(job->plan.program, &vm);
    if (status != FC_OK) {
        return status;
    }
    status = fc_walk_range(&job->plan, vm, 0, job->plan.n, run_part, &job->plan, fault);
    fc_vm_put(vm);
    return status;
}

bool fc_map_is_short(const fc_program *program, size_t n)
{
    /* A loop may be long on few elements; besides, only fc_pool_for's polling can stop it. */
    return !program->loops && fc_walk_cost(program, n) < WORTH_THREADS;
}

/* One order of the axes. */
static fc_status map_ordered(const fc_run *run, fc_program *program, unsigned n_dim,
                             const size_t *shape, const fc_map_operand *inputs,
                             const fc_map_operand *outputs, const fc_table *tables,
                             uint64_t max_iterations, bool reorder, bool *reordered,
                             fc_fault *fault)
{
    map_job job = {.lookup = NULL};
    fc_status status = fc_walk_init(&job.plan, program, n_dim, shape, inputs, outputs,
                                    program->n_outputs, reorder);
    job.plan.tables = tables;
    job.plan.cancel = run != NULL ? run->cancel : NULL;
    job.plan.max_iterations = max_iterations;
    *fault = (fc_fault){.element = SIZE_MAX, .instruction = FC_NO_INSTRUCTION};
    if (status == FC_OK) {
        status = fc_lookup_create(&job.plan, &job.lookup);
    }
    if (status == FC_OK && job.plan.n != 0) {
        bool here = fc_map_is_short(program, job.plan.n) ||
                    (job.lookup != NULL && job.plan.n < FEW_LOOKUPS);
        status = here ? run_here(&job, fault) : run_threads(&job, run, fault);
    }
    fc_lookup_destroy(job.lookup);
    *reordered = job.plan.reordered;
    fc_walk_clear(&job.plan);
    return status;
}

static bool is_fault(fc_status status)
{
    return status != FC_OK && status != FC_ERR_NOMEM && status != FC_ERR_CANCELLED &&
           status != FC_ERR_DEADLINE && status != FC_ERR_INVALID;
}

fc_status fc_map(const fc_run *run, fc_program *program, unsigned n_dim, const size_t *shape,
                 const fc_map_operand *inputs, const fc_map_operand *outputs,
                 const fc_table *tables, uint64_t max_iterations, fc_fault *fault)
{
    bool reordered;
    if (n_dim > FC_MAP_MAX_DIMS) {
        return FC_ERR_UNSUPPORTED;
    }
    fc_status status = map_ordered(run, program, n_dim, shape, inputs, outputs, tables,
                                   max_iterations, true, &reordered, fault);
    if (reordered && is_fault(status)) {
        /* The lowest element in the order of memory is not the lowest in row-major order: look for
         * that one. */
        fc_fault first = *fault;
        fc_status again = map_ordered(run, program, n_dim, shape, inputs, outputs, tables,
                                      max_iterations, false, &reordered, fault);
        if (again != FC_OK) {
            return again;
        }
        *fault = first; /* an output that is an input as well has changed it */
    }
    return status;
}
