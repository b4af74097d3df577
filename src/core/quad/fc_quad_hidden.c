/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Needles between the nodes, and where a function is that was 0 at all of them; contract in
 * fc_quad_impl.h.
 *
 * A needle that is narrower than the panels may be any number of times narrower. But bounds of what
 * the program computes (fc_bounds.h) show at once where it cannot be: of exp(-((x - c) / w)**2)
 * nothing is left but for the interval that holds c. So intervals are halved, the one with the
 * largest bound first, in the order of doubles: from 0 to infinity 1.5 is in the middle, and 64
 * halvings tell one double from the next. What is found is climbed as far as bounds promise more,
 * and breaks around it make panels as wide as it is.
 *
 * Where a function was seen, runs of panels are looked at whose bounds are well above what the
 * nodes saw: halved down to a panel, then within. That is a search, and stops soon: of bounds that
 * are wide for other reasons, as those of x - x, nothing follows. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_bounds.h"

#define MAX_DIM 8
#define MOST 256     /* intervals at a time */
#define HALVINGS 300 /* at most */
#define HIGH 2       /* what may be so many times as high is looked for */
#define FALLEN 1e-20 /* of the height: there it ends */
#define DISTANCES 480

#define ABOVE 1.5 /* what nodes saw, times this: may be a needle */
#define WORTH 0.5 /* of the target: an integral that matters */
#define LEAST_TRIES 40
#define EVALS_A_TRY 100 /* so that the search takes little of the time */

typedef struct interval {
    double lo, hi, height; /* |f| is no larger, as far as is known */
    double seen;           /* the largest |f| seen there, about */
    uint32_t first, count; /* its panels, in the order of x */
    uint32_t panel;        /* if it is one; FC_NO_PANEL once the panel's nodes were looked at */
} interval;

