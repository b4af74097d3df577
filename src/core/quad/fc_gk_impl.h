/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the loops of fc_gk.h. The including file has defined GK_NAME, the table's name. The
 * compiler makes vectors of the inner loops over LANES panels. */
#include <math.h>

#include "fc_gk.h"
#include "fc_rules.h"

#define LANES 8

static void abscissae(size_t count, const double *restrict center, const double *restrict half,
                      const double *restrict base, const double *restrict sign, double *restrict x)
{
    for (int j = 0; j < FC_GK21; j++, x += count) {
        const double node = fc_gk21_x[j];
        for (size_t i = 0; i < count; i++) {
            x[i] = base[i] + sign[i] * (center[i] + half[i] * node);
        }
    }
}

static void abscissae_inverse(size_t count, const double *restrict center,
                              const double *restrict half, const double *restrict base,
                              const double *restrict sign, const double *restrict inverse,
                              double *restrict x, double *restrict jacobian)
{
    for (int j = 0; j < FC_GK21; j++, x += count, jacobian += count) {
        const double node = fc_gk21_x[j];
        for (size_t i = 0; i < count; i++) {
            double p = center[i] + half[i] * node, over = 1 / p;
            double u = inverse[i] != 0 ? over : p;
            x[i] = base[i] + sign[i] * u;
            jacobian[i] = inverse[i] != 0 ? u * u : 1.0;
        }
    }
}

/* Panels [first, first + lanes), lanes <= LANES, a constant wherever it matters. */
static inline __attribute__((always_inline)) void
sums_of(size_t lanes, size_t count, double *restrict y, const double *restrict jacobian,
        double *restrict kronrod, double *restrict gauss, double *restrict magnitude,
        double *restrict odd)
{
    double k[LANES] = {0}, g[LANES] = {0}, m[LANES] = {0}, n[LANES] = {0};
    for (int j = 0; j < FC_GK21; j++, y += count) {
        const double wk = fc_gk21_wk[j], wg = fc_gk21_wg[j], wn = fc_gk21_null[6][j];
        if (jacobian != NULL) {
            for (size_t i = 0; i < lanes; i++) {
                y[i] *= jacobian[i];
            }
            jacobian += count;
        }
        for (size_t i = 0; i < lanes; i++) {
            k[i] += wk * y[i];
            m[i] += wk * fabs(y[i]);
            n[i] += wn * y[i];
        }
        if (j % 2 == 1) { /* a node of Gauss's rule too */
            for (size_t i = 0; i < lanes; i++) {
                g[i] += wg * y[i];
            }
        }
    }
    for (size_t i = 0; i < lanes; i++) {
        kronrod[i] = k[i];
        gauss[i] = g[i];
        magnitude[i] = m[i];
        odd[i] = n[i];
    }
}

static void sums(size_t count, double *y, const double *jacobian, double *kronrod, double *gauss,
                 double *magnitude, double *odd)
{
    size_t i = 0;
    for (; i + LANES <= count; i += LANES) {
        sums_of(LANES, count, y + i, jacobian != NULL ? jacobian + i : NULL, kronrod + i, gauss + i,
                magnitude + i, odd + i);
    }
    if (i < count) {
        sums_of(count - i, count, y + i, jacobian != NULL ? jacobian + i : NULL, kronrod + i,
                gauss + i, magnitude + i, odd + i);
    }
}

const fc_gk_loops GK_NAME = {abscissae, abscissae_inverse, sums};
