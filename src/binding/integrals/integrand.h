/* SPDX-License-Identifier: BSD-3-Clause
 *
 * An fc_integrand made from a Python object: what the integrators hand to the core.
 *
 *     BoundIntegrand f;
 *     if (integrand_bind(&f, state, object, args, n_dim, n_out, flags) < 0) {
 *         return NULL;
 *     }
 *     fc_native native;
 *     if (fc_native_begin(&native, workers) == 0) {
 *         integrand_set_native(&f, &native);
 *         status = fc_core_call(&native.run, &f.base, ...);
 *         failed = fc_native_end(&native, status) < 0;
 *     }
 *     integrand_release(&f);
 *
 * `object` is one of
 *   - a _core.Program whose inputs are the coordinates: native, on all threads; no `args`;
 *   - a native function, as the tuple of fastconc._native.integrand_form;
 *   - any other callable, called with n_dim floats and then `args`. It holds the GIL:
 *     base.serial is set. With FC_INTEGRAND_VECTORIZED it is called once per block with arrays
 *     (NumPy is imported). */
#ifndef INTEGRAND_H
#define INTEGRAND_H

#include "run.h"

#include "fc_integrand_vm.h"

enum {
    FC_INTEGRAND_VECTORIZED =
        1, /* called with arrays; answers arrays, the points along the last axis */
    FC_INTEGRAND_COMPLEX = 2, /* one complex value: n_out is 2 */
    FC_INTEGRAND_POINT =
        4, /* called with one point (a tuple; vectorized: an array (n_dim, n)), then args */
};

typedef struct BoundIntegrand {
    fc_integrand
        base; /* base.context points into this struct: it must not move after integrand_bind */
    fc_native *native; /* of the call under way; set by the caller before the core runs */
    PyObject *object;  /* owned: the callable, or the tuple that keeps the native code alive */
    PyObject *args;    /* owned tuple */
    PyObject *asarray; /* owned: numpy.asarray, numpy.frombuffer; NULL unless vectorized */
    PyObject *frombuffer;
    int flags;
    fc_integrand_vm vm; /* programs only */
    void *address;      /* native functions only, and the rest */
    void *user_data;
    bool has_user_data;
    double *arg_values; /* args as doubles */
    unsigned n_args;
} BoundIntegrand;

/* n_dim coordinates per point, n_out values (>= 1). `args` is a tuple or NULL.
 * -1 with an exception set (TypeError, ValueError): nothing is then held. */
int integrand_bind(BoundIntegrand *self, fc_state *state, PyObject *object, PyObject *args,
                   unsigned n_dim, unsigned n_out, int flags);
/* Once the call has begun: where Python code finds the GIL, and programs the wish to stop. */
void integrand_set_native(BoundIntegrand *self, fc_native *native);
void integrand_release(BoundIntegrand *self);

/* What an integrand or its integral is to Python: a float, a complex number (by flags), or a tuple
 * of n_out floats. New reference, or NULL with an exception set. */
PyObject *integrand_value(const double *values, unsigned n_out, int flags);

#endif
