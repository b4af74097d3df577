/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loops that follow each other closely; contract in fc_relay.h. */
#include "fc_relay.h"

#include <pthread.h>
#include <time.h>
#if defined(__x86_64__) || defined(__i386__)
#include <immintrin.h>
#endif

#include "fc_alloc.h"
#include "fc_platform.h"

#define SPIN_NS 50000            /* about a block of work: then the others are late, and we sleep */
#define POLL_INTERVAL_NS 5000000 /* so that a sleeping owner still looks for Ctrl-C */
#define BLOCK_BITS 32

#ifndef __APPLE__ /* has no pthread_condattr_setclock: there a clock that is set back delays a     \
                     poll */
#define WAIT_CLOCK CLOCK_MONOTONIC
#else
#define WAIT_CLOCK CLOCK_REALTIME
#endif

typedef struct relay {
    fc_relay_fn *fn;
    void *context;
    const fc_relay_leg *legs;
    size_t n_legs;
    fc_cancel *cancel;
    /* Leg and next block. Opening a leg (seq_cst) pairs with claims and waits (acquire), which then
     * see all that the legs before have written; and with `sleepers`, see open_leg. */
    _Alignas(FC_CACHE_LINE) atomic_uint_fast64_t ticket;
    /* Blocks of this leg that have ended. Release: the last one to add passes on what all wrote. */
    _Alignas(FC_CACHE_LINE) atomic_size_t done;
    atomic_int failure;   /* the first fc_status that was not FC_OK; relaxed, it carries no data */
    atomic_uint sleepers; /* seq_cst */
    pthread_mutex_t lock;
    pthread_cond_t opened;
} relay;

static size_t blocks_of(const fc_relay_leg *leg)
{
    return leg->n != 0 ? (leg->n - 1) / leg->grain + 1 : 1; /* without items: one empty block */
}

static size_t leg_of(uint_fast64_t ticket)
{
    return (size_t)(ticket >> BLOCK_BITS);
}

static size_t block_of(uint_fast64_t ticket)
{
    return (size_t)(ticket & (((uint_fast64_t)1 << BLOCK_BITS) - 1));
}

static void note(relay *r, fc_status status)
{
    int none = FC_OK;
    if (status != FC_OK) {
        atomic_compare_exchange_strong_explicit(&r->failure, &none, status, memory_order_relaxed,
                                                memory_order_relaxed);
    }
}

/* After a failure blocks are counted but not run: so the threads reach the end by the usual way. */
static void run_block(relay *r, size_t leg, size_t block, unsigned worker)
{
    if (atomic_load_explicit(&r->failure, memory_order_relaxed) != FC_OK) {
        return;
    }
    fc_status status = fc_cancel_check(r->cancel);
    if (status == FC_OK) {
        const fc_relay_leg *l = &r->legs[leg];
        size_t begin = block * l->grain;
        size_t end = l->n - begin > l->grain ? begin + l->grain : l->n;
        status = l->n != 0 ? r->fn(r->context, leg, begin, end, worker) : FC_OK;
    }
    note(r, status);
}

/* The lost wake-up: a sleeper counts itself, then looks at the ticket; here the ticket changes,
 * then the count is read. In the one order of these four one of the two sees the other. */
static void open_leg(relay *r, size_t leg, size_t n_claimed)
{
    atomic_store_explicit(&r->done, 0, memory_order_relaxed);
    atomic_store_explicit(&r->ticket, ((uint_fast64_t)leg << BLOCK_BITS) + n_claimed,
                          memory_order_seq_cst);
    if (atomic_load_explicit(&r->sleepers, memory_order_seq_cst) != 0) {
        pthread_mutex_lock(&r->lock);
        pthread_cond_broadcast(&r->opened);
        pthread_mutex_unlock(&r->lock);
    }
}

