/* SPDX-License-Identifier: Apache-2.0 */
/*
 * paths.c - what takes a path, in programs that fork: in a child the owner of its files is asked, with
 * the path as it is and the number of the directory that it is relative to. Otherwise, and for the
 * names of descriptors (/dev/fd/1), it is done here (files/own.h).
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "family/remote.h"
#include "fd/fd_internal.h"
#include "files/device.h"
#include "files/own.h"
#include "files/path.h"
#include "service/service.h"

const char mf_family_paths;

/* A call with up to two paths. */
struct path_call {
    uint32_t op;
    int64_t args[4];
    const char *paths[2]; /* NULL: none */
    const void *other;    /* for MF_FAMILY_OTHER; NULL: none */
    size_t other_bytes;
    void *answer; /* gets what is at the buffer's start if all went well; NULL: nothing */
    size_t answer_bytes;
    int64_t first; /* args[0] afterwards */
};

/* The number of the directory `fd` for `path`: AT_FDCWD, -EBADF, -ENOTDIR. */
static int directory_for(int fd, const char *path)
{
    if (fd == AT_FDCWD || *path == '/') {
        return AT_FDCWD;
    }
    const int number = mf_family_file_of(fd);
    return number == -EINVAL ? -ENOTDIR : number;
}

static bool is_error(int directory)
{
    return directory < 0 && directory != AT_FDCWD;
}

/* Returns the answer or a negative errno number. */
static int64_t ask(struct path_call *p)
{
    char *data;

    for (int i = 0; i < 2; i++) {
        if (p->paths[i] != NULL && strnlen(p->paths[i], PATH_MAX) >= PATH_MAX) {
            return -ENAMETOOLONG;
        }
    }
    struct mf_files_call *const c = mf_family_begin(p->op, &data);
    if (c == NULL) {
        return -EIO;
    }
    for (int i = 0; i < 4; i++) {
        c->args[i] = p->args[i];
    }
    for (size_t i = 0; i < 2; i++) {
        if (p->paths[i] != NULL) {
            strcpy(data + i * MF_FAMILY_PATH_BYTES, p->paths[i]);
        }
    }
    if (p->other != NULL) {
        memcpy(data + MF_FAMILY_OTHER, p->other, p->other_bytes);
    }
    const int64_t r = mf_family_ask(c);
    if (r >= 0 && p->answer != NULL) {
        memcpy(p->answer, data, p->answer_bytes);
    }
    p->first = r >= 0 ? c->args[0] : 0;
    mf_family_end(c);
    return r;
}

/* A call whose first argument is the directory of its only path. */
static int64_t ask_at(uint32_t op, int fd, const char *path, int64_t arg1, int64_t arg2)
{
    struct path_call p = {.op = op, .args = {directory_for(fd, path), arg1, arg2}, .paths = {path}};
    return is_error((int)p.args[0]) ? p.args[0] : ask(&p);
}

/* One with two paths and their directories. */
static int64_t ask_two(uint32_t op, int fd, const char *path, int fd2, const char *path2,
                       int64_t arg)
{
    struct path_call p = {.op = op,
                          .args = {directory_for(fd, path), directory_for(fd2, path2), arg},
                          .paths = {path, path2}};
    for (int i = 0; i < 2; i++) {
        if (is_error((int)p.args[i])) {
            return p.args[i];
        }
    }
    return ask(&p);
}

/* ---- opening ------------------------------------------------------------------------------------ */

/* A device of the child's own: its console, its random numbers. */
static int open_device(uint64_t number, uint32_t flags)
{
    struct mf_open_file *f;
    size_t count = 0;
    while (mf_devices[count].name != NULL) {
        count++;
    }
    if (number >= count) {
        return -ENXIO;
    }
    const int err = mf_devices[number].open(&mf_devices[number], flags, &f);
    if (err != 0) {
        return err;
    }
    const int fd = mf_fd_install(f, 0, flags);
    if (fd < 0) {
        mf_file_put(f);
    }
    return fd;
}

