/* SPDX-License-Identifier: Apache-2.0 */
/* calls.c - POSIX calls on paths. One user, who may do everything that modes do not make pointless.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/utime.h>
#include <unistd.h>

#include "files/open_file.h"
#include "files/path.h"
#include "time/clock.h"

#define PERMISSIONS 07777u

/* ---- attributes ---------------------------------------------------------------------------- */

static int status_of(int fd, const char *path, unsigned int flags, struct stat *st)
{
    struct mf_node *n;
    const int err = mf_path_node(fd, path, flags, &n);
    if (err == 0) {
        mf_node_stat(n, st);
    }
    return (int)mf_ret(err);
}

int stat(const char *restrict path, struct stat *restrict st)
{
    return status_of(AT_FDCWD, path, MF_PATH_FOLLOW, st);
}

int lstat(const char *restrict path, struct stat *restrict st)
{
    return status_of(AT_FDCWD, path, 0, st);
}

int fstatat(int fd, const char *restrict path, struct stat *restrict st, int flags)
{
    return status_of(fd, path, (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : MF_PATH_FOLLOW, st);
}

int access(const char *path, int mode)
{
    struct mf_node *n;
    const int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    if (err == 0 && (mode & X_OK) != 0 && !S_ISDIR(n->mode) && (n->mode & 0111) == 0) {
        return (int)mf_ret(-EACCES);
    }
    return (int)mf_ret(err);
}

static int set_mode(struct mf_node *n, mode_t mode)
{
    n->mode = (n->mode & ~PERMISSIONS) | (mode & PERMISSIONS);
    return 0;
}

int chmod(const char *path, mode_t mode)
{
    struct mf_node *n;
    const int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    return (int)mf_ret(err != 0 ? err : set_mode(n, mode));
}

int fchmod(int fd, mode_t mode)
{
    struct mf_node *const n = mf_file_node(fd);
    return (int)mf_ret(n == NULL ? -EBADF : set_mode(n, mode));
}

/* Everything belongs to user and group 0; -1 means "as it is". */
static int check_owner(uid_t owner, gid_t group)
{
    const bool is_same = (owner == 0 || owner == (uid_t)-1) && (group == 0 || group == (gid_t)-1);
    return is_same ? 0 : -EPERM;
}

static int change_owner(int fd, const char *path, uid_t owner, gid_t group, unsigned int flags)
{
    struct mf_node *n;
    const int err = mf_path_node(fd, path, flags, &n);
    return (int)mf_ret(err != 0 ? err : check_owner(owner, group));
}

int chown(const char *path, uid_t owner, gid_t group)
{
    return change_owner(AT_FDCWD, path, owner, group, MF_PATH_FOLLOW);
}

int lchown(const char *path, uid_t owner, gid_t group)
{
    return change_owner(AT_FDCWD, path, owner, group, 0);
}

int fchown(int fd, uid_t owner, gid_t group)
{
    return (int)mf_ret(mf_file_node(fd) == NULL ? -EBADF : check_owner(owner, group));
}

static int set_time(struct mf_node *n, const struct timespec *t)
{
    if (t != NULL && t->tv_nsec == UTIME_OMIT) {
        return 0;
    }
    if (t == NULL || t->tv_nsec == UTIME_NOW) {
        n->mtime_ns = mf_clock_wall_ns();
        return 0;
    }
    if (t->tv_nsec < 0 || t->tv_nsec >= (long)MF_NS_PER_S) {
        return -EINVAL;
    }
    n->mtime_ns = (uint64_t)t->tv_sec * MF_NS_PER_S + (uint64_t)t->tv_nsec;
    return 0;
}

int utimensat(int fd, const char *path, const struct timespec *times, int flags)
{
    struct mf_node *n;
    const unsigned int follow = (flags & AT_SYMLINK_NOFOLLOW) != 0 ? 0 : MF_PATH_FOLLOW;
    const int err = mf_path_node(fd, path, follow, &n);
    return (int)mf_ret(err != 0 ? err : set_time(n, times == NULL ? NULL : &times[1]));
}

int futimens(int fd, const struct timespec *times)
{
    struct mf_node *const n = mf_file_node(fd);
    return (int)mf_ret(n == NULL ? -EBADF : set_time(n, times == NULL ? NULL : &times[1]));
}

int utimes(const char *path, const struct timeval *times)
{
    struct timespec t[2] = {0};
    if (times != NULL) {
        t[1] = (struct timespec){times[1].tv_sec, times[1].tv_usec * 1000};
    }
    return utimensat(AT_FDCWD, path, times == NULL ? NULL : t, 0);
}

int utime(const char *path, const struct utimbuf *times)
{
    const struct timespec t[2] = {{0}, {.tv_sec = times == NULL ? 0 : times->modtime}};
    return utimensat(AT_FDCWD, path, times == NULL ? NULL : t, 0);
}

int truncate(const char *path, off_t bytes)
{
    struct mf_node *n;
    int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    if (err == 0 && !S_ISREG(n->mode)) {
        err = S_ISDIR(n->mode) ? -EISDIR : -EINVAL;
    }
    if (err == 0) {
        err = bytes < 0 ? -EINVAL : mf_node_truncate(n, (uint64_t)bytes);
    }
    return (int)mf_ret(err);
}

/* ---- making -------------------------------------------------------------------------------- */

static mode_t masked(mode_t mode)
{
    const mode_t mask = umask(0);
    umask(mask);
    return mode & ~mask & PERMISSIONS;
}

static int make(int fd, const char *path, mode_t mode, struct mf_node **out)
{
    struct mf_place place;
    int err = mf_path_find(fd, path, 0, &place);
    if (err == 0 && place.node != NULL) {
        err = -EEXIST;
    }
    if (err == 0 && place.wants_directory && !S_ISDIR(mode)) {
        err = -ENOENT;
    }
    return err != 0 ? err
                    : mf_node_create(place.directory, place.name, place.name_bytes, mode, out);
}

int mkdirat(int fd, const char *path, mode_t mode)
{
    struct mf_node *n;
    return (int)mf_ret(make(fd, path, S_IFDIR | masked(mode), &n));
}

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

int symlink(const char *target, const char *path)
{
    struct mf_node *n;
    char *const copy = strdup(target);
    int err = *target == '\0' ? -ENOENT : copy == NULL ? -ENOSPC : 0;
    if (err == 0) {
        err = make(AT_FDCWD, path, S_IFLNK | 0777, &n);
    }
    if (err != 0) {
        free(copy);
        return (int)mf_ret(err);
    }
    n->target = copy;
    return 0;
}

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t bytes)
{
    struct mf_node *n;
    int err = mf_path_node(AT_FDCWD, path, 0, &n);
    if (err == 0 && !S_ISLNK(n->mode)) {
        err = -EINVAL;
    }
    if (err != 0) {
        return mf_ret(err);
    }
    const size_t length = strlen(n->target);
    memcpy(buffer, n->target, length < bytes ? length : bytes);
    return (ssize_t)(length < bytes ? length : bytes);
}

