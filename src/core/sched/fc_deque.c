/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The Chase-Lev deque; contract and sources in fc_deque.h. */
#include "fc_deque.h"

static _Atomic(void *) *slot(fc_deque *deque, int64_t index)
{
    return &deque->items[index & (FC_DEQUE_CAPACITY - 1)];
}

bool fc_deque_push(fc_deque *deque, void *item)
{
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed); /* our own */
    int64_t top = atomic_load_explicit(&deque->top, memory_order_acquire);
    if (bottom - top >= FC_DEQUE_CAPACITY) {
        return false;
    }
    atomic_store_explicit(slot(deque, bottom), item, memory_order_relaxed);
    /* Release: pairs with the load of bottom in steal, which then sees the item and what it points
     * to. Sequentially consistent: a pusher that afterwards finds no sleeper has been seen by
     * whoever is about to sleep (fc_park.h). */
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_seq_cst);
    return true;
}

void *fc_deque_pop(fc_deque *deque)
{
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_relaxed) - 1;
    /* The store of bottom and the load of top are one half of Dekker's handshake with steal (load
     * of top, load of bottom): weaker orders would let owner and thief both take the last item. */
    atomic_store_explicit(&deque->bottom, bottom, memory_order_seq_cst);
    int64_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    void *item = NULL;
    if (top <= bottom) {
        item = atomic_load_explicit(slot(deque, bottom), memory_order_relaxed);
        if (top < bottom) {
            return item;
        }
        /* The last one: the owner competes with the thieves for it. */
        if (!atomic_compare_exchange_strong_explicit(&deque->top, &top, top + 1,
                                                     memory_order_seq_cst, memory_order_relaxed)) {
            item = NULL;
        }
    }
    atomic_store_explicit(&deque->bottom, bottom + 1, memory_order_relaxed);
    return item;
}

void *fc_deque_steal(fc_deque *deque)
{
    int64_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    int64_t bottom = atomic_load_explicit(&deque->bottom, memory_order_seq_cst);
    if (top >= bottom) {
        return NULL;
    }
    /* Read before the exchange: afterwards the owner may reuse the slot. If the exchange fails, it
     * is not used. */
    void *item = atomic_load_explicit(slot(deque, top), memory_order_relaxed);
    if (!atomic_compare_exchange_strong_explicit(&deque->top, &top, top + 1, memory_order_seq_cst,
                                                 memory_order_relaxed)) {
        return NULL;
    }
    return item;
}

bool fc_deque_is_empty(fc_deque *deque)
{
    int64_t top = atomic_load_explicit(&deque->top, memory_order_seq_cst);
    return top >= atomic_load_explicit(&deque->bottom, memory_order_seq_cst);
}
