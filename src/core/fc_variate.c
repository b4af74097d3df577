/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Tensor trains as control variates; contract in fc_variate.h, the loops over points in
 * fc_variate_kernel.h.
 *
 * The fit is alternating least squares (Holtz, Rohwedder, Schneider, SIAM J. Sci. Comput. 34,
 * 2012): all matrices but one held, the values are linear in its coefficients. From left to right
 * and back each is solved for in turn, then made orthogonal, which keeps the next problem well
 * conditioned:
 *
 *     y ~ left(x_1 .. x_j-1) A_j(x_j) right(x_j+1 .. x_d)
 *
 * Ranks grow from 1, the new entries from small random numbers; each rank is swept with polynomials
 * of low degree first, which few points determine, then once with as many terms as the points
 * allow. A rank stays if it lowers the variance at points kept apart. */
#include "fc_variate.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_cpu.h"
#include "fc_variate_kernel.h"

#define LOW_TERMS 4
#define MIDDLE_TERMS 12
#define LOW_SWEEPS 3
#define HOPEFUL 0.9      /* with low degrees at least to so much; else another start is tried */
#define ATTEMPTS 4       /* from other random numbers, as a start may lead nowhere */
#define SAMPLES 8        /* points for each coefficient, where there are so many ... */
#define LEAST_SAMPLES 3  /* ... and where not */
#define START 0.1        /* size of a rank's new entries, of the matrix they join */
#define RIDGE 1e-9       /* against directions that the points leave open; of the mean square */
#define USEFUL 0.7       /* a rank must lower the variance at least to so much */
#define CONVERGING 0.5   /* sweeps go on while each lowers the variance to so much */
#define IN_TAIL 0.05     /* share of the variance left: if the highest degrees have less, no more */
#define GOOD_ENOUGH 1e-9 /* share of the variance: a higher rank is not tried */
#define WORTHWHILE 0.5
#define SLICES 8             /* parts of the points that may be summed at the same time */
#define SERIAL_WORK 200000.0 /* multiplications not worth waking threads for */
#define ROW_LENGTH (MOST_UNKNOWNS + 1)

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

typedef struct fit {
    const fc_run *run;
    const fc_points *points;
    unsigned n_dim;
    size_t n, used;          /* points to learn from, those used at present */
    fc_variate_core *before; /* the cores of the rank below, to start from again */
    fc_variate_core *cores;  /* coefficients of Legendre's polynomials of norm 1 */
    double *left, *right;    /* by dimension, FC_VARIATE_MAX_RANK rows of n */
    double *target;          /* sqrt(weight) y; left of the first dimension is sqrt(weight) */
    double *sums;            /* SLICES square matrices */
    double work;             /* multiplications done */
    double tail;             /* what the two highest degrees add to the mean square */
    uint64_t random;
    /* The step under way. */
    variate_rows rows;
    bool leftwards;
    double *product;
    const double *c;
    fc_variate_normal_fn *normal;
    fc_variate_multiply_fn *multiply;
} fit;

static fc_variate_values_fn *values_fn(void)
{
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        return fc_variate_values_avx2;
    }
#endif
    return variate_values;
}

static double *left_of(const fit *f, unsigned d)
{
    return f->left + (size_t)d * FC_VARIATE_MAX_RANK * f->n;
}

static double *right_of(const fit *f, unsigned d)
{
    return f->right + (size_t)d * FC_VARIATE_MAX_RANK * f->n;
}

static void slice_ends(const fit *f, size_t slice, size_t *begin, size_t *end)
{
    const size_t n_chunks = f->used / CHUNK;
    *begin = slice * n_chunks / SLICES * CHUNK;
    *end = (slice + 1) * n_chunks / SLICES * CHUNK;
}

static fc_status normal_slices(void *context, size_t first, size_t last, unsigned worker)
{
    (void)worker;
    fit *f = context;
    for (size_t slice = first; slice < last; slice++) {
        size_t begin, end;
        slice_ends(f, slice, &begin, &end);
        double *sums = f->sums + slice * ROW_LENGTH * ROW_LENGTH;
        memset(sums, 0, ROW_LENGTH * ROW_LENGTH * sizeof *sums);
        f->normal(&f->rows, begin, end, sums);
    }
    return FC_OK;
}

