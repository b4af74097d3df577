/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Networks: sound plans compute what they say; mutated ones are refused or stay within their memory
 * (the sanitizers tell); allocations that fail leave nothing behind. FC_PLANS may name a file of
 * further plans to mutate. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"
#include "fc_layer.h"
#include "fc_net.h"

enum {
    DENSE,
    UNARY,
    SOFTMAX,
    MATMUL,
    CONV,
    DEPTHWISE,
    POOL,
    BINARY,
    COPY,
    FILL,
    AXIS_MAP,
    GATHER,
    NORMALISE,
    RESPONSE,
    ARGUMENT,
    REDUCE,
    TOP_K,
    CUMULATE,
    PICK
}; /* the table of fc_plan.c */

#define MAX_WORDS 512
#define N_WEIGHTS 4096

typedef struct plan {
    int64_t words[MAX_WORDS];
    size_t n;
} plan;

static void word(plan *p, int64_t value)
{
    p->words[p->n++] = value;
}

static void words(plan *p, size_t n, const int64_t *values)
{
    for (size_t i = 0; i < n; i++) {
        word(p, values[i]);
    }
}

static void real(plan *p, double value)
{
    int64_t bits;
    memcpy(&bits, &value, sizeof bits);
    word(p, bits);
}

static void act(plan *p, int kind, double a, double b)
{
    word(p, kind);
    real(p, a);
    real(p, b);
}

#define WORDS(p, ...)                                                                              \
    words((p), sizeof((int64_t[]){__VA_ARGS__}) / sizeof(int64_t), (int64_t[]){__VA_ARGS__})

static size_t begin_step(plan *p, int64_t op)
{
    size_t at = p->n;
    WORDS(p, op, 0);
    return at;
}

static void end_step(plan *p, size_t at)
{
    p->words[at + 1] = (int64_t)(p->n - at);
}

/* image (6, 5, 3) -> conv 3x3 to 8 channels, relu -> depthwise 3x3 -> max pool 2x2 -> mean over
 * pixels -> dense to 4
 * -> softmax */
static plan small_network(void)
{
    plan p = {.n = 0};
    size_t at;
    WORDS(&p, FC_PLAN_MAGIC, FC_PLAN_VERSION, 7, 6, 1, 6);
    WORDS(&p, 2, 90, 0, 0, 240, 0, 0, 240, 0, 0, 48, 0, 0, 8, 0, 0, 4, 0, 0, 4, 0);
    at = begin_step(&p, CONV);
    WORDS(&p, 1, 0, 1, 1, 3, 1, 6, 5, 1, 6, 5, 1, 3, 3, 1, 1, 1, 1, 1, 1, 0, 1, 1, 1, 8, 0, 216);
    act(&p, FC_ACT_CLIP, 0, INFINITY);
    word(&p, 0);
    end_step(&p, at);
    at = begin_step(&p, DEPTHWISE);
    WORDS(&p, 1, 1, 2, 1, 8, 1, 6, 5, 1, 6, 5, 1, 3, 3, 1, 1, 1, 1, 1, 1, 0, 1, 1, 300, 372);
    act(&p, FC_ACT_SIGMOID, 0, 0);
    word(&p, 0);
    end_step(&p, at);
    at = begin_step(&p, POOL);
    WORDS(&p, 1, 2, 3, 1, 8, 1, 6, 5, 1, 3, 2, 1, 2, 2, 1, 2, 2, 1, 1, 1, 0, 0, 0, 0);
    real(&p, 2);
    word(&p, -1);
    end_step(&p, at);
    at = begin_step(&p, REDUCE);
    WORDS(&p, 1, 3, 4, 1, 1, 8, 1, 1, 6, 8);
    end_step(&p, at);
    at = begin_step(&p, DENSE);
    WORDS(&p, 1, 4, 5, 1, 8, 4, 400, 440);
    act(&p, FC_ACT_NONE, 0, 0);
    word(&p, 0);
    end_step(&p, at);
    at = begin_step(&p, SOFTMAX);
    WORDS(&p, 1, 5, 6, 1, 4, 1, 0);
    end_step(&p, at);
    return p;
}

/* image (2, 4, 3) -> indices of the two largest along the middle -> the elements there -> their
 * cumulative sums */
static plan ranking_network(void)
{
    plan p = {.n = 0};
    size_t at;
    WORDS(&p, FC_PLAN_MAGIC, FC_PLAN_VERSION, 4, 3, 1, 3);
    WORDS(&p, 2, 24, 0, 0, 12, 0, 0, 12, 0, 0, 12, 0);
    at = begin_step(&p, TOP_K);
    WORDS(&p, 1, 0, 1, 2, 4, 3, 2, 1);
    end_step(&p, at);
    at = begin_step(&p, PICK);
    WORDS(&p, 2, 0, 1, 2, 2, 4, 3, 2);
    end_step(&p, at);
    at = begin_step(&p, CUMULATE);
    WORDS(&p, 1, 2, 3, 2, 2, 3, 0, 0);
    end_step(&p, at);
    return p;
}

