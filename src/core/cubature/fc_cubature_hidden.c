/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What may be hidden where nobody has looked; contract in fc_cubature_impl.h.
 *
 * No number of points excludes a peak or a support narrower than their distance. But where the
 * program that computes f is known, interval arithmetic (fc_bounds.h) tells between which values it
 * is in a whole box. So before the estimates are believed every box is asked whether f may be far
 * outside what was seen there, and by so much that it matters. Where it may be, the box is halved
 * again and again, the most suspicious part first (branch and bound), until the bounds do no longer
 * let room for that, or f is there: then it is a needle (fc_cubature_needle.c), as large as f is
 * found to be so. None of this evaluates f.
 *
 * In the same way places are found where f is nan: there the box is bad. */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_bounds.h"

#define MAX_DIM 6
#define MAX_OUT 4
#define LEAST_WALKS 1024 /* through the program: each takes as long as some evaluations */
#define MOST_WALKS 32768
#define SHARE 8         /* of the evaluations spent so far */
#define NEGLIGIBLE 0.02 /* tolerances */
#define ATTAINED 0.25   /* of what bounds allow: f is really like this */
#define NEAR 0.125      /* of a box's half widths: for two such places */
#define MOST_STEEP 4
#define STEEP 1.0            /* a smooth function in a part of the box varies by no more */
#define SMALL_SHARE 0x1p-6   /* of the box's half widths: larger parts may be as the whole */
#define SMALLER_SHARE 0x1p-3 /* where f varies more than it should, lines may tell why */
#define ALMOST 0.875         /* to the end */
#define LEAST_HALF 0x1p-22
#define LARGEST_SIZE 0.25
#define LEAST_ASPECT 0x1p-6 /* of a needle */
#define OFF_CENTRE 0.0763   /* half widths: at the middle functions like to be special */
#define NAN_STARTS 6
#define NAN_WALKS 24     /* for each, and dimension */
#define HERMITE_ROOM 2.0 /* times the largest value on the grid */
#define SQRT_PI 1.77245385090551602730

typedef struct region {
    double centre[MAX_DIM], half[MAX_DIM];
    double volume, key, nan;
    double top[MAX_OUT]; /* how far f may be outside what was seen, mean value over the region */
    uint32_t box;        /* that it lies in */
} region;

typedef struct search {
    cubature *c;
    bool of_grid; /* the sparse grid's result is asked, not the boxes' */
    double tolerance[MAX_OUT];
    region *heap;
    size_t n, room, n_walks, most;
    bool broadly;                      /* large regions first, not steep ones */
    bool failed;                       /* an instruction is not known */
    double steep[MOST_STEEP][MAX_DIM]; /* places where f varies more than it should */
    unsigned n_steep, n_before;        /* needles that others found */
} search;

/* Coordinate d of x between two places of the unit interval, and dx/du. */
static void map_axis(const fc_domain *domain, unsigned d, double from, double to, fc_bounds *x,
                     fc_bounds *jacobian)
{
    const double low = domain->lower[d], high = domain->upper[d];
    double slope[3] = {1, 1, 1};
    const double a = fc_domain_map_point(low, high, from, &slope[0]);
    const double b = fc_domain_map_point(low, high, to, &slope[1]);
    fc_domain_map_point(low, high, 0.5 * from + 0.5 * to, &slope[2]);
    /* Towards infinity, where f has to fall anyway, some way out is taken for all of it. */
    slope[0] = isinf(slope[0]) ? slope[2] : slope[0];
    slope[1] = isinf(slope[1]) ? slope[2] : slope[1];
    *x = (fc_bounds){fmin(a, b), fmax(a, b), 0};
    *jacobian = (fc_bounds){fmin(fmin(slope[0], slope[1]), slope[2]),
                            fmax(fmax(slope[0], slope[1]), slope[2]), 0};
}

