/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote_console.c - the console of a child: what it writes is its own, what is typed is the owner's
 * (dom0/guests/console.h), whoever reads it first. As for FIFOs, the owner is asked each time what there is.
 */
#include <poll.h>
#include <sys/ioctl.h>

#include "family/remote.h"
#include "files/console.h"

static ssize_t console_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *position)
{
    return mf_family_role == MF_FAMILY_CHILD ? mf_remote_transfer(f, iov, iov_count, 0, false)
                                             : mf_console_ops.readv(f, iov, iov_count, position);
}

static ssize_t console_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                              off_t *position)
{
    return mf_console_ops.writev(f, iov, iov_count, position);
}

static uint32_t console_poll(struct mf_open_file *f)
{
    struct mf_remote *const r = (struct mf_remote *)f;
    const uint32_t own = mf_console_ops.poll(f);

    if (mf_family_role != MF_FAMILY_CHILD) {
        return own;
    }
    r->is_shared = true;
    return (own & POLLOUT) | (mf_remote_poll(f) & ~(uint32_t)POLLOUT);
}

static int console_fstat(struct mf_open_file *f, struct stat *st)
{
    return mf_console_ops.fstat(f, st);
}

static int console_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    return request == FIONREAD && mf_family_role == MF_FAMILY_CHILD
               ? mf_remote_number((struct mf_remote *)f, request, arg)
               : mf_console_ops.ioctl(f, request, arg);
}

/* The one that was there before the fork stays. */
static void console_close(struct mf_open_file *f)
{
    if (f != &mf_console.file) {
        mf_remote_close(f);
    }
}

const struct mf_fd_ops mf_remote_console_ops = {
    .readv = console_readv,
    .writev = console_writev,
    .poll = console_poll,
    .fstat = console_fstat,
    .ioctl = console_ioctl,
    .close = console_close,
};
