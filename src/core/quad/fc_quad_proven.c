/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Integrals whose error is proved; contract in fc_quad_impl.h.
 *
 * Many panels are there because a rule that sees f at few points cannot tell what f does between.
 * But the program that computes f can be asked: circular arithmetic (fc_disc.h) bounds |f - f(c)|
 * by some m on a disc around the middle c of a panel, and finds f analytic there. The disc of
 * radius h (rho + 1/rho) / 2 holds the ellipse whose foci are the panel's ends, c +- h, and whose
 * semi-axes add up to rho h; so polynomials of degree d come as near to f as
 * 2 m rho^-d / (rho - 1) (Bernstein; Trefethen, Approximation Theory and Practice, 2013, theorem
 * 8.2), and a rule with positive weights that is exact for these has at most 4 h times that as its
 * error. Kronrod's rule of 21 points is exact to degree 31, Gauss's of 10 to degree 19.
 *
 * Towards infinity, what falls as an exponential does is negligible from some x on, which is proved
 * too (fc_decay.h). Else infinity is the place p = 0 of x = base + 1/p, as in fc_quad_panel.h: a
 * quotient of polynomials, times dx/dp, is as analytic there as anywhere.
 *
 * Where the program decides (abs, max, if, floor), the range is cut at the place at which the
 * decision changes, so that on either side it is one analytic function.
 *
 *     the whole range ─► bound good enough? a panel ─► not? cut it at a decision, or halve it
 *                        all of the range covered by few panels? evaluate them ─► done
 *
 * The idea is that of self-validating integration (Petras 2002, Johansson 2018); here the bound
 * decides how many panels there are, not the digits of the answer. A needle, a jump, a pole nearby
 * make it fail, and fc_quad goes its usual way. */
#include "fc_quad_impl.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_alloc.h"
#include "fc_decay.h"
#include "fc_disc.h"

#define MAX_PANELS FC_QUAD_PROVEN
#define MAX_TRIES 40
#define MAX_TRIES_INFINITE 56 /* where the long way is longer, too */
#define MANY_CUTS 4
#define MAX_DEPTH 6
#define MAX_STEPS 40 /* to the place where a decision changes */
#define MAX_DIM 8
#define MAX_ROOT 16
#define MOST_BESIDE 4 /* where an end is not 0 */
#define LOG_FROM 3
#define N_LOG 10
#define MAX_OUT FC_QUAD_PROVEN_OUT
/* Real points that matter, of a panel: all but this share of it next to its ends, and so many ulp
 * of x, which are left to whichever side a decision that changes there puts them. */
#define EDGE 1e-11
#define EDGE_ULP 32
#define NEAREST 0.0043 /* Kronrod's first node, from the panel's end in half widths */
#define ROOM ((MAX_PANELS * FC_GK21 + 15) / 16 * 16)

/* What is proved of rules on an ellipse. The bounds are per half width and bound of f. */
typedef struct ellipse {
    double radius; /* (rho + 1/rho) / 2 */
    double kronrod, gauss;
    /* Of log(t) t^k g(t) on (0, 1), k = LOG_FROM ..., per bound of g: tools/make_log_errors.py */
    double log_kronrod[N_LOG], log_gauss[N_LOG];
} ellipse;

/* 8 rho^-31 / (rho - 1) and 8 rho^-19 / (rho - 1). The smaller one first: it is more often free of
 * singularities. The larger one is for what grows exponentially, as waves do. */
static const ellipse ellipses[] = {
    {5.0 / 3,
     6.4760e-15,
     3.4417e-9, /* rho = 3 */
     {1.35e-11, 3.00e-13, 7.95e-15, 2.89e-16, 2.84e-17, 2.14e-17, 2.75e-17, 3.66e-17, 4.88e-17,
      6.50e-17},
     {1.58e-8, 1.26e-9, 6.51e-10, 7.50e-10, 9.45e-10, 1.22e-9, 1.58e-9, 2.08e-9, 2.75e-9, 3.63e-9}},
    {2.6,
     4.2950e-22,
     1.0486e-13, /* rho = 5 */
     {9.66e-12, 2.14e-13, 5.57e-15, 1.90e-16, 8.47e-18, 4.93e-19, 3.68e-20, 3.58e-21, 5.89e-22,
      3.73e-22},
     {1.04e-8, 4.71e-10, 3.42e-11, 3.99e-12, 1.15e-12, 1.15e-12, 1.87e-12, 3.28e-12, 5.86e-12,
      1.06e-11}},
};
enum { N_ELLIPSES = sizeof ellipses / sizeof *ellipses };

