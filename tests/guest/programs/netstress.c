// SPDX-License-Identifier: Apache-2.0
/*
 * netstress - what TCP carries between guests, byte by byte, in both directions at once, by several connections, in
 * writes and reads of random sizes.
 *
 *   netstress server [PAUSE]                                  port 5003; PAUSE: sleeps so many ms before each read
 *   netstress client ADDRESS CONNECTIONS KIBIBYTES SEED [PORT]    so much each way by each connection; IPv4 or IPv6
 *   netstress deaf ADDRESS                                    a connection whose data it never reads, for good
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#define PORT 5003
#define CONNECTIONS 256
#define TABLE 262139 /* a prime: no segment, page or window is a multiple of it */
#define SLICE 70000

struct start {
    uint32_t seed, reserved;
    uint64_t bytes; /* each way */
};

struct connection {
    int fd;
    bool is_client;
    uint32_t start_bytes; /* of `start`, sent or received */
    struct start start;
    uint64_t sent, received;
    bool has_ended; /* the other end has sent all */
};

static uint8_t table[TABLE + SLICE], buffer[SLICE];
static struct connection connections[CONNECTIONS];
static int ep, open_count;
static uint32_t pause_ms;
static uint16_t server_port = PORT;

static void __attribute__((noreturn)) fail(const char *what)
{
    printf("netstress: %s: %s\n", what, strerror(errno));
    exit(1);
}

static uint64_t next_random(void)
{
    static uint64_t state = 88172645463325252u;
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return state;
}

static void fill_table(void)
{
    for (size_t i = 0; i < TABLE; i++) {
        table[i] = (uint8_t)(next_random() >> 24);
    }
    memcpy(table + TABLE, table, SLICE);
}

/* What is at `at` of a stream. */
static const uint8_t *expected(const struct connection *c, bool from_client, uint64_t at)
{
    return table + (at + c->start.seed * 7919u + (from_client ? 0 : 104729u)) % TABLE;
}

/* Mostly small, some as long as a segment or a write can be. */
static size_t random_bytes(uint64_t left)
{
    static const uint32_t most[] = {1, 100, 1460, 1461, 5000, 33000, 65536, SLICE};
    const uint64_t n = 1 + next_random() % most[next_random() % (sizeof(most) / sizeof(most[0]))];
    return (size_t)(n < left ? n : left);
}

static void watch(struct connection *c, uint32_t events, int operation)
{
    struct epoll_event e = {.events = events, .data.ptr = c};
    if (epoll_ctl(ep, operation, c->fd, &e) != 0) {
        fail("epoll_ctl");
    }
}

static struct connection *new_connection(int fd, bool is_client)
{
    for (int i = 0; i < CONNECTIONS; i++) {
        struct connection *c = &connections[i];
        if (c->fd == 0) {
            const int yes = (int)(next_random() & 1);
            *c = (struct connection){.fd = fd, .is_client = is_client};
            setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
            open_count++;
            return c;
        }
    }
    fail("too many connections");
}

static void end(struct connection *c)
{
    close(c->fd);
    c->fd = 0;
    open_count--;
}

/* All is sent and received. */
static bool is_done(const struct connection *c)
{
    return c->has_ended && c->sent == c->start.bytes;
}

/* Sends some; the client its start first. */
static void send_some(struct connection *c)
{
    while (c->is_client && c->start_bytes < sizeof(c->start)) {
        const ssize_t n = write(c->fd, (const uint8_t *)&c->start + c->start_bytes,
                                sizeof(c->start) - c->start_bytes);
        if (n <= 0) {
            fail("write");
        }
        c->start_bytes += (uint32_t)n;
    }
    for (int i = 0; i < 8 && c->sent < c->start.bytes; i++) {
        const size_t part = random_bytes(c->start.bytes - c->sent);
        const ssize_t n = write(c->fd, expected(c, c->is_client, c->sent), part);
        if (n < 0 && errno == EAGAIN) {
            return;
        }
        if (n <= 0) {
            fail("write");
        }
        c->sent += (uint64_t)n;
    }
    if (c->sent == c->start.bytes && c->start_bytes == sizeof(c->start)) {
        shutdown(c->fd, SHUT_WR);
        watch(c, EPOLLIN, EPOLL_CTL_MOD);
    }
}

/* Returns false at the stream's end. */
static bool receive_some(struct connection *c)
{
    const bool has_start = c->start_bytes == sizeof(c->start);
    uint8_t *const to = has_start ? buffer : (uint8_t *)&c->start + c->start_bytes;
    const size_t part = has_start ? random_bytes(SLICE) : sizeof(c->start) - c->start_bytes;

    if (pause_ms != 0) {
        usleep(pause_ms * 1000);
    }
    const ssize_t n = read(c->fd, to, part);
    if (n < 0 && errno == EAGAIN) {
        return true;
    }
    if (n < 0) {
        fail("read");
    }
    if (!has_start) {
        c->start_bytes += (uint32_t)n;
        if (c->start_bytes == sizeof(c->start)) {
            watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_MOD);
        }
        return n != 0;
    }
    if (n > 0 && memcmp(buffer, expected(c, !c->is_client, c->received), (size_t)n) != 0) {
        errno = 0;
        fail("wrong data");
    }
    c->received += (uint64_t)n;
    if (n == 0 && c->received != c->start.bytes) {
        printf("netstress: after %llu of %llu bytes (%llu sent): ", (unsigned long long)c->received,
               (unsigned long long)c->start.bytes, (unsigned long long)c->sent);
        errno = 0;
        fail("not all has come");
    }
    if (n == 0) {
        c->has_ended = true;
        watch(c, EPOLLOUT, EPOLL_CTL_MOD);
    }
    return !is_done(c);
}

