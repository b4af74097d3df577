/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scheduler: one set of native threads for the whole process, shared by kernels, integrators and
 * networks. Threads start when first needed, work, and sleep without using a processor.
 *
 *     caller ── fc_pool_for ──► job {next block} ◄── tickets ── own deque / injection queue ◄── thieves
 *
 * A call publishes `width - 1` tickets and begins to work itself. Whoever takes a ticket joins the job:
 * it claims blocks in ascending order from one counter until none is left. So a call makes progress even
 * if no thread ever joins, nested calls at any depth do too, and a lone thread runs the plain loop.
 *
 * Calls on different threads share the same workers: the machine is never oversubscribed by nesting. */
#ifndef FC_POOL_H
#define FC_POOL_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

/* More threads than this are never started, whatever width is asked for. */
#define FC_MAX_WIDTH 256

/* Works on items [begin, end). `worker` is unique among the threads inside the same fc_pool_for call at the
 * same time, and < fc_run_width(run): use it to index per-worker scratch memory. A status other than
 * FC_OK stops the call: blocks not yet begun are skipped. */
typedef fc_status fc_range_fn(void *context, size_t begin, size_t end, unsigned worker);

/* Set by anyone, on any thread, at any time; polled at every block and by long kernels. Zero it first. */
typedef struct fc_cancel {
    atomic_int requested; /* relaxed: it carries no data, only a wish */
} fc_cancel;

static inline void fc_cancel_request(fc_cancel *cancel)
{
    atomic_store_explicit(&cancel->requested, 1, memory_order_relaxed);
}

static inline bool fc_cancel_requested(const fc_cancel *cancel)
{
    return cancel != NULL && atomic_load_explicit(&cancel->requested, memory_order_relaxed) != 0;
}

/* How one native call runs. All zero means: all cores, nothing can stop it. NULL is taken as all zero.
 * Lives with the caller until the call returns. */
typedef struct fc_run {
    unsigned width;       /* threads taking part, the caller included; 0: fc_pool_default_width() */
    fc_cancel *cancel;    /* may be NULL; long-running callbacks poll it themselves too */
    int64_t deadline_ns;  /* on fc_now_ns's clock; 0: none. Passed: FC_ERR_DEADLINE */
    /* Called on the calling thread only, between blocks and while it waits, every few milliseconds; true stops
     * the call with FC_ERR_CANCELLED (the binding looks for signals here). May be NULL. */
    bool (*poll)(void *context);
    void *poll_context;
} fc_run;

/* Run fn over [0, n) in blocks of `grain` items (0: one block). Does what this loop does
 *
 *     for (size_t b = 0; b < n; b += grain) fn(context, b, min(b + grain, n), worker);
 *
 * but on many threads. Blocks begin in ascending order, so that of the blocks that fail the lowest is
 * always among those that ran. The caller works too, and returns when no block is running.
 * Ownership  `context` and `run` are borrowed until the return.
 * Threads    any, also from inside fn. After fork, the child's first call starts threads of its own.
 * Errors     the status of the lowest block that failed; FC_ERR_CANCELLED, FC_ERR_DEADLINE.
 *            Threads or memory that cannot be had only make the call slower, never fail it.
 * Blocks     until done; never takes or needs the GIL. */
FC_MUST_CHECK fc_status fc_pool_for(const fc_run *run, fc_range_fn *fn, void *context, size_t n,
                                    size_t grain);

/* The width that `run` resolves to: >= 1, <= FC_MAX_WIDTH. */
unsigned fc_run_width(const fc_run *run);

/* Threads for a call that names no width: FASTCONC_NUM_THREADS, else fc_cpu_count(), until set; 0 restores that. */
unsigned fc_pool_default_width(void);
void fc_pool_set_default_width(unsigned width);

/* Native threads alive now, the callers not counted. */
unsigned fc_pool_n_threads(void);

/* Joins all threads; the next call starts new ones. Call with no fc_pool_for under way (at exit, in tests). */
void fc_pool_stop(void);

#endif
