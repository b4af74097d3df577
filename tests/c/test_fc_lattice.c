/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_lattice.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_lattice_kernel.h"

static double out[4096], other[4096], weight[4096], other_weight[4096];

static void fill_ones(double *w)
{
    for (size_t i = 0; i < 4096; i++) {
        w[i] = 1;
    }
}

/* Before folding, 2^m points of a coordinate are equidistant: after it, two lie in each interval of
 * length 2^(1-m). */
static void points_are_even(void)
{
    for (unsigned m = 0; m <= 12; m++) {
        const size_t n = (size_t)1 << m, cells = m == 0 ? 1 : n / 2;
        for (unsigned dim = 0; dim < FC_LATTICE_MAX_DIM; dim += 7) {
            unsigned char seen[2048] = {0};
            fc_lattice_fill(m, FC_FOLD_TENT, 5, 1, dim, 0, n, out, NULL);
            for (size_t i = 0; i < n; i++) {
                CHECK(out[i] > 0 && out[i] < 1);
                seen[(size_t)(out[i] * (double)cells)]++;
            }
            for (size_t c = 0; c < cells; c++) {
                CHECK(seen[c] == (m == 0 ? 1 : 2));
            }
        }
    }
}

/* Any block gives what the whole gives, at the far end of the largest lattice too; replicates and
 * dimensions differ. */
static void blocks_agree(void)
{
    const uint64_t far = (UINT64_C(1) << FC_LATTICE_MAX_LOG2) - 4096;
    for (int fold = FC_FOLD_TENT; fold <= FC_FOLD_POWER; fold++) {
        fill_ones(weight);
        fc_lattice_fill(FC_LATTICE_MAX_LOG2, (fc_fold)fold, 11, 3, 2, far, 4096, out, weight);
        for (size_t first = 0; first < 4096; first += 64) {
            fill_ones(other_weight);
            fc_lattice_fill(FC_LATTICE_MAX_LOG2, (fc_fold)fold, 11, 3, 2, far + first, 64, other,
                            other_weight);
            CHECK(memcmp(out + first, other, 64 * sizeof *out) == 0);
            CHECK(memcmp(weight + first, other_weight, 64 * sizeof *out) == 0);
        }
    }
    fc_lattice_fill(10, FC_FOLD_TENT, 11, 3, 2, 0, 16, out, weight);
    fc_lattice_fill(10, FC_FOLD_TENT, 11, 4, 2, 0, 16, other, weight);
    CHECK(out[0] != other[0]);
    fc_lattice_fill(10, FC_FOLD_TENT, 11, 3, 1, 0, 16, other, weight);
    CHECK(out[0] != other[0]);
}

static void instances_agree(void)
{
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        const uint64_t start = UINT64_C(0x123456789abcdef0), step = UINT64_C(0xfedcba987654321);
        lattice_tent(start, step, 4093, out);
        fc_lattice_tent_avx2(start, step, 4093, other);
        CHECK(memcmp(out, other, 4093 * sizeof *out) == 0);
        fill_ones(weight);
        fill_ones(other_weight);
        lattice_power(start, step, 4093, out, weight);
        fc_lattice_power_avx2(start, step, 4093, other, other_weight);
        CHECK(memcmp(out, other, 4093 * sizeof *out) == 0);
        CHECK(memcmp(weight, other_weight, 4093 * sizeof *out) == 0);
    }
#endif
}

/* The ends are not reached, whatever the shift. */
static void ends_are_open(void)
{
    lattice_power(0, UINT64_MAX, 2, out, weight); /* the first and the last fraction there is */
    CHECK(out[0] > 0 && out[0] < 1e-60 && out[1] < 1 && out[1] > 1 - 1e-15);
    lattice_tent(0, UINT64_MAX, 2, out);
    CHECK(out[0] > 0 && out[1] > 0 && out[0] < 1e-15);
    lattice_tent(UINT64_C(1) << 63, 1, 1, out);
    CHECK(out[0] < 1 && out[0] > 1 - 1e-15);
}

/* Root mean square error of the integral of exp over [0, 1] by n points: n^-2 and n^-4 or so. */
static double error_of(unsigned log2_points, fc_fold fold)
{
    const size_t n = (size_t)1 << log2_points;
    double square = 0;
    for (uint32_t r = 0; r < 50; r++) {
        double mean = 0;
        fill_ones(weight);
        fc_lattice_fill(log2_points, fold, 1, r, 3, 0, n, out, weight);
        for (size_t i = 0; i < n; i++) {
            mean += weight[i] * exp(out[i]) / (double)n;
        }
        square += (mean - (exp(1) - 1)) * (mean - (exp(1) - 1)) / 50;
    }
    return sqrt(square);
}

static void orders(void)
{
    const double tent = error_of(5, FC_FOLD_TENT) / error_of(7, FC_FOLD_TENT);
    const double power = error_of(5, FC_FOLD_POWER) / error_of(7, FC_FOLD_POWER);
    printf("four times the points: errors fall %.1f-fold (tent), %.1f-fold (power)\n", tent, power);
    CHECK(tent > 11 && power > 150);
}

int main(void)
{
    points_are_even();
    blocks_agree();
    instances_agree();
    ends_are_open();
    orders();
    return check_report();
}
