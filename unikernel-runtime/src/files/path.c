/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - pathname resolution, and the working directory. */
#include "files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/open_file.h"
#include "files/own.h"
#include "start/info.h"

#define LINKS_MAX 8 /* SYMLOOP_MAX */

mode_t mf_creation_mask = 022;

struct mf_node *mf_working_directory;
static struct mf_node *changed_root; /* chroot(): owns a reference; NULL: the file system's */

static struct mf_node *root(void)
{
    return changed_root != NULL ? changed_root : mf_node_root();
}

static struct mf_node *current_directory(void)
{
    return mf_working_directory != NULL ? mf_working_directory : root();
}

static int resolve(struct mf_node *start, const char *path, unsigned int flags, int links,
                   struct mf_place *out);

/* One component: out->directory is where to look, out->name what for. */
static int step(struct mf_place *out)
{
    struct mf_node *const directory = out->directory;
    if (!S_ISDIR(directory->mode)) {
        return -ENOTDIR;
    }
    if (out->name_bytes > MF_NAME_MAX) {
        return -ENAMETOOLONG;
    }
    int err = mf_node_check(directory, X_OK);
    if (err != 0) {
        return err;
    }
    if (out->name_bytes == 1 && out->name[0] == '.') {
        out->node = directory;
        return 0;
    }
    if (out->name_bytes == 2 && out->name[0] == '.' && out->name[1] == '.') {
        out->node = directory == root() ? directory : mf_node_parent(directory);
        return 0;
    }
    err = mf_entry_find(directory, out->name, out->name_bytes, &out->entry);
    out->node = err == 0 ? out->entry->node : NULL;
    return err == -ENOENT ? 0 : err;
}

/* Goes on at the link's target, seen from the link's directory. */
static int follow(struct mf_place *out, int links)
{
    struct mf_node *const link = out->node;
    mf_node_touch_access(link);
    return resolve(out->directory, link->target, MF_PATH_FOLLOW, links + 1, out);
}

static int resolve(struct mf_node *start, const char *path, unsigned int flags, int links,
                   struct mf_place *out)
{
    if (links > LINKS_MAX) {
        return -ELOOP;
    }
    if (*path == '\0') {
        return -ENOENT;
    }
    struct mf_node *at = *path == '/' ? root() : start;
    *out = (struct mf_place){.directory = at, .node = at, .name = ""};
    path += strspn(path, "/");
    while (*path != '\0') {
        if (out->node == NULL) {
            return -ENOENT;
        }
        *out = (struct mf_place){
            .directory = out->node, .name = path, .name_bytes = strcspn(path, "/")};
        path += out->name_bytes;
        const bool has_slash = *path == '/';
        path += strspn(path, "/");
        const bool is_last = *path == '\0';
        int err = step(out);
        if (err == 0 && out->node != NULL && S_ISLNK(out->node->mode) &&
            (!is_last || has_slash || (flags & MF_PATH_FOLLOW) != 0)) {
            err = follow(out, links);
        }
        if (err != 0) {
            return err;
        }
        out->wants_directory = out->wants_directory || has_slash;
    }
    if (out->wants_directory && out->node != NULL && !S_ISDIR(out->node->mode)) {
        return -ENOTDIR;
    }
    return 0;
}

int mf_path_find(int fd, const char *path, unsigned int flags, struct mf_place *out)
{
    struct mf_node *start = current_directory();
    if (*path == '\0' || strnlen(path, PATH_MAX) >= PATH_MAX) {
        return *path == '\0' ? -ENOENT : -ENAMETOOLONG;
    }
    if (fd != AT_FDCWD && *path != '/') {
        start = mf_file_node(fd);
        if (start == NULL) {
            return mf_fd_peek(fd) == NULL ? -EBADF : -ENOTDIR;
        }
    }
    return resolve(start, path, flags, 0, out);
}

int mf_path_node(int fd, const char *path, unsigned int flags, struct mf_node **out)
{
    struct mf_place place;
    const int err = mf_path_find(fd, path, flags, &place);
    if (err != 0 || place.node == NULL) {
        return err != 0 ? err : -ENOENT;
    }
    *out = place.node;
    return 0;
}

int mf_path_check_writable(const struct mf_node *directory)
{
    return mf_node_check(directory, W_OK | X_OK);
}

int mf_path_make_at(const struct mf_place *place, uint32_t mode, struct mf_node **out)
{
    int err = mf_path_check_writable(place->directory);
    if (err != 0) {
        return err;
    }
    struct mf_node *const n = mf_node_new(mode);
    if (n == NULL) {
        return -ENOSPC;
    }
    if ((place->directory->mode & S_ISGID) != 0) {
        n->gid = place->directory->gid;
        n->mode |= S_ISDIR(mode) ? S_ISGID : 0;
    }
    err = mf_entry_add(place->directory, place->name, place->name_bytes, n);
    mf_node_put(n);
    *out = n;
    return err;
}

int mf_path_make(int fd, const char *path, uint32_t mode, struct mf_node **out)
{
    struct mf_place place;
    const int err = mf_path_find(fd, path, 0, &place);
    if (err != 0 || place.node != NULL) {
        return err != 0 ? err : -EEXIST;
    }
    if (place.wants_directory && !S_ISDIR(mode)) {
        return -ENOENT;
    }
    return mf_path_make_at(&place, mode, out);
}

