/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS's map: in each dimension a piecewise linear change of variable from u, where points are
 * uniform, to the unit interval, whose pieces shrink where the integrand is large (Lepage, J.
 * Comput. Phys. 27, 1978, and "Adaptive multidimensional integration: VEGAS enhanced", J. Comput.
 * Phys. 439, 2021). The number of pieces is a power of two: their ends in u are then the ends of
 * elementary intervals, at whose jumps a digital net is exact. */
#ifndef FC_VEGAS_MAP_H
#define FC_VEGAS_MAP_H

#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

typedef struct fc_vegas_map {
    unsigned n_dim, n_bins;
    double *edges;  /* n_bins + 1 per dimension, from 0 to 1 */
    double *pieces; /* the same as lower end and width of n_bins pieces */
} fc_vegas_map;

/* The identity. n_bins is a power of two, at most 2^15. */
FC_MUST_CHECK fc_status fc_vegas_map_create(unsigned n_dim, unsigned n_bins, fc_vegas_map **out);
void fc_vegas_map_destroy(fc_vegas_map *map);

/* Coordinate `dim` of n points, in place; density[i] is multiplied by dx/du, bin[i] receives the
 * piece. */
void fc_vegas_map_apply(const fc_vegas_map *map, unsigned dim, size_t n, double *u, double *density,
                        uint16_t *bin);

/* New pieces of coordinate `dim` from the share of the squared integrand that fell into each of the
 * old; alpha damps. Threads: other dimensions may be refined at the same time. */
void fc_vegas_map_refine(fc_vegas_map *map, unsigned dim, const double *histogram, double alpha);

#endif