static fc_status multiply_slices(void *context, size_t first, size_t last, unsigned worker)
{
    (void)worker;
    fit *f = context;
    for (size_t slice = first; slice < last; slice++) {
        size_t begin, end;
        slice_ends(f, slice, &begin, &end);
        f->multiply(&f->rows, f->c, f->leftwards, begin, end, f->product);
    }
    return FC_OK;
}

static fc_status on_slices(fit *f, fc_range_fn *fn, double work)
{
    f->work += work;
    return work < SERIAL_WORK ? fn(f, 0, SLICES, 0) : fc_pool_for(f->run, fn, f, SLICES, 1);
}

static void set_rows(fit *f, unsigned d)
{
    const fc_variate_core *core = &f->cores[d];
    f->rows = (variate_rows){.x = f->points->x[d],
                             .left = left_of(f, d),
                             .right = right_of(f, d),
                             .target = f->target,
                             .stride = f->n,
                             .n_left = core->left,
                             .n_right = core->right,
                             .terms = core->terms};
}

/* Makes the rows left of dimension d + 1, or right of d - 1. */
static fc_status pass_on(fit *f, unsigned d, bool leftwards)
{
    set_rows(f, d);
    f->leftwards = leftwards;
    f->product = leftwards ? right_of(f, d - 1) : left_of(f, d + 1);
    f->c = f->cores[d].c;
    const double unknowns = f->cores[d].left * f->cores[d].right * f->cores[d].terms;
    return on_slices(f, multiply_slices, unknowns * (double)f->used);
}

/* Cholesky's factorisation of the lower triangle, in place, then the solution in the last row.
 * False if the matrix is not positive. */
static bool solve_normal(double *m, unsigned n)
{
    double trace = 0;
    for (unsigned i = 0; i < n; i++) {
        trace += m[i * ROW_LENGTH + i];
    }
    for (unsigned i = 0; i < n; i++) {
        double *row = m + (size_t)i * ROW_LENGTH;
        row[i] += RIDGE * trace / n;
        for (unsigned j = 0; j <= i; j++) {
            const double *other = m + (size_t)j * ROW_LENGTH;
            double sum = row[j];
            for (unsigned k = 0; k < j; k++) {
                sum -= row[k] * other[k];
            }
            if (i == j && !(sum > 0)) {
                return false;
            }
            row[j] = i == j ? sqrt(sum) : sum / other[j];
        }
    }
    double *x = m + (size_t)n * ROW_LENGTH;
    for (unsigned i = 0; i < n; i++) {
        const double *row = m + (size_t)i * ROW_LENGTH;
        for (unsigned k = 0; k < i; k++) {
            x[i] -= row[k] * x[k];
        }
        x[i] /= row[i];
    }
    for (unsigned i = n; i-- > 0;) {
        for (unsigned k = i + 1; k < n; k++) {
            x[i] -= m[(size_t)k * ROW_LENGTH + i] * x[k];
        }
        x[i] /= m[(size_t)i * ROW_LENGTH + i];
        if (!isfinite(x[i])) {
            return false;
        }
    }
    return true;
}

/* The best matrix of dimension d, given the others. *solved is false when there is none. */
static fc_status solve_core(fit *f, unsigned d, bool *solved)
{
    fc_variate_core *core = &f->cores[d];
    const unsigned n = core->left * core->right * core->terms;
    set_rows(f, d);
    fc_status status = on_slices(f, normal_slices, 0.5 * n * (n + 3) * (double)f->used);
    if (status != FC_OK) {
        return status;
    }
    for (size_t slice = 1; slice < SLICES; slice++) {
        const double *from = f->sums + slice * ROW_LENGTH * ROW_LENGTH;
        for (size_t i = 0; i < (size_t)(n + 1) * ROW_LENGTH; i++) {
            f->sums[i] += from[i];
        }
    }
    *solved = solve_normal(f->sums, n);
    if (*solved) {
        memcpy(core->c, f->sums + (size_t)n * ROW_LENGTH, n * sizeof *core->c);
        for (unsigned i = 0; i < n; i++) {
            f->tail += i % core->terms + 2 >= core->terms ? core->c[i] * core->c[i] : 0;
        }
    }
    return FC_OK;
}

