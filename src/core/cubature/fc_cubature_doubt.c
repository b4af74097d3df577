/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Doubts about the estimates of an adaptive cubature; contract in fc_cubature_impl.h.
 *
 * Witnesses are values of f that a box's rule has not seen: probes, spread over the whole range
 * before the first cut, and edges, the values near the middle of a face of a box beyond. A value
 * far outside those at the rule's points means that the rule misses something: a peak's flank, a
 * jump. The box's error is then raised until cuts have cleared it up. */
#include <math.h>
#include <string.h>

#include "fc_cubature_impl.h"

#define MIN_PROBES 16               /* in a box, for their mean to be held against the rule's */
#define MAX_EDGES ((size_t)1 << 17) /* kept */
#define NEGLIGIBLE 1e-6             /* tolerances */
#define FAST 0.25    /* the next cut's change, for this one's: as smooth functions' at least */
#define SLOWEST 0.95 /* that is followed */
#define CREDIBLE 8   /* who may be wrong itself by an eighth of what it objects to is not heard */

/* How far y is outside what the rule saw in b; f may well pass the range of its values by as much
 * as it is wide. */
static double outside_of(const cubature *c, size_t b, unsigned o, double y)
{
    const double *seen = c->extremes[b * c->n_out + o].y, least = seen[0], greatest = seen[1];
    const double margin = greatest - least;
    const double above = y - greatest - margin, below = least - margin - y;
    return above > below ? above : below;
}

/* Where to cut box b so that it becomes as fine as the one that witness w comes from: the axis
 * where it is coarsest by comparison; that of their common face when none is. */
static uint16_t axis_towards(const cubature *c, size_t b, uint32_t w)
{
    const double *half = c->geometry + 2 * c->n_dim * b + c->n_dim;
    const double *theirs = c->witness_half + (size_t)c->n_dim * w;
    unsigned axis = c->witnesses[w].axis;
    if (axis == LOST) { /* evenly, until the rule has a point there */
        axis = 0;
        for (unsigned d = 1; d < c->n_dim; d++) {
            axis = half[d] * theirs[axis] > half[axis] * theirs[d] ? d : axis;
        }
        return (uint16_t)axis;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (half[d] * theirs[axis] > 1.5 * half[axis] * theirs[d] && half[d] > theirs[d]) {
            axis = d;
        }
    }
    return (uint16_t)axis;
}

/* What a neighbour of volume `theirs` may rightly object to in box b. */
static double edge_objection(const cubature *c, size_t b, unsigned o, double y, double theirs)
{
    const double volume = cubature_volume(c, b), outside = outside_of(c, b, o, y);
    const double mean = c->estimates[b * c->n_out + o].mean_abs / volume;
    return outside > NOISE * fmax(mean, fabs(y)) ? fmin(volume, theirs) * outside : 0;
}

double cubature_objections(const cubature *c, size_t b, unsigned o, uint16_t *axis)
{
    const fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
    const double volume = cubature_volume(c, b);
    /* Of the probes, relative to the rule's mean. */
    const double centre = e->value / volume;
    double sum = 0, square = 0, outside = 0, far_sum = 0, edges = 0, largest = 0;
    size_t n = 0;
    for (uint32_t w = c->boxes[b].first_witness; w != NONE; w = c->witnesses[w].next) {
        const double y = c->witness_y[(size_t)w * c->n_out + o], theirs = c->witnesses[w].volume;
        if (!isfinite(y)) {
            continue;
        }
        if (theirs != 0) {
            double objection = edge_objection(c, b, o, y, theirs);
            edges += objection;
            if (objection > largest) {
                largest = objection;
                *axis = axis_towards(c, b, w);
            }
            continue;
        }
        const double far = outside_of(c, b, o, y), delta = y - centre;
        outside = far > outside ? far : outside;
        far_sum += far > 0 ? far : 0;
        n++;
        sum += delta;
        square += delta * delta;
    }
    if (n == 0) {
        return edges;
    }
    double objection =
        outside > NOISE * e->mean_abs / volume ? volume * (far_sum + outside) / (double)n : 0;
    if (n >= MIN_PROBES) {
        const double differs = fabs(sum / (double)n);
        const double variance = fmax(square / (double)n - differs * differs, 0);
        if (differs > 6 * sqrt(variance / (double)n) + 1e-10 * fabs(centre)) {
            objection = fmax(objection, volume * differs);
        }
    }
    return objection + edges;
}

bool cubature_has_bad_probe(const cubature *c, size_t b)
{
    for (uint32_t w = c->boxes[b].first_witness; w != NONE && c->any_bad_probe;
         w = c->witnesses[w].next) {
        for (unsigned o = 0; c->witnesses[w].volume == 0 && o < c->n_out; o++) {
            if (!isfinite(c->witness_y[(size_t)w * c->n_out + o])) {
                return true;
            }
        }
    }
    return false;
}

