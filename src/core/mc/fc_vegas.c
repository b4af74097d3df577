/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS+; contract in fc_vegas.h, the map in fc_vegas_map.c, the hypercubes in fc_vegas_strata.c.
 *
 * The unit cube of the mapped variables is cut into hypercubes, N of equal size; hypercube h
 * receives n_h >= 2 points, more where the integrand varied much so far:
 *
 *     integral = sum over h of mean_h / N        variance = sum over h of var_h / n_h / N^2
 *
 * Both adaptations continue from iteration to iteration. The first iterations only train; of the
 * others the plain mean is taken: weights made from the estimated variances, as in the first VEGAS,
 * correlate with the estimates and bias the result.
 *
 *     points    0 .......... block .......... 2 block ......
 *     cubes     |  0  |  1  |    2    | 3 |        4
 *
 * Points are numbered through all hypercubes and made in blocks of fixed length, so that a
 * hypercube may begin in one block and end in another: a block hands back the moments of its first
 * and last hypercube, and what is complete in between it adds up itself. Histograms belong to
 * slots: slot s of S takes blocks s, s + S, ... in this order. */
#include "fc_vegas.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_random.h"
#include "fc_sobol.h"
#include "fc_vegas_strata.h"

#define SLOTS 32 /* at most; fewer, whose histograms stay in the caches, for few blocks */
#define LEAST_SLOTS 8
#define BLOCKS_FOR_MORE 8 /* in each slot: then there are twice as many slots */
#define WAVE 128
#define LEAST_TRAINING_BLOCK 64
#define LEAST_TO_TRAIN 320 /* in an iteration */
#define WARM_UP 6          /* iterations that only train ... */
#define WARM_SHARE 5       /* ... on one part in so many of n */
#define MEASURING 10
#define MOST_BINS 512
#define HISTOGRAM_DOUBLES ((size_t)1 << 22) /* all slots together */
#define ALPHA 0.5                           /* damping of the map */
#define DOMINANT 0.1

typedef struct edge_cube {
    uint64_t cube;
    bool present;
} edge_cube;

typedef struct vegas {
    fc_sampler *sampler;
    fc_vegas_map *map;
    uint64_t seed, iteration;
    bool learns; /* is another iteration to come? */
    unsigned n_dim, n_out;
    uint64_t n_points, first_block; /* of this iteration, of this wave */
    size_t block;                   /* points at once */
    size_t n_slots;                 /* of this iteration */
    double *histogram;              /* a slot's: n_dim rows of n_bins */
    size_t histogram_size;
    /* Sobol training: instead of random points in hypercubes. */
    const fc_sobol *sobol;
    double *second;    /* per slot: sum of y^2, of y^2 / density, of y (output by output summed) */
    fc_points *record; /* or NULL */
    fc_strata strata;
    /* What a wave's blocks hand back, n_out each. */
    edge_cube *head, *tail;
    fc_moments *head_moments, *tail_moments;
    double *inner, *inner_variance;
    double *largest; /* per block: the largest contribution to the variance of one point */
} vegas;

unsigned fc_vegas_bins(unsigned n_dim, uint64_t n)
{
    /* The noise of the histograms multiplies over the dimensions: with b bins of n / b points,
     * ln(density) has a variance of about n_dim b / n before damping, and must stay far below 1 or
     * the map follows the noise. */
    uint64_t most = n / (4 * (uint64_t)n_dim) < n / 32 ? n / (4 * (uint64_t)n_dim) : n / 32;
    most = most < MOST_BINS ? most : MOST_BINS;
    unsigned n_bins = 1;
    while ((uint64_t)n_bins * 2 <= most &&
           (size_t)n_bins * 2 * n_dim * SLOTS <= HISTOGRAM_DOUBLES) {
        n_bins *= 2;
    }
    return n_bins;
}

static size_t slots_for(uint64_t n_blocks)
{
    size_t n_slots = LEAST_SLOTS;
    while (n_slots < SLOTS && BLOCKS_FOR_MORE * n_slots <= n_blocks) {
        n_slots *= 2;
    }
    return n_slots;
}

static void release(vegas *v)
{
    fc_free(v->histogram);
    fc_free(v->second);
    fc_free(v->strata.offset);
    fc_free(v->strata.strength);
    fc_free(v->head);
    fc_free(v->head_moments);
    fc_free(v->inner);
}

