/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Jumps and kinks on lines; contract in fc_fibre.h.
 *
 * Where a sample is not what its four neighbours foretell there may be a break. The interval
 * between them is halved again and again: of which side is the point in the middle, the one whose
 * nearest points, continued by a cubic, foretell it better? What is smooth gives itself away, as
 * both do soon. All intervals go in step, so that there are few calls. */
#include "fc_fibre.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"

#define SIDE 4       /* points on either side that foretell */
#define ENOUGH 3     /* of them */
#define MANY_SAME 16 /* points on the same side, one after the other: a small chance */
#define MOST_REVISED 4
#define MOST_POINTS 96
#define WINDOW 5          /* samples */
#define PLAUSIBLE 3e-4    /* error of a side, over what the break makes of it */
#define SUSPECT 0.002     /* error of the one in the middle, over the range of all */
#define LEAST_RANGE 1e-9  /* of the fibre's largest value: below is rounding */
#define LEAST_SLOPE 0.001 /* what a kink changes, over the fibre's range */
#define MOST_BLURRED 1e-3 /* a side's own error, over what it misses beyond the break */
#define LOCATED 1e-13 /* of the largest value: when the sides differ so little a kink is found */

typedef struct side {
    unsigned n;
    double x[SIDE], y[SIDE]; /* the nearest first */
} side;

typedef struct suspect {
    size_t fibre;
    bool found, dropped, is_settled;
    double largest, range; /* of the fibre's values */
    side left, right, first_left, first_right;
    unsigned n, n_revised, n_same; /* points between; ... how many went to the same side at last */
    double x[MOST_POINTS], y[MOST_POINTS];
    bool is_left[MOST_POINTS];
} suspect;

static void side_add(side *s, double x, double y)
{
    s->n += s->n < SIDE;
    memmove(s->x + 1, s->x, (SIDE - 1) * sizeof *s->x);
    memmove(s->y + 1, s->y, (SIDE - 1) * sizeof *s->y);
    s->x[0] = x;
    s->y[0] = y;
}

/* The value at x of the polynomial through the points (Neville). */
static double foretell(const side *s, double x)
{
    double p[SIDE];
    memcpy(p, s->y, sizeof p);
    for (unsigned k = 1; k < s->n; k++) {
        for (unsigned i = 0; i + k < s->n; i++) {
            p[i] = ((x - s->x[i + k]) * p[i] + (s->x[i] - x) * p[i + 1]) / (s->x[i] - s->x[i + k]);
        }
    }
    return p[0];
}

/* What the point beyond the break is not as this side foretells. */
static double missed(const side *s, const side *other)
{
    return s->n < ENOUGH ? 0 : fabs(foretell(s, other->x[0]) - other->y[0]);
}

/* The sides as they were with the first n points between. */
static void rebuild(suspect *s, unsigned n)
{
    s->left = s->first_left;
    s->right = s->first_right;
    for (unsigned i = 0; i < n; i++) {
        side_add(s->is_left[i] ? &s->left : &s->right, s->x[i], s->y[i]);
    }
}

static double slope(const side *s)
{
    return s->n < 2 ? 0 : (s->y[0] - s->y[1]) / (s->x[0] - s->x[1]);
}

/* The halves left are always the same, at a point of the other side: the break is just there, if
 * the points on that side before foretold it, or else it was misplaced, and what came after it is
 * forgotten. */
static void revise(suspect *s)
{
    const bool same = s->is_left[s->n - 1];
    const side near = same ? s->left : s->right;
    const double strength = missed(&s->left, &s->right) + missed(&s->right, &s->left);
    const unsigned n = s->n;
    while (s->n > 0 && s->is_left[s->n - 1] == same) {
        s->n--;
    }
    if (s->n == 0 || s->n_revised++ == MOST_REVISED) {
        s->dropped = true;
        return;
    }
    const double x = s->x[s->n - 1], y = s->y[s->n - 1];
    rebuild(s, s->n - 1);
    const side *own = same ? &s->right : &s->left;
    const double bend = fabs(slope(own) - slope(&near)) * fabs(x - own->x[0]);
    s->is_settled = own->n >= 2 && fabs(foretell(own, x) - y) <= PLAUSIBLE * (bend + strength);
    if (s->is_settled) {
        s->n = n;
    } else {
        s->is_left[s->n - 1] = same;
        s->n_same = 0;
    }
    rebuild(s, s->n);
}

