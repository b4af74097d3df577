/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The verifier is the trust boundary: random and mutated bytes are refused or make a program that
 * runs within its memory (the sanitizers watch), ends when cancelled, and reports failed
 * allocations. */
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_alloc.h"

static uint64_t seed = 0x2545F4914F6CDD1Du;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

/* Runs whatever passed, with arrays of the types it asks for. */
static void run(fc_program *p, size_t n)
{
    static double memory[64][40];
    static const double table[5] = {1, 2, 3, 4, 5};
    static const fc_dtype dtypes[4] = {FC_F64, FC_F32, FC_I64, FC_BOOL};
    fc_operand inputs[32], outputs[32];
    fc_table tables[16];
    fc_vm *vm;
    fc_fault fault;
    if (p->n_inputs > 32 || p->n_outputs > 32 || p->n_tables > 16 ||
        fc_vm_create(p, &vm) != FC_OK) {
        return;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        const fc_reg_info *reg = &p->regs[p->inputs[i]];
        inputs[i] = (fc_operand){.kind = reg->kind == FC_KIND_VARYING ? FC_ARRAY : FC_SCALAR,
                                 .dtype = dtypes[reg->type],
                                 .data = memory[i],
                                 .stride = (ptrdiff_t)fc_type_size(reg->type)};
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        const unsigned type = p->regs[p->outputs[o]].type;
        outputs[o] = (fc_operand){.kind = FC_ARRAY,
                                  .dtype = dtypes[type],
                                  .data = memory[32 + o],
                                  .stride = (ptrdiff_t)fc_type_size(type)};
    }
    for (unsigned i = 0; i < p->n_tables; i++) {
        const unsigned type = p->table_types[i];
        tables[i] = (fc_table){.data = table,
                               .dtype = dtypes[type],
                               .stride = (ptrdiff_t)fc_type_size(type),
                               .length = pick(6)};
    }
    fc_status status = fc_vm_run(vm, n, inputs, outputs, tables, NULL, 50, &fault);
    CHECK(status == FC_OK || fault.element < n);
    double sum, correction;
    if (p->regs[p->outputs[0]].type == FC_TYPE_D) {
        status = fc_vm_sum(vm, n, inputs, tables, NULL, 50, &sum, &correction, &fault);
        CHECK(status == FC_OK || fault.element < n);
    }
    fc_vm_destroy(vm);
}

static unsigned n_accepted;

static void try_bytes(const unsigned char *bytes, size_t size)
{
    char reason[160] = "", text[64];
    fc_program *p;
    unsigned char *exact =
        malloc(size != 0 ? size : 1); /* an over-read is one beyond an allocation */
    memcpy(exact, bytes, size);
    fc_status status = fc_program_create(exact, size, &p, reason);
    free(exact);
    CHECK((status == FC_OK) == (p != NULL));
    CHECK(status == FC_OK || status == FC_ERR_NOMEM || reason[0] != 0);
    if (p != NULL) {
        n_accepted++;
        fc_program_text(p, text, sizeof text); /* cut off, but within its memory */
        run(p, 1 + pick(40));
        fc_program_release(p);
    }
}

/* A valid program with a bit of everything. */
static void sample(assembler *a)
{
    static const uint8_t letters[256] = {
        ['D'] = FC_TYPE_D, ['F'] = FC_TYPE_F, ['I'] = FC_TYPE_I, ['B'] = FC_TYPE_B};
    memset(a, 0, sizeof *a);
    uint16_t varying[4][3], uniform[4][2];
    for (unsigned type = 0; type < 4; type++) {
        for (int i = 0; i < 3; i++) {
            varying[type][i] =
                i == 0 ? asm_input(a, type, FC_KIND_VARYING) : asm_reg(a, type, FC_KIND_VARYING);
        }
        uniform[type][0] =
            pick(2) != 0 ? asm_input(a, type, FC_KIND_UNIFORM) : asm_reg(a, type, FC_KIND_UNIFORM);
        uniform[type][1] = asm_constant(a, type, type == FC_TYPE_D ? 0x4008000000000000u : 3);
        a->tables[a->n_tables++] = (uint8_t)type;
    }
    unsigned length = 1 + pick(30);
    for (unsigned i = 0; i < length; i++) {
        const unsigned op = pick(FC_N_OPCODES);
        const char *signature = fc_opcode_signatures[op], *flags = fc_opcode_flags[op];
        bool make_uniform =
            strchr(flags, 'U') != NULL || op == FC_OP_JUMP_IF || op == FC_OP_JUMP_UNLESS;
        uint16_t fields[4];
        for (int k = 0; k < 4; k++) {
            unsigned type = letters[(unsigned char)signature[k]];
            fields[k] = signature[k] == '-' ? NO
                        : k == 0 ? (make_uniform ? uniform[type][0] : varying[type][pick(3)])
                        : make_uniform && op != FC_OP_ANY_B && op != FC_OP_ALL_B
                            ? uniform[type][pick(2)]
                        : pick(3) == 0 ? uniform[type][pick(2)]
                                       : varying[type][pick(3)];
        }
        int32_t imm = strchr(flags, 'J') != NULL   ? (int32_t)pick(length)
                      : strchr(flags, 'T') != NULL ? (int32_t)letters[(unsigned char)signature[0]]
                      : strchr(flags, 'X') != NULL ? (int32_t)FC_ERR_DOMAIN
                                                   : 0;
        uint16_t m = strchr(flags, 'M') != NULL && pick(2) != 0 ? varying[FC_TYPE_B][pick(3)] : NO;
        asm_op(a, op, fields[0], fields[1], fields[2], fields[3], m, imm);
    }
    for (unsigned i = 0; i < 1 + pick(3); i++) {
        a->outputs[a->n_outputs++] = varying[pick(4)][pick(3)];
    }
    if (a->n_outputs == 0) {
        a->outputs[a->n_outputs++] = varying[0][0];
    }
    asm_finish(a);
}

