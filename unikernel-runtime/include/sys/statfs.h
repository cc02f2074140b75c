/* SPDX-License-Identifier: Apache-2.0 */
/* sys/statfs.h - space and kind of a file system, as Linux has it. */
#pragma once

#include <sys/cdefs.h>
#include <sys/types.h>

typedef struct {
    int __val[2];
} fsid_t;

struct statfs {
    long f_type;  /* TMPFS_MAGIC of Linux: files are in memory */
    long f_bsize; /* bytes; unit of the blocks */
    fsblkcnt_t f_blocks;
    fsblkcnt_t f_bfree;
    fsblkcnt_t f_bavail;
    fsfilcnt_t f_files;
    fsfilcnt_t f_ffree;
    fsid_t f_fsid;
    long f_namelen;
    long f_frsize;
    long f_flags; /* ST_* of <sys/statvfs.h> */
};

__BEGIN_DECLS
int fstatfs(int fd, struct statfs *status);
int statfs(const char *path, struct statfs *status);
__END_DECLS
