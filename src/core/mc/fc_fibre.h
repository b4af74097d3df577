/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Finds where a function of several variables jumps or bends along lines parallel to the axes. */
#ifndef FC_FIBRE_H
#define FC_FIBRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_status.h"

#define FC_FIBRE_MOST_BREAKS 3
#define FC_FIBRE_LEAST_SAMPLES 16
#define FC_FIBRE_MOST_SAMPLES 64

/* A line: all variables but one stand still. */
typedef struct fc_fibre {
    unsigned dim;
    unsigned n_breaks; /* found */
    double breaks[FC_FIBRE_MOST_BREAKS];
} fc_fibre;

/* values[i] is to be the function where coordinate dims[i] is at[i], in (0, 1). What it returns but
 * FC_OK ends the search. */
typedef fc_status fc_fibre_fn(void *context, size_t n, const unsigned *dims, const double *at,
                              double *values);

/* Fills in the breaks of n >= 1 fibres, whose `dim` is set: ascending, the first numbers of their
 * right sides, to the last bit for jumps. First `samples` points a fibre (FC_FIBRE_LEAST_SAMPLES to
 * FC_FIBRE_MOST_SAMPLES, and n * samples <= budget), then one a break for each of its bits are
 * evaluated, as long as there are at most `budget`; *n_eval grows by their number. f is called on
 * this thread. Errors: those of f, FC_ERR_NOMEM. */
FC_MUST_CHECK fc_status fc_fibre_search(fc_fibre_fn *f, void *context, fc_fibre *fibres, size_t n,
                                        size_t samples, uint64_t budget, uint64_t *n_eval);

#endif
