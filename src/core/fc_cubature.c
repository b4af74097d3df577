/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Adaptive cubature; contract in fc_cubature.h.
 *
 * The unit cube (fc_domain maps it to the range) is cut into boxes, each with an estimate of
 * integral and error:
 *
 *     1. probe: f at some scrambled Sobol points, kept with the box they lie in
 *     2. apply the rule to the whole cube
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
 * Two things keep the error honest. As in DCUHRE (Berntsen, Espelid, Genz, ACM TOMS 17, 1991), the
 * halves' estimates are raised by the disagreement of their sum with the parent's value. And the
 * probes are witnesses: values far outside those at the rule's points, or a mean that is not the
 * rule's, mean that the rule misses something, and the box's error is raised until cutting has
 * cleared it up.
 *
 * No number depends on the width: boxes are evaluated independently, all decisions are taken on one
 * thread. */
#include "fc_cubature.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_sobol.h"

#define BATCH_POINTS                                                                               \
    1024                 /* points given to f at once, and what a block of small boxes amounts to */
#define BATCH_BOXES 2048 /* boxes cut in one round at most */
#define WORST_FACTOR 0.25 /* boxes within this factor of the worst are cut together with it */
#define MAX_BOXES ((size_t)1 << 24)
#define MAX_BAD_CUTS 4096       /* cuts spent on boxes with nan or inf */
#define NOISE (8 * DBL_EPSILON) /* of a box's mean |f|: the least error an estimate can have */
#define MAX_PROBES (1u << 20)
#define MIN_WITNESSES 16 /* probes in a box, for their mean to be held against the rule's */

/* Per box. The estimates stand beside it, n_out to a box, in `estimates`. */
typedef struct box {
    double key; /* heap order: the error in units of the first tolerance; 0: cannot be improved */
    uint32_t probe_begin, probe_end; /* its probes in the permutation */
    uint16_t axis, next_axis;        /* of the last cut, of the next */
    uint16_t depth;
    bool bad; /* nan or inf at one of its points */
} box;

typedef struct scratch {
    double *block; /* everything below, one allocation */
    double *u[FC_CUBATURE_MAX_DIM], *x[FC_CUBATURE_MAX_DIM], *jacobian;
    double **y;     /* n_out rows of BATCH_POINTS */
    double *values; /* n_out rows of the points of one block of boxes */
} scratch;

typedef struct cubature {
    const fc_integrand *f;
    const fc_domain *domain;
    const fc_cubature_options *options;
    fc_run run;
    fc_cubature_rule *rule;
    unsigned n_dim, n_out;
    size_t n_boxes, capacity;
    box *boxes;
    double *geometry; /* a box's centre, then its half widths: 2 n_dim */
    fc_cubature_estimate *estimates;
    double *least, *greatest; /* of the mapped integrand at a box's points, per output */
    double *doubt; /* per output and face (2 axis + side): error by what the face may hide */
    uint32_t *heap;
    size_t n_heap;
    uint32_t *todo; /* boxes to evaluate in this round */
    size_t n_todo, boxes_per_block;
    fc_cubature_estimate *parents; /* of todo's pairs */
    fc_cubature_face *faces;       /* of todo's boxes, per output: at the plane of the last cut */
    scratch scratch[FC_MAX_WIDTH]; /* made by the worker that first needs it */
    size_t n_probe;
    double *probe_u[FC_CUBATURE_MAX_DIM], *probe_y; /* n_out to a probe */
    uint32_t *probe_order;
    double *unit; /* per output: 1 / tolerance when the keys were first made */
    double *sum, *sum_low, *error, *tolerance; /* per output; sum_low compensates */
    atomic_uint_least64_t n_bad;               /* relaxed: a count */
} cubature;

