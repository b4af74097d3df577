/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions of images with few channels, as the first layer of a network is. A tap has too few
 * numbers there to be worth a pointer, but all that a kernel meets of one line of the image lies in
 * one piece. So a unit's lines are copied once, with zeros for the padding around them (or not at
 * all, where nothing is padded: the image is read where it lies), and every number that an output
 * pixel needs stands at the same offset from it. The windows, which overlap, are not copied:
 *
 *     out[x][j] = sum over k of base[x * step + offsets[k]] * weights[k][j]
 *
 * which is fc_gemm_lines: tiles of up to 12 neighbouring pixels, no pointers, no im2col. */
#ifndef FC_LINES_H
#define FC_LINES_H

#include "fc_gemm.h"
#include "fc_window.h"

typedef struct fc_lines fc_lines;

/* Is it a convolution of this kind? */
bool fc_lines_fits(const fc_window *window, size_t groups);

/* Errors     FC_ERR_NOMEM. */
FC_MUST_CHECK fc_status fc_lines_create(const fc_window *window, fc_lines **out);
void fc_lines_destroy(fc_lines *lines); /* NULL is fine */

size_t fc_lines_units(const fc_lines *lines);   /* of one image */
size_t fc_lines_scratch(const fc_lines *lines); /* floats */

/* The units [begin, end) of one image: in (in_pixels, channels), out and tail->residual
 * (out_pixels, n), scratch of this call alone. `gemm`: PACKED, its rows are (taps, channels).
 * Threads: any. Bits do not depend on how the units are divided among calls. */
void fc_lines_run(const fc_lines *lines, const fc_gemm *gemm, size_t n, const float *in, float *out,
                  const fc_gemm_tail *tail, size_t begin, size_t end, float *scratch);

#endif
