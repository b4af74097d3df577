/* SPDX-License-Identifier: BSD-3-Clause
 *
 * VEGAS+'s hypercubes; contract in fc_vegas_strata.h. */
#include "fc_vegas_strata.h"

#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "fc_cpu.h"
#include "fc_vegas_strata_kernel.h"

#define MOST_CUBES ((uint64_t)1 << 21)

#define EIGHT(n)                                                                                   \
    1.0 / (n), 1.0 / (n + 1), 1.0 / (n + 2), 1.0 / (n + 3), 1.0 / (n + 4), 1.0 / (n + 5),          \
        1.0 / (n + 6), 1.0 / (n + 7)
const double fc_strata_inverse[STRATA_FEW + 1] = {
    0, EIGHT(1), EIGHT(9), EIGHT(17), EIGHT(25), EIGHT(33), EIGHT(41), EIGHT(49), EIGHT(57)};

void fc_strata_choose(fc_strata *s, uint64_t n)
{
    const double most = fmin(fmax((double)n / 4, 1), (double)MOST_CUBES);
    s->n_strata = (unsigned)fmax(floor(pow(most, 1.0 / s->n_dim) + 1e-9), 1);
    double n_cubes = pow(s->n_strata, s->n_dim);
    const double more = 1.0 + 1.0 / s->n_strata;
    for (s->n_more = 0; s->n_more + 1 < s->n_dim && n_cubes * more <= most; s->n_more++) {
        n_cubes *= more;
    }
    s->n_cubes = 1;
    for (unsigned d = 0; d < s->n_dim; d++) {
        s->n_cubes *= s->n_strata + (d < s->n_more);
    }
}

void fc_strata_cut_again(fc_strata *s, uint64_t n, double *old)
{
    const unsigned old_strata = s->n_strata, old_more = s->n_more;
    memcpy(old, s->strength, s->n_cubes * sizeof *old);
    fc_strata_choose(s, n);
    for (uint64_t h = 0; h < s->n_cubes; h++) {
        uint64_t rest = h, from = 0, stride = 1;
        for (unsigned d = 0; d < s->n_dim; d++) {
            const unsigned strata = s->n_strata + (d < s->n_more);
            const unsigned before = old_strata + (d < old_more);
            from += (2 * (rest % strata) + 1) * before / (2 * strata) * stride;
            rest /= strata;
            stride *= before;
        }
        s->strength[h] = old[from];
    }
}

/* In four lanes, which do not wait for one another. */
static double sum_of(const double *values, uint64_t n)
{
    double a = 0, b = 0, c = 0, d = 0;
    uint64_t i = 0;
    for (; i + 4 <= n; i += 4) {
        a += values[i];
        b += values[i + 1];
        c += values[i + 2];
        d += values[i + 3];
    }
    for (; i < n; i++) {
        a += values[i];
    }
    return (a + b) + (c + d);
}

/* The shares are added up as integers, in units of 2^-shift of a point: such a sum waits one cycle
 * for the one before, where parting a double into whole and fraction waits twenty. */
void fc_strata_distribute(fc_strata *s, uint64_t n)
{
    const uint64_t n_cubes = s->n_cubes;
    const double sum = sum_of(s->strength, n_cubes);
    const bool known = sum > 0 && isfinite(sum);
    const double spare = n > 2 * n_cubes ? (double)(n - 2 * n_cubes) * (1 - 1e-9) : 0;
    int magnitude;
    (void)frexp(spare, &magnitude); /* spare < 2^magnitude, and all shares together < 2^62 */
    const unsigned shift = magnitude < 0 ? 62 : magnitude < 62 ? 62 - (unsigned)magnitude : 0;
    const double unit = ldexp(1, (int)shift);
    const double each = known ? spare / sum * unit : spare / (double)n_cubes * unit;
    uint64_t gathered = 0;
    for (uint64_t h = 0; h < n_cubes; h++) {
        const double share = known ? each * s->strength[h] : each;
        s->offset[h] = 2 * h + (gathered >> shift);
        gathered += (uint64_t)(int64_t)share;
    }
    s->offset[n_cubes] = 2 * n_cubes + (gathered >> shift);
}

uint64_t fc_strata_cube_of(const fc_strata *s, uint64_t p)
{
    uint64_t low = 0, high = s->n_cubes; /* the last whose first point is not beyond */
    while (high - low > 1) {
        uint64_t middle = low + (high - low) / 2;
        if (s->offset[middle] <= p) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

void fc_strata_place_baseline(const fc_strata *s, double *const *u, uint64_t cube, uint64_t first,
                              size_t n)
{
    strata_place(s, u, cube, first, n);
}

void fc_strata_place(const fc_strata *s, double *const *u, uint64_t cube, uint64_t first, size_t n)
{
    fc_strata_place_fn *place = fc_strata_place_baseline;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        place = fc_strata_place_avx2;
    }
#endif
    place(s, u, cube, first, n);
}

uint64_t fc_strata_finish_baseline(const fc_strata *s, const fc_strata_row *row, uint64_t cube,
                                   size_t *begin, fc_strata_sums *sums)
{
    return strata_finish(s, row, cube, begin, sums);
}

uint64_t fc_strata_finish(const fc_strata *s, const fc_strata_row *row, uint64_t cube,
                          size_t *begin, fc_strata_sums *sums)
{
    fc_strata_finish_fn *finish = fc_strata_finish_baseline;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        finish = fc_strata_finish_avx2;
    }
#endif
    return finish(s, row, cube, begin, sums);
}
