/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Narrowing of blocks in loops; contract in fc_narrow.h.
 *
 * The registers of the narrowed block live in memory of their own; vm->wide remembers where those
 * of the whole block are. Moving lanes costs some time, so it waits until as much has been lost on
 * useless lanes: the total is then at most twice what perfect foresight would take. */
#include "fc_narrow.h"

#include <string.h>

#include "fc_alloc.h"

/* Cost of moving an element of a register, in units of an instruction on a lane. */
#define MOVE_COST 2

/* Steps spent on finding loops: programs of very many tests must not take minutes to build, and a
 * loop that is not found only runs without narrowing. */
#define MAX_WORK ((size_t)1 << 25)

/* ---- when the program is built
 * ------------------------------------------------------------------------------------------- */

/* The last instruction of the smallest loop around `at` that a jump to `target` leaves; UINT32_MAX
 * if there is none that is entered only at its head and holds no END. */
static uint32_t find_loop(const fc_program *p, uint32_t at, uint32_t target)
{
    for (uint32_t last = at + 1; last < target; last++) {
        const fc_instruction *ins = &p->instructions[last];
        if (ins->op == FC_OP_END) {
            return UINT32_MAX;
        }
        if (ins->op == FC_OP_JUMP && (uint32_t)ins->imm <= at) {
            for (uint32_t k = (uint32_t)ins->imm; k < at; k++) {
                if (p->instructions[k].op == FC_OP_END) {
                    return UINT32_MAX;
                }
            }
            return last;
        }
    }
    return UINT32_MAX;
}

static bool is_varying(const fc_program *p, unsigned reg)
{
    return reg != FC_NO_REGISTER && p->regs[reg].kind == FC_KIND_VARYING;
}

enum { USED = 1, WRITTEN = 2, ALIVE_AFTER = 4 };

static bool spend(size_t *work, size_t steps)
{
    const bool enough = steps <= *work;
    *work = enough ? *work - steps : 0;
    return enough;
}

/* What the loop [head, last] does with each register; false if that is too much work. */
static bool look_at(const fc_program *p, const fc_flow *flow, uint32_t head, uint32_t last,
                    unsigned char *does, uint64_t *live, size_t *work)
{
    if (!spend(work, (size_t)p->n_registers + last - head)) {
        return false;
    }
    memset(does, 0, p->n_registers);
    for (uint32_t at = head; at <= last; at++) {
        const fc_instruction *ins = &p->instructions[at];
        const uint16_t operands[5] = {ins->a, ins->b, ins->c, ins->m, ins->d};
        for (int i = 0; i < 5; i++) {
            if (is_varying(p, operands[i])) {
                does[operands[i]] |= i == 4 ? USED | WRITTEN : USED;
            }
        }
        const uint32_t target = (uint32_t)ins->imm;
        if (fc_is_jump(ins) && (target < head || target > last)) {
            if (!spend(work, (size_t)p->n_registers + flow->end[target] - target)) {
                return false;
            }
            memcpy(live, fc_live_after(flow, target), flow->words * sizeof *live);
            fc_flow_step_back(p, target, flow->end[target], live);
            for (unsigned reg = 0; reg < p->n_registers; reg++) {
                does[reg] |= fc_in_set(live, (uint16_t)reg) ? ALIVE_AFTER : 0;
            }
        }
    }
    return true;
}

/* The loop that the test at `at` belongs to; NULL if it may not narrow. */
static fc_loop *make_loop(const fc_program *p, const fc_flow *flow, const uint32_t *start,
                          uint32_t at, unsigned char *does, uint64_t *live, size_t *work)
{
    const fc_instruction *test = &p->instructions[at];
    if (!spend(work, (size_t)test->imm)) {
        return NULL;
    }
    const uint32_t last = find_loop(p, at, (uint32_t)test->imm);
    if (last == UINT32_MAX ||
        !look_at(p, flow, (uint32_t)p->instructions[last].imm, last, does, live, work)) {
        return NULL;
    }
    const uint32_t head = (uint32_t)p->instructions[last].imm;
    fc_loop *loop = fc_calloc(1, sizeof *loop);
    uint16_t *lists = fc_calloc(2 * (size_t)p->n_registers, sizeof *lists);
    if (loop == NULL || lists == NULL) {
        fc_free(loop);
        fc_free(lists);
        return NULL;
    }
    loop->head = p->code + start[head];
    loop->last = p->code + start[last];
    loop->cost = start[last] - start[head] + 1;
    loop->inside = lists;
    loop->after = lists + p->n_registers;
    for (unsigned reg = 0; reg < p->n_registers; reg++) {
        const bool alive = fc_in_set(fc_live_after(flow, at), (uint16_t)reg) || reg == test->a;
        if (alive && (does[reg] & USED) != 0) {
            lists[loop->n_inside++] = (uint16_t)reg;
        }
        if ((does[reg] & (WRITTEN | ALIVE_AFTER)) == (WRITTEN | ALIVE_AFTER)) {
            lists[p->n_registers + loop->n_after++] = (uint16_t)reg;
        }
    }
    return loop;
}

