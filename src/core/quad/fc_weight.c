/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Weighted integrands; contract in fc_weight.h. */
#include "fc_weight.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"

/* Values of f at the abscissae in the slot's copy of x[0]. */
static fc_status eval_at(const fc_weighted *self, double **slot, unsigned worker, size_t n,
                         const double *const *x, double *const *y)
{
    for (unsigned d = 1; d < self->f->n_dim; d++) {
        slot[d] = (double *)x[d]; /* is only read */
    }
    for (size_t i = n; i % 16 != 0; i++) {
        slot[0][i] = 0;
    }
    return self->f->eval(self->f->context, worker, n, (const double *const *)slot, y);
}

#define STEEP (-0.9) /* powers below are taken away */
#define OCTAVES ((FC_WEIGHT_POINTS - 1) / 2)

/* Of half an ALG range of length `top`: the distance from the end at s, 0 < s <= top. */
static double distance_of(double s, double top, double stretch)
{
    return stretch == 1 ? s : top * pow(s / top, stretch);
}

/* The weight at s, where the distance from the end is t, times dt/ds. */
static double algebraic(const fc_weighted *self, bool at_b, double s, double t)
{
    const fc_weight *w = self->weight;
    double power = at_b ? w->beta : w->alpha, other = at_b ? w->alpha : w->beta;
    double stretch = self->stretch[at_b], top = 0.5 * (self->b - self->a);
    double far = self->b - self->a - t;
    double weight = pow(far, other);
    weight *= stretch == 1 ? pow(t, power) : stretch * pow(top, power);
    if (at_b ? w->log_b : w->log_a) { /* t may have underflowed, its logarithm has not */
        weight *= stretch == 1 ? log(t) : log(top) + stretch * log(s / top);
    }
    return weight * ((at_b ? w->log_a : w->log_b) ? log(far) : 1);
}

static fc_status eval_folded(fc_weighted *self, double **slot, unsigned worker, size_t n,
                             const double *const *x, double *const *y)
{
    const fc_weight *w = self->weight;
    const unsigned n_out = self->f->n_out;
    double *const *other = slot + self->f->n_dim, *place = slot[0];
    const double *t = x[0], top = 0.5 * (self->b - self->a);
    bool cauchy = w->kind == FC_WEIGHT_CAUCHY;
    double right = cauchy ? w->c : self->a, left = cauchy ? w->c : self->b;
    for (size_t i = 0; i < n; i++) {
        double from = cauchy ? t[i] : distance_of(t[i], top, self->stretch[0]);
        place[i] = fmin(right + from, self->b);
    }
    fc_status status = eval_at(self, slot, worker, n, x, y);
    if (status != FC_OK) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        double from = cauchy ? t[i] : distance_of(t[i], top, self->stretch[1]);
        place[i] = fmax(left - from, self->a);
    }
    status = eval_at(self, slot, worker, n, x, other);
    if (status != FC_OK) {
        return status;
    }
    for (size_t i = 0; i < n; i++) {
        if (cauchy) {
            bool in_right = w->c + t[i] <= self->b, in_left = w->c - t[i] >= self->a;
            for (unsigned o = 0; o < n_out; o++) {
                double r = in_right ? y[o][i] : 0, l = in_left ? other[o][i] : 0;
                y[o][i] = (r - l) / t[i];
            }
            continue;
        }
        double near = algebraic(self, false, t[i], distance_of(t[i], top, self->stretch[0]));
        double far = algebraic(self, true, t[i], distance_of(t[i], top, self->stretch[1]));
        for (unsigned o = 0; o < n_out; o++) {
            y[o][i] = near * y[o][i] + far * other[o][i];
        }
    }
    return FC_OK;
}

static fc_status eval(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    fc_weighted *self = context;
    const fc_weight *w = self->weight;
    double **slot = self->pointers +
                    (size_t)(self->n_slots == 1 ? 0 : worker) * (self->f->n_dim + self->f->n_out);
    if (self->folded) {
        return eval_folded(self, slot, worker, n, x, y);
    }
    memcpy(slot[0], x[0], n * sizeof(double)); /* f may write to what it is given */
    fc_status status = eval_at(self, slot, worker, n, x, y);
    for (size_t i = 0; i < n && status == FC_OK; i++) {
        double at = x[0][i], weight = w->kind == FC_WEIGHT_COS   ? cos(w->c * at)
                                      : w->kind == FC_WEIGHT_SIN ? sin(w->c * at)
                                                                 : 1 / (at - w->c);
        for (unsigned o = 0; o < self->f->n_out; o++) {
            y[o][i] *= weight;
        }
    }
    return status;
}

