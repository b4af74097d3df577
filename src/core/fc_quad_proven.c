/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrals whose error is proved; contract in fc_quad_impl.h.
 *
 * Many panels are there because a rule that sees f at few points cannot tell what f does between.
 * But the program that computes f can be asked: circular arithmetic (fc_disc.h) bounds |f - f(c)|
 * by some m on a disc around the middle c of a panel, and finds f analytic there. The disc of
 * radius h (rho + 1/rho) / 2 holds the ellipse whose foci are the panel's ends, c +- h, and whose
 * semi-axes add up to rho h; so polynomials of degree d come as near to f as
 * 2 m rho^-d / (rho - 1) (Bernstein; Trefethen, Approximation Theory and Practice, 2013, theorem
 * 8.2), and a rule with positive weights that is exact for these has at most 4 h times that as its
 * error. Kronrod's rule of 21 points is exact to degree 31, Gauss's of 10 to degree 19.
 *
 *     the whole range ─► bound good enough? a panel ─► not? halve it, some times
 *                        all of the range covered by few panels? evaluate them ─► done
 *
 * The idea is that of self-validating integration (Petras 2002, Johansson 2018); here the bound
 * decides how many panels there are, not the digits of the answer. A needle, a jump, a pole nearby
 * make it fail, and fc_quad goes its usual way. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_disc.h"

#define MAX_PANELS 8
#define MAX_TRIES 24
#define MAX_DEPTH 6
#define MAX_DIM 8
#define MAX_OUT 4
#define ROOM ((MAX_PANELS * FC_GK21 + 15) / 16 * 16)

/* What is proved of rules on an ellipse. The bounds are per half width and bound of f. */
typedef struct ellipse {
    double radius; /* (rho + 1/rho) / 2 */
    double kronrod, gauss;
} ellipse;

/* 8 rho^-31 / (rho - 1) and 8 rho^-19 / (rho - 1). The smaller one first: it is more often free of
 * singularities. The larger one is for what grows exponentially, as waves do. */
static const ellipse ellipses[] = {
    {5.0 / 3, 6.4760e-15, 3.4417e-9}, /* rho = 3 */
    {2.6, 4.2950e-22, 1.0486e-13},    /* rho = 5 */
};
enum { N_ELLIPSES = sizeof ellipses / sizeof *ellipses };

typedef struct panel {
    double centre, half;
    double kronrod, gauss; /* bounds of the rules' errors */
    double noise;          /* bound of what rounding errors of f do to either */
} panel;

typedef struct proof {
    const fc_integrand *f;
    const fc_quad_options *options;
    const double *params;
    double length;
    panel panels[MAX_PANELS];
    unsigned n_panels, n_tries;
} proof;

/* Is Kronrod's rule proved to be good enough on this panel? */
static bool prove_panel(proof *self, panel *p)
{
    fc_disc discs[MAX_OUT];
    for (int e = 0; e < N_ELLIPSES; e++) {
        const ellipse *around = &ellipses[e];
        double size = 0, bound = 0, noise = 0;
        self->n_tries++;
        if (!self->f->disc(self->f->context, p->centre, around->radius * p->half,
                           1 / around->radius, self->params, discs)) {
            return false;
        }
        for (unsigned o = 0; o < self->f->n_out; o++) {
            size += fabs(discs[o].centre);
            bound += discs[o].radius;
            noise += discs[o].noise;
        }
        p->kronrod = around->kronrod * p->half * bound;
        p->gauss = around->gauss * p->half * bound;
        p->noise = 2 * p->half * noise;
        /* A guess of what will do, for the integral is not known yet. */
        double absolute = fmin(self->options->epsabs, FC_QUAD_COARSE * size * self->length);
        double share = p->half / self->length;
        double enough = 0.2 * (self->options->epsrel * size * p->half + absolute * share);
        if (p->kronrod <= enough) {
            return true;
        }
        if (p->kronrod * ellipses[1].kronrod > enough * around->kronrod) {
            return false; /* the other one cannot do better: f is larger there */
        }
    }
    return false;
}

