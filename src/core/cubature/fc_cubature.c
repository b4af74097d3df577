/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adaptive cubature; contract in fc_cubature.h.
 *
 * The unit cube (fc_domain maps it to the range) is cut into boxes, each with an estimate of
 * integral and error:
 *
 *     1. apply the rule to the whole cube
 *     2. probe: f at some scrambled Sobol points, kept with the box they lie in
 *     3. sum up; done when the errors' sum is within the tolerance
 *     4. take the worst boxes off the heap: all within a factor of the worst, until the rest would
 * do
 *     5. halve each across the axis where f's fourth difference is largest; apply the rule to all
 * halves, in parallel; go to 3
 *
 * One box at a time, worst first, is van Dooren and de Ridder's algorithm (J. Comput. Appl. Math.
 * 2, 1976), and Genz and Malik's (ibid. 6, 1980); a batch at a time is Gladwell's way to feed many
 * processors (NATO ASI F22, 1987).
 *
 * Four things keep the error honest. The rule looks along each axis, up to the faces, for what it
 * may be blind to (fc_cubature_rule.c). As in DCUHRE (Berntsen, Espelid, Genz, ACM TOMS 17, 1991),
 * the halves' estimates are raised by the disagreement of their sum with the parent's value. The
 * probes are witnesses: values far outside those at the rule's points, or a mean that is not the
 * rule's, mean that the rule misses something. And so are the neighbours: what a box finds at its
 * face must not surprise the box beyond, which else is cut until it is as fine: a peak whose flank
 * was found leads to its top, a jump exactly between two boxes is seen.
 *
 * No number depends on the width: boxes are evaluated independently, all decisions are taken on one
 * thread. */
#include "fc_cubature_impl.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_proven.h"
#include "fc_platform.h"

#define WORST_FACTOR 0.25 /* boxes within this factor of the worst are cut together with it */
#define MAX_BAD_CUTS 4096 /* cuts spent on boxes with nan or inf */
#define MAX_PROBES (1u << 20)
#define MANY_ZEROS 200        /* values in 2 dimensions */
#define WORTH_WAKING_NS 40000 /* of work: less is done sooner than other threads are awake */

fc_status cubature_scratch(cubature *c, unsigned worker, scratch **out)
{
    *out = c->scratch[worker];
    if (*out != NULL) {
        return FC_OK;
    }
    const size_t rows = 2 * (size_t)c->n_dim + 1 + c->n_out;
    size_t n_values = c->boxes_per_block * c->rule->n_points;
    n_values = (n_values > BATCH_POINTS ? n_values : BATCH_POINTS) * c->n_out;
    scratch *s = fc_calloc(1, sizeof *s);
    double **y = fc_calloc(c->n_out, sizeof *y);
    double *block = fc_malloc_aligned(FC_CACHE_LINE, rows * BATCH_POINTS + n_values, sizeof *block);
    if (s == NULL || y == NULL || block == NULL) {
        fc_free(s);
        fc_free(y);
        fc_free(block);
        return FC_ERR_NOMEM;
    }
    double *next = block;
    for (unsigned d = 0; d < c->n_dim; d++, next += 2 * BATCH_POINTS) {
        s->u[d] = next;
        s->x[d] = next + BATCH_POINTS;
    }
    for (unsigned o = 0; o < c->n_out; o++, next += BATCH_POINTS) {
        y[o] = next;
    }
    s->jacobian = next;
    s->values = next + BATCH_POINTS;
    s->y = y;
    s->block = block;
    c->scratch[worker] = *out = s;
    return FC_OK;
}

fc_status cubature_evaluate(cubature *c, scratch *s, unsigned worker, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->jacobian[i] = 1;
    }
    fc_status status =
        fc_domain_map(c->domain, worker, n, (const double *const *)s->u, s->x, s->jacobian);
    if (status != FC_OK) {
        return status;
    }
    status = c->f->eval(c->f->context, worker, n, (const double *const *)s->x, s->y);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        double *y = s->y[o];
        for (size_t i = 0; i < n; i++) {
            y[i] *= s->jacobian[i];
        }
    }
    return status;
}

static unsigned longest_axis(const cubature *c, size_t b)
{
    const double *half = c->geometry + 2 * c->n_dim * b + c->n_dim;
    unsigned longest = 0;
    for (unsigned d = 1; d < c->n_dim; d++) {
        longest = half[d] > half[longest] ? d : longest;
    }
    return longest;
}

