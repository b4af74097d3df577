/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_vegas_strata: the loop over points, one instance per instruction set; all give the
 * same bits. */
#ifndef FC_VEGAS_STRATA_KERNEL_H
#define FC_VEGAS_STRATA_KERNEL_H

#include <float.h>

#include "fc_vegas_strata.h"

typedef void fc_strata_place_fn(const fc_strata *strata, double *const *u, uint64_t cube,
                                uint64_t first, size_t n);
fc_strata_place_fn fc_strata_place_baseline, fc_strata_place_avx2;

/* Along each dimension the hypercubes' digit stands still for a while. */
static inline void strata_place(const fc_strata *strata, double *const *u, uint64_t cube,
                                uint64_t first, size_t n)
{
    const double most = 1 - DBL_EPSILON / 2;
    const uint64_t n_cubes = strata->n_cubes, *offset = strata->offset;
    uint64_t stride = 1; /* hypercubes with the same digit in a row */
    for (unsigned d = 0, n_strata; d < strata->n_dim; d++, stride *= n_strata) {
        n_strata = strata->n_strata + (d < strata->n_more);
        if (n_strata == 1) { /* and so have all further dimensions */
            break;
        }
        const double each = 1.0 / n_strata;
        double base[FC_STRATA_BLOCK + 8];
        unsigned digit = (unsigned)(cube / stride % n_strata);
        uint64_t end_cube = (cube / stride + 1) * stride;
        for (size_t i = 0; i < n; end_cube += stride) {
            const uint64_t stop = end_cube < n_cubes ? offset[end_cube] - first : n;
            const size_t end = stop < n ? (size_t)stop : n;
            const double value = digit;
            /* What is too many is overwritten; most hypercubes are done in one step, which makes
             * the branch a predictable one. */
            for (; i < end; i += 8) {
                for (unsigned k = 0; k < 8; k++) {
                    base[i + k] = value;
                }
            }
            i = end;
            digit = digit + 1 == n_strata ? 0 : digit + 1;
        }
        double *to = u[d];
        for (size_t i = 0; i < n; i++) {
            const double x = (base[i] + to[i]) * each;
            to[i] = x < most ? x : most;
        }
    }
}

#endif
