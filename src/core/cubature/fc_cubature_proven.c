/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cubature whose error is proved; contract in fc_cubature_proven.h. In n dimensions, what
 * fc_quad_proven.c is in one.
 *
 * The range is one piece, or cut into a few: affine images of the unit cube (fc_affine.h) where
 * limits are numbers or affine functions, else boxes of the unit cube that fc_domain maps to the
 * range. For each axis of a piece the program that computes f is asked (fc_disc_of_box): let the
 * cube's variable of this axis range over a disc of radius (rho + 1/rho) / 4 around 1/2, and the
 * others over their intervals; is f, times the map's Jacobian, analytic there, and does it stay
 * within some m of its value at the middle? If so, Gauss's rule of N points along this axis, which
 * is exact to degree 2N - 1, is off by at most
 *
 *     32/15 m rho^-2N / (1 - rho^-2)
 *
 * (Chebyshev coefficients of even order k from 2N on are at most 2 m rho^-k, and each is integrated
 * with an error of at most 1 + 1/(k^2 - 1); Rabinowitz, Comm. ACM 11, 1968; Trefethen,
 * Approximation Theory and Practice, 2013, theorem 19.3), wherever the others are; and so the
 * product of such rules is off by at most the sum over the axes, for weights are positive and add
 * up to 1. The N that does with the best of several rho is taken, axis by axis.
 *
 * Where the program decides (abs, max, if, floor) by the sign of an affine function, the piece is
 * cut along this line or plane: on either side f is one analytic function.
 *
 *     the whole range ─► enough on every axis with few points? ─► evaluate, check, done
 *                        not? cut it along a decision, or halve it, some times
 *
 * Where f is known to be a polynomial along an axis, the rule that is exact needs no question.
 *
 * What is not analytic, or nearly not, or has infinite limits, or is no program, is left to
 * fc_cubature. */
#include "fc_cubature_proven.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stddef.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_ask.h"
#include "fc_cubature_gauss.h"
#include "fc_polynomial.h"

#define MAX_DIM FC_AFFINE_DIM
#define MAX_OUT FC_GAUSS_MAX_OUT
#define FEW_PIECES 24   /* held on the stack */
#define MANY_PIECES 400 /* of staircases: cut, not halved */
#define MAX_TRIES 200   /* questions to the program: each takes as long as some evaluations */
#define MAX_POINTS 6144
#define MAX_POINTS_2D 16384 /* there adaptive rules take as many for peaks */
#define FEW_POINTS 150      /* not worth another question */
#define SHORT_TRIES 6       /* questions, and points, that need no more than a few microseconds */
#define SHORT_POINTS 512
#define MOST_EXACT 8             /* points of a rule that is exact: of more, fewer might do */
#define MOST_OF_A_CUT 16         /* 4 in 2 dimensions */
#define NOISE (16 * DBL_EPSILON) /* of the mean |f|: the least error that is claimed */
#define AS_GOOD_AS_EXACT 3e-11   /* relative; who wants fewer digits may get them, if cheap */
#define SLACK (1 + 1e-12)
#define ALMOST_ZERO 1e-290

#define orders fc_gauss_orders
enum { N_ORDERS = FC_GAUSS_N_ORDERS, MAX_ORDER = FC_GAUSS_MAX_ORDER };
/* In this order. The last is for polynomials, and worth a question where points are many. */
static const double rhos[] = {12, 6, 3, 2, 1e4};
enum { N_RHOS = sizeof rhos / sizeof *rhos };

/* The rules' bounds for each rho; made once. */
static double bounds[N_RHOS][N_ORDERS];
static bool have_rules;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void make_bounds(void)
{
    have_rules = fc_gauss_prepare();
    for (unsigned r = 0; r < N_RHOS; r++) {
        for (unsigned k = 0; k < N_ORDERS; k++) {
            bounds[r][k] =
                32.0 / 15 * SLACK * pow(rhos[r], -2.0 * orders[k]) / (1 - 1 / (rhos[r] * rhos[r]));
        }
    }
}