static fc_status scratch_get(cubature *c, unsigned worker, scratch **out)
{
    scratch *s = &c->scratch[worker];
    *out = s;
    if (s->block != NULL) {
        return FC_OK;
    }
    const size_t rows = 2 * (size_t)c->n_dim + 1 + c->n_out;
    size_t n_values = c->boxes_per_block * c->rule->n_points;
    n_values = (n_values > BATCH_POINTS ? n_values : BATCH_POINTS) * c->n_out;
    double **y = fc_calloc(c->n_out, sizeof *y);
    double *block = fc_calloc_aligned(FC_CACHE_LINE, rows * BATCH_POINTS + n_values, sizeof *block);
    if (y == NULL || block == NULL) {
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
    return FC_OK;
}

/* f times the Jacobian at the n points in s->u, to s->y. */
static fc_status evaluate(cubature *c, scratch *s, unsigned worker, size_t n)
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

static double volume_of(const cubature *c, size_t b)
{
    const double *half = c->geometry + 2 * c->n_dim * b + c->n_dim;
    double volume = 1;
    for (unsigned d = 0; d < c->n_dim; d++) {
        volume *= 2 * half[d];
    }
    return volume;
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
    if (largest <= noise) {
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

/* Estimates of box todo[k] from its points' values, row o of `values` being output o's. Of a pair
 * the first is the lower half, and meets the other with its upper face. */
static void box_estimate(cubature *c, size_t k, double *const *values)
{
    const size_t b = c->todo[k];
    const size_t n = c->rule->n_points;
    const double volume = volume_of(c, b);
    double score[FC_CUBATURE_MAX_DIM] = {0}, noise = 0;
    size_t n_bad = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        double *f = values[o], least = INFINITY, greatest = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            if (!isfinite(f[i])) {
                f[i] = 0; /* so that the rest of the box still counts; the box is marked */
                n_bad++;
            }
            least = fmin(least, f[i]);
            greatest = fmax(greatest, f[i]);
        }
        c->least[b * c->n_out + o] = least;
        c->greatest[b * c->n_out + o] = greatest;
        fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        double unit = c->unit[o] != 0 ? c->unit[o] : 1;
        fc_cubature_rule_apply(c->rule, f, unit, e, score);
        fc_cubature_face *face = &c->faces[k * c->n_out + o];
        fc_cubature_rule_face(c->rule, f, c->boxes[b].axis, k % 2 == 0, face);
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
    fc_status status = scratch_get(c, worker, &s);
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
            status = evaluate(c, s, worker, n);
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
    return FC_OK;
}

static fc_status evaluate_probes(void *context, size_t begin, size_t end, unsigned worker)
{
    cubature *c = context;
    scratch *s;
    fc_status status = scratch_get(c, worker, &s);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        memcpy(s->u[d], c->probe_u[d] + begin, (end - begin) * sizeof(double));
    }
    status = evaluate(c, s, worker, end - begin);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        for (size_t i = begin; i < end; i++) {
            c->probe_y[i * c->n_out + o] = s->y[o][i - begin];
        }
    }
    return status;
}

/* What the probes inside say against the estimate of output o: an error to add, 0 when nothing. */
static double probes_object(const cubature *c, size_t b, unsigned o)
{
    const box *at = &c->boxes[b];
    const fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
    const double volume = volume_of(c, b);
    const double least = c->least[b * c->n_out + o], greatest = c->greatest[b * c->n_out + o];
    const double margin =
        greatest - least; /* f may well pass the range of its values at a few points */
    double mean = 0, square = 0, outside = 0;
    size_t n = 0;
    for (uint32_t p = at->probe_begin; p < at->probe_end; p++) {
        double y = c->probe_y[c->probe_order[p] * c->n_out + o];
        if (!isfinite(y)) {
            continue;
        }
        outside = fmax(outside, fmax(y - greatest - margin, least - margin - y));
        double delta = y - mean;
        n++;
        mean += delta / (double)n;
        square += delta * (y - mean);
    }
    if (n == 0) {
        return 0;
    }
    double objection =
        outside > NOISE * e->mean_abs / volume ? 2 * volume * outside / (double)n : 0;
    if (n >= MIN_WITNESSES) {
        double deviation = sqrt(square / (double)n / (double)n);
        double differs = fabs(mean - e->value / volume);
        if (differs > 6 * deviation + 1e-10 * fabs(mean)) {
            objection = fmax(objection, volume * differs);
        }
    }
    return objection;
}

