/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Double-exponential integration; contract in fc_tanhsinh.h.
 *
 *     pieces between break points, each with a lower and an upper side (t < 0, t > 0)
 *     first level: evaluate all nodes ─► per side: powers of f, where to cut, what is left out
 *     further levels, for the pieces whose error is too large: only the nodes between the old ones
 */
#include "fc_tanhsinh_impl.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_platform.h"

#define LAST 12
#define NOISE (16 * DBL_EPSILON)
#define SAFETY 16   /* so many times what the spectrum makes of the rule's error is claimed */
#define FAST 0.02   /* a level that gains more digits converges as smooth functions do */
#define COARSE 1e-3 /* an absolute tolerance does not excuse a worse relative error */
#define CHUNK 1024  /* points a call of f */
#define GRAIN 128
#define PARALLEL_NS 20000 /* evaluations that take longer are worth waking threads */
#define BLOCK 16          /* integrals of a sweep that go to one thread */

/* ---- nodes ---- */

static size_t nodes_of(int level)
{
    size_t all = (size_t)(FC_TS_T_MAX * (double)(1 << level));
    return level == FC_TS_FIRST ? all : (all + 1) / 2;
}

static double node_t(int level, size_t i)
{
    double k = level == FC_TS_FIRST ? (double)(i + 1) : (double)(2 * i + 1);
    return ldexp(k, -level);
}

static fc_status grid_get(int level, fc_ts_grid *out)
{
    static double *_Atomic made[LAST + 1]; /* kept for the process's life */
    const size_t n = nodes_of(level);
    double *nodes = atomic_load_explicit(&made[level], memory_order_acquire);
    if (nodes == NULL) {
        nodes = fc_malloc(2 * n, sizeof *nodes);
        if (nodes == NULL) {
            return FC_ERR_NOMEM;
        }
        for (size_t i = 0; i < n; i++) {
            double t = node_t(level, i);
            nodes[i] = exp(-M_PI_2 * sinh(t));
            nodes[n + i] = M_PI_2 * cosh(t);
        }
        double *other = NULL;
        if (!atomic_compare_exchange_strong_explicit(&made[level], &other, nodes,
                                                     memory_order_acq_rel, memory_order_acquire)) {
            fc_free(nodes);
            nodes = other;
        }
    }
    *out = (fc_ts_grid){n, nodes, nodes + n};
    return FC_OK;
}

/* ---- pieces ---- */

static void work_destroy(fc_ts_work *w)
{
    fc_free(w->pieces);
    fc_free(w->doubles);
    fc_free(w->parts);
    fc_free(w->points);
    fc_free(w->x);
    fc_free(w->u);
}

static fc_status work_init(fc_ts_work *w, const fc_run *run, const fc_integrand *f,
                           const fc_quad_options *options, unsigned width)
{
    *w = (fc_ts_work){.run = run, .f = f, .options = options, .width = width};
    const size_t room = options->n_points + 2, n_out = f->n_out; /* 0 may be added */
    const size_t per_side = n_out * (FC_TS_NODES_FIRST + 3);
    size_t total, parts;
    if (!fc_size_mul(room, 2 * per_side + n_out, &total) || !fc_size_mul(8 * room, n_out, &parts)) {
        return FC_ERR_NOMEM;
    }
    w->pieces = fc_calloc(room, sizeof *w->pieces);
    w->doubles = fc_malloc(total, sizeof *w->doubles);
    w->parts = fc_malloc(parts, sizeof *w->parts);
    w->x = fc_calloc((size_t)f->n_dim + n_out, sizeof *w->x);
    w->u = fc_malloc(2 * (FC_TS_NODES_FIRST + 1), sizeof *w->u);
    if (w->pieces == NULL || w->doubles == NULL || w->parts == NULL || w->x == NULL ||
        w->u == NULL) {
        return FC_ERR_NOMEM;
    }
    w->y = w->x + f->n_dim;
    w->v = w->u + FC_TS_NODES_FIRST + 1;
    for (size_t i = 0; i < room; i++) {
        for (int s = 0; s < 2; s++) {
            double *own = w->doubles + (2 * i + (size_t)s) * per_side;
            w->pieces[i].side[s].q = own;
            w->pieces[i].side[s].g_cut = own + n_out * FC_TS_NODES_FIRST;
            w->pieces[i].side[s].q_cut = own + n_out * (FC_TS_NODES_FIRST + 1);
            w->pieces[i].side[s].m_cut = own + n_out * (FC_TS_NODES_FIRST + 2);
        }
        w->pieces[i].part = w->parts + 8 * i * n_out;
        w->pieces[i].before = w->doubles + 2 * room * per_side + i * n_out;
    }
    return FC_OK;
}