/* The mapped integrand's values over a box; half widths may be 0. */
static bool values_over(search *s, const double *centre, const double *half, fc_bounds *y)
{
    const cubature *c = s->c;
    fc_bounds x[MAX_DIM], by = {1, 1, 0};
    s->n_walks++;
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_bounds slope;
        map_axis(c->domain, d, centre[d] - half[d], centre[d] + half[d], &x[d], &slope);
        by = fc_bounds_multiply(&by, &slope);
    }
    if (!c->f->bounds(c->f->context, x, y)) {
        s->failed = true;
        return false;
    }
    for (unsigned o = 0; o < c->n_out; o++) {
        const double nan = y[o].nan;
        y[o] = fc_bounds_multiply(&y[o], &by);
        y[o].nan = nan;
    }
    return true;
}

/* Between which values f was seen in a box, or may be for all that is known, near u. */
static void seen_in(const search *s, uint32_t box, unsigned o, const double *u, double *least,
                    double *most, double *range)
{
    const cubature *c = s->c;
    const smooth *sm = &c->smooth;
    const double *seen = c->extremes[(size_t)box * c->n_out + o].y;
    *least = seen[0];
    *most = seen[1];
    if (s->of_grid && sm->family == FC_SPARSE_HERMITE) { /* its values are those of f e^(z.z) */
        const double size = fmax(fabs(sm->outputs[o].least), fabs(sm->outputs[o].greatest));
        double room = HERMITE_ROOM * size, x[MAX_DIM], z[MAX_DIM];
        for (unsigned d = 0; d < c->n_dim; d++) {
            double slope = 1;
            x[d] = fc_domain_map_point(c->domain->lower[d], c->domain->upper[d], u[d], &slope);
            room *= fabs(slope) / (sm->scale[d] * SQRT_PI);
        }
        cubature_decay_unmap(c, x, z);
        for (unsigned d = 0; d < c->n_dim; d++) {
            room *= exp(-z[d] * z[d]);
        }
        *least = -room;
        *most = room;
        *range = INFINITY;
        return;
    }
    if (s->of_grid) {
        *least = fmin(*least, sm->outputs[o].least);
        *most = fmax(*most, sm->outputs[o].greatest);
    }
    *range = *most - *least;
    *least -= *range;
    *most += *range;
}

/* How much smaller than its box a region is: by so much less f should vary in it. */
static double share_of_box(const search *s, const region *r)
{
    const unsigned n_dim = s->c->n_dim;
    const double *half = s->c->geometry + 2 * (size_t)n_dim * r->box + n_dim;
    double share = 0;
    for (unsigned d = 0; d < n_dim; d++) {
        share = fmax(share, r->half[d] / half[d]);
    }
    return share;
}

/* What the region's estimate is said to be wrong by, at most. */
static double claim_of(const search *s, uint32_t box, unsigned o)
{
    const double claim = s->c->estimates[(size_t)box * s->c->n_out + o].error;
    return fmax(s->of_grid ? 0 : claim, NEGLIGIBLE * s->tolerance[o]);
}

/* A heap, the largest key on top. */
static void push(search *s, const region *r)
{
    size_t i = s->n++;
    for (; i > 0 && r->key > s->heap[(i - 1) / 2].key; i = (i - 1) / 2) {
        s->heap[i] = s->heap[(i - 1) / 2];
    }
    s->heap[i] = *r;
}

static region pop(search *s)
{
    const region top = s->heap[0], *last = &s->heap[--s->n];
    size_t i = 0;
    for (size_t child; (child = 2 * i + 1) < s->n; i = child) {
        child += child + 1 < s->n && s->heap[child + 1].key > s->heap[child].key;
        if (!(s->heap[child].key > last->key)) {
            break;
        }
        s->heap[i] = s->heap[child];
    }
    s->heap[i] = *last;
    return top;
}

