/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The inner loops of adaptive Gauss-Kronrod integration, one instance per instruction set (all give
 * the same bits). Values are laid out by node, then by panel: y[j * count + i] belongs to node j of
 * panel i, so that the sums of all panels run side by side in vector registers. */
#ifndef FC_GK_H
#define FC_GK_H

#include <stddef.h>

typedef struct fc_gk_loops {
    /* x of all nodes of `count` panels: base + sign * (center + half * node). */
    void (*abscissae)(size_t count, const double *center, const double *half, const double *base,
                      const double *sign, double *x);
    /* The same where panels with inverse[i] = 1 count in 1/p; and dx/dp. */
    void (*abscissae_inverse)(size_t count, const double *center, const double *half,
                              const double *base, const double *sign, const double *inverse,
                              double *x, double *jacobian);
    /* Per panel Kronrod's and Gauss's sums of y, Kronrod's of |y|, and the null rule of degree 19,
     * which sees what is odd about the middle: there Kronrod and Gauss agree whatever y does. With
     * a jacobian, y is multiplied by it, in place. */
    void (*sums)(size_t count, double *y, const double *jacobian, double *kronrod, double *gauss,
                 double *magnitude, double *odd);
} fc_gk_loops;

extern const fc_gk_loops fc_gk_loops_baseline;
extern const fc_gk_loops fc_gk_loops_avx2;

/* Those for this processor. Threads: any. */
const fc_gk_loops *fc_gk_loops_get(void);

#endif
