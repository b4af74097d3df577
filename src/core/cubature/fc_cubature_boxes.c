/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The boxes of an adaptive cubature; contract in fc_cubature_impl.h.
 *
 * Boxes are numbered as they are made and never move. Cuts form a binary tree whose leaves are the
 * boxes; from a leaf one climbs to the cut that made a face and descends on its other side to the
 * box beyond. */
#include "fc_cubature_impl.h"

#include <string.h>

#include "fc_alloc.h"

bool cubature_grow(void *array, size_t old, size_t capacity, size_t size)
{
    void **pointer = array;
    void *bigger = fc_malloc(capacity, size);
    if (bigger == NULL) {
        return false;
    }
    if (*pointer != NULL) {
        memcpy(bigger, *pointer, old * size);
    }
    fc_free(*pointer);
    *pointer = bigger;
    return true;
}

fc_status cubature_reserve(cubature *c, size_t n)
{
    if (n <= c->capacity) {
        return FC_OK;
    }
    size_t capacity = c->capacity == 0 ? 16 : c->capacity;
    while (capacity < n) {
        capacity *= 2;
    }
    const size_t old = c->n_boxes, n_out = c->n_out;
    if (!cubature_grow(&c->boxes, old, capacity, sizeof *c->boxes) ||
        !cubature_grow(&c->nodes, old == 0 ? 0 : 2 * old - 1, 2 * capacity, sizeof *c->nodes) ||
        !cubature_grow(&c->geometry, old, capacity, 2 * c->n_dim * sizeof *c->geometry) ||
        !cubature_grow(&c->estimates, old, capacity, n_out * sizeof *c->estimates) ||
        !cubature_grow(&c->trends, old, capacity, n_out * c->n_dim * sizeof *c->trends) ||
        !cubature_grow(&c->extremes, old, capacity, n_out * sizeof *c->extremes) ||
        !cubature_grow(&c->heap, c->n_heap, capacity, sizeof *c->heap)) {
        return FC_ERR_NOMEM;
    }
    c->capacity = capacity;
    return FC_OK;
}

fc_status cubature_reserve_todo(cubature *c, size_t n)
{
    if (n <= c->todo_room) {
        return FC_OK;
    }
    size_t room = c->todo_room == 0 ? 8 : c->todo_room;
    while (room < n) {
        room *= 2;
    }
    const size_t n_out = c->n_out, n_faces = 2 * (size_t)c->n_dim;
    c->todo_room = 0;
    if (!cubature_grow(&c->todo, 0, 2 * room, sizeof *c->todo) ||
        !cubature_grow(&c->parents, 0, room, n_out * sizeof *c->parents) ||
        !cubature_grow(&c->parent_extremes, 0, room, n_out * sizeof *c->parent_extremes) ||
        !cubature_grow(&c->parent_points, 0, room, n_out * n_faces * sizeof(double)) ||
        !cubature_grow(&c->edges, 0, 2 * room, n_out * n_faces * sizeof *c->edges) ||
        !cubature_grow(&c->beyond, 0, 2 * room, n_out * n_faces * sizeof *c->beyond) ||
        !cubature_grow(&c->accused, 0, 2 * room, n_faces * sizeof *c->accused)) {
        return FC_ERR_NOMEM;
    }
    c->todo_room = room;
    return FC_OK;
}

fc_status cubature_reserve_witnesses(cubature *c, size_t n)
{
    if (n <= c->witness_room) {
        return FC_OK;
    }
    size_t room = 1024; /* a power of two: fc_sobol_fill writes as many */
    while (room < n) {
        room *= 2;
    }
    const size_t old = c->n_witness;
    bool enough = cubature_grow(&c->witnesses, old, room, sizeof *c->witnesses) &&
                  cubature_grow(&c->witness_y, old, room, c->n_out * sizeof(double)) &&
                  cubature_grow(&c->witness_half, old, room, c->n_dim * sizeof(double));
    for (unsigned d = 0; enough && d < c->n_dim; d++) {
        enough = cubature_grow(&c->witness_u[d], old, room, sizeof(double));
    }
    if (!enough) {
        return FC_ERR_NOMEM;
    }
    c->witness_room = room;
    return FC_OK;
}

void cubature_release_boxes(cubature *c)
{
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_free(c->witness_u[d]);
    }
    fc_free(c->witnesses);
    fc_free(c->witness_y);
    fc_free(c->witness_half);
    fc_free(c->boxes);
    fc_free(c->nodes);
    fc_free(c->geometry);
    fc_free(c->estimates);
    fc_free(c->trends);
    fc_free(c->extremes);
    fc_free(c->heap);
    fc_free(c->chord_u);
    fc_free(c->chord_axis);
}

/* ---- the heap: box numbers, the largest key on top; ties by number, so that the order is always
 * the same ---- */

static bool heap_before(const cubature *c, uint32_t a, uint32_t b)
{
    double ka = c->boxes[a].key, kb = c->boxes[b].key;
    return ka > kb || (ka == kb && a < b);
}

static void heap_put(cubature *c, size_t i, uint32_t b)
{
    c->heap[i] = b;
    c->boxes[b].heap_at = (uint32_t)i;
}

