/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Affine registers; contracts in fc_disc_forms.h and fc_disc.h. */
#include "fc_disc_forms.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#include "fc_code.h"
#include "fc_disc_impl.h"
#include "fc_minmax.h"

#define SLACK (1 + 1e-12)

static bool known(const fc_affine *f)
{
    return f != NULL && f->known;
}

static bool is_number(const fc_affine *f, unsigned n)
{
    bool number = known(f);
    for (unsigned k = 1; number && k <= n; k++) {
        number = f->c[k] == 0;
    }
    return number;
}

/* p a + q b, where b may be NULL. */
static fc_affine combine(const fc_affine *a, double p, const fc_affine *b, double q, unsigned n)
{
    fc_affine out = {.known = known(a) && (b == NULL || b->known)};
    for (unsigned k = 0; out.known && k <= n; k++) {
        out.c[k] = p * a->c[k] + (b != NULL ? q * b->c[k] : 0);
        out.known = isfinite(out.c[k]);
    }
    return out;
}

static fc_affine product(const fc_affine *a, const fc_affine *b, unsigned n)
{
    if (is_number(a, n) && known(b)) {
        return combine(b, a->c[0], NULL, 0, n);
    }
    if (is_number(b, n) && known(a)) {
        return combine(a, b->c[0], NULL, 0, n);
    }
    return (fc_affine){.known = false};
}

fc_affine fc_form_of(unsigned op, const fc_form_operands *in, unsigned n, int order)
{
    const fc_affine *a = in->a, *b = in->b, none = {.known = false};
    switch (op) {
    case FC_OP_MOV_D:
    case FC_OP_D_I:
        return a != NULL ? *a : none;
    case FC_OP_SELECT_D:
        a = in->chosen ? a : b;
        return a != NULL ? *a : none;
    case FC_OP_ADD_D:
        return combine(a, 1, b, 1, n);
    case FC_OP_SUB_D:
        return combine(a, 1, b, -1, n);
    case FC_OP_MUL_D:
        return product(a, b, n);
    case FC_OP_DIV_D:
        return is_number(b, n) && b->c[0] != 0 ? combine(a, 1 / b->c[0], NULL, 0, n) : none;
    case FC_OP_FMA_D: {
        const fc_affine by = product(a, b, n);
        return combine(&by, 1, in->c, 1, n);
    }
    case FC_OP_NEG_D:
        return combine(a, -1, NULL, 0, n);
    case FC_OP_ABS_D:
        return order == 1 || order == -1 ? combine(a, order, NULL, 0, n) : none;
    case FC_OP_MIN_D:
        return order == 0 ? none : order == -1 ? *a : *b;
    case FC_OP_MAX_D:
        return order == 0 ? none : order == 1 ? *a : *b;
    default:
        return none;
    }
}

/* The sign of p a + q b - level. */
static int sign_of(const fc_affine *a, const fc_affine *b, double level, fc_disc_frame *frame)
{
    const unsigned n = frame->n;
    double size[FC_AFFINE_DIM + 1], share;
    fc_affine g = combine(a, 1, b, -1, n);
    if (!g.known) {
        return 0;
    }
    g.c[0] -= level;
    for (unsigned k = 0; k <= n; k++) {
        size[k] = fabs(a->c[k]) + (b != NULL ? fabs(b->c[k]) : 0) + (k == 0 ? fabs(level) : 0);
    }
    if (is_number(&g, n)) {
        return 0; /* the discs know that better */
    }
    const int sign =
        fc_affine_sign(&g, size, n, frame->corners, frame->n_corners, frame->step, &share);
    frame->slit += share;
    if (sign == 0) {
        frame->doubt = g;
    }
    return sign;
}

/* Is a between these everywhere? */
static bool within(const fc_affine *a, double low, double high, fc_disc_frame *frame)
{
    return sign_of(a, NULL, low, frame) == 1 && sign_of(a, NULL, high, frame) == -1;
}

