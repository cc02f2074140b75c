/* SPDX-License-Identifier: Apache-2.0 */
/*
 * park.h - frames that came in for guests without a free buffer, copied to memory of dom0's until
 * the guest has one. A client that opens a hundred connections, or asks on as many, sends more
 * frames at once than a guest posts buffers; were they lost, it would repeat them after seconds.
 *
 * All guests share PARK_FRAMES frames (1.6 MiB, of which only what was in use at once is ever
 * touched); one may have half of them.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "net/frame.h"

#define PARK_FRAMES 1024u
#define PARK_FRAMES_EACH (PARK_FRAMES / 2)

/* Of one guest, oldest first. All zero: none. */
struct park {
    uint32_t first, last; /* number + 1 */
    uint32_t count;
};

/**
 * Adds a copy of the frame. False: there is no room, the machine has no memory, or the frame is
 * longer than FRAME_MAX_BYTES.
 */
bool park_put(struct park *p, const struct frame *f);

/** Makes *f the oldest frame, which stays and is borrowed. False: there is none. */
bool park_first(const struct park *p, struct frame *f);

/** Forgets the oldest frame, if there is one. */
void park_drop(struct park *p);

/** Forgets all. Returns how many there were. */
uint32_t park_clear(struct park *p);

/** How many frames are parked for all guests together. */
uint32_t park_total(void);
