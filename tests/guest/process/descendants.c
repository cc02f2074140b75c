// SPDX-License-Identifier: Apache-2.0
// cpus: 2
// timeout: 120
// Sockets and counters that a process other than the first one makes: its children have them, and the
// network is one for all of a family.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

#define ROUNDS 10

static int bound(int type, struct sockaddr_in *a)
{
    socklen_t bytes = sizeof(*a);
    const int s = socket(AF_INET, type, 0);

    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    const bool good = bind(s, (struct sockaddr *)a, sizeof(*a)) == 0 &&
                      (type != SOCK_STREAM || listen(s, 50) == 0) &&
                      getsockname(s, (struct sockaddr *)a, &bytes) == 0;
    return good ? s : -1;
}

static int connect_to(const struct sockaddr_in *a)
{
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    return connect(s, (const struct sockaddr *)a, sizeof(*a)) == 0 ? s : -1;
}

/* ---- TCP ---------------------------------------------------------------------------------------- */

/* Runs `serve` in a child that tells its port through a pipe; the first process is its client. */
static pid_t start(void (*serve)(int listener), struct sockaddr_in *a)
{
    int p[2];

    (void)pipe(p);
    const pid_t pid = fork();
    if (pid == 0) {
        const int listener = bound(SOCK_STREAM, a);
        REQUIRE(listener >= 0 && write(p[1], a, sizeof(*a)) == sizeof(*a));
        serve(listener);
        _exit(0);
    }
    (void)!read(p[0], a, sizeof(*a));
    close(p[0]);
    close(p[1]);
    return pid;
}

static void fork_for_each(int listener)
{
    for (int i = 0; i < ROUNDS; i++) {
        const int s = accept(listener, NULL, NULL);
        REQUIRE(s >= 0);
        const pid_t pid = fork();
        if (pid == 0) {
            close(listener);
            REQUIRE(says(s, "request"));
            REQUIRE(say(s, "answer"));
            _exit(0);
        }
        close(s);
        REQUIRE(ends_well(pid));
    }
}

static void accept_in_children(int listener)
{
    pid_t pids[3];

    for (int i = 0; i < 3; i++) {
        pids[i] = fork();
        while (pids[i] == 0) {
            char text[8];
            const int s = accept(listener, NULL, NULL);
            const ssize_t n = read(s, text, sizeof(text));
            REQUIRE(s >= 0 && n > 0);
            if (text[0] == 'q') {
                _exit(0);
            }
            REQUIRE(say(s, "answer"));
            close(s);
        }
    }
    for (int i = 0; i < 3; i++) {
        REQUIRE(ends_well(pids[i]));
    }
}

static int count_answers(const struct sockaddr_in *a)
{
    int good = 0;
    for (int i = 0; i < ROUNDS; i++) {
        const int c = connect_to(a);
        good += say(c, "request") && says(c, "answer") && says(c, "");
        close(c);
    }
    return good;
}

static void servers(void)
{
    struct sockaddr_in a;
    pid_t pid = start(fork_for_each, &a);

    tap_check(count_answers(&a) == ROUNDS, "a_grandchild_per_connection_serves_the_first_process");
    tap_check(ends_well(pid), "and_the_child_is_content");
    pid = start(accept_in_children, &a);
    tap_check(count_answers(&a) == ROUNDS, "grandchildren_accept");
    for (int i = 0; i < 3; i++) {
        const int c = connect_to(&a);
        (void)(say(c, "q") && says(c, ""));
        close(c);
    }
    tap_check(ends_well(pid), "and_end");
    tap_check(connect_to(&a) == -1 && errno == ECONNREFUSED, "then_nobody_listens");
}

static void clients(void)
{
    struct sockaddr_in a;
    const int listener = bound(SOCK_STREAM, &a);

    const pid_t pid = fork();
    if (pid == 0) {
        close(listener);
        const int c = connect_to(&a);
        REQUIRE(c >= 0 && say(c, "from a child"));
        const pid_t other = fork();
        if (other == 0) {
            REQUIRE(says(c, "to a grandchild") && say(c, "thanks"));
            _exit(0);
        }
        REQUIRE(ends_well(other));
        REQUIRE(fcntl(c, F_SETFL, O_NONBLOCK) == 0 && read(c, &a, 1) == -1 && errno == EAGAIN);
        _exit(0);
    }
    const int s = accept(listener, NULL, NULL);
    tap_check(says(s, "from a child") && say(s, "to a grandchild") && says(s, "thanks"),
              "a_connection_that_a_child_made_goes_on_in_its_child");
    tap_check(says(s, "") && ends_well(pid), "until_both_have_ended");
    close(s);
    close(listener);
}

