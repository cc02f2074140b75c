// SPDX-License-Identifier: Apache-2.0
// set: console-input=terminal
// set: console-output=terminal
// files: tests/guest/data:/
// The one file tree: RAM files over the packed ones, POSIX errors included.
#include "tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <unistd.h>

static bool fails_with(int result, int error)
{
    return result == -1 && errno == error;
}

static int count_entries(const char *path)
{
    int count = 0;
    DIR *const d = opendir(path);
    if (d == NULL) {
        return -1;
    }
    while (readdir(d) != NULL) {
        count++;
    }
    closedir(d);
    return count;
}

static void test_read_and_write(void)
{
    char buffer[64];
    struct stat st;
    const int fd = open("/tmp/a", O_RDWR | O_CREAT | O_EXCL, 0640);
    tap_check(fd == 3, "the lowest free descriptor is used");
    tap_check(write(fd, "hello world", 11) == 11, "a new file can be written");
    tap_check(lseek(fd, 6, SEEK_SET) == 6 && read(fd, buffer, 64) == 5 &&
                  memcmp(buffer, "world", 5) == 0,
              "what was written is read back");
    tap_check(read(fd, buffer, 64) == 0, "reading at the end gives 0");
    tap_check(pread(fd, buffer, 5, 0) == 5 && lseek(fd, 0, SEEK_CUR) == 11,
              "pread leaves the position alone");
    tap_check(pwrite(fd, "HELLO", 5, 0) == 5 && pread(fd, buffer, 11, 0) == 11 &&
                  memcmp(buffer, "HELLO world", 11) == 0,
              "pwrite writes at its offset");
    tap_check(fstat(fd, &st) == 0 && st.st_size == 11 && S_ISREG(st.st_mode) &&
                  (st.st_mode & 0777) == 0640,
              "fstat tells size and mode");
    tap_check(lseek(fd, 10000, SEEK_SET) == 10000 && write(fd, "x", 1) == 1 &&
                  pread(fd, buffer, 3, 5000) == 3 && buffer[0] == 0 && buffer[2] == 0,
              "a hole reads as zero");
    tap_check(ftruncate(fd, 5) == 0 && ftruncate(fd, 20) == 0 && pread(fd, buffer, 64, 0) == 20 &&
                  buffer[4] == 'O' && buffer[5] == 0,
              "what ftruncate cut off is zero when the file grows again");
    const struct iovec iov[2] = {{(void *)"ab", 2}, {(void *)"cde", 3}};
    tap_check(lseek(fd, 0, SEEK_SET) == 0 && writev(fd, iov, 2) == 5 &&
                  pread(fd, buffer, 5, 0) == 5 && memcmp(buffer, "abcde", 5) == 0,
              "writev gathers");
    tap_check(fails_with((int)lseek(fd, -1, SEEK_SET), EINVAL), "a negative position is EINVAL");
    tap_check(close(fd) == 0 && fails_with(close(fd), EBADF), "closing twice is EBADF");
    const int end = open("/tmp/a", O_WRONLY | O_APPEND);
    tap_check(write(end, "Z", 1) == 1 && lseek(end, 0, SEEK_CUR) == 21, "O_APPEND appends");
    tap_check(fails_with((int)read(end, buffer, 1), EBADF), "O_WRONLY cannot read");
    close(end);
    const int again = open("/tmp/a", O_RDONLY);
    tap_check(fails_with((int)write(again, "x", 1), EBADF), "O_RDONLY cannot write");
    close(again);
}

