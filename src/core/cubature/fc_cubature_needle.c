/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Needles: small things whose place and size are known; contract in fc_cubature_impl.h.
 *
 * Boxes that contain one have an error to be reckoned with, until they are as small as it is. They
 * come from bounds of f (fc_cubature_hidden.c), from climbing (fc_cubature_climb.c), and from odd
 * probes (fc_cubature_odd.c): through these lines of several lengths are held to the test of the
 * axes (fc_cubature_rule.h), and where one shows more than the box there claims, there is a needle.
 */
#include <math.h>
#include <string.h>

#include "fc_cubature_impl.h"

#define MAX_OUT 4
#define NEGLIGIBLE 0.01 /* tolerances */
#define N_SCALES 5
#define LARGEST_SCALE 0.125
#define BROAD 4 /* points */
#define SHARE 3 /* of the evaluations spent so far, for lines */

/* Does a line cross something that is as wide as a good part of it, and so not one point's? */
static bool is_broad(const double *y, unsigned n)
{
    double least = y[0], greatest = y[0];
    for (unsigned j = 1; j < n; j++) {
        least = fmin(least, y[j]);
        greatest = fmax(greatest, y[j]);
    }
    unsigned above = 0;
    for (unsigned j = 0; j < n; j++) {
        above += y[j] > 0.5 * least + 0.5 * greatest;
    }
    return above >= BROAD && n - above >= BROAD;
}

/* Lines through a place: what they show at each scale, per output, as fc_cubature_rule_doubt; and
 * whether some line of that scale shows it broadly. */
static fc_status draw_lines(cubature *c, const double *place, double (*doubt)[MAX_OUT],
                            bool (*broad)[MAX_OUT])
{
    scratch *s;
    fc_status status = cubature_scratch(c, 0, &s);
    const fc_cubature_rule *rule = c->rule;
    const unsigned n_line = rule->n_line;
    if (status != FC_OK) {
        return status;
    }
    size_t n = 0;
    for (unsigned k = 0; k < N_SCALES; k++) {
        const double scale = ldexp(LARGEST_SCALE, -(int)k);
        for (unsigned axis = 0; axis < c->n_dim; axis++) {
            const double middle = fmin(fmax(place[axis], scale), 1 - scale);
            for (unsigned j = 0; j < n_line; j++, n++) {
                for (unsigned d = 0; d < c->n_dim; d++) {
                    s->u[d][n] = d == axis ? middle + scale * rule->line_at[j] : place[d];
                }
            }
        }
    }
    status = cubature_evaluate(c, s, 0, n);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        const double *y = s->y[o];
        for (unsigned k = 0; k < N_SCALES; k++) {
            doubt[k][o] = 0;
            broad[k][o] = false;
            for (unsigned axis = 0; axis < c->n_dim; axis++, y += n_line) {
                double largest = 0;
                for (unsigned j = 0; j < n_line; j++) {
                    largest = fmax(largest, fabs(y[j]));
                }
                const double found =
                    isfinite(largest) ? fc_cubature_rule_doubt(rule, y, 64 * DBL_EPSILON * largest)
                                      : 0;
                doubt[k][o] = fmax(doubt[k][o], found);
                broad[k][o] = broad[k][o] || (found > 0 && is_broad(y, n_line));
            }
        }
    }
    return status;
}

/* The widest line that shows it; but where that looks like a single point's, something small has
 * this surface. */
static double size_shown(unsigned o, double largest, double (*doubt)[MAX_OUT],
                         bool (*broad)[MAX_OUT])
{
    double size = 0;
    for (unsigned k = 0; k < N_SCALES; k++) {
        if (doubt[k][o] > 0.5 * largest) {
            size = ldexp(LARGEST_SCALE, -(int)k);
            if (broad[k][o]) {
                return k > 0 ? 0.5 * size : size;
            }
        }
    }
    return size;
}

