/* SPDX-License-Identifier: BSD-3-Clause */
#include "fc_cubature.h"

#include <math.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_disc.h"

static const double pi = 3.14159265358979323846;

/* exp(-|x|^2), and with it prod(x) when two outputs are asked for. */
static fc_status gauss(void *context, unsigned worker, size_t n, const double *const *x,
                       double *const *y)
{
    (void)worker;
    const fc_integrand *f = context;
    for (size_t i = 0; i < n; i++) {
        double square = 0, product = 1;
        for (unsigned d = 0; d < f->n_dim; d++) {
            square += x[d][i] * x[d][i];
            product *= x[d][i];
        }
        y[0][i] = exp(-square);
        if (f->n_out > 1) {
            y[1][i] = product;
        }
    }
    return FC_OK;
}

static fc_status one(void *context, unsigned worker, size_t n, const double *const *x,
                     double *const *y)
{
    (void)context, (void)worker, (void)x;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = 1;
    }
    return FC_OK;
}

/* sqrt(1 - outer^2): with -1 <= outer <= 1, half the width of a disc. */
static fc_status half_chord(void *context, unsigned worker, size_t n, const double *const *x,
                            double *const *y)
{
    (void)worker;
    for (size_t i = 0; i < n; i++) {
        y[0][i] = *(const double *)context * sqrt(1 - x[0][i] * x[0][i]);
    }
    return FC_OK;
}

enum { NAN_HALF, NAN_POINT, RADIAL, ALWAYS_INF };
static fc_status bad(void *context, unsigned worker, size_t n, const double *const *x,
                     double *const *y)
{
    (void)worker;
    int kind = *(int *)context;
    for (size_t i = 0; i < n; i++) {
        double a = x[0][i], b = x[1][i];
        y[0][i] = kind == NAN_HALF     ? sqrt(a)
                  : kind == NAN_POINT  ? a / a
                  : kind == ALWAYS_INF ? INFINITY
                                       : 1 / sqrt(sqrt(a * a + b * b));
    }
    return FC_OK;
}

static fc_status failing(void *context, unsigned worker, size_t n, const double *const *x,
                         double *const *y)
{
    (void)context, (void)worker, (void)n, (void)x, (void)y;
    return FC_ERR_CALLBACK;
}

static const fc_cubature_options usual = {.epsrel = 1e-8, .max_eval = 2000000, .n_probe = 1024};

static fc_cubature_result integrate(const fc_integrand *f, const double *lower, const double *upper,
                                    fc_cubature_options options, unsigned width, double *integral,
                                    double *error)
{
    fc_run run = {.width = width};
    fc_domain domain = {.n_dim = f->n_dim, .lower = lower, .upper = upper};
    fc_cubature_result result = {.integral = integral, .error = error};
    CHECK(fc_cubature(&run, f, &domain, &options, &result) == FC_OK);
    return result;
}

static void gauss_in_all_dimensions(void)
{
    for (unsigned d = 1; d <= 9; d++) {
        double lower[9], upper[9], integral[2], error[2];
        fc_integrand f = {.eval = gauss, .context = &f, .n_dim = d, .n_out = 2};
        for (unsigned k = 0; k < d; k++) {
            lower[k] = 0;
            upper[k] = 1;
        }
        fc_cubature_options options = usual;
        options.epsrel = d < 6 ? 1e-8 : 1e-5;
        fc_cubature_result result = integrate(&f, lower, upper, options, 2, integral, error);
        double exact = pow(sqrt(pi) / 2 * erf(1), d);
        CHECK(result.outcome == FC_CUBATURE_CONVERGED);
        CHECK(error[0] <= options.epsrel * fabs(integral[0]));
        CHECK(fabs(integral[0] - exact) <= error[0] + 1e-15);
        CHECK(fabs(integral[1] - ldexp(1, -(int)d)) <= error[1] + 1e-15);
        CHECK(result.n_eval <= options.max_eval);
    }
}

