/* SPDX-License-Identifier: Apache-2.0 */
/* aspace.c - see aspace.h. Nothing outside this file edits a page-table entry of a guest. */
#include "hv/aspace.h"

#include "arch.h"
#include "aspace_entry.h"
#include "hv/frame.h"
#include "hv/lib.h"

static paddr_t shared_hypercall, shared_time;
paddr_t aspace_zero_page;

/* ---- entries ---------------------------------------------------------------------------------- */

/* Protection as entry bits; a leaf gets W only where its frame is private. */
static inline uint64_t prot_bits(uint32_t prot)
{
    return U | (prot & HV_PROT_WRITE ? SW_WRITE : 0) | (prot & HV_PROT_EXEC ? 0 : NX) |
           (prot & HV_PROT_ABSENT ? SW_ABSENT : 0);
}

/* Stores an entry, present or absent, and widens the bounds that copying and freeing go by. */
static inline void entry_set(uint64_t *table, unsigned int i, uint64_t e)
{
    struct frame *f = frame_of(virt_to_phys(table));

    table[i] = e;
    if (i < f->low) {
        f->low = (uint16_t)i;
    }
    if (i >= f->high) {
        f->high = (uint16_t)(i + 1);
    }
}

/* ---- tables ----------------------------------------------------------------------------------- */

static enum hv_err charge(struct aspace *as)
{
    if (as->resident >= as->limit) {
        return HV_ERR_LIMIT;
    }
    as->resident++;
    return HV_OK;
}

/*
 * Frees a table that has no references left. Stops when the budget is used up and returns false;
 * calling again goes on where it stopped, since `high` sinks as entries are done.
 */
static bool table_free(paddr_t pa, int level, long *budget)
{
    struct frame *f = frame_of(pa);
    uint64_t *table = phys_to_virt(pa);

    while (f->high > f->low) {
        unsigned int i = f->high - 1u;
        for (; i > f->low && !(table[i] & P); i--) { /* most of a window is never used */
        }
        const uint64_t e = table[i];

        if ((e & P) && level > 1) {
            if ((e & SW_DYING) || frame_drop(entry_frame(e))) {
                table[i] = e | SW_DYING;
                if (!table_free(entry_frame(e), level - 1, budget)) {
                    return false;
                }
            }
        } else if ((e & P) && !(e & SW_PHYS)) {
            frame_put(entry_frame(e));
        }
        f->high = (uint16_t)i;
        if (--*budget <= 0 && f->high > f->low) {
            return false;
        }
    }
    frame_free(pa);
    return true;
}

/* Drops a reference where the children, if it was the last, are known to be held elsewhere too. */
static void table_put(paddr_t pa, int level)
{
    long budget = INT64_MAX;

    if (frame_drop(pa)) {
        (void)!table_free(pa, level, &budget);
    }
}

/*
 * Shares the children of `from` with its copy `to`: a reference each, and W=0 in both. Other CPUs
 * may read `from` and do the same meanwhile; their TLBs cannot hold W=1 for it, as the entry that
 * leads to a shared table has W=0.
 */
static void share_children(uint64_t *from, uint64_t *to, unsigned int low, unsigned int high)
{
    for (unsigned int i = low; i < high; i++) {
        const uint64_t e = to[i];

        if (!(e & P) || (e & SW_PHYS)) {
            continue;
        }
        if (e & SW_WINDOW) {
            to[i] = 0;
            continue;
        }
        frame_get(entry_frame(e));
        if (e & W) {
            to[i] = e & ~W;
            __atomic_fetch_and(&from[i], ~W, __ATOMIC_RELAXED);
        }
    }
}

static paddr_t table_copy(paddr_t from)
{
    const struct frame *f = frame_of(from);
    const paddr_t to = frame_alloc();

    if (to.v != 0) {
        arch_copy_page(phys_to_virt(to), phys_to_virt(from));
        frame_of(to)->low = f->low;
        frame_of(to)->high = f->high;
        share_children(phys_to_virt(from), phys_to_virt(to), f->low, f->high);
    }
    return to;
}

