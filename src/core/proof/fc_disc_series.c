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
 * next to nothing beside it, is 0 and noise.
 *
 * A register may have log(p) times another series beside this one: what log(x) makes at x = 0, and
 * sums, and products with what has none, keep of it. The noise of both is that of the first. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_code.h"
#include "fc_disc_taylor.h"

#define ORDER FC_SERIES_ORDER
#define ROUNDING FC_DISC_ROUNDING

typedef fc_series series;
typedef fc_series_state state;

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
    return !fc_series_add(s, &gap, a, b, -1) || !(fc_series_least(s, &gap) > 0) ? 0
           : gap.c[0] > 0                                                       ? 1
                                                                                : -1;
}

static void negate(series *x)
{
    for (unsigned k = 0; k < x->n; k++) {
        x->c[k] = -x->c[k];
    }
}

/* The noise of what log(p) multiplies becomes the register's. */
static void move_noise(const state *s, series *out, series *log)
{
    fc_series_add_noise(s, out, log->noise * s->log_most, log->at);
    log->noise = 0;
}

/* log(x) for x ~ c0 p^power. */
static bool logarithm(const state *s, series *d, series *log, const series *x, double scale,
                      unsigned op)
{
    series y = *x;
    if (s->root < FC_DISC_LOG_ROOT - 1 || y.n == 0 || y.c[0] <= 0) {
        return false;
    }
    y.power = 0;
    y.at -= x->power;
    *log = fc_series_number(scale * x->power);
    if (!fc_series_function((state *)s, d, &y, op)) {
        return false;
    }
    fc_series_add_noise(s, d, 2 * ROUNDING * log->size * s->log_most, 0);
    return true;
}

/* An instruction whose operands have logarithms, or whose result has. */
static bool compute_log(state *s, const fc_instruction *ins)
{
    static const series none = {.n = ORDER};
    series zero = none, out, log, other;
    const bool with_a = ins->a != FC_NO_REGISTER && s->has_log[ins->a];
    const bool with_b = ins->b != FC_NO_REGISTER && s->has_log[ins->b];
    const series *a = ins->a != FC_NO_REGISTER ? &s->r[ins->a] : &zero;
    const series *b = ins->b != FC_NO_REGISTER ? &s->r[ins->b] : &zero;
    const series *la = with_a ? &s->log[ins->a] : &zero;
    const series *lb = with_b ? &s->log[ins->b] : &zero;
    const double minus = ins->op == FC_OP_SUB_D ? -1 : 1;
    bool proved;
    switch (ins->op) {
    case FC_OP_MOV_D:
        out = *a;
        log = *la;
        proved = true;
        break;
    case FC_OP_NEG_D:
        out = *a;
        log = *la;
        negate(&out);
        negate(&log);
        proved = true;
        break;
    case FC_OP_ADD_D:
    case FC_OP_SUB_D:
        proved = fc_series_add(s, &out, a, b, minus) && fc_series_add(s, &log, la, lb, minus);
        break;
    case FC_OP_MUL_D:
        proved = with_a != with_b && fc_series_multiply(s, &out, a, b) &&
                 fc_series_multiply(s, &log, with_a ? la : a, with_a ? b : lb);
        break;
    case FC_OP_DIV_D:
        proved = !with_b && fc_series_divide(s, &out, a, b) && fc_series_divide(s, &log, la, b);
        break;
    case FC_OP_LOG_D:
        proved = !with_a && logarithm(s, &out, &log, a, 1, ins->op);
        break;
    case FC_OP_LOG2_D:
        proved = !with_a && logarithm(s, &out, &log, a, 1.4426950408889634, ins->op);
        break;
    case FC_OP_LOG10_D:
        proved = !with_a && logarithm(s, &out, &log, a, 0.4342944819032518, ins->op);
        break;
    case FC_OP_LGAMMA_D: /* log(gamma(1 + x)) - log(x) */
        zero = fc_series_number(1);
        proved = !with_a && a->power > 0 && logarithm(s, &log, &other, a, 1, FC_OP_LOG_D) &&
                 fc_series_add(s, &zero, &zero, a, 1) &&
                 fc_series_function(s, &out, &zero, ins->op) &&
                 fc_series_add(s, &out, &out, &log, -1);
        if (proved) { /* else there is none */
            log = other;
            negate(&log);
        }
        break;
    default:
        proved = false;
        break;
    }
    if (proved) {
        move_noise(s, &out, &log);
        s->r[ins->d] = out;
        s->log[ins->d] = log;
        s->has_log[ins->d] = true;
    }
    return proved;
}

