/* SPDX-License-Identifier: Apache-2.0 */
/* names.h - from a guest's name to its slot. A hash table: O(1) however many guests there are. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/plan.h"

/** A number made of a name, for tables. No secret: who chooses names can make them meet. */
uint32_t names_hash(const char *name);

/** The slot of the guest of this name, or PLAN_NO_GUEST. */
uint32_t names_find(const char *name);

/** Likewise, where names_hash() of the name is known. */
uint32_t names_find_hashed(const char *name, uint32_t hash);

/** Adds the name of slot `slot`, as guest_name() gives it. */
void names_add(uint32_t slot);
void names_remove(uint32_t slot);