/* A new table in place of entry `i`: empty, or covering what a demand-zero entry covered. */
static enum hv_err table_new(struct aspace *as, uint64_t *parent, unsigned int i, uint64_t **out)
{
    const uint64_t e = parent[i];
    enum hv_err err = charge(as);
    if (err) {
        return err;
    }
    const paddr_t pa = frame_alloc_zero();
    if (pa.v == 0) {
        as->resident--;
        return HV_ERR_NOMEM;
    }
    uint64_t *table = phys_to_virt(pa);
    if (e != 0) {
        arch_fill(table, e, ENTRIES);
    }
    entry_set(parent, i, pa.v | TABLE_FLAGS);
    *out = table;
    return HV_OK;
}

/* Whether a lowest-level table has absent pages: quickly while the last ones are. */
static bool lacks_pages(const uint64_t *table)
{
    unsigned int i = ENTRIES;

    while (i > 0 && !(entry_read(&table[i - 1]) & SW_ABSENT)) {
        i--;
    }
    return i > 0;
}

/* The domain cannot go on before the page at `va`, or one that shares its table, is there. */
static enum hv_err wants(struct aspace *as, uint64_t va)
{
    as->wanted = va;
    return HV_ERR_ABSENT;
}

/* The table below a private one, made private. One with absent pages is not copied (aspace.h). */
static enum hv_err table_private(struct aspace *as, uint64_t *parent, uint64_t va, int level,
                                 uint64_t **out)
{
    const unsigned int i = entry_index(va, level);
    const uint64_t e = parent[i];

    if (!(e & P)) {
        return table_new(as, parent, i, out);
    }
    const paddr_t child = entry_frame(e);
    if (!(e & W)) {
        if (frame_is_private(child)) {
            parent[i] = e | W;
        } else if ((e & SW_LACKS) && lacks_pages(entry_table(e))) {
            return wants(as, va);
        } else {
            const paddr_t copy = table_copy(child);
            if (copy.v == 0) {
                return HV_ERR_NOMEM;
            }
            parent[i] = copy.v | TABLE_FLAGS;
            arch_flush_page(va); /* the CPU may go on using a pointer to the old table */
            table_put(child, level - 1);
            *out = phys_to_virt(copy);
            return HV_OK;
        }
    }
    *out = phys_to_virt(child);
    return HV_OK;
}

/* Makes the path to `va` private, down to the table of `level`. */
static enum hv_err path_private(struct aspace *as, uint64_t va, int level, uint64_t **out)
{
    uint64_t *table = phys_to_virt(as->root);

    for (int at = ROOT_LEVEL; at > level; at--) {
        const enum hv_err err = table_private(as, table, va, at, &table);
        if (err) {
            return err;
        }
    }
    *out = table;
    return HV_OK;
}

/* ---- faults ----------------------------------------------------------------------------------- */

struct look {
    uint64_t entry; /* the lowest entry that covers the address */
    uint64_t *at;   /* where it stands */
    bool window;
};

static struct look look_up(const struct aspace *as, uint64_t va)
{
    uint64_t *table = phys_to_virt(as->root);
    struct look l = {0, NULL, false};

    for (int level = ROOT_LEVEL; level >= 1; level--) {
        l.at = &table[entry_index(va, level)];
        l.entry = entry_read(l.at);
        if (!(l.entry & P) || level == 1) {
            break;
        }
        l.window |= (l.entry & SW_WINDOW) != 0;
        table = entry_table(l.entry);
    }
    return l;
}

/* Puts a page into a window; the domain at the other end may be doing the same. Never one of the
 * reserve: a guest that has dom0 look at all pages of a window would use it up. */
static enum hv_err window_populate(uint64_t *at, uint64_t e)
{
    const paddr_t pa = frame_is_low() ? (paddr_t){0} : frame_alloc_zero();

