/* SPDX-License-Identifier: Apache-2.0 */
/*
 * named_semaphore.c - POSIX semaphores with names: files in /dev/shm that are mapped shared, so that
 * they have an owner and rights, and all processes that share the files have them. A program that
 * opens one again gets the same address.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <semaphore.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fd/fd.h"
#include "libc/named.h"

#define PREFIX MF_NAMED_FOLDER "sem."
#define PATH_BYTES (sizeof(PREFIX) + NAME_MAX)

/* A semaphore that this process has open. */
struct opened {
    struct opened *next;
    sem_t *semaphore;
    unsigned int count;
};

static struct opened *all_opened;

static sem_t *fails(int err)
{
    errno = err;
    return SEM_FAILED;
}

/* The file's name. Returns 0 or an errno number. */
static int path_of(const char *name, char path[PATH_BYTES])
{
    const char *const rest = name + strspn(name, "/");

    if (rest == name || *rest == '\0' || strchr(rest, '/') != NULL) {
        return EINVAL;
    }
    if (strlen(rest) > NAME_MAX - strlen("sem.")) {
        return ENAMETOOLONG;
    }
    strcpy(stpcpy(path, PREFIX), rest);
    return 0;
}

static struct opened **find(const sem_t *s)
{
    struct opened **link = &all_opened;
    while (*link != NULL && (*link)->semaphore != s) {
        link = &(*link)->next;
    }
    return link;
}

/* Counts that `s`, which is mapped, is open once more. */
static sem_t *count(sem_t *s)
{
    struct opened *o = *find(s);

    if (o != NULL) {
        munmap(s, sizeof(*s)); /* it is there once already */
        o->count++;
        return s;
    }
    o = malloc(sizeof(*o));
    if (o == NULL) {
        munmap(s, sizeof(*s));
        return fails(ENOMEM);
    }
    *o = (struct opened){.next = all_opened, .semaphore = s, .count = 1};
    all_opened = o;
    return s;
}

/* Closes `fd`. */
static sem_t *map(int fd)
{
    struct stat st;
    void *at = MAP_FAILED;
    int err = fstat(fd, &st) != 0 ? errno : 0;

    if (err == 0 && st.st_size < (off_t)sizeof(sem_t)) {
        err = EINVAL;
    }
    if (err == 0) {
        at = mmap(NULL, sizeof(sem_t), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
        err = at == MAP_FAILED ? errno : 0;
    }
    close(fd);
    return err == 0 ? count(at) : fails(err);
}

static int fill(int fd, const void *value)
{
    const sem_t semaphore = {.__value = *(const unsigned int *)value, .__reserved = 1};
    const ssize_t bytes = write(fd, &semaphore, sizeof(semaphore));

    return bytes == (ssize_t)sizeof(semaphore) ? 0 : bytes < 0 ? -errno : -ENOSPC;
}

sem_t *sem_open(const char *name, int flags, ...)
{
    char path[PATH_BYTES];
    va_list arguments;
    mode_t mode = 0;
    unsigned int value = 0;
    bool is_new;

    if ((flags & O_CREAT) != 0) {
        va_start(arguments, flags);
        mode = va_arg(arguments, mode_t);
        value = va_arg(arguments, unsigned int);
        va_end(arguments);
    }
    const int err = path_of(name, path);
    if (err != 0 || value > SEM_VALUE_MAX) {
        return fails(err != 0 ? err : EINVAL);
    }
    const int fd = mf_named_open(path, flags, mode, fill, &value, &is_new);
    return fd < 0 ? fails(-fd) : map(fd);
}

int sem_close(sem_t *s)
{
    struct opened **const link = find(s);
    struct opened *const o = *link;

    if (o == NULL) {
        errno = EINVAL;
        return -1;
    }
    if (--o->count == 0) {
        *link = o->next;
        free(o);
        munmap(s, sizeof(*s));
    }
    return 0;
}

int sem_unlink(const char *name)
{
    char path[PATH_BYTES];
    const int err = path_of(name, path);

    return (int)mf_ret(err == 0 ? mf_named_unlink(path) : err == EINVAL ? -ENOENT : -err);
}
