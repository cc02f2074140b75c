/* SPDX-License-Identifier: Apache-2.0 */
/*
 * window.h - the window that a guest has in common with dom0 (infopage.h says what is in it): at
 * HV_WINDOW0_VA of the guest, and at guest_window() of dom0.
 */
#pragma once

#include "guests/guest.h"
#include "guests/infopage.h"

/**
 * Makes it, with memory for what window_fill() writes, in a guest that has its domain and does not run.
 * Returns 0 or HV_ERR_*: then dom0 has none.
 */
int64_t window_make(const struct guest *g, const struct infopage *proto);

/** Fills a new one in, but for info->seed, which it draws; opens the network. The ports are there. */
void window_fill(struct guest *g, const struct infopage *proto, struct info_guest *info);

/** Closes dom0's side; allowed when there is none. */
void window_close(const struct guest *g);
