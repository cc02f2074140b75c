/* SPDX-License-Identifier: Apache-2.0 */
/*
 * catalogue.h - what is saved on a disk: the superblock, the entries and the free space
 * (layout.h).
 *
 * Life     catalogue_open() reads it; changes are made to the entries in memory and take effect,
 *          all or none, by catalogue_commit(). After an error the memory is worthless: open again.
 * Memory   512 KiB, and up to 256 KiB while it is changed, by the number of entries.
 * Errors   NULL, or a sentence without its end that says what is wrong and what to do: a constant.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "store/disk.h"
#include "store/layout.h"

struct catalogue {
    struct disk *disk; /* borrows */
    struct store_super super;
    uint32_t count;
    struct store_entry entries[STORE_ENTRIES_MAX];
};

enum store_disk { STORE_DISK_OURS, STORE_DISK_BLANK, STORE_DISK_OTHER };

/**
 * Reads the catalogue. *what: whose disk it is, also when there is an error. BLANK (which is an
 * error here): it holds nothing at all, catalogue_format() makes a store of it.
 */
const char *catalogue_open(struct catalogue *c, struct disk *d, enum store_disk *what);

/** Makes an empty store on a disk that catalogue_open() called blank, and opens it. */
const char *catalogue_format(struct catalogue *c, struct disk *d);

/** The entry of this name, or NULL. */
struct store_entry *catalogue_find(struct catalogue *c, const char *name);

/** The entry of this id, also one that was forgotten; NULL: none. */
struct store_entry *catalogue_find_id(struct catalogue *c, uint64_t id);

/** A new entry, all zero but its id; NULL when there are STORE_ENTRIES_MAX. */
struct store_entry *catalogue_add(struct catalogue *c);

/** Whether an entry has this one for its parent. */
bool catalogue_has_children(const struct catalogue *c, const struct store_entry *e);

/** Makes the changes permanent: on return they are on the disk, or nothing has changed there. */
const char *catalogue_commit(struct catalogue *c);

/** The largest free pieces of the disk, the largest first. Returns how many. */
uint32_t catalogue_gaps(const struct catalogue *c, struct store_run gaps[STORE_RUNS_MAX]);

/** Blocks that bodies may use and that are free. */
uint64_t catalogue_free_blocks(const struct catalogue *c);

/** Blocks of the disk that an entry's own body takes. */
uint64_t catalogue_body_blocks(const struct store_entry *e);
