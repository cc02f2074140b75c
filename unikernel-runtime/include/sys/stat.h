/* SPDX-License-Identifier: Apache-2.0 */
/* sys/stat.h - newlib's, and what it declares for other targets only. */
#pragma once

#include_next <sys/stat.h>

#define UTIME_NOW (-2L)
#define UTIME_OMIT (-1L)

__BEGIN_DECLS
int lstat(const char *__restrict path, struct stat *__restrict status);
int mknod(const char *path, mode_t mode, dev_t device);
__END_DECLS
