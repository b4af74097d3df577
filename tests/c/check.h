/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The test harness of the C core: CHECK counts, prints and goes on; a test program's main ends with
 * `return check_report();`. */
#ifndef CHECK_H
#define CHECK_H

#include <stdatomic.h>
#include <stdio.h>

/* Everything is ten times slower: many rounds are run without. */
#if defined(__SANITIZE_THREAD__) || defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#else
#define SANITIZED 0
#endif

static atomic_int check_passed, check_failed;

#define CHECK(condition)                                                                           \
    do {                                                                                           \
        if (condition) {                                                                           \
            atomic_fetch_add(&check_passed, 1);                                                    \
        } else {                                                                                   \
            atomic_fetch_add(&check_failed, 1);                                                    \
            fprintf(stderr, "%s:%d: CHECK(%s) failed\n", __FILE__, __LINE__, #condition);          \
        }                                                                                          \
    } while (0)

static inline int check_report(void)
{
    printf("%d passed, %d failed\n", check_passed, check_failed);
    return check_failed != 0;
}

#endif
