/* SPDX-License-Identifier: Apache-2.0 */
/* descriptor.c - POSIX calls on descriptors as such: close, dup, fcntl, ioctl. */
#include <fcntl.h>
#include <stdarg.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/own.h"
#include "thread/thread.h"

#define SETTABLE (O_APPEND | O_NONBLOCK) /* F_SETFL */

int close(int fd)
{
    mf_thread_test_cancel();
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

/* Finds the bytes that `lock` is about, *last being the last of them, and what is wrong with it. */
int mf_record_lock_range(struct mf_open_file *f, const struct flock *lock, off_t *first,
                         off_t *last)
{
    const bool is_known =
        lock->l_type == F_RDLCK || lock->l_type == F_WRLCK || lock->l_type == F_UNLCK;
    if (!is_known || f->ops->lseek == NULL) {
        return -EINVAL;
    }
    off_t base = lock->l_whence == SEEK_CUR ? f->position : 0;
    if (lock->l_whence == SEEK_END) {
        struct stat st;
        const int err = f->ops->fstat(f, &st);
        if (err != 0) {
            return err;
        }
        base = st.st_size;
    } else if (lock->l_whence != SEEK_SET && lock->l_whence != SEEK_CUR) {
        return -EINVAL;
    }
    off_t start, end;
    if (__builtin_add_overflow(base, lock->l_start, &start) ||
        __builtin_add_overflow(start, lock->l_len, &end)) {
        return -EOVERFLOW;
    }
    if (start < 0 || end < 0) {
        return -EINVAL;
    }
    *first = end < start ? end : start;
    *last = lock->l_len == 0 ? (off_t)INT64_MAX : (end < start ? start : end) - 1;
    return 0;
}

/*
 * Record locks belong to the process. While a guest is the only one of its family no lock is ever in
 * another's way: nothing has to be kept. What is wrong with a request is told all the same.
 */
static int lock_record(struct mf_open_file *f, int command, struct flock *lock)
{
    const uint32_t access = f->flags & O_ACCMODE;
    off_t first, last;
    const int err = mf_record_lock_range(f, lock, &first, &last);
    if (err != 0) {
        return err;
    }
    if (command == F_GETLK) {
        const bool asks = lock->l_type != F_UNLCK;
        lock->l_type = F_UNLCK;
        return asks ? 0 : -EINVAL;
    }
    return (lock->l_type == F_RDLCK && access == O_WRONLY) ||
                   (lock->l_type == F_WRLCK && access == O_RDONLY)
               ? -EBADF
               : 0;
}

int mf_own_control(int fd, int command, intptr_t arg)
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
    case F_GETLK:
    case F_SETLK:
    case F_SETLKW:
        return lock_record(f, command, (struct flock *)arg);
    default:
        return -EINVAL;
    }
}
int mf_control(int fd, int command, intptr_t arg) MF_OWN(control);

int fcntl(int fd, int command, ...)
{
    va_list ap;
    va_start(ap, command);
    const intptr_t arg = va_arg(ap, intptr_t);
    va_end(ap);
    if (command == F_SETLKW) {
        mf_thread_test_cancel();
    }
    return (int)mf_ret(mf_control(fd, command, arg));
}

int lockf(int fd, int command, off_t bytes)
{
    struct flock lock = {
        .l_type = command == F_ULOCK ? F_UNLCK : F_WRLCK, .l_whence = SEEK_CUR, .l_len = bytes};
    if (command < F_ULOCK || command > F_TEST) {
        return (int)mf_ret(-EINVAL);
    }
    mf_thread_test_cancel();
    if (command != F_TEST) {
        return fcntl(fd, command == F_LOCK ? F_SETLKW : F_SETLK, &lock);
    }
    const int r = fcntl(fd, F_GETLK, &lock);
    return r == 0 && lock.l_type != F_UNLCK ? (int)mf_ret(-EACCES) : r;
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
