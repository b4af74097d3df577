/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_disc: the arithmetic of series about p = 0.
 *
 * A register is, for all p of the disc (which holds 0),
 *
 *     p^power (c0 + c1 p + ... + p^n R(p)),     R analytic, |R| <= rest,
 *
 * and the function as it is computed at real points differs from this one by at most noise p^at. */
#ifndef FC_DISC_TAYLOR_H
#define FC_DISC_TAYLOR_H

#include "fc_disc_impl.h"

#define FC_SERIES_ORDER 5      /* coefficients at most */
#define FC_SERIES_MAX_POWER 64 /* of p; less where no high root is taken */
#define FC_SERIES_MAX_ROOT 16
#define FC_SERIES_MAX_USELESS 2
#define FC_SERIES_POWERS (FC_SERIES_MAX_POWER + 2 * FC_SERIES_ORDER + 2)

typedef struct fc_series {
    int power, at;
    unsigned n;
    double c[FC_SERIES_ORDER];
    double rest, noise;
    double size; /* at real points that matter |x| <= size p^power; inf: take `majorant` for it */
} fc_series;

typedef struct fc_series_state {
    int max_power, n_powers;
    unsigned root;
    double centre, radius;           /* of the disc */
    double least, most;              /* real p that matter */
    double far[FC_SERIES_POWERS];    /* powers of the largest |p| of the disc */
    double powers[FC_SERIES_POWERS]; /* of `most` */
    double over[FC_SERIES_POWERS];   /* of 1 / `least` */
    unsigned wants_root;             /* the reason it failed: this root of x would do */
    unsigned useless;                /* or: so many halvings of the panel would not */
    double log_most;                 /* of |log(p)| at real points that matter */
    fc_series r[FC_DISC_REGISTERS];
    bool has_log[FC_DISC_REGISTERS]; /* times log(p) is to be added: */
    fc_series log[FC_DISC_REGISTERS];
} fc_series_state;

static inline fc_series fc_series_number(double value)
{
    return (fc_series){.n = FC_SERIES_ORDER, .c = {value}, .size = value < 0 ? -value : value};
}

/* The function as it is computed is off by `noise` p^at more. */
void fc_series_add_noise(const fc_series_state *s, fc_series *x, double noise, int at);

/* Each computes *d, which may be an operand; false if nothing is proved. `op` takes one operand. */
bool fc_series_add(const fc_series_state *s, fc_series *d, const fc_series *a, const fc_series *b,
                   double sign);
bool fc_series_multiply(const fc_series_state *s, fc_series *d, const fc_series *a,
                        const fc_series *b);
bool fc_series_divide(fc_series_state *s, fc_series *d, const fc_series *a, const fc_series *b);
bool fc_series_power(fc_series_state *s, fc_series *d, const fc_series *x, double q);
bool fc_series_function(fc_series_state *s, fc_series *d, const fc_series *x, unsigned op);

/* |x| <= majorant |p|^power on the disc. */
double fc_series_majorant(const fc_series_state *s, const fc_series *x);

/* A lower bound of |x| p^-power at real points that matter; its sign there is that of c0 then. */
double fc_series_least(const fc_series_state *s, const fc_series *x);

#endif