static void add_piece(fc_ts_work *w, double lo, double hi)
{
    fc_ts_piece *p = &w->pieces[w->n_pieces++];
    p->kind = isinf(lo) && isinf(hi)   ? FC_TS_LINE
              : isinf(lo) || isinf(hi) ? FC_TS_HALF
                                       : FC_TS_FINITE;
    p->length = hi - lo;
    p->stuck = false;
    p->error = p->older[0] = p->older[1] = INFINITY;
    memset(p->change, 0, sizeof p->change);
    memset(p->part, 0, 8 * w->f->n_out * sizeof *p->part);
    for (int i = 0; i < 2; i++) {
        fc_ts_side *s = &p->side[i];
        double *q = s->q, *g_cut = s->g_cut, *q_cut = s->q_cut, *m_cut = s->m_cut;
        double own = i == 0 ? lo : hi, other = i == 0 ? hi : lo;
        *s =
            (fc_ts_side){.q = q, .g_cut = g_cut, .q_cut = q_cut, .m_cut = m_cut, .far = isinf(own)};
        s->base = !s->far ? own : isinf(other) ? 0 : other;
        /* Seen from a finite limit of its own, x lies inside; from the other one, outwards. */
        s->sign = s->far ? (own > 0 ? 1 : -1) : (i == 0 ? 1 : -1);
        s->rounded = !s->far && s->base != 0;
    }
}

/* u at t, also where J is out of range. */
static double node_u(const fc_ts_piece *p, double t)
{
    double S = M_PI_2 * sinh(t);
    if (p->kind == FC_TS_HALF) {
        return -S;
    }
    double low = log1p(exp(-2 * S));
    return p->kind == FC_TS_FINITE ? log(p->length) - 2 * S - low : M_LN2 - S - low;
}

/* ---- evaluation ---- */

static fc_status reserve(fc_ts_work *w, size_t count)
{
    size_t stride = (count + GRAIN - 1) / GRAIN * GRAIN, total;
    const size_t n_arrays = (size_t)w->f->n_dim + w->f->n_out;
    if (stride <= w->stride) {
        return FC_OK;
    }
    if (!fc_size_mul(stride, n_arrays, &total)) {
        return FC_ERR_NOMEM;
    }
    double *points = fc_malloc_aligned(FC_CACHE_LINE, total, sizeof *points);
    if (points == NULL) {
        return FC_ERR_NOMEM;
    }
    fc_free(w->points);
    w->points = points;
    w->stride = stride;
    for (size_t i = 0; i < n_arrays; i++) {
        w->x[i] = points + i * stride;
    }
    return FC_OK;
}

