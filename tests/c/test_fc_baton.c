/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_baton.h"

#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "check.h"
#include "fc_platform.h"

enum { ROUNDS = 20000, MS = 1000 * 1000 };

/* Two threads pass two batons to and fro; what one writes before, the other reads after. */
static fc_baton there, back;
static int ball;

static void *partner(void *spin)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(fc_baton_take(&there, FC_BATON_FOREVER, *(int64_t *)spin, false) == FC_BATON_TAKEN);
        ball++;
        fc_baton_pass(&back);
    }
    return NULL;
}

static void test_to_and_fro(int64_t spin)
{
    pthread_t thread;
    ball = 0;
    fc_baton_init(&there);
    fc_baton_init(&back);
    CHECK(pthread_create(&thread, NULL, partner, &spin) == 0);
    for (int i = 0; i < ROUNDS; i++) {
        ball++;
        fc_baton_pass(&there);
        CHECK(fc_baton_take(&back, fc_now_ns() + 60000ll * MS, spin, true) == FC_BATON_TAKEN);
    }
    pthread_join(thread, NULL);
    CHECK(ball == 2 * ROUNDS);
    fc_baton_destroy(&there);
    fc_baton_destroy(&back);
}

/* The taker frees the baton at once: the passer must not touch it any more. */
static void *pass_one(void *baton)
{
    fc_baton_pass(baton);
    return NULL;
}

static void test_freed_when_taken(void)
{
    for (int i = 0; i < 500; i++) {
        fc_baton *baton = malloc(sizeof *baton);
        pthread_t thread;
        fc_baton_init(baton);
        CHECK(pthread_create(&thread, NULL, pass_one, baton) == 0);
        CHECK(fc_baton_take(baton, FC_BATON_FOREVER, i % 2 * 1000, false) == FC_BATON_TAKEN);
        fc_baton_destroy(baton);
        free(baton);
        pthread_join(thread, NULL);
    }
}

static void test_deadlines(void)
{
    fc_baton baton;
    fc_baton_init(&baton);
    static const int64_t past[] = {INT64_MIN, -1, 0, 1};
    for (int i = 0; i < 4; i++) {
        CHECK(fc_baton_take(&baton, past[i], 0, true) == FC_BATON_LATE);
    }
    int64_t until = fc_now_ns() + 2 * MS;
    CHECK(fc_baton_take(&baton, until, 100, true) == FC_BATON_LATE);
    CHECK(fc_now_ns() >= until);
    fc_baton_pass(&baton); /* before the taker comes, who is late, but it is there */
    CHECK(fc_baton_take(&baton, 0, 0, true) == FC_BATON_TAKEN);
    CHECK(fc_baton_take(&baton, 0, 0, true) == FC_BATON_LATE);
    fc_baton_destroy(&baton);
}

static pthread_t main_thread;
static atomic_int n_signals, n_ends;

static void on_signal(int number)
{
    (void)number;
    atomic_fetch_add(&n_signals, 1);
}

typedef struct sender {
    fc_baton baton;
    int least_ends;
} sender;

/* Until a signal has ended a sleep, if one is to: the first ones may come before the taker sleeps.
 */
static void *send_signals(void *argument)
{
    sender *s = argument;
    while (atomic_load(&n_signals) < 3 || atomic_load(&n_ends) < s->least_ends) {
        usleep(2000);
        pthread_kill(main_thread, SIGUSR1);
    }
    fc_baton_pass(&s->baton);
    return NULL;
}

static void test_signals(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    sigaction(SIGUSR1, &action, NULL);
    main_thread = pthread_self();
    for (int wants = 0; wants < 2; wants++) {
        sender s = {.least_ends = wants};
        pthread_t thread;
        fc_baton_init(&s.baton);
        atomic_store(&n_signals, 0);
        atomic_store(&n_ends, 0);
        CHECK(pthread_create(&thread, NULL, send_signals, &s) == 0);
        while (fc_baton_take(&s.baton, FC_BATON_FOREVER, 0, wants) == FC_BATON_SIGNAL) {
            atomic_fetch_add(&n_ends, 1);
        }
        pthread_join(thread, NULL);
        CHECK(n_ends >= wants && (wants || n_ends == 0));
        fc_baton_destroy(&s.baton);
    }
}

int main(void)
{
    test_deadlines();
    test_signals();
    test_to_and_fro(0);
    test_to_and_fro(20000);
    test_freed_when_taken();
    return check_report();
}
