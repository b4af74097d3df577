/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Audits of an adaptive cubature; contract in fc_cubature_impl.h.
 *
 * A rule looks at its box along the axes through the middle, and elsewhere at few points: what
 * happens in a part of the cross-section alone, near a face, it may not see at all (a jump across x
 * where y < 0.3, a box of small values in a corner). So before the boxes' claims are believed some
 * are audited: chords at random places, each through the whole box it meets, along one axis, are
 * held to the same test as the axes (null rules of falling degree). A chord is met by whatever
 * surface divides its box, however little there is beyond, and tells a kink or jump from a smooth
 * function though it be far smaller than the range of values.
 *
 *     hidden error = mean over the chords of what the test says beyond the box's claim
 *
 * (chords meet boxes as often as they have volume), times the number of axes, since perhaps one
 * alone shows it. If that and the claims are within the tolerance, the claims are believed. If not,
 * boxes whose chords object get their errors raised and are cut; and a chord goes with the half
 * that has its suspicious place, and is drawn anew across this half, until it has nothing to say
 * that the rule does not say itself. Smooth functions pay for one audit. */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_sobol.h"

#define PROBES_PER_CHORD 24
#define PROBES_PER_LONG_CHORD 16 /* in 2 dimensions, where there are few probes */
#define AWARE                                                                                      \
    4 /* times its claim: a chord says as much of a box that sees by itself what there is */
#define SHARE 32 /* of the evaluations spent so far, for an audit after one that failed */
#define MOST_CHORDS 4096
#define MOST_KEPT ((size_t)1 << 20)

void cubature_chords_release(chords *b)
{
    fc_free(b->box);
    fc_free(b->axis);
    fc_free(b->from);
    fc_free(b->u);
    fc_free(b->y);
}

fc_status cubature_chords_create(chords *b, cubature *c, size_t n)
{
    *b = (chords){.c = c, .n = n};
    const size_t n_values = (size_t)c->rule->n_line * c->n_out;
    b->box = fc_malloc(n, sizeof *b->box);
    b->axis = fc_malloc(n, sizeof *b->axis);
    b->from = fc_malloc(n, sizeof *b->from);
    b->u = fc_malloc(n, c->n_dim * sizeof *b->u);
    b->y = fc_malloc(n, n_values * sizeof *b->y);
    if (b->box == NULL || b->axis == NULL || b->from == NULL || b->u == NULL || b->y == NULL) {
        cubature_chords_release(b);
        return FC_ERR_NOMEM;
    }
    return FC_OK;
}

static double chord_point(const cubature *c, uint32_t box, unsigned axis, unsigned j)
{
    const double *geometry = c->geometry + 2 * (size_t)c->n_dim * box;
    return geometry[axis] + geometry[c->n_dim + axis] * c->rule->line_at[j];
}

/* A block of fc_pool_for: chords begin .. end of a bundle. */
static fc_status evaluate_chords(void *context, size_t begin, size_t end, unsigned worker)
{
    const chords *b = context;
    cubature *c = b->c;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    if (status == FC_OK) {
        status = fc_cancel_check(c->run.cancel);
    }
    const unsigned n_line = c->rule->n_line;
    const size_t per_batch = BATCH_POINTS / n_line;
    for (size_t first = begin; status == FC_OK && first < end; first += per_batch) {
        const size_t n = end - first < per_batch ? end - first : per_batch;
        for (size_t k = 0; k < n; k++) {
            const double *u = b->u + (first + k) * c->n_dim;
            const unsigned axis = b->axis[first + k];
            for (unsigned d = 0; d < c->n_dim; d++) {
                for (unsigned j = 0; j < n_line; j++) {
                    s->u[d][k * n_line + j] =
                        d == axis ? chord_point(c, b->box[first + k], axis, j) : u[d];
                }
            }
        }
        status = cubature_evaluate(c, s, worker, n * n_line);
        for (size_t k = 0; status == FC_OK && k < n; k++) {
            for (unsigned o = 0; o < c->n_out; o++) {
                memcpy(b->y + ((first + k) * c->n_out + o) * n_line, s->y[o] + k * n_line,
                       n_line * sizeof(double));
            }
        }
    }
    return status;
}

fc_status cubature_chords_evaluate(chords *b)
{
    cubature *c = b->c;
    const fc_run run = cubature_run_for(c, b->n * c->rule->n_line);
    return fc_pool_for(&run, evaluate_chords, b, b->n, BATCH_POINTS / c->rule->n_line);
}

