// SPDX-License-Identifier: Apache-2.0
// memory: 96M
// timeout: 90
// Files as POSIX.1-2008 has them: links, rights, times, locks, descriptors, large files and folders.
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <glob.h>
#include <stdlib.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <time.h>
#include <unistd.h>

static bool fails_with(long result, int error)
{
    return result == -1 && errno == error;
}

static void make(const char *path)
{
    close(open(path, O_WRONLY | O_CREAT, 0644));
}

static void test_links(void)
{
    struct stat a, b;
    char text[8];
    make("one");
    tap_check(link("one", "two") == 0 && stat("one", &a) == 0 && stat("two", &b) == 0 &&
                  a.st_ino == b.st_ino && a.st_nlink == 2,
              "link makes a second name");
    const int fd = open("two", O_RDWR);
    tap_check(write(fd, "text", 4) == 4 && unlink("one") == 0 && fstat(fd, &a) == 0 &&
                  a.st_nlink == 1,
              "the file stays when one name goes");
    tap_check(unlink("two") == 0 && fstat(fd, &a) == 0 && a.st_nlink == 0 &&
                  pread(fd, text, 4, 0) == 4 && memcmp(text, "text", 4) == 0,
              "and as long as it is open");
    close(fd);
    mkdir("folder", 0755);
    make("file");
    tap_check(fails_with(link("folder", "other"), EPERM), "a folder has one name: EPERM");
    tap_check(fails_with(link("file", "folder"), EEXIST), "link does not replace: EEXIST");
    tap_check(fails_with(link("nothing", "other"), ENOENT), "link of nothing: ENOENT");
    tap_check(symlink("file", "soft") == 0 && linkat(AT_FDCWD, "soft", AT_FDCWD, "hard", 0) == 0 &&
                  lstat("hard", &a) == 0 && S_ISLNK(a.st_mode),
              "linkat names the symbolic link itself");
    tap_check(linkat(AT_FDCWD, "soft", AT_FDCWD, "followed", AT_SYMLINK_FOLLOW) == 0 &&
                  lstat("followed", &a) == 0 && S_ISREG(a.st_mode),
              "or its target when told so");
    tap_check(rename("followed", "file") == 0 && lstat("followed", &a) == 0,
              "rename between two names of a file does nothing");
    tap_check(stat("folder", &a) == 0 && a.st_nlink == 2 && mkdir("folder/sub", 0700) == 0 &&
                  stat("folder", &a) == 0 && a.st_nlink == 3,
              "a folder counts its folders");
    const int dir = open("folder", O_RDONLY | O_DIRECTORY);
    tap_check(mkdirat(dir, "x", 0700) == 0 && symlinkat("t", dir, "l") == 0 &&
                  readlinkat(dir, "l", text, 8) == 1 && renameat(dir, "l", dir, "m") == 0 &&
                  unlinkat(dir, "m", 0) == 0 && unlinkat(dir, "x", AT_REMOVEDIR) == 0 &&
                  fstatat(dir, "sub", &a, 0) == 0 && faccessat(dir, "sub", R_OK, 0) == 0,
              "the calls relative to a folder");
    tap_check(fails_with(openat(dir, "none", O_RDONLY), ENOENT) &&
                  fails_with(openat(99, "a", O_RDONLY), EBADF) &&
                  fails_with(openat(1, "a", O_RDONLY), ENOTDIR),
              "and their errors");
    close(dir);
    const int unnamed = open(".", O_TMPFILE | O_RDWR, 0600);
    char path[32];
    snprintf(path, sizeof(path), "/dev/fd/%d", unnamed);
    tap_check(unnamed >= 0 && write(unnamed, "u", 1) == 1 &&
                  linkat(AT_FDCWD, path, AT_FDCWD, "named", AT_SYMLINK_FOLLOW) == 0 &&
                  stat("named", &a) == 0 && a.st_size == 1,
              "a file without a name gets one");
    close(unnamed);
}

