/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bulk - how fast TCP carries much data. One program for guests, Linux and the host:
 *
 *     bulk serve PORT [ADDRESS PORT]      takes or sends what each connection asks for
 *     bulk pair PORT PORT                 two processes that do, the first forwards to the second
 *     bulk send ADDRESS PORT BYTES        sends them to a server
 *     bulk receive ADDRESS PORT BYTES     gets them from there
 *     bulk forward ADDRESS PORT BYTES     makes that server send them to its own other one
 *
 * A connection begins with a direction ('s', 'r', 'f') and a count of 8 bytes; one byte tells that all has
 * arrived. The last three print `bulk: BYTES bytes, N MB/s`.
 */
#include <arpa/inet.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static char buffer[64 * 1024];

static int fail(const char *what)
{
    perror(what);
    exit(1);
}

static int take(int s, uint64_t bytes)
{
    while (bytes > 0) {
        const size_t part = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
        const ssize_t n = read(s, buffer, part);
        if (n <= 0) {
            return -1;
        }
        bytes -= (uint64_t)n;
    }
    return 0;
}

static int give(int s, uint64_t bytes)
{
    while (bytes > 0) {
        const size_t part = bytes < sizeof(buffer) ? (size_t)bytes : sizeof(buffer);
        const ssize_t n = write(s, buffer, part);
        if (n <= 0) {
            return -1;
        }
        bytes -= (uint64_t)n;
    }
    return 0;
}

static struct sockaddr_in endpoint(const char *address, const char *port)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons((uint16_t)atoi(port))};
    if (inet_pton(AF_INET, address, &in.sin_addr) != 1) {
        fail(address);
    }
    return in;
}

static int ask(char direction, const struct sockaddr_in *to, uint64_t bytes);

/* `other` NULL: there is none. */
static void serve_one(int s, const struct sockaddr_in *other)
{
    char direction;
    uint64_t bytes;

    if (read(s, &direction, 1) == 1 && read(s, &bytes, sizeof(bytes)) == sizeof(bytes)) {
        if (direction == 's' && take(s, bytes) == 0) {
            give(s, 1);
        } else if (direction == 'r' && give(s, bytes) == 0) {
            take(s, 1);
        } else if (direction == 'f' && other != NULL && ask('s', other, bytes) == 0) {
            give(s, 1);
        }
    }
    close(s);
}

static void serve(const char *port, const struct sockaddr_in *other)
{
    const int listener = socket(AF_INET, SOCK_STREAM, 0), yes = 1;
    const struct sockaddr_in any = endpoint("0.0.0.0", port);

    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    if (bind(listener, (const struct sockaddr *)&any, sizeof(any)) != 0 ||
        listen(listener, 8) != 0) {
        fail("bulk: port");
    }
    printf("bulk: listening\n");
    fflush(stdout);
    for (;;) {
        const int s = accept(listener, NULL, NULL);
        if (s < 0) {
            fail("bulk: accept");
        }
        serve_one(s, other);
    }
}

static double seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Returns 0 when all has arrived. */
static int ask(char direction, const struct sockaddr_in *to, uint64_t bytes)
{
    const int s = socket(AF_INET, SOCK_STREAM, 0);
    char start[1 + sizeof(bytes)];
    int r = -1;

    start[0] = direction;
    memcpy(start + 1, &bytes, sizeof(bytes));
    if (s >= 0 && connect(s, (const struct sockaddr *)to, sizeof(*to)) == 0 &&
        write(s, start, sizeof(start)) == sizeof(start)) {
        if (direction == 'r') {
            r = take(s, bytes) == 0 ? give(s, 1) : -1;
        } else {
            r = direction == 'f' || give(s, bytes) == 0 ? take(s, 1) : -1;
        }
    }
    if (s >= 0) {
        close(s);
    }
    return r;
}

static int measure(char **argv)
{
    const struct sockaddr_in to = endpoint(argv[2], argv[3]);
    const uint64_t bytes = strtoull(argv[4], NULL, 10);
    const double before = seconds();

    if (ask(argv[1][0], &to, bytes) != 0) {
        fail("bulk: connection");
    }
    printf("bulk: %llu bytes, %.1f MB/s\n", (unsigned long long)bytes,
           (double)bytes / 1e6 / (seconds() - before));
    return 0;
}

int main(int argc, char **argv)
{
    struct sockaddr_in other;

    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "serve") == 0) {
        serve(argv[2], NULL);
    } else if (argc == 5 && strcmp(argv[1], "serve") == 0) {
        other = endpoint(argv[3], argv[4]);
        serve(argv[2], &other);
    } else if (argc == 4 && strcmp(argv[1], "pair") == 0) {
        if (fork() == 0) {
            serve(argv[3], NULL);
        }
        other = endpoint("127.0.0.1", argv[3]);
        serve(argv[2], &other);
    } else if (argc == 5) {
        return measure(argv);
    }
    fprintf(stderr, "usage: see bench/guest/bulk.c\n");
    return 2;
}