static void place(suspect *s, double x, double y)
{
    const bool left = s->left.n >= ENOUGH, right = s->right.n >= ENOUGH;
    const double of_left = fabs(foretell(&s->left, x) - y);
    const double of_right = fabs(foretell(&s->right, x) - y);
    bool is_left;
    if (left && right) {
        is_left = of_left <= of_right;
    } else if (left) {
        is_left = of_left <= MOST_BLURRED * missed(&s->left, &s->right);
    } else {
        is_left = !(of_right <= MOST_BLURRED * missed(&s->right, &s->left));
    }
    side_add(is_left ? &s->left : &s->right, x, y);
    s->n_same = s->n > 0 && s->is_left[s->n - 1] == is_left ? s->n_same + 1 : 1;
    s->x[s->n] = x;
    s->y[s->n] = y;
    s->is_left[s->n++] = is_left;
}

static void judge(suspect *s)
{
    if (s->n == MOST_POINTS) {
        s->dropped = true;
        return;
    }
    if (s->n_same >= MANY_SAME && !s->is_settled) {
        revise(s);
        return;
    }
    const double width = s->right.x[0] - s->left.x[0], middle = s->left.x[0] + width / 2;
    const double strength = missed(&s->left, &s->right) + missed(&s->right, &s->left);
    if (!(strength > LEAST_SLOPE * s->range * width)) {
        s->dropped = true;
    } else {
        s->found = middle <= s->left.x[0] || middle >= s->right.x[0] || width <= DBL_EPSILON / 2 ||
                   strength <= LOCATED * s->largest;
    }
}

/* The first suspect on the fibre with the samples y at x: its worst window, far from those before
 * (which are marked). False if there is none. */
static bool find_suspect(const double *x, const double *y, size_t n, bool *marked, suspect *s)
{
    double worst = SUSPECT;
    size_t at = n;
    for (size_t i = 0; i + WINDOW <= n; i++) {
        double least = y[i], greatest = y[i];
        side neighbours = {0};
        for (size_t k = i; k < i + WINDOW; k++) {
            least = fmin(least, y[k]);
            greatest = fmax(greatest, y[k]);
            if (k != i + WINDOW / 2) {
                side_add(&neighbours, x[k], y[k]);
            }
        }
        const double range = fmax(greatest - least, LEAST_RANGE * s->largest);
        const double error = fabs(foretell(&neighbours, x[i + WINDOW / 2]) - y[i + WINDOW / 2]);
        if (!marked[i] && error > worst * range) {
            worst = error / range;
            at = i;
        }
    }
    if (at == n) {
        return false;
    }
    for (size_t i = at + 1 > WINDOW ? at + 1 - WINDOW : 0; i < at + WINDOW && i < n; i++) {
        marked[i] = true;
    }
    s->found = s->dropped = s->is_settled = false;
    s->left.n = s->right.n = 0;
    for (size_t i = at + 1 > SIDE ? at + 1 - SIDE : 0; i <= at; i++) {
        side_add(&s->left, x[i], y[i]);
    }
    for (size_t i = at + WINDOW + SIDE - 1 < n ? at + WINDOW + SIDE - 1 : n; i-- >= at + WINDOW;) {
        side_add(&s->right, x[i], y[i]);
    }
    s->first_left = s->left;
    s->first_right = s->right;
    s->n = s->n_revised = s->n_same = 0;
    place(s, x[at + 2], y[at + 2]);
    const size_t next = s->left.x[0] == x[at + 2] ? at + 3 : at + 1;
    place(s, x[next], y[next]);
    judge(s);
    return !s->dropped;
}

