/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where fc_quad finds f to be infinite, undefined, singular, or nothing at all, and the break
 * points that it makes of that; contract in fc_quad_impl.h. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#define MOST_NEEDLES 4

/* ---- infinite and undefined values ---- */

/* Towards infinity a quotient of two huge numbers may become nan where f is long negligible: cut
 * the section there. True if that explains all that is not finite. */
bool fc_quad_cut_overflow(fc_quad_work *q)
{
    fc_panels *p = &q->p;
    size_t left = p->n_nonfinite;
    double total = 0;
    for (size_t i = 0; i < p->n; i++) {
        total += p->panels[i].magnitude;
    }
    for (uint32_t s = 0; s < p->n_sections; s++) {
        fc_section *section = &p->sections[s];
        double beyond = 0, near = INFINITY, magnitude = INFINITY;
        if (!section->inverse) {
            continue;
        }
        for (size_t i = 0; i < p->n; i++) {
            if (p->panels[i].section == s && (p->panels[i].flags & FC_PANEL_NONFINITE)) {
                beyond = fmax(beyond, p->panels[i].hi);
            }
        }
        for (size_t i = 0; i < p->n; i++) {
            if (p->panels[i].section == s && p->panels[i].lo >= beyond && p->panels[i].lo < near) {
                near = p->panels[i].lo;
                magnitude = p->panels[i].magnitude;
            }
        }
        if (beyond == 0 || !(magnitude < 1e-25 * total)) {
            continue;
        }
        section->cut = true;
        for (size_t i = 0; i < p->n; i++) {
            fc_panel *panel = &p->panels[i];
            if (panel->section == s && panel->hi <= beyond) {
                left -= (panel->flags & FC_PANEL_NONFINITE) != 0;
                panel->flags = FC_PANEL_DEAD;
                panel->error = panel->raw = panel->magnitude = 0;
                memset(panel->edge, 0, sizeof panel->edge);
                memset(&p->value[i * q->n_out], 0, q->n_out * sizeof(double));
            }
        }
    }
    p->n_nonfinite = left;
    return left == 0;
}

static bool is_given(const fc_quad_work *q, double x)
{
    for (size_t i = 0; i < q->n_points; i++) {
        if (q->points[i] == x) {
            return true;
        }
    }
    return false;
}

/* Adds a break, where f may be `infinite`; false when it is one already, lies outside, or there are
 * too many. */
static bool add_break(fc_quad_work *q, double x, bool infinite)
{
    size_t at = 0;
    while (at < q->n_breaks && q->breaks[at] < x) {
        at++;
    }
    if (at == 0 || at == q->n_breaks || q->breaks[at] == x ||
        q->n_breaks >= q->n_given + FC_QUAD_NEW_BREAKS) {
        return false;
    }
    double close = 1024 * DBL_EPSILON * fabs(x);
    for (size_t k = at - 1; k <= at; k++) {
        if (fabs(x - q->breaks[k]) <= close) {
            /* The same place, seen again. Only an infinity says better where it is, and only of a
             * break found. */
            bool found = k > 0 && k + 1 < q->n_breaks && q->n_breaks > q->n_given &&
                         !is_given(q, q->breaks[k]);
            if (infinite && found) {
                q->breaks[k] = x;
            }
            return infinite && found;
        }
    }
    memmove(&q->breaks[at + 1], &q->breaks[at], (q->n_breaks - at) * sizeof *q->breaks);
    q->breaks[at] = x;
    q->n_breaks++;
    return true;
}

/* x of a dead panel's trouble: where |f| was largest; but 0 if that is as near as the panel's own
 * coordinate, whose base is elsewhere, can tell. From 0 as a base all doubles near it can be
 * reached. */
static double trouble_in(const fc_quad_work *q, const fc_panel *panel)
{
    const fc_section *section = &q->p.sections[panel->section];
    double resolution = section->inverse ? 0 : 256 * DBL_EPSILON * fabs(section->base);
    return fabs(panel->peak_x) <= resolution ? 0 : panel->peak_x;
}

