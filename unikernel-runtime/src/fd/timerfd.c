/* SPDX-License-Identifier: Apache-2.0 */
/* timerfd.c - a timer behind a descriptor, as Linux' timerfd_create(2). */
#include <sys/timerfd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fd/fd_internal.h"
#include "thread/idle.h"
#include "time/time_internal.h"

struct timerfd {
    struct mf_open_file file;
    struct mf_timer timer;
    clockid_t clock;
    uint64_t interval_ns;
    uint64_t expired; /* since the last read */
};

static void on_expire(struct mf_timer *timer)
{
    struct timerfd *const t = (struct timerfd *)((char *)timer - offsetof(struct timerfd, timer));
    t->expired++;
    if (t->interval_ns != 0) {
        const uint64_t now = mf_clock_ns(), next = timer->deadline_ns + t->interval_ns;
        const uint64_t missed = next > now ? 0 : (now - next) / t->interval_ns + 1;
        t->expired += missed;
        mf_timer_set(timer, next + missed * t->interval_ns);
    }
    mf_file_notify(&t->file, POLLIN);
}

static ssize_t timerfd_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *pos)
{
    (void)iov_count;
    (void)pos;
    struct timerfd *const t = (struct timerfd *)f;
    if (iov->iov_len < sizeof(t->expired)) {
        return -EINVAL;
    }
    mf_idle_poll();
    while (t->expired == 0) {
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
    memcpy(iov->iov_base, &t->expired, sizeof(t->expired));
    t->expired = 0;
    return sizeof(t->expired);
}

static uint32_t timerfd_poll(struct mf_open_file *f)
{
    return ((const struct timerfd *)f)->expired != 0 ? POLLIN : 0;
}

static void timerfd_close(struct mf_open_file *f)
{
    mf_timer_cancel(&((struct timerfd *)f)->timer);
    free(f);
}

static const struct mf_fd_ops timerfd_ops = {
    .readv = timerfd_readv, .poll = timerfd_poll, .close = timerfd_close};

int timerfd_create(clockid_t clock, int flags)
{
    if ((clock != CLOCK_REALTIME && clock != CLOCK_MONOTONIC && clock != CLOCK_BOOTTIME) ||
        (flags & ~(TFD_NONBLOCK | TFD_CLOEXEC)) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    struct timerfd *const t = calloc(1, sizeof(*t));
    if (t == NULL) {
        return (int)mf_ret(-ENOMEM);
    }
    mf_file_init(&t->file, &timerfd_ops, O_RDONLY | ((uint32_t)flags & TFD_NONBLOCK));
    t->timer.expire = on_expire;
    t->clock = clock;
    const int fd = mf_fd_install(&t->file, 0, (uint32_t)flags & TFD_CLOEXEC);
    if (fd < 0) {
        free(t);
    }
    return (int)mf_ret(fd);
}

static int get(int fd, struct timerfd **out)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || f->ops != &timerfd_ops) {
        return f == NULL ? -EBADF : -EINVAL;
    }
    *out = (struct timerfd *)f;
    return 0;
}

int timerfd_gettime(int fd, struct itimerspec *value)
{
    struct timerfd *t;
    const int err = get(fd, &t);
    if (err == 0) {
        mf_timer_value(&t->timer, t->interval_ns, value);
    }
    return (int)mf_ret(err);
}

int timerfd_settime(int fd, int flags, const struct itimerspec *value, struct itimerspec *old)
{
    struct timerfd *t;
    const int err = get(fd, &t);
    if (err != 0) {
        return (int)mf_ret(err);
    }
    if ((flags & ~(TFD_TIMER_ABSTIME | TFD_TIMER_CANCEL_ON_SET)) != 0 ||
        !mf_timespec_is_valid(&value->it_value) || !mf_timespec_is_valid(&value->it_interval)) {
        return (int)mf_ret(-EINVAL);
    }
    const struct itimerspec now = *value;
    if (old != NULL) {
        mf_timer_value(&t->timer, t->interval_ns, old);
    }
    t->interval_ns = mf_timespec_ns(&now.it_interval);
    t->expired = 0;
    if (now.it_value.tv_sec == 0 && now.it_value.tv_nsec == 0) {
        mf_timer_cancel(&t->timer);
    } else {
        mf_timer_set(&t->timer,
                     mf_timer_deadline(t->clock, (flags & TFD_TIMER_ABSTIME) != 0, &now.it_value));
    }
    return 0;
}
