/* SPDX-License-Identifier: Apache-2.0 */
/* file_mapping.c - see file_mapping.h. A list: programs have few of them. */
#include "memory/file_mapping.h"

#include <stdlib.h>

#include "fault/fault.h"
#include "files/node.h"
#include "memory/memory.h"
#include "time/clock.h"

struct mapping {
    struct mapping *next;
    uint64_t start, end;  /* addresses */
    uint64_t offset;      /* in the file, of `start` */
    struct mf_node *node; /* owns a reference */
    bool is_shared;       /* counted in the node's pins */
    bool writes;          /* if shared: the file may have changed */
};

static struct mapping *mappings;

static struct mapping *add(struct mf_node *n, uint64_t start, uint64_t end, uint64_t offset,
                           bool is_shared)
{
    struct mapping *const m = malloc(sizeof(*m));
    if (m != NULL) {
        *m = (struct mapping){.next = mappings,
                              .start = start,
                              .end = end,
                              .offset = offset,
                              .node = mf_node_get(n),
                              .is_shared = is_shared};
        mappings = m;
        n->file.pins += is_shared;
    }
    return m;
}

/* Shared ones are nowhere else; what is there of the file has pages. */
static bool is_behind_file(uint64_t address)
{
    struct mf_node *n;
    uint64_t offset;
    return mf_file_find_shared(address, 1, &n, &offset);
}

char *mf_file_map_shared(struct mf_node *n, uint64_t offset, uint64_t bytes, bool writes)
{
    char *const flat = mf_node_flatten(n, offset + bytes);
    if (flat == NULL) {
        return NULL;
    }
    const uint64_t start = (uint64_t)(uintptr_t)flat + offset;
    struct mapping *const m = add(n, start, start + bytes, offset, true);
    if (m == NULL) {
        return NULL;
    }
    m->writes = writes;
    mf_is_behind_file = is_behind_file;
    n->atime_ns = (int64_t)mf_clock_wall_ns();
    return flat + offset;
}

bool mf_file_map_private(struct mf_node *n, uint64_t va, uint64_t offset, uint64_t bytes)
{
    return add(n, va, va + bytes, offset, false) != NULL;
}

static void drop(struct mapping **link)
{
    struct mapping *const m = *link;
    *link = m->next;
    if (m->writes) {
        mf_node_touch(m->node);
    }
    m->node->file.pins -= m->is_shared;
    mf_node_put(m->node);
    free(m);
}

/* Takes [va, end) out of *link. Returns false: no memory for the second rest. */
static bool cut(struct mapping **link, uint64_t va, uint64_t end)
{
    struct mapping *const m = *link;
    if (va <= m->start && end >= m->end) {
        drop(link);
    } else if (va <= m->start) {
        m->offset += end - m->start;
        m->start = end;
    } else {
        struct mapping *const rest =
            end < m->end ? add(m->node, end, m->end, m->offset + (end - m->start), m->is_shared)
                         : m;
        if (rest == NULL) {
            return false;
        }
        rest->writes = m->writes;
        m->end = va;
    }
    return true;
}

bool mf_file_unmap(uint64_t va, uint64_t bytes)
{
    const uint64_t end = va + bytes;
    for (struct mapping **link = &mappings; *link != NULL; link = &(*link)->next) {
        if (va >= (*link)->start && end <= (*link)->end) {
            return cut(link, va, end);
        }
    }
    for (struct mapping **link = &mappings, *m; (m = *link) != NULL;) {
        if (va < m->end && end > m->start && !cut(link, va, end)) {
            return false;
        }
        if (*link == m) {
            link = &m->next;
        }
    }
    return true;
}

void mf_file_refill(uint64_t va, uint64_t bytes)
{
    const uint64_t end = va + bytes;
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        const uint64_t from = va > m->start ? va : m->start, to = end < m->end ? end : m->end;
        if (!m->is_shared && from < to) {
            (void)mf_node_read(m->node, m->offset + (from - m->start), (void *)(uintptr_t)from,
                               to - from);
        }
    }
}

void mf_file_touch(uint64_t va, uint64_t bytes)
{
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        if (m->writes && va < m->end && va + bytes > m->start) {
            mf_node_touch(m->node);
        }
    }
}

bool mf_file_find_shared(uint64_t va, uint64_t bytes, struct mf_node **n, uint64_t *offset)
{
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        if (m->is_shared && va >= m->start && va + bytes <= m->end) {
            *n = m->node;
            *offset = m->offset + (va - m->start);
            return true;
        }
    }
    return false;
}

bool mf_file_each_shared(bool (*fn)(struct mf_node *n, uint64_t start, uint64_t bytes, void *arg),
                         void *arg)
{
    for (const struct mapping *m = mappings; m != NULL; m = m->next) {
        if (m->is_shared && !fn(m->node, m->start, m->end - m->start, arg)) {
            return false;
        }
    }
    return true;
}

void mf_file_forget_shared(void)
{
    for (struct mapping **link = &mappings; *link != NULL;) {
        if ((*link)->is_shared) {
            *link = (*link)->next;
        } else {
            link = &(*link)->next;
        }
    }
}