/* A region is kept if something that matters may be hidden there. */
static void consider(search *s, region *r)
{
    const cubature *c = s->c;
    fc_bounds y[MAX_OUT];
    r->nan = 0;
    if (!values_over(s, r->centre, r->half, y)) {
        return;
    }
    r->volume = 1;
    for (unsigned d = 0; d < c->n_dim; d++) {
        r->volume *= 2 * r->half[d];
    }
    const double share = share_of_box(s, r), volume = cubature_volume(c, r->box);
    bool matters = false;
    r->key = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        double least, most, range;
        seen_in(s, r->box, o, r->centre, &least, &most, &range);
        r->top[o] = fmax(fmax(y[o].high - most, least - y[o].low), 0);
        const double swing = 0.5 * (y[o].high - y[o].low);
        if (share > SMALL_SHARE || swing > STEEP * share * range) {
            r->top[o] = fmax(r->top[o], swing);
        }
        r->nan = fmax(r->nan, y[o].nan);
        if (r->top[o] * r->volume > claim_of(s, r->box, o)) {
            matters = true;
            const double usual = (isfinite(range) ? range : 0) + s->tolerance[o] / volume;
            const double steep = isinf(r->top[o]) ? 0 : r->top[o] / (usual * share);
            r->key = fmax(r->key, steep);
        }
    }
    r->key = s->broadly ? r->volume : fmax(r->key, share);
    if (matters && s->n < s->room) {
        push(s, r);
    }
}

/* f at u, nearly. */
static double value_at(search *s, const double *u, unsigned o)
{
    static const double none[MAX_DIM] = {0};
    fc_bounds y[MAX_OUT];
    return values_over(s, u, none, y) ? 0.5 * y[o].low + 0.5 * y[o].high : 0;
}

static double outside_of(const search *s, uint32_t box, unsigned o, const double *u, double value)
{
    double least, most, range;
    seen_in(s, box, o, u, &least, &most, &range);
    return value > most ? value - most : value < least ? least - value : 0;
}

/* f in the middle of a region and along its axes: how far outside it is, and where that is most;
 * and how much it varies beyond what it should. */
static double sample(search *s, const region *r, unsigned o, double *place, double *varies)
{
    double u[MAX_DIM], least = INFINITY, most = -INFINITY, outside = -1;
    for (unsigned k = 0; k <= 2 * s->c->n_dim; k++) {
        for (unsigned d = 0; d < s->c->n_dim; d++) {
            u[d] = r->centre[d] + OFF_CENTRE * r->half[d];
        }
        if (k > 0) {
            u[(k - 1) / 2] += (k % 2 == 0 ? -ALMOST : ALMOST) * r->half[(k - 1) / 2];
        }
        const double value = value_at(s, u, o);
        least = fmin(least, value);
        most = fmax(most, value);
        const double here = outside_of(s, r->box, o, u, value);
        if (here > outside) {
            outside = here;
            memcpy(place, u, sizeof u);
        }
    }
    double ignored[2], range;
    const double share = share_of_box(s, r);
    seen_in(s, r->box, o, r->centre, &ignored[0], &ignored[1], &range);
    *varies = share > SMALLER_SHARE ? 0 : 0.5 * (most - least) - STEEP * share * range;
    return outside;
}

/* How far on an axis f is like it is at u. */
static double extent(search *s, const double *u, uint32_t box, unsigned o, unsigned axis,
                     double here, double from)
{
    double at[MAX_DIM], size = from;
    while (size < LARGEST_SIZE) {
        bool still = false;
        for (int side = -1; side <= 1 && !still; side += 2) {
            memcpy(at, u, sizeof at);
            at[axis] += side * 2 * size;
            still = at[axis] > 0 && at[axis] < 1 &&
                    outside_of(s, box, o, at, value_at(s, at, o)) >= ATTAINED * here;
        }
        if (!still) {
            break;
        }
        size *= 2;
    }
    return size;
}

