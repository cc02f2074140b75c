/* SPDX-License-Identifier: Apache-2.0 */
/*
 * measure.h - how long it takes to start guests of one image, one after the other: from the moment
 * dom0 asks for a guest
 *   - until the guest's main(), if the image prints its time-stamp counter there: a line with the
 *     decimal number, as the first thing that it prints; or else
 *   - until dom0 learns that the guest is ready (info.h), when it is killed.
 * And how long it takes to be rid of it again. In TSC ticks; under QEMU's -icount, instructions.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "guests/launch.h"

#define MEASURE_MAX 1000

/**
 * Starts measuring l->count guests (at most MEASURE_MAX). done() is called at the end; until then the
 * launch's words must stay.
 */
bool measure_start(const struct launch *l, void (*done)(void), char error[128]);

/** No more guests; the one that runs is killed. */
void measure_cancel(void);

/** A guest has ended, or is ready. Returns true when it is one that is being measured. */
bool measure_guest_ended(uint32_t slot);
bool measure_guest_ready(uint32_t slot);
