/* SPDX-License-Identifier: Apache-2.0 */
/*
 * shared_files.h - the files of a family: dom0's side of mayfly/family.h. dom0 only makes the window
 * and tells who was born and who has ended; what is asked for and answered there is between the
 * processes, which may write anything into it at any time.
 */
#pragma once

#include <stdint.h>

#include "families/members.h"
#include "guests/guest.h"

struct shared_files {
    uint32_t slot;  /* + 1; 0: there is no window, or its owner has gone */
    uint32_t owner; /* member */
};

/** The window, in `g`, whose `member` owns the files. STATE: another one does; LIMIT, NOMEM. */
int64_t shared_files_make(struct shared_files *f, struct guest *g, uint32_t member);

/** `child`, which has not run yet, gets the window, if there is one. */
int64_t shared_files_inherit(const struct shared_files *f, const struct guest *child,
                             uint32_t user);

/**
 * A member has ended, or knows nothing of the window any more, with what it had as `user`: the owner
 * is to be woken. Returns true when it was the owner: all others are, and nobody is a user any more.
 */
bool shared_files_leave(struct shared_files *f, uint32_t member, uint32_t user,
                        uint64_t wakes[MF_FAMILY_WORDS]);

/** Takes note of whom the members want woken. False: nobody. */
bool shared_files_event(const struct shared_files *f, uint64_t wakes[MF_FAMILY_WORDS]);
