/* SPDX-License-Identifier: Apache-2.0 */
/*
 * files.c - random calls about files in a small tree, see differ.h. Every 50 steps the whole tree is
 * printed. All paths lead into the working directory (or to its parent by "..").
 */
#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/uio.h>
#include <unistd.h>

#include "differ.h"
#include "files.h"

static void do_open(void)
{
    const int at = directory();
    const char *const p = path();
    const int flags = open_flags();
    const long f = outcome(openat(at, p, flags, mode()));
    if (f >= FDS) {
        close((int)f);
    }
}

/* With no, or few descriptors left: then nothing is made, emptied, or lost. */
static void do_full(void)
{
    struct rlimit before;
    getrlimit(RLIMIT_NOFILE, &before);
    const struct rlimit low = {3 + (rlim_t)pick(8), before.rlim_max};

    printf(" below %d", (int)low.rlim_cur);
    setrlimit(RLIMIT_NOFILE, &low);
    do_open();
    setrlimit(RLIMIT_NOFILE, &before);
}

static void do_close(void)
{
    outcome(close(fd()));
}

static void do_read(void)
{
    const int f = fd();
    contents(outcome(read(f, buffer, length())));
}

static void do_write(void)
{
    struct stat s;
    const int f = fd();
    const size_t bytes = fill();
    const bool is_file =
        fstat(f, &s) != 0 || S_ISREG(s.st_mode); /* what fits into a FIFO differs */
    outcome(write(f, buffer, is_file || bytes < 100 ? bytes : 100));
}

static void do_pread(void)
{
    const int f = fd();
    const size_t bytes = length();
    contents(outcome(pread(f, buffer, bytes, position())));
}

/* Then Linux' pwrite() appends, against POSIX. */
static bool appends(int f)
{
    const int flags = fcntl(f, F_GETFL);
    return flags >= 0 && (flags & O_APPEND) != 0;
}

static void do_pwrite(void)
{
    const int f = fd();
    const size_t bytes = fill();
    const off_t at = position();
    if (!appends(f)) {
        outcome(pwrite(f, buffer, bytes, at));
    }
}

static void do_vectors(void)
{
    struct iovec v[4];
    const int f = fd(), count = number(1 + (int)pick(4)), which = number((int)pick(4));

    for (int i = 0; i < 4; i++) {
        v[i] = (struct iovec){buffer + 1000 * i, pick(1000)};
    }
    if (one_of(20)) {
        v[0].iov_len = SIZE_MAX / 2 + 1;
        is_vague = true;
    }
    memset(buffer, 'a' + (int)pick(26), 4000);
    if (which == 0) {
        outcome(readv(f, v, count));
    } else if (which == 1) {
        outcome(writev(f, v, count));
    } else if (which == 2) {
        outcome(preadv(f, v, count, position()));
    } else if (!appends(f)) {
        outcome(pwritev(f, v, count, position()));
    }
}

static void do_lseek(void)
{
    static const int origins[] = {SEEK_SET, SEEK_CUR, SEEK_END, 77};
    const int f = fd();
    const off_t to = one_of(3) ? -position() : position();
    const unsigned int which = pick(COUNT(origins) - (pick(10) != 0));
    printf(" origin %u", which);
    is_vague = is_vague || which == 3;
    /* Where directories' positions are is each system's own. */
    struct stat s;
    if (fstat(f, &s) != 0 || !S_ISDIR(s.st_mode)) {
        outcome(lseek(f, to, origins[which]));
    }
}

static void do_truncate(void)
{
    const off_t bytes = position();
    outcome(one_of(2) ? truncate(path(), bytes) : ftruncate(fd(), bytes));
}

static void do_rename(void)
{
    const int from = directory();
    const char *const old = path();
    const int to = directory();
    outcome(renameat(from, old, to, path()));
}

static void do_link(void)
{
    const int from = directory();
    const char *const old = path();
    const int to = directory();
    const char *const new = path();
    if (geteuid() != 0) { /* whose files a user may link is a setting of Linux */
        return;
    }
    outcome(linkat(from, old, to, new, number((int)pick(3)) == 0 ? AT_SYMLINK_FOLLOW : 0));
}

static void do_symlink(void)
{
    const char *const target = path();
    const int at = directory();
    if (target[0] != '\0' && target[strlen(target) - 1] == '/') {
        return;
    }
    outcome(symlinkat(target, at, path()));
}

static void do_readlink(void)
{
    const int at = directory();
    const char *const p = path();
    contents(outcome(readlinkat(at, p, buffer, length())));
}

