/* SPDX-License-Identifier: Apache-2.0 */
/* clock.h - what the machine layer keeps to itself about time; the rest: machine.h. */
#pragma once

#include <stdint.h>

/** The TSC value at clock_ns() == ns. */
uint64_t clock_ns_to_tsc(uint64_t ns);

/** Spins; with PAUSE, so that an emulator lets others run. */
void clock_delay_us(uint64_t us);