/* What chord i says of output o: the error of a mean value along it, 0 where it looks smooth. */
static double chord_doubt(const chords *b, size_t i, unsigned o)
{
    const cubature *c = b->c;
    const double *y = b->y + (i * c->n_out + o) * c->rule->n_line;
    double largest = 0;
    for (unsigned j = 0; j < c->rule->n_line; j++) {
        if (!isfinite(y[j])) {
            return 0; /* boxes deal with isolated nan and inf */
        }
        largest = fmax(largest, fabs(y[j]));
    }
    return fc_cubature_rule_doubt(c->rule, y, 32 * DBL_EPSILON * largest);
}

/* The suspicious place on chord i: between the two points whose difference is least like those
 * beside it. */
static double suspicious_place(const chords *b, size_t i, unsigned o)
{
    const cubature *c = b->c;
    const unsigned n = c->rule->n_line;
    const double *y = b->y + (i * c->n_out + o) * n, *at = c->rule->line_at;
    unsigned order[FC_CUBATURE_MAX_LINE];
    for (unsigned j = 0; j < n; j++) {
        unsigned k = j;
        for (; k > 0 && at[order[k - 1]] > at[j]; k--) {
            order[k] = order[k - 1];
        }
        order[k] = j;
    }
    double worst = -1, place = 0;
    for (unsigned k = 0; k + 1 < n; k++) {
        const unsigned p = order[k], q = order[k + 1];
        double slope = 0;
        unsigned beside = 0;
        if (k > 0) {
            slope += (y[p] - y[order[k - 1]]) / (at[p] - at[order[k - 1]]);
            beside++;
        }
        if (k + 2 < n) {
            slope += (y[order[k + 2]] - y[q]) / (at[order[k + 2]] - at[q]);
            beside++;
        }
        const double odd = fabs(y[q] - y[p] - slope / beside * (at[q] - at[p]));
        if (odd > worst) {
            worst = odd;
            place = 0.5 * (at[p] + at[q]);
        }
    }
    const double *geometry = c->geometry + 2 * (size_t)c->n_dim * b->box[i];
    return geometry[b->axis[i]] + geometry[c->n_dim + b->axis[i]] * place;
}

/* Box b goes on with chord i of the bundle. */
static fc_status chord_keep(cubature *c, const chords *b, size_t i, double place)
{
    box *at = &c->boxes[b->box[i]];
    if (at->chord == NONE) {
        if (c->n_chords >= MOST_KEPT) {
            return FC_OK;
        }
        if (c->n_chords == c->chord_room) {
            const size_t room = c->chord_room == 0 ? 64 : 2 * c->chord_room;
            if (!cubature_grow(&c->chord_u, c->n_chords, room, c->n_dim * sizeof(double)) ||
                !cubature_grow(&c->chord_axis, c->n_chords, room, sizeof *c->chord_axis)) {
                return FC_ERR_NOMEM;
            }
            c->chord_room = room;
        }
        at->chord = (uint32_t)c->n_chords++;
    }
    double *u = c->chord_u + (size_t)at->chord * c->n_dim;
    memcpy(u, b->u + i * c->n_dim, c->n_dim * sizeof *u);
    u[b->axis[i]] = place;
    c->chord_axis[at->chord] = b->axis[i];
    return FC_OK;
}

/* Points at random, the box each lies in, and an axis. (The axes take turns in blocks, each of
 * which is spread evenly by itself.) */
