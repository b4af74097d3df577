/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The whole range at once, for smooth integrands: contract in fc_cubature_impl.h.
 *
 * Beside the boxes, whose rule has one degree for ever, the levels of a sparse grid (fc_sparse.h)
 * are evaluated, as far as they cost no more than was spent on boxes: for smooth functions raising
 * the degree converges faster than any cutting. Level t changes the integral by D(t). The error of
 * level l is taken to be
 *
 *     2 max |D(t)| 8^(t-l), t = l-3 .. l   the last change, and what those before make of it when
 *                                          each level gains only a factor of 8: D(t) may be small
 *                                          by accident or by symmetry
 *   + the changes between the next rules on two lines along each axis, none through the middle:
 *     what goes on along an axis alone, which the grid meets by few points
 *   + rounding errors
 *
 * and it is believed only if
 *
 *     on every line the rule of 63 points (35 of Hermite's) changes that of 31 by less than a
 * fiftieth of what that changed the one before: kinks, jumps and singular ends do not let errors
 * fall so fast the D(t) fall: the largest of three is at most a quarter of the largest of the three
 * before all that is known of f besides (boxes, probes, lines) is in the range of the values seen
 *     the probes' mean agrees
 *     the boxes' sum agrees, within its error
 *     a second grid of that level agrees, whose points are all others: the same integral after a
 *     smooth change of variables, x = u + b u (1 - u) on each axis
 *     on lines at random places, too, rules converge as on those above, and what the last of them
 *     changes there is within the tolerance on average */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_sobol.h"
#include "fc_sparse.h"

#define MOST_POINTS (UINT64_C(1) << 19) /* of a level */
#define LEAST_LEVEL 5                   /* before it there are too few D(t) to compare */
#define GAIN 8.0                        /* from level to level, at best */
#define FALL 4.0                        /* over three levels, at least */
#define ROUGH_NOISE 8                   /* exp(z^2) f(z) has more than f */
#define NEAR 100                        /* tolerances */
#define SQRT_PI 1.77245385090551602730
#define BEND 0.2       /* of the second grid, on its first axis */
#define LINE_BEND 0.25 /* of the second line along each axis */
#define LINE_FALL 0.02
#define AUDIT_CODES 31 /* points on a line of the audit: 7, 15 and 31 are compared */
#define AUDIT_SHARE 12 /* of the evaluations spent so far */
#define AUDIT_LEAST 4  /* lines */
#define AUDIT_MOST 512

/* Where the lines along the axes meet, one set and another: off the middle, where functions like to
 * be special. */
static double anchor(const smooth *sm, unsigned d, bool other)
{
    const double turn = (other ? 0.75487766624669276 : 0.61803398874989485) * (d + 1);
    const double off = (other ? -0.6 : 0.4) * (turn - floor(turn) - 0.5);
    return sm->family == FC_SPARSE_HERMITE ? 2 * off : 0.5 + off;
}

/* A coordinate where the grid has a node u, moved: over the unit cube by a change of variables that
 * moves all points but the ends; over the whole space the points are spread a little more, and
 * shifted. *factor takes its derivative, and what divides by the weight. */
static double bend(const smooth *sm, double u, double b, double *factor)
{
    if (sm->family == FC_SPARSE_HERMITE) {
        const double spread = 1 + 0.25 * fabs(b);
        *factor *= SQRT_PI * exp(u * u) * spread;
        return 0.3 * b + spread * u;
    }
    *factor *= 1 + b * (1 - 2 * u);
    return u + b * u * (1 - u);
}

/* f, with its factors, at n points in s->u, to s->y. */
static fc_status evaluate(cubature *c, scratch *s, unsigned worker, size_t n, const double *factor)
{
    if (c->smooth.family == FC_SPARSE_HERMITE) {
        return cubature_decay_evaluate(c, s, worker, n, factor);
    }
    fc_status status = cubature_evaluate(c, s, worker, n);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        for (size_t i = 0; i < n; i++) {
            s->y[o][i] *= factor[i];
        }
    }
    return status;
}

