/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Series about p = 0; contract in fc_disc_taylor.h. Taylor models with a relative remainder: Makino
 * and Berz 1996; Joldes 2011. */
#include "fc_disc_taylor.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_minmax.h"

#define ORDER FC_SERIES_ORDER
#define FEW 5 /* coefficients of functions of which no more are written down */
#define ROUNDING FC_DISC_ROUNDING
#define FLAT 4 /* what falls as exp(-1/p) does is p^FLAT times noise */

typedef fc_series series;
typedef fc_series_state state;

/* Without the first coefficient, whose place the next one takes. */
static inline void drop_first(series *x)
{
    x->n--;
    for (unsigned k = 0; k + 1 < ORDER; k++) {
        x->c[k] = x->c[k + 1];
    }
}

/* The largest p^k of real p. */
static double reach(const state *s, int k)
{
    if (k >= 0) {
        return k < s->n_powers ? s->powers[k] : pow(s->most, k);
    }
    return -k < s->n_powers ? s->over[-k] : pow(s->least, k);
}

/* |x| <= majorant |p|^power on the disc. */
double fc_series_majorant(const state *s, const series *x)
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
    return fc_smaller(sum + x->rest * far, x->size);
}

/* x <= upper_bound there, for power 0. */
static double upper_bound(const state *s, const series *x)
{
    double sum = 0, far = 1;
    for (unsigned k = 0; k < x->n; k++, far *= s->most) {
        sum += fc_larger(x->c[k], 0) * far;
    }
    return fc_smaller(sum + x->rest * far, x->size);
}

