/* SPDX-License-Identifier: Apache-2.0 */
/*
 * slot.h - the table of guests: which slots are free, which hold a guest that has ended, and the names.
 * For dom0's parts that work on guests; see guest.h.
 */
#pragma once

#include "guests/guest.h"
#include "guests/infopage.h"

/** A free slot, its flags cleared; NULL when there is none. */
struct guest *slot_allocate(void);

/* A guest that may have ended since: slots and hv's handles are used again, lives are not. */
struct guest_ref {
    uint32_t slot, life;
};

struct guest_ref guest_ref(const struct guest *g);

/** The guest, created or running; NULL: it has ended. */
struct guest *guest_of_ref(struct guest_ref ref);

/** Makes it free. */
void slot_free(struct guest *g);

/** Keeps an ended guest to be looked at; the oldest one goes when there are too many. */
void slot_keep(struct guest *g);

/**
 * Whether a guest may have the name: no other has it, and no template but an image's or a warm one.
 * That of an ended guest is made free: it is only kept to be looked at.
 */
bool slot_claim_name(const char *name);

/** Makes a name of the first `bytes` of `first`, `separator` and a number. False: it is too long. */
bool slot_number_name(char name[LAUNCH_NAME_BYTES], const char *first, size_t bytes, char separator,
                      uint32_t number);

/** Makes a name: the first guest of an image is called like it, later ones are numbered. */
bool slot_choose_name(struct image *image, char name[LAUNCH_NAME_BYTES]);

/** The number of a guest's slot. */
static inline uint32_t slot_of(const struct guest *g)
{
    return (uint32_t)(g - guest_at(0));
}

/** The area of services and shares in its window, which it may write at any time. */
static inline uint8_t *area_of(const struct guest *g)
{
    return (uint8_t *)guest_window(slot_of(g)) + infopage_area(g->has_network);
}

/**
 * Its info page, while it is created or running. The guest may write it at any time: read a field
 * once, check what was read, use that.
 */
static inline struct mf_info *info_of(const struct guest *g)
{
    return infopage_in(guest_window(slot_of(g)));
}
