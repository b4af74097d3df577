/* SPDX-License-Identifier: BSD-3-Clause
 *
 * Open addressing with linear probing over slots that hold half the hash, so that a probe of
 * another word's slot hardly ever touches that word's entry. Entries stand apart in the order of
 * arrival, one cache line each at most. */
#include "fc_wordtab.h"

#include <stdbool.h>

#include "fc_alloc.h"

#define FIRST_SLOTS 64
#define CHUNK_BYTES 65536

struct fc_wordchunk {
    fc_wordchunk *next;
    size_t used, size;
    uint8_t bytes[];
};

#define HASH_HALF 0xffffffff00000000u

static inline bool same_word(const fc_wordentry *entry, const fc_wordkey *key)
{
    return entry->hash == key->hash && entry->length == key->length &&
           entry->head[0] == key->head[0] && entry->head[1] == key->head[1] &&
           (key->length <= FC_WORD_SHORT || memcmp(entry->bytes, key->bytes, key->length) == 0);
}

static inline fc_wordentry *entry_of(const fc_wordtab *table, uint64_t slot)
{
    return &table->entries[(uint32_t)slot - 1];
}

/* The slot where the word is, or the free one where it belongs. There is always a free one. */
static inline size_t find_slot(const fc_wordtab *table, const fc_wordkey *key)
{
    size_t mask = table->n_slots - 1;
    for (size_t i = key->hash & mask;; i = (i + 1) & mask) {
        uint64_t slot = table->slots[i];
        if (slot == 0 ||
            (((slot ^ key->hash) & HASH_HALF) == 0 && same_word(entry_of(table, slot), key))) {
            return i;
        }
    }
}

/* Room for one entry more, in entries and slots. */
static fc_status reserve(fc_wordtab *table)
{
    if (table->n_entries >= UINT32_MAX - 1) { /* an index + 1 must fit a slot's low half */
        return FC_ERR_NOMEM;
    }
    if (table->n_entries == table->entry_capacity) {
        size_t capacity = table->entry_capacity == 0 ? FIRST_SLOTS / 2 : table->entry_capacity * 2;
        fc_wordentry *entries = fc_malloc(capacity, sizeof *entries);
        if (entries == NULL) {
            return FC_ERR_NOMEM;
        }
        if (table->n_entries != 0) {
            memcpy(entries, table->entries, table->n_entries * sizeof *entries);
        }
        fc_free(table->entries);
        table->entries = entries;
        table->entry_capacity = capacity;
    }
    if ((table->n_entries + 1) * 3 / 2 < table->n_slots) {
        return FC_OK;
    }
    size_t n_slots = table->n_slots == 0 ? FIRST_SLOTS : table->n_slots * 2;
    uint64_t *slots = fc_calloc(n_slots, sizeof *slots);
    if (slots == NULL) {
        return FC_ERR_NOMEM;
    }
    for (size_t i = 0; i < table->n_entries; i++) {
        size_t slot = table->entries[i].hash & (n_slots - 1);
        while (slots[slot] != 0) {
            slot = (slot + 1) & (n_slots - 1);
        }
        slots[slot] = (table->entries[i].hash & HASH_HALF) | (uint32_t)(i + 1);
    }
    fc_free(table->slots);
    table->slots = slots;
    table->n_slots = n_slots;
    return FC_OK;
}

static const uint8_t *keep_bytes(fc_wordtab *table, const uint8_t *bytes, size_t length)
{
    fc_wordchunk *chunk = table->chunks;
    if (chunk == NULL || chunk->size - chunk->used < length) {
        size_t size = length > CHUNK_BYTES / 4 ? length : CHUNK_BYTES;
        if (size > SIZE_MAX - sizeof *chunk ||
            (chunk = fc_malloc(1, sizeof *chunk + size)) == NULL) {
            return NULL;
        }
        chunk->used = 0;
        chunk->size = size;
        chunk->next = table->chunks;
        table->chunks = chunk;
    }
    uint8_t *kept = chunk->bytes + chunk->used;
    memcpy(kept, bytes, length);
    chunk->used += length;
    return kept;
}

fc_status fc_wordtab_add(fc_wordtab *table, const fc_wordkey *key, uint64_t position,
                         uint64_t times)
{
    if (table->n_slots != 0) {
        size_t slot = find_slot(table, key);
        if (table->slots[slot] != 0) {
            fc_wordentry *entry = entry_of(table, table->slots[slot]);
            entry->count += times;
            entry->first = position < entry->first ? position : entry->first;
            return FC_OK;
        }
    }
    fc_status status = reserve(table);
    if (status != FC_OK) {
        return status;
    }
    const uint8_t *bytes = NULL;
    if (key->length > FC_WORD_SHORT) {
        bytes = keep_bytes(table, key->bytes, key->length);
        if (bytes == NULL) {
            return FC_ERR_NOMEM;
        }
    }
    size_t slot = find_slot(table, key); /* again: the slots may be new ones */
    table->entries[table->n_entries++] = (fc_wordentry){
        .hash = key->hash,
        .count = times,
        .first = position,
        .head = {key->head[0], key->head[1]},
        .length = key->length,
        .bytes = bytes,
    };
    table->slots[slot] = (key->hash & HASH_HALF) | (uint32_t)table->n_entries;
    return FC_OK;
}

fc_status fc_wordtab_merge(fc_wordtab *into, const fc_wordtab *from)
{
    for (size_t i = 0; i < from->n_entries; i++) {
        const fc_wordentry *entry = &from->entries[i];
        fc_wordkey key = {
            .bytes = entry->bytes,
            .length = entry->length,
            .head = {entry->head[0], entry->head[1]},
            .hash = entry->hash,
        };
        fc_status status = fc_wordtab_add(into, &key, entry->first, entry->count);
        if (status != FC_OK) {
            return status;
        }
    }
    return FC_OK;
}

void fc_wordtab_clear(fc_wordtab *table)
{
    fc_free(table->slots);
    fc_free(table->entries);
    while (table->chunks != NULL) {
        fc_wordchunk *next = table->chunks->next;
        fc_free(table->chunks);
        table->chunks = next;
    }
    *table = (fc_wordtab){0};
}