/* Doubles as integers in the same order. */
static int64_t rank_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static double middle_of(double lo, double hi)
{
    const int64_t a = rank_of(lo), b = rank_of(hi);
    int64_t bits = (a & b) + ((a ^ b) >> 1);
    double x;
    bits = bits < 0 ? INT64_MIN - bits : bits;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bound of |f| there; inf where nothing is known. */
static double height_of(const fc_quad_work *q, double lo, double hi)
{
    const fc_integrand *f = q->p.f;
    fc_bounds x[MAX_DIM] = {{lo, hi, 0}}, y[FC_QUAD_PROVEN_OUT];
    double height = 0;
    for (unsigned d = 1; d < f->n_dim; d++) {
        x[d] = (fc_bounds){q->p.params[d - 1], q->p.params[d - 1], 0};
    }
    if (!f->bounds(f->context, x, y)) {
        return INFINITY;
    }
    for (unsigned o = 0; o < f->n_out; o++) {
        height += fmax(fabs(y[o].low), fabs(y[o].high));
    }
    return height;
}

/* |f| at the largest place found between low and high, and that place; 0 if there is none. */
static fc_status find_peak(fc_quad_work *q, double low, double high, double *at, double *height)
{
    interval open[MOST] = {{.lo = low, .hi = high, .height = height_of(q, low, high)}};
    size_t n = 1;
    *height = 0;
    for (int k = 0; k < HALVINGS && n > 0; k++) {
        size_t top = 0;
        for (size_t i = 1; i < n; i++) {
            top = open[i].height > open[top].height ? i : top;
        }
        const interval whole = open[top];
        if (!(whole.height > HIGH * *height)) {
            break;
        }
        const double x = middle_of(whole.lo, whole.hi), *value;
        open[top] = open[--n];
        if (!(x > whole.lo && x < whole.hi)) {
            continue;
        }
        fc_status status = fc_panels_sample(&q->p, &x, 1, &value);
        if (status != FC_OK) {
            return status;
        }
        if (isfinite(*value) && *value > *height) {
            *height = *value;
            *at = x;
        }
        const interval half[2] = {{.lo = whole.lo, .hi = x, .height = height_of(q, whole.lo, x)},
                                  {.lo = x, .hi = whole.hi, .height = height_of(q, x, whole.hi)}};
        for (int i = 0; i < 2 && n < MOST; i++) {
            if (half[i].height > HIGH * *height) {
                open[n++] = half[i];
            }
        }
    }
    return FC_OK;
}

/* How far from `at` |f| is above `floor`: at most, or without a gap. */
static fc_status find_width(fc_quad_work *q, double low, double high, double at, double floor,
                            bool gapless, double *width)
{
    double x[2 * DISTANCES];
    const double *value, ulp = fmax(DBL_EPSILON * fabs(at), 0x1p-1070);
    const double room = fmin(high / 2 - low / 2, 0x1p1020);
    const int first = ilogb(ulp), last = ilogb(room) + 1;
    const int step = (last - first) / DISTANCES + 1;
    for (int k = 0; k < DISTANCES; k++) {
        const double distance = ldexp(1, first + k * step);
        x[2 * k] = at - distance > low ? at - distance : at;
        x[2 * k + 1] = at + distance < high ? at + distance : at;
    }
    *width = 2 * ulp;
    fc_status status = fc_panels_sample(&q->p, x, (size_t)2 * DISTANCES, &value);
    for (int k = 0; k < DISTANCES && status == FC_OK; k++) {
        bool above = false;
        for (int i = 2 * k; i < 2 * k + 2; i++) {
            above |= x[i] != at && !(value[i] <= floor);
        }
        if (above) {
            *width = ldexp(1, first + (k + 1) * step);
        } else if (gapless && k > 0) {
            break;
        }
    }
    return status;
}

fc_status fc_quad_find_hidden(fc_quad_work *q, double *breaks, unsigned *n)
{
    const fc_integrand *f = q->p.f;
    const double low = q->breaks[0], high = q->breaks[q->n_breaks - 1];
    double at = 0, height, width;
    *n = 0;
    if (f->bounds == NULL || f->n_dim > MAX_DIM || f->n_out > FC_QUAD_PROVEN_OUT) {
        return FC_OK;
    }
    fc_status status = find_peak(q, low, high, &at, &height);
    if (status != FC_OK || height == 0) {
        return status;
    }
    status = find_width(q, low, high, at, FALLEN * height, false, &width);
    breaks[(*n)++] = at - width;
    breaks[(*n)++] = at + width;
    return status;
}

/* ---- beside what was seen ---- */

/* |f| at the outermost nodes of a panel. */
static double seen_at_ends(const fc_quad_work *q, const fc_panel *panel)
{
    const bool inverse = q->p.sections[panel->section].inverse;
    const double low = fabs(panel->edge[0]) * (inverse ? panel->lo * panel->lo : 1);
    const double high = fabs(panel->edge[5]) * (inverse ? panel->hi * panel->hi : 1);
    return low > high ? low : high;
}

static bool is_settled(const fc_panel *panel)
{
    return (panel->flags & (FC_PANEL_DEAD | FC_PANEL_NONFINITE)) != 0;
}

/* Whether no |f| can be well above what was seen: the usual case, at the price of one look. */
static bool is_seen(const fc_quad_work *q)
{
    const fc_panel *head = &q->p.panels[q->p.head], *last = &q->p.panels[q->p.last];
    const fc_section *s = &q->p.sections[head->section], *t = &q->p.sections[last->section];
    const double lo = fc_section_x(s, fc_section_falls(s) ? head->hi : head->lo);
    const double hi = fc_section_x(t, fc_section_falls(t) ? last->lo : last->hi);
    double seen = 0;
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        const double now = is_settled(panel) ? 0 : seen_at_ends(q, panel);
        seen = now > seen ? now : seen;
    }
    return isfinite(lo) && isfinite(hi) && height_of(q, lo, hi) <= ABOVE * seen;
}

/* The panels first ... first + count - 1 of `all` as one. */
static interval run_of(const fc_quad_work *q, const interval *all, uint32_t first, uint32_t count)
{
    interval run = {.lo = all[first].lo,
                    .hi = all[first + count - 1].hi,
                    .first = first,
                    .count = count,
                    .panel = all[first].panel};
    for (uint32_t i = first; i < first + count; i++) {
        run.seen = fmax(run.seen, all[i].seen);
    }
    run.height = height_of(q, run.lo, run.hi);
    return run;
}

/* The largest |f| at the panel's nodes. */
static fc_status look_again(fc_quad_work *q, uint32_t index, double *seen)
{
    const fc_panel *panel = &q->p.panels[index];
    double x[FC_GK21];
    const double *value;
    for (int k = 0; k < FC_GK21; k++) {
        const double p =
            0.5 * (panel->lo + panel->hi) + 0.5 * (panel->hi - panel->lo) * fc_gk21_x[k];
        x[k] = fc_section_x(&q->p.sections[panel->section], p);
    }
    fc_status status = fc_panels_sample(&q->p, x, FC_GK21, &value);
    for (int k = 0; k < FC_GK21 && status == FC_OK; k++) {
        *seen = value[k] > *seen ? value[k] : *seen;
    }
    return status;
}

