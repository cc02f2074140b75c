/* SPDX-License-Identifier: Apache-2.0 */
/*
 * hidden.h - pages without any access (PROT_NONE). There are no such pages: they are unmapped, and
 * what was in them is kept until access is given again.
 */
#pragma once

#include <stdint.h>

/** Takes all access from the mapped pages of the range. Returns 0 or -ENOMEM. */
int mf_hidden_hide(uint64_t va, uint64_t pages);

/** Gives access `hv_prot` to all pages of the range; those that are not mapped get what was in them, or
 * zeros. Returns 0 or -ENOMEM. */
int mf_hidden_show(uint64_t va, uint64_t pages, uint32_t hv_prot);

/** Forgets what is kept for the range. */
void mf_hidden_drop(uint64_t va, uint64_t pages);