/* After evaluation: the probes' objections, the parent's disagreement, the place in the heap. */
static void box_finish(cubature *c, size_t b)
{
    double key = 0;
    bool improvable = false;
    const double *geometry = c->geometry + 2 * c->n_dim * b;
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        e->error *= 1 + ldexp(6, -(int)c->boxes[b].depth); /* not yet confirmed by cuts */
        e->error += probes_object(c, b, o);
        key = fmax(key, e->error * c->unit[o]);
        improvable = improvable || e->error > 2 * NOISE * e->mean_abs;
    }
    box *at = &c->boxes[b];
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

/* As in DCUHRE: halves that disagree with their parent are not believed as they stand. The
 * disagreement is the parent's error, and theirs is a small part of it if the rule converges. */
static void parent_disagrees(cubature *c, const fc_cubature_estimate *parent, size_t a, size_t b)
{
    for (unsigned o = 0; o < c->n_out; o++) {
        fc_cubature_estimate *left = &c->estimates[a * c->n_out + o];
        fc_cubature_estimate *right = &c->estimates[b * c->n_out + o];
        double differs = fabs(parent[o].value - (left->value + right->value)) / 8;
        if (differs > NOISE * (left->mean_abs + right->mean_abs)) {
            left->error = fmax(left->error, differs);
            right->error = fmax(right->error, differs);
        }
    }
}

/* A jump or kink between the outermost points of two halves is seen by neither. What they find on
 * both sides of the cut tells: values that differ by more than slopes explain, and slopes that
 * differ by more than curvature does. The doubt stays with the boxes at the face, and shrinks as
 * they do, until one of them sees what it is. */
static void compare_faces(cubature *c, size_t k)
{
    const size_t lower = c->todo[k], upper = c->todo[k + 1];
    const unsigned axis = c->boxes[lower].axis;
    const double hidden = 1 - c->rule->outermost, between = 2 * (1 - c->rule->slope_at);
    const double volume = volume_of(c, lower);
    for (unsigned o = 0; o < c->n_out; o++) {
        const fc_cubature_face *p = &c->faces[k * c->n_out + o],
                               *q = &c->faces[(k + 1) * c->n_out + o];
        double doubt = 0;
        for (unsigned i = 0; i < p->n_lines; i++) {
            double jump = fabs(q->value[i] - p->value[i]);
            double explained = 2 * hidden * (fabs(p->slope[i]) + fabs(q->slope[i]));
            doubt = fmax(doubt, hidden / 2 * (jump - 3 * explained));
            double kink =
                fabs(p->slope[i] + q->slope[i]); /* both outwards: opposite if f is smooth */
            explained = between * (fabs(p->curvature[i]) + fabs(q->curvature[i]));
            doubt = fmax(doubt, hidden * hidden / 4 * (kink - explained));
        }
        doubt *= volume;
        c->doubt[(lower * c->n_out + o) * 2 * c->n_dim + 2 * axis + 1] = doubt;
        c->doubt[(upper * c->n_out + o) * 2 * c->n_dim + 2 * axis] = doubt;
    }
}

/* The error that a box's faces may hide counts until the box itself sees as much. */
static void doubt_faces(cubature *c, size_t b)
{
    for (unsigned o = 0; o < c->n_out; o++) {
        double *doubt = c->doubt + (b * c->n_out + o) * 2 * c->n_dim, sum = 0;
        fc_cubature_estimate *e = &c->estimates[b * c->n_out + o];
        for (unsigned i = 0; i < 2 * c->n_dim; i++) {
            sum += doubt[i];
        }
        if (sum > e->error) {
            e->error = sum;
        } else {
            memset(doubt, 0, 2 * c->n_dim * sizeof *doubt);
        }
    }
}

/* Heap of box indices, the largest key on top; ties by index, so that the order is always the same.
 */
static bool heap_before(const cubature *c, uint32_t a, uint32_t b)
{
    double ka = c->boxes[a].key, kb = c->boxes[b].key;
    return ka > kb || (ka == kb && a < b);
}

static void heap_push(cubature *c, uint32_t b)
{
    size_t i = c->n_heap++;
    while (i > 0 && heap_before(c, b, c->heap[(i - 1) / 2])) {
        c->heap[i] = c->heap[(i - 1) / 2];
        i = (i - 1) / 2;
    }
    c->heap[i] = b;
}

