/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Layers that combine the elements along an axis: in (outer, n, inner). */
#include "fc_layer.h"

#include <math.h>
#include <string.h>

#include "fc_alloc.h"

typedef struct along_axis {
    size_t outer, n, inner;
    bool flag;
} along_axis;

static along_axis *read_axis(fc_build *build, fc_step *step)
{
    along_axis *axis = fc_calloc(1, sizeof *axis);
    if (axis != NULL) {
        step->params = axis;
        axis->outer = fc_build_size(build, 1, FC_MAX_NUMEL);
        axis->n = fc_build_size(build, 1, FC_MAX_NUMEL);
        axis->inner = fc_build_size(build, 1, FC_MAX_NUMEL);
        size_t numel = fc_build_product(build, (size_t[]){axis->outer, axis->n, axis->inner}, 3);
        fc_build_require(build, step->in_numel[0] == numel);
        step->flops = 8.0 * (double)numel;
    }
    return axis;
}

/* Parameters: outer n inner log. out = exp(in - max) / sum, or in - max - log(sum). */
static fc_status softmax_build(fc_build *build, fc_step *step)
{
    along_axis *axis = read_axis(build, step);
    if (axis == NULL) {
        return FC_ERR_NOMEM;
    }
    axis->flag = fc_build_int(build) != 0;
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    step->scratch = axis->n;
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

/* One row of n elements that lie next to each other. The largest is found with NaN skipped: one
 * then reaches the sum. */
static void softmax_row(const float *in, float *out, size_t n, bool log)
{
    const fc_act exponential = {FC_ACT_EXP, 0, 0};
    float largest = -INFINITY;
    for (size_t j = 0; j < n; j++) {
        largest = in[j] > largest ? in[j] : largest;
    }
    for (size_t j = 0; j < n; j++) {
        out[j] = in[j] - largest;
    }
    if (log) {
        float block[256];
        double sum = 0;
        for (size_t j = 0; j < n; j += 256) {
            size_t take = n - j < 256 ? n - j : 256;
            fc_act_apply(exponential, take, out + j, block);
            for (size_t i = 0; i < take; i++) {
                sum += (double)block[i];
            }
        }
        float shift = (float)log1p(sum - 1.0); /* sum >= 1 */
        for (size_t j = 0; j < n; j++) {
            out[j] -= shift;
        }
        return;
    }
    fc_act_apply(exponential, n, out, out);
    double sum = 0;
    for (size_t j = 0; j < n; j++) {
        sum += (double)out[j];
    }
    float scale = (float)(1.0 / sum);
    for (size_t j = 0; j < n; j++) {
        out[j] *= scale;
    }
}

/* Rows whose elements lie apart are gathered. */
static void softmax_strided(const along_axis *axis, const float *in, float *out, float *row)
{
    for (size_t k = 0; k < axis->inner; k++) {
        for (size_t j = 0; j < axis->n; j++) {
            row[j] = in[j * axis->inner + k];
        }
        softmax_row(row, row, axis->n, axis->flag);
        for (size_t j = 0; j < axis->n; j++) {
            out[j * axis->inner + k] = row[j];
        }
    }
}

static fc_status softmax_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                             float *scratch)
{
    const along_axis *axis = step->params;
    for (size_t unit = begin; unit < end; unit++) {
        const float *in = fc_frame_item(frame, step->in[0], unit);
        float *out = fc_frame_item(frame, step->out, unit);
        for (size_t i = 0; i < axis->outer; i++) {
            size_t at = i * axis->n * axis->inner;
            if (axis->inner == 1) {
                softmax_row(in + at, out + at, axis->n, axis->flag);
            } else {
                softmax_strided(axis, in + at, out + at, scratch);
            }
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_softmax = {
    .name = "Softmax",
    .min_in = 1,
    .max_in = 1,
    .build = softmax_build,
    .run = softmax_run,
};

typedef struct normalise {
    along_axis axis;
    double epsilon;
} normalise;

/* out = (in - mean) / sqrt(variance + epsilon) along the axis. Parameters: outer n inner epsilon.
 */
static fc_status normalise_build(fc_build *build, fc_step *step)
{
    along_axis *axis = read_axis(build, step);
    normalise *layer = fc_calloc(1, sizeof *layer);
    if (axis == NULL || layer == NULL) {
        fc_free(layer);
        return FC_ERR_NOMEM;
    }
    layer->axis = *axis;
    fc_free(axis);
    step->params = layer;
    layer->epsilon = fc_build_real(build);
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    step->scratch = 2 * layer->axis.inner * (sizeof(double) / sizeof(float));
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

/* One (n, inner) block; sums in double, so that one pass over the differences suffices. */
static void normalise_block(const normalise *layer, const float *in, float *out, double *mean,
                            double *scale)
{
    const size_t n = layer->axis.n, inner = layer->axis.inner;
    memset(mean, 0, inner * sizeof *mean);
    memset(scale, 0, inner * sizeof *scale);
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < inner; i++) {
            mean[i] += (double)in[j * inner + i];
        }
    }
    for (size_t i = 0; i < inner; i++) {
        mean[i] /= (double)n;
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < inner; i++) {
            double d = (double)in[j * inner + i] - mean[i];
            scale[i] += d * d;
        }
    }
    for (size_t i = 0; i < inner; i++) {
        scale[i] = 1.0 / sqrt(scale[i] / (double)n + layer->epsilon);
    }
    for (size_t j = 0; j < n; j++) {
        for (size_t i = 0; i < inner; i++) {
            out[j * inner + i] = (float)(((double)in[j * inner + i] - mean[i]) * scale[i]);
        }
    }
}

static size_t normalise_units(const fc_step *step, size_t items)
{
    return items * ((const normalise *)step->params)->axis.outer;
}

static fc_status normalise_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                               float *scratch)
{
    const normalise *layer = step->params;
    double *sums = (double *)(void *)scratch;
    size_t size = layer->axis.n * layer->axis.inner;
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / layer->axis.outer, at = unit % layer->axis.outer * size;
        normalise_block(layer, fc_frame_item(frame, step->in[0], item) + at,
                        fc_frame_item(frame, step->out, item) + at, sums, sums + layer->axis.inner);
    }
    return FC_OK;
}

