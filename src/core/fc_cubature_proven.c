/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cubature whose error is proved; contract in fc_cubature_proven.h. In n dimensions, what
 * fc_quad_proven.c is in one.
 *
 * The unit cube (fc_domain maps it to the range) is one box, or a few. For each axis of a box the
 * program that computes f is asked (fc_disc_of_box): let the variable of this axis range over a
 * disc of radius h (rho + 1/rho) / 2 around the middle, h being half the width, and the others over
 * their intervals; is f, times the map's Jacobian, analytic there, and does it stay within some m
 * of its value at the middle? If so, Gauss's rule of N points along this axis, which is exact to
 * degree 2N - 1, is off by at most
 *
 *     4 m rho^-(2N - 1) / (rho - 1)        of the box's volume
 *
 * (Bernstein; Trefethen, Approximation Theory and Practice, 2013, theorem 8.2), wherever the others
 * are; and so the product of such rules is off by at most the sum over the axes, for weights are
 * positive and add up to 1. The N that does with the best of several rho is taken, axis by axis.
 *
 *     the whole cube ─► enough on every axis with few points? ─► evaluate, check, done
 *                       not? halve it, some times
 *
 * What is not analytic, or nearly not, or has infinite limits, or is no program, is left to
 * fc_cubature. */
#include "fc_cubature_proven.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_disc.h"
#include "fc_rules.h"

#define MAX_DIM 6
#define MAX_OUT 4
#define MAX_BOXES 16
#define MAX_TRIES 120 /* questions to the program: each takes as long as some evaluations */
#define MAX_POINTS 4096
#define CHUNK 512
#define ROUNDING (4 * DBL_EPSILON)
#define NOISE (16 * DBL_EPSILON) /* of the mean |f|: the least error that is claimed */
#define SLACK (1 + 1e-12)

static const unsigned orders[] = {2, 3, 4, 5, 6, 7, 8, 10, 12, 14, 16, 20, 24};
enum { N_ORDERS = sizeof orders / sizeof *orders, MAX_ORDER = 24 };
/* The last is for polynomials, and worth a question where points are many. */
static const double rhos[] = {3, 6, 2, 12, 1e4};
enum { N_RHOS = sizeof rhos / sizeof *rhos };

/* Gauss-Legendre rules on [0, 1], weights adding up to 1; made once. */
static struct {
    double x[MAX_ORDER], w[MAX_ORDER];
} rules[N_ORDERS];
static bool have_rules;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_rules(void)
{
    have_rules = true;
    for (unsigned k = 0; k < N_ORDERS; k++) {
        have_rules = have_rules && fc_gauss_legendre(orders[k], rules[k].x, rules[k].w) == FC_OK;
        for (unsigned i = 0; i < orders[k]; i++) {
            rules[k].x[i] = 0.5 + 0.5 * rules[k].x[i];
            rules[k].w[i] *= 0.5;
        }
    }
}

typedef struct box {
    double centre[MAX_DIM], half[MAX_DIM];
    uint8_t rule[MAX_DIM];  /* of `rules`, by axis */
    double error[MAX_OUT];  /* bound of the rule's error, of the mean value */
    double middle[MAX_OUT]; /* f at the centre ... */
    double near[MAX_OUT];   /* ... and how far from it real values may be */
    double noise[MAX_OUT];  /* rounding errors of values */
    size_t n_points;
} box;

typedef struct proof {
    const fc_integrand *f;
    const fc_domain *domain;
    unsigned n_dim, n_out;
    double tolerance[MAX_OUT]; /* of the whole, guessed or known */
    const fc_cubature_options *options;
    box boxes[MAX_BOXES];
    unsigned n_boxes, n_tries;
    size_t n_points, most;
} proof;

static fc_disc_range product(const fc_disc_range *a, const fc_disc_range *b)
{
    const double ma = fabs(a->centre), mb = fabs(b->centre);
    fc_disc_range d;
    d.centre = a->centre * b->centre;
    d.spread = SLACK * (ma * b->spread + mb * a->spread + a->spread * b->spread);
    d.noise = (ma + a->spread) * b->noise + (mb + b->spread) * a->noise +
              ROUNDING * (ma + a->spread) * (mb + b->spread);
    d.radius = SLACK * (ma * b->radius + mb * a->radius + a->radius * b->radius) + d.noise;
    return d;
}