static void datagrams(void)
{
    struct sockaddr_in a, from;
    socklen_t bytes = sizeof(from);
    char text[16];
    const int own = bound(SOCK_DGRAM, &a);

    const pid_t pid = fork();
    if (pid == 0) {
        const int s = socket(AF_INET, SOCK_DGRAM, 0);
        const pid_t other = fork();
        if (other == 0) {
            REQUIRE(sendto(s, "hello", 5, 0, (struct sockaddr *)&a, sizeof(a)) == 5);
            REQUIRE(recvfrom(s, text, sizeof(text), 0, (struct sockaddr *)&from, &bytes) == 3);
            REQUIRE(from.sin_port == a.sin_port);
            _exit(0);
        }
        REQUIRE(ends_well(other));
        _exit(0);
    }
    tap_check(recvfrom(own, text, sizeof(text), 0, (struct sockaddr *)&from, &bytes) == 5 &&
                  sendto(own, "you", 3, 0, (struct sockaddr *)&from, bytes) == 3,
              "datagrams_of_a_childs_socket");
    tap_check(ends_well(pid), "are_its_childs_too");
    close(own);
}

static void large_datagrams(void)
{
    static char text[70000], back[70000];
    struct sockaddr_in a, from;
    socklen_t bytes = sizeof(from);
    const int size = 65000, own = bound(SOCK_DGRAM, &a);

    for (int i = 0; i < size; i++) {
        text[i] = (char)(i * 7 % 251);
    }
    const pid_t pid = fork();
    if (pid == 0) {
        const int s = socket(AF_INET, SOCK_DGRAM, 0);
        REQUIRE(sendto(s, text, (size_t)size, 0, (struct sockaddr *)&a, sizeof(a)) == size);
        REQUIRE(recv(s, back, sizeof(back), 0) == size && memcmp(text, back, (size_t)size) == 0);
        REQUIRE(recv(s, back, 40000, MSG_TRUNC) == size);
        REQUIRE(sendto(s, text, 66000, 0, (struct sockaddr *)&a, sizeof(a)) == -1);
        REQUIRE(errno == EMSGSIZE);
        _exit(0);
    }
    const bool came =
        recvfrom(own, back, sizeof(back), 0, (struct sockaddr *)&from, &bytes) == size &&
        memcmp(text, back, (size_t)size) == 0;
    for (int i = 0; i < 2; i++) {
        (void)sendto(own, back, (size_t)size, 0, (struct sockaddr *)&from, bytes);
    }
    tap_check(came && ends_well(pid), "datagrams_as_large_as_they_may_be");
    close(own);
}

/* ---- counters ----------------------------------------------------------------------------------- */

static void *wait_for_seven(void *counter)
{
    uint64_t value = 0;
    REQUIRE(eventfd_read(*(const int *)counter, &value) == 0 && value == 7);
    return NULL;
}

static void use_counters(void)
{
    int down = eventfd(3, 0), up = eventfd(0, EFD_SEMAPHORE), late = eventfd(0, 0);
    const int e = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};
    pthread_t thread;
    uint64_t value = 0;

    REQUIRE(epoll_ctl(e, EPOLL_CTL_ADD, up, &event) == 0);
    REQUIRE(pthread_create(&thread, NULL, wait_for_seven, &late) == 0);
    usleep(10000); /* it waits */
    const pid_t pid = fork();
    if (pid == 0) {
        REQUIRE(eventfd_read(down, &value) == 0 && value == 3);
        REQUIRE(eventfd_write(up, 2) == 0);
        REQUIRE(eventfd_write(late, 7) == 0);
        REQUIRE(eventfd_read(down, &value) == 0 && value == 5);
        _exit(0);
    }
    REQUIRE(epoll_wait(e, &event, 1, 5000) == 1);
    REQUIRE(eventfd_read(up, &value) == 0 && value == 1);
    REQUIRE(eventfd_read(up, &value) == 0 && value == 1);
    REQUIRE(epoll_wait(e, &event, 1, 0) == 0);
    REQUIRE(pthread_join(thread, NULL) == 0);
    REQUIRE(eventfd_write(down, 5) == 0);
    REQUIRE(ends_well(pid));
}

