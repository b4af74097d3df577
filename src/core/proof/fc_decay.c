/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Bounds of what a program computes towards infinity; contract in fc_decay.h.
 *
 *     plain     rate == 0: a power of t times what stays in an interval
 *     falling   rate > 0
 *     growing   rate < 0: of its size only the lower bound is known, the interval's other end may
 *               be infinite
 *
 * An operation that would need more than that proves nothing, and quad goes its usual way. Ends of
 * intervals are rounded outwards by far more than an operation's rounding error. */
#include "fc_decay.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_disc_impl.h"

#define MAX_REGISTERS 96
#define OUTWARDS 1e-12
#define MAX_POWER 1e3

typedef struct bound {
    double low, high; /* of v; both are the same for a number known exactly */
    double power, rate, order;
} bound;

typedef struct state {
    double from;
    bound r[MAX_REGISTERS];
} state;

static bound number(double value)
{
    return (bound){.low = value, .high = value};
}

static bound between(double low, double high)
{
    return (bound){.low = low, .high = high};
}

/* What was computed, rounded outwards; false if it is no interval. */
static bool set(bound *d, double low, double high, double power, double rate, double order)
{
    *d = (bound){low - OUTWARDS * fabs(low), high + OUTWARDS * fabs(high), power, rate, order};
    return d->low <= d->high && d->low < INFINITY && d->high > -INFINITY &&
           fabs(power) <= MAX_POWER && isfinite(rate) && order <= MAX_POWER;
}

static double size_of(const bound *x)
{
    return fmax(fabs(x->low), fabs(x->high));
}

/* The largest t^power e^(-rate t^order) for t >= from, where rate >= 0. */
static double peak_of(double from, double power, double rate, double order)
{
    double at = from;
    if (power > 0) {
        if (!(rate > 0)) {
            return INFINITY;
        }
        at = fmax(at, pow(power / (rate * order), 1 / order));
    }
    double falls = rate > 0 ? exp(-rate * pow(at, order)) : 1;
    return pow(at, power) * falls * (1 + OUTWARDS);
}

/* x times something in (0, most], as an interval of its own. */
static bound shrunk(const bound *x, double most)
{
    return between(fmin(x->low * most, 0), fmax(x->high * most, 0));
}

/* x as v alone: no power, no exponential; it may be infinite, or nan, which `set` refuses. */
static bound flat(const state *s, const bound *x)
{
    if (x->power == 0 && x->rate == 0) {
        return *x;
    }
    return shrunk(x, peak_of(s->from, x->power, x->rate, x->order));
}

/* x, which falls no slower, as t^power e^(-rate t^order) times an interval; false if it does. */
static bool in_terms_of(const state *s, const bound *x, const bound *of, bound *out)
{
    *out = *x;
    if (x->power == of->power && x->rate == of->rate && x->order == of->order) {
        return true;
    }
    double power = x->power - of->power, rate = x->rate - of->rate, order = x->order;
    if (of->rate != 0 && x->rate != 0 && x->order != of->order) {
        /* The higher order wins, from where on it does. */
        if (!(x->rate > 0 && of->rate > 0 && x->order > of->order)) {
            return false;
        }
        rate = x->rate - of->rate * pow(s->from, of->order - x->order);
    } else if (of->rate != 0) {
        order = of->order;
    }
    if (rate < 0 || (rate == 0 && power > 0)) {
        return false;
    }
    *out = shrunk(x, peak_of(s->from, power, rate, order));
    out->power = of->power;
    out->rate = of->rate;
    out->order = of->order;
    return true;
}

static bool add(const state *s, bound *d, const bound *a, const bound *b, double sign)
{
    bound left, right;
    if (in_terms_of(s, b, a, &right)) {
        left = *a;
    } else if (in_terms_of(s, a, b, &left)) {
        right = *b;
    } else {
        return false;
    }
    double low = sign > 0 ? right.low : -right.high, high = sign > 0 ? right.high : -right.low;
    return set(d, left.low + low, left.high + high, left.power, left.rate, left.order);
}

static bool multiply(const state *s, bound *d, const bound *a, const bound *b)
{
    bound other;
    if (a->rate != 0 && b->rate != 0) {
        if ((a->rate > 0) != (b->rate > 0)) {
            return false; /* one falls, the other's size is not known */
        }
        if (a->order != b->order) {
            if (a->rate < 0) {
                return false;
            }
            if (a->order < b->order) {
                const bound *swap = a;
                a = b;
                b = swap;
            }
            other = shrunk(b, peak_of(s->from, 0, b->rate, b->order));
            other.power = b->power;
            b = &other;
        }
    }
    double p[4] = {a->low * b->low, a->low * b->high, a->high * b->low, a->high * b->high};
    double low = p[0], high = p[0];
    for (int i = 0; i < 4; i++) {
        if (isnan(p[i])) {
            return false;
        }
        low = fmin(low, p[i]);
        high = fmax(high, p[i]);
    }
    double order = a->rate != 0 ? a->order : b->order;
    return set(d, low, high, a->power + b->power, a->rate + b->rate, order);
}

