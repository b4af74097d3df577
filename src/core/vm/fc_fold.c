/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reductions; contract in fc_fold.h. */
#include "fc_fold.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_code.h"
#include "fc_walk.h"

#define CHUNK 32768 /* elements; part of what decides the bits of a sum */

/* The result of some elements, of one chunk at first. */
typedef struct partial {
    double d, correction;
    __int128 i;
    uint64_t n;       /* elements in it, true ones for ANY, ALL, COUNT */
    bool zero, large; /* PROD of ints: a factor is 0; the others' product is beyond int64 */
} partial;

typedef struct reduction {
    fc_walk plan;
    fc_reduction kind;
    unsigned type;
    bool uniform;
    partial *partials; /* by chunk */
    struct slot {
        fc_vm *vm;
        fc_fault fault;
        char separate[FC_CACHE_LINE - sizeof(fc_vm *) - sizeof(fc_fault)];
    } *slots; /* by worker */
} reduction;

typedef struct sink {
    const reduction *r;
    partial *to;
} sink;

static double element_d(const reduction *r, const void *lanes, size_t i)
{
    i = r->uniform ? 0 : i;
    return r->type == FC_TYPE_D ? ((const double *)lanes)[i] : (double)((const float *)lanes)[i];
}

static int64_t element_i(const reduction *r, const void *lanes, size_t i)
{
    i = r->uniform ? 0 : i;
    return r->type == FC_TYPE_I ? ((const int64_t *)lanes)[i] : ((const uint8_t *)lanes)[i];
}

static bool is_float(const reduction *r)
{
    return r->type == FC_TYPE_D || r->type == FC_TYPE_F;
}

static bool is_truth(fc_reduction kind)
{
    return kind == FC_REDUCE_ANY || kind == FC_REDUCE_ALL || kind == FC_REDUCE_COUNT;
}

static void begin(partial *to, fc_reduction kind)
{
    *to = (partial){.d = kind == FC_REDUCE_PROD ? 1.0 : 0.0, .i = kind == FC_REDUCE_PROD};
}

static void multiply(partial *to, __int128 factor)
{
    if (factor == 0) {
        to->zero = true;
    } else if (!to->large) {
        /* Both are within int64 here, or to->i is the one value beyond it that may still be
         * negated: 2^63. */
        __int128 product = to->i * factor;
        to->large = product > ((__int128)1 << 63) || product < -((__int128)1 << 63);
        to->i = to->large ? 1 : product;
    }
}

/* Joins two results; the left one stands for the lower elements. */
static void join(partial *left, const partial *right, const reduction *r)
{
    if (right->n == 0 && !is_truth(r->kind)) {
        return;
    }
    if (left->n == 0 && !is_truth(r->kind)) {
        *left = *right;
        return;
    }
    switch (r->kind) {
    case FC_REDUCE_SUM:
        fc_add_exactly(right->d, &left->d, &left->correction);
        left->correction += right->correction;
        left->i += right->i;
        break;
    case FC_REDUCE_PROD:
        left->d *= right->d;
        if (!is_float(r)) {
            multiply(left, right->large ? (__int128)1 : right->i);
            left->zero |= right->zero;
            left->large |= right->large;
        }
        break;
    case FC_REDUCE_MIN:
        left->d = right->d < left->d || isnan(right->d) ? right->d : left->d;
        left->i = right->i < left->i ? right->i : left->i;
        break;
    case FC_REDUCE_MAX:
        left->d = right->d > left->d || isnan(right->d) ? right->d : left->d;
        left->i = right->i > left->i ? right->i : left->i;
        break;
    default:
        break;
    }
    left->n += right->n;
}

static void sum_floats(const reduction *r, const fc_vm *vm, const void *lanes, size_t n,
                       partial *to)
{
    size_t at = 0;
    if (r->uniform) {
        double value = element_d(r, lanes, 0), product = value * (double)n;
        fc_add_exactly(product, &to->d, &to->correction);
        to->correction += isfinite(product) ? fma(value, (double)n, -product) : 0.0;
        return;
    }
    if (r->type == FC_TYPE_D) {
        at = n / FC_LANES * FC_LANES;
        fc_add_exactly(vm->program->handlers->sum(at, lanes), &to->d, &to->correction);
    }
    for (; at < n; at++) {
        fc_add_exactly(element_d(r, lanes, at), &to->d, &to->correction);
    }
}

/* Visits a block of the chunk. */
static void take_block(void *context, const fc_vm *vm, const void *lanes, size_t n)
{
    const sink *s = context;
    const reduction *r = s->r;
    partial block;
    begin(&block, r->kind);
    if (is_truth(r->kind)) {
        for (size_t i = 0; i < n; i++) {
            s->to->n += is_float(r) ? element_d(r, lanes, i) != 0 : element_i(r, lanes, i) != 0;
        }
        return;
    }
    block.n = n;
    if (r->kind == FC_REDUCE_SUM && is_float(r)) {
        sum_floats(r, vm, lanes, n, &block);
    } else if (r->kind == FC_REDUCE_SUM) {
        for (size_t i = 0; i < n; i++) {
            block.i += element_i(r, lanes, i);
        }
    } else {
        for (size_t i = 0; i < n; i++) {
            partial one = {.n = 1};
            if (is_float(r)) {
                one.d = element_d(r, lanes, i);
            } else {
                one.i = element_i(r, lanes, i);
                one.zero = one.i == 0;
            }
            block.n = i;
            join(&block, &one, r);
        }
    }
    join(s->to, &block, r);
}