typedef struct part {
    fc_piece piece;
    uint8_t halved[MAX_DIM]; /* how often, by axis */
    uint8_t rule[MAX_DIM];   /* of the orders, by axis */
    double error[MAX_OUT];   /* bound of the rule's error, of the integral */
    double middle[MAX_OUT];  /* f times the Jacobian at the centre ... */
    double near[MAX_OUT];    /* ... and how far from it real values may be */
    double noise[MAX_OUT];   /* rounding errors of values */
    double slit;             /* share of the piece where rounding errors may decide */
    size_t n_points;
} part;

typedef struct proof {
    fc_ask ask;
    const fc_run *run;
    const fc_cubature_options *options;
    unsigned n_dim, n_out;
    double tolerance[MAX_OUT]; /* of the whole, guessed or known */
    double fine[MAX_OUT];      /* what is as good as exact, or all that is wanted */
    bool guessed;
    part *many;          /* NULL, or owned: both of the following */
    part *parts, *stack; /* what is proved, what is to be; room for `room` each */
    unsigned room, n_parts, n_tries, most_tries, n_cuts;
    size_t n_points, most;
    const fc_polynomial *polynomial; /* what f is known to be, or NULL */
} proof;

static bool image(proof *self, part *p, unsigned axis, double stretch, fc_disc_range *out)
{
    if (++self->n_tries == SHORT_TRIES) {
        fc_run_is_long(self->run);
    }
    const bool known = fc_ask_image(&self->ask, &p->piece, axis, stretch, out);
    p->slit = self->ask.slit;
    return known;
}

static double fine_of(double tolerance, double size)
{
    return fc_larger(1e-4 * tolerance, fc_smaller(tolerance, AS_GOOD_AS_EXACT * size));
}

/* Of a value that is known somewhere, what may be allowed for the integral. */
static void guess_tolerances(proof *self, const fc_disc_range *out)
{
    self->guessed = true;
    for (unsigned o = 0; o < self->n_out; o++) {
        double size = fabs(out[o].centre);
        if (size < 1e-12) { /* 0, by chance or by symmetry */
            size = fc_larger(size, 0.05 * out[o].spread);
        }
        /* Where f is nothing at all, that says nothing of the rest, nor needs much of a rule. */
        self->guessed = self->guessed && size > ALMOST_ZERO;
        self->tolerance[o] = fc_larger(fc_larger(self->options->epsabs, ALMOST_ZERO),
                                       0.3 * self->options->epsrel * size);
        self->fine[o] = fine_of(self->tolerance[o], size);
    }
}

/* Of several bounds, the best. */
static void learn(proof *self, part *p, const fc_disc_range *out)
{
    if (!self->guessed) {
        guess_tolerances(self, out);
    }
    for (unsigned o = 0; o < self->n_out; o++) {
        p->middle[o] = out[o].centre;
        p->near[o] = fc_smaller(out[o].spread, p->near[o]);
        p->noise[o] = fc_smaller(out[o].noise, p->noise[o]);
    }
}

/* The first of `orders` that is exact along axis d, for f times the Jacobian is a polynomial of the
 * cube's variable; N_ORDERS if there is none, or it is not worth it. */
static unsigned exact_order(const proof *self, const part *p, unsigned d)
{
    if (self->polynomial == NULL || self->ask.in_cube) {
        return N_ORDERS;
    }
    unsigned degree = self->polynomial->degree[d];
    for (unsigned k = 0; k < d && !p->piece.straight; k++) { /* inner limits depend on x[d] */
        degree += self->polynomial->degree[k] + 1;
    }
    unsigned k = 0;
    while (degree < 2 * MOST_EXACT && 2U * orders[k] < degree + 1) {
        k++;
    }
    return degree < 2 * MOST_EXACT ? k : N_ORDERS;
}

