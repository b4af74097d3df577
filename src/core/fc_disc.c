/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Discs that contain what a program computes; contract in fc_disc.h.
 *
 * For an analytic g and a disc (c, r), all rules below bound
 *
 *     change >= |g(c + w) - g(c)| for all complex |w| <= r
 *
 * mostly by the sum of |g's Taylor coefficients| r^k, which for exp, sin, sqrt, log and powers is a
 * closed form, or by r times a bound of |g'|. The real points that matter are nearer to the centre:
 * of these, `spread` bounds |g(x) - g(c)|, and a rounding error of the operand grows by at most
 * |g'| there. Radii are rounded upwards by a factor SLACK, which is far more than their own
 * rounding errors: no rule subtracts what nearly cancels. */
#include "fc_disc.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_code.h"
#include "fc_disc_forms.h"
#include "fc_disc_impl.h"

#define MAX_POWER 64 /* of p */
#define SLACK (1 + 1e-12)
#define ROUNDING FC_DISC_ROUNDING
#define NEARLY 0.99 /* a disc that reaches further towards a pole proves nothing */
#define INV_LN2 1.4426950408889634

/* A register: values p^power times those of a disc. One of type I or B is a number known exactly,
 * with radius 0. */
typedef struct disc {
    double centre, radius;
    double spread, noise; /* at real points, as above; of the disc's numbers */
    int power;
} disc;

/* All registers, and p itself; with a frame, what is affine of them. */
typedef struct state {
    disc p, over_p;
    disc r[FC_DISC_REGISTERS];
    fc_disc_frame *frame;
    fc_affine *forms;
    int order;    /* of the next instruction's operands, as compare() has it; 0: not known */
    double level; /* what it steps to, where order is not 0 */
} state;

static bool set(disc *d, double centre, double change, double spread, double noise, int power)
{
    noise += DBL_MIN;
    *d = (disc){centre, SLACK * change + noise, SLACK * spread, noise, power};
    return d->radius < INFINITY && abs(power) < MAX_POWER; /* neither inf nor nan */
}

/* What g makes of `x`: its value at the centre, the bound of its change on the disc, and one of
 * |g'| at the real points that matter. */
static bool make(disc *d, const disc *x, double value, double change, double slope)
{
    double spread = slope * x->spread;
    double noise = slope * x->noise + 2 * ROUNDING * (fabs(value) + spread);
    return set(d, value, change, spread, noise, 0);
}

static double size_of(const disc *x) /* at the real points that matter */
{
    return fabs(x->centre) + x->spread;
}

static bool multiply(disc *d, const disc *a, const disc *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre), sa = size_of(a), sb = size_of(b);
    double change = ma * b->radius + mb * a->radius + a->radius * b->radius;
    double spread = ma * b->spread + mb * a->spread + a->spread * b->spread;
    double noise = sa * b->noise + sb * a->noise + a->noise * b->noise + ROUNDING * sa * sb;
    return set(d, a->centre * b->centre, change, spread, noise, a->power + b->power);
}

/* x as p^power times a disc. For a power above x's, 0 must not be in the disc of p. */
static bool lower(const state *s, disc *d, const disc *x, int power)
{
    *d = *x;
    while (d->power > power) {
        d->power--;
        disc same = *d;
        int kept = same.power;
        same.power = 0;
        if (!multiply(d, &same, &s->p)) {
            return false;
        }
        d->power = kept;
    }
    while (d->power < power && s->over_p.centre != 0) {
        disc same = *d;
        int kept = ++same.power;
        same.power = 0;
        if (!multiply(d, &same, &s->over_p)) {
            return false;
        }
        d->power = kept;
    }
    return d->power == power;
}

static bool add(const state *s, disc *d, const disc *a, const disc *b, double sign)
{
    disc left, right;
    if (a->power != b->power) {
        int least = a->power < b->power ? a->power : b->power;
        if (!lower(s, &left, a, least) || !lower(s, &right, b, least)) {
            return false;
        }
        a = &left;
        b = &right;
    }
    double centre = a->centre + sign * b->centre, spread = a->spread + b->spread;
    double noise = a->noise + b->noise + ROUNDING * (fabs(centre) + spread);
    return set(d, centre, a->radius + b->radius, spread, noise, a->power);
}

