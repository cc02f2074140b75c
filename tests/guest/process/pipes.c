// SPDX-License-Identifier: Apache-2.0
// cpus: 2
// timeout: 90
// Pipes between processes: data, ends, blocking, polling, and processes that die.
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

#define BULK 1000000

static void both_ways(void)
{
    int down[2], up[2];
    char text[32] = "";

    tap_check(pipe(down) == 0 && pipe(up) == 0, "pipes_are_made");
    const pid_t pid = fork();
    if (pid == 0) {
        close(down[1]);
        close(up[0]);
        const ssize_t n = read(down[0], text, sizeof(text));
        if (n > 0) {
            text[0] = 'J';
            (void)!write(up[1], text, (size_t)n);
        }
        _exit(read(down[0], text, 1) == 0 ? 0 : 1);
    }
    close(down[0]);
    close(up[1]);
    tap_check(write(down[1], "hello", 5) == 5, "the_parent_writes");
    tap_check(read(up[0], text, sizeof(text)) == 5 && memcmp(text, "Jello", 5) == 0,
              "the_child_answers");
    close(down[1]);
    tap_check(ends_well(pid), "the_child_finds_the_end");
    tap_check(read(up[0], text, 1) == 0, "and_so_does_the_parent");
    close(up[0]);
}

static void what_was_there_stays(void)
{
    int p[2];
    char text[32] = "";

    (void)!pipe(p);
    (void)!write(p[1], "before", 6);
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(read(p[0], text, 3) == 3 && memcmp(text, "bef", 3) == 0 ? 0 : 1);
    }
    tap_check(ends_well(pid), "a_child_reads_what_was_there");
    tap_check(read(p[0], text, sizeof(text)) == 3 && memcmp(text, "ore", 3) == 0,
              "what_it_took_is_gone");
    close(p[0]);
    close(p[1]);

    static char much[60000];
    (void)!pipe(p);
    memset(much, 'm', sizeof(much));
    (void)!write(p[1], much, sizeof(much));
    const pid_t second = fork();
    if (second == 0) {
        _exit(0);
    }
    int there = 0;
    ioctl(p[0], FIONREAD, &there);
    tap_check(ends_well(second) && there == (int)sizeof(much), "a_full_pipe_stays_full");
    size_t good = 0;
    memset(much, 0, sizeof(much));
    close(p[1]);
    for (ssize_t n; (n = read(p[0], much, 7000)) > 0;) {
        good += much[0] == 'm' && much[n - 1] == 'm' ? (size_t)n : 0;
    }
    tap_check(good == sizeof(much), "and_all_of_it_can_be_read");
    close(p[0]);
}

/* A million bytes through a pipe whose reader and writer are slow in turn. */
static void bulk(void)
{
    int p[2];
    static uint32_t block[3000];
    uint32_t next = 0, good = 0;

    (void)!pipe(p);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        for (uint32_t i = 0; i < BULK / 4;) {
            uint32_t n = 0;
            for (; n < 3000 && i < BULK / 4; n++, i++) {
                block[n] = i;
            }
            if (write(p[1], block, n * 4) != (ssize_t)n * 4) {
                _exit(1);
            }
        }
        _exit(0);
    }
    close(p[1]);
    size_t have = 0;
    for (ssize_t n; (n = read(p[0], (char *)block + have, sizeof(block) - have)) > 0;) {
        have += (size_t)n;
        for (size_t i = 0; i < have / 4; i++) {
            good += block[i] == next++;
        }
        memmove(block, (char *)block + have / 4 * 4, have % 4);
        have %= 4;
    }
    tap_check(good == BULK / 4 && next == BULK / 4, "a_million_bytes_in_order");
    tap_check(ends_well(pid), "the_writer_waited_for_room");
    close(p[0]);
}

static void siblings(void)
{
    int p[2];
    (void)!pipe(p);
    const pid_t a = fork();
    if (a == 0) {
        close(p[0]);
        for (int i = 0; i < 100; i++) {
            dprintf(p[1], "line %d\n", i);
        }
        _exit(0);
    }
    const pid_t b = fork();
    if (b == 0) {
        int lines = 0;
        char c;
        close(p[1]);
        while (read(p[0], &c, 1) == 1) {
            lines += c == '\n';
        }
        _exit(lines == 100 ? 0 : 1);
    }
    close(p[0]);
    close(p[1]);
    const int first = ends_well(a);
    tap_check(first && ends_well(b), "siblings_talk");
}

