/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Discs that contain what a program computes; contract in fc_disc.h.
 *
 * For an analytic g and a disc (c, r), all rules below bound
 *
 *     change >= |g(c + w) - g(c)| for all complex |w| <= r
 *
 * mostly by the sum of |g's Taylor coefficients| r^k, which for exp, sin, sqrt, log and powers is a
 * closed form, or by r times a bound of |g'|. By Schwarz's lemma a value at a real point within
 * `inner` of the centre is within inner * radius of the value there. So a rounding error e of the
 * operand grows to less than GROWTH * change / r * e for inner <= 0.6: sum of k |a_k| (0.6
 * r)^(k-1). Radii are rounded upwards by a factor SLACK, which is far more than their own rounding
 * errors: no rule subtracts what nearly cancels. */
#include "fc_disc.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_code.h"

#define MAX_REGISTERS 96
#define MAX_STEPS 2000
#define SLACK (1 + 1e-12)
#define ROUNDING (2 * DBL_EPSILON) /* of an operation; of a mathematical function twice that */
#define NEARLY 0.99                /* a disc that reaches further towards a pole proves nothing */
#define GROWTH 1.25                /* max k 0.6^(k-1) is 1.2 */
#define INV_LN2 1.4426950408889634

/* A register: a disc, or (of type I or B) a number known exactly, with radius 0. */
typedef fc_disc disc;

/* What g makes of `x`: its value at the centre and the bound of its change. */
static bool make(disc *d, const disc *x, double value, double change)
{
    double slope = x->radius > 0 ? GROWTH * change / x->radius : 0;
    d->centre = value;
    d->noise = slope * x->noise + 2 * ROUNDING * (fabs(value) + change) + DBL_MIN;
    d->radius = SLACK * change + d->noise;
    return d->radius < INFINITY; /* neither inf nor nan */
}

static bool add(disc *d, const disc *a, const disc *b, double sign)
{
    d->centre = a->centre + sign * b->centre;
    double change = a->radius + b->radius;
    d->noise = a->noise + b->noise + ROUNDING * (fabs(d->centre) + change) + DBL_MIN;
    d->radius = SLACK * change + d->noise;
    return d->radius < INFINITY;
}

static bool multiply(disc *d, const disc *a, const disc *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre);
    double change = ma * b->radius + mb * a->radius + a->radius * b->radius;
    double noise = (ma + a->radius) * b->noise + (mb + b->radius) * a->noise;
    d->centre = a->centre * b->centre;
    d->noise = noise + a->noise * b->noise + ROUNDING * (fabs(d->centre) + change) + DBL_MIN;
    d->radius = SLACK * change + d->noise;
    return d->radius < INFINITY;
}

static bool divide(disc *d, const disc *a, const disc *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre), least = mb - b->radius;
    if (!(b->radius <= NEARLY * mb) || mb == 0) {
        return false;
    }
    double change = (mb * a->radius + ma * b->radius) / mb / least;
    double noise = (a->noise + (ma + a->radius) / least * b->noise) / least;
    d->centre = a->centre / b->centre;
    d->noise = noise + ROUNDING * (fabs(d->centre) + change) + DBL_MIN;
    d->radius = SLACK * change + d->noise;
    return d->radius < INFINITY;
}

static bool square(disc *d, const disc *x)
{
    double m = fabs(x->centre);
    return make(d, x, x->centre * x->centre, (2 * m + x->radius) * x->radius);
}

static bool cube(disc *d, const disc *x)
{
    double m = fabs(x->centre), r = x->radius;
    return make(d, x, x->centre * x->centre * x->centre, r * (3 * m * m + 3 * m * r + r * r));
}