static fc_status draw(chords *b)
{
    cubature *c = b->c;
    size_t room = 16;
    while (room < b->n) {
        room *= 2;
    }
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(c->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    double *column = fc_malloc(room, sizeof *column);
    for (unsigned d = 0; column != NULL && d < c->n_dim; d++) {
        fc_sobol_fill(sobol, UINT64_C(0x6175646974), c->n_audits, d, 0, b->n, column);
        for (size_t i = 0; i < b->n; i++) {
            b->u[i * c->n_dim + d] = column[i];
        }
    }
    fc_sobol_destroy(sobol);
    for (size_t i = 0; column != NULL && i < b->n; i++) {
        const double *u = b->u + i * c->n_dim;
        b->axis[i] = (uint16_t)(i * c->n_dim / b->n);
        b->box[i] = cubature_box_at(c, u);
    }
    fc_free(column);
    return column != NULL ? FC_OK : FC_ERR_NOMEM;
}

/* The boxes whose chords object are cut next. */
static fc_status raise_errors(cubature *c, const chords *b)
{
    const double represented = (double)c->n_dim / (double)b->n; /* volume that a chord stands for */
    for (size_t i = 0; i < b->n; i++) {
        const uint32_t at = b->box[i];
        const double volume = cubature_volume(c, at);
        for (unsigned o = 0; o < c->n_out; o++) {
            fc_cubature_estimate *e = &c->estimates[at * c->n_out + o];
            const double doubt = chord_doubt(b, i, o);
            if (doubt * volume <= AWARE * e->error || c->boxes[at].heap_at == NONE) {
                continue;
            }
            const double error = doubt * fmax(volume, represented);
            if (error * c->unit[o] > c->boxes[at].key) {
                fc_status status = chord_keep(c, b, i, suspicious_place(b, i, o));
                if (status != FC_OK) {
                    return status;
                }
                c->boxes[at].next_axis = b->axis[i];
                c->boxes[at].key = error * c->unit[o];
                cubature_heap_rise(c, at);
            }
            e->error = fmax(e->error, error);
        }
    }
    return FC_OK;
}

fc_status cubature_audit(cubature *c, uint64_t *n_eval, bool *passed)
{
    *passed = true;
    const unsigned n_line = c->rule->n_line;
    const uint64_t per_chord = n_line > 12 ? PROBES_PER_LONG_CHORD : PROBES_PER_CHORD;
    uint64_t n = c->n_dim > 1 ? c->options->n_probe / per_chord : 0;
    if (n > 0 && c->n_audits > 0) {
        const uint64_t share = *n_eval / SHARE / n_line;
        n = share > n ? share : n;
    }
    const uint64_t left =
        c->options->max_eval > *n_eval ? (c->options->max_eval - *n_eval) / n_line : 0;
    n = n < left ? n : left;
    n = n < MOST_CHORDS ? n : MOST_CHORDS;
    if (n == 0) {
        return FC_OK;
    }
    chords b;
    fc_status status = cubature_chords_create(&b, c, (size_t)n);
    if (status != FC_OK) {
        return status;
    }
    status = draw(&b);
    if (status == FC_OK) {
        status = cubature_chords_evaluate(&b);
    }
    *n_eval += n * n_line;
    c->n_audits++;
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        double hidden = 0;
        for (size_t i = 0; i < b.n; i++) {
            const double claim =
                c->estimates[(size_t)b.box[i] * c->n_out + o].error / cubature_volume(c, b.box[i]);
            const double doubt = chord_doubt(&b, i, o);
            hidden += doubt > AWARE * claim ? doubt - claim : 0;
        }
        hidden *= (double)c->n_dim / (double)b.n;
        /* The claims are cautious, and nearly as large as the tolerance when this is asked. */
        c->hidden[o] = fmin(hidden, c->tolerance[o] - c->error[o]);
        *passed = *passed && (hidden <= 0.5 * c->tolerance[o] || hidden <= c->hidden[o]);
    }
    if (status == FC_OK && !*passed) {
        status = raise_errors(c, &b);
    }
    cubature_chords_release(&b);
    return status;
}

fc_status cubature_chord_weigh(const chords *b, size_t i, bool *objects)
{
    cubature *c = b->c;
    box *at = &c->boxes[b->box[i]];
    const double volume = cubature_volume(c, b->box[i]);
    *objects = false;
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *e = &c->estimates[(size_t)b->box[i] * c->n_out + o];
        const double doubt = chord_doubt(b, i, o) * volume;
        if (!(doubt > e->error)) {
            continue;
        }
        e->error = doubt;
        at->next_axis = b->axis[i];
        *objects = true;
        fc_status status = chord_keep(c, b, i, suspicious_place(b, i, o));
        if (status != FC_OK) {
            return status;
        }
        if (at->heap_at != NONE) {
            at->key = fmax(at->key, doubt * c->unit[o]);
            cubature_heap_rise(c, b->box[i]);
        }
    }
    return FC_OK;
}

fc_status cubature_follow_chords(cubature *c, uint64_t *n_eval)
{
    size_t n = 0;
    for (size_t k = 0; k < c->n_todo; k++) {
        n += c->boxes[c->todo[k]].chord != NONE;
    }
    const uint64_t cost = (uint64_t)n * c->rule->n_line;
    if (n == 0 || *n_eval + cost > c->options->max_eval) {
        return FC_OK;
    }
    chords b;
    fc_status status = cubature_chords_create(&b, c, n);
    if (status != FC_OK) {
        return status;
    }
    n = 0;
    for (size_t k = 0; k < c->n_todo; k++) {
        const uint32_t chord = c->boxes[c->todo[k]].chord;
        if (chord != NONE) {
            b.box[n] = c->todo[k];
            b.axis[n] = c->chord_axis[chord];
            memcpy(b.u + n * c->n_dim, c->chord_u + (size_t)chord * c->n_dim,
                   c->n_dim * sizeof *b.u);
            n++;
        }
    }
    status = cubature_chords_evaluate(&b);
    *n_eval += cost;
    for (size_t i = 0; status == FC_OK && i < n; i++) {
        bool objects;
        status = cubature_chord_weigh(&b, i, &objects);
        if (!objects) {
            c->boxes[b.box[i]].chord = NONE;
        }
    }
    cubature_chords_release(&b);
    return status;
}
