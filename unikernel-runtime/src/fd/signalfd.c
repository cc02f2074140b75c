/* SPDX-License-Identifier: Apache-2.0 */
/*
 * signalfd.c - pending signals read from a descriptor, as Linux' signalfd(2): those of the reading
 * thread and of the process that the program has blocked.
 */
#include <sys/signalfd.h>

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>

#include "fd/fd_internal.h"
#include "signal/signal_internal.h"

_Static_assert(sizeof(struct signalfd_siginfo) == 128, "as Linux has it");

struct signalfd {
    struct mf_open_file file;
    sigset_t mask;
    struct signalfd *next;
};

static struct signalfd *all;

static void on_post(void)
{
    for (struct signalfd *s = all; s != NULL; s = s->next) {
        mf_file_notify(&s->file, POLLIN);
    }
}

static void fill(struct signalfd_siginfo *out, const siginfo_t *info)
{
    *out = (struct signalfd_siginfo){.ssi_signo = (uint32_t)info->si_signo,
                                     .ssi_code = info->si_code,
                                     .ssi_pid = (uint32_t)info->si_pid,
                                     .ssi_uid = info->si_uid,
                                     .ssi_tid = (uint32_t)info->si_timerid,
                                     .ssi_overrun = (uint32_t)info->si_overrun,
                                     .ssi_status = info->si_status,
                                     .ssi_int = info->si_value.sival_int,
                                     .ssi_ptr = (uintptr_t)info->si_value.sival_ptr,
                                     .ssi_addr = (uintptr_t)info->si_addr};
}

static ssize_t signalfd_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                              off_t *pos)
{
    (void)iov_count;
    (void)pos;
    struct signalfd *const s = (struct signalfd *)f;
    const size_t room = iov->iov_len / sizeof(struct signalfd_siginfo);
    size_t count = 0;
    if (room == 0) {
        return -EINVAL;
    }
    while (count < room) {
        siginfo_t info;
        if (mf_signal_take(s->mask, &info) != 0) {
            struct signalfd_siginfo one;
            fill(&one, &info);
            memcpy((char *)iov->iov_base + count++ * sizeof(one), &one, sizeof(one));
            continue;
        }
        if (count != 0) {
            break;
        }
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
    return (ssize_t)(count * sizeof(struct signalfd_siginfo));
}

static uint32_t signalfd_poll(struct mf_open_file *f)
{
    const struct signalfd *const s = (const struct signalfd *)f;
    const sigset_t pending = mf_signals_pending | mf_thread_self()->signals_pending;
    return (pending & s->mask) != 0 ? POLLIN : 0;
}

static void signalfd_close(struct mf_open_file *f)
{
    struct signalfd **link = &all;
    while (&(*link)->file != f) {
        link = &(*link)->next;
    }
    *link = (*link)->next;
    free(f);
}

static const struct mf_fd_ops signalfd_ops = {
    .readv = signalfd_readv, .poll = signalfd_poll, .close = signalfd_close};

static int change(int fd, const sigset_t *mask)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || f->ops != &signalfd_ops) {
        return f == NULL ? -EBADF : -EINVAL;
    }
    ((struct signalfd *)f)->mask = *mask & ~(MF_SIGNAL_BIT(SIGKILL) | MF_SIGNAL_BIT(SIGSTOP));
    mf_file_notify(f, POLLIN);
    return fd;
}

int signalfd(int fd, const sigset_t *mask, int flags)
{
    if ((flags & ~(SFD_NONBLOCK | SFD_CLOEXEC)) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    if (fd != -1) {
        return (int)mf_ret(change(fd, mask));
    }
    struct signalfd *const s = calloc(1, sizeof(*s));
    if (s == NULL) {
        return (int)mf_ret(-ENOMEM);
    }
    mf_file_init(&s->file, &signalfd_ops, O_RDONLY | ((uint32_t)flags & SFD_NONBLOCK));
    fd = mf_fd_install(&s->file, 0, (uint32_t)flags & SFD_CLOEXEC);
    if (fd < 0) {
        free(s);
        return (int)mf_ret(fd);
    }
    s->next = all;
    all = s;
    mf_signal_on_post = on_post;
    return change(fd, mask);
}
