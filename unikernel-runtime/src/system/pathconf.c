/* SPDX-License-Identifier: Apache-2.0 */
/* pathconf.c - limits of files, and strings of the configuration (POSIX.1-2008). */
#include <errno.h>
#include <limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "files/node.h"

/* The same everywhere: there is one file system. */
static long limit(int name)
{
    switch (name) {
    case _PC_LINK_MAX:
        return MF_LINK_MAX;
    case _PC_NAME_MAX:
        return MF_NAME_MAX;
    case _PC_PATH_MAX:
    case _PC_SYMLINK_MAX:
        return PATH_MAX;
    case _PC_PIPE_BUF:
        return PIPE_BUF;
    case _PC_MAX_CANON:
    case _PC_MAX_INPUT:
        return 255;
    case _PC_FILESIZEBITS:
        return 42;
    case _PC_CHOWN_RESTRICTED:
    case _PC_NO_TRUNC:
    case _PC_2_SYMLINKS:
    case _PC_SYNC_IO:
        return 1;
    case _PC_VDISABLE:
        return 0;
    case _PC_ALLOC_SIZE_MIN:
    case _PC_REC_MIN_XFER_SIZE:
    case _PC_REC_XFER_ALIGN:
        return MF_CHUNK_BYTES;
    case _PC_TIMESTAMP_RESOLUTION: /* ns */
        return 1;
    case _PC_ASYNC_IO:
    case _PC_PRIO_IO:
    case _PC_REC_INCR_XFER_SIZE:
    case _PC_REC_MAX_XFER_SIZE:
        return -1;
    default:
        errno = EINVAL;
        return -1;
    }
}

long pathconf(const char *path, int name)
{
    struct stat st;
    return stat(path, &st) != 0 ? -1 : limit(name);
}

long fpathconf(int fd, int name)
{
    struct stat st;
    return fstat(fd, &st) != 0 ? -1 : limit(name);
}

size_t confstr(int name, char *buffer, size_t bytes)
{
    static const char path[] = "/bin:/usr/bin";
    if (name != _CS_PATH) {
        errno = EINVAL;
        return 0;
    }
    if (bytes != 0) {
        strlcpy(buffer, path, bytes);
    }
    return sizeof(path);
}
