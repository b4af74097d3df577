/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Intervals that contain what a program computes; contract in fc_bounds.h. */
#include "fc_bounds.h"

#include <math.h>
#include <string.h>

#include "fc_code.h"
#include "fc_disc_impl.h"
#include "fc_minmax.h"

#define PI 3.14159265358979323846
#define RARELY 0x1p-10     /* 0 / 0 */
#define LARGE_ANGLE 0x1p40 /* from here on sin and cos may be anything */

typedef struct state {
    fc_bounds r[FC_DISC_REGISTERS];
} state;

static const fc_bounds anything = {-INFINITY, INFINITY, 0};

static bool contains(const fc_bounds *x, double value)
{
    return x->low <= value && value <= x->high;
}

/* The share of x that is outside. */
static double outside(const fc_bounds *x, double least, double most)
{
    if (x->low >= least && x->high <= most) {
        return 0;
    }
    if (x->low > most || x->high < least) {
        return 1;
    }
    const double share =
        (fc_larger(least - x->low, 0) + fc_larger(x->high - most, 0)) / (x->high - x->low);
    return share > 0 ? share : 0.5; /* where infinite ones are divided */
}

/* Bounds some of which may have come out as nan (inf - inf): then nothing is known. */
static fc_bounds between(double low, double high)
{
    return low <= high ? (fc_bounds){low, high, 0} : anything;
}

static fc_bounds hull(const fc_bounds *a, const fc_bounds *b)
{
    return (fc_bounds){fc_smaller(a->low, b->low), fc_larger(a->high, b->high),
                       fc_larger(a->nan, b->nan)};
}

/* Of bounds: an infinite one stands for what is finite. */
static double times(double a, double b)
{
    return a == 0 || b == 0 ? 0 : a * b;
}

fc_bounds fc_bounds_multiply(const fc_bounds *a, const fc_bounds *b)
{
    const double p = times(a->low, b->low), q = times(a->low, b->high);
    const double r = times(a->high, b->low), s = times(a->high, b->high);
    return between(fc_smaller(fc_smaller(p, q), fc_smaller(r, s)),
                   fc_larger(fc_larger(p, q), fc_larger(r, s)));
}

static fc_bounds divide(const fc_bounds *a, const fc_bounds *b)
{
    if (b->low > 0 || b->high < 0) {
        const fc_bounds over = {1 / b->high, 1 / b->low, 0};
        return fc_bounds_multiply(a, &over);
    }
    fc_bounds out = anything;
    if (a->low >= 0 || a->high <= 0) { /* the sign may be known */
        const bool positive = a->low >= 0;
        if (b->low == 0) {
            out = positive ? (fc_bounds){a->low / b->high, INFINITY, 0}
                           : (fc_bounds){-INFINITY, a->high / b->high, 0};
        } else if (b->high == 0) {
            out = positive ? (fc_bounds){-INFINITY, a->low / b->low, 0}
                           : (fc_bounds){a->high / b->low, INFINITY, 0};
        }
    }
    out = out.low <= out.high ? out : anything;
    out.nan = contains(a, 0) ? RARELY : 0;
    return out;
}

static fc_bounds square(const fc_bounds *x)
{
    const double a = x->low * x->low, b = x->high * x->high;
    return (fc_bounds){contains(x, 0) ? 0 : fc_smaller(a, b), fc_larger(a, b), 0};
}

static fc_bounds absolute(const fc_bounds *x)
{
    const double a = fabs(x->low), b = fabs(x->high);
    return (fc_bounds){contains(x, 0) ? 0 : fc_smaller(a, b), fc_larger(a, b), 0};
}

static fc_bounds power(const fc_bounds *x, const fc_bounds *q)
{
    if (q->low == q->high) {
        const double n = q->low;
        const bool whole = n == trunc(n);
        if (x->low >= 0 || (whole && fmod(n, 2) != 0 && (n > 0 || x->high < 0))) {
            return between(pow(n > 0 ? x->low : x->high, n), pow(n > 0 ? x->high : x->low, n));
        }
        if (whole && fmod(n, 2) == 0) {
            const fc_bounds size = absolute(x);
            return between(pow(n > 0 ? size.low : size.high, n),
                           pow(n > 0 ? size.high : size.low, n));
        }
        if (whole) {
            return anything;
        }
        const double end = pow(fc_larger(x->high, 0), n), nan = outside(x, 0, INFINITY);
        return n > 0 ? (fc_bounds){0, end, nan} : (fc_bounds){end, INFINITY, nan};
    }
    if (x->low > 0) { /* monotone in each */
        const double p[4] = {pow(x->low, q->low), pow(x->low, q->high), pow(x->high, q->low),
                             pow(x->high, q->high)};
        return between(fc_smaller(fc_smaller(p[0], p[1]), fc_smaller(p[2], p[3])),
                       fc_larger(fc_larger(p[0], p[1]), fc_larger(p[2], p[3])));
    }
    return (fc_bounds){-INFINITY, INFINITY, outside(x, 0, INFINITY)};
}

