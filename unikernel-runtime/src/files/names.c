/* SPDX-License-Identifier: Apache-2.0 */
/* names.c - POSIX calls that make, remove and change entries of directories. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/fifo.h"
#include "files/open_file.h"
#include "files/own.h"
#include "files/path.h"
#include "system/identity.h"

#define PERMISSIONS 07777u

int _remove_r(struct _reent *reent, const char *path);

/* ---- making -------------------------------------------------------------------------------- */

int mf_own_mkdirat(int fd, const char *path, mode_t mode)
{
    struct mf_node *n;
    const uint32_t permissions = mode & ~mf_creation_mask & (S_ISVTX | 0777);
    return (int)mf_ret(mf_path_make(fd, path, S_IFDIR | permissions, &n));
}
int mkdirat(int fd, const char *path, mode_t mode) MF_OWN(mkdirat);

int mkdir(const char *path, mode_t mode)
{
    return mkdirat(AT_FDCWD, path, mode);
}

/* Devices need rights that no guest has; directories, links and sockets have calls of their own. */
static int make_node(int fd, const char *path, uint32_t mode)
{
    struct mf_node *n;
    const uint32_t type = (mode & S_IFMT) == 0 ? S_IFREG : mode & S_IFMT;
    if (type != S_IFREG && type != S_IFIFO) {
        return S_ISCHR(type) || S_ISBLK(type) ? -EPERM : -EINVAL;
    }
    const int err = mf_path_make(fd, path, type | (mode & ~mf_creation_mask & PERMISSIONS), &n);
    if (err == 0 && type == S_IFIFO) {
        n->fifo.open = mf_fifo_open;
    }
    return err;
}

int mf_own_mknodat(int fd, const char *path, mode_t mode, dev_t device)
{
    (void)device;
    return (int)mf_ret(make_node(fd, path, mode));
}
int mknodat(int fd, const char *path, mode_t mode, dev_t device) MF_OWN(mknodat);

int mknod(const char *path, mode_t mode, dev_t device)
{
    return mknodat(AT_FDCWD, path, mode, device);
}

int mkfifoat(int fd, const char *path, mode_t mode)
{
    return mknodat(fd, path, S_IFIFO | (mode & ~(mode_t)S_IFMT), 0);
}

int mkfifo(const char *path, mode_t mode)
{
    return mkfifoat(AT_FDCWD, path, mode);
}

int mf_own_symlinkat(const char *target, int fd, const char *path)
{
    struct mf_node *n;
    if (*target == '\0' || strnlen(target, PATH_MAX) >= PATH_MAX) {
        return (int)mf_ret(*target == '\0' ? -ENOENT : -ENAMETOOLONG);
    }
    char *const copy = strdup(target);
    const int err = copy == NULL ? -ENOSPC : mf_path_make(fd, path, S_IFLNK | 0777, &n);
    if (err != 0) {
        free(copy);
        return (int)mf_ret(err);
    }
    n->target = copy;
    return 0;
}
int symlinkat(const char *target, int fd, const char *path) MF_OWN(symlinkat);

int symlink(const char *target, const char *path)
{
    return symlinkat(target, AT_FDCWD, path);
}

ssize_t mf_own_readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t bytes)
{
    struct mf_node *n;
    int err = bytes == 0 ? -EINVAL : mf_path_node(fd, path, 0, &n);
    if (err == 0 && !S_ISLNK(n->mode)) {
        err = -EINVAL;
    }
    if (err != 0) {
        return mf_ret(err);
    }
    const size_t length = strlen(n->target);
    const size_t copied = length < bytes ? length : bytes;
    memcpy(buffer, n->target, copied);
    mf_node_touch_access(n);
    return (ssize_t)copied;
}
ssize_t readlinkat(int fd, const char *restrict path, char *restrict buffer, size_t bytes)
    MF_OWN(readlinkat);

ssize_t readlink(const char *restrict path, char *restrict buffer, size_t bytes)
{
    return readlinkat(AT_FDCWD, path, buffer, bytes);
}

static int make_link(struct mf_node *n, int fd, const char *path)
{
    struct mf_place place;
    int err = mf_path_find(fd, path, 0, &place);
    if (err == 0) {
        err = place.node != NULL      ? -EEXIST
              : place.wants_directory ? -ENOENT
                                      : mf_path_check_writable(place.directory);
    }
    if (err == 0 && S_ISDIR(n->mode)) {
        err = -EPERM;
    }
    return err != 0 ? err : mf_entry_add(place.directory, place.name, place.name_bytes, n);
}

/* The old path is resolved first; the reference keeps its node while the new one is looked up. */
int mf_own_linkat(int from_fd, const char *from, int to_fd, const char *to, int flags)
{
    struct mf_node *n;
    const int fd = (flags & AT_SYMLINK_FOLLOW) != 0 ? mf_path_descriptor(from) : -1;
    int err = 0;
    if ((flags & ~AT_SYMLINK_FOLLOW) != 0) {
        err = -EINVAL;
    } else if (fd >= 0) { /* how a file of O_TMPFILE gets a name */
        n = mf_file_node(fd);
        err = n == NULL ? -ENOENT : 0;
    } else {
        err = mf_path_node(from_fd, from, flags != 0 ? MF_PATH_FOLLOW : 0, &n);
    }
    return (int)mf_ret(err != 0 ? err : make_link(n, to_fd, to));
}
int linkat(int from_fd, const char *from, int to_fd, const char *to, int flags) MF_OWN(linkat);