    if (pa.v == 0) {
        return HV_ERR_NOMEM;
    }
    const uint64_t present = pa.v | P | W | (e & ~ADDRESS);
    if (!__atomic_compare_exchange_n(at, &e, present, false, __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        frame_free(pa);
    }
    return HV_OK;
}

/* Gives the page at `va`, which is mapped, a frame of its own. W is set where the guest may write. */
static enum hv_err leaf_private(struct aspace *as, uint64_t va, paddr_t *out)
{
    uint64_t *table;
    enum hv_err err = path_private(as, va, 1, &table);
    if (err) {
        return err;
    }
    const unsigned int i = entry_index(va, 1);
    const uint64_t e = table[i];
    const uint64_t w = e & SW_WRITE ? W : 0;
    const paddr_t old = entry_frame(e);
    const bool is_blank = !(e & P) || (e & SW_PHYS); /* demand-zero, or the zero page as yet */

    if (!is_blank && frame_is_private(old)) {
        table[i] = e | w;
        *out = old;
        return HV_OK;
    }
    if (is_blank) {
        err = charge(as);
        if (err) {
            return err;
        }
    }
    const paddr_t pa = is_blank ? frame_alloc_zero() : frame_alloc();
    if (pa.v == 0) {
        as->resident -= is_blank ? 1 : 0;
        return HV_ERR_NOMEM;
    }
    if (!is_blank) {
        arch_copy_page(phys_to_virt(pa), phys_to_virt(old));
    }
    entry_set(table, i, pa.v | P | w | (e & (U | SW_WRITE | NX)));
    if (e & P) {
        arch_flush_page(va);
    }
    if (!is_blank) {
        frame_put(old);
    }
    *out = pa;
    return HV_OK;
}

/* First access to a demand-zero page is a read: the common zero page, write-protected, will do. */
static enum hv_err leaf_zero_read(struct aspace *as, uint64_t va)
{
    uint64_t *table;
    const enum hv_err err = path_private(as, va, 1, &table);
    if (err) {
        return err;
    }
    const unsigned int i = entry_index(va, 1);
    entry_set(table, i, aspace_zero_page.v | P | SW_PHYS | table[i]);
    return HV_OK;
}

enum hv_err aspace_resolve(struct aspace *as, gva_t va, uint32_t access)
{
    if (va.v >= HV_GUEST_END) {
        return HV_ERR_NOENT;
    }
    const struct look l = look_up(as, va.v);
    enum hv_err err = HV_OK;
    uint64_t *table;
    paddr_t pa;

    if (l.entry == 0) {
        return HV_ERR_NOENT;
    }
    if (((access & HV_PROT_WRITE) && !(l.entry & SW_WRITE)) ||
        ((access & HV_PROT_EXEC) && (l.entry & NX))) {
        return HV_ERR_PERM;
    }
    if (l.entry & SW_ABSENT) {
        return wants(as, va.v);
    }
    if (l.window) {
        err = l.entry & P ? HV_OK : window_populate(l.at, l.entry);
    } else if (access & HV_PROT_WRITE) {
        err = (l.entry & SW_PHYS) && !entry_is_zero_page(l.entry)
                  ? path_private(as, va.v, 1, &table)
                  : leaf_private(as, va.v, &pa);
    } else if (!(l.entry & P)) {
        err = leaf_zero_read(as, va.v);
    }
    return err;
}

enum hv_err aspace_page(struct aspace *as, gva_t va, bool write, paddr_t *pa)
{
    if (va.v >= HV_GUEST_END) {
        return HV_ERR_NOENT;
    }
    struct look l = look_up(as, va.v);

