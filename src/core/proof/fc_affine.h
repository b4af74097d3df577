/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Affine functions of a few variables, and the polytopes between such functions.
 *
 *     x[n-1] from low[n-1] to high[n-1]              numbers
 *     x[n-2] from low[n-2](x[n-1]) to high[n-2](x[n-1])
 *     ...                                            as nested integrals have their limits
 *     x[0]   from low[0](x[1], ...) to high[0](x[1], ...)
 *
 * x[k] = low[k] + w[k] (high[k] - low[k]) maps the unit cube onto such a piece. Along each w[k] it
 * is affine, so an affine function of x takes its least and its largest value at corners. */
#ifndef FC_AFFINE_H
#define FC_AFFINE_H

#include <stdbool.h>
#include <string.h>

#define FC_AFFINE_DIM 6

/* c[0] + c[1] x[0] + ... + c[n] x[n-1], if it is known to be one. */
typedef struct fc_affine {
    bool known;
    double c[FC_AFFINE_DIM + 1];
} fc_affine;

typedef struct fc_piece {
    unsigned n;
    bool straight; /* all limits are numbers */
    fc_affine low[FC_AFFINE_DIM], high[FC_AFFINE_DIM];
} fc_piece;

static inline void fc_piece_copy(fc_piece *to, const fc_piece *from)
{
    to->n = from->n;
    to->straight = from->straight;
    memcpy(to->low, from->low, from->n * sizeof *to->low);
    memcpy(to->high, from->high, from->n * sizeof *to->high);
}

/* The function's value; its coefficients of variables before `first` are 0, and these not read. */
static inline double fc_affine_at(const fc_affine *f, unsigned n, unsigned first, const double *x)
{
    double value = f->c[0];
    for (unsigned k = first; k < n; k++) {
        value += f->c[1 + k] * x[k];
    }
    return value;
}

/* corners[c * n + k]: coordinate k of corner c, at its upper limit where bit k of c is set. */
void fc_piece_corners(const fc_piece *piece, double *corners);

/* Halves the piece across axis k of the cube: `piece` keeps the lower half, *other is the upper. */
void fc_piece_halve(fc_piece *piece, unsigned k, fc_piece *other);

/* Cuts the piece along g = 0, and across outer axes where that line begins or ends, into parts on
 * each of which g has one sign, but for rounding errors. Returns how many, 1 if it does not meet
 * the inside; 0 if there are more than `most`, or it all is next to the limits of precision. */
unsigned fc_piece_cut(const fc_piece *piece, const fc_affine *g, fc_piece *parts, unsigned most);

/* The sign of g on the corners: 1, -1, or 0 if it has both; 2 if it is 0 everywhere. What lies
 * beyond 0 by rounding errors of terms of `size` (n + 1, as g's, not negative) does not count;
 * *share bounds the part of the piece that it may be. Corner c is at corners + c * step. */
int fc_affine_sign(const fc_affine *g, const double *size, unsigned n, const double *corners,
                   unsigned n_corners, unsigned step, double *share);

#endif
