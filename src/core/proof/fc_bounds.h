/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Between which values a program's outputs are, where its inputs are between given ones: interval
 * arithmetic (Moore, Interval Analysis, 1966) at real points, infinite ends allowed. To look for
 * what may be hidden, not to prove: bounds are off by rounding errors. */
#ifndef FC_BOUNDS_H
#define FC_BOUNDS_H

#include <stdbool.h>

#include "fc_program.h"

typedef struct fc_bounds {
    double low, high;
    double nan; /* 0: it is never nan; 1: always; else perhaps, a guess of how often */
} fc_bounds;

/* Fills out[o] for each of the program's outputs. What is not decided alike everywhere is taken
 * both ways. False where an instruction is not known here. Threads: any. */
bool fc_bounds_of(const fc_program *program, const fc_bounds *inputs, fc_bounds *out);

#endif
