/* SPDX-License-Identifier: Apache-2.0 */
/*
 * aspace.h - guest address spaces, kept as persistent trees of page tables.
 *
 *   CPU's top table --entry 0--> root (512 x 1 GiB) --> directory (512 x 2 MiB) --> table --> page
 *
 * The tree of page tables is the only description of a guest's memory (Intel SDM vol. 3A 4.5).
 * Sharing     Every frame has a reference count. A table with more than one reference is immutable;
 *             an entry that leads to shared memory has W=0 at that level. Whoever writes below
 *             copies the path first. Root and first directory are never shared.
 * Entries     Present or not, three software bits say what an entry means: writable for the guest
 *             (whatever W is now), window, not counted (device, hv or module memory). An entry that
 *             is not present but has U set is demand-zero; above the lowest level it covers 1 GiB
 *             or 2 MiB at once. Zero means unmapped.
 * Windows     A directory entry marked as window leads to a table that two domains share and both
 *             write. Windows lie in slot 0 or above HV_WINDOW_HIGH_VA; clones do not get them.
 * Accounting  `resident` counts pages and tables that the tree reaches, shared or not, without
 *             windows. Copying on write does not change it.
 * Locking     None here: only the domain's own CPU, or whoever holds domain.lock while the domain
 *             does not run. Populating a window and the reference counts are atomic.
 * TLB         Functions that change present entries of the loaded space flush what they changed or
 *             say that the caller must. A space that is not loaded is flushed when it is loaded.
 */
#pragma once

#include "hv/types.h"

struct aspace {
    paddr_t root;
    uint64_t resident; /* frames */
    uint64_t limit;    /* for resident */
    uint64_t wanted;   /* the address that HV_ERR_ABSENT was last about */
};

/** Sets up what all domains see: hypercall page and time page. */
void aspace_init(paddr_t hypercall_page, paddr_t time_page, paddr_t zero_page);

/** An empty space with the hypercall page and the time page. NOMEM, LIMIT (below 3 frames). */
enum hv_err aspace_create(struct aspace *as, uint64_t limit) HV_MUST_CHECK;

/**
 * Makes `out` a copy of `src` that shares all memory; windows are left out. Cost: two frames,
 * whatever the size of `src`. `src` is write-protected by this: its TLB must be flushed before it
 * writes again. NOMEM.
 */
enum hv_err aspace_clone(struct aspace *src, struct aspace *out, uint64_t limit) HV_MUST_CHECK;

/** Frees at most `budget` frames. True when all is gone. The space must not be loaded anywhere. */
bool aspace_destroy_slice(struct aspace *as, long budget) HV_MUST_CHECK;

/**
 * Resolves a page fault at `va`; access: HV_PROT_WRITE, HV_PROT_EXEC or 0 for reading. Errors:
 * NOENT (nothing mapped), PERM (not allowed), LIMIT, NOMEM (then nothing changed for the guest), ABSENT.
 */
enum hv_err aspace_resolve(struct aspace *as, gva_t va, uint32_t access) HV_MUST_CHECK;

/**
 * hv_mem_map(): [va, va + pages) is page-aligned and in range. One of the steps, each at most a GiB with
 * tables in it: *done is 0 at first, and 2 * pages behind the last: all is checked, then all is
 * mapped. EXISTS, NOMEM, LIMIT: nothing is mapped.
 */
enum hv_err aspace_map_step(struct aspace *as, gva_t va, uint64_t pages, uint32_t prot,
                            uint64_t *done) HV_MUST_CHECK;

/** All steps. */
static inline enum hv_err aspace_map_zero(struct aspace *as, gva_t va, uint64_t pages,
                                          uint32_t prot)
{
    enum hv_err err = HV_OK;

    for (uint64_t done = 0; done < 2 * pages && !err;) {
        err = aspace_map_step(as, va, pages, prot, &done);
    }
    return err;
}

/** Maps memory that is not counted: devices (`uncached`), hv's pages, modules. EXISTS, NOMEM,
 * LIMIT. */
enum hv_err aspace_map_phys(struct aspace *as, gva_t va, paddr_t pa, uint64_t pages, uint32_t prot,
                            bool uncached) HV_MUST_CHECK;

/**
 * Maps pages of one lowest-level table, which has none there, whose contents come by aspace_bring().
 * Until they have come, this table is shared, not copied, by all that are cloned from `as`. EXISTS,
 * NOMEM, LIMIT (a first part is mapped), ABSENT (an older table with absent pages would be copied).
 */
enum hv_err aspace_map_absent(struct aspace *as, gva_t va, uint64_t pages,
                              uint32_t prot) HV_MUST_CHECK;

/** Makes `page`, whose reference it takes, the absent page at `va` of all spaces that share it. STATE: it
 * is not absent. */
enum hv_err aspace_bring(const struct aspace *as, gva_t va, paddr_t page) HV_MUST_CHECK;

/**
 * Unmaps a first part of [va, end) in bounded time and sets *next to where it stopped. The caller
 * repeats until *next == end, and flushes the TLB. NOMEM, LIMIT (tables at the edges).
 */
enum hv_err aspace_unmap_step(struct aspace *as, gva_t va, gva_t end, gva_t *next) HV_MUST_CHECK;

/**
 * Changes the protection of a first part of [va, end); like aspace_unmap_step(). NOENT (a page is not
 * mapped), PERM (memory that is not counted), NOMEM, LIMIT; then nothing in this part was changed.
 */
enum hv_err aspace_protect_step(struct aspace *as, gva_t va, gva_t end, uint32_t prot,
                                gva_t *next) HV_MUST_CHECK;

/**
 * The page at `va`; when `write` populated and private (whatever the guest's own permission), else
 * maybe the zero page. The frame stays while the space is not changed. NOENT, PERM (not counted
 * memory), NOMEM, LIMIT.
 */
enum hv_err aspace_page(struct aspace *as, gva_t va, bool write, paddr_t *pa) HV_MUST_CHECK;

/**
 * Lists what is mapped in `as` from *va on and differs from `base` (NULL: lists all):
 * hv_dom_pages(). Fills at most `max` extents, looks at a bounded number of entries; sets *va to
 * where to go on.
 */
uint32_t aspace_list_pages(const struct aspace *as, const struct aspace *base, gva_t *va,
                           struct hv_extent *out, uint32_t max);

/** A new window table with demand-zero pages [first, first + pages); one reference. {0}: NOMEM. */
paddr_t aspace_window_new(uint32_t first, uint32_t pages) HV_MUST_CHECK;

/** Drops a reference to a window table; frees it with its pages when it was the last. */
void aspace_window_put(paddr_t window);

/** Maps a window at `va` (multiple of HV_WINDOW_BYTES); takes a reference. EXISTS, NOMEM, LIMIT. */
enum hv_err aspace_window_attach(struct aspace *as, gva_t va, paddr_t window) HV_MUST_CHECK;

/** The window at `va`, or {0}. No reference. */
paddr_t aspace_window_at(const struct aspace *as, gva_t va);

/** Unmaps it. The caller flushes the TLB, then drops the reference that this hands over. */
paddr_t aspace_window_detach(struct aspace *as, gva_t va);

/** Moves all windows of `from` to `to`, which has none. */
void aspace_move_windows(struct aspace *from, struct aspace *to);
