/* SPDX-License-Identifier: Apache-2.0 */
/*
 * queues.c - message queues of programs that fork: each is a file in /dev/shm, mapped shared by all that
 * have it open. Who may do what is said in its head, as its access is not that of the file: who may only
 * receive changes it, too.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "family/family.h"
#include "fd/fd_internal.h"
#include "fd/queue.h"
#include "files/packed.h"
#include "libc/named.h"

#define PREFIX MF_NAMED_FOLDER "mq."
#define PATH_BYTES (sizeof(PREFIX) + MF_NAME_MAX)

/* `name` begins with a slash, and is not too long but for the prefix: that, the file system says. */
static const char *path_of(const char *name, char path[PATH_BYTES])
{
    strcpy(stpcpy(path, PREFIX), name + 1);
    return path;
}

static int fill(int fd, const void *with)
{
    const struct mf_queue *const head = with;
    const bool ok = fchmod(fd, 0666) == 0 && ftruncate(fd, (off_t)mf_queue_bytes(head)) == 0 &&
                    pwrite(fd, head, sizeof(*head), 0) == (ssize_t)sizeof(*head);
    return ok ? 0 : errno == EFBIG ? -ENOSPC : -errno;
}

static int map(int fd, struct mf_queue **out)
{
    struct stat st;

    if (fstat(fd, &st) != 0 || st.st_size <= (off_t)sizeof(**out)) {
        return -EACCES; /* somebody else's file */
    }
    *out = mmap(NULL, (size_t)st.st_size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    return *out == MAP_FAILED ? -errno : 0;
}

static int open_queue(const char *name, int flags, const struct mf_queue *head,
                      struct mf_queue **out)
{
    char path[PATH_BYTES];
    bool is_new;

    const int fd = mf_named_open(path_of(name, path), flags, 0666, fill, head, &is_new);
    if (fd < 0) {
        return fd;
    }
    const int err = map(fd, out);
    close(fd);
    if (err != 0 && is_new) {
        (void)mf_named_unlink(path);
    }
    return err == 0 ? is_new : err == -ENOMEM ? -ENOSPC : err;
}

static void close_queue(struct mf_queue *q)
{
    munmap(q, mf_queue_bytes(q));
}

static int unlink_queue(const char *name)
{
    char path[PATH_BYTES];
    return mf_named_unlink(path_of(name, path));
}

const struct mf_queue_store mf_family_queues = {
    .open = open_queue, .close = close_queue, .unlink = unlink_queue};
