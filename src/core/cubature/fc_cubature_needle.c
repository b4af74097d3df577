/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Needles: what a function can hide where nobody has looked; contract in fc_cubature_impl.h.
 *
 * No number of points excludes a peak or a support narrower than their distance. But where the
 * program that computes f is known, circular arithmetic (fc_disc.h) bounds f over any box: almost
 * everywhere the bound falls as fast as boxes shrink, and where it does not something may be
 * hidden. So before the estimates are believed boxes are halved, the one with the largest bound
 * first (of those with none the smallest), until the bound is no longer much more than the values
 * that are known, or, where f decides something, the box is very small. That takes a few hundred
 * bounds, none of which evaluates f. Through such places lines of several lengths are held to the
 * test of the axes (fc_cubature_rule.h). Where one shows more than the box there claims, the place
 * is noted: boxes that contain it have an error to be reckoned with, until they are as small as the
 * line that showed it. */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_disc.h"

#define MAX_OUT 4
#define MAX_DIM 4 /* in more there are too many boxes about a needle */
#define MOST_BOUNDS 2048
#define MOST_PLACES 16
#define MOST_UNDECIDED 4
#define ENOUGH 16          /* times the range of the values known */
#define NEGLIGIBLE 0.01    /* tolerances */
#define LEAST_HALF 0x1p-10 /* of a box that is not decided */
#define LARGEST_HALF 0.126 /* of a place */
#define N_SCALES 5
#define LARGEST_SCALE 0.125
#define BROAD 4 /* points */
#define SHARE 3 /* of the evaluations spent so far, for lines */

typedef struct region {
    double centre[MAX_DIM], half[MAX_DIM];
    double bound; /* of |f - f(centre)|, in tolerances; infinite: not known */
    double volume;
} region;

typedef struct spot {
    double at[MAX_DIM], volume;
    bool decided;
} spot;

typedef struct search {
    cubature *c;
    double known; /* range of the values seen, in tolerances */
    region *regions;
    size_t n_regions, n_bounds;
    spot places[MOST_PLACES]; /* by volume */
    unsigned n_places, n_undecided;
} search;

/* The box's bound. */
static void bound(search *s, region *r)
{
    const cubature *c = s->c;
    const fc_domain *domain = c->domain;
    fc_disc_range x[MAX_DIM], out[MAX_OUT];
    r->volume = 1;
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double width = domain->upper[d] - domain->lower[d];
        const double half = fabs(width) * r->half[d];
        const double centre = domain->lower[d] + width * r->centre[d];
        x[d] = (fc_disc_range){centre, half, half, DBL_EPSILON * fabs(centre)};
        r->volume *= 2 * r->half[d];
    }
    s->n_bounds++;
    r->bound = INFINITY;
    if (c->f->disc_box(c->f->context, x, NULL, out)) {
        double jacobian = 1;
        for (unsigned d = 0; d < c->n_dim; d++) {
            jacobian *= fabs(domain->upper[d] - domain->lower[d]);
        }
        r->bound = 0;
        for (unsigned o = 0; o < c->n_out; o++) {
            r->bound = fmax(r->bound, fmin(out[o].radius, out[o].spread) * jacobian * c->unit[o]);
        }
    }
}

static bool comes_before(const region *a, const region *b)
{
    return a->bound > b->bound || (a->bound == b->bound && a->volume < b->volume);
}

/* A heap of regions, the first on top. */
static void push(search *s, const region *r)
{
    size_t i = s->n_regions++;
    for (; i > 0 && comes_before(r, &s->regions[(i - 1) / 2]); i = (i - 1) / 2) {
        s->regions[i] = s->regions[(i - 1) / 2];
    }
    s->regions[i] = *r;
}

static region pop(search *s)
{
    const region top = s->regions[0], *last = &s->regions[--s->n_regions];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->n_regions; i = child) {
        child +=
            child + 1 < s->n_regions && comes_before(&s->regions[child + 1], &s->regions[child]);
        if (!comes_before(&s->regions[child], last)) {
            break;
        }
        s->regions[i] = s->regions[child];
    }
    s->regions[i] = *last;
    return top;
}

/* The smallest are next to what makes the bound large. */
static void note_place(search *s, const region *r, bool decided)
{
    s->n_undecided += !decided;
    unsigned i = s->n_places < MOST_PLACES ? s->n_places++ : MOST_PLACES - 1;
    if (i == MOST_PLACES - 1 && s->places[i].volume != 0 && s->places[i].volume <= r->volume) {
        return;
    }
    for (; i > 0 && s->places[i - 1].volume > r->volume; i--) {
        s->places[i] = s->places[i - 1];
    }
    s->places[i] = (spot){.volume = r->volume, .decided = decided};
    memcpy(s->places[i].at, r->centre, sizeof r->centre);
}

