/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_disc.h"

#include <complex.h>
#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_integrand_vm.h"
#include "fc_quad.h"

typedef double complex number;

static number erf_series(number z)
{
    number term = z, sum = z;
    for (int n = 1; n < 200; n++) {
        term *= -z * z / n;
        sum += term / (2 * n + 1);
    }
    return sum * 1.1283791670955126;
}

static number square(number z)
{
    return z * z;
}
static number cube(number z)
{
    return z * z * z;
}
static number negative(number z)
{
    return -z;
}
static number exp2_(number z)
{
    return cexp(z * 0.6931471805599453);
}
static number expm1_(number z)
{
    return cexp(z) - 1;
}
static number log2_(number z)
{
    return clog(z) / 0.6931471805599453;
}
static number log10_(number z)
{
    return clog(z) / 2.302585092994046;
}
static number log1p_(number z)
{
    return clog(1 + z);
}
static number erfc_(number z)
{
    return 1 - erf_series(z);
}

static const struct {
    unsigned op;
    number (*g)(number);
    double low, high; /* of the centres tried */
    int least;        /* of 1000 discs, so many are proved */
} functions[] = {
    {FC_OP_SQUARE_D, square, -3, 3, 1000}, {FC_OP_CUBE_D, cube, -3, 3, 1000},
    {FC_OP_NEG_D, negative, -3, 3, 1000},  {FC_OP_SQRT_D, csqrt, 0, 4, 500},
    {FC_OP_EXP_D, cexp, -5, 5, 1000},      {FC_OP_EXP2_D, exp2_, -5, 5, 1000},
    {FC_OP_EXPM1_D, expm1_, -2, 2, 1000},  {FC_OP_LOG_D, clog, 0, 4, 500},
    {FC_OP_LOG2_D, log2_, 0, 4, 500},      {FC_OP_LOG10_D, log10_, 0, 4, 500},
    {FC_OP_LOG1P_D, log1p_, -0.9, 3, 500}, {FC_OP_SIN_D, csin, -9, 9, 1000},
    {FC_OP_COS_D, ccos, -9, 9, 1000},      {FC_OP_TAN_D, ctan, -4, 4, 200},
    {FC_OP_ASIN_D, casin, -1, 1, 300},     {FC_OP_ACOS_D, cacos, -1, 1, 300},
    {FC_OP_ATAN_D, catan, -3, 3, 700},     {FC_OP_SINH_D, csinh, -3, 3, 1000},
    {FC_OP_COSH_D, ccosh, -3, 3, 1000},    {FC_OP_TANH_D, ctanh, -3, 3, 700},
    {FC_OP_ASINH_D, casinh, -3, 3, 700},   {FC_OP_ACOSH_D, cacosh, 1, 5, 500},
    {FC_OP_ATANH_D, catanh, -1, 1, 300},   {FC_OP_ERF_D, erf_series, -1, 1, 1000},
    {FC_OP_ERFC_D, erfc_, -1, 1, 1000},
};

static double uniform(double low, double high)
{
    static uint64_t state = 2026;
    state = state * 6364136223846793005u + 1442695040888963407u;
    return low + (high - low) * (double)(state >> 11) * 0x1p-53;
}

static bool disc_at(fc_program *p, double centre, double radius, const double *rest, fc_disc *out)
{
    const fc_disc_place place = {.centre = centre, .radius = radius, .inner = 0.6, .sign = 1};
    fc_doubt doubt = {0};
    return fc_disc_of(p, &place, rest, out, &doubt);
}

/* Everything on the disc is where it is said to be, and rounding errors are what they are said to
 * be at most. */