static void same_bits_for_any_width(void)
{
    double lower[4] = {-1, 0, 0, -2}, upper[4] = {1, 2, 3, INFINITY};
    fc_integrand f = {.eval = gauss, .context = &f, .n_dim = 4, .n_out = 2};
    double first[4], again[4];
    fc_cubature_result a = integrate(&f, lower, upper, usual, 1, first, first + 2);
    static const unsigned widths[] = {2, 3, 7};
    for (int i = 0; i < 3; i++) {
        fc_cubature_result b = integrate(&f, lower, upper, usual, widths[i], again, again + 2);
        CHECK(memcmp(first, again, sizeof first) == 0);
        CHECK(a.n_eval == b.n_eval && a.n_boxes == b.n_boxes && a.outcome == b.outcome);
    }
}

static void infinite_and_reversed(void)
{
    double lower[2] = {-INFINITY, -INFINITY}, upper[2] = {INFINITY, INFINITY}, integral, error;
    fc_integrand f = {.eval = gauss, .context = &f, .n_dim = 2, .n_out = 1};
    integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(fabs(integral - pi) < 1e-8 * pi);
    upper[1] = 0;
    integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(fabs(integral - pi / 2) < 1e-8 * pi);
    lower[0] = INFINITY;
    upper[0] = 0;
    integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(fabs(integral + pi / 4) < 1e-8 * pi);
    lower[0] = upper[0] = INFINITY;
    fc_cubature_result result = integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(integral == 0 && error == 0 && result.outcome == FC_CUBATURE_CONVERGED);
}

/* A shifted and scaled Gaussian times a polynomial; and its square root, which decays as slowly. */
static fc_status far_gauss(void *context, unsigned worker, size_t n, const double *const *x,
                           double *const *y)
{
    (void)worker;
    const fc_integrand *f = context;
    for (size_t i = 0; i < n; i++) {
        double square = 0;
        for (unsigned d = 0; d < f->n_dim; d++) {
            const double z = (x[d][i] - 3 - 0.4 * d) / 0.5;
            square += z * z;
        }
        y[0][i] = (1 + x[0][i] * x[0][i]) * exp(-square);
        y[1][i] = exp(-0.5 * square);
    }
    return FC_OK;
}

static void the_whole_space(void)
{
    for (unsigned d = 3; d <= 6; d++) {
        double lower[6], upper[6], integral[2], error[2], again[4];
        for (unsigned k = 0; k < d; k++) {
            lower[k] = -INFINITY;
            upper[k] = INFINITY;
        }
        fc_cubature_options options = {.epsrel = 1e-6, .max_eval = 500000, .n_probe = 3072};
        fc_integrand f = {.eval = gauss, .context = &f, .n_dim = d, .n_out = 1};
        fc_cubature_result result = integrate(&f, lower, upper, options, 1, integral, error);
        double exact = pow(pi, 0.5 * d);
        CHECK(result.outcome == FC_CUBATURE_CONVERGED && result.n_eval < 50000);
        CHECK(fabs(integral[0] - exact) <= error[0] && error[0] <= 1e-6 * exact);
        lower[0] = INFINITY; /* reversed */
        upper[0] = -INFINITY;
        integrate(&f, lower, upper, options, 3, again, again + 2);
        CHECK(again[0] == -integral[0]);
        fc_integrand g = {.eval = far_gauss, .context = &g, .n_dim = d, .n_out = 2};
        result = integrate(&g, lower, upper, options, 1, integral, error);
        integrate(&g, lower, upper, options, 3, again, again + 2);
        CHECK(memcmp(integral, again, sizeof integral) == 0);
        exact = -pow(0.25 * pi, 0.5 * d) * (1 + 9 + 0.125);
        CHECK(fabs(integral[0] - exact) <= 1.01 * error[0]);
        CHECK(result.outcome == FC_CUBATURE_CONVERGED || d > 4);
    }
}

/* What is no Gaussian is left to the boxes, or refused. */
static fc_status slow(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)worker;
    const int kind = *(int *)context;
    for (size_t i = 0; i < n; i++) {
        const double a = x[0][i], b = x[1][i], e = x[2][i];
        const double square = a * a + b * b + e * e;
        y[0][i] = kind == 0   ? 1 / ((1 + a * a) * (1 + b * b) * (1 + e * e))
                  : kind == 1 ? exp(-square) * (a < 0.3 ? 1.5 : 1)
                  : kind == 2 ? 0
                              : exp(-square) + exp(-square - 25 + 10 * a);
    }
    return FC_OK;
}