static uint32_t heap_pop(cubature *c)
{
    uint32_t top = c->heap[0], last = c->heap[--c->n_heap];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= c->n_heap) {
            break;
        }
        if (child + 1 < c->n_heap && heap_before(c, c->heap[child + 1], c->heap[child])) {
            child++;
        }
        if (!heap_before(c, c->heap[child], last)) {
            break;
        }
        c->heap[i] = c->heap[child];
        i = child;
    }
    if (c->n_heap > 0) {
        c->heap[i] = last;
    }
    return top;
}

static bool grow(void *array, size_t old, size_t capacity, size_t size)
{
    void **pointer = array;
    void *bigger = fc_malloc(capacity, size);
    if (bigger == NULL) {
        return false;
    }
    if (*pointer != NULL) {
        memcpy(bigger, *pointer, old * size);
    }
    fc_free(*pointer);
    *pointer = bigger;
    return true;
}

static fc_status reserve(cubature *c, size_t n)
{
    if (n <= c->capacity) {
        return FC_OK;
    }
    size_t capacity = c->capacity == 0 ? 64 : c->capacity;
    while (capacity < n) {
        capacity *= 2;
    }
    const size_t old = c->n_boxes;
    if (!grow(&c->boxes, old, capacity, sizeof *c->boxes) ||
        !grow(&c->geometry, old, capacity, 2 * c->n_dim * sizeof *c->geometry) ||
        !grow(&c->estimates, old, capacity, c->n_out * sizeof *c->estimates) ||
        !grow(&c->least, old, capacity, c->n_out * sizeof *c->least) ||
        !grow(&c->greatest, old, capacity, c->n_out * sizeof *c->greatest) ||
        !grow(&c->doubt, old, capacity, 2 * (size_t)c->n_dim * c->n_out * sizeof *c->doubt) ||
        !grow(&c->heap, c->n_heap, capacity, sizeof *c->heap)) {
        return FC_ERR_NOMEM;
    }
    c->capacity = capacity;
    return FC_OK;
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

static bool any_bad(const cubature *c)
{
    for (size_t b = 0; b < c->n_boxes; b++) {
        if (c->boxes[b].bad) {
            return true;
        }
    }
    return false;
}

/* Halve box b: the lower half stays in its place, the upper one is new. Probes go with their half.
 */
static void cut(cubature *c, uint32_t b)
{
    const unsigned n_dim = c->n_dim;
    const size_t upper = c->n_boxes++;
    const unsigned axis = c->boxes[b].axis = c->boxes[b].next_axis;
    double *low = c->geometry + 2 * n_dim * b, *high = c->geometry + 2 * n_dim * upper;
    const double middle = low[axis];
    low[n_dim + axis] *= 0.5;
    memcpy(high, low, 2 * n_dim * sizeof *low);
    low[axis] = middle - low[n_dim + axis];
    high[axis] = middle + high[n_dim + axis];
    c->boxes[b].depth++;
    c->boxes[upper] = c->boxes[b];
    /* Half a face hides half as much, and so does a face of a box half as thick. The new faces are
     * still to be seen. */
    const size_t n_faces = 2 * n_dim * c->n_out;
    double *low_doubt = c->doubt + n_faces * b, *high_doubt = c->doubt + n_faces * upper;
    for (unsigned i = 0; i < n_faces; i++) {
        low_doubt[i] *= 0.5;
        high_doubt[i] = low_doubt[i];
        if (i / 2 % n_dim == axis) {
            *(i % 2 == 0 ? &high_doubt[i] : &low_doubt[i]) = 0;
        }
    }
    uint32_t i = c->boxes[b].probe_begin, end = c->boxes[b].probe_end;
    while (i < end) {
        uint32_t probe = c->probe_order[i];
        if (c->probe_u[axis][probe] < middle) {
            i++;
        } else {
            c->probe_order[i] = c->probe_order[--end];
            c->probe_order[end] = probe;
        }
    }
    c->boxes[b].probe_end = i;
    c->boxes[upper].probe_begin = i;
    c->todo[c->n_todo++] = b;
    c->todo[c->n_todo++] = (uint32_t)upper;
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
        heap_pop(c);
        for (unsigned o = 0; o < c->n_out; o++) {
            c->parents[chosen * c->n_out + o] = c->estimates[b * c->n_out + o];
            c->error[o] -= c->estimates[b * c->n_out + o].error;
        }
        cut(c, b);
        chosen++;
    }
    return chosen;
}

