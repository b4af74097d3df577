/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cubature_proven.h"

#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_disc.h"
#include "fc_integrand_vm.h"

static double uniform(double low, double high)
{
    static uint64_t state = 2027;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

/* op(s x + t y) with op EXP, COS or ABS; with op DIV, 1 / ((x^2 + s) (y^2 + t)). */
static fc_program *build(unsigned op, double s, double t)
{
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING), r[3];
    for (int i = 0; i < 3; i++) {
        r[i] = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    }
    uint16_t cs = asm_double(&a, s), ct = asm_double(&a, t);
    if (op == FC_OP_DIV_D) {
        asm_op(&a, FC_OP_SQUARE_D, r[0], x, NO, NO, NO, 0);
        asm_op(&a, FC_OP_SQUARE_D, r[1], y, NO, NO, NO, 0);
        asm_op(&a, FC_OP_ADD_D, r[0], r[0], cs, NO, NO, 0);
        asm_op(&a, FC_OP_ADD_D, r[1], r[1], ct, NO, NO, 0);
        asm_op(&a, FC_OP_MUL_D, r[0], r[0], r[1], NO, NO, 0);
        asm_op(&a, op, r[2], asm_double(&a, 1), r[0], NO, NO, 0);
    } else {
        asm_op(&a, FC_OP_MUL_D, r[0], x, cs, NO, NO, 0);
        asm_op(&a, FC_OP_MUL_D, r[1], y, ct, NO, NO, 0);
        asm_op(&a, FC_OP_ADD_D, r[0], r[0], r[1], NO, NO, 0);
        asm_op(&a, op, r[2], r[0], NO, NO, NO, 0);
    }
    a.outputs[a.n_outputs++] = r[2];
    return asm_build(&a, FC_ISA_BASELINE);
}

static double exact(unsigned op, double s, double t, const double *l, const double *h)
{
    if (op == FC_OP_EXP_D) {
        return (exp(s * h[0]) - exp(s * l[0])) / s * ((exp(t * h[1]) - exp(t * l[1])) / t);
    }
    if (op == FC_OP_COS_D) {
        return (cos(s * h[0] + t * l[1]) - cos(s * h[0] + t * h[1]) - cos(s * l[0] + t * l[1]) +
                cos(s * l[0] + t * h[1])) /
               (s * t);
    }
    const double p = sqrt(s), q = sqrt(t);
    return (atan(h[0] / p) - atan(l[0] / p)) / p * ((atan(h[1] / q) - atan(l[1] / q)) / q);
}

static bool prove(fc_program *p, const fc_domain *domain, double epsrel, fc_cubature_result *result)
{
    fc_integrand_vm f;
    bool done;
    const fc_cubature_options options = {.epsrel = epsrel, .max_eval = 1000000};
    CHECK(fc_integrand_vm_init(&f, p, 2, NULL, NULL) == FC_OK);
    CHECK(fc_cubature_prove(NULL, &f.base, domain, &options, result, &done) == FC_OK);
    fc_integrand_vm_clear(&f);
    return done;
}

static void test_what_is_proved_is_so(void)
{
    static const unsigned ops[] = {FC_OP_EXP_D, FC_OP_COS_D, FC_OP_DIV_D};
    unsigned proved = 0, few = 0;
    for (unsigned k = 0; k < 1500; k++) {
        const unsigned op = ops[k % 3];
        const double s = uniform(0.05, 4), t = uniform(0.05, 4);
        const double low[2] = {uniform(-3, 3), uniform(-3, 3)};
        const double high[2] = {uniform(-3, 3), uniform(-3, 3)}; /* reversed now and then */
        const double epsrel = pow(10, uniform(-12, -2)), want = exact(op, s, t, low, high);
        const fc_domain domain = {.n_dim = 2, .lower = low, .upper = high};
        double integral, error;
        fc_cubature_result result = {.integral = &integral, .error = &error};
        fc_program *p = build(op, s, t);
        if (prove(p, &domain, epsrel, &result)) {
            proved++;
            few += result.n_eval < 400;
            CHECK(fabs(integral - want) <= error + 1e-14 * fabs(want) + 1e-15);
            CHECK(error <= epsrel * fabs(integral));
            CHECK(result.outcome == FC_CUBATURE_CONVERGED && result.n_boxes >= 1);
        }
        fc_program_release(p);
    }
    CHECK(proved > 1100);
    CHECK(few > 900);
}

