/* SPDX-License-Identifier: Apache-2.0 */
/*
 * control.c - fcntl() and mmap() of files in programs that fork. Record locks are kept, for the
 * owner's own process too, as others may have some of the same file.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "files/own.h"
#include "thread/thread.h"
#include "time/clock.h"

#define RETRY_NS (2 * MF_NS_PER_MS) /* how often a child asks for a lock that another one has */

/* ---- record locks --------------------------------------------------------------------------------- */

static bool has_locked; /* this child took a record lock once: closing tells the owner then */

static int64_t ask_for_lock(int file, int command, struct flock *lock)
{
    char *data;
    struct mf_files_call *const c = mf_family_begin(MF_FAMILY_LOCK, &data);
    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = file;
    c->args[1] = command;
    memcpy(data, lock, sizeof(*lock));
    const int64_t r = mf_family_ask(c);
    if (r == 0 && command == F_GETLK) {
        memcpy(lock, data, sizeof(*lock));
    }
    mf_family_end(c);
    return r;
}

static int lock_remote(int file, int command, struct flock *lock)
{
    has_locked = has_locked || command != F_GETLK;
    for (;;) {
        const int64_t r = ask_for_lock(file, command == F_GETLK ? F_GETLK : F_SETLK, lock);
        if (r != -EAGAIN || command != F_SETLKW) {
            return (int)r;
        }
        if (mf_thread_sleep(mf_clock_deadline(RETRY_NS)) == -EINTR) {
            return -EINTR;
        }
    }
}

/* With the owner: of the file in the table that is in force. */
static int lock_own(int fd, int command, struct flock *lock)
{
    struct mf_open_file *const f = mf_fd_get(fd);
    struct flock wish = *lock; /* the check changes it */
    off_t first = 0, last = 0;

    int err = mf_own_control(fd, command, (intptr_t)&wish);
    struct mf_node *const n = mf_file_node(fd);
    if (err == 0 && n != NULL) {
        err = mf_record_lock_range(f, lock, &first, &last);
    }
    while (err == 0 && n != NULL) {
        err = mf_family_lock(n, command, lock, first, last);
        if (err != -EAGAIN || command != F_SETLKW) {
            break;
        }
        err = mf_family_wait_for_lock();
    }
    mf_file_put(f);
    return err;
}

static int set_flags(struct mf_open_file *f, int file, int command, intptr_t arg)
{
    const int64_t r = mf_family_call(MF_FAMILY_FLAGS, file, command, arg);
    if (r >= 0 && command == F_SETFL) {
        f->flags = (f->flags & ~(uint32_t)O_NONBLOCK) | ((uint32_t)arg & O_NONBLOCK);
    }
    return (int)r;
}

/* Who gets SIGIO. */
static int control_owner(struct mf_open_file *f, int command, intptr_t arg)
{
    pid_t pid = (pid_t)arg;
    const int err = f->ops->socket == NULL || f->ops->ioctl == NULL
                        ? -EINVAL
                        : f->ops->ioctl(f, command == F_SETOWN ? FIOSETOWN : FIOGETOWN, &pid);
    if (err != 0) {
        return err == -ENOTTY ? -EINVAL : err;
    }
    return command == F_GETOWN ? pid : 0;
}

int mf_family_control(int fd, int command, intptr_t arg)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f != NULL && (command == F_SETOWN || command == F_GETOWN)) {
        return control_owner(f, command, arg);
    }
    const bool is_lock = command == F_GETLK || command == F_SETLK || command == F_SETLKW;
    const int file = mf_family_file(f);
    if (file >= 0 && is_lock) {
        return lock_remote(file, command, (struct flock *)arg);
    }
    if (file >= 0 && (command == F_GETFL || command == F_SETFL)) {
        return set_flags(f, file, command, arg);
    }
    return is_lock && f != NULL && !mf_family_is_remote()
               ? lock_own(fd, command, (struct flock *)arg)
               : mf_own_control(fd, command, arg);
}

/* POSIX: with any descriptor of a file that a process closes, its locks of the file go. */
void mf_family_closes(int fd)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    const int file = mf_family_file(f);
    if (file >= 0 && has_locked) {
        (void)mf_family_call(MF_FAMILY_UNLOCK, file, 0, 0);
    } else if (f != NULL && mf_family_has_locks() && mf_file_node(fd) != NULL) {
        mf_family_unlock(mf_file_node(fd), mf_family_user);
    }
}

/* ---- mappings ------------------------------------------------------------------------------------ */

/* A private mapping of a remote file is a copy, as any private mapping is. */
static void *map_copy(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    const int how = (flags & ~MAP_POPULATE) | MAP_ANONYMOUS;
    char *const at = mf_own_mmap(address, length, PROT_READ | PROT_WRITE, how, -1, 0);
    if (at == MAP_FAILED) {
        return MAP_FAILED;
    }
    size_t done = 0;
    while (done < length) {
        const ssize_t n = pread(fd, at + done, length - done, offset + (off_t)done);
        if (n < 0) {
            const int error = errno;
            munmap(at, length);
            errno = error;
            return MAP_FAILED;
        }
        if (n == 0) {
            break;
        }
        done += (size_t)n;
    }
    if (prot != (PROT_READ | PROT_WRITE) && mprotect(at, length, prot) != 0) {
        munmap(at, length);
        return MAP_FAILED;
    }
    return at;
}

void *mf_family_map(void *address, size_t length, int prot, int flags, int fd, off_t offset)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    if (mf_family_file(f) < 0) {
        return mf_own_mmap(address, length, prot, flags, fd, offset);
    }
    int error = 0;
    if ((f->flags & O_DIRECTORY) != 0) {
        error = ENODEV;
    } else if (length == 0 || length > PTRDIFF_MAX) {
        error = length == 0 ? EINVAL : ENOMEM;
    } else if ((f->flags & O_ACCMODE) == O_WRONLY) {
        error = EACCES;
    } else if (((uint64_t)offset & 4095) != 0) {
        error = EINVAL;
    } else if ((prot & PROT_WRITE) != 0 && (prot & PROT_EXEC) != 0) {
        error = ENOTSUP;
    }
    if (error != 0) {
        errno = error;
        return MAP_FAILED;
    }
    if ((flags & MAP_SHARED) != 0) {
        return mf_family_map_shared(mf_family_file(f), length, prot, flags, offset);
    }
    return map_copy(address, length, prot, flags, fd, offset);
}
