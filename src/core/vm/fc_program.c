/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Parsing and verification of programs; contract in fc_program.h. One pass reads the bytes (every
 * read is checked against the end), a second checks each instruction against the opcode table, a
 * third finds the registers that may be read before they are written. After that nothing is checked
 * again. */
#include "fc_code.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "fc_alloc.h"

#define MAX_REGISTERS 4096
#define MAX_INSTRUCTIONS 65536
#define MAX_OPERANDS 1024 /* inputs, outputs, tables */
#define REASON_SIZE 160

#define OPCODE_NAME(name, signature, flags, text) #name,
#define OPCODE_SIGNATURE(name, signature, flags, text) signature,
#define OPCODE_FLAGS(name, signature, flags, text) flags,
const char *const fc_opcode_names[FC_N_OPCODES] = {FC_OPCODES(OPCODE_NAME)};
const char *const fc_opcode_signatures[FC_N_OPCODES] = {FC_OPCODES(OPCODE_SIGNATURE)};
const char *const fc_opcode_flags[FC_N_OPCODES] = {FC_OPCODES(OPCODE_FLAGS)};

static const char type_letters[] = "DFIB";

typedef struct reader {
    const unsigned char *bytes;
    size_t size, at;
    char *reason;
} reader;

__attribute__((format(printf, 2, 3))) static fc_status malformed(char *reason, const char *format,
                                                                 ...)
{
    va_list args;
    va_start(args, format);
    if (reason != NULL) {
        vsnprintf(reason, REASON_SIZE, format, args);
    }
    va_end(args);
    return FC_ERR_FORMAT;
}

/* The next `width` bytes as a little-endian number; whoever calls has made sure with `have` that
 * they exist. */
static uint64_t take(reader *r, unsigned width)
{
    uint64_t value = 0;
    for (unsigned i = 0; i < width; i++) {
        value |= (uint64_t)r->bytes[r->at++] << (8 * i);
    }
    return value;
}

static bool have(const reader *r, size_t count, size_t width)
{
    size_t wanted;
    return fc_size_mul(count, width, &wanted) && wanted <= r->size - r->at;
}

/* Fills one group of equal lanes. */
static void splat(void *lanes, unsigned type, uint64_t bits)
{
    double d;
    memcpy(&d, &bits, sizeof d);
    for (int i = 0; i < FC_LANES; i++) {
        if (type == FC_TYPE_F) {
            ((float *)lanes)[i] = (float)d;
        } else if (type == FC_TYPE_B) {
            ((uint8_t *)lanes)[i] = bits != 0;
        } else {
            ((uint64_t *)lanes)[i] = bits;
        }
    }
}

static fc_status read_registers(reader *r, fc_program *p)
{
    const size_t group = FC_LANES * sizeof(double);
    if (!have(r, p->n_registers, 8)) {
        return malformed(r->reason, "truncated in the registers");
    }
    const size_t table = r->at;
    r->at += 8 * (size_t)p->n_registers;
    if (!have(r, 1, 4)) {
        return malformed(r->reason, "truncated before the constants");
    }
    const uint32_t n_constants = (uint32_t)take(r, 4);
    if (!have(r, n_constants, 8)) {
        return malformed(r->reason, "truncated in the constants");
    }
    const size_t values = r->at;
    const size_t after = values + 8 * (size_t)n_constants;

    size_t n_groups = 0;
    for (unsigned i = 0; i < p->n_registers; i++) {
        n_groups += r->bytes[table + 8 * (size_t)i + 1] == FC_KIND_CONSTANT;
    }
    p->constants_size = n_groups * group;
    p->constants = fc_calloc_aligned(FC_CACHE_LINE, n_groups + 1, group);
    p->regs = fc_calloc((size_t)p->n_registers + 1, sizeof *p->regs);
    if (p->constants == NULL || p->regs == NULL) {
        return FC_ERR_NOMEM;
    }
    n_groups = 0;
    for (unsigned i = 0; i < p->n_registers; i++) {
        r->at = table + 8 * (size_t)i;
        unsigned type = (unsigned)take(r, 1), kind = (unsigned)take(r, 1);
        unsigned reserved = (unsigned)take(r, 2);
        uint32_t constant = (uint32_t)take(r, 4);
        if (type > FC_TYPE_B || kind > FC_KIND_CONSTANT || reserved != 0) {
            return malformed(r->reason, "register %u: type %u, kind %u", i, type, kind);
        }
        p->regs[i] = (fc_reg_info){.type = (uint8_t)type, .kind = (uint8_t)kind};
        if (kind == FC_KIND_CONSTANT) {
            if (constant >= n_constants) {
                return malformed(r->reason, "register %u: constant %u of %u", i, constant,
                                 n_constants);
            }
            r->at = values + 8 * (size_t)constant;
            p->regs[i].offset = group * n_groups++;
            splat(p->constants + p->regs[i].offset, type, take(r, 8));
        }
    }
    r->at = after;
    return FC_OK;
}