/* A pole inside, infinite limits: no. A kink along a line is cut along. */
static void test_what_is_not_is_not(void)
{
    double low[2] = {-1, -1}, high[2] = {1, 1}, integral, error;
    const fc_domain domain = {.n_dim = 2, .lower = low, .upper = high};
    fc_cubature_result result = {.integral = &integral, .error = &error};
    fc_program *kink = build(FC_OP_ABS_D, 1, 1), *pole = build(FC_OP_DIV_D, -0.25, 1);
    CHECK(prove(kink, &domain, 1e-6, &result) && result.n_boxes == 2);
    CHECK(fabs(integral - 8.0 / 3) <= error && error <= 8e-11);
    CHECK(!prove(pole, &domain, 1e-6, &result));
    low[0] = low[1] = 0.25; /* no kink here */
    CHECK(prove(kink, &domain, 1e-6, &result));
    CHECK(fabs(integral - 1.25 * 0.75 * 0.75) <= 1e-14);
    high[1] = INFINITY;
    CHECK(!prove(kink, &domain, 1e-6, &result));
    fc_program_release(kink);
    fc_program_release(pole);
}

/* x from 0 to cos(s y + ...): the limits are discs as well. */
static void test_limits_that_are_functions(void)
{
    assembler a = {0};
    uint16_t y = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t r = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(&a, FC_OP_COS_D, r, y, NO, NO, NO, 0);
    a.outputs[a.n_outputs++] = r;
    fc_program *cosine = asm_build(&a, FC_ISA_BASELINE), *p = build(FC_OP_EXP_D, 1, 1);
    fc_integrand_vm limit;
    CHECK(fc_integrand_vm_init(&limit, cosine, 1, NULL, NULL) == FC_OK);
    const fc_integrand *lower_fn[2] = {NULL, NULL}, *upper_fn[2] = {&limit.base, NULL};
    const double low[2] = {0, 0}, high[2] = {NAN, 1};
    const fc_domain domain = {
        .n_dim = 2, .lower = low, .upper = high, .lower_fn = lower_fn, .upper_fn = upper_fn};
    double integral, error, want = 0;
    const unsigned n = 20000; /* midpoints of exp(y) (exp(cos y) - 1) */
    for (unsigned i = 0; i < n; i++) {
        const double at = (i + 0.5) / n;
        want += exp(at) * expm1(cos(at)) / n;
    }
    fc_cubature_result result = {.integral = &integral, .error = &error};
    CHECK(prove(p, &domain, 1e-7, &result));
    CHECK(fabs(integral - want) <= error + 1e-9);
    CHECK(error <= 1e-7 * integral);
    fc_integrand_vm_clear(&limit);
    fc_program_release(cosine);
    fc_program_release(p);
}

/* Every value on the discs is where fc_disc_of_box says: along one complex variable at a time. */
static void test_boxes_of_discs(void)
{
    fc_program *p = build(FC_OP_EXP_D, 1.5, -0.7);
    for (unsigned k = 0; k < 200; k++) {
        fc_disc_range x[2], out;
        for (unsigned d = 0; d < 2; d++) {
            x[d] = (fc_disc_range){uniform(-2, 2), uniform(0, 1.5), 0, 0};
            x[d].spread = 0.5 * x[d].radius;
        }
        CHECK(fc_disc_of_box(p, x, NULL, &out));
        CHECK(fabs(out.centre - exp(1.5 * x[0].centre - 0.7 * x[1].centre)) <= 1e-12 * out.centre);
        for (unsigned i = 0; i < 16; i++) {
            const double u = x[0].centre + uniform(-1, 1) * x[0].radius;
            const double v = x[1].centre + uniform(-1, 1) * x[1].radius;
            CHECK(fabs(exp(1.5 * u - 0.7 * v) - out.centre) <= out.radius * (1 + 1e-12));
        }
        CHECK(out.spread <= out.radius && out.noise > 0);
    }
    fc_program_release(p);
}

int main(void)
{
    test_what_is_proved_is_so();
    test_what_is_not_is_not();
    test_limits_that_are_functions();
    test_boxes_of_discs();
    return check_report();
}