/* If the lines show more at a place than its box claims, it becomes a needle. */
static void judge(cubature *c, const double *place, double (*doubt)[MAX_OUT],
                  bool (*broad)[MAX_OUT])
{
    const uint32_t b = cubature_box_at(c, place);
    const double *half = c->geometry + 2 * (size_t)c->n_dim * b + c->n_dim;
    double largest[MAX_OUT] = {0}, weight[MAX_OUT] = {0};
    bool any = false;
    for (unsigned k = 0; k < N_SCALES; k++) {
        const double scale = ldexp(LARGEST_SCALE, -(int)k);
        for (unsigned o = 0; o < c->n_out; o++) {
            largest[o] = fmax(largest[o], doubt[k][o]);
            weight[o] = fmax(weight[o], doubt[k][o] * pow(2 * scale, c->n_dim));
        }
    }
    double size = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        const fc_cubature_estimate *e = &c->estimates[(size_t)b * c->n_out + o];
        /* Where the boxes' sum is not within the tolerance, the sparse grid's is to be believed. */
        const double claimed = c->error[o] <= c->tolerance[o] ? e->error : 0;
        if (weight[o] <= claimed || weight[o] * c->unit[o] < NEGLIGIBLE) {
            weight[o] = 0;
            continue;
        }
        any = true;
        const double fits = size_shown(o, largest[o], doubt, broad);
        size = size == 0 ? fits : size;
    }
    bool coarse = false;
    for (unsigned d = 0; d < c->n_dim; d++) {
        coarse = coarse || half[d] > NEEDLE_SIZE * size;
    }
    if (!any || !coarse || c->n_needles == MOST_NEEDLES) {
        return;
    }
    needle found = {.size = size};
    memcpy(found.place, place, c->n_dim * sizeof *place);
    memcpy(found.weight, weight, sizeof found.weight);
    cubature_note_needle(c, &found);
}

void cubature_note_needle(cubature *c, const needle *found)
{
    c->smooth.off = true;
    if (c->n_needles == MOST_NEEDLES) {
        return;
    }
    c->needles[c->n_needles++] = *found;
    const uint32_t b = cubature_box_at(c, found->place);
    cubature_fear_needles(c, b);
    if (c->boxes[b].heap_at != NONE) {
        for (unsigned o = 0; o < c->n_out; o++) {
            const double error = c->estimates[(size_t)b * c->n_out + o].error;
            c->boxes[b].key = fmax(c->boxes[b].key, error * c->unit[o]);
        }
        cubature_heap_rise(c, b);
    }
}

void cubature_fear_needles(cubature *c, size_t b)
{
    const double *centre = c->geometry + 2 * (size_t)c->n_dim * b, *half = centre + c->n_dim;
    for (unsigned k = 0; k < c->n_needles; k++) {
        const needle *at = &c->needles[k];
        unsigned axis = 0;
        bool inside = true;
        for (unsigned d = 0; d < c->n_dim; d++) {
            inside = inside && fabs(at->place[d] - centre[d]) <= half[d];
            axis = half[d] > half[axis] ? d : axis;
        }
        if (!inside || half[axis] <= NEEDLE_SIZE * at->size) {
            continue;
        }
        for (unsigned o = 0; o < c->n_out; o++) {
            fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
            e->error = fmax(e->error, at->weight[o]);
        }
        c->boxes[b].next_axis = (uint16_t)axis;
    }
}

static uint64_t points_at_place(const cubature *c)
{
    return (uint64_t)N_SCALES * c->n_dim * c->rule->n_line;
}

fc_status cubature_look_closely(cubature *c, const double *place, uint64_t *n_eval)
{
    const uint64_t n = points_at_place(c);
    if (c->n_out > MAX_OUT || n > BATCH_POINTS || *n_eval + n > c->options->max_eval) {
        return FC_OK;
    }
    double doubt[N_SCALES][MAX_OUT];
    bool broad[N_SCALES][MAX_OUT];
    fc_status status = draw_lines(c, place, doubt, broad);
    *n_eval += n;
    if (status == FC_OK) {
        judge(c, place, doubt, broad);
    }
    return status;
}

fc_status cubature_seek_needles(cubature *c, uint64_t *n_eval)
{
    if (c->sought || c->n_dim < 2 || c->n_out > MAX_OUT || c->options->n_probe == 0) {
        return FC_OK;
    }
    c->sought = true;
    const uint64_t most = *n_eval + *n_eval / SHARE;
    double odd[ODD_MOST][ODD_MAX_DIM];
    unsigned n_odd;
    fc_status status = cubature_odd_probes(c, odd, &n_odd);
    for (unsigned i = 0; status == FC_OK && i < n_odd; i++) {
        if (*n_eval + points_at_place(c) <= most) {
            status = cubature_look_closely(c, odd[i], n_eval);
        }
    }
    return status;
}