static void do_unlink(void)
{
    const int at = directory();
    const char *const p = path();
    outcome(unlinkat(at, p, number((int)pick(4)) == 0 ? AT_REMOVEDIR : 0));
}

static void do_mkdir(void)
{
    const int at = directory();
    const char *const p = path();
    outcome(mkdirat(at, p, mode()));
}

static void do_rmdir(void)
{
    outcome(one_of(6) ? remove(path()) : rmdir(path()));
}

static void do_mkfifo(void)
{
    const int at = directory();
    const char *const p = path();
    outcome(mkfifoat(at, p, mode()));
}

static void do_list(void)
{
    char *list[300];
    const char *const p = path();
    errno = 0;
    const unsigned int count = listing(p, list, COUNT(list));
    printf(" %s:", error_name(errno));
    for (unsigned int i = 0; i < count; i++) {
        printf(" %.20s", list[i]);
        free(list[i]);
    }
}

static void do_dup(void)
{
    const int f = fd();
    const unsigned int which = pick(4);
    int to = which == 0 ? 0 : fd();
    long got;

    printf(" dup %u", which);
    if (which == 0) {
        got = outcome(dup(f));
    } else if (which == 1) {
        got = outcome(dup2(f, to));
    } else if (which == 2) {
        got = outcome(dup3(f, to, one_of(2) ? O_CLOEXEC : 0));
    } else {
        got = outcome(fcntl(f, one_of(2) ? F_DUPFD : F_DUPFD_CLOEXEC, to));
    }
    if (got >= FDS) {
        close((int)got);
    }
}

static void do_fcntl(void)
{
    const int f = fd();
    const unsigned int which = pick(4);

    printf(" which %u", which);
    if (which == 0) {
        outcome(fcntl(f, F_GETFD));
    } else if (which == 1) {
        outcome(fcntl(f, F_SETFD, number((int)pick(2)) ? FD_CLOEXEC : 0));
    } else if (which == 2) {
        const int flags = fcntl(f, F_GETFL);
        outcome(flags < 0 ? -1 : 0);
        printf(" access %d%s%s", flags & O_ACCMODE, flags >= 0 && flags & O_APPEND ? " APPEND" : "",
               flags >= 0 && flags & O_NONBLOCK ? " NONBLOCK" : "");
    } else {
        outcome(fcntl(f, F_SETFL, number((int)pick(2)) ? O_APPEND | O_NONBLOCK : O_NONBLOCK));
    }
}

static void do_lock(void)
{
    static const short types[] = {F_RDLCK, F_WRLCK, F_UNLCK};
    const int f = fd(), type = number((int)pick(3));
    const off_t start = position(), bytes = position();
    struct flock l = {
        .l_type = types[type], .l_whence = SEEK_SET, .l_start = start, .l_len = bytes};

    struct stat s;
    if (fstat(f, &s) == 0 && !S_ISREG(s.st_mode)) { /* Linux locks FIFOs and directories */
        return;
    }
    if (one_of(3)) {
        outcome(flock(f, (type == 0 ? LOCK_SH : type == 1 ? LOCK_EX : LOCK_UN) | LOCK_NB));
    } else if (one_of(2)) {
        outcome(fcntl(f, F_SETLK, &l));
    } else if (outcome(fcntl(f, F_GETLK, &l)) == 0) {
        printf(" %d", l.l_type == F_UNLCK);
    }
}

static void do_chmod(void)
{
    const unsigned int which = pick(3);

    if (which == 0) {
        const int f = fd();
        outcome(fchmod(f, mode()));
    } else if (which == 1) {
        const char *const p = path();
        outcome(chmod(p, mode()));
    } else {
        const int at = directory();
        const char *const p = path();
        const uid_t uid = (uid_t)number((int)pick(4) * 500 - 500);
        const gid_t gid = (gid_t)number((int)pick(4) * 500 - 500);
        outcome(fchownat(at, p, uid, gid, number((int)pick(2)) ? AT_SYMLINK_NOFOLLOW : 0));
    }
}

static void do_access(void)
{
    const int at = directory();
    const char *const p = path();
    const int how = number((int)pick(9) - (int)one_of(9));
    outcome(faccessat(at, p, how, number((int)pick(2)) ? AT_EACCESS : 0));
}

static void do_stat(void)
{
    struct stat s;
    const int at = directory();
    const char *const p = path();
    if (outcome(fstatat(at, p, &s, number((int)pick(2)) ? AT_SYMLINK_NOFOLLOW : 0)) == 0) {
        show_stat(&s);
    }
}

static void do_fstat(void)
{
    struct stat s;
    struct statvfs v;
    const int f = fd();
    if (outcome(fstat(f, &s)) == 0) {
        show_stat(&s);
        outcome(fstatvfs(f, &v));
    }
    outcome(fsync(f));
}

