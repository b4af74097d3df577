/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The scheduler; contract in fc_pool.h.
 *
 * A job lives on its caller's stack. Others learn of it through tickets, each of which lets one
 * thread join:
 *   - a worker that calls (a nested call) pushes its tickets on its own deque, where idle threads
 * steal them;
 *   - any other thread hangs the job into the injection list, an entry a job, which counts its
 * tickets. Joining, a thread claims blocks from job->next until they are used up, then hands its
 * ticket in. The caller works in the same way; when no block is left it takes back the tickets that
 * nobody has taken, and waits for the others. After that nobody knows the job any more, and its
 * memory may go.
 *
 * While it waits, a caller helps: it steals from workers that are inside the same outermost call
 * (the same `root`), where its own nested work may lie. It never picks up unrelated work, whose
 * length it could not know. */
#include "fc_pool.h"

#include <errno.h>
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "fc_alloc.h"
#include "fc_deque.h"
#include "fc_park.h"
#include "fc_platform.h"

#define FIRST_POLL_NS 1000000
#define POLL_INTERVAL_NS 5000000 /* Ctrl-C ends a call within 10 ms */
#define SPIN_NS 20000            /* how long a thread looks for work before it sleeps */
#define N_GATES 16               /* a power of two */
#define LEAST_STACK ((size_t)1 << 20)

typedef struct job {
    fc_range_fn *fn;
    void *context;
    size_t n, grain, n_blocks;
    fc_cancel *cancel;
    unsigned fp_control; /* the caller's: whoever joins computes under it */
    uint64_t root;       /* of the outermost call that this one is nested in */
    /* Claiming a block: relaxed, the job itself was published with its ticket. */
    _Alignas(FC_CACHE_LINE) atomic_size_t next;
    atomic_uint next_worker; /* relaxed: numbers the threads inside */
    /* Tickets not yet handed in. The last decrement (release) pairs with the caller's load
     * (acquire), which then sees all that the other threads wrote. */
    atomic_uint pending;
    /* The lowest block that failed, and its status. */
    pthread_mutex_t failure_lock;
    size_t failed_block; /* under failure_lock */
    fc_status failure;   /* under failure_lock */
    /* The injection list. */
    struct job *previous, *next_job; /* under pool.lock */
    unsigned unclaimed;              /* under pool.lock */
} job;

typedef struct worker {
    fc_deque deque;
    atomic_uint_fast64_t root; /* of the job it works for, 0: none; relaxed, a hint for helpers */
    pthread_t thread;
} worker;

/* A caller that waits sleeps at one of a few gates; the last thread to leave its job knocks there.
 * The gates are static, so that whoever knocks touches nothing that the caller may already have
 * freed. */
typedef struct gate {
    pthread_mutex_t lock;
    pthread_cond_t done;
} gate;

static struct {
    pthread_mutex_t lock;
    job *first, *last;             /* under lock: jobs with unclaimed tickets, oldest first */
    atomic_uint n_injected;        /* seq_cst: how many jobs are in the list; see fc_park.h */
    worker *workers[FC_MAX_WIDTH]; /* entry i is written before n_workers exceeds i */
    atomic_uint n_workers;         /* release; pairs with the acquire of thieves */
    atomic_bool stopping;          /* seq_cst, see fc_park.h */
    fc_park park;
    gate gates[N_GATES];
    uint64_t generation; /* changes in a forked child */
} pool;

static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_uint default_width, environment_width; /* 0: not set */
static atomic_uint_fast64_t last_root;
static atomic_long fail_thread_after = -1;

static _Thread_local worker *self;          /* NULL outside the pool's own threads */
static _Thread_local uint64_t current_root; /* 0 outside of any call */

/* ---- set-up, fork ---- */

static void pool_reset(void)
{
    pthread_mutex_init(&pool.lock, NULL);
    pool.first = pool.last = NULL;
    atomic_store(&pool.n_injected, 0);
    atomic_store(&pool.n_workers, 0);
    atomic_store(&pool.stopping, false);
    fc_park_init(&pool.park);
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
#ifndef __APPLE__ /* has no such call; its waits end early or late when the clock is set, and are  \
                     repeated */
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
#endif
    for (int i = 0; i < N_GATES; i++) {
        pthread_mutex_init(&pool.gates[i].lock, NULL);
        pthread_cond_init(&pool.gates[i].done, &monotonic);
    }
    pthread_condattr_destroy(&monotonic);
}

/* The parent's threads do not exist here, and its locks may be held by them for ever: begin anew.
 * What the workers owned is lost, a few pages. */
