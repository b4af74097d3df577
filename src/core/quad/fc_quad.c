/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adaptive integration; contract in fc_quad.h.
 *
 *     proved that few panels do (fc_quad_proven.c)? ─► done
 *     attempt: lay out panels between the breaks, evaluate them
 *         round: sum up ─► error small enough, no jump hidden at an edge, no needles far out?
 *                     ─► done
 *                mark the worst panels whose errors exceed the budget
 *                       ─► split or grade them ─► evaluate ─► confirm
 *     a singularity inside, or an infinite value, was found? add a break there and attempt again
 *
 * Nothing depends on the number of threads: they only evaluate what a round has marked. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_quad_layout.h"

#define MAX_ATTEMPTS 12
#define LONG_RANGE 1024
#define SCALE_BREAKS 400
#define BLOCK 16 /* integrals of a sweep that go to one thread */

static void quad_destroy(fc_quad_work *q)
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

static fc_status quad_init(fc_quad_work *q, const fc_run *run, const fc_integrand *f,
                           const fc_quad_options *options, unsigned width)
{
    size_t n_level;
    *q = (fc_quad_work){.options = options, .n_out = f->n_out};
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
    q->breaks =
        fc_malloc(options->n_points + FC_WEIGHT_POINTS + 4 + FC_QUAD_NEW_BREAKS + SCALE_BREAKS,
                  sizeof *q->breaks);
    q->points = fc_malloc(options->n_points + FC_WEIGHT_POINTS, sizeof *q->points);
    q->sums = fc_malloc(f->n_out, sizeof *q->sums);
    q->level = fc_malloc(n_level, sizeof *q->level);
    return q->breaks != NULL && q->points != NULL && q->sums != NULL && q->level != NULL
               ? FC_OK
               : FC_ERR_NOMEM;
}

/* ---- the rounds ---- */

/* One attempt with the breaks there are. *again: breaks were added, attempt anew. */
static fc_status attempt(fc_quad_work *q, fc_quad_result *result, bool *again)
{
    fc_panels *p = &q->p;
    bool first = true;
    *again = false;
    result->where = NAN;
    fc_status status =
        fc_layout_range(p, q->breaks, q->n_breaks, q->options->density, q->n_breaks != q->n_plain);
    if (status == FC_OK) {
        status = fc_panels_evaluate(p);
    }
    size_t limit = p->n + q->options->limit;
    limit = limit < p->n ? SIZE_MAX - FC_MAX_LEVELS : limit; /* no limit to speak of */
    while (status == FC_OK) {
        if (p->n_nonfinite > 0 && !fc_quad_cut_overflow(q)) {
            fc_quad_summarise(q);
            fc_quad_handle_nonfinite(q, result, again);
            return FC_OK;
        }
        fc_quad_summarise(q);
        if (first && fc_quad_drop_noise(q)) {
            fc_quad_summarise(q);
        }
        first = false;
        size_t n_marked = 0;
        double error = fc_quad_total_error(q);
        if (q->magnitude == 0 && !q->scanned) {
            status = fc_quad_scan_for_anything(q, again);
            if (status != FC_OK || *again) {
                return status;
            }
        }
        if (error <= q->target) {
            q->panel_error += fc_quad_admit_noise(q);
            error = fc_quad_total_error(q);
        }
        if (error <= q->target) {
            q->edge_error = fc_quad_check_edges(q, false);
            if (error + q->edge_error <= q->target) {
                status = fc_quad_audit(q, q->target - error - q->edge_error, &n_marked);
                if (status != FC_OK) {
                    return status;
                }
                if (n_marked == 0) {
                    status = fc_quad_break_at_needle(q, again);
                    if (status != FC_OK || *again) {
                        return status;
                    }
                    result->state = FC_QUAD_CONVERGED;
                    return FC_OK;
                }
            } else {
                q->edge_error = fc_quad_check_edges(q, true);
                for (size_t i = 0; i < p->n; i++) {
                    n_marked += (p->panels[i].flags & FC_PANEL_MARKED) != 0;
                }
            }
        } else {
            double fixed =
                FC_QUAD_NOISE * q->magnitude + (isfinite(q->tail_error) ? q->tail_error : 0);
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
            double reachable = fmax(q->target, 2 * FC_QUAD_NOISE * q->magnitude);
            n_marked = fc_quad_mark_worst(q, 0.5 * (reachable - fixed), 0.1 * reachable);
            if (n_marked == 0 && extended) {
                status = fc_panels_evaluate(p);
                continue;
            }
        }
        if (n_marked == 0) {
            double where = NAN;
            if (q->panel_error + q->edge_error > 0.5 * q->target &&
                fc_quad_break_at_singularities(q, &where)) {
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
                fc_quad_summarise(q);
            }
            if (q->tail_state == FC_QUAD_DIVERGENT && q->tail_error > q->target) {
                result->state = FC_QUAD_DIVERGENT;
                result->where = q->tail_where;
            }
            return status;
        }
        status = fc_quad_split_marked(q, n_marked);
    }
    return status;
}

