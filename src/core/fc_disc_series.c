/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Programs as series about p = 0; contract of fc_disc_of in fc_disc.h.
 *
 * A register is, for all p of the disc (which holds 0),
 *
 *     p^power (c0 + c1 p + ... + p^n R(p)),     R analytic, |R| <= rest,
 *
 * so that what cancels at p = 0 does so exactly, and can be divided: log(1 + x) / x is 1 + ...
 * there (Taylor models with a relative remainder: Makino and Berz, 1996; Joldes 2011). The function
 * as it is computed at real points may differ from this one by `noise` p^at. A first coefficient
 * that is within the noise is taken for 0, and becomes noise: the function bounded here is always
 * one that is analytic, and near the one computed. So exp(-1/p), which is not analytic at 0 but
 * next to nothing beside it, is 0 and noise. */
#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_code.h"
#include "fc_disc_impl.h"

#define ORDER 5      /* coefficients at most */
#define MAX_POWER 16 /* of p */
#define N_POWERS (MAX_POWER + 2 * ORDER + 2)
#define ROUNDING FC_DISC_ROUNDING
#define FLAT 4 /* what falls as exp(-1/p) does is p^FLAT times noise */

typedef struct series {
    int power, at;
    unsigned n;
    double c[ORDER];
    double rest, noise;
    double size; /* at real points that matter |x| <= size p^power; inf: take `majorant` for it */
} series;

typedef struct state {
    double centre, radius;   /* of the disc */
    double least, most;      /* real p that matter */
    double far[N_POWERS];    /* powers of the largest |p| of the disc */
    double powers[N_POWERS]; /* of `most` */
    double over[N_POWERS];   /* of 1 / `least` */
    bool wants_root;         /* the reason it failed: a root of an odd power of p */
    series r[FC_DISC_REGISTERS];
} state;

static series number(double value)
{
    return (series){.n = ORDER, .c = {value}, .size = fabs(value)};
}

/* The largest p^k of real p. */
static double reach(const state *s, int k)
{
    if (k >= 0) {
        return k < N_POWERS ? s->powers[k] : pow(s->most, k);
    }
    return -k < N_POWERS ? s->over[-k] : pow(s->least, k);
}

/* |x| <= majorant |p|^power on the disc. */
static double majorant(const state *s, const series *x)
{
    double sum = x->rest * s->far[x->n];
    for (unsigned k = 0; k < x->n; k++) {
        sum += fabs(x->c[k]) * s->far[k];
    }
    return sum;
}

/* The same at real points that matter. */
static double size_of(const state *s, const series *x)
{
    double sum = 0, far = 1;
    for (unsigned k = 0; k < x->n; k++, far *= s->most) {
        sum += fabs(x->c[k]) * far;
    }
    return fmin(sum + x->rest * far, x->size);
}

/* x <= upper_bound there, for power 0. */
static double upper_bound(const state *s, const series *x)
{
    double sum = 0, far = 1;
    for (unsigned k = 0; k < x->n; k++, far *= s->most) {
        sum += fmax(x->c[k], 0) * far;
    }
    return fmin(sum + x->rest * far, x->size);
}

static void add_noise(const state *s, series *x, double noise, int at)
{
    if (noise == 0) {
        return;
    }
    if (x->noise == 0) {
        x->noise = noise;
        x->at = at;
    } else if (at >= x->at) {
        x->noise += noise * reach(s, at - x->at);
    } else {
        x->noise = noise + x->noise * reach(s, x->at - at);
        x->at = at;
    }
}

/* What was computed, as a register: without leading zeros. `rounded`: of the last operation. */
static bool finish(const state *s, series *x, double rounded)
{
    for (;;) {
        double first = x->n > 0 ? fabs(x->c[0]) : 1;
        double as_noise =
            x->at <= x->power && x->noise > 0 ? first * reach(s, x->power - x->at) : 1;
        if (x->n == 0 || (first != 0 && !(as_noise <= 8 * x->noise))) {
            break;
        }
        x->noise += first != 0 ? as_noise : 0;
        x->n--;
        memmove(x->c, x->c + 1, x->n * sizeof *x->c);
        x->power++;
        x->size = INFINITY;
    }
    x->size = size_of(s, x);
    add_noise(s, x, rounded * x->size, x->power);
    return majorant(s, x) < INFINITY && x->noise < INFINITY && x->power >= -MAX_POWER &&
           x->power <= MAX_POWER;
}

