/* SPDX-License-Identifier: Apache-2.0 */
/*
 * malloc.c - malloc() and free() on newlib's, which gives memory back only from the end of the heap.
 * The whole pages of a large block are given back when it is freed; smaller ones are likely to be
 * used again, and would fault each time.
 */
#include <malloc.h>
#include <reent.h>
#include <stdint.h>
#include <stdlib.h>

#include "mayfly/hypercall.h"
#include "mayfly/layout.h"

#define LARGE_BYTES (32u << 20)
#define HEADER_BYTES 64u /* at both ends: what malloc itself keeps in a free block */

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
    return _malloc_r(_REENT, bytes);
}

void free(void *block)
{
    const size_t bytes = block == NULL ? 0 : malloc_usable_size(block);
    if (bytes >= LARGE_BYTES) {
        give_back(block, bytes);
    }
    _free_r(_REENT, block);
}