int mf_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode)
{
    if (!mf_family_is_remote() || mf_path_descriptor(path) >= 0) {
        return mf_own_file_open(directory_fd, path, flags, mode);
    }
    struct path_call p = {.op = MF_FAMILY_OPEN,
                          .args = {directory_for(directory_fd, path), flags, mode},
                          .paths = {path}};
    const int full = mf_fd_check_free();
    const int64_t r = full != 0 ? full : is_error((int)p.args[0]) ? p.args[0] : ask(&p);
    if (r < 0) {
        return (int)r;
    }
    if (r >= MF_FAMILY_DEVICE) {
        return open_device((uint64_t)(r - MF_FAMILY_DEVICE), flags);
    }
    return r >= MF_FAMILY_FIFO ? mf_remote_fifo_open(r - MF_FAMILY_FIFO, flags)
                               : mf_remote_install((int)r, (uint32_t)p.first, flags);
}

/* ---- attributes ----------------------------------------------------------------------------------- */

int fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags)
{
    const bool is_descriptor = *path == '\0' || mf_path_descriptor(path) >= 0;
    if (!mf_family_is_remote() || is_descriptor) {
        return mf_own_fstatat(fd, path, st, flags);
    }
    struct path_call p = {.op = MF_FAMILY_STAT,
                          .args = {directory_for(fd, path), flags},
                          .paths = {path},
                          .answer = st,
                          .answer_bytes = sizeof(*st)};
    return (int)mf_ret(is_error((int)p.args[0]) ? p.args[0] : ask(&p));
}

int faccessat(int fd, const char *path, int mode, int flags)
{
    return mf_family_is_remote() ? (int)mf_ret(ask_at(MF_FAMILY_ACCESS, fd, path, mode, flags))
                                 : mf_own_faccessat(fd, path, mode, flags);
}

int fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    return mf_family_is_remote() ? (int)mf_ret(ask_at(MF_FAMILY_CHMOD, fd, path, mode, flags))
                                 : mf_own_fchmodat(fd, path, mode, flags);
}

int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags)
{
    if (!mf_family_is_remote()) {
        return mf_own_fchownat(fd, path, owner, group, flags);
    }
    struct path_call p = {.op = MF_FAMILY_CHOWN,
                          .args = {directory_for(fd, path), owner, group, flags},
                          .paths = {path}};
    return (int)mf_ret(is_error((int)p.args[0]) ? p.args[0] : ask(&p));
}

int utimensat(int fd, const char *path, const struct timespec *times, int flags)
{
    if (!mf_family_is_remote()) {
        return mf_own_utimensat(fd, path, times, flags);
    }
    struct path_call p = {.op = MF_FAMILY_UTIMENS,
                          .args = {directory_for(fd, path), times != NULL, flags},
                          .paths = {path},
                          .other = times,
                          .other_bytes = 2 * sizeof(*times)};
    return (int)mf_ret(is_error((int)p.args[0]) ? p.args[0] : ask(&p));
}

int truncate(const char *path, off_t bytes)
{
    struct path_call p = {.op = MF_FAMILY_TRUNCATE, .args = {bytes}, .paths = {path}};
    return mf_family_is_remote() ? (int)mf_ret(ask(&p)) : mf_own_truncate(path, bytes);
}

int statvfs(const char *restrict path, struct statvfs *restrict v)
{
    struct path_call p = {
        .op = MF_FAMILY_STATVFS, .paths = {path}, .answer = v, .answer_bytes = sizeof(*v)};
    return mf_family_is_remote() ? (int)mf_ret(ask(&p)) : mf_own_statvfs(path, v);
}

/* ---- names ------------------------------------------------------------------------------------ */

int mkdirat(int fd, const char *path, mode_t mode)
{
    return mf_family_is_remote() ? (int)mf_ret(ask_at(MF_FAMILY_MKDIR, fd, path, mode, 0))
                                 : mf_own_mkdirat(fd, path, mode);
}

int mknodat(int fd, const char *path, mode_t mode, dev_t device)
{
    return mf_family_is_remote() ? (int)mf_ret(ask_at(MF_FAMILY_MKNOD, fd, path, mode, 0))
                                 : mf_own_mknodat(fd, path, mode, device);
}

int symlinkat(const char *target, int fd, const char *path)
{
    if (!mf_family_is_remote()) {
        return mf_own_symlinkat(target, fd, path);
    }
    struct path_call p = {
        .op = MF_FAMILY_SYMLINK, .args = {directory_for(fd, path)}, .paths = {path, target}};
    return (int)mf_ret(is_error((int)p.args[0]) ? p.args[0] : ask(&p));
}