static size_t find_suspects(fc_fibre *fibres, size_t n, size_t samples, const double *x,
                            const double *y, suspect *suspects)
{
    size_t n_suspects = 0;
    for (size_t f = 0; f < n; f++) {
        const double *values = y + f * samples;
        double least = values[0], greatest = values[0];
        for (size_t i = 1; i < samples; i++) {
            least = fmin(least, values[i]);
            greatest = fmax(greatest, values[i]);
        }
        bool marked[FC_FIBRE_MOST_SAMPLES] = {false};
        fibres[f].n_breaks = 0;
        for (unsigned k = 0; k < FC_FIBRE_MOST_BREAKS; k++) {
            suspect *s = &suspects[n_suspects];
            *s = (suspect){.fibre = f,
                           .largest = fmax(fabs(least), fabs(greatest)),
                           .range = greatest - least};
            n_suspects += find_suspect(x, values, samples, marked, s);
        }
    }
    return n_suspects;
}

static void add_break(fc_fibre *fibre, double at)
{
    unsigned i = fibre->n_breaks++;
    for (; i > 0 && fibre->breaks[i - 1] > at; i--) {
        fibre->breaks[i] = fibre->breaks[i - 1];
    }
    fibre->breaks[i] = at;
}

fc_status fc_fibre_search(fc_fibre_fn *f, void *context, fc_fibre *fibres, size_t n, size_t samples,
                          uint64_t budget, uint64_t *n_eval)
{
    const uint64_t most = *n_eval + budget;
    const size_t n_points = n * samples;
    double x[FC_FIBRE_MOST_SAMPLES];
    double *at = fc_malloc(n_points, sizeof *at), *y = fc_malloc(n_points, sizeof *y);
    unsigned *dims = fc_malloc(n_points, sizeof *dims);
    suspect *suspects = fc_malloc(n * FC_FIBRE_MOST_BREAKS + 1, sizeof *suspects);
    const bool lacks = at == NULL || y == NULL || dims == NULL || suspects == NULL;
    fc_status status = lacks ? FC_ERR_NOMEM : FC_OK;
    size_t n_suspects = 0;
    if (status == FC_OK) {
        for (size_t i = 0; i < samples; i++) {
            x[i] = (1 - cos(3.14159265358979324 * ((double)i + 0.5) / (double)samples)) / 2;
        }
        for (size_t i = 0; i < n_points; i++) {
            at[i] = x[i % samples];
            dims[i] = fibres[i / samples].dim;
        }
        *n_eval += n_points;
        status = f(context, n_points, dims, at, y);
    }
    if (status == FC_OK) {
        n_suspects = find_suspects(fibres, n, samples, x, y, suspects);
    }
    for (size_t n_open = 1; status == FC_OK && n_open > 0;) {
        n_open = 0;
        for (size_t i = 0; i < n_suspects; i++) {
            const suspect *s = &suspects[i];
            if (!s->found && !s->dropped) {
                at[n_open] = s->left.x[0] + (s->right.x[0] - s->left.x[0]) / 2;
                dims[n_open++] = fibres[s->fibre].dim;
            }
        }
        if (*n_eval + n_open > most) {
            break;
        }
        if (n_open > 0) {
            *n_eval += n_open;
            status = f(context, n_open, dims, at, y);
        }
        for (size_t i = 0, k = 0; status == FC_OK && i < n_suspects; i++) {
            suspect *s = &suspects[i];
            if (!s->found && !s->dropped) {
                place(s, at[k], y[k]);
                k++;
                judge(s);
            }
        }
    }
    for (size_t i = 0; status == FC_OK && i < n_suspects; i++) {
        if (suspects[i].found) {
            add_break(&fibres[suspects[i].fibre], suspects[i].right.x[0]);
        }
    }
    fc_free(at);
    fc_free(y);
    fc_free(dims);
    fc_free(suspects);
    return status;
}