static void test_rights(void)
{
    struct stat st;
    umask(027);
    make("masked");
    umask(022);
    tap_check(stat("masked", &st) == 0 && (st.st_mode & 0777) == 0640, "umask takes bits away");
    tap_check(access("masked", R_OK | W_OK) == 0 && fails_with(access("masked", X_OK), EACCES),
              "user 0 may not execute what nobody may");
    tap_check(chmod("masked", 0600) == 0 && chown("masked", 10, 20) == 0 &&
                  stat("masked", &st) == 0 && st.st_uid == 10 && st.st_gid == 20,
              "chown changes the owner");
    tap_check(fails_with(access("masked", 99), EINVAL), "access looks at its mode");
    mkdir("closed", 0700);
    mkdir("sticky", 0755);
    chmod("sticky", 01777);
    make("sticky/file");
    seteuid(30);
    tap_check(fails_with(open("masked", O_RDONLY), EACCES), "another user may not read: EACCES");
    tap_check(fails_with(open("closed/x", O_RDWR | O_CREAT, 0600), EACCES) &&
                  fails_with(stat("closed/x", &st), EACCES),
              "nor pass a closed folder");
    tap_check(fails_with(chmod("masked", 0777), EPERM) &&
                  fails_with(chown("masked", 30, 30), EPERM),
              "nor change what is not his: EPERM");
    tap_check(fails_with(unlink("sticky/file"), EPERM), "nor remove it from a sticky folder");
    tap_check(fails_with(setuid(5), EPERM) && geteuid() == 30 && getuid() == 0,
              "nor become anybody");
    seteuid(0);
    tap_check(open("masked", O_RDONLY) >= 0, "user 0 may");
}

static void test_times(void)
{
    struct stat a, b;
    const struct timespec set[2] = {{1000, 5}, {-2, 999999999}};
    make("times");
    tap_check(utimensat(AT_FDCWD, "times", set, 0) == 0 && stat("times", &a) == 0 &&
                  a.st_atim.tv_sec == 1000 && a.st_atim.tv_nsec == 5 && a.st_mtim.tv_sec == -2 &&
                  a.st_mtim.tv_nsec == 999999999,
              "times have nanoseconds and may lie before 1970");
    const struct timespec part[2] = {{0, UTIME_OMIT}, {0, UTIME_NOW}};
    tap_check(utimensat(AT_FDCWD, "times", part, 0) == 0 && stat("times", &b) == 0 &&
                  b.st_atim.tv_sec == 1000 && b.st_mtim.tv_sec >= a.st_ctim.tv_sec,
              "UTIME_OMIT and UTIME_NOW");
    const struct timespec bad[2] = {{0, 1000000000}, {0, 0}};
    tap_check(fails_with(utimensat(AT_FDCWD, "times", bad, 0), EINVAL), "too many nanoseconds");
    const int fd = open("times", O_RDWR);
    tap_check(futimens(fd, set) == 0 && write(fd, "x", 1) == 1 && fstat(fd, &b) == 0 &&
                  b.st_mtim.tv_sec > 1000 && b.st_ctim.tv_sec > 1000,
              "writing sets the times of change");
    close(fd);
}

