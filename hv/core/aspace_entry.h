/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aspace_entry.h - the entries of a guest's page tables, for the files that read them. Only
 * aspace.c writes them. What the bits mean: aspace.h.
 */
#pragma once

#include "arch.h"
#include "hv/types.h"

#define P 0x001ul
#define W 0x002ul
#define U 0x004ul
#define PCD_PWT 0x018ul
#define SW_WRITE 0x200ul     /* the guest may write here */
#define SW_ABSENT 0x080ul    /* lowest level, not present: its contents are brought later */
#define SW_WINDOW 0x400ul    /* directory entry: leads to a window table */
#define SW_PHYS 0x800ul      /* lowest level: the frame is not counted */
#define SW_DYING (1ul << 52) /* the table behind it is being freed */
#define SW_LACKS (1ul << 53) /* to a lowest-level table that may have absent pages */
#define NX (1ul << 63)
#define ADDRESS 0x000ffffffffff000ul
#define TABLE_FLAGS (P | W | U)

#define ENTRIES 512u
#define ROOT_LEVEL 3
#define HIGH_FIRST ((unsigned int)(HV_WINDOW_HIGH_VA >> 30)) /* root entries with windows only */

static inline unsigned int entry_index(uint64_t va, int level)
{
    return (unsigned int)(va >> (PAGE_SHIFT + 9 * (level - 1))) & (ENTRIES - 1);
}

static inline uint64_t entry_span(int level)
{
    return 1ul << (PAGE_SHIFT + 9 * (level - 1));
}

static inline paddr_t entry_frame(uint64_t e)
{
    return (paddr_t){e & ADDRESS};
}

static inline uint64_t *entry_table(uint64_t e)
{
    return phys_to_virt(entry_frame(e));
}

/* Reads an entry of a table that may be shared: other CPUs clear W, and set A and D, meanwhile. */
static inline uint64_t entry_read(const uint64_t *at)
{
    return __atomic_load_n(at, __ATOMIC_ACQUIRE);
}

extern paddr_t aspace_zero_page; /* what untouched pages read as; aspace_init() */

/* A page that `resident` counts. */
static inline bool entry_is_counted(uint64_t e)
{
    return (e & (P | SW_PHYS)) == P || (e & SW_ABSENT);
}

static inline bool entry_is_zero_page(uint64_t e)
{
    return entry_frame(e).v == aspace_zero_page.v;
}
