/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_vegas_strata.h"

#include <float.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_cpu.h"
#include "fc_random.h"
#include "fc_vegas_map_kernel.h"
#include "fc_vegas_strata_kernel.h"

#define MOST_DIM 20

static void check_offsets(const fc_strata *s, uint64_t n)
{
    CHECK(s->offset[0] == 0);
    bool two = true;
    for (uint64_t h = 0; h < s->n_cubes; h++) {
        two = two && s->offset[h + 1] >= s->offset[h] + 2;
    }
    CHECK(two);
    const uint64_t given = s->offset[s->n_cubes];
    CHECK(given <= n || given == 2 * s->n_cubes);
    CHECK(n < 2 * s->n_cubes || n - given <= 2 + n / 100000000);
}

/* Every point in its hypercube, as a division of its number tells, with every instruction set. */
static void check_places(const fc_strata *s)
{
    static double was[MOST_DIM][FC_STRATA_BLOCK], is[MOST_DIM][FC_STRATA_BLOCK];
    const uint64_t n_points = s->offset[s->n_cubes];
    fc_strata_place_fn *instances[2] = {fc_strata_place_baseline, NULL};
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        instances[1] = fc_strata_place_avx2;
    }
#endif
    const uint64_t stride = n_points / 7 + 1; /* blocks begin within hypercubes, too */
    for (uint64_t first = 0; first < n_points; first += stride) {
        const uint64_t left = n_points - first;
        const size_t n = left < FC_STRATA_BLOCK ? (size_t)left : FC_STRATA_BLOCK;
        for (unsigned k = 0; k < 2 && instances[k] != NULL; k++) {
            double *rows[MOST_DIM];
            for (unsigned d = 0; d < s->n_dim; d++) {
                fc_random_uniform(5, d, 0, FC_STRATA_BLOCK, was[d]);
                was[d][n / 2] = 1 - DBL_EPSILON / 2; /* rounds up to the next hypercube */
                memcpy(is[d], was[d], sizeof was[d]);
                rows[d] = is[d];
            }
            uint64_t cube = fc_strata_cube_of(s, first);
            CHECK(s->offset[cube] <= first && first < s->offset[cube + 1]);
            instances[k](s, rows, cube, first, n);
            bool same = true;
            for (size_t i = 0; i < n; i++) {
                while (first + i >= s->offset[cube + 1]) {
                    cube++;
                }
                uint64_t rest = cube;
                for (unsigned d = 0; d < s->n_dim; d++) {
                    const unsigned strata = s->n_strata + (d < s->n_more);
                    const double x = ((double)(rest % strata) + was[d][i]) * (1.0 / strata);
                    same = same && is[d][i] == fmin(x, 1 - DBL_EPSILON / 2);
                    rest /= strata;
                }
            }
            CHECK(same);
            for (unsigned d = 0; d < s->n_dim; d++) {
                CHECK(n == FC_STRATA_BLOCK ||
                      memcmp(is[d] + n, was[d] + n, (FC_STRATA_BLOCK - n) * sizeof(double)) == 0);
            }
        }
    }
}

static void strata(unsigned n_dim, uint64_t n)
{
    fc_strata s = {.n_dim = n_dim};
    fc_strata_choose(&s, n);
    CHECK(s.n_cubes >= 1 && (n < 8 || s.n_cubes <= n / 4));
    s.offset = malloc((s.n_cubes + 1) * sizeof *s.offset);
    s.strength = calloc(s.n_cubes, sizeof *s.strength);
    double *old = malloc(s.n_cubes * sizeof *old);
    if (s.offset == NULL || s.strength == NULL || old == NULL) {
        CHECK(false);
    } else {
        fc_strata_distribute(&s, n); /* nothing known */
        check_offsets(&s, n);
        check_places(&s);
        for (uint64_t h = 0; h < s.n_cubes; h++) {
            s.strength[h] = fc_strata_strength(h % 5 == 0 ? 0 : pow(10, (double)(h % 7) - 3));
        }
        fc_strata_distribute(&s, n);
        check_offsets(&s, n);
        check_places(&s);
        fc_strata_cut_again(&s, n / 3, old); /* fewer: the room suffices */
        fc_strata_distribute(&s, n / 3);
        check_offsets(&s, n / 3);
        /* All to one hypercube, of a strength at either end of the range. */
        for (unsigned k = 0; k < 2; k++) {
            memset(s.strength, 0, s.n_cubes * sizeof *s.strength);
            s.strength[s.n_cubes / 2] = fc_strata_strength(k == 0 ? DBL_MIN : DBL_MAX);
            fc_strata_distribute(&s, n);
            check_offsets(&s, n);
            const uint64_t *at = s.offset + s.n_cubes / 2;
            CHECK(n < 2 * s.n_cubes || at[1] - at[0] + 2 * (s.n_cubes - 1) == s.offset[s.n_cubes]);
        }
    }
    free(s.offset);
    free(s.strength);
    free(old);
}

