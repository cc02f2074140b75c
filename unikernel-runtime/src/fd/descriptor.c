/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.c - POSIX calls on descriptors as such: close, dup, fcntl, ioctl. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "fd/fd_internal.h"

#define SETTABLE (O_APPEND | O_NONBLOCK) /* F_SETFL */

int close(int fd)
{
    return (int)mf_ret(mf_fd_remove(fd));
}

static int duplicate(int fd, int lowest, uint32_t flags)
{
    struct mf_open_file *const f = mf_fd_get(fd);
    if (f == NULL) {
        return -EBADF;
    }
    const int copy = mf_fd_install(f, lowest, flags);
    if (copy < 0) {
        mf_file_put(f);
    }
    return copy;
}

int dup(int fd)
{
    return (int)mf_ret(duplicate(fd, 0, 0));
}

static int duplicate_to(int fd, int to, uint32_t flags)
{
    struct mf_open_file *const f = mf_fd_get(fd);
    if (f == NULL) {
        return -EBADF;
    }
    const int copy = mf_fd_install_at(f, to, flags);
    if (copy < 0) {
        mf_file_put(f);
    }
    return copy;
}

int dup2(int fd, int to)
{
    if (fd == to) {
        return (int)mf_ret(mf_fd_peek(fd) == NULL ? -EBADF : fd);
    }
    return (int)mf_ret(duplicate_to(fd, to, 0));
}

int dup3(int fd, int to, int flags)
{
    if (fd == to || (flags & ~O_CLOEXEC) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(duplicate_to(fd, to, (uint32_t)flags));
}

static int control(int fd, int command, intptr_t arg)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return -EBADF;
    }
    struct mf_fd *const slot = &mf_fds.slots[fd];
    switch (command) {
    case F_DUPFD:
        return duplicate(fd, (int)arg, 0);
    case F_DUPFD_CLOEXEC:
        return duplicate(fd, (int)arg, O_CLOEXEC);
    case F_GETFD:
        return slot->flags != 0 ? FD_CLOEXEC : 0;
    case F_SETFD:
        slot->flags = (arg & FD_CLOEXEC) != 0 ? O_CLOEXEC : 0;
        return 0;
    case F_GETFL:
        return (int)(f->flags & (O_ACCMODE | SETTABLE));
    case F_SETFL:
        f->flags = (f->flags & ~(uint32_t)SETTABLE) | ((uint32_t)arg & SETTABLE);
        return 0;
    case F_GETLK: /* there is no other process that could hold a lock */
        ((struct flock *)arg)->l_type = F_UNLCK;
        return 0;
    case F_SETLK:
    case F_SETLKW:
        return 0;
    default:
        return -EINVAL;
    }
}

int fcntl(int fd, int command, ...)
{
    va_list ap;
    va_start(ap, command);
    const intptr_t arg = va_arg(ap, intptr_t);
    va_end(ap);
    return (int)mf_ret(control(fd, command, arg));
}

int ioctl(int fd, unsigned long request, ...)
{
    va_list ap;
    va_start(ap, request);
    void *const arg = va_arg(ap, void *);
    va_end(ap);
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    switch (request) {
    case FIONBIO:
        f->flags = (f->flags & ~(uint32_t)O_NONBLOCK) | (*(int *)arg != 0 ? O_NONBLOCK : 0);
        return 0;
    case FIOCLEX:
    case FIONCLEX:
        mf_fds.slots[fd].flags = request == FIOCLEX ? O_CLOEXEC : 0;
        return 0;
    default:
        return (int)mf_ret(f->ops->ioctl == NULL ? -ENOTTY : f->ops->ioctl(f, request, arg));
    }
}
