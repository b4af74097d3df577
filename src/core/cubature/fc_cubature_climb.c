/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Peaks of which only a tail was met, over infinite ranges; contract in fc_cubature_impl.h.
 *
 * Two bells far apart: points spread over the plane, and the boxes made of them, meet the nearer
 * one, and of the other perhaps a value of 1e-40, which tells nothing by its size. But its
 * logarithm has a slope. So before anything is believed f is evaluated at points spread evenly in
 * w = log(u / (1 - u)), that is in the magnitude of x; those with no higher one nearby (by the
 * distance to the nearest point that is higher, as Rodriguez and Laio, 2014, find the middles of
 * clusters) climb to a top of |f|, axis by axis, each time to the vertex of a parabola through the
 * logarithms at three points: two or three rounds for a bell. A top that would hold a part of the
 * integral worth mentioning, and is not where the rules have looked, becomes a needle
 * (fc_cubature_needle.c). */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cubature_impl.h"
#include "fc_sobol.h"

#define MOST_STARTS 512 /* powers of two */
#define LEAST_STARTS 32
#define N_CLIMBERS 12
#define ROUNDS 12
#define REACH 9.7          /* the largest |w|: |x| up to 4,000; */
#define FARTHEST_START 7.0 /* |x| up to 270 */
#define ASIDE 0.05         /* in w */
#define FIRST_STEP 0.5     /* in w */
#define FARTHEST 4         /* steps, to a vertex */
#define AT_TOP 0.1         /* of the top's width: distance of a vertex that is the top */
#define SIZE 2.0           /* of a needle, in standard deviations */
#define SQRT_2PI 2.5066282746310002
#define NEGLIGIBLE 0.01 /* tolerances */
#define SEEN_BY_HERMITE 2.5
#define MAX_OUT 4

typedef struct climber {
    double w[FC_CUBATURE_MAX_DIM], step[FC_CUBATURE_MAX_DIM];
    double width[FC_CUBATURE_MAX_DIM]; /* standard deviation, in w; 0: not at the top */
    double height;                     /* log |f|; -inf: nothing */
    double y[MAX_OUT];
    bool done;
} climber;

/* As many as `left` evaluations allow. */
static unsigned count_starts(const cubature *c, uint64_t left)
{
    const uint64_t later = N_CLIMBERS * (1 + 3 * (uint64_t)ROUNDS * c->n_dim);
    unsigned n = c->f->serial ? MOST_STARTS / 4 : MOST_STARTS;
    while (n >= LEAST_STARTS && (2 * (uint64_t)c->n_dim + 1) * n + later > left) {
        n /= 2;
    }
    return n >= LEAST_STARTS ? n : 0;
}

static double u_of(double w)
{
    return 1 / (1 + exp(-w));
}

static bool is_unbounded(const fc_domain *domain)
{
    bool unbounded = false;
    for (unsigned d = 0; d < domain->n_dim; d++) {
        if ((domain->lower_fn != NULL && domain->lower_fn[d] != NULL) ||
            (domain->upper_fn != NULL && domain->upper_fn[d] != NULL)) {
            return false;
        }
        unbounded = unbounded || isinf(domain->lower[d]) || isinf(domain->upper[d]);
    }
    return unbounded;
}

/* Coordinate d of x where w is, up to a constant. */
static double x_of(const fc_domain *domain, unsigned d, double w)
{
    const bool below = isinf(fmin(domain->lower[d], domain->upper[d]));
    const bool above = isinf(fmax(domain->lower[d], domain->upper[d]));
    if (below && above) {
        return 0.5 * sinh(w);
    }
    return above ? exp(w) : below ? -exp(-w) : u_of(w);
}

/* And the w where x is, within REACH. */
static double w_of(const fc_domain *domain, unsigned d, double x)
{
    const bool below = isinf(fmin(domain->lower[d], domain->upper[d]));
    const bool above = isinf(fmax(domain->lower[d], domain->upper[d]));
    double w;
    if (below && above) {
        w = asinh(2 * x);
    } else if (above || below) {
        const double from = above ? x : -x;
        w = from > 0 ? log(from) : -REACH;
        w = above ? w : -w;
    } else {
        w = x <= 0 ? -REACH : x >= 1 ? REACH : log(x / (1 - x));
    }
    return fmin(fmax(w, -REACH), REACH);
}

/* log dx/du, up to a constant. */
static double stretch(const fc_domain *domain, unsigned d, double w)
{
    const bool below = isinf(fmin(domain->lower[d], domain->upper[d]));
    const bool above = isinf(fmax(domain->lower[d], domain->upper[d]));
    const double u = u_of(w), dw = u * u_of(-w); /* du/dw */
    return below && above ? log(cosh(w) / dw) : above ? w - log(dw) : below ? -w - log(dw) : 0;
}

