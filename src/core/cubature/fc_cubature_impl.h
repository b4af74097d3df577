/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_cubature: the boxes of one integration, their order, and what is doubted.
 *
 *     fc_cubature.c        the rounds; points evaluated, the rule applied
 *     fc_cubature_boxes.c  memory; the tree of cuts, the heap of errors
 *     fc_cubature_probe.c  f at points spread over the whole range
 *     fc_cubature_doubt.c  witnesses against the estimates
 *     fc_cubature_beyond.c what boxes find beyond their faces
 *     fc_cubature_audit.c  chords at random places, before the estimates are believed
 *     fc_cubature_hidden.c what may be hidden where bounds of f do not exclude it
 *     fc_cubature_needle.c small things, their places and sizes known
 *     fc_cubature_climb.c  far peaks of which only a tail was met
 *     fc_cubature_odd.c    probes that are not like the others
 *     fc_cubature_smooth.c the whole range by one rule of rising degree
 *     fc_cubature_decay.c  where it is the whole space, Hermite's rules for that
 *
 * Everything here runs on the calling thread but what the blocks of fc_pool_for do, who write to
 * their own boxes alone. */
#ifndef FC_CUBATURE_IMPL_H
#define FC_CUBATURE_IMPL_H

#include <float.h>

#include "fc_cubature.h"
#include "fc_sparse.h"

#define BATCH_POINTS                                                                               \
    1024                 /* points given to f at once, and what a block of small boxes amounts to */
#define BATCH_BOXES 2048 /* boxes cut in one round at most */
#define MAX_BOXES ((size_t)1 << 24)
#define NOISE (8 * DBL_EPSILON) /* of a box's mean |f|: the least error an estimate can have */
#define ALMOST_NOTHING 1e-100   /* an integral that may be the tail of what there is */
#define NONE UINT32_MAX
#define LOST UINT16_MAX

/* Per box. The estimates stand beside it, n_out to a box, in `estimates`. */
typedef struct box {
    double key; /* heap order: the error in units of the first tolerance; 0: cannot be improved */
    uint32_t node, heap_at;               /* its leaf; its place in the heap, NONE: not there */
    uint32_t first_witness, last_witness; /* a list; NONE: empty */
    uint32_t chord;                       /* that objects to its estimate; NONE */
    uint16_t next_axis;                   /* of the next cut */
    uint16_t depth;
    bool bad; /* nan or inf at one of its points, or at a probe in it */
} box;

/* The cuts as a binary tree, to find a box by a point. */
typedef struct node {
    double middle;             /* below it: the first child */
    uint32_t parent, children; /* two in a row; 0: a leaf */
    uint32_t box;              /* of a leaf */
    uint32_t axis;
} node;

/* f at a point of a box, known from elsewhere: a probe, the edge of a box across a face, or a point
 * of the rule in a box that has since been cut. */
typedef struct witness {
    uint32_t next; /* in the same box */
    uint16_t axis; /* of the face; LOST: no face */
    double volume; /* of the box it comes from, 0: a probe */
} witness;

/* The least and the greatest value of one output at a box's points, and which points. */
typedef struct extremes {
    double y[2];
    uint32_t at[2];
} extremes;

/* What the cuts of a box across one axis have changed. */
typedef struct trend {
    float change; /* by the last one; 0: there was none */
    float rest;   /* what those to come will change if it goes on like this */
} trend;

typedef struct scratch {
    double *block; /* everything below, one allocation */
    double *u[FC_CUBATURE_MAX_DIM], *x[FC_CUBATURE_MAX_DIM], *jacobian;
    double **y;     /* n_out rows of BATCH_POINTS */
    double *values; /* n_out rows of the points of one block of boxes */
} scratch;

/* What the sparse grid says of one output; mean values over the unit cube, like f itself. */
typedef struct smooth_output {
    double change[FC_SPARSE_MAX_LEVEL + 1]; /* of the integral, by each level */
    double line[2];                         /* what 15 and 31 points on each axis miss */
    double size;            /* of the terms of all sums: what rounding errors are relative to */
    double least, greatest; /* value on the grid */
    double value, error;
} smooth_output;