int link(const char *from, const char *to)
{
    return linkat(AT_FDCWD, from, AT_FDCWD, to, 0);
}

/* ---- removing ------------------------------------------------------------------------------ */

/* Whether the path ends with "." or "..", or is the root: entries that cannot be removed or moved. */
static bool is_special(const struct mf_place *place)
{
    return place->name_bytes == 0 || (place->name[0] == '.' && place->name_bytes == 1) ||
           (place->name[0] == '.' && place->name[1] == '.' && place->name_bytes == 2);
}

static int check_empty(struct mf_node *directory)
{
    const int err = mf_entry_fill(directory);
    return err != 0 ? err : directory->directory.first != NULL ? -ENOTEMPTY : 0;
}

/* Whether the entry may be taken away: in a directory with the sticky bit only by an owner. */
static int check_rights(const struct mf_place *place)
{
    const struct mf_node *const directory = place->directory, *const n = place->node;
    const int err = mf_path_check_writable(directory);
    const uid_t user = mf_identity.uid.effective;
    if (err != 0 || n == NULL || (directory->mode & S_ISVTX) == 0 || user == 0) {
        return err;
    }
    return user == directory->uid || user == n->uid ? 0 : -EPERM;
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
    const int err = check_rights(place);
    if (err != 0) {
        return err;
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
        err = mf_entry_fill(place.directory);
    }
    if (err == 0) {
        mf_entry_remove(place.entry);
    }
    return (int)mf_ret(err);
}

int unlink(const char *path)
{
    return unlinkat(AT_FDCWD, path, 0);
}

int rmdir(const char *path)
{
    return unlinkat(AT_FDCWD, path, AT_REMOVEDIR);
}

int mf_own_unlinkat(int fd, const char *path, int flags)
{
    if ((flags & ~AT_REMOVEDIR) != 0) {
        return (int)mf_ret(-EINVAL);
    }
    return remove_entry(fd, path, flags != 0);
}
int unlinkat(int fd, const char *path, int flags) MF_OWN(unlinkat);

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

static bool is_within(struct mf_node *directory, const struct mf_node *n)
{
    while (directory != n && directory != mf_node_root() && !mf_node_is_removed(directory)) {
        directory = mf_node_parent(directory);
    }
    return directory == n;
}

/* Whether `from` may take the place of `to`, which exists. */
static int check_replace(const struct mf_node *from, struct mf_node *to)
{
    if (S_ISDIR(from->mode)) {
        return S_ISDIR(to->mode) ? check_empty(to) : -ENOTDIR;
    }
    return S_ISDIR(to->mode) ? -EISDIR : 0;
}

/* All that can be wrong, in the order in which the standard's errors are to be told apart. */
static int check_rename(const struct mf_place *from, const struct mf_place *to)
{
    if (is_special(from) || is_special(to)) {
        return from->name_bytes == 0 || to->name_bytes == 0 ? -EBUSY : -EINVAL;
    }
    if (from->node == NULL) {
        return -ENOENT;
    }
    const bool is_directory = S_ISDIR(from->node->mode);
    if (is_directory && is_within(to->directory, from->node)) {
        return -EINVAL;
    }
    if (to->node != NULL && is_within(from->directory, to->node)) {
        return -ENOTEMPTY;
    }
    int err = check_rights(from);
    if (err == 0) {
        err = check_rights(to);
    }
    if (err != 0) {
        return err;
    }
    if (to->wants_directory && !is_directory) {
        return -ENOTDIR;
    }
    if (to->node != NULL) {
        err = check_replace(from->node, to->node);
    }
    if (err == 0 && is_directory && from->directory != to->directory) {
        err = mf_node_check(from->node, W_OK); /* its ".." changes */
    }
    if (err == 0) {
        err = mf_entry_fill(from->directory);
    }
    return err != 0 ? err : mf_entry_fill(to->directory);
}

static int rename_entry(int from_fd, const char *from_path, int to_fd, const char *to_path)
{
    struct mf_place from, to;
    int err = mf_path_find(from_fd, from_path, 0, &from);
    if (err == 0) {
        err = mf_path_find(to_fd, to_path, 0, &to);
    }
    if (err == 0 && from.node != NULL && from.node == to.node && !is_special(&from) &&
        !is_special(&to)) {
        return 0; /* two names of one file: nothing happens */
    }
    if (err == 0) {
        err = check_rename(&from, &to);
    }
    if (err != 0) {
        return err;
    }
    err = mf_entry_add(to.directory, to.name, to.name_bytes, from.node);
    if (err != 0) {
        return err;
    }
    if (to.node != NULL) {
        mf_entry_remove(to.entry);
    }
    mf_entry_remove(from.entry);
    return 0;
}

int mf_own_renameat(int from_fd, const char *from, int to_fd, const char *to)
{
    return (int)mf_ret(rename_entry(from_fd, from, to_fd, to));
}
int renameat(int from_fd, const char *from, int to_fd, const char *to) MF_OWN(renameat);

int rename(const char *from, const char *to)
{
    return renameat(AT_FDCWD, from, AT_FDCWD, to);
}
