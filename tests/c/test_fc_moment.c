/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The lock excludes, and a child forked while other threads take it all the time finds it free. */
#include "fc_moment.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/wait.h>
#include <unistd.h>

#include "check.h"

static atomic_bool stop;
static long plain, other; /* guarded; equal whenever the lock is free */

static void *take_it(void *unused)
{
    (void)unused;
    while (!atomic_load(&stop)) {
        fc_moment_enter();
        plain++;
        other++;
        fc_moment_leave();
    }
    return NULL;
}

static void test_fork(void)
{
    pthread_t threads[3];
    for (int i = 0; i < 3; i++) {
        CHECK(pthread_create(&threads[i], NULL, take_it, NULL) == 0);
    }
    for (int i = 0; i < 100; i++) {
        pid_t child = fork();
        if (child == 0) {
            alarm(20); /* instead of a child that hangs */
            fc_moment_enter();
            int status = plain == other ? 0 : 1;
            fc_moment_leave();
            _exit(status);
        }
        int status = -1;
        CHECK(child > 0 && waitpid(child, &status, 0) == child);
        CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    }
    atomic_store(&stop, true);
    for (int i = 0; i < 3; i++) {
        pthread_join(threads[i], NULL);
    }
    CHECK(plain == other && plain > 0);
}

int main(void)
{
    test_fork();
    return check_report();
}
