/* SPDX-License-Identifier: Apache-2.0 */
/*
 * areas.c - which shared memory this process has mapped, see shared.h. What is in the place of other
 * functions is in memory.c: this is there in programs that open files and never fork, too.
 */
#include <stdlib.h>
#include <string.h>

#include "family/family.h"
#include "family/shared.h"
#include "mayfly/abi.h"
#include "mayfly/info.h"
#include "start/request.h"

/* What is left of a mapping that munmap() has taken parts of, in a list of all. */
struct piece {
    struct piece *next;
    uint64_t start, end;
    uint64_t mapped_at, mapped_bytes; /* the mapping, as it was made... */
    uint64_t number;                  /* ...as which one */
    bool is_file;                     /* another process's; else an area of this one */
};

static struct piece *pieces;
static uint64_t mappings; /* ever made */

static bool add(const struct piece *like, uint64_t start, uint64_t end)
{
    struct piece *const p = malloc(sizeof(*p));
    if (p != NULL) {
        *p = *like;
        p->next = pieces;
        p->start = start;
        p->end = end;
        pieces = p;
    }
    return p != NULL;
}

bool mf_shared_note(uint64_t va, uint64_t bytes, bool is_file)
{
    const struct piece like = {
        .mapped_at = va, .mapped_bytes = bytes, .number = ++mappings, .is_file = is_file};
    return add(&like, va, va + bytes);
}

/* The last piece of a mapping has gone. */
static void end_mapping(const struct piece *last)
{
    for (const struct piece *p = pieces; p != NULL; p = p->next) {
        if (p->number == last->number) {
            return;
        }
    }
    if (last->is_file) {
        (void)mf_family_call(MF_FAMILY_UNMAP, (int64_t)last->mapped_at, (int64_t)last->mapped_bytes,
                             0);
    } else {
        (void)mf_request(MF_REQUEST_MEMORY, MF_MEMORY_DROP, last->mapped_at, NULL, NULL);
    }
}

/* Takes [va, end) out of *link. Returns false: no memory for the second rest. */
static bool cut(struct piece **link, uint64_t va, uint64_t end)
{
    struct piece *const p = *link;

    if (va > p->start && end < p->end && !add(p, end, p->end)) {
        return false;
    }
    if (va > p->start) {
        p->end = va;
    } else if (end < p->end) {
        p->start = end;
    } else {
        *link = p->next;
        end_mapping(p);
        free(p);
    }
    return true;
}

/* Several mappings of a file may have the same addresses: then one of them goes. */
bool mf_shared_unmap(uint64_t va, uint64_t end)
{
    for (struct piece **link = &pieces; *link != NULL; link = &(*link)->next) {
        if (va >= (*link)->start && end <= (*link)->end) {
            return cut(link, va, end);
        }
    }
    for (struct piece **link = &pieces, *p; (p = *link) != NULL;) {
        if (va < p->end && end > p->start && !cut(link, va, end)) {
            return false;
        }
        if (*link == p) {
            link = &p->next;
        }
    }
    return true;
}

bool mf_shared_is_mapped(uint64_t va, uint64_t bytes)
{
    for (const struct piece *p = pieces; p != NULL; p = p->next) {
        if (!p->is_file && va >= p->start && va + bytes <= p->end) {
            return true;
        }
    }
    return false;
}

int64_t mf_shared_make(uint32_t op, uint64_t bytes, uint64_t *va)
{
    uint64_t at;
    const int64_t err = mf_request(MF_REQUEST_MEMORY, op, bytes / HV_PAGE_BYTES, NULL, &at);

    if (err == 0) {
        *va = at & ~(uint64_t)MF_MEMORY_USED;
        if ((at & MF_MEMORY_USED) != 0) {
            memset((void *)(uintptr_t)*va, 0, bytes);
        }
    }
    return err;
}