static fc_disc_range sum(const fc_disc_range *a, const fc_disc_range *b, double sign)
{
    fc_disc_range d;
    d.centre = a->centre + sign * b->centre;
    d.spread = SLACK * (a->spread + b->spread);
    d.noise = a->noise + b->noise +
              ROUNDING * (fabs(a->centre) + a->spread + fabs(b->centre) + b->spread);
    d.radius = SLACK * (a->radius + b->radius) + d.noise;
    return d;
}

/* A limit of coordinate d, where the outer ones are x[d + 1], ... */
static bool limit_of(const fc_integrand *const *functions, const double *values, unsigned d,
                     const fc_disc_range *x, fc_disc_range *out)
{
    const fc_integrand *function = functions != NULL ? functions[d] : NULL;
    if (function == NULL) {
        *out = (fc_disc_range){.centre = values[d]};
        return isfinite(values[d]);
    }
    return function->disc_box != NULL && function->disc_box(function->context, x + d + 1, out);
}

/* f times the Jacobian, where coordinate u[d] of the unit cube has the disc u[d]. */
static bool image(proof *self, const fc_disc_range *u, fc_disc_range *out)
{
    const fc_domain *domain = self->domain;
    fc_disc_range x[MAX_DIM], jacobian = {.centre = 1};
    self->n_tries++;
    for (unsigned d = self->n_dim; d-- > 0;) {
        fc_disc_range low, high;
        if (!limit_of(domain->lower_fn, domain->lower, d, x, &low) ||
            !limit_of(domain->upper_fn, domain->upper, d, x, &high)) {
            return false;
        }
        const fc_disc_range width = sum(&high, &low, -1), inside = product(&u[d], &width);
        x[d] = sum(&low, &inside, 1);
        jacobian = product(&jacobian, &width);
    }
    if (!self->f->disc_box(self->f->context, x, out)) {
        return false;
    }
    for (unsigned o = 0; o < self->n_out; o++) {
        out[o] = product(&out[o], &jacobian);
        if (!(fabs(out[o].centre) + out[o].radius < INFINITY)) {
            return false;
        }
    }
    return true;
}

/* The first of `orders` whose bound does for `share` of the tolerances, and the bound, per m. */
static unsigned least_order(const proof *self, const fc_disc_range *out, double rho, double share,
                            double *bound)
{
    unsigned k = 0;
    *bound = 4 * pow(rho, -(2.0 * orders[0] - 1)) / (rho - 1);
    for (;;) {
        bool enough = true;
        for (unsigned o = 0; o < self->n_out; o++) {
            const double allowed = share * self->tolerance[o] / self->n_dim;
            enough = enough && *bound * out[o].radius <= allowed;
        }
        if (enough || ++k == N_ORDERS) {
            return k;
        }
        *bound *= pow(rho, -2.0 * (orders[k] - orders[k - 1]));
    }
}

/* A rule for axis `d`: the least that is proved to be good enough, or a better one, while that
 * costs little: who asks for few digits is glad of more. False if there is none. */
static bool prove_axis(proof *self, box *b, unsigned d)
{
    static const double shares[2] = {0.5, 0.5e-4};
    const unsigned most[2] = {MAX_ORDER, self->n_dim <= 2 ? 14 : self->n_dim == 3 ? 8 : 0};
    fc_disc_range u[MAX_DIM], out[MAX_OUT];
    unsigned best[2] = {N_ORDERS, N_ORDERS};
    double errors[2][MAX_OUT];
    for (unsigned k = 0; k < self->n_dim; k++) {
        u[k] = (fc_disc_range){b->centre[k], b->half[k], b->half[k], ROUNDING};
    }
    const unsigned n_rhos = self->n_dim > 2 ? N_RHOS : N_RHOS - 1;
    for (unsigned r = 0; r < n_rhos; r++) {
        const double rho = rhos[r];
        u[d].radius = 0.5 * (rho + 1 / rho) * b->half[d];
        if (!image(self, u, out)) {
            if (rho <= 3) {
                break; /* nor where the disc is larger, and one not much smaller helps little */
            }
            continue;
        }
        for (unsigned o = 0; o < self->n_out; o++) {
            b->middle[o] = out[o].centre;
            b->near[o] = out[o].spread;
            b->noise[o] = out[o].noise;
        }
        for (unsigned s = 0; s < 2; s++) {
            double bound;
            const unsigned k = least_order(self, out, rho, shares[s], &bound);
            if (k < best[s] && orders[k] <= most[s]) {
                best[s] = k;
                for (unsigned o = 0; o < self->n_out; o++) {
                    errors[s][o] = bound * out[o].radius;
                }
            }
        }
        if (self->n_tries >= MAX_TRIES || best[0] <= 1) {
            break;
        }
    }
    const unsigned s = best[1] < N_ORDERS ? 1 : 0;
    if (best[s] == N_ORDERS) {
        return false;
    }
    b->rule[d] = (uint8_t)best[s];
    b->n_points *= orders[best[s]];
    for (unsigned o = 0; o < self->n_out; o++) {
        b->error[o] += errors[s][o];
    }
    return true;
}

