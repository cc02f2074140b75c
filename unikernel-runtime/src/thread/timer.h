/* SPDX-License-Identifier: Apache-2.0 */
/* timer.h - the idle loop's side of the timers of idle.h. */
#pragma once

#include "thread/idle.h"

/** Deadline of the first timer, or MF_NEVER. */
uint64_t mf_timer_next_ns(void);

/** Expires all timers with deadlines up to now_ns, earliest first. */
void mf_timer_run(uint64_t now_ns);
