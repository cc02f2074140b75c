// SPDX-License-Identifier: Apache-2.0
// timeout: 120
// Files belong to the family: parent, children and grandchildren see what each of them writes, share
// the position of what they inherited, and lock each other out.
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

#define CHILDREN 20
#define BIG (300 * 1024)
#define KILLED 250 /* more, holding a buffer, than there are buffers */

static bool write_file(const char *path, const char *text)
{
    const int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    const bool good = fd >= 0 && write(fd, text, strlen(text)) == (ssize_t)strlen(text);
    close(fd);
    return good;
}

static bool has_text(const char *path, const char *text)
{
    char found[256] = {0};
    const int fd = open(path, O_RDONLY);
    const ssize_t n = fd < 0 ? -1 : read(fd, found, sizeof(found) - 1);
    close(fd);
    return n >= 0 && strcmp(found, text) == 0;
}

/* ---- names ------------------------------------------------------------------------------------ */

static int do_names(void)
{
    struct stat st, st2;
    char text[256];

    REQUIRE(has_text("/tmp/before", "parent"));
    REQUIRE(write_file("/tmp/new", "child"));
    REQUIRE(mkdir("/tmp/dir", 0755) == 0);
    REQUIRE(mkdir("/tmp/dir", 0755) == -1 && errno == EEXIST);
    REQUIRE(write_file("/tmp/dir/a", "a"));
    REQUIRE(rename("/tmp/dir/a", "/tmp/dir/b") == 0);
    REQUIRE(access("/tmp/dir/a", F_OK) == -1 && errno == ENOENT);
    REQUIRE(link("/tmp/dir/b", "/tmp/dir/c") == 0);
    REQUIRE(stat("/tmp/dir/c", &st) == 0 && st.st_nlink == 2 && st.st_size == 1);
    REQUIRE(symlink("c", "/tmp/dir/s") == 0);
    REQUIRE(lstat("/tmp/dir/s", &st) == 0 && S_ISLNK(st.st_mode));
    REQUIRE(readlink("/tmp/dir/s", text, sizeof(text)) == 1 && text[0] == 'c');
    REQUIRE(realpath("/tmp/../tmp/dir/s", text) != NULL && strcmp(text, "/tmp/dir/c") == 0);
    REQUIRE(chmod("/tmp/dir/b", 0600) == 0 && stat("/tmp/dir/c", &st) == 0 &&
            (st.st_mode & 0777) == 0600);
    REQUIRE(truncate("/tmp/new", 3) == 0 && has_text("/tmp/new", "chi"));
    REQUIRE(unlink("/tmp/before") == 0);
    REQUIRE(rmdir("/tmp/gone") == 0);
    const struct timespec times[2] = {{1000, 1}, {2000, 2}};
    REQUIRE(utimensat(AT_FDCWD, "/tmp/new", times, 0) == 0);
    REQUIRE(stat("/tmp/new", &st) == 0 && st.st_mtime == 2000 && st.st_atime == 1000);
    REQUIRE(chdir("/tmp/dir") == 0 && getcwd(text, sizeof(text)) != NULL);
    REQUIRE(strcmp(text, "/tmp/dir") == 0 && write_file("relative", "r"));
    const int fd = open("/tmp", O_RDONLY | O_DIRECTORY);
    REQUIRE(fd >= 0 && fstatat(fd, "dir/relative", &st, 0) == 0);
    const int file = openat(fd, "dir/relative", O_RDWR);
    REQUIRE(file >= 0 && fstat(file, &st2) == 0 && st.st_ino == st2.st_ino);
    REQUIRE(fchmod(file, 0640) == 0 && fstat(file, &st2) == 0 && (st2.st_mode & 0777) == 0640);
    REQUIRE(openat(file, "x", O_RDONLY) == -1 && errno == ENOTDIR);
    REQUIRE(openat(77, "x", O_RDONLY) == -1 && errno == EBADF);
    REQUIRE(fchdir(fd) == 0 && access("dir", F_OK) == 0);
    REQUIRE(fcntl(file, F_GETFL) == O_RDWR);
    REQUIRE(write(file, "123456", 6) == 6 && ftruncate(file, 4) == 0);
    REQUIRE(lseek(file, 0, SEEK_END) == 4 && pread(file, text, 9, 1) == 3 && text[2] == '4');
    return 0;
}