/* The axis of the cut that made halves a and b. */
static unsigned axis_between(const cubature *c, size_t a, size_t b)
{
    const double *lower = c->geometry + 2 * c->n_dim * a, *upper = c->geometry + 2 * c->n_dim * b;
    unsigned axis = 0;
    while (axis + 1 < c->n_dim && lower[axis] == upper[axis]) {
        axis++;
    }
    return axis;
}

/* A half takes its share of what the last cuts changed, and learns what this one has. What cuts
 * across each axis will still change, if each changes as much less than the last as that one did,
 * is a geometric series: next to a singular corner a slow one. */
static double follow_trends(trend *trends, unsigned n_dim, unsigned axis, double share,
                            double change)
{
    double rest = 0;
    for (unsigned d = 0; d < n_dim; d++) {
        trends[d].change *= (float)share;
        trends[d].rest *= (float)share;
        if (d == axis) {
            const double before = trends[d].change;
            const double ratio = before > 0 ? fmin(share * change / before, SLOWEST) : 0;
            trends[d].change = (float)(share * change);
            trends[d].rest = ratio > FAST ? (float)(share * change * ratio / (1 - ratio)) : 0;
        }
        rest += trends[d].rest;
    }
    return rest;
}

/* A box's error is at least `change`, and what its trends leave: that is cleared up by cuts across
 * the axis which leaves most. */
static void raise_to_trend(cubature *c, size_t b, fc_cubature_estimate *e, double change,
                           double rest, const trend *trends)
{
    if (rest > fmax(e->error, change)) {
        unsigned axis = 0;
        for (unsigned d = 1; d < c->n_dim; d++) {
            axis = trends[d].rest > trends[axis].rest ? d : axis;
        }
        c->boxes[b].next_axis = (uint16_t)axis;
    }
    e->error = fmax(e->error, fmax(change, rest));
}

/* The disagreement is the parent's error, and theirs is a small part of it if the rule converges.
 */
void cubature_parent_disagrees(cubature *c, const fc_cubature_estimate *parent, size_t a, size_t b)
{
    const unsigned axis = axis_between(c, a, b), n_dim = c->n_dim;
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *left = &c->estimates[a * c->n_out + o];
        fc_cubature_estimate *right = &c->estimates[b * c->n_out + o];
        double change = fabs(parent[o].value - (left->value + right->value));
        const double noise = NOISE * (left->mean_abs + right->mean_abs);
        change = change > 8 * noise ? change : 0;
        const double both = left->error + right->error;
        const double share = both > 0 ? left->error / both : 0.5;
        trend *lower = c->trends + (a * c->n_out + o) * n_dim;
        trend *upper = c->trends + (b * c->n_out + o) * n_dim;
        const double left_rest = follow_trends(lower, n_dim, axis, share, change);
        const double right_rest = follow_trends(upper, n_dim, axis, 1 - share, change);
        raise_to_trend(c, a, left, change / 8, left_rest, lower);
        raise_to_trend(c, b, right, change / 8, right_rest, upper);
    }
}

/* A block of fc_pool_for over todo: whom do the edges accuse? Reads all boxes, writes `accused`. */
static fc_status find_accused(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    cubature *c = context;
    const size_t n_faces = 2 * (size_t)c->n_dim;
    for (size_t k = begin; k < end; k++) {
        const uint32_t b = c->todo[k];
        const double volume = cubature_volume(c, b);
        for (size_t i = 0; i < n_faces; i++) {
            const uint32_t other = cubature_neighbour(c, b, (unsigned)(i / 2), i % 2 == 1);
            bool objects = false;
            for (unsigned o = 0; other != NONE && !objects && o < c->n_out; o++) {
                const double y = c->edges[(k * c->n_out + o) * n_faces + i];
                const double own = c->estimates[b * c->n_out + o].error;
                objects = edge_objection(c, other, o, y, volume) > CREDIBLE * own;
            }
            c->accused[k * n_faces + i] = objects ? other : NONE;
        }
    }
    return FC_OK;
}

/* A witness from a box of these half widths and volume, the last of box `other`; its place and
 * values are the caller's to fill in. */
static fc_status witness_new(cubature *c, uint32_t other, unsigned axis, double volume,
                             const double *half, uint32_t *out)
{
    const uint32_t w = (uint32_t)c->n_witness;
    fc_status status = cubature_reserve_witnesses(c, c->n_witness + 1);
    if (status != FC_OK) {
        return status;
    }
    memcpy(c->witness_half + (size_t)c->n_dim * w, half, c->n_dim * sizeof *half);
    c->witnesses[w] = (witness){.next = NONE, .axis = (uint16_t)axis, .volume = volume};
    c->n_witness++;
    cubature_witness_append(c, other, w);
    *out = w;
    return FC_OK;
}

