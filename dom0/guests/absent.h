/* SPDX-License-Identifier: Apache-2.0 */
/*
 * absent.h - guests that hv has paused because a page that they need is still on the disk
 * (store/lazy.h). They go on, in the order in which they stopped, when it has been brought.
 */
#pragma once

#include "guests/guest.h"

/** Hv has paused this guest, which touched `address`. It goes on later, or ends now. */
void absent_add(struct guest *g, uint64_t address);

/** It has ended, or the user pauses it: it is not to go on. Allowed for any guest. */
void absent_remove(struct guest *g);

/** Which region (store/index.h) the first of them waits for. False: none waits. */
bool absent_first(uint32_t *region);

/** A region is there, or will never be: those that wait for it go on and find out. */
void absent_go_on(uint32_t region);

/** There is no memory for what they need: they wait for that (starved.h), and then try again. */
void absent_starve(void);