static void sleep_until_past(relay *r, size_t leg)
{
    pthread_mutex_lock(&r->lock);
    atomic_fetch_add_explicit(&r->sleepers, 1, memory_order_seq_cst);
    while (leg_of(atomic_load_explicit(&r->ticket, memory_order_seq_cst)) == leg) {
        struct timespec until;
        clock_gettime(WAIT_CLOCK, &until);
        until.tv_nsec += POLL_INTERVAL_NS;
        if (until.tv_nsec >= 1000000000) {
            until.tv_nsec -= 1000000000;
            until.tv_sec++;
        }
        pthread_cond_timedwait(&r->opened, &r->lock, &until);
        note(r, fc_cancel_check(r->cancel));
    }
    atomic_fetch_sub_explicit(&r->sleepers, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&r->lock);
}

/* Until the leg, all blocks of which are claimed, has given way to the next. */
static void wait_past(relay *r, size_t leg)
{
    int64_t since = fc_now_ns();
    while (leg_of(atomic_load_explicit(&r->ticket, memory_order_acquire)) == leg) {
        for (int i = 0; i < 8; i++) {
#if defined(__x86_64__) || defined(__i386__)
            _mm_pause();
#elif defined(__aarch64__)
            __asm__ volatile("yield");
#endif
        }
        if (fc_now_ns() - since > SPIN_NS) {
            sleep_until_past(r, leg);
        }
    }
}

/* Runs a claimed block; and, where that was the leg's last to end, what follows. */
static void run_claimed(relay *r, size_t leg, size_t block, unsigned worker)
{
    for (;;) {
        run_block(r, leg, block, worker);
        size_t before = atomic_fetch_add_explicit(&r->done, 1, memory_order_acq_rel);
        if (before + 1 != blocks_of(&r->legs[leg])) {
            return;
        }
        for (leg++; leg < r->n_legs && blocks_of(&r->legs[leg]) == 1; leg++) {
            run_block(r, leg, 0, worker);
        }
        open_leg(r, leg, 1);
        if (leg == r->n_legs) {
            return;
        }
        block = 0;
    }
}

static fc_status join(void *context, size_t begin, size_t end, unsigned worker)
{
    relay *r = context;
    (void)begin;
    (void)end;
    for (;;) {
        uint_fast64_t ticket = atomic_load_explicit(&r->ticket, memory_order_acquire);
        if (leg_of(ticket) == r->n_legs) {
            return FC_OK;
        }
        /* Looked at first, so that waiting threads do not count the block's bits up. */
        if (block_of(ticket) >= blocks_of(&r->legs[leg_of(ticket)])) {
            wait_past(r, leg_of(ticket));
            continue;
        }
        ticket = atomic_fetch_add_explicit(&r->ticket, 1, memory_order_acquire);
        size_t leg = leg_of(ticket);
        if (leg < r->n_legs && block_of(ticket) < blocks_of(&r->legs[leg])) {
            run_claimed(r, leg, block_of(ticket), worker);
        }
    }
}

static void init_opened(pthread_cond_t *opened)
{
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
#ifndef __APPLE__
    pthread_condattr_setclock(&attributes, WAIT_CLOCK);
#endif
    pthread_cond_init(opened, &attributes);
    pthread_condattr_destroy(&attributes);
}

fc_status fc_relay_run(const fc_run *run, fc_relay_fn *fn, void *context, const fc_relay_leg *legs,
                       size_t n_legs)
{
    unsigned width = fc_run_width(run);
    relay r = {
        .fn = fn,
        .context = context,
        .legs = legs,
        .n_legs = n_legs,
        .cancel = run != NULL ? run->cancel : NULL,
        .lock = PTHREAD_MUTEX_INITIALIZER,
    };
    init_opened(&r.opened);
    fc_status status = fc_pool_for(run, join, &r, width, 1);
    pthread_cond_destroy(&r.opened);
    pthread_mutex_destroy(&r.lock);
    int failure = atomic_load_explicit(&r.failure, memory_order_relaxed);
    return failure != FC_OK ? (fc_status)failure : status;
}
