/* SPDX-License-Identifier: Apache-2.0 */
/* body.c - see body.h. */
#include "store/body.h"

#include <string.h>

#include "mayfly/abi.h"
#include "store/crc32c.h"

#define ERROR_DISK_FULL                                                                            \
    "the disk is full; `forget` what is not needed any more, or give a larger disk"
#define ERROR_DAMAGED "what is saved is damaged: a block is not what was written"

/* ---- writing ------------------------------------------------------------------------------ */

/* Finds a place for 2 blocks at least; gaps are used one after the other, the largest first. */
static const char *find_place(struct body_writer *w)
{
    while (w->gap < w->gap_count && w->gaps[w->gap].count - w->at < 2) {
        w->gap++;
        w->at = 0;
    }
    return w->gap < w->gap_count ? NULL : ERROR_DISK_FULL;
}

/* Takes the next `blocks` of the gap for the body. */
static uint64_t take_place(struct body_writer *w, uint32_t blocks)
{
    struct store_run *run = w->entry.run_count > 0 ? &w->entry.runs[w->entry.run_count - 1] : NULL;
    const uint64_t at = w->gaps[w->gap].start + w->at;

    if (run == NULL || run->start + run->count != at) {
        run = &w->entry.runs[w->entry.run_count++]; /* not more runs than gaps */
        *run = (struct store_run){at, 0};
    }
    run->count += blocks;
    w->at += blocks;
    return at;
}

/* Begins one where none is under way. */
static const char *need_chunk(struct body_writer *w)
{
    if (w->chunk != NULL) {
        return NULL;
    }
    w->buffer = (w->buffer + 1) % DISK_BUFFERS;
    const char *problem = w->disk->wait(w->disk, w->buffer);
    if (problem == NULL) {
        problem = find_place(w);
    }
    if (problem != NULL) {
        return problem;
    }
    const uint64_t left = w->gaps[w->gap].count - w->at - 1;
    w->room = left < STORE_CHUNK_PAGES ? (uint32_t)left : STORE_CHUNK_PAGES;
    w->chunk = (struct store_chunk *)(void *)w->disk->buffers[w->buffer];
    memset(w->chunk, 0, sizeof(*w->chunk));
    w->chunk->magic = STORE_CHUNK_MAGIC;
    w->chunk->body_id = w->entry.body_id;
    w->chunk->index = w->entry.chunk_count;
    return NULL;
}

static void end_chunk(struct body_writer *w)
{
    struct store_chunk *const c = w->chunk;
    const uint32_t blocks = 1 + c->page_count;

    c->crc = crc32c(0, c, sizeof(*c));
    w->entry.chunk_count++;
    w->entry.data_pages += c->page_count;
    w->chunk = NULL;
    w->disk->begin(w->disk, w->buffer, take_place(w, blocks), blocks, true);
}

const char *body_write_begin(struct body_writer *w, const struct catalogue *c,
                             const struct store_entry *entry, const void *state, uint32_t bytes)
{
    struct store_state *s;

    *w = (struct body_writer){.disk = c->disk, .entry = *entry};
    w->gap_count = catalogue_gaps(c, w->gaps);
    const char *const problem = find_place(w);
    if (problem != NULL) {
        return problem;
    }
    s = (struct store_state *)(void *)w->disk->buffers[w->buffer];
    memset(s, 0, sizeof(*s));
    s->magic = STORE_STATE_MAGIC;
    s->body_id = w->entry.body_id;
    s->bytes = bytes;
    memcpy(s->state, state, bytes);
    s->crc = crc32c(0, s, sizeof(*s));
    w->disk->begin(w->disk, w->buffer, take_place(w, 1), 1, true);
    return NULL;
}

/* The chunk's extent that pages of this kind at `va` belong to: the last one, or a new one. */
static const char *find_extent(struct body_writer *w, uint64_t va, uint32_t kind, uint32_t prot,
                               struct store_extent **out)
{
    if (w->chunk != NULL && w->chunk->extent_count > 0) {
        struct store_extent *const last = &w->chunk->extents[w->chunk->extent_count - 1];
        if (last->kind == kind && last->prot == prot && last->pages < HV_MAP_MAX_PAGES &&
            last->va + ((uint64_t)last->pages << HV_PAGE_SHIFT) == va) {
            *out = last;
            return NULL;
        }
        if (w->chunk->extent_count == STORE_CHUNK_EXTENTS) {
            end_chunk(w);
        }
    }
    const char *const problem = need_chunk(w);
    if (problem != NULL) {
        return problem;
    }
    *out = &w->chunk->extents[w->chunk->extent_count++];
    **out = (struct store_extent){.va = va, .kind = (uint8_t)kind, .prot = (uint8_t)prot};
    return NULL;
}