/* Points on a line along an axis: the rules before the last three are not looked at. */
static unsigned line_codes(const smooth *sm)
{
    return sm->family == FC_SPARSE_HERMITE ? FC_SPARSE_HERMITE_CODES : FC_SPARSE_CODES;
}

void cubature_smooth_release_level(cubature *c)
{
    fc_free(c->smooth.codes);
    fc_free(c->smooth.orbit_begin);
    fc_free(c->smooth.values);
    fc_free(c->smooth.places);
    c->smooth.codes = NULL;
    c->smooth.orbit_begin = NULL;
    c->smooth.values = NULL;
    c->smooth.places = NULL;
}

/* A block of fc_pool_for over the lines' points. */
static fc_status evaluate_lines(void *context, size_t begin, size_t end, unsigned worker)
{
    cubature *c = context;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    if (status != FC_OK) {
        return status;
    }
    const smooth *sm = &c->smooth;
    const size_t n_codes = line_codes(sm), n_set = c->n_dim * n_codes;
    double factor[BATCH_POINTS];
    for (size_t i = begin; i < end; i++) {
        const bool other = i >= n_set;
        const unsigned axis = (unsigned)(i % n_set / n_codes);
        const double node = fc_sparse_node(sm->family, (unsigned)(i % n_codes));
        factor[i - begin] = 1;
        for (unsigned d = 0; d < c->n_dim; d++) {
            const bool along = d == axis;
            s->u[d][i - begin] = bend(sm, along ? node : anchor(sm, d, other),
                                      along && other ? -LINE_BEND : 0, &factor[i - begin]);
        }
    }
    status = evaluate(c, s, worker, end - begin, factor);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        memcpy(sm->values + o * 2 * n_set + begin, s->y[o], (end - begin) * sizeof(double));
    }
    return status;
}

/* One line's values: how far apart its rules are; false where they do not converge fast. */
static bool weigh_line(const smooth *sm, smooth_output *out, const double *y)
{
    const unsigned first = sm->family == FC_SPARSE_HERMITE ? 2 : 3;
    double rule[3] = {0}, size = 0;
    for (unsigned code = 0; code < line_codes(sm); code++) {
        for (unsigned k = 0; k < 3; k++) {
            rule[k] += fc_sparse_line_weight(sm->family, first + k, code) * y[code];
        }
        size += fc_sparse_line_weight(sm->family, first + 2, code) * fabs(y[code]);
    }
    const double before = fabs(rule[1] - rule[0]), last = fabs(rule[2] - rule[1]);
    out->line[0] += fmax(before, last);
    out->line[1] += last;
    return last <= fmax(LINE_FALL * before, 16 * DBL_EPSILON * size); /* false for nan */
}

static fc_status look_along_lines(cubature *c)
{
    smooth *sm = &c->smooth;
    const size_t n_codes = line_codes(sm), n = 2 * c->n_dim * n_codes;
    sm->values = fc_malloc(n * c->n_out, sizeof *sm->values);
    if (sm->values == NULL) {
        return FC_ERR_NOMEM;
    }
    const fc_run run = cubature_run_for(c, n);
    fc_status status = fc_pool_for(&run, evaluate_lines, c, n, BATCH_POINTS);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        for (size_t i = 0; i < n; i += n_codes) {
            sm->off = !weigh_line(sm, &sm->outputs[o], sm->values + o * n + i) || sm->off;
        }
    }
    sm->n_eval += n;
    cubature_smooth_release_level(c);
    return status;
}

/* A block of fc_pool_for over a level's points, to sm->values. */
static fc_status evaluate_grid(void *context, size_t begin, size_t end, unsigned worker)
{
    cubature *c = context;
    smooth *sm = &c->smooth;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    if (status == FC_OK) {
        status = fc_cancel_check(c->run.cancel);
    }
    if (status != FC_OK) {
        return status;
    }
    const uint8_t *codes = sm->codes + begin * c->n_dim;
    double factor[BATCH_POINTS];
    for (size_t i = 0; i < end - begin; i++) {
        factor[i] = 1;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double by = sm->bent ? (d % 2 == 0 ? BEND : -BEND) / (1 + 0.1 * d) : 0;
        for (size_t i = 0; i < end - begin; i++) {
            s->u[d][i] =
                bend(sm, fc_sparse_node(sm->family, codes[i * c->n_dim + d]), by, &factor[i]);
        }
    }
    status = evaluate(c, s, worker, end - begin, factor);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        memcpy(sm->values + o * sm->n_level + begin, s->y[o], (end - begin) * sizeof(double));
    }
    return status;
}

