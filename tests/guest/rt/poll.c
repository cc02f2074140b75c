// SPDX-License-Identifier: Apache-2.0
// Pipes, eventfd, poll, select and epoll on one mechanism.
#include "tap.h"

#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <sys/select.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static bool fails_with(long result, int error)
{
    return result == -1 && errno == error;
}

static struct epoll_event out[4];

/* What epoll_wait() reports without waiting. */
static int ready(int ep)
{
    return epoll_wait(ep, out, 4, 0);
}

static bool is_ready_once(int ep)
{
    const int first = ready(ep);
    return first == 1 && ready(ep) == 0;
}

static long ms_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

static void test_pipe(void)
{
    int p[2], left;
    static char big[70000], back[70000];
    char b[16];
    tap_check(pipe(p) == 0 && write(p[1], "abc", 3) == 3 && read(p[0], b, 16) == 3,
              "a pipe carries bytes");
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    fcntl(p[1], F_SETFL, O_NONBLOCK);
    tap_check(fails_with(read(p[0], b, 1), EAGAIN), "an empty pipe is EAGAIN");
    for (size_t i = 0; i < sizeof(big); i++) {
        big[i] = (char)(i * 7);
    }
    const ssize_t n = write(p[1], big, sizeof(big));
    tap_equal(n, 65536, "a non-blocking write fills the pipe");
    tap_check(fails_with(write(p[1], b, 1), EAGAIN), "a full pipe is EAGAIN");
    tap_check(ioctl(p[0], FIONREAD, &left) == 0 && left == 65536, "FIONREAD");
    tap_check(read(p[0], back, sizeof(back)) == n && memcmp(big, back, (size_t)n) == 0,
              "all of it comes out");
    close(p[1]);
    tap_check(read(p[0], b, 1) == 0, "the end of a pipe whose writer closed");
    close(p[0]);
    signal(SIGPIPE, SIG_IGN);
    pipe(p);
    close(p[0]);
    tap_check(fails_with(write(p[1], b, 1), EPIPE), "no reader: EPIPE");
    close(p[1]);
}

static int chain[2];

static void *echo(void *arg)
{
    char c;
    int *const in = arg;
    while (read(in[0], &c, 1) == 1) {
        write(chain[1], &c, 1);
    }
    return NULL;
}

static void test_blocking(void)
{
    int p[2];
    char c = 'x';
    pthread_t t;
    pipe(p);
    pipe(chain);
    pthread_create(&t, NULL, echo, p);
    bool good = true;
    for (int i = 0; i < 1000; i++) {
        const char sent = (char)i;
        good = good && write(p[1], &sent, 1) == 1 && read(chain[0], &c, 1) == 1 && c == sent;
    }
    tap_check(good, "two threads talk through blocking pipes");
    close(p[1]);
    pthread_join(t, NULL);
    close(p[0]), close(chain[0]), close(chain[1]);
}

static void test_poll(void)
{
    int p[2];
    pipe(p);
    struct pollfd f[3] = {{p[0], POLLIN, 0}, {p[1], POLLOUT, 0}, {-1, POLLIN, 7}};
    tap_check(poll(f, 3, 0) == 1 && f[0].revents == 0 && f[1].revents == POLLOUT &&
                  f[2].revents == 0,
              "poll sees who is ready, and skips negative descriptors");
    const long start = ms_now();
    tap_check(poll(f, 1, 50) == 0 && ms_now() - start >= 49, "poll times out");
    write(p[1], "x", 1);
    tap_check(poll(f, 1, -1) == 1 && f[0].revents == POLLIN, "poll sees input");
    close(p[1]);
    tap_check(poll(f, 1, 0) == 1 && f[0].revents == (POLLIN | POLLHUP), "poll sees the hang-up");
    f[0].fd = 77;
    tap_check(poll(f, 1, -1) == 1 && f[0].revents == POLLNVAL, "POLLNVAL");
    fd_set in;
    FD_ZERO(&in);
    FD_SET(p[0], &in);
    struct timeval none = {0, 0};
    tap_check(select(p[0] + 1, &in, NULL, NULL, &none) == 1 && FD_ISSET(p[0], &in),
              "select sees input");
    FD_ZERO(&in);
    FD_SET(77, &in);
    tap_check(fails_with(select(78, &in, NULL, NULL, NULL), EBADF), "select: EBADF");
    close(p[0]);
}

static void test_eventfd(void)
{
    eventfd_t v = 0;
    const int e = eventfd(3, EFD_NONBLOCK);
    tap_check(eventfd_write(e, 4) == 0 && eventfd_read(e, &v) == 0 && v == 7, "eventfd adds");
    tap_check(fails_with(eventfd_read(e, &v), EAGAIN), "an eventfd of 0 is EAGAIN");
    close(e);
    const int s = eventfd(2, EFD_NONBLOCK | EFD_SEMAPHORE);
    tap_check(eventfd_read(s, &v) == 0 && v == 1 && eventfd_read(s, &v) == 0 &&
                  fails_with(eventfd_read(s, &v), EAGAIN),
              "an eventfd as semaphore");
    close(s);
}

static void *write_soon(void *arg)
{
    usleep(20000);
    eventfd_write(*(int *)arg, 1);
    return NULL;
}

