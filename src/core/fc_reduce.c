/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers that combine the elements along an axis: in (outer, n, inner). */
#include "fc_layer.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"

typedef struct along_axis {
    size_t outer, n, inner;
    bool flag;
} along_axis;

static along_axis *read_axis(fc_build *build, fc_step *step)
{
    along_axis *axis = fc_calloc(1, sizeof *axis);
    if (axis != NULL) {
        step->params = axis;
        axis->outer = fc_build_size(build, 1, FC_MAX_NUMEL);
        axis->n = fc_build_size(build, 1, FC_MAX_NUMEL);
        axis->inner = fc_build_size(build, 1, FC_MAX_NUMEL);
        size_t numel = fc_build_product(build, (size_t[]){axis->outer, axis->n, axis->inner}, 3);
        fc_build_require(build, step->in_numel[0] == numel);
        step->flops = 8.0 * (double)numel;
    }
    return axis;
}

/* Parameters: outer n inner log. out = exp(in - max) / sum, or in - max - log(sum). */
static fc_status softmax_build(fc_build *build, fc_step *step)
{
    along_axis *axis = read_axis(build, step);
    if (axis == NULL) {
        return FC_ERR_NOMEM;
    }
    axis->flag = fc_build_int(build) != 0;
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

/* One row of n elements that lie next to each other. The largest is found with NaN skipped: one
 * then reaches the sum. */
static void softmax_row(const float *in, float *out, size_t n, bool log)
{
    const fc_act exponential = {FC_ACT_EXP, 0, 0};
    float largest = -INFINITY;
    for (size_t j = 0; j < n; j++) {
        largest = in[j] > largest ? in[j] : largest;
    }
    for (size_t j = 0; j < n; j++) {
        out[j] = in[j] - largest;
    }
    if (log) {
        float block[256];
        double sum = 0;
        for (size_t j = 0; j < n; j += 256) {
            size_t take = n - j < 256 ? n - j : 256;
            fc_act_apply(exponential, take, out + j, block);
            for (size_t i = 0; i < take; i++) {
                sum += (double)block[i];
            }
        }
        float shift = (float)log1p(sum - 1.0); /* sum >= 1 */
        for (size_t j = 0; j < n; j++) {
            out[j] -= shift;
        }
        return;
    }
    fc_act_apply(exponential, n, out, out);
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        sum += (double)out[j];
    }
    float scale = (float)(1.0 / sum);
    for (size_t j = 0; j < n; j++) {
        out[j] *= scale;
    }
}

/* Rows whose elements lie apart are gathered. */
static void softmax_strided(const along_axis *axis, const float *in, float *out, float *row)
{
    for (size_t k = 0; k < axis->inner; k++) {
        for (size_t j = 0; j < axis->n; j++) {
            row[j] = in[j * axis->inner + k];
        }
        softmax_row(row, row, axis->n, axis->flag);
        for (size_t j = 0; j < axis->n; j++) {
            out[j * axis->inner + k] = row[j];
        }
    }
}

static fc_status softmax_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                             float *scratch)
{
    const along_axis *axis = step->params;
    for (size_t unit = begin; unit < end; unit++) {
        const float *in = fc_frame_item(frame, step->in[0], unit);
        float *out = fc_frame_item(frame, step->out, unit);
        for (size_t i = 0; i < axis->outer; i++) {
            size_t at = i * axis->n * axis->inner;
            if (axis->inner == 1) {
                softmax_row(in + at, out + at, axis->n, axis->flag);
            } else {
                softmax_strided(axis, in + at, out + at, scratch);
            }
        }
    }
    return FC_OK;
}

static fc_status softmax_build_with_scratch(fc_build *build, fc_step *step)
{
    fc_status status = softmax_build(build, step);
    if (status == FC_OK) {
        step->scratch = ((along_axis *)step->params)->n;
    }
    return status;
}

const fc_layer fc_layer_softmax = {
    .name = "Softmax",
    .min_in = 1,
    .max_in = 1,
    .build = softmax_build_with_scratch,
    .run = softmax_run,
};