/* cos; sin(x) is cos(x - pi/2). */
static fc_bounds cosine(double low, double high)
{
    if (!(fabs(low) < LARGE_ANGLE && fabs(high) < LARGE_ANGLE) || high - low >= 2 * PI) {
        return (fc_bounds){-1, 1, 0};
    }
    const double a = cos(low), b = cos(high);
    fc_bounds out = {fc_smaller(a, b), fc_larger(a, b), 0};
    if (floor(high / (2 * PI)) != floor(low / (2 * PI))) {
        out.high = 1;
    }
    if (floor((high - PI) / (2 * PI)) != floor((low - PI) / (2 * PI))) {
        out.low = -1;
    }
    return out;
}

typedef double function(double);

/* A function that grows where it is defined, from `least` to `most`. */
static fc_bounds rising(const fc_bounds *x, function *g, double least, double most)
{
    fc_bounds out = anything;
    if (x->high >= least && x->low <= most) {
        out = between(g(fc_larger(x->low, least)), g(fc_smaller(x->high, most)));
    }
    out.nan = outside(x, least, most);
    return out;
}

static fc_bounds falling(const fc_bounds *x, function *g, double least, double most)
{
    fc_bounds out = anything;
    if (x->high >= least && x->low <= most) {
        out = between(g(fc_smaller(x->high, most)), g(fc_larger(x->low, least)));
    }
    out.nan = outside(x, least, most);
    return out;
}

static fc_bounds tangent(const fc_bounds *x)
{
    if (!(fabs(x->low) < LARGE_ANGLE && fabs(x->high) < LARGE_ANGLE) ||
        floor(x->low / PI - 0.5) != floor(x->high / PI - 0.5)) {
        return anything;
    }
    return between(tan(x->low), tan(x->high));
}

/* Functions of one operand. */
static bool of_one(unsigned op, const fc_bounds *x, fc_bounds *out)
{
    switch (op) {
    case FC_OP_NEG_D:
    case FC_OP_NEG_I:
        *out = (fc_bounds){-x->high, -x->low, 0};
        return true;
    case FC_OP_ABS_D:
    case FC_OP_ABS_I:
        *out = absolute(x);
        return true;
    case FC_OP_SQUARE_D:
        *out = square(x);
        return true;
    case FC_OP_CUBE_D:
        *out = between(x->low * x->low * x->low, x->high * x->high * x->high);
        return true;
    case FC_OP_COSH_D: {
        const fc_bounds size = absolute(x);
        *out = between(cosh(size.low), cosh(size.high));
        return true;
    }
    case FC_OP_COS_D:
        *out = cosine(x->low, x->high);
        return true;
    case FC_OP_SIN_D:
        *out = cosine(x->low - PI / 2, x->high - PI / 2);
        return true;
    case FC_OP_TAN_D:
        *out = tangent(x);
        return true;
#define RISING(NAME, g, least, most)                                                               \
    case FC_OP_##NAME##_D:                                                                         \
        *out = rising(x, g, least, most);                                                          \
        return true;
        RISING(FLOOR, floor, -INFINITY, INFINITY)
        RISING(CEIL, ceil, -INFINITY, INFINITY)
        RISING(TRUNC, trunc, -INFINITY, INFINITY)
        RISING(RINT, rint, -INFINITY, INFINITY)
        RISING(SQRT, sqrt, 0, INFINITY)
        RISING(EXP, exp, -INFINITY, INFINITY)
        RISING(EXP2, exp2, -INFINITY, INFINITY)
        RISING(EXPM1, expm1, -INFINITY, INFINITY)
        RISING(LOG, log, 0, INFINITY)
        RISING(LOG2, log2, 0, INFINITY)
        RISING(LOG10, log10, 0, INFINITY)
        RISING(LOG1P, log1p, -1, INFINITY)
        RISING(ASIN, asin, -1, 1)
        RISING(ATAN, atan, -INFINITY, INFINITY)
        RISING(SINH, sinh, -INFINITY, INFINITY)
        RISING(TANH, tanh, -INFINITY, INFINITY)
        RISING(ASINH, asinh, -INFINITY, INFINITY)
        RISING(ACOSH, acosh, 1, INFINITY)
        RISING(ATANH, atanh, -1, 1)
        RISING(CBRT, cbrt, -INFINITY, INFINITY)
        RISING(ERF, erf, -INFINITY, INFINITY)
#undef RISING
    case FC_OP_ACOS_D:
        *out = falling(x, acos, -1, 1);
        return true;
    case FC_OP_ERFC_D:
        *out = falling(x, erfc, -INFINITY, INFINITY);
        return true;
    case FC_OP_TGAMMA_D:
    case FC_OP_LGAMMA_D:
        *out =
            x->low < 2 ? anything : rising(x, op == FC_OP_LGAMMA_D ? lgamma : tgamma, 2, INFINITY);
        return true;
    default:
        return false;
    }
}

