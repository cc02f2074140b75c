// SPDX-License-Identifier: Apache-2.0
// cpus: 2
// timeout: 120
// Sockets and counters that were open at a fork work in the child: both sides, blocking, polling, ends.
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "child.h"
#include "tap.h"

#define BULK 1000000
#define CLIENTS 20

/* ---- pairs ------------------------------------------------------------------------------------- */

static void pair(int type, const char *name)
{
    char title[64];
    int p[2];

    snprintf(title, sizeof(title), "a_pair_of_%s_works_both_ways", name);
    if (socketpair(AF_UNIX, type, 0, p) != 0) {
        tap_check(false, title);
        return;
    }
    const pid_t pid = fork();
    if (pid == 0) {
        struct pollfd f = {.fd = p[1], .events = POLLIN};
        close(p[0]);
        REQUIRE(says(p[1], "to the child")); /* blocks */
        REQUIRE(say(p[1], "to the parent"));
        REQUIRE(poll(&f, 1, 5000) == 1 && f.revents == POLLIN);
        REQUIRE(fcntl(p[1], F_SETFL, O_NONBLOCK) == 0);
        REQUIRE(says(p[1], "second"));
        REQUIRE(read(p[1], title, 1) == -1 && errno == EAGAIN);
        REQUIRE(poll(&f, 1, 0) == 0);
        REQUIRE(say(p[1], "third"));
        _exit(0);
    }
    close(p[1]);
    usleep(50000);
    const bool first = say(p[0], "to the child") && says(p[0], "to the parent");
    usleep(50000);
    const bool rest = say(p[0], "second") && says(p[0], "third");
    tap_check(first && rest, title);
    tap_check(ends_well(pid), title);
    if (type != SOCK_DGRAM) {
        tap_check(read(p[0], title, 1) == 0, title); /* the child has ended: so has its side */
    }
    close(p[0]);
}

static void much_through_a_pair(void)
{
    static char block[100000];
    int p[2];
    size_t sum = 0;

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        for (size_t i = 0; i < BULK / sizeof(block); i++) {
            memset(block, (int)i, sizeof(block));
            REQUIRE(write(p[1], block, sizeof(block)) == sizeof(block));
        }
        REQUIRE(shutdown(p[1], SHUT_WR) == 0);
        REQUIRE(read(p[1], block, 1) == 0);
        _exit(0);
    }
    close(p[1]);
    for (ssize_t n; (n = read(p[0], block, 77777)) > 0;) {
        sum += (size_t)n;
    }
    close(p[0]);
    tap_check(sum == BULK, "a_megabyte_comes_from_the_child");
    tap_check(ends_well(pid), "which_sees_the_end");
}

static void much_to_the_child(void)
{
    static char block[100000];
    int p[2];

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        size_t sum = 0;
        close(p[0]);
        for (ssize_t n; (n = recv(p[1], block, sizeof(block), MSG_WAITALL)) > 0;) {
            REQUIRE(n == sizeof(block));
            sum += (size_t)n;
        }
        REQUIRE(sum == BULK);
        _exit(0);
    }
    close(p[1]);
    bool good = true;
    for (size_t i = 0; i < BULK / sizeof(block); i++) {
        good = good && write(p[0], block, sizeof(block)) == sizeof(block);
    }
    close(p[0]);
    tap_check(good && ends_well(pid), "a_megabyte_comes_to_the_child");
}