static bool divide(disc *d, const disc *a, const disc *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre), least = mb - b->radius;
    if (!(b->radius <= NEARLY * mb) || mb == 0) {
        return false;
    }
    double change = (mb * a->radius + ma * b->radius) / mb / least, most = size_of(a) / least;
    double spread = (mb * a->spread + ma * b->spread) / mb / least;
    double noise = (a->noise + most * b->noise) / least + ROUNDING * most;
    return set(d, a->centre / b->centre, change, spread, noise, a->power - b->power);
}

static bool square(disc *d, const disc *x)
{
    double m = fabs(x->centre), r = x->radius;
    bool proved = make(d, x, m * m, (2 * m + r) * r, 2 * size_of(x));
    d->power = 2 * x->power;
    return proved && abs(d->power) < MAX_POWER;
}

/* x ** q for a real q that is the same everywhere. */
static bool power(disc *d, const disc *x, double q)
{
    double c = x->centre, m = fabs(c), r = x->radius, value = pow(c, q);
    bool whole = q == floor(q), proved;
    double raised = q * x->power;
    if (!(fabs(q) < 1e6) || raised != floor(raised) || fabs(raised) >= MAX_POWER) {
        return false;
    }
    if (q == 0) {
        proved = make(d, x, 1, 0, 0);
    } else if (whole && q >= 1) { /* the mean value's bounds */
        proved = make(d, x, value, r * q * pow(m + r, q - 1), q * pow(size_of(x), q - 1));
    } else if (!(r <= NEARLY * m) || m == 0 || (!whole && c < 0)) {
        return false;
    } else {
        double slope = fabs(q) * pow(q >= 1 ? m + r : m - r, q - 1);
        proved = make(d, x, value, r * slope, slope);
    }
    d->power = (int)raised;
    return proved;
}

static bool exponential(disc *d, const disc *x, double scale)
{
    double value = exp(scale * x->centre), r = scale * x->radius;
    return make(d, x, value, value * expm1(r), scale * value * exp(scale * x->spread));
}

static bool logarithm(disc *d, const disc *x, double scale)
{
    double c = x->centre, r = x->radius;
    if (!(r <= NEARLY * c) || c == 0) {
        return false;
    }
    return make(d, x, scale * log(c), scale * -log1p(-r / c), scale / (c - r));
}

/* cosh(r) - 1 and sinh(r). */
static void even_and_odd(double r, double *even, double *odd)
{
    double e = expm1(r), over = e / (e + 1);
    *odd = 0.5 * (e + over);
    *even = 0.5 * e * over;
}

static bool sine(disc *d, const disc *x, bool cosine)
{
    double s = sin(x->centre), c = cos(x->centre), even, odd;
    even_and_odd(x->radius, &even, &odd);
    bool proved = cosine ? make(d, x, c, fabs(c) * even + fabs(s) * odd, 1)
                         : make(d, x, s, fabs(s) * even + fabs(c) * odd, 1);
    d->spread = d->spread < 2 ? d->spread : 2;
    return proved;
}

static bool hyperbolic(disc *d, const disc *x, bool cosine)
{
    double s = sinh(x->centre), c = cosh(x->centre), even, odd;
    double slope = c * exp(x->spread);
    even_and_odd(x->radius, &even, &odd);
    return cosine ? make(d, x, c, c * even + fabs(s) * odd, slope)
                  : make(d, x, s, fabs(s) * even + c * odd, slope);
}

/* Where g(0) is 0, g of a power of p is that power times g(x)/x, which is analytic at 0. For the G
 * whose Taylor coefficients are those of g without their signs, |x| <= m gives
 * |(g(x)/x)'| <= (G(m)/m)'. */
typedef struct zero_function {
    unsigned op;
    double (*of)(double);
    double limit;       /* g(x)/x at 0 */
    double most, slope; /* a bound of its slope for |x| <= most */
} zero_function;

