/* SPDX-License-Identifier: Apache-2.0 */
/* pipe.c - see pipe.h. Freed with the second end. */
#include "fd/pipe.h"

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

struct mf_pipe_file *mf_pipes;

static struct mf_pipe_file *of_read_end(struct mf_open_file *f)
{
    return (struct mf_pipe_file *)f;
}

static struct mf_pipe_file *of_write_end(struct mf_open_file *f)
{
    return (struct mf_pipe_file *)(void *)((char *)f - offsetof(struct mf_pipe_file, write_end));
}

/* Copies between the ring, from count `at` on, and a buffer. */
static void copy_in(struct mf_pipe_file *p, uint32_t at, const char *from, uint32_t bytes)
{
    at &= p->bytes - 1;
    const uint32_t first = bytes < p->bytes - at ? bytes : p->bytes - at;
    memcpy(p->data + at, from, first);
    memcpy(p->data, from + first, bytes - first);
}

static void copy_out(const struct mf_pipe_file *p, uint32_t at, char *to, uint32_t bytes)
{
    at &= p->bytes - 1;
    const uint32_t first = bytes < p->bytes - at ? bytes : p->bytes - at;
    memcpy(to, p->data + at, first);
    memcpy(to + first, p->data, bytes - first);
}

/* ---- reading ------------------------------------------------------------------------------- */

static void begin_read(struct mf_pipe_file *p)
{
    if (p->shared != NULL) {
        mf_pipe_lock(&p->shared->read_lock);
        p->tail = p->shared->tail;
    }
}

static void end_read(struct mf_pipe_file *p, bool moved)
{
    struct mf_pipe *const shared = p->shared;

    if (shared != NULL) {
        __atomic_store_n(&shared->tail, p->tail, __ATOMIC_RELEASE);
        mf_pipe_unlock(&shared->read_lock);
    } else if (p->tail == p->head) {
        p->head = p->tail = 0; /* so that a pipe with little in it touches one page */
    }
    if (moved) {
        mf_file_notify(&p->write_end, POLLOUT);
        if (shared != NULL) {
            mf_pipe_wake(shared->write_waits);
        }
    }
}

/* Takes what is there. */
static ssize_t take(struct mf_pipe_file *p, const struct iovec *iov, int iov_count)
{
    ssize_t total = 0;

    begin_read(p);
    uint32_t used = mf_pipe_used(p);
    for (int i = 0; i < iov_count && used != 0; i++) {
        const uint32_t n = iov[i].iov_len < used ? (uint32_t)iov[i].iov_len : used;
        copy_out(p, p->tail, (char *)iov[i].iov_base, n);
        p->tail += n;
        used -= n;
        total += n;
    }
    end_read(p, total != 0);
    return total;
}

ssize_t mf_pipe_read(struct mf_pipe_file *p, struct mf_open_file *f, const struct iovec *iov,
                     int iov_count)
{
    if (mf_iov_bytes(iov, iov_count) == 0) {
        return 0;
    }
    for (;;) {
        const bool has_writer = mf_pipe_has_writer(p); /* before: it may write and then close */
        const ssize_t total = mf_pipe_used(p) != 0 ? take(p, iov, iov_count) : 0;
        if (total != 0 || !has_writer) {
            return total;
        }
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
    }
}

static ssize_t pipe_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *pos)
{
    (void)pos;
    return mf_pipe_read(of_read_end(f), f, iov, iov_count);
}

/* ---- writing ------------------------------------------------------------------------------- */

/* Copies `bytes` of the vector, from byte `skip` on. */
static void copy_vector(struct mf_pipe_file *p, const struct iovec *iov, size_t skip,
                        uint32_t bytes)
{
    for (; bytes != 0; iov++) {
        if (skip >= iov->iov_len) {
            skip -= iov->iov_len;
            continue;
        }
        const size_t left = iov->iov_len - skip;
        const uint32_t n = left < bytes ? (uint32_t)left : bytes;
        copy_in(p, p->head, (const char *)iov->iov_base + skip, n);
        p->head += n;
        bytes -= n;
        skip = 0;
    }
}

/* Puts in what fits, but at least `needed` bytes, of `left` ones. Returns how many. */
static uint32_t put(struct mf_pipe_file *p, const struct iovec *iov, size_t skip, size_t left,
                    uint32_t needed)
{
    struct mf_pipe *const shared = p->shared;

    if (shared != NULL) {
        mf_pipe_lock(&shared->write_lock);
        p->head = shared->head;
    }
    const uint32_t room = p->bytes - mf_pipe_used(p);
    const uint32_t n = room < needed ? 0 : left < room ? (uint32_t)left : room;
    copy_vector(p, iov, skip, n);
    if (shared != NULL) {
        __atomic_store_n(&shared->head, p->head, __ATOMIC_RELEASE);
        mf_pipe_unlock(&shared->write_lock);
    }
    if (n != 0) {
        mf_file_notify(&p->read_end, POLLIN);
        if (shared != NULL) {
            mf_pipe_wake(shared->read_waits);
        }
    }
    return n;
}