/* Functions of two. */
static bool of_two(unsigned op, const fc_bounds *a, const fc_bounds *b, bool same, fc_bounds *out)
{
    switch (op) {
    case FC_OP_ADD_D:
    case FC_OP_ADD_I:
        *out = between(a->low + b->low, a->high + b->high);
        return true;
    case FC_OP_SUB_D:
    case FC_OP_SUB_I:
        *out = same ? (fc_bounds){0, 0, 0} : between(a->low - b->high, a->high - b->low);
        return true;
    case FC_OP_MUL_D:
    case FC_OP_MUL_I:
        *out = same ? square(a) : fc_bounds_multiply(a, b);
        return true;
    case FC_OP_DIV_D:
    case FC_OP_TRUEDIV_I:
        *out = divide(a, b);
        return true;
    case FC_OP_FLOORDIV_D:
        *out = divide(a, b);
        *out = (fc_bounds){floor(out->low), floor(out->high), out->nan};
        return true;
    case FC_OP_MOD_D: {
        const double size = fc_larger(fabs(b->low), fabs(b->high));
        *out = (fc_bounds){b->low < 0 ? -size : 0, b->high > 0 ? size : 0,
                           contains(b, 0) ? RARELY : 0};
        if (b->low == b->high && b->low != 0 && floor(a->low / b->low) == floor(a->high / b->low)) {
            const double by = floor(a->low / b->low) * b->low;
            *out = between(a->low - by, a->high - by);
        }
        return true;
    }
    case FC_OP_POW_D:
        *out = power(a, b);
        return true;
    case FC_OP_MIN_D:
    case FC_OP_MIN_I:
        *out = (fc_bounds){fc_smaller(a->low, b->low), fc_smaller(a->high, b->high), 0};
        return true;
    case FC_OP_MAX_D:
    case FC_OP_MAX_I:
        *out = (fc_bounds){fc_larger(a->low, b->low), fc_larger(a->high, b->high), 0};
        return true;
    case FC_OP_HYPOT_D: {
        const fc_bounds p = absolute(a), q = absolute(b);
        *out = between(hypot(p.low, q.low), hypot(p.high, q.high));
        return true;
    }
    case FC_OP_COPYSIGN_D: {
        const fc_bounds size = absolute(a);
        *out = b->low > 0    ? size
               : b->high < 0 ? (fc_bounds){-size.high, -size.low, 0}
                             : (fc_bounds){-size.high, size.high, 0};
        return true;
    }
    case FC_OP_ATAN2_D:
        *out = (fc_bounds){-PI, PI, 0};
        if (b->low > 0) { /* of a / b, a rising function of a */
            const double p = atan2(a->low, b->low), q = atan2(a->low, b->high);
            const double r = atan2(a->high, b->low), s = atan2(a->high, b->high);
            *out = between(fc_smaller(p, q), fc_larger(r, s));
        }
        return true;
    case FC_OP_FMOD_D:
    case FC_OP_REMAINDER_D: {
        const double size = fc_larger(fabs(b->low), fabs(b->high));
        *out = (fc_bounds){-size, size, contains(b, 0) ? RARELY : 0};
        return true;
    }
    default:
        return false;
    }
}

/* 0, 1, or -1 where it is not the same everywhere. */
static int truth_of(const fc_bounds *x)
{
    return x->low != 0 ? 1 : x->high != 0 ? -1 : 0;
}

static bool is_logic(unsigned op)
{
    return op == FC_OP_AND_B || op == FC_OP_OR_B || op == FC_OP_XOR_B || op == FC_OP_ANDN_B ||
           op == FC_OP_NOT_B || op == FC_OP_ANY_B || op == FC_OP_ALL_B;
}

