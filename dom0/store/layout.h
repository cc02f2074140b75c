/* SPDX-License-Identifier: Apache-2.0 */
/*
 * layout.h - what lies on the disk that templates are saved to, byte by byte; docs/store-format.md
 * says the same in words, with the order in which it is written. Little-endian; all that is
 * reserved is zero. A block has 4096 bytes.
 *
 *   block 0     superblock, first copy
 *   block 8     superblock, second copy
 *   block 16    catalogue of even generations
 *   block 144   catalogue of odd generations
 *   block 272   bodies
 */
#pragma once

#include <stdint.h>

#include "mayfly/abi.h"

#define STORE_VERSION 1
#define STORE_BLOCK_BYTES 4096u

#define STORE_FIRST_COPY 0u
#define STORE_SECOND_COPY 8u
#define STORE_CATALOGUE 16u         /* + STORE_CATALOGUE_BLOCKS for odd generations */
#define STORE_CATALOGUE_BLOCKS 128u /* as many as STORE_ENTRIES_MAX entries take */
#define STORE_BODIES (STORE_CATALOGUE + 2 * STORE_CATALOGUE_BLOCKS)
#define STORE_BLOCKS_MIN 1024u /* a smaller disk is refused */

#define STORE_ENTRIES_MAX 1024u
#define STORE_RUNS_MAX 16u /* pieces of the disk that one body may be made of */
#define STORE_NAME_BYTES 64u

#define STORE_MAGIC 0x5453594c4659414dull /* "MAYFLYST" */
#define STORE_STATE_MAGIC 0x5453464du     /* "MFST" */
#define STORE_CHUNK_MAGIC 0x4b43464du     /* "MFCK" */

/* One sector, which disks write as a whole. The rest of its block is zero. */
struct store_super {
    uint64_t magic;
    uint32_t version;
    uint32_t entry_count;   /* of the catalogue of this generation */
    uint64_t generation;    /* one more with each change; its lowest bit says which catalogue */
    uint64_t block_count;   /* of the disk */
    uint64_t next_id;       /* of the next body; ids are never used again */
    uint32_t catalogue_crc; /* CRC32C of its entries */
    uint32_t reserved[116];
    uint32_t crc; /* CRC32C of all before */
};

/* Blocks that follow one another. */
struct store_run {
    uint64_t start, count;
};

#define STORE_HAS_NETWORK 0x1u
#define STORE_IS_READY 0x2u
#define STORE_HAS_SHADOW 0x4u /* shared memory, at the addresses of family_shadow.h */

/* A saved template. Entries are in the order in which they were made. */
struct store_entry {
    char name[STORE_NAME_BYTES];  /* NUL-terminated; empty: forgotten, but others depend on it */
    char image[STORE_NAME_BYTES]; /* NUL-terminated */
    uint8_t image_sha256[32];     /* of the image's file */
    uint64_t id;                  /* of this entry */
    uint64_t parent;              /* the entry that the body is the difference from; 0: the image */
    uint64_t body_id;             /* stands in each of its blocks; copies share a body */
    uint64_t saved_ns;            /* when, since 1970-01-01 UTC */
    uint64_t clock_ns;            /* the guest's monotonic time then */
    uint64_t memory_pages;        /* limit of the guests; 0: none */
    uint64_t data_pages;          /* pages in the body */
    uint32_t chunk_count;
    uint32_t run_count;
    uint32_t generation; /* that guests get (mayfly/info.h) */
    uint32_t flags;      /* STORE_HAS_NETWORK, STORE_IS_READY, STORE_HAS_SHADOW */
    uint32_t abi_version;
    uint32_t reserved[5];
    struct store_run runs[STORE_RUNS_MAX];
};

#define STORE_SHARE_BYTES 1024u

/* What guests inherit beside memory. */
struct store_guest {
    struct hv_vcpu_state vcpu;
    uint32_t pid;                  /* as a process; 0: 1 */
    uint32_t inspect;              /* enum rights_inspect */
    char share[STORE_SHARE_BYTES]; /* NUL-terminated list; empty: not given */
};

/* The first block of a body: struct store_guest, zero-filled. */
#define STORE_STATE_BYTES (STORE_BLOCK_BYTES - 32)

struct store_state {
    uint32_t magic;
    uint32_t crc; /* CRC32C of the block with 0 here */
    uint64_t body_id;
    uint32_t bytes; /* of the state */
    uint32_t reserved[3];
    uint8_t state[STORE_STATE_BYTES];
};

/* A run of pages that differ from the parent's; kinds and prot as in struct hv_extent. */
struct store_extent {
    uint64_t va;
    uint32_t pages;
    uint8_t kind; /* enum hv_extent_kind */
    uint8_t prot; /* HV_PROT_* */
    uint16_t reserved;
};

#define STORE_CHUNK_PAGES 63u
#define STORE_CHUNK_BLOCKS (1 + STORE_CHUNK_PAGES)
#define STORE_CHUNK_EXTENTS 236u

/* After the state, chunks: this block, then the pages of its extents of kind DATA, in order. */
struct store_chunk {
    uint32_t magic;
    uint32_t crc; /* CRC32C of this block with 0 here */
    uint64_t body_id;
    uint32_t index;        /* 0, 1, ... in the body */
    uint32_t extent_count; /* at least 1 */
    uint32_t page_count;   /* blocks that follow */
    uint32_t reserved;
    uint32_t page_crc[STORE_CHUNK_PAGES + 1]; /* CRC32C of each page; the last one is 0 */
    uint64_t reserved2[4];
    struct store_extent extents[STORE_CHUNK_EXTENTS];
};

_Static_assert(sizeof(struct store_super) == 512, "docs/store-format.md: superblock");
_Static_assert(sizeof(struct store_entry) == 512, "docs/store-format.md: entry");
_Static_assert(sizeof(struct store_extent) == 16, "docs/store-format.md: extent");
_Static_assert(sizeof(struct store_guest) == 2112, "docs/store-format.md: state");
_Static_assert(sizeof(struct store_state) == STORE_BLOCK_BYTES, "docs/store-format.md: state");
_Static_assert(sizeof(struct store_chunk) == STORE_BLOCK_BYTES, "docs/store-format.md: chunk");
_Static_assert(STORE_ENTRIES_MAX * sizeof(struct store_entry) ==
                   STORE_CATALOGUE_BLOCKS * STORE_BLOCK_BYTES,
               "docs/store-format.md: catalogue");
