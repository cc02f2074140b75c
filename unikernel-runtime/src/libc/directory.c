/* SPDX-License-Identifier: Apache-2.0 */
/*
 * directory.c - directory streams. In place of newlib's, whose telldir() keeps a table that only
 * grows and whose scandir() guesses from the size of a directory.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUFFER_BYTES 4096

int getdents(int fd, void *buffer, unsigned int bytes);

/* ---- streams ------------------------------------------------------------------------------- */

/* Takes over `fd`, which is a directory. NULL: no memory; then it stays the caller's. */
static DIR *new_stream(int fd)
{
    DIR *const d = malloc(sizeof(*d) + BUFFER_BYTES);
    if (d == NULL) {
        return NULL;
    }
    *d = (DIR){.dd_fd = fd,
               .dd_buf = (char *)(d + 1),
               .dd_len = BUFFER_BYTES,
               .dd_position = lseek(fd, 0, SEEK_CUR)};
    __lock_init_recursive(d->dd_lock);
    return d;
}

DIR *opendir(const char *path)
{
    const int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *const d = fd < 0 ? NULL : new_stream(fd);
    if (fd >= 0 && d == NULL) {
        close(fd);
        errno = ENOMEM;
    }
    return d;
}

DIR *fdopendir(int fd)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return NULL;
    }
    if (!S_ISDIR(st.st_mode)) {
        errno = ENOTDIR;
        return NULL;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    return new_stream(fd);
}

int closedir(DIR *d)
{
    const int fd = d->dd_fd;
    __lock_close_recursive(d->dd_lock);
    free(d);
    return close(fd);
}

int dirfd(DIR *d)
{
    return d->dd_fd;
}

/* The next entry, in the buffer; NULL: the end (errno as it was), or an error. */
static struct dirent *next_entry(DIR *d)
{
    if (d->dd_loc >= d->dd_size) {
        d->dd_size = getdents(d->dd_fd, d->dd_buf, (unsigned int)d->dd_len);
        d->dd_loc = 0;
        if (d->dd_size <= 0) {
            d->dd_size = 0;
            return NULL;
        }
    }
    struct dirent *const e = (struct dirent *)(void *)(d->dd_buf + d->dd_loc);
    d->dd_loc += e->d_reclen;
    d->dd_position = e->d_off;
    return e;
}

struct dirent *readdir(DIR *d)
{
    __lock_acquire_recursive(d->dd_lock);
    struct dirent *const e = next_entry(d);
    __lock_release_recursive(d->dd_lock);
    return e;
}

int readdir_r(DIR *restrict d, struct dirent *restrict to, struct dirent **restrict result)
{
    const int before = errno;
    errno = 0;
    __lock_acquire_recursive(d->dd_lock);
    const struct dirent *const e = next_entry(d);
    if (e != NULL) {
        memcpy(to, e, offsetof(struct dirent, d_name) + strlen(e->d_name) + 1);
    }
    __lock_release_recursive(d->dd_lock);
    *result = e != NULL ? to : NULL;
    const int error = e != NULL ? 0 : errno;
    errno = before;
    return error;
}

long telldir(DIR *d)
{
    return d->dd_position;
}

void seekdir(DIR *d, long position)
{
    __lock_acquire_recursive(d->dd_lock);
    d->dd_loc = d->dd_size = 0;
    d->dd_position = lseek(d->dd_fd, position, SEEK_SET);
    __lock_release_recursive(d->dd_lock);
}

void rewinddir(DIR *d)
{
    seekdir(d, 0);
}

/* ---- all of a directory -------------------------------------------------------------------- */

typedef int compare_fn(const struct dirent **a, const struct dirent **b);

struct list {
    struct dirent **entries;
    size_t count, capacity;
};

static int append(struct list *l, const struct dirent *e)
{
    if (l->count == l->capacity) {
        const size_t more = l->capacity == 0 ? 16 : l->capacity * 2;
        struct dirent **const entries = realloc(l->entries, more * sizeof(struct dirent *));
        if (entries == NULL) {
            return -1;
        }
        l->entries = entries;
        l->capacity = more;
    }
    struct dirent *const copy = malloc(e->d_reclen);
    if (copy == NULL) {
        return -1;
    }
    l->entries[l->count++] = memcpy(copy, e, e->d_reclen);
    return 0;
}

static void free_list(struct list *l)
{
    while (l->count != 0) {
        free(l->entries[--l->count]);
    }
    free(l->entries);
}

int scandir(const char *path, struct dirent ***entries, int (*select)(const struct dirent *e),
            compare_fn *compare)
{
    struct list l = {0};
    DIR *const d = opendir(path);
    if (d == NULL) {
        return -1;
    }
    const int before = errno;
    const struct dirent *e;
    int result = 0;
    errno = 0;
    while (result == 0 && (e = readdir(d)) != NULL) {
        if (select == NULL || select(e) != 0) {
            result = append(&l, e);
        }
        errno = result == 0 ? 0 : ENOMEM;
    }
    const int error = errno;
    closedir(d);
    if (error != 0) {
        free_list(&l);
        errno = error;
        return -1;
    }
    errno = before;
    if (compare != NULL && l.count > 1) {
        qsort(l.entries, l.count, sizeof(struct dirent *),
              (int (*)(const void *, const void *))(uintptr_t)compare);
    }
    if (l.entries == NULL) { /* an array all the same, that the caller may free */
        l.entries = malloc(sizeof(struct dirent *));
    }
    *entries = l.entries;
    return l.entries == NULL ? -1 : (int)l.count;
}

int alphasort(const struct dirent **a, const struct dirent **b)
{
    return strcoll((*a)->d_name, (*b)->d_name);
}
