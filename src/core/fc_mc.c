/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Plain Monte Carlo and randomised Sobol points; contract in fc_mc.h.
 *
 * Points are made in blocks whose random numbers depend on the block's number alone. Blocks run in
 * waves of fixed length, and a wave's results are added up in order before the next begins: memory
 * stays constant, and no bit depends on how many workers there are.
 *
 * Sobol: the integral is the mean over R independent nested uniform scramblings of a net of 2^m
 * points, R 2^m the largest such number within n with 14 <= R < 28 (more once 2^m cannot grow).
 * Their spread is an unbiased estimate of the error (Owen, "Randomly permuted (t,m,s)-nets", 1995;
 * L'Ecuyer, Nakayama, Owen, Tuffin, "Confidence intervals for randomized quasi-Monte Carlo
 * estimators", WSC 2023, on why Student's t with few replicates covers well). */
#include "fc_mc.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_random.h"
#include "fc_sobol.h"
#include "fc_vegas.h"

#define WAVE 256 /* blocks between two additions */
#define BATCHES 16
#define LEAST_REPLICATES 14 /* an eighth of 2^k goes to a map: what is left is 14 nets */
#define MOST_LOG2 28        /* a replicate's points at most: larger n takes more replicates */
#define DOMINANT 0.1 /* share of the variance due to one point that makes the error a guess */
#define USEFUL_GAIN 0.5
#define LEAST_TO_ADAPT 8192

double fc_student_factor(unsigned dof)
{
    if (dof < 3) {
        return dof == 2 ? 2.27 : 6.97; /* 4.53 / 2 and 13.97 / 2 */
    }
    /* Cornish and Fisher's expansion at z = 2 (Abramowitz and Stegun 26.7.5). */
    const double v = dof;
    return (2 + 10 / (4 * v) + 294 / (96 * v * v) + 1098 / (384 * v * v * v) +
            (79.0 * 512 + 776.0 * 128 + 1482.0 * 32 - 1920.0 * 8 - 945.0 * 2) /
                (92160 * v * v * v * v)) /
           2;
}

typedef struct plain {
    fc_sampler *sampler;
    uint64_t seed, n, first_block;
    fc_moments *moments; /* of a wave's blocks, n_out each */
} plain;

static fc_status plain_block(void *context, size_t begin, size_t end, unsigned worker)
{
    plain *p = context;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(p->sampler, worker, &s);
    const unsigned n_out = p->sampler->f->n_out;
    for (size_t b = begin; status == FC_OK && b < end; b++) {
        const uint64_t first = (p->first_block + b) * p->sampler->block;
        const size_t n =
            p->n - first < p->sampler->block ? (size_t)(p->n - first) : p->sampler->block;
        for (unsigned d = 0; d < p->sampler->f->n_dim; d++) {
            fc_random_uniform(p->seed, d, first, n, s->u[d]);
        }
        status = fc_sampler_evaluate(p->sampler, s, worker, n);
        for (unsigned o = 0; status == FC_OK && o < n_out; o++) {
            p->moments[b * n_out + o] = fc_moments_of(s->y[o], n);
        }
    }
    return status;
}

/* Is one point's squared deviation a good part of the sum of all? */
static bool is_dominated(const fc_moments *m)
{
    double far = fmax(m->greatest - m->mean, m->mean - m->least);
    return m->n >= 32 && far * far > DOMINANT * m->m2 && m->m2 > 0;
}

static bool is_zero(const fc_moments *m)
{
    return m->least == 0 && m->greatest == 0;
}

static fc_status run_plain(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    const unsigned n_out = sampler->f->n_out;
    const uint64_t n_blocks = (options->n + sampler->block - 1) / sampler->block;
    plain p = {.sampler = sampler, .seed = options->seed, .n = options->n};
    p.moments = fc_calloc(WAVE * n_out, sizeof *p.moments);
    fc_moments *total = fc_calloc(n_out + BATCHES, sizeof *total);
    fc_moments *batch = total + n_out; /* of output 0 */
    fc_status status = p.moments != NULL && total != NULL ? FC_OK : FC_ERR_NOMEM;
    while (status == FC_OK && p.first_block < n_blocks) {
        const uint64_t left = n_blocks - p.first_block;
        const size_t wave = left < WAVE ? (size_t)left : WAVE;
        status = fc_pool_for(&sampler->run, plain_block, &p, wave, 1);
        for (size_t b = 0; status == FC_OK && b < wave; b++) {
            for (unsigned o = 0; o < n_out; o++) {
                fc_moments_merge(&total[o], &p.moments[b * n_out + o]);
            }
            const double at = (double)(p.first_block + b) / (double)n_blocks;
            fc_moments_merge(&batch[(unsigned)(at * BATCHES)], &p.moments[b * n_out]);
        }
        p.first_block += wave;
        if (status == FC_OK && options->progress != NULL) {
            uint64_t done = p.first_block * sampler->block;
            options->progress(options->progress_context, done < options->n ? done : options->n,
                              options->n);
        }
    }
    if (status == FC_OK) {
        bool dominated = false, zero = true;
        for (unsigned o = 0; o < n_out; o++) {
            result->integral[o] = total[o].mean;
            result->error[o] =
                fc_moments_error(&total[o]) *
                fc_student_factor(options->n < 1000 ? (unsigned)options->n - 1 : 1000);
            dominated = dominated || is_dominated(&total[o]);
            zero = zero && is_zero(&total[o]);
        }
        for (unsigned k = 0; k < BATCHES; k++) {
            double error = batch[k].n > 1 ? fc_moments_error(&batch[k]) : 0;
            if (error > 0) {
                double pull = (batch[k].mean - total[0].mean) / error;
                result->chi2 += pull * pull;
                result->dof++;
            }
        }
        result->dof -= result->dof > 0;
        result->n_eval += options->n;
        result->outcome = zero ? FC_MC_ZERO : dominated ? FC_MC_DOMINATED : FC_MC_TRUSTED;
    }
    fc_free(p.moments);
    fc_free(total);
    return status;
}

typedef struct sobol_job {
    fc_sampler *sampler;
    const fc_sobol *sobol;
    uint64_t seed, first_item;
    unsigned log2_blocks; /* of a replicate */
    size_t points;        /* of a block */
    fc_moments *moments;
} sobol_job;

static fc_status sobol_block_of(void *context, size_t begin, size_t end, unsigned worker)
{
    sobol_job *job = context;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(job->sampler, worker, &s);
    const unsigned n_out = job->sampler->f->n_out;
    for (size_t i = begin; status == FC_OK && i < end; i++) {
        const uint64_t item = job->first_item + i;
        const uint32_t replicate = (uint32_t)(item >> job->log2_blocks);
        const uint64_t block = item & ((UINT64_C(1) << job->log2_blocks) - 1);
        for (unsigned d = 0; d < job->sampler->f->n_dim; d++) {
            fc_sobol_fill(job->sobol, job->seed, replicate, d, block * job->points, job->points,
                          s->u[d]);
        }
        status = fc_sampler_evaluate(job->sampler, s, worker, job->points);
        for (unsigned o = 0; status == FC_OK && o < n_out; o++) {
            job->moments[i * n_out + o] = fc_moments_of(s->y[o], job->points);
        }
    }
    return status;
}

/* Trains a map if there are points to spare, and keeps it if it lowers the variance. */
static fc_status maybe_adapt(fc_sampler *sampler, const fc_mc_options *options, uint64_t *n,
                             fc_vegas_map **map, fc_mc_result *result)
{
    *map = NULL;
    if (!options->adapt || *n < LEAST_TO_ADAPT) {
        return FC_OK;
    }
    const uint64_t most = UINT64_C(1) << 22, spare = *n / 8 < most ? *n / 8 : most;
    const unsigned n_bins = fc_vegas_bins(sampler->f->n_dim, spare / 6);
    if (n_bins < 4) {
        return FC_OK;
    }
    fc_status status = fc_vegas_map_create(sampler->f->n_dim, n_bins, map);
    if (status != FC_OK) {
        return status;
    }
    double gain = 1;
    uint64_t spent = 0;
    status = fc_vegas_train(sampler, *map, spare, options->seed, &spent, &gain);
    *n -= spent;
    result->n_eval += spent;
    result->mapped = gain < USEFUL_GAIN;
    sampler->map = result->mapped ? *map : NULL;
    return status;
}

static void sobol_result(const fc_moments *means, const fc_moments *total, unsigned n_out,
                         uint64_t n_replicates, fc_mc_result *result)
{
    bool dominated = false, zero = true;
    for (unsigned o = 0; o < n_out; o++) {
        result->integral[o] = means[o].mean;
        result->error[o] =
            fc_moments_error(&means[o]) *
            fc_student_factor(n_replicates < 1000 ? (unsigned)n_replicates - 1 : 1000);
        dominated = dominated || is_dominated(&total[o]);
        zero = zero && is_zero(&total[o]);
    }
    /* Against the spread that plain Monte Carlo would have: far below its degrees of freedom where
     * the net helps. */
    double variance =
        total[0].m2 / (double)total[0].n / ((double)total[0].n / (double)n_replicates);
    if (variance > 0) {
        result->chi2 = means[0].m2 / variance;
        result->dof = (unsigned)(n_replicates - 1);
    }
    result->outcome = zero ? FC_MC_ZERO : dominated ? FC_MC_DOMINATED : FC_MC_TRUSTED;
}

static fc_status run_sobol(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    const unsigned n_out = sampler->f->n_out;
    sobol_job job = {.sampler = sampler, .seed = options->seed};
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(sampler->f->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    uint64_t n = options->n;
    fc_vegas_map *map;
    status = maybe_adapt(sampler, options, &n, &map, result);
    unsigned log2_points = 0;
    while (log2_points < MOST_LOG2 && n >> (log2_points + 1) >= LEAST_REPLICATES) {
        log2_points++;
    }
    const uint64_t n_replicates = n >> log2_points;
    while (job.log2_blocks < log2_points &&
           UINT64_C(1) << (log2_points - job.log2_blocks) > sampler->block) {
        job.log2_blocks++;
    }
    job.points = (size_t)1 << (log2_points - job.log2_blocks);
    job.sobol = sobol;
    job.moments = fc_calloc(WAVE * n_out, sizeof *job.moments);
    fc_moments *means = fc_calloc(3 * (size_t)n_out, sizeof *means);
    fc_moments *total = means + n_out, *replicate = total + n_out;
    if (status == FC_OK && (job.moments == NULL || means == NULL)) {
        status = FC_ERR_NOMEM;
    }
    const uint64_t n_items = n_replicates << job.log2_blocks;
    while (status == FC_OK && job.first_item < n_items) {
        const uint64_t left = n_items - job.first_item;
        const size_t wave = left < WAVE ? (size_t)left : WAVE;
        status = fc_pool_for(&sampler->run, sobol_block_of, &job, wave, 1);
        for (size_t i = 0; status == FC_OK && i < wave; i++) {
            const uint64_t after = job.first_item + i + 1;
            const bool is_last = (after & ((UINT64_C(1) << job.log2_blocks) - 1)) == 0;
            for (unsigned o = 0; o < n_out; o++) {
                fc_moments_merge(&replicate[o], &job.moments[i * n_out + o]);
                if (is_last) {
                    fc_moments one = fc_moments_of(&replicate[o].mean, 1);
                    fc_moments_merge(&means[o], &one);
                    fc_moments_merge(&total[o], &replicate[o]);
                    replicate[o].n = 0;
                }
            }
        }
        job.first_item += wave;
        if (status == FC_OK && options->progress != NULL) {
            options->progress(options->progress_context,
                              result->n_eval + job.first_item * job.points, options->n);
        }
    }
    if (status == FC_OK) {
        result->n_eval += n_replicates << log2_points;
        sobol_result(means, total, n_out, n_replicates, result);
    }
    sampler->map = NULL;
    fc_vegas_map_destroy(map);
    fc_free(job.moments);
    fc_free(means);
    fc_sobol_destroy(sobol);
    return status;
}

fc_status fc_mcquad(const fc_run *run, const fc_integrand *f, const fc_domain *domain,
                    const fc_mc_options *options, fc_mc_result *result)
{
    if (f->n_dim == 0 || f->n_dim != domain->n_dim || f->n_out == 0 || options->n < 2 ||
        options->method > FC_MC_VEGAS) {
        return FC_ERR_INVALID;
    }
    fc_status status = fc_domain_check(domain);
    if (status != FC_OK) {
        return status;
    }
    result->n_eval = result->n_bad = 0;
    result->chi2 = 0;
    result->dof = 0;
    result->mapped = false;
    result->outcome = FC_MC_TRUSTED;
    if (fc_domain_is_empty(domain)) {
        memset(result->integral, 0, f->n_out * sizeof *result->integral);
        memset(result->error, 0, f->n_out * sizeof *result->error);
        return FC_OK;
    }
    fc_sampler *sampler = fc_malloc(1, sizeof *sampler);
    if (sampler == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_sampler_init(sampler, run, f, domain);
    status = options->method == FC_MC_PLAIN   ? run_plain(sampler, options, result)
             : options->method == FC_MC_SOBOL ? run_sobol(sampler, options, result)
                                              : fc_vegas(sampler, options, result);
    result->n_bad = atomic_load_explicit(&sampler->n_bad, memory_order_relaxed);
    if (status == FC_OK && result->n_bad != 0) {
        result->outcome = FC_MC_NONFINITE;
        for (unsigned o = 0; o < f->n_out; o++) {
            result->error[o] = INFINITY;
        }
    }
    fc_sampler_release(sampler);
    fc_free(sampler);
    return status;
}
