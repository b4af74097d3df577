/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Cross approximation; contract in fc_cross.h.
 *
 * Before dimension d stand some heads (x_1 .. x_d-1), after it some tails (x_d+1 .. x_n). All
 * values f(head, x, tail), x at Chebyshev's nodes, are the matrix A_d up to a factor; the inverse
 * of the values at the heads and tails that meet there makes one function of all (Oseledets and
 * Tyrtyshnikov, "TT-cross approximation", Linear Algebra Appl. 432, 2010; of functions: Gorodetsky,
 * Karaman, Marzouk, CMAME 347, 2019):
 *
 *     f(x) ~ f(x_1, tails_1) f(heads_2, tails_1)^-1 f(heads_2, x_2, tails_2) ...
 *
 * A sweep leftwards chooses from nodes and tails of dimension d, by elimination with complete
 * pivoting, the tails before it; one rightwards the heads after it. Sweeps alternate, and before
 * each either the points at which the function is worst give a head and a tail more to every
 * dimension (Dolgov and Savostyanov, Comput. Phys. Commun. 246, 2020: crosses grow by the largest
 * residual), or polynomials become longer. So smooth functions are known to many digits after
 * n_dim * terms * rank^2 evaluations, whatever the number of points. */
#include "fc_cross.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_fibre.h"

#define CHUNK 64 /* points at once */
#define MAX_DIM FC_VARIATE_MAX_DIM
#define MAX_RANK FC_VARIATE_MAX_RANK
#define MAX_TERMS FC_VARIATE_MAX_TERMS
#define MAX_PIECES FC_VARIATE_MAX_PIECES
#define MAX_NODES FC_VARIATE_MAX_FUNCTIONS
#define MAX_VALUES FC_VARIATE_MAX_COEFFICIENTS
#define FIRST_TERMS 8 /* fewer where there are too few evaluations, down to ... */
#define LEAST_TERMS 4
#define AT_ONCE 256       /* evaluations that one worker makes */
#define LEAST_PIVOT 1e-12 /* of the first: what is less is rounding */
#define RANKS_BY_ONE 4    /* beyond, ranks grow by two */
#define HOPEFUL 0.5       /* a rank must lower the variance to so much ... */
#define DISAPPOINTMENTS 4 /* ... or counts as one of so many in a row before the end */
#define HOPELESS 0.3      /* a function of which so much is left ... */
#define RANK_TO_HOPE 3    /* ... with this rank is given up */
#define GOOD_ENOUGH 1e-20 /* share of the variance */
#define WORTHWHILE 0.5    /* the same */
#define TAIL_OF_RESIDUAL                                                                           \
    0.1                   /* longer polynomials are tried first if the longest has so much of      \
                             what is left in its two highest degrees ... */
#define TAIL_ALWAYS 1e-4  /* ... or, of rank 1, of itself */
#define TAIL_TO_GROW 0.01 /* they become longer that have so much, over all dimensions */
#define TAIL_TO_CUT 1e-5  /* where longer ones have so much, all that have ... */
#define TAIL_TO_CUT_AT_ONCE 0.01 /* ... or even the first ones so much ... */
#define TAIL_CUT 1e-6            /* ... so much are searched for breaks */

#define FOR_A_BREAK 50 /* evaluations, about */
#define EDGE_LINES 4
#define BESIDE_EDGES 0x1p-48
#define EXACT 1e-8 /* share of the variance */
#define NEAR_END 1e-4
#define MISSED_AT_EDGES 1e-11 /* standard deviations of the function, and its value ... */
#define LEAST_MISSED 10       /* ... of what is left, ... */
#define MOST_MISSED 100       /* ... or, if that is less than ... */
#define VERY_EXACT 1e-12

fc_status fc_points_create(unsigned n_dim, unsigned n_out, size_t capacity, fc_points **out)
{
    *out = NULL;
    fc_points *points = fc_calloc(1, sizeof *points);
    if (points == NULL) {
        return FC_ERR_NOMEM;
    }
    capacity = (capacity + CHUNK - 1) / CHUNK * CHUNK;
    const size_t n_rows = (size_t)n_dim + n_out + 1;
    *points = (fc_points){.n_dim = n_dim, .n_out = n_out, .capacity = capacity};
    points->x = fc_malloc(n_rows, sizeof *points->x);
    points->memory = fc_malloc_aligned(FC_CACHE_LINE, capacity, n_rows * sizeof(double));
    if (points->x == NULL || points->memory == NULL) {
        fc_points_destroy(points);
        return FC_ERR_NOMEM;
    }
    for (size_t r = 0; r < n_rows; r++) {
        points->x[r] = (double *)points->memory + r * capacity;
    }
    points->y = points->x + n_dim;
    points->weight = points->x[n_rows - 1];
    *out = points;
    return FC_OK;
}

