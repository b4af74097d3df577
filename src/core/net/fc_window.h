/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A window that slides over images, channels last: what convolution and pooling have in common.
 * Three spatial axes; images of two or one have leading sizes of 1. */
#ifndef FC_WINDOW_H
#define FC_WINDOW_H

#include "fc_layer.h"

typedef struct fc_window {
    size_t images, channels; /* in (images, in[0], in[1], in[2], channels) */
    size_t in[3], out[3], kernel[3], stride[3], dilation[3], pad[3];
    size_t in_pixels, out_pixels, taps; /* products */
    size_t block;                       /* output pixels that are computed together */
} fc_window;

/* Parameters: images channels in[3] out[3] kernel[3] stride[3] dilation[3] pad[3]. Any window that
 * begins within the image or its padding is sound: taps outside the image meet padding. Checks
 * in[0] of the step. `few`: blocks are as large as possible, also where that leaves less than
 * several threads could share. */
void fc_window_read(fc_build *build, const fc_step *step, bool few, fc_window *window);

/* Floats that fc_window_rows needs for the pointers to one block. */
size_t fc_window_scratch(const fc_window *window);

/* Pointers to where the taps of the output pixels [first, first + m) of one image meet it:
 * rows[t * m + i] is tap t of pixel first + i, `padding` outside the image. m <= window->block. */
void fc_window_rows(const fc_window *window, const float *image, const float *padding, size_t first,
                    size_t m, const float **rows);

/* Blocks of an image, and units of a step that does one block of one image at a time. */
size_t fc_window_blocks(const fc_window *window);

#endif
