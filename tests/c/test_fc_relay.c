/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Loops that follow each other: every block runs once, after all of the leg before, on any number
 * of threads; failures and cancellation end the rest; many relays run at once. */
#include "fc_relay.h"

#include <string.h>

#include "check.h"

#define N_LEGS 200
#define N_MAX 64

typedef struct course {
    const fc_relay_leg *legs;
    unsigned width;
    unsigned char runs[N_LEGS][N_MAX]; /* each written by one thread, read after the next barrier */
    size_t fail_leg;
    atomic_int errors;
    atomic_size_t last_leg;
} course;

static fc_status visit(void *context, size_t leg, size_t begin, size_t end, unsigned worker)
{
    course *c = context;
    const fc_relay_leg *l = &c->legs[leg];
    size_t expected = l->n - begin > l->grain ? begin + l->grain : l->n;
    if (begin % l->grain != 0 || end != expected || worker >= c->width) {
        atomic_fetch_add(&c->errors, 1);
    }
    /* plain reads: a data race unless the barrier orders them */
    for (size_t i = 0; leg > 0 && i < c->legs[leg - 1].n; i++) {
        if (c->runs[leg - 1][i] != 1) {
            atomic_fetch_add(&c->errors, 1);
        }
    }
    for (size_t i = begin; i < end; i++) {
        c->runs[leg][i]++;
    }
    atomic_store(&c->last_leg, leg);
    return leg == c->fail_leg ? FC_ERR_INDEX : FC_OK;
}

static void make_legs(fc_relay_leg *legs, unsigned seed)
{
    for (size_t i = 0; i < N_LEGS; i++) {
        seed = seed * 1664525 + 1013904223;
        legs[i].n = (seed >> 8) % 4 == 0 ? 1 : (seed >> 16) % N_MAX;
        legs[i].grain = 1 + (seed >> 24) % 5;
    }
}

static void test_each_once(unsigned width, unsigned seed)
{
    static course c;
    fc_relay_leg legs[N_LEGS];
    memset(&c, 0, sizeof c);
    make_legs(legs, seed);
    c.legs = legs;
    c.width = width;
    c.fail_leg = SIZE_MAX;
    fc_run run = {.width = width};
    CHECK(fc_relay_run(&run, visit, &c, legs, N_LEGS) == FC_OK);
    bool once = true;
    for (size_t i = 0; i < N_LEGS; i++) {
        for (size_t j = 0; j < N_MAX; j++) {
            once = once && c.runs[i][j] == (j < legs[i].n ? 1 : 0);
        }
    }
    CHECK(once && c.errors == 0);
}

static void test_failure(unsigned width)
{
    static course c;
    fc_relay_leg legs[N_LEGS];
    memset(&c, 0, sizeof c);
    make_legs(legs, 7);
    c.legs = legs;
    c.width = width;
    c.fail_leg = 100;
    legs[100].n = 9;
    fc_run run = {.width = width};
    CHECK(fc_relay_run(&run, visit, &c, legs, N_LEGS) == FC_ERR_INDEX);
    CHECK(c.last_leg == 100);
}

static fc_status cancel_at(void *context, size_t leg, size_t begin, size_t end, unsigned worker)
{
    fc_cancel *cancel = context;
    (void)begin;
    (void)end;
    (void)worker;
    if (leg == 3) {
        fc_cancel_request(cancel);
    }
    return leg > 4 ? FC_ERR_INDEX : FC_OK; /* 4: a block may begin beside the one that cancels */
}

static void test_cancel(unsigned width)
{
    fc_relay_leg legs[8];
    fc_cancel cancel = {0};
    for (size_t i = 0; i < 8; i++) {
        legs[i] = (fc_relay_leg){i, 1};
    }
    fc_run run = {.width = width, .cancel = &cancel};
    CHECK(fc_relay_run(&run, cancel_at, &cancel, legs, 8) == FC_ERR_CANCELLED);
    CHECK(fc_relay_run(&run, cancel_at, &cancel, legs, 0) == FC_ERR_CANCELLED);
}

static void *rounds(void *unused)
{
    fc_relay_leg legs[2] = {{3, 1}, {2, 2}};
    fc_cancel cancel = {0};
    (void)unused;
    for (int i = 0; i < 300; i++) {
        fc_run run = {.width = 3};
        CHECK(fc_relay_run(&run, cancel_at, &cancel, legs, 2) == FC_OK);
        CHECK(fc_relay_run(&run, cancel_at, &cancel, legs, 0) == FC_OK);
    }
    return NULL;
}

static void test_many_at_once(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&threads[i], NULL, rounds, NULL) == 0);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
}

int main(void)
{
    for (unsigned width = 1; width <= 5; width++) {
        for (unsigned seed = 0; seed < 20; seed++) {
            test_each_once(width, seed);
        }
        test_failure(width);
        test_cancel(width);
    }
    test_many_at_once();
    fc_pool_stop();
    return check_report();
}
