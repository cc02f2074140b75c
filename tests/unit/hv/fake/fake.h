/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fake.h - what a test does with the fake machine: start and stop it, make allocations fail, and
 * hear of flushes. Link with -Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free: what
 * the core allocates is filled with rubbish, and what it frees is poisoned for AddressSanitizer.
 */
#pragma once

#include "arch.h"
#include "hv/frame.h"

#define FAKE_WRAP "-Wl,--wrap=frame_alloc,--wrap=frame_alloc_zero,--wrap=frame_free"
#define FAKE_DEVICE 0xfe000000ul /* machine address that is no RAM */

/* The pages that all spaces share. */
struct fake_pages {
    paddr_t hypercall, time, zero;
};

extern struct fake_pages fake_pages;

/** A machine with `pages` page frames (page 0 included, which is never used). */
void fake_start(uint32_t pages);

/** Ends it: true when every frame is free again. */
bool fake_stop(void);

/** Frames in use that were not in use after fake_start(). */
uint64_t fake_live(void);

/** Makes the calling thread's n-th allocation from now on fail, once; 0: none. */
void fake_fail_alloc(uint64_t n);

/** True when it has failed since. */
bool fake_has_failed(void);

/** Called once, before the calling thread's n-th allocation from now on: what another CPU does in
 * the meantime. */
void fake_at_alloc(uint64_t n, void (*hook)(void *context), void *context);

/** Called by arch_flush_page() on the calling thread; NULL: nobody. */
void fake_on_flush(void (*hook)(void *context, uint64_t va), void *context);

/** True while the frame is allocated. */
bool fake_is_live(paddr_t pa);