/* The first of `orders` whose bound does for half of the tolerances. */
static unsigned least_order(const proof *self, const fc_disc_range *out, unsigned rho,
                            const double *tolerance)
{
    unsigned k = 0;
    for (unsigned o = 0; o < self->n_out; o++) {
        const double allowed = 0.5 * tolerance[o] / self->n_dim;
        while (k < N_ORDERS && !(bounds[rho][k] * out[o].radius <= allowed)) {
            k++;
        }
    }
    return k;
}

static bool are_few(unsigned order, unsigned n_dim)
{
    size_t n = 1;
    for (unsigned d = 0; d < n_dim; d++) {
        n *= order;
    }
    return n <= FEW_POINTS;
}

/* A rule for axis `d`: the least that is proved to be good enough, or a better one, while that
 * costs little: who asks for few digits is glad of more. False if there is none. */
static bool prove_axis(proof *self, part *p, unsigned d)
{
    const double *const tolerances[2] = {self->tolerance, self->fine};
    const unsigned n = self->n_dim, most[2] = {n <= 2 ? MAX_ORDER : 24, n <= 2   ? 14
                                                                        : n == 3 ? 8
                                                                                 : 0};
    fc_disc_range out[MAX_OUT];
    unsigned best[2] = {N_ORDERS, N_ORDERS};
    double errors[2][MAX_OUT];
    for (unsigned r = 0; r < N_RHOS; r++) {
        const double rho = rhos[r];
        const bool fine = best[1] < N_ORDERS, thrifty = n <= 2 && best[0] < N_ORDERS;
        if ((rho < 6 && (fine || thrifty) && n <= 2) ||
            (rho > 12 && (n <= 2 || best[0] == N_ORDERS))) {
            continue; /* it would hardly do better */
        }
        if (!image(self, p, d, 0.5 * (rho + 1 / rho), out)) {
            if (self->ask.doubt.known) {
                return false;
            }
            if (rho <= 3) {
                break; /* nor where the disc is larger, and one not much smaller helps little */
            }
            continue;
        }
        learn(self, p, out);
        for (unsigned s = 0; s < 2; s++) {
            const unsigned k = least_order(self, out, r, tolerances[s]);
            if (k < best[s] && orders[k] <= most[s]) {
                best[s] = k;
                for (unsigned o = 0; o < self->n_out; o++) {
                    errors[s][o] = bounds[r][k] * out[o].radius;
                }
            }
        }
        const unsigned s = best[1] < N_ORDERS ? 1 : 0;
        if (self->n_tries >= self->most_tries ||
            (best[s] < N_ORDERS && are_few(orders[best[s]], n))) {
            break;
        }
    }
    const unsigned s = best[1] < N_ORDERS ? 1 : 0;
    if (best[s] == N_ORDERS) {
        return false;
    }
    p->rule[d] = (uint8_t)best[s];
    p->n_points *= orders[best[s]];
    for (unsigned o = 0; o < self->n_out; o++) {
        p->error[o] += errors[s][o];
    }
    return true;
}

static bool prove_part(proof *self, part *p, unsigned *axis)
{
    if (!p->piece.straight || self->ask.framed) {
        fc_ask_begin(&self->ask, &p->piece);
    }
    p->n_points = 1;
    for (unsigned o = 0; o < self->n_out; o++) {
        p->error[o] = 0;
        p->near[o] = p->noise[o] = INFINITY;
    }
    bool asked = false;
    for (unsigned d = 0; d < self->n_dim; d++) {
        const unsigned exact = exact_order(self, p, d);
        if (exact < N_ORDERS) {
            p->rule[d] = (uint8_t)exact;
            p->n_points *= orders[exact];
        } else if (prove_axis(self, p, d)) {
            asked = true;
        } else {
            *axis = d;
            return false;
        }
    }
    if (!asked) { /* where its values are, all the same */
        fc_disc_range out[MAX_OUT];
        if (!image(self, p, self->n_dim, 1, out)) {
            *axis = 0;
            return false;
        }
        learn(self, p, out);
    }
    return true;
}

/* Do bounds of rounding errors take up the tolerance? */
static bool is_noisy(const proof *self, const part *p)
{
    bool noisy = false;
    for (unsigned o = 0; o < self->n_out; o++) {
        noisy = noisy || p->noise[o] > 0.1 * self->tolerance[o];
    }
    return noisy;
}

