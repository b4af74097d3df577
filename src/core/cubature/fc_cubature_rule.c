/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Construction and application of cubature rules; contract and papers in fc_cubature_rule.h.
 *
 * The weights of the symmetric rules solve the moment equations: for every monomial x^(2k1) y^(2k2)
 * ... up to the degree, the rule must give 1/(2k1+1) 1/(2k2+1) ...; by symmetry one equation per
 * partition (k1 >= k2 >= ...). */
#include "fc_cubature_rule.h"

#include <float.h>
#include <math.h>
#include <stdatomic.h>
#include <string.h>

#include "fc_alloc.h"

/* QUADPACK's 15-point Kronrod rule (Piessens et al., 1983): abscissae, weights, and the weights of
 * the 7-point Gauss rule at every second one; the test checks them against all moments. */
#define GK 15
/* Of a symmetric rule's weights on one axis, when those of each hyperplane are added up: .38 for
 * degree 9, about as much for degree 7. */
#define SYMMETRIC_NORM 0.38
#define LEFT_OUT 0.45 /* points on an axis that are nearer to the middle, in line_fewer */
static const double gk_node[8] = {
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851,
    0.864864423359769072789712788640926, 0.741531185599394439863864773280788,
    0.586087235467691130294144691258169, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0.000000000000000000000000000000000,
};
static const double gk_kronrod[8] = {
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204,
    0.104790010322250183839876322541518, 0.140653259715525918745189590510238,
    0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
};
static const double gk_gauss[8] = {
    0, 0.129484966168869693270611432679082, 0, 0.279705391489276667901467771423780,
    0, 0.381830050505118944950369775488975, 0, 0.417959183673469387755102040816327,
};

static double gk_x(unsigned i)
{
    return i < 8 ? -gk_node[i] : gk_node[GK - 1 - i];
}

/* On [-1, 1] weights sum to 2; ours are of mean values. */
static double gk_w(const double *weights, unsigned i)
{
    return 0.5 * weights[i < 8 ? i : GK - 1 - i];
}

/* An orbit: the axes that differ from 0, and the squared coordinates there. n_axes is n_dim for the
 * corners. */
typedef struct orbit {
    unsigned n_axes;
    double a[3];
} orbit;

static double power(double x, unsigned k)
{
    double y = 1;
    while (k-- > 0) {
        y *= x;
    }
    return y;
}

/* Sum over the points of an orbit of x1^(2 k1) x2^(2 k2) ...; k has n_k entries, all > 0. */
static double orbit_moment(const orbit *o, unsigned n_dim, bool is_corner, const unsigned *k,
                           unsigned n_k)
{
    unsigned total = 0;
    for (unsigned i = 0; i < n_k; i++) {
        total += k[i];
    }
    if (is_corner) {
        return ldexp(power(o->a[0], total), (int)n_dim);
    }
    if (n_k > o->n_axes || n_k > n_dim || o->n_axes > n_dim) {
        return 0;
    }
    /* Sets of the remaining axes, times signs, times the ways to lay the coordinates on the axes.
     */
    double d = n_dim, sets;
    switch (o->n_axes) {
    case 0:
        return 1;
    case 1:
        return (n_k == 0 ? d : 1) * 2 * (n_k == 0 ? 1 : power(o->a[0], k[0]));
    case 2: {
        double ways = o->a[0] == o->a[1] ? 1 : 2;
        sets = n_k == 0 ? d * (d - 1) / 2 : n_k == 1 ? d - 1 : 1;
        unsigned k0 = n_k > 0 ? k[0] : 0, k1 = n_k > 1 ? k[1] : 0;
        double value = 0.5 * (power(o->a[0], k0) * power(o->a[1], k1) +
                              power(o->a[1], k0) * power(o->a[0], k1));
        return sets * 4 * ways * value;
    }
    default:
        sets = n_k == 0   ? d * (d - 1) * (d - 2) / 6
               : n_k == 1 ? (d - 1) * (d - 2) / 2
               : n_k == 2 ? d - 2
                          : 1;
        return sets * 8 * power(o->a[0], total);
    }
}

