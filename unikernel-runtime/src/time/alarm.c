/* SPDX-License-Identifier: Apache-2.0 */
/* alarm.c - the one real-time interval timer of POSIX: alarm() and setitimer(ITIMER_REAL). */
#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "signal/signal_internal.h"
#include "thread/idle.h"

#define NS_PER_US 1000u

static uint64_t interval_ns;

static void on_expire(struct mf_timer *t)
{
    if (interval_ns != 0) {
        mf_timer_set(t, t->deadline_ns + interval_ns);
    }
    mf_signal_post(SIGALRM);
}

static struct mf_timer timer = {.expire = on_expire};

static uint64_t left_ns(void)
{
    const uint64_t now = mf_clock_ns();
    if (!mf_timer_is_set(&timer)) {
        return 0;
    }
    return timer.deadline_ns > now ? timer.deadline_ns - now : 1;
}

static struct timeval timeval_of(uint64_t ns)
{
    ns += NS_PER_US - 1;
    return (struct timeval){.tv_sec = (time_t)(ns / MF_NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % MF_NS_PER_S / NS_PER_US)};
}

static bool is_valid(const struct timeval *t)
{
    return t->tv_sec >= 0 && t->tv_sec < INT32_MAX && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

static uint64_t ns_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * MF_NS_PER_S + (uint64_t)t->tv_usec * NS_PER_US;
}

int getitimer(int which, struct itimerval *value)
{
    if (which != ITIMER_REAL) {
        errno = EINVAL;
        return -1;
    }
    value->it_value = timeval_of(left_ns());
    value->it_interval = timeval_of(interval_ns);
    return 0;
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    if (which != ITIMER_REAL || !is_valid(&value->it_value) || !is_valid(&value->it_interval)) {
        errno = EINVAL;
        return -1;
    }
    if (old != NULL) {
        getitimer(which, old);
    }
    const uint64_t ns = ns_of(&value->it_value);
    interval_ns = ns_of(&value->it_interval);
    if (ns == 0) {
        mf_timer_cancel(&timer);
    } else {
        mf_timer_set(&timer, mf_clock_deadline(ns));
    }
    return 0;
}

unsigned int alarm(unsigned int seconds)
{
    const uint64_t left = left_ns();
    const struct itimerval value = {.it_value.tv_sec = seconds};
    setitimer(ITIMER_REAL, &value, NULL);
    return (unsigned int)((left + MF_NS_PER_S - 1) / MF_NS_PER_S);
}