/* ---- arithmetic, without noise ---- */

static series sum_of(const state *s, const series *a, const series *b, double sign)
{
    const series *both[2] = {a, b};
    series out = {.power = a->power < b->power ? a->power : b->power, .n = ORDER};
    for (int i = 0; i < 2; i++) {
        unsigned known = (unsigned)(both[i]->power - out.power) + both[i]->n;
        out.n = known < out.n ? known : out.n;
    }
    for (int i = 0; i < 2; i++) {
        const series *x = both[i];
        const double by = i == 0 ? 1 : sign;
        const unsigned shift = (unsigned)(x->power - out.power);
        for (unsigned k = 0; k < x->n; k++) {
            if (k + shift < out.n) {
                out.c[k + shift] += by * x->c[k];
            } else {
                out.rest += fabs(x->c[k]) * s->far[k + shift - out.n];
            }
        }
        out.rest += x->rest * s->far[shift + x->n - out.n];
    }
    out.size = INFINITY;
    return out;
}

static series product_of(const state *s, const series *a, const series *b)
{
    series out = {.power = a->power + b->power, .n = a->n < b->n ? a->n : b->n};
    for (unsigned i = 0; i <= a->n; i++) {
        const double x = i < a->n ? a->c[i] : a->rest;
        if (x == 0) {
            continue;
        }
        for (unsigned j = 0; j <= b->n; j++) {
            const double y = j < b->n ? b->c[j] : b->rest;
            if (i < a->n && j < b->n && i + j < out.n) {
                out.c[i + j] += x * y;
            } else {
                out.rest += fabs(x * y) * s->far[i + j - out.n];
            }
        }
    }
    out.size = INFINITY;
    return out;
}

/* A lower bound of |x| p^-power on the disc; 0 or less if there is none. */
static double least_of(const state *s, const series *x)
{
    double t[ORDER + 1] = {0}, left, radius = s->radius; /* coefficients about the disc's centre */
    for (unsigned i = 0; i < x->n; i++) {
        t[i] = x->c[i];
    }
    for (unsigned i = 0; i < x->n; i++) {
        for (unsigned k = x->n - 1; k-- > i;) {
            t[k] += s->centre * t[k + 1];
        }
    }
    left = fabs(t[0]) - x->rest * s->far[x->n];
    for (unsigned k = 1; k < x->n; k++, radius *= s->radius) {
        left -= fabs(t[k]) * radius;
    }
    return left * (1 - 1e-12);
}

/* ---- arithmetic ---- */

static bool add(const state *s, series *d, const series *a, const series *b, double sign)
{
    if (abs(a->power - b->power) + ORDER >= N_POWERS - ORDER) {
        return false;
    }
    series out = sum_of(s, a, b, sign);
    out.size = a->size * reach(s, a->power - out.power) + b->size * reach(s, b->power - out.power);
    add_noise(s, &out, a->noise, a->at);
    add_noise(s, &out, b->noise, b->at);
    *d = out;
    return finish(s, d, ROUNDING);
}

static bool multiply(const state *s, series *d, const series *a, const series *b)
{
    series out = product_of(s, a, b);
    out.size = a->size * b->size;
    add_noise(s, &out, a->noise * b->size, a->at + b->power);
    add_noise(s, &out, b->noise * a->size, b->at + a->power);
    if (a->noise > 0 && b->noise > 0) {
        add_noise(s, &out, a->noise * b->noise, a->at + b->at);
    }
    *d = out;
    return finish(s, d, ROUNDING);
}

