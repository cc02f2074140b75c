/* SPDX-License-Identifier: Apache-2.0 */
/* prefault.c - see prefault.h. */
#include "templates/prefault.h"

#include <stdlib.h>

#include "guests/hold.h"
#include "guests/slot.h"
#include "mayfly/hypercall.h"

#define PREFAULT_AFTER 8
#define PREFAULT_RECORDS 4
#define PREFAULT_NS (50 * MF_NS_PER_MS)
#define PREFAULT_PAGES 32u /* bits of a mask; of HV_POPULATE_MAX */
#define PREFAULT_MIN 5u    /* fewer are not faster than their faults (docs/architecture.md) */
#define EXTENTS 16u
#define CALLS_MAX 64 /* of hv_dom_pages(), each of bounded work: of a large guest, a part will do */

/* The guests that are being recorded. */
static struct watch {
    struct mf_timer timer;
    struct prefault *of; /* borrows; NULL: free */
    uint32_t base;       /* the template's handle */
    uint32_t slot;
} watches[PREFAULT_RECORDS];

uint32_t prefault_watched;
static bool is_on;

void prefault_init(bool on)
{
    is_on = on;
}

/* ---- recording ---------------------------------------------------------------------------- */

/* Keeps the pages whose bits are set. */
static void keep(struct prefault *p, uint32_t mask)
{
    uint8_t count = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if ((mask >> i & 1) != 0) {
            p->pages[count++] = p->pages[i];
        }
    }
    p->count = count;
}

static void append(struct prefault *p, const struct hv_extent *e)
{
    for (uint64_t i = 0; i < e->pages && p->count < PREFAULT_PAGES; i++) {
        p->pages[p->count++] = e->va + (i << HV_PAGE_SHIFT);
    }
}

/* Bits of the pages that the extent holds. */
static uint32_t held(const struct prefault *p, const struct hv_extent *e)
{
    uint32_t mask = 0;
    for (uint32_t i = 0; i < p->count; i++) {
        if (p->pages[i] >= e->va && p->pages[i] - e->va < e->pages << HV_PAGE_SHIFT) {
            mask |= 1u << i;
        }
    }
    return mask;
}

/* Adds what one stopped instance has for itself to what is known. Returns false: not possible. */
static bool note(struct prefault *p, uint32_t dom, uint32_t base)
{
    struct hv_extent extents[EXTENTS];
    const bool is_first = p->records == 0;
    uint32_t mask = 0;
    uint64_t va = 0;

    if (p->pages == NULL) {
        p->pages = malloc(PREFAULT_PAGES * sizeof(p->pages[0]));
    }
    if (p->pages == NULL) {
        return false;
    }
    p->count = is_first ? 0 : p->count;
    for (uint32_t call = 0; call < CALLS_MAX && va != HV_GUEST_END; call++) {
        const int64_t count = hv_dom_pages(dom, base, &va, extents, EXTENTS);
        if (count < 0) {
            return false;
        }
        for (int64_t i = 0; i < count; i++) {
            if (extents[i].kind != HV_EXTENT_DATA) {
                continue;
            }
            if (is_first) {
                append(p, &extents[i]);
            } else {
                mask |= held(p, &extents[i]);
            }
        }
    }
    if (!is_first) {
        keep(p, mask);
    }
    return true;
}

/* All are recorded: only what the template has mapped can be given, and only if it is enough. */
static void complete(struct prefault *p, uint32_t base)
{
    uint32_t mask = 0;
    uint8_t byte;

    for (uint32_t i = 0; i < p->count; i++) {
        mask |= hv_dom_read(base, p->pages[i], &byte, 1) >= 0 ? 1u << i : 0;
    }
    keep(p, mask);
    if (p->count < PREFAULT_MIN) {
        prefault_close(p);
    }
}

/* Looks at a guest that stands still, if that may still be of use. */
static void record(const struct watch *w)
{
    struct prefault *const p = w->of;

    if (p->records < PREFAULT_RECORDS && note(p, guest_at(w->slot)->handle, w->base) &&
        ++p->records == PREFAULT_RECORDS) {
        complete(p, w->base);
    }
}

/* Allowed for one that complete() has dropped already. */
static void drop(struct watch *w)
{
    if (w->of != NULL) {
        mf_timer_cancel(&w->timer);
        w->of = NULL;
        prefault_watched--;
    }
}

static void expired(struct mf_timer *t)
{
    struct watch *const w = (struct watch *)(void *)t;
    struct guest *const g = guest_at(w->slot);
    bool was_running;

    if (g->state == GUEST_RUNNING && hold_stop(g, HOLD_NOW, &was_running) >= 0) {
        record(w);
        hold_resume(g, was_running);
    }
    drop(w);
}

static void watch(struct prefault *p, const struct guest *g, uint32_t base)
{
    for (uint32_t i = 0; i < PREFAULT_RECORDS; i++) {
        struct watch *const w = &watches[i];
        if (w->of == NULL) {
            *w = (struct watch){.timer.expire = expired, .of = p, .base = base, .slot = slot_of(g)};
            mf_timer_set(&w->timer, mf_clock_deadline(PREFAULT_NS));
            prefault_watched++;
            return;
        }
    }
}

void prefault_look(struct prefault *p, const struct guest *g, uint32_t base)
{
    if (!is_on) {
        return;
    }
    if (p->records == PREFAULT_RECORDS) {
        /* Those that there is no memory for come when they are written, or the guest waits then. */
        hv_dom_populate(g->handle, p->pages, p->count);
    } else if (p->starts < PREFAULT_AFTER) {
        p->starts++;
    } else {
        watch(p, g, base);
    }
}

void prefault_last_look(const struct guest *g)
{
    for (uint32_t i = 0; i < PREFAULT_RECORDS; i++) {
        struct watch *const w = &watches[i];
        if (w->of != NULL && w->slot == slot_of(g)) {
            if (g->state == GUEST_RUNNING) {
                (void)hv_dom_pause(g->handle); /* it may run, or be at its end */
                record(w);
            }
            drop(w);
        }
    }
}

void prefault_close(struct prefault *p)
{
    for (uint32_t i = 0; i < PREFAULT_RECORDS; i++) {
        if (watches[i].of == p) {
            drop(&watches[i]);
        }
    }
    free(p->pages);
    *p = (struct prefault){.is_closed = true};
}
