/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - POSIX calls on the attributes of files. */
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/time.h>
#include <sys/utime.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/open_file.h"
#include "files/own.h"
#include "files/path.h"
#include "mayfly/hypercall.h"
#include "start/info.h"
#include "system/identity.h"
#include "time/clock.h"

#define PERMISSIONS 07777u

/* ---- attributes ---------------------------------------------------------------------------- */

static unsigned int follow_unless(int flags, int no_follow)
{
    return (flags & no_follow) != 0 ? 0 : MF_PATH_FOLLOW;
}

static int status_of(int fd, const char *path, unsigned int flags, struct stat *st)
{
    struct mf_node *n;
    const int same = mf_path_descriptor(path);
    if (same >= 0) {
        return fstat(same, st);
    }
    const int err = mf_path_node(fd, path, flags, &n);
    if (err == 0) {
        mf_node_stat(n, st);
    }
    return (int)mf_ret(err);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, 0);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return fstatat(AT_FDCWD, path, st, AT_SYMLINK_NOFOLLOW);
}

int mf_own_fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags)
{
    if ((flags & ~(AT_SYMLINK_NOFOLLOW | AT_EMPTY_PATH)) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    if ((flags & AT_EMPTY_PATH) != 0 && *path == '\0' && fd != AT_FDCWD) {
        return fstat(fd, st);
    }
    return status_of(fd, path, follow_unless(flags, AT_SYMLINK_NOFOLLOW), st);
}
int fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags) MF_OWN(fstatat);

/* ---- rights -------------------------------------------------------------------------------- */

/* With the real ids in place of the effective ones, unless AT_EACCESS. */
int mf_own_faccessat(int fd, const char *path, int mode, int flags)
{
    if ((mode & ~(R_OK | W_OK | X_OK)) != 0 || (flags & ~(AT_EACCESS | AT_SYMLINK_NOFOLLOW)) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    const struct mf_ids uid = mf_identity.uid, gid = mf_identity.gid;
    if ((flags & AT_EACCESS) == 0) {
        mf_identity.uid.effective = uid.real;
        mf_identity.gid.effective = gid.real;
    }
    struct mf_node *n;
    int err = mf_path_node(fd, path, follow_unless(flags, AT_SYMLINK_NOFOLLOW), &n);
    if (err == 0) {
        err = mf_node_check(n, mode);
    }
    mf_identity.uid = uid;
    mf_identity.gid = gid;
    return (int)mf_ret(err);
}
int faccessat(int fd, const char *path, int mode, int flags) MF_OWN(faccessat);

int access(const char *path, int mode)
{
    return faccessat(AT_FDCWD, path, mode, 0);
}

static bool is_owner(const struct mf_node *n)
{
    return mf_identity.uid.effective == 0 || mf_identity.uid.effective == n->uid;
}

static int set_mode(struct mf_node *n, mode_t mode)
{
    if (!is_owner(n)) {
        return -EPERM;
    }
    const bool keeps_gid = mf_identity.uid.effective == 0 || mf_identity_has_group(n->gid);
    const mode_t kept = keeps_gid ? PERMISSIONS : PERMISSIONS - S_ISGID;
    n->mode = (n->mode & ~PERMISSIONS) | (mode & kept);
    mf_node_touch_status(n);
    return 0;
}

int mf_own_fchmodat(int fd, const char *path, mode_t mode, int flags)
{
    struct mf_node *n;
    if ((flags & ~AT_SYMLINK_NOFOLLOW) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    int err = mf_path_node(fd, path, follow_unless(flags, AT_SYMLINK_NOFOLLOW), &n);
    if (err == 0 && S_ISLNK(n->mode)) {
        err = -EOPNOTSUPP; /* the mode of a link means nothing */
    }
    return (int)mf_ret(err != 0 ? err : set_mode(n, mode));
}
int fchmodat(int fd, const char *path, mode_t mode, int flags) MF_OWN(fchmodat);

int chmod(const char *path, mode_t mode)
{
    return fchmodat(AT_FDCWD, path, mode, 0);
}

/* The node of `fd`, for calls on the attributes of files. */
static int node_of_descriptor(int fd, struct mf_node **out)
{
    *out = mf_file_node(fd);
    return *out != NULL ? 0 : mf_fd_peek(fd) == NULL ? -EBADF : -EINVAL;
}

int mf_own_fchmod(int fd, mode_t mode)
{
    struct mf_node *n;
    const int err = node_of_descriptor(fd, &n);
    return (int)mf_ret(err != 0 ? err : set_mode(n, mode));
}
int fchmod(int fd, mode_t mode) MF_OWN(fchmod);

/* -1 leaves one as it is. Only user 0 gives files away; an owner may change to a group of his. */
static int set_owner(struct mf_node *n, uid_t owner, gid_t group)
{
    const bool is_root = mf_identity.uid.effective == 0;
    const bool keeps_owner = owner == (uid_t)-1 || owner == n->uid;
    const bool may_group = group == (gid_t)-1 || group == n->gid || mf_identity_has_group(group);
    if (!is_root && (!is_owner(n) || !keeps_owner || !may_group)) {
        return -EPERM;
    }
    n->uid = owner == (uid_t)-1 ? n->uid : owner;
    n->gid = group == (gid_t)-1 ? n->gid : group;
    if (!S_ISDIR(n->mode)) {
        n->mode &= ~(uint32_t)(S_ISUID | ((n->mode & 0111) != 0 ? S_ISGID : 0));
    }
    mf_node_touch_status(n);
    return 0;
}

int mf_own_fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags)
{
    struct mf_node *n;
    if ((flags & ~AT_SYMLINK_NOFOLLOW) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    const int err = mf_path_node(fd, path, follow_unless(flags, AT_SYMLINK_NOFOLLOW), &n);
    return (int)mf_ret(err != 0 ? err : set_owner(n, owner, group));
}
int fchownat(int fd, const char *path, uid_t owner, gid_t group, int flags) MF_OWN(fchownat);

int chown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, 0);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return fchownat(AT_FDCWD, path, owner, group, AT_SYMLINK_NOFOLLOW);
}

