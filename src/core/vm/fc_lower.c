/* SPDX-License-Identifier: BSD-3-Clause
 *
 * From a verified program to the code that runs: handlers of the instruction set, operands'
 * strides, the size of a block, and where each register lives. */
#include "fc_code.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_flow.h"
#include "fc_narrow.h"

/* Bytes that the registers of a block may take: the first-level cache is 32 KB or more, and arrays
 * stream through it as well. */
#define L1_BUDGET (20 * 1024)
#define MIN_BLOCK 64
/* Lanes of a loop end at different times, and a block runs as long as its longest lane: short
 * blocks waste less. Those that narrow waste little, and gain by more lanes even if some live in
 * the second-level cache. */
#define LOOP_BLOCK 256
#define NARROWING_BLOCK 512

static const fc_handlers *handlers_of(fc_isa isa)
{
#if FC_X86
    if (isa == FC_ISA_AVX512) {
        return &fc_handlers_avx512;
    }
    if (isa == FC_ISA_AVX2) {
        return &fc_handlers_avx2;
    }
#endif
    (void)isa;
    return &fc_handlers_baseline;
}

/* The function of fc_vmath that an opcode stands for. */
static void find_math(fc_code *code, unsigned op, const fc_vmath *math)
{
    switch (op) {
#define MATH_UNARY(NAME, field)                                                                    \
    case FC_OP_##NAME##_D:                                                                         \
        code->math.unary_d = math->field##_d;                                                      \
        break;                                                                                     \
    case FC_OP_##NAME##_F:                                                                         \
        code->math.unary_f = math->field##_f;                                                      \
        break;
#define MATH_BINARY(NAME, field)                                                                   \
    case FC_OP_##NAME##_D:                                                                         \
        code->math.binary_d = math->field##_d;                                                     \
        break;                                                                                     \
    case FC_OP_##NAME##_F:                                                                         \
        code->math.binary_f = math->field##_f;                                                     \
        break;
        FC_MATH_UNARY(MATH_UNARY)
        FC_MATH_BINARY(MATH_BINARY)
        MATH_BINARY(FLOORDIV, fmod)
        MATH_BINARY(MOD, fmod)
    default:
        break;
    }
}

static uint8_t advance(const fc_program *p, uint16_t reg)
{
    return reg != FC_NO_REGISTER && p->regs[reg].kind == FC_KIND_VARYING ? FC_LANES : 0;
}

/* Gives each register its place; returns the bytes for a block of `block` lanes. */
static size_t lay_out(fc_program *p, size_t block)
{
    size_t used = 0;
    for (unsigned i = 0; i < p->n_registers; i++) {
        fc_reg_info *reg = &p->regs[i];
        if (reg->kind == FC_KIND_CONSTANT) {
            continue;
        }
        reg->offset = used;
        size_t lanes = reg->kind == FC_KIND_VARYING ? block : FC_LANES;
        used +=
            (lanes * fc_type_size(reg->type) + FC_CACHE_LINE - 1) / FC_CACHE_LINE * FC_CACHE_LINE;
    }
    p->scratch = used;
    return used + 3 * block * sizeof(double);
}

/* Lanes of a block: as many as the registers that the code uses leave room for in the cache. */
static size_t choose_block(const fc_program *p, bool *used)
{
    size_t width = 1;
    bool diverges = false;
    for (unsigned i = 0; i < p->n_code; i++) {
        const fc_code *code = &p->code[i];
        const unsigned op = p->instructions[code->at].op;
        const uint16_t operands[5] = {code->d, code->a, code->b, code->c, code->m};
        for (int k = 0; k < 5; k++) {
            if (operands[k] != FC_NO_REGISTER && !used[operands[k]]) {
                const fc_reg_info *reg = &p->regs[operands[k]];
                used[operands[k]] = true;
                width += reg->kind == FC_KIND_VARYING ? fc_type_size(reg->type) : 0;
            }
        }
        diverges = diverges || op == FC_OP_JUMP_ANY || op == FC_OP_JUMP_NONE;
    }
    size_t block = L1_BUDGET * (p->narrows ? 2 : 1) / width / FC_LANES * FC_LANES;
    size_t most = p->narrows ? NARROWING_BLOCK : p->loops && diverges ? LOOP_BLOCK : FC_MAX_BLOCK;
    return block < MIN_BLOCK ? MIN_BLOCK : block > most ? most : block;
}