fc_status cubature_remember(cubature *c, size_t pair, uint32_t a, uint32_t b)
{
    /* The parent's half widths: the halves' own, but for the axis of the cut. */
    double half[FC_CUBATURE_MAX_DIM];
    const double *lower = c->geometry + 2 * c->n_dim * a;
    const unsigned axis = axis_between(c, a, b);
    for (unsigned d = 0; d < c->n_dim; d++) {
        half[d] = lower[c->n_dim + d];
    }
    half[axis] *= 2;
    const double middle = lower[axis] + lower[c->n_dim + axis];
    const double volume = 2 * cubature_volume(c, a);
    fc_status status = FC_OK;
    for (unsigned i = 0; status == FC_OK && i < 2 * c->n_out; i++) {
        const unsigned o = i / 2;
        const double y = c->parent_extremes[pair * c->n_out + o].y[i % 2];
        const double *at = c->parent_points + (2 * pair * c->n_out + i) * c->n_dim;
        const uint32_t child = at[axis] < middle ? a : b;
        const double objection = edge_objection(c, child, o, y, volume);
        if (objection * c->unit[o] < NEGLIGIBLE || c->boxes[child].bad ||
            c->n_witness >= c->n_probe + MAX_EDGES) {
            continue;
        }
        uint32_t w;
        status = witness_new(c, child, LOST, volume, half, &w);
        if (status == FC_OK) {
            for (unsigned d = 0; d < c->n_dim; d++) {
                c->witness_u[d][w] = at[d];
            }
            for (unsigned k = 0; k < c->n_out; k++) { /* of the others nothing is known here */
                c->witness_y[(size_t)w * c->n_out + k] = k == o ? y : NAN;
            }
        }
    }
    return status;
}

/* Edge i of todo[k] becomes a witness in box `other`. */
static fc_status witness_add(cubature *c, size_t k, size_t i, uint32_t other)
{
    const uint32_t b = c->todo[k];
    const unsigned axis = (unsigned)(i / 2);
    const double *centre = c->geometry + 2 * c->n_dim * b;
    uint32_t w;
    fc_status status = witness_new(c, other, axis, cubature_volume(c, b), centre + c->n_dim, &w);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->witness_u[d][w] = centre[d];
    }
    /* Just inside the other box, so that it goes with the half at the face. */
    const double *their_centre = c->geometry + 2 * c->n_dim * other;
    const double *their_half = their_centre + c->n_dim;
    c->witness_u[axis][w] =
        i % 2 == 0 ? their_centre[axis] - their_half[axis] : their_centre[axis] + their_half[axis];
    for (unsigned o = 0; o < c->n_out; o++) {
        c->witness_y[(size_t)w * c->n_out + o] = c->edges[(k * c->n_out + o) * 2 * c->n_dim + i];
    }
    return FC_OK;
}

/* A box that was done with before. (Those of this round hear their witnesses later.) */
static void accuse_settled(cubature *c, size_t k, size_t i, uint32_t other)
{
    box *at = &c->boxes[other];
    const double volume = cubature_volume(c, c->todo[k]);
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *e = &c->estimates[other * c->n_out + o];
        const double y = c->edges[(k * c->n_out + o) * 2 * c->n_dim + i];
        double objection = edge_objection(c, other, o, y, volume);
        if (objection > e->error && at->last_witness != NONE) {
            at->next_axis = axis_towards(c, other, at->last_witness);
        }
        e->error += objection;
        at->key = fmax(at->key, e->error * c->unit[o]);
    }
    cubature_heap_rise(c, other);
}

fc_status cubature_ask_neighbours(cubature *c)
{
    const size_t n_faces = 2 * (size_t)c->n_dim;
    fc_run run = c->run;
    run.width = c->n_todo < 256 ? 1 : run.width;
    fc_status status = fc_pool_for(&run, find_accused, c, c->n_todo, 64);
    for (size_t k = 0; status == FC_OK && k < c->n_todo; k++) {
        for (size_t i = 0; status == FC_OK && i < n_faces; i++) {
            const uint32_t other = c->accused[k * n_faces + i];
            if (other == NONE || c->boxes[c->todo[k]].bad || c->boxes[other].bad ||
                c->n_witness >= c->n_probe + MAX_EDGES) {
                continue;
            }
            status = witness_add(c, k, i, other);
            if (status == FC_OK && c->boxes[other].heap_at != NONE) {
                accuse_settled(c, k, i, other);
            }
        }
    }
    return status;
}
