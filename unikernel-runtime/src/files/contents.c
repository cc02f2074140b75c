/* SPDX-License-Identifier: Apache-2.0 */
/*
 * contents.c - the bytes of regular files: chunks of 4 KiB, none where nothing was written. What
 * has no chunk is read from the packed contents, behind those it is zero. So appending takes time
 * in proportion to what is appended, and a read finds its place at once.
 *
 * A file that is mapped shared has its first part flat, in pages of its own: pages cannot be in two
 * places, so the mapping is the contents. The flat part has addresses for more than the file, for it to
 * grow in; what grows beyond it is in chunks again. Its pages end with the file, so that who goes beyond
 * gets SIGBUS, but those of shared memory, which has all that it will ever have.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "family/shared.h"
#include "files/node.h"
#include "files/own.h"
#include "mayfly/hypercall.h"
#include "memory/memory.h"
#include "system/identity.h"

#define FLAT_MIN_BYTES (64ull << 20) /* address space, not memory */
#define FLAT_FACTOR 4u

static uint64_t page_up(uint64_t bytes)
{
    return (bytes + HV_PAGE_BYTES - 1) & -(uint64_t)HV_PAGE_BYTES;
}

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

/* What a user has changed does not run as another. */
static void changed(struct mf_node *n)
{
    mf_node_touch(n);
    if (mf_identity.uid.effective != 0) {
        const bool keeps_gid = (n->mode & S_IXGRP) == 0 && mf_identity_has_group(n->gid);
        n->mode &= ~(uint32_t)(S_ISUID | (keeps_gid ? 0 : S_ISGID));
    }
}

/* ---- reading ------------------------------------------------------------------------------- */

/* Where the pointer to a chunk is; NULL: there is no such chunk. */
static char **slot_at(const struct mf_contents *c, uint64_t index)
{
    if (index < MF_GROUP_CHUNKS) {
        return index < c->chunk_count ? &c->chunks[index] : NULL;
    }
    const uint64_t group = index / MF_GROUP_CHUNKS - 1;
    return group < c->group_count && c->groups[group] != NULL
               ? &c->groups[group][index % MF_GROUP_CHUNKS]
               : NULL;
}

/* Where the bytes at `at` are, at most `bytes` in a row: *part of them. NULL: they are zero. */
static const char *piece_at(const struct mf_contents *c, uint64_t at, size_t bytes, size_t *part)
{
    if (at < c->flat_bytes) {
        *part = least(bytes, c->flat_bytes - at);
        return c->flat + at;
    }
    if (c->chunks_used == 0) {
        *part = at < c->packed_bytes ? least(bytes, c->packed_bytes - at) : bytes;
        return at < c->packed_bytes ? c->packed + at : NULL;
    }
    char **const slot = slot_at(c, at / MF_CHUNK_BYTES);
    const uint64_t unit = slot != NULL ? MF_CHUNK_BYTES : MF_CHUNK_BYTES * MF_GROUP_CHUNKS;
    *part = least(bytes, unit - at % unit);
    if (slot != NULL && *slot != NULL) {
        return *slot + at % MF_CHUNK_BYTES;
    }
    if (at < c->packed_bytes) {
        *part = least(*part, c->packed_bytes - at);
        return c->packed + at;
    }
    return NULL;
}

