/* SPDX-License-Identifier: BSD-3-Clause
 *
 * What is known of a program whatever its arguments: in which of its inputs it is a polynomial, and
 * whether it is affine. Gauss's rule of enough points is exact for such functions, without a
 * question to the discs (fc_disc.h), and an affine limit need not be found anew in every call. */
#ifndef FC_POLYNOMIAL_H
#define FC_POLYNOMIAL_H

#include "fc_affine.h"
#include "fc_program.h"

#include <stdint.h>

#define FC_NO_DEGREE 255
#define FC_POLYNOMIAL_OUT 2

typedef struct fc_polynomial {
    uint8_t degree[FC_AFFINE_DIM]; /* of all outputs in input k at most, the others being fixed;
                                      FC_NO_DEGREE: they may be no polynomials in it */
    fc_affine affine[FC_POLYNOMIAL_OUT]; /* the first outputs in terms of the inputs, if known */
} fc_polynomial;

/* Kept with the program. NULL if that is not looked at (jumps, many instructions or inputs), or
 * there is no memory. Threads: any. */
const fc_polynomial *fc_polynomial_of(fc_program *program);

#endif
