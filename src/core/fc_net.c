/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Running networks; contract in fc_net.h, plans are read in fc_plan.c. */
#include "fc_net.h"

#include <stdio.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_net_impl.h"
#include "fc_platform.h"

/* A step below this many operations is done by the thread that has it: waking another costs more.
 */
#define SPLIT_FLOPS 2e6
#define TINY_FLOPS 1e5

fc_status fc_net_create(const int64_t *plan, size_t n_words, const float *weights, size_t n_weights,
                        fc_gemm_engine engine, fc_net **out, char *message, size_t message_size)
{
    *out = NULL;
    message[0] = '\0';
    fc_net *net = fc_calloc(1, sizeof *net);
    if (net == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_status status = pthread_mutex_init(&net->mutex, NULL) == 0 ? FC_OK : FC_ERR_NOMEM;
    net->mutex_made = status == FC_OK;
    if (status == FC_OK) {
        status =
            fc_plan_read(net, plan, n_words, weights, n_weights, engine, message, message_size);
    }
    if (status != FC_OK) {
        fc_net_destroy(net);
        return status;
    }
    *out = net;
    return FC_OK;
}

static void arena_destroy(fc_arena *arena)
{
    if (arena != NULL) {
        fc_free(arena->memory);
        fc_free(arena->scratch);
        fc_free(arena->data);
        fc_free(arena);
    }
}

void fc_net_trim(fc_net *net)
{
    pthread_mutex_lock(&net->mutex);
    fc_arena *arena = net->free_arenas;
    net->free_arenas = NULL;
    pthread_mutex_unlock(&net->mutex);
    while (arena != NULL) {
        fc_arena *next = arena->next;
        arena_destroy(arena);
        arena = next;
    }
}

void fc_net_destroy(fc_net *net)
{
    if (net == NULL) {
        return;
    }
    if (net->mutex_made) {
        fc_net_trim(net);
        pthread_mutex_destroy(&net->mutex);
    }
    for (size_t i = 0; i < net->n_steps; i++) {
        fc_step *step = &net->steps[i];
        if (step->layer != NULL && step->layer->destroy != NULL) {
            step->layer->destroy(step->params);
        } else {
            fc_free(step->params);
        }
    }
    fc_free(net->steps);
    fc_free(net->tensors);
    fc_free(net->stride);
    fc_free(net->input_tensor);
    fc_free(net->constants);
    fc_free(net);
}

static fc_arena *arena_create(const fc_net *net)
{
    size_t numel;
    fc_arena *arena = fc_calloc(1, sizeof *arena);
    if (arena == NULL || !fc_size_mul(net->arena_numel, net->chunk, &numel)) {
        goto fail;
    }
    arena->memory = fc_calloc_aligned(FC_CACHE_LINE, numel, sizeof *arena->memory);
    arena->scratch = fc_calloc_aligned(FC_CACHE_LINE, net->scratch_numel, sizeof *arena->scratch);
    arena->data = fc_calloc(net->n_tensors, sizeof *arena->data);
    if (arena->memory == NULL || arena->scratch == NULL || arena->data == NULL) {
        goto fail;
    }
    for (size_t i = 0; i < net->n_tensors; i++) {
        const fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_ARENA && tensor->first != SIZE_MAX && i != net->output) {
            arena->data[i] = arena->memory + tensor->offset * net->chunk;
        } else if (tensor->kind == FC_TENSOR_CONST && tensor->first != SIZE_MAX) {
            arena->data[i] = net->constants + tensor->offset;
        }
    }
    return arena;
fail:
    arena_destroy(arena);
    return NULL;
}

/* NULL when memory is short. */
static fc_arena *arena_take(fc_net *net)
{
    pthread_mutex_lock(&net->mutex);
    fc_arena *arena = net->free_arenas;
    if (arena != NULL) {
        net->free_arenas = arena->next;
    }
    pthread_mutex_unlock(&net->mutex);
    return arena != NULL ? arena : arena_create(net);
}

static void arena_give(fc_net *net, fc_arena *arena)
{
    pthread_mutex_lock(&net->mutex);
    arena->next = net->free_arenas;
    net->free_arenas = arena;
    pthread_mutex_unlock(&net->mutex);
}

typedef struct batch {
    fc_net *net;
    const fc_run *run;
    size_t items;
    const float *const *inputs;
    float *output;
    int64_t *ns; /* profile: time of each step, else NULL */
} batch;

/* Points the arena's tensors at the part of the batch that is chunk number `chunk`. */
static fc_frame frame_of(const batch *job, fc_arena *arena, size_t chunk)
{
    const fc_net *net = job->net;
    size_t begin = chunk * net->chunk, left = job->items - begin;
    for (size_t i = 0; i < net->n_inputs; i++) {
        size_t tensor = net->input_tensor[i];
        /* Layers write only to their output, which is never an input: plans are checked for that.
         */
        arena->data[tensor] =
            (float *)(uintptr_t)(job->inputs[i] + begin * net->tensors[tensor].numel);
    }
    arena->data[net->output] = job->output + begin * net->tensors[net->output].numel;
    return (fc_frame){arena->data, net->stride, left < net->chunk ? left : net->chunk};
}

static size_t units_of(const fc_step *step, size_t items)
{
    return step->layer->units != NULL ? step->layer->units(step, items) : items;
}

