/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Fixed quadrature rules; contract in fc_rules.h.
 *
 * Every rule is a list of nodes t and weights w on the unit panel, so the composite sum is
 *
 *     h * sum_j w_j * sum_i f(a + (i + t_j) h)    [+ h * w_end * (f(a) + f(b)) when neighbours
 * share their ends]
 *
 * The panels are cut into blocks of about BLOCK abscissae, each evaluated in one call of the
 * integrand, and the blocks into groups. A group is one item of the parallel loop and leaves one
 * compensated partial sum; the partial sums are added in order. The cut depends on n and the rule
 * alone, so the bits do too. */
#include "fc_rules.h"

#include <float.h>
#include <math.h>

#include "fc_alloc.h"

#define BLOCK                                                                                      \
    4096 /* abscissae: 32 KiB of them and as much of values stay in the second-level cache */
#define GROUP_BLOCKS 16  /* blocks per group: tens of microseconds for a cheap integrand */
#define MAX_GROUPS 16384 /* bounds the memory for partial sums, whatever n is */

/* ---- nodes and weights ---- */

/* P_n(cos theta) and its derivative to theta, by the recurrence for the differences D_k = P_k -
 * P_{k-1},
 *
 *     (k+1) D_{k+1} = k D_k - (2k+1) u P_k,      u = 1 - cos theta = 2 sin^2(theta/2),
 *
 * which needs no difference of nearly equal numbers where theta is small and the nodes crowd. */
static long double legendre(unsigned n, long double theta, long double *derivative)
{
    long double half = sinl(theta / 2), u = 2 * half * half;
    long double p = 1 - u, d = -u;
    for (unsigned k = 1; k < n; k++) {
        d = (k * d - (2 * k + 1) * u * p) / (k + 1);
        p += d;
    }
    *derivative = n * (d - u * p) / sinl(theta);
    return p;
}

fc_status fc_gauss_legendre(unsigned order, double *x, double *w)
{
    if (order < 1 || order > FC_MAX_GAUSS_ORDER) {
        return FC_ERR_INVALID;
    }
    const long double pi = 3.14159265358979323846264338327950288L;
    long double n = order;
    for (unsigned i = 0; i < (order + 1) / 2; i++) {
        /* Tricomi 1950: the error is O(n^-4), so two or three Newton steps reach the working
         * precision. */
        long double theta = pi * (4 * i + 3) / (4 * n + 2), derivative = 1;
        theta += (n - 1) / (8 * n * n * n) * cosl(theta) / sinl(theta);
        for (int step = 0; step < 20; step++) {
            long double change = legendre(order, theta, &derivative) / derivative;
            theta -= change;
            if (fabsl(change) < 1e-12L * theta) { /* the next change is below 1e-24 */
                break;
            }
        }
        (void)legendre(order, theta, &derivative);
        double node = 2 * i + 1 == order ? 0 : (double)cosl(theta);
        x[i] = -node;
        x[order - 1 - i] = node;
        w[i] = w[order - 1 - i] = (double)(2 / (derivative * derivative));
    }
    return FC_OK;
}

/* A rule on the unit panel. */
typedef struct unit_rule {
    unsigned n_nodes;
    double *t, *w; /* n_nodes each, in one allocation */
    double w_end;  /* weight of f(a) and f(b) when panels share their ends; else 0 */
} unit_rule;

