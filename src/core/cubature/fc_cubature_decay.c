/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrands over the whole space that decay like a Gaussian; contract in fc_cubature_impl.h.
 *
 * exp(-|x|^2) over R^n, mapped to the cube, is a peak that is flat to all orders at the faces:
 * boxes take millions of evaluations from 4 dimensions on. In z = (x - centre) / scale, with
 * exp(-|z|^2) as a weight, it is a constant, and its products with polynomials are polynomials: so
 * the sparse grid (fc_cubature_smooth.c) is made of Hermite's rules there. Its own doubts tell
 * where that does not suit the integrand.
 *
 * Centre and scale are the mean and sqrt(2) standard deviations of |f|, axis by axis: by points
 * spread widely, then by points about what those say, until it changes little. */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_sobol.h"

#define POINTS 1024 /* of each further look */
#define LOOKS 8
#define SPREAD 0.5  /* of these points: z = SPREAD log(u / (1 - u)) */
#define SETTLED 0.2 /* relative change of all scales */
#define LEAST_SHRINK 0.125
#define LEAST_TEMPERING 0.01
#define LEAST_POINTS 32 /* that have the mass, in effect */
#define NEARLY 0.08
#define LEAST_SKEW 0.15 /* correlation that is not just chance, where ... */
#define CLEAR_SKEW 0.35 /* ... there is some that is not */
#define LEAST_PIVOT 1e-6
#define SCALES 7

static bool is_whole_space(const cubature *c)
{
    for (unsigned d = 0; d < c->n_dim; d++) {
        if ((c->domain->lower_fn != NULL && c->domain->lower_fn[d] != NULL) ||
            (c->domain->upper_fn != NULL && c->domain->upper_fn[d] != NULL) ||
            !isinf(c->domain->lower[d]) || !isinf(c->domain->upper[d]) ||
            c->domain->lower[d] == c->domain->upper[d]) {
            return false;
        }
    }
    return true;
}

void cubature_decay_unmap(const cubature *c, const double *x, double *z)
{
    const smooth *sm = &c->smooth;
    for (unsigned d = 0; d < c->n_dim; d++) {
        double y = x[d] - sm->centre[d];
        for (unsigned k = 0; k < d; k++) {
            y -= sm->skew[d][k] * sm->scale[k] * z[k];
        }
        z[d] = y / sm->scale[d];
    }
}

fc_status cubature_decay_evaluate(cubature *c, scratch *s, unsigned worker, size_t n,
                                  const double *factor)
{
    const smooth *sm = &c->smooth;
    double all = 1;
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double centre = sm->centre[d], scale = sm->scale[d];
        all *= c->domain->lower[d] < c->domain->upper[d] ? scale : -scale;
        for (size_t i = 0; i < n; i++) {
            s->x[d][i] = centre + scale * s->u[d][i];
        }
        for (unsigned k = 0; k < d; k++) {
            const double by = sm->skew[d][k] * sm->scale[k];
            for (size_t i = 0; by != 0 && i < n; i++) {
                s->x[d][i] += by * s->u[k][i];
            }
        }
    }
    fc_status status = c->f->eval(c->f->context, worker, n, (const double *const *)s->x, s->y);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        for (size_t i = 0; i < n; i++) {
            s->y[o][i] = s->y[o][i] == 0 ? 0 : s->y[o][i] * (all * factor[i]);
        }
    }
    return status;
}

/* |f| of all outputs, in units of their tolerances, to the power `tempering`, times dx. */
static double weight_of(const cubature *c, double *const *y, size_t i, double dx, double tempering)
{
    double f = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        f += fabs(y[o][i]) * c->unit[o];
    }
    f /= dx;
    const double w = dx * (tempering == 1 ? f : pow(f, tempering));
    return f > 0 && isfinite(w) ? w : 0;
}

/* The mean of (x - p) (y - q), or of x - p. */
static double moment(const double *weight, const double *x, double p, const double *y, double q)
{
    double mean = 0, total = 0;
    for (size_t i = 0; i < POINTS; i++) {
        if (weight[i] > 0) {
            total += weight[i];
            mean += ((x[i] - p) * (y != NULL ? y[i] - q : 1) - mean) * weight[i] / total;
        }
    }
    return mean;
}