/* The range, or a part of it: the p from lo to hi. */
typedef struct part {
    double lo, hi, base, sign;
    bool inverse;
    double beyond; /* bound of what lies outside all parts, on this one's side */
    unsigned root; /* x is of p^root in place of p; 0 is 1 */
    bool ends;     /* f may be special at hi, as the range ends there; as it may be at lo */
} part;

typedef struct panel {
    double centre, half; /* in p */
    const part *of;
    double kronrod, gauss; /* bounds of the rules' errors */
    double noise;          /* bound of what rounding errors of f do to either */
} panel;

typedef struct proof {
    const fc_integrand *f;
    const fc_quad_options *options;
    const double *params;
    double length;
    fc_disc_place middle; /* of the range, with a radius of next to nothing */
    panel panels[MAX_PANELS];
    part ends[MAX_PANELS]; /* of panels that count from an end of the range, or a cut */
    unsigned n_panels, n_tries, max_tries, depth;
    fc_quad_cuts *cuts; /* with any, the panels are no halves of halves */
    double slit;        /* how much of the range lies within the error of where it was cut */
    double seen;        /* the largest |f| at a panel's middle */
    bool unbounded;     /* nothing was known of the last panel: f may be singular there */
    unsigned root;      /* what the last special end wanted of the distance */
    double end_half;    /* and on how wide a panel it was proved */
    double skipped;     /* no panel wider than that is tried */
    unsigned useless;   /* so many halvings of the last special end will not do either */
    bool several;       /* parts, from 0 to 1 each if they have singular ends */
} proof;

static fc_disc_place place_of(const panel *p, double radius, double inner)
{
    return (fc_disc_place){.centre = p->centre,
                           .radius = radius,
                           .inner = inner,
                           .base = p->of->base,
                           .sign = p->of->sign,
                           .inverse = p->of->inverse,
                           .root = p->of->root};
}

static double whole_power(double x, int n)
{
    double power = 1;
    for (unsigned k = (unsigned)(n < 0 ? -n : n); k > 0; k >>= 1, x *= x) {
        power *= k & 1 ? x : 1;
    }
    return n < 0 ? 1 / power : power;
}

/* Bound of the average of p^at over the nodes, by their weights, where p is from 0 to 2 half. Those
 * of Gauss are further from the end. */
static double average_of(int at, double half)
{
    /* Of ((1 + node) half)^-k: sums of Kronrod's weights over them, halved. */
    static const double of_inverse[] = {1, 3.89, 348, 7.31e+04, 1.66e+07, 3.82e+09, 8.8e+11};
    const int n = sizeof of_inverse / sizeof *of_inverse;
    return at >= 0   ? whole_power(2 * half, at)
           : -at < n ? of_inverse[-at] * whole_power(half, at)
                     : whole_power(NEAREST * half, at);
}

/* What log(p) times a series on the panel p from 0 to 2 half adds to the rules' errors. With H for
 * 2 half, log(p) is log(p / H) + log(H), of which the second is a number. */
static void add_log_errors(const fc_disc *disc, const ellipse *around, panel *p)
{
    const double H = 2 * p->half, far = p->half * (1 + around->radius);
    const int power = disc->log_power;
    const int k = power - LOG_FROM < N_LOG ? power - LOG_FROM : N_LOG - 1;
    const double size = disc->log_size * whole_power(far, power - LOG_FROM - k);
    const double smooth = fabs(log(H)) * disc->log_size * whole_power(far, power) * p->half;
    const double scale = size * whole_power(H, LOG_FROM + k + 1);
    p->kronrod += around->kronrod * smooth + around->log_kronrod[k] * scale;
    p->gauss += around->gauss * smooth + around->log_gauss[k] * scale;
}

/* What f is like somewhere, if it is next to nothing on the first panel. */
static void see_middle(proof *self)
{
    fc_disc discs[MAX_OUT];
    fc_doubt doubt = {0};
    double size = 0;
    if (self->seen > 0 ||
        !self->f->disc(self->f->context, &self->middle, self->params, discs, &doubt)) {
        return;
    }
    for (unsigned o = 0; o < self->f->n_out; o++) {
        size += fabs(discs[o].centre);
    }
    self->seen = size;
}