int mf_own_fchown(int fd, uid_t owner, gid_t group)
{
    struct mf_node *n;
    const int err = node_of_descriptor(fd, &n);
    return (int)mf_ret(err != 0 ? err : set_owner(n, owner, group));
}
int fchown(int fd, uid_t owner, gid_t group) MF_OWN(fchown);

/* ---- times --------------------------------------------------------------------------------- */

static bool is_valid_time(const struct timespec *t)
{
    return t->tv_nsec == UTIME_OMIT || t->tv_nsec == UTIME_NOW ||
           (t->tv_nsec >= 0 && t->tv_nsec < (long)MF_NS_PER_S);
}

static int64_t time_or(const struct timespec *t, int64_t now, int64_t before)
{
    if (t->tv_nsec == UTIME_OMIT) {
        return before;
    }
    return t->tv_nsec == UTIME_NOW ? now : t->tv_sec * (int64_t)MF_NS_PER_S + t->tv_nsec;
}

/* times NULL: now, which whoever may write may set, too; other times only the owner. */
static int set_times(struct mf_node *n, const struct timespec *times)
{
    static const struct timespec now_twice[2] = {{0, UTIME_NOW}, {0, UTIME_NOW}};
    const struct timespec *const t = times != NULL ? times : now_twice;
    if (!is_valid_time(&t[0]) || !is_valid_time(&t[1])) {
        return -EINVAL;
    }
    const bool is_now = t[0].tv_nsec == UTIME_NOW && t[1].tv_nsec == UTIME_NOW;
    const bool is_nothing = t[0].tv_nsec == UTIME_OMIT && t[1].tv_nsec == UTIME_OMIT;
    if (!is_owner(n) && !is_nothing && (!is_now || mf_node_check(n, W_OK) != 0)) {
        return is_now ? -EACCES : -EPERM;
    }
    const int64_t now = (int64_t)mf_clock_wall_ns();
    n->atime_ns = time_or(&t[0], now, n->atime_ns);
    n->mtime_ns = time_or(&t[1], now, n->mtime_ns);
    n->ctime_ns = is_nothing ? n->ctime_ns : now;
    return 0;
}

