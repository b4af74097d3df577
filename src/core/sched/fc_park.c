/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sleep and wake-up; contract and proof in fc_park.h. */
#include "fc_park.h"

void fc_park_init(fc_park *park)
{
    pthread_mutex_init(&park->lock, NULL);
    pthread_cond_init(&park->wake, NULL);
    park->epoch = 0;
    atomic_store(&park->sleepers, 0);
}

void fc_park_sleep(fc_park *park, bool (*has_work)(void *context), void *context)
{
    pthread_mutex_lock(&park->lock);
    atomic_fetch_add_explicit(&park->sleepers, 1, memory_order_seq_cst);
    uint64_t epoch = park->epoch;
    if (!has_work(context)) {
        while (park->epoch == epoch) {
            pthread_cond_wait(&park->wake, &park->lock);
        }
    }
    atomic_fetch_sub_explicit(&park->sleepers, 1, memory_order_seq_cst);
    pthread_mutex_unlock(&park->lock);
}

void fc_park_wake(fc_park *park, unsigned n)
{
    if (n == 0 || atomic_load_explicit(&park->sleepers, memory_order_seq_cst) == 0) {
        return;
    }
    pthread_mutex_lock(&park->lock);
    unsigned sleepers = atomic_load_explicit(&park->sleepers, memory_order_relaxed);
    park->epoch++;
    if (n < sleepers) {
        while (n-- > 0) {
            pthread_cond_signal(&park->wake);
        }
    } else {
        pthread_cond_broadcast(&park->wake);
    }
    pthread_mutex_unlock(&park->lock);
}