/* Covers [a, b] by panels from left to right; false if it takes too many. */
static bool cover(proof *self, double a, double b)
{
    double stack[MAX_DEPTH + 2];
    unsigned top = 0;
    stack[top++] = b; /* right ends of what is to be covered, the next one on top */
    while (top > 0) {
        double right = stack[top - 1];
        panel p = {.centre = 0.5 * a + 0.5 * right, .half = 0.5 * right - 0.5 * a};
        if (prove_panel(self, &p)) {
            if (self->n_panels == MAX_PANELS) {
                return false;
            }
            self->panels[self->n_panels++] = p;
            a = right;
            top--;
        } else if (self->n_tries >= MAX_TRIES || top > MAX_DEPTH ||
                   self->n_panels + top > MAX_PANELS) {
            return false;
        } else {
            stack[top++] = p.centre;
        }
    }
    return true;
}

fc_status fc_quad_prove(const fc_run *run, const fc_integrand *f, const fc_quad_options *options,
                        double a, double b, const double *params, unsigned worker, double *values,
                        fc_quad_result *result, bool *done)
{
    static const double zero[MAX_PANELS], one[MAX_PANELS] = {1, 1, 1, 1, 1, 1, 1, 1};
    *done = false;
    if (f->disc == NULL || f->n_dim > MAX_DIM || f->n_out > MAX_OUT || options->weight != NULL ||
        options->n_points > 0 || !isfinite(b - a)) {
        return FC_OK;
    }
    proof self = {.f = f, .options = options, .params = params, .length = b - a};
    if (!cover(&self, a, b)) {
        return FC_OK;
    }
    const fc_gk_loops *loops = fc_gk_loops_get();
    _Alignas(FC_CACHE_LINE) double x[MAX_DIM][ROOM], y[MAX_OUT][ROOM];
    const double *xs[MAX_DIM];
    double *ys[MAX_OUT], centre[MAX_PANELS], half[MAX_PANELS];
    const size_t n = self.n_panels, count = n * FC_GK21, end = (count + 15) / 16 * 16;
    for (size_t i = 0; i < n; i++) {
        centre[i] = self.panels[i].centre;
        half[i] = self.panels[i].half;
    }
    loops->abscissae(n, centre, half, zero, one, x[0]);
    for (size_t i = count; i < end; i++) {
        x[0][i] = x[0][0];
    }
    for (unsigned d = 0; d < f->n_dim; d++) {
        for (size_t i = 0; d > 0 && i < end; i++) {
            x[d][i] = params[d - 1];
        }
        xs[d] = x[d];
    }
    for (unsigned o = 0; o < f->n_out; o++) {
        ys[o] = y[o];
    }
    fc_status status = fc_cancel_check(run->cancel);
    if (status == FC_OK) {
        status = f->eval(f->context, worker, count, xs, ys);
    }
    if (status != FC_OK) {
        return status;
    }
    double sums[MAX_OUT], error = 0, magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        error += self.panels[i].kronrod + self.panels[i].noise;
    }
    for (unsigned o = 0; o < f->n_out; o++) {
        double kronrod[MAX_PANELS], gauss[MAX_PANELS], size[MAX_PANELS], odd[MAX_PANELS];
        fc_sum total = {0, 0};
        loops->sums(n, y[o], NULL, kronrod, gauss, size, odd);
        for (size_t i = 0; i < n; i++) {
            const panel *p = &self.panels[i];
            /* What was proved of both rules must be so, or there is an error in it. */
            if (!(half[i] * fabs(kronrod[i] - gauss[i]) <=
                  p->kronrod + p->gauss + 2 * p->noise + FC_QUAD_NOISE * half[i] * size[i])) {
                return FC_OK;
            }
            fc_sum_add(&total, half[i] * kronrod[i]);
            magnitude += half[i] * size[i];
        }
        sums[o] = fc_sum_value(&total);
    }
    error += 4 * DBL_EPSILON * magnitude;
    if (!(error <= fc_quad_target_of(options, fc_quad_norm(sums, f->n_out), magnitude))) {
        return FC_OK;
    }
    memcpy(values, sums, f->n_out * sizeof *values);
    *result = (fc_quad_result){
        .error = error, .where = NAN, .n_eval = count, .n_panels = n, .state = FC_QUAD_CONVERGED};
    *done = true;
    return FC_OK;
}
