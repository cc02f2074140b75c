/* SPDX-License-Identifier: Apache-2.0 */
/* fcntl.h - newlib's, and what POSIX has more. */
#pragma once

#include_next <fcntl.h>

#define O_DSYNC O_SYNC
#define O_RSYNC O_SYNC

#if __GNU_VISIBLE
#define O_TMPFILE 0x800000
#endif

#define POSIX_FADV_NORMAL 0
#define POSIX_FADV_RANDOM 1
#define POSIX_FADV_SEQUENTIAL 2
#define POSIX_FADV_WILLNEED 3
#define POSIX_FADV_DONTNEED 4
#define POSIX_FADV_NOREUSE 5

__BEGIN_DECLS
int posix_fadvise(int fd, off_t offset, off_t bytes, int advice);
int posix_fallocate(int fd, off_t offset, off_t bytes);
__END_DECLS