static bool check_disc(fc_program *p, number (*g)(number), double c, double r)
{
    fc_disc out;
    if (!disc_at(p, c, r, NULL, &out)) {
        return false;
    }
    CHECK(out.radius >= 0 && out.noise >= 0);
    for (int k = 0; k < 24; k++) {
        number z = c + r * cexp(I * (2 * acos(-1.0) * k / 24));
        CHECK(cabs(g(z) - out.centre) <= out.radius + 1e-13 * cabs(g(z)));
    }
    for (int k = 0; k < 4; k++) {
        double x = c + 0.6 * r * uniform(-1, 1), y = asm_value_at(p, x);
        CHECK(fabs(y - creal(g(x))) <= out.noise + 1e-15 * (1 + fabs(y))); /* of g itself */
        CHECK(fabs(y - out.centre) <= 0.6 * out.radius + 2 * out.noise);
    }
    return true;
}

static void test_functions(void)
{
    for (size_t i = 0; i < sizeof functions / sizeof *functions; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = y;
        asm_op(&a, functions[i].op, y, x, NO, NO, NO, 0);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        int proved = 0;
        for (int k = 0; k < 1000; k++) {
            double c = uniform(functions[i].low, functions[i].high), r = pow(10, uniform(-4, 0.2));
            proved += check_disc(p, functions[i].g, c, r);
        }
        CHECK(proved >= functions[i].least);
        fc_program_release(p);
    }
}

static void test_powers(void)
{
    static const double powers[] = {-3, -1, -0.5, 0, 0.3, 0.5, 1, 1.7, 2, 3, 7, 2.5};
    for (size_t i = 0; i < sizeof powers / sizeof *powers; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = y;
        asm_op(&a, FC_OP_POW_D, y, x, asm_double(&a, powers[i]), NO, NO, 0);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        int proved = 0;
        for (int k = 0; k < 500; k++) {
            double c = uniform(-1, 4), r = pow(10, uniform(-4, 0.2));
            fc_disc out;
            if (!disc_at(p, c, r, NULL, &out)) {
                continue;
            }
            proved++;
            for (int j = 0; j < 24; j++) {
                number z = c + r * cexp(I * (2 * acos(-1.0) * j / 24));
                CHECK(cabs(cpow(z, powers[i]) - out.centre) <=
                      out.radius + 1e-13 * fabs(out.centre));
            }
        }
        CHECK(proved > 200);
        fc_program_release(p);
    }
}

static number mixed(number z)
{
    return cexp(-(z * z)) * csin(z) / (z * z + 2) - z;
}

static fc_program *build_mixed(void)
{
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING), t[6];
    for (int i = 0; i < 6; i++) {
        t[i] = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    }
    asm_op(&a, FC_OP_MUL_D, t[0], x, x, NO, NO, 0);
    asm_op(&a, FC_OP_NEG_D, t[1], t[0], NO, NO, NO, 0);
    asm_op(&a, FC_OP_EXP_D, t[1], t[1], NO, NO, NO, 0);
    asm_op(&a, FC_OP_SIN_D, t[2], x, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_D, t[3], t[1], t[2], NO, NO, 0);
    asm_op(&a, FC_OP_ADD_D, t[4], t[0], asm_double(&a, 2), NO, NO, 0);
    asm_op(&a, FC_OP_DIV_D, t[3], t[3], t[4], NO, NO, 0);
    asm_op(&a, FC_OP_SUB_D, t[5], t[3], x, NO, NO, 0);
    a.outputs[a.n_outputs++] = t[5];
    return asm_build(&a, FC_ISA_BASELINE);
}

static void test_composition(void)
{
    fc_program *p = build_mixed();
    int proved = 0;
    for (int k = 0; k < 2000; k++) {
        proved += check_disc(p, mixed, uniform(-2, 2), pow(10, uniform(-4, 0)));
    }
    CHECK(proved > 1200);
    fc_program_release(p);
}

static number quotient(number z)
{
    return csqrt(z * z + 2) / (z * z * z + 5);
}

