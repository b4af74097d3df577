/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_alloc.h"

#include "check.h"

int main(void)
{
    CHECK(fc_malloc(SIZE_MAX, 2) == NULL);
    CHECK(fc_calloc(SIZE_MAX / 2, 3) == NULL);
    CHECK(fc_calloc_aligned(FC_CACHE_LINE, SIZE_MAX, 8) == NULL);

    void *nothing = fc_malloc(0, 8);
    CHECK(nothing != NULL);
    fc_free(nothing);

    char *line = fc_calloc_aligned(FC_CACHE_LINE, 3, 5);
    CHECK(line != NULL && (uintptr_t)line % FC_CACHE_LINE == 0 && line[14] == 0);
    fc_free(line);

    fc_alloc_fail_after(1);
    void *first = fc_malloc(1, 1), *second = fc_malloc(1, 1), *third = fc_malloc(1, 1);
    CHECK(first != NULL && second == NULL && third != NULL);
    fc_alloc_fail_after(-1);
    fc_free(first);
    fc_free(third);
    return check_report();
}
