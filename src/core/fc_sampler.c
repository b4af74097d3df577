/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocks of random points; contract in fc_sampler.h. */
#include "fc_sampler.h"

#include <math.h>

#include "fc_alloc.h"

#define LEAST_BLOCK 64
#define MOST_BLOCK 1024
#define BLOCK_COORDINATES 16384 /* a block's coordinates stay in the second-level cache */

fc_moments fc_moments_of(const double *values, size_t n)
{
    fc_moments moments = {.n = n, .least = INFINITY, .greatest = -INFINITY};
    double sum[4] = {0}, m2[4] = {0};
    for (size_t i = 0; i < n; i++) {
        sum[i % 4] += values[i];
        moments.least = values[i] < moments.least ? values[i] : moments.least;
        moments.greatest = values[i] > moments.greatest ? values[i] : moments.greatest;
    }
    moments.mean = n > 0 ? ((sum[0] + sum[1]) + (sum[2] + sum[3])) / (double)n : 0;
    for (size_t i = 0; i < n; i++) {
        double delta = values[i] - moments.mean;
        m2[i % 4] += delta * delta;
    }
    moments.m2 = (m2[0] + m2[1]) + (m2[2] + m2[3]);
    return moments;
}

void fc_moments_merge(fc_moments *total, const fc_moments *part)
{
    if (part->n == 0) {
        return;
    }
    if (total->n == 0) {
        *total = *part;
        return;
    }
    const double n = (double)(total->n + part->n), delta = part->mean - total->mean;
    total->mean += delta * ((double)part->n / n);
    total->m2 += part->m2 + delta * delta * ((double)total->n * ((double)part->n / n));
    total->n += part->n;
    total->least = fmin(total->least, part->least);
    total->greatest = fmax(total->greatest, part->greatest);
}

double fc_moments_error(const fc_moments *moments)
{
    const double n = (double)moments->n;
    return moments->n < 2 ? INFINITY : sqrt(moments->m2 / n / (n - 1));
}

void fc_sampler_init(fc_sampler *sampler, const fc_run *run, const fc_integrand *f,
                     const fc_domain *domain)
{
    *sampler = (fc_sampler){.f = f, .domain = domain};
    if (run != NULL) {
        sampler->run = *run;
    }
    if (f->serial || fc_domain_is_serial(domain)) {
        sampler->run.width = 1;
    }
    sampler->block = MOST_BLOCK;
    while (sampler->block > LEAST_BLOCK && sampler->block * f->n_dim > BLOCK_COORDINATES) {
        sampler->block /= 2;
    }
}

void fc_sampler_release(fc_sampler *sampler)
{
    for (unsigned w = 0; w < FC_MAX_WIDTH; w++) {
        fc_free(sampler->scratch[w].memory);
        fc_free(sampler->scratch[w].u);
    }
}

fc_status fc_sampler_scratch(fc_sampler *sampler, unsigned worker, fc_scratch **out)
{
    fc_scratch *s = &sampler->scratch[worker];
    *out = s;
    if (s->memory != NULL) {
        return FC_OK;
    }
    const size_t n_dim = sampler->f->n_dim, n_out = sampler->f->n_out, block = sampler->block;
    const size_t rows = 2 * n_dim + n_out + 2;
    /* The bins follow the doubles: n_dim rows of 16-bit numbers. */
    double **rows_of = fc_malloc(2 * n_dim + n_out, sizeof *rows_of + sizeof(uint16_t *));
    char *memory =
        fc_calloc_aligned(FC_CACHE_LINE, block, rows * sizeof(double) + n_dim * sizeof(uint16_t));
    if (rows_of == NULL || memory == NULL) {
        fc_free(rows_of);
        fc_free(memory);
        return FC_ERR_NOMEM;
    }
    double *next = (double *)memory;
    s->u = rows_of;
    s->x = s->u + n_dim;
    s->y = s->x + n_dim;
    s->bin = (uint16_t **)(s->y + n_out);
    for (size_t r = 0; r < 2 * n_dim + n_out; r++, next += block) {
        rows_of[r] = next;
    }
    s->weight = next;
    s->density = next + block;
    uint16_t *bins = (uint16_t *)(next + 2 * block);
    for (size_t d = 0; d < n_dim; d++, bins += block) {
        s->bin[d] = bins;
    }
    s->memory = memory;
    return FC_OK;
}

fc_status fc_sampler_evaluate(fc_sampler *sampler, fc_scratch *s, unsigned worker, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        s->density[i] = 1;
    }
    for (unsigned d = 0; sampler->map != NULL && d < sampler->f->n_dim; d++) {
        fc_vegas_map_apply(sampler->map, d, n, s->u[d], s->density, s->bin[d]);
    }
    for (size_t i = 0; i < n; i++) {
        s->weight[i] = s->density[i];
    }
    fc_status status =
        fc_domain_map(sampler->domain, worker, n, (const double *const *)s->u, s->x, s->weight);
    if (status == FC_OK) {
        status =
            sampler->f->eval(sampler->f->context, worker, n, (const double *const *)s->x, s->y);
    }
    size_t n_bad = 0;
    for (unsigned o = 0; status == FC_OK && o < sampler->f->n_out; o++) {
        double *y = s->y[o];
        for (size_t i = 0; i < n; i++) {
            double value = y[i] * s->weight[i];
            bool bad = !(fabs(value) <= 1.7976931348623157e308);
            n_bad += bad;
            y[i] = bad ? 0 : value;
        }
    }
    if (n_bad != 0) {
        atomic_fetch_add_explicit(&sampler->n_bad, n_bad, memory_order_relaxed);
    }
    return status;
}
