// SPDX-License-Identifier: Apache-2.0
// cflags: -Idom0
/* fake_disk.c - see fake_disk.h. */
#include "fake_disk.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#define SECTOR 512u
#define SECTORS_PER_BLOCK (DISK_BLOCK_BYTES / SECTOR)

uint32_t fake_random(uint32_t *seed)
{
    *seed = *seed * 1664525u + 1013904223u;
    return *seed >> 8;
}

static void keep(struct fake_disk *f, const struct fake_write *w)
{
    memcpy(f->content + w->sector * SECTOR, w->data, SECTOR);
}

static void add_pending(struct fake_disk *f, uint64_t sector, const uint8_t *data)
{
    if (f->pending_count == f->pending_room) {
        f->pending_room = f->pending_room * 2 + 64;
        f->pending = realloc(f->pending, f->pending_room * sizeof(*f->pending));
        assert(f->pending != NULL);
    }
    struct fake_write *const w = &f->pending[f->pending_count++];
    w->sector = sector;
    memcpy(w->data, data, SECTOR);
}

/* Counts one more thing done; false: the power has gone. */
static bool has_power(struct fake_disk *f)
{
    f->is_off = f->is_off || f->writes == f->cut_after;
    f->writes += !f->is_off;
    return !f->is_off;
}

static void do_write(struct fake_disk *f, const uint8_t *buffer, uint64_t at, uint32_t count)
{
    for (uint32_t i = 0; i < count && has_power(f); i++) {
        for (uint32_t s = 0; s < SECTORS_PER_BLOCK; s++) {
            add_pending(f, (at + i) * SECTORS_PER_BLOCK + s,
                        buffer + i * DISK_BLOCK_BYTES + s * SECTOR);
        }
    }
}

/* What was written and not flushed is read back, too. */
static void do_read(struct fake_disk *f, uint8_t *buffer, uint64_t at, uint32_t count)
{
    memcpy(buffer, f->content + at * DISK_BLOCK_BYTES, (size_t)count * DISK_BLOCK_BYTES);
    for (uint32_t i = 0; i < f->pending_count; i++) {
        const struct fake_write *const w = &f->pending[i];
        if (w->sector >= at * SECTORS_PER_BLOCK && w->sector < (at + count) * SECTORS_PER_BLOCK) {
            memcpy(buffer + w->sector * SECTOR - at * DISK_BLOCK_BYTES, w->data, SECTOR);
        }
    }
    f->reads++;
    f->read_blocks += count;
}

static void begin(struct disk *d, uint32_t b, uint64_t at, uint32_t count, bool write)
{
    struct fake_disk *const f = (struct fake_disk *)(void *)d;

    assert(b < DISK_BUFFERS_ALL && count > 0 && count <= DISK_BUFFER_BLOCKS);
    assert(at < d->blocks && count <= d->blocks - at);
    assert(!write || !d->is_read_only);
    if (write) {
        do_write(f, d->buffers[b], at, count);
    } else {
        do_read(f, d->buffers[b], at, count);
    }
}

static const char *wait_for(struct disk *d, uint32_t b)
{
    (void)b;
    return ((struct fake_disk *)(void *)d)->is_off ? "the power is off" : NULL;
}

static const char *flush(struct disk *d)
{
    struct fake_disk *const f = (struct fake_disk *)(void *)d;

    if (!has_power(f)) {
        return "the power is off";
    }
    for (uint32_t i = 0; i < f->pending_count; i++) {
        keep(f, &f->pending[i]);
    }
    f->pending_count = 0;
    return NULL;
}

void fake_disk_open(struct fake_disk *f, uint64_t blocks)
{
    *f = (struct fake_disk){.disk = {.blocks = blocks}, .cut_after = UINT32_MAX};
    f->disk.begin = begin;
    f->disk.wait = wait_for;
    f->disk.flush = flush;
    f->content = calloc(blocks, DISK_BLOCK_BYTES);
    assert(f->content != NULL);
    for (uint32_t i = 0; i < DISK_BUFFERS_ALL; i++) {
        f->disk.buffers[i] = calloc(DISK_BUFFER_BLOCKS, DISK_BLOCK_BYTES);
        assert(f->disk.buffers[i] != NULL);
    }
}

void fake_disk_close(struct fake_disk *f)
{
    for (uint32_t i = 0; i < DISK_BUFFERS_ALL; i++) {
        free(f->disk.buffers[i]);
    }
    free(f->content);
    free(f->pending);
}

void fake_disk_power_cycle(struct fake_disk *f, uint32_t *seed)
{
    /* A sector that was written twice keeps any of them: in any order. */
    for (uint32_t i = f->pending_count; i > 1; i--) {
        const uint32_t k = fake_random(seed) % i;
        const struct fake_write w = f->pending[i - 1];
        f->pending[i - 1] = f->pending[k];
        f->pending[k] = w;
    }
    for (uint32_t i = 0; i < f->pending_count; i++) {
        if (fake_random(seed) % 2 == 0) {
            keep(f, &f->pending[i]);
        }
    }
    f->pending_count = 0;
    f->is_off = false;
    f->cut_after = UINT32_MAX;
}