void fc_find_loops(fc_program *p, const fc_flow *flow, const uint32_t *start)
{
    unsigned char *does = fc_calloc((size_t)p->n_registers + 1, 1);
    uint64_t *live = fc_calloc(flow->words, sizeof *live);
    size_t work = MAX_WORK;
    for (uint32_t at = 0; does != NULL && live != NULL && at < p->n_instructions; at++) {
        const fc_instruction *ins = &p->instructions[at];
        fc_code *code = &p->code[start[at]];
        if (ins->op == FC_OP_JUMP_NONE && is_varying(p, ins->a) && (uint32_t)ins->imm > at) {
            code->loop = make_loop(p, flow, start, at, does, live, &work);
            if (code->loop != NULL) {
                code->run = p->handlers->test_loop;
                p->narrows = true;
            }
        }
    }
    fc_free(does);
    fc_free(live);
}

void fc_free_loops(fc_program *p)
{
    for (unsigned i = 0; p->narrows && i < p->n_code; i++) {
        if (p->code[i].loop != NULL) {
            fc_free((void *)p->code[i].loop->inside);
            fc_free((void *)p->code[i].loop);
        }
    }
}

/* ---- when it runs
 * ------------------------------------------------------------------------------------------- */

#define MOVE_LANES(T, to, to_index, from, from_index)                                              \
    for (size_t k = 0; k < n; k++) {                                                               \
        ((T *)(to))[to_index] = ((const T *)(from))[from_index];                                   \
    }                                                                                              \
    break

/* to[k] = from[lanes[k]]; `to` may be `from`, for lanes[k] >= k. */
static void gather(void *to, const void *from, const uint16_t *lanes, size_t n, size_t size)
{
    switch (size) {
    case 8:
        MOVE_LANES(uint64_t, to, k, from, lanes[k]);
    case 4:
        MOVE_LANES(uint32_t, to, k, from, lanes[k]);
    default:
        MOVE_LANES(uint8_t, to, k, from, lanes[k]);
    }
}

static void scatter(void *to, const void *from, const uint16_t *lanes, size_t n, size_t size)
{
    switch (size) {
    case 8:
        MOVE_LANES(uint64_t, to, lanes[k], from, k);
    case 4:
        MOVE_LANES(uint32_t, to, lanes[k], from, k);
    default:
        MOVE_LANES(uint8_t, to, lanes[k], from, k);
    }
}

static void scatter_results(fc_vm *vm)
{
    const fc_program *p = vm->program;
    for (unsigned i = 0; i < vm->loop->n_after; i++) {
        const uint16_t reg = vm->loop->after[i];
        scatter(vm->wide[reg], vm->reg[reg], vm->lane_of, vm->n_narrow,
                fc_type_size(p->regs[reg].type));
    }
}

void fc_narrow(fc_vm *vm, const fc_loop *loop, const uint8_t *mask, size_t n_active)
{
    const fc_program *p = vm->program;
    const size_t lanes = (n_active + FC_LANES - 1) / FC_LANES * FC_LANES;
    const size_t moves = loop->n_inside * lanes + loop->n_after * vm->lanes;
    vm->lost += (vm->lanes - n_active) * loop->cost;
    /* A block is narrowed to half of its lanes or less, by the innermost loop that wants to. A loop
     * that begins at the same place and ends elsewhere is another one: the registers it moves are
     * not the same. */
    if (vm->narrow == NULL || lanes * 2 > vm->lanes || vm->lost < moves * MOVE_COST ||
        (vm->loop != NULL && (vm->loop->head != loop->head || vm->loop->last != loop->last))) {
        return;
    }
    uint16_t chosen[FC_MAX_BLOCK + 1]; /* one beyond is written, and not kept */
    size_t n = 0;
    for (size_t i = 0; n < n_active; i++) {
        chosen[n] = (uint16_t)i;
        n += mask[i];
    }
    for (; n < lanes; n++) {
        chosen[n] = chosen[n_active - 1];
    }
    const bool again = vm->loop != NULL;
    if (again) {
        scatter_results(vm);
    } else {
        memcpy(vm->wide, vm->reg, p->n_registers * sizeof *vm->wide);
        vm->wide_lanes = vm->lanes;
        for (unsigned i = 0; i < loop->n_after; i++) {
            vm->reg[loop->after[i]] = vm->narrow + p->regs[loop->after[i]].offset;
        }
    }
    for (unsigned i = 0; i < loop->n_inside; i++) {
        const uint16_t reg = loop->inside[i];
        void *to = again ? vm->reg[reg] : vm->narrow + p->regs[reg].offset;
        gather(to, again ? to : vm->wide[reg], chosen, lanes, fc_type_size(p->regs[reg].type));
        vm->reg[reg] = to;
    }
    for (size_t k = 0; k < lanes; k++) {
        vm->lane_of[k] = again ? vm->lane_of[chosen[k]] : chosen[k];
    }
    vm->loop = loop;
    vm->lanes = lanes;
    vm->n_narrow = n_active;
    vm->lost = 0;
}

void fc_widen(fc_vm *vm, bool whole)
{
    if (whole) {
        scatter_results(vm);
    }
    memcpy(vm->reg, vm->wide, vm->program->n_registers * sizeof *vm->wide);
    vm->lanes = vm->wide_lanes;
    vm->loop = NULL;
    vm->lost = 0;
}
