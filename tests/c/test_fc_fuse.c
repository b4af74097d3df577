/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Random programs of float arithmetic, with registers assigned again and again and now and then a
 * loop, against an interpreter that takes one element and one instruction at a time: same bits,
 * whatever was fused. */
#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"

#define N_REGS 7 /* varying */
#define MAX_LENGTH 40
#define N 83

static uint64_t seed = 0x9E3779B97F4A7C15u;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

static const unsigned ops_d[] = {
    FC_OP_ADD_D, FC_OP_SUB_D, FC_OP_MUL_D,  FC_OP_DIV_D, FC_OP_MUL_D, FC_OP_ADD_D, FC_OP_SQUARE_D,
    FC_OP_NEG_D, FC_OP_ABS_D, FC_OP_SQRT_D, FC_OP_MOV_D, FC_OP_LT_D,  FC_OP_NE_D,  FC_OP_SELECT_D};
static const unsigned ops_f[] = {
    FC_OP_ADD_F, FC_OP_SUB_F, FC_OP_MUL_F,  FC_OP_DIV_F, FC_OP_MUL_F, FC_OP_ADD_F, FC_OP_SQUARE_F,
    FC_OP_NEG_F, FC_OP_ABS_F, FC_OP_SQRT_F, FC_OP_MOV_F, FC_OP_LT_F,  FC_OP_NE_F,  FC_OP_SELECT_F};
#define N_OPS (sizeof ops_d / sizeof ops_d[0])
enum { STEP_UNARY = 6, STEP_LESS = 11, STEP_UNEQUAL, STEP_SELECT }; /* places in ops_d, ops_f */
#define N_MASKS 2

static double apply(unsigned op, double x, double y)
{
    switch (op) {
    case FC_OP_ADD_D:
        return x + y;
    case FC_OP_SUB_D:
        return x - y;
    case FC_OP_MUL_D:
        return x * y;
    case FC_OP_DIV_D:
        return x / y;
    case FC_OP_SQUARE_D:
        return x * x;
    case FC_OP_NEG_D:
        return -x;
    case FC_OP_ABS_D:
        return fabs(x);
    case FC_OP_SQRT_D:
        return sqrt(x);
    default:
        return x;
    }
}

static float apply_f(unsigned op, float x, float y)
{
    switch (op) {
    case FC_OP_ADD_F:
        return x + y;
    case FC_OP_SUB_F:
        return x - y;
    case FC_OP_MUL_F:
        return x * y;
    case FC_OP_DIV_F:
        return x / y;
    case FC_OP_SQUARE_F:
        return x * x;
    case FC_OP_NEG_F:
        return -x;
    case FC_OP_ABS_F:
        return fabsf(x);
    case FC_OP_SQRT_F:
        return sqrtf(x);
    default:
        return x;
    }
}

static bool is_nan_or_same(double x, double y)
{
    return (isnan(x) && isnan(y)) || memcmp(&x, &y, sizeof x) == 0;
}

typedef struct step {
    unsigned op;
    uint16_t d, a, b, mask; /* a comparison writes mask, a selection reads it */
} step;

/* The programs: registers 0, 1 inputs; N_REGS varying; then a uniform input and two constants; with
 * `loop`, a counter that runs the part from loop_at twice more. */
