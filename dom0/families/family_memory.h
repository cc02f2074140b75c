/* SPDX-License-Identifier: Apache-2.0 */
/*
 * family_memory.h - memory that the processes of a family share: dom0's side of mayfly/family.h. It comes
 * in windows, `units`, each with a slot of dom0's like a guest's window, and is handed out in pages,
 * `areas`. A process has the units of the areas that it holds, at the same addresses as all others.
 *
 * Limits   As much as the memory of one process of the family may be, at most MF_MEMORY_UNITS units;
 *          AREAS_MAX areas.
 * Life     An area goes when nobody holds it, a unit with its last area. Areas of files and their
 *          units stay until the family ends.
 * Trust    dom0 keeps all of this itself. In the window it looks at the first page only, which members
 *          may change at any time: at sets of members, from which it only takes bits.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "families/family_units.h"

struct family_memory;

/**
 * An area of `pages` for `u`. `files`: for a file, of which this is the owner, and gets the area's
 * units, too; else NULL. *m is made if it is NULL. Returns 0 and *value (MF_MEMORY_MAKE), or INVAL,
 * LIMIT (areas), NOMEM (memory, or what the family may have).
 */
int64_t family_memory_make(struct family_memory **m, const struct memory_user *u,
                           const struct memory_user *files, uint64_t pages, uint64_t *value);

/** The member does not hold the area at `va` any more. Returns 0 or NOENT. */
int64_t family_memory_drop(struct family_memory *m, const struct memory_user *u, uint64_t va);

/** The units of the area of a file at `va` are to be in the member. Returns 0, NOENT, NOMEM. */
int64_t family_memory_map(struct family_memory *m, const struct memory_user *u, uint64_t va);

/** `child`, which has not run yet, gets what `parent` has. Returns 0 or HV_ERR_*. */
int64_t family_memory_inherit(struct family_memory *m, const struct memory_user *child,
                              uint32_t parent);

/**
 * Puts a copy of all that `u` has, whose guest does not run, into paused domain `dom`, a copy of that
 * guest, as a shadow (family_shadow.h). Returns 0 or HV_ERR_*; then `dom` is to be destroyed.
 */
int64_t family_memory_freeze(const struct family_memory *m, const struct memory_user *u,
                             uint32_t dom);

/**
 * `u` alone in its family, which does not run, gets a copy of what family_memory_freeze() put into
 * template `dom`, at the same addresses. *to is NULL before. Returns 0 or HV_ERR_*; then *to is to be freed.
 */
int64_t family_memory_thaw(uint32_t dom, struct family_memory **to, const struct memory_user *u);

/** Whether any other member has any of it. */
bool family_memory_is_others(const struct family_memory *m, uint32_t member);

/** Whether the member has any of it. */
bool family_memory_is_used(const struct family_memory *m, uint32_t member);

/**
 * The member has ended, or (`g` is not NULL, and does not run) knows nothing of the units any more.
 * All who wait for something are to be woken.
 */
void family_memory_leave(struct family_memory *m, uint32_t member, struct guest *g,
                         uint64_t wakes[MF_FAMILY_WORDS]);

/** Takes note of whom the members want woken. False: nobody. */
bool family_memory_event(const struct family_memory *m, uint64_t wakes[MF_FAMILY_WORDS]);

/** The last member has gone. */
void family_memory_free(struct family_memory *m);

/** Bytes of all units. */
uint64_t family_memory_bytes(const struct family_memory *m);
