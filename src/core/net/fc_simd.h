/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Vectors of floats for the template files (*_impl.h): GCC's vector extensions plus the few
 * operations they lack. The including file has defined VEC, the floats a vector holds (4, 8 or 16).
 * Comparisons and arithmetic are written with operators; a ? b : c on vectors with select(). */
#include <stdint.h>
#include <string.h>

#if defined(__AVX2__) || defined(__AVX512F__)
#include <immintrin.h>
#endif

typedef float vf __attribute__((vector_size(4 * VEC)));
typedef int32_t vi __attribute__((vector_size(4 * VEC)));

#define INLINE static inline __attribute__((always_inline, unused))

INLINE vf load(const float *p)
{
    vf v;
    memcpy(&v, p, sizeof v);
    return v;
}

INLINE void store(float *p, vf v)
{
    memcpy(p, &v, sizeof v);
}

INLINE vf splat(float s)
{
#if VEC == 16 && defined(__AVX512F__)
    return (vf)_mm512_set1_ps(s);
#elif VEC == 8 && defined(__AVX2__)
    return (vf)_mm256_set1_ps(s);
#elif VEC == 4
    return (vf){s, s, s, s};
#else
    vf v;
    for (int i = 0; i < VEC; i++) {
        v[i] = s;
    }
    return v;
#endif
}

/* a * b + c; rounded once where the processor can. */
INLINE vf fma_vf(vf a, vf b, vf c)
{
#if VEC == 16 && defined(__AVX512F__)
    return (vf)_mm512_fmadd_ps((__m512)a, (__m512)b, (__m512)c);
#elif VEC == 8 && defined(__AVX2__)
    return (vf)_mm256_fmadd_ps((__m256)a, (__m256)b, (__m256)c);
#else
    return a * b + c;
#endif
}

INLINE vf select_vf(vi mask, vf yes, vf no)
{
    return (vf)((mask & (vi)yes) | (~mask & (vi)no));
}

/* The larger, the smaller; x where x is NaN (limit is not). */
INLINE vf at_least(vf x, vf limit)
{
#if VEC == 16 && defined(__AVX512F__)
    return (vf)_mm512_max_ps((__m512)limit, (__m512)x);
#elif VEC == 8 && defined(__AVX2__)
    return (vf)_mm256_max_ps((__m256)limit, (__m256)x);
#else
    return select_vf(x < limit, limit, x);
#endif
}

INLINE vf at_most(vf x, vf limit)
{
#if VEC == 16 && defined(__AVX512F__)
    return (vf)_mm512_min_ps((__m512)limit, (__m512)x);
#elif VEC == 8 && defined(__AVX2__)
    return (vf)_mm256_min_ps((__m256)limit, (__m256)x);
#else
    return select_vf(x > limit, limit, x);
#endif
}