/* Add the level's points, orbit by orbit, to the changes of output o. */
static void add_values(smooth_output *out, const smooth *sm, const double *weights, size_t n_orbits,
                       const double *y)
{
    const unsigned n_weights = sm->most + 1;
    double least = out->least, greatest = out->greatest;
    for (size_t k = 0; k < n_orbits; k++) {
        double sum = 0, absolute = 0, size = 0;
        for (size_t i = sm->orbit_begin[k]; i < sm->orbit_begin[k + 1]; i++) {
            sum += y[i];
            absolute += fabs(y[i]);
            least = y[i] < least ? y[i] : least;
            greatest = y[i] > greatest ? y[i] : greatest;
        }
        for (unsigned t = 0; t < n_weights; t++) {
            out->change[t] += weights[k * n_weights + t] * sum;
            size += fabs(weights[k * n_weights + t]);
        }
        out->size += size * absolute;
    }
    out->least = least;
    out->greatest = greatest;
}

/* Add a level of the grid, or of the second one, to its outputs. */
static fc_status add_level(cubature *c, unsigned level, smooth_output *outputs)
{
    smooth *sm = &c->smooth;
    const size_t n = (size_t)fc_sparse_count(sm->family, c->n_dim, level);
    const size_t n_orbits = fc_sparse_orbits(sm->family, c->n_dim, level), n_weights = sm->most + 1;
    double *weights = fc_malloc(n_orbits * n_weights, sizeof *weights);
    sm->codes = fc_malloc(n, c->n_dim);
    sm->orbit_begin = fc_malloc(n_orbits + 1, sizeof *sm->orbit_begin);
    sm->values = fc_malloc(n * c->n_out, sizeof *sm->values);
    sm->n_level = n;
    fc_status status = FC_ERR_NOMEM;
    if (weights != NULL && sm->codes != NULL && sm->orbit_begin != NULL && sm->values != NULL) {
        fc_sparse_list(sm->family, c->n_dim, level, sm->codes, sm->orbit_begin);
        sm->bent = outputs != sm->outputs;
        const fc_run run = cubature_run_for(c, n);
        status = fc_pool_for(&run, evaluate_grid, c, n, BATCH_POINTS);
    }
    if (status == FC_OK) {
        for (size_t k = 0; k < n_orbits; k++) {
            fc_sparse_weights(sm->family, c->n_dim, sm->codes + sm->orbit_begin[k] * c->n_dim,
                              sm->most, weights + k * n_weights);
        }
        for (unsigned o = 0; o < c->n_out; o++) {
            add_values(&outputs[o], sm, weights, n_orbits, sm->values + o * n);
            sm->off = sm->off || !isfinite(outputs[o].size);
        }
    }
    fc_free(weights);
    cubature_smooth_release_level(c);
    sm->n_eval += n;
    return status;
}

static double largest_change(const smooth_output *out, unsigned first, unsigned n)
{
    double largest = 0;
    for (unsigned t = first; t < first + n; t++) {
        largest = fmax(largest, fabs(out->change[t]));
    }
    return largest;
}

/* Value and error of the levels so far; are they falling? */
static bool weigh(const cubature *c, smooth_output *out)
{
    const unsigned last = c->smooth.level - 1;
    double value = 0, tail = 0;
    for (unsigned t = 0; t <= last; t++) {
        value += out->change[t];
        tail = t + 3 < last ? 0 : fmax(tail / GAIN, fabs(out->change[t]));
    }
    const unsigned finer = c->smooth.family == FC_SPARSE_HERMITE ? 8 : 12; /* lines' last but one */
    const double noise = 4 * DBL_EPSILON * out->size;
    out->value = value;
    out->error = 2 * tail + out->line[last < finer ? 0 : 1] + noise;
    return last >= LEAST_LEVEL &&
           (FALL * largest_change(out, last - 2, 3) <= largest_change(out, last - 5, 3) ||
            largest_change(out, last - 2, 3) <= ROUGH_NOISE * noise);
}