/* The axis of the largest score; among those within rounding of it, the longest. */
static unsigned axis_to_cut(const cubature *c, size_t b, const double *score, double noise)
{
    const double *half = c->geometry + 2 * c->n_dim * b + c->n_dim;
    double largest = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        largest = fmax(largest, score[d]);
    }
    if (!(largest > noise)) { /* also where noise is nan */
        return longest_axis(c, b);
    }
    unsigned best = c->n_dim;
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (score[d] >= 0.999 * largest && (best == c->n_dim || half[d] > half[best])) {
            best = d;
        }
    }
    return best;
}

/* Estimates of box todo[k] from its points' values, row o of `values` being output o's. */
static void box_estimate(cubature *c, size_t k, double *const *values)
{
    const size_t b = c->todo[k];
    const size_t n = c->rule->n_points;
    const double volume = cubature_volume(c, b);
    double score[FC_CUBATURE_MAX_DIM] = {0}, noise = 0;
    size_t n_bad = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        double *f = values[o];
        extremes found = {.y = {INFINITY, -INFINITY}};
        for (size_t i = 0; i < n; i++) {
            if (!isfinite(f[i])) {
                f[i] = 0; /* so that the rest of the box still counts; the box is marked */
                n_bad++;
            }
            if (f[i] < found.y[0]) {
                found.y[0] = f[i];
                found.at[0] = (uint32_t)i;
            }
            if (f[i] > found.y[1]) {
                found.y[1] = f[i];
                found.at[1] = (uint32_t)i;
            }
        }
        c->extremes[b * c->n_out + o] = found;
        fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        double unit = c->unit[o] != 0 ? c->unit[o] : 1;
        fc_cubature_rule_apply(c->rule, f, unit, e, score);
        memcpy(c->edges + (k * c->n_out + o) * 2 * c->n_dim, f + c->rule->n_core,
               2 * c->n_dim * sizeof *f);
        e->value *= volume;
        e->mean_abs *= volume;
        e->error = fmax(e->error * volume, NOISE * e->mean_abs);
        noise += unit * NOISE * e->mean_abs / volume;
    }
    box *at = &c->boxes[b];
    at->bad = n_bad != 0;
    at->next_axis = (uint16_t)(at->bad ? longest_axis(c, b) : axis_to_cut(c, b, score, 16 * noise));
    if (n_bad != 0) {
        atomic_fetch_add_explicit(&c->n_bad, n_bad, memory_order_relaxed);
    }
}

/* A block of fc_pool_for: boxes todo[begin .. end), their points laid end to end and evaluated in
 * batches. */
static fc_status evaluate_boxes(void *context, size_t begin, size_t end, unsigned worker)
{
    cubature *c = context;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    const size_t per_box = c->rule->n_points, total = (end - begin) * per_box;
    for (size_t done = 0; status == FC_OK && done < total;) {
        size_t n = 0;
        while (n < BATCH_POINTS && done + n < total) {
            size_t at = done + n, first = at % per_box, count = per_box - first;
            count = count < BATCH_POINTS - n ? count : BATCH_POINTS - n;
            const double *geometry = c->geometry + 2 * c->n_dim * c->todo[begin + at / per_box];
            double *u[FC_CUBATURE_MAX_DIM];
            for (unsigned d = 0; d < c->n_dim; d++) {
                u[d] = s->u[d] + n;
            }
            fc_cubature_rule_points(c->rule, geometry, geometry + c->n_dim, first, count, u);
            n += count;
        }
        status = fc_cancel_check(c->run.cancel);
        if (status == FC_OK) {
            status = cubature_evaluate(c, s, worker, n);
        }
        for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
            memcpy(s->values + o * total + done, s->y[o], n * sizeof *s->values);
        }
        done += n;
    }
    if (status != FC_OK) {
        return status;
    }
    double *rows_on_stack[16], **rows = rows_on_stack;
    if (c->n_out > 16 && (rows = fc_malloc(c->n_out, sizeof *rows)) == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t k = begin; k < end; k++) {
        for (unsigned o = 0; o < c->n_out; o++) {
            rows[o] = s->values + o * total + (k - begin) * per_box;
        }
        box_estimate(c, k, rows);
    }
    if (rows != rows_on_stack) {
        fc_free(rows);
    }
    return c->looks_beyond ? cubature_look_beyond(c, s, worker, begin, end) : FC_OK;
}