static bool divide(const state *s, series *d, const series *a, const series *b)
{
    const double least = least_of(s, b);
    if (b->n == 0 || !(least > 0) || !(b->noise * reach(s, b->at - b->power) < 0.5 * least)) {
        return false;
    }
    series q = {.power = a->power - b->power, .n = a->n < b->n ? a->n : b->n};
    double left = 0; /* of a - q b, from p^n on */
    for (unsigned k = 0; k < q.n; k++) {
        double sum = a->c[k];
        for (unsigned j = 1; j <= k; j++) {
            sum -= b->c[j] * q.c[k - j];
        }
        q.c[k] = sum / b->c[0];
    }
    for (unsigned k = q.n; k <= a->n; k++) {
        left += (k < a->n ? fabs(a->c[k]) : a->rest) * s->far[k - q.n];
    }
    for (unsigned i = 0; i < q.n; i++) {
        for (unsigned j = q.n - i; j <= b->n; j++) {
            left += fabs(q.c[i]) * (j < b->n ? fabs(b->c[j]) : b->rest) * s->far[i + j - q.n];
        }
    }
    q.rest = left / least;
    q.size = INFINITY;
    q.size = size_of(s, &q);
    add_noise(s, &q, 2 * a->noise / least, a->at - b->power);
    add_noise(s, &q, 2 * b->noise * q.size / least, b->at - b->power + q.power);
    *d = q;
    return finish(s, d, ROUNDING);
}

/* ---- functions ---- */

/* What is known of g about c0: coefficients, and for |u| <= U a bound of what they leave out of
 * g(c0 + u), over |u|^n, and one of |g'| at real
 * points. */
typedef struct taylor {
    unsigned n;
    double g[ORDER], rest, slope;
    double size; /* of |g| at real points, if it is not 0 */
} taylor;

/* g(c0 + u), u having a power above 0. */
static series composed(const state *s, const series *u, const taylor *t)
{
    series out = {.rest = t->rest};
    for (unsigned k = t->n; k-- > 0;) {
        const series term = number(t->g[k]);
        out = product_of(s, &out, u);
        out = sum_of(s, &out, &term, 1);
    }
    return out;
}

/* x p^-power but for its first coefficient. */
static series beyond_first(const series *x)
{
    series u = *x;
    u.power = 1;
    u.size = INFINITY;
    u.n--;
    memmove(u.c, u.c + 1, u.n * sizeof *u.c);
    return u;
}

static double factorial(unsigned n)
{
    return n < 2 ? 1 : n * factorial(n - 1);
}

/* exp(scale u) times e, u being at most `upper` at real points. */
static taylor taylor_exp(double e, double scale, double U, double upper)
{
    taylor t = {.n = ORDER};
    double term = e;
    for (unsigned k = 0; k < ORDER; k++) {
        t.g[k] = term;
        term *= scale / (k + 1);
    }
    t.rest = term * exp(scale * U);
    t.size = e * exp(scale * upper);
    t.slope = scale * t.size;
    return t;
}

/* scale log(c0 + u); the first coefficient is left to the caller. */
static taylor taylor_log(double c0, double scale, double U)
{
    taylor t = {.n = ORDER};
    double term = scale;
    for (unsigned k = 1; k < ORDER; k++) {
        term /= c0;
        t.g[k] = (k % 2 == 1 ? term : -term) / k;
    }
    t.rest = U < 0.95 * c0 ? fabs(term) / c0 / ORDER / (1 - U / c0) : INFINITY;
    t.slope = scale / (c0 - U);
    return t;
}

/* Derivatives go round: g, g', sign g, sign g', g. */
static taylor taylor_wave(double g, double derivative, double sign, double size, double U)
{
    taylor t = {.n = ORDER};
    for (unsigned k = 0; k < ORDER; k++) {
        double value = k % 2 == 0 ? g : derivative;
        t.g[k] = (k / 2 % 2 == 0 ? value : sign * value) / factorial(k);
    }
    t.rest = size * exp(U) / factorial(ORDER);
    t.slope = sign < 0 ? 1 : size * exp(U);
    t.size = t.slope;
    return t;
}

/* (c0 + u)^q */
static taylor taylor_power(double c0, double q, double U)
{
    taylor t = {.n = ORDER};
    double term = pow(c0, q);
    for (unsigned k = 0; k < ORDER; k++) {
        t.g[k] = term;
        term *= (q - k) / ((k + 1) * c0);
    }
    double ratio = fmax((fabs(q) + ORDER) / (ORDER + 1), 1) * U / c0;
    t.rest = U < 0.95 * c0 && ratio < 0.95 ? fabs(term) / (1 - ratio) : INFINITY;
    t.slope = fabs(q) * pow(q >= 1 ? c0 + U : c0 - U, q - 1);
    return t;
}