typedef struct smooth {
    fc_sparse_family family;
    /* Of Hermite's rules: x[d] = centre[d] + sum over k <= d of skew[d][k] scale[k] z[k]; skew has
     * a unit diagonal. */
    double centre[FC_CUBATURE_MAX_DIM], scale[FC_CUBATURE_MAX_DIM];
    double skew[FC_CUBATURE_MAX_DIM][FC_CUBATURE_MAX_DIM];
    smooth_output *outputs; /* NULL before it begins */
    unsigned level, most;   /* the next level; the last to be tried */
    bool off, falling;      /* given up; the last levels' changes fall */
    bool bent;              /* the points evaluated now are the second grid's */
    unsigned refuted;       /* levels there were when the second grid was last asked */
    uint64_t n_eval;
    /* Of the level being evaluated, or the lines. */
    size_t n_level, *orbit_begin;
    double *places; /* of lines at random: n_dim each */
    uint8_t *codes;
    double *values;
} smooth;

/* Lines through boxes, each along one axis: all points that its rule has on that axis, moved
 * sideways. */
typedef struct chords {
    struct cubature *c;
    size_t n;
    uint32_t *box, *from; /* from: the caller's */
    uint16_t *axis;
    double *u; /* n_dim to a chord: a place on it */
    double *y; /* n_out to a chord, n_line to an output */
} chords;

#define MOST_NEEDLES 32
#define MOST_SEARCHES 8
#define NEEDLE_SIZE 1.0 /* half widths of a box that sees one by itself, in sizes */

/* A place where lines of half length `size` showed more than the box there claimed: `weight`, per
 * output, in terms of the integral. */
typedef struct needle {
    double place[FC_CUBATURE_MAX_DIM], size, weight[4];
} needle;

typedef struct cubature {
    const fc_integrand *f;
    const fc_domain *domain;
    const fc_cubature_options *options;
    fc_run run;
    double ns_per_point; /* of the first box: says where threads are worth waking, no more */
    fc_cubature_rule *rule;
    unsigned n_dim, n_out;
    size_t n_boxes, capacity;
    box *boxes;
    node *nodes;      /* 2 n_boxes - 1 */
    double *geometry; /* a box's centre, then its half widths: 2 n_dim */
    fc_cubature_estimate *estimates;
    trend *trends;      /* per box, output and axis */
    extremes *extremes; /* of the mapped integrand, per box and output */
    uint32_t *heap;
    size_t n_heap;
    uint32_t *todo; /* boxes to evaluate in this round: pairs of halves */
    size_t n_todo, todo_room, boxes_per_block;
    fc_cubature_estimate *parents; /* of todo's pairs */
    extremes *parent_extremes;     /* theirs, per output; and where: n_dim coordinates each */
    double *parent_points;
    double *edges;     /* of todo's boxes, per output: f at the edges */
    uint32_t *accused; /* of todo's boxes, per face: the box whose estimate its edge contradicts */
    scratch *scratch[FC_MAX_WIDTH];          /* made by the worker that first needs it */
    size_t n_probe, n_witness, witness_room; /* the first probes are the first witnesses */
    size_t n_late;                           /* probes that came later */
    bool any_bad_probe;                      /* nan or inf was met */
    witness *witnesses;
    double *witness_u[FC_CUBATURE_MAX_DIM], *witness_y; /* n_out to a witness */
    double *witness_half;            /* n_dim: half widths of the box it comes from */
    double *unit;                    /* per output: 1 / tolerance when the keys were first made */
    double *sum, *error, *tolerance; /* per output */
    double *beyond;    /* of todo's boxes, per output and face: an unexpected value's excess */
    bool looks_beyond; /* max_eval allows */
    atomic_uint_least64_t n_beyond; /* relaxed: a count of points of this round */
    double *hidden;                 /* per output: the error that the last audit adds */
    unsigned n_audits;
    size_t n_chords, chord_room; /* that go with boxes */
    double *chord_u;             /* n_dim to a chord: its suspicious place */
    uint16_t *chord_axis;
    needle needles[MOST_NEEDLES];
    unsigned n_needles;
    bool sought, climbed; /* odd probes, and far peaks, were looked for */
    bool searched[2];     /* nothing is hidden from the boxes; from the sparse grid */
    bool hidden_nowhere, hidden_somewhere; /* by the last search: excluded, or not */
    unsigned n_searches;
    smooth smooth;
    bool by_grid;                /* the sparse grid's values are the result */
    atomic_uint_least64_t n_bad; /* relaxed: a count */
} cubature;

