/* SPDX-License-Identifier: Apache-2.0 */
/* open_file.c - open(), and reading, writing and listing what is open. Never blocks. */
#include "files/open_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/device.h"
#include "files/path.h"

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_DIRECTORY)

struct node_file {
    struct mf_open_file file;
    struct mf_node *node; /* owns a reference */
};

int getdents(int fd, void *buffer, unsigned int bytes);

static mode_t creation_mask = 022;

static struct mf_node *node_of(struct mf_open_file *f)
{
    return ((struct node_file *)f)->node;
}

/* ---- operations ---------------------------------------------------------------------------- */

static ssize_t file_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    ssize_t total = 0;
    for (int i = 0; i < iov_count; i++) {
        const size_t n =
            mf_node_read(node_of(f), (uint64_t)*position, iov[i].iov_base, iov[i].iov_len);
        *position += (off_t)n;
        total += (ssize_t)n;
        if (n < iov[i].iov_len) {
            break;
        }
    }
    return total;
}

static ssize_t file_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *position)
{
    ssize_t total = 0;
    if ((f->flags & O_APPEND) != 0) {
        *position = (off_t)node_of(f)->file.bytes;
    }
    for (int i = 0; i < iov_count; i++) {
        const ssize_t n =
            mf_node_write(node_of(f), (uint64_t)*position, iov[i].iov_base, iov[i].iov_len);
        if (n < 0) {
            return total != 0 ? total : n;
        }
        *position += n;
        total += n;
        if ((size_t)n < iov[i].iov_len) {
            break;
        }
    }
    return total;
}

static off_t file_lseek(struct mf_open_file *f, off_t offset, int whence)
{
    const struct mf_node *const n = node_of(f);
    off_t base = 0;
    switch (whence) {
    case SEEK_SET:
        break;
    case SEEK_CUR:
        base = f->position;
        break;
    case SEEK_END:
        base = S_ISREG(n->mode) ? (off_t)n->file.bytes : 0;
        break;
    default:
        return -EINVAL;
    }
    off_t result;
    if (__builtin_add_overflow(base, offset, &result)) {
        return -EOVERFLOW;
    }
    if (result < 0) {
        return -EINVAL;
    }
    f->position = result;
    return result;
}

static int file_fstat(struct mf_open_file *f, struct stat *st)
{
    mf_node_stat(node_of(f), st);
    return 0;
}

static int file_ftruncate(struct mf_open_file *f, off_t bytes)
{
    return mf_node_truncate(node_of(f), (uint64_t)bytes);
}

static void file_close(struct mf_open_file *f)
{
    mf_node_put(node_of(f));
    free(f);
}

/* Appends one directory entry. Returns its bytes, or 0: no room. `next`: where a listing goes on.
 */
static size_t put_entry(char *to, size_t room, const char *name, size_t name_bytes,
                        const struct mf_node *n, uint64_t next)
{
    const size_t bytes = (offsetof(struct dirent, d_name) + name_bytes + 1 + 7) & ~(size_t)7;
    if (bytes > room) {
        return 0;
    }
    struct dirent *const d = (struct dirent *)(void *)to;
    d->d_ino = (ino_t)n->ino;
    d->d_off = (off_t)next;
    d->d_reclen = (unsigned short)bytes;
    d->d_type = (unsigned char)(n->mode >> 12); /* S_IF* and DT_* correspond */
    memcpy(d->d_name, name, name_bytes);
    d->d_name[name_bytes] = '\0';
    return bytes;
}

/* Positions: 0 is ".", 1 is "..", then come entries from cookie `position` - 1 on. */
static ssize_t directory_getdents(struct mf_open_file *f, void *buffer, size_t bytes)
{
    struct mf_node *const directory = node_of(f);
    const int err = mf_node_fill(directory);
    if (err != 0) {
        return err;
    }
    size_t used = 0, n = 1;
    while (f->position < 2 && n != 0) {
        const struct mf_node *const to =
            f->position == 1 && directory->parent != NULL ? directory->parent : directory;
        n = put_entry((char *)buffer + used, bytes - used, "..", (size_t)f->position + 1, to,
                      (uint64_t)f->position + 1);
        used += n;
        f->position += n != 0;
    }
    for (struct mf_node *c = directory->directory.first; c != NULL && n != 0; c = c->next) {
        if (c->cookie + 1 < (uint64_t)f->position) {
            continue;
        }
        n = put_entry((char *)buffer + used, bytes - used, c->name, c->name_bytes, c,
                      c->cookie + 2);
        used += n;
        if (n != 0) {
            f->position = (off_t)c->cookie + 2;
        }
    }
    return used == 0 && n == 0 ? -EINVAL : (ssize_t)used;
}