/* atan' = Im 1 / (z - i) */
static taylor taylor_atan(double c0, double U)
{
    taylor t = {.n = ORDER, .g = {atan(c0)}, .slope = 1};
    double rho = hypot(1, c0), phi = atan2(1, c0), over = 1;
    for (unsigned k = 1; k < ORDER; k++) {
        over /= rho;
        t.g[k] = (k % 2 == 1 ? over : -over) * sin(k * phi) / k;
    }
    t.rest = U < 0.95 * rho ? over / rho / ORDER / (1 - U / rho) : INFINITY;
    return t;
}

/* An odd function about 0 whose coefficients from the fifth on are at most `fifth`. */
static taylor taylor_odd(double first, double third, double fifth, double slope, double U)
{
    taylor t = {.n = ORDER, .g = {0, first, 0, third, 0}, .slope = slope};
    t.rest = U < 0.95 ? fifth / (1 - U * U) : INFINITY;
    return t;
}

/* x ** q. A root of p asks for another variable. */
static bool power_of(state *s, series *d, const series *x, double q)
{
    const double raised = q * x->power;
    if (q >= 1 && q <= 3 && q == floor(q)) {
        series y = *x;
        bool proved = true;
        for (int k = 1; k < (int)q && proved; k++) {
            proved = multiply(s, &y, &y, x);
        }
        *d = y;
        return proved;
    }
    if (x->n == 0 || !(fabs(raised) <= MAX_POWER) || !(fabs(q) < 1e3)) {
        return false;
    }
    if (raised != floor(raised)) {
        s->wants_root |= 2 * raised == floor(2 * raised);
        return false;
    }
    const bool turned = x->c[0] < 0;
    if (turned && q != floor(q)) {
        return false;
    }
    series y = *x;
    for (unsigned k = 0; turned && k < y.n; k++) {
        y.c[k] = -y.c[k];
    }
    const series u = beyond_first(&y);
    const taylor t = taylor_power(y.c[0], q, majorant(s, &u) * s->far[1]);
    series out = composed(s, &u, &t);
    out.power += (int)raised;
    add_noise(s, &out, t.slope * x->noise, x->at - x->power + (int)raised);
    for (unsigned k = 0; turned && q != 2 * floor(0.5 * q) && k < out.n; k++) {
        out.c[k] = -out.c[k];
    }
    *d = out;
    return t.slope < INFINITY && finish(s, d, 2 * ROUNDING);
}

/* A lower bound of |x| p^-power at real points that matter. */
static double least_real(const state *s, const series *x)
{
    double left = x->n > 0 ? 2 * fabs(x->c[0]) : 0, far = 1;
    for (unsigned k = 0; k < x->n; k++, far *= s->most) {
        left -= fabs(x->c[k]) * far;
    }
    left -= x->rest * far + x->noise * reach(s, x->at - x->power);
    return left * (1 - 1e-12);
}

static bool function(state *s, series *d, const series *x, unsigned op);

/* Where x, which has a power below 0, makes g constant but for next to nothing. */
static bool at_infinity(state *s, series *d, const series *x, unsigned op)
{
    static const series one = {.n = ORDER, .c = {1}, .size = 1};
    const double size = least_real(s, x), least = size * pow(s->most, x->power); /* of |x| */
    const int k = -x->power;
    series over;
    if (!(size > 0)) {
        return false;
    }
    const double sign = x->c[0] > 0 ? 1 : -1;
    double value, slope; /* at real points g is within exp(-slope |x|) of it */
    switch (op) {
    case FC_OP_ATAN_D: /* atan(x) + atan(1/x) = +-pi/2 */
        *d = number(sign * 1.5707963267948966);
        return divide(s, &over, &one, x) && function(s, &over, &over, op) &&
               add(s, d, d, &over, -1);
    case FC_OP_EXP_D:
    case FC_OP_EXP2_D:
        value = 0;
        slope = op == FC_OP_EXP_D ? 1 : 0.69;
        break;
    case FC_OP_EXPM1_D:
        value = -1;
        slope = 1;
        break;
    case FC_OP_TANH_D:
    case FC_OP_ERF_D: /* 1 - erf(x) < exp(-x), for x > 1.5 */
        value = sign;
        slope = 1;
        break;
    case FC_OP_ERFC_D:
        value = sign > 0 ? 0 : 2;
        slope = 1;
        break;
    default:
        return false;
    }
    const bool falls = op == FC_OP_TANH_D || op == FC_OP_ERF_D || op == FC_OP_ERFC_D || sign < 0;
    /* exp(-a / p^k) p^-FLAT grows as long as p^k < a k / FLAT. */
    if (!falls || !(least > 2) || !(slope * least * k >= FLAT)) {
        return false;
    }
    *d = number(value);
    add_noise(s, d, 2 * exp(-slope * least) * pow(s->most, -FLAT), FLAT);
    return finish(s, d, ROUNDING);
}

