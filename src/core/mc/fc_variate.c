/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tensor trains as control variates; contract in fc_variate.h, the loops over points in
 * fc_variate_kernel.h. */
#include "fc_variate.h"

#include <string.h>

#include "fc_alloc.h"
#include "fc_cpu.h"
#include "fc_variate_kernel.h"

unsigned fc_variate_functions(const fc_variate_core *core)
{
    return core->n_pieces * core->terms;
}

fc_variate *fc_variate_create(unsigned n_dim)
{
    const size_t head = sizeof(fc_variate) + n_dim * sizeof(fc_variate_core);
    fc_variate *variate = fc_calloc(1, head + n_dim * FC_VARIATE_MAX_COEFFICIENTS * sizeof(double));
    if (variate == NULL) {
        return NULL;
    }
    variate->n_dim = n_dim;
    double *c = (double *)(void *)((char *)variate + head);
    for (unsigned d = 0; d < n_dim; d++, c += FC_VARIATE_MAX_COEFFICIENTS) {
        variate->cores[d] = (fc_variate_core){.n_pieces = 1, .edges = {0, 1}, .c = c};
    }
    return variate;
}

void fc_variate_copy(fc_variate *to, const fc_variate *from)
{
    to->rank = from->rank;
    to->integral = from->integral;
    to->residual = from->residual;
    for (unsigned d = 0; d < from->n_dim; d++) {
        fc_variate_core *core = &to->cores[d];
        double *c = core->c;
        *core = from->cores[d];
        core->c = c;
        memcpy(c, from->cores[d].c,
               (size_t)core->left * core->right * fc_variate_functions(core) * sizeof *c);
    }
}

void fc_variate_complete(fc_variate *variate)
{
    double row[FC_VARIATE_MAX_RANK] = {1};
    variate->rank = 1;
    for (unsigned d = 0; d < variate->n_dim; d++) {
        const fc_variate_core *core = &variate->cores[d];
        double next[FC_VARIATE_MAX_RANK] = {0};
        for (unsigned e = 0; e < core->left * core->right; e++) {
            const double *c = core->c + (size_t)e * fc_variate_functions(core);
            double integral = 0;
            for (unsigned p = 0; p < core->n_pieces; p++, c += core->terms) {
                double of_piece = 0;
                for (unsigned k = 0; k < core->terms; k += 2) {
                    of_piece += c[k] / (1 - (double)k * k);
                }
                integral += of_piece * (core->edges[p + 1] - core->edges[p]);
            }
            next[e % core->right] += row[e / core->right] * integral;
        }
        memcpy(row, next, sizeof row);
        variate->rank = core->right > variate->rank ? core->right : variate->rank;
    }
    variate->integral = row[0];
}

double fc_variate_work(const fc_variate *variate)
{
    double work = 0;
    for (unsigned d = 0; d < variate->n_dim; d++) {
        const fc_variate_core *core = &variate->cores[d];
        work += (1.0 + (double)core->left * core->right) * fc_variate_functions(core);
    }
    return work;
}

static fc_variate_values_fn *values_fn(void)
{
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        return fc_variate_values_avx2;
    }
#endif
    return variate_values;
}

void fc_variate_values(const fc_variate *variate, const double *const *x, size_t n, double *out)
{
    values_fn()(variate, x, 0, n, out);
}

void fc_variate_subtract(const fc_variate *variate, const double *const *x, const double *weight,
                         size_t n, double *y)
{
    enum { chunk = 64 };
    fc_variate_values_fn *values = values_fn();
    double h[chunk];
    for (size_t at = 0; at < n; at += chunk) {
        const size_t part = n - at < chunk ? n - at : chunk;
        values(variate, x, at, part, h);
        for (size_t i = 0; i < part; i++) {
            y[at + i] -= weight != NULL ? h[i] * weight[at + i] : h[i];
        }
    }
}
