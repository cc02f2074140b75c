/* SPDX-License-Identifier: Apache-2.0 */
/* pipe.c - pipes: two open files that share a ring. Freed with the second end. */
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "time/clock.h"

#define CAPACITY 65536u /* a power of two */

struct pipe {
    struct mf_open_file read_end, write_end; /* refs 0: closed */
    uint32_t head, tail;                     /* bytes ever written, ever read */
    char data[CAPACITY];
};

static struct pipe *of_read_end(struct mf_open_file *f)
{
    return (struct pipe *)f;
}

static struct pipe *of_write_end(struct mf_open_file *f)
{
    return (struct pipe *)(void *)((char *)f - offsetof(struct pipe, write_end));
}

/* Copies between the ring at `at` and a buffer. */
static void copy_in(struct pipe *p, const char *from, uint32_t bytes)
{
    const uint32_t at = p->head % CAPACITY;
    const uint32_t first = bytes < CAPACITY - at ? bytes : CAPACITY - at;
    memcpy(p->data + at, from, first);
    memcpy(p->data, from + first, bytes - first);
    p->head += bytes;
}

static void copy_out(struct pipe *p, char *to, uint32_t bytes)
{
    const uint32_t at = p->tail % CAPACITY;
    const uint32_t first = bytes < CAPACITY - at ? bytes : CAPACITY - at;
    memcpy(to, p->data + at, first);
    memcpy(to + first, p->data, bytes - first);
    p->tail += bytes;
    if (p->tail == p->head) {
        p->head = p->tail = 0; /* so that a pipe with little in it touches one page */
    }
}

static ssize_t pipe_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *pos)
{
    (void)pos;
    struct pipe *const p = of_read_end(f);
    while (p->head == p->tail) {
        if (p->write_end.refs == 0 || mf_iov_bytes(iov, iov_count) == 0) {
            return 0;
        }
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
    ssize_t total = 0;
    for (int i = 0; i < iov_count && p->head != p->tail; i++) {
        const uint32_t used = p->head - p->tail;
        const uint32_t n = iov[i].iov_len < used ? (uint32_t)iov[i].iov_len : used;
        copy_out(p, (char *)iov[i].iov_base, n);
        total += n;
    }
    mf_file_notify(&p->write_end, POLLOUT);
    return total;
}

/* Writes of up to PIPE_BUF bytes are atomic, so they wait for room for all of it. */
static ssize_t pipe_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *pos)
{
    (void)pos;
    struct pipe *const p = of_write_end(f);
    const size_t all = (size_t)mf_iov_bytes(iov, iov_count);
    const uint32_t needed = all <= PIPE_BUF ? (uint32_t)all : 1;
    ssize_t total = 0;
    for (int i = 0; i < iov_count; i++) {
        const char *from = (const char *)iov[i].iov_base;
        size_t left = iov[i].iov_len;
        while (left != 0) {
            if (p->read_end.refs == 0) {
                raise(SIGPIPE);
                return -EPIPE;
            }
            const uint32_t room = CAPACITY - (p->head - p->tail);
            if (room < needed && (all > PIPE_BUF || total == 0)) {
                const int err = mf_file_wait(f, POLLOUT, MF_NEVER);
                if (err != 0) {
                    return total != 0 ? total : err;
                }
                continue;
            }
            const uint32_t n = left < room ? (uint32_t)left : room;
            copy_in(p, from, n);
            from += n;
            left -= n;
            total += n;
            mf_file_notify(&p->read_end, POLLIN);
        }
    }
    return total;
}

static uint32_t read_end_poll(struct mf_open_file *f)
{
    const struct pipe *const p = of_read_end(f);
    return (p->head != p->tail ? POLLIN : 0) | (p->write_end.refs == 0 ? POLLHUP : 0);
}

static uint32_t write_end_poll(struct mf_open_file *f)
{
    const struct pipe *const p = of_write_end(f);
    return (CAPACITY - (p->head - p->tail) >= PIPE_BUF ? POLLOUT : 0) |
           (p->read_end.refs == 0 ? POLLERR : 0);
}

static void read_end_close(struct mf_open_file *f)
{
    struct pipe *const p = of_read_end(f);
    if (p->write_end.refs == 0) {
        free(p);
    } else {
        mf_file_notify(&p->write_end, POLLOUT | POLLERR);
    }
}

static void write_end_close(struct mf_open_file *f)
{
    struct pipe *const p = of_write_end(f);
    if (p->read_end.refs == 0) {
        free(p);
    } else {
        mf_file_notify(&p->read_end, POLLIN | POLLHUP);
    }
}

static int pipe_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    if (request != FIONREAD) {
        return -ENOTTY;
    }
    const struct pipe *const p =
        (f->flags & O_ACCMODE) == O_RDONLY ? of_read_end(f) : of_write_end(f);
    *(int *)arg = (int)(p->head - p->tail);
    return 0;
}

static const struct mf_fd_ops read_end_ops = {
    .readv = pipe_readv, .poll = read_end_poll, .close = read_end_close, .ioctl = pipe_ioctl};
static const struct mf_fd_ops write_end_ops = {
    .writev = pipe_writev, .poll = write_end_poll, .close = write_end_close, .ioctl = pipe_ioctl};

static int make_pipe(int fds[2], int flags)
{
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    struct pipe *const p = malloc(sizeof(*p));
    if (p == NULL) {
        return -ENOMEM;
    }
    const uint32_t file_flags = (uint32_t)flags & O_NONBLOCK;
    p->head = p->tail = 0;
    mf_file_init(&p->read_end, &read_end_ops, file_flags | O_RDONLY);
    mf_file_init(&p->write_end, &write_end_ops, file_flags | O_WRONLY);
    const int in = mf_fd_install(&p->read_end, 0, (uint32_t)flags);
    if (in < 0) {
        free(p);
        return in;
    }
    const int out = mf_fd_install(&p->write_end, 0, (uint32_t)flags);
    if (out < 0) {
        p->write_end.refs = 0;
        mf_fd_remove(in);
        return out;
    }
    fds[0] = in;
    fds[1] = out;
    return 0;
}

int pipe(int fds[2])
{
    return (int)mf_ret(make_pipe(fds, 0));
}

int pipe2(int fds[2], int flags)
{
    return (int)mf_ret(make_pipe(fds, flags));
}
