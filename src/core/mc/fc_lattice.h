/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Randomly shifted rank-1 lattices of 2^m points, folded so that a smooth integrand becomes a
 * smooth periodic one, which lattices integrate with a far smaller error than nets do:
 *
 *     u_i = fraction(i z / 2^m + shift)        x_i = fold(u_i)
 *
 * with random access: point i of replicate r is a function of (seed, r, i). The estimate is
 * unbiased, as each u_i is uniform (Cranley and Patterson, SIAM J. Numer. Anal. 13, 1976). */
#ifndef FC_LATTICE_H
#define FC_LATTICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define FC_LATTICE_MAX_DIM 64
#define FC_LATTICE_MAX_LOG2 24

typedef enum fc_fold {
    FC_FOLD_TENT,  /* x = 1 - |2u - 1|: variance n^-4 for smooth integrands (Hickernell, MCQMC 2000,
                      2002) */
    FC_FOLD_POWER, /* x' = 140 u^3 (1 - u)^3: n^-8, but the weights grow with the dimension
                      (Korobov; Sloan and Joe, "Lattice methods for multiple integration",
                      1994, 2.12) */
} fc_fold;

/* Coordinate `dim` < FC_LATTICE_MAX_DIM of points first .. first+n-1 of 2^log2_points, in the open
 * interval (0, 1); weight[i] is multiplied by dx/du (which is left out where it is 1). `out` has
 * room for n rounded up to a multiple of 16, which may be overwritten. Same bits for every
 * instruction set. Threads: any. */
void fc_lattice_fill(unsigned log2_points, fc_fold fold, uint64_t seed, uint32_t replicate,
                     unsigned dim, uint64_t first, size_t n, double *out, double *weight);

#endif