static const zero_function zero_functions[] = {
    {FC_OP_SIN_D, sin, 1, 2.5, 1.49},
    {FC_OP_SINH_D, sinh, 1, 2.5, 1.49},
    {FC_OP_TAN_D, tan, 1, 1.2, 4.57},
    {FC_OP_TANH_D, tanh, 1, 1.2, 4.57},
    {FC_OP_ASIN_D, asin, 1, 0.9, 1.17},
    {FC_OP_ASINH_D, asinh, 1, 0.9, 1.17},
    {FC_OP_ATAN_D, atan, 1, 0.9, 4.04},
    {FC_OP_ATANH_D, atanh, 1, 0.9, 4.04},
    {FC_OP_EXPM1_D, expm1, 1, 2.5, 3.09},
    {FC_OP_LOG1P_D, log1p, 1, 0.8, 3.74},
    {FC_OP_ERF_D, erf, 1.1283791670955126, 1.5, 5.11},
};

/* g of `x` as p to its power, which is above 0, times a disc; false where it is not known so. */
static bool by_quotient(const state *s, disc *d, const disc *x, unsigned op)
{
    const zero_function *g = zero_functions, *end = g + sizeof zero_functions / sizeof *g;
    disc flat, quotient, factor = *x;
    while (g < end && g->op != op) {
        g++;
    }
    if (g == end || !lower(s, &flat, x, 0) || !(fabs(flat.centre) + flat.radius <= g->most)) {
        return false;
    }
    double c = flat.centre, value = c == 0 ? g->limit : g->of(c) / c;
    factor.power = 0;
    bool proved = make(&quotient, &flat, value, flat.radius * g->slope, g->slope) &&
                  multiply(d, &quotient, &factor);
    d->power = x->power;
    return proved;
}