static void after_fork_in_child(void)
{
    pool.generation++;
    pool_reset();
    self = NULL;
    current_root = 0;
}

static void pool_init(void)
{
    pool_reset();
    pthread_atfork(NULL, NULL, after_fork_in_child);
    const char *text = getenv("FASTCONC_NUM_THREADS");
    if (text != NULL) {
        char *end;
        errno = 0;
        long width = strtol(text, &end, 10);
        if (errno == 0 && end != text && *end == '\0' && width >= 1) {
            atomic_store(&environment_width, width < FC_MAX_WIDTH ? (unsigned)width : FC_MAX_WIDTH);
        }
    }
}

/* fc_cpu_count reads files, which takes longer than many a call: its answer is believed for a
 * second. */
static unsigned recent_cpu_count(void)
{
    static _Atomic int64_t next_ns;
    static atomic_uint count; /* relaxed, as next_ns: threads that race both store a right answer */
    int64_t now = fc_now_ns();
    unsigned known = atomic_load_explicit(&count, memory_order_relaxed);
    if (known == 0 || now >= atomic_load_explicit(&next_ns, memory_order_relaxed)) {
        known = fc_cpu_count();
        atomic_store_explicit(&count, known, memory_order_relaxed);
        atomic_store_explicit(&next_ns, now + 1000000000, memory_order_relaxed);
    }
    return known;
}

unsigned fc_pool_default_width(void)
{
    pthread_once(&once, pool_init);
    unsigned width = atomic_load_explicit(&default_width, memory_order_relaxed);
    if (width == 0) {
        width = atomic_load_explicit(&environment_width, memory_order_relaxed);
    }
    return width != 0 ? width : recent_cpu_count();
}

void fc_pool_set_default_width(unsigned width)
{
    atomic_store_explicit(&default_width, width, memory_order_relaxed);
}

unsigned fc_run_width(const fc_run *run)
{
    pthread_once(&once, pool_init); /* before any thread starts, also when a width is named */
    unsigned width = run != NULL && run->width != 0 ? run->width : fc_pool_default_width();
    return width < FC_MAX_WIDTH ? width : FC_MAX_WIDTH;
}

/* ---- stopping early ---- */

fc_status fc_cancel_check(fc_cancel *cancel)
{
    if (cancel == NULL) {
        return FC_OK;
    }
    int reason = atomic_load_explicit(&cancel->reason, memory_order_relaxed);
    if (reason != FC_OK || (cancel->deadline_ns == 0 && cancel->poll == NULL)) {
        return (fc_status)reason;
    }
    const bool polls = cancel->poll != NULL && pthread_equal(pthread_self(), cancel->owner);
    int64_t now = fc_now_ns();
    if (cancel->deadline_ns != 0 && now >= cancel->deadline_ns) {
        int none = FC_OK;
        atomic_compare_exchange_strong_explicit(&cancel->reason, &none, FC_ERR_DEADLINE,
                                                memory_order_relaxed, memory_order_relaxed);
    } else if (polls && cancel->next_poll_ns == 0) {
        cancel->next_poll_ns = now + FIRST_POLL_NS;
    } else if (polls && now >= cancel->next_poll_ns) {
        if (cancel->poll(cancel->poll_context)) {
            fc_cancel_request(cancel);
        }
        /* A poll may have to wait for the GIL: let that cost a fifth of the time at most. */
        int64_t after = fc_now_ns(), cost = after - now;
        cancel->next_poll_ns = after + (4 * cost > POLL_INTERVAL_NS ? 4 * cost : POLL_INTERVAL_NS);
    }
    return (fc_status)atomic_load_explicit(&cancel->reason, memory_order_relaxed);
}

static void job_fail(job *j, size_t block, fc_status status)
{
    pthread_mutex_lock(&j->failure_lock);
    if (j->failure == FC_OK || block < j->failed_block) {
        j->failure = status;
        j->failed_block = block;
    }
    pthread_mutex_unlock(&j->failure_lock);
    atomic_store_explicit(&j->next, j->n_blocks,
                          memory_order_relaxed); /* no block begins any more */
}

/* ---- working ---- */

/* Rounding mode and treatment of subnormals of this thread. A program may have changed them (a
 * library built with -ffast-math does when it is loaded), and for the caller alone; numbers must
 * not depend on who computes them. */
static unsigned fp_control(void)
{
#if defined(__x86_64__)
    return _mm_getcsr() & ~0x3fu; /* but for the flags of exceptions */
#elif defined(__aarch64__)
    uint64_t control;
    __asm__ volatile("mrs %0, fpcr" : "=r"(control));
    return (unsigned)control;
#else
    return 0;
#endif
}