/* Null rules, by Gram-Schmidt on the moment functionals in order of degree: a functional of degree
 * 2k made orthogonal to those of lower degree is a null rule of degree 2k - 1. */
static void null_rules_fill(fc_cubature_rule *rule, const orbit *orbits)
{
    static const unsigned char partitions[][4] = {
        {0}, {1}, {2}, {1, 1}, {3}, {2, 1}, {1, 1, 1}, {4}, {3, 1}, {2, 2}, {2, 1, 1}, {1, 1, 1, 1},
    };
    const unsigned n_orbits = rule->n_orbits;
    double count[FC_CUBATURE_MAX_ORBITS], basis[FC_CUBATURE_MAX_ORBITS][FC_CUBATURE_MAX_ORBITS];
    unsigned degree_of[FC_CUBATURE_MAX_ORBITS], n_basis = 0;
    double norm = 0;
    for (unsigned j = 0; j < n_orbits; j++) {
        count[j] = (double)(rule->orbit_begin[j + 1] - rule->orbit_begin[j]);
        norm += count[j] * rule->weight[j] * rule->weight[j];
    }
    for (size_t p = 0; p < sizeof partitions / sizeof partitions[0] && n_basis < n_orbits; p++) {
        unsigned k[4], n_k = 0, degree = 0;
        while (n_k < 4 && partitions[p][n_k] != 0) {
            k[n_k] = partitions[p][n_k];
            degree += k[n_k++];
        }
        double *v = basis[n_basis], before = 0, after = 0;
        for (unsigned j = 0; j < n_orbits; j++) {
            v[j] =
                count[j] == 0
                    ? 0
                    : orbit_moment(&orbits[j], rule->n_dim, j == n_orbits - 1, k, n_k) / count[j];
            before += count[j] * v[j] * v[j];
        }
        for (int pass = 0; pass < 2; pass++) { /* twice is enough (Kahan, Parlett) */
            for (unsigned b = 0; b < n_basis; b++) {
                double dot = 0;
                for (unsigned j = 0; j < n_orbits; j++) {
                    dot += count[j] * v[j] * basis[b][j];
                }
                for (unsigned j = 0; j < n_orbits; j++) {
                    v[j] -= dot * basis[b][j];
                }
            }
        }
        for (unsigned j = 0; j < n_orbits; j++) {
            after += count[j] * v[j] * v[j];
        }
        if (after <= 1e-20 * before || before == 0) {
            continue; /* depends on those before */
        }
        for (unsigned j = 0; j < n_orbits; j++) {
            v[j] /= sqrt(after);
        }
        degree_of[n_basis++] = degree;
    }
    unsigned n_null = 0;
    for (unsigned b = n_basis; b-- > 1;) { /* basis[0] is the mean, no null rule */
        if (b == n_basis - 1 || degree_of[b] != degree_of[b + 1]) {
            rule->group_begin[rule->n_groups++] = n_null;
        }
        for (unsigned j = 0; j < n_orbits; j++) {
            rule->null[n_null][j] = basis[b][j] * sqrt(norm);
        }
        n_null++;
    }
    rule->group_begin[rule->n_groups] = n_null;
}

static void point_add(fc_cubature_rule *rule, unsigned n_axes, const unsigned *axis,
                      const double *at)
{
    /* All combinations of signs. */
    for (unsigned signs = 0; signs < 1u << n_axes; signs++) {
        fc_cubature_point *point = &rule->points[rule->n_listed++];
        point->n_axes = (uint8_t)n_axes;
        for (unsigned i = 0; i < n_axes; i++) {
            point->axis[i] = (uint8_t)axis[i];
            point->at[i] = (signs >> i & 1) != 0 ? -at[i] : at[i];
        }
    }
}

