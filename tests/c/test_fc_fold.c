/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Reductions: the serial loop's answer, the same bits for any number of workers, overflow as
 * specified, cancelling, failing allocations. */
#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_alloc.h"
#include "fc_fold.h"
#include "fc_platform.h"

#define N 200003

static double x[N];
static int64_t k[N];

/* The identity of a type; with `square` its argument times itself. */
static fc_program *identity(unsigned type, bool square)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    uint16_t in = asm_input(&a, type, FC_KIND_VARYING);
    uint16_t out = asm_reg(&a, type, FC_KIND_VARYING);
    if (square) {
        asm_op(&a, type == FC_TYPE_D ? FC_OP_MUL_D : FC_OP_MUL_I, out, in, in, NO, NO, 0);
    }
    a.outputs[a.n_outputs++] = square ? out : in;
    return asm_build(&a, fc_cpu_isa());
}

static fc_status fold(fc_program *p, fc_reduction kind, unsigned width, fc_dtype dtype, void *data,
                      size_t n, fc_reduced *out, fc_fault *fault)
{
    static const ptrdiff_t strides[1] = {8};
    const fc_run run = {.width = width};
    const fc_map_operand input = {.base = {.kind = FC_ARRAY, .dtype = dtype, .data = data},
                                  .strides = strides};
    return fc_fold(&run, p, kind, 1, &n, &input, NULL, 0, out, fault);
}

static void fill(void)
{
    uint64_t seed = 0x2545F4914F6CDD1Du;
    for (size_t i = 0; i < N; i++) {
        seed = seed * 6364136223846793005u + 1442695040888963407u;
        x[i] = ((double)(seed >> 11) * 0x1p-53 - 0.5) * exp2((double)(seed >> 59));
        k[i] = (int64_t)(seed >> 20) % 2000 - 1000;
    }
}

static bool same(const fc_reduced *a, const fc_reduced *b)
{
    return a->type == b->type && memcmp(&a->d, &b->d, sizeof a->d) == 0 && a->low == b->low &&
           a->high == b->high;
}

static void floats(void)
{
    const size_t sizes[] = {1, 15, 16, 17, 1000, 32768, 32769, N};
    fc_program *p = identity(FC_TYPE_D, false);
    fc_fault fault;
    for (size_t s = 0; s < sizeof sizes / sizeof sizes[0]; s++) {
        const size_t n = sizes[s];
        long double sum = 0, magnitude = 0;
        double least = INFINITY, most = -INFINITY;
        for (size_t i = 0; i < n; i++) {
            sum += x[i];
            magnitude += fabsl(x[i]);
            least = fmin(least, x[i]);
            most = fmax(most, x[i]);
        }
        for (int kind = 0; kind < FC_N_REDUCTIONS; kind++) {
            fc_reduced first, other;
            CHECK(fold(p, (fc_reduction)kind, 1, FC_F64, x, n, &first, &fault) == FC_OK);
            for (unsigned width = 2; width < 7; width++) {
                CHECK(fold(p, (fc_reduction)kind, width, FC_F64, x, n, &other, &fault) == FC_OK &&
                      same(&first, &other));
            }
            if (kind == FC_REDUCE_SUM) {
                CHECK(fabsl(first.d - sum) <= 1e-15L * fabsl(sum) + 1e-17L * magnitude);
            }
            CHECK(kind != FC_REDUCE_MIN || first.d == least);
            CHECK(kind != FC_REDUCE_MAX || first.d == most);
            CHECK(kind != FC_REDUCE_COUNT || (first.type == FC_TYPE_I && first.low == n));
            CHECK(kind != FC_REDUCE_ALL || (first.type == FC_TYPE_B && first.low == 1));
        }
    }
    /* A nan anywhere is the least and the greatest; the compensated sum recovers what cancels. */
    double few[5] = {1e16, 1.0, -1e16, 1.0, 0.5};
    fc_reduced r;
    CHECK(fold(p, FC_REDUCE_SUM, 1, FC_F64, few, 5, &r, &fault) == FC_OK && r.d == 2.5);
    few[3] = NAN;
    CHECK(fold(p, FC_REDUCE_MIN, 1, FC_F64, few, 5, &r, &fault) == FC_OK && isnan(r.d));
    CHECK(fold(p, FC_REDUCE_MAX, 1, FC_F64, few, 5, &r, &fault) == FC_OK && isnan(r.d));
    fc_program_release(p);
}

