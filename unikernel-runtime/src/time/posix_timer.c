/* SPDX-License-Identifier: Apache-2.0 */
/*
 * posix_timer.c - timer_create() and its family, on CLOCK_REALTIME and CLOCK_MONOTONIC (the wall clock
 * is never set, so both run alike), and on clocks of CPU time: such a timer looks again when it could be
 * due at the earliest, but every CPU_LOOK_NS at most. At most one signal of a timer is pending; what comes meanwhile is
 * counted as overrun. SIGEV_THREAD starts a detached thread each time.
 */
#include <errno.h>
#include <limits.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "fd/fd.h"
#include "signal/notify.h"
#include "signal/signal_internal.h"
#include "time/alarm.h"
#include "time/time_internal.h"

#define CPU_LOOK_NS MF_NS_PER_MS

struct posix_timer {
    struct mf_timer timer;
    struct posix_timer *next;
    int id; /* > 0 */
    clockid_t clock;
    struct sigevent event;
    bool is_cpu;
    uint64_t due_cpu_ns; /* is_cpu: on its clock */
    uint64_t interval_ns;
    uint64_t overrun, last_overrun; /* counted now; of the last signal that was taken */
};

static struct posix_timer *timers;
static int last_id, timer_count;

static struct posix_timer *find(int id)
{
    struct posix_timer *t = timers;
    while (t != NULL && t->id != id) {
        t = t->next;
    }
    return t;
}

/* ---- expiry -------------------------------------------------------------------------------- */

static bool is_pending(const struct posix_timer *t)
{
    return (mf_signals_pending & MF_SIGNAL_BIT(t->event.sigev_signo)) != 0;
}

/* The signal of `t` is being taken. */
static void on_signal(siginfo_t *info)
{
    struct posix_timer *const t = find(info->si_timerid);
    if (t != NULL) {
        t->last_overrun = t->overrun < INT_MAX ? t->overrun : INT_MAX;
        t->overrun = 0;
        info->si_overrun = (int)t->last_overrun;
    }
}

static void notify(struct posix_timer *t)
{
    if (t->event.sigev_notify == SIGEV_THREAD) {
        t->overrun = mf_notice_thread(&t->event) == 0 ? 0 : t->overrun + 1;
    } else if (t->event.sigev_notify == SIGEV_SIGNAL) {
        const siginfo_t info = {.si_signo = t->event.sigev_signo,
                                .si_code = SI_TIMER,
                                .si_value = t->event.sigev_value,
                                .si_timerid = t->id};
        if (is_pending(t) || mf_signal_post_info(&info) != 0) {
            t->overrun++;
        }
    }
}

static void look_later(struct posix_timer *t, uint64_t now)
{
    const uint64_t left = t->due_cpu_ns > now ? t->due_cpu_ns - now : 0;
    mf_alarm_set(&t->timer, mf_clock_deadline(left > CPU_LOOK_NS ? left : CPU_LOOK_NS));
}

/* When a periodic timer that was due at `due` is due again; counts what has been missed. */
static uint64_t next_due(struct posix_timer *t, uint64_t due, uint64_t now)
{
    const uint64_t next = due + t->interval_ns;
    const uint64_t missed = next > now ? 0 : (now - next) / t->interval_ns + 1;
    t->overrun += missed;
    return next + missed * t->interval_ns;
}

static void on_expire(struct mf_timer *timer)
{
    struct posix_timer *const t = (struct posix_timer *)timer;
    mf_alarm_expired();
    if (t->is_cpu) {
        uint64_t now;
        if (!mf_clock_read(t->clock, &now)) {
            return; /* the thread has ended */
        }
        if (now < t->due_cpu_ns) {
            look_later(t, now);
            return;
        }
        if (t->interval_ns != 0) {
            t->due_cpu_ns = next_due(t, t->due_cpu_ns, now);
            look_later(t, now);
        }
    } else if (t->interval_ns != 0) {
        mf_alarm_set(timer, next_due(t, timer->deadline_ns, mf_clock_ns()));
    }
    notify(t);
}

/* ---- POSIX --------------------------------------------------------------------------------- */

static int check(clockid_t clock, const struct sigevent *event)
{
    uint64_t now;
    if (!mf_clock_read(clock, &now)) {
        return -EINVAL;
    }
    return event == NULL || mf_notice_is_valid(event) ? 0 : -EINVAL;
}

