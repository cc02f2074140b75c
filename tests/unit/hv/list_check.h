/* SPDX-License-Identifier: Apache-2.0 */
/* list_check.h - aspace_list_pages() against the models of two spaces. */
#pragma once

#include "hv/aspace.h"
#include "model.h"

/**
 * Lists `a`, or what differs in it from `b` (NULL: all of it), `max` extents at a time, and compares
 * with the models. Returns NULL, or what is wrong and at which page.
 */
const char *list_check(const struct aspace *a, struct model *model_a, const struct aspace *b,
                       struct model *model_b, uint32_t max, uint64_t *page);
