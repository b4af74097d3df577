/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_polynomial.h"

#include "assemble.h"
#include "check.h"

static fc_program *finish(assembler *a, uint16_t output)
{
    a->outputs[a->n_outputs++] = output;
    return asm_build(a, fc_cpu_isa());
}

/* One operation of x, y and the number 3. */
static fc_program *make(unsigned op, bool by_number)
{
    assembler a = {0};
    const uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t three = asm_double(&a, 3), d = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, op, d, x, by_number ? three : y, NO, NO, 0);
    return finish(&a, d);
}

static void test_degrees(void)
{
    enum { N = FC_NO_DEGREE };
    static const struct {
        unsigned op;
        bool by_number;
        unsigned x, y;
    } cases[] = {
        {FC_OP_ADD_D, false, 1, 1}, {FC_OP_SUB_D, true, 1, 0},  {FC_OP_MUL_D, false, 1, 1},
        {FC_OP_MUL_D, true, 1, 0},  {FC_OP_DIV_D, true, 1, 0},  {FC_OP_DIV_D, false, 1, N},
        {FC_OP_POW_D, true, 3, 0},  {FC_OP_POW_D, false, N, N}, {FC_OP_MAX_D, true, N, 0},
        {FC_OP_MIN_D, false, N, N},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        fc_program *p = make(cases[i].op, cases[i].by_number);
        const fc_polynomial *known = fc_polynomial_of(p);
        CHECK(known != NULL && known == fc_polynomial_of(p)); /* found once */
        CHECK(known->degree[0] == cases[i].x && known->degree[1] == cases[i].y);
        const bool affine = cases[i].x == 1 && (cases[i].by_number || cases[i].op == FC_OP_ADD_D);
        CHECK(known->affine[0].known == affine);
        fc_program_release(p);
    }
}

/* (x - 3 y)^3 exp(y): of degree 3 in x, no polynomial in y; 3 y - x / 3 is affine. */
static void test_of_several(void)
{
    assembler a = {0};
    const uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t three = asm_double(&a, 3), u = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t v = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, FC_OP_MUL_D, u, three, y, NO, NO, 0);
    asm_op(&a, FC_OP_DIV_D, v, x, three, NO, NO, 0);
    asm_op(&a, FC_OP_SUB_D, v, u, v, NO, NO, 0);
    a.outputs[a.n_outputs++] = v;
    const uint16_t w = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, FC_OP_SUB_D, w, x, u, NO, NO, 0);
    asm_op(&a, FC_OP_CUBE_D, w, w, NO, NO, NO, 0);
    asm_op(&a, FC_OP_EXP_D, u, y, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_D, w, w, u, NO, NO, 0);
    fc_program *p = finish(&a, w);
    const fc_polynomial *known = fc_polynomial_of(p);
    CHECK(known != NULL && known->degree[0] == 3 && known->degree[1] == FC_NO_DEGREE);
    CHECK(known->affine[0].known && !known->affine[1].known);
    CHECK(known->affine[0].c[0] == 0 && known->affine[0].c[1] == -1.0 / 3 &&
          known->affine[0].c[2] == 3);
    fc_program_release(p);
}

int main(void)
{
    test_degrees();
    test_of_several();
    return check_report();
}
