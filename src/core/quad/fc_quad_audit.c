/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Needles far out that no panel has seen; contract in fc_quad_impl.h.
 *
 * Towards infinity panels get as wide as x itself. A function like exp(-x cos(x)^2) / (1 + x^2) has
 * a thousand needles on one such panel, all of them between its nodes, and nearly nothing at the
 * nodes: so small an integral, and so small an error. But what there is between needles is no
 * smooth function at the panel's scale, however small it is, and it shows the way up. So a panel on
 * which f is not resolved even against its own size is not believed to be small: from its largest
 * value, points at random distances of all magnitudes climb to what is larger. */
#include "fc_quad_impl.h"

#include <math.h>
#include <stdlib.h>

#include "fc_alloc.h"

#define UNRESOLVED 0.01 /* |K - G| over the integral of |f| */
#define HIDDEN 8        /* times what the panel knows of: more is a needle */
#define GROUP 24        /* panels that climb at the same time */
#define STEPS 42        /* points of one round of one panel */
#define ROUNDS 8
#define MOST 384 /* the widest panels, looked at first */

typedef struct climb {
    uint32_t panel;
    double x, height, start; /* heights include the jacobian */
} climb;

/* Uniform in [0, 1): Weyl's sequence, mixed (splitmix64 of Steele, Lea and Flood 2014). */
static double random_of(uint64_t *state)
{
    uint64_t z = *state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ (z >> 31)) >> 11) * 0x1p-53;
}

static bool is_unresolved(const fc_panels *p, const fc_panel *panel)
{
    enum { SETTLED = FC_PANEL_DEAD | FC_PANEL_STALLED | FC_PANEL_NONFINITE };
    return p->sections[panel->section].inverse && !(panel->flags & SETTLED) && panel->lo > 0 &&
           panel->raw > UNRESOLVED * panel->magnitude;
}

/* The panels' climbs, all at once. */
static fc_status climb_all(fc_panels *p, climb *climbs, size_t n)
{
    uint64_t state = 2026;
    size_t active[GROUP], n_active = n;
    double x[GROUP * STEPS];
    for (size_t i = 0; i < n; i++) {
        active[i] = i;
    }
    for (int round = 0; round < ROUNDS && n_active > 0; round++) {
        for (size_t i = 0; i < n_active; i++) {
            const climb *c = &climbs[active[i]];
            const fc_panel *panel = &p->panels[c->panel];
            const fc_section *s = &p->sections[panel->section];
            double low = fc_section_x(s, panel->hi), high = fc_section_x(s, panel->lo);
            for (int k = 0; k < STEPS; k++) {
                /* First anywhere, then next to the largest: from the panel's width to a few ulp. */
                double r = random_of(&state), to = low + r * (high - low);
                if (round > 0) {
                    double step = (high - low) * exp2(-48 * r);
                    to = c->x + (k % 2 == 0 ? step : -step);
                    if ((to < low) == (low < high) || (to > high) == (low < high)) {
                        to = low + r * (high - low); /* never outside: f may be undefined there */
                    }
                }
                x[i * STEPS + (size_t)k] = k == 0 && round == 0 ? c->x : to;
            }
        }
        const double *values;
        fc_status status = fc_panels_sample(p, x, n_active * STEPS, &values);
        if (status != FC_OK) {
            return status;
        }
        size_t left = 0;
        for (size_t i = 0; i < n_active; i++) {
            climb *c = &climbs[active[i]];
            const fc_panel *panel = &p->panels[c->panel];
            const fc_section *s = &p->sections[panel->section];
            for (size_t k = i * STEPS; k < (i + 1) * STEPS; k++) {
                double at = s->sign / (x[k] - s->base), height = values[k] / at / at;
                if (round == 0 && k == i * STEPS) {
                    c->start = height;
                }
                if (at >= panel->lo && at <= panel->hi && height > c->height && isfinite(height)) {
                    c->height = height;
                    c->x = x[k];
                }
            }
            if (c->height > 0 && (round < 2 || c->height > 2 * c->start)) {
                active[left++] = active[i];
            }
        }
        n_active = left;
    }
    return FC_OK;
}