size_t mf_node_read(const struct mf_node *n, uint64_t offset, void *to, size_t bytes)
{
    if (offset >= n->file.bytes) {
        return 0;
    }
    const size_t total = least(bytes, n->file.bytes - offset);
    for (size_t done = 0, part; done < total; done += part) {
        const char *const from = piece_at(&n->file, offset + done, total - done, &part);
        if (from != NULL) {
            memcpy((char *)to + done, from, part);
        } else {
            memset((char *)to + done, 0, part);
        }
    }
    return total;
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Makes *table, of *count entries, have one with number `index`; new ones are zero. */
static void *grow_table(void *table, size_t *count, uint64_t index)
{
    size_t more = *count == 0 ? 1 : *count;
    while (more <= index) {
        more *= 2;
    }
    char *const grown = realloc(table, more * sizeof(void *));
    if (grown != NULL) {
        memset(grown + *count * sizeof(void *), 0, (more - *count) * sizeof(void *));
        *count = more;
    }
    return grown;
}

/* As slot_at(), but makes it. NULL: no memory. */
static char **make_slot(struct mf_contents *c, uint64_t index)
{
    void *table = c->chunks;
    if (index < MF_GROUP_CHUNKS) {
        if (index >= c->chunk_count) {
            table = grow_table(table, &c->chunk_count, index);
            c->chunks = table != NULL ? table : c->chunks;
        }
        return table != NULL ? &c->chunks[index] : NULL;
    }
    const uint64_t group = index / MF_GROUP_CHUNKS - 1;
    if (group >= c->group_count) {
        table = grow_table(c->groups, &c->group_count, group);
        if (table == NULL) {
            return NULL;
        }
        c->groups = table;
    }
    if (c->groups[group] == NULL) {
        c->groups[group] = calloc(MF_GROUP_CHUNKS, sizeof(char *));
    }
    return slot_at(c, index);
}

/*
 * The chunk at `offset` for writing, with the bytes that the file has there; NULL: no memory.
 * is_whole: all of it will be written, so it may hold anything.
 */
static char *writable_chunk(struct mf_contents *c, uint64_t offset, bool is_whole)
{
    const uint64_t start = offset - offset % MF_CHUNK_BYTES;
    char **const slot = make_slot(c, offset / MF_CHUNK_BYTES);
    if (slot == NULL) {
        return NULL;
    }
    char *chunk = *slot;
    if (chunk == NULL) {
        chunk = is_whole ? malloc(MF_CHUNK_BYTES) : calloc(1, MF_CHUNK_BYTES);
        if (chunk == NULL) {
            return NULL;
        }
        if (!is_whole && start < c->packed_bytes) {
            memcpy(chunk, c->packed + start, least(c->packed_bytes - start, MF_CHUNK_BYTES));
        }
        *slot = chunk;
        c->chunks_used++;
    }
    return chunk;
}

/* Behind the end a shared mapping may have written into the last page; the file must not show it. */
static void clear_flat_tail(struct mf_contents *c)
{
    const uint64_t end = least(page_up(c->bytes), c->flat_bytes);
    if (c->bytes < end) {
        memset(c->flat + c->bytes, 0, end - c->bytes);
    }
}

/* Gives the flat part pages for a file of `bytes`, more of them while nobody sees that. Returns 0 or -ENOSPC. */
static int reach(struct mf_contents *c, uint64_t bytes)
{
    const uint64_t needed = least(page_up(bytes), c->flat_bytes);
    const uint64_t to = c->pins == 0 ? least(2 * needed, c->flat_bytes) : needed;

    if (needed <= c->flat_mapped) {
        return 0;
    }
    if (hv_mem_map((uint64_t)(uintptr_t)c->flat + c->flat_mapped,
                   (to - c->flat_mapped) / HV_PAGE_BYTES, HV_PROT_READ | HV_PROT_WRITE) < 0) {
        return -ENOSPC;
    }
    c->flat_mapped = to;
    return 0;
}

/* The flat pages from `bytes` on go, or are zero. */
static void trim(struct mf_contents *c, uint64_t bytes)
{
    const uint64_t start = page_up(bytes);

    if (start < c->flat_mapped && !mf_is_shared_va((uintptr_t)c->flat)) {
        mf_flat_clear(c->flat + start, c->flat_mapped - start);
        c->flat_mapped = start;
    } else if (start < least(page_up(c->bytes), c->flat_bytes)) {
        mf_flat_clear(c->flat + start, least(page_up(c->bytes), c->flat_bytes) - start);
    }
}

static size_t write_piece(struct mf_contents *c, uint64_t at, const char *from, size_t bytes)
{
    if (at < c->flat_bytes) {
        const size_t part = least(bytes, c->flat_bytes - at);
        if (reach(c, at + part) != 0) {
            return 0;
        }
        memcpy(c->flat + at, from, part);
        return part;
    }
    const size_t in_chunk = MF_CHUNK_BYTES - at % MF_CHUNK_BYTES;
    const size_t part = least(bytes, in_chunk);
    char *const chunk = writable_chunk(c, at, part == MF_CHUNK_BYTES);
    if (chunk == NULL) {
        return 0;
    }
    memcpy(chunk + at % MF_CHUNK_BYTES, from, part);
    return part;
}

ssize_t mf_node_write(struct mf_node *n, uint64_t offset, const void *from, size_t bytes)
{
    struct mf_contents *const c = &n->file;
    if (bytes == 0) {
        return 0;
    }
    if (offset >= (uint64_t)MF_FILE_MAX) {
        return -EFBIG;
    }
    const size_t total = least(bytes, (uint64_t)MF_FILE_MAX - offset);
    if (offset + total > c->bytes) {
        clear_flat_tail(c);
    }
    size_t done = 0, part = 1;
    while (done < total && part != 0) {
        part = write_piece(c, offset + done, (const char *)from + done, total - done);
        done += part;
    }
    if (done == 0) {
        return -ENOSPC;
    }
    if (offset + done > c->bytes) {
        c->bytes = offset + done;
    }
    changed(n);
    return (ssize_t)done;
}

/* ---- sizes --------------------------------------------------------------------------------- */

static void drop_slots(struct mf_contents *c, char **slots, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) {
        c->chunks_used -= slots[i] != NULL;
        free(slots[i]);
        slots[i] = NULL;
    }
}

