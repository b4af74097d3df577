/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Every opcode, on every instruction set of this machine, with every mix of varying, uniform and
 * constant operands, against one scalar reference: same bits, or the same status at the lowest
 * element. */
#include <math.h>
#include <stdio.h>

#include "assemble.h"
#include "check.h"
#include "fc_alloc.h"

typedef union cell {
    double d;
    float f;
    int64_t i;
    uint8_t b;
    uint64_t bits;
} cell;

static const fc_dtype dtypes[4] = {FC_F64, FC_F32, FC_I64, FC_BOOL};

#define N_TABLE 7
static const double table_d[N_TABLE] = {1.5, -2.5, 0.0, 7.0, 1e300, -0.0, 3.0};
static const float table_f[N_TABLE] = {1.5f, -2.5f, 0.0f, 7.0f, 1e30f, -0.0f, 3.0f};
static const int64_t table_i[N_TABLE] = {1, -2, INT64_MIN, 7, INT64_MAX, 0, 3};
static const uint8_t table_b[N_TABLE] = {1, 0, 1, 1, 0, 0, 1};

/* ---- the reference
 * ------------------------------------------------------------------------------------------- */

static double ref_mod(double x, double y)
{
    double r = fmod(x, y);
    if (y == 0) {
        return r;
    }
    if (r != 0) {
        return (y < 0) != (r < 0) ? r + y : r;
    }
    return copysign(0.0, y);
}

static double ref_floordiv(double x, double y)
{
    if (y == 0) {
        return x / y;
    }
    double r = fmod(x, y), div = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0)) {
        div -= 1.0;
    }
    if (div != 0) {
        double whole = floor(div);
        return div - whole > 0.5 ? whole + 1.0 : whole;
    }
    return copysign(0.0, x / y);
}

static float ref_mod_f(float x, float y)
{
    float r = fmodf(x, y);
    if (y == 0) {
        return r;
    }
    if (r != 0) {
        return (y < 0) != (r < 0) ? r + y : r;
    }
    return copysignf(0.0f, y);
}

static float ref_floordiv_f(float x, float y)
{
    if (y == 0) {
        return x / y;
    }
    float r = fmodf(x, y), div = (x - r) / y;
    if (r != 0 && (y < 0) != (r < 0)) {
        div -= 1.0f;
    }
    if (div != 0) {
        float whole = floorf(div);
        return div - whole > 0.5f ? whole + 1.0f : whole;
    }
    return copysignf(0.0f, x / y);
}

/* Exact comparison of a double and an int64 by 128 bits. */
static int compare_di(double x, int64_t y) /* -1, 0, 1; 2: unordered */
{
    if (x != x) {
        return 2;
    }
    if (x >= 0x1p63) {
        return 1;
    }
    if (x < -0x1p63) {
        return -1;
    }
    int64_t whole = (int64_t)floor(x);
    if (whole != y) {
        return whole < y ? -1 : 1;
    }
    return x > (double)whole ? 1 : 0;
}

static fc_status wide(__int128 value, cell *out)
{
    out->i = (int64_t)value;
    return value > INT64_MAX || value < INT64_MIN ? FC_ERR_OVERFLOW : FC_OK;
}

static __int128 floor_div(__int128 x, __int128 y)
{
    __int128 q = x / y;
    return q * y != x && (x < 0) != (y < 0) ? q - 1 : q;
}

static fc_status ref_index(cell a, size_t *at)
{
    int64_t i = a.i < 0 ? a.i + N_TABLE : a.i;
    *at = (size_t)i;
    return i < 0 || i >= N_TABLE ? FC_ERR_INDEX : FC_OK;
}

/* fc_vmath's own tests say how near its functions are; here it matters that they are called
 * rightly. */
static float unary_f(fc_unary_f *function, float x)
{
    _Alignas(64) float a[16], y[16];
    for (int i = 0; i < 16; i++) {
        a[i] = x;
    }
    function(1, a, y);
    return y[0];
}

