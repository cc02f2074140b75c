/* SPDX-License-Identifier: Apache-2.0 */
/* time.c - POSIX clocks and sleeps. The guest's CPU clock is its monotonic clock since its start.
 */
#include <errno.h>
#include <sys/time.h>
#include <sys/times.h>
#include <time.h>
#include <unistd.h>

#include "mayfly/hypercall.h"
#include "thread/thread.h"
#include "time/time_internal.h"

static int fail(int err)
{
    errno = err;
    return -1;
}

/* CPU time that hv has counted for this domain, in ns. */
static uint64_t cpu_ns(void)
{
    struct hv_dom_info info;
    return hv_dom_info(HV_SELF, &info) < 0 ? mf_clock_ns() : info.cpu_ns;
}

int clock_gettime(clockid_t clock, struct timespec *t)
{
    switch ((int)clock) {
    case (int)CLOCK_REALTIME:
        *t = mf_timespec_of(mf_clock_wall_ns());
        return 0;
    case (int)CLOCK_MONOTONIC:
        *t = mf_timespec_of(mf_clock_ns());
        return 0;
    default:
        return fail(EINVAL);
    }
}

int clock_getres(clockid_t clock, struct timespec *t)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return -1;
    }
    if (t != NULL) {
        *t = (struct timespec){.tv_nsec = 1};
    }
    return 0;
}

int gettimeofday(struct timeval *restrict t, void *restrict zone)
{
    (void)zone;
    const uint64_t ns = mf_clock_wall_ns();
    t->tv_sec = (time_t)(ns / MF_NS_PER_S);
    t->tv_usec = (suseconds_t)(ns % MF_NS_PER_S / 1000);
    return 0;
}

int clock_nanosleep(clockid_t clock, int flags, const struct timespec *t, struct timespec *left)
{
    if (!mf_timespec_is_valid(t) ||
        (clock != (clockid_t)CLOCK_REALTIME && clock != (clockid_t)CLOCK_MONOTONIC)) {
        return EINVAL;
    }
    const uint64_t deadline_ns =
        (flags & TIMER_ABSTIME) != 0 ? mf_deadline_of_time(clock, t) : mf_deadline_of_span(t);
    const int err = mf_thread_sleep(deadline_ns);
    if (err != -EINTR) {
        return 0;
    }
    if (left != NULL && (flags & TIMER_ABSTIME) == 0) {
        const uint64_t now = mf_clock_ns();
        *left = mf_timespec_of(deadline_ns > now ? deadline_ns - now : 0);
    }
    return EINTR;
}

int nanosleep(const struct timespec *t, struct timespec *left)
{
    const int err = clock_nanosleep(CLOCK_MONOTONIC, 0, t, left);
    return err == 0 ? 0 : fail(err);
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

clock_t clock(void)
{
    return (clock_t)(cpu_ns() / (MF_NS_PER_S / CLOCKS_PER_SEC));
}

clock_t times(struct tms *t)
{
    const uint64_t ticks_per_s = (uint64_t)sysconf(_SC_CLK_TCK);
    *t = (struct tms){.tms_utime = (clock_t)(cpu_ns() / (MF_NS_PER_S / ticks_per_s))};
    return (clock_t)(mf_clock_ns() / (MF_NS_PER_S / ticks_per_s));
}