static fc_status read_operands(reader *r, fc_program *p)
{
    if (!have(r, (size_t)p->n_inputs + p->n_outputs, 2)) {
        return malformed(r->reason, "truncated in the inputs and outputs");
    }
    p->inputs = fc_calloc((size_t)p->n_inputs + 1, sizeof *p->inputs);
    p->outputs = fc_calloc((size_t)p->n_outputs + 1, sizeof *p->outputs);
    p->table_types = fc_calloc((size_t)p->n_tables + 1, 1);
    if (p->inputs == NULL || p->outputs == NULL || p->table_types == NULL) {
        return FC_ERR_NOMEM;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        unsigned reg = p->inputs[i] = (uint16_t)take(r, 2);
        if (reg >= p->n_registers || p->regs[reg].kind == FC_KIND_CONSTANT) {
            return malformed(r->reason, "input %u fills register %u", i, reg);
        }
        for (unsigned j = 0; j < i; j++) {
            if (p->inputs[j] == reg) {
                return malformed(r->reason, "inputs %u and %u fill register %u", j, i, reg);
            }
        }
    }
    for (unsigned i = 0; i < p->n_outputs; i++) {
        p->outputs[i] = (uint16_t)take(r, 2);
        if (p->outputs[i] >= p->n_registers) {
            return malformed(r->reason, "output %u is register %u", i, p->outputs[i]);
        }
    }
    if (!have(r, p->n_tables, 1)) {
        return malformed(r->reason, "truncated in the tables");
    }
    for (unsigned i = 0; i < p->n_tables; i++) {
        p->table_types[i] = (uint8_t)take(r, 1);
        if (p->table_types[i] > FC_TYPE_B) {
            return malformed(r->reason, "table %u: type %u", i, p->table_types[i]);
        }
    }
    return FC_OK;
}

static fc_status read_instructions(reader *r, fc_program *p)
{
    if (!have(r, p->n_instructions, 16)) {
        return malformed(r->reason, "truncated in the instructions");
    }
    p->instructions = fc_calloc(p->n_instructions, sizeof *p->instructions);
    if (p->instructions == NULL) {
        return FC_ERR_NOMEM;
    }
    for (unsigned i = 0; i < p->n_instructions; i++) {
        fc_instruction *ins = &p->instructions[i];
        ins->op = (uint16_t)take(r, 2);
        ins->d = (uint16_t)take(r, 2);
        ins->a = (uint16_t)take(r, 2);
        ins->b = (uint16_t)take(r, 2);
        ins->c = (uint16_t)take(r, 2);
        ins->m = (uint16_t)take(r, 2);
        ins->imm = (int32_t)(uint32_t)take(r, 4);
    }
    return r->at == r->size ? FC_OK : malformed(r->reason, "%zu bytes too many", r->size - r->at);
}

