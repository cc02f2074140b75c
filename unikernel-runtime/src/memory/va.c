/* SPDX-License-Identifier: Apache-2.0 */
/*
 * va.c - who has which part of [MF_MAP_BASE, MF_MAP_END): everything below `unused` has been handed
 * out once; what came back is in a list sorted by address, neighbours joined.
 */
#include <stdlib.h>

#include "memory/memory.h"

struct hole {
    struct hole *next;
    uint64_t start, end;
};

static struct hole *holes;
static uint64_t unused = MF_MAP_BASE;

/* Takes [start, start + bytes) out of *link, which contains it. Returns start, or 0: no memory. */
static uint64_t take_from_hole(struct hole **link, uint64_t start, uint64_t bytes)
{
    struct hole *const h = *link;
    const uint64_t end = start + bytes;
    if (start > h->start && end < h->end) {
        struct hole *const rest = malloc(sizeof(*rest));
        if (rest == NULL) {
            return 0;
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
    return start;
}

uint64_t mf_va_alloc(uint64_t bytes, uint64_t align)
{
    for (struct hole **link = &holes; *link != NULL; link = &(*link)->next) {
        const uint64_t start = ((*link)->start + align - 1) & -align;
        if (start < (*link)->end && (*link)->end - start >= bytes) {
            return take_from_hole(link, start, bytes);
        }
    }
    const uint64_t start = (unused + align - 1) & -align;
    if (bytes > MF_MAP_END - start) {
        return 0;
    }
    const uint64_t gap = unused;
    unused = start + bytes;
    if (gap != start) {
        mf_va_free(gap, start - gap);
    }
    return start;
}

void mf_va_free(uint64_t va, uint64_t bytes)
{
    struct hole **link = &holes, *before = NULL;
    while (*link != NULL && (*link)->start < va) {
        before = *link;
        link = &before->next;
    }
    struct hole *const after = *link;
    const uint64_t end = va + bytes;
    if (before != NULL && before->end == va) {
        before->end = end;
        if (after != NULL && after->start == end) {
            before->end = after->end;
            before->next = after->next;
            free(after);
        }
    } else if (after != NULL && after->start == end) {
        after->start = va;
    } else {
        struct hole *const h = malloc(sizeof(*h));
        if (h != NULL) { /* else this address space is lost, no memory is */
            *h = (struct hole){.next = after, .start = va, .end = end};
            *link = h;
        }
    }
}
