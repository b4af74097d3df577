/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An integrand over an n-dimensional range, made from Python objects: what cubature and mcquad have
 * in common.
 *
 *     Problem p;
 *     if (problem_init(&p, state, f, args, limits, n_out, flags, deadline) < 0) {
 *         return NULL;
 *     }
 *     if (problem_begin(&p, workers) == 0) {
 *         status = fc_core_call(&p.native.run, &p.f.base, &p.domain, ...);
 *         failed = fc_native_end(&p.native, status) < 0;
 *     }
 *     problem_release(&p); */
#ifndef NDIM_H
#define NDIM_H

#include "integrand.h"

#include "fc_domain.h"
#include "fc_polynomial.h"

/* A limit as a function of the outer variables: one output of f. */
typedef struct Limit {
    BoundIntegrand f;         /* base.eval is NULL where the limit is a number */
    fc_integrand one;         /* what the core calls */
    int which;                /* of two outputs, where f gives both ends of the range; or -1 */
    bool turned;              /* f takes its two variables the other way round */
    fc_polynomial polynomial; /* of `one`, if `which` or `turned` make it another than f's */
} Limit;

/* What a limit is made of: `value`, or a function as integrand_bind takes it. */
typedef struct LimitSpec {
    PyObject *function; /* or NULL */
    PyObject *args;     /* a tuple or NULL */
    double value;
    int which; /* as in Limit; so is the next */
    bool turned;
} LimitSpec;

#define FEW_NUMBERS 16
#define FEW_LIMITS 6

/* An integrand and its range. */
typedef struct Problem {
    BoundIntegrand f;
    fc_domain domain;
    unsigned n_dim, n_out;
    int flags;
    double *numbers; /* lower, upper, integral, error */
    double *lower, *upper, *integral, *error;
    Limit *limits; /* lower and upper of each dimension; NULL if all are numbers */
    const fc_integrand **limit_pointers;
    fc_native native;
    int64_t deadline_ns; /* from now; 0: none */
    PyObject *progress;  /* borrowed callable, or NULL */
    int64_t next_progress_ns;
    double few_numbers[FEW_NUMBERS]; /* room for a small problem; from here on nothing is cleared */
    Limit few_limits[FEW_LIMITS];
    const fc_integrand *few_pointers[FEW_LIMITS];
} Problem;

/* f is what integrand_bind takes; limits a tuple of 2 n_dim items, the lower ones first: floats, or
 * tuples (function, further arguments[, which, turned]). -1 with an exception set: nothing is held.
 * A Problem must not move afterwards. */
int problem_init(Problem *self, fc_state *state, PyObject *f, PyObject *args, PyObject *limits,
                 unsigned n_out, int flags, double deadline);
/* The same of a program, and of 2 n_dim limits, the lower ones first; what these hold is borrowed
 * for the call. */
int problem_init_native(Problem *self, fc_state *state, PyObject *program, const LimitSpec *limits,
                        unsigned n_dim, unsigned n_out);
/* Releases the GIL; -1 with an exception set. */
int problem_begin(Problem *self, PyObject *workers);
/* The same as fc_native_begin_short does. */
int problem_begin_short(Problem *self, PyObject *workers);
void problem_release(Problem *self);

#endif
