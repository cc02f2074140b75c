/* SPDX-License-Identifier: Apache-2.0 */
/* files_arguments.c - see files.h. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "differ.h"
#include "files.h"

char buffer[70000];
bool is_vague;

long outcome(long value)
{
    if (value >= 0 || !is_vague) {
        return result(value);
    }
    printf(" = an error");
    return value;
}

/* ---- arguments ----------------------------------------------------------------------------------- */

const char *name(void)
{
    static const char *const names[] = {"a", "b", "c", "d", "e", "f"};
    return names[pick(COUNT(names))];
}

static const char *odd_path(void)
{
    static char long_name[NAME_MAX + 2], long_path[5000];
    static const char *const odd[] = {"",     ".",     "..",   "./",     "a/.",      "a/..",
                                      "b/./", "c/../", "a//b", "a/.x",   "../top/b", "./.././top/a",
                                      "a/b/", "..a",   "...",  "a/b/..", "a/../b/."};
    const unsigned int which = pick(COUNT(odd) + 3);

    if (which < COUNT(odd)) {
        return odd[which];
    }
    memset(long_name, 'n', sizeof(long_name) - 1);
    if (which <= COUNT(odd) + 1) {
        long_name[which == COUNT(odd) ? NAME_MAX : NAME_MAX + 1] = '\0';
        return long_name;
    }
    for (size_t i = 0; i + 2 < sizeof(long_path); i += 2) {
        memcpy(long_path + i, "./", 3);
    }
    return long_path; /* PATH_MAX is not the same everywhere: too long for all */
}

/* Of the call's arguments, printed as they are made. */
const char *path(void)
{
    static char paths[4][5100];
    static unsigned int next;
    char *const p = paths[next++ % 4];

    if (one_of(20)) {
        snprintf(p, sizeof(paths[0]), "%s", odd_path());
        is_vague = true;
    } else {
        const unsigned int depth = 1 + (unsigned int)pick(3) * (unsigned int)pick(2);
        p[0] = '\0';
        for (unsigned int i = 0; i < depth; i++) {
            strcat(p, name());
            strcat(p, i + 1 < depth ? "/" : "");
        }
        if (one_of(25) && readlink(p, buffer, 1) < 0) {
            strcat(p, "/");
            is_vague = true;
        }
    }
    printf(" \"%.20s\"", p);
    return p;
}

int number(int n)
{
    printf(" %d", n);
    return n;
}

int fd(void)
{
    return number(one_of(40) ? (int)pick(2) * 100 - 1 : 3 + (int)pick(FDS - 3));
}

int directory(void)
{
    const int at = pick(3) != 0 ? AT_FDCWD : 3 + (int)pick(FDS - 3);
    printf(" %s%d", at == AT_FDCWD ? "CWD" : "", at == AT_FDCWD ? 0 : at);
    return at;
}

mode_t mode(void)
{
    static const mode_t modes[] = {0,     0777,  0644,  0600, 0400, 0111,
                                   04755, 02711, 01777, 0444, 0070, 0007};
    const mode_t m = modes[pick(COUNT(modes))];
    printf(" 0%o", (unsigned int)m);
    return m;
}

off_t position(void)
{
    static const off_t odd[] = {-1, INT64_MIN, -4096};
    off_t o = (off_t)pick(one_of(3) ? 9000 : 200);
    if (one_of(30)) {
        o = odd[pick(COUNT(odd))];
    }
    printf(" @%lld", (long long)o);
    is_vague = is_vague || o < 0;
    return o;
}

size_t length(void)
{
    const size_t bytes = one_of(8) ? pick(70000) : pick(300) * (size_t)(pick(8) != 0);
    printf(" %zu", bytes);
    return bytes;
}

size_t fill(void)
{
    const size_t bytes = length();
    memset(buffer, 'A' + (int)pick(26), bytes);
    return bytes;
}

