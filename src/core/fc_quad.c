/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adaptive integration; contract in fc_quad.h.
 *
 *     attempt: lay out panels between the breaks, evaluate them
 *         round: sum up ─► error small enough, no jump hidden at an edge? ─► done
 *                mark the worst panels whose errors exceed the budget ─► split or grade them ─►
 * evaluate ─► confirm a singularity inside, or an infinite value, was found? add a break there and
 * attempt again
 *
 * Nothing depends on the number of threads: they only evaluate what a round has marked. */
#include "fc_quad.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_epsilon.h"
#include "fc_quad_layout.h"
#include "fc_quad_panel.h"

#define MAX_NEW_BREAKS 16
#define MAX_ATTEMPTS 12
/* Rounding errors that |K - G| does not show: those of f itself, of the abscissae, of the exact
 * answer. */
#define NOISE (16 * DBL_EPSILON)
#define COARSE                                                                                     \
    1e-3 /* an absolute tolerance does not excuse a worse relative error, while it can be cured */
#define ERROR_BINS 64

/* A panel that was split: what confirm() needs to know about it. */
typedef struct family {
    uint32_t parent, first_new; /* children: parent, first_new, first_new + 1, ... */
    unsigned ways;
    double error, raw, magnitude;
    uint8_t flags;
} family;

typedef struct quad {
    const fc_quad_options *options;
    fc_panels p;
    fc_weighted weighted; /* zeros where there is no weight */
    unsigned n_out;
    double *breaks; /* limits and break points, ascending; room for MAX_NEW_BREAKS more */
    size_t n_breaks, n_given;
    double *points; /* n_points of the options, in the integrand's variable */
    size_t n_points;
    family *families;
    double *parent_value; /* n_out per family */
    size_t family_room;
    double *sums;  /* n_out: the integral as far as known */
    double *level; /* contributions of a ladder's levels, [output][level] */
    /* Of the round: */
    double panel_error, tail_error, edge_error, magnitude, tolerance, target;
    fc_quad_state tail_state;
    double tail_where;
    uint32_t open_tail; /* the section whose tail is worst and can be extended; FC_NO_PANEL */
    bool scanned;
    bool zero_added; /* the break at 0 of the whole line is none of f's */
} quad;

static void quad_destroy(quad *q)
{
    fc_panels_destroy(&q->p);
    fc_weighted_clear(&q->weighted);
    fc_free(q->breaks);
    fc_free(q->points);
    fc_free(q->families);
    fc_free(q->parent_value);
    fc_free(q->sums);
    fc_free(q->level);
}

static fc_status quad_init(quad *q, const fc_run *run, const fc_integrand *f,
                           const fc_quad_options *options, unsigned width)
{
    size_t n_level;
    *q = (quad){.options = options, .n_out = f->n_out};
    fc_status status = FC_OK;
    if (options->weight != NULL) {
        status = fc_weighted_init(&q->weighted, f, options->weight, width, FC_PANEL_ROOM);
        f = &q->weighted.base;
    }
    if (status == FC_OK) {
        status = fc_panels_init(&q->p, run, f, width);
    }
    if (status != FC_OK) {
        return status;
    }
    if (!fc_size_mul(f->n_out, FC_MAX_LEVELS, &n_level)) {
        return FC_ERR_NOMEM;
    }
    q->breaks = fc_malloc(options->n_points + 4 + MAX_NEW_BREAKS, sizeof *q->breaks);
    q->points = fc_malloc(options->n_points + 1, sizeof *q->points);
    q->sums = fc_malloc(f->n_out, sizeof *q->sums);
    q->level = fc_malloc(n_level, sizeof *q->level);
    return q->breaks != NULL && q->points != NULL && q->sums != NULL && q->level != NULL
               ? FC_OK
               : FC_ERR_NOMEM;
}

/* ---- what is known ---- */

static double norm(const double *v, unsigned n)
{
    double total = fabs(v[0]);
    for (unsigned o = 1; o < n; o++) {
        total = hypot(total, v[o]);
    }
    return total;
}

/* fmax, but for nan: no call of the library. */
static inline double larger(double a, double b)
{
    return a > b ? a : b;
}