/* Is Kronrod's rule proved to be good enough on this panel, which is such a share of the range? If
 * not, *doubt may tell why. */
static bool prove_panel(proof *self, panel *p, double share, bool series, fc_doubt *doubt)
{
    fc_disc discs[MAX_OUT];
    double ulp = DBL_EPSILON * (fabs(p->of->base) + fabs(p->centre) + p->half);
    double inner = 1 - EDGE - (series || p->of->inverse ? 0 : EDGE_ULP * ulp / p->half);
    for (int e = 0; e < N_ELLIPSES; e++) {
        const ellipse *around = &ellipses[e];
        double size = 0, bound = 0, noise = 0;
        self->n_tries++;
        fc_disc_place place = place_of(p, around->radius * p->half, inner / around->radius);
        place.series = series;
        place.least = NEAREST * p->half;
        *doubt = (fc_doubt){0};
        self->unbounded = !self->f->disc(self->f->context, &place, self->params, discs, doubt);
        if (self->unbounded) {
            return false;
        }
        for (unsigned o = 0; o < self->f->n_out; o++) {
            const double average = discs[o].noise * average_of(discs[o].at, p->half);
            size += fabs(discs[o].centre);
            bound += discs[o].radius;
            noise += average;
        }
        if (series) {
            see_middle(self);
        }
        p->kronrod = around->kronrod * p->half * bound;
        p->gauss = around->gauss * p->half * bound;
        p->noise = 2 * p->half * noise;
        for (unsigned o = 0; series && o < self->f->n_out; o++) {
            if (discs[o].log_size > 0) {
                add_log_errors(&discs[o], around, p);
                size = 0; /* the middle of what is without it is no value of f */
            }
        }
        if (!series || bound < 100 * size) { /* else the middle of a series is no value of f */
            self->seen = size > self->seen ? size : self->seen;
        }
        /* A guess of what will do, for the integral is not known yet. */
        double absolute = fmin(self->options->epsabs, FC_QUAD_COARSE * self->seen * self->length);
        double enough =
            0.2 * absolute * share + 0.04 * self->options->epsrel * self->seen * p->half;
        /* Noise of a crude bound falls as the panel is halved, that of f does not. */
        const double noise_enough =
            self->depth < MAX_DEPTH ? 10 * enough : 1e-6 * self->seen * p->half;
        if (p->kronrod <= enough && (!series || p->noise <= fmax(10 * enough, noise_enough))) {
            return true;
        }
        if (p->kronrod <= enough || p->kronrod * ellipses[1].kronrod > enough * around->kronrod) {
            return false; /* the other one cannot do better: noise is the same, f larger there */
        }
    }
    return false;
}

/* What f is like at an end of a panel. */
typedef enum end_kind { REGULAR, UNKNOWN, SPECIAL } end_kind;

/* Whether f is known to be analytic around the panel's lower or upper end. */
static bool is_regular(proof *self, const panel *p, bool upper)
{
    fc_disc discs[MAX_OUT];
    fc_doubt doubt = {0};
    const panel point = {.centre = upper ? p->centre + p->half : p->centre - p->half, .of = p->of};
    const fc_disc_place place = place_of(&point, 1e-6 * p->half, 0.5);
    return self->f->disc(self->f->context, &place, self->params, discs, &doubt);
}

/* As prove_panel, with p that counts from the panel's lower or upper end, at which f is special. */
static bool prove_end(proof *self, panel *p, bool upper, double share)
{
    const part *of = p->of;
    const double width = 2 * p->half, at = upper ? p->centre + p->half : p->centre - p->half;
    if (self->n_panels == MAX_PANELS || self->n_tries >= self->max_tries ||
        (of->inverse && at != 0)) {
        return false;
    }
    part *end = &self->ends[self->n_panels];
    *end = *of;
    end->lo = end->beyond = 0;
    if (!of->inverse) {
        end->base = of->base + of->sign * at;
        end->sign = upper ? -of->sign : of->sign;
    }
    for (int tries = 0; tries < 3; tries++) { /* as it was with the end before, first */
        fc_doubt doubt;
        end->root = self->root;
        end->hi = self->root == 1   ? width
                  : self->root == 2 ? sqrt(width)
                                    : pow(width, 1.0 / self->root);
        panel from_end = {.centre = 0.5 * end->hi, .half = 0.5 * end->hi, .of = end};
        if (prove_panel(self, &from_end, share, true, &doubt)) {
            *p = from_end;
            return true;
        }
        self->useless = doubt.useless > 0 ? doubt.useless : self->useless;
        if (doubt.root <= self->root || doubt.root > MAX_ROOT) {
            break;
        }
        if (doubt.root > MOST_BESIDE && !end->inverse && end->base != 0) {
            self->n_tries =
                self->max_tries; /* series of few terms, and doubles, do not tell it from 0 */
            break;
        }
        self->root = doubt.root;
    }
    return false;
}

