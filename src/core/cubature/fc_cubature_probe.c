/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The probes of an adaptive cubature; contract in fc_cubature_impl.h.
 *
 * Scrambled Sobol points over the whole range, which no rule chose, are kept as witnesses with the
 * box they lie in. They come before the first cut, so that what they find is cut towards. Where few
 * evaluations are allowed, they would take a good part of these; then most come when the estimates
 * are within the tolerance, and are all the same heard before these are believed. */
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_sobol.h"

#define LEAST_AT_FIRST 32
#define SHARE_AT_FIRST 16 /* of max_eval */

size_t cubature_probes_at_first(const cubature *c)
{
    size_t n = LEAST_AT_FIRST; /* a power of two: the rest are blocks of Sobol points, too */
    while (2 * n <= c->options->max_eval / SHARE_AT_FIRST) {
        n *= 2;
    }
    return n < c->options->n_probe ? n : c->options->n_probe;
}

typedef struct probes {
    cubature *c;
    size_t first;
} probes;

/* A block of fc_pool_for over the witnesses from `first` on. */
static fc_status evaluate_probes(void *context, size_t begin, size_t end, unsigned worker)
{
    const probes *p = context;
    cubature *c = p->c;
    scratch *s;
    fc_status status = cubature_scratch(c, worker, &s);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        memcpy(s->u[d], c->witness_u[d] + p->first + begin, (end - begin) * sizeof(double));
    }
    status = cubature_evaluate(c, s, worker, end - begin);
    for (unsigned o = 0; status == FC_OK && o < c->n_out; o++) {
        for (size_t i = begin; i < end; i++) {
            c->witness_y[(p->first + i) * c->n_out + o] = s->y[o][i - begin];
        }
    }
    return status;
}

/* Sobol points from number `from` on, where that many may begin, become the witnesses from `first`
 * on; there is room for a power of two of them. */
static fc_status probe_some(cubature *c, size_t first, size_t from, size_t n)
{
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(c->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        fc_sobol_fill(sobol, UINT64_C(0x66617374636f6e63), 0, d, (uint32_t)from, n,
                      c->witness_u[d] + first);
    }
    fc_sobol_destroy(sobol);
    probes p = {.c = c, .first = first};
    const fc_run run = cubature_run_for(c, n);
    status = fc_pool_for(&run, evaluate_probes, &p, n, BATCH_POINTS / 4);
    for (size_t i = first * c->n_out; status == FC_OK && i < (first + n) * c->n_out; i++) {
        c->any_bad_probe = c->any_bad_probe || !isfinite(c->witness_y[i]);
    }
    return status;
}

fc_status cubature_probe(cubature *c)
{
    for (size_t i = 0; i < c->n_probe; i++) {
        c->witnesses[i] = (witness){.next = i + 1 < c->n_probe ? (uint32_t)i + 1 : NONE};
    }
    c->n_witness = c->n_probe;
    return probe_some(c, 0, 0, c->n_probe);
}

static bool all_zero(const cubature *c)
{
    bool zero = true;
    for (size_t i = 0; zero && i < c->n_probe * c->n_out; i++) {
        zero = c->witness_y[i] == 0;
    }
    for (size_t o = 0; zero && o < c->n_out; o++) {
        zero = c->extremes[o].y[0] == 0 && c->extremes[o].y[1] == 0 && !c->boxes[0].bad;
    }
    return zero;
}

/* Nothing but zeros: 0 may be the answer, or the integrand lives in a small part of the range.
 * Probe on and on, up to 2^16 points, and start again with whatever was found. */
