// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// FIFOs and fork(): ends that are open stay open in a child; children open them, too.
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static int status_of(pid_t child)
{
    int status = -1;
    waitpid(child, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void test_inherited(void)
{
    char text[8] = "";
    mkfifo("/tmp/fifo", 0600);
    const int in = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    const int out = open("/tmp/fifo", O_WRONLY);
    fcntl(in, F_SETFL, 0);
    const pid_t writer = fork();
    if (writer == 0) {
        _exit(write(out, "child", 5) == 5 ? 0 : 1);
    }
    close(out);
    tap_check(read(in, text, sizeof(text)) == 5 && memcmp(text, "child", 5) == 0,
              "what a child writes arrives");
    tap_check(status_of(writer) == 0 && read(in, text, 1) == 0, "and its end is the end");

    const int again = open("/tmp/fifo", O_WRONLY);
    const pid_t reader = fork();
    if (reader == 0) {
        int there = -1;
        close(again);
        struct pollfd p = {.fd = in, .events = POLLIN};
        const bool is_counted = poll(&p, 1, -1) == 1 && ioctl(in, FIONREAD, &there) == 0 &&
                                there == 1 && ioctl(in, TIOCOUTQ, &there) == -1 && errno == ENOTTY;
        _exit(is_counted && read(in, text, 1) == 1 && *text == 'p' && read(in, text, 1) == 0 ? 0
                                                                                             : 1);
    }
    close(in);
    signal(SIGPIPE, SIG_IGN);
    tap_check(write(again, "p", 1) == 1, "a writer has a reader in its child");
    tap_check(close(again) == 0 && status_of(reader) == 0, "which sees the end");
}

static void test_reopened(void)
{
    char text[8];
    const int in = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
    int out = open("/tmp/fifo", O_WRONLY);
    const pid_t child = fork();
    if (child == 0) {
        close(out);
        fcntl(in, F_SETFL, 0);
        while (read(in, text, 1) == 0) {
            usleep(1000);
        }
        _exit(*text == 'q' ? 0 : 1);
    }
    close(out);
    out = open("/tmp/fifo", O_WRONLY);
    tap_check(out >= 0 && write(out, "q", 1) == 1 && status_of(child) == 0,
              "an end that is opened again is the same pipe's");
    close(out);
    close(in);
}

/* ---- opened by children ------------------------------------------------------------------------ */

static void test_child_reads(void)
{
    char text[8] = "";
    const pid_t child = fork();
    if (child == 0) {
        const int in = open("/tmp/fifo", O_RDONLY);
        struct stat st;
        const bool is_good = in >= 0 && fstat(in, &st) == 0 && S_ISFIFO(st.st_mode) &&
                             read(in, text, sizeof(text)) == 2 && read(in, text, 1) == 0;
        _exit(is_good ? 0 : 1);
    }
    usleep(50000);
    const int out = open("/tmp/fifo", O_WRONLY);
    tap_check(out >= 0 && write(out, "ab", 2) == 2 && close(out) == 0 && status_of(child) == 0,
              "a child opens to read, waits for its parent, and sees the end");
}

static void test_child_writes(void)
{
    static char all[200000], got[200000];
    const pid_t child = fork();
    if (child == 0) {
        memset(all, 'w', sizeof(all));
        const int out = open("/tmp/fifo", O_WRONLY);
        _exit(write(out, all, sizeof(all)) == sizeof(all) ? 0 : 1);
    }
    const int in = open("/tmp/fifo", O_RDONLY);
    size_t bytes = 0;
    ssize_t n;
    while ((n = read(in, got, sizeof(got))) > 0) {
        bytes += (size_t)n;
    }
    tap_check(bytes == sizeof(all) && n == 0 && status_of(child) == 0,
              "a child writes more than fits, all of it: %zu bytes", bytes);
    close(in);
}

static void test_siblings(void)
{
    char text[8] = "";
    const pid_t reader = fork();
    if (reader == 0) {
        const int in = open("/tmp/fifo", O_RDONLY);
        struct pollfd p = {.fd = in, .events = POLLIN};
        const bool is_good = in >= 0 && poll(&p, 1, -1) == 1 && p.revents == POLLIN &&
                             read(in, text, 8) == 3 && poll(&p, 1, -1) == 1 &&
                             (p.revents & POLLHUP) != 0;
        _exit(is_good ? 0 : 1);
    }
    const pid_t writer = fork();
    if (writer == 0) {
        const int out = open("/tmp/fifo", O_WRONLY);
        usleep(30000);
        const bool is_good = out >= 0 && write(out, "sib", 3) == 3;
        usleep(30000);
        _exit(is_good ? 0 : 1);
    }
    tap_check(status_of(reader) == 0 && status_of(writer) == 0, "two children find each other");
}

static volatile sig_atomic_t signals;

static void count(int number)
{
    (void)number;
    signals++;
}

static void test_errors(void)
{
    signal(SIGPIPE, count);
    const pid_t child = fork();
    if (child == 0) {
        const struct sigaction a = {.sa_handler = count};
        sigaction(SIGALRM, &a, NULL);
        int failed = open("/tmp/fifo", O_WRONLY | O_NONBLOCK) != -1 || errno != ENXIO ? 1 : 0;
        ualarm(20000, 0);
        failed |= open("/tmp/fifo", O_RDONLY) != -1 || errno != EINTR || signals != 1 ? 2 : 0;
        const int in = open("/tmp/fifo", O_RDONLY | O_NONBLOCK);
        const int out = open("/tmp/fifo", O_WRONLY);
        char c;
        failed |= in < 0 || out < 0 || read(in, &c, 1) != -1 || errno != EAGAIN ? 4 : 0;
        close(in);
        failed |= write(out, "x", 1) != -1 || errno != EPIPE || signals != 2 ? 8 : 0;
        failed |= mkfifo("/tmp/new", 0600) != 0 ? 16 : 0;
        _exit(failed);
    }
    const int status = status_of(child);
    tap_check(status == 0, "a child gets ENXIO, EINTR, EAGAIN, EPIPE (%d)", status);
    tap_check(signals == 0, "and the signal, not its parent");
    const int fd = open("/tmp/new", O_RDWR);
    tap_check(fd >= 0 && write(fd, "x", 1) == 1, "what a child makes, its parent opens");
}

int main(void)
{
    test_inherited();
    test_reopened();
    test_child_reads();
    test_child_writes();
    test_siblings();
    test_errors();
    return tap_done();
}