static void fp_control_set(unsigned control)
{
    if (control == fp_control()) {
        return;
    }
#if defined(__x86_64__)
    _mm_setcsr(control);
#elif defined(__aarch64__)
    __asm__ volatile("msr fpcr, %0" : : "r"((uint64_t)control) : "memory");
#endif
}

static void job_work(job *j, unsigned id)
{
    uint64_t outer_root = current_root;
    current_root = j->root;
    if (self != NULL) {
        atomic_store_explicit(&self->root, j->root, memory_order_relaxed);
    }
    for (;;) {
        /* Checked first, so that a stopped job's counter cannot creep round. */
        if (atomic_load_explicit(&j->next, memory_order_relaxed) >= j->n_blocks) {
            break;
        }
        size_t block = atomic_fetch_add_explicit(&j->next, 1, memory_order_relaxed);
        if (block >= j->n_blocks) {
            break;
        }
        fc_status status = fc_cancel_check(j->cancel);
        if (status == FC_OK) {
            size_t begin = block * j->grain;
            size_t end = j->n - begin > j->grain ? begin + j->grain : j->n;
            status = j->fn(j->context, begin, end, id);
        }
        if (status != FC_OK) {
            job_fail(j, block, status);
        }
    }
    current_root = outer_root;
    if (self != NULL) {
        atomic_store_explicit(&self->root, outer_root, memory_order_relaxed);
    }
}

static gate *gate_of(const job *j)
{
    return &pool.gates[((uintptr_t)j >> 8) & (N_GATES - 1)];
}

/* With a ticket in hand. Afterwards the job must not be touched. */
static void job_join(job *j)
{
    const unsigned own_control = fp_control();
    fp_control_set(j->fp_control);
    job_work(j, atomic_fetch_add_explicit(&j->next_worker, 1, memory_order_relaxed));
    fp_control_set(own_control);
    gate *g = gate_of(j);
    pthread_mutex_lock(&g->lock);
    if (atomic_fetch_sub_explicit(&j->pending, 1, memory_order_acq_rel) == 1) {
        pthread_cond_broadcast(&g->done);
    }
    pthread_mutex_unlock(&g->lock);
}

/* ---- tickets ---- */

static void unlink_locked(job *j)
{
    *(j->previous != NULL ? &j->previous->next_job : &pool.first) = j->next_job;
    *(j->next_job != NULL ? &j->next_job->previous : &pool.last) = j->previous;
    atomic_fetch_sub_explicit(&pool.n_injected, 1, memory_order_seq_cst);
}

static void inject(job *j, unsigned tickets)
{
    pthread_mutex_lock(&pool.lock);
    j->unclaimed = tickets;
    j->next_job = NULL;
    j->previous = pool.last;
    *(pool.last != NULL ? &pool.last->next_job : &pool.first) = j;
    pool.last = j;
    atomic_fetch_add_explicit(&pool.n_injected, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&pool.lock);
}

static job *take_injected(void)
{
    if (atomic_load_explicit(&pool.n_injected, memory_order_seq_cst) == 0) {
        return NULL;
    }
    pthread_mutex_lock(&pool.lock);
    job *j = pool.first;
    if (j != NULL && --j->unclaimed == 0) {
        unlink_locked(j);
    }
    pthread_mutex_unlock(&pool.lock);
    return j;
}

/* Publishes up to `wanted` tickets. */
static void offer(job *j, unsigned wanted)
{
    unsigned tickets = wanted;
    atomic_store_explicit(&j->pending, wanted, memory_order_relaxed);
    if (self == NULL) {
        inject(j, tickets);
    } else {
        for (tickets = 0; tickets < wanted && fc_deque_push(&self->deque, j); tickets++) {
        }
        if (tickets < wanted) {
            atomic_fetch_sub_explicit(&j->pending, wanted - tickets, memory_order_relaxed);
        }
    }
    fc_park_wake(&pool.park, tickets);
}

/* Takes back the tickets that nobody has taken. */
static void retract(job *j)
{
    unsigned returned = 0;
    if (self == NULL) {
        pthread_mutex_lock(&pool.lock);
        returned = j->unclaimed;
        if (returned != 0) {
            j->unclaimed = 0;
            unlink_locked(j);
        }
        pthread_mutex_unlock(&pool.lock);
    } else {
        /* Calls nested deeper have taken theirs back, so those at the bottom are this job's, and
         * older ones' below. */
        void *item = fc_deque_pop(&self->deque);
        for (; item == j; item = fc_deque_pop(&self->deque)) {
            returned++;
        }
        if (item != NULL) {
            bool pushed = fc_deque_push(&self->deque, item); /* the place it was taken from */
            (void)pushed;
            fc_park_wake(&pool.park, 1); /* a thread that looked in between has gone to sleep */
        }
    }
    atomic_fetch_sub_explicit(&j->pending, returned, memory_order_acq_rel);
}