static bool is_cpu(clockid_t clock)
{
    return clock == CLOCK_PROCESS_CPUTIME_ID || clock == CLOCK_THREAD_CPUTIME_ID || (int)clock < 0;
}

/* The caller's CPU clock by a name that means the same in the idle loop. */
static clockid_t own_clock(clockid_t clock)
{
    return clock == CLOCK_THREAD_CPUTIME_ID ? MF_THREAD_CLOCK(mf_thread_self()->id) : clock;
}

int timer_create(clockid_t clock, struct sigevent *restrict event, timer_t *restrict id)
{
    const int err = check(clock, event);
    if (err != 0) {
        return (int)mf_ret(err);
    }
    struct posix_timer *const t = timer_count < TIMER_MAX ? calloc(1, sizeof(*t)) : NULL;
    if (t == NULL) {
        return (int)mf_ret(-EAGAIN);
    }
    do {
        last_id = last_id == INT_MAX ? 1 : last_id + 1;
    } while (find(last_id) != NULL);
    *t = (struct posix_timer){.timer.expire = on_expire,
                              .next = timers,
                              .id = last_id,
                              .clock = own_clock(clock),
                              .is_cpu = is_cpu(clock)};
    if (event != NULL) {
        t->event = *event;
    } else {
        t->event = (struct sigevent){
            .sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM, .sigev_value.sival_int = t->id};
    }
    timers = t;
    timer_count++;
    mf_signal_on_timer = on_signal;
    *id = (timer_t)t->id;
    return 0;
}

int timer_delete(timer_t id)
{
    struct posix_timer *const t = find((int)id);
    if (t == NULL) {
        return (int)mf_ret(-EINVAL);
    }
    struct posix_timer **link = &timers;
    while (*link != t) {
        link = &(*link)->next;
    }
    *link = t->next;
    timer_count--;
    mf_alarm_cancel(&t->timer);
    free(t);
    return 0;
}

static void get_value(const struct posix_timer *t, struct itimerspec *value)
{
    uint64_t now;
    mf_timer_value(&t->timer, t->interval_ns, value);
    if (t->is_cpu && mf_timer_is_set(&t->timer) && mf_clock_read(t->clock, &now)) {
        value->it_value = mf_timespec_of(t->due_cpu_ns > now ? t->due_cpu_ns - now : 1);
    }
}

int timer_gettime(timer_t id, struct itimerspec *value)
{
    const struct posix_timer *const t = find((int)id);
    if (t == NULL) {
        return (int)mf_ret(-EINVAL);
    }
    get_value(t, value);
    return 0;
}

static void set_cpu_timer(struct posix_timer *t, bool is_absolute, const struct timespec *value)
{
    uint64_t now = 0;
    const uint64_t ns = mf_timespec_ns(value);
    mf_clock_read(t->clock, &now);
    t->due_cpu_ns = is_absolute || ns == MF_NEVER ? ns : now + ns;
    look_later(t, now);
}

int timer_settime(timer_t id, int flags, const struct itimerspec *restrict value,
                  struct itimerspec *restrict old)
{
    struct posix_timer *const t = find((int)id);
    if (t == NULL || !mf_timespec_is_valid(&value->it_value) ||
        !mf_timespec_is_valid(&value->it_interval)) {
        return (int)mf_ret(-EINVAL);
    }
    const struct itimerspec now = *value;
    if (old != NULL) {
        get_value(t, old);
    }
    t->interval_ns = mf_timespec_ns(&now.it_interval);
    t->overrun = 0;
    if (now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0) {
        mf_alarm_cancel(&t->timer);
    } else if (t->is_cpu) {
        set_cpu_timer(t, (flags & TIMER_ABSTIME) != 0, &now.it_value);
    } else {
        mf_alarm_set(&t->timer,
                     mf_timer_deadline(t->clock, (flags & TIMER_ABSTIME) != 0, &now.it_value));
    }
    return 0;
}

int timer_getoverrun(timer_t id)
{
    const struct posix_timer *const t = find((int)id);
    return t == NULL ? (int)mf_ret(-EINVAL) : (int)t->last_overrun;
}

void mf_posix_timers_forget(void)
{
    while (timers != NULL) {
        timer_delete((timer_t)timers->id);
    }
}
