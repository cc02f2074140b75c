/* SPDX-License-Identifier: Apache-2.0 */
/*
 * ftw.c - nftw() and ftw() (POSIX.1-2008). A directory's entries are read before the first of them is
 * visited, so one descriptor is enough at any depth. There is one file system: FTW_MOUNT is idle.
 */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct walk {
    int (*fn)(const char *, const struct stat *, int, struct FTW *);
    int (*old_fn)(const char *, const struct stat *, int);
    int flags;
    char path[PATH_MAX];
};

static int visit(struct walk *w, size_t bytes, int level);

static int call(struct walk *w, const struct stat *st, int type, int base, int level)
{
    struct FTW position = {.base = base, .level = level};
    return w->fn != NULL ? w->fn(w->path, st, type, &position) : w->old_fn(w->path, st, type);
}

static int select_entry(const struct dirent *e)
{
    return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0;
}

static int visit_entry(struct walk *w, size_t bytes, const char *name, int level)
{
    const size_t name_bytes = strlen(name), slash = bytes == 0 || w->path[bytes - 1] != '/';
    if (bytes + slash + name_bytes >= PATH_MAX) {
        errno = ENAMETOOLONG;
        return -1;
    }
    w->path[bytes] = '/';
    memcpy(w->path + bytes + slash, name, name_bytes + 1);
    const int result = visit(w, bytes + slash + name_bytes, level);
    w->path[bytes] = '\0';
    return result;
}

static int visit_entries(struct walk *w, size_t bytes, int level)
{
    struct dirent **entries;
    const int count = scandir(w->path, &entries, select_entry, NULL);
    int result = count < 0 ? -1 : 0;
    for (int i = 0; i < count; i++) {
        if (result == 0) {
            result = visit_entry(w, bytes, entries[i]->d_name, level + 1);
        }
        free(entries[i]);
    }
    if (count >= 0) {
        free(entries);
    }
    return result;
}

/* What w->path is. Returns -1 with errno set for an error that ends the walk. */
static int classify(const struct walk *w, struct stat *st)
{
    const bool is_physical = (w->flags & FTW_PHYS) != 0;
    if ((is_physical ? lstat(w->path, st) : stat(w->path, st)) != 0) {
        if (!is_physical && errno == ENOENT && lstat(w->path, st) == 0) {
            return w->fn != NULL ? FTW_SLN : FTW_SL;
        }
        return errno == EACCES ? FTW_NS : -1;
    }
    if (S_ISDIR(st->st_mode)) {
        return access(w->path, R_OK) == 0 ? FTW_D : FTW_DNR;
    }
    return S_ISLNK(st->st_mode) ? FTW_SL : FTW_F;
}

/* Calls for the entries from within the directory they are in. */
static int call_there(struct walk *w, const struct stat *st, int type, int base, int level)
{
    if ((w->flags & FTW_CHDIR) == 0 || base == 0) {
        return call(w, st, type, base, level);
    }
    const int here = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    const char last = w->path[base];
    w->path[base] = '\0';
    int result = here < 0 ? -1 : chdir(w->path);
    w->path[base] = last;
    if (result == 0) {
        result = call(w, st, type, base, level);
        if (fchdir(here) != 0) {
            result = -1;
        }
    }
    if (here >= 0) {
        close(here);
    }
    return result;
}

static int visit(struct walk *w, size_t bytes, int level)
{
    struct stat st = {0};
    const char *const slash = strrchr(w->path, '/');
    const int base = slash == NULL || slash[1] == '\0' ? 0 : (int)(slash + 1 - w->path);
    const int type = classify(w, &st);
    if (type < 0) {
        return -1;
    }
    if (type != FTW_D) {
        return call_there(w, &st, type, base, level);
    }
    const bool is_after = (w->flags & FTW_DEPTH) != 0;
    int result = is_after ? 0 : call_there(w, &st, FTW_D, base, level);
    if (result == 0) {
        result = visit_entries(w, bytes, level);
    }
    return result != 0 || !is_after ? result : call_there(w, &st, FTW_DP, base, level);
}

static int start(const char *path, struct walk *w, int descriptors)
{
    const size_t bytes = strlen(path);
    if (bytes >= PATH_MAX || bytes == 0 || descriptors < 1) {
        errno = bytes == 0 ? ENOENT : bytes >= PATH_MAX ? ENAMETOOLONG : EINVAL;
        return -1;
    }
    memcpy(w->path, path, bytes + 1);
    return visit(w, bytes, 0);
}

int nftw(const char *path, int (*fn)(const char *, const struct stat *, int, struct FTW *),
         int descriptors, int flags)
{
    struct walk w = {.fn = fn, .flags = flags};
    return start(path, &w, descriptors);
}

int ftw(const char *path, int (*fn)(const char *, const struct stat *, int), int descriptors)
{
    struct walk w = {.old_fn = fn};
    return start(path, &w, descriptors);
}