static fc_status unit_rule_init(unit_rule *rule, fc_rule kind, unsigned order)
{
    static const struct {
        unsigned n_nodes;
        double t[4], w[4], w_end;
    } table[] = {
        [FC_RULE_LEFT] = {1, {0}, {1}, 0},
        [FC_RULE_RIGHT] = {1, {1}, {1}, 0},
        [FC_RULE_MIDPOINT] = {1, {0.5}, {1}, 0},
        [FC_RULE_TRAPEZOID] = {1, {0}, {1}, 0.5},
        [FC_RULE_SIMPSON] = {2, {0, 0.5}, {1 / 3., 2 / 3.}, 1 / 6.},
        [FC_RULE_BOOLE] = {4,
                           {0, 0.25, 0.5, 0.75},
                           {14 / 90., 32 / 90., 12 / 90., 32 / 90.},
                           7 / 90.},
    };
    *rule = (unit_rule){0};
    if ((unsigned)kind > FC_RULE_GAUSS ||
        (kind == FC_RULE_GAUSS && (order < 1 || order > FC_MAX_GAUSS_ORDER))) {
        return FC_ERR_INVALID;
    }
    rule->n_nodes = kind == FC_RULE_GAUSS ? order : table[kind].n_nodes;
    rule->t = fc_malloc(2 * (size_t)rule->n_nodes, sizeof *rule->t);
    if (rule->t == NULL) {
        return FC_ERR_NOMEM;
    }
    rule->w = rule->t + rule->n_nodes;
    if (kind == FC_RULE_GAUSS) {
        fc_status status = fc_gauss_legendre(order, rule->t, rule->w);
        for (unsigned j = 0; j < order; j++) {
            rule->t[j] = 0.5 + 0.5 * rule->t[j];
            rule->w[j] *= 0.5;
        }
        return status;
    }
    for (unsigned j = 0; j < rule->n_nodes; j++) {
        rule->t[j] = table[kind].t[j];
        rule->w[j] = table[kind].w[j];
    }
    rule->w_end = table[kind].w_end;
    return FC_OK;
}

/* ---- sums ---- */

/* 64 numbers at a time in eight rows of eight, so that the compiler keeps eight independent sums in
 * registers. */
static double sum_short(const double *v, size_t n)
{
    double lane[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (int k = 0; k < 8; k++) {
            lane[k] += v[i + k];
        }
    }
    for (int k = 0; i < n; i++, k++) {
        lane[k] += v[i];
    }
    return ((lane[0] + lane[1]) + (lane[2] + lane[3])) +
           ((lane[4] + lane[5]) + (lane[6] + lane[7]));
}

double fc_sum_pairwise(const double *values, size_t n)
{
    if (n <= 128) {
        return sum_short(values, n);
    }
    size_t half = (n / 2 + 63) / 64 * 64;
    return fc_sum_pairwise(values, half) + fc_sum_pairwise(values + half, n - half);
}

/* ---- the composite sum ---- */

typedef struct scratch {
    double **x, **y; /* n_dim and n_out arrays of `capacity` doubles */
    size_t filled;   /* which integral's parameters stand in x[1..]; SIZE_MAX: none */
    char pad[FC_CACHE_LINE - 2 * sizeof(double **) - sizeof(size_t)];
} scratch;

typedef struct composite {
    const fc_run *run;
    const fc_integrand *f;
    const fc_integrals *in;
    unit_rule rule;
    bool ends_at_b;   /* the last node of the last panel is b itself */
    bool fused;       /* by way of f->sum_ramp */
    uint64_t n;       /* panels per integral */
    uint64_t block;   /* panels per block */
    uint64_t group;   /* blocks per group */
    size_t n_groups;  /* per integral */
    size_t capacity;  /* abscissae a scratch buffer holds */
    fc_sum *partial;  /* [integral][group][output] */
    scratch *scratch; /* [worker] */
    double *doubles;  /* what all the scratch points into */
    double **pointers;
} composite;

static void set_params(const composite *c, scratch *s, size_t k)
{
    if (s->filled == k) {
        return;
    }
    for (unsigned j = 0; j < c->in->n_params; j++) {
        double value = c->in->params[k * c->in->n_params + j];
        for (size_t i = 0; i < c->capacity; i++) {
            s->x[1 + j][i] = value;
        }
    }
    s->filled = k;
}

static fc_status evaluate(const composite *c, scratch *s, unsigned worker, size_t count)
{
    return c->f->eval(c->f->context, worker, count, (const double *const *)s->x, s->y);
}

/* (b - a) / n, also where b - a is beyond the largest double. */
static double panel_width(const composite *c, size_t k)
{
    double a = c->in->a[k], b = c->in->b[k], n = (double)c->n;
    double width = (b - a) / n;
    return isinf(width) ? b / n - a / n : width;
}