int mf_path_descriptor(const char *path)
{
    static const char *const names[] = {"stdin", "stdout", "stderr"};
    static const char dev[] = "/dev/", proc[] = "/proc/self/fd/";
    int fd = 0;
    if (strncmp(path, dev, sizeof(dev) - 1) == 0) {
        path += sizeof(dev) - 1;
        for (int i = 0; i < 3; i++) {
            if (strcmp(path, names[i]) == 0) {
                return i;
            }
        }
        if (strncmp(path, "fd/", 3) != 0) {
            return -1;
        }
        path += 3;
    } else if (strncmp(path, proc, sizeof(proc) - 1) == 0) {
        path += sizeof(proc) - 1;
    } else {
        return -1;
    }
    const size_t digits = strspn(path, "0123456789");
    if (digits == 0 || digits > 6 || path[digits] != '\0') {
        return -1;
    }
    for (size_t i = 0; i < digits; i++) {
        fd = fd * 10 + (path[i] - '0');
    }
    return fd;
}

/* Writes "/NAME" in front of `at`, which has room for it. NULL: it has not. */
static char *prepend(char *at, const char *buffer, const char *name, size_t bytes)
{
    if ((size_t)(at - buffer) < bytes + 1) {
        return NULL;
    }
    at -= bytes;
    memcpy(at, name, bytes);
    *--at = '/';
    return at;
}

/* Writes the absolute path of what was found. Returns its length, or -ERANGE, -ENOENT. */
static ssize_t path_of(const struct mf_place *place, char *buffer, size_t bytes)
{
    char *at = buffer + bytes;
    if (bytes < 2) {
        return -ERANGE;
    }
    *--at = '\0';
    const bool is_directory = S_ISDIR(place->node->mode);
    const struct mf_node *n = is_directory ? place->node : place->directory;
    if (!is_directory) {
        at = prepend(at, buffer, place->entry->name, place->entry->name_bytes);
    } else if (n == root()) {
        *--at = '/';
    }
    for (; at != NULL && n != root(); n = n->directory.entry->directory) {
        if (n == mf_node_root() || mf_node_is_removed(n)) { /* outside of chroot()'s */
            return -ENOENT;
        }
        at = prepend(at, buffer, n->directory.entry->name, n->directory.entry->name_bytes);
    }
    if (at == NULL) {
        return -ERANGE;
    }
    const size_t length = (size_t)(buffer + bytes - at) - 1;
    memmove(buffer, at, length + 1);
    return (ssize_t)length;
}

/* ---- POSIX --------------------------------------------------------------------------------- */

static int change_directory(struct mf_node *n)
{
    const int err = S_ISDIR(n->mode) ? mf_node_check(n, X_OK) : -ENOTDIR;
    if (err != 0) {
        return err;
    }
    mf_node_get(n);
    mf_node_put(mf_working_directory);
    mf_working_directory = n;
    return 0;
}

int mf_own_chdir(const char *path)
{
    struct mf_node *n;
    const int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    return (int)mf_ret(err != 0 ? err : change_directory(n));
}
int chdir(const char *path) MF_OWN(chdir);

int mf_own_fchdir(int fd)
{
    struct mf_node *const n = mf_file_node(fd);
    return (int)mf_ret(n == NULL ? -EBADF : change_directory(n));
}
int fchdir(int fd) MF_OWN(fchdir);

/* Of the process that the family's files belong to, so for its children, too; they cannot. */
int chroot(const char *path)
{
    struct mf_node *n;
    int err =
        mf_info()->process.ppid != 0 ? -ENOSYS : mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    if (err == 0) {
        err = !S_ISDIR(n->mode) ? -ENOTDIR : geteuid() != 0 ? -EPERM : mf_node_check(n, X_OK);
    }
    if (err == 0) {
        if (mf_working_directory == NULL) { /* it stays where it is */
            mf_working_directory = mf_node_root();
            mf_node_get(mf_working_directory);
        }
        mf_node_get(n);
        mf_node_put(changed_root);
        changed_root = n;
    }
    return (int)mf_ret(err);
}

char *mf_own_getcwd(char *buffer, size_t bytes)
{
    if (buffer != NULL && bytes == 0) {
        errno = EINVAL;
        return NULL;
    }
    char *const to = buffer != NULL ? buffer : malloc(bytes = bytes != 0 ? bytes : PATH_MAX);
    if (to == NULL) {
        return NULL;
    }
    const struct mf_place here = {.node = current_directory()};
    const ssize_t n = path_of(&here, to, bytes);
    if (n < 0) {
        if (buffer == NULL) {
            free(to);
        }
        errno = (int)-n;
        return NULL;
    }
    return to;
}
char *getcwd(char *buffer, size_t bytes) MF_OWN(getcwd);

char *get_current_dir_name(void)
{
    return getcwd(NULL, 0);
}

char *mf_own_realpath(const char *restrict path, char *restrict resolved)
{
    struct mf_place place;
    ssize_t r = path == NULL ? -EINVAL : mf_path_find(AT_FDCWD, path, MF_PATH_FOLLOW, &place);
    if (r == 0 && place.node == NULL) {
        r = -ENOENT;
    }
    char *const to = resolved != NULL ? resolved : malloc(PATH_MAX);
    if (r == 0) {
        r = to == NULL ? -ENOMEM : path_of(&place, to, PATH_MAX);
    }
    if (r < 0) {
        if (resolved == NULL) {
            free(to);
        }
        errno = (int)(r == -ERANGE ? ENAMETOOLONG : -r);
        return NULL;
    }
    return to;
}
char *realpath(const char *restrict path, char *restrict resolved) MF_OWN(realpath);