/* A text that is asked for with room for `bytes`, no NUL behind it. */
static ssize_t ask_text(struct path_call *p, char *buffer, size_t bytes)
{
    char text[MF_FAMILY_PATH_BYTES];

    p->answer = text;
    p->answer_bytes = sizeof(text);
    const int64_t r = ask(p);
    if (r < 0 || r > (int64_t)sizeof(text)) {
        return r < 0 ? (ssize_t)r : -EIO;
    }
    const size_t copied = (size_t)r < bytes ? (size_t)r : bytes;
    memcpy(buffer, text, copied);
    return (ssize_t)copied;
}

ssize_t readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t bytes)
{
    if (!mf_family_is_remote()) {
        return mf_own_readlinkat(fd, path, buffer, bytes);
    }
    struct path_call p = {
        .op = MF_FAMILY_READLINK, .args = {directory_for(fd, path), bytes != 0}, .paths = {path}};
    return mf_ret(is_error((int)p.args[0]) ? p.args[0] : ask_text(&p, buffer, bytes));
}

int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    if (!mf_family_is_remote()) {
        return mf_own_linkat(from_fd, from, to_fd, to, flags);
    }
    const int fd = (flags & AT_SYMLINK_FOLLOW) != 0 ? mf_path_descriptor(from) : -1;
    if (fd < 0) {
        return (int)mf_ret(ask_two(MF_FAMILY_LINK, from_fd, from, to_fd, to, flags));
    }
    const int number = mf_family_file_of(fd);
    struct path_call p = {
        .op = MF_FAMILY_LINK_FILE, .args = {number, directory_for(to_fd, to)}, .paths = {to}};
    const bool is_bad = number < 0 || is_error((int)p.args[1]);
    return (int)mf_ret(is_bad ? (number < 0 ? -ENOENT : p.args[1]) : ask(&p));
}

int unlinkat(int fd, const char *path, int flags)
{
    return mf_family_is_remote() ? (int)mf_ret(ask_at(MF_FAMILY_UNLINK, fd, path, flags, 0))
                                 : mf_own_unlinkat(fd, path, flags);
}

int renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return mf_family_is_remote()
               ? (int)mf_ret(ask_two(MF_FAMILY_RENAME, from_fd, from, to_fd, to, 0))
               : mf_own_renameat(from_fd, from, to_fd, to);
}

/* ---- for dom0 ---------------------------------------------------------------------------------- */

/* dom0 asks the owner; here are only files as they were at the fork. */
int mf_service_carry_out(struct mf_service_job *j)
{
    return mf_family_is_remote() ? -EIO : mf_own_service_carry_out(j);
}

/* ---- the working directory ---------------------------------------------------------------------- */

int chdir(const char *path)
{
    struct path_call p = {.op = MF_FAMILY_CHDIR, .paths = {path}};
    return mf_family_is_remote() ? (int)mf_ret(ask(&p)) : mf_own_chdir(path);
}

/* A path in memory of the caller's, or of malloc() for NULL. */
static char *ask_path(struct path_call *p, char *buffer, size_t bytes, int too_long)
{
    char *const to = buffer != NULL ? buffer : malloc(bytes);
    if (to == NULL) {
        return NULL;
    }
    ssize_t n = ask_text(p, to, bytes);
    if (n >= 0 && (size_t)n < bytes) {
        to[n] = '\0';
        return to;
    }
    n = n < 0 ? n : -too_long;
    if (buffer == NULL) {
        free(to);
    }
    errno = (int)-n;
    return NULL;
}

char *getcwd(char *buffer, size_t bytes)
{
    struct path_call p = {.op = MF_FAMILY_GETCWD};
    if (!mf_family_is_remote() || (buffer != NULL && bytes == 0)) {
        return mf_own_getcwd(buffer, bytes);
    }
    return ask_path(&p, buffer, bytes != 0 ? bytes : PATH_MAX, ERANGE);
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    struct path_call p = {.op = MF_FAMILY_REALPATH, .paths = {path}};
    return !mf_family_is_remote() || path == NULL ? mf_own_realpath(path, resolved)
                                                  : ask_path(&p, resolved, PATH_MAX, ENAMETOOLONG);
}