static void heap_up(cubature *c, size_t i, uint32_t b)
{
    while (i > 0 && heap_before(c, b, c->heap[(i - 1) / 2])) {
        heap_put(c, i, c->heap[(i - 1) / 2]);
        i = (i - 1) / 2;
    }
    heap_put(c, i, b);
}

void cubature_heap_push(cubature *c, uint32_t b)
{
    heap_up(c, c->n_heap++, b);
}

void cubature_heap_rise(cubature *c, uint32_t b)
{
    heap_up(c, c->boxes[b].heap_at, b);
}

uint32_t cubature_heap_pop(cubature *c)
{
    uint32_t top = c->heap[0], last = c->heap[--c->n_heap];
    size_t i = 0;
    for (;;) {
        size_t child = 2 * i + 1;
        if (child >= c->n_heap) {
            break;
        }
        if (child + 1 < c->n_heap && heap_before(c, c->heap[child + 1], c->heap[child])) {
            child++;
        }
        if (!heap_before(c, c->heap[child], last)) {
            break;
        }
        heap_put(c, i, c->heap[child]);
        i = child;
    }
    if (c->n_heap > 0) {
        heap_put(c, i, last);
    }
    c->boxes[top].heap_at = NONE;
    return top;
}

/* ---- cuts ---- */

double cubature_volume(const cubature *c, size_t b)
{
    const double *half = c->geometry + 2 * c->n_dim * b + c->n_dim;
    double volume = 1;
    for (unsigned d = 0; d < c->n_dim; d++) {
        volume *= 2 * half[d];
    }
    return volume;
}

uint32_t cubature_box_at(const cubature *c, const double *u)
{
    uint32_t at = 0;
    while (c->nodes[at].children != 0) {
        at = c->nodes[at].children + (u[c->nodes[at].axis] >= c->nodes[at].middle);
    }
    return c->nodes[at].box;
}

void cubature_witness_append(cubature *c, uint32_t b, uint32_t w)
{
    box *at = &c->boxes[b];
    c->witnesses[w].next = NONE;
    if (at->first_witness == NONE) {
        at->first_witness = w;
    } else {
        c->witnesses[at->last_witness].next = w;
    }
    at->last_witness = w;
}

void cubature_cut(cubature *c, uint32_t b)
{
    const unsigned n_dim = c->n_dim, axis = c->boxes[b].next_axis;
    const uint32_t upper = (uint32_t)c->n_boxes++, leaf = c->boxes[b].node;
    double *low = c->geometry + 2 * n_dim * b, *high = c->geometry + 2 * n_dim * upper;
    const double middle = low[axis];
    low[n_dim + axis] *= 0.5;
    memcpy(high, low, 2 * n_dim * sizeof *low);
    low[axis] = middle - low[n_dim + axis];
    high[axis] = middle + high[n_dim + axis];

    const uint32_t children = 2 * upper - 1;
    c->nodes[leaf].children = children;
    c->nodes[leaf].middle = middle;
    c->nodes[leaf].axis = axis;
    c->nodes[children] = (node){.parent = leaf, .box = b};
    c->nodes[children + 1] = (node){.parent = leaf, .box = upper};

    const size_t n_trends = (size_t)c->n_out * n_dim;
    memcpy(c->trends + upper * n_trends, c->trends + b * n_trends, n_trends * sizeof *c->trends);
    uint32_t w = c->boxes[b].first_witness;
    c->boxes[b].depth++;
    c->boxes[b].first_witness = NONE;
    c->boxes[upper] = c->boxes[b];
    const uint32_t chord = c->boxes[b].chord;
    if (chord != NONE) { /* with the half that has its place */
        const bool below = c->chord_u[(size_t)chord * n_dim + axis] < middle;
        c->boxes[below ? upper : b].chord = NONE;
    }
    c->boxes[b].node = children;
    c->boxes[upper].node = children + 1;
    while (w != NONE) {
        const uint32_t next = c->witnesses[w].next;
        cubature_witness_append(c, c->witness_u[axis][w] < middle ? b : upper, w);
        w = next;
    }
    c->todo[c->n_todo++] = b;
    c->todo[c->n_todo++] = upper;
}

uint32_t cubature_neighbour(const cubature *c, uint32_t b, unsigned axis, bool lower)
{
    const double *centre = c->geometry + 2 * c->n_dim * b;
    const node *nodes = c->nodes;
    uint32_t at = c->boxes[b].node;
    /* Up to the cut that made the face: on this axis, and b on the side away from it. */
    for (;;) {
        if (at == 0) {
            return NONE;
        }
        const uint32_t parent = nodes[at].parent;
        const bool is_second = at != nodes[parent].children;
        at = parent;
        if (nodes[at].axis == axis && is_second == lower) {
            break;
        }
    }
    at = nodes[at].children + !lower;
    while (nodes[at].children != 0) {
        const unsigned a = nodes[at].axis;
        /* On the face's own axis to the side of the face, else where b's middle is. */
        const bool second = a == axis ? lower : centre[a] >= nodes[at].middle;
        at = nodes[at].children + second;
    }
    return nodes[at].box;
}
