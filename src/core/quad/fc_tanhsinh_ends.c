/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What an integrand does towards the ends of its range; contract in fc_tanhsinh_impl.h. */
#include "fc_tanhsinh_impl.h"

#include <float.h>

#define TINY 1e-300   /* smallest J, and 1/J */
#define RESOLVED 1024 /* nodes are so many ulp of the limit away from it, or more */
#define FLATTEST 1e-3 /* smallest q that is taken for a power */
#define MARGIN 3      /* nodes beyond the last whose term is not negligible */

size_t fc_ts_usable_nodes(const fc_ts_piece *p, const fc_ts_side *s, const fc_ts_grid *g)
{
    double least = s->rounded ? RESOLVED * DBL_EPSILON * fabs(s->base) : 0;
    size_t n = g->n;
    double J, factor;
    for (; n > 0; n--) {
        fc_ts_node_of(p, s, g->e[n - 1], g->c[n - 1], &J, &factor);
        if (s->far ? J < 1 / TINY : J >= fmax(least, TINY)) {
            break;
        }
    }
    return n;
}

/* Powers q between the nodes of the side: y[o][from + k] belongs to node k + 1, `middle` to node 0.
 */
static void find_powers(fc_ts_work *w, const fc_ts_piece *p, fc_ts_side *s, const fc_ts_grid *g,
                        size_t from, size_t middle, size_t n)
{
    const unsigned n_out = w->f->n_out;
    double turn = s->far ? -1 : 1;
    for (unsigned o = 0; o < n_out; o++) {
        for (size_t k = 0; k <= n; k++) {
            size_t i = k == 0 ? middle : from + k - 1;
            double e = k == 0 ? 1 : g->e[k - 1], J, factor;
            fc_ts_node_of(p, s, e, 1, &J, &factor);
            J = fc_ts_seen_J(s, w->x[0][i], J);
            double y = w->y[o][i];
            w->u[k] = o == 0 ? turn * log(J) : w->u[k];
            w->v[k] = y == 0 ? NAN : log(fabs(y)) + turn * w->u[k];
            if (k > 0) {
                double before = w->y[o][k == 1 ? middle : i - 1];
                s->q[(k - 1) * n_out + o] = (y > 0) == (before > 0) && w->u[k] < w->u[k - 1]
                                                ? (w->v[k] - w->v[k - 1]) / (w->u[k] - w->u[k - 1])
                                                : NAN;
            }
        }
    }
}

/* f J of output o at node k of the side. */
static double product_at(const fc_ts_work *w, size_t from, size_t middle, size_t k, unsigned o,
                         const fc_ts_side *s)
{
    return w->y[o][k == 0 ? middle : from + k - 1] * exp(s->far ? -w->u[k] : w->u[k]);
}

/* Error of ending the sum of output o at node k >= 1, of n, of the side and continuing f by its
 * power there. */
static double left_out_at(const fc_ts_work *w, fc_ts_side *s, size_t from, size_t middle, size_t k,
                          size_t n, unsigned o)
{
    const unsigned n_out = w->f->n_out;
    double largest = 0;
    for (size_t back = 0; back <= k && back < 6; back++) {
        largest = fmax(largest, fabs(product_at(w, from, middle, k - back, o, s)));
    }
    s->g_cut[o] = product_at(w, from, middle, k, o, s);
    s->q_cut[o] = NAN;
    s->m_cut[o] = 0;
    double q[4] = {0}, w_log[4];
    bool lawful = k >= 4;
    for (size_t back = 0; back < 4 && lawful; back++) {
        q[back] = s->q[(k - back - 1) * n_out + o];
        lawful = isfinite(q[back]);
    }
    double change = INFINITY;
    if (lawful) {
        change = fmax(fabs(q[0] - q[1]), fmax(fabs(q[1] - q[2]), fabs(q[2] - q[3])));
    }
    if (q[0] < 1e-9 && change < 0.1 * fmax(FLATTEST, fabs(q[0]))) {
        s->diverges = true;
        return INFINITY;
    }
    if (!(change < 0.5 * fabs(q[0]))) { /* as if f kept to its latest values, which must fall */
        double before = 0;
        for (size_t more = 6; more <= k && more < 12; more++) {
            before = fmax(before, fabs(product_at(w, from, middle, k - more, o, s)));
        }
        if (k < 12 || before == 0) { /* little is known there, and there may be better places */
            return n > 24 && largest > 0 ? INFINITY : 2 * largest;
        }
        /* As an exponential of u does, from what they were; if that is a power of u, the rest is
         * more than it says. */
        const double span = fabs(w->u[k] - w->u[k - 6]);
        return largest > 0.5 * before ? INFINITY
                                      : largest * fmax(2, 4 * span / log(before / largest));
    }
    double now = q[0], last = now, m = 0;
    if (w->u[k - 4] < -1) {
        /* Is f J like exp(q u) |u|^m, as where f has logarithms? */
        for (size_t back = 0; back < 4; back++) {
            double near = w->u[k - back], before = w->u[k - back - 1];
            w_log[back] = log(near / before) / (near - before);
        }
        double misfit = 0;
        for (size_t back = 0; back < 2; back++) {
            m = (q[back + 1] - q[back + 2]) / (w_log[back + 1] - w_log[back + 2]);
            misfit =
                fmax(misfit, fabs(q[back + 1] + m * (w_log[back] - w_log[back + 1]) - q[back]));
        }
        m = 0;
        if (misfit < 0.1 * change) {
            m = (q[0] - q[1]) / (w_log[0] - w_log[1]);
            last = q[0] - m * w_log[0];
            change = misfit;
        }
    }
    /* A power that is small beside what the logarithm does to it may as well be none. */
    if (!(fmin(now, last) - change > FLATTEST) || last < 0.5 * fabs(now - last)) {
        return INFINITY;
    }
    s->q_cut[o] = last;
    s->m_cut[o] = m;
    double rest = fabs(s->g_cut[o]) / fmin(now, last);
    if (s->overflows) {
        return rest;
    }
    /* The power goes on changing as it did, over the 1/q that what is left out extends in u. */
    double drift = change * (1 + 1 / (now * (w->u[k - 1] - w->u[k])));
    return rest * fmin(1 + 1 / now, 4 * drift / now + 4 * DBL_EPSILON);
}

