/* SPDX-License-Identifier: Apache-2.0 */
/* poll.c - poll() and select(): a watcher on each file while the calling thread sleeps. */
#include <mayfly.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/select.h>

#include "fd/fd_internal.h"
#include "signal/signal_internal.h"
#include "thread/idle.h"
#include "thread/thread.h"
#include "time/time_internal.h"

#define ON_STACK 16     /* watchers that need no malloc() */
#define FDS_ON_STACK 64 /* the same for what select() looks at */

bool mf_poll_is_ready;

struct poll_watcher {
    struct mf_watcher watcher;
    struct mf_thread *thread;
};

static void on_notify(struct mf_watcher *w, uint32_t events)
{
    (void)events;
    mf_thread_wake(((struct poll_watcher *)w)->thread);
}

/* Fills in revents. Returns how many are not 0. */
static int look(struct pollfd *fds, nfds_t count)
{
    int ready = 0;
    for (nfds_t i = 0; i < count; i++) {
        fds[i].revents = 0;
        if (fds[i].fd < 0) {
            continue;
        }
        struct mf_open_file *const f = mf_fd_peek(fds[i].fd);
        if (f == NULL) {
            fds[i].revents = POLLNVAL;
        } else {
            uint32_t events = mf_file_poll(f);
            events |= (events & POLLIN ? POLLRDNORM : 0) | (events & POLLOUT ? POLLWRNORM : 0);
            const uint32_t wanted = (uint16_t)fds[i].events | POLLERR | POLLHUP;
            fds[i].revents = (short)(events & wanted);
        }
        ready += fds[i].revents != 0;
    }
    return ready;
}

static void watch(struct poll_watcher *watchers, const struct pollfd *fds, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        struct mf_open_file *const f = mf_fd_get(fds[i].fd);
        watchers[i] =
            (struct poll_watcher){.watcher.notify = on_notify, .thread = mf_thread_self()};
        if (f != NULL) {
            mf_watcher_add(&watchers[i].watcher, f);
        }
    }
}

static void unwatch(struct poll_watcher *watchers, nfds_t count)
{
    for (nfds_t i = 0; i < count; i++) {
        if (watchers[i].watcher.link != NULL) {
            mf_watcher_remove(&watchers[i].watcher);
            mf_file_put(watchers[i].watcher.file);
        }
    }
}

/* Looks again when something has happened: *ready. Returns as mf_thread_sleep(), or -ENOMEM. */
static int sleep_on(struct pollfd *fds, nfds_t count, uint64_t deadline_ns, int *ready)
{
    struct poll_watcher few[ON_STACK];
    struct poll_watcher *const watchers =
        count <= ON_STACK ? few : malloc(count * sizeof(*watchers));
    if (watchers == NULL) {
        return -ENOMEM;
    }
    watch(watchers, fds, count);
    const int reason = mf_thread_sleep_quietly(deadline_ns);
    *ready = look(fds, count);
    unwatch(watchers, count);
    if (watchers != few) {
        free(watchers);
    }
    return mf_thread_sleep_end(reason);
}

static int poll_until(struct pollfd *fds, nfds_t count, uint64_t deadline_ns)
{
    mf_idle_poll();
    int ready = look(fds, count), err = 0;
    if (ready != 0 || deadline_ns == 0) {
        return ready;
    }
    if (mf_poll_is_ready) {
        mf_ready();
    }
    while (ready == 0 && err == 0) {
        err = sleep_on(fds, count, deadline_ns, &ready);
    }
    return ready != 0 || err == -ETIMEDOUT ? ready : err;
}

int poll(struct pollfd *fds, nfds_t count, int timeout_ms)
{
    mf_thread_test_cancel();
    if (count > MF_FD_LIMIT) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(poll_until(fds, count, mf_deadline_of_ms(timeout_ms)));
}

int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *timeout, const sigset_t *mask)
{
    mf_thread_test_cancel();
    if (count > MF_FD_LIMIT || (timeout != NULL && !mf_timespec_is_valid(timeout))) {
        return (int)mf_ret(-EINVAL);
    }
    sigset_t before;
    mf_signal_set_mask(mask, &before); /* what it lets through ends the wait */
    const int r = poll_until(fds, count, timeout == NULL ? MF_NEVER : mf_deadline_of_span(timeout));
    sigprocmask(SIG_SETMASK, &before, NULL);
    return (int)mf_ret(r);
}

/* ---- select -------------------------------------------------------------------------------- */

