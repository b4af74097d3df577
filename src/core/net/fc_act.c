/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Functions of one float; contract in fc_act.h. */
#include "fc_act.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

static float clip(float x, float lo, float hi)
{
    float y = x < lo ? lo : x;
    return y > hi ? hi : y;
}

static float softplus(float x)
{
    return x > 0 ? x + log1pf(expf(-x)) : log1pf(expf(x));
}

/* Round to nearest even half precision: 11 significant bits, exponents -24 .. 15. */
static float to_float16(float x)
{
    if (!isfinite(x) || x == 0) {
        return x;
    }
    int exponent;
    frexpf(x, &exponent);
    int ulp = (exponent < -13 ? -13 : exponent) - 11;
    float rounded = ldexpf(rintf(ldexpf(x, -ulp)), ulp);
    return fabsf(rounded) >= 65520.0F ? copysignf(INFINITY, x) : rounded;
}

static float wrap(float x, float modulus, float lowest)
{
    float y = fmodf(truncf(x) - lowest, modulus);
    return (y < 0 ? y + modulus : y) + lowest;
}

static float quantize(fc_act act, float x)
{
    float lo, hi;
    fc_act_range(act.kind, &lo, &hi);
    return rintf(clip(x / act.p, lo - act.q, hi - act.q)) + act.q;
}

static float one(fc_act act, float x)
{
    const float p = act.p, q = act.q;
    switch (act.kind) {
    case FC_ACT_CLIP:
        return clip(x, p, q);
    case FC_ACT_AFFINE:
        return p * x + q;
    case FC_ACT_LEAKY:
        return x < 0 ? p * x : x;
    case FC_ACT_ELU:
        return x < 0 ? p * expm1f(x) : q * x;
    case FC_ACT_SIGMOID:
        return 1.0F / (1.0F + expf(-x));
    case FC_ACT_SILU:
        return x / (1.0F + expf(-p * x));
    case FC_ACT_HARDSIGMOID:
        return clip(p * x + q, 0, 1);
    case FC_ACT_HARDSWISH:
        return x * clip(p * x + q, 0, 1);
    case FC_ACT_TANH:
        return tanhf(x);
    case FC_ACT_SOFTPLUS:
        return softplus(x);
    case FC_ACT_SOFTSIGN:
        return x / (1.0F + fabsf(x));
    case FC_ACT_ERF:
        return erff(x);
    case FC_ACT_GELU:
        return 0.5F * x * (1.0F + erff(x * 0.70710678F));
    case FC_ACT_GELU_TANH:
        return 0.5F * x * (1.0F + tanhf(0.79788456F * (x + 0.044715F * x * x * x)));
    case FC_ACT_MISH:
        return x * tanhf(softplus(x));
    case FC_ACT_EXP:
        return expf(x);
    case FC_ACT_LOG:
        return logf(x);
    case FC_ACT_SQRT:
        return sqrtf(x);
    case FC_ACT_NEG:
        return -x;
    case FC_ACT_ABS:
        return fabsf(x);
    case FC_ACT_RECIPROCAL:
        return 1.0F / x;
    case FC_ACT_POW:
        return powf(x, p);
    case FC_ACT_TRUNC:
        return truncf(x);
    case FC_ACT_WRAP:
        return wrap(x, p, q);
    case FC_ACT_BOOL:
        return x != 0 ? 1.0F : 0.0F;
    case FC_ACT_FLOAT16:
        return to_float16(x);
    case FC_ACT_FLOOR:
        return floorf(x);
    case FC_ACT_CEIL:
        return ceilf(x);
    case FC_ACT_ROUND:
        return rintf(x);
    case FC_ACT_SIGN:
        return x > 0 ? 1.0F : x < 0 ? -1.0F : x;
    case FC_ACT_CELU:
        return x < 0 ? p * expm1f(x / p) : x;
    case FC_ACT_THRESHOLD:
        return x > p ? x : x != x ? x : 0.0F;
    case FC_ACT_SIN:
        return sinf(x);
    case FC_ACT_COS:
        return cosf(x);
    case FC_ACT_QUANTIZE_U8:
    case FC_ACT_QUANTIZE_I8:
    case FC_ACT_QUANTIZE_U16:
    case FC_ACT_QUANTIZE_I16:
        return quantize(act, x);
    case FC_ACT_DEQUANTIZE:
        return (x - q) * p;
    case FC_ACT_SHRINK:
        return x < -p ? x + q : x > p ? x - q : x != x ? x : 0.0F;
    case FC_ACT_ISNAN:
        return x != x ? 1.0F : 0.0F;
    case FC_ACT_ISINF:
        return (x == -INFINITY && p != 0) || (x == INFINITY && q != 0) ? 1.0F : 0.0F;
    case FC_ACT_TAN:
        return tanf(x);
    case FC_ACT_ASIN:
        return asinf(x);
    case FC_ACT_ACOS:
        return acosf(x);
    case FC_ACT_ATAN:
        return atanf(x);
    case FC_ACT_SINH:
        return sinhf(x);
    case FC_ACT_COSH:
        return coshf(x);
    case FC_ACT_ASINH:
        return asinhf(x);
    case FC_ACT_ACOSH:
        return acoshf(x);
    case FC_ACT_ATANH:
        return atanhf(x);
    case FC_ACT_NONE:
    case FC_N_ACT:
        break;
    }
    return x;
}

void fc_act_reference(fc_act act, size_t n, const float *x, float *y)
{
    for (size_t i = 0; i < n; i++) {
        y[i] = one(act, x[i]);
    }
}

void fc_act_apply(fc_act act, size_t n, const float *x, float *y)
{
    if (act.kind == FC_ACT_NONE) {
        if (x != y) {
            memmove(y, x, n * sizeof *y);
        }
        return;
    }
    int done;
    switch (fc_cpu_isa()) {
#if FC_X86
    case FC_ISA_AVX512:
        done = fc_act_apply_avx512(act, n, x, y);
        break;
    case FC_ISA_AVX2:
        done = fc_act_apply_avx2(act, n, x, y);
        break;
#endif
    default:
        done = fc_act_apply_baseline(act, n, x, y);
        break;
    }
    if (!done) {
        fc_act_reference(act, n, x, y);
    }
}
