/* SPDX-License-Identifier: Apache-2.0 */
/*
 * pipes.h - the pipes between the processes of a family: dom0's side of mayfly/family.h. The window
 * is made with the first pipe and lies in dom0 where that of a guest would be, in a slot of its own.
 *
 * The members may write anything into it, at any time. dom0 keeps itself which pipes there are and
 * takes nothing from the window but sets of members, which it only takes bits from.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "families/members.h"
#include "guests/guest.h"

#define PIPES_WORDS ((MF_PIPES + 63) / 64)

struct pipes {
    uint32_t slot;                /* + 1; 0: there is no window */
    uint64_t pipes[PIPES_WORDS];  /* numbers in use */
    uint64_t chunks[PIPES_WORDS]; /* in use */
    uint8_t chunks_of[MF_PIPES];
    uint64_t wakes[MF_FAMILY_WORDS]; /* members to be woken */
};

/**
 * Makes a pipe with a ring of `bytes` (a power of two, MF_PIPE_CHUNK to MF_PIPE_BYTES_MAX), whose
 * `ends` (MF_PIPE_*) `member` holds. `g`, its guest, is paused if it has to get the window. Returns
 * 0 and *index, or INVAL, LIMIT (there are too many), NOMEM.
 */
int64_t pipes_add(struct pipes *w, struct guest *g, uint32_t member, uint64_t bytes, uint64_t ends,
                  uint64_t *index);

/** `child`, which has not run yet, gets the window and the ends that `parent` holds. */
int64_t pipes_inherit(struct pipes *w, const struct guest *child, uint32_t child_member,
                      uint32_t parent);

/** The member holds nothing any more. Who waited for that is to be woken: pipes_wake(). */
void pipes_leave(struct pipes *w, uint32_t member);

/** Takes note of whom the members want woken: pipes_wake(). False: nobody. */
bool pipes_event(struct pipes *w);

/** Wakes at most `limit` members. Returns whether there are more. */
bool pipes_wake(struct pipes *w, uint32_t limit, members_wake_t wake, void *arg);

/** Gives the window back; the last member has gone. */
void pipes_close(struct pipes *w);
