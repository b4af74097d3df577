/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Inside fc_cubature_proven: the range as a piece, and what the program that computes f tells of it
 * on a piece. */
#ifndef FC_CUBATURE_ASK_H
#define FC_CUBATURE_ASK_H

#include "fc_affine.h"
#include "fc_disc.h"
#include "fc_domain.h"
#include "fc_minmax.h"

typedef struct fc_ask {
    const fc_integrand *f; /* this and `domain` are set by the caller */
    const fc_domain *domain;
    bool in_cube; /* pieces are of the unit cube, which `domain` maps: its limits are no planes */
    bool framed;  /* asks what is affine; set by the caller */
    fc_affine doubt; /* where the last question found no decision, if that is known */
    double slit;     /* of the last answer: share of the piece where rounding errors may decide */
    /* Of the piece, if framed or not straight: */
    fc_disc_frame frame;
    bool plain[FC_AFFINE_DIM]; /* are both limits numbers? */
    double limit_noise[FC_AFFINE_DIM],
        width_size[FC_AFFINE_DIM]; /* of limits and differences ... */
    double corners[FC_AFFINE_DIM << FC_AFFINE_DIM];
    double widths[FC_AFFINE_DIM << FC_AFFINE_DIM]; /* ... which are these at the corners */
    fc_affine inputs[FC_AFFINE_DIM];
} fc_ask;

/* The range as a piece; the unit cube, and `in_cube`, if some limit is not affine. */
void fc_ask_range(fc_ask *self, fc_piece *piece);

/* What all questions about a piece have in common: before the first. */
void fc_ask_begin(fc_ask *self, const fc_piece *piece);

/* f times the Jacobian, by output, where the cube's variable `axis` has a disc of radius `stretch`,
 * for one of 1 where it is real; of no axis (n_dim), all are real. False if nothing is proved. */
bool fc_ask_image(fc_ask *self, const fc_piece *piece, unsigned axis, double stretch,
                  fc_disc_range *out);

/* The limit of coordinate d as a function, or NULL. */
static inline const fc_integrand *fc_limit_function(const fc_integrand *const *functions,
                                                    unsigned d)
{
    return functions != NULL ? functions[d] : NULL;
}

#endif