static const struct mf_fd_ops file_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .lseek = file_lseek,
    .fstat = file_fstat,
    .ftruncate = file_ftruncate,
    .close = file_close,
};

static const struct mf_fd_ops directory_ops = {
    .lseek = file_lseek,
    .fstat = file_fstat,
    .getdents = directory_getdents,
    .close = file_close,
};

struct mf_node *mf_file_node(int fd)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    return f != NULL && (f->ops == &file_ops || f->ops == &directory_ops) ? node_of(f) : NULL;
}

/* ---- open ---------------------------------------------------------------------------------- */

static int check_node(const struct mf_node *n, uint32_t flags)
{
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return -EEXIST;
    }
    if (S_ISLNK(n->mode)) {
        return (flags & O_DIRECTORY) != 0 ? -ENOTDIR : -ELOOP;
    }
    if (S_ISDIR(n->mode)) {
        const bool writes = (flags & O_ACCMODE) != O_RDONLY || (flags & O_CREAT) != 0;
        return writes ? -EISDIR : 0;
    }
    return (flags & O_DIRECTORY) != 0 ? -ENOTDIR : 0;
}

static int open_node(struct mf_node *n, uint32_t flags, struct mf_open_file **out)
{
    if (S_ISCHR(n->mode)) {
        return n->device->open(n->device, flags, out);
    }
    struct node_file *const f = malloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    const bool is_directory = S_ISDIR(n->mode);
    mf_file_init(&f->file, is_directory ? &directory_ops : &file_ops,
                 (flags & KEPT_FLAGS) | (is_directory ? O_DIRECTORY : 0));
    f->node = mf_node_get(n);
    if ((flags & O_TRUNC) != 0 && (flags & O_ACCMODE) != O_RDONLY) {
        mf_node_truncate(n, 0);
    }
    *out = &f->file;
    return 0;
}

static int open_path(int directory_fd, const char *path, uint32_t flags, mode_t mode)
{
    const bool is_exclusive = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
    const bool follows = (flags & O_NOFOLLOW) == 0 && !is_exclusive;
    struct mf_place place;
    int err = mf_path_find(directory_fd, path, follows ? MF_PATH_FOLLOW : 0, &place);
    if (err != 0) {
        return err;
    }
    struct mf_node *n = place.node;
    if (n != NULL) {
        err = check_node(n, flags);
    } else if ((flags & O_CREAT) == 0) {
        err = -ENOENT;
    } else if (place.wants_directory) {
        err = -EISDIR;
    } else {
        const uint32_t permissions = mode & ~creation_mask & 07777;
        err = mf_node_create(place.directory, place.name, place.name_bytes, S_IFREG | permissions,
                             &n);
    }
    struct mf_open_file *f;
    if (err == 0) {
        err = open_node(n, flags, &f);
    }
    if (err != 0) {
        return err;
    }
    const int fd = mf_fd_install(f, 0, flags);
    if (fd < 0) {
        mf_file_put(f);
    }
    return fd;
}

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return (int)mf_ret(open_path(AT_FDCWD, path, (uint32_t)flags, mode));
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & O_CREAT) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    return (int)mf_ret(open_path(fd, path, (uint32_t)flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}

mode_t umask(mode_t mask)
{
    const mode_t before = creation_mask;
    creation_mask = mask & 0777;
    return before;
}

int getdents(int fd, void *buffer, unsigned int bytes)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || f->ops->getdents == NULL) {
        return (int)mf_ret(f == NULL ? -EBADF : -ENOTDIR);
    }
    return (int)mf_ret(f->ops->getdents(f, buffer, bytes));
}