/* Two children talk by what their parent made, and a grandchild by what a child made. */
static void siblings(void)
{
    int p[2];

    (void)socketpair(AF_UNIX, SOCK_SEQPACKET, 0, p);
    const pid_t first = fork();
    if (first == 0) {
        close(p[0]);
        REQUIRE(says(p[1], "sister"));
        REQUIRE(say(p[1], "brother"));
        _exit(0);
    }
    const pid_t second = fork();
    if (second == 0) {
        close(p[1]);
        REQUIRE(say(p[0], "sister"));
        REQUIRE(says(p[0], "brother"));
        int q[2];
        REQUIRE(socketpair(AF_UNIX, SOCK_STREAM, 0, q) == 0);
        const pid_t third = fork();
        if (third == 0) {
            close(q[0]);
            REQUIRE(says(q[1], "down"));
            REQUIRE(say(q[1], "up"));
            _exit(0);
        }
        close(q[1]);
        REQUIRE(say(q[0], "down"));
        REQUIRE(says(q[0], "up"));
        REQUIRE(says(q[0], ""));
        REQUIRE(ends_well(third));
        _exit(0);
    }
    close(p[0]);
    close(p[1]);
    tap_check(ends_well(first) && ends_well(second), "siblings_and_grandchildren_talk");
}

static void killed_child(void)
{
    char byte;
    int p[2];

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        (void)!read(p[1], &byte, 1);
        _exit(0);
    }
    close(p[1]);
    usleep(30000);
    kill(pid, SIGKILL);
    tap_check(read(p[0], &byte, 1) == 0, "the_side_of_a_killed_child_ends");
    signal(SIGPIPE, SIG_IGN);
    tap_check(write(p[0], "x", 1) == -1 && errno == EPIPE, "and_cannot_be_written_to");
    signal(SIGPIPE, SIG_DFL);
    waitpid(pid, NULL, 0);
    close(p[0]);
}

static void broken_in_the_child(void)
{
    int p[2], status = 0;

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        close(p[0]);
        usleep(50000);
        REQUIRE(send(p[1], "x", 1, MSG_NOSIGNAL) == -1 && errno == EPIPE);
        (void)!write(p[1], "x", 1);
        _exit(0);
    }
    close(p[1]);
    close(p[0]);
    waitpid(pid, &status, 0);
    tap_check(WIFSIGNALED(status) && WTERMSIG(status) == SIGPIPE, "sigpipe_in_a_child");
}

static volatile int alarms;

static void on_alarm(int sig)
{
    (void)sig;
    alarms++;
}

static void waits_end(void)
{
    const struct timeval t = {.tv_usec = 50000};
    char byte;
    int p[2];

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        struct sigaction action = {.sa_handler = on_alarm};
        const struct itimerval soon = {.it_value = {.tv_usec = 30000}};
        sigaction(SIGALRM, &action, NULL);
        setitimer(ITIMER_REAL, &soon, NULL);
        REQUIRE(read(p[1], &byte, 1) == -1 && errno == EINTR && alarms == 1);
        REQUIRE(setsockopt(p[1], SOL_SOCKET, SO_RCVTIMEO, &t, sizeof(t)) == 0);
        REQUIRE(read(p[1], &byte, 1) == -1 && errno == EAGAIN);
        struct pollfd f = {.fd = p[1], .events = POLLIN};
        REQUIRE(poll(&f, 1, 20) == 0);
        _exit(0);
    }
    tap_check(ends_well(pid), "signals_and_timeouts_end_a_wait_in_a_child");
    close(p[0]);
    close(p[1]);
}