fc_status cubature_probe_for_support(cubature *c, uint64_t *n_eval, bool *zero)
{
    const size_t all = c->options->n_probe, steps[3] = {all, (size_t)1 << 14, (size_t)1 << 16};
    *zero = all_zero(c);
    for (unsigned k = 0; k < 3 && *zero; k++) {
        const size_t n = steps[k];
        if (n <= c->n_probe) {
            continue;
        }
        if (c->n_probe == 0 || *n_eval + n > c->options->max_eval) {
            break;
        }
        fc_status status = cubature_reserve_witnesses(c, n);
        if (status == FC_OK) {
            c->n_probe = n;
            *n_eval += n;
            status = cubature_probe(c);
        }
        if (status != FC_OK) {
            return status;
        }
        *zero = all_zero(c);
    }
    return FC_OK;
}

/* What the late probes, the last n_late witnesses, add to the objections of the boxes they lie in.
 */
static fc_status hear(cubature *c)
{
    double *before = fc_malloc(c->n_boxes * c->n_out, sizeof *before);
    if (before == NULL) {
        return FC_ERR_NOMEM;
    }
    uint16_t axis;
    for (size_t i = 0; i < c->n_boxes * c->n_out; i++) {
        before[i] = cubature_objections(c, i / c->n_out, (unsigned)(i % c->n_out), &axis);
    }
    for (size_t w = c->n_witness - c->n_late; w < c->n_witness; w++) {
        double u[FC_CUBATURE_MAX_DIM];
        for (unsigned d = 0; d < c->n_dim; d++) {
            u[d] = c->witness_u[d][w];
        }
        cubature_witness_append(c, cubature_box_at(c, u), (uint32_t)w);
    }
    for (size_t b = 0; b < c->n_boxes && c->any_bad_probe; b++) {
        box *at = &c->boxes[b];
        if (!at->bad && at->heap_at != NONE && cubature_has_bad_probe(c, b)) {
            at->bad = true;
            at->key = INFINITY;
            cubature_heap_rise(c, (uint32_t)b);
        }
    }
    for (size_t i = 0; i < c->n_boxes * c->n_out; i++) {
        const size_t b = i / c->n_out;
        const unsigned o = (unsigned)(i % c->n_out);
        const double more = cubature_objections(c, b, o, &axis) - before[i];
        if (more > 0) {
            c->estimates[i].error += more;
            if (c->boxes[b].heap_at != NONE) {
                c->boxes[b].key = fmax(c->boxes[b].key, c->estimates[i].error * c->unit[o]);
                cubature_heap_rise(c, (uint32_t)b);
            }
        }
    }
    fc_free(before);
    return FC_OK;
}

/* For what no probe has met. */
static fc_status seek(cubature *c, uint64_t *n_eval)
{
    fc_status status = cubature_climb(c, n_eval);
    if (status == FC_OK) {
        status = cubature_seek_hidden(c, n_eval);
    }
    return status == FC_OK ? cubature_seek_needles(c, n_eval) : status;
}

fc_status cubature_probe_rest(cubature *c, uint64_t *n_eval, bool *done)
{
    size_t from = c->n_probe + c->n_late;
    const size_t all = c->options->n_probe;
    *done = true;
    if (from >= all) {
        return seek(c, n_eval);
    }
    const uint64_t left = c->options->max_eval > *n_eval ? c->options->max_eval - *n_eval : 0;
    size_t until = all;
    if (left < all - from) {
        *done = left >= (all - from) / 2;
        until = from + (size_t)left;
    }
    fc_status status = *done ? cubature_reserve_witnesses(c, c->n_witness + 2 * all) : FC_OK;
    while (*done && status == FC_OK && from < until) { /* as many again, each time */
        const size_t n = until < 2 * from ? until - from : from, first = c->n_witness;
        status = probe_some(c, first, from, n);
        for (size_t i = 0; i < n; i++) {
            c->witnesses[first + i] = (witness){.next = NONE};
        }
        c->n_witness += n;
        c->n_late += n;
        *n_eval += n;
        from += n;
    }
    if (*done && status == FC_OK) {
        status = hear(c);
    }
    return *done && status == FC_OK ? seek(c, n_eval) : status;
}