static void run_one(fc_isa isa, bool is_float, bool horner, bool loop)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    const unsigned type = is_float ? FC_TYPE_F : FC_TYPE_D;
    step steps[MAX_LENGTH];
    unsigned length = 2 + pick(MAX_LENGTH - 2), loop_at = pick(length);
    asm_input(&a, type, FC_KIND_VARYING);
    asm_input(&a, type, FC_KIND_VARYING);
    for (int i = 2; i < N_REGS; i++) {
        asm_reg(&a, type, FC_KIND_VARYING);
    }
    uint16_t uniform = asm_input(&a, type, FC_KIND_UNIFORM);
    asm_double(&a, -0.75);
    asm_double(&a, 1.25);
    for (int k = 1; k < 3; k++) {
        a.regs[uniform + k].type = (uint8_t)type;
    }
    uint16_t counter = asm_reg(&a, FC_TYPE_I, FC_KIND_UNIFORM),
             again = asm_reg(&a, FC_TYPE_B, FC_KIND_UNIFORM);
    uint16_t masks = asm_reg(&a, FC_TYPE_B, FC_KIND_VARYING);
    asm_reg(&a, FC_TYPE_B, FC_KIND_VARYING);
    uint16_t one = asm_constant(&a, FC_TYPE_I, 1), three = asm_constant(&a, FC_TYPE_I, 3);
    for (unsigned i = 0; i < length; i++) {
        step *s = &steps[i];
        s->op = pick(N_OPS);
        s->d = (uint16_t)pick(N_REGS);
        s->a = (uint16_t)pick(N_REGS + 3);
        s->b = (uint16_t)pick(N_REGS + 3);
        if (horner && i > 0) { /* chains: product, sum, product, sum */
            s->op = i % 2 == 0 ? (pick(3) == 0 ? 1 : 5) : 4; /* difference or sum; product */
            s->a = pick(8) != 0 ? steps[i - 1].d : s->a;
            s->b = i % 2 == 1 ? (uint16_t)(pick(8) != 0 ? 0 : pick(N_REGS))
                              : (uint16_t)(N_REGS + pick(3));
            s->d = pick(6) != 0 ? (uint16_t)(2 + pick(N_REGS - 2)) : s->d;
            if (pick(2) == 0) {
                uint16_t other = s->a;
                s->a = s->b;
                s->b = other;
            }
        }
        s->mask = (uint16_t)(masks + pick(N_MASKS));
        bool unary = s->op >= STEP_UNARY && s->op < STEP_LESS;
        bool compares = s->op == STEP_LESS || s->op == STEP_UNEQUAL;
        asm_op(&a, is_float ? ops_f[s->op] : ops_d[s->op], compares ? s->mask : s->d, s->a,
               unary ? NO : s->b, s->op == STEP_SELECT ? s->mask : NO, NO, 0);
    }
    if (loop) {
        asm_op(&a, FC_OP_ADD_I, counter, counter, one, NO, NO, 0);
        asm_op(&a, FC_OP_LT_I, again, counter, three, NO, NO, 0);
        asm_op(&a, FC_OP_JUMP_IF, NO, again, NO, NO, NO, (int32_t)loop_at);
    }
    for (unsigned i = 0; i < 2; i++) {
        a.outputs[a.n_outputs++] = (uint16_t)pick(N_REGS + 1);
    }
    fc_program *program = asm_build(&a, isa);
    if (program == NULL) {
        CHECK(false);
        return;
    }
    static double x[2][N], y[2][N];
    for (int i = 0; i < 2 * N; i++) {
        x[i / N][i % N] = (double)(float)(((double)pick(2000) - 1000) / 256);
    }
    const fc_operand inputs[3] = {
        {.kind = FC_ARRAY, .dtype = FC_F64, .data = x[0], .stride = 8},
        {.kind = FC_ARRAY, .dtype = FC_F64, .data = x[1], .stride = 8},
        {.kind = FC_SCALAR, .scalar.d = 0.625},
    };
    const fc_operand outputs[2] = {
        {.kind = FC_ARRAY, .dtype = FC_F64, .data = y[0], .stride = 8},
        {.kind = FC_ARRAY, .dtype = FC_F64, .data = y[1], .stride = 8},
    };
    fc_vm *vm;
    fc_fault fault;
    CHECK(fc_vm_create(program, &vm) == FC_OK);
    /* Twice: nothing may be left over from the first run. */
    CHECK(fc_vm_run(vm, N, inputs, outputs, NULL, NULL, 0, &fault) == FC_OK);
    CHECK(fc_vm_run(vm, N, inputs, outputs, NULL, NULL, 0, &fault) == FC_OK);
    bool right = true;
    for (int i = 0; i < N; i++) {
        double r[N_REGS + 3] = {x[0][i], x[1][i]};
        r[N_REGS] = 0.625;
        r[N_REGS + 1] = -0.75;
        r[N_REGS + 2] = 1.25;
        bool truth[N_MASKS] = {false, false};
        unsigned rounds = loop ? 3 : 1, at = 0;
        for (unsigned round = 0; round < rounds; round++, at = loop_at) {
            for (; at < length; at++) {
                const step *s = &steps[at];
                bool *t = &truth[s->mask - masks];
                if (s->op == STEP_LESS || s->op == STEP_UNEQUAL) {
                    *t = s->op == STEP_LESS ? r[s->a] < r[s->b] : r[s->a] != r[s->b];
                    continue;
                }
                if (s->op == STEP_SELECT) {
                    r[s->d] = *t ? r[s->a] : r[s->b];
                    continue;
                }
                r[s->d] = is_float ? (double)apply_f(ops_f[s->op], (float)r[s->a], (float)r[s->b])
                                   : apply(ops_d[s->op], r[s->a], r[s->b]);
            }
        }
        right = right && is_nan_or_same(r[a.outputs[0]], y[0][i]) &&
                is_nan_or_same(r[a.outputs[1]], y[1][i]);
    }
    CHECK(right);
    if (!right) {
        char text[8192];
        fc_program_text(program, text, sizeof text);
        fprintf(stderr, "isa %d\n%s\n", isa, text);
    }
    fc_vm_destroy(vm);
    fc_program_release(program);
}

int main(void)
{
    for (int isa = FC_ISA_BASELINE; isa <= (int)fc_cpu_isa(); isa++) {
        for (int i = 0; i < 4000 && atomic_load(&check_failed) < 3; i++) {
            run_one((fc_isa)isa, i % 4 == 3, i % 2 == 0, i % 3 == 0);
        }
    }
    return check_report();
}