static const struct {
    short wanted;
    uint32_t means; /* select()'s idea of ready */
} kinds[3] = {
    {POLLIN, POLLIN | POLLHUP | POLLERR},
    {POLLOUT, POLLOUT | POLLERR},
    {POLLPRI, POLLPRI},
};

#define BITS (8 * (unsigned int)sizeof(fd_mask))

static fd_mask bit(int fd)
{
    return (fd_mask)1 << ((unsigned int)fd % BITS);
}

static fd_mask *word(fd_set *set, int fd)
{
    return (fd_mask *)set + (unsigned int)fd / BITS;
}

/* The descriptors of word `w` that are in one of the sets. */
static fd_mask wanted_bits(fd_set *const sets[3], int w)
{
    fd_mask bits = 0;
    for (int k = 0; k < 3; k++) {
        bits |= sets[k] != NULL ? ((const fd_mask *)sets[k])[w] : 0;
    }
    return bits;
}

static nfds_t to_pollfds(int count, fd_set *const sets[3], struct pollfd *fds)
{
    nfds_t used = 0;
    for (int first = 0; first < count; first += (int)BITS) {
        uint64_t bits = (uint64_t)wanted_bits(sets, first / (int)BITS);
        if (count - first < (int)BITS) {
            bits &= (1ull << (count - first)) - 1;
        }
        for (; bits != 0; bits &= bits - 1) {
            const int fd = first + __builtin_ctzll(bits);
            short events = 0;
            for (int k = 0; k < 3; k++) {
                const bool is_in = sets[k] != NULL && (*word(sets[k], fd) & bit(fd)) != 0;
                events |= (short)(is_in ? kinds[k].wanted : 0);
            }
            fds[used++] = (struct pollfd){.fd = fd, .events = events};
        }
    }
    return used;
}

static int from_pollfds(const struct pollfd *fds, nfds_t used, fd_set *const sets[3])
{
    int bits = 0;
    for (nfds_t i = 0; i < used; i++) {
        for (int k = 0; k < 3; k++) {
            if ((fds[i].events & kinds[k].wanted) == 0) {
                continue;
            }
            if (((uint32_t)fds[i].revents & kinds[k].means) != 0) {
                bits++;
            } else {
                *word(sets[k], fds[i].fd) &= ~bit(fds[i].fd);
            }
        }
    }
    return bits;
}

static int select_until(int count, fd_set *const sets[3], uint64_t deadline_ns)
{
    if (count < 0 || count > FD_SETSIZE) {
        return -EINVAL;
    }
    struct pollfd few[FDS_ON_STACK];
    struct pollfd *const fds = count <= FDS_ON_STACK ? few : malloc((size_t)count * sizeof(*fds));
    if (fds == NULL) {
        return -ENOMEM;
    }
    const nfds_t used = to_pollfds(count, sets, fds);
    int result = 0;
    for (nfds_t i = 0; i < used; i++) {
        result = mf_fd_peek(fds[i].fd) == NULL ? -EBADF : result;
    }
    if (result == 0) {
        result = poll_until(fds, used, deadline_ns);
    }
    if (result >= 0) {
        result = from_pollfds(fds, used, sets);
    }
    if (fds != few) {
        free(fds);
    }
    return result;
}

int select(int count, fd_set *in, fd_set *out, fd_set *urgent, struct timeval *timeout)
{
    mf_thread_test_cancel();
    uint64_t deadline_ns = MF_NEVER;
    if (timeout != NULL) {
        if (timeout->tv_sec < 0 || timeout->tv_usec < 0 || timeout->tv_usec >= 1000000) {
            return (int)mf_ret(-EINVAL);
        }
        const struct timespec span = {timeout->tv_sec, timeout->tv_usec * 1000};
        deadline_ns = mf_deadline_of_span(&span);
    }
    fd_set *const sets[3] = {in, out, urgent};
    return (int)mf_ret(select_until(count, sets, deadline_ns));
}

int pselect(int count, fd_set *in, fd_set *out, fd_set *urgent, const struct timespec *timeout,
            const sigset_t *mask)
{
    mf_thread_test_cancel();
    if (timeout != NULL && !mf_timespec_is_valid(timeout)) {
        return (int)mf_ret(-EINVAL);
    }
    sigset_t before;
    fd_set *const sets[3] = {in, out, urgent};
    mf_signal_set_mask(mask, &before); /* what it lets through ends the wait */
    const int r =
        select_until(count, sets, timeout == NULL ? MF_NEVER : mf_deadline_of_span(timeout));
    sigprocmask(SIG_SETMASK, &before, NULL);
    return (int)mf_ret(r);
}