const fc_layer fc_layer_normalise = {
    .name = "Normalise",
    .min_in = 1,
    .max_in = 1,
    .build = normalise_build,
    .units = normalise_units,
    .run = normalise_run,
};

typedef struct response {
    along_axis axis;
    size_t before, after;
    double alpha, beta, bias;
} response;

/* out = in / (bias + alpha sum(in^2 over [j - before, j + after]))^beta along the axis (LRN; alpha
 * is divided by the window's size already). Parameters: outer n inner before after alpha beta bias.
 */
static fc_status response_build(fc_build *build, fc_step *step)
{
    along_axis *axis = read_axis(build, step);
    response *layer = fc_calloc(1, sizeof *layer);
    if (axis == NULL || layer == NULL) {
        fc_free(layer);
        return FC_ERR_NOMEM;
    }
    layer->axis = *axis;
    fc_free(axis);
    step->params = layer;
    layer->before = fc_build_size(build, 0, INT32_MAX);
    layer->after = fc_build_size(build, 0, INT32_MAX);
    layer->alpha = fc_build_real(build);
    layer->beta = fc_build_real(build);
    layer->bias = fc_build_real(build);
    fc_build_require(build, step->in_numel[0] == step->out_numel);
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status response_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                              float *scratch)
{
    const response *layer = step->params;
    const size_t n = layer->axis.n, inner = layer->axis.inner;
    (void)scratch;
    for (size_t unit = begin; unit < end; unit++) {
        size_t item = unit / layer->axis.outer, at = unit % layer->axis.outer * n * inner;
        const float *in = fc_frame_item(frame, step->in[0], item) + at;
        float *out = fc_frame_item(frame, step->out, item) + at;
        for (size_t i = 0; i < inner; i++) {
            for (size_t j = 0; j < n; j++) {
                size_t from = j < layer->before ? 0 : j - layer->before;
                size_t to = n - j <= layer->after ? n : j + layer->after + 1;
                double sum = 0;
                for (size_t k = from; k < to; k++) {
                    double x = (double)in[k * inner + i];
                    sum += x * x;
                }
                double base = layer->bias + layer->alpha * sum;
                double power =
                    layer->beta == 0.75 ? sqrt(base) * sqrt(sqrt(base)) : pow(base, layer->beta);
                out[j * inner + i] = (float)((double)in[j * inner + i] / power);
            }
        }
    }
    return FC_OK;
}

