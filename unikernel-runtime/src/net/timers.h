/* SPDX-License-Identifier: Apache-2.0 */
/*
 * timers.h - lwIP's timers on the runtime's. An idle guest must not wake up: TCP's timer stops when
 * no connection has anything to wait for, the one-second timers when nobody asked for them lately.
 */
#pragma once

/** TCP may have something to wait for: sees to it that its timer runs. Cheap when it does. */
void mf_net_timer_needed(void);
