/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What fc_quad knows of an integral while it works on it: sums, tails, errors, and what may hide at
 * the edges of panels; contract in fc_quad_impl.h. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_disc.h"
#include "fc_epsilon.h"
#include "fc_minmax.h"
#include "fc_quad_layout.h"

#define LOUD 1e-2      /* noise of a level, over what it is worth */
#define FEWEST_CLEAN 5 /* which an extrapolation needs */

double fc_quad_norm(const double *v, unsigned n)
{
    double total = fabs(v[0]);
    for (unsigned o = 1; o < n; o++) {
        total = hypot(total, v[o]);
    }
    return total;
}

/* fmax, but for nan: no call of the library. */
double fc_quad_program_noise(const fc_quad_work *q, const fc_panel *panel)
{
    const fc_integrand *f = q->p.f;
    const fc_section *s = &q->p.sections[panel->section];
    const double centre = 0.5 * (panel->lo + panel->hi);
    const fc_disc_place place = {.centre = centre,
                                 .radius = 1e-9 * centre,
                                 .inner = 0.5,
                                 .base = s->base,
                                 .sign = s->sign,
                                 .inverse = s->inverse};
    fc_disc discs[FC_QUAD_PROVEN_OUT];
    fc_doubt doubt = {0};
    double noise = 0;
    if (f->disc == NULL || q->n_out > FC_QUAD_PROVEN_OUT ||
        !f->disc(f->context, &place, q->p.params, discs, &doubt)) {
        return 0;
    }
    for (unsigned o = 0; o < q->n_out; o++) {
        noise += discs[o].noise;
    }
    return 0.25 * noise * (panel->hi - panel->lo); /* discs allow for four times as much */
}

double fc_quad_rough_noise(const fc_quad_work *q)
{
    double noise = 0;
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        const bool near_end = panel->level != FC_NO_LEVEL && !q->p.sections[panel->section].inverse;
        if ((panel->flags & FC_PANEL_ROUGH) && !near_end) {
            noise += fc_quad_program_noise(q, panel);
        }
    }
    return noise;
}

bool fc_quad_drop_noise(fc_quad_work *q)
{
    fc_panel *panels = q->p.panels;
    bool any = false;
    for (uint32_t s = 0; s < q->p.n_sections && q->p.f->disc != NULL; s++) {
        fc_section *section = &q->p.sections[s];
        double magnitude[FC_MAX_LEVELS], noise[FC_MAX_LEVELS], rough = 0;
        if (!section->inverse || section->cut || section->n_levels == 0) {
            continue;
        }
        for (size_t i = 0; i < q->p.n; i++) {
            const fc_panel *panel = &panels[i];
            if (panel->section == s && panel->level != FC_NO_LEVEL) {
                rough += panel->flags & FC_PANEL_ROUGH ? panel->error : 0;
            }
        }
        if (!(rough > 1e-3 * q->target)) {
            continue;
        }
        memset(magnitude, 0, (size_t)section->n_levels * sizeof *magnitude);
        memset(noise, 0, (size_t)section->n_levels * sizeof *noise);
        for (size_t i = 0; i < q->p.n; i++) {
            const fc_panel *panel = &panels[i];
            if (panel->section == s && panel->level != FC_NO_LEVEL) {
                magnitude[panel->level] += panel->magnitude;
                noise[panel->level] += fc_quad_program_noise(q, panel);
            }
        }
        int clean = 0;
        while (clean < section->n_levels && noise[clean] <= LOUD * magnitude[clean]) {
            clean++;
        }
        if (clean < FEWEST_CLEAN || clean == section->n_levels) {
            continue;
        }
        section->clean = clean;
        any = true;
        for (size_t i = 0; i < q->p.n; i++) {
            fc_panel *panel = &panels[i];
            if (panel->section == s && panel->level >= clean) {
                panel->flags = FC_PANEL_DEAD | FC_PANEL_DROPPED;
                panel->error = panel->raw = panel->magnitude = 0;
                memset(&q->p.value[i * q->n_out], 0, q->n_out * sizeof(double));
            }
        }
    }
    return any;
}

/* Where terms of f round to nothing, as 1/x**2 does in log(1 + 1/x**2), all levels beyond are 0,
 * but should not be. Then what was left on the last one that is not: its rounding errors are as
 * large as f. */