/* Frees the chunks from number `from` on. */
static void drop_chunks(struct mf_contents *c, uint64_t from)
{
    for (uint64_t g = from / MF_GROUP_CHUNKS; g <= c->group_count; g++) {
        const uint64_t first = from > g * MF_GROUP_CHUNKS ? from % MF_GROUP_CHUNKS : 0;
        if (g == 0) {
            drop_slots(c, c->chunks, first, c->chunk_count);
        } else if (c->groups[g - 1] != NULL) {
            drop_slots(c, c->groups[g - 1], first, MF_GROUP_CHUNKS);
            if (first == 0) {
                free(c->groups[g - 1]);
                c->groups[g - 1] = NULL;
            }
        }
    }
    if (from == 0) {
        free(c->chunks);
        free(c->groups);
        c->chunks = NULL;
        c->groups = NULL;
        c->chunk_count = c->group_count = 0;
    }
}

static void shrink(struct mf_contents *c, uint64_t bytes)
{
    c->packed_bytes = least(c->packed_bytes, bytes);
    if (c->flat != NULL) {
        trim(c, bytes);
        c->bytes = bytes;
        clear_flat_tail(c);
    }
    drop_chunks(c, (bytes + MF_CHUNK_BYTES - 1) / MF_CHUNK_BYTES);
    char **const last = slot_at(c, bytes / MF_CHUNK_BYTES);
    if (last != NULL && *last != NULL) {
        const size_t used = bytes % MF_CHUNK_BYTES;
        memset(*last + used, 0, MF_CHUNK_BYTES - used); /* zero, should the file grow again */
    }
}

int mf_node_truncate(struct mf_node *n, uint64_t bytes)
{
    if (bytes > (uint64_t)MF_FILE_MAX) {
        return -EFBIG;
    }
    if (bytes < n->file.bytes) {
        shrink(&n->file, bytes);
    } else if (reach(&n->file, bytes) != 0) {
        return -ENOSPC;
    } else {
        clear_flat_tail(&n->file);
    }
    n->file.bytes = bytes;
    changed(n);
    return 0;
}

int mf_node_allocate(struct mf_node *n, uint64_t offset, uint64_t bytes)
{
    struct mf_contents *const c = &n->file;
    const uint64_t end = offset + bytes;
    if (offset > (uint64_t)MF_FILE_MAX || bytes > (uint64_t)MF_FILE_MAX - offset) {
        return -EFBIG;
    }
    if (reach(c, end) != 0) {
        return -ENOSPC;
    }
    const uint64_t first = offset > c->flat_bytes ? offset : c->flat_bytes;
    for (uint64_t at = first - first % MF_CHUNK_BYTES; at < end; at += MF_CHUNK_BYTES) {
        if (writable_chunk(c, at, false) == NULL) {
            return -ENOSPC;
        }
    }
    if (end > c->bytes) {
        clear_flat_tail(c);
        c->bytes = end;
    }
    changed(n);
    return 0;
}

