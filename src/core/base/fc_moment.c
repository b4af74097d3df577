/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The lock that a fork finds free; contract in fc_moment.h. */
#include "fc_moment.h"

#include <pthread.h>

static pthread_mutex_t moment = PTHREAD_MUTEX_INITIALIZER;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void before_fork(void)
{
    pthread_mutex_lock(&moment);
}

static void after_fork(void)
{
    pthread_mutex_unlock(&moment);
}

static void watch_forks(void)
{
    pthread_atfork(before_fork, after_fork, after_fork);
}

void fc_moment_enter(void)
{
    pthread_once(&once, watch_forks);
    pthread_mutex_lock(&moment);
}

void fc_moment_leave(void)
{
    pthread_mutex_unlock(&moment);
}
