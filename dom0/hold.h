/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hold.h - standing still: a guest that the user paused, and moments in which dom0 stops one to work
 * on it. A paused guest's state is GUEST_RUNNING with is_paused.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guest.h"

/** Pauses a running guest until hold_end(), also one that hv paused for want of memory. */
int64_t hold_begin(struct guest *g);

/** Lets a paused guest go on. */
int64_t hold_end(struct guest *g);

/**
 * Whether a guest that stands still does so in its wait for events and outside of critical code:
 * where its runtime can be asked for a service, and where it can be copied.
 */
bool hold_is_at_rest(const struct guest *g);

/** Stops a guest for a moment, if it runs. *was_running is for hold_resume(). */
int64_t hold_stop(struct guest *g, bool *was_running);
void hold_resume(struct guest *g, bool was_running);