static int count_entries(const char *path)
{
    int count = 0;
    DIR *const d = opendir(path);
    while (d != NULL && readdir(d) != NULL) {
        count++;
    }
    if (d != NULL) {
        closedir(d);
    }
    return count;
}

static int do_list(void)
{
    REQUIRE(count_entries("/tmp/many") == 402);
    REQUIRE(has_text("/etc/test/greeting.txt", "") || access("/tmp/many/f399", F_OK) == 0);
    return 0;
}

static void names_are_everybodys(void)
{
    struct stat st;
    char path[64], cwd[64];

    tap_check(write_file("/tmp/before", "parent") && mkdir("/tmp/gone", 0755) == 0, "files_to_see");
    tap_equal(value_in_child(do_names), 0, "a_child_makes_renames_and_removes");
    tap_check(has_text("/tmp/new", "chi"), "the_parent_sees_a_file_of_the_child");
    tap_check(stat("/tmp/new", &st) == 0 && st.st_mtime == 2000, "and_its_times");
    tap_check(access("/tmp/before", F_OK) == -1 && errno == ENOENT, "and_what_it_removed");
    tap_check(access("/tmp/gone", F_OK) == -1, "and_a_directory_it_removed");
    tap_check(has_text("/tmp/dir/b", "a") && has_text("/tmp/dir/s", "a"), "and_names_it_made");
    tap_check(has_text("/tmp/dir/relative", "1234"), "and_what_it_wrote_beneath_its_directory");
    tap_check(getcwd(cwd, sizeof(cwd)) != NULL && strcmp(cwd, "/") == 0, "not_its_directory");
    mkdir("/tmp/many", 0755);
    for (int i = 0; i < 400; i++) {
        snprintf(path, sizeof(path), "/tmp/many/f%d", i);
        write_file(path, "x");
    }
    tap_equal(value_in_child(do_list), 0, "a_child_lists_a_large_directory");
}

/* ---- open files ---------------------------------------------------------------------------------- */

static int shared_fd;

static int do_shared(void)
{
    REQUIRE(write(shared_fd, "bb", 2) == 2);
    REQUIRE(lseek(shared_fd, 0, SEEK_CUR) == 4);
    const int copy = dup(shared_fd);
    REQUIRE(write(copy, "cc", 2) == 2 && close(copy) == 0);
    REQUIRE(fcntl(shared_fd, F_SETFL, O_APPEND) == 0);
    return 0;
}

static int do_append(void)
{
    const int fd = open("/tmp/log", O_WRONLY | O_APPEND);
    for (int i = 0; i < 100; i++) {
        REQUIRE(write(fd, "line of the child\n", 18) == 18);
    }
    return 0;
}

static int do_unlinked(void)
{
    char text[8] = {0};
    REQUIRE(unlink("/tmp/secret") == 0);
    REQUIRE(pread(shared_fd, text, 7, 0) == 7 && strcmp(text, "secret!") == 0);
    REQUIRE(pwrite(shared_fd, "SECRET", 6, 0) == 6);
    return 0;
}

static int do_big(void)
{
    char *const big = malloc(BIG);
    const int fd = open("/tmp/big", O_RDWR | O_CREAT, 0644);
    for (int i = 0; i < BIG; i++) {
        big[i] = (char)(i * 7 >> 3);
    }
    REQUIRE(write(fd, big, BIG) == BIG);
    memset(big, 0, BIG);
    REQUIRE(pread(fd, big, BIG, 0) == BIG);
    for (int i = 0; i < BIG; i++) {
        REQUIRE(big[i] == (char)(i * 7 >> 3));
    }
    struct iovec iov[3] = {{big, 3}, {big + 3, 0}, {big + 3, 40000}};
    REQUIRE(lseek(fd, 5, SEEK_SET) == 5 && readv(fd, iov, 3) == 40003);
    REQUIRE(big[40002] == (char)(40007 * 7 >> 3));
    char *const map = mmap(NULL, BIG, PROT_READ, MAP_PRIVATE, fd, 4096);
    REQUIRE(map != MAP_FAILED && map[5] == (char)(4101 * 7 >> 3) && map[BIG - 1] == 0);
    char *const same = mmap(NULL, BIG, PROT_READ, MAP_SHARED, fd, 0);
    REQUIRE(same != MAP_FAILED && same[5] == (char)(5 * 7 >> 3) && munmap(same, BIG) == 0);
    FILE *const f = fopen("/tmp/stdio", "w");
    REQUIRE(f != NULL && fprintf(f, "%d %s\n", 42, "words") == 9 && fclose(f) == 0);
    REQUIRE(open("/dev/null", O_WRONLY) >= 0 && open("/dev/urandom", O_RDONLY) >= 0);
    return 0;
}