static fc_status run_part(void *context, fc_vm *vm, size_t first, size_t n,
                          const fc_operand *operands, fc_fault *fault)
{
    const sink *s = context;
    const fc_walk *plan = &s->r->plan;
    fc_status status = fc_vm_visit(vm, n, operands, plan->tables, plan->cancel,
                                   plan->max_iterations, take_block, context, fault);
    fault->element += first;
    return status;
}

static fc_status run_range(void *context, size_t first, size_t end, unsigned worker)
{
    reduction *r = context;
    struct slot *slot = &r->slots[worker];
    if (slot->vm == NULL) {
        fc_status status = fc_vm_take(r->plan.program, &slot->vm);
        if (status != FC_OK) {
            return status;
        }
    }
    partial here; /* not in r->partials, whose cache lines neighbours share */
    begin(&here, r->kind);
    sink s = {.r = r, .to = &here};
    fc_fault fault = {0};
    fc_status status = fc_walk_range(&r->plan, slot->vm, first, end, run_part, &s, &fault);
    if (status != FC_OK) {
        slot->fault = fault;
    }
    r->partials[first / CHUNK] = here;
    return status;
}

static fc_status finish(const reduction *r, const partial *all, fc_reduced *out)
{
    if (is_truth(r->kind)) {
        out->type = r->kind == FC_REDUCE_COUNT ? FC_TYPE_I : FC_TYPE_B;
        out->low = r->kind == FC_REDUCE_COUNT ? all->n
                   : r->kind == FC_REDUCE_ANY ? all->n != 0
                                              : all->n == r->plan.n;
        return FC_OK;
    }
    bool selects = r->kind == FC_REDUCE_MIN || r->kind == FC_REDUCE_MAX;
    if (is_float(r)) {
        out->type = FC_TYPE_D;
        out->d = r->kind == FC_REDUCE_SUM && isfinite(all->d) ? all->d + all->correction : all->d;
        return FC_OK;
    }
    out->type = r->type == FC_TYPE_B && selects ? FC_TYPE_B : FC_TYPE_I;
    __int128 value = all->zero && r->kind == FC_REDUCE_PROD ? 0 : all->i;
    out->low = (uint64_t)value;
    out->high = (int64_t)(value >> 64);
    bool fits = value >= INT64_MIN && value <= INT64_MAX && (!all->large || all->zero);
    return r->kind == FC_REDUCE_PROD && !fits ? FC_ERR_OVERFLOW : FC_OK;
}

fc_status fc_fold(const fc_run *run, fc_program *program, fc_reduction kind, unsigned n_dim,
                  const size_t *shape, const fc_map_operand *inputs, const fc_table *tables,
                  uint64_t max_iterations, fc_reduced *out, fc_fault *fault)
{
    const fc_reg_info *reg = &program->regs[program->outputs[0]];
    reduction r = {.kind = kind, .type = reg->type, .uniform = reg->kind != FC_KIND_VARYING};
    const unsigned width = fc_run_width(run);
    *fault = (fc_fault){.element = SIZE_MAX, .instruction = FC_NO_INSTRUCTION};
    *out = (fc_reduced){0};
    if (n_dim > FC_MAP_MAX_DIMS) {
        return FC_ERR_UNSUPPORTED;
    }
    fc_status status = fc_walk_init(&r.plan, program, n_dim, shape, inputs, NULL, 0, false);
    if (status != FC_OK) {
        goto end;
    }
    r.plan.tables = tables;
    r.plan.cancel = run != NULL ? run->cancel : NULL;
    r.plan.max_iterations = max_iterations;
    const size_t n_chunks = r.plan.n / CHUNK + (r.plan.n % CHUNK != 0);
    if (n_chunks == 0 && (kind == FC_REDUCE_MIN || kind == FC_REDUCE_MAX)) {
        status = FC_ERR_INVALID;
        goto end;
    }
    status = FC_ERR_NOMEM;
    r.slots = fc_calloc_aligned(FC_CACHE_LINE, width, sizeof *r.slots);
    r.partials = fc_calloc(n_chunks + 1, sizeof *r.partials);
    if (r.slots == NULL || r.partials == NULL) {
        goto end;
    }
    for (unsigned i = 0; i < width; i++) {
        r.slots[i].fault.element = SIZE_MAX;
    }
    begin(&r.partials[0], kind);
    const fc_run fixed = {.width = width, .cancel = r.plan.cancel}; /* the default may change */
    status = fc_pool_for(&fixed, run_range, &r, r.plan.n, CHUNK);
    for (unsigned i = 0; i < width; i++) {
        if (r.slots[i].fault.element < fault->element) {
            *fault = r.slots[i].fault;
        }
        fc_vm_put(r.slots[i].vm);
    }
    for (size_t step = 1; status == FC_OK && step < n_chunks; step *= 2) {
        for (size_t i = 0; i + step < n_chunks; i += 2 * step) {
            join(&r.partials[i], &r.partials[i + step], &r);
        }
    }
    status = status == FC_OK ? finish(&r, &r.partials[0], out) : status;
end:
    fc_free(r.slots);
    fc_free(r.partials);
    fc_walk_clear(&r.plan);
    return status;
}
