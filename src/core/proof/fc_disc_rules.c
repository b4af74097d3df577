/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The arithmetic of discs; contract in fc_disc_impl.h.
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
#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "fc_disc_impl.h"

#define LARGE 40 /* a radius r that expm1(r) is exp(r) for */
#define SLACK FC_DISC_SLACK
#define ROUNDING FC_DISC_ROUNDING
#define NEARLY FC_DISC_NEARLY
#define INV_LN2 1.4426950408889634

typedef fc_disc_value disc;

/* What g makes of `x`: its value at the centre, the bound of its change on the disc, and one of
 * |g'| at the real points that matter. */
static bool make(disc *d, const disc *x, double value, double change, double slope)
{
    double spread = slope * x->spread;
    double noise = slope * x->noise + 2 * ROUNDING * (fabs(value) + spread);
    return fc_disc_set(d, value, change, spread, noise, 0);
}

/* x as p^power times a disc. For a power above x's, 0 must not be in the disc of p. */
bool fc_disc_lower(const fc_disc_variable *s, disc *d, const disc *x, int power)
{
    *d = *x;
    while (d->power > power) {
        d->power--;
        disc same = *d;
        int kept = same.power;
        same.power = 0;
        if (!fc_disc_multiply(d, &same, &s->p)) {
            return false;
        }
        d->power = kept;
    }
    while (d->power < power && s->over_p.centre != 0) {
        disc same = *d;
        int kept = ++same.power;
        same.power = 0;
        if (!fc_disc_multiply(d, &same, &s->over_p)) {
            return false;
        }
        d->power = kept;
    }
    return d->power == power;
}

bool fc_disc_divide(disc *d, const disc *a, const disc *b)
{
    double ma = fabs(a->centre), mb = fabs(b->centre), least = fc_disc_least_of(b);
    if (!(least >= (1 - NEARLY) * mb) || mb == 0) {
        return false;
    }
    double change = (mb * a->radius + ma * b->radius) / mb / least,
           most = fc_disc_size_of(a) / least;
    double spread = (mb * a->spread + ma * b->spread) / mb / least;
    double noise = (a->noise + most * b->noise) / least + ROUNDING * most;
    const double near = a->least > 0 ? fc_disc_least_of(a) / (mb + b->radius) : 0;
    const bool proved =
        fc_disc_set(d, a->centre / b->centre, change, spread, noise, a->power - b->power);
    d->least = fc_disc_at_least(near);
    return proved;
}

bool fc_disc_square(disc *d, const disc *x)
{
    double m = fabs(x->centre), r = x->radius;
    const double near = fmax(fc_disc_least_of(x), 0), least = near * near;
    const int raised = 2 * x->power;
    bool proved = make(d, x, m * m, (2 * m + r) * r, 2 * fc_disc_size_of(x));
    d->power = raised;
    d->least = fc_disc_at_least(least);
    return proved && abs(d->power) < FC_DISC_MAX_POWER;
}

/* x ** q for a real q that is the same everywhere. */
bool fc_disc_power(disc *d, const disc *x, double q)
{
    double c = x->centre, m = fabs(c), r = x->radius, value = pow(c, q);
    bool whole = q == floor(q), proved;
    double raised = q * x->power;
    const double near = q > 0 ? fmax(fc_disc_least_of(x), 0) : 0;
    const double least = near == 0  ? 0
                         : q == 3   ? near * near * near
                         : q == 0.5 ? sqrt(near)
                                    : pow(near, q);
    if (!(fabs(q) < 1e6) || raised != floor(raised) || fabs(raised) >= FC_DISC_MAX_POWER) {
        return false;
    }
    if (q == 0) {
        proved = make(d, x, 1, 0, 0);
    } else if (whole && q >= 1) { /* the mean value's bounds */
        proved = make(d, x, value, r * q * pow(m + r, q - 1), q * pow(fc_disc_size_of(x), q - 1));
    } else if (!(r <= NEARLY * m) || m == 0 || (!whole && c < 0)) {
        return false;
    } else {
        double slope = fabs(q) * pow(q >= 1 ? m + r : m - r, q - 1);
        proved = make(d, x, value, r * slope, slope);
    }
    d->power = (int)raised;
    d->least = fc_disc_at_least(least);
    return proved;
}

