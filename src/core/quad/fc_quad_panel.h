/* SPDX-License-Identifier: BSD-3-Clause
 *
 * The panels of fc_quad: where they lie, and the Gauss-Kronrod sums over many of them at once.
 *
 * The range is cut into sections. A section has a base (a limit, a break point, or infinity) and a
 * coordinate p >= 0 that counts from the base, so that p is exact where f is singular at the base:
 *
 *     linear    x = base + sign p                 towards a finite base
 *     inverse   x = base + sign / p               towards infinity, with base the nearest finite
 * limit
 *
 * Panels are intervals of p. They form a list in the order of x. */
#ifndef FC_QUAD_PANEL_H
#define FC_QUAD_PANEL_H

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_gk.h"
#include "fc_integrand.h"
#include "fc_pool.h"
#include "fc_rules.h"

#define FC_NO_PANEL UINT32_MAX
#define FC_NO_LEVEL (-1)

typedef struct fc_section {
    double base, sign;
    bool inverse;
    double top;        /* panels cover (0, top] but for what a ladder leaves out */
    double p_min;      /* a ladder may go down to here */
    uint32_t inner;    /* the panel with the smallest p */
    int n_levels;      /* of the ladder; 0: none yet */
    double ladder_low; /* the ladder's innermost p: (0, ladder_low) is extrapolated */
    int clean;         /* levels of the ladder that are more than rounding errors of f; 0: all */
    bool cut; /* f overflows beyond ladder_low, where it is negligible: nothing is left out */
} fc_section;

enum {
    FC_PANEL_DEAD = 1,     /* a few ulp wide: cannot be split */
    FC_PANEL_STALLED = 2,  /* splitting has not helped: rounding noise */
    FC_PANEL_STUBBORN = 4, /* splitting helps little: something pointlike within, split four-fold */
    FC_PANEL_NONFINITE = 8, /* f was nan or inf here; the sums are 0 */
    FC_PANEL_MARKED = 16,   /* to be split in this round */
    FC_PANEL_ROUGH = 32,    /* f is no smooth function at this scale: its null rules do not decay */
    FC_PANEL_DROPPED = 128, /* of a level that is not clean: its sums are 0 */
    FC_PANEL_ADMITTED = 64, /* the program's rounding errors are part of its error */
};

typedef struct fc_panel {
    double lo, hi;    /* in p */
    double error;     /* claimed */
    double raw;       /* |K - G|, or more where f is rough; the norm over outputs */
    double magnitude; /* Kronrod's sum of |f|, over all outputs */
    double edge[6];   /* f (jacobian included, outputs mixed) at the first three nodes and the last
                         three */
    double peak_x;    /* where |f| was greatest; where it was not finite if FC_PANEL_NONFINITE */
    uint32_t section;
    uint32_t prev, next; /* in ascending x */
    int16_t level;       /* of the section's ladder, or FC_NO_LEVEL */
    uint8_t flags;
    uint8_t nan; /* FC_PANEL_NONFINITE was a nan */
} fc_panel;

/* Evaluation scratch of one worker. */
typedef struct fc_panel_scratch {
    double **x, **y; /* n_dim and n_out arrays of FC_PANEL_BATCH * 21 */
    double *jacobian;
    size_t filled; /* so many entries of x[1 ..] hold the parameters */
} fc_panel_scratch;

/* A panel's error is so many times |K - G|, until a split tells more: near a kink |K - G| may be
 * too small. */
#define FC_PANEL_SAFETY 3
#define FC_PANEL_MAX_ERROR 1e300 /* sums of errors, and their exponents, stay in range */
#define FC_PANEL_ROOM (((size_t)FC_PANEL_BATCH * FC_GK21 + 15) / 16 * 16)
#define FC_PANEL_BATCH 48 /* panels per call of the integrand: about 1,000 points */

typedef struct fc_panels {
    const fc_integrand *f;
    const fc_run *run;
    const fc_gk_loops *loops;
    const double *params; /* f->n_dim - 1 of them */
    unsigned worker;      /* of the caller, to be handed to f where evaluation is not parallel */
    bool nested;          /* the caller is one of several workers: evaluate on this thread alone */
    fc_section *sections;
    size_t n_sections, section_room;
    fc_panel *panels;
    double *value; /* n_out per panel: Kronrod's sum */
    size_t n, room;
    uint32_t *todo; /* panels to be evaluated */
    size_t n_todo;
    uint32_t head, last; /* the first and the last in x */
    size_t n_nonfinite;  /* panels flagged so since the reset */
    uint64_t n_eval;
    unsigned width;
    fc_panel_scratch *scratch;             /* [width] */
    double *doubles, **pointers;           /* of scratch[0] */
    double *more_doubles, **more_pointers; /* of the others, once they are needed */
} fc_panels;

/* Workspace for any number of integrals of f, one after another. `width` > 1: evaluation may use so
 * many threads. Errors: FC_ERR_NOMEM; destroy copes with what there is. */
FC_MUST_CHECK fc_status fc_panels_init(fc_panels *self, const fc_run *run, const fc_integrand *f,
                                       unsigned width);
void fc_panels_destroy(fc_panels *self);

/* No panels, no sections; the next integral has these parameters. */
void fc_panels_reset(fc_panels *self, const double *params, unsigned worker);

FC_MUST_CHECK fc_status fc_panels_reserve(fc_panels *self, size_t more);
FC_MUST_CHECK fc_status fc_panels_add_section(fc_panels *self, const fc_section *section);

/* A new panel, not in the list yet, to be evaluated. Room must have been reserved. */
uint32_t fc_panels_add(fc_panels *self, uint32_t section, double lo, double hi, int level);

/* Evaluates all panels of `todo` and empties it. */
FC_MUST_CHECK fc_status fc_panels_evaluate(fc_panels *self);

/* f at `count` (at most FC_PANEL_BATCH * 21) points; *values is an array of |f| summed over the
 * outputs. */
FC_MUST_CHECK fc_status fc_panels_sample(fc_panels *self, const double *x, size_t count,
                                         const double **values);

/* Another interval, nothing known but its links. Field by field: the compiler would clear
 * the whole with an instruction that is slow to start. */
static inline void fc_panel_clear(fc_panel *panel, double lo, double hi, uint32_t section,
                                  int level)
{
    panel->lo = lo;
    panel->hi = hi;
    panel->error = panel->raw = panel->magnitude = 0;
    for (int k = 0; k < 6; k++) {
        panel->edge[k] = 0;
    }
    panel->peak_x = 0;
    panel->section = section;
    panel->level = (int16_t)level;
    panel->flags = panel->nan = 0;
}

/* x of the section's p. */
static inline double fc_section_x(const fc_section *s, double p)
{
    return s->base + s->sign * (s->inverse ? 1 / p : p);
}

/* Rounding of x, seen in p, at the outer end of a panel. */
static inline double fc_section_ulp(const fc_section *s, double p)
{
    double exact = DBL_EPSILON * p;
    if (s->base == 0) {
        return exact;
    }
    return fmax(exact, DBL_EPSILON * fabs(s->base) * (s->inverse ? p * p : 1));
}

/* Whether x falls as p grows. */
static inline bool fc_section_falls(const fc_section *s)
{
    return (s->sign < 0) != s->inverse;
}

#endif