/* Whether compute_log() is to do it. */
static bool is_logarithmic(state *s, const fc_instruction *ins)
{
    const bool log = ins->op == FC_OP_LOG_D || ins->op == FC_OP_LOG2_D ||
                     ins->op == FC_OP_LOG10_D || ins->op == FC_OP_LGAMMA_D;
    const uint16_t operands[] = {ins->a, ins->b, ins->c};
    for (int i = 0; i < 3; i++) {
        if (operands[i] != FC_NO_REGISTER && s->has_log[operands[i]]) {
            return true;
        }
    }
    if (log && s->r[ins->a].power != 0) {
        if (s->root < FC_DISC_LOG_ROOT - 1) {
            s->wants_root = s->root == 1 ? FC_DISC_LOG_ROOT : 2 * s->root;
        }
        return true;
    }
    return false;
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
    int known, order;
    if (is_logarithmic(s, ins)) {
        return compute_log(s, ins);
    }
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
        proved = fc_series_add(s, &out, a, b, 1);
        break;
    case FC_OP_SUB_D:
        proved = fc_series_add(s, &out, a, b, -1);
        break;
    case FC_OP_MUL_D:
        proved = fc_series_multiply(s, &out, a, b);
        break;
    case FC_OP_DIV_D:
        proved = fc_series_divide(s, &out, a, b);
        break;
    case FC_OP_FMA_D:
        proved = fc_series_multiply(s, &v, a, b) && fc_series_add(s, &out, &v, c, 1);
        break;
    case FC_OP_NEG_D:
        out = *a;
        negate(&out);
        break;
    case FC_OP_ABS_D:
        out = *a;
        proved = fc_series_least(s, a) > 0;
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
        proved = fc_series_multiply(s, &out, a, a);
        break;
    case FC_OP_CUBE_D:
        proved = fc_series_power(s, &out, a, 3);
        break;
    case FC_OP_SQRT_D:
        proved = fc_series_power(s, &out, a, 0.5);
        break;
    case FC_OP_HYPOT_D:
        proved = fc_series_multiply(s, &out, a, a) && fc_series_multiply(s, &v, b, b) &&
                 fc_series_add(s, &v, &out, &v, 1) && fc_series_power(s, &out, &v, 0.5);
        break;
    case FC_OP_POW_D:
        if (is_known(b)) {
            proved = fc_series_power(s, &out, a, b->power == 0 && b->n > 0 ? b->c[0] : 0);
        } else { /* exp(b log(a)) */
            proved = fc_series_function(s, &v, a, FC_OP_LOG_D) &&
                     fc_series_multiply(s, &v, b, &v) &&
                     fc_series_function(s, &out, &v, FC_OP_EXP_D);
        }
        break;
    default:
        order = fc_disc_compares(ins->op) ? compare(s, a, b) : 0;
        known = fc_disc_truth(ins->op, order, so, other);
        out = known >= 0 ? fc_series_number(known) : none;
        proved = known >= 0 || fc_series_function(s, &out, a, ins->op);
        break;
    }
    if (proved) {
        s->r[ins->d] = out;
        s->has_log[ins->d] = false;
    }
    return proved;
}

static bool is_true(const void *context, uint16_t index)
{
    const state *s = context;
    return s->r[index].c[0] != 0;
}

/* Input 0 at the place: base + sign q, with q = p^root or its reciprocal. */
static bool input_of(const state *s, const fc_disc_place *at, series *d)
{
    series base = fc_series_number(at->base), q = fc_series_number(at->sign);
    q.power = (int)s->root * (at->inverse ? -1 : 1);
    fc_series_add_noise(s, &base, ROUNDING * fabs(at->base), 0);
    fc_series_add_noise(s, &q, ROUNDING, q.power);
    return at->base == 0 ? (*d = q, true) : fc_series_add(s, d, &base, &q, 1);
}