static void test_locks(void)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 10};
    const int a = open("lock", O_RDWR | O_CREAT, 0600), b = open("lock", O_RDWR);
    tap_check(fcntl(a, F_SETLK, &l) == 0 && fcntl(b, F_SETLK, &l) == 0,
              "record locks of one process do not conflict");
    tap_check(fcntl(b, F_GETLK, &l) == 0 && l.l_type == F_UNLCK, "nor are they in the way");
    tap_check(lockf(a, F_TLOCK, 0) == 0 && lockf(a, F_ULOCK, 0) == 0 &&
                  fails_with(lockf(a, 9, 0), EINVAL),
              "lockf");
    const int r = open("lock", O_RDONLY);
    l.l_type = F_WRLCK;
    tap_check(fails_with(fcntl(r, F_SETLK, &l), EBADF), "a write lock needs O_RDWR: EBADF");
    tap_check(flock(a, LOCK_SH) == 0 && flock(b, LOCK_SH | LOCK_NB) == 0, "flock: two may share");
    tap_check(fails_with(flock(b, LOCK_EX | LOCK_NB), EWOULDBLOCK), "nobody is alone then");
    tap_check(close(a) == 0 && flock(b, LOCK_EX | LOCK_NB) == 0, "closing gives the lock back");
    close(b);
    close(r);
}

static void test_sparse(void)
{
    struct stat st;
    struct statvfs v;
    const off_t far = (off_t)100 << 30;
    const int fd = open("sparse", O_RDWR | O_CREAT, 0600);
    tap_check(pwrite(fd, "end", 3, far) == 3 && fstat(fd, &st) == 0 && st.st_size == far + 3 &&
                  st.st_blocks == 8,
              "100 GiB with one page");
    tap_check(lseek(fd, 0, SEEK_DATA) == far && lseek(fd, 0, SEEK_HOLE) == 0 &&
                  lseek(fd, far, SEEK_HOLE) == far + 3 &&
                  fails_with(lseek(fd, far + 3, SEEK_DATA), ENXIO),
              "SEEK_DATA and SEEK_HOLE");
    tap_check(posix_fallocate(fd, 0, 10000) == 0 && fstat(fd, &st) == 0 && st.st_blocks == 32,
              "posix_fallocate fills a hole");
    tap_check(statvfs(".", &v) == 0 && v.f_bsize == 4096 && v.f_namemax == 255, "statvfs");
    const int end = open("sparse", O_WRONLY | O_APPEND);
    tap_check(pwrite(end, "x", 1, 5) == 1 && fstat(fd, &st) == 0 && st.st_size == far + 3,
              "pwrite writes at its place, O_APPEND or not");
    close(end);
    close(fd);
    tap_check(unlink("sparse") == 0, "and it goes");
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static double append(int fd, size_t mib)
{
    static char block[65536];
    const double start = seconds();
    for (size_t i = 0; i < mib * 16; i++) {
        if (write(fd, block, sizeof(block)) != sizeof(block)) {
            return 1e9;
        }
    }
    return seconds() - start;
}

static void test_large(void)
{
    const int fd = open("large", O_RDWR | O_CREAT, 0600);
    const double first = append(fd, 20), second = append(fd, 20);
    tap_check(second < 5 * first, "40 MiB are appended in linear time (%.2f s, %.2f s)", first,
              second);
    close(fd);
    unlink("large");
}

static void test_removed_under_listing(void)
{
    char name[32];
    int n = 0;
    mkdir("some", 0755);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "some/%d", i);
        make(name);
    }
    DIR *const d = opendir("some");
    readdir(d);
    for (int i = 0; i < 500; i++) {
        snprintf(name, sizeof(name), "some/%d", i);
        unlink(name);
        make("filler"); /* what was freed is used again */
        rename("filler", "filled");
    }
    while (readdir(d) != NULL) {
        n++;
    }
    rewinddir(d);
    const bool is_bounded = n < 501;
    for (n = 0; readdir(d) != NULL; n++) {
    }
    tap_check(is_bounded && n == 2, "a listing goes on when everything was removed");
    closedir(d);
}

static int count, folders_after;

static int count_entry(const char *path, const struct stat *st, int type, struct FTW *position)
{
    (void)path, (void)st;
    count++;
    folders_after += type == FTW_DP && position->level == 1;
    return 0;
}

static double make_many(int from, int to)
{
    char name[32];
    const double start = seconds();
    for (int i = from; i < to; i++) {
        snprintf(name, sizeof(name), "many/%06d", i);
        close(open(name, O_WRONLY | O_CREAT, 0600));
    }
    return seconds() - start;
}

