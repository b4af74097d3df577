/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_pool.h"

#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "check.h"
#include "fc_alloc.h"
#include "fc_platform.h"

#define N_MAX 10007

#define ROUNDS (SANITIZED ? 5000 : 20000)
#ifdef __SANITIZE_THREAD__
#define UNDER_TSAN 1
#else
#define UNDER_TSAN 0
#endif

typedef struct visits {
    atomic_int count[N_MAX];
    size_t n, grain;
    unsigned width;
    atomic_int inside[FC_MAX_WIDTH];
    atomic_int errors;
} visits;

/* Checks what the header promises about a block, and marks its items. */
static fc_status visit(void *context, size_t begin, size_t end, unsigned worker)
{
    visits *v = context;
    size_t expected = v->n - begin > v->grain ? begin + v->grain : v->n;
    if (begin % v->grain != 0 || end != expected || worker >= v->width ||
        atomic_fetch_add(&v->inside[worker], 1) != 0) {
        atomic_fetch_add(&v->errors, 1);
    }
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add(&v->count[i], 1);
    }
    atomic_fetch_sub(&v->inside[worker], 1);
    return FC_OK;
}

static bool each_once(const visits *v)
{
    for (size_t i = 0; i < v->n; i++) {
        if (v->count[i] != 1) {
            return false;
        }
    }
    return v->errors == 0;
}

static void test_equals_the_serial_loop(void)
{
    static const size_t sizes[] = {0, 1, 2, 3, 7, 64, 1000, N_MAX};
    static const size_t grains[] = {0, 1, 2, 5, 64, 1000, N_MAX, (size_t)1 << 62};
    static const unsigned widths[] = {0, 1, 2, 3, 7, 16};
    static visits v;
    for (size_t s = 0; s < sizeof sizes / sizeof *sizes; s++) {
        for (size_t g = 0; g < sizeof grains / sizeof *grains; g++) {
            for (size_t w = 0; w < sizeof widths / sizeof *widths; w++) {
                fc_run run = {.width = widths[w]};
                memset(&v, 0, sizeof v);
                v.n = sizes[s];
                v.grain = grains[g] != 0 ? grains[g] : v.n;
                v.width = fc_run_width(&run);
                CHECK(fc_pool_for(&run, visit, &v, v.n, grains[g]) == FC_OK);
                CHECK(each_once(&v));
            }
        }
    }
}

static fc_status count_items(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    atomic_fetch_add((atomic_size_t *)context, end - begin);
    return FC_OK;
}

/* Thousands of short calls: threads come and go between working, spinning and sleeping. */
static void test_many_rounds(void)
{
    fc_run run = {.width = 4};
    int wrong = 0;
    for (int round = 0; round < ROUNDS; round++) {
        atomic_size_t items = 0;
        size_t n = (size_t)(1 + round % 97);
        wrong += fc_pool_for(&run, count_items, &items, n, 1 + (size_t)(round % 5)) != FC_OK;
        wrong += items != n;
    }
    CHECK(wrong == 0);
}

typedef struct failing {
    size_t first_bad;
    atomic_size_t ran;
} failing;

static fc_status fail_from(void *context, size_t begin, size_t end, unsigned worker)
{
    failing *f = context;
    (void)end;
    (void)worker;
    atomic_fetch_add(&f->ran, 1);
    if (begin < f->first_bad) {
        return FC_OK;
    }
    return begin == f->first_bad ? FC_ERR_DOMAIN : FC_ERR_RANGE;
}

static void test_lowest_failure_wins(void)
{
    fc_run run = {.width = 4};
    int wrong = 0;
    for (size_t bad = 0; bad < 500; bad++) {
        failing f = {.first_bad = bad};
        wrong += fc_pool_for(&run, fail_from, &f, 500, 1) != FC_ERR_DOMAIN;
        wrong += f.ran <= bad;
    }
    CHECK(wrong == 0);
}

typedef struct cancelling {
    fc_cancel cancel;
    atomic_size_t ran;
} cancelling;

/* Whoever comes later waits for the third, which may lose its core just before it cancels. */
static fc_status cancel_at_third(void *context, size_t begin, size_t end, unsigned worker)
{
    cancelling *c = context;
    (void)begin, (void)end, (void)worker;
    const size_t before = atomic_fetch_add(&c->ran, 1);
    if (before == 2) {
        fc_cancel_request(&c->cancel);
    }
    while (before > 2 && fc_cancel_check(&c->cancel) == FC_OK) {
        sched_yield();
    }
    return FC_OK;
}

