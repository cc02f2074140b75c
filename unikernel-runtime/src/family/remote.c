/* SPDX-License-Identifier: Apache-2.0 */
/*
 * remote.c - the open files of a child: each is a number in the table that the owner has for it. What
 * is shared by all who have inherited an open file, position and flags, is there; here are only the
 * flags that say what may be done with it at all.
 */
#include "family/remote.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "fd/fd_internal.h"

static int number_of(const struct mf_open_file *f)
{
    return ((const struct mf_node_file *)f)->lock;
}

/* ---- operations ------------------------------------------------------------------------------- */

/* -1: the file's own position, which is with the owner. */
static int64_t position_of(const struct mf_open_file *f, const off_t *position)
{
    return position == &f->position ? -1 : *position;
}

void mf_remote_copy(const struct iovec *iov, int iov_count, size_t skip, char *data, size_t bytes,
                    bool into_buffer)
{
    for (int i = 0; i < iov_count && bytes != 0; i++) {
        if (skip >= iov[i].iov_len) {
            skip -= iov[i].iov_len;
            continue;
        }
        char *const at = (char *)iov[i].iov_base + skip;
        const size_t n = iov[i].iov_len - skip < bytes ? iov[i].iov_len - skip : bytes;
        memcpy(into_buffer ? data : at, into_buffer ? at : data, n);
        data += n;
        bytes -= n;
        skip = 0;
    }
}

struct transfer {
    struct mf_open_file *file;
    const struct iovec *iov;
    int iov_count;
    bool writes;
    int64_t start; /* position; -1: the file's own */
};

/* `bytes` from byte `done` of the vector on. */
static int64_t transfer_piece(const struct transfer *t, size_t done, size_t bytes)
{
    char *data;
    struct mf_files_call *const c =
        mf_family_begin(t->writes ? MF_FAMILY_WRITE : MF_FAMILY_READ, &data);
    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = number_of(t->file);
    c->args[1] = (int64_t)bytes;
    c->args[2] = t->start < 0 ? -1 : t->start + (int64_t)done;
    if (t->writes) {
        mf_remote_copy(t->iov, t->iov_count, done, data, bytes, true);
    }
    const int64_t n = mf_family_ask(c);
    if (!t->writes && n > 0 && (uint64_t)n <= bytes) {
        mf_remote_copy(t->iov, t->iov_count, done, data, (size_t)n, false);
    }
    mf_family_end(c);
    return n > (int64_t)bytes ? -EIO : n;
}

static ssize_t transfer(const struct transfer *t, off_t *position)
{
    const size_t all = (size_t)mf_iov_bytes(t->iov, t->iov_count);
    size_t done = 0;

    while (done < all) {
        const size_t left = all - done;
        const size_t bytes = left < MF_FILES_BUFFER_BYTES ? left : MF_FILES_BUFFER_BYTES;
        const int64_t n = transfer_piece(t, done, bytes);
        if (n < 0) {
            return done != 0 ? (ssize_t)done : (ssize_t)n;
        }
        done += (size_t)n;
        if ((size_t)n < bytes) {
            break;
        }
    }
    if (t->start >= 0) {
        *position += (off_t)done;
    }
    return (ssize_t)done;
}

static ssize_t remote_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                            off_t *position)
{
    const struct transfer t = {f, iov, iov_count, false, position_of(f, position)};
    return transfer(&t, position);
}

static ssize_t remote_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                             off_t *position)
{
    const struct transfer t = {f, iov, iov_count, true, position_of(f, position)};
    return transfer(&t, position);
}

static off_t remote_lseek(struct mf_open_file *f, off_t offset, int whence)
{
    return mf_family_call(MF_FAMILY_SEEK, number_of(f), offset, whence);
}

static int remote_ftruncate(struct mf_open_file *f, off_t bytes)
{
    return (int)mf_family_call(MF_FAMILY_FTRUNCATE, number_of(f), bytes, 0);
}

ssize_t mf_remote_get(uint32_t op, int64_t file, void *to, size_t bytes)
{
    char *data;
    struct mf_files_call *const c = mf_family_begin(op, &data);
    if (c == NULL) {
        return -EIO;
    }
    c->args[0] = file;
    c->args[1] = (int64_t)bytes;
    const int64_t r = mf_family_ask(c);
    const size_t n = op == MF_FAMILY_LIST && r >= 0 && (uint64_t)r < bytes ? (size_t)r : bytes;
    if (r >= 0) {
        memcpy(to, data, n);
    }
    mf_family_end(c);
    return r;
}

static int remote_fstat(struct mf_open_file *f, struct stat *st)
{
    return (int)mf_remote_get(MF_FAMILY_FSTAT, number_of(f), st, sizeof(*st));
}

static ssize_t remote_getdents(struct mf_open_file *f, void *buffer, size_t bytes)
{
    return mf_remote_get(MF_FAMILY_LIST, number_of(f), buffer,
                         bytes < MF_FILES_BUFFER_BYTES ? bytes : MF_FILES_BUFFER_BYTES);
}

static void remote_close(struct mf_open_file *f)
{
    (void)mf_family_call(MF_FAMILY_CLOSE, number_of(f), 0, 0);
    free(f);
}

static const struct mf_fd_ops remote_file_ops = {
    .readv = remote_readv,
    .writev = remote_writev,
    .lseek = remote_lseek,
    .fstat = remote_fstat,
    .ftruncate = remote_ftruncate,
    .close = remote_close,
};

static const struct mf_fd_ops remote_directory_ops = {
    .lseek = remote_lseek,
    .fstat = remote_fstat,
    .getdents = remote_getdents,
    .close = remote_close,
};

/* ---- which they are ---------------------------------------------------------------------------- */

int mf_family_file(const struct mf_open_file *f)
{
    return f != NULL && (f->ops == &remote_file_ops || f->ops == &remote_directory_ops)
               ? number_of(f)
               : -1;
}

int mf_family_file_of(int fd)
{
    const struct mf_open_file *const f = mf_fd_peek(fd);
    const int number = mf_family_file(f);
    return f == NULL ? -EBADF : number < 0 ? -EINVAL : number;
}

static const struct mf_fd_ops *remote_ops(uint32_t flags)
{
    return (flags & O_DIRECTORY) != 0 ? &remote_directory_ops : &remote_file_ops;
}

/* What is behind its pointer to a node stays as it is: to free it would cost pages. */
void mf_family_convert_files(void)
{
    for (int fd = 0; fd < mf_fds.count; fd++) {
        struct mf_open_file *const f = mf_fds.slots[fd].file;
        if (f != NULL && mf_file_has_node(f)) {
            f->ops = f->ops == &mf_directory_ops ? &remote_directory_ops : &remote_file_ops;
            ((struct mf_node_file *)f)->lock = fd;
        }
    }
}

int mf_remote_install(int number, uint32_t flags, uint32_t descriptor_flags)
{
    struct mf_node_file *const f = malloc(sizeof(*f));
    if (f == NULL) {
        (void)mf_family_call(MF_FAMILY_CLOSE, number, 0, 0);
        return -ENOMEM;
    }
    mf_file_init(&f->file, remote_ops(flags), flags);
    f->node = NULL;
    f->lock = number;
    const int fd = mf_fd_install(&f->file, 0, descriptor_flags);
    if (fd < 0) {
        mf_file_put(&f->file);
    }
    return fd;
}