static size_t response_units(const fc_step *step, size_t items)
{
    return items * ((const response *)step->params)->axis.outer;
}

const fc_layer fc_layer_response = {
    .name = "LRN",
    .min_in = 1,
    .max_in = 1,
    .build = response_build,
    .units = response_units,
    .run = response_run,
};

enum { ARG_MAX, ARG_MAX_LAST, ARG_MIN, ARG_MIN_LAST, N_ARG };

typedef struct argument {
    along_axis axis;
    size_t kind;
} argument;

/* The index of the largest or smallest element along the axis, the first or the last of equal ones.
 * Parameters: outer n inner kind. */
static fc_status argument_build(fc_build *build, fc_step *step)
{
    along_axis *axis = read_axis(build, step);
    argument *layer = fc_calloc(1, sizeof *layer);
    if (axis == NULL || layer == NULL) {
        fc_free(layer);
        return FC_ERR_NOMEM;
    }
    layer->axis = *axis;
    fc_free(axis);
    step->params = layer;
    layer->kind = fc_build_size(build, 0, N_ARG - 1);
    fc_build_require(build, layer->axis.n <= (size_t)1 << 24); /* every index is a float */
    fc_build_require(build, step->out_numel == layer->axis.outer * layer->axis.inner);
    return build->problem == NULL ? FC_OK : FC_ERR_FORMAT;
}