/* asin(sqrt(w)), w = x / 2, or its hyperbolic brother: acos(1 - x) and acosh(1 + x) are twice that.
 */
static bool half_arc(state *s, series *d, const series *x, unsigned op)
{
    series w = *x;
    for (unsigned k = 0; k < w.n; k++) {
        w.c[k] *= 0.5;
    }
    w.rest *= 0.5;
    w.noise *= 0.5;
    w.size *= 0.5;
    return power_of(s, &w, &w, 0.5) && function(s, d, &w, op);
}

/* asin, acos, acosh where the argument is +-1 at p = 0. */
static bool arc_at_one(state *s, series *d, const series *x, unsigned op)
{
    const double side = x->c[0], half_pi = 1.5707963267948966;
    const series one = number(1), quarter = number(half_pi), whole = number(2 * half_pi);
    series w, arc;
    if (op == FC_OP_ACOSH_D) {
        return side > 0 && add(s, &w, x, &one, -1) && half_arc(s, &arc, &w, FC_OP_ASINH_D) &&
               add(s, d, &arc, &arc, 1);
    }
    /* 1 - |x|, then acos(|x|) */
    const bool proved = side > 0 ? add(s, &w, &one, x, -1) : add(s, &w, x, &one, 1);
    if (!proved || !half_arc(s, &arc, &w, FC_OP_ASIN_D) || !add(s, &arc, &arc, &arc, 1)) {
        return false;
    }
    if (op == FC_OP_ACOS_D) { /* acos(-x) = pi - acos(x) */
        *d = arc;
        return side > 0 || add(s, d, &whole, &arc, -1);
    }
    return side > 0 ? add(s, d, &quarter, &arc, -1) : add(s, d, &arc, &quarter, -1);
}

