/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocks narrowed in nested loops: each element gets what it gets alone. */
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_narrow.h"

#define N 512

/* Sums x + (x - 1) + ... + 1 in the outer of two loops that begin at the same instruction:
 *
 *     for (;;) {
 *         while (k > 0) k -= 1;
 *         if (!(x > 0)) break;
 *         t += 1; s += t; x -= 1; k = x;
 *     }
 *
 * with the lanes that are through staying as they are. */
static fc_program *loops_of_one_head(fc_isa isa)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    const uint16_t x = asm_input(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t t = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t s = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t k = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t one = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t step = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    const uint16_t mask = asm_reg(&a, FC_TYPE_B, FC_KIND_VARYING);
    const uint16_t zero = asm_constant(&a, FC_TYPE_I, 0), three = asm_constant(&a, FC_TYPE_I, 3);
    enum { HEAD = 3, OUTER = 8, END = 17 };
    asm_op(&a, FC_OP_MOV_I, s, zero, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MOV_I, t, zero, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MOV_I, k, three, NO, NO, NO, 0);
    asm_op(&a, FC_OP_LT_I, mask, zero, k, NO, NO, 0); /* HEAD */
    asm_op(&a, FC_OP_JUMP_NONE, NO, mask, NO, NO, NO, OUTER);
    asm_op(&a, FC_OP_I_B, one, mask, NO, NO, NO, 0);
    asm_op(&a, FC_OP_SUB_I, k, k, one, NO, NO, 0);
    asm_op(&a, FC_OP_JUMP, NO, NO, NO, NO, NO, HEAD);
    asm_op(&a, FC_OP_LT_I, mask, zero, x, NO, NO, 0); /* OUTER */
    asm_op(&a, FC_OP_JUMP_NONE, NO, mask, NO, NO, NO, END);
    asm_op(&a, FC_OP_I_B, one, mask, NO, NO, NO, 0);
    asm_op(&a, FC_OP_ADD_I, t, t, one, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_I, step, t, one, NO, NO, 0);
    asm_op(&a, FC_OP_ADD_I, s, s, step, NO, NO, 0);
    asm_op(&a, FC_OP_SUB_I, x, x, one, NO, NO, 0);
    asm_op(&a, FC_OP_MOV_I, k, x, NO, NO, NO, 0);
    asm_op(&a, FC_OP_JUMP, NO, NO, NO, NO, NO, HEAD);
    a.outputs[a.n_outputs++] = s;
    return asm_build(&a, isa);
}

static void test_loops_of_one_head(void)
{
    for (int isa = 0; isa <= (int)fc_cpu_isa(); isa++) {
        fc_program *program = loops_of_one_head((fc_isa)isa);
        static int64_t x[N], s[N];
        fc_vm *vm;
        fc_fault fault;
        CHECK(program != NULL && program->narrows && fc_vm_create(program, &vm) == FC_OK);
        for (int i = 0; i < N; i++) {
            x[i] = i % 37 == 0 ? 40 + i % 100 : i % 5 == 0 ? 20 : i % 3;
        }
        const fc_operand in = {.kind = FC_ARRAY, .dtype = FC_I64, .data = x, .stride = 8};
        const fc_operand out = {.kind = FC_ARRAY, .dtype = FC_I64, .data = s, .stride = 8};
        CHECK(fc_vm_run(vm, N, &in, &out, NULL, NULL, 1000000, &fault) == FC_OK);
        for (int i = 0; i < N; i++) {
            CHECK(s[i] == x[i] * (x[i] + 1) / 2);
        }
        fc_vm_destroy(vm);
        fc_program_release(program);
    }
}

/* Tests and registers without number, which once took minutes to look at. */
static void test_endless_tests(void)
{
    enum { TESTS = 4000, REGISTERS = 4000 };
    static assembler a; /* its bytes alone, for it has no room for so many */
    static unsigned char bytes[64 + 8 * REGISTERS + 16 * (TESTS + 2)];
    const unsigned header[5] = {REGISTERS, 1, 1, 0, TESTS + 2};
    unsigned char *at = bytes + 20 + 8 * REGISTERS + 4; /* after the constants, of which none is */
    char reason[160];
    fc_program *program;
    memset(&a, 0, sizeof a);
    for (int i = 0; i < 5; i++) {
        asm_put(&a, header[i], i < 4 ? 2 : 4);
    }
    memcpy(bytes, "FCP1", 4);
    memcpy(bytes + 4, a.bytes, a.size);
    bytes[20] = FC_TYPE_B; /* register 0, the input; the output is register 1 */
    at[2] = 1;
    at += 4;
    for (int i = 0; i < TESTS + 2; i++, at += 16) {
        const unsigned op = i < TESTS ? FC_OP_JUMP_NONE : i == TESTS ? FC_OP_JUMP : FC_OP_END;
        a.size = 0;
        asm_put(&a, op, 2);
        asm_put(&a, FC_NO_REGISTER, 2);
        asm_put(&a, i < TESTS ? 0 : FC_NO_REGISTER, 2);
        asm_put(&a, 0xFFFFFFFFFFFF, 6);
        asm_put(&a, i < TESTS ? TESTS + 1 : 0, 4);
        memcpy(at, a.bytes, 16);
    }
    CHECK(fc_program_create(bytes, (size_t)(at - bytes), &program, reason) == FC_OK);
    fc_program_release(program);
}

int main(void)
{
    test_endless_tests();
    test_loops_of_one_head();
    return check_report();
}
