/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_variate: the loops over points, one instance per instruction set. Nothing is
 * contracted, so that all instances agree to the bit. */
#ifndef FC_VARIATE_KERNEL_H
#define FC_VARIATE_KERNEL_H

#include <string.h>

#include "fc_variate.h"

/* h at n points from `first` on; up to the next multiple of 16 they are read and written. */
typedef void fc_variate_values_fn(const fc_variate *variate, const double *const *x, size_t first,
                                  size_t n, double *out);
fc_variate_values_fn fc_variate_values_avx2;

typedef double quad __attribute__((vector_size(4 * sizeof(double)), may_alias));
typedef long long quad_of_masks __attribute__((vector_size(4 * sizeof(double)), may_alias));

/* The functions whose sums a matrix's entries are, at four points: Chebyshev's polynomials of each
 * piece, 0 outside it. */
static inline void variate_basis(const fc_variate_core *core, const double *at, quad (*basis)[4],
                                 unsigned v)
{
    quad x;
    memcpy(&x, at, sizeof x);
    for (unsigned p = 0; p < core->n_pieces; p++, basis += core->terms) {
        quad_of_masks inside = {-1, -1, -1, -1};
        if (p > 0) {
            inside = (quad_of_masks)(x >= core->edges[p]);
        }
        if (p + 1 < core->n_pieces) {
            inside &= (quad_of_masks)(x < core->edges[p + 1]);
        }
        const double scale = 2 / (core->edges[p + 1] - core->edges[p]);
        quad t = (x - core->edges[p]) * scale - 1;
        t = (quad)((quad_of_masks)t & inside);
        const quad twice = t * 2;
        quad before = {1, 1, 1, 1}, now = t;
        for (unsigned k = 0; k < core->terms; k++) {
            basis[k][v] = (quad)((quad_of_masks)before & inside);
            const quad after = twice * now - before;
            before = now;
            now = after;
        }
    }
}

/* Sixteen points at a time: Chebyshev's polynomials once for all entries of a matrix, then the sums
 * of four vectors, which do not wait for one another. */
static inline void variate_values(const fc_variate *variate, const double *const *x, size_t first,
                                  size_t n, double *out)
{
    quad basis[FC_VARIATE_MAX_FUNCTIONS][4];
    for (size_t at = 0; at < n; at += 16) {
        quad row[FC_VARIATE_MAX_RANK][4], next[FC_VARIATE_MAX_RANK][4];
        for (unsigned v = 0; v < 4; v++) {
            row[0][v] = (quad){1, 1, 1, 1};
        }
        for (unsigned d = 0; d < variate->n_dim; d++) {
            const fc_variate_core *core = &variate->cores[d];
            const unsigned n_functions = core->n_pieces * core->terms;
            for (unsigned v = 0; v < 4; v++) {
                variate_basis(core, x[d] + first + at + 4 * v, basis, v);
            }
            const double *c = core->c;
            for (unsigned a = 0; a < core->left; a++) {
                for (unsigned b = 0; b < core->right; b++, c += n_functions) {
                    quad p0 = basis[0][0] * c[0], p1 = basis[0][1] * c[0];
                    quad p2 = basis[0][2] * c[0], p3 = basis[0][3] * c[0];
                    for (unsigned k = 1; k < n_functions; k++) {
                        p0 += basis[k][0] * c[k];
                        p1 += basis[k][1] * c[k];
                        p2 += basis[k][2] * c[k];
                        p3 += basis[k][3] * c[k];
                    }
                    if (a == 0) {
                        next[b][0] = row[a][0] * p0;
                        next[b][1] = row[a][1] * p1;
                        next[b][2] = row[a][2] * p2;
                        next[b][3] = row[a][3] * p3;
                    } else {
                        next[b][0] += row[a][0] * p0;
                        next[b][1] += row[a][1] * p1;
                        next[b][2] += row[a][2] * p2;
                        next[b][3] += row[a][3] * p3;
                    }
                }
            }
            memcpy(row, next, core->right * sizeof row[0]);
        }
        memcpy(out + at, row[0], sizeof row[0]);
    }
}

#endif