/* Does anything that is known of output o besides contradict the grid? */
static bool is_contradicted(const cubature *c, unsigned o)
{
    const smooth_output *out = &c->smooth.outputs[o];
    double least = INFINITY, greatest = -INFINITY;
    for (size_t b = 0; b < c->n_boxes; b++) {
        if (c->boxes[b].bad) {
            return true;
        }
        const double *seen = c->extremes[b * c->n_out + o].y;
        least = seen[0] < least ? seen[0] : least;
        greatest = seen[1] > greatest ? seen[1] : greatest;
    }
    double sum = 0, square = 0; /* of the probes' differences from the grid's mean */
    for (size_t w = 0; w < c->n_witness; w++) {
        const double y = c->witness_y[w * c->n_out + o]; /* may be nan: not known */
        least = y < least ? y : least;
        greatest = y > greatest ? y : greatest;
        if (c->witnesses[w].volume == 0) {
            if (!isfinite(y)) {
                return true;
            }
            const double delta = y - out->value;
            sum += delta;
            square += delta * delta;
        }
    }
    const double margin = out->greatest - out->least;
    if (c->smooth.family == FC_SPARSE_PATTERSON && /* else values are not of the same function */
        (greatest > out->greatest + margin || least < out->least - margin)) {
        return true;
    }
    /* Over the whole space nearly all the mass may be with a few probes, or none. */
    if (c->n_probe > 0 && c->smooth.family == FC_SPARSE_PATTERSON) {
        const double n = (double)(c->n_probe + c->n_late), deviation = sqrt(square) / n;
        if (fabs(sum / n) > 2 * deviation + out->error + 1e-10 * fabs(out->value)) {
            return true;
        }
    }
    return fabs(c->sum[o] - out->value) > c->error[o] + out->error;
}

static bool is_within(const cubature *c, const smooth_output *out)
{
    return out->error <= fmax(c->options->epsabs, c->options->epsrel * fabs(out->value));
}

/* Has the grid converged, for all that is known without the second one? */
static bool has_converged(cubature *c)
{
    smooth *sm = &c->smooth;
    sm->falling = true;
    bool within = true;
    for (unsigned o = 0; o < c->n_out; o++) {
        sm->falling = weigh(c, &sm->outputs[o]) && sm->falling;
        within = within && is_within(c, &sm->outputs[o]);
    }
    within = within && sm->falling && sm->level > sm->refuted + 1;
    for (unsigned o = 0; within && o < c->n_out; o++) {
        within = !is_contradicted(c, o);
    }
    return within;
}

static unsigned audit_codes(const smooth *sm)
{
    return sm->family == FC_SPARSE_HERMITE ? FC_SPARSE_HERMITE_CODES : AUDIT_CODES;
}

/* A block of fc_pool_for over the points of the audit's lines, whose places are in sm->places. */
static fc_status evaluate_audit(void *context, size_t begin, size_t end, unsigned worker)
{
    cubature *c = context;
    smooth *sm = &c->smooth;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    if (status != FC_OK) {
        return status;
    }
    const size_t n_codes = audit_codes(sm), n_lines = sm->n_level / n_codes;
    double factor[BATCH_POINTS];
    for (size_t i = begin; i < end; i++) {
        const size_t line = i / n_codes;
        factor[i - begin] = 1;
        for (unsigned d = 0; d < c->n_dim; d++) {
            const double u = d == line * c->n_dim / n_lines
                                 ? fc_sparse_node(sm->family, (unsigned)(i % n_codes))
                                 : sm->places[line * c->n_dim + d];
            s->u[d][i - begin] = bend(sm, u, 0, &factor[i - begin]);
        }
    }
    status = evaluate(c, s, worker, end - begin, factor);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        memcpy(sm->values + o * sm->n_level + begin, s->y[o], (end - begin) * sizeof(double));
    }
    return status;
}

