/* SPDX-License-Identifier: Apache-2.0 */
/*
 * open.c - open(), openat(), creat(); and, because it is linked into programs that open files only,
 * what dom0's requests about files need. Without it the file system is not in the image.
 */
#include <fcntl.h>
#include <stdarg.h>

#include "family/family.h"
#include "fd/fd_internal.h"
#include "files/open_file.h"
#include "service/service.h"
#include "thread/thread.h"

int (*const mf_service_of_files)(struct mf_service_job *) = mf_service_carry_out;

/*
 * Only fork() uses it, if it is there: this, which nothing uses, has it taken from the library into
 * programs that open files, and fork() find none in others.
 */
extern const char *const mf_open_links[];
const char *const mf_open_links[] = {&mf_family_server};

int open(const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    mf_thread_test_cancel();
    return (int)mf_ret(mf_file_open(AT_FDCWD, path, (uint32_t)flags, mode));
}

int openat(int fd, const char *path, int flags, ...)
{
    va_list ap;
    va_start(ap, flags);
    const mode_t mode = (flags & (O_CREAT | O_TMPFILE)) != 0 ? va_arg(ap, mode_t) : 0;
    va_end(ap);
    mf_thread_test_cancel();
    return (int)mf_ret(mf_file_open(fd, path, (uint32_t)flags, mode));
}

int creat(const char *path, mode_t mode)
{
    return open(path, O_WRONLY | O_CREAT | O_TRUNC, mode);
}