static double worth(const interval *x)
{
    return fmin(x->height, DBL_MAX) * (x->hi - x->lo);
}

/* A place at which |f| is well above what the nodes saw, and what they saw there. */
static fc_status find_needle(fc_quad_work *q, const interval *all, uint32_t n_all, double *at,
                             double *seen, bool *found)
{
    interval open[MOST];
    open[0] = run_of(q, all, 0, n_all);
    size_t n = open[0].height > ABOVE * open[0].seen ? 1 : 0;
    size_t tries = LEAST_TRIES + (size_t)(q->p.n_eval / EVALS_A_TRY);
    const double least = WORTH * q->target;
    for (; n > 0 && tries > 0; tries--) {
        size_t top = 0;
        for (size_t i = 1; i < n; i++) {
            top = worth(&open[i]) > worth(&open[top]) ? i : top;
        }
        if (open[top].count == 1 && open[top].panel != FC_NO_PANEL) {
            fc_status status = look_again(q, open[top].panel, &open[top].seen);
            if (status != FC_OK) {
                return status;
            }
            open[top].panel = FC_NO_PANEL;
        }
        const interval whole = open[top];
        interval half[2];
        if (!(worth(&whole) > least)) {
            break;
        }
        open[top] = open[--n];
        if (!(whole.height > ABOVE * whole.seen)) {
            continue;
        }
        if (whole.count > 1) {
            half[0] = run_of(q, all, whole.first, whole.count / 2);
            half[1] = run_of(q, all, whole.first + whole.count / 2, whole.count - whole.count / 2);
        } else {
            const double x = whole.lo + 0.5 * (whole.hi - whole.lo), *value;
            if (!(x > whole.lo && x < whole.hi) || !isfinite(whole.height)) {
                continue; /* a singularity is no needle */
            }
            fc_status status = fc_panels_sample(&q->p, &x, 1, &value);
            if (status != FC_OK) {
                return status;
            }
            if (*value > ABOVE * whole.seen && *value * (whole.hi - whole.lo) > least) {
                *at = x;
                *seen = whole.seen;
                *found = true;
                return FC_OK;
            }
            half[0] = half[1] = whole;
            half[0].hi = half[1].lo = x;
            half[0].height = height_of(q, whole.lo, x);
            half[1].height = height_of(q, x, whole.hi);
        }
        for (int i = 0; i < 2 && n < MOST; i++) {
            if (half[i].height > ABOVE * half[i].seen && worth(&half[i]) > least) {
                open[n++] = half[i];
            }
        }
    }
    return FC_OK;
}

fc_status fc_quad_find_needle(fc_quad_work *q, double *breaks, unsigned *n)
{
    const fc_panels *p = &q->p;
    const fc_integrand *f = p->f;
    uint32_t count = 0;
    double at, seen, width;
    bool found = false;
    *n = 0;
    if (f->bounds == NULL || f->n_dim > MAX_DIM || f->n_out > FC_QUAD_PROVEN_OUT || is_seen(q)) {
        return FC_OK;
    }
    interval *all = fc_malloc(p->n, sizeof *all);
    if (all == NULL) {
        return FC_ERR_NOMEM;
    }
    for (uint32_t i = p->head; i != FC_NO_PANEL; i = p->panels[i].next) {
        const fc_panel *panel = &p->panels[i];
        const fc_section *s = &p->sections[panel->section];
        const double a = fc_section_x(s, panel->lo), b = fc_section_x(s, panel->hi);
        if (is_settled(panel) || !isfinite(a) || !isfinite(b) || a == b) {
            continue;
        }
        all[count++] =
            (interval){.lo = fmin(a, b),
                       .hi = fmax(a, b),
                       .seen = fmax(panel->magnitude / fabs(b - a), seen_at_ends(q, panel)),
                       .panel = i};
    }
    fc_status status = FC_OK;
    if (count > 0) {
        status = find_needle(q, all, count, &at, &seen, &found);
    }
    fc_free(all);
    if (status == FC_OK && found) {
        status =
            find_width(q, q->breaks[0], q->breaks[q->n_breaks - 1], at, ABOVE * seen, true, &width);
        breaks[(*n)++] = at - 4 * width;
        breaks[(*n)++] = at + 4 * width;
    }
    return status;
}