/* Writes of up to PIPE_BUF bytes are atomic, so they wait for room for all of it. */
ssize_t mf_pipe_write(struct mf_pipe_file *p, struct mf_open_file *f, const struct iovec *iov,
                      int iov_count)
{
    const size_t all = (size_t)mf_iov_bytes(iov, iov_count);
    const uint32_t needed = all <= PIPE_BUF ? (uint32_t)all : 1;
    size_t done = 0;
    while (done < all) {
        if (!mf_pipe_has_reader(p)) {
            raise(SIGPIPE);
            return done != 0 ? (ssize_t)done : -EPIPE;
        }
        const uint32_t n = put(p, iov, done, all - done, needed);
        done += n;
        if (n == 0) {
            const int err = mf_file_wait(f, POLLOUT, MF_NEVER);
            if (err != 0) {
                return done != 0 ? (ssize_t)done : err;
            }
        }
    }
    return (ssize_t)all;
}

static ssize_t pipe_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *pos)
{
    (void)pos;
    return mf_pipe_write(of_write_end(f), f, iov, iov_count);
}

/* ---- other operations ---------------------------------------------------------------------- */

static uint32_t read_end_poll(struct mf_open_file *f)
{
    const struct mf_pipe_file *const p = of_read_end(f);
    const uint32_t end = mf_pipe_has_writer(p) ? 0 : POLLHUP;
    return (mf_pipe_used(p) != 0 ? POLLIN : 0) | end;
}

static uint32_t write_end_poll(struct mf_open_file *f)
{
    const struct mf_pipe_file *const p = of_write_end(f);
    return (p->bytes - mf_pipe_used(p) >= PIPE_BUF ? POLLOUT : 0) |
           (mf_pipe_has_reader(p) ? 0 : POLLERR);
}

static void free_pipe(struct mf_pipe_file *p)
{
    if (p->is_listed) {
        *(p->previous != NULL ? &p->previous->next : &mf_pipes) = p->next;
        if (p->next != NULL) {
            p->next->previous = p->previous;
        }
    }
    free(p);
}

static void read_end_close(struct mf_open_file *f)
{
    struct mf_pipe_file *const p = of_read_end(f);
    if (p->shared != NULL) {
        mf_pipe_leave(p->shared->readers, p->shared->write_waits);
    }
    if (p->write_end.refs == 0) {
        free_pipe(p);
    } else {
        mf_file_notify(&p->write_end, POLLOUT | POLLERR);
    }
}

static void write_end_close(struct mf_open_file *f)
{
    struct mf_pipe_file *const p = of_write_end(f);
    if (p->shared != NULL) {
        mf_pipe_leave(p->shared->writers, p->shared->read_waits);
    }
    if (p->read_end.refs == 0) {
        free_pipe(p);
    } else {
        mf_file_notify(&p->read_end, POLLIN | POLLHUP);
    }
}

static int pipe_ioctl(struct mf_open_file *f, unsigned long request, void *arg)
{
    if (request != FIONREAD) {
        return -ENOTTY;
    }
    const struct mf_pipe_file *const p =
        (f->flags & O_ACCMODE) == O_RDONLY ? of_read_end(f) : of_write_end(f);
    *(int *)arg = (int)mf_pipe_used(p);
    return 0;
}

static const struct mf_fd_ops read_end_ops = {
    .readv = pipe_readv, .poll = read_end_poll, .close = read_end_close, .ioctl = pipe_ioctl};
static const struct mf_fd_ops write_end_ops = {
    .writev = pipe_writev, .poll = write_end_poll, .close = write_end_close, .ioctl = pipe_ioctl};

struct mf_pipe_file *mf_pipe_new(uint32_t flags)
{
    struct mf_pipe_file *const p = malloc(sizeof(*p));
    if (p == NULL) {
        return NULL;
    }
    p->shared = NULL;
    p->data = p->own;
    p->bytes = sizeof(p->own);
    p->head = p->tail = 0;
    p->is_listed = false;
    mf_file_init(&p->read_end, &read_end_ops, flags | O_RDONLY);
    mf_file_init(&p->write_end, &write_end_ops, flags | O_WRONLY);
    return p;
}

static void enter_list(struct mf_pipe_file *p)
{
    p->is_listed = true;
    p->previous = NULL;
    p->next = mf_pipes;
    if (p->next != NULL) {
        p->next->previous = p;
    }
    mf_pipes = p;
}

static int make_pipe(int fds[2], int flags)
{
    if ((flags & ~(O_CLOEXEC | O_NONBLOCK)) != 0) {
        return -EINVAL;
    }
    struct mf_pipe_file *const p = mf_pipe_new((uint32_t)flags & O_NONBLOCK);
    if (p == NULL) {
        return -ENOMEM;
    }
    enter_list(p);
    const int in = mf_fd_install(&p->read_end, 0, (uint32_t)flags);
    if (in < 0) {
        free_pipe(p);
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
