/* SPDX-License-Identifier: Apache-2.0 */
/*
 * body.h - a saved template's vCPU state and pages, as a stream of blocks (layout.h). Neither end
 * keeps more of it in memory than the disk's buffers.
 *
 * Writing  body_write_begin(), then per extent or page in ascending order body_write_extent() or
 *          body_page() + body_write_page(); body_write_end(). Several chunks are written at a time.
 *          Nothing that is in use is overwritten, and only a commit (catalogue.h) makes it count.
 * Reading  body_read_begin(), body_read_chunk() until *done. Every chunk is verified before it is
 *          handed out; the next one is read meanwhile. After
 *          body_read_heads() the chunks' descriptions are read and verified without their pages.
 * Errors   as in catalogue.h.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/catalogue.h"
#include "store/disk.h"
#include "store/layout.h"

struct body_writer {
    struct disk *disk;        /* borrows */
    struct store_entry entry; /* what is known of it: for the catalogue */
    struct store_run gaps[STORE_RUNS_MAX];
    uint32_t gap_count, gap; /* gap: where is written now */
    uint64_t at;             /* within that gap */
    uint32_t buffer;
    uint32_t room;             /* pages that the chunk in the buffer may have; 0: none begun */
    struct store_chunk *chunk; /* its head, in the buffer; NULL: none begun */
};

/**
 * Begins a body of `entry` (id, body_id and saved_ns filled in), with the vCPU's state: `bytes` of
 * it, at most STORE_STATE_BYTES.
 */
const char *body_write_begin(struct body_writer *w, const struct catalogue *c,
                             const struct store_entry *entry, const void *state, uint32_t bytes);

/** Pages without content; kind: HV_EXTENT_NONE or HV_EXTENT_ZERO. */
const char *body_write_extent(struct body_writer *w, uint64_t va, uint64_t pages, uint32_t kind,
                              uint32_t prot);

/** Where the next page is to be put; it may be left unused. */
const char *body_page(struct body_writer *w, uint8_t **page);

/** That page is the content of `va`. */
const char *body_write_page(struct body_writer *w, uint64_t va, uint32_t prot);

/** All is written; w->entry says what for the catalogue. */
const char *body_write_end(struct body_writer *w);

/** After an error: waits for what is under way. */
void body_write_abandon(struct body_writer *w);

struct body_reader {
    uint64_t block;                  /* of the first page of the chunk read last, on the disk */
    struct disk *disk;               /* borrows */
    const struct store_entry *entry; /* borrows */
    uint64_t next_va;                /* extents do not begin before this */
    uint64_t pages;                  /* handed out */
    uint64_t at;                     /* of the chunk read last, within its run */
    uint32_t run, next_index, buffer, count;
    bool only_heads;
};

/** Begins: reads the vCPU's state, of `bytes` exactly, to `state`. */
const char *body_read_begin(struct body_reader *r, struct disk *d, const struct store_entry *entry,
                            void *state, uint32_t bytes);

/** Likewise, and pages are not read. */
const char *body_read_heads(struct body_reader *r, struct disk *d, const struct store_entry *entry,
                            void *state, uint32_t bytes);

/**
 * The next chunk, and its pages (NULL: they are not read); NULL: there was none left. Valid until the
 * next call.
 */
const char *body_read_chunk(struct body_reader *r, const struct store_chunk **chunk,
                            const uint8_t **pages);

/** Not to the end: waits for what is under way. */
void body_read_abandon(struct body_reader *r);
