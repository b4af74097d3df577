/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What every integrator integrates: a function evaluated on many points at once. Behind it stands a
 * compiled kernel, a native function pointer, or a Python callable (binding's integrand.c makes
 * one of any object). */
#ifndef FC_INTEGRAND_H
#define FC_INTEGRAND_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

struct fc_decay;
struct fc_disc;
struct fc_disc_frame;
struct fc_disc_place;
struct fc_doubt;
struct fc_disc_range;
struct fc_bounds;
struct fc_polynomial;

/* Evaluate n points: x[d][i] is coordinate d of point i, y[o][i] receives output o. The arrays are
 * 64-byte aligned and have room for n rounded up to a multiple of 16, which may be read and
 * overwritten. `worker` as in fc_range_fn. Threads: many at once, unless `serial`. Errors:
 * FC_ERR_CALLBACK when Python raised, or whatever the kernel's errors policy gives; a nan or inf
 * result is no error. */
typedef fc_status fc_eval_fn(void *context, unsigned worker, size_t n, const double *const *x,
                             double *const *y);

/* The sum of output 0 over the n points whose coordinate 0 is start + (first + i) * step, each
 * operation rounded once, and whose other coordinates are rest[0 ..]: *sum + *correction, in a
 * fixed order, compensated. */
typedef fc_status fc_sum_ramp_fn(void *context, unsigned worker, size_t n, double start,
                                 double step, uint64_t first, const double *rest, double *sum,
                                 double *correction);

/* What can be proved of the integrand around a place (fc_disc.h), the other coordinates being
 * rest[0 ..]. False if that is nothing. Threads: any. */
typedef bool fc_disc_fn(void *context, const struct fc_disc_place *place, const double *rest,
                        struct fc_disc *out, struct fc_doubt *doubt);

/* What can be proved of the integrand towards infinity (fc_decay.h). Threads: any. */
typedef bool fc_decay_fn(void *context, double base, double sign, double from, const double *rest,
                         struct fc_decay *out);

/* What can be proved of the integrand where each coordinate has its own disc: fc_disc_of_box.
 * Threads: any. */
typedef bool fc_disc_box_fn(void *context, const struct fc_disc_range *x,
                            struct fc_disc_frame *frame, struct fc_disc_range *out);

/* Between which values each output is where coordinates are between given ones: fc_bounds_of.
 * Threads: any. */
typedef bool fc_bounds_fn(void *context, const struct fc_bounds *x, struct fc_bounds *out);

/* What is known of the integrand everywhere (fc_polynomial.h), or NULL. Lives as long as it does,
 * or until the next call. Threads: one at a time. */
typedef const struct fc_polynomial *fc_polynomial_fn(void *context);

typedef struct fc_integrand {
    fc_eval_fn *eval;
    fc_disc_fn *disc;             /* or NULL */
    fc_decay_fn *decay;           /* or NULL */
    fc_disc_box_fn *disc_box;     /* or NULL */
    fc_polynomial_fn *polynomial; /* or NULL */
    fc_bounds_fn *bounds;         /* or NULL */
    fc_sum_ramp_fn *sum_ramp;     /* for n_out 1, where points need not be stored; or NULL */
    void *context;
    unsigned n_dim; /* coordinates a point has */
    unsigned n_out; /* values a point gives (2 for a complex function: real, imaginary) */
    bool slow;      /* a point may take longer than some dozen simple operations */
    bool serial;    /* must run on the calling thread alone (Python code that needs the GIL) */
} fc_integrand;

/* An integrand that only this thread evaluates, as the worker it already is: for an integrator that
 * is called inside another's parallel loop. Borrows f. */
typedef struct fc_pinned {
    fc_integrand base;
    const fc_integrand *f;
    unsigned worker;
} fc_pinned;

static inline fc_status fc_pinned_eval(void *context, unsigned worker, size_t n,
                                       const double *const *x, double *const *y)
{
    const fc_pinned *self = (const fc_pinned *)context;
    (void)worker;
    return self->f->eval(self->f->context, self->worker, n, x, y);
}

static inline void fc_pinned_init(fc_pinned *self, const fc_integrand *f, unsigned worker)
{
    fc_integrand base = {.eval = fc_pinned_eval,
                         .context = self,
                         .n_dim = f->n_dim,
                         .n_out = f->n_out,
                         .serial = true};
    self->base = base;
    self->f = f;
    self->worker = worker;
}

#endif