static void open_files_are_shared(void)
{
    struct stat st;
    char text[16] = {0};

    shared_fd = open("/tmp/shared", O_RDWR | O_CREAT, 0644);
    tap_check(write(shared_fd, "aa", 2) == 2, "the_parent_writes");
    tap_equal(value_in_child(do_shared), 0, "the_child_goes_on_where_that_ended");
    tap_check(write(shared_fd, "dd", 2) == 2 && pread(shared_fd, text, 15, 0) == 8 &&
                  strcmp(text, "aabbccdd") == 0,
              "and_the_parent_where_the_child_ended");
    tap_check((fcntl(shared_fd, F_GETFL) & O_APPEND) != 0, "flags_are_shared");
    close(shared_fd);
    write_file("/tmp/log", "");
    const int log = open("/tmp/log", O_WRONLY | O_APPEND);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(do_append());
    }
    for (int i = 0; i < 100; i++) {
        (void)!write(log, "line of the parent", 17);
        (void)!write(log, "\n", 1);
        usleep(100);
    }
    tap_check(waitpid(pid, NULL, 0) == pid && fstat(log, &st) == 0 && st.st_size == 3600,
              "nothing_that_is_appended_is_overwritten");
    close(log);
    write_file("/tmp/secret", "secret!");
    shared_fd = open("/tmp/secret", O_RDWR);
    tap_equal(value_in_child(do_unlinked), 0, "a_child_uses_a_file_that_has_no_name");
    tap_check(pread(shared_fd, text, 7, 0) == 7 && memcmp(text, "SECRET!", 7) == 0 &&
                  fstat(shared_fd, &st) == 0 && st.st_nlink == 0,
              "so_does_its_parent");
    close(shared_fd);
    tap_equal(value_in_child(do_big), 0, "large_transfers_vectors_and_mappings");
    tap_check(stat("/tmp/big", &st) == 0 && st.st_size == BIG &&
                  has_text("/tmp/stdio", "42 words\n"),
              "all_of_it_is_there");
}

/* ---- locks ------------------------------------------------------------------------------------- */

static int record(int fd, int command, short type, off_t start, off_t bytes)
{
    struct flock lock = {.l_type = type, .l_whence = SEEK_SET, .l_start = start, .l_len = bytes};
    const int r = fcntl(fd, command, &lock);
    return command == F_GETLK && r == 0 ? lock.l_type : r;
}

static int do_locked_out(void)
{
    const int fd = open("/tmp/lock", O_RDWR);
    REQUIRE(record(fd, F_SETLK, F_WRLCK, 5, 1) == -1 && (errno == EAGAIN || errno == EACCES));
    REQUIRE(record(fd, F_GETLK, F_WRLCK, 0, 0) == F_WRLCK);
    REQUIRE(record(fd, F_SETLK, F_WRLCK, 10, 0) == 0);
    REQUIRE(record(shared_fd, F_SETLK, F_RDLCK, 9, 1) == -1);
    REQUIRE(flock(fd, LOCK_SH | LOCK_NB) == -1 && errno == EWOULDBLOCK);
    REQUIRE(flock(shared_fd, LOCK_EX | LOCK_NB) == 0); /* the same open file */
    return 0;
}

static int do_waits(void)
{
    const int fd = open("/tmp/lock", O_RDWR);
    REQUIRE(record(fd, F_SETLKW, F_WRLCK, 0, 10) == 0);
    return 0;
}

