/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Questions about the integrand on a piece; contract in fc_cubature_ask.h. */
#include "fc_cubature_ask.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "fc_polynomial.h"

#define MAX_DIM FC_AFFINE_DIM
#define ROUNDING (4 * DBL_EPSILON)
#define SLACK (1 + 1e-12)

static fc_disc_range product(const fc_disc_range *a, const fc_disc_range *b)
{
    const double ma = fabs(a->centre), mb = fabs(b->centre);
    fc_disc_range d;
    d.centre = a->centre * b->centre;
    d.spread = SLACK * (ma * b->spread + mb * a->spread + a->spread * b->spread);
    d.noise = (ma + a->spread) * b->noise + (mb + b->spread) * a->noise +
              ROUNDING * (ma + a->spread) * (mb + b->spread);
    d.radius = SLACK * (ma * b->radius + mb * a->radius + a->radius * b->radius) + d.noise;
    return d;
}

static fc_disc_range sum(const fc_disc_range *a, const fc_disc_range *b, double sign)
{
    fc_disc_range d;
    d.centre = a->centre + sign * b->centre;
    d.spread = SLACK * (a->spread + b->spread);
    d.noise = a->noise + b->noise +
              ROUNDING * (fabs(a->centre) + a->spread + fabs(b->centre) + b->spread);
    d.radius = SLACK * (a->radius + b->radius) + d.noise;
    return d;
}

/* Variable d by itself, as an affine function. */
static fc_affine variable(unsigned d)
{
    fc_affine f = {.known = true};
    f.c[1 + d] = 1;
    return f;
}

/* The largest |x|, for the corners' coordinate x[0], of which each 2^skipped are alike. */
static double largest(const double *x, unsigned n, unsigned skipped)
{
    double most = 0;
    for (unsigned c = 0; c < 1U << n; c += 1U << skipped) {
        most = fc_larger(most, fabs(x[(size_t)c * n]));
    }
    return most;
}

/* A limit of coordinate d as an affine function of the outer ones, whose limits are known. */
static bool affine_limit(const fc_piece *outer, const fc_integrand *function, double value,
                         unsigned d, fc_affine *out)
{
    *out = (fc_affine){.known = true, .c = {value}};
    if (function == NULL) {
        return isfinite(value);
    }
    const unsigned n = outer->n, n_outer = n - d - 1;
    const fc_polynomial *form =
        function->polynomial != NULL ? function->polynomial(function->context) : NULL;
    if (form != NULL && form->affine[0].known) {
        out->c[0] = form->affine[0].c[0];
        for (unsigned k = 0; k < n_outer; k++) {
            out->c[2 + d + k] = form->affine[0].c[1 + k];
        }
        return true;
    }
    if (function->disc_box == NULL) {
        return false;
    }
    double corners[MAX_DIM << MAX_DIM];
    fc_affine inputs[MAX_DIM], found;
    fc_disc_range x[MAX_DIM], range;
    fc_piece known = *outer;
    for (unsigned k = 0; k <= d; k++) {
        known.low[k] = known.high[k] = (fc_affine){.known = true};
    }
    fc_piece_corners(&known, corners);
    fc_disc_frame frame = {.n = n_outer,
                           .n_corners = 1U << n_outer,
                           .corners = corners + d + 1,
                           .step = n << (d + 1),
                           .axis = n_outer,
                           .inputs = inputs,
                           .outputs = &found};
    for (unsigned k = 0; k < n_outer; k++) {
        inputs[k] = variable(k);
        frame.size[k] = largest(corners + d + 1 + k, n, d + 1);
    }
    for (unsigned k = 0; k < n_outer; k++) {
        x[k] = fc_disc_of_affine(&frame, &inputs[k]);
    }
    if (!function->disc_box(function->context, x, &frame, &range) || !found.known) {
        return false;
    }
    *out = (fc_affine){.known = true, .c = {found.c[0]}};
    for (unsigned k = 0; k < n_outer; k++) {
        out->c[2 + d + k] = found.c[1 + k];
    }
    return true;
}

void fc_ask_range(fc_ask *self, fc_piece *piece)
{
    const fc_domain *domain = self->domain;
    piece->n = self->f->n_dim;
    piece->straight = true;
    self->in_cube = false;
    for (unsigned d = self->f->n_dim; d-- > 0 && !self->in_cube;) {
        const fc_integrand *low = fc_limit_function(domain->lower_fn, d);
        const fc_integrand *high = fc_limit_function(domain->upper_fn, d);
        piece->straight = piece->straight && low == NULL && high == NULL;
        self->in_cube = !affine_limit(piece, low, domain->lower[d], d, &piece->low[d]) ||
                        !affine_limit(piece, high, domain->upper[d], d, &piece->high[d]);
    }
    if (self->in_cube) {
        piece->straight = true;
        for (unsigned d = 0; d < self->f->n_dim; d++) {
            piece->low[d] = (fc_affine){.known = true};
            piece->high[d] = (fc_affine){.known = true, .c = {1}};
        }
    }
    self->framed = false;
}

