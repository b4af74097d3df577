/* SPDX-License-Identifier: BSD-3-Clause
 *
 * A hash table from words (byte strings) to how often and where first they were seen. One thread at
 * a time; fc_words gives each worker tables of its own and merges them.
 *
 * A word of at most 16 bytes is two integers, compared at once and held in its entry; most words
 * are so short. */
#ifndef FC_WORDTAB_H
#define FC_WORDTAB_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "fc_status.h"

#define FC_WORD_SHORT 16

/* A word as the table takes it. Make it with fc_wordkey_short or fc_wordkey_long. */
typedef struct fc_wordkey {
    const uint8_t *bytes; /* of a long word; short words are in `head` alone */
    size_t length;
    uint64_t head[2]; /* the bytes, zero behind the last; 0 for long words */
    uint64_t hash;
} fc_wordkey;

typedef struct fc_wordentry {
    uint64_t hash;
    uint64_t count;
    uint64_t first; /* smallest position it was added with */
    uint64_t head[2];
    uint64_t length;
    const uint8_t *bytes; /* of a long word: in the table's memory */
} fc_wordentry;

typedef struct fc_wordchunk fc_wordchunk;

/* All zero is an empty table. */
typedef struct fc_wordtab {
    uint64_t *slots; /* high half: that of the hash; low half: index of an entry + 1; 0: free */
    size_t n_slots;  /* 0 or a power of two, more than 3/2 of n_entries */
    fc_wordentry *entries;
    size_t n_entries, entry_capacity;
    fc_wordchunk *chunks; /* memory of the long words */
} fc_wordtab;

/* Two secrets, so that nobody can prepare a text whose words collide. */
typedef struct fc_wordseed {
    uint64_t a, b;
} fc_wordseed;

/* Counts `times` more occurrences, the earliest at `position`. The bytes of a new long word are
 * copied. Errors: FC_ERR_NOMEM, also beyond 2^32 - 2 different words; the table stays usable. */
FC_MUST_CHECK fc_status fc_wordtab_add(fc_wordtab *table, const fc_wordkey *key, uint64_t position,
                                       uint64_t times);

/* Fetch into the cache what fc_wordtab_add of that key will read: first the slot, some time later
 * the entry. Both may be left out; with them a batch of words waits for memory once, not once for
 * each. */
static inline void fc_wordtab_fetch_slot(const fc_wordtab *table, const fc_wordkey *key)
{
    if (table->n_slots != 0) {
        __builtin_prefetch(&table->slots[key->hash & (table->n_slots - 1)]);
    }
}

static inline void fc_wordtab_fetch_entry(const fc_wordtab *table, const fc_wordkey *key)
{
    if (table->n_slots != 0) {
        uint32_t slot = (uint32_t)table->slots[key->hash & (table->n_slots - 1)];
        __builtin_prefetch(&table->entries[slot != 0 ? slot - 1 : 0], 1);
    }
}

/* Adds every entry of `from` to `into`. */
FC_MUST_CHECK fc_status fc_wordtab_merge(fc_wordtab *into, const fc_wordtab *from);

void fc_wordtab_clear(fc_wordtab *table);

/* The bytes of an entry; valid while the entry is. */
static inline const uint8_t *fc_wordentry_bytes(const fc_wordentry *entry)
{
    return entry->length <= FC_WORD_SHORT ? (const uint8_t *)entry->head : entry->bytes;
}

static inline uint64_t fc_word_mix(uint64_t a, uint64_t b)
{
    __extension__ typedef unsigned __int128 u128;
    u128 product = (u128)a * b;
    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* `head` holds length <= FC_WORD_SHORT bytes and zeros behind them. */
static inline fc_wordkey fc_wordkey_short(fc_wordseed seed, const uint64_t head[2], size_t length)
{
    uint64_t first = fc_word_mix(head[0] ^ seed.a, head[1] ^ seed.b ^ (uint64_t)length << 56);
    return (fc_wordkey){
        .length = length,
        .head = {head[0], head[1]},
        .hash = fc_word_mix(first ^ seed.b, seed.a | 1),
    };
}

/* `bytes` are borrowed until the key is added. */
static inline fc_wordkey fc_wordkey_long(fc_wordseed seed, const uint8_t *bytes, size_t length)
{
    uint64_t hash = seed.a ^ (uint64_t)length;
    uint64_t part[2];
    size_t i = 0;
    for (; i + sizeof part < length; i += sizeof part) {
        memcpy(part, bytes + i, sizeof part);
        hash = fc_word_mix(part[0] ^ seed.b, part[1] ^ hash);
    }
    memcpy(part, bytes + length - sizeof part, sizeof part); /* overlaps; length > FC_WORD_SHORT */
    hash = fc_word_mix(part[0] ^ seed.b, part[1] ^ hash);
    return (fc_wordkey){
        .bytes = bytes, .length = length, .hash = fc_word_mix(hash ^ seed.b, seed.a | 1)};
}

#endif