/* exp(c + r), where exp(c) alone may vanish and exp(r) overflow. */
static double exp_of_sum(double c, double r)
{
    return exp(c + r) * (1 + 4 * DBL_EPSILON * (fabs(c) + r));
}

static bool exponential(disc *d, const disc *x, double scale)
{
    double c = scale * x->centre, value = exp(c), r = scale * x->radius;
    const double spread = scale * x->spread;
    const double slope = scale * (spread > LARGE ? exp_of_sum(c, spread) : value * exp(spread));
    bool proved = make(d, x, value, r > LARGE ? exp_of_sum(c, r) : value * expm1(r), slope);
    d->least = fc_disc_at_least(value * exp(-r));
    return proved;
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
    /* |cosh(x + iy)| and |sinh(x + iy)| are at least sinh(|x|) */
    const double near = fabs(x->centre) - x->radius;
    bool proved = cosine ? make(d, x, c, c * even + fabs(s) * odd, slope)
                         : make(d, x, s, fabs(s) * even + c * odd, slope);
    d->least = near > 0 ? fc_disc_at_least(sinh(near)) : 0;
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
    const double cosine = fabs(cos(x->centre)), value = tan(x->centre), r = x->radius;
    const double least = cosine - r;
    const bool proved = least > 0.01 && by_slope(d, x, value, 1 / (least * least));
    /* |sin(x + iy)| >= |sin(x)|, |cos(x + iy)| <= cosh(y), which is at most 1 + y^2 for y < 1 */
    const double near = cosine * (fabs(value) * (1 - 0.5 * r * r) - r);
    d->least = near > 0 ? fc_disc_at_least(near / (1 + r * r)) : 0;
    return proved;
}