/* The remainder of section `index`'s ladder, added to sums and tail_error. */
static void add_tail(quad *q, uint32_t index, double negligible, double *worst)
{
    const fc_section *section = &q->p.sections[index];
    int n = section->n_levels;
    memset(q->level, 0, (size_t)q->n_out * (size_t)n * sizeof *q->level);
    /* The ladder's panels are the ones around `inner`, outwards until a panel has no level. */
    bool outwards = fc_section_falls(section);
    for (uint32_t i = section->inner; i != FC_NO_PANEL;
         i = outwards ? q->p.panels[i].prev : q->p.panels[i].next) {
        const fc_panel *panel = &q->p.panels[i];
        if (panel->section != index || panel->level == FC_NO_LEVEL) {
            break;
        }
        for (unsigned o = 0; o < q->n_out; o++) {
            q->level[(size_t)o * (size_t)n + (size_t)panel->level] +=
                q->p.value[(size_t)i * q->n_out + o];
        }
    }
    double error = 0;
    bool divergent = false, unsettled = false;
    for (unsigned o = 0; o < q->n_out; o++) {
        fc_tail tail = fc_tail_of(&q->level[(size_t)o * (size_t)n], (size_t)n, negligible);
        q->sums[o] += tail.value;
        error = hypot(error, tail.error);
        divergent |= tail.kind == FC_TAIL_DIVERGENT;
        unsettled |= tail.kind == FC_TAIL_UNSETTLED;
    }
    q->tail_error += error;
    if (error > *worst) {
        *worst = error;
        bool can_extend = fc_layout_ladder_room(&q->p, index) > 0;
        q->open_tail = can_extend && !divergent ? index : FC_NO_PANEL;
        q->tail_state = divergent ? FC_QUAD_DIVERGENT : FC_QUAD_SINGULAR;
        q->tail_where = section->inverse ? section->sign * INFINITY : section->base;
    }
    (void)unsettled;
}

/* Sums, errors and tolerance from the panels as they are. */
static void summarise(quad *q)
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
    q->tail_error = q->edge_error = 0;
    q->open_tail = FC_NO_PANEL;
    double worst = -1,
           negligible = fmax(q->options->epsabs, q->options->epsrel * norm(q->sums, q->n_out));
    negligible = 1e-3 * fmin(negligible, COARSE * q->magnitude);
    for (uint32_t s = 0; s < q->p.n_sections; s++) {
        if (q->p.sections[s].n_levels > 0 && !q->p.sections[s].cut) {
            add_tail(q, s, negligible, &worst);
        }
    }
    double wanted = q->options->epsrel * norm(q->sums, q->n_out);
    q->tolerance = fmax(q->options->epsabs, wanted);
    q->target = fmax(fmin(q->options->epsabs, COARSE * q->magnitude), wanted);
}