static float binary_f(fc_binary_f *function, float x, float z)
{
    _Alignas(64) float a[16], b[16], y[16];
    for (int i = 0; i < 16; i++) {
        a[i] = x;
        b[i] = z;
    }
    function(1, a, b, y);
    return y[0];
}

static double unary_d(fc_unary_d *function, double x)
{
    _Alignas(64) double a[16], y[16];
    for (int i = 0; i < 16; i++) {
        a[i] = x;
    }
    function(1, a, y);
    return y[0];
}

static double binary_d(fc_binary_d *function, double x, double z)
{
    _Alignas(64) double a[16], b[16], y[16];
    for (int i = 0; i < 16; i++) {
        a[i] = x;
        b[i] = z;
    }
    function(1, a, b, y);
    return y[0];
}

static fc_status reference(unsigned op, cell a, cell b, cell c, cell *out)
{
    __int128 x = a.i, y = b.i;
    size_t at;
    out->bits = 0;
    switch (op) {
#define REF(NAME, FIELD, VALUE)                                                                    \
    case FC_OP_##NAME:                                                                             \
        out->FIELD = (VALUE);                                                                      \
        return FC_OK;
#define REF_FLOAT(S, f_, X)                                                                        \
    REF(MOV_##S, f_, a.f_)                                                                         \
    REF(SELECT_##S, f_, c.b ? a.f_ : b.f_)                                                         \
    REF(ADD_##S, f_, a.f_ + b.f_)                                                                  \
    REF(SUB_##S, f_, a.f_ - b.f_)                                                                  \
    REF(MUL_##S, f_, a.f_ *b.f_)                                                                   \
    REF(DIV_##S, f_, a.f_ / b.f_)                                                                  \
    REF(MIN_##S, f_, b.f_ < a.f_ ? b.f_ : a.f_)                                                    \
    REF(MAX_##S, f_, b.f_ > a.f_ ? b.f_ : a.f_)                                                    \
    REF(NEG_##S, f_, -a.f_)                                                                        \
    REF(SQUARE_##S, f_, a.f_ *a.f_)                                                                \
    REF(FMA_##S, f_, X(fma)(a.f_, b.f_, c.f_))                                                     \
    REF(ABS_##S, f_, X(fabs)(a.f_))                                                                \
    REF(SQRT_##S, f_, X(sqrt)(a.f_))                                                               \
    REF(FLOOR_##S, f_, X(floor)(a.f_))                                                             \
    REF(CEIL_##S, f_, X(ceil)(a.f_))                                                               \
    REF(TRUNC_##S, f_, X(trunc)(a.f_))                                                             \
    REF(RINT_##S, f_, X(rint)(a.f_))                                                               \
    REF(COPYSIGN_##S, f_, X(copysign)(a.f_, b.f_))                                                 \
    REF(LT_##S, b, a.f_ < b.f_)                                                                    \
    REF(LE_##S, b, a.f_ <= b.f_)                                                                   \
    REF(EQ_##S, b, a.f_ == b.f_)                                                                   \
    REF(NE_##S, b, a.f_ != b.f_)                                                                   \
    REF(ISNAN_##S, b, isnan(a.f_) != 0)                                                            \
    REF(ISINF_##S, b, isinf(a.f_) != 0)                                                            \
    REF(ISFINITE_##S, b, isfinite(a.f_) != 0)
#define SAME(name) name
#define WITH_F(name) name##f
        REF_FLOAT(D, d, SAME)
        REF_FLOAT(F, f, WITH_F)
#define REF_UNARY(NAME, name)                                                                      \
    REF(NAME##_D, d, unary_d(fc_vmath_exact()->name##_d, a.d))                                     \
    REF(NAME##_F, f, unary_f(fc_vmath_exact()->name##_f, a.f))
#define REF_BINARY(NAME, name)                                                                     \
    REF(NAME##_D, d, binary_d(fc_vmath_exact()->name##_d, a.d, b.d))                               \
    REF(NAME##_F, f, binary_f(fc_vmath_exact()->name##_f, a.f, b.f))
        FC_MATH_UNARY(REF_UNARY)
        FC_MATH_BINARY(REF_BINARY)
        REF(MOV_I, i, a.i)
        REF(MOV_B, b, a.b)
        REF(SELECT_I, i, c.b ? a.i : b.i)
        REF(SELECT_B, b, c.b ? a.b : b.b)
        REF(D_F, d, (double)a.f)
        REF(F_D, f, (float)a.d)
        REF(D_I, d, (double)a.i)
        REF(F_I, f, (float)a.i)
        REF(I_B, i, a.b)
        REF(B_D, b, a.d != 0)
        REF(B_F, b, a.f != 0)
        REF(B_I, b, a.i != 0)
        REF(MOD_D, d, ref_mod(a.d, b.d))
        REF(MOD_F, f, ref_mod_f(a.f, b.f))
        REF(FLOORDIV_D, d, ref_floordiv(a.d, b.d))
        REF(FLOORDIV_F, f, ref_floordiv_f(a.f, b.f))
        REF(CUBE_D, d, (double)((long double)a.d * a.d * a.d))
        REF(CUBE_F, f, (float)((double)a.f * a.f * a.f))
        REF(SIGNBIT_D, b, signbit(a.d) != 0)
        REF(IBITS_D, i, a.i)
        REF(DBITS_I, d, a.d)
        REF(MIN_I, i, a.i < b.i ? a.i : b.i)
        REF(MAX_I, i, a.i > b.i ? a.i : b.i)
        REF(AND_I, i, a.i & b.i)
        REF(OR_I, i, a.i | b.i)
        REF(XOR_I, i, a.i ^ b.i)
        REF(NOT_I, i, ~a.i)
        REF(ADDW_I, i, (int64_t)((uint64_t)a.i + (uint64_t)b.i))
        REF(SUBW_I, i, (int64_t)((uint64_t)a.i - (uint64_t)b.i))
        REF(MULW_I, i, (int64_t)((uint64_t)a.i * (uint64_t)b.i))
        REF(NEGW_I, i, (int64_t)(0 - (uint64_t)a.i))
        REF(LT_I, b, a.i < b.i)
        REF(LE_I, b, a.i <= b.i)
        REF(EQ_I, b, a.i == b.i)
        REF(NE_I, b, a.i != b.i)
        REF(LT_DI, b, compare_di(a.d, b.i) == -1)
        REF(LE_DI, b, compare_di(a.d, b.i) < 1)
        REF(EQ_DI, b, compare_di(a.d, b.i) == 0)
        REF(LT_ID, b, compare_di(b.d, a.i) == 1)
        REF(LE_ID, b, compare_di(b.d, a.i) == 1 || compare_di(b.d, a.i) == 0)
        REF(AND_B, b, a.b && b.b)
        REF(OR_B, b, a.b || b.b)
        REF(XOR_B, b, a.b != b.b)
        REF(ANDN_B, b, a.b && !b.b)
        REF(NOT_B, b, !a.b)
    case FC_OP_ADD_I:
        return wide(x + y, out);
    case FC_OP_SUB_I:
        return wide(x - y, out);
    case FC_OP_MUL_I:
        return wide(x * y, out);
    case FC_OP_NEG_I:
        return wide(-x, out);
    case FC_OP_ABS_I:
        return wide(x < 0 ? -x : x, out);
    case FC_OP_FLOORDIV_I:
        return y == 0 ? FC_ERR_ZERODIV : wide(floor_div(x, y), out);
    case FC_OP_MOD_I:
        return y == 0 ? FC_ERR_ZERODIV : wide(x - y * floor_div(x, y), out);
    case FC_OP_TRUEDIV_I:
        if (y == 0) {
            return FC_ERR_ZERODIV;
        }
        /* 64-bit mantissas: rounded twice, so compared loosely where that matters; exact for small
         * ones */
        out->d = (double)((long double)a.i / (long double)b.i);
        return FC_OK;
    case FC_OP_SHL_I:
        if (y < 0) {
            return FC_ERR_DOMAIN;
        }
        return x == 0 ? FC_OK : y > 63 ? FC_ERR_OVERFLOW : wide(x * ((__int128)1 << y), out);
    case FC_OP_SHLW_I:
        out->i = y < 0 || y > 63 ? 0 : (int64_t)((uint64_t)a.i * ((uint64_t)1 << y));
        return y < 0 ? FC_ERR_DOMAIN : FC_OK;
    case FC_OP_SHRW_I:
        out->i = y < 0 || y > 63 ? 0 : (int64_t)((uint64_t)a.i / ((uint64_t)1 << y));
        return y < 0 ? FC_ERR_DOMAIN : FC_OK;
    case FC_OP_LOW_I:
        out->i = a.i & b.i;
        return out->i < 0 ? FC_ERR_OVERFLOW : FC_OK;
    case FC_OP_SHR_I:
        out->i = a.i >> (y > 63 ? 63 : y < 0 ? 0 : y);
        return y < 0 ? FC_ERR_DOMAIN : FC_OK;
    case FC_OP_POW_I:
        if (y < 0) {
            return FC_ERR_DOMAIN;
        }
        out->i = 1;
        if (x == 0 || x == 1 || x == -1) {
            out->i = y == 0 ? 1 : x == -1 && y % 2 == 0 ? 1 : (int64_t)x;
            return FC_OK;
        }
        for (__int128 p = 1; y > 0; y--) {
            p *= x;
            if (wide(p, out) != FC_OK) {
                return FC_ERR_OVERFLOW;
            }
        }
        return FC_OK;
    case FC_OP_GCD_I:
        x = x < 0 ? -x : x;
        y = y < 0 ? -y : y;
        while (y != 0) {
            __int128 r = x % y;
            x = y;
            y = r;
        }
        return wide(x, out);
    case FC_OP_COMB_I: {
        if (x < 0 || y < 0) {
            return FC_ERR_DOMAIN;
        }
        if (y > x) {
            return FC_OK;
        }
        __int128 r = 1;
        y = y < x - y ? y : x - y;
        for (__int128 i = 1; i <= y; i++) {
            r = r * (x - y + i) / i;
            if (wide(r, out) != FC_OK) {
                return FC_ERR_OVERFLOW;
            }
        }
        return wide(r, out);
    }
    case FC_OP_FACTORIAL_I: {
        if (x < 0) {
            return FC_ERR_DOMAIN;
        }
        __int128 r = 1;
        for (__int128 i = 2; i <= x; i++) {
            r *= i;
            if (wide(r, out) != FC_OK) {
                return FC_ERR_OVERFLOW;
            }
        }
        return wide(r, out);
    }
    case FC_OP_ISQRT_I: {
        if (x < 0) {
            return FC_ERR_DOMAIN;
        }
        __int128 low = 0, high = (__int128)1 << 32;
        while (high - low > 1) {
            __int128 middle = (low + high) / 2;
            *(middle * middle <= x ? &low : &high) = middle;
        }
        return wide(low, out);
    }
    case FC_OP_I_D:
        if (isnan(a.d)) {
            return FC_ERR_DOMAIN;
        }
        if (!(a.d >= -0x1p63 && a.d < 0x1p63)) {
            return FC_ERR_OVERFLOW;
        }
        out->i = (int64_t)a.d;
        return FC_OK;
    case FC_OP_INDEX_D:
    case FC_OP_INDEX_F:
    case FC_OP_INDEX_I:
    case FC_OP_INDEX_B:
        if (ref_index(a, &at) != FC_OK) {
            return FC_ERR_INDEX;
        }
        if (op == FC_OP_INDEX_D) {
            out->d = table_d[at];
        } else if (op == FC_OP_INDEX_F) {
            out->f = table_f[at];
        } else if (op == FC_OP_INDEX_I) {
            out->i = table_i[at];
        } else {
            out->b = table_b[at];
        }
        return FC_OK;
    default:
        return FC_ERR_UNSUPPORTED;
    }
}

/* ---- values
 * ---------------------------------------------------------------------------------------------------
 */

static uint64_t seed = 88172645463325252u;

static uint64_t next_random(void)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return seed;
}

static cell random_cell(unsigned type, bool tame)
{
    static const double special_d[] = {0.0,
                                       -0.0,
                                       1.0,
                                       -1.0,
                                       0.5,
                                       INFINITY,
                                       -INFINITY,
                                       NAN,
                                       0x1p63,
                                       -0x1p63,
                                       0x1p53,
                                       4.9e-324,
                                       1.7976931348623157e308,
                                       3.0,
                                       -3.0,
                                       9.2e18,
                                       2.5};
    static const int64_t special_i[] = {0,
                                        1,
                                        -1,
                                        2,
                                        -2,
                                        INT64_MAX,
                                        INT64_MIN,
                                        INT64_MAX - 1,
                                        63,
                                        64,
                                        (int64_t)1 << 53,
                                        ((int64_t)1 << 53) + 1,
                                        -((int64_t)1 << 62),
                                        20,
                                        21};
    uint64_t r = next_random();
    cell value = {.bits = 0};
    switch (type) {
    case FC_TYPE_D:
        value.d = r % 3 == 0 && !tame ? special_d[r / 3 % 17]
                                      : ldexp((double)(int64_t)next_random(), (int)(r % 80) - 100);
        break;
    case FC_TYPE_F:
        value.f = r % 3 == 0 && !tame
                      ? (float)special_d[r / 3 % 17]
                      : (float)ldexp((double)(int64_t)next_random(), (int)(r % 80) - 100);
        break;
    case FC_TYPE_I:
        value.i = tame         ? (int64_t)(r % 5)
                  : r % 3 == 0 ? special_i[r / 3 % 15]
                  : r % 3 == 1 ? (int64_t)(r % 100) - 20
                               : (int64_t)next_random() >> (r / 3 % 60);
        break;
    default:
        value.b = r & 1;
    }
    return value;
}

static unsigned type_of(char letter)
{
    return (unsigned)(strchr("DFIB", letter) - "DFIB");
}

static bool same(unsigned op, unsigned type, cell got, cell wanted)
{
    switch (type) {
    case FC_TYPE_D:
        if (isnan(got.d) && isnan(wanted.d)) {
            return true;
        }
        if (op == FC_OP_TRUEDIV_I ||
            op == FC_OP_CUBE_D) { /* the references are not exact themselves */
            return got.d == wanted.d || fabs(got.d - wanted.d) <= fabs(wanted.d) * 0x1p-52 ||
                   fabs(wanted.d) < 1e-290;
        }
        return got.bits == wanted.bits;
    case FC_TYPE_F:
        return (isnan(got.f) && isnan(wanted.f)) || memcmp(&got.f, &wanted.f, 4) == 0;
    case FC_TYPE_I:
        return got.i == wanted.i;
    default:
        return got.b == wanted.b;
    }
}

/* ---- one opcode, one mix, one length
 * -------------------------------------------------------------------------- */

#define MAX_N 1100

static cell column[3][MAX_N]; /* operands, element by element */
static uint8_t mask[MAX_N];

static void pack(unsigned type, const cell *from, size_t n, void *to)
{
    for (size_t i = 0; i < n; i++) {
        switch (type) {
        case FC_TYPE_D:
            ((double *)to)[i] = from[i].d;
            break;
        case FC_TYPE_F:
            ((float *)to)[i] = from[i].f;
            break;
        case FC_TYPE_I:
            ((int64_t *)to)[i] = from[i].i;
            break;
        default:
            ((uint8_t *)to)[i] = from[i].b;
        }
    }
}

static cell unpack(unsigned type, const void *from, size_t i)
{
    cell value = {.bits = 0};
    switch (type) {
    case FC_TYPE_D:
        value.d = ((const double *)from)[i];
        break;
    case FC_TYPE_F:
        value.f = ((const float *)from)[i];
        break;
    case FC_TYPE_I:
        value.i = ((const int64_t *)from)[i];
        break;
    default:
        value.b = ((const uint8_t *)from)[i];
    }
    return value;
}

static int failures;

/* mix: two bits an operand: 0 varying, 1 uniform, 2 constant; bit 6: a mask. */
static void run_case(unsigned op, unsigned mix, size_t n, bool tame, fc_isa isa)
{
    const char *signature = fc_opcode_signatures[op];
    static assembler a;
    memset(&a, 0, sizeof a);
    a.flags = FC_PROGRAM_EXACT;
    uint16_t operand[3] = {NO, NO, NO};
    fc_operand inputs[4] = {0};
    static _Alignas(64) char memory[4][MAX_N * 8], out[MAX_N * 8 + 64];
    unsigned n_inputs = 0;
    bool varying = false;
    for (int k = 0; k < 3 && signature[k + 1] != '-'; k++) {
        const unsigned type = type_of(signature[k + 1]), kind = mix >> (2 * k) & 3;
        for (size_t i = 0; i < n; i++) {
            column[k][i] = kind == 0 || i == 0 ? random_cell(type, tame) : column[k][0];
        }
        if (kind == 2) {
            double as_double = column[k][0].f;
            uint64_t bits = column[k][0].bits;
            if (type == FC_TYPE_F) {
                memcpy(&bits, &as_double, 8);
            } else if (type == FC_TYPE_B) {
                bits = column[k][0].b;
            }
            operand[k] = asm_constant(&a, type, bits);
            continue;
        }
        operand[k] = asm_input(&a, type, kind);
        varying = varying || kind == 0;
        if (kind == 1) {
            inputs[n_inputs].kind = FC_SCALAR;
            if (type == FC_TYPE_D || type == FC_TYPE_F) {
                inputs[n_inputs].scalar.d = type == FC_TYPE_D ? column[k][0].d : column[k][0].f;
            } else {
                inputs[n_inputs].scalar.i = type == FC_TYPE_I ? column[k][0].i : column[k][0].b;
            }
        } else {
            pack(type, column[k], n, memory[k]);
            inputs[n_inputs] = (fc_operand){.kind = FC_ARRAY,
                                            .dtype = dtypes[type],
                                            .data = memory[k],
                                            .stride = (ptrdiff_t)fc_type_size(type)};
        }
        n_inputs++;
    }
    uint16_t m = NO;
    if ((mix & 64) != 0) {
        for (size_t i = 0; i < n; i++) {
            mask[i] = next_random() % 4 == 0;
        }
        m = asm_input(&a, FC_TYPE_B, FC_KIND_VARYING);
        inputs[n_inputs++] =
            (fc_operand){.kind = FC_ARRAY, .dtype = FC_BOOL, .data = mask, .stride = 1};
    }
    const unsigned type = type_of(signature[0]);
    /* A uniform result is looked at through a varying output. */
    uint16_t d = asm_reg(&a, type, varying ? FC_KIND_VARYING : FC_KIND_UNIFORM);
    a.outputs[a.n_outputs++] = d;
    fc_table table = {.length = N_TABLE};
    if (strchr(fc_opcode_flags[op], 'T') != NULL) {
        a.tables[a.n_tables++] = (uint8_t)type;
        const void *data[4] = {table_d, table_f, table_i, table_b};
        table.data = data[type];
        table.dtype = dtypes[type];
        table.stride = (ptrdiff_t)fc_type_size(type);
    }
    asm_op(&a, op, d, operand[0], operand[1], operand[2], m, 0);
    fc_program *program = asm_build(&a, isa);
    CHECK(program != NULL);
    fc_vm *vm;
    CHECK(program != NULL && fc_vm_create(program, &vm) == FC_OK);
    if (program == NULL) {
        return;
    }
    memset(out, 0x5A, sizeof out);
    fc_operand output = {.kind = FC_ARRAY,
                         .dtype = dtypes[type],
                         .data = out,
                         .stride = (ptrdiff_t)fc_type_size(type)};
    fc_fault fault;
    fc_status status = fc_vm_run(vm, n, inputs, &output, &table, NULL, 0, &fault);

    fc_status wanted = FC_OK;
    size_t at = 0;
    cell value;
    for (; at < n; at++) {
        wanted = reference(op, column[0][at], column[1][at], column[2][at], &value);
        if (m != NO && !mask[at]) {
            wanted = FC_OK;
            continue;
        }
        if (wanted != FC_OK) {
            break;
        }
        if (status == FC_OK && !same(op, type, unpack(type, out, at), value) && failures++ < 20) {
            fprintf(stderr,
                    "%s mix %x isa %d n %zu element %zu: %a/%lld wanted %a/%lld, from %a %a %lld "
                    "%lld\n",
                    fc_opcode_names[op], mix, isa, n, at, unpack(type, out, at).d,
                    (long long)unpack(type, out, at).i, value.d, (long long)value.i,
                    column[0][at].d, column[1][at].d, (long long)column[0][at].i,
                    (long long)column[1][at].i);
        }
    }
    if (status != wanted || (wanted != FC_OK && fault.element != at)) {
        if (failures++ < 20) {
            fprintf(stderr, "%s mix %x isa %d n %zu: status %d at %zu, wanted %d at %zu\n",
                    fc_opcode_names[op], mix, isa, n, status, fault.element, wanted, at);
        }
    }
    const size_t used = n * fc_type_size(type);
    for (size_t i = used; i < used + 64; i++) {
        failures += out[i] != 0x5A;
    }
    fc_vm_destroy(vm);
    fc_program_release(program);
}

static bool is_elementwise(unsigned op)
{
    return strchr(fc_opcode_flags[op], 'U') == NULL && fc_opcode_signatures[op][0] != '-';
}

int main(void)
{
    static const size_t lengths[] = {1, 2, 15, 16, 17, 64, 100, 1000, 1023};
    for (int isa = FC_ISA_BASELINE; isa <= (int)fc_cpu_isa(); isa++) {
        for (unsigned op = 0; op < FC_N_OPCODES; op++) {
            if (!is_elementwise(op)) {
                continue;
            }
            const char *signature = fc_opcode_signatures[op];
            unsigned n_operands = signature[2] == '-' ? 1 : signature[3] == '-' ? 2 : 3;
            unsigned n_mixes = 1u << (2 * n_operands);
            for (unsigned mix = 0; mix < n_mixes; mix++) {
                bool valid = true;
                for (unsigned k = 0; k < n_operands; k++) {
                    valid = valid && (mix >> (2 * k) & 3) != 3;
                }
                for (size_t k = 0; valid && k < sizeof lengths / sizeof lengths[0]; k++) {
                    run_case(op, mix, lengths[k], k % 2 == 0, (fc_isa)isa);
                    run_case(op, mix, lengths[k], false, (fc_isa)isa);
                    if (strchr(fc_opcode_flags[op], 'M') != NULL) {
                        run_case(op, mix | 64, lengths[k], k % 2 == 0, (fc_isa)isa);
                    }
                }
            }
        }
    }
    CHECK(failures == 0);
    return check_report();
}