static void orbit_list(fc_cubature_rule *rule, const orbit *o)
{
    const unsigned d = rule->n_dim;
    double at[3] = {sqrt(o->a[0]), sqrt(o->a[1]), sqrt(o->a[2])};
    const double swapped[2] = {at[1], at[0]};
    unsigned axis[3];
    switch (o->n_axes) {
    case 0:
        point_add(rule, 0, axis, at);
        break;
    case 1:
        for (axis[0] = 0; axis[0] < d; axis[0]++) {
            point_add(rule, 1, axis, at);
        }
        break;
    case 2:
        for (axis[0] = 0; axis[0] < d; axis[0]++) {
            for (axis[1] = axis[0] + 1; axis[1] < d; axis[1]++) {
                point_add(rule, 2, axis, at);
                if (at[0] != at[1]) {
                    point_add(rule, 2, axis, swapped);
                }
            }
        }
        break;
    default:
        for (axis[0] = 0; axis[0] < d; axis[0]++) {
            for (axis[1] = axis[0] + 1; axis[1] < d; axis[1]++) {
                for (axis[2] = axis[1] + 1; axis[2] < d; axis[2]++) {
                    point_add(rule, 3, axis, at);
                }
            }
        }
        break;
    }
}

typedef double line_nulls[FC_CUBATURE_LINE_NULLS][FC_CUBATURE_MAX_LINE];

/* Null rules of the n points x, by Gram-Schmidt on Legendre's polynomials: row k integrates those
 * of degree below n - 1 - k to 0, and has the norm `norm`. */
static void line_nulls_fill(double (*nulls)[FC_CUBATURE_MAX_LINE], const double *x, unsigned n,
                            double norm)
{
    double basis[FC_CUBATURE_MAX_LINE][FC_CUBATURE_MAX_LINE];
    for (unsigned degree = 0; degree < n; degree++) {
        double *v = basis[degree], square = 0;
        for (unsigned j = 0; j < n; j++) {
            double before = 1, value = x[j];
            for (unsigned k = 1; k < degree; k++) {
                double next = ((2 * k + 1) * x[j] * value - k * before) / (k + 1);
                before = value;
                value = next;
            }
            v[j] = degree == 0 ? 1 : value;
        }
        for (int pass = 0; pass < 2; pass++) {
            for (unsigned b = 0; b < degree; b++) {
                double dot = 0;
                for (unsigned j = 0; j < n; j++) {
                    dot += v[j] * basis[b][j];
                }
                for (unsigned j = 0; j < n; j++) {
                    v[j] -= dot * basis[b][j];
                }
            }
        }
        for (unsigned j = 0; j < n; j++) {
            square += v[j] * v[j];
        }
        for (unsigned j = 0; j < n; j++) {
            v[j] /= sqrt(square);
        }
    }
    for (unsigned k = 0; k < FC_CUBATURE_LINE_NULLS; k++) {
        for (unsigned j = 0; j < n; j++) {
            nulls[k][j] = basis[n - 1 - k][j] * norm;
        }
    }
}

/* The null rules on the axes are the same in all dimensions and take longer than a cheap integral:
 * a table for each kind, filled by whoever comes first. Nobody waits for it: who meets it half
 * written computes his own. */
static struct line_table {
    atomic_int state; /* 0: empty, 1: being written, 2: for all to read (release, acquire) */
    line_nulls nulls;
} line_tables[FC_CUBATURE_GM9 + 1];

static void line_nulls_get(fc_cubature_rule *rule, unsigned n, double norm)
{
    struct line_table *table = &line_tables[rule->kind];
    if (atomic_load_explicit(&table->state, memory_order_acquire) == 2) {
        memcpy(rule->line_null, table->nulls, sizeof table->nulls);
        return;
    }
    line_nulls_fill(rule->line_null, rule->line_at, n + 2, norm);
    int empty = 0;
    if (atomic_compare_exchange_strong_explicit(&table->state, &empty, 1, memory_order_relaxed,
                                                memory_order_relaxed)) {
        memcpy(table->nulls, rule->line_null, sizeof table->nulls);
        atomic_store_explicit(&table->state, 2, memory_order_release);
    }
}

