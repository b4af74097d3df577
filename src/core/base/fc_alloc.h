/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Allocation for the whole core: sizes multiplied with an overflow check, memory aligned to cache
 * lines where asked, and failures that tests can inject. No other core file calls malloc. */
#ifndef FC_ALLOC_H
#define FC_ALLOC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_CACHE_LINE 64

/* Each returns NULL when memory is short or count*size overflows; a size of 0 gives a unique
 * pointer. fc_calloc zeroes, fc_malloc does not; both align to 16 bytes at least. Release with
 * fc_free. Threads: any. */
void *fc_malloc(size_t count, size_t size);
void *fc_calloc(size_t count, size_t size);
/* Aligned to `align` (a power of two, >= sizeof(void *)); the second is zeroed. Release with
 * fc_free as well. */
void *fc_malloc_aligned(size_t align, size_t count, size_t size);
void *fc_calloc_aligned(size_t align, size_t count, size_t size);
void fc_free(void *pointer);

/* False when a*b does not fit; *product is then unspecified. */
static inline bool fc_size_mul(size_t a, size_t b, size_t *product)
{
    return !__builtin_mul_overflow(a, b, product);
}

/* Tests only: after `allowed` more successful calls one allocation fails, then all succeed again;
 * a negative number switches this off. Process-wide, not for concurrent use by two tests. */
void fc_alloc_fail_after(long allowed);

#endif