/* ---- fc_cubature.c ---- */

FC_MUST_CHECK fc_status cubature_scratch(cubature *c, unsigned worker, scratch **out);

/* f times the Jacobian at the n points in s->u, to s->y. */
FC_MUST_CHECK fc_status cubature_evaluate(cubature *c, scratch *s, unsigned worker, size_t n);

/* The run for so many evaluations: on the calling thread alone where they take no time. */
fc_run cubature_run_for(const cubature *c, size_t n_points);

/* ---- fc_cubature_boxes.c ---- */

/* An array of `old` items gets room for `capacity`; false, and as before, without memory. `array`
 * is the address of the pointer. */
bool cubature_grow(void *array, size_t old, size_t capacity, size_t size);
FC_MUST_CHECK fc_status cubature_reserve(cubature *c, size_t n_boxes);
/* Room for a round that cuts n boxes. What was in todo is lost. */
FC_MUST_CHECK fc_status cubature_reserve_todo(cubature *c, size_t n);
FC_MUST_CHECK fc_status cubature_reserve_witnesses(cubature *c, size_t n);
void cubature_release_boxes(cubature *c);

void cubature_heap_push(cubature *c, uint32_t b);
uint32_t cubature_heap_pop(cubature *c);
/* A box in the heap whose key has grown. */
void cubature_heap_rise(cubature *c, uint32_t b);

/* Halve box b across its next_axis: the lower half stays in its place, the upper one is new; both
 * go to `todo`, and witnesses with their half. Room was reserved. */
void cubature_cut(cubature *c, uint32_t b);

/* The box across the face of b (upper or lower on the axis), before its middle; NONE at the end of
 * the range. */
uint32_t cubature_neighbour(const cubature *c, uint32_t b, unsigned axis, bool lower);

double cubature_volume(const cubature *c, size_t b);

/* The box that a point lies in. */
uint32_t cubature_box_at(const cubature *c, const double *u);

/* The last of box b's witnesses. */
void cubature_witness_append(cubature *c, uint32_t b, uint32_t w);

/* ---- fc_cubature_probe.c ---- */

/* How many probes come before the first cut: all, or where max_eval is small a share of it. */
size_t cubature_probes_at_first(const cubature *c);

/* Evaluates the first n_probe witnesses; there was room. */
FC_MUST_CHECK fc_status cubature_probe(cubature *c);

/* While nothing but zeros was seen: more probes. *zero: that is all that was seen. */
FC_MUST_CHECK fc_status cubature_probe_for_support(cubature *c, uint64_t *n_eval, bool *zero);

/* Before anything is believed: the probes that did not come at first; errors of the boxes that they
 * object to are raised. *done: there are none left, or most of them could be afforded. */
FC_MUST_CHECK fc_status cubature_probe_rest(cubature *c, uint64_t *n_eval, bool *done);

/* ---- fc_cubature_doubt.c ---- */

/* What the witnesses inside b say against the estimate of output o: an error to add, 0 when
 * nothing. *axis, if not NULL, receives where to cut to settle what neighbours say, or stays. */
double cubature_objections(const cubature *c, size_t b, unsigned o, uint16_t *axis);

/* Is f nan or inf at a probe in b? At a place that nobody chose it is so in many. */
bool cubature_has_bad_probe(const cubature *c, size_t b);

/* As in DCUHRE: halves a and b that disagree with their parent are not believed as they stand. */
void cubature_parent_disagrees(cubature *c, const fc_cubature_estimate *parent, size_t a, size_t b);

/* Values that a box saw and whose halves, a and b, do not: they become witnesses in the half they
 * lie in. pair: the parent's place among those of this round. */
FC_MUST_CHECK fc_status cubature_remember(cubature *c, size_t pair, uint32_t a, uint32_t b);

/* Hold f at the edges of todo's boxes against the boxes beyond their faces. */
FC_MUST_CHECK fc_status cubature_ask_neighbours(cubature *c);