/* What is left of a box whose bound is known: nothing, a place to look at, or two halves. */
static void look_into(search *s, const region *r)
{
    const unsigned n_dim = s->c->n_dim;
    unsigned axis = 0;
    for (unsigned d = 1; d < n_dim; d++) {
        axis = r->half[d] > r->half[axis] ? d : axis;
    }
    if (r->bound < ENOUGH * s->known && r->half[axis] < LARGEST_HALF) {
        note_place(s, r, true);
        return;
    }
    if (r->half[axis] <= LEAST_HALF) {
        note_place(s, r, false);
        return;
    }
    for (int side = -1; side <= 1; side += 2) {
        region child = *r;
        child.half[axis] *= 0.5;
        child.centre[axis] += side * child.half[axis];
        bound(s, &child);
        if (child.bound * child.volume > NEGLIGIBLE) {
            push(s, &child);
        }
    }
}

static fc_status find_places(search *s)
{
    cubature *c = s->c;
    for (unsigned o = 0; o < c->n_out; o++) {
        double least = INFINITY, greatest = -INFINITY;
        for (size_t b = 0; b < c->n_boxes; b++) {
            least = fmin(least, c->extremes[b * c->n_out + o].y[0]);
            greatest = fmax(greatest, c->extremes[b * c->n_out + o].y[1]);
        }
        s->known = fmax(s->known, (greatest - least) * c->unit[o]);
    }
    s->regions = fc_malloc(MOST_BOUNDS + 2, sizeof *s->regions);
    if (s->regions == NULL) {
        return FC_ERR_NOMEM;
    }
    for (unsigned d = 0; d < MAX_DIM; d++) {
        s->regions[0].centre[d] = s->regions[0].half[d] = 0.5;
    }
    bound(s, &s->regions[0]);
    s->n_regions = 1;
    while (s->n_regions > 0 && s->n_bounds < MOST_BOUNDS && s->n_undecided < MOST_UNDECIDED) {
        const region r = pop(s);
        look_into(s, &r);
    }
    fc_free(s->regions);
    return FC_OK;
}

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

/* Of a peak the narrowest line that shows it. Of a jump, which all show, the widest; but where that
 * looks like a single point's, something small has this surface. */
static double size_shown(unsigned o, bool decided, double largest, double (*doubt)[MAX_OUT],
                         bool (*broad)[MAX_OUT])
{
    double size = 0;
    for (unsigned k = 0; k < N_SCALES; k++) {
        if (doubt[k][o] > (decided ? 0.1 : 0.5) * largest) {
            size = ldexp(LARGEST_SCALE, -(int)k);
            if (!decided && broad[k][o]) {
                return k > 0 ? 0.5 * size : size;
            }
        }
    }
    return size;
}

/* If the lines show more at a place than its box claims, it becomes a needle. */
static void judge(cubature *c, const double *place, bool decided, double (*doubt)[MAX_OUT],
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
        const double fits = size_shown(o, decided, largest[o], doubt, broad);
        size = size == 0 || (decided && fits < size) ? fits : size;
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

static bool is_finite_box(const fc_domain *domain)
{
    for (unsigned d = 0; d < domain->n_dim; d++) {
        if ((domain->lower_fn != NULL && domain->lower_fn[d] != NULL) ||
            (domain->upper_fn != NULL && domain->upper_fn[d] != NULL) ||
            !isfinite(domain->upper[d] - domain->lower[d])) {
            return false;
        }
    }
    return true;
}

fc_status cubature_seek_needles(cubature *c, uint64_t *n_eval)
{
    const uint64_t per_place = (uint64_t)N_SCALES * c->n_dim * c->rule->n_line;
    if (c->sought || c->n_dim < 2 || c->n_out > MAX_OUT || per_place > BATCH_POINTS ||
        c->options->n_probe == 0) {
        return FC_OK;
    }
    c->sought = true;
    const uint64_t share = *n_eval + *n_eval / SHARE;
    const uint64_t most = share < c->options->max_eval ? share : c->options->max_eval;
    double odd[ODD_MOST][ODD_MAX_DIM];
    unsigned n_odd;
    fc_status status = cubature_odd_probes(c, odd, &n_odd);
    search s = {.c = c};
    if (status == FC_OK && c->f->disc_box != NULL && c->n_dim <= MAX_DIM &&
        is_finite_box(c->domain)) {
        status = find_places(&s);
    }
    /* What bounds tell of is there more surely. */
    for (unsigned i = 0; status == FC_OK && i < s.n_places + n_odd; i++) {
        if (*n_eval + per_place > most) {
            break;
        }
        const bool is_odd = i >= s.n_places;
        const double *place = is_odd ? odd[i - s.n_places] : s.places[i].at;
        double doubt[N_SCALES][MAX_OUT];
        bool broad[N_SCALES][MAX_OUT];
        status = draw_lines(c, place, doubt, broad);
        *n_eval += per_place;
        if (status == FC_OK) {
            judge(c, place, !is_odd && s.places[i].decided, doubt, broad);
        }
    }
    return status;
}