/* f(base + sign / p) / p^2 around p = 0 and elsewhere. */
static void test_infinity(void)
{
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING), t[5];
    for (int i = 0; i < 5; i++) {
        t[i] = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    }
    asm_op(&a, FC_OP_SQUARE_D, t[0], x, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_D, t[1], t[0], x, NO, NO, 0);
    asm_op(&a, FC_OP_ADD_D, t[0], t[0], asm_double(&a, 2), NO, NO, 0);
    asm_op(&a, FC_OP_ADD_D, t[1], t[1], asm_double(&a, 5), NO, NO, 0);
    asm_op(&a, FC_OP_SQRT_D, t[2], t[0], NO, NO, NO, 0);
    asm_op(&a, FC_OP_DIV_D, t[3], t[2], t[1], NO, NO, 0);
    a.outputs[a.n_outputs++] = t[3];
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    int proved = 0;
    for (int k = 0; k < 2000; k++) {
        double c = uniform(0, 0.4), r = pow(10, uniform(-3, -0.3)), base = uniform(-0.5, 0.5);
        const fc_disc_place place = {
            .centre = c, .radius = r, .inner = 0.6, .base = base, .sign = 1, .inverse = true};
        fc_disc out;
        fc_doubt doubt = {0};
        if (!fc_disc_of(p, &place, NULL, &out, &doubt)) {
            continue;
        }
        proved++;
        for (int j = 0; j < 24; j++) {
            number w = c + r * cexp(I * (2 * acos(-1.0) * (j + 0.5) / 24)), z = base + 1 / w;
            number g = quotient(z) / (w * w);
            /* csqrt has its cut where the program's branch has none */
            double off = fmin(cabs(g - out.centre), cabs(-g - out.centre));
            CHECK(off <= out.radius + 1e-12 * (1 + cabs(g)));
        }
    }
    CHECK(proved > 400);
    fc_program_release(p);
}

static number log_gamma(number z) /* Stirling's series, from z + 20 */
{
    number shift = 0;
    for (int k = 0; k < 20; k++, z += 1) {
        shift += clog(z);
    }
    return (z - 0.5) * clog(z) - z + 0.91893853320467274 + 1 / (12 * z) - 1 / (360 * z * z * z) +
           1 / (1260 * cpow(z, 5)) - shift;
}

static number gamma_of(number z)
{
    return cexp(log_gamma(z));
}

static number cube_root(number z)
{
    return cpow(z, 1.0 / 3);
}

static void test_gamma_and_cube_root(void)
{
    static const struct {
        unsigned op;
        number (*g)(number);
    } each[] = {{FC_OP_TGAMMA_D, gamma_of}, {FC_OP_LGAMMA_D, log_gamma}, {FC_OP_CBRT_D, cube_root}};
    for (int i = 0; i < 3; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = y;
        asm_op(&a, each[i].op, y, x, NO, NO, NO, 0);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        int proved = 0;
        for (int k = 0; k < 500; k++) {
            double c = uniform(0.01, 6), r = c * pow(10, uniform(-3, 0.1));
            fc_disc out;
            if (!disc_at(p, c, r, NULL, &out)) {
                continue;
            }
            proved++;
            for (int j = 0; j < 24; j++) {
                number g = each[i].g(c + r * cexp(I * (2 * acos(-1.0) * j / 24)));
                CHECK(cabs(g - out.centre) <= out.radius + 1e-11 * (1 + cabs(g)));
            }
            for (int j = 0; j < 4; j++) {
                double at = c + 0.6 * r * uniform(-1, 1), value = asm_value_at(p, at);
                CHECK(fabs(value - out.centre) <= out.radius + out.noise);
            }
        }
        CHECK(proved > 300);
        fc_program_release(p);
    }
}

/* ---- series about p = 0 ---- */

typedef long double real;