/* A limit of coordinate d, where the outer ones are x[d + 1], ... */
static bool limit_of(const fc_integrand *const *functions, const double *values, unsigned d,
                     const fc_disc_range *x, fc_disc_range *out)
{
    const fc_integrand *function = fc_limit_function(functions, d);
    if (function == NULL) {
        *out = (fc_disc_range){.centre = values[d]};
        return isfinite(values[d]);
    }
    return function->disc_box != NULL &&
           function->disc_box(function->context, x + d + 1, NULL, out);
}

/* x from places in the unit cube, and the Jacobian of that. */
static bool map_cube(const fc_domain *domain, fc_disc_range *x, fc_disc_range *jacobian)
{
    for (unsigned d = domain->n_dim; d-- > 0;) {
        fc_disc_range low, high;
        if (!limit_of(domain->lower_fn, domain->lower, d, x, &low) ||
            !limit_of(domain->upper_fn, domain->upper, d, x, &high)) {
            return false;
        }
        const fc_disc_range width = sum(&high, &low, -1), inside = product(&x[d], &width);
        x[d] = sum(&low, &inside, 1);
        *jacobian = product(jacobian, &width);
    }
    return true;
}

void fc_ask_begin(fc_ask *self, const fc_piece *piece)
{
    const unsigned n = piece->n, n_corners = 1U << n;
    fc_disc_frame *frame = &self->frame;
    *frame = (fc_disc_frame){.n = n,
                             .n_corners = n_corners,
                             .corners = self->corners,
                             .step = n,
                             .inputs = self->inputs};
    fc_piece_corners(piece, self->corners);
    for (unsigned d = 0; d < n; d++) {
        frame->size[d] = largest(self->corners + d, n, 0);
        self->inputs[d] = variable(d);
        self->inputs[d].known = !self->in_cube; /* there they are variables of the cube */
    }
    for (unsigned d = 0; d < n && !piece->straight; d++) {
        /* The limits' own terms may be larger than what they come to. */
        const fc_affine *low = &piece->low[d], *high = &piece->high[d];
        fc_affine width = {.c = {high->c[0] - low->c[0]}};
        double size = fabs(low->c[0]) + fabs(high->c[0]), width_size = fabs(width.c[0]);
        bool plain = true;
        for (unsigned k = d + 1; k < n; k++) {
            width.c[1 + k] = high->c[1 + k] - low->c[1 + k];
            plain = plain && low->c[1 + k] == 0 && high->c[1 + k] == 0;
            size += (fabs(low->c[1 + k]) + fabs(high->c[1 + k])) * frame->size[k];
            width_size += fabs(width.c[1 + k]) * frame->size[k];
        }
        self->plain[d] = plain;
        if (plain) {
            continue;
        }
        self->limit_noise[d] = 4 * ROUNDING * size;
        self->width_size[d] = width_size;
        for (unsigned c = 0; c < n_corners; c++) {
            self->widths[c * n + d] = fc_affine_at(&width, n, d + 1, self->corners + c * n);
        }
    }
}

bool fc_ask_image(fc_ask *self, const fc_piece *piece, unsigned axis, double stretch,
                  fc_disc_range *out)
{
    const unsigned n = piece->n;
    fc_disc_range x[MAX_DIM], jacobian = {.centre = 1};
    fc_disc_frame *frame = &self->frame;
    self->doubt.known = false;
    frame->axis = axis;
    frame->stretch = stretch;
    for (unsigned d = 0; d < n; d++) {
        fc_disc_range width;
        if (piece->straight || self->plain[d]) {
            const double a = piece->low[d].c[0], b = piece->high[d].c[0], half = 0.5 * fabs(b - a);
            const double noise = ROUNDING * fc_larger(fabs(a), fabs(b));
            x[d] = (fc_disc_range){0.5 * a + 0.5 * b, (d == axis ? stretch : 1) * half + noise,
                                   half + noise, noise};
            width = (fc_disc_range){.centre = b - a, .noise = ROUNDING * fabs(b - a)};
        } else {
            const double noise = self->limit_noise[d];
            x[d] = fc_disc_of_corners(frame, self->corners + d, n, frame->size[d]);
            width = fc_disc_of_corners(frame, self->widths + d, n, self->width_size[d]);
            x[d].noise += noise;
            x[d].spread += noise;
            x[d].radius += noise;
            width.noise += noise;
        }
        jacobian = product(&jacobian, &width);
    }
    if (self->in_cube && !map_cube(self->domain, x, &jacobian)) {
        return false;
    }
    if (!self->f->disc_box(self->f->context, x, self->framed ? frame : NULL, out)) {
        if (self->framed) {
            self->doubt = frame->doubt;
        }
        return false;
    }
    self->slit = self->framed ? frame->slit : 0;
    for (unsigned o = 0; o < self->f->n_out; o++) {
        out[o] = product(&out[o], &jacobian);
        if (!(fabs(out[o].centre) + out[o].radius < INFINITY)) {
            return false;
        }
    }
    return true;
}