int mf_own_utimensat(int fd, const char *path, const struct timespec *times, int flags)
{
    struct mf_node *n;
    if ((flags & ~AT_SYMLINK_NOFOLLOW) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    const int err = mf_path_node(fd, path, follow_unless(flags, AT_SYMLINK_NOFOLLOW), &n);
    return (int)mf_ret(err != 0 ? err : set_times(n, times));
}
int utimensat(int fd, const char *path, const struct timespec *times, int flags) MF_OWN(utimensat);

int mf_own_futimens(int fd, const struct timespec *times)
{
    struct mf_node *n;
    const int err = node_of_descriptor(fd, &n);
    return (int)mf_ret(err != 0 ? err : set_times(n, times));
}
int futimens(int fd, const struct timespec *times) MF_OWN(futimens);

/* Microseconds out of range become nanoseconds out of range, never UTIME_NOW or UTIME_OMIT. */
static const struct timespec *convert(const struct timeval *from, struct timespec to[2])
{
    for (int i = 0; from != NULL && i < 2; i++) {
        const bool is_valid = from[i].tv_usec >= 0 && from[i].tv_usec < 1000000;
        to[i] = (struct timespec){from[i].tv_sec,
                                  is_valid ? from[i].tv_usec * 1000 : (long)MF_NS_PER_S};
    }
    return from != NULL ? to : NULL;
}

int utimes(const char *path, const struct timeval *times)
{
    struct timespec t[2];
    return utimensat(AT_FDCWD, path, convert(times, t), 0);
}

int lutimes(const char *path, const struct timeval *times)
{
    struct timespec t[2];
    return utimensat(AT_FDCWD, path, convert(times, t), AT_SYMLINK_NOFOLLOW);
}

int futimes(int fd, const struct timeval *times)
{
    struct timespec t[2];
    return futimens(fd, convert(times, t));
}

int utime(const char *path, const struct utimbuf *times)
{
    struct timespec t[2] = {{0}, {0}};
    if (times != NULL) {
        t[0].tv_sec = times->actime;
        t[1].tv_sec = times->modtime;
    }
    return utimensat(AT_FDCWD, path, times == NULL ? NULL : t, 0);
}

/* ---- size and space ------------------------------------------------------------------------ */

int mf_own_truncate(const char *path, off_t bytes)
{
    struct mf_node *n;
    int err = bytes < 0 ? -EINVAL : mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    if (err == 0 && !S_ISREG(n->mode)) {
        err = S_ISDIR(n->mode) ? -EISDIR : -EINVAL;
    }
    if (err == 0) {
        err = mf_node_check(n, W_OK);
    }
    return (int)mf_ret(err != 0 ? err : mf_node_truncate(n, (uint64_t)bytes));
}
int truncate(const char *path, off_t bytes) MF_OWN(truncate);

/* Of the one file system: its space is the guest's memory. */
static void fill_statvfs(struct statvfs *v)
{
    struct hv_dom_info info;
    const uint64_t pages = mf_info()->memory_bytes / HV_PAGE_BYTES;
    const uint64_t used = hv_dom_info(HV_SELF, &info) < 0 ? 0 : info.resident_pages;
    const uint64_t left = pages > used ? pages - used : 0;
    *v = (struct statvfs){.f_bsize = MF_CHUNK_BYTES,
                          .f_frsize = MF_CHUNK_BYTES,
                          .f_blocks = pages,
                          .f_bfree = left,
                          .f_bavail = left,
                          .f_files = pages,
                          .f_ffree = left,
                          .f_favail = left,
                          .f_fsid = 1,
                          .f_namemax = MF_NAME_MAX};
}

int mf_own_statvfs(const char *restrict path, struct statvfs *restrict v)
{
    struct mf_node *n;
    const int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    if (err == 0) {
        fill_statvfs(v);
    }
    return (int)mf_ret(err);
}
int statvfs(const char *restrict path, struct statvfs *restrict v) MF_OWN(statvfs);

int mf_own_fstatvfs(int fd, struct statvfs *v)
{
    if (mf_fd_peek(fd) == NULL) {
        return (int)mf_ret(-EBADF);
    }
    fill_statvfs(v);
    return 0;
}
int fstatvfs(int fd, struct statvfs *v) MF_OWN(fstatvfs);

void sync(void) /* there is no slower store */
{
}