static bool prove_box(proof *self, box *b, unsigned *axis)
{
    b->n_points = 1;
    memset(b->error, 0, sizeof b->error);
    for (unsigned d = 0; d < self->n_dim; d++) {
        if (!prove_axis(self, b, d)) {
            *axis = d;
            return false;
        }
    }
    return true;
}

/* Where f is proved to be no larger than this, tolerances may be guessed from it. */
static bool guess_tolerances(proof *self)
{
    fc_disc_range u[MAX_DIM], out[MAX_OUT];
    for (unsigned k = 0; k < self->n_dim; k++) {
        u[k] = (fc_disc_range){.centre = 0.5};
    }
    if (!image(self, u, out)) {
        return false;
    }
    for (unsigned o = 0; o < self->n_out; o++) {
        const double size = fabs(out[o].centre);
        self->tolerance[o] = fmax(self->options->epsabs, 0.3 * self->options->epsrel * size);
    }
    return true;
}

/* Cuts the cube into boxes that are proved; false if it takes too many. */
static bool cover(proof *self)
{
    box stack[MAX_BOXES];
    unsigned top = 1;
    self->n_boxes = 0;
    self->n_points = 0;
    for (unsigned d = 0; d < self->n_dim; d++) {
        stack[0].centre[d] = stack[0].half[d] = 0.5;
    }
    while (top > 0) {
        box b = stack[--top];
        unsigned axis = 0;
        if (prove_box(self, &b, &axis)) {
            self->n_points += b.n_points;
            if (self->n_boxes + top >= MAX_BOXES || self->n_points > self->most) {
                return false;
            }
            self->boxes[self->n_boxes++] = b;
            continue;
        }
        if (self->n_tries >= MAX_TRIES || self->n_boxes + top + 2 > MAX_BOXES) {
            return false;
        }
        for (unsigned d = 0; d < self->n_dim; d++) {
            axis = b.half[d] > b.half[axis] ? d : axis;
        }
        for (int side = 1; side >= -1; side -= 2) {
            stack[top] = b;
            stack[top].half[axis] = 0.5 * b.half[axis];
            stack[top].centre[axis] = b.centre[axis] + side * stack[top].half[axis];
            top++;
        }
    }
    return true;
}

/* One box's points, a chunk at a time. */
typedef struct cursor {
    const box *b;
    unsigned index[MAX_DIM];
} cursor;

static size_t next_points(cursor *c, unsigned n_dim, size_t most, double *const *u, double *weight)
{
    size_t n = 0;
    for (; n < most && c->index[n_dim - 1] < orders[c->b->rule[n_dim - 1]]; n++) {
        weight[n] = 1;
        for (unsigned d = 0; d < n_dim; d++) {
            const unsigned rule = c->b->rule[d], i = c->index[d];
            u[d][n] = c->b->centre[d] + c->b->half[d] * (2 * rules[rule].x[i] - 1);
            weight[n] *= rules[rule].w[i];
        }
        for (unsigned d = 0; d < n_dim && ++c->index[d] == orders[c->b->rule[d]]; d++) {
            c->index[d] = d + 1 < n_dim ? 0 : c->index[d];
        }
    }
    return n;
}