/* One operand (`which`: 'd', 'a', 'b', 'c', 'm') against the letter of its type, '-' for none. */
static fc_status check_operand(const fc_program *p, unsigned at, char which, uint16_t reg,
                               char letter, char *reason)
{
    const char *name = fc_opcode_names[p->instructions[at].op];
    if (letter == '-') {
        return reg == FC_NO_REGISTER
                   ? FC_OK
                   : malformed(reason, "instruction %u (%s): has no operand %c", at, name, which);
    }
    if (reg >= p->n_registers) {
        return malformed(reason, "instruction %u (%s): operand %c is register %u of %u", at, name,
                         which, reg, p->n_registers);
    }
    if (type_letters[p->regs[reg].type] != letter) {
        return malformed(reason,
                         "instruction %u (%s): operand %c, register %u, has type %c, not %c", at,
                         name, which, reg, type_letters[p->regs[reg].type], letter);
    }
    return FC_OK;
}

static bool may_be_raised(int32_t status)
{
    switch (status) {
    case FC_ERR_INVALID:
    case FC_ERR_UNSUPPORTED:
    case FC_ERR_OVERFLOW:
    case FC_ERR_ZERODIV:
    case FC_ERR_DOMAIN:
    case FC_ERR_RANGE:
    case FC_ERR_INDEX:
    case FC_ERR_ASSERT:
    case FC_ERR_ITERATIONS:
        return true;
    default:
        return false;
    }
}

static fc_status check_immediate(const fc_program *p, unsigned at, char *reason)
{
    const fc_instruction *ins = &p->instructions[at];
    const char *name = fc_opcode_names[ins->op], *flags = fc_opcode_flags[ins->op];
    if (strchr(flags, 'J') != NULL && (ins->imm < 0 || (unsigned)ins->imm >= p->n_instructions)) {
        return malformed(reason, "instruction %u (%s): jumps to %d of %u", at, name, ins->imm,
                         p->n_instructions);
    }
    if (strchr(flags, 'T') != NULL) {
        if (ins->imm < 0 || (unsigned)ins->imm >= p->n_tables) {
            return malformed(reason, "instruction %u (%s): table %d of %u", at, name, ins->imm,
                             p->n_tables);
        }
        if (ins->op != FC_OP_LEN_I && p->table_types[ins->imm] != p->regs[ins->d].type) {
            return malformed(reason, "instruction %u (%s): table %d has type %c", at, name,
                             ins->imm, type_letters[p->table_types[ins->imm]]);
        }
    }
    if (strchr(flags, 'X') != NULL && !may_be_raised(ins->imm)) {
        return malformed(reason, "instruction %u (%s): status %d", at, name, ins->imm);
    }
    return FC_OK;
}

static bool is_varying(const fc_program *p, uint16_t reg)
{
    return reg != FC_NO_REGISTER && p->regs[reg].kind == FC_KIND_VARYING;
}

