/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Whatever an instruction computes at points of intervals is within the bounds. */
#include "fc_bounds.h"

#include <stdint.h>

#include "assemble.h"
#include "check.h"

static uint64_t state = 88172645463325252U;

static double uniform(void) /* 0 .. 1 */
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (double)(state >> 11) * 0x1p-53;
}

/* Somewhere between -30 and 30, often near 0, or whole. */
static double anywhere(void)
{
    const double x = (2 * uniform() - 1) * pow(10, 3 * uniform() - 1.5);
    return uniform() < 0.15 ? rint(x) : x;
}

static double value_of(fc_program *p, double x, double y)
{
    const double xy[2] = {x, y};
    double z = NAN;
    fc_operand in[2], out = {.kind = FC_ARRAY, .dtype = FC_F64, .data = &z, .stride = 8};
    fc_vm *vm;
    fc_fault fault;
    for (unsigned i = 0; i < 2; i++) {
        in[i] =
            (fc_operand){.kind = FC_ARRAY, .dtype = FC_F64, .data = (void *)&xy[i], .stride = 8};
    }
    CHECK(fc_vm_create(p, &vm) == FC_OK);
    CHECK(fc_vm_run(vm, 1, in, &out, NULL, NULL, 0, &fault) == FC_OK);
    fc_vm_destroy(vm);
    return z;
}

static void check_program(fc_program *p, const char *name)
{
    for (int k = 0; k < (SANITIZED ? 60 : 400); k++) {
        fc_bounds in[2], out;
        for (unsigned i = 0; i < 2; i++) {
            const double a = anywhere(), b = uniform() < 0.1 ? a : anywhere();
            in[i] = (fc_bounds){fmin(a, b), fmax(a, b), 0};
        }
        CHECK(fc_bounds_of(p, in, &out));
        for (int point = 0; point < 8; point++) {
            double at[2];
            for (unsigned i = 0; i < 2; i++) {
                const double t = point < 4 ? (point >> i) & 1 : uniform();
                at[i] = fmin(fmax(in[i].low + t * (in[i].high - in[i].low), in[i].low), in[i].high);
            }
            const double y = value_of(p, at[0], at[1]);
            const double slack = 1e-12 * (fabs(y) + 1e-300) + (isinf(y) ? 0 : 1e-12);
            const bool fits = isnan(y) ? out.nan > 0
                                       : (out.low - slack <= y && y <= out.high + slack) ||
                                             y == out.low || y == out.high;
            CHECK(fits);
            if (!fits) {
                fprintf(stderr, "%s(%.17g, %.17g) = %.17g, not in %.17g .. %.17g (nan %g)\n", name,
                        at[0], at[1], y, out.low, out.high, out.nan);
            }
        }
    }
}

static void check_op(unsigned op, bool two)
{
    assembler a = {0};
    const uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t d = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, op, d, x, two ? y : NO, NO, NO, 0);
    a.outputs[a.n_outputs++] = d;
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    check_program(p, fc_opcode_names[op]);
    fc_program_release(p);
}

/* x < y ? x y : sqrt(x) - y, where that is not decided alike. */
static void check_choice(unsigned op)
{
    assembler a = {0};
    const uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    const uint16_t so = asm_reg(&a, FC_TYPE_B, FC_KIND_VARYING);
    uint16_t r[3];
    for (unsigned i = 0; i < 3; i++) {
        r[i] = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    }
    asm_op(&a, op, so, x, y, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_D, r[0], x, y, NO, NO, 0);
    asm_op(&a, FC_OP_SQRT_D, r[1], x, NO, NO, NO, 0);
    asm_op(&a, FC_OP_SUB_D, r[1], r[1], y, NO, NO, 0);
    asm_op(&a, FC_OP_SELECT_D, r[2], r[0], r[1], so, NO, 0);
    a.outputs[a.n_outputs++] = r[2];
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    check_program(p, fc_opcode_names[op]);
    fc_program_release(p);
}

int main(void)
{
    static const unsigned one[] = {
        FC_OP_NEG_D,  FC_OP_ABS_D,   FC_OP_SQUARE_D, FC_OP_CUBE_D,  FC_OP_SQRT_D, FC_OP_FLOOR_D,
        FC_OP_CEIL_D, FC_OP_TRUNC_D, FC_OP_RINT_D,   FC_OP_EXP_D,   FC_OP_EXP2_D, FC_OP_EXPM1_D,
        FC_OP_LOG_D,  FC_OP_LOG2_D,  FC_OP_LOG10_D,  FC_OP_LOG1P_D, FC_OP_SIN_D,  FC_OP_COS_D,
        FC_OP_TAN_D,  FC_OP_ASIN_D,  FC_OP_ACOS_D,   FC_OP_ATAN_D,  FC_OP_SINH_D, FC_OP_COSH_D,
        FC_OP_TANH_D, FC_OP_ASINH_D, FC_OP_ACOSH_D,  FC_OP_ATANH_D, FC_OP_CBRT_D, FC_OP_ERF_D,
        FC_OP_ERFC_D, FC_OP_LGAMMA_D};
    static const unsigned two[] = {
        FC_OP_ADD_D,      FC_OP_SUB_D,      FC_OP_MUL_D,   FC_OP_DIV_D,      FC_OP_POW_D,
        FC_OP_MIN_D,      FC_OP_MAX_D,      FC_OP_HYPOT_D, FC_OP_ATAN2_D,    FC_OP_MOD_D,
        FC_OP_FLOORDIV_D, FC_OP_COPYSIGN_D, FC_OP_FMOD_D,  FC_OP_REMAINDER_D};
    for (size_t i = 0; i < sizeof one / sizeof *one; i++) {
        check_op(one[i], false);
    }
    for (size_t i = 0; i < sizeof two / sizeof *two; i++) {
        check_op(two[i], true);
    }
    check_choice(FC_OP_LT_D);
    check_choice(FC_OP_LE_D);
    check_choice(FC_OP_EQ_D);
    check_choice(FC_OP_NE_D);
    return check_report();
}
