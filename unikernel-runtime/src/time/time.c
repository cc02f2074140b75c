/* SPDX-License-Identifier: Apache-2.0 */
/*
 * time.c - POSIX clocks and sleeps. CPU time of the process is what hv counts for the guest; that of a
 * thread is the time from switch to switch, which also counts when another guest has the CPU.
 */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "fd/fd.h"
#include "mayfly/hypercall.h"
#include "process/process.h"
#include "thread/thread_internal.h"
#include "time/time_internal.h"

static const volatile struct hv_time_page *time_page(void)
{
    return (const volatile struct hv_time_page *)(uintptr_t)HV_TIME_PAGE;
}

uint64_t mf_ns_of_ticks(uint64_t ticks)
{
    return (uint64_t)(((unsigned __int128)ticks * time_page()->mult) >> time_page()->shift);
}

uint64_t mf_ticks_of_ns(uint64_t ns)
{
    const uint64_t khz = time_page()->tsc_khz;
    return ns / MF_NS_PER_MS * khz + ns % MF_NS_PER_MS * khz / MF_NS_PER_MS;
}

uint64_t mf_process_cpu_ns(void)
{
    struct hv_dom_info info;
    return hv_dom_info(HV_SELF, &info) < 0 ? mf_clock_ns() : info.cpu_ns;
}

/* ---- clocks -------------------------------------------------------------------------------- */

/* A thread's time; as long as there has been one thread only, that is the process's. */
static uint64_t thread_ns(const struct mf_thread *t)
{
    return mf_thread_has_started() ? mf_ns_of_ticks(mf_thread_cpu_ticks(t)) : mf_process_cpu_ns();
}

/* What pthread_getcpuclockid() gives. */
static const struct mf_thread *thread_of_clock(clockid_t clock)
{
    const struct mf_thread *t = mf_thread_next(NULL);
    while (t != NULL && MF_THREAD_CLOCK(t->id) != clock) {
        t = mf_thread_next(t);
    }
    return t;
}

bool mf_clock_read(clockid_t clock, uint64_t *ns)
{
    switch ((int)clock) {
    case (int)CLOCK_REALTIME:
    case (int)CLOCK_REALTIME_COARSE:
        *ns = mf_clock_wall_ns();
        return true;
    case (int)CLOCK_MONOTONIC:
    case (int)CLOCK_MONOTONIC_RAW:
    case (int)CLOCK_MONOTONIC_COARSE:
    case (int)CLOCK_BOOTTIME:
        *ns = mf_clock_ns();
        return true;
    case (int)CLOCK_PROCESS_CPUTIME_ID:
        *ns = mf_process_cpu_ns();
        return true;
    case (int)CLOCK_THREAD_CPUTIME_ID:
        *ns = thread_ns(mf_thread_self());
        return true;
    default:
        break;
    }
    const struct mf_thread *const t = (int)clock < 0 ? thread_of_clock(clock) : NULL;
    if (t != NULL) {
        *ns = thread_ns(t);
    }
    return t != NULL;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    uint64_t ns;
    if (!mf_clock_read(clock, &ns)) {
        return (int)mf_ret(-EINVAL);
    }
    *t = mf_timespec_of(ns);
    return 0;
}

int clock_getres(clockid_t clock, struct timespec *t)
{
    uint64_t ns;
    if (!mf_clock_read(clock, &ns)) {
        return (int)mf_ret(-EINVAL);
    }
    if (t != NULL) {
        *t = (struct timespec){.tv_nsec = 1};
    }
    return 0;
}

/* The machine's clock is not a guest's to set. */
int clock_settime(clockid_t clock, const struct timespec *t)
{
    uint64_t ns;
    if (!mf_clock_read(clock, &ns) || !mf_timespec_is_valid(t)) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(clock == CLOCK_REALTIME ? -EPERM : -EINVAL);
}

/* Clocks of other processes cannot be read: POSIX's EPERM. */
int clock_getcpuclockid(pid_t pid, clockid_t *clock)
{
    if (pid != 0 && pid != getpid()) {
        return kill(pid, 0) == 0 ? EPERM : ESRCH;
    }
    *clock = CLOCK_PROCESS_CPUTIME_ID;
    return 0;
}

/** A struct timezone at `zone` is told what tzset() found, without daylight saving, as the BSDs do. */
int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    struct timezone *const z = zone;
    if (z != NULL) {
        z->tz_minuteswest = (int)(timezone / 60);
        z->tz_dsttime = daylight;
    }
    const uint64_t ns = mf_clock_wall_ns();
    t->tv_sec = (time_t)(ns / MF_NS_PER_S);
    t->tv_usec = (suseconds_t)(ns % MF_NS_PER_S / 1000);
    return 0;
}

clock_t clock(void)
{
    return (clock_t)(mf_process_cpu_ns() / (MF_NS_PER_S / CLOCKS_PER_SEC));
}

clock_t times(struct tms *t)
{
    const uint64_t tick_ns = MF_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
    const uint64_t children_ns = mf_children_cpu_ns != NULL ? mf_children_cpu_ns() : 0;
    *t = (struct tms){.tms_utime = (clock_t)(mf_process_cpu_ns() / tick_ns),
                      .tms_cutime = (clock_t)(children_ns / tick_ns)};
    return (clock_t)(mf_clock_ns() / tick_ns);
}

/* ---- sleeps -------------------------------------------------------------------------------- */

static bool is_wall(clockid_t clock)
{
    return clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    uint64_t ns;
    if (!mf_timespec_is_valid(t) || !mf_clock_read(clock, &ns) ||
        clock == CLOCK_THREAD_CPUTIME_ID) {
        return EINVAL;
    }
    if (clock == CLOCK_PROCESS_CPUTIME_ID || (int)clock < 0) {
        return ENOTSUP;
    }
    mf_thread_test_cancel();
    const uint64_t deadline_ns =
        (flags & TIMER_ABSTIME) != 0
            ? mf_deadline_of_time(is_wall(clock) ? CLOCK_REALTIME : CLOCK_MONOTONIC, t)
            : mf_deadline_of_span(t);
    int err;
    do {
        err = mf_thread_sleep(deadline_ns);
    } while (err == 0);
    if (err != -EINTR) {
        return 0;
    }
    mf_thread_test_cancel();
    if (left != NULL && (flags & TIMER_ABSTIME) == 0) {
        const uint64_t now = mf_clock_ns();
        *left = mf_timespec_of(deadline_ns > now ? deadline_ns - now : 0);
    }
    return EINTR;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    return (int)mf_ret(-clock_nanosleep(CLOCK_MONOTONIC, 0, t, left));
}

unsigned int sleep(unsigned int seconds)
{
    const struct timespec t = {.tv_sec = seconds};
    struct timespec left = {0};
    nanosleep(&t, &left);
    return (unsigned int)left.tv_sec + (left.tv_nsec >= (long)MF_NS_PER_S / 2);
}

int usleep(useconds_t us)
{
    const struct timespec t = mf_timespec_of((uint64_t)us * 1000);
    return nanosleep(&t, NULL);
}

/* ---- timers -------------------------------------------------------------------------------- */

void mf_timer_value(const struct mf_timer *t, uint64_t interval_ns, struct itimerspec *value)
{
    *value = (struct itimerspec){.it_interval = mf_timespec_of(interval_ns)};
    if (mf_timer_is_set(t)) {
        const uint64_t now = mf_clock_ns();
        value->it_value = mf_timespec_of(t->deadline_ns > now ? t->deadline_ns - now : 1);
    }
}