static double vanished(const fc_quad_work *q, uint32_t index, int n, double negligible)
{
    int last = n - 1;
    double size = 0, magnitude = 0, noise = 0;
    for (; last >= 0 && size == 0; last--) {
        for (unsigned o = 0; o < q->n_out; o++) {
            size += fabs(q->level[(size_t)o * (size_t)n + (size_t)last]);
        }
    }
    if (last == n - 2 || size <= negligible || q->p.sections[index].clean > 0) {
        return 0;
    }
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        if (panel->section == index && panel->level == last + 1) {
            magnitude += panel->magnitude;
            noise += fc_quad_program_noise(q, panel);
        }
    }
    return noise > 0.03 * magnitude ? magnitude : 0;
}

/* The remainder of section `index`'s ladder, added to sums and tail_error. */
static void add_tail(fc_quad_work *q, uint32_t index, double negligible, double *worst)
{
    const fc_section *section = &q->p.sections[index];
    int n = section->clean > 0 ? section->clean : section->n_levels;
    memset(q->level, 0, (size_t)q->n_out * (size_t)n * sizeof *q->level);
    /* The ladder's panels are the ones around `inner`, outwards until a panel has no level. */
    bool outwards = fc_section_falls(section);
    for (uint32_t i = section->inner; i != FC_NO_PANEL;
         i = outwards ? q->p.panels[i].prev : q->p.panels[i].next) {
        const fc_panel *panel = &q->p.panels[i];
        if (panel->section != index || panel->level == FC_NO_LEVEL) {
            break;
        }
        for (unsigned o = 0; o < q->n_out && panel->level < n; o++) {
            q->level[(size_t)o * (size_t)n + (size_t)panel->level] +=
                q->p.value[(size_t)i * q->n_out + o];
        }
    }
    double error = 0;
    bool divergent = false;
    for (unsigned o = 0; o < q->n_out; o++) {
        fc_tail tail = fc_tail_of(&q->level[(size_t)o * (size_t)n], (size_t)n, negligible);
        q->sums[o] += tail.value;
        error = hypot(error, tail.error);
        divergent |= tail.kind == FC_TAIL_DIVERGENT;
    }
    const double lost = vanished(q, index, n, negligible);
    error += lost;
    q->tail_error += error;
    if (error > *worst) {
        *worst = error;
        bool can_extend = fc_layout_ladder_room(&q->p, index) > 0;
        q->open_tail = can_extend && !divergent && lost == 0 ? index : FC_NO_PANEL;
        q->tail_state = divergent  ? FC_QUAD_DIVERGENT
                        : lost > 0 ? FC_QUAD_ROUNDOFF
                                   : FC_QUAD_SINGULAR;
        q->tail_where = section->inverse ? section->sign * INFINITY : section->base;
    }
}

double fc_quad_target_of(const fc_quad_options *options, double norm, double magnitude)
{
    return fmax(fmin(options->epsabs, FC_QUAD_COARSE * magnitude), options->epsrel * norm);
}

/* Sums, errors and tolerance from the panels as they are. */
void fc_quad_summarise(fc_quad_work *q)
{
    fc_sum error = {0, 0}, magnitude = {0, 0};
    memset(q->sums, 0, q->n_out * sizeof *q->sums);
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        error.sum += panel->error;
        magnitude.sum += panel->magnitude;
    }
    for (unsigned o = 0; o < q->n_out; o++) {
        fc_sum total = {0, 0};
        for (size_t i = 0; i < q->p.n; i++) {
            fc_sum_add(&total, q->p.value[i * q->n_out + o]);
        }
        q->sums[o] = fc_sum_value(&total);
    }
    q->panel_error = error.sum;
    q->magnitude = magnitude.sum;
    q->tail_error = q->edge_error = q->hidden_error = 0;
    q->open_tail = FC_NO_PANEL;
    double worst = -1, negligible = fmax(q->options->epsabs,
                                         q->options->epsrel * fc_quad_norm(q->sums, q->n_out));
    negligible = 1e-3 * fmin(negligible, FC_QUAD_COARSE * q->magnitude);
    for (uint32_t s = 0; s < q->p.n_sections; s++) {
        if (q->p.sections[s].n_levels > 0 && !q->p.sections[s].cut) {
            add_tail(q, s, negligible, &worst);
        }
    }
    double size = fc_quad_norm(q->sums, q->n_out);
    q->tolerance = fmax(q->options->epsabs, q->options->epsrel * size);
    q->target = fc_quad_target_of(q->options, size, q->magnitude);
}

