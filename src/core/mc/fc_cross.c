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

#define CHUNK 64 /* points at once */
#define MAX_DIM FC_VARIATE_MAX_DIM
#define MAX_RANK FC_VARIATE_MAX_RANK
#define MAX_TERMS FC_VARIATE_MAX_TERMS
#define MAX_VALUES FC_VARIATE_MAX_COEFFICIENTS
#define FIRST_TERMS 8
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
    unsigned terms[MAX_DIM];
    unsigned n_heads[MAX_DIM], n_tails[MAX_DIM]; /* n_heads[d + 1] is n_tails[d] */
    /* Of each dimension; a head of d has x[0 .. d-1], a tail x[d+1 ..]. */
    double heads[MAX_DIM][MAX_RANK][MAX_DIM], tails[MAX_DIM][MAX_RANK][MAX_DIM];
    size_t worst[2]; /* points that the last function misses most */
    fc_variate *now;
    /* The fibres under way: values[(head, node, tail)]. */
    unsigned dim, n_nodes;
    double nodes[MAX_TERMS], values[MAX_VALUES], turned[MAX_VALUES];
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
    const unsigned most = MAX_VALUES / (c->n_heads[d] * c->n_tails[d]);
    return c->terms[d] < most ? c->terms[d] : most;
}

static uint64_t cost_of_sweep(const cross *c)
{
    uint64_t n = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        n += (uint64_t)c->n_heads[d] * terms_of(c, d) * c->n_tails[d];
    }
    return n;
}

static fc_status evaluate_fibres(cross *c, unsigned d, uint64_t *n_eval)
{
    c->dim = d;
    c->n_nodes = terms_of(c, d);
    for (unsigned j = 0; j < c->n_nodes; j++) {
        c->nodes[j] = (1 + cos((2 * j + 1) * 3.14159265358979324 / (2 * c->n_nodes))) / 2;
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
    const unsigned n = c->n_nodes;
    core->left = c->n_heads[d];
    core->right = c->n_tails[d];
    core->terms = n;
    double wave[4 * MAX_TERMS]; /* cos(i pi / 2n) */
    for (unsigned i = 0; i < 4 * n; i++) {
        wave[i] = cos(i * 3.14159265358979324 / (2 * n));
    }
    for (unsigned e = 0; e < core->left * core->right; e++) {
        const double *values = c->values + (size_t)(e / core->right) * n * core->right;
        for (unsigned k = 0; k < n; k++) {
            double sum = 0;
            for (unsigned j = 0; j < n; j++) {
                sum += values[j * core->right + e % core->right] * wave[k * (2 * j + 1) % (4 * n)];
            }
            core->c[(size_t)e * n + k] = sum * (k == 0 ? 1.0 : 2.0) / n;
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

/* One point in four of a chunk is not learnt from. The low digits of its number choose where a
 * point of a net lies: their sum is in none. */
static bool is_kept_apart(size_t i)
{
    return ((i ^ i >> 2 ^ i >> 4) & 3) == 3;
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
            if (is_kept_apart(i)) {
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

/* The square sum of a matrix's coefficients of two terms from `first` on. */
static double squares(const fc_variate_core *core, unsigned first, unsigned end)
{
    double sum = 0;
    for (unsigned e = 0; e < core->left * core->right; e++) {
        for (unsigned k = first; k < end; k++) {
            const double v = core->c[(size_t)e * core->terms + k];
            sum += v * v;
        }
    }
    return sum;
}

/* Makes polynomials longer where their highest degrees are a good part of what is left. */
static bool lengthen(cross *c, unsigned rank, double left)
{
    double tail[MAX_DIM], longest = 0;
    for (unsigned d = 0; d < c->n_dim; d++) {
        const fc_variate_core *core = &c->now->cores[d];
        tail[d] = 0;
        if (c->terms[d] < MAX_TERMS && core->terms == c->terms[d]) {
            tail[d] = squares(core, core->terms - 2, core->terms) / squares(core, 0, core->terms);
        }
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
        const unsigned terms = core->terms, n = core->left * core->right;
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

static fc_status grow(cross *c, uint64_t budget, uint64_t *n_eval, fc_variate *best)
{
    const double all = variance_left(c, NULL);
    best->residual = HUGE_VAL;
    if (!(all > 0) || !isfinite(all)) {
        return FC_OK;
    }
    for (unsigned d = 0; d < c->n_dim; d++) {
        c->terms[d] = FIRST_TERMS;
    }
    add_worst(c, 1);
    unsigned rank = 1, disappointments = 0;
    uint64_t spent = 0;
    for (bool leftwards = true; spent + cost_of_sweep(c) <= budget; leftwards = !leftwards) {
        bool solved;
        const uint64_t before = *n_eval;
        fc_status status = sweep(c, leftwards, n_eval, &solved);
        spent += *n_eval - before;
        if (status != FC_OK || !solved) {
            return status;
        }
        fc_variate_complete(c->now);
        const double left = c->now->residual = variance_left(c, c->now) / all;
        const bool good = left < HOPEFUL * fmin(best->residual, 1);
        if (left < best->residual && isfinite(c->now->integral)) {
            fc_variate_copy(best, c->now);
        }
        if (best->residual < GOOD_ENOUGH) {
            break;
        }
        if (lengthen(c, rank, left)) {
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
        *variate = best;
        best = NULL;
    }
    fc_free(best);
    fc_free(now);
    fc_free(c);
    return status;
}
