/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_decay.h"

#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"

static double uniform(double low, double high)
{
    static uint64_t state = 2026;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

static double bound_at(const fc_decay *d, double t)
{
    return d->scale * pow(t, d->power) * exp(-d->rate * pow(t, d->order));
}

/* Random expressions of a variable: whatever is proved of one holds. */
static fc_program *build_random(unsigned length)
{
    static const unsigned unary[] = {FC_OP_NEG_D,   FC_OP_EXP_D,   FC_OP_EXP_D,  FC_OP_SQUARE_D,
                                     FC_OP_CUBE_D,  FC_OP_ABS_D,   FC_OP_SQRT_D, FC_OP_LOG_D,
                                     FC_OP_SIN_D,   FC_OP_COS_D,   FC_OP_TANH_D, FC_OP_ERF_D,
                                     FC_OP_ERFC_D,  FC_OP_COSH_D,  FC_OP_SINH_D, FC_OP_ATAN_D,
                                     FC_OP_LOG1P_D, FC_OP_EXPM1_D, FC_OP_EXP2_D};
    static const unsigned binary[] = {FC_OP_ADD_D, FC_OP_SUB_D, FC_OP_MUL_D, FC_OP_MUL_D,
                                      FC_OP_DIV_D, FC_OP_MIN_D, FC_OP_MAX_D, FC_OP_POW_D};
    assembler a = {0};
    uint16_t have[24];
    unsigned n = 0;
    have[n++] = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    have[n++] = asm_double(&a, uniform(-3, 3));
    have[n++] = asm_double(&a, floor(uniform(-2, 4)));
    for (unsigned i = 0; i < length; i++) {
        uint16_t d = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
        /* Mostly of what was computed last, or an expression seldom uses its variable. */
        uint16_t x = i == 0 ? have[0] : uniform(0, 1) < 0.6 ? have[n - 1] : 0, y;
        x = i > 0 && x == 0 ? have[(unsigned)uniform(0, n)] : x;
        y = have[(unsigned)uniform(0, n)];
        if (uniform(0, 1) < 0.5) {
            size_t k = (size_t)uniform(0, sizeof unary / sizeof *unary);
            asm_op(&a, unary[k], d, x, NO, NO, NO, 0);
        } else {
            size_t k = (size_t)uniform(0, sizeof binary / sizeof *binary);
            asm_op(&a, binary[k], d, x, y, NO, NO, 0);
        }
        have[n++] = d;
    }
    a.outputs[a.n_outputs++] = have[n - 1];
    return asm_build(&a, FC_ISA_BASELINE);
}

static void test_whatever_is_proved_holds(void)
{
    int proved = 0, falling = 0;
    for (int k = 0; k < 20000; k++) {
        fc_program *p = build_random(2 + (unsigned)uniform(0, 6));
        double base = uniform(-2, 2), sign = uniform(0, 1) < 0.5 ? -1 : 1;
        double from = pow(10, uniform(-0.5, 2));
        fc_decay d;
        bool falls = fc_decay_of(p, base, sign, from, NULL, &d);
        falling += falls;
        proved += d.from > 0;
        CHECK(!falls || d.rate > 0);
        for (int i = 0; i < 12 && d.from > 0; i++) {
            double t = i == 0 ? from : from * pow(10, uniform(0, 2));
            double y = asm_value_at(p, base + sign * t), bound = bound_at(&d, t);
            if (isfinite(y)) { /* else it left the range of doubles on the way */
                CHECK(fabs(y) <= bound * (1 + 1e-9) + 1e-12);
            }
        }
        fc_program_release(p);
    }
    CHECK(proved > 2000 && falling > 300);
}

/* The integral of t^2 e^-t from t on is (t^2 + 2 t + 2) e^-t. */
static void test_integrals(void)
{
    fc_decay d = {1, 1, 2, 1, 1};
    for (double t = 4; t < 100; t += 1) {
        double exact = (t * t + 2 * t + 2) * exp(-t), bound = fc_decay_beyond(&d, t);
        CHECK(exact <= bound && bound <= 2.5 * exact);
    }
    CHECK(isinf(fc_decay_beyond(&d, 0.5)) && isinf(fc_decay_beyond(&d, 1.5)));
    for (int k = 0; k < 500; k++) {
        fc_decay any = {pow(10, uniform(-2, 2)), pow(10, uniform(-9, 9)), uniform(-3, 5),
                        pow(10, uniform(-3, 3)), uniform(0.3, 4)};
        double small = pow(10, uniform(-30, 0)), end = fc_decay_end(&any, small);
        CHECK(end >= any.from);
        CHECK(isinf(end) || fc_decay_beyond(&any, end) <= small);
        CHECK(isinf(end) || end == any.from || !(fc_decay_beyond(&any, end / 1.1) <= small));
    }
    d.scale = 0;
    CHECK(fc_decay_end(&d, 1e-300) <= 4.1);
    CHECK(isinf(fc_decay_end(&d, 0)));
    d.rate = 0;
    CHECK(isinf(fc_decay_end(&d, 1)) && isinf(fc_decay_beyond(&d, 3)));
}

static bool falls(unsigned op, double sign, double from)
{
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    a.outputs[a.n_outputs++] = y;
    asm_op(&a, op, y, x, NO, NO, NO, 0);
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    fc_decay d;
    bool answer = fc_decay_of(p, 0, sign, from, NULL, &d);
    fc_program_release(p);
    return answer;
}

static void test_which_fall(void)
{
    CHECK(falls(FC_OP_EXP_D, -1, 1) && !falls(FC_OP_EXP_D, 1, 1));
    CHECK(falls(FC_OP_ERFC_D, 1, 2) && !falls(FC_OP_ERFC_D, -1, 2));
    CHECK(!falls(FC_OP_SIN_D, 1, 1) && !falls(FC_OP_SQUARE_D, 1, 1));
    CHECK(!falls(FC_OP_TGAMMA_D, 1, 1) && !falls(FC_OP_COSH_D, 1, 1));
    CHECK(falls(FC_OP_EXP2_D, -1, 0.01));
}

int main(void)
{
    test_whatever_is_proved_holds();
    test_integrals();
    test_which_fall();
    return check_report();
}
