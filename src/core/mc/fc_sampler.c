/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Blocks of random points; contract in fc_sampler.h. */
#include "fc_sampler.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"

#define LEAST_BLOCK 64
#define MOST_BLOCK 1024
#define DOMINANT 0.1 /* share of the variance due to one point that makes the error a guess */
#define BLOCK_COORDINATES 16384 /* a block's coordinates stay in the second-level cache */

/* Vectors of two doubles: what every instruction set has, so that sums are the same everywhere. */
typedef double pair __attribute__((vector_size(2 * sizeof(double))));
typedef int64_t pair_of_masks __attribute__((vector_size(2 * sizeof(int64_t))));

static inline pair select_pair(pair_of_masks mask, pair yes, pair no)
{
    return (pair)((mask & (pair_of_masks)yes) | (~mask & (pair_of_masks)no));
}

static inline pair load_pair(const double *p)
{
    pair v;
    memcpy(&v, p, sizeof v);
    return v;
}

fc_moments fc_moments_of(const double *values, size_t n)
{
    fc_moments moments = {.n = n, .least = INFINITY, .greatest = -INFINITY};
    double rest = 0, rest2 = 0;
    pair sum[2] = {0}, m2[2] = {0};
    pair least[2] = {{INFINITY, INFINITY}, {INFINITY, INFINITY}};
    pair greatest[2] = {-least[0], -least[0]};
    const size_t whole = n & ~(size_t)3;
    for (size_t i = 0; i < whole; i += 4) {
        for (size_t k = 0; k < 2; k++) {
            const pair v = load_pair(values + i + 2 * k);
            sum[k] += v;
            least[k] = select_pair(v < least[k], v, least[k]);
            greatest[k] = select_pair(v > greatest[k], v, greatest[k]);
        }
    }
    for (size_t i = whole; i < n; i++) {
        rest += values[i];
        moments.least = fmin(values[i], moments.least);
        moments.greatest = fmax(values[i], moments.greatest);
    }
    for (size_t k = 0; k < 4; k++) {
        moments.least = fmin(least[k / 2][k % 2], moments.least);
        moments.greatest = fmax(greatest[k / 2][k % 2], moments.greatest);
    }
    sum[0] += sum[1];
    moments.mean = n > 0 ? (sum[0][0] + sum[0][1] + rest) / (double)n : 0;
    for (size_t i = 0; i < whole; i += 4) {
        for (size_t k = 0; k < 2; k++) {
            const pair delta = load_pair(values + i + 2 * k) - moments.mean;
            m2[k] += delta * delta;
        }
    }
    for (size_t i = whole; i < n; i++) {
        const double delta = values[i] - moments.mean;
        rest2 += delta * delta;
    }
    m2[0] += m2[1];
    moments.m2 = m2[0][0] + m2[0][1] + rest2;
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

bool fc_moments_is_dominated(const fc_moments *m)
{
    const double far = fmax(m->greatest - m->mean, m->mean - m->least);
    return m->n >= 32 && far * far > DOMINANT * m->m2 && m->m2 > 0;
}

bool fc_moments_is_zero(const fc_moments *moments)
{
    return moments->least == 0 && moments->greatest == 0;
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
    const fc_domain *domain = sampler->domain;
    for (size_t d = 0; d < n_dim; d++) { /* on the unit interval nothing need be copied */
        const bool fixed = (domain->lower_fn == NULL || domain->lower_fn[d] == NULL) &&
                           (domain->upper_fn == NULL || domain->upper_fn[d] == NULL);
        if (fixed && domain->lower[d] == 0 && domain->upper[d] == 1) {
            s->x[d] = s->u[d];
        }
    }
    s->memory = memory;
    return FC_OK;
}

fc_status fc_sampler_evaluate(fc_sampler *sampler, fc_scratch *s, unsigned worker, size_t n)
{
    for (size_t i = 0; i < n && !sampler->weighted; i++) {
        s->weight[i] = 1;
    }
    for (unsigned d = 0; sampler->map != NULL && d < sampler->f->n_dim; d++) {
        fc_vegas_map_apply(sampler->map, d, n, s->u[d], s->weight, s->bin[d]);
    }
    if (sampler->keep_density) {
        memcpy(s->density, s->weight, n * sizeof *s->density);
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
        const double *weight = s->weight;
        const double scale = sampler->scale != NULL ? sampler->scale[o] : 1;
        int64_t bad = 0; /* as wide as a double: then the loop goes in vectors */
        for (size_t i = 0; i < n; i++) {
            y[i] = y[i] * scale * weight[i];
            bad |= fabs(y[i]) <= DBL_MAX ? 0 : -1;
        }
        for (size_t i = 0; i < n && bad != 0; i++) {
            if (!isfinite(y[i])) {
                n_bad++;
                y[i] = 0;
            }
        }
    }
    if (n_bad != 0) {
        atomic_fetch_add_explicit(&sampler->n_bad, n_bad, memory_order_relaxed);
    }
    return status;
}
