/* SPDX-License-Identifier: Apache-2.0 */
/*
 * descriptors.c - what takes a descriptor, in programs that fork: see paths.c. Programs that open no
 * files have these, too, so what is needed for files only is behind mf_family_files.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "files/own.h"
#include "process/process.h"
#include "start/info.h"
#include "thread/thread.h"
#include "time/clock.h"

#define RETRY_NS (2 * MF_NS_PER_MS) /* how often a child asks for a lock that another one has */

const char mf_family_descriptors;

/* ---- attributes --------------------------------------------------------------------------------- */

/* Asks for `op` about the file open as `fd`. */
static int ask(uint32_t op, int fd, int64_t arg1, int64_t arg2)
{
    const int file = mf_family_file_of(fd);
    return (int)mf_ret(file < 0 ? file : mf_family_call(op, file, arg1, arg2));
}

int fchmod(int fd, mode_t mode)
{
    return mf_family_is_remote() ? ask(MF_FAMILY_FCHMOD, fd, mode, 0) : mf_own_fchmod(fd, mode);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return mf_family_is_remote() ? ask(MF_FAMILY_FCHOWN, fd, owner, group)
                                 : mf_own_fchown(fd, owner, group);
}

int fchdir(int fd)
{
    if (!mf_family_is_remote()) {
        return mf_own_fchdir(fd);
    }
    const int file = mf_family_file_of(fd);
    return (int)mf_ret(file < 0 ? -EBADF : mf_family_call(MF_FAMILY_FCHDIR, file, 0, 0));
}

int futimens(int fd, const struct timespec *times)
{
    char *data;
    if (!mf_family_is_remote()) {
        return mf_own_futimens(fd, times);
    }
    const int file = mf_family_file_of(fd);
    struct mf_files_call *const c = file < 0 ? NULL : mf_family_begin(MF_FAMILY_FUTIMENS, &data);
    if (c == NULL) {
        return (int)mf_ret(file < 0 ? file : -EIO);
    }
    c->args[0] = file;
    c->args[1] = times != NULL;
    if (times != NULL) {
        memcpy(data + MF_FAMILY_OTHER, times, 2 * sizeof(*times));
    }
    const int64_t r = mf_family_ask(c);
    mf_family_end(c);
    return (int)mf_ret(r);
}

int fstatvfs(int fd, struct statvfs *v)
{
    const int file = mf_family_is_remote() ? mf_family_file_of(fd) : -1;
    return file < 0 ? mf_own_fstatvfs(fd, v)
                    : (int)mf_ret(mf_remote_get(MF_FAMILY_FSTATVFS, file, v, sizeof(*v)));
}

int posix_fallocate(int fd, off_t offset, off_t bytes)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    const int file = mf_family_file(f);
    if (file < 0 || (f->flags & O_DIRECTORY) != 0 || (f->flags & O_ACCMODE) == O_RDONLY) {
        return mf_own_posix_fallocate(fd, offset, bytes);
    }
    return -(int)mf_family_call(MF_FAMILY_ALLOCATE, file, offset, bytes);
}

/* ---- locks of open files -------------------------------------------------------------------------- */

int flock(int fd, int operation)
{
    const int file = mf_family_is_remote() ? mf_family_file_of(fd) : -1;
    if (file < 0) {
        return mf_own_flock(fd, operation);
    }
    for (;;) {
        const int64_t r = mf_family_call(MF_FAMILY_FLOCK, file, operation | LOCK_NB, 0);
        if (r != -EWOULDBLOCK || (operation & LOCK_NB) != 0) {
            return (int)mf_ret(r);
        }
        if (mf_thread_sleep(mf_clock_deadline(RETRY_NS)) == -EINTR) {
            return (int)mf_ret(-EINTR);
        }
    }
}

/* ---- what does not need files, or only with them ---------------------------------------------------- */

int mf_control(int fd, int command, intptr_t arg)
{
    return mf_family_has_files() ? mf_family_files.control(fd, command, arg)
                                 : mf_own_control(fd, command, arg);
}

int mf_fd_remove(int fd)
{
    if (mf_family_has_files()) {
        mf_family_files.closes(fd);
    }
    return mf_own_fd_remove(fd);
}

int mf_fd_install_at(struct mf_open_file *f, int fd, uint32_t flags)
{
    if (mf_family_has_files() && fd >= 0 && fd < mf_fds.limit) {
        mf_family_files.closes(fd);
    }
    return mf_own_fd_install_at(f, fd, flags);
}

/* ---- the end ------------------------------------------------------------------------------------- */

/* POSIX: files outlive the process that made them. One that a signal ends does not wait. */
void _exit(int code)
{
    if (mf_family_role == MF_FAMILY_ALONE && mf_family_has_files() &&
        mf_info()->process.end_signal == 0) {
        mf_family_files.linger(code & 0xff);
    }
    mf_own_exit(code);
}