static void what_is_no_gaussian(void)
{
    const double lower[3] = {-INFINITY, -INFINITY, -INFINITY};
    const double upper[3] = {INFINITY, INFINITY, INFINITY};
    const double g = pow(pi, 1.5);
    const double exact[] = {pi * pi * pi, g * (1.25 + 0.25 * erf(0.3)), 0, 2 * g};
    for (int kind = 0; kind < 4; kind++) {
        double integral, error;
        fc_integrand f = {.eval = slow, .context = &kind, .n_dim = 3, .n_out = 1};
        fc_cubature_options options = {.epsrel = 1e-3, .max_eval = 400000, .n_probe = 3072};
        fc_cubature_result result = integrate(&f, lower, upper, options, 2, &integral, &error);
        CHECK(fabs(integral - exact[kind]) <= 1.01 * error + 1e-14);
        CHECK(kind == 2 ? result.zero : result.outcome == FC_CUBATURE_CONVERGED);
    }
}

static void limits_that_depend(void)
{
    double plus = 1, minus = -1, none[2] = {0, -1}, end[2] = {0, 1}, integral, error;
    fc_integrand f = {.eval = one, .context = NULL, .n_dim = 2, .n_out = 1};
    fc_integrand low = {.eval = half_chord, .context = &minus, .n_dim = 1, .n_out = 1};
    fc_integrand high = {.eval = half_chord, .context = &plus, .n_dim = 1, .n_out = 1};
    const fc_integrand *lows[2] = {&low, NULL}, *highs[2] = {&high, NULL};
    fc_domain domain = {2, none, end, lows, highs};
    fc_cubature_result result = {.integral = &integral, .error = &error};
    CHECK(fc_cubature(NULL, &f, &domain, &usual, &result) == FC_OK);
    CHECK(fabs(integral - pi) < 1e-7 && result.outcome == FC_CUBATURE_CONVERGED);
    lows[1] = &low; /* the outermost variable has nothing to depend on */
    CHECK(fc_cubature(NULL, &f, &domain, &usual, &result) == FC_ERR_INVALID);
}

static void not_finite(void)
{
    double lower[2] = {-1, -1}, upper[2] = {1, 1}, integral, error;
    int kind = NAN_HALF;
    fc_integrand f = {.eval = bad, .context = &kind, .n_dim = 2, .n_out = 1};
    fc_cubature_result result = integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(result.outcome == FC_CUBATURE_NONFINITE && isinf(error) && result.n_bad > 0);
    kind = ALWAYS_INF;
    result = integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(result.outcome == FC_CUBATURE_NONFINITE && isinf(error));
    /* One hole is cut away from. */
    kind = NAN_POINT;
    result = integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(result.outcome == FC_CUBATURE_CONVERGED && fabs(integral - 4) < 1e-12);
    kind = RADIAL; /* 1/sqrt(r) over [-1,1]^2 */
    result = integrate(&f, lower, upper, usual, 2, &integral, &error);
    CHECK(fabs(integral - 4.99994533732) <= error && error < 1e-4);
}

static void failures(void)
{
    double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1}, integral[2], error[2];
    fc_integrand f = {.eval = failing, .context = NULL, .n_dim = 3, .n_out = 1};
    fc_domain domain = {.n_dim = 3, .lower = lower, .upper = upper};
    fc_cubature_result result = {.integral = integral, .error = error};
    CHECK(fc_cubature(NULL, &f, &domain, &usual, &result) == FC_ERR_CALLBACK);
    fc_cubature_options options = usual;
    options.epsabs = -1;
    CHECK(fc_cubature(NULL, &f, &domain, &options, &result) == FC_ERR_INVALID);
    upper[1] = NAN;
    CHECK(fc_cubature(NULL, &f, &domain, &usual, &result) == FC_ERR_INVALID);
    upper[1] = 1;
    fc_cancel cancel = {0};
    fc_cancel_request(&cancel);
    fc_run run = {.cancel = &cancel};
    CHECK(fc_cubature(&run, &f, &domain, &usual, &result) == FC_ERR_CANCELLED);

    fc_integrand g = {.eval = gauss, .context = &g, .n_dim = 3, .n_out = 2};
    options = usual;
    options.max_eval = 100;
    CHECK(fc_cubature(NULL, &g, &domain, &options, &result) == FC_OK);
    CHECK(result.outcome == FC_CUBATURE_MAX_EVAL);
    options.max_eval = 50000;
    run = (fc_run){.width = 1};
    fc_status status = FC_ERR_NOMEM;
    for (long fail = 0; status != FC_OK && fail < 1000; fail++) {
        fc_alloc_fail_after(fail);
        status = fc_cubature(&run, &g, &domain, &options, &result);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK);
}