static fc_status prepare(vegas *v, fc_sampler *sampler, fc_vegas_map *map, uint64_t seed)
{
    *v = (vegas){.sampler = sampler, .map = map, .seed = seed, .block = sampler->block};
    v->n_dim = sampler->f->n_dim;
    v->n_out = sampler->f->n_out;
    v->strata.n_dim = v->n_dim;
    v->histogram_size = (size_t)v->n_dim * map->n_bins;
    v->histogram = fc_calloc_aligned(FC_CACHE_LINE, SLOTS * v->histogram_size, sizeof(double));
    v->second = fc_calloc_aligned(FC_CACHE_LINE, SLOTS * 8, sizeof(double));
    v->head = fc_calloc(2 * WAVE, sizeof *v->head);
    v->head_moments = fc_calloc(2 * WAVE * (size_t)v->n_out, sizeof *v->head_moments);
    v->inner = fc_calloc((2 * (size_t)v->n_out + 1) * WAVE, sizeof *v->inner);
    if (v->histogram == NULL || v->second == NULL || v->head == NULL || v->head_moments == NULL ||
        v->inner == NULL) {
        release(v);
        return FC_ERR_NOMEM;
    }
    v->tail = v->head + WAVE;
    v->tail_moments = v->head_moments + WAVE * (size_t)v->n_out;
    v->inner_variance = v->inner + WAVE * (size_t)v->n_out;
    v->largest = v->inner_variance + WAVE * (size_t)v->n_out;
    return FC_OK;
}

/* s->weight, free after the evaluation, takes weight * (sum over outputs of y^2). */
static void fill_squares(const vegas *v, fc_scratch *s, size_t begin, size_t end, double weight)
{
    for (size_t i = begin; i < end; i++) {
        s->weight[i] = s->y[0][i] * s->y[0][i] * weight;
    }
    for (unsigned o = 1; o < v->n_out; o++) {
        for (size_t i = begin; i < end; i++) {
            s->weight[i] += s->y[o][i] * s->y[o][i] * weight;
        }
    }
}

/* Adds the squares of n points to a slot's histograms. Neighbouring points often fall into the same
 * piece, and an addition waits for the one before: four dimensions at a time do not wait. */
static void fill_histogram(const vegas *v, const fc_scratch *s, double *histogram, size_t n)
{
    const size_t n_bins = v->map->n_bins;
    const double *weight = s->weight;
    unsigned d = 0;
    for (; d + 4 <= v->n_dim; d += 4) {
        double *row = histogram + d * n_bins;
        const uint16_t *a = s->bin[d], *b = s->bin[d + 1], *c = s->bin[d + 2], *e = s->bin[d + 3];
        for (size_t i = 0; i < n; i++) {
            row[a[i]] += weight[i];
            row[n_bins + b[i]] += weight[i];
            row[2 * n_bins + c[i]] += weight[i];
            row[3 * n_bins + e[i]] += weight[i];
        }
    }
    for (; d < v->n_dim; d++) {
        double *row = histogram + d * n_bins;
        const uint16_t *bin = s->bin[d];
        for (size_t i = 0; i < n; i++) {
            row[bin[i]] += weight[i];
        }
    }
}

/* Keeps the points that begin with number `first` of this iteration, as functions of unmapped
 * variables. */
static void record_block(const vegas *v, const fc_scratch *s, uint64_t first)
{
    fc_points *points = v->record;
    const uint64_t at = v->iteration * v->n_points + first;
    if (points == NULL || at >= points->capacity) {
        return;
    }
    const size_t to = (size_t)at, room = points->capacity - to;
    const size_t n = v->block < room ? v->block : room;
    for (unsigned d = 0; d < v->n_dim; d++) {
        memcpy(points->x[d] + to, s->u[d], n * sizeof(double));
    }
    memcpy(points->weight + to, s->density, n * sizeof(double));
    for (unsigned o = 0; o < v->n_out; o++) {
        for (size_t i = 0; i < n; i++) {
            points->y[o][to + i] = s->y[o][i] / s->density[i];
        }
    }
}

