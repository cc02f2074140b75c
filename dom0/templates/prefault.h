/* SPDX-License-Identifier: Apache-2.0 */
/*
 * prefault.h - pages that instances of a template always write are copied in one call before the next
 * instance runs, in place of a fault for each.
 *
 * Which   The first PREFAULT_AFTER instances of a template are only counted. Of the next
 *         PREFAULT_RECORDS it is recorded which pages they have for themselves, PREFAULT_NS after they
 *         were created or when they end before. What all of them have, at most PREFAULT_PAGES, is what later
 *         ones get; when it is less than PREFAULT_MIN pages, nothing. So an instance that does no more
 *         than those did has no page more.
 * Cost    An instance that is not recorded: some instructions, and those of hv_dom_populate(). Nothing
 *         here goes with the number of guests or their size.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct guest;

/* What is known of a template's instances; all zero at first. Its owner's: template.c, image.c. */
struct prefault {
    uint64_t *pages; /* owns; addresses, ascending; NULL: none */
    uint8_t count;   /* of the pages */
    uint8_t starts;  /* instances that were counted */
    uint8_t records; /* of instances */
    bool is_closed;  /* there is nothing to do */
};

extern uint32_t prefault_watched; /* guests that are being recorded */

/** Whether it is done at all (mayfly.conf); the default is that it is not. */
void prefault_init(bool is_on);

/* prefault_created(), prefault_ended() when there is something to do. */
void prefault_look(struct prefault *p, const struct guest *g, uint32_t base);
void prefault_last_look(const struct guest *g);

/**
 * A guest was cloned from template `base` and will run: it gets what its kind always writes, or is
 * watched. p: the template's; NULL: it was cloned from a guest.
 */
static inline void prefault_created(struct prefault *p, const struct guest *g, uint32_t base)
{
    if (p != NULL && !p->is_closed) {
        prefault_look(p, g, base);
    }
}

/** A guest ends; its memory is still there. */
static inline void prefault_ended(const struct guest *g)
{
    if (prefault_watched > 0) {
        prefault_last_look(g);
    }
}

/** The template goes: nothing is recorded any more, the list is freed. */
void prefault_close(struct prefault *p);
