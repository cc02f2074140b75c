/* SPDX-License-Identifier: Apache-2.0 */
/*
 * members.h - what the windows of a family have in common: where they lie in dom0, and the sets of
 * members in them, which the members may change at any time.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "guests/guest.h"
#include "mayfly/family.h"

/** What is to be told to a member: an event. */
typedef void (*members_wake_t)(void *arg, uint32_t member);

/**
 * Makes a window at `va` of `g`, which is paused for it, and in dom0 where that of a guest would be,
 * in a slot of its own. Its first `bytes` have memory. Returns 0 and *slot, the slot's number plus 1,
 * or HV_ERR_*.
 */
int64_t members_make_window(struct guest *g, uint64_t va, size_t bytes, uint32_t *slot);

/** Gives dom0's side of the window back, if there is one. */
void members_close_window(uint32_t *slot);

/** The window's address. */
static inline void *members_window(uint32_t slot)
{
    return guest_window(slot - 1);
}

static inline bool members_has(const uint64_t set[], uint32_t n)
{
    return (__atomic_load_n(&set[n / 64], __ATOMIC_ACQUIRE) & 1ul << n % 64) != 0;
}

static inline void members_add(uint64_t set[], uint32_t n)
{
    __atomic_fetch_or(&set[n / 64], 1ul << n % 64, __ATOMIC_RELEASE);
}

static inline void members_remove(uint64_t set[], uint32_t n)
{
    set[n / 64] &= ~(1ul << n % 64);
}

/** Empties the set; who was in it is put into `to`, too. Members may put anybody in it. False: nobody was. */
bool members_take(uint64_t set[MF_FAMILY_WORDS], uint64_t to[MF_FAMILY_WORDS]);
