/* SPDX-License-Identifier: Apache-2.0 */
/* transfer.c - see transfer.h. */
#include "store/transfer.h"

#include <string.h>

#include "create.h"
#include "errors.h"
#include "mayfly/hypercall.h"
#include "store/pause.h"

#define EXTENTS 64u
#define PAGES_PER_PAUSE 8u
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
    const int64_t err = hv_dom_read(dom, va, page, HV_PAGE_BYTES);
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

static int64_t write_pages(uint32_t dom, const struct store_extent *e, const uint8_t *pages)
{
    const uint64_t bytes = (uint64_t)e->pages << HV_PAGE_SHIFT;
    int64_t err = 0;

    for (uint64_t at = 0; at < bytes && err >= 0; at += HV_COPY_MAX_BYTES) {
        const uint64_t left = bytes - at;
        err = hv_dom_write(dom, e->va + at, pages + at,
                           left < HV_COPY_MAX_BYTES ? left : HV_COPY_MAX_BYTES);
    }
    return err;
}

/* What was there before, from the parent, goes: it may have another protection. */
static int64_t load_extent(uint32_t dom, const struct store_extent *e, const uint8_t *pages)
{
    int64_t err = hv_dom_unmap(dom, e->va, e->pages);
    if (err >= 0 && e->kind != HV_EXTENT_NONE) {
        err = hv_dom_map(dom, e->va, e->pages, e->prot);
    }
    return err >= 0 && e->kind == HV_EXTENT_DATA ? write_pages(dom, e, pages) : err;
}

const char *transfer_load(struct body_reader *r, uint32_t dom)
{
    const struct store_chunk *c;
    const uint8_t *pages;

    for (;;) {
        const char *problem = body_read_chunk(r, &c, &pages);
        if (problem == NULL && c != NULL) {
            problem = pause_problem();
        }
        if (problem != NULL || c == NULL) {
            return problem;
        }
        if (!create_has_memory()) { /* page tables were not counted, and guests run meanwhile */
            return error_text(HV_ERR_NOMEM);
        }
        for (uint32_t i = 0; i < c->extent_count; i++) {
            const struct store_extent *const e = &c->extents[i];
            const int64_t err = load_extent(dom, e, pages);
            if (err < 0) {
                return error_text(err);
            }
            if (e->kind == HV_EXTENT_DATA) {
                pages += (uint64_t)e->pages << HV_PAGE_SHIFT;
                pause_here((uint64_t)e->pages << HV_PAGE_SHIFT);
            }
        }
    }
}
