/* SPDX-License-Identifier: Apache-2.0 */
/*
 * fts.c - <fts.h>. The working directory stays what it is (as with FTS_NOCHDIR), so fts_accpath is fts_path. A
 * folder's entries are read when it has been returned; of one chain of folders at a time entries are in memory.
 */
#include <dirent.h>
#include <errno.h>
#include <fts.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* What is behind an entry's name, and its path behind that. */
static FTSENT *make_entry(FTSENT *parent, const char *folder, size_t folder_bytes, const char *name)
{
    const size_t name_bytes = strlen(name);
    const size_t slash = folder_bytes > 0 && folder[folder_bytes - 1] != '/' ? 1 : 0;
    const size_t stat_at = (sizeof(FTSENT) + name_bytes + 15) & ~(size_t)15;
    FTSENT *const e =
        (FTSENT *)calloc(1, stat_at + sizeof(struct stat) + folder_bytes + slash + name_bytes + 1);
    if (e == NULL) {
        return NULL;
    }
    e->fts_statp = (struct stat *)(void *)((char *)e + stat_at);
    e->fts_path = e->fts_accpath = (char *)(e->fts_statp + 1);
    memcpy(e->fts_name, name, name_bytes + 1);
    memcpy(e->fts_path, folder, folder_bytes);
    e->fts_path[folder_bytes] = '/';
    memcpy(e->fts_path + folder_bytes + slash, name, name_bytes + 1);
    e->fts_namelen = (unsigned short)name_bytes;
    e->fts_pathlen = (unsigned short)(folder_bytes + slash + name_bytes);
    e->fts_parent = parent;
    e->fts_level = (short)(parent->fts_level + 1);
    e->fts_instr = FTS_NOINSTR;
    return e;
}

static void free_list(FTSENT *e)
{
    while (e != NULL) {
        FTSENT *const next = e->fts_link;
        free(e);
        e = next;
    }
}

/* The folder above that `e` is, too: a symbolic link led back. */
static FTSENT *find_cycle(const FTSENT *e)
{
    FTSENT *p = e->fts_parent;
    while (p->fts_level >= FTS_ROOTLEVEL &&
           (p->fts_ino != e->fts_ino || p->fts_dev != e->fts_dev)) {
        p = p->fts_parent;
    }
    return p->fts_level >= FTS_ROOTLEVEL ? p : NULL;
}

static short classify(const FTS *walk, FTSENT *e, bool is_followed)
{
    struct stat *const st = e->fts_statp;
    const bool is_logical =
        is_followed || (walk->fts_options & FTS_LOGICAL) != 0 ||
        ((walk->fts_options & FTS_COMFOLLOW) != 0 && e->fts_level == FTS_ROOTLEVEL);
    if ((is_logical ? stat(e->fts_path, st) : lstat(e->fts_path, st)) != 0) {
        e->fts_errno = errno;
        if (is_logical && lstat(e->fts_path, st) == 0) {
            e->fts_errno = 0;
            return FTS_SLNONE;
        }
        memset(st, 0, sizeof(*st));
        return FTS_NS;
    }
    e->fts_ino = st->st_ino;
    e->fts_dev = st->st_dev;
    e->fts_nlink = st->st_nlink;
    if (S_ISDIR(st->st_mode)) {
        if (e->fts_level > FTS_ROOTLEVEL && e->fts_name[0] == '.' &&
            (e->fts_name[1] == '\0' || strcmp(e->fts_name, "..") == 0)) {
            return FTS_DOT;
        }
        e->fts_cycle = find_cycle(e);
        return e->fts_cycle != NULL ? FTS_DC : FTS_D;
    }
    return S_ISLNK(st->st_mode) ? FTS_SL : S_ISREG(st->st_mode) ? FTS_F : FTS_DEFAULT;
}

static int (*sort_by)(const FTSENT **, const FTSENT **);