/* Weights of the polynomial through those of the n points x that are at 0 or not below `least`;
 * 0 for the others (Berrut and Trefethen, SIAM Review 46, 2004). */
static void barycentric_fill(double *weight, const double *x, unsigned n, double least)
{
    for (unsigned j = 0; j < n; j++) {
        weight[j] = x[j] == 0 || fabs(x[j]) >= least;
        for (unsigned i = 0; i < n; i++) {
            if (i != j && (x[i] == 0 || fabs(x[i]) >= least)) {
                weight[j] /= x[j] - x[i];
            }
        }
    }
}

/* The points on each axis, and the two at its edges, which only now are given a place. */
static void line_install(fc_cubature_rule *rule, const double *x, unsigned n, double norm)
{
    double outermost = 0;
    for (unsigned k = 0; k < n; k++) {
        outermost = fmax(outermost, x[k]);
    }
    rule->edge = 1 - (1 - outermost) / 40;
    rule->n_line = n + 2;
    rule->n_points = rule->n_core + 2 * rule->n_dim;
    memcpy(rule->line_at, x, n * sizeof *x);
    rule->line_at[n] = rule->edge;
    rule->line_at[n + 1] = -rule->edge;
    rule->outermost = outermost;
    barycentric_fill(rule->line_full, rule->line_at, n + 2, 0);
    barycentric_fill(rule->line_fewer, rule->line_at, n + 2, LEFT_OUT);
    line_nulls_get(rule, n, norm);
    for (unsigned d = 0; d < rule->n_dim; d++) {
        rule->line[d][n] = (uint32_t)(rule->n_core + 2 * d);
        rule->line[d][n + 1] = (uint32_t)(rule->n_core + 2 * d + 1);
    }
}

/* Lists the points; the last orbit is the corners. */
static fc_status orbits_install(fc_cubature_rule *rule, const orbit *orbits, unsigned n_orbits)
{
    const size_t d = rule->n_dim;
    const size_t most = 1 + 6 * d + 6 * d * (d - 1) + 4 * d * (d - 1) * (d > 2 ? d - 2 : 0) / 3;
    rule->points = fc_malloc(most, sizeof *rule->points);
    if (rule->points == NULL) {
        return FC_ERR_NOMEM;
    }
    rule->n_orbits = n_orbits;
    for (unsigned j = 0; j + 1 < n_orbits; j++) {
        rule->orbit_begin[j] = rule->n_listed;
        orbit_list(rule, &orbits[j]);
    }
    rule->orbit_begin[n_orbits - 1] = rule->n_listed;
    rule->n_core = rule->n_listed + ((size_t)1 << d);
    rule->orbit_begin[n_orbits] = rule->n_core;
    rule->corner = sqrt(orbits[n_orbits - 1].a[0]);
    for (unsigned j = 0; j < n_orbits; j++) {
        double count = (double)(rule->orbit_begin[j + 1] - rule->orbit_begin[j]);
        rule->amplification += count * fabs(rule->weight[j]);
    }
    null_rules_fill(rule, orbits);
    rule->near_over_far = orbits[rule->near_orbit].a[0] / orbits[rule->far_orbit].a[0];
    /* The axes: the centre and the orbits of single coordinates. */
    double at[FC_CUBATURE_MAX_LINE] = {0};
    unsigned n_line = 1;
    for (unsigned j = 0; j + 1 < n_orbits; j++) {
        for (unsigned k = 0; orbits[j].n_axes == 1 && k < 2; k++, n_line++) {
            at[n_line] = k == 0 ? sqrt(orbits[j].a[0]) : -sqrt(orbits[j].a[0]);
            for (unsigned axis = 0; axis < d; axis++) {
                rule->line[axis][n_line] = (uint32_t)(rule->orbit_begin[j] + 2 * axis + k);
            }
        }
    }
    line_install(rule, at, n_line, SYMMETRIC_NORM);
    return FC_OK;
}

