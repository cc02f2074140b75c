/* SPDX-License-Identifier: Apache-2.0 */
/* absent.c - see absent.h. A list through guest.next and guest.previous; slot + 1. */
#include "absent.h"

#include "mayfly/hypercall.h"
#include "service.h"
#include "slot.h"
#include "starved.h"
#include "store/index.h"
#include "store/lazy.h"
#include "term.h"

static uint32_t first, last;

static void go_on(const struct guest *g)
{
    if (!g->is_paused || service_is_asked(g)) {
        hv_dom_start(g->handle);
    }
}

static void lose(struct guest *g, uint32_t region)
{
    const char *const name = lazy_lost(region);
    term_say("%s: ended: a part of its memory cannot be read from the disk any more%s%s\n", g->name,
             name != NULL ? ", where it was saved as " : "", name != NULL ? name : "");
    guest_lose(slot_of(g));
}

/*
 * Nobody brings this region. Either it was brought since the guest stopped, or a part of it was lost.
 * Who only writes beside the lost part is told from those who came too early by coming again.
 */
static bool is_lost(struct guest *g, uint32_t region, uint64_t address)
{
    uint8_t byte;

    if (hv_dom_read(g->handle, address, &byte, 1) == HV_ERR_ABSENT) {
        return true;
    }
    const bool came_before = g->absent_region == region;
    g->absent_region = region;
    return came_before && lazy_lost(region) != NULL;
}

void absent_add(struct guest *g, uint64_t address)
{
    const uint32_t region = (uint32_t)(address / INDEX_REGION_BYTES), link = slot_of(g) + 1;

    if (!lazy_is_pending(region)) {
        if (is_lost(g, region, address)) {
            lose(g, region);
        } else {
            go_on(g);
        }
        return;
    }
    g->is_absent = true;
    g->absent_region = region;
    g->next = 0;
    g->previous = last;
    *(last != 0 ? &guest_at(last - 1)->next : &first) = link;
    last = link;
    lazy_wake();
}

void absent_remove(struct guest *g)
{
    if (!g->is_absent) {
        return;
    }
    g->is_absent = false;
    g->absent_region = 0;
    *(g->previous != 0 ? &guest_at(g->previous - 1)->next : &first) = g->next;
    *(g->next != 0 ? &guest_at(g->next - 1)->previous : &last) = g->previous;
}

bool absent_first(uint32_t *region)
{
    if (first == 0) {
        return false;
    }
    *region = guest_at(first - 1)->absent_region;
    return true;
}

void absent_go_on(uint32_t region)
{
    uint32_t next;

    for (uint32_t link = first; link != 0; link = next) {
        struct guest *const g = guest_at(link - 1);
        next = g->next;
        if (g->absent_region == region) {
            absent_remove(g);
            go_on(g);
        }
    }
}

void absent_starve(void)
{
    while (first != 0) {
        struct guest *const g = guest_at(first - 1);
        absent_remove(g);
        if (!g->is_paused) { /* else it is started when the user says so */
            starved_add(g);
        }
    }
}