/* Cuts the range into parts that are proved; false if it takes too many. */
static bool cover(proof *self, const fc_piece *whole)
{
    part *const stack = self->stack;
    unsigned top = 1;
    bool asked = self->ask.framed;
    self->n_parts = self->n_cuts = self->n_tries = 0;
    self->n_points = 0;
    fc_piece_copy(&stack[0].piece, whole);
    memset(stack[0].halved, 0, sizeof stack[0].halved);
    while (top > 0) {
        part *const p = &stack[top - 1];
        unsigned axis = 0;
        bool proved = prove_part(self, p, &axis);
        /* A decision, or bounds too rough? Of that, one failure says enough. */
        if (!self->ask.framed && (proved ? is_noisy(self, p) : !asked)) {
            asked = self->ask.framed = true;
            proved = prove_part(self, p, &axis);
            self->ask.framed = proved || self->ask.doubt.known;
        }
        if (proved) {
            self->n_points += p->n_points;
            if (self->n_parts + top > self->room || self->n_points > self->most) {
                return false;
            }
            part *kept = &self->parts[self->n_parts++];
            fc_piece_copy(&kept->piece, &p->piece);
            memcpy(&kept->halved, &p->halved, sizeof *p - offsetof(part, halved));
            top--;
            continue;
        }
        const unsigned room = self->room - self->n_parts - top + 1;
        if (self->n_tries >= self->most_tries || room < 2) {
            return false;
        }
        if (self->ask.doubt.known) {
            fc_piece pieces[MOST_OF_A_CUT];
            const fc_affine plane = self->ask.doubt;
            const unsigned most = room < MOST_OF_A_CUT ? room : MOST_OF_A_CUT;
            const unsigned n = fc_piece_cut(&p->piece, &plane, pieces, most);
            self->n_cuts++;
            if (n < 2) {
                return false;
            }
            for (unsigned i = n; i-- > 0;) {
                stack[top - 1 + i].piece = pieces[i];
                memcpy(stack[top - 1 + i].halved, p->halved, sizeof p->halved);
            }
            top += n - 1;
            continue;
        }
        for (unsigned d = 0; d < self->n_dim; d++) {
            axis = p->halved[d] < p->halved[axis] ? d : axis;
        }
        p->halved[axis]++;
        memcpy(stack[top].halved, p->halved, sizeof p->halved);
        fc_piece_halve(&p->piece, axis, &stack[top].piece);
        top++;
    }
    return true;
}

/* The same with more room, if it was cuts that took it. */
static bool cover_with_more(proof *self, const fc_piece *whole)
{
    if (self->many != NULL || 2 * self->n_cuts < FEW_PIECES / 2) {
        return false;
    }
    self->many = fc_malloc(2 * (size_t)MANY_PIECES, sizeof *self->many);
    if (self->many == NULL) {
        return false; /* fc_cubature needs no more than usual */
    }
    self->parts = self->many;
    self->stack = self->many + MANY_PIECES;
    self->room = MANY_PIECES;
    self->most_tries = 12 * MANY_PIECES;
    return cover(self, whole);
}