/* The mean over the audit's lines of what 31 points on one change; infinite where one does not
 * converge. */
static double audit_output(const smooth *sm, unsigned o)
{
    const unsigned n_codes = audit_codes(sm);
    double hidden = 0;
    for (size_t i = 0; i < sm->n_level; i += n_codes) {
        const double *y = sm->values + o * sm->n_level + i;
        double rule[5] = {0}, size = 0;
        for (unsigned code = 0; code < n_codes; code++) {
            for (unsigned k = 2; k < 5; k++) {
                rule[k] += fc_sparse_line_weight(sm->family, k, code) * y[code];
            }
            size += fc_sparse_line_weight(sm->family, 4, code) * fabs(y[code]);
        }
        const double last = fabs(rule[4] - rule[3]);
        if (!(last <= fmax(LINE_FALL * fabs(rule[3] - rule[2]), 16 * DBL_EPSILON * size) ||
              last <= 0.01 * sm->outputs[o].error)) {
            return INFINITY;
        }
        hidden += last;
    }
    return hidden * n_codes / (double)sm->n_level;
}

static uint64_t audit_points(const cubature *c, uint64_t spent)
{
    const uint64_t share = (spent + c->smooth.n_eval) / AUDIT_SHARE;
    const uint64_t usual = c->options->n_probe / 2;
    return share > usual ? share : usual;
}

/* Lines at random places: what they say is added to the errors. */
static fc_status audit(cubature *c, uint64_t spent)
{
    smooth *sm = &c->smooth;
    uint64_t n = audit_points(c, spent) / AUDIT_CODES;
    n = n < AUDIT_LEAST ? AUDIT_LEAST : n > AUDIT_MOST ? AUDIT_MOST : n;
    size_t room = 16;
    while (room < n) {
        room *= 2;
    }
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(c->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    status = FC_ERR_NOMEM;
    sm->n_level = (size_t)n * audit_codes(sm);
    sm->places = fc_malloc(n, c->n_dim * sizeof *sm->places);
    sm->values = fc_malloc(sm->n_level * c->n_out, sizeof *sm->values);
    double *column = fc_malloc(room, sizeof *column);
    if (sm->places != NULL && sm->values != NULL && column != NULL) {
        for (unsigned d = 0; d < c->n_dim; d++) {
            fc_sobol_fill(sobol, UINT64_C(0x6c696e6573), sm->refuted, d, 0, (size_t)n, column);
            for (size_t i = 0; i < n; i++) {
                /* About as a Gaussian has them. */
                sm->places[i * c->n_dim + d] = sm->family == FC_SPARSE_HERMITE
                                                   ? 0.4 * log(column[i] / (1 - column[i]))
                                                   : column[i];
            }
        }
        const fc_run run = cubature_run_for(c, sm->n_level);
        status = fc_pool_for(&run, evaluate_audit, c, sm->n_level, BATCH_POINTS);
    }
    fc_free(column);
    fc_sobol_destroy(sobol);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        const double hidden = audit_output(sm, o);
        sm->off = sm->off || !isfinite(hidden);
        sm->outputs[o].error += c->n_dim * hidden;
    }
    cubature_smooth_release_level(c);
    sm->n_eval += n * audit_codes(sm);
    return status;
}

/* Hold the second grid against the first. */
static fc_status verify(cubature *c, uint64_t spent, bool *agrees)
{
    smooth *sm = &c->smooth;
    *agrees = false;
    smooth_output *second = fc_calloc(c->n_out, sizeof *second);
    if (second == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_status status = FC_OK;
    for (unsigned t = 0; status == FC_OK && t < sm->level; t++) {
        status = add_level(c, t, second);
    }
    bool within = status == FC_OK && !sm->off;
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        smooth_output *out = &sm->outputs[o];
        double value = 0;
        for (unsigned t = 0; t < sm->level; t++) {
            value += second[o].change[t];
        }
        out->error = fmax(out->error, 2 * fabs(value - out->value));
        within = within && is_within(c, out);
    }
    fc_free(second);
    sm->refuted = sm->level;
    if (within) {
        status = audit(c, spent);
        within = !sm->off;
        for (unsigned o = 0; o < c->n_out; o++) {
            within = within && is_within(c, &sm->outputs[o]);
        }
    }
    *agrees = within;
    return status;
}

