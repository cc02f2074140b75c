/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - see transfer.h. */
#include "store/transfer.h"

#include <string.h>

#include "guests/create.h"
#include "mayfly/hypercall.h"
#include "store/lazy.h"
#include "store/pause.h"
#include "text/errors.h"

#define EXTENTS 64u
#define PAGES_PER_PAUSE 8u
#define EXTENTS_PER_PAUSE 64u
#define NO_MEMORY_TEXT error_text(HV_ERR_NOMEM)
#define PROT_MASK (HV_PROT_READ | HV_PROT_WRITE | HV_PROT_EXEC)

static bool is_zero(const uint8_t *page)
{
    return page[0] == 0 && memcmp(page, page + 1, HV_PAGE_BYTES - 1) == 0;
}

static const char *save_page(struct body_writer *w, uint32_t dom, uint64_t va, uint32_t prot)
{
    uint8_t *page;

    const char *const problem = body_page(w, &page);
    if (problem != NULL) {
        return problem;
    }
    int64_t err;
    while ((err = hv_dom_read(dom, va, page, HV_PAGE_BYTES)) == HV_ERR_ABSENT) {
        const char *const lost = lazy_bring(va);
        if (lost != NULL) {
            return lost;
        }
    }
    if (err < 0) {
        return error_text(err);
    }
    return is_zero(page) ? body_write_extent(w, va, 1, HV_EXTENT_ZERO, prot)
                         : body_write_page(w, va, prot);
}

static const char *save_extent(struct body_writer *w, uint32_t dom, const struct hv_extent *e)
{
    const uint32_t prot = e->prot & PROT_MASK;
    const char *problem = NULL;

    if (e->kind != HV_EXTENT_DATA) {
        return body_write_extent(w, e->va, e->pages, e->kind, prot);
    }
    for (uint64_t i = 0; i < e->pages && problem == NULL; i++) {
        problem = save_page(w, dom, e->va + (i << HV_PAGE_SHIFT), prot);
        if (i % PAGES_PER_PAUSE == PAGES_PER_PAUSE - 1) {
            pause_here(PAGES_PER_PAUSE * HV_PAGE_BYTES);
            problem = problem != NULL ? problem : pause_problem();
        }
    }
    return problem;
}

const char *transfer_save(struct body_writer *w, uint32_t dom, uint32_t base)
{
    struct hv_extent extents[EXTENTS];
    uint64_t va = 0;

    while (va != HV_GUEST_END) {
        const int64_t count = hv_dom_pages(dom, base, &va, extents, EXTENTS);
        if (count < 0 && count != HV_ERR_BUSY) {
            return error_text(count);
        }
        for (int64_t i = 0; i < count; i++) {
            const char *const problem = save_extent(w, dom, &extents[i]);
            if (problem != NULL) {
                return problem;
            }
        }
        pause_here(0);
        if (pause_problem() != NULL) {
            return pause_problem();
        }
    }
    return NULL;
}

/* ---- loading ------------------------------------------------------------------------------ */

/*
 * The table of a region that is still being read is not copied: before a part of it can be changed in
 * one domain, the rest must have come. That concerns the first and the last region of a range.
 */
static const char *bring_edges(uint64_t va, uint64_t pages)
{
    const uint64_t end_va = va + ((pages - 1) << HV_PAGE_SHIFT);
    const bool has_end = lazy_is_pending((uint32_t)(end_va / INDEX_REGION_BYTES));
    const bool has_start = lazy_is_pending((uint32_t)(va / INDEX_REGION_BYTES));
    const char *const problem = has_start || !has_end ? lazy_bring(va) : NULL;

    return problem == NULL && has_end && lazy_is_pending((uint32_t)(end_va / INDEX_REGION_BYTES))
               ? lazy_bring(end_va)
               : problem;
}

/* hv_dom_unmap(), or hv_dom_map() with a protection. */
static const char *change(uint32_t dom, uint64_t va, uint64_t pages, uint32_t prot)
{
    for (;;) {
        const int64_t err =
            prot == 0 ? hv_dom_unmap(dom, va, pages) : hv_dom_map(dom, va, pages, prot);
        if (err != HV_ERR_ABSENT) {
            return err < 0 ? error_text(err) : NULL;
        }
        const char *const problem = bring_edges(va, pages);
        if (problem != NULL) {
            return problem;
        }
    }
}

static const char *write_pages(uint32_t dom, const struct store_extent *e, const uint8_t *pages)
{
    const uint64_t bytes = (uint64_t)e->pages << HV_PAGE_SHIFT;
    int64_t err = 0;

    for (uint64_t at = 0; at < bytes && err >= 0; at += HV_COPY_MAX_BYTES) {
        const uint64_t left = bytes - at;
        err = hv_dom_write(dom, e->va + at, pages + at,
                           left < HV_COPY_MAX_BYTES ? left : HV_COPY_MAX_BYTES);
    }
    return err < 0 ? error_text(err) : NULL;
}

