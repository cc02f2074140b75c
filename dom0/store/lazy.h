/* SPDX-License-Identifier: Apache-2.0 */
/*
 * lazy.h - saved templates that are cloned before all of them has been read. What a page must contain
 * is known by its CRC (index.h); hv has the page as absent (HV_PROT_ABSENT) and pauses whoever needs
 * it (absent.h).
 *
 * Source   Such a template: the index, and a frozen copy of it that only dom0 has, through which pages
 *          are brought for all that came from it. It goes when all is there.
 * Reading  A thread of its own, by regions of 2 MiB: first those that guests wait for, then one that
 *          a command waits for, then all others, with rests between. Each page is verified before it
 *          is used.
 * Faults   What cannot be read, or is not what was written, is lost: the template is removed, guests
 *          that need what is lost end, all others go on. Without memory it goes on when there is some.
 * Calls    Those marked [thread] block; they are for commands' threads, which are interrupted by
 *          pause_cancel().
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "store/disk.h"
#include "store/index.h"

struct lazy_source;
struct template;

/* What a source is made of. */
struct lazy_plan {
    const char *name;   /* of the entry; borrows */
    struct disk *disk;  /* borrows */
    struct index index; /* owns */
    uint64_t *bodies;   /* owns; the ids of those that it is read from */
    uint32_t body_count;
    uint64_t pages;   /* to be read */
    bool only_needed; /* nothing in the background, as long as there is the template */
    uint32_t holder;  /* owns; a frozen copy of the template */
};

/**
 * Begins a source, which takes over what the plan owns. NULL, and nothing is taken: no memory. It
 * only reads what is asked for until lazy_appears().
 */
struct lazy_source *lazy_add(const struct lazy_plan *plan);

/** The template is there: the rest is read in the background. */
void lazy_appears(struct lazy_source *s, struct template *t);

/** There will be no template. */
void lazy_drop(struct lazy_source *s);

/** How much of it has been read, and whether some of that could not be. */
uint64_t lazy_read_pages(const struct lazy_source *s);
bool lazy_has_lost(const struct lazy_source *s);

/** Whether a source still has to bring something of the region. */
bool lazy_is_pending(uint32_t region);

/** Whose part of the region is lost: the name of the entry. NULL: nobody's. Borrows. */
const char *lazy_lost(uint32_t region);

/** Brings the region of `va`, or says why it cannot: for who met HV_ERR_ABSENT there. [thread] */
const char *lazy_bring(uint64_t va);

/** Likewise, without waiting: NULL: it has begun, try again later. */
const char *lazy_want(uint64_t va);

/** Reads all that is to be read from a body (0: from any), and tells how far it is. [thread] */
const char *lazy_finish(uint64_t body);

/** Somebody waits (absent.h). */
void lazy_wake(void);

/** Prints what is being read, and what is lost. */
void lazy_print(void);
