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

/* The products of numbers between these bounds, of which infinite ones stand for what is finite;
 * `nan` is 0. */
fc_bounds fc_bounds_multiply(const fc_bounds *a, const fc_bounds *b);

/* Fills out[o] for each of the program's outputs, from as many inputs as it has. What is not
 * decided alike everywhere is taken both ways. False, and nothing is said, where an instruction is
 * not known here. Takes as long as the program on some dozens of points. Threads: any. */
bool fc_bounds_of(const fc_program *program, const fc_bounds *inputs, fc_bounds *out);

#endif