static fc_status evaluate_range(void *context, size_t begin, size_t end, unsigned worker)
{
    const fc_ts_work *w = context;
    const unsigned n_dim = w->f->n_dim, n_out = w->f->n_out;
    double *few[32], **at = few;
    if (n_dim + n_out > 32) {
        at = fc_malloc((size_t)n_dim + n_out, sizeof *at);
        if (at == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    for (unsigned i = 0; i < n_dim + n_out; i++) {
        at[i] = w->x[i] + w->first + begin;
    }
    fc_status status = w->f->eval(w->f->context, w->width > 1 ? worker : w->worker, end - begin,
                                  (const double *const *)at, at + n_dim);
    if (at != few) {
        fc_free(at);
    }
    return status;
}

/* f at the abscissae x[0][0 .. count), on one thread or, where that pays, on many. */
static fc_status evaluate(fc_ts_work *w, size_t count)
{
    size_t padded = (count + 15) / 16 * 16, done = 0;
    fc_status status = FC_OK;
    for (size_t i = count; i < padded; i++) {
        w->x[0][i] = 0; /* read, though nothing is made of it */
    }
    for (unsigned d = 1; d < w->f->n_dim; d++) {
        for (size_t i = 0; i < padded; i++) {
            w->x[d][i] = w->params[d - 1];
        }
    }
    w->n_eval += count;
    while (done < count && status == FC_OK) {
        bool alone = w->width == 1;
        size_t chunk = alone ? CHUNK : GRAIN;
        chunk = chunk < count - done ? chunk : count - done;
        int64_t start = alone ? 0 : fc_now_ns();
        status = fc_cancel_check(w->run->cancel);
        if (status == FC_OK) {
            status = evaluate_range(w, done, done + chunk, 0);
        }
        done += chunk;
        if (status == FC_OK && !alone && done < count &&
            (fc_now_ns() - start) * (int64_t)(count - done) > PARALLEL_NS * (int64_t)chunk) {
            fc_run run = *w->run;
            run.width = w->width;
            w->first = done;
            status = fc_pool_for(&run, evaluate_range, w, count - done, GRAIN);
            w->first = 0;
            done = count;
        }
    }
    return status;
}

/* Norm over the outputs of the value at point i; nan if any is not finite. */
static double size_at(const fc_ts_work *w, size_t i)
{
    double square = 0;
    if (w->f->n_out == 1) {
        return isfinite(w->y[0][i]) ? fabs(w->y[0][i]) : NAN;
    }
    for (unsigned o = 0; o < w->f->n_out; o++) {
        double y = w->y[o][i];
        square = isfinite(y) ? hypot(square, y) : NAN;
        if (isnan(square)) {
            return NAN;
        }
    }
    return square;
}

/* ---- sums ---- */

/* Value at x brought to the node, from which x differs by rounding: f goes with the power q - 1 of
 * J. */
static double brought(double y, double q, double J, double seen)
{
    double power = q - 1, by = (J - seen) / seen;
    return isfinite(power) ? y * (1 + power * by * (1 + 0.5 * (power - 1) * by)) : y;
}

/* Node i of the grid of `level` lies in the first level's interval that ends at node k (from 1). */
static size_t interval_of(int level, size_t i)
{
    return level == FC_TS_FIRST ? i + 1 : ((2 * i + 1) >> (level - FC_TS_FIRST)) + 1;
}

static void add_term(fc_ts_work *w, fc_ts_piece *p, long index, unsigned o, double term)
{
    fc_sum_add(&p->part[(size_t)(index & 7) * w->f->n_out + o], term);
}

/* Adds the terms of `count` nodes of the side whose values are y[o][from ..]. */
static void add_side(fc_ts_work *w, fc_ts_piece *p, const fc_ts_side *s, int level,
                     const fc_ts_grid *g, size_t from, size_t count)
{
    const unsigned n_out = w->f->n_out;
    long turn = s == &p->side[0] ? -1 : 1;
    for (size_t i = 0; i < count; i++) {
        double J, factor;
        fc_ts_node_of(p, s, g->e[i], g->c[i], &J, &factor);
        double seen = fc_ts_seen_J(s, w->x[0][from + i], J);
        long index = turn * (level == FC_TS_FIRST ? (long)i + 1 : 2 * (long)i + 1);
        for (unsigned o = 0; o < n_out; o++) {
            double y = w->y[o][from + i];
            if (s->rounded && seen != J) {
                size_t k = interval_of(level, i);
                double q = s->q[(k - 1) * n_out + o];
                if (level == FC_TS_FIRST && k < s->cut) {
                    q = 0.5 * (q + s->q[k * n_out + o]);
                }
                y = brought(y, q, J, seen);
            }
            double term = y * factor * J;
            p->size += fabs(term);
            add_term(w, p, index, o, term);
        }
    }
}

/* Adds the terms beyond the cut. `total`: what they are compared with. */
static void add_continued(fc_ts_work *w, fc_ts_piece *p, const fc_ts_side *s, int level,
                          double total)
{
    const unsigned n_out = w->f->n_out;
    if (!s->continued) {
        return;
    }
    long turn = s == &p->side[0] ? -1 : 1, step = level == FC_TS_FIRST ? 1 : 2;
    long k = (long)s->cut << (level - FC_TS_FIRST);
    for (k += 1; ldexp((double)k, -level) < 14; k += step) {
        double t = ldexp((double)k, -level), c = M_PI_2 * cosh(t), u = node_u(p, t), largest = 0;
        double factor = p->kind == FC_TS_FINITE ? 2 * c / (1 + exp(-M_PI * sinh(t))) : c;
        for (unsigned o = 0; o < n_out; o++) {
            if (!isfinite(s->q_cut[o])) {
                continue;
            }
            double by = exp(s->q_cut[o] * (u - s->u_cut));
            by *= s->m_cut[o] != 0 ? pow(u / s->u_cut, s->m_cut[o]) : 1;
            double term = p->step * factor * by * s->g_cut[o];
            largest = fmax(largest, fabs(term));
            p->size += fabs(term);
            add_term(w, p, turn * k, o, term);
        }
        if (!(largest > FC_TS_NEGLIGIBLE * total)) {
            break;
        }
    }
}

/* Error of the trapezoidal rule. With step h, the sums of h times every eighth term are 1/8 of
 * I + sum over m of c_m exp(2 pi i m j/8) for offset j, where c_m is the integrand's spectrum at
 * m/(8h); the rule's own error is c_8 and beyond. */
static double spectral_error(const fc_ts_work *w, const fc_ts_piece *p)
{
    static const double r = M_SQRT1_2;
    const unsigned n_out = w->f->n_out;
    double norm[5] = {0};
    for (unsigned o = 0; o < n_out; o++) {
        double part[8];
        for (int j = 0; j < 8; j++) {
            part[j] = fc_sum_value(&p->part[(size_t)j * n_out + o]);
        }
        double d0 = part[0] - part[4], d1 = part[1] - part[5], d2 = part[2] - part[6],
               d3 = part[3] - part[7];
        double e0 = part[0] + part[4], e1 = part[1] + part[5], e2 = part[2] + part[6],
               e3 = part[3] + part[7];
        double re1 = d0 + r * (d1 - d3), im1 = d2 + r * (d1 + d3);
        double re3 = d0 - r * (d1 - d3), im3 = d2 - r * (d1 + d3);
        norm[1] = hypot(norm[1], hypot(re1, im1));
        norm[2] = hypot(norm[2], hypot(e0 - e2, e1 - e3));
        norm[3] = hypot(norm[3], hypot(re3, im3));
        norm[4] = hypot(norm[4], e0 + e2 - e1 - e3);
    }
    /* c_4 is known by its real part alone, which may vanish by chance; c_2 and c_3 are not. */
    double two = fmax(norm[2], fmax(norm[3], norm[4]));
    double ratio = norm[2] > 0 ? fmin(1, norm[3] / norm[2]) : 1;
    double four = fmax(norm[4], norm[3] * sqrt(ratio * sqrt(ratio)));
    return two > 0 ? SAFETY * four * fmin(1, four / two) : 0;
}

/* The sum of the piece's terms for an output. */
static double sum_of(const fc_ts_work *w, const fc_ts_piece *p, unsigned o)
{
    fc_sum total = {0};
    for (size_t j = 0; j < 8; j++) {
        fc_sum_add(&total, p->part[j * w->f->n_out + o].sum);
        fc_sum_add(&total, p->part[j * w->f->n_out + o].carry);
    }
    return fc_sum_value(&total);
}

/* Inside kinks and singularities let the rule converge as a power of the step does, erratically,
 * and neither the spectrum nor a level's change tells how far off it is: what the changes have been
 * like goes on. 0 where the levels gain digits faster than that. */
static double slow_error(const fc_ts_piece *p)
{
    const double *c = p->change;
    if (!(c[1] > 0) || (c[0] <= FAST * c[1] && (p->error <= FAST * p->older[0] || c[2] == 0))) {
        return 0;
    }
    const double ratio = c[2] > 0 ? sqrt(c[0] / c[2]) : c[0] / c[1];
    const double r = fmin(fmax(ratio, 0.25), 0.9);
    return 3 * fmax(c[0], fmax(r * c[1], r * r * c[2])) / (1 - r);
}

static void look_at_errors(const fc_ts_work *w, fc_ts_piece *p)
{
    double change = 0;
    for (unsigned o = 0; o < w->f->n_out; o++) {
        const double now = sum_of(w, p, o);
        change = p->level > FC_TS_FIRST ? hypot(change, now - p->before[o]) : 0;
        p->before[o] = now;
    }
    p->change[2] = p->change[1];
    p->change[1] = p->change[0];
    p->change[0] = change;
    p->older[1] = p->older[0];
    p->older[0] = p->error;
    p->error = spectral_error(w, p);
    p->stuck = p->error > 0.5 * p->older[1] && p->error < 1e-6 * p->size;
    p->error = fmax(p->error, slow_error(p));
}

/* ---- levels ---- */

/* f may overflow near an end, past node n (from 1), but not elsewhere. */
static bool is_far_out(const fc_ts_piece *p, const fc_ts_side *s, const fc_ts_grid *g, size_t n)
{
    double J, factor;
    if (n < 3) {
        return false;
    }
    fc_ts_node_of(p, s, g->e[n - 1], g->c[n - 1], &J, &factor);
    return s->far ? J > 16 : p->kind == FC_TS_FINITE ? J < 1e-6 * p->length : J < 1e-6;
}

static fc_status first_level(fc_ts_work *w, fc_ts_piece *p, bool *finite)
{
    fc_ts_grid g;
    const unsigned n_out = w->f->n_out;
    fc_status status = grid_get(FC_TS_FIRST, &g);
    if (status == FC_OK) {
        status = reserve(w, 2 * FC_TS_NODES_FIRST + 1);
    }
    if (status != FC_OK) {
        return status;
    }
    size_t n[2], from[2], count = 1;
    double J, factor;
    fc_ts_node_of(p, &p->side[0], 1, M_PI_2, &J, &factor);
    w->x[0][0] = fc_ts_node_x(p, &p->side[0], 1, J);
    for (int i = 0; i < 2; i++) {
        const fc_ts_side *s = &p->side[i];
        n[i] = fc_ts_usable_nodes(p, s, &g);
        from[i] = count;
        for (size_t k = 0; k < n[i]; k++) {
            fc_ts_node_of(p, s, g.e[k], g.c[k], &J, &factor);
            w->x[0][count++] = fc_ts_node_x(p, s, g.e[k], J);
        }
    }
    p->level = FC_TS_FIRST;
    p->step = ldexp(1, -FC_TS_FIRST);
    p->size = 0;
    status = evaluate(w, count);
    if (status != FC_OK) {
        return status;
    }
    double term[2 * FC_TS_NODES_FIRST + 1], total = 0;
    for (int i = 0; i < 2; i++) {
        fc_ts_side *s = &p->side[i];
        for (size_t k = 0; k < n[i]; k++) {
            fc_ts_node_of(p, s, g.e[k], g.c[k], &J, &factor);
            term[from[i] + k] = size_at(w, from[i] + k) * factor * J;
            if (!isfinite(term[from[i] + k])) {
                s->overflows = true;
                w->where = w->x[0][from[i] + k];
                n[i] = k;
                break;
            }
            total += term[from[i] + k];
        }
    }
    fc_ts_node_of(p, &p->side[0], 1, M_PI_2, &J, &factor);
    term[0] = size_at(w, 0) * factor * J;
    *finite = isfinite(term[0]);
    for (int i = 0; i < 2; i++) {
        *finite = *finite && (!p->side[i].overflows || is_far_out(p, &p->side[i], &g, n[i]));
    }
    if (!*finite) {
        w->where = isfinite(term[0]) ? w->where : w->x[0][0];
        return FC_OK;
    }
    total += term[0];
    for (unsigned o = 0; o < n_out; o++) {
        add_term(w, p, 0, o, w->y[o][0] * factor * J);
        p->size += fabs(w->y[o][0] * factor * J);
    }
    for (int i = 0; i < 2; i++) {
        fc_ts_choose_cut(w, p, &p->side[i], &g, from[i], 0, n[i], term + from[i], total);
        add_side(w, p, &p->side[i], FC_TS_FIRST, &g, from[i], p->side[i].cut);
        add_continued(w, p, &p->side[i], FC_TS_FIRST, total);
    }
    look_at_errors(w, p);
    return FC_OK;
}

/* The nodes of level p->level + 1 that are to be evaluated on side s. */
static size_t next_nodes(const fc_ts_piece *p, const fc_ts_side *s)
{
    return s->cut << (p->level - FC_TS_FIRST);
}

static fc_status next_level(fc_ts_work *w, fc_ts_piece *p, bool *finite)
{
    fc_ts_grid g;
    const unsigned n_out = w->f->n_out;
    size_t n[2] = {next_nodes(p, &p->side[0]), next_nodes(p, &p->side[1])};
    fc_status status = grid_get(p->level + 1, &g);
    if (status == FC_OK) {
        status = reserve(w, n[0] + n[1]);
    }
    if (status != FC_OK) {
        return status;
    }
    double J, factor, total = p->size;
    for (size_t i = 0, count = 0; i < 2; i++) {
        for (size_t k = 0; k < n[i]; k++) {
            fc_ts_node_of(p, &p->side[i], g.e[k], g.c[k], &J, &factor);
            w->x[0][count++] = fc_ts_node_x(p, &p->side[i], g.e[k], J);
        }
    }
    status = evaluate(w, n[0] + n[1]);
    if (status != FC_OK) {
        return status;
    }
    for (size_t i = 0; i < n[0] + n[1]; i++) {
        if (isnan(size_at(w, i))) {
            w->where = w->x[0][i];
            *finite = false;
            return FC_OK;
        }
    }
    for (size_t o = 0; o < n_out; o++) { /* index k becomes 2k, and the step half as long */
        fc_sum *part = p->part + o;
        for (size_t j = 0; j < 4; j++) {
            fc_sum sum = part[j * n_out], other = part[(j + 4) * n_out];
            sum = (fc_sum){0.5 * sum.sum, 0.5 * sum.carry};
            fc_sum_add(&sum, 0.5 * other.sum);
            fc_sum_add(&sum, 0.5 * other.carry);
            part[j * n_out] = sum;
        }
        for (size_t j = 4; j-- > 0;) {
            part[2 * j * n_out] = part[j * n_out];
        }
        for (size_t j = 1; j < 8; j += 2) {
            part[j * n_out] = (fc_sum){0};
        }
    }
    p->level++;
    p->step *= 0.5;
    p->size *= 0.5;
    add_side(w, p, &p->side[0], p->level, &g, 0, n[0]);
    add_side(w, p, &p->side[1], p->level, &g, n[0], n[1]);
    add_continued(w, p, &p->side[0], p->level, total);
    add_continued(w, p, &p->side[1], p->level, total);
    look_at_errors(w, p);
    return FC_OK;
}

/* ---- one integral ---- */

static void set_pieces(fc_ts_work *w, double low, double high)
{
    double from = low;
    w->n_pieces = 0;
    for (size_t i = 0; i < w->options->n_points; i++) {
        double x = w->options->points[i];
        if (x > from && x < high) {
            add_piece(w, from, x);
            from = x;
        }
    }
    if (isfinite(from) && isfinite(high) && isinf(high - from)) {
        add_piece(w, from, 0);
        from = 0;
    }
    add_piece(w, from, high);
}

/* Sums the pieces up: values, their norm, and the errors. */
typedef struct state {
    double norm, size, trapezoidal, left_out, where;
} state;

static state sum_up(const fc_ts_work *w, double *values)
{
    state all = {.where = NAN};
    double worst = 0;
    memset(values, 0, w->f->n_out * sizeof *values);
    for (size_t i = 0; i < w->n_pieces; i++) {
        const fc_ts_piece *p = &w->pieces[i];
        for (unsigned o = 0; o < w->f->n_out; o++) {
            values[o] += sum_of(w, p, o);
        }
        all.size += p->size;
        all.trapezoidal += p->error;
        for (int k = 0; k < 2; k++) {
            const fc_ts_side *s = &p->side[k];
            all.left_out += s->left_out;
            if (s->left_out > worst) {
                worst = s->left_out;
                all.where = s->far ? s->sign * INFINITY : s->base;
            }
        }
    }
    for (unsigned o = 0; o < w->f->n_out; o++) {
        all.norm = hypot(all.norm, values[o]);
    }
    return all;
}

static bool settle(const fc_ts_work *w, const state *all, fc_quad_result *result)
{
    bool flat = false, diverges = false, overflows = false;
    double epsabs = w->options->epsabs, relative = w->options->epsrel * all->norm;
    double tolerance = fmax(epsabs, relative);
    result->error = all->trapezoidal + all->left_out + NOISE * all->size;
    for (size_t i = 0; i < w->n_pieces; i++) {
        for (int k = 0; k < 2; k++) {
            const fc_ts_side *s = &w->pieces[i].side[k];
            bool matters = s->left_out > 0.5 * tolerance;
            flat |= s->flat && matters;
            diverges |= s->diverges && matters;
            overflows |= s->overflows && matters;
        }
    }
    result->where = all->where;
    if (!isfinite(all->norm) || diverges || flat || overflows) {
        result->error = INFINITY;
        result->state = diverges    ? FC_QUAD_DIVERGENT
                        : overflows ? FC_QUAD_NONFINITE
                        : flat      ? FC_QUAD_SINGULAR
                                    : FC_QUAD_NONFINITE;
        result->where = overflows && !diverges ? w->where : all->where;
        return true;
    }
    result->where = NAN;
    result->state = FC_QUAD_CONVERGED;
    if (result->error <= fmax(relative, fmin(epsabs, COARSE * all->size))) {
        return true;
    }
    if (result->error > tolerance) {
        result->state = FC_QUAD_LIMIT;
        if (all->left_out > 0.5 * tolerance) {
            result->state = FC_QUAD_SINGULAR;
            result->where = all->where;
        } else if (NOISE * all->size > 0.5 * tolerance) {
            result->state = FC_QUAD_ROUNDOFF;
        }
    }
    return false;
}

static fc_status integrate_one(fc_ts_work *w, double a, double b, const double *params,
                               unsigned worker, double *values, fc_quad_result *result)
{
    bool finite = true;
    fc_status status = FC_OK;
    *result = (fc_quad_result){.where = NAN};
    memset(values, 0, w->f->n_out * sizeof *values);
    if (a == b) {
        return FC_OK;
    }
    w->params = params;
    w->worker = worker;
    w->n_eval = 0;
    w->where = NAN;
    set_pieces(w, fmin(a, b), fmax(a, b));
    for (size_t i = 0; i < w->n_pieces && status == FC_OK && finite; i++) {
        status = first_level(w, &w->pieces[i], &finite);
    }
    bool again = true;
    while (again && finite && status == FC_OK) {
        state all = sum_up(w, values);
        if (all.size == 0 && w->options->density > 0) { /* at all nodes: look closer */
            fc_integrals one = {1, &a, &b, params, w->f->n_dim - 1};
            fc_pinned pinned;
            fc_pinned_init(&pinned, w->f, worker);
            status = fc_quad(w->run, &pinned.base, w->options, &one, values, result);
            result->n_eval += w->n_eval;
            return status;
        }
        bool done = settle(w, &all, result);
        double tolerance =
            fmax(fmin(w->options->epsabs, COARSE * all.size), w->options->epsrel * all.norm);
        again = false;
        for (size_t i = 0; i < w->n_pieces && finite && status == FC_OK; i++) {
            fc_ts_piece *p = &w->pieces[i];
            double share = fmax(0.1 * (p->side[0].left_out + p->side[1].left_out),
                                0.2 * tolerance / (double)w->n_pieces);
            uint64_t more = next_nodes(p, &p->side[0]) + next_nodes(p, &p->side[1]);
            if (done || p->level == LAST || all.left_out > all.size ||
                (w->n_eval + more) / 21 > w->options->limit) {
                continue;
            }
            if (p->stuck) {
                result->state = result->state == FC_QUAD_LIMIT ? FC_QUAD_ROUNDOFF : result->state;
            } else if (p->error > share) {
                status = next_level(w, p, &finite);
                again = true;
            }
        }
    }
    if (!finite) {
        result->state = FC_QUAD_NONFINITE;
        result->error = INFINITY;
        result->where = w->where;
    }
    result->n_eval = w->n_eval;
    result->n_panels = w->n_pieces;
    for (unsigned o = 0; a > b && o < w->f->n_out; o++) {
        values[o] = -values[o];
    }
    return status;
}

/* ---- many integrals ---- */

typedef struct sweep {
    const fc_integrals *in;
    const fc_run *run;
    const fc_integrand *f;
    const fc_quad_options *options;
    double *values;
    fc_quad_result *results;
    fc_ts_work *workspaces; /* [width] */
    bool *ready;
} sweep;

static fc_status run_sweep(void *context, size_t begin, size_t end, unsigned worker)
{
    sweep *s = context;
    fc_ts_work *w = &s->workspaces[worker];
    fc_status status = FC_OK;
    if (!s->ready[worker]) {
        s->ready[worker] = true;
        status = work_init(w, s->run, s->f, s->options, 1);
    }
    for (size_t k = begin; k < end && status == FC_OK; k++) {
        const double *params = s->in->params != NULL ? s->in->params + k * s->in->n_params : NULL;
        status = integrate_one(w, s->in->a[k], s->in->b[k], params, worker,
                               s->values + k * s->f->n_out, &s->results[k]);
    }
    return status;
}

fc_status fc_tanhsinh(const fc_run *run, const fc_integrand *f, const fc_quad_options *options,
                      const fc_integrals *integrals, double *values, fc_quad_result *results)
{
    static const fc_run none;
    run = run != NULL ? run : &none;
    if (!(options->epsabs >= 0) || !(options->epsrel >= 0) || options->limit == 0 ||
        options->weight != NULL || f->n_out == 0 || f->n_dim != 1 + integrals->n_params) {
        return FC_ERR_INVALID;
    }
    for (size_t k = 0; k < integrals->m; k++) {
        if (isnan(integrals->a[k]) || isnan(integrals->b[k])) {
            return FC_ERR_INVALID;
        }
    }
    fc_run local = *run;
    local.width = f->serial ? 1 : fc_run_width(run);
    if (integrals->m == 1) {
        fc_ts_work w;
        fc_status status = work_init(&w, run, f, options, local.width);
        if (status == FC_OK) {
            status = integrate_one(&w, integrals->a[0], integrals->b[0], integrals->params, 0,
                                   values, results);
        }
        work_destroy(&w);
        return status;
    }
    if (integrals->m == 0) {
        return FC_OK;
    }
    sweep s = {integrals, run, f, options, values, results, NULL, NULL};
    s.workspaces = fc_calloc(local.width, sizeof *s.workspaces);
    s.ready = fc_calloc(local.width, sizeof *s.ready);
    fc_status status = FC_ERR_NOMEM;
    if (s.workspaces != NULL && s.ready != NULL) {
        status = fc_pool_for(&local, run_sweep, &s, integrals->m, BLOCK);
        for (unsigned i = 0; i < local.width; i++) {
            if (s.ready[i]) {
                work_destroy(&s.workspaces[i]);
            }
        }
    }
    fc_free(s.workspaces);
    fc_free(s.ready);
    return status;
}
