/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Extrapolation of series; contract in fc_epsilon.h. */
#include "fc_epsilon.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>

#define MAX_TERMS 15 /* partial sums that the epsilon table uses: seven columns of estimates */

/* The remainder beyond the last of n <= MAX_TERMS terms by the epsilon algorithm: the even column
 * whose last two entries, and the column before, agree best. *error is that disagreement. Partial
 * sums are counted from the last term backwards, so that no digits are lost to the sum of the terms
 * before. */
static double wynn(const double *terms, size_t n, double *error)
{
    double before[MAX_TERMS + 1] = {0}, now[MAX_TERMS + 1], next[MAX_TERMS + 1];
    double best = 0;
    now[n - 1] = 0;
    for (size_t i = n - 1; i > 0; i--) {
        now[i - 1] = now[i] - terms[i];
    }
    *error = INFINITY;
    double previous = now[n - 1];
    for (size_t column = 1; column < n; column++) {
        size_t length = n - column;
        for (size_t i = 0; i < length; i++) {
            double difference = now[i + 1] - now[i];
            if (difference == 0) {
                return best; /* converged as far as doubles go; what was found stands */
            }
            next[i] = before[i + 1] + 1 / difference;
        }
        for (size_t i = 0; i <= length; i++) {
            before[i] = now[i];
        }
        for (size_t i = 0; i < length; i++) {
            now[i] = next[i];
        }
        if (column % 2 == 0 && length >= 2) {
            double last = now[length - 1];
            double change = fabs(last - now[length - 2]) + fabs(last - previous);
            if (column == 2) {
                change = fabs(last - now[length - 2]) * 4; /* column 0 is no estimate */
            }
            if (change < *error) {
                *error = change;
                best = last;
            }
            previous = last;
        }
    }
    return best;
}

/* Terms r^k (k + c), of a power times a logarithm, grow at first whatever r is: their ratios are
 * r (1 + 1/(k + c)), of which three tell r. The latest comes first. */
static bool grows_for_now(const double *ratio)
{
    const double u = ratio[2], v = ratio[1], w = ratio[0], turn = 2 * v - u - w;
    return w < v && v < u && turn < -1e-6 && (u * v + v * w - 2 * u * w) / turn < 0.995;
}

fc_tail fc_tail_of(const double *terms, size_t n, double negligible)
{
    fc_tail tail = {0, INFINITY, FC_TAIL_UNSETTLED};
    if (n < 5) {
        return tail;
    }
    double last = fabs(terms[n - 1]), ratio[3];
    double recent = fmax(last, fmax(fabs(terms[n - 2]), fabs(terms[n - 3])));
    if (!isfinite(recent)) {
        tail.kind = FC_TAIL_DIVERGENT;
        return tail;
    }
    if (recent == 0) {
        return (fc_tail){0, 0, FC_TAIL_SMALL};
    }
    double largest = 0, smallest = INFINITY;
    for (int k = 0; k < 3; k++) {
        double denominator = fabs(terms[n - 2 - (size_t)k]);
        ratio[k] = denominator > 0 ? fabs(terms[n - 1 - (size_t)k]) / denominator : INFINITY;
        largest = fmax(largest, ratio[k]);
        smallest = fmin(smallest, ratio[k]);
    }
    if (recent <= negligible && largest < 0.9) {
        return (fc_tail){0, 10 * last, FC_TAIL_SMALL};
    }
    if (recent <= negligible && last <= 1e-3 * negligible) {
        return (fc_tail){0, negligible, FC_TAIL_SMALL};
    }
    /* Ratio 1 is 1/x. Near a base that is not 0 the terms know it to six digits or so. */
    if (smallest > 1 - 1e-5) {
        tail.kind = grows_for_now(ratio) ? FC_TAIL_UNSETTLED : FC_TAIL_DIVERGENT;
        return tail;
    }
    if (largest >= 1 && fmax(ratio[0], ratio[1]) > 0.5) {
        return tail;
    }
    /* Ratios that creep up to 1 belong to logarithms, of which convergent and divergent ones look
     * the same. */
    double drift = fabs(ratio[0] - ratio[1]), gap = 1 - ratio[0];
    if (ratio[0] > 0.8 && drift > 2e-3 * gap) {
        return tail;
    }
    double r = terms[n - 1] / terms[n - 2];
    tail.kind = FC_TAIL_SMALL;
    tail.value = terms[n - 1] * r / (1 - r);
    tail.error = fabs(tail.value) *
                 fmin(1, 4 * (drift + 4 * DBL_EPSILON) / (gap * ratio[0] + DBL_MIN) + 1e-12);
    if (largest < 0.3) {
        tail.error = fmin(tail.error, fabs(tail.value));
    }
    size_t used = n < MAX_TERMS ? n : MAX_TERMS;
    double error, value = wynn(terms + (n - used), used, &error);
    /* Noise of the terms, a few ulp each, grows by 1/(1-r) once in the sum and once in the ratio.
     */
    double noise = 8 * DBL_EPSILON * last / (gap * gap);
    if (error + noise < tail.error) {
        tail.value = value;
        tail.error = error + noise;
    }
    return tail;
}
