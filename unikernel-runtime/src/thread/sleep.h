/* SPDX-License-Identifier: Apache-2.0 */
/* sleep.h - the scheduler's side of idle.c. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

/** One round of the idle loop: polls; when still nobody is woken, sleeps until something
 * happens. */
void mf_idle_sleep(bool (*is_woken)(void));

/** Waits for one event until deadline_ns and handles it; HV_WAIT_POLL: takes one if there is
 * one. */
void mf_idle_take_event(uint64_t deadline_ns);