static bool function(state *s, series *d, const series *x, unsigned op)
{
    if (x->power < 0) {
        return at_infinity(s, d, x, op);
    }
    if (x->power == 0 && x->n == 0) {
        return false;
    }
    const double c0 = x->power == 0 ? x->c[0] : 0;
    const series u = x->power == 0 ? beyond_first(x) : *x;
    const double U = majorant(s, &u) * s->far[u.power], over_root = 1 / sqrt(1 - U * U);
    const double ln2 = 0.6931471805599453, upper = upper_bound(s, &u) * reach(s, u.power);
    taylor t;
    series other;
    switch (op) {
    case FC_OP_EXP_D:
        t = taylor_exp(exp(c0), 1, U, upper);
        break;
    case FC_OP_EXP2_D:
        t = taylor_exp(exp2(c0), ln2, U, upper);
        break;
    case FC_OP_EXPM1_D:
        t = taylor_exp(exp(c0), 1, U, upper);
        t.g[0] = expm1(c0);
        t.size = 0;
        break;
    case FC_OP_LOG_D:
        t = taylor_log(c0, 1, U);
        t.g[0] = log(c0);
        break;
    case FC_OP_LOG2_D:
        t = taylor_log(c0, 1 / ln2, U);
        t.g[0] = log2(c0);
        break;
    case FC_OP_LOG10_D:
        t = taylor_log(c0, 0.4342944819032518, U);
        t.g[0] = log10(c0);
        break;
    case FC_OP_LOG1P_D:
        t = taylor_log(1 + c0, 1, U);
        t.g[0] = log1p(c0);
        break;
    case FC_OP_SIN_D:
        t = taylor_wave(sin(c0), cos(c0), -1, 1, U);
        break;
    case FC_OP_COS_D:
        t = taylor_wave(cos(c0), -sin(c0), -1, 1, U);
        break;
    case FC_OP_SINH_D:
        t = taylor_wave(sinh(c0), cosh(c0), 1, exp(fabs(c0)), U);
        break;
    case FC_OP_COSH_D:
        t = taylor_wave(cosh(c0), sinh(c0), 1, exp(fabs(c0)), U);
        break;
    case FC_OP_TAN_D:
        return function(s, &other, x, FC_OP_COS_D) && function(s, d, x, FC_OP_SIN_D) &&
               divide(s, d, d, &other);
    case FC_OP_TANH_D:
        return function(s, &other, x, FC_OP_COSH_D) && function(s, d, x, FC_OP_SINH_D) &&
               divide(s, d, d, &other);
    case FC_OP_ATAN_D:
        t = taylor_atan(c0, U);
        break;
    case FC_OP_ASIN_D:
    case FC_OP_ACOS_D:
    case FC_OP_ACOSH_D:
        if (fabs(fabs(c0) - 1) <= 4 * DBL_EPSILON && x->power == 0) {
            return arc_at_one(s, d, x, op);
        }
        t = taylor_odd(1, 1.0 / 6, 0.2, over_root, U);
        if (op == FC_OP_ACOS_D) {
            t.g[0] = 1.5707963267948966;
            t.g[1] = -1;
            t.g[3] = -1.0 / 6;
        }
        t.rest = op == FC_OP_ACOSH_D || c0 != 0 ? INFINITY : t.rest;
        break;
    case FC_OP_ASINH_D:
        t = taylor_odd(1, -1.0 / 6, 0.2, 1, U);
        t.rest = c0 != 0 ? INFINITY : t.rest;
        break;
    case FC_OP_ATANH_D:
        t = taylor_odd(1, 1.0 / 3, 0.2, over_root * over_root, U);
        t.rest = c0 != 0 ? INFINITY : t.rest;
        break;
    case FC_OP_ERF_D:
    case FC_OP_ERFC_D: {
        const double f = op == FC_OP_ERF_D ? 1.1283791670955126 : -1.1283791670955126;
        t = (taylor){.n = ORDER, .g = {op == FC_OP_ERF_D ? 0 : 1, f, 0, -f / 3, 0}};
        t.rest = c0 != 0 ? INFINITY : 0.11284 * exp(U * U);
        t.slope = fabs(f);
        break;
    }
    default:
        return false;
    }
    if (!(t.rest < INFINITY) || !(t.slope < INFINITY)) {
        return false;
    }
    *d = composed(s, &u, &t);
    d->size = t.size > 0 ? t.size : INFINITY;
    add_noise(s, d, fabs(t.slope) * x->noise, x->at);
    if (!finish(s, d, 0)) {
        return false;
    }
    if (t.g[0] == 0 && d->power <= u.power) { /* |g(u)| <= slope |u| */
        d->size = fmin(d->size, fabs(t.slope) * size_of(s, &u) * reach(s, u.power - d->power));
    }
    add_noise(s, d, 2 * ROUNDING * d->size, d->power);
    return true;
}

/* ---- programs ---- */

static bool is_known(const series *x) /* a number known exactly */
{
    bool known = x->rest == 0 && x->noise == 0;
    for (unsigned k = 0; k < x->n; k++) {
        known &= x->c[k] == 0 || k + (unsigned)x->power == 0;
    }
    return known && x->power >= 0;
}

/* -1: a < b at all real points that matter; 1: a > b; 0: neither. Equal numbers are 2. */
static int compare(const state *s, const series *a, const series *b)
{
    series gap;
    if (is_known(a) && is_known(b)) {
        const double left = a->power == 0 && a->n > 0 ? a->c[0] : 0;
        const double right = b->power == 0 && b->n > 0 ? b->c[0] : 0;
        return left == right ? 2 : left < right ? -1 : 1;
    }
    return !add(s, &gap, a, b, -1) || !(least_real(s, &gap) > 0) ? 0 : gap.c[0] > 0 ? 1 : -1;
}