/* tanh: |cosh(x + iy)|^2 = sinh(x)^2 + cos(y)^2. */
static bool hyperbolic_tangent(disc *d, const disc *x)
{
    double near = fabs(x->centre) - x->radius, r = x->radius;
    const double low = near > 0 ? sinh(near) : 0, turned = r < 1.5 ? cos(r) : 0;
    const double least = low * low + turned * turned;
    const bool proved = least > 1e-3 && by_slope(d, x, tanh(x->centre), 1 / least);
    d->least = low > 0 ? fc_disc_at_least(low / cosh(fabs(x->centre) + r)) : 0;
    return proved;
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

/* What log(gamma) changes by on the disc, at most. Its Taylor coefficients from the second on have
 * alternating signs: so those of the majorant add up to log(gamma(c - r)), but for the first, which
 * is digamma(c) < log(c) - 1/(2 c). */
static double log_gamma_change(double c, double r)
{
    int sign;
    const double first = log(c) - 0.5 / c;
    return (lgamma_r(c - r, &sign) - lgamma_r(c, &sign)) + 2 * r * (first > 0 ? first : 0) +
           4 * DBL_EPSILON * (fabs(lgamma_r(c, &sign)) + 1);
}

/* A bound of |digamma| on the real points that matter: log(x) - 1/x < digamma(x) < log(x). */
static double digamma_bound(const disc *x)
{
    const double low = x->centre - x->spread, high = x->centre + x->spread;
    return fmax(fabs(log(low)) + 1 / low, fabs(log(high)));
}

static bool is_right_of_0(const disc *x)
{
    return x->centre > 0 && x->radius <= NEARLY * x->centre;
}

/* exp(log(gamma)): never 0, so that it may divide. */
static bool gamma_function(disc *d, const disc *x)
{
    if (!is_right_of_0(x)) {
        return false;
    }
    const double c = x->centre, value = tgamma(c), change = log_gamma_change(c, x->radius);
    const double most = fmax(tgamma(c - x->spread), tgamma(c + x->spread)); /* it is convex */
    const bool proved = make(d, x, value, value * expm1(change), most * digamma_bound(x));
    d->least = fc_disc_at_least(value * exp(-change));
    return proved;
}

static bool log_gamma(disc *d, const disc *x)
{
    int sign;
    return is_right_of_0(x) && make(d, x, lgamma_r(x->centre, &sign),
                                    log_gamma_change(x->centre, x->radius), digamma_bound(x));
}

static bool cube_root(disc *d, const disc *x)
{
    disc turned = *x;
    turned.centre = fabs(x->centre);
    bool proved = fc_disc_power(d, &turned, 1.0 / 3);
    d->centre = cbrt(x->centre);
    return proved;
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

/* |g(x)/x| for |x| <= R is at least so much: x/g(x) is at most what its Taylor coefficients without
 * their signs make of R. */
static double least_quotient(unsigned op, double R)
{
    switch (op) {
    case FC_OP_SIN_D:
    case FC_OP_SINH_D:
        return R < 3 ? sin(R) / R : 0;
    case FC_OP_TAN_D:
    case FC_OP_TANH_D:
        return R < 3 ? 1 / (2 - R / tan(R)) : 0;
    case FC_OP_EXPM1_D:
        return R < 6 ? 1 / (2 + 0.5 * R * (1 - 1 / tan(0.5 * R))) : 0;
    default:
        return 0;
    }
}

/* g of `x` as p to its power, which is above 0, times a disc; false where it is not known so. */
bool fc_disc_by_quotient(const fc_disc_variable *s, disc *d, const disc *x, unsigned op)
{
    const zero_function *g = zero_functions, *end = g + sizeof zero_functions / sizeof *g;
    disc flat, quotient, factor = *x;
    if (op == FC_OP_TGAMMA_D) { /* gamma(1 + x) / x */
        disc one = {.centre = 1}, shifted;
        return fc_disc_lower(s, &flat, x, 0) && fc_disc_add(s, &shifted, &flat, &one, 1) &&
               gamma_function(&quotient, &shifted) && fc_disc_divide(d, &quotient, x);
    }
    while (g < end && g->op != op) {
        g++;
    }
    if (g == end || !fc_disc_lower(s, &flat, x, 0) ||
        !(fabs(flat.centre) + flat.radius <= g->most)) {
        return false;
    }
    double c = flat.centre, value = c == 0 ? g->limit : g->of(c) / c;
    factor.power = 0;
    bool proved = make(&quotient, &flat, value, flat.radius * g->slope, g->slope);
    quotient.least = fc_disc_at_least(least_quotient(op, fabs(c) + flat.radius));
    proved = proved && fc_disc_multiply(d, &quotient, &factor);
    d->power = x->power;
    return proved;
}

bool fc_disc_function(disc *d, const disc *x, unsigned op)
{
    switch (op) {
    case FC_OP_EXP_D:
        return exponential(d, x, 1);
    case FC_OP_EXP2_D:
        return exponential(d, x, 1 / INV_LN2);
    case FC_OP_EXPM1_D: {
        const double c = x->centre, value = expm1(c), r = x->radius;
        const double slope =
            x->spread > LARGE ? exp_of_sum(c, x->spread) : (value + 1) * exp(x->spread);
        return make(d, x, value, r > LARGE ? exp_of_sum(c, r) : (value + 1) * expm1(r), slope);
    }
    case FC_OP_LOG_D:
        return logarithm(d, x, 1);
    case FC_OP_LOG2_D:
        return logarithm(d, x, INV_LN2);
    case FC_OP_LOG10_D:
        return logarithm(d, x, 0.43429448190325183);
    case FC_OP_LOG1P_D: {
        const disc sum = {1 + x->centre, x->radius, x->spread, x->noise, 0, 0};
        const double value = log1p(x->centre);
        const bool proved = logarithm(d, &sum, 1);
        d->centre = value;
        return proved;
    }
    case FC_OP_SIN_D:
        return sine(d, x, false);
    case FC_OP_COS_D:
        return sine(d, x, true);
    case FC_OP_TAN_D:
        return tangent(d, x);
    case FC_OP_ASIN_D:
        return between_poles(d, x, asin(x->centre), 1 - fabs(x->centre), 1 + fabs(x->centre), true);
    case FC_OP_ACOS_D:
        return between_poles(d, x, acos(x->centre), 1 - fabs(x->centre), 1 + fabs(x->centre), true);
    case FC_OP_ATAN_D:
        return between_poles(d, x, atan(x->centre), hypot(1, x->centre), hypot(1, x->centre),
                             false);
    case FC_OP_SINH_D:
        return hyperbolic(d, x, false);
    case FC_OP_COSH_D:
        return hyperbolic(d, x, true);
    case FC_OP_TANH_D:
        return hyperbolic_tangent(d, x);
    case FC_OP_ASINH_D:
        return between_poles(d, x, asinh(x->centre), hypot(1, x->centre), hypot(1, x->centre),
                             true);
    case FC_OP_ACOSH_D:
        return between_poles(d, x, acosh(x->centre), x->centre - 1, x->centre + 1, true);
    case FC_OP_ATANH_D:
        return between_poles(d, x, atanh(x->centre), 1 - fabs(x->centre), 1 + fabs(x->centre),
                             false);
    case FC_OP_ERF_D:
        return error_function(d, x, false);
    case FC_OP_ERFC_D:
        return error_function(d, x, true);
    case FC_OP_CBRT_D:
        return cube_root(d, x);
    case FC_OP_TGAMMA_D:
        return gamma_function(d, x);
    case FC_OP_LGAMMA_D:
        return log_gamma(d, x);
    default:
        return false;
    }
}

/* ---- comparisons and logic ---- */

bool fc_disc_compares(unsigned op)
{
    switch (op) {
    case FC_OP_LT_D:
    case FC_OP_LT_I:
    case FC_OP_LT_DI:
    case FC_OP_LT_ID:
    case FC_OP_LE_D:
    case FC_OP_LE_I:
    case FC_OP_LE_DI:
    case FC_OP_LE_ID:
    case FC_OP_EQ_D:
    case FC_OP_EQ_I:
    case FC_OP_EQ_DI:
    case FC_OP_NE_D:
    case FC_OP_NE_I:
        return true;
    default:
        return false;
    }
}

int fc_disc_truth(unsigned op, int order, bool so, bool other)
{
    if (fc_disc_compares(op) && order == 0) {
        return -1;
    }
    switch (op) {
    case FC_OP_LT_D:
    case FC_OP_LT_I:
    case FC_OP_LT_DI:
    case FC_OP_LT_ID:
        return order == -1;
    case FC_OP_LE_D:
    case FC_OP_LE_I:
    case FC_OP_LE_DI:
    case FC_OP_LE_ID:
        return order != 1;
    case FC_OP_EQ_D:
    case FC_OP_EQ_I:
    case FC_OP_EQ_DI:
        return order == 2;
    case FC_OP_NE_D:
    case FC_OP_NE_I:
        return order != 2;
    case FC_OP_AND_B:
        return so && other;
    case FC_OP_OR_B:
        return so || other;
    case FC_OP_ANDN_B:
        return so && !other;
    case FC_OP_XOR_B:
        return so != other;
    case FC_OP_NOT_B:
        return !so;
    case FC_OP_ANY_B:
    case FC_OP_ALL_B: /* all lanes agree */
        return so;
    default:
        return -1;
    }
}