/* What was there before, from the parent, goes: it may have another protection. */
static const char *load_extent(uint32_t dom, const struct store_extent *e, const uint8_t *pages)
{
    const char *problem = change(dom, e->va, e->pages, 0);
    if (problem == NULL && e->kind != HV_EXTENT_NONE) {
        problem = change(dom, e->va, e->pages, e->prot);
    }
    return problem == NULL && e->kind == HV_EXTENT_DATA ? write_pages(dom, e, pages) : problem;
}

/* The next chunk; *c NULL: there was none left. */
static const char *next_chunk(struct body_reader *r, const struct store_chunk **c,
                              const uint8_t **pages)
{
    const char *const problem = body_read_chunk(r, c, pages);
    return problem == NULL && *c != NULL ? pause_problem() : problem;
}

const char *transfer_load(struct body_reader *r, uint32_t dom)
{
    const struct store_chunk *c;
    const uint8_t *pages;

    for (;;) {
        const char *problem = next_chunk(r, &c, &pages);
        if (problem != NULL || c == NULL) {
            return problem;
        }
        if (!create_has_memory()) { /* page tables were not counted, and guests run meanwhile */
            return NO_MEMORY_TEXT;
        }
        for (uint32_t i = 0; i < c->extent_count; i++) {
            const struct store_extent *const e = &c->extents[i];
            problem = load_extent(dom, e, pages);
            if (problem != NULL) {
                return problem;
            }
            if (e->kind == HV_EXTENT_DATA) {
                pages += (uint64_t)e->pages << HV_PAGE_SHIFT;
                pause_here((uint64_t)e->pages << HV_PAGE_SHIFT);
            }
        }
    }
}

/* ---- promising ---------------------------------------------------------------------------- */

const char *transfer_index(struct body_reader *r, struct index *x)
{
    const struct store_chunk *c;
    const uint8_t *pages;

    if (!index_begin_layer(x)) {
        return NO_MEMORY_TEXT;
    }
    for (;;) {
        const char *const problem = next_chunk(r, &c, &pages);
        if (problem != NULL || c == NULL) {
            return problem;
        }
        if (!index_add(x, c, r->block)) {
            return NO_MEMORY_TEXT;
        }
        pause_here(STORE_BLOCK_BYTES);
    }
}

/* Absent pages are promised within one region at a time. */
static const char *promise_content(uint32_t dom, const struct index_extent *e)
{
    const char *problem = NULL;
    uint64_t va = e->va, left = e->pages;

    while (left > 0 && problem == NULL) {
        const uint64_t room = INDEX_REGION_PAGES - (va >> HV_PAGE_SHIFT) % INDEX_REGION_PAGES;
        const uint64_t now = left < room ? left : room;
        problem = change(dom, va, now, e->prot | HV_PROT_ABSENT);
        va += now << HV_PAGE_SHIFT;
        left -= now;
    }
    return problem;
}

/* How many extents, at most EXTENTS_PER_PAUSE, lie one behind the other; *pages: what they span. */
static uint32_t find_span(const struct index_layer *l, uint32_t first, uint64_t *pages)
{
    uint32_t i = first;

    *pages = 0;
    do {
        *pages += l->extents[i++].pages;
    } while (i < l->extent_count && i - first < EXTENTS_PER_PAUSE &&
             l->extents[i].va == l->extents[first].va + (*pages << HV_PAGE_SHIFT) &&
             *pages + l->extents[i].pages <= HV_MAP_MAX_PAGES);
    return i - first;
}

static const char *promise_span(uint32_t dom, const struct index_extent *e, uint32_t count,
                                uint64_t pages)
{
    const char *problem = change(dom, e->va, pages, 0);

    for (uint32_t i = 0; i < count && problem == NULL; i++) {
        if (e[i].kind == HV_EXTENT_DATA) {
            problem = promise_content(dom, &e[i]);
        } else if (e[i].kind == HV_EXTENT_ZERO) {
            problem = change(dom, e[i].va, e[i].pages, e[i].prot);
        }
    }
    return problem;
}

const char *transfer_promise(const struct index *x, uint32_t dom)
{
    for (uint32_t n = 0; n < x->count; n++) {
        const struct index_layer *const l = &x->layers[n];
        uint32_t count;
        for (uint32_t i = 0; i < l->extent_count; i += count) {
            uint64_t pages;
            count = find_span(l, i, &pages);
            const char *problem = create_has_memory() ? NULL : NO_MEMORY_TEXT;
            if (problem == NULL) {
                problem = promise_span(dom, &l->extents[i], count, pages);
            }
            pause_here(0);
            problem = problem != NULL ? problem : pause_problem();
            if (problem != NULL) {
                return problem;
            }
        }
    }
    return NULL;
}