/* Of z's image on an axis. */
static double width_of(const smooth *sm, unsigned d)
{
    double square = 0;
    for (unsigned k = 0; k <= d; k++) {
        const double part = (k < d ? sm->skew[d][k] : 1) * sm->scale[k];
        square += part * part;
    }
    return sqrt(square);
}

/* POINTS spread about centre and scale so far: new ones. Where few points have nearly all the mass,
 * its square root, fourth root, ... is taken for it, which is wider and has the same middle. False:
 * there is nothing. */
static fc_status look_again(cubature *c, unsigned look, bool *found, bool *settled)
{
    smooth *sm = &c->smooth;
    scratch *s;
    *found = *settled = false;
    fc_status status = cubature_scratch(c, 0, &s);
    fc_sobol *sobol = NULL;
    if (status == FC_OK) {
        status = fc_sobol_create(c->n_dim, &sobol);
    }
    if (status != FC_OK) {
        return status;
    }
    double dx[POINTS];
    for (size_t i = 0; i < POINTS; i++) {
        dx[i] = 1;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_sobol_fill(sobol, UINT64_C(0x6465636179), look, d, 0, POINTS, s->u[d]);
        for (size_t i = 0; i < POINTS; i++) {
            const double u = s->u[d][i];
            if (look == 0) { /* anywhere, as the range is mapped for the boxes */
                const double t = 2 * u - 1, r = 4 * u * (1 - u);
                s->u[d][i] = t / r;
                dx[i] *= 2 * (1 + t * t) / (r * r);
            } else {
                s->u[d][i] = SPREAD * log(u / (1 - u));
                dx[i] *= SPREAD / (u * (1 - u));
            }
        }
    }
    fc_sobol_destroy(sobol);
    status = cubature_decay_evaluate(c, s, 0, POINTS, dx);
    sm->n_eval += POINTS;
    if (status != FC_OK) {
        return status;
    }
    double tempering = 1, sum = 0;
    for (; tempering > LEAST_TEMPERING; tempering *= 0.5) {
        double square = 0;
        sum = 0;
        for (size_t i = 0; i < POINTS; i++) {
            const double w = weight_of(c, s->y, i, dx[i], tempering);
            sum += w;
            square += w * w;
        }
        if (sum * sum > LEAST_POINTS * square) {
            break;
        }
    }
    if (!(sum > 0) || !isfinite(sum)) {
        return FC_OK;
    }
    *settled = tempering == 1 && look > 0;
    double weight[POINTS], mean[FC_CUBATURE_MAX_DIM], second[FC_CUBATURE_MAX_DIM];
    for (size_t i = 0; i < POINTS; i++) {
        weight[i] = weight_of(c, s->y, i, dx[i], tempering);
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        mean[d] = moment(weight, s->x[d], 0, NULL, 0);
        second[d] = fmax(moment(weight, s->x[d], mean[d], s->x[d], mean[d]), 0);
    }
    /* The covariance as a product of triangular matrices, L D L^T: row by row. */
    double skew[FC_CUBATURE_MAX_DIM][FC_CUBATURE_MAX_DIM], pivot[FC_CUBATURE_MAX_DIM];
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double before = width_of(sm, d);
        const double width = fmax(sqrt(2 * second[d]), LEAST_SHRINK * before);
        if (!isfinite(width) || !isfinite(mean[d])) {
            return FC_OK;
        }
        *settled = *settled && fabs(width - before) <= SETTLED * before;
        pivot[d] = 0.5 * width * width;
        for (unsigned k = 0; k < d; k++) {
            double entry = moment(weight, s->x[d], mean[d], s->x[k], mean[k]);
            for (unsigned j = 0; j < k; j++) {
                entry -= skew[d][j] * skew[k][j] * pivot[j];
            }
            entry /= pivot[k];
            /* Of little correlation nothing is known for sure. */
            const double share = entry * entry * pivot[k] / (0.5 * width * width);
            skew[d][k] = share > LEAST_SKEW * LEAST_SKEW && share < 1 ? entry : 0;
            pivot[d] -= skew[d][k] * skew[d][k] * pivot[k];
        }
        pivot[d] = fmax(pivot[d], LEAST_PIVOT * width * width);
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        memcpy(sm->skew[d], skew[d], d * sizeof skew[d][0]);
        sm->scale[d] = sqrt(2 * pivot[d]);
        sm->centre[d] = mean[d];
    }
    *found = true;
    return FC_OK;
}