/* A peak that no point of the rule sees: the probes do. */
static fc_status peak(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)context, (void)worker;
    for (size_t i = 0; i < n; i++) {
        double a = (x[0][i] - 0.2345) / 0.02, b = (x[1][i] - 0.3456) / 0.02,
               c = (x[2][i] - 0.7) / 0.04;
        y[0][i] = 1 + 100 * exp(-a * a - b * b - c * c);
    }
    return FC_OK;
}

static void probes_find_peaks(void)
{
    double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1}, integral, error;
    fc_integrand f = {.eval = peak, .context = NULL, .n_dim = 3, .n_out = 1};
    fc_cubature_options options = usual;
    options.epsrel = 1e-6;
    options.n_probe = 8192;
    fc_cubature_result result = integrate(&f, lower, upper, options, 2, &integral, &error);
    double exact = 1 + 100 * pow(pi, 1.5) * 0.02 * 0.02 * 0.04;
    CHECK(result.outcome == FC_CUBATURE_CONVERGED && fabs(integral - exact) <= error);
}

/* exp(x + y + z), and a quarter more where y < context[0] and x < context[1]. */
static fc_status jump(void *context, unsigned worker, size_t n, const double *const *x,
                      double *const *y)
{
    (void)worker;
    const double *at = context;
    for (size_t i = 0; i < n; i++) {
        const double e = exp(x[0][i] + x[1][i] + x[2][i]);
        y[0][i] = x[1][i] < at[0] && x[0][i] < at[1] ? 1.25 * e : e;
    }
    return FC_OK;
}

static const double jumps[][2] = {
    {0.5, 1},      {0.5004, 1},      {0.25 + 1e-12, 1}, {0.9999, 1},
    {0.503, 0.31}, {0.4991, 0.0625}, {0.2503, 0.7},     {0.62, 0.05},
};

static void jumps_beside_faces(void)
{
    double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1}, integral, error, again[2];
    for (size_t i = 0; i < sizeof jumps / sizeof jumps[0]; i++) {
        double at[2] = {jumps[i][0], jumps[i][1]};
        fc_integrand f = {.eval = jump, .context = at, .n_dim = 3, .n_out = 1};
        fc_cubature_options options = {.epsrel = 1e-6, .max_eval = 400000, .n_probe = 3072};
        fc_cubature_result a = integrate(&f, lower, upper, options, 2, &integral, &error);
        const double e = exp(1) - 1, exact = e * (e * e + 0.25 * expm1(at[0]) * expm1(at[1]));
        CHECK(fabs(integral - exact) <= 1.01 * error);
        CHECK(a.n_eval <= options.max_eval);
        if (a.outcome == FC_CUBATURE_CONVERGED) {
            CHECK(fabs(integral - exact) <= 1.01e-6 * exact);
        }
        fc_cubature_result b = integrate(&f, lower, upper, options, 3, again, again + 1);
        CHECK(memcmp(&integral, again, sizeof integral) == 0 && a.n_eval == b.n_eval);
    }
}

static void no_memory_for_audits(void)
{
    double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1}, integral, error, at[2] = {0.503, 0.31};
    fc_integrand f = {.eval = jump, .context = at, .n_dim = 3, .n_out = 1};
    fc_domain domain = {.n_dim = 3, .lower = lower, .upper = upper};
    fc_cubature_options options = {.epsrel = 1e-3, .max_eval = 50000, .n_probe = 256};
    fc_cubature_result result = {.integral = &integral, .error = &error};
    fc_run run = {.width = 1};
    fc_status status = FC_ERR_NOMEM;
    for (long fail = 0; status != FC_OK && fail < 4000; fail++) {
        fc_alloc_fail_after(fail);
        status = fc_cubature(&run, &f, &domain, &options, &result);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK);
}