/* The logarithm of |f| of all outputs, in units of their tolerances, where the i-th value is, at w.
 */
static double height_of(const cubature *c, double *const *y, size_t i, const double *w)
{
    double sum = 0;
    for (unsigned o = 0; o < c->n_out; o++) {
        sum += fabs(y[o][i]) * c->unit[o];
    }
    if (!(sum > 0) || !isfinite(sum)) {
        return -INFINITY;
    }
    double height = log(sum);
    for (unsigned d = 0; d < c->n_dim; d++) {
        height -= stretch(c->domain, d, w[d]);
    }
    return height;
}

typedef struct start {
    double w[FC_CUBATURE_MAX_DIM];      /* first of the point, then of the top that is expected */
    double around[FC_CUBATURE_MAX_DIM]; /* in w: what leads there, too */
    double height, expected;
} start;

/* Where the parabolas through three points on each axis have their top: for a Gaussian's tail,
 * however far, its middle. */
static fc_status expect_tops(cubature *c, scratch *s, start *starts, unsigned n)
{
    double expected[FC_CUBATURE_MAX_DIM][MOST_STARTS], y[2][MOST_STARTS];
    for (unsigned axis = 0; axis < c->n_dim; axis++) {
        for (int side = 0; side < 2; side++) {
            const double aside = side == 0 ? -ASIDE : ASIDE;
            for (unsigned i = 0; i < n; i++) {
                for (unsigned d = 0; d < c->n_dim; d++) {
                    s->u[d][i] = u_of(starts[i].w[d] + (d == axis ? aside : 0));
                }
            }
            fc_status status = cubature_evaluate(c, s, 0, n);
            if (status != FC_OK) {
                return status;
            }
            for (unsigned i = 0; i < n; i++) {
                double w[FC_CUBATURE_MAX_DIM];
                memcpy(w, starts[i].w, sizeof w);
                w[axis] += aside;
                y[side][i] = height_of(c, s->y, i, w);
            }
        }
        for (unsigned i = 0; i < n; i++) {
            start *at = &starts[i];
            const double w = at->w[axis], x = x_of(c->domain, axis, w);
            const double low = x_of(c->domain, axis, w - ASIDE) - x;
            const double high = x_of(c->domain, axis, w + ASIDE) - x;
            /* log |f|, but for its value here, = a t + b t^2, t = x' - x */
            const double left = (y[0][i] - at->height) / low;
            const double right = (y[1][i] - at->height) / high;
            const double b = (right - left) / (high - low), a = left - b * low;
            expected[axis][i] = w;
            at->around[axis] = 1;
            if (isfinite(a) && b < 0) {
                expected[axis][i] = w_of(c->domain, axis, x - a / (2 * b));
                at->expected -= a * a / (4 * b);
                const double beside = w_of(c->domain, axis, x - a / (2 * b) + 1 / sqrt(-b));
                at->around[axis] = fmax(beside - expected[axis][i], ASIDE);
            }
        }
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        for (unsigned i = 0; i < n; i++) {
            starts[i].w[d] = expected[d][i];
        }
    }
    return FC_OK;
}

static int by_expected(const void *a, const void *b)
{
    const double left = ((const start *)a)->expected, right = ((const start *)b)->expected;
    return left > right ? -1 : left < right;
}

/* From points everywhere those that lead to different tops, the highest first. */
static fc_status choose_starts(cubature *c, scratch *s, unsigned n, climber *climbers,
                               unsigned *n_climbers)
{
    fc_sobol *sobol;
    fc_status status = fc_sobol_create(c->n_dim, &sobol);
    if (status != FC_OK) {
        return status;
    }
    *n_climbers = 0;
    start *starts = fc_calloc(n, sizeof *starts);
    double column[MOST_STARTS];
    for (unsigned d = 0; starts != NULL && d < c->n_dim; d++) {
        fc_sobol_fill(sobol, UINT64_C(0x636c696d62), 0, d, 0, n, column);
        const bool infinite = isinf(c->domain->lower[d]) || isinf(c->domain->upper[d]);
        for (unsigned i = 0; i < n; i++) {
            const double v = column[i];
            starts[i].w[d] = infinite ? FARTHEST_START * (2 * v - 1) : log(v / (1 - v));
            s->u[d][i] = u_of(starts[i].w[d]);
        }
    }
    fc_sobol_destroy(sobol);
    status = starts != NULL ? cubature_evaluate(c, s, 0, n) : FC_ERR_NOMEM;
    for (unsigned i = 0; status == FC_OK && i < n; i++) {
        starts[i].height = starts[i].expected = height_of(c, s->y, i, starts[i].w);
    }
    if (status == FC_OK) {
        status = expect_tops(c, s, starts, n);
    }
    if (status == FC_OK) {
        qsort(starts, n, sizeof *starts, by_expected);
    }
    for (unsigned i = 0; status == FC_OK && i < n && *n_climbers < N_CLIMBERS; i++) {
        bool is_new = starts[i].expected > -INFINITY;
        for (unsigned k = 0; is_new && k < *n_climbers; k++) {
            is_new = false;
            for (unsigned d = 0; d < c->n_dim; d++) {
                const double apart = fabs(climbers[k].w[d] - starts[i].w[d]);
                is_new = is_new || apart > starts[i].around[d];
            }
        }
        if (is_new) {
            climber *at = &climbers[(*n_climbers)++];
            *at = (climber){.height = -INFINITY};
            for (unsigned d = 0; d < c->n_dim; d++) {
                at->w[d] = starts[i].w[d];
                at->step[d] = fmin(0.5 * starts[i].around[d], FIRST_STEP);
            }
        }
    }
    fc_free(starts);
    return status;
}