static double total_error(const quad *q)
{
    return q->panel_error + q->tail_error + q->edge_error + NOISE * q->magnitude;
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

static brink brink_of(const fc_panel *panel, bool falls, bool right)
{
    const double *e = panel->edge;
    double over = 2 / (panel->hi - panel->lo), sign = falls ? -1 : 1;
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
static double check_edges(quad *q, bool mark)
{
    const double first = 0.5 * (1 - fc_gk21_x[FC_GK21 - 1]);
    double total = 0;
    fc_panel *panels = q->p.panels;
    for (uint32_t i = q->p.head; i != FC_NO_PANEL && panels[i].next != FC_NO_PANEL;
         i = panels[i].next) {
        fc_panel *a = &panels[i], *b = &panels[panels[i].next];
        bool a_falls = fc_section_falls(&q->p.sections[a->section]);
        bool b_falls = fc_section_falls(&q->p.sections[b->section]);
        if ((a_falls && q->p.sections[a->section].inner == i) ||
            (!b_falls && q->p.sections[b->section].inner == a->next)) {
            continue; /* a break between them: f may jump there */
        }
        brink left = brink_of(a, a_falls, true), right = brink_of(b, b_falls, false);
        double gap = first * (a->hi - a->lo + b->hi - b->lo);
        double change = fabs(right.value - left.value), missed = 0;
        double noise = 64 * DBL_EPSILON * (fabs(left.value) + fabs(right.value));
        if (change > 5 * larger(fabs(left.slope), fabs(right.slope)) * gap + noise) {
            missed = change * gap;
        } else if (q->p.sections[a->section].inverse == q->p.sections[b->section].inverse) {
            /* Where the coordinates differ, so do the slopes. */
            double turn = fabs(right.slope - left.slope);
            if (turn * gap > 5 * larger(left.bend, right.bend) * gap + noise) {
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

/* ---- which panels ---- */

/* Marks the panels with the largest errors, so that those left alone add up to no more than
 * `budget`. Errors are binned by their exponent: one pass to count, one to mark. */
static size_t mark_worst(quad *q, double budget, double least)
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

/* ---- splitting ---- */

static fc_status reserve_families(quad *q, size_t n)
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
static void confirm(quad *q, const family *f, const double *parent_value)
{
    fc_panel *panels = q->p.panels;
    double raw = 0, change = 0, worst = -1, share = 0;
    bool rough = false;
    for (unsigned k = 0; k < f->ways; k++) {
        const fc_panel *child = &panels[k == 0 ? f->parent : f->first_new + k - 1];
        raw += child->raw;
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
            scale = fmax(scale, fmax(change, f->error * share) / raw);
        }
    } else if (change < raw) {
        scale *= fmax(change / raw, 0.01);
    } else if (change > f->raw) {
        scale *= fmin(f->raw > 0 ? change / f->raw : 10, 10);
    }
    bool useless = raw > 0.9 * f->raw && raw < 1e-6 * f->magnitude;
    for (unsigned k = 0; k < f->ways; k++) {
        fc_panel *child = &panels[k == 0 ? f->parent : f->first_new + k - 1];
        if (child->flags & FC_PANEL_STALLED) {
            continue; /* known for noise as soon as it was evaluated */
        }
        child->error = fmin(child->raw * scale, FC_PANEL_MAX_ERROR); /* also of 0 times infinity */
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
static fc_status split_marked(quad *q, size_t n_marked)
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
        family *f = &q->families[n_families];
        *f = (family){.parent = i,
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

/* ---- infinite and undefined values ---- */

/* Towards infinity a quotient of two huge numbers may become nan where f is long negligible: cut
 * the section there. True if that explains all that is not finite. */
static bool cut_overflow(quad *q)
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

static bool is_given(const quad *q, double x)
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
static bool add_break(quad *q, double x, bool infinite)
{
    size_t at = 0;
    while (at < q->n_breaks && q->breaks[at] < x) {
        at++;
    }
    if (at == 0 || at == q->n_breaks || q->breaks[at] == x ||
        q->n_breaks >= q->n_given + MAX_NEW_BREAKS) {
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
static double trouble_in(const quad *q, const fc_panel *panel)
{
    const fc_section *section = &q->p.sections[panel->section];
    double resolution = section->inverse ? 0 : 256 * DBL_EPSILON * fabs(section->base);
    return fabs(panel->peak_x) <= resolution ? 0 : panel->peak_x;
}

/* What was not finite: breaks for isolated infinities (*again), or the end of it. */
static void handle_nonfinite(quad *q, fc_quad_result *result, bool *again)
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
static bool break_at_singularities(quad *q, double *where)
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
static fc_status scan_for_anything(quad *q, bool *found)
{
    enum { CHUNK = 512 };
    double x[CHUNK];
    size_t chunks = q->p.f->serial ? 8 : 32;
    *found = false;
    q->scanned = true;
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

/* ---- the rounds ---- */

/* One attempt with the breaks there are. *again: breaks were added, attempt anew. */
static fc_status attempt(quad *q, fc_quad_result *result, bool *again)
{
    fc_panels *p = &q->p;
    *again = false;
    result->where = NAN;
    fc_status status = fc_layout_range(p, q->breaks, q->n_breaks, q->options->density,
                                       !(q->zero_added && q->n_breaks == 3));
    if (status == FC_OK) {
        status = fc_panels_evaluate(p);
    }
    size_t limit = p->n + q->options->limit;
    while (status == FC_OK) {
        if (p->n_nonfinite > 0 && !cut_overflow(q)) {
            summarise(q);
            handle_nonfinite(q, result, again);
            return FC_OK;
        }
        summarise(q);
        size_t n_marked = 0;
        double error = total_error(q);
        if (q->magnitude == 0 && !q->scanned) {
            status = scan_for_anything(q, again);
            if (status != FC_OK || *again) {
                return status;
            }
        }
        if (error <= q->target) {
            q->edge_error = check_edges(q, false);
            if (error + q->edge_error <= q->target) {
                result->state = FC_QUAD_CONVERGED;
                return FC_OK;
            }
            q->edge_error = check_edges(q, true);
            for (size_t i = 0; i < p->n; i++) {
                n_marked += (p->panels[i].flags & FC_PANEL_MARKED) != 0;
            }
        } else {
            double fixed = NOISE * q->magnitude + (isfinite(q->tail_error) ? q->tail_error : 0);
            bool extended = false;
            if (q->open_tail != FC_NO_PANEL && q->tail_error > 0.25 * q->target) {
                int room = fc_layout_ladder_room(p, q->open_tail),
                    have = p->sections[q->open_tail].n_levels;
                room = room < have + 8 ? room : have + 8;
                status = fc_panels_reserve(p, (size_t)room);
                if (status != FC_OK) {
                    return status;
                }
                if (p->n + (size_t)room <= limit + FC_MAX_LEVELS) {
                    fc_layout_add_levels(p, q->open_tail, room, false);
                    extended = true;
                }
            }
            /* Below the noise of f no split helps, whatever is asked for. */
            double reachable = fmax(q->target, 2 * NOISE * q->magnitude);
            n_marked = mark_worst(q, 0.5 * (reachable - fixed), 0.1 * reachable);
            if (n_marked == 0 && extended) {
                status = fc_panels_evaluate(p);
                continue;
            }
        }
        if (n_marked == 0) {
            double where = NAN;
            if (q->panel_error + q->edge_error > 0.5 * q->target &&
                break_at_singularities(q, &where)) {
                *again = true;
                return FC_OK;
            }
            result->where = where;
            result->state = FC_QUAD_ROUNDOFF;
            if (q->tail_error > 0.5 * q->target) {
                result->state = q->tail_state;
                result->where = q->tail_where;
            } else if (!isnan(where)) {
                result->state = FC_QUAD_SINGULAR;
            }
            return FC_OK;
        }
        if (p->n + n_marked > limit) {
            result->state = FC_QUAD_LIMIT;
            double worst = -1;
            for (size_t i = 0; i < p->n; i++) {
                fc_panel *panel = &p->panels[i];
                if (panel->error > worst) {
                    worst = panel->error;
                    result->where =
                        fc_section_x(&p->sections[panel->section], 0.5 * (panel->lo + panel->hi));
                }
            }
            if (p->n_todo > 0) { /* the ladder's new levels */
                status = fc_panels_evaluate(p);
                summarise(q);
            }
            if (q->tail_state == FC_QUAD_DIVERGENT && q->tail_error > q->target) {
                result->state = FC_QUAD_DIVERGENT;
                result->where = q->tail_where;
            }
            return status;
        }
        status = split_marked(q, n_marked);
    }
    return status;
}

/* The limits and the points between them, in the integrand's variable. */
static void set_breaks(quad *q, double low, double high)
{
    q->n_points = 0;
    for (size_t i = 0; i < q->options->n_points; i++) {
        double x = q->options->points[i];
        if (x > low && x < high) {
            q->points[q->n_points++] = x;
        }
    }
    if (q->options->weight != NULL) {
        q->n_points = fc_weighted_set_range(&q->weighted, &low, &high, q->points, q->n_points);
    }
    q->n_breaks = 0;
    q->breaks[q->n_breaks++] = low;
    for (size_t i = 0; i < q->n_points; i++) {
        if (q->points[i] > q->breaks[q->n_breaks - 1]) {
            q->breaks[q->n_breaks++] = q->points[i];
        }
    }
    q->zero_added = q->n_breaks == 1 && isinf(low) && isinf(high);
    if (q->zero_added) {
        q->breaks[q->n_breaks++] = 0;
    }
    q->breaks[q->n_breaks++] = high;
}

/* One integral from a to b. */
static fc_status integrate_one(quad *q, double a, double b, const double *params, unsigned worker,
                               double *values, fc_quad_result *result)
{
    *result = (fc_quad_result){.where = NAN};
    memset(values, 0, q->n_out * sizeof *values);
    if (a == b) {
        return FC_OK;
    }
    double sign = a < b ? 1 : -1;
    set_breaks(q, a < b ? a : b, a < b ? b : a);
    q->n_given = q->n_breaks;
    q->scanned = false;
    q->p.n_eval = 0;
    bool again = true;
    for (int round = 0; again && round < MAX_ATTEMPTS; round++) {
        fc_panels_reset(&q->p, params, worker);
        q->tail_state = FC_QUAD_SINGULAR;
        fc_status status = attempt(q, result, &again);
        if (status != FC_OK) {
            return status;
        }
    }
    if (again) {
        result->state = FC_QUAD_SINGULAR;
    }
    result->n_eval = q->p.n_eval;
    if (q->options->weight != NULL) {
        result->where = fc_weighted_origin(&q->weighted, result->where);
        result->n_eval *= q->weighted.folded ? 2 : 1;
    }
    result->n_panels = q->p.n;
    result->error = total_error(q);
    if (!isfinite(norm(q->sums, q->n_out))) {
        result->state = FC_QUAD_NONFINITE;
    }
    if (result->state == FC_QUAD_NONFINITE || result->state == FC_QUAD_DIVERGENT) {
        result->error = INFINITY;
    } else if (result->error <= q->tolerance && result->state != FC_QUAD_CONVERGED) {
        result->state = FC_QUAD_CONVERGED; /* by the absolute tolerance alone */
    }
    for (unsigned o = 0; o < q->n_out; o++) {
        values[o] = sign * q->sums[o];
    }
    return FC_OK;
}

/* ---- many integrals ---- */

typedef struct sweep {
    const fc_run *run;
    const fc_integrand *f;
    const fc_quad_options *options;
    const fc_integrals *in;
    double *values;
    fc_quad_result *results;
    quad *workspaces; /* [width] */
    bool *ready;
} sweep;

static fc_status run_sweep(void *context, size_t begin, size_t end, unsigned worker)
{
    sweep *s = context;
    quad *q = &s->workspaces[worker];
    if (!s->ready[worker]) {
        fc_status status = quad_init(q, s->run, s->f, s->options, 1);
        s->ready[worker] = true;
        if (status != FC_OK) {
            return status;
        }
        q->p.nested = true;
    }
    for (size_t k = begin; k < end; k++) {
        const double *params = s->in->params != NULL ? s->in->params + k * s->in->n_params : NULL;
        fc_status status = integrate_one(q, s->in->a[k], s->in->b[k], params, worker,
                                         s->values + k * s->f->n_out, &s->results[k]);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}

static fc_status run_many(const fc_run *run, sweep *s)
{
    fc_run local = *run;
    local.width = s->f->serial ? 1 : fc_run_width(run);
    local.width = local.width < s->in->m ? local.width : (unsigned)s->in->m;
    s->workspaces = fc_calloc(local.width, sizeof *s->workspaces);
    s->ready = fc_calloc(local.width, sizeof *s->ready);
    fc_status status = FC_ERR_NOMEM;
    if (s->workspaces != NULL && s->ready != NULL) {
        status = fc_pool_for(&local, run_sweep, s, s->in->m, 8);
        for (unsigned i = 0; i < local.width; i++) {
            if (s->ready[i]) {
                quad_destroy(&s->workspaces[i]);
            }
        }
    }
    fc_free(s->workspaces);
    fc_free(s->ready);
    return status;
}

fc_status fc_quad(const fc_run *run, const fc_integrand *f, const fc_quad_options *options,
                  const fc_integrals *integrals, double *values, fc_quad_result *results)
{
    static const fc_run none;
    run = run != NULL ? run : &none;
    if (!(options->epsabs >= 0) || !(options->epsrel >= 0) || options->limit == 0 ||
        options->density == 0 || f->n_out == 0 || f->n_dim != 1 + integrals->n_params) {
        return FC_ERR_INVALID;
    }
    for (size_t k = 0; k < integrals->m; k++) {
        if (isnan(integrals->a[k]) || isnan(integrals->b[k])) {
            return FC_ERR_INVALID;
        }
    }
    if (integrals->m > 1) {
        sweep s = {run, f, options, integrals, values, results, NULL, NULL};
        return run_many(run, &s);
    }
    if (integrals->m == 0) {
        return FC_OK;
    }
    quad q;
    fc_status status = quad_init(&q, run, f, options, f->serial ? 1 : fc_run_width(run));
    if (status == FC_OK) {
        status = integrate_one(&q, integrals->a[0], integrals->b[0], integrals->params, 0, values,
                               results);
    }
    quad_destroy(&q);
    return status;
}