/* ---- fc_cubature_beyond.c ---- */

/* For todo's boxes begin .. end, whose points' values are in s->values: what is unexpected beyond
 * their faces, to c->beyond. By any worker. */
FC_MUST_CHECK fc_status cubature_look_beyond(cubature *c, scratch *s, unsigned worker, size_t begin,
                                             size_t end);

/* What follows from it for the neighbours' errors. *n_eval grows by what both took. */
FC_MUST_CHECK fc_status cubature_judge_beyond(cubature *c, uint64_t *n_eval);

/* ---- fc_cubature_audit.c ---- */

/* When the errors' sum is within the tolerance: is it to be believed? If not, errors were raised
 * and there are boxes to cut; if so, c->hidden is to be added. *n_eval grows by what it took. */
FC_MUST_CHECK fc_status cubature_audit(cubature *c, uint64_t *n_eval, bool *passed);

FC_MUST_CHECK fc_status cubature_chords_create(chords *b, cubature *c, size_t n);
void cubature_chords_release(chords *b);
FC_MUST_CHECK fc_status cubature_chords_evaluate(chords *b);

/* If chord i objects to its box's claim, the error is raised and the chord goes with the box. */
FC_MUST_CHECK fc_status cubature_chord_weigh(const chords *b, size_t i, bool *objects);

/* Draw the chords of todo's boxes anew; errors of those whose chords still object are raised. */
FC_MUST_CHECK fc_status cubature_follow_chords(cubature *c, uint64_t *n_eval);

/* ---- fc_cubature_needle.c ---- */

/* Once, before anything is believed: note the needles that odd probes lead to, and raise the errors
 * of the boxes they are in. */
FC_MUST_CHECK fc_status cubature_seek_needles(cubature *c, uint64_t *n_eval);

/* Lines of several lengths through a place: if they show more than its box claims, that is a
 * needle.
 */
FC_MUST_CHECK fc_status cubature_look_closely(cubature *c, const double *place, uint64_t *n_eval);

/* Box b's errors and next axis, where there is a needle in it that it may not see. */
void cubature_fear_needles(cubature *c, size_t b);

/* A needle; its box's error is raised. */
void cubature_note_needle(cubature *c, const needle *found);

/* ---- fc_cubature_hidden.c ---- */

/* Before anything is believed: note the needles, and places where f is nan, that bounds of f lead
 * to, until there are none. */
FC_MUST_CHECK fc_status cubature_seek_hidden(cubature *c, uint64_t *n_eval);

/* ---- fc_cubature_odd.c ---- */

#define ODD_MAX_DIM 6
#define ODD_MOST 6

/* Places of the probes whose values are least like what the others let expect; none where all are
 * alike, or in more than ODD_MAX_DIM dimensions. */
FC_MUST_CHECK fc_status cubature_odd_probes(const cubature *c, double (*place)[ODD_MAX_DIM],
                                            unsigned *n_places);

/* ---- fc_cubature_climb.c ---- */

/* Once, before anything is believed, over an infinite range: note the peaks that nobody has met. */
FC_MUST_CHECK fc_status cubature_climb(cubature *c, uint64_t *n_eval);

/* ---- fc_cubature_smooth.c ---- */

/* Add levels of the sparse grid while they cost no more than *n_eval evaluations so far, which
 * grows by theirs; *converged: values and errors in smooth.outputs are within the tolerance. */
FC_MUST_CHECK fc_status cubature_smooth_try(cubature *c, uint64_t *n_eval, bool *converged);

void cubature_smooth_release_level(cubature *c);

/* ---- fc_cubature_decay.c ---- */

/* Over the whole space: where |f| has its mass, and how wide; then smooth.family is Hermite's. */
FC_MUST_CHECK fc_status cubature_decay_find(cubature *c);

/* z where x is. */
void cubature_decay_unmap(const cubature *c, const double *x, double *z);

/* f at z = s->u, times dx/dz and factor, to s->y. */
FC_MUST_CHECK fc_status cubature_decay_evaluate(cubature *c, scratch *s, unsigned worker, size_t n,
                                                const double *factor);

#endif