uint64_t mf_node_stored_bytes(const struct mf_node *n)
{
    const struct mf_contents *const c = &n->file;
    return page_up(least(c->bytes, c->flat_bytes)) + c->packed_bytes +
           (uint64_t)c->chunks_used * MF_CHUNK_BYTES;
}

off_t mf_node_seek(const struct mf_node *n, uint64_t offset, bool data)
{
    const struct mf_contents *const c = &n->file;
    if (offset >= c->bytes) {
        return -ENXIO;
    }
    for (uint64_t at = offset; at < c->bytes;) {
        size_t part;
        if ((piece_at(c, at, c->bytes - at, &part) != NULL) == data) {
            return (off_t)at;
        }
        at += part;
    }
    return data ? -ENXIO : (off_t)c->bytes;
}

/* ---- flat ---------------------------------------------------------------------------------- */

void mf_own_flat_free(char *flat, uint64_t bytes)
{
    if (flat != NULL && hv_mem_unmap((uint64_t)(uintptr_t)flat, bytes / HV_PAGE_BYTES) >= 0) {
        mf_va_free_in(&mf_va_flats, (uint64_t)(uintptr_t)flat, bytes);
    }
}
void mf_flat_free(char *flat, uint64_t bytes) MF_OWN(flat_free);

char *mf_own_flat_new(uint64_t needed, uint64_t *bytes)
{
    const uint64_t size =
        needed * FLAT_FACTOR > FLAT_MIN_BYTES ? needed * FLAT_FACTOR : FLAT_MIN_BYTES;
    *bytes = (size + HV_WINDOW_BYTES - 1) & -(uint64_t)HV_WINDOW_BYTES;
    return (char *)(uintptr_t)mf_va_alloc_in(&mf_va_flats, *bytes, HV_WINDOW_BYTES);
}
char *mf_flat_new(uint64_t needed, uint64_t *bytes) MF_OWN(flat_new);

void mf_own_flat_clear(char *at, uint64_t bytes)
{
    if (hv_mem_unmap((uint64_t)(uintptr_t)at, bytes / HV_PAGE_BYTES) < 0) {
        abort(); /* no page table can be missing here: they were there */
    }
}
void mf_flat_clear(char *at, uint64_t bytes) MF_OWN(flat_clear);

/* What is stored, hole by hole: untouched pages of the flat part stay untouched. */
static void copy_to_flat(const struct mf_contents *c, char *flat)
{
    for (uint64_t at = 0, part; at < c->bytes; at += part) {
        const char *const from = piece_at(c, at, c->bytes - at, &part);
        if (from != NULL) {
            memcpy(flat + at, from, part);
        }
    }
}

char *mf_node_flatten(struct mf_node *n, uint64_t bytes)
{
    struct mf_contents *const c = &n->file;
    if (bytes <= c->flat_bytes) {
        if (c->pins == 0) {
            clear_flat_tail(c); /* what the last mapping wrote behind the end */
            trim(c, c->bytes);
        }
        return c->flat;
    }
    if (c->pins != 0 || bytes > (uint64_t)MF_FILE_MAX) {
        return NULL;
    }
    const uint64_t needed = bytes > c->bytes ? bytes : c->bytes;
    uint64_t size;
    char *const flat = mf_flat_new(needed, &size);
    if (flat == NULL) {
        return NULL;
    }
    if (c->pins != 0 || bytes <= c->flat_bytes) { /* meanwhile somebody else has done it */
        mf_flat_free(flat, size);
        return bytes <= c->flat_bytes ? c->flat : NULL;
    }
    struct mf_contents to = {.flat = flat, .flat_bytes = size, .pins = 1};
    to.flat_mapped = mf_is_shared_va((uintptr_t)flat) ? size : 0;
    if (reach(&to, c->bytes) != 0) {
        mf_flat_free(flat, size);
        return NULL;
    }
    copy_to_flat(c, flat);
    mf_flat_free(c->flat, c->flat_bytes);
    drop_chunks(c, 0);
    c->packed_bytes = 0;
    c->flat = flat;
    c->flat_bytes = size;
    c->flat_mapped = to.flat_mapped;
    return flat;
}

void mf_node_free_contents(struct mf_node *n)
{
    shrink(&n->file, 0);
    mf_flat_free(n->file.flat, n->file.flat_bytes);
}
