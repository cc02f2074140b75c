/* SPDX-License-Identifier: Apache-2.0 */
/*
 * frame.h - physical page frames and their reference counts.
 *
 * Ownership  frame_alloc() gives one reference to the caller; frame_put() drops one and frees the
 *            frame with the last. A frame that is a page table is freed by aspace.c, which knows
 *            its children: it uses frame_drop() and frame_free().
 * Sharing    A table frame with more than one reference is immutable (aspace.c).
 * Cost       Constant. Each CPU keeps a small stack of free frames; the pool is behind one lock.
 * Context    Any CPU, interrupts off. The count of references is atomic.
 */
#pragma once

#include "hv/types.h"

/* One per frame, 8 bytes. While the frame is free, `next` links it. */
struct frame {
    uint32_t refs; /* a */
    union {
        uint32_t next;
        struct {
            uint16_t low, high; /* page tables: present entries lie in [low, high) */
        };
    };
};

_Static_assert(sizeof(struct frame) == 8, "0.2% of memory");

extern struct frame *frame_table;

/** Sets up the table for page numbers below `limit`; frames are then added by frame_add_range(). */
void frame_init(struct frame *table, uint64_t limit);

/** Adds free frames. */
void frame_add_range(paddr_t base, uint64_t pages);

/** A frame with one reference and any content, or {0} when there is none. */
paddr_t frame_alloc(void) HV_MUST_CHECK;

/** The same, zeroed. */
paddr_t frame_alloc_zero(void) HV_MUST_CHECK;

/**
 * The last frames of the pool are for the domain that can do something about it (arch_may_use_reserve:
 * the running one has HV_CAP_MACHINE). True when only they are left: make nothing new.
 */
#define FRAME_RESERVE 256u
bool frame_is_low(void) HV_MUST_CHECK;

/** Frees a frame that nobody refers to any more (refs is 0 or 1). */
void frame_free(paddr_t pa);

/** Free frames now, and frames in all. */
uint64_t frame_free_count(void);
uint64_t frame_total_count(void);

static inline struct frame *frame_of(paddr_t pa)
{
    return &frame_table[pa.v >> PAGE_SHIFT];
}

static inline void frame_get(paddr_t pa)
{
    __atomic_fetch_add(&frame_of(pa)->refs, 1, __ATOMIC_RELAXED);
}

/** True when the caller's reference is the only one. */
static inline bool frame_is_private(paddr_t pa)
{
    return __atomic_load_n(&frame_of(pa)->refs, __ATOMIC_ACQUIRE) == 1;
}

/** Drops a reference. True when it was the last: the caller must frame_free() it. */
static inline bool frame_drop(paddr_t pa) HV_MUST_CHECK;
static inline bool frame_drop(paddr_t pa)
{
    return __atomic_sub_fetch(&frame_of(pa)->refs, 1, __ATOMIC_ACQ_REL) == 0;
}

/** Drops a reference to a frame without children. */
static inline void frame_put(paddr_t pa)
{
    if (frame_drop(pa)) {
        frame_free(pa);
    }
}

/*
 * A list of up to FRAME_LIST_MAX zeroed pages, itself a page: how the tables of a domain grow. It is
 * filled from index 0 on, without holes; NULL is an empty one.
 */
#define FRAME_LIST_MAX 512u

/** Makes sure that there is a page at `index`. NOMEM; then what was there is kept. */
enum hv_err frame_list_grow(void ***list, uint32_t index) HV_MUST_CHECK;

/** Frees all pages and the list. */
void frame_list_free(void ***list);
