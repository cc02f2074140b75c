/* SPDX-License-Identifier: Apache-2.0 */
/* netclient_http.c - HTTP with exact counting, and clients that behave badly. */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "netclient.h"

static const char request[] = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n";
static const char close_request[] = "GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n";
static const char answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 19\r\n\r\n"
    "Hello from Mayfly!\n";
static const char close_answer[] =
    "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nConnection: close\r\n"
    "Content-Length: 19\r\n\r\nHello from Mayfly!\n";
#define ANSWER_BYTES (sizeof(answer) - 1)

/* ---- load ------------------------------------------------------------------------------------ */

struct loader {
    pthread_t thread;
    uint16_t port;
    bool close_each;
    unsigned int requests, good;
};

static bool request_and_close(uint16_t port)
{
    char got[512];
    const int fd = net_connect(port, false);
    if (fd < 0) {
        return false;
    }
    const bool sent = net_send(fd, close_request, sizeof(close_request) - 1);
    const size_t bytes = net_read(fd, got, sizeof(got)); /* to the end: the server must close */
    close(fd);
    return sent && bytes == sizeof(close_answer) - 1 && memcmp(got, close_answer, bytes) == 0;
}

static void *loader_main(void *arg)
{
    struct loader *l = arg;
    char got[ANSWER_BYTES];
    if (l->close_each) {
        for (unsigned int i = 0; i < l->requests; i++) {
            l->good += request_and_close(l->port) ? 1 : 0;
        }
        return NULL;
    }
    const int fd = net_connect(l->port, false);
    for (unsigned int i = 0; fd >= 0 && i < l->requests; i++) {
        if (!net_send(fd, request, sizeof(request) - 1) ||
            net_read(fd, got, ANSWER_BYTES) != ANSWER_BYTES ||
            memcmp(got, answer, ANSWER_BYTES) != 0) {
            break;
        }
        l->good++;
    }
    if (fd >= 0) {
        close(fd);
    }
    return NULL;
}

int http_load(int argc, char **argv)
{
    const unsigned int connections = (unsigned int)atoi(argv[1]);
    const unsigned int requests = (unsigned int)atoi(argv[2]);
    struct loader *loaders = calloc(connections, sizeof(*loaders));
    unsigned int good = 0;
    if (loaders == NULL || connections == 0) {
        return 1;
    }
    for (unsigned int i = 0; i < connections; i++) {
        loaders[i].port = (uint16_t)atoi(argv[0]);
        loaders[i].close_each = argc > 3 && strcmp(argv[3], "close") == 0;
        loaders[i].requests = requests / connections + (i < requests % connections ? 1 : 0);
        if (pthread_create(&loaders[i].thread, NULL, loader_main, &loaders[i]) != 0) {
            perror("pthread_create");
            return 1;
        }
    }
    for (unsigned int i = 0; i < connections; i++) {
        pthread_join(loaders[i].thread, NULL);
        good += loaders[i].good;
    }
    free(loaders);
    printf("%u requests, %u good, %u bad\n", requests, good, requests - good);
    return good == requests ? 0 : 1;
}

/* ---- bad clients ----------------------------------------------------------------------------- */

static void sleep_ms(long ms)
{
    const struct timespec t = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000};
    nanosleep(&t, NULL);
}

/* Sends `text`, and compares the start of what comes until the server closes. */
static bool answered_with(uint16_t port, const char *text, size_t bytes, const char *start)
{
    char got[2048] = "";
    const int fd = net_connect(port, false);
    if (fd < 0) {
        return false;
    }
    /* The server may have answered and stopped reading before all is sent. */
    net_send(fd, text, bytes);
    const size_t read_bytes = net_read(fd, got, sizeof(got) - 1);
    got[read_bytes] = '\0';
    close(fd);
    return strncmp(got, start, strlen(start)) == 0;
}