static void do_times(void)
{
    struct stat s;
    const int at = directory();
    const char *const p = path();
    const struct timespec atime = time_of(), mtime = time_of(), t[2] = {atime, mtime};
    const int flags = number((int)pick(2)) ? AT_SYMLINK_NOFOLLOW : 0;
    if (atime.tv_nsec == UTIME_OMIT && mtime.tv_nsec == UTIME_OMIT) {
        return; /* Linux does not even look for the file */
    }
    is_vague = is_vague || atime.tv_nsec == -5 || mtime.tv_nsec == -5;
    if (outcome(utimensat(at, p, t, flags)) == 0 && fstatat(at, p, &s, flags) == 0) {
        printf(" %ld", s.st_atim.tv_sec < 1000000100 ? s.st_atim.tv_nsec : -1);
        printf(" %ld", s.st_mtim.tv_sec < 1000000100 ? s.st_mtim.tv_nsec : -1);
    }
}

static void do_umask(void)
{
    static const mode_t masks[] = {0, 022, 077, 0777, 0111};
    const mode_t m = masks[pick(pick(4) != 0 ? 2 : COUNT(masks))];
    printf(" 0%o = 0%o", (unsigned int)m, (unsigned int)umask(m));
}

static void do_map(void)
{
    const int f = fd();
    struct stat s;
    const size_t bytes = 1 + (size_t)pick(9000);
    const bool is_shared = number((int)pick(2)) != 0, writes = number((int)pick(2)) != 0;
    const off_t at = (off_t)pick(3) * 4096 + (off_t)one_of(20);
    is_vague = fstat(f, &s) != 0 || !S_ISREG(s.st_mode);
    char *const m = mmap(NULL, bytes, writes ? PROT_READ | PROT_WRITE : PROT_READ,
                         is_shared ? MAP_SHARED : MAP_PRIVATE, f, at);

    printf(" %zu @%lld", bytes, (long long)at);
    if (outcome(m == MAP_FAILED ? -1 : 0) < 0) {
        return;
    }
    /* What is beyond the file's last page is not looked at: SIGBUS on Linux. */
    const long there =
        s.st_size <= at ? 0 : (long)(s.st_size - at < (off_t)bytes ? s.st_size - at : (off_t)bytes);
    printf(" there %ld [%x]", there, hash(m, there));
    if (writes && there > 0) {
        memset(m + there / 3, 'm', (size_t)(there - there / 3));
        outcome(msync(m, bytes, MS_SYNC));
        contents(pread(f, buffer, sizeof(buffer), 0));
    }
    outcome(munmap(m, bytes));
    if (is_shared && writes) { /* who writes nothing sets no times on Linux, here munmap() does */
        (void)futimens(f, (const struct timespec[2]){{1000, 1}, {1000, 1}});
    }
}

static void do_chdir(void)
{
    static int home = -1;
    if (home < 0) {
        home = fcntl(open(".", O_RDONLY | O_DIRECTORY), F_DUPFD, 200);
        close(3);
    }
    outcome(one_of(2) ? chdir(path()) : fchdir(fd()));
    if (getcwd(buffer, sizeof(buffer)) == NULL) {
        printf(" nowhere %s", error_name(errno));
    } else {
        const char *const top = strstr(buffer, "/top");
        printf(" in %s", top == NULL ? "?" : top);
    }
    struct stat here;
    printf(" %d", stat("a/b", &here));
    (void)fchdir(home);
}

static void do_real(void)
{
    const char *const p = path();
    if (strlen(p) >= 300 || geteuid() != 0) { /* glibc's goes by its own ways then */
        return;
    }
    const char *const found = realpath(p, buffer);
    if (outcome(found == NULL ? -1 : 0) == 0) {
        const char *const top = strstr(found, "/top");
        printf(" %.100s", top == NULL ? "?" : top);
    }
}

static void do_same(void)
{
    struct stat a, b;
    if (stat(path(), &a) == 0 && stat(path(), &b) == 0) {
        printf(" same %d", a.st_ino == b.st_ino && a.st_dev == b.st_dev);
    }
}

static void do_allocate(void)
{
    const int f = fd();
    const off_t at = position();
    result_of(posix_fallocate(f, at, position() / 4));
}

