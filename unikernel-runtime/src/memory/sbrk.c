/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sbrk.c - the heap that malloc() grows in. It starts behind .bss, in pages that the image maps
 * already, and goes on at HV_HEAP_BASE when those are used up (malloc() copes with the gap).
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "mayfly/hypercall.h"
#include "mayfly/info.h"
#include "memory/memory.h"
#include "start/link.h"

#define REST_MAX_BYTES 0x200000u
#define STEP_BYTES 0x40000000ull /* mapped at once: an aligned GiB is one step for hv */

/*
 * newlib's: free() gives memory back when this much is unused at the heap's end. With its 128 KiB a
 * program that uses a large buffer again and again faults its pages in each time.
 */
extern unsigned long __malloc_trim_threshold __attribute__((weak));
#define TRIM_BYTES 0x200000u

static char *brk_now = _end;
static uint64_t mapped_end = HV_HEAP_BASE;

/*
 * What the heap may have of the domain's memory. The rest is for stacks, data and page tables, so
 * that a program which takes too much is told by malloc() rather than ended by hv.
 */
static uint64_t limit_bytes(void)
{
    const struct mf_info *const info = (const struct mf_info *)(uintptr_t)HV_INFO_PAGE;
    const uint64_t most = MF_MAP_BASE - HV_HEAP_BASE;
    const uint64_t memory = info->memory_bytes;
    const uint64_t rest = memory / 8 < REST_MAX_BYTES ? memory / 8 : REST_MAX_BYTES;
    return memory == 0 || memory - rest > most ? most : memory - rest;
}

/* The released part must read as zero when it is used again. */
static void *shrink(size_t bytes)
{
    char *const old = brk_now;
    const uintptr_t base = (uintptr_t)old >= HV_HEAP_BASE ? HV_HEAP_BASE : (uintptr_t)_end;
    if (bytes > (uintptr_t)old - base) {
        errno = EINVAL;
        return (void *)-1;
    }
    const uintptr_t now = (uintptr_t)old - bytes;
    const uintptr_t page = (now + HV_PAGE_BYTES - 1) & -(uintptr_t)HV_PAGE_BYTES;
    const uintptr_t old_page = ((uintptr_t)old + HV_PAGE_BYTES - 1) & -(uintptr_t)HV_PAGE_BYTES;
    const uint64_t pages = page < old_page ? (old_page - page) / HV_PAGE_BYTES : 0;
    if (pages != 0 && (hv_mem_unmap(page, pages) < 0 ||
                       hv_mem_map(page, pages, HV_PROT_READ | HV_PROT_WRITE) < 0)) {
        errno = ENOMEM;
        return (void *)-1;
    }
    memset((void *)now, 0, (page < (uintptr_t)old ? page : (uintptr_t)old) - now);
    brk_now = (char *)now;
    return old;
}

void *sbrk(ptrdiff_t increment)
{
    if (&__malloc_trim_threshold != NULL) {
        __malloc_trim_threshold = TRIM_BYTES;
    }
    char *const old = brk_now;
    if (increment < 0) {
        return shrink(0 - (size_t)increment);
    }
    if ((uintptr_t)old < HV_HEAP_BASE && (size_t)increment <= (size_t)(__heap_end - old)) {
        brk_now = old + increment;
        return old;
    }
    const uint64_t start = (uintptr_t)old < HV_HEAP_BASE ? HV_HEAP_BASE : (uintptr_t)old;
    const uint64_t limit = HV_HEAP_BASE + limit_bytes();
    if (start > limit || (uint64_t)increment > limit - start) {
        errno = ENOMEM;
        return (void *)-1;
    }
    const uint64_t end = start + (uint64_t)increment;
    while (mapped_end < end) {
        if (hv_mem_map(mapped_end, STEP_BYTES / HV_PAGE_BYTES, HV_PROT_READ | HV_PROT_WRITE) < 0) {
            errno = ENOMEM;
            return (void *)-1;
        }
        mapped_end += STEP_BYTES;
    }
    brk_now = (char *)(uintptr_t)end;
    return (void *)(uintptr_t)start;
}