/* x among the breaks, of which there are two at least: the limits come first and last. */
static void insert_cut(fc_quad_work *q, double x)
{
    size_t at = 1;
    while (at + 1 < q->n_breaks && q->breaks[at] < x) {
        at++;
    }
    if (x > q->breaks[at - 1] && x < q->breaks[at]) {
        memmove(&q->breaks[at + 1], &q->breaks[at], (q->n_breaks - at) * sizeof *q->breaks);
        q->breaks[at] = x;
        q->n_breaks++;
    }
}

/* In a long range, things are looked for at all distances from 0, as on an infinite one: not only
 * where panels of equal widths put them. */
static void insert_scales(fc_quad_work *q, double low, double high)
{
    if (!isfinite(low) || !isfinite(high) || !(fmax(-low, high) > LONG_RANGE)) {
        return;
    }
    insert_cut(q, 0);
    for (int k = 0; k <= 1023; k += k < 40 ? 1 : 8) {
        insert_cut(q, exp2(k));
        insert_cut(q, -exp2(k));
    }
}

/* The limits and the points between them, in the integrand's variable. */
static void set_breaks(fc_quad_work *q, double low, double high, const fc_quad_cuts *cuts)
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
    const bool plain = q->n_breaks == 1 && cuts->n == 0;
    if (plain && isinf(low) && isinf(high)) {
        q->breaks[q->n_breaks++] = 0;
    }
    q->breaks[q->n_breaks++] = high;
    if (q->options->weight == NULL) {
        insert_scales(q, low, high);
    }
    q->n_given = q->n_breaks;
    q->n_plain = plain ? q->n_breaks : 0;
    for (unsigned i = 0; i < cuts->n; i++) {
        insert_cut(q, cuts->x[i]);
    }
}

/* One integral by few panels, if that is proved to do (*done), or none at all, where a == b. */
static fc_status integrate_easily(const fc_run *run, const fc_integrand *f,
                                  const fc_quad_options *options, double a, double b,
                                  const double *params, unsigned worker, fc_quad_cover *known,
                                  fc_quad_cuts *cuts, double *values, fc_quad_result *result,
                                  bool *done)
{
    if (a == b) {
        *result = (fc_quad_result){.where = NAN};
        memset(values, 0, f->n_out * sizeof *values);
        *done = true;
        return FC_OK;
    }
    fc_status status = fc_quad_prove(run, f, options, fmin(a, b), fmax(a, b), params, worker, known,
                                     cuts, values, result, done);
    for (unsigned o = 0; *done && a > b && o < f->n_out; o++) {
        values[o] = -values[o];
    }
    return status;
}

