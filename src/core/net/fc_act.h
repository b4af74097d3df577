/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions of one float that networks use: activations and the unary operators of ONNX. NaN in
 * gives NaN out (but for the casts and tests). Those marked * have two parameters p and q. */
#ifndef FC_ACT_H
#define FC_ACT_H

#include <stdbool.h>
#include <stddef.h>

#include "fc_cpu.h"

/* clang-format off */
/*    name         y = */
#define FC_ACT_TABLE(X)                                                                            \
    X(NONE)         /* x */                                                                        \
    X(CLIP)         /* * min(max(x, p), q); Relu is p = 0, q = inf */                              \
    X(AFFINE)       /* * p x + q */                                                                \
    X(LEAKY)        /* * x < 0 ? p x : x */                                                        \
    X(ELU)          /* * x < 0 ? p (exp(x) - 1) : q x; Selu too */                                 \
    X(SIGMOID)      /* 1 / (1 + exp(-x)) */                                                        \
    X(SILU)         /* x sigmoid(p x) */                                                           \
    X(HARDSIGMOID)  /* * min(max(p x + q, 0), 1) */                                                \
    X(HARDSWISH)    /* * x min(max(p x + q, 0), 1) */                                              \
    X(TANH)         /* tanh(x) */                                                                  \
    X(SOFTPLUS)     /* log(1 + exp(x)) */                                                          \
    X(SOFTSIGN)     /* x / (1 + |x|) */                                                            \
    X(ERF)          /* erf(x) */                                                                   \
    X(GELU)         /* x (1 + erf(x / sqrt(2))) / 2 */                                             \
    X(GELU_TANH)    /* the approximation by tanh */                                                \
    X(MISH)         /* x tanh(softplus(x)) */                                                      \
    X(EXP)          /* exp(x) */                                                                   \
    X(LOG)          /* log(x) */                                                                   \
    X(SQRT)         /* sqrt(x) */                                                                  \
    X(NEG)          /* -x */                                                                       \
    X(ABS)          /* |x| */                                                                      \
    X(RECIPROCAL)   /* 1 / x */                                                                    \
    X(POW)          /* * x to the p */                                                             \
    X(TRUNC)        /* towards zero: a cast to an integer type wide enough */                      \
    X(WRAP)         /* * an integer modulo p, into [q, q + p): uint8 is 256, 0 */                  \
    X(BOOL)         /* x != 0 ? 1 : 0 */                                                           \
    X(FLOAT16)      /* rounded to half precision */                                                \
    X(FLOOR)        /* down */                                                                     \
    X(CEIL)         /* up */                                                                       \
    X(ROUND)        /* to nearest, ties to even */                                                 \
    X(SIGN)         /* -1, 0 or 1 */                                                               \
    X(CELU)         /* * max(0, x) + min(0, p (exp(x / p) - 1)) */                                 \
    X(THRESHOLD)    /* * x > p ? x : 0 */                                                          \
    X(SIN)          /* sin(x) */                                                                   \
    X(COS)          /* cos(x) */                                                                   \
    X(QUANTIZE_U8)  /* * round(x / p) + q, ties to even, within 0 and 255; NaN stays NaN */        \
    X(QUANTIZE_I8)  /* * the same within -128 and 127 */                                           \
    X(QUANTIZE_U16) /* * 0 and 65535 */                                                            \
    X(QUANTIZE_I16) /* * -32768 and 32767 */                                                       \
    X(DEQUANTIZE)   /* * (x - q) p */                                                              \
    X(SHRINK)       /* * x < -p ? x + q : x > p ? x - q : 0 */                                     \
    X(ISNAN)        /* x is NaN ? 1 : 0 */                                                         \
    X(ISINF)        /* * x is -inf and p != 0, or inf and q != 0 ? 1 : 0 */                        \
    X(TAN)                                                                                         \
    X(ASIN)                                                                                        \
    X(ACOS)                                                                                        \
    X(ATAN)                                                                                        \
    X(SINH)                                                                                        \
    X(COSH)                                                                                        \
    X(ASINH)                                                                                       \
    X(ACOSH)                                                                                       \
    X(ATANH)
/* clang-format on */

typedef enum fc_act_kind {
#define FC_ACT_ENUM(name) FC_ACT_##name,
    FC_ACT_TABLE(FC_ACT_ENUM)
#undef FC_ACT_ENUM
        FC_N_ACT
} fc_act_kind;

typedef struct fc_act {
    fc_act_kind kind;
    float p, q;
} fc_act;

/* The range of the integers that a kind QUANTIZE_... gives. */
static inline void fc_act_range(fc_act_kind kind, float *lo, float *hi)
{
    const bool wide = kind == FC_ACT_QUANTIZE_U16 || kind == FC_ACT_QUANTIZE_I16;
    const bool is_signed = kind == FC_ACT_QUANTIZE_I8 || kind == FC_ACT_QUANTIZE_I16;
    const float count = wide ? 65536.0F : 256.0F;
    *lo = is_signed ? -count / 2 : 0.0F;
    *hi = *lo + count - 1;
}

/* y[i] = act(x[i]) for n floats of any alignment; y may be x. Element by element: the bits of y[i]
 * depend on x[i] alone, never on n. Threads: any. */
void fc_act_apply(fc_act act, size_t n, const float *x, float *y);

/* The same, plain C with libm, for tests. */
void fc_act_reference(fc_act act, size_t n, const float *x, float *y);

/* Instances of fc_act_impl.h: true when this kind is vectorised and was done. */
int fc_act_apply_baseline(fc_act act, size_t n, const float *x, float *y);
int fc_act_apply_avx2(fc_act act, size_t n, const float *x, float *y);
int fc_act_apply_avx512(fc_act act, size_t n, const float *x, float *y);

#endif
