/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sparse grids (Smolyak's construction) of nested Patterson rules over the unit cube, level by
 * level: the points each level adds, and what each point adds to the integral of every level.
 *
 * T. N. L. Patterson, "The optimum addition of points to quadrature formulae", Math. Comp. 22,
 * 1968; T. Gerstner, M. Griebel, "Numerical integration using sparse grids", Numer. Algorithms 18,
 * 1998; K. Petras, "Smolyak cubature of given polynomial degree with few nodes for increasing
 * dimension", Numer. Math. 93, 2003: rules are used as long as their degree will do, so that level
 * l has degree 2 l + 1 with few points.
 *
 * Nothing here allocates or keeps anything: all arrays are the caller's. Threads: any. */
#ifndef FC_SPARSE_H
#define FC_SPARSE_H

#include <stddef.h>
#include <stdint.h>

#define FC_SPARSE_CODES 63 /* of the nodes on one axis: 0 the middle, 2k - 1 and 2k a pair */
#define FC_SPARSE_MAX_LEVEL 23
#define FC_SPARSE_MAX_DIM 20

/* The node's place in (0, 1). */
double fc_sparse_node(unsigned code);

/* Points that level `level` adds in n_dim dimensions, UINT64_MAX when too many to count. */
uint64_t fc_sparse_count(unsigned n_dim, unsigned level);

/* They come in orbits: points that differ by permutations and signs alone, and so have the same
 * weights. How many orbits level `level` adds. */
size_t fc_sparse_orbits(unsigned n_dim, unsigned level);

/* Those points, in a fixed order: n_dim codes (below 31) each, so `codes` holds n_dim
 * fc_sparse_count() of them; orbit k is orbit_begin[k] up to orbit_begin[k + 1], so that array is
 * one longer than there are orbits. */
void fc_sparse_list(unsigned n_dim, unsigned level, uint8_t *codes, size_t *orbit_begin);

/* What a point contributes: weight[t] times f there belongs to the difference between the
 * integrals of level t and level t - 1, for t <= most. */
void fc_sparse_weights(unsigned n_dim, const uint8_t *codes, unsigned most, double *weight);

/* The weight of a node in the rule of 2^(k + 1) - 1 points, k <= 5; 0 if it is not in it. Weights
 * sum to 1. */
double fc_sparse_line_weight(unsigned k, unsigned code);

#endif