/* What is nearly simple, and probably is: no correlation, scales that are powers of sqrt(2), the
 * centre 0. */
static void simplify(cubature *c)
{
    smooth *sm = &c->smooth;
    bool skewed = false;
    for (unsigned d = 0; d < c->n_dim; d++) {
        for (unsigned k = 0; k < d; k++) {
            const double part = sm->skew[d][k] * sm->scale[k];
            skewed = skewed || fabs(part) > CLEAR_SKEW * width_of(sm, d);
        }
    }
    for (unsigned d = c->n_dim; d-- > 0 && !skewed;) {
        sm->scale[d] = width_of(sm, d);
        memset(sm->skew[d], 0, sizeof sm->skew[d]);
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double simple = exp2(0.5 * nearbyint(2 * log2(sm->scale[d])));
        if (fabs(sm->scale[d] - simple) < NEARLY * simple) {
            sm->scale[d] = simple;
        }
        if (fabs(sm->centre[d]) < NEARLY * sm->scale[d]) {
            sm->centre[d] = 0;
        }
    }
}

/* Of one line's values: what the last of its rules changes, and relative to their size. */
static double change_of(const double *y)
{
    double rule[2] = {0}, size = 0;
    for (unsigned code = 0; code < FC_SPARSE_HERMITE_CODES; code++) {
        for (unsigned k = 0; k < 2; k++) {
            rule[k] += fc_sparse_line_weight(FC_SPARSE_HERMITE, 3 + k, code) * y[code];
        }
        size += fc_sparse_line_weight(FC_SPARSE_HERMITE, 4, code) * fabs(y[code]);
    }
    const double change = fabs(rule[1] - rule[0]);
    return change <= 64 * DBL_EPSILON * size ? 0 : isfinite(change) ? change / size : INFINITY;
}

/* A polynomial moves the mass of a Gaussian outwards, so its own scale is less. Of some scales,
 * that for which the rules on a line along the axis agree best; of equal ones the largest. */
static fc_status choose_scales(cubature *c)
{
    smooth *sm = &c->smooth;
    scratch *s;
    fc_status status = cubature_scratch(c, 0, &s);
    double found[FC_CUBATURE_MAX_DIM], factor[FC_SPARSE_HERMITE_CODES];
    const unsigned n = FC_SPARSE_HERMITE_CODES;
    for (unsigned axis = 0; status == FC_OK && axis < c->n_dim; axis++) {
        const double widest = sm->scale[axis];
        double best = INFINITY;
        found[axis] = widest;
        for (unsigned k = 0; status == FC_OK && k < SCALES; k++) {
            sm->scale[axis] = widest * exp2(-0.25 * k);
            for (unsigned i = 0; i < n; i++) {
                for (unsigned d = 0; d < c->n_dim; d++) {
                    s->u[d][i] = d == axis ? fc_sparse_node(FC_SPARSE_HERMITE, i) : 0.3;
                }
                factor[i] = exp(s->u[axis][i] * s->u[axis][i]);
            }
            status = cubature_decay_evaluate(c, s, 0, n, factor);
            sm->n_eval += n;
            double change = 0;
            for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
                change = fmax(change, change_of(s->y[o]));
            }
            if (change < best) {
                best = change;
                found[axis] = sm->scale[axis];
            }
        }
        sm->scale[axis] = widest;
    }
    for (unsigned d = 0; status == FC_OK && d < c->n_dim; d++) {
        sm->scale[d] = found[d];
    }
    return status;
}

fc_status cubature_decay_find(cubature *c)
{
    smooth *sm = &c->smooth;
    sm->family = FC_SPARSE_PATTERSON;
    if (!is_whole_space(c) || c->n_dim < 2 ||
        c->options->max_eval / 16 < LOOKS * (uint64_t)POINTS) {
        return FC_OK;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        sm->centre[d] = 0;
        sm->scale[d] = 1;
        memset(sm->skew[d], 0, sizeof sm->skew[d]);
    }
    bool found = true, settled = false;
    for (unsigned look = 0; found && !settled && look <= LOOKS; look++) {
        fc_status status = look_again(c, look, &found, &settled);
        if (status != FC_OK) {
            return status;
        }
    }
    if (!found || !settled) {
        return FC_OK;
    }
    simplify(c);
    sm->family = FC_SPARSE_HERMITE;
    return choose_scales(c);
}