/* After evaluation: the witnesses' objections, the place in the heap. */
static void box_finish(cubature *c, size_t b)
{
    double key = 0;
    bool improvable = false;
    const double *geometry = c->geometry + 2 * c->n_dim * b;
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        e->error *= 1 + ldexp(6, -(int)c->boxes[b].depth); /* not yet confirmed by cuts */
        uint16_t axis = c->boxes[b].next_axis;
        const double objections = cubature_objections(c, b, o, &axis);
        if (objections > e->error) {
            c->boxes[b].next_axis = axis;
        }
        e->error += objections;
    }
    cubature_fear_needles(c, b);
    for (unsigned o = 0; o < c->n_out; o++) {
        const fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        key = fmax(key, e->error * c->unit[o]);
        improvable = improvable || e->error > 2 * NOISE * e->mean_abs;
    }
    box *at = &c->boxes[b];
    if (!at->bad && cubature_has_bad_probe(c, b)) {
        at->bad = true;
        at->next_axis = (uint16_t)longest_axis(c, b);
    }
    unsigned axis = at->next_axis;
    /* Below this width halves cannot be told apart any more. */
    if (geometry[c->n_dim + axis] <
        64 * DBL_EPSILON * fmax(geometry[axis], DBL_MIN / DBL_EPSILON)) {
        improvable = false;
    }
    at->key = at->bad ? INFINITY : key;
    if (!improvable && !at->bad) {
        at->key = 0;
    }
}

/* Kahan and Neumaier's sum of all boxes, and the tolerances that follow. */
static void sum_up(cubature *c)
{
    for (unsigned o = 0; o < c->n_out; o++) {
        double sum = 0, low = 0, error = 0;
        for (size_t b = 0; b < c->n_boxes; b++) {
            const fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
            double next = sum + e->value;
            low += fabs(sum) >= fabs(e->value) ? (sum - next) + e->value : (e->value - next) + sum;
            sum = next;
            error += e->error;
        }
        c->sum[o] = sum + low;
        c->error[o] = error;
        c->tolerance[o] = fmax(c->options->epsabs, c->options->epsrel * fabs(c->sum[o]));
    }
}

static bool within_tolerance(const cubature *c)
{
    for (unsigned o = 0; o < c->n_out; o++) {
        if (!(c->error[o] <= c->tolerance[o])) {
            return false;
        }
    }
    return true;
}

/* Are the errors within the tolerance, and no box bad? */
static bool is_settled(const cubature *c)
{
    return within_tolerance(c) && (c->n_heap == 0 || c->boxes[c->heap[0]].key != INFINITY);
}

static bool any_bad(const cubature *c)
{
    for (size_t b = 0; b < c->n_boxes; b++) {
        if (c->boxes[b].bad) {
            return true;
        }
    }
    return false;
}

/* Before box b is cut as number `pair` of this round: its extremes, and where they are. */
static void note_extremes(cubature *c, uint32_t b, size_t pair)
{
    const double *geometry = c->geometry + 2 * c->n_dim * b;
    for (unsigned o = 0; o < c->n_out; o++) {
        const extremes *found = &c->extremes[b * c->n_out + o];
        c->parent_extremes[pair * c->n_out + o] = *found;
        for (unsigned k = 0; k < 2; k++) {
            double *at = c->parent_points + (2 * (pair * c->n_out + o) + k) * c->n_dim;
            double *u[FC_CUBATURE_MAX_DIM];
            for (unsigned d = 0; d < c->n_dim; d++) {
                u[d] = at + d;
            }
            fc_cubature_rule_points(c->rule, geometry, geometry + c->n_dim, found->at[k], 1, u);
        }
    }
}