static fc_status train_slot(void *context, size_t begin, size_t end, unsigned worker)
{
    vegas *v = context;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(v->sampler, worker, &s);
    const size_t block = v->block;
    for (size_t slot = begin; slot < end; slot++) {
        double *histogram = v->histogram + slot * v->histogram_size, *second = v->second + 8 * slot;
        for (size_t k = slot; status == FC_OK && k < WAVE; k += v->n_slots) {
            const uint64_t first = (v->first_block + k) * block;
            if (first >= v->n_points) {
                break;
            }
            for (unsigned d = 0; d < v->n_dim; d++) {
                fc_sobol_fill(v->sobol, v->seed, UINT32_C(0x80000000) + (uint32_t)v->iteration, d,
                              first, block, s->u[d]);
            }
            status = fc_sampler_evaluate(v->sampler, s, worker, block);
            if (status != FC_OK) {
                break;
            }
            record_block(v, s, first);
            fill_squares(v, s, 0, block, 1);
            fill_histogram(v, s, histogram, block);
            for (size_t i = 0; i < block; i++) {
                second[0] += s->weight[i];
                second[1] += s->weight[i] / s->density[i];
                for (unsigned o = 0; o < v->n_out; o++) {
                    second[2] += s->y[o][i];
                }
            }
        }
    }
    return status;
}

/* A block of fc_pool_for over dimensions: one iteration's histograms, added up slot by slot, make
 * the next map. */
static fc_status refine_dims(void *context, size_t begin, size_t end, unsigned worker)
{
    (void)worker;
    vegas *v = context;
    const size_t n_bins = v->map->n_bins;
    for (size_t d = begin; d < end; d++) {
        double *row = v->histogram + d * n_bins;
        for (size_t slot = 1; slot < v->n_slots; slot++) {
            double *from = row + slot * v->histogram_size;
            for (size_t i = 0; i < n_bins; i++) {
                row[i] += from[i];
            }
            memset(from, 0, n_bins * sizeof *from);
        }
        fc_vegas_map_refine(v->map, (unsigned)d, row, ALPHA);
        memset(row, 0, n_bins * sizeof *row);
    }
    return FC_OK;
}

static fc_status refine_map(vegas *v)
{
    return fc_pool_for(&v->sampler->run, refine_dims, v, v->n_dim, 1 + v->n_dim / 16);
}

static void report(const fc_mc_options *options, uint64_t done)
{
    if (options->progress != NULL) {
        options->progress(options->progress_context, done < options->n ? done : options->n,
                          options->n);
    }
}

fc_status fc_vegas_train(fc_sampler *sampler, fc_vegas_map *map, uint64_t n,
                         const fc_mc_options *options, uint64_t *n_eval, double *gain, double *flat,
                         fc_points *record)
{
    vegas v;
    *gain = 1;
    *flat = 0;
    fc_status status = prepare(&v, sampler, map, options->seed);
    if (status != FC_OK) {
        return status;
    }
    fc_sobol *sobol;
    status = fc_sobol_create(v.n_dim, &sobol);
    v.sobol = sobol;
    v.record = record;
    sampler->map = map;
    sampler->keep_density = true;
    /* A map made from few points overlooks what they overlook: then they are only recorded. */
    const bool trains = n / WARM_UP >= LEAST_TO_TRAIN;
    const unsigned n_iterations = trains ? WARM_UP : 1;
    while (v.block > LEAST_TRAINING_BLOCK && n / n_iterations < 8 * v.block) {
        v.block /= 2;
    }
    v.n_points = n / n_iterations / v.block * v.block;
    for (v.iteration = 0; status == FC_OK && v.n_points > 0 && v.iteration < n_iterations;
         v.iteration++) {
        memset(v.second, 0, SLOTS * 8 * sizeof *v.second);
        const uint64_t n_blocks = v.n_points / v.block;
        v.n_slots = slots_for(n_blocks);
        for (v.first_block = 0; status == FC_OK && v.first_block < n_blocks;
             v.first_block += WAVE) {
            status = fc_pool_for(&sampler->run, train_slot, &v, v.n_slots, 1);
            if (status == FC_OK) {
                const uint64_t done = (v.first_block + WAVE) * v.block;
                report(options, *n_eval + (done < v.n_points ? done : v.n_points));
            }
        }
        *n_eval += v.n_points;
        if (status == FC_OK && trains) {
            status = refine_map(&v);
        }
    }
    if (record != NULL) {
        const uint64_t n_seen = v.iteration * v.n_points;
        record->n = n_seen < record->capacity ? (size_t)n_seen : record->capacity;
    }
    if (status == FC_OK && trains && v.n_points > 0) {
        double mapped = 0, mean = 0;
        for (size_t slot = 0; slot < SLOTS; slot++) {
            mapped += v.second[8 * slot];
            *flat += v.second[8 * slot + 1];
            mean += v.second[8 * slot + 2];
        }
        mean /= (double)v.n_points;
        mapped = mapped / (double)v.n_points - mean * mean / v.n_out;
        *flat = *flat / (double)v.n_points - mean * mean / v.n_out;
        *gain = *flat > 0 ? fmax(mapped, 0) / *flat : 1;
    }
    sampler->map = NULL;
    sampler->keep_density = false;
    fc_sobol_destroy(sobol);
    release(&v);
    return status;
}