/* Adds the sums of panels [first, last) of integral k to total[output]. */
static fc_status add_block(const composite *c, scratch *s, unsigned worker, size_t k,
                           uint64_t first, uint64_t last, fc_sum *total)
{
    double a = c->in->a[k], h = panel_width(c, k);
    const unit_rule *rule = &c->rule;
    size_t width = (size_t)(last - first), count = 0;
    /* Where panels share their ends, f(a) is added with f(b), not here. */
    size_t skip = rule->w_end != 0 && first == 0 ? 1 : 0;
    for (unsigned j = 0; j < rule->n_nodes; j++) {
        double start = a + rule->t[j] * h;
        for (size_t i = j == 0 ? skip : 0; i < width; i++) {
            s->x[0][count++] = start + (double)(first + i) * h;
        }
    }
    if (c->ends_at_b && last == c->n) {
        s->x[0][count - 1] = c->in->b[k];
    }
    if (count == 0) {
        return FC_OK;
    }
    set_params(c, s, k);
    fc_status status = evaluate(c, s, worker, count);
    if (status != FC_OK) {
        return status;
    }
    for (unsigned o = 0; o < c->f->n_out; o++) {
        const double *y = s->y[o];
        for (unsigned j = 0; j < rule->n_nodes; j++) {
            size_t length = width - (j == 0 ? skip : 0);
            fc_sum_add(&total[o], rule->w[j] * fc_sum_pairwise(y, length));
            y += length;
        }
    }
    return FC_OK;
}

/* As add_block, where the integrand itself makes the abscissae and sums. */
static fc_status add_ramps(const composite *c, unsigned worker, size_t k, uint64_t first,
                           uint64_t last, fc_sum *total)
{
    double a = c->in->a[k], h = panel_width(c, k);
    const double *rest = c->in->params != NULL ? c->in->params + k * c->in->n_params : NULL;
    for (unsigned j = 0; j < c->rule.n_nodes; j++) {
        uint64_t begin = c->rule.w_end != 0 && first == 0 && j == 0 ? 1 : first;
        double sum, correction, w = c->rule.w[j];
        if (begin == last) {
            continue;
        }
        fc_status status = c->f->sum_ramp(c->f->context, worker, (size_t)(last - begin),
                                          a + c->rule.t[j] * h, h, begin, rest, &sum, &correction);
        if (status != FC_OK) {
            return status;
        }
        fc_sum_add(&total[0], w * sum);
        fc_sum_add(&total[0], w * correction);
    }
    return FC_OK;
}

static fc_status add_ends(const composite *c, scratch *s, unsigned worker, size_t k, fc_sum *total)
{
    s->x[0][0] = c->in->a[k];
    s->x[0][1] = c->in->b[k];
    set_params(c, s, k);
    fc_status status = evaluate(c, s, worker, 2);
    for (unsigned o = 0; status == FC_OK && o < c->f->n_out; o++) {
        fc_sum_add(&total[o], c->rule.w_end * (s->y[o][0] + s->y[o][1]));
    }
    return status;
}

/* Groups [begin, end), counted over all integrals. */
static fc_status run_groups(void *context, size_t begin, size_t end, unsigned worker)
{
    composite *c = context;
    scratch *s = &c->scratch[worker];
    for (size_t item = begin; item < end; item++) {
        size_t k = item / c->n_groups, g = item % c->n_groups;
        fc_sum *total = &c->partial[item * c->f->n_out];
        uint64_t block = g * c->group;
        if (c->in->a[k] == c->in->b[k]) {
            continue; /* an empty range: 0, whatever f is there */
        }
        for (uint64_t end_block = block + c->group; block < end_block; block++) {
            uint64_t first = block * c->block;
            if (first >= c->n) {
                break;
            }
            uint64_t last = c->n - first > c->block ? first + c->block : c->n;
            fc_status status = fc_cancel_check(c->run->cancel);
            if (status == FC_OK && c->fused && !(c->ends_at_b && last == c->n)) {
                status = add_ramps(c, worker, k, first, last, total);
            } else if (status == FC_OK) {
                status = add_block(c, s, worker, k, first, last, total);
            }
            if (status != FC_OK) {
                return status;
            }
        }
        if (g == 0 && c->rule.w_end != 0) {
            fc_status status = add_ends(c, s, worker, k, total);
            if (status != FC_OK) {
                return status;
            }
        }
    }
    return FC_OK;
}

