/* SPDX-License-Identifier: Apache-2.0 */
/* named.c - see named.h. */
#include "libc/named.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "family/family.h"
#include "files/open_file.h"

#define HOW (O_RDWR | O_CLOEXEC | O_NOFOLLOW)

/* As in libc/open.c, which need not be there. */
extern const char *const mf_named_links[];
const char *const mf_named_links[] = {&mf_family_server};

/* Gives `fd`, of O_TMPFILE, a name. */
static int name(int fd, const char *path)
{
    char own[] = "/dev/fd/00000";

    for (char *at = own + sizeof(own) - 2; fd != 0; fd /= 10) {
        *at-- = (char)('0' + fd % 10);
    }
    return linkat(AT_FDCWD, own, AT_FDCWD, path, AT_SYMLINK_FOLLOW) == 0 ? 0 : -errno;
}

/* -EEXIST: somebody was faster. */
static int make(const char *path, mode_t mode, int (*fill)(int fd, const void *with),
                const void *with)
{
    const int fd = mf_file_open(AT_FDCWD, MF_NAMED_FOLDER, HOW | O_TMPFILE, mode);
    int err = fd < 0 ? fd : fill(fd, with);

    err = err == 0 ? name(fd, path) : err;
    if (err != 0 && fd >= 0) {
        close(fd);
    }
    return err != 0 ? err : fd;
}

int mf_named_open(const char *path, int flags, mode_t mode, int (*fill)(int fd, const void *with),
                  const void *with, bool *is_new)
{
    const int exclusive = O_CREAT | O_EXCL;

    for (;;) {
        int fd = -ENOENT;
        if ((flags & exclusive) != exclusive) {
            fd = mf_file_open(AT_FDCWD, path, HOW, 0);
        }
        *is_new = fd == -ENOENT && (flags & O_CREAT) != 0;
        if (*is_new) {
            fd = make(path, mode, fill, with);
        }
        if (!*is_new || fd != -EEXIST || (flags & O_EXCL) != 0) {
            return fd;
        }
    }
}

int mf_named_unlink(const char *path)
{
    if (unlink(path) == 0) {
        return 0;
    }
    return errno == EPERM ? -EACCES : -errno; /* of a folder with the sticky bit */
}