/* The middle row of points and the middle column. */
static void gk_line_install(fc_cubature_rule *rule)
{
    double at[GK], square = 0;
    for (unsigned i = 0; i < GK; i++) {
        at[i] = gk_x(i);
        square += gk_w(gk_kronrod, i) * gk_w(gk_kronrod, i);
        rule->line[0][i] = rule->n_dim == 1 ? i : GK / 2 * GK + i;
        rule->line[1][i] = i * GK + GK / 2;
    }
    line_install(rule, at, GK, sqrt(square));
}

static fc_status gm7_fill(fc_cubature_rule *rule)
{
    const double a = 9 / 70.0, b = 9 / 10.0, c = 9 / 19.0, d = rule->n_dim;
    const orbit orbits[5] = {{0, {0}}, {1, {a}}, {1, {b}}, {2, {b, b}}, {rule->n_dim, {c}}};
    const double weight[5] = {(12824 - 9120 * d + 400 * d * d) / 19683, 980 / 6561.0,
                              (1820 - 400 * d) / 19683, 200 / 19683.0,
                              ldexp(6859 / 19683.0, -(int)rule->n_dim)};
    memcpy(rule->weight, weight, sizeof weight);
    rule->near_orbit = 1;
    rule->far_orbit = 2;
    return orbits_install(rule, orbits, 5);
}

/* Degree 9. Let z be the corners' squared coordinate. In turn the equations of the partitions
 *   (1,1,1,1)           give the corners' weight Z,
 *   (2,1,1) and (1,1,1) give a and the triples' weight T,
 *   (1,1), (2,1), (2,2), (3,1) give b, and the weights Q of the mixed and P of the equal pairs
 * (they are consistent for every z, which is what makes the rule exist), (1) to (4)          give c
 * and the weights of the single orbits; each of Z, T, P, Q is the sum over the points that the
 * partition's axes see. */
static fc_status gm9_fill(fc_cubature_rule *rule)
{
    const double d = rule->n_dim, z = 0.4707;
    const double Z = 1 / (81 * power(z, 4));
    const double a = 4 / (15 - 5 / z), T = 4 / 405.0 / power(a, 4);
    const double r11 = 1 / 9.0 - Z * z * z, r21 = 1 / 15.0 - Z * power(z, 3);
    const double r22 = 1 / 25.0 - Z * power(z, 4);
    const double b = a - 4 / 525.0 / (r11 * a - r21);
    const double Q = 4 / 525.0 / (a * b * (a - b) * (a - b));
    const double P = (r22 - 2 * Q * a * a * b * b) / power(a, 4);
    double m[5];
    for (unsigned k = 1; k <= 4; k++) {
        m[k] = 1.0 / (2 * k + 1) - Z * power(z, k);
    }
    const double e1 = m[3] - (a + b) * m[2] + a * b * m[1];
    const double e2 = m[4] - (a + b) * m[3] + a * b * m[2];
    const double c = e2 / e1;
    const double S3 = e1 / (c * (c - a) * (c - b));
    const double S2 = (m[2] - a * m[1] - S3 * c * (c - a)) / (b * (b - a));
    const double S1 = (m[1] - b * S2 - c * S3) / a;
    const bool triples = rule->n_dim > 2;
    const double w_triple = triples ? T / 8 : 0;
    const double w_equal = (P - (triples ? (d - 2) * T : 0)) / 4;
    const double w_mixed = Q / 4;
    const double w_a =
        (S1 - 4 * (d - 1) * (d - 2) * w_triple - 4 * (d - 1) * (w_equal + w_mixed)) / 2;
    const double w_b = (S2 - 4 * (d - 1) * w_mixed) / 2;
    const orbit orbits[8] = {{0, {0}},    {1, {a}},    {1, {b}},       {1, {c}},
                             {2, {a, a}}, {2, {a, b}}, {3, {a, a, a}}, {rule->n_dim, {z}}};
    double weight[8] = {0,       w_a,     w_b,      S3 / 2,
                        w_equal, w_mixed, w_triple, ldexp(Z, -(int)rule->n_dim)};
    double rest = Z;
    for (unsigned j = 1; j < 7; j++) {
        rest += weight[j] * orbit_moment(&orbits[j], rule->n_dim, false, NULL, 0);
    }
    weight[0] = 1 - rest;
    memcpy(rule->weight, weight, sizeof weight);
    rule->near_orbit = 2;
    rule->far_orbit = 1;
    return orbits_install(rule, orbits, 8);
}

