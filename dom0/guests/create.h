/* SPDX-License-Identifier: Apache-2.0 */
/* create.h - what guest.c and create.c share; see guest.h. */
#pragma once

#include "guests/guest.h"

/** What creation needs to know; set by guest_init(). */
void create_init(const struct plan *plan, bool show_output);

/** Whether there is memory for what a guest asks dom0 for: more than another guest takes. */
bool create_has_memory(void);

/** Gives back all that guest_create() took but slot, name and log. */
void create_undo(struct guest *g);