/* A ticket from any other worker (root 0), or from one that works for the call `root`. */
static job *steal(uint64_t root)
{
    static _Thread_local unsigned start;
    unsigned n = atomic_load_explicit(&pool.n_workers, memory_order_acquire);
    for (unsigned i = 0; i < n; i++) {
        worker *victim = pool.workers[(start + i) % n];
        if (victim == self ||
            (root != 0 && atomic_load_explicit(&victim->root, memory_order_relaxed) != root)) {
            continue;
        }
        job *j = fc_deque_steal(&victim->deque);
        if (j != NULL) {
            start += i; /* where there was one there may be more */
            return j;
        }
    }
    return NULL;
}

/* ---- the pool's threads ---- */

static bool has_work(void *unused)
{
    (void)unused;
    if (atomic_load_explicit(&pool.stopping, memory_order_seq_cst) ||
        atomic_load_explicit(&pool.n_injected, memory_order_seq_cst) != 0) {
        return true;
    }
    unsigned n = atomic_load_explicit(&pool.n_workers, memory_order_acquire);
    for (unsigned i = 0; i < n; i++) {
        if (!fc_deque_is_empty(&pool.workers[i]->deque)) {
            return true;
        }
    }
    return false;
}

static void *worker_main(void *argument)
{
    self = argument;
    int64_t idle_since = fc_now_ns();
    while (!atomic_load_explicit(&pool.stopping, memory_order_seq_cst)) {
        job *j = take_injected();
        if (j == NULL) {
            j = steal(0);
        }
        if (j != NULL) {
            job_join(j);
            idle_since = fc_now_ns();
        } else if (fc_now_ns() - idle_since < SPIN_NS) {
            for (int i = 0; i < 16; i++) {
                fc_pause();
            }
        } else {
            fc_park_sleep(&pool.park, has_work, NULL);
            idle_since = fc_now_ns();
        }
    }
    return NULL;
}

void fc_pool_fail_thread_after(long allowed)
{
    atomic_store_explicit(&fail_thread_after, allowed, memory_order_relaxed);
}

/* Signals belong to the program's own threads, but for those that a thread brings upon itself:
 * were they blocked, a crash in a function of the user's would end the process without a handler
 * (faulthandler's) being asked. */
static void block_signals(sigset_t *before)
{
    static const int own[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL, SIGTRAP, SIGSYS};
    sigset_t blocked;
    sigfillset(&blocked);
    for (size_t i = 0; i < sizeof own / sizeof own[0]; i++) {
        sigdelset(&blocked, own[i]);
    }
    pthread_sigmask(SIG_SETMASK, &blocked, before);
}

static bool create_thread(pthread_t *thread, worker *w)
{
    pthread_attr_t attributes;
    size_t stack;
    if (pthread_attr_init(&attributes) != 0) {
        return false;
    }
    /* musl gives 128 KB, macOS 512: little for functions of the user's. */
    if (pthread_attr_getstacksize(&attributes, &stack) == 0 && stack < LEAST_STACK) {
        (void)pthread_attr_setstacksize(&attributes, LEAST_STACK);
    }
    sigset_t before;
    block_signals(&before); /* inherited */
    int error = pthread_create(thread, &attributes, worker_main, w);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    pthread_attr_destroy(&attributes);
    return error == 0;
}

static bool start_thread_locked(void)
{
    if (atomic_load_explicit(&fail_thread_after, memory_order_relaxed) >= 0 &&
        atomic_fetch_sub_explicit(&fail_thread_after, 1, memory_order_relaxed) == 0) {
        return false;
    }
    unsigned n = atomic_load_explicit(&pool.n_workers, memory_order_relaxed);
    worker *w = fc_calloc_aligned(FC_CACHE_LINE, 1, sizeof *w);
    if (w == NULL) {
        return false;
    }
    if (!create_thread(&w->thread, w)) {
        fc_free(w);
        return false;
    }
    pool.workers[n] = w;
    atomic_store_explicit(&pool.n_workers, n + 1, memory_order_release);
    return true;
}

