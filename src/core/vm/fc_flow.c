/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Basic blocks and liveness; contract in fc_flow.h. Found by the usual iteration, backwards. */
#include "fc_flow.h"

#include <string.h>

#include "fc_alloc.h"

/* Programs whose sets of live registers take more bytes are left as they are. */
#define MAX_LIVENESS ((size_t)4 << 20)
/* So are those that take more steps: a long block that very many jumps lead to. */
#define MAX_WORK ((size_t)1 << 26)

static void put(uint64_t *set, uint16_t reg, bool value)
{
    const uint64_t bit = (uint64_t)1 << (reg % 64);
    set[reg / 64] = value ? set[reg / 64] | bit : set[reg / 64] & ~bit;
}

void fc_flow_step_back(const fc_program *p, uint32_t begin, uint32_t end, uint64_t *live)
{
    for (uint32_t at = end; at-- > begin;) {
        const fc_instruction *ins = &p->instructions[at];
        const uint16_t operands[4] = {ins->a, ins->b, ins->c, ins->m};
        if (ins->d != FC_NO_REGISTER) {
            put(live, ins->d, false);
        }
        for (int i = 0; i < 4; i++) {
            if (operands[i] != FC_NO_REGISTER) {
                put(live, operands[i], true);
            }
        }
    }
}

/* One round over all blocks, backwards; true if anything has changed. Stops where `work` is used
 * up. */
static bool flow_once(fc_flow *f, uint64_t *scratch, size_t *work)
{
    const fc_program *p = f->program;
    bool changed = false;
    for (uint32_t at = p->n_instructions; at-- > 0;) {
        if (f->end[at] != at + 1) {
            continue; /* not the last of its block */
        }
        const fc_instruction *last = &p->instructions[at];
        uint64_t *out = f->live + f->block_of[at] * f->words;
        uint32_t next[2];
        int n_next = 0;
        if (fc_is_jump(last)) {
            next[n_next++] = (uint32_t)last->imm;
        }
        if (last->op != FC_OP_END && last->op != FC_OP_JUMP) {
            next[n_next++] = at + 1;
        }
        for (int i = 0; i < n_next; i++) {
            const size_t steps = f->words + f->end[next[i]] - next[i];
            if (steps > *work) {
                *work = 0;
                return true;
            }
            *work -= steps;
            memcpy(scratch, f->live + f->block_of[next[i]] * f->words, f->words * sizeof *scratch);
            fc_flow_step_back(p, next[i], f->end[next[i]], scratch);
            for (size_t w = 0; w < f->words; w++) {
                changed = changed || (scratch[w] & ~out[w]) != 0;
                out[w] |= scratch[w];
            }
        }
    }
    return changed;
}

static bool find_blocks(fc_flow *f)
{
    const fc_program *p = f->program;
    const uint32_t n = p->n_instructions;
    bool *leader = fc_calloc((size_t)n + 1, sizeof *leader);
    if (leader == NULL) {
        return false;
    }
    leader[0] = true;
    for (uint32_t at = 0; at < n; at++) {
        const fc_instruction *ins = &p->instructions[at];
        if (fc_is_jump(ins)) {
            leader[ins->imm] = true;
        }
        leader[at + 1] = leader[at + 1] || fc_is_jump(ins) || ins->op == FC_OP_END;
    }
    uint32_t n_blocks = 0;
    for (uint32_t at = 0; at < n; at++) {
        n_blocks += leader[at];
        f->block_of[at] = n_blocks - 1;
    }
    for (uint32_t at = n; at-- > 0;) {
        f->end[at] = at + 1 == n || leader[at + 1] ? at + 1 : f->end[at + 1];
    }
    fc_free(leader);
    f->words = p->n_registers / 64 + 1;
    size_t size = (size_t)n_blocks * f->words * sizeof(uint64_t);
    if (size > MAX_LIVENESS) {
        return false;
    }
    f->live = fc_calloc(1, size);
    uint64_t *scratch = fc_calloc(f->words, sizeof *scratch);
    if (f->live == NULL || scratch == NULL) {
        fc_free(scratch);
        return false;
    }
    for (uint32_t at = 0; at < n; at++) {
        for (unsigned o = 0; p->instructions[at].op == FC_OP_END && o < p->n_outputs; o++) {
            put(f->live + f->block_of[at] * f->words, p->outputs[o], true);
        }
    }
    /* Each round adds registers, so this ends; the bound only cuts short what would take long. */
    bool settled = false;
    size_t work = MAX_WORK;
    for (int round = 0; round < 64 && !settled && work != 0; round++) {
        settled = !flow_once(f, scratch, &work);
    }
    fc_free(scratch);
    return settled;
}

bool fc_flow_init(fc_flow *f, const fc_program *program)
{
    *f = (fc_flow){.program = program};
    f->end = fc_calloc(program->n_instructions, sizeof *f->end);
    f->block_of = fc_calloc(program->n_instructions, sizeof *f->block_of);
    return f->end != NULL && f->block_of != NULL && find_blocks(f);
}

void fc_flow_clear(fc_flow *f)
{
    fc_free(f->end);
    fc_free(f->block_of);
    fc_free(f->live);
}
