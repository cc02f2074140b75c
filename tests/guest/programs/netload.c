// SPDX-License-Identifier: Apache-2.0
/*
 * netload - many connections, and much data, between guests.
 *
 *   netload server                     port 5001: reads and throws away; port 5002: echoes
 *   netload bulk ADDRESS CONNECTIONS MEBIBYTES    sends so much to port 5001 by several connections
 *   netload many ADDRESS CONNECTIONS   opens them all to port 5002, then uses each, then closes
 */
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define SINK_PORT 5001
#define ECHO_PORT 5002
#define EVENTS 256
#define IN_FLIGHT 200 /* connections being made at a time: a backlog has 255 */

static char buffer[65536];

static void __attribute__((noreturn)) fail(const char *what)
{
    printf("netload: %s: %s\n", what, strerror(errno));
    exit(1);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static void watch(int ep, int fd, uint32_t events, int operation)
{
    struct epoll_event e = {.events = events, .data.fd = fd};
    if (epoll_ctl(ep, operation, fd, &e) != 0) {
        fail("epoll_ctl");
    }
}

/* ---- server ------------------------------------------------------------------------------- */

static int open_listener(uint16_t port)
{
    const struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    if (bind(fd, (const struct sockaddr *)&a, sizeof(a)) != 0 || listen(fd, 1000) != 0) {
        fail("listen");
    }
    return fd;
}

static uint8_t is_echo[65536 / 8]; /* by descriptor */

static void accept_all(int ep, int listener, bool echo)
{
    int fd;
    while ((fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK)) >= 0) {
        const uint8_t bit = (uint8_t)(1u << (fd % 8));
        is_echo[fd / 8] = echo ? is_echo[fd / 8] | bit : is_echo[fd / 8] & (uint8_t)~bit;
        watch(ep, fd, EPOLLIN, EPOLL_CTL_ADD);
    }
}

static void serve(int fd)
{
    const ssize_t n = read(fd, buffer, sizeof(buffer));
    if (n == 0 || (n < 0 && errno != EAGAIN)) {
        close(fd);
    } else if (n > 0 && (is_echo[fd / 8] & 1u << (fd % 8)) != 0 &&
               write(fd, buffer, (size_t)n) < 0) {
        close(fd);
    }
}

static void __attribute__((noreturn)) server(void)
{
    static struct epoll_event events[EVENTS];
    const int ep = epoll_create1(0), sink = open_listener(SINK_PORT);
    const int echo = open_listener(ECHO_PORT);

    watch(ep, sink, EPOLLIN, EPOLL_CTL_ADD);
    watch(ep, echo, EPOLLIN, EPOLL_CTL_ADD);
    printf("netload: serving\n");
    fflush(stdout);
    for (;;) {
        const int count = epoll_wait(ep, events, EVENTS, -1);
        for (int i = 0; i < count; i++) {
            const int fd = events[i].data.fd;
            if (fd == sink || fd == echo) {
                accept_all(ep, fd, fd == echo);
            } else {
                serve(fd);
            }
        }
    }
}

/* ---- clients ------------------------------------------------------------------------------ */

static int start_connection(const char *address, uint16_t port)
{
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(port)};
    const int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    inet_pton(AF_INET, address, &a.sin_addr);
    if (fd < 0 || (connect(fd, (struct sockaddr *)&a, sizeof(a)) != 0 && errno != EINPROGRESS)) {
        fail("connect");
    }
    return fd;
}

static int bulk(const char *address, int connections, uint64_t bytes)
{
    static struct epoll_event events[EVENTS];
    const int ep = epoll_create1(0);
    const uint64_t all = bytes;

    for (int i = 0; i < connections; i++) {
        watch(ep, start_connection(address, SINK_PORT), EPOLLOUT, EPOLL_CTL_ADD);
    }
    const double start = now();
    while (bytes > 0) {
        const int count = epoll_wait(ep, events, EVENTS, 20000);
        if (count <= 0) {
            fail("no progress");
        }
        for (int i = 0; i < count && bytes > 0; i++) {
            const size_t part = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
            const ssize_t n = write(events[i].data.fd, buffer, part);
            if (n < 0 && errno != EAGAIN) {
                fail("write");
            }
            bytes -= n > 0 ? (uint64_t)n : 0;
        }
    }
    printf("netload: bulk good, %d connections, %.1f MB/s\n", connections,
           (double)all / 1e6 / (now() - start));
    return 0;
}

/* Makes one step with each connection that is ready: connected, then answered. Returns answers. */
static int step(int ep, int *connecting)
{
    static struct epoll_event events[EVENTS];
    const int count = epoll_wait(ep, events, EVENTS, 20000);
    int answers = 0;

    if (count <= 0) {
        fail("no progress");
    }
    for (int i = 0; i < count; i++) {
        const int fd = events[i].data.fd;
        int error = 0;
        socklen_t n = sizeof(error);
        if ((events[i].events & EPOLLOUT) != 0) {
            getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &n);
            errno = error;
            if (error != 0) {
                fail("a connection failed");
            }
            watch(ep, fd, EPOLLIN, EPOLL_CTL_MOD);
            --*connecting;
        } else if (read(fd, buffer, 8) == 1 && buffer[0] == (char)fd) {
            answers++;
        } else {
            fail("a wrong answer");
        }
    }
    return answers;
}

static int many(const char *address, int connections)
{
    int *const fds = malloc((size_t)connections * sizeof(*fds));
    const int ep = epoll_create1(0);
    int connecting = 0, answers = 0;

    for (int i = 0; i < connections; i++) {
        fds[i] = start_connection(address, ECHO_PORT);
        watch(ep, fds[i], EPOLLOUT, EPOLL_CTL_ADD);
        for (connecting++; connecting >= IN_FLIGHT;) {
            step(ep, &connecting);
        }
    }
    while (connecting > 0) {
        step(ep, &connecting);
    }
    printf("netload: %d connections are open\n", connections);
    for (int i = 0; i < connections; i++) {
        const char c = (char)fds[i];
        if (write(fds[i], &c, 1) != 1) {
            fail("write");
        }
        if (i % IN_FLIGHT == 0) {
            answers += step(ep, &connecting);
        }
    }
    while (answers < connections) {
        answers += step(ep, &connecting);
    }
    printf("netload: %d connections good\n", connections);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc == 2 && strcmp(argv[1], "server") == 0) {
        server();
    }
    if (argc == 5 && strcmp(argv[1], "bulk") == 0) {
        return bulk(argv[2], atoi(argv[3]), (uint64_t)atoi(argv[4]) << 20);
    }
    if (argc == 4 && strcmp(argv[1], "many") == 0) {
        return many(argv[2], atoi(argv[3]));
    }
    printf("usage: netload server|bulk ADDRESS CONNECTIONS MEBIBYTES|many ADDRESS CONNECTIONS\n");
    return 2;
}