/* The sums over all parts; *agree: every value is where it was proved to be. */
static fc_status evaluate(const proof *self, fc_sum *sums, double *magnitude, bool *agree)
{
    fc_cancel *cancel = self->run != NULL ? self->run->cancel : NULL;
    fc_gauss_job job = {.f = self->ask.f,
                        .domain = self->ask.domain,
                        .in_cube = self->ask.in_cube,
                        .n_out = self->n_out};
    fc_status status = FC_OK;
    *agree = true;
    if (self->n_points > SHORT_POINTS) {
        fc_run_is_long(self->run);
    }
    for (unsigned k = 0; status == FC_OK && k < self->n_parts; k++) {
        const part *p = &self->parts[k];
        job.piece = &p->piece;
        job.rule = p->rule;
        for (unsigned o = 0; o < self->n_out; o++) {
            job.middle[o] = p->middle[o];
            job.reach[o] = SLACK * p->near[o] + 2 * p->noise[o];
        }
        /* A look at the clock takes as long as some of the points. */
        if (fc_cancel_requested(cancel) ||
            (cancel != NULL && (k % 16 == 15 || cancel->deadline_ns != 0))) {
            status = fc_cancel_check(cancel);
        }
        if (status == FC_OK) {
            status = fc_gauss_sum(&job, cancel, sums, magnitude, agree);
        }
    }
    return status;
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
    bool slow = f->slow;
    for (unsigned d = 0; d < f->n_dim; d++) {
        const fc_integrand *low = fc_limit_function(domain->lower_fn, d);
        const fc_integrand *high = fc_limit_function(domain->upper_fn, d);
        if (low == NULL && high == NULL && !isfinite(domain->upper[d] - domain->lower[d])) {
            return FC_OK;
        }
        slow = slow || (low != NULL && low->slow) || (high != NULL && high->slow);
    }
    if (slow) {
        fc_run_is_long(run);
    }
    pthread_once(&once, make_bounds);
    proof self;
    fc_piece whole;
    self.run = run;
    self.ask.f = f;
    self.ask.domain = domain;
    self.options = options;
    self.n_dim = f->n_dim;
    self.n_out = f->n_out;
    const size_t most = self.n_dim <= 2 ? MAX_POINTS_2D : MAX_POINTS;
    self.most = options->max_eval < most ? (size_t)options->max_eval : most;
    part few[2][FEW_PIECES];
    self.many = NULL;
    self.parts = few[0];
    self.stack = few[1];
    self.room = FEW_PIECES;
    self.most_tries = MAX_TRIES;
    self.guessed = false;
    self.polynomial = f->polynomial != NULL ? f->polynomial(f->context) : NULL;
    if (!have_rules) {
        return FC_OK;
    }
    fc_ask_range(&self.ask, &whole);
    uint64_t n_eval = 0;
    for (int round = 0; round < 2; round++) {
        if (!cover(&self, &whole) && !cover_with_more(&self, &whole)) {
            break;
        }
        fc_sum sums[MAX_OUT] = {{0}};
        double magnitude[MAX_OUT] = {0}, error[MAX_OUT] = {0}, value[MAX_OUT];
        bool agree, enough = true;
        fc_status status = evaluate(&self, sums, magnitude, &agree);
        if (status != FC_OK || !agree) {
            fc_free(self.many);
            return status;
        }
        n_eval += self.n_points;
        for (unsigned o = 0; o < self.n_out; o++) {
            double most = 0, slit = 0; /* what values may be where another decision is made */
            for (unsigned k = 0; k < self.n_parts; k++) {
                const part *p = &self.parts[k];
                error[o] += p->error[o] + p->noise[o];
                slit += p->slit;
                most = fc_larger(most, fabs(p->middle[o]) + p->near[o]);
            }
            value[o] = fc_sum_value(&sums[o]);
            error[o] += NOISE * magnitude[o] + slit * most;
            self.tolerance[o] = fc_larger(options->epsrel * fc_larger(fabs(value[o]) - error[o], 0),
                                          options->epsabs);
            self.fine[o] = fine_of(self.tolerance[o], fabs(value[o]));
            enough = enough && error[o] <= self.tolerance[o];
        }
        if (enough) {
            for (unsigned o = 0; o < self.n_out; o++) {
                result->integral[o] = value[o];
                result->error[o] = error[o];
            }
            result->n_eval = n_eval;
            result->n_boxes = self.n_parts;
            result->n_bad = 0;
            result->zero = false;
            result->outcome = FC_CUBATURE_CONVERGED;
            *done = true;
            break;
        }
        bool more = true;
        for (unsigned o = 0; o < self.n_out; o++) { /* what is left beside the rounding errors */
            more = more && self.tolerance[o] > 4 * NOISE * magnitude[o];
        }
        if (!more) {
            break;
        }
    }
    fc_free(self.many);
    return FC_OK;
}