static int compare(const void *left, const void *right)
{
    return sort_by((const FTSENT **)(uintptr_t)left, (const FTSENT **)(uintptr_t)right);
}

static FTSENT *sort(const FTS *walk, FTSENT *list, size_t count)
{
    FTSENT **const all = walk->fts_compar != NULL && count > 1
                             ? (FTSENT **)reallocarray(NULL, count, sizeof(FTSENT *))
                             : NULL;
    if (all == NULL) {
        return list;
    }
    for (size_t i = 0; i < count; i++, list = list->fts_link) {
        all[i] = list;
    }
    sort_by = walk->fts_compar;
    qsort(all, count, sizeof(FTSENT *), compare);
    FTSENT *const first = all[0];
    for (size_t i = 0; i < count; i++) {
        all[i]->fts_link = i + 1 < count ? all[i + 1] : NULL;
    }
    free(all);
    return first;
}

/* The entries of a folder as a list. NULL with errno 0: there are none. */
static FTSENT *read_folder(const FTS *walk, FTSENT *folder)
{
    DIR *const d = opendir(folder->fts_path);
    FTSENT *list = NULL, **last = &list;
    size_t count = 0;
    if (d == NULL) {
        return NULL;
    }
    errno = 0;
    for (const struct dirent *e = readdir(d); e != NULL; e = readdir(d)) {
        const bool is_dot = strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0;
        if (is_dot && (walk->fts_options & FTS_SEEDOT) == 0) {
            continue;
        }
        *last = make_entry(folder, folder->fts_path, folder->fts_pathlen, e->d_name);
        if (*last == NULL) {
            break;
        }
        (*last)->fts_info = classify(walk, *last, false);
        last = &(*last)->fts_link;
        count++;
        errno = 0;
    }
    const int error = errno;
    closedir(d);
    if (error != 0) {
        free_list(list);
        list = NULL;
    }
    errno = error;
    return sort(walk, list, count);
}

/* Only the last part of its path, but for the sorting. */
static void name_root(FTSENT *e)
{
    const char *const slash = strrchr(e->fts_name, '/');
    if (slash != NULL && slash[1] != '\0') {
        e->fts_namelen = (unsigned short)strlen(slash + 1);
        memmove(e->fts_name, slash + 1, (size_t)e->fts_namelen + 1);
    }
}

FTS *fts_open(char *const *paths, int options,
              int (*compare_entries)(const FTSENT **, const FTSENT **))
{
    const int ways = options & (FTS_LOGICAL | FTS_PHYSICAL);
    if (ways == 0 || ways == (FTS_LOGICAL | FTS_PHYSICAL) || *paths == NULL) {
        errno = EINVAL;
        return NULL;
    }
    FTS *const walk = (FTS *)calloc(1, sizeof(*walk));
    FTSENT *const above = (FTSENT *)calloc(1, sizeof(*above)), **last = &walk->fts_child;
    size_t count = 0;
    if (walk == NULL || above == NULL) {
        free(walk);
        free(above);
        return NULL;
    }
    *walk = (FTS){
        .fts_options = options | FTS_NOCHDIR, .fts_compar = compare_entries, .fts_cur = above};
    above->fts_level = FTS_ROOTPARENTLEVEL;
    above->fts_info = FTS_INIT;
    for (; *paths != NULL; paths++, count++) {
        *last = make_entry(above, "", 0, *paths);
        if (*last == NULL) {
            fts_close(walk);
            return NULL;
        }
        (*last)->fts_info = classify(walk, *last, false);
        last = &(*last)->fts_link;
    }
    walk->fts_child = sort(walk, walk->fts_child, count);
    for (FTSENT *e = walk->fts_child; e != NULL; e = e->fts_link) {
        name_root(e);
    }
    return walk;
}

/* Returns the one that comes next: in the list that `e` is in, or its parent, a second time. */
static FTSENT *leave(FTS *walk, FTSENT *e)
{
    FTSENT *const parent = e->fts_parent, *next = e->fts_link;
    free(e);
    if (next == NULL) {
        next = parent;
        next->fts_info = next->fts_errno != 0 ? FTS_ERR : FTS_DP;
    }
    walk->fts_cur = next;
    return next;
}

