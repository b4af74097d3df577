/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Basic blocks of a program (runs of instructions without jumps) and the registers alive at their
 * ends: whose values may still be read. */
#ifndef FC_FLOW_H
#define FC_FLOW_H

#include <string.h>

#include "fc_code.h"

typedef struct fc_flow {
    const fc_program *program;
    uint32_t *end;      /* by instruction: one past its basic block */
    uint32_t *block_of; /* by instruction */
    uint64_t *live;     /* by basic block: a set of `words` words, the registers alive at its end */
    size_t words;
} fc_flow;

/* False if memory is short or the program too large to be worth it. Clear it in either case. */
bool fc_flow_init(fc_flow *flow, const fc_program *program);
void fc_flow_clear(fc_flow *flow);

/* Turns the registers alive after instructions [begin, end), which contain no jump but the last,
 * into those alive before. */
void fc_flow_step_back(const fc_program *program, uint32_t begin, uint32_t end, uint64_t *live);

static inline bool fc_is_jump(const fc_instruction *ins)
{
    return strchr(fc_opcode_flags[ins->op], 'J') != NULL;
}

static inline bool fc_in_set(const uint64_t *set, uint16_t reg)
{
    return (set[reg / 64] >> (reg % 64) & 1) != 0;
}

static inline const uint64_t *fc_live_after(const fc_flow *flow, uint32_t at)
{
    return flow->live + flow->block_of[at] * flow->words;
}

#endif