static void test_names(void)
{
    struct stat st;
    char path[PATH_MAX];
    tap_check(fails_with(open("/tmp/none", O_RDONLY), ENOENT), "open of nothing is ENOENT");
    tap_check(fails_with(open("/tmp/a", O_WRONLY | O_CREAT | O_EXCL, 0600), EEXIST),
              "O_EXCL on something is EEXIST");
    tap_check(fails_with(open("/tmp", O_WRONLY), EISDIR), "writing a directory is EISDIR");
    tap_check(fails_with(open("/tmp/a/b", O_RDONLY), ENOTDIR), "a file has no entries: ENOTDIR");
    tap_check(mkdir("/tmp/d", 0755) == 0 && fails_with(mkdir("/tmp/d", 0755), EEXIST),
              "mkdir makes a directory once");
    tap_check(chdir("/tmp/d") == 0 && strcmp(getcwd(path, sizeof(path)), "/tmp/d") == 0,
              "chdir and getcwd agree");
    tap_check(close(open("f", O_WRONLY | O_CREAT, 0644)) == 0 && stat("/tmp/d/f", &st) == 0,
              "relative paths start at the working directory");
    tap_check(rename("f", "../d/./g") == 0 && stat("/tmp/d/g", &st) == 0 &&
                  fails_with(stat("f", &st), ENOENT),
              "rename within a directory");
    tap_check(fails_with(rmdir("/tmp/d"), ENOTEMPTY), "rmdir of a full directory is ENOTEMPTY");
    tap_check(fails_with(rename("/tmp/d", "/tmp/d/x"), EINVAL),
              "a directory cannot move into itself");
    tap_check(mkdir("/tmp/e", 0755) == 0 && rename("/tmp/d", "/tmp/e") == 0 &&
                  stat("/tmp/e/g", &st) == 0,
              "a directory replaces an empty one");
    tap_check(strcmp(getcwd(path, sizeof(path)), "/tmp/e") == 0,
              "the working directory moves with its directory");
    tap_check(symlink("g", "/tmp/e/link") == 0 && lstat("/tmp/e/link", &st) == 0 &&
                  S_ISLNK(st.st_mode) && stat("/tmp/e/link", &st) == 0 && S_ISREG(st.st_mode),
              "stat follows a symbolic link, lstat does not");
    tap_check(readlink("/tmp/e/link", path, sizeof(path)) == 1 && path[0] == 'g',
              "readlink gives the target");
    tap_check(fails_with(open("/tmp/e/link", O_RDONLY | O_NOFOLLOW), ELOOP), "O_NOFOLLOW: ELOOP");
    tap_check(symlink("/tmp/loop", "/tmp/loop") == 0 &&
                  fails_with(open("/tmp/loop", O_RDONLY), ELOOP),
              "a loop of links is ELOOP");
    tap_check(symlink("/tmp/e", "/tmp/l") == 0 && stat("/tmp/l/../e/./g", &st) == 0,
              "links in the middle are followed");
    tap_check(realpath("/tmp/l/../l/link", path) != NULL && strcmp(path, "/tmp/e/g") == 0,
              "realpath resolves all of it");
    tap_check(fails_with(unlink("/tmp/e"), EISDIR) && fails_with(rmdir("/tmp/a"), ENOTDIR),
              "unlink is for files, rmdir for directories");
    char name[300];
    memset(name, 'n', sizeof(name));
    name[299] = '\0';
    tap_check(fails_with(open(name, O_RDONLY), ENAMETOOLONG), "long names are ENAMETOOLONG");
    chdir("/");
}

static void test_unlinked(void)
{
    char buffer[4];
    struct stat st;
    const int fd = open("/tmp/gone", O_RDWR | O_CREAT, 0600);
    write(fd, "data", 4);
    tap_check(unlink("/tmp/gone") == 0 && pread(fd, buffer, 4, 0) == 4 &&
                  memcmp(buffer, "data", 4) == 0,
              "an unlinked file lives while it is open");
    tap_check(fstat(fd, &st) == 0 && st.st_nlink == 0, "it has no links then");
    close(fd);
}

static void test_packed(void)
{
    char buffer[64] = {0};
    struct stat st;
    const int fd = open("/greeting.txt", O_RDWR);
    if (fd < 0) {
        tap_skip("packed files", "this image has none: built without the build tool");
        return;
    }
    const ssize_t n = read(fd, buffer, sizeof(buffer) - 1);
    tap_check(n > 4 && fstat(fd, &st) == 0 && st.st_size == n, "its contents can be read");
    tap_check(pwrite(fd, "*", 1, 3) == 1, "it can be written");
    char after[64] = {0};
    tap_check(pread(fd, after, sizeof(after) - 1, 0) == n && after[3] == '*' &&
                  memcmp(after, buffer, 3) == 0 &&
                  memcmp(after + 4, buffer + 4, (size_t)n - 4) == 0,
              "only the written byte changes");
    close(fd);
    const int before = count_entries("/");
    tap_check(unlink("/greeting.txt") == 0 && fails_with(stat("/greeting.txt", &st), ENOENT) &&
                  count_entries("/") == before - 1,
              "a packed file can be removed");
}

