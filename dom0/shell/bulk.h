/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk.h - commands on many guests at once. Some are done at a time: network, timers and the guests that
 * are there already have their turn in between. One command at a time.
 */
#pragma once

#include <stdbool.h>

#include "guests/launch.h"

/**
 * Starts (l->is_created_only: makes) l->count guests and says so. What `l` borrows stays until it is done. Returns false when it is
 * done at once; else done() is called.
 */
bool bulk_start(const struct launch *l, void (*done)(void));

/** Ends all guests. Likewise. Until then none may fork: the child might be overlooked. */
bool bulk_kill(void (*done)(void));
bool bulk_is_killing(void);

/** Ends the command that is under way, if there is one: no more guests. */
void bulk_cancel(void);