void fc_points_destroy(fc_points *points)
{
    if (points != NULL) {
        fc_free(points->x);
        fc_free(points->memory);
        fc_free(points);
    }
}

typedef struct cross {
    fc_sampler *sampler;
    const fc_points *points;
    unsigned out, n_dim;
    unsigned first_terms, terms[MAX_DIM], n_pieces[MAX_DIM];
    double edges[MAX_DIM][MAX_PIECES + 1];
    bool searched[MAX_DIM];                      /* for breaks */
    unsigned n_heads[MAX_DIM], n_tails[MAX_DIM]; /* n_heads[d + 1] is n_tails[d] */
    /* Of each dimension; a head of d has x[0 .. d-1], a tail x[d+1 ..]. */
    double heads[MAX_DIM][MAX_RANK][MAX_DIM], tails[MAX_DIM][MAX_RANK][MAX_DIM];
    size_t worst[2];      /* points that the last function misses most */
    double peak[MAX_DIM]; /* where the function is largest, of the points */
    fc_variate *now;
    /* The fibres under way: values[(head, node, tail)]. */
    unsigned dim, n_nodes;
    double nodes[MAX_NODES], values[MAX_VALUES], turned[MAX_VALUES];
} cross;

static fc_status evaluate_part(void *context, size_t begin, size_t end, unsigned worker)
{
    cross *c = context;
    const unsigned k = c->dim, n_tails = c->n_tails[k];
    const size_t n = (size_t)c->n_heads[k] * c->n_nodes * n_tails;
    const size_t part = c->sampler->block < AT_ONCE ? c->sampler->block : AT_ONCE;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(c->sampler, worker, &s);
    for (size_t p = begin; status == FC_OK && p < end; p++) {
        const size_t first = p * part, count = n - first < part ? n - first : part;
        for (unsigned d = 0; d < c->n_dim; d++) {
            for (size_t i = 0; i < count; i++) {
                const size_t head = (first + i) / n_tails / c->n_nodes;
                const size_t node = (first + i) / n_tails % c->n_nodes;
                const size_t tail = (first + i) % n_tails;
                s->u[d][i] = d < k   ? c->heads[k][head][d]
                             : d > k ? c->tails[k][tail][d]
                                     : c->nodes[node];
            }
        }
        status = fc_sampler_evaluate(c->sampler, s, worker, count);
        if (status == FC_OK) {
            memcpy(c->values + first, s->y[c->out], count * sizeof *c->values);
        }
    }
    return status;
}

/* Terms of dimension d that there is room for. */
static unsigned terms_of(const cross *c, unsigned d)
{
    const unsigned room = MAX_VALUES / (c->n_heads[d] * c->n_tails[d]);
    const unsigned most = (room < MAX_NODES ? room : MAX_NODES) / c->n_pieces[d];
    return c->terms[d] < most ? c->terms[d] : most;
}

static uint64_t cost_of_sweep(const cross *c)
{
    uint64_t n = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        n += (uint64_t)c->n_heads[d] * c->n_pieces[d] * terms_of(c, d) * c->n_tails[d];
    }
    return n;
}

static fc_status evaluate_fibres(cross *c, unsigned d, uint64_t *n_eval)
{
    c->dim = d;
    const unsigned terms = terms_of(c, d);
    c->n_nodes = terms * c->n_pieces[d];
    for (unsigned j = 0; j < c->n_nodes; j++) {
        const double *edge = &c->edges[d][j / terms];
        const double angle = (2 * (j % terms) + 1) * 3.14159265358979324 / (2 * terms);
        c->nodes[j] = edge[0] + (edge[1] - edge[0]) * ((1 + cos(angle)) / 2);
    }
    const size_t n = (size_t)c->n_heads[d] * c->n_nodes * c->n_tails[d];
    const size_t part = c->sampler->block < AT_ONCE ? c->sampler->block : AT_ONCE;
    *n_eval += n;
    return fc_pool_for(&c->sampler->run, evaluate_part, c, (n + part - 1) / part, 1);
}

