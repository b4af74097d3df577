/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A network: a flat plan of steps and its weights, validated completely when it is created, then
 * run on batches.
 *
 *   plan (64-bit words)   header  MAGIC VERSION n_tensors n_steps n_inputs output
 *                         tensors kind numel offset                    (n_tensors times)
 *                         steps   op n_words n_in in... out params...  (n_steps times;
 *                                                                       n_words counts all these)
 *
 * A tensor has `numel` floats per item (an item is an image); kind 0 is memory of the run, 1
 * constant (numel floats of the weights from `offset`, the same for every item), 2 input number
 * `offset`. Fractions among the parameters are the bits of a double. What parameters an operator
 * has stands above its build function.
 *
 * How it runs. The batch is cut into chunks of a size that the plan alone decides. A worker takes a
 * chunk through all layers in an arena of its own, with no barrier. What is left of the batch when
 * no worker has a whole chunk to do is split inside the layers, into units that depend on the layer
 * alone: so bits do not depend on the width. */
#ifndef FC_NET_H
#define FC_NET_H

#include "fc_gemm.h"
#include "fc_pool.h"

#define FC_PLAN_MAGIC 0x314e4c504346 /* "FCPLN1" */
#define FC_PLAN_VERSION 1

typedef struct fc_net fc_net;

/* Validate the plan and prepare the weights; both are copied as far as needed, nothing is
 * borrowed. The plan may be anything at all: whatever is not a sound plan is refused. `message`
 * receives the reason (message_size >= 1).
 * Errors     FC_ERR_FORMAT, FC_ERR_NOMEM, FC_ERR_INVALID (engine not available). */
FC_MUST_CHECK fc_status fc_net_create(const int64_t *plan, size_t n_words, const float *weights,
                                      size_t n_weights, fc_gemm_engine engine, fc_net **out,
                                      char *message, size_t message_size);
void fc_net_destroy(fc_net *net); /* no run is under way; NULL is fine */

size_t fc_net_n_inputs(const fc_net *net);
size_t fc_net_input_numel(const fc_net *net, size_t input); /* floats of one item */
size_t fc_net_output_numel(const fc_net *net);
size_t fc_net_n_weights(const fc_net *net); /* as given to fc_net_create */

/* output (items, output_numel) from inputs[i] (items, input_numel(i)), all contiguous. Every
 * item's numbers come from that item alone. The bits depend on inputs and number of items, not on
 * run->width.
 * Threads    many may run one net.
 * Errors     FC_ERR_NOMEM, FC_ERR_CANCELLED, FC_ERR_INDEX (a gathered index is out of
 *            range). */
FC_MUST_CHECK fc_status fc_net_run(fc_net *net, const fc_run *run, size_t items,
                                   const float *const *inputs, float *output);

/* As fc_net_run on one thread; adds the time of each step to ns[step] (fc_net_n_steps entries). */
FC_MUST_CHECK fc_status fc_net_profile(fc_net *net, size_t items, const float *const *inputs,
                                       float *output, int64_t *ns);
size_t fc_net_n_steps(const fc_net *net);
const char *fc_net_step_name(const fc_net *net, size_t step);
double fc_net_step_flops(const fc_net *net, size_t step); /* of one item */

/* Bytes a worker needs for a chunk, and the items of a chunk. */
size_t fc_net_arena_bytes(const fc_net *net);
size_t fc_net_chunk(const fc_net *net);

/* Floats of multiply-accumulate work too small to be worth a GIL release or a second worker. */
bool fc_net_is_tiny(const fc_net *net, size_t items);

/* Writes the weights that steps use back to where the plan had them (n_weights floats; the rest is
 * untouched). */
void fc_net_export(const fc_net *net, float *weights);

/* Frees the memory kept between runs. */
void fc_net_trim(fc_net *net);

#endif