double fc_quad_total_error(const fc_quad_work *q)
{
    return q->panel_error + q->tail_error + q->edge_error + q->hidden_error +
           FC_QUAD_NOISE * q->magnitude;
}

/* ---- jumps at the edges of panels ---- */

/* 1 over the distances between the first and the second, and the second and the third node. */
#define NEAR 45.97567025472007
#define FAR 22.857645902224647

/* What f does at one end of a panel: its value at the outermost node, its slope between the two
 * outermost nodes towards larger x, and by how much the slope differs from that between the second
 * and the third. */
typedef struct brink {
    double value, slope, bend;
} brink;

/* `over` is 1 over half the panel's width. */
static inline brink brink_of(const fc_panel *panel, double over, bool falls, bool right)
{
    const double *e = panel->edge;
    double sign = falls ? -1 : 1;
    double near = over * NEAR, far = over * FAR;
    bool high = right != falls; /* the end with the larger p */
    double v0 = high ? e[5] : e[0], v1 = high ? e[4] : e[1], v2 = high ? e[3] : e[2];
    double slope = (v0 - v1) * near, inner = (v1 - v2) * far;
    return (brink){v0, high ? sign * slope : -sign * slope, fabs(slope - inner)};
}

/* A jump, or a kink, between the last node of one panel and the first node of the next is invisible
 * to both. There f changes by more than its slope on either side explains, or its slope by more
 * than its bend does; what may be missed is that change times the gap. With `mark`, the two panels
 * of each such edge are marked. Returns the sum of what may be missed. */
double fc_quad_check_edges(fc_quad_work *q, bool mark)
{
    const double first = 0.5 * (1 - fc_gk21_x[FC_GK21 - 1]);
    double total = 0, over_a, over_b = 0;
    fc_panel *panels = q->p.panels;
    if (q->p.head != FC_NO_PANEL) {
        over_b = 2 / (panels[q->p.head].hi - panels[q->p.head].lo);
    }
    for (uint32_t i = q->p.head; i != FC_NO_PANEL && panels[i].next != FC_NO_PANEL;
         i = panels[i].next) {
        fc_panel *a = &panels[i], *b = &panels[panels[i].next];
        over_a = over_b;
        over_b = 2 / (b->hi - b->lo);
        bool a_falls = fc_section_falls(&q->p.sections[a->section]);
        bool b_falls = fc_section_falls(&q->p.sections[b->section]);
        if ((a_falls && q->p.sections[a->section].inner == i) ||
            (!b_falls && q->p.sections[b->section].inner == a->next)) {
            continue; /* a break between them: f may jump there */
        }
        if ((a->flags | b->flags) & FC_PANEL_DROPPED) {
            continue;
        }
        brink left = brink_of(a, over_a, a_falls, true);
        brink right = brink_of(b, over_b, b_falls, false);
        double gap = first * (a->hi - a->lo + b->hi - b->lo);
        double change = fabs(right.value - left.value), missed = 0;
        double noise = 64 * DBL_EPSILON * (fabs(left.value) + fabs(right.value));
        if (change > 5 * fc_larger(fabs(left.slope), fabs(right.slope)) * gap + noise) {
            missed = change * gap;
        } else if (q->p.sections[a->section].inverse == q->p.sections[b->section].inverse) {
            /* Where the coordinates differ, so do the slopes. */
            double turn = fabs(right.slope - left.slope);
            if (turn * gap > 5 * fc_larger(left.bend, right.bend) * gap + noise) {
                missed = turn * gap * gap;
            }
        }
        if (!isfinite(missed)) {
            continue;
        }
        total += missed;
        if (mark && missed > 1e-3 * q->target) {
            a->flags |= a->flags & FC_PANEL_DEAD ? 0 : FC_PANEL_MARKED | FC_PANEL_STUBBORN;
            b->flags |= b->flags & FC_PANEL_DEAD ? 0 : FC_PANEL_MARKED | FC_PANEL_STUBBORN;
        }
    }
    return total;
}