static bool divide(const state *s, bound *d, const bound *a, const bound *b)
{
    if (!(b->low > 0 || b->high < 0) || b->rate > 0) {
        return false;
    }
    bound over = {1 / b->high, 1 / b->low, -b->power, -b->rate, b->order};
    return multiply(s, d, a, &over);
}

/* x ** q for a q that is the same everywhere. */
static bool power(bound *d, const bound *x, double q)
{
    double low = x->low, high = x->high;
    bool whole = q == floor(q), even = q == 2 * floor(0.5 * q);
    if (!(fabs(q) < MAX_POWER)) {
        return false;
    }
    if (q == 0) {
        *d = number(1);
        return true;
    }
    if (q < 0 && (!(low > 0 || (high < 0 && whole)) || x->rate > 0)) {
        return false;
    }
    if (low >= 0) {
        low = pow(q > 0 ? x->low : x->high, q);
        high = pow(q > 0 ? x->high : x->low, q);
    } else if (!whole) {
        return false;
    } else if (even) {
        double near = high < 0 ? -high : 0, far = size_of(x);
        low = pow(q > 0 ? near : far, q);
        high = pow(q > 0 ? far : near, q);
    } else {
        low = pow(q > 0 ? x->low : x->high, q);
        high = pow(q > 0 ? x->high : x->low, q);
    }
    return set(d, low, high, q * x->power, q * x->rate, x->order);
}

static bool exponential(const state *s, bound *d, const bound *x)
{
    if (x->rate < 0) {
        /* Of what grows exponentially: e^u >= e u, or from some u >= 1 on it is u times what it is
         * there. */
        double reach = pow(s->from, x->order), u = -x->rate * reach;
        double least = fmin(fabs(x->low), fabs(x->high)) * pow(s->from, x->power) *
                       (u >= 1 ? exp(fmin(u, 600)) / reach : 2.718281828 * -x->rate);
        if (x->power < 0) {
            return false;
        }
        return x->high < 0  ? set(d, 0, 1, 0, least, x->order)
               : x->low > 0 ? set(d, 1, INFINITY, 0, -least, x->order)
                            : false;
    }
    if (x->rate == 0 && x->power > 0) {
        return x->high < 0    ? set(d, 0, 1, 0, -x->high, x->power)
               : x->low > 0   ? set(d, 1, INFINITY, 0, -x->low, x->power)
               : x->high == 0 ? set(d, 0, 1, 0, 0, 0)
                              : false;
    }
    bound v = flat(s, x);
    return set(d, exp(v.low), exp(v.high), 0, 0, 0);
}

static bool logarithm(const state *s, bound *d, const bound *x, double scale)
{
    if (x->rate != 0 || !(x->low > 0)) {
        return false;
    }
    bound v = between(scale * log(x->low), scale * log(x->high)), t;
    if (x->power == 0) {
        return set(d, v.low, v.high, 0, 0, 0);
    }
    /* log(t) = sqrt(t) times what is greatest at e^2 */
    double at = fmax(s->from, 7.389056098930651), most = log(at) / sqrt(at);
    double first = s->from < 1 ? log(s->from) / sqrt(s->from) : 0;
    (void)set(&t, scale * fmin(first, 0), scale * most, 0.5, 0, 0);
    bound k = number(x->power);
    return multiply(s, &t, &t, &k) && add(s, d, &t, &v, 1);
}

/* 1: a > b for all t; -1: a < b; 0: neither is known; 2: equal numbers. */
static int compare(const state *s, const bound *a, const bound *b)
{
    bound gap;
    if (a->power == 0 && b->power == 0 && a->rate == 0 && b->rate == 0 && a->low == a->high &&
        b->low == b->high) {
        return a->low == b->low ? 2 : a->low > b->low ? 1 : -1;
    }
    return !add(s, &gap, a, b, -1) ? 0 : gap.low > 0 ? 1 : gap.high < 0 ? -1 : 0;
}