static void fuzz(void)
{
    static assembler a;
    static unsigned char bytes[sizeof a.bytes];
    for (int round = 0; round < 3000; round++) {
        sample(&a);
        try_bytes(a.bytes, a.size);
        for (int k = 0; k < 6; k++) {
            memcpy(bytes, a.bytes, a.size);
            size_t size = a.size;
            unsigned edits = 1 + pick(4);
            for (unsigned e = 0; e < edits; e++) {
                bytes[pick((unsigned)size)] = (unsigned char)(pick(2) != 0 ? pick(256) : pick(6));
            }
            size = pick(8) == 0 ? pick((unsigned)size + 1) : size;
            try_bytes(bytes, size);
        }
    }
    CHECK(n_accepted > 3000);
    for (int round = 0; round < 20000; round++) {
        size_t size = pick(200);
        for (size_t i = 0; i < size; i++) {
            bytes[i] = (unsigned char)(pick(3) != 0 ? pick(4) : pick(256));
        }
        if (pick(4) != 0 && size >= 4) {
            memcpy(bytes, "FCP1", 4);
        }
        try_bytes(bytes, size);
    }
}

static void refusals(void)
{
    static assembler a;
    struct {
        const char *what;
        size_t at;
        unsigned value;
    } edits[] = {{"magic", 0, 'X'}, {"no outputs", 8, 0}, {"flags", 16, 2},
                 {"type", 20, 4},   {"kind", 21, 3},      {"reserved", 22, 1}};
    for (size_t i = 0; i < sizeof edits / sizeof edits[0]; i++) {
        memset(&a, 0, sizeof a);
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = x;
        asm_finish(&a);
        a.bytes[edits[i].at] = (unsigned char)edits[i].value;
        fc_program *p;
        char reason[160];
        fc_status status = fc_program_create(a.bytes, a.size, &p, reason);
        CHECK(status == FC_ERR_FORMAT && p == NULL);
        if (status != FC_ERR_FORMAT) {
            fprintf(stderr, "accepted: %s\n", edits[i].what);
        }
    }
    /* A constant written, a uniform result of a varying operand, a mask where none is allowed, no
     * END. */
    for (int which = 0; which < 4; which++) {
        memset(&a, 0, sizeof a);
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING),
                 u = asm_reg(&a, FC_TYPE_D, FC_KIND_UNIFORM);
        uint16_t k = asm_double(&a, 1.0), m = asm_input(&a, FC_TYPE_B, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = x;
        asm_op(&a, FC_OP_ADD_D,
               which == 0   ? k
               : which == 1 ? u
                            : x,
               x, x, NO, which == 2 ? m : NO, 0);
        asm_finish(&a);
        if (which == 3) {
            a.bytes[a.size - 16] = FC_OP_ADD_D;
        }
        fc_program *p;
        char reason[160];
        CHECK(fc_program_create(a.bytes, a.size, &p, reason) == FC_ERR_FORMAT && p == NULL);
    }
}

static void failing_allocations(void)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING),
             y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, FC_OP_MUL_D, y, x, x, NO, NO, 0);
    asm_op(&a, FC_OP_ADD_D, y, y, x, NO, NO, 0);
    a.outputs[a.n_outputs++] = y;
    asm_finish(&a);
    fc_status status = FC_ERR_NOMEM;
    for (long allowed = 0; status != FC_OK && allowed < 100; allowed++) {
        fc_program *p;
        fc_vm *vm = NULL;
        fc_alloc_fail_after(allowed);
        status = fc_program_create(a.bytes, a.size, &p, NULL);
        if (status == FC_OK) {
            status = fc_vm_create(p, &vm);
        }
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        fc_vm_destroy(vm);
        fc_program_release(p);
    }
    CHECK(status == FC_OK);
}

int main(void)
{
    refusals();
    failing_allocations();
    fuzz();
    return check_report();
}
