/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family_units.h - the windows that shared memory of a family comes in (family_memory.h), each with a slot
 * of dom0's like a guest's window: who has them, and their contents in templates (family_shadow.h).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "families/family_shadow.h"
#include "families/members.h"

#define UNIT_PAGES HV_WINDOW_PAGES
#define UNIT_FIRST_PAGES SHADOW_FIRST_PAGES /* of unit 0 are not handed out */

struct unit {
    uint8_t kind;                     /* enum kind */
    uint16_t fresh;                   /* pages from here on were never handed out */
    uint16_t used_pages;              /* in areas */
    uint32_t slot;                    /* of dom0's side, + 1 */
    uint64_t mapped[MF_FAMILY_WORDS]; /* members that have it */
};

/* Empty: zeros. */
struct units {
    uint32_t count;
    struct unit *at[MF_MEMORY_UNITS]; /* owns; NULL: there is none */
};

/* A member, created or running. */
struct memory_user {
    struct guest *guest;
    uint32_t member, pid;
};

/** A new unit, with the number `unit`, which `u` has. Returns 0 or HV_ERR_*. */
int64_t units_make(struct units *all, uint32_t unit, enum kind kind, const struct memory_user *u);

/** It goes; nobody has it any more, or knows it. */
void units_free(struct units *all, uint32_t unit);

/** `u` is to have a unit that is there. Returns 0 or HV_ERR_*. */
int64_t units_map(struct units *all, uint32_t unit, const struct memory_user *u);

/** The member is to have it no more, if it has it. `g`: its guest; NULL: it has ended. */
void units_unmap(struct units *all, uint32_t unit, uint32_t member, struct guest *g);

/** Whether the member has the unit, which need not be there. */
bool units_has(const struct units *all, uint32_t unit, uint32_t member);

/** Whether any other member has any. */
bool units_are_others(const struct units *all, uint32_t member);

/** The first of `count` numbers in a row, from 1 on, without a unit; MF_MEMORY_UNITS: there are none. */
uint32_t units_find_gap(const struct units *all, uint32_t count);

/** What lies in the first page of unit 0, which members may change at any time; NULL: it is not there. */
struct mf_memory_window *units_window(const struct units *all);

/**
 * Puts the pages of units that `s` names into the shadow of `dom`, which has begun: as they are in the
 * paused domain `from`, which has them. Returns 0 or HV_ERR_*.
 */
int64_t units_freeze(const struct shadow *s, uint32_t from, uint32_t dom);

/** Brings pages from the shadow of `dom`, to units that are there. Returns 0 or HV_ERR_*. */
int64_t units_thaw(const struct units *all, uint32_t dom);