/* One instruction. */
static bool compute(state *s, const fc_instruction *ins)
{
    static const bound none;
    bound *r = s->r, out = none, v;
    const bound *a = ins->a != FC_NO_REGISTER ? &r[ins->a] : &none;
    const bound *b = ins->b != FC_NO_REGISTER ? &r[ins->b] : &none;
    const bound *c = ins->c != FC_NO_REGISTER ? &r[ins->c] : &none;
    const bound one = number(1);
    bool so = a->low != 0, other = b->low != 0, proved = false;
    int known, order;
    switch (ins->op) {
    case FC_OP_MOV_D:
    case FC_OP_MOV_I:
    case FC_OP_MOV_B:
    case FC_OP_I_B:
    case FC_OP_D_I:
        out = *a;
        proved = true;
        break;
    case FC_OP_SELECT_D:
    case FC_OP_SELECT_I:
    case FC_OP_SELECT_B:
        out = c->low != 0 ? *a : *b;
        proved = true;
        break;
    case FC_OP_ADD_D:
        proved = add(s, &out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = add(s, &out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = ins->a == ins->b ? power(&out, a, 2) : multiply(s, &out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = divide(s, &out, a, b);
        break;
    case FC_OP_FMA_D:
        proved = multiply(s, &v, a, b) && add(s, &out, &v, c, 1);
        break;
    case FC_OP_NEG_D:
        out = (bound){-a->high, -a->low, a->power, a->rate, a->order};
        proved = true;
        break;
    case FC_OP_ABS_D:
        out = *a;
        out.low = a->low > 0 ? a->low : a->high < 0 ? -a->high : 0;
        out.high = size_of(a);
        proved = true;
        break;
    case FC_OP_MIN_D:
    case FC_OP_MAX_D:
        order = compare(s, a, b);
        out = (order == 1) == (ins->op == FC_OP_MAX_D) ? *a : *b;
        proved = order == 1 || order == -1;
        break;
    case FC_OP_SQUARE_D:
        proved = power(&out, a, 2);
        break;
    case FC_OP_CUBE_D:
        proved = power(&out, a, 3);
        break;
    case FC_OP_SQRT_D:
        proved = power(&out, a, 0.5);
        break;
    case FC_OP_POW_D:
        if (b->low == b->high && b->power == 0 && b->rate == 0) {
            proved = power(&out, a, b->low);
        } else { /* exp(b log(a)) */
            proved = logarithm(s, &v, a, 1) && multiply(s, &v, b, &v) && exponential(s, &out, &v);
        }
        break;
    case FC_OP_EXP_D:
        proved = exponential(s, &out, a);
        break;
    case FC_OP_EXP2_D:
        v = number(0.6931471805599453);
        proved = multiply(s, &v, a, &v) && exponential(s, &out, &v);
        break;
    case FC_OP_EXPM1_D:
        proved = exponential(s, &v, a) && add(s, &out, &v, &one, -1);
        break;
    case FC_OP_LOG_D:
        proved = logarithm(s, &out, a, 1);
        break;
    case FC_OP_LOG2_D:
        proved = logarithm(s, &out, a, 1.4426950408889634);
        break;
    case FC_OP_LOG10_D:
        proved = logarithm(s, &out, a, 0.4342944819032518);
        break;
    case FC_OP_LOG1P_D:
        v = flat(s, a);
        if (a->rate > 0 && size_of(&v) < 0.5) { /* falls as its argument does */
            bound slope = between(0.5, 2);
            proved = multiply(s, &out, a, &slope);
        } else {
            proved = add(s, &v, a, &one, 1) && logarithm(s, &out, &v, 1);
        }
        break;
    case FC_OP_SIN_D:
    case FC_OP_COS_D:
        proved = set(&out, -1, 1, 0, 0, 0);
        break;
    case FC_OP_TANH_D:
    case FC_OP_ERF_D:
        proved = set(&out, a->low < 0 ? -1 : 0, a->high > 0 ? 1 : 0, 0, 0, 0);
        break;
    case FC_OP_ATAN_D:
        proved = set(&out, a->low < 0 ? -1.5707963267948966 : 0,
                     a->high > 0 ? 1.5707963267948966 : 0, 0, 0, 0);
        break;
    case FC_OP_ERFC_D: /* below exp(-x^2) for x > 0 */
        proved = a->rate == 0 && a->power > 0 && a->low > 0
                     ? set(&out, 0, 1, 0, a->low * a->low, 2 * a->power)
                     : set(&out, 0, a->low >= 0 ? 1 : 2, 0, 0, 0);
        break;
    case FC_OP_COSH_D:
    case FC_OP_SINH_D:
        if (a->rate == 0 && a->power > 0 && (a->low > 0 || a->high < 0)) {
            double rate = fmin(fabs(a->low), fabs(a->high));
            double least =
                ins->op == FC_OP_COSH_D ? 0.5 : -0.5 * expm1(-2 * rate * pow(s->from, a->power));
            proved = ins->op == FC_OP_COSH_D || a->low > 0
                         ? set(&out, least, INFINITY, 0, -rate, a->power)
                         : set(&out, -INFINITY, -least, 0, -rate, a->power);
        }
        break;
    default: /* jumps are proved by none: loops are for others */
        order = fc_disc_compares(ins->op) ? compare(s, a, b) : 0;
        known = fc_disc_truth(ins->op, order, so, other);
        out = number(known);
        proved = known >= 0;
        break;
    }
    if (proved) {
        r[ins->d] = out;
    }
    return proved;
}

/* All outputs together, as a bound of their norm. */
static bool finish(const state *s, const fc_program *p, fc_decay *out)
{
    bound total = {0};
    for (unsigned o = 0; o < p->n_outputs; o++) {
        bound y = s->r[p->outputs[o]], sum;
        y.high = size_of(&y);
        y.low = 0;
        if (p->regs[p->outputs[o]].type != FC_TYPE_D || !(y.high < INFINITY) || y.rate < 0) {
            return false;
        }
        if (o > 0) {
            if (!add(s, &sum, &total, &y, 1)) {
                return false;
            }
            y = sum;
        }
        total = y;
    }
    *out = (fc_decay){s->from, total.high, total.power, total.rate, total.order};
    return total.rate > 0;
}

bool fc_decay_of(const fc_program *p, double base, double sign, double from, const double *rest,
                 fc_decay *out)
{
    state s; /* filled as far as the program has registers */
    s.from = from;
    *out = (fc_decay){0};
    if (p->n_registers > MAX_REGISTERS || p->n_tables != 0 || p->jumps || !isfinite(base)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_registers; i++) {
        double value = 0;
        if (p->regs[i].kind == FC_KIND_CONSTANT && !fc_disc_constant(p, &p->regs[i], &value)) {
            s.r[i] = between(-INFINITY, INFINITY); /* whatever is made of it proves nothing */
        } else {
            s.r[i] = number(value);
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        bound t = {sign, sign, 1, 0, 0}, origin = number(i == 0 ? base : rest[i - 1]);
        if (p->regs[p->inputs[i]].type != FC_TYPE_D || !isfinite(origin.low)) {
            return false;
        }
        s.r[p->inputs[i]] = origin;
        if (i == 0 && !add(&s, &s.r[p->inputs[i]], &t, &origin, 1)) {
            return false;
        }
    }
    for (const fc_instruction *ins = p->instructions; ins->op != FC_OP_END; ins++) {
        if (ins->op == FC_OP_RAISE_IF) {
            if (s.r[ins->a].low != 0) {
                return false;
            }
        } else if (ins->d == FC_NO_REGISTER || !compute(&s, ins)) {
            return false;
        }
    }
    return finish(&s, p, out);
}

/* With z = rate t^order and s = (power + 1) / order, the integral of t^power e^(-rate t^order) is
 * Gamma(s, z) / (order rate^s), and Gamma(s, z) <= 2 z^(s-1) e^-z from z = 2 (s - 1) on. */
double fc_decay_beyond(const fc_decay *d, double t)
{
    double z = d->rate * pow(t, d->order), s = (d->power + 1) / d->order;
    if (!(d->rate > 0) || !(t >= d->from) || !(z >= 2 * (s - 1))) {
        return INFINITY;
    }
    return 2 * d->scale * pow(t, d->power + 1 - d->order) * exp(-z) / (d->order * d->rate);
}

double fc_decay_end(const fc_decay *d, double small)
{
    double t = d->from, s = (d->power + 1) / d->order;
    double least = pow(fmax(2 * (s - 1), 0) / d->rate, 1 / d->order);
    t = fmax(t, least);
    if (!(d->rate > 0) || !(small > 0)) {
        return INFINITY;
    }
    for (int i = 0; i < 4; i++) {
        double z =
            log(2 * d->scale / (d->order * d->rate * small)) + (d->power + 1 - d->order) * log(t);
        t = fmax(fmax(d->from, least), pow(fmax(z, 0) / d->rate, 1 / d->order));
    }
    for (int i = 0; i < 40 && !(fc_decay_beyond(d, t) <= small); i++) {
        t *= 1.02;
    }
    return fc_decay_beyond(d, t) <= small ? t : INFINITY;
}
