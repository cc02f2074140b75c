// SPDX-License-Identifier: Apache-2.0

// Random file operations have the results that Linux gives. The hashes were made by this program
// itself on Linux 6.18 (ext4): gcc -static -D_GNU_SOURCE -Itests/guest/lib -o DIR/model
// tests/guest/rt/file_model.c, then, as root, chroot DIR /model. With a seed as argument it prints
// each operation, for a diff.
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define STEPS 5000
#define FILES 8
#define NAMES_MAX 64

static uint64_t random_state, hash;
static bool shows;
static int fds[FILES];

static unsigned int pick(unsigned int count)
{
    random_state ^= random_state << 13;
    random_state ^= random_state >> 7;
    random_state ^= random_state << 17;
    return (unsigned int)(random_state >> 11) % count;
}

static void log_text(const char *text)
{
    for (const char *c = text; *c != '\0'; c++) {
        hash = (hash ^ (unsigned char)*c) * 1099511628211u;
    }
    if (shows) {
        fputs(text, stdout);
    }
}

static void log_number(long n)
{
    char text[24];
    snprintf(text, sizeof(text), " %ld", n);
    log_text(text);
}

/* By name: numbers differ between systems. */
static const char *error_name(int error)
{
    static const struct {
        int number;
        const char *name;
    } names[] = {
        {ENOENT, "ENOENT"},       {EEXIST, "EEXIST"}, {ENOTDIR, "ENOTDIR"}, {EISDIR, "EISDIR"},
        {ENOTEMPTY, "ENOTEMPTY"}, {EINVAL, "EINVAL"}, {ELOOP, "ELOOP"},     {EBUSY, "EBUSY"},
        {EBADF, "EBADF"},         {ESPIPE, "ESPIPE"},
    };
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (names[i].number == error) {
            return names[i].name;
        }
    }
    return "other error";
}

static void log_result(long result)
{
    if (result < 0) {
        log_text(" ");
        log_text(error_name(errno));
    } else {
        log_number(result);
    }
}

static const char *path(bool may_end_with_slash)
{
    static const char *const names[] = {"a", "b", "c", "d", "l1", "l2", ".", ".."};
    static char buffers[2][64];
    static unsigned int next;
    char *const p = buffers[next++ % 2];
    strcpy(p, pick(6) == 0 ? "/w/" : "");
    const unsigned int depth = 1 + pick(3);
    for (unsigned int i = 0; i < depth; i++) {
        strcat(p, names[pick(pick(4) != 0 ? 6 : 8)]);
        if (i + 1 < depth) {
            strcat(p, pick(8) != 0 ? "/" : "//");
        }
    }
    if (may_end_with_slash && pick(5) == 0) {
        strcat(p, "/");
    }
    log_text(" ");
    log_text(p);
    return p;
}

/* ---- operations ---------------------------------------------------------------------------- */

static void do_open(int *fd)
{
    int flags = (int)pick(3);
    flags |= pick(2) != 0 ? O_CREAT : 0;
    flags |= pick(5) == 0 ? O_EXCL | O_CREAT : 0;
    flags |= pick(4) == 0 && (flags & O_ACCMODE) != O_RDONLY ? O_TRUNC : 0;
    flags |= pick(4) == 0 ? O_APPEND : 0;
    flags |= pick(10) == 0 && (flags & O_CREAT) == 0 ? O_DIRECTORY : 0;
    flags |= pick(8) == 0 ? O_NOFOLLOW : 0;
    if (*fd >= 0) {
        close(*fd);
    }
    *fd = open(path(false), flags, 0666);
    log_result(*fd < 0 ? -1 : 0);
}

static void do_transfer(int fd, bool writes)
{
    char data[300];
    const size_t n = pick(sizeof(data));
    memset(data, 'A' + (int)pick(26), n);
    const ssize_t done = writes ? write(fd, data, n) : read(fd, data, n);
    log_result(done);
    for (ssize_t i = 0; i < done; i += 10) {
        log_number(data[i]);
    }
}

static void do_position(int fd)
{
    struct stat st;
    const off_t offset = (off_t)pick(20000) - 100;
    const int whence = (int)pick(3);
    if (fd < 0 || fstat(fd, &st) != 0 || !S_ISDIR(st.st_mode)) {
        log_result(lseek(fd, offset, whence));
    }
}

static void do_rename(void)
{
    const char *const from = path(false);
    const int r = rename(from, path(false));
    errno = r != 0 && errno == EBUSY ? EINVAL : errno; /* "." and "..": POSIX and Linux differ */
    log_result(r);
}

