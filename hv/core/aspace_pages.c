/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aspace_pages.c - the walk over one tree, or over what differs between two: what saving, copying
 * and migrating are made of. Two entries that are equal but for W, A and D lead to equal memory, so
 * whole subtrees are passed over. Changes nothing.
 */
#include "aspace_entry.h"
#include "hv/aspace.h"
#include "hv/frame.h"

#define ENTRIES_PER_CALL 4096u
#define CHANGES_ALONE (W | 0x60ul) /* W, A, D: set and cleared without a change of content */

struct walk {
    struct hv_extent *out;
    uint32_t count, max;
    uint32_t entries; /* still to be looked at */
    uint64_t va;      /* where it is */
};

/* What the base has for a table's span: a table, or one entry for all of it. */
struct base {
    const uint64_t *table;
    uint64_t entry;
};

static uint32_t prot_of(uint64_t e)
{
    return HV_PROT_READ | (e & SW_WRITE ? HV_PROT_WRITE : 0) | (e & NX ? 0 : HV_PROT_EXEC);
}

/* Adds a run of pages, or lengthens the last one. False: there is no room. */
static bool add(struct walk *w, uint64_t va, uint64_t pages, uint32_t prot, uint32_t kind)
{
    struct hv_extent *last = w->count != 0 ? &w->out[w->count - 1] : NULL;

    if (last != NULL && last->prot == prot && last->kind == kind &&
        last->va + (last->pages << PAGE_SHIFT) == va) {
        last->pages += pages;
        return true;
    }
    if (w->count == w->max) {
        return false;
    }
    w->out[w->count++] = (struct hv_extent){va, pages, prot, kind};
    return true;
}

static bool is_equal(uint64_t a, uint64_t b)
{
    return ((a ^ b) & ~CHANGES_ALONE) == 0 && !(a & SW_ABSENT);
}

/* One entry that is no table: a page, or a demand-zero or unmapped span. */
static bool add_leaf(struct walk *w, uint64_t va, uint64_t span, uint64_t a, uint64_t b,
                     bool is_private)
{
    const uint64_t pages = span >> PAGE_SHIFT;

    if (a == 0) {
        return b == 0 || add(w, va, pages, HV_PROT_READ, HV_EXTENT_NONE);
    }
    if (!(a & (P | SW_ABSENT)) || entry_is_zero_page(a)) {
        return add(w, va, pages, prot_of(a), HV_EXTENT_ZERO);
    }
    if (a & SW_PHYS) {
        return true; /* hv's, a device's or a module's: every domain has its own */
    }
    is_private = is_private && (a & P) && frame_is_private(entry_frame(a));
    return add(w, va, pages, prot_of(a) | (is_private ? HV_EXTENT_PRIVATE : 0), HV_EXTENT_DATA);
}

/*
 * Walks [w->va, end), which `table` covers. Returns false when it stopped early; w->va is where.
 */
static bool walk_table(struct walk *w, const uint64_t *table, struct base base, int level,
                       uint64_t end, bool is_private)
{
    const uint64_t span = entry_span(level);

    while (w->va < end) {
        const unsigned int i = entry_index(w->va, level);
        const uint64_t a = entry_read(&table[i]);
        const uint64_t in_base = base.table != NULL ? entry_read(&base.table[i]) : base.entry;
        const uint64_t b = level > 1 && (in_base & SW_WINDOW) ? 0 : in_base;
        const uint64_t stop = min_u64(end, (w->va & ~(span - 1)) + span);

        if (w->entries == 0) {
            return false;
        }
        w->entries--;
        if (is_equal(a, b) || (level > 1 && (a & SW_WINDOW))) {
            w->va = stop;
        } else if ((a & P) && level > 1) {
            const struct base below =
                b & P ? (struct base){entry_table(b), 0} : (struct base){NULL, b};
            if (!walk_table(w, entry_table(a), below, level - 1, stop,
                            is_private && frame_is_private(entry_frame(a)))) {
                return false;
            }
        } else {
            if (!add_leaf(w, w->va, stop - w->va, a, b, is_private)) {
                return false;
            }
            w->va = stop;
        }
    }
    return true;
}

uint32_t aspace_list_pages(const struct aspace *as, const struct aspace *base, gva_t *va,
                           struct hv_extent *out, uint32_t max)
{
    struct walk w = {.out = out, .max = max, .entries = ENTRIES_PER_CALL, .va = va->v};
    const struct base all = {base != NULL ? phys_to_virt(base->root) : NULL, 0};

    if (va->v < HV_WINDOW_HIGH_VA &&
        walk_table(&w, phys_to_virt(as->root), all, ROOT_LEVEL, HV_WINDOW_HIGH_VA, true)) {
        w.va = HV_GUEST_END;
    }
    va->v = w.va;
    return w.count;
}