/* The sums over all boxes; *agree: every value is where it was proved to be. */
static fc_status evaluate(const proof *self, const fc_run *run, fc_sum *sums, double *magnitude,
                          bool *agree)
{
    _Alignas(FC_CACHE_LINE) double x[MAX_DIM][CHUNK], y[MAX_OUT][CHUNK];
    _Alignas(FC_CACHE_LINE) double jacobian[CHUNK], weight[CHUNK];
    double *xs[MAX_DIM], *ys[MAX_OUT];
    for (unsigned d = 0; d < self->n_dim; d++) {
        xs[d] = x[d];
    }
    for (unsigned o = 0; o < self->n_out; o++) {
        ys[o] = y[o];
    }
    *agree = true;
    for (unsigned k = 0; k < self->n_boxes; k++) {
        const box *b = &self->boxes[k];
        cursor at = {.b = b};
        double volume = 1;
        for (unsigned d = 0; d < self->n_dim; d++) {
            volume *= 2 * b->half[d];
        }
        for (size_t n; (n = next_points(&at, self->n_dim, CHUNK, xs, weight)) > 0;) {
            for (size_t i = n; i < (n + 15) / 16 * 16; i++) { /* may be read */
                for (unsigned d = 0; d < self->n_dim; d++) {
                    x[d][i] = x[d][0];
                }
            }
            for (size_t i = 0; i < n; i++) {
                jacobian[i] = 1;
            }
            fc_status status = run != NULL ? fc_cancel_check(run->cancel) : FC_OK;
            if (status == FC_OK) {
                status = fc_domain_map(self->domain, 0, n, (const double *const *)xs, xs, jacobian);
            }
            if (status == FC_OK) {
                status = self->f->eval(self->f->context, 0, n, (const double *const *)xs, ys);
            }
            if (status != FC_OK) {
                return status;
            }
            for (unsigned o = 0; o < self->n_out; o++) {
                const double reach = SLACK * b->near[o] + 2 * b->noise[o];
                for (size_t i = 0; i < n; i++) {
                    const double value = y[o][i] * jacobian[i];
                    *agree = *agree && fabs(value - b->middle[o]) <= reach;
                    fc_sum_add(&sums[o], volume * weight[i] * value);
                    magnitude[o] += volume * weight[i] * fabs(value);
                }
            }
        }
    }
    return FC_OK;
}

fc_status fc_cubature_prove(const fc_run *run, const fc_integrand *f, const fc_domain *domain,
                            const fc_cubature_options *options, fc_cubature_result *result,
                            bool *done)
{
    *done = false;
    if (f->disc_box == NULL || f->n_dim > MAX_DIM || f->n_out > MAX_OUT ||
        options->kind != FC_CUBATURE_AUTO) {
        return FC_OK;
    }
    for (unsigned d = 0; d < f->n_dim; d++) {
        if ((domain->lower_fn == NULL || domain->lower_fn[d] == NULL) &&
            (domain->upper_fn == NULL || domain->upper_fn[d] == NULL) &&
            !isfinite(domain->upper[d] - domain->lower[d])) {
            return FC_OK;
        }
    }
    pthread_once(&once, make_rules);
    proof self;
    self.f = f;
    self.domain = domain;
    self.options = options;
    self.n_dim = f->n_dim;
    self.n_out = f->n_out;
    self.n_tries = 0;
    self.most = options->max_eval < MAX_POINTS ? (size_t)options->max_eval : MAX_POINTS;
    if (!have_rules || !guess_tolerances(&self)) {
        return FC_OK;
    }
    uint64_t n_eval = 0;
    for (int round = 0; round < 2; round++) {
        if (!cover(&self)) {
            return FC_OK;
        }
        fc_sum sums[MAX_OUT] = {{0}};
        double magnitude[MAX_OUT] = {0}, error[MAX_OUT] = {0}, value[MAX_OUT];
        bool agree, enough = true;
        fc_status status = evaluate(&self, run, sums, magnitude, &agree);
        if (status != FC_OK || !agree) {
            return status;
        }
        n_eval += self.n_points;
        for (unsigned k = 0; k < self.n_boxes; k++) {
            double volume = 1;
            for (unsigned d = 0; d < self.n_dim; d++) {
                volume *= 2 * self.boxes[k].half[d];
            }
            for (unsigned o = 0; o < self.n_out; o++) {
                error[o] += volume * (self.boxes[k].error[o] + self.boxes[k].noise[o]);
            }
        }
        for (unsigned o = 0; o < self.n_out; o++) {
            value[o] = fc_sum_value(&sums[o]);
            error[o] += NOISE * magnitude[o];
            self.tolerance[o] =
                fmax(options->epsabs, options->epsrel * fmax(fabs(value[o]) - error[o], 0));
            enough = enough && error[o] <= self.tolerance[o];
        }
        if (enough) {
            for (unsigned o = 0; o < self.n_out; o++) {
                result->integral[o] = value[o];
                result->error[o] = error[o];
            }
            result->n_eval = n_eval;
            result->n_boxes = self.n_boxes;
            result->n_bad = 0;
            result->zero = false;
            result->outcome = FC_CUBATURE_CONVERGED;
            *done = true;
            return FC_OK;
        }
        for (unsigned o = 0; o < self.n_out; o++) { /* what is left beside the rounding errors */
            if (!(self.tolerance[o] > 4 * NOISE * magnitude[o])) {
                return FC_OK;
            }
        }
    }
    return FC_OK;
}
