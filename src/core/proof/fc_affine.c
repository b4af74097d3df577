/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Affine functions and polytopes; contract in fc_affine.h. */
#include "fc_affine.h"

#include <float.h>
#include <math.h>
#include <stddef.h>

#define ROUNDING (64 * DBL_EPSILON) /* of g, relative to its terms: no more is told from 0 */
#define LEAST_SLOPE                                                                                \
    1e-6 /* a plane as parallel to an axis as that, and not quite, is not cut along */
#define MAX_CORNERS (1U << FC_AFFINE_DIM)
#define MOST_HALVES 8

void fc_piece_corners(const fc_piece *piece, double *corners)
{
    const unsigned n = piece->n;
    for (unsigned c = 0; c < 1U << n; c++) {
        double *x = corners + (size_t)c * n;
        for (unsigned k = n; k-- > 0;) {
            x[k] = fc_affine_at(c >> k & 1 ? &piece->high[k] : &piece->low[k], n, k + 1, x);
        }
    }
}

void fc_piece_halve(fc_piece *piece, unsigned k, fc_piece *other)
{
    fc_affine *low = &piece->low[k], *high = &piece->high[k], middle = {.known = true};
    for (unsigned j = 0; j <= piece->n; j++) {
        middle.c[j] = 0.5 * low->c[j] + 0.5 * high->c[j];
    }
    *other = *piece;
    other->low[k] = middle;
    *high = middle;
}

int fc_affine_sign(const fc_affine *g, const double *size, unsigned n, const double *corners,
                   unsigned n_corners, unsigned step, double *share)
{
    double least = INFINITY, most = -INFINITY, scale = 0;
    for (unsigned c = 0; c < n_corners; c++) {
        const double *x = corners + (size_t)c * step;
        const double value = fc_affine_at(g, n, 0, x);
        double terms = size[0];
        for (unsigned k = 0; k < n; k++) {
            terms += size[1 + k] * fabs(x[k]);
        }
        least = fmin(least, value);
        most = fmax(most, value);
        scale = fmax(scale, terms);
    }
    const double none = ROUNDING * scale, reach = fmax(-least, most);
    *share = 0;
    if (least == 0 && most == 0) {
        return 2;
    }
    if (!(reach > 4 * none) || (least < -none && most > none)) {
        return 0; /* neither 0 nor anything else, or both signs */
    }
    const int sign = -least > most ? -1 : 1;
    const double beyond = fmax(0, sign > 0 ? -least : most);
    *share = 8 * (beyond + 8 * DBL_EPSILON * scale) / reach;
    return sign;
}

/* g where x[k] is on the plane `limit`, for the k that is the innermost in g. */
static fc_affine substitute(const fc_affine *g, unsigned n, unsigned k, const fc_affine *limit)
{
    fc_affine out = {.known = true};
    const double slope = g->c[1 + k];
    out.c[0] = g->c[0] + slope * limit->c[0];
    for (unsigned j = k + 1; j < n; j++) {
        out.c[1 + j] = g->c[1 + j] + slope * limit->c[1 + j];
    }
    return out;
}

/* Has g both signs on the piece, beyond rounding errors of terms as large as `scale`? */
static bool crosses(const fc_piece *piece, const fc_affine *g, double *scale)
{
    double corners[MAX_CORNERS * FC_AFFINE_DIM], least = INFINITY, most = -INFINITY;
    const unsigned n = piece->n;
    fc_piece_corners(piece, corners);
    for (unsigned c = 0; c < 1U << n; c++) {
        const double *x = corners + (size_t)c * n;
        const double value = fc_affine_at(g, n, 0, x);
        double size = fabs(g->c[0]);
        for (unsigned k = 0; k < n; k++) {
            size += fabs(g->c[1 + k] * x[k]);
        }
        *scale = fmax(*scale, size);
        least = fmin(least, value);
        most = fmax(most, value);
    }
    return least < -ROUNDING * *scale && most > ROUNDING * *scale;
}

/* The innermost variable that g depends on as far as can be told; n if there is none, or too
 * little to be cut along. */
static unsigned innermost(const fc_piece *piece, const fc_affine *g)
{
    double corners[MAX_CORNERS * FC_AFFINE_DIM];
    double change[FC_AFFINE_DIM] = {0}, most = 0, scale = 0;
    const unsigned n = piece->n;
    fc_piece_corners(piece, corners);
    for (unsigned k = 0; k < n; k++) {
        double low = INFINITY, high = -INFINITY;
        for (unsigned c = 0; c < 1U << n; c++) {
            const double x = g->c[1 + k] * corners[(size_t)c * n + k];
            low = fmin(low, x);
            high = fmax(high, x);
            scale = fmax(scale, fabs(x));
        }
        change[k] = high - low;
        most = fmax(most, change[k]);
    }
    scale = fmax(scale, fabs(g->c[0]));
    for (unsigned k = 0; k < n; k++) {
        if (change[k] > ROUNDING * scale) {
            return change[k] > LEAST_SLOPE * fmax(most, LEAST_SLOPE * scale) ? k : n;
        }
    }
    return n;
}

/* fc_piece_cut, where terms as large as *scale have rounding errors. */
static unsigned cut(const fc_piece *piece, const fc_affine *g, double scale, fc_piece *parts,
                    unsigned most)
{
    if (most == 0) {
        return 0;
    }
    if (!crosses(piece, g, &scale)) {
        parts[0] = *piece;
        return 1;
    }
    const unsigned n = piece->n, k = innermost(piece, g);
    if (k == n) {
        return 0;
    }
    for (unsigned e = 0; e < 2 && k + 1 < n; e++) {
        const fc_affine end = substitute(g, n, k, e == 0 ? &piece->low[k] : &piece->high[k]);
        double of_end = scale;
        if (!crosses(piece, &end, &of_end)) {
            continue;
        }
        /* Where this is 0, the plane leaves the piece through that limit. */
        fc_piece halves[MOST_HALVES];
        const unsigned n_halves = cut(piece, &end, scale, halves, MOST_HALVES);
        unsigned n_parts = 0;
        if (n_halves < 2) {
            return 0;
        }
        for (unsigned h = 0; h < n_halves; h++) {
            const unsigned found = cut(&halves[h], g, scale, parts + n_parts, most - n_parts);
            if (found == 0) {
                return 0;
            }
            n_parts += found;
        }
        return n_parts;
    }
    if (most < 2) {
        return 0;
    }
    fc_affine plane = {.known = true};
    bool straight = piece->straight;
    plane.c[0] = -g->c[0] / g->c[1 + k];
    for (unsigned j = k + 1; j < n; j++) {
        plane.c[1 + j] = -g->c[1 + j] / g->c[1 + k];
        straight = straight && plane.c[1 + j] == 0;
    }
    parts[0] = parts[1] = *piece;
    parts[0].high[k] = parts[1].low[k] = plane;
    parts[0].straight = parts[1].straight = straight;
    return 2;
}

unsigned fc_piece_cut(const fc_piece *piece, const fc_affine *g, fc_piece *parts, unsigned most)
{
    return cut(piece, g, 0, parts, most);
}