static void swap_rows(double *a, double *b, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const double kept = a[i];
        a[i] = b[i];
        b[i] = kept;
    }
}

/* Gauss and Jordan's elimination with complete pivoting: rows, which are those of `sets`, too, are
 * put in the order of the pivots, whose columns are told. What it makes of the matrix is the
 * inverse of these columns times the matrix. Gives the number of pivots. */
static unsigned eliminate(double *m, unsigned n_rows, size_t n_columns, double (*sets)[MAX_DIM],
                          size_t *pivots)
{
    double first = 0;
    for (unsigned r = 0; r < n_rows; r++) {
        unsigned row = r;
        size_t column = 0;
        double greatest = -1;
        for (unsigned i = r; i < n_rows; i++) {
            for (size_t j = 0; j < n_columns; j++) {
                if (fabs(m[i * n_columns + j]) > greatest) {
                    greatest = fabs(m[i * n_columns + j]);
                    row = i;
                    column = j;
                }
            }
        }
        first = r == 0 ? greatest : first;
        if (!(greatest > LEAST_PIVOT * first)) {
            return r;
        }
        if (row != r) {
            swap_rows(m + row * n_columns, m + r * n_columns, n_columns);
            swap_rows(sets[row], sets[r], MAX_DIM);
        }
        pivots[r] = column;
        double *pivot_row = m + r * n_columns;
        const double pivot = pivot_row[column];
        for (size_t j = 0; j < n_columns; j++) {
            pivot_row[j] = j == column ? 1 : pivot_row[j] / pivot;
        }
        for (unsigned i = 0; i < n_rows; i++) {
            double *other = m + i * n_columns;
            const double factor = other[column];
            for (size_t j = 0; j < n_columns && i != r; j++) {
                other[j] = j == column ? 0 : other[j] - factor * pivot_row[j];
            }
        }
    }
    return n_rows;
}

/* From the values at the nodes to Chebyshev's coefficients. */
static void set_core(cross *c, unsigned d)
{
    fc_variate_core *core = &c->now->cores[d];
    const unsigned n_pieces = c->n_pieces[d], n = c->n_nodes / n_pieces;
    core->left = c->n_heads[d];
    core->right = c->n_tails[d];
    core->terms = n;
    core->n_pieces = n_pieces;
    memcpy(core->edges, c->edges[d], sizeof core->edges);
    double wave[4 * MAX_TERMS]; /* cos(i pi / 2n) */
    for (unsigned i = 0; i < 4 * n; i++) {
        wave[i] = cos(i * 3.14159265358979324 / (2 * n));
    }
    double *coefficient = core->c;
    for (unsigned e = 0; e < core->left * core->right * n_pieces; e++) {
        const unsigned head = e / n_pieces / core->right, tail = e / n_pieces % core->right;
        const double *values =
            c->values + ((size_t)head * n_pieces + e % n_pieces) * n * core->right + tail;
        for (unsigned k = 0; k < n; k++) {
            double sum = 0;
            for (unsigned j = 0; j < n; j++) {
                sum += values[j * core->right] * wave[k * (2 * j + 1) % (4 * n)];
            }
            *coefficient++ = sum * (k == 0 ? 1.0 : 2.0) / n;
        }
    }
}

/* Keeps of the tails (heads) of d those that the elimination chose, and makes the matrix. */
static bool step_leftwards(cross *c, unsigned d)
{
    if (d > 0) {
        size_t pivots[MAX_RANK];
        const unsigned n_tails = c->n_tails[d];
        const unsigned rank =
            eliminate(c->values, c->n_heads[d], (size_t)c->n_nodes * n_tails, c->heads[d], pivots);
        for (unsigned r = 0; r < rank; r++) {
            memcpy(c->tails[d - 1][r], c->tails[d][pivots[r] % n_tails], sizeof c->tails[0][0]);
            c->tails[d - 1][r][d] = c->nodes[pivots[r] / n_tails];
        }
        c->n_heads[d] = c->n_tails[d - 1] = rank;
    }
    set_core(c, d);
    return c->n_heads[d] > 0;
}

