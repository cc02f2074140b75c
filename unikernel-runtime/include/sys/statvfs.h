/* SPDX-License-Identifier: Apache-2.0 */
/* sys/statvfs.h - space of a file system (POSIX.1-2008). */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

#define ST_RDONLY 1
#define ST_NOSUID 2

struct statvfs {
    unsigned long f_bsize;
    unsigned long f_frsize; /* bytes; unit of the blocks */
    fsblkcnt_t f_blocks;
    fsblkcnt_t f_bfree;
    fsblkcnt_t f_bavail;
    fsfilcnt_t f_files;
    fsfilcnt_t f_ffree;
    fsfilcnt_t f_favail;
    unsigned long f_fsid;
    unsigned long f_flag;
    unsigned long f_namemax;
};

__BEGIN_DECLS
int fstatvfs(int fd, struct statvfs *status);
int statvfs(const char *__restrict path, struct statvfs *__restrict status);
__END_DECLS