/* Which of its times a call changes; all were long ago. */
static void do_touch(void)
{
    const struct timespec old[2] = {{1000, 1}, {1000, 1}};
    struct stat s;
    const char *const p = path();
    const int flags[] = {O_RDONLY, O_WRONLY, O_WRONLY | O_TRUNC, O_RDWR};
    const unsigned int how = (unsigned int)number((int)pick(4)),
                       what = (unsigned int)number((int)pick(4));

    if (utimensat(AT_FDCWD, p, old, 0) != 0) {
        return;
    }
    const int f = openat(AT_FDCWD, p, flags[how] | O_NONBLOCK);
    const size_t bytes = pick(3);
    if (what == 0) {
        outcome(read(f, buffer, bytes));
    } else if (what == 1) {
        outcome(write(f, "touched", bytes));
    } else if (what == 2) {
        outcome(ftruncate(f, (off_t)bytes * 10));
    } else {
        char *list[300];
        for (unsigned int n = listing(p, list, COUNT(list)); n-- > 0;) {
            free(list[n]);
        }
    }
    if (fstatat(AT_FDCWD, p, &s, 0) == 0) {
        printf(" atime %d mtime %d", s.st_atim.tv_sec != 1000, s.st_mtim.tv_sec != 1000);
    }
    close(f);
}

/* The same of a directory in which something happens. */
static void do_touch_folder(void)
{
    const struct timespec old[2] = {{1000, 1}, {1000, 1}};
    static const char folders[][2] = {"a", "b"};
    static char from[8], to[8];
    const unsigned int what = pick(6);

    snprintf(from, sizeof(from), "a/%s", name());
    snprintf(to, sizeof(to), "b/%s", name());
    for (unsigned int i = 0; i < 2; i++) {
        (void)utimensat(AT_FDCWD, folders[i], old, 0);
    }
    printf(" %u %s %s", what, from, to);
    outcome(what == 0   ? rename(from, to)
            : what == 1 ? link(from, to)
            : what == 2 ? unlink(to)
            : what == 3 ? mkdir(to, 0755)
            : what == 4 ? symlink(from, to)
                        : rmdir(to));
    for (unsigned int i = 0; i < 2; i++) {
        struct stat s;
        if (stat(folders[i], &s) == 0) {
            printf(" atime %d mtime %d", s.st_atim.tv_sec != 1000, s.st_mtim.tv_sec != 1000);
        }
    }
}

/* As another user for a while. */
static void do_user(void)
{
    const int uid = number((int)pick(2) * 500);
    if (uid == 0) {
        outcome(seteuid(0));
        outcome(setegid(0));
    } else {
        outcome(setegid((gid_t)uid));
        outcome(seteuid((uid_t)uid));
    }
}

static const struct differ_call calls[] = {
    {"open", do_open, 12},
    {"full", do_full, 2},
    {"close", do_close, 4},
    {"read", do_read, 4},
    {"write", do_write, 6},
    {"pread", do_pread, 3},
    {"pwrite", do_pwrite, 4},
    {"vectors", do_vectors, 3},
    {"lseek", do_lseek, 4},
    {"truncate", do_truncate, 4},
    {"rename", do_rename, 8},
    {"link", do_link, 5},
    {"symlink", do_symlink, 5},
    {"readlink", do_readlink, 2},
    {"unlink", do_unlink, 5},
    {"mkdir", do_mkdir, 8},
    {"rmdir", do_rmdir, 3},
    {"mkfifo", do_mkfifo, 2},
    {"list", do_list, 2},
    {"dup", do_dup, 3},
    {"fcntl", do_fcntl, 3},
    {"lock", do_lock, 3},
    {"chmod", do_chmod, 4},
    {"access", do_access, 4},
    {"stat", do_stat, 4},
    {"fstat", do_fstat, 2},
    {"times", do_times, 3},
    {"umask", do_umask, 1},
    {"mmap", do_map, 4},
    {"chdir", do_chdir, 2},
    {"realpath", do_real, 2},
    {"same", do_same, 2},
    {"allocate", do_allocate, 2},
    {"touch", do_touch, 3},
    {"touch folder", do_touch_folder, 3},
    {"user", do_user, 1},
};

int main(int argc, char **argv)
{
    const int steps = differ_begin(argc, argv);

    umask(022);
    (void)setgroups(0, NULL);
    if (mkdir("side", 0777) != 0 || chdir("side") != 0 || mkdir("top", 0777) != 0 ||
        chdir("top") != 0) {
        perror("top");
        return 1;
    }
    for (int i = 3; i < FDS; i++) {
        close(i);
    }
    for (int i = 0; i < steps; i++) {
        printf("%d ", i);
        is_vague = false;
        differ_step(calls, COUNT(calls));
        if (i % 50 == 49 || i == steps - 1) {
            const uid_t before = geteuid();
            (void)seteuid(0);
            show_tree(".", 0);
            (void)seteuid(before);
        }
    }
    return 0;
}