static pid_t start_holder(int *ready)
{
    int p[2];
    char c;
    pipe(p);
    const pid_t pid = fork();
    if (pid == 0) {
        const int fd = open("/tmp/lock", O_RDWR);
        const bool good = record(fd, F_SETLK, F_WRLCK, 0, 0) == 0 && flock(fd, LOCK_EX) == 0;
        (void)!write(p[1], good ? "y" : "n", 1);
        for (;;) {
            pause();
        }
    }
    *ready = read(p[0], &c, 1) == 1 && c == 'y';
    close(p[0]);
    close(p[1]);
    return pid;
}

static void locks_conflict(void)
{
    int status, ready;

    write_file("/tmp/lock", "0123456789");
    shared_fd = open("/tmp/lock", O_RDWR);
    const int other = open("/tmp/lock", O_RDWR);
    tap_check(record(shared_fd, F_SETLK, F_WRLCK, 0, 10) == 0 && flock(shared_fd, LOCK_EX) == 0,
              "the_parent_locks");
    tap_equal(value_in_child(do_locked_out), 0, "a_child_is_locked_out");
    tap_check(record(shared_fd, F_SETLK, F_WRLCK, 0, 0) == 0, "its_own_lock_has_gone_with_it");
    const pid_t waiter = fork();
    if (waiter == 0) {
        _exit(do_waits());
    }
    usleep(20000);
    tap_check(waitpid(waiter, &status, WNOHANG) == 0, "a_child_waits_for_a_lock");
    close(other); /* one descriptor of the file: all locks go */
    tap_check(waitpid(waiter, &status, 0) == waiter && status == 0, "and_gets_it");
    flock(shared_fd, LOCK_UN);
    const pid_t holder = start_holder(&ready);
    tap_check(ready && record(shared_fd, F_SETLK, F_RDLCK, 3, 1) == -1 &&
                  flock(shared_fd, LOCK_SH | LOCK_NB) == -1,
              "a_parent_is_locked_out");
    struct flock lock = {.l_type = F_RDLCK, .l_whence = SEEK_SET};
    tap_check(fcntl(shared_fd, F_GETLK, &lock) == 0 && lock.l_pid == (short)holder,
              "and_learns_by_whom");
    kill(holder, SIGKILL);
    tap_check(record(shared_fd, F_SETLKW, F_WRLCK, 0, 0) == 0 && flock(shared_fd, LOCK_EX) == 0,
              "locks_vanish_when_their_holder_is_killed");
    tap_check(waitpid(holder, &status, 0) == holder, "it_was");
    close(shared_fd);
}

/* ---- many, busy, killed --------------------------------------------------------------------------- */

static int write_own(int number)
{
    char path[64], text[64];
    for (int i = 0; i < 20; i++) {
        snprintf(path, sizeof(path), "/tmp/own/%d.%d", number, i);
        snprintf(text, sizeof(text), "file %d of %d", i, number);
        REQUIRE(write_file(path, text) && has_text(path, text));
    }
    snprintf(path, sizeof(path), "/tmp/own/%d.0", number);
    REQUIRE(unlink(path) == 0);
    return 0;
}

static void many_at_once(void)
{
    pid_t all[CHILDREN];
    char path[64], text[64];
    int good = 0, sound = 0, status;

    mkdir("/tmp/own", 0755);
    for (int i = 0; i < CHILDREN; i++) {
        all[i] = fork();
        if (all[i] == 0) {
            _exit(write_own(i));
        }
    }
    for (int i = 0; i < CHILDREN; i++) {
        good += waitpid(all[i], &status, 0) == all[i] && status == 0;
    }
    for (int i = 0; i < CHILDREN; i++) {
        for (int k = 1; k < 20; k++) {
            snprintf(path, sizeof(path), "/tmp/own/%d.%d", i, k);
            snprintf(text, sizeof(text), "file %d of %d", k, i);
            sound += has_text(path, text);
        }
    }
    tap_equal(good, CHILDREN, "twenty_children_at_once");
    tap_check(sound == CHILDREN * 19 && count_entries("/tmp/own") == CHILDREN * 19 + 2,
              "all_their_files_are_there");
}

static int do_count(void)
{
    for (int i = 0; i < 50; i++) {
        REQUIRE(write_file("/tmp/busy", "written while its parent computes"));
    }
    return 0;
}