static bool step_rightwards(cross *c, unsigned d)
{
    const unsigned n_nodes = c->n_nodes, n_tails = c->n_tails[d];
    const size_t n_columns = (size_t)c->n_heads[d] * n_nodes;
    if (d + 1 < c->n_dim) {
        size_t pivots[MAX_RANK];
        for (size_t i = 0; i < n_columns * n_tails; i++) {
            c->turned[i % n_tails * n_columns + i / n_tails] = c->values[i];
        }
        const unsigned rank = eliminate(c->turned, n_tails, n_columns, c->tails[d], pivots);
        for (unsigned r = 0; r < rank; r++) {
            memcpy(c->heads[d + 1][r], c->heads[d][pivots[r] / n_nodes], sizeof c->heads[0][0]);
            c->heads[d + 1][r][d] = c->nodes[pivots[r] % n_nodes];
        }
        for (size_t i = 0; i < n_columns * rank; i++) {
            c->values[i] = c->turned[i % rank * n_columns + i / rank];
        }
        c->n_tails[d] = c->n_heads[d + 1] = rank;
    }
    set_core(c, d);
    return c->n_tails[d] > 0;
}

/* A sweep over all dimensions. *solved is false where only zeros were met. */
static fc_status sweep(cross *c, bool leftwards, uint64_t *n_eval, bool *solved)
{
    fc_status status = FC_OK;
    *solved = true;
    for (unsigned i = 0; status == FC_OK && *solved && i < c->n_dim; i++) {
        const unsigned d = leftwards ? c->n_dim - 1 - i : i;
        status = evaluate_fibres(c, d, n_eval);
        if (status == FC_OK) {
            *solved = leftwards ? step_leftwards(c, d) : step_rightwards(c, d);
        }
    }
    return status;
}

/* One point in four is not learnt from: by chance, as regular choices of a net's numbers are
 * regular places, too. */
static bool is_kept_apart(size_t i)
{
    uint64_t h = (i + 1) * UINT64_C(0x9e3779b97f4a7c15);
    h = (h ^ h >> 32) * UINT64_C(0x9e3779b97f4a7c15);
    return h >> 62 == 3;
}

/* Variance of y - h at the points kept apart, of y if h is NULL; of the others the two worst are
 * remembered. */
static double variance_left(cross *c, const fc_variate *h)
{
    const fc_points *points = c->points;
    const double *y = points->y[c->out];
    double sum0 = 0, sum1 = 0, sum2 = 0, out[CHUNK] = {0}, far[2] = {-1, -1};
    const double *x[MAX_DIM];
    for (size_t at = 0; at < points->n; at += CHUNK) {
        for (unsigned d = 0; d < c->n_dim; d++) {
            x[d] = points->x[d] + at;
        }
        if (h != NULL) {
            fc_variate_values(h, x, CHUNK, out);
        }
        for (size_t i = 0; i < CHUNK; i++) {
            const double w = points->weight[at + i], delta = y[at + i] - out[i];
            if (is_kept_apart(at + i)) {
                sum0 += w;
                sum1 += w * delta;
                sum2 += w * delta * delta;
            } else if (fabs(delta) > far[0]) {
                far[1] = far[0];
                c->worst[1] = c->worst[0];
                far[0] = fabs(delta);
                c->worst[0] = at + i;
            } else if (fabs(delta) > far[1]) {
                far[1] = fabs(delta);
                c->worst[1] = at + i;
            }
        }
    }
    return fmax(sum2 / sum0 - sum1 / sum0 * (sum1 / sum0), 0);
}

/* Gives every dimension the first n worst points' heads and tails. */
static void add_worst(cross *c, unsigned n)
{
    for (unsigned d = 0; d < c->n_dim; d++) {
        for (unsigned k = 0; k < n; k++) {
            double *head = c->heads[d][c->n_heads[d]], *tail = c->tails[d][c->n_tails[d]];
            for (unsigned e = 0; e < c->n_dim; e++) {
                head[e] = tail[e] = c->points->x[e][c->worst[k]];
            }
            c->n_heads[d] += d > 0 || c->n_heads[d] == 0;
            c->n_tails[d] += d + 1 < c->n_dim || c->n_tails[d] == 0;
        }
    }
}

/* The square sum of a matrix's coefficients of degrees from `first` on. */
static double squares(const fc_variate_core *core, unsigned first, unsigned end)
{
    double sum = 0;
    for (unsigned e = 0; e < core->left * core->right * core->n_pieces; e++) {
        for (unsigned k = first; k < end; k++) {
            const double v = core->c[(size_t)e * core->terms + k];
            sum += v * v;
        }
    }
    return sum;
}

