/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Which panels fc_quad splits, and what a split tells about the errors of its parts; contract in
 * fc_quad_impl.h. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_quad_layout.h"

#define ERROR_BINS 64

/* ---- which panels ---- */

/* Marks the panels with the largest errors, so that those left alone add up to no more than
 * `budget`. Errors are binned by their exponent: one pass to count, one to mark. */
size_t fc_quad_mark_worst(fc_quad_work *q, double budget, double least)
{
    enum { FIXED = FC_PANEL_DEAD | FC_PANEL_STALLED };
    double bin_sum[ERROR_BINS] = {0}, largest = 0;
    int top;
    size_t n = q->p.n, marked = 0;
    fc_panel *panels = q->p.panels;
    for (size_t i = 0; i < n; i++) {
        if (!(panels[i].flags & FIXED)) {
            largest = fmax(largest, panels[i].error);
        } else {
            budget -= panels[i].error;
        }
    }
    if (largest == 0) {
        return 0;
    }
    budget = fmax(budget, least); /* what cannot be refined must not refine all the rest */
    (void)frexp(largest, &top);
    for (size_t i = 0; i < n; i++) {
        int exponent;
        if (panels[i].error > 0 && !(panels[i].flags & FIXED)) {
            (void)frexp(panels[i].error, &exponent);
            int bin = top - exponent;
            bin_sum[bin < ERROR_BINS ? bin : ERROR_BINS - 1] += panels[i].error;
        }
    }
    int bin = ERROR_BINS - 1;
    for (double left = 0; bin >= 0 && left + bin_sum[bin] <= budget; bin--) {
        left += bin_sum[bin];
    }
    if (bin < 0) {
        return 0;
    }
    double threshold = ldexp(0.5, top - bin); /* the smallest error in the bin */
    for (size_t i = 0; i < n; i++) {
        if (panels[i].error >= threshold && !(panels[i].flags & FIXED)) {
            panels[i].flags |= FC_PANEL_MARKED;
            marked++;
        }
    }
    return marked;
}

#define MOST_NOISY 4096 /* panels that are asked for their noise */

double fc_quad_admit_noise(fc_quad_work *q)
{
    double grown = 0, density = INFINITY; /* of noise, per length in x, at the last panel asked */
    size_t left = q->p.f->disc != NULL ? MOST_NOISY : 0;
    for (size_t i = 0; i < q->p.n && left > 0; i++) {
        fc_panel *panel = &q->p.panels[i];
        if (!(panel->flags & FC_PANEL_ROUGH) || (panel->flags & FC_PANEL_ADMITTED)) {
            continue;
        }
        const fc_section *s = &q->p.sections[panel->section];
        const double length = fabs(fc_section_x(s, panel->hi) - fc_section_x(s, panel->lo));
        if (16 * density * length < 1e-2 * q->target / MOST_NOISY) {
            continue; /* nearby there was next to none */
        }
        const double noise = fc_quad_program_noise(q, panel);
        density = noise / length;
        panel->flags |= FC_PANEL_ADMITTED;
        if (noise > panel->error) {
            panel->flags |= FC_PANEL_STALLED;
            grown += noise - panel->error;
            panel->error = noise;
        }
        left--;
    }
    return grown;
}

/* ---- splitting ---- */

static fc_status reserve_families(fc_quad_work *q, size_t n)
{
    if (n <= q->family_room) {
        return FC_OK;
    }
    fc_free(q->families);
    fc_free(q->parent_value);
    q->family_room = 2 * n;
    q->families = fc_malloc(q->family_room, sizeof *q->families);
    q->parent_value = fc_malloc(q->family_room * q->n_out, sizeof *q->parent_value);
    if (q->families == NULL || q->parent_value == NULL) {
        q->family_room = 0;
        return FC_ERR_NOMEM;
    }
    return FC_OK;
}

