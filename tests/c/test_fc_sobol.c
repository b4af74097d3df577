/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_sobol.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_sobol_kernel.h"

static double out[4096], other[4096];

/* Digits of points as scipy.stats.qmc.Sobol(1111, scramble=False, bits=32) has them (at the Gray
 * code's place). */
static void digits_as_published(const fc_sobol *sobol)
{
    static const struct {
        unsigned dim;
        uint32_t index, digits;
    } known[] = {
        {0, 1, 0x80000000},     {0, 77, 0xb2000000},     {0, 300, 0x34800000},
        {1, 5, 0x20000000},     {1, 77, 0x7a000000},     {1, 300, 0x1c800000},
        {2, 5, 0xe0000000},     {2, 77, 0xfe000000},     {2, 300, 0xc4800000},
        {9, 5, 0x60000000},     {9, 77, 0x5a000000},     {9, 300, 0xf7800000},
        {99, 5, 0x20000000},    {99, 77, 0x2a000000},    {99, 300, 0x88800000},
        {999, 5, 0xe0000000},   {999, 77, 0xa2000000},   {999, 300, 0x46800000},
        {1110, 77, 0xde000000}, {1110, 300, 0x1a800000},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        CHECK(fc_sobol_digits(sobol, known[i].dim, known[i].index) == known[i].digits);
    }
}

/* Scrambling keeps the net: of 2^m points each interval of length 2^-m holds one, in every
 * dimension. */
static void each_interval_holds_one_point(const fc_sobol *sobol)
{
    for (unsigned dim = 0; dim < FC_SOBOL_MAX_DIM; dim += 37) {
        fc_sobol_fill(sobol, 5, 1, dim, 0, 1024, out);
        bool seen[1024] = {false};
        for (size_t i = 0; i < 1024; i++) {
            size_t cell = (size_t)(out[i] * 1024);
            CHECK(cell < 1024 && !seen[cell]);
            seen[cell] = true;
        }
    }
}

/* Any block gives what the whole gives, at the far end of a replicate too. */
static void blocks_agree(const fc_sobol *sobol)
{
    const uint64_t far = UINT64_C(0xffffffff) - 4095;
    for (unsigned dim = 0; dim < 3; dim++) {
        fc_sobol_fill(sobol, 11, 3, dim, far, 4096, out);
        for (size_t first = 0; first < 4096; first += 256) {
            fc_sobol_fill(sobol, 11, 3, dim, far + first, 256, other);
            CHECK(memcmp(out + first, other, 256 * sizeof *out) == 0);
        }
    }
    fc_sobol_fill(sobol, 11, 3, 7, 0, 4096, out);
    fc_sobol_fill(sobol, 11, 3, 7, 0, 3, other);
    CHECK(memcmp(out, other, 3 * sizeof *out) == 0);
}

/* The instance chosen at run time agrees with the plain loop. */
static void instances_agree(const fc_sobol *sobol)
{
    uint32_t columns[11], key[4] = {1, 2, 3, 0xdeadbeef};
    for (unsigned k = 0; k < 11; k++) {
        columns[k] = sobol_reverse(fc_sobol_digits(sobol, 1, UINT32_C(1) << k));
    }
    sobol_block(7, columns, 11, key, out);
#if defined(__x86_64__)
    if (__builtin_cpu_supports("avx2")) {
        fc_sobol_block_avx2(7, columns, 11, key, other);
        CHECK(memcmp(out, other, 2048 * sizeof *out) == 0);
    }
#endif
}

/* Nested uniform scrambling places one point uniformly in each of n strata, so that the variance of
 * the mean of u is n^-3 / 12; 4000 replicates know it to 2.2 % (one standard error). The product of
 * two centred coordinates has the variance that an exact simulation of nested scrambling (drawing a
 * bit per node) gives: 0.375 n^-3 at 2^10. */
static void variance_is_that_of_nested_scrambling(const fc_sobol *sobol)
{
    enum { n = 1024, replicates = 4000 };
    double one = 0, two = 0, lag = 0, before = 0;
    for (uint32_t r = 0; r < replicates; r++) {
        fc_sobol_fill(sobol, 99, r, 0, 0, n, out);
        fc_sobol_fill(sobol, 99, r, 1, 0, n, other);
        double mean = 0, product = 0;
        for (size_t i = 0; i < n; i++) {
            mean += (out[i] - 0.5) / n;
            product += (out[i] - 0.5) * (other[i] - 0.5) / n;
        }
        one += mean * mean / replicates;
        two += product * product / replicates;
        lag += mean * before / replicates;
        before = mean;
    }
    const double n3 = (double)n * n * n;
    CHECK(fabs(one * 12 * n3 - 1) < 0.11);
    CHECK(fabs(two * n3 / 0.375 - 1) < 0.13);
    CHECK(fabs(lag * 12 * n3) < 5 / sqrt(replicates));
}

int main(void)
{
    fc_sobol *sobol;
    CHECK(fc_sobol_create(0, &sobol) == FC_ERR_INVALID && sobol == NULL);
    CHECK(fc_sobol_create(FC_SOBOL_MAX_DIM + 1, &sobol) == FC_ERR_INVALID && sobol == NULL);
    fc_alloc_fail_after(0);
    CHECK(fc_sobol_create(3, &sobol) == FC_ERR_NOMEM && sobol == NULL);
    fc_alloc_fail_after(-1);
    CHECK(fc_sobol_create(FC_SOBOL_MAX_DIM, &sobol) == FC_OK);
    digits_as_published(sobol);
    each_interval_holds_one_point(sobol);
    blocks_agree(sobol);
    instances_agree(sobol);
    variance_is_that_of_nested_scrambling(sobol);
    fc_sobol_destroy(sobol);
    fc_sobol_destroy(NULL);
    return check_report();
}
