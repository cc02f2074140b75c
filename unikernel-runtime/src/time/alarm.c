/* SPDX-License-Identifier: Apache-2.0 */
/*
 * alarm.c - the interval timers of POSIX: ITIMER_REAL, also alarm()'s, by the clock; ITIMER_VIRTUAL
 * and ITIMER_PROF by the guest's CPU time (there is no system time apart), each with a signal of its
 * own. A CPU timer looks again when it could be due at the earliest.
 */
#include "time/alarm.h"

#include <errno.h>
#include <signal.h>
#include <sys/time.h>
#include <unistd.h>

#include "fd/fd.h"
#include "signal/signal_internal.h"
#include "time/time_internal.h"

#define NS_PER_US 1000u
#define KINDS 3

static struct interval_timer {
    struct mf_timer timer;
    uint64_t interval_ns;
    uint64_t due_cpu_ns; /* of a CPU timer */
} timers[KINDS];

static const int signals[KINDS] = {
    [ITIMER_REAL] = SIGALRM, [ITIMER_VIRTUAL] = SIGVTALRM, [ITIMER_PROF] = SIGPROF};

static void on_expire(struct mf_timer *timer)
{
    struct interval_timer *const t = (struct interval_timer *)timer;
    const int kind = (int)(t - timers);
    const siginfo_t info = {.si_signo = signals[kind], .si_code = SI_KERNEL};
    mf_alarm_expired();
    if (kind != ITIMER_REAL) {
        const uint64_t now = mf_process_cpu_ns();
        if (now < t->due_cpu_ns) {
            mf_alarm_set(timer, mf_clock_deadline(t->due_cpu_ns - now));
            return;
        }
        t->due_cpu_ns = now + t->interval_ns;
        if (t->interval_ns != 0) {
            mf_alarm_set(timer, mf_clock_deadline(t->interval_ns));
        }
    } else if (t->interval_ns != 0) {
        const uint64_t now = mf_clock_ns(), next = timer->deadline_ns + t->interval_ns;
        const uint64_t missed = next > now ? 0 : (now - next) / t->interval_ns + 1;
        mf_alarm_set(timer, next + missed * t->interval_ns);
    }
    mf_signal_post_info(&info);
}

static uint64_t left_ns(const struct interval_timer *t)
{
    if (!mf_timer_is_set(&t->timer)) {
        return 0;
    }
    const bool is_real = t == &timers[ITIMER_REAL];
    const uint64_t now = is_real ? mf_clock_ns() : mf_process_cpu_ns();
    const uint64_t due = is_real ? t->timer.deadline_ns : t->due_cpu_ns;
    return due > now ? due - now : 1;
}

static struct timeval timeval_of(uint64_t ns)
{
    ns += NS_PER_US - 1;
    return (struct timeval){.tv_sec = (time_t)(ns / MF_NS_PER_S),
                            .tv_usec = (suseconds_t)(ns % MF_NS_PER_S / NS_PER_US)};
}

static bool is_valid(const struct timeval *t)
{
    return t->tv_sec >= 0 && t->tv_sec < UINT32_MAX && t->tv_usec >= 0 && t->tv_usec < 1000000;
}

static uint64_t ns_of(const struct timeval *t)
{
    return (uint64_t)t->tv_sec * MF_NS_PER_S + (uint64_t)t->tv_usec * NS_PER_US;
}

int getitimer(int which, struct itimerval *value)
{
    if ((unsigned int)which >= KINDS) {
        return (int)mf_ret(-EINVAL);
    }
    value->it_value = timeval_of(left_ns(&timers[which]));
    value->it_interval = timeval_of(timers[which].interval_ns);
    return 0;
}

static void set(struct interval_timer *t, uint64_t ns, uint64_t interval_ns)
{
    t->interval_ns = interval_ns;
    t->timer.expire = on_expire;
    if (ns == 0) {
        mf_alarm_cancel(&t->timer);
        return;
    }
    if (t != &timers[ITIMER_REAL]) {
        t->due_cpu_ns = mf_process_cpu_ns() + ns;
    }
    mf_alarm_set(&t->timer, mf_clock_deadline(ns));
}

int setitimer(int which, const struct itimerval *restrict value, struct itimerval *restrict old)
{
    if ((unsigned int)which >= KINDS || !is_valid(&value->it_value) ||
        !is_valid(&value->it_interval)) {
        return (int)mf_ret(-EINVAL);
    }
    const uint64_t ns = ns_of(&value->it_value), interval_ns = ns_of(&value->it_interval);
    if (old != NULL) {
        getitimer(which, old);
    }
    set(&timers[which], ns, interval_ns);
    return 0;
}

unsigned int alarm(unsigned int seconds)
{
    struct interval_timer *const t = &timers[ITIMER_REAL];
    const uint64_t left = left_ns(t);
    set(t, (uint64_t)seconds * MF_NS_PER_S, 0);
    return (unsigned int)((left + MF_NS_PER_S - 1) / MF_NS_PER_S);
}

useconds_t ualarm(useconds_t us, useconds_t interval_us)
{
    struct interval_timer *const t = &timers[ITIMER_REAL];
    const uint64_t left = left_ns(t);
    set(t, (uint64_t)us * NS_PER_US, (uint64_t)interval_us * NS_PER_US);
    return (useconds_t)((left + NS_PER_US - 1) / NS_PER_US);
}

void mf_interval_timers_forget(void)
{
    for (int kind = 0; kind < KINDS; kind++) {
        set(&timers[kind], 0, 0);
    }
}
