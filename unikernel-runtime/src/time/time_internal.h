/* SPDX-License-Identifier: Apache-2.0 */
/* time_internal.h - POSIX times and timeouts as monotonic deadlines. */
#pragma once

#include <stdbool.h>
#include <time.h>

#include "time/clock.h"

static inline bool mf_timespec_is_valid(const struct timespec *t)
{
    return t->tv_sec >= 0 && t->tv_nsec >= 0 && t->tv_nsec < (long)MF_NS_PER_S;
}

/** Nanoseconds of a valid time; MF_NEVER where they do not fit. */
static inline uint64_t mf_timespec_ns(const struct timespec *t)
{
    return (uint64_t)t->tv_sec >= MF_NEVER / MF_NS_PER_S
               ? MF_NEVER
               : (uint64_t)t->tv_sec * MF_NS_PER_S + (uint64_t)t->tv_nsec;
}

static inline struct timespec mf_timespec_of(uint64_t ns)
{
    return (struct timespec){.tv_sec = (time_t)(ns / MF_NS_PER_S),
                             .tv_nsec = (long)(ns % MF_NS_PER_S)};
}

/** The deadline a valid span from now; a span of 0 gives 0: "look, do not wait". */
static inline uint64_t mf_deadline_of_span(const struct timespec *span)
{
    const uint64_t ns = mf_timespec_ns(span);
    return ns == 0 ? 0 : mf_clock_deadline(ns);
}

/** As poll() counts: negative is for ever, 0 does not wait. */
static inline uint64_t mf_deadline_of_ms(int ms)
{
    if (ms <= 0) {
        return ms < 0 ? MF_NEVER : 0;
    }
    return mf_clock_deadline((uint64_t)ms * MF_NS_PER_MS);
}

/**
 * The deadline of a valid time on `clock` (CLOCK_REALTIME or CLOCK_MONOTONIC); times that have
 * passed give 1.
 */
static inline uint64_t mf_deadline_of_time(clockid_t clock, const struct timespec *t)
{
    const uint64_t ns = mf_timespec_ns(t);
    const uint64_t zero =
        clock == (clockid_t)CLOCK_REALTIME ? mf_clock_wall_ns() - mf_clock_ns() : 0;
    return ns == MF_NEVER ? MF_NEVER : ns > zero ? ns - zero : 1;
}

/* The CPU clock of a thread; -1 and its like, which programs try as wrong ones, are none. */
#define MF_THREAD_CLOCK(id) ((clockid_t)(-16 - (int)(id)))

/** What a clock shows. False: there is no such clock. */
bool mf_clock_read(clockid_t clock, uint64_t *ns);

/** CPU time of the guest as hv counts it. A hypercall. */
uint64_t mf_process_cpu_ns(void);

/** Nanoseconds of so many ticks of the TSC, and the other way (up to some years). */
uint64_t mf_ns_of_ticks(uint64_t ticks);
uint64_t mf_ticks_of_ns(uint64_t ns);

/** The deadline of a valid, non-zero time given to timer_settime() or timerfd_settime(). */
static inline uint64_t mf_timer_deadline(clockid_t clock, bool is_absolute,
                                         const struct timespec *t)
{
    return is_absolute ? mf_deadline_of_time(clock, t) : mf_deadline_of_span(t);
}

struct mf_timer;

/** What timer_gettime() and timerfd_gettime() say of `t`. */
void mf_timer_value(const struct mf_timer *t, uint64_t interval_ns, struct itimerspec *value);