    if (l.entry == 0) {
        return HV_ERR_NOENT;
    }
    if (l.entry & SW_ABSENT) {
        return wants(as, va.v);
    }
    if ((l.entry & SW_PHYS) && !entry_is_zero_page(l.entry)) {
        return HV_ERR_PERM;
    }
    if (l.window && write) {
        if (!(l.entry & P) && window_populate(l.at, l.entry)) {
            return HV_ERR_NOMEM;
        }
        *pa = entry_frame(entry_read(l.at));
        return HV_OK;
    }
    if (write) {
        return leaf_private(as, va.v, pa);
    }
    *pa = l.entry & P ? entry_frame(l.entry) : aspace_zero_page;
    return HV_OK;
}

/* ---- whole spaces ----------------------------------------------------------------------------- */

void aspace_init(paddr_t hypercall_page, paddr_t time_page, paddr_t zero_page)
{
    shared_hypercall = hypercall_page;
    shared_time = time_page;
    aspace_zero_page = zero_page;
}

enum hv_err aspace_create(struct aspace *as, uint64_t limit)
{
    const paddr_t root = frame_alloc_zero();
    if (root.v == 0) {
        return HV_ERR_NOMEM;
    }
    struct aspace made = {root, 1, limit, 0};
    enum hv_err err = aspace_map_phys(&made, (gva_t){HV_HYPERCALL_PAGE}, shared_hypercall, 1,
                                      HV_PROT_READ | HV_PROT_EXEC, false);
    if (!err) {
        err = aspace_map_phys(&made, (gva_t){HV_TIME_PAGE}, shared_time, 1, HV_PROT_READ, false);
    }
    if (err) {
        (void)!aspace_destroy_slice(&made, INT64_MAX);
        return err;
    }
    *as = made;
    return HV_OK;
}

enum hv_err aspace_clone(struct aspace *src, struct aspace *out, uint64_t limit)
{
    const paddr_t root = frame_alloc_zero();
    if (root.v == 0) {
        return HV_ERR_NOMEM;
    }
    uint64_t *from = phys_to_virt(src->root);
    uint64_t *to = phys_to_virt(root);
    const struct frame *f = frame_of(src->root);

