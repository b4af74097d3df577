/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_quad: one integral under way, and the parts of the work, a file each.
 *
 *     fc_quad.c           one integral: attempts and rounds; many integrals
 *     fc_quad_proven.c    the short way: few panels, where the program itself proves their errors
 *     fc_quad_known.c     sums, tails, errors, edges: what a round goes by
 *     fc_quad_refine.c    which panels are split, and what that tells
 *     fc_quad_audit.c     needles that no panel has seen
 *     fc_quad_breaks.c    what is not finite, or singular: new break points
 *     fc_quad_hidden.c    needles between the nodes, by bounds of f
 *     fc_quad_second.c    second opinions: tanh-sinh, where the panels do not know
 *     fc_quad_layout.c    where panels are put
 *     fc_quad_panel.c     the panels and their Gauss-Kronrod sums */
#ifndef FC_QUAD_IMPL_H
#define FC_QUAD_IMPL_H

#include "fc_quad.h"
#include "fc_quad_panel.h"

#define FC_QUAD_NEW_BREAKS 32
/* Rounding errors that |K - G| does not show: those of f itself, of the abscissae, of the exact
 * answer. */
#define FC_QUAD_NOISE (16 * DBL_EPSILON)
#define FC_QUAD_COARSE                                                                             \
    1e-3 /* an absolute tolerance does not excuse a worse relative error, while it can be cured */

/* A panel that was split: what is needed to know about it when its children are evaluated. */
typedef struct fc_quad_family {
    uint32_t parent, first_new; /* children: parent, first_new, first_new + 1, ... */
    unsigned ways;
    double error, raw, magnitude;
    uint8_t flags;
} fc_quad_family;

/* Workspace for any number of integrals of f, one after another. */
typedef struct fc_quad_work {
    const fc_quad_options *options;
    fc_panels p;
    fc_weighted weighted; /* zeros where there is no weight */
    unsigned n_out;
    double *breaks; /* limits and break points, ascending; with room for more */
    size_t n_breaks, n_given;
    double *points; /* n_points of the options, in the integrand's variable */
    size_t n_points;
    fc_quad_family *families;
    double *parent_value; /* n_out per family */
    size_t family_room;
    double *sums;  /* n_out: the integral as far as known */
    double *level; /* contributions of a ladder's levels, [output][level] */
    /* Of the round: */
    double panel_error, tail_error, edge_error, hidden_error, magnitude, tolerance, target;
    fc_quad_state tail_state;
    double tail_where;
    uint32_t open_tail; /* the section whose tail is worst and can be extended; FC_NO_PANEL */
    bool scanned;
    unsigned needles; /* looked for so often */
    size_t n_plain;   /* with so many breaks, none is f's own: at 0, or at powers of 2 */
} fc_quad_work;

/* ---- fc_quad_known.c ---- */

double fc_quad_norm(const double *v, unsigned n);

/* Sums, errors and tolerance from the panels as they are. */
void fc_quad_summarise(fc_quad_work *q);

/* The error that will do: what was asked for, but for an absolute tolerance that excuses anything.
 */
double fc_quad_target_of(const fc_quad_options *options, double norm, double magnitude);

/* What rounding errors in the program of f may do to the panel's integral: their bound at its
 * middle, times its width; 0 where nothing is known. */
double fc_quad_program_noise(const fc_quad_work *q, const fc_panel *panel);

/* Where rounding errors take over from some level of a ladder to infinity on, as they do in
 * log(1 + 1/x**2), these levels are forgotten: those before tell more of them. True if there were
 * any. */
bool fc_quad_drop_noise(fc_quad_work *q);

/* The sum of fc_quad_program_noise over rough panels, but for those next to finite ends, where it
 * is mostly x that is rounded. */
double fc_quad_rough_noise(const fc_quad_work *q);

double fc_quad_total_error(const fc_quad_work *q);

/* A jump, or a kink, between the last node of one panel and the first node of the next is invisible
 * to both. There f changes by more than its slope on either side explains, or its slope by more
 * than its bend does; what may be missed is that change times the gap. With `mark`, the two panels
 * of each such edge are marked. Returns the sum of what may be missed. */
double fc_quad_check_edges(fc_quad_work *q, bool mark);

/* ---- fc_quad_refine.c ---- */