const char *body_write_extent(struct body_writer *w, uint64_t va, uint64_t pages, uint32_t kind,
                              uint32_t prot)
{
    while (pages > 0) {
        struct store_extent *e;
        const char *const problem = find_extent(w, va, kind, prot, &e);
        if (problem != NULL) {
            return problem;
        }
        const uint64_t room = HV_MAP_MAX_PAGES - e->pages;
        const uint64_t now = pages < room ? pages : room;
        e->pages += (uint32_t)now;
        va += now << HV_PAGE_SHIFT;
        pages -= now;
    }
    return NULL;
}

const char *body_page(struct body_writer *w, uint8_t **page)
{
    if (w->chunk != NULL &&
        (w->chunk->page_count == w->room || w->chunk->extent_count == STORE_CHUNK_EXTENTS)) {
        end_chunk(w);
    }
    const char *const problem = need_chunk(w);
    if (problem != NULL) {
        return problem;
    }
    *page = (uint8_t *)w->chunk + (size_t)(1 + w->chunk->page_count) * DISK_BLOCK_BYTES;
    return NULL;
}

const char *body_write_page(struct body_writer *w, uint64_t va, uint32_t prot)
{
    struct store_chunk *const c = w->chunk;
    struct store_extent *e;
    const uint8_t *const page = (const uint8_t *)c + (size_t)(1 + c->page_count) * DISK_BLOCK_BYTES;

    c->page_crc[c->page_count++] = crc32c(0, page, DISK_BLOCK_BYTES);
    const char *const problem = find_extent(w, va, HV_EXTENT_DATA, prot, &e); /* there is room */
    if (problem == NULL) {
        e->pages++;
    }
    return problem;
}

static const char *wait_all(struct disk *d)
{
    const char *problem = NULL;
    for (uint32_t i = 0; i < DISK_BUFFERS; i++) {
        const char *const one = d->wait(d, i);
        problem = problem == NULL ? one : problem;
    }
    return problem;
}

const char *body_write_end(struct body_writer *w)
{
    if (w->chunk != NULL && w->chunk->extent_count > 0) {
        end_chunk(w);
    }
    return wait_all(w->disk);
}

void body_write_abandon(struct body_writer *w)
{
    (void)wait_all(w->disk);
}

/* ---- reading ------------------------------------------------------------------------------ */

/* Whether a block is one of this body, and what was written. */
static bool is_intact(void *block, uint32_t magic, uint64_t body_id)
{
    /* store_state and store_chunk begin alike */
    struct store_state *const s = block;
    const uint32_t crc = s->crc;

    s->crc = 0;
    const bool ok = crc32c(0, s, DISK_BLOCK_BYTES) == crc;
    s->crc = crc;
    return ok && s->magic == magic && s->body_id == body_id;
}

/* Begins to read the chunk at the reader's place, if there is one, to its next buffer. */
static const char *read_ahead(struct body_reader *r)
{
    const struct store_entry *const e = r->entry;

    if (r->next_index == e->chunk_count) {
        return NULL;
    }
    if (r->run < e->run_count && r->at == e->runs[r->run].count) {
        r->run++;
        r->at = 0;
    }
    if (r->run >= e->run_count || r->at >= e->runs[r->run].count) {
        return ERROR_DAMAGED;
    }
    const uint64_t left = e->runs[r->run].count - r->at;
    r->count = left < STORE_CHUNK_BLOCKS ? (uint32_t)left : STORE_CHUNK_BLOCKS;
    r->buffer = (r->buffer + 1) % DISK_BUFFERS;
    r->disk->begin(r->disk, r->buffer, e->runs[r->run].start + r->at, r->only_heads ? 1 : r->count,
                   false);
    return NULL;
}

