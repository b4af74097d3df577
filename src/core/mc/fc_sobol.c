/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Sobol points; contract in fc_sobol.h, the loops in fc_sobol_kernel.h. The direction numbers
 * follow from the initial ones by Sobol's recurrence (Bratley and Fox, Algorithm 659, ACM TOMS 14,
 * 1988). */
#include "fc_sobol.h"

#include "fc_alloc.h"
#include "fc_cpu.h"
#include "fc_random.h"
#include "fc_sobol_kernel.h"
#include "fc_sobol_table.inc"

#define DIGITS 32

struct fc_sobol {
    unsigned n_dim;
    uint32_t columns[][DIGITS]; /* of dimension d: what bit k of the index adds, digits reversed */
};

/* Columns of one dimension: v_k = m_k 2^-k as a binary fraction of 32 digits. */
static void columns_fill(uint32_t polynomial, const uint16_t *initial, unsigned degree,
                         uint32_t columns[DIGITS])
{
    uint32_t v[DIGITS];
    for (unsigned k = 0; k < DIGITS; k++) {
        if (k < degree) {
            v[k] = (uint32_t)initial[k] << (31 - k);
            continue;
        }
        v[k] = v[k - degree] ^ v[k - degree] >> degree;
        for (unsigned j = 1; j < degree; j++) {
            if ((polynomial >> (degree - j) & 1) != 0) {
                v[k] ^= v[k - j];
            }
        }
    }
    for (unsigned k = 0; k < DIGITS; k++) {
        columns[k] = sobol_reverse(v[k]);
    }
}

fc_status fc_sobol_create(unsigned n_dim, fc_sobol **out)
{
    *out = NULL;
    if (n_dim == 0 || n_dim > FC_SOBOL_MAX_DIM) {
        return FC_ERR_INVALID;
    }
    fc_sobol *sobol = fc_malloc(sizeof *sobol + n_dim * sizeof sobol->columns[0], 1);
    if (sobol == NULL) {
        return FC_ERR_NOMEM;
    }
    sobol->n_dim = n_dim;
    for (unsigned k = 0; k < DIGITS; k++) {
        sobol->columns[0][k] = UINT32_C(1) << k; /* van der Corput */
    }
    const uint16_t *initial = sobol_initial;
    for (unsigned d = 1; d < n_dim; d++) {
        uint32_t polynomial = sobol_polynomial[d - 1];
        unsigned degree = 31u - (unsigned)__builtin_clz(polynomial);
        columns_fill(polynomial, initial, degree, sobol->columns[d]);
        initial += degree;
    }
    *out = sobol;
    return FC_OK;
}

void fc_sobol_destroy(fc_sobol *sobol)
{
    fc_free(sobol);
}

static uint32_t reversed_digits(const fc_sobol *sobol, unsigned dim, uint32_t index)
{
    uint32_t x = 0;
    for (unsigned k = 0; index != 0; k++, index >>= 1) {
        x ^= (index & 1) != 0 ? sobol->columns[dim][k] : 0;
    }
    return x;
}

uint32_t fc_sobol_digits(const fc_sobol *sobol, unsigned dim, uint32_t index)
{
    return sobol_reverse(reversed_digits(sobol, dim, index));
}

void fc_sobol_fill(const fc_sobol *sobol, uint64_t seed, uint32_t replicate, unsigned dim,
                   uint64_t first, size_t n, double *out)
{
    unsigned n_columns = 0;
    while ((size_t)1 << n_columns < n) {
        n_columns++;
    }
    /* Philox itself gives the keys, at a place of its counter that fc_random_uniform's streams do
     * not reach as long as none of them is longer than 2^64 numbers. */
    const uint32_t counter[4] = {dim, UINT32_C(0xffffffff), replicate, UINT32_C(0x536f626f)};
    const uint32_t seed_words[2] = {(uint32_t)seed, (uint32_t)(seed >> 32)};
    uint32_t key[4];
    fc_philox4x32(counter, seed_words, key);
    fc_sobol_block_fn *block = sobol_block;
#if FC_X86
    if (fc_cpu_isa() >= FC_ISA_AVX2) {
        block = fc_sobol_block_avx2;
    }
#endif
    block(reversed_digits(sobol, dim, (uint32_t)first), sobol->columns[dim], n_columns, key, out);
}
