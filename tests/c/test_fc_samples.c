/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_samples.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

enum { N = 10001, M = 3 };
static double y[M * N], x[M * N];

static double parabola(double t)
{
    return 3 * t * t - 2 * t + 1;
}

/* Simpson is exact for parabolas, whatever the spacing and the number of samples. */
static void test_parabola(size_t n)
{
    for (size_t i = 0; i < M * n; i++) {
        double place = (double)(i % n);
        x[i] = (place + 0.3 * sin(place)) / (double)n;
        y[i] = parabola(x[i]);
    }
    double end = x[n - 1], exact = end * end * end - end * end + end, out[M];
    for (unsigned width = 1; width <= 4; width += 3) {
        for (int own = 0; own <= 1; own++) {
            fc_samples in = {.m = M, .n = n, .y = y, .x = x, .own_x = own};
            CHECK(fc_integrate_samples(&(fc_run){.width = width}, FC_SAMPLES_SIMPSON, &in, out) ==
                  FC_OK);
            for (int k = 0; k < M && n > 2; k++) {
                CHECK(fabs(out[k] - exact) <= 1e-13);
                CHECK(memcmp(&out[k], &out[0], sizeof(double)) == 0);
            }
        }
    }
    for (size_t i = 0; i < n; i++) {
        y[i] = 2 + (double)i;
    }
    fc_samples in = {.m = 1, .n = n, .y = y, .dx = 0.5};
    double length = (double)n - 1;
    CHECK(fc_integrate_samples(NULL, FC_SAMPLES_TRAPEZOID, &in, out) == FC_OK);
    CHECK(fabs(out[0] - 0.5 * length * (2 + 0.5 * length)) <= 1e-14 * length * length);
}

static void test_memory_failure(void)
{
    double out;
    fc_samples in = {.m = 1, .n = 9, .y = y, .dx = 1};
    fc_alloc_fail_after(0);
    CHECK(fc_integrate_samples(NULL, FC_SAMPLES_SIMPSON, &in, &out) == FC_ERR_NOMEM);
    fc_alloc_fail_after(-1);
}

int main(void)
{
    static const size_t sizes[] = {1, 2, 3, 4, 5, 4096, 4097, 4098, N};
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        test_parabola(sizes[i]);
    }
    test_memory_failure();
    return check_report();
}
