/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Probes that are odd; contract in fc_cubature_impl.h.
 *
 * A probe in a small ball of other values says nothing by its value, where the integrand varies
 * besides by as much as the ball is higher. But it is off the polynomial that the others lie on. So
 * a polynomial of all probes' values is fitted to some of them by least squares: few degrees, as
 * the rules have them. Where the integrand is smooth, nearly all probes are equally near to it, and
 * those that are many times as far off as the median are looked at closely (lines of several
 * lengths through them, fc_cubature_needle.c). Where it is not smooth, that says nothing, and costs
 * these lines. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"

#define MOST_TERMS 36
#define FIT 8           /* probes a term */
#define OFF 12          /* times the median residual */
#define NEGLIGIBLE 0.01 /* tolerances, for the probe's share of the volume */
#define APART 0.02      /* of the range, between two of them */

/* The exponents of all monomials up to a degree that makes at most MOST_TERMS of them. */
static unsigned list_terms(unsigned n_dim, uint8_t (*power)[ODD_MAX_DIM])
{
    static const unsigned degrees[ODD_MAX_DIM + 1] = {0, 0, 6, 4, 3, 2, 2};
    unsigned n = 0;
    uint8_t p[ODD_MAX_DIM] = {0};
    for (;;) {
        memcpy(power[n++], p, sizeof p);
        unsigned d = 0, sum = 0;
        for (unsigned k = 0; k < n_dim; k++) {
            sum += p[k];
        }
        while (d < n_dim && sum == degrees[n_dim]) {
            sum -= p[d];
            p[d++] = 0;
        }
        if (d == n_dim) {
            return n;
        }
        p[d]++;
    }
}

/* Products of Legendre polynomials at probe w. */
static void terms_at(const cubature *c, size_t w, uint8_t (*power)[ODD_MAX_DIM], unsigned n_terms,
                     double *out)
{
    double legendre[ODD_MAX_DIM][7];
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double t = 2 * c->witness_u[d][w] - 1;
        legendre[d][0] = 1;
        legendre[d][1] = t;
        for (unsigned k = 1; k < 6; k++) {
            legendre[d][k + 1] =
                ((2 * k + 1) * t * legendre[d][k] - k * legendre[d][k - 1]) / (k + 1);
        }
    }
    for (unsigned i = 0; i < n_terms; i++) {
        out[i] = 1;
        for (unsigned d = 0; d < c->n_dim; d++) {
            out[i] *= legendre[d][power[i][d]];
        }
    }
}

/* Cholesky; false where the matrix is not positive. */
static bool solve(double (*a)[MOST_TERMS], double *x, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        for (unsigned j = 0; j <= i; j++) {
            double sum = a[i][j];
            for (unsigned k = 0; k < j; k++) {
                sum -= a[i][k] * a[j][k];
            }
            if (i == j && !(sum > 0)) {
                return false;
            }
            a[i][j] = i == j ? sqrt(sum) : sum / a[j][j];
        }
    }
    for (unsigned i = 0; i < n; i++) {
        for (unsigned k = 0; k < i; k++) {
            x[i] -= a[i][k] * x[k];
        }
        x[i] /= a[i][i];
    }
    for (unsigned i = n; i-- > 0;) {
        for (unsigned k = i + 1; k < n; k++) {
            x[i] -= a[k][i] * x[k];
        }
        x[i] /= a[i][i];
    }
    return true;
}

static int by_value(const void *a, const void *b)
{
    const double left = *(const double *)a, right = *(const double *)b;
    return left < right ? -1 : left > right;
}

