/* SPDX-License-Identifier: Apache-2.0 */
/* diskfile.c - see diskfile.h. */
#include "diskfile.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "alloc.h"
#include "manifest.h"
#include "report.h"

#define SIZE_MIN (4ull << 20) /* of a store of dom0's */

/* A new file is complete or is not there. */
static int make_file(const char *path, uint64_t bytes)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    int status = fd < 0 ? -1 : ftruncate(fd, (off_t)bytes);
    const int error = errno;
    if (fd >= 0 && close(fd) != 0) {
        status = -1;
    }
    if (status != 0) {
        report_error("cannot make the disk %s: %s", path, strerror(error));
        if (fd >= 0) {
            unlink(path);
        }
    }
    return status;
}

static int check_file(const char *path, uint64_t bytes)
{
    struct stat about;
    if (stat(path, &about) == 0 && S_ISDIR(about.st_mode)) {
        report_error("the disk %s is a folder: a disk is a file", path);
        return -1;
    }
    if (access(path, R_OK | W_OK) == 0) {
        return 0;
    }
    if (errno != ENOENT) {
        report_error("cannot use the disk %s: %s", path, strerror(errno));
        return -1;
    }
    if (bytes == 0) {
        report_error("there is no disk %s: to have it made, say how large it is to be, like "
                     "`--disk %s:256M`",
                     path, path);
        return -1;
    }
    return make_file(path, bytes);
}

char *diskfile_open(const char *text, bool create)
{
    char *path = alloc_copy(text);
    char *colon = strrchr(path, ':');
    uint64_t bytes = colon == NULL ? 0 : manifest_parse_size(colon + 1);

    if (bytes != 0) {
        *colon = '\0';
    }
    if (colon != NULL && bytes == 0 && access(path, F_OK) != 0) {
        report_error("`--disk %s`: `%s` is not a size: write one like 256M", text, colon + 1);
    } else if (path[0] == '\0' || (bytes != 0 && bytes < SIZE_MIN)) {
        report_error("`--disk %s`: expected FILE or FILE:SIZE, with a size of 4M at least", text);
    } else if (!create || check_file(path, bytes) == 0) {
        return path;
    }
    free(path);
    return NULL;
}