/* Evaluate f for all climbers that are on their way, `offset[k]` aside on an axis: to height[k]. */
static fc_status look(cubature *c, scratch *s, const climber *climbers, unsigned n, unsigned axis,
                      const double *offset, double *height, double (*y)[MAX_OUT])
{
    for (unsigned k = 0; k < n; k++) {
        for (unsigned d = 0; d < c->n_dim; d++) {
            s->u[d][k] = u_of(climbers[k].w[d] + (d == axis ? offset[k] : 0));
        }
    }
    fc_status status = cubature_evaluate(c, s, 0, n);
    for (unsigned k = 0; status == FC_OK && k < n; k++) {
        double w[FC_CUBATURE_MAX_DIM];
        memcpy(w, climbers[k].w, sizeof w);
        w[axis] += offset[k];
        height[k] = height_of(c, s->y, k, w);
        for (unsigned o = 0; o < c->n_out; o++) {
            y[k][o] = s->y[o][k];
        }
    }
    return status;
}

/* All climbers on one axis: to the highest of two points aside, and of the vertex. */
static fc_status climb(cubature *c, scratch *s, climber *climbers, unsigned n, unsigned axis)
{
    double offset[3][N_CLIMBERS], height[3][N_CLIMBERS], y[3][N_CLIMBERS][MAX_OUT];
    for (unsigned side = 0; side < 2; side++) {
        for (unsigned k = 0; k < n; k++) {
            offset[side][k] = (side == 0 ? -1 : 1) * climbers[k].step[axis];
        }
        fc_status status = look(c, s, climbers, n, axis, offset[side], height[side], y[side]);
        if (status != FC_OK) {
            return status;
        }
    }
    for (unsigned k = 0; k < n; k++) {
        climber *at = &climbers[k];
        const double h = at->step[axis], curved = height[0][k] + height[1][k] - 2 * at->height;
        at->width[axis] = 0;
        offset[2][k] = 0;
        if (isfinite(curved) && curved < 0) {
            const double vertex = 0.5 * h * (height[0][k] - height[1][k]) / curved;
            offset[2][k] = fmax(fmin(vertex, FARTHEST * h), -FARTHEST * h);
            const double width = h / sqrt(-curved);
            at->width[axis] = fabs(vertex) <= AT_TOP * width ? width : 0;
        }
    }
    fc_status status = look(c, s, climbers, n, axis, offset[2], height[2], y[2]);
    for (unsigned k = 0; status == FC_OK && k < n; k++) {
        climber *at = &climbers[k];
        double moved = 0;
        for (unsigned i = 0; i < 3; i++) {
            if (height[i][k] > at->height || (i == 2 && offset[2][k] == 0)) {
                at->height = height[i][k];
                moved = offset[i][k];
                memcpy(at->y, y[i][k], sizeof at->y);
            }
        }
        at->w[axis] += moved;
        if (fabs(moved) < 0.5 * at->step[axis]) {
            at->step[axis] = fmax(0.5 * at->step[axis], AT_TOP * at->width[axis]);
        } else if (fabs(moved) > at->step[axis]) {
            at->step[axis] *= 2;
        }
    }
    return status;
}

