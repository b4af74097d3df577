/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Running networks; contract in fc_net.h, plans are read in fc_plan.c. */
#include "fc_net.h"

#include <stdio.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_moment.h"
#include "fc_net_impl.h"
#include "fc_platform.h"
#include "fc_relay.h"

/* Operations of a block that is worth a hand-over: a few microseconds. */
#define SPLIT_FLOPS 1e5
#define BLOCKS_PER_WORKER 8 /* the last to finish is then never far behind */
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
    fc_status status =
        fc_plan_read(net, plan, n_words, weights, n_weights, engine, message, message_size);
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
    fc_moment_enter();
    fc_arena *arena = net->free_arenas;
    net->free_arenas = NULL;
    fc_moment_leave();
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
    fc_net_trim(net);
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
    fc_arena *arena = fc_calloc(1, sizeof *arena);
    if (arena == NULL) {
        return NULL;
    }
    arena->scratch = fc_calloc_aligned(FC_CACHE_LINE, net->scratch_numel, sizeof *arena->scratch);
    arena->data = fc_calloc(net->n_tensors, sizeof *arena->data);
    if (arena->scratch == NULL || arena->data == NULL) {
        arena_destroy(arena);
        return NULL;
    }
    return arena;
}

/* The memory of the tensors, which one that only lends its scratch does without. */
static bool arena_furnish(const fc_net *net, fc_arena *arena)
{
    size_t numel;
    if (arena->memory != NULL) {
        return true;
    }
    if (fc_size_mul(net->arena_numel, net->chunk, &numel)) {
        arena->memory = fc_calloc_aligned(FC_CACHE_LINE, numel, sizeof *arena->memory);
    }
    if (arena->memory == NULL) {
        return false;
    }
    for (size_t i = 0; i < net->n_tensors; i++) {
        const fc_tensor *tensor = &net->tensors[i];
        if (tensor->kind == FC_TENSOR_ARENA && tensor->first != SIZE_MAX && i != net->output) {
            arena->data[i] = arena->memory + tensor->offset * net->chunk;
        } else if (tensor->kind == FC_TENSOR_CONST && tensor->first != SIZE_MAX) {
            arena->data[i] = net->constants + tensor->offset;
        }
    }
    return true;
}

/* NULL is fine. */
static void arena_give(fc_net *net, fc_arena *arena)
{
    if (arena == NULL) {
        return;
    }
    fc_moment_enter();
    arena->next = net->free_arenas;
    net->free_arenas = arena;
    fc_moment_leave();
}

/* With memory for the tensors, or for scratch alone; NULL when there is none. */
static fc_arena *arena_take(fc_net *net, bool furnished)
{
    fc_moment_enter();
    /* the first that is as wanted, else the first */
    fc_arena **at = &net->free_arenas;
    while (*at != NULL && ((*at)->memory != NULL) != furnished) {
        at = &(*at)->next;
    }
    at = *at != NULL ? at : &net->free_arenas;
    fc_arena *arena = *at;
    if (arena != NULL) {
        *at = arena->next;
    }
    fc_moment_leave();
    arena = arena != NULL ? arena : arena_create(net);
    if (arena != NULL && furnished && !arena_furnish(net, arena)) {
        arena_give(net, arena);
        arena = NULL;
    }
    return arena;
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
        int64_t begin = job->ns != NULL ? fc_now_ns() : 0;
        fc_status status = job->run != NULL ? fc_cancel_check(job->run->cancel) : FC_OK;
        if (status == FC_OK) {
            status = step->layer->run(step, &frame, 0, units_of(step, frame.items), arena->scratch);
        }
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
    fc_arena *arena = arena_take(job->net, true);
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

/* One chunk, the units of each step spread over the workers. */
typedef struct shared_chunk {
    const batch *job;
    const fc_frame *frame;
    fc_arena
        *arenas[FC_MAX_WIDTH]; /* of each worker, taken when it begins: for the scratch memory */
} shared_chunk;

static fc_status run_units(void *context, size_t step, size_t begin, size_t end, unsigned worker)
{
    shared_chunk *shared = context;
    fc_net *net = shared->job->net;
    fc_arena **arena = &shared->arenas[worker];
    if (*arena == NULL) {
        *arena = arena_take(net, false);
    }
    return *arena == NULL ? FC_ERR_NOMEM
                          : net->steps[step].layer->run(&net->steps[step], shared->frame, begin,
                                                        end, (*arena)->scratch);
}

static fc_relay_leg leg_of(const fc_step *step, size_t items, unsigned width)
{
    size_t units = units_of(step, items);
    double flops = step->flops * (double)items;
    double most_blocks = BLOCKS_PER_WORKER * (double)width, worth = flops / SPLIT_FLOPS;
    size_t most = (size_t)(worth < 1 ? 1 : worth < most_blocks ? worth : most_blocks);
    return (fc_relay_leg){units, (units + most - 1) / most};
}

static fc_status run_split(const batch *job, size_t chunk, unsigned width)
{
    fc_net *net = job->net;
    fc_arena *arena = arena_take(net, true);
    fc_relay_leg *legs = fc_malloc(net->n_steps, sizeof *legs);
    fc_status status = FC_ERR_NOMEM;
    if (arena != NULL && legs != NULL) {
        fc_frame frame = frame_of(job, arena, chunk);
        shared_chunk shared = {job, &frame, {NULL}};
        for (size_t i = 0; i < net->n_steps; i++) {
            legs[i] = leg_of(&net->steps[i], frame.items, width);
        }
        const fc_run fixed = {.width = width, .cancel = job->run != NULL ? job->run->cancel : NULL};
        status = fc_relay_run(&fixed, run_units, &shared, legs, net->n_steps);
        for (unsigned i = 0; i < width; i++) {
            arena_give(net, shared.arenas[i]);
        }
    }
    fc_free(legs);
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
