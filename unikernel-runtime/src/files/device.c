/* SPDX-License-Identifier: Apache-2.0 */
/* device.c - null, zero, full, the random devices, and names for the console. */
#include "files/device.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>

#include "files/console.h"

static ssize_t null_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *pos)
{
    (void)f, (void)iov, (void)iov_count, (void)pos;
    return 0;
}

static ssize_t null_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *pos)
{
    (void)f, (void)pos;
    return mf_iov_bytes(iov, iov_count);
}

static ssize_t full_writev(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                           off_t *pos)
{
    (void)f, (void)pos;
    return mf_iov_bytes(iov, iov_count) == 0 ? 0 : -ENOSPC;
}

static ssize_t zero_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                          off_t *pos)
{
    (void)f, (void)pos;
    for (int i = 0; i < iov_count; i++) {
        memset(iov[i].iov_base, 0, iov[i].iov_len);
    }
    return mf_iov_bytes(iov, iov_count);
}

static ssize_t random_readv(struct mf_open_file *f, const struct iovec *iov, int iov_count,
                            off_t *pos)
{
    (void)f, (void)pos;
    for (int i = 0; i < iov_count; i++) {
        getrandom(iov[i].iov_base, iov[i].iov_len, 0);
    }
    return mf_iov_bytes(iov, iov_count);
}

static int device_fstat(struct mf_open_file *f, struct stat *st)
{
    (void)f;
    *st = (struct stat){.st_mode = S_IFCHR | 0666, .st_nlink = 1, .st_blksize = 4096};
    return 0;
}

static void device_close(struct mf_open_file *f)
{
    free(f);
}

static off_t device_lseek(struct mf_open_file *f, off_t offset, int whence)
{
    (void)f, (void)offset, (void)whence;
    return 0;
}

static const struct mf_fd_ops null_ops = {.readv = null_readv,
                                          .writev = null_writev,
                                          .fstat = device_fstat,
                                          .lseek = device_lseek,
                                          .close = device_close};
static const struct mf_fd_ops zero_ops = {.readv = zero_readv,
                                          .writev = null_writev,
                                          .fstat = device_fstat,
                                          .lseek = device_lseek,
                                          .close = device_close};
static const struct mf_fd_ops full_ops = {.readv = zero_readv,
                                          .writev = full_writev,
                                          .fstat = device_fstat,
                                          .lseek = device_lseek,
                                          .close = device_close};
static const struct mf_fd_ops random_ops = {.readv = random_readv,
                                            .writev = null_writev,
                                            .fstat = device_fstat,
                                            .lseek = device_lseek,
                                            .close = device_close};

static int open_plain(const struct mf_device *d, uint32_t flags, struct mf_open_file **out)
{
    struct mf_open_file *const f = malloc(sizeof(*f));
    if (f == NULL) {
        return -ENOMEM;
    }
    mf_file_init(f, d->ops, flags & (O_ACCMODE | O_NONBLOCK));
    *out = f;
    return 0;
}

static int open_console(const struct mf_device *d, uint32_t flags, struct mf_open_file **out)
{
    (void)d, (void)flags;
    *out = mf_file_get(&mf_console.file);
    return 0;
}

const struct mf_device mf_devices[] = {
    {"console", open_console, NULL},
    {"tty", open_console, NULL},
    {"stdin", open_console, NULL},
    {"stdout", open_console, NULL},
    {"stderr", open_console, NULL},
    {"null", open_plain, &null_ops},
    {"zero", open_plain, &zero_ops},
    {"random", open_plain, &random_ops},
    {"urandom", open_plain, &random_ops},
    {"full", open_plain, &full_ops},
    {NULL, NULL, NULL},
};