/* Which of the fused sums over a ramp the program is; -1: none. */
static int find_sum_ramp(const fc_program *p)
{
    if (p->n_inputs != 1 || p->n_outputs != 1 || p->regs[p->inputs[0]].type != FC_TYPE_D ||
        p->regs[p->inputs[0]].kind != FC_KIND_VARYING) {
        return -1;
    }
    const uint16_t x = p->inputs[0];
    const fc_instruction *one = &p->instructions[0];
    if (p->n_instructions == 1) {
        return p->outputs[0] == x ? 0 : -1;
    }
    bool square = one->op == FC_OP_SQUARE_D || (one->op == FC_OP_MUL_D && one->b == x);
    return p->n_instructions == 2 && square && one->a == x && p->outputs[0] == one->d ? 1 : -1;
}

fc_status fc_lower(fc_program *p, fc_isa isa)
{
    const fc_vmath *math =
        (p->flags & FC_PROGRAM_EXACT) != 0 ? fc_vmath_exact() : fc_vmath_get(isa);
    p->isa = isa;
    p->handlers = handlers_of(isa);
    p->code = fc_calloc(p->n_instructions, sizeof *p->code);
    if (p->code == NULL) {
        return FC_ERR_NOMEM;
    }
    p->n_code = p->n_instructions;
    for (unsigned at = 0; at < p->n_instructions; at++) {
        const fc_instruction *ins = &p->instructions[at];
        fc_code *code = &p->code[at];
        *code = (fc_code){
            .run = p->handlers->op[ins->op],
            .d = ins->d,
            .a = ins->a,
            .b = ins->b,
            .c = ins->c,
            .m = ins->m,
            .sa = advance(p, ins->a),
            .sb = advance(p, ins->b),
            .sc = advance(p, ins->c),
            .sm = advance(p, ins->m),
            .uniform = ins->d != FC_NO_REGISTER && advance(p, ins->d) == 0,
            .imm = ins->imm,
            .at = at,
        };
        if (ins->d != FC_NO_REGISTER) {
            p->regs[ins->d].assigned = true;
        }
        find_math(code, ins->op, math);
        if (code->math.unary_d != NULL) {
            const uint16_t operands[3] = {ins->d, ins->a, ins->b};
            for (int i = 0; i < 3; i++) {
                if (operands[i] != FC_NO_REGISTER) {
                    p->regs[operands[i]].aligned = true;
                }
            }
        }
    }
    uint32_t *start = fc_calloc(p->n_instructions, sizeof *start);
    if (start == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_flow flow;
    const bool known = fc_flow_init(&flow, p);
    fc_fuse(p, known ? &flow : NULL, start);
    if (known && p->loops) {
        fc_find_loops(p, &flow, start);
    }
    fc_flow_clear(&flow);
    for (unsigned i = 0; i < p->n_code; i++) {
        fc_code *code = &p->code[i];
        if (strchr(fc_opcode_flags[p->instructions[code->at].op], 'J') != NULL) {
            code->target = &p->code[start[code->imm]];
            code->backward = (unsigned)code->imm <= code->at;
        }
    }
    fc_free(start);
    p->sum_ramp = find_sum_ramp(p);
    bool *used = fc_calloc(p->n_registers + 1, sizeof *used);
    if (used == NULL) {
        return FC_ERR_NOMEM;
    }
    p->block = choose_block(p, used);
    fc_free(used);
    p->vm_size = lay_out(p, p->block);
    return FC_OK;
}