static void broken_pipes(void)
{
    int p[2], status;
    (void)!pipe(p);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        for (;;) {
            if (write(p[1], "x", 1) < 0) {
                _exit(1);
            }
        }
    }
    close(p[1]);
    char c;
    (void)!read(p[0], &c, 1);
    close(p[0]);
    tap_check(waitpid(pid, &status, 0) == pid && WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE,
              "a_writer_without_a_reader_gets_sigpipe");

    signal(SIGPIPE, SIG_IGN);
    (void)!pipe(p);
    const pid_t killed = fork();
    if (killed == 0) {
        close(p[1]);
        for (;;) {
            pause();
        }
    }
    close(p[0]);
    tap_check(write(p[1], "x", 1) == 1, "a_reader_is_there");
    kill(killed, SIGKILL);
    waitpid(killed, &status, 0);
    errno = 0;
    tap_check(write(p[1], "x", 1) == -1 && errno == EPIPE, "a_killed_reader_breaks_the_pipe");
    close(p[1]);

    (void)!pipe(p);
    const pid_t writer = fork();
    if (writer == 0) {
        for (;;) {
            pause();
        }
    }
    const pid_t killer = fork();
    if (killer == 0) {
        close(p[1]);
        usleep(20000);
        kill(writer, SIGKILL);
        _exit(0);
    }
    close(p[1]);
    tap_check(read(p[0], &c, 1) == 0, "a_reader_that_waits_finds_the_end_of_a_killed_writer");
    (void)ends_well(killer);
    waitpid(writer, &status, 0);
    close(p[0]);
    signal(SIGPIPE, SIG_DFL);
}

static void polling(void)
{
    int p[2], back[2];
    char c;
    (void)!pipe2(p, O_NONBLOCK);
    (void)!pipe(back);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        close(back[1]);
        (void)!read(back[0], &c, 1);
        (void)!write(p[1], "1", 1);
        (void)!read(back[0], &c, 1);
        (void)!write(p[1], "2", 1);
        (void)!read(back[0], &c, 1);
        (void)!write(p[1], "3", 1);
        (void)!read(back[0], &c, 1);
        _exit(0);
    }
    close(p[1]);
    close(back[0]);
    struct pollfd pfd = {.fd = p[0], .events = POLLIN};
    errno = 0;
    tap_check(read(p[0], &c, 1) == -1 && errno == EAGAIN, "nonblocking_says_eagain");
    tap_check(poll(&pfd, 1, 10) == 0, "poll_times_out");
    (void)!write(back[1], "g", 1);
    tap_check(poll(&pfd, 1, -1) == 1 && pfd.revents == POLLIN && read(p[0], &c, 1) == 1,
              "poll_wakes");
    fd_set set;
    FD_ZERO(&set);
    FD_SET(p[0], &set);
    (void)!write(back[1], "g", 1);
    tap_check(select(p[0] + 1, &set, NULL, NULL, NULL) == 1 && read(p[0], &c, 1) == 1,
              "select_wakes");
    const int ep = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = 7};
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &event);
    event.data.u32 = 0;
    (void)!write(back[1], "g", 1);
    tap_check(epoll_wait(ep, &event, 1, -1) == 1 && event.data.u32 == 7 && read(p[0], &c, 1) == 1,
              "epoll_wakes");
    (void)!write(back[1], "g", 1);
    tap_check(epoll_wait(ep, &event, 1, -1) == 1 && (event.events & EPOLLHUP) != 0,
              "epoll_sees_the_end");
    tap_check(ends_well(pid), "the_child_ends");
    close(ep);
    close(p[0]);
    close(back[1]);
}

/* A token goes round through processes, each of which has only its own two ends. */
static void ring(void)
{
    enum { COUNT = 10, ROUNDS = 50 };
    int first[2], in, out;
    uint32_t token = 0;

    (void)!pipe(first);
    in = first[0];
    for (int i = 0; i < COUNT; i++) {
        int next[2];
        (void)!pipe(next);
        if (fork() == 0) {
            close(first[1]);
            close(next[0]);
            while (read(in, &token, 4) == 4) {
                token++;
                (void)!write(next[1], &token, 4);
            }
            _exit(0);
        }
        close(next[1]);
        close(in);
        in = next[0];
    }
    out = first[1];
    for (int i = 0; i < ROUNDS; i++) {
        (void)!write(out, &token, 4);
        if (read(in, &token, 4) != 4) {
            break;
        }
    }
    tap_check(token == COUNT * ROUNDS, "a_token_goes_round");
    close(out);
    tap_check(read(in, &token, 4) == 0, "the_end_goes_round_too");
    close(in);
    int count = 0;
    while (wait(NULL) > 0) {
        count++;
    }
    tap_check(count == COUNT, "all_have_ended");
}