/* A panel to be looked at, and its width in p: towards infinity the integrand there is often of the
 * same size, so that the widest panels may hide the most. */
typedef struct candidate {
    double width;
    uint32_t panel;
} candidate;

static int wider_first(const void *a, const void *b)
{
    const candidate *left = a, *right = b;
    if (left->width != right->width) {
        return left->width > right->width ? -1 : 1;
    }
    return left->panel < right->panel ? -1 : left->panel > right->panel;
}

/* Looks at the n candidates' panels, each `stride`-th; what they may hide is added to *claim, and
 * the panels are marked. Returns how many of them were. */
static fc_status look_at(fc_quad_work *q, const candidate *candidates, size_t n, size_t stride,
                         double slack, double *claim, size_t *found)
{
    fc_panels *p = &q->p;
    climb climbs[GROUP];
    size_t count = 0, looked = 0;
    double sum = 0, least = isfinite(slack) ? 1e-3 * slack / (double)n : 0;
    for (size_t i = 0; i < n; i += stride) {
        uint32_t panel = candidates[i].panel;
        climbs[count++] = (climb){.panel = panel, .x = p->panels[panel].peak_x};
        if (count < GROUP && i + stride < n) {
            continue;
        }
        fc_status status = climb_all(p, climbs, count);
        if (status != FC_OK) {
            return status;
        }
        for (size_t k = 0; k < count; k++) {
            fc_panel *at = &p->panels[climbs[k].panel];
            double most = climbs[k].height * (at->hi - at->lo);
            if (most > HIDDEN * (at->magnitude + at->error) && most > least) {
                at->flags |= FC_PANEL_MARKED | FC_PANEL_STUBBORN;
                sum += most;
                ++*found;
            }
        }
        looked += count;
        count = 0;
    }
    *claim += looked > 0 ? sum * ((double)n / (double)looked) : 0;
    return FC_OK;
}

fc_status fc_quad_audit(fc_quad_work *q, double slack, size_t *n_marked)
{
    fc_panels *p = &q->p;
    size_t n = 0, found = 0, k = 0;
    double claim = 0;
    *n_marked = 0;
    q->hidden_error = 0;
    for (size_t i = 0; i < p->n; i++) {
        n += is_unresolved(p, &p->panels[i]);
    }
    if (n == 0) {
        return FC_OK;
    }
    candidate *candidates = fc_malloc(n, sizeof *candidates);
    if (candidates == NULL) {
        return FC_ERR_NOMEM;
    }
    for (uint32_t i = 0; i < p->n; i++) {
        const fc_panel *panel = &p->panels[i];
        if (is_unresolved(p, panel)) {
            candidates[k++] = (candidate){panel->hi - panel->lo, i};
        }
    }
    qsort(candidates, n, sizeof *candidates, wider_first);
    size_t first = n < MOST ? n : MOST, rest = n - first, looked = first;
    fc_status status = look_at(q, candidates, first, 1, slack, &claim, &found);
    if (status == FC_OK && rest > 0) {
        /* All of them before anything is believed; some to know about how bad it is. */
        size_t stride = claim <= slack && isfinite(slack) ? 1 : (rest + MOST - 1) / MOST;
        looked += (rest + stride - 1) / stride;
        status = look_at(q, candidates + first, rest, stride, slack, &claim, &found);
    }
    fc_free(candidates);
    if (status != FC_OK) {
        return status;
    }
    q->hidden_error = fmin(claim, FC_PANEL_MAX_ERROR);
    bool everywhere = 2 * found >= looked;
    for (size_t i = 0; i < p->n; i++) {
        fc_panel *panel = &p->panels[i];
        if (claim <= slack) {
            panel->flags &= (uint8_t)~FC_PANEL_MARKED;
        } else if (everywhere && is_unresolved(p, panel)) {
            panel->flags |= FC_PANEL_MARKED;
        }
        *n_marked += (panel->flags & FC_PANEL_MARKED) != 0;
    }
    return FC_OK;
}