/* Levels of the family that can be afforded at all, and room for their sums. */
static fc_status begin(cubature *c)
{
    smooth *sm = &c->smooth;
    sm->off = sm->falling = false;
    sm->level = sm->most = sm->refuted = 0;
    while (sm->most < FC_SPARSE_MAX_LEVEL) {
        const uint64_t n = fc_sparse_count(sm->family, c->n_dim, sm->most + 1);
        if (n > MOST_POINTS || n > c->options->max_eval) {
            break;
        }
        sm->most++;
    }
    sm->off = sm->most < LEAST_LEVEL;
    fc_free(sm->outputs);
    sm->outputs = fc_calloc(c->n_out, sizeof *sm->outputs);
    for (unsigned o = 0; sm->outputs != NULL && o < c->n_out; o++) {
        sm->outputs[o].least = INFINITY;
        sm->outputs[o].greatest = -INFINITY;
    }
    return sm->outputs != NULL ? FC_OK : FC_ERR_NOMEM;
}

static bool is_near(const cubature *c)
{
    for (unsigned o = 0; o < c->n_out; o++) {
        if (c->error[o] > NEAR * c->tolerance[o]) {
            return false;
        }
    }
    return true;
}

fc_status cubature_smooth_try(cubature *c, uint64_t *n_eval, bool *converged)
{
    smooth *sm = &c->smooth;
    uint64_t spent = *n_eval - sm->n_eval; /* on boxes and probes */
    fc_status status = FC_OK;
    *converged = false;
    if (!sm->off && sm->outputs == NULL) {
        status = cubature_decay_find(c);
        if (status == FC_OK) {
            status = begin(c);
        }
    }
    /* Where a few cuts more may do, what the probes took is no measure. */
    const uint64_t measure = is_near(c) ? spent - c->n_probe - c->n_late : spent;
    while (status == FC_OK && !*converged && !sm->off && sm->level <= sm->most) {
        uint64_t n = sm->level == 0 ? 2 * (uint64_t)c->n_dim * line_codes(sm) : 0;
        unsigned until = sm->level;
        do {
            n += fc_sparse_count(sm->family, c->n_dim, until++);
        } while (until <= LEAST_LEVEL); /* fewer levels say nothing */
        const uint64_t share = sm->level == 0 ? measure : sm->falling ? 3 * measure : measure / 8;
        const uint64_t most = c->options->max_eval / (sm->falling ? 2 : 4);
        if (sm->n_eval + n > share || sm->n_eval + n > most ||
            spent + sm->n_eval + n > c->options->max_eval) {
            break;
        }
        if (sm->level == 0) {
            status = look_along_lines(c);
            if (status == FC_OK && sm->off && sm->family == FC_SPARSE_HERMITE) {
                sm->family = FC_SPARSE_PATTERSON; /* not like a Gaussian: as all others */
                status = begin(c);
                continue;
            }
        }
        while (status == FC_OK && !sm->off && sm->level < until) {
            status = add_level(c, sm->level++, sm->outputs);
        }
        if (status != FC_OK || sm->off || !has_converged(c)) {
            continue;
        }
        uint64_t all = spent + sm->n_eval;
        bool probed;
        status = cubature_probe_rest(c, &all, &probed);
        spent = all - sm->n_eval;
        if (status != FC_OK || !probed || sm->off || !has_converged(c)) {
            continue;
        }
        uint64_t again = AUDIT_LEAST * AUDIT_CODES + audit_points(c, spent);
        for (unsigned t = 0; t < sm->level; t++) {
            again += fc_sparse_count(sm->family, c->n_dim, t);
        }
        if (spent + sm->n_eval + again <= c->options->max_eval) {
            status = verify(c, spent, converged);
        }
    }
    *n_eval = spent + sm->n_eval;
    return status;
}