static void descriptors_in_messages(void)
{
    char room[CMSG_SPACE(sizeof(int))] = {0}, byte = 'd';
    struct iovec iov = {&byte, 1};
    struct msghdr h = {
        .msg_iov = &iov, .msg_iovlen = 1, .msg_control = room, .msg_controllen = sizeof(room)};
    struct cmsghdr *const c = CMSG_FIRSTHDR(&h);
    int p[2], q[2], fd;

    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, p);
    const pid_t pid = fork();
    if (pid == 0) {
        REQUIRE(recvmsg(p[1], &h, 0) == 1 && byte == 'd');
        memcpy(&fd, CMSG_DATA(CMSG_FIRSTHDR(&h)), sizeof(fd));
        REQUIRE(fd != p[1] && says(fd, "in a message"));
        const int file = open("/tmp/passed", O_RDWR | O_CREAT, 0600);
        REQUIRE(say(file, "file"));
        memcpy(CMSG_DATA(CMSG_FIRSTHDR(&h)), &file, sizeof(file));
        REQUIRE(sendmsg(fd, &h, 0) == 1);
        _exit(0);
    }
    (void)socketpair(AF_UNIX, SOCK_STREAM, 0, q); /* the child knows nothing of it */
    *c = (struct cmsghdr){
        .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS, .cmsg_len = CMSG_LEN(sizeof(int))};
    memcpy(CMSG_DATA(c), &q[1], sizeof(int));
    tap_check(sendmsg(p[0], &h, 0) == 1 && say(q[0], "in a message"), "a_descriptor_is_sent");
    close(q[1]);
    h.msg_controllen = sizeof(room);
    const bool came = recvmsg(q[0], &h, 0) == 1 && h.msg_controllen != 0;
    memcpy(&fd, CMSG_DATA(c), sizeof(fd));
    tap_check(came && lseek(fd, 0, SEEK_SET) == 0 && says(fd, "file"), "and_one_comes_back");
    tap_check(ends_well(pid), "the_child_could_use_it");
    close(fd);
    close(q[0]);
    close(p[0]);
    close(p[1]);
}

/* ---- names ------------------------------------------------------------------------------------- */

static void names(void)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX, .sun_path = "/tmp/name"};
    struct ucred peer = {0};
    socklen_t bytes = sizeof(peer);

    const int first = socket(AF_UNIX, SOCK_STREAM, 0);
    (void)bind(first, (struct sockaddr *)&a, sizeof(a));
    (void)listen(first, 3);
    const pid_t pid = fork();
    if (pid == 0) {
        const int s = socket(AF_UNIX, SOCK_STREAM, 0);
        REQUIRE(connect(s, (struct sockaddr *)&a, sizeof(a)) == 0);
        REQUIRE(say(s, "it is me"));
        REQUIRE(says(s, "welcome"));
        strcpy(a.sun_path, "/tmp/other");
        const int own = socket(AF_UNIX, SOCK_STREAM, 0);
        REQUIRE(bind(own, (struct sockaddr *)&a, sizeof(a)) == 0 && listen(own, 3) == 0);
        REQUIRE(say(s, "listening"));
        const int other = accept(own, NULL, NULL);
        REQUIRE(other >= 0 && says(other, "from the parent"));
        _exit(0);
    }
    const int s = accept(first, NULL, NULL);
    tap_check(s >= 0 && says(s, "it is me") && say(s, "welcome"), "a_child_connects_by_a_name");
    tap_check(getsockopt(s, SOL_SOCKET, SO_PEERCRED, &peer, &bytes) == 0, "it_is_known");
    tap_check(says(s, "listening"), "it_listens");
    strcpy(a.sun_path, "/tmp/other");
    const int t = socket(AF_UNIX, SOCK_STREAM, 0);
    tap_check(connect(t, (struct sockaddr *)&a, sizeof(a)) == 0 && say(t, "from the parent"),
              "a_parent_connects_to_a_childs_name");
    tap_check(ends_well(pid), "the_child_says_so_too");
    tap_check(connect(socket(AF_UNIX, SOCK_STREAM, 0), (struct sockaddr *)&a, sizeof(a)) == -1 &&
                  errno == ECONNREFUSED,
              "nobody_is_there_when_it_has_ended");
    close(s);
    close(t);
    close(first);
}

/* ---- counters ----------------------------------------------------------------------------------- */

