/* SPDX-License-Identifier: Apache-2.0 */
/* shm.c - POSIX shared memory objects: files in /dev/shm. */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "fd/fd.h"
#include "files/packed.h"

#define SHM_FOLDER "/dev/shm"

static int shm_path(const char *name, char path[sizeof(SHM_FOLDER) + MF_NAME_MAX + 1])
{
    const char *const rest = name + strspn(name, "/");
    const size_t bytes = strlen(rest);
    if (strlen(name) >= PATH_MAX || (bytes > MF_NAME_MAX && strchr(rest, '/') == NULL)) {
        return -ENAMETOOLONG;
    }
    if (bytes == 0 || strchr(rest, '/') != NULL || strcmp(rest, ".") == 0 ||
        strcmp(rest, "..") == 0) {
        return -EINVAL;
    }
    memcpy(path, SHM_FOLDER "/", sizeof(SHM_FOLDER));
    memcpy(path + sizeof(SHM_FOLDER), rest, bytes + 1);
    return 0;
}

int shm_open(const char *name, int flags, mode_t mode)
{
    char path[sizeof(SHM_FOLDER) + MF_NAME_MAX + 1];
    const int err = shm_path(name, path);
    return err != 0 ? (int)mf_ret(err) : open(path, flags | O_CLOEXEC | O_NOFOLLOW, mode);
}

int shm_unlink(const char *name)
{
    char path[sizeof(SHM_FOLDER) + MF_NAME_MAX + 1];
    const int err = shm_path(name, path);
    if (err != 0 || unlink(path) == 0) {
        return (int)mf_ret(err);
    }
    return (int)mf_ret(errno == EPERM ? -EACCES : -errno); /* of a folder with the sticky bit */
}