/* Take from the heap what this round cuts, at most `most` boxes; how many. */
static size_t choose(cubature *c, size_t most, uint64_t *bad_cuts)
{
    c->n_todo = 0;
    size_t chosen = 0;
    double worst = c->n_heap > 0 ? c->boxes[c->heap[0]].key : 0;
    while (c->n_heap > 0 && chosen < most) {
        uint32_t b = c->heap[0];
        double key = c->boxes[b].key;
        if (key == 0) {
            break;
        }
        if (key == INFINITY) {
            if (++*bad_cuts > MAX_BAD_CUTS) {
                break;
            }
            worst = 0; /* whatever comes after them is compared afresh */
        } else if (worst == 0 || worst == INFINITY) {
            worst = key;
        }
        if (key < WORST_FACTOR * worst) {
            break;
        }
        bool rest_will_do = chosen > 0 && key != INFINITY;
        for (unsigned o = 0; rest_will_do && o < c->n_out; o++) {
            rest_will_do = c->error[o] <= 0.25 * c->tolerance[o];
        }
        if (rest_will_do) {
            break;
        }
        cubature_heap_pop(c);
        for (unsigned o = 0; o < c->n_out; o++) {
            c->parents[chosen * c->n_out + o] = c->estimates[b * c->n_out + o];
            c->error[o] -= c->estimates[b * c->n_out + o].error;
        }
        note_extremes(c, b, chosen);
        cubature_cut(c, b);
        chosen++;
    }
    return chosen;
}

fc_run cubature_run_for(const cubature *c, size_t n_points)
{
    fc_run run = c->run;
    if ((double)n_points * c->ns_per_point < WORTH_WAKING_NS) {
        run.width = 1;
    }
    return run;
}

static fc_status evaluate_todo(cubature *c, uint64_t *n_eval)
{
    const fc_run run = cubature_run_for(c, c->n_todo * c->rule->n_points);
    fc_status status = fc_pool_for(&run, evaluate_boxes, c, c->n_todo, c->boxes_per_block);
    if (status == FC_OK) {
        status = cubature_follow_chords(c, n_eval);
    }
    if (status == FC_OK) {
        status = cubature_judge_beyond(c, n_eval);
    }
    if (status != FC_OK) {
        return status;
    }
    for (size_t k = 0; status == FC_OK && k + 1 < c->n_todo; k += 2) {
        cubature_parent_disagrees(c, c->parents + k / 2 * c->n_out, c->todo[k], c->todo[k + 1]);
        status = cubature_remember(c, k / 2, c->todo[k], c->todo[k + 1]);
    }
    if (status == FC_OK) {
        status = cubature_ask_neighbours(c);
    }
    for (size_t k = 0; status == FC_OK && k < c->n_todo; k++) {
        box_finish(c, c->todo[k]);
        cubature_heap_push(c, c->todo[k]);
    }
    return status;
}

static fc_status prepare(cubature *c)
{
    fc_status status = fc_cubature_rule_create(c->options->kind, c->n_dim, &c->rule);
    if (status != FC_OK) {
        return status;
    }
    c->boxes_per_block = c->rule->n_points < BATCH_POINTS ? BATCH_POINTS / c->rule->n_points : 1;
    const size_t n_out = c->n_out;
    c->n_probe = cubature_probes_at_first(c);
    c->unit = fc_calloc(5 * n_out, sizeof *c->unit);
    if (c->unit == NULL) {
        return FC_ERR_NOMEM;
    }
    c->sum = c->unit + n_out;
    c->error = c->sum + n_out;
    c->tolerance = c->error + n_out;
    c->hidden = c->tolerance + n_out;
    status = cubature_reserve_witnesses(c, c->n_probe);
    if (status == FC_OK) {
        status = cubature_reserve_todo(c, 1);
    }
    return status == FC_OK ? cubature_reserve(c, 1) : status;
}

static void release(cubature *c)
{
    fc_free(c->smooth.outputs);
    cubature_smooth_release_level(c);
    for (unsigned w = 0; w < FC_MAX_WIDTH; w++) {
        if (c->scratch[w] != NULL) {
            fc_free(c->scratch[w]->block);
            fc_free(c->scratch[w]->y);
            fc_free(c->scratch[w]);
        }
    }
    cubature_release_boxes(c);
    fc_free(c->edges);
    fc_free(c->beyond);
    fc_free(c->accused);
    fc_free(c->todo);
    fc_free(c->parents);
    fc_free(c->parent_extremes);
    fc_free(c->parent_points);
    fc_free(c->unit);
    fc_cubature_rule_destroy(c->rule);
    fc_free(c);
}

/* The whole cube as one box. Its estimate sets the units in which errors of different outputs are
 * compared. */