static fc_status argument_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                              float *scratch)
{
    const argument *layer = step->params;
    const size_t n = layer->axis.n, inner = layer->axis.inner;
    const bool smallest = layer->kind >= ARG_MIN, last = layer->kind % 2 == 1;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        const float *in = fc_frame_item(frame, step->in[0], item);
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t o = 0; o < layer->axis.outer; o++) {
            for (size_t i = 0; i < inner; i++) {
                const float *x = in + o * n * inner + i;
                size_t best = 0;
                for (size_t j = 1; j < n; j++) {
                    float a = x[j * inner], b = x[best * inner];
                    bool better = smallest ? a < b : a > b;
                    best = better || (last && a == b) ? j : best;
                }
                out[o * inner + i] = (float)best;
            }
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_argument = {
    .name = "Arg",
    .min_in = 1,
    .max_in = 1,
    .build = argument_build,
    .run = argument_run,
};

/*    name         start      step                          result */
#define REDUCE_TABLE(X)                                                                            \
    X(SUM, 0, sum + x, sum)                                                                        \
    X(MEAN, 0, sum + x, sum / (double)n)                                                           \
    X(MAX, -INFINITY, x > sum || x != x ? x : sum, sum)                                            \
    X(MIN, INFINITY, x < sum || x != x ? x : sum, sum)                                             \
    X(PROD, 1, sum *x, sum)                                                                        \
    X(L1, 0, sum + fabs(x), sum)                                                                   \
    X(L2, 0, sum + x * x, sqrt(sum))                                                               \
    X(SUM_SQUARE, 0, sum + x * x, sum)                                                             \
    X(LOG_SUM, 0, sum + x, log(sum))                                                               \
    X(LOG_SUM_EXP, 0, sum + exp(x), log(sum))

typedef enum reduce_kind {
#define REDUCE_ENUM(name, start, step, result) REDUCE_##name,
    REDUCE_TABLE(REDUCE_ENUM)
#undef REDUCE_ENUM
        N_REDUCE
} reduce_kind;

typedef struct reduce {
    reduce_kind kind;
    size_t n_kept, kept[FC_MAX_DIMS], kept_stride[FC_MAX_DIMS];
    size_t n_reduced, reduced[FC_MAX_DIMS], reduced_stride[FC_MAX_DIMS];
    size_t kept_total, reduced_total;
    size_t *offset; /* of each reduced element */
} reduce;

static void reduce_destroy(void *params)
{
    reduce *layer = params;
    if (layer != NULL) {
        fc_free(layer->offset);
        fc_free(layer);
    }
}

static size_t read_part(fc_build *build, size_t *n, size_t *dims, size_t *stride, size_t *reach)
{
    *n = fc_build_size(build, 0, FC_MAX_DIMS);
    for (size_t d = 0; d < *n; d++) {
        dims[d] = fc_build_size(build, 1, FC_MAX_NUMEL);
        stride[d] = fc_build_size(build, 0, FC_MAX_NUMEL);
        *reach += fc_build_product(build, (size_t[]){dims[d] - 1, stride[d]}, 2);
    }
    return fc_build_product(build, dims, *n);
}

/* out (kept dims) = the elements of in combined over the reduced dims.
 * Parameters: kind n_kept (dim stride)... n_reduced (dim stride)... */
static fc_status reduce_build(fc_build *build, fc_step *step)
{
    reduce *layer = fc_calloc(1, sizeof *layer);
    if (layer == NULL) {
        return FC_ERR_NOMEM;
    }
    step->params = layer;
    size_t reach = 0;
    layer->kind = (reduce_kind)fc_build_size(build, 0, N_REDUCE - 1);
    layer->kept_total = read_part(build, &layer->n_kept, layer->kept, layer->kept_stride, &reach);
    layer->reduced_total =
        read_part(build, &layer->n_reduced, layer->reduced, layer->reduced_stride, &reach);
    fc_build_require(build, step->out_numel == layer->kept_total);
    fc_build_require(build, build->problem != NULL || reach < step->in_numel[0]);
    fc_build_require(build, layer->reduced_total <= step->in_numel[0]);
    if (build->problem != NULL) {
        return FC_ERR_FORMAT;
    }
    layer->offset = fc_calloc(layer->reduced_total, sizeof *layer->offset);
    if (layer->offset == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < layer->reduced_total; i++) {
        size_t left = i;
        for (size_t d = layer->n_reduced; d-- > 0;) {
            layer->offset[i] += left % layer->reduced[d] * layer->reduced_stride[d];
            left /= layer->reduced[d];
        }
    }
    step->flops = 2.0 * (double)layer->kept_total * (double)layer->reduced_total;
    return FC_OK;
}

#define WIDTH 32 /* neighbouring results that are computed together */

/* `width` results whose inputs lie next to each other (or one). */
static void reduce_block(const reduce *layer, const float *in, float *out, size_t width)
{
    const size_t n = layer->reduced_total;
    double sums[WIDTH];
    switch (layer->kind) {
#define REDUCE_CASE(name, start, step, result)                                                     \
    case REDUCE_##name:                                                                            \
        for (size_t i = 0; i < width; i++) {                                                       \
            sums[i] = (start);                                                                     \
        }                                                                                          \
        for (size_t j = 0; j < n; j++) {                                                           \
            const float *from = in + layer->offset[j];                                             \
            for (size_t i = 0; i < width; i++) {                                                   \
                double sum = sums[i], x = (double)from[i];                                         \
                sums[i] = (step);                                                                  \
            }                                                                                      \
        }                                                                                          \
        for (size_t i = 0; i < width; i++) {                                                       \
            double sum = sums[i];                                                                  \
            out[i] = (float)(result);                                                              \
        }                                                                                          \
        break;
        REDUCE_TABLE(REDUCE_CASE)
#undef REDUCE_CASE
    case N_REDUCE:
        break;
    }
}

static fc_status reduce_run(const fc_step *step, const fc_frame *frame, size_t begin, size_t end,
                            float *scratch)
{
    const reduce *layer = step->params;
    size_t last = layer->n_kept - 1;
    bool lines = layer->n_kept != 0 && layer->kept_stride[last] == 1;
    size_t length = lines ? layer->kept[last] : 1;
    (void)scratch;
    for (size_t item = begin; item < end; item++) {
        const float *in = fc_frame_item(frame, step->in[0], item);
        float *out = fc_frame_item(frame, step->out, item);
        for (size_t k = 0; k < layer->kept_total; k += length) {
            size_t left = k, at = 0;
            for (size_t d = layer->n_kept; d-- > 0;) {
                at += left % layer->kept[d] * layer->kept_stride[d];
                left /= layer->kept[d];
            }
            for (size_t i = 0; i < length; i += WIDTH) {
                reduce_block(layer, in + at + i, out + k + i,
                             length - i < WIDTH ? length - i : WIDTH);
            }
        }
    }
    return FC_OK;
}

const fc_layer fc_layer_reduce = {
    .name = "Reduce",
    .min_in = 1,
    .max_in = 1,
    .build = reduce_build,
    .run = reduce_run,
    .destroy = reduce_destroy,
};
