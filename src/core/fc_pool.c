/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scheduler; contract in fc_pool.h. First form: the calling thread alone. */
#include "fc_pool.h"

#include <stdlib.h>

#include "fc_platform.h"

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

void fc_pool_stop(void)
{
}

fc_status fc_pool_for(const fc_run *run, fc_range_fn *fn, void *context, size_t n, size_t grain)
{
    static const fc_run none;
    run = run != NULL ? run : &none;
    grain = grain != 0 ? grain : n;
    for (size_t begin = 0; begin < n; begin += grain) {
        if (fc_cancel_requested(run->cancel) || (run->poll != NULL && run->poll(run->poll_context))) {
            return FC_ERR_CANCELLED;
        }
        fc_status status = fn(context, begin, begin + grain < n ? begin + grain : n, 0);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}