/* Into the folder that was returned last. NULL: there is nothing in it, or it cannot be read. */
static FTSENT *enter(FTS *walk, FTSENT *folder)
{
    if (walk->fts_child == NULL) {
        walk->fts_child = read_folder(walk, folder);
        if (walk->fts_child == NULL) {
            folder->fts_errno = errno;
            folder->fts_info = errno != 0 ? FTS_DNR : FTS_DP;
            return NULL;
        }
    }
    walk->fts_cur = walk->fts_child;
    walk->fts_child = NULL;
    return walk->fts_cur;
}

/* The next one, before what the program wants of it is looked at. NULL: the end. */
static FTSENT *advance(FTS *walk)
{
    FTSENT *e = walk->fts_cur;
    if (e->fts_info == FTS_INIT) {
        return enter(walk, e);
    }
    const bool is_other = (walk->fts_options & FTS_XDEV) != 0 && e->fts_dev != walk->fts_dev;
    if (e->fts_info == FTS_D && e->fts_instr != FTS_SKIP && !is_other) {
        FTSENT *const inner = enter(walk, e);
        return inner != NULL ? inner : e;
    }
    if (e->fts_info == FTS_D) { /* not entered, but left */
        free_list(walk->fts_child);
        walk->fts_child = NULL;
        e->fts_info = FTS_DP;
        return e;
    }
    e = leave(walk, e);
    return e->fts_level == FTS_ROOTPARENTLEVEL ? NULL : e;
}

FTSENT *fts_read(FTS *walk)
{
    FTSENT *e = walk->fts_cur;
    if (e == NULL) {
        return NULL;
    }
    const int wanted = e->fts_instr;
    if (wanted == FTS_AGAIN ||
        (wanted == FTS_FOLLOW && (e->fts_info == FTS_SL || e->fts_info == FTS_SLNONE))) {
        e->fts_instr = FTS_NOINSTR;
        e->fts_info = classify(walk, e, wanted == FTS_FOLLOW);
        return e;
    }
    const FTSENT *const before = e;
    do {
        e = advance(walk);
        if (e == NULL) {
            free(walk->fts_cur);
            walk->fts_cur = NULL;
            errno = 0;
            return NULL;
        }
        if (e != before && e->fts_instr == FTS_FOLLOW) {
            e->fts_instr = FTS_NOINSTR;
            e->fts_info = classify(walk, e, true);
        }
    } while (e != before && e->fts_instr == FTS_SKIP && e->fts_info != FTS_DP);
    e->fts_instr = FTS_NOINSTR;
    if (e->fts_level == FTS_ROOTLEVEL) {
        walk->fts_dev = e->fts_dev;
    }
    return e;
}

FTSENT *fts_children(FTS *walk, int options)
{
    FTSENT *const e = walk->fts_cur;
    if (e == NULL || (options != 0 && options != FTS_NAMEONLY)) {
        errno = e == NULL ? 0 : EINVAL;
        return NULL;
    }
    errno = 0;
    if (e->fts_info == FTS_D && walk->fts_child == NULL) {
        walk->fts_child = read_folder(walk, e);
    }
    return walk->fts_child;
}

int fts_set(FTS *walk, FTSENT *entry, int instruction)
{
    (void)walk;
    if (instruction != 0 && (instruction < FTS_AGAIN || instruction > FTS_SKIP)) {
        errno = EINVAL;
        return 1;
    }
    entry->fts_instr = (unsigned short)instruction;
    return 0;
}

int fts_close(FTS *walk)
{
    FTSENT *e = walk->fts_cur;
    free_list(walk->fts_child);
    while (e != NULL) {
        FTSENT *const parent = e->fts_parent;
        free_list(e);
        e = parent;
    }
    free(walk);
    return 0;
}
