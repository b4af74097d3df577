/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_epsilon.h"

#include <math.h>

#include "check.h"

/* Terms of a sum of two geometric series, the second times its index. */
static fc_tail tail_of_series(double r1, double r2, double weight, size_t n)
{
    double terms[64];
    for (size_t k = 0; k < n; k++) {
        terms[k] = pow(r1, (double)k) + weight * (double)k * pow(r2, (double)k);
    }
    return fc_tail_of(terms, n, 0);
}

int main(void)
{
    fc_tail tail = tail_of_series(0.5, 0.5, 0, 20);
    CHECK(tail.kind == FC_TAIL_SMALL && fabs(tail.value - ldexp(1, -19)) <= tail.error + 1e-20);
    CHECK(tail.error < 1e-10 * tail.value);

    tail = tail_of_series(0.9, 0.3, 1, 40); /* the rest of 0.9^k from 40 on */
    CHECK(tail.kind == FC_TAIL_SMALL && fabs(tail.value - 10 * pow(0.9, 40)) <= tail.error);
    CHECK(tail.error < 1e-6);

    tail = tail_of_series(0.5, 0.5, 1, 30); /* sum k 2^-k from n on is (n + 1) 2^(1-n) */
    CHECK(fabs(tail.value - (ldexp(1, -29) + 31 * ldexp(1, -29))) <= tail.error + 1e-18);

    CHECK(tail_of_series(1, 0, 0, 20).kind == FC_TAIL_DIVERGENT);
    CHECK(tail_of_series(2, 0, 0, 20).kind == FC_TAIL_DIVERGENT);
    CHECK(tail_of_series(0.5, 0, 0, 3).kind == FC_TAIL_UNSETTLED);

    double terms[40], infinite[8] = {1, 1, 1, 1, 1, 1, 1, INFINITY}, nothing[8] = {0};
    for (int k = 0; k < 40; k++) {
        terms[k] = 1.0 / (k + 1); /* the ratio creeps up to 1, as for 1/(x log x) */
    }
    tail = fc_tail_of(terms, 40, 0);
    CHECK(tail.kind != FC_TAIL_SMALL && isinf(tail.error));
    CHECK(fc_tail_of(infinite, 8, 0).kind == FC_TAIL_DIVERGENT);
    tail = fc_tail_of(nothing, 8, 0);
    CHECK(tail.kind == FC_TAIL_SMALL && tail.value == 0 && tail.error == 0);
    return check_report();
}
