/* SPDX-License-Identifier: Apache-2.0 */
/* open_file.c - opening, reading, writing and listing what is open. Only FIFOs block. */
#include "files/open_file.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "fd/fd_internal.h"
#include "files/device.h"
#include "files/lock.h"
#include "files/own.h"
#include "files/path.h"

#define KEPT_FLAGS (O_ACCMODE | O_APPEND | O_NONBLOCK | O_SYNC | O_DIRECTORY)

int getdents(int fd, void *buffer, unsigned int bytes);

static struct mf_node *node_of(struct mf_open_file *f)
{
    return ((struct mf_node_file *)f)->node;
}

/* ---- operations ---------------------------------------------------------------------------- */

static ssize_t file_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *position)
{
    ssize_t total = 0;
    mf_node_touch_access(node_of(f));
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
    if (mf_iov_bytes(iov, iov_count) == 0) {
        return 0; /* "and have no other results" */
    }
    if ((f->flags & O_APPEND) != 0 && position == &f->position) { /* not pwrite() */
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
    case SEEK_DATA:
    case SEEK_HOLE:
        if (!S_ISREG(n->mode)) {
            return -EINVAL;
        }
        offset = offset < 0 ? -ENXIO : mf_node_seek(n, (uint64_t)offset, whence == SEEK_DATA);
        if (offset < 0) {
            return offset;
        }
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

int mf_file_fstat(struct mf_open_file *f, struct stat *st)
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
    struct mf_node_file *const file = (struct mf_node_file *)f;
    mf_file_lock(file->node, &file->lock, 0, true);
    mf_node_put(file->node);
    free(file);
}

/* Appends one directory entry. Returns its bytes, or 0: no room. `next`: where a listing goes
 * on. */
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
    const int err = mf_entry_fill(directory);
    if (err != 0) {
        return err;
    }
    size_t used = 0, n = 1;
    while (f->position < 2 && n != 0) {
        const struct mf_node *const to = f->position == 1 ? mf_node_parent(directory) : directory;
        n = put_entry((char *)buffer + used, bytes - used, "..", (size_t)f->position + 1, to,
                      (uint64_t)f->position + 1);
        used += n;
        f->position += n != 0;
    }
    mf_node_touch_access(directory);
    if (n == 0) {
        return used == 0 ? -EINVAL : (ssize_t)used;
    }
    struct mf_entry *e = mf_entry_at(directory, (uint64_t)f->position - 1);
    for (; e != NULL && n != 0; e = n != 0 ? e->next : e) {
        n = put_entry((char *)buffer + used, bytes - used, e->name, e->name_bytes, e->node,
                      e->cookie + 2);
        used += n;
        if (n != 0) {
            f->position = (off_t)e->cookie + 2;
        }
    }
    directory->directory.cursor = e; /* NULL: the next listing starts at the first */
    return used == 0 && n == 0 ? -EINVAL : (ssize_t)used;
}

const struct mf_fd_ops mf_file_ops = {
    .readv = file_readv,
    .writev = file_writev,
    .lseek = file_lseek,
    .fstat = mf_file_fstat,
    .ftruncate = file_ftruncate,
    .close = file_close,
};

const struct mf_fd_ops mf_directory_ops = {
    .lseek = file_lseek,
    .fstat = mf_file_fstat,
    .getdents = directory_getdents,
    .close = file_close,
};

struct mf_node *mf_file_node(int fd)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    return f != NULL && f->ops->fstat == mf_file_fstat ? node_of(f) : NULL; /* FIFOs, too */
}

/* ---- open ---------------------------------------------------------------------------------- */

static int rights_for(uint32_t flags)
{
    const uint32_t access = flags & O_ACCMODE;
    return (access != O_WRONLY ? R_OK : 0) |
           (access != O_RDONLY || (flags & O_TRUNC) != 0 ? W_OK : 0);
}

static int check_node(const struct mf_node *n, uint32_t flags)
{
    if ((flags & O_CREAT) != 0 && (flags & O_EXCL) != 0) {
        return -EEXIST;
    }
    if (S_ISLNK(n->mode)) {
        return (flags & O_DIRECTORY) != 0 ? -ENOTDIR : -ELOOP;
    }
    if (S_ISSOCK(n->mode)) {
        return -ENXIO;
    }
    if (S_ISDIR(n->mode)) {
        const bool writes = (flags & (O_ACCMODE | O_CREAT | O_TRUNC)) != O_RDONLY;
        return writes ? -EISDIR : mf_node_check(n, rights_for(flags));
    }
    return (flags & O_DIRECTORY) != 0 ? -ENOTDIR : mf_node_check(n, rights_for(flags));
}

