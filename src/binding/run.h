/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How a binding starts a native call: width from the `workers` argument, Ctrl-C, and the GIL
 * released.
 *
 *     fc_native native;
 *     if (fc_native_begin(&native, workers) < 0) {    // workers: NULL, None, an int, or an object
 * with _workers return NULL;
 *     }
 *     fc_status status = fc_core_call(&native.run, ...);      // no PyObject is touched here
 *     if (fc_native_end(&native, status) < 0) {       // takes the GIL back; sets the exception on
 * failure return NULL;
 *     } */
#ifndef RUN_H
#define RUN_H

#include <stdatomic.h>

#include "state.h"
#include "fc_pool.h"

/* Of the task that this thread runs: true once its future, which was cancelled, wants native calls
 * to end. NULL: there is no task, or it is none that may be stopped half-way. */
extern _Thread_local const atomic_bool *fc_stop_asked;

typedef struct fc_native {
    fc_run run;
    fc_cancel cancel;
    const atomic_bool *stop;    /* fc_stop_asked at the start */
    PyThreadState *thread;      /* of the caller, once the GIL is released */
    bool asked, on_main_thread; /* the second is known once the first is set */
} fc_native;

/* The width that a `workers` argument asks for: NULL or None 0 (all cores), an int >= 1, a pool its
 * width. -1 with TypeError or ValueError set, which name the argument and the value. */
int fc_width_of(PyObject *workers, unsigned *width);

/* Between these two the GIL is not held; native->cancel may be changed after the first (a
 * deadline). An exception that a callback of the core left on the calling thread (signal handler,
 * integrand) is what _end reports. */
int fc_native_begin(fc_native *native, PyObject *workers);
/* The same for a core function that calls fc_run_is_long, of programs: until then the GIL is held,
 * for to release and take it costs as much as a tenth of a short integral. */
int fc_native_begin_short(fc_native *native, PyObject *workers);
int fc_native_end(fc_native *native, fc_status status);

#endif