static fc_status first_box(cubature *c, fc_cubature_result *result)
{
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->geometry[d] = c->geometry[c->n_dim + d] = 0.5;
    }
    memset(c->trends, 0, (size_t)c->n_out * c->n_dim * sizeof *c->trends);
    c->boxes[0] = (box){.first_witness = NONE, .heap_at = NONE, .chord = NONE};
    c->nodes[0] = (node){0};
    c->n_boxes = 1;
    c->todo[0] = 0;
    c->n_todo = 1;
    c->looks_beyond =
        c->options->max_eval >= c->n_probe + c->rule->n_points + 2 * (uint64_t)c->n_dim;
    const fc_run run = {.width = 1, .cancel = c->run.cancel};
    const int64_t begin = fc_now_ns();
    fc_status status = fc_pool_for(&run, evaluate_boxes, c, 1, 1);
    c->ns_per_point = (double)(fc_now_ns() - begin) / (double)c->rule->n_points;
    if (status == FC_OK && c->n_probe > 0) {
        status = cubature_probe(c);
    }
    if (status != FC_OK) {
        return status;
    }
    result->n_eval = c->n_probe + c->rule->n_points;
    if (c->looks_beyond) {
        result->n_eval += 2 * (uint64_t)c->n_dim;
        atomic_store_explicit(&c->n_beyond, 0, memory_order_relaxed);
    }
    status = cubature_probe_for_support(c, &result->n_eval, &result->zero);
    if (status != FC_OK) {
        return status;
    }
    if (c->n_probe > 0) {
        c->boxes[0].first_witness = 0;
        c->boxes[0].last_witness = (uint32_t)c->n_probe - 1;
    }
    sum_up(c);
    for (unsigned o = 0; o < c->n_out; o++) {
        double scale = fmax(c->tolerance[o], c->options->epsrel * c->estimates[o].mean_abs);
        c->unit[o] = 1 / fmax(scale, DBL_MIN);
    }
    if (c->looks_beyond) {
        status = cubature_judge_beyond(c, &result->n_eval);
    }
    box_finish(c, 0);
    cubature_heap_push(c, 0);
    sum_up(c);
    return status;
}

static fc_status refine(cubature *c, fc_cubature_result *result)
{
    const uint64_t per_box = c->rule->n_points + 2 * (uint64_t)c->n_dim; /* and beyond the faces */
    uint64_t bad_cuts = 0;
    for (;;) {
        bool settled = is_settled(c);
        bool converged = false;
        fc_status status = FC_OK;
        if (settled) {
            status = cubature_probe_rest(c, &result->n_eval, &settled);
            sum_up(c);
            settled = settled && is_settled(c);
        }
        if (status == FC_OK && settled) {
            status = cubature_audit(c, &result->n_eval, &converged);
            if (status != FC_OK || converged) {
                result->outcome = FC_CUBATURE_CONVERGED;
                return status;
            }
            sum_up(c);
        }
        if (!result->zero) {
            status = cubature_smooth_try(c, &result->n_eval, &converged);
        }
        if (status != FC_OK || converged) {
            c->by_grid = converged;
            result->outcome = FC_CUBATURE_CONVERGED;
            return status;
        }
        uint64_t left =
            c->options->max_eval > result->n_eval ? c->options->max_eval - result->n_eval : 0;
        uint64_t most = left / (2 * per_box);
        most = most < BATCH_BOXES ? most : BATCH_BOXES;
        if (most == 0) {
            result->outcome = FC_CUBATURE_MAX_EVAL;
            return FC_OK;
        }
        most = most < c->n_heap ? most : c->n_heap; /* halves are not cut again in their round */
        if (c->n_boxes + most > MAX_BOXES) {
            result->outcome = FC_CUBATURE_MAX_BOXES;
            return FC_OK;
        }
        status = cubature_reserve(c, c->n_boxes + most);
        if (status == FC_OK) {
            status = cubature_reserve_todo(c, most);
        }
        if (status != FC_OK) {
            return status;
        }
        size_t chosen = choose(c, most, &bad_cuts);
        if (chosen == 0) {
            result->outcome = any_bad(c) ? FC_CUBATURE_NONFINITE : FC_CUBATURE_ROUNDOFF;
            return FC_OK;
        }
        result->n_eval += 2 * (uint64_t)c->rule->n_points * chosen;
        status = evaluate_todo(c, &result->n_eval);
        if (status != FC_OK) {
            return status;
        }
        sum_up(c);
    }
}

