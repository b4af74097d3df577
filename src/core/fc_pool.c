/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scheduler; contract in fc_pool.h. First form: the calling thread alone. */
#include "fc_pool.h"

#include <stdlib.h>

#include "fc_platform.h"

#define POLL_INTERVAL_NS 5000000 /* Ctrl-C ends a call within 10 ms */

static atomic_uint default_width;

unsigned fc_pool_default_width(void)
{
    unsigned width = atomic_load_explicit(&default_width, memory_order_relaxed);
    return width != 0 ? width : fc_cpu_count();
}

void fc_pool_set_default_width(unsigned width)
{
    atomic_store_explicit(&default_width, width, memory_order_relaxed);
}

unsigned fc_run_width(const fc_run *run)
{
    unsigned width = run != NULL && run->width != 0 ? run->width : fc_pool_default_width();
    return width < FC_MAX_WIDTH ? width : FC_MAX_WIDTH;
}

unsigned fc_pool_n_threads(void)
{
    return 0;
}

void fc_pool_stop(void) {}

fc_status fc_cancel_check(fc_cancel *cancel)
{
    if (cancel == NULL) {
        return FC_OK;
    }
    int reason = atomic_load_explicit(&cancel->reason, memory_order_relaxed);
    if (reason != FC_OK || (cancel->deadline_ns == 0 && cancel->poll == NULL)) {
        return (fc_status)reason;
    }
    int64_t now = fc_now_ns();
    int none = FC_OK;
    if (cancel->deadline_ns != 0 && now >= cancel->deadline_ns) {
        atomic_compare_exchange_strong_explicit(&cancel->reason, &none, FC_ERR_DEADLINE,
                                                memory_order_relaxed, memory_order_relaxed);
    } else if (cancel->poll != NULL && pthread_equal(pthread_self(), cancel->owner) &&
               now >= cancel->next_poll_ns) {
        if (cancel->poll(cancel->poll_context)) {
            fc_cancel_request(cancel);
        }
        cancel->next_poll_ns = fc_now_ns() + POLL_INTERVAL_NS;
    }
    return (fc_status)atomic_load_explicit(&cancel->reason, memory_order_relaxed);
}

void fc_pool_fail_thread_after(long allowed)
{
    (void)allowed;
}

fc_status fc_pool_for(const fc_run *run, fc_range_fn *fn, void *context, size_t n, size_t grain)
{
    fc_cancel *cancel = run != NULL ? run->cancel : NULL;
    grain = grain != 0 ? grain : n;
    for (size_t begin = 0; begin < n; begin += grain) {
        fc_status status = fc_cancel_check(cancel);
        if (status == FC_OK) {
            status = fn(context, begin, n - begin > grain ? begin + grain : n, 0);
        }
        if (status != FC_OK) {
            return status;
        }
        if (n - begin <= grain) {
            break;
        }
    }
    return FC_OK;
}