    /* The directory of the first GiB is copied now: its window must not be shared, and whoever
     * runs writes there at once. */
    const paddr_t first = table_copy(entry_frame(from[0]));
    if (first.v == 0) {
        frame_free(root);
        return HV_ERR_NOMEM;
    }
    memcpy(to + 1, from + 1, (HIGH_FIRST - 1) * sizeof(*to));
    const unsigned int high = f->high < HIGH_FIRST ? f->high : HIGH_FIRST;
    share_children(from, to, 1, high);
    entry_set(to, 0, first.v | TABLE_FLAGS);
    frame_of(root)->high = (uint16_t)(high > 1 ? high : 1);
    *out = (struct aspace){root, src->resident, limit, 0};
    for (unsigned int i = HIGH_FIRST; i < f->high; i++) {
        out->resident -= from[i] & P; /* directories of windows */
    }
    return HV_OK;
}

bool aspace_destroy_slice(struct aspace *as, long budget)
{
    if (as->root.v != 0) {
        if (!table_free(as->root, ROOT_LEVEL, &budget)) {
            return false;
        }
        as->root = (paddr_t){0};
    }
    return true;
}

/* ---- ranges ----------------------------------------------------------------------------------- */

static inline uint64_t span_end(uint64_t va, int level, uint64_t end)
{
    return min_u64(end, (va & ~(entry_span(level) - 1)) + entry_span(level));
}

/* True when no page of [va, end), which `table` covers, is mapped. */
static bool range_is_free(const uint64_t *table, int level, uint64_t va, uint64_t end)
{
    while (va < end) {
        const uint64_t e = entry_read(&table[entry_index(va, level)]);
        const uint64_t stop = span_end(va, level, end);

        if (e != 0 &&
            (level == 1 || !(e & P) || !range_is_free(entry_table(e), level - 1, va, stop))) {
            return false;
        }
        va = stop;
    }
    return true;
}

/* Tables that a present entry of level 2 or 3 stands for when no page is mapped below it. */
static uint64_t empty_table_count(uint64_t e, int level)
{
    const struct frame *f = frame_of(entry_frame(e));
    uint64_t count = 1;

    for (unsigned int i = f->low; level == ROOT_LEVEL && i < f->high; i++) {
        count += entry_read(&entry_table(e)[i]) & P;
    }
    return count;
}

/*
 * Two passes over a free range: the first makes every table at its edges private, and may fail; the
 * second stores demand-zero entries `zero`, as high in the tree as they fit, and cannot fail. In the
 * first, `zero` is 0.
 */
static enum hv_err range_fill(struct aspace *as, uint64_t *table, int level, uint64_t va,
                              uint64_t end, uint64_t zero)
{
    while (va < end) {
        const unsigned int i = entry_index(va, level);
        const uint64_t stop = span_end(va, level, end);

        if (stop - va < entry_span(level)) {
            uint64_t *child;
            enum hv_err err = table_private(as, table, va, level, &child);
            if (!err) {
                err = range_fill(as, child, level - 1, va, stop, zero);
            }
            if (err) {
                return err;
            }
        } else if (zero != 0) {
            const uint64_t old = table[i];
            table[i] = zero;
            if (old & P) { /* tables that have become empty; the CPU may still point to them */
                arch_flush_page(va);
                as->resident -= empty_table_count(old, level);
                table_put(entry_frame(old), level - 1);
            }
        }
        va = stop;
    }
    return HV_OK;
}

enum hv_err aspace_map_step(struct aspace *as, gva_t va, uint64_t pages, uint32_t prot,
                            uint64_t *done)
{
    uint64_t *root = phys_to_virt(as->root);
    const uint64_t end = va.v + (pages << PAGE_SHIFT);
    const bool is_checked = *done >= pages;
    const uint64_t at = va.v + ((*done - (is_checked ? pages : 0)) << PAGE_SHIFT);
    uint64_t stop = span_end(at, ROOT_LEVEL, end);
    enum hv_err err = HV_OK;

    while (stop < end && root[entry_index(stop, ROOT_LEVEL)] == 0) {
        stop = span_end(stop, ROOT_LEVEL, end); /* nothing to look through there */
    }
    if (!range_is_free(root, ROOT_LEVEL, at, stop)) {
        return HV_ERR_EXISTS;
    }
    if (is_checked) {
        err = range_fill(as, root, ROOT_LEVEL, at, stop, prot_bits(prot));
    } else if (stop == end) {
        err = range_fill(as, root, ROOT_LEVEL, va.v, end, 0);
    }
    *done += (stop - at) >> PAGE_SHIFT;
    return err;
}

enum hv_err aspace_map_phys(struct aspace *as, gva_t va, paddr_t pa, uint64_t pages, uint32_t prot,
                            bool uncached)
{
    const uint64_t bits =
        P | SW_PHYS | prot_bits(prot) | (uncached ? PCD_PWT : 0) | (prot & HV_PROT_WRITE ? W : 0);
    const uint64_t end = va.v + (pages << PAGE_SHIFT);

    if (!range_is_free(phys_to_virt(as->root), ROOT_LEVEL, va.v, end)) {
        return HV_ERR_EXISTS;
    }
    for (uint64_t at = va.v; at < end; at += PAGE_SIZE) {
        uint64_t *table;
        const enum hv_err err = path_private(as, at, 1, &table);
        if (err) {
            gva_t undo = va;
            while (undo.v < at && !aspace_unmap_step(as, undo, (gva_t){at}, &undo)) {
            }
            return err;
        }
        entry_set(table, entry_index(at, 1), (pa.v + (at - va.v)) | bits);
    }
    return HV_OK;
}

/* ---- absent pages ----------------------------------------------------------------------------- */

enum hv_err aspace_map_absent(struct aspace *as, gva_t va, uint64_t pages, uint32_t prot)
{
    const uint64_t end = va.v + (pages << PAGE_SHIFT);
    uint64_t *directory, *table;
    if (!range_is_free(phys_to_virt(as->root), ROOT_LEVEL, va.v, end)) {
        return HV_ERR_EXISTS;
    }
    enum hv_err err =
        path_private(as, va.v, 2, &directory) ?: table_private(as, directory, va.v, 2, &table);
    if (!err) {
        directory[entry_index(va.v, 2)] |= SW_LACKS;
    }
    for (uint64_t at = va.v; at < end && !err; at += PAGE_SIZE) {
        err = charge(as);
        if (!err) {
            entry_set(table, entry_index(at, 1), prot_bits(prot));
        }
    }
    return err;
}

enum hv_err aspace_bring(const struct aspace *as, gva_t va, paddr_t page)
{
    const struct look l = look_up(as, va.v);
    uint64_t e = l.entry;

