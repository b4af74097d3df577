/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers that work on one element at a time. */
#include "fc_layer.h"

#include "fc_alloc.h"

#define BLOCK 16384 /* floats of a unit */

/* out[i] = act(in[i]). Parameters: act. */
static fc_status unary_build(fc_build *build, fc_step *step)
{
    fc_act *act = fc_calloc(1, sizeof *act);
    if (act == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = act;
    *act = fc_build_act(build);
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    step->flops = 4.0 * (double)step->out_numel;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static size_t block_units(const fc_step *step, size_t items)
{
    return (items * step->out_numel + BLOCK - 1) / BLOCK;
}

static fc_status unary_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                           float *scratch)
{
    (void)scratch;
    size_t from = begin * BLOCK, n = frame->items * step->out_numel,
           to = end * BLOCK < n ? end * BLOCK : n;
    fc_act_apply(*(const fc_act *)step->params, to - from, frame->data[step->in[0]] + from,
                 frame->data[step->out] + from);
    return FC_OK;
}

const fc_layer fc_layer_unary = {
    .name = "Unary",
    .min_in = 1,
    .max_in = 1,
    .in_place = true,
    .build = unary_build,
    .units = block_units,
    .run = unary_run,
};