/* Up to n threads; fewer when they cannot be had: whoever calls works himself. */
static void ensure_threads(unsigned n)
{
    if (atomic_load_explicit(&pool.n_workers, memory_order_acquire) >= n) {
        return;
    }
    pthread_mutex_lock(&pool.lock);
    while (atomic_load_explicit(&pool.n_workers, memory_order_relaxed) < n &&
           start_thread_locked()) {
    }
    pthread_mutex_unlock(&pool.lock);
}

unsigned fc_pool_n_threads(void)
{
    return atomic_load_explicit(&pool.n_workers, memory_order_acquire);
}

void fc_pool_stop(void)
{
    pthread_once(&once, pool_init);
    atomic_store_explicit(&pool.stopping, true, memory_order_seq_cst);
    fc_park_wake(&pool.park, UINT_MAX);
    unsigned n = atomic_load_explicit(&pool.n_workers, memory_order_acquire);
    for (unsigned i = 0; i < n; i++) {
        pthread_join(pool.workers[i]->thread, NULL);
    }
    atomic_store_explicit(&pool.n_workers, 0, memory_order_release);
    for (unsigned i = 0; i < n; i++) {
        fc_free(pool.workers[i]);
        pool.workers[i] = NULL;
    }
    atomic_store_explicit(&pool.stopping, false, memory_order_seq_cst);
}

/* ---- the call ---- */

/* Until every ticket has been handed in. False in a forked child whose helpers were left behind in
 * the parent. */
static bool job_wait(job *j, uint64_t generation)
{
    gate *g = gate_of(j);
    int64_t waiting_since = fc_now_ns();
    while (atomic_load_explicit(&j->pending, memory_order_acquire) != 0) {
        if (pool.generation != generation) {
            return false;
        }
        job *nested = steal(j->root);
        if (nested != NULL) {
            job_join(nested);
        } else if (fc_now_ns() - waiting_since < SPIN_NS) {
            fc_pause();
        } else {
            /* Every block has begun: this only passes the wish on to those that look at the flag
             * themselves. */
            fc_status ignored = fc_cancel_check(j->cancel);
            (void)ignored;
            struct timespec until;
            clock_gettime(CLOCK_MONOTONIC, &until);
            until.tv_nsec += POLL_INTERVAL_NS;
            if (until.tv_nsec >= 1000000000) {
                until.tv_nsec -= 1000000000;
                until.tv_sec++;
            }
            pthread_mutex_lock(&g->lock);
            if (atomic_load_explicit(&j->pending, memory_order_acquire) != 0) {
                pthread_cond_timedwait(&g->done, &g->lock, &until);
            }
            pthread_mutex_unlock(&g->lock);
        }
    }
    return true;
}

static fc_status run_alone(fc_cancel *cancel, fc_range_fn *fn, void *context, size_t n,
                           size_t grain)
{
    for (size_t begin = 0; begin < n; begin += grain) {
        fc_status status = fc_cancel_check(cancel);
        if (status == FC_OK) {
            status = fn(context, begin, n - begin > grain ? begin + grain : n, 0);
        }
        if (status != FC_OK || n - begin <= grain) {
            return status;
        }
    }
    return FC_OK;
}

fc_status fc_pool_for(const fc_run *run, fc_range_fn *fn, void *context, size_t n, size_t grain)
{
    fc_cancel *cancel = run != NULL ? run->cancel : NULL;
    grain = grain != 0 && grain < n ? grain : n;
    size_t n_blocks = n != 0 ? (n - 1) / grain + 1 : 0;
    unsigned width = fc_run_width(run); /* also the first call's set-up */
    if (width > n_blocks) {
        width = (unsigned)n_blocks;
    }
    if (width > 1) {
        ensure_threads(width - 1);
    }
    if (width <= 1 || fc_pool_n_threads() == 0) {
        return run_alone(cancel, fn, context, n, grain);
    }
    job j = {
        .fn = fn,
        .context = context,
        .n = n,
        .grain = grain,
        .n_blocks = n_blocks,
        .cancel = cancel,
        .fp_control = fp_control(),
        .root = current_root,
        .next_worker = 1, /* the caller is worker 0 */
        .failure_lock = PTHREAD_MUTEX_INITIALIZER,
    };
    if (j.root == 0) {
        j.root = 1 + atomic_fetch_add_explicit(&last_root, 1, memory_order_relaxed);
    }
    uint64_t generation = pool.generation;
    offer(&j, width - 1);
    job_work(&j, 0);
    if (pool.generation != generation) {
        return FC_ERR_THREAD; /* fn forked, and this is the child: its helpers are in the parent */
    }
    retract(&j);
    if (!job_wait(&j, generation)) {
        return FC_ERR_THREAD;
    }
    pthread_mutex_destroy(&j.failure_lock);
    return j.failure;
}
