/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a box finds beyond its faces; contract in fc_cubature_impl.h.
 *
 * Between its outermost points and a face a box is blind but for the middle of the face. A small
 * box beside a large one knows better: the line through its middle, continued a little, meets the
 * large one's blind strip where the large one has no point. So each box extrapolates the values on
 * its axes to one point beyond each face, and f is evaluated there: as deep as the neighbour's
 * outermost points; but where the two have the same middle line, and the neighbour sees to its
 * strip itself, just across the face. Smooth functions are extrapolated well (and how well, a
 * polynomial through fewer points tells). Where f is not what was expected, by more than the box's
 * own error explains,
 *
 *     a chord through the neighbour, along this line, is held to the test of the axes, and goes
 *     with it (fc_cubature_audit.c) if it objects to the neighbour's claim;
 *     else the jump is at the face itself (or at an end of the range, where nobody is beyond),
 * between the points nearest to it on either side, and both boxes' errors are raised by what may
 * lie there. */
#include <math.h>
#include <string.h>

#include "fc_cubature_impl.h"

#define CREDIBLE 8      /* as in fc_cubature_doubt.c */
#define UNEXPECTED 4    /* times the difference of two extrapolations */
#define DEEPEST 0.25    /* half widths, beyond the face; */
#define DEEPEST_GK 0.1  /* the high degree cannot be extrapolated so far */
#define NEGLIGIBLE 1e-4 /* tolerances */
#define AT_END 1e-3     /* of the distance of the points at the edges */
#define STRIP 0.05      /* of a box, that it may be blind to at a face */

/* Does the neighbour's middle line continue a's? */
static bool is_aligned(const cubature *c, uint32_t a, uint32_t b, unsigned axis)
{
    const double *p = c->geometry + 2 * (size_t)c->n_dim * a;
    const double *q = c->geometry + 2 * (size_t)c->n_dim * b;
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (d != axis && (p[d] != q[d] || p[c->n_dim + d] != q[c->n_dim + d])) {
            return false;
        }
    }
    return true;
}

/* How far beyond the face, in a's half widths. At an end of the range, where there is no b: before
 * it, but much nearer than a's other points. */
static double depth_beyond(const cubature *c, uint32_t a, uint32_t b, unsigned axis)
{
    if (b == NONE) {
        return -AT_END * (1 - c->rule->edge);
    }
    const double own = c->geometry[2 * (size_t)c->n_dim * a + c->n_dim + axis];
    const double theirs = c->geometry[2 * (size_t)c->n_dim * b + c->n_dim + axis];
    if (is_aligned(c, a, b, axis)) {
        return (1 - c->rule->edge) * theirs / own;
    }
    const double deepest = c->rule->kind == FC_CUBATURE_GK15 ? DEEPEST_GK : DEEPEST;
    return fmin((1 - c->rule->outermost) * theirs / own, deepest);
}

/* By how much y, at `t` on the axis, is not what the values on it let expect; 0: by nothing. */
static double unexpected(const cubature *c, const double *f, unsigned axis, double t, double y)
{
    const fc_cubature_rule *rule = c->rule;
    double full = 0, full_sum = 0, fewer = 0, fewer_sum = 0, size = 0, largest = fabs(y);
    for (unsigned j = 0; j < rule->n_line; j++) {
        const double value = f[rule->line[axis][j]],
                     w = rule->line_full[j] / (t - rule->line_at[j]);
        const double v = rule->line_fewer[j] / (t - rule->line_at[j]);
        full += w * value;
        full_sum += w;
        fewer += v * value;
        fewer_sum += v;
        size += fabs(w);
        largest = fmax(largest, fabs(value));
    }
    full /= full_sum;
    fewer /= fewer_sum;
    const double noise = 8 * DBL_EPSILON * largest * size / fabs(full_sum);
    const double differs = fabs(y - full);
    return differs > UNEXPECTED * fabs(full - fewer) + noise ? differs : 0; /* 0 for nan */
}

fc_status cubature_look_beyond(cubature *c, scratch *s, unsigned worker, size_t begin, size_t end)
{
    const size_t n_faces = 2 * (size_t)c->n_dim, per_box = c->rule->n_points;
    const size_t total = (end - begin) * per_box;
    double *found = c->beyond + begin * n_faces * c->n_out;
    memset(found, 0, (end - begin) * n_faces * c->n_out * sizeof *found);
    for (size_t k = begin; k < end;) {
        uint32_t place[BATCH_POINTS];
        double at[BATCH_POINTS];
        size_t n = 0;
        for (; k < end && n + n_faces <= BATCH_POINTS; k++) {
            const uint32_t b = c->todo[k];
            const double *centre = c->geometry + 2 * (size_t)c->n_dim * b;
            for (size_t i = 0; i < n_faces; i++) {
                const unsigned axis = (unsigned)(i / 2);
                const uint32_t other = cubature_neighbour(c, b, axis, i % 2 == 1);
                const double t = 1 + depth_beyond(c, b, other, axis);
                at[n] = i % 2 == 0 ? t : -t;
                place[n] = (uint32_t)((k - begin) * n_faces + i);
                for (unsigned d = 0; d < c->n_dim; d++) {
                    s->u[d][n] = centre[d] + (d == axis ? at[n] * centre[c->n_dim + d] : 0);
                }
                n++;
            }
        }
        fc_status status = cubature_evaluate(c, s, worker, n);
        if (status != FC_OK) {
            return status;
        }
        atomic_fetch_add_explicit(&c->n_beyond, n, memory_order_relaxed);
        for (size_t m = 0; m < n; m++) {
            const size_t box = place[m] / n_faces, face = place[m] % n_faces;
            for (unsigned o = 0; o < c->n_out; o++) {
                const double *f = s->values + o * total + box * per_box;
                found[(box * c->n_out + o) * n_faces + face] =
                    unexpected(c, f, (unsigned)(face / 2), at[m], s->y[o][m]);
            }
        }
    }
    return FC_OK;
}

