/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Rules that cubature applies to one box: points in [-1, 1]^n, the integral they give and how far
 * to trust it.
 *
 * Tensor Gauss-Kronrod, 1 and 2 dimensions: 15 (225) points, degree 23 in each variable. The error
 * is what replacing Kronrod's rule by Gauss's changes, one variable at a time.
 *
 * Fully symmetric, from 2 dimensions: Genz and Malik's rules of degree 7 (J. Comput. Appl. Math. 6,
 * 1980) and degree 9 (SIAM J. Numer. Anal. 20, 1983; free parameter as in Berntsen, Espelid, Genz,
 * "An adaptive algorithm for the approximate calculation of multiple integrals", ACM TOMS 17,
 * 1991). Points fall into orbits under permutation and change of sign, and all points of an orbit
 * have one weight:
 *
 *     degree 7:  0  (a)  (b)             (b,b)                 (c,...,c)
 *     degree 9:  0  (a)  (b)  (c)        (a,a)  (a,b)  (a,a,a) (d,...,d)
 *
 * Whatever combination of the orbit sums is not needed by the rule gives, at no further evaluation,
 * null rules: they integrate polynomials up to some degree to 0, so they show how large the terms
 * of the next degree are.
 *
 * Either kind is blind between its outermost points and the faces of the box. One more point near
 * the middle of each face (weight 0) helps to judge f along each axis. */
#ifndef FC_CUBATURE_RULE_H
#define FC_CUBATURE_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

#define FC_CUBATURE_MAX_DIM 20
#define FC_CUBATURE_MAX_ORBITS 8
#define FC_CUBATURE_MAX_NULLS 7
#define FC_CUBATURE_MAX_LINE 17
#define FC_CUBATURE_LINE_NULLS 6

typedef enum fc_cubature_kind {
    FC_CUBATURE_AUTO = 0,
    FC_CUBATURE_GK15, /* 1 or 2 dimensions */
    FC_CUBATURE_GM7,  /* 2 dimensions or more */
    FC_CUBATURE_GM9,  /* 2 dimensions or more */
} fc_cubature_kind;

/* A point with at most three coordinates that are not 0. */
typedef struct fc_cubature_point {
    uint8_t n_axes, axis[3];
    double at[3];
} fc_cubature_point;

typedef struct fc_cubature_rule {
    fc_cubature_kind kind;
    unsigned n_dim;
    size_t n_points; /* in all */
    size_t n_core;   /* of the rule proper; after them one at the edge of each half axis */
    size_t n_listed; /* in `points`; the 2^n corners after them are not */
    fc_cubature_point *points;
    double corner; /* the corners' coordinates, +- */
    unsigned n_orbits;
    size_t orbit_begin[FC_CUBATURE_MAX_ORBITS + 1];
    double
        weight[FC_CUBATURE_MAX_ORBITS]; /* of a point of the orbit; over all points they sum to 1 */
    double amplification;               /* of rounding errors: the sum of the absolute weights */
    /* Null rules in groups of falling degree: group g is [group_begin[g], group_begin[g + 1]).
     * Scaled to the norm of the rule, so that noise gives each the same size. */
    double null[FC_CUBATURE_MAX_NULLS][FC_CUBATURE_MAX_ORBITS];
    unsigned n_groups, group_begin[5];
    unsigned near_orbit,
        far_orbit;        /* the pair of single orbits whose difference tells axes apart */
    double near_over_far; /* squared radii */
    double edge;          /* the coordinate of the points at the edges */
    /* The points on each axis, with those at the edges, and null rules of theirs, of falling
     * degree.
     */
    unsigned n_line;
    uint32_t line[FC_CUBATURE_MAX_DIM][FC_CUBATURE_MAX_LINE];
    double line_at[FC_CUBATURE_MAX_LINE]; /* their coordinates */
    double outermost;                     /* of them, but for the edges */
    /* Barycentric weights of the polynomial through all of them, and through fewer. */
    double line_full[FC_CUBATURE_MAX_LINE], line_fewer[FC_CUBATURE_MAX_LINE];
    double line_null[FC_CUBATURE_LINE_NULLS][FC_CUBATURE_MAX_LINE];
} fc_cubature_rule;

/* What a rule says of one box, for one output; all relative to the box's volume (mean values). */
typedef struct fc_cubature_estimate {
    double value, error;
    double mean_abs; /* of the integrand, times the amplification: what rounding errors are relative
                        to */
} fc_cubature_estimate;

/* FC_ERR_INVALID when the rule does not exist in n_dim dimensions. */
FC_MUST_CHECK fc_status fc_cubature_rule_create(fc_cubature_kind kind, unsigned n_dim,
                                                fc_cubature_rule **out);
void fc_cubature_rule_destroy(fc_cubature_rule *rule);

/* Points first .. first+n-1 of the rule, moved to the box: x[d][i] for i < n. */
void fc_cubature_rule_points(const fc_cubature_rule *rule, const double *centre, const double *half,
                             size_t first, size_t n, double *const *x);

/* From the n_points values f: the estimate, and added to axis_score[0..n_dim) how much f's shape
 * asks for a cut across each axis, multiplied by `scale`. */
void fc_cubature_rule_apply(const fc_cubature_rule *rule, const double *f, double scale,
                            fc_cubature_estimate *estimate, double *axis_score);

/* The test of one line: y at the n_line points line_at of some line through the box. An error of
 * the mean value to be reckoned with; 0 where the values look smooth, or like noise of this size.
 */
double fc_cubature_rule_doubt(const fc_cubature_rule *rule, const double *y, double noise);

#endif
