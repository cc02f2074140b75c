/* SPDX-License-Identifier: Apache-2.0 */
/* statfs.c - Linux's statfs(), by statvfs(). */
#include <sys/statfs.h>
#include <sys/statvfs.h>

#define TMPFS_MAGIC 0x01021994

static void convert(struct statfs *to, const struct statvfs *from)
{
    *to = (struct statfs){
        .f_type = TMPFS_MAGIC,
        .f_bsize = (long)from->f_bsize,
        .f_blocks = from->f_blocks,
        .f_bfree = from->f_bfree,
        .f_bavail = from->f_bavail,
        .f_files = from->f_files,
        .f_ffree = from->f_ffree,
        .f_fsid = {{(int)from->f_fsid, (int)(from->f_fsid >> 32)}},
        .f_namelen = (long)from->f_namemax,
        .f_frsize = (long)from->f_frsize,
        .f_flags = (long)from->f_flag,
    };
}

int statfs(const char *path, struct statfs *status)
{
    struct statvfs s;
    if (statvfs(path, &s) != 0) {
        return -1;
    }
    convert(status, &s);
    return 0;
}

int fstatfs(int fd, struct statfs *status)
{
    struct statvfs s;
    if (fstatvfs(fd, &s) != 0) {
        return -1;
    }
    convert(status, &s);
    return 0;
}
