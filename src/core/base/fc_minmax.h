/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The larger and the smaller of two numbers where fmax and fmin, which take a call, cost too much.
 */
#ifndef FC_MINMAX_H
#define FC_MINMAX_H

/* Each gives b where one of them is nan. Threads: any. */
static inline double fc_larger(double a, double b)
{
    return a > b ? a : b;
}

static inline double fc_smaller(double a, double b)
{
    return a < b ? a : b;
}

#endif
