/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scheduler: one set of native threads for the whole process, shared by kernels, integrators
 * and networks. Threads start when first needed, work, and sleep without using a processor.
 *
 *     caller ── fc_pool_for ──► job {next block} ◄── tickets ── own deque / injection queue ◄──
 * thieves
 *
 * A call publishes `width - 1` tickets and begins to work itself. Whoever takes a ticket joins the
 * job: it claims blocks in ascending order from one counter until none is left. So a call makes
 * progress even if no thread ever joins, nested calls at any depth do too, and a lone thread runs
 * the plain loop.
 *
 * Calls on different threads share the same workers: the machine is never oversubscribed by
 * nesting. */
#ifndef FC_POOL_H
#define FC_POOL_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

/* More threads than this are never started, whatever width is asked for. */
#define FC_MAX_WIDTH 256

/* Works on items [begin, end). `worker` is unique among the threads inside the same fc_pool_for
 * call at the same time, and < fc_run_width(run) as it was at the call: use it to index per-worker
 * scratch memory, and name the width in a run of your own where that memory is made for it (the
 * default may change meanwhile). Computes under the caller's floating-point control. A status other
 * than FC_OK stops the call: blocks not yet begun are skipped. */
typedef fc_status fc_range_fn(void *context, size_t begin, size_t end, unsigned worker);

/* The wish that a call end early, and where it comes from: another thread, a deadline, or whatever
 * `poll` looks at. Zero it, then fill in what applies; it outlives the call. Loops that may run
 * long call fc_cancel_check. */
typedef struct fc_cancel {
    atomic_int reason; /* an fc_status once the call is to end: written once; relaxed, it carries no
                          data */
    int64_t deadline_ns; /* on fc_now_ns's clock; 0: none */
    /* Called on the thread `owner` only, every few milliseconds; true cancels. The binding looks
     * for signals here (Ctrl-C), with the GIL taken for a moment. NULL: nothing to look at. */
    bool (*poll)(void *context);
    void *poll_context;
    pthread_t owner;
    int64_t next_poll_ns; /* the owner's own: when to poll again; 0: a millisecond from the first
                             check, so that short calls need no clock */
} fc_cancel;

/* Any thread, any time. */
static inline void fc_cancel_request(fc_cancel *cancel)
{
    int none = FC_OK;
    atomic_compare_exchange_strong_explicit(&cancel->reason, &none, FC_ERR_CANCELLED,
                                            memory_order_relaxed, memory_order_relaxed);
}

/* One load: has the call been asked to end? NULL: never. */
static inline bool fc_cancel_requested(const fc_cancel *cancel)
{
    return cancel != NULL && atomic_load_explicit(&cancel->reason, memory_order_relaxed) != FC_OK;
}

/* Looks at the clock, polls if it is time, and gives FC_OK, FC_ERR_CANCELLED or FC_ERR_DEADLINE.
 * Costs some 30 ns: call it every few microseconds of work, from any thread working for the call.
 * NULL: FC_OK. */
FC_MUST_CHECK fc_status fc_cancel_check(fc_cancel *cancel);

/* How one native call runs. All zero means: all cores, nothing can stop it. NULL is taken as all
 * zero. Lives with the caller until the call returns. */
typedef struct fc_run {
    unsigned width;    /* threads taking part, the caller included; 0: fc_pool_default_width() */
    fc_cancel *cancel; /* checked before every block; may be NULL */
    /* Of those that say so, called once on the calling thread before work that may take more than a
     * few microseconds: the binding lets go of the GIL here, which a short call keeps. Or NULL. */
    void (*long_begins)(void *context);
    void *long_context;
} fc_run;

static inline void fc_run_is_long(const fc_run *run)
{
    if (run != NULL && run->long_begins != NULL) {
        run->long_begins(run->long_context);
    }
}

/* Run fn over [0, n) in blocks of `grain` items (0: one block). Does what this loop does
 *
 *     for (size_t b = 0; b < n; b += grain) fn(context, b, min(b + grain, n), worker);
 *
 * but on many threads. Blocks begin in ascending order, so that of the blocks that fail the lowest
 * is always among those that ran. The caller works too, and returns when no block is running.
 * Ownership  `context` and `run` are borrowed until the return.
 * Threads    any, also from inside fn. After fork, the child's first call starts threads of its
 * own. Errors     the status of the lowest block that failed; FC_ERR_CANCELLED, FC_ERR_DEADLINE.
 *            Threads or memory that cannot be had only make the call slower, never fail it.
 * Blocks     until done; never takes or needs the GIL. */
FC_MUST_CHECK fc_status fc_pool_for(const fc_run *run, fc_range_fn *fn, void *context, size_t n,
                                    size_t grain);

/* The width that `run` resolves to: >= 1, <= FC_MAX_WIDTH. */
unsigned fc_run_width(const fc_run *run);

/* Threads for a call that names no width: FASTCONC_NUM_THREADS, else fc_cpu_count(), until set; 0
 * restores that. */
unsigned fc_pool_default_width(void);
void fc_pool_set_default_width(unsigned width);

/* Native threads alive now, the callers not counted. */
unsigned fc_pool_n_threads(void);

/* Tests only: after `allowed` more threads one start fails, then all succeed again; negative: off.
 */
void fc_pool_fail_thread_after(long allowed);

/* Joins all threads; the next call starts new ones. Call with no fc_pool_for under way (at exit, in
 * tests). */
void fc_pool_stop(void);

#endif