/* Makes the matrix of dimension d orthogonal and gives the rest to the next one, or if `leftwards`
 * to the one before: by Gram and Schmidt, twice, on its columns (rows), each a vector of
 * polynomials.
 */
static void orthogonalise(fit *f, unsigned d, bool leftwards)
{
    fc_variate_core *core = &f->cores[d], *other = leftwards ? core - 1 : core + 1;
    const unsigned n = leftwards ? core->left : core->right, terms = core->terms;
    const unsigned length = leftwards ? core->right : core->left;
    double rest[FC_VARIATE_MAX_RANK][FC_VARIATE_MAX_RANK] = {{0}};
#define ENTRY(q, l)                                                                                \
    (core->c + (leftwards ? (q) * core->right + (l) : (l) * core->right + (q)) * terms)
    for (unsigned q = 0; q < n; q++) {
        for (unsigned p = 0; p < 2 * q + 1; p++) { /* against all before it, twice; then its norm */
            const bool last = p == 2 * q;
            const unsigned r = last ? q : p % q;
            double dot = 0;
            for (unsigned l = 0; l < length; l++) {
                for (unsigned k = 0; k < terms; k++) {
                    dot += ENTRY(r, l)[k] * ENTRY(q, l)[k];
                }
            }
            const double factor = last ? sqrt(dot) : dot;
            rest[r][q] += factor;
            for (unsigned l = 0; l < length; l++) {
                for (unsigned k = 0; k < terms; k++) {
                    if (!last) {
                        ENTRY(q, l)[k] -= factor * ENTRY(r, l)[k];
                    } else if (factor > 0) {
                        ENTRY(q, l)[k] /= factor;
                    }
                }
            }
        }
    }
#undef ENTRY
    double c[sizeof other->c / sizeof *other->c];
    const unsigned n_left = other->left, n_right = other->right;
    for (unsigned a = 0; a < n_left; a++) {
        for (unsigned b = 0; b < n_right; b++) {
            for (unsigned k = 0; k < other->terms; k++) {
                double sum = 0;
                for (unsigned q = 0; q < n; q++) {
                    sum += leftwards ? other->c[(a * n_right + q) * other->terms + k] * rest[b][q]
                                     : rest[a][q] * other->c[(q * n_right + b) * other->terms + k];
                }
                c[(a * n_right + b) * other->terms + k] = sum;
            }
        }
    }
    memcpy(other->c, c, (size_t)n_left * n_right * other->terms * sizeof *c);
}

/* From left to right, and back if `both`. Without `solves`, only the rows at the right are made. */
static fc_status sweep(fit *f, bool solves, bool both, bool *solved)
{
    const unsigned last = f->n_dim - 1;
    fc_status status = FC_OK;
    f->tail = solves ? 0 : f->tail;
    for (unsigned d = 0; solves && *solved && status == FC_OK && d <= last; d++) {
        status = solve_core(f, d, solved);
        if (status == FC_OK && *solved && d < last) {
            orthogonalise(f, d, false);
            status = pass_on(f, d, false);
        }
    }
    for (unsigned d = last; both && *solved && status == FC_OK && d > 0; d--) {
        if (solves && d < last) {
            status = solve_core(f, d, solved);
        }
        if (status == FC_OK && *solved) {
            orthogonalise(f, d, true);
            status = pass_on(f, d, true);
        }
    }
    return status;
}

static double random_number(fit *f) /* Steele, Lea, Flood, "SplitMix", OOPSLA 2014; -1 to 1 */
{
    uint64_t z = f->random += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
    return (double)((z ^ z >> 31) >> 11) * 0x1p-52 - 1;
}

/* The same polynomials with another number of terms, in matrices of at least the given rank, whose
 * new entries are random. */