static void test_epoll(void)
{
    int p[2];
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 5};
    const int ep = epoll_create1(0);
    pipe(p);
    tap_check(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e) == 0 &&
                  fails_with(epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e), EEXIST),
              "an interest is added once");
    tap_check(ready(ep) == 0, "nothing is ready");
    write(p[1], "xy", 2);
    char c;
    tap_check(epoll_wait(ep, out, 4, -1) == 1 && out[0].data.u64 == 5 && out[0].events == EPOLLIN,
              "input is reported");
    tap_check(read(p[0], &c, 1) == 1 && epoll_wait(ep, out, 4, -1) == 1,
              "level-triggered: again while there is more");
    tap_check(read(p[0], &c, 1) == 1 && ready(ep) == 0, "and then no more");
    e.events = EPOLLIN | EPOLLET;
    epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
    write(p[1], "xy", 2);
    tap_check(is_ready_once(ep), "edge-triggered: once");
    write(p[1], "z", 1);
    tap_check(ready(ep) == 1, "edge-triggered: again for more input");
    epoll_ctl(ep, EPOLL_CTL_DEL, p[0], NULL);
    int pair[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, pair);
    send(pair[1], "xy", 2, 0);
    epoll_ctl(ep, EPOLL_CTL_ADD, pair[0], &e);
    tap_check(is_ready_once(ep) && recv(pair[0], &c, 1, 0) == 1 && ready(ep) == 0,
              "edge-triggered: room in the socket is no edge for who waits for input");
    close(pair[0]);
    close(pair[1]);
    epoll_ctl(ep, EPOLL_CTL_ADD, p[0], &e);
    e.events = EPOLLIN | EPOLLONESHOT;
    epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e);
    tap_check(is_ready_once(ep) && epoll_ctl(ep, EPOLL_CTL_MOD, p[0], &e) == 0 && ready(ep) == 1,
              "one-shot: until it is armed again");
    int many[200];
    for (int i = 0; i < 200; i++) {
        many[i] = eventfd(0, 0);
        e = (struct epoll_event){.events = EPOLLIN, .data.fd = many[i]};
        epoll_ctl(ep, EPOLL_CTL_ADD, many[i], &e);
    }
    pthread_t t;
    pthread_create(&t, NULL, write_soon, &many[150]);
    tap_check(epoll_wait(ep, out, 4, 5000) == 1 && out[0].data.fd == many[150],
              "a wait blocks until one of many is ready");
    pthread_join(t, NULL);
    close(many[150]);
    tap_check(ready(ep) == 0, "a closed file leaves the set");
    tap_check(fails_with(epoll_ctl(ep, EPOLL_CTL_DEL, many[150], &e), EBADF) &&
                  epoll_ctl(ep, EPOLL_CTL_DEL, many[1], &e) == 0 &&
                  fails_with(epoll_ctl(ep, EPOLL_CTL_DEL, many[1], &e), ENOENT),
              "an interest is removed once");
    const int outer = epoll_create1(0);
    e = (struct epoll_event){.events = EPOLLIN, .data.fd = ep};
    tap_check(epoll_ctl(outer, EPOLL_CTL_ADD, ep, &e) == 0 && ready(outer) == 0 &&
                  eventfd_write(many[3], 1) == 0 && ready(outer) == 1,
              "epoll in epoll");
    close(outer);
    close(ep);
    for (int i = 0; i < 200; i++) {
        close(many[i]);
    }
    close(p[0]), close(p[1]);
    tap_check(eventfd(0, 0) == 3, "all descriptors are free again");
}

static void test_nested_epoll(void)
{
    int e[7], p[2];
    struct epoll_event event = {.events = EPOLLIN}, out;

    pipe(p);
    for (int i = 0; i < 7; i++) {
        e[i] = epoll_create1(0);
    }
    tap_check(epoll_ctl(e[0], EPOLL_CTL_ADD, p[0], &event) == 0 &&
                  epoll_ctl(e[1], EPOLL_CTL_ADD, e[0], &event) == 0,
              "an epoll file is watched by another");
    write(p[1], "x", 1);
    tap_check(epoll_wait(e[1], &out, 1, 0) == 1 && epoll_wait(e[0], &out, 1, 0) == 1,
              "it is readable when something is ready in it");
    tap_check(epoll_ctl(e[0], EPOLL_CTL_ADD, e[1], &event) == -1 && errno == ELOOP,
              "no circle: ELOOP");
    tap_check(epoll_ctl(e[0], EPOLL_CTL_ADD, e[0], &event) == -1 && errno == EINVAL,
              "not itself: EINVAL");
    int depth = 2;
    while (depth < 7 && epoll_ctl(e[depth], EPOLL_CTL_ADD, e[depth - 1], &event) == 0) {
        depth++;
    }
    tap_check(depth == 5 && errno == ELOOP, "five deep, not six: ELOOP");
    close(p[0]);
    tap_check(epoll_wait(e[1], &out, 1, 0) == 0, "a closed file leaves it");
    event.events = EPOLLIN | EPOLLEXCLUSIVE;
    tap_check(epoll_ctl(e[6], EPOLL_CTL_ADD, p[1], &event) == 0 &&
                  epoll_ctl(e[6], EPOLL_CTL_MOD, p[1], &event) == -1 && errno == EINVAL,
              "EPOLLEXCLUSIVE is added, not changed");
    const struct timespec none = {0};
    tap_check(epoll_pwait2(e[1], &out, 1, &none, NULL) == 0, "epoll_pwait2() without waiting");
    for (int i = 0; i < 7; i++) {
        close(e[i]);
    }
    close(p[1]);
}

int main(void)
{
    test_pipe();
    test_blocking();
    test_poll();
    test_eventfd();
    test_epoll();
    test_nested_epoll();
    return tap_done();
}
