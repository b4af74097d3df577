/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Word counting; contract in fc_words.h. In steps:
 *
 *     lines -> blocks of some 64,000 units (several lines, or a part of one)     fc_words_feed
 *           -> words                                                              split_*
 *           -> the worker's tables, one of N_SHARDS by the word's hash            add_word
 *     tables of all workers -> one per shard, sorted by first appearance          finish_shard
 *           -> one order                                                          merge_orders
 *
 * A word's position is its block's number and its number in the block, so the order of first
 * appearance does not depend on which worker met the word, or when. A word that crosses the end of
 * its block belongs to the block where it begins. */
#include "fc_words.h"

#include <stdlib.h>
#include <string.h>
#if defined(__SSE2__)
#include <emmintrin.h>
#endif

#include "fc_alloc.h"
#include "fc_wordtab.h"

#define N_SHARDS 16
#define BLOCK_UNITS 65536
#define N_PENDING 32
#define POSITION_BITS 36 /* of a word in its block: more than a block's text can hold in memory */

typedef struct worker_state {
    fc_wordtab shards[N_SHARDS];
    uint8_t *scratch; /* one word as UTF-8, or lowered */
    size_t scratch_size;
    uint64_t position;             /* of the next word */
    fc_wordkey pending[N_PENDING]; /* words not yet in a table; the last one is at position - 1 */
    size_t n_pending;
} worker_state;

typedef struct block {
    size_t line, n_lines;
    size_t begin, end; /* of the only line, when n_lines is 1 */
} block;

struct fc_words {
    uint32_t *separator;
    size_t separator_length;
    bool separator_overlaps; /* with itself: its places depend on all the text before */
    bool lower_ascii;
    fc_wordseed seed;
    unsigned width;
    worker_state *workers;
    uint64_t n_blocks; /* fed so far */
    const fc_wordentry **order;
};

/* One feed. */
typedef struct job {
    fc_words *words;
    const fc_text *lines;
    const block *blocks;
    fc_cancel *cancel;
} job;

/* ---- characters ---- */

static const bool byte_space[256] = {
    ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true, ['\r'] = true, [' '] = true,
};

/* str.isspace() for the first 256 code points. */
static const bool latin_space[256] = {
    ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true, ['\r'] = true, [' '] = true,
    [0x1c] = true, [0x1d] = true, [0x1e] = true, [0x1f] = true, [0x85] = true, [0xa0] = true,
};

/* str.isspace(): bidirectional type WS, B or S, or category Zs. The set has not changed since
 * Unicode 6.3; a test compares it with the running Python's. */
static bool is_space(uint32_t c)
{
    if (c < 256) {
        return latin_space[c];
    }
    return (c >= 0x2000 && c <= 0x200a) || c == 0x1680 || c == 0x2028 || c == 0x2029 ||
           c == 0x202f || c == 0x205f || c == 0x3000;
}

#define ALWAYS_INLINE static inline __attribute__((always_inline))

/* `kind` is a constant wherever this is called, so that only one load remains. */
ALWAYS_INLINE uint32_t unit_at(const void *data, fc_text_kind kind, size_t i)
{
    switch (kind) {
    case FC_TEXT_UCS2:
        return ((const uint16_t *)data)[i];
    case FC_TEXT_UCS4:
        return ((const uint32_t *)data)[i];
    default:
        return ((const uint8_t *)data)[i];
    }
}

/* ---- from a word to its table ---- */

static fc_status scratch_reserve(worker_state *worker, size_t size)
{
    if (size <= worker->scratch_size) {
        return FC_OK;
    }
    fc_free(worker->scratch);
    worker->scratch_size = 0;
    worker->scratch = fc_malloc(size, 2);
    if (worker->scratch == NULL) {
        return FC_ERR_NOMEM;
    }
    worker->scratch_size = size * 2;
    return FC_OK;
}

/* The ASCII capitals among eight bytes become small; by Mycroft's trick on the seven low bits of
 * each. */
static uint64_t lower_8(uint64_t x)
{
    const uint64_t ones = 0x0101010101010101u;
    uint64_t low = x & (0x7f * ones);
    uint64_t above_z = low + (0x7f - 'Z') * ones;
    uint64_t from_a = low + (0x80 - 'A') * ones;
    uint64_t capital = (from_a ^ above_z) & ~x & (0x80 * ones);
    return x | capital >> 2;
}

