// SPDX-License-Identifier: Apache-2.0
// timeout: 60
// FIFOs and fork(): ends that are open stay open in a child; the file itself is its owner's.
#include "tap.h"

#include <fcntl.h>
#include <signal.h>
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
        close(again);
        _exit(read(in, text, 1) == 1 && *text == 'p' && read(in, text, 1) == 0 ? 0 : 1);
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

static void test_opened_by_child(void)
{
    const pid_t child = fork();
    if (child == 0) {
        struct stat st;
        const bool is_refused =
            open("/tmp/fifo", O_RDWR) == -1 && errno == ENOTSUP && mkfifo("/tmp/new", 0600) == 0;
        _exit(is_refused && stat("/tmp/new", &st) == 0 && S_ISFIFO(st.st_mode) ? 0 : 1);
    }
    tap_check(status_of(child) == 0, "a child cannot open one (ENOTSUP), but make one");
    const int fd = open("/tmp/new", O_RDWR);
    tap_check(fd >= 0 && write(fd, "x", 1) == 1, "which its parent opens");
}

int main(void)
{
    test_inherited();
    test_reopened();
    test_opened_by_child();
    return tap_done();
}