fc_status fc_weighted_init(fc_weighted *self, const fc_integrand *f, const fc_weight *weight,
                           unsigned width, size_t room)
{
    *self = (fc_weighted){.base = *f, .f = f, .weight = weight, .n_slots = width};
    self->base.eval = eval;
    self->base.sum_ramp = NULL;
    self->base.disc = NULL;
    self->base.decay = NULL;
    self->base.context = self;
    size_t n_arrays = 1 + (size_t)f->n_out, n_pointers = (size_t)f->n_dim + f->n_out;
    size_t per_slot, total;
    if (!fc_size_mul(n_arrays, room, &per_slot) || !fc_size_mul(per_slot, width, &total)) {
        return FC_ERR_NOMEM;
    }
    self->doubles = fc_malloc_aligned(FC_CACHE_LINE, total, sizeof *self->doubles);
    self->pointers = fc_calloc(n_pointers * width, sizeof *self->pointers);
    if (self->doubles == NULL || self->pointers == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t s = 0; s < width; s++) {
        double **slot = self->pointers + s * n_pointers, *doubles = self->doubles + s * per_slot;
        slot[0] = doubles;
        for (unsigned o = 0; o < f->n_out; o++) {
            slot[f->n_dim + o] = doubles + (1 + (size_t)o) * room;
        }
    }
    return FC_OK;
}

void fc_weighted_clear(fc_weighted *self)
{
    fc_free(self->doubles);
    fc_free(self->pointers);
    memset(self, 0, sizeof *self);
}

/* Puts x in its place among the n ascending points, unless it is there. */
static size_t insert(double *points, size_t n, double x)
{
    size_t at = n;
    while (at > 0 && points[at - 1] >= x) {
        at--;
    }
    if (at < n && points[at] == x) {
        return n;
    }
    memmove(&points[at + 1], &points[at], (n - at) * sizeof *points);
    points[at] = x;
    return n + 1;
}

size_t fc_weighted_set_range(fc_weighted *self, double *a, double *b, double *points, size_t n)
{
    const fc_weight *w = self->weight;
    self->a = *a;
    self->b = *b;
    self->folded =
        w->kind == FC_WEIGHT_ALG || (w->kind == FC_WEIGHT_CAUCHY && *a < w->c && w->c < *b);
    if (!self->folded) {
        return n;
    }
    size_t count = 0;
    double nearer, top;
    if (w->kind == FC_WEIGHT_ALG) {
        nearer = top = 0.5 * (*b - *a);
        self->stretch[0] = w->alpha < STEEP ? 1 / (1 + w->alpha) : 1;
        self->stretch[1] = w->beta < STEEP ? 1 / (1 + w->beta) : 1;
    } else {
        nearer = fmin(w->c - *a, *b - w->c);
        top = fmax(w->c - *a, *b - w->c);
    }
    for (size_t i = 0; i < n; i++) {
        double x = points[i]; /* read before what is written reaches it: count <= i */
        double t = w->kind == FC_WEIGHT_CAUCHY ? fabs(x - w->c) : fmin(x - *a, *b - x);
        if (w->kind == FC_WEIGHT_ALG) {
            t = top * pow(t / top, 1 / self->stretch[x - *a > *b - x]);
        }
        if (t > 0 && t < top) {
            count = insert(points, count, t);
        }
    }
    if (nearer < top) {
        count = insert(points, count, nearer);
    }
    for (int end = 0; w->kind == FC_WEIGHT_ALG && end < 2; end++) {
        /* Little of the stretched range is far from the end, where f is to be seen as well. */
        for (int k = 1; k <= OCTAVES && self->stretch[end] != 1; k++) {
            count = insert(points, count, top * pow(ldexp(1, -k), 1 / self->stretch[end]));
        }
    }
    *a = 0;
    *b = top;
    return count;
}

double fc_weighted_origin(const fc_weighted *self, double t)
{
    if (!self->folded) {
        return t;
    }
    return self->weight->kind == FC_WEIGHT_CAUCHY && t == 0 ? self->weight->c : NAN;
}
