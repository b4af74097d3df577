/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Template of the vectorised activations; the including file defines VEC and ACT_NAME.
 * A rest shorter than a vector goes through a padded one, so that an element's bits do not depend
 * on its place. */
#include "fc_act.h"

#include <math.h>

#include "fc_simd.h"

/* exp(x): x = n ln 2 + r, |r| <= ln(2) / 2, a Taylor polynomial of degree 7 (error below 2^-27),
 * scaled by 2^n in two steps so that subnormal results round once. About 1 ulp. */
INLINE vf exp_vf(vf x)
{
    const vf magic = splat(12582912.0F); /* 1.5 * 2^23: adding it rounds to an integer */
    vf y = at_most(at_least(x, splat(-105.0F)), splat(89.0F));
    vf shifted = fma_vf(y, splat(1.44269504F), magic);
    vf n = shifted - magic;
    vf r = fma_vf(n, splat(-0.693145752F), y); /* ln 2 in two parts: the first product is exact */
    r = fma_vf(n, splat(-1.42860677e-6F), r);
    vf p = splat(1.0F / 5040);
    p = fma_vf(p, r, splat(1.0F / 720));
    p = fma_vf(p, r, splat(1.0F / 120));
    p = fma_vf(p, r, splat(1.0F / 24));
    p = fma_vf(p, r, splat(1.0F / 6));
    p = fma_vf(p, r, splat(0.5F));
    p = fma_vf(p, r, splat(1.0F));
    p = fma_vf(p, r, splat(1.0F));
    vi whole = (vi)shifted - (vi)magic; /* n as integers: the ulp of magic is 1 */
    vi half = whole >> 1;
    vf a = (vf)((half + 127) << 23), b = (vf)((whole - half + 127) << 23);
    vf result = p * a * b;
    return select_vf(x != x, x, result);
}

INLINE vf sigmoid_vf(vf x)
{
    return splat(1.0F) / (splat(1.0F) + exp_vf(-x));
}

/* tanh(x) = 1 - 2 / (exp(2x) + 1) loses digits near 0; there an odd polynomial (Taylor to x^9, |x|
 * < 0.25). */
INLINE vf tanh_vf(vf x)
{
    vf magnitude = (vf)((vi)x & 0x7fffffff);
    vf far = splat(1.0F) - splat(2.0F) / (exp_vf(magnitude + magnitude) + splat(1.0F));
    vf s = x * x;
    vf p = splat(62.0F / 2835);
    p = fma_vf(p, s, splat(-17.0F / 315));
    p = fma_vf(p, s, splat(2.0F / 15));
    p = fma_vf(p, s, splat(-1.0F / 3));
    vf near = fma_vf(p * s, x, x);
    far = (vf)((vi)far | ((vi)x & (vi)splat(-0.0F)));
    vf result = select_vf(magnitude < splat(0.25F), near, far);
    return select_vf(x != x, x, result);
}

/* exp(x) - 1 for x <= 0, exact enough near 0 (Taylor to x^7 for x > -0.25). */
INLINE vf expm1_negative_vf(vf x)
{
    vf p = splat(1.0F / 5040);
    p = fma_vf(p, x, splat(1.0F / 720));
    p = fma_vf(p, x, splat(1.0F / 120));
    p = fma_vf(p, x, splat(1.0F / 24));
    p = fma_vf(p, x, splat(1.0F / 6));
    p = fma_vf(p, x, splat(0.5F));
    vf near = fma_vf(p * x, x, x);
    return select_vf(x > splat(-0.25F), near, exp_vf(x) - splat(1.0F));
}

INLINE vf unit_clip(vf x)
{
    return at_most(at_least(x, splat(0.0F)), splat(1.0F));
}

#define LOOP(expression)                                                                           \
    do {                                                                                           \
        size_t i = 0;                                                                              \
        for (; i + VEC <= n; i += VEC) {                                                           \
            vf v = load(x + i);                                                                    \
            store(y + i, (expression));                                                            \
        }                                                                                          \
        if (i < n) {                                                                               \
            float rest[VEC] = {0};                                                                 \
            memcpy(rest, x + i, (n - i) * sizeof *rest);                                           \
            vf v = load(rest);                                                                     \
            store(rest, (expression));                                                             \
            memcpy(y + i, rest, (n - i) * sizeof *rest);                                           \
        }                                                                                          \
    } while (0)

int ACT_NAME(fc_act act, size_t n, const float *x, float *y)
{
    const vf p = splat(act.p), q = splat(act.q), zero = splat(0.0F), one = splat(1.0F);
    switch (act.kind) {
    case FC_ACT_CLIP:
        LOOP(at_most(at_least(v, p), q));
        return 1;
    case FC_ACT_AFFINE:
        LOOP(p * v + q);
        return 1;
    case FC_ACT_LEAKY:
        LOOP(select_vf(v < zero, p * v, v));
        return 1;
    case FC_ACT_ELU:
        LOOP(select_vf(v < zero, p * expm1_negative_vf(v), q * v));
        return 1;
    case FC_ACT_SIGMOID:
        LOOP(sigmoid_vf(v));
        return 1;
    case FC_ACT_SILU:
        LOOP(v * sigmoid_vf(p * v));
        return 1;
    case FC_ACT_HARDSIGMOID:
        LOOP(unit_clip(p * v + q));
        return 1;
    case FC_ACT_HARDSWISH:
        LOOP(v * unit_clip(p * v + q));
        return 1;
    case FC_ACT_TANH:
        LOOP(tanh_vf(v));
        return 1;
    case FC_ACT_SOFTSIGN:
        LOOP(v / (one + (vf)((vi)v & 0x7fffffff)));
        return 1;
    case FC_ACT_EXP:
        LOOP(exp_vf(v));
        return 1;
    case FC_ACT_NEG:
        LOOP(-v);
        return 1;
    case FC_ACT_ABS:
        LOOP((vf)((vi)v & 0x7fffffff));
        return 1;
    case FC_ACT_RECIPROCAL:
        LOOP(one / v);
        return 1;
    case FC_ACT_QUANTIZE_U8:
    case FC_ACT_QUANTIZE_I8:
    case FC_ACT_QUANTIZE_U16:
    case FC_ACT_QUANTIZE_I16: {
        float least, most;
        fc_act_range(act.kind, &least, &most);
        const vf lo = splat(least - act.q), hi = splat(most - act.q);
        const vf magic = splat(12582912.0F); /* 1.5 * 2^23: adding it rounds to an integer */
        LOOP(at_most(at_least(v / p, lo), hi) + magic - magic + q);
        return 1;
    }
    case FC_ACT_DEQUANTIZE:
        LOOP((v - q) * p);
        return 1;
    default:
        return 0;
    }
}
