/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Limits of sequences: what a graded ladder of panels towards a singular end, or towards infinity,
 * leaves out. */
#ifndef FC_EPSILON_H
#define FC_EPSILON_H

#include <stddef.h>

/* The remainder of a series of which some terms are known. */
typedef struct fc_tail {
    double value; /* estimate of the sum of all terms not given */
    double error; /* estimate of its error; infinite when nothing can be said */
    enum {
        FC_TAIL_SMALL,     /* the terms vanish, or shrink steadily: value and error hold */
        FC_TAIL_UNSETTLED, /* no rule is seen in the terms: more of them may help */
        FC_TAIL_DIVERGENT, /* the terms do not shrink */
    } kind;
} fc_tail;

/* terms[0 .. n): contributions of successive levels, each covering a fixed fraction of the one
 * before, so that an algebraic singularity makes them geometric. `negligible`: terms below it are
 * noise. The estimate is the better of the geometric series of the last ratio and Wynn's epsilon
 * algorithm (1956, MTAC 10) on the partial sums, which is exact for sums of a few geometric
 * sequences, also times polynomials (logarithms). */
fc_tail fc_tail_of(const double *terms, size_t n, double negligible);

#endif
