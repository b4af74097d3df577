/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS+'s stratification (Lepage 2021): the unit cube of the mapped variables cut into hypercubes
 * of equal size, and how many of an iteration's points each of them gets. Internal to fc_vegas. */
#ifndef FC_VEGAS_STRATA_H
#define FC_VEGAS_STRATA_H

#include <float.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct fc_strata {
    unsigned n_dim;
    unsigned n_strata, n_more; /* per dimension; the first n_more dimensions have one more */
    uint64_t n_cubes, *offset; /* first point of each hypercube, and the number of points */
    double *strength; /* its share of the next points, from the integrand's variance in it */
} fc_strata;

/* Strata per dimension so that a hypercube gets four of n points on average, or few more. Leaves
 * offset and strength, which belong to the caller (n_cubes + 1 and n_cubes long), as they are. */
void fc_strata_choose(fc_strata *strata, uint64_t n);

/* Cuts the cube for n points, and gives each new hypercube the strength of the old one at its
 * centre (`old` has room for the old ones). */
void fc_strata_cut_again(fc_strata *strata, uint64_t n, double *old);

/* Fills `offset`: two points for each hypercube, and the rest of n by its strength. */
void fc_strata_distribute(fc_strata *strata, uint64_t n);

/* The hypercube of point p. */
uint64_t fc_strata_cube_of(const fc_strata *strata, uint64_t p);

/* Moves n <= FC_STRATA_BLOCK uniform points, of which the first is point `first` and in hypercube
 * `cube`, into theirs. Every instruction set gives the same bits. Threads: any. */
#define FC_STRATA_BLOCK 1024
void fc_strata_place(const fc_strata *strata, double *const *u, uint64_t cube, uint64_t first,
                     size_t n);

/* Values of n <= FC_STRATA_BLOCK points, of which the first is point `first`, and room for what
 * each adds to the map's histograms: y^2 by the points of its hypercube and all hypercubes. */
typedef struct fc_strata_row {
    const double *y;
    double *weight;
    uint64_t first;
    size_t n;
} fc_strata_row;

/* What whole hypercubes add to integral and variance, and the largest contribution of one point to
 * the latter. */
typedef struct fc_strata_sums {
    double integral, variance, largest;
} fc_strata_sums;

/* Finishes the hypercubes from `cube`, which begins with the row's point *begin, to the last that
 * ends before the row does: fills `strength` and weight, adds to the sums. Gives the hypercube
 * after them, and where it begins. Every instruction set gives the same bits. Threads: any, on
 * other hypercubes. */
uint64_t fc_strata_finish(const fc_strata *strata, const fc_strata_row *row, uint64_t cube,
                          size_t *begin, fc_strata_sums *sums);

/* The strength of a hypercube from the integrand's variance in it: about variance^(BETA / 2), BETA
 * = 3/4: a straight line through the logarithm's bits is right to some per cent, and hypercubes
 * need not get their points more exactly than that. */
static inline double fc_strata_strength(double variance)
{
    if (!(variance >= DBL_MIN) || variance > DBL_MAX) {
        return 0;
    }
    uint64_t bits;
    memcpy(&bits, &variance, sizeof bits);
    bits = (bits >> 3) * 3 + (UINT64_C(1023) << 49) * 5;
    memcpy(&variance, &bits, sizeof bits);
    return variance;
}

#endif
