/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarm.h - timers that send signals: as mf_timer_set() and mf_timer_cancel(), and counted, so that
 * they interrupt a thread that computes (thread/preempt.h).
 */
#pragma once

#include "thread/idle.h"
#include "thread/preempt.h"

static inline void mf_alarm_set(struct mf_timer *t, uint64_t deadline_ns)
{
    mf_preempt_alarms += !mf_timer_is_set(t);
    mf_timer_set(t, deadline_ns);
    mf_preempt_update();
}

static inline void mf_alarm_cancel(struct mf_timer *t)
{
    mf_preempt_alarms -= mf_timer_is_set(t);
    mf_timer_cancel(t);
}

/** First thing in t->expire(). */
static inline void mf_alarm_expired(void)
{
    mf_preempt_alarms--;
}

/** In a process that was just forked: the timers of alarm() and setitimer(), of timer_create(). */
void mf_interval_timers_forget(void);
void mf_posix_timers_forget(void);