static fc_status scratch_init(composite *c, unsigned width)
{
    size_t n_dim = c->f->n_dim, n_out = c->f->n_out, per_worker, total, count;
    size_t room = (c->capacity + 15) / 16 * 16;
    c->scratch = fc_calloc_aligned(FC_CACHE_LINE, width, sizeof *c->scratch);
    c->pointers = fc_malloc(width * (n_dim + n_out), sizeof *c->pointers);
    if (c->scratch == NULL || c->pointers == NULL ||
        !fc_size_mul(room, n_dim + n_out, &per_worker) || !fc_size_mul(per_worker, width, &total)) {
        return FC_ERR_NOMEM;
    }
    c->doubles = fc_calloc_aligned(FC_CACHE_LINE, total, sizeof *c->doubles);
    if (c->doubles == NULL || !fc_size_mul(c->in->m * c->n_groups, n_out, &count)) {
        return FC_ERR_NOMEM;
    }
    for (unsigned i = 0; i < width; i++) {
        scratch *s = &c->scratch[i];
        s->filled = SIZE_MAX;
        s->x = c->pointers + i * (n_dim + n_out);
        s->y = s->x + n_dim;
        for (size_t d = 0; d < n_dim + n_out; d++) {
            s->x[d] = c->doubles + i * per_worker + d * room;
        }
    }
    c->partial = fc_calloc(count, sizeof *c->partial);
    return c->partial != NULL ? FC_OK : FC_ERR_NOMEM;
}

static void combine(const composite *c, double *out)
{
    unsigned n_out = c->f->n_out;
    for (size_t k = 0; k < c->in->m; k++) {
        double h = panel_width(c, k);
        for (unsigned o = 0; o < n_out; o++) {
            fc_sum total = {0, 0};
            for (size_t g = 0; g < c->n_groups; g++) {
                const fc_sum *part = &c->partial[(k * c->n_groups + g) * n_out + o];
                fc_sum_add(&total, part->sum);
                fc_sum_add(&total, part->carry);
            }
            out[k * n_out + o] = c->in->a[k] == c->in->b[k] ? 0.0 : fc_sum_value(&total) * h;
        }
    }
}

fc_status fc_integrate(const fc_run *run, const fc_integrand *f, fc_rule rule, unsigned order,
                       uint64_t n, const fc_integrals *integrals, double *out)
{
    if (n == 0 || n > FC_MAX_PANELS || f->n_dim != 1 + integrals->n_params || f->n_out == 0) {
        return FC_ERR_INVALID;
    }
    fc_run local = run != NULL ? *run : (fc_run){0};
    composite c = {.run = &local, .f = f, .in = integrals, .n = n};
    fc_status status = unit_rule_init(&c.rule, rule, order);
    if (status != FC_OK || integrals->m == 0) {
        goto done;
    }
    c.ends_at_b = rule == FC_RULE_RIGHT;
    /* A rule of many nodes on few panels gives ramps too short to be worth a call each. */
    c.fused = f->sum_ramp != NULL && f->n_out == 1 && (c.rule.n_nodes <= 16 || n >= 4096);
    c.block = BLOCK / c.rule.n_nodes > 0 ? BLOCK / c.rule.n_nodes : 1;
    c.block = c.block < n ? c.block : n;
    uint64_t n_blocks = (n + c.block - 1) / c.block;
    c.group = (n_blocks + MAX_GROUPS - 1) / MAX_GROUPS;
    c.group = c.group < GROUP_BLOCKS ? GROUP_BLOCKS : c.group;
    c.n_groups = (size_t)((n_blocks + c.group - 1) / c.group);
    c.capacity = (size_t)c.block * c.rule.n_nodes;
    c.capacity = c.capacity < 2 ? 2 : c.capacity; /* the two ends are evaluated together */
    size_t n_items;
    if (!fc_size_mul(integrals->m, c.n_groups, &n_items)) {
        status = FC_ERR_NOMEM;
        goto done;
    }
    local.width = f->serial ? 1 : fc_run_width(&local);
    local.width = local.width < n_items ? local.width : (unsigned)n_items;
    status = scratch_init(&c, local.width);
    if (status == FC_OK) {
        status = fc_pool_for(&local, run_groups, &c, n_items, 1);
    }
    if (status == FC_OK) {
        combine(&c, out);
    }
done:
    fc_free(c.partial);
    fc_free(c.doubles);
    fc_free(c.pointers);
    fc_free(c.scratch);
    fc_free(c.rule.t);
    return status;
}
