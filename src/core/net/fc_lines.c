/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Convolutions of images with few channels; contract in fc_lines.h. */
#include "fc_lines.h"

#include <string.h>

#include "fc_alloc.h"

#define FEW_CHANNELS 16 /* up to these a pointer per tap costs more than the copy */
#define MAX_K ((size_t)1 << 16)
#define UNIT_PIXELS 1024     /* of a unit, roughly */
#define UNIT_NUMEL (8 << 10) /* of its lines: they stay in the first-level cache */
#define MAX_LINES_NUMEL ((size_t)1 << 20)
#define MAX_WIDTH 2048 /* wider lines are cut into pieces of */
#define PIECE 1020     /* pixels, a multiple of the tiles' 6 and 12 */

struct fc_lines {
    fc_window window;
    size_t tall, n_tall;  /* output lines of a unit, units one below the other */
    size_t wide, n_wide;  /* the same for pixels of a line; tall is 1 where n_wide is not */
    size_t n_lines, line; /* of a unit; floats from one to the next */
    bool plain;           /* nothing is padded: the image is read where it lies */
    ptrdiff_t offsets[];  /* (taps * channels) */
};

static size_t reach(const fc_window *window, int axis, size_t outputs)
{
    return (outputs - 1) * window->stride[axis] +
           (window->kernel[axis] - 1) * window->dilation[axis] + 1;
}

/* How the output is cut; false where a unit would take too much memory. */
static bool cut(const fc_window *window, fc_lines *lines)
{
    const size_t width = window->out[2], height = window->out[1];
    lines->wide = width > MAX_WIDTH ? PIECE : width;
    lines->n_wide = (width + lines->wide - 1) / lines->wide;
    for (int axis = 1; axis < 3; axis++) { /* so that products below do not overflow */
        if (window->stride[axis] > MAX_LINES_NUMEL || window->dilation[axis] > MAX_LINES_NUMEL ||
            window->kernel[axis] > MAX_LINES_NUMEL) {
            return false;
        }
    }
    lines->line = reach(window, 2, lines->wide) * window->channels;
    if (lines->line > MAX_LINES_NUMEL) {
        return false;
    }
    size_t tall = lines->n_wide > 1 ? 1 : UNIT_PIXELS / width;
    while (tall > 1 && reach(window, 1, tall) * lines->line > UNIT_NUMEL) {
        tall--;
    }
    tall = tall < 1 ? 1 : tall > height ? height : tall;
    lines->n_tall = (height + tall - 1) / tall;
    lines->tall = (height + lines->n_tall - 1) / lines->n_tall; /* all about as tall */
    lines->n_lines = reach(window, 1, lines->tall);
    return lines->n_lines <= MAX_LINES_NUMEL / lines->line;
}

bool fc_lines_fits(const fc_window *window, size_t groups)
{
    fc_lines lines;
    return groups == 1 && window->channels <= FEW_CHANNELS && window->in[0] == 1 &&
           window->out[0] == 1 && window->kernel[0] == 1 && window->kernel[2] > 1 &&
           window->taps * window->channels <= MAX_K && cut(window, &lines);
}

fc_status fc_lines_create(const fc_window *window, fc_lines **out)
{
    const size_t k = window->taps * window->channels;
    fc_lines *lines = fc_calloc(1, sizeof *lines + k * sizeof *lines->offsets);
    *out = lines;
    if (lines == NULL) {
        return FC_ERR_NOMEM;
    }
    lines->window = *window;
    (void)cut(window, lines);
    lines->plain = window->pad[1] == 0 && window->pad[2] == 0 &&
                   reach(window, 1, window->out[1]) <= window->in[1] &&
                   reach(window, 2, window->out[2]) <= window->in[2];
    if (lines->plain) {
        lines->line = window->in[2] * window->channels;
    }
    ptrdiff_t *to = lines->offsets;
    for (size_t y = 0; y < window->kernel[1]; y++) {
        for (size_t x = 0; x < window->kernel[2]; x++) {
            for (size_t c = 0; c < window->channels; c++) {
                *to++ = (ptrdiff_t)(y * window->dilation[1] * lines->line +
                                    x * window->dilation[2] * window->channels + c);
            }
        }
    }
    return FC_OK;
}

void fc_lines_destroy(fc_lines *lines)
{
    fc_free(lines);
}

size_t fc_lines_units(const fc_lines *lines)
{
    return lines->n_tall * lines->n_wide;
}

size_t fc_lines_scratch(const fc_lines *lines)
{
    return lines->plain ? 0 : lines->n_lines * lines->line;
}

/* Copies of the image's lines from `top` on, pixels from `left` on, both counted from where the
 * padding begins. */
static void copy_lines(const fc_lines *lines, const float *in, size_t top, size_t n, size_t left,
                       float *to)
{
    const fc_window *window = &lines->window;
    const size_t channels = window->channels, whole = lines->line / channels;
    const size_t pad = window->pad[2], width = window->in[2];
    /* of a line: `before` zeros, `inside` pixels of the image from `from` on, then zeros */
    const size_t before = left >= pad ? 0 : pad - left < whole ? pad - left : whole;
    const size_t from = left >= pad ? left - pad : 0;
    const size_t there = from < width ? width - from : 0;
    const size_t inside = there < whole - before ? there : whole - before;
    for (size_t y = top; y < top + n; y++, to += lines->line) {
        if (y < window->pad[1] || y - window->pad[1] >= window->in[1]) {
            memset(to, 0, lines->line * sizeof *to);
            continue;
        }
        memset(to, 0, before * channels * sizeof *to);
        if (inside != 0) {
            memcpy(to + before * channels, in + ((y - window->pad[1]) * width + from) * channels,
                   inside * channels * sizeof *to);
        }
        memset(to + (before + inside) * channels, 0,
               (whole - before - inside) * channels * sizeof *to);
    }
}

void fc_lines_run(const fc_lines *lines, const fc_gemm *gemm, size_t n, const float *in, float *out,
                  const fc_gemm_tail *tail, size_t begin, size_t end, float *scratch)
{
    const fc_window *window = &lines->window;
    const size_t width = window->out[2], height = window->out[1], channels = window->channels;
    for (size_t unit = begin; unit < end; unit++) {
        const size_t y0 = unit / lines->n_wide * lines->tall;
        const size_t x0 = unit % lines->n_wide * lines->wide;
        const size_t tall = height - y0 < lines->tall ? height - y0 : lines->tall;
        const size_t wide = width - x0 < lines->wide ? width - x0 : lines->wide;
        const size_t top = y0 * window->stride[1], left = x0 * window->stride[2];
        const float *base = in + (top * window->in[2] + left) * channels;
        if (!lines->plain) {
            copy_lines(lines, in, top, reach(window, 1, tall), left, scratch);
            base = scratch;
        }
        for (size_t y = 0; y < tall; y++) {
            const size_t at = ((y0 + y) * width + x0) * n;
            fc_gemm_tail part = *tail;
            part.residual = tail->residual != NULL ? tail->residual + at : NULL;
            fc_gemm_lines(gemm, wide, base + y * window->stride[1] * lines->line, lines->offsets,
                          window->stride[2] * channels, out + at, n, &part);
        }
    }
}