/* Whether nodes beyond `at`, up to n, say that f is not continued as it is after all: then what
 * that makes, else 0. Next to a limit that rounds x they say little, but so much they know. */
static double refuted_by(const fc_ts_work *w, const fc_ts_side *s, size_t from, size_t middle,
                         size_t at, size_t n)
{
    double all = 0;
    for (unsigned o = 0; o < w->f->n_out; o++) {
        double off = 0, continued = 0;
        for (size_t k = at + 1; k <= n && isfinite(s->q_cut[o]); k++) {
            const double du = fabs(w->u[k] - w->u[k - 1]), by = w->u[k] - w->u[at];
            const double power = s->m_cut[o] != 0 ? pow(w->u[k] / w->u[at], s->m_cut[o]) : 1;
            const double g = s->g_cut[o] * exp(s->q_cut[o] * by) * power;
            off += du * (product_at(w, from, middle, k, o, s) - g);
            continued += du * fabs(g);
        }
        all = hypot(all, fabs(off) > 0.05 * continued ? off : 0);
    }
    return all;
}

void fc_ts_choose_cut(fc_ts_work *w, const fc_ts_piece *p, fc_ts_side *s, const fc_ts_grid *g,
                      size_t from, size_t middle, size_t n, const double *term, double total)
{
    const unsigned n_out = w->f->n_out;
    size_t reach = total > 0 ? 0 : n;
    for (size_t k = n; k > reach; k--) {
        reach = term[k - 1] > FC_TS_NEGLIGIBLE * total ? k + MARGIN : reach;
    }
    s->left_out = 0;
    s->continued = s->flat = s->diverges = false;
    s->cut = reach < n ? reach : n;
    if (s->rounded || reach >= n) {
        find_powers(w, p, s, g, from, middle, n);
    }
    if (reach < n || n == 0) {
        return;
    }
    /* Rounding errors grow towards the end, what is left out falls. The least error of all is a
     * lucky one: its neighbours have a say. */
    double best = INFINITY, error[3] = {0};
    bool diverges = false;
    size_t at = n;
    for (size_t k = n; k >= (n > 8 ? 5 : 1); k--) {
        error[0] = error[1];
        error[1] = error[2];
        error[2] = 0;
        for (unsigned o = 0; o < n_out; o++) {
            error[2] = hypot(error[2], left_out_at(w, s, from, middle, k, n, o));
        }
        diverges = k == n ? s->diverges : diverges;
        double smooth = fmax(error[1], 0.3 * fmax(error[0], error[2]));
        if (k < n && smooth < best) {
            best = smooth;
            at = k + 1;
        }
        if (s->overflows) {
            best = error[2];
            break;
        }
    }
    best = diverges ? INFINITY : best;
    s->left_out = best;
    for (unsigned o = 0; o < n_out; o++) {
        left_out_at(w, s, from, middle, at, n, o);
        s->continued |= isfinite(s->q_cut[o]);
    }
    s->cut = at;
    s->u_cut = w->u[at];
    if (!s->overflows && at < n) {
        const double off = refuted_by(w, s, from, middle, at, n);
        s->left_out = fmax(best, off > best ? INFINITY : off);
    }
    s->flat = isinf(s->left_out);
    s->diverges = diverges;
}