/* ---- removing ------------------------------------------------------------------------------ */

static int check_empty(struct mf_node *directory)
{
    const int err = mf_node_fill(directory);
    return err != 0 ? err : directory->directory.first != NULL ? -ENOTEMPTY : 0;
}

/* Whether the path ends with "." or "..", or is the root: entries that cannot be removed or moved. */
static bool is_special(const struct mf_place *place)
{
    return place->name_bytes == 0 || (place->name[0] == '.' && place->name_bytes == 1) ||
           (place->name[0] == '.' && place->name[1] == '.' && place->name_bytes == 2);
}

static int check_removable(const struct mf_place *place, bool is_directory)
{
    if (is_special(place)) {
        static const int errors[] = {-EBUSY, -EINVAL, -ENOTEMPTY}; /* "", ".", ".." */
        return is_directory ? errors[place->name_bytes] : -EISDIR;
    }
    if (place->node == NULL) {
        return -ENOENT;
    }
    if (S_ISDIR(place->node->mode) != is_directory) {
        return is_directory ? -ENOTDIR : -EISDIR;
    }
    return is_directory ? check_empty(place->node) : 0;
}

static int remove_entry(int fd, const char *path, bool is_directory)
{
    struct mf_place place;
    int err = mf_path_find(fd, path, 0, &place);
    if (err == 0) {
        err = check_removable(&place, is_directory);
    }
    if (err == 0) {
        err = mf_node_fill(place.directory);
    }
    if (err == 0) {
        mf_node_remove(place.node);
    }
    return (int)mf_ret(err);
}

int unlink(const char *path)
{
    return remove_entry(AT_FDCWD, path, false);
}

int rmdir(const char *path)
{
    return remove_entry(AT_FDCWD, path, true);
}

int unlinkat(int fd, const char *path, int flags)
{
    return remove_entry(fd, path, (flags & AT_REMOVEDIR) != 0);
}

int remove(const char *path)
{
    struct stat st;
    if (lstat(path, &st) != 0) {
        return -1;
    }
    return S_ISDIR(st.st_mode) ? rmdir(path) : unlink(path);
}

/* What newlib's own functions call; its object of remove() must not be linked beside this one. */
int _remove_r(struct _reent *reent, const char *path)
{
    (void)reent;
    return remove(path);
}

/* ---- renaming ------------------------------------------------------------------------------ */

static bool is_within(const struct mf_node *n, const struct mf_node *directory)
{
    while (n != NULL && n != directory) {
        n = n->parent;
    }
    return n != NULL && directory != NULL;
}

/* Whether `from` may take the place of `to`, which exists. */
static int check_replace(const struct mf_node *from, struct mf_node *to)
{
    if (S_ISDIR(from->mode)) {
        return S_ISDIR(to->mode) ? check_empty(to) : -ENOTDIR;
    }
    return S_ISDIR(to->mode) ? -EISDIR : 0;
}

static int rename_entry(const char *from_path, const char *to_path)
{
    struct mf_place from, to;
    int err = mf_path_find(AT_FDCWD, from_path, 0, &from);
    if (err == 0) {
        err = mf_path_find(AT_FDCWD, to_path, 0, &to);
    }
    if (err != 0) {
        return err;
    }
    if (is_special(&from) || is_special(&to)) {
        return from.name_bytes == 0 || to.name_bytes == 0 ? -EBUSY : -EINVAL;
    }
    if (from.node == NULL) {
        return -ENOENT;
    }
    if (from.node == to.node) {
        return 0;
    }
    if (to.wants_directory && !S_ISDIR(from.node->mode)) {
        return -ENOTDIR;
    }
    if (is_within(to.directory, from.node)) {
        return -EINVAL;
    }
    if (is_within(from.directory, to.node)) {
        return -ENOTEMPTY;
    }
    if (to.node != NULL) {
        err = check_replace(from.node, to.node);
    }
    if (err == 0) {
        err = mf_node_fill(from.directory);
    }
    if (err == 0) {
        err = mf_node_fill(to.directory);
    }
    if (err == 0) {
        err = mf_node_move(from.node, to.directory, to.name, to.name_bytes);
    }
    if (err == 0 && to.node != NULL) {
        mf_node_remove(to.node);
    }
    return err;
}

int rename(const char *from, const char *to)
{
    return (int)mf_ret(rename_entry(from, to));
}