static bool gap_at(proof *self, const panel *at, double p, fc_doubt *doubt)
{
    const panel point = {.centre = p, .of = at->of};
    const fc_disc_place place = place_of(&point, 0, 0);
    self->n_tries++;
    return self->f->disc(self->f->context, &place, self->params, NULL, doubt);
}

/* Where on the panel the decision changes; its middle if that is not found. Regula falsi with
 * halved ends (Dowell and Jarratt 1971): a straight line takes one step. */
static double change_of(proof *self, const panel *at, fc_doubt doubt)
{
    double lo = at->centre - at->half, hi = at->centre + at->half, p = at->centre;
    double middle = doubt.gap, low, high;
    if (!gap_at(self, at, lo, &doubt)) {
        return p;
    }
    low = doubt.gap;
    if (!gap_at(self, at, hi, &doubt)) {
        return p;
    }
    high = doubt.gap;
    if (middle == 0) {
        return p;
    }
    if ((low < 0) != (middle < 0)) {
        hi = p;
        high = middle;
    } else if ((high < 0) != (middle < 0)) {
        lo = p;
        low = middle;
    } else {
        return p;
    }
    const double near = 4 * DBL_EPSILON * (fabs(at->of->base) + fabs(lo) + fabs(hi));
    double before = INFINITY;
    for (int i = 0;; i++, before = p) {
        p = lo - low * ((hi - lo) / (high - low));
        if (!(p > lo && p < hi)) {
            p = p <= lo ? lo : hi;
            break;
        }
        if (fabs(p - before) <= near) {
            break;
        }
        if (i == MAX_STEPS || !gap_at(self, at, p, &doubt)) {
            return at->centre; /* a break beside the change would hide it */
        }
        double now = doubt.gap;
        if (now == 0) {
            break;
        }
        bool left = (now < 0) == (low < 0);
        if (left) {
            lo = p;
            low = now;
            high *= 0.5;
        } else {
            hi = p;
            high = now;
            low *= 0.5;
        }
    }
    /* A change at the very end is none: there the panel may as well be halved. */
    bool inside = p - (at->centre - at->half) > 1e-9 * at->half &&
                  at->centre + at->half - p > 1e-9 * at->half;
    if (inside) {
        const part *of = at->of;
        if (self->cuts->n < FC_QUAD_PROVEN) {
            self->cuts->x[self->cuts->n++] = of->base + of->sign * (of->inverse ? 1 / p : p);
        }
        self->slit += 2 * EDGE_ULP * DBL_EPSILON * (fabs(at->of->base) + fabs(p));
    }
    return inside ? p : at->centre;
}

/* A panel from p->centre - p->half on, whose ends are of these kinds, as far as is known. */
static bool prove(proof *self, panel *p, double share, end_kind *lower, end_kind *upper,
                  fc_doubt *doubt)
{
    const bool known = *lower == SPECIAL || *upper == SPECIAL;
    *doubt = (fc_doubt){0};
    if (!known) {
        if (prove_panel(self, p, share, false, doubt)) {
            return true;
        }
        if (!self->unbounded || doubt->step != 0) {
            return false;
        }
        self->root = doubt->root > 0 ? doubt->root : self->root;
        *lower = *lower == UNKNOWN ? (is_regular(self, p, false) ? REGULAR : SPECIAL) : *lower;
        *upper = *upper == UNKNOWN ? (is_regular(self, p, true) ? REGULAR : SPECIAL) : *upper;
    }
    if ((*lower == SPECIAL) != (*upper == SPECIAL)) {
        const double half = p->half;
        const double widest = !self->several || self->root == 1
                                  ? self->skipped
                                  : fmin(self->end_half, self->root < 4 ? 1 : 0.2);
        const bool hopeless = half > widest;
        if (hopeless && self->root > 1) {
            return false; /* as before, in all likelihood */
        }
        self->useless = self->root < 4 ? 0 : 1; /* a root brings singularities nearer */
        self->unbounded |= hopeless;
        const bool proved = !hopeless && prove_end(self, p, *upper == SPECIAL, share);
        if (proved) {
            self->end_half = half;
            self->skipped = INFINITY;
            return true;
        }
        if (!hopeless) {
            self->skipped = self->unbounded && self->useless > 0
                                ? ldexp(0.6 * half, -(int)self->useless)
                                : INFINITY;
            if (self->several) {
                self->end_half = fmin(self->end_half, self->skipped);
            }
        }
    }
    /* Discs know of some singularities that can be removed, by powers of p, on larger panels than
     * series do. */
    return known && self->root == 1 && self->unbounded && self->depth <= 2 &&
           prove_panel(self, p, share, false, doubt);
}

