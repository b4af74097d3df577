/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Elementwise maps equal the serial loop, whatever shapes, strides, types and number of workers;
 * report the lowest failing element; stop when cancelled; survive failing allocations. */
#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_alloc.h"
#include "fc_map.h"
#include "fc_platform.h"

static uint64_t seed = 0x9E3779B97F4A7C15u;

static unsigned pick(unsigned n)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (unsigned)((seed >> 20) % n);
}

/* outputs x * k + s and k * k, of x float64, k int64, s a float64 scalar */
static fc_program *arithmetic(void)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    uint16_t x = asm_input(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t k = asm_input(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t s = asm_input(&a, FC_TYPE_D, FC_KIND_UNIFORM);
    uint16_t y = asm_reg(&a, FC_TYPE_D, FC_KIND_VARYING);
    uint16_t square = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    asm_op(&a, FC_OP_MUL_I, square, k, k, NO, NO, 0);
    asm_op(&a, FC_OP_D_I, y, k, NO, NO, NO, 0);
    asm_op(&a, FC_OP_MUL_D, y, x, y, NO, NO, 0);
    asm_op(&a, FC_OP_ADD_D, y, y, s, NO, NO, 0);
    a.outputs[a.n_outputs++] = y;
    a.outputs[a.n_outputs++] = square;
    return asm_build(&a, fc_cpu_isa());
}

/* c // k of int64 */
static fc_program *quotient(int64_t c)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    uint16_t k = asm_input(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t numerator = asm_constant(&a, FC_TYPE_I, (uint64_t)c);
    uint16_t d = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    asm_op(&a, FC_OP_FLOORDIV_I, d, numerator, k, NO, NO, 0);
    a.outputs[a.n_outputs++] = d;
    return asm_build(&a, fc_cpu_isa());
}

/* A loop that lasts as long as k > 0, k -= 1; with `endless` it stays. Gives the steps taken. */
static fc_program *countdown(bool endless)
{
    static assembler a;
    memset(&a, 0, sizeof a);
    uint16_t k = asm_input(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t zero = asm_constant(&a, FC_TYPE_I, 0);
    uint16_t one = asm_constant(&a, FC_TYPE_I, endless ? 0 : 1);
    uint16_t left = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t steps = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t next = asm_reg(&a, FC_TYPE_I, FC_KIND_VARYING);
    uint16_t on = asm_reg(&a, FC_TYPE_B, FC_KIND_VARYING);
    asm_op(&a, FC_OP_MOV_I, left, k, NO, NO, NO, 0);
    asm_op(&a, FC_OP_LT_I, on, zero, left, NO, NO, 0); /* 1 */
    asm_op(&a, FC_OP_JUMP_NONE, NO, on, NO, NO, NO, 7);
    asm_op(&a, FC_OP_SUB_I, left, left, one, NO, on, 0);
    asm_op(&a, FC_OP_ADD_I, next, steps, one, NO, on, 0);
    asm_op(&a, FC_OP_SELECT_I, steps, next, steps, on, NO, 0);
    asm_op(&a, FC_OP_JUMP, NO, NO, NO, NO, NO, 1);
    a.outputs[a.n_outputs++] = steps; /* 7: END */
    return asm_build(&a, fc_cpu_isa());
}

/* An array of a random shape's elements, broadcast, with random strides; element `flat` is
 * value(flat). */
typedef struct array {
    char *memory;
    fc_map_operand operand;
    ptrdiff_t strides[4];
} array;

static const fc_dtype integers[] = {FC_I64, FC_I32, FC_I16, FC_I8, FC_U8, FC_U16, FC_U32};

static array make_array(unsigned n_dim, const size_t *shape, fc_dtype dtype, bool broadcast)
{
    array x = {0};
    const ptrdiff_t size = (ptrdiff_t)fc_dtype_size(dtype);
    unsigned order[4];
    ptrdiff_t at = 0, step = size * (ptrdiff_t)(1 + pick(2));
    for (unsigned i = 0; i < n_dim; i++) {
        order[i] = i;
    }
    for (unsigned i = n_dim; i > 1; i--) {
        unsigned j = pick(i), other = order[j];
        order[j] = order[i - 1];
        order[i - 1] = other;
    }
    for (unsigned i = n_dim; i-- > 0;) {
        const unsigned axis = order[i];
        x.strides[axis] = broadcast && pick(3) == 0 ? 0 : step;
        step *= (ptrdiff_t)shape[axis];
        if (x.strides[axis] != 0 && pick(3) == 0) {
            at += x.strides[axis] * (ptrdiff_t)(shape[axis] - 1);
            x.strides[axis] = -x.strides[axis];
        }
    }
    x.memory = fc_calloc((size_t)step + 8, 1);
    for (size_t i = 0; (ptrdiff_t)((i + 1) * (size_t)size) <= step; i++) {
        double d = (double)pick(2000) / 64 - 7;
        uint64_t k = pick(100);
        memcpy(x.memory + i * (size_t)size, dtype == FC_F64 ? (void *)&d : (void *)&k,
               (size_t)size);
    }
    x.operand.base = (fc_operand){.kind = FC_ARRAY, .dtype = dtype, .data = x.memory + at};
    return x;
}

static char *element(const array *x, unsigned n_dim, const size_t *shape, size_t flat)
{
    char *at = x->operand.base.data;
    for (unsigned axis = n_dim; axis-- > 0;) {
        at += (ptrdiff_t)(flat % shape[axis]) * x->strides[axis];
        flat /= shape[axis];
    }
    return at;
}

static double double_at(const char *at)
{
    double value;
    memcpy(&value, at, sizeof value);
    return value;
}

static int64_t int_at(const char *at, fc_dtype dtype)
{
    int64_t value = 0;
    memcpy(&value, at, fc_dtype_size(dtype)); /* little-endian; all values are small and >= 0 */
    return value;
}

static void shapes_and_strides(void)
{
    fc_program *p = arithmetic();
    for (int round = 0; round < 400; round++) {
        const unsigned n_dim = pick(5);
        size_t shape[4], n = 1;
        for (unsigned i = 0; i < n_dim; i++) {
            shape[i] = pick(12) == 0 ? 700 + pick(900) : 1 + pick(pick(3) == 0 ? 40 : 6);
            n *= shape[i];
        }
        if (n > 300000) {
            continue;
        }
        const fc_dtype k_type = integers[pick(sizeof integers / sizeof integers[0])];
        array x = make_array(n_dim, shape, FC_F64, true),
              k = make_array(n_dim, shape, k_type, true);
        array y = make_array(n_dim, shape, FC_F64, false),
              square = make_array(n_dim, shape, FC_I64, false);
        fc_map_operand inputs[3] = {
            x.operand, k.operand, {.base = {.kind = FC_SCALAR, .scalar.d = 0.375}}};
        fc_map_operand outputs[2] = {y.operand, square.operand};
        inputs[0].strides = x.strides;
        inputs[1].strides = k.strides;
        outputs[0].strides = y.strides;
        outputs[1].strides = square.strides;
        const fc_run run = {.width = 1 + pick(4)};
        fc_fault fault;
        bool right = fc_map(&run, p, n_dim, shape, inputs, outputs, NULL, 0, &fault) == FC_OK;
        for (size_t i = 0; i < n && right; i++) {
            const int64_t factor = int_at(element(&k, n_dim, shape, i), k_type);
            const double product = double_at(element(&x, n_dim, shape, i)) * (double)factor;
            right = double_at(element(&y, n_dim, shape, i)) == product + 0.375 &&
                    int_at(element(&square, n_dim, shape, i), FC_I64) == factor * factor;
        }
        CHECK(right);
        fc_free(x.memory);
        fc_free(k.memory);
        fc_free(y.memory);
        fc_free(square.memory);
    }
    fc_program_release(p);
}

#define MANY 150000

static const ptrdiff_t stride_8[1] = {8}, stride_1[1] = {1};

static fc_status divide(fc_program *p, unsigned width, fc_dtype dtype, void *k, int64_t *out,
                        fc_fault *fault)
{
    const size_t n = MANY;
    const fc_run run = {.width = width};
    const fc_map_operand input = {.base = {.kind = FC_ARRAY, .dtype = dtype, .data = k},
                                  .strides = dtype == FC_I64 ? stride_8 : stride_1};
    const fc_map_operand output = {.base = {.kind = FC_ARRAY, .dtype = FC_I64, .data = out},
                                   .strides = stride_8};
    return fc_map(&run, p, 1, &n, &input, &output, NULL, 0, fault);
}

/* The lowest element that fails is reported, by however many workers. */
static void lowest_fault(void)
{
    static int64_t k[MANY], out[MANY];
    fc_program *p = quotient(-1000);
    fc_fault fault;
    for (int round = 0; round < 30; round++) {
        size_t lowest = MANY;
        for (size_t i = 0; i < MANY; i++) {
            k[i] = 1 + (int64_t)(i % 77);
        }
        for (unsigned i = pick(6); i > 0; i--) {
            const size_t at = pick(MANY);
            k[at] = 0;
            lowest = at < lowest ? at : lowest;
        }
        const fc_status status = divide(p, 1 + pick(5), FC_I64, k, out, &fault);
        if (lowest < MANY) {
            CHECK(status == FC_ERR_ZERODIV && fault.element == lowest && fault.instruction == 0);
        } else {
            CHECK(status == FC_OK && out[1] == -500 && out[76] == -13);
        }
    }
    fc_program_release(p);
}

/* Bytes are looked up in a table; a value that fails does so only where it occurs. */
static void bytes(void)
{
    static unsigned char k[MANY];
    static int64_t out[MANY];
    fc_program *p = quotient(1000), *loop = countdown(false);
    fc_fault fault;
    for (size_t i = 0; i < MANY; i++) {
        k[i] = (unsigned char)(1 + i % 255);
    }
    for (unsigned width = 1; width < 4; width++) {
        bool right = divide(p, width, FC_U8, k, out, &fault) == FC_OK;
        for (size_t i = 0; i < MANY; i++) {
            right = right && out[i] == 1000 / k[i];
        }
        CHECK(right);
        right = divide(loop, width, FC_U8, k, out, &fault) == FC_OK;
        for (size_t i = 0; i < MANY; i++) {
            right = right && out[i] == k[i];
        }
        CHECK(right);
    }
    k[123456] = k[140000] = 0;
    CHECK(divide(p, 3, FC_U8, k, out, &fault) == FC_ERR_ZERODIV && fault.element == 123456);
    /* In place, and to a shorter type that does not hold every quotient. */
    k[123456] = k[140000] = 200;
    const size_t n = MANY;
    fc_map_operand operand = {.base = {.kind = FC_ARRAY, .dtype = FC_U8, .data = k},
                              .strides = stride_1};
    CHECK(fc_map(NULL, p, 1, &n, &operand, &operand, NULL, 0, &fault) == FC_ERR_OVERFLOW &&
          fault.element == 0 && fault.instruction == FC_NO_INSTRUCTION);
    for (size_t i = 0; i < MANY; i++) {
        k[i] = (unsigned char)(4 + i % 252);
    }
    bool right = fc_map(NULL, p, 1, &n, &operand, &operand, NULL, 0, &fault) == FC_OK;
    for (size_t i = 0; i < MANY; i++) {
        right = right && k[i] == 1000 / (4 + i % 252);
    }
    CHECK(right);
    fc_program_release(p);
    fc_program_release(loop);
}

/* Blocks are narrowed as lanes leave the loop. */
static void loops(void)
{
    static int64_t k[MANY], out[MANY];
    fc_program *p = countdown(false);
    fc_fault fault;
    for (int round = 0; round < 6; round++) {
        for (size_t i = 0; i < MANY; i++) {
            k[i] = pick(round < 3 ? 200 : 5) == 0 ? (int64_t)pick(300) : (int64_t)pick(6);
        }
        bool right = divide(p, 1 + (unsigned)round % 3, FC_I64, k, out, &fault) == FC_OK;
        for (size_t i = 0; i < MANY; i++) {
            right = right && out[i] == k[i];
        }
        CHECK(right);
    }
    fc_program_release(p);
}

static void cancelled(void)
{
    static int64_t k[MANY], out[MANY];
    fc_program *p = countdown(true);
    const size_t n = MANY;
    const fc_map_operand input = {.base = {.kind = FC_ARRAY, .dtype = FC_I64, .data = k},
                                  .strides = stride_8};
    const fc_map_operand output = {.base = {.kind = FC_ARRAY, .dtype = FC_I64, .data = out},
                                   .strides = stride_8};
    fc_fault fault;
    k[MANY / 2] = 1;
    for (unsigned width = 1; width < 4; width++) {
        fc_cancel cancel = {.deadline_ns = fc_now_ns() + 20 * 1000 * 1000};
        const fc_run run = {.width = width, .cancel = &cancel};
        CHECK(fc_map(&run, p, 1, &n, &input, &output, NULL, 0, &fault) == FC_ERR_DEADLINE);
        CHECK(fc_map(NULL, p, 1, &n, &input, &output, NULL, 1000, &fault) == FC_ERR_ITERATIONS &&
              fault.element == MANY / 2);
    }
    fc_program_release(p);
}

/* Every allocation in turn fails, of arrays and of bytes: FC_ERR_NOMEM, or it was not needed. */
static void failing_allocations(void)
{
    static unsigned char k[MANY];
    static int64_t wide[MANY], out[MANY];
    fc_program *p = quotient(1000);
    for (size_t i = 0; i < MANY; i++) {
        wide[i] = k[i] = (unsigned char)(1 + i % 255);
    }
    for (int of_bytes = 0; of_bytes < 2; of_bytes++) {
        fc_status status = FC_ERR_NOMEM;
        for (long allowed = 0; status != FC_OK && allowed < 100; allowed++) {
            fc_program *fresh = quotient(1000); /* one without idle VMs */
            fc_fault fault;
            fc_alloc_fail_after(allowed);
            status = divide(fresh, 2, of_bytes ? FC_U8 : FC_I64, of_bytes ? (void *)k : wide, out,
                            &fault);
            fc_alloc_fail_after(-1);
            CHECK(status == FC_OK || status == FC_ERR_NOMEM);
            fc_program_release(fresh);
        }
        CHECK(status == FC_OK && out[9] == 100);
    }
    fc_program_release(p);
}

int main(void)
{
    shapes_and_strides();
    lowest_fault();
    bytes();
    loops();
    cancelled();
    failing_allocations();
    fc_pool_stop();
    return check_report();
}