static fc_status evaluate_todo(cubature *c)
{
    fc_status status = fc_pool_for(&c->run, evaluate_boxes, c, c->n_todo, c->boxes_per_block);
    if (status != FC_OK) {
        return status;
    }
    for (size_t k = 0; k + 1 < c->n_todo; k += 2) {
        compare_faces(c, k);
        doubt_faces(c, c->todo[k]);
        doubt_faces(c, c->todo[k + 1]);
        parent_disagrees(c, c->parents + k / 2 * c->n_out, c->todo[k], c->todo[k + 1]);
    }
    for (size_t k = 0; k < c->n_todo; k++) {
        box_finish(c, c->todo[k]);
        heap_push(c, c->todo[k]);
    }
    return FC_OK;
}

/* Rounds up to a power of two, as fc_sobol_fill writes; at least 16. */
static size_t probe_room(size_t n_probe)
{
    size_t room = 16;
    while (room < n_probe) {
        room *= 2;
    }
    return room;
}

static fc_status probe(cubature *c)
{
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(c->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_sobol_fill(sobol, UINT64_C(0x66617374636f6e63), 0, d, 0, c->n_probe, c->probe_u[d]);
    }
    fc_sobol_destroy(sobol);
    for (size_t i = 0; i < c->n_probe; i++) {
        c->probe_order[i] = (uint32_t)i;
    }
    return fc_pool_for(&c->run, evaluate_probes, c, c->n_probe, BATCH_POINTS / 4);
}

static bool all_zero(const cubature *c)
{
    bool zero = true;
    for (size_t i = 0; zero && i < c->n_probe * c->n_out; i++) {
        zero = c->probe_y[i] == 0;
    }
    for (size_t o = 0; zero && o < c->n_out; o++) {
        zero = c->least[o] == 0 && c->greatest[o] == 0 && !c->boxes[0].bad;
    }
    return zero;
}

/* Nothing but zeros: 0 may be the answer, or the integrand lives in a small part of the range.
 * Probe on and on, up to 2^16 points, and start again with whatever was found. */
static fc_status probe_for_support(cubature *c, uint64_t *n_eval)
{
    fc_status status = FC_OK;
    while (status == FC_OK && c->n_probe > 0 && c->n_probe < ((size_t)1 << 16) && all_zero(c) &&
           *n_eval + 4 * c->n_probe <= c->options->max_eval) {
        const size_t more = 4 * c->n_probe;
        for (unsigned d = 0; d < c->n_dim; d++) {
            if (!grow(&c->probe_u[d], 0, probe_room(more), sizeof(double))) {
                return FC_ERR_NOMEM;
            }
        }
        if (!grow(&c->probe_order, 0, more, sizeof *c->probe_order) ||
            !grow(&c->probe_y, 0, more * c->n_out, sizeof *c->probe_y)) {
            return FC_ERR_NOMEM;
        }
        c->n_probe = more;
        *n_eval += more;
        status = probe(c);
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
    const size_t n_out = c->n_out, room = probe_room(c->options->n_probe);
    c->n_probe = c->options->n_probe;
    c->todo = fc_malloc(2 * BATCH_BOXES, sizeof *c->todo);
    c->parents = fc_malloc(BATCH_BOXES * n_out, sizeof *c->parents);
    c->faces = fc_malloc(2 * BATCH_BOXES * n_out, sizeof *c->faces);
    c->unit = fc_calloc(4 * n_out, sizeof *c->unit);
    c->probe_order = fc_malloc(room, sizeof *c->probe_order);
    c->probe_y = fc_malloc(room * n_out, sizeof *c->probe_y);
    bool enough = c->todo != NULL && c->parents != NULL && c->faces != NULL && c->unit != NULL &&
                  c->probe_order != NULL && c->probe_y != NULL;
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->probe_u[d] = fc_malloc(room, sizeof(double));
        enough = enough && c->probe_u[d] != NULL;
    }
    if (!enough) {
        return FC_ERR_NOMEM;
    }
    c->sum = c->unit + n_out;
    c->error = c->sum + n_out;
    c->tolerance = c->error + n_out;
    return reserve(c, 1);
}