/* Covers the part by panels in ascending p; false if it takes too many. Where the cover of an
 * integral much like this one is known, nothing larger than its panels is tried. */
static bool cover(proof *self, const part *part, const fc_quad_cover *known, fc_quad_cover *found)
{
    double stack[MAX_DEPTH + 2], lo = part->lo;
    end_kind kind[MAX_DEPTH + 2], kind_lo = UNKNOWN; /* ends of the range, and cuts */
    unsigned top = 0;
    kind[top] = part->ends ? UNKNOWN : REGULAR;
    stack[top++] = part->hi; /* upper ends of what is to be covered, the next one on top */
    while (top > 0) {
        double hi = stack[top - 1];
        panel p = {.centre = 0.5 * lo + 0.5 * hi, .half = 0.5 * hi - 0.5 * lo, .of = part};
        const double share = p.half / self->length;
        self->depth = top;
        fc_doubt doubt = {0};
        if (self->n_panels < known->n && top <= known->depth[self->n_panels]) {
            kind[top] = REGULAR;
            stack[top++] = p.centre;
        } else if (prove(self, &p, share, &kind_lo, &kind[top - 1], &doubt)) {
            if (self->n_panels == MAX_PANELS) {
                return false;
            }
            found->depth[found->n++] = (uint8_t)(top - 1);
            self->panels[self->n_panels++] = p;
            lo = hi;
            top--;
            kind_lo = kind[top];
        } else if (self->n_tries >= self->max_tries || top > MAX_DEPTH ||
                   self->n_panels + top > MAX_PANELS) {
            return false;
        } else {
            stack[top] = doubt.step != 0 ? change_of(self, &p, doubt) : p.centre;
            kind[top] = doubt.step != 0 ? UNKNOWN : REGULAR;
            top++;
        }
    }
    return true;
}

/* ---- the parts of the range ---- */

/* Proves that f falls as an exponential does from some place on, far enough to see that. */
static bool falls_from(const proof *self, double base, double sign, fc_decay *decay)
{
    double from = 4;
    for (int i = 0; i < 3; i++, from *= 8) {
        if (self->f->decay(self->f->context, base, sign, from, self->params, decay)) {
            return true;
        }
        if (decay->from > 0 && decay->power < -1) {
            return false; /* as a power of x, which is another matter */
        }
    }
    return false;
}

/* The part from base to where f is negligible, if it is proved to fall so. The tails' share of the
 * tolerance is small, for all that is known of the integral is a bound. */
static bool falling_part(const proof *self, double base, double sign, part *out)
{
    fc_decay decay;
    double end = INFINITY;
    bool known = self->f->decay != NULL && falls_from(self, base, sign, &decay);
    for (int i = 0; known && i < 5; i++) {
        double s = (decay.power + 1) / decay.order;
        double size = decay.scale * tgamma(fmax(s, 1)) / (decay.order * pow(decay.rate, s));
        double absolute = fmin(self->options->epsabs, FC_QUAD_COARSE * size);
        double small = 0.02 * fmax(self->options->epsrel * size, absolute);
        double now = fc_decay_end(&decay, small);
        if (!(now < 0.95 * end)) {
            break;
        }
        end = now;
        *out =
            (part){.hi = end, .base = base, .sign = sign, .beyond = fc_decay_beyond(&decay, end)};
        /* A bound for what lies further out is better, or one may begin nearer. */
        double next = end > 1.2 * decay.from ? 0.8 * end : 0.25 * decay.from;
        known = self->f->decay(self->f->context, base, sign, next, self->params, &decay);
    }
    return end < INFINITY;
}