/* Marks the panels with the largest errors, so that those left alone add up to no more than
 * `budget` (at least `least`), and returns how many. */
size_t fc_quad_mark_worst(fc_quad_work *q, double budget, double least);

/* Rough panels may be small errors in sum, each of any sign, or all of them of the same: then |K -
 * G| says too little. Their errors become what the program's rounding errors may add up to, if that
 * is more. Returns by how much all of them grew. */
double fc_quad_admit_noise(fc_quad_work *q);

/* Splits what is marked (an end panel gets a ladder instead), evaluates, and corrects the errors of
 * the parts by what the split has shown. */
FC_MUST_CHECK fc_status fc_quad_split_marked(fc_quad_work *q, size_t n_marked);

/* ---- fc_quad_audit.c ---- */

/* On infinite ranges: are there needles between the nodes of far panels? Sets hidden_error to what
 * they may amount to, and marks their panels if that is above `slack`. */
FC_MUST_CHECK fc_status fc_quad_audit(fc_quad_work *q, double slack, size_t *n_marked);

/* ---- fc_quad_breaks.c ---- */

/* Towards infinity a quotient of two huge numbers may become nan where f is long negligible: cut
 * the section there. True if that explains all that is not finite. */
bool fc_quad_cut_overflow(fc_quad_work *q);

/* What was not finite: breaks for isolated infinities (*again), or the end of it. */
void fc_quad_handle_nonfinite(fc_quad_work *q, fc_quad_result *result, bool *again);

/* Dead panels whose errors are too large become breaks; true if there is a new one. */
bool fc_quad_break_at_singularities(fc_quad_work *q, double *where);

/* A needle between the nodes: true if breaks were added around one. */
FC_MUST_CHECK fc_status fc_quad_break_at_needle(fc_quad_work *q, bool *found);

/* Everything was 0: is there anything at all? True if a break was added where there is. */
FC_MUST_CHECK fc_status fc_quad_scan_for_anything(fc_quad_work *q, bool *found);

/* ---- fc_quad_hidden.c ---- */

/* f was 0 everywhere. If bounds of it lead to a place where it is not, breaks[0 .. *n) are what
 * surrounds that, *n <= 2; else *n is 0. */
FC_MUST_CHECK fc_status fc_quad_find_hidden(fc_quad_work *q, double *breaks, unsigned *n);

/* If bounds of f lead to a needle between the nodes, breaks[0 .. *n) are what surrounds it, *n <=
 * 2; else *n is 0. */
FC_MUST_CHECK fc_status fc_quad_find_needle(fc_quad_work *q, double *breaks, unsigned *n);

/* ---- fc_quad_second.c ---- */

/* Where the panels have not converged from low to high, but tanh-sinh can tell: sums and *result.
 */
FC_MUST_CHECK fc_status fc_quad_ask_tanh_sinh(fc_quad_work *q, double low, double high,
                                              fc_quad_result *result);

/* ---- fc_quad_proven.c ---- */

#define FC_QUAD_PROVEN 20 /* panels at most */

/* How a range was covered by panels whose errors are proved; zeros: nothing is known. */
typedef struct fc_quad_cover {
    bool none; /* it was not */
    unsigned n;
    uint8_t depth[FC_QUAD_PROVEN]; /* of each panel from left to right: the range halved so often */
} fc_quad_cover;

#define FC_QUAD_PROVEN_OUT 4 /* outputs at most */

/* What a proof that was not good enough leaves: places at which the program decides otherwise (f
 * may have jumps or kinks there), and the integral with a proved error, which is too large. */
typedef struct fc_quad_cuts {
    unsigned n;
    double x[FC_QUAD_PROVEN]; /* in no order */
    double error;             /* inf if there is none */
    double values[FC_QUAD_PROVEN_OUT];
} fc_quad_cuts;

/* The integral from a to b > a, if f can prove that few panels do: then *done, and the
 * result is as fc_quad's. Otherwise nothing is written but *done and *cuts. *known tells how it
 * went with an integral much like this one, and becomes how it went now. */
FC_MUST_CHECK fc_status fc_quad_prove(const fc_run *run, const fc_integrand *f,
                                      const fc_quad_options *options, double a, double b,
                                      const double *params, unsigned worker, fc_quad_cover *known,
                                      fc_quad_cuts *cuts, double *values, fc_quad_result *result,
                                      bool *done);

#endif
