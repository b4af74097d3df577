/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_vegas_map: the loop over points, one instance per instruction set; all give the
 * same bits. `pieces` holds the lower end and the width of each of n_bins pieces. */
#ifndef FC_VEGAS_MAP_KERNEL_H
#define FC_VEGAS_MAP_KERNEL_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>

typedef void fc_vegas_apply_fn(const double *pieces, double n_bins, size_t n, double *u,
                               double *density, uint16_t *bin);
fc_vegas_apply_fn fc_vegas_apply_avx2;

/* Rounding must not reach 0 or 1, where transformations of infinite ranges end. */
#define FC_VEGAS_LEAST DBL_MIN
#define FC_VEGAS_MOST (1 - DBL_EPSILON / 2)

static inline void vegas_apply(const double *pieces, double n_bins, size_t n, double *u,
                               double *density, uint16_t *bin)
{
    for (size_t i = 0; i < n; i++) {
        double t = u[i] * n_bins;
        int k = (int)t; /* < n_bins, for u < 1 and n_bins a power of two */
        double low = pieces[2 * k], width = pieces[2 * k + 1];
        double x = low + width * (t - k);
        x = x > FC_VEGAS_LEAST ? x : FC_VEGAS_LEAST;
        u[i] = x < FC_VEGAS_MOST ? x : FC_VEGAS_MOST;
        density[i] *= n_bins * width;
        bin[i] = (uint16_t)k;
    }
}

#endif