fc_status fc_cubature_rule_create(fc_cubature_kind kind, unsigned n_dim, fc_cubature_rule **out)
{
    *out = NULL;
    if (n_dim == 0 || n_dim > FC_CUBATURE_MAX_DIM || (kind == FC_CUBATURE_GK15 && n_dim > 2) ||
        (kind != FC_CUBATURE_GK15 && kind != FC_CUBATURE_AUTO && n_dim < 2)) {
        return FC_ERR_INVALID;
    }
    if (kind == FC_CUBATURE_AUTO) {
        kind = n_dim == 1 ? FC_CUBATURE_GK15 : FC_CUBATURE_GM9;
    }
    fc_cubature_rule *rule = fc_calloc(1, sizeof *rule);
    if (rule == NULL) {
        return FC_ERR_NOMEM;
    }
    rule->kind = kind;
    rule->n_dim = n_dim;
    fc_status status = FC_OK;
    if (kind == FC_CUBATURE_GK15) {
        rule->n_core = n_dim == 1 ? GK : GK * GK;
        gk_line_install(rule);
    } else {
        status = kind == FC_CUBATURE_GM7 ? gm7_fill(rule) : gm9_fill(rule);
    }
    if (status != FC_OK) {
        fc_cubature_rule_destroy(rule);
        return status;
    }
    *out = rule;
    return FC_OK;
}

void fc_cubature_rule_destroy(fc_cubature_rule *rule)
{
    if (rule != NULL) {
        fc_free(rule->points);
        fc_free(rule);
    }
}

/* The points at the edges: of each axis the upper, then the lower. */
static void edge_points(const fc_cubature_rule *rule, const double *centre, const double *half,
                        size_t first, size_t n, double *const *x)
{
    for (unsigned d = 0; d < rule->n_dim; d++) {
        for (size_t i = 0; i < n; i++) {
            const size_t edge = first + i;
            x[d][i] = centre[d];
            if (edge / 2 == d) {
                x[d][i] += half[d] * (edge % 2 == 0 ? rule->edge : -rule->edge);
            }
        }
    }
}

/* Points of the rule proper, as fc_cubature_rule_points. */
static void core_points(const fc_cubature_rule *rule, const double *centre, const double *half,
                        size_t first, size_t n, double *const *x)
{
    if (rule->kind == FC_CUBATURE_GK15) {
        for (size_t i = 0; i < n; i++) {
            size_t p = first + i;
            x[0][i] = centre[0] + half[0] * gk_x((unsigned)(p % GK));
            if (rule->n_dim == 2) {
                x[1][i] = centre[1] + half[1] * gk_x((unsigned)(p / GK));
            }
        }
        return;
    }
    size_t n_listed = first >= rule->n_listed       ? 0
                      : first + n <= rule->n_listed ? n
                                                    : rule->n_listed - first;
    for (unsigned d = 0; d < rule->n_dim; d++) {
        for (size_t i = 0; i < n_listed; i++) {
            x[d][i] = centre[d];
        }
        double out = half[d] * rule->corner;
        double ends[2] = {centre[d] + out, centre[d] - out};
        size_t corner = first + n_listed - rule->n_listed;
        for (size_t i = n_listed; i < n; i++, corner++) {
            x[d][i] = ends[corner >> d & 1];
        }
    }
    for (size_t i = 0; i < n_listed; i++) {
        const fc_cubature_point *point = &rule->points[first + i];
        for (unsigned k = 0; k < point->n_axes; k++) {
            unsigned d = point->axis[k];
            x[d][i] = centre[d] + half[d] * point->at[k];
        }
    }
}