/* 2, and a needle 0.02 wide at context. */
static fc_status needle(void *context, unsigned worker, size_t n, const double *const *x,
                        double *const *y)
{
    (void)worker;
    const double *c = context;
    for (size_t i = 0; i < n; i++) {
        double s = 0;
        for (int d = 0; d < 3; d++) {
            s += (x[d][i] - c[d]) * (x[d][i] - c[d]) / 4e-4;
        }
        y[0][i] = 2 + 0.8 * exp(-s);
    }
    return FC_OK;
}

/* A bound of it over real boxes, such as circular arithmetic might give. */
static bool needle_bound(void *context, const fc_disc_range *x, fc_disc_frame *frame,
                         fc_disc_range *out)
{
    (void)frame;
    const double *c = context;
    double middle = 0, least = 0;
    for (int d = 0; d < 3; d++) {
        const double m = fabs(x[d].centre - c[d]) / 0.02, h = x[d].radius / 0.02;
        if (x[d].radius > x[d].spread) {
            return false; /* points that are not real */
        }
        middle += m * m;
        least += m * m - 2 * m * h - h * h;
    }
    const double centre = 2 + 0.8 * exp(-middle), radius = 0.8 * exp(-least);
    *out = (fc_disc_range){centre, radius, radius, 1e-15};
    return isfinite(radius);
}

static void bounds_lead_to_needles(void)
{
    const double lower[3] = {0, 0, 0}, upper[3] = {1, 1, 1};
    const double exact = 2 + 0.8 * pow(sqrt(pi) * 0.02, 3);
    double places[][3] = {
        {0.31, 0.42, 0.63}, {0.8480, 0.5819, 0.5700}, {0.1557, 0.1448, 0.1565}, {0.5, 0.5, 0.72}};
    for (size_t i = 0; i < sizeof places / sizeof places[0]; i++) {
        fc_integrand f = {
            .eval = needle, .disc_box = needle_bound, .context = places[i], .n_dim = 3, .n_out = 1};
        fc_cubature_options options = {.epsrel = 1e-6, .max_eval = 300000, .n_probe = 3072};
        double integral[2], error[2];
        for (unsigned width = 1; width <= 2; width++) {
            fc_cubature_result result = integrate(&f, lower, upper, options, width,
                                                  &integral[width - 1], &error[width - 1]);
            CHECK(result.outcome == FC_CUBATURE_CONVERGED);
            CHECK(fabs(integral[width - 1] - exact) <= error[width - 1]);
        }
        CHECK(memcmp(&integral[0], &integral[1], sizeof integral[0]) == 0);
    }
    /* No memory for the search: told, nothing leaks. */
    fc_integrand f = {
        .eval = needle, .disc_box = needle_bound, .context = places[0], .n_dim = 3, .n_out = 1};
    fc_domain domain = {.n_dim = 3, .lower = lower, .upper = upper};
    fc_cubature_options options = {.epsrel = 1e-3, .max_eval = 20000, .n_probe = 256};
    double integral, error;
    fc_cubature_result result = {.integral = &integral, .error = &error};
    fc_status status = FC_ERR_NOMEM;
    for (int k = 0; status == FC_ERR_NOMEM && k < 4000; k++) {
        fc_alloc_fail_after(k);
        status = fc_cubature(NULL, &f, &domain, &options, &result);
    }
    fc_alloc_fail_after(-1);
    CHECK(status == FC_OK);
}

int main(void)
{
    bounds_lead_to_needles();
    jumps_beside_faces();
    no_memory_for_audits();
    gauss_in_all_dimensions();
    same_bits_for_any_width();
    infinite_and_reversed();
    the_whole_space();
    what_is_no_gaussian();
    limits_that_depend();
    not_finite();
    failures();
    probes_find_peaks();
    return check_report();
}