static bool in_pieces(uint16_t port)
{
    char got[512];
    const int fd = net_connect(port, false);
    for (size_t i = 0; fd >= 0 && i < sizeof(close_request) - 1; i++) {
        if (!net_send(fd, close_request + i, 1)) {
            close(fd);
            return false;
        }
        sleep_ms(2);
    }
    const size_t bytes = fd >= 0 ? net_read(fd, got, sizeof(got)) : 0;
    close(fd);
    return bytes == sizeof(close_answer) - 1 && memcmp(got, close_answer, bytes) == 0;
}

static bool pipelined(uint16_t port, unsigned int count)
{
    bool good = true;
    char got[ANSWER_BYTES];
    char *all = malloc((sizeof(request) - 1) * count);
    const int fd = net_connect(port, false);
    if (all == NULL || fd < 0) {
        return false;
    }
    for (unsigned int i = 0; i < count; i++) {
        memcpy(all + i * (sizeof(request) - 1), request, sizeof(request) - 1);
    }
    good = net_send(fd, all, (sizeof(request) - 1) * count);
    for (unsigned int i = 0; i < count && good; i++) {
        good = net_read(fd, got, ANSWER_BYTES) == ANSWER_BYTES &&
               memcmp(got, answer, ANSWER_BYTES) == 0;
    }
    free(all);
    close(fd);
    return good;
}

/* Sends requests without taking the answers until nothing more goes out; the server lives on. */
static bool never_reading(uint16_t port, int *fd)
{
    const struct timeval limit = {.tv_sec = 1};
    size_t sent = 0;
    *fd = net_connect(port, false);
    if (*fd < 0) {
        return false;
    }
    setsockopt(*fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit));
    while (sent < 64u << 20) {
        const ssize_t n = send(*fd, request, sizeof(request) - 1, MSG_NOSIGNAL);
        if (n <= 0) {
            return errno == EAGAIN; /* back-pressure, not a reset */
        }
        sent += (size_t)n;
    }
    return false;
}

static bool many_idle(uint16_t port, int *fds, int count)
{
    int open = 0;
    for (int i = 0; i < count; i++) {
        fds[i] = net_connect(port, false);
        open += fds[i] >= 0 ? 1 : 0;
    }
    return open == count;
}

static bool reset_connections(uint16_t port)
{
    const struct linger hard = {.l_onoff = 1, .l_linger = 0};
    for (int i = 0; i < 50; i++) {
        const int fd = net_connect(port, false);
        if (fd < 0) {
            return false;
        }
        net_send(fd, request, (size_t)i % (sizeof(request) - 1));
        setsockopt(fd, SOL_SOCKET, SO_LINGER, &hard, sizeof(hard));
        close(fd);
    }
    return true;
}

int http_bad(int argc, char **argv)
{
    const uint16_t port = (uint16_t)atoi(argv[0]);
    static char garbage[20000];
    int stuck, idle[50];
    (void)argc;
    memset(garbage, 'x', sizeof(garbage));
    tap(request_and_close(port), "a good request is answered");
    tap(in_pieces(port), "a request that comes byte by byte is answered");
    tap(pipelined(port, 1000), "1,000 requests at once are answered in order");
    tap(answered_with(port, "garbage\r\n\r\n", 11, "HTTP/1.1 400 "),
        "garbage is answered with 400");
    tap(answered_with(port, garbage, sizeof(garbage), "HTTP/1.1 431 "), "an endless head with 431");
    tap(answered_with(port, "GET / HTTP/3.0\r\n\r\n", 18, "HTTP/1.1 505 "), "HTTP/3.0 with 505");
    tap(answered_with(port, "GET /x HTTP/1.0\r\n\r\n", 19, "HTTP/1.1 404 "),
        "an unknown path with 404");
    tap(reset_connections(port), "connections are reset in the middle of requests");
    tap(many_idle(port, idle, 50), "50 connections stay silent");
    tap(never_reading(port, &stuck), "a client that takes no answers is stopped by back-pressure");
    tap(request_and_close(port), "a good request is answered meanwhile");
    close(stuck);
    for (int i = 0; i < 50; i++) {
        close(idle[i]);
    }
    tap(request_and_close(port), "and afterwards");
    return tap_done();
}