static void reshape(fit *f, unsigned rank, unsigned terms)
{
    for (unsigned d = 0; d < f->n_dim; d++) {
        fc_variate_core old = f->cores[d], *core = &f->cores[d];
        const unsigned least = old.terms < terms ? old.terms : terms;
        core->left = d == 0 ? 1 : rank;
        core->right = d + 1 == f->n_dim ? 1 : rank;
        core->terms = terms;
        memset(core->c, 0, sizeof core->c);
        double square = 0;
        for (unsigned i = 0; i < old.left * old.right * old.terms; i++) {
            square += old.c[i] * old.c[i];
        }
        for (unsigned a = 0; a < core->left; a++) {
            for (unsigned b = 0; b < core->right; b++) {
                double *to = core->c + (a * core->right + b) * terms;
                if (a < old.left && b < old.right) {
                    memcpy(to, old.c + (a * old.right + b) * old.terms, least * sizeof *to);
                } else {
                    to[0] = START * sqrt(square) * random_number(f);
                    to[terms > 1] += START * sqrt(square) * random_number(f);
                }
            }
        }
    }
}

static size_t n_coefficients(const fit *f)
{
    size_t n = 0;
    for (unsigned d = 0; d < f->n_dim; d++) {
        n += (size_t)f->cores[d].left * f->cores[d].right * f->cores[d].terms;
    }
    return n;
}

/* Points for the present shape. */
static void choose_used(fit *f)
{
    const size_t want = (SAMPLES * n_coefficients(f) + SLICES * CHUNK - 1) / CHUNK * CHUNK;
    f->used = want < f->n ? want : f->n;
}

/* What a pass over all matrices, as they would be with so many terms, will cost. */
static double pass_cost(const fit *f, unsigned terms)
{
    double squares = 0, unknowns = 0;
    for (unsigned d = 0; d < f->n_dim; d++) {
        const double n = f->cores[d].left * f->cores[d].right * terms;
        squares += n * n;
        unknowns += n;
    }
    return 0.5 * squares * fmin(SAMPLES * unknowns, (double)f->n);
}

/* Terms that the points determine in matrices of a rank. Least squares at random points are stable
 * up to about the square root of their number (Cohen, Davenport, Leviatan, Found. Comput. Math. 13,
 * 2013): beyond, polynomials may be wild between the outermost points and the faces. */
static unsigned terms_for(const fit *f, unsigned rank)
{
    const size_t entries = f->n_dim == 1 ? 1 : (size_t)rank * rank;
    const size_t by_points = f->n / (LEAST_SAMPLES * f->n_dim * entries);
    const size_t by_size = MOST_UNKNOWNS / entries;
    const size_t stable = (size_t)(sqrt((double)f->n) / 2);
    size_t terms = by_points < by_size ? by_points : by_size;
    terms = terms < stable ? terms : stable;
    return terms < FC_VARIATE_MAX_TERMS ? (unsigned)terms : FC_VARIATE_MAX_TERMS;
}

/* From Legendre's polynomials to Chebyshev's, and H. */
static void finish(const fit *f, unsigned rank, fc_variate *h)
{
    /* Row k: polynomial k, without its norm; t T_m is the mean of T_m-1 and T_m+1. */
    double series[FC_VARIATE_MAX_TERMS][FC_VARIATE_MAX_TERMS] = {{1}, {0, 1}};
    for (unsigned k = 1; k + 1 < FC_VARIATE_MAX_TERMS; k++) {
        for (unsigned m = 0; m <= k + 1; m++) {
            const double below = m > 1 ? series[k][m - 1] / 2 : m == 1 ? series[k][0] : 0;
            const double above = m + 1 < FC_VARIATE_MAX_TERMS ? series[k][m + 1] / 2 : 0;
            const double shifted = below + above;
            series[k + 1][m] = ((2 * k + 1) * shifted - k * series[k - 1][m]) / (k + 1);
        }
    }
    double row[FC_VARIATE_MAX_RANK] = {1};
    h->n_dim = f->n_dim;
    h->rank = rank;
    for (unsigned d = 0; d < f->n_dim; d++) {
        const fc_variate_core *from = &f->cores[d];
        fc_variate_core *to = &h->cores[d];
        *to = (fc_variate_core){.left = from->left, .right = from->right, .terms = from->terms};
        double next[FC_VARIATE_MAX_RANK] = {0};
        for (unsigned e = 0; e < from->left * from->right; e++) {
            const double *c = from->c + e * from->terms;
            double *p = to->c + e * from->terms, integral = 0;
            for (unsigned k = 0; k < from->terms; k++) {
                for (unsigned m = 0; m <= k; m++) {
                    p[m] += c[k] * variate_norms[k] * series[k][m];
                }
            }
            for (unsigned m = 0; m < from->terms; m += 2) {
                integral += p[m] / (1 - (double)m * m);
            }
            next[e % from->right] += row[e / from->right] * integral;
        }
        memcpy(row, next, sizeof row);
    }
    h->integral = row[0];
}

