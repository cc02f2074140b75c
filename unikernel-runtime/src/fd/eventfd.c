/* SPDX-License-Identifier: Apache-2.0 */
/* eventfd.c - a counter behind a descriptor, as Linux' eventfd(2). */
#include <sys/eventfd.h>

#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "family/family.h"
#include "fd/fd_internal.h"
#include "time/clock.h"

#define COUNT_MAX (UINT64_MAX - 1)

/* As in libc/open.c: fork() finds what shares them where there are any. */
extern const char *const mf_eventfd_links[];
const char *const mf_eventfd_links[] = {&mf_family_server};

struct eventfd {
    struct mf_open_file file;
    uint64_t count;
    int is_semaphore;
};

_Static_assert(sizeof(struct eventfd) >= MF_REMOTE_BYTES, "its place is taken in a child");

extern const struct mf_fd_ops mf_eventfd_ops;

static ssize_t eventfd_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *pos)
{
    struct eventfd *const e = (struct eventfd *)f;
    if (iov->iov_len < sizeof(uint64_t)) {
        return -EINVAL;
    }
    while (e->count == 0) {
        const int err = mf_file_wait(f, POLLIN, MF_NEVER);
        if (err != 0) {
            return err;
        }
        if (f->ops != &mf_eventfd_ops) {
            return f->ops->readv(f, iov, iov_count, pos); /* a fork has handed it over */
        }
    }
    const uint64_t value = e->is_semaphore ? 1 : e->count;
    e->count -= value;
    memcpy(iov->iov_base, &value, sizeof(value));
    mf_file_notify(f, POLLOUT);
    return sizeof(value);
}

static ssize_t eventfd_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                              off_t *pos)
{
    struct eventfd *const e = (struct eventfd *)f;
    uint64_t value;
    if (iov->iov_len < sizeof(value)) {
        return -EINVAL;
    }
    memcpy(&value, iov->iov_base, sizeof(value));
    if (value == UINT64_MAX) {
        return -EINVAL;
    }
    while (value > COUNT_MAX - e->count) {
        const int err = mf_file_wait(f, POLLOUT, MF_NEVER);
        if (err != 0) {
            return err;
        }
        if (f->ops != &mf_eventfd_ops) {
            return f->ops->writev(f, iov, iov_count, pos);
        }
    }
    e->count += value;
    mf_file_notify(f, POLLIN);
    return sizeof(value);
}

static uint32_t eventfd_poll(struct mf_open_file *f)
{
    const struct eventfd *const e = (const struct eventfd *)f;
    return (e->count != 0 ? POLLIN : 0) | (e->count < COUNT_MAX ? POLLOUT : 0);
}

static void eventfd_close(struct mf_open_file *f)
{
    free(f);
}

const struct mf_fd_ops mf_eventfd_ops = {
    .readv = eventfd_readv, .writev = eventfd_writev, .poll = eventfd_poll, .close = eventfd_close};

uint64_t mf_eventfd_value(const struct mf_open_file *f, int *flags)
{
    const struct eventfd *const e = (const struct eventfd *)f;
    *flags = e->is_semaphore;
    return e->count;
}

int mf_eventfd_make(uint64_t value, int flags)
{
    if ((flags & ~(EFD_SEMAPHORE | EFD_NONBLOCK | EFD_CLOEXEC)) != 0) {
        return -EINVAL;
    }
    struct eventfd *const e = malloc(sizeof(*e));
    if (e == NULL) {
        return -ENOMEM;
    }
    mf_file_init(&e->file, &mf_eventfd_ops, O_RDWR | ((uint32_t)flags & EFD_NONBLOCK));
    e->count = value;
    e->is_semaphore = flags & EFD_SEMAPHORE;
    const int fd = mf_fd_install(&e->file, 0, (uint32_t)flags & EFD_CLOEXEC);
    if (fd < 0) {
        free(e);
    }
    return fd;
}

int eventfd(unsigned int value, int flags)
{
    return (int)mf_ret(mf_eventfd_make(value, flags));
}

int eventfd_read(int fd, eventfd_t *value)
{
    return read(fd, value, sizeof(*value)) == sizeof(*value) ? 0 : -1;
}

int eventfd_write(int fd, eventfd_t value)
{
    return write(fd, &value, sizeof(value)) == sizeof(value) ? 0 : -1;
}