/* A hypercube's share of integral, variance and next stratification. */
static void cube_finish(const vegas *v, uint64_t cube, const fc_moments *moments, double *integral,
                        double *variance)
{
    const double share = 1.0 / (double)v->strata.n_cubes;
    double sum = 0;
    for (unsigned o = 0; o < v->n_out; o++) {
        const fc_moments *m = &moments[o];
        const double n = (double)m->n, of_points = n > 1 ? m->m2 / (n - 1) : 0;
        integral[o] += m->mean * share;
        variance[o] += of_points / n * share * share;
        sum += of_points;
    }
    v->strata.strength[cube] = fc_strata_strength(sum);
}

static fc_status measure_block(vegas *v, size_t index, double *histogram, fc_scratch *s,
                               unsigned worker)
{
    const size_t block = v->sampler->block;
    const unsigned n_out = v->n_out;
    const uint64_t first = (v->first_block + index) * block;
    const size_t n = v->n_points - first < block ? (size_t)(v->n_points - first) : block;
    for (unsigned d = 0; d < v->n_dim; d++) {
        fc_random_uniform(v->seed, (v->iteration + 1) << 32 | d, first, n, s->u[d]);
    }
    uint64_t cube = fc_strata_cube_of(&v->strata, first);
    fc_strata_place(&v->strata, s->u, cube, first, n);
    fc_status status = fc_sampler_evaluate(v->sampler, s, worker, n);
    if (status != FC_OK) {
        return status;
    }
    double *integral = v->inner + index * n_out, *variance = v->inner_variance + index * n_out;
    memset(integral, 0, n_out * sizeof *integral);
    memset(variance, 0, n_out * sizeof *variance);
    v->head[index].present = v->tail[index].present = false;
    v->largest[index] = 0;
    for (size_t i = 0; i < n; cube++) {
        const uint64_t count = v->strata.offset[cube + 1] - v->strata.offset[cube];
        const uint64_t stop = v->strata.offset[cube + 1] - first;
        const size_t end = stop < n ? (size_t)stop : n;
        /* The first and the last hypercube may go on in other blocks; the first is "head" even when
         * whole. */
        const bool is_head = i == 0, is_tail = !is_head && end == n;
        fc_moments on_stack[8], *moments = on_stack;
        if (is_head) {
            moments = v->head_moments + index * n_out;
            v->head[index] = (edge_cube){cube, true};
        } else if (is_tail || n_out > 8) { /* the tail's place also serves while it is free */
            moments = v->tail_moments + index * n_out;
        }
        for (unsigned o = 0; o < n_out; o++) {
            moments[o] = fc_moments_of(s->y[o] + i, end - i);
            double far =
                fmax(moments[o].greatest - moments[o].mean, moments[o].mean - moments[o].least);
            double weight = 1 / ((double)count * (double)v->strata.n_cubes);
            v->largest[index] = fmax(v->largest[index], far * far * weight * weight);
        }
        if (is_tail) {
            v->tail[index] = (edge_cube){cube, true};
        } else if (!is_head) {
            cube_finish(v, cube, moments, integral, variance);
        }
        fill_squares(v, s, i, end, 1 / ((double)count * (double)v->strata.n_cubes));
        i = end;
        if (n_out == 1 && i < n) { /* most of the time all the others but the last */
            const fc_strata_row row = {s->y[0], s->weight, first, n};
            fc_strata_sums sums = {*integral, *variance, v->largest[index]};
            cube = fc_strata_finish(&v->strata, &row, cube + 1, &i, &sums) - 1;
            *integral = sums.integral;
            *variance = sums.variance;
            v->largest[index] = sums.largest;
        }
    }
    if (v->learns) {
        fill_histogram(v, s, histogram, n);
    }
    return FC_OK;
}

