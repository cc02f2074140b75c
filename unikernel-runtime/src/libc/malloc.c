/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc.c - malloc() and free() on newlib's.
 *
 * Large   newlib gives memory back only from the end of the heap. The whole pages of a large block
 *         are given back when it is freed; smaller ones are likely to be used again, and would
 *         fault each time.
 * Small   newlib joins what is freed with its neighbours at once and splits it again. Some blocks of
 *         each small size are kept as they are, newest first, for the next malloc(). While many
 *         are freed they all go back, and none is kept before its size is asked for again, so that
 *         the heap's end is not held by a block that nobody needs.
 */
#include <malloc.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>

#include "mayfly/hypercall.h"
#include "mayfly/layout.h"

#define LARGE_BYTES (32u << 20)
#define HEADER_BYTES 64u /* at both ends: what malloc itself keeps in a free block */

/* newlib's: a block's size, with flags below, is in the word before it, and counts that word. */
#define UNIT_BYTES 16u
#define SIZE_FLAGS ((size_t)3)
#define LEAST_BYTES 32u

#define SMALL_BYTES 512u  /* kept up to this size */
#define KEPT_EACH 16u     /* blocks of a size */
#define FLUSH_EVERY 1024u /* blocks that were freed and not kept */

struct kept_block {
    struct kept_block *next;
};

static struct kept {
    struct kept_block *first;
    uint32_t count;
    uint32_t room; /* how many may be kept: as were asked for since all went back */
} kept[SMALL_BYTES / UNIT_BYTES + 1]; /* by size */

static unsigned int freed_count; /* since all went back */

static size_t size_of(const void *block)
{
    return ((const size_t *)block)[-1] & ~SIZE_FLAGS;
}

static void flush_kept(void)
{
    for (size_t i = 0; i < sizeof(kept) / sizeof(kept[0]); i++) {
        while (kept[i].first != NULL) {
            struct kept_block *const block = kept[i].first;
            kept[i].first = block->next;
            _free_r(_REENT, block);
        }
        kept[i].count = 0;
        kept[i].room = 0;
    }
}

/* Pages that are not mapped make no difference: an error only means that memory is kept. */
static void give_back(void *block, size_t bytes)
{
    const uintptr_t mask = HV_PAGE_BYTES - 1;
    const uintptr_t start = ((uintptr_t)block + HEADER_BYTES + mask) & ~mask;
    const uintptr_t end = ((uintptr_t)block + bytes - HEADER_BYTES) & ~mask;
    const uint64_t pages = (end - start) / HV_PAGE_BYTES;
    if (start >= HV_HEAP_BASE && hv_mem_unmap(start, pages) >= 0 &&
        hv_mem_map(start, pages, HV_PROT_READ | HV_PROT_WRITE) < 0) {
        abort(); /* the page tables were there */
    }
}

/*
 * In place of newlib's: no lock is needed. Threads change only where they block, which malloc() never
 * does, and the timer interrupts nobody in here (thread/preempt.h).
 */
void __malloc_lock(struct _reent *r)
{
    (void)r;
}

void __malloc_unlock(struct _reent *r)
{
    (void)r;
}

void *malloc(size_t bytes)
{
    if (bytes <= SMALL_BYTES - sizeof(size_t)) {
        const size_t size = (bytes + sizeof(size_t) + UNIT_BYTES - 1) & -(size_t)UNIT_BYTES;
        struct kept *const k = &kept[(size < LEAST_BYTES ? LEAST_BYTES : size) / UNIT_BYTES];
        struct kept_block *const block = k->first;
        k->room += k->room < KEPT_EACH;
        if (block != NULL) {
            k->first = block->next;
            k->count--;
            return block;
        }
    }
    return _malloc_r(_REENT, bytes);
}

void free(void *block)
{
    if (block == NULL) {
        return;
    }
    const size_t size = size_of(block);
    if (size <= SMALL_BYTES) {
        struct kept *const k = &kept[size / UNIT_BYTES];
        if (k->count < k->room) {
            struct kept_block *const first = block;
            first->next = k->first;
            k->first = first;
            k->count++;
            return;
        }
    } else if (size >= LARGE_BYTES) {
        give_back(block, size - sizeof(size_t));
    }
    if (++freed_count == FLUSH_EVERY) {
        freed_count = 0;
        flush_kept();
    }
    _free_r(_REENT, block);
}
