/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A program as text: what users see as Kernel.ir. */
#include "fc_code.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

typedef struct writer {
    char *text;
    size_t size, used;
} writer;

__attribute__((format(printf, 2, 3))) static void put(writer *w, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    size_t left = w->used < w->size ? w->size - w->used : 0;
    int n = vsnprintf(left != 0 ? w->text + w->used : NULL, left, format, args);
    va_end(args);
    w->used += n > 0 ? (size_t)n : 0;
}

/* Varying registers are written v3, uniform ones u3, constants as their value. */
static void put_register(writer *w, const fc_program *p, uint16_t reg)
{
    const fc_reg_info *info = &p->regs[reg];
    if (info->kind != FC_KIND_CONSTANT) {
        put(w, "%c%u", info->kind == FC_KIND_VARYING ? 'v' : 'u', reg);
        return;
    }
    const void *value = p->constants + info->offset;
    switch (info->type) {
    case FC_TYPE_D:
        put(w, "%.17g", *(const double *)value);
        break;
    case FC_TYPE_F:
        put(w, "%.9gf", (double)*(const float *)value);
        break;
    case FC_TYPE_I:
        put(w, "%lldi", (long long)*(const int64_t *)value);
        break;
    default:
        put(w, *(const uint8_t *)value != 0 ? "true" : "false");
    }
}

static void put_instruction(writer *w, const fc_program *p, unsigned at)
{
    const fc_instruction *ins = &p->instructions[at];
    const char *flags = fc_opcode_flags[ins->op];
    const uint16_t operands[3] = {ins->a, ins->b, ins->c};
    const char *separator = " ";
    put(w, "%4u  ", at);
    if (ins->d != FC_NO_REGISTER) {
        put_register(w, p, ins->d);
        put(w, " = ");
    }
    put(w, "%s", fc_opcode_names[ins->op]);
    for (int i = 0; i < 3; i++) {
        if (operands[i] != FC_NO_REGISTER) {
            put(w, "%s", separator);
            put_register(w, p, operands[i]);
            separator = ", ";
        }
    }
    if (strchr(flags, 'T') != NULL) {
        put(w, "%stable %d", separator, ins->imm);
    } else if (strchr(flags, 'J') != NULL) {
        put(w, "%s-> %d", separator, ins->imm);
    } else if (strchr(flags, 'X') != NULL) {
        put(w, ": %s", fc_status_text((fc_status)ins->imm));
    }
    if (ins->m != FC_NO_REGISTER) {
        put(w, "  where ");
        put_register(w, p, ins->m);
    }
    put(w, "\n");
}

size_t fc_program_text(const fc_program *p, char *text, size_t size)
{
    writer w = {.text = text, .size = size};
    for (unsigned i = 0; i < p->n_inputs; i++) {
        const fc_reg_info *reg = &p->regs[p->inputs[i]];
        put(&w, "input %u: ", i);
        put_register(&w, p, p->inputs[i]);
        put(&w, " %c %s\n", "DFIB"[reg->type],
            reg -> kind == FC_KIND_VARYING ? "varying" : "uniform");
    }
    for (unsigned i = 0; i < p->n_tables; i++) {
        put(&w, "table %u: %c\n", i, "DFIB"[p->table_types[i]]);
    }
    for (unsigned at = 0; at < p->n_instructions; at++) {
        put_instruction(&w, p, at);
    }
    for (unsigned i = 0; i < p->n_outputs; i++) {
        put(&w, "output %u: ", i);
        put_register(&w, p, p->outputs[i]);
        put(&w, " %c\n", "DFIB"[p->regs[p->outputs[i]].type]);
    }
    return w.used;
}