static unsigned longest(const search *s, const region *r)
{
    unsigned axis = 0;
    for (unsigned d = 1; d < s->c->n_dim; d++) {
        axis = r->half[d] > r->half[axis] ? d : axis;
    }
    return axis;
}

/* Is f so in this region? Then it is a needle, unless the box is known to be wrong by as much. */
static bool attains(search *s, const region *r)
{
    cubature *c = s->c;
    double u[MAX_DIM], varies;
    /* A sparse grid has few points near corners: lines tell whether f is not smooth there. */
    const bool sparsely = s->of_grid && c->smooth.family != FC_SPARSE_HERMITE;
    bool attained = false;
    needle found = {.size = INFINITY};
    for (unsigned o = 0; o < c->n_out; o++) {
        if (r->top[o] <= 0) {
            continue;
        }
        const double here = sample(s, r, o, u, &varies);
        const bool attains_it = here >= ATTAINED * r->top[o];
        if (!attains_it || sparsely) {
            if (attains_it || varies >= ATTAINED * r->top[o]) {
                memcpy(s->steep[s->n_steep++], u, sizeof u);
                return true;
            }
            continue;
        }
        double narrowest = INFINITY, widest = 0, volume = 1;
        for (unsigned d = 0; d < c->n_dim; d++) {
            const double size = extent(s, u, r->box, o, d, here, r->half[d]);
            narrowest = fmin(narrowest, size);
            widest = fmax(widest, size);
            volume *= 2 * size;
        }
        attained = true;
        if (here * volume > claim_of(s, r->box, o)) {
            found.weight[o] = here * volume;
            found.size = fmin(found.size, 0.5 * fmax(narrowest, LEAST_ASPECT * widest));
            memcpy(found.place, u, c->n_dim * sizeof *u);
        }
    }
    if (!attained || isinf(found.size)) {
        return attained;
    }
    const double *half = c->geometry + 2 * (size_t)c->n_dim * r->box + c->n_dim;
    double largest = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        largest = fmax(largest, half[d]);
    }
    found.size = fmin(found.size, 0.5 * largest); /* a cut at least */
    cubature_note_needle(c, &found);
    return true;
}

static region half_of(const region *r, unsigned axis, int side)
{
    region half = *r;
    half.half[axis] *= 0.5;
    half.centre[axis] += side * half.half[axis];
    return half;
}

/* Is what there may be about this region known already? */
static bool is_known(const search *s, const region *r)
{
    const cubature *c = s->c;
    const double *half = c->geometry + 2 * (size_t)c->n_dim * r->box + c->n_dim;
    for (unsigned k = s->n_before; k < c->n_needles; k++) {
        if (cubature_box_at(c, c->needles[k].place) == r->box) {
            return true;
        }
    }
    bool known = false;
    for (unsigned k = 0; k < s->n_steep && !known; k++) {
        known = true;
        for (unsigned d = 0; d < c->n_dim; d++) {
            known = known && fabs(s->steep[k][d] - r->centre[d]) < NEAR * half[d] + r->half[d];
        }
    }
    return known;
}

static void branch_and_bound(search *s, size_t most)
{
    cubature *c = s->c;
    while (s->n > 0 && s->n_walks < most && !s->failed && c->n_needles < MOST_NEEDLES &&
           s->n_steep < MOST_STEEP) {
        const region r = pop(s);
        const unsigned axis = longest(s, &r);
        if (is_known(s, &r) || attains(s, &r) || r.half[axis] < LEAST_HALF) {
            continue;
        }
        for (int side = -1; side <= 1; side += 2) {
            region half = half_of(&r, axis, side);
            consider(s, &half);
        }
    }
}

/* What looked steep may lead nowhere, without end: go on with the largest. */
static void turn_broad(search *s)
{
    const size_t n = s->n;
    s->broadly = true;
    s->n = 0;
    for (size_t i = 0; i < n; i++) {
        region r = s->heap[i];
        r.key = r.volume;
        push(s, &r);
    }
}

