/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sums by products of Gauss's rules; contract in fc_cubature_gauss.h.
 *
 *     rows along axis 0 ─► points, and a scale for each row ─► f, many points at once ─► sum of
 *     each row ─► running sums
 *
 * A row's sum of at most 48 products has next to no rounding errors; those of rows are compensated.
 */
#include "fc_cubature_gauss.h"

#include <math.h>
#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "fc_alloc.h"

#define MAX_DIM FC_AFFINE_DIM
#define CHUNK 512 /* points at once */
#define BEYOND 8  /* at least 3; and rows of points stay aligned as integrands want them */
#define PAD 16    /* integrands take whole blocks of so many best */

const uint8_t fc_gauss_orders[FC_GAUSS_N_ORDERS] = {2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                    11, 12, 14, 16, 20, 24, 32, 40, 48};

static struct {
    double x[FC_GAUSS_MAX_ORDER], w[FC_GAUSS_MAX_ORDER];
    double last[4]; /* weights of the last four points; 0 for those that a four before them has */
} rules[FC_GAUSS_N_ORDERS];
static bool have_rules;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_rules(void)
{
    have_rules = true;
    for (unsigned k = 0; k < FC_GAUSS_N_ORDERS; k++) {
        const unsigned order = fc_gauss_orders[k];
        have_rules = have_rules && fc_gauss_legendre(order, rules[k].x, rules[k].w) == FC_OK;
        for (unsigned i = 0; i < order; i++) {
            rules[k].x[i] = 0.5 + 0.5 * rules[k].x[i];
            rules[k].w[i] *= 0.5;
        }
        for (unsigned i = 0; i < 4 && order >= 4; i++) {
            const bool alone = order % 4 == 0 || i >= 4 - order % 4;
            rules[k].last[i] = alone ? rules[k].w[order - 4 + i] : 0;
        }
    }
}

bool fc_gauss_prepare(void)
{
    pthread_once(&once, make_rules);
    return have_rules;
}

/* Points of a job, in rows along axis 0. Rows are written four numbers at a time, the last ones
 * beyond their end. Of each row: its weight by the other axes' rules, and the piece's Jacobian. */
typedef struct points {
    _Alignas(FC_CACHE_LINE) double x[MAX_DIM][CHUNK + BEYOND];
    double weight[CHUNK / 2], scale[CHUNK / 2];
    unsigned index[MAX_DIM]; /* of the next row */
    bool done;
} points;

/* Two numbers, as any processor has them; a sum has two of these. */
typedef double two __attribute__((vector_size(16)));
typedef int64_t two_masks __attribute__((vector_size(16)));

static inline two load(const double *from)
{
    two v;
    memcpy(&v, from, sizeof v);
    return v;
}

static inline two size_of(two v)
{
    const two_masks rest = {INT64_MAX, INT64_MAX};
    return (two)((two_masks)v & rest);
}

/* to[k] = a + b u[k]. */
static void fill_affine(double *to, double a, double b, const double *u, unsigned n)
{
    for (unsigned k = 0; k < n; k += 4) {
        const two first = a + b * load(u + k), second = a + b * load(u + k + 2);
        memcpy(to + k, &first, sizeof first);
        memcpy(to + k + 2, &second, sizeof second);
    }
}

static void fill(double *to, double value, unsigned n)
{
    const two both = {value, value};
    for (unsigned k = 0; k < n; k += 4) {
        memcpy(to + k, &both, sizeof both);
        memcpy(to + k + 2, &both, sizeof both);
    }
}

/* Makes the next rows; returns how many. */
static size_t next_rows(points *self, const fc_piece *piece, const uint8_t *rule)
{
    const unsigned n = piece->n, order = fc_gauss_orders[rule[0]];
    const double *const u = rules[rule[0]].x;
    const fc_affine *const low = piece->low, *const high = piece->high;
    double at[MAX_DIM];
    size_t row = 0;
    for (size_t to = 0; !self->done && to + order <= CHUNK; to += order, row++) {
        double by_rules = 1, scale = 1;
        for (unsigned d = n - 1; d > 0; d--) {
            const unsigned i = self->index[d];
            const double from = fc_affine_at(&low[d], n, d + 1, at);
            const double width = fc_affine_at(&high[d], n, d + 1, at) - from;
            at[d] = from + width * rules[rule[d]].x[i];
            by_rules *= rules[rule[d]].w[i];
            scale *= width;
            fill(self->x[d] + to, at[d], order);
        }
        const double from = fc_affine_at(&low[0], n, 1, at);
        const double width = fc_affine_at(&high[0], n, 1, at) - from;
        fill_affine(self->x[0] + to, from, width, u, order);
        self->weight[row] = by_rules;
        self->scale[row] = scale * width;
        unsigned d = 1;
        while (d < n && ++self->index[d] == fc_gauss_orders[rule[d]]) {
            self->index[d++] = 0;
        }
        self->done = d >= n;
    }
    return row;
}