static uint64_t random_state = 88172645463325252U;

static uint64_t next_random(void)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return random_state;
}

static float *weights_of(size_t n)
{
    float *weights = malloc(n * sizeof *weights + 1);
    for (size_t i = 0; i < n; i++) {
        weights[i] = (float)(next_random() % 2001) / 1000.0F - 1.0F;
    }
    return weights;
}

/* Runs a net on inputs and an output that are exactly as long as they have to be. */
static fc_status run_once(fc_net *net, size_t items, const fc_run *run, float **result)
{
    const float *inputs[64] = {0};
    float *owned[64] = {0};
    for (size_t i = 0; i < fc_net_n_inputs(net); i++) {
        size_t n = items * fc_net_input_numel(net, i);
        owned[i] = malloc(n * sizeof(float) + 1);
        for (size_t j = 0; owned[i] != NULL && j < n; j++) {
            owned[i][j] = (float)(j % 17) - 8.0F;
        }
        inputs[i] = owned[i];
    }
    float *output = malloc(items * fc_net_output_numel(net) * sizeof(float) + 1);
    fc_status status = fc_net_run(net, run, items, inputs, output);
    for (size_t i = 0; i < 64; i++) {
        free(owned[i]);
    }
    if (result != NULL) {
        *result = output;
    } else {
        free(output);
    }
    return status;
}

static void test_runs_and_widths_agree(void)
{
    plan p = small_network();
    float *weights = weights_of(N_WEIGHTS);
    char message[160];
    fc_net *net;
    fc_status status = fc_net_create(p.words, p.n, weights, N_WEIGHTS, FC_GEMM_PACKED, &net,
                                     message, sizeof message);
    CHECK(status == FC_OK);
    for (size_t items = 0; items < 200 && status == FC_OK; items += 1 + items / 2) {
        float *first = NULL;
        for (unsigned width = 1; width <= 3; width++) {
            fc_run run = {.width = width};
            float *result;
            CHECK(run_once(net, items, &run, &result) == FC_OK);
            for (size_t i = 0; i < items; i++) {
                double sum = 0;
                for (size_t j = 0; j < 4; j++) {
                    sum += (double)result[4 * i + j];
                }
                CHECK(fabs(sum - 1) < 1e-5);
            }
            if (first == NULL) {
                first = result;
            } else {
                CHECK(memcmp(first, result, items * 4 * sizeof *result) == 0);
                free(result);
            }
        }
        free(first);
    }
    float *copy = calloc(N_WEIGHTS, sizeof *copy);
    fc_net_export(net, copy);
    CHECK(memcmp(copy, weights, 216 * sizeof *copy) == 0);
    CHECK(memcmp(copy + 400, weights + 400, 32 * sizeof *copy) == 0);
    CHECK(memcmp(copy + 440, weights + 440, 4 * sizeof *copy) == 0);
    free(copy);
    fc_net_destroy(net);
    free(weights);
}

/* The input's numbers are those of run_once: each line's two largest are found by hand. */
static void test_ranks(void)
{
    plan p = ranking_network();
    char message[160];
    fc_net *net;
    float *result = NULL;
    CHECK(fc_net_create(p.words, p.n, NULL, 0, FC_GEMM_PACKED, &net, message, sizeof message) ==
          FC_OK);
    CHECK(run_once(net, 3, NULL, &result) == FC_OK);
    for (size_t line = 0; line < 18; line++) {
        float best = -100, second = -100;
        for (size_t j = 0; j < 4; j++) {
            float x = (float)((line / 3 * 12 + j * 3 + line % 3) % 17) - 8.0F;
            second = x > best ? best : x > second ? x : second;
            best = x > best ? x : best;
        }
        CHECK(result[line / 3 * 6 + line % 3] == best);
        CHECK(result[line / 3 * 6 + 3 + line % 3] == best + second);
    }
    free(result);
    fc_net_destroy(net);
}