static bool truth(series *d, bool yes, bool no)
{
    *d = number(yes ? 1 : 0);
    return yes || no;
}

static void negate(series *x)
{
    for (unsigned k = 0; k < x->n; k++) {
        x->c[k] = -x->c[k];
    }
}

static bool compute(void *context, const fc_instruction *ins)
{
    static const series none = {.n = ORDER};
    state *s = context;
    const series *a = ins->a != FC_NO_REGISTER ? &s->r[ins->a] : &none;
    const series *b = ins->b != FC_NO_REGISTER ? &s->r[ins->b] : &none;
    const series *c = ins->c != FC_NO_REGISTER ? &s->r[ins->c] : &none;
    const bool so = a->c[0] != 0, other = b->c[0] != 0;
    series out = none, v;
    bool proved = true;
    int order;
    switch (ins->op) {
    case FC_OP_MOV_D:
    case FC_OP_MOV_I:
    case FC_OP_MOV_B:
    case FC_OP_I_B:
    case FC_OP_D_I:
        out = *a;
        break;
    case FC_OP_SELECT_D:
    case FC_OP_SELECT_I:
    case FC_OP_SELECT_B:
        out = c->c[0] != 0 ? *a : *b;
        break;
    case FC_OP_ADD_D:
        proved = add(s, &out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = add(s, &out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = multiply(s, &out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = divide(s, &out, a, b);
        break;
    case FC_OP_FMA_D:
        proved = multiply(s, &v, a, b) && add(s, &out, &v, c, 1);
        break;
    case FC_OP_NEG_D:
        out = *a;
        negate(&out);
        break;
    case FC_OP_ABS_D:
        out = *a;
        proved = least_real(s, a) > 0;
        if (proved && out.c[0] < 0) {
            negate(&out);
        }
        break;
    case FC_OP_MIN_D:
    case FC_OP_MAX_D:
        order = compare(s, a, b);
        out = (order == 1) == (ins->op == FC_OP_MAX_D) ? *a : *b;
        proved = order != 0;
        break;
    case FC_OP_SQUARE_D:
        proved = multiply(s, &out, a, a);
        break;
    case FC_OP_CUBE_D:
        proved = power_of(s, &out, a, 3);
        break;
    case FC_OP_SQRT_D:
        proved = power_of(s, &out, a, 0.5);
        break;
    case FC_OP_HYPOT_D:
        proved = multiply(s, &out, a, a) && multiply(s, &v, b, b) && add(s, &v, &out, &v, 1) &&
                 power_of(s, &out, &v, 0.5);
        break;
    case FC_OP_POW_D:
        if (is_known(b)) {
            proved = power_of(s, &out, a, b->power == 0 && b->n > 0 ? b->c[0] : 0);
        } else { /* exp(b log(a)) */
            proved = function(s, &v, a, FC_OP_LOG_D) && multiply(s, &v, b, &v) &&
                     function(s, &out, &v, FC_OP_EXP_D);
        }
        break;
    case FC_OP_LT_D:
    case FC_OP_LT_I:
    case FC_OP_LT_DI:
    case FC_OP_LT_ID:
        order = compare(s, a, b);
        proved = truth(&out, order == -1, order > 0);
        break;
    case FC_OP_LE_D:
    case FC_OP_LE_I:
    case FC_OP_LE_DI:
    case FC_OP_LE_ID:
        order = compare(s, a, b);
        proved = truth(&out, order == -1 || order == 2, order == 1);
        break;
    case FC_OP_EQ_D:
    case FC_OP_EQ_I:
    case FC_OP_EQ_DI:
        order = compare(s, a, b);
        proved = truth(&out, order == 2, order == 1 || order == -1);
        break;
    case FC_OP_NE_D:
    case FC_OP_NE_I:
        order = compare(s, a, b);
        proved = truth(&out, order == 1 || order == -1, order == 2);
        break;
    case FC_OP_AND_B:
        proved = truth(&out, so && other, true);
        break;
    case FC_OP_OR_B:
        proved = truth(&out, so || other, true);
        break;
    case FC_OP_ANDN_B:
        proved = truth(&out, so && !other, true);
        break;
    case FC_OP_XOR_B:
        proved = truth(&out, so != other, true);
        break;
    case FC_OP_NOT_B:
        proved = truth(&out, !so, true);
        break;
    case FC_OP_ANY_B:
    case FC_OP_ALL_B: /* all lanes agree */
        proved = truth(&out, so, true);
        break;
    default:
        proved = function(s, &out, a, ins->op);
        break;
    }
    if (proved) {
        s->r[ins->d] = out;
    }
    return proved;
}

static bool is_true(const void *context, uint16_t index)
{
    const state *s = context;
    return s->r[index].c[0] != 0;
}

/* Input 0 at the place: base + sign q, with q = p, p^2, 1/p or 1/p^2. */
static bool input_of(const state *s, const fc_disc_place *at, series *d)
{
    series base = number(at->base), q = number(at->sign);
    q.power = (at->square ? 2 : 1) * (at->inverse ? -1 : 1);
    add_noise(s, &base, ROUNDING * fabs(at->base), 0);
    add_noise(s, &q, ROUNDING, q.power);
    return at->base == 0 ? (*d = q, true) : add(s, d, &base, &q, 1);
}

/* The disc of y, which is p^power times a series. */
static bool output_of(const state *s, const series *y, fc_disc *out)
{
    if (y->power < 0 || (unsigned)y->power + y->n >= N_POWERS) {
        return false;
    }
    double first = 1, centre = 0, radius = 0;
    for (int k = 0; k < y->power; k++) {
        first *= s->centre;
    }
    for (unsigned k = 0; k < y->n; k++, first *= s->centre) {
        centre += y->c[k] * first;
        radius += fabs(y->c[k]) * (s->far[(unsigned)y->power + k] - first);
    }
    radius += 2 * y->rest * s->far[(unsigned)y->power + y->n];
    *out = (fc_disc){centre, radius * (1 + 1e-12), y->noise, y->at};
    return fabs(centre) + out->radius < INFINITY;
}

bool fc_disc_of_series(const fc_program *p, const fc_disc_place *place, const double *rest,
                       fc_disc *out, fc_doubt *doubt)
{
    static const fc_disc_walk walk = {compute, is_true};
    const fc_instruction *stopped;
    state s;
    s.wants_root = false;
    s.centre = place->centre;
    s.radius = place->radius;
    s.least = place->least;
    s.most = place->centre + place->inner * place->radius;
    if (p->n_registers > FC_DISC_REGISTERS || p->n_tables != 0 || !(s.least > 0)) {
        return false;
    }
    s.far[0] = s.powers[0] = s.over[0] = 1;
    const double far = (fabs(s.centre) + s.radius) * (1 + 1e-12), over = 1 / s.least;
    for (int k = 1; k < N_POWERS; k++) {
        s.far[k] = s.far[k - 1] * far;
        s.powers[k] = s.powers[k - 1] * s.most;
        s.over[k] = s.over[k - 1] * over;
    }
    for (unsigned i = 0; i < p->n_registers; i++) {
        double value = 0;
        if (p->regs[i].kind == FC_KIND_CONSTANT && !fc_disc_constant(p, &p->regs[i], &value)) {
            return false;
        }
        s.r[i] = number(value);
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        series *input = &s.r[p->inputs[i]];
        *input = number(i > 0 ? rest[i - 1] : 0);
        if (p->regs[p->inputs[i]].type != FC_TYPE_D || (i == 0 && !input_of(&s, place, input))) {
            return false;
        }
    }
    (void)fc_disc_follow(p, &s, &walk, 0, &stopped);
    doubt->root = s.wants_root;
    if (stopped == NULL || stopped->op != FC_OP_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        series y = s.r[p->outputs[o]];
        if (p->regs[p->outputs[o]].type != FC_TYPE_D) {
            return false;
        }
        /* Times |dx/dp|. */
        const series jacobian = number(place->square ? 2 : 1);
        if (!multiply(&s, &y, &y, &jacobian)) {
            return false;
        }
        const int by = place->inverse ? (place->square ? -3 : -2) : place->square ? 1 : 0;
        y.power += by;
        y.at += by;
        if (!output_of(&s, &y, &out[o])) {
            return false;
        }
    }
    return true;
}