/* Comparisons and logic: false if `op` is neither. */
static bool decide(unsigned op, const fc_bounds *a, const fc_bounds *b, fc_bounds *out)
{
    *out = (fc_bounds){0, 1, 0};
    if (is_logic(op)) { /* over all that the operands may be */
        for (int want = 0; want < 2; want++) {
            bool possible = false;
            for (int k = 0; k < 4; k++) {
                const int so = k & 1, other = k >> 1;
                const int p = truth_of(a), q = truth_of(b);
                possible = possible || ((p < 0 || p == so) && (q < 0 || q == other) &&
                                        fc_disc_truth(op, 0, so, other) == want);
            }
            if (!possible) {
                *out = (fc_bounds){1 - want, 1 - want, 0};
            }
        }
        return true;
    }
    if (!fc_disc_compares(op)) {
        return false;
    }
    const int order = a->high < b->low                                             ? -1
                      : a->low > b->high                                           ? 1
                      : a->low == a->high && b->low == b->high && a->low == b->low ? 2
                                                                                   : 0;
    int known = fc_disc_truth(op, order, false, false);
    if (order == 0 && (a->high <= b->low || a->low >= b->high)) { /* they touch */
        const bool less = a->high <= b->low;
        if (op == FC_OP_LE_D || op == FC_OP_LE_I || op == FC_OP_LE_DI || op == FC_OP_LE_ID) {
            known = less ? 1 : -1;
        } else if (op == FC_OP_LT_D || op == FC_OP_LT_I || op == FC_OP_LT_DI || op == FC_OP_LT_ID) {
            known = less ? -1 : 0;
        }
    }
    if (known >= 0) {
        *out = (fc_bounds){known, known, 0};
    }
    return true;
}

/* One instruction; false if it is not known here. */
static bool compute(void *context, const fc_instruction *ins)
{
    static const fc_bounds none;
    state *s = context;
    const fc_bounds *a = ins->a != FC_NO_REGISTER ? &s->r[ins->a] : &none;
    const fc_bounds *b = ins->b != FC_NO_REGISTER ? &s->r[ins->b] : &none;
    const fc_bounds *c = ins->c != FC_NO_REGISTER ? &s->r[ins->c] : &none;
    fc_bounds out;
    double nan = fc_larger(a->nan, b->nan);
    switch (ins->op) {
    case FC_OP_MOV_D:
    case FC_OP_MOV_I:
    case FC_OP_MOV_B:
    case FC_OP_D_I:
    case FC_OP_I_B:
        out = *a;
        break;
    case FC_OP_I_D:
        out = (fc_bounds){trunc(a->low), trunc(a->high), 0};
        break;
    case FC_OP_SELECT_D:
    case FC_OP_SELECT_I:
    case FC_OP_SELECT_B: {
        const int so = truth_of(c);
        out = so < 0 ? hull(a, b) : so == 1 ? *a : *b;
        nan = out.nan;
        break;
    }
    case FC_OP_FMA_D:
        out = fc_bounds_multiply(a, b);
        out = between(out.low + c->low, out.high + c->high);
        nan = fc_larger(nan, c->nan);
        break;
    case FC_OP_ISNAN_D:
        out = (fc_bounds){0, nan > 0 ? 1 : 0, 0};
        nan = 0;
        break;
    case FC_OP_ISFINITE_D:
    case FC_OP_ISINF_D:
        out = (fc_bounds){0, 1, 0};
        if (nan == 0 && isfinite(a->low) && isfinite(a->high)) {
            out.low = out.high = ins->op == FC_OP_ISFINITE_D;
        }
        nan = 0;
        break;
    case FC_OP_B_D:
    case FC_OP_B_I:
        out = (fc_bounds){!contains(a, 0), a->low != 0 || a->high != 0, 0};
        break;
    default:
        if (!of_two(ins->op, a, b, ins->a == ins->b, &out) && !of_one(ins->op, a, &out) &&
            !decide(ins->op, a, b, &out)) {
            return false;
        }
        nan = fc_larger(nan, out.nan);
        break;
    }
    out.nan = nan;
    s->r[ins->d] = out;
    return true;
}

/* Perhaps: loops go on while any point may be in them. */
static bool may_be_true(const void *context, uint16_t index)
{
    const state *s = context;
    return s->r[index].high != 0;
}

bool fc_bounds_of(const fc_program *p, const fc_bounds *inputs, fc_bounds *out)
{
    static const fc_disc_walk walk = {compute, may_be_true};
    state s;
    const fc_instruction *ins;
    if (p->n_registers > FC_DISC_REGISTERS || p->n_tables != 0) {
        return false;
    }
    memset(s.r, 0, p->n_registers * sizeof *s.r);
    for (unsigned i = 0; i < p->n_registers; i++) {
        double value = NAN;
        if (p->regs[i].kind == FC_KIND_CONSTANT) {
            const bool known = fc_disc_constant(p, &p->regs[i], &value) || !isnan(value);
            s.r[i] = known ? (fc_bounds){value, value, 0} : (fc_bounds){-INFINITY, INFINITY, 1};
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (p->regs[p->inputs[i]].type != FC_TYPE_D) {
            return false;
        }
        s.r[p->inputs[i]] = inputs[i];
    }
    fc_disc_follow(p, &s, &walk, 0, &ins);
    if (ins == NULL || ins->op != FC_OP_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        out[o] = s.r[p->outputs[o]];
        if (p->regs[p->outputs[o]].type == FC_TYPE_F) {
            return false;
        }
    }
    return true;
}