static uint16_t op1(assembler *a, unsigned op, uint16_t x)
{
    uint16_t d = asm_reg(a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(a, op, d, x, NO, NO, NO, 0);
    return d;
}

static uint16_t op2(assembler *a, unsigned op, uint16_t x, uint16_t y)
{
    uint16_t d = asm_reg(a, FC_TYPE_D, FC_KIND_VARYING);
    asm_op(a, op, d, x, y, NO, NO, 0);
    return d;
}

#define ONE asm_double(a, 1)
#define SPECIAL(name, program, of_complex, of_real)                                                \
    static uint16_t name##_program(assembler *a, uint16_t x)                                       \
    {                                                                                              \
        return program;                                                                            \
    }                                                                                              \
    static number name##_number(number x)                                                          \
    {                                                                                              \
        return of_complex;                                                                         \
    }                                                                                              \
    static real name##_real(real x)                                                                \
    {                                                                                              \
        return of_real;                                                                            \
    }

SPECIAL(log_quotient, op2(a, FC_OP_DIV_D, op1(a, FC_OP_LOG_D, op2(a, FC_OP_ADD_D, ONE, x)), x),
        clog(1 + x) / x, log1pl(x) / x)
SPECIAL(cosine,
        op2(a, FC_OP_DIV_D, op2(a, FC_OP_SUB_D, ONE, op1(a, FC_OP_COS_D, x)),
            op1(a, FC_OP_SQUARE_D, x)),
        (1 - ccos(x)) / (x * x), 2 * sinl(x / 2) * sinl(x / 2) / (x * x))
SPECIAL(bose, op2(a, FC_OP_DIV_D, x, op2(a, FC_OP_SUB_D, op1(a, FC_OP_EXP_D, x), ONE)),
        x / (cexp(x) - 1), x / expm1l(x))
SPECIAL(root, op2(a, FC_OP_MUL_D, op1(a, FC_OP_SQRT_D, x), op1(a, FC_OP_COSH_D, x)),
        csqrt(x) * ccosh(x), sqrtl(x) * coshl(x))
SPECIAL(over_root, op2(a, FC_OP_DIV_D, op1(a, FC_OP_TAN_D, x), op1(a, FC_OP_SQRT_D, x)),
        ctan(x) / csqrt(x), tanl(x) / sqrtl(x))
SPECIAL(arc, op1(a, FC_OP_ACOS_D, x), cacos(x), acosl(x))
SPECIAL(arc_sine, op1(a, FC_OP_ASIN_D, x), casin(x), asinl(x))
SPECIAL(at_one, op2(a, FC_OP_DIV_D, op2(a, FC_OP_SUB_D, x, ONE), op1(a, FC_OP_LOG_D, x)),
        (x - 1) / clog(x), (x - 1) / logl(x))
SPECIAL(circle,
        op2(a, FC_OP_DIV_D, ONE,
            op1(a, FC_OP_SQRT_D, op2(a, FC_OP_SUB_D, ONE, op1(a, FC_OP_SQUARE_D, x)))),
        1 / (csqrt(1 - x) * csqrt(1 + x)), 1 / sqrtl((1 - x) * (1 + x)))
SPECIAL(atan_square, op2(a, FC_OP_DIV_D, op1(a, FC_OP_ATAN_D, x), op1(a, FC_OP_SQUARE_D, x)),
        catan(x) / (x * x), atanl(x) / (x * x))
SPECIAL(power, op2(a, FC_OP_POW_D, x, asm_double(a, -1.5)), 1 / (x * csqrt(x)), 1 / (x * sqrtl(x)))
SPECIAL(flat, op1(a, FC_OP_EXP_D, op2(a, FC_OP_DIV_D, asm_double(a, -1), x)), 0 * x, expl(-1 / x))
SPECIAL(third,
        op2(a, FC_OP_DIV_D, op2(a, FC_OP_POW_D, x, asm_double(a, 1.0 / 3)),
            op2(a, FC_OP_ADD_D, asm_double(a, 4), x)),
        cpow(x, 1.0 / 3) / (4 + x), powl(x, 1.0L / 3) / (4 + x))
SPECIAL(tenth,
        op2(a, FC_OP_DIV_D, op2(a, FC_OP_POW_D, x, asm_double(a, -0.6)),
            op2(a, FC_OP_ADD_D, asm_double(a, 30), x)),
        cpow(x, -0.6) / (30 + x), powl(x, -0.6L) / (30 + x))
SPECIAL(logarithm,
        op2(a, FC_OP_DIV_D, op1(a, FC_OP_LOG_D, x),
            op2(a, FC_OP_ADD_D, asm_double(a, 4), op1(a, FC_OP_SQUARE_D, x))),
        clog(x) / (4 + x * x), logl(x) / (4 + x * x))
SPECIAL(log_gamma, op1(a, FC_OP_LGAMMA_D, x), log_gamma(x), lgammal(x))
SPECIAL(over_gamma, op2(a, FC_OP_DIV_D, ONE, op1(a, FC_OP_TGAMMA_D, x)), 1 / gamma_of(x),
        1 / tgammal(x))
SPECIAL(log_of_exp, op1(a, FC_OP_LOG_D, op2(a, FC_OP_ADD_D, ONE, op1(a, FC_OP_EXP_D, x))),
        clog(1 + cexp(x)), logl(1 + expl(x)))

static const struct {
    uint16_t (*program)(assembler *a, uint16_t x);
    number (*g)(number x);
    real (*exact)(real x);
    double base, sign, most; /* the largest p */
    bool inverse;
    unsigned root;
    int least; /* of 200 places, so many are proved */
} specials[] = {
    {log_quotient_program, log_quotient_number, log_quotient_real, 0, 1, 0.7, false, 1, 100},
    {cosine_program, cosine_number, cosine_real, 0, 1, 2, false, 1, 190},
    {cosine_program, cosine_number, cosine_real, 0, -1, 2, false, 1, 190},
    {bose_program, bose_number, bose_real, 0, 1, 1, false, 1, 150},
    {root_program, root_number, root_real, 0, 1, 1, false, 2, 190},
    {over_root_program, over_root_number, over_root_real, 0, 1, 1, false, 2, 100},
    {arc_program, arc_number, arc_real, 1, -1, 0.7, false, 2, 150},
    {arc_program, arc_number, arc_real, -1, 1, 0.7, false, 2, 150},
    {arc_sine_program, arc_sine_number, arc_sine_real, -1, 1, 0.7, false, 2, 150},
    {at_one_program, at_one_number, at_one_real, 1, -1, 0.6, false, 1, 100},
    {at_one_program, at_one_number, at_one_real, 1, 1, 0.6, false, 1, 100},
    {circle_program, circle_number, circle_real, 1, -1, 0.7, false, 2, 100},
    {atan_square_program, atan_square_number, atan_square_real, 1, 1, 0.3, true, 1, 100},
    {power_program, power_number, power_real, 1, 1, 0.5, true, 2, 100},
    {flat_program, flat_number, flat_real, 0, 1, 0.1, false, 1, 190},
    {third_program, third_number, third_real, 0, 1, 1, false, 3, 150},
    {tenth_program, tenth_number, tenth_real, 0, 1, 1, false, 10, 150},
    {tenth_program, tenth_number, tenth_real, 0, 1, 0.8, true, 10, 150},
    {logarithm_program, logarithm_number, logarithm_real, 0, 1, 0.7, false, 4, 150},
    {logarithm_program, logarithm_number, logarithm_real, 0, 1, 0.7, true, 4, 150},
    {log_gamma_program, log_gamma_number, log_gamma_real, 0, 1, 0.5, false, 4, 150},
    {over_gamma_program, over_gamma_number, over_gamma_real, 0, 1, 0.5, false, 1, 150},
    {log_of_exp_program, log_of_exp_number, log_of_exp_real, 0, 1, 0.7, false, 1, 100},
};

/* What is computed next to a special end is what the series says, and its noise. */
static void check_special(size_t i, fc_program *p, double half, int *proved)
{
    const fc_disc_place place = {.centre = half,
                                 .radius = 5.0 / 3 * half,
                                 .inner = 0.6,
                                 .base = specials[i].base,
                                 .sign = specials[i].sign,
                                 .inverse = specials[i].inverse,
                                 .series = true,
                                 .root = specials[i].root,
                                 .least = 0.004 * half};
    const double sign = specials[i].sign;
    fc_disc out;
    fc_doubt doubt = {0};
    if (!fc_disc_of(p, &place, NULL, &out, &doubt)) {
        return;
    }
    ++*proved;
    CHECK(out.radius >= 0 && out.noise >= 0);
    for (int k = 0; k < 24 && specials[i].g != flat_number; k++) {
        number z = half + 5.0 / 3 * half * cexp(I * (2 * acos(-1.0) * (k + 0.5) / 24));
        const int root = (int)specials[i].root;
        number q = cpow(z, root), dx = root * cpow(z, root - 1);
        number x = specials[i].base + sign * (specials[i].inverse ? 1 / q : q);
        number g = specials[i].g(x) * dx / (specials[i].inverse ? q * q : 1);
        /* roots have their cut where the series has none */
        double off = fmin(cabs(g - out.centre), cabs(-g - out.centre));
        double log_part = out.log_size * pow(cabs(z), out.log_power) * cabs(clog(z));
        CHECK(off <= out.radius + log_part + 1e-9 * (1 + cabs(g)) || specials[i].g == arc_number);
    }
    for (int k = 0; k < 8; k++) {
        double z = place.least * exp(log(2 / 0.004) * (k + uniform(0, 1)) / 8);
        const int root = (int)specials[i].root;
        double q = pow(z, root);
        double x = specials[i].base + sign * (specials[i].inverse ? 1 / q : q);
        double dx = root * pow(z, root - 1) / (specials[i].inverse ? q * q : 1);
        double y = asm_value_at(p, x) * dx;
        real exact_x = specials[i].base + sign * (specials[i].inverse ? 1 / (real)q : (real)q);
        double error = (double)fabsl(y - specials[i].exact(exact_x) * dx);
        CHECK(error <= out.noise * pow(z, out.at) + 1e-300);
        double log_part = out.log_size * pow(z, out.log_power) * fabs(log(z));
        CHECK(fabs(y - out.centre) <= out.radius + log_part + out.noise * pow(z, out.at));
    }
}

static void test_special_ends(void)
{
    for (size_t i = 0; i < sizeof specials / sizeof *specials; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = specials[i].program(&a, x);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        int proved = 0;
        for (int k = 0; k < 200; k++) {
            check_special(i, p, 0.5 * specials[i].most * pow(10, uniform(-2, 0)), &proved);
        }
        CHECK(proved >= specials[i].least);
        fc_program_release(p);
    }
    /* of x, they are told to want a root */
    static const unsigned ops[] = {FC_OP_SQRT_D, FC_OP_LOG_D, FC_OP_LGAMMA_D}, roots[] = {2, 4, 4};
    for (int i = 0; i < 3; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = op1(&a, ops[i], x);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        fc_disc_place place = {.centre = 0.5, .radius = 0.8, .inner = 0.6, .sign = 1};
        place.series = true;
        place.least = 0.002;
        fc_doubt doubt = {0};
        fc_disc out;
        CHECK(!fc_disc_of(p, &place, NULL, &out, &doubt) && doubt.root == roots[i]);
        fc_program_release(p);
    }
}

/* |x - 0.3| has no proof where the kink may be, and is x - 0.3 or 0.3 - x elsewhere. */
static void test_branches(void)
{
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t d = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING),
             y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    a.outputs[a.n_outputs++] = y;
    asm_op(&a, FC_OP_SUB_D, d, x, asm_double(&a, 0.3), NO, NO, 0);
    asm_op(&a, FC_OP_ABS_D, y, d, NO, NO, NO, 0);
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    fc_disc out;
    CHECK(!disc_at(p, 0.5, 0.4, NULL, &out));
    CHECK(disc_at(p, 0.5, 0.3, NULL, &out) && fabs(out.centre - 0.2) < 1e-15);
    CHECK(disc_at(p, 0, 0.4, NULL, &out) && fabs(out.centre - 0.3) < 1e-15);
    fc_program_release(p);

    assembler s = {0}; /* exp(x) if x < 0 else 1: not analytic at 0, and nothing may say so */
    x = asm_input(&s, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t test = asm_reg(&s, FC_TYPE_B, FC_KIND_VARYING);
    uint16_t e = asm_reg(&s, FC_TYPE_D, FC_KIND_VARYING);
    s.outputs[s.n_outputs++] = e;
    asm_op(&s, FC_OP_LT_D, test, x, asm_double(&s, 0), NO, NO, 0);
    asm_op(&s, FC_OP_EXP_D, e, x, NO, NO, NO, 0);
    asm_op(&s, FC_OP_SELECT_D, e, e, asm_double(&s, 1), test, NO, 0);
    p = asm_build(&s, FC_ISA_BASELINE);
    CHECK(!disc_at(p, 0.05, 0.1, NULL, &out));
    CHECK(disc_at(p, 0.1, 0.1, NULL, &out) && out.centre == 1 && out.radius == 0);
    CHECK(disc_at(p, -1, 1, NULL, &out) && out.centre == exp(-1));
    fc_program_release(p);
}

static void test_nothing_is_proved(void)
{
    static const unsigned unknown[] = {FC_OP_TGAMMA_D, FC_OP_LGAMMA_D, FC_OP_CBRT_D};
    /* next to their singularities */
    fc_disc out;
    for (size_t i = 0; i < sizeof unknown / sizeof *unknown; i++) {
        assembler a = {0};
        uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
        uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
        a.outputs[a.n_outputs++] = y;
        asm_op(&a, unknown[i], y, x, NO, NO, NO, 0);
        fc_program *p = asm_build(&a, FC_ISA_BASELINE);
        CHECK(!disc_at(p, 0.05, 0.1, NULL, &out) && disc_at(p, 0.5, 0.1, NULL, &out));
        fc_program_release(p);
    }
    /* nan and infinite numbers among constants and parameters */
    assembler a = {0};
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING),
             c = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    a.outputs[a.n_outputs++] = y;
    asm_op(&a, FC_OP_MUL_D, y, x, c, NO, NO, 0);
    fc_program *p = asm_build(&a, FC_ISA_BASELINE);
    double rest = 2;
    CHECK(disc_at(p, 0.5, 0.1, &rest, &out) && out.centre == 1);
    rest = NAN;
    CHECK(!disc_at(p, 0.5, 0.1, &rest, &out));
    rest = INFINITY;
    CHECK(!disc_at(p, 0.5, 0.1, &rest, &out));
    CHECK(!disc_at(p, NAN, 0.1, &rest, &out));
    fc_program_release(p);
}

