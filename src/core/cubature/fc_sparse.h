/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sparse grids (Smolyak's construction) of nested rules, Patterson's over the unit cube or Genz and
 * Keister's over the whole space with a Gaussian weight, level by level: the points each level
 * adds, and what each point adds to the integral of every level.
 *
 * T. N. L. Patterson, "The optimum addition of points to quadrature formulae", Math. Comp. 22,
 * 1968; T. Gerstner, M. Griebel, "Numerical integration using sparse grids", Numer. Algorithms 18,
 * 1998; K. Petras, "Smolyak cubature of given polynomial degree with few nodes for increasing
 * dimension", Numer. Math. 93, 2003: rules are used as long as their degree will do, so that level
 * l has degree 2 l + 1 with few points.
 *
 * A. Genz, B. D. Keister, "Fully symmetric interpolatory rules for multiple integrals over infinite
 * regions with Gaussian weight", J. Comput. Appl. Math. 71, 1996.
 *
 * Nothing here allocates or keeps anything: all arrays are the caller's. Threads: any. */
#ifndef FC_SPARSE_H
#define FC_SPARSE_H

#include <stddef.h>
#include <stdint.h>

typedef enum fc_sparse_family {
    FC_SPARSE_PATTERSON, /* over (0, 1), weight 1 */
    FC_SPARSE_HERMITE,   /* over the whole line, weight exp(-z^2) / sqrt(pi) */
} fc_sparse_family;

#define FC_SPARSE_CODES 63 /* of the nodes on one axis: 0 the middle, 2k - 1 and 2k a pair */
#define FC_SPARSE_HERMITE_CODES 35
#define FC_SPARSE_MAX_LEVEL 23
#define FC_SPARSE_MAX_DIM 20

/* The node's place: in (0, 1), or on the whole line. */
double fc_sparse_node(fc_sparse_family family, unsigned code);

/* Points that level `level` adds in n_dim dimensions, UINT64_MAX when too many to count. */
uint64_t fc_sparse_count(fc_sparse_family family, unsigned n_dim, unsigned level);

/* They come in orbits: points that differ by permutations and signs alone, and so have the same
 * weights. How many orbits level `level` adds. */
size_t fc_sparse_orbits(fc_sparse_family family, unsigned n_dim, unsigned level);

/* Those points, in a fixed order: n_dim codes (below 31, or 35) each, so `codes` holds n_dim
 * fc_sparse_count() of them; orbit k is orbit_begin[k] up to orbit_begin[k + 1], so that array is
 * one longer than there are orbits. */
void fc_sparse_list(fc_sparse_family family, unsigned n_dim, unsigned level, uint8_t *codes,
                    size_t *orbit_begin);

/* What a point contributes: weight[t] times f there belongs to the difference between the
 * integrals of level t and level t - 1, for t <= most. */
void fc_sparse_weights(fc_sparse_family family, unsigned n_dim, const uint8_t *codes, unsigned most,
                       double *weight);

/* The weight of a node in rule k: of 2^(k + 1) - 1 points, k <= 5; of 1, 3, 9, 19, 35, k <= 4; 0 if
 * it is not in it. Weights sum to 1. */
double fc_sparse_line_weight(fc_sparse_family family, unsigned k, unsigned code);

#endif
