/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Checked, failable allocation; contract in fc_alloc.h. */
#include "fc_alloc.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

/* How many calls may still succeed; negative: no failure is planned. Relaxed: the count orders
 * nothing. */
static atomic_long fail_after = -1;

void fc_alloc_fail_after(long allowed)
{
    atomic_store_explicit(&fail_after, allowed, memory_order_relaxed);
}

static bool must_fail(void)
{
    if (atomic_load_explicit(&fail_after, memory_order_relaxed) < 0) {
        return false;
    }
    return atomic_fetch_sub_explicit(&fail_after, 1, memory_order_relaxed) == 0;
}

void *fc_malloc(size_t count, size_t size)
{
    size_t bytes;
    if (!fc_size_mul(count, size, &bytes) || must_fail()) {
        return NULL;
    }
    return malloc(bytes != 0 ? bytes : 1);
}

void *fc_calloc(size_t count, size_t size)
{
    size_t bytes;
    if (!fc_size_mul(count, size, &bytes) || must_fail()) {
        return NULL;
    }
    return calloc(bytes != 0 ? bytes : 1, 1);
}

void *fc_malloc_aligned(size_t align, size_t count, size_t size)
{
    size_t bytes;
    void *pointer;
    if (!fc_size_mul(count, size, &bytes) || must_fail()) {
        return NULL;
    }
    return posix_memalign(&pointer, align, bytes != 0 ? bytes : 1) == 0 ? pointer : NULL;
}

void *fc_calloc_aligned(size_t align, size_t count, size_t size)
{
    void *pointer = fc_malloc_aligned(align, count, size);
    if (pointer != NULL) {
        memset(pointer, 0, count * size);
    }
    return pointer;
}

void fc_free(void *pointer)
{
    free(pointer);
}