/* The part, or the two, from base to infinity. */
static unsigned add_infinite(const proof *self, double base, double sign, part *parts)
{
    if (falling_part(self, base, sign, parts)) {
        return 1;
    }
    parts[0] = (part){.hi = 1, .base = base, .sign = sign, .inverse = true};
    parts[1] = (part){.hi = 1, .base = base, .sign = sign};
    return 2;
}

/* The parts of the range from a to b, and the sum of their lengths in p. Returns how many. */
static unsigned parts_of(proof *self, double a, double b, part *parts)
{
    unsigned n = 0;
    if (!isinf(a) && !isinf(b)) {
        /* From 0 where that is an end: p > 0 is known to be so. */
        parts[n++] = b == 0 ? (part){.hi = -a, .sign = -1} : (part){.lo = a, .hi = b, .sign = 1};
        parts[0].ends = true;
    }
    if (isinf(b)) {
        n += add_infinite(self, isinf(a) ? 0 : a, 1, parts + n);
    }
    if (isinf(a)) {
        n += add_infinite(self, isinf(b) ? 0 : b, -1, parts + n);
    }
    self->length = 0;
    for (unsigned i = 0; i < n; i++) {
        self->length += parts[i].hi - parts[i].lo;
    }
    const part *first = &parts[0];
    const double centre = 0.618 * first->lo + 0.382 * first->hi; /* f is often 0 in the middle */
    self->middle = (fc_disc_place){.centre = centre,
                                   .radius = 1e-9 * (first->hi - first->lo),
                                   .inner = 0.5,
                                   .base = first->base,
                                   .sign = first->sign,
                                   .inverse = first->inverse};
    return n;
}

/* Of panels that count in a root, x holds p: make it what it is to be. */
static void raise_abscissae(const proof *self, double *x, double *jacobian)
{
    const size_t n = self->n_panels;
    for (size_t i = 0; i < n; i++) {
        const part *of = self->panels[i].of;
        for (size_t k = i; of->root > 1 && k < n * FC_GK21; k += n) {
            const double p = x[k];
            double below = p; /* p^(root - 1) */
            for (unsigned j = 2; j < of->root; j++) {
                below *= p;
            }
            const double q = p * below;
            x[k] = of->base + of->sign * (of->inverse ? 1 / q : q);
            jacobian[k] = of->root * (of->inverse ? 1 / (p * q) : below);
        }
    }
}

/* f times dx/dp at the nodes of all panels. */
static fc_status evaluate(const proof *self, unsigned worker, double (*x)[ROOM], double *const *y,
                          double *jacobian)
{
    double centre[MAX_PANELS], half[MAX_PANELS], base[MAX_PANELS], sign[MAX_PANELS];
    double inverse[MAX_PANELS];
    const size_t n = self->n_panels, count = n * FC_GK21, end = (count + 15) / 16 * 16;
    const double *points[MAX_DIM];
    for (size_t i = 0; i < n; i++) {
        const panel *p = &self->panels[i];
        centre[i] = p->centre;
        half[i] = p->half;
        const bool plain = p->of->root <= 1; /* else p itself */
        base[i] = plain ? p->of->base : 0;
        sign[i] = plain ? p->of->sign : 1;
        inverse[i] = plain && p->of->inverse ? 1 : 0;
    }
    if (jacobian != NULL) {
        fc_gk_loops_get()->abscissae_inverse(n, centre, half, base, sign, inverse, x[0], jacobian);
        raise_abscissae(self, x[0], jacobian);
    } else {
        fc_gk_loops_get()->abscissae(n, centre, half, base, sign, x[0]);
    }
    for (size_t i = count; i < end; i++) {
        x[0][i] = x[0][0];
    }
    for (unsigned d = 0; d < self->f->n_dim; d++) {
        for (size_t i = 0; d > 0 && i < end; i++) {
            x[d][i] = self->params[d - 1];
        }
        points[d] = x[d];
    }
    return self->f->eval(self->f->context, worker, count, points, y);
}

