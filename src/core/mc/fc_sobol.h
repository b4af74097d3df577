/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sobol points (Joe and Kuo's direction numbers) under Owen's nested uniform scrambling, with
 * random access: point i of replicate r is a function of (seed, r, i), so that any worker can make
 * any block of points. */
#ifndef FC_SOBOL_H
#define FC_SOBOL_H

#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

#define FC_SOBOL_MAX_DIM 1111
/* A replicate has at most 2^FC_SOBOL_MAX_LOG2 points; for more, take more replicates. */
#define FC_SOBOL_MAX_LOG2 32

typedef struct fc_sobol fc_sobol;

/* Direction numbers of n_dim dimensions. FC_ERR_INVALID when n_dim is 0 or beyond FC_SOBOL_MAX_DIM.
 */
FC_MUST_CHECK fc_status fc_sobol_create(unsigned n_dim, fc_sobol **out);
void fc_sobol_destroy(fc_sobol *sobol);

/* Coordinate `dim` of the points first .. first+n-1, in the open interval (0, 1), with 52 random
 * bits: the points [0, 2^m) of one replicate form a digital net, each point is uniform, and
 * replicates are independent. `first` is a multiple of a power of two that is at least n and 16,
 * and first + n <= 2^32; `out` has room for n rounded up to a power of two, at least 16, and that
 * is overwritten. Same bits for every instruction set. Threads: any. */
void fc_sobol_fill(const fc_sobol *sobol, uint64_t seed, uint32_t replicate, unsigned dim,
                   uint64_t first, size_t n, double *out);

/* The same points before scrambling (tests): 32 digits, the first in the highest bit. */
uint32_t fc_sobol_digits(const fc_sobol *sobol, unsigned dim, uint32_t index);

#endif