static void release(cubature *c)
{
    for (unsigned w = 0; w < FC_MAX_WIDTH; w++) {
        fc_free(c->scratch[w].block);
        fc_free(c->scratch[w].y);
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_free(c->probe_u[d]);
    }
    fc_free(c->probe_order);
    fc_free(c->probe_y);
    fc_free(c->boxes);
    fc_free(c->geometry);
    fc_free(c->estimates);
    fc_free(c->least);
    fc_free(c->greatest);
    fc_free(c->doubt);
    fc_free(c->faces);
    fc_free(c->heap);
    fc_free(c->todo);
    fc_free(c->parents);
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
    c->boxes[0] = (box){0};
    memset(c->doubt, 0, 2 * (size_t)c->n_dim * c->n_out * sizeof *c->doubt);
    c->n_boxes = 1;
    c->todo[0] = 0;
    c->n_todo = 1;
    fc_status status = fc_pool_for(&c->run, evaluate_boxes, c, 1, 1);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval = c->n_probe + c->rule->n_points;
    status = probe_for_support(c, &result->n_eval);
    if (status != FC_OK) {
        return status;
    }
    result->zero = all_zero(c);
    c->boxes[0].probe_end = (uint32_t)c->n_probe;
    sum_up(c);
    for (unsigned o = 0; o < c->n_out; o++) {
        double scale = fmax(c->tolerance[o], c->options->epsrel * c->estimates[o].mean_abs);
        c->unit[o] = 1 / fmax(scale, DBL_MIN);
    }
    box_finish(c, 0);
    c->heap[0] = 0;
    c->n_heap = 1;
    sum_up(c);
    return FC_OK;
}

static fc_status refine(cubature *c, fc_cubature_result *result)
{
    const uint64_t per_box = c->rule->n_points;
    uint64_t bad_cuts = 0;
    for (;;) {
        bool settled =
            within_tolerance(c) && (c->n_heap == 0 || c->boxes[c->heap[0]].key != INFINITY);
        if (settled) {
            result->outcome = FC_CUBATURE_CONVERGED;
            return FC_OK;
        }
        uint64_t left =
            c->options->max_eval > result->n_eval ? c->options->max_eval - result->n_eval : 0;
        uint64_t most = left / (2 * per_box);
        most = most < BATCH_BOXES ? most : BATCH_BOXES;
        if (most == 0) {
            result->outcome = FC_CUBATURE_MAX_EVAL;
            return FC_OK;
        }
        if (c->n_boxes + most > MAX_BOXES) {
            result->outcome = FC_CUBATURE_MAX_BOXES;
            return FC_OK;
        }
        fc_status status = reserve(c, c->n_boxes + most);
        if (status != FC_OK) {
            return status;
        }
        size_t chosen = choose(c, most, &bad_cuts);
        if (chosen == 0) {
            result->outcome = any_bad(c) ? FC_CUBATURE_NONFINITE : FC_CUBATURE_ROUNDOFF;
            return FC_OK;
        }
        result->n_eval += 2 * per_box * chosen;
        status = evaluate_todo(c);
        if (status != FC_OK) {
            return status;
        }
        sum_up(c);
    }
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
    if (kind == FC_CUBATURE_GK15 || (kind == FC_CUBATURE_AUTO && n_dim <= 2)) {
        return n_dim == 1 ? 15 : 225;
    }
    return kind == FC_CUBATURE_GM7
               ? 1 + 4 * d + 2 * d * (d - 1) + (UINT64_C(1) << d)
               : 1 + 6 * d + 6 * d * (d - 1) + 4 * d * (d - 1) * (d - 2) / 3 + (UINT64_C(1) << d);
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
    if (status == FC_OK && c->n_probe > 0) {
        status = probe(c);
    }
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
