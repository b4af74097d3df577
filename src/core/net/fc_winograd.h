/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions with 3x3 kernels, steps of 1, in fewer multiplications: F(2x2, 3x3) of S. Winograd,
 * for networks A. Lavin and S. Gray ("Fast Algorithms for Convolutional Neural Networks", 2016,
 * section 4.1). Of each tile of 2 x 2 outputs:
 *
 *     4 x 4 inputs d, kernel g     v = B' d B     u = G g G'     y = A' (u * v, summed) A
 *
 * u * v are 16 products instead of 36, each of 16 matrix products (tiles, channels in) by (channels
 * in, channels out). B and A hold only 0, 1 and -1: rounding errors are about 1.5 to 2 times those
 * of the plain sums. (F(4x4, 3x3) has half as many products again, and ten times the error.) */
#ifndef FC_WINOGRAD_H
#define FC_WINOGRAD_H

#include "fc_window.h"

typedef struct fc_winograd fc_winograd;

/* Is it this kind of convolution, and large enough to gain? `n` are the channels out. */
bool fc_winograd_fits(const fc_window *window, size_t n);

/* weights (9, channels, n), bias (n) or NULL: both are copied.
 * Errors     FC_ERR_NOMEM. */
FC_MUST_CHECK fc_status fc_winograd_create(const fc_window *window, size_t n, const float *weights,
                                           const float *bias, fc_winograd **out);
void fc_winograd_destroy(fc_winograd *winograd); /* NULL is fine */

size_t fc_winograd_units(const fc_winograd *winograd);   /* of one image */
size_t fc_winograd_scratch(const fc_winograd *winograd); /* floats */

/* The units [begin, end) of one image: in (in_pixels, channels), out and tail->residual
 * (out_pixels, n), scratch of this call alone. Threads: any, many with one fc_winograd. Bits do not
 * depend on how the units are divided among calls. */
void fc_winograd_run(const fc_winograd *winograd, const float *in, float *out,
                     const fc_gemm_tail *tail, size_t begin, size_t end, float *scratch);

/* The weights and the bias (unless that is NULL) as they were given. */
void fc_winograd_export(const fc_winograd *winograd, float *weights, float *bias);

#endif