/* Leaves out the highest degrees, as far as that adds no more than `room` to the mean square. From
 * right to left, with orthogonal matrices on both sides: a coefficient's square is what it adds. */
static void trim(fit *f, double room)
{
    for (unsigned d = f->n_dim; d-- > 0;) {
        fc_variate_core *core = &f->cores[d];
        const unsigned n = core->left * core->right, terms = core->terms;
        double tail = 0;
        unsigned keep = terms;
        while (keep > 1) {
            for (unsigned e = 0; e < n; e++) {
                tail += core->c[e * terms + keep - 1] * core->c[e * terms + keep - 1];
            }
            if (tail > room / f->n_dim) {
                break;
            }
            keep--;
        }
        for (unsigned e = 0; e < n; e++) {
            memmove(core->c + e * keep, core->c + e * terms, keep * sizeof *core->c);
        }
        core->terms = keep;
        if (d > 0) {
            orthogonalise(f, d, true);
        }
    }
}

/* Starts rank 2 from the sum of functions of one variable each that fits best, as far as the points
 * are uniform: rows (sum so far, 1). Waves are not far from it, and products of random numbers are
 * where there are many dimensions. */
static void start_with_sum(fit *f, unsigned terms)
{
    const double *root = left_of(f, 0); /* of the weights */
    for (unsigned d = 0; d < f->n_dim; d++) {
        double basis[FC_VARIATE_MAX_TERMS][CHUNK], sums[FC_VARIATE_MAX_TERMS] = {0}, total = 0;
        for (size_t at = 0; at < f->n; at += CHUNK) {
            variate_basis(f->points->x[d] + at, terms, basis);
            for (unsigned i = 0; i < CHUNK; i++) {
                total += root[at + i] * root[at + i];
                for (unsigned k = 0; k < terms; k++) {
                    sums[k] += root[at + i] * f->target[at + i] * basis[k][i];
                }
            }
        }
        const bool first = d == 0, last = d + 1 == f->n_dim;
        fc_variate_core *core = &f->cores[d];
        *core = (fc_variate_core){.left = first ? 1 : 2, .right = last ? 1 : 2, .terms = terms};
        double *g = core->c; /* the entry of the function itself */
        if (!first) {        /* (1, 0) above (g, 1), of the last one the first column */
            core->c[0] = 1;
            g = core->c + core->right * terms;
        }
        if (!last) {
            g[terms] = 1;
        }
        for (unsigned k = first ? 0 : 1; k < terms; k++) {
            g[k] = sums[k] / total;
        }
    }
}

/* Variance of y - h at the points kept apart, those from f->n on; of y if h is NULL. */
static double variance_left(const fit *f, const fc_variate *h, const double *y, double *square)
{
    fc_variate_values_fn *values = values_fn();
    const double *weight = f->points->weight;
    double sum0 = 0, sum1 = 0, sum2 = 0, out[CHUNK] = {0};
    for (size_t at = f->n; at < f->points->n; at += CHUNK) {
        if (h != NULL) {
            values(h, (const double *const *)f->points->x, at, CHUNK, out);
        }
        for (size_t i = 0; i < CHUNK; i++) {
            const double w = weight[at + i], delta = y[at + i] - out[i];
            sum0 += w;
            sum1 += w * delta;
            sum2 += w * delta * delta;
        }
    }
    *square = sum2 / sum0;
    return fmax(*square - sum1 / sum0 * (sum1 / sum0), 0);
}