static int open_node(struct mf_node *n, uint32_t flags, struct mf_open_file **out)
{
    if (S_ISCHR(n->mode)) {
        return n->device->open(n->device, flags, out);
    }
    if (S_ISFIFO(n->mode)) {
        return n->fifo.open(n, flags, out);
    }
    struct mf_node_file *const f = malloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    const bool is_directory = S_ISDIR(n->mode);
    mf_file_init(&f->file, is_directory ? &mf_directory_ops : &mf_file_ops,
                 (flags & KEPT_FLAGS) | (is_directory ? O_DIRECTORY : 0));
    f->node = mf_node_get(n);
    f->lock = 0;
    if ((flags & O_TRUNC) != 0 && S_ISREG(n->mode)) {
        mf_node_truncate(n, 0);
    }
    *out = &f->file;
    return 0;
}

static int install(struct mf_node *n, uint32_t flags)
{
    struct mf_open_file *f;
    const int err = open_node(n, flags, &f);
    if (err != 0) {
        return err;
    }
    const int fd = mf_fd_install(f, 0, flags);
    if (fd < 0) {
        mf_file_put(f);
    }
    return fd;
}

/* A file that has no name and vanishes when it is closed. */
static int open_unnamed(int directory_fd, const char *path, uint32_t flags, mode_t mode)
{
    struct mf_node *directory;
    int err = mf_path_node(directory_fd, path, MF_PATH_FOLLOW, &directory);
    if (err == 0) {
        err = !S_ISDIR(directory->mode)         ? -ENOTDIR
              : (flags & O_ACCMODE) == O_RDONLY ? -EINVAL
                                                : mf_path_check_writable(directory);
    }
    if (err != 0) {
        return err;
    }
    struct mf_node *const n = mf_node_new(S_IFREG | (mode & ~mf_creation_mask & 07777));
    const int fd = n == NULL ? -ENOMEM : install(n, flags & ~(uint32_t)O_DIRECTORY);
    mf_node_put(n);
    return fd;
}

int mf_own_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode)
{
    const bool makes_folder = (flags & O_CREAT) != 0 && (flags & O_DIRECTORY) != 0;
    int err = (flags & O_ACCMODE) == O_ACCMODE || makes_folder ? -EINVAL : mf_fd_check_free();
    if (err != 0) {
        return err;
    }
    const int same = mf_path_descriptor(path);
    if (same >= 0) {
        struct mf_open_file *const f = mf_fd_get(same);
        const int fd = f == NULL ? -ENOENT : mf_fd_install(f, 0, flags);
        if (fd < 0) {
            mf_file_put(f);
        }
        return fd;
    }
    if ((flags & O_TMPFILE) != 0) {
        return open_unnamed(directory_fd, path, flags, mode);
    }
    const bool is_exclusive = (flags & O_CREAT) != 0 && (flags & O_EXCL) != 0;
    const bool follows = (flags & O_NOFOLLOW) == 0 && !is_exclusive;
    struct mf_place place;
    err = mf_path_find(directory_fd, path, follows ? MF_PATH_FOLLOW : 0, &place);
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
        err = mf_path_make_at(&place, S_IFREG | (mode & ~mf_creation_mask & 07777), &n);
        flags &= ~(uint32_t)O_TRUNC;
    }
    return err != 0 ? err : install(n, flags);
}
int mf_file_open(int directory_fd, const char *path, uint32_t flags, mode_t mode) MF_OWN(file_open);

mode_t umask(mode_t mask)
{
    const mode_t before = mf_creation_mask;
    mf_creation_mask = mask & 0777;
    return before;
}

/* ---- of what is open ----------------------------------------------------------------------- */

int getdents(int fd, void *buffer, unsigned int bytes)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || f->ops->getdents == NULL) {
        return (int)mf_ret(f == NULL ? -EBADF : -ENOTDIR);
    }
    return (int)mf_ret(f->ops->getdents(f, buffer, bytes));
}

int mf_own_flock(int fd, int operation)
{
    const int wanted = operation & ~LOCK_NB;
    struct mf_open_file *const f = mf_fd_get(fd);
    if (f == NULL) {
        return (int)mf_ret(-EBADF);
    }
    int err = -EINVAL;
    const bool is_known = wanted == LOCK_SH || wanted == LOCK_EX || wanted == LOCK_UN;
    if (is_known && mf_file_has_node(f)) {
        struct mf_node_file *const file = (struct mf_node_file *)f;
        err = mf_file_lock(file->node, &file->lock, wanted == LOCK_UN ? 0 : wanted,
                           (operation & LOCK_NB) != 0);
    }
    mf_file_put(f);
    return (int)mf_ret(err);
}
int flock(int fd, int operation) MF_OWN(flock);

int mf_own_posix_fallocate(int fd, off_t offset, off_t bytes)
{
    struct mf_open_file *const f = mf_fd_peek(fd);
    if (f == NULL || offset < 0 || bytes <= 0) {
        return f == NULL ? EBADF : EINVAL;
    }
    if ((f->flags & O_ACCMODE) == O_RDONLY) {
        return EBADF;
    }
    if (f->ops != &mf_file_ops) {
        return f->ops->lseek == NULL ? ESPIPE : ENODEV;
    }
    return -mf_node_allocate(node_of(f), (uint64_t)offset, (uint64_t)bytes);
}
int posix_fallocate(int fd, off_t offset, off_t bytes) MF_OWN(posix_fallocate);
