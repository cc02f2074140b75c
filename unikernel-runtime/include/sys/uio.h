/* SPDX-License-Identifier: Apache-2.0 */
/* sys/uio.h - reads and writes of several buffers (POSIX.1-2008). */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

#define UIO_MAXIOV 1024

#ifndef IOV_MAX
#define IOV_MAX UIO_MAXIOV
#endif

struct iovec {
    void *iov_base;
    size_t iov_len;
};

__BEGIN_DECLS
ssize_t preadv(int fd, const struct iovec *buffers, int count, off_t offset);
ssize_t pwritev(int fd, const struct iovec *buffers, int count, off_t offset);
ssize_t readv(int fd, const struct iovec *buffers, int count);
ssize_t writev(int fd, const struct iovec *buffers, int count);
__END_DECLS