static fc_status check_instruction(const fc_program *p, unsigned at, char *reason)
{
    const fc_instruction *ins = &p->instructions[at];
    if (ins->op >= FC_N_OPCODES) {
        return malformed(reason, "instruction %u: opcode %u", at, ins->op);
    }
    const char *name = fc_opcode_names[ins->op], *flags = fc_opcode_flags[ins->op];
    const char *signature = fc_opcode_signatures[ins->op];
    const uint16_t operands[4] = {ins->d, ins->a, ins->b, ins->c};
    for (int i = 0; i < 4; i++) {
        fc_status status = check_operand(p, at, "dabc"[i], operands[i], signature[i], reason);
        if (status != FC_OK) {
            return status;
        }
    }
    bool masked = strchr(flags, 'M') != NULL && ins->m != FC_NO_REGISTER;
    fc_status status = check_operand(p, at, 'm', ins->m, masked ? 'B' : '-', reason);
    if (status == FC_OK) {
        status = check_immediate(p, at, reason);
    }
    if (status != FC_OK) {
        return status;
    }
    bool needs_uniform = ins->op == FC_OP_JUMP_IF || ins->op == FC_OP_JUMP_UNLESS;
    if (signature[0] != '-') {
        if (p->regs[ins->d].kind == FC_KIND_CONSTANT) {
            return malformed(reason, "instruction %u (%s): writes constant register %u", at, name,
                             ins->d);
        }
        bool reduces = strchr(flags, 'U') != NULL;
        bool varying = is_varying(p, ins->d);
        if (reduces && varying) {
            return malformed(reason, "instruction %u (%s): register %u must be uniform", at, name,
                             ins->d);
        }
        needs_uniform = !reduces && !varying;
    }
    if (needs_uniform &&
        (is_varying(p, ins->a) || is_varying(p, ins->b) || is_varying(p, ins->c))) {
        return malformed(reason, "instruction %u (%s): a uniform result of varying operands", at,
                         name);
    }
    return FC_OK;
}

/* Marks what may be read before it is written. A program without backward jumps before some point
 * runs straight to it, so up to the first instruction that a jump may skip, one scan in order is
 * exact; behind it, only what was written before counts as written. */
static void find_unwritten(fc_program *p, bool *written)
{
    bool certain = true;
    uint32_t join =
        0; /* writes below it, in front of the code jumped over, may have been skipped */
    for (unsigned i = 0; i < p->n_inputs; i++) {
        written[p->inputs[i]] = true;
    }
    for (unsigned at = 0; at < p->n_instructions; at++) {
        const fc_instruction *ins = &p->instructions[at];
        const uint16_t reads[4] = {ins->a, ins->b, ins->c, ins->m};
        for (int i = 0; i < 4; i++) {
            if (reads[i] != FC_NO_REGISTER && !written[reads[i]]) {
                p->regs[reads[i]].zero = true;
            }
        }
        certain = certain || at >= join;
        if (ins->d != FC_NO_REGISTER && certain) {
            written[ins->d] = true;
        }
        if (strchr(fc_opcode_flags[ins->op], 'J') != NULL) {
            if ((uint32_t)ins->imm > at) { /* what stands between may be jumped over */
                certain = false;
                join = (uint32_t)ins->imm > join ? (uint32_t)ins->imm : join;
            }
        } else if (ins->op == FC_OP_END && at + 1 < p->n_instructions) {
            certain = false;
            join = p->n_instructions;
        }
    }
    for (unsigned i = 0; i < p->n_outputs; i++) {
        if (!written[p->outputs[i]]) {
            p->regs[p->outputs[i]].zero = true;
        }
    }
}

static fc_status verify(fc_program *p, char *reason)
{
    for (unsigned at = 0; at < p->n_instructions; at++) {
        fc_status status = check_instruction(p, at, reason);
        if (status != FC_OK) {
            return status;
        }
        if (strchr(fc_opcode_flags[p->instructions[at].op], 'J') != NULL) {
            p->jumps = true;
            p->loops = p->loops || (unsigned)p->instructions[at].imm <= at;
        }
    }
    if (p->instructions[p->n_instructions - 1].op != FC_OP_END) {
        return malformed(reason, "the last instruction is not END");
    }
    bool *written = fc_calloc((size_t)p->n_registers + 1, sizeof *written);
    if (written == NULL) {
        return FC_ERR_NOMEM;
    }
    find_unwritten(p, written);
    fc_free(written);
    p->zeroed = fc_calloc((size_t)p->n_registers + 1, sizeof *p->zeroed);
    if (p->zeroed == NULL) {
        return FC_ERR_NOMEM;
    }
    for (unsigned i = 0; i < p->n_registers; i++) {
        p->regs[i].zero = p->regs[i].zero && p->regs[i].kind != FC_KIND_CONSTANT;
        if (p->regs[i].zero) {
            p->zeroed[p->n_zeroed++] = (uint16_t)i;
        }
    }
    return FC_OK;
}