static void test_quad_believes(void)
{
    fc_program *p = build_mixed();
    fc_integrand_vm f;
    double a = 1, b = 0, value;
    fc_integrals in = {.m = 1, .a = &a, .b = &b};
    fc_quad_options options = {.epsabs = 0, .epsrel = 1e-9, .limit = 100, .density = 48};
    fc_quad_result few, many;
    CHECK(fc_integrand_vm_init(&f, p, 1, NULL, NULL) == FC_OK);
    CHECK(fc_quad(NULL, &f.base, &options, &in, &value, &few) == FC_OK);
    CHECK(few.state == FC_QUAD_CONVERGED && few.n_eval < 200 && few.error < 1e-9);
    double proved = value;
    f.base.disc = NULL;
    CHECK(fc_quad(NULL, &f.base, &options, &in, &value, &many) == FC_OK);
    CHECK(many.n_eval > 900 && fabs(value - proved) <= few.error + many.error);
    options.epsrel = 1e-15; /* not to be had, and not claimed */
    f.base.disc = NULL;
    CHECK(fc_quad(NULL, &f.base, &options, &in, &value, &many) == FC_OK);
    CHECK(many.state == FC_QUAD_ROUNDOFF);
    fc_integrand_vm_clear(&f);
    fc_program_release(p);
}

int main(void)
{
    test_functions();
    test_powers();
    test_composition();
    test_infinity();
    test_gamma_and_cube_root();
    test_special_ends();
    test_branches();
    test_nothing_is_proved();
    test_quad_believes();
    return check_report();
}