void fc_cubature_rule_points(const fc_cubature_rule *rule, const double *centre, const double *half,
                             size_t first, size_t n, double *const *x)
{
    const size_t n_core = first >= rule->n_core       ? 0
                          : first + n <= rule->n_core ? n
                                                      : rule->n_core - first;
    if (n_core > 0) {
        core_points(rule, centre, half, first, n_core, x);
    }
    if (n_core < n) {
        double *rest[FC_CUBATURE_MAX_DIM];
        for (unsigned d = 0; d < rule->n_dim; d++) {
            rest[d] = x[d] + n_core;
        }
        edge_points(rule, centre, half, first + n_core - rule->n_core, n - n_core, rest);
    }
}

static void gk_apply(const fc_cubature_rule *rule, const double *f, double scale,
                     fc_cubature_estimate *estimate, double *axis_score)
{
    const unsigned rows = rule->n_dim == 2 ? GK : 1;
    double kk = 0, gk = 0, kg = 0, gg = 0, mean_abs = 0;
    for (unsigned r = 0; r < rows; r++) {
        double k = 0, g = 0, mean = 0;
        for (unsigned i = 0; i < GK; i++) {
            double value = f[r * GK + i], w = gk_w(gk_kronrod, i);
            k += w * value;
            g += gk_w(gk_gauss, i) * value;
            mean += w * fabs(value);
        }
        double w = rows == 1 ? 1 : gk_w(gk_kronrod, r);
        kk += w * k;
        gk += w * g;
        kg += (rows == 1 ? 1 : gk_w(gk_gauss, r)) * k;
        gg += (rows == 1 ? 1 : gk_w(gk_gauss, r)) * g;
        mean_abs += w * mean;
    }
    estimate->value = kk;
    estimate->mean_abs = mean_abs;
    /* A ridge along the diagonal weighs as much in the mixed rules as in Kronrod's, not in Gauss's.
     */
    estimate->error = fmax(fabs(kk - gk) + fabs(kk - kg), fabs(kk - gg));
    axis_score[0] += scale * fabs(kk - gk);
    if (rows > 1) {
        axis_score[1] += scale * fabs(kk - kg);
    }
}

/* How the sizes of the null rules become an error, after Berntsen, Espelid and Genz: where they
 * fall with the degree the rule is at work (asymptotic) and the highest one bounds the error amply;
 * where they do not, none is to be trusted and the largest is taken several times. What is only
 * rounding noise need not fall. */
static double error_of_nulls(const double *size, unsigned n_groups, double noise)
{
    const double fall = 4, safety = 2, caution = 5;
    double largest = 0;
    bool asymptotic = true;
    for (unsigned g = 0; g < n_groups && g < 3; g++) {
        largest = fmax(largest, size[g]);
        if (g + 1 < n_groups && g + 1 < 3) {
            asymptotic = asymptotic && (fall * size[g] <= size[g + 1] || size[g] <= noise);
        }
    }
    return asymptotic ? safety * size[0] : caution * largest;
}