    /* Domains that are not locked share the table; page faults of theirs read it. */
    if (!(e & SW_ABSENT) ||
        !__atomic_compare_exchange_n(l.at, &e, page.v | P | (e & ~SW_ABSENT), false,
                                     __ATOMIC_ACQ_REL, __ATOMIC_RELAXED)) {
        return HV_ERR_STATE;
    }
    if (!lacks_pages(l.at - entry_index(va.v, 1))) {
        const uint64_t *root = phys_to_virt(as->root);
        uint64_t *directory = entry_table(root[entry_index(va.v, ROOT_LEVEL)]);
        __atomic_fetch_and(&directory[entry_index(va.v, 2)], ~SW_LACKS, __ATOMIC_RELAXED);
    }
    return HV_OK;
}

/* Empties entries of a private lowest-level table. */
static void leaves_clear(struct aspace *as, uint64_t *table, uint64_t va, uint64_t end)
{
    for (; va < end; va += PAGE_SIZE) {
        const unsigned int i = entry_index(va, 1);
        const uint64_t e = table[i];

        table[i] = 0;
        as->resident -= entry_is_counted(e);
        if ((e & (P | SW_PHYS)) == P) {
            frame_put(entry_frame(e));
        }
    }
}

/* Takes a whole lowest-level table out of the space. */
static void table_detach(struct aspace *as, uint64_t *parent, unsigned int i)
{
    const paddr_t pa = entry_frame(parent[i]);
    const struct frame *f = frame_of(pa);
    const uint64_t *table = phys_to_virt(pa);

    parent[i] = 0;
    as->resident--;
    for (unsigned int n = f->low; n < f->high; n++) {
        as->resident -= entry_is_counted(entry_read(&table[n]));
    }
    table_put(pa, 1);
}

enum hv_err aspace_unmap_step(struct aspace *as, gva_t va, gva_t end, gva_t *next)
{
    uint64_t *table = phys_to_virt(as->root);

    for (int level = ROOT_LEVEL; level > 1; level--) {
        const unsigned int i = entry_index(va.v, level);
        const uint64_t stop = span_end(va.v, level, end.v);
        const bool is_whole = stop - va.v == entry_span(level);

        if (table[i] == 0 || (is_whole && !(table[i] & P))) {
            table[i] = 0;
            next->v = stop;
            return HV_OK;
        }
        if (is_whole && level == 2) {
            table_detach(as, table, i);
            next->v = stop;
            return HV_OK;
        }
        const enum hv_err err = table_private(as, table, va.v, level, &table);
        if (err) {
            return err;
        }
    }
    next->v = span_end(va.v, 2, end.v);
    leaves_clear(as, table, va.v, next->v);
    return HV_OK;
}

/* Whether the guest may change the protection of all these pages. */
static enum hv_err leaves_check(const uint64_t *table, uint64_t va, uint64_t end)
{
    for (; va < end; va += PAGE_SIZE) {
        const uint64_t e = table[entry_index(va, 1)];
        if (e == 0) {
            return HV_ERR_NOENT;
        }
        if ((e & SW_PHYS) && !entry_is_zero_page(e)) {
            return HV_ERR_PERM; /* a device's, a module's */
        }
    }
    return HV_OK;
}

enum hv_err aspace_protect_step(struct aspace *as, gva_t va, gva_t end, uint32_t prot, gva_t *next)
{
    uint64_t *table = phys_to_virt(as->root);

