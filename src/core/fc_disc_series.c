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

#include "fc_code.h"
#include "fc_disc_taylor.h"

#define ORDER FC_SERIES_ORDER
#define N_POWERS FC_SERIES_POWERS
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
    series base = fc_series_number(at->base), q = fc_series_number(at->sign);
    q.power = (at->square ? 2 : 1) * (at->inverse ? -1 : 1);
    fc_series_add_noise(s, &base, ROUNDING * fabs(at->base), 0);
    fc_series_add_noise(s, &q, ROUNDING, q.power);
    return at->base == 0 ? (*d = q, true) : fc_series_add(s, d, &base, &q, 1);
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
    if (stopped == NULL || stopped->op != FC_OP_END) {
        return false;
    }
    for (unsigned o = 0; o < p->n_outputs; o++) {
        series y = s.r[p->outputs[o]];
        if (p->regs[p->outputs[o]].type != FC_TYPE_D) {
            return false;
        }
        /* Times |dx/dp|. */
        const series jacobian = fc_series_number(place->square ? 2 : 1);
        if (!fc_series_multiply(&s, &y, &y, &jacobian)) {
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