/* The largest share of nan of all outputs; -1: not known. */
static double nan_over(search *s, const double *centre, const double *half)
{
    fc_bounds y[MAX_OUT];
    if (!values_over(s, centre, half, y)) {
        return -1;
    }
    double share = 0;
    for (unsigned o = 0; o < s->c->n_out; o++) {
        share = fmax(share, y[o].nan);
    }
    return share;
}

/* From a region where f may be nan to a place where it is: to the half where it is more often. */
static bool find_nan(search *s, region r, uint32_t random, double *u)
{
    static const double none[MAX_DIM] = {0};
    const unsigned n_dim = s->c->n_dim;
    for (unsigned k = 0; k < NAN_WALKS * n_dim && r.nan > 0; k++) {
        for (unsigned d = 0; d < n_dim; d++) {
            random = random * 1664525U + 1013904223U;
            u[d] = r.centre[d] + r.half[d] * ldexp((int32_t)random, -31);
        }
        if (nan_over(s, u, none) > 0) {
            return true;
        }
        const unsigned axis = longest(s, &r);
        region low = half_of(&r, axis, -1), high = half_of(&r, axis, 1);
        low.nan = nan_over(s, low.centre, low.half);
        high.nan = nan_over(s, high.centre, high.half);
        r = low.nan > high.nan || (low.nan == high.nan && random >> 31 == 0) ? low : high;
    }
    return false;
}

/* If f is nan at u, its box is bad. */
static fc_status try_nan(cubature *c, const double *u, uint64_t *n_eval, bool *is_bad)
{
    scratch *s;
    fc_status status = cubature_scratch(c, 0, &s);
    for (unsigned d = 0; status == FC_OK && d < c->n_dim; d++) {
        s->u[d][0] = u[d];
    }
    status = status == FC_OK ? cubature_evaluate(c, s, 0, 1) : status;
    *n_eval += 1;
    bool bad = false;
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        bad = bad || isnan(s->y[o][0]);
    }
    if (status == FC_OK && bad) {
        status = cubature_reserve_witnesses(c, c->n_witness + 1);
    }
    if (status != FC_OK || !bad) {
        return status;
    }
    const uint32_t w = (uint32_t)c->n_witness++, b = cubature_box_at(c, u);
    c->witnesses[w] = (witness){.next = NONE};
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->witness_u[d][w] = u[d];
    }
    for (unsigned o = 0; o < c->n_out; o++) {
        c->witness_y[(size_t)w * c->n_out + o] = s->y[o][0];
    }
    cubature_witness_append(c, b, w);
    c->any_bad_probe = *is_bad = true;
    c->smooth.off = true;
    c->boxes[b].bad = true;
    c->boxes[b].key = INFINITY;
    if (c->boxes[b].heap_at != NONE) {
        cubature_heap_rise(c, b);
    }
    return FC_OK;
}

static bool is_unbounded(const fc_domain *domain)
{
    bool unbounded = false;
    for (unsigned d = 0; d < domain->n_dim; d++) {
        unbounded = unbounded || isinf(domain->lower[d]) || isinf(domain->upper[d]);
    }
    return unbounded;
}

static bool is_box(const fc_domain *domain)
{
    for (unsigned d = 0; d < domain->n_dim; d++) {
        if ((domain->lower_fn != NULL && domain->lower_fn[d] != NULL) ||
            (domain->upper_fn != NULL && domain->upper_fn[d] != NULL)) {
            return false;
        }
    }
    return true;
}

/* The depth up to which there are at most so many boxes: deeper ones are small, and were looked at
 * closely. */
static unsigned deepest(const cubature *c, size_t most)
{
    size_t count[256] = {0}, sum = 0;
    for (size_t b = 0; b < c->n_boxes; b++) {
        count[c->boxes[b].depth < 255 ? c->boxes[b].depth : 255]++;
    }
    unsigned depth = 0;
    while (depth < 256 && sum + count[depth] <= most) {
        sum += count[depth++];
    }
    return depth;
}