static fc_status parse(reader *r, fc_program *p)
{
    if (!have(r, 1, 20) || memcmp(r->bytes, "FCP1", 4) != 0) {
        return malformed(r->reason, "no program: the header is missing");
    }
    r->at = 4;
    p->n_registers = (unsigned)take(r, 2);
    p->n_inputs = (unsigned)take(r, 2);
    p->n_outputs = (unsigned)take(r, 2);
    p->n_tables = (unsigned)take(r, 2);
    p->n_instructions = (unsigned)take(r, 4);
    p->flags = (uint32_t)take(r, 4);
    if (p->n_registers > MAX_REGISTERS || p->n_inputs > MAX_OPERANDS ||
        p->n_outputs > MAX_OPERANDS || p->n_tables > MAX_OPERANDS || p->n_outputs == 0 ||
        p->n_instructions == 0 || p->n_instructions > MAX_INSTRUCTIONS) {
        return malformed(r->reason,
                         "%u registers, %u inputs, %u outputs, %u tables, %u instructions",
                         p->n_registers, p->n_inputs, p->n_outputs, p->n_tables, p->n_instructions);
    }
    if ((p->flags & ~(uint32_t)FC_PROGRAM_EXACT) != 0) {
        return malformed(r->reason, "unknown flags 0x%x", (unsigned)p->flags);
    }
    fc_status status = read_registers(r, p);
    if (status == FC_OK) {
        status = read_operands(r, p);
    }
    if (status == FC_OK) {
        status = read_instructions(r, p);
    }
    return status == FC_OK ? verify(p, r->reason) : status;
}

fc_status fc_program_create_isa(const void *bytes, size_t size, fc_isa isa, fc_program **out,
                                char *reason)
{
    *out = NULL;
    if (reason != NULL) {
        reason[0] = 0;
    }
    fc_program *p = fc_calloc(1, sizeof *p);
    if (p == NULL) {
        return FC_ERR_NOMEM;
    }
    atomic_init(&p->references, 1);
    reader r = {.bytes = bytes, .size = size, .reason = reason};
    fc_status status = parse(&r, p);
    if (status == FC_OK) {
        status = fc_lower(p, isa);
    }
    if (status != FC_OK) {
        fc_program_release(p);
        return status;
    }
    *out = p;
    return FC_OK;
}

fc_status fc_program_create(const void *bytes, size_t size, fc_program **out, char *reason)
{
    return fc_program_create_isa(bytes, size, fc_cpu_isa(), out, reason);
}

void fc_program_retain(fc_program *program)
{
    atomic_fetch_add_explicit(&program->references, 1, memory_order_relaxed);
}

void fc_program_release(fc_program *program)
{
    /* Release: what this thread did with the program happens before another thread's free of it. */
    if (program == NULL ||
        atomic_fetch_sub_explicit(&program->references, 1, memory_order_acq_rel) != 1) {
        return;
    }
    for (int i = 0; i < FC_N_SPARE_VMS; i++) {
        fc_vm_destroy(atomic_load_explicit(&program->spare[i], memory_order_acquire));
    }
    fc_free(program->regs);
    fc_free(program->inputs);
    fc_free(program->outputs);
    fc_free(program->table_types);
    fc_free(program->instructions);
    fc_free(program->constants);
    fc_free(program->zeroed);
    fc_free_loops(program);
    fc_free(program->code);
    fc_free(program->horner);
    fc_free(atomic_load_explicit(&program->polynomial, memory_order_acquire));
    fc_free(program);
}

unsigned fc_program_n_inputs(const fc_program *program)
{
    return program->n_inputs;
}

unsigned fc_program_n_outputs(const fc_program *program)
{
    return program->n_outputs;
}

unsigned fc_program_n_tables(const fc_program *program)
{
    return program->n_tables;
}
