/* SPDX-License-Identifier: Apache-2.0 */
/*
 * share.h - windows that two guests share. Each of them offers one: to a guest of a certain name, or to
 * whoever comes, under a name of the share's own. When two offers fit and share= (rights.h) of each
 * guest allows the other, dom0 makes the window and a pair of event ports, and has no part in it
 * from then on.
 *
 * Ends     When a guest closes its side, ends or is rolled back, the other one keeps the memory and is
 *          told. Copies of a guest have none of its shares.
 * Limits   MF_SHARES_MAX offers and shares per guest, HV_WINDOW_BYTES each. This memory counts for
 *          neither guest's limit.
 */
#pragma once

#include "guests/guest.h"

/** Registers the requests. */
void share_init(void);

/** The guest is going: its shares are closed. */
void share_end(struct guest *g);

/** It was rolled back, and its info page is a new one; it is paused. */
void share_roll_back(struct guest *g);
