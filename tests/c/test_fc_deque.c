/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_deque.h"

#include <pthread.h>
#include <string.h>

#include "check.h"

#define N_ITEMS 200000
#define N_THIEVES 3

static fc_deque deque;
static atomic_int taken[N_ITEMS]; /* how often each item was taken */
static atomic_bool finished;

/* NULL where the others were faster: thieves can empty the deque between any two steps of ours. */
static void take(void *item)
{
    if (item != NULL) {
        atomic_fetch_add(&taken[(uintptr_t)item - 1], 1);
    }
}

static void *thief(void *unused)
{
    (void)unused;
    while (!atomic_load(&finished) || !fc_deque_is_empty(&deque)) {
        take(fc_deque_steal(&deque));
    }
    return NULL;
}

static void test_order(void)
{
    int a, b, c;
    CHECK(fc_deque_pop(&deque) == NULL && fc_deque_steal(&deque) == NULL);
    CHECK(fc_deque_push(&deque, &a) && fc_deque_push(&deque, &b) && fc_deque_push(&deque, &c));
    CHECK(fc_deque_steal(&deque) == &a);
    CHECK(fc_deque_pop(&deque) == &c);
    CHECK(fc_deque_pop(&deque) == &b);
    CHECK(fc_deque_pop(&deque) == NULL && fc_deque_is_empty(&deque));
}

static void test_full(void)
{
    int pushed = 0;
    while (fc_deque_push(&deque, &pushed)) {
        pushed++;
    }
    CHECK(pushed == FC_DEQUE_CAPACITY);
    CHECK(fc_deque_steal(&deque) != NULL && fc_deque_push(&deque, &pushed));
    while (fc_deque_pop(&deque) != NULL) {
        pushed--;
    }
    CHECK(pushed == 0);
}

/* The owner pushes in bursts and pops now and then, thieves steal: every item is taken exactly
 * once. */
static void test_thieves(void)
{
    pthread_t threads[N_THIEVES];
    for (int i = 0; i < N_THIEVES; i++) {
        CHECK(pthread_create(&threads[i], NULL, thief, NULL) == 0);
    }
    for (uintptr_t i = 1; i <= N_ITEMS; i++) {
        while (!fc_deque_push(&deque, (void *)i)) {
            take(fc_deque_pop(&deque));
        }
        if (i % 3 == 0) {
            take(fc_deque_pop(&deque));
        }
    }
    for (void *item = fc_deque_pop(&deque); item != NULL; item = fc_deque_pop(&deque)) {
        take(item);
    }
    atomic_store(&finished, true);
    for (int i = 0; i < N_THIEVES; i++) {
        pthread_join(threads[i], NULL);
    }
    int wrong = 0;
    for (int i = 0; i < N_ITEMS; i++) {
        wrong += taken[i] != 1;
    }
    CHECK(wrong == 0);
}

int main(void)
{
    test_order();
    test_full();
    test_thieves();
    return check_report();
}