static void test_listing(void)
{
    char name[300];
    mkdir("/tmp/many", 0755);
    for (int i = 0; i < 300; i++) {
        snprintf(name, sizeof(name), "/tmp/many/%d", i);
        close(open(name, O_WRONLY | O_CREAT, 0600));
    }
    tap_equal(count_entries("/tmp/many"), 302, "a directory lists all of its entries once");
    DIR *const d = opendir("/tmp/many");
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        if (e->d_name[0] != '.') {
            snprintf(name, sizeof(name), "/tmp/many/%s", e->d_name);
            unlink(name);
        }
    }
    closedir(d);
    tap_check(rmdir("/tmp/many") == 0, "entries can be removed while they are listed");
}

static void test_descriptors(void)
{
    char c;
    const int fd = open("/tmp/a", O_RDONLY);
    const int copy = dup(fd);
    tap_check(read(fd, &c, 1) == 1 && lseek(copy, 0, SEEK_CUR) == 1, "dup shares the position");
    tap_check(dup2(fd, 20) == 20 && close(20) == 0, "dup2 takes the given number");
    tap_check(fcntl(fd, F_SETFD, FD_CLOEXEC) == 0 && fcntl(fd, F_GETFD) == FD_CLOEXEC &&
                  fcntl(copy, F_GETFD) == 0,
              "FD_CLOEXEC belongs to the descriptor");
    tap_check(fcntl(fd, F_SETFL, O_NONBLOCK) == 0 && (fcntl(copy, F_GETFL) & O_NONBLOCK) != 0,
              "O_NONBLOCK belongs to the open file");
    tap_check(fcntl(fd, F_DUPFD, 100) == 100 && close(100) == 0, "F_DUPFD starts at its argument");
    close(fd);
    close(copy);
    int null = open("/dev/null", O_RDWR), zero = open("/dev/zero", O_RDONLY);
    tap_check(write(null, "x", 1) == 1 && read(null, &c, 1) == 0, "/dev/null");
    tap_check((c = 1, read(zero, &c, 1)) == 1 && c == 0, "/dev/zero");
    unsigned char random[64] = {0};
    int r = open("/dev/urandom", O_RDONLY), different = 0;
    read(r, random, sizeof(random));
    for (int i = 1; i < 64; i++) {
        different += random[i] != random[0];
    }
    tap_check(different > 32, "/dev/urandom");
    tap_check(isatty(1) && !isatty(null), "the console is a terminal, /dev/null is not");
    close(null), close(zero), close(r);
    int fds[3000];
    bool good = true;
    for (int i = 0; i < 3000; i++) {
        fds[i] = open("/dev/null", O_RDONLY);
        good = good && fds[i] == 3 + i;
    }
    for (int i = 0; i < 3000; i++) {
        close(fds[i]);
    }
    tap_check(good && open("/tmp/a", O_RDONLY) == 3, "thousands of descriptors");
    close(3);
}

static void test_stdio(void)
{
    char line[32];
    FILE *f = fopen("/tmp/s", "w");
    fprintf(f, "%d %s\n", 42, "lines");
    fclose(f);
    f = fopen("/tmp/s", "r");
    tap_check(fgets(line, sizeof(line), f) != NULL && strcmp(line, "42 lines\n") == 0,
              "stdio writes and reads files");
    fclose(f);
    tap_check(remove("/tmp/s") == 0 && fopen("/tmp/s", "r") == NULL, "remove()");
}

int main(void)
{
    test_read_and_write();
    test_names();
    test_unlinked();
    test_packed();
    test_listing();
    test_descriptors();
    test_stdio();
    return tap_done();
}
