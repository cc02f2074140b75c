// SPDX-License-Identifier: Apache-2.0
// cflags: -Idom0
/*
 * fake_disk.h - a disk in memory that loses power when it is told to. What was written and not
 * flushed is then there or not, sector by sector, as a disk may do it.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/disk.h"

#define FAKE_BLOCKS_MAX 4096u
#define FAKE_PENDING_MAX 512u

struct fake_write {
    uint64_t sector;
    uint8_t data[512];
};

struct fake_disk {
    struct disk disk; /* first */
    uint8_t *content; /* owns */
    struct fake_write *pending;
    uint32_t pending_count, pending_room;
    uint32_t writes;    /* asked for: blocks written and flushes */
    uint32_t cut_after; /* so many; then there is no power */
    bool is_off;
    uint32_t reads, read_blocks;
};

/** A disk of zeros. */
void fake_disk_open(struct fake_disk *f, uint64_t blocks);
void fake_disk_close(struct fake_disk *f);

/** The power is cut (if it is on) and comes back: each unflushed sector is kept or lost. */
void fake_disk_power_cycle(struct fake_disk *f, uint32_t *seed);

/** A random number. */
uint32_t fake_random(uint32_t *seed);