/* The disc of y, which is p^power times a series. */
static bool output_of(const state *s, const series *y, fc_disc *out)
{
    if (y->power < 0 || y->power + (int)y->n >= s->n_powers) {
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
    *out =
        (fc_disc){.centre = centre, .radius = radius * (1 + 1e-12), .noise = y->noise, .at = y->at};
    return fabs(centre) + out->radius < INFINITY;
}

/* y, and log(p) times `log` if there is one, times |dx/dp|. */
static bool finish_output(state *s, const fc_disc_place *place, const series *log, series *y,
                          fc_disc *out)
{
    const int root = (int)s->root, by = place->inverse ? -root - 1 : root - 1;
    const series jacobian = fc_series_number(root);
    if (!fc_series_multiply(s, y, y, &jacobian)) {
        return false;
    }
    y->power += by;
    y->at += by;
    if (!output_of(s, y, out)) {
        return false;
    }
    out->log_size = out->log_power = 0;
    if (log != NULL && log->n > 0) {
        out->log_power = log->power + by;
        out->log_size = fc_series_majorant(s, log) * root;
        if (out->log_power < FC_DISC_LOG_ROOT - 1) { /* not smooth enough yet */
            s->wants_root = 2 * s->root;
            return false;
        }
    }
    return true;
}

/* x^0 ... x^(n - 1), n > 4, four chains beside one another. */
static void fill_powers(double *powers, double x, int n)
{
    const double square = x * x, fourth = square * square;
    powers[0] = 1;
    powers[1] = x;
    powers[2] = square;
    powers[3] = square * x;
    for (int k = 4; k < n; k++) {
        powers[k] = powers[k - 4] * fourth;
    }
}

bool fc_disc_of_series(const fc_program *p, const fc_disc_place *place, const double *rest,
                       fc_disc *out, fc_doubt *doubt)
{
    static const fc_disc_walk walk = {compute, is_true};
    const fc_instruction *stopped;
    state s;
    s.wants_root = s.useless = 0;
    s.root = place->root > 1 ? place->root : 1;
    s.max_power = s.root > 2 ? FC_SERIES_MAX_POWER : 16;
    s.n_powers = s.max_power + 2 * ORDER + 2;
    s.centre = place->centre;
    s.radius = place->radius;
    s.least = place->least;
    s.most = place->centre + place->inner * place->radius;
    if (p->n_registers > FC_DISC_REGISTERS || p->n_tables != 0 || !(s.least > 0) ||
        s.root > FC_SERIES_MAX_ROOT) {
        return false;
    }
    fill_powers(s.far, (fabs(s.centre) + s.radius) * (1 + 1e-12), s.n_powers);
    fill_powers(s.powers, s.most, s.n_powers);
    fill_powers(s.over, 1 / s.least, s.n_powers);
    s.log_most = s.root > 1 ? fmax(fabs(log(s.least)), fabs(log(s.most))) : 745;
    memset(s.has_log, 0, p->n_registers * sizeof *s.has_log);
    for (unsigned i = 0; i < p->n_registers; i++) {
        double value = 0;
        if (p->regs[i].kind == FC_KIND_CONSTANT && !fc_disc_constant(p, &p->regs[i], &value)) {
            return false;
        }
        s.r[i] = fc_series_number(value);
    }
    for (unsigned i = 0; i < p->n_inputs; i++) {
        series *input = &s.r[p->inputs[i]];
        *input = fc_series_number(i > 0 ? rest[i - 1] : 0);
        if (p->regs[p->inputs[i]].type != FC_TYPE_D || (i == 0 && !input_of(&s, place, input))) {
            return false;
        }
    }
    (void)fc_disc_follow(p, &s, &walk, 0, &stopped);
    doubt->root = s.wants_root;
    doubt->useless = s.useless;
    if (stopped == NULL || stopped->op != FC_OP_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        series y = s.r[p->outputs[o]];
        if (p->regs[p->outputs[o]].type != FC_TYPE_D) {
            return false;
        }
        if (!finish_output(&s, place, s.has_log[p->outputs[o]] ? &s.log[p->outputs[o]] : NULL, &y,
                           &out[o])) {
            doubt->root = s.wants_root;
            return false;
        }
    }
    return true;
}