static void counters(void)
{
    const int down = eventfd(0, 0), up = eventfd(0, EFD_SEMAPHORE);
    uint64_t value = 0;

    const pid_t pid = fork();
    if (pid == 0) {
        REQUIRE(eventfd_read(down, &value) == 0 && value == 5);
        REQUIRE(eventfd_write(up, 2) == 0);
        struct pollfd f = {.fd = down, .events = POLLIN};
        REQUIRE(poll(&f, 1, 5000) == 1);
        REQUIRE(eventfd_read(down, &value) == 0 && value == 7);
        _exit(0);
    }
    usleep(30000);
    tap_check(eventfd_write(down, 5) == 0 && eventfd_read(up, &value) == 0 && value == 1 &&
                  eventfd_read(up, &value) == 0 && value == 1,
              "a_counter_is_shared");
    usleep(30000);
    tap_check(eventfd_write(down, 7) == 0 && ends_well(pid), "and_can_be_polled");
    close(down);
    close(up);
}

/* ---- TCP ---------------------------------------------------------------------------------------- */

static int listen_somewhere(struct sockaddr_in *a)
{
    socklen_t bytes = sizeof(*a);
    const int s = socket(AF_INET, SOCK_STREAM, 0);

    *a = (struct sockaddr_in){.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    (void)bind(s, (struct sockaddr *)a, sizeof(*a));
    (void)listen(s, 50);
    (void)getsockname(s, (struct sockaddr *)a, &bytes);
    return s;
}

static int connect_to(const struct sockaddr_in *a)
{
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    return connect(s, (const struct sockaddr *)a, sizeof(*a)) == 0 ? s : -1;
}

/* Everything that a server does with a connection. */
static void serve_connection(int s, const struct sockaddr_in *here)
{
    struct sockaddr_in a;
    socklen_t bytes = sizeof(a);
    struct linger l = {0};
    int value = 0, one = 1;
    char text[64];
    struct iovec two[2] = {{"one ", 4}, {"two", 3}};

    REQUIRE(getsockname(s, (struct sockaddr *)&a, &bytes) == 0 && a.sin_port == here->sin_port);
    REQUIRE(bytes == sizeof(a));
    REQUIRE(getpeername(s, (struct sockaddr *)&a, &bytes) == 0 && a.sin_port != here->sin_port);
    REQUIRE(setsockopt(s, IPPROTO_TCP, 1, &one, sizeof(one)) == 0);
    bytes = sizeof(l);
    REQUIRE(getsockopt(s, SOL_SOCKET, SO_LINGER, &l, &bytes) == 0 && bytes == sizeof(l));
    bytes = sizeof(value);
    REQUIRE(getsockopt(s, SOL_SOCKET, SO_TYPE, &value, &bytes) == 0 && value == SOCK_STREAM);
    REQUIRE(says(s, "request"));
    REQUIRE(ioctl(s, FIONREAD, &value) == 0 && value == 0);
    REQUIRE(writev(s, two, 2) == 7);
    REQUIRE(recv(s, text, sizeof(text), MSG_PEEK) == 4 && memcmp(text, "more", 4) == 0);
    const int file = open("/tmp/sent", O_RDWR | O_CREAT | O_TRUNC, 0600);
    REQUIRE(say(file, "contents of a file"));
    off_t at = 9;
    REQUIRE(sendfile(s, file, &at, 100) == 9 && at == 18);
    REQUIRE(says(s, "more"));
    REQUIRE(shutdown(s, SHUT_WR) == 0);
    REQUIRE(read(s, text, 1) == 0);
}

static void fork_per_connection(void)
{
    struct sockaddr_in a;
    const int listener = listen_somewhere(&a);

    const int c = connect_to(&a);
    const int s = accept(listener, NULL, NULL);
    const pid_t pid = fork();
    if (pid == 0) {
        close(listener);
        close(c);
        serve_connection(s, &a);
        _exit(0);
    }
    close(s);
    usleep(20000);
    tap_check(say(c, "request") && says(c, "one two"), "a_child_serves_what_its_parent_accepted");
    tap_check(say(c, "more") && says(c, "of a file"), "and_sends_from_a_file");
    tap_check(says(c, ""), "and_closes");
    close(c);
    tap_check(ends_well(pid), "the_child_is_content");
    close(listener);
}

static void exit_closes(void)
{
    struct sockaddr_in a;
    const int listener = listen_somewhere(&a);
    const int c = connect_to(&a);
    const int s = accept(listener, NULL, NULL);

    const pid_t pid = fork();
    if (pid == 0) {
        REQUIRE(say(s, "bye"));
        _exit(0);
    }
    close(s);
    tap_check(says(c, "bye") && says(c, ""), "a_connection_ends_with_its_last_holder");
    tap_check(ends_well(pid), "which_exits");
    close(c);
    close(listener);
}

/* Answers connections until one says q. */
static void accept_for_ever(int listener, bool polls)
{
    const int e = epoll_create1(0);
    struct epoll_event event = {.events = EPOLLIN};

    REQUIRE(epoll_ctl(e, EPOLL_CTL_ADD, listener, &event) == 0);
    for (;;) {
        char text[8];
        while (polls && epoll_wait(e, &event, 1, -1) != 1) {
        }
        const int s = accept(listener, NULL, NULL);
        if (s < 0) {
            REQUIRE(polls && errno == EAGAIN);
            continue;
        }
        const ssize_t n = read(s, text, sizeof(text));
        REQUIRE(n > 0);
        if (text[0] == 'q') {
            _exit(0);
        }
        usleep(2000);
        REQUIRE(write(s, text, (size_t)n) == n);
        close(s);
    }
}

/* Children accept by themselves; each connection is one's. */
static void prefork(bool polls)
{
    struct sockaddr_in a;
    const int listener = listen_somewhere(&a);
    pid_t pids[4];
    int good = 0, ended = 0;

    if (polls) {
        fcntl(listener, F_SETFL, O_NONBLOCK);
    }
    for (int i = 0; i < 4; i++) {
        pids[i] = fork();
        if (pids[i] == 0) {
            accept_for_ever(listener, polls);
        }
    }
    for (int round = 0; round < 3; round++) {
        int c[CLIENTS];
        for (int i = 0; i < CLIENTS; i++) {
            c[i] = connect_to(&a);
            say(c[i], "hello");
        }
        for (int i = 0; i < CLIENTS; i++) {
            good += says(c[i], "hello") && says(c[i], "");
            close(c[i]);
        }
    }
    tap_check(good == 3 * CLIENTS, polls ? "children_poll_and_accept" : "children_accept");
    for (int i = 0; i < 4; i++) {
        const int c = connect_to(&a);
        say(c, "q");
        says(c, "");
        close(c);
    }
    for (int i = 0; i < 4; i++) {
        ended += ends_well(pids[i]);
    }
    tap_check(ended == 4, "and_end");
    close(listener);
}

/* ---- the owner has gone -------------------------------------------------------------------------- */

static void descriptors_do_not_leak(void)
{
    const int before = dup(0);
    close(before);
    struct sockaddr_in a;
    const int listener = listen_somewhere(&a);
    int good = 0;

    for (int i = 0; i < 40; i++) {
        const int c = connect_to(&a);
        const int s = accept(listener, NULL, NULL);
        const pid_t pid = fork();
        if (pid == 0) {
            close(listener);
            if (i % 2 == 0) {
                (void)say(s, "x");
                kill(getpid(), SIGKILL);
            }
            REQUIRE(say(s, "x"));
            _exit(0);
        }
        close(s);
        good += says(c, "x") && says(c, "");
        close(c);
        waitpid(pid, NULL, 0);
    }
    close(listener);
    const int after = dup(0);
    close(after);
    tap_check(good == 40 && before == after, "forty_connections_come_and_go");
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    pair(SOCK_STREAM, "streams");
    pair(SOCK_DGRAM, "datagrams");
    pair(SOCK_SEQPACKET, "packets");
    much_through_a_pair();
    much_to_the_child();
    siblings();
    killed_child();
    broken_in_the_child();
    waits_end();
    descriptors_in_messages();
    names();
    counters();
    fork_per_connection();
    exit_closes();
    prefork(false);
    prefork(true);
    descriptors_do_not_leak();
    return tap_done();
}
