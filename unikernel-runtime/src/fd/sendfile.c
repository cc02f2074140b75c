/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sendfile.c - sendfile(2). The bytes go through a buffer: reading a file of the RAM file system is
 * one copy, without a hypercall, so there is nothing to save but that copy.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <sys/sendfile.h>

#include "fd/fd_internal.h"
#include "files/own.h"

#define BUFFER_BYTES 32768u

/* Moves up to `bytes` bytes from *position on. Returns how many, or a negative errno number. */
static ssize_t move(struct mf_open_file *out, struct mf_open_file *in, off_t *position,
                    size_t bytes, char *buffer)
{
    size_t done = 0;

    while (done < bytes) {
        const size_t left = bytes - done;
        off_t at = *position;
        struct iovec iov = {buffer, left < BUFFER_BYTES ? left : BUFFER_BYTES};
        ssize_t r = in->ops->readv(in, &iov, 1, &at);
        if (r > 0) {
            iov.iov_len = (size_t)r;
            r = out->ops->writev(out, &iov, 1, &out->position);
        }
        if (r <= 0) {
            return done > 0 ? (ssize_t)done : r;
        }
        done += (size_t)r;
        *position += r;
        if ((size_t)r < iov.iov_len) {
            break; /* the receiver is full */
        }
    }
    return (ssize_t)done;
}

static ssize_t send_file(struct mf_open_file *out, struct mf_open_file *in, off_t *offset,
                         size_t bytes)
{
    if (out == NULL || in == NULL || (in->flags & O_ACCMODE) == O_WRONLY ||
        (out->flags & O_ACCMODE) == O_RDONLY) {
        return -EBADF;
    }
    if (in->ops->readv == NULL || in->ops->lseek == NULL || out->ops->writev == NULL ||
        (out->flags & O_APPEND) != 0 || (offset != NULL && *offset < 0)) {
        return -EINVAL;
    }
    char *const buffer = malloc(bytes < BUFFER_BYTES ? bytes + 1 : BUFFER_BYTES);
    if (buffer == NULL) {
        return -ENOMEM;
    }
    const ssize_t r = move(out, in, offset != NULL ? offset : &in->position, bytes, buffer);
    free(buffer);
    return r;
}

ssize_t mf_own_sendfile(int out, int in, off_t *offset, size_t bytes)
{
    struct mf_open_file *const to = mf_fd_get(out), *const from = mf_fd_get(in);
    const ssize_t r = send_file(to, from, offset, bytes);

    mf_file_put(to);
    mf_file_put(from);
    return mf_ret(r);
}
ssize_t sendfile(int out, int in, off_t *offset, size_t bytes) MF_OWN(sendfile);