/* Sweeps with so many terms for as long as that pays. *left is the variance that f->cores leave. */
static fc_status refine(fit *f, unsigned rank, unsigned terms, const double *y, double effort,
                        fc_variate *h, double *left)
{
    const size_t size = f->n_dim * sizeof *f->cores;
    fc_variate_core *kept = f->before + f->n_dim;
    for (bool converging = true; converging && f->work + pass_cost(f, terms) <= effort;) {
        memcpy(kept, f->cores, size);
        reshape(f, rank, terms); /* changes nothing once they have them */
        choose_used(f);
        bool solved = true;
        double square, now = HUGE_VAL;
        fc_status status = sweep(f, false, true, &solved);
        if (status == FC_OK) {
            status = sweep(f, true, false, &solved);
        }
        if (status != FC_OK) {
            return status;
        }
        if (solved) {
            finish(f, rank, h);
            now = variance_left(f, h, y, &square);
        }
        converging = now < CONVERGING * *left && now > DBL_EPSILON * DBL_EPSILON * square;
        if (now < *left) {
            *left = now;
        } else {
            memcpy(f->cores, kept, size);
        }
    }
    return FC_OK;
}

static fc_status grow(fit *f, const double *y, double effort, fc_variate *h, fc_variate *best)
{
    double square, ignored;
    const double all = variance_left(f, NULL, y, &square);
    double least = all;
    best->rank = 0;
    if (!(all > 0) || !isfinite(square)) {
        return FC_OK;
    }
    for (unsigned d = 0; d < f->n_dim; d++) {
        f->cores[d] = (fc_variate_core){.left = 1, .right = 1, .terms = 1, .c = {1}};
    }
    const size_t size = f->n_dim * sizeof *f->cores;
    fc_status status = FC_OK;
    unsigned attempts = 0;
    for (unsigned rank = 1; rank <= (f->n_dim == 1 ? 1 : FC_VARIATE_MAX_RANK);) {
        const unsigned most = terms_for(f, rank);
        if (most < 2) {
            break;
        }
        memcpy(attempts > 0 ? f->cores : f->before, attempts > 0 ? f->before : f->cores, size);
        unsigned terms = LOW_TERMS; /* or as many as the rank below needed */
        for (unsigned d = 0; d < f->n_dim; d++) {
            terms = f->cores[d].terms > terms ? f->cores[d].terms : terms;
        }
        terms = terms < most ? terms : most;
        const unsigned low_sweeps = rank == 1 ? LOW_SWEEPS - 1 : LOW_SWEEPS;
        reshape(f, rank, terms);
        const unsigned enough = terms > LOW_TERMS * 3 / 2 ? terms * 2 / 3 : LOW_TERMS;
        while (terms > enough && f->work + 3 * low_sweeps * pass_cost(f, terms) > effort) {
            terms--;
        }
        reshape(f, rank, terms);
        choose_used(f);
        if (f->work + 2 * low_sweeps * pass_cost(f, terms) > effort) {
            break;
        }
        if (rank == 2 && attempts == (best->rank > 0)) {
            start_with_sum(f, terms);
        }
        bool solved = true;
        status = sweep(f, false, true, &solved);
        for (unsigned k = 0; status == FC_OK && k < low_sweeps; k++) {
            status = sweep(f, true, true, &solved);
        }
        if (status != FC_OK || !solved) {
            break;
        }
        finish(f, rank, h);
        double left = variance_left(f, h, y, &ignored);
        if (rank > 1 && attempts + 1 < ATTEMPTS && !(left < HOPEFUL * least)) {
            attempts++;
            continue;
        }
        for (double last = HUGE_VAL;;) {
            status = refine(f, rank, terms, y, effort, h, &left);
            if (status != FC_OK || terms == most || left < GOOD_ENOUGH * all ||
                !(left < HOPEFUL * fmin(least, last)) || f->tail < IN_TAIL * left) {
                break;
            }
            last = left;
            const unsigned fewer = terms;
            terms = terms < MIDDLE_TERMS && MIDDLE_TERMS < most ? MIDDLE_TERMS : most;
            while (terms > fewer && f->work + 2 * pass_cost(f, terms) > effort) {
                terms--; /* the most that can still be afforded */
            }
        }
        if (status != FC_OK) {
            break;
        }
        if (left < USEFUL * least) {
            trim(f, 0.01 * left);
            finish(f, rank, h);
            left = least = variance_left(f, h, y, &ignored);
            h->residual = left / all;
            memcpy(best, h, sizeof *h + size);
            if (left < GOOD_ENOUGH * all) {
                break;
            }
            rank++;
            attempts = 0;
        } else if (rank == 1) {
            rank++;
        } else if (++attempts == ATTEMPTS) {
            break;
        }
    }
    return status;
}

