/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What can be proved about a program: that on a disc of the complex plane around a place of the
 * real axis the function it computes is analytic, and how large it is there at most. An integrator
 * that knows this knows the error of its rule, however narrow a peak may be thought of.
 *
 * Method   Circular arithmetic (Gargantini and Henrici, Numer. Math. 18, 1972) with centres on the
 * real axis: each register holds a disc that contains the images of all points of the disc, and
 * whose centre is the image of the centre. Beside it runs a bound of the rounding errors that the
 * program makes at real points. Towards infinity, where x = 1/p, a register is a power of p times
 * such a disc: so a quotient of polynomials is known to be analytic there too, and around the place
 * x = p = 0 sin(x)/x is. Comparisons, abs, min, max, floor and jumps are followed where all real
 * points that matter decide them alike: the function is then the one analytic branch. Where they do
 * not, the place can be found at which the decision changes. */
#ifndef FC_DISC_H
#define FC_DISC_H

#include <stdbool.h>
#include <stdint.h>

#include "fc_affine.h"
#include "fc_program.h"

typedef struct fc_disc {
    double centre; /* the value at the centre */
    double radius; /* every value lies within so much of it */
    double noise;  /* bound of the rounding errors of values at real points, nearly, */
    int at;        /* over p^at; not 0 only with `series`: so they may grow towards p = 0 */
    /* With `series`: what is added to that, log(p) p^log_power S(p), |S| <= log_size; 0: nothing.
     */
    double log_size;
    int log_power;
} fc_disc;

/* The variable p ranges over the points within `radius` > 0 of `centre`, and the program will be
 * run for real ones within inner * radius, inner < 1. Its input 0 is x = base + sign p, or if
 * `inverse` base + sign / p, where only p > 0 will be real; 0 may be in the disc. */
typedef struct fc_disc_place {
    double centre, radius, inner;
    double base, sign;
    bool inverse;
    /* By series about p = 0, which is in the disc: so a singularity that can be removed is seen to
     * be none, like that of log(1 + x)/x, and exp(-1/p) to be next to nothing. */
    bool series;
    /* With `series`: x is of p^root in place of p, as roots of x at 0, and log(x), want it. 0 is 1.
     */
    unsigned root;
    double least; /* with `series`: of the real p, which reach to centre + inner * radius */
} fc_disc_place;

/* A decision that not all real points make alike: it changes where `gap` is 0. */
typedef struct fc_doubt {
    uint32_t step;    /* instructions carried out until then; 0: there is no doubt */
    double level;     /* of the operand: of a floor, where it steps */
    double gap;       /* at the centre, between what is compared */
    unsigned root;    /* nothing is proved, but may be with `series` and this root; else 0 */
    unsigned useless; /* with `series`: so many halvings of the panel may be spared */
} fc_doubt;

/* Fills out[o] for each of the program's outputs, times |dx/dp|. The inputs
 * after the first are `rest`. False if nothing is proved: a singularity or a branch may be there,
 * or an instruction is not known here. *doubt has a step of 0, and is told of a branch; with
 * another step, as it was told, only the gap at this place is found, and true is that it was: the
 * radius is then next to nothing. Threads: any. */
bool fc_disc_of(const fc_program *program, const fc_disc_place *place, const double *rest,
                fc_disc *out, fc_doubt *doubt);

/* The values of a variable, or of an output: `centre`, complex ones within `radius` of it; real
 * ones that matter within `spread`, with rounding errors of `noise`. */
typedef struct fc_disc_range {
    double centre, radius, spread, noise;
} fc_disc_range;

/* The corners of a piece (fc_affine.h), and what is affine there: for these functions discs are as
 * small as can be, and decisions by their signs are made exactly. In: */
typedef struct fc_disc_frame {
    unsigned n, n_corners; /* variables, 2^n */
    const double
        *corners; /* of corner c from corners + c * step on, as fc_piece_corners has them */
    unsigned step;
    double size[FC_AFFINE_DIM]; /* the largest |x[k]| of the corners, or more */
    unsigned axis;              /* of the cube: its w ranges over a disc around 1/2; n: none does */
    double stretch;             /* that disc's radius, where 1 is what is real */
    const fc_affine *inputs;    /* each input, in terms of the variables */
    /* Out: */
    fc_affine *outputs; /* or NULL: the outputs, if they are known to be affine */
    fc_affine doubt; /* known: this being 0 is where a decision changes, in the piece; unproved */
    double slit;     /* share of the piece where rounding errors may make another decision */
} fc_disc_frame;

/* The disc of an affine function. */
fc_disc_range fc_disc_of_affine(const fc_disc_frame *frame, const fc_affine *f);
/* The same of one whose value at corner c is value[c * step], with terms of `size` at most. */
fc_disc_range fc_disc_of_corners(const fc_disc_frame *frame, const double *value, unsigned step,
                                 double size);

/* The same where every input is a variable with its own disc, independent of the others: on their
 * product the function is analytic, and every value within out[o].radius of out[o].centre. With a
 * frame or NULL. */
bool fc_disc_of_box(const fc_program *program, const fc_disc_range *inputs, fc_disc_frame *frame,
                    fc_disc_range *out);

#endif
