/* SPDX-License-Identifier: BSD-3-Clause
 *
 * How often each word occurs in a text: what this loop gives, on many threads
 *
 *     counts = {}
 *     for line in lines:
 *         for word in line.split(separator):
 *             counts[word] = counts.get(word, 0) + 1
 *
 * in the same order, that of first appearance, whoever did the work. A text comes in pieces (lines)
 * as CPython stores them: bytes, or code points of 1, 2 or 4 bytes. Words of texts are told apart
 * by their UTF-8 form (lone surrogates as three bytes), so a word is the same whatever its line's
 * storage.
 *
 *     fc_words_create  ->  fc_words_feed, as often as there is text  ->  fc_words_finish  ->
 * fc_words_get */
#ifndef FC_WORDS_H
#define FC_WORDS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "fc_pool.h"
#include "fc_status.h"

typedef enum fc_text_kind {
    FC_TEXT_BYTES, /* any bytes; white space is that of bytes.split() */
    FC_TEXT_ASCII, /* code points < 128; white space here and below is that of str.split() */
    FC_TEXT_UCS1,  /* code points < 256 */
    FC_TEXT_UCS2,
    FC_TEXT_UCS4,
} fc_text_kind;

/* One line; borrowed. */
typedef struct fc_text {
    const void *data;
    size_t length; /* in units of the kind */
    fc_text_kind kind;
} fc_text;

typedef struct fc_words_options {
    const uint32_t *separator; /* code points or bytes; copied */
    size_t separator_length;   /* 0: split on runs of white space, else as str.split(separator) */
    bool lower_ascii;          /* A to Z in words count as a to z */
    uint64_t seed[2];          /* of the hash; any numbers an attacker does not know */
} fc_words_options;

typedef struct fc_words fc_words; /* one thread at a time */

/* For calls of fc_words_feed with at most `width` threads. Do not mix FC_TEXT_BYTES with other
 * kinds. */
FC_MUST_CHECK fc_status fc_words_create(const fc_words_options *options, unsigned width,
                                        fc_words **out);

/* Count the words of n lines that follow those fed before. Long lines are divided among threads,
 * too, unless the separator can overlap itself (as "aa" can). Errors: FC_ERR_NOMEM, or as
 * fc_pool_for; the counts are then incomplete and good only for fc_words_destroy. */
FC_MUST_CHECK fc_status fc_words_feed(fc_words *words, const fc_run *run, const fc_text *lines,
                                      size_t n);

/* Put the counts together; fills *n with how many different words there are. Call it once. */
FC_MUST_CHECK fc_status fc_words_finish(fc_words *words, const fc_run *run, size_t *n);

typedef struct fc_word {
    const uint8_t *bytes; /* not terminated; owned by the fc_words */
    size_t length;
    uint64_t count;
} fc_word;

/* Word i of 0 .. n - 1, in order of first appearance. */
fc_word fc_words_get(const fc_words *words, size_t i);

void fc_words_destroy(fc_words *words); /* NULL is fine */

#endif