/* The share of the two highest degrees; 0 if there is no room for higher ones. */
static double tail_of(const cross *c, unsigned d)
{
    const fc_variate_core *core = &c->now->cores[d];
    const unsigned terms = core->terms;
    return terms < MAX_TERMS && terms == c->terms[d]
               ? squares(core, terms - 2, terms) / squares(core, 0, terms)
               : 0;
}

/* Makes polynomials longer where their highest degrees are a good part of what is left. */
static bool lengthen(cross *c, unsigned rank, double left)
{
    double tail[MAX_DIM], longest = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        tail[d] = tail_of(c, d);
        longest = fmax(longest, tail[d]);
    }
    left = fmin(left, 1);
    if (!(longest > TAIL_OF_RESIDUAL * left) && !(rank == 1 && longest > TAIL_ALWAYS)) {
        return false;
    }
    bool longer = false;
    for (unsigned d = 0; d < c->n_dim; d++) {
        if (tail[d] > TAIL_TO_GROW * left / c->n_dim) {
            const unsigned terms = c->terms[d] * 3 / 2;
            c->terms[d] = terms < MAX_TERMS ? terms : MAX_TERMS;
            longer = true;
        }
    }
    return longer;
}

/* Leaves out high degrees that hardly count against what is left anyway. */
static void trim(fc_variate *h)
{
    for (unsigned d = 0; d < h->n_dim; d++) {
        fc_variate_core *core = &h->cores[d];
        const unsigned terms = core->terms, n = core->left * core->right * core->n_pieces;
        const double room = squares(core, 0, terms) * h->residual * TAIL_TO_GROW / h->n_dim;
        unsigned keep = terms;
        while (keep > 1 && squares(core, keep - 1, terms) <= room) {
            keep--;
        }
        for (unsigned e = 0; e < n; e++) {
            memmove(core->c + (size_t)e * keep, core->c + (size_t)e * terms,
                    keep * sizeof *core->c);
        }
        core->terms = keep;
    }
    fc_variate_complete(h);
}

/* Points on lines parallel to the axes. */
typedef struct probe {
    const cross *c;
    const double *base;  /* where the lines meet */
    const fc_variate *h; /* subtracted, unless NULL */
    size_t n;
    const unsigned *dims;
    const double *at;
    double *values;
} probe;

static fc_status probe_part(void *context, size_t begin, size_t end, unsigned worker)
{
    const probe *p = context;
    const cross *c = p->c;
    const size_t part = c->sampler->block < AT_ONCE ? c->sampler->block : AT_ONCE;
    fc_scratch *s;
    fc_status status = fc_sampler_scratch(c->sampler, worker, &s);
    for (size_t k = begin; status == FC_OK && k < end; k++) {
        const size_t first = k * part, count = p->n - first < part ? p->n - first : part;
        for (unsigned d = 0; d < c->n_dim; d++) {
            for (size_t i = 0; i < count; i++) {
                s->u[d][i] = p->dims[first + i] == d ? p->at[first + i] : p->base[d];
            }
        }
        status = fc_sampler_evaluate(c->sampler, s, worker, count);
        double h[AT_ONCE] = {0};
        if (status == FC_OK && p->h != NULL) {
            fc_variate_values(p->h, (const double *const *)s->u, count, h);
        }
        for (size_t i = 0; status == FC_OK && i < count; i++) {
            p->values[first + i] = s->y[c->out][i] - h[i];
        }
    }
    return status;
}

static fc_status run_probe(probe *p)
{
    const fc_sampler *sampler = p->c->sampler;
    const size_t part = sampler->block < AT_ONCE ? sampler->block : AT_ONCE;
    return fc_pool_for(&sampler->run, probe_part, p, (p->n + part - 1) / part, 1);
}

/* An fc_fibre_fn: fibres through the peak. */
static fc_status probe_fibres(void *context, size_t n, const unsigned *dims, const double *at,
                              double *values)
{
    const cross *c = context;
    probe p = {.c = c, .base = c->peak, .n = n, .dims = dims, .at = at, .values = values};
    return run_probe(&p);
}

/* Do the breaks of h, found on one line each, stand at the same places on others? What is left of
 * slanting ones may be too narrow to be met by points, and the error to come be too small: points
 * on either side tell, of some more lines. And where h seems to be exact, is it so near the ends
 * of all dimensions? */
