/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Internal to fc_vegas_strata: the loop over points, one instance per instruction set; all give the
 * same bits. */
#ifndef FC_VEGAS_STRATA_KERNEL_H
#define FC_VEGAS_STRATA_KERNEL_H

#include <float.h>

#include "fc_vegas_strata.h"

typedef void fc_strata_place_fn(const fc_strata *strata, double *const *u, uint64_t cube,
                                uint64_t first, size_t n);
fc_strata_place_fn fc_strata_place_baseline, fc_strata_place_avx2;
typedef uint64_t fc_strata_finish_fn(const fc_strata *strata, const fc_strata_row *row,
                                     uint64_t cube, size_t *begin, fc_strata_sums *sums);
fc_strata_finish_fn fc_strata_finish_baseline, fc_strata_finish_avx2;

/* 1 / n for few points. */
#define STRATA_FEW 64
extern const double fc_strata_inverse[STRATA_FEW + 1];

typedef double strata_quad __attribute__((vector_size(4 * sizeof(double))));
typedef int64_t strata_masks __attribute__((vector_size(4 * sizeof(int64_t))));

/* Along each dimension the hypercubes' digit stands still for a while. */
static inline void strata_place(const fc_strata *strata, double *const *u, uint64_t cube,
                                uint64_t first, size_t n)
{
    const double most = 1 - DBL_EPSILON / 2;
    const uint64_t n_cubes = strata->n_cubes, *offset = strata->offset;
    uint64_t stride = 1; /* hypercubes with the same digit in a row */
    for (unsigned d = 0, n_strata; d < strata->n_dim; d++, stride *= n_strata) {
        n_strata = strata->n_strata + (d < strata->n_more);
        if (n_strata == 1) { /* and so have all further dimensions */
            break;
        }
        const double each = 1.0 / n_strata;
        double base[FC_STRATA_BLOCK + 8];
        unsigned digit = (unsigned)(cube / stride % n_strata);
        uint64_t end_cube = (cube / stride + 1) * stride;
        for (size_t i = 0; i < n; end_cube += stride) {
            const uint64_t stop = end_cube < n_cubes ? offset[end_cube] - first : n;
            const size_t end = stop < n ? (size_t)stop : n;
            const double value = digit;
            /* What is too many is overwritten; most hypercubes are done in one step, which makes
             * the branch a predictable one. */
            for (; i < end; i += 8) {
                for (unsigned k = 0; k < 8; k++) {
                    base[i + k] = value;
                }
            }
            i = end;
            digit = digit + 1 == n_strata ? 0 : digit + 1;
        }
        double *to = u[d];
        for (size_t i = 0; i < n; i++) {
            const double x = (base[i] + to[i]) * each;
            to[i] = x < most ? x : most;
        }
    }
}

static inline double strata_inverse(size_t n)
{
    return n <= STRATA_FEW ? fc_strata_inverse[n] : 1.0 / (double)n;
}

/* The largest squared deviation from the mean. */
static inline double strata_far(const double *y, size_t n, double mean)
{
    double least = y[0], greatest = y[0];
    for (size_t i = 1; i < n; i++) {
        least = y[i] < least ? y[i] : least;
        greatest = y[i] > greatest ? y[i] : greatest;
    }
    const double high = greatest - mean, low = mean - least, far = high > low ? high : low;
    return far * far;
}

/* Eight points at a time, those beyond the hypercube masked: few have more, which makes the loop's
 * end a predictable one. Sums run from a value of the hypercube's own: no digits are lost. */
static inline uint64_t strata_finish(const fc_strata *strata, const fc_strata_row *row,
                                     uint64_t cube, size_t *begin, fc_strata_sums *sums)
{
    const uint64_t first = row->first, *offset = strata->offset;
    const double share = 1.0 / (double)strata->n_cubes, *y = row->y;
    const strata_masks lanes = {0, 1, 2, 3};
    double *weight = row->weight, *strength = strata->strength;
    double integral = 0, variance = 0, largest = sums->largest;
    const size_t n = row->n;
    size_t i = *begin;
    for (;; cube++) {
        const uint64_t stop = offset[cube + 1] - first;
        if (stop >= n) {
            break;
        }
        const size_t start = i, end = (size_t)stop, count = end - i;
        const double inverse = strata_inverse(count), scale = inverse * share, origin = y[i];
        strata_quad sum4 = {0}, square4 = {0};
        for (; i < end && i + 8 <= n; i += 8) {
            const int64_t left = (int64_t)(end - i);
            strata_quad a, b;
            memcpy(&a, y + i, sizeof a);
            memcpy(&b, y + i + 4, sizeof b);
            const strata_quad p = (strata_quad)((lanes < left) & (strata_masks)(a - origin));
            const strata_quad q = (strata_quad)((lanes < left - 4) & (strata_masks)(b - origin));
            sum4 += p + q;
            square4 += p * p + q * q;
            a = a * a * scale; /* too many: what is beyond is overwritten */
            b = b * b * scale;
            memcpy(weight + i, &a, sizeof a);
            memcpy(weight + i + 4, &b, sizeof b);
        }
        double sum = (sum4[0] + sum4[2]) + (sum4[1] + sum4[3]);
        double square = (square4[0] + square4[2]) + (square4[1] + square4[3]);
        for (; i < end; i++) { /* at the row's end */
            const double delta = y[i] - origin;
            sum += delta;
            square += delta * delta;
            weight[i] = y[i] * y[i] * scale;
        }
        i = end;
        const double mean = sum * inverse, rest = square - sum * mean;
        const double of_points = rest > 0 ? rest * strata_inverse(count - 1) : 0;
        if (rest * scale * scale > largest) { /* no point contributes more than all: rarely true */
            const double most = strata_far(y + start, count, origin + mean) * scale * scale;
            largest = most > largest ? most : largest;
        }
        integral += origin + mean;
        variance += of_points * inverse;
        strength[cube] = fc_strata_strength(of_points);
    }
    sums->integral += integral * share;
    sums->variance += variance * share * share;
    sums->largest = largest;
    *begin = i;
    return cube;
}

#endif