static bool poll_true(void *context)
{
    ++*(int *)context;
    return true;
}

static fc_status nap(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)context, (void)begin, (void)end, (void)worker;
    nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    return FC_OK;
}

static void test_cancel(void)
{
    static cancelling c;
    fc_run run = {.width = 4, .cancel = &c.cancel};
    CHECK(fc_pool_for(&run, cancel_at_third, &c, 1000000, 1) == FC_ERR_CANCELLED);
    CHECK(c.ran <= 2 + 4); /* each of four threads begins one block at most */
    CHECK(fc_pool_for(&run, cancel_at_third, &c, 10, 1) == FC_ERR_CANCELLED);

    fc_cancel deadline = {.deadline_ns = fc_now_ns() + 20000000};
    run.cancel = &deadline;
    CHECK(fc_pool_for(&run, nap, NULL, 100000, 1) == FC_ERR_DEADLINE);
    CHECK(fc_cancel_check(&deadline) == FC_ERR_DEADLINE);

    int polled = 0;
    fc_cancel polling = {.poll = poll_true, .poll_context = &polled, .owner = pthread_self()};
    run.cancel = &polling;
    CHECK(fc_pool_for(&run, nap, NULL, 100000, 1) == FC_ERR_CANCELLED);
    CHECK(polled == 1);
    CHECK(fc_cancel_check(NULL) == FC_OK);
}

typedef struct nest {
    unsigned depth;
    atomic_size_t leaves;
} nest;

static fc_status nested(void *context, size_t begin, size_t end, unsigned worker);

static fc_status nest_call(nest *n, unsigned depth)
{
    nest child = {.depth = depth};
    fc_run run = {.width = 3};
    fc_status status = fc_pool_for(&run, nested, &child, 4, 1);
    atomic_fetch_add(&n->leaves, child.leaves);
    return status;
}

static fc_status nested(void *context, size_t begin, size_t end, unsigned worker)
{
    nest *n = context;
    (void)begin, (void)end, (void)worker;
    if (n->depth == 0) {
        atomic_fetch_add(&n->leaves, 1);
        return FC_OK;
    }
    return nest_call(n, n->depth - 1);
}

static void *outside_thread(void *context)
{
    for (int i = 0; i < ROUNDS / 200; i++) {
        nest n = {.depth = 3};
        if (nest_call(&n, 3) != FC_OK || n.leaves != 256) {
            atomic_fetch_add((atomic_int *)context, 1);
        }
    }
    return NULL;
}

/* Calls nested four deep, from four threads at once, on three workers. */
static void test_nested(void)
{
    pthread_t threads[4];
    atomic_int wrong = 0;
    for (int i = 0; i < 4; i++) {
        CHECK(pthread_create(&threads[i], NULL, outside_thread, &wrong) == 0);
    }
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(wrong == 0);
    CHECK(fc_pool_n_threads() <= 15); /* the widest call so far was 16: nesting starts no threads */
}

static void test_no_threads_to_be_had(void)
{
    fc_pool_stop();
    for (long allowed = 0; allowed < 4; allowed++) {
        atomic_size_t items = 0;
        fc_run run = {.width = 4};
        fc_pool_fail_thread_after(allowed);
        CHECK(fc_pool_for(&run, count_items, &items, 100, 1) == FC_OK && items == 100);
        CHECK(fc_pool_n_threads() == (allowed < 3 ? (unsigned)allowed : 3u));
        fc_pool_fail_thread_after(-1);
        fc_pool_stop();

        items = 0;
        fc_alloc_fail_after(allowed);
        CHECK(fc_pool_for(&run, count_items, &items, 100, 1) == FC_OK && items == 100);
        fc_alloc_fail_after(-1);
        fc_pool_stop();
        CHECK(fc_pool_n_threads() == 0);
    }
}

static double cpu_seconds(void)
{
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           1e-6 * (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec);
}

/* Sooner or later: on a busy machine a thread may wait long for the core on which it then sees that
 * there is nothing to do. */