static void do_symlink(void)
{
    const char *const target = path(false);
    log_result(symlink(target, path(false)));
}

static void do_readlink(void)
{
    char target[64] = "";
    log_result(readlink(path(true), target, sizeof(target) - 1));
    log_text(target);
}

static void do_stat(int fd, unsigned int kind)
{
    struct stat st;
    const int r = kind == 0   ? stat(path(true), &st)
                  : kind == 1 ? lstat(path(true), &st)
                              : fstat(fd, &st);
    log_result(r);
    if (r == 0) {
        log_number((long)st.st_mode);
        log_number(S_ISDIR(st.st_mode) ? 0 : (long)st.st_size);
    }
}

static int compare(const void *a, const void *b)
{
    return strcmp((const char *)a, (const char *)b);
}

/* The root has entries of its own: what the tests make there is a name of path()'s. */
static void do_list(void)
{
    static char names[NAMES_MAX][8];
    size_t count = 0;
    DIR *const d = opendir(path(true));
    log_result(d == NULL ? -1 : 0);
    if (d == NULL) {
        return;
    }
    for (const struct dirent *e; (e = readdir(d)) != NULL && count < NAMES_MAX;) {
        if (strlen(e->d_name) <= 2) {
            memcpy(names[count++], e->d_name, strlen(e->d_name) + 1);
        }
    }
    closedir(d);
    qsort(names, count, sizeof(names[0]), compare);
    for (size_t i = 0; i < count; i++) {
        log_text(" ");
        log_text(names[i]);
    }
}

static void do_where(void)
{
    char where[PATH_MAX];
    if (pick(2) == 0) {
        log_text(getcwd(where, sizeof(where)) != NULL ? where : error_name(errno));
    } else {
        log_text(realpath(path(true), where) != NULL ? where : error_name(errno));
    }
}

static void step(void)
{
    int *const fd = &fds[pick(FILES)];
    const unsigned int operation = pick(24);
    log_number(operation);
    switch (operation) {
    case 0:
    case 1:
    case 2:
        return do_open(fd);
    case 3:
    case 4:
        return do_transfer(*fd, true);
    case 5:
    case 6:
        return do_transfer(*fd, false);
    case 7:
        return do_position(*fd);
    case 8:
        return log_result(ftruncate(*fd, (off_t)pick(10000)));
    case 9:
        return log_result(unlink(path(false)));
    case 10:
    case 11:
        return log_result(mkdir(path(false), 0755));
    case 12:
        return log_result(rmdir(path(false)));
    case 13:
    case 14:
    case 15:
        return do_rename();
    case 16:
        return do_symlink();
    case 17:
        return do_readlink();
    case 18:
        return do_stat(*fd, pick(3));
    case 19:
    case 20:
        return do_list();
    case 21:
        return log_result(chdir(pick(3) == 0 ? "/w" : path(true)));
    case 22:
        return do_where();
    default:
        return log_result(truncate(path(false), (off_t)pick(5000)));
    }
}

static uint64_t run(unsigned int seed)
{
    random_state = 88172645463325252u ^ (seed * 0x9e3779b97f4a7c15u);
    hash = 14695981039346656037u;
    for (int i = 0; i < FILES; i++) {
        fds[i] = -1;
    }
    for (int i = 0; i < STEPS; i++) {
        step();
        log_text("\n");
    }
    for (int i = 0; i < FILES; i++) {
        if (fds[i] >= 0) {
            close(fds[i]);
        }
    }
    return hash;
}

int main(int argc, char **argv)
{
    static const uint64_t expected[] = {0x1a96b766cb4647b1, 0xc9fc69fe7f2a3f5c, 0xa1cd484b46b2a2ee,
                                        0x49a3f68b8d56c527, 0x418c3070e257d0c7, 0x82ec742d6d57fd9c,
                                        0x3ce3e9f365db7643, 0xb97eea47d3ecbef7};
    umask(022);
    mkdir("/w", 0755);
    if (chdir("/w") != 0) {
        return 1;
    }
    if (argc > 1) {
        shows = true;
        run((unsigned int)atoi(argv[1]));
        return 0;
    }
    /* Each run starts with the files that the one before left. */
    for (unsigned int seed = 0; seed < sizeof(expected) / sizeof(expected[0]); seed++) {
        const uint64_t got = run(seed + 1);
        if (!tap_check(got == expected[seed], "%d operations from seed %u", STEPS, seed + 1)) {
            printf("# 0x%016llx\n", (unsigned long long)got);
        }
        chdir("/w");
    }
    return tap_done();
}