    for (int level = ROOT_LEVEL; level > 1; level--) {
        const unsigned int i = entry_index(va.v, level);
        const uint64_t stop = span_end(va.v, level, end.v);

        if (table[i] == 0) {
            return HV_ERR_NOENT;
        }
        if (!(table[i] & P) && stop - va.v == entry_span(level)) {
            table[i] = prot_bits(prot);
            next->v = stop;
            return HV_OK;
        }
        const enum hv_err err = table_private(as, table, va.v, level, &table);
        if (err) {
            return err;
        }
    }
    const uint64_t stop = span_end(va.v, 2, end.v);
    const enum hv_err err = leaves_check(table, va.v, stop);
    if (err) {
        return err;
    }
    for (uint64_t at = va.v; at < stop; at += PAGE_SIZE) {
        const unsigned int i = entry_index(at, 1);
        table[i] = (table[i] & ~(SW_WRITE | NX | W)) | prot_bits(prot); /* a write fault sets W */
    }
    next->v = stop;
    return HV_OK;
}

/* ---- windows ---------------------------------------------------------------------------------- */

paddr_t aspace_window_new(uint32_t first, uint32_t pages)
{
    const paddr_t pa = frame_alloc_zero();

    if (pa.v != 0) {
        uint64_t *table = phys_to_virt(pa);
        arch_fill(table + first, prot_bits(HV_PROT_READ | HV_PROT_WRITE), pages);
        frame_of(pa)->low = (uint16_t)first;
        frame_of(pa)->high = (uint16_t)(first + pages);
    }
    return pa;
}

void aspace_window_put(paddr_t window)
{
    table_put(window, 1);
}

enum hv_err aspace_window_attach(struct aspace *as, gva_t va, paddr_t window)
{
    uint64_t *directory;
    const enum hv_err err = path_private(as, va.v, 2, &directory);
    if (err) {
        return err;
    }
    const unsigned int i = entry_index(va.v, 2);
    if (directory[i] != 0) {
        return HV_ERR_EXISTS;
    }
    frame_get(window);
    entry_set(directory, i, window.v | TABLE_FLAGS | SW_WINDOW);
    return HV_OK;
}

/* The directory entry of the window at `va`, or NULL. */
static uint64_t *window_entry(const struct aspace *as, uint64_t va)
{
    const uint64_t *root = phys_to_virt(as->root);
    const uint64_t e = root[entry_index(va, 3)];

    if (!(e & P)) {
        return NULL;
    }
    uint64_t *at = &entry_table(e)[entry_index(va, 2)];
    return (*at & (P | SW_WINDOW)) == (P | SW_WINDOW) ? at : NULL;
}

paddr_t aspace_window_at(const struct aspace *as, gva_t va)
{
    const uint64_t *at = window_entry(as, va.v);

    return at != NULL ? entry_frame(*at) : (paddr_t){0};
}

paddr_t aspace_window_detach(struct aspace *as, gva_t va)
{
    uint64_t *at = window_entry(as, va.v);
    const paddr_t window = at != NULL ? entry_frame(*at) : (paddr_t){0};

    if (at != NULL) {
        *at = 0;
    }
    return window;
}

void aspace_move_windows(struct aspace *from, struct aspace *to)
{
    uint64_t *from_root = phys_to_virt(from->root);
    uint64_t *to_root = phys_to_virt(to->root);
    uint64_t *at = window_entry(from, HV_WINDOW0_VA);

    if (at != NULL) {
        entry_set(entry_table(to_root[0]), 0, *at);
        *at = 0;
    }
    for (unsigned int i = HIGH_FIRST; i < ENTRIES; i++) {
        if (from_root[i] & P) {
            entry_set(to_root, i, from_root[i]);
            from_root[i] = 0;
            from->resident--;
            to->resident++;
        }
    }
}
