/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Ranges of integration; contract in fc_domain.h. */
#include "fc_domain.h"

#include <math.h>
#include <string.h>

/* Points whose limits are computed at once, on the stack. */
#define CHUNK 128
#define MAX_DIM_WITH_FUNCTIONS 64

static const fc_integrand *limit_of(const fc_integrand *const *functions, unsigned dim)
{
    return functions != NULL ? functions[dim] : NULL;
}

fc_status fc_domain_check(const fc_domain *domain)
{
    for (unsigned d = 0; d < domain->n_dim; d++) {
        const fc_integrand *low = limit_of(domain->lower_fn, d);
        const fc_integrand *high = limit_of(domain->upper_fn, d);
        unsigned n_outer = domain->n_dim - 1 - d;
        if ((low != NULL || high != NULL) &&
            (n_outer == 0 || domain->n_dim > MAX_DIM_WITH_FUNCTIONS)) {
            return FC_ERR_INVALID;
        }
        if ((low == NULL ? isnan(domain->lower[d]) : low->n_dim != n_outer || low->n_out != 1) ||
            (high == NULL ? isnan(domain->upper[d]) : high->n_dim != n_outer || high->n_out != 1)) {
            return FC_ERR_INVALID;
        }
    }
    return FC_OK;
}

bool fc_domain_is_empty(const fc_domain *domain)
{
    for (unsigned d = 0; d < domain->n_dim; d++) {
        if (limit_of(domain->lower_fn, d) == NULL && limit_of(domain->upper_fn, d) == NULL &&
            domain->lower[d] == domain->upper[d]) {
            return true;
        }
    }
    return false;
}

bool fc_domain_is_serial(const fc_domain *domain)
{
    for (unsigned d = 0; d < domain->n_dim; d++) {
        const fc_integrand *low = limit_of(domain->lower_fn, d);
        const fc_integrand *high = limit_of(domain->upper_fn, d);
        if ((low != NULL && low->serial) || (high != NULL && high->serial)) {
            return true;
        }
    }
    return false;
}

/* One coordinate of one point. Equal limits, infinite ones too, have measure 0. */
double fc_domain_map_point(double low, double high, double u, double *jacobian)
{
    if (isfinite(low) && isfinite(high)) {
        /* From the nearer end, so that neither end is overshot and opposite huge ends do not
         * overflow. */
        double width = high - low;
        if (isfinite(width)) {
            *jacobian *= width;
            return u <= 0.5 ? low + width * u : high - width * (1 - u);
        }
        *jacobian *= 2 * (0.5 * high - 0.5 * low);
        return low * (1 - u) + high * u;
    }
    if (low == high || isnan(low) || isnan(high)) {
        *jacobian *= low == high ? 0.0 : NAN;
        return isfinite(low) ? low : isfinite(high) ? high : 0.0;
    }
    double sign = 1;
    if (low > high) {
        double swap = low;
        low = high;
        high = swap;
        sign = -1;
    }
    if (isfinite(low)) { /* [low, inf) */
        *jacobian *= sign / ((1 - u) * (1 - u));
        return low + u / (1 - u);
    }
    if (isfinite(high)) { /* (-inf, high]: the mirror image, u small is near -inf */
        *jacobian *= sign / (u * u);
        return high - (1 - u) / u;
    }
    double t = 2 * u - 1, s = 4 * u * (1 - u); /* s = 1 - t^2 without cancellation */
    *jacobian *= sign * 2 * (1 + t * t) / (s * s);
    return t / s;
}

/* The limit of coordinate `dim` at n points whose outer coordinates are known; constants are
 * spread. */
static fc_status limit_values(const fc_integrand *function, double constant, unsigned dim,
                              unsigned n_dim, unsigned worker, size_t n, double *const *x,
                              size_t offset, double *values)
{
    if (function == NULL) {
        for (size_t i = 0; i < n; i++) {
            values[i] = constant;
        }
        return FC_OK;
    }
    const double *outer[MAX_DIM_WITH_FUNCTIONS];
    for (unsigned d = dim + 1; d < n_dim; d++) {
        outer[d - dim - 1] = x[d] + offset;
    }
    double *out[1] = {values};
    return function->eval(function->context, worker, n, outer, out);
}

static fc_status map_by_functions(const fc_domain *domain, unsigned dim, unsigned worker, size_t n,
                                  const double *u, double *const *x, double *jacobian)
{
    _Alignas(64) double low[CHUNK], high[CHUNK];
    const fc_integrand *low_fn = limit_of(domain->lower_fn, dim);
    const fc_integrand *high_fn = limit_of(domain->upper_fn, dim);
    for (size_t begin = 0; begin < n; begin += CHUNK) {
        size_t count = n - begin < CHUNK ? n - begin : CHUNK;
        fc_status status = limit_values(low_fn, domain->lower[dim], dim, domain->n_dim, worker,
                                        count, x, begin, low);
        if (status == FC_OK) {
            status = limit_values(high_fn, domain->upper[dim], dim, domain->n_dim, worker, count, x,
                                  begin, high);
        }
        if (status != FC_OK) {
            return status;
        }
        for (size_t i = 0; i < count; i++) {
            x[dim][begin + i] =
                fc_domain_map_point(low[i], high[i], u[begin + i], &jacobian[begin + i]);
        }
    }
    return FC_OK;
}

fc_status fc_domain_map(const fc_domain *domain, unsigned worker, size_t n, const double *const *u,
                        double *const *x, double *jacobian)
{
    double volume = 1; /* of the finite coordinates together: one multiplication a point */
    for (unsigned d = domain->n_dim;
         d-- > 0;) { /* the outer variables first: the inner limits need them */
        if (limit_of(domain->lower_fn, d) != NULL || limit_of(domain->upper_fn, d) != NULL) {
            fc_status status = map_by_functions(domain, d, worker, n, u[d], x, jacobian);
            if (status != FC_OK) {
                return status;
            }
            continue;
        }
        double low = domain->lower[d], high = domain->upper[d], width = high - low;
        const double *from = u[d];
        double *to = x[d];
        if (low == 0 && high == 1) { /* what follows, to the bit */
            if (to != from) {
                memcpy(to, from, n * sizeof *to);
            }
        } else if (isfinite(width)) {
            volume *= width;
            for (size_t i = 0; i < n; i++) {
                to[i] = from[i] <= 0.5 ? low + width * from[i] : high - width * (1 - from[i]);
            }
        } else {
            for (size_t i = 0; i < n; i++) {
                to[i] = fc_domain_map_point(low, high, from[i], &jacobian[i]);
            }
        }
    }
    for (size_t i = 0; i < n && volume != 1; i++) {
        jacobian[i] *= volume;
    }
    return FC_OK;
}