/* A function of which `slope` bounds |g'| on the disc. */
static bool by_slope(disc *d, const disc *x, double value, double slope)
{
    return slope >= 0 && make(d, x, value, x->radius * slope, slope);
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

/* The largest distance from the centre that a value has at a real point, as computed. */
static double reach(const disc *x)
{
    return x->spread + 2 * x->noise; /* at the point, and at the centre */
}

/* -1: a < b wherever it matters; 1: a > b; 0: neither. Equal numbers known exactly are 2. */
static int compare(const disc *a, const disc *b)
{
    double gap = a->centre - b->centre, room = reach(a) + reach(b);
    if (gap == 0 && room == 0) {
        return 2;
    }
    return gap < -room ? -1 : gap > room ? 1 : 0;
}

/* Floor and its kin: constant where it matters, or nothing is proved. */
static bool step(const state *s, disc *d, const disc *x, double (*round_to)(double))
{
    double room = reach(x), value = round_to(x->centre - room);
    *d = (disc){.centre = s->order != 0 ? s->level : value};
    return s->order != 0 || value == round_to(x->centre + room);
}

/* The float as an int, which it is. */
static bool whole(disc *d, const disc *x)
{
    *d = (disc){.centre = x->centre};
    return reach(x) == 0 && x->centre == trunc(x->centre) && fabs(x->centre) < 0x1p53;
}

static bool truth(disc *d, bool value)
{
    *d = (disc){.centre = value ? 1 : 0};
    return true;
}

/* Whether something is so, where it is known to be `yes` or known to be `no`. */
static bool decided(disc *d, bool yes, bool no)
{
    return (yes || no) && truth(d, yes);
}

/* Instructions that take operands with powers of p as they are. */
static bool knows_powers(unsigned op)
{
    switch (op) {
    case FC_OP_MOV_D:
    case FC_OP_SELECT_D:
    case FC_OP_ADD_D:
    case FC_OP_SUB_D:
    case FC_OP_MUL_D:
    case FC_OP_DIV_D:
    case FC_OP_FMA_D:
    case FC_OP_NEG_D:
    case FC_OP_ABS_D: /* p > 0 wherever it matters */
    case FC_OP_SQUARE_D:
    case FC_OP_CUBE_D:
    case FC_OP_SQRT_D:
    case FC_OP_POW_D:
        return true;
    default:
        return false;
    }
}

/* One instruction that computes d; false if nothing is proved. */
static bool compute(void *context, const fc_instruction *ins)
{
    static const disc none;
    state *s = context;
    disc out = none, *r = s->r, flat[2];
    const disc *a = ins->a != FC_NO_REGISTER ? &r[ins->a] : &none;
    const disc *b = ins->b != FC_NO_REGISTER ? &r[ins->b] : &none;
    const disc *c = ins->c != FC_NO_REGISTER ? &r[ins->c] : &none;
    bool proved = false;
    int order;
    if ((a->power | b->power) != 0 && !knows_powers(ins->op)) {
        if (a->power > 0 && by_quotient(s, &out, a, ins->op)) {
            r[ins->d] = out;
            return true;
        }
        if (!lower(s, &flat[0], a, 0) || !lower(s, &flat[1], b, 0)) {
            return false;
        }
        a = &flat[0];
        b = &flat[1];
    }
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
        proved = add(s, &out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = add(s, &out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = ins->a == ins->b ? square(&out, a) : multiply(&out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = divide(&out, a, b);
        break;
    case FC_OP_FMA_D: {
        disc product;
        proved = multiply(&product, a, b) && add(s, &out, &product, c, 1);
        break;
    }
    case FC_OP_NEG_D:
        out = (disc){-a->centre, a->radius, a->spread, a->noise, a->power};
        proved = true;
        break;
    case FC_OP_SQUARE_D:
        proved = square(&out, a);
        break;
    case FC_OP_CUBE_D:
        proved = power(&out, a, 3);
        break;
    case FC_OP_ABS_D:
        out = (disc){fabs(a->centre), a->radius, a->spread, a->noise, a->power};
        if (s->order != 0) {
            out.centre = s->order * a->centre;
            proved = s->order != 2;
        } else {
            proved = fabs(a->centre) >= reach(a);
        }
        break;
    case FC_OP_MIN_D:
        order = s->order != 0 ? s->order : compare(a, b);
        out = order == -1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_MAX_D:
        order = s->order != 0 ? s->order : compare(a, b);
        out = order == 1 ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_FLOOR_D:
        proved = step(s, &out, a, floor);
        break;
    case FC_OP_CEIL_D:
        proved = step(s, &out, a, ceil);
        break;
    case FC_OP_TRUNC_D:
        proved = step(s, &out, a, trunc);
        break;
    case FC_OP_RINT_D:
        proved = step(s, &out, a, rint);
        break;
    case FC_OP_I_D:
        proved = whole(&out, a);
        break;
    case FC_OP_SQRT_D:
        proved = power(&out, a, 0.5) || (lower(s, &flat[0], a, 0) && power(&out, &flat[0], 0.5));
        break;
    case FC_OP_POW_D:
        if (b->radius == 0 && b->power == 0) {
            proved = power(&out, a, b->centre) ||
                     (lower(s, &flat[0], a, 0) && power(&out, &flat[0], b->centre));
        } else if (lower(s, &flat[0], a, 0) && lower(s, &flat[1], b, 0)) { /* exp(b log(a)) */
            disc exponent;
            proved = logarithm(&exponent, &flat[0], 1) &&
                     multiply(&exponent, &flat[1], &exponent) && exponential(&out, &exponent, 1);
        }
        break;
    case FC_OP_EXP_D:
        proved = exponential(&out, a, 1);
        break;
    case FC_OP_EXP2_D:
        proved = exponential(&out, a, 1 / INV_LN2);
        break;
    case FC_OP_EXPM1_D: {
        double value = expm1(a->centre), slope = (value + 1) * exp(a->spread);
        proved = make(&out, a, value, (value + 1) * expm1(a->radius), slope);
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
        disc sum = {1 + a->centre, a->radius, a->spread, a->noise, 0};
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
        order = s->order != 0 ? s->order : compare(a, b);
        proved = decided(&out, order == -1, order == 1 || order == 2);
        break;
    case FC_OP_LE_D:
    case FC_OP_LE_I:
    case FC_OP_LE_DI:
    case FC_OP_LE_ID:
        order = s->order != 0 ? s->order : compare(a, b);
        proved = decided(&out, order == -1 || order == 2, order == 1);
        break;
    case FC_OP_EQ_D:
    case FC_OP_EQ_I:
    case FC_OP_EQ_DI:
        order = s->order != 0 ? s->order : compare(a, b);
        proved = decided(&out, order == 2, order == 1 || order == -1);
        break;
    case FC_OP_NE_D:
    case FC_OP_NE_I:
        order = s->order != 0 ? s->order : compare(a, b);
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

/* What is decided by the sign of a - b, or where a steps from one whole number to the next. */
static bool is_decision(unsigned op, double a, double *level)
{
    *level = 0;
    switch (op) {
    case FC_OP_FLOOR_D:
    case FC_OP_CEIL_D:
    case FC_OP_TRUNC_D:
        *level = rint(a);
        return true;
    case FC_OP_RINT_D:
        *level = floor(a) + 0.5;
        return true;
    case FC_OP_ABS_D:
    case FC_OP_MIN_D:
    case FC_OP_MAX_D:
    case FC_OP_LT_D:
    case FC_OP_LE_D:
    case FC_OP_LT_DI:
    case FC_OP_LE_DI:
    case FC_OP_LT_ID:
    case FC_OP_LE_ID:
        return true;
    default:
        return false;
    }
}

/* The centre of a register, without powers; nan if there is none. */
static double centre_of(const state *s, uint16_t index)
{
    disc flat;
    if (index == FC_NO_REGISTER) {
        return 0;
    }
    const disc *x = &s->r[index];
    return x->power == 0 ? x->centre : lower(s, &flat, x, 0) ? flat.centre : NAN;
}

/* What the decision `ins`, which could not be made, depends on. */
static void tell_doubt(const state *s, const fc_instruction *ins, uint32_t step, fc_doubt *doubt)
{
    double a = centre_of(s, ins->a);
    if (is_decision(ins->op, a, &doubt->level)) {
        doubt->step = step;
        doubt->gap = a - centre_of(s, ins->b) - doubt->level;
    }
}

bool fc_disc_constant(const fc_program *p, const fc_reg_info *reg, double *out)
{
    const char *at = p->constants + reg->offset;
    if (reg->type == FC_TYPE_D) {
        memcpy(out, at, sizeof *out);
    } else if (reg->type == FC_TYPE_I) {
        int64_t value;
        memcpy(&value, at, sizeof value);
        *out = (double)value;
        return value < (INT64_C(1) << 53) && value > -(INT64_C(1) << 53);
    } else if (reg->type == FC_TYPE_B) {
        *out = *at != 0 ? 1 : 0;
    } else {
        return false;
    }
    return isfinite(*out);
}

/* The variable p at the place. */
static disc variable_of(const fc_disc_place *at)
{
    return (disc){at->centre, at->radius, at->radius * at->inner,
                  ROUNDING * (fabs(at->centre) + at->radius), 0};
}

/* Input 0 at the place. */
static disc input_of(const fc_disc_place *at)
{
    double near = at->radius * at->inner, far = fabs(at->centre) + at->radius;
    if (at->inverse) { /* (base p + sign) / p */
        double m = fabs(at->base) * SLACK;
        return (disc){at->base * at->centre + at->sign, m * at->radius, m * near,
                      ROUNDING * (m * far + 1), -1};
    }
    if (at->base == 0 && at->centre <= at->radius && at->centre >= near) {
        return (disc){at->sign, 0, 0, 0, 1}; /* 0 is on the disc, where x may divide what is 0 */
    }
    return (disc){at->base + at->sign * at->centre, at->radius, near,
                  ROUNDING * (fabs(at->base) + far), 0};
}

/* Registers before the first instruction, but for the inputs. */
static bool begin(const fc_program *p, state *s)
{
    if (p->n_registers > FC_DISC_REGISTERS || p->n_tables != 0) {
        return false;
    }
    memset(s->r, 0, p->n_registers * sizeof *s->r);
    for (unsigned i = 0; i < p->n_registers; i++) {
        if (p->regs[i].kind == FC_KIND_CONSTANT &&
            !fc_disc_constant(p, &p->regs[i], &s->r[i].centre)) {
            s->r[i].centre = NAN; /* whatever is made of it proves nothing */
            s->r[i].radius = INFINITY;
        }
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        if (p->regs[p->inputs[i]].type != FC_TYPE_D) {
            return false;
        }
    }
    return true;
}

uint32_t fc_disc_follow(const fc_program *p, void *state, const fc_disc_walk *walk, uint32_t wanted,
                        const fc_instruction **stopped)
{
    uint32_t at = 0, steps = 1;
    *stopped = NULL;
    for (; steps <= FC_DISC_STEPS; steps++) {
        const fc_instruction *ins = &p->instructions[at++];
        if (steps == wanted || ins->op == FC_OP_END) {
            *stopped = ins;
            break;
        }
        switch (ins->op) {
        case FC_OP_JUMP:
            at = (uint32_t)ins->imm;
            break;
        case FC_OP_JUMP_IF:
        case FC_OP_JUMP_ANY:
            at = walk->is_true(state, ins->a) ? (uint32_t)ins->imm : at;
            break;
        case FC_OP_JUMP_UNLESS:
        case FC_OP_JUMP_NONE:
            at = walk->is_true(state, ins->a) ? at : (uint32_t)ins->imm;
            break;
        case FC_OP_RAISE_IF:
            if (walk->is_true(state, ins->a)) {
                return steps;
            }
            break;
        default:
            if (ins->d == FC_NO_REGISTER || !walk->compute(state, ins)) {
                *stopped = ins;
                return steps;
            }
        }
    }
    return steps;
}

static bool is_true(const void *context, uint16_t index)
{
    const state *s = context;
    return s->r[index].centre != 0;
}

fc_disc_range fc_disc_of_affine(const fc_disc_frame *frame, const fc_affine *f)
{
    double value[1 << FC_AFFINE_DIM], centre = 0, scale = 0;
    fc_disc_range d = {0};
    for (unsigned c = 0; c < frame->n_corners; c++) {
        const double *x = frame->corners + (size_t)c * frame->step;
        double terms = fabs(f->c[0]);
        value[c] = f->c[0];
        for (unsigned k = 0; k < frame->n; k++) {
            value[c] += f->c[1 + k] * x[k];
            terms += fabs(f->c[1 + k] * x[k]);
        }
        centre += value[c];
        scale = terms > scale ? terms : scale;
    }
    d.centre = centre / frame->n_corners;
    for (unsigned c = 0; c < frame->n_corners; c++) {
        const double away = fabs(value[c] - d.centre);
        d.spread = away > d.spread ? away : d.spread;
    }
    d.radius = d.spread;
    if (frame->axis < frame->n) {
        const unsigned bit = 1U << frame->axis;
        for (unsigned c = 0; c < frame->n_corners; c++) {
            const double here = value[c], there = value[c | bit];
            if ((c & bit) == 0) {
                const double far = fabs(0.5 * (here + there) - d.centre) +
                                   frame->stretch * 0.5 * fabs(there - here);
                d.radius = far > d.radius ? far : d.radius;
            }
        }
    }
    d.noise = 4 * ROUNDING * scale;
    d.spread = SLACK * d.spread + d.noise;
    d.radius = SLACK * d.radius + d.noise;
    return d;
}

/* compute(), and what is affine. */
static bool compute_with_forms(void *context, const fc_instruction *ins)
{
    state *s = context;
    const bool has_c = ins->c != FC_NO_REGISTER;
    const fc_form_operands in = {ins->a != FC_NO_REGISTER ? &s->forms[ins->a] : NULL,
                                 ins->b != FC_NO_REGISTER ? &s->forms[ins->b] : NULL,
                                 has_c ? &s->forms[ins->c] : NULL,
                                 has_c && s->r[ins->c].centre != 0};
    s->order = fc_form_decide(ins->op, &in, s->frame, &s->level);
    const fc_affine form = fc_form_of(ins->op, &in, s->frame->n, s->order);
    const bool proved = compute(s, ins);
    s->order = 0;
    disc *d = &s->r[ins->d];
    if (!proved) {
        return false;
    }
    s->frame->doubt.known = false; /* the discs knew better */
    s->forms[ins->d] = form;
    if (form.known) {
        const fc_disc_range exact = fc_disc_of_affine(s->frame, &form);
        d->radius = exact.radius + d->noise;
        d->spread = exact.spread;
    } else if (d->radius == 0) { /* an int, or a truth value */
        s->forms[ins->d] = (fc_affine){.known = true, .c = {d->centre}};
    }
    return true;
}

typedef enum outcome { NOT_PROVED, AT_END, GAP_FOUND } outcome;

/* Runs the program, to its end or to the step that *doubt wants. */
static outcome follow(const fc_program *p, state *s, fc_doubt *doubt)
{
    static const fc_disc_walk alone = {compute, is_true}, both = {compute_with_forms, is_true};
    const uint32_t wanted = doubt->step;
    const fc_instruction *ins;
    const uint32_t steps = fc_disc_follow(p, s, s->forms == NULL ? &alone : &both, wanted, &ins);
    if (ins == NULL) {
        return NOT_PROVED;
    }
    if (wanted != 0) {
        doubt->gap =
            steps == wanted ? centre_of(s, ins->a) - centre_of(s, ins->b) - doubt->level : NAN;
        return isfinite(doubt->gap) ? GAP_FOUND : NOT_PROVED;
    }
    if (ins->op == FC_OP_END) {
        return AT_END;
    }
    tell_doubt(s, ins, steps, doubt);
    return NOT_PROVED;
}

bool fc_disc_of(const fc_program *p, const fc_disc_place *place, const double *rest, fc_disc *out,
                fc_doubt *doubt)
{
    state s;
    s.forms = NULL;
    s.order = 0;
    if (place->series) {
        return fc_disc_of_series(p, place, rest, out, doubt);
    }
    s.p = variable_of(place);
    s.over_p = (disc){0};
    if (place->inverse && s.p.radius <= NEARLY * s.p.centre) {
        const disc one = {.centre = 1};
        if (!divide(&s.over_p, &one, &s.p)) {
            s.over_p = (disc){0};
        }
    }
    if (!begin(p, &s)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        s.r[p->inputs[i]] = i == 0 ? input_of(place) : (disc){.centre = rest[i - 1]};
    }
    const outcome how = follow(p, &s, doubt);
    if (how != AT_END) {
        return how == GAP_FOUND;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        disc y = s.r[p->outputs[o]];
        y.power -= place->inverse ? 2 : 0;
        if (!lower(&s, &y, &y, 0)) {
            return false;
        }
        double by_jacobian = place->inverse ? 2 * ROUNDING * size_of(&y) : 0;
        out[o] = (fc_disc){y.centre, y.radius, y.noise + by_jacobian, 0};
        if (p->regs[p->outputs[o]].type == FC_TYPE_F ||
            !(fabs(out[o].centre) + out[o].radius < INFINITY)) {
            return false;
        }
    }
    return true;
}

bool fc_disc_of_box(const fc_program *p, const fc_disc_range *inputs, fc_disc_frame *frame,
                    fc_disc_range *out)
{
    state s;
    fc_doubt doubt = {0};
    fc_affine forms[FC_DISC_REGISTERS];
    s.p = s.over_p = (disc){0}; /* no register is a power of it */
    s.forms = NULL;
    s.order = 0;
    if (!begin(p, &s)) {
        return false;
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        const fc_disc_range *x = &inputs[i];
        s.r[p->inputs[i]] = (disc){x->centre, x->radius, x->spread, x->noise, 0};
    }
    if (frame != NULL) {
        s.frame = frame;
        s.forms = forms;
        frame->doubt.known = false;
        frame->slit = 0;
        for (unsigned i = 0; i < p->n_registers; i++) {
            const bool number = p->regs[i].kind == FC_KIND_CONSTANT && isfinite(s.r[i].centre);
            forms[i] = (fc_affine){.known = number, .c = {s.r[i].centre}};
        }
        for (unsigned i = 0; i < p->n_inputs; i++) {
            forms[p->inputs[i]] = frame->inputs[i];
        }
    }
    if (follow(p, &s, &doubt) != AT_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        const disc *y = &s.r[p->outputs[o]];
        out[o] = (fc_disc_range){y->centre, y->radius, y->spread, y->noise};
        if (frame != NULL && frame->outputs != NULL) {
            frame->outputs[o] = forms[p->outputs[o]];
        }
        if (y->power != 0 || p->regs[p->outputs[o]].type == FC_TYPE_F ||
            !(fabs(y->centre) + y->radius < INFINITY)) {
            return false;
        }
    }
    return true;
}
