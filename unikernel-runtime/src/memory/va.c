/* SPDX-License-Identifier: Apache-2.0 */
/*
 * va.c - who has which part of an area of the address space: everything below `unused` has been
 * handed out once; what came back is in a list sorted by address, neighbours joined.
 */
#include <stdlib.h>

#include "memory/memory.h"

struct hole {
    struct hole *next;
    uint64_t start, end;
};

struct mf_va_area {
    struct hole *holes;
    uint64_t unused, end;
};

struct mf_va_area mf_va_maps = {.unused = MF_MAP_BASE, .end = MF_MAP_END};
struct mf_va_area mf_va_flats = {.unused = MF_FLAT_BASE, .end = MF_FLAT_END};

/* Takes [start, end) out of *link, which contains it. Returns false: no memory. */
static bool take_from_hole(struct hole **link, uint64_t start, uint64_t end)
{
    struct hole *const h = *link;
    if (start > h->start && end < h->end) {
        struct hole *const rest = malloc(sizeof(*rest));
        if (rest == NULL) {
            return false;
        }
        *rest = (struct hole){.next = h->next, .start = end, .end = h->end};
        h->next = rest;
        h->end = start;
    } else if (start > h->start) {
        h->end = start;
    } else if (end < h->end) {
        h->start = end;
    } else {
        *link = h->next;
        free(h);
    }
    return true;
}

/* Hands out everything up to `start`, as holes, and then [start, end). */
static void take_unused(struct mf_va_area *a, uint64_t start, uint64_t end)
{
    const uint64_t gap = a->unused;
    a->unused = end;
    if (gap < start) {
        mf_va_free_in(a, gap, start - gap);
    }
}

uint64_t mf_va_alloc_in(struct mf_va_area *a, uint64_t bytes, uint64_t align)
{
    for (struct hole **link = &a->holes; *link != NULL; link = &(*link)->next) {
        const uint64_t start = ((*link)->start + align - 1) & -align;
        if (start < (*link)->end && (*link)->end - start >= bytes) {
            return take_from_hole(link, start, start + bytes) ? start : 0;
        }
    }
    const uint64_t start = (a->unused + align - 1) & -align;
    if (start > a->end || bytes > a->end - start) {
        return 0;
    }
    take_unused(a, start, start + bytes);
    return start;
}

bool mf_va_is_free(uint64_t va, uint64_t bytes)
{
    const struct mf_va_area *const a = &mf_va_maps;
    uint64_t at = va;
    for (const struct hole *h = a->holes; h != NULL && at < a->unused; h = h->next) {
        if (h->end > at) {
            if (h->start > at) {
                return false;
            }
            at = h->end;
            if (at >= va + bytes) {
                return true;
            }
        }
    }
    return at >= a->unused;
}

bool mf_va_take(uint64_t va, uint64_t bytes)
{
    struct mf_va_area *const a = &mf_va_maps;
    const uint64_t end = va + bytes;
    struct hole **link = &a->holes;
    while (*link != NULL && (*link)->start < end) {
        struct hole *const h = *link;
        const uint64_t from = h->start > va ? h->start : va, to = h->end < end ? h->end : end;
        if (from < to && !take_from_hole(link, from, to)) {
            return false;
        }
        if (*link == h) {
            link = &h->next;
        }
    }
    if (end > a->unused) {
        take_unused(a, va > a->unused ? va : a->unused, end);
    }
    return true;
}

/* What is free already may be in the range: it is joined with it. */
void mf_va_free_in(struct mf_va_area *a, uint64_t va, uint64_t bytes)
{
    uint64_t start = va, end = va + bytes < a->unused ? va + bytes : a->unused;
    struct hole **link = &a->holes, *joined = NULL;
    if (start >= end) {
        return;
    }
    while (*link != NULL && (*link)->end < start) {
        link = &(*link)->next;
    }
    while (*link != NULL && (*link)->start <= end) {
        struct hole *const h = *link;
        start = h->start < start ? h->start : start;
        end = h->end > end ? h->end : end;
        *link = h->next;
        free(joined);
        joined = h;
    }
    if (joined == NULL) {
        joined = malloc(sizeof(*joined));
    }
    if (joined != NULL) { /* else this address space is lost, no memory is */
        *joined = (struct hole){.next = *link, .start = start, .end = end};
        *link = joined;
    }
}

uint64_t mf_va_alloc(uint64_t bytes, uint64_t align)
{
    return mf_va_alloc_in(&mf_va_maps, bytes, align);
}

void mf_va_free(uint64_t va, uint64_t bytes)
{
    mf_va_free_in(&mf_va_maps, va, bytes);
}
