/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Writes programs of the block VM in their serialised form, for tests. */
#ifndef ASSEMBLE_H
#define ASSEMBLE_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_code.h"

#define ASM_MAX 512

typedef struct assembler {
    struct {
        uint8_t type, kind;
        uint32_t index;
    } regs[ASM_MAX];
    uint64_t constants[ASM_MAX];
    uint16_t inputs[ASM_MAX], outputs[ASM_MAX];
    uint8_t tables[16];
    fc_instruction code[ASM_MAX];
    unsigned n_regs, n_constants, n_inputs, n_outputs, n_tables, n_code;
    uint32_t flags;
    unsigned char bytes[ASM_MAX * 64];
    size_t size;
} assembler;

static inline uint16_t asm_reg(assembler *a, unsigned type, unsigned kind)
{
    a->regs[a->n_regs].type = (uint8_t)type;
    a->regs[a->n_regs].kind = (uint8_t)kind;
    return (uint16_t)a->n_regs++;
}

static inline uint16_t asm_input(assembler *a, unsigned type, unsigned kind)
{
    return a->inputs[a->n_inputs++] = asm_reg(a, type, kind);
}

static inline uint16_t asm_constant(assembler *a, unsigned type, uint64_t bits)
{
    uint16_t reg = asm_reg(a, type, FC_KIND_CONSTANT);
    a->regs[reg].index = a->n_constants;
    a->constants[a->n_constants++] = bits;
    return reg;
}

static inline uint16_t asm_double(assembler *a, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, 8);
    return asm_constant(a, FC_TYPE_D, bits);
}

#define NO FC_NO_REGISTER

static inline void asm_op(assembler *a, unsigned op, uint16_t d, uint16_t x, uint16_t y, uint16_t z,
                          uint16_t m, int32_t imm)
{
    a->code[a->n_code++] =
        (fc_instruction){.op = (uint16_t)op, .d = d, .a = x, .b = y, .c = z, .m = m, .imm = imm};
}

static inline void asm_put(assembler *a, uint64_t value, unsigned width)
{
    for (unsigned i = 0; i < width; i++) {
        a->bytes[a->size++] = (unsigned char)(value >> (8 * i));
    }
}

static inline void asm_finish(assembler *a)
{
    asm_op(a, FC_OP_END, NO, NO, NO, NO, NO, 0);
    a->size = 0;
    memcpy(a->bytes, "FCP1", 4);
    a->size = 4;
    asm_put(a, a->n_regs, 2);
    asm_put(a, a->n_inputs, 2);
    asm_put(a, a->n_outputs, 2);
    asm_put(a, a->n_tables, 2);
    asm_put(a, a->n_code, 4);
    asm_put(a, a->flags, 4);
    for (unsigned i = 0; i < a->n_regs; i++) {
        asm_put(a, a->regs[i].type, 1);
        asm_put(a, a->regs[i].kind, 1);
        asm_put(a, 0, 2);
        asm_put(a, a->regs[i].index, 4);
    }
    asm_put(a, a->n_constants, 4);
    for (unsigned i = 0; i < a->n_constants; i++) {
        asm_put(a, a->constants[i], 8);
    }
    for (unsigned i = 0; i < a->n_inputs; i++) {
        asm_put(a, a->inputs[i], 2);
    }
    for (unsigned i = 0; i < a->n_outputs; i++) {
        asm_put(a, a->outputs[i], 2);
    }
    for (unsigned i = 0; i < a->n_tables; i++) {
        asm_put(a, a->tables[i], 1);
    }
    for (unsigned i = 0; i < a->n_code; i++) {
        const fc_instruction *ins = &a->code[i];
        const uint16_t fields[6] = {ins->op, ins->d, ins->a, ins->b, ins->c, ins->m};
        for (int k = 0; k < 6; k++) {
            asm_put(a, fields[k], 2);
        }
        asm_put(a, (uint32_t)ins->imm, 4);
    }
}

/* Adds END and builds; NULL with the reason printed when that fails. */
static inline fc_program *asm_build(assembler *a, fc_isa isa)
{
    char reason[160];
    fc_program *program;
    asm_finish(a);
    if (fc_program_create_isa(a->bytes, a->size, isa, &program, reason) != FC_OK) {
        fprintf(stderr, "program refused: %s\n", reason);
    }
    return program;
}

/* The value of a program of one input at x, as the VM computes it. */
static inline double asm_value_at(fc_program *p, double x)
{
    fc_operand in = {.kind = FC_ARRAY, .dtype = FC_F64, .data = &x, .stride = 8}, out = in;
    double y = NAN;
    fc_vm *vm;
    fc_fault fault;
    out.data = &y;
    CHECK(fc_vm_create(p, &vm) == FC_OK);
    CHECK(fc_vm_run(vm, 1, &in, &out, NULL, NULL, 0, &fault) == FC_OK);
    fc_vm_destroy(vm);
    return y;
}

#endif