static void test_every_allocation_may_fail(void)
{
    plan p = small_network();
    float *weights = weights_of(N_WEIGHTS);
    char message[160];
    bool made = false;
    for (long allowed = 0; !made && allowed < 1000; allowed++) {
        fc_net *net;
        fc_alloc_fail_after(allowed);
        fc_status status = fc_net_create(p.words, p.n, weights, N_WEIGHTS, FC_GEMM_PACKED, &net,
                                         message, sizeof message);
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        made = status == FC_OK;
        fc_net_destroy(net);
    }
    CHECK(made);
    fc_net *net;
    CHECK(fc_net_create(p.words, p.n, weights, N_WEIGHTS, FC_GEMM_PACKED, &net, message,
                        sizeof message) == FC_OK);
    made = false;
    for (long allowed = 0; !made && allowed < 100; allowed++) {
        fc_net_trim(net);
        fc_alloc_fail_after(allowed);
        fc_status status = run_once(net, 3, NULL, NULL);
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        made = status == FC_OK;
    }
    CHECK(made);
    fc_net_destroy(net);
    free(weights);
}

/* Sizes small enough to run: what a mutation asks for may be sound and enormous. */
static bool is_small(const int64_t *plan_words, size_t n)
{
    int64_t total = 0;
    if (n < 6 || plan_words[2] < 0 || plan_words[2] > 64) {
        return true; /* refused at once */
    }
    for (int64_t t = 0; t < plan_words[2] && 6 + 3 * t + 2 < (int64_t)n; t++) {
        int64_t numel = plan_words[6 + 3 * t + 1];
        if (numel > 1 << 20) {
            return false;
        }
        total += numel > 0 ? numel : 0;
    }
    return total < 1 << 21;
}

static void mutate(const int64_t *original, size_t n_words, const float *weights, size_t n_weights,
                   int rounds)
{
    static const int64_t extremes[] = {0,
                                       1,
                                       -1,
                                       2,
                                       3,
                                       7,
                                       255,
                                       65536,
                                       INT32_MAX,
                                       INT64_C(1) << 31,
                                       INT64_C(1) << 40,
                                       (INT64_C(1) << 40) + 1,
                                       INT64_MAX,
                                       INT64_MIN,
                                       INT64_MIN + 1};
    for (int round = 0; round < rounds; round++) {
        size_t n = next_random() % 16 == 0 ? next_random() % (n_words + 1) : n_words;
        int64_t *copy = malloc(n * sizeof *copy + 1); /* exact, so that reading on is seen */
        memcpy(copy, original, n * sizeof *copy);
        for (uint64_t i = 0, k = 1 + next_random() % 3; i < k && n != 0; i++) {
            size_t at = next_random() % n;
            uint64_t kind = next_random() % 4;
            copy[at] = kind == 0   ? extremes[next_random() % (sizeof extremes / sizeof *extremes)]
                       : kind == 1 ? copy[next_random() % n]
                       : kind == 2 ? (int64_t)((uint64_t)copy[at] + 1)
                                   : (int64_t)((uint64_t)copy[at] - 1);
        }
        char message[160];
        fc_net *net = NULL;
        if (is_small(copy, n)) {
            fc_status status = fc_net_create(copy, n, weights, n_weights, FC_GEMM_PACKED, &net,
                                             message, sizeof message);
            CHECK((status == FC_OK) == (net != NULL));
            CHECK(status != FC_ERR_FORMAT || message[0] != '\0');
            if (net != NULL && fc_net_arena_bytes(net) < 64 << 20) {
                status = run_once(net, 2, NULL, NULL);
                CHECK(status == FC_OK || status == FC_ERR_NOMEM || status == FC_ERR_INDEX);
            }
        }
        fc_net_destroy(net);
        free(copy);
    }
}

static void test_mutated_plans(void)
{
    plan p = small_network();
    float *weights = weights_of(N_WEIGHTS);
    mutate(p.words, p.n, weights, N_WEIGHTS, 20000);
    p = ranking_network();
    mutate(p.words, p.n, weights, N_WEIGHTS, 5000);
    free(weights);
}

static void test_plans_of_a_file(void)
{
    const char *path = getenv("FC_PLANS");
    FILE *file = path != NULL ? fopen(path, "rb") : NULL;
    int64_t sizes[2];
    while (file != NULL && fread(sizes, sizeof sizes, 1, file) == 1) {
        int64_t *plan_words = malloc((size_t)sizes[0] * sizeof *plan_words);
        float *weights = malloc((size_t)sizes[1] * sizeof *weights + 1);
        CHECK(fread(plan_words, sizeof *plan_words, (size_t)sizes[0], file) == (size_t)sizes[0]);
        CHECK(fread(weights, sizeof *weights, (size_t)sizes[1], file) == (size_t)sizes[1]);
        mutate(plan_words, (size_t)sizes[0], weights, (size_t)sizes[1], 2000);
        free(plan_words);
        free(weights);
    }
    if (file != NULL) {
        fclose(file);
    }
}

int main(void)
{
    test_runs_and_widths_agree();
    test_ranks();
    test_every_allocation_may_fail();
    test_mutated_plans();
    test_plans_of_a_file();
    return check_report();
}
