/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A work-stealing deque of fixed size: its owner pushes and pops at the bottom (last in, first
 * out), thieves take from the top (first in, first out). Chase and Lev, "Dynamic Circular
 * Work-Stealing Deque", SPAA 2005, in the C11 form of Lê, Pop, Cohen and Zappa Nardelli, PPoPP
 * 2013, with sequentially consistent accesses in place of fences (ThreadSanitizer does not model
 * fences). */
#ifndef FC_DEQUE_H
#define FC_DEQUE_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "fc_alloc.h"

#define FC_DEQUE_CAPACITY 1024 /* a power of two */

typedef struct fc_deque {
    _Alignas(FC_CACHE_LINE) atomic_int_fast64_t top;    /* next to steal; only grows */
    _Alignas(FC_CACHE_LINE) atomic_int_fast64_t bottom; /* next free; written by the owner alone */
    _Atomic(void *) items[FC_DEQUE_CAPACITY];
} fc_deque;

/* A zeroed fc_deque is empty. */

/* Owner only. False when full: the item was not taken in. */
bool fc_deque_push(fc_deque *deque, void *item);
/* Owner only. The item pushed last, or NULL when there is none left. */
void *fc_deque_pop(fc_deque *deque);
/* Any thread. The item pushed first; NULL when there is none or another thread was faster. */
void *fc_deque_steal(fc_deque *deque);
/* Any thread; a hint that may be out of date at once. */
bool fc_deque_is_empty(fc_deque *deque);

#endif