static uint8_t lower_1(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

/* The first `length` <= FC_WORD_SHORT of the bytes that end at `limit` or later, zeros behind. */
ALWAYS_INLINE void load_short(const uint8_t *bytes, size_t length, const uint8_t *limit,
                              uint64_t head[2])
{
    head[0] = head[1] = 0;
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
    if ((size_t)(limit - bytes) >= FC_WORD_SHORT) { /* one test that is nearly always true */
        memcpy(head, bytes, FC_WORD_SHORT);
        if (length < 8) {
            head[0] &= ((uint64_t)1 << length * 8) - 1;
            head[1] = 0;
        } else if (length < FC_WORD_SHORT) {
            head[1] &= ((uint64_t)1 << (length - 8) * 8) - 1;
        }
        return;
    }
#else
    (void)limit;
#endif
    memcpy(head, bytes, length);
}

ALWAYS_INLINE fc_wordtab *shard_of(worker_state *worker, const fc_wordkey *key)
{
    return &worker
                ->shards[key->hash >> 60]; /* the top bits; the slot is chosen by the bottom ones */
}

static fc_status flush(worker_state *worker)
{
    size_t n = worker->n_pending;
    worker->n_pending = 0;
    for (size_t i = 0; i < n; i++) {
        fc_wordtab_fetch_slot(shard_of(worker, &worker->pending[i]), &worker->pending[i]);
    }
    for (size_t i = 0; i < n; i++) {
        fc_wordtab_fetch_entry(shard_of(worker, &worker->pending[i]), &worker->pending[i]);
    }
    for (size_t i = 0; i < n; i++) {
        const fc_wordkey *key = &worker->pending[i];
        fc_status status = fc_wordtab_add(shard_of(worker, key), key, worker->position - n + i, 1);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}

/* `limit`: how far the bytes may be read. */
ALWAYS_INLINE fc_status add_word(const fc_words *words, worker_state *worker, const uint8_t *bytes,
                                 size_t length, const uint8_t *limit)
{
    fc_wordkey key;
    if (length <= FC_WORD_SHORT) {
        uint64_t head[2];
        load_short(bytes, length, limit, head);
        if (words->lower_ascii) {
            head[0] = lower_8(head[0]);
            head[1] = lower_8(head[1]);
        }
        key = fc_wordkey_short(words->seed, head, length);
    } else {
        if (words->lower_ascii) {
            if (bytes != worker->scratch) {
                fc_status status = scratch_reserve(worker, length);
                if (status != FC_OK) {
                    return status;
                }
            }
            for (size_t i = 0; i < length; i++) {
                worker->scratch[i] = lower_1(bytes[i]);
            }
            bytes = worker->scratch;
        }
        key = fc_wordkey_long(words->seed, bytes, length);
    }
    worker->pending[worker->n_pending++] = key;
    worker->position++;
    bool borrows_scratch = length > FC_WORD_SHORT && bytes == worker->scratch;
    return worker->n_pending == N_PENDING || borrows_scratch ? flush(worker) : FC_OK;
}

/* Units [begin, end) of a text of at most 8 bits a unit are their own bytes; others are encoded
 * first. */
ALWAYS_INLINE fc_status add_units(const fc_words *words, worker_state *worker, const fc_text *line,
                                  fc_text_kind kind, size_t begin, size_t end)
{
    if (kind == FC_TEXT_BYTES || kind == FC_TEXT_ASCII) {
        const uint8_t *bytes = line->data;
        return add_word(words, worker, bytes + begin, end - begin, bytes + line->length);
    }
    size_t room;
    if (!fc_size_mul(end - begin, 4, &room) || room > SIZE_MAX / 4) {
        return FC_ERR_NOMEM;
    }
    fc_status status = scratch_reserve(worker, room + FC_WORD_SHORT);
    if (status != FC_OK) {
        return status;
    }
    uint8_t *p = worker->scratch;
    for (size_t i = begin; i < end; i++) {
        uint32_t c = unit_at(line->data, kind, i);
        if (c < 0x80) {
            *p++ = (uint8_t)c;
        } else if (c < 0x800) {
            *p++ = (uint8_t)(0xc0 | c >> 6);
            *p++ = (uint8_t)(0x80 | (c & 0x3f));
        } else if (c < 0x10000) {
            *p++ = (uint8_t)(0xe0 | c >> 12);
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            *p++ = (uint8_t)(0x80 | (c & 0x3f));
        } else {
            *p++ = (uint8_t)(0xf0 | c >> 18);
            *p++ = (uint8_t)(0x80 | (c >> 12 & 0x3f));
            *p++ = (uint8_t)(0x80 | (c >> 6 & 0x3f));
            *p++ = (uint8_t)(0x80 | (c & 0x3f));
        }
    }
    return add_word(words, worker, worker->scratch, (size_t)(p - worker->scratch),
                    worker->scratch + worker->scratch_size);
}

/* ---- white space ---- */

#if defined(__SSE2__)
ALWAYS_INLINE uint64_t space_mask_16(const uint8_t *bytes, fc_text_kind kind)
{
    const __m128i four = _mm_set1_epi8(4);
    __m128i v = _mm_loadu_si128((const __m128i *)bytes);
    __m128i from_tab = _mm_sub_epi8(v, _mm_set1_epi8('\t')); /* unsigned <= 4: \t \n \v \f \r */
    __m128i space = _mm_cmpeq_epi8(_mm_min_epu8(from_tab, four), from_tab);
    if (kind == FC_TEXT_BYTES) {
        space = _mm_or_si128(space, _mm_cmpeq_epi8(v, _mm_set1_epi8(' ')));
    } else {
        __m128i from_fs = _mm_sub_epi8(v, _mm_set1_epi8(0x1c)); /* unsigned <= 4: 0x1c to 0x20 */
        space = _mm_or_si128(space, _mm_cmpeq_epi8(_mm_min_epu8(from_fs, four), from_fs));
    }
    return (unsigned)_mm_movemask_epi8(space);
}
#endif

/* Which of the 64 bytes from `base` on belong to words: bit i for byte base + i; 0 from `length`
 * on. */
ALWAYS_INLINE uint64_t word_mask(const uint8_t *bytes, size_t base, size_t length,
                                 fc_text_kind kind)
{
    const bool *table = kind == FC_TEXT_BYTES ? byte_space : latin_space;
    size_t n = length - base < 64 ? length - base : 64;
    uint64_t mask = 0;
    size_t i = 0;
#if defined(__SSE2__)
    for (; i + 16 <= n; i += 16) {
        mask |= (space_mask_16(bytes + base + i, kind) ^ 0xffff) << i;
    }
    if (i < n && length >= 16) { /* the last 16 bytes of all; some are there already */
        return mask | (space_mask_16(bytes + length - 16, kind) ^ 0xffff) >> (16 - (n - i)) << i;
    }
#endif
    for (; i < n; i++) {
        mask |= (uint64_t)!table[bytes[base + i]] << i;
    }
    return mask;
}

/* Words that begin in [begin, end), 64 bytes at a time: no branch on a character. */
ALWAYS_INLINE fc_status split_bytes(const fc_words *words, worker_state *worker,
                                    const fc_text *line, fc_text_kind kind, size_t begin,
                                    size_t end)
{
    const bool *table = kind == FC_TEXT_BYTES ? byte_space : latin_space;
    const uint8_t *bytes = line->data;
    size_t length = line->length;
    uint64_t in_word = begin > 0 && !table[bytes[begin - 1]]; /* before bit 0 */
    for (size_t base = begin; base < end; base += 64) {
        uint64_t mask = word_mask(bytes, base, length, kind);
        uint64_t starts = mask & ~(mask << 1 | in_word);
        in_word = mask >> 63;
        if (end - base < 64) {
            starts &= ((uint64_t)1 << (end - base)) - 1;
        }
        while (starts != 0) {
            unsigned from = (unsigned)__builtin_ctzll(starts);
            starts &= starts - 1;
            uint64_t after = ~mask >> from; /* bit i: byte from + i is no longer in the word */
            size_t stop;
            if (after != 0) {
                stop = base + from + (unsigned)__builtin_ctzll(after);
            } else {
                for (stop = base + 64; stop < length && !table[bytes[stop]]; stop++) {
                }
            }
            fc_status status = add_units(words, worker, line, kind, base + from, stop);
            if (status != FC_OK) {
                return status;
            }
        }
    }
    return FC_OK;
}

ALWAYS_INLINE fc_status split_wide(const fc_words *words, worker_state *worker, const fc_text *line,
                                   fc_text_kind kind, size_t begin, size_t end)
{
    const void *data = line->data;
    size_t i = begin;
    if (i > 0 && !is_space(unit_at(data, kind, i - 1))) {
        while (i < end && !is_space(unit_at(data, kind, i))) {
            i++; /* the rest of a word of the block before */
        }
    }
    while (true) {
        while (i < end && is_space(unit_at(data, kind, i))) {
            i++;
        }
        if (i >= end) {
            return FC_OK;
        }
        size_t from = i;
        while (i < line->length && !is_space(unit_at(data, kind, i))) {
            i++;
        }
        fc_status status = add_units(words, worker, line, kind, from, i);
        if (status != FC_OK) {
            return status;
        }
    }
}

/* ---- a separator ---- */

#define NOWHERE SIZE_MAX

/* The first place from `from` to `last` where the separator stands. */
ALWAYS_INLINE size_t find_separator(const fc_words *words, const fc_text *line, fc_text_kind kind,
                                    size_t from, size_t last)
{
    const uint32_t *separator = words->separator;
    size_t n = words->separator_length;
    if (n > line->length) {
        return NOWHERE;
    }
    last = last < line->length - n ? last : line->length - n;
    for (size_t i = from; i <= last; i++) {
        if (kind == FC_TEXT_BYTES || kind == FC_TEXT_ASCII || kind == FC_TEXT_UCS1) {
            const uint8_t *bytes = line->data;
            const uint8_t *hit =
                separator[0] > 0xff ? NULL : memchr(bytes + i, (int)separator[0], last - i + 1);
            if (hit == NULL) {
                return NOWHERE;
            }
            i = (size_t)(hit - bytes);
        } else if (unit_at(line->data, kind, i) != separator[0]) {
            continue;
        }
        size_t k = 1;
        while (k < n && unit_at(line->data, kind, i + k) == separator[k]) {
            k++;
        }
        if (k == n) {
            return i;
        }
    }
    return NOWHERE;
}

/* Words that begin in [begin, end), and the one that begins at the line's end if `end` is that. */
ALWAYS_INLINE fc_status split_separator(const job *job, worker_state *worker, const fc_text *line,
                                        fc_text_kind kind, size_t begin, size_t end)
{
    const fc_words *words = job->words;
    size_t n = words->separator_length;
    size_t last = end == line->length ? end : end - 1; /* where a word may begin */
    size_t from = 0;
    if (begin > 0) { /* separators do not overlap, or the line would be in one block */
        size_t place = last < n
                           ? NOWHERE
                           : find_separator(words, line, kind, begin > n ? begin - n : 0, last - n);
        if (place == NOWHERE) {
            return FC_OK;
        }
        from = place + n;
    }
    for (unsigned i = 1; from <= last; i++) {
        size_t place = find_separator(words, line, kind, from, line->length);
        size_t stop = place == NOWHERE ? line->length : place;
        fc_status status = add_units(words, worker, line, kind, from, stop);
        if (status == FC_OK && (i & 0xffff) == 0) { /* blocks may be long here */
            status = fc_cancel_check(job->cancel);
        }
        if (status != FC_OK || place == NOWHERE) {
            return status;
        }
        from = place + n;
    }
    return FC_OK;
}

/* ---- blocks ---- */

static fc_status split(const job *job, worker_state *worker, const fc_text *line, size_t begin,
                       size_t end)
{
    const fc_words *words = job->words;
    bool by_space = words->separator_length == 0;
#define SPLIT(kind, by_space_fn)                                                                   \
    case kind:                                                                                     \
        return by_space ? by_space_fn(words, worker, line, kind, begin, end)                       \
                        : split_separator(job, worker, line, kind, begin, end);
    switch (line->kind) {
        SPLIT(FC_TEXT_BYTES, split_bytes)
        SPLIT(FC_TEXT_ASCII, split_bytes)
        SPLIT(FC_TEXT_UCS1, split_wide)
        SPLIT(FC_TEXT_UCS2, split_wide)
        SPLIT(FC_TEXT_UCS4, split_wide)
    }
#undef SPLIT
    return FC_ERR_INVALID;
}

static fc_status count_block(void *context, size_t begin, size_t end, unsigned worker_index)
{
    const job *job = context;
    worker_state *worker = &job->words->workers[worker_index];
    for (size_t b = begin; b < end; b++) {
        const block *block = &job->blocks[b];
        worker->position = (job->words->n_blocks + b) << POSITION_BITS;
        worker->n_pending = 0; /* none, unless a call before this one failed */
        for (size_t i = 0; i < block->n_lines; i++) {
            const fc_text *line = &job->lines[block->line + i];
            bool partial = block->n_lines == 1;
            fc_status status = split(job, worker, line, partial ? block->begin : 0,
                                     partial ? block->end : line->length);
            if (status != FC_OK) {
                return status;
            }
        }
        fc_status status = flush(worker);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}

/* Divides the lines into blocks; with blocks NULL only counts them. */
static size_t divide(const fc_words *words, const fc_text *lines, size_t n, block *blocks)
{
    size_t n_blocks = 0;
    for (size_t i = 0; i < n;) {
        size_t length = lines[i].length;
        if (length >= 2 * BLOCK_UNITS && !words->separator_overlaps) {
            for (size_t begin = 0; begin < length; n_blocks++) {
                size_t end = length - begin < 2 * BLOCK_UNITS ? length : begin + BLOCK_UNITS;
                if (blocks != NULL) {
                    blocks[n_blocks] = (block){i, 1, begin, end};
                }
                begin = end;
            }
            i++;
            continue;
        }
        size_t first = i, units = 0;
        do {
            units += lines[i++].length + 1; /* a line costs, though it be empty */
        } while (i < n && units < BLOCK_UNITS && lines[i].length < 2 * BLOCK_UNITS);
        if (blocks != NULL) {
            blocks[n_blocks] = (block){first, i - first, 0, lines[first].length};
        }
        n_blocks++;
    }
    return n_blocks;
}

fc_status fc_words_feed(fc_words *words, const fc_run *run, const fc_text *lines, size_t n)
{
    size_t n_blocks = divide(words, lines, n, NULL);
    block *blocks = fc_malloc(n_blocks, sizeof *blocks);
    if (blocks == NULL) {
        return FC_ERR_NOMEM;
    }
    divide(words, lines, n, blocks);
    fc_run own = run != NULL ? *run : (fc_run){0};
    own.width = words->width;
    job job = {words, lines, blocks, own.cancel};
    fc_status status = fc_pool_for(&own, count_block, &job, n_blocks, 1);
    fc_free(blocks);
    words->n_blocks += n_blocks;
    return status;
}

/* ---- putting together ---- */

static int compare_first(const void *a, const void *b)
{
    uint64_t left = (*(const fc_wordentry *const *)a)->first;
    uint64_t right = (*(const fc_wordentry *const *)b)->first;
    return (left > right) - (left < right);
}

/* All workers' counts of some shards into worker 0's. */
static fc_status merge_shards(void *context, size_t begin, size_t end, unsigned worker_index)
{
    fc_words *words = context;
    (void)worker_index;
    for (size_t shard = begin; shard < end; shard++) {
        for (unsigned w = 1; w < words->width; w++) {
            fc_wordtab *from = &words->workers[w].shards[shard];
            fc_status status = fc_wordtab_merge(&words->workers[0].shards[shard], from);
            if (status != FC_OK) {
                return status;
            }
            fc_wordtab_clear(from);
        }
    }
    return FC_OK;
}

/* Where the entries of a shard begin in `order`. */
static size_t shard_offset(const fc_words *words, size_t shard)
{
    size_t offset = 0;
    for (size_t s = 0; s < shard; s++) {
        offset += words->workers[0].shards[s].n_entries;
    }
    return offset;
}

static fc_status sort_shards(void *context, size_t begin, size_t end, unsigned worker_index)
{
    fc_words *words = context;
    (void)worker_index;
    for (size_t shard = begin; shard < end; shard++) {
        const fc_wordtab *table = &words->workers[0].shards[shard];
        const fc_wordentry **order = words->order + shard_offset(words, shard);
        for (size_t i = 0; i < table->n_entries; i++) {
            order[i] = &table->entries[i];
        }
        qsort(order, table->n_entries, sizeof *order, compare_first);
    }
    return FC_OK;
}

/* N_SHARDS sorted runs, one after the other in `order`, become one. */
static void merge_runs(const fc_words *words, const fc_wordentry **merged)
{
    const fc_wordentry **next[N_SHARDS], **stop[N_SHARDS];
    size_t n_runs = 0;
    for (size_t shard = 0; shard < N_SHARDS; shard++) {
        size_t offset = shard_offset(words, shard), n = words->workers[0].shards[shard].n_entries;
        if (n != 0) {
            next[n_runs] = words->order + offset;
            stop[n_runs++] = words->order + offset + n;
        }
    }
    while (n_runs > 0) {
        size_t best = 0;
        for (size_t r = 1; r < n_runs; r++) {
            best = (*next[r])->first < (*next[best])->first ? r : best;
        }
        *merged++ = *next[best]++;
        if (next[best] == stop[best]) {
            n_runs--;
            next[best] = next[n_runs];
            stop[best] = stop[n_runs];
        }
    }
}

fc_status fc_words_finish(fc_words *words, const fc_run *run, size_t *n)
{
    *n = 0;
    fc_run own = run != NULL ? *run : (fc_run){0};
    own.width = words->width;
    fc_status status = fc_pool_for(&own, merge_shards, words, N_SHARDS, 1);
    if (status != FC_OK) {
        return status;
    }
    size_t total = shard_offset(words, N_SHARDS);
    const fc_wordentry **merged = fc_malloc(total, sizeof *merged);
    words->order = fc_malloc(total, sizeof *words->order);
    status = FC_ERR_NOMEM;
    if (merged != NULL && words->order != NULL) {
        status = fc_pool_for(&own, sort_shards, words, N_SHARDS, 1);
    }
    if (status != FC_OK) {
        fc_free(merged);
        return status;
    }
    merge_runs(words, merged);
    fc_free(words->order);
    words->order = merged;
    *n = total;
    return FC_OK;
}

fc_word fc_words_get(const fc_words *words, size_t i)
{
    const fc_wordentry *entry = words->order[i];
    return (fc_word){fc_wordentry_bytes(entry), entry->length, entry->count};
}

/* ---- life ---- */

/* Does a proper beginning of the separator also end it? Then two places of it can overlap. */
static bool overlaps_itself(const uint32_t *separator, size_t n)
{
    for (size_t shift = 1; shift < n; shift++) {
        if (memcmp(separator, separator + shift, (n - shift) * sizeof *separator) == 0) {
            return true;
        }
    }
    return false;
}

fc_status fc_words_create(const fc_words_options *options, unsigned width, fc_words **out)
{
    *out = NULL;
    fc_words *words = fc_calloc(1, sizeof *words);
    if (words == NULL) {
        return FC_ERR_NOMEM;
    }
    words->width = width < 1 ? 1 : width > FC_MAX_WIDTH ? FC_MAX_WIDTH : width;
    words->lower_ascii = options->lower_ascii;
    words->seed = (fc_wordseed){options->seed[0], options->seed[1]};
    words->separator_length = options->separator_length;
    words->separator = fc_malloc(options->separator_length, sizeof *words->separator);
    words->workers = fc_calloc_aligned(FC_CACHE_LINE, words->width, sizeof *words->workers);
    if (words->separator == NULL || words->workers == NULL) {
        fc_words_destroy(words);
        return FC_ERR_NOMEM;
    }
    if (options->separator_length != 0) {
        memcpy(words->separator, options->separator,
               options->separator_length * sizeof *words->separator);
    }
    words->separator_overlaps = overlaps_itself(words->separator, words->separator_length);
    *out = words;
    return FC_OK;
}

void fc_words_destroy(fc_words *words)
{
    if (words == NULL) {
        return;
    }
    for (unsigned w = 0; words->workers != NULL && w < words->width; w++) {
        for (size_t shard = 0; shard < N_SHARDS; shard++) {
            fc_wordtab_clear(&words->workers[w].shards[shard]);
        }
        fc_free(words->workers[w].scratch);
    }
    fc_free(words->workers);
    fc_free(words->separator);
    fc_free(words->order);
    fc_free(words);
}