/* Every box has come out as 0, or nearly so where there may be more elsewhere. Where bounds of f
 * say no more, in 1 and 2 dimensions that is believed if all values were 0, and more than a few;
 * otherwise those that were not lie where no box has a point any more. */
static bool has_come_to_nothing(const cubature *c, bool all_were_zero)
{
    const double most = c->hidden_somewhere ? ALMOST_NOTHING : 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        if (!(fabs(c->sum[o]) <= most && c->error[o] <= most)) {
            return false;
        }
    }
    if (all_were_zero && (c->hidden_nowhere || c->hidden_somewhere)) {
        return !c->hidden_nowhere;
    }
    return !all_were_zero || c->n_dim > 2 ||
           (c->n_dim == 2 && c->rule->n_points + c->n_probe < MANY_ZEROS);
}

static fc_status result_zero(fc_cubature_result *result, unsigned n_out)
{
    for (unsigned o = 0; o < n_out; o++) {
        result->integral[o] = result->error[o] = 0;
    }
    return FC_OK;
}

uint64_t fc_cubature_points(fc_cubature_kind kind, unsigned n_dim)
{
    const uint64_t d = n_dim;
    if (kind == FC_CUBATURE_GK15 || (kind == FC_CUBATURE_AUTO && n_dim == 1)) {
        return n_dim == 1 ? 15 + 2 : 225 + 4;
    }
    return kind == FC_CUBATURE_GM7
               ? 1 + 6 * d + 2 * d * (d - 1) + (UINT64_C(1) << d)
               : 1 + 8 * d + 6 * d * (d - 1) + 4 * d * (d - 1) * (d - 2) / 3 + (UINT64_C(1) << d);
}

fc_status fc_cubature(const fc_run *run, const fc_integrand *f, const fc_domain *domain,
                      const fc_cubature_options *options, fc_cubature_result *result)
{
    if (f->n_dim != domain->n_dim || f->n_out == 0 || !(options->epsabs >= 0) ||
        !(options->epsrel >= 0) || options->n_probe > MAX_PROBES) {
        return FC_ERR_INVALID;
    }
    fc_status status = fc_domain_check(domain);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval = result->n_boxes = result->n_bad = 0;
    result->zero = false;
    result->outcome = FC_CUBATURE_CONVERGED;
    if (fc_domain_is_empty(domain)) {
        return result_zero(result, f->n_out);
    }
    bool proved;
    status = fc_cubature_prove(run, f, domain, options, result, &proved);
    if (status != FC_OK || proved) {
        return status;
    }
    fc_run_is_long(run);
    cubature *c = fc_calloc(1, sizeof *c);
    if (c == NULL) {
        return FC_ERR_NOMEM;
    }
    c->f = f;
    c->domain = domain;
    c->options = options;
    c->n_dim = f->n_dim;
    c->n_out = f->n_out;
    if (run != NULL) {
        c->run = *run;
    }
    if (f->serial || fc_domain_is_serial(domain)) {
        c->run.width = 1;
    }
    status = prepare(c);
    if (status == FC_OK) {
        status = first_box(c, result);
    }
    if (status == FC_OK) {
        status = refine(c, result);
    }
    if (status == FC_OK) {
        bool bad = result->outcome != FC_CUBATURE_CONVERGED && any_bad(c);
        if (bad) {
            result->outcome = FC_CUBATURE_NONFINITE;
        }
        sum_up(c);
        if (result->outcome == FC_CUBATURE_CONVERGED) {
            for (unsigned o = 0; o < c->n_out; o++) {
                c->error[o] += c->hidden[o];
            }
        }
        if (c->by_grid) {
            for (unsigned o = 0; o < c->n_out; o++) {
                c->sum[o] = c->smooth.outputs[o].value;
                c->error[o] = c->smooth.outputs[o].error;
            }
        }
        result->zero = has_come_to_nothing(c, result->zero);
        for (unsigned o = 0; o < c->n_out; o++) {
            result->integral[o] = c->sum[o];
            result->error[o] = bad ? INFINITY : c->error[o];
        }
        result->n_boxes = c->n_boxes;
        result->n_bad = atomic_load_explicit(&c->n_bad, memory_order_relaxed);
    }
    release(c);
    return status;
}