static fc_status run_chunk(const batch *job, fc_arena *arena, size_t chunk)
{
    const fc_net *net = job->net;
    fc_frame frame = frame_of(job, arena, chunk);
    for (size_t i = 0; i < net->n_steps; i++) {
        const fc_step *step = &net->steps[i];
        if (job->run != NULL && fc_cancel_requested(job->run->cancel)) {
            return FC_ERR_CANCELLED;
        }
        int64_t begin = job->ns != NULL ? fc_now_ns() : 0;
        fc_status status =
            step->layer->run(step, &frame, 0, units_of(step, frame.items), arena->scratch);
        if (status != FC_OK) {
            return status;
        }
        if (job->ns != NULL) {
            job->ns[i] += fc_now_ns() - begin;
        }
    }
    return FC_OK;
}

/* Blocks of the first part of a batch: whole chunks, one worker each. */
static fc_status run_chunks(void *context, size_t begin, size_t end, unsigned worker)
{
    const batch *job = context;
    (void)worker;
    fc_arena *arena = arena_take(job->net);
    if (arena == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_status status = FC_OK;
    for (size_t chunk = begin; chunk < end && status == FC_OK; chunk++) {
        status = run_chunk(job, arena, chunk);
    }
    arena_give(job->net, arena);
    return status;
}

/* One step of one chunk, its units spread over the workers; each takes an arena for the scratch
 * memory in it. */
typedef struct shared_step {
    const batch *job;
    const fc_step *step;
    const fc_frame *frame;
} shared_step;

static fc_status run_units(void *context, size_t begin, size_t end, unsigned worker)
{
    const shared_step *shared = context;
    (void)worker;
    fc_arena *arena = NULL;
    if (shared->step->scratch != 0) {
        arena = arena_take(shared->job->net);
        if (arena == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    fc_status status = shared->step->layer->run(shared->step, shared->frame, begin, end,
                                                arena != NULL ? arena->scratch : NULL);
    if (arena != NULL) {
        arena_give(shared->job->net, arena);
    }
    return status;
}

static fc_status run_split(const batch *job, size_t chunk, unsigned width)
{
    fc_net *net = job->net;
    fc_arena *arena = arena_take(net);
    if (arena == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_frame frame = frame_of(job, arena, chunk);
    fc_status status = FC_OK;
    for (size_t i = 0; i < net->n_steps && status == FC_OK; i++) {
        const fc_step *step = &net->steps[i];
        size_t units = units_of(step, frame.items);
        double flops = step->flops * (double)frame.items;
        if (flops < SPLIT_FLOPS || units < 2) {
            status = step->layer->run(step, &frame, 0, units, arena->scratch);
            continue;
        }
        /* About four blocks a worker: the last to finish is then never far behind. */
        size_t grain = units / (4 * (size_t)width);
        size_t most = (size_t)(flops / (SPLIT_FLOPS / 4));
        grain = grain < 1 ? 1 : grain;
        grain = grain < units / (most + 1) ? units / (most + 1) : grain;
        shared_step shared = {job, step, &frame};
        status = fc_pool_for(job->run, run_units, &shared, units, grain);
    }
    arena_give(net, arena);
    return status;
}

fc_status fc_net_run(fc_net *net, const fc_run *run, size_t items, const float *const *inputs,
                     float *output)
{
    if (items == 0) {
        return FC_OK;
    }
    batch job = {net, run, items, inputs, output, NULL};
    size_t chunks = (items - 1) / net->chunk + 1;
    if (fc_net_is_tiny(net, items)) {
        return run_chunks(&job, 0, chunks, 0);
    }
    unsigned width = fc_run_width(run);
    /* Every worker gets the same number of whole chunks; the rest is shared layer by layer. */
    size_t whole = chunks / width * width;
    fc_status status = whole != 0 ? fc_pool_for(run, run_chunks, &job, whole, 1) : FC_OK;
    for (size_t chunk = whole; chunk < chunks && status == FC_OK; chunk++) {
        status = run_split(&job, chunk, width);
    }
    return status;
}

fc_status fc_net_profile(fc_net *net, size_t items, const float *const *inputs, float *output,
                         int64_t *ns)
{
    batch job = {net, NULL, items, inputs, output, ns};
    return items == 0 ? FC_OK : run_chunks(&job, 0, (items - 1) / net->chunk + 1, 0);
}

size_t fc_net_n_inputs(const fc_net *net)
{
    return net->n_inputs;
}

size_t fc_net_input_numel(const fc_net *net, size_t input)
{
    return net->tensors[net->input_tensor[input]].numel;
}

size_t fc_net_output_numel(const fc_net *net)
{
    return net->tensors[net->output].numel;
}

size_t fc_net_n_weights(const fc_net *net)
{
    return net->n_weights;
}

size_t fc_net_n_steps(const fc_net *net)
{
    return net->n_steps;
}

const char *fc_net_step_name(const fc_net *net, size_t step)
{
    return net->steps[step].layer->name;
}

double fc_net_step_flops(const fc_net *net, size_t step)
{
    return net->steps[step].flops;
}

size_t fc_net_arena_bytes(const fc_net *net)
{
    return (net->arena_numel * net->chunk + net->scratch_numel) * sizeof(float);
}

size_t fc_net_chunk(const fc_net *net)
{
    return net->chunk;
}

bool fc_net_is_tiny(const fc_net *net, size_t items)
{
    return net->flops * (double)items < TINY_FLOPS;
}

void fc_net_export(const fc_net *net, float *weights)
{
    for (size_t i = 0; i < net->n_tensors; i++) {
        const fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_CONST && tensor->first != SIZE_MAX) {
            memcpy(weights + tensor->source, net->constants + tensor->offset,
                   tensor->numel * sizeof *weights);
        }
    }
    for (size_t i = 0; i < net->n_steps; i++) {
        if (net->steps[i].layer->export != NULL) {
            net->steps[i].layer->export(&net->steps[i], weights);
        }
    }
}