/* Rows of hypercubes of 2 to 100 points, against one at a time; rows begin and end anywhere. */
static void finished(void)
{
    enum { n_cubes = 97 };
    uint64_t offset[n_cubes + 1] = {0};
    double y[FC_STRATA_BLOCK], weight[2][FC_STRATA_BLOCK] = {{0}}, strength[2][n_cubes] = {{0}};
    for (unsigned h = 0; h < n_cubes; h++) {
        offset[h + 1] = offset[h] + (h % 11 == 5 ? 100 : 2 + h % 13);
    }
    fc_strata_finish_fn *instances[2] = {fc_strata_finish_baseline, NULL};
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        instances[1] = fc_strata_finish_avx2;
    }
#endif
    for (unsigned from = 0; from < n_cubes; from += 3) {
        fc_random_uniform(9, from, 0, FC_STRATA_BLOCK, y);
        const size_t n = 300 + 7 * from, begin = from % 5;
        const uint64_t first = offset[from] - begin < offset[n_cubes] ? offset[from] - begin : 0;
        if (offset[from] < begin || first + n > offset[n_cubes]) {
            continue;
        }
        fc_strata_sums sums[2] = {{1, 2, 0}, {1, 2, 0}};
        uint64_t last = 0;
        size_t at[2] = {begin, begin};
        for (unsigned k = 0; k < 2 && instances[k] != NULL; k++) {
            const fc_strata s = {
                .n_dim = 1, .n_cubes = n_cubes, .offset = offset, .strength = strength[k]};
            const fc_strata_row row = {y, weight[k], first, n};
            last = instances[k](&s, &row, from, &at[k], &sums[k]);
            CHECK(at[k] == offset[last] - first && at[k] < n && offset[last + 1] - first >= n);
        }
        double integral = 0, variance = 0, largest = 0;
        for (uint64_t h = from; h < last; h++) {
            const double *values = y + (offset[h] - first);
            const size_t count = (size_t)(offset[h + 1] - offset[h]);
            double mean = 0, m2 = 0;
            for (size_t i = 0; i < count; i++) {
                mean += values[i] / (double)count;
            }
            for (size_t i = 0; i < count; i++) {
                const double delta = values[i] - mean, scale = 1.0 / n_cubes / (double)count;
                m2 += delta * delta;
                largest = fmax(largest, delta * delta * scale * scale);
                const double w = weight[0][offset[h] - first + i];
                CHECK(fabs(w - values[i] * values[i] * scale) <= 1e-15 * w);
            }
            const double of_points = m2 / (double)(count - 1);
            integral += mean / n_cubes;
            variance += of_points / (double)count / n_cubes / n_cubes;
            CHECK(fabs(strength[0][h] / fc_strata_strength(of_points) - 1) < 1e-9);
        }
        CHECK(last > from);
        CHECK(fabs(sums[0].integral - 1 - integral) < 1e-14);
        CHECK(fabs(sums[0].variance - 2 - variance) < 1e-14);
        CHECK(fabs(sums[0].largest - largest) < 1e-12 * largest);
        if (instances[1] != NULL) {
            CHECK(memcmp(&sums[0], &sums[1], sizeof sums[0]) == 0 && at[0] == at[1]);
            CHECK(memcmp(weight[0], weight[1], at[0] * sizeof y[0]) == 0);
            CHECK(memcmp(strength[0], strength[1], sizeof strength[0]) == 0);
        }
    }
}

/* The map's instances agree to the bit, at every remainder of their width. */
static void maps(void)
{
#if FC_X86
    if (fc_cpu_isa() < FC_ISA_AVX2) {
        return;
    }
    enum { n_bins = 64, n = 256 };
    double pieces[2 * n_bins], u[2][n], density[2][n];
    uint16_t bin[2][n];
    for (unsigned i = 0; i < n_bins; i++) {
        pieces[2 * i] = sqrt((double)i / n_bins);
        pieces[2 * i + 1] = sqrt((double)(i + 1) / n_bins) - pieces[2 * i];
    }
    for (size_t k = n - 9; k <= n; k++) {
        fc_random_uniform(3, k, 0, n, u[0]);
        fc_random_uniform(4, k, 0, n, density[0]);
        u[0][0] = 0x1p-53;
        u[0][1] = 1 - DBL_EPSILON / 2;
        memset(bin, 0, sizeof bin);
        memcpy(u[1], u[0], sizeof u[0]);
        memcpy(density[1], density[0], sizeof u[0]);
        vegas_apply(pieces, n_bins, k, u[0], density[0], bin[0]);
        fc_vegas_apply_avx2(pieces, n_bins, k, u[1], density[1], bin[1]);
        CHECK(memcmp(u[0], u[1], sizeof u[0]) == 0);
        CHECK(memcmp(density[0], density[1], sizeof u[0]) == 0);
        CHECK(memcmp(bin[0], bin[1], sizeof bin[0]) == 0);
    }
#endif
}

int main(void)
{
    static const uint64_t points[] = {2, 9, 100, 3000, 40000};
    static const unsigned dims[] = {1, 2, 3, 4, 7, MOST_DIM};
    for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
        for (size_t i = 0; i < sizeof points / sizeof *points; i++) {
            strata(dims[d], points[i]);
        }
    }
    strata(3, UINT64_C(100000000000)); /* numbers of points beyond 32 bits */
    finished();
    maps();
    return check_report();
}