/* Add to the error of a box that is, or will be, in the heap. */
static void add_error(cubature *c, uint32_t b, unsigned o, double error, unsigned axis)
{
    box *at = &c->boxes[b];
    fc_cubature_estimate *e = &c->estimates[(size_t)b * c->n_out + o];
    if (error > e->error) {
        at->next_axis = (uint16_t)axis;
    }
    e->error += error;
    if (at->heap_at != NONE) {
        at->key = fmax(at->key, e->error * c->unit[o]);
        cubature_heap_rise(c, b);
    }
}

/* Of the unexpected value beyond face i of todo[k]: the part of it that concerns output o, in terms
 * of a mean value; 0 where the box may be wrong itself, or too little. */
static double suspicion(const cubature *c, size_t k, size_t i, unsigned o, double their_volume)
{
    const uint32_t b = c->todo[k];
    const double found = c->beyond[(k * c->n_out + o) * 2 * c->n_dim + i];
    const double own = c->estimates[(size_t)b * c->n_out + o].error;
    return found * cubature_volume(c, b) > CREDIBLE * own &&
                   found * STRIP * their_volume * c->unit[o] > NEGLIGIBLE
               ? found
               : 0;
}

/* The jump is nearer to the face than any point. */
static void blame_face(cubature *c, size_t k, size_t i, uint32_t other)
{
    const unsigned axis = (unsigned)(i / 2);
    const uint32_t b = c->todo[k];
    const double *half = c->geometry + c->n_dim;
    const double own = half[2 * (size_t)c->n_dim * b + axis];
    const double theirs = other != NONE ? half[2 * (size_t)c->n_dim * other + axis] : 0;
    const double volume = cubature_volume(c, b), layer = 0.5 * (1 - c->rule->edge);
    for (unsigned o = 0; o < c->n_out; o++) {
        const double found = suspicion(c, k, i, o, volume) * volume * layer;
        if (found > 0) {
            add_error(c, b, o, found, axis);
            if (other != NONE) {
                add_error(c, other, o, found * theirs / own, axis);
            }
        }
    }
}

fc_status cubature_judge_beyond(cubature *c, uint64_t *n_eval)
{
    *n_eval += atomic_exchange_explicit(&c->n_beyond, 0, memory_order_relaxed);
    const size_t n_faces = 2 * (size_t)c->n_dim;
    size_t n = 0;
    for (size_t pass = 0; pass < 2; pass++) {
        chords b = {0};
        if (pass == 1) {
            const uint64_t cost = (uint64_t)n * c->rule->n_line;
            if (n == 0 || *n_eval + cost > c->options->max_eval) {
                break;
            }
            fc_status status = cubature_chords_create(&b, c, n);
            if (status != FC_OK) {
                return status;
            }
            n = 0;
        }
        for (size_t k = 0; k < c->n_todo; k++) {
            const uint32_t a = c->todo[k];
            for (size_t i = 0; i < n_faces && !c->boxes[a].bad; i++) {
                const unsigned axis = (unsigned)(i / 2);
                bool any = false;
                for (unsigned o = 0; !any && o < c->n_out; o++) {
                    any = c->beyond[(k * c->n_out + o) * n_faces + i] > 0;
                }
                const uint32_t other = any ? cubature_neighbour(c, a, axis, i % 2 == 1) : NONE;
                if (!any || (other != NONE && c->boxes[other].bad)) {
                    continue;
                }
                const bool alone = other == NONE || is_aligned(c, a, other, axis);
                const double theirs = cubature_volume(c, other != NONE ? other : a);
                any = false;
                for (unsigned o = 0; !any && o < c->n_out; o++) {
                    any = suspicion(c, k, i, o, theirs) > 0;
                }
                if (!any || alone) {
                    if (any && pass == 0) {
                        blame_face(c, k, i, other);
                    }
                    continue;
                }
                if (pass == 1) {
                    b.box[n] = other;
                    b.axis[n] = (uint16_t)axis;
                    memcpy(b.u + n * c->n_dim, c->geometry + 2 * (size_t)c->n_dim * a,
                           c->n_dim * sizeof *b.u);
                    b.from[n] = (uint32_t)(k * n_faces + i);
                }
                n++;
            }
        }
        if (pass == 0) {
            continue;
        }
        b.n = n; /* less than there was room for, if boxes were blamed in the first pass */
        *n_eval += (uint64_t)n * c->rule->n_line;
        fc_status status = cubature_chords_evaluate(&b);
        for (size_t m = 0; status == FC_OK && m < n; m++) {
            bool objects;
            status = cubature_chord_weigh(&b, m, &objects);
            if (status == FC_OK && !objects) {
                blame_face(c, b.from[m] / n_faces, b.from[m] % n_faces, b.box[m]);
            }
        }
        cubature_chords_release(&b);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}
