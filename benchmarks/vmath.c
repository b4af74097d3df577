/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Nanoseconds per element of the vector functions, beside libmvec's (of the same width) and libm's
 * loops. Blocks of 1024 elements in L1, the fastest of many interleaved rounds. Build and run:
 *
 *     benchmarks/vmath.sh [names...]
 */
#include "fc_vmath.h"

#include <dlfcn.h>
#include <math.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <immintrin.h>

#define N 1024
#define ROUNDS 200

typedef __m256d mvec1(__m256d);
typedef __m256d mvec2(__m256d, __m256d);
typedef __m256 mvec1f(__m256);

typedef struct named {
    const char *name;
    size_t d, f;
    double lo, hi;
} named;
#define CASE(name) {#name, offsetof(fc_vmath, name##_d), offsetof(fc_vmath, name##_f), -4, 4},
static named unary[] = {FC_VMATH_UNARY(CASE)};
static named binary[] = {FC_VMATH_BINARY(CASE)};
#define ENTRY(table, offset, type)                                                                 \
    (*(type *const *)(const void *)((const char *)(table) + (offset)))

static _Alignas(64) double xd[N], yd[N], zd[N];
static _Alignas(64) float xf[N], yf[N], zf[N];
static void *libmvec;

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static void *mvec(const char *format, const char *name)
{
    char symbol[64];
    snprintf(symbol, sizeof symbol, format, name);
    return libmvec == NULL ? NULL : dlsym(libmvec, symbol);
}

#define TIME(best, statement)                                                                      \
    do {                                                                                           \
        const double start_ = now();                                                               \
        statement;                                                                                 \
        const double t_ = (now() - start_) / N;                                                    \
        (best) = t_ < (best) ? t_ : (best);                                                        \
    } while (0)

static void bench(const named *c, int two)
{
    const fc_vmath *tables[3] = {fc_vmath_get(FC_ISA_BASELINE), fc_vmath_get(fc_cpu_isa()),
                                 fc_vmath_exact()};
    const int positive = strncmp(c->name, "log", 3) == 0 || strcmp(c->name, "pow") == 0;
    const int unit = strcmp(c->name, "asin") == 0 || strcmp(c->name, "acos") == 0 ||
                     strcmp(c->name, "atanh") == 0;
    for (int i = 0; i < N; i++) {
        const double u = (double)rand() / RAND_MAX, v = (double)rand() / RAND_MAX;
        xd[i] = positive ? 10 * u + 1e-3 : unit ? 2 * u - 1 : 8 * u - 4;
        xd[i] = strcmp(c->name, "acosh") == 0 ? 1 + 4 * u : xd[i];
        yd[i] = 8 * v - 4;
        xf[i] = (float)xd[i];
        yf[i] = (float)yd[i];
    }
    double best[3] = {1e9, 1e9, 1e9}, best_f[3] = {1e9, 1e9, 1e9}, best_m = 1e9, best_mf = 1e9;
    mvec1 *m1 = two ? NULL : (mvec1 *)mvec("_ZGVdN4v_%s", c->name);
    mvec1f *m1f = two ? NULL : (mvec1f *)mvec("_ZGVdN8v_%sf", c->name);
    mvec2 *m2 = two ? (mvec2 *)mvec("_ZGVdN4vv_%s", c->name) : NULL;
    for (int r = 0; r < ROUNDS; r++) {
        for (int t = 0; t < 3; t++) {
            if (two) {
                TIME(best[t], ENTRY(tables[t], c->d, fc_binary_d)(N, xd, yd, zd));
                TIME(best_f[t], ENTRY(tables[t], c->f, fc_binary_f)(N, xf, yf, zf));
            } else {
                TIME(best[t], ENTRY(tables[t], c->d, fc_unary_d)(N, xd, zd));
                TIME(best_f[t], ENTRY(tables[t], c->f, fc_unary_f)(N, xf, zf));
            }
        }
        if (m1 != NULL) {
            TIME(
                best_m, for (int i = 0; i < N;
                             i += 4) { _mm256_store_pd(zd + i, m1(_mm256_load_pd(xd + i))); });
        }
        if (m1f != NULL) {
            TIME(
                best_mf, for (int i = 0; i < N;
                              i += 8) { _mm256_store_ps(zf + i, m1f(_mm256_load_ps(xf + i))); });
        }
        if (m2 != NULL) {
            TIME(
                best_m, for (int i = 0; i < N; i += 4) {
                    _mm256_store_pd(zd + i, m2(_mm256_load_pd(xd + i), _mm256_load_pd(yd + i)));
                });
        }
    }
    printf("%-10s %9.2f %9.2f %9.2f %9.2f   %9.2f %9.2f %9.2f %9.2f\n", c->name, best[1], best[0],
           best_m < 1e9 ? best_m : NAN, best[2], best_f[1], best_f[0],
           best_mf < 1e9 ? best_mf : NAN, best_f[2]);
}

static int wanted(const char *name, int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], name) == 0) {
            return 1;
        }
    }
    return argc == 1;
}

int main(int argc, char **argv)
{
    libmvec = dlopen("libmvec.so.1", RTLD_NOW);
    printf("ns per element   double                                  float\n");
    printf("%-10s %9s %9s %9s %9s   %9s %9s %9s %9s\n", "", fc_isa_name(fc_cpu_isa()), "baseline",
           "libmvec", "libm", fc_isa_name(fc_cpu_isa()), "baseline", "libmvec", "libm");
    for (size_t i = 0; i < sizeof unary / sizeof unary[0]; i++) {
        if (wanted(unary[i].name, argc, argv)) {
            bench(&unary[i], 0);
        }
    }
    for (size_t i = 0; i < sizeof binary / sizeof binary[0]; i++) {
        if (wanted(binary[i].name, argc, argv)) {
            bench(&binary[i], 1);
        }
    }
    return 0;
}