/* Records of many writers stay whole. */
static void many_writers(void)
{
    enum { WRITERS = 8, RECORDS = 200, SIZE = 512 };
    int p[2];
    char record[SIZE];
    (void)!pipe(p);
    for (int i = 0; i < WRITERS; i++) {
        if (fork() == 0) {
            memset(record, 'a' + i, SIZE);
            for (int n = 0; n < RECORDS; n++) {
                (void)!write(p[1], record, SIZE);
            }
            _exit(0);
        }
    }
    close(p[1]);
    int whole = 0;
    size_t have = 0;
    for (ssize_t n; (n = read(p[0], record + have, SIZE - have)) > 0;) {
        have += (size_t)n;
        if (have == SIZE) {
            int same = 1;
            for (int i = 1; i < SIZE; i++) {
                same &= record[i] == record[0];
            }
            whole += same;
            have = 0;
        }
    }
    tap_check(whole == WRITERS * RECORDS, "records_of_many_writers_stay_whole");
    while (wait(NULL) > 0) {
    }
    close(p[0]);
}

/* More pipes than the window has room for, but not at a time. */
static void pipes_come_back(void)
{
    int good = 0;
    for (int i = 0; i < 300; i++) {
        int p[2];
        char c = 0;
        (void)!pipe(p);
        const pid_t pid = fork();
        if (pid == 0) {
            (void)!write(p[1], "!", 1);
            _exit(0);
        }
        good += pid > 0 && read(p[0], &c, 1) == 1 && c == '!' && ends_well(pid);
        close(p[0]);
        close(p[1]);
    }
    tap_check(good == 300, "pipes_are_used_again");
    int all[130][2], count = 0;
    while (count < 130 && pipe(all[count]) == 0) {
        count++;
    }
    errno = 0;
    tap_check(fork() == -1 && errno == EAGAIN, "too_many_pipes_are_told");
    while (count-- > 0) {
        close(all[count][0]);
        close(all[count][1]);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        _exit(0);
    }
    tap_check(ends_well(pid), "then_there_is_room_again");
}

/* What a thread waited for at a fork is not its child's, which closes its descriptor. */
static void *read_one(void *fd)
{
    char byte;
    return (void *)(intptr_t)read(*(const int *)fd, &byte, 1);
}

static void waiting_threads(void)
{
    int p[2], q[2];
    char byte = 0;
    pthread_t thread;

    (void)!(pipe(p) + pipe(q));
    pthread_create(&thread, NULL, read_one, &p[0]);
    usleep(20000); /* it waits */
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        close(p[1]);
        (void)!write(q[1], "c", 1);
        pause(); /* until it is killed */
        _exit(0);
    }
    (void)!write(p[1], "x", 1);
    pthread_join(thread, NULL);
    while (read(q[0], &byte, 1) == 1 && byte != 'c') {
    }
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    tap_check(write(p[1], "x", 1) == -1 && errno == EPIPE, "a_thread_that_waited_holds_no_end");
    signal(SIGPIPE, SIG_DFL);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    close(p[1]);
    close(q[0]);
    close(q[1]);
}

/* fork() in a handler that interrupts a wait: both go on with it. */
static int in_handler[2];
static pid_t forked;

static void fork_now(int sig)
{
    (void)sig;
    forked = fork();
    (void)!write(in_handler[1], "xx", forked == 0 ? 1 : 2);
}

static void fork_in_a_handler(void)
{
    const struct sigaction action = {.sa_handler = fork_now, .sa_flags = SA_RESTART};
    char byte = 0;
    int status = -1;

    (void)!pipe(in_handler);
    pthread_t thread;
    pthread_create(&thread, NULL, read_one, &in_handler[0]); /* there are others */
    sigaction(SIGALRM, &action, NULL);
    ualarm(20000, 0);
    const ssize_t n =
        read(in_handler[0], &byte, 1); /* one byte each: this, the thread, the child */
    if (forked == 0) {
        signal(SIGPIPE, SIG_IGN);
        usleep(100000); /* nobody else has it any more */
        _exit(n == 1 && write(in_handler[1], "x", 1) == 1 ? 0 : 1);
    }
    pthread_join(thread, NULL);
    close(in_handler[0]);
    waitpid(forked, &status, 0);
    tap_check(n == 1 && status == 0, "a_fork_in_a_handler_leaves_the_wait_as_it_was");
    signal(SIGALRM, SIG_DFL);
    close(in_handler[1]);
}

int main(void)
{
    setvbuf(stdout, NULL, _IONBF, 0);
    both_ways();
    what_was_there_stays();
    bulk();
    siblings();
    broken_pipes();
    polling();
    ring();
    many_writers();
    pipes_come_back();
    waiting_threads();
    fork_in_a_handler();
    return tap_done();
}