/* What was not finite: breaks for isolated infinities (*again), or the end of it. */
void fc_quad_handle_nonfinite(fc_quad_work *q, fc_quad_result *result, bool *again)
{
    fc_panels *p = &q->p;
    bool ladder = false, nan = false, moved = false;
    for (size_t i = 0; i < p->n; i++) {
        const fc_panel *panel = &p->panels[i];
        if (!(panel->flags & FC_PANEL_NONFINITE)) {
            continue;
        }
        if (!nan || panel->nan) {
            result->where = panel->peak_x;
        }
        nan |= panel->nan;
        ladder |= panel->level != FC_NO_LEVEL;
    }
    if (!nan && p->n_nonfinite <= 4) { /* more are a range, not points */
        for (size_t i = 0; i < p->n; i++) {
            if (p->panels[i].flags & FC_PANEL_NONFINITE) {
                moved |= add_break(q, trouble_in(q, &p->panels[i]), true);
            }
        }
    }
    *again = moved;
    result->state = ladder && !nan ? FC_QUAD_DIVERGENT : FC_QUAD_NONFINITE;
}

/* ---- singularities inside ---- */

/* Dead panels whose errors are too large become breaks; true if there is a new one. */
bool fc_quad_break_at_singularities(fc_quad_work *q, double *where)
{
    size_t n_before = q->n_breaks;
    double worst = 0;
    for (size_t i = 0; i < q->p.n; i++) {
        const fc_panel *panel = &q->p.panels[i];
        bool narrow =
            panel->hi - panel->lo < 1e-3 * panel->hi; /* not the ladder of a known break */
        bool stuck = panel->flags & FC_PANEL_DEAD || (panel->flags & FC_PANEL_STALLED && narrow);
        if (stuck && panel->error > 1e-3 * q->target) {
            double x = trouble_in(q, panel);
            (void)add_break(q, x, false);
            if (panel->error > worst) {
                worst = panel->error;
                *where = x;
            }
        }
    }
    return q->n_breaks > n_before;
}

/* Everything was 0: is there anything at all? True if a break was added where there is. */
fc_status fc_quad_scan_for_anything(fc_quad_work *q, bool *found)
{
    enum { CHUNK = 512 };
    double x[CHUNK];
    size_t chunks = q->p.f->serial ? 8 : 32;
    unsigned n_hidden;
    *found = false;
    q->scanned = true;
    if (q->options->weight == NULL) {
        fc_status status = fc_quad_find_hidden(q, x, &n_hidden);
        for (unsigned i = 0; status == FC_OK && i < n_hidden; i++) {
            *found |= add_break(q, x[i], false);
        }
        if (status != FC_OK || *found) {
            return status;
        }
    }
    for (size_t s = 0; s < q->p.n_sections && !*found; s++) {
        fc_section section = q->p.sections[s];
        for (size_t c = 0; c < chunks && !*found; c++) {
            for (size_t i = 0; i < CHUNK; i++) {
                double t = ((double)(c * CHUNK + i) + 0.618) / (double)(chunks * CHUNK);
                x[i] = fc_section_x(&section, section.inverse ? exp2(-24 * t) : section.top * t);
            }
            const double *value;
            fc_status status = fc_panels_sample(&q->p, x, CHUNK, &value);
            if (status != FC_OK) {
                return status;
            }
            for (size_t i = 0; i < CHUNK && !*found; i++) {
                *found = isfinite(value[i]) && value[i] != 0 && add_break(q, x[i], false);
            }
        }
    }
    return FC_OK;
}

fc_status fc_quad_break_at_needle(fc_quad_work *q, bool *found)
{
    double x[2];
    unsigned n;
    *found = false;
    if (q->needles == MOST_NEEDLES || q->options->weight != NULL) {
        return FC_OK;
    }
    q->needles++;
    fc_status status = fc_quad_find_needle(q, x, &n);
    for (unsigned i = 0; status == FC_OK && i < n; i++) {
        *found |= add_break(q, x[i], false);
    }
    return status;
}