static void test_idle_threads_sleep(void)
{
    atomic_size_t items = 0;
    fc_run run = {.width = 8};
    CHECK(fc_pool_for(&run, count_items, &items, 1000, 1) == FC_OK);
    bool asleep = false;
    for (int attempt = 0; attempt < 100 && !asleep; attempt++) {
        double before = cpu_seconds();
        nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
        asleep = cpu_seconds() - before < 0.002;
    }
    CHECK(asleep);
}

static void test_fork(void)
{
    atomic_size_t items = 0;
    fc_run run = {.width = 4};
    CHECK(fc_pool_for(&run, count_items, &items, 1000, 1) == FC_OK);
    pid_t child = fork();
    if (child == 0) {
        alarm(60); /* a hang ends as a failure */
        items = 0;
        bool good = fc_pool_n_threads() == 0 &&
                    fc_pool_for(&run, count_items, &items, 1000, 1) == FC_OK && items == 1000 &&
                    fc_pool_n_threads() == 3;
        _exit(good ? 0 : 1);
    }
    int status = -1;
    CHECK(child > 0 && waitpid(child, &status, 0) == child);
    CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    items = 0;
    CHECK(fc_pool_for(&run, count_items, &items, 1000, 1) == FC_OK && items == 1000);
}

#if defined(__x86_64__)
static fc_status count_flushed(void *context, size_t begin, size_t end, unsigned worker)
{
    volatile double tiny = 0x1p-1022;
    for (size_t i = begin; i < end; i++) {
        atomic_fetch_add((atomic_int *)context, tiny * 0.5 == 0);
    }
    (void)worker;
    const struct timespec pause = {.tv_nsec = 20000}; /* so that others come to take part */
    nanosleep(&pause, NULL);
    return FC_OK;
}

/* Subnormals are flushed for all or for none, as on the calling thread. */
static void test_floating_point_control(void)
{
    const fc_run run = {.width = 4};
    const unsigned before = _mm_getcsr();
    for (int round = 0; round < 4; round++) {
        atomic_int flushed = 0;
        _mm_setcsr(round % 2 != 0 ? before | _MM_FLUSH_ZERO_ON : before);
        CHECK(fc_pool_for(&run, count_flushed, &flushed, 200, 1) == FC_OK);
        CHECK(flushed == (round % 2 != 0 ? 200 : 0));
        CHECK(((_mm_getcsr() & _MM_FLUSH_ZERO_ON) != 0) == (round % 2 != 0));
        _mm_setcsr(before);
    }
}
#else
static void test_floating_point_control(void) {}
#endif

static fc_status look_at_signals(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)begin, (void)end;
    sigset_t mask;
    bool good = pthread_sigmask(SIG_SETMASK, NULL, &mask) == 0;
    if (worker != 0) { /* a thread of the pool */
        good = good && sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGSEGV) == 0;
    }
    atomic_fetch_add((atomic_int *)context, good);
    const struct timespec pause = {.tv_nsec = 20000};
    nanosleep(&pause, NULL);
    return FC_OK;
}

/* Ctrl-C is for the program's threads; a crash is for the thread that crashes. */
static void test_signals(void)
{
    const fc_run run = {.width = 4};
    atomic_int good = 0;
    CHECK(fc_pool_for(&run, look_at_signals, &good, 200, 1) == FC_OK && good == 200);
}

static void test_width(void)
{
    CHECK(fc_pool_default_width() == 5); /* FASTCONC_NUM_THREADS, set in main */
    fc_pool_set_default_width(3);
    CHECK(fc_pool_default_width() == 3 && fc_run_width(NULL) == 3);
    fc_pool_set_default_width(0);
    CHECK(fc_pool_default_width() == 5);
    CHECK(fc_run_width(&(fc_run){.width = 100000}) == FC_MAX_WIDTH);
    CHECK(fc_cpu_count() >= 1);
}

int main(void)
{
    setenv("FASTCONC_NUM_THREADS", "5", 1);
    test_width();
    test_equals_the_serial_loop();
    test_many_rounds();
    test_lowest_failure_wins();
    test_cancel();
    test_nested();
    test_floating_point_control();
    test_signals();
    test_idle_threads_sleep();
    test_no_threads_to_be_had();
    if (!UNDER_TSAN) { /* which cannot start threads in the forked child of a process with threads
                        */
        test_fork();
    }
    fc_pool_stop();
    return check_report();
}
