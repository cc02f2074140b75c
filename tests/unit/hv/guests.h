// SPDX-License-Identifier: Apache-2.0
// cflags: -Itests/unit/hv/fake
/*
 * guests.h - 24 guests that wait, send, yield, pause each other and change shares at random. Whenever
 * the machine stands still: nobody is lost, nobody waits beside an idle CPU, no deadline and no event
 * is missed, all time is booked.
 */
#pragma once

#include "sim.h"

/** Runs them on `cpus` CPUs; a step is a millisecond on average. is_racy: see sim_race(). */
void guests_run(uint32_t cpus, uint32_t steps, uint64_t seed, bool is_racy);
