/* SPDX-License-Identifier: Apache-2.0 */
/*
 * index.h - where on the disk each page of a saved template is, and what its CRC must be: made of the
 * descriptions of chunks alone (layout.h), before any page is read.
 *
 * Layers   A template may be a chain of differences: a layer for each body, the oldest first. Where
 *          two say something of a page, the later one counts.
 * Regions  2 MiB of address space each, by their number: address / INDEX_REGION_BYTES.
 * Memory   4 bytes for each page, 32 for each extent.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/layout.h"

#define INDEX_REGION_BYTES 0x200000u
#define INDEX_REGION_PAGES 512u

struct index_extent {
    uint64_t va;
    uint64_t block; /* of its first page; 0: it has no content */
    uint32_t pages;
    uint32_t crc; /* its pages' CRCs begin here */
    uint8_t kind; /* enum hv_extent_kind */
    uint8_t prot; /* HV_PROT_* */
};

struct index_layer {
    struct index_extent *extents; /* owns; ascending */
    uint32_t *crcs;               /* owns */
    uint32_t extent_count, extent_room, crc_count, crc_room;
};

/* All zero is an empty one. */
struct index {
    struct index_layer *layers; /* owns */
    uint32_t count, room;
};

struct index_page {
    uint64_t va, block;
    uint32_t crc;
};

/** Begins the next layer. Returns false when there is no memory. */
bool index_begin_layer(struct index *x);

/**
 * Adds a chunk, which was found sound, to the last layer; its first page is at `block`. Returns false
 * when there is no memory.
 */
bool index_add(struct index *x, const struct store_chunk *c, uint64_t block);

/** The pages with content of one region, ascending. Returns how many. */
uint32_t index_pages(const struct index *x, uint32_t region,
                     struct index_page pages[INDEX_REGION_PAGES]);

/**
 * All regions in which a layer has content, ascending, in *regions, which is the caller's to free.
 * Returns false when there is no memory.
 */
bool index_regions(const struct index *x, uint32_t **regions, uint32_t *count);

/** Frees what is in it. */
void index_free(struct index *x);