static fc_status measure_slot(void *context, size_t begin, size_t end, unsigned worker)
{
    vegas *v = context;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(v->sampler, worker, &s);
    for (size_t slot = begin; slot < end; slot++) {
        double *histogram = v->histogram + slot * v->histogram_size;
        for (size_t index = slot; status == FC_OK && index < WAVE; index += v->n_slots) {
            if ((v->first_block + index) * v->sampler->block >= v->n_points) {
                break;
            }
            status = measure_block(v, index, histogram, s, worker);
        }
    }
    return status;
}

/* Adds the wave's blocks in order. `open` is the hypercube that the last block left unfinished. */
static void gather(vegas *v, size_t n_blocks, edge_cube *open, fc_moments *open_moments,
                   double *integral, double *variance)
{
    const unsigned n_out = v->n_out;
    for (size_t b = 0; b < n_blocks; b++) {
        if (open->present && open->cube != v->head[b].cube) {
            cube_finish(v, open->cube, open_moments, integral, variance);
            open->present = false;
        }
        for (unsigned o = 0; o < n_out; o++) {
            if (!open->present) {
                open_moments[o] = v->head_moments[b * n_out + o];
            } else {
                fc_moments_merge(&open_moments[o], &v->head_moments[b * n_out + o]);
            }
        }
        *open = v->head[b];
        for (unsigned o = 0; o < n_out; o++) {
            integral[o] += v->inner[b * n_out + o];
            variance[o] += v->inner_variance[b * n_out + o];
        }
        if (v->tail[b].present) {
            cube_finish(v, open->cube, open_moments, integral, variance);
            *open = v->tail[b];
            memcpy(open_moments, v->tail_moments + b * n_out, n_out * sizeof *open_moments);
        }
    }
}

/* One pass over all hypercubes: the integral and its variance by output. n_before evaluations were
 * made before. */
static fc_status iterate(vegas *v, const fc_mc_options *options, uint64_t n_before, edge_cube *open,
                         fc_moments *open_moments, double *integral, double *variance,
                         double *largest)
{
    const uint64_t n_blocks = (v->n_points + v->sampler->block - 1) / v->sampler->block;
    v->n_slots = slots_for(n_blocks);
    memset(integral, 0, v->n_out * sizeof *integral);
    memset(variance, 0, v->n_out * sizeof *variance);
    open->present = false;
    fc_status status = FC_OK;
    for (v->first_block = 0; status == FC_OK && v->first_block < n_blocks; v->first_block += WAVE) {
        const uint64_t left = n_blocks - v->first_block;
        const size_t wave = left < WAVE ? (size_t)left : WAVE;
        status = fc_pool_for(&v->sampler->run, measure_slot, v,
                             wave < v->n_slots ? wave : v->n_slots, 1);
        if (status == FC_OK) {
            gather(v, wave, open, open_moments, integral, variance);
            for (size_t b = 0; b < wave; b++) {
                *largest = fmax(*largest, v->largest[b]);
            }
            const uint64_t done = (v->first_block + wave) * v->sampler->block;
            report(options, n_before + (done < v->n_points ? done : v->n_points));
        }
    }
    if (status == FC_OK) {
        cube_finish(v, open->cube, open_moments, integral, variance);
        status = v->learns ? refine_map(v) : FC_OK;
    }
    return status;
}

/* Chance that chi-squared with dof degrees of freedom passes x, by Wilson and Hilferty's normal
 * approximation. */
static double chi2_tail(double x, unsigned dof)
{
    const double v = 2.0 / (9.0 * dof);
    return 0.5 * erfc((cbrt(x / dof) - (1 - v)) / sqrt(2 * v));
}

