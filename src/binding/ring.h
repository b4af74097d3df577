/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A double-ended array of strong references that grows and shrinks with its contents. Runs no
 * Python code, so that it may be used under a guard (guard.h); the caller holds it. All zero is an
 * empty ring. */
#ifndef RING_H
#define RING_H

#include "state.h"

#include <stdbool.h>

typedef struct fc_ring {
    PyObject **items;
    size_t capacity; /* 0 or a power of two */
    size_t head;     /* index of the oldest */
    size_t count;
} fc_ring;

#define FC_RING_SMALLEST 16

static inline PyObject *fc_ring_at(const fc_ring *ring, size_t i)
{
    return ring->items[(ring->head + i) & (ring->capacity - 1)];
}

static inline bool fc_ring_resize(fc_ring *ring, size_t capacity)
{
    PyObject **items =
        capacity > SIZE_MAX / sizeof *items ? NULL : PyMem_RawMalloc(capacity * sizeof *items);
    if (items == NULL) {
        return false;
    }
    for (size_t i = 0; i < ring->count; i++) {
        items[i] = fc_ring_at(ring, i);
    }
    PyMem_RawFree(ring->items);
    ring->items = items;
    ring->capacity = capacity;
    ring->head = 0;
    return true;
}

/* Takes over the reference to `item`; false when memory is short (then it does not). */
static inline bool fc_ring_push(fc_ring *ring, PyObject *item)
{
    if (ring->count == ring->capacity &&
        !fc_ring_resize(ring, ring->capacity == 0 ? FC_RING_SMALLEST : ring->capacity * 2)) {
        return false;
    }
    ring->items[(ring->head + ring->count++) & (ring->capacity - 1)] = item;
    return true;
}

/* Gives the oldest or the newest reference to the caller. The ring must not be empty. */
static inline PyObject *fc_ring_pop(fc_ring *ring, bool newest)
{
    PyObject *item = fc_ring_at(ring, newest ? ring->count - 1 : 0);
    ring->count--;
    if (!newest) {
        ring->head = (ring->head + 1) & (ring->capacity - 1);
    }
    if (ring->capacity > FC_RING_SMALLEST && ring->count <= ring->capacity / 8) {
        (void)fc_ring_resize(ring,
                             ring->capacity / 4); /* without memory it stays as large as it is */
    }
    return item;
}

/* Drops the references; only without the guard, as that runs Python code. Empty a copy of the ring,
 * not the original that others still see. */
static inline void fc_ring_free(fc_ring *ring)
{
    for (size_t i = 0; i < ring->count; i++) {
        Py_DECREF(fc_ring_at(ring, i));
    }
    PyMem_RawFree(ring->items);
    *ring = (fc_ring){0};
}

#endif