static fc_status look_everywhere(search *s, uint64_t *n_eval, bool *any)
{
    cubature *c = s->c;
    const unsigned depth = deepest(c, s->most / 2);
    bool all = true;
    region suspects[NAN_STARTS];
    size_t n_suspects = 0;
    for (size_t b = 0; b < c->n_boxes && !s->failed; b++) {
        if (c->boxes[b].depth >= depth) {
            all = false;
            continue;
        }
        const double *geometry = c->geometry + 2 * c->n_dim * b;
        region r = {.box = (uint32_t)b};
        memcpy(r.centre, geometry, c->n_dim * sizeof *geometry);
        memcpy(r.half, geometry + c->n_dim, c->n_dim * sizeof *geometry);
        consider(s, &r);
        if (r.nan > 0 && !c->boxes[b].bad) { /* the first, and then any */
            const size_t at = n_suspects < NAN_STARTS ? n_suspects : b * 2654435761U % NAN_STARTS;
            suspects[at] = r;
            n_suspects++;
        }
    }
    const size_t n = n_suspects < NAN_STARTS ? n_suspects : NAN_STARTS;
    fc_status status = FC_OK;
    for (uint32_t k = 0; n > 0 && k < NAN_STARTS && status == FC_OK && !*any && !s->failed; k++) {
        double u[MAX_DIM];
        if (find_nan(s, suspects[k % n], k, u)) {
            status = try_nan(c, u, n_eval, any);
        }
    }
    if (status == FC_OK && !*any) {
        branch_and_bound(s, s->most / 2 + s->n_walks / 2);
        turn_broad(s);
        branch_and_bound(s, s->most);
        c->hidden_nowhere = s->n == 0 && !s->failed && all;
        c->hidden_somewhere = s->n > 0 && !s->failed;
    }
    for (unsigned k = 0; k < s->n_steep && status == FC_OK && !*any; k++) {
        status = cubature_look_closely(c, s->steep[k], n_eval);
    }
    return status;
}

fc_status cubature_seek_hidden(cubature *c, uint64_t *n_eval)
{
    bool of_grid = false;
    for (unsigned o = 0; o < c->n_out; o++) {
        of_grid = of_grid || !(c->error[o] <= c->tolerance[o]);
    }
    of_grid = of_grid && c->smooth.outputs != NULL;
    if (c->f->bounds == NULL || c->n_dim < 2 || c->n_dim > MAX_DIM || c->n_out > MAX_OUT ||
        c->options->n_probe == 0 || c->n_searches >= MOST_SEARCHES || c->searched[of_grid] ||
        !is_box(c->domain)) {
        return FC_OK;
    }
    c->n_searches++;
    search s = {.c = c, .of_grid = of_grid, .n_before = c->n_needles};
    bool nothing = true; /* was found so far: all that matters is hidden */
    for (unsigned o = 0; o < c->n_out; o++) {
        const double value = fabs(of_grid ? c->smooth.outputs[o].value : c->sum[o]);
        nothing = nothing && value < ALMOST_NOTHING;
        s.tolerance[o] =
            fmax(fmax(c->options->epsabs, c->options->epsrel * value), DBL_MIN / DBL_EPSILON);
    }
    const uint64_t share = *n_eval / (is_unbounded(c->domain) ? 2 : SHARE) + LEAST_WALKS;
    s.most = share < MOST_WALKS && !nothing ? (size_t)share : MOST_WALKS;
    s.room = s.most + 2;
    s.heap = fc_malloc(s.room, sizeof *s.heap);
    if (s.heap == NULL) {
        return FC_ERR_NOMEM;
    }
    bool any = false;
    fc_status status = look_everywhere(&s, n_eval, &any);
    fc_free(s.heap);
    c->searched[of_grid] = c->n_needles == s.n_before;
    return status;
}