unsigned int hash(const char *bytes, long count)
{
    unsigned int h = 17;
    for (long i = 0; i < count; i++) {
        h = h * 31 + (unsigned char)bytes[i];
    }
    return h;
}

void contents(long bytes)
{
    if (bytes > 0) {
        printf(" [%x]", hash(buffer, bytes));
    }
}

int open_flags(void)
{
    static const struct {
        int flag;
        const char *name;
        unsigned int rarity;
    } flags[] = {
        {O_CREAT, "CREAT", 2},     {O_EXCL, "EXCL", 6},         {O_TRUNC, "TRUNC", 6},
        {O_APPEND, "APPEND", 5},   {O_DIRECTORY, "DIR", 10},    {O_NOFOLLOW, "NOFOLLOW", 8},
        {O_CLOEXEC, "CLOEXEC", 8}, {O_NONBLOCK, "NONBLOCK", 1}, {O_SYNC, "SYNC", 12},
    };
    static const int accesses[] = {O_RDONLY, O_WRONLY, O_RDWR, O_RDWR};
    int chosen = accesses[pick(4)];

    printf(" %d", chosen == O_RDONLY ? 0 : chosen == O_WRONLY ? 1 : 2);
    for (unsigned int i = 0; i < COUNT(flags); i++) {
        if (one_of(flags[i].rarity)) {
            chosen |= flags[i].flag;
            printf("|%s", flags[i].name);
        }
    }
    return chosen;
}

struct timespec time_of(void)
{
    static const long parts[] = {0, 999999999, 123456789, 1000000000, -5, UTIME_OMIT, UTIME_OMIT};
    const unsigned int which = pick(one_of(5) ? 7 : 3);
    printf(" t%u", which);
    return (struct timespec){1000000000 + (time_t)pick(9), parts[which]};
}

/* ---- what is printed of files ---------------------------------------------------------------------- */

void show_stat(const struct stat *s)
{
    printf(" mode 0%o links %ld of %d:%d", (unsigned int)s->st_mode, (long)s->st_nlink,
           (int)s->st_uid, (int)s->st_gid);
    if (!S_ISDIR(s->st_mode)) {
        printf(" size %lld", (long long)s->st_size);
    }
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names of a directory in order. Frees nothing of `list`. */
unsigned int listing(const char *folder, char *list[], unsigned int room)
{
    unsigned int count = 0;
    DIR *const d = opendir(folder);

    for (struct dirent *e; d != NULL && count < room && (e = readdir(d)) != NULL;) {
        list[count++] = strdup(e->d_name);
    }
    if (d != NULL) {
        closedir(d);
    }
    qsort(list, count, sizeof(list[0]), by_name);
    return count;
}

static void show_file(const char *at, const struct stat *s)
{
    long bytes = 0;

    if (S_ISREG(s->st_mode)) {
        const int file = open(at, O_RDONLY);
        unsigned int h = 0;
        for (int i = 0; i < 4 && (bytes = read(file, buffer, sizeof(buffer))) > 0; i++) {
            h ^= hash(buffer, bytes);
        }
        close(file);
        printf(" [%x]", h);
    } else if (S_ISLNK(s->st_mode)) {
        bytes = readlink(at, buffer, sizeof(buffer));
        printf(" -> %.*s", (int)bytes, buffer);
    }
}

void show_tree(const char *folder, int depth)
{
    char *list[300];
    const unsigned int count = listing(folder, list, COUNT(list));

    for (unsigned int i = 0; i < count; i++) {
        char at[PATH_MAX];
        struct stat s;
        snprintf(at, sizeof(at), "%s/%s", folder, list[i]);
        const bool is_child = strcmp(list[i], ".") != 0 && strcmp(list[i], "..") != 0;
        free(list[i]);
        if (is_child && lstat(at, &s) == 0) {
            printf("  %.60s", at);
            show_stat(&s);
            show_file(at, &s);
            printf("\n");
            if (S_ISDIR(s.st_mode) && depth < 30) {
                show_tree(at, depth + 1);
            }
        }
    }
}