/* x ** p for a real p that is the same everywhere. */
static bool power(disc *d, const disc *x, double p)
{
    double c = x->centre, m = fabs(c), r = x->radius;
    bool whole = p == floor(p) && fabs(p) < 1e6;
    double value = pow(c, p);
    if (r == 0) {
        return make(d, x, value, 0);
    }
    if (whole && p >= 1) {
        return make(d, x, value, r * p * pow(m + r, p - 1)); /* the mean value's bound */
    }
    if (p == 0) {
        return make(d, x, 1, 0);
    }
    if (!(r <= NEARLY * m) || (!whole && c < 0)) {
        return false;
    }
    double place = p >= 1 ? m + r : m - r;
    return make(d, x, value, r * fabs(p) * pow(place, p - 1));
}

static bool exponential(disc *d, const disc *x, double scale)
{
    double value = exp(scale * x->centre);
    return make(d, x, value, value * expm1(scale * x->radius));
}

static bool logarithm(disc *d, const disc *x, double scale)
{
    if (!(x->radius <= NEARLY * x->centre) || x->centre == 0) {
        return false;
    }
    return make(d, x, scale * log(x->centre), scale * -log1p(-x->radius / x->centre));
}

static bool sine(disc *d, const disc *x, bool cosine)
{
    double s = sin(x->centre), c = cos(x->centre), half = sinh(0.5 * x->radius);
    double even = 2 * half * half, odd = sinh(x->radius); /* cosh(r) - 1, sinh(r) */
    return cosine ? make(d, x, c, fabs(c) * even + fabs(s) * odd)
                  : make(d, x, s, fabs(s) * even + fabs(c) * odd);
}

static bool hyperbolic(disc *d, const disc *x, bool cosine)
{
    double s = sinh(x->centre), c = cosh(x->centre), half = sinh(0.5 * x->radius);
    double even = 2 * half * half, odd = sinh(x->radius);
    return cosine ? make(d, x, c, c * even + fabs(s) * odd)
                  : make(d, x, s, fabs(s) * even + c * odd);
}

/* A function of which `slope` bounds |g'| on the disc. */
static bool by_slope(disc *d, const disc *x, double value, double slope)
{
    return slope >= 0 && make(d, x, value, x->radius * slope);
}

/* tan: |cos(x + iy)|^2 = cos(x)^2 + sinh(y)^2. */
static bool tangent(disc *d, const disc *x)
{
    double least = fabs(cos(x->centre)) - x->radius;
    return least > 0.01 && by_slope(d, x, tan(x->centre), 1 / (least * least));
}

/* tanh: |cosh(x + iy)|^2 = sinh(x)^2 + cos(y)^2. */
static bool hyperbolic_tangent(disc *d, const disc *x)
{
    double near = fabs(x->centre) - x->radius, r = x->radius;
    double least = (near > 0 ? pow(sinh(near), 2) : 0) + (r < 1.5 ? pow(cos(r), 2) : 0);
    return least > 1e-3 && by_slope(d, x, tanh(x->centre), 1 / least);
}

/* 1 / sqrt(|z - p| |z - q|) or, without the root, 1 / (|z - p| |z - q|), with p and q so far from
 * the centre. */
static bool between_poles(disc *d, const disc *x, double value, double to_p, double to_q, bool root)
{
    if (!(x->radius <= NEARLY * to_p && x->radius <= NEARLY * to_q) || to_p == 0 || to_q == 0) {
        return false;
    }
    double product = (to_p - x->radius) * (to_q - x->radius);
    return by_slope(d, x, value, 1 / (root ? sqrt(product) : product));
}

/* erf and erfc: |exp(-z^2)| = exp(y^2 - x^2). */
static bool error_function(disc *d, const disc *x, bool complement)
{
    double near = fabs(x->centre) - x->radius, r = x->radius;
    double slope = 1.1283791670955126 * exp(r * r - (near > 0 ? near * near : 0));
    return by_slope(d, x, complement ? erfc(x->centre) : erf(x->centre), slope);
}

/* The largest distance from the centre of a value at a real point that matters. */
static double reach(const disc *x, double inner)
{
    return inner * x->radius + 2 * x->noise; /* at the place, and at the centre */
}