fc_status fc_variate_fit(const fc_run *run, const fc_points *points, unsigned out, double effort,
                         fc_variate **variate)
{
    *variate = NULL;
    const unsigned n_dim = points->n_dim;
    const size_t n = points->n / CHUNK * 3 / 4 * CHUNK;
    if (n_dim > FC_VARIATE_MAX_DIM || n == 0 || points->n % CHUNK != 0) {
        return FC_OK;
    }
    fit f = {.run = run, .points = points, .n_dim = n_dim, .n = n};
    f.normal = variate_normal;
    f.multiply = variate_multiply;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        f.normal = fc_variate_normal_avx2;
        f.multiply = fc_variate_multiply_avx2;
    }
#endif
    const size_t size = sizeof(fc_variate) + n_dim * sizeof(fc_variate_core);
    fc_variate *best = fc_calloc(1, size), *h = fc_calloc(1, size);
    f.cores = fc_calloc(3 * (size_t)n_dim, sizeof *f.cores);
    f.left = fc_malloc_aligned(FC_CACHE_LINE, (2 * (size_t)n_dim * FC_VARIATE_MAX_RANK + 1) * n,
                               sizeof *f.left);
    f.sums = fc_malloc_aligned(FC_CACHE_LINE, SLICES * ROW_LENGTH * ROW_LENGTH, sizeof *f.sums);
    fc_status status = FC_ERR_NOMEM;
    if (best != NULL && h != NULL && f.cores != NULL && f.left != NULL && f.sums != NULL) {
        f.before = f.cores + n_dim;
        f.right = left_of(&f, n_dim);
        f.target = f.right + (size_t)n_dim * FC_VARIATE_MAX_RANK * n;
        double *first = left_of(&f, 0), *last = right_of(&f, n_dim - 1);
        for (size_t i = 0; i < n; i++) {
            first[i] = sqrt(points->weight[i]);
            f.target[i] = first[i] * points->y[out][i];
            last[i] = 1;
        }
        status = grow(&f, points->y[out], effort, h, best);
    }
    if (status == FC_OK && best->rank > 0 && best->residual < WORTHWHILE &&
        isfinite(best->integral)) {
        *variate = best;
        best = NULL;
    }
    fc_free(best);
    fc_free(h);
    fc_free(f.cores);
    fc_free(f.left);
    fc_free(f.sums);
    return status;
}

double fc_variate_mean(const fc_variate *variate, const double *const *x, const double *weight,
                       size_t n)
{
    fc_variate_values_fn *values = values_fn();
    double sum[4] = {0}, out[CHUNK];
    for (size_t at = 0; at < n; at += CHUNK) {
        const size_t part = n - at < CHUNK ? n - at : CHUNK;
        values(variate, x, at, part, out);
        for (size_t i = 0; i < part && weight != NULL; i++) {
            out[i] *= weight[at + i];
        }
        for (size_t i = 0; i < part; i++) {
            sum[i % 4] += out[i];
        }
    }
    return (sum[0] + sum[1] + (sum[2] + sum[3])) / (double)n - variate->integral;
}
