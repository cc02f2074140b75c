/* SPDX-License-Identifier: Apache-2.0 */
/* absent.c - see absent.h. */
#include "guests/absent.h"

#include "guests/queue.h"
#include "guests/service.h"
#include "guests/slot.h"
#include "guests/starved.h"
#include "mayfly/hypercall.h"
#include "store/index.h"
#include "store/lazy.h"
#include "text/term.h"

static struct queue absent;

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
    const uint32_t region = (uint32_t)(address / INDEX_REGION_BYTES);

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
    queue_add(&absent, g);
    lazy_wake();
}

void absent_remove(struct guest *g)
{
    if (g->is_absent) {
        g->is_absent = false;
        g->absent_region = 0;
        queue_remove(&absent, g);
    }
}

bool absent_first(uint32_t *region)
{
    const struct guest *const g = queue_first(&absent);

    if (g != NULL) {
        *region = g->absent_region;
    }
    return g != NULL;
}

void absent_go_on(uint32_t region)
{
    struct guest *next;

    for (struct guest *g = queue_first(&absent); g != NULL; g = next) {
        next = queue_next(g);
        if (g->absent_region == region) {
            absent_remove(g);
            go_on(g);
        }
    }
}

void absent_starve(void)
{
    struct guest *g;

    while ((g = queue_first(&absent)) != NULL) {
        absent_remove(g);
        if (!g->is_paused) { /* else it is started when the user says so */
            starved_add(g);
        }
    }
}