static void serve(struct connection *c, uint32_t events)
{
    if ((events & EPOLLOUT) != 0) {
        send_some(c);
    }
    if (is_done(c) || ((events & EPOLLIN) != 0 && !receive_some(c))) {
        end(c);
    } else if ((events & EPOLLERR) != 0) {
        fail("connection");
    }
}

static int step(struct epoll_event *events)
{
    const int count = epoll_wait(ep, events, 64, 30000);
    if (count < 0) {
        fail("epoll_wait");
    }
    return count;
}

static void __attribute__((noreturn)) server(void)
{
    const struct sockaddr_in6 a = {.sin6_family = AF_INET6, .sin6_port = htons(PORT)};
    struct connection listener = {.fd = socket(AF_INET6, SOCK_STREAM | SOCK_NONBLOCK, 0)};
    struct epoll_event events[64];

    if (bind(listener.fd, (const struct sockaddr *)&a, sizeof(a)) != 0 ||
        listen(listener.fd, CONNECTIONS) != 0) {
        fail("listen");
    }
    watch(&listener, EPOLLIN, EPOLL_CTL_ADD);
    printf("netstress: serving\n");
    fflush(stdout);
    for (;;) {
        const int count = step(events);
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr != &listener) {
                serve(events[i].data.ptr, events[i].events);
                continue;
            }
            const int fd = accept4(listener.fd, NULL, NULL, SOCK_NONBLOCK);
            if (fd >= 0) {
                watch(new_connection(fd, false), EPOLLIN, EPOLL_CTL_ADD);
            }
        }
    }
}

static int connect_to(const char *address)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(server_port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(server_port)};
    const bool is_6 = inet_pton(AF_INET6, address, &in6.sin6_addr) == 1;
    const int fd = socket(is_6 ? AF_INET6 : AF_INET, SOCK_STREAM, 0);

    inet_pton(AF_INET, address, &in.sin_addr);
    if (connect(fd, is_6 ? (struct sockaddr *)&in6 : (struct sockaddr *)&in,
                is_6 ? sizeof(in6) : sizeof(in)) != 0) {
        fail("connect");
    }
    return fd;
}

static int client(const char *address, int count, uint64_t kib, uint32_t seed)
{
    struct epoll_event events[64];
    struct timespec t[2];

    clock_gettime(CLOCK_MONOTONIC, &t[0]);
    for (int i = 0; i < count; i++) {
        struct connection *c = new_connection(connect_to(address), true);
        const int yes = 1;
        c->start = (struct start){.seed = seed + (uint32_t)i, .bytes = kib * 1024};
        ioctl(c->fd, FIONBIO, &yes);
        watch(c, EPOLLIN | EPOLLOUT, EPOLL_CTL_ADD);
    }
    while (open_count > 0) {
        const int n = step(events);
        if (n == 0) {
            for (int i = 0; i < CONNECTIONS; i++) {
                const struct connection *c = &connections[i];
                if (c->fd != 0) {
                    printf("netstress: connection %d: %llu sent, %llu received\n", i,
                           (unsigned long long)c->sent, (unsigned long long)c->received);
                }
            }
            errno = 0;
            fail("no progress");
        }
        for (int i = 0; i < n; i++) {
            serve(events[i].data.ptr, events[i].events);
        }
    }
    clock_gettime(CLOCK_MONOTONIC, &t[1]);
    const double s =
        (double)(t[1].tv_sec - t[0].tv_sec) + (double)(t[1].tv_nsec - t[0].tv_nsec) / 1e9;
    printf("netstress: %d connections good, %.1f MB/s\n", count,
           2.0 * count * (double)kib * 1.024e-3 / s);
    return 0;
}

static void __attribute__((noreturn)) deaf(const char *address)
{
    const struct start start = {.seed = 1, .bytes = UINT64_MAX};
    const int fd = connect_to(address);

    if (write(fd, &start, sizeof(start)) != sizeof(start)) {
        fail("write");
    }
    printf("netstress: deaf\n");
    fflush(stdout);
    for (;;) {
        pause();
    }
}

int main(int argc, char **argv)
{
    ep = epoll_create1(0);
    fill_table();
    if (argc >= 2 && strcmp(argv[1], "server") == 0) {
        pause_ms = argc == 3 ? (uint32_t)atoi(argv[2]) : 0;
        server();
    }
    if ((argc == 6 || argc == 7) && strcmp(argv[1], "client") == 0) {
        server_port = argc == 7 ? (uint16_t)atoi(argv[6]) : PORT;
        return client(argv[2], atoi(argv[3]), strtoull(argv[4], NULL, 10), (uint32_t)atoi(argv[5]));
    }
    if (argc == 3 && strcmp(argv[1], "deaf") == 0) {
        deaf(argv[2]);
    }
    fprintf(stderr, "usage: see the source\n");
    return 2;
}
