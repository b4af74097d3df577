/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What can be proved about a program far out: that the function it computes falls there as an
 * exponential does, so that its integral beyond some place is as good as nothing.
 *
 * Method   Interval arithmetic on factors: a register is t^power e^(-rate t^order) v, with v in an
 * interval that holds for all t >= from. So differences are known to keep their sign, exponentials
 * of what falls to fall, and quotients by what grows as well. */
#ifndef FC_DECAY_H
#define FC_DECAY_H

#include <stdbool.h>

#include "fc_program.h"

/* |f| <= scale t^power e^(-rate t^order) for all t >= from. */
typedef struct fc_decay {
    double from, scale, power, rate, order;
} fc_decay;

/* Bounds the program's output at x = base + sign t, all t >= from > 0, whose norm is that of all
 * its outputs. The inputs after the first are `rest`. False if nothing is proved: then *out holds
 * zeros, or, where the outputs are bounded but not seen to fall, a rate of 0. Threads: any. */
bool fc_decay_of(const fc_program *program, double base, double sign, double from,
                 const double *rest, fc_decay *out);

/* A bound of the integral of |f| from t >= out->from to infinity; inf if none is known. */
double fc_decay_beyond(const fc_decay *decay, double t);

/* The least t, nearly, beyond which the integral is at most `small` > 0. */
double fc_decay_end(const fc_decay *decay, double small);

#endif