static void symmetric_apply(const fc_cubature_rule *rule, const double *f, double scale,
                            fc_cubature_estimate *estimate, double *axis_score)
{
    double sum[FC_CUBATURE_MAX_ORBITS], absolute = 0;
    for (unsigned j = 0; j < rule->n_orbits; j++) {
        size_t i = rule->orbit_begin[j], end = rule->orbit_begin[j + 1];
        double s[4] = {0}, t[4] = {0}; /* four chains of additions at once */
        for (; i + 4 <= end; i += 4) {
            for (unsigned k = 0; k < 4; k++) {
                s[k] += f[i + k];
                t[k] += fabs(f[i + k]);
            }
        }
        for (; i < end; i++) {
            s[0] += f[i];
            t[0] += fabs(f[i]);
        }
        sum[j] = (s[0] + s[1]) + (s[2] + s[3]);
        absolute += (t[0] + t[1]) + (t[2] + t[3]);
    }
    double value = 0, size[4] = {0};
    for (unsigned j = 0; j < rule->n_orbits; j++) {
        value += rule->weight[j] * sum[j];
    }
    for (unsigned g = 0; g < rule->n_groups; g++) {
        for (unsigned k = rule->group_begin[g]; k < rule->group_begin[g + 1]; k++) {
            double null = 0;
            for (unsigned j = 0; j < rule->n_orbits; j++) {
                null += rule->null[k][j] * sum[j];
            }
            size[g] += null * null;
        }
        size[g] = sqrt(size[g]);
    }
    estimate->value = value;
    estimate->mean_abs = absolute / (double)rule->n_core * rule->amplification;
    estimate->error = error_of_nulls(size, rule->n_groups, 16 * DBL_EPSILON * estimate->mean_abs);

    const double *near = f + rule->orbit_begin[rule->near_orbit];
    const double *far = f + rule->orbit_begin[rule->far_orbit];
    for (unsigned d = 0; d < rule->n_dim; d++) {
        double inner = near[2 * d] + near[2 * d + 1] - 2 * f[0];
        double outer = far[2 * d] + far[2 * d + 1] - 2 * f[0];
        axis_score[d] += scale * fabs(inner - rule->near_over_far * outer);
    }
}

/* The rule's own error can be small by accident: where a kink or jump across an axis stands in some
 * places, where it is hidden between the outermost points and a face, and in many dimensions, where
 * a function of one variable is a small part of the null rules. So each axis is looked at by
 * itself, after Berntsen and Espelid ("Error estimation in automatic quadrature routines", ACM TOMS
 * 17, 1991): null rules of falling degree, two and two so that no phase hides a term. Where they
 * fall steeply f is smooth, and the rule is believed; elsewhere the largest is an error to be
 * reckoned with. (With these ratios, of kinks and jumps in all places fewer than one in 200 pass
 * unseen.) */
double fc_cubature_rule_doubt(const fc_cubature_rule *rule, const double *y, double noise)
{
    const double fall = 0.12, caution = 1.2;
    double size[FC_CUBATURE_LINE_NULLS / 2] = {0};
    for (unsigned k = 0; k < FC_CUBATURE_LINE_NULLS; k++) {
        double null = 0;
        for (unsigned j = 0; j < rule->n_line; j++) {
            null += rule->line_null[k][j] * y[j];
        }
        size[k / 2] += null * null;
    }
    for (unsigned k = 0; k < FC_CUBATURE_LINE_NULLS / 2; k++) {
        size[k] = sqrt(size[k]);
    }
    const double largest = fmax(size[0], size[1]);
    return (size[0] > fall * size[1] || size[1] > fall * size[2]) && largest > noise
               ? caution * largest
               : 0;
}

static void doubt_lines(const fc_cubature_rule *rule, const double *f, double scale,
                        fc_cubature_estimate *estimate, double *axis_score)
{
    for (unsigned axis = 0; axis < rule->n_dim; axis++) {
        double values[FC_CUBATURE_MAX_LINE];
        for (unsigned j = 0; j < rule->n_line; j++) {
            values[j] = f[rule->line[axis][j]];
        }
        const double doubt =
            fc_cubature_rule_doubt(rule, values, 32 * DBL_EPSILON * estimate->mean_abs);
        estimate->error = fmax(estimate->error, doubt);
        axis_score[axis] += 8 * scale * doubt;
    }
}

void fc_cubature_rule_apply(const fc_cubature_rule *rule, const double *f, double scale,
                            fc_cubature_estimate *estimate, double *axis_score)
{
    if (rule->kind == FC_CUBATURE_GK15) {
        gk_apply(rule, f, scale, estimate, axis_score);
    } else {
        symmetric_apply(rule, f, scale, estimate, axis_score);
    }
    doubt_lines(rule, f, scale, estimate, axis_score);
}
