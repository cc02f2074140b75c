/* SPDX-License-Identifier: Apache-2.0 */
/* io.c - POSIX calls on a descriptor: reading, writing, positions. What they do is in the file's
 * ops. */
#include <fcntl.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/console.h"
#include "start/info.h"
#include "thread/thread.h"

enum direction {
    READ,
    WRITE,
};

static bool is_open_for(const struct mf_open_file *f, enum direction direction)
{
    return (f->flags & O_ACCMODE) != (direction == READ ? O_WRONLY : O_RDONLY);
}

/* position NULL: the file's own. */
static ssize_t transfer(int fd, const struct iovec *iov, int iov_count, off_t *position,
                        enum direction direction)
{
    mf_thread_test_cancel();
    struct mf_open_file *const f = mf_fd_get(fd);
    ssize_t r = -EBADF;
    if (f != NULL && position != NULL && f->ops->lseek == NULL) {
        r = -ESPIPE;
    } else if (f != NULL && is_open_for(f, direction)) {
        ssize_t (*const op)(struct mf_open_file *, const struct iovec *, int, off_t *) =
            direction == READ ? f->ops->readv : f->ops->writev;
        if (op == NULL) {
            r = (f->flags & O_DIRECTORY) != 0 ? -EISDIR : -EINVAL;
        } else {
            r = op(f, iov, iov_count, position != NULL ? position : &f->position);
        }
    }
    mf_file_put(f);
    return mf_ret(r);
}

static ssize_t transfer_vector(int fd, const struct iovec *iov, int iov_count, off_t *position,
                               enum direction direction)
{
    const bool is_bad = position != NULL && *position < 0;
    const ssize_t bytes = is_bad ? -EINVAL : mf_iov_bytes(iov, iov_count);
    return bytes < 0 ? mf_ret(bytes) : transfer(fd, iov, iov_count, position, direction);
}

static ssize_t transfer_buffer(int fd, const void *buffer, size_t bytes, off_t *position,
                               enum direction direction)
{
    if (bytes > PTRDIFF_MAX || (position != NULL && *position < 0)) {
        return mf_ret(-EINVAL);
    }
    const struct iovec iov = {(void *)(uintptr_t)buffer, bytes};
    return transfer(fd, &iov, 1, position, direction);
}

ssize_t read(int fd, void *buffer, size_t bytes)
{
    return transfer_buffer(fd, buffer, bytes, NULL, READ);
}

ssize_t write(int fd, const void *buffer, size_t bytes)
{
    return transfer_buffer(fd, buffer, bytes, NULL, WRITE);
}

ssize_t pread(int fd, void *buffer, size_t bytes, off_t position)
{
    return transfer_buffer(fd, buffer, bytes, &position, READ);
}

ssize_t pwrite(int fd, const void *buffer, size_t bytes, off_t position)
{
    return transfer_buffer(fd, buffer, bytes, &position, WRITE);
}

ssize_t readv(int fd, const struct iovec *iov, int iov_count)
{
    return transfer_vector(fd, iov, iov_count, NULL, READ);
}

ssize_t writev(int fd, const struct iovec *iov, int iov_count)
{
    return transfer_vector(fd, iov, iov_count, NULL, WRITE);
}

ssize_t preadv(int fd, const struct iovec *iov, int iov_count, off_t position)
{
    return transfer_vector(fd, iov, iov_count, &position, READ);
}

ssize_t pwritev(int fd, const struct iovec *iov, int iov_count, off_t position)
{
    return transfer_vector(fd, iov, iov_count, &position, WRITE);
}

off_t lseek(int fd, off_t offset, int whence)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return mf_ret(-EBADF);
    }
    return mf_ret(f->ops->lseek == NULL ? -ESPIPE : f->ops->lseek(f, offset, whence));
}

int fstat(int fd, struct stat *st)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    if (f->ops->fstat == NULL) {
        *st = (struct stat){.st_mode = S_IFIFO | 0600, .st_nlink = 1, .st_blksize = 4096};
        return 0;
    }
    return (int)mf_ret(f->ops->fstat(f, st));
}

int ftruncate(int fd, off_t bytes)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    if (bytes < 0 || !is_open_for(f, WRITE) || f->ops->ftruncate == NULL) {
        return (int)mf_ret(-EINVAL);
    }
    return (int)mf_ret(f->ops->ftruncate(f, bytes));
}

int fsync(int fd)
{
    mf_thread_test_cancel();
    const struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    return (int)mf_ret(f->ops->lseek == NULL ? -EINVAL : 0); /* there is no slower store */
}

/* Advice changes nothing: everything is in memory. */
int posix_fadvise(int fd, off_t offset, off_t bytes, int advice)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL) {
        return EBADF;
    }
    if (f->ops->lseek == NULL) {
        return ESPIPE;
    }
    const bool is_known = advice >= POSIX_FADV_NORMAL && advice <= POSIX_FADV_NOREUSE;
    return offset < 0 || bytes < 0 || !is_known ? EINVAL : 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

/* The console, where people are at both of its ends; of its descriptors 0 is what they type. */
int isatty(int fd)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    const uint32_t stream = fd == STDIN_FILENO ? MF_CONSOLE_INPUT_STREAM : MF_CONSOLE_OUTPUT_STREAM;
    if (f == &mf_console.file && (mf_info()->console.flags & stream) == 0) {
        return 1;
    }
    errno = f == NULL ? EBADF : ENOTTY;
    return 0;
}