void fc_series_add_noise(const state *s, series *x, double noise, int at)
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
            x->at <= x->power && x->noise > 0 ? first * reach(s, x->power - x->at) : INFINITY;
        if (x->n == 0 || (first != 0 && !(as_noise <= 8 * x->noise))) {
            break;
        }
        x->noise += first != 0 ? as_noise : 0;
        drop_first(x);
        x->power++;
        x->size = INFINITY;
    }
    x->size = size_of(s, x);
    fc_series_add_noise(s, x, rounded * x->size, x->power);
    return fc_series_majorant(s, x) < INFINITY && x->noise < INFINITY &&
           x->power >= -s->max_power && x->power <= s->max_power;
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
    double of_b[ORDER + 1];
    unsigned at_b[ORDER + 1], n_b = 0; /* most series have few terms */
    for (unsigned j = 0; j <= b->n; j++) {
        of_b[n_b] = j < b->n ? b->c[j] : b->rest;
        at_b[n_b] = j;
        n_b += of_b[n_b] != 0;
    }
    for (unsigned i = 0; i <= a->n; i++) {
        const double x = i < a->n ? a->c[i] : a->rest;
        if (x == 0) {
            continue;
        }
        for (unsigned k = 0; k < n_b; k++) {
            const unsigned j = at_b[k];
            const double y = of_b[k];
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

/* A lower bound of |x| p^-power on a disc, with `left_out` at most for the rest; 0 or less if there
 * is none. */
static double least_on(const series *x, double centre, double radius, double left_out)
{
    double t[ORDER + 1] = {0}, left, power = radius; /* coefficients about the disc's centre */
    for (unsigned i = 0; i < x->n; i++) {
        t[i] = x->c[i];
    }
    for (unsigned i = 0; i < x->n; i++) {
        for (unsigned k = x->n - 1; k-- > i;) {
            t[k] += centre * t[k + 1];
        }
    }
    left = fabs(t[0]) - left_out;
    for (unsigned k = 1; k < x->n; k++, power *= radius) {
        left -= fabs(t[k]) * power;
    }
    return left * (1 - 1e-12);
}

static double least_of(const state *s, const series *x)
{
    return least_on(x, s->centre, s->radius, x->rest * s->far[x->n]);
}

/* After a failure: guesses how many halvings of the panel will not do either, which spares them.
 * With a `pole`, |x| is to be below that, else x not to be 0. What x leaves out is taken to fall as
 * its next coefficients would. */
static void tell_useless(state *s, const series *x, double pole)
{
    const unsigned most = s->root == 1 ? FC_SERIES_MAX_USELESS : 0; /* elsewhere p is no x */
    double by = 0.5, left_out = x->rest * s->far[x->n];
    for (s->useless = 0; s->useless < most; s->useless++, by *= 0.5) {
        double size = 0;
        left_out = ldexp(left_out, -(int)x->n - 1);
        for (unsigned k = x->n; pole > 0 && k-- > 0;) {
            size = (size + fabs(x->c[k]) * s->far[k + 1]) * by;
        }
        size += s->far[1] * by * left_out;
        if (pole > 0 ? size < pole : least_on(x, by * s->centre, by * s->radius, left_out) > 0) {
            break;
        }
    }
}

/* ---- arithmetic ---- */

bool fc_series_add(const state *s, series *d, const series *a, const series *b, double sign)
{
    if (abs(a->power - b->power) + ORDER >= s->n_powers - ORDER) {
        return false;
    }
    series out = sum_of(s, a, b, sign);
    out.size = a->size * reach(s, a->power - out.power) + b->size * reach(s, b->power - out.power);
    fc_series_add_noise(s, &out, a->noise, a->at);
    fc_series_add_noise(s, &out, b->noise, b->at);
    *d = out;
    return finish(s, d, ROUNDING);
}

bool fc_series_multiply(const state *s, series *d, const series *a, const series *b)
{
    series out = product_of(s, a, b);
    out.size = a->size * b->size;
    fc_series_add_noise(s, &out, a->noise * b->size, a->at + b->power);
    fc_series_add_noise(s, &out, b->noise * a->size, b->at + a->power);
    if (a->noise > 0 && b->noise > 0) {
        fc_series_add_noise(s, &out, a->noise * b->noise, a->at + b->at);
    }
    *d = out;
    return finish(s, d, ROUNDING);
}

bool fc_series_divide(state *s, series *d, const series *a, const series *b)
{
    const double least = least_of(s, b);
    if (b->n > 0 && !(least > 0)) {
        tell_useless(s, b, 0);
    }
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
    fc_series_add_noise(s, &q, 2 * a->noise / least, a->at - b->power);
    fc_series_add_noise(s, &q, 2 * b->noise * q.size / least, b->at - b->power + q.power);
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
    double pole; /* its distance from c0, if it is not 0 */
} taylor;

/* x + value, where x has a power above 0. */
static void add_number(const state *s, series *x, double value)
{
    const unsigned shift = (unsigned)x->power, n = x->n + shift < ORDER ? x->n + shift : ORDER;
    double c[ORDER] = {value}, rest = x->rest * s->far[x->n + shift - n];
    for (unsigned k = 0; k < x->n; k++) {
        if (k + shift < n) {
            c[k + shift] = x->c[k];
        } else {
            rest += fabs(x->c[k]) * s->far[k + shift - n];
        }
    }
    x->power = 0;
    x->n = n;
    memcpy(x->c, c, sizeof c);
    x->rest = rest;
}

/* g(c0 + u), u having a power above 0. */
static series composed(const state *s, const series *u, const taylor *t)
{
    series out = {.rest = t->rest};
    for (unsigned k = t->n; k-- > 0;) {
        out = product_of(s, &out, u);
        add_number(s, &out, t->g[k]);
    }
    return out;
}

/* x p^-power but for its first coefficient. */
static series beyond_first(const series *x)
{
    series u = *x;
    u.power = 1;
    u.size = INFINITY;
    drop_first(&u);
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
    taylor t = {.n = ORDER, .pole = c0};
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
    t.pole = rho;
    for (unsigned k = 1; k < ORDER; k++) {
        over /= rho;
        t.g[k] = (k % 2 == 1 ? over : -over) * sin(k * phi) / k;
    }
    t.rest = U < 0.95 * rho ? over / rho / ORDER / (1 - U / rho) : INFINITY;
    return t;
}

/* log(gamma(1 + u)) = -euler u + zeta(2)/2 u^2 - zeta(3)/3 u^3 + ...; |digamma(1 + u)| is at most
 * euler + zeta(2) U / (1 - U). */
static taylor taylor_log_gamma(double U)
{
    static const double c[FEW] = {0, -0.5772156649015329, 0.8224670334241132, -0.4006856343865314,
                                  0.27058080842778454};
    taylor t = {.n = FEW};
    for (int k = 0; k < FEW; k++) {
        t.g[k] = c[k];
    }
    t.rest = U < 0.95 ? 0.20738555102867398 / (1 - U) : INFINITY; /* zeta(5) / 5 */
    t.slope = 0.5772156649015329 + 1.6449340668482264 * U / (1 - U);
    return t;
}

/* An odd function about 0 whose coefficients from the fifth on are at most `fifth`. */
static taylor taylor_odd(double first, double third, double fifth, double slope, double U)
{
    taylor t = {.n = FEW, .g = {0, first, 0, third, 0}, .slope = slope};
    t.rest = U < 0.95 ? fifth / (1 - U * U) : INFINITY;
    return t;
}

/* A lower bound of |x| p^-power at real points that matter. */
double fc_series_least(const state *s, const series *x)
{
    double left = x->n > 0 ? 2 * fabs(x->c[0]) : 0, far = 1;
    for (unsigned k = 0; k < x->n; k++, far *= s->most) {
        left -= fabs(x->c[k]) * far;
    }
    left -= x->rest * far + x->noise * reach(s, x->at - x->power);
    return left * (1 - 1e-12);
}

/* The least root of p of which `raised` is a whole power; 0: none. */
static unsigned root_for(double raised)
{
    for (unsigned k = 2; k <= FC_SERIES_MAX_ROOT; k++) {
        if (fabs(k * raised - rint(k * raised)) <= 8 * DBL_EPSILON * k * fabs(raised)) {
            return k;
        }
    }
    return 0;
}

/* x ** q. A root of p asks for another variable. */
bool fc_series_power(state *s, series *d, const series *x, double q)
{
    const double exact = q * x->power, raised = rint(exact), off = fabs(exact - raised);
    if (q >= 1 && q <= 3 && q == floor(q)) {
        series y = *x;
        bool proved = true;
        for (int k = 1; k < (int)q && proved; k++) {
            proved = fc_series_multiply(s, &y, &y, x);
        }
        *d = y;
        return proved;
    }
    if (x->n == 0 || !(fabs(raised) <= s->max_power) || !(fabs(q) < 1e3)) {
        return false;
    }
    if (off > 16 * DBL_EPSILON * fabs(exact)) { /* 0.3 is not 3/10: nearly will do */
        s->wants_root = s->root * root_for(exact);
        return false;
    }
    const bool turned = x->c[0] < 0;
    if ((turned && q != floor(q)) ||
        (q < 0 && !(x->noise * reach(s, x->at - x->power) < 0.5 * fc_series_least(s, x)))) {
        return false;
    }
    series y = *x;
    for (unsigned k = 0; turned && k < y.n; k++) {
        y.c[k] = -y.c[k];
    }
    const series u = beyond_first(&y);
    const taylor t = taylor_power(y.c[0], q, fc_series_majorant(s, &u) * s->far[1]);
    series out = composed(s, &u, &t);
    out.power += (int)raised;
    fc_series_add_noise(s, &out, t.slope * x->noise, x->at - x->power + (int)raised);
    for (unsigned k = 0; turned && q != 2 * floor(0.5 * q) && k < out.n; k++) {
        out.c[k] = -out.c[k];
    }
    *d = out;
    return t.slope < INFINITY && finish(s, d, 2 * ROUNDING + 2 * off * s->log_most);
}

/* Where x, which has a power below 0, makes g constant but for next to nothing. */
static bool at_infinity(state *s, series *d, const series *x, unsigned op)
{
    static const series one = {.n = ORDER, .c = {1}, .size = 1};
    const double size = fc_series_least(s, x), least = size * pow(s->most, x->power); /* of |x| */
    const int k = -x->power;
    series over;
    if (!(size > 0)) {
        return false;
    }
    const double sign = x->c[0] > 0 ? 1 : -1;
    double value, slope; /* at real points g is within exp(-slope |x|) of it */
    switch (op) {
    case FC_OP_ATAN_D: /* atan(x) + atan(1/x) = +-pi/2 */
        *d = fc_series_number(sign * 1.5707963267948966);
        return fc_series_divide(s, &over, &one, x) && fc_series_function(s, &over, &over, op) &&
               fc_series_add(s, d, d, &over, -1);
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
    *d = fc_series_number(value);
    fc_series_add_noise(s, d, 2 * exp(-slope * least) * pow(s->most, -FLAT), FLAT);
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
    return fc_series_power(s, &w, &w, 0.5) && fc_series_function(s, d, &w, op);
}

/* asin, acos, acosh where the argument is +-1 at p = 0. */
static bool arc_at_one(state *s, series *d, const series *x, unsigned op)
{
    const double side = x->c[0], half_pi = 1.5707963267948966;
    const series one = fc_series_number(1), quarter = fc_series_number(half_pi),
                 whole = fc_series_number(2 * half_pi);
    series w, arc;
    if (op == FC_OP_ACOSH_D) {
        return side > 0 && fc_series_add(s, &w, x, &one, -1) &&
               half_arc(s, &arc, &w, FC_OP_ASINH_D) && fc_series_add(s, d, &arc, &arc, 1);
    }
    /* 1 - |x|, then acos(|x|) */
    const bool proved =
        side > 0 ? fc_series_add(s, &w, &one, x, -1) : fc_series_add(s, &w, x, &one, 1);
    if (!proved || !half_arc(s, &arc, &w, FC_OP_ASIN_D) || !fc_series_add(s, &arc, &arc, &arc, 1)) {
        return false;
    }
    if (op == FC_OP_ACOS_D) { /* acos(-x) = pi - acos(x) */
        *d = arc;
        return side > 0 || fc_series_add(s, d, &whole, &arc, -1);
    }
    return side > 0 ? fc_series_add(s, d, &quarter, &arc, -1)
                    : fc_series_add(s, d, &arc, &quarter, -1);
}

bool fc_series_function(state *s, series *d, const series *x, unsigned op)
{
    if (x->power < 0) {
        return at_infinity(s, d, x, op);
    }
    if (x->power == 0 && x->n == 0) {
        return false;
    }
    const double c0 = x->power == 0 ? x->c[0] : 0;
    const series u = x->power == 0 ? beyond_first(x) : *x;
    const double U = fc_series_majorant(s, &u) * s->far[u.power], over_root = 1 / sqrt(1 - U * U);
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
        return fc_series_function(s, &other, x, FC_OP_COS_D) &&
               fc_series_function(s, d, x, FC_OP_SIN_D) && fc_series_divide(s, d, d, &other);
    case FC_OP_TANH_D:
        return fc_series_function(s, &other, x, FC_OP_COSH_D) &&
               fc_series_function(s, d, x, FC_OP_SINH_D) && fc_series_divide(s, d, d, &other);
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
    case FC_OP_LGAMMA_D:
        if (c0 != 1) {
            return false;
        }
        t = taylor_log_gamma(U);
        break;
    case FC_OP_TGAMMA_D: /* gamma(1 + u), over u where x is u */
        other = fc_series_number(1);
        return (c0 != 0 || (x->power > 0 && fc_series_add(s, &other, x, &other, 1))) &&
               fc_series_function(s, d, c0 != 0 ? x : &other, FC_OP_LGAMMA_D) &&
               fc_series_function(s, d, d, FC_OP_EXP_D) &&
               (c0 != 0 || fc_series_divide(s, d, d, x));
    case FC_OP_ERF_D:
    case FC_OP_ERFC_D: {
        const double f = op == FC_OP_ERF_D ? 1.1283791670955126 : -1.1283791670955126;
        t = (taylor){.n = FEW, .g = {op == FC_OP_ERF_D ? 0 : 1, f, 0, -f / 3, 0}};
        t.rest = c0 != 0 ? INFINITY : 0.11284 * exp(U * U);
        t.slope = fabs(f);
        break;
    }
    default:
        return false;
    }
    if (!(t.rest < INFINITY) || !(t.slope < INFINITY)) {
        if (t.pole > 0 && u.power == 1) {
            tell_useless(s, &u, 0.95 * t.pole);
        }
        return false;
    }
    *d = composed(s, &u, &t);
    d->size = t.size > 0 ? t.size : INFINITY;
    fc_series_add_noise(s, d, fabs(t.slope) * x->noise, x->at);
    if (!finish(s, d, 0)) {
        return false;
    }
    if (t.g[0] == 0 && d->power <= u.power) { /* |g(u)| <= slope |u| */
        d->size = fmin(d->size, fabs(t.slope) * size_of(s, &u) * reach(s, u.power - d->power));
    }
    fc_series_add_noise(s, d, 2 * ROUNDING * d->size, d->power);
    return true;
}