static const char *begin_read(struct body_reader *r, struct disk *d,
                              const struct store_entry *entry, void *state, uint32_t bytes,
                              bool only_heads)
{
    *r = (struct body_reader){.disk = d, .entry = entry, .at = 1, .only_heads = only_heads};
    if (entry->run_count == 0 || entry->runs[0].count == 0) {
        return ERROR_DAMAGED;
    }
    const char *const problem = disk_read(d, 0, entry->runs[0].start, 1);
    if (problem != NULL) {
        return problem;
    }
    const struct store_state *const s = (const struct store_state *)(void *)d->buffers[0];
    if (!is_intact(d->buffers[0], STORE_STATE_MAGIC, entry->body_id)) {
        return ERROR_DAMAGED;
    }
    if (s->bytes != bytes) {
        return "what is saved is of another version of Mayfly";
    }
    memcpy(state, s->state, bytes);
    return read_ahead(r);
}

const char *body_read_begin(struct body_reader *r, struct disk *d, const struct store_entry *entry,
                            void *state, uint32_t bytes)
{
    return begin_read(r, d, entry, state, bytes, false);
}

const char *body_read_heads(struct body_reader *r, struct disk *d, const struct store_entry *entry,
                            void *state, uint32_t bytes)
{
    return begin_read(r, d, entry, state, bytes, true);
}

/* Protection comes from the disk, too: nothing but what guests could have. */
static bool prot_is_sound(const struct store_extent *e)
{
    return e->kind == HV_EXTENT_NONE ||
           ((e->prot & HV_PROT_READ) != 0 &&
            (e->prot & ~(HV_PROT_READ | HV_PROT_WRITE | HV_PROT_EXEC)) == 0);
}

/* Extents come in ascending order, lie where guests have memory, and have content as they say. */
static bool extents_are_sound(struct body_reader *r, const struct store_chunk *c)
{
    uint64_t pages = 0;

    for (uint32_t i = 0; i < c->extent_count; i++) {
        const struct store_extent *const e = &c->extents[i];
        if (e->va % HV_PAGE_BYTES != 0 || e->va < r->next_va || e->va < HV_IMAGE_BASE ||
            e->va >= HV_WINDOW_HIGH_VA || e->pages == 0 || e->kind > HV_EXTENT_DATA ||
            !prot_is_sound(e) || e->pages > (HV_WINDOW_HIGH_VA - e->va) / HV_PAGE_BYTES) {
            return false;
        }
        r->next_va = e->va + ((uint64_t)e->pages << HV_PAGE_SHIFT);
        pages += e->kind == HV_EXTENT_DATA ? e->pages : 0;
    }
    return pages == c->page_count;
}

static bool pages_are_intact(const struct store_chunk *c, const uint8_t *pages)
{
    for (uint32_t i = 0; i < c->page_count; i++) {
        if (crc32c(0, pages + (size_t)i * DISK_BLOCK_BYTES, DISK_BLOCK_BYTES) != c->page_crc[i]) {
            return false;
        }
    }
    return true;
}

const char *body_read_chunk(struct body_reader *r, const struct store_chunk **chunk,
                            const uint8_t **pages)
{
    *chunk = NULL;
    if (r->next_index == r->entry->chunk_count) {
        return r->pages == r->entry->data_pages ? NULL : ERROR_DAMAGED;
    }
    const uint32_t buffer = r->buffer, count = r->count;
    const char *problem = r->disk->wait(r->disk, buffer);
    if (problem != NULL) {
        return problem;
    }
    const struct store_chunk *const c =
        (const struct store_chunk *)(void *)r->disk->buffers[buffer];
    if (!is_intact(r->disk->buffers[buffer], STORE_CHUNK_MAGIC, r->entry->body_id) ||
        c->index != r->next_index || c->extent_count > STORE_CHUNK_EXTENTS ||
        c->page_count >= count || c->page_count > STORE_CHUNK_PAGES ||
        r->pages + c->page_count > r->entry->data_pages || !extents_are_sound(r, c)) {
        return ERROR_DAMAGED;
    }
    r->block = r->entry->runs[r->run].start + r->at + 1;
    r->at += 1 + c->page_count;
    r->pages += c->page_count;
    r->next_index++;
    problem = read_ahead(r); /* while this one is verified and used */
    *pages = r->only_heads ? NULL : r->disk->buffers[buffer] + DISK_BLOCK_BYTES;
    if (problem == NULL && !r->only_heads && !pages_are_intact(c, *pages)) {
        problem = ERROR_DAMAGED;
    }
    if (problem == NULL) {
        *chunk = c;
    }
    return problem;
}

void body_read_abandon(struct body_reader *r)
{
    (void)wait_all(r->disk);
}
