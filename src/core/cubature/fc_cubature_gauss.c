/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sums by products of Gauss's rules; contract in fc_cubature_gauss.h.
 *
 *     rows along axis 0 ─► points, weights, scales ─► f, many points at once ─► running sums
 *
 * A sum of 64 products is short enough to have next to no rounding errors; these are compensated.
 */
#include "fc_cubature_gauss.h"

#include <pthread.h>
#include <stdint.h>
#include <string.h>

#include "fc_alloc.h"

#define MAX_DIM FC_AFFINE_DIM
#define CHUNK 512 /* points at once */
#define BEYOND 8  /* at least 3; and rows of points stay aligned as integrands want them */
#define PAD 16    /* integrands take whole blocks of so many best */
#define SHORT 64

const uint8_t fc_gauss_orders[FC_GAUSS_N_ORDERS] = {2,  3,  4,  5,  6,  7,  8,  9,  10,
                                                    11, 12, 14, 16, 20, 24, 32, 40, 48};

static struct {
    double x[FC_GAUSS_MAX_ORDER], w[FC_GAUSS_MAX_ORDER];
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
    }
}

bool fc_gauss_prepare(void)
{
    pthread_once(&once, make_rules);
    return have_rules;
}

/* Points of a job, in rows along axis 0: each one's weight by the rules and, without `in_cube`, the
 * piece's Jacobian there. Rows are written four numbers at a time, the last ones beyond their end.
 */
typedef struct points {
    _Alignas(FC_CACHE_LINE) double x[MAX_DIM][CHUNK + BEYOND];
    _Alignas(FC_CACHE_LINE) double weight[CHUNK + BEYOND], scale[CHUNK + BEYOND];
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

/* Makes the next rows; returns how many points. */
static size_t next_points(points *self, const fc_piece *piece, const uint8_t *rule)
{
    const unsigned n = piece->n, order = fc_gauss_orders[rule[0]];
    size_t n_points = 0;
    for (; !self->done && n_points + order <= CHUNK; n_points += order) {
        double at[MAX_DIM], by_rules = 1, by_limits = 1, low, width;
        for (unsigned d = n - 1; d > 0; d--) {
            const unsigned i = self->index[d];
            low = fc_affine_at(&piece->low[d], n, d + 1, at);
            width = fc_affine_at(&piece->high[d], n, d + 1, at) - low;
            at[d] = low + width * rules[rule[d]].x[i];
            by_rules *= rules[rule[d]].w[i];
            by_limits *= width;
            fill(self->x[d] + n_points, at[d], order);
        }
        low = fc_affine_at(&piece->low[0], n, 1, at);
        width = fc_affine_at(&piece->high[0], n, 1, at) - low;
        fill_affine(self->x[0] + n_points, low, width, rules[rule[0]].x, order);
        fill_affine(self->weight + n_points, 0, by_rules, rules[rule[0]].w, order);
        fill(self->scale + n_points, by_limits * width, order);
        unsigned d = 1;
        while (d < n && ++self->index[d] == fc_gauss_orders[rule[d]]) {
            self->index[d++] = 0;
        }
        self->done = d >= n;
    }
    return n_points;
}

/* A sum of values as it is made. */
typedef struct running {
    two sum, size;
    two_masks far; /* was a value out of reach, or nan? */
} running;

static inline void add_two(running *self, two y, const double *weight, const double *scale,
                           double middle, double reach)
{
    const two value = y * load(scale), w = load(weight);
    self->sum += w * value;
    self->size += w * size_of(value);
    self->far |= ~(size_of(value - middle) <= reach);
}

/* Adds up at most SHORT values, and their sizes; false if one is out of reach. Behind the last, as
 * many as the next multiple of 4 are read, and count as the first. */
static bool add_short(size_t n, double *y, double *weight, double *scale, double middle,
                      double reach, fc_sum *total, double *magnitude)
{
    running a = {0}, b = {0};
    for (size_t i = n; i % 4 != 0; i++) {
        y[i] = y[0];
        scale[i] = scale[0];
        weight[i] = 0;
    }
    for (size_t i = 0; i < n; i += 4) {
        add_two(&a, load(y + i), weight + i, scale + i, middle, reach);
        add_two(&b, load(y + i + 2), weight + i + 2, scale + i + 2, middle, reach);
    }
    const two sum = a.sum + b.sum, size = a.size + b.size;
    const two_masks far = a.far | b.far;
    fc_sum_add(total, sum[0] + sum[1]);
    *magnitude += size[0] + size[1];
    return (far[0] | far[1]) == 0;
}

fc_status fc_gauss_sum(const fc_gauss_job *job, fc_cancel *cancel, fc_sum *sums, double *magnitude,
                       bool *agree)
{
    const unsigned n_dim = job->piece->n;
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
    for (size_t n; (n = next_points(&at, job->piece, job->rule)) > 0; before += n) {
        const size_t padded = (n + PAD - 1) / PAD * PAD;
        for (unsigned d = 0; d < n_dim; d++) {
            for (size_t i = n; i < padded; i++) {
                at.x[d][i] = at.x[d][0];
            }
        }
        fc_status status = before != 0 ? fc_cancel_check(cancel) : FC_OK;
        if (status == FC_OK && job->in_cube) {
            for (size_t i = n; i < padded; i++) {
                at.scale[i] = 1;
            }
            status = fc_domain_map(job->domain, 0, padded, (const double *const *)x, x, at.scale);
        }
        if (status == FC_OK) {
            status = job->f->eval(job->f->context, 0, padded, (const double *const *)x, ys);
        }
        if (status != FC_OK) {
            return status;
        }
        for (unsigned o = 0; o < job->n_out; o++) {
            for (size_t i = 0; i < n; i += SHORT) {
                const bool good =
                    add_short(n - i < SHORT ? n - i : SHORT, y[o] + i, at.weight + i, at.scale + i,
                              job->middle[o], job->reach[o], &sums[o], &magnitude[o]);
                *agree = *agree && good;
            }
        }
    }
    return FC_OK;
}