static void integers(void)
{
    fc_program *p = identity(FC_TYPE_I, false);
    fc_fault fault;
    fc_reduced r, other;
    int64_t sum = 0;
    uint64_t nonzero = 0;
    for (size_t i = 0; i < N; i++) {
        sum += k[i];
        nonzero += k[i] != 0;
    }
    for (unsigned width = 1; width < 6; width++) {
        CHECK(fold(p, FC_REDUCE_SUM, width, FC_I64, k, N, &r, &fault) == FC_OK &&
              (int64_t)r.low == sum && r.high == (sum < 0 ? -1 : 0));
        CHECK(fold(p, FC_REDUCE_COUNT, width, FC_I64, k, N, &r, &fault) == FC_OK &&
              r.low == nonzero);
        CHECK(fold(p, FC_REDUCE_MIN, width, FC_I64, k, N, &other, &fault) == FC_OK &&
              (int64_t)other.low == -1000);
    }
    /* Beyond 64 bits on the way: the sum is exact, the product raises unless a factor is 0. */
    int64_t large[4] = {INT64_MAX, INT64_MAX, INT64_MAX, -5};
    CHECK(fold(p, FC_REDUCE_SUM, 1, FC_I64, large, 4, &r, &fault) == FC_OK && r.high == 1 &&
          r.low == (uint64_t)INT64_MAX - 7);
    CHECK(fold(p, FC_REDUCE_PROD, 1, FC_I64, large, 4, &r, &fault) == FC_ERR_OVERFLOW);
    large[3] = 0;
    CHECK(fold(p, FC_REDUCE_PROD, 1, FC_I64, large, 4, &r, &fault) == FC_OK && r.low == 0);
    int64_t edge[3] = {INT64_MIN / 2, 2, 1};
    CHECK(fold(p, FC_REDUCE_PROD, 1, FC_I64, edge, 3, &r, &fault) == FC_OK &&
          (int64_t)r.low == INT64_MIN);
    fc_program_release(p);
}

static void nothing(void)
{
    fc_program *p = identity(FC_TYPE_D, false);
    fc_fault fault;
    fc_reduced r;
    const double expected[FC_N_REDUCTIONS] = {[FC_REDUCE_PROD] = 1};
    for (int kind = 0; kind < FC_N_REDUCTIONS; kind++) {
        const fc_status status = fold(p, (fc_reduction)kind, 2, FC_F64, x, 0, &r, &fault);
        if (kind == FC_REDUCE_MIN || kind == FC_REDUCE_MAX) {
            CHECK(status == FC_ERR_INVALID);
        } else {
            CHECK(status == FC_OK &&
                  (r.type == FC_TYPE_D ? r.d == expected[kind]
                                       : r.low == (kind == FC_REDUCE_ALL ? 1 : 0)));
        }
    }
    fc_program_release(p);
}

static void faults_and_cancelling(void)
{
    fc_program *p = identity(FC_TYPE_I, true);
    static int64_t large[N];
    fc_reduced r;
    fc_fault fault;
    large[170000] = large[90001] = large[199999] = INT64_MAX;
    for (unsigned width = 1; width < 5; width++) {
        CHECK(fold(p, FC_REDUCE_SUM, width, FC_I64, large, N, &r, &fault) == FC_ERR_OVERFLOW &&
              fault.element == 90001 && fault.instruction == 0);
    }
    fc_cancel cancel = {.reason = FC_OK};
    fc_cancel_request(&cancel);
    static const ptrdiff_t strides[1] = {8};
    const size_t n = N;
    const fc_run run = {.width = 2, .cancel = &cancel};
    const fc_map_operand input = {.base = {.kind = FC_ARRAY, .dtype = FC_I64, .data = k},
                                  .strides = strides};
    CHECK(fc_fold(&run, p, FC_REDUCE_SUM, 1, &n, &input, NULL, 0, &r, &fault) == FC_ERR_CANCELLED);
    fc_program_release(p);
}

static void failing_allocations(void)
{
    fc_status status = FC_ERR_NOMEM;
    fc_reduced first, r;
    fc_fault fault;
    fc_program *p = identity(FC_TYPE_D, true);
    CHECK(fold(p, FC_REDUCE_SUM, 3, FC_F64, x, N, &first, &fault) == FC_OK);
    fc_program_release(p);
    for (long allowed = 0; status != FC_OK && allowed < 100; allowed++) {
        p = identity(FC_TYPE_D, true);
        fc_alloc_fail_after(allowed);
        status = fold(p, FC_REDUCE_SUM, 2, FC_F64, x, N, &r, &fault);
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        fc_program_release(p);
    }
    CHECK(status == FC_OK && same(&first, &r));
}

int main(void)
{
    fill();
    floats();
    integers();
    nothing();
    faults_and_cancelling();
    failing_allocations();
    fc_pool_stop();
    return check_report();
}
