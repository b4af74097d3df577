/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Plain Monte Carlo, and the choice of the method; contract in fc_mc.h.
 *
 * Points are made in blocks whose random numbers depend on the block's number alone. Blocks run in
 * waves of fixed length, and a wave's results are added up in order before the next begins: memory
 * stays constant, and no bit depends on how many workers there are.
 *
 * An integral of extreme size is calculated again in other units. */
#include "fc_mc.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_nets.h"
#include "fc_random.h"
#include "fc_vegas.h"

#define WAVE 256 /* blocks between two additions */
#define BATCHES 16
#define MOST_UNSCALED 1e120 /* and the least is 1 over it: squares of squares keep their digits */
#define MOST_EXPONENT 1000
#define ROUNDING 16 /* DBL_EPSILON, of a mean */

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

static fc_status run_plain(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    const unsigned n_out = sampler->f->n_out;
    const uint64_t n_blocks = (options->n + sampler->block - 1) / sampler->block;
    plain p = {.sampler = sampler, .seed = options->seed, .n = options->n};
    p.moments = fc_calloc(WAVE * (size_t)n_out, sizeof *p.moments);
    fc_moments *total = fc_calloc((size_t)n_out + BATCHES, sizeof *total);
    fc_moments *batch = total != NULL ? total + n_out : NULL; /* of output 0 */
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
            dominated = dominated || fc_moments_is_dominated(&total[o]);
            zero = zero && fc_moments_is_zero(&total[o]);
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

static void reset(fc_mc_result *result)
{
    result->n_eval = result->n_bad = 0;
    result->chi2 = 0;
    result->dof = 0;
    result->net = FC_NET_NONE;
    result->variate = false;
    result->outcome = FC_MC_TRUSTED;
}

static fc_status run_method(fc_sampler *sampler, const fc_mc_options *options, fc_mc_result *result)
{
    reset(result);
    const fc_status status = options->method == FC_MC_PLAIN   ? run_plain(sampler, options, result)
                             : options->method == FC_MC_SOBOL ? fc_nets(sampler, options, result)
                                                              : fc_vegas(sampler, options, result);
    result->n_bad = atomic_load_explicit(&sampler->n_bad, memory_order_relaxed);
    return status;
}

/* Where an output is so large or small that its squares, which the errors are made of, overflow or
 * vanish, a power of 2 that makes it about 1; false if there is no such output. */
static bool choose_scale(const fc_mc_result *result, unsigned n_out, double *scale)
{
    bool any = false;
    for (unsigned o = 0; o < n_out; o++) {
        const double size = fabs(result->integral[o]);
        const bool extreme = size > MOST_UNSCALED || (size > 0 && size < 1 / MOST_UNSCALED);
        scale[o] = 1;
        if (extreme && isfinite(size)) {
            int exponent;
            (void)frexp(size, &exponent);
            scale[o] = ldexp(1, exponent < -MOST_EXPONENT ? MOST_EXPONENT : -exponent);
            any = true;
        }
    }
    return any;
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
    reset(result);
    if (fc_domain_is_empty(domain)) {
        memset(result->integral, 0, f->n_out * sizeof *result->integral);
        memset(result->error, 0, f->n_out * sizeof *result->error);
        return FC_OK;
    }
    fc_sampler *sampler = fc_malloc(1, sizeof *sampler);
    double *scale = fc_malloc(f->n_out, sizeof *scale);
    if (sampler == NULL || scale == NULL) {
        fc_free(sampler);
        fc_free(scale);
        return FC_ERR_NOMEM;
    }
    fc_sampler_init(sampler, run, f, domain);
    status = run_method(sampler, options, result);
    if (status == FC_OK && result->n_bad == 0 && choose_scale(result, f->n_out, scale)) {
        sampler->scale = scale;
        status = run_method(sampler, options, result);
        for (unsigned o = 0; status == FC_OK && o < f->n_out; o++) {
            result->integral[o] /= scale[o];
            result->error[o] /= scale[o];
        }
    }
    fc_free(scale);
    for (unsigned o = 0; status == FC_OK && o < f->n_out; o++) {
        /* Without variance there are rounding errors still. */
        const double noise = result->outcome == FC_MC_ZERO ? 0 : ROUNDING * DBL_EPSILON;
        result->error[o] = fmax(result->error[o], noise * fabs(result->integral[o]));
    }
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