int fc_form_decide(unsigned op, const fc_form_operands *in, fc_disc_frame *frame, double *level)
{
    const fc_affine *a = in->a, *b = in->b;
    double middle;
    if (!known(a) || (b != NULL && !b->known) || (is_number(a, frame->n) && b == NULL)) {
        return 0;
    }
    switch (op) {
    case FC_OP_ABS_D:
    case FC_OP_MIN_D:
    case FC_OP_MAX_D:
    case FC_OP_LT_D:
    case FC_OP_LE_D:
    case FC_OP_EQ_D:
    case FC_OP_NE_D:
    case FC_OP_LT_DI:
    case FC_OP_LE_DI:
    case FC_OP_EQ_DI:
    case FC_OP_LT_ID:
    case FC_OP_LE_ID:
        return sign_of(a, b, 0, frame);
    case FC_OP_FLOOR_D:
    case FC_OP_CEIL_D:
    case FC_OP_TRUNC_D:
    case FC_OP_RINT_D:
        middle = fc_disc_of_affine(frame, a).centre;
        *level = op == FC_OP_FLOOR_D  ? floor(middle)
                 : op == FC_OP_CEIL_D ? ceil(middle)
                 : op == FC_OP_RINT_D ? rint(middle)
                                      : trunc(middle);
        if (!(fabs(*level) < 0x1p52)) {
            return 0;
        }
        bool up = op == FC_OP_FLOOR_D || (op == FC_OP_TRUNC_D && *level >= 0);
        bool down = op == FC_OP_CEIL_D || (op == FC_OP_TRUNC_D && *level <= 0);
        double half = op == FC_OP_RINT_D ? 0.5 : 0;
        return within(a, *level - (down ? 1 : half), *level + (up ? 1 : half), frame) ? 1 : 0;
    default:
        return 0;
    }
}

fc_disc_range fc_disc_of_corners(const fc_disc_frame *frame, const double *value, unsigned step,
                                 double size)
{
    const unsigned n_corners = frame->n_corners;
    double centre = 0, least = INFINITY, most = -INFINITY;
    for (unsigned c = 0; c < n_corners; c++) {
        const double here = value[c * step];
        centre += here;
        least = here < least ? here : least;
        most = here > most ? here : most;
    }
    centre /= n_corners;
    const double spread = fc_larger(most - centre, centre - least);
    double radius = spread;
    if (frame->axis < frame->n) {
        const unsigned bit = 1U << frame->axis;
        for (unsigned c = 0; c < n_corners; c++) {
            if ((c & bit) == 0) {
                const double here = value[c * step], there = value[(c | bit) * step];
                radius = fc_larger(radius, fabs(0.5 * (here + there) - centre) +
                                               frame->stretch * 0.5 * fabs(there - here));
            }
        }
    }
    const double noise = 4 * FC_DISC_ROUNDING * size;
    return (fc_disc_range){centre, SLACK * radius + noise, SLACK * spread + noise, noise};
}

fc_disc_range fc_disc_of_affine(const fc_disc_frame *frame, const fc_affine *f)
{
    double value[1 << FC_AFFINE_DIM], size = fabs(f->c[0]);
    for (unsigned c = 0; c < frame->n_corners; c++) {
        value[c] = fc_affine_at(f, frame->n, 0, frame->corners + (size_t)c * frame->step);
    }
    for (unsigned k = 0; k < frame->n; k++) {
        size += fabs(f->c[1 + k]) * frame->size[k];
    }
    return fc_disc_of_corners(frame, value, 1, size);
}

static fc_real of_products(const fc_real *a, double low, double high)
{
    const double p[4] = {a->low * low, a->low * high, a->high * low, a->high * high};
    return (fc_real){fmin(fmin(p[0], p[1]), fmin(p[2], p[3])),
                     fmax(fmax(p[0], p[1]), fmax(p[2], p[3]))};
}

/* Of bounds that are rounded somehow, ones that hold. */
static fc_real wider(double low, double high)
{
    if (!(low >= -0x1p1000 && high <= 0x1p1000)) { /* nan, too */
        return (fc_real){-INFINITY, INFINITY};
    }
    return (fc_real){low - 4 * DBL_EPSILON * fabs(low) - DBL_MIN,
                     high + 4 * DBL_EPSILON * fabs(high) + DBL_MIN};
}

fc_real fc_real_of(unsigned op, const fc_real *a, const fc_real *b, bool same)
{
    fc_real r = {-INFINITY, INFINITY};
    switch (op) {
    case FC_OP_ADD_D:
        return wider(a->low + b->low, a->high + b->high);
    case FC_OP_SUB_D:
        return wider(a->low - b->high, a->high - b->low);
    case FC_OP_NEG_D:
        return (fc_real){-a->high, -a->low};
    case FC_OP_MUL_D:
        if (!same) {
            r = of_products(a, b->low, b->high);
            return wider(r.low, r.high);
        }
        /* fall through */
    case FC_OP_SQUARE_D:
        r = of_products(a, a->low, a->high);
        r = wider(r.low, r.high);
        r.low = a->low > 0 ? 0.999 * a->low * a->low : a->high < 0 ? 0.999 * a->high * a->high : 0;
        return r;
    case FC_OP_DIV_D:
        if (b->low > 0 || b->high < 0) {
            r = of_products(a, 1 / b->high, 1 / b->low);
            r = wider(r.low, r.high);
        }
        return r;
    case FC_OP_EXP_D: /* monotone */
        return wider(exp(a->low), exp(a->high));
    default:
        return r;
    }
}