/* One integral from a to b, which differ. */
static fc_status integrate_one(fc_quad_work *q, double a, double b, const fc_quad_cuts *cuts,
                               const double *params, unsigned worker, double *values,
                               fc_quad_result *result)
{
    *result = (fc_quad_result){.where = NAN};
    double sign = a < b ? 1 : -1;
    set_breaks(q, a < b ? a : b, a < b ? b : a, cuts);
    q->scanned = false;
    q->needles = 0;
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
    if (result->state == FC_QUAD_LIMIT || result->state == FC_QUAD_ROUNDOFF ||
        result->state == FC_QUAD_SINGULAR) { /* whose errors are to be honest as well */
        size_t none;
        q->edge_error = fc_quad_check_edges(q, false);
        fc_status status = fc_quad_audit(q, INFINITY, &none);
        if (status != FC_OK) {
            return status;
        }
    }
    result->n_eval = q->p.n_eval;
    if (q->options->weight != NULL) {
        result->where = fc_weighted_origin(&q->weighted, result->where);
        result->n_eval *= q->weighted.folded ? 2 : 1;
    }
    result->n_panels = q->p.n;
    result->error = fc_quad_total_error(q);
    if (!isfinite(fc_quad_norm(q->sums, q->n_out))) {
        result->state = FC_QUAD_NONFINITE;
    }
    if (result->state == FC_QUAD_NONFINITE || result->state == FC_QUAD_DIVERGENT) {
        result->error = INFINITY;
    } else if (result->error <= q->tolerance && result->state != FC_QUAD_CONVERGED) {
        result->state = FC_QUAD_CONVERGED; /* by the absolute tolerance alone */
    }
    if (result->state != FC_QUAD_CONVERGED && q->options->weight == NULL) {
        fc_status status = fc_quad_ask_tanh_sinh(q, fmin(a, b), fmax(a, b), result);
        if (status != FC_OK) {
            return status;
        }
    }
    const bool proved = result->state != FC_QUAD_CONVERGED && cuts->error < result->error;
    if (proved) { /* next to its singularities f has more rounding errors than digits */
        result->state = FC_QUAD_ROUNDOFF;
        result->error = cuts->error;
        result->where = NAN;
    }
    for (unsigned o = 0; o < q->n_out; o++) {
        values[o] = sign * (proved ? cuts->values[o] : q->sums[o]);
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
    fc_quad_work *workspaces; /* [width] */
    bool *ready;
} sweep;

static fc_status run_sweep(void *context, size_t begin, size_t end, unsigned worker)
{
    sweep *s = context;
    fc_quad_work *q = &s->workspaces[worker];
    if (!s->ready[worker]) {
        fc_status status = quad_init(q, s->run, s->f, s->options, 1);
        s->ready[worker] = true;
        if (status != FC_OK) {
            return status;
        }
        q->p.nested = true;
    }
    fc_quad_cover known = {0}; /* of the block, whose size is fixed: whoever runs it */
    for (size_t k = begin; k < end; k++) {
        const double *params = s->in->params != NULL ? s->in->params + k * s->in->n_params : NULL;
        double a = s->in->a[k], b = s->in->b[k], *values = s->values + k * s->f->n_out;
        fc_quad_cuts cuts;
        bool done;
        fc_status status = integrate_easily(s->run, s->f, s->options, a, b, params, worker, &known,
                                            &cuts, values, &s->results[k], &done);
        if (status == FC_OK && !done) {
            status = integrate_one(q, a, b, &cuts, params, worker, values, &s->results[k]);
        }
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
        status = fc_pool_for(&local, run_sweep, s, s->in->m, BLOCK);
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
    fc_quad_cover known = {0};
    fc_quad_cuts cuts;
    bool done;
    fc_status status =
        integrate_easily(run, f, options, integrals->a[0], integrals->b[0], integrals->params, 0,
                         &known, &cuts, values, results, &done);
    if (status != FC_OK || done) {
        return status;
    }
    fc_quad_work q;
    status = quad_init(&q, run, f, options, f->serial ? 1 : fc_run_width(run));
    if (status == FC_OK) {
        status = integrate_one(&q, integrals->a[0], integrals->b[0], &cuts, integrals->params, 0,
                               values, results);
    }
    quad_destroy(&q);
    return status;
}