static void counters(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        use_counters();
        _exit(0);
    }
    tap_check(ends_well(pid), "counters_of_a_child_are_shared_with_its_child");
}

/* ---- SIGIO -------------------------------------------------------------------------------------- */

static volatile int signals;

static void on_signal(int sig)
{
    (void)sig;
    signals++;
}

static void use_signals(void)
{
    int p[2], on = 1;

    signal(SIGIO, on_signal);
    REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, p) == 0);
    REQUIRE(ioctl(p[0], FIOASYNC, &on) == 0 && fcntl(p[0], F_SETOWN, getpid()) == 0);
    REQUIRE(fcntl(p[0], F_GETOWN) == getpid());
    const pid_t pid = fork();
    if (pid == 0) {
        usleep(30000);
        REQUIRE(signals == 0 && say(p[1], "to the parent"));
        _exit(signals);
    }
    while (signals == 0) {
        usleep(1000);
    }
    REQUIRE(says(p[0], "to the parent"));
    REQUIRE(ends_well(pid));
}

static void sigio(void)
{
    const pid_t pid = fork();
    if (pid == 0) {
        use_signals();
        _exit(0);
    }
    tap_check(ends_well(pid), "a_child_gets_sigio_for_its_own_pair");
    use_signals();
    tap_check(true, "the_first_process_too");
}

/* ---- in messages -------------------------------------------------------------------------------- */

static struct cmsghdr *message(struct msghdr *h, void *room, struct iovec *iov)
{
    *h = (struct msghdr){.msg_iov = iov,
                         .msg_iovlen = 1,
                         .msg_control = room,
                         .msg_controllen = CMSG_SPACE(2 * sizeof(int))};
    return CMSG_FIRSTHDR(h);
}

static void in_messages(void)
{
    char room[CMSG_SPACE(2 * sizeof(int))] = {0}, byte = 'd';
    struct iovec iov = {&byte, 1};
    struct sockaddr_in a;
    struct msghdr h;
    struct cmsghdr *const c = message(&h, room, &iov);
    uint64_t value = 0;
    int p[2], fds[2];

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        fds[0] = bound(SOCK_STREAM, &a);
        fds[1] = eventfd(4, 0);
        *c = (struct cmsghdr){
            .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(fds))};
        memcpy(CMSG_DATA(c), fds, sizeof(fds));
        REQUIRE(sendmsg(p[1], &h, 0) == 1);
        const int s = connect_to(&a);
        REQUIRE(says(s, "welcome"));
        REQUIRE(eventfd_read(fds[1], &value) == 0 && value == 6);
        _exit(0);
    }
    const bool came = recvmsg(p[0], &h, 0) == 1 && h.msg_controllen != 0;
    memcpy(fds, CMSG_DATA(c), sizeof(fds));
    const int s = came ? accept(fds[0], NULL, NULL) : -1;
    tap_check(s >= 0 && eventfd_write(fds[1], 2) == 0 && say(s, "welcome"),
              "a_child_sends_a_listener_and_a_counter");
    tap_check(ends_well(pid), "which_are_still_its_own_too");
    close(s);
    close(fds[0]);
    close(fds[1]);
    close(p[0]);
    close(p[1]);
}

/* ---- daemon() ------------------------------------------------------------------------------------ */

static void daemons(void)
{
    int p[2];

    (void)pipe(p);
    pid_t pid = fork();
    if (pid == 0) {
        const pid_t before = getpid();
        REQUIRE(daemon(0, 1) == 0);
        char text[4096];
        const bool good = getpid() != before && getsid(0) == getpid() &&
                          strcmp(getcwd(text, sizeof(text)), "/") == 0;
        REQUIRE(write(p[1], &good, 1) == 1);
        _exit(0);
    }
    bool good = false;
    tap_check(ends_well(pid), "the_parent_of_a_daemon_is_not_held_up");
    tap_check(read(p[0], &good, 1) == 1 && good, "which_has_a_session_of_its_own");
    tap_check(daemon(1, 1) == 0 && getpid() == 1, "the_first_process_stays_what_it_is");
    const int saved = dup(1);
    const bool closed = daemon(1, 0) == 0 && lseek(0, 0, SEEK_SET) == 0 &&
                        lseek(1, 0, SEEK_SET) == 0 && dup(2) == saved + 1;
    dup2(saved, 1);
    tap_check(closed, "without_streams");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    servers();
    clients();
    datagrams();
    large_datagrams();
    counters();
    sigio();
    in_messages();
    daemons();
    return tap_done();
}