/* -1: a < b wherever it matters; 1: a > b; 0: neither. Equal numbers known exactly are 2. */
static int compare(const disc *a, const disc *b, double inner)
{
    double gap = a->centre - b->centre, room = reach(a, inner) + reach(b, inner);
    if (gap == 0 && room == 0) {
        return 2;
    }
    return gap < -room ? -1 : gap > room ? 1 : 0;
}

/* Floor and its kin: constant where it matters, or nothing is proved. */
static bool step(disc *d, const disc *x, double inner, double (*round_to)(double))
{
    double room = reach(x, inner), value = round_to(x->centre - room);
    *d = (disc){value, 0, 0};
    return value == round_to(x->centre + room);
}

static bool truth(disc *d, bool value)
{
    *d = (disc){value ? 1 : 0, 0, 0};
    return true;
}

/* Whether something is so, where it is known to be `yes` or known to be `no`. */
static bool decided(disc *d, bool yes, bool no)
{
    return (yes || no) && truth(d, yes);
}

/* One instruction that computes d; false if nothing is proved. */
static bool compute(disc *r, const fc_instruction *ins, double inner)
{
    disc none = {0, 0, 0}, out = none;
    const disc *a = ins->a != FC_NO_REGISTER ? &r[ins->a] : &none;
    const disc *b = ins->b != FC_NO_REGISTER ? &r[ins->b] : &none;
    const disc *c = ins->c != FC_NO_REGISTER ? &r[ins->c] : &none;
    bool proved = false;
    int order;
    switch (ins->op) {
    case FC_OP_MOV_D:
    case FC_OP_MOV_I:
    case FC_OP_MOV_B:
    case FC_OP_I_B:
        out = *a;
        proved = true;
        break;
    case FC_OP_D_I:
        out = *a;
        proved = fabs(a->centre) < 0x1p53;
        break;
    case FC_OP_SELECT_D:
    case FC_OP_SELECT_I:
    case FC_OP_SELECT_B:
        out = c->centre != 0 ? *a : *b;
        proved = true;
        break;
    case FC_OP_ADD_D:
        proved = add(&out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = add(&out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = ins->a == ins->b ? square(&out, a) : multiply(&out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = divide(&out, a, b);
        break;
    case FC_OP_FMA_D: {
        disc product;
        proved = multiply(&product, a, b) && add(&out, &product, c, 1);
        break;
    }
    case FC_OP_NEG_D:
        out = (disc){-a->centre, a->radius, a->noise};
        proved = true;
        break;
    case FC_OP_SQUARE_D:
        proved = square(&out, a);
        break;
    case FC_OP_CUBE_D:
        proved = cube(&out, a);
        break;
    case FC_OP_ABS_D:
        out = (disc){fabs(a->centre), a->radius, a->noise};
        proved = fabs(a->centre) >= reach(a, inner);
        break;
    case FC_OP_MIN_D:
        order = compare(a, b, inner);
        out = order == -1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_MAX_D:
        order = compare(a, b, inner);
        out = order == 1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_FLOOR_D:
        proved = step(&out, a, inner, floor);
        break;
    case FC_OP_CEIL_D:
        proved = step(&out, a, inner, ceil);
        break;
    case FC_OP_TRUNC_D:
        proved = step(&out, a, inner, trunc);
        break;
    case FC_OP_RINT_D:
        proved = step(&out, a, inner, rint);
        break;
    case FC_OP_SQRT_D:
        proved = power(&out, a, 0.5);
        break;
    case FC_OP_POW_D:
        if (b->radius == 0) {
            proved = power(&out, a, b->centre);
        } else { /* exp(b log(a)) */
            disc exponent;
            proved = logarithm(&exponent, a, 1) && multiply(&exponent, b, &exponent) &&
                     exponential(&out, &exponent, 1);
        }
        break;
    case FC_OP_EXP_D:
        proved = exponential(&out, a, 1);
        break;
    case FC_OP_EXP2_D:
        proved = exponential(&out, a, 1 / INV_LN2);
        break;
    case FC_OP_EXPM1_D: {
        double value = expm1(a->centre);
        proved = make(&out, a, value, (value + 1) * expm1(a->radius));
        break;
    }
    case FC_OP_LOG_D:
        proved = logarithm(&out, a, 1);
        break;
    case FC_OP_LOG2_D:
        proved = logarithm(&out, a, INV_LN2);
        break;
    case FC_OP_LOG10_D:
        proved = logarithm(&out, a, 0.43429448190325183);
        break;
    case FC_OP_LOG1P_D: {
        disc sum = {1 + a->centre, a->radius, a->noise};
        proved = logarithm(&out, &sum, 1);
        out.centre = log1p(a->centre);
        break;
    }
    case FC_OP_SIN_D:
        proved = sine(&out, a, false);
        break;
    case FC_OP_COS_D:
        proved = sine(&out, a, true);
        break;
    case FC_OP_TAN_D:
        proved = tangent(&out, a);
        break;
    case FC_OP_ASIN_D:
        proved =
            between_poles(&out, a, asin(a->centre), 1 - fabs(a->centre), 1 + fabs(a->centre), true);
        break;
    case FC_OP_ACOS_D:
        proved =
            between_poles(&out, a, acos(a->centre), 1 - fabs(a->centre), 1 + fabs(a->centre), true);
        break;
    case FC_OP_ATAN_D:
        proved = between_poles(&out, a, atan(a->centre), hypot(1, a->centre), hypot(1, a->centre),
                               false);
        break;
    case FC_OP_SINH_D:
        proved = hyperbolic(&out, a, false);
        break;
    case FC_OP_COSH_D:
        proved = hyperbolic(&out, a, true);
        break;
    case FC_OP_TANH_D:
        proved = hyperbolic_tangent(&out, a);
        break;
    case FC_OP_ASINH_D:
        proved = between_poles(&out, a, asinh(a->centre), hypot(1, a->centre), hypot(1, a->centre),
                               true);
        break;
    case FC_OP_ACOSH_D:
        proved = between_poles(&out, a, acosh(a->centre), a->centre - 1, a->centre + 1, true);
        break;
    case FC_OP_ATANH_D:
        proved = between_poles(&out, a, atanh(a->centre), 1 - fabs(a->centre), 1 + fabs(a->centre),
                               false);
        break;
    case FC_OP_ERF_D:
        proved = error_function(&out, a, false);
        break;
    case FC_OP_ERFC_D:
        proved = error_function(&out, a, true);
        break;
    case FC_OP_ADD_I:
    case FC_OP_SUB_I:
    case FC_OP_MUL_I:
        /* Exact, as long as the numbers are small. */
        out.centre = ins->op == FC_OP_ADD_I   ? a->centre + b->centre
                     : ins->op == FC_OP_SUB_I ? a->centre - b->centre
                                              : a->centre * b->centre;
        proved = fabs(out.centre) < 0x1p53;
        break;
    case FC_OP_NEG_I:
        out.centre = -a->centre;
        proved = true;
        break;
    case FC_OP_LT_D:
    case FC_OP_LT_I:
    case FC_OP_LT_DI:
    case FC_OP_LT_ID:
        order = compare(a, b, inner);
        proved = decided(&out, order == -1, order == 1 || order == 2);
        break;
    case FC_OP_LE_D:
    case FC_OP_LE_I:
    case FC_OP_LE_DI:
    case FC_OP_LE_ID:
        order = compare(a, b, inner);
        proved = decided(&out, order == -1 || order == 2, order == 1);
        break;
    case FC_OP_EQ_D:
    case FC_OP_EQ_I:
    case FC_OP_EQ_DI:
        order = compare(a, b, inner);
        proved = decided(&out, order == 2, order == 1 || order == -1);
        break;
    case FC_OP_NE_D:
    case FC_OP_NE_I:
        order = compare(a, b, inner);
        proved = decided(&out, order == 1 || order == -1, order == 2);
        break;
    case FC_OP_ISNAN_D:
    case FC_OP_ISINF_D:
    case FC_OP_ISFINITE_D: /* a disc holds numbers; an argument or a constant may be none */
        proved = isfinite(a->centre) && truth(&out, ins->op == FC_OP_ISFINITE_D);
        break;
    case FC_OP_AND_B:
        proved = truth(&out, a->centre != 0 && b->centre != 0);
        break;
    case FC_OP_OR_B:
        proved = truth(&out, a->centre != 0 || b->centre != 0);
        break;
    case FC_OP_ANDN_B:
        proved = truth(&out, a->centre != 0 && b->centre == 0);
        break;
    case FC_OP_XOR_B:
        proved = truth(&out, (a->centre != 0) != (b->centre != 0));
        break;
    case FC_OP_NOT_B:
        proved = truth(&out, a->centre == 0);
        break;
    case FC_OP_ANY_B:
    case FC_OP_ALL_B: /* all lanes agree */
    case FC_OP_B_I:
        proved = truth(&out, a->centre != 0);
        break;
    default:
        break;
    }
    if (proved) {
        r[ins->d] = out;
    }
    return proved;
}

/* The number in a constant register; false for one that a double does not hold. */
static bool constant_of(const fc_program *p, const fc_reg_info *reg, disc *d)
{
    const char *at = p->constants + reg->offset;
    *d = (disc){0, 0, 0};
    if (reg->type == FC_TYPE_D) {
        memcpy(&d->centre, at, sizeof d->centre);
    } else if (reg->type == FC_TYPE_I) {
        int64_t value;
        memcpy(&value, at, sizeof value);
        d->centre = (double)value;
        return value < (INT64_C(1) << 53) && value > -(INT64_C(1) << 53);
    } else if (reg->type == FC_TYPE_B) {
        d->centre = *at != 0 ? 1 : 0;
    } else {
        return false;
    }
    return isfinite(d->centre);
}

bool fc_disc_of(const fc_program *p, double centre, double radius, double inner, const double *rest,
                fc_disc *out)
{
    disc r[MAX_REGISTERS];
    if (p->n_registers > MAX_REGISTERS || p->n_tables != 0) {
        return false;
    }
    memset(r, 0, p->n_registers * sizeof *r);
    for (unsigned i = 0; i < p->n_registers; i++) {
        if (p->regs[i].kind == FC_KIND_CONSTANT && !constant_of(p, &p->regs[i], &r[i])) {
            r[i].centre = NAN; /* whatever is made of it proves nothing */
            r[i].radius = INFINITY;
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (p->regs[p->inputs[i]].type != FC_TYPE_D) {
            return false;
        }
        r[p->inputs[i]] = i == 0 ? (disc){centre, radius, ROUNDING * (fabs(centre) + radius)}
                                 : (disc){rest[i - 1], 0, 0};
    }
    uint32_t at = 0;
    for (int steps = 0; steps < MAX_STEPS; steps++) {
        const fc_instruction *ins = &p->instructions[at++];
        bool so = ins->a != FC_NO_REGISTER && r[ins->a].centre != 0;
        switch (ins->op) {
        case FC_OP_JUMP:
            at = (uint32_t)ins->imm;
            break;
        case FC_OP_JUMP_IF:
        case FC_OP_JUMP_ANY:
            at = so ? (uint32_t)ins->imm : at;
            break;
        case FC_OP_JUMP_UNLESS:
        case FC_OP_JUMP_NONE:
            at = so ? at : (uint32_t)ins->imm;
            break;
        case FC_OP_RAISE_IF:
            if (so) {
                return false;
            }
            break;
        case FC_OP_END:
            for (unsigned o = 0; o < p->n_outputs; o++) {
                out[o] = r[p->outputs[o]];
                if (p->regs[p->outputs[o]].type == FC_TYPE_F ||
                    !(fabs(out[o].centre) + out[o].radius < INFINITY)) {
                    return false;
                }
            }
            return true;
        default:
            if (ins->d == FC_NO_REGISTER || !compute(r, ins, inner)) {
                return false;
            }
        }
    }
    return false;
}