static fc_status check_edges(const cross *c, const fc_variate *h, double deviation,
                             uint64_t *n_eval, bool *hold)
{
    unsigned dims[2 * MAX_DIM * MAX_PIECES];
    double at[2 * MAX_DIM * MAX_PIECES], values[2 * MAX_DIM * MAX_PIECES];
    const double *y = c->points->y[c->out];
    size_t n = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        for (unsigned p = 1; p < h->cores[d].n_pieces; p++, n += 2) {
            dims[n] = dims[n + 1] = d;
            at[n] = h->cores[d].edges[p] - BESIDE_EDGES;
            at[n + 1] = h->cores[d].edges[p] + BESIDE_EDGES;
        }
    }
    const size_t n_edges = n;
    for (unsigned d = 0; d < c->n_dim && h->residual < EXACT; d++, n += 2) {
        dims[n] = dims[n + 1] = d;
        at[n] = NEAR_END;
        at[n + 1] = 1 - NEAR_END;
    }
    fc_status status = FC_OK;
    *hold = true;
    for (size_t i = 0, n_lines = 0;
         status == FC_OK && n > 0 && i < c->points->n && n_lines < EDGE_LINES; i++) {
        if (y[i] == 0) {
            continue;
        }
        double base[MAX_DIM];
        for (unsigned d = 0; d < c->n_dim; d++) {
            base[d] = c->points->x[d][i];
        }
        probe p = {.c = c, .base = base, .h = h, .n = n, .dims = dims, .at = at, .values = values};
        *n_eval += n;
        status = run_probe(&p);
        const double tolerance =
            MISSED_AT_EDGES * (deviation + fabs(y[i])) +
            (h->residual < VERY_EXACT ? MOST_MISSED : LEAST_MISSED) * sqrt(h->residual) * deviation;
        for (size_t k = 0; status == FC_OK && k < n; k++) {
            *hold = *hold && fabs(values[k]) <= tolerance;
        }
        n_lines++;
        n = n_edges;
    }
    return status;
}

/* Where neither longer polynomials nor a higher rank helped (then it is `stuck`) the function may
 * break: looks for breaks, and cuts. */
static fc_status cut(cross *c, bool stuck, uint64_t *most, uint64_t *n_eval, bool *has_cut)
{
    fc_fibre fibres[MAX_DIM];
    double tails[MAX_DIM];
    size_t n = 0;
    bool needed = stuck;
    *has_cut = false;
    for (unsigned d = 0; d < c->n_dim; d++) {
        const double tail = c->searched[d] ? 0 : tail_of(c, d);
        needed = needed || tail > TAIL_TO_CUT_AT_ONCE ||
                 (c->terms[d] > c->first_terms && tail > TAIL_TO_CUT);
        if (stuck ? !c->searched[d] : tail > TAIL_CUT) {
            tails[n] = tail;
            fibres[n++] = (fc_fibre){.dim = d};
        }
    }
    /* As many as there are evaluations for, and for another sweep. */
    const uint64_t for_search = *most - *n_eval, for_sweep = cost_of_sweep(c);
    const uint64_t budget = for_search > for_sweep ? for_search - for_sweep : 0;
    const uint64_t price = FOR_A_BREAK + 2 * EDGE_LINES + c->first_terms;
    while (n > 0 && n * (price + FC_FIBRE_LEAST_SAMPLES) > budget) {
        size_t least = 0;
        for (size_t i = 1; i < n; i++) {
            least = tails[i] <= tails[least] ? i : least;
        }
        n--;
        tails[least] = tails[n];
        fibres[least] = fibres[n];
    }
    if (!needed || n == 0) {
        return FC_OK;
    }
    size_t samples = (size_t)(budget / n - price);
    samples = samples < FC_FIBRE_MOST_SAMPLES ? samples : FC_FIBRE_MOST_SAMPLES;
    fc_status status = fc_fibre_search(probe_fibres, c, fibres, n, samples, budget, n_eval);
    for (size_t i = 0; status == FC_OK && i < n; i++) {
        const unsigned d = fibres[i].dim, n_breaks = fibres[i].n_breaks;
        c->searched[d] = true;
        if (n_breaks > 0) {
            *has_cut = true;
            *most -= 2 * EDGE_LINES * n_breaks; /* to check them */
            memcpy(c->edges[d] + 1, fibres[i].breaks, n_breaks * sizeof(double));
            c->edges[d][n_breaks + 1] = 1;
            c->n_pieces[d] = n_breaks + 1;
            c->terms[d] = c->first_terms;
        }
    }
    return status;
}

