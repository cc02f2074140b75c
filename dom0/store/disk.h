/* SPDX-License-Identifier: Apache-2.0 */
/*
 * disk.h - a disk as the store sees it: blocks of 4096 bytes, and a few buffers to move them
 * through. Requests on different buffers are under way at the same time, those of two threads too. dom0's driver is one
 * (virtio_blk.c), the unit tests have another.
 *
 * Errors  NULL, or what is wrong: a constant that goes behind "the disk: ".
 * Order   What was written is on the disk for good when a flush() that began after its wait()
 *         has returned NULL; before that any part of it may be, in any order.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define DISK_BLOCK_BYTES 4096u
#define DISK_BUFFERS 4u         /* for a command */
#define DISK_ASIDE DISK_BUFFERS /* one more, for what goes on beside it (lazy.h) */
#define DISK_BUFFERS_ALL 5u
#define DISK_BUFFER_BLOCKS 64u

struct disk {
    uint64_t blocks;
    bool is_read_only;
    uint8_t *buffers[DISK_BUFFERS_ALL]; /* DISK_BUFFER_BLOCKS each; page-aligned */

    /* Begins to read or write blocks [at, at + count) to or from buffer `b`, which is not in use.
     * The range has been checked. */
    void (*begin)(struct disk *d, uint32_t b, uint64_t at, uint32_t count, bool write);
    /* Blocks until what began with buffer `b` has ended; at once if nothing has. */
    const char *(*wait)(struct disk *d, uint32_t b);
    /* Nothing is being written. */
    const char *(*flush)(struct disk *d);
};

/** Reads [at, at + count) to the beginning of buffer `b`. */
static inline const char *disk_read(struct disk *d, uint32_t b, uint64_t at, uint32_t count)
{
    d->begin(d, b, at, count, false);
    return d->wait(d, b);
}

/** Writes [at, at + count) from buffer `b`. */
static inline const char *disk_write(struct disk *d, uint32_t b, uint64_t at, uint32_t count)
{
    d->begin(d, b, at, count, true);
    return d->wait(d, b);
}
