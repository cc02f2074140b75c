/* SPDX-License-Identifier: Apache-2.0 */
/* remote_fifo.c - FIFOs of a child, which are the owner's (files/fifo.h): as counters, and open() waits here. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>

#include "family/remote.h"
#include "fd/fd_internal.h"

static ssize_t fifo_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    (void)position;
    return mf_remote_transfer(f, iov, iov_count, 0, false);
}

/* A piece is as large as a buffer at most; up to PIPE_BUF bytes are one. */
static ssize_t fifo_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    const ssize_t all = mf_iov_bytes(iov, iov_count);
    ssize_t done = 0;

    (void)position;
    do {
        const ssize_t n = mf_remote_transfer(f, iov, iov_count, (size_t)done, true);
        if (n == -EPIPE) {
            raise(SIGPIPE);
            return n;
        }
        if (n < 0) {
            return done != 0 ? done : n;
        }
        done += n;
    } while (done < all);
    return done;
}

/* The owner is asked each time: what it tells by events also means that another end was opened. */
static uint32_t fifo_poll(struct mf_open_file *f)
{
    struct mf_remote *const r = (struct mf_remote *)f;

    r->is_shared = true;
    return mf_remote_poll(f);
}

static int fifo_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    return request == FIONREAD ? mf_remote_number((struct mf_remote *)f, request, arg) : -ENOTTY;
}

const struct mf_fd_ops mf_remote_fifo_ops = {
    .readv = fifo_readv,
    .writev = fifo_writev,
    .poll = fifo_poll,
    .ioctl = fifo_ioctl,
    .close = mf_remote_close,
};

static int wait_for_other_end(struct mf_remote *r)
{
    struct mf_remote_wait w = {0};
    int err = 0;

    while (err == 0) {
        const int64_t n = mf_remote_call(r, MF_FAMILY_MEET, 0, 0);
        if (n != -EAGAIN) {
            return (int)n;
        }
        err = mf_remote_wait(r, POLLIN | POLLOUT, 0, &w);
    }
    return err;
}

int mf_remote_fifo_open(int64_t number, uint32_t flags)
{
    const bool waits = (flags & O_NONBLOCK) == 0 && (flags & O_ACCMODE) != O_RDWR;
    struct mf_remote *const r =
        mf_remote_make(number, MF_IO_FIFO, 0, flags & (O_ACCMODE | O_NONBLOCK | O_APPEND));

    if (r == NULL) {
        return -ENOMEM;
    }
    const int err = waits ? wait_for_other_end(r) : 0;
    const int fd = err != 0 ? err : mf_fd_install(&r->file, 0, flags);
    if (fd < 0) {
        mf_file_put(&r->file);
    }
    return fd;
}