fc_status fc_quad_prove(const fc_run *run, const fc_integrand *f, const fc_quad_options *options,
                        double a, double b, const double *params, unsigned worker,
                        fc_quad_cover *known, fc_quad_cuts *cuts, double *values,
                        fc_quad_result *result, bool *done)
{
    const bool infinite = isinf(a) || isinf(b);
    *done = false;
    cuts->n = 0;
    cuts->error = INFINITY;
    if (f->disc == NULL || f->n_dim > MAX_DIM || f->n_out > MAX_OUT || options->weight != NULL ||
        options->n_points > 0 || known->none || (!infinite && isinf(b - a)) || a == INFINITY ||
        b == -INFINITY) {
        return FC_OK;
    }
    proof self; /* but for what is set here, filled as panels are found */
    self.f = f;
    self.options = options;
    self.params = params;
    self.n_panels = self.n_tries = 0;
    self.max_tries = infinite ? MAX_TRIES_INFINITE : MAX_TRIES;
    self.seen = 0;
    self.cuts = cuts;
    self.slit = 0;
    self.root = 1;
    self.skipped = INFINITY;
    part parts[4];
    const unsigned n_parts = parts_of(&self, a, b, parts);
    self.several = n_parts > 1;
    self.end_half = 0.3; /* of 1: where parts meet, roots have brought poles near */
    fc_quad_cover found = {.none = true}; /* until all is well */
    bool covered = true, with_jacobian = false;
    for (unsigned k = 0; k < n_parts && covered; k++) {
        covered = cover(&self, &parts[k], known, &found);
    }
    for (unsigned i = 0; i < self.n_panels; i++) {
        with_jacobian |= self.panels[i].of->inverse || self.panels[i].of->root > 1;
    }
    if (cuts->n > 0) { /* they may be elsewhere next time */
        found = (fc_quad_cover){0};
    }
    *known = found;
    if (!covered) {
        cuts->n = cuts->n < MANY_CUTS ? cuts->n : 0; /* of many, not all were found */
        return FC_OK;
    }
    _Alignas(FC_CACHE_LINE) double x[MAX_DIM][ROOM], y[MAX_OUT][ROOM], jacobian[ROOM];
    double *ys[MAX_OUT];
    const size_t n = self.n_panels;
    for (unsigned o = 0; o < f->n_out; o++) {
        ys[o] = y[o];
    }
    fc_status status = fc_cancel_check(run->cancel);
    if (status == FC_OK) {
        status = evaluate(&self, worker, x, ys, with_jacobian ? jacobian : NULL);
    }
    if (status != FC_OK) {
        return status;
    }
    double sums[MAX_OUT], error = 0, noise = 0, magnitude = 0;
    for (size_t i = 0; i < n; i++) {
        error += self.panels[i].kronrod;
        noise += self.panels[i].noise;
    }
    error += self.slit * self.seen;
    for (unsigned k = 0; k < n_parts; k++) {
        error += parts[k].beyond;
    }
    for (unsigned o = 0; o < f->n_out; o++) {
        double kronrod[MAX_PANELS], gauss[MAX_PANELS], size[MAX_PANELS], odd[MAX_PANELS];
        fc_sum total = {0, 0};
        fc_gk_loops_get()->sums(n, y[o], with_jacobian ? jacobian : NULL, kronrod, gauss, size,
                                odd);
        for (size_t i = 0; i < n; i++) {
            const panel *p = &self.panels[i];
            /* What was proved of both rules must be so, or there is an error in it. */
            if (!(p->half * fabs(kronrod[i] - gauss[i]) <=
                  p->kronrod + p->gauss + 2 * p->noise + FC_QUAD_NOISE * p->half * size[i])) {
                return FC_OK;
            }
            fc_sum_add(&total, p->half * kronrod[i]);
            magnitude += p->half * size[i];
        }
        sums[o] = fc_sum_value(&total);
    }
    /* What the compiler has folded may be less exact than it looks: not less noise than elsewhere.
     */
    error += fmax(noise + 4 * DBL_EPSILON * magnitude, FC_QUAD_NOISE * magnitude);
    if (!(error <= fc_quad_target_of(options, fc_quad_norm(sums, f->n_out), magnitude))) {
        cuts->error = error;
        memcpy(cuts->values, sums, f->n_out * sizeof *sums);
        return FC_OK;
    }
    memcpy(values, sums, f->n_out * sizeof *values);
    *result = (fc_quad_result){.error = error,
                               .where = NAN,
                               .n_eval = n * FC_GK21,
                               .n_panels = n,
                               .state = FC_QUAD_CONVERGED};
    *done = true;
    known->none = false;
    return FC_OK;
}