/* Is the top where the Hermite rules have many points, or a box sees it by itself? */
static bool is_known(const cubature *c, const double *u, double size)
{
    const smooth *sm = &c->smooth;
    if (sm->family == FC_SPARSE_HERMITE && sm->outputs != NULL && !sm->off) {
        double x[FC_CUBATURE_MAX_DIM], z[FC_CUBATURE_MAX_DIM];
        bool seen = true;
        for (unsigned d = 0; d < c->n_dim; d++) {
            x[d] = (2 * u[d] - 1) / (4 * u[d] * (1 - u[d]));
        }
        cubature_decay_unmap(c, x, z);
        for (unsigned d = 0; d < c->n_dim; d++) {
            seen = seen && fabs(z[d]) <= SEEN_BY_HERMITE;
        }
        return seen;
    }
    const double *half = c->geometry + 2 * (size_t)c->n_dim * cubature_box_at(c, u) + c->n_dim;
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (half[d] > NEEDLE_SIZE * size) {
            return false;
        }
    }
    return true;
}

static bool is_noted(const cubature *c, const needle *found)
{
    bool noted = false;
    for (unsigned k = 0; k < c->n_needles && !noted; k++) {
        noted = true;
        for (unsigned d = 0; d < c->n_dim; d++) {
            noted = noted && fabs(c->needles[k].place[d] - found->place[d]) <= c->needles[k].size;
        }
    }
    return noted;
}

/* What a climber has found: true if it is a top that matters, with its place, size and weight. */
static bool describe(const cubature *c, const climber *at, needle *found)
{
    double volume = 1, narrowest = INFINITY, widest = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double u = u_of(at->w[d]), width = at->width[d] * u * (1 - u);
        found->place[d] = u;
        volume *= SQRT_2PI * width;
        narrowest = fmin(narrowest, width);
        widest = fmax(widest, width);
    }
    if (!(volume > 0)) {
        return false;
    }
    found->size = SIZE * fmax(narrowest, 0.125 * widest);
    bool matters = false;
    for (unsigned o = 0; o < c->n_out; o++) {
        const double value = c->smooth.outputs != NULL ? c->smooth.outputs[o].value : 0;
        found->weight[o] = volume * fabs(at->y[o]);
        matters = matters || found->weight[o] > NEGLIGIBLE * fmax(c->tolerance[o],
                                                                  c->options->epsrel * fabs(value));
    }
    return matters;
}

fc_status cubature_climb(cubature *c, uint64_t *n_eval)
{
    if (c->climbed || !is_unbounded(c->domain) || c->n_out > MAX_OUT || c->options->n_probe == 0 ||
        *n_eval > c->options->max_eval) {
        return FC_OK;
    }
    const unsigned n_starts = count_starts(c, c->options->max_eval - *n_eval);
    if (n_starts == 0) {
        return FC_OK;
    }
    c->climbed = true;
    scratch *s;
    climber climbers[N_CLIMBERS];
    unsigned n;
    fc_status status = cubature_scratch(c, 0, &s);
    if (status == FC_OK) {
        status = choose_starts(c, s, n_starts, climbers, &n);
        *n_eval += (2 * (uint64_t)c->n_dim + 1) * n_starts;
    }
    if (status != FC_OK || n == 0) {
        return status;
    }
    const double here[N_CLIMBERS] = {0};
    double height[N_CLIMBERS], y[N_CLIMBERS][MAX_OUT];
    status = look(c, s, climbers, n, 0, here, height, y);
    *n_eval += n;
    for (unsigned k = 0; k < n; k++) {
        climbers[k].height = height[k];
        memcpy(climbers[k].y, y[k], sizeof climbers[k].y);
    }
    unsigned on_the_way = n;
    for (unsigned round = 0; status == FC_OK && round < ROUNDS && on_the_way > 0; round++) {
        for (unsigned axis = 0; axis < c->n_dim; axis++) {
            status = climb(c, s, climbers, on_the_way, axis);
            *n_eval += 3 * on_the_way;
            if (status != FC_OK) {
                return status;
            }
        }
        for (unsigned k = 0; k < on_the_way;) {
            bool top = true;
            for (unsigned d = 0; d < c->n_dim; d++) {
                top = top && climbers[k].width[d] > 0;
            }
            if (top) { /* the others first */
                const climber last = climbers[--on_the_way];
                climbers[on_the_way] = climbers[k];
                climbers[k] = last;
            } else {
                k++;
            }
        }
    }
    needle found[N_CLIMBERS];
    unsigned n_found = 0;
    bool any_unknown = false;
    for (unsigned k = on_the_way; k < n; k++) {
        if (describe(c, &climbers[k], &found[n_found])) {
            any_unknown = any_unknown || !is_known(c, found[n_found].place, found[n_found].size);
            n_found++;
        }
    }
    if (any_unknown) {
        c->smooth.off = true; /* so the boxes have to see all of them */
        for (unsigned k = 0; k < n_found; k++) {
            if (!is_known(c, found[k].place, found[k].size) && !is_noted(c, &found[k])) {
                cubature_note_needle(c, &found[k]);
            }
        }
    }
    return FC_OK;
}