static void test_folders(void)
{
    mkdir("many", 0755);
    const double first = make_many(0, 25000), second = make_many(25000, 50000);
    tap_check(second < 5 * first, "50,000 files in a folder (%.2f s, %.2f s)", first, second);
    DIR *const d = opendir("many");
    const double start = seconds();
    char name[300];
    long middle = 0;
    int n = 0;
    const struct dirent *e;
    char wanted[300] = "";
    while ((e = readdir(d)) != NULL) {
        n++;
        if (n == 25000) {
            middle = telldir(d);
        } else if (n == 25001) {
            strcpy(wanted, e->d_name);
        }
    }
    tap_equal(n, 50002, "readdir gives each of them once");
    seekdir(d, middle);
    e = readdir(d);
    tap_check(e != NULL && strcmp(e->d_name, wanted) == 0, "seekdir goes back to a place");
    rewinddir(d);
    n = 0;
    while ((e = readdir(d)) != NULL) {
        if (e->d_name[0] != '.') {
            snprintf(name, sizeof(name), "many/%.250s", e->d_name);
            n += unlink(name) == 0;
        }
    }
    closedir(d);
    tap_check(n == 50000 && rmdir("many") == 0 && seconds() - start < 20,
              "removing while listing, in %.2f s", seconds() - start);
    mkdir("tree", 0755);
    mkdir("tree/a", 0755);
    mkdir("tree/a/b", 0755);
    make("tree/a/b/f");
    tap_check(nftw("tree", count_entry, 5, FTW_DEPTH | FTW_PHYS) == 0 && count == 4 &&
                  folders_after == 1,
              "nftw visits a folder after what is in it");
    struct dirent **list;
    tap_check(scandir("tree/a", &list, NULL, alphasort) == 3 && strcmp(list[2]->d_name, "b") == 0,
              "scandir sorts");
    glob_t g;
    tap_check(glob("tree/a/*/f", 0, NULL, &g) == 0 && g.gl_pathc == 1 &&
                  strcmp(g.gl_pathv[0], "tree/a/b/f") == 0,
              "glob");
    const int fd = open("tree", O_RDONLY | O_DIRECTORY);
    DIR *const f = fdopendir(fd);
    tap_check(f != NULL && dirfd(f) == fd && fails_with(fdopendir(1) == NULL ? -1 : 0, ENOTDIR),
              "fdopendir");
    closedir(f);
}

static void test_temporary(void)
{
    char folder[] = "dXXXXXX", file[] = "fXXXXXX";
    struct stat st;
    tap_check(mkdtemp(folder) == folder && stat(folder, &st) == 0 && (st.st_mode & 07777) == 0700,
              "mkdtemp");
    tap_check(mkstemp(file) >= 0 && stat(file, &st) == 0 && (st.st_mode & 07777) == 0600,
              "mkstemp");
    FILE *const f = tmpfile();
    tap_check(f != NULL && fputs("text", f) >= 0 && fseek(f, 0, SEEK_SET) == 0 && fgetc(f) == 't',
              "tmpfile");
    const int full = open("/dev/full", O_WRONLY);
    tap_check(full >= 0 && fails_with(write(full, "x", 1), ENOSPC), "/dev/full is full");
    tap_check(open("/dev/stdout", O_WRONLY) > 2 && stat("/dev/fd/1", &st) == 0 &&
                  S_ISCHR(st.st_mode),
              "/dev/stdout and /dev/fd");
}

int main(void)
{
    if (mkdir("/tmp/posix", 0777) != 0 || chdir("/tmp/posix") != 0) {
        return 1;
    }
    test_links();
    test_rights();
    test_times();
    test_locks();
    test_sparse();
    test_large();
    test_removed_under_listing();
    test_folders();
    test_temporary();
    return tap_done();
}
