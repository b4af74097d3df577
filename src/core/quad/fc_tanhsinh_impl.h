/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_tanhsinh: the pieces of a range, their nodes, and what the integrand does towards an
 * end (fc_tanhsinh_ends.c).
 *
 * A term of the sum, with the step, is step f(x) dx/dt = (f J) factor, where J is the distance from
 * the limit, or about x towards infinity. With u = log J, or -log J, f J is about exp(q u) towards
 * an end, and the integral converges there if q > 0. */
#ifndef FC_TANHSINH_IMPL_H
#define FC_TANHSINH_IMPL_H

#include "fc_tanhsinh.h"

#include <math.h>

#define FC_TS_FIRST 4   /* the first level's step is 2^-FC_TS_FIRST */
#define FC_TS_T_MAX 6.8 /* exp(-pi/2 sinh t) is 1e-300 there */
#define FC_TS_NODES_FIRST ((size_t)(FC_TS_T_MAX * (1 << FC_TS_FIRST)))
#define FC_TS_NEGLIGIBLE 1e-20 /* terms, relative to the sum */

/* Nodes t of a level, ascending: multiples of the step above 0, after the first level the odd ones.
 * e = exp(-pi/2 sinh t), c = pi/2 cosh t. */
typedef struct fc_ts_grid {
    size_t n;
    const double *e, *c;
} fc_ts_grid;

typedef enum fc_ts_kind { FC_TS_FINITE, FC_TS_HALF, FC_TS_LINE } fc_ts_kind;

typedef struct fc_ts_side {
    double base, sign;   /* x = base + sign J */
    bool far;            /* towards infinity */
    bool rounded;        /* base + sign J is rounded where J is small */
    bool overflows;      /* f was not finite beyond node `cut` */
    bool flat, diverges; /* no power that can be integrated */
    size_t cut;          /* the last node of the first level that is evaluated */
    bool continued;      /* beyond, by its power */
    double u_cut;
    double left_out; /* error of what lies beyond */
    double *q;       /* [FC_TS_NODES_FIRST][n_out]: between nodes k and k + 1; nan: no power */
    double *g_cut, *q_cut, *m_cut; /* [n_out]: f J beyond is g exp(q (u - u_cut)) (u/u_cut)^m */
} fc_ts_side;

typedef struct fc_ts_piece {
    fc_ts_kind kind;
    double length;
    fc_ts_side side[2]; /* the lower x, the upper x */
    int level;
    double step;
    bool stuck;
    fc_sum *part;           /* [8][n_out]: step times the terms whose index is k modulo 8 */
    double size;            /* step times the sum of |terms| */
    double error, older[2]; /* of the trapezoidal rule; of the levels before */
    double change[3];       /* of the sum, by the last levels; 0: not known */
    double *before;         /* [n_out]: the sum of the level before */
} fc_ts_piece;

typedef struct fc_ts_work {
    const fc_run *run;
    const fc_integrand *f;
    const fc_quad_options *options;
    const double *params;
    unsigned worker, width; /* width 1: evaluate on this thread alone, as `worker` */
    fc_ts_piece *pieces;
    size_t n_pieces;
    double *doubles; /* of the pieces */
    fc_sum *parts;
    double *points; /* x and y of a level: so many arrays of `stride` */
    double **x, **y;
    size_t stride, first; /* a parallel evaluation counts from `first` */
    uint64_t n_eval;
    double *u, *v; /* [FC_TS_NODES_FIRST + 1] */
    double where;  /* x at which f was not finite */
} fc_ts_work;

/* J and the factor of a node, from e and c of the grid; the middle is e = 1, c = pi/2. */
static inline void fc_ts_node_of(const fc_ts_piece *p, const fc_ts_side *s, double e, double c,
                                 double *J, double *factor)
{
    if (p->kind == FC_TS_FINITE) {
        double square = e * e;
        *J = p->length * (square / (1 + square));
        *factor = p->step * (2 * c / (1 + square));
        return;
    }
    *J = p->kind == FC_TS_LINE ? 0.5 * (1 / e + e) : s->far ? 1 / e : e;
    *factor = p->step * c;
}

static inline double fc_ts_node_x(const fc_ts_piece *p, const fc_ts_side *s, double e, double J)
{
    return p->kind == FC_TS_LINE ? s->sign * 0.5 * (1 / e - e) : s->base + s->sign * J;
}

/* J of a node as x has it: exact, unlike that of the ideal node, where the limit is not 0. */
static inline double fc_ts_seen_J(const fc_ts_side *s, double x, double J)
{
    return s->rounded ? fabs(x - s->base) : J;
}

/* Nodes of the first level at which x is told from the limit, and J and 1/J are in range. */
size_t fc_ts_usable_nodes(const fc_ts_piece *p, const fc_ts_side *s, const fc_ts_grid *g);

/* After the first level was evaluated, y[o][from + k - 1] being f at node k of the side,
 * y[o][middle] in the middle, n nodes finite: where to end the sum, how it goes on beyond, and what
 * error that leaves. term[k - 1]: norms of the terms, which add up to `total`.
 */
void fc_ts_choose_cut(fc_ts_work *w, const fc_ts_piece *p, fc_ts_side *s, const fc_ts_grid *g,
                      size_t from, size_t middle, size_t n, const double *term, double total);

#endif
