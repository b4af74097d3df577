/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Where a function is that was 0 at all points; contract in fc_quad_impl.h.
 *
 * A needle that is narrower than the panels may be any number of times narrower. But bounds of what
 * the program computes (fc_bounds.h) show at once where it cannot be: of exp(-((x - c) / w)**2)
 * nothing is left but for the interval that holds c. So intervals are halved, the one with the
 * largest bound first, in the order of doubles: from 0 to infinity 1.5 is in the middle, and 64
 * halvings tell one double from the next. What is found is climbed as far as bounds promise more,
 * and breaks around it make panels as wide as it is. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_bounds.h"

#define MAX_DIM 8
#define MOST 256     /* intervals at a time */
#define HALVINGS 300 /* at most */
#define HIGH 2       /* what may be so many times as high is looked for */
#define FALLEN 1e-20 /* of the height: there it ends */
#define DISTANCES 480

typedef struct interval {
    double lo, hi, height; /* |f| is no larger, as far as is known */
} interval;

/* Doubles as integers in the same order. */
static int64_t rank_of(double x)
{
    int64_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits < 0 ? INT64_MIN - bits : bits;
}

static double middle_of(double lo, double hi)
{
    const int64_t a = rank_of(lo), b = rank_of(hi);
    int64_t bits = (a & b) + ((a ^ b) >> 1);
    double x;
    bits = bits < 0 ? INT64_MIN - bits : bits;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The bound of |f| there; inf where nothing is known. */
static double height_of(const fc_quad_work *q, double lo, double hi)
{
    const fc_integrand *f = q->p.f;
    fc_bounds x[MAX_DIM] = {{lo, hi, 0}}, y[FC_QUAD_PROVEN_OUT];
    double height = 0;
    for (unsigned d = 1; d < f->n_dim; d++) {
        x[d] = (fc_bounds){q->p.params[d - 1], q->p.params[d - 1], 0};
    }
    if (!f->bounds(f->context, x, y)) {
        return INFINITY;
    }
    for (unsigned o = 0; o < f->n_out; o++) {
        height += fmax(fabs(y[o].low), fabs(y[o].high));
    }
    return height;
}

/* |f| at the largest place found between low and high, and that place; 0 if there is none. */
static fc_status find_peak(fc_quad_work *q, double low, double high, double *at, double *height)
{
    interval open[MOST] = {{low, high, height_of(q, low, high)}};
    size_t n = 1;
    *height = 0;
    for (int k = 0; k < HALVINGS && n > 0; k++) {
        size_t top = 0;
        for (size_t i = 1; i < n; i++) {
            top = open[i].height > open[top].height ? i : top;
        }
        const interval whole = open[top];
        if (!(whole.height > HIGH * *height)) {
            break;
        }
        const double x = middle_of(whole.lo, whole.hi), *value;
        open[top] = open[--n];
        if (!(x > whole.lo && x < whole.hi)) {
            continue;
        }
        fc_status status = fc_panels_sample(&q->p, &x, 1, &value);
        if (status != FC_OK) {
            return status;
        }
        if (isfinite(*value) && *value > *height) {
            *height = *value;
            *at = x;
        }
        const interval half[2] = {{whole.lo, x, height_of(q, whole.lo, x)},
                                  {x, whole.hi, height_of(q, x, whole.hi)}};
        for (int i = 0; i < 2 && n < MOST; i++) {
            if (half[i].height > HIGH * *height) {
                open[n++] = half[i];
            }
        }
    }
    return FC_OK;
}

/* How far from `at`, where |f| is `height`, it is more than next to nothing. */
static fc_status find_width(fc_quad_work *q, double low, double high, double at, double height,
                            double *width)
{
    double x[2 * DISTANCES];
    const double *value, ulp = fmax(DBL_EPSILON * fabs(at), 0x1p-1070);
    const double room = fmin(high / 2 - low / 2, 0x1p1020);
    const int first = ilogb(ulp), last = ilogb(room) + 1;
    const int step = (last - first) / DISTANCES + 1;
    for (int k = 0; k < DISTANCES; k++) {
        const double distance = ldexp(1, first + k * step);
        x[2 * k] = at - distance > low ? at - distance : at;
        x[2 * k + 1] = at + distance < high ? at + distance : at;
    }
    *width = 2 * ulp;
    fc_status status = fc_panels_sample(&q->p, x, (size_t)2 * DISTANCES, &value);
    for (int i = 2 * DISTANCES; i-- > 0 && status == FC_OK;) {
        if (x[i] != at && !(value[i] <= FALLEN * height)) {
            *width = ldexp(1, step) * fabs(x[i] - at);
            break;
        }
    }
    return status;
}

fc_status fc_quad_find_hidden(fc_quad_work *q, double *breaks, unsigned *n)
{
    const fc_integrand *f = q->p.f;
    const double low = q->breaks[0], high = q->breaks[q->n_breaks - 1];
    double at = 0, height, width;
    *n = 0;
    if (f->bounds == NULL || f->n_dim > MAX_DIM || f->n_out > FC_QUAD_PROVEN_OUT) {
        return FC_OK;
    }
    fc_status status = find_peak(q, low, high, &at, &height);
    if (status != FC_OK || height == 0) {
        return status;
    }
    status = find_width(q, low, high, at, height, &width);
    breaks[(*n)++] = at - width;
    breaks[(*n)++] = at + width;
    return status;
}