static fc_status grow(cross *c, uint64_t budget, uint64_t *n_eval, fc_variate *best)
{
    const double all = variance_left(c, NULL);
    best->residual = HUGE_VAL;
    if (!(all > 0) || !isfinite(all)) {
        return FC_OK;
    }
    c->first_terms = FIRST_TERMS; /* so that they suffice for rank 2 */
    while (c->first_terms > LEAST_TERMS && c->first_terms * (5 * c->n_dim) > budget) {
        c->first_terms--;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->terms[d] = c->first_terms;
        c->n_pieces[d] = 1;
        c->edges[d][1] = 1;
        c->peak[d] = c->points->x[d][c->worst[0]];
    }
    add_worst(c, 1);
    unsigned rank = 1, disappointments = 0;
    const uint64_t for_ends = 2 * (uint64_t)c->n_dim;
    uint64_t most = *n_eval + (budget > for_ends ? budget - for_ends : 0);
    for (bool leftwards = true; *n_eval + cost_of_sweep(c) <= most; leftwards = !leftwards) {
        bool solved, has_cut = false;
        fc_status status = sweep(c, leftwards, n_eval, &solved);
        double left = HUGE_VAL;
        if (status == FC_OK && solved) {
            fc_variate_complete(c->now);
            left = c->now->residual = variance_left(c, c->now) / all;
        }
        if (status == FC_OK && !solved) { /* once more from the beginning, if it can be cut */
            memset(c->n_heads, 0, sizeof c->n_heads);
            memset(c->n_tails, 0, sizeof c->n_tails);
            add_worst(c, 1);
            rank = 1;
        }
        const bool good = left < HOPEFUL * fmin(best->residual, 1);
        if (left < best->residual && isfinite(c->now->integral)) {
            fc_variate_copy(best, c->now);
        }
        if (status == FC_OK && !(best->residual < GOOD_ENOUGH)) {
            status = cut(c, !solved || (rank > 1 && !good), &most, n_eval, &has_cut);
        }
        if (status != FC_OK || best->residual < GOOD_ENOUGH || (!solved && !has_cut)) {
            return status;
        }
        if (has_cut || lengthen(c, rank, left)) {
            continue;
        }
        if (rank >= RANK_TO_HOPE && best->residual > HOPELESS) {
            break;
        }
        disappointments = good ? 0 : disappointments + 1;
        const unsigned more = rank < RANKS_BY_ONE ? 1 : 2;
        if (disappointments == DISAPPOINTMENTS || rank + more > MAX_RANK || c->n_dim == 1) {
            break;
        }
        add_worst(c, more);
        rank += more;
    }
    return FC_OK;
}

fc_status fc_cross_fit(fc_sampler *sampler, const fc_points *points, unsigned out, uint64_t budget,
                       uint64_t *n_eval, fc_variate **variate)
{
    *variate = NULL;
    const unsigned n_dim = points->n_dim;
    if (n_dim > MAX_DIM || points->n == 0 || points->n % CHUNK != 0) {
        return FC_OK;
    }
    fc_variate *best = fc_variate_create(n_dim), *now = fc_variate_create(n_dim);
    cross *c = fc_calloc(1, sizeof *c);
    fc_status status = FC_ERR_NOMEM;
    if (best != NULL && now != NULL && c != NULL) {
        c->sampler = sampler;
        c->points = points;
        c->out = out;
        c->n_dim = n_dim;
        c->now = now;
        status = grow(c, budget, n_eval, best);
    }
    if (status == FC_OK && best->residual < WORTHWHILE) {
        fc_variate_copy(now, best);
        const double all = variance_left(c, NULL);
        trim(best);
        best->residual = variance_left(c, best) / all;
        if (!(best->residual <= 1.5 * now->residual)) {
            fc_variate_copy(best, now);
        }
        bool hold;
        status = check_edges(c, best, sqrt(all), n_eval, &hold);
        if (status == FC_OK && hold) {
            *variate = best;
            best = NULL;
        }
    }
    fc_free(best);
    fc_free(now);
    fc_free(c);
    return status;
}