/* The probes' distances from the polynomial; `is_probe` in order of the witnesses. */
static bool residuals(const cubature *c, unsigned o, const uint32_t *probe, size_t n,
                      double (*basis)[MOST_TERMS], unsigned n_terms, double *residual)
{
    double a[MOST_TERMS][MOST_TERMS] = {{0}}, x[MOST_TERMS] = {0};
    const size_t n_fit = n < (size_t)FIT * n_terms ? n : (size_t)FIT * n_terms;
    for (size_t k = 0; k < n_fit; k++) {
        const double y = c->witness_y[(size_t)probe[k] * c->n_out + o], *at = basis[k];
        if (!isfinite(y)) {
            return false;
        }
        for (unsigned i = 0; i < n_terms; i++) {
            for (unsigned j = 0; j <= i; j++) {
                a[i][j] += at[i] * at[j];
            }
            x[i] += at[i] * y;
        }
    }
    if (!solve(a, x, n_terms)) {
        return false;
    }
    for (size_t k = 0; k < n; k++) {
        double value = 0;
        for (unsigned i = 0; i < n_terms; i++) {
            value += x[i] * basis[k][i];
        }
        residual[k] = fabs(c->witness_y[(size_t)probe[k] * c->n_out + o] - value);
    }
    return true;
}

/* Keeps the worst, at some distance from each other. */
static unsigned keep_odd(const cubature *c, const uint32_t *probe, const double *residual, size_t n,
                         double least, double (*place)[ODD_MAX_DIM], double *worst,
                         unsigned n_places)
{
    for (size_t k = 0; k < n; k++) {
        if (!(residual[k] > least)) {
            continue;
        }
        double u[ODD_MAX_DIM] = {0};
        bool is_new = true;
        for (unsigned d = 0; d < c->n_dim; d++) {
            u[d] = c->witness_u[d][probe[k]];
        }
        for (unsigned i = 0; is_new && i < n_places; i++) {
            double apart = 0;
            for (unsigned d = 0; d < c->n_dim; d++) {
                apart = fmax(apart, fabs(u[d] - place[i][d]));
            }
            is_new = apart > APART;
        }
        unsigned i = n_places < ODD_MOST ? n_places : ODD_MOST - 1;
        if (!is_new || (n_places == ODD_MOST && worst[i] >= residual[k])) {
            continue;
        }
        n_places = i + 1;
        for (; i > 0 && worst[i - 1] < residual[k]; i--) {
            worst[i] = worst[i - 1];
            memcpy(place[i], place[i - 1], sizeof u);
        }
        worst[i] = residual[k];
        memcpy(place[i], u, sizeof u);
    }
    return n_places;
}

fc_status cubature_odd_probes(const cubature *c, double (*place)[ODD_MAX_DIM], unsigned *n_places)
{
    *n_places = 0;
    uint8_t power[MOST_TERMS][ODD_MAX_DIM];
    if (c->n_dim < 2 || c->n_dim > ODD_MAX_DIM || c->any_bad_probe) {
        return FC_OK;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (isinf(c->domain->lower[d]) || isinf(c->domain->upper[d])) {
            return FC_OK; /* stretched as these ranges are, nothing is like a polynomial */
        }
    }
    const unsigned n_terms = list_terms(c->n_dim, power);
    const size_t n = c->n_probe + c->n_late;
    if (n < 4 * (size_t)n_terms) {
        return FC_OK;
    }
    uint32_t *probe = fc_malloc(n, sizeof *probe);
    double(*basis)[MOST_TERMS] = fc_malloc(n, sizeof *basis);
    double *residual = fc_malloc(2 * n, sizeof *residual);
    fc_status status = FC_ERR_NOMEM;
    if (probe != NULL && basis != NULL && residual != NULL) {
        status = FC_OK;
        size_t m = 0;
        for (size_t w = 0; w < c->n_witness && m < n; w++) {
            if (c->witnesses[w].volume == 0) {
                terms_at(c, w, power, n_terms, basis[m]);
                probe[m++] = (uint32_t)w;
            }
        }
        double worst[ODD_MOST];
        for (unsigned o = 0; o < c->n_out; o++) {
            if (!residuals(c, o, probe, m, basis, n_terms, residual)) {
                continue;
            }
            memcpy(residual + n, residual, m * sizeof *residual);
            qsort(residual + n, m, sizeof *residual, by_value);
            const double least =
                fmax(OFF * residual[n + m / 2], NEGLIGIBLE * (double)m / c->unit[o]);
            *n_places = keep_odd(c, probe, residual, m, least, place, worst, *n_places);
        }
    }
    fc_free(probe);
    fc_free(basis);
    fc_free(residual);
    return status;
}
