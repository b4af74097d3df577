/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What a program's registers are in terms of its inputs where that is affine, and the decisions
 * that this decides. Beside the discs of fc_disc.h, for fc_disc_of_box. */
#ifndef FC_DISC_FORMS_H
#define FC_DISC_FORMS_H

#include "fc_disc.h"

/* The operands of an instruction: NULL where there is none. */
typedef struct fc_form_operands {
    const fc_affine *a, *b, *c;
    bool chosen; /* is the register c, a truth value, true? */
} fc_form_operands;

/* What the instruction makes of them; of a decision, where it is known to be `order` (as from
 * fc_form_decide; 0: no decision). */
fc_affine fc_form_of(unsigned op, const fc_form_operands *in, unsigned n, int order);

/* The order of a and b (or of a and 0), -1, 1, or 2 where they are equal, on all of the frame's
 * piece; of floor and its kin 1, and *level what it gives. 0 where this is not known, and then
 * frame->doubt if the place is, at which it changes. */
int fc_form_decide(unsigned op, const fc_form_operands *in, fc_disc_frame *frame, double *level);

/* The values of a register at real points. */
typedef struct fc_real {
    double low, high;
} fc_real;

/* What the instruction makes of values within these; unbounded where that is not known here. */
fc_real fc_real_of(unsigned op, const fc_real *a, const fc_real *b, bool same);

#endif
