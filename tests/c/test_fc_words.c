/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Word counting against a slow and simple reference, with separators and words placed at the ends
 * of blocks and of 64-byte groups; every allocation made to fail in turn. */
#include "fc_words.h"

#include <stdlib.h>
#include <string.h>

#include "check.h"
#include "fc_alloc.h"

#define MAX_WORDS 4096

typedef struct reference {
    struct {
        char *bytes;
        size_t length;
        uint64_t count;
    } words[MAX_WORDS];
    size_t n;
} reference;

static void reference_add(reference *r, const char *bytes, size_t length)
{
    for (size_t i = 0; i < r->n; i++) {
        if (r->words[i].length == length && memcmp(r->words[i].bytes, bytes, length) == 0) {
            r->words[i].count++;
            return;
        }
    }
    CHECK(r->n < MAX_WORDS);
    r->words[r->n].bytes = malloc(length + 1);
    memcpy(r->words[r->n].bytes, bytes, length);
    r->words[r->n].length = length;
    r->words[r->n++].count = 1;
}

static void reference_free(reference *r)
{
    for (size_t i = 0; i < r->n; i++) {
        free(r->words[i].bytes);
    }
    r->n = 0;
}

static int blank(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static void reference_split(reference *r, const char *text, size_t n, const char *separator)
{
    size_t k = strlen(separator), from = 0;
    if (k == 0) {
        for (size_t i = 0; i < n;) {
            for (; i < n && blank(text[i]); i++) {
            }
            from = i;
            for (; i < n && !blank(text[i]); i++) {
            }
            if (i > from) {
                reference_add(r, text + from, i - from);
            }
        }
        return;
    }
    for (size_t i = 0; i + k <= n;) {
        if (memcmp(text + i, separator, k) == 0) {
            reference_add(r, text + from, i - from);
            from = i += k;
        } else {
            i++;
        }
    }
    reference_add(r, text + from, n - from);
}

static void widen(const char *text, size_t n, fc_text_kind kind, void *out)
{
    for (size_t i = 0; i < n; i++) {
        switch (kind) {
        case FC_TEXT_UCS2:
            ((uint16_t *)out)[i] = (uint8_t)text[i];
            break;
        case FC_TEXT_UCS4:
            ((uint32_t *)out)[i] = (uint8_t)text[i];
            break;
        default:
            ((uint8_t *)out)[i] = (uint8_t)text[i];
        }
    }
}

static fc_status count(const fc_text *lines, size_t n_lines, const char *separator, unsigned width,
                       fc_words **words, size_t *n)
{
    uint32_t code_points[16];
    size_t k = strlen(separator);
    widen(separator, k, FC_TEXT_UCS4, code_points);
    fc_words_options options = {
        .separator = code_points, .separator_length = k, .seed = {1234567, 89}};
    fc_run run = {.width = width};
    fc_status status = fc_words_create(&options, width, words);
    if (status == FC_OK) {
        status = fc_words_feed(*words, &run, lines, n_lines);
    }
    return status == FC_OK ? fc_words_finish(*words, &run, n) : status;
}

static void compare(const reference *r, const fc_words *words, size_t n)
{
    CHECK(n == r->n);
    size_t wrong = 0;
    for (size_t i = 0; i < n && i < r->n; i++) {
        fc_word word = fc_words_get(words, i);
        wrong += word.length != r->words[i].length || word.count != r->words[i].count ||
                 memcmp(word.bytes, r->words[i].bytes, word.length) != 0;
    }
    CHECK(wrong == 0);
}

/* The text as one line, in an exactly sized block of memory, in each kind and on 1 and 3 threads.
 */
static void check_text(const char *text, size_t n, const char *separator)
{
    reference r = {.n = 0};
    reference_split(&r, text, n, separator);
    for (int kind = FC_TEXT_BYTES; kind <= FC_TEXT_UCS4; kind++) {
        size_t unit = kind == FC_TEXT_UCS4 ? 4 : kind == FC_TEXT_UCS2 ? 2 : 1;
        void *data = malloc(n * unit + (n == 0));
        widen(text, n, kind, data);
        for (unsigned width = 1; width <= 3; width += 2) {
            fc_words *words = NULL;
            size_t n_words = 0;
            fc_text line = {data, n, kind};
            CHECK(count(&line, 1, separator, width, &words, &n_words) == FC_OK);
            compare(&r, words, n_words);
            fc_words_destroy(words);
        }
        free(data);
    }
    reference_free(&r);
}

static uint32_t random_state = 1;

static uint32_t random_below(uint32_t n)
{
    random_state = random_state * 1664525u + 1013904223u;
    return (random_state >> 8) % n;
}

static void test_small(void)
{
    const char *texts[] = {"",  " ",  "a",   " a",     "a ",   "a b",     "  a  a\tb\n",
                           ",", ",,", "a,b", ",a,,b,", "aaaa", "a,aa,aaa"};
    const char *separators[] = {"", ",", " ", "aa", ",,", "b,", "abc"};
    for (size_t t = 0; t < sizeof texts / sizeof *texts; t++) {
        for (size_t s = 0; s < sizeof separators / sizeof *separators; s++) {
            check_text(texts[t], strlen(texts[t]), separators[s]);
        }
    }
}

/* Lengths around 64, words around 8 and 16 bytes. */
static void test_groups(void)
{
    char text[300];
    for (int round = 0; round < 300; round++) {
        size_t n = random_below(sizeof text);
        for (size_t i = 0; i < n; i++) {
            text[i] = random_below(8) == 0 ? ' ' : (char)('a' + random_below(2));
        }
        check_text(text, n, "");
        check_text(text, n, " ");
        check_text(text, n, "ab");
    }
}

/* Several blocks of one line. */
static void test_blocks(void)
{
    size_t n = 2 * 65536 + 323;
    char *text = malloc(n);
    const char *patterns[] = {"to be, or not to be ", "x", " ", "ab",
                              "abcdefghijklmnopqrstuvwxyz0123456789,"};
    const char *separators[] = {"", ",", " ", "b,", "xx", "aba"};
    for (size_t p = 0; p < sizeof patterns / sizeof *patterns; p++) {
        for (size_t i = 0; i < n; i++) {
            text[i] = patterns[p][i % strlen(patterns[p])];
        }
        for (size_t place = 65536 - 3; place < 65536 + 3;
             place++) { /* something at the block's end */
            text[place] = ',';
            text[2 * place] = ' ';
        }
        for (size_t s = 0; s < sizeof separators / sizeof *separators; s++) {
            check_text(text, n, separators[s]);
            check_text(text, n - 200, separators[s]);
        }
    }
    free(text);
}

/* Many lines, fed in one go and in several, give the same. */
static void test_lines(void)
{
    enum { N = 20000 };
    static char text[N * 12];
    static fc_text lines[N];
    reference r = {.n = 0};
    for (size_t i = 0; i < N; i++) {
        char *line = text + 12 * i;
        size_t n = random_below(13);
        for (size_t k = 0; k < n; k++) {
            line[k] = random_below(4) == 0 ? ' ' : (char)('a' + random_below(3));
        }
        lines[i] = (fc_text){line, n, i % 2 ? FC_TEXT_ASCII : FC_TEXT_UCS1};
        reference_split(&r, line, n, "");
    }
    for (unsigned width = 1; width <= 4; width++) {
        fc_words *words;
        size_t n = 0;
        CHECK(count(lines, N, "", width, &words, &n) == FC_OK);
        compare(&r, words, n);
        fc_words_destroy(words);

        fc_words_options options = {.seed = {5, 6}};
        fc_run run = {.width = width};
        CHECK(fc_words_create(&options, width, &words) == FC_OK);
        for (size_t i = 0; i < N; i += 3001) {
            CHECK(fc_words_feed(words, &run, lines + i, N - i < 3001 ? N - i : 3001) == FC_OK);
        }
        CHECK(fc_words_feed(words, &run, NULL, 0) == FC_OK);
        CHECK(fc_words_finish(words, &run, &n) == FC_OK);
        compare(&r, words, n);
        fc_words_destroy(words);
    }
    reference_free(&r);
}

static void test_lower_and_utf8(void)
{
    const uint16_t units[] = {'A', 0xe9, 'Z', ' ',    0x4e2d, 0xd800, 0x3000,
                              'a', 0xe9, 'z', 0x2003, 'a',    0xe9,   'Z'};
    fc_text line = {units, sizeof units / sizeof *units, FC_TEXT_UCS2};
    fc_words_options options = {.lower_ascii = true};
    fc_words *words;
    size_t n;
    CHECK(fc_words_create(&options, 2, &words) == FC_OK);
    CHECK(fc_words_feed(words, NULL, &line, 1) == FC_OK);
    const char *capitals = "THE QUICK, BROWN@[`{ ABCDEFGHIJKLMNOPQRSTUVWXYZ";
    line = (fc_text){capitals, strlen(capitals), FC_TEXT_BYTES};
    CHECK(fc_words_feed(words, NULL, &line, 1) == FC_OK);
    CHECK(fc_words_finish(words, NULL, &n) == FC_OK);
    const char *expected[] = {"a\xc3\xa9z", "\xe4\xb8\xad\xed\xa0\x80",  "the", "quick,",
                              "brown@[`{",  "abcdefghijklmnopqrstuvwxyz"};
    CHECK(n == 6);
    for (size_t i = 0; i < n && i < 6; i++) {
        fc_word word = fc_words_get(words, i);
        CHECK(word.length == strlen(expected[i]) &&
              memcmp(word.bytes, expected[i], word.length) == 0);
        CHECK(word.count == (i == 0 ? 3 : 1));
    }
    fc_words_destroy(words);
}

static void test_failing_allocations(void)
{
    static char text[40000];
    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = random_below(20) == 0 ? ' ' : (char)('a' + random_below(26));
    }
    fc_text line = {text, sizeof text, FC_TEXT_ASCII};
    fc_status status = FC_ERR_NOMEM;
    long allowed = 0;
    for (; status != FC_OK && allowed < 10000; allowed++) {
        fc_words *words = NULL;
        size_t n;
        fc_alloc_fail_after(allowed);
        status = count(&line, 1, "", 1, &words, &n);
        fc_alloc_fail_after(-1);
        CHECK(status == FC_OK || status == FC_ERR_NOMEM);
        fc_words_destroy(words);
    }
    CHECK(status == FC_OK && allowed > 50);
}

static void test_cancel(void)
{
    static char text[1 << 20];
    memset(text, 'a', sizeof text);
    fc_text line = {text, sizeof text, FC_TEXT_ASCII};
    fc_cancel cancel = {0};
    fc_run run = {.cancel = &cancel};
    fc_words_options options = {0};
    fc_words *words;
    fc_cancel_request(&cancel);
    CHECK(fc_words_create(&options, 2, &words) == FC_OK);
    CHECK(fc_words_feed(words, &run, &line, 1) == FC_ERR_CANCELLED);
    fc_words_destroy(words);
}

int main(void)
{
    test_small();
    test_groups();
    test_blocks();
    test_lines();
    test_lower_and_utf8();
    test_failing_allocations();
    test_cancel();
    return check_report();
}
