/* SPDX-License-Identifier: Apache-2.0 */
/* path.c - pathname resolution, and the working directory. */
#include "files/path.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "files/open_file.h"

#define LINKS_MAX 8 /* SYMLOOP_MAX */

static struct mf_node *working_directory; /* owns a reference; NULL: the root */

static struct mf_node *current_directory(void)
{
    return working_directory != NULL ? working_directory : mf_node_root();
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
    if (out->name_bytes == 1 && out->name[0] == '.') {
        out->node = directory;
        return 0;
    }
    if (out->name_bytes == 2 && out->name[0] == '.' && out->name[1] == '.') {
        out->node = directory->parent != NULL ? directory->parent : directory;
        return 0;
    }
    out->node = NULL;
    const int err = mf_node_find(directory, out->name, out->name_bytes, &out->node);
    return err == -ENOENT ? 0 : err;
}

/* Goes on at the link's target, seen from the link's directory. */
static int follow(struct mf_place *out, int links)
{
    const struct mf_node *const link = out->node;
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
    struct mf_node *at = *path == '/' ? mf_node_root() : start;
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
    if (strnlen(path, PATH_MAX) >= PATH_MAX) {
        return -ENAMETOOLONG;
    }
    if (fd != AT_FDCWD && *path != '/') {
        start = mf_file_node(fd);
        if (start == NULL) {
            return -EBADF;
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

ssize_t mf_path_of(const struct mf_node *n, char *buffer, size_t bytes)
{
    char *at = buffer + bytes;
    if (bytes < 2) {
        return -ERANGE;
    }
    *--at = '\0';
    if (n == mf_node_root()) {
        *--at = '/';
    }
    for (; n != mf_node_root(); n = n->parent) {
        if (n->parent == NULL) {
            return -ENOENT; /* removed */
        }
        if ((size_t)(at - buffer) < n->name_bytes + 1u) {
            return -ERANGE;
        }
        at -= n->name_bytes;
        memcpy(at, n->name, n->name_bytes);
        *--at = '/';
    }
    const size_t length = (size_t)(buffer + bytes - at) - 1;
    memmove(buffer, at, length + 1);
    return (ssize_t)length;
}

/* ---- POSIX --------------------------------------------------------------------------------- */

static int change_directory(struct mf_node *n)
{
    if (!S_ISDIR(n->mode)) {
        return -ENOTDIR;
    }
    mf_node_get(n);
    mf_node_put(working_directory);
    working_directory = n;
    return 0;
}

int chdir(const char *path)
{
    struct mf_node *n;
    const int err = mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    return (int)mf_ret(err != 0 ? err : change_directory(n));
}

int fchdir(int fd)
{
    struct mf_node *const n = mf_file_node(fd);
    return (int)mf_ret(n == NULL ? -EBADF : change_directory(n));
}

char *getcwd(char *buffer, size_t bytes)
{
    char *const to = buffer != NULL ? buffer : malloc(bytes = bytes != 0 ? bytes : PATH_MAX);
    if (to == NULL || bytes == 0) {
        errno = to == NULL ? ENOMEM : EINVAL;
        return NULL;
    }
    const ssize_t n = mf_path_of(current_directory(), to, bytes);
    if (n < 0) {
        if (buffer == NULL) {
            free(to);
        }
        errno = (int)-n;
        return NULL;
    }
    return to;
}

char *realpath(const char *restrict path, char *restrict resolved)
{
    struct mf_node *n;
    ssize_t r = path == NULL ? -EINVAL : mf_path_node(AT_FDCWD, path, MF_PATH_FOLLOW, &n);
    char *const to = resolved != NULL ? resolved : malloc(PATH_MAX);
    if (r == 0) {
        r = to == NULL ? -ENOMEM : mf_path_of(n, to, PATH_MAX);
    }
    if (r < 0) {
        if (resolved == NULL) {
            free(to);
        }
        errno = (int)-r;
        return NULL;
    }
    return to;
}
