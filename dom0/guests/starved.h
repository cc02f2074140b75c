/* SPDX-License-Identifier: Apache-2.0 */
/*
 * starved.h - guests that hv has paused because the machine had no memory for them. They go on, in the
 * order in which they stopped, when memory is freed.
 */
#pragma once

#include "guests/guest.h"

/** Hv has paused this guest for want of memory. Says so. */
void starved_add(struct guest *g);

/** It has ended: it is not to go on. Allowed for a guest that is not starved. */
void starved_remove(struct guest *g);

/** A guest has given its memory back: lets some starved ones go on, and others later. O(1). */
void starved_feed(void);
