/* SPDX-License-Identifier: Apache-2.0 */
/* choose.h - what world.c does next: random numbers, and pages, ranges and protections that matter. */
#pragma once

#include "model.h"

#define FIRST_PAGE (HV_IMAGE_BASE >> PAGE_SHIFT)
#define END_PAGE (HV_WINDOW_HIGH_VA >> PAGE_SHIFT)

/** The same choices for the same seed. */
void choose_seed(uint64_t seed);

/** Below n. */
uint64_t choose(uint64_t n);

/** True in one of n cases. */
bool once_in(uint64_t n);

/** A page near a place where tables begin or end, near something mapped, or one that was written. */
uint64_t choose_page(const struct model *m);

/** For new mappings: beside a run, so that it may meet the next one. */
uint64_t choose_place(const struct model *m);

/** Pages from `page` on, up to END_PAGE. */
uint64_t choose_count(uint64_t page);

/** HV_PROT_*. */
uint32_t choose_prot(void);