/* Lowers or raises the children's errors by what the split has shown. */
static void confirm(fc_quad_work *q, const fc_quad_family *f, const double *parent_value)
{
    fc_panel *panels = q->p.panels;
    double raw = 0, change = 0, worst = -1, share = 0, magnitude = 0;
    bool rough = false;
    for (unsigned k = 0; k < f->ways; k++) {
        const fc_panel *child = &panels[k == 0 ? f->parent : f->first_new + k - 1];
        raw += child->raw;
        magnitude += child->magnitude;
        rough |= (child->flags & FC_PANEL_ROUGH) != 0;
        if (child->raw > worst) {
            worst = child->raw;
            share = child->magnitude / f->magnitude;
        }
    }
    for (unsigned o = 0; o < q->n_out; o++) {
        double difference = -parent_value[o];
        for (unsigned k = 0; k < f->ways; k++) {
            difference +=
                q->p.value[(size_t)(k == 0 ? f->parent : f->first_new + k - 1) * q->n_out + o];
        }
        change = hypot(change, difference);
    }
    /* The parent's sum was within `change` of the children's, which are better: so |K - G| of
     * theirs is too much. The floor guards against a chance agreement. Where the parent's own claim
     * was too small, so may theirs be. */
    double scale = FC_PANEL_SAFETY;
    if (rough) {
        /* Around a point of trouble all estimates are as good as random from one split to the next,
         * and stopping at the first that is small by chance would deceive: a claim shrinks no
         * faster than the integral of |f| does around the point. */
        if (f->flags & FC_PANEL_ROUGH) {
            double claim = fmax(change, f->error * share);
            /* Of a needle just found the share is any number, but |f| bounds what a split moves. */
            claim = fmin(claim, f->error + change + 16 * magnitude);
            scale = fmax(scale, claim / raw);
        }
    } else if (change < raw) {
        scale *= fmax(change / raw, 0.01);
    } else if (change > f->raw) {
        scale *= fmin(f->raw > 0 ? change / f->raw : 10, 10);
    }
    /* Where f is all rounding errors the halves are as rough as the whole. */
    const bool noisy = rough && (f->flags & FC_PANEL_ROUGH) && raw > 0.5 * f->raw;
    bool useless = raw > 0.9 * f->raw && raw < 1e-6 * f->magnitude;
    for (unsigned k = 0; k < f->ways; k++) {
        fc_panel *child = &panels[k == 0 ? f->parent : f->first_new + k - 1];
        if (child->flags & FC_PANEL_STALLED) {
            continue; /* known for noise as soon as it was evaluated */
        }
        const double noise = noisy ? fc_quad_program_noise(q, child) : 0;
        if (noise > 0 && child->raw <= 16 * noise) {
            child->flags |= FC_PANEL_STALLED;
            child->error = fmax(noise, child->raw); /* they may all have the same sign */
            continue;
        }
        child->error = fmin(child->raw * scale, FC_PANEL_MAX_ERROR); /* also of 0 times infinity */
        if (!rough) { /* a chance agreement may hide that x is rounded */
            const double ulp = fc_section_ulp(&q->p.sections[child->section], child->hi);
            child->error =
                fmax(child->error, 0.1 * ulp / (child->hi - child->lo) * child->magnitude);
        }
        child->flags &= (uint8_t)~FC_PANEL_STUBBORN;
        if (rough && raw > 0.04 * f->raw) {
            child->flags |= FC_PANEL_STUBBORN;
        }
        /* Twice in a row without gain, at a level far below f itself: that is noise. */
        if (useless && (f->flags & FC_PANEL_STUBBORN)) {
            child->flags |= FC_PANEL_STALLED;
        }
        if (fc_layout_is_dead(&q->p, child)) {
            child->flags |= FC_PANEL_DEAD;
        }
    }
}

/* Splits what is marked (an end panel gets a ladder instead), evaluates, confirms. */
fc_status fc_quad_split_marked(fc_quad_work *q, size_t n_marked)
{
    fc_panels *p = &q->p;
    size_t n = p->n, n_families = 0;
    fc_status status = reserve_families(q, n_marked);
    if (status == FC_OK) {
        status = fc_panels_reserve(p, 3 * n_marked + 32 * p->n_sections);
    }
    if (status != FC_OK) {
        return status;
    }
    for (uint32_t i = 0; i < n; i++) {
        fc_panel *panel = &p->panels[i];
        if (!(panel->flags & FC_PANEL_MARKED)) {
            continue;
        }
        panel->flags &= (uint8_t)~FC_PANEL_MARKED;
        fc_section *section = &p->sections[panel->section];
        if (section->inner == i && section->n_levels == 0) {
            int levels = fc_layout_ladder_room(p, panel->section);
            if (levels >= 8) {
                fc_layout_add_levels(p, panel->section, levels < 24 ? levels : 24, false);
                continue;
            }
        }
        fc_quad_family *f = &q->families[n_families];
        *f = (fc_quad_family){.parent = i,
                              .ways = panel->flags & FC_PANEL_STUBBORN ? 4 : 2,
                              .error = panel->error,
                              .raw = panel->raw,
                              .magnitude = panel->magnitude,
                              .flags = panel->flags};
        memcpy(&q->parent_value[n_families * q->n_out], &p->value[(size_t)i * q->n_out],
               q->n_out * sizeof(double));
        fc_layout_split(p, i, f->ways, &f->first_new);
        n_families++;
    }
    status = fc_panels_evaluate(p);
    for (size_t k = 0; k < n_families && status == FC_OK; k++) {
        confirm(q, &q->families[k], &q->parent_value[k * q->n_out]);
    }
    return status;
}