/* The sum of a row as it is made. */
typedef struct running {
    two sum, size;
    two_masks near; /* is every value within reach, and none nan? */
} running;

static inline void add_two(running *self, const double *y, const double *w, double scale,
                           double middle, double reach)
{
    const two value = load(y), product = load(w) * value;
    self->sum += product;
    self->size += size_of(product);
    self->near &= size_of(scale * value - middle) <= reach;
}

/* Adds the rows of values of output o, and their sizes; false if one is out of reach. */
static bool add_rows(const points *at, size_t n_rows, const double *y, const fc_gauss_job *job,
                     unsigned o, fc_sum *sum, double *magnitude)
{
    const unsigned order = fc_gauss_orders[job->rule[0]];
    const double *const w = rules[job->rule[0]].w, *const last = rules[job->rule[0]].last;
    const double middle = job->middle[o], reach = job->reach[o];
    bool near = true;
    for (size_t k = 0; k < n_rows; k++, y += order) {
        const double scale = at->scale[k], by_rules = at->weight[k] * scale;
        running a = {.near = {-1, -1}}, b = a;
        if (order < 4) { /* two points, or three of which the second pair has the last */
            const unsigned second = order - 2;
            const double rest[2] = {0, order == 3 ? w[2] : 0};
            add_two(&a, y, w, scale, middle, reach);
            add_two(&b, y + second, rest, scale, middle, reach);
        } else {
            for (unsigned i = 0; i + 4 < order; i += 4) {
                add_two(&a, y + i, w + i, scale, middle, reach);
                add_two(&b, y + i + 2, w + i + 2, scale, middle, reach);
            }
            add_two(&a, y + order - 4, last, scale, middle, reach);
            add_two(&b, y + order - 2, last + 2, scale, middle, reach);
        }
        const two total = a.sum + b.sum, size = a.size + b.size;
        const two_masks good = a.near & b.near;
        near = near && (good[0] & good[1]) != 0;
        fc_sum_add(sum, by_rules * (total[0] + total[1]));
        *magnitude += fabs(by_rules) * (size[0] + size[1]);
    }
    return near;
}

/* f's values times the Jacobian of `domain` at points that are of the unit cube. */
static fc_status eval_in_cube(const fc_gauss_job *job, size_t n, double **x, double **y)
{
    _Alignas(FC_CACHE_LINE) double jacobian[CHUNK];
    for (size_t i = 0; i < n; i++) {
        jacobian[i] = 1;
    }
    fc_status status = fc_domain_map(job->domain, 0, n, (const double *const *)x, x, jacobian);
    if (status == FC_OK) {
        status = job->f->eval(job->f->context, 0, n, (const double *const *)x, y);
    }
    for (unsigned o = 0; status == FC_OK && o < job->n_out; o++) {
        for (size_t i = 0; i < n; i++) {
            y[o][i] *= jacobian[i];
        }
    }
    return status;
}

fc_status fc_gauss_sum(const fc_gauss_job *job, fc_cancel *cancel, fc_sum *sums, double *magnitude,
                       bool *agree)
{
    const unsigned n_dim = job->piece->n, order = fc_gauss_orders[job->rule[0]];
    points at;
    _Alignas(FC_CACHE_LINE) double y[FC_GAUSS_MAX_OUT][CHUNK];
    double *x[MAX_DIM], *ys[FC_GAUSS_MAX_OUT];
    for (unsigned d = 0; d < n_dim; d++) {
        x[d] = at.x[d];
        at.index[d] = 0;
    }
    for (unsigned o = 0; o < job->n_out; o++) {
        ys[o] = y[o];
    }
    at.done = false;
    size_t before = 0;
    for (size_t n_rows; (n_rows = next_rows(&at, job->piece, job->rule)) > 0; before += n_rows) {
        const size_t n = n_rows * order, padded = (n + PAD - 1) / PAD * PAD;
        for (unsigned d = 0; d < n_dim; d++) {
            for (size_t i = n; i < padded; i++) {
                at.x[d][i] = at.x[d][0];
            }
        }
        fc_status status = before != 0 ? fc_cancel_check(cancel) : FC_OK;
        if (status == FC_OK) {
            status = job->in_cube
                         ? eval_in_cube(job, padded, x, ys)
                         : job->f->eval(job->f->context, 0, padded, (const double *const *)x, ys);
        }
        if (status != FC_OK) {
            return status;
        }
        for (unsigned o = 0; o < job->n_out; o++) {
            *agree = add_rows(&at, n_rows, y[o], job, o, &sums[o], &magnitude[o]) && *agree;
        }
    }
    return FC_OK;
}