static void vegas_result(unsigned n_out, unsigned n_iterations, const double *integrals,
                         const double *variances, double largest, fc_mc_result *result)
{
    bool inconsistent = false, zero = true, dominated = false;
    for (unsigned o = 0; o < n_out; o++) {
        double mean = 0, variance = 0, chi2 = 0;
        for (unsigned k = 0; k < n_iterations; k++) {
            mean += integrals[k * n_out + o] / n_iterations;
            variance += variances[k * n_out + o];
        }
        for (unsigned k = 0; k < n_iterations; k++) {
            double delta = integrals[k * n_out + o] - mean;
            chi2 += variances[k * n_out + o] > 0 ? delta * delta / variances[k * n_out + o] : 0;
        }
        zero = zero && mean == 0 && variance == 0;
        dominated = dominated || (variance > 0 && largest > DOMINANT * variance);
        result->integral[o] = mean;
        result->error[o] = sqrt(variance) / n_iterations;
        if (n_iterations > 1 && chi2_tail(chi2, n_iterations - 1) < 1e-3) {
            inconsistent = true;
            result->error[o] *= sqrt(chi2 / (n_iterations - 1));
        }
        if (o == 0) {
            result->chi2 = chi2;
            result->dof = n_iterations - 1;
        }
    }
    result->outcome = zero           ? FC_MC_ZERO
                      : inconsistent ? FC_MC_INCONSISTENT
                      : dominated    ? FC_MC_DOMINATED
                                     : FC_MC_TRUSTED;
}

fc_status fc_vegas(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    const unsigned n_out = sampler->f->n_out;
    /* Few points: fewer iterations, at least some points each. */
    unsigned measuring = MEASURING, warm_up = WARM_UP;
    while (measuring > 2 && options->n / (measuring + warm_up) < 64) {
        measuring--;
        warm_up -= warm_up > 0;
    }
    if (options->n < 8) {
        measuring = 1;
        warm_up = 0;
    }
    const uint64_t n_warm = warm_up > 0 ? options->n / WARM_SHARE / warm_up : 0;
    const uint64_t n_each = (options->n - n_warm * warm_up) / measuring;
    fc_vegas_map *map;
    fc_status status =
        fc_vegas_map_create(sampler->f->n_dim, fc_vegas_bins(sampler->f->n_dim, n_each), &map);
    if (status != FC_OK) {
        return status;
    }
    vegas v;
    status = prepare(&v, sampler, map, options->seed);
    if (status != FC_OK) {
        fc_vegas_map_destroy(map);
        return status;
    }
    /* The stratification with more hypercubes: of few points, training may get more an iteration.
     */
    fc_strata_choose(&v.strata, n_warm > n_each ? n_warm : n_each);
    const uint64_t room = v.strata.n_cubes;
    fc_strata_choose(&v.strata, warm_up > 0 ? n_warm : n_each);
    v.strata.offset = fc_malloc(room + 1, sizeof *v.strata.offset);
    v.strata.strength = fc_calloc(room, sizeof *v.strata.strength);
    double *old = fc_malloc(v.strata.n_cubes, sizeof *old);
    double *integrals = fc_calloc((MEASURING + 1) * 2 * (size_t)n_out, sizeof *integrals);
    fc_moments *open_moments = fc_calloc(n_out, sizeof *open_moments);
    double *variances = NULL, largest = 0;
    edge_cube open = {0};
    if (v.strata.offset == NULL || v.strata.strength == NULL || old == NULL || integrals == NULL ||
        open_moments == NULL) {
        status = FC_ERR_NOMEM;
    } else {
        variances = integrals + (MEASURING + 1) * (size_t)n_out;
    }
    sampler->map = map;
    for (unsigned k = 0; status == FC_OK && k < warm_up + measuring; k++, v.iteration++) {
        const uint64_t n = k < warm_up ? n_warm : n_each;
        if (k == warm_up && k > 0) { /* another number of points, another stratification */
            fc_strata_cut_again(&v.strata, n, old);
        }
        fc_strata_distribute(&v.strata, n);
        v.n_points = v.strata.offset[v.strata.n_cubes];
        v.learns = k + 1 < warm_up + measuring;
        const unsigned row =
            k < warm_up ? measuring : k - warm_up; /* training goes to the spare row */
        if (k == warm_up) {
            largest = 0;
        }
        status = iterate(&v, options, result->n_eval, &open, open_moments, integrals + row * n_out,
                         variances + row * n_out, &largest);
        result->n_eval += v.n_points;
    }
    if (status == FC_OK) {
        vegas_result(n_out, measuring, integrals, variances, largest, result);
    }
    sampler->map = NULL;
    release(&v);
    fc_free(old);
    fc_free(integrals);
    fc_free(open_moments);
    fc_vegas_map_destroy(map);
    return status;
}