static volatile sig_atomic_t has_ended;

static void on_child(int sig)
{
    has_ended = sig != 0;
}

/* Its loop calls nothing that could wait. */
static void a_busy_parent_serves(void)
{
    volatile uint64_t work = 0;
    int status = -1;
    signal(SIGCHLD, on_child);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(do_count());
    }
    const time_t until = time(NULL) + 40;
    while (!has_ended && time(NULL) < until) {
        work = work + 1;
    }
    const bool was_served = has_ended != 0;
    tap_check(was_served && waitpid(pid, &status, 0) == pid && status == 0 &&
                  has_text("/tmp/busy", "written while its parent computes"),
              "a_parent_that_computes_lets_its_child_write");
    signal(SIGCHLD, SIG_DFL);
}

static int do_stop_parent(void)
{
    REQUIRE(kill(getppid(), SIGSTOP) == 0);
    usleep(20000);
    for (int i = 0; i < 20; i++) {
        REQUIRE(write_file("/tmp/stopped", "its owner is stopped"));
    }
    REQUIRE(has_text("/tmp/stopped", "its owner is stopped"));
    REQUIRE(kill(getppid(), SIGCONT) == 0);
    return 0;
}

static void a_killed_child_leaves_good_files(void)
{
    struct stat st;
    int sound = 0;
    for (int i = 0; i < KILLED; i++) {
        const pid_t pid = fork();
        if (pid == 0) {
            static char block[20000];
            for (;;) {
                const int fd = open("/tmp/torn", O_RDWR | O_CREAT | O_APPEND, 0644);
                (void)!write(fd, block, sizeof(block));
                ftruncate(fd, 100);
                close(fd);
            }
        }
        usleep(1000u + (unsigned int)i % 50u * 37u);
        kill(pid, SIGKILL);
        sound += waitpid(pid, NULL, 0) == pid &&
                 (stat("/tmp/torn", &st) != 0 || unlink("/tmp/torn") == 0);
    }
    tap_equal(sound, KILLED, "children_killed_while_they_write_do_no_harm");
    tap_equal(value_in_child(do_big), 0, "others_write_as_before");
}

/* ---- generations --------------------------------------------------------------------------------- */

static int do_grandchild(void)
{
    char c;
    REQUIRE(write(shared_fd, "grandchild", 10) == 10);
    REQUIRE(write_file("/tmp/grand", "deep") && chdir("/tmp") == 0);
    REQUIRE(pread(shared_fd, &c, 1, 0) == 1 && c == 'c');
    return 0;
}

static int do_child_of_many(void)
{
    REQUIRE(chdir("/tmp/own") == 0 && write(shared_fd, "child ", 6) == 6);
    const int own = open("/tmp/by.child", O_RDWR | O_CREAT, 0644);
    const int before = shared_fd;
    REQUIRE(value_in_child(do_grandchild) == 0);
    REQUIRE(lseek(before, 0, SEEK_CUR) == 16);
    shared_fd = own;
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(write(own, "cx", 2) == 2 ? 0 : 1);
    }
    int status;
    REQUIRE(waitpid(pid, &status, 0) == pid && status == 0 && lseek(own, 0, SEEK_CUR) == 2);
    return 0;
}

static void generations_share(void)
{
    char text[32] = {0};
    shared_fd = open("/tmp/gens", O_RDWR | O_CREAT | O_TRUNC, 0644);
    tap_equal(value_in_child(do_child_of_many), 0, "a_child_and_its_children");
    tap_check(has_text("/tmp/grand", "deep") && has_text("/tmp/by.child", "cx") &&
                  pread(shared_fd, text, 31, 0) == 16 && strcmp(text, "child grandchild") == 0,
              "share_with_the_first_process");
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    names_are_everybodys();
    open_files_are_shared();
    alarm(30); /* a lock that never comes */
    locks_conflict();
    alarm(0);
    many_at_once();
    a_busy_parent_serves();
    alarm(20); /* it would never go on */
    tap_equal(value_in_child(do_stop_parent), 0, "a_stopped_process_serves_too");
    alarm(0);
    a_killed_child_leaves_good_files();
    generations_share();
    return tap_done();
}
